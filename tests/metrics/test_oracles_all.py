"""All sixty worked examples, each key of each: asked of the engine over imported files, else by functions, with the reason.

``SHOWN`` is the register: by which files an example reaches the engine, and which of its keys no answer says.  The tests below
hold that it is complete, and true.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_shop import FileShop, Way
from oracle_check import Check

from ecoperf_desktop import actions
from ecoperf_desktop.analysis import intervals
from ecoperf_desktop.goals import incentives, pace, proposals, scores, tree
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.downtime import Outage, down_seconds
from ecoperf_desktop.metrics.facts import nearest_rank
from ecoperf_desktop.metrics.methods import (
    buying_model,
    decompose,
    forecast,
    groups,
    recency,
    running,
    scoring,
    signals,
    stock,
    vitals,
)
from ecoperf_desktop.model.days import Grain, Period, bucket_of, date_of, iso, parse_day
from ecoperf_desktop.model.metric import Awaits
from ecoperf_desktop.store import events
from ecoperf_desktop.store.views import VIEWS

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"
DAY = parse_day("2026-03-02")  # a Monday
TS = DAY * 86400
HOUR = 3600
MONTH = Period(DAY, DAY + 29)
ASKED = "phase = 'presale' AND is_inquiry = 1 AND COALESCE(already_paid, 0) = 0"
IN_MONTH: dict[str, Any] = {"first": DAY, "days": 30}
# What an answer is divided by to be told in percent, or percentage points.
PERCENT = Fraction(1, 100)
TARGETS = "waits for the tables of targets and scorecards: the metric says so itself"

Example = Callable[[Check, Path], None]
EXAMPLES: dict[str, Example] = {}


def example(function: Example) -> Example:
    EXAMPLES[function.__name__.upper()] = function
    return function


@pytest.fixture(scope="module")
def oracles() -> Mapping[str, Any]:
    if not ORACLES.exists():
        pytest.skip("the worked examples are not beside this checkout")
    found: Mapping[str, Any] = json.loads(ORACLES.read_text(encoding="utf-8"))
    return found


# ---- sales


@example
def e01(check: Check, folder: Path) -> None:
    shop = FileShop(folder, Period(DAY, DAY + 2))
    o1 = shop.order(DAY, dict(qty=2, gross=10000, discount=1000, cost=4800), buyer="1", shipping=800, tax_added=1200)
    o2 = shop.order(DAY, dict(gross=20000, cost=9000), buyer="2", shipping=0, tax_added=0)
    shop.order(DAY, dict(gross=3000, discount=3000, cost=1100), buyer="1")
    shop.order(DAY, dict(gross=99999, cost=1), buyer="3", is_test=1)
    shop.order(None, dict(gross=7000, cost=3000), buyer="4", placed_day=DAY)
    o6 = shop.order(DAY, dict(gross=4000, cost=1500), buyer="5", cancel_day=DAY + 1)
    shop.add("refunds", order_no=o6, line_no="1", refund_day=DAY + 1, goods=4000, qty=1, restocked_cost=1500, kind="cancel", status="done")
    shop.add("refunds", order_no=o1, line_no="1", refund_day=DAY + 1, goods=4500, tax=600, shipping=0, qty=1, kind="return_refund", status="done")
    shop.add("refunds", order_no=o2, line_no="1", refund_day=DAY + 2, goods=2000, qty=0, kind="refund_only", status="done")
    named = {
        "gross_sales": "gross_sales", "discounts": "discounts", "returns": "returns_amount", "net_sales": "net_sales",
        "shipping": "shipping_revenue", "tax": "tax_collected", "total_sales": "total_sales", "cogs": "cogs",
        "gross_profit": "gross_profit", "orders": "orders", "net_units": "net_units", "buyers": "buyers",
    }  # fmt: skip
    for span, days in (("d1", 1), ("d1_3", 3)):
        for key, metric in named.items():
            check.same(f"{span}.{key}", shop.number(metric, first=DAY, days=days))
        check.same(f"{span}.gross_margin_pct", shop.number("gross_margin", first=DAY, days=days), PERCENT)


@example
def e02(check: Check, folder: Path) -> None:
    """The export tells what an order was reduced by as a whole; its lines are answered for as products."""
    shop = FileShop(folder)
    shop.order(DAY, *(dict(sku=sku, gross=gross) for sku, gross in (("a1", 3333), ("a2", 3333), ("a3", 3334))), order_discount=1000)
    shop.order(DAY + 1, *(dict(sku=sku, gross=100) for sku in ("b1", "b2", "b3")), order_discount=100)
    both = shop.by("discounts", "product", first=DAY, days=2)
    for order in "ab":
        check.same(order, [both[f"{order}{place}"] for place in (1, 2, 3)])
    check.same("sums", [shop.number("discounts", first=DAY + day, days=1) for day in (0, 1)])


@example
def e03(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for buyer, amount, units in (("A", 10000, 2), ("A", 5000, 1), ("B", 3000, 1), ("C", 2000, 4)):
        shop.order(DAY, dict(gross=amount, qty=units), buyer=buyer)
    for key in ("aov", "spend_per_buyer", "asp"):
        check.same(key, shop.number(key, **IN_MONTH), 100)
    check.same("units_per_order", shop.number("units_per_order", **IN_MONTH))


@example
def e04(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    for day, visitors, buyers in ((0, 100, 10), (1, 10000, 200)):
        shop.add("site_traffic", day=DAY + day, variant="date", visitors=visitors, buyers=buyers)
    days = [shop.number("conversion_rate_visitors", first=DAY + day, days=1) for day in (0, 1)]
    check.same("day1", days[0])
    check.same("day2", days[1])
    both = shop.number("conversion_rate_visitors", first=DAY, days=2)
    check.same("right", both)
    check.differs("wrong_mean", both)


@example
def e05(check: Check, folder: Path) -> None:
    january, february = parse_day("2026-01-10"), parse_day("2026-02-10")
    shop = FileShop(folder, Period(parse_day("2026-01-01"), parse_day("2026-02-28")))
    first, second = shop.order(january, dict(gross=10000000)), shop.order(february, dict(gross=5000000))
    for order, day, goods in ((first, january + 9, 200000), (first, february + 9, 900000), (second, february + 9, 100000)):
        shop.add("refunds", order_no=order, refund_day=day, goods=goods, status="done")
    for metric, named in (("refund_rate_amount", ("event_jan", "event_feb")), ("refund_rate_cohort", ("cohort_jan", "cohort_feb_so_far"))):
        rates = shop.values(metric, first=parse_day("2026-01-01"), days=59, by="month")
        for key, rate in zip(named, rates, strict=True):
            check.same(key, rate.value)


@example
def e06(check: Check, folder: Path) -> None:
    # 200 orders of 100 from 10 000 sessions, then 300 of 90 from 12 000.
    shop = FileShop(folder, Period(DAY, DAY + 13))
    for week, orders, value, sessions in ((0, 200, 10000, 10000), (7, 300, 9000, 12000)):
        shop.add("site_traffic", day=DAY + week, variant="date", sessions=sessions, orders=orders)
        for _ in range(orders):
            shop.order(DAY + week, dict(gross=value))
    steps = shop.by("driver_decomposition", "step", first=DAY + 7, days=7)
    for key, step in (("visitors", "sessions"), ("conversion", "conversion"), ("aov", "order_value")):
        check.same(key, steps[step], 100)
    check.same("total", shop.number("driver_decomposition", first=DAY + 7, days=7), 100)
    check.worked("log_mean", float(steps["sessions"]) / 100 / math.log(1.2), why="a step on the way to the effects", places=3)
    # By the logarithmic mean each effect alone makes its own factor of the change.
    alone = [math.exp(float(steps[step]) / 100 / check.expected("log_mean")) for step in ("sessions", "conversion", "order_value")]
    check.worked("multiplicative", alone, why="the same effects as factors, a view that the program has not", places=6)


@example
def e07(check: Check, folder: Path) -> None:
    why = "the engine splits what is positive by logarithmic means; it takes Shapley's only where a factor is negative"
    found = decompose.shapley((10000, 0.02, 100), (12000, 0.025, 90))
    check.worked("shapley", list(found), why=why)
    # One order of replacing the factors is no answer: two orders tell two stories.
    check.differs("order_vca", list(found), why=why)
    check.differs("order_acv", list(found), why=why)
    assert decompose.split_product((10000, 0.02, 100), (12000, 0.025, -90)).method == "shapley"


@example
def e08(check: Check, folder: Path) -> None:
    def effects(name: str, *weeks: tuple[int, str, int, int, int]) -> list[Any]:
        shop = FileShop(folder / name, Period(DAY, DAY + 13))
        shop.order(DAY - 1, dict(gross=1), channel="A")
        for day, channel, sessions, orders, value in weeks:
            shop.add("site_traffic", day=day, variant="channel", channel=channel, sessions=sessions, orders=orders)
            for number in range(orders):
                shop.order(day + (0 if number else 6), dict(gross=value), channel=channel)
        second: dict[str, Any] = {"first": DAY + 7, "days": 7}
        totals.append(shop.number("driver_decomposition", **second))
        steps = shop.by("driver_decomposition", "step", **second)
        return [steps[step] for step in ("sessions", "conversion", "order_value")]

    totals: list[Any] = []
    check.same("a", effects("a", (DAY, "A", 1000, 0, 0), (DAY + 7, "A", 1000, 20, 5000)), 100)
    check.worked(
        "b", list(decompose.log_mean((0, 0, 40), (500, 0.04, 40))),
        why="what part of nobody bought is unknown to the engine, and taken to be as now; the example says it was 0",
    )  # fmt: skip
    both = effects(
        "c", (DAY, "A", 10000, 200, 10000), (DAY + 7, "A", 12000, 300, 9000), (DAY, "B", 5000, 50, 20000), (DAY + 7, "B", 4000, 60, 20000)
    )
    check.same("c_sum", both, 100)
    check.same("c_total", totals[-1], 100)


@example
def e09(check: Check, folder: Path) -> None:
    shop = FileShop(folder, Period(DAY, DAY + 13))
    sold = (("A", 100, 10, 120, 11), ("B", 50, 20, 40, 19), ("C", 0, 0, 10, 15), ("D", 5, 8, 0, 0))
    for sku, units, price, units_after, price_after in sold:
        for week, count, each in ((0, units, price), (7, units_after, price_after)):
            if count:
                shop.order(DAY + week, dict(sku=sku, qty=count, gross=count * each * 100))
    steps = shop.by("pvm_decomposition", "step", first=DAY + 7, days=7)
    for key in ("price", "volume", "mix", "new", "lost"):
        check.same(f"bennet.{key}", steps[key], 100, places=4)
    check.same("total_change", shop.number("pvm_decomposition", first=DAY + 7, days=7), 100)
    why = "the catalogue has the symmetric form, whose steps depend on no order"
    classic = decompose.split_prices([decompose.Sold(a, a * p * 100, b, b * q * 100) for _, a, p, b, q in sold], "classic")
    for key in ("price", "volume", "mix", "new", "lost"):
        check.worked(f"classic.{key}", getattr(classic, key), 100, places=4, why=why)


@example
def e10(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    revenue = {"P1": 850, "P2": 60, "P3": 40, "P4": 30, "P5": 20, "P6": 0}
    for sku, amount in revenue.items():
        shop.add("product", sku=sku, launched_day=DAY - 400)
        shop.order(DAY, dict(sku=sku, gross=amount * 100))
    words = shop.by("abc_class", "product", **IN_MONTH)
    check.same("classes", [words[sku] for sku in revenue])
    check.differs("wrong_if_inclusive", [words[sku] for sku in revenue])
    check.same("top20pct_share", shop.number("top_product_share", **IN_MONTH))


# ---- time and money


@example
def e11(check: Check, folder: Path) -> None:
    first, last = parse_day("2024-01-01"), parse_day("2025-02-28")
    new_year = {2024: parse_day("2024-02-10"), 2025: parse_day("2025-01-29")}
    shop = FileShop(folder, Period(first, last))
    for day in range(first, last + 1):
        shop.order(day, dict(gross=20 if 0 <= day - new_year[date_of(day).year] < 7 else 100))
    asked: dict[str, Any] = {"first": parse_day("2025-01-20"), "days": 14}
    for kind, named, metric in (("year", "calendar", "growth_yoy"), ("aligned", "aligned364", "growth_yoy_aligned"), ("event", "event", "growth_event_aligned")):
        value = shop.value("net_sales", compare=kind, **asked)
        assert value.compare is not None
        check.same("current", value.value)
        check.same(f"{named}_prev", value.compare.value)
        check.same(f"{named}_yoy", value.compare.change_ratio, places=6)
        check.same(f"{named}_yoy", shop.number(metric, **asked), places=6)


@example
def e12(check: Check, folder: Path) -> None:
    for text in ("2024-12-29", "2024-12-30", "2025-01-01", "2027-01-03"):
        check.worked(f"sunday_week_start.{text}", iso(bucket_of(parse_day(text), Grain.WEEK, 7).period.first), why=CALENDAR)
    shop = FileShop(folder)
    for text in (*check.expected_of("iso"), "2026-12-28"):
        shop.order(parse_day(text), dict(gross=1))
    for text in check.expected_of("iso"):
        asked = shop.values("orders", first=parse_day(text), days=1, by="week")
        check.same(f"iso.{text}", asked[0].bucket)
    check.worked("weeks_in_2026", int(bucket_of(parse_day("2026-12-28"), Grain.WEEK).label[-2:]), why=CALENDAR)
    fridays = [event for event in events.events(shop.workspace().conn) if event.code == "black_friday"]
    check.worked("black_friday", [iso(event.anchor) for event in fridays if event.year in (2024, 2025, 2026)], why=CALENDAR)


CALENDAR = "a fact of the calendar, of which no metric is asked"


@example
def e13(check: Check, folder: Path) -> None:
    def sold_on(name: str, instant: tuple[str, int, int], tz: str, day_start: str = "00:00") -> Any:
        day, hour, minute = parse_day(instant[0]), *instant[1:]
        shop = FileShop(folder / name, tz=tz, day_start=day_start)
        second = day * 86400 + hour * HOUR + minute * 60
        shop.add("orders", order_no="A1", placed_ts=second, paid_ts=second)
        shop.add("order_lines", order_no="A1", line_no="1", qty=1, gross=100)
        found = [one for one in shop.values("orders", first=day - 2, days=5, by="day") if one.value]
        assert len(found) == 1
        return found[0].bucket

    check.same("shanghai", sold_on("a", ("2025-03-31", 16, 30), "Asia/Shanghai"))
    check.same("shanghai_4am", sold_on("b", ("2025-03-31", 16, 30), "Asia/Shanghai", "04:00"))
    check.same("ny_spring", sold_on("c", ("2025-03-09", 7, 30), "America/New_York"))
    check.same("ny_autumn", sold_on("d", ("2025-11-02", 5, 30), "America/New_York"))

    def down_for(name: str, day: int) -> Any:
        shop = FileShop(folder / name, tz="America/New_York")
        shop.add("incidents", target="shop", started_ts=(day - 2) * 86400, ended_ts=(day + 3) * 86400, day=day - 3, planned=0)
        return shop.number("downtime_minutes", first=day, days=1)

    # Down for the whole of both days and more: as long as they are.
    check.same("ny_hours", [down_for(day, parse_day(day)) for day in ("2025-03-09", "2025-11-02")], 60)


@example
def e14(check: Check, folder: Path) -> None:
    def traded(name: str, currency: str, amount: int, rate: float) -> FileShop:
        shop = FileShop(folder / name, Period(DAY, DAY + 1), currency=currency, reporting_currency="CNY")
        order = shop.order(DAY, dict(gross=amount))
        shop.add("refunds", order_no=order, refund_day=DAY + 1, goods=amount, status="done")
        for day, of_day in ((DAY, rate), (DAY + 1, rate * 7.3 / 7.1234)):
            shop.add("exchange_rates", day=day, currency=currency, quote="CNY", rate=round(of_day, 4))
        return shop

    dollars = traded("usd", "USD", 10000, 7.1234)
    check.same("sale_cny_minor", dollars.number("gross_sales", first=DAY, days=2))
    check.same("refund_at_order_rate", dollars.number("returns_amount", first=DAY, days=2), -1)
    net = dollars.number("net_sales", first=DAY, days=2)
    check.same("net", net)
    check.differs("wrong_net_at_refund_day_rate", net)
    check.same("jpy_1000_in_cny_minor", traded("jpy", "JPY", 1000, 0.0478).number("gross_sales", first=DAY, days=2))


# ---- customers


def quarter_shop(folder: Path) -> FileShop:
    """E15 and E16: who bought in which month of a quarter."""
    shop = FileShop(folder, Period(parse_day("2025-01-01"), parse_day("2025-03-31")))
    for month, buyers in (("01", "abc"), ("02", "adde"), ("03", "abdf")):
        for place, name in enumerate(buyers):
            # An export speaks for the days from its first order to its last: here for the whole quarter.
            day = 31 if name == "f" else 1 if (month, name) == ("01", "a") else 5 + place
            shop.order(parse_day(f"2025-{month}-{day:02d}"), dict(gross=100), buyer=name)
    return shop


QUARTER: dict[str, Any] = {"first": parse_day("2025-01-01"), "days": 90}
MARCH: dict[str, Any] = {"first": parse_day("2025-03-01"), "days": 31}


@example
def e15(check: Check, folder: Path) -> None:
    shop = quarter_shop(folder)
    months = {str(value.bucket): value.value for value in shop.values("buyers", by="month", **QUARTER)}
    for month, count in months.items():
        check.same(f"months.{month}", count)
    check.worked("sum_of_months", sum(count or 0 for count in months.values()), why="what must not be done: the engine never adds people up")
    check.same("quarter_distinct", shop.number("buyers", **QUARTER))


@example
def e16(check: Check, folder: Path) -> None:
    shop = quarter_shop(folder)
    matrix = {(value.per["cohort"], int(value.per["age"])): value for value in shop.values("cohort_retention", per=("cohort", "age"), **QUARTER)}
    for cohort in ("2025-01", "2025-02", "2025-03"):
        check.same(f"cohorts.{cohort}.size", matrix[cohort, 0].denominator)
        row = [matrix.get((cohort, age)) for age in range(3)]
        check.same(f"cohorts.{cohort}.retention", [None if one is None else one.value for one in row])
    pooled = {int(value.per["age"]): value.value for value in shop.values("cohort_retention", per=("age",), **QUARTER)}
    check.same("pooled_month1_retention", pooled[1])
    check.same("new_in_march", shop.number("new_customers", **MARCH))
    check.same("returning_in_march", shop.number("returning_customers", **MARCH))
    check.same("repeat_purchase_rate_q1", shop.number("repeat_purchase_rate", **QUARTER))
    check.same("purchase_frequency_q1", shop.number("purchase_frequency", **QUARTER))
    retained = shop.value("retention_rate", **MARCH)
    check.same("customer_retention_feb_to_mar", retained.value)
    check.same("churn_feb_to_mar", shop.own("1 - retention_rate", **MARCH))


@example
def e17(check: Check, folder: Path) -> None:
    why = "a method's inner step: the engine answers for customers together, never for one"
    times, days = (1, 1, 1, 1, 1, 1, 2, 2, 3, 9), (5, 40, 90, 200, 365)
    found = recency.scored(np.array(times)).tolist()
    check.worked("f_score_strictly_below", found, why=why)
    check.differs("f_score_cume_dist", found, why=why)
    check.differs("ntile_splits_equal_customers", found, why=why)
    lately = recency.scored(np.array(days), lower_is_better=True).tolist()
    check.worked("r_score", lately, why=why)
    # Five of each of the ten, through a file: as many as are scored in fifths.  Their scores have another mean by each convention.
    today = DAY + 400  # the day after the year that is asked about
    shop = FileShop(folder)
    for place, count in enumerate(times):
        for lag in days:
            for _ in range(count):
                shop.order(today - lag, dict(gross=100), buyer=f"buyer {place} {lag}")
    shop.order(today - 1, dict(gross=100))
    means = shop.by("rfm_score", "step", first=today - 365, days=365)
    assert means["frequency"] == Fraction(sum(found), 10)
    assert means["frequency"] not in {Fraction(sum(check.expected(key)), 10) for key in ("f_score_cume_dist", "ntile_splits_equal_customers")}
    assert means["recency"] == Fraction(sum(lately), 5)


def history(x: int, t_x: float, age: float) -> buying_model.Histories:
    return buying_model.Histories(np.array([x]), np.array([t_x]), np.array([age]))


PUBLISHED = "the engine fits a model of its own to the shop's customers; published parameters can only be given to its mathematics"
CDNOW = buying_model.Buying(0.243, 4.414, 0.793, 2.426)
CDNOW_VALUE = buying_model.Spending(6.25, 3.74, 15.44)


@example
def e18(check: Check, folder: Path) -> None:
    why = PUBLISHED
    customer, once = history(2, 30.43, 38.86), history(0, 0, 38.86)
    check.worked("p_alive", buying_model.p_alive(CDNOW, customer)[0], why=why)
    check.worked("p_alive_x26_tx30_86_T31", buying_model.p_alive(CDNOW, history(26, 30.86, 31))[0], why=why)
    check.worked("expected_purchases_39w", buying_model.expected_purchases(CDNOW, customer, 39)[0], why=why)
    check.worked("new_customer_expected_39w", buying_model.expected_of_new(CDNOW, 39), why=why)
    check.worked("new_customer_expected_52w", buying_model.expected_of_new(CDNOW, 52), why=why)
    check.worked("expected_if_never_repeated", buying_model.expected_purchases(CDNOW, once, 39)[0], why=why)
    # The model calls everybody who bought once alive: we say unknown instead.
    assert math.isnan(buying_model.p_alive(CDNOW, once)[0])
    check.differs("p_alive_if_never_repeated", buying_model.p_alive(CDNOW, once)[0], why=why)


@example
def e19(check: Check, folder: Path) -> None:
    why = PUBLISHED
    check.worked("population_mean", CDNOW_VALUE.population_mean, why=why)
    worth = buying_model.expected_value(CDNOW_VALUE, np.array([2, 0]), np.array([22.35, 0.0]))
    check.worked("conditional_mean", worth[0], why=why)
    assert worth[1] == CDNOW_VALUE.population_mean
    purchases = buying_model.discounted_purchases(CDNOW, history(2, 30.43, 38.86), 39, 0.0)
    check.worked("clv_margin_39w", purchases[0] * worth[0] * 0.4, why=why)


@example
def e20(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for number, score in enumerate([10] * 4 + [9] * 2 + [7, 8] + [6, 0]):
        shop.add("surveys", response_no=f"n{number}", kind="NPS", day=DAY, scale_max=10, score=score)
    for number, score in enumerate((5, 5, 4, 3, 1)):
        shop.add("surveys", response_no=f"c{number}", kind="CSAT", day=DAY, scale_max=5, score=score)
    for number, score in enumerate((7, 6, 5, 3)):
        shop.add("surveys", response_no=f"e{number}", kind="CES", day=DAY, scale_max=7, score=score)
    many = FileShop(folder / "many", MONTH)
    for number in range(1000):
        many.add("surveys", response_no=f"n{number}", kind="NPS", day=DAY, scale_max=10, score=10 if number < 600 else 8 if number < 800 else 3)
    for key, one in (("nps_n10", shop), ("nps_n1000", many)):
        told = one.values("nps_promoters", "nps_passives", "nps_detractors", **IN_MONTH)
        margin = intervals.promoter_margin(*(int(value.numerator or 0) for value in told))
        check.worked(key, [one.number("nps", **IN_MONTH), margin], why="the first of the two is the engine's; how sure it is stands in no answer")
    satisfied = shop.value("csat", **IN_MONTH)
    check.same("csat_pct", satisfied.value, PERCENT)
    bounds = intervals.wilson(float(satisfied.numerator or 0), float(satisfied.denominator or 0))
    check.worked("csat_wilson95", [bound * 100 for bound in bounds], places=2, why="bounds of the engine's share; how sure it is stands in no answer")
    why = "another convention: the catalogue has the satisfied as a share, and effort as a mean"
    check.worked("csat_mean", intervals.mean_of_counts({5: 2, 4: 1, 3: 1, 1: 1}), why=why)
    check.same("ces_mean", shop.number("ces", **IN_MONTH))
    check.worked("ces_easy_pct", intervals.top_share({7: 1, 6: 1, 5: 1, 3: 1}, 5) * 100, why=why)


@example
def e21(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    for number, (day, score) in enumerate([(DAY, 3)] + [(DAY + 1, 5)] * 9):
        shop.add("reviews", order_no=f"O{number}", review_no=f"R{number}", day=day, stars=score, dsr_item=score, dsr_service=score, dsr_logistics=score)
    for metric in ("dsr_item", "dsr_service", "dsr_logistics", "review_score"):
        rating = shop.number(metric, first=DAY, days=2)
        check.same("right", rating)
        check.differs("wrong_mean_of_days", rating)
    check.same("positive_rate_4plus", shop.number("positive_review_rate", first=DAY, days=2))


@example
def e22(check: Check, folder: Path) -> None:
    """Marketing in smallest units of a hundredth: 500 pays for 6 customers, of which 300 for acquiring them."""
    whole = Period(parse_day("2025-01-01"), parse_day("2025-12-31"))

    def shop_with(name: str, marketing: int) -> FileShop:
        shop = FileShop(folder / name, whole)
        shop.add("expenses", expense_no="1", day=whole.first, **{"class": "marketing"}, amount=marketing)
        for buyer in range(6):
            for month in range(1, 13):
                left = 3500 if month == 1 else 500
                shop.order(parse_day(f"2025-{month:02d}-01"), dict(gross=left, cost=0), buyer=str(buyer))
        return shop

    blended, acquisition = shop_with("all", 50000), shop_with("acquisition", 30000)
    january: dict[str, Any] = {"first": whole.first, "days": 31}
    check.same("cac_blended", blended.number("cac", **january), 100)
    check.same("cac_acquisition", acquisition.number("cac", **january), 100)
    check.same("payback_month", acquisition.number("payback_months", **january))
    year: dict[str, Any] = {"first": whole.first, "days": 365}
    check.same("clv_12m", acquisition.number("clv_historic", **year), 100)
    check.same("clv_cac", acquisition.number("clv_cac_ratio", **year))


# ---- supply chain


@example
def e23(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for day in range(30):
        shop.add("inventory_snapshots", day=DAY + day, location="main", sku="A", on_hand=1, value=10000 if day < 5 else 4000)
    shop.order(DAY + 3, dict(sku="A", gross=35000, cost=21000))
    check.same("avg_inventory", shop.number("inventory_value_avg", **IN_MONTH))
    turns = shop.number("inventory_turnover", **IN_MONTH)
    check.same("turns_annual", turns)
    period = shop.own("cogs / inventory_value_avg", **IN_MONTH)
    check.same("turns_period", period)
    check.differs("wrong_turns_two_point_average", period)
    check.differs("wrong_turns_sales_over_stock", period)
    check.same("days_on_hand", shop.number("inventory_days", **IN_MONTH))
    check.same("gmroi_annual", shop.number("gmroi", **IN_MONTH))
    check.same("gmroi_period", shop.own("gross_profit / inventory_value_avg", **IN_MONTH))


@example
def e24(check: Check, folder: Path) -> None:
    shop = FileShop(folder / "counts", Period(DAY - 1, DAY + 29))
    skus = "ABCD"
    for sku in skus:
        shop.add("product", sku=sku, is_listed=1)
        shop.add("inventory_snapshots", day=DAY - 1, location="main", sku=sku, on_hand=25)
    for day in range(30):
        for sku in skus:
            is_out = (sku == "A" and day < 6) or (sku == "B" and day < 3)
            shop.add("inventory_snapshots", day=DAY + day, location="main", sku=sku, on_hand=0 if is_out else 15)
    # What each sells a day while it is there: of five pieces two are A's, and one is each other's.
    daily = {"A": (2, 6), "B": (1, 3), "C": (1, 0), "D": (1, 0)}
    for sku, (units, first) in daily.items():
        for day in (-1, *range(first, 30)):
            shop.order(DAY + day, dict(sku=sku, qty=units, gross=units * 100))
    sold = shop.number("units_sold", **IN_MONTH)
    assert sold == 48 + 27 + 30 + 30
    check.same("stockout_rate", shop.number("stockout_rate", **IN_MONTH))
    # 6 of 30 days of 2 of 5 pieces a day, and 3 of 30 of 1 of 5.
    check.same("demand_weighted_stockout", shop.number("stockout_rate_weighted", **IN_MONTH))

    selling = FileShop(folder / "selling", Period(DAY - 1, DAY + 29))
    selling.add("inventory_snapshots", day=DAY - 1, location="main", sku="A", on_hand=100)
    selling.add("inventory_snapshots", day=DAY + 29, location="main", sku="A", on_hand=60)
    selling.add("receipts", receipt_no="R1", po_no="P1", received_day=DAY + 2, qty_received=50, qty_rejected=0, sku="A")
    for day in range(30):
        selling.order(DAY + day, dict(sku="A", qty=3, gross=300))
    check.same("sell_through", selling.number("sell_through_rate", **IN_MONTH))
    check.same("sell_through_vs_ending", selling.own("units_sold / (units_sold + inventory_units)", **IN_MONTH))

    cover = FileShop(folder / "cover", MONTH)
    cover.add("inventory_snapshots", day=DAY + 29, location="main", sku="A", on_hand=60)
    for day in range(30):
        cover.order(DAY + day, dict(sku="A", qty=4, gross=400))
    check.same("days_of_cover", cover.number("days_of_cover", **IN_MONTH))

    dead = FileShop(folder / "dead", Period(DAY - 300, DAY + 29))
    for sku, value, received in (("dead", 800000, DAY - 200), ("moving", 4000000, DAY - 200), ("fresh", 200000, DAY + 9)):
        dead.add("inventory_snapshots", day=DAY + 29, location="main", sku=sku, on_hand=1, value=value, oldest_receipt_day=received)
    dead.order(DAY - 190, dict(sku="dead", gross=1))
    dead.order(DAY - 100, dict(sku="moving", gross=1))
    for day in (DAY - 300, DAY + 29):  # as long as the export reaches
        dead.order(day, dict(sku="other", gross=1))
    check.same("dead_stock_share", dead.number("dead_stock_share", **IN_MONTH))


@example
def e25(check: Check, folder: Path) -> None:
    from statistics import NormalDist

    why = "a step on the way to the stock that the engine answers in whole pieces, or another policy than its own"
    check.worked("z", NormalDist().inv_cdf(stock.SERVICE), why=why)
    spread = stock.lead_time_spread(20, 6, 9, 2)
    check.worked("sigma_lead_time_demand", spread, why=why)
    check.worked("safety_stock", NormalDist().inv_cdf(stock.SERVICE) * spread, why=why)
    demand, demand_sd, lead, lead_sd, service = (np.array([value], float) for value in (20, 6, 9, 2, stock.SERVICE))
    planned = stock.levels(demand, demand_sd, lead, lead_sd, service)
    assert (int(planned.safety[0]), int(planned.reorder[0])) == (check.expected("safety_stock_units"), check.expected("reorder_point"))
    # Demand alone, as if lead times never varied.
    steady = stock.lead_time_spread(20, 6, 9, 0)
    check.worked("demand_only_formula", NormalDist().inv_cdf(stock.SERVICE) * steady, why=why)
    assert stock.levels(demand, demand_sd, lead, np.array([0.0]), service).safety[0] == 30
    longer = math.hypot(stock.lead_time_spread(20, 6, 9 + 7, 0), stock.lead_time_spread(20, 0, 9, 2))
    check.worked("periodic_sigma", longer, why=why)
    check.worked("order_up_to", 20 * 16 + NormalDist().inv_cdf(stock.SERVICE) * longer, why=why)
    assert stock.levels(demand, demand_sd, lead, lead_sd, service, review=7.0).up_to[0] == math.ceil(check.expected("order_up_to"))
    factor = stock.fill_factor(0.98, 200, spread)
    check.worked("k_for_fill_98", factor, why=why)
    # The same through files: 91 days of 20 with a sample deviation of 6, and lead times of 7, 9 and 11 days.
    days = Period(DAY, DAY + 90)
    shop = FileShop(folder, days)
    shop.add("product", sku="A", supplier="S")
    for day in range(91):
        shop.order(DAY + day, dict(sku="A", qty=20 if day == 90 else 26 if day % 2 else 14, gross=5460))
    for number, took in enumerate((7, 9, 11)):
        shop.add("purchase_orders", po_no=f"P{number}", supplier="S", ordered_day=DAY)
        shop.add("po_lines", po_no=f"P{number}", line_no="1", sku="A", qty_ordered=5)
        shop.add("receipts", receipt_no=str(number), po_no=f"P{number}", line_no="1", sku="A", received_day=DAY + took, qty_received=5)
    span: dict[str, Any] = {"first": DAY, "days": 91, "where": (("product", "A"),)}
    check.same("safety_stock_units", shop.number("safety_stock", **span))
    check.same("reorder_point", shop.number("reorder_point", **span))
    check.worked("ss_for_fill_98", factor * spread, why=why)


@example
def e26(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    due = DAY + 10
    for order in "123":
        shop.add("purchase_orders", po_no=f"P{order}", supplier="S", ordered_day=DAY)
    for po, line, ordered in (("P1", "a", 100), ("P1", "b", 50), ("P2", "c", 10), ("P3", "d", 30)):
        shop.add("po_lines", po_no=po, line_no=line, sku=line, qty_ordered=ordered, promised_day=due)
    for number, (po, line, day, received, rejected) in enumerate((("P1", "a", due, 100, 0), ("P1", "b", due, 40, 0), ("P1", "b", due + 2, 10, 0), ("P2", "c", due - 3, 10, 0), ("P3", "d", due, 30, 3))):  # fmt: skip
        shop.add("receipts", receipt_no=str(number), po_no=po, line_no=line, sku=line, received_day=day, qty_received=received, qty_rejected=rejected)
    check.same("otif_line", shop.number("supplier_otif", **IN_MONTH))
    check.same("otif_units", shop.number("supplier_otif_units", **IN_MONTH))
    check.same("otd_last_receipt_line", shop.number("supplier_otd", **IN_MONTH))
    check.same("defect_rate", shop.number("supplier_defect_rate", **IN_MONTH))
    # An order is in full when each of its lines is: counted over the rows that the rate by lines rests on.
    lines = shop.workspace().conn.execute(f"SELECT po_id, qty_ordered, good_by_promise FROM ({VIEWS['po_due'].sql})").fetchall()
    in_full = {po: all(good is not None and good >= ordered for other, ordered, good in lines if other == po) for po, _, _ in lines}
    check.worked("otif_po", Fraction(sum(in_full.values()), len(in_full)), places=6, why="the catalogue judges lines and pieces, not whole orders")


@example
def e27(check: Check, folder: Path) -> None:
    whole = Period(DAY, DAY + 59)
    shop = FileShop(folder, whole)
    taken = (7, 9, 10, 14, 30, None)
    for number, days in enumerate(taken):
        shop.add("purchase_orders", po_no=f"P{number}", supplier="S", ordered_day=DAY)
        shop.add("po_lines", po_no=f"P{number}", line_no="1", sku="A", qty_ordered=5, promised_day=DAY + 40)
        if days is not None:
            shop.add("receipts", receipt_no=str(number), po_no=f"P{number}", line_no="1", sku="A", received_day=DAY + days, qty_received=5)
    span: dict[str, Any] = {"first": DAY, "days": 60}
    mean = shop.value("supplier_lead_time_mean", **span)
    check.same("mean", mean.value)
    check.same("sd", shop.number("supplier_lead_time_sd", **span))
    check.same("cv", shop.own("supplier_lead_time_sd / supplier_lead_time_mean", **span))
    why = "of lead times the catalogue has mean and deviation; a median it has of hand-over and delivery"
    known = sorted(days for days in taken if days is not None)
    check.worked("median", nearest_rank([(days, 1) for days in known], 0.5)[0], why=why)
    check.worked("p90_nearest_rank", nearest_rank([(days, 1) for days in known], 0.9)[0], why=why)
    due = shop.value("supplier_otd", **span)
    check.worked("open_overdue", (due.denominator or 0) - (mean.denominator or 0), why="lines due less lines come in: what two answers rest on")


@example
def e28(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for number in range(1, 11):
        shop.add(
            "shipments", shipment_no=str(number), order_no=shop.order(DAY, dict(gross=100)), handed_ts=TS + HOUR, status="delivered",
            promised_day=DAY + 3, delivered_ts=TS + (5 if number in (1, 2) else 3) * 86400, right_item=1, in_full=int(number not in (2, 3)),
            undamaged=int(number != 3), docs_ok=int(number != 2),
        )  # fmt: skip
    perfect = shop.number("perfect_order_rate", **IN_MONTH)
    check.same("perfect_order_rate", perfect)
    check.differs("product_of_component_rates", perfect)
    check.same("on_time", shop.number("delivery_on_time_rate", **IN_MONTH))
    check.same("in_full", shop.number("delivery_accuracy_rate", **IN_MONTH))


@example
def e29(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    hours = (2, 4, 5, 6, 10, 20, 30, 60, None, None)
    for place, taken in enumerate(hours):
        handed = None if taken is None else TS + taken * HOUR
        shop.add("shipments", shipment_no=f"d{place}", ready_ts=TS, handed_ts=handed, due_dispatch_ts=TS + 48 * HOUR)
    for place in range(8):
        delivered = None if place == 7 else TS + (9 + (place == 6)) * 86400
        shop.add("shipments", shipment_no=f"p{place}", promised_day=DAY + 9, delivered_ts=delivered)
    dispatched = shop.number("dispatch_on_time_rate", **IN_MONTH)
    check.same("dispatch_on_time", dispatched)
    check.same("within_48h_of_all_due", dispatched)
    check.differs("wrong_only_sent", dispatched)
    check.same("median_h", shop.number("dispatch_time_median", **IN_MONTH), HOUR)
    known = [taken for taken in hours if taken is not None]
    why = "of hand-over the catalogue has the median; a 90th part it has of delivery"
    check.worked("mean_h", intervals.mean_of_counts({taken: 1 for taken in known}), why=why)
    check.worked("p90_h", nearest_rank([(taken, 1) for taken in known], 0.9)[0], why=why)
    check.same("delivery_on_time", shop.number("delivery_on_time_rate", **IN_MONTH))


@example
def e30(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for place, (actual, expected) in enumerate(((0, 5), (10, 10), (30, 20), (60, 65))):
        shop.add("demand_forecast", day=DAY + place, made_day=DAY + place - 7, sku="A", qty=expected)
        if actual:
            shop.order(DAY + place, dict(sku="A", qty=actual, gross=100 * actual))
    check.same("wape", shop.number("forecast_wape", first=DAY, days=4))
    check.same("bias", shop.number("forecast_bias", first=DAY, days=4))
    # Percent of what was 0 is nothing: there is no such metric.
    check.worked("mape", actions.known_metrics(shop.workspace()).metrics.get("forecast_mape"), why="there is no such metric to ask for")


@example
def e31(check: Check, folder: Path) -> None:
    series = {"X": (10, 11, 9, 10), "Y": (10, 0, 25, 5), "Z": (0, 0, 40, 0)}
    # A year of the same four weeks: as spread as these.
    shop = FileShop(folder, Period(DAY, DAY + 52 * 7 - 1))
    for week in range(52):
        lines = [dict(sku=name, qty=weeks[week % 4], gross=100 * weeks[week % 4]) for name, weeks in series.items() if weeks[week % 4]]
        shop.order(DAY + week * 7 + (6 if week == 51 else week % 7), *lines)
    for value in shop.values("xyz_class", per=("product",), first=DAY, days=52 * 7):
        name = value.per["product"]
        check.same(name, [value.details["variation"], value.word], places=4)
        if name == "Z":
            check.same("adi_z", value.details["interval"])


# ---- marketing


@example
def e32(check: Check, folder: Path) -> None:
    shop = FileShop(folder / "campaign", MONTH)
    shop.add("ad_performance", day=DAY, campaign="spring", channel="Google Ads", impressions=200000, clicks=4000, cost=600000, conversions=120.0, conv_value=2400000)
    shop.order(DAY, dict(gross=9000000, cost=5850000), channel="Google Ads")  # 35 % remain before ads
    for key, metric in (("ctr", "ad_ctr"), ("cvr", "ad_cvr"), ("roas", "ad_roas"), ("roi_cn", "ad_roas"), ("acos", "acos"), ("roi_profit", "ad_roi_profit")):
        check.same(key, shop.number(metric, **IN_MONTH))
    for key in ("cpc", "cpm", "cpa"):
        check.same(key, shop.number(f"ad_{key}", **IN_MONTH), 100)
    even = shop.number("break_even_roas", **IN_MONTH)
    check.same("break_even_roas", even)
    check.same("break_even_acos", shop.own("1 / break_even_roas", **IN_MONTH))
    every = FileShop(folder / "all", MONTH)
    for campaign, cost in (("spring", 600000), ("other", 300000)):
        every.add("ad_performance", day=DAY, campaign=campaign, impressions=1, clicks=1, cost=cost)
    every.order(DAY, dict(gross=9000000))
    check.same("tacos", every.number("tacos", **IN_MONTH))
    check.same("mer", every.number("mer", **IN_MONTH))
    check.same("share_of_spend", every.by("share_of_spend", "campaign", **IN_MONTH)["spring"])


@example
def e33(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    for query, impressions, position, clicks in (("a", 900, 3.0, 45), ("b", 100, 40.0, 0)):
        shop.add("search_performance", day=DAY, variant="query", query=query, impressions=impressions, clicks=clicks, position_weighted=position * impressions)
    position, rate = shop.number("seo_position", first=DAY, days=1), shop.number("seo_ctr", first=DAY, days=1)
    check.same("position", position)
    check.differs("wrong_mean", position)
    check.same("ctr", rate)
    check.differs("wrong_mean_ctr", rate)


@example
def e34(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    rows = ((DAY - 1, None, None, None, 10000, None, None), (DAY, 100, 1000, 1500, None, None, None), (DAY + 1, 20, 2000, 2500, 10250, 300, 50))
    for day, engagements, reach, impressions, followers, gained, lost in rows:
        shop.add("social_performance", day=day, account="us", posts=None if reach is None else 1, engagements=engagements, reach=reach,
                 impressions=impressions, followers_end=followers, followers_gained=gained, followers_lost=lost)  # fmt: skip
    span: dict[str, Any] = {"first": DAY, "days": 2}
    rate = shop.number("social_engagement_rate", **span)
    check.same("er_by_reach", rate)
    # The mean of posts, and the rate of followers, are other conventions than ours.
    check.differs("er_by_reach_mean_of_posts", rate)
    check.differs("er_per_post_by_followers", rate)
    check.same("er_by_impressions", shop.own("social_engagements / social_impressions", **span))
    check.same("growth", shop.number("follower_growth_rate", **span))
    check.same("followers_end", shop.number("followers", **span))


@example
def e35(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    shop.add("email_performance", day=DAY, campaign="news", sent=10000, delivered=9800, hard_bounces=150, soft_bounces=50, unique_opens=3920,
             machine_opens=1960, unique_clicks=196, unsubscribes=49, complaints=5, revenue=784000)  # fmt: skip
    for key, metric in (
        ("delivery_rate", "email_delivery_rate"), ("bounce_rate", "email_bounce_rate"), ("human_open_rate", "email_open_rate"),
        ("click_rate", "email_click_rate"), ("ctor", "email_ctor"), ("unsubscribe_rate", "email_unsubscribe_rate"),
    ):  # fmt: skip
        check.same(key, shop.number(metric, first=DAY, days=1))
    check.same("complaint_rate", shop.number("email_complaint_rate", first=DAY, days=1), places=6)
    check.same("revenue_per_delivered", shop.number("email_revenue_per_delivered", first=DAY, days=1), 100)
    # What machines opened is taken off where the report tells it; without that, all opens count.
    plain = FileShop(folder / "plain")
    plain.add("email_performance", day=DAY, campaign="news", sent=10000, delivered=9800, unique_opens=3920)
    check.same("open_rate", plain.number("email_open_rate", first=DAY, days=1))


# ---- site


@example
def e36(check: Check, folder: Path) -> None:
    """Pages' speed is told by reports that have counted for themselves: one of each day, and one of both."""
    first, second = (1200, 1800, 2400, 2600, 3100, 900, 2100, 5000), (1000, 1100, 1300, 2500)

    def p75(values: tuple[int, ...]) -> int:
        return int(nearest_rank([(value, 1) for value in sorted(values)], 0.75)[0])

    def told_by(name: str, *reports: tuple[tuple[int, ...], int, int]) -> FileShop:
        shop = FileShop(folder / name)
        for values, start, end in reports:
            verdicts = [vitals.verdict(value, 2500, 4000) for value in values]
            words = {"good": "good", "needs": "needs improvement", "poor": "poor"}
            shares = {part: verdicts.count(word) / len(values) for part, word in words.items()}
            of: dict[str, Any] = {"day": start, "last_day": end, "page": "/", "device": "mobile"}
            shop.add("page_p75", **of, metric="LCP", p75=p75(values), **shares)
            shop.add("page_p75", **of, metric="CLS", p75=0.05, good=1, needs=0, poor=0)
        return shop

    days = told_by("days", (first, DAY, DAY), (second, DAY + 1, DAY + 1))
    day1 = days.number("lcp_p75", first=DAY, days=1)
    check.same("day1", day1)
    check.differs("day1_linear_interpolation", day1)
    check.same("day2", days.number("lcp_p75", first=DAY + 1, days=1))
    span: dict[str, Any] = {"first": DAY, "days": 2}
    shop = told_by("both", (first + second, DAY, DAY + 1))
    both = shop.number("lcp_p75", **span)
    check.same("both", both)
    check.differs("wrong_weighted_mean", both)
    check.same("good_share", shop.number("page_fast_share", **span))
    check.same("passes_lcp", shop.number("cwv_pass_rate", **span))


