"""Reading and validating `params.yaml` (and `zoo/params.yaml`), and listing all settings.

`load` validates the whole file at once, so that a misspelt name in a model's settings fails before the first stage and
not after an hour; the message suggests the nearest valid name.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from reprlib import Repr
from typing import Any, get_args

from pydantic import ValidationError

from slr.errors import ParamsError
from slr.io.files import parse_yaml, read_named_text
from slr.params.families import family_named
from slr.params.families.training import FAMILIES, ModelParams
from slr.params.nearest import nearest
from slr.params.section import Section
from slr.params.whole import Params

RENAMED = {
    "still": "background (removed: subtracted)", "fewest" "_glosses": "min_glosses", "most" "_glosses": "max_glosses",
    "hard_fewest" "_triplets": "hard_min_triplets", "raised": "rest_threshold", "between_s": "margin_s",
    "around_s": "edge_margin_s",
}
"""Settings that have been renamed."""
ZOO = Path("zoo/params.yaml")
"""The file of the models that are trained on request, beside `params.yaml`; optional."""


def load(path: str | Path = "params.yaml") -> Params:
    """Read and validate `params.yaml`, and `zoo/params.yaml` beside it.

    Raises
    ------
    ParamsError
        If the file is missing, isn't YAML, or has an unknown name or a value out of range; lists all problems at once,
        with their places and the nearest valid name for a misspelt one. If both files define the same model.
    """
    content, zoo_path = read_yaml(path), Path(path).parent / ZOO
    if not zoo_path.exists():
        return parse(content, str(path))
    zoo = read_yaml(zoo_path)
    if unknown := zoo.keys() - {"zoo", "models"}:
        raise ParamsError(f"{zoo_path}: unknown name '{min(unknown)}'; it holds zoo.models and the settings of these "
                          f"under models, everything else stands in {path}")
    own, others = content.get("models", Params().models), zoo.get("models") or {}
    if not (isinstance(own, dict) and isinstance(others, dict)):
        raise ParamsError(f"{path if isinstance(others, dict) else zoo_path}: models has to be settings by name")
    if twice := own.keys() & others.keys():
        raise ParamsError(f"model '{min(twice)}' is in {path} and in {zoo_path}; keep one")
    return parse({**content, "models": {**own, **others}, "zoo": zoo.get("zoo") or {}}, str(path),
                 dict.fromkeys(others, str(zoo_path)))


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A settings file as it is, not validated; raises ParamsError if it is missing or isn't YAML."""
    if not os.path.lexists(path):
        raise ParamsError(f"{path} is not here; run this from the project's folder")
    try:
        content = parse_yaml(read_named_text(path, ParamsError, "name a settings file")) or {}
    except ValueError as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise ParamsError(f"{path} holds no settings (name: value), but {type(content).__name__}")
    return content


def parse(content: dict[str, Any], source: str = "params", sources: Mapping[str, str] | None = None) -> Params:
    """Validate settings that are already read; raises ParamsError like `load`.

    Parameters
    ----------
    source : str
        Name of the settings in error messages.
    sources : mapping of str to str, optional
        The file of each model that isn't in `source`.
    """
    problems: list[str] = []
    models = content.get("models")
    if isinstance(models, dict):
        checked: dict[str, Any] = {}
        for name, block in models.items():
            try:
                checked[name] = block if isinstance(block, ModelParams) else parse_model(block, name)
            except ModelProblems as error:
                where = f"{sources[name]}: " if sources and name in sources else ""
                problems += [f"{where}{line}" for line in error.lines]
                checked[name] = ModelParams()  # so that the file named in the message is the right one
        content = {**content, "models": checked}
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        problems += [explain(problem, Params) for problem in error.errors()]
    if problems:
        lines = "\n".join(f"  {line}" for line in problems)
        raise ParamsError(f"{source} can't be used:\n{lines}")
    return params


class ModelProblems(ParamsError):
    """The problems in one model's settings, one line each."""

    def __init__(self, lines: list[str]):
        super().__init__("; ".join(lines))
        self.lines = lines


