"""The shared catalogue's own SQL, run slowly and plainly on the facts of a store."""

from __future__ import annotations

import ast
import math
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ecoperf_desktop.model.days import date_of

CATALOGUE = Path(__file__).resolve().parents[2].parent / "shared" / "metrics"


@dataclass(frozen=True)
class Defined:
    """One entry: its SQL, or its arithmetic over other entries, the dimensions it may be cut by, and what multiplies its quotient."""

    id: str
    kind: str
    formula: str
    dimensions: tuple[str, ...]
    scale: Fraction


def entries(kind: str) -> list[Defined]:
    """Return the entries whose formula is of that kind: ``sql``, ``expr`` or ``algo``.

    Of YAML only what the file uses is understood: maps of plain values.
    """
    text = (CATALOGUE / "metrics.yaml").read_text(encoding="utf-8")
    found = []
    for entry in re.split(r"\n  - id: ", text)[1:]:
        fields = _fields("    id: " + entry)
        if fields.get("formula_kind") == kind:
            formula, scale = fields["formula"], fields.get("scale", "1")
            if kind == "expr":
                formula, scale = f"({formula}) * ({scale})", "1"
            found.append(Defined(fields["id"], kind, formula, tuple(re.findall(r"\w+", fields["dimensions"])), Fraction(scale)))
    return found


