"""What an import or an undo touched, and so what has to be worked out again."""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from ecoperf_desktop.model.columns import Column, Int64, Numbers
from ecoperf_desktop.store import derive, reasons, rows
from ecoperf_desktop.store.costs import Costs, stated_in
from ecoperf_desktop.store.derive import Dirty
from ecoperf_desktop.store.fold import Change
from ecoperf_desktop.store.lines import LINES_AN_ORDER
from ecoperf_desktop.store.rows import Shape, Stored
from ecoperf_desktop.store.traded import Traded

# Facts that speak of an order, and those that may stand for others of their order.
_OF_AN_ORDER = ("refunds", "reviews", "surveys", "shipments")


class Touched:
    """Gathers days to sum again, and rows whose derived columns may have changed."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.dirty: Dirty = {}
        self.traded = Traded(conn, self.dirty)
        self.costs = Costs(conn, self.traded)
        self.orders: set[int] = set()
        self.buyers: set[int] = set()
        # orders that are no longer, or newly, their buyer's first
        self.regrouped: set[int] = set()
        self._accounts: set[int] = set()
        self._persons: set[int] = set()
        self._purchase_orders: set[int] = set()
        self._orders_spoken_of: dict[str, set[int]] = {}

    def new_rows(self, shape: Shape, taken: Mapping[str, Column], ids: Int64) -> None:
        """Note rows that were not there before, by their stored fields."""
        columns = {
            column: taken[name]
            for name, column in zip(shape.fields, shape.columns, strict=True)
            if name in taken
        }
        for name in shape.day_columns:
            if name in columns:
                derive.touch(self.dirty, shape.name, _distinct(columns[name]))
        mentioned = _mentioned_by(shape.name)
        self._note(
            shape.name,
            _ids(shape.name, ids),
            {name: _distinct(columns[name]) for name in mentioned if name in columns},
        )

    def changes(self, shape: Shape, changes: Iterable[Change]) -> None:
        """Note rows that are not what they were."""
        for change in changes:
            self.traded.note(shape.name, (change.row_id,))
            for fact in (change.before, change.after):
                if fact is not None:
                    self._fact(shape, change.row_id, fact)

    def stored(self, shape: Shape, condition: str) -> None:
        """Note stored rows that are about to go; ``condition`` is SQL of our own."""
        conn = self._conn
        for day in shape.day_columns:
            found = conn.execute(f"SELECT DISTINCT {day} FROM {shape.name} WHERE {condition}")
            derive.touch(self.dirty, shape.name, (row[0] for row in found))
        self.dirty.setdefault(shape.name, set())
        key = f"{shape.id_column} / {LINES_AN_ORDER}" if shape.name == "order_lines" else shape.id_column
        ids: Iterable[int] = ()
        if shape.name in ("orders", "order_lines", "customer", "purchase_orders"):
            ids = [
                row[0] for row in conn.execute(f"SELECT DISTINCT {key} FROM {shape.name} WHERE {condition}")
            ]
        self._note(
            shape.name,
            ids,
            {
                name: [
                    row[0]
                    for row in conn.execute(
                        f"SELECT DISTINCT {name} FROM {shape.name} WHERE {name} IS NOT NULL AND {condition}"
                    )
                ]
                for name in _mentioned_by(shape.name)
            },
        )

    def derive(self) -> None:
        """Work out the derived columns of everything noted, and the days that this touches."""
        conn, dirty = self._conn, self.dirty
        foreign = self._gather_foreign()
        derive.sale_days(conn, self.orders, dirty)
        self.traded.settle(foreign)
        self.buyers |= self.traded.buyers
        self._purchase_orders |= self.traded.purchase_orders
        self.costs.settle(self.orders | self._orders_spoken_of.get("order_lines", set()), dirty)
        moved = derive.persons(conn, self._accounts, self._persons)
        derive.first_orders(conn, self.buyers, moved, dirty)
        derive.touch_orders(conn, self.regrouped, dirty)
        derive.receipt_lines(conn, self._purchase_orders, dirty)
        for table, orders in self._orders_spoken_of.items():
            derive.touch_order_days(conn, table, orders, dirty)
        derive.replaced_lines(conn, self._orders_spoken_of.get("order_lines", ()), dirty)
        derive.replaced_refunds(conn, self._orders_spoken_of.get("refunds", ()), dirty)
        reasons.settle(conn, dirty.get("refunds", ()))

    def _gather_foreign(self) -> set[int]:
        """Return the orders with amounts in another currency among those noted: everything of theirs is worked out again."""
        if self.traded.is_quiet:
            return set()
        if "exchange_rates" in self.dirty:
            self.rates_changed(self.dirty["exchange_rates"])
        spoken_of = [self._orders_spoken_of.get(table, set()) for table in ("order_lines", "refunds")]
        foreign = self.traded.gather(self.orders.union(*spoken_of), self._purchase_orders)
        self.orders |= foreign
        if foreign:
            for table in ("order_lines", "refunds"):
                self._orders_spoken_of.setdefault(table, set()).update(foreign)
        return foreign

    def rates_changed(self, days: Collection[int]) -> None:
        """Note that other rates are known of these days."""
        self.traded.rates_changed(days)
        for import_id in self.traded.foreign_imports():
            self.costs.look_at(stated_in(self._conn, import_id))

    def _fact(self, shape: Shape, row_id: int, fact: Mapping[str, Stored]) -> None:
        derive.touch(self.dirty, shape.name, (fact.get(column) for column in shape.day_columns))
        row = row_id // LINES_AN_ORDER if shape.name == "order_lines" else row_id
        mentioned = {name: (fact[name],) for name in _mentioned_by(shape.name) if fact[name] is not None}
        self._note(shape.name, (row,), mentioned)  # type: ignore[arg-type]

    def _note(self, table: str, ids: Iterable[int], mentioned: Mapping[str, Iterable[int]]) -> None:
        match table:
            case "orders":
                self.orders.update(ids)
                self.buyers.update(mentioned.get("customer_id", ()))
            case "order_lines":
                self._orders_spoken_of.setdefault(table, set()).update(ids)
            case "customer":
                self._accounts.update(ids)
                self._persons.update(mentioned.get("person_hash", ()))
            case "purchase_orders":
                self._purchase_orders.update(ids)
            case "receipts" | "po_lines":
                self._purchase_orders.update(mentioned.get("po_id", ()))
            case _ if table in _OF_AN_ORDER:
                self._orders_spoken_of.setdefault(table, set()).update(mentioned.get("order_id", ()))


def _mentioned_by(table: str) -> tuple[str, ...]:
    """Return the columns whose rows have to be looked at again when a row of ``table`` changes."""
    match table:
        case "orders":
            return ("customer_id",)
        case "customer":
            return ("person_hash",)
        case "receipts" | "po_lines":
            return ("po_id",)
        case _:
            return ("order_id",) if table in _OF_AN_ORDER else ()


def _ids(table: str, ids: Int64) -> list[int]:
    listed: list[int] = (np.unique(ids // LINES_AN_ORDER) if table == "order_lines" else ids).tolist()
    return listed


def _distinct(column: Column) -> list[int]:
    assert isinstance(column, Numbers)
    distinct: list[int] = np.unique(column.values[rows.present(column, len(column))]).tolist()
    return distinct
