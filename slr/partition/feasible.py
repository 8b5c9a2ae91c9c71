"""What later stages would refuse, found from the manifest and the settings before anything is computed."""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pandas as pd

from slr.corpora.coverage import lacks, layout_of
from slr.corpora.problems import Problem, errors, raise_errors
from slr.dataset.manifest import is_gallery, read_manifest
from slr.errors import CorpusError
from slr.io.progress import warn
from slr.params import Params
from slr.partition.splits import make_splits
from slr.tasks import task_of


def require_feasible(params: Params, manifest: Path) -> None:
    """Warn of what the later stages will leave out, and refuse what they would refuse.

    Raises
    ------
    CorpusError
        With every error of `foreseen`.
    """
    found = list(foreseen(params, read_manifest(manifest)))
    for problem in found:
        if problem.severity == "warning":
            warn(str(problem))
    raise_errors(errors(found), f"corpus {params.corpus.annotations or params.corpus.root}, with these settings,")


def foreseen(params: Params, clips: pd.DataFrame) -> Iterator[Problem]:
    """Problems of the later stages with a corpus.

    Parameters
    ----------
    params : Params
    clips : DataFrame
        Its manifest rows.

    Yields
    ------
    Problem
        Kinds: `gallery`, each gloss has one clip: an error if models are to be trained; `split`, a split can't be made,
        or would be empty; `model-without-clips`, a model of `train.models` (or `train.model`) that the corpus has no
        clips, joints or channels for, in training or in test; `one-gloss`, a model without a choice to learn.
    """
    trained = dict.fromkeys([*params.train.models, params.train.model] if params.train.models else [])
    layout = layout_of(params.corpus, clips, params.landmarks.skeleton) if trained else None
    usable = []
    for name in trained:
        assert layout is not None
        if missing := lacks(params.models[name], params.corpus.name, clips, layout):
            yield _of_model(name, f"can't be trained: the corpus has {missing}")
        else:
            usable.append(name)
    if is_gallery(clips) and params.splits.by == "auto":
        yield _gallery(len(clips), bool(trained))
        return
    try:
        with redirect_stderr(io.StringIO()):  # its warnings come when the split is made
            splits = make_splits(clips, list(clips.clip_id), params.splits)
    except CorpusError as error:
        reason, _, way_out = str(error).partition("; ")
        yield Problem("", "split", "error", reason, way_out)
        return
    split_rows = clips.drop(columns="split").merge(splits[["clip_id", "split"]], on="clip_id")
    for name in usable:
        yield from _of_splits(name, params, split_rows)


def _of_splits(name: str, params: Params, clips: pd.DataFrame) -> Iterator[Problem]:
    """Problems of a model with clips of its own in no, or only some, splits."""
    settings = params.models[name]
    rows = task_of(settings).clips(settings, clips)
    for split in ("train", "test"):
        if not (rows.split == split).any():
            yield _of_model(name, f"can't be {split}ed: none of its {len(rows)} clips is in split '{split}'")
            return
    learnt = rows.glosses[rows.split == "train"]
    glosses = set(learnt.explode().dropna())
    if len(glosses) == 1 and (learnt.str.len() == 1).all():  # in a sentence, how often it is signed is to be learnt
        yield Problem(name, "one-gloss", "error", f"all its training clips are '{glosses.pop()}', which is no choice "
                      "that a model could learn", "record other signs too; or, if the clips show others, name their "
                      "glosses in a CSV")


def _of_model(name: str, reason: str) -> Problem:
    return Problem(name, "model-without-clips", "error", reason,
                   f"take it out of train.models (as `slr use` does), or change models.{name}; the built-in corpus has "
                   "clips for all: corpus.sample.parts")


def _gallery(n_clips: int, to_train: bool) -> Problem:
    reason = f"each of the {n_clips} glosses has one clip, so nothing can be trained and tested: it is a gallery"
    search = "`dvc repro splits`, then `slr index build --split train` with a trained model, and `slr search`"
    if to_train:
        return Problem("", "gallery", "error", reason,
                       f"set train.models: [] (as `slr use` does) and run {search}; or record more clips")
    return Problem("", "gallery", "warning", f"{reason}; training is left out", f"run {search}")
