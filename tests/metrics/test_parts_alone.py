"""A method's part is the method asked of a store that holds that part's rows and nothing else.

What a method gives for everything is held to plain evaluations in ``test_methods_*``; this holds every cut to it.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import pytest
from catalogue_facts import DAY_1
from stated_shop import DAYS, stated_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.views import DIMENSIONS

KNOWN = catalogue()
# A short shop by most methods, one of a year and a half by those that look back further, each at two periods.
LONG = 520
PERIODS = {
    DAYS: (Period(DAY_1 + 30, DAY_1 + 57), Period(DAY_1 + 40, DAY_1 + DAYS - 1)),
    LONG: (Period(DAY_1 + 400, DAY_1 + 427), Period(DAY_1 + 380, DAY_1 + LONG - 1)),
}
LOOKING_BACK = (
    "growth_yoy", "growth_yoy_aligned", "growth_event_aligned", "churn_rate", "clv_predicted", "p_alive", "xmr_signal",
    "xyz_class", "marginal_roas", "target_proposal", "seasonality_index",
)  # fmt: skip
# Of these a part of a shop of 500 orders may have no number: too few sales by weekday, too few who come back.
THIN = {"seasonality_index", "clv_predicted", "p_alive"}
IS_CI = os.environ.get("CI") == "true"
SEEDS = range(11, 14) if IS_CI else (11,)

_GOODS = "product_id IN (SELECT p.product_id FROM product p WHERE {condition})"
_OF_ORDER = "order_id IN (SELECT order_id FROM orders)"
_PEOPLE = "IN (SELECT s.staff_id FROM staff s WHERE {condition})"
# Which rows stay of a value of a dimension: conditions with ? for its row id or text, in this order.
KEPT: dict[str, dict[str, str]] = {
    "shop": dict.fromkeys(
        ("orders", "refunds", "reviews", "surveys", "shipments", "ad_performance", "search_performance", "site_traffic", "campaign",
         "support_conversations", "labour", "expenses", "budgets", "social_performance", "email_performance"), "shop_id = ?"),
    "channel": dict.fromkeys(
        ("orders", "ad_performance", "site_traffic", "support_conversations", "labour", "expenses", "social_performance", "campaign"),
        "channel_id = ?"),
    "campaign": dict.fromkeys(("orders", "ad_performance", "email_performance", "campaign"), "campaign_id = ?"),
    "region": dict.fromkeys(("orders", "shipments", "site_traffic", "search_performance"), "region_id = ?"),
    "device": dict.fromkeys(("orders", "ad_performance", "site_traffic", "search_performance", "lab_audits"), "device = ?"),
    "agent": dict.fromkeys(("orders", "surveys", "support_conversations"), "agent_id = ?"),
    "product": {"market_size": "category_id = (SELECT p.category_id FROM product p WHERE p.product_id = ?)", **dict.fromkeys(
        ("order_lines", "refunds", "reviews", "inventory_snapshots", "po_lines", "receipts", "demand_forecast", "ad_performance",
         "product_cost", "product"), "product_id = ?")},
    "category": {**dict.fromkeys(
        ("order_lines", "refunds", "reviews", "inventory_snapshots", "po_lines", "receipts", "demand_forecast", "product_cost"),
        _GOODS.format(condition="p.category_id = ?")), "product": "category_id = ?", "market_size": "category_id = ?"},
    "supplier": {**dict.fromkeys(
        ("order_lines", "refunds", "inventory_snapshots", "demand_forecast", "product_cost"),
        _GOODS.format(condition="p.supplier_id = ?")), "product": "supplier_id = ?", "purchase_orders": "supplier_id = ?"},
    "location": {"inventory_snapshots": "location_id = ?"},
    "carrier": {"shipments": "carrier_id = ?"},
    "warehouse": {"shipments": "warehouse_id = ?"},
    "buyer": {"purchase_orders": "purchaser_id = ?"},
    "query": {"search_performance": "query = ?"},
    "page": {"search_performance": "page = ?"},
    "class": dict.fromkeys(("expenses", "budgets"), "class = ?"),
    "department": {"expenses": "department = ?", "budgets": "department = ?",
                   "training": f"staff_id {_PEOPLE.format(condition='s.department = ?')}", "staff": "department = ?"},
}  # fmt: skip
METHODS = [metric for metric in KNOWN.metrics.values() if isinstance(metric.calculation, Method)]
# Metric, dimension (all where None): why a part is not the whole of its rows.
_AMONG_OTHERS = "it says where a part stands among the others"
RELATIVE: dict[tuple[str, str | None], str] = {
    ("benchmark_percentile", None): _AMONG_OTHERS,
    ("share_of_spend", None): _AMONG_OTHERS,
    ("cost_structure", None): _AMONG_OTHERS,
    ("abc_class", "product"): _AMONG_OTHERS,
    ("stock_class_value", None): "classes are those among all products",
    ("repurchase_within_w", None): "people are cut by where they first bought; where they buy again does not matter",
    ("carrier_score", "carrier"): "what a carrier costs is held beside the cost of all",
}
# How long a supplier takes is seen from all its deliveries, whatever goods are asked for: those of other goods stay.
OF_DELIVERIES = ("safety_stock", "reorder_point", "skus_below_reorder_point", "order_quantity")
_DELIVERIES = ("po_lines", "receipts")
PAIRS = {
    (metric.id, dimension) for metric in METHODS for dimension in metric.dimensions
    if dimension in KEPT and (metric.id, dimension) not in RELATIVE and (metric.id, None) not in RELATIVE
}  # fmt: skip


@cache
def _whole(seed: int, days: int) -> sqlite3.Connection:
    conn = stated_shop(seed, orders=160 if days == DAYS else 500, days=days).conn
    sums.ensure(conn)
    return conn


def _alone(whole: sqlite3.Connection, dimension: str, key: object, *, deliveries: bool) -> sqlite3.Connection:
    """Return a store of nothing but the rows of a value, and with ``deliveries`` those of all goods."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    whole.backup(conn)
    for table, condition in KEPT[dimension].items():
        if deliveries and table in _DELIVERIES:
            continue
        conn.execute(f"DELETE FROM {table} WHERE NOT COALESCE({condition}, 0)", [key] * condition.count("?"))
    if "orders" in KEPT[dimension]:
        conn.execute("DELETE FROM order_lines WHERE line_id / 65536 NOT IN (SELECT order_id FROM orders)")
        conn.execute(f"DELETE FROM refunds WHERE NOT {_OF_ORDER}")
    if "order_lines" in KEPT[dimension]:
        conn.execute("DELETE FROM orders WHERE order_id NOT IN (SELECT line_id / 65536 FROM order_lines)")
    if "purchase_orders" in KEPT[dimension]:
        conn.execute("DELETE FROM po_lines WHERE po_id NOT IN (SELECT po_id FROM purchase_orders)")
        conn.execute("DELETE FROM receipts WHERE po_id NOT IN (SELECT po_id FROM purchase_orders)")
    conn.execute("DELETE FROM setting WHERE name = 'sums'")
    sums.ensure(conn)
    return conn


