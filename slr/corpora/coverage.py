"""Which models a corpus has clips for."""

from pathlib import Path

import pandas as pd

from slr.dataset.manifest import read_manifest
from slr.errors import CorpusError
from slr.params import ModelParams, Params
from slr.params.corpora import comes_as_landmarks
from slr.tasks import missing_clips, task_of


def lacks(settings: ModelParams, corpus: str, clips: pd.DataFrame) -> str | None:
    """What a model needs and a corpus lacks, by the corpus's name and manifest rows; None if nothing."""
    if settings.needs_video and comes_as_landmarks(corpus):
        return "no video"
    return missing_clips(task_of(settings), settings, clips)


def require_clips(params: Params, manifest: Path) -> None:
    """Raise CorpusError, before anything is computed, if the corpus has no training clips for one of the models."""
    clips = read_manifest(manifest)
    for name in dict.fromkeys([*params.train.models, params.train.model]):
        missing = lacks(params.models[name], params.corpus.name, clips)
        if missing is not None:
            raise CorpusError(f"models.{name} can't be trained: the corpus has {missing}; take it out of train.models, "
                              "or choose a corpus that has them (of the built-in one: corpus.sample.parts)")
