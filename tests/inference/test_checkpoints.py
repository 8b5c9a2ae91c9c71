"""Import of published checkpoints: what is refused and why, and what an imported model can do."""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from typer.testing import CliRunner

from slr.cli import app
from slr.errors import ModelError, ParamsError
from slr.inference.checkpoints import import_checkpoint, parse_settings, read_labels
from slr.inference.model import load_model
from slr.inference.predict import Predictor
from slr.models import build
from slr.models.checkpoints import SYSTEMS, Checkpoint
from slr.models.checkpoints.tensors import unfilled
from slr.params import parse, parse_model
from slr.training.loop import train
from tests.helpers.landmark_corpus import make
from tests.helpers.reference_checkpoints import state_dict, write_checkpoint, write_labels

GLOSSES, WIDTH = 6, 108
SMALL = {"family": "spoter", "published": True, "joints": "spoter-54"}


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """SPOTER as its authors', but of one layer each and 8 hidden units, so that it is quick."""
    sizes = {"transformer.encoder.layers.0.linear1.weight": (8, WIDTH), "linear_class.weight": (GLOSSES, WIDTH),
             "pos": (1, 1, WIDTH), "transformer.decoder.layers.0.x": ()}
    checkpoint = Checkpoint({name: torch.zeros(shape) for name, shape in sizes.items()}, "sizes")
    spoter = SYSTEMS["spoter"]
    model = build(parse_model(spoter.settings(checkpoint, {}), "small"), GLOSSES)
    return state_dict(model, spoter.tensors(checkpoint), 1, {"row_embed": (50, WIDTH), "class_query": (1, WIDTH)})


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "labels.txt", GLOSSES)


@pytest.fixture
def model(state: dict[str, Tensor], labels: Path, tmp_path: Path) -> Path:
    """The small checkpoint's folder."""
    import_checkpoint("spoter", write_checkpoint(tmp_path / "a.pth", state), labels, tmp_path / "a", data=tmp_path)
    return tmp_path / "a"


def test_a_checkpoint_is_read_from_each_kind_of_file(state, model, labels, tmp_path):
    """What SPOTER embeddings' and STF-Net's training writes beside the weights is read past."""
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "b.safetensors")
    files = [tmp_path / "b.safetensors", write_checkpoint(
        tmp_path / "c.pt", {f"module.{name}": tensor for name, tensor in state.items()},
        config_args=Namespace(lr=0.1), val_acc=np.float64(0.5), rng_state={"numpy": np.random.get_state()})]
    expected = load_model(model).model.state_dict()
    for file in files:
        import_checkpoint("spoter", file, labels, tmp_path / "again", data=tmp_path)
        found = load_model(tmp_path / "again").model.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_every_tensor_that_does_not_fit_is_named_with_theirs_and_ours(state, labels, tmp_path):
    changed = {**state, "extra.weight": torch.zeros(2, 3), "linear_class.bias": torch.zeros(7)}
    del changed["transformer.encoder.norm.bias"]
    file = write_checkpoint(tmp_path / "a.pth", changed)
    result = CliRunner().invoke(app, ["import-checkpoint", "spoter", str(file), "--labels", str(labels), "--out",
                                      str(tmp_path / "model"), "--data", str(tmp_path)])
    assert result.exit_code == 1 and not (tmp_path / "model").exists()
    assert "transformer.encoder.norm.bias is missing (ours: encoder.norm.bias)" in result.output
    assert "extra.weight is left over (2 x 3; ours has nothing of it)" in result.output
    assert "linear_class.bias is 7, not 6 (ours: classify.bias)" in result.output


def test_a_checkpoint_of_another_system_is_refused(state, labels, tmp_path):
    file = write_checkpoint(tmp_path / "a.pth", state)
    with pytest.raises(ModelError, match=r"no tensor linear_embed.weight \(its first: row_embed.*name the system"):
        import_checkpoint("spoter-embeddings", file, labels, tmp_path / "model")
    with pytest.raises(ModelError, match=r"wEnc is missing \(ours: embed.weights\)\s+row_embed is left over"):
        import_checkpoint("silt", file, labels, tmp_path / "model")


