"""Isolated sign recognition: one gloss per clip."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from slr.params import ModelParams
from slr.tasks.base import LOSS, ClipVectors, Data, Score, Task

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn

    from slr.decoding.records import Reading
    from slr.models.embedding import Embedded
    from slr.preprocessing.batch import Batch
    from slr.preprocessing.clips import Clips
    from slr.preprocessing.inputs import Store
    from slr.preprocessing.normalise import Normalise


class Isolated(Task[ModelParams]):
    """Classification of a clip's sign, or an embedding for retrieval."""

    name = "isolated"
    title = "Single signs"
    score = Score("top1", "top-1", proportion=True)
    other_scores = (Score("top5", "top-5", proportion=True), Score("macro_f1", "macro F1"), LOSS)
    answers, command = "names the sign of a clip", "slr predict"
    evaluator = "slr.evaluation.isolated:evaluate_isolated"

    def clips(self, settings: ModelParams, rows: "pd.DataFrame") -> "pd.DataFrame":
        return rows[rows.glosses.str.len() == 1]

    def lacks(self, settings: ModelParams) -> str:
        return "no clips with one gloss"

    def data(self, store: "Store", rows: "dict[str, pd.DataFrame]", signers: "dict[str, pd.Series]",
             settings: ModelParams) -> Data:
        """Validation clips whose gloss doesn't occur in training are left out: they can't inform checkpoint
        selection."""
        from slr.preprocessing.inputs import inputs_of

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

    def training_counts(self, outputs: "dict[str, Tensor]", batch: "Batch", data: Data,
                        settings: ModelParams) -> "Tensor | None":
        """Right answers, and clips. None of an embedding: it answers by its training clips, which it has only after an
        epoch."""
        return None if settings.embedding is not None else right_answers(outputs, batch)

    def training_metrics(self, counts: list[float]) -> dict[str, float | None]:
        right, clips = counts
        return {"top1": right / clips if clips else None}

    def validate(self, model: "nn.Module", data: Data, normalise: "Normalise",
                 settings: ModelParams) -> dict[str, float | None]:
        """Cross-entropy, top-1, top-5 if there are more classes than five, macro F1; an embedding's silhouette."""
        from torch.nn import functional as F

        from slr.metrics.classification import TOP, macro_f1, ranks
        from slr.metrics.silhouette import silhouette
        from slr.models.outputs import outputs

        clips = cast("Clips", data.val)
        found = outputs(model, clips, normalise)
        logits, targets = found["logits"], clips.targets.numpy()
        values: dict[str, float | None] = {
            "loss": F.cross_entropy(logits, clips.targets).item(),
            "top1": (logits.argmax(1) == clips.targets).float().mean().item()}
        if len(data.labels) > TOP:
            values["top5"] = float((ranks(logits.numpy(), targets) <= TOP).mean())
        values["macro_f1"] = macro_f1(targets, logits.argmax(1).numpy())
        if settings.embedding is not None:
            values["silhouette"] = silhouette(found["features"].numpy(), targets)
        return values

    def scores(self, settings: ModelParams) -> dict[str, Score]:
        """Of an embedding also the silhouette; its top-1 is that of the nearest training clip."""
        of_vectors = {} if settings.embedding is None else {"silhouette": Score("silhouette", "silhouette")}
        return super().scores(settings) | of_vectors

    def after_epoch(self, model: "nn.Module", clips: "Clips", normalise: "Normalise",
                    settings: ModelParams) -> dict[str, float]:
        """An embedding stores the vectors of the training clips under the current weights; their collapse, and their
        silhouette if it is defined."""
        if settings.embedding is None:
            return {}
        from slr.losses.collapse import collapse_facts
        from slr.metrics.silhouette import silhouette
        from slr.models.outputs import outputs

        vectors = outputs(model, clips, normalise)["features"]
        cast("Embedded", model).update_gallery(vectors, clips.targets)
        facts = collapse_facts(vectors, settings.losses)
        separation = silhouette(vectors.numpy(), clips.targets.numpy())
        return facts if separation is None else {**facts, "silhouette_train": separation}

    def calibrate(self, name: str, model: "nn.Module", best: dict[str, Any], data: Data, normalise: "Normalise",
                  settings: ModelParams) -> dict[str, Any]:
        """The degree of an embedding's collapse; warns if it has collapsed."""
        from slr.io.progress import warn
        from slr.losses.collapse import FACTS, advice, collapsed

        found = {fact: best[fact] for fact in FACTS if fact in best}
        if found and collapsed(**found, size=cast(int, model.width), top1=best["val_top1"]):
            warn(advice(name, **found))
        return {f"embedding_{fact}": value for fact, value in found.items()}

    def answer(self, outputs: "dict[str, Tensor]", settings: ModelParams) -> "dict[str, Tensor]":
        """An embedding's vector, which is compared with those of a gallery."""
        if settings.embedding is None:
            return super().answer(outputs, settings)
        return {"vector": outputs["features"][0]}

    def answer_score(self, answers: list[dict[str, np.ndarray]], samples: list[Any], labels: list[str],
                     settings: ModelParams) -> tuple[str, float]:
        """Top-1; of an embedding by the nearest of the other samples."""
        glosses = np.array([sample.row.glosses[0] for sample in samples])
        if settings.embedding is None:
            found = np.array(labels)[[answer["probabilities"].argmax() for answer in answers]]
            return "top1", float((found == glosses).mean())
        vectors = np.stack([answer["vector"] for answer in answers])
        distances = np.linalg.norm(vectors[:, None] - vectors, axis=-1)
        np.fill_diagonal(distances, np.inf)
        return "nearest_top1", float((glosses[distances.argmin(1)] == glosses).mean())

    def require_glosses(self, folder: Any) -> None:
        pass

    def logits(self, outputs: "dict[str, Tensor]", settings: ModelParams, frames: int) -> "tuple[Tensor, int]":
        return outputs["logits"], frames

    def readings(self, logits: "Tensor", labels: list[str], settings: ModelParams) -> "list[Reading]":
        """The most probable gloss, for the whole clip."""
        from slr.decoding.records import Gloss, Reading

        label = int(logits.argmax())
        return [Reading(Gloss(labels[label], 0, 1), label, slice(0, 1))]

    def clip_vectors(self, trained: Any, store: Any, rows: "pd.DataFrame", of: str) -> list[ClipVectors]:
        found = trained.outputs(trained.clips(store, rows.clip_id), (of,))[of].numpy()
        return [ClipVectors(vector[None], np.array([[0.0, 1.0]]), list(glosses))
                for vector, glosses in zip(found, rows.glosses, strict=True)]


def unmixed(batch: "Batch") -> "Tensor":
    """(B,) bool: the clips of a training batch that aren't mixed with another."""
    import torch

    return torch.ones_like(batch.targets, dtype=torch.bool) if batch.mixed_share is None else batch.mixed_share == 0


def right_answers(outputs: "dict[str, Tensor]", batch: "Batch") -> "Tensor":
    """(2,) int64: the right answers for the unmixed clips of a batch, and their number."""
    import torch

    whole = unmixed(batch)
    return torch.stack([(whole & (outputs["logits"].argmax(1) == batch.targets)).sum(), whole.sum()])


def classification(model: "nn.Module", data: Data, settings: ModelParams) -> "nn.Module":
    """The criterion of models that assign one class to each clip or window."""
    from slr.losses.classification import Criterion
    from slr.losses.sca_published import PublishedCriterion

    clips = cast("Clips", data.train)
    counts = clips.targets.bincount(minlength=len(data.labels))
    criterion = PublishedCriterion if settings.losses.published else Criterion
    return criterion(settings, cast(int, model.width), counts, int(clips.signers.max()) + 1)
