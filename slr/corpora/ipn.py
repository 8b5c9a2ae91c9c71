"""IPN Hand: 13 gestures for touchless screens (Benitez-Garcia et al., ICPR 2020), 50 people, 200 long videos.

Layout
------
Annotations as in the authors' repository: `classIndAll.txt` (`number name`), `trainlistall.txt` and `vallistall.txt`
(`path number start end`; frames counted from 1, both ends included). Or, where these are absent, as in the released
archive, which SiLT's authors used: `Annot_List.txt` (`video,label,id,t_start,t_end,frames`, frames likewise),
`metadata.csv` (columns `Video Name` and `Set`) and, if some videos alone are to be read, `videos_list.txt`. A path such
as `./frames/1CM1_4_R_#229` names a folder of images; the video of the same name is also accepted
(`videos/1CM1_4_R_#229.avi`).

Decisions
---------
- The authors and all later work test on `vallistall` (`Set` test), so its clips are the split `test`; validation clips
  are taken from the training list, by signer, if `splits.val` requests them. No person is in both lists.
- D0X, the segments without a gesture, is left out as in the authors' isolated task, unless requested.
- The signer is the name up to `#`: `1CM1_4_R_#229` is the take 229 of the right (`R`) hand of `1CM1_4_R`. There are 50
  such names, as there are people, with four takes each. Unpacked names may have `_` in place of `#`.
"""

import csv
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    csv_lines,
    is_count,
    is_image_folder,
    missing,
    only_file,
    read_text,
    require_folder,
    row,
    stays_inside,
    videos_by_stem,
)
from slr.errors import CorpusError
from slr.io.files import entries

LAYOUT = "ROOT/frames/<video>/*.jpg or ROOT/videos/<video>.avi, and the lists trainlistall.txt, vallistall.txt, " \
         "classIndAll.txt, or Annot_List.txt and metadata.csv, in ROOT or ROOT/annotations"
FPS = 30.0
"""Frame rate of the folders of images, which don't specify it; a video's own times take precedence."""
_REST = "D0X"
_LISTS = (("train", "*trainlistall.txt"), ("test", "*vallistall.txt"))
_COLUMNS = ("video", "label", "t_start", "t_end")
_TAKE = re.compile(r"#|__(?=\d+$)")
_LINE = re.compile(r"(\S.*)\s+(\d+)\s+(\d+)\s+(\d+)")


class _Stretch(NamedTuple):
    """A line of a list; frames from 1, both ends included."""

    video: str
    gloss: str
    start: int
    end: int
    split: str


def scan(root: str | Path, annotations: str | Path | None = None, *, subset: str | None = None,
         workers: int = 1) -> Scan:
    """Read the clips whose videos (or folders of images) exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        Folder with `frames/` or `videos/`, or with the videos or folders of images themselves.
    annotations : path, optional
        Folder of the lists; default: `annotations` in the root, or the root.
    subset : {"all"}, optional
        `all` keeps D0X as a class of its own; None leaves it out.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is `<video>@<start>-<end>`, with the numbers of the list.
    problems : list of Problem
        Kinds: `bad-line`, `duplicate-id`, `outside-root`, and one `missing-video` for all clips whose video is missing.

    Raises
    ------
    CorpusError
        If the root or a list is missing, or the list of classes or the table of videos can't be read.
    """
    root = require_folder(root)
    inner = root / "annotations"
    folder = Path(annotations) if annotations is not None else inner if inner.is_dir() else root
    if not folder.is_dir():
        raise CorpusError(f"annotations {folder} is not a folder; set corpus.annotations to the one with "
                          "trainlistall.txt, vallistall.txt and classIndAll.txt, or Annot_List.txt and metadata.csv")
    problems: list[Problem] = []
    released = {file.name.lower(): file for file in entries(folder)}
    if "annot_list.txt" in released and not any(fnmatch(name, _LISTS[0][1]) for name in released):
        read = _read_table(released["annot_list.txt"], _sets(only_file(folder, "metadata.csv", "corpus.annotations")),
                           released.get("videos_list.txt"), problems)
    else:
        classes = _classes(only_file(folder, "*classindall.txt", "corpus.annotations"))
        read = (stretch for split, pattern in _LISTS for stretch in _read_list(
            only_file(folder, pattern, "corpus.annotations"), split, classes, problems))
    stretches = [stretch for stretch in read if subset == "all" or stretch.gloss != _REST]
    return collect(_rows(root, stretches, problems), problems), problems


