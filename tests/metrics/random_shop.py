"""A shop with a bit of everything, made up from a seed."""

from __future__ import annotations

import random

from catalogue_facts import DAY_1, SmallStore

from ecoperf_desktop.store import reasons

DAYS = 75  # from a Monday over two month ends


def random_shop(seed: int, orders: int = 60, buyers: int = 11) -> SmallStore:
    """Return a store of two shops with gaps, unknown values, several variants and rows for spans of days."""
    roll = random.Random(seed)
    store = SmallStore(days=DAYS)
    store.add("shop", name="Second", source_id=1)
    for number in range(3):
        store.add("region", name=f"region {number}")
        store.add("category", name=f"category {number}")
        store.add("supplier", name=f"supplier {number}")
        store.add("staff", name=f"agent {number}")
        store.add("campaign", name=f"campaign {number}", owner_staff_id=roll.choice([None, 1, 2]))
        store.add("carrier", name=f"carrier {number}")
    store.add("location", name="main")
    store.add("location", name="other")
    for number in range(8):
        store.add("product", sku=f"S{number}", category_id=roll.choice([None, 1, 2]), supplier_id=roll.choice([None, 1, 3]),
                  is_listed=1, unit_cost_e4=500_000)  # fmt: skip
        store.add("product_cost", product_id=number + 1, from_day=-1_000_000, unit_cost_e4=500_000)

    def day() -> int:
        return DAY_1 + roll.randrange(DAYS)

    def maybe(*values: object) -> object:
        return roll.choice([None, *values])

    seen: set[int] = set()
    sold: list[tuple[int, int]] = []
    days = sorted(day() for _ in range(orders))
    for when in days:
        buyer = maybe(*range(1, buyers + 1))
        lines = [
            {"product_id": maybe(*range(1, 9)), "qty": roll.randrange(1, 4), "gross_minor": roll.randrange(5000),
             "discount_minor": maybe(0, 100), "cost_minor": maybe(700, 900, 1100), "is_gift": maybe(0, 0, 1)}
            for _ in range(roll.randrange(4))
        ]  # fmt: skip
        is_first = None if buyer is None else int(buyer not in seen)
        order = store.order(
            when, *lines, buyer=buyer, is_first=is_first, channel_id=maybe(1, 2), region_id=maybe(1, 2, 3), agent_id=maybe(1, 2),
            campaign_id=maybe(1, 2), device=maybe("mobile", "desktop"), paid_day=maybe(when), shipping_minor=maybe(500),
            tax_added_minor=maybe(60), is_test=roll.choice([0, 0, 0, 1]),
        )  # fmt: skip
        store.conn.execute("UPDATE orders SET shop_id = ? WHERE order_id = ?", (roll.choice([1, 1, 2]), order))
        seen.add(buyer)
        sold.append((order, when))
    for _ in range(orders // 3):
        order, when = roll.choice(sold)
        store.refund(
            min(when + roll.randrange(20), DAY_1 + DAYS - 1), roll.randrange(2000), order_id=maybe(order, order), qty=maybe(0, 1),
            product_id=maybe(*range(1, 9)), kind=maybe("return_refund", "refund_only"), shop_id=roll.choice([1, 2]),
            status=maybe("done", "open"), reason=maybe("质量问题", "Changed my mind", "七天无理由", "…"),
        )  # fmt: skip
    reasons.settle(store.conn, None)
    for number in range(40):
        when = day()
        store.add("ad_performance", day=when, campaign_id=maybe(1, 2, 3), channel_id=maybe(1), shop_id=maybe(1, 2),
                  device=maybe("mobile"), impressions=roll.randrange(900), clicks=roll.randrange(40), cost_minor=roll.randrange(3000),
                  conversions=maybe(1.5, 2.0), conv_value_minor=maybe(900, 4000))  # fmt: skip
        start = store.at(when) if hasattr(store, "at") else when * 86400
        store.add("support_conversations", shop_id=maybe(1, 2), channel_id=maybe(1), agent_id=maybe(1, 2), customer_id=maybe(1, 2, 3),
                  day=when, phase=maybe("presale", "aftersale"), is_inquiry=maybe(0, 1), ticket_no=str(number), first_msg_ts=start,
                  first_reply_ts=maybe(start + roll.randrange(900)), paid_lag_days=maybe(0, 2), csat=maybe(3, 4, 5),
                  resolved_ts=maybe(start + roll.randrange(9000)), contacts=maybe(1, 2))  # fmt: skip
        store.add("shipments", shop_id=maybe(1, 2), order_id=maybe(*(order for order, _ in sold[:9])), shipment_no=str(number),
                  carrier_id=maybe(1, 2), day=when, ready_ts=start, handed_ts=maybe(start + roll.randrange(90_000)),
                  delivered_ts=maybe(start + 200_000), promised_day=when + 3, delivered_day=maybe(when + 2, when + 4),
                  in_full=maybe(0, 1), right_item=maybe(0, 1), undamaged=maybe(1), lost=maybe(0, 1), cost_minor=maybe(300))  # fmt: skip
        store.add("reviews", shop_id=maybe(1, 2), product_id=maybe(1, 2), day=day(), stars=maybe(1, 3, 5), dsr_item=maybe(4, 5))
    for when in range(DAY_1, DAY_1 + DAYS):
        for product in (1, 2):
            if roll.random() < 0.7:
                store.add("inventory_snapshots", day=when, location_id=roll.choice([1, 2]), product_id=product,
                          on_hand=roll.randrange(-2, 20), value_minor=maybe(2000, 3000), oldest_receipt_day=DAY_1 - 300)  # fmt: skip
    for when in range(DAY_1, DAY_1 + DAYS):
        if roll.random() < 0.2:
            continue
        sessions = roll.randrange(1, 90)
        store.add("site_traffic", day=when, shop_id=1, variant="date", sessions=sessions, pageviews=maybe(sessions * 3))
        if roll.random() < 0.6:
            part = roll.randrange(sessions + 1)
            for device, count in (("mobile", part), ("desktop", sessions - part)):
                store.add("site_traffic", day=when, shop_id=1, variant="device", device=device, sessions=count, purchase_sessions=count // 9)
    _more(store, roll, sold)
    return store


def _more(store: SmallStore, roll: random.Random, sold: list[tuple[int, int]]) -> None:
    """Add what a shop has beside orders, ads and visits: posts, mailings, shifts, training, plans, judgements."""

    def day() -> int:
        return DAY_1 + roll.randrange(DAYS)

    def maybe(*values: object) -> object:
        return roll.choice([None, *values])

    store.conn.execute("UPDATE channel SET kind = 'organic' WHERE channel_id = 1")
    for order, _ in sold[::4]:
        store.conn.execute(
            "UPDATE orders SET has_claim = ?, has_chargeback = ? WHERE order_id = ?", (maybe(0, 1), maybe(0, 0, 1), order)
        )
        store.add("reviews", shop_id=1, order_id=order, day=day(), stars=maybe(1, 2, 4, 5), dsr_service=maybe(4, 5))
        store.add("surveys", shop_id=1, order_id=order, kind=roll.choice(["CSAT", "NPS", "CES"]), day=day(), scale_max=10, score=maybe(3, 9))
    for customer in range(1, 12):
        store.conn.execute(
            "UPDATE customer SET is_member = ?, member_since_day = ? WHERE customer_id = ?",
            (maybe(0, 1), maybe(DAY_1 + 20, DAY_1 - 5), customer),
        )
    for number in range(3):
        store.conn.execute(
            "UPDATE staff SET department = ?, hired_day = ?, left_day = ? WHERE staff_id = ?",
            (maybe("support", "stock"), maybe(DAY_1 - 90), maybe(DAY_1 + 30), number + 1),
        )
        store.conn.execute(
            "UPDATE campaign SET shop_id = ?, channel_id = ?, start_day = ?, end_day = ?, budget_minor = ? WHERE campaign_id = ?",
            (maybe(1), maybe(1), maybe(DAY_1, DAY_1 + 40), maybe(DAY_1 + 50), maybe(9000, 20000), number + 1),
        )
    for when in range(DAY_1, DAY_1 + DAYS):
        for account in ("a", "b"):
            if roll.random() < 0.6:
                store.add("social_performance", day=when, shop_id=roll.choice([1, 2]), channel_id=maybe(1), account=account, posts=1,
                          reach=maybe(40, 90), impressions=roll.choice([100, 300]), engagements=maybe(4, 9), followers_end=maybe(1000, 1010),
                          followers_gained=maybe(3, 5), followers_lost=maybe(0, 1), mentions=maybe(4), competitor_mentions=maybe(6))  # fmt: skip
        if roll.random() < 0.2:
            store.add("search_performance", day=when, shop_id=1, variant="query", query=roll.choice(["qimu cup", "cup"]), device="mobile",
                      impressions=roll.randrange(50), clicks=1, position_weighted=9.0, is_branded=maybe(0, 1))  # fmt: skip
        if roll.random() < 0.3:
            delivered = roll.randrange(50, 100)
            store.add("email_performance", day=when, shop_id=maybe(1, 2), campaign_id=maybe(1, 2), sent=100, delivered=maybe(delivered),
                      hard_bounces=maybe(2), soft_bounces=maybe(1), unique_opens=maybe(30), machine_opens=maybe(10), unique_clicks=maybe(7),
                      unsubscribes=maybe(1), complaints=maybe(0, 1), revenue_minor=maybe(4000))  # fmt: skip
        for person in (1, 2):
            if roll.random() < 0.5:
                store.add("labour", day=when, staff_id=person, shop_id=maybe(1, 2), channel_id=maybe(1, 2), hours=roll.choice([4.0, 7.5]),
                          cost_minor=maybe(20000), units_handled=maybe(80, 120), errors=maybe(0, 2))  # fmt: skip
    for _ in range(12):
        store.add("training", topic=roll.choice(["complaints", "packing"]), staff_id=roll.choice([1, 2, 3]), day=day(), hours=maybe(1.5),
                  completed=maybe(0, 1))  # fmt: skip
        store.add("content_audits", day=day(), product_id=maybe(1, 2), staff_id=maybe(1, 2), image_score=maybe(80.0, 60.0), copy_score=70.0,
                  brand_score=50.0, weight=maybe(3.0))  # fmt: skip
        store.add("expenses", day=day(), shop_id=maybe(1, 2), channel_id=maybe(1), department=maybe("support"),
                  amount_minor=roll.randrange(9000), is_variable=maybe(0, 1), **{"class": roll.choice(["marketing", "rent", "platform", "tax"])})  # fmt: skip
        made = day()
        for lead in (7, 8):
            store.add("demand_forecast", day=made, product_id=roll.choice([1, 2, 3]), made_day=made - lead, qty=roll.choice([1.5, 3.0]))
    for first, last in ((DAY_1 - 1, DAY_1 + 29), (DAY_1 + 10, DAY_1 + 40), (DAY_1 + 30, DAY_1 + 60)):
        for category in (1, 2):
            store.add("market_size", first_day=first, last_day=last, category_id=category, sales_minor=500_000)
        for kind in ("rent", "marketing"):
            store.add("budgets", first_day=first, last_day=last, shop_id=maybe(1), department=maybe("support"), amount_minor=5000,
                      **{"class": kind})  # fmt: skip
