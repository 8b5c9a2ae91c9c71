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
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.errors import ModelError, ParamsError
from slr.inference.checkpoints import import_checkpoint, parse_settings, read_labels
from slr.inference.model import load_model
from slr.inference.predict import Predictor
from slr.models import build
from slr.models.checkpoints import SYSTEMS, Checkpoint
from slr.models.checkpoints.tensors import convert, unfilled
from slr.params import parse_model
from slr.training import resume
from slr.training.data import read_data
from slr.training.loop import fit, prepare
from slr.training.parallel import join
from tests.helpers.landmark_corpus import make
from tests.helpers.reference_checkpoints import state_dict, write_checkpoint, write_labels

GLOSSES, WIDTH = 6, 108


def small(classes: int = GLOSSES) -> dict[str, Tensor]:
    """SPOTER as its authors', but of one layer each and 8 hidden units, so that it is quick."""
    sizes = {"transformer.encoder.layers.0.linear1.weight": (8, WIDTH), "linear_class.weight": (classes, WIDTH),
             "pos": (1, 1, WIDTH), "transformer.decoder.layers.0.x": ()}
    checkpoint = Checkpoint({name: torch.zeros(shape) for name, shape in sizes.items()}, "sizes")
    spoter = SYSTEMS["spoter"]
    model = build(parse_model(spoter.settings(checkpoint, {}), "small"), classes)
    return state_dict(model, spoter.tensors(checkpoint), 1, {"row_embed": (50, WIDTH), "class_query": (1, WIDTH)})


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return small()


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
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(ModelError, match="holds no glosses"):
        read_labels(tmp_path / "empty.txt")
    with pytest.raises(ModelError, match="nowhere.txt can't be read"):
        read_labels(tmp_path / "nowhere.txt")


def test_a_detector_needs_the_label_that_it_finds(tmp_path):
    """What its classes are called is told by the labels alone."""
    file = write_checkpoint(tmp_path / "a.pth", {"cls_head.net.4.weight": torch.zeros(2, 512)})
    (tmp_path / "labels.txt").write_text("rest\nsigning\n")
    with pytest.raises(ModelError, match="labels.txt has no label S, which windows.positive says to find"):
        import_checkpoint("sca-stgcn", file, tmp_path / "labels.txt", tmp_path / "model", data=tmp_path)
    (tmp_path / "labels.txt").write_text("rest\nS\n")
    with pytest.raises(ModelError, match=r"backbone.layers.0.gc.lin.weight is missing \(ours: blocks.0.linear.weight"):
        import_checkpoint("sca-stgcn", file, tmp_path / "labels.txt", tmp_path / "model", data=tmp_path)


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


def test_no_weight_of_ours_stays_random(state):
    checkpoint = Checkpoint(state, "a.pth")
    table = SYSTEMS["spoter"].tensors(checkpoint)
    network = build(parse_model(SYSTEMS["spoter"].settings(checkpoint, {}), "model"), GLOSSES)
    assert unfilled(table, network) == []
    network.extra = torch.nn.Linear(2, 2, bias=False)
    with pytest.raises(ModelError, match="a.pth doesn't fit the network:\\s+nothing of it is our extra.weight"):
        convert(checkpoint, table, network)


def test_an_imported_model_reads_videos_with_this_machines_extractor(model):
    predictor = Predictor(model)
    assert (predictor.reader.frames.fps, predictor.reader.frames.size) == (None, None)
    assert predictor.trained.labels == [f"gloss{i}" for i in range(GLOSSES)]


def test_an_imported_model_reads_a_video_as_the_landmarks_of_its_data_set(state, labels, tiny_corpus, tiny_landmarks,
                                                                          tmp_path):
    file = write_checkpoint(tmp_path / "a.pth", state)
    import_checkpoint("spoter", file, labels, tmp_path / "a", data=tiny_landmarks.parent)
    row = read_manifest(tiny_corpus / "manifest.parquet").iloc[0]
    found = dict(Predictor(tmp_path / "a").predict(tiny_corpus / row.media, top=GLOSSES))
    trained = load_model(tmp_path / "a")
    expected = trained.probabilities(trained.clips(LandmarkStore(tiny_landmarks), [row.clip_id]))[0]
    assert [found[label] for label in trained.labels] == pytest.approx(expected.tolist(), abs=1e-4)


