"""Splicing new sentences from pieces of others, joined at shared glosses."""

from collections import defaultdict

import torch
from torch import Tensor

from slr.preprocessing.batch import Batch
from slr.preprocessing.clips import Clips

MOST_GLOSSES = 12
"""A spliced sentence with this many glosses isn't continued with another, so that it ends."""


class Splicer:
    """Splices frame-labelled sentences at shared glosses.

    A sentence is left after one of its glosses, halfway to the next, and continued after the same gloss in another
    sentence. So every pair of adjacent glosses occurs in a real sentence.

    Parameters
    ----------
    clips : Clips
        Sentences. Those without frame labels, or whose frame labels contradict the targets, are never spliced.
    """

    def __init__(self, clips: Clips):
        self.clips = clips
        self.cuts: dict[int, list[int]] = {}  # per sentence: start, possible splice points, end
        self.glosses: dict[int, list[int]] = {}
        self.having: dict[int, list[tuple[int, int]]] = defaultdict(list)  # gloss -> (sentence, place)
        for clip in range(len(clips)) if clips.frame_targets is not None else ():
            assert clips.frame_targets is not None
            start, length = int(clips.offsets[clip]), int(clips.lengths[clip])
            runs = _runs(clips.frame_targets[start:start + length])
            glosses = [target for target in clips.targets[clip].tolist() if target >= 0]
            if [gloss for gloss, _, _ in runs] != glosses:
                continue
            between = [(end + begin) // 2 for (_, _, end), (_, begin, _) in zip(runs, runs[1:], strict=False)]
            self.cuts[clip] = [start + frame for frame in (0, *between, length)]
            self.glosses[clip] = glosses
            for place, gloss in enumerate(glosses):
                self.having[gloss].append((clip, place))

    def batch(self, indices: Tensor, share: float, generator: torch.Generator) -> Batch:
        """The sentences at `indices` (B,), a share of them spliced; each begins like the one whose id it keeps."""
        spliced = (torch.rand(len(indices), generator=generator) < share).tolist()
        if not any(splice and clip in self.cuts for splice, clip in zip(spliced, indices.tolist(), strict=True)):
            return self.clips.batch(indices)
        frames, targets = [], []
        for clip, splice in zip(indices.tolist(), spliced, strict=True):
            if splice and clip in self.cuts:
                of_frames, glosses = self._splice(clip, generator)
            else:
                start = int(self.clips.offsets[clip])
                of_frames = torch.arange(start, start + int(self.clips.lengths[clip]))
                glosses = [target for target in self.clips.targets[clip].tolist() if target != -1]
            frames.append(of_frames)
            targets.append(torch.tensor(glosses))
        pad = torch.nn.utils.rnn.pad_sequence
        return self.clips.gather(indices, pad(frames, batch_first=True),
                      torch.tensor([len(of_frames) for of_frames in frames]),
                      pad(targets, batch_first=True, padding_value=-1))

    def _splice(self, clip: int, generator: torch.Generator) -> tuple[Tensor, list[int]]:
        """Frames and glosses of a spliced sentence that begins like `clip`."""
        frames, glosses, place = [], [], 0
        while True:
            left = len(self.glosses[clip]) - place
            taken = 1 + int(torch.randint(left, (1,), generator=generator)) if left else 0
            frames.append(torch.arange(self.cuts[clip][place], self.cuts[clip][place + taken]))
            glosses += self.glosses[clip][place:place + taken]
            if taken == left or len(glosses) >= MOST_GLOSSES:
                return torch.cat(frames), glosses
            others = self.having[glosses[-1]]
            clip, place = others[int(torch.randint(len(others), (1,), generator=generator))]
            place += 1


def _runs(labels: Tensor) -> list[tuple[int, int, int]]:
    """(gloss, first frame, end) of each run of one gloss; classes of 0 and below are skipped."""
    values, counts = labels.unique_consecutive(return_counts=True)
    ends = counts.cumsum(0)
    return [(value, end - count, end) for value, count, end in zip(*(x.tolist() for x in (values, counts, ends)),
                                                                  strict=True) if value > 0]
