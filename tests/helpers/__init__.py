"""What tests are made with: made-up corpora, batches, recordings and projects. No tests, no fixtures."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
