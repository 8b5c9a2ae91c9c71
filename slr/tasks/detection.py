"""Detection: classification of the windows of a stream, such as signing or not."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from slr.errors import CorpusError, ModelError
from slr.params import ModelParams
from slr.tasks.base import LOSS, ClipVectors, Data, Score, Task
from slr.tasks.isolated import classification, right_answers, unmixed

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn

    from slr.params.families.stgcn import ScaStgcnDetectionParams
    from slr.preprocessing.batch import Batch
    from slr.preprocessing.clips import Clips
    from slr.preprocessing.inputs import Store
    from slr.preprocessing.normalise import Normalise


class Detection(Task["ScaStgcnDetectionParams"]):
    """Detection of signing in a stream."""

    name = "detection"
    title = "Streams"
    score = Score("pr_auc", "PR-AUC")
    other_scores = (Score("f1", "F1"), Score("macro_f1", "macro F1"), Score("accuracy", "accuracy", proportion=True),
                    LOSS)
    answers, command = "finds where signing is", "slr segments"
    per_clip = "windows.csv"
    evaluator = "slr.evaluation.detection:evaluate_detection"

    def clips(self, settings: ModelParams, rows: "pd.DataFrame") -> "pd.DataFrame":
        return rows[(rows.glosses.str.len() == 0) & (rows.segments.str.len() > 0)]

    def lacks(self, settings: ModelParams) -> str:
        return "no streams (clips without glosses whose segments are labelled)"

    def data(self, store: "Store", rows: "dict[str, pd.DataFrame]", signers: "dict[str, pd.Series]",
             settings: "ScaStgcnDetectionParams") -> Data:
        """Windows without a label, or with a label that doesn't occur in training, are left out."""
        from slr.preprocessing.clips import cut
        from slr.preprocessing.inputs import inputs_of
        from slr.preprocessing.windows import windows_of

        length = settings.windows.frames
        assert length is not None
        streams = {split: inputs_of(settings).load(store, part.clip_id, settings, for_training=True,
                                                   signers=signers[split]) for split, part in rows.items()}
        found = {split: windows_of(store, part, settings) for split, part in rows.items()}
        labels = sorted({label for _, _, label in found["train"] if label is not None})
        if settings.windows.signing not in labels:
            raise CorpusError(f"no training window is labelled {settings.windows.signing}, which windows.positive says"
                              f" to find; labels here are {', '.join(labels) or 'none'} (windows.classes joins others "
                              "to rest)")
        return Data(labels, **{
            split: cut(cast("Clips", streams[split]), [(stream, start, labels.index(label))
                                                       for stream, start, label in windows if label in labels], length)
            for split, windows in found.items()})

    def clip_vectors(self, trained: Any, store: Any, rows: "pd.DataFrame", of: str) -> list[ClipVectors]:
        """A vector for each window, labelled or not."""
        from slr.preprocessing.clips import cut
        from slr.preprocessing.windows import windows_of

        windows = windows_of(store, rows, trained.params)
        streams = trained.clips(store, rows.clip_id)
        clips = cut(streams, [(stream, start, -1) for stream, start, _ in windows], trained.window_frames)
        vectors = trained.outputs(clips, (of,))[of].numpy()
        of_stream = np.array([stream for stream, _, _ in windows])
        starts = np.array([start for _, start, _ in windows])
        spans = np.stack([starts, starts + clips.lengths.numpy()], 1) / streams.lengths.numpy()[of_stream, None]
        return [ClipVectors(vectors[of_stream == stream], spans[of_stream == stream],
                            [label for at, _, label in windows if at == stream]) for stream in range(len(rows))]

    def pieces(self, frames: int, settings: "ScaStgcnDetectionParams") -> list[slice]:
        """Adjacent windows; the last one is shorter."""
        length = settings.windows.frames
        assert length is not None
        return [slice(start, min(start + length, frames)) for start in range(0, frames, length)]

    def answer_score(self, answers: list[dict[str, np.ndarray]], samples: list[Any], labels: list[str],
                     settings: "ScaStgcnDetectionParams") -> tuple[str, float] | None:
        """Accuracy of the labelled windows, if there are any."""
        from slr.segments.windows import class_of_frames, window_labels

        right = []
        for answer, sample in zip(answers, samples, strict=True):
            frames = class_of_frames(sample.row.segments, sample.landmarks.frame_numbers, settings.windows)
            windows = settings.windows.model_copy(update={"frames": len(frames)})
            right += [labels[int(answer["probabilities"].argmax())] == label
                      for _, label in window_labels(frames, windows) if label is not None]
        return ("accuracy", float(np.mean(right))) if right else None

    def criterion(self, model: "nn.Module", data: Data, settings: ModelParams) -> "nn.Module":
        return classification(model, data, settings)

    def training_counts(self, outputs: "dict[str, Tensor]", batch: "Batch", data: Data,
                        settings: "ScaStgcnDetectionParams") -> "Tensor | None":
        """Right answers and windows, and of the positive label at a probability of .5: found rightly, found, there."""
        import torch

        positive, whole = data.labels.index(settings.windows.signing), unmixed(batch)
        found = whole & (outputs["logits"].softmax(1)[:, positive] >= 0.5)
        there = whole & (batch.targets == positive)
        return torch.cat([right_answers(outputs, batch), torch.stack([(found & there).sum(), found.sum(),
                                                                      there.sum()])])

    def training_metrics(self, counts: list[float]) -> dict[str, float | None]:
        right, windows, found_rightly, found, there = counts
        return {"accuracy": right / windows if windows else None,
                "f1": 2 * found_rightly / (found + there) if found + there else None}

    def validate(self, model: "nn.Module", data: Data, normalise: "Normalise",
                 settings: "ScaStgcnDetectionParams") -> dict[str, float | None]:
        """Cross-entropy, the macro-averaged area under the precision-recall curve, the positive label's F1 at a
        probability of .5, macro F1 and accuracy."""
        from torch.nn import functional as F

        from slr.metrics.detection import class_metrics, precision_recall_f1
        from slr.models.outputs import outputs

        clips = cast("Clips", data.val)
        logits, targets = outputs(model, clips, normalise)["logits"], clips.targets.numpy()
        probabilities = logits.softmax(1).numpy()
        every, positive = class_metrics(probabilities, targets), data.labels.index(settings.windows.signing)
        f1 = precision_recall_f1(targets == positive, probabilities[:, positive] >= 0.5)[2]
        return {"loss": F.cross_entropy(logits, clips.targets).item(), "pr_auc": every["macro_pr_auc"], "f1": f1,
                "macro_f1": every["macro_f1"], "accuracy": every["accuracy"]}

    def require_config(self, config: dict[str, Any], settings: "ScaStgcnDetectionParams") -> None:
        """The positive label has to be one of the labels, and the threshold a probability."""
        if settings.windows.signing not in config["labels"]:
            raise ModelError(f"none of its labels is {settings.windows.signing}, which windows.positive says to find")
        threshold = config["training"]["threshold"]
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
            raise ModelError(f"its threshold {str(threshold)[:40]!r} is no probability")

    def calibrate(self, name: str, model: "nn.Module", best: dict[str, Any], data: Data, normalise: "Normalise",
                  settings: "ScaStgcnDetectionParams") -> dict[str, Any]:
        """`threshold`: the probability threshold of the positive label with the best F1; 0.5 without clips."""
        from slr.metrics.detection import best_threshold
        from slr.models.outputs import outputs

        positive = data.labels.index(settings.windows.signing)
        clips = cast("Clips", data.val)
        actual = clips.targets == positive
        if not actual.any():
            return {"threshold": 0.5}
        found = outputs(model, clips, normalise)["logits"].softmax(1).numpy()
        return {"threshold": best_threshold(actual.numpy(), found[:, positive])}
