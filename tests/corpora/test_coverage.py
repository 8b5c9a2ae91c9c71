"""Which models a corpus has clips for."""

import pandas as pd
import pytest

from slr.corpora.coverage import lacks, require_clips
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.dataset.skeleton import skeleton
from slr.errors import CorpusError
from slr.params import parse

CLIPS = pd.DataFrame({
    "clip_id": ["sign", "other", "sentence", "stream", "bare"], "glosses": [["A"], ["B"], ["A", "B"], [], []],
    "segments": [[{"start": 0, "end": 2, "label": "A"}], [], [], [{"start": 0, "end": 9, "label": "S"}], []]})


def test_a_model_without_clips_is_refused_before_anything_is_computed(tmp_path):
    rows = CLIPS[:3].reindex(columns=SCHEMA.names).assign(media="a.mp4", split=None)
    write_manifest(tmp_path / "manifest.parquet", rows)
    require_clips(parse({}), tmp_path / "manifest.parquet")
    params = parse({"models": {"find": {"family": "sca_stgcn_detection"}},
                    "train": {"model": "find", "models": ["find"]}})
    with pytest.raises(CorpusError, match="models.find can't be trained: the corpus has no streams"):
        require_clips(params, tmp_path / "manifest.parquet")
    params = parse({"models": {"read": {"family": "pose_ctc", "min_glosses": 3}},
                    "train": {"model": "read", "models": ["read"]}})
    with pytest.raises(CorpusError, match="no sentences of at least 3 glosses"):
        require_clips(params, tmp_path / "manifest.parquet")


def test_one_gloss_is_no_choice(tmp_path):
    rows = CLIPS.iloc[[0, 2, 3]].reindex(columns=SCHEMA.names).assign(media="a.mp4", split=None)
    write_manifest(tmp_path / "manifest.parquet", rows)
    with pytest.raises(CorpusError, match="spoter can't be trained: the corpus has only one gloss for it, 'A'"):
        require_clips(parse({}), tmp_path / "manifest.parquet")


def test_a_model_of_other_joints_is_named():
    hands = skeleton("hands-42")
    models = {"a": {"family": "spoter"}, "b": {"family": "sca_stgcn", "joints": "hands-42"}}
    spoter, graph = parse({"models": models, "train": {"model": "a", "models": ["a"]}}).models.values()
    assert lacks(spoter, "arrays", CLIPS) is None and lacks(graph, "arrays", CLIPS, hands) is None
    assert lacks(spoter, "arrays", CLIPS, hands) == "the joints of hands-42, not of spoter-54"


def test_a_model_of_frames_is_refused_where_there_are_landmarks_alone(tmp_path):
    write_manifest(tmp_path / "manifest.parquet", CLIPS[:3].reindex(columns=SCHEMA.names).assign(media="a", split=None))
    models = {"models": {"read": {"family": "stfnet"}}, "train": {"model": "read", "models": ["read"]}}
    require_clips(parse(models), tmp_path / "manifest.parquet")
    with pytest.raises(CorpusError, match="models.read can't be trained: the corpus has no video"):
        require_clips(parse({**models, "corpus": {"name": "boston104"}}), tmp_path / "manifest.parquet")
