"""Where the authors' numbers come from: their files where they are, and the committed extract everywhere."""

import pytest

from tests.helpers.reference_files import FOLDER, Extract, Files


@pytest.fixture(scope="session")
def files() -> Files:
    """All of the authors' numbers; the test is skipped where they are absent."""
    if not FOLDER.is_dir():
        pytest.skip(f"the authors' numbers are not here ({FOLDER}); set SLR_SHARED_DATA to the folder of reference/")
    return Files()


@pytest.fixture(scope="session", params=["files", "extract"])
def theirs(request: pytest.FixtureRequest) -> Files | Extract:
    """The files, skipped where they are absent, and the extract."""
    return request.getfixturevalue("files") if request.param == "files" else Extract()
