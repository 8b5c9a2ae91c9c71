"""STF-Net's ResNet up to the first fusion, the fusion's attention over places, and the sizes of all other modules."""

import numpy as np
import pytest
import torch
from torch import Tensor

from slr.models import build
from slr.models.stfnet.backbone import SIZES, ResNet
from slr.models.stfnet.fusion import SpatialAttention
from slr.models.stfnet.temporal import with_edges
from slr.params.families.stfnet import StfnetParams
from tests.helpers.reference import Theirs, batch_norm, below, fill, sines, size

NETWORKS = {"stf_resnet18": ("resnet18", 1.5), "stf_resnet34": ("resnet34", 1.25)}
LENGTHS = [16, 11]


def block(theirs: str, shortcut: bool) -> list[Theirs]:
    own = [tensor for i in (1, 2) for tensor in (
        Theirs(f"conv{i}.weight", "matrix", (f"conv{i}.weight",)), *batch_norm(f"bn{i}", f"bn{i}"))]
    if shortcut:
        own += [Theirs("downsample.0.weight", "matrix", ("downsample.0.weight",)),
                *batch_norm("downsample.1", "downsample.1")]
    return below(theirs, theirs, own)


def first_stages(name: str) -> list[Theirs]:
    """The backbone's tensors up to stage 2; the first one has number 1."""
    counts = SIZES[name][1]
    return [Theirs("conv1.weight", "matrix", ("conv1.weight",)), *batch_norm("bn1", "bn1"),
            *(tensor for stage in (1, 2) for i in range(counts[stage - 1])
              for tensor in block(f"layer{stage}.{i}.", stage == 2 and i == 0))]


def pictures() -> Tensor:
    """(frames of both clips, 3, 224, 224)"""
    clips = []
    for clip, length in enumerate(LENGTHS):
        t, c, h, w = np.ogrid[:length, :3, :224, :224]
        moving = 0.5 * np.sin(0.9 * t + 2.1 * c + 0.02 * h + 0.03 * w + clip)
        noise = 0.5 * sines(9000 + clip, length, 3, 224, 224)
        clips.append((0.55 + 0.45 * np.sin(1.3 * t + clip)) * (moving + noise))
    return torch.from_numpy(np.concatenate(clips)).float()


@pytest.fixture(scope="module", params=NETWORKS)
def stages(request) -> tuple[str, dict[str, Tensor]]:
    """A backbone's first two stages: means over the pictures, and the first norm's statistics after one training pass.

    Frames are repeated behind the backbone, as `Stfnet` does; in training before it, as the authors do.
    """
    name, gain = NETWORKS[request.param]
    model = ResNet(name).eval()
    del model.layer3, model.layer4
    fill(model, first_stages(name), gain, first=1)
    frames, lengths = pictures(), torch.tensor(LENGTHS)
    found = {}
    with torch.no_grad():
        first = torch.cat([model.layer1(model.stem(part)) for part in frames.split(4)])
        second = torch.cat([model.layer2(part) for part in first.split(4)])
        for stage, x in (("1", first), ("2", second)):
            vectors = x.mean((2, 3))[:, ::x.shape[1] // 64]
            found[f"mean_stage{stage}"] = with_edges(vectors, lengths, 6, 4)[0].transpose(1, 2)
        if request.param == "stf_resnet18":
            repeated = with_edges(torch.arange(len(frames))[:, None], lengths, 6, 4)[0].flatten()
            model.bn1.train()(model.conv1(frames[repeated]))
            found |= {"train_running_mean_first": model.bn1.running_mean,
                      "train_running_var_first": model.bn1.running_var}
    return request.param, found


def test_the_resnet_up_to_the_first_fusion_is_its_authors(stages, theirs):
    case, found = stages
    theirs.agree(case, **found)


@pytest.mark.parametrize("case", NETWORKS)
def test_modules_without_fusion_and_alignment_have_their_authors_sizes(case, theirs):
    with torch.device("meta"):
        model = build(StfnetParams(backbone=NETWORKS[case][0], alignment=False), 11)
    backbone = model.backbone
    theirs.sizes(case, {"conv2d.conv1": size(backbone.conv1), "conv2d.bn1": size(backbone.bn1),
                        **{f"conv2d.layer{i}": size(stage) for i, stage in enumerate(backbone.stages, 1)},
                        "conv1d.temporal_conv": size(model.temporal), "temporal_model": size(model.lstm),
                        "conv1d.fc": size(model.classifiers)})


@torch.no_grad()
def test_places_are_attended_to_as_by_the_fusion_of_their_authors(files):
    attend = SpatialAttention()
    fill(attend, [Theirs("cbam.1.conv.weight", "matrix", ("conv.weight",))], gain=2, first=13)
    x = files.given("stf_fusion", "after_channel_attention").transpose(1, 2)  # (B, T, C, H, W)
    seen = x * attend(x.flatten(0, 1)).unflatten(0, x.shape[:2])
    files.agree("stf_fusion", after_spatial_attention=seen.transpose(1, 2))
