"""Which calendar a workspace reports in: read from its settings, changed by a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Literal, cast

from ecoperf_desktop.errors import UsageError
from ecoperf_desktop.model.calendars import PATTERNS, Calendar
from ecoperf_desktop.model.days import Grain, Period
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.database import Workspace

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_USUAL = "usual"


@dataclass(frozen=True)
class Choice:
    """One setting of the calendar: its name in the workspace and what it can be; the first is the default."""

    name: str
    values: tuple[str, ...]


CHOICES: dict[str, Choice] = {
    choice.name: choice
    for choice in (
        Choice("week_start", ("monday", "sunday")),
        Choice("fiscal_start_month", tuple(map(str, range(1, 13)))),
        Choice("retail_pattern", ("none", *PATTERNS)),
        Choice("retail_end", ("nearest", "last")),
        Choice("retail_weekday", (_USUAL, *_WEEKDAYS)),
        Choice("fiscal_named", (_USUAL, "start", "end")),
    )
}


def calendar(conn: sqlite3.Connection) -> Calendar:
    """Return the workspace's calendar; what it does not say, or says wrongly, is as usual."""
    return of_settings(settings(conn))


def settings(conn: sqlite3.Connection) -> dict[str, str]:
    """Return every setting of the calendar as it is kept."""
    marks = ",".join("?" * len(CHOICES))
    stored = dict(conn.execute(f"SELECT name, value FROM setting WHERE name IN ({marks})", list(CHOICES)))  # noqa: S608 - only marks
    return {name: stored[name] if stored.get(name) in choice.values else choice.values[0] for name, choice in CHOICES.items()}


def of_settings(chosen: Mapping[str, str]) -> Calendar:
    """Return the calendar that complete settings describe."""
    pattern, weekday, named = chosen["retail_pattern"], chosen["retail_weekday"], chosen["fiscal_named"]
    return Calendar(
        7 if chosen["week_start"] == "sunday" else 1,
        int(chosen["fiscal_start_month"]),
        next((one for one in PATTERNS if one == pattern), None),
        cast('Literal["nearest", "last"]', chosen["retail_end"]),
        None if weekday == _USUAL else _WEEKDAYS.index(weekday) + 1,
        None if named == _USUAL else cast('Literal["start", "end"]', named),
    )


def settings_of(known: Calendar) -> dict[str, str]:
    """Return the settings that describe a calendar."""
    return {
        "week_start": "sunday" if known.week_start == 7 else "monday",
        "fiscal_start_month": str(known.fiscal_start_month),
        "retail_pattern": known.retail or "none",
        "retail_end": known.retail_end,
        "retail_weekday": _USUAL if known.retail_weekday is None else _WEEKDAYS[known.retail_weekday - 1],
        "fiscal_named": known.named or _USUAL,
    }


def change(opened: Workspace, changes: Mapping[str, str]) -> Calendar:
    """Change settings of the calendar, all or none; raise UsageError that names what can be chosen."""
    for name, value in changes.items():
        if name not in CHOICES:
            raise UsageError("store.calendar_unknown", name=name, known=", ".join(CHOICES))
        if value not in CHOICES[name].values:
            raise UsageError("store.calendar_value", name=name, value=value, known=", ".join(CHOICES[name].values))
    with opened.transaction() as conn:
        before = calendar(conn)
        conn.executemany("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", list(changes.items()))
        now = calendar(conn)
        if now != before:
            fill(conn, now)
    return now


def fill(conn: sqlite3.Connection, now: Calendar) -> None:
    """Write the financial period of every day of the calendar table, as year * 100 + period."""
    first, last = conn.execute("SELECT MIN(day), MAX(day) FROM calendar").fetchone()
    if first is None:
        return
    periods = now.buckets(Period(first, last), Grain.PERIOD)
    conn.executemany(
        "UPDATE calendar SET fiscal_period_id = ? WHERE day BETWEEN ? AND ?",
        ((int(one.label[2:6]) * 100 + int(one.label[-2:]), one.period.first, one.period.last) for one in periods),
    )
