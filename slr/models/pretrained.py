"""Pretrained weights: from a file, or downloaded once from a URL and verified. No code in a file is ever run."""

import re
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from slr.errors import ModelError
from slr.io.weights import weights_file


def read_weights(source: str, sha256: str | None, folder: Path) -> dict[str, Tensor]:
    """The tensors in a weights file, by name.

    Parameters
    ----------
    source : str
        Path of a .safetensors file, or of one written by `torch.save` (.pth, .pt, .bin), of which only tensors are
        read, without running any code in it. Or the http(s) URL of one.
    sha256 : str or None
        Expected hash of the file, 64 hex digits; required for a URL.
    folder : Path
        Download cache: files are kept under their hash and name.

    Raises
    ------
    ModelError
        If the file is missing, can't be downloaded, has a different hash, or doesn't contain weights.
    """
    return _tensors(weights_file(source, sha256, folder))


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a published checkpoint, by the names of its authors' network.

    Parameters
    ----------
    path : Path
        A .safetensors file, or one written by `torch.save`: a state dict, or a dict that has one among other things
        (`WRAPPERS`). Numbers of arrays and of command-line arguments beside the tensors are read, no other object is.

    Returns
    -------
    dict
        Without the prefix `module.`, which training on several GPUs leaves.

    Raises
    ------
    ModelError
        If the file is missing, holds a pickled object or no tensors.
    """
    import torch

    if not path.is_file():
        raise ModelError(f"there is no checkpoint at {path}; correct the path")
    with torch.serialization.safe_globals(_plain_data()):
        content = _content(path)
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not _is_state(content):
        held = ", ".join(map(str, content)) if isinstance(content, Mapping) else f"a {type(content).__name__}"
        raise ModelError(f"{path} holds no state dict, but {held[:120]}; one is expected, or one under "
                         f"{', '.join(WRAPPERS)}")
    return {re.sub(r"(^|\.)module\.", r"\1", name): tensor for name, tensor in content.items()}


WRAPPERS = ("model_state_dict", "state_dict", "model")
"""Under which of these names a published checkpoint may keep its state dict."""


def _plain_data() -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """Types besides torch's own that published checkpoints keep beside their weights: data without code."""
    import numpy as np
    from numpy._core import multiarray

    arrays = [(getattr(multiarray, function), f"numpy.{core}.multiarray.{function}")  # as numpy 1 and 2 name them
              for core in ("core", "_core") for function in ("_reconstruct", "scalar")]
    return [Namespace, Counter, np.ndarray, np.dtype, *arrays,
            *{type(np.dtype(kind)) for kind in (float, np.float32, np.int64, np.int32, np.uint32, bool)}]


def _tensors(path: Path) -> dict[str, Tensor]:
    state = _content(path)
    if not _is_state(state):
        raise ModelError(f"{path} holds more than weights by name; give a state dict")
    return state


def _is_state(content: Any) -> bool:
    return isinstance(content, Mapping) and bool(content) and all(
        isinstance(value, Tensor) for value in content.values())


def _content(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    try:
        return load_file(path) if path.suffix == ".safetensors" else torch.load(
            path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's unpickler raises arbitrary errors, such as IndexError
        if pickled := re.search(r"GLOBAL (\S+)", str(error)):
            raise ModelError(f"{path} isn't a file of weights: it holds a pickled {pickled[1]}, and unpickling one may "
                             "run any code; where its authors' code is installed, save its weights alone, by "
                             "torch.save(torch.load(FILE, weights_only=False).state_dict(), NEW)") from None
        raise ModelError(f"{path} isn't a file of weights ({' '.join(str(error).split())[:120]}); give a .safetensors "
                         "file, or a .pth with nothing but tensors") from None
