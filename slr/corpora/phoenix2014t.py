"""RWTH-PHOENIX-Weather 2014 T: 8,257 sentences with glosses and translations, 9 signers (Camgoz et al., CVPR 2018).

Layout
------
`annotations/manual/PHOENIX-2014-T.{train,dev,test}.corpus.csv` with the columns
`name|video|start|end|speaker|orth|translation`; frames in `features/fullFrame-210x260px/{train,dev,test}/<name>/*.png`,
25 per second. The root is the release, or its `PHOENIX-2014-T`. Videos are also accepted:
`videos/{train,dev,test}/<name>.mp4`.

Glosses are those of `orth`, separated by spaces, without any clean-up; the manifest keeps the German `translation`.
`start` and `end` are -1 everywhere: each folder is one sentence. The frames are squeezed like those of PHOENIX-2014.
"""

from pathlib import Path

from slr.corpora.phoenix import FPS, RELEASED, WAY_OUT, find_release
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, require_folder
from slr.corpora.sentences import Sentence, read_table, sentence_rows
from slr.dataset.manifest import SPLIT_NAMES

LAYOUT = (f"ROOT/annotations/manual/PHOENIX-2014-T.{{train,dev,test}}.corpus.csv and ROOT/{RELEASED}/"
          "{train,dev,test}/<name>/*.png")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the sentences whose frames (or videos) exist, and list what is missing or wrong.

    Parameters, results and errors are those of `slr.corpora.phoenix2014.scan`, except its subset.
    """
    root = require_folder(root)
    problems: list[Problem] = []
    release = find_release(root, annotations, "PHOENIX-2014-T.{}.corpus.csv", "PHOENIX-2014-T")
    sentences = [Sentence(line["name"], line["orth"], line["speaker"], SPLIT_NAMES[split],
                          release.places((split,), line["video"], line["name"]), line.get("translation", ""))
                 for split, table in release.tables.items()
                 for line in read_table(table, ("name", "video", "speaker", "orth"), problems)]
    rows = sentence_rows(root, sentences, FPS, problems, way_out=WAY_OUT)
    return collect(rows, problems), problems
