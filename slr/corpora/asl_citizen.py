"""ASL Citizen: 2,731 signs of American Sign Language by 52 people at home, 83,399 clips (Desai et al., NeurIPS 2023).

Layout
------
`splits/{train,val,test}.csv` with the columns `Participant ID,Video file,Gloss,ASL-LEX Code`, and `videos/`. The gloss
is the table's: file names say it too, but not always the same. No signer is in two splits.
"""

from pathlib import Path

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    nfc,
    require_folder,
    row,
    signer_name,
    table_lines,
    videos_below,
    with_media,
)
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError

LAYOUT = "ROOT/splits/{train,val,test}.csv and ROOT/videos/<video file>"
_COLUMNS = ("Participant ID", "Video file", "Gloss")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the clips whose videos exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        The release.
    annotations : path, optional
        Folder of the three tables; default: `splits`.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the video's name.
    problems : list of Problem
        Kinds: `bad-line`, `duplicate-id`, `outside-root`, and for each split one `missing-video`.

    Raises
    ------
    CorpusError
        If the root or every table is missing, or a table lacks a column.
    """
    root = require_folder(root)
    folder = root / "splits" if annotations is None else Path(annotations)
    tables = {split: path for split in SPLITS if (path := folder / f"{split}.csv").is_file()}
    if not tables:
        raise CorpusError(f"{folder} has no train.csv, val.csv or test.csv; set corpus.annotations to their folder")
    problems: list[Problem] = []
    rows = [row(nfc(name := Path(line["Video file"]).stem), name, [nfc(line["Gloss"])],
                signer=signer_name(line["Participant ID"]), split=split)
            for split, path in tables.items() for line in table_lines(path, _COLUMNS, problems)]
    kept = with_media(root, rows, videos_below(root), problems,
                      "put the released videos there, or set corpus.on_error: skip")
    return collect(kept, problems), problems
