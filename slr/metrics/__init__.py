"""Metrics, computed from plain arrays or lists, independent of models and files."""
