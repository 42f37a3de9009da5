"""The calendar a shop reports in: its weeks, and the periods, quarters and years of its financial year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Literal, TypeAlias

from ecoperf_desktop.model.days import (
    Bucket,
    Day,
    Grain,
    Period,
    bucket_of,
    buckets,
    date_of,
    day_of,
    parse_bucket,
    year_earlier,
)
from ecoperf_desktop.records import dataclass

Retail: TypeAlias = Literal["445", "454", "544"]
PATTERNS: tuple[Retail, ...] = ("445", "454", "544")

CIVIL_GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
FISCAL_GRAINS = (Grain.PERIOD, Grain.FISCAL_QUARTER, Grain.FISCAL_YEAR)

_MONTHS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_FISCAL = re.compile(r"FY(\d{4})(?:-(?:P(\d{2})|Q([1-4])))?", re.IGNORECASE)
# So many periods and quarters a year, and periods a quarter.
_PERIODS, _QUARTERS, _OF_QUARTER = 12, 4, 3


@dataclass(frozen=True)
class Calendar:
    """How the days of a shop fall into buckets.

    ``week_start`` is 1 for weeks from Monday (ISO) and 7 for weeks from Sunday.  The financial year begins with
    ``fiscal_start_month`` (1 to 12).  With ``retail`` it is made of whole weeks instead: each of its quarters has
    periods of 4, 4 and 5 weeks (``445``) or in another order, and it ends on the last ``retail_weekday`` (1 Monday
    to 7 Sunday; None: the last day of the shop's week) of the month before ``fiscal_start_month``, or, when
    ``retail_end`` is ``nearest``, on the one nearest to that month's end.  Every five or six years there is a 53rd
    week, which belongs to the last period.  ``named`` says whether the year bears the number of the calendar year
    it begins or ends in; None is what is usual: retail years the former, others the latter.
    """

    week_start: int = 1
    fiscal_start_month: int = 1
    retail: Retail | None = None
    retail_end: Literal["nearest", "last"] = "nearest"
    retail_weekday: int | None = None
    named: Literal["start", "end"] | None = None

    @property
    def has_fiscal(self) -> bool:
        """Say whether the financial year differs from the civil one."""
        return self.retail is not None or self.fiscal_start_month != 1

    @property
    def grains(self) -> tuple[Grain, ...]:
        """Return the grains worth offering: the fiscal ones only where they differ from months, quarters and years."""
        return CIVIL_GRAINS + FISCAL_GRAINS if self.has_fiscal else CIVIL_GRAINS

    @property
    def last_weekday(self) -> int:
        """Return the weekday on which a retail year ends."""
        return self.retail_weekday or (self.week_start + 5) % 7 + 1

    def bucket_of(self, day: Day, grain: Grain) -> Bucket:
        """Return the bucket that holds ``day``."""
        if not grain.is_fiscal:
            return bucket_of(day, grain, self.week_start)
        year = _year_of(self, day)
        if grain is Grain.FISCAL_YEAR:
            return Bucket(year.label, Period(year.starts[0], year.last))
        place = next(number for number in range(_PERIODS, 0, -1) if year.starts[number - 1] <= day)
        return year.period(place) if grain is Grain.PERIOD else year.quarter((place - 1) // _OF_QUARTER + 1)

    def buckets(self, period: Period, grain: Grain) -> Iterator[Bucket]:
        """Yield the buckets that touch ``period``, in order, each whole."""
        if not grain.is_fiscal:
            yield from buckets(period, grain, self.week_start)
            return
        day = period.first
        while day <= period.last:
            bucket = self.bucket_of(day, grain)
            yield bucket
            day = bucket.period.last + 1

    def previous(self, bucket: Bucket, grain: Grain) -> Bucket:
        return self.bucket_of(bucket.period.first - 1, grain)

    def following(self, bucket: Bucket, grain: Grain) -> Bucket:
        return self.bucket_of(bucket.period.last + 1, grain)

    def parse(self, text: str) -> tuple[Bucket, Grain]:
        """Read a label: ``2026-W05``, ``2026-05``, ``2026-Q2``, ``2026``, a day, ``FY2026-P03``, ``FY2026-Q1``, ``FY2026``.

        Raises ValueError for anything else.
        """
        match = _FISCAL.fullmatch(text)
        if match is None:
            return parse_bucket(text, self.week_start)
        year = _fiscal_year(self, int(match[1]))
        if match[2]:
            if not 1 <= int(match[2]) <= _PERIODS:
                raise ValueError(text)
            return year.period(int(match[2])), Grain.PERIOD
        if match[3]:
            return year.quarter(int(match[3])), Grain.FISCAL_QUARTER
        return Bucket(year.label, Period(year.starts[0], year.last)), Grain.FISCAL_YEAR

    def whole(self, period: Period) -> Grain | None:
        """Return the grain of which ``period`` is one whole bucket, the civil one where both fit."""
        for grain in self.grains:
            if self.bucket_of(period.first, grain).period == period:
                return grain
        return None

    def weeks(self, fiscal_year: int) -> int | None:
        """Return how many weeks a retail year has, 52 or 53; None when years are made of months."""
        if self.retail is None:
            return None
        year = _fiscal_year(self, fiscal_year)
        return (year.last - year.starts[0] + 1) // 7

    def year_before(self, period: Period, grain: Grain | None = None) -> Period:
        """Return the same days a year earlier.

        Dates keep their date: 29 February answers to 28 February, and whole months stay whole.  In a retail year
        periods, quarters, years and parts of them answer to the same weeks of the year before; where that year had
        53 weeks it is restated: its first week is left out, so that each week answers to the one that lies 364
        days before.  ``grain`` says what the period is, or is a part of; None finds out.
        """
        if self.retail is not None:
            grain = grain or self.whole(period)
            if grain is not None and grain.is_fiscal:
                return self._restated(period, grain)
        first, last = year_earlier(period.first), year_earlier(period.last)
        if date_of(period.first).day == 1 and date_of(period.last + 1).day == 1:
            last = bucket_of(last, Grain.MONTH).period.last
        return Period(first, last)

    def _restated(self, period: Period, grain: Grain) -> Period:
        bucket = self.bucket_of(period.first, grain)
        if period.last > bucket.period.last:
            return period.shifted(-364)
        now = _year_of(self, period.first)
        before = _year_of(self, now.starts[0] - 1)
        skipped = 7 if before.last - before.starts[0] + 1 == 53 * 7 else 0
        starts = [start + skipped for start in before.starts]
        if grain is Grain.FISCAL_YEAR:
            whole = Period(starts[0], before.last)
        else:
            size = 1 if grain is Grain.PERIOD else _OF_QUARTER
            place = now.starts.index(bucket.period.first)
            ends = starts[place + size] - 1 if place + size < _PERIODS else before.last
            whole = Period(starts[place], ends)
        if period == bucket.period:
            return whole
        first = min(whole.first + (period.first - bucket.period.first), whole.last)
        return Period(first, min(first + period.days - 1, whole.last))


CIVIL = Calendar()


def calendar_of(given: Calendar | int) -> Calendar:
    """Return a calendar, of one's own or of the weekday that weeks begin with and months."""
    return given if isinstance(given, Calendar) else _of_weeks(given)


@lru_cache(maxsize=8)
def _of_weeks(week_start: int) -> Calendar:
    return Calendar(week_start)


@dataclass(frozen=True)
class _Year:
    """A financial year: the first days of its periods, and its last day."""

    number: int
    starts: tuple[Day, ...]
    last: Day

    @property
    def label(self) -> str:
        return f"FY{self.number:04d}"

    def period(self, place: int) -> Bucket:
        return Bucket(f"{self.label}-P{place:02d}", self._from(place - 1, place))

    def quarter(self, place: int) -> Bucket:
        return Bucket(f"{self.label}-Q{place}", self._from((place - 1) * _OF_QUARTER, place * _OF_QUARTER))

    def _from(self, first: int, following: int) -> Period:
        return Period(self.starts[first], self.last if following == _PERIODS else self.starts[following] - 1)


def _year_of(calendar: Calendar, day: Day) -> _Year:
    """Return the financial year that holds ``day``."""
    # A retail year may begin in the last days of the year before it, or end in the first of the one after it.
    number = date_of(day).year + 1
    while (year := _fiscal_year(calendar, number)).starts[0] > day:
        number -= 1
    return year


@lru_cache(maxsize=512)
def _fiscal_year(calendar: Calendar, number: int) -> _Year:
    begins = number if _is_named_for_its_start(calendar) or calendar.fiscal_start_month == 1 else number - 1
    if calendar.retail is None:
        months = [_month(begins, calendar.fiscal_start_month + place) for place in range(_PERIODS + 1)]
        return _Year(number, tuple(months[:-1]), months[-1] - 1)
    first, last = _retail_end(calendar, begins) + 1, _retail_end(calendar, begins + 1)
    starts = [first]
    for weeks in (calendar.retail * _QUARTERS)[:-1]:
        starts.append(starts[-1] + 7 * int(weeks))
    return _Year(number, tuple(starts), last)


def _is_named_for_its_start(calendar: Calendar) -> bool:
    return (calendar.named or ("end" if calendar.retail is None else "start")) == "start"


def _retail_end(calendar: Calendar, year: int) -> Day:
    """Return the last day of the retail year that ends just before the first month of that of ``year``."""
    ends = _month(year, calendar.fiscal_start_month) - 1
    last = ends - (date_of(ends).isoweekday() - calendar.last_weekday) % 7
    if calendar.retail_end == "nearest" and ends - last > 3:
        return last + 7
    return last


def _month(year: int, month: int) -> Day:
    """Return the first day of a month, counted on beyond December."""
    return day_of(date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1))
