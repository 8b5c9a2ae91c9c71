"""`dvc plots show` without a network, with the project's own DVC settings."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

from tests.helpers import REPOSITORY
from tests.helpers.browser import open_page

PLOTS = """
plots:
  - Loss:
      x: epoch
      y:
        history.csv: [train_loss, val_loss]
  - Confusion:
      template: confusion_normalized
      x: actual
      y:
        confusion.csv: predicted
"""


def test_plots_open_without_a_network(tmp_path: Path):
    for command in (["git", "init", "--quiet"], ["dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    shutil.copy(REPOSITORY / ".dvc/config", tmp_path / ".dvc/config")
    shutil.copytree(REPOSITORY / ".dvc/plots", tmp_path / ".dvc/plots", dirs_exist_ok=True)
    epochs = np.arange(1, 9)
    pd.DataFrame({"epoch": epochs, "train_loss": 1 / epochs, "val_loss": 2 / epochs}).to_csv(tmp_path / "history.csv")
    pd.DataFrame({"actual": list("aabbcc"), "predicted": list("aabbca")}).to_csv(tmp_path / "confusion.csv")
    (tmp_path / "dvc.yaml").write_text(PLOTS)
    subprocess.run(["dvc", "plots", "show"], cwd=tmp_path, check=True, capture_output=True)

    page = open_page(tmp_path / "dvc_plots/index.html", tmp_path / "profile")
    assert page.requests == []
    # Vega draws on a canvas once its scripts have run, and writes nothing into the page when they could not.
    assert page.dom.count("<canvas") == 2
