"""Decoding: from a sentence model's log-probabilities to glosses with times.

All functions take log-probabilities `(T, V)` of T output frames: class 0 is the blank of connectionist temporal
classification (CTC; Graves et al., ICML 2006), classes 1 to V - 1 are the labels.
"""

BLANK = 0
"""The class of CTC's blank."""
