"""What a model is trained on: the clips of its task, as it reads them."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from slr.data.clips import Clips, cut, load_clips
from slr.data.images import RgbClips
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.signers import read_signers
from slr.dataset.skeleton import skeleton
from slr.dataset.splits import read_splits
from slr.errors import CorpusError
from slr.losses.ctc import too_short
from slr.params import ModelParams
from slr.segments.labels import frame_labels
from slr.segments.windows import class_of_frames, window_labels
from slr.tasks import clips_of, missing_clips

UNKNOWN = -2
"""The class of a gloss in a sentence that no training sentence has."""


@dataclass(frozen=True)
class Data:
    """What a model is trained on: its labels (glosses, or what happens in a stream), training and validation clips."""

    labels: list[str]
    train: Clips | RgbClips
    val: Clips | RgbClips


Store = LandmarkStore | FrameStore


def open_store(settings: ModelParams, landmarks: Path, frames: Path | None) -> Store:
    """What the model reads: landmarks or frames; raises CorpusError if there are none."""
    if settings.reads == "landmarks":
        return LandmarkStore(landmarks)
    if frames is None:
        raise CorpusError(f"family {settings.family} reads frames, and here are landmarks alone; choose a model of "
                          "landmarks")
    return FrameStore(frames)


def read_data(store: Store, splits: Path, manifest: Path, signers: Path, settings: ModelParams,
              most_clips: int | None = None) -> Data:
    """Read the training and validation clips of a model's task; labels are those that training has, sorted.

    With `most_clips`, training clips are left out evenly until no more are left.

    Raises
    ------
    CorpusError
        If no training clip is of the task.
    """
    clips = read_manifest(manifest)[["clip_id", "glosses", "segments", "signer"]]
    rows = read_splits(splits).merge(clips, on="clip_id")
    if (missing := missing_clips(settings, rows)) is not None:
        raise CorpusError(f"the corpus has {missing}, so a model of family {settings.family} can't be trained; choose "
                          "another model, or a corpus that has them (of the built-in one: corpus.sample.parts)")
    rows = clips_of(settings, rows)
    if settings.losses.signers == "pseudo":
        rows = rows.merge(read_signers(signers).rename(columns={"pseudo_signer": "group"}), on="clip_id", how="left")
    else:
        rows["group"] = rows.signer
    chosen = {split: rows[rows.split == split].sort_values("clip_id") for split in ("train", "val")}
    if chosen["train"].empty:
        raise CorpusError(f"{splits} has no training clips for this model; lower splits.val and splits.test, or see "
                          "`slr check`")
    if most_clips:
        chosen["train"] = chosen["train"].iloc[:: math.ceil(len(chosen["train"]) / most_clips)]
    groups = {group: i for i, group in enumerate(sorted(chosen["train"].group.dropna().unique()))}
    of_signers = {split: rows.group.map(groups).fillna(-1).astype(int) for split, rows in chosen.items()}
    read = {"isolated": _isolated, "detection": _detection, "continuous": _continuous}[settings.task]
    return read(store, chosen, of_signers, settings)


def load(store: LandmarkStore, rows: pd.DataFrame, settings: ModelParams, classes: pd.Series | None = None,
         signers: pd.Series | None = None) -> Clips:
    """The clips of these rows with the joints, channels and frames of the settings."""
    channels = max(settings.channels, 3 if settings.augment.yaw_degrees else 0)  # other view points need depth
    return load_clips(store, rows.clip_id, skeleton(settings.joints), classes, channels, signers, settings.frames)


Rows = dict[str, pd.DataFrame]
Groups = dict[str, pd.Series]


def _isolated(store: LandmarkStore, rows: Rows, signers: Groups, settings: ModelParams) -> Data:
    """Validation clips of a gloss that training hasn't are left out: they say nothing about which epoch is best."""
    glosses = {split: of.glosses.str[0] for split, of in rows.items()}
    labels = sorted(glosses["train"].unique())
    classes = {gloss: i for i, gloss in enumerate(labels)}
    rows["val"] = rows["val"][glosses["val"].isin(classes)]
    return Data(labels, **{split: load(store, of, settings, of.glosses.str[0].map(classes), signers[split][of.index])
                           for split, of in rows.items()})


