"""The facts as metrics see them: one row an event, with its day, its dimensions and where it was read."""

# The SQL here is put together from constants of this file only.
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import field

from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Dimension:
    """A way to cut numbers.

    A dimension with a ``table`` is cut by row id (``id``) and named by ``name``; one
    without is text that stands in the fact itself.
    """

    key: str
    table: str | None = None
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class View:
    """A selection of facts, one row an event.

    ``sql`` is portable and gives ``day``, the columns of ``dims``, the values, and where the
    row was read: ``import_id``, ``record`` and ``source_table``.  Its day is NULL for no row.

    ``tables`` are the facts it reads: a change there touches the days of the changed rows.
    ``follows`` are tables whose rows decide over days that are not their own (an order that
    arrives after its refund, a product's cost): a change there can touch any day.

    ``dims`` maps dimensions to columns; a column that ends in ``_id`` holds a row id of the
    dimension's table, any other holds the text itself.  ``summed`` are the columns by which
    daily sums are kept, beside ``day`` (and ``variant`` where there is one); without ``kept``
    there are no daily sums, because the facts are few or change with ``follows``.

    ``spans``: rows have ``last_day``; one that ends after its ``day`` stands for the whole span
    and for no single day, and say their ``source_id``.  ``variant``: the column ``variant`` names the breakdown of a
    report; rows of two variants are the same events twice, so one variant answers.
    """

    name: str
    sql: str
    tables: tuple[str, ...]
    dims: dict[str, str] = field(default_factory=dict)
    summed: tuple[str, ...] = ()
    spans: bool = False
    variant: bool = False
    kept: bool = True
    follows: tuple[str, ...] = ()


DIMENSIONS: dict[str, Dimension] = {
    dimension.key: dimension
    for dimension in (
        Dimension("shop", "shop", "shop_id", "name"),
        Dimension("channel", "channel", "channel_id", "name"),
        Dimension("product", "product", "product_id", "sku"),
        Dimension("category", "category", "category_id", "name"),
        Dimension("campaign", "campaign", "campaign_id", "name"),
        Dimension("region", "region", "region_id", "name"),
        Dimension("agent", "staff", "staff_id", "name"),
        Dimension("staff", "staff", "staff_id", "name"),
        Dimension("buyer", "staff", "staff_id", "name"),  # who buys from suppliers
        Dimension("supplier", "supplier", "supplier_id", "name"),
        Dimension("carrier", "carrier", "carrier_id", "name"),
        Dimension("warehouse", "location", "location_id", "name"),
        Dimension("location", "location", "location_id", "name"),
        Dimension("source", "source", "source_id", "name"),  # where data come from
        Dimension("device"),
        Dimension("query"),
        Dimension("page"),
        Dimension("target"),
        Dimension("account"),
        Dimension("class"),
        Dimension("department"),
        Dimension("reason"),  # why goods came back, as a class
        # what only a method of the catalogue knows: months of first orders, months since, groups of customers, steps of a
        # change, days of the week, weeks of the year
        Dimension("cohort"),
        Dimension("age"),
        Dimension("segment"),
        Dimension("step"),
        Dimension("weekday"),
        Dimension("week"),
    )
}

# A line that stands for itself.
NOT_REPLACED = "COALESCE(l.is_replaced, 0) = 0"
_CATEGORY = "(SELECT p.category_id FROM product p WHERE p.product_id = {row}.product_id) AS category_id"
_SUPPLIER = "(SELECT p.supplier_id FROM product p WHERE p.product_id = {row}.product_id) AS supplier_id"
_PERSON = "(SELECT c.buyer_id FROM customer c WHERE c.customer_id = {row}.customer_id) AS buyer_id"
_PERSON_OF_REFUND = """(SELECT c.buyer_id FROM customer c
            WHERE c.customer_id = CASE WHEN r.customer_id IS NULL THEN o.customer_id ELSE r.customer_id END) AS buyer_id"""
# A channel without a kind of its own is told by the names that analytics tools give to groups of channels.
_KIND = """COALESCE(c.kind, CASE
            WHEN LOWER(c.name) IN ('organic search', 'organic shopping', '自然搜索', '自然购物') THEN 'organic'
            WHEN LOWER(c.name) IN ('organic social', 'paid social', 'social', '自然社交', '付费社交') THEN 'social'
            WHEN LOWER(c.name) IN ('direct', 'referral', 'email', 'paid search', 'paid shopping', 'display', 'affiliates',
              'cross-network', 'organic video', 'paid video', 'paid other', 'sms', 'audio', 'unassigned',
              'mobile push notifications', '直接', '引荐', '电子邮件', '付费搜索', '付费购物', '展示广告', '联属网络',
              '跨网络', '自然视频', '付费视频', '未分配') THEN 'other' END)"""
