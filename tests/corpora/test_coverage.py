"""Which models a corpus has clips, joints and channels for."""

from typing import Any

import pandas as pd

from slr.corpora.coverage import Layout, lacks, layout_of
from slr.dataset.skeleton import skeleton
from slr.params import CorpusParams, ModelParams, parse

CLIPS = pd.DataFrame({
    "clip_id": ["sign", "other", "sentence", "stream", "bare"], "glosses": [["A"], ["B"], ["A", "B"], [], []],
    "segments": [[{"start": 0, "end": 2, "label": "A"}], [], [], [{"start": 0, "end": 9, "label": "S"}], []]})


def models(**blocks: dict[str, Any]) -> dict[str, ModelParams]:
    return parse({"models": blocks, "train": {"model": next(iter(blocks)), "models": list(blocks)}}).models


def test_what_a_model_lacks_is_named():
    found = models(sign={"family": "spoter"}, find={"family": "sca_stgcn_detection"},
                   read={"family": "pose_ctc", "min_glosses": 3}, see={"family": "stfnet"})
    assert lacks(found["sign"], "folder", CLIPS[:2]) is None
    assert lacks(found["find"], "folder", CLIPS[:2]).startswith("no streams")
    assert lacks(found["read"], "folder", CLIPS) == "no sentences of at least 3 glosses"
    assert lacks(found["see"], "folder", CLIPS) is None and lacks(found["see"], "boston104", CLIPS) == "no video"


def test_joints_channels_and_normalisation_that_do_not_fit_are_named():
    hands = Layout(skeleton("hands-42"), 2)
    found = models(a={"family": "spoter"}, b={"family": "sca_stgcn", "joints": "hands-42", "normalise": "none"},
                   c={"family": "sca_stgcn", "joints": "hands-42", "normalise": "none", "channels": 3},
                   d={"family": "spoter", "joints": "hands-42"})
    assert lacks(found["a"], "arrays", CLIPS) is None and lacks(found["b"], "arrays", CLIPS, hands) is None
    assert lacks(found["a"], "arrays", CLIPS, hands) == "the joints of hands-42, not of spoter-54"
    assert lacks(found["c"], "arrays", CLIPS, hands) == "2 channels (x, y), not 3"
    assert "can't be normalised by SPOTER's boxes" in str(lacks(found["d"], "arrays", CLIPS, hands))
    face = models(face={"family": "spoter", "joints": "holistic-553"})["face"]
    assert lacks(face, "folder", CLIPS, layout_of(CorpusParams(name="folder"), CLIPS, "holistic-75")) == (
        "the joints of holistic-75, not of holistic-553")
