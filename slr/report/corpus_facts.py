"""Statistics of a corpus for the report: sizes, signers, and detection rates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from slr.dataset.examples import example_clips
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import SPLITS
from slr.io.clipwise import Failure


@dataclass(frozen=True)
class Detection:
    """Detection rate of one body part.

    Attributes
    ----------
    part : str
    rate : float
        Share of all frames with at least one joint of the part.
    never : int
        Clips in which the part is found in no frame.
    """

    part: str
    rate: float
    never: int


@dataclass(frozen=True)
class Split:
    """The size of one split; `signers` counts known ones."""

    name: str
    clips: int
    glosses: int
    signers: int


@dataclass(frozen=True)
class CorpusFacts:
    """Statistics of a corpus.

    Attributes
    ----------
    clips : int
        All clips of the manifest, with or without landmarks.
    usable : int
        Clips with landmarks; all following attributes refer to these.
    glosses, signers : dict of str to int
        Number of clips by name; for sentences, occurrences of each gloss.
    signer_unknown : int
        Clips with unknown signer.
    durations_s : (usable,) float array
    frames : int
    detections : list of Detection
    splits : list of Split
    folds : int
        Test folds beside the split.
    failures : list of Failure
    examples : dict of str to str
        For each gloss a clip of median length, from training if possible.
    """

    clips: int
    usable: int
    glosses: dict[str, int]
    signers: dict[str, int]
    signer_unknown: int
    durations_s: np.ndarray
    frames: int
    detections: list[Detection]
    splits: list[Split]
    folds: int
    failures: list[Failure]
    examples: dict[str, str]


def corpus_facts(manifest: pd.DataFrame, store: LandmarkStore, splits: pd.DataFrame,
                 failures: list[Failure]) -> CorpusFacts:
    """Statistics of a corpus. `failures` are the clips that extraction could not use."""
    durations_s: dict[str, float] = {}
    found: list[np.ndarray] = []
    for clip in store:
        durations_s[clip.clip_id] = len(clip) / clip.fps
        found.append(part_presence(clip, store.skeleton.part_slices))
    clips = manifest[manifest.clip_id.isin(durations_s)].drop(columns="split").merge(splits, on="clip_id", how="left")
    clips = clips.assign(duration_s=clips.clip_id.map(durations_s))
    signed = clips.explode("glosses")
    frames = np.concatenate(found) if found else np.zeros((0, len(store.skeleton.parts)), bool)
    return CorpusFacts(
        clips=len(manifest), usable=len(clips), glosses=_counts(signed.glosses), signers=_counts(clips.signer),
        signer_unknown=int(clips.signer.isna().sum()), durations_s=clips.duration_s.to_numpy(), frames=len(frames),
        detections=[Detection(part, float(frames[:, i].mean()) if len(frames) else 0.0,
                              sum(not presence[:, i].any() for presence in found))
                    for i, part in enumerate(store.skeleton.parts)],
        splits=[Split(name, rows.clip_id.nunique(), rows.glosses.nunique(), rows.signer.nunique())
                for name in SPLITS for rows in [signed[signed.split == name]] if len(rows)],
        folds=int(splits.fold.nunique()), failures=failures,
        examples=example_clips(clips, store.n_frames)
        | example_clips(clips[clips.split == "train"], store.n_frames),
    )


def part_presence(clip: ClipLandmarks, part_slices: Mapping[str, slice]) -> np.ndarray:
    """(T, parts) bool: whether a frame has at least one joint of a part."""
    return np.stack([clip.mask[:, joints].any(axis=1) for joints in part_slices.values()], axis=1)


def _counts(names: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in names.dropna().value_counts().sort_index().items()}
