"""A task of one's own, outside the package: is a clip's dominant hand the left or the right one?"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.inference.model import TrainedModel
from slr.metrics.classification import accuracy
from slr.params import ModelParams, Params
from slr.params.families.transformer import TransformerParams
from slr.preprocessing.inputs import inputs_of
from slr.tasks import Data
from slr.tasks.isolated import Isolated

LABELS = ["left", "right"]


class Dominance(Isolated):
    """Which hand moves more."""

    name = "tests.helpers.dominance:Dominance"
    title = "Dominant hand"
    answers = "names the dominant hand of a clip"
    evaluator = "tests.helpers.dominance:evaluate"

    def clips(self, settings: ModelParams, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows.glosses.str.len() > 0]

    def data(self, store: LandmarkStore, rows: dict[str, pd.DataFrame], signers: dict[str, pd.Series],
             settings: ModelParams) -> Data:
        return Data(LABELS, **{
            split: inputs_of(settings).load(store, part.clip_id, settings, for_training=True, signers=signers[split],
                                            classes=[LABELS.index(dominant(store, clip)) for clip in part.clip_id])
            for split, part in rows.items()})


class DominanceParams(TransformerParams):
    """The transformer, for the dominant hand."""

    task: ClassVar[str] = "tests.helpers.dominance:Dominance"
    family: str = "tests.helpers.dominance:DominanceParams"


def dominant(store: LandmarkStore, clip_id: str) -> str:
    """The hand whose wrist goes the longer way."""
    clip = store[clip_id]
    ways = {side: np.nansum(np.abs(np.diff(clip.coordinates[:, store.skeleton.index(f"{side}_wrist"), :2], axis=0)))
            for side in LABELS}
    return max(ways, key=ways.__getitem__)


def evaluate(trained: TrainedModel, store: LandmarkStore, rows: pd.DataFrame, out: Path, dataset: Dataset,
             params: Params) -> dict[str, Any]:
    """Top-1 on the test clips."""
    test = rows[rows.split == "test"]
    found = trained.probabilities(trained.clips(store, test.clip_id)).argmax(1).numpy()
    actual = np.array([LABELS.index(dominant(store, clip_id)) for clip_id in test.clip_id])
    return {**accuracy("top1", found == actual), "clips": len(test), "classes": len(LABELS)}
