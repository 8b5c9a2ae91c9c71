"""Many clips of one long recording, beside one decoding of it.

    python -m benchmarks.inputs.long_file [--seconds 600]

Writes into `benchmarks/results/inputs.json`, for 40 clips of three seconds that lie evenly in a recording of ten
minutes (320 x 240, 25 frames a second):

- `long_file_ratio`: processor time of the frames stage over the clips, from the file to the finished store, to that of
  decoding the file once (`long_file_decode_s`, without any conversion). One process each, in turns, the least of three.
- `long_file_wall_ratio`: the same by the clock.
- `long_file_shared_ratio`: processor time where two workers share the file, their start included.
- `long_file_wrong`: frames of the clips, of either run, that aren't the ones that stand there: each picture of the
  recording shows its own number, in squares of light and dark, and those to expect are counted by hand: every clip
  starts at a whole second, and of 25 frames a second 12 are kept.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.record import record
from slr.dataset.frames import read_frames
from slr.dataset.manifest import write_manifest
from slr.extraction.frames import extract_frames
from slr.io.video import probe, write_video
from slr.params import FramesParams

FPS, CLIPS, CLIP_S, BITS, SQUARE = 25, 40, 3, 16, 40
KEPT = [0, 2, 4, 6, 8, 10, 12, 15, 17, 19, 21, 23]
"""The frames of a second at 25 a second that are nearest to twelfths of it: k * 25 / 12, rounded."""


def pictures(n_frames: int) -> Iterator[np.ndarray]:
    """Pictures that show their number: bit k is the k-th square, eight in a row; noise below gives the decoder work."""
    noise = np.random.default_rng(1).integers(0, 255, (160, 320 + 64, 3), np.uint8)
    for number in range(n_frames):
        picture = np.empty((240, 320, 3), np.uint8)
        bits = (number >> np.arange(BITS) & 1).reshape(2, 8).astype(np.uint8)
        picture[:80] = np.kron(200 * bits + 20, np.ones((SQUARE, SQUARE), np.uint8))[..., None]
        picture[80:] = noise[:, number % 64:number % 64 + 320]
        yield picture


def number_in(image: np.ndarray) -> int:
    """The number that a picture shows."""
    bits = image[SQUARE // 2:80:SQUARE, SQUARE // 2::SQUARE, 0] > 120
    return int((bits.ravel() << np.arange(BITS)).sum())


def corpus(root: Path, seconds: int) -> dict[str, list[int]]:
    """Write the recording and its manifest; returns the frames that each clip must have."""
    write_video(root / "long.mp4", pictures(seconds * FPS), fps=FPS, preset="ultrafast", crf=28)
    starts = {f"clip{index:02d}": index * (seconds - CLIP_S) // (CLIPS - 1) for index in range(CLIPS)}
    write_manifest(root / "manifest.parquet", pd.DataFrame([
        {"clip_id": clip_id, "media": "long.mp4", "start_frame": start_s * FPS, "end_frame": (start_s + CLIP_S) * FPS,
         "fps": None, "glosses": ["a"], "segments": [], "signer": None, "split": None}
        for clip_id, start_s in starts.items()]))
    return {clip_id: [(start_s + second) * FPS + frame for second in range(CLIP_S) for frame in KEPT]
            for clip_id, start_s in starts.items()}


def wrong_frames(store: Path, expected: dict[str, list[int]]) -> int:
    """How many frames aren't those expected at their place, or are missing or left over."""
    wrong = 0
    for clip_id, numbers in expected.items():
        shown = [number_in(image) for image in read_frames(store, clip_id)[1]]
        wrong += sum(a != b for a, b in zip(shown, numbers, strict=False)) + abs(len(shown) - len(numbers))
    return wrong


def cost(function: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time, worker processes included, and by the clock."""
    before, start = _processor_s(), time.perf_counter()
    function()
    return _processor_s() - before, time.perf_counter() - start


def _processor_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="length of the recording")
    seconds = parser.parse_known_args()[0].seconds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        expected = corpus(root, seconds)

        def extract(workers: int) -> None:
            extract_frames(root / "manifest.parquet", root, root / f"frames{workers}", FramesParams(fps=12, size=320),
                           workers=workers, work=root / "work")

        turns = [(cost(lambda: probe(root / "long.mp4")), cost(lambda: extract(1))) for _ in range(3)]
        shared = cost(lambda: extract(2))
        decoding, together = (np.min(measured, axis=0) for measured in zip(*turns, strict=True))
        record("inputs", {
            "long_file_s": seconds, "long_file_clips": CLIPS, "long_file_decode_s": float(decoding[0]),
            "long_file_ratio": float(together[0] / decoding[0]),
            "long_file_wall_ratio": float(together[1] / decoding[1]),
            "long_file_shared_ratio": float(shared[0] / decoding[0]),
            "long_file_wrong": wrong_frames(root / "frames1", expected) + wrong_frames(root / "frames2", expected),
        }, part="long_file")


if __name__ == "__main__":
    main()
