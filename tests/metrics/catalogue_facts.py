"""A small store filled through SQL, and metrics asked of it by the one engine."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.schema import STEPS
from ecoperf_desktop.store.views import VIEWS

DAY_1 = parse_day("2026-03-02")  # a Monday
KINDS = ("sales", "refunds", "reviews", "surveys", "stock", "purchasing", "receipts", "shipments", "ads", "search", "social",
         "traffic", "field_speed", "lab_speed", "uptime", "uptime_checks", "conversations", "agents", "expenses", "email", "labour", "training", "content")  # fmt: skip


class SmallStore:
    """Facts of one shop, whose files cover all kinds of data for the first ``days`` days from DAY_1."""

    def __init__(self, days: int = 30, kinds: tuple[str, ...] = KINDS, tz: str = "UTC") -> None:
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        for _, step in STEPS:
            self.conn.executescript(step)
        self._ids: dict[str, int] = defaultdict(int)
        self._columns: dict[str, list[str]] = {}
        self.add("source", name="shop", platform="test", tz=tz, currency="CNY")
        self.add("setting", name="reporting_currency", value="CNY")
        self.add("imports", source_id=1, path="x", file="x", sha256="x", size=1, format="t", format_version=1, mapping_hash="m",
                 header="[]", hashed="[]", as_of=0, as_of_from="given", state="active", imported_utc=0)  # fmt: skip
        self.add("shop", name="Qimu", source_id=1)
        self.add("channel", name="web")
        self.add("channel", name="live")
        for kind in kinds:
            self.cover(kind, DAY_1, DAY_1 + days - 1)
        self._is_summed = False

    def cover(self, kind: str, first: int, last: int) -> None:
        self.add("coverage", import_id=1, kind=kind, source_id=1, first_day=first, last_day=last)

    def add(self, table: str, **fields: Any) -> int:
        """Insert a row; id, lineage and natural key are given when the table has them and ``fields`` does not."""
        if table not in self._columns:
            self._columns[table] = [row[1] for row in self.conn.execute(f"PRAGMA table_info({table})")]
        columns = self._columns[table]
        self._ids[table] += 1
        number = self._ids[table]
        given = {"hidden": "[]", "import_id": 1, "record": number, "natural_key": str(number), "source_id": 1, "row_id": number}
        row = {name: value for name, value in given.items() if name in columns} | fields
        if columns[0].endswith("_id") and columns[0] not in row:
            row[columns[0]] = number
        if "last_day" in columns and "day" in row and "last_day" not in row:
            row["last_day"] = row["day"]
        marks = ", ".join("?" for _ in row)
        self.conn.execute(f"INSERT INTO {table}({', '.join(row)}) VALUES ({marks})", list(row.values()))
        return int(row.get(columns[0], number)) if columns[0].endswith("_id") else number

    def order(self, day: int | None, *lines: dict[str, Any], **fields: Any) -> int:
        """Add an order sold on ``day`` (None: placed, never sold) with its lines."""
        buyer = fields.pop("buyer", None)
        if buyer is not None:
            fields["customer_id"] = self.buyer(buyer)
        placed = fields.pop("placed_day", DAY_1 if day is None else day)
        number = self._ids["orders"] + 1
        order_id = self.add("orders", shop_id=1, order_no=f"O{number}", placed_day=placed, sale_day=day, **fields)
        for place, line in enumerate(lines):
            self.add("order_lines", **{"line_id": order_id * 65536 + place, "qty": 1, **line})
        return order_id

    def buyer(self, name: int) -> int:
        if self.conn.execute("SELECT 1 FROM customer WHERE customer_id = ?", (name,)).fetchone() is None:
            self.add("customer", customer_id=name, buyer_id=name, ext_hash=name)
        return name

    def refund(self, day: int, goods: int, **fields: Any) -> int:
        return self.add("refunds", **{"shop_id": 1, "refund_day": day, "goods_minor": goods, "status": "done", **fields})

    def values(
        self, *metrics: str, first: int = DAY_1, days: int = 30, by: str | None = None, per: tuple[str, ...] = (),
        where: tuple[tuple[str, str], ...] = (),
    ) -> list[Value]:  # fmt: skip
        if not self._is_summed:
            sums.ensure(self.conn)
            self._is_summed = True
        question = Question(metrics, Period(first, first + days - 1), by=by, per=per, where=where)
        return Engine(self.conn, catalogue()).answer([question])[0]

    def value(self, metric: str, **scope: Any) -> Value:
        found = self.values(metric, **scope)
        assert len(found) == 1, found
        return found[0]

    def number(self, metric: str, **scope: Any) -> float | int | None:
        """Return a metric's number; money in minor units."""
        value = self.value(metric, **scope).value
        return value if value is None or isinstance(value, int) else float(value)

    def measure(self, measure_id: str, first: int = DAY_1, days: int = 30) -> Any:
        """Return a measure straight from the facts, past the engine."""
        measure = catalogue().measures[measure_id]
        sql = f"SELECT {sums.summed(measure)} FROM ({VIEWS[measure.view].sql}) WHERE day BETWEEN ? AND ?"
        return self.conn.execute(sql, (first, first + days - 1)).fetchone()[0]
