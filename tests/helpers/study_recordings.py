"""The real recordings where they are here, and made-up ones in their place: Slovak words, signs before a Kinect."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from slr.dataset.landmarks import CHANNELS, ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.skeleton import skeleton
from slr.errors import SlrError
from studies.workspace import shared_data
from tests.helpers import landmark_corpus

HOLISTIC, KINECT = skeleton("holistic-75"), skeleton("kinect-20")
HEADER = "word_id,word_sk,lesson,in_dictionary,front,front_frames,side,side_frames\n"


def real(name):
    """The folder of a real corpus; the test is skipped, with the reason, where it isn't here."""
    try:
        return shared_data(name)
    except SlrError as absent:
        pytest.skip(str(absent))


def write_words(folder, glosses):
    """words.csv with these words, one that has no side take and one that isn't in the dictionary."""
    rows = [f"{i},{gloss},1,true,words_front/w{i}.mp4,{50 + i},words_side/w{i}.mp4,60\n"
            for i, gloss in enumerate(glosses)]
    rows += ["98,bez,1,true,words_front/w98.mp4,50,,\n",
             "99,1-10,1,false,words_front/w99.mp4,50,words_side/w99.mp4,50\n"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.csv").write_text(HEADER + "".join(rows), encoding="utf-8")


def holistic(clip):
    """A clip of `landmark_corpus` with all joints of MediaPipe: what it lacks is at the right wrist."""
    names = [joint if joint in landmark_corpus.JOINTS.joints else "right_wrist" for joint in HOLISTIC.joints]
    return replace(clip, coordinates=clip.coordinates[:, [landmark_corpus.JOINTS.index(name) for name in names]])


def write_takes(data, glosses):
    """A store with a front and a side take of each gloss, and their manifest; the first gloss has no side take."""
    rng = np.random.default_rng(0)
    ids = {(gloss, take): f"{take}/{i}" for i, gloss in enumerate(glosses) for take in ("front", "side")}
    ids.pop((glosses[0], "side"))
    write_store(data / "landmarks", [holistic(landmark_corpus.clip(glosses.index(gloss), rng, clip_id, missing=0))
                                     for (gloss, _), clip_id in ids.items()],
                HOLISTIC, metadata=landmark_corpus.METADATA)
    rows = [{"clip_id": clip_id, "media": clip_id, "glosses": [gloss], "segments": [], "signer": "one",
             "split": "train" if take == "front" else "test"} for (gloss, take), clip_id in ids.items()]
    write_manifest(data / "manifest.parquet", pd.DataFrame(rows).reindex(columns=SCHEMA.names))


def kinect_clip(gloss, rng, clip_id, turn=0.0):
    """A signer in metres whose right hand goes along a path that belongs to the gloss, turned about the vertical."""
    frames = int(rng.integers(12, 25))
    points = np.tile(np.random.default_rng(0).normal(0, 0.3, (len(KINECT), 3)), (frames, 1, 1))
    for side, x in (("left", -0.2), ("right", 0.2)):
        points[:, KINECT.index(f"{side}_shoulder")] = x, 0.4, 0
    way = np.linspace(0, 0.4, frames)[:, None]
    for joint in ("right_wrist", "right_hand"):
        points[:, KINECT.index(joint)] += way * [np.cos(gloss), np.sin(gloss), 0]
    x, y, z = np.moveaxis(points, -1, 0)
    points = np.stack([x * np.cos(turn) - z * np.sin(turn), y, z * np.cos(turn) + x * np.sin(turn)], -1)
    return ClipLandmarks(clip_id, 30, 1, 1, (points + rng.normal(0, 0.002, points.shape) + 2).astype(np.float32))


def write_kinect(folder, glosses, signers, repetitions):
    """manifest.parquet and landmarks of a corpus by a Kinect, whose signers stand turned."""
    rng = np.random.default_rng(0)
    made = landmark_corpus.make(folder, glosses, signers, repetitions)
    clips = read_manifest(made.manifest)
    write_store(made.landmarks, [kinect_clip(int(names[0].removeprefix("gloss")), rng, clip_id, rng.uniform(-1, 1))
                                 for clip_id, names in clips[["clip_id", "glosses"]].itertuples(index=False)],
                KINECT, channels=CHANNELS[:3], metadata=landmark_corpus.METADATA)
