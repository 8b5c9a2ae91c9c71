"""Which clips are whose: with one sign, streams, sentences."""

import pandas as pd
import pytest

from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stfnet import StfnetParams
from slr.params.families.stgcn import ScaStgcnDetectionParams
from slr.tasks import task_of

CLIPS = pd.DataFrame({
    "clip_id": ["sign", "sentence", "stream", "bare"], "glosses": [["A"], ["A", "B"], [], []],
    "segments": [[{"start": 0, "end": 2, "label": "A"}], [], [{"start": 0, "end": 9, "label": "S"}], []]})


@pytest.mark.parametrize("settings, expected", [
    (SpoterParams(), ["sign"]), (ScaStgcnDetectionParams(), ["stream"]),
    (PoseCtcParams(), ["sign", "sentence"]), (PoseCtcParams(min_glosses=2), ["sentence"]),
    (StfnetParams(min_glosses=2), ["sentence"])])
def test_each_model_has_its_clips(settings, expected):
    assert task_of(settings).clips(settings, CLIPS).clip_id.tolist() == expected
