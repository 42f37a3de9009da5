"""Who still is a customer, and what customers will be worth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from catalogue_facts import DAY_1, SmallStore
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.methods import buying_model as model
from ecoperf_desktop.metrics.methods.buying_model import Buying, Histories, Spending

TRUE = Buying(0.6, 6.0, 0.8, 2.5)
WORTH = Spending(6.25, 3.74, 15.44)
WEEKS = 60


def one(x: int, t_x: float, age: float) -> Histories:
    return Histories(np.array([x]), np.array([t_x]), np.array([age]))


def simulated(roll: np.random.Generator, days_known: int) -> list[int]:
    """Return the purchase days of a customer, from 0 up to ``days_known``, by the story the model tells."""
    rate, leaving = roll.gamma(TRUE.r, 1 / TRUE.alpha) / 7, roll.beta(TRUE.a, TRUE.b)
    days, now = [0], 0.0
    while True:
        now += roll.exponential(1 / rate)
        if now > days_known:
            return days
        days.append(int(now))
        if roll.random() < leaving:
            return days


def simulated_shop(until: int = WEEKS * 7, loyal_pay_more: bool = False) -> SmallStore:
    """Return a shop of 900 customers by the model's story, which sells nothing any more from day ``until`` on."""
    store = SmallStore(days=WEEKS * 7)
    roll = np.random.default_rng(5)
    for buyer in range(1, 901):
        start = int(roll.integers(0, 20 * 7))
        price = 1 / roll.gamma(WORTH.q, 1 / WORTH.v)
        days = simulated(roll, WEEKS * 7 - 1 - start)
        if loyal_pay_more:
            price = 5.0 * len(days)
        for place, day in enumerate(days):
            gross = max(1, round(roll.gamma(WORTH.p) * price * 100))
            if start + day >= until:
                continue
            store.order(DAY_1 + start + day, dict(gross_minor=gross, cost_minor=round(gross * 0.6)), buyer=buyer,
                        is_first=int(place == 0), channel_id=1 + buyer % 2)  # fmt: skip
    return store


@pytest.fixture(scope="module")
def shop() -> SmallStore:
    return simulated_shop()


# ---- the mathematics


@settings(deadline=None)
@given(st.floats(1e-3, 1e5))
def test_the_logarithm_of_gamma_is_exact(value: float) -> None:
    assert float(model.gammaln(value)) == pytest.approx(math.lgamma(value), rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(st.floats(0.01, 5), st.floats(0.5, 6), st.floats(0, 0.95))
def test_the_hypergeometric_series_meets_its_closed_forms(a: float, b: float, z: float) -> None:
    assert float(model.hyp2f1(a, b, b, z)) == pytest.approx((1 - z) ** -a, rel=1e-9)
    if z > 0.01:
        assert float(model.hyp2f1(1, 1, 2, z)) == pytest.approx(-math.log(1 - z) / z, rel=1e-9)


def test_a_series_that_does_not_end_is_refused() -> None:
    with pytest.raises(ValueError, match="up to 1"):
        model.hyp2f1(1, 1, 2, 1.0)


def test_parameters_are_found_again_from_purchases_made_with_them() -> None:
    roll = np.random.default_rng(3)
    ages = roll.integers(30 * 7, 80 * 7, 8000)
    days = [simulated(roll, int(age)) for age in ages]
    x = np.array([len(of) - 1 for of in days])
    found = model.fit_buying(Histories(x, np.array([of[-1] / 7 for of in days]), ages / 7))
    assert found.r == pytest.approx(TRUE.r, rel=0.1)
    assert found.alpha == pytest.approx(TRUE.alpha, rel=0.12)
    assert found.a / found.b == pytest.approx(TRUE.a / TRUE.b, rel=0.2)
    means = np.array([roll.gamma(WORTH.p, 1 / roll.gamma(WORTH.q, 1 / WORTH.v), count).mean() for count in x[x > 0]])
    worth = model.fit_spending(x[x > 0], means)
    assert worth.population_mean == pytest.approx(WORTH.population_mean, rel=0.05)


@settings(deadline=None)
@given(st.integers(1, 60), st.floats(0, 50), st.floats(0, 50), st.floats(0.1, 4), st.floats(0.5, 20))
def test_the_longer_the_silence_the_less_likely_a_customer(x: int, t_x: float, more: float, a: float, alpha: float) -> None:
    of = Buying(0.5, alpha, a, 2.0)
    sooner, later = (float(model.p_alive(of, one(x, t_x, t_x + silence))[0]) for silence in (0, more))
    assert 0 <= later <= sooner <= 1


@settings(deadline=None)
@given(st.integers(0, 40), st.floats(0.1, 3.0), st.floats(1, 100))
def test_expectations_grow_with_time_and_stay_below_the_rate_without_leaving(x: int, a: float, weeks: float) -> None:
    history = one(x, 20.0 if x else 0.0, 30.0)
    of = Buying(0.5, 5.0, a, 2.0)
    half, whole = (float(model.expected_purchases(of, history, span)[0]) for span in (weeks / 2, weeks))
    assert 0 <= half <= whole <= (of.r + x) / (of.alpha + 30.0) * weeks * (1 + 1e-9)


def test_where_the_formula_divides_by_zero_its_limit_is_taken() -> None:
    near = [float(model.expected_purchases(Buying(0.5, 5.0, a, 2.0), one(3, 20, 30), 26)[0]) for a in (0.999, 1.0, 1.001)]
    assert near[0] == pytest.approx(near[1], rel=1e-3)
    assert near[2] == pytest.approx(near[1], rel=1e-3)


def test_discounting_takes_a_little_less_than_the_yearly_rate() -> None:
    plain = model.discounted_purchases(TRUE, one(3, 20, 30), 52, 0.0)[0]
    less = model.discounted_purchases(TRUE, one(3, 20, 30), 52, 0.1)[0]
    assert plain == pytest.approx(model.expected_purchases(TRUE, one(3, 20, 30), 52)[0])
    assert plain / 1.1 < less < plain


@pytest.mark.parametrize("wrong", [(-1, 0.0, 1.0), (1, 3.0, 2.0), (0, 1.0, 2.0)])
def test_histories_that_cannot_be_are_refused(wrong: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="between the first and now"):
        one(*wrong)


def test_without_a_second_purchase_there_is_no_model() -> None:
    with pytest.raises(ValueError, match="nobody bought twice"):
        model.fit_buying(one(0, 0, 10))


def _some_histories(count: int = 400) -> Histories:
    roll = np.random.default_rng(7)
    ages = roll.integers(10 * 7, 80 * 7, count)
    days = [simulated(roll, int(age)) for age in ages]
    return Histories(np.array([len(of) - 1 for of in days]), np.array([of[-1] / 7 for of in days]), ages / 7)


@settings(deadline=None, max_examples=30)
@given(st.tuples(*[st.floats(-2.5, 5)] * 4))
def test_slopes_and_bends_are_those_of_the_likelihood(logs: tuple[float, ...]) -> None:
    alike = model._Alike(_some_histories(), 80.0)
    at = np.array(logs)
    _, slope, bends = alike.badness(at)
    bent = bends()
    for place, side in enumerate(1e-5 * np.eye(4)):
        (above, slope_above, _), (below, slope_below, _) = alike.badness(at + side), alike.badness(at - side)
        assert slope[place] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-2)
        assert bent[place] == pytest.approx((slope_above - slope_below) / 2e-5, rel=1e-4, abs=1e-2)


