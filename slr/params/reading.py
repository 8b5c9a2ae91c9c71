"""Reading and checking `params.yaml` (and `zoo/params.yaml`), and describing what can stand in it.

`load` validates the whole file at once, so that a misspelt name in a model's settings fails before the first stage and
not after an hour; the message carries the nearest right name.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import TypeAdapter, ValidationError

from slr.errors import ParamsError
from slr.params.families import FAMILIES, ModelParams
from slr.params.families.training import TrainingParams
from slr.params.section import Section
from slr.params.whole import Params, nearest

ZOO = Path("zoo/params.yaml")
"""The file with the models that are trained when they are asked for, beside `params.yaml`; it may be missing."""


def load(path: str | Path = "params.yaml") -> Params:
    """Read and check `params.yaml`, and `zoo/params.yaml` beside it.

    Raises
    ------
    ParamsError
        If the file is missing, isn't YAML, or holds an unknown name or a value out of range; all problems at once,
        each with its place, and with the nearest right name for a misspelt one. If both files have a model of a name.
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
    """A file of settings as it stands, unchecked; raises ParamsError if it is missing or isn't YAML."""
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader) or {}
    except FileNotFoundError:
        raise ParamsError(f"{path} is not here; run this from the project's folder") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise ParamsError(f"{path} holds no settings (name: value), but {type(content).__name__}")
    return content


def parse(content: dict[str, Any], source: str = "params", sources: Mapping[str, str] | None = None) -> Params:
    """Check settings that are already read; raises ParamsError like `load`.

    Parameters
    ----------
    source : str
        What errors call them.
    sources : mapping of str to str, optional
        The file of each model that isn't in `source`.
    """
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        problems = "\n".join(f"  {_place(problem, sources or {})}{_explain(problem)}" for problem in error.errors())
        raise ParamsError(f"{source} can't be used:\n{problems}") from None


def _place(problem: Any, sources: Mapping[str, str]) -> str:
    """The file of a problem, where it isn't the one that is read."""
    match problem["loc"]:
        case ("models", name, *_) if name in sources:
            return f"{sources[name]}: "
    return ""


def parse_model(content: dict[str, Any], name: str) -> ModelParams:
    """Check one model's settings, such as those that a trained one keeps; raises ParamsError like `load`."""
    try:
        return TypeAdapter(ModelParams).validate_python(content)
    except ValidationError as error:
        raise ParamsError("; ".join(_explain({**problem, "loc": ("models", name, *problem["loc"])})
                                    for problem in error.errors())) from None


def describe(section: type[Section] = Params, place: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every setting in the order of the file: its place (`frames.fps`), its default, and what it means."""
    for name, field in section.model_fields.items():
        default = field.get_default()
        if name == "models":
            yield from describe(TrainingParams, "models.<name>.")
            shared = {setting.rpartition(">.")[2]: default for setting, default, _ in describe(TrainingParams, "<>.")}
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
            if block is not None:  # one that may be left out
                yield from describe(block, f"{place}{name}.")


def _explain(problem: Any) -> str:
    """One line for one of pydantic's problems: the place, what is wrong, the nearest right name or value."""
    where = problem["loc"]
    parent = _section_at(where[:-1])
    if where[:1] == ("models",):
        where = where[:2] + where[3:]  # the third is the family, which isn't in the file
    place = ".".join(str(part) for part in where)
    if problem["type"] == "union_tag_not_found":
        return f"{place}.family: which network? One of {', '.join(sorted(FAMILIES))}"
    if problem["type"] == "union_tag_invalid":
        family = problem["ctx"]["tag"]
        return f"{place}.family: {family!r} is not one of {', '.join(sorted(FAMILIES))}{nearest(family, FAMILIES)}"
    if problem["type"] == "extra_forbidden":
        names = list(parent.model_fields) if parent else []
        return f"{place}: unknown name{nearest(str(where[-1]), names)}"
    if problem["type"] == "literal_error":
        allowed = problem["ctx"]["expected"]
        options = [word.strip(" '") for word in allowed.replace(" or ", ",").split(",")]
        return f"{place}: {problem['input']!r} is not one of {allowed}{nearest(str(problem['input']), options)}"
    message = problem["msg"].removeprefix("Value error, ")
    return message if not place else f"{place}: {message} (got {problem['input']!r})"


def _section_at(path: tuple[str | int, ...]) -> type[Section] | None:
    """The class of the block at a place of pydantic's, which names a model's family after the model."""
    section: Any = Params
    if path[:1] == ("models",):
        section, path = FAMILIES.get(str(path[2])) if len(path) > 2 else None, path[3:]
    for part in path:
        section = _block(section.model_fields[part].annotation) if section and part in section.model_fields else None
    return section


def _block(annotation: Any) -> type[Section] | None:
    """The class of a block, also of one that may be null."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    return next((kind for kind in kinds if issubclass(kind, Section)), None)
