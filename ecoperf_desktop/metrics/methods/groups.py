"""One among one's like, and one group against another: percentile ranks, and differences in differences."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

# With fewer peers a percentile says less than the place itself.
LEAST_PEERS = 8
# With fewer people on either side, or fewer cases in either window, an effect cannot be told from chance.
LEAST_PEOPLE = 5
LEAST_CASES = 30


@dataclass(frozen=True)
class Place:
    """Where one value stands among ``of``, itself included: ``rank`` 1 is best, ``percentile`` 1 would be above all."""

    percentile: Fraction
    rank: int
    of: int


def place(own: Number, peers: Sequence[Number], *, less_is_better: bool = False) -> Place:
    """Return the mid-rank of ``own`` among ``peers``, of which it is one: those below, and half of those that equal it.

    Raise ValueError when it is not among them: then it is compared with something else than its like.
    """
    equal = sum(1 for peer in peers if peer == own)
    if not equal:
        raise ValueError("the own value is one of the peers'")
    below = sum(1 for peer in peers if peer < own)
    above = len(peers) - below - equal
    worse, better = (above, below) if less_is_better else (below, above)
    return Place(Fraction(2 * worse + equal, 2 * len(peers)), better + 1, len(peers))


@dataclass(frozen=True)
class Side:
    """What one person brought in one window: a quotient's two sides, or a plain number over 1."""

    over: Number
    under: Number


@dataclass(frozen=True)
class Person:
    """One person before and after."""

    before: Side
    after: Side


@dataclass(frozen=True)
class Effect:
    """What the treated gained beyond the others; ``low`` to ``high`` holds 95 % of the resampled effects.

    ``before`` and ``after`` are the treated, ``other_before`` and ``other_after`` the others, each group as one.
    """

    effect: Number
    low: float
    high: float
    before: Number
    after: Number
    other_before: Number
    other_after: Number


def difference_in_differences(before: Number, after: Number, other_before: Number, other_after: Number) -> Number:
    """Return what one group gained beyond what the other, which nothing was done to, gained at the same time."""
    return (after - before) - (other_after - other_before)


def effect(treated: Sequence[Person], others: Sequence[Person], draws: int = 1000) -> Effect | None:
    """Return the difference in differences of two groups with its interval; None when it cannot be told from chance.

    A group's number is that of its cases together, never the mean of its people's.  The interval draws people anew
    (with a fixed seed, so that the same people always give the same interval).  Too few people on a side, or too few
    cases in a window where the number counts cases, is None.
    """
    if min(len(treated), len(others)) < LEAST_PEOPLE:
        return None
    windows = [[getattr(person, window) for person in group] for group in (treated, others) for window in ("before", "after")]
    totals = [sum(side.under for side in sides) for sides in windows]
    counts_cases = any(side.under != 1 for sides in windows for side in sides)
    if min(totals) <= 0 or (counts_cases and min(totals) < LEAST_CASES):
        return None
    before, after, other_before, other_after = (_together(sides) for sides in windows)
    roll = random.Random(0)  # noqa: S311 - drawing people anew is no secret
    drawn = sorted(value for _ in range(draws) if (value := _drawn(roll, treated, others)) is not None)
    if not drawn:
        return None
    low, high = drawn[int(0.025 * len(drawn))], drawn[min(int(0.975 * len(drawn)), len(drawn) - 1)]
    found = difference_in_differences(before, after, other_before, other_after)
    return Effect(found, low, high, before, after, other_before, other_after)


def gain(before: Sequence[float], after: Sequence[float], best: float = 100.0) -> tuple[float, float | None]:
    """Return the mean gain of a test taken twice, and its part of what could be gained (Hake's normalised gain).

    The second is None where everybody had the best score before.
    """
    if len(before) != len(after) or not before:
        raise ValueError("each person takes the test before and after")
    first, second = sum(before) / len(before), sum(after) / len(after)
    if max(*before, *after) > best:
        raise ValueError("no score is above the best one")
    return second - first, (second - first) / (best - first) if first < best else None


def _together(sides: Sequence[Side]) -> Number:
    over: Number = sum((side.over for side in sides), 0)
    under: Number = sum((side.under for side in sides), 0)
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over) / Fraction(under)


def _drawn(roll: random.Random, treated: Sequence[Person], others: Sequence[Person]) -> float | None:
    gained = []
    for group in (treated, others):
        chosen = roll.choices(group, k=len(group))
        if not sum(person.before.under for person in chosen) or not sum(person.after.under for person in chosen):
            return None
        gained.append(
            float(_together([person.after for person in chosen])) - float(_together([person.before for person in chosen]))
        )
    return gained[0] - gained[1]
