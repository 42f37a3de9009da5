"""Which stored line a line of an export is."""

from __future__ import annotations

import sqlite3
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.model.columns import Column, Int64
from ecoperf_desktop.store.rows import Stored, values

# line_id = order_id * LINES_AN_ORDER + position
LINES_AN_ORDER = 65_536


class Lines:
    """Tells the lines of one import apart and finds the stored ones among them.

    A line is known by its number within the order; without one by its product and
    its rank among equal products.  Imports rank from the first on and undo takes
    whole imports, so ranks have no holes.
    """

    def __init__(
        self, conn: sqlite3.Connection, orders_known_before: int, *, always_look: bool = False
    ) -> None:
        self._conn = conn
        # Orders above this id were made by this import: all of their lines are its own.
        self._orders_known_before = orders_known_before
        self._always_look = always_look
        self._largest_order = 0
        self._met: Counter[tuple[int, int | None]] = Counter()

    def identify(
        self, orders: Int64, products: Column | None, numbers: list[Stored] | None
    ) -> tuple[Int64, NDArray[np.bool_]]:
        """Return each row's line id, and whether that line is new.

        ``numbers`` are the lines' numbers, None where the file has none.  Raises
        FileRefused for an order with more lines than an id can hold.
        """
        is_own = orders > self._orders_known_before
        if numbers is None and not self._always_look and is_own.all():
            return self._appended(orders), np.ones(len(orders), dtype=bool)
        nothing: list[Stored] = [None] * len(orders)
        return self._looked_up(orders, nothing if products is None else values(products), numbers or nothing)

    def _appended(self, orders: Int64) -> Int64:
        """Number lines on after those that this import gave their orders before."""
        in_order = (
            np.arange(len(orders)) if (np.diff(orders) >= 0).all() else np.argsort(orders, kind="stable")
        )
        grouped = orders[in_order]
        starts = np.flatnonzero(np.diff(grouped, prepend=grouped[0] - 1))
        counts = np.diff(starts, append=len(grouped))
        ranks = np.arange(len(grouped)) - np.repeat(starts, counts)
        begun = np.zeros(len(starts), dtype=np.int64)
        for place in np.flatnonzero(grouped[starts] <= self._largest_order).tolist():
            begun[place] = self._next_position(int(grouped[starts[place]]))
        if begun.any():
            ranks += np.repeat(begun, counts)
        self._largest_order = max(self._largest_order, int(grouped[-1]))
        _require_room(int(ranks.max()))
        ids = np.empty(len(orders), dtype=np.int64)
        ids[in_order] = grouped * LINES_AN_ORDER + ranks
        return ids

    def _next_position(self, order: int) -> int:
        first = order * LINES_AN_ORDER
        query = "SELECT max(line_id) FROM order_lines WHERE line_id BETWEEN ? AND ?"
        largest = self._conn.execute(query, (first, first + LINES_AN_ORDER - 1)).fetchone()[0]
        return 0 if largest is None else int(largest) - first + 1

    def _looked_up(
        self, orders: Int64, products: list[Stored], numbers: list[Stored]
    ) -> tuple[Int64, NDArray[np.bool_]]:
        ids = np.empty(len(orders), dtype=np.int64)
        is_new = np.zeros(len(orders), dtype=bool)
        stored: dict[int, _OrderLines] = {}
        made: set[int] = set()
        for index, order in enumerate(orders.tolist()):
            lines = stored.get(order)
            if lines is None:
                lines = stored[order] = _OrderLines(self._conn, order)
                if order > self._orders_known_before:
                    # Every line of it is this import's: those appended without looking count as met.
                    for known, same in lines.unnumbered.items():
                        self._met[order, known] = len(same)  # type: ignore[index]
            number, product = numbers[index], products[index]
            if number is not None:
                line = lines.numbered.get(number)
            else:
                same = lines.unnumbered.get(product, [])
                rank = self._met[order, product]  # type: ignore[index]
                self._met[order, product] += 1  # type: ignore[index]
                line = same[rank] if rank < len(same) else None
            if line is None:
                line = lines.add(number, product)
                made.add(line)
            ids[index] = line
            is_new[index] = line in made
        self._largest_order = max(self._largest_order, int(orders.max()))
        return ids, is_new


class _OrderLines:
    """The stored lines of one order."""

    def __init__(self, conn: sqlite3.Connection, order: int) -> None:
        self.numbered: dict[Stored, int] = {}
        self.unnumbered: dict[Stored, list[int]] = {}
        self._first = order * LINES_AN_ORDER
        self._next = self._first
        query = "SELECT line_id, line_no, product_id FROM order_lines WHERE line_id BETWEEN ? AND ? ORDER BY line_id"
        for line, number, product in conn.execute(query, (self._first, self._first + LINES_AN_ORDER - 1)):
            self._place(line, number, product)

    def add(self, number: Stored, product: Stored) -> int:
        """Return the id of a line that was not stored before."""
        _require_room(self._next - self._first)
        line = self._next
        self._place(line, number, product)
        return line

    def _place(self, line: int, number: Stored, product: Stored) -> None:
        if number is not None:
            self.numbered[number] = line
        else:
            self.unnumbered.setdefault(product, []).append(line)
        self._next = max(self._next, line + 1)


def _require_room(position: int) -> None:
    if position >= LINES_AN_ORDER:
        raise FileRefused("store.order_too_long", limit=LINES_AN_ORDER)
