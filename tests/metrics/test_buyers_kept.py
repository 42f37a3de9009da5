"""What is kept of each buyer: the same bytes whichever way it came, and the same sums as the facts."""

from __future__ import annotations

import random
import sqlite3

import numpy as np
import pytest
from plain_facts import plain_facts
from random_shop import random_shop
from test_methods_customers import UNTIL, people_shop

from ecoperf_desktop.model.days import Period
from ecoperf_desktop.store import buyers, sums
from ecoperf_desktop.store.kept import buyer_measures
from ecoperf_desktop.store.views import VIEWS
from ecoperf_desktop.store.weeks import Cells


def _kept(conn: sqlite3.Connection, view: str) -> dict[int, bytes]:
    return dict(conn.execute("SELECT first_day, packed FROM sum_buyers WHERE view = ? ORDER BY first_day", (view,)))


@pytest.mark.parametrize("view", ["line", "order"])
@pytest.mark.parametrize("seed", range(3))
def test_orders_added_bit_by_bit_leave_the_same_bytes_as_a_rebuild(seed: int, view: str) -> None:
    conn = random_shop(seed, 200).conn
    roll = random.Random(seed)
    for order, in conn.execute("SELECT order_id FROM orders").fetchall():
        # Some of two orders of a day take back what the other had.
        conn.execute("UPDATE orders SET platform_fee_minor = ?, shipping_minor = ? WHERE order_id = ?",
                     (roll.choice([None, 0, 7, -7]), roll.choice([None, 0, 0, 9]), order))  # fmt: skip
    sums.ensure(conn)
    rebuilt = _kept(conn, view)
    measures = sums.by_view()[view]
    named = buyer_measures(view, measures)
    totals = ", ".join(f"COALESCE({sums.summed(measure)}, 0)" for measure in named)
    rows = conn.execute(
        f"SELECT day, COALESCE(shop_id, -1), COALESCE(channel_id, -1), COALESCE(region_id, -1), buyer_id, {totals} "
        f"FROM ({VIEWS[view].sql}) GROUP BY order_id ORDER BY order_id"
    ).fetchall()
    conn.execute("DELETE FROM sum_buyers")
    roll.shuffle(rows)
    for start in range(0, len(rows), 60):
        part = rows[start : start + 60]
        columns = [np.array([0 if value is None else value for value in column], np.int64) for column in zip(*part, strict=True)]
        chosen = np.array([row[4] is not None for row in part])
        buyers.add(conn, view, Cells(*columns[:3]), columns[3], columns[4], chosen, columns[5:])
    assert _kept(conn, view) == rebuilt
    assert rebuilt


def test_what_is_read_is_what_the_facts_say() -> None:
    store = people_shop(2)
    sums.ensure(store.conn)
    facts = plain_facts(store.conn)
    first, last = UNTIL - 200, UNTIL - 13
    lines = [line for line in facts.between(first, last).lines if line["buyer"] is not None]
    spent = buyers.read(buyers.rows_of(store.conn, "line"), "line", Period(first, last), ("net", "cost"), ("shop",))
    assert int(spent.sums["net"].sum()) == sum(line["net"] for line in lines)
    assert int(spent.sums["cost"].sum()) == sum(line["cost"] for line in lines)
    assert set(spent.buyers.tolist()) == {line["buyer"] for line in lines}
    assert (np.diff(spent.days) >= 0).all()
    second = buyers.read(buyers.rows_of(store.conn, "line"), "line", Period(first, last), ("net",), (), {"shop": [2]})
    assert int(second.sums["net"].sum()) == sum(line["net"] for line in lines if line["shop"] == "Second")
    refunded = buyers.read(buyers.rows_of(store.conn, "refund"), "refund", Period(0, last), ("goods",))
    assert int(refunded.sums["goods"].sum()) == sum(
        refund["goods"] for refund in facts.refunds if refund["buyer"] is not None and refund["day"] <= last
    )
    nothing = buyers.read(buyers.rows_of(store.conn, "line"), "line", Period(1, 2), ("net",), ("region",))
    assert (len(nothing.days), len(nothing.cells["region"])) == (0, 0)
