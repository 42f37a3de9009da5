"""A small shop over sixty weeks, loaded through the store as an import would: every page has something to show."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.columns import Asserted, Coded, Column, Numbers, Reals
from ecoperf_desktop.model.days import Grain, bucket_of, parse_day
from ecoperf_desktop.model.importing import Answers, ImportHead
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.load import loading
from ecoperf_desktop.store.tables import TABLES

LAST = parse_day("2026-08-16")  # a Sunday
FIRST = LAST - 60 * 7 + 1
SHOPS = ("栖木家居天猫店", "Qimu <own> & site")
SKUS = tuple(f"QM-{1000 + index}" for index in range(14))


def scope(**changes: Any) -> Scope:
    return Scope.of(bucket_of(changes.pop("day", LAST), changes.pop("grain", Grain.WEEK)), changes.pop("as_grain", Grain.WEEK), **changes)


def engine(opened: Workspace) -> Engine:
    return Engine(opened.conn, catalogue())


def write(path: Path) -> Workspace:
    """Make the workspace with everything imported."""
    opened = Workspace.open(path, write=True)
    chance = random.Random(33)
    _load(opened, "products.csv", {"product": _products()})
    _load(opened, "orders.csv", _sales(chance))
    _load(opened, "ads.csv", {"ad_performance": _ads(chance)})
    _load(opened, "traffic.csv", {"site_traffic": _traffic(chance)})
    _load(opened, "stock.csv", {"inventory_snapshots": _stock(chance)})
    _load(opened, "parcels.csv", {"shipments": _parcels(chance)})
    _load(opened, "purchases.csv", _purchases(chance))
    _load(opened, "speed.csv", {"page_p75": _speed(chance), "monitor_days": _monitor(chance)})
    _load(opened, "people.csv", {"agent_day": _people(chance), "reviews": _reviews(chance)})
    _load(opened, "search.csv", {"search_performance": _search(chance)})
    _load(opened, "targets.csv", {"targets": _targets()})
    return opened


def _load(opened: Workspace, name: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    head = ImportHead(
        answers=Answers("shop", "test", currency="CNY", tz="Asia/Shanghai", recognition_basis="placed"),
        path=f"/exports/{name}", file=name, member=None, sha256=name, size=1, format_id="test", format_version=1,
        mapping_hash="m", encoding="utf-8", delimiter=",", header=("a",), hidden=(), hashed=(), as_of=0, as_of_from="given",
    )  # fmt: skip
    with loading(opened, head) as load:
        record = 1
        for table, rows in tables.items():
            load.assert_rows([_asserted(table, rows, record)])
            record += len(rows)
        load.finish(read=record - 1, dropped={}, findings=(), rejected=0)


def _asserted(table: str, rows: Sequence[Mapping[str, Any]], first: int) -> Asserted:
    kinds = {field.name: field.kind for field in TABLES[table].fields}
    columns = {name: _column(kinds[name], [row[name] for row in rows]) for name in rows[0]}
    return Asserted(table, columns, np.arange(first, first + len(rows), dtype=np.int64))


def _column(kind: str, values: Sequence[Any]) -> Column:
    missing = np.array([value is None for value in values])
    hidden = missing if missing.any() else None
    if kind in ("text", "ref"):
        words = sorted({value for value in values if value is not None})
        place = {word: index for index, word in enumerate(words)}
        return Coded(np.array([-1 if value is None else place[value] for value in values], dtype=np.int32), words)
    if kind == "real":
        return Reals(np.array([0.0 if value is None else value for value in values], dtype=np.float64), hidden)
    return Numbers(np.array([0 if value is None else int(value) for value in values], dtype=np.int64), hidden)


def _products() -> list[dict[str, Any]]:
    return [
        {"sku": sku, "name": f"竹制收纳盒 ×{index}" if index % 2 else f"Bamboo box {index}", "category": "storage" if index < 7 else "kitchen", "supplier": "安吉竹云" if index % 2 else "Zibo", "unit_cost": 400_000 + 10_000 * index}
        for index, sku in enumerate(SKUS)
    ]


def _sales(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    orders, lines, refunds = [], [], []
    number = 0
    for day in range(FIRST, LAST + 1):
        week = (day - FIRST) // 7
        weekday = (day - FIRST) % 7
        count = round((6 + 2 * (weekday >= 5)) * (0.62 if week == 59 else 1) * chance.uniform(0.85, 1.15))
        for _ in range(count):
            number += 1
            shop = SHOPS[number % 3 == 0]
            order = f"O{number}"
            orders.append({"shop": shop, "order_no": order, "channel": "organic" if number % 2 else "douyin", "buyer": f"b{number % 900}", "region": "浙江" if number % 4 else "上海", "placed_ts": day * 86_400 + 43_200, "placed_day": day})
            for position in range(1 + number % 2):
                sku = SKUS[(number * 7 + position * 3) % len(SKUS)]
                price = 9_900 + 700 * (number % 9)
                lines.append({"shop": shop, "order_no": order, "line_no": str(position), "sku": sku, "qty": 1 + number % 3, "gross": price * (1 + number % 3), "discount": 500 if number % 5 == 0 else 0, "cost": price * (1 + number % 3) * 6 // 10 if position == 0 else price * (1 + number % 3) // 2})
            if number % 17 == 0 and day + 3 <= LAST:
                refunds.append({"shop": shop, "refund_no": f"R{number}", "order_no": order, "sku": sku, "refund_day": day + 3, "qty": 1, "goods": price, "kind": "return"})
    return {"orders": orders, "order_lines": lines, "refunds": refunds}


def _ads(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"day": day, "last_day": day, "shop": SHOPS[1], "channel": "google", "campaign": campaign, "impressions": chance.randrange(9_000, 12_000), "clicks": chance.randrange(200, 320), "cost": chance.randrange(8_000, 12_000), "conversions": 2.0, "conv_value": 60_000}
        for day in range(FIRST, LAST + 1)
        for campaign in ("=brand <b>", "generic")
    ]


def _traffic(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"day": day, "last_day": day, "shop": SHOPS[1], "variant": "device", "device": device, "sessions": chance.randrange(180, 260), "purchase_sessions": chance.randrange(2, 6), "cart_sessions": chance.randrange(12, 25), "engaged_sessions": chance.randrange(90, 140), "pageviews": 900}
        for day in range(FIRST, LAST + 1)
        for device in ("mobile", "desktop")
    ]


def _stock(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"day": day, "location": "main", "sku": sku, "on_hand": 0 if (index + day) % 23 == 0 else 40 + chance.randrange(60), "value": 900_000}
        for day in range(FIRST + 6, LAST + 1, 7)
        for index, sku in enumerate(SKUS)
    ]


def _parcels(chance: random.Random) -> list[dict[str, Any]]:
    rows = []
    for number, day in enumerate(day for day in range(FIRST, LAST - 3) for _ in range(5)):
        late = chance.random() < 0.06
        rows.append({"shop": SHOPS[number % 2], "shipment_no": f"P{number}", "carrier": "中通" if number % 3 else "SF", "day": day, "ready_ts": day * 86_400 + 30_000, "handed_ts": day * 86_400 + 60_000, "promised_day": day + 3, "delivered_ts": (day + (5 if late else 2)) * 86_400, "delivered_day": day + (5 if late else 2), "status": "delivered"})
    return rows


def _purchases(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    orders, lines, receipts = [], [], []
    for number, day in enumerate(range(FIRST, LAST - 20, 5)):
        late = 4 if chance.random() < 0.15 else 0
        orders.append({"po_no": f"PO{number}", "supplier": "安吉竹云" if number % 2 else "Zibo", "ordered_day": day})
        lines.append({"po_no": f"PO{number}", "line_no": "1", "sku": SKUS[number % len(SKUS)], "qty_ordered": 100, "promised_day": day + 14})
        receipts.append({"receipt_no": f"G{number}", "po_no": f"PO{number}", "line_no": "1", "sku": SKUS[number % len(SKUS)], "received_day": day + 13 + late, "qty_received": 100, "qty_rejected": number % 3})
    return {"purchase_orders": orders, "po_lines": lines, "receipts": receipts}


def _speed(chance: random.Random) -> list[dict[str, Any]]:
    rows = []
    for end in range(FIRST + 27, LAST + 1, 7):
        for device, factor in (("mobile", 1.0), ("desktop", 0.7)):
            for metric, level in (("LCP", 2_300), ("INP", 170), ("CLS", 0.08)):
                rows.append({"day": end - 27, "last_day": end, "page": "origin", "device": device, "metric": metric, "p75": level * factor * chance.uniform(0.97, 1.03)})
    return rows


def _monitor(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"day": day, "target": "https://qimu.example/", "up_seconds": 86_400 - down, "down_seconds": down, "incidents": int(down > 0)}
        for day in range(FIRST, LAST + 1)
        for down in (chance.choice([0] * 20 + [540]),)
    ]


def _people(chance: random.Random) -> list[dict[str, Any]]:
    """Three agents with many cases, of whom one pleases fewer buyers, and one who has hardly begun."""
    work = {"陈晨": (40, 12, 11), "Anna": (36, 12, 8), "Li": (30, 12, 11), "新人": (1, 1, 0)}
    return [
        {"day": day, "shop": SHOPS[0], "agent": agent, "received": cases, "replied": cases, "inquirers": cases, "converted": cases // 3, "first_reply_n": cases, "first_reply_seconds": cases * chance.randrange(20, 45), "csat_n": asked, "csat_ok": pleased, "sales": 50_000}
        for day in range(FIRST, LAST + 1)
        for agent, (cases, asked, pleased) in work.items()
    ]


def _reviews(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"shop": SHOPS[0], "review_no": f"V{day}-{number}", "sku": SKUS[(day + number) % len(SKUS)], "day": day, "stars": chance.choice((5, 5, 5, 4, 3, 1)), "text": "好评"}
        for day in range(FIRST, LAST + 1)
        for number in range(2)
    ]


def _search(chance: random.Random) -> list[dict[str, Any]]:
    rows = []
    for day in range(FIRST, LAST + 1):
        for variant, queries in (("date", (None,)), ("query", ("bamboo box", "收纳盒"))):
            for query in queries:
                rows.append({"day": day, "last_day": day, "shop": SHOPS[1], "variant": variant, "engine": "google", "query": query, "impressions": 400, "clicks": chance.randrange(10, 20), "position_weighted": 1_600.0})
    return rows


def _targets() -> list[dict[str, Any]]:
    week = bucket_of(LAST, Grain.WEEK).period
    quarter = bucket_of(LAST, Grain.QUARTER).period
    return [
        {"metric": metric, "scope_kind": "company", "scope": "company", "first_day": first, "last_day": last, "target": target, "floor": floor, "stretch": stretch, "direction": direction}
        for metric, first, last, target, floor, stretch, direction in (
            ("net_sales", week.first, week.last, 14_000.0, None, None, "higher"),
            ("refund_rate_amount", quarter.first, quarter.last, 0.065, None, None, "lower"),
            ("days_of_cover", quarter.first, quarter.last, 40.0, 35.0, 45.0, "target_range"),
            ("delivery_on_time_rate", quarter.first, quarter.last, 0.96, None, None, "higher"),
        )
    ]
