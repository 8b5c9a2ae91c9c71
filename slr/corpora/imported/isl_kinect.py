"""Indian signs by a Kinect: 30 signs, 10 signers, 9 repetitions (Roy et al.), 2,700 recordings in one Parquet file.

Columns: `sign`, `signer_id`, `rep`, `n_frames`, and `xyz`, frames x 20 joints x (x, y, z) in metres, in row-major
order, in the Kinect's axes: x to the signer's right, y up, z away from the camera. Nothing is missing.

The order of the joints isn't documented. It was inferred from the data: the head is on top, bones have plausible and
constant lengths (knee to ankle 0.38 m, +-5 %), and of the two arms, joints 4, 6, 8 and 5, 7, 9, the second moves more
in 84 % of the clips, as expected of the right arm.
"""

from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from slr.corpora.imported.recordings import place, same_file
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, nfc, require_folder, row
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ClipError, CorpusError
from slr.io.files import entries
from slr.params import ImportedParams

FPS = 30.0
"""The Kinect's frame rate; the file doesn't specify it."""
LAYOUT = "the folder with the ISL Kinect corpus's clips.parquet, and no other file of that kind"
_N_JOINTS, _N_CHANNELS = 20, 3
_COLUMNS = ("sign", "signer_id", "rep", "n_frames", "xyz")


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The Kinect's 20 joints, independent of the settings."""
    return skeleton("kinect-20")


def scan(root: str | Path, *, workers: int = 0) -> Scan:
    """The clips `<sign>/signer<NN>_<repetition>`, and no problems.

    Raises
    ------
    CorpusError
        If the root contains no Parquet file, or several, or the file lacks the columns.
    """
    files = entries(require_folder(root), "*.parquet")
    if len(files) != 1:
        raise CorpusError(f"{root} holds {len(files)} Parquet files; set corpus.root to {LAYOUT}")
    problems: list[Problem] = []
    table = _table(same_file(files[0])).select(_COLUMNS[:3]).to_pylist()
    rows = (row(f"{clip['sign']}/signer{clip['signer_id']:02d}_{clip['rep']}", f"{files[0].name}#{number}",
                [nfc(clip["sign"])], signer=f"signer{clip['signer_id']:02d}", fps=FPS)
            for number, clip in enumerate(table))
    return collect(rows, problems), problems


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One recording, (T, 20, 3) metres; raises ClipError if its values aren't a whole number of frames."""
    path, number = place(root, media)
    table = _table(same_file(path))
    if number >= len(table):
        raise ClipError(f"{path} has {len(table)} recordings, none of number {number}; run `dvc repro corpus` again")
    clip = table.slice(number, 1)
    values, n_frames = clip["xyz"][0].values.to_numpy(), clip["n_frames"][0].as_py()
    if len(values) != n_frames * _N_JOINTS * _N_CHANNELS:
        raise ClipError(f"{len(values)} numbers are not {n_frames} frames of 20 joints x 3 ({media})")
    return ClipLandmarks(media, FPS, 1, 1, values.reshape(n_frames, _N_JOINTS, _N_CHANNELS))


@lru_cache(maxsize=1)
def _table(file: tuple[str, int, int]) -> pa.Table:
    """The file's rows, cached until it changes."""
    path = file[0]
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise CorpusError(f"{path} is not Parquet ({error}); download it again") from None
    missing = [column for column in _COLUMNS if column not in table.column_names]
    if missing:
        raise CorpusError(f"{path} has no column '{missing[0]}' (found: {', '.join(table.column_names)}); is it the "
                          "ISL Kinect corpus?")
    return table