def _fields(entry: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in entry.splitlines():
        start = re.match(r"    (\w+): ?(.*)", line)
        if start:
            name = start[1]
            found[name] = start[2].strip()
        elif line.startswith("      ") and name:
            found[name] += " " + line.strip()
    return {name: _unquoted(value) for name, value in found.items()}


def _unquoted(value: str) -> str:
    return value[1:-1].replace("''", "'") if len(value) > 1 and value[0] == value[-1] == "'" else value


_DEPARTMENTS = """SELECT ROW_NUMBER() OVER (ORDER BY name) AS department_id, name FROM (SELECT department AS name FROM staff
    UNION SELECT department FROM expenses UNION SELECT department FROM budgets) WHERE name IS NOT NULL"""
# How the catalogue's tables are filled from the product's facts: what it has no NULL for is taken as its default.
_KEEP = {
    "shop": "SELECT shop_id, name, 'test' AS platform, 'CNY' AS currency, 'UTC' AS tz FROM shop",
    # files tell what a channel is by its name
    "channel": """SELECT channel_id, name, COALESCE(kind, CASE name WHEN 'Organic Search' THEN 'organic' WHEN 'Organic Social' THEN 'social'
        ELSE 'other' END) AS kind FROM channel""",
    "category": "SELECT category_id, name FROM category",
    "supplier": "SELECT supplier_id, name FROM supplier",
    "product": "SELECT product_id, sku, COALESCE(name, sku) AS name, category_id, supplier_id, launched_day, COALESCE(is_listed, 0) AS is_listed FROM product",
    "department": f"SELECT department_id, name FROM ({_DEPARTMENTS})",
    "staff": f"""SELECT staff_id, name, COALESCE(role, '') AS role, (SELECT d.department_id FROM ({_DEPARTMENTS}) d WHERE d.name = s.department)
        AS department_id, hired_day, left_day, COALESCE(fte, 1.0) AS fte FROM staff s""",
    "campaign": "SELECT campaign_id, shop_id, channel_id, name, owner_staff_id, start_day, end_day, budget_minor FROM campaign",
    "customer": "SELECT customer_id, COALESCE(is_member, 0) AS is_member, member_since_day FROM customer",
    "orders": """SELECT order_id, shop_id, channel_id, customer_id, campaign_id, agent_id, order_no, COALESCE(placed_ts, 0) AS placed_ts,
        placed_day, paid_ts, paid_day, sale_day, cancel_day, COALESCE(is_test, 0) AS is_test, 2 - is_first AS order_seq, 'CNY' AS currency,
        COALESCE(shipping_minor, 0) AS shipping_minor, COALESCE(tax_added_minor, 0) AS tax_added_minor, COALESCE(duties_minor, 0) AS duties_minor,
        COALESCE(platform_fee_minor, 0) AS platform_fee_minor, COALESCE(payment_fee_minor, 0) AS payment_fee_minor,
        COALESCE(fulfil_cost_minor, 0) AS fulfil_cost_minor, device, (SELECT name FROM region r WHERE r.region_id = o.region_id) AS region,
        COALESCE(has_claim, 0) AS has_claim, COALESCE(has_chargeback, 0) AS has_chargeback FROM orders o""",
    "order_lines": """SELECT line_id, line_id / 65536 AS order_id, product_id, qty, gross_minor, COALESCE(discount_minor, 0) AS discount_minor,
        COALESCE(tax_in_price_minor, 0) AS tax_in_price_minor, COALESCE(cost_minor, product_cost_minor) AS cost_minor,
        COALESCE(is_gift, 0) AS is_gift FROM order_lines WHERE COALESCE(is_replaced, 0) = 0""",
    "refunds": """SELECT refund_id, order_id, (SELECT MIN(l.line_id) FROM order_lines l WHERE l.line_id / 65536 = r.order_id
          AND l.product_id = r.product_id) AS line_id, refund_day, COALESCE(kind, 'refund_only') AS kind, reason,
        COALESCE(status, 'done') AS status, COALESCE(qty, 0) AS qty, goods_minor, COALESCE(shipping_minor, 0) AS shipping_minor,
        COALESCE(tax_minor, 0) AS tax_minor, COALESCE(tax_in_price_minor, 0) AS tax_in_price_minor,
        COALESCE(restocked_cost_minor, 0) AS restocked_cost_minor, received_ts, closed_ts FROM refunds r WHERE order_id IS NOT NULL""",
    "reviews": "SELECT review_id, shop_id, order_id, product_id, customer_id, day, stars, dsr_item, dsr_service, dsr_logistics FROM reviews",
    "surveys": "SELECT survey_id, shop_id, kind, day, scale_max, score, customer_id, order_id, agent_id FROM surveys",
    "inventory_snapshots": """SELECT day, location_id, product_id, on_hand, COALESCE(reserved, 0) AS reserved, COALESCE(on_order, 0) AS on_order,
        value_minor, oldest_receipt_day FROM inventory_snapshots""",
    "purchase_orders": "SELECT po_id, supplier_id, purchaser_id AS buyer_id, ordered_day, COALESCE(status, '') AS status FROM purchase_orders",
    "po_lines": "SELECT po_line_id, po_id, product_id, qty_ordered, unit_cost_e4, std_cost_e4, promised_day, requested_day, COALESCE(cancelled, 0) AS cancelled FROM po_lines",
    "receipts": "SELECT receipt_id, po_line_id, received_day, qty_received, COALESCE(qty_rejected, 0) AS qty_rejected FROM receipts WHERE po_line_id IS NOT NULL",
    "shipments": """SELECT shipment_id, order_id, shop_id, carrier_id, warehouse_id, (SELECT name FROM region r WHERE r.region_id = s.region_id) AS region,
        day, ready_ts, due_dispatch_ts, handed_ts, first_scan_ts,
        COALESCE(promised_ts, (promised_day + 1) * 86400 - 1) AS promised_ts, delivered_ts, COALESCE(status, '') AS status, in_full, right_item,
        undamaged, docs_ok, COALESCE(lost, 0) AS lost, cost_minor, delivered_day, picker_id FROM shipments s WHERE order_id IS NOT NULL""",
    "demand_forecast": "SELECT day, product_id, made_day, qty FROM demand_forecast",
    "ad_performance": """SELECT day, shop_id, channel_id, campaign_id, product_id, device, impressions, clicks, cost_minor, conversions,
        conv_value_minor, new_customers FROM ad_performance""",
    "search_performance": """SELECT day, shop_id, COALESCE(engine, '') AS engine, query, page, device, (SELECT name FROM region r WHERE r.region_id = t.region_id) AS region,
        impressions, clicks, position_weighted, is_branded FROM search_performance t""",
    "social_performance": """SELECT day, shop_id, channel_id, account, posts, reach, impressions, engagements, link_clicks, followers_end,
        followers_gained, followers_lost, mentions, competitor_mentions FROM social_performance""",
    "email_performance": """SELECT day, shop_id, campaign_id, sent, delivered, hard_bounces, soft_bounces, unique_opens, machine_opens, unique_clicks,
        unsubscribes, complaints, orders, revenue_minor FROM email_performance""",
    "site_traffic": """SELECT day, shop_id, channel_id, device, (SELECT name FROM region r WHERE r.region_id = t.region_id) AS region, product_id, landing,
        sessions, visitors, new_visitors, pageviews, single_page_sessions, engaged_sessions, engagement_seconds, dwell_seconds, dwell_views,
        cart_sessions, checkout_sessions, purchase_sessions, buyers, orders, active_users, js_error_sessions FROM site_traffic t""",
    "lab_audits": "SELECT ts, day, url, device, tool_version, performance * 100 AS performance, viewport_ok, font_ok, tap_ok, width_ok FROM lab_audits",
    "uptime_checks": "SELECT ts, day, target, region, ok, http_status, latency_ms, COALESCE(in_maintenance, 0) AS in_maintenance FROM uptime_checks",
    "incidents": "SELECT incident_id, target, started_ts, ended_ts, day, COALESCE(planned, 0) AS planned FROM incidents",
    "support_conversations": """SELECT conversation_id, shop_id, channel_id, agent_id, customer_id, day, phase, COALESCE(is_inquiry, 0) AS is_inquiry,
        COALESCE(already_paid, 0) AS already_paid, first_msg_ts, first_reply_ts, reply_gaps, reply_seconds, customer_msgs, agent_msgs,
        resolved_ts, COALESCE(reopened, 0) AS reopened, COALESCE(contacts, 1) AS contacts, COALESCE(is_complaint, 0) AS is_complaint,
        CASE WHEN paid_lag_days IS NOT NULL THEN conversation_id END AS paid_order_id, paid_lag_days, csat FROM support_conversations""",
    "labour": "SELECT day, staff_id, shop_id, channel_id, hours, cost_minor, units_handled, errors FROM labour",
    "trainings": "SELECT MIN(training_id) AS training_id, topic, day, hours FROM training GROUP BY topic, day, hours",
    "training_attendance": """SELECT (SELECT MIN(o.training_id) FROM training o WHERE o.topic = t.topic AND o.day = t.day AND o.hours IS t.hours)
        AS training_id, staff_id, COALESCE(completed, 0) AS completed FROM training t""",
    "content_audits": "SELECT audit_id, day, product_id, staff_id, image_score, copy_score, brand_score, weight FROM (SELECT row_id AS audit_id, * FROM content_audits)",
    "expenses": f"""SELECT expense_id, day, shop_id, channel_id, (SELECT d.department_id FROM ({_DEPARTMENTS}) d WHERE d.name = e.department)
        AS department_id, class, amount_minor, COALESCE(is_variable, 0) AS is_variable FROM expenses e""",
    "budgets": f"""SELECT first_day AS period_start, last_day AS period_end, shop_id, (SELECT d.department_id FROM ({_DEPARTMENTS}) d
        WHERE d.name = b.department) AS department_id, class, amount_minor FROM budgets b""",
    "market_size": "SELECT first_day AS period_start, last_day AS period_end, category_id, platform, sales_minor, COALESCE(origin, '') AS source FROM market_size",
}

_OF_ORDER = "order_id IN (SELECT order_id FROM whole.orders WHERE {condition})"
_OF_LINE = "line_id IN (SELECT line_id FROM whole.order_lines WHERE {condition})"
_OF_PRODUCT = "product_id IN (SELECT product_id FROM whole.product WHERE {condition})"

_IN_DEPARTMENT = "department_id = (SELECT department_id FROM whole.department WHERE name = ?)"

# Which rows of the base tables belong to a value of a dimension: conditions with ? for the value (row id or text).
OWN = {
    "shop": ("shop_id = ?", ("orders", "reviews", "surveys", "shipments", "ad_performance", "search_performance", "social_performance",
                             "email_performance", "site_traffic", "support_conversations", "labour", "expenses", "budgets")),
    "channel": ("channel_id = ?", ("orders", "ad_performance", "social_performance", "site_traffic", "support_conversations", "labour", "expenses")),
    "campaign": ("campaign_id = ?", ("orders", "ad_performance", "email_performance")),
    "agent": ("agent_id = ?", ("orders", "surveys", "support_conversations")),
    "region": ("region = ?", ("orders", "shipments", "site_traffic", "search_performance")),
    "device": ("device = ?", ("orders", "ad_performance", "search_performance", "site_traffic", "lab_audits")),
    "product": ("product_id = ?", ("order_lines", "reviews", "inventory_snapshots", "po_lines", "demand_forecast", "ad_performance", "product")),
    "category": ("category_id = ?", ("product", "market_size")),
    "supplier": ("supplier_id = ?", ("product", "purchase_orders")),
    "location": ("location_id = ?", ("inventory_snapshots",)),
    "carrier": ("carrier_id = ?", ("shipments",)),
    "warehouse": ("warehouse_id = ?", ("shipments",)),
    "buyer": ("buyer_id = ?", ("purchase_orders",)),
    "query": ("query = ?", ("search_performance",)),
    "page": ("page = ?", ("search_performance",)),
    "account": ("account = ?", ("social_performance",)),
    "target": ("target = ?", ("uptime_checks", "incidents")),
    "class": ("class = ?", ("expenses", "budgets")),
    "department": (_IN_DEPARTMENT, ("staff", "expenses", "budgets")),
    "reason": ("reason = ?", ("refunds",)),
    "staff": ("staff_id = ?", ("labour", "training_attendance", "content_audits", "staff")),
}  # fmt: skip


def _conditions(dimension: str) -> dict[str, str]:
    """Return the condition of each base table that a value of the dimension restricts."""
    own, tables = OWN[dimension]
    found = dict.fromkeys(tables, own)
    if dimension in ("shop", "channel", "campaign"):
        found["campaign"] = own
    if dimension == "location":
        found["shipments"] = "warehouse_id = ?"
    if dimension == "page":
        found["lab_audits"] = "url = ?"
    if dimension in ("staff", "department"):
        # whose campaigns, and what was ordered by whom
        staff = f"IN (SELECT staff_id FROM whole.staff WHERE {own})"
        found |= dict.fromkeys(("labour", "training_attendance", "content_audits"), f"staff_id {staff}")
        found |= {"campaign": f"owner_staff_id {staff}", "purchase_orders": f"buyer_id {staff}"}
        found["ad_performance"] = f"campaign_id IN (SELECT campaign_id FROM whole.campaign WHERE owner_staff_id {staff})"
    if "orders" in found:
        found["order_lines"] = found["refunds"] = _OF_ORDER.format(condition=own)
        if dimension in ("channel", "region"):
            found["reviews"] = found["surveys"] = _OF_ORDER.format(condition=own)
    if dimension == "product":
        found["orders"] = f"order_id IN (SELECT order_id FROM whole.order_lines WHERE {own})"
        found["refunds"] = _OF_LINE.format(condition=own)
        found["receipts"] = f"po_line_id IN (SELECT po_line_id FROM whole.po_lines WHERE {own})"
        found["market_size"] = f"category_id = (SELECT category_id FROM whole.product WHERE {own})"
    if dimension in ("category", "supplier"):
        goods = _OF_PRODUCT.format(condition=own)
        found |= dict.fromkeys(("order_lines", "inventory_snapshots", "demand_forecast"), goods)
        found["refunds"] = _OF_LINE.format(condition=goods)
        found["orders"] = f"order_id IN (SELECT order_id FROM whole.order_lines WHERE {goods})"
        if dimension == "category":
            found |= {"reviews": goods, "po_lines": goods}
            found["receipts"] = f"po_line_id IN (SELECT po_line_id FROM whole.po_lines WHERE {goods})"
    if "purchase_orders" in found:
        found["po_lines"] = f"po_id IN (SELECT po_id FROM whole.purchase_orders WHERE {found['purchase_orders']})"
        found["receipts"] = f"po_line_id IN (SELECT po_line_id FROM whole.po_lines WHERE {found['po_lines']})"
    return found


class CatalogueStore:
    """The catalogue's tables in memory, restricted to one value of one dimension at a time."""

    def __init__(self, facts: sqlite3.Connection) -> None:
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        self.conn.executescript((CATALOGUE / "schema.sql").read_text(encoding="utf-8"))
        self.conn.execute("ATTACH ':memory:' AS whole")
        self.conn.execute("BEGIN")
        for table, query in _KEEP.items():
            made = facts.execute(query)
            columns = [column[0] for column in made.description]
            self.conn.execute(f"CREATE TABLE whole.{table} AS SELECT {', '.join(columns)} FROM main.{table} LIMIT 0")
            self.conn.executemany(f"INSERT INTO whole.{table} VALUES ({', '.join('?' * len(columns))})", made.fetchall())
            self._columns = {**getattr(self, "_columns", {}), table: columns}
        self._fill_calendar(facts)
        self._restricted: set[str] = set(_KEEP)
        self.restrict(None, None)

    def _fill_calendar(self, facts: sqlite3.Connection) -> None:
        first, last = facts.execute("SELECT MIN(first_day) - 400, MAX(last_day) + 400 FROM coverage").fetchone()
        for day in range(first, last + 1):
            date = date_of(day)
            year, week, weekday = date.isocalendar()
            self.conn.execute(
                "INSERT INTO calendar(day, iso_date, iso_year, iso_week, sun_week_start, month_id, quarter_id, dow, is_workday) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (day, date.isoformat(), year, week, day - weekday % 7, date.year * 12 + date.month - 1,
                 date.year * 4 + (date.month - 1) // 3, weekday, int(weekday <= 5)),
            )  # fmt: skip

    def restrict(self, dimension: str | None, value: object) -> None:
        """Keep in the base tables only the rows of a value; all when ``dimension`` is None."""
        conditions = {} if dimension is None else _conditions(dimension)
        for table in self._restricted | set(conditions):
            condition = conditions.get(table)
            values = [value] * (0 if condition is None else condition.count("?"))
            columns = ", ".join(self._columns[table])
            self.conn.execute(f"DELETE FROM main.{table}")
            where = "" if condition is None else f" WHERE {condition}"
            self.conn.execute(f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM whole.{table}{where}", values)
        self._restricted = set(conditions)

    def rows(self, defined: Defined, parameters: dict[str, int | str]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the names and rows of what a formula gives."""
        made = self.conn.execute(defined.formula, parameters)
        return [column[0] for column in made.description], made.fetchall()


def number(defined: Defined, names: list[str], rows: list[tuple[Any, ...]]) -> Fraction | float | None:
    """Return what the rows of a formula say as one number: its only column, or its quotient; None without a base."""
    if not rows:
        return None
    (row,) = rows
    if names == ["n", "s1", "s2"]:
        n, total, squares = row
        if n < 2:
            return None
        return math.sqrt((Fraction(squares) - Fraction(total) ** 2 / n) / (n - 1))
    if "den" in names:
        over, under = row[names.index("num")], row[names.index("den")]
        if not under or under < 0:
            return None
        return Fraction(over or 0) / Fraction(under) * defined.scale
    return None if row[0] is None else Fraction(row[0]) * defined.scale


def arithmetic(formula: str, value: Callable[[str], Fraction | float | None]) -> Fraction | float | None:
    """Return what a formula of names, numbers and signs gives; None without a base, or where a name has no number."""

    def of(node: ast.expr) -> Fraction | float | None:
        if isinstance(node, ast.Constant):
            return Fraction(str(node.value))
        if isinstance(node, ast.Name):
            return value(node.id)
        assert isinstance(node, ast.BinOp), ast.dump(node)
        one: Any = of(node.left)
        other: Any = of(node.right)
        if one is None or other is None:
            return None
        if isinstance(node.op, ast.Div):
            found = one / other if other > 0 else None
        elif isinstance(node.op, ast.Mult):
            found = one * other
        else:
            found = one + other if isinstance(node.op, ast.Add) else one - other
        assert found is None or isinstance(found, Fraction | float)
        return found

    return of(ast.parse(formula, mode="eval").body)
