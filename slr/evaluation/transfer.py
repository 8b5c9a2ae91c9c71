"""Transfer of a trained model to the unseen signs of another corpus: few-shot, without training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.dataset import provenance
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.splits import read_splits
from slr.errors import CorpusError, ParamsError
from slr.inference.model import load_model
from slr.metrics.retrieval import Pairs, all_shot, pair, pair_with_gallery, retrieval_metrics, shots_by_rule
from slr.metrics.silhouette import silhouette, whole_glosses

MANIFEST, LANDMARKS, SPLITS = "manifest.parquet", "landmarks", "splits.parquet"


def transfer(model_dir: str | Path, data: str | Path, any_landmarks: bool = False, gallery: str | None = None,
             queries: str | None = None) -> dict[str, Any]:
    """Recognise the signs of another corpus from its own examples, without training.

    Queries are compared with examples of each sign: clips by other signers if signers are known; other takes if they
    are not, or if there is only one signer. Or the clips of one split of that corpus are the queries, and those of
    another the gallery. The model's own labels are not used. With more than 2,000 clips, evenly chosen glosses are
    tested.

    Parameters
    ----------
    model_dir : path
        A model folder.
    data : path
        A folder with `manifest.parquet` and `landmarks`, as the pipeline leaves them in data/; with a gallery also
        `splits.parquet`.
    any_landmarks : bool, default False
        Test although these landmarks were made differently from the training landmarks (skeleton, extractor, frames per
        second); the metrics then reflect both the new signs and that difference. The model's joints are still required.
    gallery, queries : {"train", "val", "test"}, optional
        The split of the examples and that of the queries; neither or both.

    Returns
    -------
    dict
        `one_shot`, `five_shot` (with intervals, ways and top-5), `five_shot_centroid`, `five_shot_vote`; with all
        examples `top1`, `centroid_top1`, `vote_top1` and the same of `top5`; `map`, `open_set_auroc`, `silhouette` (see
        docs/embeddings.md; what can't be measured is left out); `clips`, `glosses`; `trained_glosses`, how many of
        these share a name with a training gloss; `signers` if known; `examples_by`: "other signers", "other takes", or
        "clips of" the gallery. With a gallery also `gallery_clips`, `query_clips`; `unanswerable`, the queries whose
        gloss isn't in the gallery, which no accuracy counts; `shared_signers`, how many signers are in both, if known.

    Raises
    ------
    CorpusError
        If the folder lacks a part, no two glosses have clips with landmarks, or `gallery` or `queries` has no clips.
    ModelError
        If the model can't be read or isn't an isolated-sign model, or the landmarks were made differently; says what
        differs.
    ParamsError
        If the model needs joints or channels that the landmarks don't have; or if only one of `gallery` and `queries`
        is given, or both are the same.
    """
    data = Path(data)
    missing = [name for name in (MANIFEST, LANDMARKS) if not (data / name).exists()]
    if missing:
        raise CorpusError(f"{data} has no {' and no '.join(missing)}; name a folder as `dvc repro landmarks` leaves it "
                          "in data/")
    trained, store = load_model(model_dir, "isolated"), LandmarkStore(data / LANDMARKS)
    if not any_landmarks:
        trained.require_alike(store, data / LANDMARKS, provenance.landmarks,
                              "extract them alike, choose another model, or use --any-landmarks")
    clips = _clips(data / MANIFEST, store)
    clips = _chosen(clips, data, gallery, queries)
    features = trained.outputs(trained.clips(store, clips.clip_id))["features"].numpy()
    if gallery is None:
        pairs, facts = _among_all(clips, features)
        asking = np.ones(len(clips), bool)
    else:
        asking = (clips.split == queries).to_numpy()
        pairs, facts = _with_gallery(clips, features, asking, gallery)
    glosses = clips.gloss.to_numpy()
    metrics = {**retrieval_metrics(pairs), **shots_by_rule(pairs), **all_shot(pairs),
               "silhouette": silhouette(features[asking], glosses[asking]),
               "clips": len(pairs.glosses), "glosses": len(np.unique(pairs.glosses)),
               "trained_glosses": len(set(glosses) & set(trained.labels)), "signers": clips.signer.nunique() or None,
               **facts}
    return {name: value for name, value in metrics.items() if value is not None}


def _among_all(clips: pd.DataFrame, features: np.ndarray) -> tuple[Pairs, dict[str, Any]]:
    """All clips ask, and those by others answer."""
    by_signers = clips.signer.nunique() > 1
    pairs = pair(features, clips.gloss.to_numpy(),
                 clips.signer.to_numpy(object) if by_signers else np.full(len(clips), None))
    return pairs, {"examples_by": "other signers" if by_signers else "other takes"}


def _with_gallery(clips: pd.DataFrame, features: np.ndarray, asking: np.ndarray,
                  gallery: str) -> tuple[Pairs, dict[str, Any]]:
    """The clips `asking` (N,) bool ask, all others answer."""
    examples, asked = clips[~asking], clips[asking]
    shared = set(examples.signer.dropna()) & set(asked.signer.dropna())
    known = clips.signer.notna().any()
    return pair_with_gallery(features, clips.gloss.to_numpy(), asking), {
        "examples_by": f"clips of {gallery}", "gallery_clips": len(examples), "query_clips": len(asked),
        "unanswerable": int((~asked.gloss.isin(examples.gloss)).sum()),
        "shared_signers": len(shared) if known else None}


def print_transfer(metrics: dict[str, Any]) -> None:
    """Print a table of accuracies with their intervals, then the sizes behind them."""
    from rich.console import Console
    from rich.table import Table

    table = Table("metric", "value", "95 % interval", "ways")
    for name, title in _TITLES.items():
        if name in metrics:
            low, high = (metrics.get(f"{name}_ci_{end}") for end in ("low", "high"))
            interval = "" if low is None or high is None else f"{low:.3f} - {high:.3f}"
            table.add_row(title, f"{metrics[name]:.3f}", interval, str(metrics.get(f"{name}_ways", "")))
    console = Console()
    console.print(table)
    signers = metrics.get("signers", 0)
    who = f" by {signers} signer{'' if signers == 1 else 's'}" if signers else ""
    clips = (f"{metrics['query_clips']} clips, {metrics['unanswerable']} of them of glosses that have no example, and "
             f"{metrics['gallery_clips']} examples" if "query_clips" in metrics else f"{metrics['clips']} clips")
    console.print(f"{clips} of {metrics['glosses']} glosses{who}, compared with "
                  f"{metrics['examples_by']}; {metrics['trained_glosses']} of the glosses have the name of one that "
                  "the model was trained on", soft_wrap=True)
    if metrics.get("shared_signers"):
        console.print(f"{metrics['shared_signers']} of the signers are among both examples and queries", soft_wrap=True)


_TITLES = {"one_shot": "one example of each sign", "one_shot_top5": "... among the five nearest",
           "five_shot": "five examples of each sign", "five_shot_top5": "... among the five nearest",
           "five_shot_centroid": "... the nearest mean", "five_shot_vote": "... a vote of the five nearest",
           "top1": "all examples", "top5": "... among the five nearest", "centroid_top1": "... the nearest mean",
           "centroid_top5": "... among the five nearest means", "vote_top1": "... a vote of the five nearest",
           "map": "mean average precision",
           "open_set_auroc": "open set, area under the curve", "silhouette": "silhouette"}


def _clips(manifest: Path, store: LandmarkStore) -> pd.DataFrame:
    """`clip_id`, `gloss` and `signer` of the clips that have landmarks and one gloss, sorted by `clip_id`."""
    clips = read_manifest(manifest)
    clips = clips[clips.clip_id.isin(store.clip_ids) & (clips.glosses.str.len() == 1)]
    clips = clips.assign(gloss=clips.glosses.str[0]).sort_values("clip_id", ignore_index=True)
    if clips.gloss.nunique() < 2:
        raise CorpusError(f"{manifest} has {len(clips)} clips with landmarks and one gloss, of {clips.gloss.nunique()} "
                          "glosses; signs are told apart from two on")
    return clips[["clip_id", "gloss", "signer"]]


def _chosen(clips: pd.DataFrame, data: Path, gallery: str | None, queries: str | None) -> pd.DataFrame:
    """All clips, or those of the two splits, with their `split`; at most about 2,000, of evenly chosen glosses."""
    if (gallery is None) != (queries is None) or (gallery is not None and gallery == queries):
        raise ParamsError(f"gallery {gallery or 'none'} and queries {queries or 'none'}: name two different splits, as "
                          "by --gallery train --queries test, or neither")
    if gallery is not None:
        clips = clips.merge(read_splits(data / SPLITS)[["clip_id", "split"]], on="clip_id")
        for split in (gallery, queries):
            if not (clips.split == split).any():
                raise CorpusError(f"{data / SPLITS} has no clip of '{split}' with landmarks and one gloss; choose "
                                  f"another of {', '.join(sorted(set(clips.split))) or 'no splits'}")
        clips = clips[clips.split.isin([gallery, queries])].reset_index(drop=True)
    return clips.iloc[whole_glosses(clips.gloss.to_numpy())].reset_index(drop=True)
