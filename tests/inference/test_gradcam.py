"""Grad-CAM: captum's numbers are those of the formula, and what is written shows them."""

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from slr.decoding.readings import readings
from slr.decoding.records import Gloss
from slr.inference.gradcam import SHOWN_SIDE, GlossHeat, gradcam, overlay, write_gradcam
from slr.io.video import probe
from slr.models.stfnet.published import PublishedStfnet
from tests.helpers.rgb_batches import CLASSES, batch_of, network

LABELS = [f"gloss{i}" for i in range(1, CLASSES)]
STRIDE = 4


def talkative(**settings):
    """A network that reads many glosses in any pictures."""
    model = network(**settings)
    for classifier in model.classifiers:
        classifier.weight.data.mul_(4)
        classifier.weight.data[0] = 0
    return model


def by_hand(model, batch) -> list[np.ndarray]:
    """The formula, with the whole network's gradients kept."""
    kept = []
    hook = model.backbone.layer4[-1].register_forward_hook(lambda module, inputs, output: kept.append(output))
    logits = model(batch)["sequence_logits"][0]
    hook.remove()
    own, heats = slice(model.repeats, model.repeats + int(batch.lengths[0])), []
    for reading in readings(logits, LABELS):
        gradients = torch.autograd.grad(reading.score(logits), kept, retain_graph=True)
        heats.append(torch.cat([(gradient.mean((2, 3), keepdim=True) * seen).sum(1).relu()
                                for gradient, seen in zip(gradients, kept, strict=True)])[own].detach().numpy())
    return heats


@pytest.mark.parametrize(("frames", "settings"), [(20, {"normalise_classifier": False}),
                                                  (70, {"normalise_classifier": False, "alignment": False}),
                                                  (9, {"normalise_classifier": False, "form": PublishedStfnet})])
def test_it_is_the_formula_on_the_last_residual_block_whatever_is_read_at_once(frames, settings):
    model, batch = talkative(**settings), batch_of(frames, side=64)
    expected = by_hand(model, batch)
    found = gradcam(model, batch, LABELS, STRIDE)
    assert len(found) == len(expected) > 1 and found[0].heat.shape == (frames, 2, 2)
    for of, heat in zip(found, expected, strict=True):
        np.testing.assert_allclose(of.heat, heat, atol=1e-4 * heat.max() + 1e-9)
    assert any(of.heat.any() for of in found)
    logits = model(batch)["sequence_logits"][0]
    assert [of.gloss.label for of in found] == [reading.gloss.label for reading in readings(logits, LABELS)]


def test_the_backbone_is_read_once_and_without_gradients_however_many_glosses_there_are():
    model, batch, outputs = talkative(normalise_classifier=False), batch_of(40), []
    model.backbone.layer4.register_forward_hook(lambda module, inputs, output: outputs.append(output.requires_grad))
    assert len(gradcam(model, batch, LABELS, STRIDE)) > 2
    assert outputs == [False, False]  # 32 frames, then 8


def test_without_heat_a_picture_stays_as_it_is_and_where_it_is_highest_it_changes_most():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    assert (overlay(picture, np.zeros((2, 3), np.float32)) == picture).all()
    heat = np.zeros((4, 6), np.float32)
    heat[0, 5] = 1
    changed = np.abs(overlay(picture, heat).astype(int) - picture).sum(2)
    assert changed[:10, -10:].mean() > 30 and not changed[20:, :40].any()


def test_frames_video_and_table_show_the_gloss_of_each_moment(tmp_path):
    batch = batch_of(10)
    heat = np.ones((10, 2, 2), np.float32)
    heats = [GlossHeat(Gloss("REGEN", 1.0, 3.6), heat), GlossHeat(Gloss("<b>/$x$", 5.0, 8.0), 0 * heat)]
    write_gradcam(tmp_path, batch, heats, fps=5)
    table = pd.read_csv(tmp_path / "glosses.csv")
    assert table.to_dict("list") == {"number": [1, 2], "gloss": ["REGEN", "<b>/$x$"], "start_s": [0.2, 1.0],
                                     "end_s": [0.72, 1.6], "first_frame": [1, 5], "end_frame": [4, 8]}
    video = probe(tmp_path / "gradcam.mp4")
    assert (video.n_frames, video.fps, video.width) == (10, pytest.approx(5), SHOWN_SIDE)
    files = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert files == [f"{i:05d}.jpg" for i in range(10)]
    shown = [cv2.imread(str(tmp_path / "frames" / name)) for name in files]
    plain = cv2.resize(np.uint8((batch.images[0, :, 0].permute(1, 2, 0).numpy() + 1) * 127.5), (SHOWN_SIDE, SHOWN_SIDE),
                       interpolation=cv2.INTER_CUBIC)[..., ::-1]
    assert np.abs(shown[0][-SHOWN_SIDE:].astype(int) - plain).mean() < 12  # JPEG
    captions = [image[:-SHOWN_SIDE, :200].std() > 5 for image in shown]
    assert captions == [False, True, True, True, False, True, True, True, False, False]
    heated = [image[-SHOWN_SIDE:].reshape(-1, 3).std(0).mean() for image in shown]
    assert max(heated[1:4]) < 0.7 * min(heated[0], *heated[4:])


def test_a_clip_in_which_nothing_is_read_has_its_frames_all_the_same(tmp_path):
    model = network(normalise_classifier=False)
    for classifier in model.classifiers:
        classifier.weight.data.zero_()
        classifier.bias.data[0] = 50
    batch = batch_of(6)
    assert gradcam(model, batch, LABELS, STRIDE) == []
    write_gradcam(tmp_path, batch, [], fps=5)
    assert probe(tmp_path / "gradcam.mp4").n_frames == 6 and pd.read_csv(tmp_path / "glosses.csv").empty
