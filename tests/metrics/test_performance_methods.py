"""Where a period ends, how one stands among one's like, what a training brought, and what to aim at."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from catalogue_facts import DAY_1, SmallStore
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.methods import forecast, groups, running
from ecoperf_desktop.metrics.methods.groups import Person, Side
from ecoperf_desktop.model.days import parse_day

WEEKEND = {5: 160, 6: 160}


def selling(days: int, of_weekday: dict[int, int] = WEEKEND, usual: int = 100) -> SmallStore:
    """Return a shop that sells as much on each weekday, always the same; DAY_1 is a Monday."""
    store = SmallStore(days=days)
    for day in range(days):
        store.order(DAY_1 + day, dict(gross_minor=of_weekday.get(day % 7, usual)))
    return store


# ---- run rate


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=40), st.data())
def test_days_that_sell_what_they_weigh_are_on_pace_and_end_at_their_total(weights: list[int], data: st.DataObject) -> None:
    done = data.draw(st.integers(1, len(weights) - 1))
    elapsed = running.Elapsed(tuple(map(Fraction, weights)), done)
    to_date, total = sum(weights[:done]) * 7, sum(weights) * 7
    assert elapsed.forecast(to_date) == total
    assert elapsed.pace(to_date, total) == 1
    assert elapsed.required_pace(to_date, total) == 1
    required = elapsed.required(to_date, total)
    assert required is not None
    assert to_date + required * (len(weights) - done) == total


def test_a_running_month_ends_at_its_total_by_weekdays() -> None:
    store = selling(26 * 7 + 12)
    month = DAY_1 + 26 * 7
    value = store.value("run_rate_forecast", first=month, days=30)
    whole = sum(WEEKEND.get(day % 7, 100) for day in range(30))
    assert value.value == whole
    assert (value.quality, value.covered, value.unit) == ("partial", 12, "money")
    assert value.details["to_date"] == sum(WEEKEND.get(day % 7, 100) for day in range(12))
    assert value.details["low"] == pytest.approx(whole)  # nothing ever scattered
    assert store.value("run_rate_forecast(orders)", first=month, days=30).value == 30


def test_what_is_over_is_its_number_and_what_has_not_begun_has_none() -> None:
    store = selling(60)
    assert store.value("run_rate_forecast", days=28).value == store.value("net_sales", days=28).value
    ahead = store.value("run_rate_forecast", first=DAY_1 + 80, days=10)
    assert (ahead.value, ahead.quality) == (None, "missing")


def test_a_short_history_weighs_all_days_alike_and_says_by_how_many_weeks() -> None:
    store = selling(21)
    value = store.value("run_rate_forecast", days=42)
    assert value.value == Fraction(store.number("net_sales", days=21) or 0) * 2
    assert int(str(value.details["weekday_weeks"])) < 8


def test_a_rate_has_no_total_at_the_end() -> None:
    with pytest.raises(MetricRefused) as refused:
        selling(7).value("run_rate_forecast(aov)")
    assert refused.value.code == "metrics.forecast_not_additive"


# ---- forecasts and proposals


@settings(deadline=None)
@given(st.floats(1, 1e6), st.floats(0.01, 0.5), st.floats(0.02, 0.98))
def test_a_total_reached_with_a_chance_has_that_chance(middle: float, spread: float, chance: float) -> None:
    outlook = forecast.Outlook(middle, spread)
    assert outlook.chance(outlook.reached_with(chance)) == pytest.approx(chance, rel=1e-6)


@pytest.mark.parametrize("way", [forecast.theta, forecast.damped_holt, forecast.combined])
def test_what_never_changes_goes_on(way: object) -> None:
    assert way([80.0] * 40, 6) == pytest.approx([80.0] * 6)  # type: ignore[operator]


def test_a_steady_rise_is_followed_for_a_while() -> None:
    rising = [100.0 + 2 * week for week in range(60)]
    coming = forecast.combined(rising, 8)
    assert coming == sorted(coming)
    assert rising[-1] < coming[0] and coming[-1] < rising[-1] + 2 * 9


def test_the_year_comes_round_again() -> None:
    wave = [100 + 40 * math.sin(2 * math.pi * week / 52) for week in range(130)]
    coming = forecast.combined(wave, 13)
    actual = [100 + 40 * math.sin(2 * math.pi * week / 52) for week in range(130, 143)]
    assert coming == pytest.approx(actual, rel=0.03)


def test_the_interval_holds_about_as_often_as_it_says() -> None:
    """Of many shops that sell by chance round a level, some 40 % reach the target, 80 % the floor."""
    roll = random.Random(4)
    reached = {0.8: 0, 0.4: 0, 0.1: 0}
    shops = 60
    for _ in range(shops):
        weeks = [1000 * math.exp(roll.gauss(0, 0.15)) for _ in range(64)]
        outlook = forecast.outlook(weeks[:60], 4, [1.0] * 4)
        assert outlook is not None
        for chance in reached:
            reached[chance] += sum(weeks[60:]) >= outlook.reached_with(chance)
    assert 0.62 <= reached[0.8] / shops <= 0.97
    assert 0.22 <= reached[0.4] / shops <= 0.65
    assert reached[0.1] / shops <= 0.25


def test_too_little_history_or_too_far_ahead_is_refused() -> None:
    with pytest.raises(ValueError, match="26 weeks"):
        forecast.combined([1.0] * 25, 4)
    with pytest.raises(ValueError, match="ahead"):
        forecast.combined([1.0] * 60, 27)
    with pytest.raises(ValueError, match="something"):
        forecast.growth([1, 2], [0, 0])


def test_a_target_is_proposed_for_a_month_that_has_not_begun() -> None:
    store = selling(40 * 7)
    value = store.value("target_proposal", first=DAY_1 + 40 * 7, days=28)
    four_weeks = 4 * (5 * 100 + 2 * 160)
    assert value.quality == "ok"
    assert value.details["forecast"] == pytest.approx(four_weeks)
    floor, stretch = (float(str(value.details[name])) for name in ("floor", "stretch"))
    assert floor < four_weeks < float(value.value or 0) < stretch
    assert store.value("target_proposal(orders)", first=DAY_1 + 40 * 7, days=28).details["forecast"] == pytest.approx(28)
    short = selling(20 * 7).value("target_proposal", first=DAY_1 + 20 * 7, days=28)
    assert (short.value, short.quality, short.details["weeks"]) == (None, "insufficient_history", 20)


# ---- benchmarks


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=30))
def test_ranks_from_both_ends_make_one(values: list[int]) -> None:
    for own in values:
        more, less = groups.place(own, values), groups.place(own, values, less_is_better=True)
        assert more.percentile + less.percentile == 1
        assert 0 < more.percentile < 1
    assert sum(groups.place(own, values).percentile for own in values) == Fraction(len(values), 2)


def test_a_value_that_is_no_peer_has_no_place() -> None:
    with pytest.raises(ValueError, match="one of the peers"):
        groups.place(5, [1, 2])


def test_shops_are_set_beside_each_other_and_a_month_beside_the_months_before() -> None:
    store = SmallStore(days=7 * 10)
    store.add("shop", name="Second", source_id=1)
    for week in range(10):
        store.order(DAY_1 + week * 7, dict(gross_minor=100 + week))
        second = store.order(DAY_1 + week * 7, dict(gross_minor=50))
        store.conn.execute("UPDATE orders SET shop_id = 2 WHERE order_id = ?", (second,))
    found = {value.per["shop"]: value for value in store.values("benchmark_percentile", days=70, per=("shop",))}
    assert {name: value.value for name, value in found.items()} == {"Qimu": Fraction(3, 4), "Second": Fraction(1, 4)}
    assert found["Qimu"].quality == "low_n"
    assert (found["Second"].details["n"], found["Second"].details["at_least"]) == (2, 8)
    alone = store.value("benchmark_percentile", days=70, where=(("shop", "Second"),))
    assert (alone.value, alone.details) == (found["Second"].value, found["Second"].details)
    newest = store.value("benchmark_percentile", first=DAY_1 + 63, days=7)
    assert (newest.value, newest.quality, newest.details["rank"]) == (Fraction(19, 20), "ok", 1)


def test_a_running_month_is_set_beside_the_same_days_of_the_months_before() -> None:
    store = SmallStore(kinds=())
    first = parse_day("2026-01-01")
    store.cover("sales", first, parse_day("2026-03-10"))
    store.cover("refunds", first, parse_day("2026-03-10"))
    for day in range(first, parse_day("2026-03-11")):
        store.order(day, dict(gross_minor=100 if day < parse_day("2026-03-01") else 110))
    march = store.value("benchmark_percentile", first=parse_day("2026-03-01"), days=31)
    assert (march.value, march.details["rank"], march.details["of"]) == (Fraction(5, 6), 1, 3)


def test_where_less_is_better_the_least_is_first() -> None:
    store = SmallStore(days=14)
    for day, goods in ((0, 50), (7, 10)):
        order = store.order(DAY_1 + day, dict(gross_minor=100))
        store.refund(DAY_1 + day, goods, order_id=order)
    value = store.value("benchmark_percentile(refund_rate_amount)", first=DAY_1 + 7, days=7)
    assert (value.value, value.details["rank"]) == (Fraction(3, 4), 1)
    with pytest.raises(MetricRefused) as refused:
        store.value("benchmark_percentile(agent_sales_share)")
    assert refused.value.code == "metrics.benchmark_no_better"


# ---- training


def people(before: tuple[int, int], after: tuple[int, int], count: int = 6) -> list[Person]:
    return [Person(Side(*before), Side(*after)) for _ in range(count)]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_what_happens_to_everybody_is_no_effect(before: int, after: int, other: int, shift: int) -> None:
    effect = groups.effect(people((before, 50), (after, 50)), people((other, 50), (other, 50)))
    both = groups.effect(people((before, 50), (after + shift, 50)), people((other, 50), (other + shift, 50)))
    assert effect is not None
    assert both is not None
    assert effect.effect == both.effect == Fraction(after - before, 50)
    assert effect.low - 1e-9 <= float(effect.effect) <= effect.high + 1e-9


def test_a_handful_of_people_or_cases_is_not_measurable() -> None:
    assert groups.effect(people((1, 50), (2, 50), 4), people((1, 50), (2, 50))) is None
    assert groups.effect(people((1, 5), (2, 5), 5), people((1, 50), (2, 50))) is None


def trained_shop(agents: int = 12, ratings: int = 100) -> SmallStore:
    """Return a shop half of whose agents were trained on DAY_1 + 40: 80 to 88 % satisfied, the others 82 to 85 %."""
    store = SmallStore(days=100)
    day = DAY_1 + 40
    for agent in range(agents):
        staff = store.add("staff", name=f"agent {agent}", role="support", department="service")
        is_trained = agent < agents // 2
        if is_trained:
            store.add("training", topic="Kindness", staff_id=staff, day=day, metric="agent_csat", completed=1, pre_score=60, post_score=75)
        for when, share in ((day - 5, 80 if is_trained else 82), (day + 5, 88 if is_trained else 85)):
            for number in range(ratings):
                store.add("support_conversations", ticket_no=f"{agent} {when} {number}", day=when, agent_id=staff, first_msg_ts=0,
                          csat=5 if number * 100 < share * ratings else 2)  # fmt: skip
    return store


def test_the_trained_are_judged_by_what_they_gained_beyond_the_others() -> None:
    value = trained_shop().value("training_effect", days=60)
    assert (value.value, value.quality, value.unit) == (5, "ok", "points")
    assert (value.details["trained"], value.details["others"]) == (6, 6)
    assert value.details["knowledge_gain"] == 15
    assert float(str(value.details["low"])) - 1e-9 <= 5 <= float(str(value.details["high"])) + 1e-9


def test_why_a_training_cannot_be_judged_is_said() -> None:
    assert trained_shop(8).value("training_effect", days=60).reason == "metrics.training_not_measurable"
    none = trained_shop().value("training_effect", days=20)
    assert (none.quality, none.reason) == ("no_base", "metrics.training_none")
    store = trained_shop()
    store.add("training", topic="Other", staff_id=1, day=DAY_1 + 41, metric="agent_reply_rate", completed=1)
    assert store.value("training_effect", days=60).reason == "metrics.training_several_metrics"
    store = trained_shop()
    store.conn.execute("UPDATE training SET day = day + 50")
    assert store.value("training_effect", first=DAY_1 + 60, days=40).reason == "metrics.training_too_early"
    store = trained_shop()
    store.conn.execute("UPDATE training SET metric = 'nps'")
    assert store.value("training_effect", days=60).reason == "metrics.training_not_by_person"


def test_what_awaits_targets_says_so() -> None:
    value = selling(7).value("attainment", days=7)
    assert (value.value, value.quality, value.reason) == (None, "missing", "metrics.awaits_targets")
