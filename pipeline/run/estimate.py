"""Estimate of the remaining time of a pipeline run."""

from collections.abc import Iterable, Mapping
from statistics import mean

FIRM_S = 30.0
"""Seconds of finished stages after which this run's own pace has half of the weight."""


class Estimate:
    """Durations of stages, from earlier runs and the pace of this one.

    Parameters
    ----------
    own : Mapping
        Stage -> seconds it last took on this machine.
    reference : Mapping
        Stage -> seconds it took on another machine, for stages not in `own`. They are scaled by the relative speed of
        this machine on the stages in both.
    """

    def __init__(self, own: Mapping[str, float], reference: Mapping[str, float]):
        both = own.keys() & reference.keys()
        factor = sum(own[name] for name in both) / sum(reference[name] for name in both) if both else 1.0
        self.known = {name: seconds * factor for name, seconds in reference.items()} | dict(own)
        self.took_s, self.expected_s = 0.0, 0.0

    def finished(self, name: str, seconds: float) -> None:
        """Update with a stage that this run has finished."""
        if name in self.known:
            self.took_s += seconds
            self.expected_s += self.known[name]
        self.known[name] = seconds

    def seconds(self, names: Iterable[str]) -> float | None:
        """Total duration of these stages; None if nothing comparable to one of them is known."""
        each = [self._expected(name) for name in names]
        if None in each:
            return None
        return sum(each) * (self.took_s + FIRM_S) / (self.expected_s + FIRM_S)

    def _expected(self, name: str) -> float | None:
        """A stage's own duration, or the mean of its kind: `train@x` takes about as long as another `train@...`."""
        if name in self.known:
            return self.known[name]
        alike = [seconds for other, seconds in self.known.items() if kind(other) == kind(name)]
        return mean(alike) if alike else None


def kind(name: str) -> str:
    """The kind of a stage: `train` for `train@spoter`."""
    return name.partition("@")[0]


def spoken(seconds: float) -> str:
    """A duration in words.

    >>> spoken(3), spoken(43), spoken(260), spoken(7000)
    ('5 s', '45 s', '4 min', '1 h 57 min')
    """
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
