"""What coming weeks will bring if nothing changes, and how far that may be off: simple methods, combined by their median.

Three of them: last year's same weeks times how much this year is above them, half the drift on top of a smoothed level
(Theta), and a trend that fades (damped Holt).  Their median is seldom best and never far off (Makridakis' competitions).
How unsure it is comes from forecasting the past again from earlier and earlier weeks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from statistics import NormalDist, fmean, median, stdev

from ecoperf_desktop.records import dataclass

YEAR = 52
# Growth against last year is judged by so many weeks.
GROWTH_WEEKS = 8
LEAST_WEEKS = 26
MOST_AHEAD = 26
# With fewer forecasts of the past than these their scatter is itself chance: it is taken as 3 % at the least.
FIRM_ORIGINS = 20
LEAST_SPREAD = 0.03
_ORIGINS = 26
_SEASONS = 2 * YEAR
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Outlook:
    """A total to come: its middle, and the standard deviation of its logarithm (0.06: some 6 %)."""

    middle: float
    spread: float
    origins: int | None = None

    def __post_init__(self) -> None:
        if not (self.middle > 0 and self.spread > 0 and math.isfinite(self.middle) and math.isfinite(self.spread)):
            raise ValueError("a total to come, and what it may be off by, are above 0")

    def chance(self, target: float) -> float:
        """Return how likely the total reaches ``target``; what is 0 or less is certain."""
        return 1 - _NORMAL.cdf(math.log(target / self.middle) / self.spread) if target > 0 else 1.0

    def reached_with(self, chance: float) -> float:
        """Return the total that is reached with this chance."""
        if not 0 < chance < 1:
            raise ValueError("a chance lies between 0 and 1")
        return self.middle * math.exp(self.spread * _NORMAL.inv_cdf(1 - chance))


def growth(recent: Sequence[float], year_earlier: Sequence[float]) -> float:
    """Return this year's weeks over last year's, both added up first; raise ValueError without a base."""
    if len(recent) != len(year_earlier) or not recent:
        raise ValueError("as many weeks of last year as of this one")
    base = math.fsum(year_earlier)
    if base <= 0:
        raise ValueError("last year's weeks add up to something")
    return math.fsum(recent) / base


def seasonal_naive(year_earlier: Sequence[float], grown: float) -> list[float]:
    """Return last year's weeks, aligned by weekday or event, as this year would repeat them."""
    if grown < 0:
        raise ValueError("growth is a factor of 0 or more")
    return [value * grown for value in year_earlier]


def theta(values: Sequence[float], ahead: int) -> list[float]:
    """Return forecasts by simple smoothing with half of the linear drift (Assimakopoulos & Nikolopoulos 2000)."""
    count = len(values)
    middle, mean = (count - 1) / 2, fmean(values)
    slope = math.fsum((place - middle) * (value - mean) for place, value in enumerate(values))
    slope /= math.fsum((place - middle) ** 2 for place in range(count)) or 1.0
    best = min((step / 20 for step in range(1, 20)), key=lambda alpha: _smoothed(values, alpha)[1])
    level = _smoothed(values, best)[0]
    caught_up = (1 - (1 - best) ** count) / best
    return [level + slope / 2 * (step + caught_up) for step in range(ahead)]


def damped_holt(values: Sequence[float], ahead: int) -> list[float]:
    """Return forecasts by a level and a trend that fades step by step (Gardner & McKenzie 1985)."""
    grid = product((0.1, 0.3, 0.5, 0.8), (0.05, 0.15, 0.3), (0.8, 0.9, 0.98))
    level, trend, fading = min((_holt(values, *one) for one in grid), key=lambda run: run[0])[1:]
    forecast = []
    reach = 0.0
    for step in range(1, ahead + 1):
        reach += fading**step
        forecast.append(level + trend * reach)
    return forecast


