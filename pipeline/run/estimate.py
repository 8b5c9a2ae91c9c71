"""How long the stages that are left will take."""

from collections.abc import Iterable, Mapping
from statistics import mean

FIRM_S = 30.0
"""After how many seconds of finished stages this run's own pace counts half."""


class Estimate:
    """Seconds of stages, from how long they took before and how this run goes.

    Parameters
    ----------
    own : Mapping
        Stage -> seconds that it last took here.
    reference : Mapping
        Stage -> seconds that it took on another machine, for what is not in `own`. They are scaled by how much slower
        or faster this machine was with the stages in both.
    """

    def __init__(self, own: Mapping[str, float], reference: Mapping[str, float]):
        both = own.keys() & reference.keys()
        factor = sum(own[name] for name in both) / sum(reference[name] for name in both) if both else 1.0
        self.known = {name: seconds * factor for name, seconds in reference.items()} | dict(own)
        self.took_s, self.expected_s = 0.0, 0.0

    def finished(self, name: str, seconds: float) -> None:
        """Learn from a stage that this run has finished."""
        if name in self.known:
            self.took_s += seconds
            self.expected_s += self.known[name]
        self.known[name] = seconds

    def seconds(self, names: Iterable[str]) -> float | None:
        """How long these stages will take together; None where of one of them nothing alike is known."""
        each = [self._expected(name) for name in names]
        if None in each:
            return None
        return sum(each) * (self.took_s + FIRM_S) / (self.expected_s + FIRM_S)

    def _expected(self, name: str) -> float | None:
        """A stage's own time, or the mean of its kind: `train@x` is about as long as another `train@...`."""
        if name in self.known:
            return self.known[name]
        alike = [seconds for other, seconds in self.known.items() if kind(other) == kind(name)]
        return mean(alike) if alike else None


def kind(name: str) -> str:
    """What a stage does: `train` of `train@spoter`."""
    return name.partition("@")[0]


def spoken(seconds: float) -> str:
    """A length of time as one says it.

    >>> spoken(3), spoken(43), spoken(260), spoken(7000)
    ('5 s', '45 s', '4 min', '1 h 57 min')
    """
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
