"""Base class of all blocks of `params.yaml`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Fraction = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
"""Dropout rate."""
Positive = Annotated[int, Field(ge=1)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a file."""
Frames = Annotated[int, Field(ge=1, le=4096)]
"""Frames that a network reads at a time."""
Layers = Annotated[int, Field(ge=1, le=100)]
"""Layers of a network, or copies of it."""
Device = Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")]
"""`auto` (a GPU if there is one), `cpu`, `mps`, `cuda`, or `cuda:1` for the second GPU."""


class Section(BaseModel):
    """A block of `params.yaml`: unknown names are errors, values are validated, and instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
