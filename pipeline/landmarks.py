"""Find landmarks in every clip's frames, or import those that the corpus brings along."""

from pipeline.stage import run
from slr.corpora.registry import IMPORTED
from slr.dataset.paths import FRAMES, LANDMARKS, MANIFEST, WORK
from slr.extraction.importing import import_landmarks
from slr.extraction.landmarks import extract_landmarks
from slr.params import Params


def landmarks(params: Params) -> None:
    if params.corpus.name in IMPORTED:
        import_landmarks(MANIFEST, LANDMARKS, params.corpus, clips_per_shard=params.landmarks.clips_per_shard)
        return
    extract_landmarks(FRAMES, LANDMARKS, params.landmarks, on_error=params.corpus.on_error,
                      max_failures=params.corpus.max_failures, workers=params.compute.workers,
                      work=WORK / "landmarks")


if __name__ == "__main__":
    run(landmarks)
