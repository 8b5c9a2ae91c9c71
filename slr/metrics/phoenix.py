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
| `WIE AUSSEHEN` | `WIE-AUSSEHEN` | `WIE-AUSSEHEN` |
| spelled letters `A B C` | `A+B+C` | `A+B+C` |
| a gloss after itself | once | once |

Here both references and hypotheses are cleaned, so that a mark can't be an error whichever side has it. The script of
2014 cleans hypotheses only, as its references were cleaned before they were released; all that this changes in them is
a few glosses that they repeat (5 of the 540 sentences of the development set). As the scripts read hypotheses gloss by
gloss, their last three rules never join two of these (2014-T's merges repeats): a hypothesis that spells, repeats a
gloss or says `WIE AUSSEHEN` costs errors there and none here, so WER may be a little lower than theirs. The
scripts' regular expressions miss letters at the start of a sentence or beside a dropped mark; here spelled letters are
joined wherever they stand.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence

_LETTER = re.compile("[A-Z]")
_SPELLED = re.compile("[A-Z]|SCH|NN")


def clean_2014(glosses: Sequence[str]) -> list[str]:
    """Glosses cleaned up as for published results on PHOENIX-2014."""
    return _joined(_marks_2014(gloss) for gloss in _dropped(glosses, r"__(EMOTION|LEFTHAND|EPENTHESIS|PU)__"))


def clean_2014t(glosses: Sequence[str]) -> list[str]:
    """Glosses cleaned up as for published results on PHOENIX-2014-T."""
    return _joined(_marks_2014t(gloss) for gloss in _dropped(glosses, r"__[^_ ]*__"))


Clean = Callable[[Sequence[str]], list[str]]
CLEAN: dict[str, Clean] = {"phoenix2014": clean_2014, "phoenix2014t": clean_2014t}
"""The clean-up of each corpus that has one, by `corpus.name`."""


def cleanup_for(cleanup: str, corpus: str) -> Clean | None:
    """The clean-up that `evaluation.cleanup` selects for a corpus, both as in params.yaml; None for none."""
    return CLEAN.get(corpus if cleanup == "auto" else cleanup)


def _dropped(glosses: Iterable[str], pattern: str) -> list[str]:
    return [gloss for gloss in glosses if not re.fullmatch(pattern, gloss)]


def _marks_2014(gloss: str) -> str:
    gloss = re.sub("(loc|cl|qu|poss|lh)-", "", gloss).replace("S0NNE", "SONNE").replace("HABEN2", "HABEN")
    if gloss.endswith("ZEIGEN"):
        gloss += "-BILDSCHIRM"
    return re.sub("(?<=[A-Z]{2})RAUM", "", gloss).replace("-PLUSPLUS", "")


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
    return [gloss for gloss, _ in itertools.groupby(joined)]


def _spelled_on(before: str, gloss: str) -> bool:
    """Whether a gloss continues the spelling before it: letter after letter, `SCH` or `NN`, or `NN` after a letter."""
    last, first = before.split("+")[-1], gloss.split("+")[0]
    return bool(_SPELLED.fullmatch(last) and _LETTER.fullmatch(first) or _LETTER.fullmatch(last) and first == "NN")
