"""SCA-STGCN's landmarks: one `.npz` per video, and one file of frame labels (C. Chaabani, 2024).

Arrays: `pose` (T, 33, C), `left_hand` and `right_hand` (T, 21, C), `face` (T, 478, C), in fractions of the frame, NaN
where missing; any of them may be absent, C is 2 to 4. Labels: `groundtruth` or `groundtruth.txt` with the lines
`<video_id> <frame> <label>`, frames from 0, the video's id being its file's name; S signing, P speaking, n neither,
? unknown, in upper or lower case, or any other. A clip is a window of frames (`corpus.windows`), or a whole video with
its labels as segments.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.recordings import chosen_skeleton, file_of, frames_of, read_arrays, same_file, to_store
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, is_count, missing, nfc, require_folder, row
from slr.corpora.splits_json import NAME, read_splits_json
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ClipError, CorpusError, ParamsError
from slr.io.files import entries, read_named_text
from slr.params import ImportedParams, WindowsParams
from slr.segments.labels import label_segments
from slr.segments.windows import mapped, window_labels

PARTS = {"pose": 33, "left_hand": 21, "right_hand": 21, "face": 478}
"""Joints of each array."""
LAYOUT = "ROOT/<video>.npz and ROOT/groundtruth.txt (or set corpus.annotations)"
_ALL = "holistic-553"  # skeleton with these parts
_SHOWN = 20


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton in the settings, or pose and hands, with the face if the first video has one.

    Raises
    ------
    ParamsError
        For a skeleton with joints that the arrays lack.
    """
    chosen = chosen_skeleton(root, settings)
    if chosen is None:
        return skeleton(_ALL if _has_face(Path(root)) else "holistic-75")
    strange = sorted(set(chosen.joints) - set(skeleton(_ALL).joints))
    if strange:
        raise ParamsError(f"corpus.imported.skeleton: '{chosen.name}' has joint '{strange[0]}', which is not in the "
                          f"arrays of an .npz; use holistic-75, holistic-67, {_ALL} or hands-42")
    return chosen


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One whole video: x, y, z, visibility, or x and y if an array has no more; absent arrays are missing joints.

    Raises
    ------
    ClipError
        If the file can't be read, has none of the arrays, or they differ in length.
    """
    path = file_of(root, media)
    arrays = _arrays(path)
    n_channels = 4 if min(array.shape[2] for array in arrays.values()) > 2 else 2
    values = {part: np.full((len(next(iter(arrays.values()))), n_joints, n_channels), np.nan, np.float32)
              for part, n_joints in PARTS.items()}
    for part, array in arrays.items():
        values[part][..., :array.shape[2]] = array[..., :n_channels]
        if array.shape[2] < n_channels:  # hands and face have no visibility: detected joints are visible
            values[part][..., -1] = 1
    everything = skeleton(_ALL)
    chosen = joints(root, settings)
    place_of = {joint: i for i, joint in enumerate(everything.joints)}
    whole = np.concatenate([values[part] for part in everything.parts], 1)
    coordinates, size = to_store(whole[:, [place_of[joint] for joint in chosen.joints]], chosen, settings,
                                 y_up=settings.y_axis == "up")
    return ClipLandmarks(media, settings.fps, *size, coordinates)


def scan(root: str | Path, annotations: str | None = None, *, splits: str | None = None, windows: WindowsParams,
         imported: ImportedParams, workers: int = 0) -> Scan:
    """Windows (or whole videos) with their labels; a window is named `<video>/<first frame>`.

    Windows without any labelled frame are left out, with a warning. A window's `media` is its video, so that a video's
    windows are never divided between splits. If everything is of one class, or streams have no signing, that is one
    problem, `one-class`.

    `splits` is a `splits.json` (`slr.corpora.splits_json`), by default that of the root. Videos that it doesn't list
    can't be used: one problem, `split-missing`; listed ones that aren't there are another, `missing-file`.

    Raises
    ------
    CorpusError
        If the root or the labels are missing, a line of the labels isn't `<video_id> <frame> <label>`, or the splits
        can't be read.
    """
    folder = require_folder(root)
    path = _groundtruth(folder, annotations)
    labels = read_groundtruth(path)
    problems: list[Problem] = []
    videos = {video: video.stem for video in _videos(folder)}
    for name in sorted(set(labels) - set(videos.values())):
        problems.append(Problem(name, "missing-file", "warning", f"labels in {path.name} of a video that isn't there",
                                "add its .npz, or leave it"))
    rows = [clip for video, name in videos.items()
            for clip in _clips(folder, video, labels.get(name, {}), windows, imported, problems)]
    problems += _one_class(rows, [labels[name] for name in videos.values() if name in labels], windows)
    split_of = _splits(folder, splits, list(videos.values()), problems)
    if split_of is not None:
        rows = [clip | {"split": split} for clip in rows if (split := split_of.get(Path(clip["media"]).stem))]
    return collect(rows, problems), problems


def read_groundtruth(path: Path) -> dict[str, dict[int, str]]:
    """Labels by video and frame.

    Raises
    ------
    CorpusError
        If the file can't be read, or lines aren't `<video_id> <frame> <label>`; names them.
    """
    lines = read_named_text(path, CorpusError, "set corpus.annotations to the file with the lines <video_id> <frame> "
                            "<label>").splitlines()
    labels: dict[str, dict[int, str]] = {}
    bad = []
    for number, line in enumerate(lines, 1):
        match line.split():
            case []:
                pass
            case [video, frame, label] if is_count(frame):
                labels.setdefault(video, {})[int(frame)] = label
            case _:
                bad.append(number)
    if bad:
        raise CorpusError(f"{path} line {', '.join(map(str, bad[:_SHOWN]))}{', ...' if len(bad) > _SHOWN else ''}: not "
                          "<video_id> <frame> <label>, with frames from 0; correct or remove these lines")
    return labels


def _clips(folder: Path, video: Path, labels: dict[int, str], windows: WindowsParams, imported: ImportedParams,
           problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The rows of one video."""
    media = video.relative_to(folder).as_posix()
    name = nfc(media.removesuffix(video.suffix))
    try:
        n_frames = len(next(iter(_arrays(video).values())))
    except ClipError as error:
        problems.append(Problem(media, "unreadable", "error", str(error), "write it again, or remove it"))
        return
    if not labels:
        problems.append(Problem(media, "label-missing", "warning", "no frame of it is labelled, so it isn't used",
                                "label it, or leave it"))
        return
    if beyond := [frame for frame in labels if frame >= n_frames]:
        problems.append(Problem(media, "outside-range", "error", f"frame {max(beyond)} is labelled, it has {n_frames}",
                                "correct the labels: frames count from 0"))
        return
    classes = [mapped(labels[frame], windows) if frame in labels else None for frame in range(n_frames)]
    if windows.frames is None:
        yield row(name, media, [], fps=imported.fps) | {"segments": label_segments(classes)}
        return
    found = list(window_labels(classes, windows))
    left_out = sum(label is None for _, label in found)
    if left_out or not found:
        what = (f"{left_out} of {len(found)} windows have no labelled frame and are left out" if found else
                f"{n_frames} frames are fewer than a window's {windows.frames}")
        problems.append(Problem(media, "window", "warning", what, "label more of it, or leave it"))
    for start, label in found:
        if label is not None:
            yield row(f"{name}/{start:06d}", media, [nfc(label)], start_frame=start, end_frame=start + windows.frames,
                      fps=imported.fps)


