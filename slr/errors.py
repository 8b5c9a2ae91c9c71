"""The errors that a user is meant to read: each names the thing, the place and the way out."""


class SlrError(Exception):
    """Base of every error whose message is written for the user; the command line prints it without a traceback."""


class ParamsError(SlrError):
    """`params.yaml` holds a name or a value that can't be used."""


class CorpusError(SlrError):
    """A corpus, its annotation file or its layout can't be used."""


class ClipError(SlrError):
    """One clip can't be used; the others can.

    `str(error)` is the reason alone: whoever handles it knows the clip and adds its name.
    """


class ModelError(SlrError):
    """A trained model is missing, incomplete, or doesn't fit the input it is asked about."""


class GalleryError(SlrError):
    """A gallery of vectors is missing, broken, or of another model."""


class DecodingError(SlrError):
    """Log-probabilities can't be decoded, or a decoder or language model is missing, broken or of other glosses."""


class ScoringError(SlrError):
    """References and recognised glosses can't be compared."""
