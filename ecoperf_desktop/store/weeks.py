"""Packed arrays by week: columns of rows for exact distinct counts and ranks, and products with their sums.

A *stretch* is the part of an ISO week that lies in one month.  Whole weeks, months,
quarters and years are made of whole stretches, so that their product tables need no facts;
a kept column also says how many of its entries belong to each day, so that any period is exact.
"""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Bool, Int64
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.store.kept import (
    KEPT_COLUMNS,
    PRODUCT_MEASURES,
    UNKNOWN,
    KeptColumn,
    last_of,
    product_measures,
    stretch_of,
)
from ecoperf_desktop.store.views import View

Cell: TypeAlias = tuple[int, int]  # shop and channel, -1 for none

# Stands for UNKNOWN in sums that all fit into half the width.
_NARROW_UNKNOWN = -(2**31)

TABLES = """
CREATE TABLE week_columns(kept INTEGER NOT NULL, first_day INTEGER NOT NULL, shop_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL, counts BLOB NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY(kept, first_day, shop_id, channel_id)) STRICT;
CREATE TABLE week_products(view TEXT NOT NULL, first_day INTEGER NOT NULL, shop_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL, products BLOB NOT NULL, sums BLOB NOT NULL,
  PRIMARY KEY(view, first_day, shop_id, channel_id)) STRICT;
"""


# ---- keeping


def refresh(conn: sqlite3.Connection, view: View, measures: Sequence[Measure], days: Sequence[Day] | None) -> None:
    """Pack again what is kept of ``view`` in the stretches that hold ``days``, all of them when None."""
    columns = [kept for kept in KEPT_COLUMNS if kept.view == view.name]
    has_products = view.name in PRODUCT_MEASURES
    if not columns and not has_products:
        return
    if days is None:
        for kept in columns:
            conn.execute("DELETE FROM week_columns WHERE kept = ?", (kept.number,))
        if has_products:
            conn.execute("DELETE FROM week_products WHERE view = ?", (view.name,))
        bounds = conn.execute(f"SELECT MIN(day), MAX(day) FROM ({view.sql})").fetchone()
        days = [] if bounds[0] is None else range(bounds[0], bounds[1] + 1)
        firsts = sorted({stretch_of(day) for day in days})
    else:
        firsts = sorted({stretch_of(day) for day in days})
        for first in firsts:
            for kept in columns:
                conn.execute("DELETE FROM week_columns WHERE kept = ? AND first_day = ?", (kept.number, first))
            if has_products:
                conn.execute("DELETE FROM week_products WHERE view = ? AND first_day = ?", (view.name, first))
    for first in firsts:
        for kept in columns:
            _pack_column(conn, view, kept, first)
        if has_products:
            _pack_products(conn, view, measures, first)


def _cell(view: View, alias: str = "") -> str:
    return ", ".join(f"COALESCE({name}, -1)" if name in view.summed else "-1" for name in ("shop_id", "channel_id"))


