"""Read (or render) the corpus into the manifest."""

from pipeline.foresee import foresee
from pipeline.stage import run
from slr.corpora import scanning
from slr.dataset.paths import MANIFEST, SAMPLE
from slr.params import Params


def corpus(params: Params) -> None:
    SAMPLE.mkdir(parents=True, exist_ok=True)  # an output of the stage, empty for other corpora
    scanning.prepare(params.corpus, MANIFEST, params.compute.workers)
    foresee(params)


if __name__ == "__main__":
    run(corpus)
