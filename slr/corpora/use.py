"""Choosing the corpus: `params.yaml` and `zoo/params.yaml` are rewritten, keeping their comments."""

import io
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pandas as pd

from slr.corpora import scanning
from slr.corpora.coverage import joints_of, lacks
from slr.corpora.problems import errors
from slr.corpora.reading import is_image_folder
from slr.errors import CorpusError, ParamsError
from slr.io.files import output_file, read_named_text, write_text
from slr.io.video import VIDEO_SUFFIXES
from slr.params import ZOO, CorpusParams, FramesParams, load, parse, read_yaml
from slr.params.corpora import READERS

_PAGE = "docs/corpora.md"
_PAGES = {"folder": "docs/your-own-recordings.md"} | {
    name: "docs/corpora-landmarks.md" for name, reader in READERS.items() if reader.landmarks}
RECORDED_FRAMES = {"fps": 25, "size": 480}
"""Real hands are faster and smaller in the image than synthetic ones."""
_CHOSEN = ("name", "source", "root", "annotations", "splits", "subset", "crop")
"""Corpus settings that choosing another corpus rewrites."""
_BLOCKS = ("imported", "windows", "joined")
"""Corpus blocks that choosing another corpus rewrites, value by value, so that their comments stay."""
_NULL = "tag:yaml.org,2002:null"


def use_folder(params_path: str | Path, root: str | Path, annotations: str | Path | None = None) -> str:
    """Make `params.yaml` use a folder of recordings.

    Parameters
    ----------
    params_path : path
        The settings file; relative paths in it are relative to its folder.
    root : path
        Folder with `<gloss>/<clip>` recordings, or with a CSV and no such folders; or the CSV itself, whose folder is
        then the root.
    annotations : path, optional
        CSV whose paths are relative to `root`.

    Returns
    -------
    str
        What was found and what to do next.

    Raises
    ------
    CorpusError
        If nothing is found there; `params.yaml` is unchanged.
    ParamsError
        If `params.yaml` can't be read, or has unknown content.
    """
    root = Path(root)
    if root.is_file():
        if annotations is not None:
            raise CorpusError(f"--root {root} is a file; with --csv, --root is the folder that its paths start from")
        root, annotations = root.parent, root
    elif annotations is None:
        annotations = _only_csv(root)
    source = annotations if annotations is not None and not _is_below(annotations, root) else root
    return _use(params_path, {"name": "folder"}, root, annotations, source)


def use_published(params_path: str | Path, name: str, root: str | Path, annotations: str | Path | None = None,
                  **settings: Any) -> str:
    """Make `params.yaml` use a published corpus.

    Parameters
    ----------
    params_path, root : path
        As for `use_folder`.
    name : str
        One of `slr.params.corpora.READERS`.
    annotations : path, optional
        The corpus's annotation file or folder; by default it is searched for in the root.
    **settings
        Additional settings of the corpus: `splits`, `subset`, `crop`; `imported`, `windows` and `joined` as dicts.

    Returns
    -------
    str
        What was found and what to do next.

    Raises
    ------
    CorpusError, ParamsError
        As `use_folder`.
    """
    return _use(params_path, {"name": name, **settings}, root, annotations, root)


def _use(params_path: str | Path, settings: dict[str, Any], root: str | Path, annotations: str | Path | None,
         source: str | Path) -> str:
    """Scan the corpus and, if it has clips, write its settings; returns a summary and the next step."""
    load(params_path)
    output_file(params_path, what="the settings")
    home = Path(os.path.realpath(params_path)).parent
    default = _default_corpus()
    settings = default | settings | {key: default[key] | settings.get(key, {}) for key in _BLOCKS}
    given = {"root": root, "annotations": annotations, "splits": settings["splits"]}
    places = {key: None if path is None else str(path) for key, path in given.items()}
    params = parse({"corpus": settings | places}).corpus
    clips, problems = scanning.scan(params)
    n_errors = sum(problem.count for problem in errors(problems))
    if clips.empty:
        first = f"; first of {len(errors(problems))} problems: {errors(problems)[0]}" if n_errors else ""
        raise CorpusError(f"no clips were found in {root}{first}\n"
                          f"Expected {scanning.module_of(params.name).LAYOUT}: see {_PAGES.get(params.name, _PAGE)}")
    stored = {key: None if path is None else _stored(path, home) for key, path in places.items()}
    choice = _choose_models(params_path, params, clips)
    _rewrite(params_path, {"corpus": settings | stored | {"source": _stored(source, home)},
                           "frames": RECORDED_FRAMES, "evaluation": {"gloss_sets": {}}, "train": choice.train},
             {"zoo": choice.zoo})
    n_glosses = clips.glosses.explode().nunique()
    found = (f"{len(clips)} clips of {n_glosses} glosses" if n_glosses else f"{len(clips)} streams") + (
        f" by {_signers(clips.signer)}")
    return "\n".join([
        f"{params_path} now uses {annotations or root}: {found}" + (f"; {n_errors} problems" if n_errors else ""),
        *choice.told,
        *(f"  {problem}" for problem in errors(problems) if problem.items or not problem.clip),
        "Next:",
        "  slr check     reads every recording and lists all problems, before any computing",
        "  dvc repro     runs the pipeline to reports/report.html",
        "  slr use sample brings the built-in corpus back",
    ])


