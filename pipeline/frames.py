"""Decode every clip into JPEG frames; corpora that come as landmarks have none."""

from pathlib import Path

from pipeline.stage import run
from slr.corpora.imported import is_imported
from slr.frames import extract_frames, no_frames
from slr.params import Params
from slr.places import FRAMES, MANIFEST, WORK


def frames(params: Params) -> None:
    if is_imported(params.corpus.name):
        no_frames(FRAMES)
        return
    extract_frames(MANIFEST, Path(params.corpus.root), FRAMES, params.frames, on_error=params.corpus.on_error,
                   max_failures=params.corpus.max_failures, workers=params.compute.workers, work=WORK / "frames")


if __name__ == "__main__":
    run(frames)
