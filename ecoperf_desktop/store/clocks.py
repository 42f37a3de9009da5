"""Another time zone or another start of the day for what is stored: moments and days move as if the files had been read that way.

How a file writes its moments decides what moves.  ``local``: by the shop's clock; in another zone the same clock is another moment and the same
day.  ``stated``: with their distance from UTC; the moment stays and its day may be another.  ``dates``: no moments,
nothing moves.  A day moves only with a moment that is kept beside it; the days of rows that keep none, rows that are
known by their moment, and files of which it is not known how they write are left as they are and named.
"""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import rows
from ecoperf_desktop.store.fold import Assertion, Change, Fact, Fold
from ecoperf_desktop.store.restatements import Recorder
from ecoperf_desktop.store.rows import Shape
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.store.touched import Touched

Clock: TypeAlias = Literal["local", "stated", "dates"]

_AT_ONCE = 5_000
_EPOCH = datetime(1970, 1, 1)
# The moment whose day a day is.
_PAIRS = {
    "orders": (("placed_ts", "placed_day"), ("paid_ts", "paid_day")),
    "shipments": (("promised_ts", "promised_day"), ("due_dispatch_ts", "due_dispatch_day"), ("delivered_ts", "delivered_day")),
    "support_conversations": (("first_msg_ts", "day"),),
    "lab_audits": (("ts", "day"),),
    "uptime_checks": (("ts", "day"),),
    "incidents": (("started_ts", "day"),),
}  # fmt: skip
# Days that are plans or properties and no business days of moments.
_NOT_OF_MOMENTS = frozenset({
    "product", "supplier", "staff", "campaign", "targets", "budgets", "market_size", "events", "training", "labour", "content_audits",
    "demand_forecast", "purchase_orders", "po_lines",
})  # fmt: skip


@dataclass(frozen=True)
class Left:
    """Rows of one import's file that stay as they were read; importing the file again brings them in line."""

    import_id: int
    path: str
    table: str
    rows: int


@dataclass(frozen=True)
class Clockface:
    """A zone and when its day begins.  ``tz`` None: moments were all stated, each day is that of its own clock."""

    tz: str | None
    day_start_min: int

    def day(self, ts: int) -> int:
        """Return the business day of a moment."""
        return (ts + _ahead(ts, self.tz or "UTC", False) - self.day_start_min * 60) // 86_400

    def clock(self, ts: int) -> int:
        return ts + _ahead(ts, self.tz or "UTC", False)

    def moment(self, clock: int) -> int:
        """Return the moment at which the local clock shows ``clock``."""
        return clock - _ahead(clock, self.tz or "UTC", True)


def move(
    conn: sqlite3.Connection, source_id: int, before: Clockface, after: Clockface, known: Mapping[int, Clock], touched: Touched, change_id: int,
) -> tuple[Left, ...]:
    """Move what the source's active imports assert; return what is left as it is."""
    mine = dict(conn.execute("SELECT import_id, path FROM imports WHERE source_id = ? AND state = 'active'", (source_id,)))
    moving = _Moving(conn, before, after, known)
    recorder = Recorder(conn, change_id=change_id)
    fold = Fold(conn)
    spoken = conn.execute("SELECT DISTINCT table_name FROM import_fields WHERE import_id IN (SELECT value FROM json_each(?))", (json.dumps([*mine]),))
    for (name,) in sorted(spoken.fetchall()):
        shape = rows.shape(conn, name)
        kinds = {field.name: field.kind for field in TABLES[name].fields}
        if not any(kinds[field] in ("ts", "day") for field in shape.fields):
            continue
        if shape.table.strategy == "block":
            moving.leave_blocks(shape, [*mine])
            continue
        for changes in _moved(conn, fold, shape, [*mine], moving):
            recorder.rows(shape, changes)
            touched.changes(shape, changes)
    moving.move_coverage()
    return tuple(Left(import_id, mine[import_id], table, count) for (import_id, table), count in sorted(moving.left.items()) if count)


def _moved(conn: sqlite3.Connection, fold: Fold, shape: Shape, imports: Sequence[int], moving: _Moving) -> Iterator[list[Change]]:
    """Move one table's rows, in parts: those that one import asserts, then those that several do."""
    listed = ", ".join(map(str, imports))
    held = f"SELECT row_id FROM held WHERE table_name = '{shape.name}'"
    columns = ", ".join((shape.id_column, "import_id", "record", *shape.columns))
    alone = conn.execute(
        f"SELECT {columns} FROM {shape.name} WHERE import_id IN ({listed}) AND {shape.id_column} NOT IN ({held})"
    )
    # Read whole before the first is written: a row must not be met again.
    waiting = iter(alone.fetchall())
    while part := list(islice(waiting, _AT_ONCE)):
        facts = {row[0]: Assertion(row[1], row[2], dict(zip(shape.fields, row[3:], strict=True))) for row in part}
        yield _written(fold, shape, facts, {row: moving.moved(shape, one) for row, one in facts.items()})
    ids = [row[0] for row in conn.execute(f"SELECT DISTINCT row_id FROM held WHERE table_name = ? AND import_id IN ({listed})", (shape.name,))]
    own = set(imports)
    for start in range(0, len(ids), _AT_ONCE):
        part_ids = ids[start : start + _AT_ONCE]
        facts = {
            int(str(row[0])): Assertion(int(str(row[1])), int(str(row[2])), dict(zip(shape.fields, row[3:], strict=True)))
            for row in rows.select_by(conn, columns, shape.name, shape.id_column, part_ids)
        }
        said: dict[int, list[Assertion]] = {}
        for row_id, import_id, record, asserted in rows.select_by(
            conn, "row_id, import_id, record, asserted", "held", "row_id", part_ids, f"table_name = '{shape.name}'"
        ):
            one = Assertion(int(str(import_id)), int(str(record)), json.loads(str(asserted)))
            said.setdefault(int(str(row_id)), []).append(moving.moved(shape, one) if one.import_id in own else one)
        fold.hold(shape, ((row_id, one) for row_id, all_said in said.items() for one in all_said))
        yield _written(fold, shape, facts, {row_id: fold.folded(all_said) for row_id, all_said in said.items()})


