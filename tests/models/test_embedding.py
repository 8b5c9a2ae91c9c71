"""A model around any other that maps a clip to a vector: what holds for every family, and its gallery."""

import pytest
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor

from slr.dataset.skeleton import skeleton
from slr.losses.classification import Criterion
from slr.models import build
from slr.models.embedding import Embedded, nearest
from slr.params import ModelParams
from slr.params.families.multistream import MultistreamParams
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stgcn import AttentionStgcnParams, ScaStgcnParams
from slr.params.families.transformer import TransformerParams
from slr.preprocessing.batch import Batch
from tests.helpers.batches import CLASSES, batch_of, padded, with_rubbish

SMALL = {"d_model": 16, "heads": 2, "feedforward": 32}
TRIPLET = {"classification": 0, "triplet": 1}
FAMILIES = {
    "spoter": (SpoterParams, SMALL), "silt": (SiltParams, SMALL | {"weights": "sequence"}),
    "transformer": (TransformerParams, SMALL), "sca": (ScaStgcnParams, {"widths": [16], "hidden": 8}),
    "attention": (AttentionStgcnParams, {"widths": [16, 16], "strides": [1, 2], "hidden": 8}),
    "multistream": (MultistreamParams, {"widths": [8, 8], "strides": [2, 1], "frames": None}),
}
LOSSES = {"triplet": TRIPLET, "proxy": {"classification": 0, "proxy": 1}, "both": {"contrastive": 1}}


def made(family: str, losses: dict, **embedding) -> tuple[Embedded, ModelParams, int]:
    """(model in training mode whose norms have seen batches, its settings, its batches' joints)"""
    kind, sizes = FAMILIES[family]
    params = kind(**sizes, losses=losses, embedding={"size": 5, **embedding})
    joints = len(skeleton(params.joints))
    torch.manual_seed(0)
    model = build(params, CLASSES)
    for seed in range(3):
        model(batch_of(4, 20, joints, channels=4, seed=seed))
    return model, params, joints


@pytest.fixture(params=FAMILIES, scope="module")
def case(request) -> tuple[Embedded, Batch]:
    """A model in evaluation mode that knows the clips of another batch, and a batch."""
    model, _, joints = made(request.param, TRIPLET)
    model.eval().requires_grad_(False)
    known = batch_of(20, 11, joints, channels=4, seed=9)
    model.update_gallery(model(known)["features"], known.targets)
    return model, batch_of(3, 9, joints, channels=4)


def test_outputs_are_a_vector_and_its_distance_to_each_class(case):
    model, batch = case
    outputs = model(batch)
    others = ["signer", "attention", "attended"] if model.backbone.__class__.__name__ == "ScaStgcn" else []
    assert list(outputs) == ["features", "logits", *others] and outputs["features"].shape == (3, 5) == (3, model.width)
    for i in range(3):
        for target in range(CLASSES):
            clips = model.gallery[model.gallery_targets == target]
            distance = min((outputs["features"][i] - clip).norm().item() for clip in clips)
            assert outputs["logits"][i, target].item() == pytest.approx(-distance, rel=1e-5)


@pytest.mark.parametrize("output", ["features", "logits"])
def test_padding_never_changes_an_output(case, output):
    model, batch = case
    alone, beside = model(batch)[output], model(padded(batch, 30))[output]
    assert (alone - beside).abs().max() <= 1e-5


@pytest.mark.parametrize("output", ["features", "logits"])
def test_what_stands_in_a_missing_joint_never_changes_an_output(case, output):
    model, batch = case
    assert torch.equal(model(batch)[output], model(with_rubbish(batch))[output])


@pytest.mark.parametrize("losses", LOSSES)
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_reach_every_parameter(family, losses):
    model, params, joints = made(family, LOSSES[losses])
    model.train()
    criterion = Criterion(params, model.width, torch.ones(CLASSES), 0)
    batch = batch_of(16, 40, joints, channels=4)
    sum(criterion(model(batch), batch).values()).backward()
    dead = [name for part in (model, criterion) for name, weight in part.named_parameters()
            if weight.grad is None or not weight.grad.abs().sum() > 0]
    assert dead == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classifier_that_no_loss_trains_is_not_there(family):
    bare, _, _ = made(family, TRIPLET)
    whole, _, _ = made(family, LOSSES["both"])
    names = {name for name, _ in whole.named_parameters()} - {name for name, _ in bare.named_parameters()}
    assert names and all(name.startswith(("backbone.classify", "backbone.bias")) for name in names)


def test_in_training_logits_are_the_classifiers_where_a_loss_trains_it():
    joints = len(skeleton("spoter-54"))
    batch = batch_of(3, 9, joints)
    assert set(made("multistream", TRIPLET)[0](batch)) == {"features"}
    assert set(made("multistream", LOSSES["both"])[0](batch)) == {"logits", "members", "features"}


def test_vectors_have_length_one_if_asked_for():
    model, _, joints = made("spoter", TRIPLET, normalise=True)
    features = model.eval()(batch_of(3, 9, joints))["features"]
    torch.testing.assert_close(features.norm(dim=1), torch.ones(3))


def test_dropout_is_before_the_vector_and_in_training_alone():
    model, _, joints = made("spoter", TRIPLET, dropout=0.5)
    vectors = torch.ones(1, model.backbone.width)
    assert not torch.equal(model.embed(vectors), model.embed(vectors))
    model.eval()
    assert torch.equal(model.embed(vectors), model.embed(vectors))


def test_the_gallery_is_saved_and_read_with_the_weights_whatever_its_size(case, tmp_path):
    model, batch = case
    save_model(model, str(tmp_path / "weights"))
    kind = f"{type(model.backbone).__name__}Params"
    family = next(name for name, (params, _) in FAMILIES.items() if params.__name__ == kind)
    other, _, _ = made(family, TRIPLET)
    load_model(other, str(tmp_path / "weights"))
    read = other.eval().requires_grad_(False)(batch)["logits"]
    torch.testing.assert_close(read, model(batch)["logits"])  # without gradients torch may take faster kernels


def plain_nearest(vectors: Tensor, gallery: Tensor, targets: Tensor, classes: int) -> Tensor:
    return torch.tensor([[min(((vector - other).norm().item() for other, target in zip(gallery, targets, strict=True)
                               if target == wanted), default=torch.inf) for wanted in range(classes)]
                         for vector in vectors])


def test_the_nearest_of_each_class_is_found_and_a_class_without_clips_is_infinitely_far():
    vectors, gallery = torch.randn(4, 3), torch.randn(9, 3)
    targets = torch.tensor([0, 0, 3, 3, 3, 1, 1, 0, 3])
    expected = plain_nearest(vectors, gallery, targets, 4)
    torch.testing.assert_close(nearest(vectors, gallery, targets, 4), expected)
    assert expected[:, 2].isinf().all()


def test_distances_far_from_zero_are_exact():
    gallery = torch.tensor([[1000.0, 0], [1000.001, 0]])
    found = nearest(gallery[:1], gallery, torch.tensor([0, 1]), 2)
    torch.testing.assert_close(found[0], torch.tensor([0, (gallery[1] - gallery[0])[0]]))
