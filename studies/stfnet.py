"""STF-Net as published, with ResNet-34, on the sentences of a corpus by its official split; three studies share it."""

from pathlib import Path

from studies.headline import Headline


def study(folder: Path, corpus: str, development: float, test: float) -> Headline:
    """The study of a corpus.

    Parameters
    ----------
    folder : Path
        Of the study.
    corpus : str
        Its name for `slr use`.
    development, test : float
        Published WER of the development and of the test sentences.
    """
    return Headline(folder, (corpus,), {"stfnet": {"family": "stfnet", "published": True, "backbone": "resnet34"}},
                    {"stfnet": {"wer": test, "val_wer_beam": development}}, {"splits": {"by": "official"}})
