"""Interactive map of a corpus: each clip is a point positioned by its features, with video and skeleton on click.

The page is self-contained, including its script, and its policy forbids loading or running anything else.
"""

import base64
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore, decode_jpegs
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.dataset.splits import read_splits
from slr.errors import CorpusError
from slr.figures.draw import View, part_colours, shown_joints
from slr.figures.face import face_lines
from slr.figures.projections import MOST_CLIPS, TITLES, lay_out_by
from slr.inference.model import load_model
from slr.io.evenly import evenly
from slr.io.files import output_file, write_text
from slr.io.progress import progress
from slr.io.video import write_video
from slr.metrics.probe import signer_labels
from slr.models.device import choose_device

MOST_SKELETONS = 500
"""Clips whose skeletons are included, evenly chosen: about 5 kB each, with faces 35 kB."""
MOST_BYTES = 8_000_000
"""Of all skeletons together; fewer are included if they would need more."""
MOST_VIDEOS = 100
"""Clips whose videos are included, evenly chosen from those with skeletons: about 15 kB each."""
VIDEO_SIDE = 140
"""Least short side of these videos, in pixels; JPEG frames are decoded at a half, a fourth or an eighth of their
size."""
VIDEO_QUALITY = 32
"""Their H.264 quality (crf): hands can be seen."""
MOST_FRAMES = 64
"""Frames of each included skeleton, evenly chosen; the script interpolates between them."""
NEIGHBOURS = 6
_MISSING = 255
_SPLITS = ["train", "val", "test"]


def write_map(out: str | Path, *, model: str | Path, data: str | Path, method: str = "tsne",
              any_landmarks: bool = False, split: str = "all", videos: int = MOST_VIDEOS,
              device: str = "cpu") -> Path:
    """Write the page.

    Parameters
    ----------
    out : path
        The HTML file; the same bytes for the same inputs, on one machine.
    model : path
        A model folder.
    data : path
        A folder with `manifest.parquet` and `landmarks`, and if available `splits.parquet` and `signers.parquet`, as
        the pipeline writes them to data/; videos are made of its `frames`, if there are any.
    method : {"tsne", "umap", "pca"}
        See `slr.figures.projections`. With more than 2,000 clips, 2,000 are projected, evenly chosen.
    any_landmarks : bool, default False
        Allow landmarks that were made differently from those of training.
    split : {"all", "train", "val", "test"}
        Which clips the map has.
    videos : int, default 100
        Number of clips whose videos are included, evenly chosen.
    device : str, default "cpu"
        See `slr.models.device.choose_device`.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    CorpusError
        If the manifest or the landmarks are missing, or no clip (of the split) has landmarks.
    ModelError
        If the model can't be read or isn't an isolated-sign model, or the landmarks were made differently.
    SlrError
        If there is no such method, it isn't installed, or there are too few clips for it.
    """
    out, dataset = output_file(out, what="the map"), Dataset.below(data)
    trained, store = load_model(model, "isolated", choose_device(device, "device")), dataset.landmark_store
    if not any_landmarks:
        trained.require_alike(store, dataset.landmarks, provenance.landmarks,
                              "extract them alike, choose another model, or use --any-landmarks")
    clips, known = _clips(dataset, store, split)
    of_clips = len(clips)
    clips = clips.iloc[evenly(of_clips, MOST_CLIPS)].reset_index(drop=True)
    with progress("map", 4, unit="step") as advance:
        features = trained.outputs(trained.clips(store, clips.clip_id))["features"].numpy()
        advance(note="features")
        places = lay_out_by(method, features)
        advance(note=TITLES[method])
        skeletons = _skeletons(store, clips)
        advance(note="skeletons")
        filmed = [int(i) for i in (skeletons["poses"] or range(len(clips)))]
        view = {"model": trained.name, "method": TITLES[method], "of_clips": of_clips,
                "pseudo_signers": not known, **_points(clips, places, features), **skeletons,
                "videos": _videos(dataset, {i: clips.clip_id[i] for i in filmed}, videos)}
        advance(note="videos")
    write_text(out, _render(view))
    return out


def _clips(dataset: Dataset, store: LandmarkStore, split: str) -> tuple[pd.DataFrame, bool]:
    """`clip_id`, `gloss`, `signer` and `split` of the clips that have landmarks, sorted by `clip_id`; and False if the
    signers are pseudo-signers."""
    if split not in (*_SPLITS, "all"):
        raise CorpusError(f"there is no split '{split}'; choose {', '.join(_SPLITS)} or all")
    clips = dataset.rows().drop(columns="split")
    clips = clips[clips.clip_id.isin(store.clip_ids)].sort_values("clip_id", ignore_index=True)
    clips = clips.assign(gloss=clips.glosses.str[0].fillna("no gloss"), split="clips")
    if dataset.splits.exists():
        splits = read_splits(dataset.splits)[["clip_id", "split"]]
        clips = clips.drop(columns="split").merge(splits, on="clip_id")
    if split != "all":
        clips = clips[clips.split == split].reset_index(drop=True)
    if clips.empty:
        raise CorpusError(f"no clip of {dataset.manifest}{'' if split == 'all' else f' in split {split}'} has landmarks"
                          f" in {dataset.landmarks}; run `dvc repro splits`")
    known = bool(clips.signer.notna().any())
    if not known and dataset.signers.exists():
        clips = clips.assign(signer=signer_labels(clips, dataset.pseudo_signers()))
    return clips[["clip_id", "gloss", "signer", "split"]], known or bool(clips.signer.isna().all())


