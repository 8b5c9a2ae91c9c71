from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slr.dataset.manifest import SCHEMA
from slr.dataset.splits import read_splits, write_splits
from slr.errors import CorpusError
from slr.params import SplitsParams
from slr.partition.splits import make_splits


def corpus(rows: list[tuple[str, str | None, str]], split: list[str] | None = None) -> pd.DataFrame:
    """Manifest of (gloss, signer, media) rows."""
    return pd.DataFrame({
        "clip_id": [f"c{number:04d}" for number in range(len(rows))],
        "media": [media for _, _, media in rows],
        "glosses": [[gloss] for gloss, _, _ in rows],
        "signer": pd.Series([signer for _, signer, _ in rows], dtype=object),
        "split": pd.Series(split or [None] * len(rows), dtype=object),
    }).reindex(columns=SCHEMA.names)


def grid(signers: int = 8, glosses: int = 5, repetitions: int = 3) -> pd.DataFrame:
    """Every signer signs every gloss."""
    return corpus([(f"g{g}", f"s{s}", f"{s}/{g}/{r}.mp4")
                   for s in range(signers) for g in range(glosses) for r in range(repetitions)])


def unknown_signers(clips: pd.DataFrame) -> pd.DataFrame:
    return clips.assign(signer=pd.Series([None] * len(clips), dtype=object))


def split(clips: pd.DataFrame, **settings) -> pd.DataFrame:
    return make_splits(clips, list(clips.clip_id), SplitsParams(**settings)).merge(clips, on="clip_id",
                                                                                 suffixes=("", "_official"))


def crossing(splits: pd.DataFrame, column: str, into: str = "split") -> set:
    """Values of `column` in more than one split (or fold)."""
    known = splits[splits[column].notna() & splits[into].notna()]
    counts = known.groupby(column)[into].nunique()
    return set(counts.index[counts > 1])


def share(splits: pd.DataFrame, name: str) -> float:
    return (splits.split == name).mean()


corpora = st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["s1", "s2", "s3", "s4", "s5", None]),
                             st.integers(0, 40).map("{}.mp4".format)), min_size=12, max_size=80).map(corpus)


@settings(max_examples=60)
@given(corpora, st.sampled_from(["auto", "signer", "video"]), st.integers(0, 3), st.sampled_from([0, 2, 5, 100]))
def test_no_signer_video_or_clip_crosses(clips, by, seed, folds):
    try:
        splits = split(clips, by=by, seed=seed, folds=folds)
    except CorpusError:  # too small for three splits, and said so
        return
    assert sorted(splits.clip_id) == sorted(clips.clip_id)
    assert set(splits.split) == {"train", "val", "test"}
    assert not crossing(splits, "media") and not crossing(splits, "media", "fold")
    if by == "signer":
        assert not crossing(splits, "signer") and not crossing(splits, "signer", "fold")


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.sampled_from(["signer", "video"]))
def test_the_order_of_the_manifest_changes_nothing(random, by):
    clips = grid(5, 3, 2)
    order = list(range(len(clips)))
    random.shuffle(order)
    shuffled = clips.iloc[order].reset_index(drop=True)
    params = SplitsParams(by=by, folds=3)
    pd.testing.assert_frame_equal(make_splits(clips, list(clips.clip_id), params),
                                  make_splits(shuffled, list(shuffled.clip_id), params))


@pytest.mark.parametrize("by", ["signer", "video"])
def test_the_seed_decides(by):
    clips = grid()
    deals = {tuple(split(clips, by=by, seed=seed).split) for seed in range(5)}
    assert len(deals) > 1
    assert tuple(split(clips, by=by, seed=3).split) in deals


def test_clips_that_failed_are_left_out():
    clips = grid()
    usable = list(clips.clip_id[5:])
    assert sorted(make_splits(clips, usable, SplitsParams()).clip_id) == sorted(usable)


# By signer


def test_shares_of_signers():
    splits = split(grid(signers=16))
    assert Counter(splits.groupby("signer").split.first()) == {"train": 10, "val": 2, "test": 4}


def test_three_signers_are_enough():
    splits = split(grid(signers=3), by="signer")
    assert Counter(splits.groupby("signer").split.first()) == {"train": 1, "val": 1, "test": 1}


