"""A model of RGB frames in the loop of all models: STF-Net, from shards of frames to the metrics of sentences."""

import math
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.signers import write_signers
from slr.dataset.splits import write_splits
from slr.decoding.decoder import Decoder
from slr.errors import CorpusError, ModelError, ParamsError
from slr.evaluation.evaluate import evaluate
from slr.evaluation.transcripts import read_transcripts
from slr.extraction.frames import extract_frames
from slr.inference.model import load_model
from slr.io.files import file_hash, read_json
from slr.io.video import write_video
from slr.metrics.wer import align_sentences, count
from slr.models.stfnet.backbone import ResNet
from slr.params import FramesParams, parse
from slr.params.families.stfnet import StfnetParams
from slr.training.loop import learning_rate, train

COLOURS = {"blue": (40, 40, 255), "green": (40, 255, 40), "red": (255, 40, 40)}
FPS = 10
LASTS, PAUSE = 6, 3
"""Frames of a sign, and of the pauses around it."""
SMALL = {"family": "stfnet", "backbone": "tiny", "hidden": 32, "temporal": ["K3", "P2"], "lstm_layers": 1,
         "lstm_dropout": 0, "epochs": 2, "steps": [1], "lr": 0.003,
         "images": {"resize": 36, "crop": 32, "flip": 0.5, "rescale": 0.2}}


def shown(glosses: list[str], frames: int | None = None) -> tuple[list[np.ndarray], list[dict]]:
    """A grey picture that takes on the colour of each gloss in turn, and when; or the first so many frames of it."""
    names, segments = ["grey"] * PAUSE, []
    for gloss in glosses:
        segments.append({"start": len(names), "end": len(names) + LASTS, "label": gloss})
        names += [gloss] * LASTS + ["grey"] * PAUSE
    pictures = [np.full((40, 48, 3), COLOURS.get(name, (128, 128, 128)), np.uint8) for name in names]
    return (pictures, segments) if frames is None else (pictures[:frames], [])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Dataset:
    """Sentences of one or two colours; in training and in testing, one is too short for its glosses."""
    root, rows = tmp_path_factory.mktemp("colours"), []
    for split, sentences in {"train": ["b", "g", "r", "bg", "rb", "gr", "br", "gb"], "val": ["rg", "bg"],
                             "test": ["br", "rg"]}.items():
        told = [[name for letter in sentence for name in COLOURS if name[0] == letter] for sentence in sentences]
        short = [["red", "green", "red"]] if split != "val" else []
        for i, glosses in enumerate(told + short):
            pictures, segments = shown(glosses, 3 if len(glosses) > 2 else None)
            write_video(root / f"{split}{i}.mp4", pictures, fps=FPS)
            rows.append({"clip_id": f"{split}{i}", "media": f"{split}{i}.mp4", "glosses": glosses,
                         "segments": segments, "signer": split, "split": split})
    clips = pd.DataFrame(rows).reindex(columns=SCHEMA.names)
    made = Dataset.below(root)
    write_manifest(made.manifest, clips.assign(split=None))
    write_splits(made.splits, clips[["clip_id", "split"]].assign(fold=pd.array([None] * len(clips), dtype="Int32")))
    write_signers(made.signers, clips[["clip_id"]].assign(pseudo_signer=0))
    extract_frames(made.manifest, root, made.frames, FramesParams(fps=None, size=None), workers=1,
                   work=root / "work")
    return made


def settings(**changes):
    return parse({"models": {"m": SMALL | changes}, "train": {"model": "m", "models": ["m"]},
                  "compute": {"workers": 1}})


def run(corpus: Dataset, folder: Path, on_epoch=None, **changes) -> Path:
    """Train `m` into `folder`/model."""
    train("m", settings(**changes), corpus, out=folder / "model", work=folder / "work", on_epoch=on_epoch)
    return folder / "model"


def measured(corpus: Dataset, model: Path) -> dict[str, float]:
    return evaluate(model, settings(), corpus, metrics_path=model.parent / "metrics.json",
                    report_dir=model.parent / "report")


@pytest.fixture(scope="module")
def once(corpus, tmp_path_factory) -> Path:
    """A model of two epochs, trained without interruption."""
    return run(corpus, tmp_path_factory.mktemp("once"))


