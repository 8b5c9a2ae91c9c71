"""Extraction: frames from videos, and landmarks from frames."""
