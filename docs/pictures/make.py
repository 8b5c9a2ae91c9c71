"""Make the README's pictures from a reproduced project: run `make pictures` in its folder.

- `landmarks.gif`: landmarks over a clip of each of three signers, each with a sign of its own.
- `report.png`: the top of `reports/report.html`, as Chromium shows it.
"""

import io
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from slr.dataset.frames import read_frames
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.paths import FRAMES, LANDMARKS, MANIFEST, REPORTS
from slr.figures.draw import draw_skeleton

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIGNERS = 3
TILE = 208
"""Width and height of one signer's picture in landmarks.gif, in pixels."""
PER_SECOND = 6
"""Pictures of landmarks.gif, at most."""
COLOURS = 128
WINDOW = (1280, 1240)
"""Width and height in pixels of the window that report.png shows."""


def main() -> None:
    write_landmarks(HERE / "landmarks.gif")
    write_report(HERE / "report.png")
    for name in ("landmarks.gif", "report.png"):
        print(f"{HERE / name}: {(HERE / name).stat().st_size / 1000:.0f} kB")


def write_landmarks(out: Path) -> None:
    store = LandmarkStore(LANDMARKS)
    clip_ids = chosen_clips(store)
    step = math.ceil(store.fps(clip_ids[0]) / PER_SECOND)
    tiles = [drawn_clip(store, clip_id, step) for clip_id in clip_ids]
    longest = max(map(len, tiles))
    held = [tile + [tile[-1]] * (longest - len(tile)) for tile in tiles]  # a shorter clip waits for the others
    pictures = [Image.fromarray(np.concatenate(row, axis=1)) for row in zip(*held, strict=True)]
    # One palette for all. Pillow's other methods lose the gradients or the thin lines' colours.
    palette = Image.fromarray(np.concatenate(pictures)).quantize(COLOURS, Image.Quantize.FASTOCTREE)
    first, *others = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    duration_ms = round(1000 * step / store.fps(clip_ids[0]))
    first.save(out, save_all=True, append_images=others, duration=duration_ms, loop=0)


def chosen_clips(store: LandmarkStore) -> list[str]:
    """Of the first signers a clip each: of the first gloss for the first one, of the second for the second, ..."""
    clips = read_manifest(MANIFEST)
    clips = clips[clips.clip_id.isin(store.clip_ids) & (clips.glosses.str.len() == 1)]
    clips = clips.assign(gloss=clips.glosses.str[0])
    people = sorted(clips.signer.dropna().unique())[:SIGNERS]
    chosen = []
    for number, signer in enumerate(people):
        own = clips[clips.signer == signer].sort_values(["gloss", "clip_id"]).drop_duplicates("gloss")
        chosen.append(own.clip_id.iloc[number % len(own)])
    return chosen


def drawn_clip(store: LandmarkStore, clip_id: str, step: int) -> list[np.ndarray]:
    """(TILE, TILE, 3) uint8 for every `step`-th frame of a clip, cut to a square, its landmarks over it."""
    images = read_frames(FRAMES, clip_id)[1]
    steady = still(np.stack(images))
    drawn = []
    for image, coordinates in list(zip(steady, store[clip_id].coordinates, strict=True))[::step]:
        large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        picture = draw_skeleton(large, coordinates, store.skeleton)
        height, width = picture.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        drawn.append(cv2.resize(picture[top:top + side, left:left + side], (TILE, TILE), interpolation=cv2.INTER_AREA))
    return drawn


def still(images: np.ndarray) -> np.ndarray:
    """(T, H, W, 3) without the background's compression noise, which would make most of a GIF."""
    background = np.median(images, axis=0).astype(np.uint8)
    moves = np.abs(images.astype(int) - background).max(axis=-1, keepdims=True) > 16
    return np.where(moves, images, background)


def write_report(out: Path) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"no browser to open the report with ({', '.join(BROWSERS)}); apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "report.png"
        subprocess.run([
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            f"--user-data-dir={folder}/profile", f"--window-size={WINDOW[0]},{WINDOW[1]}", f"--screenshot={shot}",
            (REPORTS / "report.html").resolve().as_uri()], check=True, capture_output=True, timeout=120)
        picture = Image.open(io.BytesIO(shot.read_bytes())).convert("RGB")
    picture.quantize(COLOURS).save(out, optimize=True)


if __name__ == "__main__":
    main()
