"""Damaged files of every kind are read or refused, and so are command lines that name impossible files."""

import pytest

from benchmarks.inputs import commands, fuzz

INPUTS = 20


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    commands.make_project(folder)
    return folder


@pytest.mark.parametrize("line", commands.LINES[::9], ids=lambda line: " ".join(word[:20] for word in line.words))
def test_a_file_that_cannot_be_what_it_is_named_for_is_told_in_one_line(project, line):
    assert commands.judged(line, project) is None


def test_no_parser_fails_on_damaged_files(tmp_path):
    for parser in fuzz.parsers(tmp_path):
        assert not fuzz.fuzz_parser(parser, INPUTS, tmp_path), parser.name


def test_no_damaged_folder_makes_a_model_fail(tmp_path):
    for name, folder in fuzz.hostile_models.make_models(tmp_path / "models").items():
        assert not fuzz.fuzz_folders(name, folder, INPUTS), name
