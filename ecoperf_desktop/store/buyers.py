"""What each buyer spent and took back, packed by stretches of days: for values of customers over all history.

A block holds all of one view's rows of its days: the day, shop, channel and region, the buyer, and the sums.  Rows without
a known buyer are left out.  The same contents are always the same bytes.
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
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.store.kept import BUYER_MEASURES, NONE, buyer_measures, last_of, stretch_of
from ecoperf_desktop.store.products import Block, column_of, packed
from ecoperf_desktop.store.views import View
from ecoperf_desktop.store.weeks import Cells, starts_of

TABLES = """
CREATE TABLE sum_buyers(view TEXT NOT NULL, first_day INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY(view, first_day)) STRICT;
"""

# Columns of a block before its sums; the day counts from the block's first.
DAY, SHOP, CHANNEL, REGION, BUYER = range(5)
SUMS = 5
CELL = {"shop": SHOP, "channel": CHANNEL, "region": REGION}
# Views of which rows without any amount are left out.
SPARSE = frozenset({"order"})
_SQL = {"shop": "shop_id", "channel": "channel_id", "region": "region_id"}


@dataclass(frozen=True)
class Spent:
    """Rows of days, buyers and sums, in the order of their days; cells (-1: none) of those that were asked for."""

    days: Int64
    buyers: Int64
    cells: dict[str, Int64]
    sums: dict[str, Int64]


class Rows:
    """All that is kept of one view; its columns are unpacked when they are asked for, and remembered."""

    def __init__(self, firsts: Sequence[Day], blocks: Sequence[Block]) -> None:
        self._firsts = firsts
        self._blocks = blocks
        self._columns: dict[int, Int64] = {}

    def column(self, place: int) -> Int64:
        """Return a column of all blocks; of DAY the days themselves."""
        found = self._columns.get(place)
        if found is None:
            found = column_of(self._blocks, place)
            if place == DAY:
                found += np.repeat(np.array(self._firsts, np.int64), [block.rows for block in self._blocks])
            self._columns[place] = found
        return found


def rows_of(conn: sqlite3.Connection, view: str) -> Rows:
    """Return what is kept of ``view``."""
    rows = conn.execute("SELECT first_day, packed FROM sum_buyers WHERE view = ? ORDER BY first_day", (view,)).fetchall()
    return Rows([first for first, _ in rows], [Block(content) for _, content in rows])


def read(
    rows: Rows,
    view: str,
    period: Period | None,
    sums: Sequence[str],
    by: Sequence[str] = (),
    allowed: Mapping[str, Sequence[int]] | None = None,
) -> Spent:
    """Return what is kept of ``view`` on the days of ``period``, on all of them without it.

    ``sums`` are names of BUYER_MEASURES, ``by`` of CELL; ``allowed`` restricts cells to row ids (-1: none).
    """
    start, end = 0, len(rows.column(DAY))
    if period is not None:
        start, end = np.searchsorted(rows.column(DAY), (period.first, period.last + 1))
    taken = None
    for name, ids in (allowed or {}).items():
        passes = np.isin(rows.column(CELL[name])[start:end], np.array(ids, np.int64))
        taken = passes if taken is None else taken & passes

    def column(place: int) -> Int64:
        whole = rows.column(place)[start:end]
        return whole if taken is None else whole[taken]

    named = BUYER_MEASURES[view]
    return Spent(
        column(DAY),
        column(BUYER),
        {name: column(CELL[name]) for name in by},
        {name: column(SUMS + sorted(named).index(name)) for name in sums},
    )


# ---- keeping


def refresh(conn: sqlite3.Connection, view: View, measures: Sequence[Measure], days: Sequence[Day] | None) -> None:
    """Pack again the stretches of ``view`` that hold ``days``, all of them when None."""
    if view.name not in BUYER_MEASURES:
        return
    if days is None:
        conn.execute("DELETE FROM sum_buyers WHERE view = ?", (view.name,))
        first, last = conn.execute(f"SELECT MIN(day), MAX(day) FROM ({view.sql})").fetchone()
        days = [] if first is None else range(first, last + 1)
    for start in sorted({stretch_of(day) for day in days}):
        conn.execute("DELETE FROM sum_buyers WHERE view = ? AND first_day = ?", (view.name, start))
        table = summed_rows(conn, view, measures, f"day BETWEEN {start} AND {last_of(start)}")
        if len(table):
            table[:, DAY] -= start
            columns = list(table.T)
            block = packed(columns, _bounds(columns))
            conn.execute("INSERT OR REPLACE INTO sum_buyers VALUES (?, ?, ?)", (view.name, start, block))


def summed_rows(
    conn: sqlite3.Connection, view: View, measures: Sequence[Measure], condition: str, texts: Sequence[str] = ()
) -> NDArray[np.int64]:
    """Return day, shop, channel, region, buyer and sums from the facts, in the order of a block's rows.

    Orders of which all sums are 0 are left out (most shops charge no shipping and know no fees); lines and refunds stay,
    because they tell who bought.
    """
    from ecoperf_desktop.store.sums import summed

    cells = ", ".join(f"COALESCE({column}, {NONE})" for column in _SQL.values())
    named = buyer_measures(view.name, measures)
    totals = ", ".join(f"COALESCE({summed(measure)}, 0)" for measure in named)
    having = f" HAVING {' OR '.join(f'COALESCE({summed(measure)}, 0) <> 0' for measure in named)}" if view.name in SPARSE else ""
    rows = conn.execute(
        f"SELECT day, {cells}, buyer_id, {totals} FROM ({view.sql}) WHERE buyer_id IS NOT NULL AND {condition} "
        f"GROUP BY 1, 2, 3, 4, 5{having} ORDER BY 1, 2, 3, 4, 5",
        texts,
    ).fetchall()
    return np.array(rows, np.int64).reshape(len(rows), SUMS + len(named))


def add(
    conn: sqlite3.Connection, view: str, cells: Cells, regions: Int64, buyers: Int64, chosen: Bool, totals: Sequence[Int64]
) -> None:
    """Add orders that are new; ``chosen`` are those with a buyer and rows, ``totals`` the sums in the order of their names."""
    if view in SPARSE:
        chosen = chosen & np.logical_or.reduce([total != 0 for total in totals])
    if not chosen.any():
        return
    given = [cells.days, cells.shops, cells.channels, regions, buyers, *totals]
    rows = given if chosen.all() else [column[chosen] for column in given]
    low = int(rows[DAY].min())
    # One number a row, in the order of a block's rows; -1 comes first.
    code = rows[DAY] - low
    for place in (SHOP, CHANNEL, REGION, BUYER):
        least, most = int(rows[place].min()), int(rows[place].max())
        if most > least:
            code = code * (most - least + 1) + (rows[place] - least)
    order = np.argsort(code)
    code = code[order]
    begins = starts_of(code)
    at = order[begins]
    firsts = Cells(rows[DAY][at], rows[SHOP], rows[CHANNEL]).firsts()
    columns = [rows[DAY][at] - firsts, *(rows[place][at] for place in (SHOP, CHANNEL, REGION, BUYER))]
    columns += [np.add.reduceat(one[order], begins) for one in rows[SUMS:]]
    if view in SPARSE:
        stated = _stated(columns)
        firsts, columns = firsts[stated], [column[stated] for column in columns]
        if not len(firsts):
            return
    starts = starts_of(firsts)
    ends = [*starts[1:].tolist(), len(firsts)]
    lowest = np.array([np.minimum.reduceat(column, starts) for column in columns]).T.tolist()
    highest = np.array([np.maximum.reduceat(column, starts) for column in columns]).T.tolist()
    held = _held(conn, view, int(firsts[0]), int(firsts[-1]))
    written = []
    for first, start, end, least, most in zip(firsts[starts].tolist(), starts.tolist(), ends, lowest, highest, strict=True):
        part = [column[start:end] for column in columns]
        if first in held:
            part = _added(held[first], part)
            if view in SPARSE:
                stated = _stated(part)
                part = [column[stated] for column in part]
            if len(part[DAY]):
                written.append((view, first, packed(part, _bounds(part))))
            else:
                conn.execute("DELETE FROM sum_buyers WHERE view = ? AND first_day = ?", (view, first))
        else:
            written.append((view, first, packed(part, list(zip(least, most, strict=True)))))
    conn.executemany("INSERT OR REPLACE INTO sum_buyers VALUES (?, ?, ?)", written)


def _held(conn: sqlite3.Connection, view: str, first: Day, last: Day) -> dict[Day, Block]:
    query = "SELECT first_day, packed FROM sum_buyers WHERE view = ? AND first_day BETWEEN ? AND ?"
    return {day: Block(content) for day, content in conn.execute(query, (view, first, last))}


def _added(held: Block, new: Sequence[Int64]) -> list[Int64]:
    """Return the rows of a block and new ones in their order, those of one day, cell and buyer as one."""
    columns = [np.concatenate([column_of([held], place), column]) for place, column in enumerate(new)]
    order = np.lexsort(tuple(columns[place] for place in (BUYER, REGION, CHANNEL, SHOP, DAY)))
    keys = [columns[place][order] for place in range(SUMS)]
    begins = starts_of(*keys)
    return [*(key[begins] for key in keys), *(np.add.reduceat(column[order], begins) for column in columns[SUMS:])]


def _stated(columns: Sequence[Int64]) -> Bool:
    """Say which rows have an amount."""
    stated: Bool = np.logical_or.reduce([column != 0 for column in columns[SUMS:]])
    return stated


def _bounds(columns: Sequence[Any]) -> list[tuple[int, int]]:
    return [(int(column.min()), int(column.max())) for column in columns]
