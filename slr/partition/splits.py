"""Splits: official, by signer, or by video. Never by window.

Clips that must stay in the same split, of one signer (by signer) or of one file (by video), form a *group*, and groups
are assigned to splits as a whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from slr.dataset.manifest import is_gallery
from slr.dataset.splits import MIN_SIGNERS
from slr.errors import CorpusError
from slr.io.progress import warn
from slr.params import SplitsParams
from slr.params.windows import SIGNING, spelled

TRIALS = 200
"""Number of random assignments; the one that leaves fewest clips without their gloss in training is used."""


def make_splits(manifest: pd.DataFrame, clip_ids: Sequence[str], params: SplitsParams) -> pd.DataFrame:
    """Assign every usable clip to train, val or test, and to a test fold if `params.folds` requests them.

    Parameters
    ----------
    manifest : DataFrame
        The manifest (`slr.dataset.manifest`).
    clip_ids : sequence of str
        The usable clips; others of the manifest are left out.
    params : SplitsParams
        `by: official` uses the manifest's split; without a `val` there, it is taken from `train`. `by: signer` gives
        disjoint signers to the splits; clips with unknown signer are training clips only. `by: video` gives disjoint
        files to the splits, with the same shares of each gloss, and of streams with and without signing. `by: auto` is
        the first of these that the corpus allows; a gallery, of one clip for each gloss, is all `train`.

    Returns
    -------
    DataFrame
        `clip_id`, `split` and `fold` (Int32, null if the clip is tested in no fold), sorted by `clip_id`. Deterministic
        for the same clips and settings, in any order.

    Raises
    ------
    CorpusError
        If the corpus can't be split as requested, or train or another requested split would be empty.
    """
    if params.val + params.test >= 1:
        raise CorpusError(f"splits.val {params.val:g} and splits.test {params.test:g} leave nothing to train on; "
                          "lower them")
    if params.folds == 1:
        raise CorpusError("splits.folds: 1 leaves nothing to train on; use 0 for none, or at least 2")
    clips = manifest[manifest.clip_id.isin(clip_ids)].sort_values("clip_id", ignore_index=True)
    if clips.empty:
        raise CorpusError("there are no usable clips to split; see data/landmarks/failures.csv")
    if params.by == "auto" and is_gallery(clips):
        warn(f"each of the {len(clips)} glosses has one clip: all are in 'train', a gallery to search in")
        nowhere = pd.array([pd.NA] * len(clips), dtype="Int32")
        return pd.DataFrame({"clip_id": clips.clip_id, "split": "train", "fold": nowhere})
    by = _choose(clips, params)
    rng = np.random.default_rng(params.seed)
    split = _official(clips, params, rng) if by == "official" else _deal(clips, params.val, params.test, by, rng)
    official = by == "official"
    for name, wanted in (("train", True), ("val", params.val and not official), ("test", params.test or official)):
        if wanted and not (split == name).any():
            raise CorpusError(f"split '{name}' would be empty with {len(clips)} clips of {_glosses(clips).nunique()} "
                              f"glosses (by {by}); record more, change the shares in splits, or choose another "
                              "splits.by")
    _warn_of_unseen_glosses(_glosses(clips), split)
    fold = _folds(clips, params.folds, by, rng)
    return pd.DataFrame({"clip_id": clips.clip_id, "split": split, "fold": fold})


# Which way


def _choose(clips: pd.DataFrame, params: SplitsParams) -> str:
    """`official`, `signer` or `video`; reports the choice of `auto` if it isn't obvious, refuses impossible splits."""
    with_split = int(clips.split.notna().sum())
    signers, unknown = clips.signer.nunique(), int(clips.signer.isna().sum())
    groups = len(np.unique(signer_groups(clips)[clips.signer.notna()]))
    if params.by == "official" or (params.by == "auto" and with_split):
        if with_split < len(clips):
            raise CorpusError(f"{len(clips) - with_split} of {len(clips)} clips have no official split; fill in the "
                              "column 'split' for all of them, or set splits.by to signer or video")
        return "official"
    if params.by == "signer" and groups < MIN_SIGNERS:
        raise CorpusError(f"a split by signer needs at least {MIN_SIGNERS} signers who share no file, the corpus has "
                          f"{groups} ({signers} known); name them in the CSV's column 'signer', or set splits.by: "
                          "video")
    if params.by == "auto" and groups < MIN_SIGNERS:
        warn(f"signers known: {signers}, too few to test on unseen ones: split by video; the numbers say nothing about "
             "people who are not in the recordings")
        return "video"
    if params.by == "auto" and unknown > len(clips) / 2:
        warn(f"the signer of {unknown} of {len(clips)} clips is unknown: split by video; the numbers say nothing about "
             "people who are not in the recordings")
        return "video"
    if params.by in ("auto", "signer"):
        if unknown:
            warn(f"the signer of {unknown} clips is unknown: they only train, and if a test signer is among them, "
                 "that signer isn't unseen")
        return "signer"
    return "video"


