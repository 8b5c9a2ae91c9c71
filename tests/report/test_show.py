from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, CorpusError, SlrError
from slr.figures.draw import COLOURS
from slr.io.video import probe, read_video, write_video
from slr.report.show import DRAWN_SIDE, GIF_HEIGHT, contact_sheet, show_clip


@pytest.fixture
def dataset(tiny_frames: Path, tiny_landmarks: Path) -> Dataset:
    return Dataset(frames=tiny_frames, landmarks=tiny_landmarks)


def has(image: np.ndarray, colour: tuple[int, int, int], tolerance: int = 25) -> bool:
    """Whether a good part of a picture has nearly this colour (encoding moves it a little)."""
    return (np.abs(image.astype(int) - colour).max(axis=-1) < tolerance).sum() > 30


def test_a_clip_as_video(dataset, tmp_path):
    store = LandmarkStore(dataset.landmarks)
    clip = store[store.clip_ids[0]]
    out = show_clip(clip.clip_id, tmp_path / "clip.mp4", dataset)
    video = probe(out)
    assert video.n_frames == len(clip)
    assert min(video.width, video.height) == max(DRAWN_SIDE, min(clip.width, clip.height))
    assert video.fps == pytest.approx(clip.fps, rel=0.01)
    assert any(has(frame.image, COLOURS["right_hand"]) for frame in read_video(out))


def test_a_clip_as_gif(dataset, tmp_path):
    store = LandmarkStore(dataset.landmarks)
    with Image.open(show_clip(store.clip_ids[1], tmp_path / "clip.gif", dataset)) as animation:
        assert animation.n_frames == store.n_frames[store.clip_ids[1]]
        assert animation.height == GIF_HEIGHT
        assert animation.info["loop"] == 0


def test_an_unknown_clip_names_the_nearest(dataset, tmp_path):
    known = LandmarkStore(dataset.landmarks).clip_ids[0]
    with pytest.raises(SlrError, match=f"no clip '{known}x'.*nearest ids: {known}"):
        show_clip(f"{known}x", tmp_path / "clip.mp4", dataset)
    assert not list(tmp_path.iterdir())


def test_other_suffixes_are_refused(dataset, tmp_path):
    with pytest.raises(SlrError, match=r"can't write '\.avi'; choose \.mp4"):
        show_clip("any", tmp_path / "clip.avi", dataset)
    with pytest.raises(SlrError, match=r"\.png"):
        contact_sheet(tmp_path / "sheet.jpg")


def test_nothing_extracted_yet(tmp_path):
    with pytest.raises(CorpusError, match="dvc repro"):
        show_clip("any", tmp_path / "clip.mp4", Dataset.below(tmp_path))


def test_a_video_file_is_extracted_here(tiny_corpus, tmp_path, monkeypatch):
    clips = read_manifest(tiny_corpus / "manifest.parquet")
    first = [frame.image for frame in read_video(tiny_corpus / clips.media[0])][:8]
    write_video(tmp_path / "new recording.mp4", first, fps=12)
    monkeypatch.chdir(tmp_path)
    out = show_clip("new recording.mp4")
    assert out == Path("new recording-landmarks.mp4") and probe(out).n_frames == 8
    assert all(has(frame.image, COLOURS["pose"]) for frame in read_video(out))
    with pytest.raises(SlrError, match="is the recording itself"):
        show_clip("new recording.mp4", tmp_path / "new recording.mp4")


def test_a_broken_video_file(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(ClipError, match="empty"):
        show_clip(str(tmp_path / "empty.mp4"), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_the_default_name_lies_here(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip_id = LandmarkStore(dataset.landmarks).clip_ids[0]
    assert show_clip(clip_id, dataset=dataset) == Path(f"{clip_id.replace('/', '_')}.mp4")


def test_a_contact_sheet(dataset, tiny_corpus, tmp_path):
    manifest = tiny_corpus / "manifest.parquet"
    out = contact_sheet(tmp_path / "sheet.png", replace(dataset, manifest=manifest), count=4)
    glosses = read_manifest(manifest).glosses.str[0].nunique()
    with Image.open(out) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    rows = np.split(pixels, glosses)  # fails if they aren't of one height
    for row in rows:
        assert has(row, COLOURS["right_hand"]) or has(row, COLOURS["left_hand"])
        assert has(row, (28, 36, 48))  # the gloss's name


def test_landmarks_without_video_are_drawn_on_blank_paper(tmp_path):
    joints = skeleton("kinect-20")
    coordinates = np.random.default_rng(0).uniform(-1, 1, (6, len(joints), 3)).astype(np.float32)
    write_store(tmp_path / "landmarks", [ClipLandmarks("a", 30, 1, 1, coordinates)], joints, channels=CHANNELS[:3],
                metadata={"extractor": {"name": "imported", "format": "isl_kinect"}})
    write_manifest(tmp_path / "manifest.parquet", pd.DataFrame({
        "clip_id": ["a"], "media": ["a"], "glosses": [["HOUSE"]], "segments": [[]]}).reindex(columns=SCHEMA.names))
    dataset = Dataset.below(tmp_path)
    *_, frame = read_video(show_clip("a", tmp_path / "a.mp4", dataset))
    assert frame.number == 5 and frame.image.shape == (DRAWN_SIDE, DRAWN_SIDE, 3)
    assert has(frame.image, COLOURS["pose"]) and has(frame.image, (255, 255, 255))
    sheet = contact_sheet(tmp_path / "sheet.png", dataset)
    assert has(np.asarray(Image.open(sheet)), COLOURS["pose"])
