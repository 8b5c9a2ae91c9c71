"""Pseudo-signers: clusters of clips by features that describe the person and not the camera.

For corpora without signer labels. Each clip becomes a vector of landmark statistics with position, scale and rotation
removed; the statistics are standardised, weighted by how well they separate clips (rather than frames of a clip or
glosses), and clustered by k-means. docs/pseudo-signers.md has motivation, results and limitations.
"""

import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.dataset.splits import read_splits
from slr.errors import CorpusError
from slr.io.progress import warn
from slr.params import SignersParams

MAX_DEVIATION = 4.0
"""Standard deviations at which statistics are clipped, so that a single outlier isn't a cluster of its own."""
_SILHOUETTE_CLIPS = 5000


def cluster_signers(dataset: Dataset, params: SignersParams) -> tuple[pd.DataFrame, dict[str, float]]:
    """Cluster clips into pseudo-signers, without using signer labels.

    The clusters are fitted on training clips; every other clip is assigned to the nearest.

    Parameters
    ----------
    dataset : Dataset
        Its landmarks, splits and manifest.
    params : SignersParams

    Returns
    -------
    clusters : DataFrame
        `clip_id`, `pseudo_signer` (0, 1, ..., in order of first occurrence in the training clips).
    metrics : dict of str to float
        `clusters`, `silhouette` (training clips). If signers are known, agreement with them, adjusted Rand index and
        normalised mutual information: `ari`, `nmi` over the training clips, `ari_held_out`, `nmi_held_out` over the
        others, `ari_all`, `nmi_all` over all; and the same with the prefix `published_` for k-means, with as many
        clusters, on the four published numbers (mean and standard deviation of x and y), here of the found joints and
        standardised. If nothing in the landmarks
        describes a person, or there are too few training clips to select the number of clusters, all clips form one
        cluster, with a warning and `clusters` only.

    Raises
    ------
    CorpusError
        If `params.clusters` is a number and there are too few training clips for it.
    """
    table = read_splits(dataset.splits).merge(dataset.rows()[["clip_id", "glosses", "signer"]], on="clip_id")
    train = (table.split == "train").to_numpy()
    found, first, second, published, raw = _measure(dataset.landmark_store, table.clip_id)
    if params.statistics == "published":
        features = raw
    else:
        weights = statistic_weights(found[train], first[train], second[train], table.glosses[train])
        features = _standardise(found, train) * weights**2  # the exponent with which silhouettes find the right number
    described = features[train].any()
    n_different = len(np.unique(features[train], axis=0))
    # Nothing to cluster by, or too few clips for a silhouette, which needs fewer clusters than points.
    if not described or (params.clusters == "auto" and n_different <= 2):
        warn("all clips are one pseudo-signer: " + (f"{train.sum()} training clips are too few" if described else
             "nothing in the landmarks describes a person (no shoulders in the picture?)"))
        return pd.DataFrame({"clip_id": table.clip_id, "pseudo_signer": 0}), {"clusters": 1.0}
    if params.clusters != "auto" and n_different <= params.clusters:
        raise CorpusError(f"{n_different} different training clips are too few for {params.clusters} pseudo-signers; "
                          "record more, or lower signers.clusters")
    labels, silhouette = _cluster(features, train, params)
    metrics = {"clusters": float(labels.max() + 1), "silhouette": silhouette}
    fixed = params.model_copy(update={"clusters": int(labels.max() + 1)})
    published_labels, _ = _cluster(_standardise(published, train), train, fixed)
    for prefix, clustering in (("", labels), ("published_", published_labels)):
        for suffix, part in (("", train), ("_held_out", ~train), ("_all", np.ones_like(train))):
            agreement = _agreement(table.signer[part], clustering[part])
            metrics |= {f"{prefix}{name}{suffix}": value for name, value in agreement.items()}
    return pd.DataFrame({"clip_id": table.clip_id, "pseudo_signer": labels}), metrics


# Clustering


def _measure(store: LandmarkStore, clip_ids: Iterable[str]) -> list[np.ndarray]:
    """(clips, statistics) of whole clips, of first halves, of second halves; and twice (clips, 4) of their places: of
    the found joints, and as published."""
    rows: tuple[list[list[float] | np.ndarray], ...] = ([], [], [], [], [])
    for clip_id in clip_ids:
        clip = store[clip_id]
        middle = len(clip) // 2
        for row, frames in zip(rows, (slice(None), slice(middle + len(clip) % 2), slice(middle, None)), strict=False):
            part = ClipLandmarks(clip_id, clip.fps, clip.width, clip.height, clip.coordinates[frames])
            row.append(list(statistics(part, store.skeleton).values()))
        rows[3].append(place_statistics(clip))
        rows[4].append(published_statistics(clip))
    return [np.array(row) for row in rows]


