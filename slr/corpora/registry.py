"""Which corpora there are: a module for each kind, and the settings that it reads; nothing is imported for it."""

from typing import NamedTuple


class Reader(NamedTuple):
    """A module below `slr.corpora`, and the fields of CorpusParams that its `scan` takes besides root and workers."""

    module: str
    settings: tuple[str, ...] = ("annotations",)


READERS = {
    "folder": Reader("folder"),
    "wlasl": Reader("wlasl", ("annotations", "subset", "crop")),
    "ipn": Reader("ipn", ("annotations", "subset")),
    "lsa64": Reader("lsa64"),
    "autsl": Reader("autsl"),
    "phoenix2014": Reader("phoenix2014", ("annotations", "subset")),
    "phoenix2014t": Reader("phoenix2014t"),
    "csl_daily": Reader("csl_daily"),
    "isl_kinect": Reader("imported.isl_kinect", ()),
    "boston104": Reader("imported.boston104", ("subset",)),
    "spoter_csv": Reader("imported.spoter_csv"),
    "sca_npz": Reader("imported.sca_npz", ("annotations", "windows", "imported")),
    "arrays": Reader("imported.arrays"),
    "pose": Reader("imported.pose_files"),
    "joined": Reader("imported.joined", ("joined",)),
}
"""What `corpus.name` may be, besides the built-in `sample`."""

IMPORTED = tuple(name for name, reader in READERS.items() if reader.module.startswith("imported."))
"""The corpora that come as landmarks (`slr.corpora.imported`), as `corpus.name` gives them."""
