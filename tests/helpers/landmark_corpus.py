"""A made-up landmark corpus that a model can learn in seconds: no video, no extractor."""

from pathlib import Path

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.dataset.signers import write_signers
from slr.dataset.skeleton import Skeleton, skeleton
from slr.dataset.splits import write_splits

JOINTS = skeleton("spoter-54")
METADATA = {"frames": {"fps": 15.0}, "extractor": {"name": "made-up", "settings": {}}}
BODY = {"nose": (0.5, 0.25), "neck": (0.5, 0.38), "right_eye": (0.48, 0.22), "left_eye": (0.52, 0.22),
        "right_ear": (0.45, 0.24), "left_ear": (0.55, 0.24), "right_shoulder": (0.4, 0.4), "left_shoulder": (0.6, 0.4),
        "right_elbow": (0.36, 0.58), "left_elbow": (0.64, 0.58), "right_wrist": (0.4, 0.7), "left_wrist": (0.6, 0.7)}


def clip(gloss: int, rng: np.random.Generator, clip_id: str = "c", missing: float = 0.02) -> ClipLandmarks:
    """A signer whose right hand goes along a path that belongs to the gloss, in its own time; a few joints are missing.

    Glosses 2 k and 2 k + 1 are one path and its reverse: their frames are the same, only the order differs.
    """
    frames = int(rng.integers(12, 25))
    coordinates = np.zeros((frames, len(JOINTS), 4), np.float32)
    for joint, place in BODY.items():
        coordinates[:, JOINTS.index(joint), :2] = place
    for side in ("right", "left"):
        shape = np.random.default_rng(0).normal(0, 0.02, (21, 2))
        coordinates[:, JOINTS.part_slices[f"{side}_hand"], :2] = np.add(BODY[f"{side}_wrist"], shape)
    way = np.linspace(-1, 1, frames) * (1 if gloss % 2 else -1)
    direction = np.array([np.cos(gloss // 2), np.sin(gloss // 2)]) * 0.25
    moving = [JOINTS.index("right_wrist"), *range(*JOINTS.part_slices["right_hand"].indices(len(JOINTS)))]
    coordinates[:, moving, :2] += (way[:, None] * direction)[:, None]
    coordinates[..., :2] = coordinates[..., :2] * rng.uniform(0.8, 1.1) + rng.uniform(-0.05, 0.05, 2)
    coordinates[..., :2] += rng.normal(0, 0.002, coordinates[..., :2].shape)
    coordinates[rng.random(coordinates.shape[:2]) < missing] = np.nan
    return ClipLandmarks(clip_id, 15, 320, 320, coordinates)


def make(folder: Path, glosses: int = 4, signers: int = 6, repetitions: int = 4) -> Dataset:
    """Clips with one sign: every signer shows every gloss so many times."""
    rng = np.random.default_rng(0)
    shown = [(f"s{signer}-g{gloss}-{repetition}", f"s{signer}", gloss)
             for signer in range(signers) for gloss in range(glosses) for repetition in range(repetitions)]
    return write(folder, [(clip(gloss, rng, clip_id), signer, [f"gloss{gloss}"], [])
                          for clip_id, signer, gloss in shown])


def sentences(folder: Path, glosses: int = 4, signers: int = 6, repetitions: int = 6, longest: int = 3) -> Dataset:
    """Clips with one to `longest` signs after one another, a pause before, between and behind; with segments."""
    rng = np.random.default_rng(0)
    rows = []
    for signer in range(signers):
        for repetition in range(repetitions):
            signed = rng.integers(glosses, size=rng.integers(1, longest + 1)).tolist()
            pieces, segments = [_pause(rng)], []
            for gloss in signed:
                start = sum(map(len, pieces))
                pieces.append(clip(gloss, rng).coordinates)
                segments.append({"start": start, "end": start + len(pieces[-1]), "label": f"gloss{gloss}"})
                pieces.append(_pause(rng))
            rows.append((_joined(f"s{signer}-{repetition}", pieces), f"s{signer}", [f"gloss{of}" for of in signed],
                         segments))
    return write(folder, rows)


def streams(folder: Path, signers: int = 6, repetitions: int = 2, turns: int = 6) -> Dataset:
    """Streams in which a signer signs (S) and pauses (n) in turn."""
    rng = np.random.default_rng(0)
    rows = []
    for signer in range(signers):
        for repetition in range(repetitions):
            pieces, segments = [], []
            for turn in range(turns):
                piece = np.concatenate([_pause(rng) for _ in range(5)]) if turn % 2 else np.concatenate(
                    [clip(int(rng.integers(4)), rng).coordinates for _ in range(2)])
                start = sum(map(len, pieces))
                segments.append({"start": start, "end": start + len(piece), "label": "n" if turn % 2 else "S"})
                pieces.append(piece)
            rows.append((_joined(f"s{signer}-{repetition}", pieces), f"s{signer}", [], segments))
    return write(folder, rows)


def _pause(rng: np.random.Generator) -> np.ndarray:
    """A few frames of a clip's first."""
    return np.repeat(clip(0, rng).coordinates[:1], rng.integers(3, 8), 0)


def _joined(clip_id: str, pieces: list[np.ndarray]) -> ClipLandmarks:
    return ClipLandmarks(clip_id, 15, 320, 320, np.concatenate(pieces))


def write(folder: Path, rows: list[tuple[ClipLandmarks, str, list[str], list[dict]]],
          joints: Skeleton = JOINTS) -> Dataset:
    """Write clips (with signer, glosses, segments) as the pipeline's stages would have left them, below `folder`.

    The last signer is for testing, the one before for validation. Pseudo-signers are signers, two to a cluster.
    """
    corpus = Dataset.below(folder)
    write_store(corpus.landmarks, [row[0] for row in rows], joints, metadata=METADATA)
    *_, validating, testing = sorted({signer for _, signer, _, _ in rows})
    split_of = {testing: "test", validating: "val"}
    clips = pd.DataFrame({
        "clip_id": [row[0].clip_id for row in rows], "media": [f"{row[0].clip_id}.mp4" for row in rows],
        "glosses": [row[2] for row in rows], "segments": [row[3] for row in rows],
        "signer": [row[1] for row in rows], "split": [split_of.get(row[1], "train") for row in rows],
    }).reindex(columns=SCHEMA.names)
    write_manifest(corpus.manifest, clips.assign(split=None))
    write_splits(corpus.splits, clips[["clip_id", "split"]].assign(fold=pd.array([None] * len(clips), dtype="Int32")))
    write_signers(corpus.signers, clips[["clip_id"]].assign(pseudo_signer=clips.signer.str[1:].astype(int) // 2))
    return corpus
