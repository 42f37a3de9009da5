"""Columns that follow from facts alone: sale day, first order, person, purchase-order line of a receipt.

Each function works out again what the named rows touch and returns nothing but the
days it touched, so that the order in which files come in leaves no trace.
"""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Dirty: TypeAlias = "dict[str, set[int]]"

# Status of an order that never was a sale.
VOID = "void"

# Rows that bear an order's shop and channel in the sums, and their days.
_OF_ORDERS = {
    "refunds": ("refund_day", "requested_day"),
    "reviews": ("day",),
    "surveys": ("day",),
    "shipments": ("day", "promised_day", "due_dispatch_day", "delivered_day"),
}
ORDER_DAYS = ("placed_day", "paid_day", "cancel_day", "sale_day")


def touch(dirty: Dirty, table: str, days: Iterable[object]) -> None:
    """Add days to what has to be summed again; None is no day."""
    dirty.setdefault(table, set()).update(day for day in days if day is not None)  # type: ignore[misc]


def sale_days(conn: sqlite3.Connection, orders: Iterable[int], dirty: Dirty) -> None:
    """Work out the sale day of stored orders again, by the recognition basis of the source that asserts them.

    Everything that bears their days or their shop and channel becomes dirty.
    """
    orders = set(orders)
    if not orders:
        return
    with wanted(conn, orders) as mine:
        _touch_orders(conn, mine, dirty)
        conn.execute(
            f"""UPDATE orders SET
              source_id = coalesce((SELECT i.source_id FROM imports i WHERE i.import_id = orders.import_id), source_id)
              WHERE order_id IN (SELECT id FROM {mine})"""
        )
        conn.execute(
            f"""UPDATE orders SET sale_day = CASE
                WHEN import_id IS NULL OR coalesce(status, '') = '{VOID}' OR coalesce(is_test, 0) = 1 THEN NULL
                WHEN (SELECT s.recognition_basis FROM source s WHERE s.source_id = orders.source_id) = 'placed'
                THEN placed_day ELSE paid_day END
              WHERE order_id IN (SELECT id FROM {mine})"""
        )
        conn.execute(
            f"""UPDATE orders SET is_first = NULL WHERE order_id IN (SELECT id FROM {mine})
              AND is_first IS NOT NULL AND (sale_day IS NULL OR customer_id IS NULL)"""
        )
        _touch_orders(conn, mine, dirty)
        _touch_dependents(conn, mine, dirty)


def touch_orders(conn: sqlite3.Connection, orders: Iterable[int], dirty: Dirty) -> None:
    """Make dirty every day on which these orders, or what belongs to them, count."""
    orders = set(orders)
    if not orders:
        return
    with wanted(conn, orders) as mine:
        _touch_orders(conn, mine, dirty)
        _touch_dependents(conn, mine, dirty)


def touch_order_days(conn: sqlite3.Connection, table: str, orders: Iterable[int], dirty: Dirty) -> None:
    """Make the days of orders dirty for rows of ``table`` that speak of them.

    A line has no other day, and returns are also followed by the day of their sale.
    """
    orders = set(orders)
    if not orders:
        return
    with wanted(conn, orders) as mine:
        touch(dirty, table, _days(conn, "orders", ORDER_DAYS, f"order_id IN (SELECT id FROM {mine})"))


def persons(conn: sqlite3.Connection, customers: Iterable[int], hashes: Iterable[int]) -> set[int]:
    """Join accounts of one person again, for these accounts and these person hashes.

    Returns the accounts whose buyer changed: their orders have to be looked at by ``first_orders``.
    """
    customers, hashes = set(customers), set(hashes)
    if not customers:
        return set()
    with wanted(conn, customers) as accounts, wanted(conn, hashes) as joined:
        regrouped = conn.execute(
            f"""SELECT c.customer_id, coalesce((SELECT min(o.customer_id) FROM customer o
                WHERE o.person_hash = c.person_hash AND o.source_id = c.source_id), c.customer_id) AS buyer, c.buyer_id
              FROM customer c WHERE c.customer_id IN (SELECT id FROM {accounts})
                OR c.person_hash IN (SELECT id FROM {joined})
                OR c.person_hash IN (SELECT person_hash FROM customer WHERE customer_id IN (SELECT id FROM {accounts}))"""
        ).fetchall()
    moved = [(buyer, customer) for customer, buyer, before in regrouped if buyer != before]
    left = {before for _, buyer, before in regrouped if buyer != before}
    conn.executemany("UPDATE customer SET buyer_id = ? WHERE customer_id = ?", moved)
    return {customer for _, customer in moved} | left


