"""Parts and their whole, on shops that were imported: they add up where the roll-up says so, and nowhere else.

Every metric is held, for every dimension it may be cut by, to the law of its own roll-up: a sum is that of its parts; a
ratio that of the sums of its two sides, never of the shown rates; a count of people lies between its greatest part and
the sum of all; a rank between the least and the greatest; what only a vendor knows has no total of parts.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from fractions import Fraction

import pytest
from catalogue_facts import DAY_1
from imported_shop import imported_shop
from stated_shop import DAYS

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.catalogue import catalogue, rollup
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Awaits, Given, Metric
from ecoperf_desktop.model.value import Number, Question, Value

KNOWN = catalogue()
METRICS = [metric for metric in KNOWN.metrics.values() if not isinstance(metric.calculation, Awaits)]
PERIODS = (Period(DAY_1, DAY_1 + DAYS - 1), Period(DAY_1 + 30, DAY_1 + 57))
SEEDS = range(21, 25) if os.environ.get("CI") == "true" else (21,)
# Metric, dimension (all where None): why its parts do not make up the whole.
NO_PARTITION: dict[tuple[str, str | None], str] = {
    ("mttr", "target"): "what is down at once in two places is one outage",
}
# The same, for what is no sum and comes to the whole all the same.
_OF_A_CHANGE = "the effects of a change are made to add up to it, by steps and by parts"
_OF_ONE_WHOLE = "shares of one whole"
_OF_ONE_SOURCE = "the first source that knows answers: here one answers for every part"
ADDS_UP: dict[tuple[str, str | None], str] = {
    ("pvm_decomposition", None): _OF_A_CHANGE, ("driver_decomposition", None): _OF_A_CHANGE, ("rate_mix_decomposition", None): _OF_A_CHANGE,
    ("share_of_spend", None): _OF_ONE_WHOLE, ("cost_structure", None): _OF_ONE_WHOLE, ("market_share", "shop"): "shops share one market",
    ("agent_conversations", None): _OF_ONE_SOURCE, ("agent_sales", None): _OF_ONE_SOURCE, ("incidents", None): _OF_ONE_SOURCE,
    ("downtime_minutes", "target"): "as long as never two places are down at once",
    ("run_rate_forecast", "shop"): "what is forecast of a sum adds up as it does",
    ("orders_with_product", "shop"): "an order has one shop",
}  # fmt: skip


@pytest.fixture(scope="module", params=SEEDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    shop = imported_shop(tmp_path_factory.mktemp("imported"), request.param)
    yield Engine(shop.workspace.conn, KNOWN)
    shop.close()


def _added(numbers: list[Number]) -> Number:
    return math.fsum(numbers) if any(isinstance(one, float) for one in numbers) else sum(numbers, start=0)


def _over(over: Number, under: Number) -> Number:
    return over / under if isinstance(over, float) or isinstance(under, float) else Fraction(over) / Fraction(under)


def _is_same(one: Number, other: Number) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-6)
    return Fraction(one) == Fraction(other)


def _holds(kind: str, parts: list[Value], whole: Value) -> bool | None:
    """Say whether the law of a roll-up holds; None where it says nothing of these numbers."""
    known = [part.value for part in parts if part.value is not None]
    if kind == "sum":
        return _is_same(_added(known), whole.value or 0)
    if whole.value is None or len(known) < 2:
        return None
    if kind == "ratio":
        sides = [(part.numerator, part.denominator) for part in parts if part.denominator is not None]
        if whole.denominator is None or any(over is None or under is None for over, under in sides):
            return None
        if any(part.value is None and part.denominator is None for part in parts):
            return None  # a part without a base of its own does not say what it adds
        over, under = (_added([side for side in one if side is not None]) for one in zip(*sides, strict=True))
        return _is_same(_over(over, under), _over(whole.numerator or 0, whole.denominator))
    if kind == "distinct":
        return max(known) <= whole.value <= _added(known)
    if kind == "percentile":
        return min(known) <= whole.value <= max(known)
    return None


def _asked(engine: Engine, metric: Metric, period: Period, dimension: str | None) -> list[Value]:
    return engine.answer([Question((metric.id,), period, per=() if dimension is None else (dimension,))])[0]


@pytest.mark.parametrize("kind", ["sum", "ratio", "distinct", "percentile"])
def test_parts_make_up_the_whole_by_the_law_of_the_roll_up(engine: Engine, kind: str) -> None:
    broken, held = [], 0
    for metric in METRICS:
        if rollup(metric)[1] != kind:
            continue
        for dimension in metric.dimensions:
            if (metric.id, dimension) in NO_PARTITION or (metric.id, None) in NO_PARTITION:
                continue
            for period in PERIODS:
                parts, (whole,) = _asked(engine, metric, period, dimension), _asked(engine, metric, period, None)
                holds = _holds(kind, parts, whole)
                held += holds is not None
                if holds is False:
                    broken.append((metric.id, dimension, period.days, whole.value, [(part.per[dimension], part.value) for part in parts]))
    assert not broken, (len(broken), sorted({one[:2] for one in broken}), broken[:3])
    assert held


# Where so few have a part twice that counts happen to add up on a small shop: people of two shops, channels or regions.
def _is_of_people(metric: Metric) -> bool:
    return rollup(metric)[1] == "distinct"


def test_what_is_no_sum_is_never_given_as_the_sum_of_its_parts(engine: Engine) -> None:
    added, seen = [], set()
    for metric in METRICS:
        if rollup(metric)[1] == "sum":
            continue
        for dimension in metric.dimensions:
            told = []
            for period in PERIODS:
                parts, (whole,) = _asked(engine, metric, period, dimension), _asked(engine, metric, period, None)
                known = [part.value for part in parts if part.value]
                if len(known) > 1 and whole.value is not None and not whole.word:
                    told.append(_is_same(_added(known), whole.value))
            if told:
                seen.add((metric.id, dimension))
            allowed = (metric.id, dimension) in ADDS_UP or (metric.id, None) in ADDS_UP or _is_of_people(metric)
            if len(told) == len(PERIODS) and all(told) and not allowed:
                added.append((metric.id, dimension, rollup(metric)[1]))
    assert not added, added
    assert len(seen) > 100, len(seen)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_what_does_not_add_up_over_days_is_refused_where_days_are_added(engine: Engine, metric: Metric) -> None:
    def ask() -> None:
        engine.answer([Question((f"run_rate_forecast({metric.id})",), PERIODS[1])])

    if rollup(metric)[0] == "sum":
        ask()
        return
    with pytest.raises(MetricRefused) as refused:
        ask()
    assert refused.value.code == "metrics.forecast_not_additive"


@pytest.mark.parametrize("metric", [metric for metric in METRICS if rollup(metric)[0] == "sum"], ids=lambda metric: metric.id)
def test_days_make_up_the_period_where_the_roll_up_says_so(engine: Engine, metric: Metric) -> None:
    for period in PERIODS:
        (whole,) = _asked(engine, metric, period, None)
        for grain in ("day", "week"):
            if grain in metric.grains:
                days = engine.answer([Question((metric.id,), period, by=grain)])[0]
                known = [day.value for day in days if day.value is not None]
                # Days of which not every file speaks have no number of their own; the period then says that it is partial.
                if len(known) == len(days):
                    assert _is_same(_added(known), whole.value or 0), (grain, period)


def test_what_only_a_vendor_knows_is_refused_where_parts_would_have_to_be_added(engine: Engine) -> None:
    refused = 0
    for metric in METRICS:
        if rollup(metric)[1] == "none" and isinstance(metric.calculation, Given):
            (whole,) = _asked(engine, metric, PERIODS[1], None)
            assert whole.value is None, metric.id
            assert whole.reason is not None and whole.reason.startswith("metrics.catalogue_vendor"), whole
            refused += 1
    assert refused >= 8
