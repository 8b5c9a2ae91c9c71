"""Contact sheets: rows of images, each with a title and a few lines beside it, in one PNG."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slr.figures.fonts import Lettering
from slr.io.files import atomic_path, output_file

if TYPE_CHECKING:
    from PIL.Image import Image

TILE_HEIGHT = 180
"""Height of the images, in pixels."""
_LABEL_WIDTH, _MARGIN = 230, 12
_PAPER, _INK, _SOFT_INK = (255, 255, 255), (28, 36, 48), (91, 104, 120)


def sheet_path(out: str | Path) -> Path:
    """The path, which must end in .png and be writable; raises SlrError otherwise."""
    return output_file(out, (".png",), "a contact sheet")


def write_sheet(out: Path, rows: Sequence["Image"]) -> None:
    """Write rows from `sheet_row` below each other."""
    from PIL import Image

    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), _PAPER)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    with atomic_path(out) as temporary:
        sheet.save(temporary, "PNG")


def sheet_row(pictures: Sequence[np.ndarray], title: str, lines: Sequence[str]) -> "Image":
    """One row of the sheet: a title and smaller lines on the left, images beside them."""
    from PIL import Image, ImageDraw

    width = _LABEL_WIDTH + sum(picture.shape[1] + 4 for picture in pictures) + _MARGIN
    row = Image.new("RGB", (width, TILE_HEIGHT + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(row)
    y = _MARGIN
    for text, bold, size, ink in [(title, True, 19, _INK), *((line, False, 13, _SOFT_INK) for line in lines)]:
        lettering = Lettering(size, bold)
        for part in _wrapped(text, lettering, _LABEL_WIDTH - 2 * _MARGIN)[:3]:
            lettering.draw(draw, (_MARGIN, y), part, ink)
            y += round(1.35 * size)
    x = _LABEL_WIDTH
    for picture in pictures:
        row.paste(Image.fromarray(picture), (x, _MARGIN // 2))
        x += picture.shape[1] + 4
    return row


def _wrapped(text: str, lettering: Lettering, width: int) -> list[str]:
    """Text wrapped to lines of `width` pixels; at any letter, since ids have no spaces."""
    lines = [""]
    for letter in text.replace("\n", " "):
        mark = unicodedata.category(letter)[0] == "M"  # a vowel or accent above or below the letter before it
        if not mark and lettering.length(lines[-1] + letter) > width:
            lines.append("")
        lines[-1] += letter
    return lines
