"""How evenly something is in demand: XYZ classes and the kinds of intermittent demand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from ecoperf_desktop.records import dataclass

CUTS = (0.5, 1.0)
CLASSES = ("X", "Y", "Z")
# Syntetos and Boylan (2005): beyond these, demand comes seldom, or in very different sizes.
SELDOM = Fraction(132, 100)
UNEVEN = Fraction(49, 100)
# Up to here squares times weeks times a cut fit into 64 bits.
_MOST_UNITS, _MOST_OF = 2**20, 100


@dataclass(frozen=True)
class Moments:
    """A series of whole numbers: how many, their sum, the sum of their squares, and how many are not 0."""

    n: int
    total: int
    squares: int
    present: int


def moments(values: Sequence[int]) -> Moments:
    """Return the moments of a series."""
    return Moments(len(values), sum(values), sum(value * value for value in values), sum(1 for value in values if value))


def variation(series: Moments) -> float | None:
    """Return the coefficient of variation (population deviation over mean), None without any demand."""
    if series.total <= 0:
        return None
    return math.sqrt(max(series.n * series.squares - series.total * series.total, 0)) / series.total


def xyz(series: Moments, cuts: Sequence[float] = CUTS) -> str | None:
    """Return the class: X up to the first cut, Y up to the second, else Z; None without any demand."""
    if series.total <= 0:
        return None
    # Compared in whole numbers, so that a series that lies on a cut is not pushed over it by a float.
    spread, mean = series.n * series.squares - series.total * series.total, series.total * series.total
    return CLASSES[sum(spread * of * of > cut * cut * mean for cut, of in map(_whole, cuts))]


def places(n: Any, total: Any, squares: Any, cuts: Sequence[float] = CUTS) -> Any:
    """Return the places among ``CLASSES`` of many series, given by arrays of their moments; those without demand mean nothing."""
    import numpy as np

    wholes = [_whole(cut) for cut in cuts]
    if int(total.max(initial=0)) >= _MOST_UNITS or any(of > _MOST_OF for _, of in wholes):  # products would not fit
        n, total, squares = (moment.astype(object) for moment in (n, total, squares))
    spread, mean = n * squares - total * total, total * total
    found = np.zeros(len(total), np.int64)
    for cut, of in wholes:
        found += (spread * of * of > cut * cut * mean).astype(np.int64)
    return found


def interval(series: Moments) -> Fraction | None:
    """Return the mean number of periods from one demand to the next (ADI), None without any."""
    return Fraction(series.n, series.present) if series.present else None


def demand_class(series: Moments) -> str | None:
    """Return the kind of demand: smooth, erratic (sizes differ), intermittent (seldom) or lumpy (both)."""
    if not series.present or series.total <= 0:
        return None
    sizes, mean = series.present * series.squares - series.total * series.total, series.total * series.total
    is_seldom = series.n * SELDOM.denominator >= SELDOM.numerator * series.present
    is_uneven = sizes * UNEVEN.denominator >= UNEVEN.numerator * mean
    if is_seldom:
        return "lumpy" if is_uneven else "intermittent"
    return "erratic" if is_uneven else "smooth"


@cache
def _whole(cut: float) -> tuple[int, int]:
    """Return a cut as it was written, as a quotient of whole numbers."""
    return Fraction(str(cut)).as_integer_ratio()
