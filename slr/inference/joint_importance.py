"""Attribution to joints and frames by gradient times input, for landmark models.

A gloss's logits are differentiated with respect to every (normalised) input coordinate of the sentence, and the
gradients multiplied by the coordinates (Shrikumar et al., "Not Just a Black Box", 2016). Summed over a joint's
coordinates, this is the rate at which the logits would grow if the joint moved away from the origin of the
normalisation: with `shoulders` and `hands` the neck, or a hand's own wrist. Positive values are evidence for the gloss,
negative ones against it. Missing joints have 0, and so have joints that the network doesn't use.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from slr.dataset.skeleton import Skeleton
from slr.decoding.records import Gloss, in_seconds
from slr.figures.fonts import MAIN, lettered
from slr.figures.plots import ACCENT, SECOND
from slr.inference.model import TrainedModel
from slr.preprocessing.clips import Clips
from slr.preprocessing.normalise import normaliser

TABLE, PICTURE = "importance.csv", "importance.png"
_MOST_DRAWN = 24
"""Glosses in the figure; the table has all."""


@dataclass(frozen=True)
class GlossImportance:
    """Joint attribution of one gloss.

    Attributes
    ----------
    gloss : Gloss
        `start` and `end` in frames of the clip.
    values : ndarray (T, J) float32
        Attribution in units of the logit.
    """

    gloss: Gloss
    values: np.ndarray


def joint_importance(trained: TrainedModel, clips: Clips) -> list[GlossImportance]:
    """Attribution for every gloss recognised in a sentence, or for the most probable one of an isolated clip.

    Parameters
    ----------
    trained : TrainedModel
        A landmark model, but not a detection model.
    clips : Clips
        One clip, from `trained.clips` or `trained.clip`.
    """
    normalise = normaliser(trained.params.normalise, trained.skeleton)
    batch = normalise(clips.batch(torch.tensor([0]))).to(trained.device)
    landmarks = batch.landmarks.clone().requires_grad_()  # (1, T, J, C)
    with torch.backends.cudnn.flags(enabled=False):  # its recurrent layers have no gradient in evaluation mode
        answer = trained.model(replace(batch, landmarks=landmarks))
    logits, temporal_stride = trained.task.logits(answer, trained.params, landmarks.shape[1])
    explained = []
    for reading in trained.task.readings(logits, trained.labels, trained.params):
        gradient, = torch.autograd.grad(reading.score(logits), landmarks, retain_graph=True)
        start, end = (min(moment * temporal_stride, landmarks.shape[1]) for moment in (reading.gloss.start,
                                                                                       reading.gloss.end))
        explained.append(GlossImportance(Gloss(reading.gloss.label, start, end),
                                         (gradient * landmarks.detach())[0].sum(-1).cpu().numpy()))
    return explained


def write_joint_importance(folder: Path, found: list[GlossImportance], skeleton: Skeleton, fps: float) -> None:
    """Write importance.csv and importance.png into an existing folder; the output is byte-identical each time.

    Parameters
    ----------
    folder : Path
        importance.csv: `number` and `gloss` (ordered by time), its `start_s` and `end_s`, `frame`, `time_s`, and one
        column per joint; one row per gloss and frame.
    found : list of GlossImportance
    skeleton : Skeleton
        The model's skeleton.
    fps : float
        Frame rate after the model's preprocessing.
    """
    tables = [pd.DataFrame({"number": number, "gloss": gloss.label, "start_s": gloss.start, "end_s": gloss.end,
                            "frame": np.arange(len(of.values)), "time_s": np.arange(len(of.values)) / fps}).join(
                  pd.DataFrame(of.values, columns=skeleton.joints))
              for number, (gloss, of) in enumerate(zip(in_seconds([of.gloss for of in found], 1, fps), found,
                                                       strict=True), 1)]
    columns = ["number", "gloss", "start_s", "end_s", "frame", "time_s", *skeleton.joints]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
    table.to_csv(folder / TABLE, index=False, float_format="%.6g", lineterminator="\n")
    if found:
        _draw(folder / PICTURE, found[:_MOST_DRAWN], skeleton, fps)


def _draw(path: Path, found: list[GlossImportance], skeleton: Skeleton, fps: float) -> None:
    """A heat map over joints and frames for each gloss; all glosses are marked below the time axis, its own in colour.

    The height of a part grows with the square root of its number of joints, or a face of 478 would leave no room for
    the hands.
    """
    from matplotlib.figure import Figure

    sizes = [len(joints) for joints in skeleton.parts.values()]
    bounds = np.r_[0, np.cumsum(np.sqrt(sizes))]
    edges = np.concatenate([np.linspace(low, high, size + 1)[:-1] for low, high, size in zip(
        bounds, bounds[1:], sizes, strict=False)] + [bounds[-1:]])
    below = 0.09 * bounds[-1]
    with lettered({"font.family": MAIN, "font.size": 8}, [of.gloss.label for of in found]):
        figure = Figure(figsize=(8, 2.5 * len(found) + 0.4), layout="constrained")
        for number, (axes, of) in enumerate(zip(figure.subplots(len(found), squeeze=False)[:, 0], found, strict=True)):
            largest = max(float(np.abs(of.values).max()), 1e-12)
            shown = axes.pcolormesh(np.arange(len(of.values) + 1) / fps, edges, of.values.T, cmap="RdBu_r",
                                    vmin=-largest, vmax=largest)
            axes.hlines(bounds[1:-1], 0, len(of.values) / fps, color="#1c2430", linewidth=0.6)
            for other in range(len(found)):
                start_s, end_s = (moment / fps for moment in (found[other].gloss.start, found[other].gloss.end))
                axes.broken_barh([(start_s, end_s - start_s)], (bounds[-1] + 0.2 * below, 0.6 * below),
                                 color=SECOND if other == number else ACCENT, alpha=1 if other == number else 0.35)
            axes.set_yticks((bounds[1:] + bounds[:-1]) / 2, [part.replace("_", " ") for part in skeleton.parts])
            axes.set_ylim(bounds[-1] + below, 0)
            axes.tick_params(axis="y", length=0)
            axes.set_title(f"{number + 1}. {of.gloss.label}", loc="left", fontsize=9, parse_math=False)
            axes.set_xlabel("seconds" if number == len(found) - 1 else "")
            figure.colorbar(shown, ax=axes, label="gradient times input", pad=0.01)
        figure.savefig(path, dpi=100, metadata={"Software": None})
