"""Products with their sums, packed by day and by month.

A period is made of months and of the days at its edges, so that no table of products reads the facts.  A
block holds all of one view's rows of its days: product, shop and channel, the sums, and last how many rows
they stand for.  The same contents are always the same bytes.
"""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Bool, Int64
from ecoperf_desktop.model.days import Day
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.store.kept import PRODUCT_MEASURES, UNKNOWN, month_of, product_measures
from ecoperf_desktop.store.views import View
from ecoperf_desktop.store.weeks import Cells, cell_columns, starts_of

_T = TypeVar("_T")
Span: TypeAlias = Literal["day", "month"]

TABLES = """
CREATE TABLE sum_products(view TEXT NOT NULL, span TEXT NOT NULL, first_day INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY(view, span, first_day)) STRICT;
"""

# Columns of a block before its sums.
PRODUCT, SHOP, CHANNEL = 0, 1, 2
SUMS = 3
COUNT = -1

# How a column is packed: as one number, as numbers of so many bytes, or (from _SAME on) as another column is.
_CONSTANT = 0
_WIDTHS = ((1, 2**7), (2, 2**15), (4, 2**31))
_SAME = 16
_TYPES = {1: "<i1", 2: "<i2", 4: "<i4", 8: "<i8"}
_DAYS_A_QUERY = 14


# ---- one block


class Block:
    """The packed rows of some days; a column is unpacked when it is asked for."""

    __slots__ = ("_packed", "_places", "columns", "rows")

    def __init__(self, packed: bytes) -> None:
        self.rows, self.columns = struct.unpack_from("<IB", packed)
        self._packed = packed
        self._places: list[tuple[int, int]] = []
        at = 5 + self.columns
        for kind in packed[5:at]:
            if kind >= _SAME:
                self._places.append(self._places[kind - _SAME])
                continue
            self._places.append((kind, at))
            at += 8 if kind == _CONSTANT else kind * self.rows

    def column(self, place: int) -> NDArray[Any] | int:
        """Return a column: its one number where all rows have the same."""
        kind, at = self._places[place]
        if kind == _CONSTANT:
            return int(struct.unpack_from("<q", self._packed, at)[0])
        return np.frombuffer(self._packed, _TYPES[kind], self.rows, at)


def column_of(blocks: Sequence[Block], place: int) -> Int64:
    """Return one column of several blocks end to end."""
    whole = np.empty(sum(block.rows for block in blocks), np.int64)
    at = 0
    for block in blocks:
        whole[at : at + block.rows] = block.column(place)
        at += block.rows
    return whole


def packed(columns: Sequence[Int64], bounds: Sequence[tuple[int, int]]) -> bytes:
    """Pack columns, of which ``bounds`` gives the lowest and the highest number."""
    kinds = bytearray()
    parts: list[bytes] = []
    with_bounds: dict[tuple[int, int], list[int]] = {}
    for place, (low, high) in enumerate(bounds):
        alike = with_bounds.setdefault((low, high), [])
        same = next((other for other in alike if low == high or _is_same(columns[other], columns[place])), None)
        if same is not None:
            kinds.append(_SAME + same)
            continue
        alike.append(place)
        if low == high:
            kinds.append(_CONSTANT)
            parts.append(struct.pack("<q", low))
            continue
        width = next((width for width, bound in _WIDTHS if -bound <= low and high < bound), 8)
        kinds.append(width)
        parts.append(columns[place].astype(_TYPES[width]).tobytes())
    return b"".join((struct.pack("<IB", len(columns[0]), len(kinds)), bytes(kinds), *parts))


def _is_same(first: Int64, second: Int64) -> bool:
    return first is second or bool((first == second).all())


# ---- reading


