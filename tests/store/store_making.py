"""Small imports made up for tests of the store, and what a workspace says apart from its row ids."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ecoperf_desktop.model.columns import Asserted, Coded, Column, Numbers, Reals
from ecoperf_desktop.model.importing import Answers, ImportHead
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.load import Loaded, loading
from ecoperf_desktop.store.tables import TABLES

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Export:
    """One made-up file: for each table its rows, all with the same fields, in one or more stretches."""

    name: str
    tables: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]
    as_of: int = 0
    source: str = "shop"
    basis: str = "placed"
    currency: str | None = "EUR"
    stretch: int = 1000


@cache
def _empty_workspace() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.ecoperf"
        with Workspace.open(path, write=True) as opened:
            opened.conn.execute("UPDATE secret SET value = ?", (b"k" * 32,))
            sums.ensure(opened.conn)
        return path.read_bytes()


def workspace(folder: Path, name: str = "w.ecoperf") -> Workspace:
    """Make a workspace whose buyer hashes can be compared with another's."""
    (folder / name).write_bytes(_empty_workspace())
    return Workspace.open(folder / name, write=True)


def head(export: Export, tz: str | None = None) -> ImportHead:
    return ImportHead(
        answers=Answers(export.source, "test", currency=export.currency, tz=tz, recognition_basis=export.basis),
        path=f"/exports/{export.name}", file=export.name, member=None, sha256=export.name, size=1, format_id="test",
        format_version=1, mapping_hash="m", encoding="utf-8", delimiter=",", header=("a", "b"), hidden=(), hashed=(),
        as_of=export.as_of, as_of_from="given",
    )  # fmt: skip


def do(opened: Workspace, export: Export, *, plain: bool = False, tz: str | None = None) -> Loaded:
    """Import a made-up file; records count on from one table to the next."""
    with loading(opened, head(export, tz), plain=plain) as load:
        record = 1
        for table, rows in export.tables:
            for start in range(0, len(rows), export.stretch):
                part = rows[start : start + export.stretch]
                load.assert_rows([asserted(table, part, record)])
                record += len(part)
        return load.finish(read=record - 1, dropped={}, findings=(), rejected=0)


def asserted(table: str, rows: Rows, first_record: int = 1) -> Asserted:
    kinds = {field.name: field.kind for field in TABLES[table].fields}
    columns = {name: column(kinds[name], [row[name] for row in rows]) for name in rows[0]}
    return Asserted(table, columns, np.arange(first_record, first_record + len(rows), dtype=np.int64))


def column(kind: str, values: Sequence[Any]) -> Column:
    if kind in ("text", "ref"):
        words = list(dict.fromkeys(value for value in values if value is not None))
        place = {word: code for code, word in enumerate(words)}
        codes = [-1 if value is None else place[value] for value in values]
        return Coded(np.array(codes, dtype=np.int32), [*words, "never used"])
    missing = np.array([value is None for value in values])
    filled = [0 if value is None else value for value in values]
    known = missing if missing.any() else None
    if kind == "real":
        return Reals(np.array(filled, dtype=np.float64), known)
    return Numbers(np.array(filled, dtype=np.int64), known)


_NAMES = {
    "shop_id": "SELECT shop_id, name FROM shop",
    "source_id": "SELECT source_id, name FROM source",
    "channel_id": "SELECT channel_id, name FROM channel",
    "region_id": "SELECT region_id, name FROM region",
    "location_id": "SELECT location_id, name FROM location",
    "carrier_id": "SELECT carrier_id, name FROM carrier",
    "category_id": "SELECT category_id, name FROM category",
    "supplier_id": "SELECT supplier_id, name FROM supplier",
    "product_id": "SELECT product_id, sku FROM product",
    "campaign_id": "SELECT campaign_id, name FROM campaign",
    "staff_id": "SELECT staff_id, name FROM staff",
    "import_id": "SELECT import_id, sha256 FROM imports",
    "po_id": "SELECT po_id, po_no FROM purchase_orders",
    "po_line_id": "SELECT po_line_id, natural_key FROM po_lines",
    "order_id": "SELECT o.order_id, s.name || '/' || o.order_no FROM orders o JOIN shop s USING(shop_id)",
    "customer_id": "SELECT customer_id, name || '/' || ext_hash FROM customer JOIN source USING(source_id)",
    "buyer_id": "SELECT buyer_id, min(name || '/' || ext_hash) FROM customer JOIN source USING(source_id) GROUP BY buyer_id",
}  # fmt: skip
_SAME_AS = {
    "warehouse_id": "location_id", "agent_id": "staff_id", "owner_staff_id": "staff_id", "purchaser_id": "staff_id",
    "picker_id": "staff_id", "first_order_id": "order_id",
}  # fmt: skip
_KEYS = {"refund_id", "review_id", "survey_id", "row_id", "shipment_id", "receipt_id", "line_id", "coverage_id", "conversation_id",
         "audit_id", "check_id", "incident_id", "target_id", "expense_id", "payout_id", "budget_id", "market_id",
         "exchange_rate_id", "event_id"}  # fmt: skip
_DIMENSIONS = ("category", "supplier", "product", "staff", "campaign", "customer")
FACTS = tuple(name for name, table in TABLES.items() if table.strategy != "seen" and name not in _DIMENSIONS)


def contents(conn: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the workspace says: names instead of row ids, names that nobody says anything about left out."""
    names = {key: dict(conn.execute(query)) for key, query in _NAMES.items()}
    said: dict[str, list[tuple[Any, ...]]] = {}
    for table in (*FACTS, *_DIMENSIONS, "coverage", "product_cost"):
        found = conn.execute(f"SELECT * FROM {table}")
        columns = [entry[0] for entry in found.description]
        own = {"purchase_orders": "po_id", "orders": "order_id", "po_lines": "po_line_id"}.get(
            table, f"{table}_id"
        )
        rows = []
        for row in found:
            fact = dict(zip(columns, row, strict=True))
            if table == "order_lines":
                fact["order"] = names["order_id"][fact["line_id"] // 65536]
            if table in ("orders", "purchase_orders") and fact["import_id"] is None:
                continue  # only referred to: it shows in what refers to it
            if table in _DIMENSIONS:
                fact["name"] = names[own][fact[own]]
                empty = set(columns) - {own, "name", "sku", "ext_hash", "source_id", "buyer_id"}
                if all(fact[name] is None for name in empty) and fact.get("buyer_id") == fact[own]:
                    continue
                if table != "customer" and all(fact[name] is None for name in empty):
                    continue
            shown = []
            for name, value in fact.items():
                kind = _SAME_AS.get(name, name)
                if name in _KEYS or name == own:
                    continue
                shown.append(
                    (name, names[kind].get(value, value) if kind in names and value is not None else value)
                )
            rows.append(tuple(shown))
        said[table] = sorted(set(rows) if table == "coverage" else rows, key=repr)
    return said


def daily_sums(conn: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return the daily sums and week arrays as they are stored."""
    query = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'sum_*' OR name GLOB 'week_*')"
    )
    return {
        name: sorted(conn.execute(f"SELECT * FROM {name}"), key=repr)
        for (name,) in conn.execute(query).fetchall()
    }
