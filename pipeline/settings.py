"""Validate all settings before anything is computed, and record the code that each stage runs.

Invalid values are refused with a suggestion. The other stages depend on these records (`pipeline.fingerprint`), so this
is the first stage, and a change of code or settings reruns what depends on it.
"""

from pipeline.fingerprint import write_fingerprints
from pipeline.stage import run
from slr.dataset.paths import CODE
from slr.extraction.extractor import extractor_metadata
from slr.metrics.sclite import require_sclite
from slr.params import Params
from slr.params.corpora import comes_as_landmarks


def settings(params: Params) -> None:
    if params.evaluation.wer == "sclite":
        require_sclite()
    if not comes_as_landmarks(params.corpus.name):
        extractor_metadata(params.landmarks)  # refuses one that isn't installed, or whose weights aren't there
    print(f"{len(params.train.models)} models, {params.train.model} selected; {len(params.zoo.models)} more in the zoo")
    write_fingerprints(params, CODE)


if __name__ == "__main__":
    run(settings)
