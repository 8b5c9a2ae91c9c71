"""Evaluation of continuous models: recognised glosses in unseen sentences, and their times."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.decoding.decoder import Decoder
from slr.decoding.ngram import Fusion, train_ngrams
from slr.decoding.records import Gloss, Hypothesis, in_seconds, named
from slr.evaluation.transcripts import TRANSCRIPTS, write_transcripts
from slr.inference.model import TrainedModel
from slr.metrics.phoenix import cleanup_for
from slr.metrics.sclite import Utterance, require_sclite, sclite, write_ctm, write_stm
from slr.metrics.wer import Alignment, Cleanup, align_sentences, count, counts_by_gloss, wer_metrics
from slr.params import Params
from slr.params.families.ctc import DecodingParams
from slr.preprocessing.clips import padded
from slr.preprocessing.inputs import Store
from slr.preprocessing.sentences import gloss_classes, too_short

BY_GLOSS = "glosses.csv"
STM, CTM = "test.stm", "test.ctm"
ORDER = 3
"""Order of the language model: a trigram model."""
WEIGHTS = (0.25, 0.5, 1.0, 1.5, 2.0)
"""Candidate weights of the language model, selected on validation; each with and without an equally large bonus per
gloss."""


def evaluate_continuous(trained: TrainedModel, store: Store, clips: pd.DataFrame, out: Path, dataset: Dataset,
                        params: Params) -> dict[str, float]:
    """The metrics of a continuous model, and transcripts.csv and glosses.csv in the folder `out`.

    Parameters
    ----------
    trained : TrainedModel
    store : LandmarkStore or FrameStore
        Store of the model's input type.
    clips : DataFrame
        The manifest's rows of all sentences, with `split`.
    out : Path
        transcripts.csv: `clip_id`, `signer`, `reference`, `hypothesis` (glosses with `|` between), `score`,
        `starts_s`, `ends_s`, `too_short` of each test sentence; glosses.csv: `gloss`, `correct`, `substituted`,
        `deleted`, `inserted`.
    dataset : Dataset
        Not used, but part of the evaluator interface.
    params : Params
        `evaluation.cleanup`: clean-up of reference and hypothesis before errors are counted (`slr.metrics.phoenix`).
        Transcripts are not cleaned up. `evaluation.wer: sclite`: NIST's tool aligns the test sentences, and test.stm
        and test.ctm are written too (`sclite_alignments`).

    Returns
    -------
    dict
        `slr.metrics.wer.wer_metrics` of beam search without a language model, and of validation sentences, if there
        are any, `val_wer_beam`; `wer_greedy`; `wer_lm`, with a language model of the training glosses, whose weight and
        bonus are tuned on validation (left out without validation sentences); if there is a clean-up, `wer_uncleaned`
        without it and `wer_merged` with its lenient variant (`slr.metrics.phoenix.MERGED`); `wer_sentences`, over clips
        with several glosses only, if there are also clips with one; `too_short`, test sentences with fewer output
        frames than their glosses need; `boundary_error_ms`, mean absolute error of the start and end times of
        recognised glosses, if the corpus has ground truth; `signers`, `classes`.

    Raises
    ------
    ScoringError
        If `evaluation.wer` is sclite, and the tool isn't installed or can't read a name or gloss.
    """
    by_sclite = params.evaluation.wer == "sclite"
    if by_sclite:
        require_sclite()
    clean = cleanup_for(params.evaluation.cleanup, params.corpus.name)
    rows = {split: clips[clips.split == split].reset_index(drop=True) for split in ("train", "val", "test")}
    test = rows["test"]
    read = {split: trained.clips(store, of.clip_id) for split, of in rows.items() if split != "train" and len(of)}
    found = {split: trained.log_probabilities(of) for split, of in read.items()}
    references = {split: [list(glosses) for glosses in of.glosses] for split, of in rows.items()}

    decoder = Decoder.of(trained.decoding, boundaries="middle")
    hypotheses = [decoder(scores)[0] for scores in found["test"]]
    said = [_names(hypothesis, trained.labels) for hypothesis in hypotheses]
    timed = [_times(hypothesis, trained.temporal_stride, store.fps(clip_id) * seen / store.n_frames[clip_id])
             for hypothesis, clip_id, seen in zip(hypotheses, test.clip_id, read["test"].lengths.tolist(), strict=True)]
    alignments = (sclite_alignments(out, test, said, timed, clean) if by_sclite else
                  align_sentences(references["test"], said, clean))
    metrics = wer_metrics(alignments, [signer if isinstance(signer, str) else None for signer in test.signer])
    metrics |= _other_cleanups(references["test"], said, params)
    metrics |= _other_readings(trained, references, found, said, clean)
    targets = padded(gloss_classes(test, trained.labels))
    glosses = (targets != -1).sum(1)
    moments = glosses.new_tensor([len(scores) for scores in found["test"]])
    short = too_short(moments, targets, glosses).tolist()
    metrics["too_short"] = sum(short)
    errors_s = [_boundary_errors(alignment, times, clip, store) for alignment, times, clip in zip(
        align_sentences(references["test"], said), timed, test.itertuples(), strict=True)]
    if any(map(len, errors_s)):
        metrics["boundary_error_ms"] = float(1000 * np.concatenate(errors_s).mean())
    write_transcripts(out / TRANSCRIPTS, test, said, hypotheses, timed, short)
    _write_glosses(out / BY_GLOSS, alignments)
    return metrics | {"classes": len(trained.labels), "signers": int(test.signer.nunique())}


def sclite_alignments(out: Path, test: pd.DataFrame, said: Sequence[Sequence[str]], timed: Sequence[np.ndarray],
                      clean: Cleanup | None = None) -> list[Alignment]:
    """Alignments by sclite, whose files remain in the folder `out`: test.stm and test.ctm.

    Parameters
    ----------
    out : Path
    test : DataFrame
        The manifest's rows of the sentences.
    said : sequence of sequences of str
        The recognised glosses of each.
    timed : sequence of arrays (glosses, 2)
        Their times in seconds.
    clean : Cleanup, optional
        Clean-up of reference and hypothesis; the glosses that it leaves have no times of their own, and get their
        numbers in the sentence, in tenths of a second.

    Raises
    ------
    ScoringError
        If the tool isn't installed, or can't read the name of a clip or signer, or a gloss.
    """
    references = [list(glosses) for glosses in test.glosses]
    if clean is not None:
        references, said = [*map(clean.reference, references)], [*map(clean.hypothesis, said)]
        timed = [(np.arange(len(glosses))[:, None] + [0, 1]) / 10 for glosses in said]
    signers = [signer if isinstance(signer, str) else "unknown" for signer in test.signer]
    write_stm(out / STM, [Utterance(*row) for row in zip(test.clip_id, signers, map(tuple, references), strict=True)])
    write_ctm(out / CTM, [(clip_id, [Gloss(label, *span) for label, span in zip(glosses, spans.tolist(), strict=True)])
                          for clip_id, glosses, spans in zip(test.clip_id, said, timed, strict=True)])
    found = sclite(out / STM, out / CTM)
    return [found[clip_id] for clip_id in test.clip_id]


def _other_cleanups(test: Sequence[Sequence[str]], said: Sequence[Sequence[str]], params: Params) -> dict[str, float]:
    """WER without the clean-up, and with its lenient variant, if there is one."""
    merged = cleanup_for(params.evaluation.cleanup, params.corpus.name, merged=True)
    return {} if merged is None else {"wer_uncleaned": _wer(test, said), "wer_merged": _wer(test, said, merged)}


def _other_readings(trained: TrainedModel, references: dict[str, list[list[str]]], scores: dict[str, list[np.ndarray]],
                    said: Sequence[Sequence[str]], clean: Cleanup | None) -> dict[str, float]:
    """WER of clips with several glosses, of greedy decoding, of validation sentences, and with a language model, as far
    as they apply."""
    test, labels, decoding = references["test"], trained.labels, trained.decoding
    metrics: dict[str, float] = {}
    several = [i for i, glosses in enumerate(test) if len(glosses) > 1]
    if 0 < len(several) < len(test):
        metrics["wer_sentences"] = _wer([test[i] for i in several], [said[i] for i in several], clean)
    metrics["wer_greedy"] = _wer(test, _read(Decoder.of(decoding, "greedy"), scores["test"], labels), clean)
    if "val" in scores:
        metrics["val_wer_beam"] = _wer(references["val"], _read(Decoder.of(decoding), scores["val"], labels), clean)
        metrics |= _with_language_model(references, scores, labels, decoding, clean)
    return metrics


def _read(decoder: Decoder, scores: Sequence[np.ndarray], labels: Sequence[str]) -> list[list[str]]:
    """The glosses of each sentence."""
    return [_names(decoder(of)[0], labels) for of in scores]


def _with_language_model(references: dict[str, list[list[str]]], scores: dict[str, list[np.ndarray]],
                         labels: Sequence[str], decoding: DecodingParams,
                         clean: Cleanup | None) -> dict[str, float]:
    """`wer_lm` of the test sentences, and the language-model fusion selected on validation."""
    known = set(labels)  # all of them, but limited if the budget restricts the clips
    trained_on = [glosses for glosses in references["train"] if known.issuperset(glosses)]
    fusion = choose_fusion(trained_on, labels, scores["val"], references["val"], decoding, clean)
    hypotheses = _read(Decoder.of(decoding, fusion=fusion), scores["test"], labels)
    return {"wer_lm": _wer(references["test"], hypotheses, clean), "lm_weight": fusion.weight,
            "lm_bonus": fusion.insertion_bonus}


def choose_fusion(trained_on: Sequence[Sequence[str]], labels: Sequence[str], scores: Sequence[np.ndarray],
                  references: Sequence[Sequence[str]], decoding: DecodingParams,
                  clean: Cleanup | None = None) -> Fusion:
    """The language-model fusion with the lowest WER on these sentences; the smallest weight if tied.

    Parameters
    ----------
    trained_on : sequence of sequences of str
        Glosses of the training sentences, on which the language model is estimated.
    labels : sequence of str
        The model's glosses.
    scores : sequence of array (T', classes)
        Log-probabilities of the validation sentences.
    references : sequence of sequences of str
        Their glosses.
    decoding : DecodingParams
    clean : Cleanup, optional
        Clean-up of reference and hypothesis before errors are counted.
    """
    model = train_ngrams(trained_on, labels, ORDER)
    tried = [Fusion(model, weight, bonus) for weight in WEIGHTS for bonus in (0.0, weight)]
    return min(tried, key=lambda fusion: _wer(references, _read(Decoder.of(decoding, fusion=fusion), scores, labels),
                                              clean))


def _names(hypothesis: Hypothesis, labels: Sequence[str]) -> list[str]:
    return [gloss.label for gloss in named(hypothesis.glosses, labels)]


def _wer(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]],
         clean: Cleanup | None = None) -> float:
    return count(chain.from_iterable(align_sentences(references, hypotheses, clean))).wer


def _times(hypothesis: Hypothesis, temporal_stride: int, fps: float) -> np.ndarray:
    """(glosses, 2) seconds: start and end of each gloss, at the frame rate of the model's input."""
    timed = in_seconds(hypothesis.glosses, temporal_stride, fps)
    return np.array([(gloss.start, gloss.end) for gloss in timed]).reshape(-1, 2)


def _boundary_errors(alignment: Alignment, times: np.ndarray, clip: Any, store: Store) -> np.ndarray:
    """Absolute errors in seconds of the start and end times of recognised glosses."""
    if len(clip.segments) != len(clip.glosses):
        return np.empty(0)
    numbers, fps = store.frame_numbers(clip.clip_id), store.fps(clip.clip_id)
    truth = [np.searchsorted(numbers, [segment["start"], segment["end"]]) / fps for segment in clip.segments]
    reference = hypothesis = 0
    errors = []
    for pair in alignment:
        if pair.op == "C":
            errors.append(np.abs(truth[reference] - times[hypothesis]))
        reference += pair.reference is not None
        hypothesis += pair.hypothesis is not None
    return np.concatenate(errors) if errors else np.empty(0)


def _write_glosses(path: Path, alignments: Sequence[Alignment]) -> None:
    """Write glosses.csv, worst gloss first."""
    rows = [(gloss, of.correct, of.substituted, of.deleted, of.inserted)
            for gloss, of in sorted(counts_by_gloss(alignments).items(), key=lambda item: (-item[1].errors, item[0]))]
    pd.DataFrame(rows, columns=["gloss", "correct", "substituted", "deleted", "inserted"]).to_csv(
        path, index=False, lineterminator="\n")
