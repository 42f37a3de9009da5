"""A shop that exists only as files: rows are written as files that the program knows, imported, and asked about.

What a test says of a row are fields of ``store/tables.py``.  Money is in smallest units, days are days, instants seconds.
A table is written as our own template where there is one, else as a platform's export, and only where neither can carry
what is said of it, as a file with a format made for it: ``ways`` tells which, and why.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.importing import shelf, templates
from ecoperf_desktop.importing.descriptor import ColumnRule, Format
from ecoperf_desktop.importing.expression import Const, Expression, First, Name, Product
from ecoperf_desktop.model import money
from ecoperf_desktop.model.days import Period, date_of, iso
from ecoperf_desktop.model.metric import OwnMetric
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.tables import TABLES, Field

_TYPES = {"int": "integer", "real": "number", "money": "money", "cost_e4": "money", "day": "date", "flag": "flag", "text": "text", "ref": "text"}
# What a plain answer says of orders unless a test says otherwise.
SETTINGS = {"currency": "CNY", "tz": "UTC"}
SOURCE = "Qimu"

# Platforms' exports that stand for tables no template is for.
EXPORTS = {
    "orders": ("shopify.orders",),
    "refunds": ("shopify.payments_transactions",),
    "ad_performance": ("google_ads.report",),
    "search_performance": ("search_console.performance",),
    "email_performance": ("mailchimp.campaigns",),
    "site_traffic": ("ga4.report", "matomo.visits"),
    "page_p75": ("crux.record",),
    "incidents": ("uptimerobot.events",),
    "support_conversations": ("freshdesk.tickets",),
}
# Fields that an export tells by what it is, not by a column: they are left out, and the numbers show that they came out right.
_TOLD_BY_THE_FILE = {"search_console.performance": {"variant"}, "ga4.report": {"variant"}, "matomo.visits": {"variant"}}
# What an export says and a table does not: it is worked out while it is read.
_OF_EXPORTS = {"orders": {"order_discount"}}
# Columns without which a format would not know its file again.
_MARKS = {
    "ga4.report": ("day", "sessions"),
    "google_ads.report": ("impressions", "clicks", "cost"),
    "mailchimp.campaigns": ("complaints", "unique_opens", "soft_bounces"),
}


class CannotCarry(Exception):
    """A format has no place for what is said of a table; the text says for what."""


@dataclass(frozen=True)
class Way:
    """How a table's rows came into the workspace: ``template``, ``export`` or ``made``, then ``why`` is not empty."""

    kind: str
    format: str
    why: str = ""


