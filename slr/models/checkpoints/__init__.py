"""Published checkpoints: for each system, how its sizes are read from the tensors, and which tensor is which of ours.

A system is a `System`, with a table in a module of its own; docs/checkpoints.md lists them. The same tables fill our
networks where they are compared with the authors' numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slr.models.checkpoints import sca_stgcn, stfnet, transformers
from slr.models.checkpoints.tensors import Checkpoint, Theirs, convert

__all__ = ["SYSTEMS", "Checkpoint", "System", "Theirs", "convert"]


@dataclass(frozen=True)
class System:
    """A published system.

    Attributes
    ----------
    settings : callable
        `(checkpoint, given) -> settings`, those of a block below `models`, as far as they aren't `given`.
    tensors : callable
        `checkpoint -> table` of all its tensors.
    classes : str or None
        Name of the tensor whose length is the number of classes; None where the network has no classifier.
    classes_axis : int
        The axis of the classes in it.
    blank : int
        1 if class 0 is the blank of CTC, which is no gloss.
    facts : dict
        What training would have found out, for config.json.
    """

    settings: Callable[[Checkpoint, Mapping[str, Any]], dict[str, Any]]
    tensors: Callable[[Checkpoint], list[Theirs]]
    classes: str | None
    classes_axis: int = 0
    blank: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


SYSTEMS = {
    "spoter": System(transformers.spoter_settings, transformers.spoter_tensors, transformers.CLASSES),
    "silt": System(transformers.silt_settings, transformers.silt_tensors, transformers.CLASSES),
    "spoter-embeddings": System(transformers.embedding_settings, transformers.embedding_tensors, None),
    "sca-stgcn": System(sca_stgcn.settings, sca_stgcn.tensors, sca_stgcn.CLASSES, facts={"threshold": 0.5}),
    "stfnet": System(stfnet.settings, stfnet.tensors, stfnet.CLASSES, classes_axis=1, blank=1),
}
"""The published systems, by their names on the command line."""
