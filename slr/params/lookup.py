"""Resolving dotted names and entry points, which are imported only when needed."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from slr.errors import ParamsError
from slr.params.nearest import nearest


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
        raise not_importable(name, error) from None


def not_importable(name: str, error: Exception) -> ParamsError:
    """The error for a name that settings give and that can't be imported."""
    return ParamsError(f"'{name}' can't be imported: {error}; install the package that has it, or correct the name")


def dotted(name: str, group: str, known: Iterable[str] = (), separator: str = ":") -> str:
    """The dotted name behind a name that isn't built in: that of an entry point, or the name itself.

    Parameters
    ----------
    name : str
    group : str
        Entry-point group of installed packages.
    known : iterable of str
        The names that are built in, for the message.
    separator : str
        What a dotted name contains.

    Raises
    ------
    ParamsError
        If it is neither an entry point nor a dotted name; the message suggests the nearest name.
    """
    installed = registered(group)
    if name not in installed and separator not in name:
        names = [*known, *installed]
        raise ParamsError(f"{name!r} is not one of {', '.join(names)}{nearest(name, names)}" if names else
                          f"{name!r} is no dotted name, such as my_package.module{separator}name")
    return installed.get(name, name)


@cache
def registered(group: str) -> dict[str, str]:
    """Names that installed packages register in an entry-point group (`slr.families`, `slr.corpora`, ...)."""
    return {point.name: point.value for point in entry_points(group=group)}
