"""A metric of one's own, outside the package."""

import pandas as pd


def balanced_accuracy(rows: pd.DataFrame) -> float:
    """The mean over the glosses of their clips' top-1."""
    return (rows.gloss == rows.predicted).groupby(rows.gloss).mean().mean()
