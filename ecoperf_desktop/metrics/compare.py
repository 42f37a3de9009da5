"""Which earlier period a number is compared with, and what the change is."""

from __future__ import annotations

import sqlite3
from typing import Literal

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.model.calendars import Calendar, calendar_of
from ecoperf_desktop.model.days import Day, Grain, Period
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import events

KINDS = ("previous", "year", "aligned", "event", "elapsed")
Kind = Literal["previous", "year", "aligned", "event", "elapsed"]


@dataclass(frozen=True)
class Earlier:
    """The period to compare with, or the reason why there is none; ``event`` is the code of that it lies round."""

    period: Period | None
    reason: str | None = None
    event: str | None = None


def checked_kind(text: str) -> Kind:
    """Return the kind of comparison; raise MetricRefused that names those there are."""
    return read(text)[0]


def read(text: str) -> tuple[Kind, str | None]:
    """Return kind and event of a comparison as it is asked for: ``year``, ``event``, ``event:double11``.

    The event may have any of its names.  Raises MetricRefused that names the kinds there are.
    """
    kind, colon, event = text.partition(":")
    for known in KINDS:
        if kind == known and (not colon or (known == "event" and event.strip())):
            return known, events.code_of(event) if colon else None  # type: ignore[return-value]
    raise MetricRefused("metrics.unknown_comparison", comparison=text, known=", ".join((*KINDS, "event:…")))


def earlier(
    conn: sqlite3.Connection,
    kind: Kind,
    period: Period,
    grain: Grain | None,
    through: Day | None,
    calendar: Calendar | int = 1,
    event: str | None = None,
) -> Earlier:
    """Return the period that ``period`` is compared with.

    ``previous``: the bucket before when the period is a whole bucket (of ``grain``, or of any when None); the same
    part of the bucket before when it is a part of one; else as many days just before.  ``year``: the same dates a
    year earlier, whole months as whole months; a period, quarter or year of a retail calendar as the same weeks of
    the year before, restated where that had 53.  ``aligned``: 364 days earlier, so that weekdays match.
    ``elapsed``: as ``previous``, but only as much of it as has data (up to ``through``) of this one.  ``event``: the
    days as far from the anchor of a promotion or moving feast as these are from that of this year's; of the nearest
    one, or of the one whose code is ``event``.  Raises MetricRefused for an event that is not known.

    ``calendar`` is the engine's (``Sources.calendar``); a number stands for plain months and weeks from that weekday.
    """
    known = calendar_of(calendar)
    match kind:
        case "previous":
            return Earlier(_previous(period, grain, known))
        case "elapsed":
            ends = period.last if through is None else min(period.last, through)
            elapsed = Period(period.first, max(ends, period.first))
            return Earlier(_previous(elapsed, grain or known.whole(period), known))
        case "year":
            return Earlier(known.year_before(period, grain))
        case "aligned":
            return Earlier(period.shifted(-364))
        case "event":
            return _same_event(conn, period, event)


def relative(value: Number, before: Number) -> float | None:
    """Return the change over the earlier value; None when that is 0 or the sign changed."""
    if before == 0 or (value < 0) != (before < 0):
        return None
    # int over int is rounded once, and fractions are exact until the end.
    return float((value - before) / before)


def _previous(period: Period, grain: Grain | None, calendar: Calendar) -> Period:
    grain = grain or calendar.whole(period)
    if grain is None:
        return period.shifted(-period.days)
    bucket = calendar.bucket_of(period.first, grain)
    before = calendar.previous(bucket, grain).period
    if bucket.period == period:
        return before
    first = min(before.first + (period.first - bucket.period.first), before.last)
    return Period(first, min(first + period.days - 1, before.last))


def _same_event(conn: sqlite3.Connection, period: Period, code: str | None) -> Earlier:
    if code is not None and code not in (known := events.codes(conn)):
        raise MetricRefused("metrics.unknown_event", event=code, known=", ".join(known))
    now = events.nearest(conn, period, code)
    if now is None:
        return Earlier(None, "metrics.no_event", code)
    before = events.year_before(conn, now)
    if before is None:
        return Earlier(None, "metrics.no_earlier_event", now.code)
    return Earlier(period.shifted(before.anchor - now.anchor), None, now.code)
