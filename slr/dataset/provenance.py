"""Compares how data were made with how a model's training data were made, by named policies.

A store's metadata records how its landmarks or frames were made, and a trained model keeps that of its training data.
The policies define what must be equal.
"""

from collections.abc import Callable, Mapping
from typing import Any

Metadata = Mapping[str, Any]
_WITHOUT_EFFECT = ("clips_per_shard", "files")
"""Storage details, and where the extractor's weights were: their hash is its `model_hash`."""


def everything(metadata: Metadata) -> dict[str, Any]:
    """Everything: for testing a model on the corpus it was trained on."""
    return flat(metadata)


def landmarks(metadata: Metadata) -> dict[str, Any]:
    """What determines landmarks: for another corpus. The frames' JPEG quality has no relevant effect, and the person to
    whom they are cropped depends on who else is in the picture."""
    return {name: value for name, value in flat(metadata).items() if name not in ("frames.quality", "frames.person")}


def extractor(metadata: Metadata) -> dict[str, Any]:
    """The landmark extractor, for any frames."""
    return {name: value for name, value in metadata.get("extractor", {}).items() if name not in _WITHOUT_EFFECT}


def frames_and_joints(metadata: Metadata) -> dict[str, Any]:
    """The joints, and how frames were made: for two models that process the same video."""
    return {"skeleton": metadata["skeleton"],
            **{name: metadata["frames"].get(name) for name in ("fps", "size", "quality", "person")}}


def video(metadata: Metadata) -> dict[str, Any]:
    """What determines the landmarks of a video: `frames_and_joints`, and the extractor."""
    return frames_and_joints(metadata) | extractor(metadata)


Policy = Callable[[Metadata], dict[str, Any]]


def differences(there: Metadata, here: Metadata, policy: Policy) -> list[str]:
    """The differences between how training data and other data were made, in words.

    Parameters
    ----------
    there, here : mapping
        Metadata of the two.
    policy : callable
        What must be equal: one of this module's policies.
    """
    known, found = policy(there), policy(here)
    return [f"{name}: {known.get(name)} there, {found.get(name)} here" for name in sorted(known.keys() | found.keys())
            if known.get(name) != found.get(name)]


def flat(metadata: Metadata) -> dict[str, Any]:
    """Metadata by dotted names (`frames.fps`, `extractor.version`), without what has no effect."""
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        parts = value if isinstance(value, dict) and name in ("extractor", "frames") else {"": value}
        found |= {f"{name}.{part}".rstrip("."): content for part, content in parts.items()
                  if part not in _WITHOUT_EFFECT}
    return found
