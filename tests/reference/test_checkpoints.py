"""Imported checkpoints of the published systems answer as their authors' networks do."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import skeleton
from slr.inference.model import load_model
from tests.helpers.reference import given
from tests.helpers.reference_checkpoints import state_dict, write_checkpoint, write_labels
from tests.helpers.reference_transformers import CASES, CLASSES, FRAMES, GAIN, INPUT, JOINTS, network, tensors


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
