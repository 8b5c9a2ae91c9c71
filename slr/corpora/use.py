"""Choosing the corpus: `params.yaml` and `zoo/params.yaml` are rewritten, keeping their comments."""

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from slr.corpora import former, scanning
from slr.corpora.choosing import RECORDED_FRAMES, choose_models, frames_for
from slr.corpora.layouts import only_layout
from slr.corpora.problems import errors
from slr.errors import CorpusError, ParamsError
from slr.io.files import output_file, read_named_text, write_text
from slr.params import ZOO, CorpusParams, FramesParams, load, parse, read_yaml
from slr.params.corpora import READERS

_PAGE = "docs/corpora.md"
_PAGES = dict.fromkeys(("folder", "eaf"), "docs/your-own-recordings.md") | {
    name: "docs/corpora-landmarks.md" for name, reader in READERS.items() if reader.landmarks}
_CHOSEN = ("name", "source", "root", "annotations", "tier", "sentence_tier", "splits", "subset", "crop")
"""Corpus settings that choosing another corpus rewrites."""
_BLOCKS = ("imported", "windows", "joined")
"""Corpus blocks that choosing another corpus rewrites, value by value, so that their comments stay."""
_NULL = "tag:yaml.org,2002:null"


def use_folder(params_path: str | Path, root: str | Path,
               annotations: str | Path | Sequence[str | Path] | None = None, *, folders: bool = False) -> str:
    """Make `params.yaml` use a folder of recordings.

    Parameters
    ----------
    params_path : path
        The settings file; relative paths in it are relative to its folder.
    root : path
        Folder with `<gloss>/<clip>` recordings, or with lists (`slr.corpora.layouts`); or the CSV itself, whose folder
        is then the root.
    annotations : path or sequence of path, optional
        CSV whose paths are relative to `root`, or several.
    folders : bool, default False
        Whether the folders' names are the glosses even if there are lists.

    Returns
    -------
    str
        What was found and what to do next.

    Raises
    ------
    CorpusError
        If nothing is found there; `params.yaml` is unchanged. AmbiguousLayout if it can be read in several ways.
    ParamsError
        If `params.yaml` can't be read, or has unknown content.
    """
    root, lists = Path(root), _as_lists(annotations)
    if root.is_file():
        if lists:
            raise CorpusError(f"--root {root} is a file; with --csv, --root is the folder that its paths start from")
        root, lists = root.parent, [root]
    elif lists and folders:
        raise CorpusError("--folders reads no list; leave out --csv, or --folders")
    elif not lists and not folders:
        lists = list(only_layout(root).lists)
    return _use(params_path, {"name": "folder"}, root, lists, _source(root, lists))


def use_published(params_path: str | Path, name: str, root: str | Path,
                  annotations: str | Path | Sequence[str | Path] | None = None, **settings: Any) -> str:
    """Make `params.yaml` use a published corpus.

    Parameters
    ----------
    params_path, root : path
        As for `use_folder`.
    name : str
        One of `slr.params.corpora.READERS`.
    annotations : path or sequence of path, optional
        The corpus's annotation file or folder, or several lists; by default they are searched for in the root.
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
    return _use(params_path, {"name": name, **settings}, root, _as_lists(annotations), root)


def _use(params_path: str | Path, settings: dict[str, Any], root: str | Path, annotations: Sequence[Path],
         source: str | Path) -> str:
    """Scan the corpus and, if it has clips, write its settings; returns a summary and the next step."""
    load(params_path)
    output_file(params_path, what="the settings")
    home = Path(os.path.realpath(params_path)).parent
    default = _default_corpus()
    settings = default | settings | {key: default[key] | settings.get(key, {}) for key in _BLOCKS}
    given = {"root": root, "splits": settings["splits"]}
    places: dict[str, Any] = {key: None if path is None else str(path) for key, path in given.items()}
    places["annotations"] = _one_or_all([str(path) for path in annotations])
    params = parse({"corpus": settings | places}).corpus
    clips, problems = scanning.scan(params)
    n_errors = sum(problem.count for problem in errors(problems))
    if clips.empty:
        first = f"; first of {len(errors(problems))} problems: {errors(problems)[0]}" if n_errors else ""
        raise CorpusError(f"no clips were found in {root}{first}\n"
                          f"Expected {scanning.module_of(params.name).LAYOUT}: see {_PAGES.get(params.name, _PAGE)}")
    stored: dict[str, Any] = {key: None if path is None else _stored(path, home) for key, path in given.items()}
    stored["annotations"] = _one_or_all([_stored(path, home) for path in annotations])
    choice = choose_models(load(params_path), [file.get("models") or {} for file in _files(params_path)], params, clips)
    frames, about_frames = frames_for(load(params_path), params, clips, home)
    _rewrite(params_path, {"corpus": settings | stored | {"source": _stored(source, home)},
                           "frames": {**frames, "person": None}, "evaluation": {"gloss_sets": {}},
                           "train": choice.train,
                           **({"models": choice.models[0]} if choice.models[0] else {})},
             {"zoo": choice.zoo} | ({"models": choice.models[1]} if choice.models[1] else {}))
    n_glosses = clips.glosses.explode().nunique()
    found = (f"{len(clips)} clips of {n_glosses} glosses" if n_glosses else f"{len(clips)} streams") + (
        f" by {_signers(clips.signer)}")
    return "\n".join([
        f"{params_path} now uses {', '.join(map(str, annotations)) or root}: {found}"
        + (f"; {n_errors} problems" if n_errors else ""),
        *choice.told, *about_frames,
        *([f"all of them are '{clips.glosses.explode().iloc[0]}', and one gloss is no choice that a model could learn: "
           "if it isn't what they show, name their glosses in a list"] if n_glosses == 1 else []),
        *(f"  {problem}" for problem in errors(problems) if problem.items or not problem.clip),
        "Next:",
        "  slr check     reads every recording and lists all problems, before any computing",
        *choice.next_steps,
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
        "corpus": _default_corpus(), "train": {"models": root, "model": root[0]} if root else {},
        "frames": {key: getattr(FramesParams(), key) for key in (*RECORDED_FRAMES, "person")},
        "evaluation": {"gloss_sets": {"minimal_pairs": sorted({gloss for pair in MINIMAL_PAIRS for gloss in pair})}},
    }, {"zoo": {"models": zoo}}, restore=True)
    return f"{params_path} now uses the built-in corpus\nNext:\n  dvc repro     draws it and runs the pipeline"


def _files(params_path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The current settings of `params.yaml`, and of the zoo's file, if it exists."""
    zoo = _zoo(params_path)
    return read_yaml(params_path), read_yaml(zoo) if zoo.exists() else {}


