"""Which of several persons in a picture is meant: a setting, and an option of commands."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from slr.errors import ParamsError
from slr.params.section import Positive

Which = Literal["largest", "left", "right"]
Box = tuple[int, int, int, int]
_Corner = Annotated[int, Field(ge=0)]
Person = Which | tuple[_Corner, _Corner, Positive, Positive]
"""One of several persons in a picture, or the box of one: x, y, width and height in pixels."""


def parse_person(text: str) -> Person:
    """A person as on the command line; raises ParamsError if it is none."""
    if text in get_args(Which):
        return text  # type: ignore[return-value]
    try:
        x, y, width, height = (int(number) for number in text.split(","))
    except ValueError:
        x = y = width = height = -1
    if min(x, y) < 0 or min(width, height) < 1:
        raise ParamsError(f"--person '{text}' is neither {', '.join(get_args(Which))} nor a box X,Y,WIDTH,HEIGHT in "
                          "pixels")
    return x, y, width, height
