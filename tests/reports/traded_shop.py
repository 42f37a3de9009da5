"""Two weeks of a shop small enough to add up by hand: three products a week, one refund, expenses and budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from little_shop import LAST, _load

from ecoperf_desktop.model.days import parse_day
from ecoperf_desktop.store.database import Workspace

NOW, BEFORE = LAST - 6, LAST - 13  # the Mondays

# Product, channel, units, amount before discounts, discount, by week.
SALES = (
    (BEFORE, "A", "search", 10, 100_000, 0),
    (BEFORE, "B", "search", 5, 100_000, 0),
    (BEFORE, "C", "ads", 2, 20_000, 0),
    (NOW, "A", "search", 12, 132_000, 12_000),
    (NOW, "B", "search", 4, 88_000, 0),
    (NOW, "D", "ads", 1, 15_000, 0),
)
CATEGORIES = {"A": "bowls", "B": "bowls", "C": "cups", "D": "cups"}


def write(path: Path, *, books: bool = True, traffic: bool = True) -> Workspace:
    opened = Workspace.open(path, write=True)
    _load(opened, "products.csv", {"product": [{"sku": sku, "name": f"Thing {sku}", "category": kind} for sku, kind in CATEGORIES.items()]})
    _load(opened, "orders.csv", _sold())
    if traffic:
        _load(opened, "traffic.csv", {"site_traffic": _visits()})
    if books:
        _load(opened, "expenses.csv", {"expenses": _spent()})
        _load(opened, "budgets.csv", {"budgets": _planned()})
    return opened


def _sold() -> dict[str, list[dict[str, Any]]]:
    orders, lines = [], []
    for number, (monday, sku, channel, units, gross, discount) in enumerate(SALES):
        # The first and the last day of both weeks have an order, so that all their days are covered.
        day = monday + (0, 6, 3)[number % 3]
        orders.append({"shop": "S", "order_no": f"O{number}", "channel": channel, "region": "North" if number % 2 else "South",
                       "placed_ts": day * 86_400 + 43_200, "placed_day": day})  # fmt: skip
        lines.append({"shop": "S", "order_no": f"O{number}", "line_no": "1", "sku": sku, "qty": units, "gross": gross,
                      "discount": discount, "cost": (gross - discount) * 6 // 10})  # fmt: skip
    refund = {"shop": "S", "refund_no": "R1", "order_no": "O4", "sku": "B", "qty": 1, "goods": 22_000, "kind": "refund_only"}
    refunds = [
        {**refund, "refund_day": LAST, "reason": "quality problem"},
        {**refund, "refund_no": "R2", "order_no": "O0", "sku": "A", "refund_day": BEFORE, "goods": 0, "qty": 0, "reason": None},
    ]
    return {"orders": orders, "order_lines": lines, "refunds": refunds}


def _visits() -> list[dict[str, Any]]:
    return [
        {"day": day, "last_day": day, "shop": "S", "variant": "day", "sessions": 100 if day >= NOW else 80,
         "cart_sessions": 20 if day >= NOW else 10, "checkout_sessions": 10 if day >= NOW else 5, "purchase_sessions": 4 if day >= NOW else 2}
        for day in range(BEFORE, LAST + 1)
    ]  # fmt: skip


def _spent() -> list[dict[str, Any]]:
    days = (("2026-06-01", "staff", 40_000), ("2026-07-05", "staff", 50_000), ("2026-07-10", "marketing", 30_000), ("2026-08-12", "marketing", 10_000),
            ("2026-08-14", "staff", 20_000), ("2026-08-15", "tax", 1_000), ("2026-08-16", "other", 500))  # fmt: skip
    return [
        {"expense_no": f"E{number}", "day": parse_day(day), "class": kind, "amount": amount, "department": "shop" if kind == "staff" else "growth"}
        for number, (day, kind, amount) in enumerate(days)
    ]


def _planned() -> list[dict[str, Any]]:
    first, last = parse_day("2026-07-01"), parse_day("2026-07-31")
    plans = (("staff", "shop", 48_000), ("marketing", "growth", 40_000))
    return [{"first_day": first, "last_day": last, "class": kind, "department": who, "amount": amount} for kind, who, amount in plans]
