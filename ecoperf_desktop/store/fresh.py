"""Orders that an import brings first: their derived columns and sums worked out over columns, without reading rows back.

The plain way is ``Touched``: store, derive and sum again by day.  Both give the same
workspace; a property test holds them together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Bool, Coded, Column, Int64, Numbers, Reals
from ecoperf_desktop.store import rows, sums
from ecoperf_desktop.store.derive import VOID
from ecoperf_desktop.store.touched import Touched

# What waits to be summed is summed when it is larger than this, to bound the memory it takes.
_LINES_AT_ONCE = 250_000
# Columns no view of the sums reads.
_UNSUMMED = {"order_no", "currency", "line_no"}
_LATEST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Sales:
    """The gathered orders that are sales to known buyers; ``row`` is their place among all gathered orders."""

    row: NDArray[np.intp]
    order: Int64
    customer: Int64
    day: Int64
    moment: Int64


class FreshSales:
    """Gathers new orders and their lines, and sums them when all that decides about them is known."""

    def __init__(self, conn: sqlite3.Connection, touched: Touched) -> None:
        self._conn = conn
        self._touched = touched
        self._first_order = rows.largest_id(conn, "orders", "order_id") + 1
        # Customers above this id have no sale in the workspace yet.
        self._largest_customer = rows.largest_id(conn, "customer", "customer_id")
        self._has_sale = np.zeros(1024, dtype=bool)
        self._place = np.full(1024, -1, dtype=np.int64)
        # By place among the gathered orders: sale day, and whether there is one.
        self._sale_day = np.zeros(1024, dtype=np.int64)
        self._is_sale = np.zeros(1024, dtype=bool)
        self._orders: list[tuple[dict[str, Column], int]] = []
        self._lines: list[tuple[dict[str, Column], int]] = []
        self._line_orders: list[Int64] = []
        self._order_count = 0
        self._line_count = 0

    def derived(self, stored: Mapping[str, Column], count: int, basis: str) -> dict[str, Column]:
        """Return ``sale_day`` and ``is_first`` of new orders, the latter as far as this import is known yet."""
        day = _sale_days(stored, count, basis)
        is_sale = rows.present(day, count)
        buyer = stored.get("buyer")
        first = np.zeros(count, dtype=np.int64)
        bought = np.flatnonzero(is_sale & rows.present(buyer, count))
        if len(bought) and isinstance(buyer, Numbers):
            moment = _moments(stored, count)[bought]
            days = day.values[bought]
            if not _ascends(days, moment):
                bought = bought[np.lexsort((moment, days))]
            customers, at = np.unique(buyer.values[bought], return_index=True)
            self._has_sale = _grown(self._has_sale, int(customers[-1]) + 1, False)
            new = ~self._has_sale[customers] & (customers > self._largest_customer)
            first[bought[at[new]]] = 1
            self._has_sale[customers] = True
        known = np.zeros(count, dtype=bool)
        known[bought] = True
        return {"sale_day": day, "is_first": Numbers(first, ~known)}

    def add_orders(self, ids: Int64, columns: Mapping[str, Column]) -> None:
        """Gather orders that were just inserted, by their columns."""
        places = ids - self._first_order
        self._place = _grown(self._place, int(places.max()) + 1, -1)
        self._place[places] = np.arange(self._order_count, self._order_count + len(ids))
        kept = {name: column for name, column in columns.items() if name not in _UNSUMMED}
        self._orders.append(({**kept, "order_id": Numbers(ids)}, len(ids)))
        self._note_sale_days(columns.get("sale_day"), len(ids))
        self._order_count += len(ids)

    def takes(self, orders: Int64) -> Bool:
        """Say which of these orders are gathered here, so that their new lines belong here too."""
        places = orders - self._first_order
        inside = (places >= 0) & (places < len(self._place))
        taken = np.zeros(len(orders), dtype=bool)
        taken[inside] = self._place[places[inside]] >= 0
        return taken

    def line_costs(self, orders: Int64, stored: Mapping[str, Column]) -> dict[str, Column]:
        """Return ``product_cost_minor`` of new lines, where it is known and their orders are gathered here."""
        costs = self._touched.costs
        costs.has_new_lines = True
        if not len(costs.known.product):
            return {}
        places = orders - self._first_order
        inside = (places >= 0) & (places < len(self._place))
        order = self._place[places if inside.all() else np.where(inside, places, 0)]
        taken = inside & (order >= 0)
        cost = costs.of_lines(
            stored.get("sku"), stored.get("qty"), self._sale_day[order], taken & self._is_sale[order]
        )
        return {} if cost is None else {"product_cost_minor": cost}

    def _note_sale_days(self, days: Column | None, count: int) -> None:
        start, end = self._order_count, self._order_count + count
        self._sale_day = _grown(self._sale_day, end, 0)
        self._is_sale = _grown(self._is_sale, end, False)
        self._is_sale[start:end] = rows.present(days, count)
        if isinstance(days, Numbers):
            self._sale_day[start:end] = days.values

    def add_lines(self, orders: Int64, columns: Mapping[str, Column]) -> None:
        """Gather new lines of gathered orders."""
        kept = {name: column for name, column in columns.items() if name not in _UNSUMMED}
        self._lines.append((kept, len(orders)))
        self._line_orders.append(self._place[orders - self._first_order])
        self._line_count += len(orders)
        if self._line_count > _LINES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Settle who bought for the first time, and add what was gathered to the sums."""
        if not self._order_count:
            return
        orders = _joined(self._orders)
        lines = _joined(self._lines)
        line_order = np.concatenate(self._line_orders) if self._line_orders else np.empty(0, dtype=np.int64)
        orders["is_first"], buyers = self._settle_firsts(orders, self._order_count)
        sums.add_sales(self._conn, sums.NewSales(orders, lines, line_order, buyers))
        self._orders, self._lines, self._line_orders = [], [], []
        self._order_count = self._line_count = 0
        self._place[:] = -1
        # From now on these customers have what the workspace says of them.
        self._largest_customer = rows.largest_id(self._conn, "customer", "customer_id")

    def _settle_firsts(self, orders: dict[str, Column], count: int) -> tuple[Numbers, Numbers | None]:
        """Return each order's final ``is_first`` and buyer; write what the orders were not stored with."""
        was_first = orders["is_first"]
        customer = orders.get("customer_id")
        assert isinstance(was_first, Numbers)
        if not isinstance(customer, Numbers):
            return was_first, None
        sales = _sales_of(orders, customer, count)
        known = _Customers(self._conn, customer, self._largest_customer)
        buyers = known.buyer_of(customer.values)
        is_first = np.zeros(count, dtype=np.int64)
        heads = self._earliest(sales)
        head_customers = sales.customer[heads]
        wins = np.ones(len(heads), dtype=bool)
        for place in np.flatnonzero(head_customers <= self._largest_customer).tolist():
            head = int(heads[place])
            wins[place] = self._beats(known, sales, head)
        won = heads[wins]
        is_first[sales.row[won]] = 1
        changed = np.flatnonzero((is_first != was_first.values) & rows.present(was_first, count))
        order_ids = orders["order_id"]
        assert isinstance(order_ids, Numbers)
        self._conn.executemany(
            "UPDATE orders SET is_first = ? WHERE order_id = ?",
            zip(is_first[changed].tolist(), order_ids.values[changed].tolist(), strict=True),
        )
        self._write_firsts(sales, won)
        return Numbers(is_first, was_first.missing), Numbers(buyers, customer.missing)

    def _earliest(self, sales: _Sales) -> NDArray[np.intp]:
        """Return the first sale of each customer: by day, moment, order number and shop."""
        if not len(sales.order):
            return np.empty(0, dtype=np.intp)
        width = int(sales.customer.max()) + 1
        day = np.full(width, _LATEST)
        np.minimum.at(day, sales.customer, sales.day)
        early = np.flatnonzero(sales.day == day[sales.customer])
        moment = np.full(width, _LATEST)
        np.minimum.at(moment, sales.customer[early], sales.moment[early])
        early = early[sales.moment[early] == moment[sales.customer[early]]]
        counts = np.bincount(sales.customer[early], minlength=width)
        tied = early[counts[sales.customer[early]] > 1]
        single = early[counts[sales.customer[early]] == 1]
        best: dict[int, tuple[tuple[str, str], int]] = {}
        texts = self._texts(sales.order[tied].tolist())
        for sale in tied.tolist():
            rank = (texts[int(sales.order[sale])], sale)
            customer = int(sales.customer[sale])
            best[customer] = min(best.get(customer, rank), rank)
        chosen = np.array([sale for _, sale in best.values()], dtype=np.intp)
        return np.concatenate([single, chosen])

    def _beats(self, known: _Customers, sales: _Sales, head: int) -> bool:
        """Say whether a customer's first sale here is the first of all; what it displaces is no longer first."""
        customer = int(sales.customer[head])
        before = known.first_of(customer)
        day = int(sales.day[head])
        if before is None:
            if known.is_joined(customer):
                self._touched.buyers.add(customer)
                return False
            return True
        first_day, first_order = before
        if first_day < day:
            return False
        if known.is_joined(customer):
            # Several accounts share this first sale: the plain way looks at all of them.
            self._touched.buyers.add(customer)
            return False
        if first_day == day:
            mine = int(sales.order[head])
            texts = self._texts([mine, first_order])
            query = "SELECT coalesce(placed_ts, paid_ts, 0) FROM orders WHERE order_id = ?"
            moment = self._conn.execute(query, (first_order,)).fetchone()[0]
            if (moment, texts[first_order]) < (int(sales.moment[head]), texts[mine]):
                return False
        self._conn.execute("UPDATE orders SET is_first = 0 WHERE order_id = ?", (first_order,))
        self._touched.regrouped.add(first_order)
        return True

    def _write_firsts(self, sales: _Sales, won: NDArray[np.intp]) -> None:
        by_customer = won[np.argsort(sales.customer[won])]
        self._conn.executemany(
            "UPDATE customer SET first_order_id = ?, first_sale_day = ? WHERE customer_id = ?",
            zip(
                sales.order[by_customer].tolist(),
                sales.day[by_customer].tolist(),
                sales.customer[by_customer].tolist(),
                strict=True,
            ),
        )

    def _texts(self, orders: Sequence[int]) -> dict[int, tuple[str, str]]:
        found = rows.select_by(
            self._conn,
            "o.order_id, o.order_no, s.name",
            "orders o JOIN shop s USING(shop_id)",
            "o.order_id",
            orders,
        )
        return {order: (number, shop) for order, number, shop in found}  # type: ignore[misc]


