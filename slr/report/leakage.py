"""Accuracy against leakage: what each model reaches, and how much of who signs is left in its features."""

from collections.abc import Sequence
from dataclasses import dataclass

from slr.report.model_facts import ModelFacts


@dataclass(frozen=True)
class Leakage:
    """One model's accuracy beside its signer probe; every number but `chance` may be compared between models.

    Attributes
    ----------
    model : str
    top1 : float
    interval : tuple of float, or None
        The ends of its 95 % interval.
    probe, chance : float
        See `slr.metrics.probe`.
    worst, gap : float or None
        Top-1 of the worst signer, and how far the best is above it; None where signers are unknown.
    baseline : str
        The first model of the same family, which the two gains are over.
    top1_gain, probe_gain : float or None
        Differences to the baseline, None for a baseline itself; a good method has a `probe_gain` below 0.
    """

    model: str
    top1: float
    interval: tuple[float, float] | None
    probe: float
    chance: float
    worst: float | None
    gap: float | None
    baseline: str
    top1_gain: float | None
    probe_gain: float | None

    @property
    def above_chance(self) -> float:
        """How far the probe is on the way from guessing (0) to never being wrong (1); below 0, worse than guessing."""
        return (self.probe - self.chance) / (1 - self.chance)


def leakages(models: Sequence[ModelFacts]) -> list[Leakage]:
    """Of the models that have a signer probe, in their order."""
    found: list[Leakage] = []
    baselines: dict[str, ModelFacts] = {}
    for model in models:
        if "signer_probe" not in model.metrics or "top1" not in model.metrics:
            continue
        family = ((model.config or {}).get("params") or {}).get("family", model.name)
        baseline = baselines.setdefault(family, model)
        gains = [None if baseline is model else model.metrics[metric] - baseline.metrics[metric]
                 for metric in ("top1", "signer_probe")]
        found.append(Leakage(
            model.name, model.metrics["top1"], model.interval("top1"), model.metrics["signer_probe"],
            model.metrics["signer_probe_chance"], model.metrics.get("worst_signer_top1"),
            model.metrics.get("signer_gap"), baseline.name, *gains))
    return found
