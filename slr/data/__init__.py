"""Landmark store to batches: joints picked, clips padded and masked, normalised, augmented."""
