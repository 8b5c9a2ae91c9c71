"""The three corpora that the models train on, each beside the Slovak takes as a model of it reads them."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.signers import write_signers
from slr.dataset.splits import write_splits
from slr.errors import SlrError
from studies import slovak
from studies.isl_kinect import run as isl_kinect
from studies.slovak_oneshot.common import from_kinect, from_mediapipe, write_common
from studies.slovak_oneshot.models import Corpus
from studies.workspace import REPOSITORY, run, shared_data


class Source(NamedTuple):
    """What a model trains on (`landmarks`, `manifest`, `splits`, `signers`), and the store of the Slovak `takes`."""

    landmarks: Path
    manifest: Path
    splits: Path
    signers: Path
    takes: Path


def slovak_data(study: Path) -> Path:
    """The folder with manifest.parquet and landmarks of all usable takes; extracted by the pipeline where it isn't.

    An extraction that was killed goes on with the clips that are missing.
    """
    data = study / "project/data"
    if not ((data / "manifest.parquet").exists() and (data / "landmarks").exists()):
        recordings = shared_data("slovak")
        run(slovak.project(study, recordings, slovak.words(recordings)), "dvc", "repro", "landmarks")
    return data


def sample_data() -> Path:
    """The repository's own data/, if it has the built-in corpus' landmarks; raises SlrError, with the way to them."""
    data = REPOSITORY / "data"
    missing = [name for name in ("manifest.parquet", "landmarks") if not (data / name).exists()]
    if missing:
        raise SlrError(f"{data} has no {' and no '.join(missing)} of the built-in corpus; run `dvc repro landmarks` in "
                       f"{REPOSITORY} first")
    return data


def source(corpus: Corpus, folder: Path, takes: Path) -> Source:
    """Make ready what models of a corpus need, in `folder`; what is there is kept.

    Parameters
    ----------
    corpus : {"sample", "isl", "front"}
    folder : Path
    takes : Path
        Data of the Slovak takes: manifest.parquet and landmarks.
    """
    if corpus == "isl":
        isl_kinect.corpus(folder / "isl_kinect")
        data = folder / "isl_kinect"
        landmarks = write_common(data / "landmarks", folder / "common-isl", from_kinect)
        read = write_common(takes / "landmarks", folder / "common-slovak", from_mediapipe)
    else:
        data = takes if corpus == "front" else sample_data()
        landmarks, read = data / "landmarks", takes / "landmarks"
    splits, signers = folder / f"{corpus}-splits.parquet", folder / f"{corpus}-signers.parquet"
    write_training(data / "manifest.parquet", landmarks, splits, signers, front_only=corpus == "front")
    return Source(landmarks, data / "manifest.parquet", splits, signers, read)


def write_training(manifest: Path, landmarks: Path, splits: Path, signers: Path, front_only: bool) -> None:
    """Splits in which every clip trains; with `front_only` the front takes alone, and no other clip is in them.

    The pseudo-signers, which no loss of the study asks for, are all one.
    """
    clips = read_manifest(manifest)
    clips = clips[clips.clip_id.isin(LandmarkStore(landmarks).clip_ids) & (clips.glosses.str.len() == 1)]
    if front_only:
        clips = clips[clips.split == "train"]
    ids = clips[["clip_id"]].sort_values("clip_id", ignore_index=True)
    write_splits(splits, ids.assign(split="train", fold=pd.array([None] * len(ids), dtype="Int32")))
    write_signers(signers, ids.assign(pseudo_signer=0))
