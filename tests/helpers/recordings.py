"""Small recordings for tests: each differs from the others, and takes milliseconds to write."""

from pathlib import Path

import numpy as np
import pandas as pd

from slr.dataset.manifest import write_manifest
from slr.io.video import write_video


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


def manifest_of(root: Path, media: dict[str, str] | list[str], **columns) -> Path:
    """A manifest of these clips; `columns` set further columns for all of them."""
    media = media if isinstance(media, dict) else {Path(name).stem: name for name in media}
    row = {"start_frame": None, "end_frame": None, "fps": None, "signer": None, "split": None, **columns}
    rows = [{"clip_id": clip_id, "media": name, "glosses": ["a"], "segments": [], **row}
            for clip_id, name in media.items()]
    write_manifest(root / "manifest.parquet", pd.DataFrame(rows))
    return root / "manifest.parquet"
