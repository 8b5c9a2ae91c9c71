"""Clips to hold an exported model against: test clips, and hostile ones."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.errors import CorpusError
from slr.inference.model import TrainedModel
from slr.io.evenly import evenly


class Sample(NamedTuple):
    """A clip, or a piece of one, that a model takes at once.

    Attributes
    ----------
    landmarks : ClipLandmarks
    row : named tuple
        The clip's row of the manifest.
    """

    landmarks: ClipLandmarks
    row: Any


def read_samples(trained: TrainedModel, dataset: Dataset) -> list[Sample]:
    """All samples of the test clips of a model's task, sorted by clip.

    Raises
    ------
    CorpusError
        If the data set or its test clips are missing.
    ModelError
        If the landmarks were made differently from those of training.
    """
    store = cast(LandmarkStore, trained.open(dataset))
    rows = trained.task.clips(trained.params, dataset.split_rows())
    rows = rows[rows.split == "test"]
    if rows.empty:
        raise CorpusError(f"{dataset.splits} has no test clips for this model, against which its export is checked; "
                          "raise splits.test, or name another --data")
    return [Sample(clip.part(piece), row) for row in rows.itertuples() for clip in [store[row.clip_id]]
            for piece in trained.task.pieces(len(clip), trained.params)]


def some(samples: list[Sample], most: int) -> list[Sample]:
    """At most so many of the samples, evenly chosen."""
    return [samples[i] for i in evenly(len(samples), most)]


def hostile(samples: list[Sample]) -> Iterator[tuple[str, ClipLandmarks]]:
    """Clips that nobody records and every program meets: no joint found, a single frame, and the longest one."""
    clip = max((sample.landmarks for sample in samples), key=len)
    yield "all joints missing", replace(clip, coordinates=np.full_like(clip.coordinates, np.nan))
    yield "one frame", clip.part(slice(len(clip) // 2, len(clip) // 2 + 1))
    yield f"the longest ({len(clip)} frames)", clip
