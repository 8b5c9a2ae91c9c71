"""Corpora of one landmark file per clip, listed with their glosses in a CSV."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from slr.corpora import folder
from slr.corpora.lists import found_lists, tables
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, require_folder
from slr.errors import CorpusError
from slr.io.video import IMAGE_SUFFIXES


def scan_listed(root: str | Path, annotations: str | Path | Sequence[str] | None, suffixes: Sequence[str], layout: str,
                workers: int = 0, *, frames: Sequence[str] = ()) -> Scan:
    """Read the CSV; clips are named after their files, without the suffix.

    Parameters
    ----------
    annotations : path, optional
        The CSV, as for recordings (`slr.corpora.folder`) but without times, or several; by default the only one in the
        root, or those that name a split each.
    suffixes : sequence of str
        Suffixes of the landmark files; other files are problems.
    layout : str
        Description of the expected layout, for messages.
    frames : sequence of str
        If a clip is a folder with a file per frame: suffixes of these files. `suffixes` is then empty.

    Raises
    ------
    CorpusError
        If the root or the CSV is missing, or the CSV as a whole can't be read.
    """
    root = require_folder(root)
    if annotations is None:
        lists = found_lists(root) or [(path,) for path in tables(root)]
        if len(lists) != 1:
            raise CorpusError(f"{root} holds {len(lists)} CSV files; set corpus.annotations to {layout}")
        annotations = [str(path) for path in lists[0]]
    clips, problems = folder.scan(root, annotations, workers=workers, frames=frames or IMAGE_SUFFIXES)
    rows = []
    for clip in clips.to_dict("records"):
        path = Path(clip["media"])
        if frames and (root / path).is_dir():
            rows.append(clip)
        elif path.suffix.lower() not in suffixes:
            known = f"one of {', '.join(suffixes)}" if suffixes else f"a folder of {', '.join(frames)}"
            problems.append(Problem(clip["media"], "layout", "error", f"'{path.suffix}' is not {known}",
                                    "name landmark files in the CSV, nothing else"))
        else:
            rows.append(clip | {"clip_id": clip["clip_id"].removesuffix(path.suffix)})
    problems = [replace(problem, way_out="leave start_s and end_s empty, and cut the file instead")
                if problem.kind == "unreadable" else problem for problem in problems]
    return collect(rows, problems), problems