def test_the_folder_says_what_it_was_trained_on(once, corpus):
    config = read_json(once / "config.json")
    assert config["task"] == "continuous" and config["labels"] == ["blue", "green", "red"]
    assert config["skeleton"] is None
    assert config["preprocessing"] == FrameStore(corpus.manifest.parent / "frames").metadata
    assert set(config["data"]) == {"frames", "splits.parquet", "manifest.parquet", "signers.parquet"}
    assert config["training"]["train_clips"] == 9


def test_clips_that_are_too_short_are_counted_and_no_loss_is_infinite(once):
    history = pd.read_csv(once / "history.csv")
    assert history.too_short.tolist() == [1, 1]
    assert history[["train_loss", "val_loss", "val_wer"]].map(math.isfinite).all(axis=None)
    assert history.lr.tolist() == pytest.approx([0.003, 0.0006])


def test_clips_that_are_too_short_are_named_before_training(once, corpus, tmp_path, capsys):
    assert read_json(once / "config.json")["training"]["too_short"] == {"train": ["train8"], "val": []}
    run(corpus, tmp_path, epochs=1)
    told = capsys.readouterr().err
    assert "train m: 1 of 9 sentences have fewer output frames than glosses and repeats" in told
    assert "(train8; config.json has all)" in told


def test_an_interrupted_run_goes_on_and_ends_with_the_same_weights(once, corpus, tmp_path):
    class Stop(Exception):
        pass

    def stop(row):
        raise Stop

    with pytest.raises(Stop):
        run(corpus, tmp_path, stop)
    seen = []
    resumed = run(corpus, tmp_path, lambda row: seen.append(row["epoch"]))
    assert seen == [1, 2]
    for file in ("weights.safetensors", "history.csv"):
        assert (resumed / file).read_bytes() == (once / file).read_bytes()


def test_colours_are_learned_and_tested_as_sentences_are(corpus, tmp_path):
    """Of 21 frames, 10 are seen: times are those of the clip all the same."""
    images = {"resize": 32, "crop": 32, "flip": 0, "rescale": 0, "max_frames": 10}
    model = run(corpus, tmp_path, epochs=24, steps=[20], temporal=["K3"], lr=0.008, batch_size=3, images=images,
                checkpointing=False)
    metrics = measured(corpus, model)
    rows = read_transcripts(tmp_path / "report/transcripts.csv")
    clips = read_manifest(corpus.manifest).set_index("clip_id")
    assert rows.reference.tolist() == [list(clips.glosses[clip_id]) for clip_id in rows.clip_id]
    assert metrics["wer"] == count(chain.from_iterable(align_sentences(
        rows.reference.tolist(), rows.hypothesis.tolist()))).wer
    history = pd.read_csv(model / "history.csv")
    assert history.val_loss.iloc[-1] < history.val_loss.iloc[0] / 2
    assert metrics["too_short"] == 0 and metrics["sentences"] == 3 and metrics["classes"] == 3
    assert metrics["val_wer"] == read_json(model / "config.json")["training"]["val_wer"]


    trained, store = load_model(model), FrameStore(corpus.manifest.parent / "frames")
    seen = trained.clips(store, rows.clip_id)
    assert [store.n_frames[clip_id] for clip_id in rows.clip_id] == [21, 21, 3] and seen.lengths.tolist() == [10, 10, 3]
    for row, scores, n_frames in zip(rows.itertuples(), trained.log_probabilities(seen), (21, 21, 3), strict=True):
        moment_s = n_frames / FPS / len(scores)
        glosses = Decoder(boundaries="middle")(scores)[0].glosses
        assert [float(time_s) for time_s in filter(None, row.starts_s.split("|"))] == pytest.approx(
            [gloss.start * moment_s for gloss in glosses], abs=0.001)
    assert rows.starts_s.any()


def test_clips_that_are_too_short_are_counted_in_testing(once, corpus):
    assert measured(corpus, once)["too_short"] == 1
    rows = read_transcripts(once.parent / "report/transcripts.csv")
    assert rows.clip_id[rows.too_short].tolist() == ["test2"]


def test_frames_that_were_made_otherwise_are_refused(once, corpus, tmp_path):
    root = corpus.manifest.parent
    extract_frames(corpus.manifest, root, tmp_path / "frames", FramesParams(fps=5, size=None), workers=1,
                   work=tmp_path / "work")
    with pytest.raises(ModelError, match="on frames made differently from those in .*frames .*; run `dvc repro`"):
        measured(replace(corpus, frames=tmp_path / "frames"), once)


