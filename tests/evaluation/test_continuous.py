"""Testing a model of sentences: the metrics are those of the transcripts, the times those of the signs."""

import shutil
from dataclasses import replace
from itertools import chain, groupby

import numpy as np
import pandas as pd
import pytest

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest, write_manifest
from slr.dataset.splits import read_splits
from slr.decoding.decoder import Decoder
from slr.decoding.greedy import greedy
from slr.errors import ScoringError
from slr.evaluation.continuous import choose_fusion, sclite_alignments
from slr.evaluation.evaluate import evaluate
from slr.evaluation.transcripts import read_transcripts
from slr.inference.model import load_model
from slr.io.files import read_json, write_json
from slr.metrics.phoenix import clean_2014, merged_2014
from slr.metrics.sclite import read_stm
from slr.metrics.wer import align_sentences, count
from slr.params import parse
from slr.params.families.ctc import DecodingParams
from slr.report.page import write_report
from slr.training.loop import train
from tests.helpers import landmark_corpus
from tests.helpers.references import needs_sclite

MODEL = {"family": "pose_ctc", "width": 48, "layers": 1, "epochs": 40, "warmup_epochs": 2, "lr": 0.006, "batch_size": 4,
         "dropout": 0.1, "ctc": {"distillation": 0, "frames": 1}}
