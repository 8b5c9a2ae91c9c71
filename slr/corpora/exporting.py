"""Export of the landmark store to other programs' formats: SPOTER's and SiLT's CSV, SCA-STGCN's NPZ, `.pose` files.

`slr.corpora.imported` reads the output back with an error below 1e-4 of the frame. Times of individual frames are lost:
these formats have at most a frame rate.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.corpora.imported.pose_files import COMPONENTS, is_holistic, point_name
from slr.corpora.imported.sca_npz import PARTS
from slr.corpora.imported.spoter_csv import (
    EXTRA,
    FPS,
    HEIGHT,
    LABEL,
    MISSING,
    SILT,
    SPOTER,
    WIDTH,
    column,
    silt_columns,
)
from slr.corpora.splits_json import NAME, splits_json
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import read_manifest
from slr.dataset.paths import LANDMARKS, MANIFEST, SPLITS
from slr.dataset.skeleton import DERIVED, Skeleton, skeleton
from slr.dataset.splits import read_splits
from slr.errors import CorpusError, ParamsError
from slr.io.files import atomic_path, output_folder, write_json
from slr.io.progress import progress
from slr.preprocessing.clips import pick_joints
from slr.segments.labels import frame_labels

GROUNDTRUTH, LIST = "groundtruth.txt", "clips.csv"
_DECIMALS = 6
_NEARLY_ZERO = 10.0**-_DECIMALS
"""Written for a coordinate or confidence that is 0 without being missing."""


def convert(kind: str, out: str | Path, *, manifest: Path = MANIFEST, landmarks: Path = LANDMARKS,
            splits: Path | None = SPLITS, y_up: bool = False, joints: str = SILT[0]) -> int:
    """Write the clips of a landmark store to a folder, in another format.

    Parameters
    ----------
    kind : {"spoter", "silt", "npz", "pose"}
        `spoter`, `silt`: one CSV per split, `<split>.csv`. `npz`: one `.npz` per clip; the labels of streams in
        `groundtruth.txt`, the splits in `splits.json`. `pose`: one `.pose` per clip. The last two with the
        clips' glosses, signers and splits in `clips.csv`.
    out : path
        A new or empty folder.
    manifest, landmarks : Path
        Outputs of the pipeline's stages. Clips without landmarks are left out.
    splits : Path, optional
        Splits of clips for which the manifest has none; optional.
    y_up : bool
        For `spoter`: y points up, as in the published files (Apple's Vision API), not down as in MediaPipe.
    joints : {"holistic-75", "right-hand-21"}
        For `silt`: the joints of its files of WLASL, or of IPN Hand.

    Returns
    -------
    int
        Number of clips written.

    Raises
    ------
    CorpusError
        If the folder isn't empty, or there are no landmarks.
    ParamsError
        If the format is unknown, or doesn't support the landmarks' joints.
    """
    if kind not in _WRITERS:
        raise ParamsError(f"format '{kind}' is unknown; known: {', '.join(_WRITERS)}")
    out = output_folder(out)
    store = LandmarkStore(landmarks)
    clips = read_manifest(manifest)
    clips = clips[clips.clip_id.isin(store.clip_ids)].reset_index(drop=True)
    if clips.split.isna().all() and splits is not None and splits.exists():
        of_clip = read_splits(splits).set_index("clip_id").split
        clips["split"] = clips.clip_id.map(of_clip)
    if clips.empty:
        raise CorpusError(f"no clip of {manifest} has landmarks in {landmarks}; run `dvc repro` first")
    options: dict[str, dict[str, Any]] = {"spoter": {"y_up": y_up}, "silt": {"joints": joints}}
    with atomic_path(out) as temporary:
        temporary.mkdir()
        _WRITERS[kind](temporary, clips, store, **options.get(kind, {}))
    return len(clips)


def _each(clips: pd.DataFrame, store: LandmarkStore) -> Iterator[tuple[Any, ClipLandmarks]]:
    """Each row of the manifest with its landmarks, with a progress bar."""
    with progress("convert", len(clips), unit="clip") as advance:
        for row in clips.itertuples():
            yield row, store[row.clip_id]
            advance()


def _text(value: Any) -> str:
    """A cell of a CSV; empty for a missing value."""
    return value if isinstance(value, str) else ""


# SPOTER's CSV, and SiLT's


def _write_spoter(out: Path, clips: pd.DataFrame, store: LandmarkStore, *, y_up: bool) -> None:
    columns = {joint: (f"{column(joint)}_X", f"{column(joint)}_Y") for joint in skeleton(SPOTER).joints}

    def cells(values: np.ndarray, label: int) -> list[Any]:
        if y_up:
            values[..., 1] = 1 - values[..., 1]
        values = values.round(_DECIMALS)
        values[values == 0] = _NEARLY_ZERO
        return [*_lists(np.nan_to_num(values, nan=MISSING[SPOTER])), label]

    _write_tables(out, clips, store, skeleton(SPOTER), columns, cells)


def _write_silt(out: Path, clips: pd.DataFrame, store: LandmarkStore, *, joints: str) -> None:
    if joints not in SILT:
        raise ParamsError(f"SiLT's CSV has no joints '{joints}'; known: {', '.join(SILT)}")

    def cells(values: np.ndarray, label: int) -> list[Any]:
        return [*_lists(np.nan_to_num(values.round(_DECIMALS), nan=MISSING[joints])), json.dumps([label] * len(values))]

    _write_tables(out, clips, store, skeleton(joints), silt_columns(joints), cells)


def _lists(values: np.ndarray) -> list[str]:
    """(T, J, 2) -> a JSON list for each column."""
    return [json.dumps(path.tolist()) for path in values.reshape(len(values), -1).T]


def _write_tables(out: Path, clips: pd.DataFrame, store: LandmarkStore, target: Skeleton,
                  columns: dict[str, tuple[str, str]], cells: Callable[[np.ndarray, int], list[Any]]) -> None:
    """One CSV per split: of each clip what `cells` makes of its x and y (T, J, 2), in the columns' order, and of the
    number of its gloss."""
    selector = store.skeleton.selector(target)[[target.index(joint) for joint in columns]]
    _need_image(store.skeleton, "a CSV of SPOTER's or SiLT's")
    glosses = clips.glosses.str.join(" ")
    number = {gloss: i for i, gloss in enumerate(sorted(set(glosses)))}
    header = [*(name for names in columns.values() for name in names), LABEL, FPS, WIDTH, HEIGHT, *EXTRA]
    files: dict[str, Any] = {}
    try:
        for row, clip in _each(clips, store):
            name = _text(row.split) or "clips"
            if name not in files:
                files[name] = open(out / f"{name}.csv", "w", newline="", encoding="utf-8")  # noqa: SIM115
                csv.writer(files[name], lineterminator="\n").writerow(header)
            values = pick_joints(clip.coordinates[..., :2], selector).astype(np.float64)
            gloss = " ".join(row.glosses)
            csv.writer(files[name], lineterminator="\n").writerow([
                *cells(values, number[gloss]), clip.fps, clip.width, clip.height, row.clip_id, gloss,
                _text(row.signer), _text(row.split)])
    finally:
        for file in files.values():
            file.close()


# SCA-STGCN's NPZ


def _write_npz(out: Path, clips: pd.DataFrame, store: LandmarkStore) -> None:
    joints = store.skeleton
    _need_image(joints, "an NPZ of SCA-STGCN's")
    whole = skeleton("holistic-553").parts
    place = {joint: (part, i) for part, of_part in whole.items() for i, joint in enumerate(of_part)}
    strange = [joint for joint in joints.joints if joint not in place and joint not in DERIVED]
    if strange:
        raise ParamsError(f"an NPZ of SCA-STGCN's has no place for joint '{strange[0]}' of '{joints.name}'; "
                          "convert to pose, which takes any")
    kept = [(i, *place[joint]) for i, joint in enumerate(joints.joints) if joint in place]
    parts = {part for _, part, _ in kept}
    names = file_names(clips.clip_id)
    labels: dict[str, list[str | None]] = {}
    for row, clip in _each(clips, store):
        arrays = {part: np.full((len(clip), n_joints, clip.coordinates.shape[2]), np.nan, np.float32)
                  for part, n_joints in PARTS.items() if part in parts}
        for source, part, target in kept:
            arrays[part][:, target] = clip.coordinates[:, source]
        np.savez_compressed(out / f"{names[row.clip_id]}.npz", **arrays)
        labels[names[row.clip_id]] = [label and re.sub(r"\s+", "_", label.strip())  # words, in this format
                                      for label in frame_labels(row.segments, clip.frame_numbers)]
    lines = [f"{video} {frame} {label}\n" for video, of_frames in labels.items()
             for frame, label in enumerate(of_frames) if label is not None]
    if lines:
        (out / GROUNDTRUTH).write_text("".join(lines), encoding="utf-8")
    split_of = {names[row.clip_id]: row.split for row in clips.itertuples() if isinstance(row.split, str)}
    if split_of:
        write_json(out / NAME, splits_json(labels, split_of, "."))
    _write_list(out, clips, names, ".npz")


# .pose


def _write_pose(out: Path, clips: pd.DataFrame, store: LandmarkStore) -> None:
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions

    joints = store.skeleton
    components = _components(joints, "XYZC" if len(store.metadata["channels"]) > 2 else "XYC")
    n_dims = len(components[0].format) - 1
    names = file_names(clips.clip_id)
    for row, clip in _each(clips, store):
        values = clip.coordinates[..., :n_dims].astype(np.float64)
        if joints.space == "image":
            values[..., :2] *= (clip.width, clip.height)
            if not is_holistic(component.name for component in components):
                values[..., 2:] *= clip.width
        confidence = np.ones(values.shape[:2])
        if clip.coordinates.shape[2] > 3:
            confidence = np.maximum(clip.coordinates[..., 3], _NEARLY_ZERO)
        confidence = np.where(clip.mask, confidence, 0)
        header = PoseHeader(0.2, PoseHeaderDimensions(clip.width, clip.height), components)
        body = NumPyPoseBody(clip.fps, np.nan_to_num(values)[:, None].astype(np.float32), confidence[:, None])
        with open(out / f"{names[row.clip_id]}.pose", "wb") as file:
            Pose(header, body).write(file)
    _write_list(out, clips, names, ".pose")


def _components(joints: Skeleton, point_format: str) -> list[Any]:
    """The parts as components: MediaPipe's, by its names, if the joints match; else by ours."""
    from pose_format.pose_header import PoseHeaderComponent
    from pose_format.utils.holistic import BODY_POINTS, HAND_POINTS

    whole = skeleton("holistic-553").parts
    theirs = {part: name for name, part in COMPONENTS.items()}
    points = {point_name(part, point): point for part, of_part in (
        ("pose", BODY_POINTS), ("left_hand", HAND_POINTS), ("right_hand", HAND_POINTS),
        ("face", [str(i) for i in range(len(whole["face"]))])) for point in of_part}
    components = []
    for part, names in joints.parts.items():
        known = part in whole and set(names) <= set(whole[part])
        limbs = [(names.index(a), names.index(b)) for a, b in joints.bones if a in names and b in names]
        components.append(PoseHeaderComponent(theirs[part] if known else part,
                                              [points[name] if known else name for name in names], limbs,
                                              [(112, 128, 150)] * max(1, len(limbs)), point_format))
    odd = [text for component in components for text in (component.name, *component.points) if not text.isascii()]
    if odd:
        raise ParamsError(f"a .pose file has no place for the name '{odd[0]}' of '{joints.name}': only ASCII letters")
    return components


# Shared by all formats


def file_names(clip_ids: Any) -> dict[str, str]:
    """A file name for each clip id, without suffix: letters, digits and `.+@_-`, unique even on case-insensitive
    disks."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for clip_id in clip_ids:
        plain = unicodedata.normalize("NFKD", clip_id).encode("ascii", "ignore").decode()
        stem = name = re.sub(r"[^A-Za-z0-9.+@_-]+", "_", plain).strip("._") or "clip"
        again = 2
        while name.lower() in taken:
            name, again = f"{stem}_{again}", again + 1
        taken.add(name.lower())
        names[clip_id] = name
    return names


def _write_list(out: Path, clips: pd.DataFrame, names: dict[str, str], suffix: str) -> None:
    """`clips.csv`: the clip of each file."""
    with open(out / LIST, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "gloss", "signer", "split", "glosses", "clip_id"])
        for row in clips.itertuples():
            one = len(row.glosses) == 1
            writer.writerow([f"{names[row.clip_id]}{suffix}", row.glosses[0] if one else "", _text(row.signer),
                             _text(row.split), "" if one else "|".join(row.glosses), row.clip_id])


def _need_image(joints: Skeleton, what: str) -> None:
    if joints.space != "image":
        raise ParamsError(f"{what} holds coordinates of a picture; '{joints.name}' has metres: convert to pose")


_WRITERS: dict[str, Callable[..., None]] = {
    "spoter": _write_spoter, "silt": _write_silt, "npz": _write_npz, "pose": _write_pose}
