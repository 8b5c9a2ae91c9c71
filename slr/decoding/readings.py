"""The glosses recognised in one sentence, with the target of their attribution."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from slr.decoding.align import widen
from slr.decoding.decoder import Decoder
from slr.decoding.records import Gloss, Reading, named
from slr.params.families.ctc import DecodingParams

PLAIN = DecodingParams()


def readings(logits: Tensor, labels: Sequence[str], decoding: DecodingParams = PLAIN) -> list[Reading]:
    """The recognised glosses of a sentence ordered by time, by beam search.

    Parameters
    ----------
    logits : Tensor (T', classes)
        The blank is class 0.
    labels : sequence of str
        The model's glosses.
    decoding : DecodingParams
    """
    glosses = Decoder.of(decoding)(logits.detach().log_softmax(1).cpu().numpy())[0].glosses
    spans = widen(np.array([(gloss.start, gloss.end) for gloss in glosses]), len(logits))
    return [Reading(Gloss(name.label, float(start), float(end)), gloss.label, slice(int(gloss.start), int(gloss.end)))
            for gloss, name, (start, end) in zip(glosses, named(glosses, labels), spans, strict=True)]
