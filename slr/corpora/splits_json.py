"""`splits.json`, the split by video of SCA-STGCN (C. Chaabani, 2024, `build_video_splits.py`): reading and writing.

`{"meta": {...}, "splits": {"train": {"videos": [...], "counts": {"S": n, "nonS": n}}, "val": ..., "test": ...},
"per_video": {video: {"frames": n, "windows": n, "S_windows": n, "nonS_windows": n}}}`. A video is its file's name
without `.npz`. Only `splits` is read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slr.corpora.reading import read_text
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError
from slr.io.files import parse_json
from slr.params.windows import SIGNING, spelled

NAME = "splits.json"
WINDOW, STRIDE = 25, 1
"""Windows that are counted, in frames, as published; one with any frame of S counts as S."""


def read_splits_json(path: Path) -> dict[str, str]:
    """The split of each video.

    Raises
    ------
    CorpusError
        If the file can't be read, doesn't have that form, or has a video in two splits.
    """
    try:
        splits = parse_json(read_text(path))["splits"]
        listed = [(video, name) for name in SPLITS if name in splits for video in splits[name]["videos"]]
    except (ValueError, KeyError, TypeError):
        raise CorpusError(f"{path} is not SCA-STGCN's splits.json, with a list splits.train.videos; set corpus.splits "
                          "to one, or to null and remove it from the root") from None
    found: dict[str, str] = {}
    for video, name in listed:
        if found.setdefault(str(video), name) != name:
            raise CorpusError(f"{path}: video '{video}' is in {found[str(video)]} and in {name}; keep one of them")
    return found


def splits_json(labels: Mapping[str, Sequence[str | None]], split_of: Mapping[str, str], root: str) -> dict[str, Any]:
    """The file's content.

    Parameters
    ----------
    labels : dict of str to list of str or None
        The label of each frame of each video.
    split_of : dict of str to str
        The split of the videos; others are in `per_video` alone.
    root : str
        The folder with the videos, for `meta`.
    """
    per_video = {video: _counts(of_frames) for video, of_frames in labels.items()}
    videos = {name: sorted(video for video in labels if split_of.get(video) == name) for name in SPLITS}
    total = max(1, sum(map(len, videos.values())))
    return {
        "meta": {"data": root, "groundtruth": f"{root}/groundtruth.txt", "window": WINDOW, "stride": STRIDE,
                 "s_label": SIGNING, "rule": "any",
                 "ratios": {name: len(of_split) / total for name, of_split in videos.items()}},
        "splits": {name: {"videos": of_split, "counts": {
            kind: sum(per_video[video][f"{kind}_windows"] for video in of_split) for kind in ("S", "nonS")}}
            for name, of_split in videos.items()},
        "per_video": per_video,
    }


def _counts(labels: Sequence[str | None]) -> dict[str, int]:
    """The frames and windows of a video."""
    signing = [label is not None and spelled(label) == SIGNING for label in labels]
    windows = [any(signing[start:start + WINDOW]) for start in range(0, len(labels) - WINDOW + 1, STRIDE)]
    return {"frames": len(labels), "windows": len(windows), "S_windows": sum(windows),
            "nonS_windows": len(windows) - sum(windows)}
