"""Video input and output: RGB frames with exact times from a file or a folder of images; H.264 files from frames.

A clip's frames are those that decode: counts, durations and rates in container headers are not trusted. Times are exact
fractions of a second until they are returned, so that the selection of frames never depends on rounding.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slr.errors import ClipError
from slr.io.files import atomic_path, entries
from slr.io.sampling import Decoded, Span, sample

if TYPE_CHECKING:
    import av

VIDEO_SUFFIXES = (".mp4", ".webm", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".swf")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
IMAGES_FPS = 25.0
"""Assumed frame rate of a folder of images."""

# Only formats that contain their own frames: playlists and concatenations refer to other files, anywhere.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,flv,swf,asf,ogg"
_TRACK_TIME_BASE = Fraction(1, 90_000)


class Frame(NamedTuple):
    """One decoded frame.

    Attributes
    ----------
    timestamp_s : float
        Seconds since the first frame of the file.
    image : ndarray, (H, W, 3) uint8
        RGB, upright.
    number : int
        Its index among all frames of the file, from 0.
    """

    timestamp_s: float
    image: np.ndarray
    number: int


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video, measured by decoding it.

    Attributes
    ----------
    width, height : int
        Size of the upright image, in square pixels.
    fps : float
        Mean rate of the decoded frames; the container's if there is only one.
    n_frames : int
        Number of decodable frames.
    duration_s : float
        From the first frame to the end of the last.
    rotation : int
        Degrees counter-clockwise by which stored frames are rotated to be upright (as done by `read_video`).
    """

    width: int
    height: int
    fps: float
    n_frames: int
    duration_s: float
    rotation: int


def probe(path: str | Path, *, images_fps: float | None = None) -> VideoInfo:
    """Decode a whole video (or folder of images) and return its properties; raises ClipError like `read_video`."""
    source = _source(path, images_fps)
    last = None
    for frame in source:
        last = frame
    if last is None:
        raise ClipError("no frame can be decoded")
    rate = last.number / last.time_s if last.time_s else source.nominal_fps
    height, width = last.image().shape[:2]
    return VideoInfo(width, height, float(rate), last.number + 1, float(last.time_s + 1 / rate), source.rotation)


def frame_rate(path: str | Path) -> float:
    """Mean frame rate of a video, from packet times: the same as by `probe`, without decoding.

    Six times faster for a clip of 170 frames, more for longer ones; damaged frames aren't noticed. A folder of images
    has `IMAGES_FPS`. Raises ClipError like `read_video`.
    """
    source = _source(path, None)
    return float(source.nominal_fps if isinstance(source, _ImageFolder) else source.mean_rate())


def announced_frames(path: str | Path, fps: float | None = None) -> int | None:
    """Number of frames that `read_video` will yield, according to the container; None if unknown.

    For a progress bar only: containers are unreliable.
    """
    try:
        duration_s, rate = _source(path, None).announced()
    except ClipError:  # the reader will raise the error
        return None
    return round(duration_s * min(fps or rate, rate)) if duration_s else None


def read_video(path: str | Path, *, fps: float | None = None, start_frame: int | None = None,
               end_frame: int | None = None, images_fps: float | None = None) -> Iterator[Frame]:
    """Decode a video file, or a folder of images in the natural order of their names.

    Parameters
    ----------
    path : path
    fps : float, optional
        Frames per second to keep: those nearest in time to a regular grid that starts at the first frame. A frame is
        kept at most once, so a slower source keeps its own frames without duplicates. None keeps all.
    start_frame, end_frame : int, optional
        Half-open range of frame numbers in the file, before `fps` applies. An end past the last frame is clipped.
    images_fps : float, optional
        Rate of a folder of images (`IMAGES_FPS` if unknown); a video's own times always take precedence.

    Yields
    ------
    Frame

    Raises
    ------
    ClipError
        If the file is missing, empty, truncated, damaged, not a video, without a video stream, or without a frame in
        the range. The message is only the reason.
    """
    for frame in sample(decode(path, images_fps=images_fps), Span(start_frame, end_frame), fps):
        yield Frame(float(frame.time_s), frame.image(), frame.number)


def decode(path: str | Path, *, images_fps: float | None = None) -> Iterator[Decoded]:
    """Every frame of a video or folder of images, converted to RGB only when it is asked for.

    Parameters and errors are those of `read_video`.
    """
    yield from _source(path, images_fps)


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


def _source(path: str | Path, images_fps: float | None) -> "_VideoFile | _ImageFolder":
    """The source of the decoded frames of `path`, after checking for obvious errors."""
    path = Path(path)
    try:
        if path.is_dir():
            return _ImageFolder(path, images_fps or IMAGES_FPS)
        size = path.stat().st_size
    except FileNotFoundError:
        raise ClipError("the file is missing") from None
    except OSError as error:  # a name longer than the file system allows, no permission
        raise ClipError(f"the file can't be read ({error.strerror})") from None
    if size == 0:
        raise ClipError("the file is empty (0 bytes)")
    return _VideoFile(path, size)


