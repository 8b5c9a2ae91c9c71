"""The recordings of Slovak words, for every study of them: a front take and a side take of each, by one signer.

Their landmarks come from the repository's whole pipeline, in a clone of it (`studies.workspace`).
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.metrics.classification import accuracy as with_interval
from studies.dtw import dtw_distances, dtw_features
from studies.workspace import clone, run

CSV = "words.csv"


def words(recordings: Path, longest: int | None = None) -> list[dict[str, str]]:
    """Rows of words.csv whose word is in the dictionary and has both takes, of at most `longest` frames each."""
    most = np.inf if longest is None else longest
    with open(recordings / CSV, encoding="utf-8") as file:
        return [word for word in csv.DictReader(file) if word["in_dictionary"] == "true"
                and all(0 < int(word[f"{take}_frames"] or 0) <= most for take in ("front", "side"))]


def write_annotations(path: Path, chosen: Sequence[dict[str, str]]) -> None:
    """The folder reader's CSV: front takes train, side takes test, all by one signer."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "gloss", "signer", "split"])
        for word in chosen:
            rows.writerow([word["front"], word["word_sk"], "one", "train"])
            rows.writerow([word["side"], word["word_sk"], "one", "test"])


def project(study: Path, recordings: Path, chosen: Sequence[dict[str, str]]) -> Path:
    """A study's clone of the repository, whose corpus is these words; its pipeline is ready to run."""
    folder = clone(study)
    write_annotations(folder / CSV, chosen)
    run(folder, "slr", "use", "folder", "--root", recordings, "--csv", folder / CSV)
    return folder


def takes(manifest: Path, store: LandmarkStore) -> pd.DataFrame:
    """`gloss`, `front` and `side` (clip ids) of the glosses of which both takes have landmarks, sorted by gloss."""
    clips = read_manifest(manifest)
    clips = clips[clips.clip_id.isin(store.clip_ids)].assign(gloss=clips.glosses.str[0])
    front, side = (clips[clips.split == split].set_index("gloss").clip_id for split in ("train", "test"))
    both = pd.concat({"front": front, "side": side}, axis=1, join="inner").sort_index()
    return both.rename_axis("gloss").reset_index()


def dtw_matrix(store: LandmarkStore, pairs: pd.DataFrame) -> np.ndarray:
    """(glosses, glosses): from each side take (row) to each front take (column) of `takes`."""
    front, side = ([dtw_features(store[clip], store.skeleton) for clip in pairs[take]] for take in ("front", "side"))
    return dtw_distances(side, front)


def places(distances: np.ndarray) -> np.ndarray:
    """(glosses,) int: the place of each side take's own gloss, 1 for the nearest; a tie is counted as lost.

    Parameters
    ----------
    distances : array (glosses, glosses)
        One front take a gloss, in the order of the side takes: the right ones are on the diagonal.
    """
    return (distances <= distances.diagonal()[:, None]).sum(1)


def accuracy(places: np.ndarray) -> dict[str, float]:
    """`top1`, with its interval, and `top5` of `places`."""
    return with_interval("top1", places == 1) | {"top5": float((places <= 5).mean())}
