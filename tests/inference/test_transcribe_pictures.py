"""Recognisers of pictures, and whole videos without a detector: what they see, and when."""

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.decoding.decoder import Decoder
from slr.errors import ClipError
from slr.extraction.frames import clip_frames
from slr.inference import recognisers
from slr.inference.model import TrainedModel, load_model
from slr.inference.recognisers import RgbRecogniser
from slr.inference.stretches import stretches_of
from slr.inference.transcribe import Transcriber, pieces, signing_probabilities
from slr.io.files import read_json, write_json
from slr.io.video import read_video, write_video
from slr.params import FramesParams
from slr.preprocessing.rgb import RgbBatch, RgbClips
from slr.segments import Segment
from slr.segments.finding import segments_of
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, FROM_PICTURES, save_untrained

CLIP = "s00-balo-1"
LABELS = ["balo", "kivel", "tenki"]


@pytest.fixture(scope="module")
def models(tiny_frames, tiny_landmarks, tmp_path_factory) -> Path:
    """Untrained: a `detector`, recognisers of `landmarks` and of `pictures`, and one of pictures that sees `few`."""
    folder = tmp_path_factory.mktemp("models")
    landmarks, frames = LandmarkStore(tiny_landmarks).metadata, FrameStore(tiny_frames).metadata
    save_untrained(folder / "detector", DETECTOR, ["S", "rest"], landmarks, threshold=0.0)
    save_untrained(folder / "landmarks", FROM_LANDMARKS, LABELS, landmarks)
    save_untrained(folder / "pictures", FROM_PICTURES, LABELS, frames)
    few = {**FROM_PICTURES, "images": {**FROM_PICTURES["images"], "max_frames": 10}}
    save_untrained(folder / "few", few, LABELS, frames)
    return folder


@pytest.fixture(scope="module")
def video(tiny_corpus) -> Path:
    return tiny_corpus / f"isolated/{CLIP}.mp4"


def told(glosses: list[Segment]) -> list[tuple]:
    return [(gloss.label, pytest.approx(gloss.start_s), pytest.approx(gloss.end_s)) for gloss in glosses]


def test_a_whole_video_is_read_as_evaluation_reads_its_clip(models, video, tiny_frames):
    recogniser = load_model(models / "pictures", "continuous")
    clips, store = RgbClips(tiny_frames, (CLIP,), recogniser.params.images), FrameStore(tiny_frames)
    scores = recogniser.log_probabilities(clips)[0]
    rate = store.fps(CLIP) * int(clips.lengths) / store.n_frames[CLIP] / recogniser.params.temporal_stride
    expected = Decoder(boundaries="middle")(scores)[0].glosses
    found = Transcriber(None, models / "pictures")(video)
    assert set(found) == {"glosses"} and expected
    last_s = store.n_frames[CLIP] / store.fps(CLIP)
    assert told(found["glosses"]) == [(LABELS[gloss.label - 1], gloss.start / rate, min(gloss.end / rate, last_s))
                                      for gloss in expected]
    for gloss, shown in zip(expected, found["glosses"], strict=True):
        score = np.exp(scores[int(gloss.start):int(np.ceil(gloss.end)), gloss.label].max())
        assert shown.score == pytest.approx(score, rel=1e-3)  # stored JPEGs are shrunken by JPEG itself


def test_a_stretch_of_more_frames_than_are_seen_is_read_as_evaluation_reads_its_clip(models, video, tiny_frames):
    recogniser, store = load_model(models / "few", "continuous"), FrameStore(tiny_frames)
    clips = RgbClips(tiny_frames, (CLIP,), recogniser.params.images)
    scores, n_frames = recogniser.log_probabilities(clips)[0], store.n_frames[CLIP]
    rate = store.fps(CLIP) * int(clips.lengths) / n_frames / recogniser.params.temporal_stride
    expected = Decoder(boundaries="middle")(scores)[0].glosses
    last_s = n_frames / store.fps(CLIP)
    (stretch,) = stretches_of(clip_frames(video, FramesParams()), [(0, last_s)], recogniser.params.images)
    assert int(clips.lengths) == int(stretch.batch.lengths) == 10 < n_frames and expected
    assert told(RgbRecogniser(recogniser).glosses_of(stretch)) == [
        (LABELS[gloss.label - 1], gloss.start / rate, min(gloss.end / rate, last_s)) for gloss in expected]


@pytest.mark.parametrize("detector", [None, "detector"])
def test_no_piece_is_longer_than_what_the_recogniser_sees_at_full_rate(models, video, monkeypatch, detector):
    seen, read = [], RgbRecogniser.glosses_of
    monkeypatch.setattr(RgbRecogniser, "glosses_of",
                        lambda recogniser, stretch: seen.append(stretch) or read(recogniser, stretch))
    transcriber = Transcriber(detector and models / detector, models / "few")
    n_frames = sum(1 for _ in clip_frames(video, FramesParams()))
    found = transcriber(video)["glosses"]
    assert [len(stretch.timestamps_s) for stretch in seen] == [int(stretch.batch.lengths[0]) for stretch in seen]
    assert sum(len(stretch.timestamps_s) for stretch in seen) == n_frames > 10  # the detector finds signing everywhere
    assert all(len(stretch.timestamps_s) <= 10 for stretch in seen) and found


