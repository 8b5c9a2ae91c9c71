"""Was it made like a model's training data?"""

from typing import Any


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """What differs between how the landmarks of training were made and how others are, in words."""
    return [f"{name}: {there.get(name)} there, {here.get(name)} here" for name in sorted(there.keys() | here.keys())
            if there.get(name) != here.get(name)]
