"""Imported checkpoints of the published systems answer as their authors' networks do, and tables tell every tensor."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import define, skeleton
from slr.inference.checkpoints import import_checkpoint, parse_settings
from slr.inference.model import TrainedModel, load_model
from slr.models import build
from slr.models.checkpoints import SYSTEMS, Checkpoint, sca_stgcn, stfnet
from slr.models.checkpoints.tensors import unfilled
from slr.params import parse_model
from slr.params.families.stfnet import StfnetParams
from slr.params.families.stgcn import ScaStgcnParams
from tests.helpers.reference import batch_of, given
from tests.helpers.reference_checkpoints import state_dict, write_checkpoint, write_labels
from tests.helpers.reference_transformers import CASES, CLASSES, FRAMES, GAIN, INPUT, JOINTS, clip, network, tensors


def their_shapes(width: int) -> dict[str, tuple[int, ...]]:
    """The authors' shapes where ours lack an axis or the tensor."""
    return {"row_embed": (50, width), "pos": (1, 1, width), "class_query": (1, width), "wEnc": (1, 1, width)}


@pytest.fixture(scope="module", params=["spoter_108", "spoter_mediapipe_150", "spoter_mediapipe_42", "spoter_nope_42",
                                        "silt_query_42"])
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A case, and the folder that the command made of its checkpoint."""
    case, width = request.param, CASES[request.param]
    folder = tmp_path_factory.mktemp("checkpoints")
    state = state_dict(network(case), tensors(case), GAIN, their_shapes(width))
    file = write_checkpoint(folder / "theirs.pth", {f"module.{name}": each for name, each in state.items()}, epoch=3)
    labels = write_labels(folder / "labels.txt", CLASSES[width])
    # The case's input is what the network reads, after the boxes that SPOTER's authors put their 54 joints in.
    result = CliRunner().invoke(app, ["import-checkpoint", case.partition("_")[0], str(file), "--labels", str(labels),
                                      "--out", str(folder / "model"), "--data", str(folder), "--set",
                                      "normalise=none"])
    assert result.exit_code == 0, result.output
    return case, folder / "model"


def test_an_imported_checkpoint_gives_its_authors_logits_for_landmarks(imported, theirs):
    case, folder = imported
    width, trained = CASES[case], load_model(folder, "isolated")
    coordinates = given(INPUT[width], FRAMES, width // 2, 2, scale=0.5).numpy() + 0.5
    clip = trained.clip(ClipLandmarks("clip", 25, 100, 100, coordinates.astype(np.float32)), skeleton(JOINTS[width]))
    logits = trained.outputs(clip)["logits"]
    assert trained.labels == sorted(f"gloss{i}" for i in range(CLASSES[width]))
    theirs.agree(case, logits=logits[:, [trained.labels.index(f"gloss{i}") for i in range(CLASSES[width])]])


def imported_by(system: str, state: Mapping[str, Tensor], labels: Sequence[str], folder: Path,
                *given: str) -> TrainedModel:
    """The model that the library makes of a state dict, with its classes in the order of the labels."""
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    import_checkpoint(system, write_checkpoint(folder / "theirs.pth", state), folder / "labels.txt", folder / "model",
                      parse_settings(given), folder)
    return load_model(folder / "model")


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def made_of(system: str, width: int, **shapes: tuple[int, ...]) -> dict[str, Tensor]:
    """The formula's state dict of a transformer of six layers each, with tensors of these shapes besides."""
    stacks = {f"transformer.{part}.layers.{i}.linear1.weight": (2048, width)
              for part in ("encoder", "decoder") for i in range(6)}
    found = Checkpoint({name.replace("__", "."): torch.empty(shape, device="meta")
                        for name, shape in {**stacks, **shapes}.items()}, system)
    model = build(parse_model(SYSTEMS[system].settings(found, {}), system), 13)
    table = [tensor for tensor in SYSTEMS[system].tensors(found) if tensor.ours]
    assert unfilled(table, model) == []
    return state_dict(model, table, GAIN, shapes)


@torch.no_grad()
def test_an_imported_embedding_is_its_authors_of_each_clip_alone(theirs, tmp_path):
    state = made_of("spoter-embeddings", 108, pos_encoding=(1, 1, 108), class_query=(1, 1, 108),
                    linear_embed__weight=(32, 108))
    model = imported_by("spoter-embeddings", state, "ab", tmp_path).model
    clips, lengths = torch.zeros(3, 9, 54, 2), [9, 5, 7]
    for i, length in enumerate(lengths):
        clips[i, :length] = given(3000 + i, length, 54, 2, scale=0.5)
    theirs.agree("spoter_embeddings", embedding_alone=model(batch_of(clips, lengths))["features"])


@torch.no_grad()
@pytest.mark.parametrize("case", ["silt_sequence_42", "silt_baseline_42"])
def test_an_imported_sequence_model_gives_its_authors_logits(case, theirs, tmp_path):
    weights = {"wEnc": (1, 1, 42), "wDec": (1, 1, 42)} if "sequence" in case else {}
    state = made_of("silt", 42, linear_class__weight=(13, 42), **weights)
    fixed = {} if weights else {"output_pos_encoding.pe": torch.zeros(9, 1, 42)}
    model = imported_by("silt", {**state, **fixed}, LETTERS[:13], tmp_path).model
    theirs.agree(case, logits=model(clip(42))["logits"])


@torch.no_grad()
@pytest.mark.parametrize("attention", ["additive", "film"])
def test_an_imported_sca_stgcn_gives_its_authors_logits(attention, theirs, tmp_path):
    joints = define({"name": "chain of seven", "parts": {"pose": list("abcdefg")}, "bones": []}).name
    params = ScaStgcnParams(published=True, joints=joints, attention=attention)
    state = state_dict(build(params, 10), sca_stgcn.network(attention == "film"), 1.5, {})
    head = {"signer_head.net.4.bias": torch.zeros(4), "backbone.layers.0.bn.num_batches_tracked": torch.tensor(9)}
    trained = imported_by("sca-stgcn", {**state, **head}, "ABCDEFGHIS", tmp_path, f"joints={joints}")
    assert trained.params.windows.classes == "found" and trained.config["training"]["threshold"] == 0.5
    x = given(1001, 3, 12, 7, 2, scale=0.4) + 0.5
    theirs.agree(f"sca_{attention}", logits=trained.model(batch_of(x))["logits"])


@pytest.mark.parametrize("backbone", ["resnet18", "resnet34"])
def test_the_table_of_stfnet_tells_every_tensor(backbone, files):
    table = stfnet.network(backbone)
    assert files.tensors(f"stf_{backbone}") == [(tensor.name, tensor.kind) for tensor in table]
    with torch.device("meta"):
        model = build(StfnetParams(published=True, backbone=backbone), 11)
    assert unfilled(table, model) == []
    for tensor, shape in zip(table, files.shapes(f"stf_{backbone}"), strict=True):
        own = model.state_dict()[tensor.ours[0]]
        shape = shape[::-1] if tensor.transposed else shape
        assert [size for size in own.shape if size > 1] == [size for size in shape if size > 1], tensor.name
