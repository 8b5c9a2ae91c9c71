"""The clean-up of glosses used for published results on PHOENIX-2014 and PHOENIX-2014-T.

Annotators also marked how a sign was made (its location, its hand, repetition); the scripts that come with the corpora
(`evaluatePhoenix2014.sh`, `evaluatePHOENIX-2014-T-signrecognition.sh`) remove these marks before `sclite` counts. They
differ:

| | 2014 | 2014-T |
| --- | --- | --- |
| marks before a gloss that are dropped | `loc-` `cl-` `qu-` `poss-` `lh-` | `loc-` `cl-` |
| `-PLUSPLUS` (repeated), `RAUM` at the end (`NORDRAUM`) | dropped | dropped |
| `__EMOTION__` `__LEFTHAND__` `__EPENTHESIS__` | dropped | dropped |
| `__PU__` | dropped | dropped |
| `__ON__` `__OFF__` and all others like them | stay | dropped |
| `S0NNE`, `HABEN2`, `ZEIGEN` | `SONNE`, `HABEN`, `ZEIGEN-BILDSCHIRM` | stay |
| `WIE AUSSEHEN` | two glosses | `WIE-AUSSEHEN` in references |
| spelled letters `A B C` | three glosses | `A+B+C` in references |
| a gloss after itself | twice | once in hypotheses; in references, if it has no hyphen |

The scripts read hypotheses gloss by gloss, so that their rules for neighbouring glosses have no effect there: a
hypothesis that repeats a gloss has an insertion on PHOENIX-2014. Only 2014-T's script merges repeats, in a step of its
own. References of 2014 were cleaned before they were released, and its script leaves them as they are; here they get
the hypotheses' rules, so that a mark can't be an error on either side, which changes nothing in the released ones.

`MERGED` is the lenient variant of some other evaluations: the rules for neighbours apply to both sides, wherever they
stand. It gives lower error rates, which aren't comparable with published ones, for hypotheses that repeat a gloss.
"""

import itertools
import re
from collections.abc import Iterable, Sequence

from slr.metrics.wer import Cleanup

_LETTER = re.compile("[A-Z]")
_SPELLED = re.compile("[A-Z]|SCH|NN")
_REPEATED = r"(?<![\w-])([A-Z]+) \1(?![\w-])"
_REFERENCE_2014T = [(re.compile(pattern, re.ASCII), becomes) for pattern, becomes in (
    *((rf"__{mark}__ | __{mark}__", "") for mark in ("LEFTHAND", "EPENTHESIS", "EMOTION")),
    (r"\b__[^_ ]*__\b", ""), (r"\bloc-([^ ]*)\b", r"\1"), (r"\bcl-([^ ]*)\b", r"\1"),
    (r"\b([^ ]*)-PLUSPLUS\b", r"\1"), (r"\b([A-Z]+)RAUM\b", r"\1"), ("WIE AUSSEHEN", "WIE-AUSSEHEN"),
    ("[ +]([A-Z]) ([A-Z]) ", r" \1+\2 "), *[("([ +][A-Z]) ([A-Z][ +])", r"\1+\2")] * 3,
    ("([ +]SCH) ([A-Z][ +])", r"\1+\2"), ("([ +]NN) ([A-Z][ +])", r"\1+\2"), ("([ +][A-Z]) (NN[ +])", r"\1+\2"),
    ("([ +][A-Z]) ([A-Z])$", r"\1+\2"), *[(_REPEATED, r"\1")] * 4)]
"""The rules for a line of references, in the script's order; some are repeated, as neighbours share a space."""


def clean_2014(glosses: Sequence[str]) -> list[str]:
    """Glosses of a hypothesis, or a reference, as PHOENIX-2014's script cleans them."""
    return [*filter(None, map(_marks_2014, _dropped(glosses, r"__(EMOTION|LEFTHAND|EPENTHESIS|PU)__")))]


def hypothesis_2014t(glosses: Sequence[str]) -> list[str]:
    """Glosses of a hypothesis as PHOENIX-2014-T's script cleans them."""
    return _once(filter(None, map(_marks_of_hypothesis_2014t, _dropped(glosses, "__[^_ ]*__"))))


