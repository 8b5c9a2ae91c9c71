"""Videos in a gallery and as questions, by the pipeline's own steps."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slr.dataset.dataset import Dataset
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, SlrError
from slr.gallery.answer import Finder
from slr.gallery.build import build_index

BESIDE = 235
"""Where names end and strips begin, in pixels."""


@pytest.fixture
def dataset(tiny_corpus, tiny_landmarks, tmp_path) -> Dataset:
    return Dataset(manifest=tiny_corpus / "manifest.parquet", landmarks=tiny_landmarks, splits=tmp_path / "none")


def test_a_video_gives_the_vector_of_its_clip_in_the_store(drawn_model, dataset, tiny_corpus, tmp_path):
    clip = read_manifest(dataset.manifest).iloc[0]
    video = str(tiny_corpus / clip.media)
    gallery = build_index([f"{video}=by video", clip.clip_id], model=drawn_model, out=tmp_path / "a.parquet",
                          dataset=dataset)
    assert dict(zip(gallery.clip_ids, gallery.glosses, strict=True)) == {video: "by video",
                                                                        clip.clip_id: clip.glosses[0]}
    assert gallery.vectors[0] == pytest.approx(gallery.vectors[1], abs=1e-5)


def test_a_video_asks_and_one_of_the_same_name_but_another_recording_counts(drawn_model, dataset, tiny_corpus,
                                                                            tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips = read_manifest(dataset.manifest)
    for clip in clips.head(3).itertuples():
        shutil.copy(tiny_corpus / clip.media, f"{clip.Index}.mp4")
    build_index([f"{i}.mp4=sign {i}" for i in range(3)], model=drawn_model, out="a.parquet", dataset=dataset)
    itself = Finder("a.parquet", dataset=dataset).find("0.mp4")
    assert [neighbour.gloss for neighbour in itself.neighbours if neighbour.gloss == "sign 0"] == []
    shutil.copy("1.mp4", "0.mp4")
    asked = Finder("a.parquet", dataset=dataset)
    answer = asked.find("0.mp4")
    assert answer.neighbours[0].gloss == "sign 1" and answer.neighbours[0].distance == pytest.approx(0, abs=1e-4)
    assert len(answer.neighbours) == 3
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ClipError, match="^text.mp4: "):
        asked.find("text.mp4")


def test_a_contact_sheet_has_a_strip_for_the_query_and_each_neighbour(drawn_model, dataset, tmp_path):
    first, *others = read_manifest(dataset.manifest).clip_id
    build_index(others, model=drawn_model, out=tmp_path / "a.parquet", dataset=dataset)
    finder = Finder(tmp_path / "a.parquet", dataset=dataset)
    answer = finder.find(first, top=2)
    for row in rows(finder.sheet([answer, answer], tmp_path / "sheet.png"), 6):
        assert (row[:, BESIDE:] < 200).any() and (row[:, :BESIDE] < 100).any()
    with pytest.raises(SlrError, match=r"\.png"):
        finder.sheet([answer], tmp_path / "sheet.gif")
    away = Finder(tmp_path / "a.parquet", dataset=replace(dataset, landmarks=tmp_path / "none"))
    query, *neighbours = rows(away.sheet([answer], tmp_path / "away.png"), 3)
    assert (query[:, BESIDE:] < 200).any()
    for row in neighbours:  # a name without a strip
        assert not (row[:, BESIDE:] < 200).any() and (row[:, :BESIDE] < 100).any()


def rows(sheet: Path, count: int) -> list[np.ndarray]:
    with Image.open(sheet) as picture:
        return np.split(np.asarray(picture.convert("RGB")), count)
