"""A headline number of a published system, measured anew on the authors' corpus: their number beside ours.

Each of these studies is a corpus, models with the settings of their paper, and the numbers that it reports; `run.py` of
its folder holds them, and is the command that runs the study.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from slr.io.files import read_json, write_json, write_text
from slr.params import ZOO, load, read_yaml
from studies.workspace import clone, run


class Headline(NamedTuple):
    """A study of one corpus.

    Attributes
    ----------
    folder : Path
        Of the study; its project, metrics.json and results.md are written there.
    corpus : tuple of str
        Name and options for `slr use`, without the root.
    models : mapping of str to dict
        A block of params.yaml for each model.
    published : mapping of str to dict
        For each model, its metrics in the paper, by the names that ours have.
    settings : mapping of str to dict
        Further blocks of params.yaml.
    """

    folder: Path
    corpus: tuple[str, ...]
    models: Mapping[str, dict[str, Any]]
    published: Mapping[str, dict[str, float]]
    settings: Mapping[str, dict[str, Any]] = {}


def prepare(study: Headline, project: Path, root: Path) -> None:
    """Make a project use the study's corpus and models.

    Raises
    ------
    CalledProcessError
        If the corpus isn't below the root; `slr use` has said what is missing.
    """
    run(project, "slr", "use", study.corpus[0], "--root", root.absolute(), *study.corpus[1:])
    content = read_yaml(project / "params.yaml")
    for block, values in study.settings.items():
        content[block] = {**content.get(block, {}), **values}
    content["models"] = dict(study.models)
    content["train"] |= {"models": list(study.models), "model": next(iter(study.models))}
    write_text(project / "params.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    write_text(project / ZOO, yaml.safe_dump({"zoo": {"models": []}, "models": {}}))
    load(project / "params.yaml")


def write_results(study: Headline, metrics: Mapping[str, dict[str, float]]) -> dict[str, float]:
    """metrics.json and results.md of each model's metrics; returns the content of the former.

    Its keys are `<model>_<metric>`, with `_published` for the paper's number, and `_ci_low` and `_ci_high` where ours
    has an interval.
    """
    flat: dict[str, float] = {}
    lines = ["| model | metric | published | here | interval |", "| --- | --- | --- | --- | --- |"]
    for name, numbers in study.published.items():
        for metric, published in numbers.items():
            own = metrics[name]
            ends = [own[key] for key in (f"{metric}_ci_low", f"{metric}_ci_high") if key in own]
            flat |= {f"{name}_{metric}_published": published, f"{name}_{metric}": own[metric]}
            flat |= dict(zip((f"{name}_{metric}_ci_low", f"{name}_{metric}_ci_high"), ends, strict=False))
            interval = " to ".join(f"{end:.4f}" for end in ends)
            lines.append(f"| `{name}` | {metric} | {published:.4f} | {own[metric]:.4f} | {interval} |")
    write_json(study.folder / "metrics.json", flat)
    write_text(study.folder / "results.md", "\n".join(lines) + "\n")
    return flat


def reproduce(study: Headline, root: Path) -> dict[str, float]:
    """Run the study in a clone of the repository below its folder, from the corpus to metrics.json."""
    project = clone(study.folder)
    prepare(study, project, root)
    run(project, "dvc", "repro")
    return write_results(study, {name: read_json(project / f"metrics/models/{name}.json") for name in study.models})


def main(reproduce: Callable[[Path], dict[str, float]], description: str | None) -> None:
    """The command: `python -m studies.<name>.run ROOT`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder of the corpus, as docs/corpora.md describes it")
    for key, value in reproduce(parser.parse_args().root).items():
        print(f"{key:>40}  {value:.4f}")
