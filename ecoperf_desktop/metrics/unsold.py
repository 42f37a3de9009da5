"""Stock that lies: what was received long ago and has not been sold since."""

from __future__ import annotations

from collections.abc import Iterable, Set

from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class StockRow:
    """One row of the last snapshot day: a product's level in one place; ``received`` is its oldest receipt day."""

    product_id: int | None
    level: int | None
    received: Day | None


def selling_days(day: Day, days: int) -> Period:
    """Return the days in which a sale shows that a product still moves, on snapshot day ``day``."""
    return Period(day - days, day)


def lying(rows: Iterable[StockRow], sold: Set[int], day: Day, days: int) -> int | None:
    """Return the summed level of products not in ``sold`` and received before ``selling_days``.

    None when none of the rows that lie has a known level.
    """
    levels = [row.level for row in rows if row.received is not None and row.received < day - days and row.product_id not in sold]
    known = [level for level in levels if level is not None]
    return None if levels and not known else sum(known)
