"""The extractors of landmarks: one class per kind, with the joints that it finds; none is imported here.

An extractor is a subclass of `slr.extraction.extractor.Extractor`. Besides those below, `landmarks.extractor` may be an
entry point of an installed package (group `slr.extractors`) or the dotted name of a class
(`my_package.my_module:MyExtractor`).
"""

from typing import NamedTuple

from slr.errors import ParamsError
from slr.params.lookup import dotted, locate


class KnownExtractor(NamedTuple):
    """Where an extractor is, and what it finds.

    Attributes
    ----------
    name : str
        Dotted name of its class.
    skeletons : tuple of str
        Names of the skeletons that it can extract; the first is the default.
    weights, optional : tuple of str
        Names of the files that `landmarks.weights` has to give, and those that it may give. Those of an extractor from
        outside aren't checked.
    """

    name: str
    skeletons: tuple[str, ...]
    weights: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


EXTRACTORS = {
    "holistic": KnownExtractor("slr.extraction.holistic:HolisticExtractor", ("holistic-75", "holistic-553")),
    "tasks": KnownExtractor("slr.extraction.tasks:TasksExtractor", ("holistic-75", "holistic-553"), ("pose", "hands"),
                            ("face",)),
    "wholebody_onnx": KnownExtractor("slr.extraction.wholebody_onnx:WholeBodyExtractor",
                                     ("wholebody-65", "wholebody-133"), ("pose",), ("detector",)),
}


def extractor_named(name: str) -> KnownExtractor:
    """The extractor of that name; one from outside is imported.

    Raises
    ------
    ParamsError
        If there is none; the message suggests the nearest name.
    """
    if name in EXTRACTORS:
        return EXTRACTORS[name]
    where = dotted(name, "slr.extractors", EXTRACTORS)
    skeletons = getattr(locate(where), "skeletons", None)
    if not skeletons:
        raise ParamsError(f"'{where}' is no extractor: it doesn't say its `skeletons`; make it a subclass of "
                          "slr.extraction.extractor.Extractor")
    return KnownExtractor(where, tuple(skeletons))
