"""A running period: how much of it should be done, where it ends at this pace, and what the rest has to bring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist, fmean

from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Elapsed:
    """What the days of a period usually weigh, and how many of them are over.

    ``weights`` are those of all its days in order (a weekday's index, 0 for a day the shop is shut), equal ones for a
    linear reckoning.
    """

    weights: tuple[Fraction, ...]
    days: int

    def __post_init__(self) -> None:
        if not 0 <= self.days <= len(self.weights) or not self.weights:
            raise ValueError("days that are over are days of the period")
        if any(weight < 0 for weight in self.weights) or not sum(self.weights):
            raise ValueError("a day weighs nothing or more, and one of them something")

    @property
    def done(self) -> Fraction:
        return sum(self.weights[: self.days], Fraction(0))

    @property
    def rest(self) -> Fraction:
        return sum(self.weights[self.days :], Fraction(0))

    @property
    def share(self) -> Fraction:
        """Return the part of the period's total that is usually reached by now."""
        return self.done / (self.done + self.rest)

    def forecast(self, to_date: Number) -> Number | None:
        """Return the total at this pace; None as long as nothing can be told from the days that are over."""
        if not self.rest:
            return to_date
        return _over(_times(to_date, self.done + self.rest), self.done) if self.done else None

    def pace(self, to_date: Number, target: Number) -> Number | None:
        """Return what was reached over what should have been by now; None before anything should, or without a target."""
        due = _times(target, self.share)
        return _over(to_date, due) if due > 0 else None

    def required(self, to_date: Number, target: Number) -> Number | None:
        """Return what an average remaining day has to bring; below 0 the target is passed, None when no day remains."""
        left = len(self.weights) - self.days
        return _over(target - to_date, left) if left else None

    def required_pace(self, to_date: Number, target: Number) -> Number | None:
        """Return how many times the pace so far the rest has to go; None without a rest or a pace."""
        if not self.rest or not self.done or to_date <= 0:
            return None
        return _over(_times(target - to_date, self.done), _times(to_date, self.rest))


def profile(first_weekday: int, days: int, index: Sequence[Number] | None = None) -> tuple[Fraction, ...]:
    """Return the weights of ``days`` from a weekday (1 is Monday) on by the ``index`` of the seven; 1 each without one."""
    if not 1 <= first_weekday <= 7 or days < 1:
        raise ValueError("a period begins on a weekday from 1 to 7 and has a day")
    if index is None:
        return (Fraction(1),) * days
    if len(index) != 7:
        raise ValueError("a week has seven days")
    return tuple(Fraction(index[(first_weekday - 1 + day) % 7]) for day in range(days))


def spread_of_rest(values: Sequence[float], weights: Sequence[float], rest: Sequence[float], chance: float = 0.8) -> float | None:
    """Return how far the rest may lie above or below what is expected of it, with this chance.

    ``values`` are past days and ``weights`` what they weigh: the scatter of their quotients is what a day is unsure by.
    None with fewer than 14 days that weigh anything.
    """
    if not 0 < chance < 1:
        raise ValueError("a chance lies between 0 and 1")
    levels = [value / weight for value, weight in zip(values, weights, strict=True) if weight > 0]
    if len(levels) < 14:
        return None
    mean = fmean(levels)
    spread = math.sqrt(math.fsum((level - mean) ** 2 for level in levels) / (len(levels) - 1))
    of_rest = math.sqrt(math.fsum(weight * weight for weight in rest))
    # The level itself is only estimated: over a long rest that counts more than the chance of single days.
    unsure_level = math.fsum(rest) / math.sqrt(len(levels))
    return NormalDist().inv_cdf((1 + chance) / 2) * spread * math.hypot(of_rest, unsure_level)


def _times(number: Number, factor: Fraction) -> Number:
    return number * float(factor) if isinstance(number, float) else number * factor


def _over(over: Number, under: Number) -> Number:
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over) / Fraction(under)
