"""Corpora: one reader per kind, all of which give the same manifest (`slr.dataset.manifest`)."""
