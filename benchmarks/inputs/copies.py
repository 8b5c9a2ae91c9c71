"""Copies that were encoded anew, against other takes of the same signer in the same studio (`slr.corpora.copies`).

    python -m benchmarks.inputs.copies

- `copies_tried`, `copies_missed`: 40 of the 442 front takes of the Slovak dictionary (../shared/data), encoded anew in
  the ways of `KINDS`; those not found among all takes and copies.
- `copies_false`: pairs of different takes that were found.
- `copy_whole_least`, `take_whole_most`: the least likeness of a copy with its take, and the most of two takes that were
  looked at closely, of which there were `takes_looked_at`; `slr.corpora.films.PICTURES` lies between.
- `copy_third_least`: the same of the third in which it is least.
"""

import tempfile
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np

from benchmarks.record import record
from slr.corpora.films import PICTURES, Film, Likeness, film_of, likeness, movement, near_copies
from slr.io.video import read_video
from studies.workspace import shared_data

FPS = 25


class Kind(NamedTuple):
    """One way of encoding anew: pictures, at `FPS`, to the pictures that are written."""

    pictures: Callable[[list[np.ndarray]], list[np.ndarray]]
    suffix: str = ".mp4"
    codec: str = "libx264"
    fps: float = FPS
    options: dict[str, str] = {"crf": "28", "preset": "veryfast"}
    bit_rate: int | None = None


def scaled(images: Iterable[np.ndarray], height: int, width: int) -> list[np.ndarray]:
    return [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in images]


def cropped(images: list[np.ndarray], share: float) -> list[np.ndarray]:
    """Without `share` of the height above and below, and of the width at each side."""
    height, width = images[0].shape[:2]
    y, x = round(share * height), round(share * width)
    return [image[y:y + (height - 2 * y) // 2 * 2, x:x + (width - 2 * x) // 2 * 2] for image in images]


def at_rate(images: list[np.ndarray], fps: float) -> list[np.ndarray]:
    """The frame that is shown at each moment of another rate."""
    return [images[min(len(images) - 1, int(number * FPS / fps))] for number in range(int(len(images) * fps / FPS))]


KINDS = {
    "half the size": Kind(lambda images: scaled(images, 144, 256), options={"crf": "30", "preset": "veryfast"}),
    "coarse": Kind(lambda images: images, options={"crf": "40", "preset": "veryfast"}),
    "VP8": Kind(lambda images: scaled(images, 216, 384), ".webm", "libvpx", options={}, bit_rate=300_000),
    "MPEG-4 in AVI, another shape": Kind(lambda images: scaled(images, 240, 320), ".avi", "mpeg4", options={},
                                         bit_rate=200_000),
    "15 fps": Kind(lambda images: at_rate(images, 15), fps=15),
    "30 fps": Kind(lambda images: at_rate(images, 30), fps=30),
    "cropped": Kind(lambda images: cropped(images, 0.015)),
    "trimmed": Kind(lambda images: images[7:-5]),
    "trimmed at the end": Kind(lambda images: images[3:-12]),
    "all of it": Kind(lambda images: scaled(cropped(at_rate(images[5:-6], 15), 0.01), 180, 320), ".webm", "libvpx", 15,
                      {}, 250_000),
}


def encode_anew(images: list[np.ndarray], kind: Kind, stem: Path) -> Path:
    """Write a copy; returns its path, the stem with the kind's suffix."""
    path = stem.with_suffix(kind.suffix)
    written = kind.pictures(images)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(kind.codec, rate=Fraction(kind.fps), options=kind.options)
        stream.height, stream.width = written[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        if kind.bit_rate is not None:
            stream.bit_rate = kind.bit_rate
        for image in written:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())
    return path


def main(n_copies: int = 40) -> None:
    takes = sorted((shared_data("slovak") / "words_front").glob("*.mp4"))
    films: dict[str, Film] = {path.name: film_of(read_video(path)) for path in takes}
    source: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(n_copies):
            take = takes[5 + number * (len(takes) // n_copies)]
            images = [frame.image for frame in read_video(take)]
            name = f"{take.stem}, {list(KINDS)[number % len(KINDS)]}"
            path = encode_anew(images, list(KINDS.values())[number % len(KINDS)], Path(folder) / take.stem)
            films[name], source[name] = film_of(read_video(path)), take.name
    movements = {name: movement(film) for name, film in films.items()}
    found = near_copies(movements, lambda names: films, PICTURES, same=lambda one, other: False)
    true = {(min(pair), max(pair)) for pair in source.items()}
    others = near_copies({take.name: movements[take.name] for take in takes}, lambda names: films,
                         PICTURES._replace(likeness=Likeness(-1, -1)), same=lambda one, other: False)
    copies = [likeness(films[name], films[take]) for name, take in source.items()]
    record("inputs", {
        "copies_tried": len(true), "copies_missed": len(true - set(found)), "copies_false": len(set(found) - true),
        "copy_whole_least": min(alike.whole for alike in copies),
        "copy_third_least": min(alike.least for alike in copies),
        "take_whole_most": max(likeness(films[one], films[other]).whole for one, other in others),
        "takes_looked_at": len(others),
    }, part="copies")


if __name__ == "__main__":
    main()
