"""Online decoding: chunks of log-probabilities in, glosses out, in bounded memory.

The output doesn't depend on how the frames are divided into chunks. Times are in frames of the logits since the first
one fed, and a gloss's span is its non-blank frames.
"""

from typing import NamedTuple

import numpy as np

from slr.decoding import BLANK
from slr.decoding.beam import TOP, WIDTH, Prefix, PrefixBeam, Step, most_probable
from slr.decoding.ngram import Fusion
from slr.decoding.records import Gloss, checked


class GreedyStream:
    """Greedy decoding of a stream: in total the same glosses and times as `greedy` on all frames at once.

    A gloss is emitted one frame after its end, when neither it nor its time can change.
    """

    def __init__(self) -> None:
        self._frame, self._label, self._start = 0, BLANK, 0

    def feed(self, log_probs: np.ndarray) -> list[Gloss]:
        """Process the next (T, V) frames; returns the glosses that are complete."""
        glosses = []
        for label in checked(log_probs).argmax(axis=1).tolist():
            if label != self._label:
                glosses += self._ended()
                self._label, self._start = label, self._frame
            self._frame += 1
        return glosses

    def finish(self) -> list[Gloss]:
        """End the stream and return the last gloss, if it was still open. The object can't be used afterwards."""
        return self._ended()

    def _ended(self) -> list[Gloss]:
        return [] if self._label == BLANK else [Gloss(self._label, self._start, self._frame)]


class BeamStream:
    """Beam search of a stream.

    A gloss is emitted when it has ended on the best hypothesis' best path, and either every active hypothesis begins
    with it, or it ended `delay` frames ago: then the hypotheses without it are dropped. A hypothesis whose next gloss
    ended that long ago is also dropped if the best one doesn't share that gloss. With a delay longer than the stream,
    the result is that of `beam_search`; the shorter the delay, the less context after a gloss is used.

    Parameters
    ----------
    delay : int
        Frames of the logits after a gloss's end during which it may still change.
    width, top : int
        See `slr.decoding.beam`.
    fusion : Fusion, optional
        Language-model fusion; the stream counts as one sentence.
    """

    def __init__(self, delay: int, width: int = WIDTH, top: int = TOP, fusion: Fusion | None = None):
        self.delay = delay
        self._beam = PrefixBeam(width, top, fusion)
        self._paths = [_Paths(_Path(0.0, ()), None)]  # per prefix of the beam, from the root on
        self._root = self._beam.prefixes[0]  # the emitted prefix
        self._frame, self._out_until = 0, 0

    def feed(self, log_probs: np.ndarray) -> list[Gloss]:
        """Process the next (T, V) frames; returns the glosses that are certain, or whose delay is over."""
        log_probs = checked(log_probs)
        glosses = []
        for frame, classes in zip(log_probs, most_probable(log_probs, self._beam.top), strict=True):
            before, labels = self._paths, [prefix.label for prefix in self._beam.prefixes]
            step = self._beam.advance(frame, classes)
            self._paths = self._followed(before, labels, step, frame)
            self._frame += 1
            while (gloss := self._next()) is not None:
                glosses.append(gloss)
        return glosses

    def finish(self) -> list[Gloss]:
        """End the stream and return the rest of the best hypothesis. The object can't be used afterwards."""
        best = int(np.argmax(self._beam.scores(ended=True)))
        labels = self._beam.prefixes[best].classes(after=self._root)
        return [self._out(label, *span) for label, span in zip(labels, self._paths[best].best.spans, strict=True)]

    def _next(self) -> Gloss | None:
        """The next gloss to emit; it becomes the root of all remaining hypotheses."""
        first = [_first_after(prefix, self._root) for prefix in self._beam.prefixes]
        spans = [paths.best.spans for paths in self._paths]
        best = int(np.argmax(self._beam.scores(ended=False)))
        late = [len(of) > 0 and self._frame - of[0][1] >= self.delay for of in spans]
        agreed = [i for i in range(len(first)) if first[i] is first[best]]
        ended = len(spans[best]) > 0 and spans[best][0][1] < self._frame
        comes_out = ended and (late[best] or len(agreed) == len(first))
        self._keep(agreed if comes_out else [i for i in range(len(first)) if first[i] is first[best] or not late[i]])
        if not comes_out:
            return None
        self._paths = [paths.without_first() for paths in self._paths]
        root = first[best]
        assert root is not None  # a gloss has ended on its best path
        self._root, root.parent = root, None  # frees its ancestors
        return self._out(root.label, *spans[best][0])

    def _keep(self, alive: list[int]) -> None:
        self._beam.keep(alive)
        self._paths = [self._paths[i] for i in alive]

    def _out(self, label: int, start: int, end: int) -> Gloss:
        """The best hypothesis may have changed: a gloss never starts within an emitted one."""
        start = max(start, self._out_until)
        self._out_until = max(end, start + 1)
        return Gloss(label, start, self._out_until)

    def _followed(self, before: list["_Paths"], labels: list[int], step: Step, frame: np.ndarray) -> list["_Paths"]:
        """The best paths of each prefix after a frame."""
        now = (self._frame, self._frame + 1)
        paths = []
        for i, prefix in enumerate(self._beam.prefixes):
            stayed, parent = step.stayed[i], step.grown_from[i]
            to_blank = to_label = None
            path: _Path | None
            if self._beam.blank[i] > -np.inf:
                path = before[stayed].best
                to_blank = _Path(path.score + frame[BLANK], path.spans)
            if self._beam.label[i] > -np.inf:
                ways = []
                if stayed >= 0 and (path := before[stayed].label) is not None:
                    # Without a span if the continued gloss has already been emitted.
                    longer = [(start, now[1]) for start, _ in path.spans[-1:]]
                    ways.append(_Path(path.score, (*path.spans[:-1], *longer)))
                if parent >= 0:
                    path = before[parent].blank if labels[parent] == prefix.label else before[parent].best
                    if path is not None:
                        ways.append(_Path(path.score, (*path.spans, now)))
                path = max(ways, key=lambda way: way.score)
                to_label = _Path(path.score + frame[prefix.label], path.spans)
            paths.append(_Paths(to_blank, to_label))
        return paths


class _Path(NamedTuple):
    """The best path of one state of a prefix: its score, and the frames of the glosses not yet emitted."""

    score: float
    spans: tuple[tuple[int, int], ...]


class _Paths(NamedTuple):
    """The best paths of a prefix's two states; None if the search has pruned a state."""

    blank: _Path | None
    label: _Path | None

    @property
    def best(self) -> _Path:
        return max((path for path in self if path is not None), key=lambda path: path.score)

    def without_first(self) -> "_Paths":
        return _Paths(*(None if path is None else _Path(path.score, path.spans[1:]) for path in self))


def _first_after(prefix: Prefix, root: Prefix) -> Prefix | None:
    """The ancestor of this prefix with one gloss more than the root; None for the root itself."""
    first = None
    while prefix is not root:
        assert prefix.parent is not None  # the root is an ancestor
        first, prefix = prefix, prefix.parent
    return first
