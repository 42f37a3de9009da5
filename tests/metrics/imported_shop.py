"""A random shop told by files alone: exports that overlap, come twice, are wrong and taken back, in any order.

The rows are those of ``stated_shop``.  Where one of our templates carries a table it is filled in; other tables are
written as CSV that a format made here reads.  Whatever the order of the files, what stands at the end are those rows.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue_facts import DAY_1, SmallStore
from stated_shop import DAYS, stated_shop

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.importing.templates import Template, TemplateColumn, templates
from ecoperf_desktop.model.days import iso
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.tables import TABLES, Field

Row = dict[str, Any]

# Rows without a day stand in every export; those of this day are final in the late one only.
_SEAMLESS = DAY_1 + DAYS
# What a file's channel is, is told by its name alone.
CHANNELS = {"web": "Organic Search", "live": "Organic Social"}
# Templates by their tables; the second of an order to a supplier are its lines.
_FILLED = {
    "product": "products", "staff": "staff", "supplier": "suppliers", "campaign": "campaign_owners", "purchase_orders": "purchase_orders",
    "receipts": "receipts", "shipments": "shipments", "inventory_snapshots": "stock_counts", "labour": "shifts", "training": "training",
    "content_audits": "content_audits", "surveys": "surveys", "reviews": "reviews", "demand_forecast": "forecasts",
    "expenses": "expenses", "budgets": "budgets", "market_size": "market_size",
}  # fmt: skip
_MADE = (
    "orders", "order_lines", "refunds", "customer", "support_conversations", "ad_performance", "search_performance",
    "social_performance", "email_performance", "site_traffic", "lab_audits", "page_p75", "uptime_checks", "incidents",
)  # fmt: skip
# What no template carries of a product.
_LISTED = ("sku", "launched_day", "is_listed")
_TYPES = {"int": "integer", "real": "number", "money": "money", "day": "date", "flag": "flag", "text": "text", "ref": "text"}
# Counts that an earlier or a wrong export may state otherwise; amounts of money may always.
_COUNTS = ("qty", "on_hand", "units_handled", "sessions", "pageviews", "impressions", "clicks", "sent", "qty_received", "engagements")
_KEYS = ("goods",)
_NAMED = {"product": "sku", "orders": "order_no", "purchase_orders": "po_no"}


@dataclass
class ImportedShop:
    """A workspace after its history, the rows its files tell in the end, and what happened."""

    workspace: Workspace
    told: SmallStore
    happened: list[str] = field(default_factory=list)

    def close(self) -> None:
        self.workspace.close()


def imported_shop(folder: Path, seed: int, orders: int = 45) -> ImportedShop:
    """Write the shop of ``seed`` as files and import them in a random order; raise AssertionError for a file not loaded."""
    roll = random.Random(seed)
    told = stated_shop(seed, orders=orders)
    for old, new in CHANNELS.items():
        told.conn.execute("UPDATE channel SET name = ? WHERE name = ?", (new, old))
    told.conn.execute("UPDATE lab_audits SET ts = ts + rowid")
    rows = {table: list(_rows(told, table)) for table in (*_FILLED, "po_lines", *_MADE)}
    seam, until = DAY_1 + roll.randint(25, 35), DAY_1 + roll.randint(40, 55)
    exports = {
        # The first half, of which the days after the seam were not final yet.
        "early": _Export(folder / "early", "2026-05-20T08:00", (DAY_1, until - 1), lambda day: day < until, lambda day: day >= seam),
        "late": _Export(folder / "late", "2026-05-21T08:00", (seam, DAY_1 + DAYS - 1), lambda day: day >= seam, lambda _: False),
        # The newest of all, and wrong throughout: it is taken back.
        "wrong": _Export(folder / "wrong", "2026-05-22T08:00", (DAY_1, DAY_1 + DAYS - 1), lambda _: True, lambda _: True, roll.sample([*_FILLED, *_MADE], 12)),
    }
    shop = ImportedShop(actions.open_workspace(folder / "shop.ecoperf", write=True), told)
    for export in exports.values():
        export.write(rows)
    history = list(exports)
    roll.shuffle(history)
    imported: dict[str, list[int]] = {}
    for name in history:
        imported[name] = _load(shop, name, exports[name])
        if roll.random() < 0.5:
            again = roll.choice(list(imported))
            _load(shop, f"{again} again", exports[again], again=True)
    actions.undo(shop.workspace, imported["wrong"])
    shop.happened.append("wrong taken back")
    back = roll.choice(["early", "late"])
    actions.undo(shop.workspace, roll.sample(imported[back], len(imported[back]) // 3))
    shop.happened.append(f"a third of {back} taken back")
    # A file whose bytes were those of another, which is taken back now, stands there no more either.
    for name in ("early", "late"):
        _load(shop, f"{name} once more", exports[name])
    sums.ensure(shop.workspace.conn)
    return shop


@dataclass(frozen=True)
class _Export:
    """Files of one hour: the rows of days ``has``, stating those of days ``is_off`` a little otherwise."""

    folder: Path
    as_of: str
    covers: tuple[int, int]
    has: Callable[[int], bool]
    is_off: Callable[[int], bool]
    only: Iterable[str] = (*_FILLED, *_MADE)

    def write(self, rows: dict[str, list[Row]]) -> None:
        self.folder.mkdir(parents=True)
        days = {row["order_no"]: row["placed_day"] for row in rows["orders"]}
        ordered = {row["po_no"]: row["ordered_day"] for row in rows["purchase_orders"]}
        made = {template.stem: template for template in templates()}
        for table in self.only:
            kept = []
            for row in rows[table]:
                day = row.get("day", row.get("placed_day", row.get("refund_day", row.get("received_day", row.get("ordered_day")))))
                if table == "order_lines":
                    day = days[row["order_no"]]
                if day is None or self.has(day):
                    kept.append(_off(table, row) if self.is_off(_SEAMLESS if day is None else day) else row)
            if table == "purchase_orders":
                kept = [
                    {**order, **(_off("po_lines", line) if self.is_off(ordered[line["po_no"]]) else line)}
                    for order in kept for line in rows["po_lines"] if line["po_no"] == order["po_no"]
                ]  # fmt: skip
            if not kept:
                continue  # nothing of these days: there is no such file
            if table in _FILLED:
                _fill(self.folder / f"{table}.csv", made[_FILLED[table]], table, kept)
            else:
                _make(self.folder, table, kept, self.covers)
            if table == "product":
                _make(self.folder, table, [{name: row[name] for name in _LISTED} for row in kept], self.covers)


def _load(shop: ImportedShop, told: str, export: _Export, *, again: bool = False) -> list[int]:
    """Import an export, ``again`` where all of it stands there already; return the numbers of what was loaded."""
    mappings = tuple(sorted(export.folder.glob("*.toml")))
    settings = {"currency": "CNY", "tz": "UTC", "as_of": export.as_of, "shop": "Qimu"}
    choices = ImportChoices(mappings=mappings, source="Qimu", settings=tuple(settings.items()))
    files = sorted(export.folder.glob("*.csv"))
    report = actions.apply_import(actions.plan_import(files, choices, shop.workspace), shop.workspace)
    # Products and people are the same in every export: those files are known by their bytes.
    allowed = ("unchanged",) if again else ("loaded", "unchanged")
    wrong = [(one.path, one.status, [str(finding) for finding in one.findings]) for one in report.files if one.status not in allowed]
    assert not wrong, wrong
    shop.happened.append(told)
    return [one.import_id for one in report.files if one.import_id is not None and one.status == "loaded"]


# ---- rows as files tell them


def _rows(store: SmallStore, table: str) -> Iterable[Row]:
    """Yield the rows of a table by field: names instead of row ids, and a number of their own where they have none."""
    columns = [row[1] for row in store.conn.execute(f"PRAGMA table_info({table})")]
    for values in store.conn.execute(f"SELECT * FROM {table}").fetchall():
        held = dict(zip(columns, values, strict=True))
        yield {one.name: _told(store, table, one, held) for one in TABLES[table].fields}


def _told(store: SmallStore, table: str, one: Field, held: Row) -> Any:
    number = next(iter(held.values()))
    if (table, one.name) == ("order_lines", "order_no"):
        return _name(store, "orders", held["line_id"] // 65536)
    if (table, one.name) == ("order_lines", "shop"):
        shop = store.conn.execute("SELECT shop_id FROM orders WHERE order_id = ?", (held["line_id"] // 65536,)).fetchone()[0]
        return _name(store, "shop", shop)
    if one.name == "line_no":
        if table == "order_lines":
            return str(held["line_id"] % 65536)
        if table == "po_lines":
            return "1"
        return held.get("line_no")
    if (table, one.name) == ("customer", "buyer"):
        return f"buyer {held['ext_hash']}"
    if one.name in ("refund_no", "review_no", "response_no", "receipt_no", "expense_no", "shipment_no"):
        return f"N{number}"
    if table == "receipts" and one.name == "line_no":
        return "1"
    value = held.get(one.column)
    if one.refers == "customer" and value is not None:
        return f"buyer {value}"
    return _name(store, one.refers, value) if one.refers is not None and value is not None else value


def _name(store: SmallStore, table: str, key: int) -> str:
    column = _NAMED.get(table, "name")
    found = store.conn.execute(f"SELECT {column} FROM {table} WHERE {table.rstrip('s') if table == 'orders' else _ID.get(table, table)}_id = ?", (key,))
    return str(found.fetchone()[0])


_ID = {"purchase_orders": "po"}


def _off(table: str, row: Row) -> Row:
    """Return a row as an export states it that is not final."""
    changed = dict(row)
    for one in TABLES[table].fields:
        value = row.get(one.name)
        if value is not None and one.name not in _KEYS and (one.kind == "money" or one.name in _COUNTS):
            changed[one.name] = value + 3
    return changed


def _fill(path: Path, template: Template, table: str, rows: list[Row]) -> None:
    fields = {one.name: one for name in (table, "po_lines") for one in reversed(TABLES[name].fields) if name == table or table == "purchase_orders"}
    with path.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([column.heading for column in template.columns])
        for row in rows:
            writer.writerow([_filled(column, _field_of(column, fields), row) for column in template.columns])


def _field_of(column: TemplateColumn, fields: dict[str, Field]) -> Field:
    """Return the field a template's column fills: of its own name, or of the day or hour it names."""
    for name in (column.field, f"{column.field}_{'ts' if column.type == 'datetime' else 'day'}"):
        if name in fields:
            return fields[name]
    return fields["day"]


