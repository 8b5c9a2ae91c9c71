"""The stages that `dvc repro` will run: those that changed, and all that depend on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dvc.cli import parse_args
from dvc.dependency.param import ParamsDependency, read_param_file
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage import Stage


@dataclass(frozen=True)
class Plan:
    """Stage names as printed by DVC, in DVC's order: all stages it checks, and those it will run."""

    stages: tuple[str, ...]
    to_run: tuple[str, ...]


def plan(arguments: Sequence[str]) -> Plan:
    """What `dvc repro` with these arguments will do, as a dry run; nothing is locked.

    A stage that depends on a changed one's outputs counts as one to run. If they turn out to be the same as before, DVC
    will skip it.

    Raises:
        DvcException: DVC can't read the project; `dvc repro` says why.
    """
    options = parse_args(["repro", *arguments])
    with Repo() as repo:
        graph = get_active_graph(repo.index.graph)
        if options.all_pipelines:
            collected = []
        elif options.targets:
            collected = collect_stages(repo, options.targets, recursive=options.recursive, glob=options.glob)
        else:  # the same for dvc.yaml, which is then read only once
            collected = [stage for stage in graph if stage.relpath == "dvc.yaml"]
        steps = collected
        if not options.single_item or options.pipeline or options.all_pipelines:
            steps = plan_repro(graph, collected, pipeline=options.pipeline, downstream=options.downstream)
        stale = set(steps if options.force else _changed(steps))
        if stale and not options.single_item:
            stale = set(plan_repro(graph, list(stale), downstream=True))
        return Plan(tuple(stage.addressing for stage in steps),
                    tuple(stage.addressing for stage in steps if stage in stale))


def _changed(stages: Sequence[Stage]) -> Iterator[Stage]:
    """The result of `stage.changed()`, with each file checked once rather than once per stage, and without locks."""
    hashes: dict[str, object] = {}
    params = _Params(stages)

    def differs(dependency: Output) -> bool:
        if isinstance(dependency, ParamsDependency):
            return params.differ(dependency)
        if dependency.fs_path not in hashes:
            hashes[dependency.fs_path] = dependency.get_hash() if dependency.exists else None
        return hashes[dependency.fs_path] is None or hashes[dependency.fs_path] != dependency.hash_info

    for stage in stages:
        by_deps = not stage.frozen and (stage.is_callback or stage.always_changed or any(map(differs, stage.deps)))
        if by_deps or stage.changed_stage() or any(out.status() for out in stage.outs):
            yield stage


class _Params:
    """Settings of all stages, each file read once."""

    def __init__(self, stages: Sequence[Stage]):
        wanted: dict[str, tuple[ParamsDependency, set[str]]] = {}
        for dependency in (dep for stage in stages for dep in stage.deps if isinstance(dep, ParamsDependency)):
            wanted.setdefault(dependency.fs_path, (dependency, set()))[1].update(dependency.params)
        self.values = {path: read_param_file(dependency.repo.fs, path, sorted(names), flatten=True)
                       for path, (dependency, names) in wanted.items() if dependency.exists}

    def differ(self, dependency: ParamsDependency) -> bool:
        recorded, actual = dependency.hash_info.value, self.values.get(dependency.fs_path)
        if not dependency.params or recorded is None or actual is None:
            return bool(dependency.status())
        return any(name not in actual or name not in recorded or actual[name] != recorded[name]
                   for name in dependency.params)


__all__ = ["DvcException", "Plan", "plan"]
