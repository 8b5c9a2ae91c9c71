"""Model folders that are damaged, or that a stranger made to do harm: each has to be refused, in one line.

    python -m benchmarks.inputs.hostile_models

Each case is a change of a folder that answers. `hostile_models_answered` counts those that still give an answer, and
those that end in anything other than the one line.
"""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from benchmarks.record import record
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.dataset.skeleton import skeleton
from slr.errors import SlrError
from slr.inference.model import load_model
from slr.preprocessing.rgb import RgbBatch
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, FROM_PICTURES, save_untrained

PREPROCESSING = {"skeleton": "holistic-75", "channels": ["x", "y", "z", "visibility"],
                 "frames": {"fps": 12, "size": 320, "quality": 95},
                 "extractor": {"name": "made-up", "settings": {}}}
SIGNS = {"family": "spoter", "d_model": 16, "heads": 2, "feedforward": 16, "encoder_layers": 1, "decoder_layers": 1}
STREAMS = {"family": "multistream", "widths": [16], "strides": [2], "frames": 8}
EMBEDDING = {**STREAMS, "embedding": {"size": 4}, "losses": {"classification": 0, "triplet": 1}}
MODELS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "signs": (SIGNS, ["HOUSE", "RAIN", "SNOW"]), "streams": (STREAMS, ["HOUSE", "RAIN"]),
    "embedding": (EMBEDDING, ["HOUSE", "RAIN"]), "detector": (DETECTOR, ["S", "rest"]),
    "graph": ({"family": "sca_stgcn", "widths": [16], "hidden": 16}, ["HOUSE", "RAIN"]),
    "sentences": (FROM_LANDMARKS, ["HOUSE", "RAIN"]), "pictures": (FROM_PICTURES, ["HOUSE", "RAIN"]),
}
"""Settings and labels of the folders that answer."""

Config = dict[str, Any]
Tensors = dict[str, torch.Tensor]


class Case(NamedTuple):
    """A change of the folder of one of `MODELS`."""

    name: str
    model: str
    change: Callable[[Path], object]


def make_models(folder: Path) -> dict[str, Path]:
    """The folders that answer, by name."""
    made = {name: save_untrained(folder / name, settings, labels, PREPROCESSING, threshold=0.5)
            for name, (settings, labels) in MODELS.items()}
    _tensors(lambda of: of.update(gallery=torch.rand(3, 4), gallery_targets=torch.tensor([0, 1, 1])))(made["embedding"])
    return made


def answer(folder: Path) -> object:
    """What the model says of a made-up clip; raises SlrError if it is refused."""
    trained = load_model(folder)
    if trained.inputs.name == "frames":
        images = torch.zeros(1, 3, 8, 32, 32)
        return trained.clip_log_probabilities(RgbBatch(images, torch.tensor([8]), torch.empty(1, 0), ("clip",)))
    joints = skeleton("holistic-75")
    moving = np.random.default_rng(0).random((12, len(joints), 4)).astype(np.float32)
    clips = trained.clip(ClipLandmarks("clip", 12, 320, 320, moving), joints)
    return trained.log_probabilities(clips) if trained.params.task == "continuous" else trained.probabilities(clips)


def verdict(folder: Path) -> str | None:
    """None if the folder is refused in one line; else what came in its place."""
    try:
        return f"answers {str(answer(folder))[:60]!r}"
    except SlrError as error:
        return f"{len(str(error).splitlines())} lines" if "\n" in str(error) else None
    except Exception as error:  # what a traceback would be
        return f"{type(error).__name__}: {error}"[:200]


def _config(change: Callable[[Config], object]) -> Callable[[Path], object]:
    """A change of the content of config.json."""
    def apply(folder: Path) -> None:
        content = json.loads((folder / CONFIG).read_text())
        change(content)
        (folder / CONFIG).write_text(json.dumps(content))
    return apply


def _setting(**changed: Any) -> Callable[[Path], object]:
    return _config(lambda config: config["params"].update(changed))


