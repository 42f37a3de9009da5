"""Signal or noise: limits of an XmR chart, corrected for weeks that resemble the week before.

Plain limits call too many signals when neighbouring weeks are alike, so the mean moving range is divided by
sqrt(1 - r1), r1 being the lag-1 autocorrelation, corrected for its bias and kept within 0 and 0.8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Literal

from ecoperf_desktop.records import dataclass

# 3/d2 and D4 for ranges of two, from the rounded d2 and d3 that the charts' tables print.
LIMIT_FACTOR = 2.660
RANGE_FACTOR = 3.268
# The same from the medians, which a few wild weeks of the base do not move.
MEDIAN_LIMIT_FACTOR = 3.145
MEDIAN_RANGE_FACTOR = 3.865
LEAST_BASE = 10
FIRM_BASE = 15
FULL_BASE = 26
RUN = 8

Side = Literal["above", "below"]


@dataclass(frozen=True)
class Limits:
    """Where an unchanged process stays.

    ``base`` weeks stand behind them and ``r1`` is the autocorrelation allowed for.  ``reach`` is the distance
    from centre to limit before the floor or ceiling of a quantity that cannot go further cut ``lower`` and ``upper``.
    """

    centre: float
    lower: float
    upper: float
    mean_range: float
    range_limit: float
    base: int
    reach: float
    r1: float = 0.0

    @property
    def is_provisional(self) -> bool:
        return self.base < FIRM_BASE


@dataclass(frozen=True)
class Verdict:
    """What the newest point says: ``signal`` beyond a limit, ``watch`` a quiet mark, else None in both."""

    signal: Side | None = None
    watch: Side | None = None


def limits(
    values: Sequence[float | None],
    *,
    floor: float | None = None,
    ceiling: float | None = None,
    is_corrected: bool = True,
) -> Limits | None:
    """Return the limits of the base ``values``, oldest first; None with fewer than ten known ones.

    None in ``values`` is a missing week or one with a known cause; a moving range never spans it.
    """
    known = [value for value in values if value is not None]
    ranges = [
        abs(later - earlier)
        for earlier, later in zip(values, values[1:], strict=False)
        if earlier is not None and later is not None
    ]
    if len(known) < LEAST_BASE or not ranges:
        return None
    centre = math.fsum(known) / len(known)
    mean_range = math.fsum(ranges) / len(ranges)
    r1 = autocorrelation(values) if is_corrected else 0.0
    spread = mean_range / math.sqrt(1 - r1)
    reach = LIMIT_FACTOR * spread
    lower, upper = centre - reach, centre + reach
    if floor is not None:
        lower = max(lower, floor)
    if ceiling is not None:
        upper = min(upper, ceiling)
    return Limits(centre, lower, upper, mean_range, RANGE_FACTOR * spread, len(known), reach, r1)


def median_limits(values: Sequence[float | None]) -> Limits | None:
    """Return limits from medians instead of means, for a base with wild weeks; None with fewer than ten known ones."""
    known = [value for value in values if value is not None]
    ranges = [
        abs(later - earlier)
        for earlier, later in zip(values, values[1:], strict=False)
        if earlier is not None and later is not None
    ]
    if len(known) < LEAST_BASE or not ranges:
        return None
    centre, middle_range = median(known), median(ranges)
    reach = MEDIAN_LIMIT_FACTOR * middle_range
    return Limits(centre, centre - reach, centre + reach, middle_range, MEDIAN_RANGE_FACTOR * middle_range, len(known), reach)


def autocorrelation(values: Sequence[float | None]) -> float:
    """Return the lag-1 autocorrelation without its bias towards minus, within 0 and 0.8."""
    known = [value for value in values if value is not None]
    count = len(known)
    if count < 3:
        return 0.0
    centre = math.fsum(known) / count
    variance = math.fsum((value - centre) ** 2 for value in known)
    if variance <= 0:
        return 0.0
    together = math.fsum(
        (earlier - centre) * (later - centre)
        for earlier, later in zip(values, values[1:], strict=False)
        if earlier is not None and later is not None
    )
    measured = together / variance
    # E[r1] is about rho - (1 + 4 rho) / n when the mean is estimated too (Kendall 1954, Marriott & Pope 1954).
    unbiased = (count * measured + 1) / (count - 4) if count > 4 else measured
    return min(max(unbiased, 0.0), 0.8)


def outside(values: Sequence[float | None], within: Limits) -> list[int]:
    """Return the positions beyond the limits (rule 1)."""
    return [
        index
        for index, value in enumerate(values)
        if value is not None and (_exceeds(value, within.upper) or _exceeds(within.lower, value))
    ]


def jumps(values: Sequence[float | None], within: Limits) -> list[int]:
    """Return the positions whose moving range is beyond its limit."""
    return [
        index + 1
        for index, (earlier, later) in enumerate(zip(values, values[1:], strict=False))
        if earlier is not None and later is not None and _exceeds(abs(later - earlier), within.range_limit)
    ]


def runs(values: Sequence[float | None], centre: float, length: int = RUN) -> list[int]:
    """Return the positions that end ``length`` or more successive points on one side (rule 2).

    A point on the centre line, or a missing one, ends the run.
    """
    found = []
    run, side = 0, 0
    for index, value in enumerate(values):
        now = 0 if value is None else _exceeds(value, centre) - _exceeds(centre, value)
        run = (run + 1 if now == side else 1) if now else 0
        side = now
        if run >= length:
            found.append(index)
    return found


def clusters(values: Sequence[float | None], within: Limits) -> list[int]:
    """Return the positions that end four points of which three lie nearer to one limit than to the centre (rule 3)."""
    # Half-way to the limits as they would be: at 100 % availability every good week touches a cut limit.
    high, low = within.centre + within.reach / 2, within.centre - within.reach / 2
    found = []
    for index in range(3, len(values)):
        four = [value for value in values[index - 3 : index + 1] if value is not None]
        if sum(_exceeds(value, high) for value in four) >= 3 or sum(_exceeds(low, value) for value in four) >= 3:
            found.append(index)
    return found


def judge(values: Sequence[float | None], within: Limits) -> Verdict:
    """Judge the last of ``values`` (oldest first): a signal beyond the limits, a quiet mark by rules 2 and 3."""
    last = values[-1] if values else None
    if last is None:
        return Verdict()
    if _exceeds(last, within.upper):
        return Verdict(signal="above")
    if _exceeds(within.lower, last):
        return Verdict(signal="below")
    newest = len(values) - 1
    if newest in runs(values, within.centre) or newest in clusters(values, within):
        return Verdict(watch="above" if last > within.centre else "below")
    return Verdict()


def _exceeds(value: float, bound: float) -> bool:
    """Say whether ``value`` lies above ``bound`` by more than the last digits of a float."""
    return value > bound and value - bound > 1e-9 * max(abs(value), abs(bound))
