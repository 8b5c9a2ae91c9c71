"""Settings of windows: of a corpus that is cut into them, and of a model that reads streams through them."""

from typing import Literal

from slr.params.section import Positive, Section


class WindowsParams(Section):
    """How videos with labelled frames are cut into windows."""

    frames: Positive | None = 25
    """Frames of a window; of a corpus, null makes each video one clip with its labels as segments."""
    stride: Positive = 1
    """Frames from the start of a window to the start of the next."""
    classes: Literal["found", 2, 3, 4] = "found"
    """Labels that are told apart: as `found`; S and the rest (2); S, P and the rest (3); S, P, n, ? and others (4)."""
    unknown_as_n: bool = False
    """Whether frames labelled `?` count as `n`."""
    rule: Literal["majority", "any"] = "majority"
    """A window's label is that of most of its labelled frames; by `any`, one `positive` frame is enough for that."""
    positive: str = "S"
    """The label that the rule `any` is about."""
