"""NIST's `sclite` (SCTK), the tool behind published word error rates, and its file formats.

`slr.metrics.wer` gives the same counts without it; this module is for numbers from the tool itself, or for its files. A
missing tool raises an error.

Formats (sctk's manual, "stm" and "ctm"): a reference file `.stm` has one sentence per line, `name channel signer start
end glosses...`; a hypothesis file `.ctm` has one recognised gloss per line, `name channel start duration gloss`, in the
order of the references. For a sentence without a line in the `.ctm` all glosses are deletions; the corpora's own
scripts give it the gloss `[EMPTY]`, which is as many errors, one of them a substitution.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slr.decoding.records import Gloss
from slr.errors import ScoringError
from slr.io.files import read_named_text, write_text
from slr.metrics.wer import Alignment, Pair

_DEBIAN = "/usr/lib/sctk/bin/sclite"  # Debian's package doesn't put it on the path
_END = "1.79769e+308"  # as in PHOENIX's files: each sentence is a recording of its own
_SPECIAL = re.compile(r'[\s{}@*;<>"\\]')
_PATH = re.compile(r'<PATH id="[^"]*" word_cnt="\d+" file="([^"]*)"[^>]*>\n(.*?)</PATH>', re.DOTALL)
_PAIR = re.compile(r'([CSDI]),(?:"([^"]*)")?,(?:"([^"]*)")?,[^:\n]*(?::|\n)')


@dataclass(frozen=True)
class Utterance:
    """One line of an stm file: a signed sentence.

    Attributes
    ----------
    name : str
        Name of the recording.
    signer : str
    glosses : tuple of str
    """

    name: str
    signer: str
    glosses: tuple[str, ...]


def read_stm(path: str | Path) -> list[Utterance]:
    """Sentences of an stm file; comments (`;;`) and the label in `<>` are ignored.

    Raises
    ------
    ScoringError
        If a line isn't valid stm, or has syntax that only sclite supports: alternatives `{ A / B }`, `@`.
    """
    utterances = []
    for number, line in enumerate(read_named_text(path, ScoringError).splitlines(), 1):
        if not line.strip() or line.startswith(";;"):
            continue
        name, _channel, signer, *rest = [*line.split(maxsplit=5), *[""] * 5][:6]
        times, glosses = rest[:2], rest[2].split()
        if not all(re.fullmatch(r"[\d.]+(e[+-]?\d+)?", time) for time in times):
            raise ScoringError(f"{path}, line {number}: '{line[:60]}' is not 'name channel signer start end glosses'")
        if glosses and glosses[0].startswith("<"):
            glosses = glosses[1:]
        _refuse_special(glosses, f"{path}, line {number}")
        utterances.append(Utterance(name, signer, tuple(glosses)))
    return utterances


def write_stm(path: str | Path, utterances: Iterable[Utterance]) -> None:
    """Write references. Raises ScoringError for a name or gloss that sclite would misread."""
    lines = []
    for utterance in utterances:
        _refuse_special((utterance.name, utterance.signer, *utterance.glosses), f"sentence '{utterance.name}'")
        lines.append(" ".join([utterance.name, "1", utterance.signer, "0.0", _END, *utterance.glosses]) + "\n")
    write_text(path, "".join(lines))


def write_ctm(path: str | Path, recognised: Iterable[tuple[str, Sequence[Gloss[str]]]]) -> None:
    """Write hypotheses: (name, glosses with times in seconds) of each sentence, in the order of the references.

    Raises ScoringError for a name or gloss that sclite would misread.
    """
    lines = []
    for name, glosses in recognised:
        _refuse_special((name, *(gloss.label for gloss in glosses)), f"sentence '{name}'")
        lines += [f"{name} 1 {gloss.start:.3f} {gloss.end - gloss.start:.3f} {gloss.label}\n" for gloss in glosses]
    write_text(path, "".join(lines))


def require_sclite() -> str:
    """Path of the tool; raises ScoringError if it isn't installed."""
    tool = shutil.which("sclite") or (_DEBIAN if Path(_DEBIAN).exists() else None)
    if tool is None:
        raise ScoringError("sclite is not installed (Debian and Ubuntu: apt-get install sctk); slr.metrics.wer "
                           "counts the same without it (evaluation.wer: own)")
    return tool


def sclite(stm: str | Path, ctm: str | Path) -> dict[str, Alignment]:
    """Align two files with sclite, case-sensitively.

    Returns
    -------
    dict
        Alignment of each sentence, by its name.

    Raises
    ------
    ScoringError
        If the tool isn't installed, fails, or omits sentences.
    """
    tool = require_sclite()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([tool, "-r", str(stm), "stm", "-h", str(ctm), "ctm", "-s", "-f", "0", "-o", "sgml",
                               "-O", folder, "-n", "scored"], capture_output=True, text=True)
        scored = Path(folder, "scored.sgml")
        if done.returncode != 0 or not scored.exists():
            raise ScoringError(f"sclite failed on {stm} and {ctm}: {(done.stderr or done.stdout).strip()[-500:]}")
        sgml = scored.read_text(encoding="utf-8")
    alignments = {name: [Pair(reference or None, hypothesis or None, op)
                         for op, reference, hypothesis in _PAIR.findall(pairs)] for name, pairs in _PATH.findall(sgml)}
    names = [utterance.name for utterance in read_stm(stm)]
    if sorted(alignments) != sorted(names):
        raise ScoringError(f"sclite aligned {len(alignments)} of the {len(names)} sentences of {stm}; give {ctm} in "
                           "the same order, and each sentence a name of its own")
    return alignments


def _refuse_special(texts: Iterable[str], where: str) -> None:
    for text in texts:
        if not text or _SPECIAL.search(text) or text == "/":
            raise ScoringError(f"{where}: sclite can't read '{text}' as one gloss; rename it (no spaces, braces, "
                               "quotes, angle brackets, '@', '*', ';', '\\')")