def test_signers_of_unequal_size_are_chosen_so_that_shares_hold():
    rows = [("g", f"s{s}", f"{s}-{n}.mp4") for s, size in enumerate([100, 10, 10, 10, 10, 10, 10]) for n in range(size)]
    splits = split(corpus(rows), by="signer")
    assert splits.split[splits.signer == "s0"].unique() == ["train"]


def test_every_tested_gloss_is_trained_where_a_deal_allows_it():
    rows = [("common", f"s{s}", f"{s}.mp4") for s in range(8)]
    rows += [("rare", "s0", "rare0.mp4"), ("rarer", "s1", "rare1.mp4"), ("rarest", "s2", "rare2.mp4")]
    for seed in range(5):
        splits = split(corpus(rows), by="signer", seed=seed)
        assert set(splits.signer[splits.split != "train"]).isdisjoint({"s0", "s1", "s2"})


def test_a_gloss_that_is_never_trained_is_told(capsys):
    rows = [(f"g{s}", f"s{s}", f"{s}.mp4") for s in range(4)]
    split(corpus(rows), by="signer")
    assert "tested or validated but never trained" in capsys.readouterr().err


def test_signers_in_one_file_are_kept_together():
    rows = [("g", f"s{s}", f"{s}.mp4") for s in range(6)] + [("g", "s0", "both.mp4"), ("g", "s1", "both.mp4")]
    for seed in range(6):
        splits = split(corpus(rows), by="signer", seed=seed)
        assert splits[splits.signer.isin(["s0", "s1"])].split.nunique() == 1


def test_unknown_signers_only_train(capsys):
    clips = grid()
    clips.loc[clips.index % 10 == 0, "signer"] = None
    splits = split(clips, folds=100)
    assert set(splits.split[splits.signer.isna()]) == {"train"}
    assert splits.fold[splits.signer.isna()].isna().all()
    assert "the signer of 12 clips is unknown: they only train" in capsys.readouterr().err


@pytest.mark.parametrize("signers", [0, 1, 2])
def test_too_few_signers(signers, capsys):
    clips = grid(signers) if signers else unknown_signers(grid(2))
    splits = split(clips)
    assert "split by video" in capsys.readouterr().err
    assert set(splits.split) == {"train", "val", "test"}
    with pytest.raises(CorpusError, match="at least 3 signers .* splits.by: video"):
        split(clips, by="signer")


def test_mostly_unknown_signers_fall_back_to_videos(capsys):
    clips = grid()
    clips.loc[clips.index % 3 != 0, "signer"] = None
    assert crossing(split(clips), "signer")
    assert "80 of 120 clips is unknown: split by video" in capsys.readouterr().err


# By video


def test_each_gloss_is_shared_out_alike():
    splits = split(grid(), by="video")
    assert share(splits, "test") == pytest.approx(0.25, abs=0.01)
    assert share(splits, "val") == pytest.approx(0.125, abs=0.01)
    for _, of_gloss in splits.groupby(splits.glosses.str[0]):
        assert share(of_gloss, "test") == pytest.approx(0.25, abs=0.05)


def test_shares_hold_where_glosses_have_two_videos():
    splits = split(corpus([(f"g{g}", None, f"{g}-{n}.mp4") for g in range(80) for n in range(2)]))
    assert share(splits, "test") == pytest.approx(0.25, abs=0.02)
    assert share(splits, "val") == pytest.approx(0.125, abs=0.02)
    assert splits[splits.split == "train"].glosses.str[0].nunique() == 80


def test_sentences_are_one_stratum():
    clips = unknown_signers(grid())
    clips["glosses"] = [["A", f"B{n}"] for n in range(len(clips))]
    assert share(split(clips), "test") == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("folds", [0, 4])
def test_streams_with_and_without_signing_are_shared_out_alike(folds):
    """Eight of 40 have signing: without strata, a split of some has none with high probability."""
    streams = unknown_signers(corpus([("", None, f"{n}.npz") for n in range(40)]))
    streams["glosses"] = [[] for _ in range(40)]
    streams["segments"] = [[{"start": 0, "end": 9, "label": "n"}, {"start": 9, "end": 12, "label": "S" if n % 5 == 0
                            else "P"}] for n in range(40)]
    for seed in range(4):
        splits = split(streams, seed=seed, folds=folds, val=0.25)
        signing = splits.segments.map(lambda segments: segments[1]["label"] == "S")
        assert signing.groupby(splits.split).sum().to_dict() == {"train": 4, "val": 2, "test": 2}
        assert splits.split.value_counts().to_dict() == {"train": 20, "val": 10, "test": 10}
        if folds:
            assert signing.groupby(splits.fold).sum().tolist() == [2] * 4


