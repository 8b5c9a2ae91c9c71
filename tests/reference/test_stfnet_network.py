"""The whole of STF-Net in its published form, with ResNet-18 and ResNet-34: two clips of 16 and 11 frames of 224 x 224.

Gradients take float64, two minutes and 6 GB: that test runs with SLR_REFERENCE_GRADIENTS=1 alone.
"""

import os
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from slr.decoding.decoder import Decoder
from slr.losses.ctc import CtcCriterion
from slr.models import build
from slr.models.checkpoints import stfnet
from slr.models.stfnet.published import PublishedStfnet
from slr.params.families.stfnet import StfnetParams
from slr.preprocessing.rgb import RgbBatch
from tests.helpers.reference import size, watched
from tests.helpers.reference_stfnet import LENGTHS, network, pictures

PUBLISHED = StfnetParams(published=True)
LONGEST = 7
NETWORKS = {"stf_resnet18": ("resnet18", 1.5), "stf_resnet34": ("resnet34", 1.25)}


def batch() -> RgbBatch:
    return RgbBatch(pictures(), torch.tensor(LENGTHS), torch.tensor([[5, 2], [7, -1]]), ("0", "1"))


def logits(outputs: dict) -> dict[str, Tensor]:
    """(step, clip, class), by the authors' names."""
    found = {"conv_logits": outputs["conv_logits"], "sequence_logits": outputs["sequence_logits"],
             **{f"alignment_logits{i}": each for i, each in enumerate(outputs["alignment_logits"], 1)}}
    return {name: each.transpose(0, 1) for name, each in found.items()}


def losses(outputs: dict, clips: RgbBatch) -> dict[str, Tensor]:
    """The authors' terms."""
    terms = CtcCriterion(PUBLISHED.ctc)(outputs, clips)
    predictor, updater = outputs["lift_losses"]
    return {"loss_p": predictor, "loss_u": updater, "term_Cp": 0.0005 * predictor, "term_Cu": 0.0005 * updater,
            "term_ConvCTC": terms["conv_ctc"], "term_SeqCTC": terms["sequence_ctc"] + terms["alignment_ctc"],
            "term_Dist": terms["distillation"], "total_loss": sum(terms.values())}


def sentences(outputs: dict) -> dict[str, Tensor]:
    """What is read of each clip, -1 behind the end, by the authors' names."""
    read = {}
    for name, method, of in (("beam", "beam", "sequence"), ("beam_conv", "beam", "conv"),
                             ("greedy", "greedy", "sequence")):
        steps = outputs[f"{of}_logits"].log_softmax(2)
        found = [Decoder.of(PUBLISHED.decoding, method)(clip[:length].numpy())[0].labels
                 for clip, length in zip(steps, outputs["lengths"].tolist(), strict=True)]
        read[f"{name}_sentences"] = torch.tensor([labels + [-1] * (LONGEST - len(labels)) for labels in found])
    return read


