"""`reports/report.html`: the corpus, all models and their provenance, in one self-contained file."""

import base64
import io
import json
import math
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.splits import read_splits
from slr.figures import plots
from slr.figures.draw import COLOURS, draw_strip
from slr.figures.model_plots import CONFUSION, CURVE, LEARNING
from slr.io.clipwise import read_failures
from slr.io.files import read_json, write_text
from slr.metrics.phoenix import cleanup_for
from slr.metrics.wer import Cleanup, align_sentences, counts_by_gloss
from slr.params import EvaluationParams, Params
from slr.report.alignments import alignment_rows
from slr.report.corpus_facts import CorpusFacts, corpus_facts
from slr.report.leakage import Leakage, leakages
from slr.report.model_facts import MAX_CONFUSIONS, Confusion, ModelFacts, model_facts
from slr.tasks import TASKS

MAX_EXAMPLES = 48
"""Glosses drawn as examples; a page with a thousand would not open on a phone."""
MOST_CONFUSIONS = 40
"""Confusions shown with their clips over all models, besides those of the selected one; two images each."""
MAX_SENTENCES = 40
"""Sentences shown per model, those with most errors; all are in transcripts.csv."""
MAX_ROWS = 200
"""Rows of a table of glosses or signers; the rest are in predictions.csv."""
COLUMNS = {
    "top1": "top-1", "top5": "top-5", "macro_f1": "macro F1", "worst_signer_top1": "worst signer",
    "signer_gap": "signer gap", "signer_probe": "signer probe", "pr_auc": "PR-AUC",
    "worst_signer_pr_auc": "PR-AUC, worst signer", "f1": "F1", "segment_f1": "segment F1", "wer": "WER",
    "val_wer_beam": "WER, validation", "wer_sentences": "WER, several glosses", "worst_signer_wer": "WER, worst signer",
}
"""Metrics that have a column in these tables, if any of the models has them; fractions of one."""
EMBEDDING_COLUMNS = {
    "one_shot": "one example", "five_shot": "five examples", "map": "mean average precision",
    "open_set_auroc": "open set (area under the curve)", "silhouette": "silhouette",
    "silhouette_train": "silhouette, training",
}
"""The same for the table of embeddings; silhouettes range from -1 to 1."""


