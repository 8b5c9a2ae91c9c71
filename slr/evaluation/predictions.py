"""Predictions for all test clips: predictions.csv."""

from pathlib import Path

import numpy as np
import pandas as pd

from slr.metrics.classification import TOP, ranks

PREDICTIONS = "predictions.csv"


def rank_predictions(probabilities: np.ndarray, labels: list[str], clips: pd.DataFrame) -> pd.DataFrame:
    """Predictions for clips, ranked by probability: the rows of predictions.csv.

    Parameters
    ----------
    probabilities : array (clips, classes)
    labels : list of str
        Gloss of each class.
    clips : DataFrame
        `clip_id`, `signer` and `gloss`.
    """
    names = np.array(labels)
    classes = clips.gloss.map({gloss: i for i, gloss in enumerate(labels)}).fillna(-1).astype(int).to_numpy()
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return pd.DataFrame({
        "clip_id": clips.clip_id, "signer": clips.signer, "gloss": clips.gloss, "predicted": names[order[:, 0]],
        "rank": ranks(probabilities, classes), "probability": probabilities.max(1),
        "top5": ["|".join(names[best]) for best in order[:, :TOP]],
    })


def write_predictions(path: Path, predictions: pd.DataFrame) -> None:
    """Write the rows of `rank_predictions` as CSV."""
    predictions.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def read_predictions(path: Path) -> pd.DataFrame:
    """Predictions, one row per test clip. Names stay text (a gloss may be `1` or `NA`); unknown signers are missing."""
    names = ["clip_id", "signer", "gloss", "predicted", "top5"]
    rows = pd.read_csv(path, dtype=dict.fromkeys(names, str), keep_default_na=False)
    return rows.assign(signer=rows.signer.where(rows.signer != "", None))
