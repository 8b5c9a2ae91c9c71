"""From the landmark store to batches: joints selected, clips padded and masked, normalised, augmented."""
