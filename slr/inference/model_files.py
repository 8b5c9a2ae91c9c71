"""A model folder is read, which may come from a stranger: nothing is allocated that its files don't account for.

What its settings describe may be of any size. So its network is built within bounds that the file of weights sets: a
network that fits it isn't larger.
"""

import re
from pathlib import Path
from threading import get_ident
from typing import Any, Self

import torch
from safetensors import safe_open
from safetensors.torch import load_model
from torch import nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.overrides import TorchFunctionMode

from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.errors import ModelError
from slr.io.files import parse_json, read_named
from slr.models import build
from slr.params import FramesParams, ModelParams, parse_model
from slr.preprocessing.inputs import inputs_of
from slr.tasks import task_of

LARGEST_CONFIG = 1 << 26
"""Bytes of a config.json, which has the labels and, of a sentence model, the ids of sentences that were too short."""
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of characters."""
_NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
          torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL"}
"""Types of tensors as safetensors names them."""
_FACTORIES = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.arange, torch.eye}
"""The functions that allocate what a setting may make large."""
_PARTS = 64
"""Modules and parameters that a network has for each of its tensors, at most."""
_COPIES, _ALWAYS = 4, 1 << 24
"""Bytes that are allocated while a network is built: for each of the file, and at most; and whatever its size."""


def read_config(folder: Path) -> tuple[dict[str, Any], ModelParams]:
    """The content of config.json, and the model's settings in it.

    Raises
    ------
    ModelError
        If it can't be read, or lacks something.
    SlrError, ValueError, KeyError, TypeError
        If its settings, labels or preprocessing are impossible; `load_model` adds the folder's name.
    """
    path = folder / CONFIG
    if path.is_file() and path.stat().st_size > LARGEST_CONFIG:
        raise ModelError(f"{CONFIG} has more than {LARGEST_CONFIG >> 20} MiB")
    config = parse_json(read_named(path, ModelError, "a model's folder has its settings there"))
    if not isinstance(config, dict):
        raise ModelError(f"{CONFIG} holds no settings by name, but {type(config).__name__}")
    params = parse_model(config["params"], folder.name)
    if config.get("task", params.task) != params.task:
        raise ModelError(f"its task is {str(config['task'])[:40]!r}, and that of its settings '{params.task}'")
    _require_labels(config["labels"])
    _require_preprocessing(config, params)
    task_of(params).require_config(config, params)
    return config, params


def _require_labels(labels: Any) -> None:
    """Raise ModelError unless these are glosses: one or more, all different, without control characters."""
    if not isinstance(labels, list) or not labels:
        raise ModelError("its labels are no list of glosses")
    for label in labels:
        if not isinstance(label, str) or not label or _NO_TEXT.search(label):
            raise ModelError(f"{str(label)[:40]!r} among its labels is no gloss")
    if len(set(labels)) < len(labels):
        raise ModelError("one of its labels occurs twice")


def _require_preprocessing(config: dict[str, Any], params: ModelParams) -> None:
    """Raise an error unless the training data are described, as `TrainedModel` and `slr.inference.video` read it."""
    made = config["preprocessing"]
    if not isinstance(made, dict):
        raise ModelError("its preprocessing is not described by name")
    for name, block in (("frames", made.get("frames", {})), ("extractor", made.get("extractor", {})),
                        ("training", config["training"])):
        if not isinstance(block, dict):
            raise ModelError(f"{name} is not described by name")
    if "frames" in made:
        FramesParams(**made["frames"])
        FramesParams(fps=config.get("fps"))
    if not isinstance(made.get("extractor", {}).get("settings", {}), dict):
        raise ModelError("the extractor's settings are not described by name")
    inputs_of(params).register(made)


def read_network(folder: Path, params: ModelParams, classes: int) -> nn.Module:
    """The network that the settings describe, with the weights in the folder.

    Raises
    ------
    ModelError, SafetensorError, RuntimeError
        If the tensors that the settings describe differ from those in the file by name, type or shape, or have values
        that a trained network hasn't; `load_model` adds the folder's name.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise ModelError(f"{WEIGHTS} is a folder, not a file")
    with safe_open(path, "pt") as file:
        header = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118  # no mapping
    with _Bounded(path.stat().st_size, len(header)):
        network = build(params, classes)
    for name, tensor in network.state_dict().items():
        if header.get(name, _NAMES.get(tensor.dtype)) != _NAMES.get(tensor.dtype):
            raise ModelError(f"{name} is of type {header[name]}, not {_NAMES.get(tensor.dtype)}")
    load_model(network, path)
    _require_numbers(network)
    return network


class _Bounded(TorchFunctionMode):
    """A network is built without initialising weights, as they will be read from a file; and none that is larger.

    Parameters
    ----------
    size : int
        Bytes of the file.
    tensors : int
        Tensors in it.

    Raises
    ------
    ModelError
        Before a tensor is allocated that exceeds the file by far, or as soon as the network has many more parts than
        the file has tensors: a billion layers would take days.
    """

    def __init__(self, size: int, tensors: int):
        super().__init__()
        self.bytes_left, self.parts_left = _COPIES * (size + _ALWAYS), _PARTS * (tensors + 1)
        self.thread = get_ident()

    def __enter__(self) -> Self:
        self.hooks = (register_module_module_registration_hook(self._count),
                      register_module_parameter_registration_hook(self._count))
        super().__enter__()  # type: ignore[no-untyped-call]  # untyped in torch
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        for hook in self.hooks:
            hook.remove()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        if func in _FACTORIES:
            self.bytes_left -= func(*args, **{**kwargs, "device": "meta"}).nbytes
            if self.bytes_left < 0:
                raise ModelError("its settings describe a network that is larger than its weights")
        return func(*args, **kwargs)

    def _count(self, module: nn.Module, name: str, part: Any) -> None:
        if get_ident() == self.thread:  # the hooks are those of the whole process
            self.parts_left -= 1
            if self.parts_left < 0:
                raise ModelError("its settings describe a network of more parts than its weights")


def _require_numbers(network: nn.Module) -> None:
    """Raise ModelError if a weight is NaN or infinite, or a variance negative."""
    for name, tensor in network.state_dict().items():
        # The sum is quick, but of large numbers may be infinite too.
        if tensor.is_floating_point() and not tensor.sum().isfinite() and not tensor.isfinite().all():
            raise ModelError(f"{name} has values that are not finite")
        if name.endswith(("running_var", "variance")) and (tensor < 0).any():
            raise ModelError(f"{name} has negative variances")


def in_one_line(error: Exception) -> str:
    """An error's message; with its kind, where that is all of it."""
    text = f"{type(error).__name__}: {error}" if isinstance(error, LookupError) else str(error)
    return " ".join(text.split())[:1000]