def use_sample(params_path: str | Path) -> str:
    """Make `params.yaml` use the built-in corpus again, which has clips for all models; returns the next step.

    All models are trained again, and the first is the selected one. Raises ParamsError like `use_folder`.
    """
    from slr.corpora.sample import MINIMAL_PAIRS

    models = load(params_path).models
    root, zoo = (list(file.get("models") or {}) for file in _files(params_path))
    root = root or [name for name in models if name not in zoo]  # a file that leaves out all settings
    _rewrite(params_path, {
        "corpus": _default_corpus(), "train": {"models": root, "model": root[0]},
        "frames": {key: getattr(FramesParams(), key) for key in RECORDED_FRAMES},
        "evaluation": {"gloss_sets": {"minimal_pairs": sorted({gloss for pair in MINIMAL_PAIRS for gloss in pair})}},
    }, {"zoo": {"models": zoo}})
    return f"{params_path} now uses the built-in corpus\nNext:\n  dvc repro     draws it and runs the pipeline"


class _Choice(NamedTuple):
    """Changes of `train` and `zoo` for a corpus, and the message to the user, line by line."""

    train: dict[str, Any]
    zoo: dict[str, Any]
    told: list[str]


def _choose_models(params_path: str | Path, corpus: CorpusParams, clips: pd.DataFrame) -> _Choice:
    """The models of both files that the corpus has clips for; each one left out is named with the reason.

    If a file lists none of these, all models with settings in it that the corpus has clips for take their place. If
    none is left for `train.models`, nothing changes, and the first stage reports it. If no model reads the corpus's
    joints, which is a matter of their settings, joints don't count.
    """
    params = load(params_path)
    missing: dict[str, str | None] = {}
    for joints in (joints_of(corpus), None):
        missing = {name: lacks(settings, corpus.name, clips, joints) for name, settings in params.models.items()}
        if None in missing.values():
            break
    root, zoo = (
        [name for name in listed if not missing[name]] or
        [name for name in file.get("models") or {} if not missing[name]]
        for listed, file in zip((params.train.models, params.zoo.models), _files(params_path), strict=True))
    if not root:
        return _Choice({}, {}, [])
    told = [f"{where}: {', '.join(kept)}, as the corpus has clips for these"
            for where, kept, listed in (("train.models", root, params.train.models),
                                        ("zoo.models", zoo, params.zoo.models)) if kept and kept != listed]
    reasons: dict[str, list[str]] = {}
    for name in (*params.train.models, *params.zoo.models):
        if reason := missing[name]:
            reasons.setdefault(reason, []).append(name)
    told += [f"left out: {', '.join(names)} (the corpus has {reason})" for reason, names in reasons.items()]
    model = params.train.model if params.train.model in (*root, *zoo) else root[0]
    return _Choice({"models": root, "model": model}, {"models": zoo}, told)


def _files(params_path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The current settings of `params.yaml`, and of the zoo's file, if it exists."""
    zoo = _zoo(params_path)
    return read_yaml(params_path), read_yaml(zoo) if zoo.exists() else {}


def _zoo(params_path: str | Path) -> Path:
    return Path(params_path).parent / ZOO


def _default_corpus() -> dict[str, Any]:
    """Default values of the settings that choosing a corpus rewrites."""
    return CorpusParams().model_dump(mode="json", include={*_CHOSEN, *_BLOCKS})


def _only_csv(root: Path) -> Path | None:
    """The only CSV of a folder without folders of recordings."""
    if not root.is_dir():
        return None
    tables = [entry for entry in root.iterdir() if entry.suffix.lower() == ".csv"]
    if len(tables) != 1 or any(_is_gloss(entry) for entry in root.iterdir()):
        return None
    return tables[0]


def _is_gloss(folder: Path) -> bool:
    return folder.is_dir() and any(clip.suffix.lower() in VIDEO_SUFFIXES or is_image_folder(clip)
                                   for clip in folder.iterdir())


def _is_below(path: str | Path, folder: str | Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _stored(path: str | Path, home: Path) -> str:
    """A path as stored in `params.yaml`: relative to its folder if the path is below it, else absolute."""
    absolute = Path(os.path.abspath(path))
    return absolute.relative_to(home).as_posix() if absolute.is_relative_to(home) else absolute.as_posix()


def _signers(signers: Any) -> str:
    known = signers.nunique()
    return "unknown signers" if known == 0 else f"{known} signer{'s' if known > 1 else ''}" + (
        f" ({signers.isna().sum()} clips by unknown ones)" if signers.isna().any() else "")


def _rewrite(params_path: str | Path, changes: dict[str, dict[str, Any]],
             zoo_changes: dict[str, dict[str, Any]]) -> None:
    """Set values of some blocks of both files, keeping comments and order; nothing is written unless all are valid."""
    load(params_path)
    written = {Path(params_path): changes} | ({_zoo(params_path): zoo_changes} if _zoo(params_path).exists() else {})
    texts = {path: _changed(path, blocks) for path, blocks in written.items()}
    with TemporaryDirectory() as folder:
        for path, text in texts.items():
            write_text(Path(folder) / os.path.relpath(path, Path(params_path).parent), text)
        load(Path(folder) / Path(params_path).name)
    for path, text in texts.items():
        write_text(path, text)


def _changed(path: Path, changes: dict[str, dict[str, Any]]) -> str:
    """The text of a settings file after setting some values of its blocks."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), lambda dumper, _: dumper.represent_scalar(_NULL, "null"))
    try:
        content = yaml.load(read_named_text(path, ParamsError)) or {}
    except YAMLError as error:  # of what YAML 1.1 allows, and 1.2 doesn't, such as the same name twice
        raise ParamsError(f"{path} is not valid YAML 1.2: {error}") from None
    for block, values in changes.items():
        if content.get(block) is None:
            content[block] = {}
        into = content[block]
        for key, value in values.items():
            if key in _BLOCKS and isinstance(into.get(key), dict):
                into[key].update(value)
            else:
                into[key] = value
    text = io.StringIO()
    yaml.dump(content, text)
    # A blank line belongs to the value before it, and is lost with it.
    return re.sub(r"(?m)^( .*)\n(?=\w+:)", r"\1\n\n", text.getvalue())
