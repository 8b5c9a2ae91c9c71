"""Metrics of embeddings: those of plain loops, right where the answer is known, absent where there is none."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, silhouette_score

from slr.metrics import retrieval
from slr.metrics.classification import wilson
from slr.metrics.retrieval import (
    all_shot,
    embedding_metrics,
    few_shot,
    mean_average_precision,
    open_set,
    pair,
    pair_with_gallery,
    retrieval_metrics,
    shots_by_rule,
)
from slr.metrics.silhouette import silhouette, whole_glosses


def clips(glosses: int = 6, signers: int = 3, repetitions: int = 3) -> pd.DataFrame:
    rows = [(f"g{g}", f"s{s}") for g in range(glosses) for s in range(signers) for _ in range(repetitions)]
    return pd.DataFrame(rows, columns=["gloss", "signer"])


def features(rows: pd.DataFrame, apart: float, width: int = 8, by: str = "gloss") -> np.ndarray:
    """Noise around a place for each gloss (or signer)."""
    rng = np.random.default_rng(0)
    return apart * np.eye(width)[pd.factorize(rows[by])[0]] + rng.normal(size=(len(rows), width))


def pairs_of(rows: pd.DataFrame, vectors: np.ndarray):
    return pair(vectors, rows.gloss.to_numpy(), rows.signer.to_numpy(object))


def test_signs_that_are_apart_are_found_and_others_are_guessed():
    rows = clips()
    apart = retrieval_metrics(pairs_of(rows, features(rows, 50)))
    assert apart["map"] == apart["one_shot"] == apart["five_shot"] == apart["open_set_auroc"] == 1
    assert apart["one_shot_ways"] == apart["five_shot_ways"] == 6 and apart["one_shot_top5"] == 1
    assert (apart["one_shot_ci_low"], apart["one_shot_ci_high"]) == wilson(len(rows), len(rows))  # not [1, 1]
    noise = retrieval_metrics(pairs_of(rows, features(rows, 0)))
    assert noise["one_shot"] == pytest.approx(1 / 6, abs=0.08) and noise["map"] < 0.4
    assert noise["open_set_auroc"] == pytest.approx(0.5, abs=0.1)


def test_guessing_among_few_glosses_is_no_metric():
    rows = clips()
    names = sorted(set(rows.gloss))
    for few, measured in ((3, False), (4, False), (5, True)):
        some = rows[rows.gloss.isin(names[:few])]
        found = retrieval_metrics(pairs_of(some, features(some, 50)))
        assert {"one_shot" in found, "five_shot" in found} == {measured} and found["map"] == 1


def test_a_signer_is_not_recognised_instead_of_the_sign():
    rows = clips()
    vectors = np.hstack([features(rows, 15, by="signer"), features(rows, 10)])
    known = retrieval_metrics(pairs_of(rows, vectors))
    unknown = retrieval_metrics(pairs_of(rows.assign(signer=None), vectors))
    assert known["map"] > unknown["map"] + 0.2  # there, their own clips of other glosses come first
    assert known["one_shot"] > 0.8


def test_mean_average_precision_is_that_of_a_plain_loop():
    rows = clips()
    vectors = features(rows, 2)
    expected = []
    for i in range(len(rows)):
        others = np.flatnonzero(rows.signer != rows.signer[i])
        distance = np.linalg.norm(vectors[others] - vectors[i], axis=1)
        expected.append(average_precision_score(rows.gloss[others] == rows.gloss[i], -distance))
    assert mean_average_precision(pairs_of(rows, vectors)) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("known", [True, False])
def test_few_shot_is_the_mean_over_galleries_of_examples_by_others(monkeypatch, known):
    """All galleries that there are, one by one, against very many random ones."""
    rows = clips(glosses=2, signers=2, repetitions=2)
    rows = rows if known else rows.assign(signer=None)
    vectors = features(rows, 1.5)
    accuracies = []
    for first in np.flatnonzero(rows.gloss == "g0"):
        for second in np.flatnonzero(rows.gloss == "g1"):
            for signer in ("s0", "s1") if known else (None,):
                if signer is not None and signer in (rows.signer[first], rows.signer[second]):
                    continue
                asking = [i for i in range(len(rows)) if (rows.signer[i] == signer if known
                                                          else i not in (first, second))]
                said = [np.linalg.norm(vectors[i] - vectors[first]) <= np.linalg.norm(vectors[i] - vectors[second])
                        for i in asking]
                accuracies.append(np.mean(said == (rows.gloss[asking] == "g0")))
    monkeypatch.setattr(retrieval, "GALLERIES", 3000)
    found = few_shot(pairs_of(rows, vectors), 1, "one_shot")
    assert found["one_shot"] == pytest.approx(np.mean(accuracies), abs=0.01)
    assert found["one_shot_ci_low"] <= found["one_shot"] <= found["one_shot_ci_high"]


def test_more_examples_are_better_and_the_interval_holds_the_mean():
    rows = clips(signers=4)
    found = retrieval_metrics(pairs_of(rows, features(rows, 3)))
    assert 0.3 < found["one_shot"] < found["five_shot"] < 1
    for name in ("one_shot", "five_shot", "open_set_auroc"):
        assert found[f"{name}_ci_low"] < found[name] < found[f"{name}_ci_high"]


def test_the_nearest_of_all_examples_by_others():
    rows = clips()
    vectors = features(rows, 2)
    right = []
    for i in range(len(rows)):
        others = np.flatnonzero(rows.signer != rows.signer[i])
        nearest = others[np.linalg.norm(vectors[others] - vectors[i], axis=1).argmin()]
        right.append(rows.gloss[nearest] == rows.gloss[i])
    found = all_shot(pairs_of(rows, vectors))
    assert found["top1"] == np.mean(right) and found["top1"] < found["top5"] <= 1
    assert found["top1_ci_low"] < found["top1"] < found["top1_ci_high"]


def by_hand(vectors, glosses, rule, query, candidates):
    """A gloss by the authors' notebook: of the nearest mean, or of most of the five nearest, the nearest if equal."""
    if rule == "centroid":
        means = {gloss: vectors[[i for i in candidates if glosses[i] == gloss]].mean(0)
                 for gloss in sorted({glosses[i] for i in candidates})}
        return min(means, key=lambda gloss: np.linalg.norm(vectors[query] - means[gloss]))
    nearest = sorted(candidates, key=lambda i: np.linalg.norm(vectors[query] - vectors[i]))[:5]
    return Counter(glosses[i] for i in nearest).most_common()[0][0]


