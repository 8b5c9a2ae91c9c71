"""From a video to its sign, with a trained model and nothing else."""

from pathlib import Path
from typing import cast

import numpy as np

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.extraction.video import find_landmarks
from slr.inference.model import load_model
from slr.inference.video import video_reader


class Predictor:
    """Recognises the sign in a video exactly as the pipeline would: same frames, same landmarks, same probabilities.

    Parameters
    ----------
    model_dir : path
        A model's folder, such as models/selected.
    any_extractor : bool, default False
        Predict although this machine's extractor isn't the one of training; the answers may be worse, and nobody knows
        by how much.
    dataset : Dataset, optional
        Where clip ids are from; this project's by default.

    Raises
    ------
    ModelError
        If the model is missing or incomplete, isn't one of clips with one sign, or was trained on landmarks of another
        extractor; says what differs.

    Examples
    --------
    >>> Predictor("models/selected").predict("hello.mp4", top=1)
    [('hello', 0.93)]
    """

    def __init__(self, model_dir: str | Path, any_extractor: bool = False, dataset: Dataset | None = None):
        self.trained = load_model(model_dir, "isolated")
        self.reader = video_reader(self.trained, any_extractor)
        self.dataset = dataset or Dataset()

    def predict(self, clip: str | Path, top: int = 5) -> list[tuple[str, float]]:
        """The most likely glosses of a video (or a folder of images) with one sign, and how likely each is.

        Parameters
        ----------
        clip : str or Path
            A video, a folder of images, or a clip id of the corpus.
        top : int, default 5

        Raises
        ------
        ClipError
            If the video can't be read or no person is found in it.
        CorpusError
            If there is neither a file nor a clip of that name.
        """
        clips = self.trained.clip(*find_landmarks(clip, self._store, lambda: self.reader))
        probabilities = self.trained.probabilities(clips)[0]
        best = np.argsort(-probabilities.numpy(), kind="stable")[:top]
        return [(self.trained.labels[i], float(probabilities[i])) for i in best]

    def _store(self) -> LandmarkStore:
        return cast(LandmarkStore, self.trained.open(self.dataset))


def print_predictions(predictions: dict[str, list[tuple[str, float]]]) -> None:
    """A table: for each video its glosses and their probabilities."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("video", "gloss", "probability")
    for video, ranked in predictions.items():
        for place, (gloss, probability) in enumerate(ranked):
            last = place == len(ranked) - 1
            table.add_row(escape(video) if place == 0 else "", escape(gloss), f"{probability:.1%}", end_section=last)
    Console().print(table)