class _Customers:
    """What the workspace knows of customers that were there before."""

    def __init__(self, conn: sqlite3.Connection, customer: Numbers, largest: int) -> None:
        named = customer.values[rows.present(customer, len(customer)) & (customer.values <= largest)]
        columns = "customer_id, buyer_id, person_hash IS NOT NULL, first_sale_day, first_order_id"
        found = rows.select_by(conn, columns, "customer", "customer_id", np.unique(named).tolist())
        self._known: dict[int, tuple[Any, ...]] = {row[0]: row[1:] for row in found}  # type: ignore[misc]

    def first_of(self, customer: int) -> tuple[int, int] | None:
        """Return day and order of the customer's first sale so far."""
        _, _, day, order = self._known[customer]
        return None if day is None or order is None else (int(day), int(order))

    def is_joined(self, customer: int) -> bool:
        """Say whether other accounts may belong to the same person."""
        return bool(self._known[customer][1])

    def buyer_of(self, customers: Int64) -> Int64:
        """Return the row that stands for each customer's person; a new one stands for itself."""
        joined = {customer: row[0] for customer, row in self._known.items() if row[0] != customer}
        if not joined:
            return customers
        buyers = np.arange(int(customers.max()) + 1)
        buyers[list(joined)] = list(joined.values())
        return buyers[customers]