def _one_class(rows: Iterable[dict[str, Any]], labels: Iterable[dict[int, str]],
               windows: WindowsParams) -> Iterator[Problem]:
    """The problem of a corpus from which nothing can be learnt: one class alone, or streams without signing."""
    classes = {label for clip in rows
               for label in (*clip["glosses"], *(segment["label"] for segment in clip["segments"]))}
    without_signing = windows.frames is None and windows.signing not in classes
    if len(classes) == 1 or (classes and without_signing):
        frames = Counter(label for of_video in labels for label in of_video.values())
        found = ", ".join(f"{label} ({count} frames)" for label, count in frames.most_common(_SHOWN))
        yield Problem("", "one-class", "error",
                      (f"nothing is of the class '{windows.signing}'" if without_signing else
                       f"everything is of the class '{classes.pop()}'") + f"; labels found: {found}",
                      f"set corpus.windows.positive to those that count as signing (now {windows.positive}; `slr use "
                      "sca-npz --positive`), or corpus.windows.classes: found")


def _videos(root: Path) -> list[Path]:
    return [path for path in entries(root, "**/*.npz") if path.is_file()]


def _has_face(root: Path) -> bool:
    """Whether the first video that can be read has a face."""
    for video in _videos(root):
        try:
            return "face" in _names(same_file(video))
        except ClipError:  # reported when it is loaded
            continue
    return False


@lru_cache(maxsize=8)
def _names(file: tuple[str, int, int]) -> frozenset[str]:
    return frozenset(read_arrays(Path(file[0])))


def _splits(root: Path, splits: str | None, videos: Sequence[str], problems: list[Problem]) -> dict[str, str] | None:
    """The split of each video; None without a `splits.json`."""
    path = root / NAME if splits is None else Path(splits)
    if splits is None and not path.is_file():
        return None
    split_of = read_splits_json(path)
    way_out = "build it again from these videos, or set corpus.on_error: skip to go on without them"
    if unlisted := sorted(set(videos) - set(split_of)):
        problems.append(missing("split-missing", unlisted, len(videos), f"are in no split of {path.name}", way_out))
    if absent := sorted(set(split_of) - set(videos)):
        problems.append(replace(missing("missing-file", absent, len(split_of), f"of {path.name} are not in {root}",
                                        "add their .npz, or leave it"), severity="warning"))
    return split_of


def _groundtruth(root: Path, annotations: str | None) -> Path:
    if annotations is not None:
        return Path(annotations)
    return next((path for path in (root / "groundtruth.txt", root / "groundtruth") if path.is_file()),
                root / "groundtruth.txt")


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The known arrays of a video, all of the same length."""
    found = read_arrays(path)
    arrays = {part: frames_of(found[part], n_joints, f"'{part}' in {path.name}")
              for part, n_joints in PARTS.items() if part in found}
    if not arrays:
        raise ClipError(f"{path.name} has none of the arrays {', '.join(PARTS)} (but {', '.join(found) or 'nothing'})")
    lengths = {part: len(array) for part, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ClipError(f"the arrays of {path.name} differ in length: " +
                        ", ".join(f"{part} {length}" for part, length in lengths.items()))
    return arrays