def _said(**changed: Any) -> Callable[[Path], object]:
    return _config(lambda config: config.update(changed))


def _made(**changed: Any) -> Callable[[Path], object]:
    return _config(lambda config: config["preprocessing"].update(changed))


def _tensors(change: Callable[[Tensors], object]) -> Callable[[Path], object]:
    """A change of the weights, by name."""
    def apply(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)
    return apply


def _each(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path], object]:
    return _tensors(lambda tensors: tensors.update({name: change(of).contiguous() for name, of in tensors.items()}))


def _filled(value: float) -> Callable[[Path], object]:
    """One weight of the last tensor has this value."""
    def fill(tensors: Tensors) -> None:
        tensors[max(name for name, of in tensors.items() if of.is_floating_point())].view(-1)[0] = value
    return _tensors(fill)


def _bytes(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def _as_folder(name: str) -> Callable[[Path], object]:
    return lambda folder: ((folder / name).unlink(), (folder / name).mkdir())


def _as_link(name: str) -> Callable[[Path], object]:
    return lambda folder: ((folder / name).unlink(), os.symlink(name, folder / name))


def _header(change: Callable[[Config], object]) -> Callable[[Path], object]:
    """A change of the header of the weights, whose content stays."""
    def apply(content: bytes) -> bytes:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + length])
        change(header)
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + content[8 + length:]
    return _bytes(WEIGHTS, apply)


def _first(header: Config) -> Config:
    return header[min(name for name in header if name != "__metadata__")]


