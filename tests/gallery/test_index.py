"""Galleries of a corpus: built, added to and asked, with a model that saw it for a moment."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest, write_manifest
from slr.dataset.splits import read_splits
from slr.errors import CorpusError, GalleryError, ModelError, SlrError
from slr.gallery.answer import Finder
from slr.gallery.build import add_to_index, build_index, describe
from slr.gallery.entries import Entry, entries
from slr.gallery.gallery import read_gallery, write_gallery
from slr.inference.model import load_model
from slr.io.files import file_hash
from tests.helpers import landmark_corpus
from tests.helpers.galleries import clusters
from tests.helpers.training import run, settings


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder with `data` and two models, as the pipeline would leave it."""
    folder = tmp_path_factory.mktemp("project")
    corpus = landmark_corpus.make(folder / "data", glosses=6)
    shutil.move(run(corpus, folder / "once", settings(epochs=25, patience=25)), folder / "model")
    shutil.move(run(corpus, folder / "again", settings(epochs=1)), folder / "other")
    return folder


@pytest.fixture(autouse=True)
def in_the_project(project, monkeypatch):
    monkeypatch.chdir(project)


@pytest.fixture
def index(tmp_path) -> Path:
    """A gallery of the training clips."""
    build_index(split="train", model="model", out=tmp_path / "index.parquet")
    return tmp_path / "index.parquet"


def of_split(split: str) -> list[str]:
    return list(read_splits("data/splits.parquet").query("split == @split").clip_id)


def test_a_split_becomes_a_gallery_of_the_models_features(index):
    gallery, trained, store = read_gallery(index), load_model("model"), LandmarkStore("data/landmarks")
    assert sorted(gallery.clip_ids) == sorted(of_split("train"))
    expected = trained.outputs(trained.clips(store, gallery.clip_ids))["features"].numpy()
    assert np.allclose(gallery.vectors, expected, atol=1e-5)
    clips = read_manifest("data/manifest.parquet").set_index("clip_id").loc[list(gallery.clip_ids)]
    assert list(gallery.glosses) == [glosses[0] for glosses in clips.glosses]
    assert list(gallery.signers) == list(clips.signer)
    assert gallery.model == "model" and gallery.model_hash == file_hash("model/weights.safetensors")


def test_an_embedding_model_gives_its_vectors(project, tmp_path):
    """Searched in a gallery of its training clips it answers as the model itself, which compares with them too."""
    corpus = Dataset.below(project / "data")
    losses = {"classification": 0, "triplet": 1}
    model = run(corpus, tmp_path, settings(embedding={"size": 8}, losses=losses, epochs=2))
    gallery = build_index(split="train", model=model, out=tmp_path / "index.parquet")
    assert gallery.vectors.shape == (len(of_split("train")), 8)
    trained, asked = load_model(model), of_split("test")[:5]
    logits = trained.outputs(trained.clips(LandmarkStore("data/landmarks"), asked))["logits"].numpy()
    finder = Finder(tmp_path / "index.parquet")
    for clip_id, of_clip in zip(asked, logits, strict=True):
        found = {n.gloss: n.distance for n in finder.find(clip_id, top=6).neighbours}
        assert [found[gloss] for gloss in trained.labels] == pytest.approx(list(-of_clip), abs=1e-3)


def test_the_sign_of_an_unseen_signer_is_found(index):
    finder = Finder(index)
    clips = read_manifest("data/manifest.parquet").set_index("clip_id")
    right = [finder.find(clip_id, top=3).neighbours[0].gloss == clips.glosses[clip_id][0]
             for clip_id in of_split("test")]
    assert np.mean(right) > 0.9


def test_a_clip_of_the_gallery_is_not_its_own_neighbour(index):
    clip_id = of_split("train")[0]
    answer = Finder(index).find(clip_id, top=1)
    assert len(answer.neighbours) == 1 and answer.neighbours[0].clip_id != clip_id
    assert answer.neighbours[0].distance > 0


