"""The built-in corpus: invented signs by synthetic signers, with ground-truth joints.

It shows that the pipeline works; it is no evidence about any sign language.
"""

from typing import TYPE_CHECKING, Any

from slr.corpora.sample.signs import MINIMAL_PAIRS, SIGNS, Sign

if TYPE_CHECKING:
    from slr.corpora.sample.corpus import render

__all__ = ["MINIMAL_PAIRS", "SIGNS", "Sign", "render"]


def __getattr__(name: str) -> Any:
    if name != "render":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from slr.corpora.sample.corpus import render  # heavy: numpy, OpenCV, pandas

    return render
