"""Fine-tuning: what is taken over from a trained model, what is new, what stays, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from slr.errors import ModelError, ParamsError
from slr.inference.model import load_model
from slr.io.files import file_hash, read_json
from slr.models import build
from slr.params import ModelParams, parse_model
from slr.params.families.training import FAMILIES
from slr.training.start import freeze, start_from
from tests.helpers import landmark_corpus
from tests.helpers.training import run, run_killed, settings
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, FROM_PICTURES, save_untrained

SMALL = {
    "spoter": {"d_model": 16, "heads": 2}, "transformer": {"d_model": 16, "heads": 2}, "silt": {"joints": "hands-42"},
    "multistream": {"widths": [16], "strides": [1]}, "sca_stgcn": {"widths": [16], "hidden": 16},
    "attention_stgcn": {"widths": [16], "strides": [1]},
    "sca_stgcn_detection": DETECTOR, "pose_ctc": FROM_LANDMARKS, "stfnet": FROM_PICTURES,
}
FEW, MORE = ["a", "b", "c"], ["a", "b", "x", "y", "z"]
EMBEDDING = {"embedding": {"size": 8}, "losses": {"classification": 0, "triplet": 1}}


def new(labels: list[str], **changes) -> tuple[ModelParams, torch.nn.Module]:
    params = parse_model(changes, "m")
    torch.manual_seed(7)
    return params, build(params, len(labels))


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory) -> Path:
    return run(corpus, tmp_path_factory.mktemp("trained"), settings(epochs=1))


@pytest.mark.parametrize("family", [name for name in FAMILIES if ":" not in name])  # others are of other tests
def test_every_family_takes_over_all_weights_of_the_same_labels_and_all_but_classifiers_of_others(
        family, tmp_path, capsys):
    changes = {"family": family, **SMALL[family]}
    folder = save_untrained(tmp_path / "model", changes, FEW, {})
    saved = load_file(folder / "weights.safetensors")
    params, model = new(FEW, **changes, start_from=str(folder))
    facts = start_from("m", params, model, FEW)
    assert facts == {"folder": str(folder), "md5": file_hash(folder / "weights.safetensors"), "weights": len(saved),
                     "new": []}
    assert all(torch.equal(value, saved[name]) for name, value in model.state_dict().items())
    assert capsys.readouterr().err == ""

    params, model = new(MORE, **changes, start_from=str(folder))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    facts, after = start_from("m", params, model, MORE), model.state_dict()
    assert 1 <= len(facts["new"]) < len(saved) / 3 and facts["weights"] == len(saved) - len(facts["new"])
    for name, value in after.items():
        assert torch.equal(value, (before if name in facts["new"] else saved)[name]), name
    assert f"starts from {folder}, whose labels are others; new are {facts['new'][0]}" in capsys.readouterr().err


def test_another_vocabulary_of_the_same_size_gets_a_new_classifier(tmp_path):
    folder = save_untrained(tmp_path / "model", {"family": "spoter", **SMALL["spoter"]}, FEW, {})
    params, model = new(FEW, family="spoter", **SMALL["spoter"], start_from=str(folder))
    assert start_from("m", params, model, ["p", "q", "r"])["new"] == ["classify.bias", "classify.weight"]


@pytest.mark.parametrize(("changes", "difference"), [
    ({"d_model": 32}, r"positions? .*|\(\d*16\d*.*there, .*32.* here"),
    ({"encoder_layers": 1}, r"encoder\S+ \(.*\) there, missing here; .*and \d+ more"),
    ({"normalise": "shoulders"}, r"normalise clip there, shoulders here\)"),
    ({"joints": "hands-42"}, r"joints spoter-54 there, hands-42 here"),
    ({"family": "silt", **SMALL["silt"]}, "missing there"),
    (EMBEDDING, "backbone.*missing there")])
def test_a_folder_that_does_not_fit_is_refused_with_the_difference(tmp_path, changes, difference):
    folder = save_untrained(tmp_path / "model", {"family": "spoter", **SMALL["spoter"]}, FEW, {})
    params, model = new(FEW, **{"family": "spoter", **SMALL["spoter"], "start_from": str(folder)} | changes)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ModelError, match=rf"models.m.start_from: the model in .* doesn't fit \(.*{difference}"):
        start_from("m", params, model, FEW)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_folder_without_a_model_is_refused(corpus, tmp_path):
    with pytest.raises(ModelError, match=r"spoter.start_from: there is no trained model in .*nowhere \(weights"):
        run(corpus, tmp_path, settings(start_from=str(tmp_path / "nowhere")))


@pytest.mark.parametrize(("file", "content"), [("weights.safetensors", "no weights"), ("config.json", "{}")])
def test_a_damaged_model_is_refused(tmp_path, file, content):
    folder = save_untrained(tmp_path / "model", {"family": "spoter", **SMALL["spoter"]}, FEW, {})
    (folder / file).write_text(content)
    params, model = new(FEW, family="spoter", **SMALL["spoter"], start_from=str(folder))
    with pytest.raises(ModelError, match="models.m.start_from: the model in .* can't be read: .*; train it again, or"):
        start_from("m", params, model, FEW)


def test_training_goes_on_from_the_weights_and_the_folder_says_so(trained, corpus, tmp_path):
    still = {"start_from": str(trained), "lr": 1e-12, "epochs": 1, "weight_decay": 0}
    tuned = run(corpus, tmp_path, settings(**still))
    before, after = (load_file(folder / "weights.safetensors") for folder in (trained, tuned))
    for name in before:
        torch.testing.assert_close(after[name], before[name], atol=1e-8, rtol=0)
    config = read_json(tuned / "config.json")
    md5 = file_hash(trained / "weights.safetensors")
    assert config["training"]["start_from"] == {"folder": str(trained), "md5": md5, "weights": len(before), "new": []}
    assert config["data"]["start_from"] == md5
    assert pd.read_csv(tuned / "history.csv").val_loss[0] == pytest.approx(
        read_json(trained / "config.json")["training"]["val_loss"])


def test_parts_that_are_frozen_stay_bit_for_bit_and_others_learn_also_after_a_kill(trained, tmp_path):
    """On another corpus: more glosses, so the classifier is new."""
    others = landmark_corpus.make(tmp_path / "corpus", glosses=5, repetitions=2)
    changes = settings(start_from=str(trained), freeze=["encoder", "decoder.layers.0"], epochs=3, weight_decay=0.5)
    whole = run(others, tmp_path / "whole", changes)
    before, after = (load_file(folder / "weights.safetensors") for folder in (trained, whole))
    stayed = {name for name in before if before[name].shape == after[name].shape
              and torch.equal(before[name], after[name])}
    frozen = {name for name in before if name.startswith(("encoder.", "decoder.layers.0."))}
    assert frozen and frozen <= stayed and not any(name.startswith("classify") for name in stayed)
    assert set(load_model(whole).labels) == {f"gloss{i}" for i in range(5)}
    run_killed(others, tmp_path, changes, epoch=2)
    resumed = run(others, tmp_path, changes)
    assert (resumed / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


def test_the_batch_normalisations_of_frozen_parts_are_found():
    _, model = new(FEW, **FROM_PICTURES)
    norms = freeze("m", model, ["backbone.layer1", "backbone.bn1"])
    assert len(norms) > 1 and model.backbone.bn1 in norms and model.backbone.layer2[0].bn1 not in norms
    assert not model.backbone.bn1.weight.requires_grad and model.backbone.layer2[0].bn1.weight.requires_grad


def test_what_can_not_be_frozen_is_refused():
    _, model = new(FEW, family="spoter", **SMALL["spoter"])
    with pytest.raises(ModelError, match="models.m.freeze: no weight's name begins with 'encode'; the model has .*enc"):
        freeze("m", model, ["encode"])
    with pytest.raises(ModelError, match="models.m.freeze: nothing is left to train"):
        freeze("m", model, [name for name, _ in model.named_children()] + list(dict(model.named_parameters())))
    with pytest.raises(ParamsError, match="freeze: random weights would stay random; set start_from"):
        settings(freeze=["encoder"])
    with pytest.raises(ParamsError, match="start_from: this model has pretrained weights already"):
        parse_model({"family": "stfnet", "weights": "a.pth", "start_from": "models/stfnet"}, "m")


def test_an_embedding_starts_from_an_embedding_and_makes_a_gallery_of_its_own(corpus, tmp_path):
    first = run(corpus, tmp_path / "first", settings(**EMBEDDING, epochs=1))
    others = landmark_corpus.make(tmp_path / "corpus", glosses=3, repetitions=2)
    tuned = run(others, tmp_path / "second", settings(**EMBEDDING, epochs=1, start_from=str(first)))
    assert read_json(tuned / "config.json")["training"]["start_from"]["new"] == []  # its head are distances
    assert load_model(tuned).model.gallery_targets.max() == 2
