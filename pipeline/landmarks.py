"""Find landmarks in every clip's frames."""

from pipeline.paths import FRAMES, LANDMARKS, WORK
from pipeline.stage import run
from slr.landmarks.extract import extract_landmarks
from slr.params import Params


def landmarks(params: Params) -> None:
    extract_landmarks(FRAMES, LANDMARKS, params.landmarks, on_error=params.corpus.on_error,
                      max_failures=params.corpus.max_failures, workers=params.compute.workers,
                      work=WORK / "landmarks")


if __name__ == "__main__":
    run(landmarks)
