"""Daily sums of the declared measures, and buyers and products by week: all derived from the facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from ecoperf_desktop.model.columns import Coded, Column, Int64, Numbers, Reals

__all__ = ["Coded", "NewSales", "Numbers", "Reals", "add_sales", "ensure", "refresh"]


@dataclass(frozen=True)
class NewSales:
    """Orders and lines that the workspace did not hold before, as columns of their tables.

    ``orders`` are stored columns of table ``orders`` by their names (``sale_day``,
    ``shop_id``, ``channel_id``, ``is_first``, ``shipping_minor`` ...), ``lines`` those of
    ``order_lines`` (``product_id``, ``qty``, ``gross_minor`` ...); ids are row ids.  A
    column that is not here is NULL in every row; text columns come as ``Coded``.
    ``buyers`` is each order's ``customer.buyer_id``, missing where the order has no
    known buyer.  ``line_order`` gives for each line the position of its order, from 0.
    """

    orders: Mapping[str, Column]
    lines: Mapping[str, Column] = field(default_factory=dict)
    line_order: Int64 | None = None
    buyers: Numbers | None = None


def ensure(conn: sqlite3.Connection) -> bool:
    """Create the sum tables, or rebuild them when the declared measures changed; say whether it did."""
    raise NotImplementedError


def refresh(conn: sqlite3.Connection, dirty: Mapping[str, set[int]]) -> None:
    """Work out again, from the facts, the touched days of every view that reads a touched table.

    ``dirty`` gives for each table the days touched, in any of its day columns, before
    and after the change; for rows without a day of their own (lines, customers) the
    days of what they belong to.
    """
    raise NotImplementedError


def add_sales(conn: sqlite3.Connection, new: NewSales) -> None:
    """Add orders and lines that are all new, giving exactly what ``refresh`` of their days would.

    The rows are stored and their derived columns set before.  Where a day is also
    refreshed in the same transaction, call this first: a refreshed day is complete.
    """
    raise NotImplementedError