_CHANNEL_KIND = f"(SELECT {_KIND} FROM channel c WHERE c.channel_id = t.channel_id)"
# Channels and what they are, where it is known.
CHANNEL_KINDS = f"SELECT c.channel_id, {_KIND} AS kind FROM channel c"
_DEPARTMENT = "(SELECT s.department FROM staff s WHERE s.staff_id = {person}) AS department"
_OF_ORDER = "(SELECT o.{column} FROM orders o WHERE o.order_id = {row}.order_id) AS {column}"
_READ = "{row}.import_id, {row}.record, '{table}' AS source_table"

_ORDER_DIMS = {
    "shop": "shop_id",
    "channel": "channel_id",
    "campaign": "campaign_id",
    "region": "region_id",
    "device": "device",
    "agent": "agent_id",
}
_LINE_DIMS = {**_ORDER_DIMS, "product": "product_id", "category": "category_id", "supplier": "supplier_id"}
_REFUND_DIMS = {**_LINE_DIMS, "reason": "reason_class"}
_GOODS_DIMS = {"product": "product_id", "category": "category_id"}
_PARCEL_DIMS = {"shop": "shop_id", "carrier": "carrier_id", "warehouse": "warehouse_id", "region": "region_id"}
_SUPPLY_DIMS = {
    "supplier": "supplier_id",
    "buyer": "purchaser_id",
    "staff": "purchaser_id",
    "department": "department",
    **_GOODS_DIMS,
}


def _orders(day: str, condition: str) -> str:
    return f"""
        SELECT o.{day} AS day, o.order_id, o.shop_id, o.channel_id, o.campaign_id, o.region_id, o.device, o.agent_id,
          o.customer_id, {_PERSON.format(row="o")}, o.is_first, o.status, o.placed_day, o.paid_day,
          o.cancel_day, o.cancel_by,
          o.shipping_minor, o.tax_added_minor, o.duties_minor, o.platform_fee_minor, o.payment_fee_minor,
          o.fulfil_cost_minor, {_READ.format(row="o", table="orders")}
        FROM orders o
        WHERE o.{day} IS NOT NULL AND {condition}"""


def _lines(day: str, condition: str) -> str:
    # CROSS JOIN keeps the order of the loops: the days' orders first, then each order's lines by their row ids.
    return f"""
        SELECT o.{day} AS day, o.order_id, o.shop_id, o.channel_id, o.campaign_id, o.region_id, o.device, o.agent_id,
          o.customer_id, {_PERSON.format(row="o")}, o.is_first, l.product_id, {_CATEGORY.format(row="l")},
          {_SUPPLIER.format(row="l")}, l.qty, l.gross_minor, l.discount_minor, l.tax_in_price_minor,
          COALESCE(l.cost_minor, l.product_cost_minor) AS cost_minor,
          l.is_gift, {_READ.format(row="l", table="order_lines")}
        FROM orders o CROSS JOIN order_lines l
        WHERE l.line_id >= o.order_id * 65536 AND l.line_id < (o.order_id + 1) * 65536
          AND o.{day} IS NOT NULL AND {NOT_REPLACED} AND {condition}"""


_MEMBER_LINES = f"""
        SELECT o.sale_day AS day, o.order_id, o.shop_id, o.channel_id, o.campaign_id, o.region_id, o.device, o.agent_id,
          o.customer_id, l.gross_minor, l.discount_minor, {_READ.format(row="l", table="order_lines")}
        FROM orders o CROSS JOIN customer c CROSS JOIN order_lines l
        WHERE l.line_id >= o.order_id * 65536 AND l.line_id < (o.order_id + 1) * 65536
          AND o.sale_day IS NOT NULL AND {NOT_REPLACED} AND COALESCE(o.is_test, 0) = 0
          AND c.customer_id = o.customer_id AND c.is_member = 1 AND COALESCE(c.member_since_day, o.sale_day) <= o.sale_day
          AND EXISTS (SELECT 1 FROM customer m WHERE m.is_member = 1)"""