def statistic_weights(found: np.ndarray, first: np.ndarray, second: np.ndarray,
                      glosses: Sequence[list[str]]) -> np.ndarray:
    """(statistics,) 0..1: how well a statistic separates clips rather than halves of a clip or glosses.

    The product of two shares of its variance over the training clips: the share not explained by the difference of a
    clip's two halves (reliability), and the share not explained by the gloss (1 - eta squared, adjusted). Neither needs
    signer labels. A statistic that is missing everywhere, or constant, has weight zero.

    Parameters
    ----------
    found, first, second : ndarray, (clips, statistics)
        Of the training clips, and of their first and second halves; NaN where a statistic couldn't be measured.
    glosses : sequence of list of str
        Of the same clips.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        variance = np.nanvar(found, axis=0)
        reliability = 1 - np.nanmean((first - second) ** 2, axis=0) / 2 / variance
    _, gloss = np.unique([" ".join(sequence) for sequence in glosses], return_inverse=True)
    n_clips, n_glosses = len(gloss), gloss.max() + 1
    of_gloss = 0.0
    if n_glosses < n_clips:
        filled = _impute(found, found)
        means = np.array([filled[gloss == g].mean(axis=0) for g in range(n_glosses)])
        within = ((filled - means[gloss]) ** 2).sum(axis=0) / (n_clips - n_glosses)
        of_gloss = 1 - within / np.maximum(filled.var(axis=0, ddof=1), 1e-12)
    weights = np.clip(reliability, 0, 1) * np.clip(1 - of_gloss, 0, 1)
    return np.where(np.isfinite(weights) & (variance > 1e-12), weights, 0)


def _impute(found: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """`found` with NaN replaced by the medians of `reference` (0 if that has none)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        medians = np.nan_to_num(np.nanmedian(reference, axis=0))
    return np.where(np.isnan(found), medians, found)


