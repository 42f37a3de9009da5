"""The worked examples agreed for the metrics, entered as facts and asked of the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore

from ecoperf_desktop.model.days import parse_day

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"
HOUR = 3600
TS_1 = DAY_1 * 86400


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    if not ORACLES.exists():
        pytest.skip("the worked examples are not beside this checkout")
    return {name: example["expected"] for name, example in json.loads(ORACLES.read_text(encoding="utf-8")).items()}


def about(number: float) -> Any:
    """Examples are rounded to four to six places."""
    return pytest.approx(number, rel=2e-5, abs=6e-7)


@pytest.fixture(scope="module")
def ledger() -> SmallStore:
    store = SmallStore(days=3)
    o1 = store.order(DAY_1, dict(qty=2, gross_minor=10000, discount_minor=1000, cost_minor=4800), buyer=1, shipping_minor=800, tax_added_minor=1200)  # fmt: skip
    o2 = store.order(DAY_1, dict(gross_minor=20000, cost_minor=9000), buyer=2, shipping_minor=0, tax_added_minor=0)
    store.order(DAY_1, dict(gross_minor=3000, discount_minor=3000, cost_minor=1100), buyer=3)
    store.order(DAY_1, dict(gross_minor=99999, cost_minor=1), buyer=4, is_test=1)
    store.order(None, dict(gross_minor=5000, cost_minor=1), buyer=5)
    o6 = store.order(DAY_1, dict(gross_minor=4000, cost_minor=1500), buyer=3, cancel_day=DAY_1 + 1)
    store.refund(DAY_1 + 1, 4000, order_id=o6, qty=1, restocked_cost_minor=1500, kind="cancel")
    store.refund(DAY_1 + 1, 4500, order_id=o1, qty=1, tax_minor=600, shipping_minor=0, kind="return_refund")
    store.refund(DAY_1 + 2, 2000, order_id=o2, qty=0, kind="refund_only")
    return store


LEDGER = {
    "gross_sales": "gross_sales", "discounts": "discounts", "returns": "returns_amount", "net_sales": "net_sales",
    "shipping": "shipping_revenue", "tax": "tax_collected", "total_sales": "total_sales", "cogs": "cogs",
    "gross_profit": "gross_profit", "orders": "orders", "net_units": "net_units", "buyers": "buyers",
}  # fmt: skip


@pytest.mark.parametrize(("span", "days"), [("d1", 1), ("d1_3", 3)])
@pytest.mark.parametrize("name", LEDGER)
def test_the_ledger_adds_up_from_gross_to_profit(
    ledger: SmallStore, expected: dict[str, Any], span: str, days: int, name: str
) -> None:
    assert ledger.number(LEDGER[name], days=days) == expected["E01"][span][name]


@pytest.mark.parametrize(("span", "days"), [("d1", 1), ("d1_3", 3)])
def test_gross_margin_follows_from_the_ledger(ledger: SmallStore, expected: dict[str, Any], span: str, days: int) -> None:
    assert ledger.number("gross_margin", days=days) == about(expected["E01"][span]["gross_margin_pct"] / 100)


def test_order_value_and_spend_per_buyer_are_two_numbers(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for buyer, amount, units in [(1, 10000, 2), (1, 5000, 1), (2, 3000, 1), (3, 2000, 4)]:
        store.order(DAY_1, dict(gross_minor=amount, qty=units), buyer=buyer)
    example = expected["E03"]
    assert store.number("aov") == example["aov"] * 100
    assert store.number("spend_per_buyer") == about(example["spend_per_buyer"] * 100)
    assert store.number("asp") == example["asp"] * 100
    assert store.number("units_per_order") == example["units_per_order"]


def test_a_rate_over_two_days_is_no_mean_of_rates(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, variant="date", visitors=100, buyers=10)
    store.add("site_traffic", day=DAY_1 + 1, variant="date", visitors=10000, buyers=200)
    assert store.number("conversion_rate_visitors", days=1) == expected["E04"]["day1"]
    assert store.number("conversion_rate_visitors", first=DAY_1 + 1, days=1) == expected["E04"]["day2"]
    assert store.number("conversion_rate_visitors", days=2) == about(expected["E04"]["right"])


def test_the_refund_rate_goes_by_the_days_of_the_refunds(expected: dict[str, Any]) -> None:
    january, february = parse_day("2026-01-10"), parse_day("2026-02-10")
    store = SmallStore(kinds=())
    for kind in ("sales", "refunds"):
        store.cover(kind, parse_day("2026-01-01"), parse_day("2026-02-28"))
    first = store.order(january, dict(gross_minor=100000))
    second = store.order(february, dict(gross_minor=50000))
    store.refund(january, 2000, order_id=first)
    store.refund(february, 9000, order_id=first)
    store.refund(february, 1000, order_id=second)
    rates = store.values("refund_rate_amount", first=parse_day("2026-01-01"), days=59, by="month")
    assert [float(value.value or 0) for value in rates] == [expected["E05"]["event_jan"], expected["E05"]["event_feb"]]


@pytest.fixture(scope="module")
def returning() -> SmallStore:
    """E15 and E16: who bought in which month."""
    store = SmallStore(kinds=())
    store.cover("sales", parse_day("2025-01-01"), parse_day("2025-03-31"))
    seen: set[int] = set()
    for month, buyers in (("01", "abc"), ("02", "adde"), ("03", "abdf")):
        for place, name in enumerate(buyers):
            buyer = ord(name)
            day = parse_day(f"2025-{month}-{5 + place:02d}")
            store.order(day, dict(gross_minor=100), buyer=buyer, is_first=int(buyer not in seen))
            seen.add(buyer)
    return store


def test_buyers_of_a_quarter_are_not_the_sum_of_its_months(returning: SmallStore, expected: dict[str, Any]) -> None:
    year = dict(first=parse_day("2025-01-01"), days=90)
    months = {value.bucket: value.value for value in returning.values("buyers", by="month", **year)}
    assert months == expected["E15"]["months"]
    assert returning.number("buyers", **year) == expected["E15"]["quarter_distinct"]


def test_new_and_returning_follow_the_order_of_purchases(returning: SmallStore, expected: dict[str, Any]) -> None:
    march = dict(first=parse_day("2025-03-01"), days=31)
    quarter = dict(first=parse_day("2025-01-01"), days=90)
    example = expected["E16"]
    assert returning.number("new_customers", **march) == example["new_in_march"]
    assert returning.number("returning_customers", **march) == example["returning_in_march"]
    assert returning.number("repeat_purchase_rate", **quarter) == example["repeat_purchase_rate_q1"]
    assert returning.number("purchase_frequency", **quarter) == about(example["purchase_frequency_q1"])


def test_survey_scores_follow_their_scales(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for score in [10] * 4 + [9] * 2 + [7, 8] + [6, 0]:
        store.add("surveys", kind="NPS", day=DAY_1, scale_max=10, score=score)
    for score in [5, 5, 4, 3, 1]:
        store.add("surveys", kind="CSAT", day=DAY_1, scale_max=5, score=score)
    for score in [7, 6, 5, 3]:
        store.add("surveys", kind="CES", day=DAY_1, scale_max=7, score=score)
    store.add("surveys", kind="CSAT", day=DAY_1, scale_max=5)  # sent, no answer
    nps = store.value("nps")
    assert nps.value == expected["E20"]["nps_n10"][0]
    assert nps.quality == "low_n"
    assert store.number("csat") == expected["E20"]["csat_pct"] / 100
    assert store.number("ces") == expected["E20"]["ces_mean"]
    assert store.number("survey_response_rate") == about(19 / 20)


def test_the_shop_rating_is_the_mean_of_all_scores(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for day, score in [(DAY_1, 3)] + [(DAY_1 + 1, 5)] * 9:
        store.add("reviews", day=day, stars=score, dsr_item=score, dsr_service=score, dsr_logistics=score)
    for name in ("dsr_item", "dsr_service", "dsr_logistics", "review_score"):
        assert store.number(name) == expected["E21"]["right"]
    assert store.number("positive_review_rate") == expected["E21"]["positive_rate_4plus"]


def test_acquisition_cost_divides_marketing_by_new_customers(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.add("expenses", day=DAY_1, **{"class": "marketing"}, amount_minor=5000000)
    store.add("expenses", day=DAY_1, **{"class": "rent"}, amount_minor=999)
    for buyer in range(1, 601):
        store.order(DAY_1 + buyer % 30, dict(gross_minor=100), buyer=buyer, is_first=1)
    assert store.number("cac") == about(expected["E22"]["cac_blended"] * 100)


def test_turnover_takes_the_mean_of_daily_stock(expected: dict[str, Any]) -> None:
    store = SmallStore()
    product = store.add("product", sku="A")
    for day in range(30):
        store.add("inventory_snapshots", day=DAY_1 + day, product_id=product, on_hand=1, value_minor=10000 if day < 5 else 4000)
    store.order(DAY_1 + 3, dict(gross_minor=35000, cost_minor=21000, product_id=product))
    example = expected["E23"]
    assert store.number("inventory_value_avg") == example["avg_inventory"]
    assert store.number("inventory_value") == 4000
    assert store.number("inventory_turnover") == about(example["turns_annual"])
    assert store.number("inventory_days") == about(example["days_on_hand"])
    assert store.number("gmroi") == about(example["gmroi_annual"])


def test_sell_through_stock_outs_and_cover_follow_the_counts(expected: dict[str, Any]) -> None:
    store = SmallStore()
    products = [store.add("product", sku=sku, is_listed=1) for sku in "ABCD"]
    store.cover("stock", DAY_1 - 1, DAY_1 - 1)
    for product in products:
        store.add("inventory_snapshots", day=DAY_1 - 1, product_id=product, on_hand=25)
    for day in range(30):
        for product in products:
            is_out = (product == products[0] and day < 6) or (product == products[1] and day < 3)
            # Negative stock is oversold: it counts as none.
            store.add("inventory_snapshots", day=DAY_1 + day, product_id=product, on_hand=-1 if is_out else 15)
    store.add("receipts", received_day=DAY_1 + 2, qty_received=50, qty_rejected=0, product_id=products[0])
    store.order(DAY_1, dict(qty=18, gross_minor=1, product_id=products[2]))
    store.order(DAY_1 + 10, dict(qty=72, gross_minor=1, product_id=products[2]))
    example = expected["E24"]
    assert store.number("sell_through_rate") == example["sell_through"]
    assert store.number("stockout_rate") == example["stockout_rate"]
    # 60 pieces at the pace of 72 in the last 28 days
    assert store.number("days_of_cover") == about(60 / (72 / 28))


def test_cover_divides_stock_by_the_daily_pace(expected: dict[str, Any]) -> None:
    store = SmallStore()
    product = store.add("product", sku="A")
    store.add("inventory_snapshots", day=DAY_1 + 29, product_id=product, on_hand=70, reserved=10)
    for day in range(30):
        store.order(DAY_1 + day, dict(qty=4, gross_minor=1, product_id=product))
    assert store.number("days_of_cover") == expected["E24"]["days_of_cover"]


def test_dead_stock_is_old_and_unsold(expected: dict[str, Any]) -> None:
    last = DAY_1 + 29
    store = SmallStore(days=30)
    store.cover("sales", DAY_1 - 300, DAY_1 - 1)
    dead, moving, fresh = (store.add("product", sku=sku) for sku in ("dead", "moving", "fresh"))
    for product, value, received in [(dead, 8000, last - 200), (moving, 40000, last - 200), (fresh, 2000, last - 20)]:
        store.add("inventory_snapshots", day=last, product_id=product, on_hand=1, value_minor=value, oldest_receipt_day=received)
    store.order(last - 190, dict(gross_minor=1, product_id=dead))
    store.order(last - 100, dict(gross_minor=1, product_id=moving))
    assert store.number("dead_stock_value") == 8000
    assert store.number("dead_stock_share") == expected["E24"]["dead_stock_share"]


def test_suppliers_are_judged_by_what_was_due(expected: dict[str, Any]) -> None:
    store = SmallStore()
    due = DAY_1 + 10
    orders = [store.add("purchase_orders", po_no=f"P{n}", supplier_id=None, ordered_day=DAY_1) for n in (1, 2, 3)]
    lines = [
        store.add("po_lines", po_id=orders[place], qty_ordered=ordered, promised_day=due)
        for place, ordered in ((0, 100), (0, 50), (1, 10), (2, 30))
    ]
    for place, day, received, rejected in ((0, due, 100, 0), (1, due, 40, 0), (1, due + 2, 10, 0), (2, due - 3, 10, 0), (3, due, 30, 3)):  # fmt: skip
        store.add("receipts", po_line_id=lines[place], received_day=day, qty_received=received, qty_rejected=rejected)
    example = expected["E26"]
    assert store.number("supplier_otif") == example["otif_line"]
    assert store.number("supplier_otif_units") == about(example["otif_units"])
    assert store.number("supplier_otd") == example["otd_last_receipt_line"]
    assert store.number("supplier_defect_rate") == about(example["defect_rate"])


def test_lead_times_leave_open_orders_out(expected: dict[str, Any]) -> None:
    store = SmallStore(days=60)
    for place, days in enumerate((7, 9, 10, 14, 30, None)):
        order = store.add("purchase_orders", po_no=f"P{place}", ordered_day=DAY_1)
        line = store.add("po_lines", po_id=order, qty_ordered=5, promised_day=DAY_1 + 20)
        if days is not None:
            store.add("receipts", po_line_id=line, received_day=DAY_1 + days, qty_received=5)
    assert store.number("supplier_lead_time_mean", days=60) == expected["E27"]["mean"]
    assert store.number("supplier_lead_time_sd", days=60) == about(expected["E27"]["sd"])
    assert store.value("supplier_lead_time_mean", days=60).quality == "low_n"


def test_a_perfect_order_has_no_fault_at_all(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for number in range(1, 11):
        store.add(
            "shipments", shipment_no=str(number), order_id=store.order(DAY_1, dict(gross_minor=1)), day=DAY_1, status="delivered",
            promised_day=DAY_1 + 3, delivered_day=DAY_1 + (5 if number in (1, 2) else 3), delivered_ts=TS_1, right_item=1,
            in_full=int(number not in (2, 3)), undamaged=int(number != 3), docs_ok=int(number != 2),
        )  # fmt: skip
    assert store.number("perfect_order_rate") == expected["E28"]["perfect_order_rate"]
    assert store.number("delivery_on_time_rate") == expected["E28"]["on_time"]
    assert store.number("delivery_accuracy_rate") == expected["E28"]["in_full"]


def test_due_parcels_that_are_still_open_count_as_late(expected: dict[str, Any]) -> None:
    store = SmallStore()
    hours = [2, 4, 5, 6, 10, 20, 30, 60, None, None]
    for place, taken in enumerate(hours):
        handed = None if taken is None else TS_1 + taken * HOUR
        store.add("shipments", shipment_no=f"d{place}", day=None if handed is None else DAY_1, ready_ts=TS_1, handed_ts=handed,
                  due_dispatch_ts=TS_1 + 48 * HOUR, due_dispatch_day=DAY_1 + 2)  # fmt: skip
    for place in range(8):
        delivered = None if place == 7 else DAY_1 + 9 + (place == 6)
        store.add("shipments", shipment_no=f"p{place}", promised_day=DAY_1 + 9, delivered_day=delivered)
    example = expected["E29"]
    assert store.number("dispatch_on_time_rate") == example["dispatch_on_time"]
    assert store.number("dispatch_time_median") == example["median_h"] * HOUR
    assert store.number("delivery_on_time_rate") == example["delivery_on_time"]


@pytest.fixture(scope="module")
def advertised() -> SmallStore:
    store = SmallStore()
    campaign = store.add("campaign", name="spring")
    store.add("ad_performance", day=DAY_1, campaign_id=campaign, channel_id=1, impressions=200000, clicks=4000, cost_minor=600000,
              conversions=120.0, conv_value_minor=2400000)  # fmt: skip
    # 35 % of the sales remain before ads
    store.order(DAY_1, dict(gross_minor=9000000, cost_minor=5850000), channel_id=1)
    return store


AD = {"ctr": "ad_ctr", "cvr": "ad_cvr", "roas": "ad_roas", "acos": "acos", "roi_profit": "ad_roi_profit", "break_even_roas": "break_even_roas"}
AD_MONEY = {"cpc": "ad_cpc", "cpm": "ad_cpm", "cpa": "ad_cpa"}


@pytest.mark.parametrize("name", AD)
def test_ad_figures_are_quotients_of_sums(advertised: SmallStore, expected: dict[str, Any], name: str) -> None:
    assert advertised.number(AD[name]) == about(expected["E32"][name])


@pytest.mark.parametrize("name", AD_MONEY)
def test_ad_prices_are_money(advertised: SmallStore, expected: dict[str, Any], name: str) -> None:
    value = advertised.value(AD_MONEY[name])
    assert (float(value.value or 0), value.unit, value.currency) == (expected["E32"][name] * 100, "money", "CNY")


def test_all_ad_spend_is_set_against_all_sales(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.add("ad_performance", day=DAY_1, cost_minor=900000, impressions=1, clicks=1)
    store.order(DAY_1, dict(gross_minor=9000000))
    assert store.number("tacos") == expected["E32"]["tacos"]
    assert store.number("mer") == expected["E32"]["mer"]


def test_the_average_position_is_weighted_by_impressions(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for query, impressions, position, clicks in (("a", 900, 3.0, 45), ("b", 100, 40.0, 0)):
        store.add("search_performance", day=DAY_1, variant="query", query=query, impressions=impressions, clicks=clicks,
                  position_weighted=position * impressions)  # fmt: skip
    assert store.number("seo_position") == about(expected["E33"]["position"])
    assert store.number("seo_ctr") == expected["E33"]["ctr"]


def test_outages_that_overlap_are_one(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for start, end, planned in ((10, 40, 0), (30, 50, 0), (1000, 1010, 0), (2000, 2060, 1)):
        began = TS_1 + start * 60
        store.add("incidents", target="shop", started_ts=began, ended_ts=TS_1 + end * 60, day=began // 86400, planned=planned)
    example = expected["E38"]
    assert store.number("downtime_minutes") == example["downtime_min"]
    assert store.number("availability") == about(example["availability_incl_all_hours"])
    assert store.number("mttr") == example["mttr_min"] * 60
    assert store.number("mtbf") == example["mtbf_min"] * 60
    assert store.number("incidents") == 3


def test_two_bounce_rates_differ_on_the_same_sessions(expected: dict[str, Any]) -> None:
    store = SmallStore()
    # Of five sessions two stayed on one page without doing anything; one of these lasted long enough to be engaged.
    store.add("site_traffic", day=DAY_1, variant="date", sessions=5, single_page_sessions=2, engaged_sessions=4, pageviews=8)
    assert store.number("bounce_rate_ua") == expected["E39"]["bounce_ua"]
    assert store.number("bounce_rate_ga4") == about(expected["E39"]["bounce_ga4"])
    assert store.number("engagement_rate_ga4") == expected["E39"]["engagement_ga4"]


def test_phones_and_desktops_are_told_apart(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, variant="device", device="mobile", sessions=8000, purchase_sessions=120)
    store.add("site_traffic", day=DAY_1, variant="device", device="desktop", sessions=2000, purchase_sessions=60)
    assert store.number("mobile_share") == expected["E40"]["mobile_share"]
    assert store.number("mobile_conversion_gap") == about(expected["E40"]["gap_points"])
    assert store.number("conversion_rate_sessions", where=(("device", "mobile"),)) == expected["E40"]["cvr_mobile"]


@pytest.fixture(scope="module")
def answered() -> SmallStore:
    store = SmallStore()
    agents = [store.add("staff", name=name) for name in ("Li", "Wang")]
    first = [5, 10, 10, 15, 20, 20, 40, 120, None, None]
    for place, seconds in enumerate(first):
        store.add("support_conversations", ticket_no=f"a{place}", day=DAY_1, agent_id=agents[0], first_msg_ts=TS_1,
                  first_reply_ts=None if seconds is None else TS_1 + seconds, reply_gaps=30 if place == 0 else 0,
                  reply_seconds=900 if place == 0 else 0)  # fmt: skip
    for place, seconds in enumerate((10, 20)):
        store.add("support_conversations", ticket_no=f"b{place}", day=DAY_1, agent_id=agents[1], first_msg_ts=TS_1,
                  first_reply_ts=TS_1 + seconds, reply_gaps=1, reply_seconds=15)  # fmt: skip
    return store


def test_a_team_mean_is_no_mean_of_its_agents(answered: SmallStore, expected: dict[str, Any]) -> None:
    example = expected["E41"]
    assert answered.number("agent_first_response_time") == example["frt_team"]
    assert answered.number("agent_first_response_time", where=(("agent", "Li"),)) == example["frt_agent1"]
    assert answered.number("agent_first_response_median") == example["frt_median"]
    assert answered.number("agent_reply_rate") == about(example["reply_rate_team"])
    assert answered.number("agent_response_time") == example["art_team"]
    assert answered.number("agent_conversations") == 10


def test_daily_summaries_answer_where_no_conversation_is_known(expected: dict[str, Any]) -> None:
    store = SmallStore(kinds=("agents",))
    agents = [store.add("staff", name=name) for name in ("Li", "Wang")]
    store.add("agent_day", day=DAY_1, agent_id=agents[0], received=10, replied=8, first_reply_n=8, first_reply_seconds=240,
              replies_n=30, reply_seconds=900)  # fmt: skip
    store.add("agent_day", day=DAY_1, agent_id=agents[1], received=2, replied=2, first_reply_n=2, first_reply_seconds=30,
              replies_n=2, reply_seconds=30)  # fmt: skip
    example = expected["E41"]
    assert store.number("agent_first_response_time") == example["frt_team"]
    assert store.number("agent_reply_rate") == about(example["reply_rate_team"])
    assert store.number("agent_response_time") == example["art_team"]
    assert store.number("agent_first_response_median") is None
    per_agent = {value.per["agent"]: value.value for value in store.values("agent_conversations", per=("agent",))}
    assert per_agent == {"Li": 8, "Wang": 2}


def test_inquiries_convert_by_person_within_a_day(expected: dict[str, Any]) -> None:
    store = SmallStore()
    agents = {name: store.add("staff", name=name) for name in "AB"}
    # buyer, agent, days until the payment, had already paid; buyer 6 counts for the last agent before payment
    for buyer, agent, lag, paid in ((1, "A", 0, 0), (2, "A", 0, 0), (3, "A", 1, 0), (4, "A", 5, 0), (5, "B", 0, 1), (6, "B", 0, 0),
                                    (7, "B", None, 0), (8, "B", None, 0)):  # fmt: skip
        store.add("support_conversations", ticket_no=str(buyer), day=DAY_1, agent_id=agents[agent], customer_id=store.buyer(buyer),
                  phase="presale", is_inquiry=1, already_paid=paid, paid_lag_days=lag)  # fmt: skip
    example = expected["E42"]
    assert store.number("agent_inquiry_conversion") == about(example["next_day"])
    by_agent = {value.per["agent"]: float(value.value or 0) for value in store.values("agent_inquiry_conversion", per=("agent",))}
    assert by_agent == {"A": about(example["agent_a_next_day"]), "B": about(example["agent_b_next_day"])}


def test_the_profit_chain_ends_at_what_is_left(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=100000, cost_minor=55000), channel_id=1, platform_fee_minor=5000, payment_fee_minor=1000,
                fulfil_cost_minor=8000)  # fmt: skip
    store.add("ad_performance", day=DAY_1, channel_id=1, cost_minor=12000)
    example = expected["E44"]
    assert store.number("gross_margin") == example["gross_margin"]
    assert store.number("variable_cost") == 14000
    assert store.number("contribution_margin") == example["contribution_after_marketing"]
    assert store.number("channel_contribution", where=(("channel", "web"),)) == example["contribution_after_marketing"]


def test_booked_expenses_lead_to_operating_profit(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.order(DAY_1, dict(gross_minor=100000, cost_minor=55000))
    for kind, amount in (("fulfilment", 8000), ("platform", 5000), ("payment", 1000), ("marketing", 12000), ("rent", 10000), ("tax", 77)):
        store.add("expenses", day=DAY_1, **{"class": kind}, amount_minor=amount)
    example = expected["E44"]
    assert store.number("operating_profit") == example["operating_profit"]
    assert store.number("operating_margin") == example["operating_margin"]
    assert store.number("cost_to_income") == example["cost_to_income"]
    assert store.number("expense_ratio") == example["expense_ratio"]
    assert store.number("marketing_expense_ratio") == example["marketing_ratio"]
    assert store.number("net_profit") == example["operating_profit"] - 77


def test_complaints_and_stars_are_counted_over_their_base(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for number in range(1000):
        store.order(DAY_1 + number % 30, dict(gross_minor=1))
    for number in range(20):
        store.add("support_conversations", ticket_no=str(number), day=DAY_1, is_complaint=int(number < 8))
    for stars, count in ((5, 70), (4, 20), (3, 6), (2, 2), (1, 2)):
        for _ in range(count):
            store.add("reviews", day=DAY_1, stars=stars)
    example = expected["E56"]
    assert store.number("complaint_rate") == example["complaints_per_1000"]
    assert store.number("review_score") == example["review_mean"]
    assert store.number("positive_review_rate") == example["positive_rate"]
    assert store.number("negative_review_rate") == 0.04


def test_what_cannot_be_known_is_missing_and_never_zero(expected: dict[str, Any]) -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, variant="date", visitors=0, buyers=0, sessions=0, purchase_sessions=0)
    store.add("ad_performance", day=DAY_1, cost_minor=0, conversions=0.0, conv_value_minor=0)
    store.order(DAY_1, dict(gross_minor=7000, cost_minor=3000))
    store.order(DAY_1, dict(gross_minor=3000))
    for metric in ("conversion_rate_visitors", "conversion_rate_sessions", "ad_cpa", "ad_roas"):
        value = store.value(metric)
        assert (value.value, value.quality) == (None, "no_base"), metric
        assert value.reason
    for metric in ("gross_margin", "gross_profit", "cogs", "contribution_margin"):
        value = store.value(metric)
        assert (value.value, value.quality) == (None, "cost_incomplete"), metric
    assert store.number("cost_coverage") == 0.7
    unwatched = SmallStore(kinds=("sales",))
    assert unwatched.value("availability").quality == "missing"
    assert all(expected["E60"][name] is None for name in ("conversion", "cpa", "roas_cost_zero", "availability"))
