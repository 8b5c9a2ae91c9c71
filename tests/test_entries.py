"""Every entry of both files of settings trains on real landmarks and answers: what `-S train.budget=smoke` is for.

Published forms train in tests of their own (tests/training/test_published*.py, test_rgb.py, test_embedding_runs.py).
"""

from pathlib import Path

import pytest
import torch

from slr.dataset.dataset import Dataset
from slr.dataset.manifest import read_manifest
from slr.inference.model import load_model
from slr.params import Params, load
from slr.training.loop import train
from tests.helpers import REPOSITORY
from tests.helpers.project import Project

ENTRIES = load(REPOSITORY / "params.yaml")
LISTED = [*ENTRIES.train.models, *ENTRIES.zoo.models]

OURS = [name for name in LISTED if not getattr(ENTRIES.models[name], "published", False)]

PARTS = {"isolated": "isolated", "detection": "streams", "continuous": "sentences"}
"""The part of the built-in corpus that a task needs."""


def test_every_entry_is_trained_by_the_pipeline_and_the_built_in_corpus_has_clips_for_it():
    assert list(ENTRIES.models) == LISTED
    assert {PARTS[ENTRIES.models[name].task] for name in ENTRIES.train.models} == set(ENTRIES.corpus.sample.parts)


@pytest.mark.parametrize("name", OURS)
def test_an_entry_trains_on_the_smoke_budget(name: str, reproduced: Project, tmp_path: Path):
    params = Params(models={"spoter": ENTRIES.models["spoter"], name: ENTRIES.models[name]},
                    train={"model": name, "models": [name], "budget": "smoke"}, compute={"workers": 1})
    data = reproduced.folder / "data"
    train(name, params, Dataset.below(data), out=tmp_path / name, work=tmp_path / "work")
    model = load_model(tmp_path / name)
    assert model.config["training"]["epochs"] <= 2
    store = model.open(Dataset.below(data))
    clips = model.clips(store, model.task.clips(model.params, read_manifest(data / "manifest.parquet")).clip_id[:3])
    if model.params.task == "continuous":
        answers = torch.cat([torch.from_numpy(scores).exp() for scores in model.log_probabilities(clips)])
    else:
        answers = model.probabilities(clips)
    assert answers.sum(1) == pytest.approx(torch.ones(len(answers)), abs=1e-5) and (answers >= 0).all()
