"""What the tests share: a tiny drawn corpus, extracted once by the real MediaPipe, and the real recordings."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from slr.params import FramesParams, LandmarksParams, SampleParams

REPOSITORY = Path(__file__).parents[1]
TINY = SampleParams(parts=["isolated"], signs=4, signers=4, repetitions=1)


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Make a folder once for all test processes of a run."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with FileLock(shared / f"{name}.lock"):
        folder = shared / name
        if not folder.exists():
            folder.mkdir()
            make(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn corpus of 16 clips (4 signs, 4 signers): `manifest.parquet`, and the media below the same folder."""
    from slr.corpora.sample import render
    from slr.dataset.manifest import write_manifest

    return _once(tmp_path_factory, "tiny_corpus",
                 lambda folder: write_manifest(folder / "manifest.parquet", render(TINY, folder, workers=2)))


@pytest.fixture(scope="session")
def tiny_frames(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus's frames, as `data/frames` holds them."""
    from slr.frames import extract_frames

    return _once(tmp_path_factory, "tiny_frames", lambda folder: extract_frames(
        tiny_corpus / "manifest.parquet", tiny_corpus, folder / "frames", FramesParams(), on_error="fail",
        max_failures=0, workers=2, work=folder / "work")) / "frames"


@pytest.fixture(scope="session")
def tiny_landmarks(tiny_frames: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus's landmarks, as `data/landmarks` holds them."""
    from slr.landmarks.extract import extract_landmarks

    return _once(tmp_path_factory, "tiny_landmarks", lambda folder: extract_landmarks(
        tiny_frames, folder / "landmarks", LandmarksParams(), on_error="fail", max_failures=0, workers=2,
        work=folder / "work")) / "landmarks"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real recordings; the test is skipped where they are absent."""
    folder = Path(os.environ.get("SLR_SHARED_DATA", REPOSITORY.parent / "shared/data"))
    if not folder.is_dir():
        pytest.skip(f"the real recordings are not here ({folder}); set SLR_SHARED_DATA to their folder")
    return folder
