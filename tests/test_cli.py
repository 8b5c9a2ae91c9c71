"""The command line starts fast, teaches, and answers mistakes with a sentence."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

import slr
from slr.cli import PANELS, app, use
from slr.cli.use import CORPORA
from slr.params import CorpusParams, load
from slr.params.corpora import READERS
from tests.helpers import REPOSITORY
from tests.helpers.landmark_corpus import make
from tests.helpers.landmark_files import body, spoter_cells, write_npz, write_table
from tests.helpers.params_file import comments
from tests.helpers.recordings import record
from tests.helpers.video_server import serve_videos

HEAVY = ("torch", "mediapipe", "cv2", "pandas", "matplotlib", "sklearn", "pyarrow", "av", "scipy", "dvc")


@pytest.mark.parametrize("code", ["import slr", "import slr.cli", "import slr.cli, slr.params"])
def test_importing_loads_nothing_heavy(code):
    loaded = subprocess.run([sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
                            capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)


def commands(of: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of each command and group, from `of` on."""
    yield path
    for name, command in getattr(of, "commands", {}).items():
        yield from commands(command, *path, name)


def found(path: tuple[str, ...]) -> click.Command:
    command = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    return command


COMMANDS = list(commands(typer.main.get_command(app)))
LEAVES = [path for path in COMMANDS if not isinstance(found(path), TyperGroup)]
LINE = 62
"""Characters that the list of commands has for each, on a terminal of 80 columns."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command):
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0 and "Usage" in result.output
    first, *_ = found(command).help.split("\n\n")
    assert first.endswith(".") and len(first) <= LINE
    for option in found(command).params:
        assert option.help, f"{option.name} has no help"


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_the_examples_of_every_command_are_commands(command):
    examples = re.findall(r"^ *slr (.+)$", found(command).help, re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert tuple(words[:len(command)]) == command
        found(command).make_context(example, words[len(command):])  # raises if it can't be parsed


@pytest.mark.parametrize(("group", "panels"), [((), PANELS), (("use",), use.PANELS)], ids=["slr", "slr use"])
def test_help_lists_every_command_in_a_panel_in_the_order_of_work(group, panels):
    listed = [name for names in panels.values() for name in names]
    assert list(found(group).commands) == listed
    shown = run(*group, "--help")
    places = [shown.index(f"─ {panel} ─") for panel in panels]
    assert places == sorted(places) and "─ Commands ─" not in shown
    rows = re.findall(r"^│ ([a-z][a-z0-9-]*) ", shown, re.MULTILINE)
    assert rows == listed


SLR = Path(sys.executable).with_name("slr")
"""The command as a shell runs it."""


def printed(*command: str | Path, **environment: str) -> str:
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout


def test_it_tells_its_version():
    assert printed(SLR, "--version") == f"slr {slr.__version__}\n"


@pytest.mark.parametrize(("typed", "offered"), [
    ("slr tr", ["transfer", "transcribe"]), ("slr use nothing", []), ("slr use w", ["wlasl"]),
    ("slr map --method ", ["tsne", "umap", "pca"]), ("slr predict --any", ["--any-extractor"])])
def test_the_shell_completes_commands_options_and_choices(typed, offered):
    words = printed(SLR, _SLR_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(typed.count(" ")))
    assert words.split() == offered


def test_bash_learns_to_complete():
    script = f"""eval "$('{SLR}' --show-completion)"
                 COMP_WORDS=(slr down) COMP_CWORD=1; _slr_completion '{SLR}'; echo "${{COMPREPLY[@]}}"
                 complete -p slr"""
    assert printed("bash", "-c", script).splitlines() == ["download", "complete -o default -F _slr_completion slr"]


def test_every_corpus_can_be_chosen_and_its_options_are_settings_that_are():
    assert {name.replace("-", "_") for name in CORPORA} == set(READERS) - {"folder", "eaf"}
    for _, options in CORPORA.values():
        for option in options:
            settings = CorpusParams
            for name in option.setting.split("."):
                assert name in settings.model_fields, option
                settings = settings.model_fields[name].annotation


def test_a_mistake_is_one_sentence_and_exit_code_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "error: params.yaml is not here; run this from the project's folder" in result.output


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A folder with params.yaml, to which paths are relative."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*command: str) -> str:
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return result.output


def test_from_an_address_to_a_chosen_corpus(home):
    video = record(home / "source.mp4").read_bytes()
    with serve_videos() as server:
        server.content = {"/a.mp4": video}
        instances = [{"video_id": "1", "split": "train", "url": f"{server.address}/a.mp4"},
                     {"video_id": "2", "split": "test", "url": f"{server.address}/b.mp4"}]
        (home / "wlasl.json").write_text(json.dumps([{"gloss": "book", "instances": instances}]))
        told = run("download", "wlasl", "--json", "wlasl.json", "--root", "wlasl")
    assert "1 fetched" in told and "HTTP 404" in told and "slr use wlasl --root wlasl --json wlasl.json" in told
    run("use", "wlasl", "--root", "wlasl", "--json", "wlasl.json", "--crop", "none")
    corpus = load("params.yaml").corpus
    assert (corpus.name, corpus.root, corpus.annotations) == ("wlasl", "wlasl", "wlasl.json")
    problems = json.loads(CliRunner().invoke(app, ["check", "--json"]).stdout)
    assert [problem["items"] for problem in problems if problem["kind"] == "missing-video"] == [["2"]]


def test_choosing_the_other_published_corpora(home):
    record(home / "lsa/001_002_003.mp4")
    assert "1 clips of 1 glosses by 1 signer" in run("use", "lsa64", "--root", "lsa")
    record(home / "ipn/A_1_R_#1.avi")
    for name, text in {"trainlistall": "A_1_R_#1 1 1 2\nA_1_R_#1 2 3 4\n", "vallistall": "",
                       "classIndAll": "1 D0X\n2 B0A\n"}.items():
        (home / f"ipn/{name}.txt").write_text(text)
    assert "1 clips of 1 glosses" in run("use", "ipn", "--root", "ipn")
    assert "2 clips of 2 glosses" in run("use", "ipn", "--root", "ipn", "--rests")
    assert load("params.yaml").corpus.subset == "all"
    record(home / "autsl/train/signer0_sample1_color.mp4")
    (home / "autsl/train_labels.csv").write_text("signer0_sample1,5\n")
    run("use", "autsl", "--root", "autsl")
    assert (load("params.yaml").corpus.name, load("params.yaml").corpus.subset) == ("autsl", None)


def test_show_wants_a_clip_or_the_sheet_and_not_both():
    assert CliRunner().invoke(app, ["show"]).exit_code == 2
    assert CliRunner().invoke(app, ["show", "clip", "--sheet"]).exit_code == 2


def test_corpora_of_landmarks_are_chosen_and_left_again(home):
    run("use", "sample")
    before = Path("params.yaml").read_text()
    write_npz(home / "npz/a.npz", 30)
    (home / "npz/groundtruth.txt").write_text("".join(f"a {i} {'S' if i < 20 else '?'}\n" for i in range(30)))
    told = run("use", "sca-npz", "--root", "npz", "--classes", "2", "--stride", "5", "--joints", "holistic-67")
    assert "2 clips of 1 glosses by unknown signers" in told and "dvc repro" in told
    corpus = load("params.yaml").corpus
    assert (corpus.name, corpus.windows.classes, corpus.windows.stride) == ("sca_npz", 2, 5)
    assert corpus.imported.skeleton == "holistic-67"
    write_table(home / "csv/x_train.csv", [spoter_cells(body(), labels=i) for i in range(3)])
    assert "3 clips of 3 glosses" in run("use", "spoter-csv", "--root", "csv", "--y-axis", "down")
    corpus = load("params.yaml").corpus
    assert corpus.windows.stride == 1 and corpus.imported.skeleton is None and corpus.imported.y_axis == "down"
    np.save(home / "x.npy", np.ones((5, 42, 2)))
    (home / "x.csv").write_text("path,gloss\nx.npy,A\n")
    run("use", "arrays", "--root", ".", "--joints", "hands-42", "--size", "640", "480", "--pixels", "--missing", "0")
    imported = load("params.yaml").corpus.imported
    assert (imported.size, imported.units, imported.missing, imported.fps) == ((640, 480), "pixel", 0, 25)
    marked = [re.sub(r"(# |; )was \S+", "", comment) for comment in comments(home / "params.yaml")]
    assert [comment for comment in marked if comment] == comments(REPOSITORY / "params.yaml")
    assert "# was spoter-54" in comments(home / "params.yaml")
    run("use", "sample")
    assert Path("params.yaml").read_text() == before
    mistake = CliRunner().invoke(app, ["use", "pose", "--root", "npz"])
    assert mistake.exit_code == 1 and "holds 0 CSV files; set corpus.annotations" in mistake.output


def test_detection_of_signing_is_chosen_by_one_command(home):
    run("use", "sample")
    before = Path("params.yaml").read_text()
    for seed, video in enumerate("abcdef"):
        write_npz(home / f"npz/{video}.npz", 30, seed=seed)
    (home / "npz/groundtruth").write_text("".join(f"{video} {i} {'sign' if i < 20 else 'n'}\n"
                                                  for video in "abcdef" for i in range(30)))
    told = run("use", "sca-npz", "--root", "npz", "--streams")
    assert "now uses npz: 6 streams by unknown signers; 1 problems" in told
    assert "nothing is of the class 'S'; labels found: sign (120 frames), n (60 frames)" in told
    assert "train.models: sca_stgcn_detection" in told and "left out: multistream, spoter" in told
    assert "problems" not in run("use", "sca-npz", "--root", "npz", "--streams", "--positive", "s, sign").split("\n")[0]
    params = load("params.yaml")
    assert (params.train.models, params.train.model) == (["sca_stgcn_detection"], "sca_stgcn_detection")
    assert params.corpus.windows.frames is None and params.corpus.windows.positive == ["S", "sign"]
    assert comments(home / "params.yaml") == comments(REPOSITORY / "params.yaml")
    assert "errors: 0" in run("check")
    text = Path("params.yaml").read_text()
    detector = "    - sca_stgcn_detection\n"
    Path("params.yaml").write_text(text.replace(detector, detector + "    - spoter\n", 1))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1 and "spoter: can't be trained: the corpus has no clips with one gloss" in result.output
    run("use", "sample")
    assert Path("params.yaml").read_text() == before


def test_landmarks_are_converted(tmp_path, monkeypatch):
    corpus = make(tmp_path / "data", glosses=2, signers=3, repetitions=1)
    assert corpus.landmarks == tmp_path / "data/landmarks"
    monkeypatch.chdir(tmp_path)
    assert "6 clips are in out" in run("convert", "pose", "--out", "out")
    assert len(list(Path("out").glob("*.pose"))) == 6
    again = CliRunner().invoke(app, ["convert", "spoter", "--out", "out"])
    assert again.exit_code == 1 and "out is there already" in again.output
