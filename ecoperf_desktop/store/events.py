"""The sales and holidays that numbers are compared round: those shipped, those imported, those a person typed.

An event happens once a year under one code.  What is typed for a code and year wins over what a file says of it
(template "events"), and that over what is shipped.  The calendar's columns ``event_code`` and ``event_offset``
follow: every day of an event names it and its distance from the event's anchor.
"""

from __future__ import annotations

import sqlite3
import unicodedata
import zlib
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Literal

from ecoperf_desktop import paths
from ecoperf_desktop.declarations import declared
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.language import LANGUAGES, sentence
from ecoperf_desktop.model.days import Day, Period, date_of, iso, parse_day
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.database import Workspace

Market = Literal["cn", "world"]
Basis = Literal["announced", "rule", "expected"]
Origin = Literal["shipped", "imported", "typed"]

# Kinds that come again every year, so that numbers can be compared round them; others (an outage, a new price) do not.
YEARLY = ("sale", "holiday")

# The days before and after an anchor that still belong round it, as those of the lunar New Year do.
BEFORE, AFTER = 21, 14

_LONGEST = 366
_MARKS = "events"  # the setting that says of which events the calendar's columns are


@dataclass(frozen=True)
class Event:
    """One year's event.

    ``anchor`` is the day that others are counted from, between ``first`` and ``last``.  ``year`` is the one it
    belongs to, which it may begin before.  ``name`` is a person's own, None for events whose names we ship.
    ``market`` says which shops follow it: ``cn`` those that report in yuan, ``world`` the others, None all.
    """

    code: str
    year: int
    first: Day
    last: Day
    anchor: Day
    kind: str = "sale"
    market: Market | None = None
    basis: Basis = "announced"
    origin: Origin = "shipped"
    name: str | None = None

    @property
    def period(self) -> Period:
        return Period(self.first, self.last)

    def title(self, language: str | None = None) -> str:
        return self.name or title(self.code, language)


def title(code: str, language: str | None = None) -> str:
    """Return an event's name in words, its code where it has none."""
    key = f"events.name_{code}"
    words = sentence(key, language)
    return code if words == key else words


@cache
def shipped() -> tuple[Event, ...]:
    """Return the events that come with the program, in the order of its file."""
    found = []
    for code, entry in _declared().items():
        for year, days in entry.items():
            if year.isdigit():
                first, last, anchor = (parse_day(days[name]) for name in ("first", "last", "anchor"))
                found.append(Event(code, int(year), first, last, anchor, entry["kind"], entry["market"], days["basis"]))
    return tuple(found)


def events(conn: sqlite3.Connection, year: int | None = None) -> list[Event]:
    """Return the events of all years, or of one, by their first days."""
    imported = conn.execute("SELECT name, kind, shop_id, first_day, last_day FROM events ORDER BY first_day, event_id")
    typed = conn.execute("SELECT code, year, name, kind, first_day, last_day, anchor_day FROM own_event ORDER BY year, code")
    known = _merged(tuple(imported), tuple(typed))
    return [event for event in known if year is None or event.year == year]


def followed(conn: sqlite3.Connection) -> list[Event]:
    """Return the events that this workspace's shops take part in: all that people entered, and their market's."""
    row = conn.execute("SELECT value FROM setting WHERE name = 'reporting_currency'").fetchone()
    market = None if row is None else "cn" if row[0] == "CNY" else "world"
    return [event for event in events(conn) if market is None or event.market in (None, market) or event.origin != "shipped"]


def yearly(conn: sqlite3.Connection) -> list[str]:
    """Return the codes of the events that numbers can be compared round, those shipped first."""
    there = {event.code for event in followed(conn) if event.kind in YEARLY}
    return [code for code in codes(conn) if code in there]


def nearest(conn: sqlite3.Connection, period: Period, code: str | None = None) -> Event | None:
    """Return the yearly event that ``period`` lies in or near, the one of ``code`` however far; None when there is none.

    Near is up to 21 days before and 14 after an anchor.  Of several the one counts whose anchor lies in the period
    or nearest to it, and then nearest to its middle.
    """
    chosen = [event for event in (followed(conn) if code is None else events(conn)) if _fits(event, period, code)]
    middle = (period.first + period.last) / 2
    return min(chosen, key=lambda event: (_distance(event.anchor, period), abs(event.anchor - middle), event.last - event.first), default=None)


