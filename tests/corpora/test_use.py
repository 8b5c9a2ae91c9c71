import json
import shutil
from pathlib import Path

import pytest
import yaml

from slr.corpora.use import use_folder, use_published, use_sample
from slr.errors import CorpusError, ParamsError
from slr.params import load
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
        record(tmp_path / "rec" / gloss / "one.mp4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_inside_the_project_is_stored_relative(home):
    before = comments(home / "params.yaml")
    told = use_folder("params.yaml", "rec")
    params = load("params.yaml")
    assert (params.corpus.name, params.corpus.root, params.corpus.source) == ("folder", "rec", "rec")
    assert params.corpus.annotations is None and params.evaluation.gloss_sets == {}
    assert comments(home / "params.yaml") == before
    assert "2 clips of 2 glosses by unknown signers" in told and "slr check" in told and "dvc repro" in told


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