def first_orders(
    conn: sqlite3.Connection, customers: Iterable[int], moved: Iterable[int], dirty: Dirty
) -> None:
    """Find each buyer's first ever sale again, for the buyers of these accounts.

    The earliest sale day counts, then the earliest moment, then order number and
    shop.  ``moved`` are accounts whose buyer changed: every day of theirs is dirty.
    """
    moved = set(moved)
    looked_at = {*customers, *moved}
    if not looked_at:
        return
    with wanted(conn, looked_at) as accounts, _table(conn) as buyers:
        conn.execute(
            f"""INSERT INTO {buyers} SELECT customer_id FROM customer
              WHERE buyer_id IN (SELECT buyer_id FROM customer WHERE customer_id IN (SELECT id FROM {accounts}))"""
        )
        if conn.execute(f"SELECT 1 FROM {buyers} LIMIT 1").fetchone() is None:
            return
        # CROSS JOIN: one pass over the orders, which have no index by customer.
        sales = conn.execute(
            f"""SELECT c.buyer_id, o.order_id, o.sale_day, o.is_first, o.customer_id
              FROM orders o CROSS JOIN {buyers} b ON b.id = o.customer_id JOIN customer c ON c.customer_id = o.customer_id
              JOIN shop s ON s.shop_id = o.shop_id WHERE o.sale_day IS NOT NULL
              ORDER BY c.buyer_id, o.sale_day, coalesce(o.placed_ts, o.paid_ts, 0), o.order_no, s.name"""
        )
        flags: list[tuple[int, int]] = []
        firsts: dict[int, tuple[int, int]] = {}
        touched: list[int] = []
        for buyer, order, day, was_first, customer in sales:
            is_first = int(buyer not in firsts)
            if is_first:
                firsts[buyer] = (order, day)
            if is_first != was_first:
                flags.append((is_first, order))
            if is_first != was_first or customer in moved:
                touched.append(order)
        conn.executemany("UPDATE orders SET is_first = ? WHERE order_id = ?", flags)
        known = conn.execute(
            f"""SELECT customer_id, buyer_id, first_order_id, first_sale_day FROM customer
              WHERE customer_id IN (SELECT id FROM {buyers})"""
        ).fetchall()
        conn.executemany(
            "UPDATE customer SET first_order_id = ?, first_sale_day = ? WHERE customer_id = ?",
            (
                (*firsts.get(buyer, (None, None)), customer)
                for customer, buyer, *before in known
                if tuple(before) != firsts.get(buyer, (None, None))
            ),
        )
    touch_orders(conn, touched, dirty)
    if moved:
        # Refunds of orders that no file has brought are their buyer's nevertheless.
        with wanted(conn, moved) as accounts:
            touch(dirty, "refunds", _days(conn, "refunds", ("refund_day",), f"customer_id IN (SELECT id FROM {accounts})"))


def replaced_lines(conn: sqlite3.Connection, orders: Iterable[int], dirty: Dirty) -> None:
    """Let lines that stand for a whole order count only while no other line of it is known."""
    # As the index over them says it; a line that no longer stands for its order must lose the mark too.
    marked = "coalesce(is_whole, is_replaced) IS NOT NULL"
    orders = set(orders)
    if not orders or conn.execute(f"SELECT 1 FROM order_lines WHERE {marked} LIMIT 1").fetchone() is None:
        return
    with wanted(conn, orders) as mine:
        conn.execute(
            f"""UPDATE order_lines SET is_replaced = CASE WHEN is_whole = 1 AND EXISTS (SELECT 1 FROM order_lines l
                WHERE l.line_id >= (order_lines.line_id / 65536) * 65536
                  AND l.line_id < (order_lines.line_id / 65536 + 1) * 65536 AND coalesce(l.is_whole, 0) = 0) THEN 1 END
              WHERE {marked} AND line_id / 65536 IN (SELECT id FROM {mine})"""
        )
        touch(dirty, "order_lines", _days(conn, "orders", ORDER_DAYS, f"order_id IN (SELECT id FROM {mine})"))


