"""Classes of products by what they sell, and the part that the best of them make."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from fractions import Fraction
from itertools import accumulate
from operator import neg
from typing import NamedTuple, TypeVar

from ecoperf_desktop.model.value import Number

_Key = TypeVar("_Key")

# Up to which part of all sales before it an article belongs to a class; the rest is C.
CUTS = (("A", Fraction(80, 100)), ("B", Fraction(95, 100)))
TOP = Fraction(20, 100)


class Placed(NamedTuple):
    """An article's class, its place from the best on, and what those before it sold."""

    class_: str
    place: int
    before: Number


def by_share(values: Mapping[_Key, Number], cuts: tuple[tuple[str, Fraction], ...] = CUTS) -> dict[_Key, Placed]:
    """Class articles by the part of all that stands before each of them, the largest first; equal ones by their keys.

    The part before an article decides, so that the largest is always A, however much it sells alone.  What sold
    nothing, or less than nothing, is in the last class and adds nothing to the whole.
    """
    # Sorting keeps the order of what is equal: that of the keys.
    ordered = sorted(sorted(values), key=values.__getitem__, reverse=True)  # type: ignore[type-var]
    whole = sum(value for value in values.values() if value > 0)
    # Compared without dividing: whole numbers stay whole.
    limits = [(name, part.numerator * whole, part.denominator) for name, part in cuts]
    found = {}
    before: Number = 0
    reached = 0
    for place, key in enumerate(ordered, start=1):
        value = values[key]
        if value <= 0:
            found[key] = Placed("C", place, before)
            continue
        while reached < len(limits) and before * limits[reached][2] >= limits[reached][1]:
            reached += 1
        found[key] = Placed(limits[reached][0] if reached < len(limits) else "C", place, before)
        before += value
    return found


def placed(values: Mapping[_Key, Number], keys: Collection[_Key], cuts: tuple[tuple[str, Fraction], ...] = CUTS) -> dict[_Key, Placed]:
    """Return what ``by_share`` says of ``keys`` (all of which are in ``values``), without naming all the others."""
    amounts = sorted(values.values(), reverse=True)  # type: ignore[type-var]
    sums = [0, *accumulate(amount if amount > 0 else 0 for amount in amounts)]
    whole = sums[-1]
    found = {}
    for key in keys:
        value = values[key]
        at = bisect_left(amounts, -value, key=neg)
        last = bisect_right(amounts, -value, lo=at, key=neg)
        if last - at > 1:  # equal ones stand in the order of their keys
            at += sum(1 for other, amount in values.items() if amount == value and other < key)  # type: ignore[operator]
        before = sums[at]
        class_ = "C"
        if value > 0:
            class_ = next((name for name, part in cuts if before * part.denominator < part.numerator * whole), "C")
        found[key] = Placed(class_, at + 1, before)
    return found


def top_share(values: Mapping[_Key, Number], part: Fraction = TOP) -> tuple[Number, Number, int]:
    """Return what the best ``part`` of the articles that sold make, what all of them make, and how many the best are.

    The number of the best is rounded up: of five articles a fifth is one, of six two.
    """
    sold = sorted((value for value in values.values() if value > 0), reverse=True)
    best = math.ceil(part * len(sold))
    return sum(sold[:best]), sum(sold), best
