"""A person's own metrics behave like the shipped ones, and reach nothing but metrics."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from catalogue_facts import DAY_1
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shop import DAYS, random_shop

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.own import checked, problems, with_own
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import OwnMetric
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store import own_metrics, sums

WHOLE = Period(DAY_1, DAY_1 + DAYS - 1)
PROFIT = OwnMetric("profit_roas", "Profit per yuan of ads", "", "gross_profit / ad_cost", "ratio")


def test_an_own_metric_divides_totals_at_each_level_and_never_averages_parts() -> None:
    store = random_shop(3)
    sums.ensure(store.conn)
    own = OwnMetric("net_per_order", "Net sales per order", "", "net_sales / orders", "money")
    engine = Engine(store.conn, with_own(catalogue(), [own]))
    for question in (
        Question(("net_per_order", "net_sales", "orders"), WHOLE),
        Question(("net_per_order", "net_sales", "orders"), WHOLE, by="week"),
        Question(("net_per_order", "net_sales", "orders"), WHOLE, per=("shop", "channel")),
        Question(("net_per_order", "net_sales", "orders"), WHOLE, per=("region",), where=(("shop", "Second"),)),
    ):
        values = engine.answer([question])[0]
        found = {(value.metric, value.bucket, tuple(value.per.items())): value for value in values}
        seen = 0
        for (metric, bucket, cut), value in found.items():
            if metric != "net_per_order":
                continue
            net, orders = found["net_sales", bucket, cut].value, found["orders", bucket, cut].value
            if net is None or not orders:
                assert value.value is None
                continue
            seen += 1
            assert value.value == Fraction(net) / Fraction(orders)
            assert (value.unit, value.currency) == ("money", "CNY")
        assert seen


def test_it_may_be_cut_by_what_all_its_parts_may_be_cut_by() -> None:
    metric = checked(PROFIT, catalogue())
    parts = [catalogue().metric("gross_profit"), catalogue().metric("ad_cost")]
    assert set(metric.dimensions) == set(parts[0].dimensions) & set(parts[1].dimensions)
    assert {kind for part in parts for kind in part.needs} == set(metric.needs)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("net_sales / ordrs", "metrics.catalogue_unknown_metric"),
        ("marketing_booked / 2", "metrics.catalogue_unknown_metric_none_near"),  # a part, never shown
        ("covered / 2", "metrics.catalogue_unknown_metric_none_near"),
        ("1 + 1", "metrics.own_of_nothing"),
        ("profit_roas * 2", "metrics.own_circle"),
        ("net_sales + 5", "metrics.own_mixes_money"),
        ("max(net_sales, orders)", "metrics.own_mixes_money"),
        ("net_sales * 2", "metrics.own_is_money"),
        ("orders.__class__", "metrics.formula_unreadable"),
        ("__import__('os')", "metrics.formula_unreadable"),
        ("orders; DROP TABLE orders", "metrics.formula_unreadable"),
        ("(SELECT 1)", "metrics.formula_unreadable"),
        ("", "metrics.formula_unreadable"),
    ],
)
def test_what_is_no_expression_over_metrics_is_refused_with_its_reason(expression: str, code: str) -> None:
    with pytest.raises(MetricRefused) as refused:
        checked(replace(PROFIT, expression=expression), catalogue())
    assert refused.value.code == code


def test_money_stays_money_whatever_is_done_with_it() -> None:
    for expression, unit in (
        ("net_sales * 2", "money"), ("net_sales / orders", "money"), ("gross_profit / net_sales", "ratio"), ("max(net_profit, 0)", "money"),
        ("net_sales - ad_cost * 1.5", "money"), ("orders / days", "count"),
    ):  # fmt: skip
        assert checked(replace(PROFIT, expression=expression, unit=unit), catalogue()).unit == unit
    with pytest.raises(MetricRefused, match="cannot be money"):
        checked(replace(PROFIT, unit="money"), catalogue())


@pytest.mark.parametrize("taken", ["net_sales", "marketing_booked", "days", "Profit", "p", "a b"])
def test_ids_that_are_taken_or_no_words_are_refused(taken: str) -> None:
    with pytest.raises(MetricRefused):
        checked(replace(PROFIT, id=taken), catalogue())


def test_own_metrics_may_be_made_of_own_metrics_but_not_in_a_circle() -> None:
    second = OwnMetric("twice_profit", "Twice", "", "profit_roas * 2", "ratio")
    known = with_own(catalogue(), [second, PROFIT])
    assert {"twice_profit", "profit_roas"} <= set(known.metrics)
    with pytest.raises(MetricRefused) as refused:
        checked(replace(PROFIT, expression="twice_profit / 2"), known)
    assert refused.value.code == "metrics.own_circle_by"
    circle = [replace(PROFIT, expression="twice_profit / 2"), second]
    assert not {"twice_profit", "profit_roas"} & set(with_own(catalogue(), circle).metrics)
    assert set(problems(catalogue(), circle)) == {"twice_profit", "profit_roas"}


def test_one_that_no_longer_holds_stays_out_and_says_why() -> None:
    lost = replace(PROFIT, expression="a_metric_of_old / ad_cost")
    assert "profit_roas" not in with_own(catalogue(), [lost]).metrics
    assert problems(catalogue(), [lost])["profit_roas"].code.startswith("metrics.catalogue_unknown_metric")


def test_they_are_kept_in_the_workspace_in_the_order_of_their_names() -> None:
    store = random_shop(1)
    own_metrics.keep(store.conn, PROFIT)
    own_metrics.keep(store.conn, replace(PROFIT, name="A better name", decimals=2))
    assert own_metrics.own_metrics(store.conn) == [replace(PROFIT, name="A better name", decimals=2)]
    assert own_metrics.remove(store.conn, "profit_roas")
    assert not own_metrics.remove(store.conn, "profit_roas")
    assert own_metrics.own_metrics(store.conn) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_either_a_metric_or_refused_with_words(text: str) -> None:
    try:
        checked(replace(PROFIT, expression=text), catalogue())
    except MetricRefused as refused:
        assert str(refused) != refused.code
