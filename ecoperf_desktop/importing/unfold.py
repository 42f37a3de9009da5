"""Rows as they are meant: rows that go on with the order above, and cells that hold several rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ecoperf_desktop.importing.descriptor import Unpack
from ecoperf_desktop.importing.evaluation import Rows, Valued, filled
from ecoperf_desktop.model.columns import Bool, Coded


class Carrier:
    """Gives rows without an anchor what the last row with one says, from block to block.

    ``names`` begin with the anchor (an order's number, say).  A row keeps what it says itself.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._last: dict[str, Valued] | None = None  # one row, the last with an anchor that could be read

    def fill(self, values: dict[str, Valued], gone: Bool, unread: Bool) -> None:
        """Fill the values in place.  Rows of ``gone`` do not count; what stands below an ``unread`` anchor stays without one."""
        if not self._names or not len(gone):
            return
        places = np.arange(len(gone), dtype=np.int64)
        begins = (~values[self._names[0]].missing | unread) & ~gone
        above = np.maximum.accumulate(np.where(begins, places, -1))
        own = above < 0
        known = ~own & ~unread[np.maximum(above, 0)]
        source = np.where(known, above, places)
        goes_on = ~begins & ~gone
        before = self._last
        if bool(begins.any()):
            last = int(above[-1])
            self._last = None if unread[last] else {name: values[name].take(np.array([last])) for name in self._names}
        for name in self._names:
            valued = values[name]
            below = filled(valued, valued.take(source))
            if before is not None and bool(own.any()):
                first = int(own.sum())
                head = filled(valued.take(own), before[name].take(np.zeros(first, np.int64)))
                below = _put(below, head, own)
            values[name] = _put(valued, below.take(goes_on), goes_on)


def _put(valued: Valued, part: Valued, where: Bool) -> Valued:
    """Return a column with the rows of the mask replaced by those of ``part``, in their order."""
    rank = np.maximum(np.cumsum(where) - 1, 0)
    if not len(part):
        return valued
    return filled(_blank(valued, where), _blank(part.take(rank), ~where))


def _blank(valued: Valued, where: Bool) -> Valued:
    column = valued.column
    if isinstance(column, Coded):
        return Valued(Coded(np.where(where, np.int32(-1), column.codes), column.words), valued.kind)
    missing = where if column.missing is None else where | column.missing
    return Valued(type(column)(column.values, missing), valued.kind, valued.fine)  # type: ignore[arg-type]


def unpacked(rows: Rows, rule: Unpack | None) -> Rows:
    """Return one row for each piece of the packed cells; a row without any stays one, with the part missing."""
    if rule is None or not rows.count:
        return rows
    column = rows.values[rule.of].column
    assert isinstance(column, Coded)
    known: dict[str, int] = {}
    pieces = [[known.setdefault(piece, len(known)) for piece in _pieces(word, rule.at)] for word in column.words]
    sizes = np.array([max(len(codes), 1) for codes in pieces] + [1], np.int64)
    flat = np.array([code for codes in pieces for code in (codes or [-1])] + [-1], np.int32)
    starts = np.cumsum(sizes) - sizes
    per_row = sizes[column.codes]
    source = np.repeat(np.arange(rows.count, dtype=np.int64), per_row)
    within = np.arange(len(source), dtype=np.int64) - np.repeat(np.cumsum(per_row) - per_row, per_row)
    parts = flat[starts[column.codes[source]] + within]
    values: Mapping[str, Valued] = {name: valued.take(source) for name, valued in rows.values.items() if name != rule.part}
    return Rows(
        len(source), rows.records[source], {**values, rule.part: Valued(Coded(parts, list(known)), "text")},
        {name: cells.take(source) for name, cells in rows.cells.items()}, rows.facts, rows.read_cells,
        None if rows.lines is None else rows.lines[source], rows.group_by,
    )


def _pieces(word: str, at: re.Pattern[str]) -> list[str]:
    return [piece.strip() for piece in at.split(word) if piece and piece.strip()]
