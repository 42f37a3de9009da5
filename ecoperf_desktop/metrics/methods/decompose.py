"""Why a product of factors moved: effects that add up to the change, with no rest and no order dependence.

The default is additive LMDI-I (Ang 2005) with the limits of Ang & Liu (2007) where a factor is zero.  It is
undefined when a factor or the product is negative; there the Shapley value is used, the mean over all orders
of replacing one factor at a time, and the split says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Literal

from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

Method = Literal["log_mean", "shapley"]


@dataclass(frozen=True)
class Split:
    """One effect a factor, in the order of the factors; they sum to the change."""

    effects: tuple[float, ...]
    method: Method


def split_product(before: Sequence[Number | None], after: Sequence[Number | None]) -> Split:
    """Split the change of ``product(before)`` to ``product(after)`` over the factors.

    A factor that is None in one period (an average order without orders) takes the other period's value, and
    1 when it is None in both.
    """
    if len(before) != len(after):
        raise ValueError("as many factors before as after")
    old, new = [], []
    for first, second in zip(before, after, strict=True):
        known = first if first is not None else second
        old.append(float(known) if known is not None else 1.0)
        other = second if second is not None else first
        new.append(float(other) if other is not None else 1.0)
    if any(factor < 0 for factor in (*old, *new)):
        return Split(shapley(old, new), "shapley")
    return Split(log_mean(old, new), "log_mean")


def log_mean(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    """Return the additive LMDI-I effects of factors that are zero or positive.

    When exactly one of the products is zero, the whole change goes in equal parts to the factors that moved
    from or to zero.
    """
    old, new = math.prod(before), math.prod(after)
    if old == 0 and new == 0:
        return (0.0,) * len(before)
    if old == 0 or new == 0:
        moved = [(first == 0) != (second == 0) for first, second in zip(before, after, strict=True)]
        share = (new - old) / sum(moved)
        return tuple(share if part else 0.0 for part in moved)
    weight = _mean(new, old)
    return tuple(weight * math.log(second / first) for first, second in zip(before, after, strict=True))


def shapley(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    """Return each factor's mean effect over all orders of replacing the factors."""
    count = len(before)
    effects = []
    for own in range(count):
        others = [index for index in range(count) if index != own]
        effect = 0.0
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for replaced in combinations(others, size):
                rest = math.prod(after[index] if index in replaced else before[index] for index in others)
                effect += weight * rest * (after[own] - before[own])
        effects.append(effect)
    return tuple(effects)


def _mean(first: float, second: float) -> float:
    """Return the logarithmic mean of two positive numbers."""
    if first == second:
        return first
    ratio = math.log(first / second)
    # Close together the quotient loses its digits; the arithmetic mean is exact to second order.
    return (first - second) / ratio if abs(ratio) > 1e-7 else (first + second) / 2
