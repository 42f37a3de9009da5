"""A random shop that states everything: what the tables of a plain catalogue can hold, and nothing they cannot."""

from __future__ import annotations

import random

from catalogue_facts import DAY_1, KINDS, SmallStore

from ecoperf_desktop.store import reasons

DAYS = 75  # from a Monday over two month ends
# Stretches that budgets and figures of the market speak of: together they are all days.
STRETCHES = ((0, 29), (30, 39), (40, 46), (47, 57), (58, DAYS - 1))
CLASSES = ("marketing", "platform", "rent", "staff", "interest", "tax", "other")
_HOUR = 3600


class Roll(random.Random):
    """Dice that know how many days there are to throw for."""

    days = DAYS


def stated_shop(seed: int, orders: int = 70, days: int = DAYS) -> SmallStore:
    """Return a store of two shops whose facts have no gaps: every amount, flag, time and breakdown is known."""
    roll = Roll(seed)
    roll.days = days
    store = SmallStore(days=days, kinds=(*KINDS, "market", "budget", "forecast"))
    store.conn.execute("UPDATE channel SET kind = CASE name WHEN 'web' THEN 'organic' ELSE 'social' END")
    store.add("shop", name="Second", source_id=1)
    for number in range(3):
        for table in ("region", "category", "carrier"):
            store.add(table, name=f"{table} {number}")
        store.add("supplier", name=f"supplier {number}", lead_time_days=7)
        store.add("staff", name=f"person {number}", department=f"team {number % 2}", hired_day=DAY_1 - 500, fte=1.0)
        store.add("campaign", name=f"campaign {number}", owner_staff_id=number + 1, shop_id=1 + number % 2, channel_id=1 + number % 2,
                  start_day=DAY_1 + number, end_day=DAY_1 + 40 + number, budget_minor=90_000)  # fmt: skip
    for name in ("main", "other"):
        store.add("location", name=name)
    for number in range(1, 9):
        store.add("product", sku=f"S{number}", category_id=roll.randint(1, 3), supplier_id=roll.randint(1, 3), is_listed=1,
                  unit_cost_e4=500_000, launched_day=DAY_1 - 100)  # fmt: skip
        store.add("product_cost", product_id=number, from_day=-1_000_000, unit_cost_e4=500_000)
    _sales(store, roll, orders)
    _service(store, roll)
    _supply(store, roll)
    _reach(store, roll)
    _staff(store, roll)
    _plans(store, roll)
    _speed(store, roll)
    reasons.settle(store.conn, None)
    return store


def _day(roll: Roll) -> int:
    return DAY_1 + roll.randrange(roll.days)


