"""Continuous recognition: the glosses of a sentence, in order and with times."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from slr.params import ModelParams
from slr.params.lookup import locate
from slr.tasks.base import ClipVectors, Data, Score, Task

if TYPE_CHECKING:
    import pandas as pd
    from torch import Generator, Tensor, nn

    from slr.decoding.records import Reading
    from slr.params.families.pose_ctc import PoseCtcParams
    from slr.params.families.stfnet import StfnetParams
    from slr.preprocessing.batch import Batch, ClipSet
    from slr.preprocessing.inputs import Store
    from slr.preprocessing.normalise import Normalise

    SentenceParams = PoseCtcParams | StfnetParams


class Continuous(Task["SentenceParams"]):
    """Continuous recognition: the gloss sequence of a sentence."""

    name = "continuous"
    title = "Sentences"
    score = Score("wer", "WER", higher_is_better=False)
    answers, command = "reads sentences", "slr transcribe"
    per_clip = "transcripts.csv"
    evaluator = "slr.evaluation.continuous:evaluate_continuous"

    def clips(self, settings: "SentenceParams", rows: "pd.DataFrame") -> "pd.DataFrame":
        return rows[rows.glosses.str.len() >= settings.min_glosses]

    def lacks(self, settings: "SentenceParams") -> str:
        return f"no sentences of at least {settings.min_glosses} glosses"

    def data(self, store: "Store", rows: "dict[str, pd.DataFrame]", signers: "dict[str, pd.Series]",
             settings: ModelParams) -> Data:
        """Class 0 is CTC's blank: the first gloss is class 1."""
        labels = sorted({gloss for glosses in rows["train"].glosses for gloss in glosses})
        return Data(labels, **{split: sentences(store, part, labels, settings, signers[split])
                               for split, part in rows.items()})

    def facts(self, name: str, data: Data, settings: "SentenceParams") -> dict[str, Any]:
        """`too_short`: ids of training and validation sentences with too few output frames; warns about those of
        training."""
        from slr.io.progress import warn
        from slr.preprocessing.sentences import too_short_clips

        found = {split: too_short_clips(clips, settings.temporal_stride)
                 for split, clips in (("train", data.train), ("val", data.val))}
        if short := found["train"]:
            warn(f"train {name}: {len(short)} of {len(data.train)} sentences have fewer output frames than glosses and "
                 f"repeats and count in no loss ({', '.join(short[:4])}{', ...' if len(short) > 4 else ''}; "
                 "config.json has all); pool less in time, or look at their glosses")
        return {"too_short": found}

    def criterion(self, model: "nn.Module", data: Data, settings: "SentenceParams") -> "nn.Module":
        from slr.losses.ctc import CtcCriterion

        return CtcCriterion(settings.ctc, settings.label_smoothing)

    def batcher(self, clips: Any, settings: ModelParams) -> "Callable[[Tensor, Generator], Batch] | None":
        """Splices training sentences, if the settings ask for it."""
        share = getattr(settings, "splice", 0)
        if not share:
            return None
        from slr.preprocessing.splice import Splicer

        splicer = Splicer(clips)
        return lambda indices, generator: splicer.batch(indices, share, generator)

    def validate(self, model: "nn.Module", data: Data, normalise: "Normalise",
                 settings: "SentenceParams") -> dict[str, float | None]:
        """Mean CTC loss of sentences without unknown glosses that are long enough; WER of greedy decoding, and its
        three kinds of errors."""
        import torch

        from slr.losses.ctc import ctc
        from slr.metrics.wer import Counts, align_glosses, count
        from slr.models.outputs import sentence_log_probabilities
        from slr.preprocessing.sentences import target_lengths, too_short

        clips, counts = data.val, Counts()
        losses: list[Tensor] = []
        for scores, targets in zip(sentence_log_probabilities(model, clips, normalise), clips.targets, strict=True):
            targets = targets[targets != -1]
            best = scores.argmax(1).unique_consecutive()
            counts += count(align_glosses(targets.tolist(), best[best > 0].tolist()))
            length, targets = torch.tensor([len(scores)]), targets[None]
            if (targets > 0).all() and not too_short(length, targets, target_lengths(targets)):
                losses.append(ctc(scores[None], length, targets))
        errors = {"del": counts.deleted, "ins": counts.inserted, "sub": counts.substituted}
        return {"loss": torch.stack(losses).mean().item() if losses else None, "wer": counts.wer,
                **{f"wer_{kind}": number / counts.glosses for kind, number in errors.items()}}

    def answer(self, outputs: "dict[str, Tensor]", settings: "SentenceParams") -> "dict[str, Tensor]":
        return {"log_probabilities": outputs["sequence_logits"][0].log_softmax(1)}

    def answer_score(self, answers: list[dict[str, np.ndarray]], samples: list[Any], labels: list[str],
                     settings: "SentenceParams") -> tuple[str, float]:
        """WER of greedy decoding."""
        from itertools import groupby

        from slr.metrics.wer import Counts, align_glosses, count

        counts = Counts()
        for answer, sample in zip(answers, samples, strict=True):
            best = [label for label, _ in groupby(answer["log_probabilities"].argmax(1)) if label]
            counts += count(align_glosses(list(sample.row.glosses), [labels[label - 1] for label in best]))
        return "wer", counts.wer

    def require_glosses(self, folder: Any) -> None:
        pass

    def logits(self, outputs: "dict[str, Tensor]", settings: "SentenceParams", frames: int) -> "tuple[Tensor, int]":
        return outputs["sequence_logits"][0], settings.temporal_stride

    def readings(self, logits: "Tensor", labels: list[str], settings: "SentenceParams") -> "list[Reading]":
        # By dotted name: training doesn't depend on the decoder.
        return locate("slr.decoding.readings:readings")(logits, labels, settings.decoding)

    def clip_vectors(self, trained: Any, store: Any, rows: "pd.DataFrame", of: str) -> list[ClipVectors]:
        """A vector for each output frame."""
        clips, stride, found = trained.clips(store, rows.clip_id), trained.params.temporal_stride, []
        for features, frames in zip(trained.sequence_features(clips), clips.lengths.tolist(), strict=True):
            edges = np.minimum(np.arange(len(features) + 1) * stride, frames) / frames
            found.append(ClipVectors(np.ascontiguousarray(features, np.float32), np.stack([edges[:-1], edges[1:]], 1),
                                     [None] * len(features)))
        return found


def sentences(store: "Store", rows: "pd.DataFrame", labels: list[str], settings: ModelParams,
              signers: "pd.Series | None" = None) -> "ClipSet":
    """Sentences with their gloss classes, and with frame labels if all rows have segments."""
    from slr.preprocessing.inputs import inputs_of
    from slr.preprocessing.sentences import frame_classes, gloss_classes

    clips = inputs_of(settings).load(store, rows.clip_id, settings, for_training=True, signers=signers)
    return clips.with_sentences(gloss_classes(rows, labels), frame_classes(store, rows, labels))