@example
def e37(check: Check, folder: Path) -> None:
    why = "a word for a number: the engine answers what part of the pages is good by all of them"
    for key, value, good, poor in (("lcp", 2500, 2500, 4000), ("inp", 210, 200, 500), ("cls", 0.10, 0.1, 0.25)):
        check.worked(key, vitals.verdict(value, good, poor), why=why)
    shop = FileShop(folder)
    for metric, value in (("LCP", 2500), ("INP", 210), ("CLS", 0.1)):
        shop.add("page_p75", day=DAY, last_day=DAY + 27, page="/", device="mobile", metric=metric, p75=value)
    passed = shop.value("cwv_pass_rate", first=DAY, days=28)
    assert passed.denominator == 1, passed
    check.same("passes", passed.value)
    marks = {"fcp": 90.0, "si": 80.0, "lcp": 70.0, "tbt": 60.0, "cls": 100.0}
    weights = {"fcp": 10.0, "si": 10.0, "lcp": 25.0, "tbt": 30.0, "cls": 25.0}
    check.worked("lighthouse", scoring.weighted(marks, weights).score, why="Lighthouse has weighed already what its file tells")


@example
def e38(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    minutes = ((10, 40, 0), (30, 50, 0), (1000, 1010, 0), (2000, 2060, 1))
    for start, end, planned in minutes:
        began = TS + start * 60
        shop.add("incidents", target="shop", started_ts=began, ended_ts=TS + end * 60, day=began // 86400, planned=planned)
    down = shop.number("downtime_minutes", **IN_MONTH)
    check.same("downtime_min", down)
    check.differs("wrong_sum_of_incidents", down)
    check.same("availability_incl_all_hours", shop.number("availability", **IN_MONTH))
    repair = shop.value("mttr", **IN_MONTH)
    check.same("outages", repair.denominator)
    check.same("mttr_min", repair.value, 60)
    check.same("mtbf_min", shop.number("mtbf", **IN_MONTH), 60)
    outages = {kind: [Outage(TS + start * 60, TS + end * 60) for start, end, planned in minutes if planned == kind] for kind in (0, 1)}
    open_hours = MONTH.days * 86400 - down_seconds(outages[1], MONTH)
    why = "the catalogue measures by all hours; those of planned work are told with it"
    check.worked("availability_excl_planned", 1 - Fraction(down_seconds(outages[0], MONTH), open_hours), why=why)
    check.same("budget_999_min", shop.own("days * 1440 * 0.001 + 0 * downtime_minutes", "minutes", **IN_MONTH), places=2)


@example
def e39(check: Check, folder: Path) -> None:
    """Five sessions: two of one page, four that engaged."""
    day: dict[str, Any] = {"first": DAY, "days": 1}
    pages = FileShop(folder / "pages")
    pages.add("site_traffic", day=DAY, variant="date", sessions=5, single_page_sessions=2)
    check.same("bounce_ua", pages.number("bounce_rate_ua", **day))
    engaged = FileShop(folder / "engaged")
    engaged.add("site_traffic", day=DAY, variant="date", sessions=5, engaged_sessions=4)
    check.same("bounce_ga4", engaged.number("bounce_rate_ga4", **day))
    check.same("engagement_ga4", engaged.number("engagement_rate_ga4", **day))


@example
def e40(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    for device, sessions, purchases in (("mobile", 8000, 120), ("desktop", 2000, 60)):
        shop.add("site_traffic", day=DAY, variant="device", device=device, sessions=sessions, orders=purchases)
    day: dict[str, Any] = {"first": DAY, "days": 1}
    check.same("mobile_share", shop.number("mobile_share", **day))
    gap = shop.number("mobile_conversion_gap", **day)
    check.same("gap_points", gap)
    rates = {device: shop.value("conversion_rate_sessions", where=(("device", device),), **day) for device in ("mobile", "desktop")}
    for device, rate in rates.items():
        check.same(f"cvr_{device}", rate.value)
    ratio = Fraction(rates["mobile"].value or 0) / Fraction(rates["desktop"].value or 1)
    check.worked("ratio", ratio, why="an expression is of one cut: of two devices the catalogue has the difference")
    check.same("purchases_at_stake", shop.own("0 - mobile_conversion_gap / 100 * mobile_share * sessions", "count", **day))


# ---- people


@example
def e41(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    replies = {"Li": (5, 10, 10, 15, 20, 20, 40, 120, None, None), "Wang": (10, 20)}
    for agent, seconds in replies.items():
        for place, taken in enumerate(seconds):
            rounds, spent = (30, 900) if (agent, place) == ("Li", 0) else (1, 15) if agent == "Wang" else (0, 0)
            shop.add("support_conversations", ticket_no=f"{agent}{place}", day=DAY, agent=agent, first_msg_ts=TS,
                     first_reply_ts=None if taken is None else TS + taken, reply_gaps=rounds, reply_seconds=spent)  # fmt: skip
    day: dict[str, Any] = {"first": DAY, "days": 1}
    check.same("frt_agent1", shop.number("agent_first_response_time", where=(("agent", "Li"),), **day))
    team = shop.number("agent_first_response_time", **day)
    check.same("frt_team", team)
    check.differs("wrong_mean_of_agents", team)
    check.same("frt_median", shop.number("agent_first_response_median", **day))
    check.same("reply_rate_team", shop.number("agent_reply_rate", **day))
    check.same("art_team", shop.number("agent_response_time", **day))
    # Our metric counts those within three minutes; the same count within 30 seconds, unanswered ones against.
    every = [taken for seconds in replies.values() for taken in seconds]
    assert shop.number("agent_reply_within_x", **day) == Fraction(10, 12)
    why = "the catalogue counts those within three minutes"
    check.worked("within_30s", intervals.top_share({-1: sum(taken is None or taken > 30 for taken in every), 0: sum(taken is not None and taken <= 30 for taken in every)}, 0), why=why)


@example
def e42(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    asked = ((1, "A", 0, 0), (2, "A", 0, 0), (3, "A", 1, 0), (4, "A", 5, 0), (5, "B", 0, 1), (6, "B", 0, 0), (7, "B", None, 0), (8, "B", None, 0))
    for buyer, agent, lag, paid in asked:
        shop.add("support_conversations", ticket_no=str(buyer), day=DAY, agent=agent, buyer=f"buyer{buyer}", phase="presale", is_inquiry=1,
                 already_paid=paid, paid_lag_days=lag)  # fmt: skip
    shop.add("support_conversations", ticket_no="6 first", day=DAY, agent="A", buyer="buyer6", phase="presale", is_inquiry=0, already_paid=0)
    day: dict[str, Any] = {"first": DAY, "days": 1}
    whole = shop.value("agent_inquiry_conversion", **day)
    check.same("next_day", whole.value)
    check.same("inquirers", whole.denominator)
    # Whoever talked to two agents would count for both: we count people, once, for the last before they paid.
    check.differs("sum_of_agent_inquirers_if_all_contacts", whole.denominator)
    inquirers = shop.workspace().conn.execute(
        f"SELECT COUNT(DISTINCT customer_id), COUNT(DISTINCT CASE WHEN paid_lag_days <= 0 THEN customer_id END), "
        f"COUNT(DISTINCT CASE WHEN paid_lag_days <= 7 THEN customer_id END) FROM ({VIEWS['conversation'].sql}) WHERE {ASKED}"
    ).fetchone()
    why = "the catalogue's window is the next day; the same rows are counted for others"
    check.worked("same_day", Fraction(inquirers[1], inquirers[0]), why=why)
    check.worked("within_7d", Fraction(inquirers[2], inquirers[0]), why=why)
    by_agent = shop.by("agent_inquiry_conversion", "agent", **day)
    check.same("agent_a_next_day", by_agent["A"])
    check.same("agent_b_next_day", by_agent["B"])


@example
def e43(check: Check, folder: Path) -> None:
    shop = FileShop(folder, Period(DAY, DAY + 99))
    day = DAY + 40
    marks = ((60, 75), (70, 80), (65, 85))
    for agent in range(12):
        is_trained = agent < 6
        shop.add("staff", name=f"agent {agent}", role="support")
        if is_trained:
            before, after = marks[agent] if agent < 3 else (None, None)
            shop.add("training", topic="Kindness", staff=f"agent {agent}", day=day, metric="agent_csat", completed=1, pre_score=before, post_score=after)
        for when, share in ((day - 5, 80 if is_trained else 82), (day + 5, 88 if is_trained else 85)):
            for number in range(100):
                shop.add("support_conversations", ticket_no=f"{agent} {when} {number}", day=when, agent=f"agent {agent}", csat=5 if number < share else 2)
    for number, when in enumerate((DAY, DAY + 99)):  # as long as the export reaches
        shop.add("support_conversations", ticket_no=f"other {number}", day=when, agent="agent 0")
    value = shop.value("training_effect", first=DAY, days=60)
    assert value.quality == "ok", value
    check.same("did_points", value.value)
    check.differs("naive_gain_points", value.value)
    check.same("knowledge_gain", value.details["knowledge_gain"])
    check.same("normalised_gain", value.details["normalised_gain"])
    assert groups.difference_in_differences(80, 88, 82, 85) == value.value


# ---- finance


@example
def e44(check: Check, folder: Path) -> None:
    sold = FileShop(folder / "orders", MONTH)
    sold.order(DAY, dict(gross=10000000, cost=5500000), channel="Google Ads", platform_fee=500000, payment_fee=100000, fulfil_cost=800000)
    sold.add("ad_performance", day=DAY, channel="Google Ads", campaign="c", cost=1200000)
    check.same("gross_margin", sold.number("gross_margin", **IN_MONTH))
    check.same("contribution_after_marketing", sold.number("contribution_margin", **IN_MONTH), 100)
    check.same("contribution_before_marketing", sold.own("contribution_margin + ad_cost", "money", **IN_MONTH), 100)
    booked = FileShop(folder / "books", MONTH)
    booked.order(DAY, dict(gross=10000000, cost=5500000))
    for kind, amount in (("fulfilment", 800000), ("platform", 500000), ("payment", 100000), ("marketing", 1200000), ("rent", 1000000)):
        booked.add("expenses", expense_no=kind, day=DAY, **{"class": kind}, amount=amount)
    booked.add("budgets", first_day=MONTH.first, last_day=MONTH.last, **{"class": "rent"}, amount=900000)
    check.same("operating_profit", booked.number("operating_profit", **IN_MONTH), 100)
    for key, metric in (("operating_margin", "operating_margin"), ("cost_to_income", "cost_to_income"), ("expense_ratio", "expense_ratio"), ("marketing_ratio", "marketing_expense_ratio")):
        check.same(key, booked.number(metric, **IN_MONTH))
    check.same("budget_variance_fixed", booked.by("budget_variance", "class", **IN_MONTH)["rent"])
    check.same("break_even_sales", booked.number("break_even_sales", **IN_MONTH), 100, places=2)


# ---- performance


@example
def e45(check: Check, folder: Path) -> None:
    check.worked("att_higher", scores.attainment(115, 100, "higher"), why=TARGETS)
    check.worked("att_lower_ratio", scores.attainment(24, 30, "lower"), why=TARGETS)
    check.worked("att_lower_linear", scores.attainment(24, 30, "lower", "linear"), why=TARGETS)
    check.worked("progress_from_baseline", scores.progress(24, 50, 30), why=TARGETS)
    check.worked("score_sales", scores.scale(70, 100, 130).score(115), why=TARGETS)
    check.worked("score_response", scores.scale(50, 30, 20).score(24), why=TARGETS)
    check.worked("score_churn", scores.scale(0.08, 0.05, 0.04).score(0.06), why=TARGETS)
    assert scores.attainment(0, 0, "lower") is None
    check.worked("zero_of_zero", scores.scale(1, 0, -1).score(0), why=TARGETS)


@example
def e46(check: Check, folder: Path) -> None:
    entries = [scores.Entry(name, weight, score) for name, weight, score in (("a", 40, 110.0), ("b", 30, 95.0), ("c", 20, None), ("d", 10, 60.0))]
    found = scores.Scorecard(tuple(entries), (scores.Gate("d", 60, 60),)).scored()
    check.worked("coverage", found.coverage, why=TARGETS)
    check.worked("score", found.score, why=TARGETS)
    check.differs("wrong_missing_as_zero", found.score, why=TARGETS)
    check.worked("grade", scores.grade(found.score or 0), why=TARGETS)


@example
def e47(check: Check, folder: Path) -> None:
    check.worked("parent", tree.parent_score([120.0, 90.0, 100.0], [50, 30, 20]).score, why=TARGETS)
    check.worked("split", tree.split_target(1_000_000, [333333, 333333, 100001]), why=TARGETS)


@example
def e48(check: Check, folder: Path) -> None:
    bands = tuple(incentives.Band(Fraction(start), Fraction(rate)) for start, rate in (("0", "0.01"), ("1", "0.02"), ("1.2", "0.03")))
    rule, capped = incentives.Rule("1", bands), incentives.Rule("1", bands, cap_minor=165000)
    paid_on = incentives.Result(13_000_000, 10_000_000)
    paid = incentives.payout(rule, paid_on).minor
    check.worked("marginal", paid, 100, why=TARGETS)
    check.differs("cliff", paid, 100, why=TARGETS)
    check.worked("capped", incentives.payout(capped, paid_on).minor, 100, why=TARGETS)
    back = incentives.clawback(rule, paid_on, 1_000_000)
    check.worked("clawback", back, 100, why=TARGETS)
    check.worked("after_clawback", paid - back, 100, why=TARGETS)
    at = [incentives.payout(rule, incentives.Result(sold, 10_000_000)).minor for sold in (9_999_900, 10_000_000)]
    check.worked("just_below_and_at_target", at, 100, why=TARGETS)
    assert incentives.payout(rule, incentives.Result(13_000_000, 10_000_000, gates=(scores.Gate("g", None, 1),))).minor == 0


@example
def e49(check: Check, folder: Path) -> None:
    base = [50.0, 53.0, 48.0, 51.0, 49.0, 52.0, 50.0, 47.0, 51.0, 49.0]
    # Ten weeks and two more in which nothing was celebrated; neighbours are not alike, so the limits are the plain ones.
    monday = parse_day("2025-02-10")
    shop = FileShop(folder)
    for week, sold in enumerate((*base, 58.0, 51.0)):
        for day in range(7):
            shop.order(monday + week * 7 + day, dict(gross=0 if day else int(sold * 100)))
    eleventh = shop.value("xmr_signal", first=monday, days=7 * 11)
    names = {"mean": "centre", "mean_mr": "mean_range", "unpl": "upper", "lnpl": "lower", "url": "range_limit"}
    for key, name in names.items():
        check.same(key, eleventh.details[name], 100)
    assert (eleventh.word, eleventh.details["side"]) == ("signal", "above")
    words = [shop.value("xmr_signal", first=monday, days=7 * (week + 1)).word for week in (10, 11)]
    assert words == ["signal", "none"]
    why = "a list over a whole series: the engine judges the newest week"
    within = signals.limits(base, is_corrected=False)
    assert within is not None
    told = [float(str(eleventh.details[name])) / 100 for name in ("lower", "upper")]
    assert told == pytest.approx([within.lower, within.upper])
    check.worked("rule1_index", signals.outside([*base, 58.0, 51.0], within), why=why)
    check.worked("mr_signal_index", signals.jumps([*base, 58.0, 51.0], within), why=why)
    check.worked("rule2_index", signals.runs([51, 52, 50.5, 51, 50.4, 53, 51, 50.2, 50.1], within.centre), why=why)
    check.worked("rule3_index", signals.clusters([50, 55, 54.9, 50, 55, 49], within), why=why)
    # The charts' tables print rounded ones, and so do we.
    check.differs("exact_constants", [signals.LIMIT_FACTOR, signals.RANGE_FACTOR], why="constants of the method")
    robust = signals.median_limits(base)
    assert robust is not None
    for key, value in (("median", robust.centre), ("median_mr", robust.mean_range), ("unpl", robust.upper)):
        check.worked(f"median_mr_variant.{key}", value, why="a variant that the catalogue's metric does not take")


@example
def e50(check: Check, folder: Path) -> None:
    linear = running.Elapsed(running.profile(1, 30), 12)
    weekly = running.Elapsed(running.profile(1, 30, [1, 1, 1, 1, 1, Fraction(8, 5), Fraction(8, 5)]), 12)
    plain, usual = (pace.standing(elapsed, 1200, 3500) for elapsed in (linear, weekly))
    check.worked("elapsed_linear", plain.share, why="the engine forecasts by weekdays only")
    assert float(usual.share) == pytest.approx(check.expected("expected_share"), abs=1e-6)
    check.worked("forecast_linear", plain.forecast, why="the engine forecasts by weekdays only")
    assert usual.forecast is not None
    assert float(usual.forecast) == pytest.approx(check.expected("forecast_profile"), abs=1e-4)
    check.worked("pace_linear", plain.pace, why=TARGETS)
    check.worked("pace_profile", usual.pace, why=TARGETS)
    check.worked("required_daily_rest", usual.required, why=TARGETS)
    check.worked("required_vs_profile", usual.required_pace, why=TARGETS)
    # The same month through a file: 26 weeks before tell what weekdays weigh.
    month = DAY + 26 * 7
    shop = FileShop(folder, Period(DAY, month + 11))
    for day in range(DAY, month + 12):
        shop.order(day, dict(gross=16000 if day % 7 in (2, 3) else 10000))
    found = shop.value("run_rate_forecast", first=month, days=30)
    check.same("expected_share", found.details["share"], places=5)
    # Twelve days brought 1 320 here, not 1 200.
    assert found.details["to_date"] == 132000
    check.same("forecast_profile", found.value, 110)


@example
def e51(check: Check, folder: Path) -> None:
    outlook = forecast.Outlook(1_150_000, 0.06)
    chance, judgement = proposals.judged(outlook, 1_200_000)
    assert judgement == "hard"
    check.worked("p_attain_plus20", chance, why=TARGETS)
    found = proposals.proposed(outlook)
    for key in ("floor", "target", "stretch"):
        check.worked(key, round(getattr(found, key)), why=TARGETS)
    check.worked("growth_of_target", proposals.growth(found.target, 1_000_000), why=TARGETS)
    check.worked("drivers_for_plus20", proposals.equal_effort(0.2, 3), why=TARGETS)


@example
def e52(check: Check, folder: Path) -> None:
    shop = FileShop(folder, Period(DAY, DAY + 13))
    for week, purchases, cost in ((0, 20, 10200), (7, 25, 9700)):
        shop.add("site_traffic", day=DAY + week, variant="date", sessions=1000, orders=purchases)
        shop.order(DAY + week, dict(gross=10000, cost=cost))
    second: dict[str, Any] = {"first": DAY + 7, "days": 7, "compare": "previous"}
    rate, margin = (shop.value(metric, **second).compare for metric in ("conversion_rate_sessions", "gross_margin"))
    assert rate is not None
    assert margin is not None
    check.same("points", rate.change, PERCENT)
    check.same("relative", rate.change_ratio)
    check.same("margin_points", margin.change, PERCENT)
    check.same("margin_relative", margin.change_ratio)
    nothing_before = shop.value("net_sales", first=DAY + 7, days=1, compare="previous").compare
    assert nothing_before is not None
    assert nothing_before.value == 0
    check.same("from_zero", nothing_before.change_ratio)


@example
def e53(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for place, gross in enumerate((1000, 2000, 2500, 3200, 4000)):
        number = shop.order(DAY, shop=f"shop {place}")
        shop.add("order_lines", order_no=number, shop=f"shop {place}", line_no="1", qty=1, gross=gross)
    places = shop.by("benchmark_percentile(aov)", "shop", **IN_MONTH)
    check.same("percentile", places["shop 3"])
    assert groups.place(3.2, [1.0, 2.0, 2.5, 3.2, 4.0]).percentile == places["shop 3"]


@example
def e54(check: Check, folder: Path) -> None:
    parts = {"A": (1000, 50, 3000, 144), "B": (1000, 10, 500, 6)}
    shop = FileShop(folder, Period(DAY, DAY + 13))
    for name, (under, over, under_after, after) in parts.items():
        shop.add("site_traffic", day=DAY, variant="channel", channel=name, sessions=under, orders=over)
        shop.add("site_traffic", day=DAY + 7, variant="channel", channel=name, sessions=under_after, orders=after)
    weeks = shop.value("conversion_rate_sessions", first=DAY + 7, days=7, compare="previous")
    assert weeks.compare is not None
    check.same("r0", weeks.compare.value)
    check.same("r1", weeks.value)
    check.same("change", weeks.compare.change)
    check.same("change", shop.number("rate_mix_decomposition", first=DAY + 7, days=7), places=6)
    steps = {(one.per["step"], one.per["channel"]): one.value for one in shop.values("rate_mix_decomposition", per=("step", "channel"), first=DAY + 7, days=7)}
    check.same("rate", [steps["within", name] for name in parts], places=6)
    check.same("mix", [steps["mix", name] for name in parts], places=6)


@example
def e55(check: Check, folder: Path) -> None:
    """Both halves of the forecast are asked for; the engine's own takes the median of three ways, of which this is one."""
    why = "one of three ways whose median the engine forecasts by; no metric gives it alone"
    start = parse_day("2026-06-01")  # the first of the four weeks to come
    a_year = 364
    shop = FileShop(folder)
    for week in range(-8, 4):
        shop.order(start - a_year + week * 7, dict(gross=(10000, 12000, 11000, 30000)[week] if week >= 0 else 10000))
        if week < 0:
            shop.order(start + week * 7, dict(gross=11000))
    shop.order(start - 1, dict(gross=0))
    recent: dict[str, Any] = {"first": start - 56, "days": 56}
    grown = shop.number("growth_yoy_aligned", **recent)
    weeks = shop.values("net_sales", first=start - a_year, days=28, by="week")
    assert [week.value for week in weeks] == [10000, 12000, 11000, 30000]
    coming = forecast.seasonal_naive([float(week.value or 0) / 100 for week in weeks], 1 + float(grown))
    check.worked("forecast", [round(week, 9) for week in coming], why=why)
    check.worked("total", round(math.fsum(coming), 9), why=why)
    assert forecast.growth([110.0] * 8, [100.0] * 8) == float(1 + grown)


# ---- and the rest


@example
def e56(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for number in range(1000):
        is_member = number < 640
        shop.order(DAY + number % 30, dict(gross=5000), buyer=f"buyer{number}")
        shop.add("customer", buyer=f"buyer{number}", is_member=int(is_member))
    for number in range(20):
        shop.add("support_conversations", ticket_no=str(number), day=DAY, is_complaint=int(number < 8))
    for place, (stars, count) in enumerate(((5, 70), (4, 20), (3, 6), (2, 2), (1, 2))):
        for number in range(count):
            shop.add("reviews", order_no=f"R{place}.{number}", review_no=f"{place}.{number}", day=DAY, stars=stars)
    check.same("complaints_per_1000", shop.number("complaint_rate", **IN_MONTH))
    check.same("member_share", shop.number("member_revenue_share", **IN_MONTH))
    check.same("review_mean", shop.number("review_score", **IN_MONTH))
    check.same("positive_rate", shop.number("positive_review_rate", **IN_MONTH))


@example
def e57(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    for channel, left, hours in (("X", 6000000, 300), ("Y", 2000000, 200)):
        shop.order(DAY, dict(gross=left * 2, cost=left), channel=channel)
        shop.add("labour", day=DAY, staff=f"team {channel}", channel=channel, hours=hours, cost=hours * 5000)
        shop.add("ad_performance", day=DAY, campaign=channel, channel=channel, cost=0)
    by_channel = shop.by("contribution_per_hour", "channel", **IN_MONTH)
    check.same("x_per_hour", by_channel["X"], 100)
    check.same("y_per_hour", by_channel["Y"], 100)
    check.same("total_per_hour", shop.number("contribution_per_hour", **IN_MONTH), 100)
    # What labour costs is a metric's own part: labour over sales, times sales.
    after = "channel_contribution - labour_cost_ratio * net_sales_ex_tax"
    for channel in "xy":
        check.same(f"{channel}_after_labour", shop.own(after, "money", where=(("channel", channel.upper()),), **IN_MONTH), 100)
    check.same("labour_cost_share_of_contribution", shop.own("labour_cost_ratio * net_sales_ex_tax / channel_contribution", **IN_MONTH))


@example
def e58(check: Check, folder: Path) -> None:
    shop = FileShop(folder)
    for sku, image, copy, brand, views in (("1", 90, 80, 70, 900), ("2", 60, 60, 60, 100)):
        shop.add("content_audits", day=DAY, sku=sku, staff=f"editor {sku}", image_score=image, copy_score=copy, brand_score=brand, weight=views)
    by_editor = shop.by("content_score", "staff", first=DAY, days=1)
    check.same("p1", by_editor["editor 1"])
    check.same("p2", by_editor["editor 2"])
    whole = shop.number("content_score", first=DAY, days=1)
    check.same("exposure_weighted", whole)
    check.differs("simple_mean", whole)


@example
def e59(check: Check, folder: Path) -> None:
    years = {year: Period(parse_day(f"{year}-01-01"), parse_day(f"{year}-12-31")) for year in (2024, 2025)}
    shop = FileShop(folder, Period(years[2024].first, years[2025].last))
    shop.add("product", sku="A", category="tea")
    for year, own, market in ((2024, 120000000, 6000000000), (2025, 144000000, 8000000000)):
        shop.order(years[year].first + 9, dict(sku="A", gross=own))
        shop.add("market_size", first_day=years[year].first, last_day=years[year].last, category="tea", platform="p", sales=market)
    share = [shop.value("market_share", first=period.first, days=period.days) for period in years.values()]
    for place, one in enumerate(share):
        check.same(f"share{place}", one.value)
    this_year: dict[str, Any] = {"first": years[2025].first, "days": 365}
    against = shop.value("market_share", compare="year", **this_year).compare
    assert against is not None
    check.same("share_change_points", against.change, PERCENT)
    check.same("own_growth", shop.number("growth_yoy", **this_year))
    whole = shop.own_value("net_sales / market_share", "money", compare="year", **this_year)
    assert whole.compare is not None
    check.same("market_growth", whole.compare.change_ratio)
    needed = Fraction(share[0].value or 0) * Fraction(whole.value or 0)
    check.worked("sales_needed_to_hold_share_m", needed, 10**8, why="last year's answer times this year's: no expression spans two years")


@example
def e60(check: Check, folder: Path) -> None:
    shop = FileShop(folder, MONTH)
    shop.add("site_traffic", day=DAY, variant="date", visitors=0, buyers=0, sessions=0, orders=0)
    shop.add("ad_performance", day=DAY, campaign="c", impressions=0, clicks=0, cost=0, conversions=0.0, conv_value=50000)
    shop.order(DAY + 1, dict(gross=7000, cost=3000))
    shop.add("refunds", order_no=shop.order(DAY + 1, dict(gross=3000)), refund_day=DAY + 2, goods=100, status="done")
    for key, metric, quality in (
        ("conversion", "conversion_rate_visitors", "no_base"), ("cpa", "ad_cpa", "no_base"), ("roas_cost_zero", "ad_roas", "no_base"),
        ("gross_margin_if_cost_coverage_below_95pct", "gross_margin", "cost_incomplete"), ("availability", "availability", "missing"),
    ):  # fmt: skip
        value = shop.value(metric, **IN_MONTH)
        check.same(key, value.value)
        assert (value.quality, bool(value.reason)) == (quality, True), (metric, value)
    grown = shop.value("growth_pop", first=DAY + 1, days=1)
    check.same("growth_from_zero", grown.value)
    assert grown.reason


# ---- the register: how each example is shown

# By files of our own templates alone; by platforms' exports, with or without templates; and with a format of the test's own.
TEMPLATE, EXPORT, MADE, FUNCTION = "engine+template", "engine+platform export", "engine+made format", "function"
SHOWN = {
    **dict.fromkeys(("E20", "E21", "E26", "E27", "E29", "E58"), TEMPLATE),
    **dict.fromkeys(("E02", "E03", "E04", "E05", "E06", "E08", "E09", "E10", "E11", "E12", "E13", "E14", "E15", "E16"), EXPORT),
    **dict.fromkeys(("E22", "E23", "E24", "E25", "E28", "E30", "E31", "E32", "E33", "E35", "E36", "E37", "E39", "E40"), EXPORT),
    **dict.fromkeys(("E43", "E49", "E50", "E52", "E54", "E59", "E60"), EXPORT),
    **dict.fromkeys(("E01", "E34", "E38", "E41", "E42", "E44", "E53", "E56", "E57"), MADE),
    **dict.fromkeys(("E07", "E17", "E18", "E19", "E45", "E46", "E47", "E48", "E51", "E55"), FUNCTION),
}

# What neither a template nor one of the exports written here can say, of the examples whose format is made.
MADE_FOR = {
    "E01": {
        "orders.is_test": "platforms leave test orders out, or mark them by a tag of the shop's own",
        "refunds.line_no": "payments tell the amount that went back, not of which line, nor what came back into stock",
    },
    "E34": {"social_performance": "no network's export says followers, reach and engagement of one account in one file"},
    "E38": {"incidents.planned": "the log of a monitor does not know planned work"},
    "E41": {"support_conversations.first_msg_ts": "how often and how long an agent replied within a conversation is in no export"},
    "E42": {"support_conversations.buyer": "who asked before buying, and when they paid, is joined by platforms only in their own totals"},
    "E44": {"orders.platform_fee": "what platform, payment and parcel cost stands in payouts and bills, not beside an order's lines"},
    "E53": {"orders.shop": "an export is of one shop; here are five in one file"},
    "E56": {"customer": "no export says who is a member"},
    "E57": {"ad_performance.channel": "an export of one network; here are two channels in one file"},
}

# Keys that no answer says: worked out by functions, or from answers.  Each says why where it is held.
WORKED = {
    "E06": {"log_mean", "multiplicative"},
    "E08": {"b"},
    "E09": {"classic.price", "classic.volume", "classic.mix", "classic.new", "classic.lost"},
    "E12": {"sunday_week_start.2024-12-29", "sunday_week_start.2024-12-30", "sunday_week_start.2025-01-01", "sunday_week_start.2027-01-03",
            "weeks_in_2026", "black_friday"},
    "E15": {"sum_of_months"},
    "E20": {"nps_n10", "nps_n1000", "csat_wilson95", "csat_mean", "ces_easy_pct"},
    "E25": {"z", "sigma_lead_time_demand", "safety_stock", "demand_only_formula", "periodic_sigma", "order_up_to", "k_for_fill_98", "ss_for_fill_98"},
    "E26": {"otif_po"},
    "E27": {"median", "p90_nearest_rank", "open_overdue"},
    "E29": {"mean_h", "p90_h"},
    "E30": {"mape"},
    "E37": {"lcp", "inp", "cls", "lighthouse"},
    "E38": {"availability_excl_planned"},
    "E40": {"ratio"},
    "E41": {"within_30s"},
    "E42": {"same_day", "within_7d"},
    "E49": {"rule1_index", "mr_signal_index", "rule2_index", "rule3_index", "exact_constants", "median_mr_variant.median",
            "median_mr_variant.median_mr", "median_mr_variant.unpl"},
    "E50": {"elapsed_linear", "forecast_linear", "pace_linear", "pace_profile", "required_daily_rest", "required_vs_profile"},
    "E59": {"sales_needed_to_hold_share_m"},
}  # fmt: skip


def kind_of(check: Check, ways: Iterable[Way]) -> str:
    """Return how an example was shown, by what the engine answered of it and from what files."""
    kinds = {way.kind for way in ways}
    if not check.answered:
        return FUNCTION
    return MADE if "made" in kinds else EXPORT if "export" in kinds else TEMPLATE


@pytest.mark.parametrize("name", [f"E{number:02d}" for number in range(1, 61)])
def test_every_key_of_the_example_holds_and_is_shown_as_the_register_says(name: str, oracles: Mapping[str, Any], tmp_path: Path) -> None:
    check = Check(oracles[name]["expected"], lambda: [answer for shop in FileShop.made for answer in shop.answers])
    try:
        EXAMPLES[name](check, tmp_path / name)
        ways = [way for shop in FileShop.made for way in shop.ways.values()]
    finally:
        FileShop.close_all()
    assert check.not_shown == set()
    assert kind_of(check, ways) == SHOWN[name]
    assert {way.why for way in ways if way.kind == "made"} == set(MADE_FOR.get(name, {}))
    if SHOWN[name] != FUNCTION:
        assert set(check.reasons) == WORKED.get(name, set())


def test_there_is_no_other_example(oracles: Mapping[str, Any]) -> None:
    assert set(EXAMPLES) == set(SHOWN) == set(oracles)


@pytest.mark.parametrize("metric", [
    "attainment", "kpi_score", "scorecard_score", "kpi_tree_score", "rating_grade", "bonus_payout", "pace", "required_run_rate",
    "target_attain_probability",
])  # fmt: skip
def test_what_is_said_to_wait_for_targets_does(metric: str) -> None:
    """Once one of these is answered, its example belongs to the engine."""
    assert isinstance(catalogue().metrics[metric].calculation, Awaits)