_MEMBER_REFUNDS = f"""
        SELECT r.refund_day AS day, r.order_id, r.shop_id, COALESCE(r.channel_id, o.channel_id) AS channel_id, o.campaign_id,
          COALESCE(r.region_id, o.region_id) AS region_id, o.device, o.agent_id, o.customer_id, r.goods_minor,
          {_READ.format(row="r", table="refunds")}
        FROM refunds r CROSS JOIN orders o CROSS JOIN customer c
        WHERE o.order_id = r.order_id AND o.sale_day IS NOT NULL AND COALESCE(o.is_test, 0) = 0
          AND COALESCE(r.status, 'done') = 'done' AND COALESCE(r.is_replaced, 0) = 0
          AND c.customer_id = o.customer_id AND c.is_member = 1 AND COALESCE(c.member_since_day, o.sale_day) <= o.sale_day"""

_JUDGED_ORDER = """o.sale_day AS day, o.order_id, o.shop_id, o.channel_id, o.campaign_id, o.region_id, o.device, o.agent_id"""
_JUDGED = f"""
        SELECT {_JUDGED_ORDER}, CASE WHEN o.has_claim = 1 OR o.has_chargeback = 1 THEN 1 ELSE 0 END AS is_defective,
          {_READ.format(row="o", table="orders")}
        FROM orders o
        WHERE COALESCE(o.has_claim, o.has_chargeback) IS NOT NULL AND o.sale_day IS NOT NULL AND COALESCE(o.is_test, 0) = 0
        UNION ALL
        SELECT {_JUDGED_ORDER}, CASE WHEN t.stars <= 2 THEN 1 ELSE 0 END AS is_defective,
          {_READ.format(row="t", table="reviews")}
        FROM reviews t CROSS JOIN orders o
        WHERE o.order_id = t.order_id AND t.stars IS NOT NULL AND o.sale_day IS NOT NULL AND COALESCE(o.is_test, 0) = 0"""

# How an order of the day was served: in full by its first parcel or not, and from where; only orders of which a parcel says so.
_SERVED = f"""
        SELECT o.sale_day AS day, o.order_id, o.shop_id, l.product_id, {_CATEGORY.format(row="l")}, {_SUPPLIER.format(row="l")},
          (SELECT s.warehouse_id FROM shipments s WHERE s.order_id = o.order_id AND COALESCE(s.status, '') <> 'cancelled'
            ORDER BY s.day, s.shipment_id LIMIT 1) AS location_id,
          l.qty, (SELECT MIN(s.in_full) FROM shipments s WHERE s.order_id = o.order_id
            AND COALESCE(s.status, '') <> 'cancelled') AS in_full, {_READ.format(row="l", table="order_lines")}
        FROM orders o CROSS JOIN order_lines l
        WHERE l.line_id >= o.order_id * 65536 AND l.line_id < (o.order_id + 1) * 65536
          AND o.sale_day IS NOT NULL AND {NOT_REPLACED} AND COALESCE(o.is_test, 0) = 0
          AND EXISTS (SELECT 1 FROM shipments s WHERE s.in_full IS NOT NULL)
          AND EXISTS (SELECT 1 FROM shipments s WHERE s.order_id = o.order_id AND s.in_full IS NOT NULL
            AND COALESCE(s.status, '') <> 'cancelled')"""


# A refund of an order that never was a sale is none; one whose order is not known, or only mentioned
# somewhere (no import asserts it), stands for itself.
def _refunds(day: str, condition: str) -> str:
    return f"""
        SELECT {day} AS day, r.refund_day, o.sale_day, r.order_id, r.shop_id,
          COALESCE(r.channel_id, o.channel_id) AS channel_id, o.campaign_id,
          COALESCE(r.region_id, o.region_id) AS region_id, o.device, o.agent_id,
          COALESCE(r.customer_id, o.customer_id) AS customer_id, {_PERSON_OF_REFUND}, o.is_first, r.product_id, {_CATEGORY.format(row="r")},
          {_SUPPLIER.format(row="r")}, r.kind, r.reason, r.reason_class, r.qty, r.goods_minor, r.shipping_minor, r.tax_minor,
          r.tax_in_price_minor, r.restocked_cost_minor, r.received_ts, r.closed_ts,
          {_READ.format(row="r", table="refunds")}
        FROM refunds r LEFT JOIN orders o ON o.order_id = r.order_id
        WHERE COALESCE(r.status, 'done') = 'done' AND COALESCE(r.is_replaced, 0) = 0
          AND COALESCE(o.is_test, 0) = 0 AND {condition}"""


