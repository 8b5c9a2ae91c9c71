"""View augmentations as SPOTER's code has them.

Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV Workshops 2022, section
3.2, and their code, which SPOTER embeddings (xmartlabs, 2023) uses, too: squeeze, perspective and the arms' rotation
change the body and leave the hands where they are; rotation turns all joints, the missing ones too, which then are
found.
"""

from dataclasses import replace

import torch
from torch import Tensor

from slr.dataset.skeleton import Skeleton
from slr.params import AugmentParams
from slr.preprocessing.augment import Augment
from slr.preprocessing.augment.space import perspective, rotate, squeeze
from slr.preprocessing.batch import Batch
from slr.preprocessing.points import joints_for, points, with_points

ARM = ("shoulder", "elbow", "wrist")


class AugmentAsPublished(Augment):
    """`Augment` with these view augmentations; parameters and errors as there.

    Raises
    ------
    ParamsError
        If the skeleton lacks neck or arms.
    """

    def __init__(self, params: AugmentParams, skeleton: Skeleton, generator: torch.Generator,
                 frames: int | None = None):
        super().__init__(params, skeleton, generator, frames)
        self.arms = turned_joints(skeleton)
        self.body, self.down = skeleton.part_slices["pose"], params.views == "published_down"

    def _view(self, batch: Batch) -> Batch:
        if not self.views:
            return batch
        moved = points(batch, self.down)
        for change, chosen in zip(self.views, self._choose(len(batch)), strict=True):
            moved = change(replace(batch, landmarks=moved), chosen)
        return with_points(batch, moved, self.down)

    # Each takes a batch whose landmarks are `points`.

    def _rotate(self, batch: Batch, chosen: Tensor) -> Tensor:
        return rotate(batch.landmarks - 0.5, self._angle(self.params.rotate_degrees, len(batch)) * chosen) + 0.5

    def _squeeze(self, batch: Batch, chosen: Tensor) -> Tensor:
        left, right = self._uniform(2, len(batch)) * self.params.squeeze * chosen
        return self._of_the_body(batch.landmarks, squeeze(batch.landmarks - 0.5, left, right) + 0.5)

    def _perspective(self, batch: Batch, chosen: Tensor) -> Tensor:
        by = self._uniform(len(batch)) * self.params.perspective
        side = torch.where(self._uniform(len(batch)) < 0.5, -1.0, 1.0)
        return self._of_the_body(batch.landmarks, perspective(batch.landmarks - 0.5, by * side * chosen) + 0.5)

    def _arms(self, batch: Batch, chosen: Tensor) -> Tensor:
        return super()._arms(replace(batch, mask=torch.ones_like(batch.mask)), chosen)  # around missing joints, too

    def _of_the_body(self, before: Tensor, after: Tensor) -> Tensor:
        """The body's joints `after` a change, without those that were missing; all other joints as `before`."""
        result = before.clone()
        result[:, :, self.body] = after[:, :, self.body].masked_fill(before[:, :, self.body, :1] == 0, 0)
        return result


def turned_joints(skeleton: Skeleton) -> list[tuple[int, list[int]]]:
    """Neck, shoulder and elbow of each arm, with the joints of the arm that turn around it; the hand doesn't."""
    turned = []
    for side in ("left", "right"):
        chain = joints_for(skeleton, ["neck", *(f"{side}_{joint}" for joint in ARM)],
                           "augment.views: published", "augment.views: person")
        turned += [(joint, chain[i + 1:]) for i, joint in enumerate(chain[:-1])]
    return turned
