"""Corpora: one reader per kind, all with the same output, the manifest (`slr.dataset.manifest`)."""
