"""Which models a corpus has clips, joints and channels for."""

from typing import NamedTuple

import pandas as pd

from slr.corpora.imported import landmark_format
from slr.dataset.landmarks import CHANNELS
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ParamsError, SlrError
from slr.params import CorpusParams, ModelParams
from slr.params.corpora import comes_as_landmarks
from slr.tasks import missing_clips, task_of

_TRIED = 5
"""Recordings of a corpus of landmarks that are tried until one can be read."""


class Layout(NamedTuple):
    """What the landmarks of a corpus hold: the joints, and how many of x, y, z and visibility; None if unknown."""

    joints: Skeleton | None = None
    channels: int | None = None


UNKNOWN = Layout()


def lacks(settings: ModelParams, corpus: str, clips: pd.DataFrame, layout: Layout = UNKNOWN) -> str | None:
    """What a model needs and a corpus lacks, as in "the corpus has ..."; None if nothing.

    Parameters
    ----------
    corpus : str
        Its name.
    clips : DataFrame
        Its manifest rows.
    layout : Layout, optional
        Of its landmarks, as far as it is to count: `layout_of`.
    """
    if settings.needs_video and comes_as_landmarks(corpus):
        return "no video"
    if (missing := missing_clips(task_of(settings), settings, clips)) is not None or settings.needs_video:
        return missing
    if layout.joints is not None:
        target = skeleton(settings.joints)
        try:
            layout.joints.selector(target)
        except ParamsError:
            return f"the joints of {layout.joints.name}, not of {settings.joints}"
        if reason := _cannot_normalise(settings, target):
            return f"{reason} (models.<name>.normalise)"
    if layout.channels is not None and layout.channels < settings.channels:
        return f"{layout.channels} channels ({', '.join(CHANNELS[:layout.channels])}), not {settings.channels}"
    return None


def _cannot_normalise(settings: ModelParams, target: Skeleton) -> str | None:
    from slr.preprocessing.normalise import normaliser  # torch, which takes a second

    try:
        normaliser(settings.normalise, target)
    except ParamsError as error:
        return str(error)
    return None


def layout_of(params: CorpusParams, clips: pd.DataFrame, extracted: str) -> Layout:
    """The joints and channels of a corpus: of the skeleton `extracted` from video, or of its recordings.

    Those that can't be read aren't known; the errors are reported when all recordings are read.
    """
    if not comes_as_landmarks(params.name):
        return Layout(skeleton(extracted), len(CHANNELS))
    reader = landmark_format(params.name)
    try:
        joints = reader.joints(params.root, params.imported)
    except SlrError:
        return UNKNOWN
    for media in clips.media.unique()[:_TRIED]:
        try:
            return Layout(joints, reader.load(params.root, media, params.imported).coordinates.shape[2])
        except SlrError:
            continue
    return Layout(joints)
