import numpy as np
import pandas as pd

from slr.evaluation.predictions import rank_predictions, read_predictions, write_predictions

LABELS = ["1", "NA", "žltý"]


def clips(glosses):
    return pd.DataFrame({"clip_id": [f"c{i}" for i in range(len(glosses))], "signer": ["ana", None, "ben"],
                         "gloss": glosses})


def test_ranks_and_best_glosses():
    rows = rank_predictions(np.array([[.5, .3, .2], [.1, .2, .7], [.4, .4, .2]]), LABELS, clips(["1", "NA", "unknown"]))
    assert list(rows.predicted) == ["1", "žltý", "1"]
    assert list(rows["rank"])[:2] == [1, 2] and rows["rank"][2] > 3  # a gloss that was never trained has no rank
    assert rows.top5[1] == "žltý|NA|1"


def test_names_survive_the_file(tmp_path):
    rows = rank_predictions(np.eye(3), LABELS, clips(LABELS))
    write_predictions(tmp_path / "p.csv", rows)
    read = read_predictions(tmp_path / "p.csv")
    assert list(read.gloss) == LABELS and list(read.predicted) == LABELS
    assert read.signer[0] == "ana" and pd.isna(read.signer[1])
