"""The ledger of imports, and taking imports back as if they had never been."""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from ecoperf_desktop.errors import WorkspaceError
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Progress, RowCounts, no_progress
from ecoperf_desktop.store import costs, derive, events, rows, seen, sums
from ecoperf_desktop.store.blocks import Blocks
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.dimensions import NAMED
from ecoperf_desktop.store.fold import Fold
from ecoperf_desktop.store.rows import Shape
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.store.touched import Touched
from ecoperf_desktop.store.traded import MONEY


@dataclass(frozen=True)
class ImportEntry:
    """One line of the ledger.  Times are UTC epoch seconds."""

    import_id: int
    source: str
    path: str
    file: str
    member: str | None
    sha256: str
    size: int
    format: str
    format_version: int
    encoding: str | None
    delimiter: str | None
    as_of: int
    state: Literal["active", "undone"]
    period: Period | None
    rows: RowCounts
    dropped: dict[str, int]
    findings: int
    imported_utc: int
    undone_utc: int | None


def count(conn: sqlite3.Connection) -> int:
    """Return how many imports there are, active and undone."""
    return int(conn.execute("SELECT COUNT(*) FROM imports").fetchone()[0])


def imports(conn: sqlite3.Connection, newest: int | None = None) -> list[ImportEntry]:
    """Return the imports, active and undone, in the order they were made; ``newest`` returns so many last ones."""
    found = conn.execute(
        "SELECT i.import_id, s.name, i.path, i.file, i.member, i.sha256, i.size, i.format, i.format_version, i.encoding, "
        "i.delimiter, i.as_of, i.state, i.first_day, i.last_day, i.rows_read, i.rows_new, i.rows_changed, i.rows_unchanged, "
        "i.rows_dropped, i.rows_rejected, i.dropped, "
        "(SELECT count(*) FROM import_findings f WHERE f.import_id = i.import_id), i.imported_utc, i.undone_utc "
        "FROM imports i JOIN source s USING(source_id) ORDER BY i.import_id DESC LIMIT ?",
        (-1 if newest is None else newest,),
    ).fetchall()
    return [_entry(row) for row in reversed(found)]


def findings(conn: sqlite3.Connection, import_id: int) -> list[Finding]:
    """Return what was remarked about an import, in its order."""
    found = conn.execute(
        "SELECT code, severity, record, line, column_name, details FROM import_findings WHERE import_id = ? ORDER BY position",
        (import_id,),
    )
    return [
        Finding(code, severity, record, line, column, json.loads(details))
        for code, severity, record, line, column, details in found
    ]


def is_confirmed(workspace: Workspace, source: str, format_id: str) -> bool:
    """Return whether a person has confirmed that a format reads a source rightly: said so, or keeps an import made with it."""
    if workspace.setting(_confirmed(source, format_id)) is not None:
        return True
    found = workspace.conn.execute(
        "SELECT 1 FROM imports JOIN source USING (source_id) WHERE source.name = ? AND imports.format = ? AND imports.state = 'active' LIMIT 1",
        (source, format_id),
    )
    return found.fetchone() is not None


def confirm(workspace: Workspace, source: str, format_id: str) -> None:
    """Keep that a person has confirmed a format for a source."""
    if workspace.setting(_confirmed(source, format_id)) is None:
        workspace.set_setting(_confirmed(source, format_id), "yes")


def _confirmed(source: str, format_id: str) -> str:
    return f"confirmed.{format_id}.{source}"


def undo(workspace: Workspace, import_ids: Sequence[int], progress: Progress = no_progress) -> None:
    """Take imports back: all of them, in any order, or none.

    The ledger keeps their entries.  Raises WorkspaceError for an import that does not
    exist or is undone already.
    """
    wanted = list(dict.fromkeys(import_ids))
    with workspace.transaction() as conn:
        states = dict(conn.execute("SELECT import_id, state FROM imports"))
        for import_id in wanted:
            if import_id not in states:
                raise WorkspaceError("store.no_such_import", import_id=import_id)
            if states[import_id] != "active":
                raise WorkspaceError("store.undone_already", import_id=import_id)
        sums.ensure(conn)
        touched = Touched(conn)
        fold = Fold(conn)
        for done, import_id in enumerate(wanted):
            progress(done, len(wanted), str(import_id))
            _withdraw(conn, import_id, fold, touched)
        _forget_unknown(conn)
        touched.derive()
        if conn.execute("SELECT 1 FROM imports WHERE state = 'active' LIMIT 1").fetchone() is None:
            _empty(conn)
        elif not _speaks_of_money(conn):
            _forget_currency(conn)
        events.follow(conn)
        sums.refresh(conn, touched.dirty)
        progress(len(wanted), len(wanted), "")


def _entry(row: Sequence[Any]) -> ImportEntry:
    names = [field.name for field in fields(ImportEntry) if field.name not in ("period", "rows", "dropped")]
    plain: dict[str, Any] = dict(zip(names, (*row[:13], *row[22:]), strict=True))
    period = None if row[13] is None else Period(row[13], row[14])
    return ImportEntry(**plain, period=period, rows=RowCounts(*row[15:21]), dropped=json.loads(row[21]))


