"""Errors meant for the user: each message names the item, its location and the remedy."""


class SlrError(Exception):
    """Base class of errors whose message is written for the user; the command line prints it without a traceback."""


class ParamsError(SlrError):
    """`params.yaml` has an invalid name or value."""


class CorpusError(SlrError):
    """A corpus, its annotation file or its layout can't be used."""


class ClipError(SlrError):
    """One clip can't be used, independently of the others.

    `str(error)` is only the reason: the handler knows the clip and adds its name.
    """


class ModelError(SlrError):
    """A trained model is missing, incomplete, or doesn't fit its input."""


class GalleryError(SlrError):
    """A gallery of vectors is missing, invalid, or of another model."""


class DecodingError(SlrError):
    """Log-probabilities can't be decoded, or a decoder or language model is missing, invalid or for other glosses."""


class ScoringError(SlrError):
    """References and recognised glosses can't be compared."""