def read(conn: sqlite3.Connection, view: str, span: Span, firsts: Sequence[Day]) -> Iterator[tuple[Day, Block]]:
    """Yield the blocks of the days or months that begin on ``firsts`` (in order), as far as there are rows."""
    if not firsts:
        return
    # Nearly always without gaps: a range is read faster than a list.
    within = "" if firsts[-1] - firsts[0] < len(firsts) or span == "month" else f" AND first_day IN ({', '.join(map(str, firsts))})"
    query = f"SELECT first_day, packed FROM sum_products WHERE view = ? AND span = ? AND first_day BETWEEN ? AND ?{within}"
    for first, packed in conn.execute(query, (view, span, firsts[0], firsts[-1])):
        yield first, Block(packed)


def days_with_rows(conn: sqlite3.Connection, view: str, first: Day, last: Day) -> list[Day]:
    """Return the days from ``first`` to ``last`` that have rows."""
    query = "SELECT first_day FROM sum_products WHERE view = ? AND span = 'day' AND first_day BETWEEN ? AND ? ORDER BY 1"
    return [day for (day,) in conn.execute(query, (view, first, last))]


# ---- keeping


def refresh(conn: sqlite3.Connection, view: View, measures: Sequence[Measure], days: Sequence[Day] | None) -> None:
    """Pack again what is kept of ``view`` on ``days``, on all when None."""
    if view.name not in PRODUCT_MEASURES:
        return
    if days is None:
        conn.execute("DELETE FROM sum_products WHERE view = ?", (view.name,))
        first, last = conn.execute(f"SELECT MIN(day), MAX(day) FROM ({view.sql})").fetchone()
        days = [] if first is None else range(first, last + 1)
    gone = [(view.name, "day", day) for day in days]
    gone += [(view.name, "month", month) for month in dict.fromkeys(map(month_of, days))]
    conn.executemany("DELETE FROM sum_products WHERE view = ? AND span = ? AND first_day = ?", gone)
    for part in _parts(days):
        _pack_days(conn, view, measures, part)
    for month in dict.fromkeys(map(month_of, days)):
        _sum_month(conn, view.name, month)


def _parts(days: Sequence[Day]) -> Iterator[str]:
    """Yield conditions that together name ``days``: few rows at a time are held in memory."""
    for start in range(0, len(days), _DAYS_A_QUERY):
        part = days[start : start + _DAYS_A_QUERY]
        is_run = part[-1] - part[0] == len(part) - 1
        yield f"day BETWEEN {part[0]} AND {part[-1]}" if is_run else f"day IN ({', '.join(map(str, part))})"


