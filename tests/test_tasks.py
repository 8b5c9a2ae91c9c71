"""Which clips are whose: with one sign, streams, sentences."""

import pandas as pd
import pytest

from slr.corpora.manifest import SCHEMA, write_manifest
from slr.errors import CorpusError
from slr.params import PoseCtcParams, ScaStgcnDetectionParams, SpoterParams, StfnetParams, parse
from slr.tasks import clips_of, require_clips

CLIPS = pd.DataFrame({
    "clip_id": ["sign", "sentence", "stream", "bare"], "glosses": [["A"], ["A", "B"], [], []],
    "segments": [[{"start": 0, "end": 2, "label": "A"}], [], [{"start": 0, "end": 9, "label": "S"}], []]})


@pytest.mark.parametrize("settings, expected", [
    (SpoterParams(), ["sign"]), (ScaStgcnDetectionParams(), ["stream"]),
    (PoseCtcParams(), ["sign", "sentence"]), (PoseCtcParams(fewest_glosses=2), ["sentence"]),
    (StfnetParams(fewest_glosses=2), ["sentence"])])
def test_each_model_has_its_clips(settings, expected):
    assert clips_of(settings, CLIPS).clip_id.tolist() == expected


def test_a_model_without_clips_is_refused_before_anything_is_computed(tmp_path):
    rows = CLIPS[:2].reindex(columns=SCHEMA.names).assign(media="a.mp4", split=None)
    write_manifest(tmp_path / "manifest.parquet", rows)
    require_clips(parse({}), tmp_path / "manifest.parquet")
    params = parse({"models": {"find": {"family": "sca_stgcn_detection"}},
                    "train": {"model": "find", "models": ["find"]}})
    with pytest.raises(CorpusError, match="models.find can't be trained: the corpus has no streams"):
        require_clips(params, tmp_path / "manifest.parquet")
    params = parse({"models": {"read": {"family": "pose_ctc", "fewest_glosses": 3}},
                    "train": {"model": "read", "models": ["read"]}})
    with pytest.raises(CorpusError, match="no sentences of at least 3 glosses"):
        require_clips(params, tmp_path / "manifest.parquet")


def test_a_model_of_frames_is_refused_where_there_are_landmarks_alone(tmp_path):
    write_manifest(tmp_path / "manifest.parquet", CLIPS[:2].reindex(columns=SCHEMA.names).assign(media="a", split=None))
    models = {"models": {"read": {"family": "stfnet"}}, "train": {"model": "read", "models": ["read"]}}
    require_clips(parse(models), tmp_path / "manifest.parquet")
    with pytest.raises(CorpusError, match="models.read can't be trained: the corpus has no video"):
        require_clips(parse({**models, "corpus": {"name": "boston104"}}), tmp_path / "manifest.parquet")
