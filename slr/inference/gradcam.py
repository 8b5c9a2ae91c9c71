"""Grad-CAM of RGB models, for each recognised gloss.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017, by
captum, on the last residual block of the backbone. Each frame's channels are weighted by the mean gradient of the
gloss's logits in that frame, so that frames far from the gloss get little heat. The backbone is run once, without
gradients; the layers after it are run again for each gloss.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from slr.decoding.readings import PLAIN, readings
from slr.decoding.records import Gloss, Reading, in_seconds
from slr.figures.fonts import Lettering
from slr.io.video import write_video
from slr.models.stfnet import Stfnet
from slr.params.families.ctc import DecodingParams
from slr.preprocessing.rgb import RgbBatch

VIDEO, FRAMES, TABLE = "gradcam.mp4", "frames", "glosses.csv"
SHOWN_SIDE = 384
"""Side in pixels that images are enlarged to; larger ones keep their size."""
_STRONGEST = 0.6
"""Maximum opacity of the heat map; without heat the image is unchanged."""
_CAPTION = 40
_PAPER, _INK = (255, 255, 255), (28, 36, 48)


@dataclass(frozen=True)
class GlossHeat:
    """Grad-CAM heat map of one gloss.

    Attributes
    ----------
    gloss : Gloss
        `start` and `end` in frames of the clip.
    heat : ndarray (T, h, w) float32
        Heat map of each frame, in units of the logit times the block's activation; 0 without evidence for the gloss.
    """

    gloss: Gloss
    heat: np.ndarray


class _BehindBackbone(nn.Module):
    """The network after the backbone, in the form required by captum: a layer to attribute to, and a scalar output."""

    def __init__(self, model: Stfnet, heads: list[Tensor], lengths: Tensor):
        super().__init__()
        self.model, self.heads, self.lengths = model, heads, lengths
        self.seen = nn.Identity()

    def logits(self, seen: Tensor) -> Tensor:
        """(N, C, h, w), the last residual block's output for what the backbone reads of a clip -> (T', classes)"""
        vectors = self.model.pool(self.seen(seen), self.heads, self.lengths)
        return self.model.head(vectors, self.lengths)["sequence_logits"][0]

    def forward(self, seen: Tensor, reading: Reading) -> Tensor:
        """(1,)"""
        return reading.score(self.logits(seen))[None]


def gradcam(model: Stfnet, batch: RgbBatch, labels: Sequence[str], temporal_stride: int,
            decoding: DecodingParams = PLAIN) -> list[GlossHeat]:
    """Heat maps of all glosses that a model recognises in a clip, ordered by time.

    Parameters
    ----------
    model : Stfnet
        In evaluation mode.
    batch : RgbBatch
        One clip.
    labels : sequence of str
        The model's glosses.
    temporal_stride : int
        Input frames per output frame.
    decoding : DecodingParams
    """
    from captum.attr import LayerGradCam

    batch = batch.to(next(model.parameters()).device)
    with torch.no_grad():
        frames, lengths = model.frames_of(batch)
        seen, heads = model.encode_frames(frames, lengths)
        behind = _BehindBackbone(model, heads, lengths)
        found = readings(behind.logits(seen), labels, decoding)
    explain, n_frames, heats = LayerGradCam(behind, behind.seen), int(batch.lengths[0]), []
    own = slice(model.repeats, model.repeats + n_frames)
    for reading in found:
        with torch.backends.cudnn.flags(enabled=False):  # its recurrent layers have no gradient in evaluation mode
            heat = explain.attribute(seen, additional_forward_args=reading, relu_attributions=True)
        start, end = (min(moment * temporal_stride, n_frames) for moment in (reading.gloss.start, reading.gloss.end))
        heats.append(GlossHeat(Gloss(reading.gloss.label, start, end), heat[own, 0].detach().cpu().numpy()))
    return heats


def write_gradcam(folder: Path, batch: RgbBatch, heats: Sequence[GlossHeat], fps: float) -> None:
    """Write gradcam.mp4, frames/00000.jpg, ... and glosses.csv into an existing folder.

    A frame shows the heat map of the gloss that is signed in it, relative to the maximum over that gloss's frames, with
    its name; frames between glosses are unchanged.

    Parameters
    ----------
    folder : Path
    batch : RgbBatch
        The clip.
    heats : sequence of GlossHeat
    fps : float
        Frame rate after the model's preprocessing.
    """
    (folder / FRAMES).mkdir()
    rows = [(number, gloss.label, gloss.start, gloss.end, *_frames(heat)) for number, (gloss, heat) in enumerate(
        zip(in_seconds([heat.gloss for heat in heats], 1, fps), heats, strict=True), 1)]
    pd.DataFrame(rows, columns=["number", "gloss", "start_s", "end_s", "first_frame", "end_frame"]).to_csv(
        folder / TABLE, index=False, float_format="%.3f", lineterminator="\n")
    write_video(folder / VIDEO, _saved(_drawn(batch, heats, fps), folder / FRAMES), fps=fps)


def overlay(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: an image overlaid with the heat map (h, w), 0 to 1, in colour; unchanged where that is 0."""
    import cv2

    heat = cv2.resize(heat, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)
    colours = cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    share = _STRONGEST * np.sqrt(heat)[..., None]
    return np.rint(picture * (1 - share) + colours * share).astype(np.uint8)


