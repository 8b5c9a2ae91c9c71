from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import get_data_path
from matplotlib.font_manager import fontManager

from slr.figures import fonts, plots, projections
from slr.figures.sheet import sheet_row

HOUSE, THANKS = "家", "ขอบคุณ"
FAMILY = "Squares of the Test"


def forget() -> None:
    for function in (fonts._installed, fonts._family_with, fonts._letters_of):
        function.cache_clear()
    fonts._warned.clear()


@pytest.fixture
def bare(monkeypatch):
    """As on a machine that has matplotlib's own fonts alone."""
    own = [entry for entry in fontManager.ttflist if entry.fname.startswith(get_data_path())]
    monkeypatch.setattr(fontManager, "ttflist", own)
    forget()
    yield
    forget()


@pytest.fixture
def squares(bare, tmp_path) -> Path:
    """An installed font that draws the sign for house, and nothing else, as a square of one em."""
    pen = TTGlyphPen(None)
    for number, corner in enumerate([(0, 0), (0, 1000), (1000, 1000), (1000, 0)]):
        (pen.lineTo if number else pen.moveTo)(corner)
    pen.closePath()
    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", "house"])
    font.setupCharacterMap({ord(HOUSE): "house"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "house": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "house": (1000, 0)})
    font.setupHorizontalHeader(ascent=1000, descent=-200)
    font.setupNameTable({"familyName": FAMILY, "styleName": "Regular", "fullName": FAMILY, "psName": "Squares"})
    font.setupOS2(sTypoAscender=1000, sTypoDescender=-200)
    font.setupPost()
    font.save(tmp_path / "squares.ttf")
    fontManager.addfont(tmp_path / "squares.ttf")
    forget()
    return tmp_path / "squares.ttf"


def ink(name: str) -> np.ndarray:
    """Where the title of a sheet's row is dark."""
    row = np.asarray(sheet_row([np.zeros((180, 40, 3), np.uint8)], name, []))
    return row[:, :230].mean(axis=2) < 128


def test_a_sheet_draws_a_gloss_with_the_installed_font_that_has_its_letters(squares, capsys):
    rows, columns = np.nonzero(ink(HOUSE))
    assert len(rows) == pytest.approx(19 * 19, abs=60) and np.ptp(rows) == pytest.approx(19, abs=2)
    assert ink(f"{HOUSE} HOUSE").sum() == pytest.approx(len(rows) + ink("HOUSE").sum(), rel=0.1)
    assert not capsys.readouterr().err


def test_a_plot_names_that_font_only_if_a_label_needs_it(squares, capsys, tmp_path, recwarn):
    def plot(name: str) -> str:
        return plots.matrix(np.eye(2, dtype=int), [name, "B"], [name, "B"], row_label="signed", column_label="seen")

    assert f"'DejaVu Sans', '{FAMILY}'" in plot(HOUSE) and FAMILY not in plot("Äpfel Ω سلام")
    projections.draw(tmp_path / "map.png", {"pca": np.random.default_rng(0).random((4, 2))},
                     {"sign": pd.Series([HOUSE, "B", HOUSE, None])})
    assert not capsys.readouterr().err and not [warning for warning in recwarn if "Glyph" in str(warning.message)]


def test_without_such_a_font_one_warning_names_debians_package(bare, capsys, recwarn):
    for _ in range(2):
        ink(HOUSE + "屋")
        plots.scatter([plots.Dot(HOUSE, 0, 0), plots.Dot(THANKS, 1, 1)], x_label="x", y_label="y")
    warnings = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" ")[2] for line in warnings] == ["fonts-noto-cjk", "fonts-noto-core"]
    assert f"no installed font has '{HOUSE}'" in warnings[0]
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


@pytest.mark.parametrize(("letter", "package"), [
    ("안", "fonts-noto-cjk"), ("あ", "fonts-noto-cjk"), ("カ", "fonts-noto-cjk"), ("。", "fonts-noto-cjk"),
    ("न", "fonts-noto-core"), ("க", "fonts-noto-core"), ("ค", "fonts-noto-core")])
def test_the_package_that_has_a_script(bare, letter, package, capsys):
    fonts.Lettering(12).length(letter)
    assert package in capsys.readouterr().err
