"""Command lines whose files can't be what they name: each ends with one line that names the file, never a traceback.

    python -m benchmarks.inputs.commands

The `slr` command runs in this process, in a project with a made-up corpus, untrained models and a gallery.
`hostile_commands` counts the command lines, `tracebacks` those that end in anything else: an unhandled error, success,
or a message that doesn't say which file it is about.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import yaml
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from benchmarks.record import record
from slr.cli import app
from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.gallery.build import build_index
from slr.io.video import write_video
from tests.helpers import landmark_corpus
from tests.helpers.untrained import DETECTOR, FROM_LANDMARKS, save_untrained

SIGNS = {"family": "spoter", "d_model": 16, "heads": 2, "feedforward": 16, "encoder_layers": 1, "decoder_layers": 1}
PREPROCESSING = landmark_corpus.METADATA | {"skeleton": "spoter-54", "channels": ["x", "y", "z", "visibility"]}

NO_FILES = ("a-folder", "binary", "latin1", "loop", "missing", "deep", "device", "pipe", "x" * 300)
"""Names in the project that are no settings, tables or weights."""
NO_OUTPUTS = ("a-folder", "binary/below-a-file", "/proc/new", "loop/below-a-loop", "device", "x" * 300)
"""Names in the project where nothing can be written; each gets the suffix that the command wants."""
NO_MODELS = ("a-folder", "binary", "loop", "missing", "config-folder", "weights-folder", "config-binary", "cut",
             "not-a-number")
NO_VIDEOS = ("a-folder", "binary.mp4", "latin1.mp4", "loop.mp4", "missing.mp4", "device.mp4", "pipe.mp4")
NO_DATA = ("binary", "missing", "loop", "data-of-folders", "data-of-noise", "data-of-other-tables")
WRITE = (
    ("show", "s0-g0-0", "--out", ".mp4"), ("show", "s0-g0-0", "--out", ".gif"), ("show", "--sheet", "--out", ".png"),
    ("convert", "spoter", "--out", ""), ("convert", "pose", "--out", ""),
    ("map", "--model", "signs", "--method", "pca", "--out", ".html"),
    ("export", "signs", "--out", ".onnx"),
    ("explain", "s0-g0-0", "--model", "signs", "--out", ""),
    ("features", "--model", "signs", "--out", ".parquet"), ("features", "--model", "signs", "--out", ".png"),
    ("features", "--model", "signs", "--method", "pca", "--out", "new.png", "--save-csv", ".csv"),
    ("index", "build", "--model", "signs", "--split", "train", "--out", ".parquet"),
    ("search", "s0-g0-0", "--index", "gallery.parquet", "--sheet", ".png"),
    ("segments", "s0-g0-0", "--model", "detector", "--out", ".csv"),
    ("segments", "s0-g0-0", "--model", "detector", "--out", ".eaf"),
    ("transcribe", "s0-g0-0", "--whole", "--recogniser", "sentences", "--out", ".vtt"),
    ("transcribe", "s0-g0-0", "--whole", "--recogniser", "sentences", "--out", ".json"),
    ("evaluate", "signs", "--out", ""), ("learning-curve", "signs", "--out", ""),
    ("import-checkpoint", "spoter", "signs/weights.safetensors", "--labels", "glosses.txt", "--out", ""),
)
"""Commands that write; the last word is the suffix of what they write."""
READ = (
    ("check", "--params"), ("use", "sample", "--params"), ("use", "folder", "--root", "recordings", "--params"),
    ("evaluate", "signs", "--out", "new", "--params"), ("learning-curve", "signs", "--params"),
    ("use", "folder", "--root", "recordings", "--csv"), ("use", "wlasl", "--root", "recordings", "--json"),
    ("use", "arrays", "--root", "recordings", "--joints", "hands-42", "--csv"),
    ("use", "sca-npz", "--root", "recordings", "--labels"), ("search", "s0-g0-0", "--index"),
    ("index", "add", "s0-g0-0", "--index"), ("import-checkpoint", "silt", "--out", "new"),
    ("import-checkpoint", "spoter", "signs/weights.safetensors", "--out", "new", "--labels"),
    ("download", "wlasl", "--root", "new", "--json"),
)
"""Commands that read the file which follows."""
LOAD = (
    ("predict", "video.mp4", "--model"), ("explain", "s0-g0-0", "--out", "new", "--model"),
    ("features", "--out", "new.parquet", "--model"), ("map", "--out", "new.html", "--model"),
    ("index", "build", "--split", "train", "--model"), ("segments", "video.mp4", "--model"),
    ("transcribe", "video.mp4", "--whole", "--recogniser"), ("transcribe", "video.mp4", "--detector"),
    ("evaluate", "--out", "new"), ("transfer", "--data", "data"), ("search", "s0-g0-0", "--index", "gallery.parquet",
                                                                    "--model"),
)
"""Commands that use the model which follows."""
SEE = (
    ("predict", "--model", "videos/signs", "--any-extractor"), ("show",),
    ("explain", "--model", "videos/signs", "--any-extractor", "--out", "new"),
    ("segments", "--model", "videos/detector", "--any-extractor"),
    ("transcribe", "--whole", "--recogniser", "videos/sentences", "--any-extractor"),
    ("search", "--index", "gallery.parquet", "--model", "videos/signs", "--any-extractor"),
)
"""Commands that read the video which follows."""
OPEN = (
    ("map", "--model", "signs", "--out", "new.html", "--data"), ("features", "--model", "signs", "--out", "new.parquet",
                                                                 "--data"),
    ("evaluate", "signs", "--out", "new", "--data"), ("transfer", "signs", "--data"),
)
"""Commands that use the folder of data which follows."""


class Line(NamedTuple):
    """A command line, and what its message has to name."""

    words: tuple[str, ...]
    named: str


def _lines() -> Iterator[Line]:
    for *words, suffix in WRITE:
        yield from (Line((*words, name + suffix), name) for name in NO_OUTPUTS)
    for commands, names in ((READ, NO_FILES), (LOAD, NO_MODELS), (SEE, NO_VIDEOS), (OPEN, NO_DATA)):
        for words in commands:
            for name in names:
                if (words[-1], name) == ("--labels", "deep"):  # brackets may well be a gloss
                    continue
                if name in ("loop.mp4", "missing.mp4") and words[0] in ("explain", "segments", "transcribe"):
                    continue  # what isn't there is taken for a clip of the corpus, whose landmarks are others
                yield Line((*words, name), name)


LINES = tuple(_lines())


def make_project(folder: Path) -> None:
    """What the command lines need, and what they name in vain."""
    landmark_corpus.make(folder / "data", glosses=2, signers=6, repetitions=1)
    for name, settings, labels in (("signs", SIGNS, ["gloss0", "gloss1"]), ("detector", DETECTOR, ["S", "rest"]),
                                   ("sentences", FROM_LANDMARKS, ["gloss0", "gloss1"])):
        save_untrained(folder / name, settings, labels, PREPROCESSING, threshold=0.5)
        save_untrained(folder / "videos" / name, settings, labels, PREPROCESSING | {"skeleton": "holistic-75"},
                       threshold=0.5)
    params = {"models": {"signs": {**SIGNS, "epochs": 1}}, "train": {"model": "signs", "models": ["signs"]}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "glosses.txt").write_text("gloss0\ngloss1\n")
    write_video(folder / "video.mp4", np.zeros((3, 64, 64, 3), np.uint8), fps=10)
    for gloss in ("A", "B"):
        (folder / "recordings" / gloss).mkdir(parents=True)
        shutil.copy(folder / "video.mp4", folder / "recordings" / gloss / "take.mp4")
    with contextlib.chdir(folder):
        build_index(split="train", model="signs", out="gallery.parquet")
    _make_traps(folder)
    _make_models(folder)


def _make_traps(folder: Path) -> None:
    (folder / "a-folder").mkdir()
    (folder / "a-folder" / "kept.txt").write_text("kept")
    contents = {"binary": bytes(range(256)) * 9, "latin1": "models: {Gr\xfcn: 1}\npath,gloss\n".encode("latin1"),
                "deep": b"[" * 100_000}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        (folder / f"{name}.mp4").write_bytes(content)
    for suffix in {"", ".mp4", *(words[-1] for words in WRITE)}:
        (folder / f"a-folder{suffix}").mkdir(exist_ok=True)
        (folder / f"a-folder{suffix}" / "kept.txt").write_text("kept")
        (folder / f"loop{suffix}").symlink_to(f"loop{suffix}")
        (folder / f"device{suffix}").symlink_to("/dev/zero")
    for suffix in ("", ".mp4"):
        os.mkfifo(folder / f"pipe{suffix}")
    for part in ("manifest.parquet", "landmarks", "splits.parquet", "signers.parquet"):
        for kind in ("folders", "noise", "other-tables"):
            (folder / f"data-of-{kind}").mkdir(exist_ok=True)
        (folder / "data-of-folders" / part).mkdir()
        shutil.copy(folder / "binary", folder / "data-of-noise" / part)
        if part != "landmarks":
            shutil.copy(folder / "gallery.parquet", folder / "data-of-other-tables" / part)
    (folder / "data-of-other-tables" / "landmarks").mkdir()
    shutil.copy(folder / "gallery.parquet", folder / "data-of-other-tables" / "landmarks" / "00000.parquet")


def _make_models(folder: Path) -> None:
    for name in NO_MODELS[4:]:
        shutil.copytree(folder / "signs", folder / name)
    for name, file in (("config-folder", CONFIG), ("weights-folder", WEIGHTS)):
        (folder / name / file).unlink()
        (folder / name / file).mkdir()
    shutil.copy(folder / "binary", folder / "config-binary" / CONFIG)
    (folder / "cut" / WEIGHTS).write_bytes((folder / "signs" / WEIGHTS).read_bytes()[:-8])
    weights = {name: weight * float("nan") for name, weight in load_file(folder / "signs" / WEIGHTS).items()}
    save_file(weights, folder / "not-a-number" / WEIGHTS)


def judged(line: Line, project: Path) -> str | None:
    """None if a command line in the project ends with a message about what it names in vain; else what came."""
    before = _content(project)
    with contextlib.chdir(project):
        result = CliRunner().invoke(app, line.words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"{type(result.exception).__name__}: {result.exception}"[:200]
    said = result.stderr.splitlines()
    if not result.exit_code or not said or "Traceback" in result.output:
        return f"exit code {result.exit_code}: {result.output[-200:]!r}"
    # A box that Typer draws breaks lines; a long name may be shortened.
    if line.named[:40] not in "".join(said).replace("│", "").replace(" ", ""):
        return f"doesn't name it: {result.stderr[-200:]!r}"
    if _content(project) != before:
        return f"changed {sorted(set(_content(project)) ^ set(before))[:3]}"
    return None


def _content(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in project.rglob("*"))


def main() -> None:
    with TemporaryDirectory() as temporary:
        project = Path(temporary)
        make_project(project)
        failed = 0
        for line in LINES:
            if found := judged(line, project):
                failed += 1
                print(f"slr {' '.join(word[:40] for word in line.words)}: {found}")
        record("inputs", {"hostile_commands": len(LINES), "tracebacks": failed}, part="commands")


if __name__ == "__main__":
    main()
