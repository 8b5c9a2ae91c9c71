"""Contact sheets: rows of images, each with a title and a few lines beside it, in one PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slr.io.files import atomic_path, output_file

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

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
        letters = font(size, bold)
        for part in _wrapped(text, letters, _LABEL_WIDTH - 2 * _MARGIN)[:3]:
            draw.text((_MARGIN, y), part, ink, letters)
            y += round(1.35 * size)
    x = _LABEL_WIDTH
    for picture in pictures:
        row.paste(Image.fromarray(picture), (x, _MARGIN // 2))
        x += picture.shape[1] + 4
    return row


def font(size: int, bold: bool) -> "FreeTypeFont":
    """The font bundled with matplotlib: the same on all machines, with Latin, Greek, Cyrillic and Arabic letters."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf", size)


def _wrapped(text: str, font: "FreeTypeFont", width: int) -> list[str]:
    """Text wrapped to lines of `width` pixels; at any character, since ids have no spaces."""
    lines = [""]
    for letter in text.replace("\n", " "):
        if font.getlength(lines[-1] + letter) > width:
            lines.append("")
        lines[-1] += letter
    return lines
