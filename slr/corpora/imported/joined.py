"""Synthetic sentences: isolated-sign takes concatenated, with exact glosses and boundaries.

The root is the `data` folder of another project: its manifest.parquet, and its landmarks. Every clip with one gloss and
with landmarks is a take. The takes of a sentence have the same split, signer (unknown signers count as one), frame rate
and frame size. It contains each take's sign (`slr.corpora.imported.takes.sign_frames`) with a margin on both sides, and
transitions between takes; segments are the signs.

`media` defines a sentence completely: `landmarks#transition=5&w01=12-49&w07=20-61` is frames 12 to 48 of clip `w01`, a
transition of 5 frames, and frames 20 to 60 of clip `w07` (ids as in a URL's query). No landmarks are stored again.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

import numpy as np
import pandas as pd

from slr.corpora.imported.recordings import chosen_skeleton, same_file
from slr.corpora.imported.takes import join, sign_frames
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, require_folder, row
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import read_manifest
from slr.dataset.skeleton import Skeleton
from slr.errors import ClipError, CorpusError
from slr.params import ImportedParams, JoinedParams

LAYOUT = "the data folder of another project, with manifest.parquet and landmarks of clips with one sign each"
MANIFEST, LANDMARKS = "manifest.parquet", "landmarks"
_TRANSITION = "transition"
_OF_JOINTS = ("skeleton", "skeleton_definition", "channels")
"""Metadata of a store about its joints, which may differ here."""


class _Take(NamedTuple):
    """A clip of one sign: its frames, and those of the sign, half-open."""

    clip_id: str
    gloss: str
    n_frames: int
    start: int
    end: int


class _Part(NamedTuple):
    """The part of a take in a sentence: frames, half-open."""

    clip_id: str
    start: int
    end: int


class _Kind(NamedTuple):
    """Properties shared by the takes of a sentence."""

    split: str | None
    signer: str | None
    fps: float
    size: tuple[int, int]


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The takes' joints, or those of `corpus.imported.skeleton`, which must be derivable from them."""
    return chosen_skeleton(root, settings) or _store(root).skeleton


def metadata(root: str | Path) -> dict[str, Any]:
    """The takes' provenance: models of joined sentences use the same landmarks as models of the takes."""
    return {name: value for name, value in _store(root).metadata.items() if name not in _OF_JOINTS}


def scan(root: str | Path, *, joined: JoinedParams | None = None, workers: int = 0) -> Scan:
    """The sentences `<split>-<number>`, deterministic for the same takes and settings.

    Parameters
    ----------
    root : path
        The `data` folder of another project.
    joined : JoinedParams, optional
        Number and content of the sentences; default JoinedParams().
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns. Segments are in frames of the sentence; the split is that of its takes.
    problems : list of Problem
        Kinds: `no-hands` (a take without hands), `few-glosses` (a signer with too few glosses for a sentence).

    Raises
    ------
    CorpusError
        If there is no manifest or store, no take, or takes have neither a split nor a signer: their sentences would
        share takes between training and test.
    """
    joined = joined or JoinedParams()
    problems: list[Problem] = []
    groups = _groups(root, joined, problems)
    rng = np.random.default_rng(joined.seed)
    rows: list[dict[str, Any]] = []
    for split in sorted({kind.split or "" for kind in groups}):
        kinds = [kind for kind in groups if (kind.split or "") == split]
        wanted = joined.test_sentences if split in ("val", "test") else joined.sentences
        for number, kind in enumerate(kinds):
            share = len(range(number, wanted, len(kinds)))
            for takes in _deal(groups[kind], share, joined, rng):
                rows.append(_sentence(f"{split or 'joined'}-{len(rows):05d}", kind, takes, joined, rng))
    return collect(rows, problems), problems


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One sentence; raises ClipError if `media` isn't valid, or doesn't match the store's takes or frames."""
    from slr.preprocessing.clips import pick_joints

    kept = joints(root, settings)
    transition, parts = _parse(media)
    store = _store(root)
    first = parts[0].clip_id
    width, height = store.sizes([first])[0].tolist()
    selector = store.skeleton.selector(kept)
    needed = [part for part, where in store.skeleton.part_slices.items() if selector[:, where].any()]
    columns = np.concatenate([np.arange(len(store.skeleton))[store.skeleton.part_slices[part]] for part in needed])
    coordinates, offsets = store.load([part.clip_id for part in parts], needed)
    for part, n_frames in zip(parts, np.diff(offsets), strict=True):
        if not 0 <= part.start < part.end <= n_frames:
            raise ClipError(f"clip '{part.clip_id}' has {n_frames} frames, not {part.start} to {part.end}; run `dvc "
                            "repro corpus` again")
    pieces = [pick_joints(coordinates[offset + part.start:offset + part.end], selector[:, columns])
              for part, offset in zip(parts, offsets.tolist(), strict=False)]
    return ClipLandmarks(media, store.fps(first), width, height, join(pieces, kept, transition))


def _store(root: str | Path) -> LandmarkStore:
    folder = require_folder(root) / LANDMARKS
    if not folder.is_dir():
        raise CorpusError(f"{root} has no {LANDMARKS}; set corpus.root to {LAYOUT}, or run `dvc repro landmarks` there")
    return _opened(same_file(folder))


