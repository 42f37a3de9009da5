"""What one more unit of spend brought: periods put in the order of their spend and taken together in steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist

from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Step:
    """Some periods of like spend: ``marginal`` is the extra result for each extra unit of spend over the step below.

    None for the first step, and where the spend is not above that of the step below.
    """

    periods: int
    spend: Fraction
    result: Fraction
    marginal: Fraction | None


@dataclass(frozen=True)
class Slope:
    """A straight line through all periods, and how far from it the true slope may lie."""

    slope: float
    low: float
    high: float


def spend_steps(points: Sequence[tuple[int, int]], most: int = 4, least_periods: int = 3) -> list[Step]:
    """Return the steps of (spend, result) pairs from the lowest spend to the highest, as even in size as can be.

    Equal spends with different results are put in the order of the results, so that the order of ``points``
    does not matter.
    """
    ordered = sorted(points)
    count = max(min(most, len(ordered) // least_periods), 1) if ordered else 0
    found: list[Step] = []
    for place in range(count):
        part = ordered[place * len(ordered) // count : (place + 1) * len(ordered) // count]
        spend = Fraction(sum(point[0] for point in part), len(part))
        result = Fraction(sum(point[1] for point in part), len(part))
        marginal = None
        if found and spend > found[-1].spend:
            marginal = (result - found[-1].result) / (spend - found[-1].spend)
        found.append(Step(len(part), spend, result, marginal))
    return found


def slope(points: Sequence[tuple[Number, Number]], chance: float = 0.9) -> Slope | None:
    """Return the least-squares slope with the interval that holds the true one with ``chance``.

    None with fewer than four points, or when the spend never changes.
    """
    n = len(points)
    if n < 4:
        return None
    spends = [float(spend) for spend, _ in points]
    results = [float(result) for _, result in points]
    spend_mean, result_mean = math.fsum(spends) / n, math.fsum(results) / n
    spread = math.fsum((spend - spend_mean) ** 2 for spend in spends)
    if spread <= 0:
        return None
    together = math.fsum((spend - spend_mean) * (result - result_mean) for spend, result in zip(spends, results, strict=True))
    found = together / spread
    rest = math.fsum(
        (result - result_mean - found * (spend - spend_mean)) ** 2 for spend, result in zip(spends, results, strict=True)
    )
    reach = student(0.5 + chance / 2, n - 2) * math.sqrt(rest / (n - 2) / spread)
    return Slope(found, found - reach, found + reach)


def student(chance: float, freedom: int) -> float:
    """Return the quantile of Student's t, from the normal one by its expansion (Fisher and Cornish 1960)."""
    z = NormalDist().inv_cdf(chance)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom ** (power + 1) for power, term in enumerate(terms))
