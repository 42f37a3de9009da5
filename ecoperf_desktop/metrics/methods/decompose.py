"""Why a number moved: effects that add up to the change, with no rest and no order dependence.

A product of factors is split by additive LMDI-I (Ang 2005) with the limits of Ang & Liu (2007) where a factor is
zero.  It is undefined when a factor or the product is negative; there the Shapley value is used, the mean over all
orders of replacing one factor at a time, and the split says so.  Sales of many products are split into price, volume
and mix (Bennet's symmetric form, or the classic one), a rate of many parts into their own rates and their weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

Method = Literal["log_mean", "shapley"]
Form = Literal["bennet", "classic"]
_Key = TypeVar("_Key")

# Effects worked out in floating point are kept to so many parts of a unit before they are made to add up.
_PARTS = 10**6


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


def closed(effects: Mapping[_Key, float | Fraction], change: Fraction) -> dict[_Key, Fraction]:
    """Return effects as fractions that add up to ``change`` exactly: the largest takes what rounding has left."""
    exact = {
        key: effect if isinstance(effect, Fraction) else Fraction(round(effect * _PARTS), _PARTS)
        for key, effect in effects.items()
    }
    if exact:
        rest = change - sum(exact.values(), Fraction(0))
        if rest:
            largest = max(exact, key=lambda key: abs(exact[key]))
            exact[largest] += rest
    return exact


# ---- price, volume and mix


class Sold(NamedTuple):
    """What one product sold in two periods: units, and value in minor units before returns; 0 for nothing."""

    units_before: int
    value_before: int
    units_after: int
    value_after: int


# The four numbers of a ``Sold``, in its order: thousands of products need no names.
Amounts: TypeAlias = Sequence[int]


@dataclass(frozen=True)
class PriceSplit:
    """The change of sales by its causes; the parts add up to it exactly.

    ``cannot_split`` is the change of products with a value but no units in a period: they have no price.
    """

    price: Fraction
    volume: Fraction
    mix: Fraction
    new: Fraction
    lost: Fraction
    cannot_split: Fraction

    @property
    def change(self) -> Fraction:
        return self.price + self.volume + self.mix + self.new + self.lost + self.cannot_split


def split_prices(products: Iterable[Amounts], form: Form = "bennet") -> PriceSplit:
    """Split the change of the sales of products that share a unit.

    Price, volume and mix are of the products sold in both periods; one that was sold in one period only is new or lost.
    """
    both: list[Amounts] = []
    new = lost = unsplit = 0
    for one in products:
        units_before, value_before, units_after, value_after = one
        if units_before > 0 and units_after > 0:
            both.append(one)
        elif units_after > 0 and not units_before and not value_before:
            new += value_after
        elif units_before > 0 and not units_after and not value_after:
            lost -= value_before
        else:
            unsplit += value_after - value_before
    price, volume, mix = _continuing(both, form)
    return PriceSplit(price, volume, mix, Fraction(new), Fraction(lost), Fraction(unsplit))


def split_columns(units_before: Any, value_before: Any, units_after: Any, value_after: Any, form: Form = "bennet") -> PriceSplit:
    """Split the change as ``split_prices`` does, of products in arrays of whole numbers."""
    import numpy as np

    were, are = units_before > 0, units_after > 0
    both = were & are
    new = are & ~both & (units_before == 0) & (value_before == 0)
    lost = were & ~both & (units_after == 0) & (value_after == 0)
    gained, given_up = int(value_after[new].sum()), -int(value_before[lost].sum())
    change = int(value_after.sum()) - int(value_before.sum())
    kept = [column[both] for column in (units_before, value_before, units_after, value_after)]
    totals = [int(column.sum()) for column in kept]
    nothing = Fraction(0)
    price = volume = mix = nothing
    if len(kept[0]) == 1:
        volume = _volume(form, *totals)
        price = totals[3] - totals[1] - volume
    elif len(kept[0]):
        # Whole numbers as long as their products are.
        is_small = all(int(abs(units).max()) * int(abs(value).max()) < 2**62 for units, value in ((kept[0], kept[3]), (kept[2], kept[1])))
        before, worth_before, after, worth_after = kept if is_small else [column.astype(np.float64) for column in kept]
        before_at_new = math.fsum((before * worth_after / after).tolist())
        after_at_old = math.fsum((after * worth_before / before).tolist())
        price, volume, mix = _split(form, totals, before_at_new, after_at_old)
    rest = change - gained - given_up - (totals[3] - totals[1])
    return PriceSplit(price, volume, mix, Fraction(gained), Fraction(given_up), Fraction(rest))


def _continuing(products: Sequence[Amounts], form: Form) -> tuple[Fraction, Fraction, Fraction]:
    """Return price, volume and mix of products sold in both periods; mix is what the other two leave of the change."""
    nothing = Fraction(0)
    if not products:
        return nothing, nothing, nothing
    units_before, value_before, units_after, value_after = map(sum, zip(*products, strict=True))
    if len(products) == 1:
        # Nothing can be mixed: all that is not volume is price.
        volume = _volume(form, units_before, value_before, units_after, value_after)
        return value_after - value_before - volume, volume, nothing
    # What each period's units would have been worth at the other's prices.
    before_at_new = math.fsum([units * worth / sold for units, _, sold, worth in products])
    after_at_old = math.fsum([units * worth / sold for sold, worth, units, _ in products])
    return _split(form, (units_before, value_before, units_after, value_after), before_at_new, after_at_old)


def _split(form: Form, totals: Sequence[int], before_at_new: float, after_at_old: float) -> tuple[Fraction, Fraction, Fraction]:
    units_before, value_before, units_after, value_after = totals
    volume = _volume(form, units_before, value_before, units_after, value_after)
    if form == "classic":
        price = Fraction(round((value_after - after_at_old) * _PARTS), _PARTS)
    else:
        shares = before_at_new / units_before - value_before / units_before + value_after / units_after - after_at_old / units_after
        price = Fraction(round((units_before + units_after) / 4 * shares * _PARTS), _PARTS)
    return price, volume, value_after - value_before - price - volume


def _volume(form: Form, units_before: int, value_before: int, units_after: int, value_after: int) -> Fraction:
    grown = units_after - units_before
    if form == "classic":
        return grown * Fraction(value_before, units_before)
    return grown * (Fraction(value_before, units_before) + Fraction(value_after, units_after)) / 2


# ---- rates


@dataclass(frozen=True)
class Rated:
    """One part's rate in two periods as numerators and bases; a base of 0 is a part that was not there."""

    over_before: Number
    under_before: Number
    over_after: Number
    under_after: Number


