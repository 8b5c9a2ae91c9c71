"""Which models a corpus has clips for."""

from pathlib import Path

import pandas as pd

from slr.corpora.imported import landmark_format
from slr.dataset.manifest import read_manifest
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import CorpusError, ParamsError, SlrError
from slr.params import CorpusParams, ModelParams, Params
from slr.params.corpora import comes_as_landmarks
from slr.tasks import missing_clips, task_of


def lacks(settings: ModelParams, corpus: str, clips: pd.DataFrame, joints: Skeleton | None = None) -> str | None:
    """What a model needs and a corpus lacks, as in "the corpus has ..."; None if nothing.

    Parameters
    ----------
    corpus : str
        Its name.
    clips : DataFrame
        Its manifest rows.
    joints : Skeleton, optional
        Its joints, if they are known: `joints_of`.
    """
    if settings.needs_video and comes_as_landmarks(corpus):
        return "no video"
    task = task_of(settings)
    missing = missing_clips(task, settings, clips) or _no_choice(task.clips(settings, clips))
    if missing is None and joints is not None:
        try:
            joints.selector(skeleton(settings.joints))
        except ParamsError:
            return f"the joints of {joints.name}, not of {settings.joints}"
    return missing


def _no_choice(clips: pd.DataFrame) -> str | None:
    """What is lacking if all clips that a model would learn from have the same gloss."""
    glosses = clips.glosses.explode()
    if glosses.isna().any() or glosses.nunique() != 1:
        return None
    return f"only one gloss for it, '{glosses.iloc[0]}', and so no choice to be learnt"


def joints_of(params: CorpusParams) -> Skeleton | None:
    """The joints of a corpus of landmarks; None for one of video, or if they can't be read."""
    if not comes_as_landmarks(params.name):
        return None
    try:
        return landmark_format(params.name).joints(params.root, params.imported)
    except SlrError:  # reported when the recordings are read
        return None


def require_clips(params: Params, manifest: Path) -> None:
    """Raise CorpusError, before anything is computed, if the corpus has no training clips for one of the models."""
    clips = read_manifest(manifest)
    for name in dict.fromkeys([*params.train.models, params.train.model]):
        missing = lacks(params.models[name], params.corpus.name, clips)
        if missing is not None:
            raise CorpusError(f"models.{name} can't be trained: the corpus has {missing}; take it out of train.models, "
                              "or choose a corpus that has them (of the built-in one: corpus.sample.parts)")