def _official(clips: pd.DataFrame, params: SplitsParams, rng: np.random.Generator) -> np.ndarray:
    """The corpus's own split, with a `val` taken from `train` if it has none and one is requested."""
    split = clips.split.to_numpy(object).copy()
    for what, group in (("signers", clips.signer), ("files", clips.media)):
        crossing = sorted(set(group[split == "test"].dropna()) & set(group[split == "train"].dropna()))
        if crossing:
            warn(f"{what} in both train and test of the official split: {len(crossing)}, such as '{crossing[0]}'")
    if params.val and "val" not in split and "train" in split:
        train = clips[split == "train"].reset_index(drop=True)
        by_signer = train.signer.notna().all() and len(np.unique(signer_groups(train))) >= 2
        split[split == "train"] = _deal(train, params.val, 0, "signer" if by_signer else "video", rng)
        if "val" not in split:
            warn("no clip can be spared for validation: the official split has none, and one training file a gloss")
    return split


def _warn_of_unseen_glosses(glosses: pd.Series, split: np.ndarray) -> None:
    unseen = sorted(set(glosses[split != "train"]) - set(glosses[split == "train"]))
    if unseen:
        warn(f"{len(unseen)} glosses are tested or validated but never trained: {', '.join(unseen[:5])}"
             f"{', ...' if len(unseen) > 5 else ''}; record more clips of them")


# Groups