@pytest.mark.parametrize("rule", ["centroid", "vote"])
@pytest.mark.parametrize("signers", ["known", "unknown"])
def test_class_means_and_votes_of_all_examples_are_those_of_a_plain_loop(rule, signers):
    rows = clips() if signers == "known" else clips().assign(signer=None)
    vectors = features(rows, 2)
    right = [by_hand(vectors, rows.gloss, rule, i, [
        j for j in range(len(rows)) if j != i and (signers == "unknown" or rows.signer[j] != rows.signer[i])])
        == rows.gloss[i] for i in range(len(rows))]
    found = all_shot(pairs_of(rows, vectors))
    assert found[f"{rule}_top1"] == np.mean(right) < found[f"{rule}_top5"] <= 1
    assert (found[f"{rule}_top1_ci_low"], found[f"{rule}_top1_ci_high"]) == wilson(sum(right), len(right))


@pytest.mark.parametrize("rule", ["centroid", "vote"])
def test_class_means_and_votes_of_a_given_gallery_are_those_of_a_plain_loop(rule):
    rows = pd.concat([clips(), pd.DataFrame({"gloss": ["new"], "signer": ["s0"]})], ignore_index=True)
    vectors = features(rows, 2)
    asking = (rows.signer == "s0").to_numpy()
    right = [by_hand(vectors, rows.gloss, rule, i, np.flatnonzero(~asking)) == rows.gloss[i]
             for i in np.flatnonzero(asking) if rows.gloss[i] != "new"]
    pairs = pair_with_gallery(vectors, rows.gloss.to_numpy(), asking)
    assert all_shot(pairs)[f"{rule}_top1"] == np.mean(right)
    assert 0 < shots_by_rule(pairs)[f"five_shot_{rule}"] <= 1
    assert retrieval_metrics(pairs).keys() >= {"map", "one_shot", "five_shot", "open_set_auroc"}


def test_means_of_several_examples_are_better_than_the_nearest_where_examples_are_noisy():
    rows = clips(signers=4)
    pairs = pairs_of(rows, features(rows, 2, width=32))
    found = shots_by_rule(pairs) | retrieval_metrics(pairs)
    assert found["five_shot_centroid"] > found["five_shot"] + 0.05
    assert found["five_shot_centroid_ci_low"] < found["five_shot_centroid"] < found["five_shot_centroid_ci_high"]