def _sale_days(stored: Mapping[str, Column], count: int, basis: str) -> Numbers:
    day = stored.get("placed_day" if basis == "placed" else "paid_day")
    missing = ~rows.present(day, count)
    status = stored.get("status")
    if isinstance(status, Coded) and VOID in status.words:
        missing |= status.codes == list(status.words).index(VOID)
    test = stored.get("is_test")
    if isinstance(test, Numbers):
        missing |= rows.present(test, count) & (test.values == 1)
    values = day.values if isinstance(day, Numbers) else np.zeros(count, dtype=np.int64)
    return Numbers(values, missing if missing.any() else None)


def _moments(stored: Mapping[str, Column], count: int) -> Int64:
    """Return when each order was placed, else paid, else 0."""
    moment = np.zeros(count, dtype=np.int64)
    for name in ("paid_ts", "placed_ts"):
        column = stored.get(name)
        if isinstance(column, Numbers):
            moment = np.where(rows.present(column, count), column.values, moment)
    return moment


def _sales_of(orders: Mapping[str, Column], customer: Numbers, count: int) -> _Sales:
    day, order = orders["sale_day"], orders["order_id"]
    assert isinstance(day, Numbers) and isinstance(order, Numbers)
    row = np.flatnonzero(rows.present(day, count) & rows.present(customer, count))
    moment = _moments(orders, count)
    return _Sales(row, order.values[row], customer.values[row], day.values[row], moment[row])


