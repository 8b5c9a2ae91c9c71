"""Was it made like a model's training data? The one comparison, by named policies.

What landmarks or frames were made with stands in their store's metadata, and a trained model keeps that of its training
data. The policies say which of it has to be equal.
"""

from collections.abc import Callable, Mapping
from typing import Any

Metadata = Mapping[str, Any]


def everything(metadata: Metadata) -> dict[str, Any]:
    """All of it: for the test of a model on the corpus that it was trained on."""
    return flat(metadata)


def landmarks(metadata: Metadata) -> dict[str, Any]:
    """What landmarks follow from: for another corpus. The frames' JPEG quality makes no difference that counts."""
    return {name: value for name, value in flat(metadata).items() if name != "frames.quality"}


def extractor(metadata: Metadata) -> dict[str, Any]:
    """What found the landmarks, whatever frames it looked at."""
    return dict(metadata.get("extractor", {}))


def frames_and_joints(metadata: Metadata) -> dict[str, Any]:
    """The joints, and how frames were made: for two models that read one video together."""
    return {"skeleton": metadata["skeleton"],
            **{name: metadata["frames"].get(name) for name in ("fps", "size", "quality")}}


def video(metadata: Metadata) -> dict[str, Any]:
    """What landmarks of a video follow from: `frames_and_joints`, and the extractor."""
    return frames_and_joints(metadata) | extractor(metadata)


Policy = Callable[[Metadata], dict[str, Any]]


def differences(there: Metadata, here: Metadata, policy: Policy) -> list[str]:
    """What differs between how training data were made and how other data are, in words.

    Parameters
    ----------
    there, here : mapping
        Metadata of the two.
    policy : callable
        What of them has to be equal: one of this module's.
    """
    known, found = policy(there), policy(here)
    return [f"{name}: {known.get(name)} there, {found.get(name)} here" for name in sorted(known.keys() | found.keys())
            if known.get(name) != found.get(name)]


def flat(metadata: Metadata) -> dict[str, Any]:
    """Metadata by dotted names (`frames.fps`, `extractor.version`), but for how it is stored."""
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        parts = value if isinstance(value, dict) and name in ("extractor", "frames") else {"": value}
        found |= {f"{name}.{part}".rstrip("."): content for part, content in parts.items() if part != "clips_per_shard"}
    return found
