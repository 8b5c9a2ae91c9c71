"""What an exported file says of itself: its metadata, as strings."""

import json
from typing import Any

from slr.dataset.landmarks import CHANNELS
from slr.inference.export.graph import LandmarkGraph
from slr.inference.exported import FORMAT
from slr.inference.model import TrainedModel


def describe(trained: TrainedModel, graph: LandmarkGraph, precision: str) -> dict[str, str]:
    """The metadata of an exported model.

    Returns
    -------
    dict of str to str
        `slr_export`, the version of this format; `name`, `task`, `fps` (frames per second of the training clips),
        `units` (`fractions`, `pixels` or `metres`) and `precision` (of the weights) as plain text; as JSON `labels` (of
        the probabilities; in `log_probabilities` the blank stands before them), `skeleton` (name, parts with their
        joints, bones, space), `channels`, `extractor` (with its version and the hash of its model), `config`, the
        folder's whole config.json; and `card`, a model card in Markdown.
    """
    config = trained.config
    made = config["preprocessing"]
    space = graph.source.space
    texts = {"slr_export": FORMAT, "name": config.get("name", ""), "task": trained.params.task,
             "fps": str(made.get("frames", {}).get("fps") or config.get("fps") or ""), "card": card(trained),
             "precision": precision,
             "units": "metres" if space == "metric" else "pixels" if graph.pixels else "fractions"}
    contents = {"labels": trained.labels, "skeleton": graph.source.definition(),
                "channels": CHANNELS[:graph.channels], "extractor": made.get("extractor", {}), "config": config}
    return texts | {name: json.dumps(content, ensure_ascii=False) for name, content in contents.items()}


def card(trained: TrainedModel) -> str:
    """A model card (Mitchell et al., "Model Cards for Model Reporting", FAT* 2019), as far as the model knows: what it
    does, what it was trained on, how well it did in validation, and what it isn't for."""
    config: dict[str, Any] = trained.config
    training, made = config.get("training", {}), config["preprocessing"]
    extractor = made.get("extractor", {})
    scores = {name.removeprefix("val_"): value for name, value in training.items()
              if name.startswith("val_") and isinstance(value, float)}
    lines = [
        f"# {config.get('name', 'model')}", "",
        f"A model of the family {config['params']['family']} that {trained.task.answers}; "
        f"{config.get('parameters', '?')} parameters, {len(trained.labels)} labels.", "",
        "## Training", "",
        f"- landmarks: {made.get('skeleton', '?')} by {extractor.get('name', 'an unknown extractor')} "
        f"{extractor.get('version', '')}".rstrip(),
        f"- clips: {training.get('train_clips', '?')} for training, {training.get('val_clips', '?')} for validation",
        *(f"- MD5 of {name}: {digest}" for name, digest in config.get("data", {}).items()),
        f"- versions: {', '.join(f'{name} {version}' for name, version in config.get('versions', {}).items()) or '?'}",
        "", "## Validation", "", *(f"- {name}: {value:.4g}" for name, value in scores.items()), "",
        "## Limits", "",
        "It knows its labels and nothing else: another sign is named as one of them. Signers, cameras and extractors "
        "unlike those of training lower its accuracy by an unknown amount.", ""]
    return "\n".join(lines)
