"""Small recordings for tests: each differs from the others, and takes milliseconds to write."""

from pathlib import Path

import numpy as np

from slr.video import write_video


def record(path: Path, *, seed: int = 0, n_frames: int = 8, fps: float = 10, size: tuple[int, int] = (64, 64)) -> Path:
    """Write a video of noise that `seed` decides."""
    rng = np.random.default_rng(seed)
    write_video(path, [rng.integers(0, 255, (*size, 3), np.uint8) for _ in range(n_frames)], fps=fps)
    return path


def record_images(folder: Path, *, seed: int = 0, n_frames: int = 6) -> Path:
    """Write a folder of frame images."""
    import cv2

    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(n_frames):
        cv2.imwrite(str(folder / f"{number:03d}.png"), rng.integers(0, 255, (48, 48, 3), np.uint8))
    return folder