@pytest.mark.parametrize(("fps", "seen"), [(15, 10), (7.5, 5), (None, 20)])
def test_a_model_of_native_rates_reads_videos_at_that_of_its_training(video, tmp_path, fps, seen, monkeypatch):
    """The video has 30 frames a second; `fps` is what training had, which older models don't tell."""
    write_video(tmp_path / "fast.mp4", [frame.image for frame in read_video(video)][:20], fps=30)
    folder = save_untrained(tmp_path / "native", FROM_PICTURES, LABELS, {"frames": FramesParams(fps=None).model_dump()})
    write_json(folder / "config.json", {**read_json(folder / "config.json"), "fps": fps})
    batches, read = [], TrainedModel.clip_log_probabilities
    monkeypatch.setattr(TrainedModel, "clip_log_probabilities",
                        lambda model, batch: batches.append(batch) or read(model, batch))
    Transcriber(None, folder)(tmp_path / "fast.mp4")
    assert [int(batch.lengths[0]) for batch in batches] == [seen]


def test_the_pictures_of_each_stretch_of_signing_are_read(models, video, monkeypatch):
    """Each stretch by itself, here by a plain loop over all of the video's frames."""
    monkeypatch.setattr(recognisers, "LONGEST_S", 1.0)
    transcriber = Transcriber(models / "detector", models / "pictures")
    recogniser, frames = transcriber.recogniser.trained, list(clip_frames(video, FramesParams()))
    found = transcriber(video)
    with transcriber.spooled(video) as spool:
        signing, edges_s = signing_probabilities(transcriber.detector, spool), spool.edges_s
    assert found["signing"] == segments_of(signing, edges_s, "signing", 0.0)
    bounds = list(pieces(found["signing"], signing, edges_s, 1.0))
    assert len(bounds) > 1
    expected = []
    for start, end in bounds:
        pictures = [cv2.resize(frame.image, (40, 40), interpolation=cv2.INTER_AREA)[4:36, 4:36] / np.float32(127.5) - 1
                    for frame in frames[start:end]]
        images = torch.from_numpy(np.stack(pictures)[None]).permute(0, 4, 1, 2, 3)
        batch = RgbBatch(images, torch.tensor([len(pictures)]), torch.empty(1, 0).long(), ("",))
        with torch.inference_mode():
            scores = recogniser.model(batch)["sequence_logits"][0].log_softmax(1).numpy()
        stride = recogniser.params.temporal_stride
        expected += [(LABELS[gloss.label - 1], *np.interp([start + gloss.start * stride, min(
            start + gloss.end * stride, end)], np.arange(len(edges_s)), edges_s).tolist())
            for gloss in Decoder(boundaries="middle")(scores)[0].glosses]
    assert expected and told(found["glosses"]) == expected
    assert all(a.end_s <= b.start_s for a, b in pairwise(found["glosses"]))


def test_recognisers_of_landmarks_read_whole_videos_too(models, video, tiny_landmarks):
    recogniser, store = load_model(models / "landmarks"), LandmarkStore(tiny_landmarks)
    scores = recogniser.log_probabilities(recogniser.clip(store[CLIP], store.skeleton))[0]
    found = Transcriber(None, models / "landmarks")(video)
    assert set(found) == {"glosses"}
    assert [gloss.label for gloss in found["glosses"]] == [
        LABELS[gloss.label - 1] for gloss in Decoder(boundaries="middle")(scores)[0].glosses]


def test_frames_are_made_as_the_recogniser_learned_them_and_not_as_the_detector(models, video, tmp_path, monkeypatch):
    params = FramesParams(fps=5, size=64)
    slow = save_untrained(tmp_path / "slow", FROM_PICTURES, LABELS, {"frames": params.model_dump()})
    seen = []
    transcriber = Transcriber(models / "detector", slow)
    read = TrainedModel.clip_log_probabilities
    monkeypatch.setattr(TrainedModel, "clip_log_probabilities",
                        lambda model, batch: seen.append(batch) or read(model, batch))
    ((stretch,), glosses) = transcriber(video).values()
    (batch,) = seen
    of_stretch = [frame.image for frame in clip_frames(video, params)]
    expected = np.stack([cv2.resize(image, (40, 40), interpolation=cv2.INTER_AREA)[4:36, 4:36] for image in of_stretch])
    assert np.allclose(batch.images[0].permute(1, 2, 3, 0), expected / 127.5 - 1, atol=1e-6)
    assert all(gloss.end_s <= stretch.end_s + 1e-9 for gloss in glosses)


def test_a_command_reads_a_whole_video(models, video, tmp_path):
    command = ["transcribe", str(video), "--whole", "--recogniser", str(models / "pictures")]
    printed = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert list(printed["tiers"]) == ["glosses"] and printed["tiers"]["glosses"]
    table = CliRunner().invoke(app, command)
    n_glosses = len(printed["tiers"]["glosses"])
    assert table.exit_code == 0 and f"{n_glosses} gloss" in table.stdout.splitlines()[-1]


def test_a_video_of_one_frame_and_one_of_none(models, tmp_path, video):
    first = next(iter(read_video(video))).image
    write_video(tmp_path / "one.mp4", [first], fps=15)
    found = Transcriber(None, models / "pictures")(tmp_path / "one.mp4")["glosses"]
    assert all(0 <= gloss.start_s < gloss.end_s <= 1 / 15 + 1e-9 for gloss in found)
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ClipError, match=r"text\.mp4: not a readable video"):
        Transcriber(None, models / "pictures")(tmp_path / "text.mp4")


def test_something_has_to_be_given():
    with pytest.raises(ValueError, match="neither a detector nor a recogniser"):
        Transcriber(None)
