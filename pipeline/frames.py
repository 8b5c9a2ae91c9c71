"""Decode every clip into JPEG frames."""

from pathlib import Path

from pipeline.paths import FRAMES, MANIFEST, WORK
from pipeline.stage import run
from slr.frames import extract_frames
from slr.params import Params


def frames(params: Params) -> None:
    extract_frames(MANIFEST, Path(params.corpus.root), FRAMES, params.frames, on_error=params.corpus.on_error,
                   max_failures=params.corpus.max_failures, workers=params.compute.workers, work=WORK / "frames")


if __name__ == "__main__":
    run(frames)
