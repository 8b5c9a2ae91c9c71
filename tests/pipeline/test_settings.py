"""The first stage: what can't be computed is refused before anything is."""

import pytest

from pipeline.settings import settings
from slr.errors import ModelError, ScoringError
from slr.params import parse


def test_sclite_is_refused_at_once_where_it_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr("slr.metrics.sclite.shutil.which", lambda name: None)
    monkeypatch.setattr("slr.metrics.sclite._DEBIAN", str(tmp_path / "none"))
    written = []
    monkeypatch.setattr("pipeline.settings.write_fingerprints", lambda *given: written.append(given))
    with pytest.raises(ScoringError, match="apt-get install sctk"):
        settings(parse({"evaluation": {"wer": "sclite"}}))
    assert not written
    settings(parse({"evaluation": {"wer": "own"}}))
    assert len(written) == 1


def test_an_extractor_whose_weights_are_missing_is_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    landmarks = {"extractor": "tasks", "weights": {"hands": "hands.task"}}
    with pytest.raises(ModelError, match=r"needs the weights 'pose'; give landmarks\.weights\.pose a file, or a URL"):
        settings(parse({"landmarks": landmarks}))
    monkeypatch.setattr("pipeline.settings.write_fingerprints", lambda *_: None)
    settings(parse({"landmarks": landmarks, "corpus": {"name": "arrays"}}))  # whose landmarks aren't extracted
