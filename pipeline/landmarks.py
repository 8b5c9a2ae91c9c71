"""Extract landmarks from every clip's frames, or import those of a landmark corpus."""

from pipeline.stage import run
from slr.dataset.paths import FRAMES, LANDMARKS, MANIFEST, WORK
from slr.extraction.importing import import_landmarks
from slr.extraction.landmarks import extract_landmarks
from slr.params import Params
from slr.params.corpora import comes_as_landmarks


def landmarks(params: Params) -> None:
    if comes_as_landmarks(params.corpus.name):
        import_landmarks(MANIFEST, LANDMARKS, params.corpus, clips_per_shard=params.landmarks.clips_per_shard)
        return
    extract_landmarks(FRAMES, LANDMARKS, params.landmarks, on_error=params.corpus.on_error,
                      max_failures=params.corpus.max_failures, workers=params.compute.workers,
                      work=WORK / "landmarks")


if __name__ == "__main__":
    run(landmarks)
