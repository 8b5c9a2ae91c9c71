"""The files of networks that extractors read (`landmarks.weights`), and their place in the landmarks' provenance."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slr.dataset.paths import WORK
from slr.errors import ModelError, SlrError
from slr.io.fetch import size_and_hash
from slr.io.weights import weights_file
from slr.params import LandmarksParams

FETCHED = WORK / "weights"
"""Where files from URLs are kept."""


def weights_files(params: LandmarksParams, examples: Mapping[str, str]) -> dict[str, Path]:
    """The local files of the networks that an extractor needs, by name; those with a URL are fetched once.

    Parameters
    ----------
    params : LandmarksParams
    examples : mapping of str to str
        The names of the needed files, and for each an address where one is published.

    Raises
    ------
    ModelError
        If one isn't in the settings, isn't there, or has a different hash; the message names the setting.
    """
    found = {}
    for name, example in examples.items():
        way_out = (f"give landmarks.weights.{name} a file, or a URL such as {example}, and "
                   f"landmarks.weights_sha256.{name} the hash of what is behind a URL")
        if name not in params.weights:
            raise ModelError(f"extractor {params.extractor} needs the weights '{name}'; {way_out}")
        try:
            found[name] = weights_file(params.weights[name], params.weights_sha256.get(name), FETCHED)
        except SlrError as error:
            raise ModelError(f"landmarks.weights.{name}: {error}; or {way_out}") from None
    return found


def weights_identity(params: LandmarksParams, files: Mapping[str, Path]) -> dict[str, Any]:
    """Of `Extractor.identity`: `model_hash`, a SHA-256 of those of all files, and `files`."""
    hashes = {name: size_and_hash(file)[1] for name, file in sorted(files.items())}
    lines = "".join(f"{name} {sha256}\n" for name, sha256 in hashes.items())
    return {"model_hash": hashlib.sha256(lines.encode()).hexdigest(),
            "files": {"weights": {name: params.weights[name] for name in hashes}, "weights_sha256": hashes}}