def _standardise(found: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(clips, statistics) with mean 0 and standard deviation 1 over the training clips, without NaN or outliers."""
    filled = _impute(found, found[train])
    centre, scale = filled[train].mean(axis=0), filled[train].std(axis=0)
    return np.clip((filled - centre) / np.where(scale > 0, scale, 1), -MAX_DEVIATION, MAX_DEVIATION)


def _cluster(features: np.ndarray, train: np.ndarray, params: SignersParams) -> tuple[np.ndarray, float]:
    """(clips,) int cluster of each clip, and the silhouette of the training clips."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    fitted = features[train]
    largest = min(params.max_clusters, len(np.unique(fitted, axis=0)) - 1)
    numbers = range(2, largest + 1) if params.clusters == "auto" else [params.clusters]
    best: KMeans | None = None
    best_score = -np.inf
    for number in numbers:
        model = KMeans(number, n_init=10, random_state=params.seed).fit(fitted)
        score = silhouette_score(fitted, model.labels_, sample_size=min(len(fitted), _SILHOUETTE_CLIPS),
                                 random_state=params.seed)
        if score > best_score:
            best, best_score = model, score
    assert best is not None
    labels = best.predict(features)
    order = pd.unique(labels[train])
    return np.argsort(order)[labels], float(best_score)


def _agreement(signers: pd.Series, labels: np.ndarray) -> dict[str, float]:
    """ARI and NMI with the true signers, over clips with known signer; empty with fewer than two signers."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    known = signers.notna().to_numpy()
    if signers.nunique() < 2:
        return {}
    true = signers[known].astype(str)
    return {"ari": float(adjusted_rand_score(true, labels[known])),
            "nmi": float(normalized_mutual_info_score(true, labels[known]))}


# Statistics


def published_statistics(clip: ClipLandmarks) -> np.ndarray:
    """(4,): mean of x, mean of y, standard deviation of x, of y, of all landmarks in the frame; a missing one is at 0.

    What SCA-STGCN (C. Chaabani, 2024) clusters windows by, as they are.
    """
    xy = np.nan_to_num(clip.coordinates[..., :2].reshape(-1, 2).astype(np.float64))
    return np.concatenate([xy.mean(axis=0), xy.std(axis=0) + 1e-6])


def place_statistics(clip: ClipLandmarks) -> list[float]:
    """Mean and standard deviation of the found landmarks' x and y in the frame.

    They describe where the person is in the frame; kept for comparison.
    """
    x, y = clip.coordinates[..., 0], clip.coordinates[..., 1]
    if not clip.mask.any():
        return [np.nan] * 4
    return [float(value) for value in (np.nanmean(x), np.nanstd(x), np.nanmean(y), np.nanstd(y))]


# Distances between two joints in the image. A limb is foreshortened most of the time and never lengthened, so its
# length is an upper percentile; the head and the shoulders face the camera, so theirs is the median.
_LIMBS = {
    "upper_arm": ("{side}_shoulder", "{side}_elbow"),
    "forearm": ("{side}_elbow", "{side}_wrist"),
    "palm_length": ("{side}_hand_wrist", "{side}_hand_middle_mcp"),
    "palm_index": ("{side}_hand_wrist", "{side}_hand_index_mcp"),
    "palm_pinky": ("{side}_hand_wrist", "{side}_hand_pinky_mcp"),
    "palm_width": ("{side}_hand_index_mcp", "{side}_hand_pinky_mcp"),
    "index_finger": ("{side}_hand_index_mcp", "{side}_hand_index_pip"),
    "middle_finger": ("{side}_hand_middle_mcp", "{side}_hand_middle_pip"),
    "thumb": ("{side}_hand_thumb_mcp", "{side}_hand_thumb_ip"),
}
_HEAD = {
    "eyes": ("left_eye_outer", "right_eye_outer"),
    "ears": ("left_ear", "right_ear"),
    "mouth": ("mouth_left", "mouth_right"),
    "nose_to_mouth": ("nose", "mouth_left"),
    "nose_to_eye": ("nose", "left_eye"),
    "neck": ("neck", "nose"),
}
# Points of MediaPipe's face mesh, in units of the face's width.
_FACE = {
    "face_height": ("face_10", "face_152"),
    "jaw": ("face_172", "face_397"),
    "eye_distance": ("face_133", "face_362"),
    "eye_width": ("face_33", "face_133"),
    "brow": ("face_105", "face_159"),
    "nose_length": ("face_168", "face_2"),
    "nose_width": ("face_129", "face_358"),
    "mouth_width": ("face_61", "face_291"),
    "upper_lip": ("face_2", "face_0"),
    "chin": ("face_17", "face_152"),
}
_FACE_WIDTH = ("face_234", "face_454")
_SIDES = {"left": 1.0, "right": -1.0}  # sign of "outwards" along x, in an image that isn't mirrored
_REST_SHARE = 0.2
_MIN_FRAMES = 3


def statistics(clip: ClipLandmarks, joints: Skeleton) -> dict[str, float]:
    """Statistics of the person in a clip, independent of the camera.

    Lengths are in shoulder widths (the face's in face widths), in the image plane, with the midpoint of the shoulders
    as origin and the shoulders level. NaN where the joints weren't found.

    Parameters
    ----------
    clip : ClipLandmarks
    joints : Skeleton
        The landmarks' skeleton: MediaPipe's pose and hands, with or without the face.

    Returns
    -------
    dict of str to float
        `length_*`: limbs, palms and head. `face_*`: the face's proportions. `rest_*`: rest positions of hands and
        elbows. `space_*`: signing space of the dominant hand. `speed_*`, `smoothness`: its movement, per second.
        `handedness`: -1 if only the right hand moves, 1 if only the left does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # warnings for all-NaN parts, which are expected
        body = _Body(clip, joints)
        found = {**_lengths(body), **_face(body), **_rest(body), **_space(body), **_movement(body)}
    return {name: float(value) for name, value in found.items()}


class _Body:
    """A clip's joints in the body frame: origin between the shoulders, shoulders level and one unit apart."""

    def __init__(self, clip: ClipLandmarks, joints: Skeleton):
        self.fps = clip.fps
        self._index = {joint: i for i, joint in enumerate(joints.joints)}
        self.points = clip.coordinates[..., :2].astype(np.float64) * (clip.width, clip.height)
        left, right = self["left_shoulder"], self["right_shoulder"]
        origin = np.nanmedian((left + right) / 2, axis=0)
        across = np.nanmedian(left - right, axis=0)
        width = np.nanmedian(np.linalg.norm(left - right, axis=-1))
        cosine, sine = across / np.linalg.norm(across)
        self.points = (self.points - origin) @ np.array([[cosine, -sine], [sine, cosine]]) / width

    def __getitem__(self, joint: str) -> np.ndarray:
        """(T, 2) path of a joint, or of the midpoint of the shoulders (`neck`); NaN if the skeleton lacks it."""
        if joint == "neck":
            return (self["left_shoulder"] + self["right_shoulder"]) / 2
        if joint not in self._index:
            return np.full_like(self.points[:, 0], np.nan)
        return self.points[:, self._index[joint]]

    def outwards(self, side: str, joint: str) -> np.ndarray:
        """(T, 2) path of a joint of one side: x away from the body's midline, y down."""
        return self[f"{side}_{joint}"] * (_SIDES[side], 1)

    def distances(self, pairs: Iterable[tuple[str, str]]) -> np.ndarray:
        """(T, pairs) distances between joints in the image."""
        return np.linalg.norm(np.stack([self[a] - self[b] for a, b in pairs], axis=1), axis=-1)

    @cached_property
    def travel(self) -> dict[str, float]:
        """Path length of each wrist."""
        return {side: np.nansum(np.linalg.norm(np.diff(_smooth(self[f"{side}_wrist"]), axis=0), axis=-1))
                for side in _SIDES}

    @property
    def busier(self) -> str:
        """The side with the longer path (the dominant hand)."""
        return max(self.travel, key=lambda side: self.travel[side])


def _smooth(path: np.ndarray) -> np.ndarray:
    """(T, 2) running median of three frames: removes single-frame detection errors."""
    if len(path) < _MIN_FRAMES:
        return path
    return np.nanmedian(np.stack([path[:-2], path[1:-1], path[2:]]), axis=0)


def _lengths(body: _Body) -> dict[str, float]:
    limbs = np.nanmean([np.nanpercentile(body.distances([(a.format(side=side), b.format(side=side))
                                                      for a, b in _LIMBS.values()]), 90, axis=0)
                     for side in _SIDES], axis=0)
    head = np.nanmedian(body.distances(_HEAD.values()), axis=0)
    return dict(zip([f"length_{name}" for name in (*_LIMBS, *_HEAD)], np.concatenate([limbs, head]), strict=True))


def _face(body: _Body) -> dict[str, float]:
    width = body.distances([_FACE_WIDTH])
    shape = np.nanmedian(body.distances(_FACE.values()) / width, axis=0)
    return {"length_face": np.nanmedian(width), **dict(zip([f"face_{name}" for name in _FACE], shape, strict=True))}


def _rest(body: _Body) -> dict[str, float]:
    """Medians over the frames in which a wrist is lowest, averaged over both sides."""
    sides = []
    for side in _SIDES:
        wrist, elbow = body.outwards(side, "wrist"), body.outwards(side, "elbow")
        low = wrist[:, 1] >= np.nanpercentile(wrist[:, 1], 100 * (1 - _REST_SHARE))
        hand = (body.outwards(side, "hand_middle_mcp") - body.outwards(side, "hand_wrist"))[low]
        hand /= np.linalg.norm(hand, axis=-1, keepdims=True)
        sides.append(np.concatenate([np.nanmedian(values, axis=0) for values in (wrist[low], elbow[low], hand)]))
    names = ("wrist_out", "wrist_down", "elbow_out", "elbow_down", "hand_out", "hand_down")
    return dict(zip([f"rest_{name}" for name in names], np.nanmean(sides, axis=0), strict=True))


def _space(body: _Body) -> dict[str, float]:
    busier = body.busier
    (across, up), (out, _) = np.nanpercentile(body.outwards(busier, "wrist"), (10, 90), axis=0)
    elbow_out = np.nanpercentile(body.outwards(busier, "elbow")[:, 0], 90)
    return {"space_up": -up, "space_out": out, "space_across": -across, "space_elbow_out": elbow_out}


def _movement(body: _Body) -> dict[str, float]:
    velocity = np.diff(_smooth(body[f"{body.busier}_wrist"]), axis=0) * body.fps
    speed = np.linalg.norm(velocity, axis=-1)
    acceleration = np.linalg.norm(np.diff(velocity, axis=0), axis=-1) * body.fps
    total = sum(body.travel.values())
    return {
        "speed_median": _log(np.nanmedian(speed)),
        "speed_high": _log(np.nanpercentile(speed, 90) if len(speed) else np.nan),
        "smoothness": -_log(np.nanmean(acceleration) / np.nanmean(speed)),
        "handedness": (body.travel["left"] - body.travel["right"]) / total if total else np.nan,
    }


def _log(value: float) -> float:
    return np.log(value) if value > 0 else np.nan
