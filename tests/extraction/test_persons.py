"""Who is in a picture, and cropping to one of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.dataset import provenance
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.errors import ClipError, ParamsError
from slr.extraction import persons
from slr.extraction.frames import clip_frames, extract_frames, frames_metadata
from slr.extraction.persons import Found, PeopleCheck, PersonFinder, box_of, signing_space, usual
from slr.extraction.video import VideoReader
from slr.io.shards import Shards
from slr.io.video import Frame, read_video, write_video
from slr.params import FramesParams, LandmarksParams
from slr.params.persons import parse_person
from tests.helpers.people import side_by_side

DRAWN = ("isolated/s00-balo-1.mp4", "isolated/s01-kivel-1.mp4")
REAL = ("words_side/w050.mp4", "words_front/w120.mp4")
FRAMES = 6


def boxed(video: Path, person: str) -> tuple[int, int, int, int]:
    return box_of(person, read_video(video, fps=persons.SEARCH_FPS))


def test_landmarks_are_those_of_the_person_who_is_meant(tiny_corpus, tiny_landmarks, tmp_path):
    """As if the other weren't there: nose and shoulders within 1 % of a picture of one, hands in the same frames."""
    video = side_by_side(tmp_path / "two.mp4", *(tiny_corpus / media for media in DRAWN), frames=FRAMES)
    store = LandmarkStore(tiny_landmarks)
    joints = [store.skeleton.joints.index(name) for name in ("nose", "left_shoulder", "right_shoulder")]
    hands = np.r_[store.skeleton.part_slices["left_hand"], store.skeleton.part_slices["right_hand"]]
    for person, media, offset in zip(("left", "right"), DRAWN, (0, 320), strict=True):
        people = PeopleCheck()
        found = VideoReader(FramesParams(person=person), LandmarksParams()).landmarks(video, people)
        x0, y0, x1, y1 = boxed(video, person)
        there = found.coordinates[:, joints, :2] * [x1 - x0, y1 - y0] + [x0 - offset, y0]
        alone = store[Path(media).stem].coordinates[:FRAMES]
        assert np.abs(there - alone[:, joints, :2] * 320).max() < 0.02 * 320
        assert np.abs((there - alone[:, joints, :2] * 320).mean(0)).max() < 0.01 * 320
        assert np.array_equal(found.mask[:, hands], ~np.isnan(alone[:, hands, 0]))
        assert len(people.persons) == 1


def test_real_signers_from_the_front_and_the_side_are_two_and_one_alone_is_one(shared_data):
    videos = [[frame.image for frame in read_video(shared_data / "slovak" / name, fps=2)][:5] for name in REAL]
    find = PersonFinder()
    for pictures in videos:
        [person] = usual([find(image) for image in pictures])
        height, width = pictures[0].shape[:2]
        assert abs(person.x / width - 0.5) < 0.1 and 0.6 < person.reach / height < 0.8
    both = [find(np.hstack(pair)) for pair in zip(*videos, strict=True)]
    left, right = usual(both)
    for which, start in (("left", 0), ("right", width)):
        x0, _, x1, _ = signing_space([left, right], which, (2 * width, height))
        assert start < x0 < start + 0.2 * width and start + 0.8 * width < x1 < start + width


def test_the_signing_space_ends_where_that_of_the_neighbour_begins():
    near, far = Found(100, 100, 90), Found(250, 110, 60)
    assert signing_space([near], "largest", (400, 200)) == (10, 10, 190, 190)
    assert signing_space([near, far], "left", (400, 200)) == (10, 10, 190, 190) == signing_space(
        [near, far], "largest", (400, 200))
    assert signing_space([near, far], "right", (400, 200)) == (190, 50, 310, 170)
    assert signing_space([near, Found(110, 20, 20)], "left", (400, 150)) == (10, 10, 190, 150)  # one behind the other