def _pack_column(conn: sqlite3.Connection, view: View, kept: KeptColumn, first: Day) -> None:
    condition = f" AND ({kept.where})" if kept.where else ""
    rows = conn.execute(
        f"SELECT day, {_cell(view)}, {kept.of} FROM ({view.sql}) WHERE day BETWEEN ? AND ? AND ({kept.of}) IS NOT NULL{condition}",
        (first, last_of(first)),
    ).fetchall()
    if rows:
        table = np.array(rows, np.int64)
        _write_column(conn, kept, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _pack_products(conn: sqlite3.Connection, view: View, measures: Sequence[Measure], first: Day) -> None:
    from ecoperf_desktop.store.sums import summed

    wanted = product_measures(view.name, measures)
    sums = ", ".join(f"COALESCE({summed(measure)}, {UNKNOWN + 1} - 1)" for measure in wanted)
    rows = conn.execute(
        f"SELECT {_cell(view)}, COALESCE(product_id, 0), {sums}, COUNT(*) FROM ({view.sql}) "
        "WHERE day BETWEEN ? AND ? GROUP BY 1, 2, 3",
        (first, last_of(first)),
    ).fetchall()
    if rows:
        table = np.array(rows, np.int64)
        _write_products(conn, view.name, np.full(len(table), first), table[:, 0], table[:, 1], table[:, 2], table[:, 3:].T)


@dataclass(frozen=True)
class Cells:
    """Day, shop and channel of each order (-1: none)."""

    days: Int64
    shops: Int64
    channels: Int64

    def firsts(self) -> Int64:
        """Return the first day of each one's stretch."""
        low = int(self.days.min())
        table = np.array([stretch_of(day) for day in range(low, int(self.days.max()) + 1)], np.int64)
        return table[self.days - low]


def _write_column(
    conn: sqlite3.Connection, kept: KeptColumn, days: Int64, shops: Int64, channels: Int64, entries: Int64
) -> None:
    """Write rows of a kept column, adding to what their cells hold already."""
    firsts = Cells(days, shops, channels).firsts()
    order = np.lexsort((entries, days, channels, shops, firsts))
    days, shops, channels, entries, firsts = (part[order] for part in (days, shops, channels, entries, firsts))
    starts = _starts(firsts, shops, channels)
    entries = entries.astype(kept.type)
    held = _held(conn, f"SELECT counts, entries, first_day, shop_id, channel_id FROM week_columns WHERE kept = {kept.number}", firsts)
    written = []
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        cell = (int(firsts[start]), int(shops[start]), int(channels[start]))
        counts = np.bincount(days[start:end] - cell[0], minlength=7)
        part = entries[start:end]
        if cell in held:
            before = np.frombuffer(held[cell][0], "<u4").astype(np.int64)
            part = np.concatenate([np.frombuffer(held[cell][1], kept.type), part])
            places = np.concatenate([np.repeat(np.arange(7), before), np.repeat(np.arange(7), counts)])
            part = part[np.lexsort((part, places))]
            counts = before + counts
        written.append((kept.number, *cell, counts.astype("<u4").tobytes(), part.tobytes()))
    conn.executemany("INSERT OR REPLACE INTO week_columns VALUES (?, ?, ?, ?, ?, ?)", written)


def _held(conn: sqlite3.Connection, query: str, firsts: Int64) -> dict[tuple[int, int, int], tuple[bytes, bytes]]:
    """Return what stands in the cells of these stretches already."""
    span = (int(firsts.min()), int(firsts.max()))
    return {row[2:]: row[:2] for row in conn.execute(f"{query} AND first_day BETWEEN ? AND ?", span)}


def _write_products(
    conn: sqlite3.Connection,
    view: str,
    firsts: Int64,
    shops: Int64,
    channels: Int64,
    products: Int64,
    sums: Int64,
) -> None:
    """Write products with their sums (a row a measure, and one that counts), adding to what their cells hold already.

    The rows are in the order of stretch, shop, channel and product, each once.
    """
    starts = _starts(firsts, shops, channels)
    held = _held(conn, f"SELECT products, sums, first_day, shop_id, channel_id FROM week_products WHERE view = '{view}'", firsts)
    ids, narrow, wide = products.astype("<u4"), _narrowed(sums), sums.astype("<i8", copy=False)
    is_wide = np.logical_or.reduceat(_is_wide(sums), starts).tolist()
    written = []
    for start, end, needs_width in zip(starts, [*starts[1:], len(firsts)], is_wide, strict=True):
        cell = (int(firsts[start]), int(shops[start]), int(channels[start]))
        part, added = ids[start:end], (wide if needs_width else narrow)[:, start:end]
        if cell in held:
            before = np.frombuffer(held[cell][0], "<u4")
            values = np.concatenate([_wide(held[cell][1], len(sums), len(before)), sums[:, start:end]], axis=1)
            part, where = np.unique(np.concatenate([before, part]), return_inverse=True)
            total = np.stack([_added(row, where, len(part)) for row in values])
            added = total if _is_wide(total).any() else _narrowed(total)
        written.append((view, *cell, part.tobytes(), added.tobytes()))
    conn.executemany("INSERT OR REPLACE INTO week_products VALUES (?, ?, ?, ?, ?, ?)", written)


def _is_wide(sums: Int64) -> Bool:
    """Return which products have a sum that needs the full width."""
    wide: Bool = (((sums >= 2**31) | (sums <= _NARROW_UNKNOWN)) & (sums != UNKNOWN)).any(axis=0)
    return wide


def _narrowed(sums: Int64) -> NDArray[np.int32]:
    return np.where(sums == UNKNOWN, _NARROW_UNKNOWN, sums).astype("<i4")


def _wide(packed: bytes, measures: int, products: int) -> Int64:
    """Return packed sums, one row a measure."""
    if not products or len(packed) == measures * products * 8:
        return np.frombuffer(packed, "<i8").reshape(measures, products)
    narrow = np.frombuffer(packed, "<i4").reshape(measures, products)
    return np.where(narrow == _NARROW_UNKNOWN, UNKNOWN, narrow.astype(np.int64))


def _added(values: Int64, where: NDArray[np.intp], groups: int) -> Int64:
    """Add values by group; a group without any known value stays unknown."""
    known = values != UNKNOWN
    total = np.zeros(groups, np.int64)
    np.add.at(total, where[known], values[known])
    return np.where(np.bincount(where[known], minlength=groups) > 0, total, UNKNOWN)


def _starts(*keys: Int64) -> list[int]:
    """Return where a new combination of the (sorted) keys begins."""
    changes = np.zeros(len(keys[0]), np.bool_)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return list(np.flatnonzero(changes).tolist())


def add_column(conn: sqlite3.Connection, kept: KeptColumn, cells: Cells, entries: Int64, chosen: Bool) -> None:
    """Add the chosen ones of rows that are new to a kept column."""
    if chosen.any():
        _write_column(conn, kept, cells.days[chosen], cells.shops[chosen], cells.channels[chosen], entries[chosen])


def add_products(
    conn: sqlite3.Connection,
    view: str,
    cells: Cells,
    line_order: Int64,
    products: Int64,
    values: Sequence[tuple[Int64, Bool | None]],
) -> None:
    """Add lines that are new to a view's products.

    ``cells`` are those of the orders; ``values`` and where they are missing, one pair a measure.
    """
    if not len(products):
        return
    firsts = cells.firsts()
    order = np.lexsort((cells.channels, cells.shops, firsts))
    starts = _starts(firsts[order], cells.shops[order], cells.channels[order])
    cell = np.empty(len(order), np.int64)
    cell[order] = np.repeat(np.arange(len(starts)), np.diff([*starts, len(order)]))
    width = int(products.max()) + 1
    key = cell[line_order] * width + products
    if len(starts) * width < 2**31:
        key = key.astype(np.int32)  # half as wide sorts faster
    sorting = np.argsort(key)
    key = key[sorting]
    begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    sums = np.empty((len(values) + 1, len(begins)), np.int64)
    sums[-1] = np.diff(np.append(begins, len(key)))
    for position, (column, missing) in enumerate(values):
        known = column if missing is None else np.where(missing, 0, column)
        sums[position] = np.add.reduceat(known[sorting].astype(np.int64, copy=False), begins)
        if missing is not None:
            stated = np.add.reduceat((~missing)[sorting].astype(np.int64), begins)
            sums[position][stated == 0] = UNKNOWN
    first_line = sorting[begins]
    at = line_order[first_line]
    _write_products(conn, view, firsts[at], cells.shops[at], cells.channels[at], products[first_line], sums)


# ---- reading


@dataclass(frozen=True)
class Kept:
    """The entries of a kept column in the order of their days."""

    days: Int64
    entries: NDArray[Any]

    def between(self, first: Day, last: Day) -> NDArray[Any]:
        return self.entries[np.searchsorted(self.days, first) : np.searchsorted(self.days, last, "right")]

    def once_a_day(self) -> Kept:
        """Return the entries with each value once a day."""
        key = self.days * 2**32 + self.entries.astype(np.int64)
        single = np.unique(key)
        return Kept(single >> 32, single & (2**32 - 1))


def read_column(
    conn: sqlite3.Connection, kept: KeptColumn, period: Period, cells: Mapping[str, Sequence[int]], by: Sequence[str]
) -> dict[tuple[int, ...], Kept]:
    """Return a kept column of the stretches that touch ``period``, by the columns of ``by``.

    ``cells`` restricts ``shop_id`` and ``channel_id`` to row ids (-1: none).
    """
    found: dict[tuple[int, ...], list[tuple[int, bytes, bytes]]] = {}
    keys = "".join(f", {column}" for column in by)
    for first_day, counts, entries, *cell in conn.execute(
        f"SELECT first_day, counts, entries{keys} FROM week_columns WHERE kept = ? AND first_day BETWEEN ? AND ?"
        f"{_restricted(cells)} ORDER BY first_day",
        (kept.number, stretch_of(period.first), period.last),
    ):
        found.setdefault(tuple(cell), []).append((first_day, counts, entries))
    return {cell: _joined(kept, rows) for cell, rows in found.items()}


def _joined(kept: KeptColumn, rows: Sequence[tuple[int, bytes, bytes]]) -> Kept:
    firsts = np.array([row[0] for row in rows], np.int64)
    counts = np.frombuffer(b"".join([row[1] for row in rows]), "<u4").reshape(-1, 7)
    entries = np.frombuffer(b"".join([row[2] for row in rows]), kept.type)
    days = np.repeat((firsts[:, None] + np.arange(7)).ravel(), counts.ravel())
    if len(days) and (days[1:] < days[:-1]).any():
        # Days fit into 16 bits once the first is taken off; such short numbers are sorted without comparing.
        order = np.argsort((days - days.min()).astype(np.uint16), kind="stable")
        days, entries = days[order], entries[order]
    return Kept(days, entries)


def read_products(
    conn: sqlite3.Connection, view: str, first: Day, last: Day, cells: Mapping[str, Sequence[int]], measures: int
) -> Iterator[tuple[Day, Cell, NDArray[np.uint32], NDArray[Any]]]:
    """Yield first day, shop and channel, products and their sums of the stretches that begin in the days.

    The sums are a row a measure and last how many rows there are, packed as they are kept; see ``row_of``.
    """
    query = (
        "SELECT first_day, shop_id, channel_id, products, sums FROM week_products "
        f"WHERE view = ? AND first_day BETWEEN ? AND ?{_restricted(cells)} ORDER BY first_day"
    )
    for first_day, shop, channel, products, sums in conn.execute(query, (view, first, last)):
        known = np.frombuffer(products, "<u4")
        width = "<i4" if len(sums) == 4 * (measures + 1) * len(known) else "<i8"
        yield first_day, (shop, channel), known, np.frombuffer(sums, width).reshape(measures + 1, len(known))


def products_since(conn: sqlite3.Connection, view: str, first: Day) -> Iterator[tuple[Day, NDArray[np.uint32]]]:
    """Yield the products of each stretch from ``first`` on, by shop and channel, in the order of the days."""
    query = "SELECT first_day, products FROM week_products WHERE view = ? AND first_day >= ? ORDER BY first_day"
    for first_day, products in conn.execute(query, (view, first)):
        yield first_day, np.frombuffer(products, "<u4")


def row_of(parts: Sequence[NDArray[Any]], place: int) -> Int64:
    """Return one row of several ``read_products`` end to end, in full width."""
    runs = []
    for width, run in groupby(parts, key=lambda part: part.dtype.itemsize):
        row = np.concatenate([part[place] for part in run])
        runs.append(_widened(row) if width == 4 else row)
    return runs[0] if len(runs) == 1 else np.concatenate(runs)


def _widened(narrow: NDArray[np.int32]) -> Int64:
    wide = narrow.astype(np.int64)
    wide[narrow == _NARROW_UNKNOWN] = UNKNOWN
    return wide


def _restricted(cells: Mapping[str, Sequence[int]]) -> str:
    return "".join(f" AND {column} IN ({', '.join(str(int(row)) for row in rows)})" for column, rows in cells.items())
