"""Entries of a gallery, and queries: clips of the landmark store, and videos with their gloss."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.examples import GLOSS_JOIN
from slr.dataset.manifest import SPLITS
from slr.dataset.splits import read_splits
from slr.errors import CorpusError, GalleryError
from slr.io.files import inside, read_named_text


@dataclass(frozen=True)
class Entry:
    """A clip with its gloss; `video` is its file, or None for a clip of the landmark store."""

    clip_id: str
    gloss: str
    signer: str | None = None
    video: Path | None = None


def entries(clips: Sequence[str], split: str | None, dataset: Dataset) -> list[Entry]:
    """Resolve the clips given by the user.

    Parameters
    ----------
    clips : sequence of str
        Each a clip id of the landmark store, `FILE=GLOSS` for a video, or a CSV `path,gloss[,signer]` of videos, whose
        paths are relative to it and stay below its folder.
    split : {"train", "val", "test"}, optional
        Adds all clips of that split that have a gloss.

    Raises
    ------
    GalleryError
        If nothing is given, a clip or file doesn't exist, or a clip has no gloss.
    CorpusError
        If the store, the manifest or the splits are needed but missing.
    """
    if split is not None and split not in SPLITS:
        raise GalleryError(f"there is no split '{split}'; choose {', '.join(SPLITS)}")
    if not clips and split is None:
        raise GalleryError("name clips, videos as FILE=GLOSS or a CSV of them, or a split with --split train")
    videos = [_videos(clip) for clip in clips]
    known = _corpus(dataset) if split or None in videos else {}
    found = []
    for clip, of_clip in zip(clips, videos, strict=True):
        found.extend([_of_store(clip, known, dataset)] if of_clip is None else of_clip)
    if split is not None:
        of_split = read_splits(dataset.splits).query("split == @split").clip_id
        found.extend(known[clip_id] for clip_id in of_split if clip_id in known and known[clip_id].gloss)
    if not found:
        raise GalleryError(f"no clip of split '{split}' has landmarks and a gloss; choose another")
    return found


def _corpus(dataset: Dataset) -> dict[str, Entry]:
    """Every clip with landmarks, by its id; the gloss is empty if the manifest has none."""
    stored = set(dataset.landmark_store.clip_ids)
    return {clip.clip_id: Entry(clip.clip_id, GLOSS_JOIN.join(clip.glosses),
                                clip.signer if isinstance(clip.signer, str) else None)
            for clip in dataset.rows().itertuples() if clip.clip_id in stored}


def _of_store(clip: str, known: dict[str, Entry], dataset: Dataset) -> Entry:
    if clip not in known:
        if Path(clip).exists():
            raise GalleryError(f"what does {clip} show? Write '{clip}=GLOSS', or list videos in a CSV path,gloss")
        dataset.landmark_store.require(clip)
    if clip not in known or not known[clip].gloss:
        raise GalleryError(f"clip '{clip}' has no gloss in {dataset.manifest}; a gallery needs one")
    return known[clip]


def _videos(clip: str) -> list[Entry] | None:
    """The videos of `FILE=GLOSS` or of a CSV; None if it is neither."""
    file, separator, gloss = clip.rpartition("=")
    if separator and gloss.strip() and Path(file).exists():
        return [Entry(file, gloss.strip(), video=Path(file))]
    if separator and Path(file).suffix and not Path(clip).exists():
        raise GalleryError(f"there is no file {file}, of '{clip}'")
    return _listed(Path(clip)) if Path(clip).suffix.lower() == ".csv" else None


def _listed(path: Path) -> list[Entry]:
    """The videos of a CSV."""
    text = read_named_text(path, CorpusError, "name a CSV path,gloss[,signer]")
    try:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:
        raise CorpusError(f"{path} can't be read as a CSV path,gloss[,signer] ({error}); correct it") from None
    if missing := {"path", "gloss"} - set(table.columns):
        raise CorpusError(f"{path} has no column {' and no '.join(sorted(missing))}; it needs path,gloss[,signer]")
    if table.empty:
        raise CorpusError(f"{path} lists no videos; add a line for each")
    found = []
    for line, row in enumerate(table.to_dict("records"), start=2):
        video = inside(path.parent, row["path"])
        if not row["gloss"].strip() or not video.exists():
            problem = f"there is no file {video}" if row["gloss"].strip() else "the gloss is empty"
            raise CorpusError(f"{path}, line {line}: {problem}; correct the line, or remove it")
        found.append(Entry(str(video), row["gloss"].strip(), row.get("signer") or None, video))
    return found