def test_without_frames_it_says_so(corpus, once, tmp_path):
    without = replace(corpus, frames=tmp_path / "none")
    with pytest.raises(CorpusError, match="none"):
        train("m", settings(), without, out=tmp_path / "model", work=tmp_path / "work")
    with pytest.raises(CorpusError, match="none"):
        measured(without, once)


def test_commands_about_single_signs_refuse_it(once):
    with pytest.raises(ModelError, match="reads sentences, so it is one for `slr transcribe`"):
        load_model(once, "isolated")


def test_the_backbone_starts_from_the_weights_that_are_given_which_later_use_does_not_need(corpus, tmp_path):
    given = {name: weight.contiguous() for name, weight in ResNet("tiny").state_dict().items()}
    save_file(given, tmp_path / "backbone.safetensors")
    changes = {"weights": str(tmp_path / "backbone.safetensors"), "epochs": 1, "lr": 1e-12}
    model = run(corpus, tmp_path, **changes)
    expected = file_hash(tmp_path / "backbone.safetensors")
    (tmp_path / "backbone.safetensors").unlink()
    assert read_json(model / "config.json")["data"]["weights"] == expected
    found = load_file(model / "weights.safetensors")
    for name in ("conv1.weight", "layer4.0.conv2.weight"):
        assert np.allclose(found[f"backbone.{name}"], given[name], atol=1e-9)
    load_model(model)
    with pytest.raises(ModelError, match="no weights at .*backbone.safetensors"):
        run(corpus, tmp_path / "again", **changes)


def test_the_published_network_trains_in_the_same_loop(corpus, tmp_path):
    """One sentence of twelve frames, as pictures of 224 pixels, with the `tiny` backbone: what a test has time for."""
    few = replace(corpus, splits=tmp_path / "splits.parquet")
    split = {"train0": "train", "val0": "val"}
    write_splits(few.splits, pd.DataFrame({"clip_id": list(split), "split": list(split.values()),
                                           "fold": pd.array([None] * 2, dtype="Int32")}))
    seen, published = [], {"family": "stfnet", "published": True, "backbone": "tiny", "epochs": 1}
    chosen = parse({"models": {"m": published | {"checkpointing": False}}, "train": {"model": "m", "models": ["m"]},
                    "compute": {"workers": 1}})
    train("m", chosen, few, out=tmp_path / "model", work=tmp_path / "work", on_epoch=seen.append)
    assert [row["lr"] for row in seen] == [1e-4] and math.isfinite(seen[0]["train_loss"])
    trained = load_model(tmp_path / "model")
    assert trained.params.published and trained.model.alpha.abs().max() > 0


def test_a_frozen_backbone_keeps_its_weights_and_statistics(once, corpus, tmp_path):
    model = run(corpus, tmp_path, epochs=1, start_from=str(once), freeze=["backbone"], steps=[20])
    before, after = (load_file(folder / "weights.safetensors") for folder in (once, model))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed and not any(name.startswith("backbone.") for name in changed)
    assert "backbone.bn1.running_mean" in before


def test_the_learning_rate_goes_down_in_steps_as_published():
    rates = [learning_rate(StfnetParams(), epoch) for epoch in (0, 39.9, 40, 60, 80, 99.9)]
    assert rates == pytest.approx([1e-4, 1e-4, 2e-5, 4e-6, 8e-7, 8e-7])


@pytest.mark.parametrize(("layers", "frames"), [(["K5", "P2", "K5", "P2"], 4), (["K3"], 1)])
def test_a_moment_has_as_many_frames_as_are_pooled(layers, frames):
    assert StfnetParams(temporal=layers).temporal_stride == frames


@pytest.mark.parametrize("changes", [{"joints": "hands-42"}, {"channels": 3}, {"frames": 16}, {"augment": {"crop": .1}},
                                     {"losses": {"focal": True}}, {"embedding": {"size": 8}}])
def test_settings_of_landmarks_and_of_single_signs_are_refused(changes):
    with pytest.raises(ParamsError, match=f"{next(iter(changes))}: STF-Net reads the pictures|no loss is about"):
        settings(**changes)
