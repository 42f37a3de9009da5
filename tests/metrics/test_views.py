"""What the views show of the facts: which rows, on which day, and where they were read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore

from ecoperf_desktop.store import sums
from ecoperf_desktop.store.measures import measures
from ecoperf_desktop.store.schema import STEPS
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.store.views import DIMENSIONS, VIEWS, View

_TABLE_NAMES = set(re.findall(r"CREATE TABLE (\w+)", "".join(step for _, step in STEPS)))
# Functions and words of SQLite that another engine would not understand.
_SQLITE_ONLY = ("strftime", "julianday", "group_concat", "ifnull", "iif", "total", "printf", "glob", "rowid", "json_extract", "unixepoch",
                "max(t.", "min(t.on", "instr", "typeof", "pragma", "indexed by", "is distinct", "::", "||")  # fmt: skip


def rows(store: SmallStore, view: str, columns: str = "*") -> list[Any]:
    return store.conn.execute(f"SELECT {columns} FROM ({VIEWS[view].sql}) ORDER BY day").fetchall()


@pytest.fixture(scope="module")
def nothing() -> SmallStore:
    return SmallStore(kinds=())


@pytest.mark.parametrize("view", VIEWS.values(), ids=list(VIEWS))
def test_a_view_shows_day_dimensions_and_where_it_was_read(nothing: SmallStore, view: View) -> None:
    columns = [column[0] for column in nothing.conn.execute(view.sql).description]
    needed = {"day", "import_id", "record", "source_table", *view.dims.values(), *view.summed}
    if view.spans:
        needed |= {"last_day", "source_id"}
    if view.variant:
        needed.add("variant")
    assert needed <= set(columns)
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize("view", VIEWS.values(), ids=list(VIEWS))
def test_a_view_names_only_what_exists(view: View) -> None:
    assert set(view.dims) <= set(DIMENSIONS)
    assert set(view.tables) | set(view.follows) <= set(TABLES)
    assert set(view.summed) <= set(view.dims.values())
    for dimension, column in view.dims.items():
        if column.endswith("_id"):
            assert DIMENSIONS[dimension].table in _TABLE_NAMES
    # A table in the SQL that nothing watches would leave sums as they were when it changes.  What single values
    # are looked up from (a product's category, a parcel's payment) is not summed.
    looked_up = r"\(SELECT [^()]* FROM (?:product|customer|campaign|channel|orders|staff) [^()]*\)"
    watched = set(re.findall(r"(?:FROM|JOIN) (\w+)", re.sub(looked_up, "", view.sql))) & set(TABLES)
    assert watched
    if view.kept and view.name != "receipt":  # its purchase order names only who supplied
        assert watched <= {*view.tables, *view.follows}


@pytest.mark.parametrize("view", VIEWS.values(), ids=list(VIEWS))
def test_the_sql_of_a_view_is_portable(view: View) -> None:
    text = view.sql.lower()
    assert [word for word in _SQLITE_ONLY if re.search(rf"(?<![\w.]){re.escape(word)}", text)] == []


@pytest.mark.parametrize("measure_id", measures())
def test_a_measure_can_be_summed(nothing: SmallStore, measure_id: str) -> None:
    assert nothing.measure(measure_id) is None


@pytest.mark.parametrize("measure_id", measures())
def test_the_sql_of_a_measure_is_portable(measure_id: str) -> None:
    text = sums.summed(measures()[measure_id]).lower()
    assert [word for word in _SQLITE_ONLY if re.search(rf"(?<![\w.]){re.escape(word)}", text)] == []


@pytest.mark.parametrize(("view", "index"), [("order", "orders_by_sale_day"), ("line", "orders_by_sale_day"), ("refund", "refunds_by_day"),
                                             ("promise", "shipments_by_promise"), ("stock", "inventory_snapshots_by_day")])  # fmt: skip
def test_a_few_days_are_found_by_an_index(nothing: SmallStore, view: str, index: str) -> None:
    plan = nothing.conn.execute(f"EXPLAIN QUERY PLAN SELECT COUNT(*) FROM ({VIEWS[view].sql}) WHERE day BETWEEN 5 AND 9").fetchall()
    text = " | ".join(row[3] for row in plan)
    assert index in text
    assert "SCAN" not in text


def test_orders_and_lines_show_recognised_sales_only() -> None:
    store = SmallStore()
    sold = store.order(DAY_1, dict(gross_minor=100), dict(gross_minor=50), placed_day=DAY_1 - 1)
    store.order(None, dict(gross_minor=7))
    store.order(DAY_1, dict(gross_minor=9), is_test=1)
    assert rows(store, "order", "day, order_id, source_table") == [(DAY_1, sold, "orders")]
    assert rows(store, "line", "day, order_id, gross_minor") == [(DAY_1, sold, 100), (DAY_1, sold, 50)]
    # Demand counts every order that is no test, on the day it was placed.
    assert rows(store, "placed_line", "day, gross_minor") == [(DAY_1 - 1, 100), (DAY_1 - 1, 50), (DAY_1, 7)]


def test_the_lines_of_neighbouring_orders_stay_apart() -> None:
    store = SmallStore()
    first = store.order(DAY_1, dict(gross_minor=1))
    second = store.order(DAY_1 + 1, dict(gross_minor=2))
    store.add("order_lines", line_id=first * 65536 + 65535, qty=1, gross_minor=3)
    assert rows(store, "line", "day, order_id, gross_minor") == [(DAY_1, first, 1), (DAY_1, first, 3), (DAY_1 + 1, second, 2)]


def test_a_line_for_the_whole_order_gives_way_to_single_lines() -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=100, is_whole=1, is_replaced=1), dict(gross_minor=60), dict(gross_minor=40))
    assert store.number("gross_sales") == 100


def test_a_refund_without_an_order_keeps_its_own_shop_channel_and_day() -> None:
    store = SmallStore()
    store.refund(DAY_1 + 2, 500, channel_id=2, customer_id=store.buyer(7))
    assert rows(store, "refund", "day, shop_id, channel_id, customer_id, order_id") == [(DAY_1 + 2, 1, 2, 7, None)]
    assert store.number("returns_amount") == 500
    assert store.number("returns_amount", where=(("channel", "live"),)) == 500


def test_a_refund_takes_channel_and_region_from_its_order_where_it_has_none() -> None:
    store = SmallStore()
    region = store.add("region", name="Kent")
    order = store.order(DAY_1, dict(gross_minor=900), channel_id=1, region_id=region)
    store.refund(DAY_1, 100, order_id=order)
    store.refund(DAY_1, 200, order_id=order, channel_id=2)
    assert sorted(rows(store, "refund", "goods_minor, channel_id, region_id")) == [(100, 1, region), (200, 2, region)]


def test_a_refund_of_an_order_that_never_was_a_sale_is_none() -> None:
    store = SmallStore()
    store.refund(DAY_1, 100, order_id=store.order(None, dict(gross_minor=100)))
    store.refund(DAY_1, 200, order_id=store.order(DAY_1, dict(gross_minor=200), is_test=1))
    assert store.number("returns_amount") == 0


def test_a_refund_of_an_order_that_is_only_mentioned_stands_for_itself() -> None:
    store = SmallStore()
    mentioned = store.add("orders", shop_id=1, order_no="later", import_id=None, record=None)
    store.refund(DAY_1, 100, order_id=mentioned)
    assert store.number("returns_amount") == 100


@pytest.mark.parametrize(("status", "counts"), [(None, True), ("done", True), ("pending", False), ("refused", False)])
def test_only_done_refunds_count(status: str | None, counts: bool) -> None:
    store = SmallStore()
    store.refund(DAY_1, 100, status=status)
    assert store.number("returns_amount") == (100 if counts else 0)


def test_an_undated_refund_gives_way_to_dated_ones() -> None:
    store = SmallStore()
    order = store.order(DAY_1, dict(gross_minor=900))
    store.refund(DAY_1, 100, order_id=order, is_dated=0, is_replaced=1)
    store.refund(DAY_1 + 3, 100, order_id=order, is_dated=1)
    assert store.number("returns_amount", days=1) == 0
    assert store.number("returns_amount") == 100


def test_stock_without_a_value_is_worth_its_unit_cost() -> None:
    store = SmallStore()
    a, b = store.add("product", sku="A"), store.add("product", sku="B")
    store.add("product_cost", product_id=a, from_day=-1_000_000, unit_cost_e4=25000)
    store.add("product_cost", product_id=a, from_day=DAY_1 + 1, unit_cost_e4=90000)
    store.add("inventory_snapshots", day=DAY_1, product_id=a, on_hand=3)
    assert store.number("inventory_value", days=1) == 8  # 7.5, rounded half up; what it costs later does not matter
    store = SmallStore()
    a, b = store.add("product", sku="A"), store.add("product", sku="B")
    store.add("product_cost", product_id=a, from_day=-1_000_000, unit_cost_e4=25000)
    for day, product, on_hand, value in ((0, a, 3, 11), (0, a, -2, None), (0, b, -1, -50)):
        store.add("inventory_snapshots", day=DAY_1 + day, product_id=product, on_hand=on_hand, value_minor=value)
    assert store.number("inventory_value") == 11
    assert store.number("inventory_units") == 3


def test_stock_of_unknown_worth_is_not_worth_nothing() -> None:
    store = SmallStore()
    store.add("inventory_snapshots", day=DAY_1, product_id=store.add("product", sku="A"), on_hand=3)
    value = store.value("inventory_value", days=1)
    assert (value.value, value.quality) == (None, "missing")
    assert store.number("inventory_units", days=1) == 3


def test_a_parcel_promised_for_a_day_may_come_until_its_end() -> None:
    store = SmallStore()
    for number, promised, delivered in (("1", 3, 3), ("2", 3, 2), ("3", 3, 4), ("4", 3, None)):
        store.add("shipments", shipment_no=number, promised_day=DAY_1 + promised,
                  delivered_day=None if delivered is None else DAY_1 + delivered)  # fmt: skip
    value = store.value("delivery_on_time_rate")
    assert (value.numerator, value.denominator) == (2, 4)


def test_receipts_after_the_promise_do_not_make_a_line_on_time() -> None:
    store = SmallStore()
    po = store.add("purchase_orders", po_no="1", ordered_day=DAY_1)
    line = store.add("po_lines", po_id=po, qty_ordered=10, promised_day=DAY_1 + 5)
    for day, received, rejected in ((5, 8, 1), (6, 4, None)):
        store.add("receipts", po_line_id=line, received_day=DAY_1 + day, qty_received=received, qty_rejected=rejected)
    (row,) = rows(store, "po_due", "day, first_receipt_day, last_receipt_day, qty_received, good_by_promise")
    assert row == (DAY_1 + 5, DAY_1 + 5, DAY_1 + 6, 12, 7)
    assert rows(store, "po_completed", "day") == [(DAY_1 + 6,)]


def test_cancelled_purchases_are_not_due() -> None:
    store = SmallStore()
    kept = store.add("purchase_orders", po_no="1", ordered_day=DAY_1)
    given_up = store.add("purchase_orders", po_no="2", ordered_day=DAY_1, status="cancelled")
    for po, cancelled in ((kept, None), (kept, 1), (given_up, None)):
        store.add("po_lines", po_id=po, qty_ordered=1, promised_day=DAY_1, cancelled=cancelled)
    assert len(rows(store, "po_due")) == 1


def test_channels_are_told_by_the_names_of_their_groups() -> None:
    store = SmallStore()
    for name, kind in (("Organic Search", None), ("自然搜索", None), ("Paid Social", None), ("Direct", None), ("web2", None), ("mine", "organic")):
        store.add("site_traffic", day=DAY_1, variant="channel", channel_id=store.add("channel", name=name, kind=kind), sessions=1)
    assert [kind for (kind,) in rows(store, "traffic", "channel_kind")] == ["organic", "organic", "social", "other", None, "organic"]


def test_an_outage_belongs_to_every_day_it_touches() -> None:
    store = SmallStore(tz="Asia/Shanghai")
    midnight = DAY_1 * 86400 - 8 * 3600  # of the shop
    store.add("incidents", target="shop", started_ts=midnight + 23 * 3600, ended_ts=midnight + 26 * 3600, day=DAY_1)
    assert store.number("downtime_minutes", days=1) == 60
    assert store.number("downtime_minutes", first=DAY_1 + 1, days=1) == 120
    assert store.number("downtime_minutes", days=2) == 180


def test_an_outage_that_still_runs_lasts_to_the_end_of_the_period() -> None:
    store = SmallStore()
    store.add("incidents", target="shop", started_ts=(DAY_1 + 1) * 86400 + 43200, day=DAY_1 + 1)
    assert store.number("downtime_minutes", days=3) == 36 * 60


def test_availability_is_not_the_share_of_good_checks() -> None:
    store = SmallStore()
    for place in range(10):
        store.add("uptime_checks", ts=DAY_1 * 86400 + place, day=DAY_1, target="shop", ok=place % 2)
    assert store.number("availability") == 1  # no outage is known in thirty watched days
    unwatched = SmallStore(kinds=("uptime_checks",))
    unwatched.add("uptime_checks", ts=DAY_1 * 86400, day=DAY_1, target="shop", ok=1)
    assert unwatched.number("availability") is None


def test_a_monitors_daily_totals_come_before_its_incidents() -> None:
    store = SmallStore()
    store.add("monitor_days", day=DAY_1, target="shop", up_seconds=86300, down_seconds=100, incidents=2)
    assert store.number("availability", days=1) == pytest.approx(1 - 100 / 86400)
    assert store.number("downtime_minutes", days=1) == pytest.approx(100 / 60)
    assert store.number("incidents", days=1) == 2


def test_an_agents_sales_come_from_summaries_where_no_order_names_one() -> None:
    store = SmallStore()
    li = store.add("staff", name="Li")
    store.order(DAY_1, dict(gross_minor=900))
    store.add("agent_day", day=DAY_1, agent_id=li, received=1, sales_minor=700, refund_minor=50)
    assert store.number("agent_sales") == 650
    assert {value.per["agent"]: value.value for value in store.values("agent_sales", per=("agent",))}["Li"] == 650
    assert store.value("agent_sales_share").reason == "metrics.catalogue_no_agents"
