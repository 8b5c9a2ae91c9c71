"""AUTSL: 226 signs of Turkish Sign Language (Sincan and Keles, 2020), 43 signers, with an official split by signer.

Layout
------
`train/`, `val/` and `test/` with `signer<X>_sample<Y>_color.mp4` (their `_depth` twins aren't read);
`train_labels.csv`, `val_labels.csv` (or `validation_labels.csv`), `test_labels.csv`, or `ground_truth.csv` in a split's
folder: lines `signer<X>_sample<Y>,<class>` without a header. Names of the classes in
`SignList_ClassId_TR_EN.csv` (`ClassId,TR,EN`).

The gloss is the Turkish name, which is the corpus's own and unique per class. Without the list of names it is the class
number.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    csv_lines,
    is_count,
    is_video,
    missing,
    nfc,
    require_folder,
    row,
    stays_inside,
)
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError
from slr.io.files import entries

LAYOUT = "ROOT/{train,val,test}/signer0_sample1_color.mp4 and ROOT/{train,val,test}_labels.csv"
_NAME = re.compile(r"(signer(\d+)_sample\d+)_color")
_DEPTH = re.compile(r"signer\d+_sample\d+_depth")
_SAMPLE = re.compile(r"signer\d+_sample\d+")
_CLASS_LIST = "signlist_classid_tr_en.csv"
_LABELS = {"train": ("train_labels.csv",), "val": ("val_labels.csv", "validation_labels.csv"),
           "test": ("test_labels.csv",)}


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the clips of the three folders, with their labels.

    Parameters
    ----------
    root : path
        Folder with `train`, `val` and `test`; missing ones are no error.
    annotations : path, optional
        Folder of the CSVs; default: the root.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is `signer<X>_sample<Y>`.
    problems : list of Problem
        Kinds: `bad-line`, `duplicate-id`, `outside-root`, `ignored-file`; for each split one `gloss-missing` for all
        videos without a label, and one `missing-video` for all labels without a video.

    Raises
    ------
    CorpusError
        If the root, or every CSV of labels, is missing; or the list of classes can't be read.
    """
    root = require_folder(root)
    folder = root if annotations is None else Path(annotations)
    if not folder.is_dir():
        raise CorpusError(f"annotations {folder} is not a folder; set corpus.annotations to the one with "
                          "train_labels.csv")
    names = _class_names(folder)
    problems: list[Problem] = []
    labels = {split: _labels(root, folder, split, problems) for split in SPLITS}
    if not any(labels.values()):
        raise CorpusError(f"{folder} has no labels; expected {LAYOUT}")
    rows = [found for split in SPLITS for found in _split_rows(root, split, labels[split], names, problems)]
    return collect(rows, problems), problems


def _class_names(folder: Path) -> dict[int, str] | None:
    """Turkish names by class; None without a list of them."""
    found = [file for file in entries(folder) if file.name.lower() == _CLASS_LIST]
    if not found:
        return None
    reader = csv.DictReader(csv_lines(found[0]))
    if not {"ClassId", "TR"} <= set(reader.fieldnames or ()):
        raise CorpusError(f"{found[0]} has no columns ClassId,TR (found: {', '.join(reader.fieldnames or ())})")
    names: dict[int, str] = {}
    for number, line in enumerate(reader, start=2):
        label, name = (line["ClassId"] or "").strip(), nfc((line["TR"] or "").strip())
        if not is_count(label) or int(label) in names or not name or name in names.values():
            raise CorpusError(f"{found[0]} line {number} is not a new class with a name of its own; correct it")
        names[int(label)] = name
    return names


def _labels(root: Path, folder: Path, split: str, problems: list[Problem]) -> dict[str, int]:
    """Classes by sample, from the first existing CSV of the split."""
    candidates = [folder / name for name in _LABELS[split]]
    candidates += [place / split / name for place in (folder, root) for name in (*_LABELS[split], "ground_truth.csv")]
    path = next((path for path in candidates if path.is_file()), None)
    labels: dict[str, int] = {}
    if path is None:
        return labels
    for number, line in enumerate(csv.reader(csv_lines(path)), start=1):
        fields = [field.strip() for field in line]
        if not any(fields):
            continue
        if len(fields) != 2 or not _SAMPLE.fullmatch(fields[0]) or not is_count(fields[1]):
            problems.append(Problem(f"{path.name} line {number}", "bad-line", "error",
                                    f"not signer<X>_sample<Y>,<class>: {','.join(line)[:80]!r}",
                                    "use the released file, or remove the line"))
        elif labels.setdefault(fields[0], int(fields[1])) != int(fields[1]):
            problems.append(Problem(f"{path.name} line {number}", "bad-line", "error",
                                    f"{fields[0]} has the class {labels[fields[0]]} already", "keep one of the lines"))
    return labels


def _split_rows(root: Path, split: str, labels: dict[str, int], names: dict[int, str] | None,
                problems: list[Problem]) -> Iterator[dict[str, Any]]:
    unlabelled, seen = [], set()
    folder = root / split
    for file in entries(folder):
        if not is_video(file) or _DEPTH.fullmatch(file.stem):
            continue
        media = file.relative_to(root).as_posix()
        parts = _NAME.fullmatch(file.stem)
        if parts is None:
            problems.append(Problem(media, "ignored-file", "warning", "its name isn't signer<X>_sample<Y>_color",
                                    "rename it, or leave it"))
            continue
        if not stays_inside(root, media, media, problems):
            continue
        sample, signer = parts.groups()
        seen.add(sample)
        label = labels.get(sample)
        if label is None or (names is not None and label not in names):
            unlabelled.append(sample)
            continue
        yield row(sample, media, [str(label) if names is None else names[label]], signer=signer, split=split)
    if unlabelled:
        problems.append(missing("gloss-missing", unlabelled, len(seen), f"of {split} have no label, or one without a "
                                "name", f"add the {split} labels to {_LABELS[split][0]}, or remove the folder"))
    if absent := sorted(labels.keys() - seen):
        problems.append(missing("missing-video", absent, len(labels), f"of {split} have no video in {folder}",
                                "put the released videos there, or set corpus.on_error: skip"))
