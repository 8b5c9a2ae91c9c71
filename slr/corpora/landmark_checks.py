"""Checks of landmarks that were made elsewhere: whether they look like a person, read in the right units.

A file can be read and still be wrong: y upwards, hands exchanged, pixels taken for fractions, marks of missing joints
taken for positions. A model trains on all of these without an error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from slr.corpora.imported import landmark_format
from slr.corpora.problems import Problem
from slr.dataset.landmarks import NARROW, ClipLandmarks, Extent, without_empty_ends
from slr.dataset.manifest import is_one_sign
from slr.dataset.skeleton import Skeleton
from slr.params import CorpusParams

FPS = (5, 240)
"""Usual frame rates, frames per second; slow motion of phones included."""
_MARKS = (0.0, -1.0)
"""Values that programs write for joints that were not found."""
_FEW = 1e-4
"""Share of a corpus's joints that must have such a value: one may be there by chance."""
_LEGS = ("hip", "knee", "ankle", "heel", "foot", "toe")
"""Joints that estimators place below the picture, in words of their names."""
_OUTSIDE, _LEFT = 0.25, 0.4
"""Shares of joints beyond half a picture around the picture, and left of it, above which the units are doubtful."""
_STILL = 1e-3
"""Movement of every joint, as a share of the person's size, below which nothing moves: a held hand trembles more."""
_SHOWN = 3


@dataclass
class _Count:
    """How many recordings have a property, and the first ones' names."""

    number: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.number += 1
        if len(self.names) < _SHOWN:
            self.names.append(name)

    def __str__(self) -> str:
        return f"{self.number} ({', '.join(self.names)}{', ...' if self.number > len(self.names) else ''})"


class LandmarkChecks:
    """Collects findings recording by recording, and turns them into problems of the corpus.

    Parameters
    ----------
    params : CorpusParams
    """

    def __init__(self, params: CorpusParams):
        self._params = params
        self._joints: Skeleton | None = None
        self._found = np.zeros(0, bool)
        self._marked: dict[float, np.ndarray] = {}
        self._n_recordings = self._n_frames = 0
        self._findings: dict[str, _Count] = {}
        self._units: dict[str, _Count] = {}
        self._rates: dict[str, _Count] = {}
        self._empty: dict[str, int] = {}

    def add(self, name: str, recording: ClipLandmarks, joints: Skeleton) -> None:
        """Look at a recording that `check_landmarks` accepts."""
        if self._joints is None:
            self._joints, self._found = joints, np.zeros(len(joints), bool)
            self._marked = {value: np.zeros(len(joints), np.int64) for value in _MARKS}
        self._n_recordings += 1
        self._n_frames += len(recording)
        self._found |= recording.mask.any(0)
        self._empty[name] = len(recording) - len(without_empty_ends(recording))
        if not FPS[0] <= recording.fps <= FPS[1]:
            self._rates.setdefault(f"{recording.fps:g}", _Count()).add(name)
        units = getattr(landmark_format(self._params.name), "units", None)
        if units is not None and joints.space == "image" and self._params.imported.units == "fraction":
            self._units.setdefault(units(self._params.root, name, self._params.imported), _Count()).add(name)
        places = recording.coordinates[..., :2].astype(np.float64)
        for value, count in self._marked.items():
            marked = _equal(recording, value, joints)
            count += marked.sum(0)
            places[marked] = np.nan
        for said, look in _LOOKS.items():
            if look(places, joints):
                self._findings.setdefault(said, _Count()).add(name)

    def problems(self, clips: pd.DataFrame) -> list[Problem]:
        """The problems found: at most one each of `units`, `missing-mark`, `geometry`, `frame-rate`, `empty-ends`.

        Parameters
        ----------
        clips : DataFrame
            The manifest's rows.
        """
        if self._joints is None:
            return []
        return [problem for problem in (self._unit(), self._mark(), self._geometry(), self._rate(),
                                        self._ends(clips)) if problem is not None]

    def _unit(self) -> Problem | None:
        told = [f"{units} in {count}" for units, count in self._units.items() if units != "pixel"]
        return Problem("", "units", "warning",
                       f"x and y are in pixels by the files' format, but of {self._n_recordings} recordings "
                       f"{'; '.join(told)}, and are read as such",
                       "write the files in pixels, or set corpus.imported.units if they were taken for what they aren't"
                       ) if told else None

    def _mark(self) -> Problem | None:
        """Joints that are exactly 0 or -1, besides a single one that always is: the origin of the coordinates."""
        assert self._joints is not None
        if self._params.imported.missing is not None:
            return None
        for value, count in self._marked.items():
            always = count == self._n_frames
            if always.sum() == 1:
                count = np.where(always, 0, count)
            share = count.sum() / (self._n_frames * len(self._joints))
            if share > _FEW:
                most = self._joints.joints[int(count.argmax())]
                return Problem("", "missing-mark", "warning",
                               f"x and y are both exactly {value:g} in {share:.2%} of all joints and frames, most "
                               f"often of '{most}': it looks like a mark of joints that were not found, but is read as "
                               "a position", f"set corpus.imported.missing: {value:g}")
        return None

    def _geometry(self) -> Problem | None:
        assert self._joints is not None
        told = [f"{said} in {count}" for said, count in self._findings.items()]
        told += [f"no joint of '{part}' is found in any" for part, where in self._joints.part_slices.items()
                 if not self._found[where].any()]
        return Problem("", "geometry", "warning", f"of {self._n_recordings} recordings: {'; '.join(told)}",
                       "look at some with `slr show`; corpus.imported says how files are read: skeleton, units, size, "
                       "y_axis, missing") if told else None

    def _rate(self) -> Problem | None:
        told = [f"{rate} frames per second in {count}" for rate, count in self._rates.items()]
        return Problem("", "frame-rate", "warning", f"of {self._n_recordings} recordings: {'; '.join(told)}",
                       "correct the rate in the files (or corpus.imported.fps, where they have none): durations, and "
                       "models that read a fixed rate, depend on it") if told else None

    def _ends(self, clips: pd.DataFrame) -> Problem | None:
        empty = {clip.clip_id: frames for clip in clips.itertuples()
                 if (frames := self._empty.get(clip.media, 0)) and is_one_sign(clip)}
        count = _Count(len(empty), list(empty)[:_SHOWN])
        return Problem("", "empty-ends", "warning",
                       f"{count} of {len(clips)} clips begin or end with frames in which no joint was found (padding, "
                       f"or nobody there): {sum(empty.values())} frames, which are left out",
                       "look whether joints are missing there by mistake; else there is nothing to do"
                       ) if empty else None


