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
from ecoperf_desktop.model.days import Day
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
_SQL = {"shop": "shop_id", "channel": "channel_id", "region": "region_id"}


@dataclass(frozen=True)
class Spent:
    """Rows of days, buyers and sums, in the order of their days; cells (-1: none) of those that were asked for."""

    days: Int64
    buyers: Int64
    cells: dict[str, Int64]
    sums: dict[str, Int64]


def read(
    conn: sqlite3.Connection,
    view: str,
    first: Day | None,
    last: Day,
    sums: Sequence[str],
    by: Sequence[str] = (),
    allowed: Mapping[str, Sequence[int]] | None = None,
) -> Spent:
    """Return what is kept of ``view`` on the days up to ``last`` (from ``first`` on, from the beginning when None).

    ``sums`` are names of BUYER_MEASURES, ``by`` of CELL; ``allowed`` restricts cells to row ids (-1: none).
    """
    start = "" if first is None else f" AND first_day >= {stretch_of(first)}"
    rows = conn.execute(f"SELECT first_day, packed FROM sum_buyers WHERE view = ? AND first_day <= ?{start} ORDER BY first_day", (view, last))
    firsts: list[Day] = []
    blocks: list[Block] = []
    for first_day, content in rows:
        firsts.append(first_day)
        blocks.append(Block(content))
    days = column_of(blocks, DAY) + np.repeat(np.array(firsts, np.int64), [block.rows for block in blocks])
    taken = None
    if blocks and (last < last_of(firsts[-1]) or (first is not None and first > firsts[0])):
        taken = (days <= last) & (days >= (firsts[0] if first is None else first))
    for name, ids in (allowed or {}).items():
        passes = np.isin(column_of(blocks, CELL[name]), np.array(ids, np.int64))
        taken = passes if taken is None else taken & passes

    def column(place: int) -> Int64:
        whole = column_of(blocks, place)
        return whole if taken is None else whole[taken]

    named = BUYER_MEASURES[view]
    return Spent(
        days if taken is None else days[taken],
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
            _write(conn, view.name, start, list(table.T))


def summed_rows(
    conn: sqlite3.Connection, view: View, measures: Sequence[Measure], condition: str, texts: Sequence[str] = ()
) -> NDArray[np.int64]:
    """Return day, shop, channel, region, buyer and sums from the facts, in the order of a block's rows."""
    from ecoperf_desktop.store.sums import summed

    cells = ", ".join(f"COALESCE({column}, {NONE})" for column in _SQL.values())
    totals = ", ".join(f"COALESCE({summed(measure)}, 0)" for measure in buyer_measures(view.name, measures))
    rows = conn.execute(
        f"SELECT day, {cells}, buyer_id, {totals} FROM ({view.sql}) WHERE buyer_id IS NOT NULL AND {condition} "
        "GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
        texts,
    ).fetchall()
    return np.array(rows, np.int64).reshape(len(rows), SUMS + len(buyer_measures(view.name, measures)))


def add(
    conn: sqlite3.Connection, view: str, cells: Cells, regions: Int64, buyers: Int64, chosen: Bool, totals: Sequence[Int64]
) -> None:
    """Add orders that are new; ``chosen`` are those with a buyer and rows, ``totals`` the sums in the order of their names."""
    if not chosen.any():
        return
    days, shops, channels = cells.days[chosen], cells.shops[chosen], cells.channels[chosen]
    regions, buyers = regions[chosen], buyers[chosen]
    sums = [total[chosen] for total in totals]
    low = int(days.min())
    width = [int(column.max()) + 2 for column in (shops, channels, regions)]
    # One number a row, in the order of a block's rows; -1 comes first.
    code = days - low
    for column, most in zip((shops, channels, regions), width, strict=True):
        code = code * most + (column + 1)
    code = code * (int(buyers.max()) + 1) + buyers
    order = np.argsort(code, kind="stable")
    code = code[order]
    begins = starts_of(code)
    at = order[begins]
    columns = [days[at], shops[at], channels[at], regions[at], buyers[at]]
    columns += [np.add.reduceat(one[order], begins) for one in sums]
    firsts = Cells(columns[DAY], columns[SHOP], columns[CHANNEL]).firsts()
    starts = starts_of(firsts).tolist()
    held = _held(conn, view, int(firsts[0]), int(firsts[-1]))
    for start, end in zip(starts, [*starts[1:], len(firsts)], strict=True):
        first = int(firsts[start])
        part = [column[start:end] for column in columns]
        part[DAY] = part[DAY] - first
        if first in held:
            part = _added(held[first], part)
        _write(conn, view, first, part)


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


def _write(conn: sqlite3.Connection, view: str, first: Day, columns: Sequence[Any]) -> None:
    bounds = [(int(column.min()), int(column.max())) for column in columns]
    conn.execute("INSERT OR REPLACE INTO sum_buyers VALUES (?, ?, ?)", (view, first, packed(columns, bounds)))
