"""Which clips of a corpus a model is about: clips with one sign, streams with labels, or sentences."""

import pandas as pd

from slr.params import ModelParams

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


def missing_clips(settings: ModelParams, clips: pd.DataFrame) -> str | None:
    """What a manifest lacks for this model, as in "the corpus has ..."; None if it has clips of its task."""
    if not clips_of(settings, clips).empty:
        return None
    return _LACKS[settings.task].format(fewest=getattr(settings, "fewest_glosses", 1))
