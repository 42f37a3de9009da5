"""How days of the week and weeks of the year stand to the level around them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from itertools import accumulate

from ecoperf_desktop.model.days import Day, date_of
from ecoperf_desktop.model.value import Number

# Weekdays are judged by 26 weeks, and not by fewer than 8; weeks of the year by two years at the least.
WEEKS = 26
LEAST_WEEKS = 8
LEAST_YEARLY_WEEKS = 104
_WEEK = 7
_HALF_WEEK = 3
_YEAR = 52
WEEKLY_DAYS = WEEKS * _WEEK + 2 * _HALF_WEEK
YEARLY_DAYS = 5 * 53 * _WEEK


def of_weekdays(values: Mapping[Day, Number], events: Collection[Day] = ()) -> tuple[dict[int, Fraction], int]:
    """Return the index of each weekday (1 is Monday) with mean 1, and by how many days the one least known is judged.

    A day's ratio is its value over the mean of the seven days round it, all of which must be known and no event; a
    weekday's index is the median of its days.  Empty with fewer than eight days of any weekday.
    """
    usable = {day: Fraction(value) for day, value in values.items() if day not in events}
    ratios: dict[int, list[Fraction]] = {weekday: [] for weekday in range(1, _WEEK + 1)}
    for day, value in usable.items():
        around = [usable.get(near) for near in range(day - _HALF_WEEK, day + _HALF_WEEK + 1)]
        known = [near for near in around if near is not None]
        level = sum(known, Fraction(0))
        if len(known) == _WEEK and level > 0:
            ratios[(day + 3) % _WEEK + 1].append(value * _WEEK / level)
    least = min(len(found) for found in ratios.values())
    if least < LEAST_WEEKS:
        return {}, least
    return _normal({weekday: _median(found) for weekday, found in ratios.items()}), least


def of_weeks(values: Mapping[Day, Number], events: Collection[Day] = ()) -> tuple[dict[int, Fraction], int]:
    """Return the index of each ISO week with mean 1, and how many whole weeks are known.

    A week's level is the mean of its days that are no events; its ratio is that over the centred mean of a year (52
    weeks and half of the two beside them), and its index the mean over the years.  A week of nothing but events counts
    in the mean of a year as those beside it, and has no index.  Empty with less than two years.
    """
    levels: dict[Day, Fraction | None] = {}
    for first in sorted({day - (day + 3) % _WEEK for day in values}):
        week = range(first, first + _WEEK)
        if all(day in values for day in week):
            plain = [Fraction(values[day]) for day in week if day not in events]
            levels[first] = sum(plain, Fraction(0)) / len(plain) if plain else None
    runs = _longest_run(sorted(levels))
    if len(runs) < LEAST_YEARLY_WEEKS:
        return {}, len(runs)
    told = [levels[first] for first in runs]
    row = [_beside(told, place) if level is None else level for place, level in enumerate(told)]
    totals = [Fraction(0), *accumulate(row)]
    half = _YEAR // 2
    ratios: dict[int, list[Fraction]] = {}
    for place in range(half, len(row) - half):
        inner = totals[place + half] - totals[place - half + 1]
        level = (inner + (row[place - half] + row[place + half]) / 2) / _YEAR
        if level > 0 and told[place] is not None:
            ratios.setdefault(date_of(runs[place]).isocalendar().week, []).append(row[place] / level)
    return _normal({week: sum(found, Fraction(0)) / len(found) for week, found in sorted(ratios.items())}), len(runs)


def _beside(levels: list[Fraction | None], place: int) -> Fraction:
    """Return the mean of the nearest known levels before and after."""
    before = next((level for level in reversed(levels[:place]) if level is not None), None)
    after = next((level for level in levels[place + 1 :] if level is not None), None)
    known = [level for level in (before, after) if level is not None]
    return sum(known, Fraction(0)) / max(len(known), 1)


def _median(values: list[Fraction]) -> Fraction:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _longest_run(firsts: list[Day]) -> list[Day]:
    """Return the newest run of weeks without a gap that is the longest."""
    best: list[Day] = []
    run: list[Day] = []
    for first in firsts:
        run = [*run, first] if run and first == run[-1] + _WEEK else [first]
        if len(run) >= len(best):
            best = run
    return best


def _normal(index: dict[int, Fraction]) -> dict[int, Fraction]:
    """Return the index with mean 1; nothing where all of it is 0."""
    level = sum(index.values(), Fraction(0))
    return {key: one * len(index) / level for key, one in index.items()} if level > 0 else {}
