"""Every example of the documentation runs: ```bash and ```python blocks, in a reproduced project."""

import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.io.video import read_video, write_video
from tests.helpers import REPOSITORY
from tests.helpers.project import Project
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, FROM_PICTURES, save_untrained

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])
BY_CI = ("make run", "make test")
"""Lines that the CI script runs itself."""


def long_videos(project: Project) -> None:
    """A video, though a short one, and untrained models where trained ones are expected: these take long to train."""
    folder, models = project.folder, project.folder / "models"
    landmarks, frames = LandmarkStore(folder / "data/landmarks").metadata, FrameStore(folder / "data/frames").metadata
    save_untrained(models / "sca_stgcn_detection", DETECTOR, ["S", "rest"], landmarks, threshold=0.0)
    save_untrained(models / "pose_ctc", FROM_LANDMARKS, ["one", "two"], landmarks)
    save_untrained(models / "stfnet", FROM_PICTURES, ["one", "two"], frames)
    clip = min((folder / "data/sample/isolated").glob("*.mp4"))
    write_video(folder / "talk.mp4", (frame.image for frame in islice(read_video(clip), 20)), fps=15)


PREPARED: dict[str, Callable[[Project], None]] = {"transcribe": long_videos}
"""What the examples of a page need besides the reproduced project."""


def examples(page: Path) -> list[tuple[str, str]]:
    """(language, code) of each block of a page that is meant to be run."""
    return re.findall(r"^```(bash|python)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, project: Project):
    if page.stem in PREPARED:
        PREPARED[page.stem](project)
    for language, code in examples(page):
        if language == "bash":
            code = "\n".join(line for line in code.splitlines() if not line.startswith(BY_CI))
            project.run("bash", "-euo", "pipefail", "-c", code)
        else:
            project.run("python", "-c", code)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page: Path):
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))]
    broken = [link for link in links if link and "://" not in link and not (page.parent / link).exists()]
    assert broken == []