def _detection(store: LandmarkStore, rows: Rows, signers: Groups, settings: ModelParams) -> Data:
    """Windows without a label, or with one that training hasn't, are left out."""
    streams = {split: load(store, of, settings, signers=signers[split]) for split, of in rows.items()}
    found = {split: windows_of(store, of, settings) for split, of in rows.items()}
    labels = sorted({label for _, _, label in found["train"] if label is not None})
    if settings.windows.positive not in labels:
        raise CorpusError(f"no training window is labelled {settings.windows.positive}, which windows.positive says to "
                          f"find; labels here are {', '.join(labels) or 'none'} (windows.classes joins others to rest)")
    return Data(labels, **{split: cut(streams[split], [(*where, labels.index(label)) for *where, label in of
                                                       if label in labels], settings.windows.frames)
                           for split, of in found.items()})


def windows_of(store: LandmarkStore, rows: pd.DataFrame, settings: ModelParams) -> list[tuple[int, int, str | None]]:
    """(stream's number, first frame, label) of each window; None where no frame of it is labelled.

    A stream that is shorter than a window is one window.
    """
    found = []
    for clip, row in enumerate(rows.itertuples()):
        labels = class_of_frames(row.segments, store.frame_numbers(row.clip_id), settings.windows)
        windows = settings.windows.model_copy(update={"frames": min(settings.windows.frames, len(labels))})
        found += [(clip, start, label) for start, label in window_labels(labels, windows)]
    return found


def _continuous(store: Store, rows: Rows, signers: Groups, settings: ModelParams) -> Data:
    """Class 0 is CTC's blank: the first gloss is class 1."""
    labels = sorted({gloss for glosses in rows["train"].glosses for gloss in glosses})
    return Data(labels, **{split: sentences(store, of, labels, settings, signers[split]) for split, of in rows.items()})


def sentences(store: Store, rows: pd.DataFrame, labels: list[str], settings: ModelParams,
              signers: pd.Series | None = None) -> Clips | RgbClips:
    """Sentences with the classes of their glosses, and of their frames where all rows have segments."""
    targets, of_frames = gloss_classes(rows, labels), _frame_targets(store, rows, labels)
    if settings.reads == "frames":
        return RgbClips(store.folder, tuple(rows.clip_id), settings.images, targets, of_frames)
    return replace(load(store, rows, settings, signers=signers), targets=padded(targets),
                   frame_targets=None if of_frames is None else torch.cat(of_frames))


def gloss_classes(rows: pd.DataFrame, labels: list[str]) -> list[list[int]]:
    """The classes of each sentence's glosses; one that isn't among `labels` has the class `UNKNOWN`."""
    classes = _classes(labels)
    return [[classes.get(gloss, UNKNOWN) for gloss in glosses] for glosses in rows.glosses]


def too_short_clips(clips: Clips | RgbClips, frames_a_moment: int) -> list[str]:
    """Ids of the sentences that have fewer moments than glosses and repeats, as they are stored."""
    if not len(clips):
        return []
    targets = torch.nn.utils.rnn.pad_sequence(list(clips.targets), batch_first=True, padding_value=-1)
    short = too_short(-(-clips.lengths // frames_a_moment), targets, (targets != -1).sum(1))
    return [clip_id for clip_id, is_short in zip(clips.clip_ids, short.tolist(), strict=True) if is_short]


def padded(targets: list[list[int]]) -> Tensor:
    """(clips, most glosses) int64, with -1 behind them."""
    if not targets:
        return torch.empty(0, 0, dtype=torch.int64)
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(of, dtype=torch.int64) for of in targets], batch_first=True,
                                           padding_value=-1)


def _classes(labels: list[str]) -> dict[str, int]:
    return {label: i for i, label in enumerate(labels, 1)}


def _frame_targets(store: Store, rows: pd.DataFrame, labels: list[str]) -> list[Tensor] | None:
    """(T,) int64 of each clip: 0 between glosses and for unknown ones; None if a row has no segments."""
    if rows.empty or not rows.segments.str.len().all():
        return None
    classes = _classes(labels)
    return [torch.tensor([classes.get(label, 0) for label in frame_labels(row.segments,
                                                                          store.frame_numbers(row.clip_id))])
            for row in rows.itertuples()]
