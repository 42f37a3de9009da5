"""Days as integers, periods, and the buckets a period is cut into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Self

EPOCH = date(1970, 1, 1)
_ORDINAL = EPOCH.toordinal()

Day = int  # days since 1970-01-01, in the shop's business day


def day_of(value: date) -> Day:
    return value.toordinal() - _ORDINAL


def date_of(day: Day) -> date:
    return date.fromordinal(day + _ORDINAL)


def parse_day(text: str) -> Day:
    """Return the day of ``YYYY-MM-DD``; raise ValueError for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(text)
    return day_of(date.fromisoformat(text))


def iso(day: Day) -> str:
    return date_of(day).isoformat()


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    # Of the shop's own financial year: only a calendar knows where they begin (``model/calendars.py``).
    PERIOD = "period"
    FISCAL_QUARTER = "fiscal_quarter"
    FISCAL_YEAR = "fiscal_year"

    @property
    def is_fiscal(self) -> bool:
        return self in (Grain.PERIOD, Grain.FISCAL_QUARTER, Grain.FISCAL_YEAR)


class _FirstAndLast(NamedTuple):
    first: Day
    last: Day


class Period(_FirstAndLast):
    """Days from ``first`` to ``last``, both included.

    A tuple underneath: a page looks its numbers up by period some ten thousand times.
    """

    __slots__ = ()

    def __new__(cls, first: Day, last: Day) -> Self:
        if last < first:
            raise ValueError(f"period ends before it begins: {first}..{last}")
        return tuple.__new__(cls, (first, last))

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    def shifted(self, days: int) -> Period:
        return Period(self.first + days, self.last + days)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, int) and self.first <= day <= self.last


@dataclass(frozen=True, order=True)
class Bucket:
    """One whole week, month, quarter or year (or a single day) and its label."""

    label: str
    period: Period


@lru_cache(maxsize=4096)
def bucket_of(day: Day, grain: Grain, week_start: int = 1) -> Bucket:
    """Return the bucket that holds ``day``.

    ``week_start`` is 1 for ISO weeks (Monday) and 7 for Sunday weeks, whose
    label is the ISO week of their Thursday.  Raises ValueError for a fiscal grain: ``Calendar.bucket_of`` has those.
    """
    when = date_of(day)
    if grain is Grain.DAY:
        return Bucket(when.isoformat(), Period(day, day))
    if grain is Grain.WEEK:
        first = day - (when.isoweekday() - week_start) % 7
        thursday = date_of(first + (3 if week_start == 1 else 4))
        year, week, _ = thursday.isocalendar()
        return Bucket(f"{year}-W{week:02d}", Period(first, first + 6))
    if grain is Grain.MONTH:
        start = when.replace(day=1)
        following = (start + timedelta(days=32)).replace(day=1)
        return Bucket(f"{start.year}-{start.month:02d}", Period(day_of(start), day_of(following) - 1))
    if grain is Grain.QUARTER:
        quarter = (when.month - 1) // 3
        start = date(when.year, quarter * 3 + 1, 1)
        following = date(when.year + (quarter == 3), (quarter * 3 + 3) % 12 + 1, 1)
        return Bucket(f"{when.year}-Q{quarter + 1}", Period(day_of(start), day_of(following) - 1))
    if grain.is_fiscal:
        raise ValueError(grain)
    return Bucket(str(when.year), Period(day_of(date(when.year, 1, 1)), day_of(date(when.year, 12, 31))))


def buckets(period: Period, grain: Grain, week_start: int = 1) -> Iterator[Bucket]:
    """Yield the buckets that touch ``period``, in order, each whole."""
    day = period.first
    while day <= period.last:
        bucket = bucket_of(day, grain, week_start)
        yield bucket
        day = bucket.period.last + 1


def parse_bucket(text: str, week_start: int = 1) -> tuple[Bucket, Grain]:
    """Read ``2011-W05``, ``2011-05``, ``2011-Q2``, ``2011`` or a day; raise ValueError."""
    if match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
        thursday = day_of(date.fromisocalendar(int(match[1]), int(match[2]), 4))
        return bucket_of(thursday, Grain.WEEK, week_start), Grain.WEEK
    if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return bucket_of(day_of(date(int(match[1]), int(match[2]), 1)), Grain.MONTH), Grain.MONTH
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        return bucket_of(day_of(date(int(match[1]), int(match[2]) * 3, 1)), Grain.QUARTER), Grain.QUARTER
    if re.fullmatch(r"\d{4}", text):
        return bucket_of(day_of(date(int(text), 1, 1)), Grain.YEAR), Grain.YEAR
    return bucket_of(parse_day(text), Grain.DAY), Grain.DAY


def previous(bucket: Bucket, grain: Grain, week_start: int = 1) -> Bucket:
    return bucket_of(bucket.period.first - 1, grain, week_start)


def year_earlier(day: Day) -> Day:
    """Return the same date a year earlier; 29 February maps to 28 February."""
    when = date_of(day)
    try:
        return day_of(when.replace(year=when.year - 1))
    except ValueError:
        return day_of(date(when.year - 1, 2, 28))


_SPANS_WRITTEN = 4


def written_days(days: Iterable[Day]) -> str:
    """Return days in few words: those that follow each other as one span, of many the first and the last."""
    spans: list[tuple[Day, Day]] = []
    for day in sorted(set(days)):
        if spans and day == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    written = [iso(first) if first == last else f"{iso(first)} – {iso(last)}" for first, last in spans]
    return ", ".join(written) if len(written) <= _SPANS_WRITTEN else f"{', '.join(written[: _SPANS_WRITTEN - 1])}, …, {written[-1]}"
