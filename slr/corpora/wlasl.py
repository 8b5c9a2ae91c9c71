"""WLASL: word-level American Sign Language (Li et al., WACV 2020), the JSON of version 0.3 and its videos.

Layout
------
The JSON is a list of `{gloss, instances}`. Videos are below the root, named as by the corpus's own scripts:
`videos/<video_id>.mp4`, already cut by its `preprocess.py`; or as downloaded `raw_videos/<video_id>.mp4` (or
`raw_videos_mp4/`, or in the root itself), where a video from YouTube may have YouTube's id as its name and be shared by
several clips.

Frames are counted from 1, both ends included, -1 for the last one, in the video *at 25 frames a second* (the JSON's
`fps`); for a video with another rate they are converted by time.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Frames,
    Part,
    Scan,
    collect,
    frames_of_parts,
    missing,
    nfc,
    only_file,
    read_text,
    require_folder,
    row,
    stays_inside,
    videos_by_stem,
)
from slr.errors import CorpusError
from slr.io.files import parse_json
from slr.io.progress import warn

if TYPE_CHECKING:
    from slr.corpora.download import Summary

LAYOUT = "ROOT/WLASL_v0.3.json and ROOT/videos/<video_id>.mp4, or ROOT/raw_videos/<video_id>.mp4 as downloaded"
RAW = "raw_videos"
"""Folder of the downloaded videos."""
_CUT = "videos"
_FOLDERS = (_CUT, "raw_videos_mp4", RAW, ".")
_YOUTUBE_HOSTS = ("youtu.be", "youtube.com", "www.youtube.com", "m.youtube.com")
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")


SignerId = Annotated[int | None, AfterValidator(lambda signer: None if signer == -1 else signer)]
"""A signer's number; -1 stands for an unknown one."""


class Instance(BaseModel):
    """One recording of a sign in the JSON; unused fields are ignored."""

    video_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    url: str = ""
    split: Literal["train", "val", "test"]
    frame_start: Annotated[int, Field(ge=1)] = 1
    frame_end: int = -1
    fps: Annotated[float, Field(gt=0)] = 25
    signer_id: SignerId = None
    bbox: list[float] | None = None

    @model_validator(mode="after")
    def _range(self) -> "Instance":
        if self.frame_end != -1 and self.frame_end < self.frame_start:
            raise ValueError(f"frame_end {self.frame_end} is before frame_start {self.frame_start}")
        return self

    @property
    def from_youtube(self) -> bool:
        return _host(self.url) in _YOUTUBE_HOSTS

    @property
    def youtube_id(self) -> str | None:
        """YouTube's id of the video, if it comes from there."""
        return youtube_id(self.url)

    @property
    def is_part(self) -> bool:
        return self.frame_start > 1 or self.frame_end != -1


def youtube_id(url: str) -> str | None:
    """YouTube's id of the video at an address; None if it isn't YouTube's."""
    if _host(url) not in _YOUTUBE_HOSTS:
        return None
    address = urlsplit(url)
    found = parse_qs(address.query).get("v", [address.path.strip("/")])[0]
    return found if _YOUTUBE_ID.fullmatch(found) else None


class Entry(NamedTuple):
    """An instance with its gloss."""

    gloss: str
    instance: Instance


def scan(root: str | Path, annotations: str | Path | None = None, *, subset: int | None = None,
         crop: str = "none", workers: int = 1) -> Scan:
    """Read the clips whose videos exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        Folder of the videos.
    annotations : path, optional
        The JSON; default: the only `WLASL*.json` in the root.
    subset : {100, 300, 1000, 2000}, optional
        The first this many glosses of the JSON, as in the official subsets; None for all.
    crop : {"none", "bbox"}, default "none"
        Whether the clips include the JSON's bounding boxes of the signer, to which frames are cropped.
    workers : int, default 1
        Processes that read the frame times of files that clips are cut from; 0 for one per core.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the `video_id`, the signer WLASL's number, the split the official one.
    problems : list of Problem
        Kinds: `bad-entry`, `duplicate-id`, `outside-root`, `unreadable`, and one `missing-video` for all missing
        videos.

    Raises
    ------
    CorpusError
        If the root or the JSON is missing, the JSON isn't WLASL's, or has fewer glosses than the subset.
    """
    root = require_folder(root)
    path = Path(annotations) if annotations is not None else only_file(root, "wlasl*.json", "corpus.annotations")
    entries, problems = read_entries(path, subset)
    places, absent = _places(root, entries, problems)
    if absent:
        problems.append(_missing(absent, len(entries), root, path))
    parts = frames_of_parts(root, [_part(instance, media) for (_, instance), media in places
                                   if _is_part(instance, media, root)], workers)
    return collect(_rows(root, places, parts, crop, problems), problems), problems


