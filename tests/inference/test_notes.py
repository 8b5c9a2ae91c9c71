"""Notes on answers: what is unlike training."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.skeleton import skeleton
from slr.inference.model import load_model
from slr.inference.notes import Note, Seen, length_notes, model_notes, print_notes
from slr.io.files import read_json, write_json
from tests.helpers.people import side_by_side, small

JOINTS = skeleton("holistic-75")


def kinds(notes) -> list[str]:
    return [note.kind for note in notes]


def changed(model: Path, folder: Path, **config) -> Path:
    """A copy of a model with another config, without the entries that are None."""
    shutil.copytree(model, folder)
    config = {**read_json(model / "config.json"), **config}
    write_json(folder / "config.json", {name: value for name, value in config.items() if value is not None})
    return folder


@pytest.mark.parametrize(("found", "expected"), [
    ({}, []), ({"pose": 10, "left_hand": 3}, []), ({"pose": 10, "left_hand": 2}, ["hands-missing"]),
    ({"pose": 10, "left_hand": 2, "right_hand": 3}, []), ({"pose": 4, "left_hand": 4}, ["person-missing"])])
def test_a_person_or_hands_in_few_frames_are_noted(found, expected):
    coordinates = np.full((10, len(JOINTS), 4), np.nan, np.float32)
    for part, frames in (found or {"pose": 10, "right_hand": 9}).items():
        coordinates[:frames, JOINTS.part_slices[part]] = 0.5
    seen, one_by_one = Seen(JOINTS, [JOINTS]), Seen(JOINTS, [JOINTS])
    seen.add(coordinates)
    for frame in coordinates:
        one_by_one.add(frame)
    assert kinds(seen.notes()) == expected and seen.notes() == one_by_one.notes()


def test_hands_that_no_model_uses_are_not_missed():
    seen = Seen(JOINTS, [skeleton("boston-3")])
    seen.add(np.where(np.arange(len(JOINTS))[:, None] < 33, 0.5, np.nan)[None].repeat(4, 0))
    assert seen.notes() == []


def test_a_clip_far_from_the_lengths_of_training_is_noted(drawn_model, tmp_path):
    """The drawn clips last 2.5 to 3.6 s; folders from before say nothing of it."""
    trained = load_model(drawn_model)
    shortest, usual, longest = trained.config["clip_seconds"]
    assert 1 < shortest <= usual <= longest < 6
    assert [kinds(length_notes(trained, seconds)) for seconds in (
        shortest / 2.1, shortest, longest, longest * 2.1)] == [["short"], [], [], ["long"]]
    assert length_notes(load_model(changed(drawn_model, tmp_path / "old", clip_seconds=None)), 1000) == []


def test_only_models_of_invented_signs_alone_are_noted(drawn_model, tmp_path):
    assert kinds(model_notes(load_model(drawn_model))) == ["invented-signs"]
    labels = ["HOUSE", *load_model(drawn_model).labels[1:]]
    assert model_notes(load_model(changed(drawn_model, tmp_path / "real", labels=labels))) == []


def test_predict_notes_what_is_in_the_picture_on_stderr_and_in_json(drawn_model, tiny_corpus, tmp_path):
    one, other = (tiny_corpus / f"isolated/{name}-1.mp4" for name in ("s00-balo", "s01-kivel"))
    two, far = side_by_side(tmp_path / "two.mp4", one, other, 12), small(tmp_path / "far.mp4", one, 3, 12)
    answers = {}
    for options in ((), ("--person", "left"), ("--crop",)):
        result = CliRunner().invoke(app, ["predict", str(two), str(far), "--json", "--model", str(drawn_model),
                                          *options])
        assert result.exit_code == 0
        answers[options] = [[note["kind"] for note in answer["notes"]] for answer in json.loads(result.stdout)]
        assert ("several-persons" in sum(answers[options], [])) == ("--person largest, left, right" in result.stderr)
        assert result.stderr.count("invented signs only") == 1
    assert [{*told} - {"short"} for told in answers[()]] == [
        {"invented-signs", "several-persons"}, {"invented-signs", "small"}]
    for options in (("--person", "left"), ("--crop",)):
        assert [{*told} - {"short"} for told in answers[options]] == [{"invented-signs"}] * 2
    refused = CliRunner().invoke(app, ["predict", str(two), "--model", str(drawn_model), "--person", "middle"])
    assert refused.exit_code == 1 and "--person 'middle' is neither" in refused.stderr


def test_a_note_on_several_videos_is_printed_once(capsys):
    print_notes({"a.mp4": [Note("x", "so"), Note("y", "only here")], "b.mp4": [Note("x", "so")]})
    assert capsys.readouterr().err.splitlines() == ["note: so", "note: a.mp4: only here"]