def _parcels(day: str) -> str:
    return f"""
        SELECT s.{day} AS day, s.shipment_id, s.shop_id, s.order_id, s.carrier_id, s.warehouse_id, s.region_id, s.status,
          s.ready_ts, s.due_dispatch_ts, s.handed_ts, s.first_scan_ts, s.promised_day, s.delivered_ts, s.delivered_day,
          (SELECT o.paid_ts FROM orders o WHERE o.order_id = s.order_id) AS paid_ts,
          s.in_full, s.right_item, s.undamaged, s.docs_ok, s.lost, s.cost_minor, s.picker_id,
          {_READ.format(row="s", table="shipments")}
        FROM shipments s
        WHERE s.{day} IS NOT NULL AND COALESCE(s.status, '') <> 'cancelled'"""


_PO_LINES = f"""
        SELECT l.po_line_id, l.po_id, p.supplier_id, p.purchaser_id, {_DEPARTMENT.format(person="p.purchaser_id")},
          l.product_id, {_CATEGORY.format(row="l")}, p.ordered_day, l.promised_day, l.requested_day, l.qty_ordered, l.unit_cost_e4, l.std_cost_e4,
          (SELECT MIN(r.received_day) FROM receipts r WHERE r.po_line_id = l.po_line_id) AS first_receipt_day,
          (SELECT MAX(r.received_day) FROM receipts r WHERE r.po_line_id = l.po_line_id) AS last_receipt_day,
          (SELECT SUM(r.qty_received) FROM receipts r WHERE r.po_line_id = l.po_line_id) AS qty_received,
          (SELECT SUM(r.qty_received - COALESCE(r.qty_rejected, 0)) FROM receipts r
            WHERE r.po_line_id = l.po_line_id AND r.received_day <= l.promised_day) AS good_by_promise,
          {_READ.format(row="l", table="po_lines")}
        FROM po_lines l JOIN purchase_orders p ON p.po_id = l.po_id
        WHERE COALESCE(l.cancelled, 0) = 0 AND COALESCE(p.status, '') <> 'cancelled'"""


def _po_lines(day: str) -> str:
    return f"SELECT b.*, b.{day} AS day FROM ({_PO_LINES}) b WHERE b.{day} IS NOT NULL"


# A line is complete by its last receipt: found from the days' receipts, not from all lines ever ordered.
_PO_COMPLETED = f"""
        SELECT c.received_day AS day, l.po_line_id, l.po_id, p.supplier_id, p.purchaser_id,
          {_DEPARTMENT.format(person="p.purchaser_id")}, l.product_id, {_CATEGORY.format(row="l")}, p.ordered_day, l.promised_day, l.requested_day, l.qty_ordered, l.unit_cost_e4,
          l.std_cost_e4, {_READ.format(row="l", table="po_lines")}
        FROM receipts c CROSS JOIN po_lines l ON l.po_line_id = c.po_line_id JOIN purchase_orders p ON p.po_id = l.po_id
        WHERE COALESCE(l.cancelled, 0) = 0 AND COALESCE(p.status, '') <> 'cancelled' AND p.ordered_day IS NOT NULL
          AND c.receipt_id = (SELECT r.receipt_id FROM receipts r WHERE r.po_line_id = l.po_line_id
            ORDER BY r.received_day DESC, r.receipt_id DESC LIMIT 1)
          AND (SELECT SUM(r.qty_received) FROM receipts r WHERE r.po_line_id = l.po_line_id) >= l.qty_ordered"""


def _rows(table: str, columns: str, condition: str = "1 = 1") -> str:
    return f"SELECT t.day, {columns}, {_READ.format(row='t', table=table)} FROM {table} t WHERE {condition}"


