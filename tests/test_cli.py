"""The command line starts fast, teaches, and answers mistakes with a sentence."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from slr.cli import app

HEAVY = ("torch", "mediapipe", "cv2", "pandas", "matplotlib", "sklearn", "pyarrow", "av", "scipy", "dvc")


@pytest.mark.parametrize("code", ["import slr", "import slr.cli", "import slr.cli, slr.params"])
def test_importing_loads_nothing_heavy(code):
    loaded = subprocess.run([sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
                            capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("command", [[], ["use"], ["use", "folder"], ["use", "sample"], ["check"], ["settings"],
                                     ["show"], ["predict"], ["sample-error"], ["verify"]])
def test_every_command_has_help(command):
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0 and "Usage" in result.output


def test_a_mistake_is_one_sentence_and_exit_code_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "error: params.yaml is not here; run this from the project's folder" in result.output


def test_show_wants_a_clip_or_the_sheet_and_not_both():
    assert CliRunner().invoke(app, ["show"]).exit_code == 2
    assert CliRunner().invoke(app, ["show", "clip", "--sheet"]).exit_code == 2
