"""Detection metrics: of windows or frames (signing or not), and of the segments formed from them.

`actual` and `probability` are plain arrays over windows or frames; a probability of at least the threshold is positive.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from slr.metrics.classification import accuracy, macro_f1
from slr.segments import Segment


def pr_auc(actual: np.ndarray, probability: np.ndarray) -> float:
    """Area under the precision-recall curve, as average precision, without interpolation.

    Raises
    ------
    ValueError
        If nothing is positive: then there is no recall.
    """
    from sklearn.metrics import average_precision_score

    if not np.any(actual):
        raise ValueError("a precision-recall curve needs at least one positive")
    return float(average_precision_score(actual, probability))


def precision_recall_f1(actual: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean of (N,) bool arrays; each is 0 if undefined."""
    hits, n_actual, n_predicted = np.sum(actual & predicted), np.sum(actual), np.sum(predicted)
    return (float(hits / max(n_predicted, 1)), float(hits / max(n_actual, 1)),
            float(2 * hits / max(n_actual + n_predicted, 1)))


def best_threshold(actual: np.ndarray, probability: np.ndarray) -> float:
    """The threshold with the highest F1; to be selected on validation, for use on test.

    It is the midpoint between two probabilities; of equally good ones, where these are farthest apart, for the largest
    margin on other clips.

    Raises
    ------
    ValueError
        If nothing is positive.
    """
    from sklearn.metrics import precision_recall_curve

    if not np.any(actual):
        raise ValueError("a threshold can't be chosen without a positive")
    precision, recall, thresholds = precision_recall_curve(actual, probability)
    precision, recall = precision[:-1], recall[:-1]  # the last point has no threshold
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    below = np.append(0, thresholds[:-1])
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    chosen = best[(thresholds - below)[best].argmax()]
    return float((thresholds + below)[chosen] / 2)


def binary_metrics(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Metrics of one class.

    Parameters
    ----------
    actual : (N,) bool array
    probability : (N,) array
    threshold : float
        Selected on other clips: `best_threshold` on validation.

    Returns
    -------
    dict
        `pr_auc`; `f1`, `precision`, `recall` at 0.5; `f1_chosen`, `precision_chosen`, `recall_chosen` at `threshold`,
        which is there too; `f1_best_on_test`, at the threshold that is best for these very clips, an oracle value that
        is often published; `positives`, the share of positives.
    """
    metrics = {"pr_auc": pr_auc(actual, probability), "positives": float(np.mean(actual)), "threshold": threshold}
    for suffix, at in {"": 0.5, "_chosen": threshold}.items():
        values = precision_recall_f1(actual, probability >= at)
        metrics |= {f"{name}{suffix}": value for name, value in zip(("precision", "recall", "f1"), values, strict=True)}
    optimum = best_threshold(actual, probability)
    return {**metrics, "f1_best_on_test": precision_recall_f1(actual, probability >= optimum)[2]}


def by_signer(actual: np.ndarray, probability: np.ndarray, signers: np.ndarray, threshold: float) -> pd.DataFrame:
    """One row per signer, in order: `signer`, `count`, and `binary_metrics`, if the signer has a positive."""
    rows = []
    for signer in sorted(set(signers)):
        own = np.asarray(signers) == signer
        metrics = {"positives": 0.0}
        if actual[own].any():
            metrics = binary_metrics(actual[own], probability[own], threshold)
        rows.append({"signer": signer, "count": int(own.sum()), **metrics})
    return pd.DataFrame(rows)


def class_metrics(probabilities: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    """Metrics of several classes.

    Parameters
    ----------
    probabilities : (N, classes) array
    actual : (N,) int array

    Returns
    -------
    dict
        `accuracy` with its 95 % interval (which assumes independent windows; neighbours aren't, so the true interval is
        wider); `macro_f1`; `macro_pr_auc`, the mean over the classes that occur, each against the rest.
    """
    found = probabilities.argmax(1)
    areas = [pr_auc(actual == label, probabilities[:, label]) for label in np.unique(actual)]
    return {**accuracy("accuracy", found == actual), "macro_f1": macro_f1(actual, found),
            "macro_pr_auc": float(np.mean(areas))}


# Segments


def temporal_iou(a: Segment, b: Segment) -> float:
    """Temporal intersection over union."""
    shared_s = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return max(0.0, shared_s) / (a.length_s + b.length_s - max(0.0, shared_s))


def matches(actual: Sequence[Segment], predicted: Sequence[Segment], iou: float = 0.5) -> list[tuple[int, int]]:
    """Pairs (index of an actual, index of a predicted segment) of one label, matched one to one.

    Greedy: the pair of the highest temporal IoU first, as long as it is at least `iou`.
    """
    overlaps = sorted(((-temporal_iou(a, p), i, j) for i, a in enumerate(actual) for j, p in enumerate(predicted)
                       if a.label == p.label and a.start_s < p.end_s and p.start_s < a.end_s))
    pairs: list[tuple[int, int]] = []
    taken_actual, taken_predicted = set(), set()
    for negative, i, j in overlaps:
        if -negative >= iou and i not in taken_actual and j not in taken_predicted:
            pairs.append((i, j))
            taken_actual.add(i)
            taken_predicted.add(j)
    return pairs


def segment_metrics(clips: Iterable[tuple[Sequence[Segment], Sequence[Segment]]], iou: float = 0.5) -> dict[str, float]:
    """Metrics of segments, over all clips together.

    Parameters
    ----------
    clips : iterable of (actual, predicted)
        The segments of each clip.
    iou : float
        Minimum temporal IoU for two segments of one label to match.

    Returns
    -------
    dict
        `segment_iou`: the time in which a label is both actual and predicted over that in which it is either;
        `segment_precision`, `segment_recall`, `segment_f1`: of the segments, matched by `matches`; `segments`: their
        number.

    Raises
    ------
    ValueError
        If there is no actual segment at all.
    """
    together_s = either_s = 0.0
    hits = n_actual = n_predicted = 0
    for actual, predicted in clips:
        for label in {segment.label for segment in (*actual, *predicted)}:
            a, p = (_spans(segment for segment in which if segment.label == label) for which in (actual, predicted))
            shared_s = sum(max(0.0, min(a_end, p_end) - max(a_start, p_start))
                           for a_start, a_end in a for p_start, p_end in p)
            together_s += shared_s
            either_s += sum(end - start for start, end in (*a, *p)) - shared_s
        hits += len(matches(actual, predicted, iou))
        n_actual += len(actual)
        n_predicted += len(predicted)
    if not n_actual:
        raise ValueError("segments can't be measured without an actual one")
    return {"segment_iou": together_s / either_s, "segment_precision": hits / max(n_predicted, 1),
            "segment_recall": hits / n_actual, "segment_f1": 2 * hits / (n_actual + n_predicted), "segments": n_actual}


def _spans(segments: Iterable[Segment]) -> list[tuple[float, float]]:
    """Start and end of each interval covered by the segments, overlapping ones merged."""
    spans: list[tuple[float, float]] = []
    for segment in sorted(segments, key=lambda segment: segment.start_s):
        if spans and segment.start_s <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], segment.end_s)
        else:
            spans.append((segment.start_s, segment.end_s))
    return spans