def _frames(heat: GlossHeat) -> tuple[int, int]:
    """The frames shown with a gloss, half-open: those that lie mostly within it, at least one."""
    first = min(round(heat.gloss.start), len(heat.heat) - 1)
    return first, max(round(heat.gloss.end), first + 1)


def _drawn(batch: RgbBatch, heats: Sequence[GlossHeat], fps: float) -> Iterator[np.ndarray]:
    """The clip's frames, each with a caption, and with the heat map of its gloss if it has one."""
    of_frame: dict[int, tuple[str, np.ndarray]] = {}
    for number, each in enumerate(heats, 1):
        first, end = _frames(each)
        highest = each.heat[first:end].max()
        for frame in range(first, end):
            of_frame[frame] = (f"{number}/{len(heats)}  {each.gloss.label}",
                               each.heat[frame] / highest if highest > 0 else each.heat[frame])
    for frame in range(int(batch.lengths[0])):
        picture = _enlarged(_pixels(batch.images[0, :, frame]))
        name, heat = of_frame.get(frame, ("", None))
        drawn = picture if heat is None else overlay(picture, heat)
        yield np.concatenate([_caption(drawn.shape[1], name, f"{frame / fps:.2f} s"), drawn])


def _pixels(image: Tensor) -> np.ndarray:
    """(3, H, W) from -1 to 1 -> (H, W, 3) uint8"""
    return ((image.permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy()


def _enlarged(picture: np.ndarray) -> np.ndarray:
    import cv2

    scale = SHOWN_SIDE / min(picture.shape[:2])
    return picture if scale <= 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def _caption(width: int, name: str, time: str) -> np.ndarray:
    """A caption strip with a gloss on its left and a time on its right."""
    from PIL import Image, ImageDraw

    strip = Image.new("RGB", (width, _CAPTION), _PAPER)
    draw = ImageDraw.Draw(strip)
    Lettering(18, bold=True).draw(draw, (10, _CAPTION // 2), name, _INK, "lm")
    Lettering(14).draw(draw, (width - 10, _CAPTION // 2), time, _INK, "rm")
    return np.asarray(strip)


def _saved(pictures: Iterator[np.ndarray], folder: Path) -> Iterator[np.ndarray]:
    """Passes the images on, saving each as a JPEG."""
    import cv2

    for number, picture in enumerate(pictures):
        _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        (folder / f"{number:05d}.jpg").write_bytes(jpeg.tobytes())
        yield picture
