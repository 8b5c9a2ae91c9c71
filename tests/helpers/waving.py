"""Landmarks of a made-up person who waves with the right hand: enough to draw and to count."""

import numpy as np

from slr.dataset.skeleton import skeleton

BODY = {"nose": (0.5, 0.2), "left_eye": (0.53, 0.17), "right_eye": (0.47, 0.17), "left_shoulder": (0.65, 0.4),
        "right_shoulder": (0.35, 0.4), "left_elbow": (0.72, 0.6), "right_elbow": (0.28, 0.6),
        "left_wrist": (0.65, 0.8), "left_hip": (0.6, 0.9), "right_hip": (0.4, 0.9)}


def waving(frames: int, left_hand: bool = False) -> np.ndarray:
    """(frames, 75, 4) float32 of `holistic-75`: the right wrist goes up and down once; other joints are missing."""
    joints = skeleton("holistic-75")
    coordinates = np.full((frames, len(joints), 4), np.nan, np.float32)
    for name, place in BODY.items():
        coordinates[:, joints.index(name)] = (*place, 0, 1)
    heights = 0.8 - 0.5 * np.sin(np.linspace(0, np.pi, frames))
    coordinates[:, joints.index("right_wrist")] = (0.3, 0, 0, 1)
    coordinates[:, joints.index("right_wrist"), 1] = heights
    spread = np.linspace(-0.05, 0.05, 21)
    for side, x, y in [("right", 0.3, heights), ("left", 0.65, np.full(frames, 0.8))]:
        if side == "right" or left_hand:
            hand = coordinates[:, joints.part_slices[f"{side}_hand"]]
            hand[..., 0] = x + spread
            hand[..., 1] = y[:, None] - 0.04 - spread**2
            hand[..., 2:] = (0, 1)
    return coordinates
