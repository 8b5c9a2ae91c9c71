"""Training data of a model: the clips of its task, by split."""

import math

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.errors import CorpusError
from slr.params import ModelParams
from slr.preprocessing.inputs import Store
from slr.tasks.base import Data, Task, missing_clips


def read_data(dataset: Dataset, store: Store, task: Task, settings: ModelParams, seed: int = 1,
              most_clips: int | None = None) -> Data:
    """Read the training and validation clips of a model's task; labels are those of the training clips, sorted.

    Of the training clips, `train_share` is drawn by `seed`; with `most_clips`, they are then subsampled evenly to at
    most that many.

    Raises
    ------
    CorpusError
        If there is no training clip of the task.
    """
    rows = dataset.split_rows()
    if (missing := missing_clips(task, settings, rows)) is not None:
        family = vars(settings)["family"]
        raise CorpusError(f"the corpus has {missing}, so a model of family {family} can't be trained; choose another "
                          "model, or a corpus that has them (of the built-in one: corpus.sample.parts)")
    rows = task.clips(settings, rows)
    if settings.losses.signers == "pseudo":
        pseudo = dataset.pseudo_signers().rename(columns={"pseudo_signer": "group"})
        rows = rows.merge(pseudo, on="clip_id", how="left")
    else:
        rows = rows.assign(group=rows.signer)
    chosen = {split: rows[rows.split == split].sort_values("clip_id") for split in ("train", "val")}
    if chosen["train"].empty:
        raise CorpusError(f"{dataset.splits} has no training clips for this model; lower splits.val and splits.test, "
                          "or see `slr check`")
    if settings.train_share < 1:
        chosen["train"] = chosen["train"][in_share(chosen["train"].glosses, settings.train_share, seed)]
    if most_clips:
        chosen["train"] = chosen["train"].iloc[:: math.ceil(len(chosen["train"]) / most_clips)]
    return task.data(store, chosen, signer_numbers(chosen), settings)


def signer_numbers(rows: dict[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """Signer label of each row (column `group`), numbered as in training; -1 for others and if unknown."""
    known = {group: i for i, group in enumerate(sorted(rows["train"].group.dropna().unique()))}
    return {split: part.group.map(known).fillna(-1).astype(int) for split, part in rows.items()}


def in_share(glosses: pd.Series, share: float, seed: int) -> np.ndarray:
    """(clips,) bool: whether each clip is among this share of the clips.

    Clips with one gloss are drawn gloss by gloss, all others (sentences, streams) together. The first clip of each
    gloss, in a random order that depends on the seed alone, is always among them, so a larger share contains a smaller
    one.

    Parameters
    ----------
    glosses : Series of lists
        Those of each clip.
    share : float
        Above 0, at most 1; rounded to whole clips for each gloss.
    seed : int
    """
    order = np.random.default_rng(seed).permutation(len(glosses))
    shuffled = glosses.iloc[order].reset_index(drop=True)
    stratum = shuffled.map(lambda own: own[0] if len(own) == 1 else "")
    clips = stratum.groupby(stratum)
    chosen = ((clips.cumcount() + 0.5 <= share * clips.transform("size")) | (clips.cumcount() == 0)).to_numpy(copy=True)
    seen: set[str] = set()
    for place, own in enumerate(shuffled):
        chosen[place] |= not seen.issuperset(own)
        seen.update(own)
    found = np.empty(len(glosses), bool)
    found[order] = chosen
    return found
