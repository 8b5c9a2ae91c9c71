"""Embeddings trained on WLASL-100, on the signs of LSA64, of which training saw none, as published by SPOTER
embeddings' authors.

    python -m studies.wlasl100.run WLASL_ROOT
    python -m studies.lsa64_zero_shot.run ROOT

ROOT holds LSA64's videos. See README.md beside this file.
"""

import json
import subprocess
import sys
from pathlib import Path

from slr.errors import SlrError
from slr.io.files import write_text
from studies import wlasl100
from studies.headline import Headline, main, prepare, write_results
from studies.workspace import clone, environment, run

NAME = "spoter_embedding"
MODEL = Path(wlasl100.__file__).parent / "project/models" / NAME
"""Trained by the study of WLASL-100."""