def test_a_new_sign_needs_one_example(tmp_path):
    """The sign isn't in the gallery and isn't named; one clip is added, and it is."""
    out, clips = tmp_path / "index.parquet", read_manifest("data/manifest.parquet").set_index("clip_id")
    gloss_of = clips.glosses.str[0]
    build_index([clip for clip in of_split("train") if gloss_of[clip] != "gloss0"], model="model", out=out)
    asked = [clip for clip in of_split("test") if gloss_of[clip] == "gloss0"]
    before = [Finder(out).find(clip) for clip in asked]
    assert not any(neighbour.gloss == "gloss0" for answer in before for neighbour in answer.neighbours)
    example = next(clip for clip in of_split("train") if gloss_of[clip] == "gloss0")
    gallery, replaced = add_to_index([example], index=out)
    assert not replaced and "gloss0" in gallery.glosses
    after = [Finder(out).find(clip) for clip in asked]
    assert np.mean([answer.neighbours[0].gloss == "gloss0" for answer in after]) >= 0.75


def test_adding_a_clip_again_redataset_it_and_says_so(index):
    some = of_split("train")[:2]
    size = len(read_gallery(index))
    gallery, replaced = add_to_index([*some, *of_split("val")], index=index)
    assert replaced == sorted(some) and len(gallery) == size + len(of_split("val")) == len(read_gallery(index))
    assert f"2 replaced: {', '.join(sorted(some))}" in describe(gallery, index, replaced)["summary"]


def test_another_model_is_refused(index):
    before = index.read_bytes()
    with pytest.raises(GalleryError, match=r"model in model with weights \w{8}; those in other are"):
        add_to_index(of_split("val"), index=index, model="other")
    with pytest.raises(GalleryError, match="Name the right one with --model"):
        Finder(index, model="other")
    assert index.read_bytes() == before


def test_the_model_may_have_moved(index, tmp_path):
    shutil.copytree("model", tmp_path / "moved")
    clip_id = of_split("test")[0]
    assert (Finder(index, model=tmp_path / "moved").find(clip_id).to_json() == Finder(index).find(clip_id).to_json())


def test_two_glosses_give_an_answer_without_confidence(tmp_path):
    out = tmp_path / "small.parquet"
    gallery = build_index(["s0-g0-0", "s0-g1-0"], model="model", out=out)
    answer = Finder(out).find("s1-g0-0")
    assert answer.confidence is answer.in_gallery is None and len(answer.neighbours) == 2
    assert "nothing tells a sign outside" in describe(gallery, out)["summary"]


def test_cosine_distances_are_between_vectors_of_length_one(tmp_path):
    gallery = build_index(split="train", model="model", out=tmp_path / "cosine.parquet", metric="cosine")
    assert np.allclose(np.linalg.norm(gallery.vectors, axis=1), 1, atol=1e-6)
    assert all(n.distance <= 2 for n in Finder(tmp_path / "cosine.parquet").find(of_split("test")[0]).neighbours)


def test_what_can_be_named(tmp_path):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "my.csv").write_text("path,gloss,signer\na.mp4,HOUSE,anna\nb,TREE,\n")
    found = entries([f"{tmp_path}/a.mp4=my house", f"{tmp_path}/my.csv", "s0-g1-0"], None, Dataset())
    assert found == [
        Entry(f"{tmp_path}/a.mp4", "my house", None, tmp_path / "a.mp4"),
        Entry(f"{tmp_path}/a.mp4", "HOUSE", "anna", tmp_path / "a.mp4"),
        Entry(f"{tmp_path}/b", "TREE", None, tmp_path / "b"), Entry("s0-g1-0", "gloss1", "s0")]
    assert len(entries(["s0-g1-0"], "val", Dataset())) == 1 + len(of_split("val"))