def sampled(x: Tensor) -> Tensor:
    """(B T, C, h, w) -> (B, 64, T): means over the pictures of every (C / 64)-th channel."""
    return x.mean((2, 3))[:, ::x.shape[1] // 64].unflatten(0, (2, -1)).transpose(1, 2)


@pytest.fixture(scope="module", params=NETWORKS)
def found(request) -> tuple[str, dict[str, Tensor]]:
    """What the network of a case gives in evaluation, and its first norm's statistics after one pass in training."""
    model, clips = network(*NETWORKS[request.param]), batch()
    model.FRAMES_AT_ONCE = 64
    backbone = model.backbone
    with torch.no_grad(), watched(
            **{f"mean_stage{i}": stage for i, stage in enumerate(backbone.stages, 1)},
            **{f"mean_fusion{i}": fusion for i, fusion in enumerate(model.fusions, 2)}) as seen, watched(
            clip_features=model.temporal) as behind:
        frames, lengths = model.frames_of(clips)
        vectors = model.pool(*model.encode_frames(frames, lengths), lengths)
        outputs = model.head(vectors, lengths)
        backbone.bn1.train()(backbone.conv1(frames))
    own = clips.images
    return request.param, {
        "input_checks": torch.stack([own[0].double().sum(), own[1].double().sum(), frames.double().sum()]),
        "input_corner": frames[..., 100, 100].unflatten(0, (2, -1)), "lengths": lengths, "alpha": model.alpha,
        **{name: sampled(x) for name, x in seen.items()},
        "frame_features": vectors[0].unflatten(0, (2, -1))[..., ::4],
        "clip_features": behind["clip_features"][0].transpose(0, 1)[..., ::4],
        "lstm_output": outputs["features"].transpose(0, 1)[..., ::4], "out_lengths": outputs["lengths"],
        **logits(outputs), **losses(outputs, clips), **sentences(outputs),
        "train_running_mean_first": backbone.bn1.running_mean, "train_running_var_first": backbone.bn1.running_var}


def test_the_published_network_is_its_authors_from_the_pictures_to_the_losses(found, theirs):
    case, values = found
    if case == "stf_resnet34":  # without values in training
        values = {name: value for name, value in values.items() if not name.startswith("train_")}
    theirs.agree(case, **values)


@pytest.mark.parametrize("case", NETWORKS)
def test_the_published_network_has_its_authors_sizes_module_by_module(case, theirs):
    with torch.device("meta"):
        small, model = (build(StfnetParams(published=True, backbone=NETWORKS[case][0]), classes - 1)
                        for classes in (12, 1296))
    theirs.agree(case, weights_12=torch.tensor(parts(small)), weights_1296=torch.tensor(parts(model)))
    backbone = small.backbone
    theirs.sizes(case, {"conv2d.conv1": size(backbone.conv1), "conv2d.bn1": size(backbone.bn1),
                        **{f"conv2d.layer{i}": size(stage) for i, stage in enumerate(backbone.stages, 1)},
                        **{f"conv2d.shift{i}": size(fusion) for i, fusion in enumerate(small.fusions, 1)},
                        "conv1d.temporal_conv": size(small.temporal), "temporal_model": size(small.lstm),
                        "conv1d.fc": size(small.classifiers), "csa": size(small.alignment)})


def modules(model: PublishedStfnet) -> list[nn.Module]:
    """The authors' parts: backbone, temporal layers, BiLSTM, alignment heads, classifier; alpha is in the first."""
    backbone = nn.ModuleList([model.backbone, model.fusions, nn.ParameterList([model.alpha])])
    return [backbone, model.temporal, model.lstm, model.alignment, model.classifiers]


def parts(model: PublishedStfnet) -> list[int]:
    """Weights of the authors' parts, and of all."""
    return [*map(size, modules(model)), size(model)]


@pytest.mark.skipif("SLR_REFERENCE_GRADIENTS" not in os.environ, reason="two minutes; set SLR_REFERENCE_GRADIENTS=1")
def test_the_published_network_is_its_authors_in_training_with_its_gradients(theirs):
    """In float64: float32 is off by up to .09 of a gradient's largest value, the authors' code as much."""
    model, clips = network(*NETWORKS["stf_resnet18"]).double().train(), batch()
    model.lstm.dropout.p, model.checkpointing = 0, False
    outputs = model(replace(clips, images=clips.images.double()))
    terms = losses(outputs, clips)
    terms["total_loss"].backward()
    norms = [gradient_norm(part) for part in modules(model)]
    norms[1] = (norms[1] ** 2 + norms[4] ** 2) ** 0.5  # theirs counts the classifier there too
    theirs.agree("stf_resnet18", train_loss=terms["total_loss"], train_loss_p=terms["loss_p"],
                 train_loss_u=terms["loss_u"], train_grad_alpha=model.alpha.grad, train_grad_norms=torch.tensor(norms),
                 **{f"train_grad_fusion_weights{i}": fusion.weights.grad for i, fusion in enumerate(model.fusions, 1)},
                 **{f"train_{name}": each for name, each in logits(outputs).items()})


def gradient_norm(module: nn.Module) -> float:
    return sum(weight.grad.square().sum() for weight in module.parameters() if weight.grad is not None).sqrt().item()


@pytest.mark.parametrize("case", NETWORKS)
def test_the_tensors_are_told_in_the_authors_order(case, files):
    assert files.tensors(case) == [(tensor.name, tensor.kind) for tensor in stfnet.network(NETWORKS[case][0])]
