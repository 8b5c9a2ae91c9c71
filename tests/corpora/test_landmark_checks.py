"""Landmark files of a made-up signer and real ones: what is read, what is said of them, and what is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pose_format import Pose

from benchmarks.inputs.landmark_files import CASES, Case, wrong_with
from slr.corpora.imported import boston104, isl_kinect, pose_files
from slr.corpora.landmark_checks import LandmarkChecks
from slr.dataset.landmarks import ClipLandmarks, encode
from slr.dataset.skeleton import Skeleton, define, skeleton
from slr.params import CorpusParams, ImportedParams
from tests.helpers.signer_files import signer

HERE = [case for case in CASES if case.warnings or case.corpus in ("pose", "arrays")]
"""The other formats have test modules of their own."""
HOLISTIC = skeleton("holistic-75")
NOTHING = pd.DataFrame(columns=["clip_id", "media", "glosses", "segments", "start_frame", "end_frame"])


@pytest.mark.parametrize("case", HERE, ids=lambda case: case.name)
def test_the_signer_is_read_and_what_is_wrong_with_the_files_is_said(tmp_path, case: Case):
    assert wrong_with(case, tmp_path) == ""


def said(recordings: list[np.ndarray], joints: Skeleton = HOLISTIC, **imported) -> dict[str, str]:
    """Reasons by kind, of recordings called 0, 1, ..."""
    checks = LandmarkChecks(CorpusParams(name="arrays", imported=ImportedParams(**imported)))
    for number, values in enumerate(recordings):
        checks.add(str(number), ClipLandmarks(str(number), 25, 1, 1, values), joints)
    return {problem.kind: problem.reason for problem in checks.problems(NOTHING)}


def test_findings_are_counted_in_one_warning_and_named_three_at_most():
    good, turned = signer(), signer() * np.float32((1, -1, 1)) + np.float32((0, 1, 0))
    still = np.repeat(signer()[-1:], 8, 0)
    assert said([good] * 4) == {}
    assert said([good, turned, turned, still, turned, turned]) == {
        "geometry": "of 6 recordings: the nose is below the shoulders in 4 (1, 2, 4, ...); nothing moves in 1 (3)"}
    assert said([signer()[:, :54]], define({**skeleton("holistic-75").definition(), "name": "one-hand", "bones": [],
                "parts": {"pose": skeleton("holistic-75").parts["pose"], "left_hand": skeleton(
                    "hands-42").parts["left_hand"]}})) == {}


def test_a_mark_of_missing_joints_is_told_from_an_origin():
    values = signer()
    values[:, 0, :2] = 0  # the root of a skeleton is always there
    assert said([values]) == {}
    values[2:4, 54:] = 0
    assert said([values])["missing-mark"].startswith(
        "x and y are both exactly 0 in 4.00% of all joints and frames, most often of 'right_hand_wrist'")
    assert said([values], missing=-1) == {}


def real(folder: Path) -> dict[str, dict[str, str]]:
    """What is said of some of the real landmarks."""
    told, settings = {}, ImportedParams()
    for name, module in (("isl_kinect", isl_kinect), ("boston104", boston104)):
        checks = LandmarkChecks(CorpusParams(name=name, root=str(folder / name)))
        for recording in module.scan(folder / name)[0].media.unique()[::20]:
            checks.add(recording, module.load(folder / name, recording, settings),
                       module.joints(folder / name, settings))
        told[name] = {problem.kind: problem.reason for problem in checks.problems(NOTHING)}
    hands = {f"{side}_hand": [f"{side}_hand_{i}" for i in range(21)] for side in ("left", "right")}
    for name in ("words", "dictionary"):
        clips = pq.read_table(folder / f"dgs/{name}.parquet", columns=["n_frames", "hands"])[:200]
        told[name] = said([values.values.to_numpy().astype(np.float32).reshape(n_frames.as_py(), 42, -1)
                           for n_frames, values in zip(*clips.columns, strict=True)],
                          define({"name": "dgs-42", "parts": hands, "bones": []}))
    return told


def test_of_real_landmarks_only_that_is_said_which_is_wrong(shared_data):
    """The German files have frames in which all joints of a hand are at 0: in a fifth of the words' clips."""
    told = real(shared_data)
    for name in ("words", "dictionary"):
        assert "both exactly 0" in told[name].pop("missing-mark")
    assert told == {"isl_kinect": {}, "boston104": {}, "words": {}, "dictionary": {}}


def test_a_real_file_in_fractions_is_read_as_the_same_in_pixels(shared_data, tmp_path):
    content = (shared_data / "inputs/fractions.pose").read_bytes()
    (tmp_path / "fractions.pose").write_bytes(content)
    (tmp_path / "._fractions.pose").write_bytes((shared_data / "inputs/dot_underscore.pose").read_bytes())
    pixels = Pose.read(content)
    pixels.body.data[..., :2] *= 320
    with open(tmp_path / "pixels.pose", "wb") as file:
        pixels.write(file)
    settings, body = ImportedParams(), pose_files.joints(tmp_path, ImportedParams())
    assert body.name == "holistic-75"
    fractions, known = (pose_files.load(tmp_path, f"{name}.pose", settings) for name in ("fractions", "pixels"))
    assert np.array_equal(fractions.coordinates, known.coordinates, equal_nan=True)
    step = encode(fractions, body).to_pylist()[0]["step"]
    hand = fractions.coordinates[:, body.part_slices["right_hand"], 0]
    wide = np.nanmedian(np.nanmax(hand, 1) - np.nanmin(hand, 1)) / step
    assert wide > 500  # storage steps; 9 to 24 of them, if fractions are taken for pixels
