"""Transfer of a trained model to the unseen signs of another corpus: few-shot, without training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.dataset import provenance
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.errors import CorpusError
from slr.inference.model import load_model
from slr.metrics.retrieval import all_shot, pair, retrieval_metrics
from slr.metrics.silhouette import silhouette, whole_glosses

MANIFEST, LANDMARKS = "manifest.parquet", "landmarks"


def transfer(model_dir: str | Path, data: str | Path, any_landmarks: bool = False) -> dict[str, Any]:
    """Recognise the signs of another corpus from its own examples, without training.

    Queries are compared with examples of each sign: clips by other signers if signers are known; other takes if they
    are not, or if there is only one signer. The model's own labels are not used. With more than 2,000 clips, evenly
    chosen glosses are tested.

    Parameters
    ----------
    model_dir : path
        A model folder.
    data : path
        A folder with `manifest.parquet` and `landmarks`, as the pipeline leaves them in data/.
    any_landmarks : bool, default False
        Test although these landmarks were made differently from the training landmarks (skeleton, extractor, frames per
        second); the metrics then reflect both the new signs and that difference. The model's joints are still required.

    Returns
    -------
    dict
        `one_shot`, `five_shot` (with intervals, ways and top-5), `top1` and `top5` with all examples, `map`,
        `open_set_auroc`, `silhouette` (see docs/embeddings.md; what can't be measured is left out); `clips`, `glosses`;
        `trained_glosses`, how many of these share a name with a training gloss; `signers` if known; `examples_by`:
        "other signers" or "other takes".

    Raises
    ------
    CorpusError
        If the folder lacks one of the two, or no two glosses have clips with landmarks.
    ModelError
        If the model can't be read or isn't an isolated-sign model, or the landmarks were made differently; says what
        differs.
    ParamsError
        If the model needs joints or channels that the landmarks don't have.
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
    signers = clips.signer.nunique()
    by_signers = signers > 1
    features = trained.outputs(trained.clips(store, clips.clip_id))["features"].numpy()
    glosses = clips.gloss.to_numpy()
    pairs = pair(features, glosses, clips.signer.to_numpy(object) if by_signers else np.full(len(clips), None))
    metrics = {**retrieval_metrics(pairs), **all_shot(pairs), "silhouette": silhouette(features, glosses),
               "clips": len(pairs.glosses), "glosses": len(np.unique(pairs.glosses)),
               "trained_glosses": len(set(glosses) & set(trained.labels)), "signers": signers or None,
               "examples_by": "other signers" if by_signers else "other takes"}
    return {name: value for name, value in metrics.items() if value is not None}


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
    console.print(f"{metrics['clips']} clips of {metrics['glosses']} glosses{who}, compared with "
                  f"{metrics['examples_by']}; {metrics['trained_glosses']} of the glosses have the name of one that "
                  "the model was trained on", soft_wrap=True)


_TITLES = {"one_shot": "one example of each sign", "one_shot_top5": "... among the five nearest",
           "five_shot": "five examples of each sign", "five_shot_top5": "... among the five nearest",
           "top1": "all examples", "top5": "... among the five nearest", "map": "mean average precision",
           "open_set_auroc": "open set, area under the curve", "silhouette": "silhouette"}


def _clips(manifest: Path, store: LandmarkStore) -> pd.DataFrame:
    """`clip_id`, `gloss` and `signer` of the clips that have landmarks and one gloss, sorted by `clip_id`."""
    clips = read_manifest(manifest)
    clips = clips[clips.clip_id.isin(store.clip_ids) & (clips.glosses.str.len() == 1)]
    clips = clips.assign(gloss=clips.glosses.str[0]).sort_values("clip_id", ignore_index=True)
    if clips.gloss.nunique() < 2:
        raise CorpusError(f"{manifest} has {len(clips)} clips with landmarks and one gloss, of {clips.gloss.nunique()} "
                          "glosses; signs are told apart from two on")
    return clips[["clip_id", "gloss", "signer"]].iloc[whole_glosses(clips.gloss.to_numpy())].reset_index(drop=True)
