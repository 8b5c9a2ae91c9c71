"""Landmarks of a video in a file: what went in comes out, as the landmark store would give it."""

import tempfile

import numpy as np
import pytest

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.skeleton import skeleton
from slr.errors import SlrError
from slr.inference.spool import Spool

JOINTS, WANTED = skeleton("holistic-75"), skeleton("spoter-54")


@pytest.mark.parametrize("scale", [0.3, 1.0, 400.0])
def test_stretches_come_out_as_of_the_store(tmp_path, scale):
    rng = np.random.default_rng(0)
    coordinates = rng.normal(0, scale, (20, len(JOINTS), 4)).astype(np.float32)
    coordinates[5:9, 3:] = np.nan
    coordinates[11] = np.nan
    write_store(tmp_path, [ClipLandmarks("c", 15, 320, 240, coordinates)], JOINTS)
    stored = LandmarkStore(tmp_path)["c"]
    kept = JOINTS.selector(WANTED).any(0)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file, JOINTS, [WANTED])
        for i, frame in enumerate(coordinates):
            spool.append(frame, i / 15, (320, 240))
            assert len(spool.clip(0, 1)) == 1  # reading between two frames disturbs nothing
        for start, end in ((0, 20), (4, 12), (19, 20), (7, 7)):
            clip = spool.clip(start, end)
            assert np.array_equal(clip.coordinates[:, kept], stored.coordinates[start:end, kept], equal_nan=True)
            assert np.isnan(clip.coordinates[:, ~kept]).all()
            assert np.array_equal(clip.timestamps_s, stored.timestamps_s[start:end])
            assert (clip.width, clip.height, clip.fps) == (320, 240, pytest.approx(15))
        assert (len(spool), spool.seen.person, spool.seen.hands) == (20, 19, 15)
        assert spool.edges_s == pytest.approx(np.arange(21) / 15)


def test_a_video_of_nobody_is_told():
    with tempfile.TemporaryFile() as file:
        spool = Spool(file, JOINTS, [WANTED])
        spool.append(np.full((len(JOINTS), 4), np.nan, np.float32), 0.0, (320, 240))
        assert spool.seen.person == 0 and len(spool) == 1


def test_a_full_disk_is_one_sentence():
    told = pytest.raises(SlrError, match="can't be kept in .*No space left.*TMPDIR")
    with open("/dev/full", "w+b", buffering=0) as file, told:
        Spool(file, JOINTS, [WANTED]).append(np.zeros((len(JOINTS), 4), np.float32), 0.0, (320, 240))
