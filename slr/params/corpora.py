"""The corpora that can be read: one module per kind, with the settings it takes; none is imported here.

A reader is a module with `scan` and `LAYOUT` (`slr.corpora.reading`); a reader of a landmark corpus also has `joints`
and `load` (`slr.corpora.imported`). Besides those below, `corpus.name` may be an entry point of an installed package
(group `slr.corpora`) or the dotted name of a module (`my_package.my_corpus`).
"""

from importlib import import_module
from typing import NamedTuple

from slr.params.lookup import dotted, not_importable

BUILT_IN = "sample"
"""The corpus that is synthesised rather than read."""


class Reader(NamedTuple):
    """How a corpus is read.

    Attributes
    ----------
    module : str
        Dotted name.
    settings : tuple of str
        Fields of CorpusParams that its `scan` takes besides root and workers.
    subsets : tuple
        Valid values of `corpus.subset`.
    landmarks : bool
        Whether the corpus consists of landmarks, without video.
    lists : bool
        Whether `corpus.annotations` may be several lists (`slr.corpora.lists`).
    """

    module: str
    settings: tuple[str, ...] = ("annotations",)
    subsets: tuple[int | str, ...] = ()
    landmarks: bool = False
    lists: bool = False


READERS = {
    "folder": Reader("slr.corpora.folder", lists=True),
    "eaf": Reader("slr.corpora.eaf", ("tier", "sentence_tier")),
    "wlasl": Reader("slr.corpora.wlasl", ("annotations", "subset", "crop"), (100, 300, 1000, 2000)),
    "msasl": Reader("slr.corpora.msasl", ("annotations", "subset", "crop"), (100, 200, 500, 1000)),
    "asl_citizen": Reader("slr.corpora.asl_citizen"),
    "include": Reader("slr.corpora.include", ("annotations", "subset"), (50,)),
    "how2sign": Reader("slr.corpora.how2sign"),
    "ipn": Reader("slr.corpora.ipn", ("annotations", "subset"), ("all",)),
    "lsa64": Reader("slr.corpora.lsa64"),
    "autsl": Reader("slr.corpora.autsl"),
    "phoenix2014": Reader("slr.corpora.phoenix2014", ("annotations", "subset"), ("SI5",)),
    "phoenix2014t": Reader("slr.corpora.phoenix2014t"),
    "csl_daily": Reader("slr.corpora.csl_daily"),
    "ustc_csl": Reader("slr.corpora.ustc_csl"),
    "isl_kinect": Reader("slr.corpora.imported.isl_kinect", (), landmarks=True),
    "asl_signs": Reader("slr.corpora.imported.asl_signs", (), landmarks=True),
    "boston104": Reader("slr.corpora.imported.boston104", ("subset",), ("words",), landmarks=True),
    "spoter_csv": Reader("slr.corpora.imported.spoter_csv", landmarks=True),
    "sca_npz": Reader("slr.corpora.imported.sca_npz", ("annotations", "splits", "windows", "imported"),
                      landmarks=True),
    "arrays": Reader("slr.corpora.imported.arrays", landmarks=True, lists=True),
    "pose": Reader("slr.corpora.imported.pose_files", landmarks=True, lists=True),
    "openpose": Reader("slr.corpora.imported.openpose", landmarks=True, lists=True),
    "coco_wholebody": Reader("slr.corpora.imported.coco_wholebody", landmarks=True, lists=True),
    "joined": Reader("slr.corpora.imported.joined", ("joined",), landmarks=True),
}


def reader_named(name: str) -> Reader:
    """The reader of a corpus, by its `corpus.name`.

    Raises
    ------
    ParamsError
        If there is no such corpus; the message suggests the nearest name.
    """
    if name in READERS:
        return READERS[name]
    module = dotted(name, "slr.corpora", [BUILT_IN, *READERS], separator=".")
    try:
        found = import_module(module)
    except ImportError as error:
        raise not_importable(module, error) from None
    return Reader(module, getattr(found, "SETTINGS", ("annotations",)), landmarks=hasattr(found, "load"))


def comes_as_landmarks(name: str) -> bool:
    """Whether a corpus consists of landmarks instead of video."""
    return name != BUILT_IN and reader_named(name).landmarks
