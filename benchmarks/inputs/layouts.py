"""How corpus folders, lists and annotations are read: `python -m benchmarks.inputs.layouts`.

Each case is a folder as people have it, and the right answer, written by hand: which clips it holds, or with which
words it has to be refused. The folder is chosen by what `slr use` calls, and read from the settings that this writes.
`layout_kinds`: the cases. `layout_wrong`: those of which an id, gloss, signer, split, range of frames, kind of problem
or message isn't the right one.
"""

import contextlib
import re
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.inputs.layout_cases.case import VIDEO, Case, Clip, video
from benchmarks.inputs.layout_cases.dialects import DIALECTS
from benchmarks.inputs.layout_cases.elan import ELAN
from benchmarks.inputs.layout_cases.folders import FOLDERS
from benchmarks.inputs.layout_cases.releases import RELEASES
from benchmarks.record import record
from slr.corpora import scanning
from slr.corpora.check import check_corpus
from slr.corpora.use import use_folder, use_published
from slr.errors import CorpusError
from slr.params import load
from slr.partition.feasible import foreseen

CASES = [*FOLDERS, *DIALECTS, *RELEASES, *ELAN]
_MODELS = "models:\n  spoter:\n    family: spoter\ntrain:\n  model: spoter\n  models: [spoter]\n"


def judge(case: Case, home: Path) -> str:
    """What is wrong with how a case is read, in an empty folder; empty if nothing is."""
    for name, content in case.files.items():
        path = home / "rec" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = video() if content == VIDEO else content or b""
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    Path(home, "params.yaml").write_text(_MODELS)
    with contextlib.chdir(home):
        return _wrong(case)


def _wrong(case: Case) -> str:
    try:
        told = _use(case)
    except CorpusError as error:
        return "" if case.error and re.search(case.error, str(error)) else f"refused: {error}"
    if case.error:
        return f"not refused: {told}"
    params = load("params.yaml")
    rows, problems = scanning.scan(params.corpus, workers=1)
    clips = {row.clip_id: _clip(row) for row in rows.astype(object).where(rows.notna(), None).itertuples()}
    wrong = [f"{name}: {clips.get(name)} instead of {case.clips.get(name)}"
             for name in sorted(clips.keys() | case.clips.keys()) if clips.get(name) != case.clips.get(name)]
    if tuple(sorted({problem.kind for problem in problems})) != case.problems:
        wrong.append(f"problems {[str(problem) for problem in problems]} instead of {case.problems}")
    if not re.search(case.told, told):
        wrong.append(f"told: {told}")
    problems = check_corpus(params.corpus, 1, partial(foreseen, params)) if case.checked else []
    found = {problem.kind: problem.reason for problem in problems}
    wrong += [f"checked: {kind}: {found.get(kind)}" for kind, reason in case.checked.items()
              if not re.search(reason, found.get(kind, ""))]
    return "; ".join(wrong)


def _use(case: Case) -> str:
    if case.corpus == "folder":
        return use_folder("params.yaml", case.root, **case.options)
    return use_published("params.yaml", case.corpus, case.root, **case.options)


def _clip(row) -> Clip:
    return Clip("|".join(row.glosses), row.signer, row.split,
                None if row.start_frame is None else (row.start_frame, row.end_frame))


def main() -> None:
    wrong = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as home:
            found = judge(case, Path(home))
        wrong += bool(found)
        if found:
            print(f"{case.kind}: {found}")
    record("inputs", {"layout_kinds": len(CASES), "layout_wrong": wrong}, part="layouts")


if __name__ == "__main__":
    main()
