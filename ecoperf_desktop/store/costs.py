"""What sold lines cost by what files say of their products: unit costs by day, each line at that of its sale day.

A file that states a product's unit cost states it from the day of its as-of on, until a
later one states another; days before the first one take the first.  A file that leaves
the cost of a product blank says nothing about it.  So both the unit costs and the costs
of the lines are a function of the active imports, whatever their order.
"""

# The SQL here is put together from constants and names of our own temporary tables.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Bool, Column, Int64, Numbers
from ecoperf_desktop.store import derive, rows
from ecoperf_desktop.store.derive import Dirty
from ecoperf_desktop.store.traded import Traded, days_of_imports

# A product's first known cost holds from before all days.
FIRST_DAY = -1_000_000
_LAST_DAY = 1_000_000
_UNKNOWN = -(2**62)
_DAYS_AT_ONCE = 7
_ORDERS_AT_ONCE = 20_000

# As the one import that speaks of the product states it, in that import's currency.
_UNIT_COST = """coalesce((SELECT json_extract(t.says, '$.unit_cost_e4') FROM traded t
  WHERE t.table_name = 'product' AND t.row_id = p.product_id AND json_extract(t.says, '$.unit_cost_e4') IS NOT NULL), p.unit_cost_e4)"""

_Course: TypeAlias = "list[tuple[int, int]]"


@dataclass(frozen=True)
class UnitCosts:
    """Unit costs sorted by product and day: each holds from its day until the product's next."""

    product: Int64
    from_day: Int64
    cost_e4: Int64

    def on(self, products: Int64, days: Int64) -> tuple[Int64, Bool]:
        """Return each product's unit cost on its day, and where one is known."""
        if not len(self.product):
            return np.zeros(len(products), np.int64), np.zeros(len(products), np.bool_)
        first, changes = self._places
        inside = (products > 0) & (products < len(first))
        named = products if inside.all() else np.where(inside, products, 0)
        place = first[named]
        if changes.any():
            moved = np.flatnonzero(changes[named])
            place[moved] = np.searchsorted(self._keys, _key(products[moved], days[moved]), side="right") - 1
        return self.cost_e4[place], place >= 0

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], Bool]:
        """Return, by product, the place of its first cost (-1 none), and whether it has several."""
        width = int(self.product[-1]) + 1
        first = np.full(width, -1, np.int64)
        first[self.product[::-1]] = np.arange(len(self.product) - 1, -1, -1)
        return first, np.bincount(self.product, minlength=width) > 1

    @cached_property
    def _keys(self) -> Int64:
        return _key(self.product, self.from_day)


