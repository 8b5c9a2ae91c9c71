"""Which clips of a corpus a model is about: clips with one sign, streams with labels, or sentences."""

import pandas as pd

from slr.params import ModelParams


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
