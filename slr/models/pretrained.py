"""Pretrained weights: from a file, or downloaded once from a URL and verified."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from torch import Tensor

from slr.errors import ModelError
from slr.io.fetch import fetch


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
    if source.startswith(("http://", "https://")):
        if sha256 is None:
            raise ModelError(f"weights from {source} need the file's sha256; give it")
        path = Path(folder) / f"{sha256[:16]}-{Path(urlsplit(source).path).name or 'weights'}"
        if not path.exists():
            fetch(source, path, sha256)
    else:
        path = Path(source)
        if not path.is_file():
            raise ModelError(f"there are no weights at {path}; correct the path")
    if sha256 is not None:
        with open(path, "rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != sha256:
            raise ModelError(f"the weights in {path} have the sha256 {found}, not {sha256}; remove the file, or "
                             "correct the hash")
    return _tensors(path)


def _tensors(path: Path) -> dict[str, Tensor]:
    import torch
    from safetensors.torch import load_file

    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(
            path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's unpickler raises arbitrary errors, such as IndexError
        raise ModelError(f"{path} isn't a file of weights ({' '.join(str(error).split())[:120]}); give a .safetensors "
                         "file, or a .pth with nothing but tensors") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(f"{path} holds more than weights by name; give a state dict")
    return state
