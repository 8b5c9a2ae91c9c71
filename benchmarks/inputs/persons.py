"""Cropping to one of two people: landmarks beside those of the same person alone.

    python -m benchmarks.inputs.persons

Pairs of signers, drawn and real, are put beside each other; each side is extracted with `frames.person`, and compared
with the landmarks of the video of that person alone. A side is wrong if nose or shoulders are on the average more than
2 % of one picture's width away; `persons_hands_lost` is the largest share of frames in which a hand is found only alone
(from the side one hand is half hidden, and found or not by a hair).
"""

import tempfile
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.record import record
from slr.corpora.sample import render
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.extraction.persons import SEARCH_FPS, box_of
from slr.extraction.video import VideoReader
from slr.io.video import read_video, write_video
from slr.params import FramesParams, LandmarksParams, SampleParams
from slr.params.persons import Which
from studies.workspace import shared_data

DRAWN = SampleParams(parts=["isolated"], signs=2, signers=3, repetitions=1)
FPS, FRAMES = 6.0, 12
POINTS = ("nose", "left_shoulder", "right_shoulder")


class Case(NamedTuple):
    """Two videos of one size, `drawn` or of the real recordings."""

    left: str
    right: str


CASES = [
    Case("drawn/isolated/s00-balo-1.mp4", "drawn/isolated/s01-tenki-1.mp4"),
    Case("drawn/isolated/s02-tenki-1.mp4", "drawn/isolated/s00-tenki-1.mp4"),
    Case("slovak/words_front/w050.mp4", "slovak/words_front/w120.mp4"),
    Case("slovak/words_front/w200.mp4", "slovak/words_front/w010.mp4"),
    Case("slovak/words_side/w050.mp4", "slovak/words_front/w120.mp4"),
    Case("slovak/words_front/w300.mp4", "slovak/words_side/w120.mp4"),
    Case("slovak/words_side/w000.mp4", "slovak/words_side/w200.mp4"),
]


def errors(case: Case, drawn: Path, folder: Path) -> list[tuple[float, float]]:
    """For each side: mean distance of nose and shoulders in widths of one picture, share of frames whose hands are
    lost."""
    recorded = shared_data("slovak").parent
    videos = [(drawn if name.startswith("drawn") else recorded) / name.removeprefix("drawn/") for name in case]
    pictures = [[frame.image for frame in islice(read_video(video, fps=FPS), FRAMES)] for video in videos]
    frames = min(map(len, pictures))
    both = folder / "both.mp4"
    pairs = zip(*(of[:frames] for of in pictures), strict=True)
    write_video(both, [np.hstack(pair) for pair in pairs], fps=FPS, crf=12)
    found = []
    sides: tuple[Which, Which] = ("left", "right")
    for number, person in enumerate(sides):
        height, width = pictures[number][0].shape[:2]
        write_video(folder / "alone.mp4", pictures[number][:frames], fps=FPS, crf=12)
        alone, _ = _landmarks(folder / "alone.mp4", None)
        chosen, joints = _landmarks(both, person)
        box = box_of(person, read_video(both, fps=SEARCH_FPS))
        scale, corner = np.array([box[2] - box[0], box[3] - box[1]]), np.array([box[0] - number * width, box[1]])
        points = [joints.joints.index(name) for name in POINTS]
        moved = chosen.coordinates[:, points, :2] * scale + corner - alone.coordinates[:, points, :2] * [width, height]
        where = np.r_[joints.part_slices["left_hand"], joints.part_slices["right_hand"]]
        found.append((float(np.linalg.norm(np.nanmean(moved, axis=0), axis=1).max() / width),
                      float(alone.mask[:, where].mean() - chosen.mask[:, where].mean())))
    return found


def _landmarks(video: Path, person: Which | None) -> tuple[ClipLandmarks, Skeleton]:
    reader = VideoReader(FramesParams(fps=FPS, person=person), LandmarksParams())
    return reader.landmarks(video), reader.source


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        render(DRAWN, folder / "drawn", workers=1)
        sides = [side for case in CASES for side in errors(case, folder / "drawn", folder)]
    record("inputs", {
        "persons_tried": len(sides), "persons_wrong": sum(far > 0.02 for far, _ in sides),
        "persons_error": max(far for far, _ in sides), "persons_hands_lost": max(lost for _, lost in sides),
    }, part="persons")


if __name__ == "__main__":
    main()
