"""Every entry of params.yaml trains on real landmarks and answers: what `-S train.budget=smoke` is for."""

from pathlib import Path

import pytest
import torch

from slr.landmarks.store import LandmarkStore
from slr.params import Params, load
from slr.training.loop import train
from slr.training.trained import load_model
from tests.conftest import REPOSITORY
from tests.pipeline.conftest import Project, reproduced  # noqa: F401  (fixture)

ENTRIES = load(REPOSITORY / "params.yaml")


def test_every_entry_that_the_built_in_corpus_has_clips_for_is_trained_by_the_pipeline():
    isolated = [name for name, settings in ENTRIES.models.items() if settings.task == "isolated"]
    assert ENTRIES.corpus.sample.parts == ["isolated"] and ENTRIES.train.models == isolated


@pytest.mark.parametrize("name", ENTRIES.train.models)
def test_an_entry_trains_on_the_smoke_budget(name: str, reproduced: Project, tmp_path: Path):  # noqa: F811
    params = Params(models={"spoter": ENTRIES.models["spoter"], name: ENTRIES.models[name]},
                    train={"model": name, "models": [name], "budget": "smoke"}, compute={"workers": 1})
    data = reproduced.folder / "data"
    train(name, params, landmarks=data / "landmarks", splits=data / "splits.parquet",
          manifest=data / "manifest.parquet", signers=data / "signers.parquet", out=tmp_path / name,
          work=tmp_path / "work")
    model = load_model(tmp_path / name)
    assert model.config["training"]["epochs"] <= 2
    store = LandmarkStore(data / "landmarks")
    probabilities = model.probabilities(model.clips(store, store.clip_ids[:3]))
    assert probabilities.sum(1) == pytest.approx(torch.ones(3)) and (probabilities >= 0).all()
