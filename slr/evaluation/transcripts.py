"""Recognised glosses of all test sentences: transcripts.csv."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from slr.decoding.records import Hypothesis

TRANSCRIPTS = "transcripts.csv"


def write_transcripts(path: Path, clips: pd.DataFrame, said: Sequence[Sequence[str]], hypotheses: Sequence[Hypothesis],
                      times: Sequence[np.ndarray], too_short: Sequence[bool]) -> None:
    """Write transcripts.csv."""
    pd.DataFrame({
        "clip_id": clips.clip_id, "signer": clips.signer, "reference": clips.glosses.map("|".join),
        "hypothesis": ["|".join(glosses) for glosses in said], "score": [hypothesis.score for hypothesis in hypotheses],
        "starts_s": [_listed(of[:, 0]) for of in times], "ends_s": [_listed(of[:, 1]) for of in times],
        "too_short": too_short,
    }).to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def read_transcripts(path: Path) -> pd.DataFrame:
    """The rows of transcripts.csv: `reference` and `hypothesis` as lists, `too_short` as bool, unknown signers None."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    glosses = {column: rows[column].map(lambda text: text.split("|") if text else []) for column in (
        "reference", "hypothesis")}
    return rows.assign(**glosses, too_short=rows.too_short == "True", signer=rows.signer.where(rows.signer != "", None))


def _listed(seconds: np.ndarray) -> str:
    return "|".join(f"{second:.3f}" for second in seconds)
