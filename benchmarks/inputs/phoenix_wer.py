"""WER on the PHOENIX corpora beside that of the corpora's own scripts, also where hypotheses repeat glosses.

    python -m benchmarks.inputs.phoenix_wer

Hypotheses are made from the released references of the development sets: some glosses lost, others or new, some with
annotators' marks, and a share of them said twice. The scripts' rules stand here once more, as `sed` commands for the
lines of NIST's files, and `sclite` counts: nothing is shared with `slr.metrics`.
"""

import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from benchmarks.record import record
from slr.metrics.phoenix import cleanup_for
from slr.metrics.sclite import require_sclite
from slr.metrics.wer import align_sentences, count
from studies.workspace import shared_data

END = "1.79769e+308"
MARKS = {
    "phoenix2014": ("loc-{}", "cl-{}", "qu-{}", "lh-loc-{}", "{}-PLUSPLUS", "{}RAUM", "__EMOTION__", "__PU__",
                    "WIE AUSSEHEN", "A B C", "__EPENTHESIS__", "ZEIGEN", "S0NNE", "HABEN2 HABEN", "__ON__",
                    "{} loc-{}", "{} __PU__ {}"),
    "phoenix2014t": ("loc-{}", "cl-{}", "loc-cl-{}", "cl-loc-{}", "{}-PLUSPLUS", "{}RAUM", "__EMOTION__", "__PU__",
                     "WIE AUSSEHEN", "A B C", "SCH A NN", "__LEFTHAND__", "__ON__", "{} loc-{}", "{} __PU__ {}"),
}
"""What a recogniser trained on the annotations may say where one gloss is signed."""

SPELLED = (*[r"s/([ +][A-Z]) ([A-Z][ +])/\1+\2/g"] * 3, r"s/([ +]SCH) ([A-Z][ +])/\1+\2/g",
           r"s/([ +]NN) ([A-Z][ +])/\1+\2/g", r"s/([ +][A-Z]) (NN[ +])/\1+\2/g", r"s/([ +][A-Z]) ([A-Z])$/\1+\2/")
REPEATED = (r"s/(^|[^A-Za-z0-9_-])([A-Z]+) \2($|[^A-Za-z0-9_-])/\1\2\3/g",) * 4
HYPOTHESES = {
    "phoenix2014": (
        "s/loc-//g", "s/cl-//g", "s/qu-//g", "s/poss-//g", "s/lh-//g", "s/S0NNE/SONNE/g", "s/HABEN2/HABEN/g",
        "s/__(EMOTION|PU|LEFTHAND)__//g", "s/WIE AUSSEHEN/WIE-AUSSEHEN/g", "s/ZEIGEN$/ZEIGEN-BILDSCHIRM/",
        *SPELLED, r"s/([A-Z][A-Z])RAUM/\1/g", "s/-PLUSPLUS//g", *REPEATED, "/__EPENTHESIS__/d"),
    "phoenix2014t": (
        "/__(LEFTHAND|EPENTHESIS|EMOTION)__/d", "/ __[^_ ]*__$/d", r"s/ loc-([^ ]*)$/ \1/", "s/-PLUSPLUS$//",
        r"s/ cl-([^ ]*)$/ \1/", r"s/\b([A-Z]+)RAUM$/\1/"),
}
"""Of a .ctm, whose lines have one gloss each."""
REFERENCES = {
    "phoenix2014": (),
    "phoenix2014t": (
        "s/__(LEFTHAND|EPENTHESIS|EMOTION)__ //g", "s/ __(LEFTHAND|EPENTHESIS|EMOTION)__//g", r"s/\b__[^_ ]*__\b//g",
        r"s/\bloc-([^ ]*)\b/\1/g", r"s/\bcl-([^ ]*)\b/\1/g", r"s/\b([^ ]*)-PLUSPLUS\b/\1/g", r"s/\b([A-Z]+)RAUM\b/\1/g",
        "s/WIE AUSSEHEN/WIE-AUSSEHEN/g", r"s/[ +]([A-Z]) ([A-Z]) / \1+\2 /g", *SPELLED, *REPEATED),
}
"""Of a .stm, whose lines have one sentence each."""


class Case(NamedTuple):
    """A corpus, by `corpus.name` and its released references, and the share of glosses that are said twice."""

    corpus: str
    references: str
    repeats: float


