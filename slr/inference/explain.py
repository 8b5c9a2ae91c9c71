"""Attribution of predictions to parts of a clip: Grad-CAM for RGB models, joint importance for landmark models."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.decoding.records import Gloss
from slr.errors import SlrError
from slr.extraction.frames import extract_frames
from slr.extraction.video import VideoReader, find_landmarks
from slr.inference.gradcam import gradcam, write_gradcam
from slr.inference.joint_importance import joint_importance, write_joint_importance
from slr.inference.model import TrainedModel, load_model
from slr.inference.video import video_reader
from slr.io.clipwise import read_failures
from slr.io.files import atomic_path, output_folder
from slr.models.device import choose_device
from slr.models.stfnet import Stfnet
from slr.params.lookup import locate
from slr.preprocessing.clips import Clips
from slr.preprocessing.rgb import RgbClips


def explain(clip: str, model: str | Path, out: str | Path, dataset: Dataset | None = None,
            any_extractor: bool = False, device: str = "cpu") -> list[Gloss]:
    """Write an attribution of each recognised gloss to parts of the clip.

    Parameters
    ----------
    clip : str
        A clip id of the corpus, or a video file (or folder of images).
    model : path
        Folder of a trained sentence model or isolated-sign model.
    out : path
        A new folder. For an RGB model gradcam.mp4, frames/ and glosses.csv (`slr.inference.gradcam`); for a landmark
        model importance.csv and importance.png (`slr.inference.joint_importance`).
    dataset : Dataset, optional
        Data set of the clip ids; this project's by default.
    any_extractor : bool, default False
        See `slr.inference.video.video_reader`.
    device : str, default "cpu"
        See `slr.models.device.choose_device`.

    Returns
    -------
    list of Gloss
        The recognised glosses in order, with times in frames of the clip.

    Raises
    ------
    CorpusError
        If something is there already, or there is neither a clip nor a file of that name.
    ModelError
        If the model can't be read, is a detection model, or was trained on landmarks or frames made differently.
    SlrError
        If the video can't be read, or no person is found in it.
    """
    out = output_folder(out)
    trained = load_model(model, device=choose_device(device, "device"))
    trained.task.require_glosses(trained.folder)
    explainer = locate(trained.inputs.explainer)
    with atomic_path(out) as temporary:
        temporary.mkdir()
        return explainer(trained, str(clip), dataset or Dataset(), temporary, any_extractor)


def explain_frames(trained: TrainedModel, clip: str, dataset: Dataset, folder: Path,
                   any_extractor: bool) -> list[Gloss]:
    """Grad-CAM of an RGB model."""
    with _frames(trained, clip, dataset) as (clips, fps):
        batch = clips.batch(clips.lengths.argsort())
        found = gradcam(cast(Stfnet, trained.model), batch, trained.labels, trained.temporal_stride, trained.decoding)
        write_gradcam(folder, batch, found, fps)
    return [heat.gloss for heat in found]


def explain_landmarks(trained: TrainedModel, clip: str, dataset: Dataset, folder: Path,
                      any_extractor: bool) -> list[Gloss]:
    """Joint and time attribution of a landmark model."""
    clips, fps = _landmarks(trained, clip, dataset, any_extractor)
    found = joint_importance(trained, clips)
    write_joint_importance(folder, found, trained.skeleton, fps)
    return [importance.gloss for importance in found]


@contextmanager
def _frames(trained: TrainedModel, clip: str, dataset: Dataset) -> Iterator[tuple[RgbClips, float]]:
    """A clip's frames (for a video, made as in the pipeline), and their rate after the model's preprocessing."""
    with tempfile.TemporaryDirectory() as folder:
        store, clip_id = (_extracted(trained, Path(clip).resolve(), Path(folder)) if Path(clip).exists()
                          else (cast(FrameStore, trained.open(dataset)), clip))
        clips = trained.clips(store, [clip_id])
        yield clips, store.fps(clip_id) * int(clips.lengths[0]) / store.n_frames[clip_id]


def _extracted(trained: TrainedModel, video: Path, folder: Path) -> tuple[FrameStore, str]:
    clip = pd.DataFrame([{"clip_id": video.name, "media": video.name, "glosses": [], "segments": []}])
    write_manifest(folder / "manifest.parquet", clip.reindex(columns=SCHEMA.names))
    try:
        extract_frames(folder / "manifest.parquet", video.parent, folder / "frames",
                       trained.frames, workers=1, work=folder / "work")
    except SlrError as error:
        failures = read_failures(folder / "frames")
        raise SlrError(failures[0].reason if failures else str(error)) from None
    return FrameStore(folder / "frames"), video.name


def _landmarks(trained: TrainedModel, clip: str, dataset: Dataset, any_extractor: bool) -> tuple[Clips, float]:
    """A clip's landmarks (for a video, extracted now), and their rate after the model's preprocessing."""
    reader: VideoReader | None = None

    def opened() -> VideoReader:
        nonlocal reader
        reader = reader or video_reader(trained, any_extractor)
        return reader

    found, joints = find_landmarks(clip, lambda: cast(LandmarkStore, trained.open(dataset)), opened)
    clips = trained.clip(found, joints)
    return clips, _rate(found.timestamps_s, found.fps) * int(clips.lengths[0]) / len(found)


def _rate(times_s: np.ndarray, fps: float) -> float:
    return (len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 and times_s[-1] > times_s[0] else fps
