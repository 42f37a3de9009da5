"""What was answered once about each source: shown, and changed afterwards with everything that depends on it.

A change is one transaction.  What depends on the answer is worked out again, as if every file had been imported with the new one, and what
that changes is kept as a restatement.  Keys and values are written as ``--set`` takes them.

- ``recognition_basis``: sale day and first sale of the source's orders, what their lines cost, and all sums.
- ``tz``, ``day_start``: see ``clocks``; what cannot be worked out from what is kept is named, to be imported again.
- ``tax_inclusive``, ``attribution``: kept and shown; no stored number depends on them.
- ``currency``: amounts are stored as they were read, so it can only be changed while no import of the source is there.
"""

# Names of columns come from the table below, never from outside.
# ruff: noqa: S608

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import clocks, sums
from ecoperf_desktop.store.clocks import Clock, Left
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.restatements import DayTotals, record_days
from ecoperf_desktop.store.touched import Touched

KEYS = ("currency", "tz", "day_start", "tax_inclusive", "recognition_basis", "attribution")


@dataclass(frozen=True)
class Answer:
    """One answer about a source; ``value`` None is not known, ``changed_utc`` None as it was first given."""

    source: str
    key: str
    value: str | None
    changed_utc: int | None = None


@dataclass(frozen=True)
class Changed:
    """What became of a changed answer: how many values it restated, and what only another import of the files can bring in line."""

    restated: int
    left: tuple[Left, ...] = ()


def answers(conn: sqlite3.Connection) -> list[Answer]:
    """Return the answers about every source with an active import, by source."""
    changed = {
        (source, name): when
        for source, name, when in conn.execute("SELECT source_id, name, max(changed_utc) FROM answer_change GROUP BY source_id, name")
    }
    found: list[Answer] = []
    for source_id, name, *values in conn.execute(
        "SELECT source_id, name, currency, tz, day_start_min, tax_inclusive, recognition_basis, attribution FROM source "
        "WHERE source_id IN (SELECT source_id FROM imports WHERE state = 'active') ORDER BY name"
    ):
        for key, value in zip(KEYS, values, strict=True):
            found.append(Answer(name, key, _shown(key, value), changed.get((source_id, key))))
    return found


def change(workspace: Workspace, source: str, key: str, value: str, known: Mapping[int, Clock] | None = None) -> Changed:
    """Change an answer and everything that follows from it, in one transaction.

    ``known`` says by import how its file writes moments (``tz`` and ``day_start`` need it).  Raises UsageError for a
    key or value that is none, WorkspaceError for a source that is not known and a currency that stands.
    """
    stored = _stored(key, value)
    with workspace.transaction() as conn:
        row = conn.execute(f"SELECT source_id, {_COLUMNS[key]}, tz, day_start_min FROM source WHERE name = ?", (source,)).fetchone()
        if row is None:
            names = ", ".join(name for (name,) in conn.execute("SELECT name FROM source ORDER BY name"))
            raise WorkspaceError("store.no_such_source", source=source, known=names)
        source_id, before, *zone = row
        if before == stored:
            return Changed(0)
        if key == "currency":
            _refuse_currency(conn, source_id, source)
        sums.ensure(conn)
        change_id = int(
            conn.execute(
                "INSERT INTO answer_change(source_id, name, old, new, changed_utc) VALUES (?, ?, ?, ?, ?) RETURNING change_id",
                (source_id, key, _shown(key, before), _shown(key, stored), int(time.time())),
            ).fetchone()[0]
        )
        touched = Touched(conn)
        left: tuple[Left, ...] = ()
        totals = DayTotals(conn, source_id)
        if key in ("tz", "day_start", "recognition_basis"):
            touched.traded.release_source(source_id)
        conn.execute(f"UPDATE source SET {_COLUMNS[key]} = ? WHERE source_id = ?", (stored, source_id))
        if key in ("tz", "day_start"):
            after = (stored, zone[1]) if key == "tz" else (zone[0], stored)
            left = clocks.move(conn, source_id, clocks.Clockface(*zone), clocks.Clockface(*after), known or {}, touched, change_id)
            if key == "tz":
                touched.costs.look_at_source(source_id)
        if key == "recognition_basis":
            orders = conn.execute("SELECT order_id, customer_id FROM orders WHERE source_id = ? AND import_id IS NOT NULL", (source_id,))
            for order, customer in orders:
                touched.orders.add(order)
                if customer is not None:
                    touched.buyers.add(customer)
        if key in ("tz", "day_start", "recognition_basis"):
            touched.derive()
            sums.refresh(conn, touched.dirty)
            record_days(conn, change_id, totals, DayTotals(conn, source_id))
        (restated,) = conn.execute("SELECT count(*) FROM restatement WHERE change_id = ?", (change_id,)).fetchone()
    return Changed(int(restated), left)


_COLUMNS = {
    "currency": "currency", "tz": "tz", "day_start": "day_start_min", "tax_inclusive": "tax_inclusive",
    "recognition_basis": "recognition_basis", "attribution": "attribution",
}  # fmt: skip


def _refuse_currency(conn: sqlite3.Connection, source_id: int, source: str) -> None:
    query = "SELECT count(*) FROM imports WHERE source_id = ? AND state = 'active'"
    (active,) = conn.execute(query, (source_id,)).fetchone()
    if active:
        raise WorkspaceError("store.currency_stands", source=source, n=active)


def _stored(key: str, value: str) -> str | int:
    """Return a value as it is stored; raise UsageError for one that is none."""
    expected = _EXPECTED.get(key)
    if expected is None:
        raise UsageError("store.no_such_answer", key=key, known=", ".join(KEYS))
    wrong = UsageError("store.answer_value", key=key, value=value, expected=expected[1])
    if re.fullmatch(expected[0], value) is None:
        raise wrong
    match key:
        case "tz":
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise wrong from None
            return value
        case "day_start":
            hours, _, minutes = value.partition(":")
            return int(hours) * 60 + int(minutes)
        case "tax_inclusive":
            return int(value in ("true", "yes", "1"))
        case _:
            return value


_EXPECTED = {
    "currency": ("[A-Z]{3}", "EUR"), "tz": (".+", "Europe/London"), "day_start": (r"([01]\d|2[0-3]):[0-5]\d", "04:00"),
    "tax_inclusive": ("true|false|yes|no|0|1", "true, false"), "recognition_basis": ("paid|placed", "paid, placed"),
    "attribution": (r"\S(.{0,58}\S)?", "7-day click"),
}  # fmt: skip


def _shown(key: str, value: str | int | None) -> str | None:
    if value is None:
        return None
    if key == "day_start":
        return f"{int(value) // 60:02d}:{int(value) % 60:02d}"
    if key == "tax_inclusive":
        return "true" if value else "false"
    return str(value)
