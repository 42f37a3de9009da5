"""The text a fact was read from, taken out of the compressed blocks that imports keep."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zlib
from collections.abc import Sequence

HASHED = "(hashed)"


def raw_rows(conn: sqlite3.Connection, import_id: int, records: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the raw text of records by column header; records whose text is not kept are left out.

    Columns with personal text are not there; those that were hashed show ``(hashed)``.
    The form of the blocks is described in ``importing/raw.py``.
    """
    entry = conn.execute(
        "SELECT header, hidden, hashed, delimiter FROM imports WHERE import_id = ?", (import_id,)
    ).fetchone()
    if entry is None:
        return {}
    header, hidden, hashed = (json.loads(text) for text in entry[:3])
    kept = [name for name in header if name not in hidden]
    found: dict[int, dict[str, str]] = {}
    block: tuple[int, list[list[str]]] | None = None
    for record in sorted(set(records)):
        if block is None or not block[0] <= record < block[0] + len(block[1]):
            block = _block(conn, import_id, record, entry[3] or ",")
        if block is None:
            continue
        cells = block[1][record - block[0]]
        if not cells:
            continue
        shown = dict(zip(kept, cells, strict=False))
        found[record] = {
            name: HASHED if name in hashed else shown[name]
            for name in header
            if name in hashed or name in shown
        }
    return found


def _block(
    conn: sqlite3.Connection, import_id: int, record: int, delimiter: str
) -> tuple[int, list[list[str]]] | None:
    """Return the block that holds ``record`` as its first record number and its records."""
    row = conn.execute(
        "SELECT first_record, records, text FROM raw_block WHERE import_id = ? AND first_record <= ? "
        "ORDER BY first_record DESC LIMIT 1",
        (import_id, record),
    ).fetchone()
    if row is None or record >= row[0] + row[1]:
        return None
    text = zlib.decompress(row[2]).decode("utf-8", "replace")
    parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False))
    parsed += [[]] * (row[1] - len(parsed))
    return row[0], parsed
