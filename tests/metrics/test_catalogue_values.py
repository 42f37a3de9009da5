"""Every metric on one small shop, against values worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import pytest
from catalogue_facts import DAY_1, SmallStore

from ecoperf_desktop.metrics.catalogue import catalogue, parts_of
from ecoperf_desktop.model.metric import Awaits, Method
from ecoperf_desktop.store import reasons

HOUR = 3600
TS_1 = DAY_1 * 86400
WEEK = 7


@pytest.fixture(scope="module")
def shop() -> SmallStore:
    """A week of a shop: three sales, one order given up, one return."""
    store = SmallStore(days=WEEK)
    category = store.add("category", name="Home")
    supplier = store.add("supplier", name="Acme")
    a, b, c = (store.add("product", sku=sku, category_id=category, supplier_id=supplier, is_listed=1) for sku in "ABC")
    li, wang = (store.add("staff", name=name) for name in ("Li", "Wang"))
    spring = store.add("campaign", name="spring", owner_staff_id=wang)

    # ---- sales
    common = dict(channel_id=1, device="mobile")
    o1 = store.order(DAY_1, dict(product_id=a, qty=2, gross_minor=20000, discount_minor=2000, tax_in_price_minor=1000, cost_minor=8000),
                     buyer=1, is_first=1, paid_day=DAY_1, paid_ts=TS_1, agent_id=li, shipping_minor=500, tax_added_minor=300,
                     platform_fee_minor=400, payment_fee_minor=100, fulfil_cost_minor=200, **common)  # fmt: skip
    o2 = store.order(DAY_1 + 1, dict(product_id=b, gross_minor=10000, cost_minor=4000), buyer=2, is_first=1, paid_day=DAY_1 + 1,
                     paid_ts=TS_1 + 24 * HOUR, **common)  # fmt: skip
    o3 = store.order(DAY_1 + 3, dict(product_id=a, gross_minor=10000, cost_minor=4000), dict(product_id=b, gross_minor=0, cost_minor=500, is_gift=1),
                     buyer=1, is_first=0, paid_day=DAY_1 + 3, **common)  # fmt: skip
    store.order(None, dict(product_id=a, gross_minor=5000), placed_day=DAY_1 + 2, cancel_day=DAY_1 + 3, status="cancelled", **common)
    store.refund(DAY_1 + 4, 5000, order_id=o2, product_id=b, qty=1, kind="return_refund", shipping_minor=100, restocked_cost_minor=2000,
                 received_ts=TS_1, closed_ts=TS_1 + 2 * HOUR)  # fmt: skip

    # ---- voice of the customer
    for stars, scores in ((5, (5, 4, 3)), (4, (None,) * 3), (1, (None,) * 3)):
        store.add("reviews", shop_id=1, day=DAY_1, stars=stars, dsr_item=scores[0], dsr_service=scores[1], dsr_logistics=scores[2])
    for kind, scale, score in (("CSAT", 5, 5), ("CSAT", 5, 2), ("CSAT", 5, None), ("NPS", 10, 10), ("NPS", 10, 5), ("CES", 7, 6)):
        store.add("surveys", shop_id=1, kind=kind, day=DAY_1, scale_max=scale, score=score)

    # ---- supply chain
    for day, counts in ((-1, ((10, 0), (5, 0), (2, 0))), (2, ((8, 3), (0, 0), (2, 0))), (6, ((6, 1), (4, 0), (2, 0)))):
        for product, (on_hand, reserved), received in zip((a, b, c), counts, (-10, -300, -300), strict=True):
            store.add("inventory_snapshots", day=DAY_1 + day, product_id=product, on_hand=on_hand, reserved=reserved,
                      value_minor=500 * on_hand if product == c else 1000 * on_hand, oldest_receipt_day=DAY_1 + received)  # fmt: skip
    first = store.add("purchase_orders", po_no="1", supplier_id=supplier, purchaser_id=wang, ordered_day=DAY_1 - 20)
    second = store.add("purchase_orders", po_no="2", supplier_id=supplier, purchaser_id=wang, ordered_day=DAY_1 + 1)
    lines = [
        store.add("po_lines", po_id=po, product_id=product, qty_ordered=ordered, promised_day=DAY_1 + due, unit_cost_e4=cost, std_cost_e4=100)
        for po, product, ordered, due, cost in ((first, a, 10, 3, 110), (first, b, 5, 4, 100), (second, a, 10, 50, 110))
    ]
    store.add("receipts", po_id=first, po_line_id=lines[0], product_id=a, received_day=DAY_1 + 3, qty_received=10, qty_rejected=1)
    store.add("receipts", po_id=first, po_line_id=lines[1], product_id=b, received_day=DAY_1 + 2, qty_received=5, qty_rejected=0)
    store.add("shipments", shop_id=1, shipment_no="1", order_id=o1, day=DAY_1, ready_ts=TS_1, handed_ts=TS_1 + 5 * HOUR, due_dispatch_day=DAY_1 + 2,
              due_dispatch_ts=TS_1 + 48 * HOUR, promised_day=DAY_1 + 3, delivered_day=DAY_1 + 1, delivered_ts=TS_1 + 45 * HOUR, in_full=1,
              right_item=1, undamaged=1, docs_ok=1, lost=0, cost_minor=700)  # fmt: skip
    store.add("shipments", shop_id=1, shipment_no="2", order_id=o2, day=DAY_1 + 1, ready_ts=TS_1 + 24 * HOUR, handed_ts=TS_1 + 27 * HOUR,
              due_dispatch_day=DAY_1 + 3, due_dispatch_ts=TS_1 + 72 * HOUR, promised_day=DAY_1 + 2, delivered_day=DAY_1 + 3,
              delivered_ts=TS_1 + 87 * HOUR, in_full=0, right_item=1, undamaged=0, docs_ok=1, lost=0, cost_minor=900)  # fmt: skip
    store.add("shipments", shop_id=1, shipment_no="3", order_id=o3, ready_ts=TS_1 + 72 * HOUR, due_dispatch_day=DAY_1 + 5,
              due_dispatch_ts=TS_1 + 120 * HOUR, promised_day=DAY_1 + 6, status="open")  # fmt: skip
    store.add("shipments", shop_id=1, shipment_no="4", promised_day=DAY_1 + 6, status="cancelled")

    # ---- marketing
    store.add("ad_performance", day=DAY_1, shop_id=1, channel_id=1, campaign_id=spring, impressions=1000, clicks=50, cost_minor=1000,
              conversions=5.0, conv_value_minor=4000)  # fmt: skip
    store.add("search_performance", day=DAY_1, shop_id=1, variant="query", query="mug", impressions=200, clicks=10, position_weighted=900.0)

    # ---- site: the same hundred sessions in three reports
    traffic = dict(day=DAY_1, shop_id=1)
    store.add("site_traffic", variant="date", sessions=100, visitors=80, buyers=4, pageviews=300, single_page_sessions=40, engaged_sessions=60,
              engagement_seconds=3000, active_users=50, cart_sessions=20, checkout_sessions=10, purchase_sessions=5, **traffic)  # fmt: skip
    store.add("site_traffic", variant="device", device="mobile", sessions=70, purchase_sessions=2, **traffic)
    store.add("site_traffic", variant="device", device="desktop", sessions=30, purchase_sessions=3, **traffic)
    for name, sessions in (("Organic Search", 25), ("Organic Social", 15), ("Direct", 60)):
        store.add("site_traffic", variant="channel", channel_id=store.add("channel", name=name), sessions=sessions, **traffic)
    for metric, p75, good in (("LCP", 2400, 0.77), ("INP", 180, 0.9), ("CLS", 0.1, 0.9), ("TTFB", 600, 0.8), ("FCP", 1500, 0.85)):
        store.add("page_p75", day=DAY_1 + 6, page="/", device="mobile", metric=metric, p75=float(p75), good=good)
    store.add("lab_audits", ts=TS_1, day=DAY_1, url="/", device="mobile", performance=0.5, viewport_ok=1, font_ok=1, tap_ok=0)
    store.add("lab_audits", ts=TS_1, day=DAY_1, url="/", device="desktop", performance=0.7, viewport_ok=1)
    store.add("incidents", target="shop", started_ts=TS_1 + 26 * HOUR, ended_ts=TS_1 + 26 * HOUR + 1800, day=DAY_1 + 1)
    for place, status in enumerate((200, 500, 200, 200)):
        store.add("uptime_checks", ts=TS_1 + place, day=DAY_1, target="shop", ok=int(status == 200), http_status=status)

    # ---- people
    talk = dict(shop_id=1, day=DAY_1, agent_id=li, first_msg_ts=TS_1)
    store.add("support_conversations", ticket_no="1", customer_id=1, phase="presale", is_inquiry=1, paid_lag_days=0, first_reply_ts=TS_1 + 60,
              reply_gaps=2, reply_seconds=100, customer_msgs=4, agent_msgs=6, csat=5, contacts=1, resolved_ts=TS_1 + 600, is_complaint=0, **talk)  # fmt: skip
    store.add("support_conversations", ticket_no="2", customer_id=2, phase="aftersale", first_reply_ts=TS_1 + 240, reply_gaps=1, reply_seconds=50,
              customer_msgs=1, agent_msgs=2, csat=2, contacts=1, resolved_ts=TS_1 + 1200, is_complaint=1, **talk)  # fmt: skip
    store.add("support_conversations", ticket_no="3", customer_id=store.buyer(3), phase="presale", is_inquiry=1, is_complaint=0, **talk)
    for kind, amount in (("marketing", 6000), ("rent", 2000), ("tax", 300)):
        store.add("expenses", day=DAY_1, shop_id=1, **{"class": kind}, amount_minor=amount)
    _beside_orders(store, a, category, li, wang, spring)
    return store


def _beside_orders(store: SmallStore, product: int, category: int, li: int, wang: int, spring: int) -> None:
    """Add judgements, posts, mailings, shifts, training, plans and expectations of the same week."""
    store.conn.execute("UPDATE refunds SET reason = '质量问题'")
    reasons.settle(store.conn, None)
    store.conn.execute("UPDATE orders SET has_claim = CASE WHEN order_id = 1 THEN 1 ELSE 0 END")
    store.conn.execute("UPDATE customer SET is_member = CASE WHEN customer_id = 1 THEN 1 ELSE 0 END")
    store.conn.execute("UPDATE channel SET kind = 'organic' WHERE channel_id = 1")
    store.conn.execute("UPDATE campaign SET budget_minor = 4000, start_day = ?", (DAY_1 - 3,))
    store.conn.execute("UPDATE search_performance SET is_branded = 1")
    store.conn.execute("UPDATE site_traffic SET js_error_sessions = 3, dwell_seconds = 800, dwell_views = 20 WHERE variant = 'date'")
    store.conn.execute("UPDATE staff SET department = 'shop', hired_day = ?", (DAY_1 - 30,))
    for day, followers in ((-1, 1000), (6, 1050)):
        store.add("social_performance", day=DAY_1 + day, shop_id=1, channel_id=1, account="a", impressions=300, engagements=12, reach=150,
                  followers_end=followers, followers_gained=60, followers_lost=10, mentions=9, competitor_mentions=3)  # fmt: skip
    store.add("email_performance", day=DAY_1, shop_id=1, campaign_id=spring, sent=200, delivered=160, hard_bounces=30, soft_bounces=10,
              unique_opens=64, machine_opens=32, unique_clicks=8, unsubscribes=4, complaints=2, revenue_minor=8000)  # fmt: skip
    store.add("labour", day=DAY_1, staff_id=li, shop_id=1, channel_id=1, hours=20.0, cost_minor=3200, units_handled=100, errors=1)
    store.add("labour", day=DAY_1 + 1, staff_id=wang, shop_id=1, channel_id=1, hours=60.0)
    for person, completed in ((li, 1), (wang, 0)):
        store.add("training", topic="talk", staff_id=person, day=DAY_1, hours=3.0, completed=completed)
    store.add("content_audits", day=DAY_1, product_id=product, staff_id=wang, image_score=80.0, copy_score=60.0, brand_score=50.0)
    store.add("demand_forecast", day=DAY_1, product_id=product, made_day=DAY_1 - 7, qty=3.0)
    store.add("market_size", first_day=DAY_1, last_day=DAY_1 + WEEK - 1, category_id=category, sales_minor=660000)
    store.add("budgets", first_day=DAY_1, last_day=DAY_1 + WEEK - 1, **{"class": "rent"}, amount_minor=1600)


F = Fraction
BY_HAND: dict[str, float | Fraction] = {
    # sales: lines of 18 000 + 10 000 + 10 000 after 2 000 of discounts; 5 000 back
    "gmv_placed": 43000, "gross_sales": 40000, "discounts": 2000, "returns_amount": 5000, "net_sales": 33000, "paid_amount": 38000,
    "net_sales_ex_tax": 32000, "shipping_revenue": 400, "tax_collected": 300, "total_sales": 33700, "cogs": 14500, "cost_coverage": 1,
    "gross_profit": 17500, "gross_margin": F(175, 320), "variable_cost": 700, "contribution_margin": 16200,
    "contribution_margin_rate": F(162, 320), "orders": 3, "orders_with_product": 3, "buyers": 2, "units_sold": 4, "net_units": 3,
    "aov": F(38000, 3), "spend_per_buyer": 19000, "units_per_order": F(4, 3), "asp": 9500, "conversion_rate_sessions": F(5, 100),
    "conversion_rate_visitors": F(4, 80), "add_to_cart_rate": F(20, 100), "checkout_abandonment_rate": F(5, 10),
    "payment_completion_rate": F(3, 4), "refund_rate_amount": F(5, 38), "return_rate_units": F(1, 4), "cancellation_rate": F(1, 4),
    "discount_rate": F(1, 20), "new_customer_revenue": 23000, "returning_customer_revenue": 10000, "returning_revenue_share": F(10, 33),
    "active_sku_rate": F(2, 3), "refund_rate_cohort": F(5, 38), "quality_refund_rate": F(1, 3), "order_defect_rate": F(1, 3),
    "market_share": F(1, 20),
    # customers
    "new_customers": 2, "active_customers": 2, "returning_customers": 1, "returning_customer_rate": F(1, 2), "cac": 3000,
    "repeat_purchase_rate": F(1, 2), "purchase_frequency": F(3, 2), "loyal_customer_share": 0, "csat": F(1, 2), "nps": 0, "nps_promoters": F(1, 2), "nps_passives": 0,
    "nps_detractors": F(1, 2), "ces": 6,
    "survey_response_rate": F(5, 6), "review_score": F(10, 3), "positive_review_rate": F(2, 3), "negative_review_rate": F(1, 3),
    "dsr_item": 5, "dsr_service": 4, "dsr_logistics": 3, "complaint_rate": F(1000, 3), "member_revenue_share": F(28, 33),
    # supply chain: counts of 9 000 and 11 000 in the week, 17 pieces before it
    "inventory_value": 11000, "inventory_units": 12, "inventory_value_avg": 10000, "inventory_turnover": F(14500 * 365, 10000 * 7),
    "inventory_days": F(10000 * 7, 14500), "gmroi": F(17500 * 365, 10000 * 7), "sell_through_rate": F(4, 17 + 14), "stockout_rate": F(1, 6),
    "dead_stock_value": 1000, "dead_stock_share": F(1, 11), "days_of_cover": 77, "supplier_otd": 1, "supplier_otif": F(1, 2),
    "supplier_otif_units": F(14, 15), "supplier_lead_time_mean": F(45, 2), "supplier_lead_time_sd": sqrt(0.5), "supplier_defect_rate": F(1, 15),
    "purchase_price_variance": F(1, 10), "dispatch_time_median": 3 * HOUR, "dispatch_on_time_rate": F(2, 3), "delivery_time_median": 40 * HOUR,
    "delivery_time_p90": 60 * HOUR,
    "order_cycle_time_p90": 63 * HOUR, "delivery_on_time_rate": F(1, 3), "delivery_accuracy_rate": F(1, 2), "damage_rate": F(1, 2),
    "lost_parcel_rate": 0, "perfect_order_rate": F(1, 3), "shipping_cost_per_order": 800, "shipping_cost_ratio": F(16, 330),
    "return_handling_time": 2 * HOUR, "fill_rate": F(2, 3), "forecast_wape": F(1, 2), "forecast_bias": F(1, 2),
    # marketing: before ads 17 200 of 32 000 remain
    "seo_impressions": 200, "seo_clicks": 10, "seo_ctr": F(1, 20), "seo_position": 4.5, "organic_traffic_share": F(1, 4),
    "social_referral_sessions": 15, "brand_exposure": 1500, "ad_impressions": 1000, "ad_clicks": 50, "ad_cost": 1000, "ad_ctr": F(1, 20),
    "ad_cpc": 20, "ad_cpm": 1000, "ad_conversions": 5, "ad_cvr": F(1, 10), "ad_cpa": 200, "ad_revenue": 4000, "ad_roas": 4,
    "ad_roi_profit": 1.15, "break_even_roas": F(320, 172), "acos": F(1, 4), "tacos": F(1, 33), "mer": 33, "channel_contribution": 15800,
    "gpm": 4000, "organic_revenue_share": 1, "branded_search_impressions": 200, "share_of_voice": F(3, 4), "social_impressions": 300,
    "social_engagements": 12, "social_engagement_rate": F(2, 25), "followers": 1050, "follower_growth_rate": F(1, 20), "share_of_spend": 1,
    "budget_utilisation": F(1, 4), "email_delivery_rate": F(4, 5), "email_bounce_rate": F(1, 5), "email_open_rate": F(1, 5),
    "email_click_rate": F(1, 20), "email_ctor": F(1, 8), "email_unsubscribe_rate": F(1, 40), "email_complaint_rate": F(1, 80),
    "email_revenue_per_delivered": 50, "claimed_sales_ratio": F(4, 38),
    # site
    "sessions": 100, "pageviews": 300, "pages_per_session": 3, "avg_engagement_time": 60, "bounce_rate_ua": F(2, 5), "bounce_rate_ga4": F(2, 5),
    "engagement_rate_ga4": F(3, 5), "mobile_share": F(7, 10), "mobile_conversion_gap": 100 * (F(2, 70) - F(3, 30)), "lcp_p75": 2400,
    "inp_p75": 180, "cls_p75": 0.1, "ttfb_p75": 600, "fcp_p75": 1500, "page_fast_share": 0.77, "lighthouse_performance": 60,
    "lighthouse_median": 50, "lighthouse_p25": 50, "lighthouse_p75": 70,
    "mobile_friendly_score": F(2, 3), "availability": 1 - F(1800, WEEK * 86400), "downtime_minutes": 30, "incidents": 1, "mttr": 1800,
    "mtbf": WEEK * 86400 - 1800, "server_error_rate": F(1, 4), "js_error_rate": F(3, 100), "avg_dwell_time": 40,
    # staff
    "agent_conversations": 2, "agent_reply_rate": F(2, 3), "agent_first_response_time": 150, "agent_first_response_median": 60,
    "agent_first_response_p90": 240,
    "agent_response_time": 50, "agent_reply_within_x": F(1, 3), "agent_csat": F(1, 2), "agent_inquiry_conversion": F(1, 2),
    "agent_resolution_time": 600, "agent_first_contact_resolution": 1, "agent_message_ratio": F(8, 5), "agent_sales": 18000,
    "agent_sales_share": F(18, 33), "agent_spend_per_buyer": 18000, "marketer_ctr": F(1, 20), "marketer_roi": 4, "buyer_otif": F(1, 2),
    # eighty hours are two people for a week
    "picks_per_hour": 5, "pick_accuracy": F(99, 100), "content_score": 68, "revenue_per_fte": 16500, "contribution_per_hour": 197.5,
    "training_completion_rate": F(1, 2), "training_sessions": 1, "training_hours": 1.5,
    # finance
    "operating_expense": 8000, "below_the_line": 300, "operating_profit": 9900, "operating_margin": F(99, 320), "net_profit": 9600,
    "net_margin": F(96, 320), "cost_to_income": F(80, 175), "expense_ratio": F(80, 320), "marketing_expense_ratio": F(60, 320),
    "cost_structure": 1, "labour_cost_ratio": F(1, 10), "budget_variance": F(1, 4), "break_even_sales": 8000 / F(168, 320),
}  # fmt: skip
# What only a vendor can count is known for the vendor's own days.
OF_THE_FIRST_DAY = {"visitors": 80, "revenue_per_visitor": 225}
OF_THE_LAST_DAY = {"social_reach": 150}


@pytest.mark.parametrize("metric", BY_HAND)
def test_a_metric_is_what_it_is_by_hand(shop: SmallStore, metric: str) -> None:
    value = shop.value(metric, days=WEEK)
    assert value.value is not None, (value.quality, value.reason)
    assert float(value.value) == pytest.approx(float(BY_HAND[metric]), rel=1e-12, abs=1e-12)
    # A longer window than the imported week is only partly covered, and says so.
    rolls = catalogue().metrics[metric].window or metric in ("loyal_customer_share", "days_of_cover")
    assert value.quality in ("ok", "low_n", *(["partial"] if rolls else [])), (value.quality, value.reason)


@pytest.mark.parametrize("metric", OF_THE_FIRST_DAY)
def test_people_are_known_for_the_vendors_days_only(shop: SmallStore, metric: str) -> None:
    assert shop.number(metric, days=1) == OF_THE_FIRST_DAY[metric]
    week = shop.value(metric, days=WEEK)
    assert (week.value, week.quality) == (None, "missing")
    assert week.reason == "metrics.catalogue_vendor_span"


def test_reach_is_known_for_the_vendors_day(shop: SmallStore) -> None:
    assert shop.number("social_reach", first=DAY_1 + 6, days=1) == OF_THE_LAST_DAY["social_reach"]
    assert shop.value("social_reach", days=WEEK).reason == "metrics.catalogue_vendor_span"


def test_every_metric_has_a_value_by_hand() -> None:
    # What takes more than arithmetic has tests of its own.
    plain = {metric.id for metric in catalogue().metrics.values() if not _rests_on_a_method(metric.id)}
    assert plain - {*BY_HAND, *OF_THE_FIRST_DAY, *OF_THE_LAST_DAY} == set()


def _rests_on_a_method(metric_id: str) -> bool:
    metric = catalogue().metric(metric_id)
    return isinstance(metric.calculation, Method | Awaits) or any(_rests_on_a_method(part) for part in parts_of(metric))


@pytest.mark.parametrize("metric", [*BY_HAND, *OF_THE_FIRST_DAY])
def test_a_metric_of_an_empty_store_is_missing_and_not_zero(metric: str, empty: SmallStore) -> None:
    value = empty.value(metric, days=WEEK)
    assert (value.value, value.quality) == (None, "missing")
    assert value.reason


@pytest.fixture(scope="module")
def empty() -> SmallStore:
    return SmallStore(kinds=())


@pytest.mark.parametrize("metric", BY_HAND)
def test_a_metric_can_be_cut_by_all_its_dimensions(shop: SmallStore, metric: str) -> None:
    for dimension in catalogue().metrics[metric].dimensions:
        values = shop.values(metric, days=WEEK, per=(dimension,))
        assert all(dimension in value.per for value in values)


ADDITIVE = [
    (metric.id, dimension)
    for metric in catalogue().metrics.values()
    if metric.unit in ("money", "count") and metric.id in BY_HAND and metric.zero_policy in ("Z0", "ZC") and metric.window is None
    for dimension in ("shop", "channel", "product", "category", "campaign", "agent", "staff", "device", "target")
    if dimension in metric.dimensions and metric.id not in ("buyers", "returning_customers", "orders_with_product")
]


@pytest.mark.parametrize(("metric", "dimension"), ADDITIVE)
def test_the_parts_of_an_amount_add_up_to_it(shop: SmallStore, metric: str, dimension: str) -> None:
    parts = [value.value for value in shop.values(metric, days=WEEK, per=(dimension,))]
    known = [part for part in parts if part is not None]
    whole = shop.number(metric, days=WEEK)
    # A part whose own column is not recorded (or that is no part of the report) has no number.
    if len(known) == len(parts) and parts:
        assert float(sum(known)) == pytest.approx(float(whole or 0))
