"""A trained model's folder: the files that training writes for all later use."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slr.io.files import atomic_path, write_json

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS, CONFIG, HISTORY = "weights.safetensors", "config.json", "history.csv"
LAST = "last.safetensors"
"""The last epoch's weights, with `keep_last`."""
METRICS = "metrics.json"
"""Metrics of its evaluation, which is in a separate folder with a copy of the model's config."""


def save_model(folder: Path, weights: "dict[str, Tensor]", config: dict[str, Any],
               history: list[dict[str, Any]], last: "dict[str, Tensor] | None" = None) -> None:
    """Write a model folder atomically, replacing an existing one; a model that wasn't trained here has no history.
    `last` are weights to keep besides."""
    from safetensors.torch import save_file

    with atomic_path(folder) as temporary:
        temporary.mkdir()
        save_file(weights, temporary / WEIGHTS)
        if last is not None:
            save_file(last, temporary / LAST)
        write_json(temporary / CONFIG, config)
        if history:
            with open(temporary / HISTORY, "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, fieldnames=list(history[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(history)
