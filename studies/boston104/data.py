"""What the study trains on and reads: sentences, words, streams of RWTH-BOSTON-104, and folds of its training part."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from pathlib import Path

import pandas as pd

from slr.corpora import scanning
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest, write_manifest
from slr.dataset.signers import write_signers
from slr.dataset.splits import write_splits
from slr.extraction.importing import import_landmarks
from slr.io.clipwise import content_key
from slr.io.files import file_hash
from slr.params import CorpusParams, WindowsParams
from slr.segments.windows import REST
from studies.workspace import made

FOLDS = 3
REPEATED, NEW = 20, 11
"""Sentences of a fold whose glosses, in this order, stay in training in another sentence, and that don't: nearly the
shares of the 40 test sentences (26 and 14)."""
SIGNING = WindowsParams().signing


def corpus(folder: Path, recordings: Path, subset: str | None) -> tuple[Path, Path]:
    """Manifest and landmarks of all sentences, or with `subset` "words" of all words; made once."""
    manifest, landmarks = folder / "manifest.parquet", folder / "landmarks"

    def make() -> None:
        params = CorpusParams(name="boston104", root=str(recordings), subset=subset)
        scanning.prepare(params, manifest)
        import_landmarks(manifest, landmarks, params)

    made(folder, content_key(subset, file_hash(recordings)), make)
    return manifest, landmarks


def development_folds(sentences: pd.DataFrame, seed: int = 1) -> list[list[str]]:
    """Clip ids of the training sentences that each fold holds out; no sentence is in two.

    Parameters
    ----------
    sentences : DataFrame
        The training sentences: `clip_id`, `glosses`.
    """
    rng = random.Random(seed)
    strings = dict(zip(sentences.clip_id, sentences.glosses.map(tuple), strict=True))
    often = sentences.glosses.map(tuple).duplicated(keep=False)
    repeated, single = list(sentences.clip_id[often]), list(sentences.clip_id[~often])
    rng.shuffle(repeated)
    rng.shuffle(single)
    folds: list[list[str]] = []
    for fold in range(FOLDS):
        held_out: list[str] = []
        for clip_id in repeated:
            stays = any(strings[other] == strings[clip_id] for other in repeated
                        if other != clip_id and other not in held_out)
            if len(held_out) < REPEATED and stays and not any(clip_id in earlier for earlier in folds):
                held_out.append(clip_id)
        folds.append(held_out + single[fold * NEW:(fold + 1) * NEW])
    return folds


def split(folder: Path, manifest: Path, landmarks: Path, test: Sequence[str], train: Sequence[str]) -> Dataset:
    """These clips to train and these to test; other clips are in neither, and none validates."""
    data = replace(Dataset.below(folder), landmarks=landmarks, manifest=manifest)
    rows = [(clip_id, name) for name, ids in (("train", train), ("test", test)) for clip_id in ids]
    splits = pd.DataFrame(sorted(rows), columns=["clip_id", "split"])
    folder.mkdir(parents=True, exist_ok=True)
    write_splits(data.splits, splits.assign(fold=pd.array([None] * len(splits), dtype="Int32")))
    write_signers(data.signers, splits[["clip_id"]].assign(pseudo_signer=0))  # no loss of the study asks for them
    return data


def streams(folder: Path, manifest: Path, landmarks: Path) -> Path:
    """A manifest of the sentences as streams: words are signing, what is before, between and after them is rest."""
    clips, store = read_manifest(manifest), LandmarkStore(landmarks)
    segments = []
    for row in clips.itertuples():
        signing = [any(word["start"] <= frame < word["end"] for word in row.segments)
                   for frame in store.frame_numbers(row.clip_id).tolist()]
        ends = list(accumulate(len(list(run)) for _, run in groupby(signing)))
        segments.append([{"start": start, "end": end, "label": SIGNING if signing[start] else REST}
                         for start, end in pairwise([0, *ends])])
    path = folder / "streams.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(path, clips.assign(glosses=[[]] * len(clips), segments=segments))
    return path
