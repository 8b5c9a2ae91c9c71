"""Clips that show the same recording in different splits: they fail, before anything is trained on them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from slr.corpora.copies import described, may_cross
from slr.corpora.films import PICTURES, SIDE, Film, film_of, movement, near_copies
from slr.dataset.frames import decode_jpegs
from slr.io.clipwise import Failure
from slr.io.shards import clip_of
from slr.io.video import Frame
from slr.io.workers import map_unordered

_KEPT_FIRST = ("test", "val", "train", None)


def copied_clips(clips: pd.DataFrame, parts: Mapping[str, Path], films: Callable[[Sequence[str]], Mapping[str, Film]],
                 workers: int = 0) -> list[Failure]:
    """The failures of clips of which another split has, or could get, a copy; the copy in the test set is kept.

    Which clips could be copies is seen in the JPEG frames that were just made. Only those are decoded again, by
    `films`: the frames are too few a second to tell takes from copies.

    Parameters
    ----------
    clips : DataFrame
        The manifest's rows; missing values are None.
    parts : dict of str to Path
        The frames of each clip that has some.
    films : callable
        Decodes clips.
    workers : int, default 0
        Processes; 0 for one per core.
    """
    digests, movements = {}, {}
    for done in map_unordered(_look, list(parts.items()), workers):
        if done.error is not None:
            raise done.error
        digests[done.item[0]], movements[done.item[0]] = done.result
    rows = clips.set_index("clip_id", drop=False)

    def same(one: str, other: str) -> bool:
        return rows.media[one] == rows.media[other] or digests[one] == digests[other]

    pairs = [*_equal(digests, rows), *near_copies(movements, films, PICTURES, same)]
    failed: dict[str, Failure] = {}
    for one, other in pairs:
        if may_cross({rows.split[one]}, {rows.split[other]}) and not {one, other} & failed.keys():
            kept, name = sorted((one, other), key=lambda clip_id: (_KEPT_FIRST.index(rows.split[clip_id]), clip_id))
            failed[name] = Failure(name, "frames", f"{described(rows.loc[[name]])}; a copy of '{kept}' "
                                   f"({described(rows.loc[[kept]])}): only one of them may stay")
    return list(failed.values())


def _equal(digests: Mapping[str, str], rows: pd.DataFrame) -> list[tuple[str, str]]:
    """All pairs of clips of different files with the same frames."""
    alike: dict[str, list[str]] = defaultdict(list)
    for clip_id, digest in sorted(digests.items()):
        alike[digest].append(clip_id)
    return [(one, other) for clip_ids in alike.values() for one, other in combinations(clip_ids, 2)
            if rows.media[one] != rows.media[other]]


def _look(part: tuple[str, Path]) -> tuple[str, np.ndarray]:
    """The digest of a clip's frames, and their movement."""
    table = pq.read_table(part[1], columns=["timestamp_s", "jpeg"])
    clip = clip_of(table)
    shrink = max(fraction for fraction in (1, 2, 4, 8) if fraction == 1 or
                 min(clip["width"], clip["height"]) >= fraction * SIDE)
    frames = (Frame(time_s, image, 0) for time_s, image in
              zip(table["timestamp_s"].to_pylist(), decode_jpegs(table["jpeg"], shrink), strict=True))
    return clip["sha256"], movement(film_of(frames))
