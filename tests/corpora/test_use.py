import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from slr.corpora import scanning
from slr.corpora.use import use_folder, use_published, use_sample
from slr.dataset.skeleton import skeleton
from slr.errors import CorpusError, ParamsError
from slr.params import load
from slr.partition.feasible import foreseen
from slr.preprocessing.normalise import normaliser
from tests.helpers import REPOSITORY
from tests.helpers.params_file import comments
from tests.helpers.recordings import record


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A project with its settings and recordings in `rec/`."""
    for name in ("params.yaml", "zoo/params.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    for gloss in "AB":
        for take in ("one", "two"):
            record(tmp_path / "rec" / gloss / f"{take}.mp4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_inside_the_project_is_stored_relative(home):
    before = comments(home / "params.yaml")
    told = use_folder("params.yaml", "rec")
    params = load("params.yaml")
    assert (params.corpus.name, params.corpus.root, params.corpus.source) == ("folder", "rec", "rec")
    assert params.corpus.annotations is None and params.evaluation.gloss_sets == {}
    assert comments(home / "params.yaml") == before
    assert "4 clips of 2 glosses by unknown signers" in told and "slr check" in told and "dvc repro" in told


def test_what_follows_for_models_that_were_trained_before_is_said(home):
    assert "frames: 25 a second, short side 480; models trained with 12 a second, short side 320 still answer for " in (
        use_folder("params.yaml", "rec"))
    (home / "models/selected").mkdir(parents=True)
    made = {"preprocessing": {"frames": {"fps": 25, "size": 480, "quality": 95}}}
    (home / "models/selected/config.json").write_text(json.dumps(made))
    assert "models trained with" not in use_folder("params.yaml", "rec")


def test_a_corpus_of_one_clip_a_gloss_is_a_gallery_of_the_selected_model(home):
    for gloss in "AB":
        Path(f"rec/{gloss}/two.mp4").unlink()
    told = use_folder("params.yaml", "rec")
    assert "train.models: none, as each gloss has one clip" in told and "slr index build --split train" in told
    params = load("params.yaml")
    assert (params.train.models, params.train.model) == ([], "multistream")
    assert (params.frames.fps, params.frames.size) == (12, 320)  # as the settings had it, and so the trained models


def test_arrays_of_other_joints_set_the_models_joints(home):
    lines = ["path,gloss,signer"]
    for number in range(8):
        np.save(home / f"rec/{number}.npy", np.full((8, 42, 2), 0.1 + number / 100))
        lines.append(f"{number}.npy,{'AB'[number % 2]},s{number // 2}")
    Path("rec/clips.csv").write_text("\n".join(lines))
    told = use_published("params.yaml", "arrays", "rec", imported={"skeleton": "hands-42"})
    params = load("params.yaml")
    assert "models.*.joints: hands-42, the corpus's own, for multistream, spoter" in told
    models = [params.models[name] for name in params.train.models]
    assert len(models) >= 4 and {model.joints for model in models} == {"hands-42"}
    assert all(normaliser(model.normalise, skeleton("hands-42")) for model in models)
    assert params.models["pose_ctc"].joints == "spoter-54" and "pose_ctc" not in params.train.models  # no sentences
    clips, _ = scanning.scan(params.corpus)
    assert [problem.kind for problem in foreseen(params, clips)] == []


def test_a_folder_elsewhere_is_stored_absolute(home, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    record(elsewhere / "A/one.mp4")
    use_folder("params.yaml", elsewhere)
    assert load("params.yaml").corpus.root == str(elsewhere)


@pytest.mark.parametrize("given", [("rec/clips.csv", None), ("rec", "rec/clips.csv"), ("rec", None)])
def test_three_ways_to_name_a_csv(home, given):
    shutil.move("rec/A/one.mp4", "rec/one.mp4")
    shutil.rmtree("rec/A"), shutil.rmtree("rec/B")
    Path("rec/clips.csv").write_text("path,gloss,signer\none.mp4,A,Ana\n")
    assert "1 clips of 1 glosses by 1 signer" in use_folder("params.yaml", *given)
    corpus = load("params.yaml").corpus
    assert (corpus.root, corpus.annotations, corpus.source) == ("rec", "rec/clips.csv", "rec")


def test_a_csv_outside_the_root_is_what_the_stage_watches(home):
    Path("list.csv").write_text("path,gloss\nA/one.mp4,A\n")
    use_folder("params.yaml", "rec", "list.csv")
    corpus = load("params.yaml").corpus
    assert (corpus.root, corpus.annotations, corpus.source) == ("rec", "list.csv", "list.csv")


def test_folders_of_recordings_win_over_a_csv_beside_them(home):
    Path("rec/notes.csv").write_text("whatever\n")
    use_folder("params.yaml", "rec")
    assert load("params.yaml").corpus.annotations is None


def test_there_and_back_is_the_same_file(home):
    use_sample("params.yaml")
    first = Path("params.yaml").read_text()
    use_folder("params.yaml", "rec")
    assert Path("params.yaml").read_text() != first
    use_sample("params.yaml")
    assert Path("params.yaml").read_text() == first


def test_an_empty_settings_file_is_filled(home):
    Path("params.yaml").write_text("")
    use_folder("params.yaml", "rec")
    assert load("params.yaml").corpus.root == "rec"


def test_the_committed_settings_are_the_sample_preset(home):
    use_sample("params.yaml")
    assert yaml.safe_load(Path("params.yaml").read_text()) == yaml.safe_load((REPOSITORY / "params.yaml").read_text())


@pytest.mark.parametrize("root, csv, message", [
    ("nowhere", None, "is not a folder"),
    ("empty", None, "no clips were found in empty"),
    ("rec/A/one.mp4", None, "is not UTF-8"),
    ("list.csv", "list.csv", "is a file; with --csv"),
    ("list.csv", None, "no clips were found in .(.|\n)*nowhere.mp4"),
])
def test_what_cannot_be_used_changes_nothing(home, root, csv, message):
    Path("empty").mkdir()
    Path("list.csv").write_text("path,gloss\nnowhere.mp4,A\n")
    before = Path("params.yaml").read_bytes()
    with pytest.raises(CorpusError, match=message):
        use_folder("params.yaml", root, csv)
    assert Path("params.yaml").read_bytes() == before


# Published corpora


@pytest.fixture
def wlasl(home) -> Path:
    """A root with the JSON and one of two videos."""
    instances = [{"video_id": video_id, "split": "train", "signer_id": 3, "bbox": [0, 0, 9, 9]} for video_id in "12"]
    record(home / "wlasl/raw_videos/1.mp4")
    (home / "wlasl/WLASL_v0.3.json").write_text(json.dumps([{"gloss": "book", "instances": instances}]))
    return home / "wlasl"


def test_a_published_corpus_keeps_comments_and_says_what_is_missing(home, wlasl):
    before = comments(home / "params.yaml")
    told = use_published("params.yaml", "wlasl", "wlasl", crop="bbox")
    corpus = load("params.yaml").corpus
    assert (corpus.name, corpus.root, corpus.source, corpus.annotations) == ("wlasl", "wlasl", "wlasl", None)
    assert (corpus.subset, corpus.crop) == (None, "bbox") and load("params.yaml").frames.fps == 25
    assert comments(home / "params.yaml") == before
    assert "1 clips of 1 glosses by 1 signer; 1 problems" in told
    assert "1 of 2 clips have no video in wlasl (train 1): 2; fetch them: slr download wlasl" in told
    use_folder("params.yaml", "rec")
    assert load("params.yaml").corpus.crop == "none"


def test_a_published_corpus_with_nothing_of_it_there_changes_nothing(home, wlasl):
    (wlasl / "raw_videos/1.mp4").unlink()
    before = Path("params.yaml").read_bytes()
    with pytest.raises(CorpusError, match=r"no clips were found in wlasl; first of 1 problems: 2 of 2 clips have no "
                                          r"video.*\n.*Expected ROOT/WLASL_v0.3.json.*see docs/corpora.md"):
        use_published("params.yaml", "wlasl", "wlasl")
    with pytest.raises(ParamsError, match="corpus.subset"):
        use_published("params.yaml", "wlasl", "wlasl", subset=150)
    with pytest.raises(CorpusError, match="fewer than subset 100"):
        use_published("params.yaml", "wlasl", "wlasl", subset=100)
    assert Path("params.yaml").read_bytes() == before


@pytest.mark.parametrize("text, message", [
    (None, "is not here"), ("a: [", "not valid YAML"), ("splitz: {by: auto}\n", "did you mean 'splits'"),
    ("evaluation:\n", "evaluation"),
])
def test_bad_settings_are_not_rewritten(home, text, message):
    path = Path("params.yaml")
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(ParamsError, match=message):
        use_folder("params.yaml", "rec")
    assert (path.read_text() if path.exists() else None) == text


def test_a_corpus_of_sentences_keeps_the_models_that_read_them_and_says_why_the_others_go(home):
    chosen = load("params.yaml")
    Path("rec/clips.csv").write_text("path,gloss,glosses\nA/one.mp4,,A B\nB/one.mp4,,B A B\n")
    told = use_folder("params.yaml", "rec", "rec/clips.csv")
    params = load("params.yaml")
    assert (params.train.models, params.train.model) == (["pose_ctc"], "pose_ctc")
    assert params.zoo.models == ["stfnet", "stfnet_published"]
    assert "train.models: pose_ctc, as the corpus has clips for these\nzoo.models: stfnet, stfnet_published, as" in told
    assert "left out: multistream, spoter, " in told and "transformer" in told.split("left out: multistream")[1]
    assert "(the corpus has no clips with one gloss)" in told
    assert "left out: sca_stgcn_detection, sca_detection_published (the corpus has no streams" in told
    use_sample("params.yaml")
    assert (load("params.yaml").train, load("params.yaml").zoo) == (chosen.train, chosen.zoo)
    assert comments(home / "zoo/params.yaml") == comments(REPOSITORY / "zoo/params.yaml")


def test_a_selected_model_of_the_zoo_stays_selected(home):
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("model: multistream ", "model: transformer ", 1))
    use_folder("params.yaml", "rec")
    params = load("params.yaml")
    assert params.train.model == "transformer" and "transformer" in params.zoo.models


def test_a_project_without_a_zoo_can_choose_a_corpus(home):
    shutil.rmtree("zoo")
    use_folder("params.yaml", "rec")
    assert load("params.yaml").corpus.name == "folder" and not Path("zoo").exists()


def test_models_that_were_chosen_stay_where_the_corpus_has_clips_for_them(home):
    text = Path("params.yaml").read_text()
    first, rest = text.split("  models:                       # the models", 1)
    chosen = "  models: [silt_query, multistream]\n  budget: full"
    Path("params.yaml").write_text(first + chosen + rest.split("  budget: full", 1)[1])
    assert "train.models" not in use_folder("params.yaml", "rec")
    assert load("params.yaml").train.models == ["silt_query", "multistream"]
