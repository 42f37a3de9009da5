"""Retention, cohorts, intervals, groups and values of customers: worked examples through facts, a plain evaluation, laws."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogue_facts import DAY_1, SmallStore
from hypothesis import given
from hypothesis import strategies as st
from plain_facts import Facts, compare_all, plain_facts
from random_shop import random_shop

from ecoperf_desktop import language
from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.metrics.methods import cohorts, recency
from ecoperf_desktop.model.days import date_of, parse_bucket, parse_day
from ecoperf_desktop.store import sums

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"
PEOPLE = ("shop", "channel", "region")
# A random shop whose days are drawn out to fifteen months, so that people come back.
DRAWN_OUT = 6
DAYS = 75 * DRAWN_OUT
UNTIL = DAY_1 + DAYS - 1
YEAR = dict(first=parse_day("2026-04-01"), days=365)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    if not ORACLES.exists():
        pytest.skip("the worked examples are not beside this checkout")
    return {name: example["expected"] for name, example in json.loads(ORACLES.read_text(encoding="utf-8")).items()}


def people_shop(seed: int, buyers: int = 70) -> SmallStore:
    store = random_shop(seed, 500, buyers)
    conn = store.conn
    conn.execute(f"UPDATE orders SET sale_day = {DAY_1} + (sale_day - {DAY_1}) * {DRAWN_OUT}")
    conn.execute(f"UPDATE refunds SET refund_day = {DAY_1} + (refund_day - {DAY_1}) * {DRAWN_OUT}")
    conn.execute("UPDATE order_lines SET cost_minor = COALESCE(cost_minor, 700)")
    conn.execute(
        """UPDATE orders SET is_first = CASE WHEN is_test = 1 OR customer_id IS NULL OR sale_day IS NULL THEN NULL
             ELSE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = orders.customer_id AND o.is_test = 0
               AND (o.sale_day, o.order_id) < (orders.sale_day, orders.order_id)) END"""
    )
    for kind in ("sales", "refunds", "expenses"):
        store.cover(kind, DAY_1, UNTIL)
    roll = random.Random(seed)
    for day in range(DAY_1, UNTIL, 9):
        store.add("expenses", day=day, shop_id=roll.choice([1, 2]), channel_id=roll.choice([None, 1, 2]), **{"class": "marketing"},
                  amount_minor=roll.randrange(900, 4000))  # fmt: skip
    return store


@pytest.fixture(scope="module", params=range(2))
def shop(request: pytest.FixtureRequest) -> SmallStore:
    return people_shop(request.param)


def month_of(day: int) -> int:
    found = date_of(day)
    return 12 * found.year + found.month


def named(month: int) -> str:
    return f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02d}"


def is_over(month: int, until: int = UNTIL) -> bool:
    return parse_bucket(named(month))[0].period.last <= until


def first_day_of(facts: Facts) -> dict[int, int]:
    found: dict[int, int] = {}
    for order in facts.orders:
        if order["buyer"] is not None:
            found[order["buyer"]] = min(found.get(order["buyer"], order["day"]), order["day"])
    return found


# ---- the worked examples


@pytest.fixture(scope="module")
def six() -> SmallStore:
    """E16: who bought in which month of 2025."""
    store = SmallStore(kinds=())
    store.cover("sales", parse_day("2025-01-01"), parse_day("2025-03-31"))
    seen: set[int] = set()
    for month, buyers in (("01", "abc"), ("02", "adde"), ("03", "abdf")):
        for place, name in enumerate(buyers):
            store.order(parse_day(f"2025-{month}-{5 + place:02d}"), dict(gross_minor=100), buyer=ord(name), is_first=int(ord(name) not in seen))
            seen.add(ord(name))
    return store


MARCH = dict(first=parse_day("2025-03-01"), days=31)
QUARTER = dict(first=parse_day("2025-01-01"), days=90)


def test_cohorts_agree_with_the_worked_example(six: SmallStore, expected: dict[str, Any]) -> None:
    values = {(value.per["cohort"], value.per["age"]): value for value in six.values("cohort_retention", per=("cohort", "age"), **QUARTER)}
    for month, cohort in expected["E16"]["cohorts"].items():
        for age, rate in enumerate(cohort["retention"]):
            value = values.get((month, f"{age:02d}"))
            assert (None if value is None else round(float(value.value), 4)) == rate, (month, age)
            assert value is None or value.denominator == cohort["size"]
    pooled = {value.per["age"]: float(value.value) for value in six.values("cohort_retention", per=("age",), **QUARTER)}
    assert pooled["01"] == expected["E16"]["pooled_month1_retention"]
    one = six.value("cohort_retention", where=(("cohort", "2025-02"), ("age", "1")), **QUARTER)
    assert (one.value, one.numerator, one.denominator) == (Fraction(1, 2), 1, 2)
    blank = six.value("cohort_retention", where=(("cohort", "2025-03"), ("age", "1")), **QUARTER)
    assert (blank.value, blank.quality) == (None, "insufficient_history")


def test_retention_and_churn_agree_with_the_worked_example(six: SmallStore, expected: dict[str, Any]) -> None:
    assert six.number("retention_rate", **MARCH) == pytest.approx(expected["E16"]["customer_retention_feb_to_mar"], abs=1e-6)


def test_churn_counts_who_did_not_come_back_in_the_second_half(expected: dict[str, Any]) -> None:
    store = SmallStore(kinds=())
    last = parse_day("2025-12-31")
    store.cover("sales", last - 359, last)
    for place, name in enumerate("ade"):
        store.order(last - 350 + place, dict(gross_minor=100), buyer=ord(name))
    for place, name in enumerate("abdf"):
        store.order(last - 100 + place, dict(gross_minor=100), buyer=ord(name))
    value = store.value("churn_rate", first=parse_day("2025-12-01"), days=31)
    assert float(value.value) == pytest.approx(expected["E16"]["churn_feb_to_mar"], abs=1e-6)
    assert (value.numerator, value.denominator, value.quality) == (1, 3, "low_n")


def test_scores_with_ties_agree_with_the_worked_example(expected: dict[str, Any]) -> None:
    often = np.array([1, 1, 1, 1, 1, 1, 2, 2, 3, 9])
    assert recency.scored(often).tolist() == expected["E17"]["f_score_strictly_below"]
    assert recency.scored(np.array([5, 40, 90, 200, 365]), lower_is_better=True).tolist() == expected["E17"]["r_score"]


def test_scores_of_fifty_customers_follow_from_their_orders(expected: dict[str, Any]) -> None:
    store = SmallStore(days=365)
    buyer = 0
    for often in [1, 1, 1, 1, 1, 1, 2, 2, 3, 9]:
        for _ in range(5):
            buyer += 1
            for _ in range(often):
                store.order(DAY_1 + 10, dict(gross_minor=100), buyer=buyer)
    mean = Fraction(sum(expected["E17"]["f_score_strictly_below"]), 10)
    scores = {value.per["step"]: value.value for value in store.values("rfm_score", per=("step",), days=365)}
    assert scores == {"recency": 1, "frequency": mean, "monetary": mean}
    assert store.number("rfm_segment", days=365) == 50


def test_value_over_cost_and_payback_agree_with_the_worked_example(expected: dict[str, Any]) -> None:
    store = SmallStore(kinds=())
    for kind in ("sales", "refunds", "expenses"):
        store.cover(kind, parse_day("2025-01-01"), parse_day("2025-12-31"))
    # 30,000 for 600 customers, as 300 for 6; each leaves 35 in the first month and 5 in each of the eleven after it.
    store.add("expenses", day=parse_day("2025-01-05"), shop_id=1, **{"class": "marketing"}, amount_minor=30_000)
    for buyer in range(1, 7):
        for month in range(1, 13):
            store.order(parse_day(f"2025-{month:02d}-10"), dict(gross_minor=10_000, cost_minor=6_500 if month == 1 else 9_500),
                        buyer=buyer, is_first=int(month == 1))  # fmt: skip
    january = dict(first=parse_day("2025-01-01"), days=31)
    example = expected["E22"]
    assert store.number("cac", **january) == example["cac_acquisition"] * 100
    assert store.number("payback_months", **january) == example["payback_month"]
    year = dict(first=parse_day("2025-01-01"), days=365)
    assert store.number("clv_historic", **year) == example["clv_12m"] * 100
    ratio = store.value("clv_cac_ratio", where=(("cohort", "2025-01"),), **year)
    assert float(ratio.value) == example["clv_cac"]
    assert store.number("clv_cac_ratio", **year) == example["clv_cac"]
    by_age = [float(value.value) / 100 for value in store.values("clv_historic", per=("age",), **year)]
    assert by_age == [35 + 5 * age for age in range(12)]


# ---- a plain evaluation


def _retained(facts: Facts, before: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
    first = {order["buyer"] for order in facts.between(*before).orders} - {None}
    second = {order["buyer"] for order in facts.between(*now).orders} - {None}
    return len(first & second), len(first)


def test_retention_agrees_with_a_plain_evaluation(shop: SmallStore) -> None:
    june, july = (parse_bucket(name)[0].period for name in ("2026-06", "2026-07"))

    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        again, count = _retained(facts, june, july)
        return {(): (Fraction(again, count), count)} if count else {}

    seen = compare_all(shop, "retention_rate", PEOPLE, (), plain, first=july.first, days=july.days,
                       shown=lambda value: (value.value, value.denominator))  # fmt: skip
    assert seen > 10


def test_churn_agrees_with_a_plain_evaluation(shop: SmallStore) -> None:
    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        again, count = _retained(facts, (UNTIL - 359, UNTIL - 180), (UNTIL - 179, UNTIL))
        return {(): Fraction(count - again, count)} if count else {}

    assert compare_all(shop, "churn_rate", PEOPLE, (), plain, first=UNTIL - 20, days=21) > 10


def _cells(facts: Facts) -> Iterator[tuple[int, int, int, int]]:
    """Yield month of first order, months since, who bought then and who could."""
    first = {buyer: day for buyer, day in first_day_of(facts).items() if day in range(YEAR["first"], YEAR["first"] + 365)}
    months = {buyer: {month_of(order["day"]) for order in facts.orders if order["buyer"] == buyer} for buyer in first}
    for month in sorted({month_of(day) for day in first.values()}):
        members = [buyer for buyer, day in first.items() if month_of(day) == month]
        for age in range(40):
            if is_over(month + age):
                yield month, age, sum(month + age in months[buyer] for buyer in members), len(members)


@pytest.mark.parametrize("own", [("cohort", "age"), ("age",), ("cohort",), ()])
def test_cohorts_agree_with_a_plain_evaluation(shop: SmallStore, own: tuple[str, ...]) -> None:
    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        sides: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
        for month, age, again, count in _cells(facts):
            if age or "age" in own:
                key = tuple({"cohort": named(month), "age": f"{age:02d}"}[name] for name in own)
                sides[key][0] += again
                sides[key][1] += count
        return {key: Fraction(*both) for key, both in sides.items()}

    assert compare_all(shop, "cohort_retention", PEOPLE, own, plain, **YEAR) > 10


@pytest.mark.parametrize("own", [(), ("age",)])
def test_repurchase_agrees_with_a_plain_evaluation(shop: SmallStore, own: tuple[str, ...]) -> None:
    everything = plain_facts(shop.conn)

    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        found = {}
        came = {
            order["buyer"]: order["day"] for order in facts.orders
            if order["is_first"] == 1 and YEAR["first"] <= order["day"] < YEAR["first"] + 365
        }  # fmt: skip
        for days in range(30, UNTIL - YEAR["first"] + 1, 30) if own else [90]:
            ripe = [buyer for buyer, day in came.items() if day + days <= UNTIL]
            again = [
                buyer for buyer in ripe
                if any(came[buyer] < order["day"] <= came[buyer] + days for order in everything.orders if order["buyer"] == buyer)
            ]  # fmt: skip
            if ripe:
                found[(f"{days:03d}",) if own else ()] = Fraction(len(again), len(ripe))
        return found

    assert compare_all(shop, "repurchase_within_w", PEOPLE, own, plain, **YEAR) > 10


def _gaps(facts: Facts) -> list[int]:
    gaps = []
    for buyer in first_day_of(facts):
        days = sorted({order["day"] for order in facts.orders if order["buyer"] == buyer})
        gaps += [after - day for day, after in zip(days, days[1:], strict=False) if YEAR["first"] <= after < YEAR["first"] + 365]
    return sorted(gaps)


def test_intervals_agree_with_a_plain_evaluation(shop: SmallStore) -> None:
    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        gaps = _gaps(facts)
        return {(): gaps[(len(gaps) + 1) // 2 - 1]} if gaps else {}

    def by_step(facts: Facts) -> dict[tuple[str, ...], Any]:
        gaps, found = _gaps(facts), {}
        for step in {gap // 30 for gap in gaps}:
            own = [gap for gap in gaps if gap // 30 == step]
            found[(f"{step * 30:03d}",)] = (own[(len(own) + 1) // 2 - 1], len(own), len(gaps))
        return found

    assert compare_all(shop, "purchase_interval_median", PEOPLE, (), plain, **YEAR) > 10
    seen = compare_all(shop, "purchase_interval_median", PEOPLE, ("age",), by_step, **YEAR,
                       shown=lambda value: (value.value, value.numerator, value.denominator))  # fmt: skip
    assert seen > 30


def _scores(facts: Facts) -> list[dict[str, Any]]:
    within = facts.between(UNTIL - 364, UNTIL)
    people: dict[int, dict[str, Any]] = {}
    for order in within.orders:
        if order["buyer"] is not None:
            one = people.setdefault(order["buyer"], {"recency": 0, "frequency": 0, "monetary": 0})
            one["recency"] = max(one["recency"], order["day"])
            one["frequency"] += 1
    for rows, sign, name in ((within.lines, 1, "net"), (within.refunds, -1, "goods")):
        for row in rows:
            if row["buyer"] in people:
                people[row["buyer"]]["monetary"] += sign * row[name]
    count = len(people)
    if count < 15:
        return []
    scored = []
    for one in people.values():
        scores = {"spent": one["monetary"]}
        for step in ("recency", "frequency", "monetary"):
            worse = sum(other[step] < one[step] for other in people.values())
            scores[step] = 1 + 5 * worse // count if count >= 50 else 1 + 2 * (3 * worse // count)
        scored.append(scores)
    return scored


def _group(one: dict[str, Any]) -> str:
    value = (one["frequency"] + one["monetary"] + 1) // 2
    r = one["recency"]
    if r == 5:
        return "champions" if value >= 4 else "potential" if value >= 2 else "new"
    if r == 4:
        return "loyal" if value >= 4 else "potential" if value >= 2 else "promising"
    if r == 3:
        return "loyal" if value >= 4 else "attention" if value == 3 else "slipping"
    if value == 5:
        return "cannot_lose"
    return "at_risk" if value >= 3 else "asleep" if r == 2 else "lost"


WINDOW = dict(first=UNTIL - 30, days=31)


def test_scores_agree_with_a_plain_evaluation(shop: SmallStore) -> None:
    def by_step(facts: Facts) -> dict[tuple[str, ...], Any]:
        scored = _scores(facts)
        return {(step,): Fraction(sum(one[step] for one in scored), len(scored)) for step in ("recency", "frequency", "monetary") if scored}

    def by_group(facts: Facts) -> dict[tuple[str, ...], Any]:
        scored, found = _scores(facts), {}
        for name in {_group(one) for one in scored}:
            own = [one for one in scored if _group(one) == name]
            found[(name,)] = Fraction(sum(one[step] for one in own for step in ("recency", "frequency", "monetary")), 3 * len(own))
        return found

    assert compare_all(shop, "rfm_score", PEOPLE, ("step",), by_step, **WINDOW) > 10
    assert compare_all(shop, "rfm_score", PEOPLE, ("segment",), by_group, **WINDOW) > 10


def test_groups_agree_with_a_plain_evaluation(shop: SmallStore) -> None:
    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        scored, found = _scores(facts), {}
        for name in {_group(one) for one in scored}:
            own = [one["spent"] for one in scored if _group(one) == name]
            found[(name,)] = (len(own), len(scored), sum(own), sum(one["spent"] for one in scored), name)
        return found

    def shown(value: Any) -> Any:
        return (value.value, value.denominator, value.details["spent"], value.details["spent_by_all"], value.word)

    assert compare_all(shop, "rfm_segment", PEOPLE, ("segment",), plain, **WINDOW, shown=shown) > 10


def _profit_rows(facts: Facts, until: int) -> Iterator[tuple[int | None, int, int]]:
    for line in facts.lines:
        if line["day"] <= until:
            yield line["buyer"], line["day"], line["net"] - line["tax"] - line["cost"]
    for refund in facts.refunds:
        if refund["day"] <= until:
            yield refund["buyer"], refund["day"], refund["tax"] + refund["restocked"] - refund["goods"]


LAST = YEAR["first"] + 364


def test_value_to_date_agrees_with_a_plain_evaluation(shop: SmallStore) -> None:
    def plain(facts: Facts) -> dict[tuple[str, ...], Any]:
        rows = [row for row in _profit_rows(facts, LAST) if row[0] is not None]
        return {(): Fraction(sum(row[2] for row in rows), len({row[0] for row in rows}))} if rows else {}

    def by_cohort(facts: Facts, own: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
        first = {buyer: day for buyer, day in first_day_of(facts).items() if day <= LAST}
        sides: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
        rows = list(_profit_rows(facts, LAST))
        for month in sorted({month_of(day) for day in first.values()}):
            members = {buyer for buyer, day in first.items() if month_of(day) == month}
            for age in range(40) if "age" in own else [99]:
                if age == 99 or is_over(month + age, LAST):
                    key = tuple({"cohort": named(month), "age": f"{age:02d}"}[name] for name in own)
                    sides[key][0] += sum(amount for buyer, day, amount in rows if buyer in members and month_of(day) <= month + age)
                    sides[key][1] += len(members)
        return {key: Fraction(*both) for key, both in sides.items()} if rows else {}

    assert compare_all(shop, "clv_historic", PEOPLE, (), plain, **YEAR) > 10
    for own in (("cohort", "age"), ("age",), ("cohort",)):
        seen = compare_all(shop, "clv_historic", PEOPLE, own, lambda facts, own=own: by_cohort(facts, own), **YEAR)  # type: ignore[misc]
        assert seen > 10


def test_value_over_cost_is_its_parts(shop: SmallStore) -> None:
    for per in ((), ("shop",), ("channel",)):
        for value in shop.values("clv_cac_ratio", per=per, **YEAR):
            where = tuple(value.per.items())
            clv, cac = (shop.value(name, where=where, **YEAR) for name in ("clv_historic", "cac"))
            expected_value = None if clv.value is None or cac.value is None or cac.value <= 0 else Fraction(clv.value) / Fraction(cac.value)
            assert value.value == expected_value, where
    for value in shop.values("clv_cac_ratio", per=("cohort",), **YEAR):
        month = parse_bucket(value.per["cohort"])[0].period
        clv = shop.value("clv_historic", where=(("cohort", value.per["cohort"]),), **YEAR)
        cac = shop.value("cac", first=month.first, days=month.days)
        assert value.value == Fraction(clv.value) / Fraction(cac.value)


def test_payback_agrees_with_a_plain_evaluation(shop: SmallStore) -> None:
    facts = plain_facts(shop.conn)
    seen = 0
    for value in shop.values("payback_months", per=("cohort",), **YEAR):
        span = parse_bucket(value.per["cohort"])[0].period
        members = {buyer for buyer, day in first_day_of(facts).items() if day in span}
        cost = shop.value("cac", first=span.first, days=span.days).value
        left = [*_profit_rows(facts, UNTIL)]
        left += [(order["buyer"], order["day"], order["shipping"] - order["fees"]) for order in facts.orders]
        left += [(refund["buyer"], refund["day"], -refund["shipping"]) for refund in facts.refunds]
        month = month_of(span.first)
        paid_back = None
        for age in range(40):
            if paid_back is None and is_over(month + age):
                earned = sum(amount for buyer, day, amount in left if buyer in members and month_of(day) <= month + age)
                if members and Fraction(earned, len(members)) >= cost:
                    paid_back = age + 1
        assert value.value == paid_back, value.per
        seen += paid_back is not None
    assert seen > 2


def test_a_running_month_does_not_hide_that_the_others_have_paid_back() -> None:
    store = SmallStore(kinds=())
    for kind in ("sales", "refunds", "expenses"):
        store.cover(kind, parse_day("2025-01-01"), parse_day("2025-03-10"))
    store.add("expenses", day=parse_day("2025-01-05"), shop_id=1, **{"class": "marketing"}, amount_minor=1_500)
    for buyer, days in ((1, ("01-10", "02-10")), (2, ("02-05",)), (3, ("03-05",))):
        for place, day in enumerate(days):
            store.order(parse_day(f"2025-{day}"), dict(gross_minor=1_000, cost_minor=600), buyer=buyer, is_first=int(place == 0))
    value = store.value("payback_months", first=parse_day("2025-01-01"), days=90)
    # 500 each; after the first month 400 of two people, after the second 800 of the one who is old enough.
    assert (value.value, value.details["customers"], value.details["earned"]) == (2, 1, 800.0)


# ---- laws and edges


def test_kept_columns_and_facts_give_the_same_values() -> None:
    ahead, facts = people_shop(3), people_shop(3)
    for metric, per in (
        ("retention_rate", ("region",)), ("cohort_retention", ("shop", "cohort", "age")), ("repurchase_within_w", ("channel", "region")),
        ("purchase_interval_median", ("region",)), ("rfm_segment", ("segment",)), ("clv_historic", ("region", "cohort", "age")),
    ):  # fmt: skip
        kept = ahead.values(metric, per=per, **YEAR)
        assert sums.are_current(ahead.conn)
        facts.values("orders")
        facts.conn.execute("DELETE FROM setting WHERE name = 'sums'")
        assert [(one.per, one.value, one.details) for one in kept] == [
            (one.per, one.value, one.details) for one in facts.values(metric, per=per, **YEAR)
        ], metric


def test_few_customers_are_scored_in_thirds_and_fewer_not_at_all() -> None:
    store = SmallStore(days=365)
    for buyer in range(1, 21):
        for _ in range(buyer):
            store.order(DAY_1 + buyer, dict(gross_minor=100), buyer=buyer)
    value = store.value("rfm_segment", days=365)
    assert (value.value, value.quality, value.reason, value.details["n"]) == (20, "low_n", "metrics.rfm_thirds", 20)
    small = SmallStore(days=365)
    for buyer in range(1, 10):
        small.order(DAY_1, dict(gross_minor=100), buyer=buyer)
    value = small.value("rfm_segment", days=365)
    assert (value.value, value.quality, value.reason, value.details["customers"]) == (None, "insufficient_history", "metrics.rfm_few", 9)


def test_groups_of_customers_cover_every_score_and_are_named() -> None:
    assert len(recency.groups()) == 11
    for group in recency.groups():
        assert set(group.name) == set(language.LANGUAGES)
    with pytest.raises(MappingError, match="recency 1"):
        recency.table(tuple(group for group in recency.groups() if group.code != "lost"))


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=80), st.sampled_from([3, 5]))
def test_equal_customers_have_equal_scores_and_better_ones_no_worse(values: list[int], classes: int) -> None:
    scored = recency.scored(np.array(values), classes).tolist()
    plain = [1 + classes * sum(other < value for other in values) // len(values) for value in values]
    assert scored == plain
    turned = recency.scored(np.array(values), classes, lower_is_better=True).tolist()
    assert turned == [1 + classes * sum(other > value for other in values) // len(values) for value in values]


@given(st.lists(st.tuples(st.integers(19_000, 19_400), st.integers(1, 8)), max_size=60))
def test_months_and_intervals_are_those_of_plain_counting(rows: list[tuple[int, int]]) -> None:
    rows.sort()
    days, buyers = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    first = {}
    for day, buyer in rows:
        first.setdefault(buyer, day)
    of = cohorts.visits(days, buyers)
    grid = cohorts.matrix(of)
    assert grid.sizes.sum() == len(first)
    for row, size in enumerate(grid.sizes.tolist()):
        members = [buyer for buyer, day in first.items() if cohorts.month_of(day) == grid.first + row]
        assert size == len(members)
        for age, active in enumerate(grid.active[row].tolist()):
            month = grid.first + row + age
            assert active == sum(any(cohorts.month_of(day) == month for day, one in rows if one == buyer) for buyer in members)
    gaps, _ = cohorts.intervals(of)
    own = [sorted({day for day, one in rows if one == buyer}) for buyer in first]
    assert sorted(gaps.tolist()) == sorted(after - day for one in own for day, after in zip(one, one[1:], strict=False))
    second = cohorts.second_days(of)
    assert all((second[buyer] if len(one) > 1 else cohorts.NEVER) == (one[1] if len(one) > 1 else cohorts.NEVER) for buyer, one in zip(first, own, strict=True))


def test_a_month_that_is_not_over_stays_blank_and_a_cost_not_earned_back_says_so() -> None:
    store = SmallStore(kinds=())
    for kind in ("sales", "refunds", "expenses"):
        store.cover(kind, parse_day("2025-01-01"), parse_day("2025-03-15"))
    store.add("expenses", day=parse_day("2025-01-05"), shop_id=1, **{"class": "marketing"}, amount_minor=5_000)
    store.order(parse_day("2025-01-10"), dict(gross_minor=1_000, cost_minor=600), buyer=1, is_first=1)
    store.order(parse_day("2025-03-10"), dict(gross_minor=1_000, cost_minor=600), buyer=1, is_first=0)
    ages = [value.per["age"] for value in store.values("cohort_retention", per=("age",), **QUARTER)]
    assert ages == ["00", "01"]
    value = store.value("payback_months", first=parse_day("2025-01-01"), days=31)
    assert (value.value, value.reason, value.details["months"], value.details["earned"]) == (None, "metrics.payback_not_yet", 2, 400.0)


def test_retention_without_the_month_before_is_no_number() -> None:
    store = SmallStore(days=30)
    store.order(DAY_1, dict(gross_minor=100), buyer=1)
    value = store.value("retention_rate", first=parse_day("2026-03-01"), days=31)
    assert (value.value, value.quality, value.reason) == (None, "insufficient_history", "metrics.not_covered")
