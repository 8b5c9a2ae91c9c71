"""The published references of sentences' glosses, and sclite, which counts with them."""

import os
import shutil
from pathlib import Path

import pytest

SCLITE = shutil.which("sclite", path=f"{os.environ['PATH']}:/usr/lib/sctk/bin")
needs_sclite = pytest.mark.skipif(SCLITE is None, reason="sclite is not installed (apt-get install sctk)")


def real_references(shared_data: Path, name: str) -> Path:
    """Path of a released .stm; the test is skipped where it is absent."""
    path = shared_data / "formats" / name
    if not path.exists():
        pytest.skip(f"the real references are not here ({path}); set SLR_SHARED_DATA to the folder of formats/")
    return path
