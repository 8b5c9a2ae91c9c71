"""Google's isolated signs (Kaggle, `asl-signs`): 94,477 clips of 250 American signs by 21 signers, as landmarks.

`train.csv` has the columns `path`, `participant_id`, `sequence_id`, `sign`; each Parquet file has 543 rows a frame, one
per landmark: `frame`, `type` (face, left_hand, pose, right_hand), `landmark_index`, `x`, `y`, `z`, as MediaPipe
Holistic gives them, NaN where missing. The face has 468 points, without the irises. There is no split; frame rates
aren't given.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slr.corpora.imported.keypoints import chosen
from slr.corpora.imported.recordings import file_of, to_store
from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    missing,
    nfc,
    require_folder,
    row,
    signer_name,
    stays_inside,
    table_lines,
)
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import FACE, Skeleton, define, skeleton
from slr.errors import ClipError, CorpusError
from slr.params import ImportedParams

LAYOUT = "ROOT/train.csv and ROOT/train_landmark_files/<participant>/<sequence>.parquet"
BODY_AND_HANDS = skeleton("holistic-75")
WHOLE = define({"name": "holistic-543", "bones": BODY_AND_HANDS.bones,
                "parts": {**BODY_AND_HANDS.parts, "face": FACE[:468]}}, "holistic-543")
_COLUMNS = ["frame", "type", "landmark_index", "x", "y", "z"]


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton in the settings (`holistic-543` has the face), or `holistic-75`."""
    return chosen(root, settings, BODY_AND_HANDS, WHOLE)


def scan(root: str | Path, *, workers: int = 0) -> Scan:
    """The clips `<participant>/<sequence>`; those without a file are one problem, `missing-file`.

    Raises
    ------
    CorpusError
        If the root or its `train.csv` is missing, or lacks a column.
    """
    root = require_folder(root)
    if not (root / "train.csv").is_file():
        raise CorpusError(f"{root} has no train.csv; set corpus.root to {LAYOUT}")
    problems: list[Problem] = []
    rows, absent = [], []
    for line in table_lines(root / "train.csv", ("path", "participant_id", "sequence_id", "sign"), problems):
        clip_id = f"{line['participant_id']}/{line['sequence_id']}"
        if not (root / line["path"]).is_file():
            absent.append(clip_id)
        elif stays_inside(root, line["path"], clip_id, problems):
            rows.append(row(clip_id, line["path"], [nfc(line["sign"])], signer=signer_name(line["participant_id"])))
    if absent:
        problems.append(missing("missing-file", absent, len(rows) + len(absent), f"have no landmarks in {root}",
                                "unpack all of train_landmark_files there, or set corpus.on_error: skip"))
    return collect(rows, problems), problems


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One clip: x, y, z from its first to its last frame; raises ClipError if the file isn't of that form."""
    path = file_of(root, media)
    try:
        table = pq.read_table(path, columns=_COLUMNS)
        columns = {name: table[name].to_numpy() for name in _COLUMNS}
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ClipError(f"{path.name} can't be read ({error}); download it again") from None
    frames = columns["frame"].astype(np.int64)
    numbers = columns["landmark_index"].astype(np.int64)
    places = np.full(len(frames), -1)
    for part, where in WHOLE.part_slices.items():
        known = (columns["type"] == part) & (numbers >= 0) & (numbers < where.stop - where.start)
        places[known] = where.start + numbers[known]
    if not len(frames) or (places < 0).any():
        raise ClipError(f"{path.name} has no frames, or other landmarks than the 543 of MediaPipe Holistic")
    values = np.full((frames.max() - frames.min() + 1, len(WHOLE), 3), np.nan, np.float32)
    values[frames - frames.min(), places] = np.stack([columns[axis] for axis in "xyz"], 1)
    wanted = joints(root, settings)
    kept = [WHOLE.index(joint) for joint in wanted.joints]
    coordinates, size = to_store(values[:, kept], wanted, settings)
    return ClipLandmarks(media, settings.fps, *size, coordinates)
