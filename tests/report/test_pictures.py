"""The README's pictures: small enough to load, and made by the script that stands beside them."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slr.report.page import write_report
from tests.helpers import REPOSITORY
from tests.helpers.browser import NAMES

PICTURES = REPOSITORY / "docs/pictures"
LARGEST = {"landmarks.gif": 400_000, "report.png": 250_000}
"""Bytes."""


@pytest.mark.parametrize("name", LARGEST)
def test_the_readme_shows_a_small_picture(name):
    assert f"](docs/pictures/{name})" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert (PICTURES / name).stat().st_size < LARGEST[name]


def test_a_project_makes_its_own_pictures(results, tiny_corpus, tiny_frames, tiny_landmarks, tmp_path):
    if not any(map(shutil.which, NAMES)):
        pytest.skip("no browser to open the report with; apt-get install chromium")
    project = tmp_path / "project"
    for folder in ("data", "docs/pictures", "reports"):
        (project / folder).mkdir(parents=True)
    for source in (tiny_corpus / "manifest.parquet", tiny_frames, tiny_landmarks):
        (project / "data" / source.name).symlink_to(source)
    write_report(project / "reports/report.html", **results.arguments())
    script = Path(shutil.copy(PICTURES / "make.py", project / "docs/pictures"))
    subprocess.run([sys.executable, script], cwd=project, check=True)
    with Image.open(script.with_name("landmarks.gif")) as moving:
        assert moving.width == 3 * moving.height and moving.n_frames > 5
        first = np.asarray(moving.convert("RGB"))
        moving.seek(moving.n_frames // 2)
        assert (np.asarray(moving.convert("RGB")) != first).mean() > 0.01
    with Image.open(script.with_name("report.png")) as shown:
        assert shown.width == 1280 and len(shown.getcolors()) > 16
    for name, largest in LARGEST.items():
        assert script.with_name(name).stat().st_size < largest