def _withdraw(conn: sqlite3.Connection, import_id: int, fold: Fold, touched: Touched) -> None:
    spoken = conn.execute("SELECT table_name FROM import_fields WHERE import_id = ?", (import_id,)).fetchall()
    tables = [name for name in TABLES if (name,) in spoken]
    touched.traded.release_import(import_id)
    blocks = Blocks(conn, fold, import_id, 0, touched)
    for name in tables:
        shape = rows.shape(conn, name)
        if shape.table.strategy == "block":
            blocks.withdraw(shape, import_id)
            continue
        if name == "product":
            touched.costs.look_at(costs.stated_in(conn, import_id))
        for changes in fold.withdraw(shape, import_id):
            touched.changes(shape, changes)
        _remove(conn, shape, import_id, touched)
    seen.forget(conn, import_id)
    for table in ("coverage", "raw_block", "import_fields", "restatement"):
        conn.execute(f"DELETE FROM {table} WHERE import_id = ?", (import_id,))
    conn.execute(
        "UPDATE imports SET state = 'undone', undone_utc = ? WHERE import_id = ?",
        (int(time.time()), import_id),
    )


def _remove(conn: sqlite3.Connection, shape: Shape, import_id: int, touched: Touched) -> None:
    """Remove the facts that only this import asserts; what others refer to by name keeps the name."""
    key = shape.id_column
    with derive.wanted(conn, ()) as unheld:
        conn.execute(
            f"""INSERT INTO {unheld} SELECT {key} FROM {shape.name} WHERE import_id = ? AND NOT EXISTS
              (SELECT 1 FROM held h WHERE h.table_name = ? AND h.row_id = {shape.name}.{key} AND h.import_id <> ?)""",
            (import_id, shape.name, import_id),
        )
        conn.execute("DELETE FROM held WHERE import_id = ? AND table_name = ?", (import_id, shape.name))
        touched.stored(shape, f"{key} IN (SELECT id FROM {unheld})")
        if shape.name in _NAMED_TABLES:
            named = _NAMED_TABLES[shape.name]
            cleared = [column for column in (*shape.columns, "import_id", "record") if column not in named]
            conn.execute(
                f"UPDATE {shape.name} SET {', '.join(f'{column} = NULL' for column in cleared)} "
                f"WHERE {key} IN (SELECT id FROM {unheld})"
            )
        else:
            conn.execute(f"DELETE FROM {shape.name} WHERE {key} IN (SELECT id FROM {unheld})")


# Tables whose rows others refer to, and the columns that are the name.
_NAMED_TABLES: dict[str, tuple[str, ...]] = {
    **{table: (name,) for table, (_, name) in NAMED.items()},
    "orders": ("shop_id", "order_no"),
    "customer": ("ext_hash",),
}

# Facts that refer to an order or purchase order; the field under which ``held`` keeps the reference.
_REFERRING = {
    "orders": ("order_id", "order_no", ("refunds", "reviews", "surveys", "shipments")),
    "purchase_orders": ("po_id", "po_no", ("po_lines", "receipts")),
}


def _forget_unknown(conn: sqlite3.Connection) -> None:
    """Remove orders and purchase orders that no import asserts and nothing refers to."""
    for table, (key, name, facts) in _REFERRING.items():
        alone = [f"NOT EXISTS (SELECT 1 FROM {fact} f WHERE f.{key} = {table}.{key})" for fact in facts]
        if table == "orders":
            alone.append(
                "NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.line_id >= orders.order_id * 65536 "
                "AND l.line_id < (orders.order_id + 1) * 65536)"
            )
            alone.append("NOT EXISTS (SELECT 1 FROM traded t WHERE t.order_id = orders.order_id)")
        if table == "purchase_orders":
            waiting = "t.table_name = 'po_lines' AND json_extract(t.says, '$.po_id') = purchase_orders.po_id"
            alone.append(f"NOT EXISTS (SELECT 1 FROM traded t WHERE {waiting})")
        candidates = {
            row[0]
            for row in conn.execute(
                f"SELECT {key} FROM {table} WHERE import_id IS NULL AND {' AND '.join(alone)}"
            )
        }
        if candidates:
            marks = ",".join("?" * len(facts))
            candidates -= {
                row[0]
                for row in conn.execute(
                    f"SELECT json_extract(asserted, '$.{name}') FROM held WHERE table_name IN ({marks})",
                    facts,
                )
            }
        conn.executemany(f"DELETE FROM {table} WHERE {key} = ?", ((one,) for one in candidates))


def _empty(conn: sqlite3.Connection) -> None:
    """Remove the names that are left when no import is active."""
    for table in (
        "campaign",
        "product",
        "customer",
        "staff",
        "category",
        "supplier",
        "channel",
        "region",
        "location",
        "carrier",
        "shop",
    ):
        conn.execute(f"DELETE FROM {table}")
    _forget_currency(conn)


def _forget_currency(conn: sqlite3.Connection) -> None:
    """Let the next file with money say what the workspace reports in."""
    conn.execute("DELETE FROM setting WHERE name = 'reporting_currency'")


def _speaks_of_money(conn: sqlite3.Connection) -> bool:
    """Say whether an active import has amounts; those of older releases do not say in what currency."""
    amounts = {name: {one.name for one in table.fields if one.kind in MONEY} for name, table in TABLES.items()}
    return any(
        currency is not None or amounts[table] & set(json.loads(spoken))
        for currency, table, spoken in conn.execute(
            "SELECT i.currency, f.table_name, f.fields FROM imports i JOIN import_fields f USING(import_id) WHERE i.state = 'active'"
        )
    )
