"""Daily sums and weeks' arrays are always those that the facts give."""

from __future__ import annotations

import os
import random
import sqlite3
from typing import Any

import numpy as np
import pytest
from catalogue_facts import DAY_1, SmallStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_shop import random_shop

from ecoperf_desktop.model.columns import Coded, Column, Numbers
from ecoperf_desktop.store import kept, products, sums
from ecoperf_desktop.store.new_sales import NewSales
from ecoperf_desktop.store.views import VIEWS


def _kept(conn: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    names = [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        name: sorted(conn.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for name in names
        if name.startswith(("sum_", "week_"))
    }


def _rebuilt(conn: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert sums.ensure(conn)
    return _kept(conn)


def _column(values: list[Any]) -> Column:
    missing = np.array([value is None for value in values])
    if any(isinstance(value, str) for value in values):
        words = sorted({value for value in values if value is not None})
        return Coded(np.array([-1 if value is None else words.index(value) for value in values], np.int32), words)
    return Numbers(np.array([value or 0 for value in values], np.int64), missing if missing.any() else None)


def _added(store: SmallStore, roll: random.Random, orders: int) -> NewSales:
    """Store new orders with lines and return them as the loader would."""
    columns: dict[str, list[Any]] = {}
    lines: dict[str, list[Any]] = {}
    line_order: list[int] = []
    buyers: list[int | None] = []
    names = ("order_id", "shop_id", "channel_id", "customer_id", "region_id", "agent_id", "campaign_id", "device", "status",
             "is_test", "is_first", "placed_day", "paid_day", "sale_day", "cancel_day", "shipping_minor", "tax_added_minor")  # fmt: skip
    for place in range(orders):
        day = DAY_1 + roll.randrange(40)
        buyer = roll.choice([None, 1, 2, 3])
        sale = roll.choice([day, day, day + 1, None])
        order = store.order(
            sale,
            *[
                {"product_id": roll.choice([None, 1, 2, 3]), "qty": roll.randrange(-2, 5), "gross_minor": roll.randrange(10**roll.randrange(1, 12)),
                 "discount_minor": roll.choice([None, 0, 5]), "cost_minor": roll.choice([None, 3]), "is_gift": roll.choice([None, 0, 1])}
                for _ in range(roll.randrange(4))
            ],
            buyer=buyer, placed_day=day, channel_id=roll.choice([None, 1, 2]), region_id=roll.choice([None, 1, 2]),
            agent_id=roll.choice([None, 1]), is_test=roll.choice([None, 0, 1]), is_first=roll.choice([0, 1]) if buyer and sale else None,
            paid_day=sale, status=roll.choice([None, "paid", "cancelled"]), shipping_minor=roll.choice([None, 4]),
        )  # fmt: skip
        row = store.conn.execute(f"SELECT {', '.join(names)} FROM orders WHERE order_id = ?", (order,)).fetchone()
        for name, value in zip(names, row, strict=True):
            columns.setdefault(name, []).append(value)
        buyers.append(buyer)
        of_lines = ("line_id", "product_id", "qty", "gross_minor", "discount_minor", "cost_minor", "is_gift")
        for line in store.conn.execute(
            f"SELECT {', '.join(of_lines)} FROM order_lines WHERE line_id / 65536 = ?", (order,)
        ).fetchall():
            line_order.append(place)
            for name, value in zip(of_lines, line, strict=True):
                lines.setdefault(name, []).append(value)
    known = _column(buyers)
    assert isinstance(known, Numbers)
    return NewSales(
        {name: _column(values) for name, values in columns.items()},
        {name: _column(values) for name, values in lines.items()},
        np.array(line_order, np.int64),
        known,
    )


@settings(max_examples=25 if os.environ.get("CI") == "true" else 10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_new_sales_added_are_what_the_facts_give(seed: int, batches: list[int]) -> None:
    roll = random.Random(seed)
    store = SmallStore()
    for number in range(3):
        store.add("product", sku=f"S{number}")
        store.add("region", name=f"R{number}")
        store.add("staff", name=f"A{number}")
    sums.ensure(store.conn)
    for orders in batches:
        sums.add_sales(store.conn, _added(store, roll, orders))
    before = _kept(store.conn)
    assert before == _rebuilt(store.conn)


def test_every_view_of_sales_is_read_without_going_back_to_the_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    store = SmallStore()
    store.add("product", sku="S")
    sums.ensure(store.conn)

    def forbidden(*_: object) -> None:
        raise AssertionError("a view of sales was summed from the facts")

    monkeypatch.setattr(sums, "_recompute", forbidden)
    new = _added(store, random.Random(1), 20)
    sums.add_sales(store.conn, new)
    assert store.conn.execute("SELECT SUM(count) FROM sum_placed_order").fetchone()[0] > 0


_CHANGES = (
    ("orders", "UPDATE orders SET channel_id = 2, is_first = 0 WHERE order_id % 7 = 3"),
    ("order_lines", "UPDATE order_lines SET gross_minor = gross_minor + 9 WHERE line_id % 5 = 1"),
    ("order_lines", "DELETE FROM order_lines WHERE line_id % 3 = 1"),
    ("refunds", "UPDATE refunds SET goods_minor = 1 WHERE refund_id % 2 = 1"),
    ("ad_performance", "DELETE FROM ad_performance WHERE row_id % 4 = 1"),
    ("reviews", "UPDATE reviews SET stars = 5"),
    ("support_conversations", "DELETE FROM support_conversations WHERE conversation_id % 2 = 1"),
    ("shipments", "UPDATE shipments SET undamaged = 0, delivered_ts = delivered_ts + 7 WHERE shipment_id % 2 = 0"),
    ("inventory_snapshots", "DELETE FROM inventory_snapshots WHERE row_id % 9 = 1"),
    ("site_traffic", "UPDATE site_traffic SET sessions = sessions + 1 WHERE variant = 'device'"),
)
_DAYS = {
    "orders": ("sale_day", "placed_day"), "refunds": ("refund_day",), "shipments": ("day", "promised_day", "delivered_day"),
}  # fmt: skip


def _days(conn: sqlite3.Connection, table: str) -> set[int]:
    of = "orders" if table == "order_lines" else table
    return {
        row[0]
        for column in _DAYS.get(of, ("day",))
        for row in conn.execute(f"SELECT DISTINCT {column} FROM {of} WHERE {column} IS NOT NULL")
    }


@pytest.mark.parametrize("seed", range(3))
def test_after_changes_the_touched_days_are_what_the_facts_give(seed: int) -> None:
    store = random_shop(seed)
    sums.ensure(store.conn)
    changes = list(_CHANGES)
    random.Random(seed).shuffle(changes)
    for table, change in changes:
        dirty = {table: _days(store.conn, table)}
        store.conn.execute(change)
        dirty[table] |= _days(store.conn, table)
        if table == "orders":
            dirty["refunds"] = _days(store.conn, "refunds")
        sums.refresh(store.conn, dirty)
    assert _kept(store.conn) == _rebuilt(store.conn)


def test_without_facts_nothing_is_left() -> None:
    store = random_shop(5)
    sums.ensure(store.conn)
    tables = {table for view in VIEWS.values() for table in view.tables}
    dirty = {table: set(range(DAY_1 - 5, DAY_1 + 120)) for table in tables}
    for table in tables:
        store.conn.execute(f"DELETE FROM {table}")
    sums.refresh(store.conn, dirty)
    assert {name: rows for name, rows in _kept(store.conn).items() if rows} == {}


def test_only_the_touched_days_are_summed_again() -> None:
    store = random_shop(5)
    sums.ensure(store.conn)
    store.conn.execute("UPDATE sum_ad SET clicks = -1")
    sums.refresh(store.conn, {"ad_performance": {DAY_1 + 1}})
    assert store.conn.execute("SELECT COUNT(*) FROM sum_ad WHERE clicks = -1").fetchone()[0] > 0
    assert store.conn.execute("SELECT COUNT(*) FROM sum_ad WHERE clicks = -1 AND day = ?", (DAY_1 + 1,)).fetchone()[0] == 0


def test_a_second_look_at_unchanged_declarations_does_nothing() -> None:
    store = SmallStore()
    assert sums.ensure(store.conn)
    assert not sums.ensure(store.conn)
    assert sums.are_current(store.conn)


def test_amounts_of_any_size_are_kept_exactly() -> None:
    store = SmallStore()
    store.add("product", sku="S")
    store.order(DAY_1, {"product_id": 1, "gross_minor": 7 * 10**12}, is_test=0)
    sums.ensure(store.conn)
    place = products.SUMS + [measure.name for measure in kept.product_measures("line", sums.by_view()["line"])].index("net")
    blocks = [block for span in ("day", "month") for _, block in products.read(store.conn, "line", span, [kept.month_of(DAY_1), DAY_1])]
    assert products.column_of(blocks, place).tolist() == [7 * 10**12] * 2


def test_stretches_make_whole_weeks_and_months() -> None:
    for day in range(DAY_1 - 400, DAY_1 + 400):
        first = kept.stretch_of(day)
        assert first <= day <= kept.last_of(first)
        assert kept.stretch_of(kept.last_of(first) + 1) == kept.last_of(first) + 1
