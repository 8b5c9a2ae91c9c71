"""From a continuous model's log-probabilities to glosses with times.

Everything here takes log-probabilities `(T, V)` of T frames of logits: class 0 is the blank of connectionist temporal
classification (CTC; Graves et al., ICML 2006), classes 1 to V - 1 are the labels.
"""

BLANK = 0
"""The class of CTC's blank."""
