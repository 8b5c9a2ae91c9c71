"""Sign-language recognition from video: one pipeline, from recordings to honest reports."""

__version__ = "0.1.0"