def _written(fold: Fold, shape: Shape, facts: Mapping[int, Assertion], after: Mapping[int, Assertion]) -> list[Change]:
    changes: list[Change] = []
    for row_id, now in after.items():
        full = {name: now.says.get(name) for name in shape.fields}
        if full != facts[row_id].says:
            changes.append(Change(row_id, _by_column(shape, facts[row_id].says), _by_column(shape, full), restates=True))
    fold.write(shape, [(change.row_id, after[change.row_id]) for change in changes])
    return changes


def _by_column(shape: Shape, fact: Fact) -> Fact:
    return {column: fact[name] for name, column in zip(shape.fields, shape.columns, strict=True)}


class _Moving:
    """Moves assertions, counts what has to be left, and remembers the days each import spoke of."""

    def __init__(self, conn: sqlite3.Connection, before: Clockface, after: Clockface, known: Mapping[int, Clock]) -> None:
        self._conn = conn
        self._before, self._after = before, after
        self._known = known
        self.left: Counter[tuple[int, str]] = Counter()
        self._spans: dict[tuple[int, str], list[int]] = {}

    def moved(self, shape: Shape, one: Assertion) -> Assertion:
        """Return what an import says of a row, moved."""
        says = one.says if self._known.get(one.import_id) == "dates" else self._says(shape, one)
        self._note_span(shape, one, says)
        return Assertion(one.import_id, one.record, says)

    def _says(self, shape: Shape, one: Assertion) -> Fact:
        clock, name = self._known.get(one.import_id), shape.name
        kinds = {field.name: field.kind for field in shape.table.fields}
        moments = [field for field, value in one.says.items() if kinds[field] == "ts" and value is not None]
        days = [field for field, value in one.says.items() if kinds[field] == "day" and value is not None]
        by_its_moment = any(kinds[field] == "ts" for key in shape.table.identities for field in key.fields)
        moves_moments = clock == "local" and self._before.tz != self._after.tz
        same_days = clock == "local" and self._before.day_start_min == self._after.day_start_min
        if clock is None or moves_moments and by_its_moment:
            if moments or days and name not in _NOT_OF_MOMENTS:
                self.left[one.import_id, name] += 1
            return one.says
        says = dict(one.says)
        if moves_moments:
            for field in moments:
                says[field] = self._after.moment(self._before.clock(int(str(says[field]))))
        if same_days or name in _NOT_OF_MOMENTS:
            return says
        moment_of = {day: ts for ts, day in _PAIRS.get(name, ())}
        stays = False
        for field in days:
            ts = one.says.get(moment_of.get(field, ""))
            if ts is None or self._before.day(int(str(ts))) != one.says[field]:
                stays = True
                continue
            says[field] = self._after.day(int(str(says[moment_of[field]])))
        self.left[one.import_id, name] += stays
        return says

    def leave_blocks(self, shape: Shape, imports: Sequence[int]) -> None:
        """Count the rows of whole reports: they keep days only."""
        if shape.name in _NOT_OF_MOMENTS:
            return
        for import_id in imports:
            clock = self._known.get(import_id)
            if clock == "dates" or clock == "local" and self._before.day_start_min == self._after.day_start_min:
                continue
            (count,) = self._conn.execute(f"SELECT count(*) FROM {shape.name} WHERE import_id = ?", (import_id,)).fetchone()
            if count:
                self.left[import_id, shape.name] += count

    def _note_span(self, shape: Shape, one: Assertion, says: Fact) -> None:
        table = shape.table
        if table.coverage is None or table.day is None:
            return
        days = [fact.get(table.day) or (fact.get("paid_day") if table.name == "orders" else None) for fact in (one.says, says)]
        if days[0] is None or days[1] is None:
            return
        before, after = int(str(days[0])), int(str(days[1]))
        span = self._spans.setdefault((one.import_id, table.coverage), [before, before, after, after])
        span[:] = min(span[0], before), max(span[1], before), min(span[2], after), max(span[3], after)

    def move_coverage(self) -> None:
        """Let an import that spoke for the days of its rows speak for those they have now."""
        for (import_id, _), (first, last, new_first, new_last) in self._spans.items():
            for column, old, new in (("first_day", first, new_first), ("last_day", last, new_last)):
                if old != new:
                    for table in ("coverage", "imports"):
                        self._conn.execute(f"UPDATE {table} SET {column} = ? WHERE import_id = ? AND {column} = ?", (new, import_id, old))


@lru_cache(maxsize=200_000)
def _offset(quarter: int, tz: str, local: bool) -> int:
    """Return how far a zone's clock is ahead of UTC in a quarter of an hour; zones change their clocks on these."""
    try:
        when = _EPOCH + timedelta(seconds=quarter * 900)
    except OverflowError:
        return 0
    zone = ZoneInfo(tz)
    ahead = when.replace(tzinfo=zone).utcoffset() if local else when.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return int((ahead or timedelta()).total_seconds())


def _ahead(seconds: int, tz: str, local: bool) -> int:
    return _offset(seconds // 900, tz, local)
