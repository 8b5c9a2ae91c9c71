"""The published references of sentences' glosses."""

from pathlib import Path

import pytest


def real_references(shared_data: Path, name: str) -> Path:
    """Path of a released .stm; the test is skipped where it is absent."""
    path = shared_data / "formats" / name
    if not path.exists():
        pytest.skip(f"the real references are not here ({path}); set SLR_SHARED_DATA to the folder of formats/")
    return path