SETTINGS = {"models": {"m": MODEL}, "train": {"model": "m", "models": ["m"]}, "compute": {"workers": 1}}
PARAMS = parse(SETTINGS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus of sentences, a model of it, and what its evaluation wrote."""
    folder = tmp_path_factory.mktemp("sentences")
    corpus = landmark_corpus.sentences(folder)
    train("m", PARAMS, corpus, out=folder / "models/m", work=folder / "work")
    evaluate(folder / "models/m", PARAMS, corpus, metrics_path=folder / "metrics/models/m.json",
             report_dir=folder / "reports/m")
    return folder


@pytest.fixture
def metrics(folder):
    return read_json(folder / "metrics/models/m.json")


def test_the_metrics_are_those_of_the_transcripts(folder, metrics):
    rows = read_transcripts(folder / "reports/m/transcripts.csv")
    clips = read_manifest(folder / "manifest.parquet").set_index("clip_id")
    assert rows.reference.tolist() == [list(clips.glosses[clip_id]) for clip_id in rows.clip_id]
    counts = count(chain.from_iterable(align_sentences(rows.reference.tolist(), rows.hypothesis.tolist())))
    assert metrics["wer"] == counts.wer == pytest.approx(metrics["wer_del"] + metrics["wer_ins"] + metrics["wer_sub"])
    assert metrics["wer"] < 0.4 and metrics["wer_ci_low"] <= metrics["wer"] <= metrics["wer_ci_high"]
    assert metrics["sentences"] == len(rows) == 6 and metrics["glosses"] == rows.reference.str.len().sum()
    assert metrics["too_short"] == 0 and metrics["signers"] == 1 and metrics["classes"] == 4
    assert metrics["val_wer"] == read_json(folder / "models/m/config.json")["training"]["val_wer"]
    by_gloss = pd.read_csv(folder / "reports/m/glosses.csv")
    assert by_gloss.correct.sum() == counts.correct and by_gloss.inserted.sum() == counts.inserted


def test_greedy_decoding_and_the_language_model_have_numbers_of_their_own(folder, metrics):
    trained, store = load_model(folder / "models/m"), LandmarkStore(folder / "landmarks")
    rows = read_transcripts(folder / "reports/m/transcripts.csv")
    said = [[trained.labels[label - 1] for label in greedy(scores).labels]
            for scores in trained.log_probabilities(trained.clips(store, rows.clip_id))]
    assert metrics["wer_greedy"] == count(chain.from_iterable(align_sentences(rows.reference.tolist(), said))).wer
    assert 0 <= metrics["wer_lm"] <= 1 and metrics["lm_weight"] > 0


def test_validation_sentences_have_a_number_by_the_same_beam_search(folder, metrics):
    trained, store = load_model(folder / "models/m"), LandmarkStore(folder / "landmarks")
    clips, splits = (read(folder / f"{name}.parquet") for read, name in (
        (read_manifest, "manifest"), (read_splits, "splits")))
    val = clips[clips.clip_id.isin(splits[splits.split == "val"].clip_id)]
    said = [[trained.labels[label - 1] for label in Decoder()(scores)[0].labels]
            for scores in trained.log_probabilities(trained.clips(store, val.clip_id))]
    assert metrics["val_wer_beam"] == count(chain.from_iterable(align_sentences(val.glosses.tolist(), said))).wer


@needs_sclite
@pytest.mark.parametrize("cleanup", ["none", "phoenix2014"])
def test_sclite_itself_can_count_and_leaves_its_files(folder, metrics, cleanup, tmp_path):
    by = {}
    for wer in ("own", "sclite"):
        settings = {"wer": wer, "cleanup": cleanup}
        by[wer] = evaluate(folder / "models/m", parse(SETTINGS | {"evaluation": settings}), Dataset.below(folder),
                           metrics_path=tmp_path / "m.json", report_dir=tmp_path / wer)
    assert by["own"] == by["sclite"]
    for name in ("transcripts.csv", "glosses.csv"):
        assert (tmp_path / "own" / name).read_bytes() == (tmp_path / "sclite" / name).read_bytes()
    rows = read_transcripts(tmp_path / "sclite/transcripts.csv")
    clean = clean_2014 if cleanup == "phoenix2014" else list
    assert [(utterance.name, list(utterance.glosses)) for utterance in read_stm(tmp_path / "sclite/test.stm")] == [
        (row.clip_id, clean(row.reference)) for row in rows.itertuples()]
    spoken = [line.split() for line in (tmp_path / "sclite/test.ctm").read_text().splitlines()]
    assert [(name, gloss) for name, _, _, _, gloss in spoken] == [
        (row.clip_id, gloss) for row in rows.itertuples() for gloss in clean(row.hypothesis)]
    if cleanup == "none":
        assert [f"{float(start):.3f}" for _, _, start, _, _ in spoken] == [
            start for row in rows.itertuples() for start in row.starts_s.split("|") if start]
    assert not (tmp_path / "own/test.stm").exists()


@needs_sclite
def test_sclite_counts_sentences_in_which_nothing_was_recognised(tmp_path):
    test = pd.DataFrame({"clip_id": ["a", "b"], "signer": ["x", None], "glosses": [["A", "B"], ["C"]]})
    found = sclite_alignments(tmp_path, test, [[], []], [np.empty((0, 2))] * 2)
    assert [[pair.op for pair in alignment] for alignment in found] == [["D", "D"], ["D"]]


def test_without_sclite_nothing_is_computed(folder, monkeypatch, tmp_path):
    monkeypatch.setattr("slr.metrics.sclite.shutil.which", lambda name: None)
    monkeypatch.setattr("slr.metrics.sclite._DEBIAN", str(tmp_path / "none"))
    monkeypatch.setattr("slr.inference.model.TrainedModel.log_probabilities", lambda *_: 1 / 0)
    with pytest.raises(ScoringError, match="apt-get install sctk.*evaluation.wer: own"):
        evaluate(folder / "models/m", parse(SETTINGS | {"evaluation": {"wer": "sclite"}}), Dataset.below(folder),
                 metrics_path=tmp_path / "m.json", report_dir=tmp_path / "report")


def test_a_model_is_decoded_as_its_settings_say(folder, metrics, tmp_path):
    """With equal neighbours merged no gloss is twice in a row, in greedy decoding neither."""
    shutil.copytree(folder / "models/m", tmp_path / "m")
    config = read_json(tmp_path / "m/config.json")
    config["params"]["decoding"] = {"merge_repeats": True, "pruning": "prefixes"}
    write_json(tmp_path / "m/config.json", config)
    evaluate(tmp_path / "m", PARAMS, Dataset.below(folder), metrics_path=tmp_path / "m.json",
             report_dir=tmp_path / "report")
    merged, plain = (read_transcripts(path / "transcripts.csv").hypothesis for path in (
        tmp_path / "report", folder / "reports/m"))
    assert merged.tolist() == [[gloss for gloss, _ in groupby(glosses)] for glosses in plain]
    assert merged.tolist() != plain.tolist()


def test_times_are_those_of_the_signs(folder, metrics):
    rows = read_transcripts(folder / "reports/m/transcripts.csv")
    clips = read_manifest(folder / "manifest.parquet").set_index("clip_id")
    errors = []
    for row in rows.itertuples():
        starts, ends = ([float(time) for time in text.split("|") if time] for text in (row.starts_s, row.ends_s))
        assert len(starts) == len(ends) == len(row.hypothesis)
        assert all(start <= end for start, end in zip(starts, ends, strict=True)) and starts == sorted(starts)
        if row.hypothesis == row.reference:
            truth = [(segment["start"] / 15, segment["end"] / 15) for segment in clips.segments[row.clip_id]]
            errors.append(np.abs(np.array(truth) - np.stack([starts, ends], 1)).mean())
    assert errors and metrics["boundary_error_ms"] < 500
    assert np.mean(errors) == pytest.approx(metrics["boundary_error_ms"] / 1000, rel=0.5)


def test_the_language_model_is_the_one_that_reads_validation_best():
    scores = np.log(np.array([[0.1, 0.5, 0.4, 1e-9], [0.9, 0.05, 0.04, 0.01], [0.05, 0.05, 0.45, 0.45]]))
    fusion = choose_fusion([["a", "c"]] * 5, ["a", "b", "c"], [scores], [["a", "c"]], DecodingParams())
    assert fusion.weight > 0 and fusion.model.order == 3


def test_the_clean_up_is_made_before_counting_and_transcripts_stay(folder, metrics, tmp_path):
    """The lenient one makes one of a gloss after itself, which drawn sentences have too."""
    params = parse({"models": {"m": MODEL}, "train": {"model": "m", "models": ["m"]}, "compute": {"workers": 1},
                    "evaluation": {"cleanup": "phoenix2014"}})
    corpus = Dataset.below(folder)
    cleaned = evaluate(folder / "models/m", params, corpus, metrics_path=tmp_path / "m.json",
                       report_dir=tmp_path / "report")
    assert (tmp_path / "report/transcripts.csv").read_bytes() == (folder / "reports/m/transcripts.csv").read_bytes()
    rows = read_transcripts(tmp_path / "report/transcripts.csv")
    for name, clean in (("wer", clean_2014), ("wer_merged", merged_2014)):
        both = [[clean(glosses) for glosses in rows[side]] for side in ("reference", "hypothesis")]
        counts = count(chain.from_iterable(align_sentences(*both)))
        assert cleaned[name] == counts.wer
    assert counts.glosses < metrics["glosses"] == cleaned["glosses"]
    assert cleaned["wer_uncleaned"] == metrics["wer"] and not {"wer_uncleaned", "wer_merged"} & metrics.keys()
    assert cleaned["boundary_error_ms"] == metrics["boundary_error_ms"]


def test_a_model_that_a_budget_kept_from_some_glosses_is_tested(folder, metrics, tmp_path):
    """The language model is made of the training sentences whose glosses the model knows."""
    clips = read_manifest(folder / "manifest.parquet")
    splits = read_splits(folder / "splits.parquet")
    trained_on = clips.clip_id.isin(splits[splits.split == "train"].clip_id)
    clips.loc[clips[trained_on].index[:1], "glosses"] = clips[trained_on].glosses[:1].map(lambda _: ["never seen"])
    write_manifest(tmp_path / "manifest.parquet", clips)
    corpus = replace(Dataset.below(folder), manifest=tmp_path / "manifest.parquet")
    found = evaluate(folder / "models/m", PARAMS, corpus, metrics_path=tmp_path / "m.json",
                     report_dir=tmp_path / "report")
    assert found["wer"] == metrics["wer"] and "wer_lm" in found


def test_clips_with_one_gloss_are_told_apart_from_sentences(folder, metrics):
    rows = read_transcripts(folder / "reports/m/transcripts.csv")
    several = rows[rows.reference.str.len() > 1]
    assert 0 < len(several) < len(rows)
    counts = count(chain.from_iterable(align_sentences(several.reference.tolist(), several.hypothesis.tolist())))
    assert metrics["wer_sentences"] == counts.wer


def test_the_report_lists_sentences_that_are_too_short(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    folder = tmp_path / "copy"
    config, table = read_json(folder / "reports/m/config.json"), folder / "reports/m/transcripts.csv"
    assert config["training"]["too_short"] == {"train": [], "val": []} and "Too short for" not in page_of(folder)
    config["training"]["too_short"]["train"] = ["s0-1", "s1-2"]
    write_json(folder / "reports/m/config.json", config)
    pd.read_csv(table).assign(too_short=lambda rows: rows.clip_id == "s5-3").to_csv(table, index=False)
    told = page_of(folder).split("Too short for their glosses")[1].split("</table>")[0]
    assert '<td>train</td><td class="n">2</td><td>s0-1, s1-2</td>' in told
    assert '<td>test</td><td class="n">1</td><td>s5-3</td>' in told and "<td>val</td>" not in told


def page_of(folder) -> str:
    """The report on what lies in a folder."""
    write_report(folder / "report.html", PARAMS, Dataset.below(folder),
                 signers_metrics=folder / "signers.json", evaluations={"m": folder / "reports/m"})
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_shows_every_sentence_with_its_errors(folder):
    page = page_of(folder)
    rows = read_transcripts(folder / "reports/m/transcripts.csv")
    assert all(f"<td>{clip_id}</td>" in page for clip_id in rows.clip_id)
    wrong = any(row.reference != row.hypothesis for row in rows.itertuples())
    assert ('<span class="error ' in page.split("<h3>Errors by gloss</h3>")[0].split("<tbody>")[-1]) == wrong
    assert "WER of m" in page and "Not there, so not shown" not in page