def _values_of(whole: sqlite3.Connection, dimension: str) -> Iterator[tuple[str, object]]:
    known = DIMENSIONS[dimension]
    if known.table is None:
        (table, condition), *_ = KEPT[dimension].items()
        column = condition.split(" = ")[0]
        yield from ((name, name) for (name,) in whole.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall())
    else:
        yield from whole.execute(f"SELECT {known.name}, {known.id} FROM {known.table}").fetchall()


def _told(value: Value) -> object:
    return value.word or (None if value.value is None else value.value)


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return (one or 0) == (other or 0)
    assert isinstance(one, int | float | Fraction) and isinstance(other, int | float | Fraction)
    return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dimension", sorted(KEPT))
def test_a_methods_part_is_what_its_rows_alone_give(seed: int, dimension: str) -> None:
    asked = [metric for metric in METHODS if (metric.id, dimension) in PAIRS]
    met = _compare(_whole(seed, DAYS), asked, dimension, PERIODS[DAYS], most=None if IS_CI else 2)
    assert met or not asked


@pytest.mark.parametrize("dimension", sorted(KEPT))
def test_so_is_the_part_of_a_method_that_looks_back_further(dimension: str) -> None:
    asked = [metric for metric in METHODS if (metric.id, dimension) in PAIRS and metric.id in LOOKING_BACK]
    met = _compare(_whole(11, LONG), asked, dimension, PERIODS[LONG], most=None if IS_CI else 1)
    assert {metric.id for metric in asked} - met <= THIN


def _compare(whole: sqlite3.Connection, asked: list[Metric], dimension: str, periods: tuple[Period, ...], most: int | None = None) -> set[str]:
    """Hold the parts of ``most`` values of a dimension to their rows alone; return the metrics that had a number."""
    cut = Engine(whole, KNOWN)
    differing, met = [], set()
    every = list(_values_of(whole, dimension)) if asked else []
    # The first product and the last person sell nothing in a long shop.
    for name, key in every if most is None else every[1 : 1 + most] or every:
        alone = Engine(_alone(whole, dimension, key, deliveries=False), KNOWN)
        delivered = alone
        if dimension in ("product", "category") and any(metric.id in OF_DELIVERIES for metric in asked):
            delivered = Engine(_alone(whole, dimension, key, deliveries=True), KNOWN)
        for metric in asked:
            assert isinstance(metric.calculation, Method)
            own = metric.calculation.parts[:1] if metric.id != "rfm_score" else ("step",)
            own = tuple(one for one in own if one in metric.dimensions and one != dimension)
            for period in periods:
                of_part = cut.answer([Question((metric.id,), period, per=own, where=((dimension, name),))])[0]
                rows = delivered if metric.id in OF_DELIVERIES else alone
                of_alone = rows.answer([Question((metric.id,), period, per=own)])[0]
                ours = {tuple(value.per.values()): _told(value) for value in of_part}
                theirs = {tuple(value.per.values()): _told(value) for value in of_alone}
                for cell in {**ours, **theirs}:
                    if ours.get(cell) is not None:
                        met.add(metric.id)
                    if not _is_same(ours.get(cell), theirs.get(cell)):
                        differing.append((metric.id, name, period.days, cell, ours.get(cell), theirs.get(cell)))
    assert not differing, (len(differing), sorted({one[0] for one in differing}), differing[:6])
    return met
