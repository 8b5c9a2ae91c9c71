"""Training data of a model: the clips of its task, by split."""

import math
from typing import TYPE_CHECKING

from slr.batches.inputs import Store
from slr.dataset.dataset import Dataset
from slr.errors import CorpusError
from slr.params import ModelParams
from slr.tasks.base import Data, Task, missing_clips

if TYPE_CHECKING:
    import pandas as pd


def read_data(dataset: Dataset, store: Store, task: Task, settings: ModelParams,
              most_clips: int | None = None) -> Data:
    """Read the training and validation clips of a model's task; labels are those of the training clips, sorted.

    With `most_clips`, training clips are subsampled evenly to at most that many.

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
    if most_clips:
        chosen["train"] = chosen["train"].iloc[:: math.ceil(len(chosen["train"]) / most_clips)]
    return task.data(store, chosen, signer_numbers(chosen), settings)


def signer_numbers(rows: "dict[str, pd.DataFrame]") -> "dict[str, pd.Series]":
    """Signer label of each row (column `group`), numbered as in training; -1 for others and if unknown."""
    known = {group: i for i, group in enumerate(sorted(rows["train"].group.dropna().unique()))}
    return {split: part.group.map(known).fillna(-1).astype(int) for split, part in rows.items()}
