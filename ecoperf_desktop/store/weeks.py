"""Columns of rows packed by week, for exact distinct counts and ranks.

A *stretch* is the part of an ISO week that lies in one month: whole weeks, months, quarters and years are made
of whole stretches.  A kept column also says how many of its entries belong to each day, so that any period is exact.
"""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Bool, Int64
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.store.kept import KEPT_COLUMNS, KeptColumn, last_of, stretch_of
from ecoperf_desktop.store.views import View

# More groups times ids than so many are counted by sorting.
_MARKS_AT_MOST = 2**24

TABLES = """
CREATE TABLE week_columns(kept INTEGER NOT NULL, first_day INTEGER NOT NULL, shop_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL, counts BLOB NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY(kept, first_day, shop_id, channel_id)) STRICT;
"""


# ---- keeping


def refresh(conn: sqlite3.Connection, view: View, days: Sequence[Day] | None) -> None:
    """Pack again what is kept of ``view`` in the stretches that hold ``days``, all of them when None."""
    columns = [kept for kept in KEPT_COLUMNS if kept.view == view.name]
    if not columns:
        return
    if days is None:
        for kept in columns:
            conn.execute("DELETE FROM week_columns WHERE kept = ?", (kept.number,))
        first, last = conn.execute(f"SELECT MIN(day), MAX(day) FROM ({view.sql})").fetchone()
        days = [] if first is None else range(first, last + 1)
    firsts = sorted({stretch_of(day) for day in days})
    for first in firsts:
        for kept in columns:
            conn.execute("DELETE FROM week_columns WHERE kept = ? AND first_day = ?", (kept.number, first))
            _pack_column(conn, view, kept, first)


def cell_columns(view: View) -> str:
    """Return the SQL of shop and channel of a view's rows, -1 for none."""
    return ", ".join(f"COALESCE({name}, -1)" if name in view.summed else "-1" for name in ("shop_id", "channel_id"))


def _pack_column(conn: sqlite3.Connection, view: View, kept: KeptColumn, first: Day) -> None:
    condition = f" AND ({kept.where})" if kept.where else ""
    rows = conn.execute(
        f"SELECT day, {cell_columns(view)}, {kept.of} FROM ({view.sql}) WHERE day BETWEEN ? AND ? AND ({kept.of}) IS NOT NULL{condition}",
        (first, last_of(first)),
    ).fetchall()
    if rows:
        table = np.array(rows, np.int64)
        _write_column(conn, kept, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


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
    starts = starts_of(firsts, shops, channels).tolist()
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


def starts_of(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return where a new combination of the (sorted) keys begins."""
    changes = np.zeros(len(keys[0]), np.bool_)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def add_column(conn: sqlite3.Connection, kept: KeptColumn, cells: Cells, entries: Int64, chosen: Bool) -> None:
    """Add the chosen ones of rows that are new to a kept column."""
    if chosen.any():
        _write_column(conn, kept, cells.days[chosen], cells.shops[chosen], cells.channels[chosen], entries[chosen])


# ---- reading


@dataclass(frozen=True)
class Kept:
    """The entries of a kept column in the order of their days.

    ``begins`` says where the entries of each day from ``first`` on begin, and last where they end.
    """

    first: Day
    begins: list[int]
    entries: NDArray[Any]

    def between(self, first: Day, last: Day) -> NDArray[Any]:
        """Return the entries of some days."""
        end = len(self.begins) - 1
        return self.entries[
            self.begins[min(max(first - self.first, 0), end)] : self.begins[min(max(last + 1 - self.first, 0), end)]
        ]

    def once_a_day(self) -> Kept:
        """Return the entries with each value once a day."""
        days = np.repeat(np.arange(len(self.begins) - 1), np.diff(self.begins))
        single = np.sort(days * 2**32 + self.entries.astype(np.int64))
        if len(single):  # sorting and comparing takes a fraction of what numpy's own unique does
            single = single[np.concatenate([[True], single[1:] != single[:-1]])]
        begins = np.searchsorted(single >> 32, np.arange(len(self.begins)))
        return Kept(self.first, begins.tolist(), single & (2**32 - 1))


def how_many(entries: NDArray[Any], at_least: int = 1) -> int:
    """Return how many different ids there are, of those that occur so often."""
    if not len(entries):
        return 0
    # Ids are small numbers given one after another: marking each costs less than sorting them.
    if at_least > 1:
        return int(np.count_nonzero(np.bincount(entries) >= at_least))
    marks = np.zeros(int(entries.max()) + 1, np.bool_)
    marks[entries.astype(np.intp)] = True  # numpy's own kind of place takes half the time
    return int(np.count_nonzero(marks))


def how_many_each(groups: Int64, ids: Int64) -> dict[int, int]:
    """Return how many different ids there are in each group."""
    if not len(ids):
        return {}
    width, height = int(ids.max()) + 1, int(groups.max()) + 1
    if width * height > _MARKS_AT_MOST:
        present, counts = np.unique(np.unique(groups * width + ids) // width, return_counts=True)
        return dict(zip(present.tolist(), counts.tolist(), strict=True))
    marks = np.zeros(width * height, np.bool_)
    marks[groups * width + ids] = True
    counts = np.count_nonzero(marks.reshape(height, width), axis=1)
    return {group: count for group, count in enumerate(counts.tolist()) if count}


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
    counts = np.frombuffer(b"".join([row[1] for row in rows]), "<u4").reshape(-1, 7).astype(np.int64)
    entries = np.frombuffer(b"".join([row[2] for row in rows]), kept.type)
    first = int(firsts[0])
    places = ((firsts - first)[:, None] + np.arange(7)).ravel()
    if (firsts[1:] == firsts[:-1]).any():
        # Several shops or channels.  Such short numbers are sorted without comparing.
        entries = entries[np.argsort(np.repeat(places, counts.ravel()).astype(np.uint16), kind="stable")]
    of_day = np.zeros(int(places[-1]) + 1, np.int64)
    np.add.at(of_day, places, counts.ravel())
    return Kept(first, [0, *np.cumsum(of_day).tolist()], entries)


def _restricted(cells: Mapping[str, Sequence[int]]) -> str:
    return "".join(f" AND {column} IN ({', '.join(str(int(row)) for row in rows)})" for column, rows in cells.items())
