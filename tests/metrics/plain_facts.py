"""Facts of a small store as plain rows, read from the tables without the program's views, for slow evaluations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore

Row = dict[str, Any]
_NAMES = {
    "shop": ("shop", "shop_id", "name"), "channel": ("channel", "channel_id", "name"), "region": ("region", "region_id", "name"),
    "campaign": ("campaign", "campaign_id", "name"), "agent": ("staff", "staff_id", "name"),
    "category": ("category", "category_id", "name"), "supplier": ("supplier", "supplier_id", "name"), "product": ("product", "product_id", "sku"),
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Orders, their lines, and refunds; each row has its day, its dimensions by name (empty: none) and its values."""

    orders: list[Row]
    lines: list[Row]
    refunds: list[Row]

    def only(self, **keys: str) -> Facts:
        def chosen(rows: list[Row]) -> list[Row]:
            return [row for row in rows if all(row.get(name, key) == key for name, key in keys.items())]

        return Facts(chosen(self.orders), chosen(self.lines), chosen(self.refunds))

    def between(self, first: int, last: int) -> Facts:
        def chosen(rows: list[Row]) -> list[Row]:
            return [row for row in rows if first <= row["day"] <= last]

        return replace(self, orders=chosen(self.orders), lines=chosen(self.lines), refunds=chosen(self.refunds))

    def keys(self, dimension: str) -> set[str]:
        return {row[dimension] for rows in (self.orders, self.lines, self.refunds) for row in rows if dimension in row}


def plain_facts(conn: sqlite3.Connection) -> Facts:
    """Read everything, joined by hand."""
    conn.row_factory = sqlite3.Row
    try:
        tables = {
            table: [dict(row) for row in conn.execute(f"SELECT * FROM {table}")]
            for table in ("orders", "order_lines", "refunds", "customer", "product", *{name[0] for name in _NAMES.values()})
        }
    finally:
        conn.row_factory = None
    names = {
        dimension: {row[key]: row[name] for row in tables[table]} for dimension, (table, key, name) in _NAMES.items()
    }
    person = {row["customer_id"]: row["buyer_id"] for row in tables["customer"]}
    products = {row["product_id"]: row for row in tables["product"]}

    def named(row: Row, *dimensions: str) -> Row:
        found = {}
        for dimension in dimensions:
            key = row.get(_NAMES[dimension][1]) if dimension != "agent" else row.get("agent_id")
            found[dimension] = "" if key is None else names[dimension][key]
        return found

    of_order = {}
    orders = []
    for row in tables["orders"]:
        if row["sale_day"] is None or row["is_test"] == 1:
            continue
        one = {
            **named(row, "shop", "channel", "region", "campaign", "agent"), "device": row["device"] or "", "day": row["sale_day"],
            "id": row["order_id"], "buyer": person.get(row["customer_id"]), "is_first": row["is_first"],
            "shipping": row["shipping_minor"] or 0,
            "fees": sum(row[name] or 0 for name in ("platform_fee_minor", "payment_fee_minor", "fulfil_cost_minor")),
        }  # fmt: skip
        of_order[row["order_id"]] = one
        orders.append(one)
    lines = []
    for row in tables["order_lines"]:
        order = of_order.get(row["line_id"] // 65536)
        if order is None or row["is_replaced"]:
            continue
        goods = products.get(row["product_id"], {})
        cost = row["cost_minor"] if row["cost_minor"] is not None else row["product_cost_minor"]
        lines.append({
            **order, **named({"product_id": row["product_id"], **{k: goods.get(k) for k in ("category_id", "supplier_id")}},
                             "product", "category", "supplier"),
            "net": row["gross_minor"] - (row["discount_minor"] or 0), "qty": row["qty"], "is_gift": row["is_gift"] or 0,
            "tax": row["tax_in_price_minor"] or 0, "cost": cost or 0,
        })  # fmt: skip
    everything = {row["order_id"]: row for row in tables["orders"]}
    refunds = []
    for row in tables["refunds"]:
        order = everything.get(row["order_id"], {})
        if (row["status"] or "done") != "done" or row["is_replaced"] or order.get("is_test") == 1:
            continue
        if order and order["sale_day"] is None:
            continue
        goods = products.get(row["product_id"], {})
        joined = {
            "shop_id": row["shop_id"], "product_id": row["product_id"], "category_id": goods.get("category_id"), "supplier_id": goods.get("supplier_id"),
            **{name: row[name] if row[name] is not None else order.get(name) for name in ("channel_id", "region_id")},
            **{name: order.get(name) for name in ("campaign_id", "agent_id")},
        }  # fmt: skip
        customer = row["customer_id"] if row["customer_id"] is not None else order.get("customer_id")
        refunds.append({
            **named(joined, *_NAMES), "device": order.get("device") or "", "day": row["refund_day"], "buyer": person.get(customer),
            "goods": row["goods_minor"], "tax": row["tax_in_price_minor"] or 0, "restocked": row["restocked_cost_minor"] or 0,
            "shipping": row["shipping_minor"] or 0,
        })  # fmt: skip
    return Facts(orders, lines, refunds)


def net_sales(facts: Facts) -> int:
    return sum(line["net"] for line in facts.lines) - sum(refund["goods"] for refund in facts.refunds)


Plain = Callable[[Facts], dict[tuple[str, ...], Any]]


def compare_all(
    store: SmallStore, metric: str, dimensions: Iterable[str], own: tuple[str, ...], plain: Plain, *,
    first: int = DAY_1, days: int = 30, shown: Callable[[Any], Any] | None = None, approximately: bool = False,
) -> int:  # fmt: skip
    """Hold a metric against a slow evaluation: whole, cut by each dimension and each two, and filtered; return how many numbers.

    ``plain`` gives values by own keys from facts that are filtered already; None and what is not there are the same.
    """
    facts = plain_facts(store.conn)
    shown = shown or (lambda value: value.value)
    dimensions = list(dimensions)
    asked = [(), *((one,) for one in dimensions), *combinations(dimensions, 2)]
    seen = 0
    for per in asked:
        found = {
            (*(value.per[name] for name in per), *(value.per[name] for name in own)): shown(value)
            for value in store.values(metric, first=first, days=days, per=(*per, *own))
            if value.value is not None
        }
        expected = {}
        for keys in product(*(sorted(facts.keys(name)) for name in per)):
            for key, number in plain(facts.only(**dict(zip(per, keys, strict=True)))).items():
                if number is not None:
                    expected[(*keys, *key)] = number
        _same(found, expected, approximately, f"{metric} by {per}")
        seen += len(expected)
    for name in dimensions:
        for key in sorted(facts.keys(name)):
            found = {
                tuple(value.per[one] for one in own): shown(value)
                for value in store.values(metric, first=first, days=days, per=own, where=((name, key),))
                if value.value is not None
            }
            expected = {one: number for one, number in plain(facts.only(**{name: key})).items() if number is not None}
            _same(found, expected, approximately, f"{metric} where {name}={key}")
    return seen


def _same(found: dict[Any, Any], expected: dict[Any, Any], approximately: bool, told: str) -> None:
    if approximately:
        # An effect that is not there and one of 0 are the same.
        for key in found.keys() | expected.keys():
            assert float(found.get(key, 0)) == pytest.approx(float(expected.get(key, 0)), rel=1e-9, abs=1e-5), (told, key)
    else:
        assert found == expected, told


