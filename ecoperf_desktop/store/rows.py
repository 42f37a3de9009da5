"""Stored columns of the fact tables, and rows written many at a time."""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Coded, Column, Numbers
from ecoperf_desktop.store.tables import TABLES, Table

Stored: TypeAlias = "int | float | str | None"

# Longer statements stop paying (measured), and SQLite allows 32 766 parameters in one.
_ROWS_A_STATEMENT = 200
_PARAMETERS_A_STATEMENT = 4_000
_KEYS_A_QUERY = 500


@dataclass(frozen=True)
class Shape:
    """How a table of ``tables.py`` stands in the file.

    ``fields`` are the stored fields, ``columns`` their columns, in one order.  A
    field without a column of its own is part of the row's key only.
    """

    table: Table
    id_column: str
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    day_columns: tuple[str, ...]
    has_natural_key: bool
    has_source: bool

    @property
    def name(self) -> str:
        return self.table.name


def shape(conn: sqlite3.Connection, name: str) -> Shape:
    """Return how the table ``name`` is stored."""
    table = TABLES[name]
    known = conn.execute(f"PRAGMA table_info({name})").fetchall()
    stored = {row[1] for row in known}
    fields = [field for field in table.fields if field.column in stored]
    days = [field.column for field in fields if field.kind == "day"]
    return Shape(
        table=table,
        id_column=next(row[1] for row in known if row[5]),
        fields=tuple(field.name for field in fields),
        columns=tuple(field.column for field in fields),
        day_columns=(*days, "sale_day") if name == "orders" else tuple(days),
        has_natural_key="natural_key" in stored,
        has_source=table.strategy == "block" and "source_id" in stored,
    )


def values(column: Column) -> list[Stored]:
    """Return a column as Python values, None where it is missing."""
    if isinstance(column, Coded):
        words = [*column.words, None]  # code -1 is the last
        return [words[code] for code in column.codes.tolist()]
    listed: list[Stored] = column.values.tolist()
    if column.missing is not None:
        for index in np.flatnonzero(column.missing).tolist():
            listed[index] = None
    return listed


def take(column: Column, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Column:
    """Return the column's values at ``rows``."""
    if isinstance(column, Coded):
        return Coded(column.codes[rows], column.words)
    missing = None if column.missing is None else column.missing[rows]
    return type(column)(column.values[rows], missing)  # type: ignore[arg-type]


def present(column: Column | None, count: int) -> NDArray[np.bool_]:
    """Say where a column has a value; nowhere when there is no such column."""
    if column is None:
        return np.zeros(count, dtype=bool)
    if isinstance(column, Coded):
        return np.asarray(column.codes >= 0)
    return np.ones(count, dtype=bool) if column.missing is None else ~column.missing


def insert(
    conn: sqlite3.Connection, table: str, columns: Mapping[str, Column | Sequence[Stored] | int], count: int
) -> None:
    """Insert ``count`` new rows.

    An ``int`` stands in every row.  Columns whose values are all missing are left out.
    """
    constants = {name: column for name, column in columns.items() if isinstance(column, int)}
    lists: dict[str, Sequence[Stored]] = {}
    for name, column in columns.items():
        if isinstance(column, int) or _is_empty(column):
            continue
        lists[name] = column if isinstance(column, Sequence) else _listed(column)
    if not count or not lists:
        return
    width = len(lists)
    flat: list[Stored] = [None] * (count * width)
    for position, listed in enumerate(lists.values()):
        flat[position::width] = listed
    names = ", ".join([*lists, *constants])
    row = "(" + ", ".join(["?"] * width + [str(int(value)) for value in constants.values()]) + ")"
    rows = min(_ROWS_A_STATEMENT, max(_PARAMETERS_A_STATEMENT // width, 1))
    step = rows * width
    whole = len(flat) // step * step
    if whole:
        statement = f"INSERT INTO {table}({names}) VALUES " + ", ".join([row] * rows)
        conn.executemany(statement, (flat[start : start + step] for start in range(0, whole, step)))
    if rest := flat[whole:]:
        conn.execute(f"INSERT INTO {table}({names}) VALUES " + ", ".join([row] * (len(rest) // width)), rest)


def select_by(
    conn: sqlite3.Connection, columns: str, table: str, key: str, wanted: Sequence[Stored], where: str = ""
) -> Iterator[tuple[Stored, ...]]:
    """Yield ``columns`` of the rows whose ``key`` is one of ``wanted``; ``where`` is one more literal condition."""
    more = f" AND {where}" if where else ""
    for start in range(0, len(wanted), _KEYS_A_QUERY):
        part = wanted[start : start + _KEYS_A_QUERY]
        # A list of one length keeps the statement in the connection's cache.
        filled = [*part, *[None] * (_KEYS_A_QUERY - len(part))] if len(wanted) > _KEYS_A_QUERY else part
        marks = ",".join("?" * len(filled))
        yield from conn.execute(f"SELECT {columns} FROM {table} WHERE {key} IN ({marks}){more}", filled)


def block_key(source_id: Stored, bounds: Sequence[Stored]) -> str:
    """Return the text by which a block of a source is known."""
    return json.dumps([source_id, *bounds], ensure_ascii=False, separators=(",", ":"))


def largest_id(conn: sqlite3.Connection, table: str, id_column: str) -> int:
    """Return the largest row id, 0 in an empty table."""
    return int(conn.execute(f"SELECT coalesce(max({id_column}), 0) FROM {table}").fetchone()[0])


def _is_empty(column: Column | Sequence[Stored]) -> bool:
    if isinstance(column, Coded):
        return not (column.codes >= 0).any()
    if isinstance(column, Sequence):
        return False
    return column.missing is not None and bool(column.missing.all())


def _listed(column: Column) -> list[Stored]:
    if isinstance(column, Numbers) and column.missing is None:
        whole: list[Stored] = column.values.tolist()
        return whole
    return values(column)
