"""Interactive map of a corpus: each clip is a point positioned by its features, with its skeleton on click.

The page is self-contained, including its script, and its policy forbids loading or running anything else.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.dataset.splits import read_splits
from slr.errors import CorpusError
from slr.figures.draw import View, part_colours, shown_joints
from slr.figures.projections import MOST_CLIPS, TITLES, lay_out_by
from slr.inference.model import load_model
from slr.io.evenly import evenly
from slr.io.files import write_text
from slr.io.progress import progress
from slr.metrics.probe import signer_labels
from slr.models.device import choose_device

MOST_SKELETONS = 500
"""Clips whose skeletons are included, evenly chosen: about 5 kB each."""
MOST_FRAMES = 64
"""Frames of each included skeleton, evenly chosen; the script interpolates between them."""
NEIGHBOURS = 6
_MISSING = 255
_SPLITS = ["train", "val", "test"]


def write_map(out: str | Path, *, model: str | Path, data: str | Path, method: str = "tsne",
              any_landmarks: bool = False, device: str = "cpu") -> Path:
    """Write the page.

    Parameters
    ----------
    out : path
        The HTML file; the same bytes for the same inputs, on one machine.
    model : path
        A model folder.
    data : path
        A folder with `manifest.parquet` and `landmarks`, and if available `splits.parquet` and `signers.parquet`, as
        the pipeline writes them to data/.
    method : {"tsne", "umap", "pca"}
        See `slr.figures.projections`. With more than 2,000 clips, 2,000 are projected, evenly chosen.
    any_landmarks : bool, default False
        Allow landmarks that were made differently from those of training.
    device : str, default "cpu"
        See `slr.models.device.choose_device`.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    CorpusError
        If the manifest or the landmarks are missing, or no clip has landmarks.
    ModelError
        If the model can't be read or isn't an isolated-sign model, or the landmarks were made differently.
    SlrError
        If there is no such method, it isn't installed, or there are too few clips for it.
    """
    dataset = Dataset.below(data)
    trained, store = load_model(model, "isolated", choose_device(device, "device")), dataset.landmark_store
    if not any_landmarks:
        trained.require_alike(store, dataset.landmarks, provenance.landmarks,
                              "extract them alike, choose another model, or use --any-landmarks")
    clips, known = _clips(dataset, store)
    of_clips = len(clips)
    clips = clips.iloc[evenly(of_clips, MOST_CLIPS)].reset_index(drop=True)
    with progress("map", 3, unit="step") as advance:
        features = trained.outputs(trained.clips(store, clips.clip_id))["features"].numpy()
        advance(note="features")
        places = lay_out_by(method, features)
        advance(note=TITLES[method])
        view = {"model": trained.config["name"], "method": TITLES[method], "of_clips": of_clips,
                "pseudo_signers": not known, **_points(clips, places, features), **_skeletons(store, clips)}
        advance(note="skeletons")
    write_text(out, _render(view))
    return Path(out)


def _clips(dataset: Dataset, store: LandmarkStore) -> tuple[pd.DataFrame, bool]:
    """`clip_id`, `gloss`, `signer` and `split` of the clips that have landmarks, sorted by `clip_id`; and False if the
    signers are pseudo-signers."""
    clips = dataset.rows().drop(columns="split")
    clips = clips[clips.clip_id.isin(store.clip_ids)].sort_values("clip_id", ignore_index=True)
    clips = clips.assign(gloss=clips.glosses.str[0].fillna("no gloss"), split="clips")
    if dataset.splits.exists():
        splits = read_splits(dataset.splits)[["clip_id", "split"]]
        clips = clips.drop(columns="split").merge(splits, on="clip_id")
    if clips.empty:
        raise CorpusError(f"no clip of {dataset.manifest} has landmarks in {dataset.landmarks}; "
                          "run `dvc repro splits`")
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

    Only joints with bones are included: the face's hundreds of points would be most of the page.
    """
    joints = store.skeleton
    jointed = np.unique(joints.bone_indices)
    part_of = np.array([part for part, names in joints.parts.items() for _ in names])
    chosen = evenly(len(clips), MOST_SKELETONS)
    renumbered = {int(joint): i for i, joint in enumerate(jointed)}
    return {
        "joints": len(jointed),
        "bones": [[renumbered[int(a)], renumbered[int(b)], str(part_of[b])] for a, b in joints.bone_indices],
        "colours": {part: f"rgb{colour}" for part, colour in part_colours(joints).items()},
        "poses": {int(i): _pose(store[clips.clip_id[i]], joints, jointed) for i in chosen} if len(jointed) else {},
    }


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
    held = len(view["poses"])
    note = (f"Skeletons of {held} clips, evenly chosen, are in this page." if held < len(view["clips"]) else "")
    if view["method"] != TITLES["pca"]:
        note = f"Only neighbourhoods mean something, distances between groups do not. {note}".strip()
    return environment.get_template("embedding_map.html.j2").render(
        view=view, note=note, style=Markup(style), script=Markup(script), style_hash=_hash(style),
        script_hash=_hash(script))


def _hash(text: str) -> str:
    """The hash by which a content security policy permits an inline script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
