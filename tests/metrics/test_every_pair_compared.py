"""Each metric and each dimension it may be cut by is held by some test to numbers that do not come from the engine's own way."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_engine_plainly as walked
import test_given_plainly as given
import test_parts_alone as alone
from catalogue_facts import DAY_1
from catalogue_sql import CATALOGUE
from stated_shop import stated_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Awaits
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store import sums

if not (CATALOGUE / "metrics.yaml").is_file():
    pytest.skip("the shared catalogue (../shared/metrics) is not here", allow_module_level=True)

import test_engine_against_sql as formulas

KNOWN = catalogue().metrics
EVERY = {(metric.id, dimension) for metric in KNOWN.values() for dimension in metric.dimensions}
WALKED = {(metric.id, dimension) for metric in walked.METRICS for dimension in metric.dimensions}
# Dimensions only a method knows, and numbers that say where a part stands among others: the file whose plain evaluation holds them.
ELSEWHERE = {
    "test_methods_customers.py": (
        ("clv_historic", "age"), ("clv_historic", "cohort"), ("clv_cac_ratio", "cohort"), ("payback_months", "cohort"),
        ("purchase_interval_median", "age"), ("repurchase_within_w", "age"), ("rfm_score", "segment"), ("rfm_score", "step"),
        ("rfm_segment", "segment"),
        ("repurchase_within_w", "shop"), ("repurchase_within_w", "channel"), ("repurchase_within_w", "region"),
    ),
    "test_methods_sales.py": (
        ("driver_decomposition", "step"), ("pvm_decomposition", "step"), ("rate_mix_decomposition", "step"), ("seasonality_index", "weekday"),
    ),
    "test_methods_supply.py": (("carrier_score", "carrier"), ("data_freshness", "source"), ("marginal_roas", "step"), ("stock_age_value", "step")),
    "test_methods_holding.py": (
        ("stock_class_value", "segment"), ("stock_class_value", "product"), ("stock_class_value", "category"), ("stock_class_value", "supplier"),
        ("stock_cover_value", "step"),
    ),
    "test_performance_methods.py": (("benchmark_percentile", "shop"),),
}  # fmt: skip
# Metrics that have no number in a shop of 75 days: what they wait for, and the file that holds their cuts on a longer or
# other one.
LONGER = {
    "growth_yoy": ("a year before", "test_parts_alone.py"),
    "growth_yoy_aligned": ("a year before", "test_parts_alone.py"),
    "growth_event_aligned": ("an event of the year before", "test_parts_alone.py"),
    "churn_rate": ("two years", "test_engine_against_sql.py"),
    "repurchase_within_w": ("90 days after the first order", "test_methods_customers.py"),
    "clv_predicted": ("buyers of half a year", "test_lifetime.py"),
    "p_alive": ("buyers of half a year", "test_lifetime.py"),
    "xmr_signal": ("ten weeks before", "test_parts_alone.py"),
    "xyz_class": ("half a year of demand", "test_parts_alone.py"),
    "marginal_roas": ("twelve ordinary weeks", "test_parts_alone.py"),
    "target_proposal": ("two years of weeks", "test_parts_alone.py"),
    "training_effect": ("a training meant for a metric", "test_performance_methods.py"),
    "dead_stock_value": ("180 days without a sale", "test_engine_against_sql.py"),
    "dead_stock_share": ("180 days without a sale", "test_engine_against_sql.py"),
    "stock_class_value": ("half a year of demand", "test_methods_holding.py"),
    "cwv_pass_rate": ("pages of which all three vitals are good", "test_methods_supply.py"),
    "data_freshness": ("a source that is late", "test_methods_supply.py"),
    "seasonality_index": ("a year of weeks", "test_methods_sales.py"),
    "visitors": ("reports of a single day", "test_given_plainly.py"),
    "revenue_per_visitor": ("reports of a single day", "test_given_plainly.py"),
    "social_reach": ("reports of a single day", "test_given_plainly.py"),
}


# Pairs that no test compares: why.
NOWHERE = {("seasonality_index", "week"): "weeks of the year need several years of sales, which no shop of the tests has",
           ("benchmark_percentile", "agent"): "where one stands among one's like is held for shops, by the same arithmetic"}  # fmt: skip


def test_every_pair_of_metric_and_dimension_is_compared_somewhere() -> None:
    waiting = {pair for pair in EVERY if isinstance(KNOWN[pair[0]].calculation, Awaits)}
    elsewhere = {pair for pairs in ELSEWHERE.values() for pair in pairs}
    compared = formulas.PAIRS | WALKED | alone.PAIRS | given.PAIRS
    assert sorted(EVERY - compared - elsewhere - waiting - set(NOWHERE)) == []
    assert sorted(elsewhere - EVERY) == [], "not a pair of the catalogue"
    assert sorted(elsewhere & (formulas.PAIRS | alone.PAIRS | given.PAIRS)) == [], "compared here as well: no exception any more"
    assert len(formulas.PAIRS | alone.PAIRS | given.PAIRS) > 980


def test_the_tests_named_for_what_is_compared_elsewhere_speak_of_it() -> None:
    folder = Path(__file__).parent
    for file, pairs in ELSEWHERE.items():
        text = (folder / file).read_text(encoding="utf-8")
        for metric, dimension in pairs:
            spoken = f'"{dimension}"' in text or ".dimensions" in text
            assert f'"{metric}' in text and spoken, (file, metric, dimension)
    for metric, (_, file) in LONGER.items():
        assert f'"{metric}' in (folder / file).read_text(encoding="utf-8"), (metric, file)


def test_no_comparison_is_of_nothing_with_nothing() -> None:
    """In a shop as those compared, each pair has a number other than 0, or it is said what it waits for."""
    shops = [stated_shop(seed, orders=160).conn for seed in (1, 2, 3)]
    for conn in shops:
        sums.ensure(conn)
    engines = [Engine(conn, catalogue()) for conn in shops]
    periods = (*formulas.PERIODS, Period(DAY_1 + 30, DAY_1 + 57))

    def has_numbers(metric: str, dimension: str) -> bool:
        own = [one for one in formulas.TABLES.get(metric, ()) if one != dimension]
        return any(
            (value.value or value.word) and value.per[dimension]
            for engine in engines
            for period in periods
            for value in engine.answer([Question((metric,), period, per=(dimension, *own))])[0]
        )

    asked = [pair for pair in EVERY if not isinstance(KNOWN[pair[0]].calculation, Awaits)]
    empty = {pair for pair in asked if not has_numbers(*pair)}
    assert sorted(pair for pair in empty if pair[0] not in LONGER) == []
    assert sorted(set(LONGER) - {metric for metric, _ in empty}) == [], "has numbers by now"
