"""Decode every clip into JPEG frames; landmark corpora have none."""

from pathlib import Path

from pipeline.stage import run
from slr.dataset.paths import FRAMES, MANIFEST, WORK
from slr.extraction.frames import extract_frames, no_frames
from slr.params import Params
from slr.params.corpora import BUILT_IN, comes_as_landmarks


def frames(params: Params) -> None:
    if comes_as_landmarks(params.corpus.name):
        no_frames(FRAMES)
        return
    extract_frames(MANIFEST, Path(params.corpus.root), FRAMES, params.frames, on_error=params.corpus.on_error,
                   max_failures=params.corpus.max_failures, workers=params.compute.workers, work=WORK / "frames",
                   find_copies=params.corpus.name != BUILT_IN)  # every clip of which is drawn once


if __name__ == "__main__":
    run(frames)
