"""Growth, classes, decompositions and seasons: the worked examples through facts, a plain evaluation, and their laws."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore
from plain_facts import Facts, compare_all, net_sales
from random_shop import random_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.methods import season
from ecoperf_desktop.metrics.methods.classes import by_share, top_share
from ecoperf_desktop.metrics.methods.decompose import Rated, Sold, split_prices, split_rate
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.value import Question

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"
GOODS = ("shop", "channel", "product", "category", "campaign", "region", "device", "agent")
# The second month of a random shop, and the one before it of as many days.
NOW, BEFORE, SPAN = DAY_1 + 35, DAY_1, 35
# Until the first promotion of the year.
QUIET_DAYS = 70


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    if not ORACLES.exists():
        pytest.skip("the worked examples are not beside this checkout")
    return {name: example["expected"] for name, example in json.loads(ORACLES.read_text(encoding="utf-8")).items()}


@pytest.fixture(scope="module", params=range(2))
def shop(request: pytest.FixtureRequest) -> SmallStore:
    return random_shop(request.param, 150)


def about(number: float) -> Any:
    return pytest.approx(number, rel=2e-5, abs=6e-5)


def steps(store: SmallStore, metric: str, **scope: Any) -> dict[str, float]:
    return {value.per["step"]: float(value.value) for value in store.values(metric, per=("step",), **scope)}


# ---- classes of products


def test_the_part_before_a_product_decides_its_class(expected: dict[str, Any]) -> None:
    store = SmallStore()
    for number, amount in enumerate((850, 60, 40, 30, 20, 0), start=1):
        product = store.add("product", sku=f"P{number}", is_listed=1)
        store.order(DAY_1 + number, dict(gross_minor=amount, product_id=product))
    values = {value.per["product"]: value for value in store.values("abc_class", per=("product",))}
    assert [values[f"P{number}"].word for number in range(1, 7)] == expected["E10"]["classes"]
    assert [values[f"P{number}"].value for number in range(1, 7)] == [1, 2, 3, 4, 5, 6]
    assert (values["P3"].numerator, values["P3"].denominator) == (910, 1000)
    assert store.number("top_product_share") == expected["E10"]["top20pct_share"]


def test_a_part_of_exactly_the_cut_before_a_product_is_the_next_class() -> None:
    classes = {key: one.class_ for key, one in by_share({1: 80, 2: 15, 3: 5}).items()}
    assert classes == {1: "A", 2: "B", 3: "C"}


def test_the_class_of_one_product_is_that_among_all_and_a_shop_has_none() -> None:
    store = SmallStore()
    for number, amount in enumerate((850, 60, 40, 30, 20, 0), start=1):
        store.add("product", sku=f"P{number}", is_listed=1)
        store.order(DAY_1, dict(gross_minor=amount, product_id=number))
    assert store.value("abc_class", where=(("product", "P4"),)).word == "C"
    whole = store.value("abc_class")
    assert (whole.word, whole.value, whole.reason) == (None, None, "metrics.class_of_products")


def test_a_product_launched_lately_is_new_and_others_keep_their_class() -> None:
    store = SmallStore()
    for number, amount in enumerate((500, 400, 100), start=1):
        store.add("product", sku=f"P{number}", is_listed=1, launched_day=DAY_1 - 5 if number == 1 else None)
        store.order(DAY_1, dict(gross_minor=amount, product_id=number))
    words = {value.per["product"]: value.word for value in store.values("abc_class", per=("product",))}
    assert words == {"P1": "N", "P2": "A", "P3": "B"}


def test_the_first_classes_are_those_of_the_largest() -> None:
    store = SmallStore()
    for number, amount in enumerate((20, 850, 60), start=1):
        store.add("product", sku=f"P{number}", is_listed=1)
        store.order(DAY_1, dict(gross_minor=amount, product_id=number))
    store.values("orders")
    question = Question(("abc_class",), Period(DAY_1, DAY_1), per=("product",), top=2)
    best = Engine(store.conn, catalogue()).answer([question])[0]
    assert sorted((value.value, value.per["product"]) for value in best) == [(1, "P2"), (2, "P3")]


def test_classes_can_go_by_units_or_gross_profit() -> None:
    store = SmallStore()
    for number, (amount, units, cost) in enumerate(((1000, 1, 990), (100, 90, 10), (50, 1, 40)), start=1):
        store.add("product", sku=f"P{number}", is_listed=1)
        store.order(DAY_1, dict(gross_minor=amount, qty=units, product_id=number, cost_minor=cost))

    def first(metric: str) -> str:
        return min(store.values(metric, per=("product",)), key=lambda value: value.value or 9).per["product"]

    assert (first("abc_class"), first("abc_class(units_sold)"), first("abc_class(gross_profit)")) == ("P1", "P2", "P2")


def _sold(facts: Facts, first: int, days: int) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    within = facts.between(first, first + days - 1)
    for line in within.lines:
        found[line["product"]] += line["net"]
    for refund in within.refunds:
        found[refund["product"]] -= refund["goods"]
    found.pop("", None)
    return found


def _plain_classes(facts: Facts) -> dict[tuple[str, ...], Any]:
    sold = _sold(facts, BEFORE, SPAN)
    whole = sum(value for value in sold.values() if value > 0)
    found = {}
    for product, value in sold.items():
        # Products are numbered in the order of their names.
        before = [other for other in sold if sold[other] > value or (sold[other] == value and other < product)]
        part = sum(sold[other] for other in before if sold[other] > 0)
        name = "C" if value <= 0 else "A" if Fraction(part) < Fraction(8, 10) * whole else "B" if Fraction(part) < Fraction(95, 100) * whole else "C"
        found[(product,)] = (len(before) + 1, name)
    return found


def test_classes_agree_with_a_plain_evaluation(shop: SmallStore) -> None:
    seen = compare_all(shop, "abc_class", ("shop", "category"), ("product",), _plain_classes, first=BEFORE, days=SPAN,
                       shown=lambda value: (value.value, value.word))  # fmt: skip
    assert seen > 30


def _plain_top(facts: Facts) -> dict[tuple[str, ...], Any]:
    sold = sorted((value for value in _sold(facts, BEFORE, SPAN).values() if value > 0), reverse=True)
    return {(): Fraction(sum(sold[: math.ceil(len(sold) / 5)]), sum(sold))} if sold else {}


def test_the_share_of_the_best_agrees_with_a_plain_evaluation(shop: SmallStore) -> None:
    assert compare_all(shop, "top_product_share", ("shop", "category", "product"), (), _plain_top, first=BEFORE, days=SPAN) > 20


def test_classes_do_not_depend_on_the_order_of_rows() -> None:
    roll = random.Random(4)
    values = {number: roll.choice([-3, 0, 0, 5, 5, 8, 40, roll.randrange(1, 900)]) for number in range(60)}
    usual = by_share(values)
    for _ in range(5):
        mixed = list(values.items())
        roll.shuffle(mixed)
        assert by_share(dict(mixed)) == usual
        assert top_share(dict(mixed)) == top_share(values)
    assert [one.class_ for one in sorted(usual.values(), key=lambda one: one.place)] == sorted(one.class_ for one in usual.values())


# ---- price, volume, mix


def _priced(store: SmallStore, day: int, **sold: tuple[int, int]) -> None:
    for sku, (units, price) in sold.items():
        if units:
            row = store.conn.execute("SELECT product_id FROM product WHERE sku = ?", (sku,)).fetchone()
            product = store.add("product", sku=sku, is_listed=1) if row is None else row[0]
            store.order(day, dict(qty=units, gross_minor=units * price * 100, product_id=product))


@pytest.fixture(scope="module")
def two_months() -> SmallStore:
    store = SmallStore(kinds=())
    store.cover("sales", parse_day("2026-01-01"), parse_day("2026-02-28"))
    _priced(store, parse_day("2026-01-10"), A=(100, 10), B=(50, 20), D=(5, 8))
    _priced(store, parse_day("2026-02-10"), A=(120, 11), B=(40, 19), C=(10, 15))
    return store


def test_price_volume_and_mix_agree_with_the_worked_example(two_months: SmallStore, expected: dict[str, Any]) -> None:
    february = dict(first=parse_day("2026-02-01"), days=28)
    found = steps(two_months, "pvm_decomposition", **february)
    assert {step: effect / 100 for step, effect in found.items()} == {
        step: about(effect) for step, effect in expected["E09"]["bennet"].items()
    }
    assert two_months.number("pvm_decomposition", **february) == expected["E09"]["total_change"] * 100
    classic = split_prices([Sold(100, 1000, 120, 1320), Sold(50, 1000, 40, 760), Sold(0, 0, 10, 150), Sold(5, 40, 0, 0)], "classic")
    for step, effect in expected["E09"]["classic"].items():
        assert float(getattr(classic, step)) == about(effect)


def _plain_prices(facts: Facts) -> dict[tuple[str, ...], Any]:
    total: dict[tuple[str, ...], float] = defaultdict(float)
    by_category: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    for first, place in ((BEFORE, 0), (NOW, 2)):
        for line in facts.between(first, first + SPAN - 1).lines:
            if not line["is_gift"]:
                numbers = by_category[line["category"]][line["product"]]
                numbers[place] += line["qty"] if line["product"] else 0
                numbers[place + 1] += line["net"]
    for products in by_category.values():
        both = [one for one in products.values() if one[0] > 0 and one[2] > 0]
        for one in products.values():
            units, value, units_now, value_now = one
            if units > 0 and units_now > 0:
                continue
            name = "new" if units_now and not units and not value else "lost" if units and not units_now and not value_now else "cannot_split"
            total[(name,)] += value_now - value
        if both:
            units, units_now = sum(one[0] for one in both), sum(one[2] for one in both)
            level = (sum(one[1] for one in both) / units + sum(one[3] for one in both) / units_now) / 2
            total[("volume",)] += (units_now - units) * level
            for one in both:
                shares, prices = (one[0] / units, one[2] / units_now), (one[1] / one[0], one[3] / one[2])
                total[("mix",)] += (units + units_now) / 2 * (shares[1] - shares[0]) * sum(prices) / 2
                total[("price",)] += (units + units_now) / 2 * sum(shares) / 2 * (prices[1] - prices[0])
    return total


def test_price_volume_and_mix_agree_with_a_plain_evaluation(shop: SmallStore) -> None:
    seen = compare_all(shop, "pvm_decomposition", ("shop", "category", "product"), ("step",), _plain_prices, first=NOW, days=SPAN,
                       approximately=True)  # fmt: skip
    assert seen > 50


# ---- drivers


def _days_of(store: SmallStore, day: int, orders: int, price: int, sessions: int, channel: int | None = None, seen: int | None = None) -> None:
    for _ in range(orders):
        store.order(day, dict(gross_minor=price), channel_id=channel)
    variant = {} if channel is None else {"channel_id": channel}
    store.add("site_traffic", day=day, shop_id=1, variant="channel", sessions=sessions,
              purchase_sessions=orders if seen is None else seen, **variant)  # fmt: skip


def _with_traffic() -> SmallStore:
    store = SmallStore(kinds=())
    for kind in ("sales", "traffic"):
        store.cover(kind, parse_day("2026-01-01"), parse_day("2026-02-28"))
    return store


FEBRUARY = dict(first=parse_day("2026-02-01"), days=28)
JANUARY_10, FEBRUARY_10 = parse_day("2026-01-10"), parse_day("2026-02-10")


def test_drivers_agree_with_the_worked_example(expected: dict[str, Any]) -> None:
    store = _with_traffic()
    _days_of(store, JANUARY_10, 200, 100, 10_000)
    _days_of(store, FEBRUARY_10, 300, 90, 12_000)
    found = steps(store, "driver_decomposition", **FEBRUARY)
    example = expected["E06"]
    assert found == {"sessions": about(example["visitors"]), "conversion": about(example["conversion"]), "order_value": about(example["aov"])}
    assert store.number("driver_decomposition", **FEBRUARY) == example["total"]
    assert store.number("driver_decomposition", where=(("step", "sessions"),), **FEBRUARY) == about(example["visitors"])


def test_effects_of_channels_are_added(expected: dict[str, Any]) -> None:
    store = _with_traffic()
    _days_of(store, JANUARY_10, 200, 100, 10_000, channel=1)
    _days_of(store, JANUARY_10, 50, 200, 5_000, channel=2)
    _days_of(store, FEBRUARY_10, 300, 90, 12_000, channel=1)
    _days_of(store, FEBRUARY_10, 60, 200, 4_000, channel=2)
    order = ("sessions", "conversion", "order_value")
    found = steps(store, "driver_decomposition", **FEBRUARY)
    assert [found[step] for step in order] == [about(effect) for effect in expected["E08"]["c_sum"]]
    by_channel: dict[str, Fraction] = defaultdict(Fraction)
    for value in store.values("driver_decomposition", per=("channel", "step"), **FEBRUARY):
        by_channel[value.per["step"]] += Fraction(value.value)
    assert [float(by_channel[step]) for step in order] == [about(effect) for effect in expected["E08"]["c_sum"]]
    assert sum(by_channel.values()) == expected["E08"]["c_total"]


def test_a_conversion_that_began_at_zero_made_all_of_the_change(expected: dict[str, Any]) -> None:
    store = _with_traffic()
    _days_of(store, JANUARY_10, 0, 0, 1_000)
    _days_of(store, FEBRUARY_10, 20, 50, 1_000)
    found = steps(store, "driver_decomposition", **FEBRUARY)
    assert [found[step] for step in ("sessions", "conversion", "order_value")] == expected["E08"]["a"]


def test_what_the_traffic_source_missed_is_a_step_and_without_visits_orders_are() -> None:
    store = _with_traffic()
    _days_of(store, JANUARY_10, 100, 100, 5_000, seen=80)
    _days_of(store, FEBRUARY_10, 120, 100, 5_000, seen=90)
    found = steps(store, "driver_decomposition", **FEBRUARY)
    assert set(found) == {"sessions", "conversion", "untracked", "order_value"}
    assert sum(found.values()) == pytest.approx(2_000)
    bare = SmallStore(kinds=())
    bare.cover("sales", parse_day("2026-01-01"), parse_day("2026-02-28"))
    for day, orders in ((JANUARY_10, 4), (FEBRUARY_10, 6)):
        for _ in range(orders):
            bare.order(day, dict(gross_minor=100))
    assert steps(bare, "driver_decomposition", **FEBRUARY) == {"orders": pytest.approx(200), "order_value": pytest.approx(0)}


def test_a_negative_amount_is_split_by_shapley_and_adds_up() -> None:
    store = _with_traffic()
    store.cover("refunds", parse_day("2026-01-01"), parse_day("2026-02-28"))
    _days_of(store, JANUARY_10, 10, 100, 500)
    _days_of(store, FEBRUARY_10, 12, 100, 600)
    store.refund(FEBRUARY_10, 5_000)
    values = store.values("driver_decomposition(net_sales)", per=("step",), **FEBRUARY)
    assert {value.details["method"] for value in values} == {"shapley"}
    assert sum(Fraction(value.value) for value in values) == (1_200 - 5_000) - 1_000


@pytest.mark.parametrize("per", [(), ("shop",), ("channel",), ("device",), ("region",), ("shop", "device")])
def test_driver_steps_add_up_to_the_change_exactly_wherever_they_are_cut(shop: SmallStore, per: tuple[str, ...]) -> None:
    total: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    for value in shop.values("driver_decomposition", first=NOW, days=SPAN, per=(*per, "step")):
        total[tuple(value.per[name] for name in per)] += Fraction(value.value)
    change: dict[tuple[str, ...], int] = defaultdict(int)
    for first, sign in ((BEFORE, -1), (NOW, 1)):
        for value in shop.values("paid_amount", first=first, days=SPAN, per=per):
            change[tuple(value.per[name] for name in per)] += sign * value.value
    assert {key: number for key, number in total.items() if number} == {key: number for key, number in change.items() if number}


# ---- rates


@pytest.fixture(scope="module")
def two_channels() -> SmallStore:
    store = _with_traffic()
    for day, channel, sessions, bought in (
        (JANUARY_10, 1, 1000, 50), (JANUARY_10, 2, 1000, 10), (FEBRUARY_10, 1, 3000, 144), (FEBRUARY_10, 2, 500, 6),
    ):  # fmt: skip
        store.add("site_traffic", day=day, shop_id=1, variant="channel", channel_id=channel, sessions=sessions, purchase_sessions=bought)
    return store


def test_rate_and_mix_agree_with_the_worked_example(two_channels: SmallStore, expected: dict[str, Any]) -> None:
    example = expected["E54"]
    found = {
        (value.per["channel"], value.per["step"]): float(value.value)
        for value in two_channels.values("rate_mix_decomposition", per=("channel", "step"), **FEBRUARY)
    }
    assert [found[channel, "within"] for channel in ("web", "live")] == [pytest.approx(one, abs=1e-6) for one in example["rate"]]
    assert [found[channel, "mix"] for channel in ("web", "live")] == [pytest.approx(one, abs=1e-6) for one in example["mix"]]
    assert two_channels.number("rate_mix_decomposition", **FEBRUARY) == pytest.approx(example["change"], abs=1e-6)
    whole = [Fraction(value.value) for value in two_channels.values("rate_mix_decomposition", per=("step",), **FEBRUARY)]
    assert sum(whole) == Fraction(150, 3500) - Fraction(60, 2000)


def test_a_part_that_came_new_has_only_weight() -> None:
    split = split_rate({"a": Rated(5, 100, 10, 100), "b": Rated(0, 0, 30, 100)})
    assert split["b"][0] == 0
    assert sum((within + mix for within, mix in split.values()), Fraction(0)) == Fraction(40, 200) - Fraction(5, 100)
    assert split_rate({"a": Rated(0, 0, 1, 2)}) == {}


@pytest.mark.parametrize("dimension", ["shop", "channel", "device"])
def test_rate_and_mix_of_parts_add_up_to_the_change_of_their_rate(shop: SmallStore, dimension: str) -> None:
    effects = [Fraction(value.value) for value in shop.values("rate_mix_decomposition", first=NOW, days=SPAN, per=(dimension,)) if value.value is not None]
    sides = []
    for first in (BEFORE, NOW):
        parts = shop.values("conversion_rate_sessions", first=first, days=SPAN, per=(dimension,))
        known = [part for part in parts if part.value is not None]
        sides.append(Fraction(sum(part.numerator for part in known), sum(part.denominator for part in known)))
    assert sum(effects) == sides[1] - sides[0]


def test_a_rate_of_products_can_be_split_too(two_months: SmallStore) -> None:
    whole = two_months.value("rate_mix_decomposition(discount_rate)", **FEBRUARY)
    assert whole.value == 0


# ---- growth


def _plain_growth(facts: Facts) -> dict[tuple[str, ...], Any]:
    before, now = (net_sales(facts.between(first, first + SPAN - 1)) for first in (BEFORE, NOW))
    if not any(facts.between(first, first + SPAN - 1).lines + facts.between(first, first + SPAN - 1).refunds for first in (BEFORE, NOW)):
        return {}
    return {} if before == 0 or (before < 0) != (now < 0) else {(): Fraction(now - before, before)}


def test_growth_agrees_with_a_plain_evaluation(shop: SmallStore) -> None:
    assert compare_all(shop, "growth_pop", GOODS, (), _plain_growth, first=NOW, days=SPAN) > 100


@pytest.fixture(scope="module")
def new_year() -> SmallStore:
    store = SmallStore(kinds=())
    first, last = parse_day("2024-01-01"), parse_day("2025-03-31")
    store.cover("sales", first, last)
    store.cover("refunds", first, last)
    quiet = {parse_day(start) + day for start in ("2024-02-10", "2025-01-29") for day in range(7)}
    for day in range(first, last + 1):
        store.order(day, {"gross_minor": 20 if day in quiet else 100})
    return store


@pytest.mark.parametrize(
    ("metric", "key"), [("growth_yoy", "calendar_yoy"), ("growth_yoy_aligned", "aligned364_yoy"), ("growth_event_aligned", "event_yoy")]
)
def test_growth_round_a_moving_feast_agrees_with_the_worked_example(
    new_year: SmallStore, expected: dict[str, Any], metric: str, key: str
) -> None:
    value = new_year.value(metric, first=parse_day("2025-01-20"), days=14)
    assert float(value.value) == pytest.approx(expected["E11"][key], abs=1e-6)
    assert value.denominator == expected["E11"][key.replace("yoy", "prev")]


def test_growth_of_a_running_month_looks_at_the_days_that_have_data(new_year: SmallStore) -> None:
    store = SmallStore(kinds=())
    store.cover("sales", parse_day("2026-01-01"), parse_day("2026-02-10"))
    for day in range(parse_day("2026-01-01"), parse_day("2026-02-10") + 1):
        store.order(day, dict(gross_minor=100))
    value = store.value("growth_pop", **FEBRUARY)
    assert (value.value, value.details["base_first"], value.details["base_last"]) == (0, "2026-01-01", "2026-01-10")
    assert value.quality == "partial"


def test_there_is_no_growth_from_nothing_or_across_zero(expected: dict[str, Any]) -> None:
    store = _with_traffic()
    store.cover("refunds", parse_day("2026-01-01"), parse_day("2026-02-28"))
    _days_of(store, FEBRUARY_10, 4, 100, 100)
    value = store.value("growth_pop", **FEBRUARY)
    assert (value.value, value.quality, value.reason, value.numerator) == (expected["E52"]["from_zero"], "no_base", "metrics.growth_no_base", 400)
    store = _with_traffic()
    _days_of(store, JANUARY_10, 4, 100, 200)
    _days_of(store, FEBRUARY_10, 5, 100, 200)
    assert store.number("growth_pop(conversion_rate_sessions)", **FEBRUARY) == expected["E52"]["relative"]
    value = store.value("growth_yoy", **FEBRUARY)
    assert (value.value, value.quality) == (None, "insufficient_history")


def test_growth_across_a_change_of_sign_is_none(expected: dict[str, Any]) -> None:
    store = SmallStore(kinds=())
    for kind in ("sales", "refunds"):
        store.cover(kind, parse_day("2026-01-01"), parse_day("2026-02-28"))
    store.order(JANUARY_10, dict(gross_minor=100))
    store.refund(JANUARY_10, 102)
    store.order(FEBRUARY_10, dict(gross_minor=3))
    assert store.number("growth_pop", **FEBRUARY) == expected["E52"]["margin_relative"]


# ---- seasons


def test_the_index_of_weekdays_gives_the_expected_part_of_a_month(expected: dict[str, Any]) -> None:
    store = SmallStore(days=26 * 7 + 6, kinds=("sales", "refunds"))
    for day in range(DAY_1, DAY_1 + 26 * 7 + 6):
        store.order(day, dict(gross_minor=160 if (day - DAY_1) % 7 >= 5 else 100))
    values = store.values("seasonality_index", per=("weekday",), first=DAY_1 + 150, days=30)
    index = [Fraction(value.value) for value in values]
    assert [value.per["weekday"] for value in values] == list("1234567")
    assert sum(index) == 7
    assert index[5] / index[0] == Fraction(8, 5)
    weights = [index[day % 7] for day in range(30)]
    assert float(sum(weights[:12]) / sum(weights)) == about(expected["E50"]["expected_share"])


def test_eight_weeks_are_needed_and_events_are_left_out() -> None:
    store = SmallStore(days=50)
    for day in range(DAY_1, DAY_1 + 50):
        store.order(day, dict(gross_minor=100))
    value = store.value("seasonality_index", where=(("weekday", "1"),), days=50)
    assert (value.value, value.quality, value.details["weeks"]) == (None, "insufficient_history", 8)
    usual = {day: 100 for day in range(7 * 30)}
    loud = {**usual, 45: 9000, 101: 9000}
    assert season.of_weekdays(loud, {45, 101})[0] == season.of_weekdays(usual)[0]


def test_weeks_of_the_year_need_two_years() -> None:
    first = parse_day("2023-01-02")
    level = {day: 100 + (50 if 40 <= (day - first) // 7 % 52 < 44 else 0) for day in range(first, first + 7 * 160)}
    index, weeks = season.of_weeks(level)
    assert weeks == 160 and len(index) >= 52
    assert max(index, key=lambda week: index[week]) in range(41, 45)
    assert season.of_weeks({day: value for day, value in level.items() if day < first + 7 * 100}) == ({}, 100)


def test_a_week_of_nothing_but_events_has_no_index_and_breaks_no_year() -> None:
    first = parse_day("2023-01-02")
    usual = {day: 100 for day in range(first, first + 7 * 120)}
    loud = {day for day in usual if (day - first) // 7 in (44, 45, 96, 97)}
    index, weeks = season.of_weeks({day: 900 if day in loud else 100 for day in usual}, loud)
    assert weeks == 120
    assert set(index.values()) == {1}
    assert {45, 46} & set(index) == set()


def _plain_weekdays(facts: Facts) -> dict[tuple[str, ...], Any]:
    last = DAY_1 + QUIET_DAYS - 1
    by_day = {day: Fraction(net_sales(facts.between(day, day))) for day in range(DAY_1, last + 1)}
    ratios = defaultdict(list)
    for day in range(DAY_1 + 3, last - 2):
        level = sum(by_day[near] for near in range(day - 3, day + 4)) / 7
        if level > 0:
            ratios[(day - DAY_1) % 7 + 1].append(by_day[day] / level)
    if len(ratios) < 7 or min(map(len, ratios.values())) < 8:
        return {}
    found = {weekday: Fraction(median(of)) for weekday, of in ratios.items()}
    total = sum(found.values())
    return {(str(weekday),): one * 7 / total for weekday, one in found.items()} if total > 0 else {}


def test_weekdays_agree_with_a_plain_evaluation() -> None:
    store = random_shop(5, 500)
    seen = compare_all(store, "seasonality_index", ("shop", "device"), ("weekday",), _plain_weekdays, first=DAY_1, days=QUIET_DAYS)
    assert seen >= 14
