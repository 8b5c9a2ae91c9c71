"""Resolving dotted names and entry points, which are imported only when needed."""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from slr.errors import ParamsError


def locate(name: str) -> Any:
    """The object that `package.module:attribute` refers to.

    Raises
    ------
    ParamsError
        If the name isn't of that form, or can't be imported.
    """
    module, separator, attribute = name.partition(":")
    try:
        if not separator:
            raise ImportError("a dotted name has the form package.module:Attribute")
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ParamsError(f"'{name}' can't be imported: {error}; install the package that has it, or correct the "
                          "name") from None


@cache
def registered(group: str) -> dict[str, str]:
    """Names that installed packages register in an entry-point group (`slr.families`, `slr.corpora`, ...)."""
    return {point.name: point.value for point in entry_points(group=group)}