def replaced_refunds(conn: sqlite3.Connection, orders: Iterable[int], dirty: Dirty) -> None:
    """Let an undated refund of an order count only while no dated one of it is known."""
    orders = set(orders)
    if not orders:
        return
    with wanted(conn, orders) as mine:
        of_mine = f"order_id IN (SELECT id FROM {mine})"
        conn.execute(
            f"""UPDATE refunds SET is_replaced = CASE WHEN is_dated = 0 AND EXISTS (SELECT 1 FROM refunds r
                WHERE r.order_id = refunds.order_id AND coalesce(r.is_dated, 1) <> 0) THEN 1 END
              WHERE {of_mine} AND (is_dated = 0 OR is_replaced IS NOT NULL)"""
        )
        touch(dirty, "refunds", _days(conn, "refunds", _OF_ORDERS["refunds"], of_mine))


def receipt_lines(conn: sqlite3.Connection, purchase_orders: Iterable[int], dirty: Dirty) -> None:
    """Find the purchase-order line of each receipt again: by line number, else by SKU."""
    purchase_orders = set(purchase_orders)
    if not purchase_orders:
        return
    with wanted(conn, purchase_orders) as mine:
        condition = f"po_id IN (SELECT id FROM {mine})"
        conn.execute(
            f"""UPDATE receipts SET po_line_id = coalesce(
                (SELECT p.po_line_id FROM po_lines p WHERE p.po_id = receipts.po_id AND p.line_no = receipts.line_no
                  ORDER BY p.natural_key LIMIT 1),
                (SELECT p.po_line_id FROM po_lines p WHERE p.po_id = receipts.po_id AND p.product_id = receipts.product_id
                  ORDER BY p.natural_key LIMIT 1))
              WHERE {condition}"""
        )
        touch(dirty, "receipts", _days(conn, "receipts", ("received_day",), condition))
        touch(dirty, "po_lines", _days(conn, "po_lines", ("promised_day", "requested_day"), condition))
        touch(dirty, "purchase_orders", _days(conn, "purchase_orders", ("ordered_day",), condition))


def _touch_orders(conn: sqlite3.Connection, orders: str, dirty: Dirty) -> None:
    days = list(_days(conn, "orders", ORDER_DAYS, f"order_id IN (SELECT id FROM {orders})"))
    touch(dirty, "orders", days)
    touch(dirty, "order_lines", days)


def _touch_dependents(conn: sqlite3.Connection, orders: str, dirty: Dirty) -> None:
    """Make dirty what bears shop, channel or first sale of these orders."""
    bearing = f"order_id IN (SELECT id FROM {orders})"
    for table, columns in _OF_ORDERS.items():
        touch(dirty, table, _days(conn, table, columns, bearing))


def _days(conn: sqlite3.Connection, table: str, columns: Iterable[str], condition: str) -> Iterator[int]:
    for column in columns:
        query = f"SELECT DISTINCT {column} FROM {table} WHERE {condition} AND {column} IS NOT NULL"
        for (day,) in conn.execute(query):
            yield day


class _table:
    """A temporary table of ids, for the length of a ``with``."""

    _count = 0

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        _table._count += 1
        self._name = f"temp.wanted_{_table._count}"

    def __enter__(self) -> str:
        self._conn.execute(f"CREATE TABLE {self._name}(id INTEGER PRIMARY KEY)")
        return self._name

    def __exit__(self, *_: object) -> None:
        self._conn.execute(f"DROP TABLE IF EXISTS {self._name}")


class wanted(_table):
    """The same, filled with ids."""

    def __init__(self, conn: sqlite3.Connection, ids: Iterable[int]) -> None:
        super().__init__(conn)
        self._ids = ids

    def __enter__(self) -> str:
        name = super().__enter__()
        self._conn.executemany(f"INSERT OR IGNORE INTO {name} VALUES (?)", ((int(one),) for one in self._ids))
        return name
