"""From a video to its sign, by the pipeline's own steps."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, ModelError
from slr.inference.predict import Predictor, print_predictions
from slr.io.files import read_json, write_json
from slr.io.video import write_video
from slr.preprocessing.clips import load_clips


def changed(model: Path, folder: Path, **preprocessing) -> Path:
    """A copy of the model that says something else about its landmarks."""
    shutil.copytree(model, folder)
    config = read_json(model / "config.json")
    write_json(folder / "config.json", {**config, "preprocessing": {**config["preprocessing"], **preprocessing}})
    return folder


def test_a_video_gets_the_probabilities_that_the_pipeline_gives_its_clip(drawn_model, tiny_corpus, tiny_landmarks):
    predictor, store = Predictor(drawn_model), LandmarkStore(tiny_landmarks)
    for clip in read_manifest(tiny_corpus / "manifest.parquet").head(2).itertuples():
        predicted = dict(predictor.predict(tiny_corpus / clip.media))
        clips = load_clips(store, [clip.clip_id], predictor.trained.skeleton)
        expected = dict(zip(predictor.trained.labels, predictor.trained.probabilities(clips)[0].tolist(), strict=True))
        assert predicted == pytest.approx(expected, abs=1e-6)
        assert list(predicted.values()) == sorted(predicted.values(), reverse=True)
        assert sum(predicted.values()) == pytest.approx(1, abs=1e-5)  # four glosses, all of them named
        assert list(predictor.predict(tiny_corpus / clip.media, top=1)) == [next(iter(predicted.items()))]


def test_a_model_of_another_extractor_is_refused_unless_told(drawn_model, tmp_path):
    made = read_json(drawn_model / "config.json")["preprocessing"]
    extractor = {**made["extractor"], "version": "0.0.1", "model_hash": "abc"}
    other = changed(drawn_model, tmp_path / "other", extractor=extractor)
    with pytest.raises(ModelError, match=r"another extractor .*model_hash: abc there.*version: 0\.0\.1 there"):
        Predictor(other)
    Predictor(other, any_extractor=True)


def test_a_model_of_landmarks_without_video_is_refused(drawn_model, tmp_path):
    shutil.copytree(drawn_model, tmp_path / "bare")
    config = read_json(drawn_model / "config.json")
    del config["preprocessing"]["frames"]
    write_json(tmp_path / "bare/config.json", config)
    with pytest.raises(ModelError, match="don't come from video"):
        Predictor(tmp_path / "bare")


def test_a_video_without_a_person_or_a_picture_says_so(drawn_model, tmp_path):
    predictor = Predictor(drawn_model)
    write_video(tmp_path / "grey.mp4", [np.full((128, 128, 3), 128, np.uint8)] * 4, fps=12)
    with pytest.raises(ClipError, match="no person found in any of its 4 frames"):
        predictor.predict(tmp_path / "grey.mp4")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ClipError):
        predictor.predict(tmp_path / "text.mp4")


def test_a_clip_of_one_frame_is_answered_with_the_warning_of_slr_check(drawn_model, shared_data):
    answer = Predictor(drawn_model).answer(shared_data / "inputs/one.mp4", top=1)
    assert len(answer.glosses) == 1
    assert "it has only 1 frame, too short to show a sign" in [note.text for note in answer.notes]


def test_the_table_names_every_video_once(capsys):
    print_predictions({"one.mp4": [("A", 0.75), ("ix[a]", 0.25)], "[anna]/two.mp4": [("[/B]", 1.0)]})
    out = capsys.readouterr().out
    assert out.count("one.mp4") == out.count("[anna]/two.mp4") == 1 and "75.0%" in out and "100.0%" in out
    assert "ix[a]" in out and "[/B]" in out
