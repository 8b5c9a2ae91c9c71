"""Frame-labelled videos for detection: the classes of their labels, and the label of a window."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from slr.params import WindowsParams
from slr.params.windows import LABELS, spelled
from slr.segments.labels import frame_labels

KEPT: dict[int, tuple[str, ...]] = {2: (), 3: ("S", "P"), 4: LABELS}
"""Labels kept for each number of classes besides the positive one; all others become `REST`."""
REST = "rest"


def mapped(label: str, windows: WindowsParams) -> str:
    """The class of a label: `?` mapped to `n` if requested, labels of the positive class to its name, and labels that
    aren't kept to `rest`."""
    label = spelled(label)
    if label == "?" and windows.unknown_as_n:
        label = "n"
    if label.casefold() in windows.positives:
        return windows.signing
    return label if windows.classes == "found" or label in KEPT[windows.classes] else REST


def window_labels(labels: list[str | None], windows: WindowsParams) -> Iterator[tuple[int, str | None]]:
    """First frame and label of each window; None if no frame of it is labelled.

    The label is that of most frames (the alphabetically first if tied, as published); by the rule `any`, it is the
    positive one if at least one frame has it.

    Parameters
    ----------
    labels : list of T str or None
        Classes of the video's frames, already mapped.
    """
    names = sorted({label for label in labels if label is not None})
    counts = np.zeros((len(labels) + 1, len(names)), np.int64)
    for frame, label in enumerate(labels):
        if label is not None:
            counts[frame + 1, names.index(label)] = 1
    counts = counts.cumsum(0)
    length = windows.frames
    assert length is not None  # the whole video has segments, and no window
    for start in range(0, len(labels) - length + 1, windows.stride):
        of_window = counts[start + length] - counts[start]
        if not of_window.any():
            yield start, None
        elif windows.rule == "any" and windows.signing in names and of_window[names.index(windows.signing)]:
            yield start, windows.signing
        else:
            yield start, names[int(of_window.argmax())]


def class_of_frames(segments: Sequence[Mapping[str, Any]], frame_numbers: np.ndarray,
                    windows: WindowsParams) -> list[str | None]:
    """The class of each frame of a stream: `slr.segments.labels.frame_labels`, each `mapped`."""
    return [label and mapped(label, windows) for label in frame_labels(segments, frame_numbers)]
