"""What the pictures of several studies have in common."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes


def draw_signers(axes: Axes, signers: Mapping[str, Sequence[float]], label: str) -> None:
    """A line for each model, from below: a dot for each signer, a stroke at their mean."""
    for place, accuracies in enumerate(signers.values()):
        axes.plot(accuracies, np.full(len(accuracies), place), "o", alpha=0.45, color="C0")
        axes.plot([np.mean(accuracies)] * 2, [place - 0.3, place + 0.3], color="C1", linewidth=2.5)
    axes.set(yticks=range(len(signers)), yticklabels=list(signers), ylim=(-0.6, len(signers) - 0.2), xlabel=label)
