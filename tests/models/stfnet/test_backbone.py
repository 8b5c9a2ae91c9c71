"""ResNets: their sizes, lifting to three dimensions, and ImageNet weights."""

import copy

import pytest
import torch
from torch.nn import functional as F

from benchmarks.published_stfnet import lifted
from slr.errors import ModelError
from slr.models.stfnet.backbone import ResNet


@pytest.mark.parametrize(("name", "parameters"), [("resnet18", 11_176_512), ("resnet34", 21_284_672)])
def test_sizes_are_the_published_ones_without_the_classifier(name, parameters):
    assert sum(weight.numel() for weight in ResNet(name).parameters()) == parameters


def test_each_stage_after_the_first_halves_the_frame():
    model, x = ResNet("tiny"), torch.randn(2, 3, 64, 96)
    x = model.stem(x)
    shapes = [x.shape]
    for stage in model.stages:
        x = stage(x)
        shapes.append(x.shape)
    assert shapes == [(2, 16, 16, 24), (2, 16, 16, 24), (2, 32, 8, 12), (2, 64, 4, 6), (2, 128, 2, 3)]


@pytest.mark.parametrize("training", [False, True])
def test_on_frames_it_is_the_network_lifted_to_three_dimensions(training):
    torch.manual_seed(0)
    model = ResNet("tiny")
    model, solid = model.double(), lifted(copy.deepcopy(model)).double()
    assert {module.kernel_size[0] for module in solid.modules() if isinstance(module, torch.nn.Conv3d)} == {1}
    model.train(training), solid.train(training)
    clips = torch.randn(2, 3, 5, 48, 48, dtype=torch.float64)
    x = model.stem(clips.transpose(1, 2).flatten(0, 1))
    y = F.max_pool3d(solid.bn1(solid.conv1(clips)).relu(), (1, 3, 3), (1, 2, 2), (0, 1, 1))
    for stage, of_solid in zip(model.stages, solid.stages, strict=True):
        x, y = stage(x), of_solid(y)
    torch.testing.assert_close(x.unflatten(0, (2, 5)).transpose(1, 2), y, atol=1e-10, rtol=1e-8)


def torchvision_like(model: ResNet) -> dict[str, torch.Tensor]:
    """The file's names, as torchvision writes them."""
    return {**copy.deepcopy(model.state_dict()), "fc.weight": torch.zeros(1000, 128), "fc.bias": torch.zeros(1000)}


def test_weights_in_torchvisions_names_fit_as_they_are_and_lifted():
    torch.manual_seed(0)
    given, other, third = ResNet("tiny"), ResNet("tiny"), ResNet("tiny")
    state = torchvision_like(given)
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer4.0.bn2.bias",
            "layer2.0.downsample.0.weight", "layer2.0.downsample.1.weight"} <= set(state)
    other.load_pretrained(state)
    third.load_pretrained({name: weight[:, :, None] if weight.ndim == 4 else weight for name, weight in state.items()
                           if not name.endswith("num_batches_tracked")})
    for name, weight in given.state_dict().items():
        assert torch.equal(other.state_dict()[name], weight)
        assert torch.equal(third.state_dict()[name], weight) or name.endswith("num_batches_tracked")


@pytest.mark.parametrize(("change", "problem"), [
    (lambda state: state.pop("layer3.0.conv2.weight"), "lack layer3.0.conv2.weight"),
    (lambda state: state.update({"layer1.1.conv1.weight": torch.zeros(1)}), "unknown layer1.1.conv1.weight"),
    (lambda state: state.update({"bn1.weight": torch.zeros(64)}), "another shape of bn1.weight"),
])
def test_weights_of_another_network_are_refused_and_change_nothing(change, problem):
    model = ResNet("tiny")
    state, before = torchvision_like(ResNet("tiny")), copy.deepcopy(model.state_dict())
    change(state)
    with pytest.raises(ModelError, match=f"{problem}.*torchvision's weights of tiny"):
        model.load_pretrained(state)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