def test_one_video_a_gloss_cannot_be_split():
    clips = corpus([(f"g{g}", None, f"{g}.mp4") for g in range(20)])
    with pytest.raises(CorpusError, match="split 'val' would be empty|split 'test' would be empty"):
        split(clips, by="video")
    assert set(split(clips).split) == {"train"}  # a gallery


def test_no_val_or_test_where_none_is_wanted():
    assert set(split(grid(), by="video", val=0, test=0).split) == {"train"}
    assert set(split(grid(), by="signer", val=0).split) == {"train", "test"}


# Official


def test_the_official_split_is_taken_as_it_is():
    names = (["train"] * 6 + ["val"] + ["test"] * 3) * 12
    clips = grid().assign(split=names)
    assert list(split(clips).sort_values("clip_id").split) == names


@pytest.mark.parametrize("known", [True, False])
def test_a_missing_val_is_carved_from_train(known):
    clips = grid()
    clips["split"] = np.where(clips.signer.isin(["s6", "s7"]), "test", "train")
    splits = split(clips if known else unknown_signers(clips))
    was_test = clips.split[splits.index] == "test"
    assert ((splits.split == "test") == was_test).all()
    assert (splits.split == "val").sum() > 0
    assert not crossing(splits, "signer") and not crossing(splits, "media")


def test_official_splits_that_are_incomplete(capsys):
    clips = grid()
    clips["split"] = "train"
    with pytest.raises(CorpusError, match="split 'test' would be empty"):
        split(clips)
    clips.loc[3, "split"] = None
    for by in ("auto", "official"):
        with pytest.raises(CorpusError, match="1 of 120 clips have no official split"):
            split(clips, by=by)
    assert set(split(clips, by="signer").split) == {"train", "val", "test"}


def test_signers_who_cross_in_an_official_split_are_told(capsys):
    split(grid().assign(split=["train", "val", "test"] * 40))
    assert "signers in both train and test of the official split: 8, such as 's0'" in capsys.readouterr().err


def test_one_training_file_a_gloss_leaves_no_val(capsys):
    rows = [(f"g{g}", "s0", f"{g}-{n}.mp4") for g in range(10) for n in range(2)]
    assert list(split(corpus(rows, ["train", "test"] * 10)).split) == ["train", "test"] * 10
    assert "no clip can be spared for validation" in capsys.readouterr().err


# Folds


def test_no_folds_unless_asked_for():
    assert split(grid()).fold.isna().all()


def test_leave_one_signer_out():
    splits = split(grid(signers=6), folds=100)
    assert splits.groupby("fold").signer.nunique().tolist() == [1] * 6
    assert set(splits.fold) == set(range(6))


def test_signers_are_shared_among_fewer_folds():
    splits = split(grid(signers=6), folds=3)
    assert splits.groupby("fold").signer.nunique().tolist() == [2, 2, 2]
    assert not crossing(splits, "signer", "fold")


def test_folds_by_video_hold_every_gloss():
    splits = split(grid(), by="video", folds=4)
    assert (splits.groupby("fold").glosses.agg(lambda g: g.str[0].nunique()) == 5).all()
    assert not crossing(splits, "media", "fold")


def test_settings_that_leave_nothing_to_train_on():
    with pytest.raises(CorpusError, match="leave nothing to train on"):
        split(grid(), val=0.5, test=0.5)
    with pytest.raises(CorpusError, match="folds: 1"):
        split(grid(), folds=1)
    with pytest.raises(CorpusError, match="no usable clips"):
        make_splits(grid(), [], SplitsParams())


def test_write_and_read(tmp_path):
    clips = grid()
    splits = make_splits(clips, list(clips.clip_id), SplitsParams(folds=3))
    splits.loc[0, "fold"] = pd.NA
    write_splits(tmp_path / "splits.parquet", splits)
    pd.testing.assert_frame_equal(read_splits(tmp_path / "splits.parquet"), splits, check_dtype=False)
    with pytest.raises(CorpusError, match="dvc repro splits"):
        read_splits(tmp_path / "nowhere.parquet")