class _VideoFile:
    """The frames of a video file, in presentation order with presentation times."""

    def __init__(self, path: Path, file_size: int):
        self.path = path
        self.file_size = file_size
        self.nominal_fps = Fraction(25)
        self.rotation = 0

    def __iter__(self) -> Iterator[Decoded]:
        import av

        number = -1
        try:
            with self._open() as container:
                for frame in self._decode(container, self._stream(container)):
                    number = frame.number
                    yield frame
        except av.error.FFmpegError as error:
            reason = (error.strerror or str(error)).lower()
            raise ClipError(f"damaged or cut off after frame {number}: {reason}" if number >= 0 else
                            f"not a readable video ({reason})") from None

    def mean_rate(self) -> Fraction:
        """Frames per second, without decoding, from the mean interval of packet times."""
        import av

        try:
            with self._open() as container:
                stream = self._stream(container)
                nominal = stream.average_rate or stream.guessed_rate or self.nominal_fps
                times = [packet.pts for packet in container.demux(stream)
                         if packet.pts is not None and not packet.is_discard]
                if container.format.name == "avi" or len(times) < 2 or max(times) == min(times):
                    return nominal
                assert stream.time_base is not None  # packets have times
                return (len(times) - 1) / ((max(times) - min(times)) * stream.time_base)
        except av.error.FFmpegError as error:
            raise ClipError(f"not a readable video ({(error.strerror or str(error)).lower()})") from None

    def announced(self) -> tuple[float | None, float]:
        """Duration in seconds, if the container has it, and frame rate."""
        import av

        try:
            with self._open() as container:
                stream = self._stream(container)
                rate = float(stream.average_rate or stream.guessed_rate or self.nominal_fps)
                if stream.duration:
                    assert stream.time_base is not None
                    return float(stream.duration * stream.time_base), rate
                return container.duration / av.time_base if container.duration else None, rate
        except av.error.FFmpegError as error:
            raise ClipError(f"not a readable video ({(error.strerror or str(error)).lower()})") from None

    def _open(self) -> "av.container.InputContainer":
        import av

        # `file:` because a name may contain a colon, which would be parsed as a protocol; no other protocol is allowed.
        return av.open(f"file:{self.path}", options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"},
                       metadata_errors="replace")

    def _stream(self, container: "av.container.InputContainer") -> "av.VideoStream":
        import av

        cover_art = av.stream.Disposition.attached_pic
        streams = [stream for stream in container.streams.video if not stream.disposition & cover_art]
        if not streams:
            raise ClipError("it has sound but no picture" if container.streams.audio else
                            "it has no picture: cut off, or not a video")
        stream = streams[0]
        ends = [entry.pos + entry.size for entry in stream.index_entries]
        if ends and max(ends) > self.file_size:
            raise ClipError(f"the file is cut off: its index names {max(ends)} bytes, {self.file_size} are here")
        stream.codec_context.thread_count = 1  # the cores are busy with other clips
        return stream

    def _decode(self, container: "av.container.InputContainer", stream: "av.VideoStream") -> Iterator[Decoded]:
        self.nominal_fps = stream.average_rate or stream.guessed_rate or self.nominal_fps
        timed = container.format.name != "avi"  # which has one rate and no times: libav's guesses are out of order
        first_s, time_s, size = None, Fraction(0), None
        for number, frame in enumerate(container.decode(stream)):
            if timed and frame.pts is not None and frame.time_base is not None:
                shown_s = frame.pts * frame.time_base
                first_s = shown_s - time_s if first_s is None else first_s
                time_s = max(time_s, shown_s - first_s)
            elif number:
                time_s += 1 / self.nominal_fps
            size = size or (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                raise ClipError(f"the picture changes its size at frame {number}")
            self.rotation = frame.rotation

            def image(frame: "av.VideoFrame" = frame) -> np.ndarray:
                return _rgb(frame, stream.sample_aspect_ratio)

            yield Decoded(number, time_s, image)


def _rgb(frame: "av.VideoFrame", pixel_aspect: Fraction | None) -> np.ndarray:
    """(H, W, 3) uint8: the frame upright, in square pixels; greyscale, palettes and alpha are converted to RGB."""
    width = None
    if pixel_aspect is not None and abs(pixel_aspect - 1) > 0.01:  # smaller ones are rounding by the encoder
        width = round(frame.width * pixel_aspect)
    image = frame.to_ndarray(format="rgb24", width=width)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))


class _ImageFolder:
    """The images of a folder, in the natural order of their names, at a constant rate."""

    rotation = 0

    def __init__(self, path: Path, fps: float):
        self.files = sorted((file for file in entries(path) if file.suffix.lower() in IMAGE_SUFFIXES), key=_natural)
        self.nominal_fps = Fraction(fps).limit_denominator(100_000)
        if not self.files:
            raise ClipError("the folder holds no images")

    def announced(self) -> tuple[float, float]:
        """Duration in seconds and frame rate."""
        return float(len(self.files) / self.nominal_fps), float(self.nominal_fps)

    def __iter__(self) -> Iterator[Decoded]:
        size: list[tuple[int, ...]] = []
        for number, file in enumerate(self.files):
            yield Decoded(number, number / self.nominal_fps, partial(self._read, file, size))

    @staticmethod
    def _read(file: Path, first_shape: list[tuple[int, ...]]) -> np.ndarray:
        import cv2

        # This mode rotates the image by its EXIF orientation, drops alpha, and converts greyscale to three channels.
        image = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise ClipError(f"image {file.name} can't be read")
        first_shape[:] = first_shape or [image.shape]
        if image.shape != first_shape[0]:
            raise ClipError(f"image {file.name} differs in size from the first")
        return image


def _natural(file: Path) -> list[tuple[int, int | str]]:
    """Sort key under which frame2 comes before frame10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", file.name)]