def year_before(conn: sqlite3.Connection, event: Event) -> Event | None:
    """Return the same event of the year before."""
    return next((one for one in events(conn, event.year - 1) if one.code == event.code), None)


def codes(conn: sqlite3.Connection) -> list[str]:
    """Return the codes of all events, those shipped first."""
    return list(dict.fromkeys(event.code for event in (*shipped(), *events(conn))))


def put(
    opened: Workspace, code: str, year: int, first: str, last: str, anchor: str | None = None, kind: str | None = None
) -> Event:
    """Enter an event, or other days of a known one; ``anchor`` None keeps a known anchor within the days, else is the first.

    ``code`` may be any name of a known event (``双十一``).  Raise EcoPerfError for what are no days of an event.
    """
    known = code_of(code)
    _check_name(code)
    try:
        begins, ends = parse_day(first), parse_day(last)
        middle = _kept_anchor(opened.conn, known, year, begins, ends) if anchor is None else parse_day(anchor)
    except ValueError:
        raise EcoPerfError("events.bad_days", first=first, last=last, anchor=anchor or first) from None
    if not begins <= middle <= ends or ends - begins >= _LONGEST:
        raise EcoPerfError("events.bad_days", first=first, last=last, anchor=iso(middle))
    if not date_of(begins).year <= year <= date_of(ends).year + 1 or date_of(begins).year < 1991 or date_of(ends).year > 2099:
        raise EcoPerfError("events.bad_year", year=year, first=first, last=last)
    name = None if known in _declared() else code.strip()
    with opened.transaction() as conn:
        conn.execute(
            "INSERT OR REPLACE INTO own_event(code, year, name, kind, first_day, last_day, anchor_day) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (known, year, name, kind, begins, ends, middle),
        )
        follow(conn)
    return next(event for event in events(opened.conn, year) if event.code == known)


def remove(opened: Workspace, code: str, year: int) -> Event:
    """Let an event of one year count no longer, whoever entered it; raise EcoPerfError when there is none."""
    known = code_of(code)
    event = next((event for event in events(opened.conn, year) if event.code == known), None)
    if event is None:
        raise EcoPerfError("events.absent", event=code, year=year)
    with opened.transaction() as conn:
        conn.execute("DELETE FROM own_event WHERE code = ? AND year = ?", (known, year))
        if any(event.code == known for event in events(conn, year)):
            conn.execute("INSERT INTO own_event(code, year) VALUES (?, ?)", (known, year))
        follow(conn)
    return event


def reset(opened: Workspace, code: str, year: int) -> Event | None:
    """Forget what was typed of an event; return it as it is then, None when nothing else speaks of it."""
    known = code_of(code)
    with opened.transaction() as conn:
        if not conn.execute("DELETE FROM own_event WHERE code = ? AND year = ?", (known, year)).rowcount:
            raise EcoPerfError("events.absent", event=code, year=year)
        follow(conn)
    return next((event for event in events(opened.conn, year) if event.code == known), None)


def code_of(name: str) -> str:
    """Return the code of a shipped event by any of its names, in any language; another name is its own code."""
    return _names().get(_folded(name), name.strip())


def follow(conn: sqlite3.Connection) -> bool:
    """Bring the calendar's columns up to date with the events; return whether they were not."""
    marked = marks(followed(conn))
    stamp = _stamp(marked)
    if _stamped(conn) == stamp:
        return False
    conn.execute("UPDATE calendar SET event_code = NULL, event_offset = NULL WHERE event_code IS NOT NULL")
    rows = ((code, offset, day) for day, (code, offset) in marked.items())
    conn.executemany("UPDATE calendar SET event_code = ?, event_offset = ? WHERE day = ?", rows)
    conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (_MARKS, stamp))
    return True


