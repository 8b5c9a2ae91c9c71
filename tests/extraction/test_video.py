"""Landmarks of a single video."""

import cv2
import numpy as np

from slr.extraction.frames import clip_frames
from slr.extraction.video import VideoReader, find_landmarks, find_sign
from slr.params import FramesParams, LandmarksParams


def test_frames_before_and_after_anybody_is_there_are_no_sign_and_counted(shared_data, tmp_path):
    frames = FramesParams(fps=None, size=320)
    shown = [frame.image for frame in clip_frames(shared_data / "inputs/mirror-matrix.mp4", frames)][:6]
    grey = np.full_like(shown[0], 128)
    for number, image in enumerate([grey] * 3 + shown + [grey] * 2):
        cv2.imwrite(str(tmp_path / f"{number:02d}.png"), image[..., ::-1])
    reader = VideoReader(frames, LandmarksParams())
    whole, joints = find_landmarks(tmp_path, None, lambda: reader)
    found = np.flatnonzero(whole.mask.any(1))
    sign, of_sign, left_out = find_sign(tmp_path, None, lambda: reader)
    assert of_sign is joints and len(whole) == 11 and found[0] == 3
    assert sign.frame_numbers.tolist() == list(range(found[0], found[-1] + 1))
    assert np.array_equal(sign.coordinates, whole.coordinates[found[0]:found[-1] + 1], equal_nan=True)
    assert left_out == 11 - len(sign) > 0