def read_entries(path: str | Path, subset: int | None = None) -> tuple[list[Entry], list[Problem]]:
    """The instances of the JSON (of its first `subset` glosses), and a problem for each unusable one.

    Raises
    ------
    CorpusError
        If the file is missing, isn't JSON, isn't WLASL's, or has fewer glosses than the subset.
    """
    problems: list[Problem] = []
    glosses = _glosses(Path(path), problems)
    if subset is not None and subset > len(glosses):
        raise CorpusError(f"{path} has {len(glosses)} glosses, fewer than subset {subset}; use the whole "
                          "WLASL_v0.3.json, or a smaller corpus.subset")
    entries: list[Entry] = []
    seen: dict[str, str] = {}
    for gloss, instances in list(glosses.items())[:subset]:
        for number, fields in enumerate(instances):
            try:
                instance = Instance.model_validate(fields)
            except ValidationError as error:
                problems.append(bad_entry(f"{gloss}, instance {number}", error))
                continue
            if instance.video_id in seen:
                problems.append(Problem(instance.video_id, "duplicate-id", "error",
                                        f"this video_id stands for '{seen[instance.video_id]}' and '{gloss}'",
                                        "remove one of the two instances from the JSON"))
                continue
            seen[instance.video_id] = gloss
            entries.append(Entry(gloss, instance))
    return entries, problems


def download(path: str | Path, root: str | Path, subset: int | None = None, workers: int = 4,
             **settings: Any) -> "Summary":
    """Download missing videos from the JSON's URLs to `root/raw_videos`, and verify existing ones.

    Parameters
    ----------
    path : path
        The JSON.
    root, subset
        As for `scan`; the root is created if necessary.
    workers : int, default 4
        Number of parallel downloads.
    **settings
        Additional arguments of `slr.corpora.download.download`.

    Raises
    ------
    SlrError
        As `read_entries` and `slr.corpora.download.download`; unusable entries are left out with a warning.
    """
    from slr.corpora import download

    root = Path(root)
    entries, problems = read_entries(path, subset)
    for problem in problems:
        warn(f"left out: {problem}")
    elsewhere = {entry.instance.video_id for entry, media in _places(root, entries, [])[0]
                 if Path(media).parent.name != RAW} if root.is_dir() else set()
    sharing: dict[str, list[Instance]] = {}
    for _, instance in entries:
        if instance.video_id not in elsewhere:
            sharing.setdefault(instance.youtube_id or instance.video_id, []).append(instance)
    items = [download.Item(stem, instances[0].url, tuple(instance.video_id for instance in instances),
                           instances[0].from_youtube) for stem, instances in sharing.items()]
    return download.download(items, root, RAW, workers=workers, **settings)


def _glosses(path: Path, problems: list[Problem]) -> dict[str, list[Any]]:
    """Instances by gloss, in file order, not yet validated. An entry without a gloss is a problem."""
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise CorpusError(f"{path} is not JSON ({error}); download WLASL_v0.3.json again") from None
    if not isinstance(content, list) or not content:
        raise CorpusError(f"{path} is not WLASL's: it should be a list of glosses with their instances; use "
                          "WLASL_v0.3.json (not nslt_100.json, which has no addresses, signers or boxes)")
    glosses: dict[str, list[Any]] = {}
    for number, entry in enumerate(content):
        gloss, instances = (entry.get(key) if isinstance(entry, dict) else None for key in ("gloss", "instances"))
        if not isinstance(entry, dict) or "gloss" not in entry or not isinstance(instances, list):
            raise CorpusError(f"{path}: entry {number} lacks 'gloss' or 'instances'; use WLASL_v0.3.json")
        name = nfc(gloss).strip() if isinstance(gloss, str) else ""
        if not name:
            problems.append(Problem(f"entry {number}", "gloss-missing", "error",
                                    f"the gloss of its {len(instances)} instances is {json.dumps(gloss)}",
                                    "fill it in, or remove the entry from the JSON"))
            continue
        if name in glosses:
            raise CorpusError(f"{path}: gloss '{name}' occurs twice; join its two entries")
        glosses[name] = instances
    return glosses