@settings(deadline=None)
@given(st.floats(1e-2, 1e4))
def test_slopes_of_gamma_are_its_differences(value: float) -> None:
    aside = value * 1e-4
    slope = float(model.gammaln(value + aside) - model.gammaln(value - aside)) / (2 * aside)
    assert float(model.digamma(value)) == pytest.approx(slope, rel=1e-6, abs=1e-6)
    slope = float(model.digamma(value + aside) - model.digamma(value - aside)) / (2 * aside)
    assert float(model.trigamma(value)) == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_no_parameters_beside_those_found_are_likelier() -> None:
    histories = _some_histories()
    found = model.fit_buying(histories)
    alike = model._Alike(histories, 1.0)
    logs = np.log([found.r, found.alpha, found.a, found.b])
    least = alike.badness(logs)[0]
    assert -least == pytest.approx(found.likelihood, rel=1e-12)
    roll = np.random.default_rng(1)
    for size in (1e-2, 0.1, 1.0):
        assert all(alike.badness(logs + size * roll.normal(size=4))[0] >= least - 1e-5 for _ in range(50))


def test_customers_who_are_all_alike_are_fitted_to_the_border_of_the_search() -> None:
    """Everybody buys at one rate and nobody leaves: the likeliest spread of rates is none, which lies at infinity."""
    roll = np.random.default_rng(2)
    days = [np.flatnonzero(roll.random(400) < 0.02) for _ in range(3000)]
    bought = [of for of in days if len(of)]
    histories = Histories(
        np.array([len(of) - 1 for of in bought]), np.array([(of[-1] - of[0]) / 7 for of in bought]), np.array([(400 - of[0]) / 7 for of in bought])
    )
    found = model.fit_buying(histories)
    assert found.r / found.alpha == pytest.approx(0.02 * 7, rel=0.05)
    assert float(np.nanmean(model.p_alive(found, histories))) > 0.95


# ---- the metrics


def test_future_purchases_of_a_simulated_shop_are_near_those_it_then_makes(shop: SmallStore) -> None:
    """What is said as of week 46 about 14 weeks ahead is the check itself: it must be near."""
    value = shop.value("p_alive", days=WEEKS * 7)
    assert value.quality == "ok"
    assert 0 < float(value.value or 0) < 1
    assert value.details["check_predicted"] == pytest.approx(value.details["check_happened"], rel=0.25)
    known = shop.conn.execute("SELECT COUNT(DISTINCT buyer_id) FROM customer").fetchone()[0]
    assert float(value.denominator or 0) + float(str(value.details["unknown"])) == known


