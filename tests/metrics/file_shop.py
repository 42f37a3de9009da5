"""A shop that exists only as files: rows are written as CSV, imported by formats made for them, and asked by the program.

What a test says of a row are fields of ``store/tables.py``.  Money is in smallest units, days are days, instants seconds.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.model.metric import OwnMetric
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.tables import TABLES, Field

_TYPES = {"int": "integer", "real": "number", "money": "money", "cost_e4": "money", "day": "date", "flag": "flag", "text": "text", "ref": "text"}
# What a plain answer says of orders unless a test says otherwise.
SETTINGS = {"currency": "CNY", "tz": "UTC"}


class FileShop:
    """Rows by table, written and imported at the first question.

    ``covers``: the period that each file says it speaks for; by default the days of its rows.
    """

    _open: ClassVar[list[Workspace]] = []

    def __init__(self, folder: Path, covers: Period | None = None, **settings: str) -> None:
        self.folder = folder
        self.covers = covers
        self._settings = {**SETTINGS, **settings}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._opened: Workspace | None = None
        self._orders = 0

    def add(self, table: str, **fields: Any) -> None:
        assert self._opened is None, "the files are written already"
        known = {field.name for field in TABLES[table].fields}
        assert set(fields) <= known, set(fields) - known
        self._rows.setdefault(table, []).append(fields)

    def order(self, day: int | None, *lines: dict[str, Any], **fields: Any) -> str:
        """Add an order paid on ``day`` (None: never), and its lines."""
        self._orders += 1
        number = f"O{self._orders}"
        self.add("orders", **{"order_no": number, "placed_day": day, "paid_day": day, **fields})
        for place, line in enumerate(lines):
            self.add("order_lines", order_no=number, line_no=str(place + 1), **{"qty": 1, **line})
        return number

    def workspace(self) -> Workspace:
        if self._opened is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            mappings, files = [], []
            for table, rows in self._rows.items():
                mappings.append(self._format(table, rows))
                files.append(self._file(table, rows))
            self._opened = actions.open_workspace(self.folder / "shop.ecoperf", write=True)
            self._open.append(self._opened)
            choices = ImportChoices(mappings=tuple(mappings), settings=tuple(self._settings.items()))
            # Orders come first here; any other order gives the same workspace.
            report = actions.apply_import(actions.plan_import(files, choices, self._opened), self._opened)
            told = [(one.path, [str(finding) for finding in one.findings]) for one in report.files if one.status != "loaded"]
            assert not told, told
        return self._opened

    def values(
        self, *metrics: str, first: int, days: int, by: str | None = None, per: tuple[str, ...] = (),
        where: tuple[tuple[str, str], ...] = (), compare: str | None = None,
    ) -> list[Value]:  # fmt: skip
        question = Question(metrics, Period(first, first + days - 1), by=by, per=per, where=where, compare=compare)
        return actions.values(self.workspace(), question)

    def value(self, metric: str, **scope: Any) -> Value:
        found = self.values(metric, **scope)
        assert len(found) == 1, found
        return found[0]

    def number(self, metric: str, **scope: Any) -> Any:
        """Return a metric's number; money in smallest units."""
        return self.value(metric, **scope).value

    def by(self, metric: str, dimension: str, **scope: Any) -> dict[str, Any]:
        """Return the words or numbers of a metric's parts."""
        return {one.per[dimension]: one.word or one.value for one in self.values(metric, per=(dimension,), **scope)}

    def own(self, expression: str, unit: str = "ratio", **scope: Any) -> Any:
        """Return the number of a metric that a person writes: an expression over the catalogue's."""
        metric = OwnMetric(f"my_{len(actions.own_metrics(self.workspace()))}", "My number", "", expression, unit)
        actions.keep_own_metric(self.workspace(), metric)
        return self.number(metric.id, **scope)

    @classmethod
    def close_all(cls) -> None:
        """Close the workspaces of every shop made so far."""
        while cls._open:
            cls._open.pop().close()

    def _file(self, table: str, rows: Sequence[dict[str, Any]]) -> Path:
        covers = "" if self.covers is None else f" {iso(self.covers.first)}_{iso(self.covers.last)}"
        path = self.folder / f"{table}{covers}.csv"
        fields = self._fields(table, rows)
        with path.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow([f"{table}.{field.name}" for field in fields])
            for row in rows:
                writer.writerow([self._cell(field, row.get(field.name)) for field in fields])
        return path

    def _format(self, table: str, rows: Sequence[dict[str, Any]]) -> Path:
        fields = self._fields(table, rows)
        headers = ", ".join(f'"{table}.{field.name}"' for field in fields)
        text = [
            "[format]", f'id = "plain.{table}"', "version = 1", 'platform = "plain"',
            f'title = {{ en = "Plain {table}", zh = "{table}" }}', 'verified = "fixtures"',
            "[detect]", f"all = [{headers}]",
            "[read]", 'decimal = "."', 'dates = "year_first"',
            "[answers]", 'shop = "= Qimu"',
        ]  # fmt: skip
        if self.covers is not None and TABLES[table].coverage:
            text += ["[period]", 'from = ["filename"]', r"filename = '(?P<start>\d{4}-\d{2}-\d{2})_(?P<end>\d{4}-\d{2}-\d{2})'"]
        for field in fields:
            text += ["[[column]]", f'header = ["{table}.{field.name}"]', f'field = "{field.name}"', *self._type(table, field)]
        text += ["[[emit]]", f'into = "{table}"', f"fields = [{', '.join(repr(field.name) for field in fields)}]"]
        path = self.folder / f"{table}.toml"
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return path

    @staticmethod
    def _fields(table: str, rows: Sequence[dict[str, Any]]) -> list[Field]:
        used = {name for row in rows for name in row}
        return [field for field in TABLES[table].fields if field.name in used]

    @staticmethod
    def _type(table: str, field: Field) -> list[str]:
        if field.kind == "ts":
            return ['type = "datetime"', 'format = ["YYYY-MM-DD HH:mm:ss"]', 'tz = "UTC"']
        if field.refers == "customer" or (table, field.name) == ("customer", "buyer"):
            return ['type = "hash"']
        if field.kind == "money":
            return ['type = "money"', "minor = true"]
        if field.name.endswith("_no") or field.refers == "product" or field.name == "sku":
            return ['type = "id"']
        return [f'type = "{_TYPES[field.kind]}"']

    @staticmethod
    def _cell(field: Field, value: Any) -> str:
        if value is None:
            return ""
        if field.kind == "day":
            return iso(value)
        if field.kind == "ts":
            return f"{iso(value // 86400)} {value % 86400 // 3600:02d}:{value % 3600 // 60:02d}:{value % 60:02d}"
        return str(value)
