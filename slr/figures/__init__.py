"""Figures: skeletons on video frames, curves, confusion matrices, projections of embeddings."""