def bad_entry(where: str, error: ValidationError) -> Problem:
    """The problem of an instance of the JSON that isn't valid."""
    reasons = [f"{'.'.join(map(str, found['loc'])) or 'range'}: {found['msg']} (got {found['input']!r:.80})"
               if found["loc"] else found["msg"].removeprefix("Value error, ") for found in error.errors()]
    return Problem(where, "bad-entry", "error", "; ".join(reasons), "correct the JSON, or remove the instance")


def _places(root: Path, entries: Sequence[Entry],
            problems: list[Problem]) -> tuple[list[tuple[Entry, str]], list[Entry]]:
    """The location of each entry's video, relative to the root; and the entries without one."""
    found = {folder: videos_by_stem(root / folder) for folder in _FOLDERS}
    places, absent = [], []
    for entry in entries:
        names = [entry.instance.video_id, *filter(None, [entry.instance.youtube_id])]
        file = next((found[folder][name] for folder in _FOLDERS for name in names if name in found[folder]), None)
        if file is None:
            absent.append(entry)
            continue
        media = file.relative_to(root).as_posix()
        if not stays_inside(root, media, entry.instance.video_id, problems):
            continue
        places.append((entry, media))
    return places, absent


def _missing(absent: Sequence[Entry], total: int, root: Path, path: Path) -> Problem:
    splits = Counter(instance.split for _, instance in absent)
    counts = ", ".join(f"{split} {splits[split]}" for split in ("train", "val", "test") if splits[split])
    share = math.ceil(100 * len(absent) / total) / 100
    return missing("missing-video", [instance.video_id for _, instance in absent], total,
                   f"have no video in {root} ({counts})",
                   f"fetch them: slr download wlasl --json {path} --root {root}; many addresses are dead (see "
                   f"docs/corpora.md): corpus.on_error: skip with corpus.max_failures: {share:g} goes on without them")


def _is_part(instance: Instance, media: str, root: Path) -> bool:
    """Whether the clip is part of its file: `preprocess.py` has already cut videos from YouTube that have an end."""
    in_cut_folder = (root / media).parent.name == _CUT
    return instance.is_part and not (in_cut_folder and instance.from_youtube and instance.frame_end != -1)


def _part(instance: Instance, media: str) -> Part:
    return Part(media, (instance.frame_start - 1) / instance.fps,
                None if instance.frame_end == -1 else instance.frame_end / instance.fps)


def _rows(root: Path, places: Sequence[tuple[Entry, str]], parts: Mapping[Part, Frames | Exception], crop: str,
          problems: list[Problem]) -> Iterator[dict[str, Any]]:
    for (gloss, instance), media in places:
        start = end = bbox = None
        if _is_part(instance, media, root):
            frames = parts[_part(instance, media)]
            if isinstance(frames, Exception):
                problems.append(Problem(instance.video_id, "unreadable", "error", f"'{media}': {frames}",
                                        "download it again, or remove the file"))
                continue
            start, end = frames
        if crop == "bbox":
            bbox = _box(instance.bbox)
            if bbox is None:
                problems.append(Problem(instance.video_id, "bad-entry", "error", f"bbox {instance.bbox} is no box "
                                        "xmin, ymin, xmax, ymax", "correct the JSON, or set corpus.crop: none"))
                continue
        yield row(instance.video_id, media, [gloss], split=instance.split, start_frame=start, end_frame=end, bbox=bbox,
                  signer=None if instance.signer_id is None else str(instance.signer_id))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as unmatched brackets
        return ""


def _box(bbox: list[float] | None) -> list[int] | None:
    if bbox is None or len(bbox) != 4 or not all(map(math.isfinite, bbox)):
        return None
    x0, y0, x1, y1 = map(round, bbox)
    return [max(0, x0), max(0, y0), x1, y1] if x1 > max(0, x0) and y1 > max(0, y0) else None