def write_report(out: Path, params: Params, dataset: Dataset, *, signers_metrics: Path,
                 evaluations: Mapping[str, Path], lock: Path | None = None) -> None:
    """Write the report.

    Parameters
    ----------
    out : Path
        The HTML file; the same bytes for the same inputs.
    params : Params
    dataset : Dataset
        Its pseudo-signers may be missing.
    signers_metrics : Path
        The metrics of the pseudo-signers as JSON; may be missing.
    evaluations : mapping of str to Path
        The models to include, in order, each with its evaluation folder (`slr.evaluation.evaluate`); missing files are
        listed in the report.
    lock : Path, optional
        DVC's lock file, the source of the hashes of data and models.

    Raises
    ------
    CorpusError
        If the manifest or the splits are missing.
    """
    store, clips = dataset.landmark_store, dataset.rows()
    corpus = corpus_facts(clips, store, read_splits(dataset.splits), read_failures(dataset.landmarks))
    facts = [model_facts(name, folder) for name, folder in evaluations.items()]
    clean = cleanup_for(params.evaluation.cleanup, params.corpus.name)
    context = {
        "title": params.corpus.name, "params": params, "corpus": corpus, "colours": COLOURS,
        "durations": Markup(plots.histogram(corpus.durations_s, "duration in seconds")),
        "examples": [(gloss, clip_id, _strip(store, clip_id))
                     for gloss, clip_id in list(corpus.examples.items())[:MAX_EXAMPLES]],
        "measured": any(model.metrics for model in facts), "tables": _tables(facts, params.evaluation),
        "embedding_columns": _measured(EMBEDDING_COLUMNS, facts), "shared": _shared(facts),
        "leakages": leakages(facts), "leakage_plot": _leakage_plot(leakages(facts), params.train.model),
        "selected": params.train.model,
        "models": [_model(model, corpus, store, clean, MAX_CONFUSIONS if model.name == params.train.model else
                          max(1, min(MAX_CONFUSIONS, MOST_CONFUSIONS // len(facts)))) for model in facts],
        "signers": _signers(signers_metrics, dataset.signers, clips),
        "settings": yaml.safe_dump(_settings(params, evaluations), sort_keys=False, allow_unicode=True),
        "landmarks_metadata": {key: _text(value) for key, value in store.metadata.items()},
        "outputs": _outputs(lock, evaluations), "max_rows": MAX_ROWS,
    }
    write_text(out, _environment().get_template("page.html.j2").render(context))


def _model(model: ModelFacts, corpus: CorpusFacts, store: LandmarkStore, clean: Cleanup | None,
           confusions: int) -> dict[str, Any]:
    """The template data of one model, with sentences cleaned up as for its metrics; at most so many confusions."""
    plots_of = {name: Markup(svg) for name, svg in model.plots.items()}
    shown: dict[str, Any] = {"facts": model, "curves": [plots_of[name] for name in LEARNING if name in plots_of],
                             "confusion": plots_of.get(CONFUSION), "found": plots_of.get(CURVE)}
    if model.transcripts is not None:
        rows = model.transcripts
        alignments = align_sentences(rows.reference.tolist(), rows.hypothesis.tolist(), clean)
        shown["too_short"] = model.too_short()
        shown["glosses"] = sorted(counts_by_gloss(alignments).items(), key=lambda item: (-item[1].errors, item[0]))
        shown["sentences"] = alignment_rows(rows.clip_id.tolist(), alignments, rows.signer.tolist(), MAX_SENTENCES)
    shown["confusions"] = [_confusion(confusion, corpus, store) for confusion in model.confusions(confusions)]
    shown["pictures"] = {name: _png(content) for name, content in model.pictures.items()}
    shown["config"] = None if model.config is None else json.dumps(model.config, indent=2, ensure_ascii=False)
    return shown


def _measured(columns: dict[str, str], models: Sequence[ModelFacts]) -> dict[str, str]:
    """The columns for which any model has a metric."""
    return {key: name for key, name in columns.items() if any(key in model.metrics for model in models)}


def _tables(models: Sequence[ModelFacts], params: EvaluationParams) -> list[dict[str, Any]]:
    """Title, columns and models of each task's table."""
    columns = COLUMNS | {f"top1_{name}": f"top-1, {name.replace('_', ' ')}" for name in params.gloss_sets}
    columns |= {name.rpartition(":")[2]: name.rpartition(":")[2].replace("_", " ") for name in params.metrics}
    tasks = dict.fromkeys([*TASKS, *(model.task.name for model in models)])
    of_task = {task: [model for model in models if model.task.name == task] for task in tasks}
    return [{"title": members[0].task.title, "columns": _measured(columns, members), "models": members}
            for members in of_task.values() if members]


def _shared(models: Sequence[ModelFacts]) -> dict[str, float]:
    """Chance levels and numbers of ways, stated once if they are the same for all models."""
    values = {name: {model.metrics[name] for model in models if name in model.metrics} for name in (
        "signer_probe_chance", *(f"{column}_ways" for column in EMBEDDING_COLUMNS))}
    return {name: found.pop() for name, found in values.items() if len(found) == 1}


def _confusion(confusion: Confusion, corpus: CorpusFacts, store: LandmarkStore) -> dict[str, Any]:
    clip_id, example = confusion.clip_ids[0], corpus.examples.get(confusion.predicted)
    return {"confusion": confusion, "strip": _strip(store, clip_id) if clip_id in store.clip_ids else None,
            "example": example, "example_strip": None if example is None else _strip(store, example)}


def _leakage_plot(found: Sequence[Leakage], selected: str) -> Markup | None:
    if not found:
        return None
    dots = [plots.Dot(leakage.model, leakage.probe, leakage.top1, leakage.interval, leakage.model == selected)
            for leakage in found]
    return Markup(plots.scatter(dots, x_label="signer probe: how often a linear classifier names the signer",
                                y_label="top-1", line=found[0].chance, line_label="chance"))


def _signers(metrics: Path, clusters: Path, manifest: pd.DataFrame) -> dict[str, Any] | None:
    """Metrics of the pseudo-signers and, if true signers are known, their agreement."""
    if not metrics.exists():
        return None
    plot = None
    if clusters.exists():
        rows = pd.read_parquet(clusters).merge(manifest[["clip_id", "signer"]], on="clip_id").dropna(subset="signer")
        if len(rows):
            table = pd.crosstab(rows.signer, rows.pseudo_signer)
            plot = Markup(plots.matrix(table.to_numpy(), [str(name) for name in table.index],
                                       [str(name) for name in table.columns], row_label="signer",
                                       column_label="pseudo-signer"))
    return {"metrics": read_json(metrics), "plot": plot}


def _strip(store: LandmarkStore, clip_id: str) -> str:
    """A clip's skeleton strip, as a data URL."""
    from PIL import Image

    clip = store[clip_id]
    image = Image.fromarray(draw_strip(clip.coordinates, store.skeleton, aspect=clip.width / clip.height))
    buffer = io.BytesIO()
    # A palette: visually the same at a sixth of the size.
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG")
    return _png(buffer.getvalue())


def _png(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _settings(params: Params, models: Container[str]) -> dict[str, Any]:
    """The settings that determine the page's results, for models only those included."""
    settings = params.model_dump(mode="json", exclude={"compute", "zoo"})
    settings["models"] = {name: values for name, values in settings["models"].items() if name in models}
    return settings


def _outputs(lock: Path | None, models: Container[str]) -> list[dict[str, Any]]:
    """Path, hash, size and number of files of the stages' outputs, except of models that no longer exist."""
    if lock is None or not lock.exists():
        return []
    stages = (yaml.load(lock.read_text(encoding="utf-8"), yaml.CSafeLoader) or {}).get("stages", {})
    return [{"stage": stage, **output}
            for stage, content in stages.items() if "@" not in stage or stage.split("@", 1)[1] in models
            for output in content.get("outs", []) if stage != "report"]


def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": _percent, "hundredths": _hundredths, "interval": _interval, "points": _points,
                            "number": _number, "size": _size}
    return environment


def _percent(fraction: float) -> str:
    return f"{_hundredths(fraction)} %"


def _hundredths(fraction: float) -> str:
    """A percentage without its sign, for tables in percent."""
    return f"{100 * fraction:.1f}"


def _interval(ends: tuple[float, float]) -> str:
    """Two fractions as `96.2 – 100.0 %`."""
    return f"{_hundredths(ends[0])} – {_percent(ends[1])}"


def _points(difference: float) -> str:
    """A difference of two fractions in percentage points, with its sign."""
    return f"{100 * difference:+.1f}".replace("-", "\u2212")


def _number(value: Any) -> str:
    """Counts in full with thin spaces, other numbers with four digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return str(value)
    if float(value).is_integer() and abs(float(value)) < 1e12:
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
