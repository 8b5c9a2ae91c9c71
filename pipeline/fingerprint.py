"""Fingerprints of the code that each stage runs, on which the stage depends.

A stage runs its script and everything it imports, also inside functions; a model's stages also its network and task,
which its settings name. A fingerprint changes with any of that code and with the model's settings, and with nothing
else: comments, docstrings, type annotations and line numbers have no effect.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from slr.dataset.paths import WORK
from slr.io.files import atomic_path, read_json, write_json, write_text
from slr.params import ModelParams, Params
from slr.params.corpora import BUILT_IN, reader_named
from slr.params.extractors import extractor_named
from slr.params.lookup import dotted, not_importable
from slr.tasks import task_name, task_of

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_EFFECT = {
    "pipeline/fingerprint.py": "this",
    "pipeline/foresee.py": "refuses what later stages would refuse",
    "pipeline/stage.py": "reads the settings and words errors",
    "slr/__init__.py": "the version",
    "slr/dataset/paths.py": "names what dvc.yaml names: a stage that wrote elsewhere would fail",
    "slr/errors.py": "kinds of errors",
    "slr/io/progress.py": "what a terminal shows meanwhile",
}
"""Code that a stage runs but that no output depends on."""
CHECKS = "slr/params/"
"""Code that validates settings, on whose values a stage depends."""
OF_MODELS = ("train", "evaluate")
"""Stages that run once per model."""
OF_CORPORA = ("corpus", "landmarks")
"""Stages that run the corpus's reader."""
OF_EXTRACTOR = "landmarks"
"""The stage that runs the extractor."""
KEPT = WORK / "fingerprints.json"
"""Cache of the effects and imports of files by content, so that none is parsed twice; safe to delete."""


class Module(NamedTuple):
    """Analysis of a file: a hash of its code, and the dotted names that it imports."""

    does: str
    imports: list[str]


def write_fingerprints(params: Params, folder: Path) -> None:
    """Write `<stage>.txt` for each stage's script, and `<stage>/<model>.txt` for the stages that run once per model.

    Parameters
    ----------
    params : Params
        Settings with the models of both files.
    folder : Path
        Output folder, replaced.
    """
    code = Code(KEPT)
    corpus = params.corpus.name
    reader = "slr.corpora.sample" if corpus == BUILT_IN else reader_named(corpus).module
    metrics = [dotted(name, "slr.metrics").partition(":")[0] for name in params.evaluation.metrics]
    extractor = extractor_named(params.landmarks.extractor).name.partition(":")[0]
    also = {**dict.fromkeys(OF_CORPORA, [reader]), "evaluate": metrics}
    also[OF_EXTRACTOR] = [reader, extractor]
    with atomic_path(folder) as temporary:
        for script in scripts():
            stage = script.stem
            if stage not in OF_MODELS:
                write_text(temporary / f"{stage}.txt", code.fingerprint(script, also.get(stage, [])) + "\n")
                continue
            for name, settings in params.models.items():
                modules = [*modules_of(settings, stage), *also.get(stage, [])]
                values = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
                write_text(temporary / stage / f"{name}.txt", code.fingerprint(script, modules, values) + "\n")
    code.keep()


def scripts() -> list[Path]:
    """The script of each stage except the first, relative to the repository."""
    return [path.relative_to(ROOT) for path in sorted((ROOT / "pipeline").glob("*.py"))
            if f"pipeline/{path.name}" not in WITHOUT_EFFECT and path.stem not in ("__init__", "settings")]


def modules_of(settings: ModelParams, stage: str) -> list[str]:
    """The modules named by a model's settings: network, task, input type, and evaluator."""
    names = [settings.network, settings.inputs, task_name(settings.task)]
    if stage == "evaluate":
        names.append(task_of(settings).evaluator)
    return [name.partition(":")[0] for name in names]


class Code:
    """The repository's files, each parsed once.

    Parameters
    ----------
    kept : Path, optional
        Cache of earlier runs; may be missing.
    """

    def __init__(self, kept: Path | None = None):
        self._kept = kept
        self._known: dict[str, Module] = {}
        if kept is not None and kept.exists():
            self._known = {key: Module(*value) for key, value in read_json(kept).items()}
        self._used: dict[str, Module] = {}
        self._read_before = set(self._known)
        self._module = cache(self._read)
        self._files = cache(lambda name: list(files_of(name)))

    def fingerprint(self, script: Path, modules: Iterable[str] = (), more: str = "") -> str:
        """A hash of the code of a script and modules, with their imports, and of a text."""
        digest = hashlib.sha256(more.encode())
        for path in sorted(self.closure(script, modules)):
            digest.update(f"\0{path.as_posix()}\0{self._module(path).does}".encode())
        return digest.hexdigest()

    def closure(self, script: Path, modules: Iterable[str] = ()) -> set[Path]:
        """The repository's files that a script may run, and modules of other packages named by settings.

        Besides modules, the other files in their packages' folders: templates, styles.
        """
        waiting = [script, *(path for name in modules for path in self._files(name) or _elsewhere(name))]
        found: set[Path] = set()
        while waiting:
            path = waiting.pop()
            if path in found or path.as_posix() in WITHOUT_EFFECT or path.as_posix().startswith(CHECKS):
                continue
            found.add(path)
            waiting += [file for name in self._module(path).imports for file in self._files(name)]
        folders = {path.parent for path in found if path.parts[0] == "slr"}
        return found | {path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).iterdir()
                        if path.is_file() and path.suffix not in (".py", ".pyc")}

    def keep(self) -> None:
        """Save the analysis of the files used, for the next run."""
        if self._kept is not None and self._used.keys() != self._read_before:
            write_json(self._kept, self._used)

    def _read(self, path: Path) -> Module:
        content = (ROOT / path).read_bytes()
        key = hashlib.sha256(content).hexdigest()
        if key not in self._known:
            self._known[key] = parse(path, content) if path.suffix == ".py" else Module(key, [])
        self._used[key] = self._known[key]
        return self._known[key]


def parse(path: Path, content: bytes) -> Module:
    """The code and imports of a Python file, without docstrings and function annotations."""
    tree = ast.parse(content)
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                node.body = [part for part in node.body if not _is_description(part)]
                if hasattr(node, "returns"):
                    node.returns = None
            case ast.arg():
                node.annotation = None
    imports: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                imports += [name.name for name in names]
            case ast.ImportFrom(module=module, names=names, level=0):
                imports += [f"{module}.{name.name}" for name in names]
            case ast.ImportFrom():
                raise ValueError(f"{path}: relative imports aren't followed; write the whole name")
    return Module(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports)


def _is_description(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, an attribute docstring, or for type checkers only."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            return True
        case ast.ImportFrom(module="typing" | "collections.abc"):
            return True
    return False


def files_of(name: str) -> Iterator[Path]:
    """The repository's files that importing a dotted name runs: its packages and the module, if it is one."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = Path(*parts[:end])
        yield from (file for file in (path / "__init__.py", path.with_suffix(".py")) if (ROOT / file).is_file())


def _elsewhere(name: str) -> list[Path]:
    """The file of a module outside the repository."""
    try:
        spec = find_spec(name)
    except ImportError as error:
        raise not_importable(name, error) from None
    return [Path(spec.origin)] if spec is not None and spec.origin else []
