"""Which periods a page needs: the chosen one, those it is compared with, and those its charts show."""

from __future__ import annotations

from typing import Literal

from ecoperf_desktop.model.calendars import CIVIL, Calendar, calendar_of
from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, bucket_of
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import Scope

POINTS = 13  # of a spark
BASE = 26  # weeks behind the limits
SHORT = 6  # periods at the left of a trend
LONG = 12  # months at its right


@dataclass(frozen=True)
class ToDate:
    """From the beginning of the month, quarter or year up to the period's last day, and the same a year earlier."""

    key: Literal["month", "quarter", "year"]
    period: Period
    year: Period


@dataclass(frozen=True)
class Timeline:
    """The periods around a scope.

    ``period`` ends where the data end when it is still running, and ``previous`` and ``year`` are then as
    short.  ``base`` is what bridges and sentences set the period against.  ``series`` are whole periods of the grain, oldest first, the last being the scope's own (of a free
    period: windows of the same length).  ``months`` are whole months and the one ``period`` ends in, cut there.
    """

    period: Period
    is_running: bool
    grain: Grain | None
    previous: Period
    year: Period
    base: Period
    year_kind: Literal["aligned", "year"]
    series: tuple[Bucket, ...]
    months: tuple[Bucket, ...]
    to_date: tuple[ToDate, ...]
    calendar: Calendar = CIVIL

    @property
    def week_start(self) -> int:
        return self.calendar.week_start

    @property
    def recent(self) -> tuple[Bucket, ...]:
        """Return the periods at the left of a trend."""
        return self.series[-SHORT:]

    @property
    def part_days(self) -> int:
        """Return how many days of its last month the period reaches, 0 when it reaches the end."""
        month = self.months[-1].period
        whole = bucket_of(month.first, Grain.MONTH).period
        return 0 if month == whole else month.days

    def year_of(self, period: Period) -> Period:
        """Return the period a year earlier: by shopping days or by the calendar."""
        return _year(period, self.year_kind, self.calendar, self.grain)


def timeline(scope: Scope, through: Day | None, calendar: Calendar | int = 1, base: Period | None = None) -> Timeline:
    """Lay out the periods of ``scope`` when the data reach ``through``.

    ``base`` is the period round the same event a year earlier when that is what it is compared with; without one
    such a scope is set against the year before.
    """
    known = calendar_of(calendar)
    whole = scope.period
    is_running = through is not None and whole.first <= through < whole.last
    period = Period(whole.first, through) if is_running and through is not None else whole
    year_kind: Literal["aligned", "year"] = "aligned"
    if scope.compare == "year" or (scope.grain is not None and scope.grain not in (Grain.DAY, Grain.WEEK)):
        year_kind = "year"
    if scope.grain is None:
        series = tuple(_window(whole, back) for back in range(POINTS - 1, -1, -1))
        before = whole.shifted(-whole.days)
    else:
        own = known.bucket_of(whole.first, scope.grain)
        chain = [own]
        for _ in range(BASE):
            chain.append(known.previous(chain[-1], scope.grain))
        series = tuple(reversed(chain))
        before = series[-2].period
    earlier = Period(before.first, min(before.last, before.first + period.days - 1)) if is_running else before
    year = _year(period, year_kind, known, scope.grain)
    if scope.compare in ("previous", "elapsed"):
        base = earlier
    elif scope.compare != "event":
        base = _year(period, scope.compare, known, scope.grain)
    return Timeline(
        period, is_running, scope.grain, earlier, year, base or year, year_kind, series, _months(period),
        _to_date(period, scope.grain, known), known,
    )  # fmt: skip


def _window(period: Period, back: int) -> Bucket:
    shifted = period.shifted(-back * period.days)
    return Bucket("", shifted)


def _year(period: Period, kind: str, calendar: Calendar, grain: Grain | None) -> Period:
    return period.shifted(-364) if kind == "aligned" else calendar.year_before(period, grain)


def _months(period: Period) -> tuple[Bucket, ...]:
    last = bucket_of(period.last, Grain.MONTH)
    chain = [Bucket(last.label, Period(last.period.first, period.last))]
    for _ in range(LONG - 1):
        chain.append(bucket_of(chain[-1].period.first - 1, Grain.MONTH))
    return tuple(reversed(chain))


def _to_date(period: Period, grain: Grain | None, calendar: Calendar) -> tuple[ToDate, ...]:
    is_fiscal = grain is not None and grain.is_fiscal
    found = []
    grains: tuple[tuple[Literal["month", "quarter", "year"], Grain], ...] = (
        ("month", Grain.MONTH),
        ("quarter", Grain.FISCAL_QUARTER if is_fiscal else Grain.QUARTER),
        ("year", Grain.FISCAL_YEAR if is_fiscal else Grain.YEAR),
    )
    for key, whole in grains:
        so_far = Period(calendar.bucket_of(period.last, whole).period.first, period.last)
        found.append(ToDate(key, so_far, calendar.year_before(so_far, whole)))
    return tuple(found)


def spanned(chain: tuple[Bucket, ...]) -> Period:
    """Return the days from the first to the last of successive buckets."""
    return Period(chain[0].period.first, chain[-1].period.last)


def weeks_back(period: Period, weeks: int) -> Period:
    """Return the ``weeks`` weeks that end with ``period``, or the period itself when that is longer."""
    return Period(min(period.first, period.last - 7 * weeks + 1), period.last)