def test_an_imported_model_is_tested_and_tuned_on_a_corpus_of_ours(tmp_path):
    """Its classes are in the order of their glosses, as those of the corpus."""
    corpus = make(tmp_path / "data", glosses=4, signers=3, repetitions=2)
    (tmp_path / "labels.txt").write_text("gloss2\ngloss0\ngloss3\ngloss1\n")
    state = small(classes=4)
    file = write_checkpoint(tmp_path / "a.pth", state)
    import_checkpoint("spoter", file, tmp_path / "labels.txt", tmp_path / "a", data=tmp_path / "data")
    (tmp_path / "params.yaml").write_text("{}")
    result = CliRunner().invoke(app, ["evaluate", str(tmp_path / "a"), "--out", str(tmp_path / "tested"), "--data",
                                      str(tmp_path / "data"), "--params", str(tmp_path / "params.yaml")])
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    assert metrics["clips"] == 8 and metrics == json.loads((tmp_path / "tested/metrics.json").read_text())

    trained = load_model(tmp_path / "a")
    settings = trained.params.model_copy(update={"epochs": 1, "lr": 1e-6})
    data = read_data(corpus, trained.open(corpus), trained.task, settings)
    assert data.labels == trained.labels == [f"gloss{i}" for i in range(4)]
    assert torch.equal(trained.model.classify.weight, state["linear_class.weight"][[1, 3, 0, 2]])
    run, _ = prepare("a", settings, trained.task, trained.inputs, data, torch.device("cpu"), "fp32", 1, join(),
                     tmp_path)
    run.model.load_state_dict(trained.model.state_dict())
    after = fit(run, resume.Checkpoint(tmp_path / "work")).best
    before = trained.model.state_dict()
    assert all(torch.allclose(after[name], before[name], atol=1e-3) for name in before)
    assert not torch.equal(after["class_query"], before["class_query"])


def test_an_imported_embedding_knows_the_training_clips_of_a_data_set(tmp_path):
    corpus = make(tmp_path / "data", glosses=3, signers=3, repetitions=2)
    shapes = {"linear_embed.weight": (5, WIDTH), "transformer.encoder.layers.0.linear1.weight": (8, WIDTH),
              "transformer.decoder.layers.0.x": ()}
    system = "spoter-embeddings"
    found = Checkpoint({name: torch.zeros(shape) for name, shape in shapes.items()}, "sizes")
    state = state_dict(build(parse_model(SYSTEMS[system].settings(found, {}), "small"), 1),
                       SYSTEMS[system].tensors(found), 1, {})
    file = write_checkpoint(tmp_path / "a.pth", state)
    import_checkpoint(system, file, None, tmp_path / "a", data=tmp_path / "data")
    trained = load_model(tmp_path / "a")
    rows = corpus.split_rows()
    train = rows[rows.split == "train"]
    found = trained.outputs(trained.clips(corpus.landmark_store, train.clip_id))
    assert trained.labels == ["gloss0", "gloss1", "gloss2"] and len(trained.model.gallery) == len(train) == 6
    assert torch.allclose(found["features"], trained.model.gallery, atol=1e-5)
    assert [trained.labels[i] for i in found["logits"].argmax(1)] == train.glosses.str[0].tolist()
    import_checkpoint(system, file, None, tmp_path / "b", data=tmp_path)
    with pytest.raises(ModelError, match=r"b is an embedding that knows no signs; show it some by `slr index build`"):
        Predictor(tmp_path / "b")
    with pytest.raises(ModelError, match="doesn't say what its classes are; give a file of labels"):
        import_checkpoint("spoter", write_checkpoint(tmp_path / "c.pth", small()), None, tmp_path / "c", data=tmp_path)