def test_value_is_purchases_times_worth_times_margin(shop: SmallStore) -> None:
    value = shop.value("clv_predicted", days=WEEKS * 7)
    assert (value.quality, value.unit, value.currency) == ("ok", "money", "CNY")
    assert value.details["share"] == pytest.approx(0.4, rel=0.01)
    assert value.details["weeks"] == 52
    # Between a tenth and three times what a purchase leaves: of the right order, whichever the chance of the simulation.
    one_purchase = WORTH.population_mean * 100 * 0.4
    assert one_purchase / 10 < float(value.value or 0) < 3 * one_purchase


def test_one_fit_a_cut_and_too_few_customers_are_said(shop: SmallStore) -> None:
    values = shop.values("p_alive", days=WEEKS * 7, per=("channel",))
    assert [value.quality for value in values] == ["insufficient_history"] * 2
    assert {value.reason for value in values} == {"metrics.lifetime_few_customers"}
    assert sum(int(str(value.details["customers"])) for value in values) == 900
    whole = shop.value("p_alive", days=WEEKS * 7, where=(("channel", "web"), ("channel", "live")))
    assert whole.quality == "ok"


def test_a_short_history_is_said(shop: SmallStore) -> None:
    value = shop.value("clv_predicted", days=20 * 7)
    assert (value.value, value.quality, value.reason) == (None, "insufficient_history", "metrics.lifetime_few_weeks")


def test_a_model_that_was_wrong_about_the_last_quarter_is_not_shown() -> None:
    value = simulated_shop(until=45 * 7).value("p_alive", days=WEEKS * 7)
    assert (value.value, value.quality, value.reason) == (None, "insufficient_history", "metrics.lifetime_check_failed")
    assert int(str(value.details["predicted"])) > 2 * int(str(value.details["happened"]))


def test_where_the_loyal_pay_more_no_value_is_told_but_who_stays_is() -> None:
    store = simulated_shop(loyal_pay_more=True)
    value = store.value("clv_predicted", days=WEEKS * 7)
    assert (value.value, value.reason) == (None, "metrics.lifetime_values_depend")
    assert store.value("p_alive", days=WEEKS * 7).quality == "ok"


def test_days_without_data_do_not_make_customers_look_gone(shop: SmallStore) -> None:
    known = shop.value("p_alive", days=WEEKS * 7)
    later = shop.value("p_alive", days=WEEKS * 7 + 200)
    assert later.value == known.value
    assert later.quality == "partial"


def test_an_order_refunded_whole_is_no_purchase() -> None:
    def histories(with_refund: bool) -> Any:
        from ecoperf_desktop.metrics.evaluate import Answering, Engine
        from ecoperf_desktop.metrics.methods.lifetime import Purchases
        from ecoperf_desktop.metrics.scope import Scope

        store = SmallStore(days=40)
        store.order(DAY_1, dict(gross_minor=100), buyer=1)
        second = store.order(DAY_1 + 9, dict(gross_minor=100), buyer=1)
        store.order(DAY_1 + 9, dict(gross_minor=60), buyer=1)
        store.order(DAY_1 + 20, dict(gross_minor=90), dict(gross_minor=10, discount_minor=10), buyer=1)
        if with_refund:
            store.refund(DAY_1 + 12, 100, order_id=second)
        sources = Answering(Engine(store.conn, catalogue())).sources
        (customers,) = Purchases(sources, Scope()).customers(DAY_1 + 30).values()
        return customers.x.tolist(), customers.mean_value.tolist(), (customers.last - customers.first).tolist()

    assert histories(False) == ([2], [125.0], [20])
    assert histories(True) == ([2], [75.0], [20])


def test_kept_sums_tell_the_same_customers_as_the_facts(shop: SmallStore) -> None:
    from ecoperf_desktop.metrics.evaluate import Answering, Engine
    from ecoperf_desktop.metrics.methods.lifetime import Purchases
    from ecoperf_desktop.metrics.scope import Scope
    from ecoperf_desktop.store import sums

    def told() -> dict[Any, Any]:
        sources = Answering(Engine(shop.conn, catalogue())).sources
        assert sources.loads.are_current is is_kept
        found = Purchases(sources, Scope(per=("channel",))).customers(DAY_1 + 300)
        return {cut: [column.tolist() for column in (one.x, one.first, one.last, one.mean_value)] for cut, one in found.items()}

    sums.ensure(shop.conn)
    is_kept = True
    kept = told()
    shop.conn.execute("BEGIN")
    shop.conn.execute("UPDATE setting SET value = 'other' WHERE name = 'sums'")
    is_kept = False
    assert told() == kept
    shop.conn.execute("ROLLBACK")
    assert set(kept) == {(1,), (2,)}


def test_a_value_of_something_that_is_no_share_is_refused(shop: SmallStore) -> None:
    from ecoperf_desktop.errors import MetricRefused

    with pytest.raises(MetricRefused) as refused:
        shop.value("clv_predicted(orders)", days=WEEKS * 7)
    assert refused.value.code == "metrics.lifetime_needs_share"
