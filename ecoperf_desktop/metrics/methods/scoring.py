"""Scores: how far an actual lies between floor, target and stretch, and several of them as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecoperf_desktop.records import dataclass

CAP = 120.0
LEAST_COVERAGE = 0.7


@dataclass(frozen=True)
class Scale:
    """Where a score is 0 (``floor``), 100 (``target``) and ``cap`` (``stretch``); less is better when floor > target."""

    floor: float
    target: float
    stretch: float
    cap: float = CAP

    def score(self, actual: float) -> float:
        """Return the score of ``actual``, between 0 and the cap."""
        sign = 1 if self.target > self.floor else -1
        if sign * (actual - self.target) >= 0:
            beyond = self.stretch - self.target
            # A target that cannot be passed (100 % on time) gives 100 and no more.
            reached = 100 + (self.cap - 100) * (actual - self.target) / beyond if beyond else 100.0
        else:
            reached = 100 * (actual - self.floor) / (self.target - self.floor)
        return max(0.0, min(self.cap, reached))


@dataclass(frozen=True)
class Weighted:
    """Several scores as one: ``score`` is None when less than the least ``coverage`` of the weight is known."""

    score: float | None
    coverage: float
    missing: tuple[str, ...]


def weighted(scores: Mapping[str, float | None], weights: Mapping[str, float], least: float = LEAST_COVERAGE) -> Weighted:
    """Return the weighted mean of the known ``scores``; what is missing is left out and named, and never 0."""
    whole = sum(weights.values())
    known = {name: score for name, score in scores.items() if score is not None}
    weight = sum(weights[name] for name in known)
    coverage = weight / whole if whole else 0.0
    missing = tuple(name for name in scores if name not in known)
    # The share is a quotient of declared weights: 0.7 itself is enough.
    if not weight or coverage < least - 1e-12:
        return Weighted(None, coverage, missing)
    return Weighted(sum(weights[name] * score for name, score in known.items()) / weight, coverage, missing)


def grade(score: float, cuts: Sequence[tuple[str, float]]) -> str:
    """Return the name of the first of ``cuts``, highest first, that ``score`` reaches; the last where it reaches none."""
    return next((name for name, least in cuts if score >= least), cuts[-1][0])