def _zoo(params_path: str | Path) -> Path:
    return Path(params_path).parent / ZOO


def _default_corpus() -> dict[str, Any]:
    """Default values of the settings that choosing a corpus rewrites."""
    return CorpusParams().model_dump(mode="json", include={*_CHOSEN, *_BLOCKS})


def _as_lists(annotations: str | Path | Sequence[str | Path] | None) -> list[Path]:
    return [Path(path) for path in ([annotations] if isinstance(annotations, str | Path) else annotations or [])]


def _one_or_all(paths: list[str]) -> str | list[str] | None:
    """As in `params.yaml`: null, a path, or a list of several."""
    return paths if len(paths) > 1 else next(iter(paths), None)


def _source(root: Path, lists: Sequence[Path]) -> Path:
    """What the corpus stage watches: the root, or the list that lies elsewhere."""
    outside = [path for path in lists if not _is_below(path, root)]
    if outside and len(lists) > 1:
        raise CorpusError(f"{outside[0]} is not below {root}, as several lists have to be (one folder is watched); "
                          "move them there, or join them into one")
    return outside[0] if outside else root


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
             zoo_changes: dict[str, dict[str, Any]], restore: bool = False) -> None:
    """Set values of some blocks of both files, keeping comments and order; nothing is written unless all are valid.
    With `restore`, models' settings that another corpus needed are first put back."""
    load(params_path)
    written = {Path(params_path): changes} | ({_zoo(params_path): zoo_changes} if _zoo(params_path).exists() else {})
    texts = {path: _changed(path, blocks, restore) for path, blocks in written.items()}
    with TemporaryDirectory() as folder:
        for path, text in texts.items():
            write_text(Path(folder) / os.path.relpath(path, Path(params_path).parent), text)
        load(Path(folder) / Path(params_path).name)
    for path, text in texts.items():
        write_text(path, text)


def _changed(path: Path, changes: dict[str, dict[str, Any]], restore: bool) -> str:
    """The text of a settings file after setting some values of its blocks."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), lambda dumper, _: dumper.represent_scalar(_NULL, "null"))
    try:
        text = read_named_text(path, ParamsError)
        content = yaml.load(former.restored(text) if restore else text) or {}
    except YAMLError as error:  # of what YAML 1.1 allows, and 1.2 doesn't, such as the same name twice
        raise ParamsError(f"{path} is not valid YAML 1.2: {error}") from None
    for block, values in changes.items():
        if content.get(block) is None:
            content[block] = {}
        into = content[block]
        for key, value in values.items():
            if block == "models" and isinstance(into.get(key), dict):
                former.change(into[key], value)
            elif key in _BLOCKS and isinstance(into.get(key), dict):
                into[key].update(value)
            else:
                into[key] = value
    out = io.StringIO()
    yaml.dump(content, out)
    # A blank line belongs to the value before it, and is lost with it.
    return re.sub(r"(?m)^( .*)\n(?=\w+:)", r"\1\n\n", out.getvalue())
