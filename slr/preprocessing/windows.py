"""Windows of streams, for detection."""

from typing import TYPE_CHECKING, cast

import pandas as pd

from slr.params import ModelParams
from slr.segments.windows import class_of_frames, window_labels

if TYPE_CHECKING:
    from slr.params.families.stgcn import ScaStgcnDetectionParams
    from slr.preprocessing.inputs import Store


def windows_of(store: "Store", rows: pd.DataFrame, settings: ModelParams) -> list[tuple[int, int, str | None]]:
    """(stream index, first frame, label) of each window; the label is None if no frame of it is labelled.

    A stream shorter than a window is a single window.
    """
    settings = cast("ScaStgcnDetectionParams", settings)
    assert settings.windows.frames is not None
    found: list[tuple[int, int, str | None]] = []
    for clip, row in enumerate(rows.itertuples()):
        labels = class_of_frames(row.segments, store.frame_numbers(row.clip_id), settings.windows)
        windows = settings.windows.model_copy(update={"frames": min(settings.windows.frames, len(labels))})
        found += [(clip, start, label) for start, label in window_labels(labels, windows)]
    return found
