"""Embeddings trained on WLASL-100, on the signs of LSA64, of which training saw none, as published by SPOTER
embeddings' authors.

    python -m studies.wlasl100.run WLASL
    python -m studies.lsa64_zero_shot.run LSA64

LSA64 holds that corpus's videos. See README.md beside this file.
"""

import sys
from pathlib import Path

from slr.errors import SlrError
from slr.evaluation.transfer import transfer
from studies import wlasl100
from studies.headline import Headline, main, prepare, write_results
from studies.wlasl100.run import MODELS
from studies.workspace import clone, run

NAME = "spoter_embedding"
STUDY = Headline(Path(__file__).parent, ("lsa64",), {NAME: MODELS[NAME]}, {NAME: {"top1": 0.6578, "top5": 0.8844}},
                 {"splits": {"by": "video", "val": 0}})


def trained() -> Path:
    """The model that the study of WLASL-100 left; raises SlrError if it wasn't run."""
    model = Path(wlasl100.__file__).parent / "project/models" / NAME
    if not model.is_dir():
        raise SlrError(f"{model} isn't there; run `python -m studies.wlasl100.run WLASL` first")
    return model


def reproduce(root: Path) -> dict[str, float]:
    """Extract and split LSA64, and recognise its queries by its training clips."""
    model, project = trained(), clone(STUDY.folder)
    prepare(STUDY, project, root)
    run(project, "dvc", "repro", "splits")
    return write_results(STUDY, {NAME: transfer(model, project / "data", gallery="train", queries="test")})


if __name__ == "__main__":
    try:
        main(reproduce, __doc__)
    except SlrError as error:
        sys.exit(f"error: {error}")
