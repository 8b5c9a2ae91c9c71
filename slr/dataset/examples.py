"""One example clip per gloss."""

from collections.abc import Mapping

import pandas as pd

GLOSS_JOIN = " "
"""Separator between the glosses of a clip that has several."""


def example_clips(clips: pd.DataFrame, n_frames: Mapping[str, int]) -> dict[str, str]:
    """For each gloss the clip of median length, among those with landmarks and one gloss; else for each gloss sequence.

    Parameters
    ----------
    clips : DataFrame
        Rows of the manifest.
    n_frames : mapping of str to int
        Length of each clip that has landmarks.
    """
    usable = clips[clips.clip_id.isin(n_frames)]
    if (usable.glosses.str.len() == 1).any():
        usable = usable[usable.glosses.str.len() == 1]
    usable = usable.assign(gloss=usable.glosses.map(GLOSS_JOIN.join), length=usable.clip_id.map(n_frames))
    usable = usable.sort_values(["length", "clip_id"])
    return {str(gloss): str(rows.clip_id.iloc[len(rows) // 2]) for gloss, rows in usable.groupby("gloss")}
