"""Partitions of the clips: splits into training, validation and test, and pseudo-signers."""
