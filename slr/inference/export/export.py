"""Exports trained models, and checks every file before it is there."""

import os
from pathlib import Path

from slr.dataset.dataset import Dataset
from slr.errors import ModelError
from slr.inference.export.check import LIMITS, Agreement, compare, torch_model
from slr.inference.export.description import describe
from slr.inference.export.formats import FORMATS, Format
from slr.inference.export.graph import LandmarkGraph
from slr.inference.export.samples import Sample, hostile, read_samples, some
from slr.inference.exported import ExportedModel
from slr.inference.model import TrainedModel, load_model
from slr.io.files import atomic_path, output_file
from slr.params.lookup import locate

CHECKED = 20
"""Test clips on which an export is held against torch."""


def export(folder: str | Path, kind: str, out: str | Path | None = None, *, precision: str = "fp32",
           pixels: bool = False, dataset: Dataset | None = None) -> tuple[Path, Agreement]:
    """Export a trained model to a single file, and hold it against torch.

    Parameters
    ----------
    folder : path
        A model folder.
    kind : str
        A format of `slr.inference.export.formats.FORMATS`.
    out : path, optional
        By default the folder's name beside the folder: models/spoter.onnx, models/spoter.int8.onnx.
    precision : {"fp32", "fp16", "int8"}
        Of the weights.
    pixels : bool, default False
        The file takes x and y in pixels instead of fractions of the frame.
    dataset : Dataset, optional
        Whose test clips it is checked on; by default the pipeline's.

    Returns
    -------
    path, Agreement

    Raises
    ------
    ModelError
        If it differs from torch by more than `slr.inference.export.check.LIMITS` allows; then there is no file.
    SlrError
        If `out` can't be written, or has another suffix than the format.
    CorpusError
        If there are no test clips.
    """
    form, limits = FORMATS[kind], LIMITS[precision]
    out = output_file(out or default_path(folder, kind, precision), (form.suffix,), "an export")
    trained = load_model(folder)
    graph = locate(trained.inputs.exporter)(trained, pixels).eval()
    samples = read_samples(trained, dataset or Dataset())
    with atomic_path(out) as temporary:
        form.write(graph, temporary, describe(trained, graph, precision), precision)
        found = agreement(trained, graph, read(trained, form, temporary), samples)
        if not (found.max_difference <= limits.difference and found.same_top1 >= limits.same_top1):
            out.unlink(missing_ok=True)  # an older export would pass for this one
            raise ModelError(f"{out}: the export of {folder} differs from torch by {found.max_difference:.1e} "
                             f"({found.worst}; {limits.difference:g} is allowed), with the same most probable class in "
                             f"{found.same_top1:.1%} (of at least {limits.same_top1:.0%}); the file is removed: use "
                             "another format or precision, or the folder")
    return out, found


def default_path(folder: str | Path, kind: str, precision: str) -> Path:
    """Where the export of a model folder is written: the folder's name, with the format's suffix."""
    folder = Path(os.path.abspath(folder))
    return folder.with_name(folder.name + ("" if precision == "fp32" else f".{precision}") + FORMATS[kind].suffix)


def agreement(trained: TrainedModel, graph: LandmarkGraph, exported: ExportedModel, samples: list[Sample]) -> Agreement:
    """How closely an exported model agrees with torch on some test clips, and on hostile ones."""
    clips = [(sample.landmarks.clip_id, sample.landmarks) for sample in some(samples, CHECKED)]
    return compare(torch_model(trained, graph.source), exported.answer, [*clips, *hostile(samples)])


def read(trained: TrainedModel, form: Format, path: Path, threads: int = 1) -> ExportedModel:
    """The exported model in a file, for comparisons with the one that it was made from."""
    return ExportedModel(form.read(path, threads), trained.params, trained.config, path)
