"""Settings of windows, for corpora that are cut into windows and for models that classify windows of streams."""

from typing import Annotated, Literal

from pydantic import Field

from slr.params.section import Frames, Positive, Section

SIGNING = "S"
LABELS = (SIGNING, "P", "n", "?")
"""The labels of signing, speaking, neither and unknown, in SCA-STGCN's spelling."""


def spelled(label: str) -> str:
    """A label of `LABELS` as it is spelled there, whatever its case; any other label unchanged."""
    return next((known for known in LABELS if known.casefold() == label.casefold()), label)


class WindowsParams(Section):
    """How videos with frame labels are cut into windows."""

    frames: Frames | None = 25
    """Window length in frames; for a corpus, null makes each video one clip with its labels as segments."""
    stride: Positive = 1
    """Stride in frames from one window to the next."""
    classes: Literal["found", 2, 3, 4] = "found"
    """Classes: as in the annotation (`found`); `positive` and the rest (2); S, P and the rest (3); S, P, n, ? and
    others (4)."""
    unknown_as_n: bool = False
    """Whether frames labelled `?` count as `n`."""
    rule: Literal["majority", "any"] = "majority"
    """Label of a window: that of most of its labelled frames; with `any`, `positive` if at least one frame has that
    label."""
    positive: str | Annotated[list[str], Field(min_length=1)] = SIGNING
    """The label that counts as signing, or several, which are then one class, called like the first; upper and lower
    case are alike."""

    @property
    def signing(self) -> str:
        """The positive class: the label of `positive`, or the first of several."""
        return spelled(self.positive if isinstance(self.positive, str) else self.positive[0])

    @property
    def positives(self) -> frozenset[str]:
        """The labels of the positive class, in lower case."""
        return frozenset(map(str.casefold, [self.positive] if isinstance(self.positive, str) else self.positive))