class FileShop:
    """Rows by table, written and imported at the first question.

    ``covers``: the period that files say they speak for, where their format lets a person say it; an export of a platform
    speaks for the days of its rows.
    """

    _open: ClassVar[list[Workspace]] = []
    made: ClassVar[list[FileShop]] = []

    def __init__(self, folder: Path, covers: Period | None = None, **settings: str) -> None:
        self.folder = folder
        self.covers = covers
        self.ways: dict[str, Way] = {}
        self.answers: list[Any] = []
        self._settings = {**SETTINGS, **settings}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._opened: Workspace | None = None
        self._orders = 0
        self._files: list[Path] = []
        self._mappings: list[Path] = []
        self.made.append(self)

    def add(self, table: str, **fields: Any) -> None:
        assert self._opened is None, "the files are written already"
        known = {field.name for field in TABLES[table].fields} | _OF_EXPORTS.get(table, set())
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
            self._write()
            self._opened = actions.open_workspace(self.folder / "shop.ecoperf", write=True)
            self._open.append(self._opened)
            settings = dict(self._settings)
            if self.covers is not None:
                settings["period"] = f"{iso(self.covers.first)}..{iso(self.covers.last)}"
            choices = ImportChoices(mappings=tuple(self._mappings), source=SOURCE, settings=tuple(settings.items()))
            # Orders come first here; any other order gives the same workspace.
            report = actions.apply_import(actions.plan_import(self._files, choices, self._opened), self._opened)
            told = [(one.path, [str(finding) for finding in one.findings]) for one in report.files if one.status != "loaded"]
            assert not told, told
            formats = {way.format for way in self.ways.values()}
            assert {one.format for one in report.files} == formats, (report.files, formats)
        return self._opened

    def values(
        self, *metrics: str, first: int, days: int, by: str | None = None, per: tuple[str, ...] = (),
        where: tuple[tuple[str, str], ...] = (), compare: str | None = None,
    ) -> list[Value]:  # fmt: skip
        question = Question(metrics, Period(first, first + days - 1), by=by, per=per, where=where, compare=compare)
        found = actions.values(self.workspace(), question)
        for one in found:
            self.answers += _told(one)
        return found

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
        return self.own_value(expression, unit, **scope).value

    def own_value(self, expression: str, unit: str, **scope: Any) -> Value:
        metric = OwnMetric(f"my_{len(actions.own_metrics(self.workspace()))}", "My number", "", expression, unit)
        actions.keep_own_metric(self.workspace(), metric)
        return self.value(metric.id, **scope)

    @classmethod
    def close_all(cls) -> None:
        """Close the workspaces of every shop made so far, and forget them."""
        while cls._open:
            cls._open.pop().close()
        cls.made.clear()

    # ---- files

    def _write(self) -> None:
        rows = dict(self._rows)
        for tables, write in ((("orders", "order_lines"), self._order_export), (("purchase_orders", "po_lines"), self._purchase_orders)):
            if tables[0] not in rows:
                continue
            try:
                write(rows)
            except CannotCarry as reason:
                for table in tables:
                    if table in rows:
                        self._made(table, rows.pop(table), str(reason))
        for table, of in rows.items():
            try:
                self._known(table, of)
            except CannotCarry as reason:
                self._made(table, of, str(reason))

    def _order_export(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """Write orders and their lines as a platform's export, and what lines cost as our table of products."""
        lines = rows.get("order_lines", [])
        costs = _unit_costs(lines)
        table = list(_shopify(rows["orders"], lines, costs, self._settings["currency"]))
        if costs:
            products = {str(product["sku"]): dict(product) for product in rows.get("product", [])}
            for sku, cost in costs.items():
                if products.setdefault(sku, {"sku": sku}).setdefault("unit_cost", cost) != cost:
                    raise CannotCarry("product.unit_cost")
            rows["product"] = list(products.values())
        for name in ("orders", "order_lines"):
            if rows.pop(name, None) is not None:
                self.ways[name] = Way("export", *EXPORTS["orders"])
        self._csv("orders_export.csv", table)

    def _purchase_orders(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        form = next(one for one in shelf.shipped() if one.id == "own.purchase_orders")
        ordered = {order["po_no"]: order for order in rows["purchase_orders"]}
        cells = [
            {**self._cells(form, "purchase_orders", ordered[line["po_no"]]), **self._cells(form, "po_lines", line)} for line in rows.get("po_lines", [])
        ]
        if ordered.keys() != {line["po_no"] for line in rows.get("po_lines", [])}:
            raise CannotCarry("purchase_orders without lines")
        self._template(form, cells)
        for name in ("purchase_orders", "po_lines"):
            del rows[name]
            self.ways[name] = Way("template", form.id)

    def _known(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write a table as our template, else as a platform's export."""
        for form in shelf.shipped():
            if form.path.stem.startswith("template_") and any(emit.into == table for emit in form.emits):
                self._template(form, [self._cells(form, table, row) for row in rows])
                self.ways[table] = Way("template", form.id)
                return
        if table not in EXPORTS:
            raise CannotCarry(table)
        refused: list[str] = []
        for name in EXPORTS[table]:
            try:
                self._export(table, next(one for one in shelf.shipped() if one.id == name), rows)
            except CannotCarry as reason:
                refused.append(str(reason))
            else:
                self.ways[table] = Way("export", name)
                return
        raise CannotCarry(refused[0])

    def _export(self, table: str, form: Format, rows: Sequence[dict[str, Any]]) -> None:
        if table == "page_p75":
            self._field_reports(form, rows)
        elif table == "refunds":
            self._csv("payment_transactions_export.csv", list(_payments(rows, self._settings["currency"])))
        elif table == "incidents":
            self._csv("events.csv", list(_outages(rows, self._settings["tz"])))
        elif table == "support_conversations":
            self._csv("tickets.csv", list(_tickets(rows)))
        else:
            cells = [self._cells(form, table, row) for row in rows]
            self._csv(f"{form.path.stem}.csv", [*self._above(form), *_columns(form, cells)])

    def _above(self, form: Format) -> list[list[str]]:
        """Return the lines that stand above the table of such an export: what the report is of, and of which days."""
        if form.id != "ga4.report":
            return []
        span = [] if self.covers is None else [["# " + "-".join(iso(day).replace("-", "") for day in (self.covers.first, self.covers.last))]]
        return [["# Report"], *span]

    def _cells(self, form: Format, table: str, row: dict[str, Any]) -> dict[str, str]:
        """Return the cells, by column, that make a row of the table; raise CannotCarry where there is no column for a field."""
        cells: dict[str, str] = {}
        fields = {field.name: field for field in TABLES[table].fields}
        fills = {name: of for emit in reversed(form.emits) if emit.into == table for name, of in emit.fills.items()}
        for name, value in row.items():
            if name in _TOLD_BY_THE_FILE.get(form.id, ()):
                continue
            if (form.id, name) == ("matomo.visits", "day"):
                cells["when"] = iso(value)  # the column may hold a span: it is no date
                continue
            place = _place(fills.get(name))
            if isinstance(place, Const):
                if value != place.value:
                    raise CannotCarry(f"{table}.{name}")
                continue
            if isinstance(place, Product):
                kept, other = place.factors
                if not (isinstance(kept, Name) and isinstance(other, Name) and row.get(other.name)):
                    raise CannotCarry(f"{table}.{name}")
                place, value = kept, value / row[other.name]
            column = None if place is None else next((one for one in form.columns if place.name in one.produces), None)
            if column is None or column.field in cells:
                raise CannotCarry(f"{table}.{name}")
            cells[column.field] = "" if value is None else self._text(column, fields[name], value, f"{table}.{name}")
        return cells

    def _text(self, column: ColumnRule, field: Field, value: Any, what: str) -> str:
        if column.type == "enum":
            words = [word for word, meant in column.values.items() if meant == value]
            if not words and column.other == "reject":
                raise CannotCarry(what)
            return words[0] if words else str(value)
        if column.type == "flag":
            return "yes" if value else "no"
        if field.kind == "money":
            return str(money.to_major(value, self._settings["currency"]))
        if field.kind == "cost_e4":
            return str(money.to_major(value, self._settings["currency"]) / 10000)
        return self._cell(field, value)

    def _template(self, form: Format, cells: Sequence[dict[str, str]]) -> None:
        """Fill in the template as the program hands it out: its headers, the row that explains them, then ours."""
        template = next(one for one in templates.templates() if one.format_id == form.id)
        path = self.folder / f"{template.stem}.csv"
        templates.write_one(template, path, "en")
        with path.open("a", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows([[row.get(column.field, "") for column in template.columns] for row in cells])
        self._files.append(path)

    def _field_reports(self, form: Format, rows: Sequence[dict[str, Any]]) -> None:
        """Write a report of the field for each page, device and span."""
        names = {"LCP": "largest_contentful_paint", "INP": "interaction_to_next_paint", "CLS": "cumulative_layout_shift"}
        reports: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in rows:
            first, last = row["day"], row.get("last_day", row["day"])
            span = [date_of(first), date_of(last)]
            told = reports.setdefault((row["page"], row["device"], first, last), {"key": {
                "url": row["page"], "formFactor": {"mobile": "PHONE", "desktop": "DESKTOP"}[row["device"]],
            }, "metrics": {}, "collectionPeriod": {
                name: {"year": day.year, "month": day.month, "day": day.day} for name, day in zip(("firstDate", "lastDate"), span, strict=True)
            }})  # fmt: skip
            metric: dict[str, Any] = {"percentiles": {"p75": row["p75"]}}
            told["metrics"][names[row["metric"]]] = metric
            if "good" in row:
                metric["histogram"] = [{"density": row[name]} for name in ("good", "needs", "poor")]
        for number, told in enumerate(reports.values()):
            path = self.folder / f"field report {number}.json"
            path.write_text(json.dumps({"record": told}), encoding="utf-8")
            self._files.append(path)

    def _csv(self, name: str, table: Iterable[Sequence[str]]) -> None:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows(table)
        self._files.append(path)

    # ---- files of a format made for them

    def _made(self, table: str, rows: Sequence[dict[str, Any]], why: str) -> None:
        self.ways[table] = Way("made", f"plain.{table}", why)
        self._mappings.append(self._format(table, rows))
        covers = "" if self.covers is None else f" {iso(self.covers.first)}_{iso(self.covers.last)}"
        fields = self._fields(table, rows)
        told = [[self._cell(field, row.get(field.name)) for field in fields] for row in rows]
        self._csv(f"{table}{covers}.csv", [[f"{table}.{field.name}" for field in fields], *told])

    def _format(self, table: str, rows: Sequence[dict[str, Any]]) -> Path:
        fields = self._fields(table, rows)
        headers = ", ".join(f'"{table}.{field.name}"' for field in fields)
        text = [
            "[format]", f'id = "plain.{table}"', "version = 1", 'platform = "plain"',
            f'title = {{ en = "Plain {table}", zh = "{table}" }}', 'verified = "fixtures"',
            "[detect]", f"all = [{headers}]",
            "[read]", 'decimal = "."', 'dates = "year_first"',
            "[answers]", f'shop = "= {SOURCE}"',
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
            return f"{iso(value // 86400)} {clock(value)}"
        return str(value)


def clock(second: int) -> str:
    """Return the time of day of an instant, in UTC."""
    return f"{second % 86400 // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"


def _told(one: Value) -> list[Any]:
    """Return every number and word of an answer."""
    told = [one.value, one.numerator, one.denominator, one.word, one.bucket, *one.details.values()]
    return told if one.compare is None else [*told, one.compare.value, one.compare.change, one.compare.change_ratio]


def _place(expression: Expression | None) -> Name | Const | Product | None:
    """Return what fills a field in the first place; None where that is no single value."""
    while isinstance(expression, First):
        expression = expression.parts[0]
    return expression if isinstance(expression, Name | Const | Product) else None


def _columns(form: Format, cells: Sequence[dict[str, str]]) -> Iterator[list[str]]:
    used = {field for row in cells for field in row} | set(_MARKS.get(form.id, ()))
    columns = [column for column in {one.field: one for one in reversed(form.columns)}.values() if column.field in used or column.required]
    yield [column.shown for column in columns]
    for row in cells:
        yield [row.get(column.field, "") for column in columns]


def _named(line: dict[str, Any]) -> str:
    """Return what a line sells: its SKU, or goods that are known by what they cost."""
    if line.get("sku") is not None:
        return str(line["sku"])
    return "Goods" if line.get("cost") is None else f"Goods of {Fraction(line['cost'], line['qty'])}"


def _unit_costs(lines: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return what a piece costs by SKU, in 1/10 000 of the smallest unit; raise CannotCarry where its lines disagree."""
    costs: dict[str, int | None] = {}
    for line in lines:
        cost = None if line.get("cost") is None else Fraction(line["cost"] * 10000, line["qty"])
        if cost is not None and cost.denominator != 1 or costs.setdefault(_named(line), None if cost is None else int(cost)) != cost:
            raise CannotCarry("order_lines.cost")
    return {sku: cost for sku, cost in costs.items() if cost is not None}


_SHOPIFY_ORDER = {
    "order_no", "placed_day", "paid_day", "cancel_day", "placed_ts", "paid_ts", "buyer", "channel", "agent", "region", "shipping", "tax_added",
    "order_discount",
}  # fmt: skip
_SHOPIFY_LINE = {"order_no", "line_no", "sku", "qty", "gross", "discount", "cost"}
_SHOPIFY_HEADERS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfilled at", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Amount",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Lineitem discount", "Shipping Country", "Cancelled at",
    "Refunded Amount", "Employee", "Source",
)  # fmt: skip


def _carried(table: str, row: dict[str, Any], known: set[str]) -> None:
    """Raise CannotCarry for the first field of a row that is not among those known."""
    for name in row:
        if name not in known:
            raise CannotCarry(f"{table}.{name}")


def _payments(refunds: Sequence[dict[str, Any]], currency: str) -> Iterator[list[str]]:
    """Write refunds as Shopify's payments tell them: an amount taken back from an order on a day."""
    yield ["Transaction Date", "Type", "Order", "Payout Status", "Payout Date", "Amount", "Fee", "Net", "Currency"]
    for refund in refunds:
        _carried("refunds", refund, {"order_no", "refund_day", "goods", "status"})
        if refund["status"] != "done":
            raise CannotCarry("refunds.status")
        back = str(money.to_major(-refund["goods"], currency))
        yield [f"{iso(refund['refund_day'])} 12:00:00 +0000", "refund", refund["order_no"], "paid", "", back, "", back, currency]


def _outages(incidents: Sequence[dict[str, Any]], tz: str) -> Iterator[list[str]]:
    """Write outages as UptimeRobot logs them: when they began, on the clock of the place, and how long they took."""
    yield ["Event", "Monitor", "Monitor URL", "Date-Time", "Reason", "Duration", "Duration (in mins.)"]
    for incident in incidents:
        if incident.get("planned") or incident.get("ended_ts") is None:
            raise CannotCarry("incidents.planned" if incident.get("planned") else "incidents.ended_ts")
        began = datetime.fromtimestamp(incident["started_ts"], ZoneInfo(tz))
        minutes, rest = divmod(incident["ended_ts"] - incident["started_ts"], 60)
        if rest or began.date() != date_of(incident["day"]):
            raise CannotCarry("incidents.ended_ts" if rest else "incidents.day")
        lasted = f"{minutes // 60} hrs, {minutes % 60} mins"
        yield ["Down", incident["target"], "", f"{began:%Y-%m-%d %H:%M:%S}", "Connection Timeout", lasted, str(minutes)]


_HAPPY = {5: "Extremely Happy", 4: "Happy", 3: "Neutral", 2: "Unhappy", 1: "Very Unhappy"}


def _tickets(conversations: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    """Write conversations as Freshdesk exports tickets, with what kind they were and how their survey was answered."""
    yield ["Ticket ID", "Status", "Type", "Agent", "Created time", "Agent interactions", "Survey results"]
    for one in conversations:
        _carried("support_conversations", one, {"ticket_no", "day", "agent", "is_complaint", "csat"})
        about = {None: "", 0: "Question", 1: "Complaint"}[one.get("is_complaint")]
        yield [one["ticket_no"], "Closed", about, one.get("agent") or "", f"{iso(one['day'])} 12:00:00", "1", _HAPPY.get(one.get("csat", 0), "")]


def _shopify(
    orders: Sequence[dict[str, Any]], lines: Sequence[dict[str, Any]], costs: dict[str, int], currency: str
) -> Iterator[list[str]]:
    """Write orders as Shopify exports them: a row a line, what is said of the order on the first of them only."""
    for table, rows, known in (("orders", orders, _SHOPIFY_ORDER), ("order_lines", lines, _SHOPIFY_LINE)):
        for row in rows:
            _carried(table, row, known)

    def amount(minor: int | None) -> str:
        return "" if minor is None else str(money.to_major(minor, currency))

    def instant(order: dict[str, Any], what: str) -> str:
        if (second := order.get(f"{what}_ts")) is not None:
            return f"{iso(second // 86400)} {clock(second)} +0000"
        day = order.get(f"{what}_day")
        return "" if day is None else f"{iso(day)} 12:00:00 +0000"

    of: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        of.setdefault(line["order_no"], []).append(line)
    yield list(_SHOPIFY_HEADERS)
    for order in orders:
        own = of.get(order["order_no"], [])
        if not own:
            raise CannotCarry("orders without lines")
        subtotal = sum(line["gross"] - (line.get("discount") or 0) for line in own) - (order.get("order_discount") or 0)
        total = subtotal + (order.get("shipping") or 0) + (order.get("tax_added") or 0)
        for place, line in enumerate(own):
            price = Fraction(line["gross"], line["qty"])
            if 10000 % price.denominator:
                raise CannotCarry("order_lines.gross")
            row = {
                "Name": order["order_no"], "Lineitem quantity": str(line["qty"]), "Lineitem name": _named(line),
                "Lineitem price": str(money.to_major(1, currency) * price.numerator / price.denominator), "Lineitem sku": _named(line),
                "Lineitem discount": amount(line.get("discount")),
            }  # fmt: skip
            if place == 0:
                row |= {
                    "Email": order.get("buyer") or "", "Financial Status": "pending" if order.get("paid_day", order.get("paid_ts")) is None else "paid",
                    "Created at": instant(order, "placed"), "Paid at": instant(order, "paid"), "Cancelled at": instant(order, "cancel"),
                    "Currency": currency, "Subtotal": amount(subtotal), "Shipping": amount(order.get("shipping")), "Taxes": amount(order.get("tax_added")),
                    "Total": amount(total), "Discount Amount": amount(order.get("order_discount")), "Shipping Country": order.get("region") or "",
                    "Employee": order.get("agent") or "", "Source": order.get("channel") or "",
                }  # fmt: skip
            yield [row.get(header, "") for header in _SHOPIFY_HEADERS]
