"""Who came when, and what became of them: months of first purchases and the months since, intervals, second purchases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of, date_of
from ecoperf_desktop.records import dataclass

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Int64

# Before any day of a purchase, and after.
NEVER = 2**40
_DAY_BITS = 20


def month_of(day: Day) -> int:
    """Return the months from January 1970 to the one that holds ``day``."""
    found = date_of(day)
    return 12 * (found.year - 1970) + found.month - 1


def months_of(days: Int64) -> Int64:
    """Return the months of many days."""
    if not len(days):
        return days
    low = int(days.min())
    every = np.arange(low, int(days.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return every[days - low]


def month_named(month: int) -> str:
    """Return 2026-03 for the number of that month."""
    return f"{1970 + month // 12}-{month % 12 + 1:02d}"


def complete_through(day: Day) -> int:
    """Return the newest month that is over on ``day``."""
    month = month_of(day)
    return month if bucket_of(day, Grain.MONTH).period.last <= day else month - 1


def first_days(days: Int64, buyers: Int64) -> Int64:
    """Return each buyer's first day, NEVER for who has none; ``days`` are in their order."""
    first = np.full(int(buyers.max(initial=0)) + 1, NEVER, np.int64)
    first[buyers[::-1]] = days[::-1]
    return first


@dataclass(frozen=True)
class Visits:
    """Purchase days, each day of a buyer once, in the order of buyers and days; ``starts`` are the places of first ones."""

    buyers: Int64
    days: Int64
    starts: Int64


def visits(days: Int64, buyers: Int64) -> Visits:
    """Return the purchase days of orders."""
    keys = np.sort((buyers.astype(np.int64) << _DAY_BITS) + days)
    if not len(keys):
        return Visits(keys, keys, keys)
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    who = keys >> _DAY_BITS
    starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
    return Visits(who, keys & (2**_DAY_BITS - 1), starts)


@dataclass(frozen=True)
class Matrix:
    """Months of first purchases from ``first`` on: how many came in each, and how many of these bought so many months later.

    ``active`` has a row a month of first purchase and a column a month since.
    """

    first: int
    sizes: Int64
    active: Int64


def matrix(of: Visits, came: Period | None = None) -> Matrix:
    """Return the matrix of those whose first purchase lies in the days of ``came``, of all without it."""
    first = of.days[of.starts]
    chosen = np.ones(len(first), np.bool_) if came is None else (first >= came.first) & (first <= came.last)
    if not chosen.any():
        return Matrix(0, np.zeros(0, np.int64), np.zeros((0, 0), np.int64))
    visited = np.diff(np.append(of.starts, len(of.days)))
    own = np.repeat(chosen, visited)
    month = months_of(of.days[own])
    starts = np.concatenate([[0], np.cumsum(visited[chosen])[:-1]])
    cohort = month[starts]
    low = int(cohort.min())
    cohort = cohort - low
    # In the order of each buyer's days, so the same month again stands right behind.
    is_new = np.ones(len(month), np.bool_)
    is_new[1:] = month[1:] != month[:-1]
    is_new[starts] = True
    rows, ages = int(cohort.max()) + 1, int(month.max()) - low + 1
    row = np.repeat(cohort, visited[chosen])
    place = row * (ages - 1) + month - low
    active = np.bincount(place[is_new], minlength=rows * ages)
    return Matrix(low, np.bincount(cohort, minlength=rows), active[: rows * ages].reshape(rows, ages))


def intervals(of: Visits) -> tuple[Int64, Int64]:
    """Return the days from each purchase day to the buyer's next, and when that was."""
    same = np.ones(len(of.days), np.bool_)
    same[of.starts] = False
    later = np.flatnonzero(same)
    return of.days[later] - of.days[later - 1], of.days[later]


def second_days(of: Visits) -> Int64:
    """Return each buyer's second purchase day, NEVER for who has none."""
    found = np.full(int(of.buyers.max(initial=0)) + 1, NEVER, np.int64)
    second = of.starts[np.diff(np.append(of.starts, len(of.days))) > 1] + 1
    found[of.buyers[second]] = of.days[second]
    return found


def returned(earlier: Int64, later: Int64) -> tuple[int, int]:
    """Return how many of the buyers of an earlier time bought again later, and how many these were."""
    if not len(earlier):
        return 0, 0
    width = int(earlier.max()) + 1
    before = np.zeros(width, np.bool_)
    before[earlier] = True
    again = np.zeros(width, np.bool_)
    again[later[later < width]] = True
    return int(np.count_nonzero(before & again)), int(np.count_nonzero(before))
