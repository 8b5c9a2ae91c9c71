"""Published runs: every command of SiLT's authors, as docs/models.md lists them, trains."""

import math
import re

import numpy as np
import pytest
import torch
import yaml

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import skeleton
from slr.inference.model import load_model
from slr.models import build
from slr.params import parse
from slr.preprocessing.clips import pick_joints
from tests.helpers import REPOSITORY, landmark_corpus
from tests.helpers.training import run

COMMANDS = re.findall(r"^\| (?:WLASL-100|IPN Hand) \| `(\w+)` (\d+) (\d+)[^|]*\| `([^`]*)` \|",
                      (REPOSITORY / "docs/models.md").read_text(encoding="utf-8"), re.MULTILINE)
"""`--model2use`, `--hidden_dim`, `--n_heads`, and the settings here."""
WIDE = 640, 360


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three people who show two glosses each, with MediaPipe's 75 joints in a wide frame, some of them missing."""
    rng = np.random.default_rng(0)
    joints, rows = skeleton("holistic-75"), []
    for signer in range(3):
        for gloss in range(2):
            values = rng.uniform(0.1, 0.9, (6, len(joints), 4)).astype(np.float32)
            values[rng.random(values.shape[:2]) < 0.1] = np.nan
            rows.append((ClipLandmarks(f"s{signer}-{gloss}", 15, *WIDE, values), f"s{signer}", [f"gloss{gloss}"], []))
    return landmark_corpus.write(tmp_path_factory.mktemp("people"), rows, joints)


def test_the_commands_are_all_of_theirs():
    assert len(COMMANDS) == 11 and {model for model, *_ in COMMANDS} == {
        "originalSpoterPE", "originalSpoterNOPE", "ownModelwquery", "ownModelwseq", "baselineTransformer"}


@pytest.mark.parametrize(("width", "heads", "block"), [command[1:] for command in COMMANDS],
                         ids=[" ".join(command[:2]) for command in COMMANDS])
def test_a_published_run_trains_for_an_epoch(width, heads, block, people, tmp_path):
    settings = yaml.safe_load(f"{{{block}}}") | {"epochs": 1}
    params = parse({"models": {"spoter": settings}, "compute": {"workers": 1}})
    model = params.models["spoter"]
    assert (build(model, 2).width, model.heads) == (int(width), int(heads))
    assert (model.normalise, model.units, model.augment.noise_std) == ("none", "frame", 0.001)
    assert model.augment.probability == 0
    seen = []
    trained = load_model(run(people, tmp_path, params, on_epoch=seen.append))
    assert [row["epoch"] for row in seen] == [1] and math.isfinite(seen[0]["train_loss"])
    assert all(weight.isfinite().all() for weight in trained.model.parameters())
    store = people.landmark_store
    clips, selector = trained.clips(store, ["s2-0"]), store.skeleton.selector(trained.skeleton)
    expected = torch.from_numpy(pick_joints(store["s2-0"].coordinates[..., :2], selector) - 0.5)
    assert torch.equal(clips.mask, ~expected.isnan().any(-1))
    assert torch.equal(clips.landmarks[clips.mask], expected[clips.mask])  # fractions, though the frame isn't square
    assert torch.equal(trained.clip(store["s2-0"], store.skeleton).landmarks, clips.landmarks)
