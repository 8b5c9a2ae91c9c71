"""MS-ASL: 1,000 signs of American Sign Language by 222 signers, 25,513 clips on YouTube (Joze and Koller, BMVC 2019).

Layout
------
`MSASL_train.json`, `MSASL_val.json`, `MSASL_test.json`: lists of `{url, start_time, end_time, text, label, signer_id,
box, ...}`, times in seconds, `label` in the order of frequency, `box` the signer's `[top, left, bottom, right]` as
fractions of the frame. Videos lie anywhere below the root, named by YouTube's id, and may be shared by several clips.

Signers and splits are the JSON's; no signer is in two splits.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    cut_by_time,
    nfc,
    read_text,
    require_folder,
    row,
    videos_below,
    with_media,
)
from slr.corpora.wlasl import SignerId, bad_entry, youtube_id
from slr.dataset.manifest import SPLITS
from slr.errors import ClipError, CorpusError
from slr.io.files import parse_json
from slr.io.video import read_video
from slr.io.workers import map_unordered

LAYOUT = "ROOT/MSASL_{train,val,test}.json and, anywhere in ROOT, <YouTube's id>.mp4"


class Instance(BaseModel):
    """One recording of a sign in the JSON; unused fields are ignored."""

    url: str
    start_time: Annotated[float, Field(ge=0)]
    end_time: Annotated[float, Field(gt=0)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    label: Annotated[int, Field(ge=0)]
    signer_id: SignerId = None
    box: tuple[float, float, float, float] | None = None


def scan(root: str | Path, annotations: str | Path | None = None, *, subset: int | None = None,
         crop: str = "none", workers: int = 1) -> Scan:
    """Read the clips whose videos exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        Folder of the videos.
    annotations : path, optional
        Folder of the JSON files; default: the root.
    subset : {100, 200, 500, 1000}, optional
        Only the most frequent glosses, as in MS-ASL100 and so on; None for all.
    crop : {"none", "bbox"}, default "none"
        Whether the clips include the JSON's boxes of the signer, to which frames are cropped.
    workers : int, default 1
        Processes that read frame times and sizes; 0 for one per core.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the split and the place in its file, from 0: `train-00012`.
    problems : list of Problem
        Kinds: `bad-entry`, `outside-root`, `unreadable`, and for each split one `missing-video`.

    Raises
    ------
    CorpusError
        If the root or every JSON is missing, or one isn't MS-ASL's.
    """
    root = require_folder(root)
    folder = root if annotations is None else Path(annotations)
    files = {split: path for split in SPLITS if (path := folder / f"MSASL_{split}.json").is_file()}
    if not files:
        raise CorpusError(f"{folder} has no MSASL_train.json, MSASL_val.json or MSASL_test.json; set "
                          "corpus.annotations to their folder")
    problems: list[Problem] = []
    found = {f"{split}-{number:05}": (split, instance) for split, path in files.items()
             for number, instance in _instances(path, problems) if subset is None or instance.label < subset}
    rows = with_media(root, (
        row(clip_id, youtube_id(_address(instance.url)) or "", [nfc(instance.text)], split=split,
            signer=None if instance.signer_id is None else str(instance.signer_id))
        for clip_id, (split, instance) in found.items()), videos_below(root), problems,
        "fetch them from YouTube, named by its id; many are gone: corpus.on_error: skip with corpus.max_failures goes "
        "on without them")
    times = {clip_id: (instance.start_time, instance.end_time) for clip_id, (_, instance) in found.items()}
    rows = list(cut_by_time(root, rows, times, workers, problems))
    if crop == "bbox":
        rows = list(_cropped(root, rows, {clip_id: instance.box for clip_id, (_, instance) in found.items()}, workers,
                             problems))
    return collect(rows, problems), problems


def _instances(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Instance]]:
    """The valid entries of a file, with their places in it."""
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise CorpusError(f"{path} is not JSON ({error}); download it again") from None
    if not isinstance(content, list):
        raise CorpusError(f"{path} is not MS-ASL's: it should be a list of clips; download it again")
    for number, entry in enumerate(content):
        try:
            yield number, Instance.model_validate(entry)
        except ValidationError as error:
            problems.append(bad_entry(f"{path.name}, entry {number}", error))


def _address(url: str) -> str:
    """The address with its scheme, which some lack."""
    return url if "//" in url else f"https://{url}"


def _cropped(root: Path, rows: Iterable[dict[str, Any]], boxes: dict[str, Any], workers: int,
             problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The rows with their boxes in pixels of their video, which may have another size than the annotated one."""
    rows = list(rows)
    files = sorted({root / clip["media"] for clip in rows})
    sizes = {done.item: done.error or done.result for done in map_unordered(_size, files, workers)}
    for clip in rows:
        size, box = sizes[root / clip["media"]], boxes[clip["clip_id"]]
        if isinstance(size, Exception):
            problems.append(Problem(clip["clip_id"], "unreadable", "error", f"'{clip['media']}': {size}",
                                    "download it again, or remove the file"))
        elif box is None or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
            problems.append(Problem(clip["clip_id"], "bad-entry", "error", f"box {box} is no box top, left, bottom, "
                                    "right", "correct the JSON, or set corpus.crop: none"))
        else:
            width, height = size
            top, left, bottom, right = box
            yield clip | {"bbox": [round(left * width), round(top * height), round(right * width),
                                   round(bottom * height)]}


def _size(path: Path) -> tuple[int, int]:
    """Width and height of a video."""
    first = next(iter(read_video(path)), None)
    if first is None:
        raise ClipError("no frame can be decoded")
    return first.image.shape[1], first.image.shape[0]
