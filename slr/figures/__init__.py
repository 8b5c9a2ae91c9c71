"""Pictures: landmarks over a clip, curves, confusions, projections of embeddings."""
