"""What code each stage runs, as one fingerprint that the stage depends on.

A stage runs its script and whatever that imports, also inside functions; a model's stages, its network and task, too,
which its settings name. A fingerprint changes with any of that code and with the model's settings, and with nothing
else: a comment, a docstring or the line that something stands on leaves it as it is.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from slr.io.files import atomic_path
from slr.params import Params

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_EFFECT = {
    "pipeline/fingerprint.py": "this",
    "pipeline/stage.py": "reads the settings and words errors",
    "slr/__init__.py": "the version",
    "slr/dataset/paths.py": "names what dvc.yaml names: a stage that wrote elsewhere would fail",
    "slr/errors.py": "kinds of errors",
    "slr/io/progress.py": "what a terminal shows meanwhile",
}
"""Code that a stage runs and that no output follows from."""
CHECKS = "slr/params/"
"""Code that checks settings, whose values a stage depends on."""
OF_MODELS = ("train", "evaluate")
"""Stages that run once for each model."""


def write_fingerprints(params: Params, folder: Path) -> None:
    """Write `<stage>.txt` for each script of `pipeline`, `<stage>/<model>.txt` for the stages of models.

    Parameters
    ----------
    params : Params
        Of the models of both files.
    folder : Path
        Is replaced.
    """
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for script in scripts():
            if script.stem not in OF_MODELS:
                (temporary / f"{script.stem}.txt").write_text(fingerprint(code_of(script)) + "\n")
                continue
            (temporary / script.stem).mkdir()
            for name, settings in params.models.items():
                code = code_of(script, settings.modules(script.stem))
                (temporary / script.stem / f"{name}.txt").write_text(
                    fingerprint(code, json.dumps(settings.model_dump(mode="json"), sort_keys=True)) + "\n")


def scripts() -> list[Path]:
    """The script of each stage, relative to the repository."""
    return [path.relative_to(ROOT) for path in sorted((ROOT / "pipeline").glob("*.py"))
            if str(path.relative_to(ROOT)) not in WITHOUT_EFFECT and path.stem not in ("__init__", "settings")]


def fingerprint(paths: Iterable[Path], more: str = "") -> str:
    """A hash of what files of the repository do, whatever they say about it."""
    digest = hashlib.sha256(more.encode())
    for path in sorted(paths):
        digest.update(f"\0{path.as_posix()}\0{_content(path)}".encode())
    return digest.hexdigest()


def code_of(script: Path, modules: Iterable[str] = ()) -> set[Path]:
    """The repository's files that a script may run, with its own and those of more modules, by their dotted names.

    Beside modules, what else lies in their packages' folders: templates, styles.
    """
    waiting = [script, *(path for name in modules for path in _files(name))]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or path.as_posix() in WITHOUT_EFFECT or path.as_posix().startswith(CHECKS):
            continue
        found.add(path)
        waiting += _imported(path)
    folders = {path.parent for path in found if path.parts[0] == "slr"}
    return found | {path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).iterdir()
                    if path.is_file() and path.suffix not in (".py", ".pyc")}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


@cache
def _content(path: Path) -> str:
    """What a file does: of Python, its syntax tree without docstrings."""
    if path.suffix != ".py":
        return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    tree = _tree(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, or the text below a variable that explains it."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _imported(path: Path) -> list[Path]:
    """The repository's files that a module imports, but for its annotations."""
    if path.suffix != ".py":
        return []
    tree = _tree(path)
    for_types = {id(node) for block in ast.walk(tree) if isinstance(block, ast.If)
                 and ast.unparse(block.test) == "TYPE_CHECKING" for node in ast.walk(block)}
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case _ if id(node) in for_types:
                pass
            case ast.Import(names=imports):
                names += [name.name for name in imports]
            case ast.ImportFrom(module=module, names=imports, level=0):
                names += [f"{module}.{name.name}" for name in imports]
            case ast.ImportFrom():
                raise ValueError(f"{path}: relative imports aren't followed here")
    return [file for name in names for file in _files(name)]


def _files(name: str) -> Iterator[Path]:
    """The repository's files that importing a dotted name runs: its packages and the module, if it is one."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = Path(*parts[:end])
        yield from (file for file in (path / "__init__.py", path.with_suffix(".py")) if (ROOT / file).is_file())