def signer_groups(clips: pd.DataFrame) -> np.ndarray:
    """(clips,) int: clips of one signer, and clips of one file, have the same number.

    Signers who share a file are one group. A clip with unknown signer has the number of its file, or one that no known
    signer has.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    files, _ = pd.factorize(clips.media)
    signers, names = pd.factorize(clips.signer)
    known = signers >= 0
    n_nodes = len(names) + files.max() + 1
    links = coo_array((np.ones(known.sum()), (signers[known], len(names) + files[known])), shape=(n_nodes, n_nodes))
    component = connected_components(links, directed=False)[1]
    return component[len(names) + files]


def _glosses(clips: pd.DataFrame) -> pd.Series:
    """The label used for stratification: a clip's gloss; one name for sentences and streams with signing, and one for
    streams without."""
    return pd.Series([glosses[0] if len(glosses) == 1 else "(signing)" if glosses or _has_signing(segments) else
                      "(no signing)" for glosses, segments in zip(clips.glosses, clips.segments, strict=True)],
                     index=clips.index, dtype=object)


def _has_signing(segments: Iterable[Mapping[str, Any]]) -> bool:
    return any(spelled(segment["label"]) == SIGNING for segment in segments)


# Assigning groups to splits


def _deal(clips: pd.DataFrame, val: float, test: float, by: str, rng: np.random.Generator) -> np.ndarray:
    """(clips,) split names; the best of several random assignments: every gloss trained, shares as requested."""
    glosses, _ = pd.factorize(_glosses(clips))
    if by == "signer":
        groups = signer_groups(clips)
        known = np.unique(groups[clips.signer.notna()])
    else:
        groups, _ = pd.factorize(clips.media)
        strata = _stratum_of_each(groups, glosses)
    best: np.ndarray | None = None
    best_score = None
    for _ in range(TRIALS):
        names = np.full(groups.max() + 1, "train", object)
        if by == "signer":
            _deal_signers(names, rng.permutation(known), val, test)
        else:
            _deal_videos(names, strata, val, test, rng)
        split = names[groups]
        score = _badness(split, glosses, val, test)
        if best_score is None or score < best_score:
            best, best_score = split, score
        if by == "video" and score[0] == 0:
            break  # shares are exact by construction, so nothing can improve
    assert best is not None
    return best


def _deal_signers(names: np.ndarray, order: np.ndarray, val: float, test: float) -> None:
    """Assign the groups in `order` to test, then val; at least one each if requested, and one stays in train."""
    n_val = max(1, round(val * len(order))) if val else 0
    n_test = max(1, round(test * len(order))) if test else 0
    while n_val + n_test >= len(order):
        n_val, n_test = (n_val - 1, n_test) if n_val > n_test else (n_val, n_test - 1)
    names[order[:n_test]] = "test"
    names[order[n_test:n_test + n_val]] = "val"


def _stratum_of_each(groups: np.ndarray, glosses: np.ndarray) -> np.ndarray:
    """(groups,) int: the most frequent gloss in each group."""
    counts = np.zeros((groups.max() + 1, glosses.max() + 1), np.int64)
    np.add.at(counts, (groups, glosses), 1)
    return counts.argmax(axis=1)


def _deal_videos(names: np.ndarray, strata: np.ndarray, val: float, test: float, rng: np.random.Generator) -> None:
    """Assign each gloss's groups to the splits by their shares.

    Rounding errors are carried over from gloss to gloss, so that the shares hold for the corpus even if each gloss has
    only two or three videos. A gloss's last group stays in train.
    """
    owed = {"test": 0.0, "val": 0.0}
    for stratum in rng.permutation(np.unique(strata)):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        left = list(members)
        for name, share in (("test", test), ("val", val)):
            owed[name] += share * len(members)
            while owed[name] >= 0.5 and len(left) > 1:
                names[left.pop()] = name
                owed[name] -= 1


def _badness(split: np.ndarray, glosses: np.ndarray, val: float, test: float) -> tuple[int, float]:
    """Cost: clips in val and test whose gloss isn't trained, then the deviation from the requested shares of clips."""
    trained = np.zeros(glosses.max() + 1, bool)
    trained[glosses[split == "train"]] = True
    unseen = int((~trained[glosses[split != "train"]]).sum())
    return unseen, round(abs((split == "val").mean() - val) + abs((split == "test").mean() - test), 3)


# Folds


def _folds(clips: pd.DataFrame, n_folds: int, by: str, rng: np.random.Generator) -> pd.api.extensions.ExtensionArray:
    """(clips,) Int32: the fold that tests each clip. Folds have disjoint signers if known, else disjoint files."""
    fold = pd.array([pd.NA] * len(clips), dtype="Int32")
    if n_folds == 0:
        return fold
    persons = signer_groups(clips)
    known = np.isin(persons, persons[clips.signer.notna()])
    if by != "video" and len(np.unique(persons[known])) >= MIN_SIGNERS:
        groups = pd.factorize(persons[known])[0]
        fold[known] = _balanced(groups, n_folds, rng)[groups]
        return fold
    groups, _ = pd.factorize(clips.media)
    strata = _stratum_of_each(groups, pd.factorize(_glosses(clips))[0])
    order = rng.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]  # round-robin, gloss after gloss
    of_group = np.empty(len(order), np.int32)
    of_group[order] = np.arange(len(order)) % n_folds
    fold[:] = of_group[groups]
    return fold


def _balanced(groups: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """(groups,) int32: the largest group first, each to the fold with fewest clips; one per fold if folds suffice."""
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    filled = np.zeros(min(n_folds, len(sizes)), np.int64)
    of_group = np.empty(len(sizes), np.int32)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        of_group[group] = filled.argmin()
        filled[filled.argmin()] += sizes[group]
    return of_group
