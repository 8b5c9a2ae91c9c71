"""Classification of isolated signs in videos, with a trained model only."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.errors import ModelError
from slr.extraction.persons import PeopleCheck
from slr.extraction.video import find_sign
from slr.inference.exported import load
from slr.inference.notes import Note, clip_notes, frame_notes
from slr.inference.video import video_reader
from slr.models.device import choose_device
from slr.params.persons import Person


class Prediction(NamedTuple):
    """The most probable glosses of a video with their probabilities, and notes on what may make them wrong."""

    glosses: list[tuple[str, float]]
    notes: list[Note]


class Predictor:
    """Recognises the sign in a video exactly as the pipeline would: same frames, same landmarks, same probabilities.

    Parameters
    ----------
    model_dir : path
        A model folder, such as models/selected, or an exported file, model.onnx.
    any_extractor : bool, default False
        Predict although this machine's extractor differs from that of training; accuracy may be lower, by an unknown
        amount.
    dataset : Dataset, optional
        Data set of the clip ids; this project's by default.
    device : str, default "cpu"
        See `slr.models.device.choose_device`.
    person : str or tuple, optional
        Crop videos to one person first: `largest`, `left` or `right`, or a box x, y, width, height in pixels; by
        default as the training clips were.

    Raises
    ------
    ParamsError
        If this machine doesn't have the device.
    ModelError
        If the model is missing or incomplete, isn't an isolated-sign model, is an embedding that knows no clips, or was
        trained on landmarks of another extractor; says what differs.

    Examples
    --------
    >>> Predictor("models/selected").predict("hello.mp4", top=1)
    [('hello', 0.93)]
    """

    def __init__(self, model_dir: str | Path, any_extractor: bool = False, dataset: Dataset | None = None,
                 device: str = "cpu", person: Person | None = None):
        self.trained = replace(load(model_dir, "isolated", choose_device(device, "device")), person=person)
        gallery = getattr(self.trained.model, "gallery", None)
        if gallery is not None and not len(gallery):
            raise ModelError(f"the model in {model_dir} is an embedding that knows no signs; show it some by "
                             "`slr index build`, and use `slr search`")
        self.reader = video_reader(self.trained, any_extractor)
        self.dataset = dataset or Dataset()

    def predict(self, clip: str | Path, top: int = 5) -> list[tuple[str, float]]:
        """The most probable glosses of a video (or a folder of images) with one sign, with their probabilities.

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
        return self.answer(clip, top).glosses

    def answer(self, clip: str | Path, top: int = 5) -> Prediction:
        """The same, with notes: a clip of few frames, or far longer or shorter than those of training, a person or
        hands found in few frames, a person small in the picture, a second one, a model that knows invented signs
        only."""
        people = PeopleCheck()
        landmarks, source, cut = find_sign(clip, self._store, lambda: self.reader, people)
        probabilities = self.trained.recognise(landmarks, source)
        best = np.argsort(-probabilities, kind="stable")[:top]
        return Prediction([(self.trained.labels[i], float(probabilities[i])) for i in best],
                          [*frame_notes(len(landmarks), cut), *clip_notes(self.trained, landmarks, source, people)])

    def _store(self) -> LandmarkStore:
        return cast(LandmarkStore, self.trained.open(self.dataset))


def print_predictions(predictions: dict[str, list[tuple[str, float]]]) -> None:
    """Print a table: for each video its glosses and their probabilities."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("video", "gloss", "probability")
    for video, ranked in predictions.items():
        for place, (gloss, probability) in enumerate(ranked):
            last = place == len(ranked) - 1
            table.add_row(escape(video) if place == 0 else "", escape(gloss), f"{probability:.1%}", end_section=last)
    Console().print(table)
