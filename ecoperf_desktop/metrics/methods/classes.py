"""Classes of products by what they sell, and the part that the best of them make."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

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


def placed(keys: Any, values: Any, wanted: Collection[int], cuts: tuple[tuple[str, Fraction], ...] = CUTS) -> dict[int, Placed]:
    """Return what ``by_share`` says of the ``wanted``, of keys and values in arrays of whole numbers.

    Of thousands of articles those of a page are a dozen: the others are counted and added, not named.
    """
    positive = values > 0
    whole = int(values[positive].sum())
    found = {}
    for key in wanted:
        at = (keys == key).nonzero()[0]
        if not len(at):
            continue
        value = int(values[at[0]])
        # Equal ones stand in the order of their keys.
        ahead = (values > value) | (values == value) & (keys < key)
        before = int(values[ahead & positive].sum())
        class_ = "C"
        if value > 0:
            class_ = next((name for name, part in cuts if before * part.denominator < part.numerator * whole), "C")
        found[key] = Placed(class_, int(ahead.sum()) + 1, before)
    return found


def top_share(values: Mapping[_Key, Number], part: Fraction = TOP) -> tuple[Number, Number, int]:
    """Return what the best ``part`` of the articles that sold make, what all of them make, and how many the best are.

    The number of the best is rounded up: of five articles a fifth is one, of six two.
    """
    return best_share(values.values(), part)


def best_share(values: Iterable[Number], part: Fraction = TOP) -> tuple[Number, Number, int]:
    """Return the same of the bare amounts."""
    sold = sorted((value for value in values if value > 0), reverse=True)
    best = math.ceil(part * len(sold))
    return sum(sold[:best]), sum(sold), best