def _sales(store: SmallStore, roll: Roll, orders: int) -> None:
    seen: set[int] = set()
    for when in sorted(_day(roll) for _ in range(orders)):
        buyer = roll.choice([None, *range(1, 16 if roll.days == DAYS else roll.days // 4)])
        lines = []
        for _ in range(roll.randint(1, 4)):
            gross = roll.randint(1000, 9000)
            lines.append({"product_id": roll.randint(1 if roll.days == DAYS else 2, 8), "qty": roll.randint(1, 3), "gross_minor": gross,
                          "discount_minor": roll.choice([0, gross // 9]), "tax_in_price_minor": gross // 20,
                          "cost_minor": gross // 2, "is_gift": int(roll.random() < 0.1)})  # fmt: skip
        is_test = int(roll.random() < 0.1)
        first = None if buyer is None or is_test else int(buyer not in seen)
        cancelled = roll.random() < 0.1
        order = store.order(
            when, *lines, buyer=buyer, is_first=first, channel_id=roll.randint(1, 2), region_id=(region := roll.randint(1, 3)),
            agent_id=roll.choice([None, 1, 2]), campaign_id=roll.randint(1, 3), device=roll.choice(["mobile", "desktop"]),
            placed_day=when - roll.randint(0, 1), placed_ts=when * 86400, paid_day=when, paid_ts=when * 86400 + 60, is_test=is_test,
            shipping_minor=roll.choice([0, 500]), tax_added_minor=60, duties_minor=5, platform_fee_minor=70, payment_fee_minor=8,
            fulfil_cost_minor=90, cancel_day=when if cancelled else None, has_claim=int(roll.random() < 0.1), has_chargeback=0,
            status="cancelled" if cancelled else "done", currency="CNY",
        )  # fmt: skip
        shop = roll.choice([1, 1, 2])
        store.conn.execute("UPDATE orders SET shop_id = ? WHERE order_id = ?", (shop, order))
        if not is_test and buyer is not None:
            seen.add(buyer)
        if roll.random() < 0.4:
            line = roll.randrange(len(lines))
            back = min(when + roll.randrange(25), DAY_1 + roll.days - 1)
            store.refund(
                back, roll.randint(1, int(lines[line]["gross_minor"])), order_id=order, shop_id=shop, product_id=lines[line]["product_id"],
                line_no=str(line), qty=roll.choice([0, 1]), kind=roll.choice(["return_refund", "refund_only"]),
                reason=roll.choice(["quality", "other"]), status=roll.choice(["done", "done", "open"]), shipping_minor=roll.choice([0, 100]),
                tax_minor=3, tax_in_price_minor=9, restocked_cost_minor=roll.choice([0, 200]), received_ts=back * 86400,
                closed_ts=back * 86400 + roll.randint(1, 90) * _HOUR,
            )  # fmt: skip
        if roll.random() < 0.6:
            _parcel(store, roll, (order, shop, region), when)
    store.conn.execute("UPDATE customer SET is_member = customer_id % 2, member_since_day = ?, region_id = 1", (DAY_1 + 20,))
    store.conn.execute(
        "UPDATE customer SET first_sale_day = (SELECT MIN(sale_day) FROM orders o WHERE o.customer_id = customer.customer_id AND o.is_test = 0), "
        "first_order_id = (SELECT MIN(order_id) FROM orders o WHERE o.customer_id = customer.customer_id AND o.is_first = 1)"
    )


def _parcel(store: SmallStore, roll: Roll, of: tuple[int, int, int], when: int) -> None:
    order, shop, region = of
    ready = when * 86400 + roll.randint(0, 20) * _HOUR
    handed = ready + roll.randint(1, 40) * _HOUR
    promised = when + 3
    delivered = handed + roll.randint(10, 90) * _HOUR
    store.add("shipments", shop_id=shop, order_id=order, carrier_id=roll.randint(1, 3), warehouse_id=roll.randint(1, 2),
              region_id=region, day=handed // 86400, ready_ts=ready, due_dispatch_ts=ready + 24 * _HOUR,
              due_dispatch_day=(ready + 24 * _HOUR) // 86400, handed_ts=handed, first_scan_ts=handed + 60,
              promised_ts=(promised + 1) * 86400 - 1, promised_day=promised, delivered_ts=delivered, delivered_day=delivered // 86400,
              status="delivered", in_full=int(roll.random() < 0.9), right_item=int(roll.random() < 0.9),
              undamaged=int(roll.random() < 0.9), docs_ok=1, lost=int(roll.random() < 0.1), cost_minor=roll.randint(300, 900))  # fmt: skip


def _service(store: SmallStore, roll: Roll) -> None:
    orders = store.conn.execute("SELECT order_id, shop_id FROM orders").fetchall()
    for number in range(50):
        when = _day(roll)
        asked = when * 86400
        store.add("support_conversations", shop_id=roll.randint(1, 2), channel_id=roll.randint(1, 2), agent_id=roll.randint(1, 2),
                  customer_id=roll.randint(1, 9), day=when, phase=roll.choice(["presale", "aftersale"]), is_inquiry=1, already_paid=0,
                  ticket_no=str(number), first_msg_ts=asked, first_reply_ts=roll.choice([None, asked + roll.randint(5, 900)]),
                  reply_gaps=roll.randint(1, 5), reply_seconds=roll.randint(9, 400), customer_msgs=roll.randint(1, 9),
                  agent_msgs=roll.randint(0, 9), resolved_ts=roll.choice([None, asked + roll.randint(50, 9000)]),
                  reopened=int(roll.random() < 0.2), contacts=roll.randint(1, 2), is_complaint=int(roll.random() < 0.2), paid_lag_days=roll.choice([None, 0, 1]),
                  csat=roll.choice([None, 3, 4, 5]))  # fmt: skip
        order, shop = roll.choice(orders)
        store.add("reviews", shop_id=shop, order_id=order, product_id=roll.randint(1, 8), day=_day(roll), stars=roll.randint(1, 5),
                  dsr_item=roll.randint(3, 5), dsr_service=roll.randint(3, 5), dsr_logistics=roll.randint(3, 5))  # fmt: skip
        kind, most = roll.choice([("CSAT", 5), ("CSAT", 3), ("NPS", 10), ("CES", 7)])
        order, shop = roll.choice(orders)
        store.add("surveys", shop_id=shop, order_id=order, kind=kind, day=_day(roll), scale_max=most,
                  score=roll.choice([None, *range(most + 1)]), agent_id=roll.randint(1, 2))  # fmt: skip


def _supply(store: SmallStore, roll: Roll) -> None:
    for when in range(DAY_1, DAY_1 + roll.days):
        for product in range(1, 5):
            store.add("inventory_snapshots", day=when, location_id=1 + product % 2, product_id=product, on_hand=roll.randint(-2, 20),
                      reserved=roll.randint(0, 2), on_order=0, value_minor=roll.randint(0, 9000), oldest_receipt_day=DAY_1 - 300)  # fmt: skip
    for number in range(30):
        ordered = DAY_1 - 20 + roll.randrange(roll.days)
        promised = ordered + roll.randint(5, 20)
        po = store.add("purchase_orders", po_no=f"P{number}", supplier_id=roll.randint(1, 3), purchaser_id=roll.randint(1, 3), ordered_day=ordered, status="open")
        line = store.add("po_lines", po_id=po, product_id=roll.randint(1, 8), qty_ordered=roll.randint(1, 9), unit_cost_e4=roll.randint(9_000, 11_000),
                         std_cost_e4=10_000, promised_day=promised, requested_day=promised, cancelled=0)  # fmt: skip
        product, wanted = store.conn.execute("SELECT product_id, qty_ordered FROM po_lines WHERE po_line_id = ?", (line,)).fetchone()
        for _ in range(roll.randint(0, 2)):
            store.add("receipts", po_id=po, po_line_id=line, product_id=product, received_day=promised + roll.randint(-3, 3),
                      qty_received=roll.randint(1, wanted), qty_rejected=roll.randint(0, 1))  # fmt: skip
    for when in range(DAY_1, DAY_1 + roll.days, 7):
        for product in range(1, 4):
            store.add("demand_forecast", day=when, product_id=product, made_day=when - 7, qty=float(roll.randint(0, 6)))


def _reach(store: SmallStore, roll: Roll) -> None:
    for when in range(DAY_1, DAY_1 + roll.days):
        for shop, channel, device in ((1, 1, "mobile"), (1, 2, "desktop"), (2, 1, "desktop")):
            sessions = roll.randint(5, 90)
            store.add("site_traffic", day=when, shop_id=shop, variant="channel+device", channel_id=channel, device=device,
                      region_id=roll.randint(1, 3), sessions=sessions, visitors=sessions - 2, new_visitors=3, pageviews=sessions * 3,
                      single_page_sessions=sessions // 3, engaged_sessions=sessions // 2, engagement_seconds=sessions * 40,
                      dwell_seconds=sessions * 30, dwell_views=sessions * 2, cart_sessions=sessions // 4, checkout_sessions=sessions // 5,
                      purchase_sessions=sessions // 9, buyers=sessions // 10, active_users=sessions - 1, js_error_sessions=sessions // 20)  # fmt: skip
        store.add("social_performance", day=when, shop_id=1, channel_id=2, account="a", posts=1, reach=roll.randint(50, 900),
                  impressions=roll.randint(90, 999), engagements=roll.randint(1, 40), link_clicks=2, followers_end=1000 + when - DAY_1,
                  followers_gained=2, followers_lost=1, mentions=roll.randint(0, 9), competitor_mentions=roll.randint(0, 9))  # fmt: skip
        store.add("uptime_checks", ts=when * 86400, day=when, target="shop", region="eu", ok=int(roll.random() < 0.9),
                  http_status=roll.choice([200, 200, 500]), latency_ms=90, in_maintenance=0)  # fmt: skip
    for _ in range(60):
        impressions = roll.randint(50, 900)
        campaign = roll.randint(1, 3)
        store.add("ad_performance", day=_day(roll), campaign_id=campaign, channel_id=1 + (campaign - 1) % 2, shop_id=1 + (campaign - 1) % 2,
                  device=roll.choice(["mobile", "desktop"]), product_id=roll.randint(1, 8), impressions=impressions, clicks=impressions // 20,
                  cost_minor=roll.randint(100, 3000), conversions=float(roll.randint(0, 3)), conv_value_minor=roll.randint(0, 9000),
                  new_customers=roll.randint(0, 2))  # fmt: skip
        store.add("search_performance", day=_day(roll), shop_id=roll.randint(1, 2), variant="query", engine="g", query=f"q{roll.randint(1, 4)}",
                  page="/", device="mobile", region_id=roll.randint(1, 3), impressions=impressions, clicks=impressions // 30,
                  position_weighted=float(impressions * 4), is_branded=roll.randint(0, 1))  # fmt: skip
        sent = roll.randint(50, 500)
        store.add("email_performance", day=_day(roll), shop_id=roll.randint(1, 2), campaign_id=roll.randint(1, 3), sent=sent, delivered=sent - 3,
                  hard_bounces=1, soft_bounces=2, unique_opens=sent // 3, machine_opens=sent // 9, unique_clicks=sent // 20,
                  unsubscribes=1, complaints=roll.randint(0, 2), orders=1, revenue_minor=roll.randint(0, 9000))  # fmt: skip
        store.add("expenses", day=_day(roll), shop_id=roll.randint(1, 2), channel_id=roll.randint(1, 2), **{"class": roll.choice(CLASSES)},
                  department=f"team {roll.randint(0, 1)}", amount_minor=roll.randint(100, 9000), is_variable=0)  # fmt: skip
        store.add("lab_audits", ts=_day(roll) * 86400, day=_day(roll), url="/", device=roll.choice(["mobile", "desktop"]), tool_version="12",
                  performance=roll.randint(1, 100) / 100, viewport_ok=1, font_ok=roll.randint(0, 1), tap_ok=1, width_ok=roll.randint(0, 1))  # fmt: skip
    for _ in range(8):
        day = _day(roll)
        begun = day * 86400 + roll.randint(0, 20) * _HOUR
        store.add("incidents", target=roll.choice(["shop", "api"]), started_ts=begun, ended_ts=begun + roll.randint(60, 9000), day=day, planned=int(roll.random() < 0.2))


def _speed(store: SmallStore, roll: Roll) -> None:
    """Each page is measured on one kind of device: a cut by either is one row of the vendor's."""
    for when in range(DAY_1, DAY_1 + roll.days, 5):
        for page, device in (("/", "mobile"), ("/cup", "desktop")):
            for metric, most in (("LCP", 4000), ("INP", 500), ("CLS", 1), ("TTFB", 1800), ("FCP", 3000)):
                store.add("page_p75", day=when, page=page, device=device, metric=metric, p75=round(roll.random() * most, 2), good=roll.randint(0, 100) / 100)


def _staff(store: SmallStore, roll: Roll) -> None:
    for when in range(DAY_1, DAY_1 + roll.days):
        for person in range(1, 4):
            handled = roll.randint(0, 90)
            store.add("labour", day=when, staff_id=person, shop_id=1, channel_id=1, hours=float(roll.randint(4, 9)), cost_minor=9000,
                      units_handled=handled, errors=min(handled, roll.randint(0, 2)))  # fmt: skip
    for number in range(12):
        store.add("training", topic=f"t{number // 3}", staff_id=1 + number % 3, day=DAY_1 + number // 3 * 15, hours=2.0, completed=roll.randint(0, 1))
        store.add("content_audits", day=_day(roll), product_id=1, staff_id=1 + number % 3, image_score=float(roll.randint(1, 9)),
                  copy_score=float(roll.randint(1, 9)), brand_score=float(roll.randint(1, 9)), weight=1.0)  # fmt: skip


def _plans(store: SmallStore, roll: Roll) -> None:
    for first, last in STRETCHES:
        for category in range(1, 4):
            store.add("market_size", first_day=DAY_1 + first, last_day=DAY_1 + last, category_id=category, sales_minor=roll.randint(100_000, 900_000))
        for kind in CLASSES:
            for shop in (1, 2):
                for team in (0, 1):
                    store.add("budgets", first_day=DAY_1 + first, last_day=DAY_1 + last, shop_id=shop, department=f"team {team}",
                              amount_minor=roll.randint(900, 9000), **{"class": kind})  # fmt: skip
