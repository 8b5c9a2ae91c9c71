"""Read (or draw) the corpus into the manifest."""

from pipeline.stage import run
from slr import corpora
from slr.params import Params
from slr.places import MANIFEST, SAMPLE
from slr.tasks import require_clips


def corpus(params: Params) -> None:
    SAMPLE.mkdir(parents=True, exist_ok=True)  # an output of the stage, empty where another corpus is read
    corpora.prepare(params.corpus, MANIFEST, params.compute.workers)
    require_clips(params, MANIFEST)


if __name__ == "__main__":
    run(corpus)
