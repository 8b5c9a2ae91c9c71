"""STF-Net's fusion, excitation and alignment heads in its published form."""

import numpy as np
import pytest
import torch
from torch import Tensor

from slr.models.checkpoints.stfnet import ALIGNMENT, EXCITATION, FUSION
from slr.models.stfnet.published import PublishedAlignments, PublishedExcitation, PublishedFusion, by_clip
from tests.helpers.reference import fill, given, size, watched

GAIN = 2


def packed(x: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B T, C, H, W)"""
    return x.transpose(1, 2).flatten(0, 1)


def unpacked(x: Tensor, clips: int) -> Tensor:
    """(B T, C, H, W) -> (B, C, T, H, W)"""
    return x.unflatten(0, (clips, -1)).transpose(1, 2)


def fusion() -> PublishedFusion:
    module = PublishedFusion(16)
    fill(module, FUSION, GAIN)
    return module


def test_fusion_is_its_authors_step_by_step(theirs):
    module, x = fusion().eval(), given(4001, 2, 16, 6, 5, 5)
    with torch.no_grad(), watched(branch3=module.short, branch5=module.long, after_depthwise=module.merge_time,
                                  after_grouped=module.merge_space, places=module.attend_places,
                                  channels=module.attend_channels) as found:
        output = module(packed(x), 2)
    attended = (module.weights[0] * found["branch3"] + module.weights[1] * found["branch5"]) * found.pop("channels")
    attended = attended.unflatten(3, (5, 5))
    places = unpacked(found.pop("places"), 2)
    steps = {name: found[name].unflatten(3, (5, 5)) for name in ("branch3", "branch5", "after_depthwise")}
    theirs.agree("stf_fusion", output=unpacked(output, 2), after_grouped=unpacked(found["after_grouped"], 2), **steps,
                 after_channel_attention=attended, after_spatial_attention=attended * places)


def test_fusion_is_its_authors_in_training_with_its_gradients(theirs):
    module, x = fusion().train(), given(4001, 2, 16, 6, 5, 5).requires_grad_()
    output = unpacked(module(packed(x), 2), 2)
    (output * given(4002, *x.shape)).sum().backward()
    depthwise = module.merge_time[1]
    theirs.agree("stf_fusion", train_output=output, train_grad_x=x.grad, train_grad_fusion_weights=module.weights.grad,
                 train_running_mean=depthwise.running_mean, train_running_var=depthwise.running_var)
    theirs.sizes("stf_fusion", {
        "t_conv": size(module.short, module.long), "cbam.0": size(module.attend_channels),
        "cbam.1": size(module.attend_places), "st_conv": size(module.merge_time, module.merge_space)})


@torch.no_grad()
@pytest.mark.parametrize(("layer", "groups"), [(2, 16), (3, 8), (4, 4)])
def test_excitation_is_its_authors(layer, groups, theirs):
    module, x = PublishedExcitation(64, groups).eval(), given(4003, 2, 64, 6, 3, 3)
    fill(module, EXCITATION, GAIN)
    gate = module.layers(by_clip(packed(x), 2)).unflatten(3, (3, 3))
    theirs.agree("stf_excitation", **{f"gate_layer{layer}": gate,
                                      f"output_layer{layer}": unpacked(module(packed(x), 2), 2),
                                      f"train_output_layer{layer}": unpacked(module.train()(packed(x), 2), 2)})


@pytest.fixture(scope="module")
def aligned() -> dict[str, Tensor]:
    """What the alignment heads give for the case's stages."""
    module = PublishedAlignments((64, 128, 256, 512), 1024, ["K5", "P2", "K5", "P2"], True).eval()
    fill(module, ALIGNMENT, gain=1.5)
    found, t = {}, np.arange(20)[:, None, None]
    with torch.no_grad():
        for i, (channels, side) in enumerate(((128, 28), (256, 14), (512, 7)), 1):
            waves = 1 + 0.9 * np.sin(1.3 * t + 4100 + i)
            x = torch.from_numpy(waves).float() * given(4100 + i, 1, channels, 20, side, side).abs()
            head = module.heads[i - 1]
            with watched(**{f"frame_mean{i}": head}, excited=head.excite) as seen:
                vectors = module(i - 1, packed(x), 1)
            found[f"excited{i}_corner"] = seen.pop("excited")[:, :32, 0, 0].T
            head.excite = None
            for end, each in (("", vectors), ("_without_gate", module(i - 1, packed(x), 1))):
                output, _, _ = module.temporal(each, torch.tensor([20]))
                found[f"output{i}{end}"] = output.transpose(1, 2)
            found |= {**seen, f"fc{i}_first100": vectors[:, :100]}
    return found


def test_alignment_heads_are_their_authors(aligned, theirs):
    theirs.agree("stf_alignment", **aligned)


def test_alignment_heads_have_their_authors_sizes(theirs):
    with torch.device("meta"):
        module = PublishedAlignments((64, 128, 256, 512), 1024, ["K5", "P2", "K5", "P2"], True)
    projections = (module.unused, *(head.project for head in module.heads[:2]))
    theirs.sizes("stf_alignment", {
        **{f"conv{i}": size(each) for i, each in enumerate(projections, 1)},
        **{f"stf{i}": size(head.excite) for i, head in enumerate(module.heads, 1)},
        "fc": size(module.linear), "tcn_layers": size(module.temporal)})


def test_the_tensors_are_told_in_the_authors_order(files):
    cases = {"stf_fusion": FUSION, "stf_excitation_layer2": EXCITATION, "stf_alignment": ALIGNMENT}
    for case, tensors in cases.items():
        assert files.tensors(case) == [(tensor.name, tensor.kind) for tensor in tensors]