def yearly_index(values: Sequence[float]) -> list[float] | None:
    """Return what each of the last 52 weeks' places in the year weighs, with mean 1; None with less than two years.

    Place 0 is that of the week after the last one, a year earlier.
    """
    count = len(values)
    if count < _SEASONS:
        return None
    half = YEAR // 2
    ratios: dict[int, list[float]] = {}
    for place in range(half, count - half):
        around = values[place - half : place + half + 1]
        level = (math.fsum(around) - (around[0] + around[-1]) / 2) / YEAR
        if level > 0:
            ratios.setdefault((place - count) % YEAR, []).append(values[place] / level)
    index = [fmean(ratios[place]) if place in ratios else 1.0 for place in range(YEAR)]
    mean = fmean(index)
    return [one / mean for one in index] if min(index) > 0 else None


def combined(values: Sequence[float], ahead: int) -> list[float]:
    """Return the coming ``ahead`` weeks of weekly ``values``, oldest first, never below 0.

    Raise ValueError with fewer than 26 weeks, or for more than half a year ahead.
    """
    if len(values) < LEAST_WEEKS:
        raise ValueError(f"a forecast needs {LEAST_WEEKS} weeks")
    if not 1 <= ahead <= MOST_AHEAD:
        raise ValueError(f"a forecast reaches from 1 to {MOST_AHEAD} weeks ahead")
    index = yearly_index(values)
    count = len(values)
    seasons = [index[(place - count) % YEAR] for place in range(count)] if index else [1.0] * count
    plain = [value / season for value, season in zip(values, seasons, strict=True)]
    coming = [index[step % YEAR] for step in range(ahead)] if index else [1.0] * ahead
    ways = [[value * season for value, season in zip(way(plain, ahead), coming, strict=True)] for way in (theta, damped_holt)]
    if count >= YEAR + GROWTH_WEEKS:
        before = values[count - GROWTH_WEEKS - YEAR : count - YEAR]
        if math.fsum(before) > 0:
            ways.append(seasonal_naive(values[count - YEAR : count - YEAR + ahead], growth(values[-GROWTH_WEEKS:], before)))
    return [max(0.0, median(step)) for step in zip(*ways, strict=True)]


def outlook(values: Sequence[float], ahead: int, weights: Sequence[float]) -> Outlook | None:
    """Return the total of the coming weeks, each taken with its weight (0: before the period, 0.43: three days of it).

    None where the total, or one that was to be forecast, is 0: errors of that cannot be told in percent.
    """
    if len(weights) != ahead or min(weights) < 0 or max(weights) <= 0:
        raise ValueError("a weight for each week ahead, and one of them above 0")
    total = _weighted(combined(values, ahead), weights)
    errors = []
    for origin in range(len(values) - ahead, max(LEAST_WEEKS, len(values) - ahead - _ORIGINS + 1) - 1, -1):
        forecast = _weighted(combined(values[:origin], ahead), weights)
        actual = _weighted(values[origin : origin + ahead], weights)
        if forecast <= 0 or actual <= 0:
            return None
        errors.append(math.log(actual / forecast))
    if total <= 0:
        return None
    # The mean error stays in: a method that was always below is unsure by that, too.
    spread = math.sqrt(fmean([error * error for error in errors])) if errors else 0.0
    if len(errors) < FIRM_ORIGINS:
        spread = max(spread, LEAST_SPREAD, _scatter(values) / math.sqrt(max(math.fsum(weights), 1.0)))
    return Outlook(total, max(spread, 1e-6), len(errors))


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True))


def _scatter(values: Sequence[float]) -> float:
    """Return how much single weeks scatter round the level, as a part of it."""
    mean = fmean(values)
    return stdev(values) / mean if mean > 0 else 1.0


def _smoothed(values: Sequence[float], alpha: float) -> tuple[float, float]:
    """Return the last level and the sum of squared errors one step ahead."""
    level, errors = values[0], 0.0
    for value in values[1:]:
        error = value - level
        errors += error * error
        level += alpha * error
    return level, errors


def _holt(values: Sequence[float], alpha: float, beta: float, fading: float) -> tuple[float, float, float, float]:
    """Return the sum of squared errors one step ahead, and the last level and trend with their fading."""
    level, trend, errors = values[0], values[1] - values[0], 0.0
    for value in values[1:]:
        expected = level + fading * trend
        error = value - expected
        errors += error * error
        level = expected + alpha * error
        trend = fading * trend + alpha * beta * error
    return errors, level, trend, fading
