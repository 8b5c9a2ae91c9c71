"""The study of signs that were never trained on: what asks, what answers, and what trains."""

import numpy as np
import pandas as pd
import pytest

from slr.corpora import scanning
from slr.errors import SlrError
from slr.io.files import read_json
from slr.params import CorpusParams, EmbeddingParams, LossParams
from slr.params.families.multistream import MultistreamParams
from studies.dtw import dtw_body_features
from studies.isl_fewshot import run as study
from studies.isl_fewshot.models import MODELS
from tests.helpers.study_recordings import KINECT, kinect_clip, real, write_kinect

TINY = MultistreamParams(streams=[["joints"]], seeds=1, widths=[16], strides=[2], epochs=1, batch_size=16,
                         joints="kinect-12", channels=3)
GLOSSES, SIGNERS, REPETITIONS = 6, 3, 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A made-up corpus in the place of the real one, 2 of whose 6 signs aren't trained, and two tiny models."""
    folds = tmp_path / "folds"
    write_kinect(folds, GLOSSES, SIGNERS, REPETITIONS)
    monkeypatch.setattr(study, "STUDY", tmp_path)
    monkeypatch.setattr(study, "FOLDER", folds)
    monkeypatch.setattr(study, "unseen_signs", lambda glosses: ["gloss1", "gloss4"])
    monkeypatch.setattr(study, "CHOSEN_ON", ("s0",))
    embedding = {"embedding": EmbeddingParams(size=8), "losses": LossParams(classification=0, triplet=1, proxy=1)}
    monkeypatch.setattr(study, "MODELS", {"near": TINY.model_copy(update=embedding), "plain": TINY})
    return tmp_path


def test_signs_that_ask_never_train_and_what_is_done_is_kept(folder):
    study.main(["plain"], workers=1)
    assert not any(key.startswith("near") for key in read_json(folder / "metrics.json"))
    result = folder / "folds/fold-0/plain/result.json"
    done = result.stat().st_mtime_ns
    study.main(workers=1)
    assert result.stat().st_mtime_ns == done
    for name in ("plain", "near"):
        config = read_json(folder / f"folds/fold-1/{name}/model/config.json")
        assert config["labels"] == ["gloss0", "gloss2", "gloss3", "gloss5"]
        assert config["training"]["train_clips"] == 4 * REPETITIONS * (SIGNERS - 1)
    metrics = read_json(folder / "metrics.json")
    measured = read_json(folder / "folds/measured.json")["near"]
    assert measured["signer"] == ["s0", "s1", "s2"]
    assert metrics["near_one_shot_mean"] == pytest.approx(np.mean(measured["one_shot"]))
    assert metrics["near_five_shot_sd"] == pytest.approx(np.std(measured["five_shot"], ddof=1))
    assert metrics["near_untouched_one_shot_mean"] == pytest.approx(np.mean(measured["one_shot"][1:]))
    assert metrics["dtw_one_shot_mean"] == 1 and "dtw_trained_top1_mean" not in metrics
    rows = (folder / "results.md").read_text().splitlines()
    assert {row.split("|")[1].strip() for row in rows[2:]} == {"`dtw`", "`near`", "`plain`"}
    assert (folder / "accuracy.png").stat().st_size > 5_000


def test_the_unseen_signer_asks_and_others_answer():
    clips = pd.DataFrame({"gloss": list("aabb") * 2, "signer": ["one"] * 4 + ["two"] * 4})
    own = clips.gloss.to_numpy()[:, None] != clips.gloss.to_numpy()
    wrong_for_two = np.where(np.arange(8)[:, None] >= 4, ~own, own).astype(float)
    assert study.shots(wrong_for_two, clips, "one") == {"one_shot": 1}  # nobody has five examples of a sign
    assert study.shots(wrong_for_two, clips, "two") == {"one_shot": 0}


def test_dtw_sees_a_turned_body_as_one_that_faces_the_camera():
    facing, turned = (dtw_body_features(kinect_clip(2, np.random.default_rng(3), "c", turn), KINECT)
                      for turn in (0, 0.9))
    assert facing.shape == (32, 18)
    np.testing.assert_allclose(turned, facing, atol=0.05)
    other = dtw_body_features(kinect_clip(3, np.random.default_rng(3), "c"), KINECT)
    assert np.abs(other - facing).max() > 0.3


def test_an_unknown_model_is_named(folder):
    with pytest.raises(SlrError, match="no model 'third'; known: near, plain"):
        study.main(["third"])


def test_the_models_differ_in_their_losses_alone():
    near, plain = (MODELS[name].model_dump() for name in ("multistream_embedding", "multistream"))
    assert {name for name in near if near[name] != plain[name]} == {"embedding", "losses", "batching"}
    type(MODELS["multistream"]).model_validate(near)


def test_the_unseen_signs_are_those_of_the_protocol():
    root = real("isl_kinect")
    clips, _ = scanning.scan(CorpusParams(name="isl_kinect", root=str(root)))
    chosen = study.unseen_signs(clips.glosses.str[0])
    assert len(chosen) == 10 and clips.glosses.str[0].nunique() == 30
    protocol = " ".join((study.STUDY / "README.md").read_text().split())
    assert f"never trained on: {', '.join(chosen)}." in protocol