def _classes(path: Path) -> dict[int, str]:
    classes: dict[int, str] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != 2 or not is_count(fields[0]) or int(fields[0]) in classes:
            raise CorpusError(f"{path} line {number} is not a new 'number name'; use the released classIndAll.txt")
        classes[int(fields[0])] = fields[1]
    return classes


def _read_list(path: Path, split: str, classes: dict[int, str], problems: list[Problem]) -> Iterator[_Stretch]:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        label, start, end = (int(value) for value in match.groups()[1:]) if match else (0, 0, 0)
        if match is None or label not in classes or not 1 <= start <= end:
            problems.append(Problem(f"{path.name} line {number}", "bad-line", "error",
                                    f"not 'path class start end' with a known class and frames from 1: {line[:80]!r}",
                                    "use the released list, or remove the line"))
            continue
        yield _Stretch(match[1].replace("\\", "/").rsplit("/", 1)[-1], classes[label], start, end, split)


def _sets(path: Path) -> dict[str, str]:
    """The split of each video, from metadata.csv."""
    table = csv.DictReader(csv_lines(path))
    if missing_columns := [name for name in ("Video Name", "Set") if name not in (table.fieldnames or [])]:
        raise CorpusError(f"{path} has no column '{missing_columns[0]}'; use the released metadata.csv")
    return {(row["Video Name"] or "").strip(): (row["Set"] or "").strip().lower() for row in table}


def _read_table(path: Path, sets: dict[str, str], some: Path | None, problems: list[Problem]) -> Iterator[_Stretch]:
    """The lines of Annot_List.txt; `some` is the list of the only videos to read."""
    only = None if some is None else {re.split(r"[,\t]", line)[0].strip() for line in read_text(some).splitlines()}
    table = csv.DictReader(csv_lines(path))
    if missing_columns := [name for name in _COLUMNS if name not in (table.fieldnames or [])]:
        raise CorpusError(f"{path} has no column '{missing_columns[0]}'; use the released Annot_List.txt")
    for line in table:
        video, gloss, *ends = ((line[name] or "").strip() for name in _COLUMNS)
        if only is not None and video not in only:
            continue
        start, end = (int(value) if is_count(value) else 0 for value in ends)
        where = f"{path.name} line {table.line_num}"
        if not video or not gloss or not 1 <= start <= end:
            problems.append(Problem(where, "bad-line", "error", f"not a video, a label and frames from 1: {line}"[:160],
                                    "use the released list, or remove the line"))
        elif sets.get(video) not in ("train", "test"):
            problems.append(Problem(where, "bad-line", "error", f"video '{video}' has no Set train or test in "
                                    "metadata.csv", "use the released metadata.csv"))
        else:
            yield _Stretch(video, gloss, start, end, sets[video])


def _rows(root: Path, stretches: list[_Stretch], problems: list[Problem]) -> Iterator[dict[str, Any]]:
    videos = {**videos_by_stem(root), **videos_by_stem(root / "videos")}
    places: dict[str, Path | None] = {}
    absent = []
    for stretch in stretches:
        if stretch.video not in places:
            places[stretch.video] = _place(root, stretch.video, videos)
        file = places[stretch.video]
        clip_id = f"{stretch.video}@{stretch.start}-{stretch.end}"
        if file is None:
            absent.append(clip_id)
            continue
        media = file.relative_to(root).as_posix()
        if not stays_inside(root, media, clip_id, problems):
            continue
        signer = _TAKE.split(stretch.video)[0].rstrip("_")
        yield row(clip_id, media, [stretch.gloss], signer=signer, split=stretch.split,
                  start_frame=stretch.start - 1, end_frame=stretch.end, fps=FPS if file.is_dir() else None)
    if absent:
        videos_absent = sorted(video for video, file in places.items() if file is None)
        problems.append(missing("missing-video", absent, len(stretches), f"have no video or frames in {root} "
                                f"({len(videos_absent)} of {len(places)} videos, such as '{videos_absent[0]}')",
                                "put the released frames/ or videos/ into the root"))


def _place(root: Path, video: str, videos: dict[str, Path]) -> Path | None:
    """The folder of images of a video, or its file; None if neither exists."""
    if video in (".", ".."):
        return None
    folders = [folder for folder in (root / "frames" / video, root / video) if is_image_folder(folder)]
    return folders[0] if folders else videos.get(video)
