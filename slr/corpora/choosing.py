"""What `slr use` sets besides the corpus: the models that it has clips for, their joints, and how videos are read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from slr.corpora.coverage import UNKNOWN, Layout, lacks, layout_of
from slr.dataset.manifest import is_gallery
from slr.dataset.paths import SELECTED
from slr.dataset.skeleton import BUILT_IN
from slr.errors import ParamsError
from slr.io.files import read_json
from slr.params import CorpusParams, ModelParams, Params, parse_model
from slr.params.corpora import comes_as_landmarks

RECORDED_FRAMES = {"fps": 25, "size": 480}
"""Real hands are faster and smaller in the image than synthetic ones."""
_REPRO = ["  dvc repro     runs the pipeline to reports/report.html"]
_SEARCH = ["  dvc repro splits",
           "  slr index build --split train [--model FOLDER]     makes the gallery, by a trained model",
           "  slr search VIDEO     names the nearest sign of it"]
_NORMALISED = ("hands", "shoulders", "none")
"""Normalisations that are tried, in this order, for joints that a model's own doesn't fit."""

Changes = dict[str, dict[str, Any]]


class Choice(NamedTuple):
    """Changes of `train` and `zoo`, of the models in both files, and what the user is told, line by line."""

    train: dict[str, Any]
    zoo: dict[str, Any]
    models: tuple[Changes, Changes]
    told: list[str]
    next_steps: list[str]


def choose_models(params: Params, files: Sequence[Mapping[str, Any]], corpus: CorpusParams,
                  clips: pd.DataFrame) -> Choice:
    """The models of both files that the corpus has clips for; each one left out is named with the reason.

    If a file lists none of these, all models with settings in it that the corpus has clips for take their place. If
    none is left for `train.models`, nothing changes, and the first stage reports it. If no model reads the corpus's
    joints, which is a matter of their settings, their joints are set to the corpus's if these have a name; otherwise
    joints don't count. Nothing is trained of a gallery.

    Parameters
    ----------
    params : Params
        The current settings.
    files : two dicts
        The settings of the models in `params.yaml` and in the zoo's file, as they stand there.
    corpus : CorpusParams
        The new corpus.
    clips : DataFrame
        Its manifest rows.
    """
    layout = layout_of(corpus, clips, params.landmarks.skeleton)
    missing = _missing(params.models, corpus, clips, layout)
    changed: tuple[Changes, Changes] = ({}, {})
    told: list[str] = []
    if None not in missing.values() and layout.joints is not None:
        if layout.joints.name in BUILT_IN:
            changed = (_fitted(files[0], corpus, clips, layout), _fitted(files[1], corpus, clips, layout))
            fitted = changed[0] | changed[1]
            missing |= dict.fromkeys(fitted)
            told = [f"models.*.joints: {layout.joints.name}, the corpus's own, for {', '.join(fitted)}"] * bool(fitted)
        if None not in missing.values():
            changed, missing = ({}, {}), _missing(params.models, corpus, clips, UNKNOWN)
            told = [f"no model reads the joints of {layout.joints.name}: set models.<name>.joints to them, and "
                    "normalise to shoulders or none"]
    root, zoo = (
        [name for name in listed if not missing[name]] or [name for name in file if not missing[name]]
        for listed, file in zip((params.train.models, params.zoo.models), files, strict=True))
    if not root:
        return Choice({}, {}, ({}, {}), [], _REPRO)
    if is_gallery(clips):
        return Choice({"models": [], "model": params.train.model}, {}, changed, [
            *told, "train.models: none, as each gloss has one clip: nothing can be trained and tested, but searched"],
            _SEARCH)
    told += [f"{where}: {', '.join(kept)}, as the corpus has clips for these"
             for where, kept, listed in (("train.models", root, params.train.models),
                                         ("zoo.models", zoo, params.zoo.models)) if kept and kept != listed]
    reasons: dict[str, list[str]] = {}
    for name in (*params.train.models, *params.zoo.models):
        if reason := missing[name]:
            reasons.setdefault(reason, []).append(name)
    told += [f"left out: {', '.join(names)} (the corpus has {reason})" for reason, names in reasons.items()]
    model = params.train.model if params.train.model in (*root, *zoo) else root[0]
    return Choice({"models": root, "model": model}, {"models": zoo}, changed, told, _REPRO)


def _missing(models: Mapping[str, ModelParams], corpus: CorpusParams, clips: pd.DataFrame,
             layout: Layout) -> dict[str, str | None]:
    return {name: lacks(settings, corpus.name, clips, layout) for name, settings in models.items()}


def _fitted(models: Mapping[str, Any], corpus: CorpusParams, clips: pd.DataFrame, layout: Layout) -> Changes:
    """The changes that let these models, as they stand in a file, be trained on a corpus's joints; those that still
    can't aren't there."""
    assert layout.joints is not None
    found: Changes = {}
    for name, settings in models.items():
        now = parse_model(settings, name)
        values: dict[str, Any] = {"joints": layout.joints.name}
        if layout.channels is not None and now.channels > layout.channels:
            values["channels"] = layout.channels
        for how in (now.normalise, *_NORMALISED):
            tried = values if how == now.normalise else values | {"normalise": how}
            try:
                fits = lacks(parse_model({**settings, **tried}, name), corpus.name, clips, layout) is None
            except ParamsError:  # the family doesn't allow it: a published network has joints of its own
                continue
            if fits:
                found[name] = tried
                break
    return found


def frames_for(params: Params, corpus: CorpusParams, clips: pd.DataFrame,
               home: Path) -> tuple[dict[str, Any], list[str]]:
    """How videos of recorded people are read, and what follows for the models that are there, line by line.

    A gallery is read as the selected model was trained, which is to search in it.

    Parameters
    ----------
    params : Params
        The current settings.
    corpus : CorpusParams
        The new corpus.
    clips : DataFrame
        Its manifest rows.
    home : Path
        The project, with its `models/selected`.
    """
    if comes_as_landmarks(corpus.name):
        return RECORDED_FRAMES, []
    config = home / SELECTED / "config.json"
    now = {key: getattr(params.frames, key) for key in RECORDED_FRAMES}
    trained = read_json(config).get("preprocessing", {}).get("frames") if config.exists() else None
    trained = {key: trained.get(key) for key in RECORDED_FRAMES} if trained else None
    if is_gallery(clips):
        wanted = trained or now
        return wanted, [f"frames: {_said(wanted)}" + (", as the model that searches was trained" if trained else "")]
    before = trained or now
    return RECORDED_FRAMES, [] if before == RECORDED_FRAMES else [
        f"frames: {_said(RECORDED_FRAMES)}; models trained with {_said(before)} still answer for single videos, which "
        "they read in their own way, but not for this corpus: train them again, or set frames.fps and frames.size to "
        "those"]


def _said(frames: Mapping[str, Any]) -> str:
    fps, size = frames["fps"], frames["size"]
    return (f"{fps:g} a second" if fps else "all") + (f", short side {size}" if size else ", native size")
