"""Which clips of a corpus a model is about: clips with one sign, streams with labels, or sentences."""

from pathlib import Path

import pandas as pd

from slr.corpora.imported import is_imported
from slr.corpora.manifest import read_manifest
from slr.errors import CorpusError
from slr.params import ModelParams, Params

_LACKS = {
    "isolated": "no clips with one gloss",
    "detection": "no streams (clips without glosses whose segments are labelled)",
    "continuous": "no sentences of at least {fewest} glosses",
}


def clips_of(settings: ModelParams, clips: pd.DataFrame) -> pd.DataFrame:
    """The rows of a manifest that this model trains and is tested on.

    Parameters
    ----------
    clips : DataFrame
        With `glosses` and `segments`.
    """
    glosses = clips.glosses.str.len()
    match settings.task:
        case "isolated":
            return clips[glosses == 1]
        case "detection":
            return clips[(glosses == 0) & (clips.segments.str.len() > 0)]
        case "continuous":
            return clips[glosses >= settings.fewest_glosses]


def lacks(settings: ModelParams, corpus: str, clips: pd.DataFrame) -> str | None:
    """What a corpus, by its name and the rows of its manifest, hasn't and the model needs; None where it has it all."""
    if settings.reads == "frames" and is_imported(corpus):
        return "no video"
    if clips_of(settings, clips).empty:
        return _LACKS[settings.task].format(fewest=getattr(settings, "fewest_glosses", 1))
    return None


def require_clips(params: Params, manifest: Path) -> None:
    """Raise CorpusError if the corpus has nothing for one of `train.models`: before anything is computed for it."""
    clips = read_manifest(manifest)
    for name in params.train.models:
        missing = lacks(params.models[name], params.corpus.name, clips)
        if missing is not None:
            raise CorpusError(f"models.{name} can't be trained: the corpus has {missing}; take it out of train.models, "
                              "or choose a corpus that has them (of the built-in one: corpus.sample.parts)")
