"""Formats for the made files of orders, and taking one file through plan and import with what is stored at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecoperf_desktop import actions, language
from ecoperf_desktop.importing.plan import FilePlan
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import FileReport
from ecoperf_desktop.store import ledger
from ecoperf_desktop.store.database import Workspace

_HEAD = """
[format]
id = "made.orders"
version = 1
platform = "made"
title = { en = "Made orders", zh = "订单" }
verified = "documented"
[answers]
recognition_basis = "placed"
"""

_EMITS = """
[group]
by = ["order_no"]
[[emit]]
into = "orders"
per = "group"
[[emit]]
into = "order_lines"
"""

_COLUMNS = (
    ("Order ID", "order_id", "order_no", "id", True),
    ("Order Date", "date", "placed", "date", True),
    ("SKU", "sku", "sku", "id", True),
    ("Product", "product", "product", "text", False),
    ("Qty", "qty", "qty", "integer", True),
    ("Unit Price", "unit_price", "unit_price", "money", False),
    ("Total", "total", "gross", "money", True),
    ("Currency", "currency", "currency", "currency", False),
    ("Country", "country", "region", "text", False),
)


def orders_of_table(read: str = "", *, without: Sequence[str] = (), short_header: bool = False) -> str:
    """Return the format of the made tables; ``read`` are lines of [read]."""
    found = [one for one in _COLUMNS if one[0] not in without]
    tests = ["Order ID", "Total"] if short_header else [one[0] for one in found]
    lines = [_HEAD, "[detect]", f"all = {tests}".replace("'", '"'), "[read]", read]
    for header, _, name, kind, needed in found:
        lines += ["[[column]]", f'header = ["{header}"]', f'field = "{name}"', f'type = "{kind}"', f"required = {str(needed).lower()}"]
    return "\n".join([*lines, _EMITS])


def orders_of_json(rows: str = "") -> str:
    """Return the format of the made documents; ``rows`` leads to the records."""
    first = rows.partition(".")[0] or "order_id"
    lines = [_HEAD, "[detect]", f'all = ["{first}"]', "[read]", 'layout = "json"', f'rows = "{rows}"']
    for _, path, name, kind, needed in _COLUMNS:
        lines += ["[[column]]", f'path = ["{path}"]', f'field = "{name}"', f'type = "{kind}"', f"required = {str(needed).lower()}"]
    return "\n".join([*lines, _EMITS])


@dataclass(frozen=True)
class Taken:
    """What became of one file.  ``plan`` and ``report`` are those of its first table, ``lines`` what is stored of order lines."""

    plan: FilePlan
    report: FileReport
    header: tuple[str, ...] = ()
    orders: tuple[tuple[object, ...], ...] = ()
    lines: tuple[tuple[object, ...], ...] = ()

    @property
    def status(self) -> str:
        return self.report.status

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.report.findings

    def said(self, code: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.code == code]

    @property
    def words(self) -> str:
        """Return every remark in words, each with its line."""
        return "\n".join(worded(finding) for finding in self.findings)


def worded(finding: Finding) -> str:
    place = "" if finding.line is None else f"line {finding.line}: "
    return place + language.sentence(finding.code, "en", **finding.details)


@contextmanager
def taken(
    path: Path, opened: Workspace, folder: Path, mapping: str | None = None, settings: dict[str, str] | None = None
) -> Iterator[Taken]:
    """Import a file, by a format given as text or by the shipped ones; take it back at the end."""
    mappings: tuple[Path, ...] = ()
    identity = None
    if mapping is not None:
        written = folder / "given.toml"
        written.write_text(mapping, encoding="utf-8")
        mappings, identity = (written,), mapping.partition('id = "')[2].partition('"')[0]
    choices = actions.ImportChoices(identity, mappings, "made", tuple((settings or {}).items()))
    planned = actions.plan_import([path], choices, opened)
    report = actions.apply_import(planned, opened)
    first, file = planned.files[0], report.files[0]
    conn = opened.conn
    ids = [one.import_id for one in report.files if one.import_id is not None]
    header: tuple[str, ...] = ()
    if first.prepared is not None:
        header = first.prepared.head.header
    made = Taken(
        first, file, header,
        tuple(conn.execute("SELECT order_no, currency, placed_day FROM orders ORDER BY order_no").fetchall()),
        tuple(conn.execute("SELECT o.order_no, l.qty, l.gross_minor, p.sku, r.name FROM order_lines l JOIN orders o ON o.order_id = l.line_id / 65536 LEFT JOIN product p ON p.product_id = l.product_id LEFT JOIN region r ON r.region_id = o.region_id ORDER BY l.line_id").fetchall()),
    )  # fmt: skip
    try:
        yield made
    finally:
        if ids:
            ledger.undo(opened, ids)  # as a person does, without the backup before it
