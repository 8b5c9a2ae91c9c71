"""The signer probe: finds what is there, finds nothing where nothing is, and can't cheat by the gloss."""

import numpy as np
import pandas as pd
import pytest

from slr.metrics.probe import signer_labels, signer_probe


def clips(signers: int = 4, glosses: int = 8, repetitions: int = 3) -> pd.DataFrame:
    """Every signer signs every gloss."""
    return pd.DataFrame([(f"{s}-{g}-{r}", f"s{s}", f"g{g}") for s in range(signers) for g in range(glosses)
                         for r in range(repetitions)], columns=["clip_id", "signer", "gloss"])


def one_hot(names: pd.Series) -> np.ndarray:
    return pd.get_dummies(names).to_numpy(np.float32)


def probe(features: np.ndarray, rows: pd.DataFrame) -> float:
    return signer_probe(features, rows.signer, rows.gloss)["signer_probe"]


def test_features_made_of_the_signers_name_give_the_signer_away():
    rows = clips()
    noise = np.random.default_rng(0).normal(0, 0.1, (len(rows), 16))
    assert probe(np.hstack([one_hot(rows.signer), noise]), rows) == 1


def test_random_features_give_chance():
    rows, rng = clips(glosses=16), np.random.default_rng(0)
    scores = [probe(rng.normal(size=(len(rows), 16)), rows) for _ in range(5)]
    assert np.mean(scores) == pytest.approx(1 / 4, abs=0.05)


def test_features_of_the_gloss_alone_give_chance():
    rows = clips()
    assert probe(one_hot(rows.gloss), rows) <= 0.3


def test_a_signer_is_found_beside_glosses_that_are_much_further_apart():
    """As in a trained model: a twentieth of the way between two glosses is between two signers."""
    rows = clips()
    features = 20 * one_hot(rows.gloss) @ np.random.default_rng(0).normal(size=(8, 16)) + np.hstack(
        [one_hot(rows.signer), np.random.default_rng(1).normal(0, 0.1, (len(rows), 12))])
    assert probe(features, rows) == 1


def test_a_signer_who_is_known_by_one_gloss_alone_is_not_recovered_in_others():
    """Each pair of signer and gloss has a feature of its own, so a probe that had seen the gloss would get 1."""
    rows = clips()
    assert probe(one_hot(rows.signer + rows.gloss), rows) <= 0.3


def test_a_commoner_signer_does_not_count_more():
    rows = clips(signers=2)
    rows = pd.concat([rows[rows.signer == "s0"]] * 9 + [rows[rows.signer == "s1"]], ignore_index=True)
    assert probe(np.zeros((len(rows), 2)), rows) == pytest.approx(0.5)  # the commoner one always: .9 if not balanced


def test_the_scale_of_a_feature_does_not_matter():
    rows = clips()
    features = np.random.default_rng(0).normal(size=(len(rows), 6)) + 0.8 * np.pad(one_hot(rows.signer),
                                                                                   ((0, 0), (0, 2)))
    assert probe(features, rows) == probe(features * [1e3, 1e-3, 1, 1, 10, 1], rows)


def test_clips_of_unknown_signers_are_left_out():
    rows = clips()
    unknown = rows.assign(signer=rows.signer.where(rows.signer != "s3", None))
    features = np.hstack([one_hot(rows.signer), np.random.default_rng(0).normal(0, 0.1, (len(rows), 4))])
    known = signer_probe(features, unknown.signer, unknown.gloss)
    assert known == {"signer_probe": 1, "signer_probe_chance": pytest.approx(1 / 3)}


@pytest.mark.parametrize("rows", [clips(signers=1), clips(glosses=1), clips().assign(signer=None)])
def test_without_two_signers_or_two_glosses_there_is_no_probe(rows):
    assert signer_probe(np.zeros((len(rows), 3)), rows.signer, rows.gloss) == {}


def test_signers_without_a_gloss_in_common_are_still_measured():
    rows = pd.DataFrame({"signer": ["a"] * 6 + ["b"] * 6, "gloss": ["x"] * 6 + ["y"] * 6})
    assert probe(one_hot(rows.signer), rows) == 0  # half the glosses held out is one signer held out


def test_it_is_the_same_every_time():
    rows = clips()
    features = np.random.default_rng(1).normal(size=(len(rows), 32))
    assert probe(features, rows) == probe(features, rows)


def test_pseudo_signers_stand_in_only_where_no_signer_is_known():
    rows = pd.DataFrame({"clip_id": ["a", "b", "c"], "signer": ["x", None, "y"]})
    pseudo = pd.DataFrame({"clip_id": ["b", "a"], "pseudo_signer": [10, 2]})
    assert signer_labels(rows, pseudo).tolist() == rows.signer.tolist()
    stand_ins = signer_labels(rows.assign(signer=None), pseudo)
    assert stand_ins.tolist()[:2] == ["pseudo-signer 2", "pseudo-signer 10"] and stand_ins.isna().tolist()[2]
