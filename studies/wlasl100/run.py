"""SPOTER, SiLT and SPOTER's embeddings on the 100 most frequent signs of WLASL, as published.

    python -m studies.wlasl100.run ROOT

ROOT holds WLASL_v0.3.json and the videos (`slr download wlasl`). See README.md beside this file.
"""

from functools import partial
from pathlib import Path
from typing import Any

from studies.headline import Headline, main, reproduce

ON_75 = {"published": True, "joints": "holistic-75"}
MODELS: dict[str, dict[str, Any]] = {
    "spoter": {"family": "spoter", "published": True, "joints": "spoter-54"},
    "spoter_75": {"family": "spoter", **ON_75},
    "spoter_75_no_positions": {"family": "spoter", **ON_75, "positions": "none"},
    "silt_query": {"family": "silt", **ON_75, "weights": "query"},
    "spoter_embedding": {"family": "spoter", "published": True, "joints": "spoter-54", "embedding": {"size": 32}},
}
PUBLISHED = {
    "spoter": {"top1": 0.6318},  # with landmarks of another extractor (Vision API); Bohacek and Hruz, table 2
    "spoter_75": {"top1": 0.6008},  # Luna-Jimenez et al., with MediaPipe, as the next two
    "spoter_75_no_positions": {"top1": 0.6008},
    "silt_query": {"top1": 0.6279},
    "spoter_embedding": {"top1": 0.5807, "top5": 0.7812},
}
STUDY = Headline(Path(__file__).parent, ("wlasl", "--subset", "100"), MODELS, PUBLISHED,
                 {"splits": {"by": "official"},
                  "corpus": {"on_error": "skip", "max_failures": 1}})  # many of its videos are gone

if __name__ == "__main__":
    main(partial(reproduce, STUDY), __doc__)
