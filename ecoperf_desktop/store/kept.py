"""What is kept beside the daily sums, and the stretches of days it is kept by."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ecoperf_desktop.model.days import Day, Grain, bucket_of
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.records import dataclass

# A product's sum that no row states.
UNKNOWN = -(2**63)
# No shop, no channel.
NONE = -1
CELL = ("shop_id", "channel_id")


@dataclass(frozen=True)
class KeptColumn:
    """A column of a view of which every row is kept: for counting different ones, or for ranking."""

    number: int
    view: str
    of: str
    where: str | None = None
    type: str = "<i8"


_ASKED = "phase = 'presale' AND is_inquiry = 1 AND COALESCE(already_paid, 0) = 0"
# What people ask about over long periods.  Anything else is answered from the facts, only slower.
KEPT_COLUMNS = (
    KeptColumn(1, "order", "buyer_id", None, "<u4"),
    KeptColumn(2, "order", "buyer_id", "is_first = 0", "<u4"),
    KeptColumn(
        3, "conversation", "first_reply_ts - first_msg_ts", "first_reply_ts IS NOT NULL AND first_msg_ts IS NOT NULL"
    ),
    KeptColumn(4, "conversation", "resolved_ts - first_msg_ts", "resolved_ts IS NOT NULL AND first_msg_ts IS NOT NULL"),
    KeptColumn(5, "dispatch", "handed_ts - ready_ts", "handed_ts IS NOT NULL AND ready_ts IS NOT NULL"),
    KeptColumn(6, "delivery", "delivered_ts - handed_ts", "delivered_ts IS NOT NULL AND handed_ts IS NOT NULL"),
    KeptColumn(7, "delivery", "delivered_ts - paid_ts", "delivered_ts IS NOT NULL AND paid_ts IS NOT NULL"),
    KeptColumn(8, "dispatch", "order_id", None, "<u4"),
    KeptColumn(9, "promise", "order_id", None, "<u4"),
    KeptColumn(
        10,
        "promise",
        "order_id",
        "delivered_day IS NULL OR delivered_day > day OR in_full = 0 OR right_item = 0 OR undamaged = 0 OR docs_ok = 0",
        "<u4",
    ),
    KeptColumn(11, "conversation", "customer_id", _ASKED, "<u4"),
    KeptColumn(12, "conversation", "customer_id", f"{_ASKED} AND paid_lag_days <= 1", "<u4"),
    KeptColumn(13, "order", "buyer_id", "agent_id IS NOT NULL", "<u4"),
    # Buyers of each region: the region in the upper half of the number, 0 for none.
    KeptColumn(14, "order", f"COALESCE(region_id, 0) * {2**32} + buyer_id"),
    # each buyer once, with the region of the first order
    KeptColumn(15, "order", f"COALESCE(region_id, 0) * {2**32} + buyer_id", "is_first = 1"),
)
_BY_REGION = {1: 14}
# What is kept of each product: what a table of products shows.  Every row states these, so that days can be
# taken off a sum again.
PRODUCT_MEASURES = {
    "line": ("gross", "discount", "net", "tax_in_price", "cost", "net_with_cost", "units", "net_without_gifts"),
    "refund": ("goods", "units", "tax_in_price", "restocked_cost", "goods_with_order"),
    # whether a product could be bought, day by day
    "stock_sku": ("days", "days_out"),
}
# What is kept of each buyer, day by day: what a customer is worth.
BUYER_MEASURES = {
    "order": ("fees", "shipping"),
    "line": ("net", "tax_in_price", "cost"),
    "refund": ("goods", "tax_in_price", "restocked_cost", "shipping"),
}


@cache
def stretch_of(day: Day) -> Day:
    """Return the first day of the stretch that holds ``day``."""
    return max(day - (day + 3) % 7, bucket_of(day, Grain.MONTH).period.first)


@cache
def last_of(first: Day) -> Day:
    """Return the last day of the stretch that begins on ``first``."""
    return min(first - (first + 3) % 7 + 6, bucket_of(first, Grain.MONTH).period.last)


@cache
def month_of(day: Day) -> Day:
    """Return the first day of the month that holds ``day``."""
    return bucket_of(day, Grain.MONTH).period.first


def product_measures(view: str, measures: Sequence[Measure]) -> list[Measure]:
    """Return those of a view's measures that are kept by product, in the order of their rows."""
    return [measure for measure in measures if measure.name in PRODUCT_MEASURES.get(view, ())]


def buyer_measures(view: str, measures: Sequence[Measure]) -> list[Measure]:
    """Return those of a view's measures that are kept by buyer, in the order of their names."""
    return sorted((one for one in measures if one.name in BUYER_MEASURES.get(view, ())), key=lambda one: one.name)


def kept_column(view: str, of: str, where: str | None) -> KeptColumn | None:
    """Return the kept column that answers for ``of`` of the rows of ``view`` where ``where``."""
    for kept in KEPT_COLUMNS:
        if kept.view == view and kept.of == of and _plain(kept.where) == _plain(where):
            return kept
    return None


def by_region(kept: KeptColumn) -> KeptColumn | None:
    """Return the kept column that holds the entries of ``kept`` with their region above them, in the upper 32 bits."""
    number = _BY_REGION.get(kept.number)
    return next((column for column in KEPT_COLUMNS if column.number == number), None)


def _plain(condition: str | None) -> str:
    return "" if condition is None else "".join(condition.split()).lower()