def _ascends(days: Int64, moments: Int64) -> bool:
    steps = np.diff(days)
    return bool(((steps > 0) | ((steps == 0) & (np.diff(moments) >= 0))).all())


_Kind = TypeVar("_Kind", bound=np.generic)


def _grown(array: NDArray[_Kind], length: int, value: object) -> NDArray[_Kind]:
    """Return the array with room for ``length``, filled up with ``value``."""
    if length <= len(array):
        return array
    longer = np.full(max(length, 2 * len(array)), value, dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def _joined(parts: Sequence[tuple[Mapping[str, Column], int]]) -> dict[str, Column]:
    """Put stretches one after the other; where one lacks a column it is missing there."""
    names = dict.fromkeys(name for columns, _ in parts for name in columns)
    return {name: _joined_column([(columns.get(name), count) for columns, count in parts]) for name in names}


def _joined_column(parts: Sequence[tuple[Column | None, int]]) -> Column:
    if any(isinstance(column, Coded) for column, _ in parts):
        return _joined_words(parts)
    numbers = [(column if isinstance(column, Numbers | Reals) else None, count) for column, count in parts]
    kind = next(type(column) for column, _ in numbers if column is not None)
    # Zeros of whole numbers where a stretch lacks the column: they neither show nor change the type.
    values = np.concatenate([np.zeros(count, np.int64) if one is None else one.values for one, count in numbers])
    if all(one is not None and one.missing is None for one, _ in numbers):
        return kind(values)
    return kind(values, np.concatenate([~rows.present(one, count) for one, count in numbers]))


def _joined_words(parts: Sequence[tuple[Column | None, int]]) -> Coded:
    places: dict[str, int] = {}
    codes = []
    for column, count in parts:
        if not isinstance(column, Coded):
            codes.append(np.full(count, -1, dtype=np.int32))
            continue
        mapped = [places.setdefault(word, len(places)) for word in column.words]
        codes.append(np.array([*mapped, -1], dtype=np.int32)[column.codes])
    return Coded(np.concatenate(codes), list(places))