def _points(clips: pd.DataFrame, places: np.ndarray, features: np.ndarray) -> dict[str, Any]:
    """Names, and for each clip its id, name indices, position between 0 and 1, and neighbours."""
    from sklearn.neighbors import NearestNeighbors

    splits = [name for name in (*_SPLITS, "clips") if (clips.split == name).any()]
    glosses, gloss_names = pd.factorize(clips.gloss, sort=True)
    signers, signer_names = pd.factorize(clips.signer, sort=True)
    low, span = places.min(0), max(float(np.ptp(places, axis=0).max()), 1e-9)
    unit = (places - low) / span + (1 - np.ptp(places, axis=0) / span) / 2  # undistorted and centred
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(clips) - 1)).fit(features).kneighbors(
        return_distance=False) if len(clips) > 1 else np.empty((len(clips), 0), int)
    return {
        "glosses": list(gloss_names), "signers": list(signer_names), "splits": splits,
        "clips": [[clip_id, int(gloss), int(signer), splits.index(split), round(float(x), 4), round(float(1 - y), 4),
                   [int(n) for n in others]]
                  for clip_id, gloss, signer, split, (x, y), others in zip(
                      clips.clip_id, glosses, signers, clips.split, unit, near, strict=True)],
    }


def _skeletons(store: LandmarkStore, clips: pd.DataFrame) -> dict[str, Any]:
    """Bones with their parts and colours, and the poses of evenly chosen clips.

    Of a face, the lines of lips, eyes, brows and outline are included: all its points would be most of the page.
    """
    joints = store.skeleton
    bones = np.array([*joints.bone_indices.tolist(), *face_lines(joints)], int).reshape(-1, 2)
    jointed = np.unique(bones)
    part_of = np.array([part for part, names in joints.parts.items() for _ in names])
    chosen = evenly(len(clips), min(MOST_SKELETONS, max(1, MOST_BYTES // (2 * MOST_FRAMES * max(1, len(jointed))))))
    renumbered = {int(joint): i for i, joint in enumerate(jointed)}
    return {
        "joints": len(jointed),
        "bones": [[renumbered[int(a)], renumbered[int(b)], str(part_of[b])] for a, b in bones],
        "colours": {part: f"rgb{colour}" for part, colour in part_colours(joints).items()},
        "poses": {int(i): _pose(store[clips.clip_id[i]], joints, jointed) for i in chosen} if len(jointed) else {},
    }


def _videos(dataset: Dataset, clip_ids: dict[int, str], most: int) -> dict[int, str]:
    """Small videos of evenly chosen clips, as base64, by the clip's index; none for a corpus without frames."""
    try:
        store = FrameStore(dataset.frames)
    except CorpusError:
        return {}
    seen = [i for i, clip_id in clip_ids.items() if clip_id in store.clips]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        for i in (seen[n] for n in (evenly(len(seen), most) if seen and most else ())):
            clip = store.clip(clip_ids[i])
            shrink = next(by for by in (8, 4, 2, 1) if by == 1 or min(clip["width"], clip["height"]) >= by * VIDEO_SIDE)
            jpegs = store.read(clip_ids[i], ["jpeg"])["jpeg"]
            write_video(path, decode_jpegs(jpegs, shrink), fps=clip["fps"], crf=VIDEO_QUALITY,
                        preset="veryfast")
            found[i] = base64.b64encode(path.read_bytes()).decode()
    return found


def _pose(clip: ClipLandmarks, joints: Skeleton, jointed: np.ndarray) -> dict[str, Any]:
    """A clip's frames as bytes (frames, joints, 2): x and y from 0 to 254 around the signer, 255 if missing."""
    frames = evenly(len(clip), MOST_FRAMES)
    view = View.around(clip.coordinates, joints, (_MISSING, _MISSING), clip.width / clip.height)
    quantised = np.full((len(frames), len(jointed), 2), _MISSING, np.uint8)
    for row, frame in zip(quantised, clip.coordinates[frames], strict=True):
        points = view.pixels(frame)[jointed]
        with np.errstate(invalid="ignore"):
            inside = shown_joints(frame, joints)[jointed] & ((points >= 0) & (points < _MISSING)).all(1)
        row[inside] = points[inside].astype(np.uint8)
    return {"fps": round(clip.fps * len(frames) / len(clip), 3), "data": base64.b64encode(quantised.tobytes()).decode()}


def _render(view: dict[str, Any]) -> str:
    folder = Path(__file__).parent
    style, script = ((folder / f"embedding_map.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    held_of = [f"{kind} of {len(of)} clips" for kind, of in (("skeletons", view["poses"]), ("videos", view["videos"]))
               if of and len(of) < len(view["clips"])]
    note = f"{' and '.join(held_of).capitalize()}, evenly chosen, are in this page." if held_of else ""
    if view["method"] != TITLES["pca"]:
        note = f"Only neighbourhoods mean something, distances between groups do not. {note}".strip()
    return environment.get_template("embedding_map.html.j2").render(
        view=view, note=note, style=Markup(style), script=Markup(script), style_hash=_hash(style),
        script_hash=_hash(script))


def _hash(text: str) -> str:
    """The hash by which a content security policy permits an inline script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
