"""Visualisation of landmarks: over a clip as a video or GIF, and one example per gloss on a contact sheet."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from slr.dataset.dataset import Dataset
from slr.dataset.examples import example_clips
from slr.dataset.frames import read_frames
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import CorpusError, SlrError
from slr.extraction.frames import clip_frames
from slr.extraction.video import VideoReader, find_landmarks
from slr.figures.draw import View, draw_skeleton, key_frames
from slr.figures.sheet import TILE_HEIGHT, sheet_path, sheet_row, write_sheet
from slr.io.files import atomic_path, output_file
from slr.io.video import write_video
from slr.params import FramesParams, LandmarksParams

WRITTEN_SUFFIXES = (".mp4", ".mkv", ".mov")
DRAWN_SIDE = 480
"""Short side in pixels that frames are enlarged to before drawing; larger ones keep their size."""
GIF_HEIGHT = 256
MAX_GLOSSES = 200
"""Maximum rows of a contact sheet; few programs open an image twice as tall."""


def show_clip(clip: str, out: str | Path | None = None, dataset: Dataset | None = None) -> Path:
    """Draw landmarks over a clip's frames, or on a blank background for a landmark corpus.

    Parameters
    ----------
    clip : str
        A clip id of the corpus, or a video file (or folder of images), whose landmarks are extracted with the default
        settings.
    out : path, optional
        `.mp4`, `.mkv` or `.mov` for a video, `.gif` for an animation. Default, in the current folder: the clip's id
        with `.mp4`; of a file its name with `-landmarks.mp4`.
    dataset : Dataset, optional
        Data set of the clip ids; this project's by default.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    SlrError
        If `out` has another suffix, can't be written or is the clip's own file, or the clip is neither known (the
        message names the nearest ids) nor a file.
    ClipError
        If the video can't be read.
    """
    own = Path(clip) if Path(clip).exists() else None
    out = Path(out) if out else Path(f"{own.stem}-landmarks.mp4" if own else f"{clip.replace('/', '_')}.mp4")
    output_file(out, (*WRITTEN_SUFFIXES, ".gif"), "a clip")
    if own and out.exists() and out.samefile(own):
        raise SlrError(f"{out} is the recording itself, which would be lost; choose another --out")
    dataset = dataset or Dataset()
    reader = cache(lambda: VideoReader(FramesParams(), LandmarksParams()))
    shown, joints = find_landmarks(clip, lambda: dataset.landmark_store, reader)
    coordinates, view, fps = shown.coordinates, None, shown.fps
    if Path(clip).exists():
        times = shown.timestamps_s
        fps = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 1.0
        # Decoded again: cheap compared with extraction, and a long video's frames would fill the memory.
        images: Iterable[np.ndarray] = (frame.image for frame in clip_frames(Path(clip), FramesParams()))
    else:
        images, view = _pictures(shown, dataset)
    drawn = (draw_skeleton(_enlarged(image), frame, joints, view)
             for image, frame in zip(images, coordinates, strict=True))
    if out.suffix.lower() == ".gif":
        _write_gif(out, drawn, fps)
    else:
        write_video(out, drawn, fps=fps)
    return out


def contact_sheet(out: str | Path, dataset: Dataset | None = None, *, count: int = 6) -> Path:
    """Draw one example of each gloss: a row of frames with landmarks, beside gloss, clip id and signer.

    Parameters
    ----------
    out : path
        A `.png` file.
    dataset : Dataset, optional
        This project's by default.
    count : int, default 6
        Frames per example, selected by `slr.figures.draw.key_frames`.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    SlrError
        If `out` isn't a PNG, or no clip has landmarks and a gloss.
    """
    out = sheet_path(out)
    dataset = dataset or Dataset()
    store, clips = dataset.landmark_store, dataset.rows()
    examples = list(example_clips(clips, store.n_frames).items())
    if not examples:
        raise CorpusError(f"no clip of {dataset.manifest} has landmarks and a gloss; there is nothing to show")
    signers = clips.set_index("clip_id").signer
    rows = []
    for gloss, clip_id in examples[:MAX_GLOSSES]:
        signer = signers[clip_id] if isinstance(signers[clip_id], str) else "unknown"
        clip = store[clip_id]
        pictures = _drawn_frames(clip, *_pictures(clip, dataset), store.skeleton, count)
        rows.append(sheet_row(pictures, gloss or "no gloss", [f"clip {clip_id}", f"signer {signer}"]))
    left_out = len(examples) - len(rows)
    if left_out:
        rows.append(sheet_row([], f"and {left_out} more glosses", []))
    write_sheet(out, rows)
    return out


def _pictures(clip: ClipLandmarks, dataset: Dataset) -> tuple[Sequence[np.ndarray], View | None]:
    """A clip's frames; for landmark corpora, blank ones and a view that fills them."""
    store = dataset.landmark_store
    if store.metadata.get("extractor", {}).get("name") != "imported":
        return read_frames(dataset.frames, clip.clip_id)[1], None
    blank = np.full((DRAWN_SIDE, DRAWN_SIDE, 3), 255, np.uint8)
    view = View.around(clip.coordinates, store.skeleton, (DRAWN_SIDE, DRAWN_SIDE), clip.width / clip.height)
    return [blank] * len(clip), view


def _enlarged(image: np.ndarray) -> np.ndarray:
    """Enlarged to at least `DRAWN_SIDE` on the short side, so that fingers stay distinguishable."""
    scale = DRAWN_SIDE / min(image.shape[:2])
    return image if scale <= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def _of_height(image: np.ndarray, height: int) -> np.ndarray:
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _write_gif(out: Path, images: Iterable[np.ndarray], fps: float) -> None:
    # OpenCV and PyAV write GIFs with a fixed palette or without one; Pillow is available through matplotlib.
    from PIL import Image

    first, *others = [Image.fromarray(_of_height(image, GIF_HEIGHT)).quantize(256) for image in images]
    with atomic_path(out) as temporary:
        first.save(temporary, "GIF", save_all=True, append_images=others, duration=round(1000 / fps), loop=0)


def _drawn_frames(clip: ClipLandmarks, images: Sequence[np.ndarray], view: View | None, joints: Skeleton,
                  count: int) -> list[np.ndarray]:
    """The clip's key frames with landmarks, scaled to the sheet's tile height."""
    pictures = []
    for frame in key_frames(clip.coordinates, joints, count):
        drawn = draw_skeleton(_enlarged(images[frame]), clip.coordinates[frame], joints, view)
        pictures.append(_of_height(drawn, TILE_HEIGHT))
    return pictures