class Costs:
    """Gathers the products whose unit cost one import or undo may change, then settles what their lines cost."""

    def __init__(self, conn: sqlite3.Connection, traded: Traded) -> None:
        self._conn = conn
        self._traded = traded
        self._products: set[int] = set()
        self._largest_product = rows.largest_id(conn, "product", "product_id")
        self._costs: UnitCosts | None = None
        # Lines met in this transaction: only they can be of products that it made.
        self.has_new_lines = False

    @property
    def known(self) -> UnitCosts:
        """Return the unit costs as they stand in the workspace."""
        if self._costs is None:
            found = self._conn.execute(
                "SELECT product_id, from_day, unit_cost_e4 FROM product_cost ORDER BY product_id, from_day"
            )
            self._costs = UnitCosts(*_table(found, 3))
        return self._costs

    def say(self, import_id: int, products: Int64, stated: Column) -> None:
        """Note what an import says of unit costs; what was valid on its day anyway changes nothing."""
        if not isinstance(stated, Numbers):
            return
        said = rows.present(stated, len(products))
        if self._traded.is_foreign(import_id):
            self.look_at(products[said].tolist())  # what it is in the workspace's currency is not known yet
            return
        day = days_of_imports(self._conn, [import_id])[import_id]
        costs, has_cost = self.known.on(products, np.full(len(products), day))
        self.look_at(products[said & ~(has_cost & (costs == stated.values))].tolist())

    def look_at(self, products: Iterable[int]) -> None:
        """Note products whose unit costs have to be found again."""
        self._products.update(products)

    def look_at_source(self, source_id: int) -> None:
        """Note the products of a source whose time zone has become known: its imports may be of another day."""
        query = "SELECT import_id FROM imports WHERE source_id = ? AND state = 'active'"
        for (import_id,) in self._conn.execute(query, (source_id,)).fetchall():
            self.look_at(stated_in(self._conn, import_id))

    def of_lines(self, products: Column | None, qty: Column | None, days: Int64, is_sale: Bool) -> Numbers | None:
        """Return what lines cost by their products, in minor units; None when no cost is known of any.

        ``days`` are the sale days, where ``is_sale``.
        """
        if not len(self.known.product) or not isinstance(products, Numbers) or not isinstance(qty, Numbers):
            return None
        units, has_cost = self.known.on(products.values, days)
        has_cost = has_cost & is_sale
        for column in (products, qty):
            if column.missing is not None:
                has_cost &= ~column.missing
        if not has_cost.any():
            return None
        most = max(abs(int(qty.values.max())), abs(int(qty.values.min()))) * int(units.max())
        if most >= 2**62:  # nobody sells this; it must not wrap around to a number that looks like a cost
            has_cost &= np.abs(qty.values.astype(np.float64)) * units < 2.0**62
        cost = (np.where(has_cost, qty.values, 0) * units + 5_000) // 10_000
        return Numbers(cost, None if has_cost.all() else ~has_cost)

    def settle(self, orders: Collection[int], dirty: Dirty) -> None:
        """Find the unit costs of noted products again, then the costs of their lines and of these orders' lines.

        Sale days must be settled before.  Days whose lines changed become dirty.
        """
        changed = self._settle_products()
        if changed:
            derive.touch(dirty, "product", ())  # stock is valued by it
            sold = changed if self.has_new_lines else {
                product: days for product, days in changed.items() if product <= self._largest_product
            }
            if sold:
                self._price_products(sold, dirty)
        if orders and (changed or len(self.known.product)):
            self._price_orders(sorted(orders), dirty)

    # -- unit costs

    def _settle_products(self) -> dict[int, tuple[int, int]]:
        """Find the unit costs of noted products again; return the span of days on which each changed."""
        if not self._products:
            return {}
        with derive.wanted(self._conn, self._products) as mine:
            before = _courses(
                self._conn.execute(
                    f"SELECT c.product_id, c.from_day, c.unit_cost_e4 FROM {mine} w CROSS JOIN product_cost c "
                    "ON c.product_id = w.id ORDER BY 1, 2"
                )
            )
            after = _courses(self._stated(mine))
        changed = {
            product: _span(before.get(product, []), after.get(product, []))
            for product in self._products
            if before.get(product) != after.get(product)
        }
        self._conn.executemany("DELETE FROM product_cost WHERE product_id = ?", ((one,) for one in changed))
        self._conn.executemany(
            "INSERT INTO product_cost(product_id, from_day, unit_cost_e4) VALUES (?, ?, ?)",
            ((product, *step) for product in sorted(changed) for step in after.get(product, ())),
        )
        self._products.clear()
        if changed:
            self._costs = None
        return changed

    def _stated(self, products: str) -> Iterator[tuple[int, int, int]]:
        """Yield the products' unit costs with the day each holds from, without repeating what holds already.

        A row that one import asserts is its assertion; of others every assertion is ``held``.
        """
        product, stated_by, cost = _table(
            self._conn.execute(
                f"""SELECT p.product_id, p.import_id, {_UNIT_COST} FROM {products} w CROSS JOIN product p
                  ON p.product_id = w.id WHERE p.import_id IS NOT NULL AND {_UNIT_COST} IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM held h WHERE h.table_name = 'product' AND h.row_id = p.product_id)
                UNION ALL SELECT h.row_id, h.import_id, json_extract(h.asserted, '$.unit_cost') FROM {products} w
                  CROSS JOIN held h ON h.table_name = 'product' AND h.row_id = w.id
                  WHERE json_extract(h.asserted, '$.unit_cost') IS NOT NULL"""
            ),
            3,
        )
        if not len(product):
            return
        day_of = days_of_imports(self._conn, np.unique(stated_by).tolist())
        if not self._traded.is_quiet:
            product, stated_by, cost = self._converted(product, stated_by, cost, day_of)
            if not len(product):
                return
        as_of = dict(self._conn.execute("SELECT import_id, as_of FROM imports"))
        ranked = sorted(day_of, key=lambda one: (day_of[one], as_of[one], one))
        rank_of = {import_id: rank for rank, import_id in enumerate(ranked)}
        rank = np.array([rank_of[one] for one in stated_by.tolist()])
        day = np.array([day_of[one] for one in ranked])[rank]
        in_order = np.lexsort((rank, product))
        product, day, cost = product[in_order], day[in_order], cost[in_order]
        ends_day = np.append((product[1:] != product[:-1]) | (day[1:] != day[:-1]), True)
        product, day, cost = product[ends_day], day[ends_day], cost[ends_day]
        is_first = np.append(True, product[1:] != product[:-1])
        day[is_first] = FIRST_DAY
        differs = is_first | np.append(True, cost[1:] != cost[:-1])
        yield from zip(product[differs].tolist(), day[differs].tolist(), cost[differs].tolist(), strict=True)

    def _converted(
        self, product: Int64, stated_by: Int64, cost: Int64, day_of: Mapping[int, int]
    ) -> tuple[Int64, Int64, Int64]:
        """Return the statements in the workspace's currency, without those that have no rate."""
        said = [
            (one, import_id, mine)
            for one, import_id, traded in zip(product.tolist(), stated_by.tolist(), cost.tolist(), strict=True)
            if (mine := self._traded.cost(import_id, day_of[import_id], traded)) is not None
        ]
        mine_product, mine_import, mine_cost = _table(said, 3)
        return mine_product, mine_import, mine_cost

    # -- lines

    def _price_products(self, changed: dict[int, tuple[int, int]], dirty: Dirty) -> None:
        first = min(span[0] for span in changed.values())
        last = max(span[1] for span in changed.values())
        query = "SELECT DISTINCT sale_day FROM orders WHERE sale_day >= ? AND sale_day < ? ORDER BY 1"
        days = [row[0] for row in self._conn.execute(query, (first, last))]
        with derive.wanted(self._conn, changed) as products:
            for start in range(0, len(days), _DAYS_AT_ONCE):
                part = days[start : start + _DAYS_AT_ONCE]
                self._price("orders o", f"o.sale_day BETWEEN {part[0]} AND {part[-1]} AND l.product_id IN {products}", dirty)

    def _price_orders(self, orders: list[int], dirty: Dirty) -> None:
        for start in range(0, len(orders), _ORDERS_AT_ONCE):
            with derive.wanted(self._conn, orders[start : start + _ORDERS_AT_ONCE]) as mine:
                self._price(f"{mine} w CROSS JOIN orders o ON o.order_id = w.id", "1 = 1", dirty)

    def _price(self, orders: str, condition: str, dirty: Dirty) -> None:
        """Write what lines cost where it is not what it was."""
        line, product, qty, sale_day, placed_day, before = _table(
            self._conn.execute(
                f"""SELECT l.line_id, COALESCE(l.product_id, 0), l.qty, COALESCE(o.sale_day, {_UNKNOWN}),
                  COALESCE(o.placed_day, {_UNKNOWN}), COALESCE(l.product_cost_minor, {_UNKNOWN})
                  FROM {orders} CROSS JOIN order_lines l
                  WHERE l.line_id >= o.order_id * 65536 AND l.line_id < (o.order_id + 1) * 65536 AND {condition}"""
            ),
            6,
        )
        if not len(line):
            return
        is_sale = sale_day != _UNKNOWN
        priced = self.of_lines(Numbers(product), Numbers(qty), np.where(is_sale, sale_day, 0), is_sale)
        after = np.full(len(line), _UNKNOWN)
        if priced is not None:
            has_cost = rows.present(priced, len(line))
            after[has_cost] = priced.values[has_cost]
        changed = np.flatnonzero(after != before)
        self._conn.executemany(
            "UPDATE order_lines SET product_cost_minor = ? WHERE line_id = ?",
            (
                (None if cost == _UNKNOWN else cost, line_id)
                for cost, line_id in zip(after[changed].tolist(), line[changed].tolist(), strict=True)
            ),
        )
        for days in (sale_day, placed_day):
            touched = np.unique(days[changed])
            derive.touch(dirty, "order_lines", touched[touched != _UNKNOWN].tolist())


