"""Settings of windows, for corpora that are cut into windows and for models that classify windows of streams."""

from typing import Literal

from slr.params.section import Positive, Section


class WindowsParams(Section):
    """How videos with frame labels are cut into windows."""

    frames: Positive | None = 25
    """Window length in frames; for a corpus, null makes each video one clip with its labels as segments."""
    stride: Positive = 1
    """Stride in frames from one window to the next."""
    classes: Literal["found", 2, 3, 4] = "found"
    """Classes: as in the annotation (`found`); S and the rest (2); S, P and the rest (3); S, P, n, ? and others (4)."""
    unknown_as_n: bool = False
    """Whether frames labelled `?` count as `n`."""
    rule: Literal["majority", "any"] = "majority"
    """Label of a window: that of most of its labelled frames; with `any`, `positive` if at least one frame has that
    label."""
    positive: str = "S"
    """The positive label, used by the rule `any`."""