_RECOGNISED = "COALESCE(o.is_test, 0) = 0"
_KNOWN_OR_ALONE = "(o.import_id IS NULL OR o.sale_day IS NOT NULL)"
_SALES = ("shop_id", "channel_id")

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        # ---- sales: orders and lines by sale day; refunds by their own day
        View("order", _orders("sale_day", _RECOGNISED), ("orders",), _ORDER_DIMS, _SALES),
        View("line", _lines("sale_day", _RECOGNISED), ("orders", "order_lines"), _LINE_DIMS, _SALES),
        View(
            "refund",
            _refunds("r.refund_day", _KNOWN_OR_ALONE),
            ("refunds",),
            _REFUND_DIMS,
            _SALES,
            follows=("orders",),
        ),
        # the same refunds by the day of the sale they take back: only those whose order is known
        View(
            "refunded_sale",
            _refunds("o.sale_day", "o.sale_day IS NOT NULL"),
            ("refunds", "orders"),
            _REFUND_DIMS,
            _SALES,
            kept=False,
            follows=("orders",),
        ),
        # sales to people who were members when they bought, and what of these was taken back
        View("member_line", _MEMBER_LINES, ("orders", "order_lines", "customer"), _ORDER_DIMS, kept=False, follows=("customer",)),
        View(
            "member_refund",
            _MEMBER_REFUNDS,
            ("refunds", "orders", "customer"),
            _ORDER_DIMS,
            kept=False,
            follows=("orders", "customer"),
        ),
        # whether files say at all who is a member
        View(
            "membership",
            f"""
        SELECT 0 AS day, t.customer_id, t.is_member, {_READ.format(row="t", table="customer")}
        FROM customer t WHERE t.is_member IS NOT NULL""",
            ("customer",),
            kept=False,
        ),
        # orders that somebody passed judgement on, by their sale day: a claim, a chargeback, the stars of a review
        View("judged_order", _JUDGED, ("orders", "reviews"), _ORDER_DIMS, kept=False, follows=("orders",)),
        # demand: every order placed, paid or not
        View("placed_order", _orders("placed_day", _RECOGNISED), ("orders",), _ORDER_DIMS, _SALES),
        View("placed_line", _lines("placed_day", _RECOGNISED), ("orders", "order_lines"), _LINE_DIMS, _SALES),
        # a buyer under the day of the first sale: read where that order stands, for most buyers have no file of their own
        View(
            "customer",
            f"""
        SELECT c.first_sale_day AS day, c.customer_id, c.buyer_id, c.region_id, c.is_member, c.first_order_id,
          o.shop_id, o.channel_id, o.campaign_id, o.device, {_READ.format(row="o", table="orders")}
        FROM customer c LEFT JOIN orders o ON o.order_id = c.first_order_id
        WHERE c.first_sale_day IS NOT NULL AND c.buyer_id = c.customer_id""",
            ("customer", "orders"),
            {"shop": "shop_id", "channel": "channel_id", "campaign": "campaign_id", "region": "region_id", "device": "device"},
            kept=False,
            follows=("customer", "orders"),
        ),
        # what the shop has on sale: by the day it was launched, the first of days when that is not known
        View(
            "product",
            f"""
        SELECT COALESCE(t.launched_day, 0) AS day, t.product_id, t.category_id, t.supplier_id, t.is_listed,
          t.discontinued_day, {_READ.format(row="t", table="product")}
        FROM product t WHERE t.is_listed = 1""",
            ("product",),
            {"product": "product_id", "category": "category_id", "supplier": "supplier_id"},
            kept=False,
            follows=("product",),
        ),
        # ---- voice of the customer
        View(
            "review",
            _rows(
                "reviews",
                f"t.review_id, t.shop_id, t.order_id, t.product_id, {_CATEGORY.format(row='t')}, t.customer_id, t.stars, "
                "t.dsr_item, t.dsr_service, t.dsr_logistics, "
                f"{_OF_ORDER.format(row='t', column='channel_id')}, {_OF_ORDER.format(row='t', column='region_id')}",
            ),
            ("reviews",),
            {"shop": "shop_id", "channel": "channel_id", "region": "region_id", **_GOODS_DIMS},
            ("shop_id",),
        ),
        View(
            "survey",
            _rows(
                "surveys",
                "t.survey_id, t.shop_id, t.kind, t.scale_max, t.score, t.customer_id, t.order_id, t.agent_id, "
                f"{_OF_ORDER.format(row='t', column='channel_id')}, {_OF_ORDER.format(row='t', column='region_id')}",
            ),
            ("surveys",),
            {"shop": "shop_id", "channel": "channel_id", "region": "region_id", "agent": "agent_id"},
            ("shop_id",),
        ),
        # ---- supply chain
        # Stock without a value of its own is valued at the product's unit cost of that day, rounded half up; oversold
        # stock is worth 0.
        View(
            "stock",
            f"""
        SELECT t.day, t.location_id, t.product_id, {_CATEGORY.format(row="t")}, {_SUPPLIER.format(row="t")},
          t.on_hand, t.reserved, t.on_order, t.oldest_receipt_day,
          COALESCE(t.value_minor, (SELECT (t.on_hand * c.unit_cost_e4 + 5000) / 10000 FROM product_cost c
            WHERE c.product_id = t.product_id AND c.from_day <= t.day AND t.on_hand > 0
            ORDER BY c.from_day DESC LIMIT 1), CASE WHEN t.on_hand <= 0 THEN 0 END) AS value_minor,
          {_READ.format(row="t", table="inventory_snapshots")}
        FROM inventory_snapshots t""",
            ("inventory_snapshots",),
            {**_GOODS_DIMS, "supplier": "supplier_id", "location": "location_id"},
            follows=("product",),
        ),
        # a product's stock in all locations: whether it could be bought that day
        View(
            "stock_sku",
            f"""
        SELECT b.*, {_CATEGORY.format(row="b")}, {_SUPPLIER.format(row="b")}, 'inventory_snapshots' AS source_table
        FROM (SELECT t.day, t.product_id, SUM(t.on_hand - COALESCE(t.reserved, 0)) AS available,
            MIN(t.import_id) AS import_id, MIN(t.record) AS record
          FROM inventory_snapshots t JOIN product p ON p.product_id = t.product_id
          WHERE COALESCE(p.is_listed, 1) = 1
          GROUP BY t.day, t.product_id) b""",
            ("inventory_snapshots",),
            {**_GOODS_DIMS, "supplier": "supplier_id"},
            follows=("product",),
        ),
        # purchase-order lines by the day they were promised for, completed, and ordered
        View(
            "po_due",
            _po_lines("promised_day"),
            ("po_lines", "purchase_orders"),
            _SUPPLY_DIMS,
            kept=False,
            follows=("receipts",),
        ),
        View(
            "po_completed",
            _PO_COMPLETED,
            ("po_lines", "purchase_orders"),
            _SUPPLY_DIMS,
            kept=False,
            follows=("receipts",),
        ),
        View(
            "po_ordered",
            _po_lines("ordered_day"),
            ("po_lines", "purchase_orders"),
            _SUPPLY_DIMS,
            kept=False,
            follows=("receipts",),
        ),
        View(
            "receipt",
            f"""
        SELECT t.received_day AS day, t.receipt_id, t.po_id, p.supplier_id, p.purchaser_id,
          {_DEPARTMENT.format(person="p.purchaser_id")}, t.product_id, {_CATEGORY.format(row="t")}, t.qty_received, t.qty_rejected, {_READ.format(row="t", table="receipts")}
        FROM receipts t LEFT JOIN purchase_orders p ON p.po_id = t.po_id""",
            ("receipts",),
            _SUPPLY_DIMS,
        ),
        View("dispatch", _parcels("day"), ("shipments",), _PARCEL_DIMS, ("shop_id",)),
        View("dispatch_due", _parcels("due_dispatch_day"), ("shipments",), _PARCEL_DIMS, ("shop_id",)),
        View("promise", _parcels("promised_day"), ("shipments",), _PARCEL_DIMS, ("shop_id",)),
        View("delivery", _parcels("delivered_day"), ("shipments",), _PARCEL_DIMS, ("shop_id",)),
        View(
            "served_line",
            _SERVED,
            ("orders", "order_lines", "shipments"),
            {"shop": "shop_id", **_GOODS_DIMS, "supplier": "supplier_id", "location": "location_id"},
            kept=False,
            follows=("shipments",),
        ),
        # pieces expected of a day, and when that was said
        View(
            "forecast",
            _rows("demand_forecast", f"t.product_id, {_CATEGORY.format(row='t')}, {_SUPPLIER.format(row='t')}, t.made_day, t.qty"),
            ("demand_forecast",),
            {**_GOODS_DIMS, "supplier": "supplier_id"},
            kept=False,
        ),
        # what others sold too: a row stands for its span of days
        View(
            "market",
            f"""
        SELECT t.first_day AS day, t.last_day, t.category_id, t.platform, t.origin, t.sales_minor,
          {_READ.format(row="t", table="market_size")}
        FROM market_size t""",
            ("market_size",),
            {"category": "category_id"},
            kept=False,
        ),
        # ---- marketing
        View(
            "campaign",
            f"""
        SELECT COALESCE(t.start_day, 0) AS day, t.start_day, t.end_day, t.campaign_id, t.shop_id, t.channel_id, t.budget_minor,
          {_READ.format(row="t", table="campaign")}
        FROM campaign t WHERE t.budget_minor IS NOT NULL AND t.import_id IS NOT NULL""",
            ("campaign",),
            {"shop": "shop_id", "channel": "channel_id", "campaign": "campaign_id"},
            kept=False,
        ),
        View(
            "ad",
            _rows(
                "ad_performance",
                "t.last_day, t.source_id, t.shop_id, t.channel_id, t.campaign_id, t.product_id, t.device, t.ad_group, t.ad, t.impressions, "
                "t.clicks, t.cost_minor, t.conversions, t.conv_value_minor, t.carts, t.favs, t.new_customers, t.attribution, "
                "(SELECT c.owner_staff_id FROM campaign c WHERE c.campaign_id = t.campaign_id) AS owner_staff_id, "
                "(SELECT s.department FROM campaign c JOIN staff s ON s.staff_id = c.owner_staff_id "
                "WHERE c.campaign_id = t.campaign_id) AS department",
            ),
            ("ad_performance",),
            {
                "shop": "shop_id",
                "channel": "channel_id",
                "campaign": "campaign_id",
                "product": "product_id",
                "device": "device",
                "staff": "owner_staff_id",
                "department": "department",
            },
            _SALES,
            spans=True,
            follows=("campaign",),
        ),
        View(
            "search",
            _rows(
                "search_performance",
                "t.last_day, t.source_id, t.shop_id, t.variant, t.engine, t.query, t.page, t.device, t.region_id, t.impressions, t.clicks, "
                "t.position_weighted, t.is_branded",
            ),
            ("search_performance",),
            {"shop": "shop_id", "query": "query", "page": "page", "device": "device", "region": "region_id"},
            ("shop_id",),
            spans=True,
            variant=True,
        ),
        View(
            "social",
            _rows(
                "social_performance",
                "t.shop_id, t.channel_id, t.account, t.posts, t.reach, t.impressions, t.engagements, t.link_clicks, "
                "t.followers_end, t.followers_gained, t.followers_lost, t.mentions, t.competitor_mentions",
            ),
            ("social_performance",),
            {"shop": "shop_id", "channel": "channel_id", "account": "account"},
            _SALES,
        ),
        # posts of a day stand in rows of their own: only some rows say how many follow, or whom the day reached
        View(
            "follower",
            _rows("social_performance", "t.shop_id, t.channel_id, t.account, t.followers_end", "t.followers_end IS NOT NULL"),
            ("social_performance",),
            {"shop": "shop_id", "channel": "channel_id", "account": "account"},
            kept=False,
        ),
        View(
            "reach",
            _rows("social_performance", "t.day AS last_day, t.shop_id, t.channel_id, t.account, t.reach", "t.reach IS NOT NULL"),
            ("social_performance",),
            {"shop": "shop_id", "channel": "channel_id", "account": "account"},
            kept=False,
        ),
        View(
            "email",
            _rows(
                "email_performance",
                "t.shop_id, t.campaign_id, t.sent, t.delivered, t.hard_bounces, t.soft_bounces, t.unique_opens, "
                "t.machine_opens, t.unique_clicks, t.unsubscribes, t.complaints, t.orders, t.revenue_minor",
            ),
            ("email_performance",),
            {"shop": "shop_id", "campaign": "campaign_id"},
            ("shop_id",),
        ),
        # ---- site
        View(
            "traffic",
            _rows(
                "site_traffic",
                "t.last_day, t.source_id, t.shop_id, t.variant, t.channel_id, "
                f"{_CHANNEL_KIND} AS channel_kind, "
                "t.device, t.region_id, t.product_id, t.landing, t.sessions, t.visitors, t.new_visitors, t.pageviews, "
                "t.single_page_sessions, t.engaged_sessions, t.engagement_seconds, t.dwell_seconds, t.dwell_views, "
                "t.cart_sessions, t.checkout_sessions, t.purchase_sessions, t.buyers, t.orders, t.revenue_minor, "
                "t.active_users, t.js_error_sessions",
            ),
            ("site_traffic",),
            {
                "shop": "shop_id",
                "channel": "channel_id",
                "device": "device",
                "region": "region_id",
                "product": "product_id",
                "page": "landing",
            },
            ("shop_id", "channel_id", "device"),
            spans=True,
            variant=True,
        ),
        View(
            "p75",
            _rows("page_p75", "t.last_day, t.source_id, t.page, t.device, t.metric, t.p75, t.good, t.needs, t.poor"),
            ("page_p75",),
            {"page": "page", "device": "device"},
            spans=True,
            kept=False,
        ),
        View(
            "audit",
            _rows(
                "lab_audits",
                "t.ts, t.url, t.device, t.tool_version, t.performance, t.accessibility, t.best_practices, t.seo, t.fcp_ms, "
                "t.lcp_ms, t.tbt_ms, t.si_ms, t.cls, t.ttfb_ms, t.bytes, t.viewport_ok, t.font_ok, t.tap_ok, t.width_ok",
            ),
            ("lab_audits",),
            {"page": "url", "device": "device"},
        ),
        View(
            "uptime_check",
            _rows("uptime_checks", "t.ts, t.target, t.region, t.ok, t.http_status, t.latency_ms, t.in_maintenance"),
            ("uptime_checks",),
            {"target": "target", "region": "region"},
        ),
        # an incident stands under the day it began and ends by last_day; one without still runs
        View(
            "incident",
            f"""
        SELECT t.day, t.day + COALESCE(t.ended_ts - t.started_ts, t.seconds) / 86400 + 1 AS last_day, t.target,
          t.started_ts, COALESCE(t.ended_ts, t.started_ts + t.seconds) AS ended_ts,
          COALESCE(t.ended_ts - t.started_ts, t.seconds) AS seconds, t.planned, t.reason,
          s.tz, s.day_start_min, {_READ.format(row="t", table="incidents")}
        FROM incidents t JOIN imports i ON i.import_id = t.import_id JOIN source s ON s.source_id = i.source_id""",
            ("incidents",),
            {"target": "target"},
            kept=False,
        ),
        View(
            "monitor_day",
            _rows("monitor_days", "t.target, t.up_seconds, t.down_seconds, t.incidents"),
            ("monitor_days",),
            {"target": "target"},
        ),
        # ---- people
        View(
            "conversation",
            _rows(
                "support_conversations",
                "t.conversation_id, t.shop_id, t.channel_id, t.agent_id, t.customer_id, t.phase, t.is_inquiry, t.already_paid, "
                "t.first_msg_ts, t.first_reply_ts, t.reply_gaps, t.reply_seconds, t.customer_msgs, t.agent_msgs, t.resolved_ts, "
                "t.reopened, t.contacts, t.is_complaint, t.paid_lag_days, t.csat, t.status",
            ),
            ("support_conversations",),
            {"shop": "shop_id", "channel": "channel_id", "agent": "agent_id"},
            ("shop_id",),
        ),
        View(
            "agent_day",
            _rows(
                "agent_day",
                "t.shop_id, t.agent_id, t.received, t.replied, t.inquirers, t.converted, t.first_reply_n, t.first_reply_seconds, "
                "t.replies_n, t.reply_seconds, t.resolved, t.resolution_seconds, t.csat_n, t.csat_ok, t.sales_minor, "
                "t.refund_minor, t.orders, t.buyers, t.online_seconds",
            ),
            ("agent_day",),
            {"shop": "shop_id", "agent": "agent_id"},
            ("shop_id",),
        ),
        View(
            "labour",
            _rows(
                "labour",
                f"t.staff_id, {_DEPARTMENT.format(person='t.staff_id')}, t.shop_id, t.channel_id, t.hours, t.cost_minor, "
                "t.units_handled, t.errors",
            ),
            ("labour",),
            {"shop": "shop_id", "channel": "channel_id", "staff": "staff_id", "department": "department"},
            _SALES,
        ),
        # a session is a topic on a day; a row is one person's part in it
        View(
            "training",
            _rows(
                "training",
                f"t.training_id, t.staff_id, {_DEPARTMENT.format(person='t.staff_id')}, t.topic, t.hours, t.metric, t.completed, "
                "t.pre_score, t.post_score, t.satisfaction, (SELECT MIN(x.training_id) FROM training x WHERE x.day = t.day "
                "AND x.topic = t.topic) AS session_id",
            ),
            ("training",),
            {"staff": "staff_id", "department": "department"},
        ),
        View(
            "content",
            _rows(
                "content_audits",
                f"t.product_id, {_CATEGORY.format(row='t')}, t.staff_id, {_DEPARTMENT.format(person='t.staff_id')}, "
                "t.image_score, t.copy_score, t.brand_score, t.weight",
            ),
            ("content_audits",),
            {**_GOODS_DIMS, "staff": "staff_id", "department": "department"},
        ),
        # people of whom a staff list speaks, from the day they came; of the first of days when that is not known
        View(
            "employee",
            f"""
        SELECT COALESCE(t.hired_day, 0) AS day, t.staff_id, t.department, t.left_day, {_READ.format(row="t", table="staff")}
        FROM staff t WHERE t.import_id IS NOT NULL""",
            ("staff",),
            {"staff": "staff_id", "department": "department"},
            kept=False,
        ),
        # ---- money beside sales
        View(
            "budget",
            f"""
        SELECT t.first_day AS day, t.last_day, t.shop_id, t.department, t.class, t.amount_minor,
          {_READ.format(row="t", table="budgets")}
        FROM budgets t""",
            ("budgets",),
            {"shop": "shop_id", "department": "department", "class": "class"},
            kept=False,
        ),
        View(
            "expense",
            _rows("expenses", "t.shop_id, t.channel_id, t.class, t.department, t.amount_minor, t.is_variable"),
            ("expenses",),
            {"shop": "shop_id", "channel": "channel_id", "class": "class", "department": "department"},
            _SALES,
        ),
    )
}
