"""H.264 files from RGB frames."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slr.io.files import atomic_path

if TYPE_CHECKING:
    import av

_TRACK_TIME_BASE = Fraction(1, 90_000)


def write_video(path: str | Path, frames: Iterable[np.ndarray], *, fps: float | None = None, crf: int = 20,
                preset: str = "fast", timestamps_s: Iterable[float] | None = None, rotation: int = 0) -> None:
    """Encode RGB frames as H.264 (yuv420p, single-threaded, so the same frames give the same bytes).

    Parameters
    ----------
    path : path
        Its suffix selects the container (mp4, mkv, mov, avi). Written atomically.
    frames : iterable of (H, W, 3) uint8 arrays
        All of the same size. An odd side is padded by one repeated row or column: the pixel format needs even sides.
    fps : float, optional
        Constant frame rate.
    crf : int, default 20
        Quality, 0 (lossless) to 51.
    preset : str, default "fast"
        x264's preset: encoding time against file size.
    timestamps_s : iterable of float, optional
        Increasing time of each frame, instead of `fps`: a variable frame rate. Not supported by avi.
    rotation : int, default 0
        Degrees counter-clockwise by which a player rotates the frames (metadata; the frames are written unrotated).

    Raises
    ------
    ValueError
        If there are no frames, they differ in size, or not exactly one of `fps` and `timestamps_s` is given.
    """
    import av

    if (fps is None) == (timestamps_s is None):
        raise ValueError("give either fps or timestamps_s")
    rate = Fraction(fps).limit_denominator(100_000) if fps else Fraction(30)
    time_base = 1 / rate if fps else _TRACK_TIME_BASE
    times = iter(timestamps_s) if timestamps_s is not None else None
    shape = None
    with atomic_path(path) as temporary, av.open(str(temporary), "w", options={"fflags": "+bitexact"}) as container:
        for number, image in enumerate(frames):
            if shape is None:
                shape = image.shape
                stream = _h264_stream(container, shape, rate, time_base, crf, preset, rotation)
            if image.shape != shape:
                raise ValueError(f"frame {number} has shape {image.shape}, the first {shape}")
            frame = av.VideoFrame.from_ndarray(_even(image), format="rgb24")
            frame.pts = number if times is None else round(next(times) / time_base)
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        if shape is None:
            raise ValueError("a video needs at least one frame")
        container.mux(stream.encode())


def _h264_stream(container: "av.container.OutputContainer", shape: tuple[int, ...], rate: Fraction,
                 time_base: Fraction, crf: int, preset: str, rotation: int) -> "av.VideoStream":
    # With its macroblock tree, x264's bytes depend on the content of freed memory, and differ from run to run.
    options = {"crf": str(crf), "preset": preset, "threads": "1", "mbtree": "0"}
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.height, stream.width = (side + side % 2 for side in shape[:2])
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = time_base
    if rotation:
        stream.set_display_rotation(rotation)
    return stream


def _even(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
