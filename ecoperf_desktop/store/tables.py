"""What can be stored: the tables importers fill, their fields and their keys.

Format descriptors name these tables (``into``) and fields (``field``); the
loader turns names of other things (a SKU, a shop, a buyer) into row ids.
"""

from __future__ import annotations

from typing import Literal

from ecoperf_desktop.records import dataclass

Kind = Literal["int", "money", "cost_e4", "real", "day", "ts", "flag", "text", "ref"]
Strategy = Literal["upsert", "ledger", "block", "seen"]


@dataclass(frozen=True)
class Field:
    """One field of a table.

    ``kind``: ``money`` is minor units of the traded currency; ``cost_e4`` is
    1/10 000 of a minor unit; ``day`` is days since 1970-01-01 in the shop's
    business day; ``ts`` is UTC epoch seconds; ``flag`` is 0 or 1; ``ref`` is the
    name of a row of ``refers`` and is stored as its id.
    """

    name: str
    kind: Kind
    column: str
    refers: str | None = None
    needed: bool = False


@dataclass(frozen=True)
class Key:
    """One way to know a row again: its ``fields``, usable where all of ``needs`` are present.

    With ``repeats`` rows of one file with equal fields are different rows, told
    apart by their occurrence; without, the later record of a file wins.
    """

    fields: tuple[str, ...]
    needs: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True)
class Table:
    """One table that imports assert rows about.

    ``upsert``: a row is known by ``key``; of several imports the newest as-of
    wins, field by field.  ``ledger``: the same, but rows without an id of their
    own are told apart by their occurrence within the file.  ``block``: all rows
    of one ``block`` (say one source, campaign and day) belong to the newest
    import that speaks of it; the others rest.  ``seen``: a name met in passing,
    used where nothing better is asserted.

    ``alternative`` is the key when a row lacks the last field of ``key``;
    ``occurrence`` then tells repeated rows of one file apart.  ``keys`` says it in
    full where two ways are not enough.  ``coverage`` names
    what a file of this table covers from its first to its last day; ``day`` is
    the field that says when.  ``scoped`` tables are keyed within their source.
    """

    name: str
    strategy: Strategy
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    alternative: tuple[str, ...] = ()
    occurrence: bool = False
    block: tuple[str, ...] = ()
    scoped: bool = False
    coverage: str | None = None
    day: str | None = None
    keys: tuple[Key, ...] = ()

    @property
    def identities(self) -> tuple[Key, ...]:
        """Return the ways to know a row again, the first usable one counts."""
        if self.keys:
            return self.keys
        if self.alternative:
            return Key(self.key, needs=self.key[-1:]), Key(self.alternative, repeats=self.occurrence)
        return (Key(self.key, repeats=self.occurrence),)


def _f(name: str, kind: Kind, column: str | None = None, refers: str | None = None, needed: bool = False) -> Field:
    if column is None:
        column = f"{name}_minor" if kind == "money" else name
    return Field(name, kind, column, refers, needed)


def _ref(name: str, table: str, column: str | None = None, needed: bool = False) -> Field:
    return Field(name, "ref", column or f"{table}_id", table, needed)


_SHOP = _ref("shop", "shop")
_CHANNEL = _ref("channel", "channel")
_SKU = _ref("sku", "product")
_ORDER = _ref("order_no", "orders", "order_id")
_BUYER = _ref("buyer", "customer")
_REGION = _ref("region", "region")
_CAMPAIGN = _ref("campaign", "campaign")
_AGENT = _ref("agent", "staff", "agent_id")
_DAY = _f("day", "day", needed=True)
_LAST_DAY = _f("last_day", "day")

