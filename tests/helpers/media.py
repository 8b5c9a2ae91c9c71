"""Odd recordings: what people's folders hold besides good clips. Each is a real file that PyAV or OpenCV wrote."""

import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from slr.io.video import write_video
from tests.helpers.recordings import record


def pictures(n_frames: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """RGB frames that can be told apart: frame i is uniformly 4 i bright, with a red corner at the top left."""
    frames = [np.full((height, width, 3), 4 * i % 256, np.uint8) for i in range(n_frames)]
    for frame in frames:
        frame[:height // 3, :width // 3] = (255, 0, 0)
    return frames


def numbers(images: list[np.ndarray]) -> list[int]:
    """Which of `pictures` these are, by the brightness of their bottom right."""
    return [round(float(image[-8:, -8:].mean()) / 4) for image in images]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("This is a text file, whatever its name says.\n" * 20)


def playlist(path: Path) -> None:
    """A playlist that names a good video elsewhere: a way out of the corpus root."""
    other = record(path.parent / "elsewhere" / "other.mp4")
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{other}\n#EXT-X-ENDLIST\n")


def cut_off(path: Path) -> None:
    """An mp4 without its second half, and so without its index, which is written last."""
    record(path, n_frames=40)
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def cut_off_after_index(path: Path) -> None:
    """An mp4 made for streaming, whose index comes first, without its last third."""
    encode(path, pictures(40), muxer={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:path.stat().st_size * 2 // 3])


def sound_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        sound.rate = 44_100
        container.mux(stream.encode(sound))
        container.mux(stream.encode())


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (empty, "the file is empty"),
    "text": (text, "not a readable video"),
    "playlist": (playlist, "not a readable video"),
    "cut_off": (cut_off, "cut off|not a readable video"),
    "cut_off_after_index": (cut_off_after_index, "the file is cut off"),
    "sound_only": (sound_only, "sound but no picture"),
    "missing": (lambda path: None, "the file is missing"),
}
"""Files that hold no clip: how to make one, and the reason (a pattern) that is to be given."""


def encode(path: Path, frames: list[np.ndarray], *, codec: str = "libx264", pix_fmt: str = "yuv420p", fps: int = 10,
           pixel_aspect: Fraction | None = None, muxer: dict[str, str] | None = None, form: str | None = None,
           options: dict[str, str] | None = None, numbers: Iterable[int] | None = None) -> Path:
    """Write a video with a codec, pixel format or shape of pixel of one's own choice; H.264 is lossless.

    `form` is the container, by default the suffix's; `numbers` are the frames' times in intervals of `fps`.
    """
    with av.open(str(path), "w", format=form, options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=fps,
                                      options=options or ({"crf": "0"} if codec == "libx264" else {}))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        for number, image in zip(numbers or range(len(frames)), frames, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def rotated(path: Path, degrees: int) -> Path:
    """A video whose metadata turn it counter-clockwise."""
    write_video(path, pictures(6), fps=10, rotation=degrees)
    return path


def beside_sound(path: Path, frames: list[np.ndarray], *, fps: int, picture_s: float = 0, sound_s: float = 0,
                 length_s: float = 1, codecs: tuple[str, str] = ("libx264", "aac")) -> Path:
    """A video with silence of some length; picture and sound begin at these times."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream(codecs[0], rate=fps)
        picture.height, picture.width = frames[0].shape[:2]
        picture.pix_fmt = "yuv420p"
        sound = container.add_stream(codecs[1], rate=48_000, layout="mono")
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number + round(picture_s * fps), Fraction(1, fps)
            container.mux(picture.encode(frame))
        for number in range(round(length_s * 50)):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format="flt", layout="mono")
            silence.rate, silence.time_base = 48_000, Fraction(1, 48_000)
            silence.pts = 960 * number + round(sound_s * 48_000)
            container.mux(sound.encode(silence))
        container.mux(picture.encode())
        container.mux(sound.encode())
    return path


def with_matrix(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """A video whose track header has a display matrix a, b, c, d; `pictures` of 48 x 64 pixels."""
    rotated(path, 0)
    put_matrix(path, matrix)
    return path


def put_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Put a display matrix a, b, c, d into the track header of an mp4 without one."""
    upright, other = (struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
                      for a, b, c, d in ((1, 0, 0, 1), matrix))
    content = path.read_bytes()
    track = content.index(b"tkhd")
    path.write_bytes(content[:track] + content[track:].replace(upright, other, 1))