def _filled(column: TemplateColumn, one: Field, row: Row) -> str:
    value = row.get(one.name)
    if column.type == "flag" and value is not None:
        return "yes" if value else "no"
    return _cell(one, value, major=column.type == "money")


def _make(folder: Path, table: str, rows: list[Row], covers: tuple[int, int]) -> None:
    """Write rows with the names of their fields as headers, and a format that reads them; the file's name says its days."""
    used = {name for row in rows for name, value in row.items() if value is not None}
    fields = [one for one in TABLES[table].fields if one.name in used]
    stem = f"plain_{table}"
    headers = [f"{table}.{one.name}" for one in fields]
    with (folder / f"{stem} {'_'.join(map(iso, covers))}.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(headers)
        writer.writerows([_cell(one, row.get(one.name)) for one in fields] for row in rows)
    text = [
        "[format]", f'id = "plain.{table}"', "version = 1", 'platform = "plain"', f'title = {{ en = "Plain {table}", zh = "{table}" }}',
        'verified = "fixtures"', "[detect]", f"all = {headers!r}", "[read]", 'decimal = "."', 'dates = "year_first"', "[answers]", 'shop = "= Qimu"',
    ]  # fmt: skip
    if TABLES[table].coverage:
        text += ["[period]", 'from = ["filename"]', r"filename = '(?P<start>\d{4}-\d{2}-\d{2})_(?P<end>\d{4}-\d{2}-\d{2})'"]
    for one, header in zip(fields, headers, strict=True):
        text += ["[[column]]", f"header = [{header!r}]", f"field = {one.name!r}", *_type(table, one)]
    text += ["[[emit]]", f"into = {table!r}", f"fields = {[one.name for one in fields]!r}"]
    (folder / f"{stem}.toml").write_text("\n".join(text) + "\n", encoding="utf-8")


def _type(table: str, one: Field) -> list[str]:
    if one.kind == "ts":
        return ['type = "datetime"', 'format = ["YYYY-MM-DD HH:mm:ss"]', 'tz = "UTC"']
    if one.refers == "customer" or (table, one.name) == ("customer", "buyer"):
        return ['type = "hash"']
    if one.kind == "money":
        return ['type = "money"', "minor = true"]
    if one.name.endswith("_no") or one.name == "sku":
        return ['type = "id"']
    return [f'type = "{_TYPES[one.kind]}"']


def _cell(one: Field, value: Any, *, major: bool = False) -> str:
    if value is None:
        return ""
    if one.kind == "day":
        return iso(value)
    if one.kind == "ts":
        return f"{iso(value // 86400)} {value % 86400 // 3600:02d}:{value % 3600 // 60:02d}:{value % 60:02d}"
    if one.kind == "cost_e4":
        return f"{value // 1_000_000}.{value % 1_000_000:06d}"
    if major:
        return f"{value // 100}.{value % 100:02d}"
    return str(value)
