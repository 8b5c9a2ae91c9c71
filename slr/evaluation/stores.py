"""What a trained model reads, opened, if it was made as what the model was trained on."""

from pathlib import Path

from slr.errors import ModelError
from slr.inference.model import TrainedModel
from slr.training.data import Store, open_store


def open_alike(trained: TrainedModel, landmarks: Path, frames: Path | None) -> Store:
    """The landmarks or the frames, whichever the model reads.

    Raises
    ------
    CorpusError
        If there are none.
    ModelError
        If they aren't made as those that the model was trained on.
    """
    store = open_store(trained.params, landmarks, frames)
    if store.metadata != trained.config["preprocessing"]:
        raise ModelError(f"the model in {trained.folder} was trained on {trained.params.reads} made differently from "
                         f"those in {landmarks if trained.params.reads == 'landmarks' else frames}; run `dvc repro`")
    return store
