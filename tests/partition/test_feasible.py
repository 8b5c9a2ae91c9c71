"""What is refused before anything is computed: each kind on a manifest of a few rows."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from slr.corpora.check import check_corpus
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.errors import CorpusError
from slr.params import Params, parse
from slr.partition.feasible import foreseen, require_feasible


def corpus(glosses: str, **columns: Any) -> pd.DataFrame:
    """A clip of each gloss, in a file of its own, by signers in turn."""
    rows = [{"clip_id": f"c{number:02d}", "media": f"{number}.mp4", "glosses": [gloss], "segments": [],
             "signer": f"s{number // 2 % 4}"} for number, gloss in enumerate(glosses)]
    return pd.DataFrame(rows, columns=SCHEMA.names).assign(**columns)


def settings(*families: str, **sections: Any) -> Params:
    models = {family: {"family": family} for family in families}
    return parse({"models": models, "train": {"model": families[0], "models": list(families)},
                  "corpus": {"name": "folder"}, **sections})


def kinds(params: Params, clips: pd.DataFrame) -> list[tuple[str, str, str]]:
    return [(problem.kind, problem.clip, problem.severity) for problem in foreseen(params, clips)]


@pytest.mark.parametrize("clips, sections, expected", [
    (corpus("ABABABAB"), {}, []),
    (corpus("ABABABAB", signer=None), {"splits": {"test": 0.9, "val": 0.1}}, [("split", "", "error")]),
    (corpus("ABABABAB", signer="s0"), {"splits": {"by": "signer"}}, [("split", "", "error")]),
    (corpus("ABCC", signer=None), {}, [("split", "", "error")]),
    (corpus("ABABABAB", split="train"), {}, [("split", "", "error")]),
    (corpus("AAAAAAAA"), {}, [("one-gloss", "spoter", "error")]),
    (corpus("ABCDEFGH"), {}, [("gallery", "", "error")]),
    (corpus("ABCDEFGH"), {"splits": {"by": "video"}}, [("split", "", "error")]),
])
def test_splits_that_fail_are_foreseen(clips: pd.DataFrame, sections: dict[str, Any], expected: list[Any]):
    assert kinds(settings("spoter", **sections), clips) == expected


def test_a_gallery_goes_on_without_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    params = settings("spoter", train={"models": [], "model": "spoter"})
    assert kinds(params, corpus("ABCDEFGH")) == [("gallery", "", "warning")]
    write_manifest(tmp_path / "manifest.parquet", corpus("ABCDEFGH"))
    require_feasible(params, tmp_path / "manifest.parquet")
    assert "training is left out" in capsys.readouterr().err
    with pytest.raises(CorpusError, match=r"set train.models: \[\]"):
        require_feasible(settings("spoter"), tmp_path / "manifest.parquet")


def test_a_model_with_clips_in_one_split_only_is_foreseen(tmp_path: Path):
    streams = corpus("ABAB", split="train").assign(
        media=[f"stream{number}.mp4" for number in range(4)], clip_id=[f"stream{number}" for number in range(4)],
        segments=[[{"start": 0, "end": 9, "label": "S"}]] * 4, glosses=[[]] * 4)
    signs = corpus("ABABABAB", split=["train"] * 4 + ["val", "val", "test", "test"])
    clips = pd.concat([signs, streams], ignore_index=True)
    assert kinds(settings("spoter", "sca_stgcn_detection", "pose_ctc", models={
        "spoter": {"family": "spoter"}, "sca_stgcn_detection": {"family": "sca_stgcn_detection"},
        "pose_ctc": {"family": "pose_ctc", "min_glosses": 2}}), clips) == [
        ("model-without-clips", "pose_ctc", "error"), ("model-without-clips", "sca_stgcn_detection", "error")]
    write_manifest(tmp_path / "manifest.parquet", clips)
    with pytest.raises(CorpusError, match="can't be tested: none of its 4 clips is in split 'test'"):
        require_feasible(settings("sca_stgcn_detection"), tmp_path / "manifest.parquet")


def test_the_built_in_corpus_is_judged_without_being_drawn():
    def found(**sample: Any) -> list[tuple[str, str]]:
        params = settings("spoter", "sca_stgcn_detection", corpus={"name": "sample", "sample": sample})
        return [(problem.kind, problem.clip) for problem in
                check_corpus(params.corpus, 1, lambda clips: foreseen(params, clips))]

    assert found() == []
    assert found(parts=["isolated"]) == [("model-without-clips", "sca_stgcn_detection")]