def test_open_set_is_the_area_under_the_curve_of_the_nearest_distance():
    rows = clips(glosses=2)
    vectors = features(rows, 2)
    areas = []
    for known in ("g0", "g1"):
        nearest = [min(np.linalg.norm(vectors[i] - vectors[j]) for j in range(len(rows))
                       if rows.gloss[j] == known and rows.signer[i] != rows.signer[j]) for i in range(len(rows))]
        areas.append(roc_auc_score(rows.gloss == known, -np.array(nearest)))
    found = open_set(pairs_of(rows, vectors))
    assert min(areas) < found["open_set_auroc"] < max(areas)
    assert (found["open_set_auroc_ci_low"], found["open_set_auroc_ci_high"]) == pytest.approx(sorted(areas))


def test_silhouettes_of_trained_and_of_other_clips():
    rows = pd.concat([clips(), pd.DataFrame({"gloss": ["once"], "signer": ["s0"]})], ignore_index=True)
    vectors = features(rows, 3)
    split = np.array(["train", "val", "test"])[pd.factorize(rows.signer)[0]]
    found = embedding_metrics(vectors, rows.gloss, rows.signer, split)
    for name, chosen in (("silhouette", split != "train"), ("silhouette_train", split == "train")):
        chosen &= (rows.gloss != "once").to_numpy()
        assert found[name] == pytest.approx(silhouette_score(vectors[chosen], rows.gloss[chosen]))
    assert found["one_shot_ways"] == 6  # without the training signer's


@pytest.mark.parametrize(("rows", "absent"), [
    (clips(glosses=1), {"silhouette", "map", "one_shot", "five_shot", "open_set_auroc"}),
    (clips(signers=1, repetitions=1), {"silhouette", "map", "one_shot", "five_shot", "open_set_auroc"}),
    (clips(signers=1), {"map", "one_shot", "five_shot", "open_set_auroc"}),  # nobody else to answer
    (clips(signers=2, repetitions=2), {"five_shot"}),
    (clips(signers=1, repetitions=1).assign(signer=None), {"silhouette", "map", "one_shot", "five_shot",
                                                           "open_set_auroc"}),
    (clips(signers=2, repetitions=2).assign(signer=None), {"five_shot"}),
    (clips()[:1], {"silhouette", "map", "one_shot", "five_shot", "open_set_auroc"}),
], ids=["one gloss", "one clip a gloss", "one signer", "few clips", "one clip a gloss, unknown signers",
        "few clips, unknown signers", "one clip"])
def test_what_cannot_be_measured_is_absent(rows, absent):
    found = embedding_metrics(features(rows, 5), rows.gloss, rows.signer, ["test"] * len(rows))
    measured = {name for name in ("silhouette", "map", "one_shot", "five_shot", "open_set_auroc") if name in found}
    assert measured == {"silhouette", "map", "one_shot", "five_shot", "open_set_auroc"} - absent
    assert "silhouette_train" not in found and np.isfinite(list(found.values())).all()


def test_glosses_with_too_few_examples_are_left_out():
    rows = pd.concat([clips(), pd.DataFrame({"gloss": ["rare"] * 2, "signer": ["s0", "s1"]})], ignore_index=True)
    found = retrieval_metrics(pairs_of(rows, features(rows, 20)))
    assert found["one_shot_ways"] == 7 and found["five_shot_ways"] == 6


def test_clips_by_someone_unknown_are_left_out_where_others_are_known():
    rows = clips()
    some = rows.assign(signer=rows.signer.where(rows.signer != "s2", None))
    assert len(pairs_of(some, features(rows, 3)).glosses) == (rows.signer != "s2").sum()


def test_a_collapsed_model_guesses():
    rows = clips()
    found = embedding_metrics(np.ones((len(rows), 8)), rows.gloss, rows.signer, ["test"] * len(rows))
    assert found["silhouette"] == 0 and found["one_shot"] == pytest.approx(1 / 6) and found["open_set_auroc"] == 0.5


def test_the_same_every_time():
    rows = clips(glosses=16)
    vectors = features(rows, 3, width=128)
    first = embedding_metrics(vectors, rows.gloss, rows.signer, ["test"] * len(rows))
    assert embedding_metrics(vectors, rows.gloss, rows.signer, ["test"] * len(rows)) == first


def test_large_corpora_are_thinned_by_whole_glosses():
    glosses = np.repeat([f"g{i:03}" for i in range(100)], 5)
    chosen = whole_glosses(glosses, most=100)
    assert len(chosen) == 100 and (pd.Series(glosses[chosen]).value_counts() == 5).all()
    assert glosses[chosen][0] == "g000" and glosses[chosen][-1] == "g099"
    assert len(whole_glosses(np.repeat(["a", "b"], 500), most=100)) == 100
    assert silhouette(np.zeros((0, 3)), np.array([])) is None
