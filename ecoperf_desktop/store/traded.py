"""Amounts in another currency than the workspace's: kept as traded, converted once at the rate of their day, or waiting for it.

A fact holds what everything is summed from: amounts in the reporting currency.  Files assert amounts as traded, and so
does ``held``.  Between the two stands the table ``traded``: of each row with amounts in another currency either what
they are as traded, with the rate, or, where no rate is known, the whole row, which is then no fact and counts nowhere.

While an import, an undo or an answer is at work, the rows it touches stand in their tables as traded (``release``);
at its end they are converted again, or wait (``settle``).  So folding and undoing know one currency a row, and what
becomes of a row depends on the active imports and the known rates alone, whatever their order.

An order, its lines and its refunds are of one day, that of the sale, and wait together: a full refund takes back
exactly what the sale brought.
"""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from ecoperf_desktop.model.days import Day
from ecoperf_desktop.store import derive, rows
from ecoperf_desktop.store.derive import Dirty
from ecoperf_desktop.store.lines import LINES_AN_ORDER
from ecoperf_desktop.store.rates import LASTS_DAYS, Rate, Rates, converted
from ecoperf_desktop.store.rows import Shape
from ecoperf_desktop.store.tables import TABLES

MONEY = ("money", "cost_e4")
# Tables with amounts, and the columns that hold them.
AMOUNTS: dict[str, tuple[str, ...]] = {
    table.name: columns
    for table in TABLES.values()
    if (columns := tuple(one.column for one in table.fields if one.kind in MONEY))
}
# Properties of things that are there whether or not they can be valued: only their amounts wait.
_PROPERTIES = frozenset({"product", "campaign"})
_OF_ORDERS = ("orders", "order_lines", "refunds")
# The day whose rate is wanted, where it is not the column ``day``; None: that of the file.
_DAYS: dict[str, str | None] = {
    "refunds": "refund_day", "budgets": "first_day", "market_size": "first_day", "product": None, "campaign": "start_day",
    "shipments": "coalesce(day, promised_day, delivered_day, due_dispatch_day)",
    "po_lines": "coalesce((SELECT p.ordered_day FROM purchase_orders p WHERE p.po_id = t.po_id), promised_day, requested_day)",
}  # fmt: skip
_ORDER_DAY = "coalesce(o.sale_day, o.placed_day, o.paid_day, o.cancel_day)"
_AT_ONCE = 5_000
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A row's amounts in one currency: table, row, currency and the day of the rate.
_Key: TypeAlias = "tuple[str, int, str, Day]"
# Table, currency, field, day, and the sum of the amounts before and now.
Restated: TypeAlias = "tuple[str, str, str, Day, int, int | None]"


@dataclass(frozen=True)
class AsTraded:
    """One row's amounts as traded, by column.  ``rate`` None: it waits for the rate of ``day``."""

    currency: str
    day: Day
    rate: Rate | None
    amounts: Mapping[str, int]


@dataclass
class _Row:
    """One stored row with amounts: as traded while it is looked at."""

    table: str
    row_id: int
    import_id: int
    day: Day | None
    # foreign amounts, by currency and column
    foreign: dict[str, dict[str, int]]
    order_id: int | None = None
    place: str | None = None


@dataclass
class _Order:
    order_id: int
    is_asserted: bool
    day: Day | None
    rows: list[_Row] = field(default_factory=list)