def _equal(recording: ClipLandmarks, value: float, joints: Skeleton) -> np.ndarray:
    """(T, J) bool: where x and y were `value` in the file, as fractions or pixels of the frame, y down or up."""
    x, y = recording.coordinates[..., 0], recording.coordinates[..., 1]
    width, height = (recording.width, recording.height) if joints.space == "image" else (1, 1)
    found = np.zeros(x.shape, bool)
    for right, down in {(value, value), (value / width, value / height)}:
        found |= (x == np.float32(right)) & ((y == np.float32(down)) | (y == 1 - np.float32(down)))
    return found


@lru_cache(maxsize=64)
def _index(joints: Skeleton, *names: str) -> int | None:
    """The first of these joints, in any case."""
    known = {joint.lower(): i for i, joint in reversed(list(enumerate(joints.joints)))}
    return next((known[name] for name in names if name in known), None)


def _upside_down(places: np.ndarray, joints: Skeleton) -> bool:
    nose, left, right = (_index(joints, *names) for names in (
        ("nose", "head"), ("left_shoulder", "neck"), ("right_shoulder", "neck")))
    if nose is None or left is None or right is None:
        return False
    below = places[:, nose, 1] - (places[:, left, 1] + places[:, right, 1]) / 2
    below = below[~np.isnan(below)] * (1 if joints.space == "image" else -1)
    return len(below) > 0 and float(np.median(below)) > 0


def _exchanged(places: np.ndarray, joints: Skeleton) -> bool:
    """Whether hands are at the other's wrist, twice as near as to their own, in most frames: they cross, too."""
    sides = ("left", "right")
    wrists = [_index(joints, f"{side}_wrist") for side in sides]
    hands = [_index(joints, f"{side}_hand_wrist", f"{side}_hand") for side in sides]
    if None in wrists or None in hands:
        return False
    votes = []
    for hand, own, other in zip(hands, wrists, wrists[::-1], strict=True):
        to_own, to_other = (np.linalg.norm(places[:, hand] - places[:, wrist], axis=-1) for wrist in (own, other))
        votes += (2 * to_other < to_own)[~np.isnan(to_own + to_other)].tolist()
    return len(votes) > 0 and float(np.mean(votes)) > 0.5


def _beyond(places: np.ndarray, joints: Skeleton) -> bool:
    upper = [i for i, joint in enumerate(joints.joints) if not any(word in joint.lower() for word in _LEGS)]
    x, y = places[:, upper].reshape(-1, 2).T
    x, y = x[~np.isnan(x)], y[~np.isnan(x)]
    if joints.space != "image" or not len(x):
        return False
    outside = (np.abs(x - 0.5) > 1) | (np.abs(y - 0.5) > 1)
    return bool(outside.mean() > _OUTSIDE or (x < 0).mean() > _LEFT)


def _crushed(places: np.ndarray, joints: Skeleton) -> bool:
    return joints.space == "image" and len(joints) > 1 and 0 <= Extent.of(places).span < NARROW


def _still(places: np.ndarray, joints: Skeleton) -> bool:
    moved = np.nanmax(places, 0, initial=-np.inf) - np.nanmin(places, 0, initial=np.inf)
    return len(places) > 1 and float(moved.max()) <= _STILL * Extent.of(places).span


_LOOKS: dict[str, Callable[[np.ndarray, Skeleton], bool]] = {
    "the nose is below the shoulders": _upside_down,
    "hands are at the other wrist": _exchanged,
    "joints are far beyond the picture": _beyond,
    f"the whole person is within 1/{1 / NARROW:.0f} of the picture": _crushed,
    "nothing moves": _still,
}
