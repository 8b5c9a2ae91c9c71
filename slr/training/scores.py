"""What a model is chosen by: the score on validation that each task has."""

from typing import NamedTuple

from slr.params.families.training import Task


class Score(NamedTuple):
    """A score.

    Attributes
    ----------
    column : str
        Of the history, and its name among a model's metrics.
    title : str
        Of its plot.
    sign : int
        1 where more of it is better, -1 where less is.
    """

    column: str
    title: str
    sign: int


SCORES: dict[Task, Score] = {
    "isolated": Score("val_top1", "top-1", 1),
    "detection": Score("val_pr_auc", "PR-AUC", 1),
    "continuous": Score("val_wer", "WER", -1),
}