def test_the_usual_persons_are_those_of_a_third_of_the_pictures():
    one, two = [Found(10, 10, 5)], [Found(20, 30, 5), Found(90, 30, 7)]
    assert usual([two, one, one, one, [Found(22, 30, 6), Found(92, 30, 7)]]) == [Found(21, 30, 5.5), Found(91, 30, 7)]
    assert usual([two, one, one, one]) == one
    assert usual([]) == usual([[], [], [], one]) == []


def test_a_clip_is_cropped_before_it_is_made_smaller(tmp_path):
    """A box of frames.person, and a clip's own box before it; each quarter of the picture has a colour."""
    image = np.zeros((400, 600, 3), np.uint8)
    image[:200, :300], image[:200, 300:], image[200:, 300:] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    write_video(tmp_path / "x.mp4", [image] * 3, fps=12, crf=10)
    [*frames] = clip_frames(tmp_path / "x.mp4", FramesParams(size=100, person=(300, 0, 300, 200)))
    assert frames[0].image.shape == (100, 150, 3) and np.abs(frames[0].image.mean((0, 1)) - (0, 250, 0)).max() < 8
    write_manifest(tmp_path / "manifest.parquet", pd.DataFrame(
        [{"clip_id": name, "media": "x.mp4", "glosses": ["A"], "segments": [], "bbox": box}
         for name, box in (("own", [300, 200, 600, 400]), ("set", None))]).reindex(columns=SCHEMA.names))
    params = FramesParams(size=100, person=(0, 0, 300, 200))
    extract_frames(tmp_path / "manifest.parquet", tmp_path, tmp_path / "frames", params, workers=1,
                   work=tmp_path / "work")
    shards = Shards(tmp_path / "frames")
    assert {name: (clip["width"], clip["height"]) for name, clip in shards.clips.items()} == dict.fromkeys(
        ("own", "set"), (150, 100))
    assert shards.metadata["frames"]["person"] == [0, 0, 300, 200]


def test_stores_and_models_from_before_the_setting_go_with_those_of_today():
    before = {name: value for name, value in FramesParams().model_dump().items() if name != "person"}
    assert json.dumps(frames_metadata(FramesParams())) == json.dumps(before)  # the bytes of stores stay
    chosen = frames_metadata(FramesParams(person="left"))
    assert chosen == {**before, "person": "left"}
    made, other = ({"frames": frames, "skeleton": "holistic-75", "extractor": {}} for frames in (before, chosen))
    assert provenance.differences(made, other, provenance.video) == ["person: None there, left here"]
    assert provenance.differences(made, other, provenance.landmarks) == []


def test_nobody_to_crop_to_is_an_error():
    grey = np.full((128, 128, 3), 128, np.uint8)
    with pytest.raises(ClipError, match="no person to crop to was found in 3 of its pictures; give a box"):
        box_of("largest", [Frame(0, grey, 0)] * 3)
    assert box_of((10, 20, 30, 40), []) == (10, 20, 40, 60)


@pytest.mark.parametrize(("text", "person"), [("left", "left"), ("largest", "largest"), ("1,2, 30,40", (1, 2, 30, 40))])
def test_the_command_line_names_a_person(text, person):
    assert parse_person(text) == person == FramesParams(person=person).person


@pytest.mark.parametrize("text", ["middle", "1,2,3", "1,2,0,4", "-1,2,3,4", "a,b,c,d", ""])
def test_what_is_no_person_is_refused(text):
    with pytest.raises(ParamsError, match=r"neither largest, left, right nor a box X,Y,WIDTH,HEIGHT"):
        parse_person(text)


def test_another_mediapipe_has_no_finder_and_the_check_finds_nobody(monkeypatch):
    monkeypatch.setattr(persons, "package", lambda: ("0.10.9", "abc"))
    with pytest.raises(ParamsError, match=r"MediaPipe 0\.10\.21 only, and 0\.10\.9 is installed"):
        PersonFinder()
    people = PeopleCheck()
    people(0, np.zeros((64, 64, 3), np.uint8))
    assert people.persons == []
