"""Folders, lists and annotations as people have them, and what is asked where they can be read in several ways."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.inputs.layouts import CASES, judge
from slr.cli import app
from slr.corpora.layouts import AmbiguousLayout, only_layout
from slr.corpora.lookalikes import appearance
from slr.errors import ParamsError
from slr.params import load, parse
from tests.helpers import REPOSITORY


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_people_s_folders_are_read_as_they_are_meant(tmp_path, case):
    assert judge(case, tmp_path) == ""