class Traded:
    """Keeps the amounts of other currencies during one transaction."""

    def __init__(self, conn: sqlite3.Connection, dirty: Dirty) -> None:
        self._conn = conn
        self._dirty = dirty
        self._foreign: dict[int, str] = {}
        self._shapes: dict[str, Shape] = {}
        self._pending: dict[str, set[int]] = {}
        # Converted amounts of rows that other rates changed: by table, row, currency and day.
        self._before: dict[_Key, dict[str, int]] = {}
        self._after: dict[_Key, dict[str, int]] = {}
        self._spoken_by: dict[_Key, int] = {}
        # What is to be written next: converted amounts, rows to be taken out, entries of ``traded``.
        self._converted: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self._laid_aside: dict[str, dict[int, tuple[_Row, str, Day]]] = {}
        self._entries: list[tuple[Any, ...]] = []
        self._met: dict[tuple[str, Day], Rate | None] = {}
        self.has_rows = conn.execute("SELECT 1 FROM traded LIMIT 1").fetchone() is not None
        # What else has to be looked at again.
        self.orders: set[int] = set()
        self.buyers: set[int] = set()
        self.purchase_orders: set[int] = set()
        reporting = self._reporting_currency()
        self._rates = None if reporting is None else Rates(conn, reporting)
        if reporting is not None:
            query = "SELECT import_id, currency FROM imports WHERE currency <> ? AND state = 'active'"
            self._foreign = dict(conn.execute(query, (reporting,)))

    def _reporting_currency(self) -> str | None:
        row = self._conn.execute("SELECT value FROM setting WHERE name = 'reporting_currency'").fetchone()
        return None if row is None else str(row[0])

    @property
    def is_quiet(self) -> bool:
        """Say that every amount is, and stays, in the workspace's own currency."""
        return not self.has_rows and not self._foreign

    def speaks(self, import_id: int, currency: str) -> None:
        """Note that an import's amounts are in another currency than the workspace's."""
        reporting = self._reporting_currency()
        assert reporting is not None and currency != reporting
        self._rates = self._rates or Rates(self._conn, reporting)
        self._foreign[import_id] = currency

    def is_foreign(self, import_id: int) -> bool:
        return import_id in self._foreign

    def note(self, table: str, ids: Iterable[int]) -> None:
        """Note rows as traded whose amounts have to be looked at."""
        if self.is_quiet:
            return
        if table == "orders":
            self.orders.update(ids)
        elif table == "order_lines":
            self.orders.update(one // LINES_AN_ORDER for one in ids)
        elif table in AMOUNTS:
            self._pending.setdefault(table, set()).update(ids)

    def note_last(self, shape: Shape, count: int) -> None:
        """The same of the rows that were inserted last, without ids of their own."""
        if count and shape.name in AMOUNTS and not self.is_quiet:
            last = rows.largest_id(self._conn, shape.name, shape.id_column)
            self.note(shape.name, range(last - count + 1, last + 1))

    def largest_id(self, table: str) -> int:
        """Return the largest id of rows that wait, which are in no other table."""
        if not self.has_rows:
            return 0
        query = "SELECT coalesce(max(row_id), 0) FROM traded WHERE table_name = ?"
        return int(self._conn.execute(query, (table,)).fetchone()[0])

    # -- back to amounts as traded

    def release_rows(self, table: str, ids: Collection[int]) -> None:
        """Let rows be as traded, until ``settle``."""
        if self.has_rows and table in AMOUNTS and ids:
            if table == "orders":
                self.release_orders(ids)
                return
            with derive.wanted(self._conn, ids) as mine:
                self._release(f"table_name = ? AND row_id IN (SELECT id FROM {mine})", (table,))

    def release_places(self, table: str, places: Sequence[str]) -> None:
        """The same of rows by what they are known by: their natural keys, or their blocks' keys."""
        if self.has_rows and table in AMOUNTS:
            for start in range(0, len(places), _AT_ONCE):
                part = json.dumps(list(places[start : start + _AT_ONCE]), ensure_ascii=False)
                self._release("table_name = ? AND place IN (SELECT value FROM json_each(?))", (table, part))

    def release_orders(self, orders: Collection[int]) -> None:
        """The same of orders with their lines and refunds."""
        if self.has_rows and orders:
            with derive.wanted(self._conn, orders) as mine:
                self._release(f"order_id IN (SELECT id FROM {mine})", ())

    def release_import(self, import_id: int) -> None:
        """The same of every row that an import speaks of."""
        if self.is_quiet:
            return
        for table, row_id in self._conn.execute("SELECT table_name, row_id FROM held WHERE import_id = ?", (import_id,)):
            self.note(table, (row_id,))
        self._release(
            "import_id = ?1 OR traded_id IN (SELECT t.traded_id FROM held h JOIN traded t ON t.table_name = h.table_name "
            "AND t.row_id = h.row_id WHERE h.import_id = ?1)",
            (import_id,),
        )
        self.release_orders(self.orders)

    def release_source(self, source_id: int) -> None:
        """The same of every row that a source's imports speak of."""
        query = "SELECT import_id FROM imports WHERE source_id = ? AND state = 'active'"
        for (import_id,) in self._conn.execute(query, (source_id,)).fetchall():
            self.release_import(import_id)

    def rates_changed(self, days: Collection[Day]) -> None:
        """Look at rows again for which what is known of the rates of ``days`` decides; release those that it changes."""
        if self._rates is None or not days:
            return
        self._rates = Rates(self._conn, self._rates.reporting)
        self._met.clear()
        if not self.has_rows:
            return
        with derive.wanted(self._conn, days) as changed:
            found = self._conn.execute(
                "SELECT DISTINCT currency, day, rate_day, rate_e9 FROM traded t WHERE EXISTS "
                f"(SELECT 1 FROM {changed} c WHERE c.id BETWEEN t.day - {LASTS_DAYS} AND t.day)"
            ).fetchall()
        for currency, day, rate_day, rate_e9 in found:
            now = self._rates.on(currency, day)
            if (None, None) == (rate_day, rate_e9) if now is None else (now.day, now.rate_e9) == (rate_day, rate_e9):
                continue
            if rate_e9 is not None:
                self._remember(currency, day)
            self._release("currency = ? AND day = ?", (currency, day))
        for table in sorted(self._pending):
            self.release_rows(table, self._pending[table])  # what else they have in a third currency

    def _remember(self, currency: str, day: Day) -> None:
        assert self._rates is not None
        for table, row_id, import_id, rate_e9, says in self._conn.execute(
            "SELECT table_name, row_id, import_id, rate_e9, says FROM traded WHERE currency = ? AND day = ? AND rate_e9 IS NOT NULL",
            (currency, day),
        ):
            amounts = {
                column: converted(amount, rate_e9, currency, self._rates.reporting) for column, amount in json.loads(says).items()
            }
            self._before[table, row_id, currency, day] = amounts
            self._spoken_by[table, row_id, currency, day] = import_id

    def _release(self, condition: str, given: Sequence[Any]) -> None:
        found = self._conn.execute(
            f"SELECT traded_id, table_name, row_id, order_id, rate_e9, says FROM traded WHERE {condition}", given
        ).fetchall()
        if not found:
            return
        updated: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for _, table, row_id, order_id, rate_e9, says in found:
            if order_id is not None:
                self.orders.add(order_id)
            if rate_e9 is not None or table == "orders" or table in _PROPERTIES:
                updated.setdefault(table, []).append((row_id, json.loads(says)))
                self._pending.setdefault(table, set()).add(row_id)
            else:
                self._pending.setdefault(table, set()).add(self._insert(table, row_id, json.loads(says)))
        for table, facts in updated.items():
            self._update(table, facts)
        self._conn.executemany("DELETE FROM traded WHERE traded_id = ?", ((one[0],) for one in found))
        for table in {one[1] for one in found}:
            self._touch(table, self._pending[table])

    def _insert(self, table: str, row_id: int | None, fact: dict[str, Any]) -> int:
        if row_id is not None:
            fact = {self._shape(table).id_column: row_id, **fact}
        made = self._conn.execute(
            f"INSERT INTO {table}({', '.join(fact)}) VALUES ({', '.join('?' * len(fact))})", tuple(fact.values())
        ).lastrowid
        assert made is not None
        if table == "po_lines":
            self.purchase_orders.add(fact["po_id"])
        return made

    def _update(self, table: str, facts: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """Write columns of rows; buyers of orders that are there again are noted."""
        by_columns: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for row_id, fact in facts:
            by_columns.setdefault(tuple(fact), []).append((*fact.values(), row_id))
            if table == "orders" and fact.get("customer_id") is not None:
                self.buyers.add(fact["customer_id"])
        key = self._shape(table).id_column
        for columns, listed in by_columns.items():
            assigned = ", ".join(f"{column} = ?" for column in columns)
            self._conn.executemany(f"UPDATE {table} SET {assigned} WHERE {key} = ?", listed)

    def _touch(self, table: str, ids: Iterable[int]) -> None:
        """Make the days of rows dirty; those of orders are found by their sale days."""
        if table in ("orders", "order_lines"):
            return
        shape = self._shape(table)
        if table == "product":
            derive.touch(self._dirty, table, ())
        with derive.wanted(self._conn, ids) as mine:
            for column in shape.day_columns:
                found = self._conn.execute(
                    f"SELECT DISTINCT {column} FROM {table} WHERE {shape.id_column} IN (SELECT id FROM {mine})"
                )
                derive.touch(self._dirty, table, (day for (day,) in found))

    # -- to what counts

    def gather(self, orders: Collection[int], purchase_orders: Collection[int]) -> set[int]:
        """Return the orders, of these and of released ones, that have amounts in another currency, or had.

        They, their lines and their refunds are as traded afterwards.  Their days are to be worked out before ``settle``.
        """
        if self.is_quiet:
            return set()
        self._gather_purchases(purchase_orders)
        looked_at = {*orders, *self.orders}
        with derive.wanted(self._conn, self._pending.get("refunds", ())) as mine:
            query = f"SELECT order_id FROM refunds WHERE order_id IS NOT NULL AND refund_id IN (SELECT id FROM {mine})"
            looked_at.update(row[0] for row in self._conn.execute(query))
        self.release_orders(looked_at)
        self._touch("refunds", self._pending.get("refunds", ()))
        return self.orders | self._with_foreign(looked_at | self.orders)

    def _gather_purchases(self, purchase_orders: Collection[int]) -> None:
        """Look at the lines of purchase orders again, whose day may be another."""
        if not purchase_orders:
            return
        self._release("table_name = 'po_lines' AND rate_e9 IS NULL", ())
        with derive.wanted(self._conn, purchase_orders) as mine:
            ids = [row[0] for row in self._conn.execute(f"SELECT po_line_id FROM po_lines WHERE po_id IN (SELECT id FROM {mine})")]
        self.release_rows("po_lines", ids)
        self.note("po_lines", ids)

    def _with_foreign(self, orders: Collection[int]) -> set[int]:
        if not self._foreign or not orders:
            return set()
        foreign = f"import_id IN ({', '.join(map(str, self._foreign))})"
        with derive.wanted(self._conn, orders) as mine:
            lines = f"BETWEEN w.id * {LINES_AN_ORDER} AND w.id * {LINES_AN_ORDER} + {LINES_AN_ORDER - 1}"
            refunds = "IN (SELECT r.refund_id FROM refunds r WHERE r.order_id = w.id)"
            found = self._conn.execute(
                f"""SELECT w.id FROM {mine} w WHERE EXISTS (SELECT 1 FROM orders x WHERE x.order_id = w.id AND x.{foreign})
                  OR EXISTS (SELECT 1 FROM order_lines x WHERE x.line_id {lines} AND x.{foreign})
                  OR EXISTS (SELECT 1 FROM refunds x WHERE x.order_id = w.id AND x.{foreign})
                  OR EXISTS (SELECT 1 FROM held x WHERE x.table_name = 'orders' AND x.row_id = w.id AND x.{foreign})
                  OR EXISTS (SELECT 1 FROM held x WHERE x.table_name = 'order_lines' AND x.row_id {lines} AND x.{foreign})
                  OR EXISTS (SELECT 1 FROM held x WHERE x.table_name = 'refunds' AND x.row_id {refunds} AND x.{foreign})"""
            )
            return {row[0] for row in found}

    def settle(self, orders: Collection[int]) -> None:
        """Convert what was gathered and noted, or let it wait.  ``orders``: those that ``gather`` returned."""
        if self.is_quiet and not self._pending:
            return
        listed = sorted(orders)
        done: set[int] = set()
        for start in range(0, len(listed), _AT_ONCE):
            for order in self._read_orders(listed[start : start + _AT_ONCE]):
                self._settle_order(order)
                done.update(one.row_id for one in order.rows if one.table == "refunds")
            self._write()
        for table in sorted(self._pending.keys() - {"orders", "order_lines"}):
            ids = sorted(self._pending[table] - done if table == "refunds" else self._pending[table])
            for start in range(0, len(ids), _AT_ONCE):
                self._settle_rows(table, ids[start : start + _AT_ONCE])
                self._write()
        self._pending.clear()
        self.has_rows = self._conn.execute("SELECT 1 FROM traded LIMIT 1").fetchone() is not None

    def restated(self) -> list[Restated]:
        """Return what other rates made other amounts: table, currency, field, day, and their sum before and now.

        The sum now is None where no rate is known any more.
        """
        return self._restated(self._before)

    def restated_by_source(self) -> dict[int, list[Restated]]:
        """Return the same by the source whose amounts they are, without sources that have none."""
        imports = dict(self._conn.execute("SELECT import_id, source_id FROM imports"))
        found: dict[int, dict[_Key, dict[str, int]]] = {}
        for key, amounts in self._before.items():
            found.setdefault(imports[self._spoken_by[key]], {})[key] = amounts
        return {source: changes for source, before in sorted(found.items()) if (changes := self._restated(before))}

    def _restated(self, of: Mapping[_Key, Mapping[str, int]]) -> list[Restated]:
        before: dict[tuple[str, str, str, Day], int] = {}
        after: dict[tuple[str, str, str, Day], int] = {}
        for key, amounts in of.items():
            table, _, currency, day = key
            now = self._after.get(key, {})
            for column, amount in amounts.items():
                place = (table, currency, column, day)
                before[place] = before.get(place, 0) + amount
                if column in now:
                    after[place] = after.get(place, 0) + now[column]
        changes: list[Restated] = []
        for place, amount in sorted(before.items()):
            table, currency, column, day = place
            if after.get(place) != amount:
                shape = self._shape(table)
                changes.append((table, currency, shape.fields[shape.columns.index(column)], day, amount, after.get(place)))
        return changes

    # -- orders

    def _read_orders(self, orders: Sequence[int]) -> list[_Order]:
        """Return orders with their rows; those that nobody asserts with their refunds only."""
        found: dict[int, _Order] = {}
        with derive.wanted(self._conn, orders) as mine:
            of_orders = f"{mine} w CROSS JOIN orders o ON o.order_id = w.id"
            self._take(found, "orders", "o", of_orders, "o.order_id")
            lines = f"CROSS JOIN order_lines l ON l.line_id BETWEEN w.id * {LINES_AN_ORDER} AND w.id * {LINES_AN_ORDER} + {LINES_AN_ORDER - 1}"
            self._take(found, "order_lines", "l", f"{of_orders} {lines}", "l.line_id")
            self._take(found, "refunds", "r", f"{of_orders} CROSS JOIN refunds r ON r.order_id = w.id", "r.refund_id", "r.natural_key")
        return list(found.values())

    def _take(self, found: dict[int, _Order], table: str, alias: str, source: str, row_id: str, place: str = "NULL") -> None:
        columns = AMOUNTS[table]
        amounts = ", ".join(f"{alias}.{column}" for column in columns)
        taken = self._conn.execute(
            f"SELECT o.order_id, o.import_id IS NOT NULL, {_ORDER_DAY}, {row_id}, {alias}.import_id, {place}, {amounts} FROM {source}"
        ).fetchall()
        mixed = self._mixed(table, [row[3] for row in taken])
        for order_id, is_asserted, day, one, import_id, key, *values in taken:
            order = found.setdefault(order_id, _Order(order_id, bool(is_asserted), day))
            foreign = self._foreign_of(one, import_id, columns, values, mixed)
            order.rows.append(_Row(table, one, import_id or 0, day, foreign, order_id, key))

    def _settle_order(self, order: _Order) -> None:
        if not order.is_asserted:
            # A refund of an order that nobody has told of yet is of its own day.
            self.note("refunds", [one.row_id for one in order.rows if one.table == "refunds"])
            order.rows.clear()
            return
        if order.day is None:
            return  # it counts on no day
        unknown = sorted({currency for one in order.rows for currency in one.foreign if self._rate(currency, order.day) is None})
        if not unknown:
            for row in order.rows:
                self._convert(row, order.day)
            return
        buyer = self._conn.execute("SELECT customer_id FROM orders WHERE order_id = ?", (order.order_id,)).fetchone()[0]
        if buyer is not None:
            self.buyers.add(buyer)
        for row in order.rows:
            self._lay_aside(row, unknown[0], order.day)

    # -- other rows

    def _settle_rows(self, table: str, ids: Sequence[int]) -> None:
        for row in self._read_rows(table, ids):
            if not row.foreign or row.day is None:
                continue
            unknown = sorted(currency for currency in row.foreign if self._rate(currency, row.day) is None)
            if unknown:
                self._lay_aside(row, unknown[0], row.day)
            else:
                self._convert(row, row.day)

    def _read_rows(self, table: str, ids: Sequence[int]) -> Iterator[_Row]:
        shape = self._shape(table)
        columns = AMOUNTS[table]
        day = _DAYS.get(table, "day")
        place: tuple[str, ...] = ()
        if shape.has_natural_key:
            place = ("natural_key",)
        elif shape.has_source:
            named = dict(zip(shape.fields, shape.columns, strict=True))
            place = ("source_id", *(named[name] for name in shape.table.block))
        with derive.wanted(self._conn, ids) as mine:
            found = self._conn.execute(
                f"SELECT t.{shape.id_column}, t.import_id, {day or 'NULL'}, {'t.order_id' if table == 'refunds' else 'NULL'}, "
                f"{', '.join((*place, *columns))} "
                f"FROM {mine} w CROSS JOIN {table} t ON t.{shape.id_column} = w.id WHERE t.import_id IS NOT NULL"
            ).fetchall()
        mixed = self._mixed(table, [row[0] for row in found])
        days = days_of_imports(self._conn, {row[1] for row in found}) if table in _PROPERTIES else {}
        for row_id, import_id, of_day, order_id, *more in found:
            keys, values = more[: len(place)], more[len(place) :]
            foreign = self._foreign_of(row_id, import_id, columns, values, mixed)
            known_by = None if not keys else keys[0] if shape.has_natural_key else rows.block_key(keys[0], keys[1:])
            if of_day is None:
                of_day = days.get(import_id)
            yield _Row(table, row_id, import_id, of_day, foreign, order_id, known_by)

    # -- one row

    def _foreign_of(
        self, row_id: int, import_id: int | None, columns: Sequence[str], values: Sequence[int | None],
        mixed: Mapping[int, Mapping[str, str | None]],
    ) -> dict[str, dict[str, int]]:
        """Return the amounts that have to be converted, by currency: nothing is nothing in every currency."""
        usual = None if import_id is None else self._foreign.get(import_id)
        told = mixed.get(row_id)
        if usual is None and told is None:
            return {}
        foreign: dict[str, dict[str, int]] = {}
        for column, value in zip(columns, values, strict=True):
            currency = usual if told is None else told.get(column, usual)
            if value and currency is not None:
                foreign.setdefault(currency, {})[column] = value
        return foreign

    def _mixed(self, table: str, ids: Sequence[int]) -> dict[int, dict[str, str | None]]:
        """Return, of rows that imports of different currencies speak of, the currency of each amount: that of who says it."""
        speaking = self._conn.execute(
            "SELECT f.import_id FROM import_fields f JOIN imports i USING(import_id) WHERE f.table_name = ? AND i.state = 'active'",
            (table,),
        ).fetchall()
        if len({self._foreign.get(import_id) for (import_id,) in speaking}) < 2:
            return {}
        shape = self._shape(table)
        column_of = {name: column for name, column in zip(shape.fields, shape.columns, strict=True) if column in AMOUNTS[table]}
        found: dict[int, dict[str, str | None]] = {}
        with derive.wanted(self._conn, ids) as mine:
            held = self._conn.execute(
                f"""SELECT h.row_id, h.import_id, h.asserted FROM {mine} w CROSS JOIN held h ON h.table_name = ? AND h.row_id = w.id
                  JOIN imports i USING(import_id) ORDER BY i.as_of, i.import_id""",
                (table,),
            )
            for row_id, import_id, asserted in held:
                told = found.setdefault(row_id, {})
                for name in json.loads(asserted):
                    if name in column_of:
                        told[column_of[name]] = self._foreign.get(import_id)
        return found

    def _rate(self, currency: str, day: Day) -> Rate | None:
        if (currency, day) not in self._met:
            self._met[currency, day] = None if self._rates is None else self._rates.on(currency, day)
        return self._met[currency, day]

    def _convert(self, row: _Row, day: Day) -> None:
        for currency, amounts in row.foreign.items():
            rate = self._rate(currency, day)
            assert rate is not None and self._rates is not None
            now = {column: converted(amount, rate.rate_e9, currency, self._rates.reporting) for column, amount in amounts.items()}
            self._converted.setdefault(row.table, []).append((row.row_id, now))
            self._store(row, currency, day, rate, amounts)
            if (key := (row.table, row.row_id, currency, day)) in self._before:
                self._after[key] = now

    def _lay_aside(self, row: _Row, currency: str, day: Day) -> None:
        """Take a row out of what counts, until there is a rate."""
        if row.table in _PROPERTIES:
            for own, amounts in row.foreign.items():
                self._converted.setdefault(row.table, []).append((row.row_id, dict.fromkeys(amounts)))
                self._store(row, own, day, None, amounts)
            return
        self._laid_aside.setdefault(row.table, {})[row.row_id] = (row, currency, day)

    def _write(self) -> None:
        """Write what was converted and laid aside: a row at a time would take several times as long."""
        for table, facts in self._converted.items():
            self._update(table, facts)
        self._converted.clear()
        for table, aside in self._laid_aside.items():
            self._take_out(table, aside)
        self._laid_aside.clear()
        self._conn.executemany(
            "INSERT INTO traded(table_name, row_id, place, order_id, import_id, currency, day, rate_day, rate_e9, says) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._entries,
        )
        self._entries.clear()

    def _take_out(self, table: str, aside: Mapping[int, tuple[_Row, str, Day]]) -> None:
        shape = self._shape(table)
        with derive.wanted(self._conn, aside) as mine:
            found = self._conn.execute(f"SELECT t.* FROM {mine} w CROSS JOIN {table} t ON t.{shape.id_column} = w.id")
            names = [entry[0] for entry in found.description]
            place = names.index(shape.id_column)
            kept = {shape.id_column} | ({"shop_id", "order_no", "source_id"} if table == "orders" else set())
            for values in found.fetchall():
                fact = {name: value for name, value in zip(names, values, strict=True) if value is not None and name not in kept}
                row, currency, day = aside[values[place]]
                if table == "po_lines":
                    self.purchase_orders.add(fact["po_id"])
                # Rows of whole reports have no id of their own while they are in no table.
                self._store(row, currency, day, None, fact, has_id=not shape.has_source)
            if table == "orders":
                cleared = ", ".join(f"{name} = NULL" for name in names if name not in kept)
                self._conn.execute(f"UPDATE orders SET {cleared} WHERE order_id IN (SELECT id FROM {mine})")
            else:
                self._conn.execute(f"DELETE FROM {table} WHERE {shape.id_column} IN (SELECT id FROM {mine})")

    def _store(
        self, row: _Row, currency: str, day: Day, rate: Rate | None, says: Mapping[str, Any], *, has_id: bool = True
    ) -> None:
        self._entries.append(
            (
                row.table, row.row_id if has_id else None, row.place, row.order_id, row.import_id, currency, day,
                rate and rate.day, rate and rate.rate_e9, _written(says),
            )
        )  # fmt: skip

    def _shape(self, table: str) -> Shape:
        if table not in self._shapes:
            self._shapes[table] = rows.shape(self._conn, table)
        return self._shapes[table]

    # -- unit costs

    def cost(self, import_id: int, day: Day, cost_e4: int) -> int | None:
        """Return what an import says a unit costs, as of ``day``, in the reporting currency; None without a rate."""
        currency = self._foreign.get(import_id)
        if currency is None:
            return cost_e4
        rate = self._rate(currency, day)
        return None if rate is None or self._rates is None else converted(cost_e4, rate.rate_e9, currency, self._rates.reporting)

    def foreign_imports(self) -> tuple[int, ...]:
        """Return the active imports whose amounts are in another currency."""
        return tuple(self._foreign)


def traded_of(conn: sqlite3.Connection, table: str, ids: Collection[int]) -> dict[int, list[AsTraded]]:
    """Return the amounts as traded of stored rows that have any in another currency, by row id."""
    found: dict[int, list[AsTraded]] = {}
    if table not in AMOUNTS:
        return found
    for row_id, currency, day, rate_day, rate_e9, says in rows.select_by(
        conn, "row_id, currency, day, rate_day, rate_e9, says", "traded", "row_id", list(ids), f"table_name = '{table}'"
    ):
        amounts = {name: value for name, value in json.loads(str(says)).items() if name in AMOUNTS[table]}
        rate = None if rate_e9 is None else Rate(int(str(rate_day)), int(str(rate_e9)))
        found.setdefault(int(str(row_id)), []).append(AsTraded(str(currency), int(str(day)), rate, amounts))
    return found


def traded_in(conn: sqlite3.Connection, table: str, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[AsTraded]]:
    """Return the amounts as traded of rows known by import and record; those all in the reporting currency are left out.

    Only imports of another currency are looked at, so that it costs nothing where there are none.
    """
    if table not in AMOUNTS or not places:
        return {}
    foreign = {
        import_id for (import_id,) in conn.execute(
            "SELECT i.import_id FROM imports i WHERE i.currency IS NOT NULL AND i.currency <> "
            "(SELECT value FROM setting WHERE name = 'reporting_currency')"
        )
    } & {import_id for import_id, _ in places}  # fmt: skip
    rows_at: dict[int, tuple[int, int]] = {}
    for import_id in foreign:
        records = sorted({record for one, record in places if one == import_id})
        for start in range(0, len(records), 500):
            some = ", ".join(map(str, records[start : start + 500]))
            for row_id, record in conn.execute(
                f"SELECT f.rowid, f.record FROM {table} f WHERE f.import_id = ? AND f.record IN ({some})", (import_id,)
            ):
                rows_at[row_id] = (import_id, record)
    found: dict[tuple[int, int], list[AsTraded]] = {}
    for row_id, amounts in traded_of(conn, table, rows_at.keys()).items():
        found.setdefault(rows_at[row_id], []).extend(amounts)
    return found


def days_of_imports(conn: sqlite3.Connection, imports: Collection[int]) -> dict[int, Day]:
    """Return the calendar day of each import's as-of, where its source is."""
    found = rows.select_by(
        conn, "i.import_id, i.as_of, s.tz", "imports i JOIN source s USING(source_id)", "i.import_id", list(imports)
    )
    return {import_id: _day(as_of, zone) for import_id, as_of, zone in found}  # type: ignore[misc,arg-type]


def _day(moment: int, zone: str | None) -> Day:
    local = (_EPOCH + timedelta(seconds=moment)).astimezone(ZoneInfo(zone or "UTC"))
    return (local.date() - date(1970, 1, 1)).days
