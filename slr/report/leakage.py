"""Accuracy against leakage: each model's accuracy, and the signer information in its features."""

from collections.abc import Sequence
from dataclasses import dataclass

from slr.report.model_facts import ModelFacts


@dataclass(frozen=True)
class Leakage:
    """One model's accuracy and signer probe; all values except `chance` are comparable between models.

    Attributes
    ----------
    model : str
    top1 : float
    interval : tuple of float, or None
        Bounds of its 95 % interval.
    probe, chance : float
        See `slr.metrics.probe`.
    worst, gap : float or None
        Top-1 of the worst signer, and its difference to the best; None if signers are unknown.
    baseline : str
        The first model of the same family, the reference of both gains.
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
        """Position of the probe between chance (0) and perfect (1); negative below chance."""
        return (self.probe - self.chance) / (1 - self.chance)


def leakages(models: Sequence[ModelFacts]) -> list[Leakage]:
    """Leakage of the models that have a signer probe, in their order."""
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
