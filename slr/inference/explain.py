"""What a model went by in one clip: Grad-CAM where it sees frames, the importance of joints where it sees landmarks."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from slr.data.clips import Clips
from slr.data.images import RgbClips
from slr.dataset.frames import FrameStore
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.dataset.paths import FRAMES, LANDMARKS
from slr.decoding.records import Gloss
from slr.errors import ClipError, CorpusError, ModelError, SlrError
from slr.evaluation.stores import open_alike
from slr.extraction.frames import extract_frames
from slr.inference.gradcam import gradcam, write_gradcam
from slr.inference.joint_importance import joint_importance, write_joint_importance
from slr.inference.model import TrainedModel, load_model
from slr.inference.video import VideoReader
from slr.io.clipwise import read_failures
from slr.io.files import atomic_path


def explain(clip: str, model: str | Path, out: str | Path, *, frames: Path = FRAMES, landmarks: Path = LANDMARKS,
            any_extractor: bool = False) -> list[Gloss]:
    """Write which parts of a clip spoke for each gloss that a model reads in it.

    Parameters
    ----------
    clip : str
        A clip id of the corpus, or a video file (or folder of images).
    model : path
        Folder of a trained model, of sentences or of clips with one sign.
    out : path
        A new folder. Of a model of frames gradcam.mp4, frames/ and glosses.csv (`slr.inference.gradcam`); of one of
        landmarks importance.csv and importance.png (`slr.inference.joint_importance`).
    frames, landmarks : Path
        What the stages of those names wrote.
    any_extractor : bool, default False
        See `slr.inference.predict.Predictor`.

    Returns
    -------
    list of Gloss
        What was read, in order, with times in frames of the clip.

    Raises
    ------
    CorpusError
        If the folder is there already, or there is no such clip and no such file.
    ModelError
        If the model can't be read, is one of streams, or was trained on landmarks or frames made otherwise.
    SlrError
        If the video can't be read, or no person is found in it.
    """
    out = Path(out)
    if out.exists():
        raise CorpusError(f"{out} is there already; choose a new folder")
    trained = load_model(model)
    if trained.params.task == "detection":
        raise ModelError(f"the model in {model} finds where signing is; name one that reads signs or sentences")
    read = _pictures if trained.params.reads == "frames" else _landmarks
    with read(trained, str(clip), frames, landmarks, any_extractor) as (clips, fps), atomic_path(out) as temporary:
        temporary.mkdir()
        if isinstance(clips, RgbClips):
            batch = next(clips.batches([clips.lengths.argsort()]))
            found = gradcam(trained.model, batch, trained.labels, trained.params.frames_a_moment)
            write_gradcam(temporary, batch, found, fps)
        else:
            found = joint_importance(trained, clips)
            write_joint_importance(temporary, found, trained.skeleton, fps)
    return [of.gloss for of in found]


@contextmanager
def _pictures(trained: TrainedModel, clip: str, frames: Path, landmarks: Path,
              any_extractor: bool) -> Iterator[tuple[RgbClips, float]]:
    """A clip's frames, those of a video made as the pipeline would, and their rate as the model sees them."""
    with tempfile.TemporaryDirectory() as folder:
        store, clip_id = (_extracted(trained, Path(clip).resolve(), Path(folder)) if Path(clip).exists()
                          else (open_alike(trained, landmarks, frames), clip))
        clips = trained.clips(store, [clip_id])
        yield clips, store.fps(clip_id) * int(clips.lengths[0]) / clips.frames[0]


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


@contextmanager
def _landmarks(trained: TrainedModel, clip: str, frames: Path, landmarks: Path,
               any_extractor: bool) -> Iterator[tuple[Clips, float]]:
    """A clip's landmarks, those of a video found here, and their rate as the model sees them."""
    if Path(clip).exists():
        reader = VideoReader(trained, trained.folder, any_extractor)
        try:
            found = reader.landmarks(clip)
        except ClipError as error:
            raise SlrError(f"{clip}: {error}") from None
        times_s, n_frames = found.timestamps_s, len(found)
        fps = (n_frames - 1) / (times_s[-1] - times_s[0]) if n_frames > 1 else found.fps
        clips = trained.clip(found, reader.source)
    else:
        store = open_alike(trained, landmarks, frames)
        store.require(clip)
        n_frames, fps, clips = store.n_frames[clip], store.fps(clip), trained.clips(store, [clip])
    yield clips, fps * int(clips.lengths[0]) / n_frames
