"""Isolated sign recognition: one gloss per clip."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from slr.params import ModelParams
from slr.tasks.base import ClipVectors, Data, Score, Task

if TYPE_CHECKING:
    from torch import Tensor, nn

    from slr.batches.clips import Clips
    from slr.batches.inputs import Store
    from slr.batches.normalise import Normalise
    from slr.decoding.records import Reading
    from slr.models.embedding import Embedded


class Isolated(Task[ModelParams]):
    """Classification of a clip's sign, or an embedding for retrieval."""

    name = "isolated"
    title = "Single signs"
    score = Score("val_top1", "top-1")
    answers, command = "names the sign of a clip", "slr predict"
    evaluator = "slr.evaluation.isolated:evaluate_isolated"

    def clips(self, settings: ModelParams, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows.glosses.str.len() == 1]

    def lacks(self, settings: ModelParams) -> str:
        return "no clips with one gloss"

    def data(self, store: "Store", rows: dict[str, pd.DataFrame], signers: dict[str, pd.Series],
             settings: ModelParams) -> Data:
        """Validation clips whose gloss doesn't occur in training are left out: they can't inform checkpoint
        selection."""
        from slr.batches.inputs import inputs_of

        glosses = {split: part.glosses.str[0] for split, part in rows.items()}
        labels = sorted(glosses["train"].unique())
        classes = {gloss: i for i, gloss in enumerate(labels)}
        rows = {**rows, "val": rows["val"][glosses["val"].isin(classes)]}
        return Data(labels, **{
            split: inputs_of(settings).load(
                store, part.clip_id, settings, for_training=True, classes=part.glosses.str[0].map(classes),
                signers=signers[split][part.index])
            for split, part in rows.items()})

    def criterion(self, model: "nn.Module", data: Data, settings: ModelParams) -> "nn.Module":
        return classification(model, data, settings)

    def validate(self, model: "nn.Module", clips: "Clips", normalise: "Normalise") -> tuple[float, float]:
        """Cross-entropy, and top-1."""
        from torch.nn import functional as F

        from slr.models.outputs import outputs

        logits = outputs(model, clips, normalise)["logits"]
        return F.cross_entropy(logits, clips.targets).item(), (
            logits.argmax(1) == clips.targets).float().mean().item()

    def after_epoch(self, model: "nn.Module", clips: "Clips", normalise: "Normalise",
                    settings: ModelParams) -> dict[str, float]:
        """An embedding stores the vectors of the training clips under the current weights."""
        if settings.embedding is None:
            return {}
        from slr.losses.collapse import collapse_facts
        from slr.models.outputs import outputs

        vectors = outputs(model, clips, normalise)["features"]
        cast("Embedded", model).update_gallery(vectors, clips.targets)
        return collapse_facts(vectors, settings.losses)

    def calibrate(self, name: str, model: "nn.Module", best: dict[str, Any], data: Data, normalise: "Normalise",
                  settings: ModelParams) -> dict[str, Any]:
        """The degree of an embedding's collapse; warns if it has collapsed."""
        from slr.io.progress import warn
        from slr.losses.collapse import FACTS, advice, collapsed

        found = {fact: best[fact] for fact in FACTS if fact in best}
        if found and collapsed(**found, size=cast(int, model.width), top1=best["val_top1"]):
            warn(advice(name, **found))
        return {f"embedding_{fact}": value for fact, value in found.items()}


    def require_glosses(self, folder: Any) -> None:
        pass

    def logits(self, outputs: "dict[str, Tensor]", settings: ModelParams, frames: int) -> "tuple[Tensor, int]":
        return outputs["logits"], frames

    def readings(self, logits: "Tensor", labels: list[str]) -> "list[Reading]":
        """The most probable gloss, for the whole clip."""
        from slr.decoding.records import Gloss, Reading

        label = int(logits.argmax())
        return [Reading(Gloss(labels[label], 0, 1), label, slice(0, 1))]

    def clip_vectors(self, trained: Any, store: Any, rows: pd.DataFrame, of: str) -> list[ClipVectors]:
        found = trained.outputs(trained.clips(store, rows.clip_id), (of,))[of].numpy()
        return [ClipVectors(vector[None], np.array([[0.0, 1.0]]), list(glosses))
                for vector, glosses in zip(found, rows.glosses, strict=True)]


def classification(model: "nn.Module", data: Data, settings: ModelParams) -> "nn.Module":
    """The criterion of models that assign one class to each clip or window."""
    from slr.losses.classification import Criterion

    clips = cast("Clips", data.train)
    counts = clips.targets.bincount(minlength=len(data.labels))
    return Criterion(settings, cast(int, model.width), counts, int(clips.signers.max()) + 1)
