"""A landmark model as one module from raw landmarks to its answer, which exporters trace.

It has no padding: it takes one clip. Everything else is the very code that training and inference run.
"""

import torch
from torch import Tensor, nn

from slr.dataset.landmark_store import skeleton_of
from slr.errors import ModelError
from slr.inference.model import TrainedModel
from slr.preprocessing.batch import Batch
from slr.preprocessing.normalise import normaliser
from slr.preprocessing.resample import resample


class LandmarkGraph(nn.Module):
    """Raw landmarks of a clip -> the answer of a trained model.

    Parameters
    ----------
    trained : TrainedModel
    pixels : bool
        x and y are in pixels, and z in pixels of the width, rather than all in fractions of the frame.

    Attributes
    ----------
    source : Skeleton
        The joints that it takes: those of the extractor.
    channels : int
        The channels that it takes: the first of x, y, z, visibility.

    Raises
    ------
    ParamsError
        If the model's joints can't be derived from the extractor's.
    ModelError
        If `pixels` is asked of metric landmarks, which have none.
    """

    selected: Tensor

    def __init__(self, trained: TrainedModel, pixels: bool):
        super().__init__()
        self.model, self.params, self.task = trained.model, trained.params, trained.task
        self.source, self.channels = skeleton_of(trained.config["preprocessing"]), trained.params.channels
        selector = self.source.selector(trained.skeleton)
        self.register_buffer("selected", torch.from_numpy(selector.argmax(1)), persistent=False)
        self.derived = [(row, [int(joint) for joint in weights.nonzero()[0]])
                        for row, weights in enumerate(selector) if (weights > 0).sum() > 1]
        self.normalise = normaliser(trained.params.normalise, trained.skeleton)
        self.pixels, self.has_frame = pixels, self.source.space == "image"
        if pixels and not self.has_frame:
            raise ModelError(f"the model in {trained.folder} takes landmarks in metres, which have no pixels; export "
                             "it without --pixels")

    def forward(self, landmarks: Tensor, size: Tensor) -> dict[str, Tensor]:
        """The task's answer: see `slr.tasks.base.Task.answer`.

        Parameters
        ----------
        landmarks : Tensor (T, J, C) float32
            Of the joints `source`; NaN where missing.
        size : Tensor (2,) float32
            Width and height of the frame in pixels; not used for metric landmarks.
        """
        joints, found = self.arranged(landmarks, size)
        frames = torch.ones_like(found[:, 0], dtype=torch.int64).sum()[None]
        if self.params.frames is not None:
            joints, found = resample(joints, found, frames, self.params.frames)
            frames = torch.full_like(frames, self.params.frames)
        unknown = torch.full_like(frames, -1)
        batch = self.normalise(Batch(joints[None], found[None], frames, unknown, unknown, ("",)))
        return self.task.answer(self.model(batch), self.params)

    def arranged(self, landmarks: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """The model's joints (T, J, C), zero where missing, and where they were found (T, J); what
        `slr.preprocessing.clips.arrange` does."""
        if self.pixels:
            landmarks = landmarks / self._per_channel(size[0], size[1], size[0])
        picked = landmarks.index_select(1, self.selected)
        for row, sources in self.derived:
            picked[:, row] = landmarks[:, sources].mean(1)
        found = ~picked.isnan().any(-1)
        picked = picked.nan_to_num(0)
        if self.has_frame:
            picked = picked - torch.tensor([0.5, 0.5, 0, 0])[:self.channels]
        if self.has_frame and not self.params.in_fractions:
            aspect = size[0] / size[1]
            picked = picked * self._per_channel(aspect, torch.ones_like(aspect), aspect)
        return picked.masked_fill(~found[..., None], 0), found

    def _per_channel(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """(C,): a factor for each channel; visibility has none."""
        return torch.stack([x, y, z, torch.ones_like(x)])[:self.channels]


def refuse_images(trained: TrainedModel, pixels: bool) -> LandmarkGraph:
    """Raises ModelError: models that read images aren't exported."""
    raise ModelError(f"the model in {trained.folder} reads {trained.inputs.name}, and only models that read landmarks "
                     "are exported; name one of those, such as models/pose_ctc")
