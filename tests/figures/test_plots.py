import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from slr.figures import plots
from slr.metrics.detection import pr_auc

ODD = ["<script>", "$x^2$", "a & b", "žltý"]


def words(svg: str) -> list[str]:
    """The texts of a plot; fails if it isn't well-formed XML."""
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_names_are_shown_as_they_are():
    found = words(plots.matrix(np.eye(4, dtype=int), ODD, ODD, row_label="signed", column_label="recognised"))
    for name in ODD:
        assert found.count(name) == 2


def test_a_matrix_shows_its_counts_but_no_zeros():
    found = words(plots.matrix(np.array([[12, 0], [3, 9]]), "ab", "ab", row_label="r", column_label="c"))
    assert sorted(set(found) & {"12", "3", "9", "0"}) == ["12", "3", "9"]


def test_a_large_matrix_has_no_names():
    names = [f"sign {i}" for i in range(200)]
    svg = plots.matrix(np.eye(200, dtype=int), names, names, row_label="signed", column_label="recognised")
    assert words(svg) == ["recognised", "signed"]
    assert len(svg) < 100_000


def test_long_names_are_cut():
    name = "a gloss with a name that would leave no room for the matrix"
    found = words(plots.matrix(np.ones((1, 1), int), [name], [name], row_label="r", column_label="c"))
    assert name not in found
    assert found.count("a gloss with a name…") == 2


def test_curves_mark_the_kept_epoch():
    history = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [3.0, 2, 1], "val_loss": [3.0, 2.5, 2.6]})
    found = words(plots.curves(history, {"train_loss": "training", "val_loss": "validation"}, "loss", best=2))
    assert {"training", "validation", "kept: epoch 2", "epoch", "loss"} <= set(found)


def test_precision_against_recall_names_its_curves_and_its_point_and_stays_small():
    rng = np.random.default_rng(0)
    actual = rng.random(20_000) < 0.3
    curve = (actual, actual * 0.5 + rng.random(20_000))
    svg = plots.precision_recall({"$x$ validation": curve, "test": curve}, positives=0.3, point=("at 0.40", 0.8, 0.9))
    assert {"$x$ validation", "test", "chance", "at 0.40", "recall", "precision"} <= set(words(svg))
    assert len(svg) < 100_000


def test_the_area_under_the_drawn_curve_is_average_precision():
    actual, probability = np.array([True, False, True, True]), np.array([0.9, 0.8, 0.7, 0.1])
    svg = plots.precision_recall({"test": (actual, probability)})
    path = re.search(rf'<path d="([^"]+)"[^>]*stroke: {plots.ACCENT}', svg)[1]
    points = np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", path), float)
    points -= points.min(0)  # recall grows to the right from 0, precision upwards from 0.5, the curve's lowest, to 1
    recall, precision = points[:, 0] / points[:, 0].max(), 1 - points[:, 1] / points[:, 1].max() / 2
    assert -np.sum(np.diff(recall) * precision[:-1]) == pytest.approx(pr_auc(actual, probability), abs=1e-5)


@pytest.mark.parametrize("values", [[], [1.5], [0.1, 3.0, 3.0]])
def test_histograms_of_any_length(values):
    assert "clips" in words(plots.histogram(values, "duration in seconds"))


def dots(count: int) -> list[plots.Dot]:
    return [plots.Dot(f"model_{i}", 0.3 + i / 100, 0.9 + (i % 3) / 100, (0.85, 0.95), marked=i == 1)
            for i in range(count)]


@pytest.mark.parametrize("count", [1, 17, 40])
def test_a_scatter_names_every_dot_and_no_name_covers_another(count):
    svg = plots.scatter(dots(count), x_label="probe", y_label="top-1", line=0.25, line_label="chance")
    found = words(svg)
    assert {f"model_{i}" for i in range(count)} | {"probe", "top-1", "chance"} <= set(found)
    places = sorted(float(y) for y in re.findall(r'<text [^>]*? y="([\d.]+)"[^>]*>model_', svg))
    assert len(places) == count and all(below - above >= 8 for above, below in pairwise(places))


def test_names_of_dots_are_shown_as_they_are():
    found = words(plots.scatter([plots.Dot(name, 0.5, 0.5) for name in ODD], x_label="x", y_label="y"))
    assert set(ODD) <= set(found)


def test_plots_take_the_colour_of_the_page():
    svg = plots.histogram([1, 2], "duration in seconds")
    assert "currentColor" in svg
    assert "#000000" not in svg and "#010203" not in svg


def test_same_data_same_bytes():
    assert plots.histogram([1, 2, 3], "x") == plots.histogram([1, 2, 3], "x")