def _pack_days(conn: sqlite3.Connection, view: View, measures: Sequence[Measure], condition: str) -> None:
    from ecoperf_desktop.store.sums import summed

    wanted = product_measures(view.name, measures)
    sums = ", ".join(f"COALESCE({summed(measure)}, {UNKNOWN + 1} - 1)" for measure in wanted)
    rows = conn.execute(
        f"SELECT day, COALESCE(product_id, 0), {cell_columns(view)}, {sums}, COUNT(*) FROM ({view.sql}) "
        f"WHERE {condition} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    ).fetchall()
    if rows:
        day, *columns = (np.array(column, np.int64) for column in zip(*rows, strict=True))
        _write(conn, view.name, "day", day, columns)


def _sum_month(conn: sqlite3.Connection, view: str, month: Day) -> None:
    days = [block for _, block in read(conn, view, "day", range(month, month_of(month + 31)))]
    if days:
        columns = _added(days)
        _write(conn, view, "month", np.full(len(columns[0]), month), columns)


def _added(blocks: Sequence[Block]) -> list[Int64]:
    """Return the rows of several blocks in their order, those of the same product, shop and channel as one."""
    columns = [column_of(blocks, place) for place in range(blocks[0].columns)]
    order = np.lexsort((columns[CHANNEL], columns[SHOP], columns[PRODUCT]))
    keys = [columns[place][order] for place in (PRODUCT, SHOP, CHANNEL)]
    begins = starts_of(*keys)
    return [*(key[begins] for key in keys), *(_sums(column[order], begins) for column in columns[SUMS:])]


def _sums(values: Int64, begins: NDArray[np.intp]) -> Int64:
    """Add up runs of values; one without any known value stays unknown."""
    total: Int64 = np.add.reduceat(values, begins)
    if values.min() > UNKNOWN:
        return total
    known = values != UNKNOWN
    total = np.add.reduceat(np.where(known, values, 0), begins)
    return np.where(np.logical_or.reduceat(known, begins), total, UNKNOWN)


def _write(conn: sqlite3.Connection, view: str, span: Span, firsts: Int64, columns: Sequence[Int64]) -> None:
    """Write blocks, adding to what they hold already.

    The rows are in the order of ``firsts``, product, shop and channel, each once.
    """
    starts = starts_of(firsts)
    days = firsts[starts].tolist()
    held = dict(read(conn, view, span, days))
    bounds = zip(*_of_each(columns, lambda column: _bounds(column, starts)), strict=True)
    written = []
    for day, start, end, known in zip(days, starts.tolist(), [*starts[1:].tolist(), len(firsts)], bounds, strict=True):
        block = packed(_of_each(columns, lambda column: column[start:end]), known)  # noqa: B023
        if day in held:
            added = _added([held[day], Block(block)])
            block = packed(added, [(int(column.min()), int(column.max())) for column in added])
        written.append((view, span, day, block))
    conn.executemany("INSERT OR REPLACE INTO sum_products VALUES (?, ?, ?, ?)", written)


def _bounds(column: Int64, starts: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return the lowest and the highest number of each run."""
    lowest, highest = np.minimum.reduceat(column, starts), np.maximum.reduceat(column, starts)
    return list(zip(lowest.tolist(), highest.tolist(), strict=True))


def _of_each(columns: Sequence[Int64], worked_out: Callable[[Int64], _T]) -> list[_T]:
    """Return what is worked out of each column, once for those that are one and the same."""
    found: dict[int, _T] = {}
    for column in columns:
        if id(column) not in found:
            found[id(column)] = worked_out(column)
    return [found[id(column)] for column in columns]


def add(
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
    days = cells.days
    low = int(days.min())
    months = np.array([month_of(day) for day in range(low, int(days.max()) + 1)], np.int64)[days - low]
    # Months, shops and channels in their order, and the day in its month: as small numbers.
    month = np.unique(months, return_inverse=True)[1]
    cell = np.unique(cells.shops * (int(cells.channels.max()) + 2) + cells.channels, return_inverse=True)[1]
    wide, width = int(products.max()) + 1, int(cell.max()) + 1
    key = (month * (wide * width * 31) + cell * 31 + (days - months))[line_order] + products * (width * 31)
    if (int(month.max()) + 1) * wide * width * 31 < 2**31:
        key = key.astype(np.int32)  # half as wide sorts faster
    sorting = np.argsort(key)
    key = key[sorting]
    begins = starts_of(key)
    line = sorting[begins]
    order = line_order[line]
    columns = [products[line], cells.shops[order], cells.channels[order]]
    columns += _of_each(_different(values), lambda column: _sums(column[sorting], begins))
    columns.append(np.diff(begins, append=len(key)))
    # The rows stand in the order of month, product, shop and channel, and day.
    by_day = np.argsort((days[order] - low).astype(np.uint16), kind="stable")
    _write(conn, view, "day", days[order][by_day], _of_each(columns, lambda column: column[by_day]))
    begins = starts_of(key[begins] // 31)
    of_month = _of_each(columns[SUMS:], lambda column: _sums(column, begins))
    _write(conn, view, "month", months[order][begins], [*(key[begins] for key in columns[:SUMS]), *of_month])


def _different(values: Sequence[tuple[Int64, Bool | None]]) -> list[Int64]:
    """Return the amounts as columns; those that are the same (nothing was taken off, nothing given away) as one."""
    columns: list[Int64] = []
    for amounts, missing in values:
        column = amounts if missing is None else np.where(missing, UNKNOWN, amounts)
        same = next((other for other in columns if _is_same(other, column)), None)
        columns.append(column.astype(np.int64, copy=False) if same is None else same)
    return columns
