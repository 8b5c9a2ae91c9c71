"""SPOTER and SiLT on the gestures of IPN Hand, as published by SiLT's authors.

    python -m studies.ipn.run ROOT

ROOT holds frames/ or videos/ and the lists of the release. See README.md beside this file.
"""

from functools import partial
from pathlib import Path
from typing import Any

from studies.headline import Headline, main, reproduce

HAND = {"published": True, "joints": "right-hand-21"}
MODELS: dict[str, dict[str, Any]] = {
    "spoter": {"family": "spoter", **HAND},
    "spoter_no_positions": {"family": "spoter", **HAND, "positions": "none"},
    "silt_query": {"family": "silt", **HAND, "weights": "query"},
}
PUBLISHED = {"spoter": {"top1": 0.8610}, "spoter_no_positions": {"top1": 0.8665}, "silt_query": {"top1": 0.8656}}
STUDY = Headline(Path(__file__).parent, ("ipn",), MODELS, PUBLISHED, {"splits": {"by": "official"}})

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
