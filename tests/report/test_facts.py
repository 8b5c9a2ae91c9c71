import numpy as np
import pytest

from slr.dataset.examples import example_clips
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.splits import read_splits
from slr.io.clipwise import read_failures
from slr.report.corpus_facts import corpus_facts
from slr.report.leakage import leakages
from slr.report.model_facts import ModelFacts, model_facts


@pytest.fixture
def corpus(results):
    folder = results.folder
    return corpus_facts(read_manifest(folder / "manifest.parquet"), LandmarkStore(folder / "landmarks"),
                        read_splits(folder / "splits.parquet"), read_failures(folder / "landmarks"))


@pytest.fixture
def model(results):
    return model_facts("spoter", results.folder / "reports/spoter")


def test_counts_of_the_corpus(corpus):
    assert (corpus.clips, corpus.usable, corpus.frames) == (24, 24, sum(range(10, 34)))
    assert corpus.glosses == {"HOUSE": 6, "<b>RAIN</b> & $x^2$": 6, "žltý": 6, "NA": 6}
    assert corpus.signers == {"ana": 8, "ben": 8, "cyd": 8}
    assert sorted(corpus.durations_s) == pytest.approx(np.arange(10, 34) / 10)
    assert [(split.name, split.clips, split.signers) for split in corpus.splits] == [
        ("train", 8, 1), ("val", 8, 1), ("test", 8, 1)]
    assert corpus.failures[0].reason == "the file is empty (0 bytes)"


def test_detection_rates(corpus):
    assert {found.part: (found.rate, found.never) for found in corpus.detections} == {
        "pose": (1, 0), "left_hand": (0, 24), "right_hand": (1, 0)}


def test_examples_come_from_training(corpus):
    assert corpus.examples == {"HOUSE": "ana/0-1", "<b>RAIN</b> & $x^2$": "ana/1-1", "žltý": "ana/2-1", "NA": "ana/3-1"}


def test_an_example_has_median_length_and_landmarks(results):
    clips = read_manifest(results.folder / "manifest.parquet")
    lengths = {"ana/0-0": 30, "ben/0-0": 10, "cyd/0-0": 20, "ana/3-1": 5}
    assert example_clips(clips, lengths) == {"HOUSE": "cyd/0-0", "NA": "ana/3-1"}


def test_accuracy_by_gloss_has_wilson_intervals(model):
    accuracies = {row.name: row for row in model.accuracies("gloss")}
    assert (accuracies["HOUSE"].clips, accuracies["HOUSE"].correct) == (2, 0)
    assert accuracies["HOUSE"].mistaken_for == "<b>RAIN</b> & $x^2$"
    assert accuracies["NA"].top1 == 1
    assert accuracies["NA"].low == pytest.approx(0.342, abs=1e-3)  # Wilson, 2 of 2
    assert [row.name for row in model.accuracies("signer")] == ["cyd"]


def test_worst_confusions(model):
    confusion, = model.confusions()
    assert (confusion.gloss, confusion.predicted) == ("HOUSE", "<b>RAIN</b> & $x^2$")
    assert confusion.clip_ids == ["cyd/0-1", "cyd/0-0"]  # the surest mistake first


def test_a_model_without_files(results):
    model = model_facts("nowhere", results.folder / "nowhere")
    assert len(model.missing) == 2
    assert model.accuracies("gloss") == [] and model.confusions() == [] and model.interval("top1") is None


def facts(name: str, family: str, **metrics: float) -> ModelFacts:
    return ModelFacts(name, metrics, {"params": {"family": family}}, None, None, {}, {}, [])


def test_leakage_is_compared_within_a_family():
    basic, film, other = leakages([
        facts("basic", "sca", top1=0.9, signer_probe=0.8, signer_probe_chance=0.25, worst_signer_top1=0.7,
              signer_gap=0.3),
        facts("unmeasured", "sca", top1=0.5),
        facts("film", "sca", top1=0.95, signer_probe=0.6, signer_probe_chance=0.25),
        facts("other", "slgcn", top1=0.97, signer_probe=0.25, signer_probe_chance=0.25),
    ])
    assert (basic.baseline, basic.top1_gain, basic.probe_gain, basic.worst, basic.gap) == (
        "basic", None, None, 0.7, 0.3)
    assert (film.baseline, film.worst) == ("basic", None)
    assert (film.top1_gain, film.probe_gain) == pytest.approx((0.05, -0.2))
    assert film.above_chance == pytest.approx(0.35 / 0.75) and other.above_chance == 0
    assert other.top1_gain is None


def test_a_model_without_a_config_is_its_own_family():
    probed = {"top1": 0.5, "signer_probe": 0.5, "signer_probe_chance": 0.5}
    bare = [ModelFacts(name, probed, None, None, None, {}, {}, []) for name in "ab"]
    assert [row.baseline for row in leakages(bare)] \
        == ["a", "b"]