CASES = [Case(corpus, name, repeats) for corpus, name in (("phoenix2014", "phoenix2014-dev.stm"),
                                                          ("phoenix2014t", "phoenix2014T-dev.stm"))
         for repeats in (0, 0.01, 0.02, 0.05)]


def released(path: Path) -> dict[str, list[str]]:
    """The glosses of each sentence of a released .stm, by its name."""
    return {line.split()[0]: line.split()[5:] for line in path.read_text().splitlines()}


def recognised(references: Sequence[Sequence[str]], corpus: str, repeats: float) -> list[list[str]]:
    """Made-up hypotheses: about 15 % errors, marks, and this share of the glosses twice."""
    rng = random.Random(1)
    vocabulary = sorted(set(chain.from_iterable(references)))
    said = []
    for reference in references:
        words: list[str] = []
        for gloss in reference:
            drawn = rng.random()
            if drawn < 0.05:
                continue
            words += (rng.choice(vocabulary) if drawn < 0.1 else
                      f"{gloss} {rng.choice(vocabulary)}" if drawn < 0.13 else
                      rng.choice(MARKS[corpus]).replace("{}", gloss) if drawn < 0.2 else gloss).split()
        said.append([word for gloss in words for word in [gloss] * (1 + (rng.random() < repeats))])
    said[7] = []  # nothing was recognised
    return said


def official(names: Sequence[str], references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]],
             corpus: str) -> float:
    """WER as by the corpus's own script."""
    ctm = _sed(HYPOTHESES[corpus], (f"{name} 1 {i / 100:.2f} 0.01 {gloss}" for name, glosses in zip(
        names, hypotheses, strict=True) for i, gloss in enumerate(glosses)))
    rows = [row for row in (line.split() for line in ctm) if len(row) == 5]
    if corpus == "phoenix2014t":  # whose script has a step of its own for repeats
        rows = [row for i, row in enumerate(rows) if i == 0 or (row[0], row[4]) != (rows[i - 1][0], rows[i - 1][4])]
    empty = set(names) - {row[0] for row in rows}
    rows = sorted([*rows, *([name, "1", "0.000", "0.030", "[EMPTY]"] for name in empty)],
                  key=lambda row: (row[0], row[2]))
    stm = _sed(REFERENCES[corpus], (" ".join([name, "1", "Signer01", "0.0", END, *glosses]) for name, glosses in zip(
        names, references, strict=True)))
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in (("x.ctm", map(" ".join, rows)), ("x.stm", sorted(stm))):
            Path(folder, name).write_text("".join(f"{line}\n" for line in lines))
        done = subprocess.run([require_sclite(), "-h", "x.ctm", "ctm", "-r", "x.stm", "stm", "-f", "0", "-o", "rsum",
                               "stdout"], cwd=folder, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if line.strip("| ").startswith("Sum"))
    _sentences, glosses, _correct, *errors = (int(word) for word in line.replace("|", " ").split() if word.isdigit())
    return sum(errors[:3]) / glosses


def ours(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]], corpus: str,
         merged: bool = False) -> float:
    """WER as `slr` counts it for a model of the corpus."""
    return count(chain.from_iterable(align_sentences(references, hypotheses,
                                                     cleanup_for("auto", corpus, merged)))).wer


def _sed(rules: Sequence[str], lines: "chain[str] | Sequence[str]") -> list[str]:
    sed = shutil.which("sed")
    assert sed is not None
    done = subprocess.run([sed, "-E", *chain.from_iterable(("-e", rule) for rule in rules or ("",))],
                          input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, check=True,
                          env={"LC_ALL": "C"})
    return done.stdout.splitlines()


def main() -> None:
    figures: dict[str, float | int | str] = {}
    errors, merged = [], []
    for case in CASES:
        sentences = released(shared_data("formats") / case.references)
        references = list(sentences.values())
        said = recognised(references, case.corpus, case.repeats)
        published = official(list(sentences), references, said, case.corpus)
        errors.append(abs(ours(references, said, case.corpus) - published))
        merged.append(abs(ours(references, said, case.corpus, merged=True) - published))
        figures[f"{case.corpus}_official_wer_{case.repeats * 100:.0f}"] = published
    record("inputs", {"phoenix_wer_cases": len(CASES), "phoenix_wer_error": max(errors),
                      "phoenix_wer_merged_error": max(merged), **figures}, part="phoenix_wer")


if __name__ == "__main__":
    main()
