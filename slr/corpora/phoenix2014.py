"""RWTH-PHOENIX-Weather 2014: 6,841 sentences of German weather forecasts, 9 signers (Koller et al., CVIU 2015).

Layout
------
`annotations/manual/{train,dev,test}.corpus.csv` with the columns `id|folder|signer|annotation`; frames in
`features/fullFrame-210x260px/{train,dev,test}/<id>/1/*.png`, 25 per second. The root is the release, or its
`phoenix-2014-multisigner`. Videos are also accepted: `videos/{train,dev,test}/<id>.mp4`.

The signer-independent subset `SI5` (Koller et al., CVPR 2017) has lists of its own, `{train,dev,test}.SI5.corpus.csv`
in `phoenix-2014-signerindependent-SI5`: signer 5 is only in dev and test. Its frames are there, or among those of
`phoenix-2014-multisigner`.

Glosses are those of the annotation, separated by spaces, without any clean-up. The frames are squeezed: 210 x 260
pixels show what was 210 x 300.
"""

from pathlib import Path

from slr.corpora.phoenix import FPS, RELEASED, SPLITS, WAY_OUT, find_release
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, require_folder
from slr.corpora.sentences import Sentence, read_table, sentence_rows
from slr.dataset.manifest import SPLIT_NAMES

LAYOUT = f"ROOT/annotations/manual/{{train,dev,test}}.corpus.csv and ROOT/{RELEASED}/{{train,dev,test}}/<id>/1/*.png"
_MULTISIGNER, _SI5 = "phoenix-2014-multisigner", "phoenix-2014-signerindependent-SI5"


def scan(root: str | Path, annotations: str | Path | None = None, *, subset: str | None = None,
         workers: int = 1) -> Scan:
    """Read the sentences whose frames (or videos) exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        The release, or its folder for one setup.
    annotations : path, optional
        Folder of the lists; default: `annotations/manual`.
    subset : {"SI5"}, optional
        The signer-independent setup; None is the one with all signers.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; ids are the corpus's.
    problems : list of Problem
        Kinds: `bad-line`, `gloss-missing`, `duplicate-id`, `outside-root`, and for each split one `missing-video`.

    Raises
    ------
    CorpusError
        If the root is missing, or every list, or a list lacks a column.
    """
    root = require_folder(root)
    problems: list[Problem] = []
    if subset == "SI5":
        release = find_release(root, annotations, "{}.SI5.corpus.csv", _SI5, _MULTISIGNER)
    else:
        release = find_release(root, annotations, "{}.corpus.csv", _MULTISIGNER)
    sentences = []
    for split, table in release.tables.items():
        # The setups have different splits of the same sentences, so frames may be in another split's folder.
        near = sorted(SPLITS, key=lambda other: other != split) if subset == "SI5" else [split]
        for line in read_table(table, ("id", "folder", "signer", "annotation"), problems):
            sentences.append(Sentence(line["id"], line["annotation"], line["signer"], SPLIT_NAMES[split],
                                      release.places(near, line["folder"], line["id"])))
    rows = sentence_rows(root, sentences, FPS, problems, way_out=WAY_OUT)
    return collect(rows, problems), problems
