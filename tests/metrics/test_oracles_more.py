"""Worked examples of cohorts of refunds, posts, mailings, people, plans and markets, entered as facts and asked of the engine."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore

from ecoperf_desktop.model.days import parse_day
from ecoperf_desktop.store import reasons

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    if not ORACLES.exists():
        pytest.skip("the worked examples are not beside this checkout")
    return {name: example["expected"] for name, example in json.loads(ORACLES.read_text(encoding="utf-8")).items()}


def about(number: float) -> Any:
    """Examples are rounded to four to six places."""
    return pytest.approx(number, rel=2e-5, abs=6e-7)


# ---- sales


def test_the_refund_rate_of_sales_goes_by_the_orders_themselves(expected: dict[str, Any]) -> None:
    january, february = parse_day("2026-01-10"), parse_day("2026-02-10")
    store = SmallStore(kinds=())
    for kind in ("sales", "refunds"):
        store.cover(kind, parse_day("2026-01-01"), parse_day("2026-02-28"))
    first = store.order(january, dict(gross_minor=100000))
    second = store.order(february, dict(gross_minor=50000))
    store.refund(january, 2000, order_id=first)
    store.refund(february, 9000, order_id=first)
    store.refund(february, 1000, order_id=second)
    store.refund(january + 60, 5000, order_id=first)  # sixty days later is too late
    rates = [value.value for value in store.values("refund_rate_cohort", first=parse_day("2026-01-01"), days=59, by="month")]
    assert [float(rate or 0) for rate in rates] == [expected["E05"]["cohort_jan"], expected["E05"]["cohort_feb_so_far"]]


def test_members_bring_their_share(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=18000), buyer=1)
    store.order(DAY_1 + 2, dict(gross_minor=20000), buyer=2)
    store.order(DAY_1 + 2, dict(gross_minor=14000), buyer=3)
    sold = store.order(DAY_1 + 3, dict(gross_minor=5000), buyer=2)
    store.refund(DAY_1 + 4, 5000, order_id=sold)
    store.refund(DAY_1 + 4, 2000, order_id=store.order(DAY_1, dict(gross_minor=0), buyer=3))
    assert store.value("member_revenue_share").reason == "metrics.catalogue_no_members"
    store.conn.execute("UPDATE customer SET is_member = 1, member_since_day = ? WHERE customer_id = 3", (DAY_1 - 1,))
    store.conn.execute("UPDATE customer SET is_member = 1 WHERE customer_id = 2")
    store.conn.execute("UPDATE customer SET is_member = 1, member_since_day = ? WHERE customer_id = 1", (DAY_1 + 1,))
    value = store.value("member_revenue_share")
    assert (value.numerator, value.denominator) == (32000, 50000)
    assert store.number("member_revenue_share") == expected["E56"]["member_share"]


@pytest.fixture(scope="module")
def market() -> SmallStore:
    store = SmallStore(kinds=())
    store.cover("sales", parse_day("2025-01-01"), parse_day("2026-12-31"))
    category, other = store.add("category", name="cups"), store.add("category", name="bowls")
    cup, bowl = (store.add("product", sku=sku, category_id=of) for sku, of in (("cup", category), ("bowl", other)))
    for year, own, size in ((2025, 1_200_000, 60_000_000), (2026, 1_440_000, 80_000_000)):
        day = parse_day(f"{year}-05-05")
        store.order(day, dict(gross_minor=own, product_id=cup), dict(gross_minor=500_000, product_id=bowl))
        store.add("market_size", first_day=parse_day(f"{year}-01-01"), last_day=parse_day(f"{year}-12-31"), category_id=category,
                  sales_minor=size)  # fmt: skip
    return store


def test_a_market_share_sets_own_sales_of_a_category_against_all_of_it(market: SmallStore, expected: dict[str, Any]) -> None:
    years = [market.value("market_share", first=parse_day(f"{year}-01-01"), days=365) for year in (2025, 2026)]
    assert [float(year.value or 0) for year in years] == [expected["E59"]["share0"], expected["E59"]["share1"]]
    change = 100 * ((years[1].value or 0) - (years[0].value or 0))
    assert float(change) == about(expected["E59"]["share_change_points"])
    own = Fraction(years[1].numerator or 0) / (years[0].numerator or 1) - 1
    size = Fraction(years[1].denominator or 0) / (years[0].denominator or 1) - 1
    assert (float(own), float(size)) == (expected["E59"]["own_growth"], about(expected["E59"]["market_growth"]))
    held = (years[0].value or 0) * (years[1].denominator or 0)
    assert float(held) / 1e6 == expected["E59"]["sales_needed_to_hold_share_m"]


def test_a_part_of_a_markets_span_has_no_share(market: SmallStore) -> None:
    value = market.value("market_share", first=parse_day("2025-01-01"), days=364)
    assert (value.value, value.quality, value.reason) == (None, "missing", "metrics.catalogue_no_market")


def test_days_of_which_the_market_is_not_known_are_left_out_and_named(market: SmallStore) -> None:
    value = market.value("market_share", first=parse_day("2024-12-01"), days=365 + 31)
    assert (value.value, value.quality, value.reason) == (Fraction(1, 50), "partial", "metrics.catalogue_market_days")


def test_a_product_has_its_share_of_its_categorys_market(market: SmallStore) -> None:
    year = dict(first=parse_day("2025-01-01"), days=365)
    assert {value.per["product"]: value.value for value in market.values("market_share", per=("product",), **year)} == {"cup": Fraction(1, 50)}
    assert market.number("market_share", where=(("category", "cups"),), **year) == 0.02
    assert market.number("market_share", where=(("product", "cup"),), **year) == 0.02
    assert market.value("market_share", where=(("product", "bowl"),), **year).value is None


def test_figures_of_the_whole_market_answer_before_those_of_its_categories() -> None:
    store = SmallStore()
    category = store.add("category", name="cups")
    store.order(DAY_1, dict(gross_minor=100, product_id=store.add("product", sku="cup", category_id=category)), dict(gross_minor=300))
    span = dict(first_day=DAY_1, last_day=DAY_1 + 29)
    store.add("market_size", category_id=category, sales_minor=1000, **span)
    assert store.number("market_share") == 0.1
    store.add("market_size", category_id=None, sales_minor=2500, **span)
    store.add("market_size", category_id=None, sales_minor=1500, platform="other", **span)
    assert store.number("market_share") == 0.1  # 400 of 4 000
    assert store.value("market_share").denominator == 4000
    assert store.values("market_share", per=("category",))[0].denominator == 1000


# ---- refunds by reason


def test_orders_refunded_for_quality_are_counted_by_the_words_of_their_reason() -> None:
    store = SmallStore()
    orders = [store.order(DAY_1 + number % 3, dict(gross_minor=100)) for number in range(10)]
    for order, reason in zip(orders, ("质量问题", "QUALITY_UNACCEPTABLE", "非质量问题退货", "拍错了", None, "Item defective"), strict=False):
        store.refund(DAY_1 + 5, 100, order_id=order, reason=reason)
    store.refund(DAY_1 + 6, 50, order_id=orders[0], reason="质量问题")
    reasons.settle(store.conn, None)
    value = store.value("quality_refund_rate")
    assert (value.numerator, value.denominator) == (3, 10)
    by_reason = {value.per["reason"]: value.value for value in store.values("returns_amount", per=("reason",))}
    assert by_reason == {"quality": 350, "changed_mind": 200, "": 100}
    assert store.number("returns_amount", where=(("reason", "quality"),)) == 350


def test_without_any_reason_nobody_knows_what_was_for_quality() -> None:
    store = SmallStore()
    store.refund(DAY_1, 100, order_id=store.order(DAY_1, dict(gross_minor=100)))
    value = store.value("quality_refund_rate")
    assert (value.value, value.reason) == (None, "metrics.catalogue_no_refund_reasons")


def test_a_claim_a_chargeback_or_few_stars_make_an_order_defective_once() -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=1))
    assert store.value("order_defect_rate").reason == "metrics.catalogue_no_judgements"
    store = SmallStore()
    a = store.order(DAY_1, dict(gross_minor=1), has_claim=1, has_chargeback=1)
    b = store.order(DAY_1, dict(gross_minor=1))
    store.order(DAY_1, dict(gross_minor=1), has_claim=0, has_chargeback=None)
    c = store.order(DAY_1, dict(gross_minor=1))
    for order, stars in ((a, 1), (b, 2), (c, 3)):
        store.add("reviews", order_id=order, day=DAY_1 + 9, stars=stars)
    value = store.value("order_defect_rate")
    assert (value.numerator, value.denominator, value.quality) == (2, 4, "low_n")


# ---- supply


def test_forecast_errors_are_weighed_by_what_was_sold(expected: dict[str, Any]) -> None:
    store = SmallStore()
    products = [store.add("product", sku=str(number)) for number in range(4)]
    for product, actual, forecast in zip(products, (0, 10, 30, 60), (5, 10, 20, 65), strict=True):
        store.add("demand_forecast", day=DAY_1 + 7, product_id=product, made_day=DAY_1, qty=float(forecast))
        # made on another day before: not the lead that is judged
        store.add("demand_forecast", day=DAY_1 + 7, product_id=product, made_day=DAY_1 + 6, qty=99.0)
        if actual:
            store.order(DAY_1 + 7, dict(product_id=product, qty=actual, gross_minor=1))
        store.order(DAY_1 + 8, dict(product_id=product, qty=7, gross_minor=1))  # a day without a forecast
    assert store.number("forecast_wape") == expected["E30"]["wape"]
    assert store.number("forecast_bias") == expected["E30"]["bias"]
    assert store.value("forecast_wape", first=DAY_1 + 8, days=3).reason == "metrics.catalogue_no_forecasts"
    by_product = {value.per["product"]: value.value for value in store.values("forecast_wape", per=("product",))}
    assert by_product == {"0": None, "1": 0.0, "2": about(1 / 3), "3": about(5 / 60)}


def test_orders_served_in_full_fill_what_was_ordered() -> None:
    store = SmallStore()
    for number, (qty, in_full) in enumerate(((4, 1), (5, 0), (1, 1), (9, None))):
        order = store.order(DAY_1, dict(gross_minor=1, qty=qty))
        store.add("shipments", shipment_no=f"{number}a", order_id=order, day=DAY_1, in_full=in_full)
    store.add("shipments", shipment_no="2b", order_id=3, day=DAY_1 + 1, in_full=0)  # the rest of it came later
    store.order(DAY_1, dict(gross_minor=1, qty=50))
    value = store.value("fill_rate")
    assert (value.numerator, value.denominator) == (4, 10)


# ---- marketing


def test_a_campaigns_share_is_of_its_channel_and_a_channels_of_everything(expected: dict[str, Any]) -> None:
    store = SmallStore()
    a, b, c = (store.add("campaign", name=name) for name in "abc")
    for campaign, channel, cost in ((a, 1, 6000), (b, 1, 1000), (c, 2, 2000)):
        store.add("ad_performance", day=DAY_1, campaign_id=campaign, channel_id=channel, cost_minor=cost)
    assert store.number("share_of_spend", where=(("campaign", "a"),)) == about(expected["E32"]["share_of_spend"])
    assert {value.per["channel"]: value.value for value in store.values("share_of_spend", per=("channel",))} == {
        "web": Fraction(7, 9), "live": Fraction(2, 9),
    }  # fmt: skip
    within = {value.per["campaign"]: value.value for value in store.values("share_of_spend", per=("channel", "campaign"))}
    assert within == {"a": Fraction(6, 7), "b": Fraction(1, 7), "c": 1}
    filtered = {value.per["campaign"]: value.value for value in store.values("share_of_spend", per=("campaign",), where=(("channel", "web"),))}
    assert filtered == {"a": Fraction(6, 7), "b": Fraction(1, 7)}
    assert store.number("share_of_spend") == 1


def test_posts_engage_those_they_reach(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.cover("social", DAY_1 - 1, DAY_1 - 1)
    posts = dict(channel_id=1, account="shop")
    store.add("social_performance", day=DAY_1 - 1, followers_end=10000, **posts)
    for engagements, reach, impressions in ((100, 1000, 1500), (20, 2000, 2500)):
        store.add("social_performance", day=DAY_1, posts=1, engagements=engagements, reach=reach, impressions=impressions, **posts)
    store.add("social_performance", day=DAY_1 + 28, followers_end=expected["E34"]["followers_end"], followers_gained=300, followers_lost=50, **posts)
    store.add("social_performance", day=DAY_1 + 29, posts=1, impressions=1, **posts)  # a post without a count of followers
    assert store.number("social_engagement_rate") == expected["E34"]["er_by_reach"]
    assert store.number("social_engagements") == 120
    assert store.number("social_impressions") == 4001
    assert store.number("followers") == expected["E34"]["followers_end"]
    assert store.number("follower_growth_rate") == expected["E34"]["growth"]


def test_followers_grow_by_their_levels_where_changes_are_not_told() -> None:
    store = SmallStore()
    store.cover("social", DAY_1 - 1, DAY_1 - 1)
    store.add("social_performance", day=DAY_1 - 1, account="a", followers_end=1000)
    store.add("social_performance", day=DAY_1 + 5, account="a", followers_end=1100, followers_gained=120)
    assert store.number("follower_growth_rate") == 0.1


def test_reach_is_known_for_a_day_and_an_account_and_never_added() -> None:
    store = SmallStore()
    for day, account, reach in ((0, "a", 500), (0, "b", 70), (1, "a", 300)):
        store.add("social_performance", day=DAY_1 + day, account=account, reach=reach)
    assert store.number("social_reach", days=1, where=(("account", "a"),)) == 500
    assert store.value("social_reach", days=1).reason == "metrics.catalogue_vendor_slices"
    assert store.value("social_reach", days=2, where=(("account", "a"),)).reason == "metrics.catalogue_vendor_span"


MAIL = {
    "email_delivery_rate": "delivery_rate", "email_bounce_rate": "bounce_rate", "email_open_rate": "human_open_rate",
    "email_click_rate": "click_rate", "email_ctor": "ctor", "email_unsubscribe_rate": "unsubscribe_rate",
    "email_complaint_rate": "complaint_rate",
}  # fmt: skip


@pytest.fixture(scope="module")
def mailing() -> SmallStore:
    store = SmallStore()
    store.add("email_performance", day=DAY_1, sent=10000, delivered=9800, hard_bounces=150, soft_bounces=50, unique_opens=3920, machine_opens=1960,
              unique_clicks=196, unsubscribes=49, complaints=5, revenue_minor=784000)  # fmt: skip
    store.add("email_performance", day=DAY_1 + 1, sent=70)  # a report that says no more
    return store


@pytest.mark.parametrize("metric", MAIL)
def test_mailings_are_measured_by_what_was_sent_delivered_and_opened(mailing: SmallStore, expected: dict[str, Any], metric: str) -> None:
    assert mailing.number(metric) == about(expected["E35"][MAIL[metric]])


def test_a_delivered_message_brings_money(mailing: SmallStore, expected: dict[str, Any]) -> None:
    value = mailing.value("email_revenue_per_delivered")
    assert (float(value.value or 0), value.unit, value.currency) == (expected["E35"]["revenue_per_delivered"] * 100, "money", "CNY")


def test_branded_searches_are_told_by_the_report_else_by_the_shops_words() -> None:
    store = SmallStore()
    for query, impressions in (("qimu cup", 30), ("Qimu", 12), ("青木 杯子", 5), ("cup", 100)):
        store.add("search_performance", day=DAY_1, variant="query", query=query, impressions=impressions, clicks=1)
    assert store.value("branded_search_impressions").reason == "metrics.catalogue_no_brand_words"
    store.add("setting", name="brand_words", value=json.dumps(["QIMU", "青木"]))
    assert store.number("branded_search_impressions") == 47
    assert store.number("branded_search_impressions", where=(("query", "qimu cup"),)) == 30
    by_query = {value.per["query"]: value.value for value in store.values("branded_search_impressions", per=("query",))}
    assert by_query == {"qimu cup": 30, "Qimu": 12, "青木 杯子": 5}
    store.conn.execute("UPDATE search_performance SET is_branded = CASE WHEN query = 'cup' THEN 1 ELSE 0 END")
    store.conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert store.number("branded_search_impressions") == 100


def test_organic_sales_are_those_of_organic_channels() -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=300), channel_id=1)
    store.order(DAY_1, dict(gross_minor=700), channel_id=2)
    assert store.value("organic_revenue_share").reason == "metrics.catalogue_no_channel_kinds"
    store.conn.execute("UPDATE channel SET kind = 'organic' WHERE name = 'web'")
    assert store.number("organic_revenue_share") == 0.3
    assert store.number("organic_revenue_share", where=(("channel", "web"),)) == 1
    assert store.value("organic_revenue_share", where=(("channel", "live"),)).value is None  # nobody says what it is


def test_own_mentions_are_heard_beside_those_of_competitors() -> None:
    store = SmallStore()
    store.add("social_performance", day=DAY_1, account="a", mentions=30, competitor_mentions=90)
    store.add("social_performance", day=DAY_1, account="b", mentions=500)
    assert store.number("share_of_voice") == 0.25


def test_a_campaigns_budget_is_used_from_its_first_day_on() -> None:
    store = SmallStore(days=60)
    a, b, over = (store.add("campaign", name=name, start_day=DAY_1, end_day=end, budget_minor=budget)
                  for name, end, budget in (("a", DAY_1 + 50, 8000), ("b", None, 2000), ("over", DAY_1 + 10, 5000)))  # fmt: skip
    for campaign, day, cost in ((a, 1, 3000), (a, 35, 1000), (a, 55, 999), (b, 2, 500), (over, 1, 5000)):
        store.add("ad_performance", day=DAY_1 + day, campaign_id=campaign, cost_minor=cost)
    value = store.value("budget_utilisation", first=DAY_1 + 30, days=10)
    assert (value.numerator, value.denominator) == (4500, 10000)
    assert store.value("budget_utilisation", first=DAY_1 + 30, days=10, where=(("campaign", "over"),)).reason == (
        "metrics.catalogue_no_campaign_budget"
    )


# ---- site


def test_script_errors_and_time_on_page_take_only_reports_that_tell_both() -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="date", sessions=200, js_error_sessions=3, dwell_seconds=900, dwell_views=30)
    store.add("site_traffic", day=DAY_1 + 1, shop_id=1, variant="date", sessions=999)
    assert store.number("js_error_rate") == 0.015
    assert store.number("avg_dwell_time") == 30


# ---- people


def test_hours_are_worth_most_where_they_bring_most(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for channel, contribution, hours in ((1, 60000, 300.0), (2, 20000, 200.0)):
        store.order(DAY_1, dict(gross_minor=contribution + 5000, cost_minor=2000), channel_id=channel)
        store.add("ad_performance", day=DAY_1, channel_id=channel, cost_minor=3000)
        store.add("labour", day=DAY_1, staff_id=store.add("staff", name=f"p{channel}"), channel_id=channel, hours=hours, cost_minor=int(hours * 50))
    example = expected["E57"]
    by_channel = {value.per["channel"]: value.value for value in store.values("contribution_per_hour", per=("channel",))}
    assert by_channel == {"web": example["x_per_hour"], "live": example["y_per_hour"]}
    assert store.number("contribution_per_hour") == example["total_per_hour"]
    cost = store.value("labour_cost_ratio")
    assert (cost.numerator, cost.denominator) == (25000, 90000)
    assert float(cost.numerator or 0) / 80000 == example["labour_cost_share_of_contribution"]


def test_sales_for_each_full_time_person_count_working_days() -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=1_000_000))
    for day in range(5):  # a week of one person and a half
        store.add("labour", day=DAY_1 + day, staff_id=1, hours=12.0)
    assert store.number("revenue_per_fte", days=7) == pytest.approx(1_000_000 / 1.5)
    assert store.number("revenue_per_fte", days=5) == pytest.approx(1_000_000 / 1.5)
    assert store.number("revenue_per_fte", days=14) == pytest.approx(1_000_000 / 0.75)
    assert store.value("revenue_per_fte", first=DAY_1 + 5, days=2).value is None  # a weekend


def test_content_is_scored_by_what_people_look_at(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.add("content_audits", day=DAY_1, image_score=90.0, copy_score=80.0, brand_score=70.0, weight=900.0)
    store.add("content_audits", day=DAY_1 + 1, image_score=60.0, copy_score=60.0, brand_score=60.0, weight=100.0)
    store.add("content_audits", day=DAY_1 + 1, image_score=10.0, weight=99999.0)  # never finished
    example = expected["E58"]
    assert store.number("content_score", days=1) == about(example["p1"])
    assert store.number("content_score", first=DAY_1 + 1, days=1) == about(example["p2"])
    assert store.number("content_score") == about(example["exposure_weighted"])


def test_picking_is_fast_and_right_only_where_both_are_written_down() -> None:
    store = SmallStore()
    person = store.add("staff", name="Li", department="stock")
    store.add("labour", day=DAY_1, staff_id=person, hours=8.0, units_handled=400, errors=2)
    store.add("labour", day=DAY_1 + 1, staff_id=person, hours=2.0, units_handled=100)
    store.add("labour", day=DAY_1 + 2, staff_id=person, hours=8.0)
    assert store.number("picks_per_hour") == 50
    assert store.number("pick_accuracy") == 0.995
    assert {value.per["department"]: value.value for value in store.values("picks_per_hour", per=("department",))} == {"stock": 50}


def test_training_counts_sessions_completions_and_hours_a_head() -> None:
    store = SmallStore()
    people = [store.add("staff", name=name, hired_day=hired, left_day=left)
              for name, hired, left in (("a", DAY_1 - 99, None), ("b", DAY_1 - 99, DAY_1 + 40), ("c", DAY_1 + 40, None), ("d", None, DAY_1 + 2))]  # fmt: skip
    store.add("staff", name="only mentioned", import_id=None, record=None)
    for topic, day, person, completed in (("talk", 1, 0, 1), ("talk", 1, 1, 1), ("talk", 1, 3, 0), ("pack", 1, 0, 1), ("talk", 9, 1, 0)):
        store.add("training", topic=topic, staff_id=people[person], day=DAY_1 + day, hours=2.0, completed=completed)
    assert store.number("training_completion_rate") == 0.6
    assert store.number("training_sessions") == 2
    value = store.value("training_hours")
    assert (value.numerator, value.denominator, value.value) == (6, 2, 3)


# ---- money


@pytest.fixture(scope="module")
def books() -> SmallStore:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=100000, cost_minor=55000), platform_fee_minor=5000, payment_fee_minor=1000, fulfil_cost_minor=8000)
    for kind, amount, department in (("marketing", 12000, "ads"), ("rent", 10000, None), ("tax", 3000, None)):
        store.add("expenses", day=DAY_1 + 3, **{"class": kind}, amount_minor=amount, department=department)
    store.add("budgets", first_day=DAY_1, last_day=DAY_1 + 29, **{"class": "rent"}, amount_minor=9000)
    return store


def test_break_even_and_budget_follow_from_the_books(books: SmallStore, expected: dict[str, Any]) -> None:
    assert books.number("budget_variance") == about(expected["E44"]["budget_variance_fixed"])
    assert books.number("break_even_sales") == about(expected["E44"]["break_even_sales"])
    assert books.number("contribution_margin") == expected["E44"]["contribution_before_marketing"]


def test_fees_booked_as_expenses_break_even_at_the_same_sales(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=100000, cost_minor=55000))
    for kind, amount in (("fulfilment", 8000), ("platform", 5000), ("payment", 1000), ("marketing", 12000), ("rent", 10000)):
        store.add("expenses", day=DAY_1, **{"class": kind}, amount_minor=amount)
    assert store.number("break_even_sales") == about(expected["E44"]["break_even_sales"])
    store.conn.execute("UPDATE expenses SET is_variable = 1")
    store.conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert store.number("break_even_sales") == 0  # nothing is fixed any more


def test_a_class_of_expenses_is_a_part_of_all_of_them(books: SmallStore) -> None:
    parts = {value.per["class"]: value.value for value in books.values("cost_structure", per=("class",))}
    assert parts == {"marketing": Fraction(12, 25), "rent": Fraction(2, 5), "tax": Fraction(3, 25)}
    assert books.number("cost_structure", where=(("class", "rent"),)) == 0.4
    # of a department its own expenses
    within = {value.per["class"]: value.value for value in books.values("cost_structure", per=("class", "department")) if value.per["department"]}
    assert within == {"marketing": 1}


def test_a_budget_is_held_against_its_own_days_class_and_department_only() -> None:
    store = SmallStore(days=90)
    for day, kind, department, amount in ((0, "rent", None, 100), (5, "rent", "shop", 40), (5, "staff", "shop", 70), (40, "rent", None, 300)):
        store.add("expenses", day=DAY_1 + day, **{"class": kind}, department=department, amount_minor=amount)
    store.add("budgets", first_day=DAY_1, last_day=DAY_1 + 29, **{"class": "rent"}, amount_minor=120)
    store.add("budgets", first_day=DAY_1, last_day=DAY_1 + 29, **{"class": "rent"}, department="shop", amount_minor=30)
    value = store.value("budget_variance")
    assert (value.numerator, value.denominator) == (140 - 150, 150)
    by = {value.per["department"]: (value.numerator, value.denominator) for value in store.values("budget_variance", per=("department",))}
    assert by == {"": (-20, 120), "shop": (10, 30)}
    part = store.value("budget_variance", days=29)
    assert (part.value, part.reason) == (None, "metrics.catalogue_no_budget")
    store.add("budgets", first_day=DAY_1 + 20, last_day=DAY_1 + 49, **{"class": "staff"}, amount_minor=1)
    cut = store.value("budget_variance")
    assert (cut.numerator, cut.quality, cut.reason) == (-10, "partial", "metrics.longer_spans_left_out")


def test_of_budgets_that_overlap_the_longer_answers() -> None:
    store = SmallStore(days=90)
    store.add("expenses", day=DAY_1 + 1, **{"class": "rent"}, amount_minor=50)
    store.add("budgets", first_day=DAY_1, last_day=DAY_1 + 59, **{"class": "rent"}, amount_minor=100)
    store.add("budgets", first_day=DAY_1, last_day=DAY_1 + 29, **{"class": "rent"}, amount_minor=60)
    assert store.value("budget_variance", days=60).denominator == 100
    assert store.value("budget_variance", days=30).denominator == 60
