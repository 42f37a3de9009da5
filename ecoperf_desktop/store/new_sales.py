"""Orders and lines on their way into the daily sums, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from ecoperf_desktop.records import dataclass

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Column, Int64, Numbers


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
