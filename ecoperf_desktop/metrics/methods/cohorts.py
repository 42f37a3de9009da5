"""Who came when, and what became of them: months of first purchases and the months since, intervals, second purchases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecoperf_desktop.model.days import Day, Grain, bucket_of, date_of, parse_bucket
from ecoperf_desktop.records import dataclass

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Bool, Int64

# Before any day of a purchase, and after.
NEVER = 2**40
# More buyers times months than so many are told apart by sorting.
_MARKS_AT_MOST = 2**25
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


def last_day_of(month: int) -> Day:
    """Return the last day of a month."""
    return parse_bucket(month_named(month))[0].period.last


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
class Matrix:
    """Months of first purchases from ``first`` on: how many came in each, and how many of these bought so many months later.

    ``active`` has a row a month of first purchase and a column a month since.
    """

    first: int
    sizes: Int64
    active: Int64


def matrix(days: Int64, buyers: Int64, chosen: Bool | None = None) -> Matrix:
    """Return the matrix of all purchases; ``chosen`` (by buyer) says whose first purchase counts."""
    first = first_days(days, buyers)
    has = first < NEVER
    if chosen is not None:
        has &= chosen
    if not has.any():
        return Matrix(0, np.zeros(0, np.int64), np.zeros((0, 0), np.int64))
    month = months_of(days)
    cohort = np.full(len(first), -1, np.int64)
    cohort[has] = months_of(first[has])
    low = int(cohort[has].min())
    cohort[has] -= low
    rows, ages = int(cohort.max()) + 1, int(month.max()) - low + 1
    sizes = np.bincount(cohort[has], minlength=rows)
    of_buyer = cohort[buyers]
    counted = of_buyer >= 0
    pairs = buyers[counted].astype(np.int64) * ages + (month[counted] - low - of_buyer[counted])
    if len(first) * ages <= _MARKS_AT_MOST:
        marks = np.zeros(len(first) * ages, np.bool_)
        marks[pairs] = True
        pairs = np.flatnonzero(marks)
    else:
        pairs = np.unique(pairs)
    active = np.bincount(cohort[pairs // ages] * ages + pairs % ages, minlength=rows * ages)
    return Matrix(low, sizes, active.reshape(rows, ages))


def visits(days: Int64, buyers: Int64) -> tuple[Int64, Int64]:
    """Return buyers and days of their purchases, each day of a buyer once, in the order of buyers and days."""
    keys = np.sort((buyers.astype(np.int64) << _DAY_BITS) + days)
    if len(keys):
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    return keys >> _DAY_BITS, keys & (2**_DAY_BITS - 1)


def intervals(days: Int64, buyers: Int64) -> tuple[Int64, Int64]:
    """Return the days from each purchase day to the buyer's next, and when that was."""
    who, when = visits(days, buyers)
    same = who[1:] == who[:-1]
    return (when[1:] - when[:-1])[same], when[1:][same]


def second_days(days: Int64, buyers: Int64) -> Int64:
    """Return each buyer's second purchase day, NEVER for who has none."""
    who, when = visits(days, buyers)
    found = np.full(int(buyers.max(initial=0)) + 1, NEVER, np.int64)
    is_first = np.concatenate([[True], who[1:] != who[:-1]]) if len(who) else np.zeros(0, np.bool_)
    second = np.flatnonzero(is_first[:-1] & ~is_first[1:]) + 1
    found[who[second]] = when[second]
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


def nearest_rank_median(values: Int64) -> int:
    """Return the smallest value that half of all do not exceed."""
    place = (len(values) + 1) // 2 - 1
    return int(np.partition(values, place)[place])