TABLES: dict[str, Table] = {table.name: table for table in (
    # ---- dimensions with attributes
    Table("product", "upsert", (
        _f("sku", "text", needed=True), _f("name", "text"), _f("spu", "text"), _ref("category", "category"),
        _ref("supplier", "supplier"), _f("list_price", "money"), _f("unit_cost", "cost_e4", "unit_cost_e4"),
        _f("launched_day", "day"), _f("discontinued_day", "day"), _f("is_listed", "flag"), _f("service_level", "real"),
    ), key=("sku",)),
    Table("product_title", "seen", (_f("sku", "text", needed=True), _f("title", "text", needed=True)), key=("sku",)),
    Table("category", "upsert", (_f("name", "text", needed=True), _f("label", "text"), _f("parent", "text")), key=("name",)),
    Table("supplier", "upsert", (
        _f("name", "text", needed=True), _f("country", "text"), _f("lead_time_days", "int"), _f("terms", "text"),
    ), key=("name",)),
    Table("customer", "upsert", (
        _f("buyer", "text", "ext_hash", needed=True), _f("person", "text", "person_hash"), _REGION,
        _f("is_member", "flag"), _f("member_since_day", "day"), _f("created_day", "day"),
    ), key=("buyer",), scoped=True),
    Table("staff", "upsert", (
        _f("name", "text", needed=True), _f("role", "text"), _f("department", "text"), _f("manager", "text"),
        _f("hired_day", "day"), _f("left_day", "day"), _f("fte", "real"),
    ), key=("name",)),
    Table("campaign", "upsert", (
        _f("name", "text", needed=True), _SHOP, _CHANNEL, _ref("owner", "staff", "owner_staff_id"),
        _f("start_day", "day"), _f("end_day", "day"), _f("budget", "money"),
    ), key=("name",)),
    # ---- sales
    Table("orders", "upsert", (
        _SHOP, _f("order_no", "text", needed=True), _CHANNEL, _BUYER, _CAMPAIGN, _AGENT, _REGION, _f("device", "text"),
        _f("placed_ts", "ts"), _f("placed_day", "day"), _f("paid_ts", "ts"), _f("paid_day", "day"),
        _f("cancel_day", "day"), _f("cancel_by", "text"), _f("status", "text"), _f("is_test", "flag"),
        _f("currency", "text"), _f("shipping", "money"), _f("tax_added", "money"), _f("duties", "money"),
        _f("platform_fee", "money"), _f("payment_fee", "money"), _f("fulfil_cost", "money"),
        _f("has_claim", "flag"), _f("has_chargeback", "flag"),
    ), key=("shop", "order_no"), coverage="sales", day="placed_day"),
    Table("order_lines", "upsert", (
        _SHOP, _ORDER, _f("line_no", "text"), _SKU, _f("qty", "int", needed=True), _f("gross", "money", needed=True),
        _f("discount", "money"), _f("tax_in_price", "money"), _f("cost", "money"), _f("is_gift", "flag"),
        # stands for the whole order, and counts only while no other line of that order is known
        _f("is_whole", "flag"),
    ), key=("shop", "order_no", "line_no"), alternative=("shop", "order_no", "sku"), occurrence=True),
    Table("refunds", "upsert", (
        _SHOP, _f("refund_no", "text"), _ORDER, _f("line_no", "text"), _SKU, _CHANNEL, _BUYER, _REGION,
        _f("requested_day", "day"), _f("refund_day", "day", needed=True), _f("is_dated", "flag"), _f("kind", "text"),
        _f("reason", "text"), _f("status", "text"), _f("qty", "int"), _f("goods", "money", needed=True),
        _f("shipping", "money"), _f("tax", "money"), _f("tax_in_price", "money"), _f("restocked_cost", "money"),
        _f("received_ts", "ts"), _f("closed_ts", "ts"),
    ), key=("shop", "refund_no", "sku"), alternative=("shop", "order_no", "refund_day", "sku", "goods"), occurrence=True,
        coverage="refunds", day="refund_day", keys=(
            Key(("shop", "refund_no", "line_no"), needs=("refund_no", "line_no")),
            # lines of a credit note without numbers: the same SKU may stand there twice
            Key(("shop", "refund_no", "sku"), needs=("refund_no", "sku"), repeats=True),
            Key(("shop", "refund_no"), needs=("refund_no",)),
            Key(("shop", "order_no", "refund_day", "sku", "goods"), repeats=True),
        )),
    # ---- voice of the customer
    Table("reviews", "upsert", (
        _SHOP, _f("review_no", "text"), _ORDER, _SKU, _BUYER, _DAY, _f("stars", "int"), _f("dsr_item", "int"),
        _f("dsr_service", "int"), _f("dsr_logistics", "int"), _f("text", "text"),
    ), key=("order_no", "review_no"), alternative=("sku", "day", "stars", "text"), occurrence=True, scoped=True,
        coverage="reviews", day="day"),
    Table("surveys", "upsert", (
        _SHOP, _f("response_no", "text"), _f("kind", "text", needed=True), _DAY, _f("scale_max", "int", needed=True),
        _f("score", "int"), _BUYER, _ORDER, _AGENT, _f("comment", "text"),
    ), key=("kind", "response_no"), alternative=("kind", "day", "score"), occurrence=True, scoped=True,
        coverage="surveys", day="day"),
    # ---- supply chain
    Table("inventory_snapshots", "block", (
        _DAY, _ref("location", "location"), _SKU, _f("on_hand", "int", needed=True), _f("reserved", "int"),
        _f("on_order", "int"), _f("value", "money"), _f("oldest_receipt_day", "day"),
    ), block=("day", "location"), scoped=True, coverage="stock", day="day"),
    Table("listing_snapshots", "block", (
        _DAY, _SHOP, _SKU, _f("price", "money"), _f("sold_level", "int"), _f("comments_level", "int"),
    ), block=("day", "shop"), scoped=True, coverage="listings", day="day"),
    Table("purchase_orders", "upsert", (
        _f("po_no", "text", needed=True), _ref("supplier", "supplier"), _ref("purchaser", "staff", "purchaser_id"),
        _f("ordered_day", "day"), _f("status", "text"),
    ), key=("po_no",), coverage="purchasing", day="ordered_day"),
    Table("po_lines", "upsert", (
        _ref("po_no", "purchase_orders", "po_id", needed=True), _f("line_no", "text"), _SKU, _f("qty_ordered", "int", needed=True),
        _f("unit_cost", "cost_e4", "unit_cost_e4"), _f("std_cost", "cost_e4", "std_cost_e4"),
        _f("promised_day", "day"), _f("requested_day", "day"), _f("cancelled", "flag"),
    ), key=("po_no", "line_no"), alternative=("po_no", "sku"), occurrence=True),
    Table("receipts", "ledger", (
        _f("receipt_no", "text"), _ref("po_no", "purchase_orders", "po_id"), _f("line_no", "text"), _SKU,
        _f("received_day", "day", needed=True), _f("qty_received", "int", needed=True), _f("qty_rejected", "int"),
    ), key=("po_no", "sku", "received_day", "receipt_no"), occurrence=True, coverage="receipts", day="received_day"),
    Table("shipments", "upsert", (
        _SHOP, _ORDER, _f("shipment_no", "text", needed=True), _ref("carrier", "carrier"), _ref("warehouse", "location", "warehouse_id"),
        _REGION, _f("day", "day"), _f("ready_ts", "ts"), _f("due_dispatch_ts", "ts"), _f("due_dispatch_day", "day"),
        _f("handed_ts", "ts"),
        _f("first_scan_ts", "ts"), _f("promised_ts", "ts"), _f("promised_day", "day"), _f("delivered_ts", "ts"),
        _f("delivered_day", "day"), _f("status", "text"), _f("in_full", "flag"), _f("right_item", "flag"),
        _f("undamaged", "flag"), _f("docs_ok", "flag"), _f("lost", "flag"), _f("cost", "money"), _ref("picker", "staff", "picker_id"),
    ), key=("shipment_no",), scoped=True, coverage="shipments", day="day"),
    # ---- marketing
    Table("ad_performance", "block", (
        _DAY, _LAST_DAY, _SHOP, _CHANNEL, _CAMPAIGN, _f("ad_group", "text"), _f("ad", "text"), _SKU, _f("device", "text"),
        _f("impressions", "int"), _f("clicks", "int"), _f("cost", "money"), _f("conversions", "real"),
        _f("conv_value", "money"), _f("carts", "int"), _f("favs", "int"), _f("new_customers", "int"), _f("attribution", "text"),
    ), block=("campaign", "day", "last_day"), scoped=True, coverage="ads", day="day"),
    Table("search_performance", "block", (
        _DAY, _LAST_DAY, _SHOP, _f("variant", "text", needed=True), _f("engine", "text"), _f("query", "text"), _f("page", "text"),
        _f("device", "text"), _REGION, _f("impressions", "int"), _f("clicks", "int"),
        _f("position_weighted", "real"), _f("is_branded", "flag"),
    ), block=("variant", "day", "last_day"), scoped=True, coverage="search", day="day"),
    Table("social_performance", "block", (
        _DAY, _SHOP, _CHANNEL, _f("account", "text", needed=True), _f("posts", "int"), _f("reach", "int"), _f("impressions", "int"),
        _f("engagements", "int"), _f("link_clicks", "int"), _f("followers_end", "int"), _f("followers_gained", "int"),
        _f("followers_lost", "int"), _f("mentions", "int"), _f("competitor_mentions", "int"),
    ), block=("account", "day"), scoped=True, coverage="social", day="day"),
    Table("email_performance", "block", (
        _DAY, _SHOP, _CAMPAIGN, _f("sent", "int", needed=True), _f("delivered", "int"), _f("hard_bounces", "int"),
        _f("soft_bounces", "int"), _f("unique_opens", "int"), _f("machine_opens", "int"), _f("unique_clicks", "int"),
        _f("unsubscribes", "int"), _f("complaints", "int"), _f("orders", "int"), _f("revenue", "money"),
    ), block=("campaign", "day"), scoped=True, coverage="email", day="day"),
    # ---- site
    Table("site_traffic", "block", (
        _DAY, _LAST_DAY, _SHOP, _f("variant", "text", needed=True), _CHANNEL, _f("device", "text"), _REGION, _SKU, _f("landing", "text"),
        _f("sessions", "int"), _f("visitors", "int"), _f("new_visitors", "int"), _f("pageviews", "int"),
        _f("single_page_sessions", "int"), _f("engaged_sessions", "int"), _f("engagement_seconds", "int"),
        _f("dwell_seconds", "int"), _f("dwell_views", "int"), _f("cart_sessions", "int"), _f("checkout_sessions", "int"),
        _f("purchase_sessions", "int"), _f("buyers", "int"), _f("orders", "int"), _f("revenue", "money"),
        _f("active_users", "int"), _f("js_error_sessions", "int"),
    ), block=("shop", "variant", "day", "last_day"), scoped=True, coverage="traffic", day="day"),
    Table("page_p75", "block", (
        _DAY, _LAST_DAY, _f("page", "text", needed=True), _f("device", "text", needed=True), _f("metric", "text", needed=True),
        _f("p75", "real", needed=True), _f("good", "real"), _f("needs", "real"), _f("poor", "real"),
    ), block=("page", "device", "metric", "day"), scoped=True, coverage="field_speed", day="day"),
    Table("lab_audits", "upsert", (
        _f("ts", "ts", needed=True), _DAY, _f("url", "text", needed=True), _f("device", "text", needed=True), _f("tool_version", "text"),
        _f("performance", "real"), _f("accessibility", "real"), _f("best_practices", "real"), _f("seo", "real"),
        _f("fcp_ms", "real"), _f("lcp_ms", "real"), _f("tbt_ms", "real"), _f("si_ms", "real"), _f("cls", "real"),
        _f("ttfb_ms", "real"), _f("bytes", "int"), _f("viewport_ok", "flag"), _f("font_ok", "flag"), _f("tap_ok", "flag"), _f("width_ok", "flag"),
    ), key=("url", "device", "ts"), coverage="lab_speed", day="day"),
    Table("uptime_checks", "upsert", (
        _f("ts", "ts", needed=True), _DAY, _f("target", "text", needed=True), _f("region", "text"), _f("ok", "flag", needed=True),
        _f("http_status", "int"), _f("latency_ms", "int"), _f("in_maintenance", "flag"),
    ), key=("target", "ts"), coverage="uptime_checks", day="day"),
    Table("incidents", "upsert", (
        _f("target", "text", needed=True), _f("started_ts", "ts", needed=True), _f("ended_ts", "ts"), _DAY,
        _f("planned", "flag"), _f("reason", "text"), _f("seconds", "int"),
    ), key=("target", "started_ts"), coverage="uptime", day="day"),
    Table("monitor_days", "block", (
        _DAY, _f("target", "text", needed=True), _f("up_seconds", "int", needed=True), _f("down_seconds", "int", needed=True),
        _f("incidents", "int"),
    ), block=("target", "day"), scoped=True, coverage="uptime", day="day"),
    # ---- people
    Table("support_conversations", "upsert", (
        _SHOP, _f("ticket_no", "text", needed=True), _CHANNEL, _AGENT, _BUYER, _DAY, _f("phase", "text"), _f("is_inquiry", "flag"),
        _f("already_paid", "flag"), _f("first_msg_ts", "ts"), _f("first_reply_ts", "ts"), _f("reply_gaps", "int"),
        _f("reply_seconds", "int"), _f("customer_msgs", "int"), _f("agent_msgs", "int"), _f("resolved_ts", "ts"),
        _f("reopened", "flag"), _f("contacts", "int"), _f("is_complaint", "flag"), _f("paid_lag_days", "int"), _f("csat", "int"),
        _f("status", "text"),
    ), key=("ticket_no",), scoped=True, coverage="conversations", day="day"),
    Table("agent_day", "block", (
        _DAY, _SHOP, _AGENT, _f("received", "int", needed=True), _f("replied", "int"), _f("inquirers", "int"), _f("converted", "int"),
        _f("first_reply_n", "int"), _f("first_reply_seconds", "int"), _f("replies_n", "int"), _f("reply_seconds", "int"),
        _f("resolved", "int"), _f("resolution_seconds", "int"), _f("csat_n", "int"), _f("csat_ok", "int"),
        _f("sales", "money"), _f("refund", "money"), _f("orders", "int"), _f("buyers", "int"), _f("online_seconds", "int"),
    ), block=("agent", "day"), scoped=True, coverage="agents", day="day"),
    Table("targets", "upsert", (
        _f("metric", "text", needed=True), _f("scope_kind", "text", needed=True), _f("scope", "text", needed=True),
        _f("first_day", "day", needed=True), _f("last_day", "day", needed=True), _f("target", "real", needed=True),
        _f("floor", "real"), _f("stretch", "real"), _f("weight", "real"), _f("direction", "text"),
    ), key=("metric", "scope_kind", "scope", "first_day", "last_day")),
    Table("expenses", "upsert", (
        _f("expense_no", "text"), _DAY, _SHOP, _CHANNEL, _f("class", "text", needed=True), _f("amount", "money", needed=True),
        _f("is_variable", "flag"), _f("department", "text"),
    ), key=("expense_no",), alternative=("day", "class", "amount"), occurrence=True, scoped=True, coverage="expenses", day="day"),
    # ---- what platforms total themselves: held against the orders, never added to them
    Table("sales_daily", "block", (
        _DAY, _LAST_DAY, _f("variant", "text", needed=True), _SHOP, _CHANNEL, _SKU, _f("orders", "int"), _f("units", "int"),
        _f("gross", "money"), _f("discount", "money"), _f("returns", "money"), _f("net", "money"), _f("shipping", "money"),
        _f("tax", "money"), _f("total", "money"),
    ), block=("shop", "variant", "day", "last_day"), scoped=True, coverage="totals", day="day"),
    Table("payouts", "upsert", (
        _f("payout_no", "text"), _SHOP, _DAY, _f("gross", "money"), _f("refunds", "money"), _f("fees", "money"),
        _f("adjustments", "money"), _f("net", "money", needed=True), _f("status", "text"),
    ), key=("payout_no",), alternative=("day", "net"), occurrence=True, scoped=True, coverage="payouts", day="day"),
    Table("shop_scores", "block", (
        _DAY, _SHOP, _f("indicator", "text", needed=True), _f("score", "real", needed=True), _f("scale_max", "real"), _f("industry", "real"),
    ), block=("shop", "indicator", "day"), scoped=True, coverage="scores", day="day"),
    Table("search_ranks", "block", (
        _DAY, _f("engine", "text"), _f("keyword", "text", needed=True), _f("page", "text"), _f("device", "text"), _REGION,
        _f("position", "real"), _f("previous", "real"), _f("volume", "int"), _f("traffic", "real"),
    ), block=("engine", "device", "region", "day"), scoped=True, coverage="ranks", day="day"),
    # ---- plans and people, from our own templates
    Table("labour", "block", (
        _DAY, _ref("staff", "staff", needed=True), _SHOP, _CHANNEL, _f("hours", "real", needed=True), _f("cost", "money"),
        _f("units_handled", "int"), _f("errors", "int"),
    ), block=("staff", "day"), scoped=True, coverage="labour", day="day"),
    Table("training", "upsert", (
        _f("topic", "text", needed=True), _ref("staff", "staff", needed=True), _DAY, _f("hours", "real"), _f("metric", "text"),
        _f("completed", "flag"), _f("pre_score", "real"), _f("post_score", "real"), _f("satisfaction", "int"),
    ), key=("topic", "staff", "day"), coverage="training", day="day"),
    Table("content_audits", "block", (
        _DAY, _SKU, _ref("staff", "staff"), _f("image_score", "real"), _f("copy_score", "real"), _f("brand_score", "real"), _f("weight", "real"),
    ), block=("staff", "day"), scoped=True, coverage="content", day="day"),
    Table("budgets", "upsert", (
        _f("first_day", "day", needed=True), _f("last_day", "day", needed=True), _SHOP, _f("department", "text"),
        _f("class", "text", needed=True), _f("amount", "money", needed=True),
    ), key=("first_day", "last_day", "shop", "department", "class")),
    Table("market_size", "upsert", (
        _f("first_day", "day", needed=True), _f("last_day", "day", needed=True), _ref("category", "category"), _f("platform", "text"),
        _f("sales", "money", needed=True), _f("origin", "text"),
    ), key=("first_day", "last_day", "category", "platform")),
    Table("demand_forecast", "block", (
        _DAY, _f("sku", "ref", "product_id", "product", needed=True), _f("made_day", "day", needed=True), _f("qty", "real", needed=True),
    ), block=("made_day", "day"), scoped=True),
    Table("events", "upsert", (
        _f("name", "text", needed=True), _f("kind", "text"), _SHOP, _f("first_day", "day", needed=True), _f("last_day", "day", needed=True),
    ), key=("name", "shop", "first_day")),
    # ---- what other currencies are worth: ``rate`` of ``quote`` (the workspace's where it is missing) for ``units`` of ``currency``
    Table("exchange_rates", "upsert", (
        _DAY, _f("currency", "text", needed=True), _f("quote", "text"), _f("units", "int"), _f("rate", "real", needed=True),
    ), key=("currency", "quote", "day"), day="day"),
)}

# Fields whose text a shopper wrote: whatever looks personal in it is taken out before it is stored.
FREE_TEXT = frozenset({
    ("reviews", "text"), ("surveys", "comment"), ("search_performance", "query"), ("search_ranks", "keyword"), ("refunds", "reason"),
    ("incidents", "reason"),
})
# Fields that hold web addresses: the numbers in them are names of pages.
WEB_ADDRESSES = frozenset({
    ("search_performance", "page"), ("search_ranks", "page"), ("site_traffic", "landing"), ("lab_audits", "url"), ("page_p75", "page"),
    ("uptime_checks", "target"), ("incidents", "target"), ("monitor_days", "target"),
})