def reference_2014t(glosses: Sequence[str]) -> list[str]:
    """Glosses of a reference as PHOENIX-2014-T's script cleans them."""
    line = " " + " ".join(glosses)  # which follow other columns
    for pattern, becomes in _REFERENCE_2014T:
        line = pattern.sub(becomes, line)
    return line.split()


def merged_2014(glosses: Sequence[str]) -> list[str]:
    """Glosses of either side with PHOENIX-2014's marks dropped, spelled letters joined and repeats merged."""
    return _joined(clean_2014(glosses))


def merged_2014t(glosses: Sequence[str]) -> list[str]:
    """Glosses of either side with PHOENIX-2014-T's marks dropped, spelled letters joined and repeats merged."""
    return _joined(_marks_2014t(gloss) for gloss in _dropped(glosses, r"__[^_ ]*__"))


PUBLISHED = {"phoenix2014": Cleanup(clean_2014, clean_2014),
             "phoenix2014t": Cleanup(reference_2014t, hypothesis_2014t)}
"""The clean-up of each corpus that has one, by `corpus.name`: that of its own script."""
MERGED = {"phoenix2014": Cleanup(merged_2014, merged_2014), "phoenix2014t": Cleanup(merged_2014t, merged_2014t)}
"""The lenient variant of each."""


def cleanup_for(cleanup: str, corpus: str, merged: bool = False) -> Cleanup | None:
    """The clean-up that `evaluation.cleanup` selects for a corpus, both as in params.yaml; None for none.

    With `merged`, the lenient variant of the same corpus.
    """
    return (MERGED if merged else PUBLISHED).get(corpus if cleanup == "auto" else cleanup)


def _dropped(glosses: Iterable[str], pattern: str) -> list[str]:
    return [gloss for gloss in glosses if not re.fullmatch(pattern, gloss)]


def _marks_2014(gloss: str) -> str:
    gloss = re.sub("(loc|cl|qu|poss|lh)-", "", gloss).replace("S0NNE", "SONNE").replace("HABEN2", "HABEN")
    if gloss.endswith("ZEIGEN"):
        gloss += "-BILDSCHIRM"
    return re.sub("(?<=[A-Z]{2})RAUM", "", gloss).replace("-PLUSPLUS", "")


def _marks_of_hypothesis_2014t(gloss: str) -> str:
    gloss = gloss.removeprefix("loc-").removesuffix("-PLUSPLUS").removeprefix("cl-")
    return re.sub(r"\b([A-Z]+)RAUM$", r"\1", gloss, flags=re.ASCII)


def _marks_2014t(gloss: str) -> str:
    gloss = re.sub(r"\b(loc|cl)-", "", gloss)
    return re.sub(r"\b([A-Z]+)RAUM\b", r"\1", re.sub(r"-PLUSPLUS\b", "", gloss))


def _joined(glosses: Iterable[str]) -> list[str]:
    """Merge `WIE AUSSEHEN` and spelled letters into one gloss each, and repeats; drop glosses that were only a mark."""
    joined: list[str] = []
    for gloss in filter(None, glosses):
        if joined and joined[-1] == "WIE" and gloss == "AUSSEHEN":
            joined[-1] = "WIE-AUSSEHEN"
        elif joined and _spelled_on(joined[-1], gloss):
            joined[-1] += f"+{gloss}"
        else:
            joined.append(gloss)
    return _once(joined)


def _once(glosses: Iterable[str]) -> list[str]:
    """A gloss after itself once."""
    return [gloss for gloss, _ in itertools.groupby(glosses)]


def _spelled_on(before: str, gloss: str) -> bool:
    """Whether a gloss continues the spelling before it: letter after letter, `SCH` or `NN`, or `NN` after a letter."""
    last, first = before.split("+")[-1], gloss.split("+")[0]
    return bool(_SPELLED.fullmatch(last) and _LETTER.fullmatch(first) or _LETTER.fullmatch(last) and first == "NN")
