"""Periods as people write them, turned into scopes."""

from __future__ import annotations

from dataclasses import replace

from ecoperf_desktop.model.calendars import Calendar, calendar_of
from ecoperf_desktop.model.days import Bucket, Grain, Period, date_of
from ecoperf_desktop.reports.blocks import Scope


def scoped(scope: Scope, bucket: Bucket, grain: Grain) -> Scope:
    """Return ``scope`` for another bucket."""
    return replace(scope, period=bucket.period, grain=grain, label=bucket.label)


def read_period(text: str, scope: Scope, calendar: Calendar | int) -> Scope | None:
    """Read ``2026-W33``, ``33``, ``2026-08``, ``2026-Q3``, ``FY2026-P03``, a date or ``date..date``; None when it is none.

    A week without a year is one of the shown period's year; a date is its week.
    """
    known = calendar_of(calendar)
    text = text.strip().upper().replace("/", "-")
    year = date_of(scope.period.first).isocalendar().year
    if ".." in text:
        ends = [part.strip() for part in text.split("..", 1)]
        try:
            first, last = (known.parse(end)[0].period for end in ends)
        except ValueError:
            return None
        if last.last < first.first:
            return None
        return replace(scope, period=Period(first.first, last.last), grain=None, label=None)
    if text.lstrip("W").isdigit() and len(text.lstrip("W")) <= 2:
        text = f"{year}-W{int(text.lstrip('W')):02d}"
    try:
        bucket, grain = known.parse(text)
    except ValueError:
        return None
    if grain is Grain.DAY:
        bucket, grain = known.bucket_of(bucket.period.first, Grain.WEEK), Grain.WEEK
    return scoped(scope, bucket, grain)
