"""The device of inference: refused where it isn't there, and the same answers on a GPU."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.landmark_store import LandmarkStore
from slr.errors import ParamsError
from slr.evaluation.evaluate import evaluate
from slr.inference.features import write_features
from slr.inference.joint_importance import joint_importance
from slr.inference.model import load_model
from slr.params import parse
from tests.helpers import landmark_corpus
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, save_untrained

SIGNS = {"family": "spoter", "d_model": 16, "heads": 2}


@pytest.mark.parametrize("arguments", [
    ["predict", "a.mp4"], ["segments", "a.mp4"], ["transcribe", "a.mp4"], ["explain", "a.mp4", "--out", "why"],
    ["features", "--out", "a.parquet"], ["map"]], ids=lambda arguments: arguments[0])
def test_every_command_that_runs_a_model_refuses_a_device_that_is_not_here(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*arguments, "--device", "cuda:99"])
    assert done.exit_code == 1 and "set it to" in done.stderr and "auto" in done.stderr
    assert done.stderr.startswith("error: device: this machine")
    assert not list(tmp_path.iterdir())


def test_a_test_refuses_a_device_that_is_not_here(tmp_path):
    dataset = landmark_corpus.make(tmp_path / "data", repetitions=1)
    folder = save_untrained(tmp_path / "model", SIGNS, ["gloss0", "gloss1"], dataset.landmark_store.metadata)
    params = parse({"evaluation": {"device": "cuda:99"}, "compute": {"workers": 1}})
    with pytest.raises(ParamsError, match="evaluation.device: this machine"):
        evaluate(folder, params, dataset, tmp_path / "metrics.json", tmp_path / "report")


def test_a_named_device_gives_what_the_default_gives(tmp_path):
    dataset = landmark_corpus.make(tmp_path / "data", repetitions=1)
    folder = save_untrained(tmp_path / "model", SIGNS, ["a", "b"], dataset.landmark_store.metadata)
    for name, options in {"default": {}, "named": {"device": "cpu"}}.items():
        write_features(tmp_path / f"{name}.parquet", model=folder, data=tmp_path / "data", split="train", **options)
    assert (tmp_path / "default.parquet").read_bytes() == (tmp_path / "named.parquet").read_bytes()
    assert load_model(folder).device == torch.device("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
@pytest.mark.parametrize("settings", [SIGNS, DETECTOR, FROM_LANDMARKS], ids=lambda settings: settings["family"])
def test_a_gpu_gives_the_same_answers(settings, tmp_path):
    dataset = landmark_corpus.make(tmp_path / "data", repetitions=1)
    folder = save_untrained(tmp_path / "model", settings, ["a", "b"], dataset.landmark_store.metadata)
    store, answers, importances = LandmarkStore(dataset.landmarks), [], []
    for device in ("cpu", "cuda"):
        trained = load_model(folder, device=device)
        clips = trained.clips(store, store.clip_ids[:3])
        assert trained.device.type == device
        answers.append(np.concatenate(trained.log_probabilities(clips)) if trained.params.task == "continuous"
                       else trained.outputs(clips)["logits"].numpy())
        if trained.params.task == "isolated":
            importances.append(joint_importance(trained, trained.clips(store, store.clip_ids[:1]))[0].values)
    np.testing.assert_allclose(*answers, atol=1e-3)
    if importances:
        np.testing.assert_allclose(*importances, atol=1e-3)
