"""The glosses that a network reads in one sentence, each with the number that an explanation of it is about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from slr.decoding.align import widen
from slr.decoding.decoder import Decoder
from slr.decoding.records import Gloss, named


@dataclass(frozen=True)
class Reading:
    """One gloss as a network read it.

    Attributes
    ----------
    gloss : Gloss
        Its name; `start` and `end` in moments of the logits, up to the middle of the blanks around it.
    label : int
        Its class.
    said : slice
        The moments in which the most probable path has it.
    """

    gloss: Gloss
    label: int
    said: slice

    def score(self, logits: Tensor) -> Tensor:
        """Scalar: the sum of its logits (T', classes), before the softmax, over the moments in which it is said."""
        return logits[self.said, self.label].sum()


def readings(logits: Tensor, labels: Sequence[str]) -> list[Reading]:
    """The glosses of a sentence in the order of time, by beam search.

    Parameters
    ----------
    logits : Tensor (T', classes)
        The blank is class 0.
    labels : sequence of str
        The model's glosses.
    """
    glosses = Decoder()(logits.detach().log_softmax(1).numpy())[0].glosses
    spans = widen(np.array([(gloss.start, gloss.end) for gloss in glosses]), len(logits))
    return [Reading(Gloss(name.label, float(start), float(end)), gloss.label, slice(int(gloss.start), int(gloss.end)))
            for gloss, name, (start, end) in zip(glosses, named(glosses, labels), spans, strict=True)]