HUGE = 1_000_000_000
CASES = (
    # Files
    Case("config is a folder", "signs", _as_folder(CONFIG)),
    Case("weights are a folder", "signs", _as_folder(WEIGHTS)),
    Case("config is a link to itself", "signs", _as_link(CONFIG)),
    Case("weights are a link to itself", "signs", _as_link(WEIGHTS)),
    Case("config is missing", "signs", lambda folder: (folder / CONFIG).unlink()),
    Case("weights are missing", "signs", lambda folder: (folder / WEIGHTS).unlink()),
    Case("the folder is a file", "signs", lambda folder: (shutil.rmtree(folder), folder.touch())),
    Case("config is empty", "signs", _bytes(CONFIG, lambda _: b"")),
    Case("config is cut", "signs", _bytes(CONFIG, lambda content: content[:-20])),
    Case("config is binary", "signs", _bytes(CONFIG, lambda _: bytes(range(256)))),
    Case("config is nested deep", "signs", _bytes(CONFIG, lambda _: b"[" * 200_000)),
    Case("config is a list", "signs", _bytes(CONFIG, lambda content: b"[" + content + b"]")),
    Case("weights are empty", "signs", _bytes(WEIGHTS, lambda _: b"")),
    Case("weights are cut", "signs", _bytes(WEIGHTS, lambda content: content[:-4])),
    Case("weights are a pickle", "signs", _bytes(WEIGHTS, lambda _: b"\x80\x04cos\nsystem\n(S'true'\ntR.")),
    Case("header longer than the file", "signs", _bytes(WEIGHTS, lambda of: struct.pack("<Q", 1 << 40) + of[8:])),
    Case("header: a shape of a terabyte", "signs", _header(lambda of: _first(of).update(shape=[1 << 40]))),
    Case("header: negative shape", "signs", _header(lambda of: _first(of).update(shape=[-1]))),
    Case("header: unknown type", "signs", _header(lambda of: _first(of).update(dtype="F1024"))),
    Case("header: offsets beyond the file", "signs",
         _header(lambda of: _first(of).update(data_offsets=[0, 1 << 40]))),
    # Weights
    Case("a weight is NaN", "signs", _filled(float("nan"))),
    Case("a weight is infinite", "signs", _filled(float("inf"))),
    Case("all weights are NaN", "sentences", _each(lambda of: of * float("nan") if of.is_floating_point() else of)),
    Case("weights so large that answers are NaN", "signs", _each(lambda of: torch.full_like(of, 3e38))),
    Case("weights so large that sentences are NaN", "sentences",
         _each(lambda of: torch.full_like(of, 3e38) if of.is_floating_point() else of)),
    Case("a negative variance", "streams", _tensors(lambda of: [
        value.fill_(-1) for name, value in of.items() if name.endswith(("running_var", "variance"))])),
    Case("float64", "signs", _each(torch.Tensor.double)),
    Case("float16", "signs", _each(torch.Tensor.half)),
    Case("bfloat16", "graph", _each(torch.Tensor.bfloat16)),
    Case("integers", "signs", _each(lambda of: (100 * of).to(torch.int32))),
    Case("one tensor is boolean", "signs", _tensors(lambda of: of.update({max(of): of[max(of)] > 0}))),
    Case("a tensor more", "signs", _tensors(lambda of: of.update(more=torch.ones(3)))),
    Case("a tensor less", "signs", _tensors(lambda of: of.pop(max(of)))),
    Case("a tensor has another name", "signs", _tensors(lambda of: of.update(other=of.pop(max(of))))),
    Case("a tensor is transposed", "pictures", _tensors(lambda of: of.update({
        name: value.flip(0)[1:].contiguous() for name, value in of.items() if value.ndim == 2}))),
    Case("no tensors", "signs", _tensors(lambda of: of.clear())),
    Case("the weights of another model", "signs",
         lambda folder: shutil.copy(folder.parent / "graph" / WEIGHTS, folder / WEIGHTS)),
    Case("a gallery of classes that don't exist", "embedding",
         _tensors(lambda of: of.update(gallery_targets=torch.tensor([0, 1, 7])))),
    Case("a gallery of negative classes", "embedding",
         _tensors(lambda of: of.update(gallery_targets=torch.tensor([0, 1, -3])))),
    Case("a gallery of other vectors", "embedding", _tensors(lambda of: of.update(gallery=torch.rand(3, 9)))),
    Case("a gallery without its classes", "embedding",
         _tensors(lambda of: of.update(gallery_targets=torch.tensor([0])))),
    # Labels and task
    Case("no labels", "signs", _config(lambda config: config.pop("labels"))),
    Case("labels are empty", "signs", _said(labels=[])),
    Case("a label less", "signs", _said(labels=["HOUSE", "RAIN"])),
    Case("a label more", "signs", _said(labels=["HOUSE", "RAIN", "SNOW", "SUN"])),
    Case("a million labels", "signs", _said(labels=[f"G{i}" for i in range(1_000_000)])),
    Case("labels are a text", "signs", _said(labels="ABC")),
    Case("a label is a number", "signs", _said(labels=["HOUSE", 1, "SNOW"])),
    Case("a label is nothing", "signs", _said(labels=["HOUSE", "", "SNOW"])),
    Case("a label occurs twice", "signs", _said(labels=["HOUSE", "HOUSE", "SNOW"])),
    Case("a label moves the cursor", "signs", _said(labels=["HOUSE", "\x1b[2J", "SNOW"])),
    Case("a label is half a character", "signs", _said(labels=["HOUSE", "\ud800", "SNOW"])),
    Case("another task", "signs", _said(task="continuous")),
    Case("a task that doesn't exist", "signs", _said(task="mind reading")),
    Case("a task that is a list", "signs", _said(task=["isolated"])),
    Case("the positive label is missing", "detector", _said(labels=["P", "rest"])),
    Case("no threshold", "detector", _said(training={})),
    Case("a threshold of text", "detector", _said(training={"threshold": "high"})),
    Case("a threshold of NaN", "detector", _said(training={"threshold": float("nan")})),
    # Settings
    Case("no settings", "signs", _config(lambda config: config.pop("params"))),
    Case("an unknown family", "signs", _setting(family="oracle")),
    Case("a family that is a program", "signs", _setting(family="os:system")),
    Case("a family of no name", "signs", _setting(family=":")),
    Case("an unknown setting", "signs", _setting(colour="red")),
    Case("a setting of NaN", "signs", _setting(dropout=float("nan"))),
    Case("joints of a file that isn't there", "signs", _setting(joints="gone.yaml")),
    Case("other joints", "signs", _setting(joints="kinect-20")),
    Case("other channels", "signs", _setting(channels=3)),
    Case("frames: 1e9", "streams", _setting(frames=1e9)),
    Case("frames: a number of 400 digits", "streams", _bytes(CONFIG, lambda of: of.replace(
        b'"frames": 8', b'"frames": 1' + b"0" * 400))),
    Case("width: 1e9", "signs", _setting(d_model=HUGE)),
    Case("feedforward: 1e9", "signs", _setting(feedforward=HUGE)),
    Case("feedforward: 1e12", "signs", _setting(feedforward=HUGE * 1000)),
    Case("layers: 1e9", "signs", _setting(encoder_layers=HUGE)),
    Case("recurrent layers: 1e9", "sentences", _setting(layers=HUGE)),
    Case("width of sentences: 1.6e9", "sentences", _setting(width=16 * HUGE // 10)),
    Case("hidden: 1e9", "graph", _setting(hidden=HUGE)),
    Case("sums: 1e9", "graph", _setting(joint_sums=HUGE)),
    Case("widths of a thousand blocks", "graph", _setting(widths=[16] * 1000, dilations=[1] * 1000)),
    Case("dilations: 1e9", "graph", _setting(dilations=[HUGE])),
    Case("seeds: 1e9", "streams", _setting(seeds=HUGE)),
    Case("streams: ten thousand", "streams", _setting(streams=[["joints"]] * 10_000)),
    Case("an embedding of 1e9", "embedding", _setting(embedding={"size": HUGE})),
    Case("LSTM layers: 1e9", "pictures", _setting(lstm_layers=HUGE)),
    Case("pictures of 1e9 pixels a side", "pictures", _config(
        lambda config: config["params"]["images"].update(resize=HUGE, crop=HUGE))),
    Case("windows of 1e9 frames", "detector", _config(
        lambda config: config["params"]["windows"].update(frames=HUGE))),
    Case("a beam of 1e9", "sentences", _config(lambda config: config["params"]["decoding"].update(width=HUGE))),
    # Preprocessing
    Case("no preprocessing", "signs", _config(lambda config: config.pop("preprocessing"))),
    Case("preprocessing is a list", "signs", _said(preprocessing=[])),
    Case("an unknown skeleton", "signs", _made(skeleton="ghost")),
    Case("a skeleton that isn't one", "signs", _made(skeleton_definition={"name": "x", "parts": 3})),
    Case("a frame rate of 1e9", "signs", _made(frames={"fps": HUGE, "size": 320, "quality": 95})),
    Case("a negative frame rate", "signs", _made(frames={"fps": -1, "size": 320, "quality": 95})),
    Case("a mean frame rate of NaN", "signs", _said(fps=float("nan"))),
    Case("frames are a text", "signs", _made(frames="many")),
    Case("an extractor that is a list", "signs", _made(extractor=[])),
)


def judged(case: Case, models: dict[str, Path], folder: Path) -> str | None:
    """The `verdict` on a case, which is made in `folder`."""
    for name in ("graph", case.model):  # one case takes another's weights
        if not (folder / name).exists():
            shutil.copytree(models[name], folder / name)
    case.change(folder / case.model)
    return verdict(folder / case.model)


def main() -> None:
    with TemporaryDirectory() as temporary:
        models = make_models(Path(temporary) / "models")
        for name, folder in models.items():
            answer(folder)  # raises if a folder that is as it should be is refused
            print(f"{name} answers")
        found = {}
        for number, case in enumerate(CASES):
            found[case.name] = judged(case, models, Path(temporary) / str(number))
            if found[case.name]:
                print(f"{case.model}, {case.name}: {found[case.name]}")
        record("inputs", {"hostile_models": len(CASES), "hostile_models_answered": sum(map(bool, found.values()))},
               part="hostile_models")


if __name__ == "__main__":
    main()
