"""Model folders that are damaged or hostile are refused in one line, without allocating what they describe."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.inputs.hostile_models import CASES, MODELS, answer, judged, make_models
from slr.inference.model import load_model


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("name", MODELS)
def test_a_folder_as_it_should_be_answers(models, name):
    answer(models[name])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_folder_is_refused_in_one_line(models, tmp_path, case):
    assert judged(case, models, tmp_path) is None


def test_a_network_is_read_as_it_was_saved_and_leaves_no_hook(models, tmp_path):
    shutil.copytree(models["signs"], tmp_path / "copy")
    first, second = load_model(models["signs"]).model.state_dict(), load_model(tmp_path / "copy").model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    for _ in range(1000):  # would exceed what a small network may have
        nn.Linear(2, 2)