def are_current(conn: sqlite3.Connection) -> bool:
    """Say whether the calendar's columns follow the events, of which another release may ship others."""
    return _stamped(conn) == _stamp(marks(followed(conn)))


def _stamp(marked: dict[Day, tuple[str, int]]) -> str:
    return f"{zlib.crc32(repr(sorted(marked.items())).encode()):08x}"


def _stamped(conn: sqlite3.Connection) -> str | None:
    row = conn.execute("SELECT value FROM setting WHERE name = ?", (_MARKS,)).fetchone()
    return None if row is None else str(row[0])


def marks(held: Iterable[Event]) -> dict[Day, tuple[str, int]]:
    """Return the event of every day that has one, and the day's distance from its anchor.

    An anchor's day is its event's; of several other events the shorter one has the day.
    """
    marked: dict[Day, tuple[str, int]] = {}
    ranked = sorted(held, key=lambda event: (event.last - event.first, event.code), reverse=True)
    for event in ranked:
        marked.update((day, (event.code, day - event.anchor)) for day in range(event.first, event.last + 1))
    marked.update((event.anchor, (event.code, 0)) for event in ranked)
    return marked


def _fits(event: Event, period: Period, code: str | None) -> bool:
    if code is not None:
        return event.code == code
    if event.kind not in YEARLY:
        return False
    return period.first <= max(event.last, event.anchor + AFTER) and min(event.first, event.anchor - BEFORE) <= period.last


def _distance(day: Day, period: Period) -> int:
    return max(period.first - day, day - period.last, 0)


def _declared() -> dict[str, dict[str, Any]]:
    return declared(paths.resources() / "calendars" / "events.toml")


@cache
def _names() -> dict[str, str]:
    found = {}
    for code, entry in _declared().items():
        for name in (code, *(title(code, language) for language in LANGUAGES), *entry["also"]):
            found[_folded(name)] = code
    return found


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _check_name(code: str) -> None:
    name = code.strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise EcoPerfError("events.bad_code", event=code[:60])


def _kept_anchor(conn: sqlite3.Connection, code: str, year: int, first: Day, last: Day) -> Day:
    for event in (*events(conn, year), *shipped()):
        if (event.code, event.year) == (code, year) and first <= event.anchor <= last:
            return event.anchor
    return first


@lru_cache(maxsize=4)
def _merged(imported: tuple[tuple[Any, ...], ...], typed: tuple[tuple[Any, ...], ...]) -> tuple[Event, ...]:
    """Return the events of all years, from rows of ``events`` and ``own_event``."""
    by_code: dict[str, list[Event]] = {}
    for one in shipped():
        by_code.setdefault(one.code, []).append(one)
    stated = [_stated(by_code, row) for row in imported]
    # What one shop holds adds to the company's calendar and changes nothing in it.
    layers = ([event for event, is_own in stated if is_own], shipped(), [event for event, is_own in stated if not is_own])
    found = {(event.code, event.year): event for layer in layers for event in layer}
    for code, year, name, kind, first, last, anchor in typed:
        before = found.pop((code, year), None) or next(iter(by_code.get(code, ())), None)
        if first is not None:
            kind = kind or (before.kind if before is not None else "sale")
            name = name or (before.name if before is not None else None)
            found[code, year] = Event(code, year, first, last, anchor, kind, origin="typed", name=name)
    return tuple(sorted(found.values(), key=lambda event: (event.first, event.last, event.code)))


def _stated(by_code: dict[str, list[Event]], row: tuple[Any, ...]) -> tuple[Event, bool]:
    """Return the event that a file's row is, and whether it is one shop's only."""
    name, kind, shop, first, last = row
    code, days = code_of(name), Period(first, last)
    near = min(by_code.get(code, ()), key=lambda one: _distance(one.anchor, days), default=None)
    if near is not None and _distance(near.anchor, days) > _LONGEST / 2:
        near = None
    anchor = near.anchor if near is not None and near.anchor in days else first
    year = near.year if near is not None else date_of(anchor).year
    kind = kind or (near.kind if near is not None else "sale")
    return Event(code, year, first, last, anchor, kind, origin="imported", name=None if code in by_code else name), shop is not None
