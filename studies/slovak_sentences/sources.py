"""What the study learns from and reads: joined sentences, the takes as streams, and the real sentences' landmarks."""

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd

from slr.corpora import scanning
from slr.corpora.imported.takes import sign_frames
from slr.corpora.reading import row
from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.signers import write_signers
from slr.dataset.splits import write_splits
from slr.errors import SlrError
from slr.extraction.frames import extract_frames
from slr.extraction.importing import import_landmarks
from slr.extraction.landmarks import extract_landmarks
from slr.io.clipwise import content_key
from slr.io.files import file_hash
from slr.params import (
    CorpusParams,
    FramesParams,
    ImportedParams,
    JoinedParams,
    LandmarksParams,
    SplitsParams,
    WindowsParams,
)
from slr.partition.splits import make_splits
from slr.segments.windows import REST
from studies.workspace import made

SENTENCES = "sentences.csv"
JOINTS = "holistic-75"
"""Joints of joined sentences: no model here reads the face."""
SIGNING = WindowsParams().signing


def joined_sentences(folder: Path, takes: Path, joined: JoinedParams) -> Dataset:
    """Sentences joined of the takes, which keep their splits: front takes train, side takes test; made once.

    Parameters
    ----------
    folder : Path
    takes : Path
        Data of the Slovak takes: manifest.parquet and landmarks.
    """
    data = Dataset.below(folder)

    def make() -> None:
        params = CorpusParams(name="joined", root=str(takes), joined=joined, imported=ImportedParams(skeleton=JOINTS))
        scanning.prepare(params, data.manifest)
        import_landmarks(data.manifest, data.landmarks, params)
        _split(data)

    hashes = [file_hash(takes / name) for name in ("landmarks", "manifest.parquet")]
    made(folder, content_key(joined.model_dump(), *hashes), make)
    return data


def take_streams(folder: Path, takes: Path, rest_threshold: float) -> Dataset:
    """The takes themselves as streams of rest and signing, by `slr.corpora.imported.takes.sign_frames`.

    Parameters
    ----------
    rest_threshold : float
        See `sign_frames`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = replace(Dataset.below(folder), landmarks=takes / "landmarks")
    store = LandmarkStore(data.landmarks)
    clips = read_manifest(takes / "manifest.parquet")
    clips = clips[clips.clip_id.isin(store.clip_ids)]
    segments = []
    for clip_id in clips.clip_id:
        take = store[clip_id]
        bounds = [0, *sign_frames(take, store.skeleton, rest_threshold), len(take)]
        numbers = [*take.frame_numbers.tolist(), int(take.frame_numbers[-1]) + 1]
        segments.append([{"start": numbers[start], "end": numbers[end], "label": label} for start, end, label in zip(
            bounds, bounds[1:], (REST, SIGNING, REST), strict=False) if end > start])
    write_manifest(data.manifest, clips.assign(glosses=[[]] * len(clips), segments=segments))
    _split(data)
    return data


def real_sentences(folder: Path, recordings: Path, takes: Path) -> Path:
    """The landmark store of the real sentences, made as that of the takes was; extracted where it isn't there.

    An extraction that was killed goes on with the clips that are missing. Videos that can't be used are left out.

    Raises
    ------
    SlrError
        If this machine's extractor isn't that of the takes.
    """
    landmarks = folder / "landmarks"
    how = LandmarkStore(takes / "landmarks").metadata
    if not landmarks.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with open(recordings / SENTENCES, encoding="utf-8") as file:
            rows = [row(Path(line["path"]).stem, line["path"], []) for line in csv.DictReader(file)]
        write_manifest(folder / "manifest.parquet", pd.DataFrame(rows, columns=SCHEMA.names))
        extract_frames(folder / "manifest.parquet", recordings, folder / "frames", FramesParams(**how["frames"]),
                       on_error="skip", work=folder / "work/frames")
        extract_landmarks(folder / "frames", landmarks, LandmarksParams(skeleton=how["skeleton"]), on_error="skip",
                          work=folder / "work/landmarks")
    here = LandmarkStore(landmarks).metadata
    different = provenance.differences(how, here, provenance.landmarks)
    if different:
        raise SlrError(f"the takes' landmarks were made otherwise than those in {landmarks} ({'; '.join(different)}); "
                       f"remove {folder}, or {takes.parent} where this machine's extractor is the newer one")
    return landmarks


def _split(data: Dataset) -> None:
    """Official splits, nothing to validate; the pseudo-signers, which no loss of the study asks for, are all one."""
    clips, ids = read_manifest(data.manifest), LandmarkStore(data.landmarks).clip_ids
    write_splits(data.splits, make_splits(clips, ids, SplitsParams(by="official", val=0)))
    write_signers(data.signers, pd.DataFrame({"clip_id": sorted(ids), "pseudo_signer": 0}))
