"""Outages as time: intervals cut to a period of business days, overlaps counted once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache

from ecoperf_desktop.model.days import Day, Period, date_of
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Outage:
    """UTC seconds; ``ended_ts`` None still runs.  ``tz`` and ``day_start_min`` are the source's business day."""

    started_ts: int
    ended_ts: int | None
    tz: str | None = None
    day_start_min: int = 0


def down_seconds(outages: Iterable[Outage], period: Period) -> int:
    """Return the seconds of ``period`` in which at least one outage ran."""
    return sum(end - start for start, end in merged(outages, period))


def merged(outages: Iterable[Outage], period: Period) -> Iterator[tuple[int, int]]:
    """Yield the outages as intervals cut to ``period``, in order; what touches or overlaps is one."""
    cut = []
    for outage in outages:
        first = _begin(period.first, outage.tz, outage.day_start_min)
        last = _begin(period.last + 1, outage.tz, outage.day_start_min)
        start = max(outage.started_ts, first)
        end = last if outage.ended_ts is None else min(outage.ended_ts, last)
        if start < end:
            cut.append((start, end))
    begun: tuple[int, int] | None = None
    for start, end in sorted(cut):
        if begun is not None and start <= begun[1]:
            begun = (begun[0], max(begun[1], end))
            continue
        if begun is not None:
            yield begun
        begun = (start, end)
    if begun is not None:
        yield begun


@cache
def _begin(day: Day, tz: str | None, day_start_min: int) -> int:
    """Return the UTC second at which a business day begins."""
    midnight = datetime.combine(date_of(day), time(), tzinfo=_zone(tz))
    # Minutes are added on the clock, so that a day of 23 or 25 hours begins at its hour too.
    return int((midnight + timedelta(minutes=day_start_min)).timestamp())


def _zone(tz: str | None) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(tz) if tz else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
