"""Metrics, each from plain arrays or lists, that know nothing of models and files."""