def split_rate(parts: Mapping[_Key, Rated]) -> dict[_Key, tuple[Fraction, Fraction]]:
    """Return how far each part's own rate and its weight moved the rate of all; both of all parts add up to its change.

    Weights are the parts of the base.  A part that was not there in one period keeps its other period's rate.  Empty
    where the base of all is 0 in a period.
    """
    before = sum((Fraction(part.under_before) for part in parts.values()), Fraction(0))
    after = sum((Fraction(part.under_after) for part in parts.values()), Fraction(0))
    if before <= 0 or after <= 0:
        return {}
    over_before = sum((Fraction(part.over_before) for part in parts.values() if part.under_before), Fraction(0))
    over_after = sum((Fraction(part.over_after) for part in parts.values() if part.under_after), Fraction(0))
    centre = (over_before / before + over_after / after) / 2
    found = {}
    for key, part in parts.items():
        weights = Fraction(part.under_before) / before, Fraction(part.under_after) / after
        if not part.under_before and not part.under_after:
            found[key] = (Fraction(0), Fraction(0))
            continue
        old = Fraction(part.over_before) / Fraction(part.under_before) if part.under_before else None
        new = Fraction(part.over_after) / Fraction(part.under_after) if part.under_after else None
        first = old if old is not None else new
        second = new if new is not None else old
        assert first is not None and second is not None
        within = (weights[0] + weights[1]) / 2 * (second - first)
        mix = (weights[1] - weights[0]) * ((first + second) / 2 - centre)
        found[key] = (within, mix)
    return found
