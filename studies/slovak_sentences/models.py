"""The settings of the study, as first written (nothing can choose them), but for the epochs. See README.md."""

from typing import NamedTuple

from slr.params import AugmentParams, JoinedParams, WindowsParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.stgcn import ScaStgcnDetectionParams

VIEWS = AugmentParams(probability=0.9, yaw_degrees=60, squeeze=0, perspective=0, rotate_degrees=8, arm_degrees=6,
                      noise_std=0.1, scale=0.1, frame_rate=0.2)
"""One take of each gloss, to be known from another side: other view points and strong noise, as for slovak_oneshot's
models of front takes; other speeds; nothing mirrored (one right-handed signer)."""


class Recogniser(NamedTuple):
    """A vocabulary, and the model that reads sentences of it.

    Attributes
    ----------
    joined : JoinedParams
        Training sentences of front takes, test sentences of side takes.
    params : PoseCtcParams
    """

    joined: JoinedParams
    params: PoseCtcParams


READER = PoseCtcParams(normalise="hands", epochs=24, patience=24, weight_decay=0.1, splice=0.5, augment=VIEWS)
JOINED = JoinedParams(sentences=1200, test_sentences=200, min_glosses=2, max_glosses=5, seed=1)

RECOGNISERS: dict[str, Recogniser] = {
    "all": Recogniser(JOINED, READER),
    "first50": Recogniser(JOINED.model_copy(update={"vocabulary": 50, "sentences": 400}), READER.model_copy(
        update={"epochs": 36, "patience": 36})),
}
MAIN = "all"
"""The one whose numbers have no prefix in metrics.json."""

DETECTOR = ScaStgcnDetectionParams(
    normalise="hands", widths=[32, 32, 64], hidden=96, epochs=10, patience=10, lr=0.003, warmup_epochs=1,
    augment=VIEWS.model_copy(update={"frame_rate": 0}), windows=WindowsParams(frames=13, stride=3, classes=2))
"""Rest or signing in windows of half a second; at 0.5, as no clips choose a threshold."""
