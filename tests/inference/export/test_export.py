"""Exported models answer as torch does, say what they are, and are refused where they don't."""

import copy
import json
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.model_folder import WEIGHTS
from slr.dataset.skeleton import skeleton
from slr.errors import CorpusError, ModelError
from slr.inference.export import export as exporting
from slr.inference.export.check import LIMITS, Agreement, compare
from slr.inference.export.formats import FORMATS
from slr.inference.export.operations import Portable
from slr.inference.export.report import report_of
from slr.inference.export.samples import hostile, read_samples
from slr.inference.exported import OnnxGraph, load_exported
from slr.inference.model import load_model
from slr.inference.predict import Predictor
from tests.helpers import landmark_corpus
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, FROM_PICTURES, save_untrained

JOINTS = skeleton("holistic-75")
LABELS = ["gloss0", "gloss1", "gloss2"]
SPOTER = {"family": "spoter", "d_model": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
SCA = {"family": "sca_stgcn", "widths": [16], "hidden": 16}
MULTISTREAM = {"family": "multistream", "widths": [16], "strides": [1], "normalise": "hands"}
EMBEDDING = {**MULTISTREAM, "embedding": {"size": 8}, "losses": {"classification": 0, "triplet": 1}}
CASES = {
    "wide": {**SPOTER, "d_model": 64, "feedforward": 4096},
    "spoter": SPOTER,
    "spoter-published": {**SPOTER, "normalise": "published", "positions": "published", "norm_first": False},
    "silt": {**SPOTER, "family": "silt", "weights": "sequence", "normalise": "frame"},
    "transformer": {"family": "transformer", "d_model": 16, "heads": 2},
    "multistream": MULTISTREAM,
    "multistream-in-depth": {**MULTISTREAM, "channels": 3, "facing": True, "smooth": True, "normalise": "shoulders"},
    "embedding": EMBEDDING,
    "sca": SCA,
    "sca-film": {**SCA, "attention": "film", "signer_encoder": "learned"},
    "attention-stgcn": {"family": "attention_stgcn", "widths": [16], "strides": [2]},
    "detector": DETECTOR,
    "sentences": FROM_LANDMARKS,
    "sentences-graph-conformer": {**FROM_LANDMARKS, "front": "graph", "sequence": "conformer", "normalise": "hands"},
}


def signer(clip_id: str, frames: int, rng: np.random.Generator) -> ClipLandmarks:
    """A body that wanders in a wide frame; some joints are missing, and the hands in some frames."""
    coordinates = np.concatenate([rng.uniform(0.2, 0.8, (1, len(JOINTS), 2)).repeat(frames, 0)
                                  + rng.normal(0, 0.01, (frames, len(JOINTS), 2)).cumsum(0),
                                  rng.normal(0, 0.1, (frames, len(JOINTS), 2))], -1).astype(np.float32)
    coordinates[rng.random((frames, len(JOINTS))) < 0.05] = np.nan
    coordinates[rng.random(frames) < 0.3, 33:] = np.nan
    return ClipLandmarks(clip_id, 15, 640, 360, coordinates)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Signs, sentences and streams by three signers, of whom the last one is for testing."""
    rng = np.random.default_rng(0)
    rows = []
    for who in ("s0", "s1", "s2"):
        rows += [(signer(f"{who}-{gloss}", int(rng.integers(8, 40)), rng), who, [gloss], []) for gloss in LABELS]
        rows += [(signer(f"{who}-said", 45, rng), who, LABELS[:2], []),
                 (signer(f"{who}-stream", 20, rng), who, [], [{"start": 5, "end": 12, "label": "S"}])]
    return landmark_corpus.write(tmp_path_factory.mktemp("export") / "data", rows, JOINTS)


def untrained(data: Dataset, case: str) -> Path:
    """The folder of an untrained model, made once."""
    folder = data.manifest.parent.parent / case
    if not folder.exists():
        save_untrained(folder, CASES[case], ["S", "rest"] if case == "detector" else LABELS,
                       data.landmark_store.metadata, threshold=0.5)
    return folder


@cache
def exported(data: Dataset, case: str) -> tuple[Path, Agreement]:
    """The model's ONNX file, made once."""
    return exporting.export(untrained(data, case), "onnx", dataset=data)


@pytest.mark.parametrize("case", CASES)
def test_onnx_answers_as_torch_does(case, data):
    path, found = exported(data, case)
    assert path.exists() and found.max_difference <= 1e-4 and found.same_top1 == 1
    assert found.clips >= 1 + 3  # test clips, and the hostile ones
    answer = load_exported(path).answer(signer("new", 77, np.random.default_rng(5)))  # of any length
    assert all(np.isfinite(values).all() for values in answer.values())
    if "probabilities" in answer:
        np.testing.assert_allclose(answer["probabilities"].sum(), 1, atol=1e-5)
    if "log_probabilities" in answer:
        np.testing.assert_allclose(np.exp(answer["log_probabilities"]).sum(1), 1, atol=1e-5)
        assert answer["log_probabilities"].shape[1] == 1 + len(LABELS)  # the blank


def test_metric_landmarks_have_no_frame(tmp_path):
    joints, rng, rows = skeleton("kinect-20"), np.random.default_rng(0), []
    for clip_id, who in (("a", "s0"), ("b", "s1"), ("c", "s2")):
        coordinates = rng.normal(0, 0.5, (15, len(joints), 4)).astype(np.float32)
        coordinates[rng.random(coordinates.shape) < 0.05] = np.nan  # also single channels of a joint
        rows.append((ClipLandmarks(clip_id, 30, 640, 480, coordinates), who, LABELS[:1], []))
    data = landmark_corpus.write(tmp_path / "data", rows, joints)
    settings = {**SCA, "joints": "kinect-12", "channels": 3, "normalise": "shoulders"}
    folder = save_untrained(tmp_path / "model", settings, LABELS, data.landmark_store.metadata)
    path, found = exporting.export(folder, "onnx", dataset=data)
    assert found.max_difference <= 1e-4
    model = onnx.load(path)
    assert [each.name for each in model.graph.input] == ["landmarks"]
    assert {entry.key: entry.value for entry in model.metadata_props}["units"] == "metres"
    with pytest.raises(ModelError, match="in metres, which have no pixels"):
        exporting.export(folder, "onnx", dataset=data, pixels=True)
    assert path.exists()


def test_torchscript_answers_as_torch_does(data, tmp_path):
    path, found = exporting.export(untrained(data, "sca"), "torchscript", tmp_path / "model.pt", dataset=data)
    assert path.exists() and found.max_difference <= 1e-4


@pytest.mark.parametrize("precision, share", [("fp16", 0.55), ("int8", 0.35)])
def test_quantised_files_are_smaller_and_close(precision, share, data, tmp_path):
    folder = untrained(data, "wide")
    path, found = exporting.export(folder, "onnx", tmp_path / "model.onnx", precision=precision, dataset=data)
    assert path.stat().st_size < share * (folder / WEIGHTS).stat().st_size
    assert 0 < found.max_difference <= LIMITS[precision].difference  # so something was rounded
    assert load_exported(path).graph.metadata["precision"] == precision
    (tmp_path / "model.pt").write_text("an earlier export")
    with pytest.raises(ModelError, match="--quantize"):
        exporting.export(folder, "torchscript", tmp_path / "model.pt", precision=precision, dataset=data)
    assert (tmp_path / "model.pt").exists()


def test_a_file_that_answers_otherwise_is_refused_and_none_is_left(data, tmp_path, monkeypatch):
    write, out = FORMATS["onnx"].write, tmp_path / "model.onnx"

    def write_otherwise(graph, path, metadata, precision):
        other = copy.deepcopy(graph)
        with torch.no_grad():
            other.model.classify.bias[0] += 0.01
        write(other, path, metadata, precision)

    monkeypatch.setitem(FORMATS, "onnx", FORMATS["onnx"]._replace(write=write_otherwise))
    out.write_text("an older export")
    done = CliRunner().invoke(app, ["export", str(untrained(data, "spoter")), "--out", str(out),
                                    "--data", str(data.manifest.parent)])
    assert done.exit_code == 1 and "differs from torch" in done.stderr and "removed" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_comparison_sees_every_kind_of_difference(data):
    clip = signer("c", 5, np.random.default_rng(1))
    fine = np.array([0.5, 0.3, 0.2], np.float32)

    def answering(values):
        return lambda _: {"probabilities": np.asarray(values, np.float32)}

    assert compare(answering(fine), answering(fine), [("c", clip)]) == (1, 0, "c", 1)
    other = compare(answering(fine), answering([0.3, 0.5, 0.2]), [("c", clip)])
    assert other.max_difference == pytest.approx(0.2) and other.same_top1 == 0
    for wrong in ([np.nan, 0.3, 0.2], [0.5, 0.5]):
        with pytest.raises(ModelError, match="c:"):
            compare(answering(fine), answering(wrong), [("c", clip)])


def test_hostile_clips_have_no_joint_one_frame_or_many(data):
    samples = read_samples(load_model(untrained(data, "spoter")), data)
    empty, single, longest = (clip for _, clip in hostile(samples))
    assert np.isnan(empty.coordinates).all() and len(single) == 1
    assert len(longest) == max(len(sample.landmarks) for sample in samples)


def test_a_file_says_what_it_takes_and_gives(data):
    path, _ = exported(data, "spoter")
    said = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(said["labels"]) == LABELS and said["units"] == "fractions" and said["fps"] == "15.0"
    assert json.loads(said["skeleton"]) == json.loads(json.dumps(JOINTS.definition()))
    assert json.loads(said["channels"]) == ["x", "y"] and said["task"] == "isolated"
    assert json.loads(said["extractor"]) == landmark_corpus.METADATA["extractor"]
    assert "/slr/" not in path.read_bytes().decode("utf-8", "ignore")  # no paths of this machine
    assert "## Limits" in said["card"] and json.loads(said["config"])["params"]["family"] == "spoter"


def test_pixels_give_what_fractions_give(data, tmp_path):
    folder, clip = untrained(data, "multistream-in-depth"), signer("c", 20, np.random.default_rng(3))
    fractions, _ = exported(data, "multistream-in-depth")
    pixels, _ = exporting.export(folder, "onnx", tmp_path / "b.onnx", pixels=True, dataset=data)
    size = np.array([640, 360], np.float32)
    x = clip.coordinates[..., :3]
    found = [OnnxGraph(path)(landmarks, size)["probabilities"]
             for path, landmarks in ((fractions, x), (pixels, x * np.array([640, 360, 640], np.float32)))]
    np.testing.assert_allclose(*found, atol=1e-5)
    assert np.abs(OnnxGraph(pixels)(x, size)["probabilities"] - found[0]).max() > 1e-3  # they do differ


def test_predict_takes_a_file_as_it_takes_a_folder(data):
    folder, (path, _) = untrained(data, "multistream"), exported(data, "multistream")
    by_torch, by_onnx = (Predictor(model, any_extractor=True, dataset=data).predict("s2-gloss1")
                         for model in (folder, path))
    assert [gloss for gloss, _ in by_onnx] == [gloss for gloss, _ in by_torch]
    np.testing.assert_allclose([p for _, p in by_onnx], [p for _, p in by_torch], atol=1e-5)
    with pytest.raises(ModelError, match="another extractor"):
        Predictor(path, dataset=data)


def test_files_that_do_not_fit_are_refused_in_words(data, tmp_path):
    sentences, _ = exported(data, "sentences")
    with pytest.raises(ModelError, match="reads sentences, so it is one for `slr transcribe`"):
        Predictor(sentences)
    vector, _ = exported(data, "embedding")
    with pytest.raises(ModelError, match="a vector and no glosses"):
        Predictor(vector, any_extractor=True, dataset=data).predict("s2-gloss1")
    (tmp_path / "text.onnx").write_text("no ONNX")
    with pytest.raises(ModelError, match=r"text\.onnx can't be read as ONNX"):
        Predictor(tmp_path / "text.onnx")
    foreign = onnx.load(sentences)
    next(entry for entry in foreign.metadata_props if entry.key == "slr_export").value = "99"
    onnx.save(foreign, tmp_path / "later.onnx")
    with pytest.raises(ModelError, match="format 99, not 1"):
        Predictor(tmp_path / "later.onnx")
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(ModelError, match="isn't an ONNX file that this version of `slr export` wrote"):
        Predictor(tmp_path / "foreign.onnx")
    with pytest.raises(ModelError, match=r"there is no model .*none\.onnx"):
        Predictor(tmp_path / "none.onnx")


def test_models_without_landmarks_or_test_clips_are_refused(data, tmp_path):
    pictures = save_untrained(tmp_path / "stfnet", FROM_PICTURES, LABELS, data.landmark_store.metadata)
    with pytest.raises(ModelError, match="reads frames"):
        exporting.export(pictures, "onnx", tmp_path / "model.onnx", dataset=data)
    with pytest.raises(CorpusError):
        exporting.export(untrained(data, "spoter"), "onnx", tmp_path / "model.onnx", dataset=Dataset.below(tmp_path))


def test_the_report_has_both_sides(data):
    folder, (path, _) = untrained(data, "sentences"), exported(data, "sentences")
    found = report_of(folder, "onnx", path, data)
    assert set(found) == {f"{of}_{name}" for of in ("torch", "onnx") for name in ("mb", "ms", "wer")} | {"onnx_ratio"}
    assert found["torch_wer"] == found["onnx_wer"] > 0 and found["onnx_mb"] == path.stat().st_size / 1e6


def test_portable_operations_compute_what_torch_computes():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 7, 3, generator=generator)
    x[torch.rand(x.shape, generator=generator) < 0.5] = torch.nan
    x[0, :, 0] = torch.nan
    last = torch.randint(-1, 9, (2, 7), generator=generator)
    points, order = torch.rand(4, 5, generator=generator), torch.tensor([[[2], [0]]])

    def all_of_them():
        return [x.nanmedian(1).values, x.nanmedian(1, keepdim=True).values, last.cummax(1).values,
                torch.cdist(points, points[:2], compute_mode="donot_use_mm_for_euclid_dist"),
                points[None].take_along_dim(order, 1)]

    wanted = all_of_them()
    with Portable():
        found = all_of_them()
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(one, other, equal_nan=True)
