"""In which ways a folder of recordings can be read: by its lists, or by its folders' names."""

import shlex
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from slr.corpora.folder import gloss_folders
from slr.corpora.lists import found_lists, read_list, tables
from slr.errors import CorpusError

_SHOWN = 3


class Layout(NamedTuple):
    """One way: `lists` of the clips, or, without any, folders named after their `glosses`."""

    lists: tuple[Path, ...]
    glosses: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.lists:
            return f"listed in {', '.join(path.name for path in self.lists)}"
        more = ", ..." if len(self.glosses) > _SHOWN else ""
        return f"{len(self.glosses)} folders named after glosses: {', '.join(self.glosses[:_SHOWN])}{more}"

    @property
    def options(self) -> str:
        """The options of `slr use folder` that choose it."""
        return " ".join(f"--csv {shlex.quote(str(path))}" for path in self.lists) or "--folders"


class AmbiguousLayout(CorpusError):
    """There are several ways to read a folder: `layouts`."""

    def __init__(self, root: Path, layouts: Sequence[Layout]):
        self.layouts = list(layouts)
        ways = "\n".join(f"  {layout.options}    {layout}" for layout in layouts)
        super().__init__(f"{root} can be read in {len(layouts)} ways; choose one of these options:\n{ways}")


def layouts(root: Path) -> list[Layout]:
    """The ways to read a folder.

    Lists that can be read count. Without one, folders do; beside one, only if they would be two glosses or more, and no
    list names different glosses for the files of one of them: else they hold the list's files. A CSV that can't be
    read as a list counts if there is nothing else, since reading it says what is wrong with it.
    """
    if not root.is_dir():
        return [Layout(())]
    found = [Layout(lists) for lists in found_lists(root)]
    glosses = tuple(folder.name for folder in gloss_folders(root))
    unreadable = tables(root)
    if not found and len(glosses) < 2 and unreadable:
        return [Layout((path,)) for path in unreadable]
    are_glosses = len(set(glosses)) > 1 and not any(_differ(layout.lists, glosses) for layout in found)
    return found + [Layout((), glosses)] * (not found or are_glosses)


def _differ(lists: Sequence[Path], folders: Sequence[str]) -> bool:
    """Whether lists name different glosses for the files of one of the root's folders."""
    glosses: dict[str, set[str]] = {folder: set() for folder in folders}
    for path in lists:
        table = read_list(path, [])
        for values in (table.values(fields) for _, fields in table.lines):
            if (folder := PureWindowsPath(values["path"]).parts[:1]) and folder[0] in glosses:
                glosses[folder[0]].add(values["gloss"] or values["glosses"])
    return any(len(names) > 1 for names in glosses.values())


def only_layout(root: Path) -> Layout:
    """The way to read a folder; raises AmbiguousLayout if there are several."""
    found = layouts(root)
    if len(found) > 1:
        raise AmbiguousLayout(root, found)
    return found[0]
