"""The built-in corpus as files: its clips, each rendered in a worker process."""

import hashlib
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from slr.corpora.sample import kinematics, timeline
from slr.corpora.sample.camera import Camera
from slr.corpora.sample.scene import Scene, draw_frames
from slr.corpora.sample.signer import Signer, make_signers
from slr.corpora.sample.signs import SIGNS, Sign
from slr.corpora.sample.truth import ClipTruth, write_truth
from slr.dataset.manifest import SCHEMA
from slr.io.files import atomic_path, disk_errors
from slr.io.progress import progress
from slr.io.video import write_video
from slr.io.workers import map_unordered
from slr.params import SampleParams
from slr.params.windows import SIGNING

_SENTENCE_LENGTHS = (2, 3, 4, 5)


class _Clip(NamedTuple):
    """One clip to render, with all its inputs."""

    clip_id: str
    part: str
    signer: Signer
    signs: tuple[Sign, ...]
    fps: float
    size: int
    seed: int
    root: Path

    @property
    def media(self) -> str:
        return f"{self.part}/{self.clip_id}.mp4"


class _Drawn(NamedTuple):
    part: str
    row: dict[str, Any]
    truth: ClipTruth


def render(params: SampleParams, root: str | Path, workers: int = 0) -> pd.DataFrame:
    """Render the corpus to `root` and return the manifest's rows.

    Videos are rendered to `.work` beside `root` and moved when complete: an interrupted run resumes.

    Parameters
    ----------
    params : SampleParams
    root : path
        Folder for the folders of `params.parts`, and `truth/`.
    workers : int, default 0
        Processes; 0 for one per core. The files don't depend on it.

    Returns
    -------
    DataFrame
        Columns of the manifest, sorted by clip id.

    Raises
    ------
    SlrError
        If the disk is full or a file can't be written.
    """
    root = Path(root)
    works = root.parent / ".work" / root.name
    work = works / _fingerprint(params)
    with disk_errors("corpus", root):
        drawn = sorted(_draw_all(_plan(params, work), workers), key=lambda clip: clip.row["clip_id"])
        for part in params.parts:
            write_truth(work / "truth" / f"{part}.parquet", [clip.truth for clip in drawn if clip.part == part])
        for folder in (*params.parts, "truth"):
            for unfinished in (work / folder).glob(".*"):  # an interrupted write
                shutil.rmtree(unfinished)
            with atomic_path(root / folder) as temporary:
                shutil.move(work / folder, temporary)
        shutil.rmtree(works)
    return pd.DataFrame([clip.row for clip in drawn], columns=SCHEMA.names)


def planned(params: SampleParams) -> pd.DataFrame:
    """The manifest's rows of the clips that `render` would draw, as far as they are known before: segments have a
    label, but no times."""
    rows = []
    for clip in _plan(params, Path()):
        stream = clip.part == "streams"
        rows.append({"clip_id": clip.clip_id, "media": clip.media, "signer": clip.signer.name,
                     "glosses": [] if stream else [sign.gloss for sign in clip.signs],
                     "segments": [{"start": None, "end": None, "label": SIGNING}] if stream else []})
    return pd.DataFrame(rows, columns=SCHEMA.names)


def _draw_all(plan: list[_Clip], workers: int) -> Iterator[_Drawn]:
    with progress("drawing", len(plan)) as advance:
        for done in map_unordered(_draw, plan, workers):
            if done.error is not None:
                raise done.error
            yield done.result
            advance()


def _fingerprint(params: SampleParams) -> str:
    """Hash of everything the files depend on: the settings and the code of this package."""
    digest = hashlib.sha256(params.model_dump_json().encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _plan(params: SampleParams, root: Path) -> list[_Clip]:
    signers = make_signers(params.signers, params.seed)
    signs = SIGNS[:params.signs]
    common: dict[str, Any] = {"fps": params.fps, "size": params.size, "seed": params.seed, "root": root}
    plan = []
    if "isolated" in params.parts:
        plan += [_Clip(f"{signer.name}-{sign.gloss.lower()}-{take}", "isolated", signer, (sign,), **common)
                 for signer in signers for sign in signs for take in range(1, params.repetitions + 1)]
    if "sentences" in params.parts:
        rng = np.random.default_rng([params.seed, 3])
        for i in range(params.sentences):
            chosen = tuple(signs[k] for k in rng.integers(len(signs), size=rng.choice(_SENTENCE_LENGTHS)))
            signer = signers[i % len(signers)]
            plan.append(_Clip(f"{signer.name}-sentence-{i:04d}", "sentences", signer, chosen, **common))
    if "streams" in params.parts:
        plan += [_Clip(f"{signers[i % len(signers)].name}-stream-{i:04d}", "streams", signers[i % len(signers)], signs,
                       **common) for i in range(params.streams)]
    return plan


def _draw(clip: _Clip) -> _Drawn:
    """Render one clip, unless its video exists; its randomness depends only on the seed and its id."""
    rng = np.random.default_rng([clip.seed, zlib.crc32(clip.clip_id.encode())])
    content = timeline.stream if clip.part == "streams" else timeline.sentence
    action = content(clip.signs, clip.signer, rng).sample(clip.fps)
    times = np.arange(len(action.speaking)) / clip.fps
    arms = [kinematics.right_arm(clip.signer, hand) for hand in (action.dominant, action.other)]
    right, left = reversed(arms) if clip.signer.left_handed else arms
    sway, expressions = timeline.sway(times, rng), timeline.expressions(times, action.speaking, rng)
    camera = _camera(clip.size, rng)
    scene = Scene(clip.signer, left.mirrored(), right, camera.to_half_pixels(sway), expressions)
    path = clip.root / clip.media
    if not path.exists():
        write_video(path, draw_frames(scene, camera, rng), fps=clip.fps, preset="ultrafast")
    glosses = [] if clip.part == "streams" else [sign.gloss for sign in clip.signs]
    row = {
        "clip_id": clip.clip_id, "media": clip.media, "start_frame": None, "end_frame": None, "fps": clip.fps,
        "glosses": glosses, "segments": [segment._asdict() for segment in action.segments],
        "signer": clip.signer.name, "split": None,
    }
    joints = kinematics.joints(clip.signer, scene.left, scene.right, scene.sway)
    return _Drawn(clip.part, row, ClipTruth(clip.clip_id, clip.fps, joints, camera))


def _camera(size: int, rng: np.random.Generator) -> Camera:
    """A randomly placed camera for each clip."""
    usual = Camera.usual(size)
    (x, y), scale = usual.centre, usual.scale * rng.uniform(0.97, 1.03)
    return Camera(size, scale, (x + size * rng.uniform(-0.02, 0.02), y + size * rng.uniform(-0.01, 0.01)))