def parse_model(content: Any, name: str) -> ModelParams:
    """Validate one model's settings, such as those stored with a trained model; raises ParamsError like `load`."""
    place = f"models.{name}"
    if not isinstance(content, dict):
        raise ModelProblems([f"{place}: has to be settings by name (got {shortened(content)})"])
    if not isinstance(content.get("family"), str):
        raise ModelProblems([f"{place}.family: which network? One of {', '.join(sorted(FAMILIES))}"])
    try:
        family = family_named(content["family"])
    except ParamsError as error:
        raise ModelProblems([f"{place}.family: {error}"]) from None
    try:
        return family.model_validate(content)
    except ValidationError as error:
        raise ModelProblems([explain(problem, family, place) for problem in error.errors()]) from None


def describe(section: type[Section] = Params, place: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every setting in the order of the file: its place (`frames.fps`), its default, and its meaning."""
    for name, field in section.model_fields.items():
        default = field.get_default()
        if name == "models":
            yield from describe(ModelParams, "models.<name>.")
            shared = {setting.rpartition(">.")[2]: default for setting, default, _ in describe(ModelParams, "<>.")}
            for family, settings in FAMILIES.items():
                for setting, default, meaning in describe(settings, "<>."):
                    own = setting.rpartition(">.")[2]
                    if own not in shared or shared[own] != default:
                        yield f"models.<{family}>.{own}", default, meaning
        elif isinstance(default, Section):
            yield from describe(type(default), f"{place}{name}.")
        else:
            yield f"{place}{name}", default, " ".join((field.description or "").split())
            block = _block(field.annotation)
            if block is not None:  # optional block
                yield from describe(block, f"{place}{name}.")


def explain(problem: Any, section: type[Section], prefix: str = "") -> str:
    """One line for one of pydantic's errors: the place, the problem, the nearest valid name or value.

    Parameters
    ----------
    problem : dict
        From `ValidationError.errors`.
    section : type
        The settings class that was validated.
    prefix : str
        Its place in the file.
    """
    where = problem["loc"]
    place = ".".join([*([prefix] if prefix else []), *map(str, where)])
    if problem["type"] == "extra_forbidden":
        if str(where[-1]) in RENAMED:
            return f"{place}: is called {RENAMED[str(where[-1])]} now; rename it"
        parent = _section_at(section, where[:-1])
        return f"{place}: unknown name{nearest(str(where[-1]), list(parent.model_fields) if parent else [])}"
    if problem["type"] == "literal_error":
        allowed = problem["ctx"]["expected"]
        options = [word.strip(" '") for word in allowed.replace(" or ", ",").split(",")]
        return f"{place}: {problem['input']!r} is not one of {allowed}{nearest(str(problem['input']), options)}"
    message = problem["msg"].removeprefix("Value error, ")
    # For incompatible settings the message names one of them.
    if problem["type"] == "value_error" and isinstance(problem["input"], dict | Section):
        return f"{place}.{message}" if place else message
    return f"{place}: {message} (got {shortened(problem['input'])})"


def shortened(value: Any, most: int = 60) -> str:
    """A value as written, truncated if long; only its beginning is looked at, as YAML's aliases can make it endless."""
    text = _SHORT.repr(value)
    return text if len(text) <= most else f"{text[:most - 3]}..."


class _Beginning(Repr):
    """The `repr` of a value without what follows after the first `MOST` entries of each list and dict."""

    MOST = 20

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxset = self.maxdict = self.MOST
        self.maxstring = self.maxlong = self.maxother = 200

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """In the order of the file, where `reprlib` sorts."""
        if level <= 0:
            return "{...}"
        first = list(islice(x.items(), self.MOST + 1))
        entries = [f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}" for key, value in first[:self.MOST]]
        return f"{{{', '.join([*entries, *['...'][:len(first) - len(entries)]])}}}"


_SHORT = _Beginning()


def _section_at(section: type[Section] | None, path: tuple[str | int, ...]) -> type[Section] | None:
    """The class of the block at a place below a section."""
    for part in path:
        section = (_block(section.model_fields[part].annotation) if section and part in section.model_fields else None)
    return section


def _block(annotation: Any) -> type[Section] | None:
    """The class of a block, including optional ones."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    return next((kind for kind in kinds if issubclass(kind, Section)), None)
