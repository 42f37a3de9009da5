"""Which earlier period a number is compared with, and what the change is."""

from __future__ import annotations

import sqlite3
from typing import Literal

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of, previous, year_earlier
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

KINDS = ("previous", "year", "aligned", "event", "elapsed")
Kind = Literal["previous", "year", "aligned", "event", "elapsed"]

# Two anchors of one event that lie closer belong to the same year's event.
_EVENTS_APART = 180
_GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


@dataclass(frozen=True)
class Earlier:
    """The period to compare with, or the reason why there is none."""

    period: Period | None
    reason: str | None = None


def checked_kind(text: str) -> Kind:
    """Return the kind of comparison; raise MetricRefused that names those there are."""
    for kind in KINDS:
        if kind == text:
            return kind  # type: ignore[return-value]
    raise MetricRefused("metrics.unknown_comparison", comparison=text, known=", ".join(KINDS))


def earlier(
    conn: sqlite3.Connection, kind: Kind, period: Period, grain: Grain | None, through: Day | None, week_start: int = 1
) -> Earlier:
    """Return the period that ``period`` is compared with.

    ``previous``: the bucket before when the period is a whole bucket (of ``grain``, or of
    any when None); the same part of the bucket before when it is a part of one; else as
    many days just before.  ``year``: the same dates a year earlier.  ``aligned``: 364
    days earlier, so that weekdays match.  ``elapsed``: as ``previous``, but only as much of
    it as has data (up to ``through``) of this one.  ``event``: the same days round the
    moving event (New Year of the lunar calendar, Black Friday) that lies nearest.
    """
    if kind == "previous":
        return Earlier(_previous(period, grain, week_start))
    if kind == "elapsed":
        ends = period.last if through is None else min(period.last, through)
        elapsed = Period(period.first, max(ends, period.first))
        return Earlier(_previous(elapsed, grain or _whole(period, week_start), week_start))
    if kind == "year":
        return Earlier(Period(year_earlier(period.first), year_earlier(period.last)))
    if kind == "aligned":
        return Earlier(period.shifted(-364))
    return _same_event(conn, period)


def relative(value: Number, before: Number) -> float | None:
    """Return the change over the earlier value; None when that is 0 or the sign changed."""
    if before == 0 or (value < 0) != (before < 0):
        return None
    # int over int is rounded once, and fractions are exact until the end.
    return float((value - before) / before)


def _previous(period: Period, grain: Grain | None, week_start: int) -> Period:
    grain = grain or _whole(period, week_start)
    if grain is None:
        return period.shifted(-period.days)
    bucket = bucket_of(period.first, grain, week_start)
    before = previous(bucket, grain, week_start).period
    if bucket.period == period:
        return before
    first = min(before.first + (period.first - bucket.period.first), before.last)
    return Period(first, min(first + period.days - 1, before.last))


def _whole(period: Period, week_start: int) -> Grain | None:
    """Return the grain of which the period is one whole bucket."""
    for grain in _GRAINS:
        if bucket_of(period.first, grain, week_start).period == period:
            return grain
    return None


def _same_event(conn: sqlite3.Connection, period: Period) -> Earlier:
    near = conn.execute(
        "SELECT event_code, day - event_offset FROM calendar WHERE day BETWEEN ? AND ? AND event_code IS NOT NULL "
        "ORDER BY ABS(event_offset), day LIMIT 1",
        (period.first, period.last),
    ).fetchone()
    if near is None:
        return Earlier(None, "metrics.no_event")
    code, anchor = near
    before = conn.execute(
        "SELECT MAX(day) FROM calendar WHERE event_code = ? AND event_offset = 0 AND day < ?", (code, anchor - _EVENTS_APART)
    ).fetchone()[0]
    if before is None:
        return Earlier(None, "metrics.no_earlier_event")
    return Earlier(period.shifted(before - anchor))