def test_a_pickled_network_is_refused_with_the_way_out(labels, tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pth")
    with pytest.raises(ModelError, match=r"pickled torch.nn.modules.linear.Linear.*save its weights alone"):
        import_checkpoint("silt", tmp_path / "whole.pth", labels, tmp_path / "model")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    with pytest.raises(ModelError, match="holds no state dict, but epoch"):
        import_checkpoint("silt", tmp_path / "none.pth", labels, tmp_path / "model")


def test_labels_are_a_gloss_for_each_class(state, model, tmp_path):
    (tmp_path / "ids.json").write_text(json.dumps({"1": "RAIN", "0": "HOUSE"}))
    (tmp_path / "list.json").write_text('["HOUSE", "RAIN"]')
    assert read_labels(tmp_path / "ids.json") == read_labels(tmp_path / "list.json") == ["HOUSE", "RAIN"]
    with pytest.raises(ModelError, match="has 2 glosses, and .*a.pth 6 classes"):
        import_checkpoint("spoter", tmp_path / "a.pth", tmp_path / "list.json", tmp_path / "model")
    (tmp_path / "twice.txt").write_text("HOUSE\nHOUSE\n")
    with pytest.raises(ModelError, match="has 'HOUSE' twice"):
        read_labels(tmp_path / "twice.txt")
    with pytest.raises(ModelError, match="holds no glosses"):
        read_labels(tmp_path / "nowhere.txt")


def test_what_no_tensor_shows_is_a_setting(state, labels, tmp_path):
    file = write_checkpoint(tmp_path / "a.pth", state)
    params = import_checkpoint("spoter", file, labels, tmp_path / "model",
                               parse_settings(["heads=12", "augment.noise_std=0"]), tmp_path)
    assert (params.heads, params.augment.noise_std, params.augment.one_at_a_time) == (12, 0, True)
    with pytest.raises(ParamsError, match="heads: 7 heads don't divide the width of 108"):
        import_checkpoint("spoter", file, labels, tmp_path / "model", {"heads": 7}, tmp_path)
    with pytest.raises(ParamsError, match="'heads' is no setting; write NAME=VALUE"):
        parse_settings(["heads"])


def test_a_width_that_was_not_published_needs_its_joints_and_heads(tmp_path):
    sizes = {"linear_class.weight": (2, 40), "transformer.encoder.layers.0.linear1.weight": (8, 40)}
    checkpoint = Checkpoint({name: torch.zeros(shape) for name, shape in sizes.items()}, "a.pth")
    with pytest.raises(ModelError, match=r"40 numbers a frame \(20 joints\).*no joints are published.*--set joints="):
        SYSTEMS["spoter"].settings(checkpoint, {})
    found = SYSTEMS["spoter"].settings(checkpoint, {"joints": "kinect-20", "heads": 4})
    assert (found["joints"], found["heads"]) == ("kinect-20", 4)


def test_tables_fill_every_weight(state):
    checkpoint = Checkpoint(state, "a.pth")
    for system in ("spoter",):
        params = parse_model(SYSTEMS[system].settings(checkpoint, {}), "model")
        assert unfilled(SYSTEMS[system].tensors(checkpoint), build(params, GLOSSES)) == []


def test_an_imported_model_reads_videos_with_this_machines_extractor(model):
    predictor = Predictor(model)
    assert (predictor.reader.frames.fps, predictor.reader.frames.size) == (None, None)
    assert predictor.trained.labels == [f"gloss{i}" for i in range(GLOSSES)]


def test_an_imported_model_is_tested_and_tuned_on_a_corpus_of_ours(state, labels, tmp_path):
    """Its glosses are found by name: in another order, and one that it doesn't know."""
    corpus = make(tmp_path / "data", glosses=4, signers=3, repetitions=2)
    labels.write_text("".join(f"gloss{i}\n" for i in (9, 2, 0, 1, 7, 8)))
    file = write_checkpoint(tmp_path / "a.pth", state)
    import_checkpoint("spoter", file, labels, tmp_path / "a", data=tmp_path / "data")
    (tmp_path / "params.yaml").write_text("{}")
    result = CliRunner().invoke(app, ["evaluate", str(tmp_path / "a"), "--out", str(tmp_path / "tested"), "--data",
                                      str(tmp_path / "data"), "--params", str(tmp_path / "params.yaml")])
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    assert metrics["clips"] == 8 and metrics == json.loads((tmp_path / "tested/metrics.json").read_text())

    tuned = {**load_model(tmp_path / "a").params.model_dump(), "epochs": 1, "lr": 1e-6,
             "start_from": str(tmp_path / "a")}
    train("spoter", parse({"models": {"spoter": tuned}, "compute": {"workers": 1}}), corpus, tmp_path / "tuned",
          tmp_path / "work")
    before, after = (load_model(tmp_path / name).model.state_dict() for name in ("a", "tuned"))
    assert load_model(tmp_path / "tuned").labels == [f"gloss{i}" for i in range(4)]
    theirs, ours = before.pop("classify.weight"), after.pop("classify.weight")
    assert torch.allclose(ours[:3], theirs[[2, 3, 1]], atol=1e-3) and not torch.allclose(ours[3], theirs[0], atol=1e-2)
    del before["classify.bias"], after["classify.bias"]
    assert all(torch.allclose(after[name], before[name], atol=1e-3) for name in before)
    assert not torch.equal(after["class_query"], before["class_query"])
    with pytest.raises(ModelError, match=r"network in .*a is another: decoder.layers.1"):
        train("spoter", parse({"models": {"spoter": {**tuned, "decoder_layers": 2}}}), corpus, tmp_path / "b",
              tmp_path / "work")
    with pytest.raises(ModelError, match="no model in .*nowhere to start from"):
        train("spoter", parse({"models": {"spoter": {**tuned, "start_from": str(tmp_path / "nowhere")}}}), corpus,
              tmp_path / "b", tmp_path / "work")