def stated_in(conn: sqlite3.Connection, import_id: int) -> list[int]:
    """Return the products that an active import speaks about."""
    found = conn.execute(
        "SELECT product_id FROM product WHERE import_id = ? UNION "
        "SELECT row_id FROM held WHERE import_id = ? AND table_name = 'product'",
        (import_id, import_id),
    )
    return [row[0] for row in found]


def _span(before: _Course, after: _Course) -> tuple[int, int]:
    """Return the first day on which two courses of one cost differ, and a day from which they agree again."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    first = min(course[same][0] for course in (before, after) if same < len(course))
    if before and after and before[-1][1] == after[-1][1]:
        return first, max(before[-1][0], after[-1][0])
    return first, _LAST_DAY


def _courses(steps: Iterable[tuple[int, int, int]]) -> dict[int, _Course]:
    courses: dict[int, _Course] = {}
    for product, day, cost in steps:
        courses.setdefault(product, []).append((day, cost))
    return courses


def _key(products: Int64, days: Int64) -> Int64:
    return np.asarray((products << 32) + (days + 2**31))


def _table(found: Iterable[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    """Return the columns of rows of whole numbers."""
    flat = np.fromiter(chain.from_iterable(found), np.int64)
    return np.ascontiguousarray(flat.reshape(-1, width).T)