@lru_cache(maxsize=1)
def _opened(folder: tuple[str, int, int]) -> LandmarkStore:
    """The store, kept open until its folder is rewritten."""
    return LandmarkStore(folder[0])


def _groups(root: str | Path, joined: JoinedParams, problems: list[Problem]) -> dict[_Kind, list[_Take]]:
    """Groups of takes that can be combined in a sentence, of the selected glosses, ordered by id."""
    store = _store(root)
    clips = read_manifest(Path(root) / MANIFEST)
    clips = clips[(clips.glosses.str.len() == 1) & clips.clip_id.isin(store.clip_ids)].sort_values("clip_id")
    if clips.empty:
        raise CorpusError(f"{root} has no clips with one gloss and with landmarks; set corpus.root to {LAYOUT}")
    if (clips.split.isna() & clips.signer.isna()).any():
        raise CorpusError(f"{root}: clips have neither a split nor a signer, so that sentences for training and for "
                          "test would be joined of the same takes; name one of them in that project's CSV")
    vocabulary = list(dict.fromkeys(clips.glosses.str[0]))[:joined.vocabulary]
    groups: dict[_Kind, list[_Take]] = {}
    for clip in clips[clips.glosses.str[0].isin(vocabulary)].itertuples():
        take = store[clip.clip_id]
        try:
            start, end = sign_frames(take, store.skeleton, joined.rest_threshold)
        except ClipError as error:
            problems.append(Problem(clip.clip_id, "no-hands", "error", str(error), "take it out of that project"))
            continue
        kind = _Kind(_known(clip.split), _known(clip.signer), take.fps, (take.width, take.height))
        groups.setdefault(kind, []).append(_Take(clip.clip_id, clip.glosses[0], len(take), start, end))
    return {kind: takes for kind, takes in groups.items() if _enough(kind, takes, joined, problems)}


def _enough(kind: _Kind, takes: Sequence[_Take], joined: JoinedParams, problems: list[Problem]) -> bool:
    """Whether the takes have enough glosses for a sentence; else adds a problem."""
    n_glosses = len({take.gloss for take in takes})
    if n_glosses < joined.min_glosses:
        problems.append(Problem(
            takes[0].clip_id, "few-glosses", "error",
            f"there are takes of {n_glosses} glosses like it (split {kind.split}, signer {kind.signer}, {kind.fps:g} "
            f"frames a second of {kind.size[0]} x {kind.size[1]})", "lower corpus.joined.min_glosses, or leave them "
            "out of that project"))
    return n_glosses >= joined.min_glosses


def _deal(takes: Sequence[_Take], sentences: int, joined: JoinedParams, rng: np.random.Generator) -> Iterator[
        list[_Take]]:
    """The takes of so many sentences: no gloss twice in a sentence, and every take about equally often.

    All takes are dealt in random order before any is dealt again; one whose gloss the sentence already has waits for
    the next.
    """
    most = min(joined.max_glosses, len({take.gloss for take in takes}))
    left: deque[_Take] = deque()
    for _ in range(sentences):
        length = int(rng.integers(joined.min_glosses, most + 1))
        chosen: list[_Take] = []
        waiting: list[_Take] = []
        while len(chosen) < length:
            if not left:
                left.extend(takes[i] for i in rng.permutation(len(takes)))
            take = left.popleft()
            (waiting if take.gloss in {other.gloss for other in chosen} else chosen).append(take)
        left.extendleft(reversed(waiting))
        yield chosen


def _sentence(clip_id: str, kind: _Kind, takes: Sequence[_Take], joined: JoinedParams,
              rng: np.random.Generator) -> dict[str, Any]:
    """The manifest's row of a sentence; the margins around each sign are random."""
    transition = round(joined.transition_s * kind.fps)
    parts, segments, length = [], [], 0
    for place, take in enumerate(takes):
        longest_s = np.where([place == 0, place == len(takes) - 1], joined.edge_margin_s, joined.margin_s)
        before, after = np.rint(rng.random(2) * longest_s * kind.fps).astype(int).tolist()
        start, end = max(0, take.start - before), min(take.n_frames, take.end + after)
        parts.append((take.clip_id, f"{start}-{end}"))
        segments.append({"start": length + take.start - start, "end": length + take.end - start, "label": take.gloss})
        length += end - start + transition
    query = urlencode([(_TRANSITION, transition), *parts], quote_via=quote, safe="/")
    return row(clip_id, f"{LANDMARKS}#{query}", [take.gloss for take in takes], signer=kind.signer, split=kind.split,
               fps=kind.fps) | {"segments": segments}


def _parse(media: str) -> tuple[int, list[_Part]]:
    """The transition's frames, and the part of each take."""
    folder, _, query = media.partition("#")
    try:
        (name, transition), *takes = parse_qsl(query, strict_parsing=True)
        if folder != LANDMARKS or name != _TRANSITION or not takes:
            raise ValueError
        ranges = ((clip_id, *frames.split("-")) for clip_id, frames in takes)
        return int(transition), [_Part(clip_id, int(start), int(end)) for clip_id, start, end in ranges]
    except ValueError:
        raise ClipError(f"'{media}' is not a joined sentence: {LANDMARKS}#transition=FRAMES&CLIP=START-END&... is"
                        ) from None


def _known(value: Any) -> str | None:
    return None if pd.isna(value) else value