@pytest.mark.parametrize("text, message", [
    ("video,gloss\na.mp4,A\n", "no column path"), ("path,gloss\nb.mp4,A\n", "line 2: there is no file .*b.mp4"),
    ("path,gloss\nhere.mp4, \n", "line 2: the gloss is empty"), ("", "can't be read as a CSV"),
    ("path,gloss\n", "lists no videos"), ("path,gloss\n../here.mp4,A\n", "leaves the corpus root"),
    ("path,gloss\na,b,c,d\ne\n\"", "can't be read as a CSV")])
def test_a_csv_that_cannot_be_used_is_refused(tmp_path, text, message):
    (tmp_path / "here.mp4").touch()
    (tmp_path / "my.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        entries([f"{tmp_path}/my.csv"], None, Dataset())


@pytest.mark.parametrize("clips, split, message", [
    ([], None, "name clips"), ([], "all", "no split 'all'"), (["s0-g1-"], None, "nearest ids: s0-g1-"),
    (["none.mp4=A"], None, "no file none.mp4"), (["model/config.json"], None, "config.json=GLOSS"),
    (["none.csv"], None, "can't be read")])
def test_what_cannot_be_named_is_refused(clips, split, message):
    with pytest.raises(SlrError, match=message):
        entries(clips, split, Dataset())


def test_a_clip_without_a_gloss_has_no_place_in_a_gallery(tmp_path):
    clips = read_manifest("data/manifest.parquet")
    clips.at[0, "glosses"] = []
    write_manifest(tmp_path / "manifest.parquet", clips)
    dataset = Dataset(manifest=tmp_path / "manifest.parquet")
    with pytest.raises(GalleryError, match=f"'{clips.clip_id[0]}' has no gloss"):
        entries([clips.clip_id[0]], None, dataset)
    assert len(entries([], "train", dataset)) == len(of_split("train")) - 1


def test_a_gallery_of_other_vectors_under_the_models_name_is_refused(index, tmp_path):
    made = clusters(3, 2)
    write_gallery(tmp_path / "odd.parquet", type(made)(**{**vars(made), "model": "model",
                                                          "model_hash": file_hash("model/weights.safetensors")}))
    with pytest.raises(GalleryError, match="have 16 numbers, the model's 32"):
        Finder(tmp_path / "odd.parquet").find("s0-g0-0")


def test_no_model_and_no_such_metric(tmp_path):
    with pytest.raises(ModelError, match="no trained model"):
        build_index(split="train", model="none", out=tmp_path / "index.parquet")
    with pytest.raises(GalleryError, match="choose euclidean or cosine"):
        build_index(split="train", model="model", out=tmp_path / "index.parquet", metric="hamming")
    assert not list(tmp_path.iterdir())


def command(*words: str, code: int = 0):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return result


def test_on_the_command_line(tmp_path):
    out = str(tmp_path / "index.parquet")
    built = json.loads(command("index", "build", "--split", "train", "--model", "model", "-o", out, "--json").stdout)
    assert built["clips"] == len(of_split("train")) and built["glosses"] == 6 and 0 <= built["true_accept_rate"] <= 1
    assert "replaced: s0-g0-0" in command("index", "add", "s0-g0-0", "--index", out).stdout
    clip_id, sheet = of_split("test")[0], tmp_path / "sheet.png"
    found = command("search", clip_id, "nobody", "--index", out, "--top", "2", "--sheet", str(sheet), "--json", code=1)
    assert "no clip 'nobody'" in found.stderr and sheet.exists()
    (answer,) = json.loads(found.stdout)
    assert answer["query"] == clip_id and 0 <= answer["confidence"] <= 1 and isinstance(answer["in_gallery"], bool)
    assert set(answer["neighbours"][0]) == {"gloss", "distance", "clip_id", "signer"} and len(answer["neighbours"]) == 2
    table = command("search", clip_id, "--index", out).stdout
    assert answer["neighbours"][0]["gloss"] in table
    assert "there is no gallery" in command("search", clip_id, "--index", str(tmp_path / "x"), code=1).stderr
