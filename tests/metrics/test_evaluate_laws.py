"""The engine gives the same numbers whichever way it takes."""

from __future__ import annotations

import gc
import weakref
from fractions import Fraction
from typing import Any

import pytest
from catalogue_facts import DAY_1
from hypothesis import given
from hypothesis import strategies as st
from random_shop import DAYS, random_shop

from ecoperf_desktop.metrics import asked
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Sum
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums

WHOLE = Period(DAY_1, DAY_1 + DAYS - 1)
METRICS = tuple(catalogue().metrics)
SEEDS = range(3)


def _told(values: list[Value]) -> list[tuple[Any, ...]]:
    return [
        (value.metric, value.bucket, tuple(value.per.items()), _exact(value.value), value.quality, _exact(value.numerator),
         _exact(value.denominator))
        for value in values
    ]  # fmt: skip


def _exact(number: Any) -> Any:
    return round(number, 9) if isinstance(number, float) else number


def _questions(metric: str) -> list[Question]:
    allowed = catalogue().metrics[metric]
    odd = Period(DAY_1 + 3, DAY_1 + 50)
    asked = [Question((metric,), WHOLE), Question((metric,), odd, by=allowed.grains[-1]), Question((metric,), WHOLE, by="week")]
    asked = [question for question in asked if question.by is None or question.by in allowed.grains]
    asked += [Question((metric,), odd, per=(dimension,)) for dimension in allowed.dimensions]
    if {"shop", "channel"} <= set(allowed.dimensions):
        asked.append(Question((metric,), odd, per=("shop", "channel")))
        asked.append(Question((metric,), odd, where=(("shop", "Second"), ("channel", "web"))))
    if {"shop", "product"} <= set(allowed.dimensions):
        asked.append(Question((metric,), odd, per=("product", "shop"), where=(("shop", "Second"),)))
        asked.append(Question((metric,), odd, where=(("product", "S1"), ("product", "S2"))))
    if "category" in allowed.dimensions:
        asked.append(Question((metric,), odd, where=(("category", ""),)))
    return asked


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_kept_ahead_and_facts_give_the_same_answers(seed: int) -> None:
    store = random_shop(seed)
    sums.ensure(store.conn)
    questions = [question for metric in METRICS for question in _questions(metric)]
    engine = Engine(store.conn, catalogue())
    ahead = [_told(values) for values in engine.answer(questions)]
    store.conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert not sums.are_current(store.conn)
    for question, kept, found in zip(questions, ahead, engine.answer(questions), strict=True):
        assert kept == _told(found), question


def test_questions_asked_together_and_alone_get_the_same_answers() -> None:
    store = random_shop(7)
    sums.ensure(store.conn)
    questions = [question for metric in METRICS[::3] for question in _questions(metric)[:4]]
    engine = Engine(store.conn, catalogue())
    for question, together in zip(questions, engine.answer(questions), strict=True):
        assert _told(together) == _told(engine.answer([question])[0]), question


@pytest.mark.parametrize("seed", SEEDS)
def test_the_parts_of_a_sum_add_up_to_the_whole_and_so_do_its_days(seed: int) -> None:
    store = random_shop(seed)
    sums.ensure(store.conn)
    engine = Engine(store.conn, catalogue())
    for metric in catalogue().metrics.values():
        calculation = metric.calculation
        if not isinstance(calculation, Sum) or not all("." in term.of for term in calculation.terms) or metric.gate is not None:
            continue  # only what is made of nothing but measures
        whole = engine.answer([Question((metric.id,), WHOLE)])[0][0].value
        for dimension in metric.dimensions:
            if dimension == "device" and metric.area == "site":
                continue  # another report, which lacks some days
            parts = engine.answer([Question((metric.id,), WHOLE, per=(dimension,))])[0]
            assert sum(part.value or 0 for part in parts) == pytest.approx(float(whole or 0)), (metric.id, dimension)
        days = engine.answer([Question((metric.id,), WHOLE, by="day")])[0]
        assert sum(day.value or 0 for day in days) == pytest.approx(float(whole or 0)), metric.id


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ratio_lies_between_the_least_and_the_greatest_of_its_days(seed: int) -> None:
    store = random_shop(seed)
    sums.ensure(store.conn)
    engine = Engine(store.conn, catalogue())
    for metric in ("aov", "asp", "ad_ctr", "ad_cpc", "review_score", "mobile_share", "pages_per_session", "discount_rate"):
        days = [value.value for value in engine.answer([Question((metric,), WHOLE, by="day")])[0] if value.value is not None]
        whole = engine.answer([Question((metric,), WHOLE)])[0][0]
        assert whole.value is not None
        assert min(days) <= whole.value <= max(days), metric
        assert whole.numerator is not None and whole.denominator is not None
        assert isinstance(whole.value, Fraction | float | int)
        assert float(whole.value) == pytest.approx(float(whole.numerator) / float(whole.denominator))


@given(st.integers(), st.integers(min_value=1))
def test_a_quotient_of_whole_numbers_is_pythons_own_fraction(over: int, under: int) -> None:
    quick, own = asked._quotient(over, under), Fraction(over, under)
    assert (quick, hash(quick), str(quick), quick + 1) == (own, hash(own), str(own), own + 1)
    assert isinstance(quick, Fraction) and (quick.numerator, quick.denominator) == (own.numerator, own.denominator)


def test_an_engine_that_forgot_gives_the_same_answers_and_holds_nothing_in_a_circle() -> None:
    store = random_shop(5)
    sums.ensure(store.conn)
    questions = [question for metric in METRICS[::5] for question in _questions(metric)[:2]]
    engine = Engine(store.conn, catalogue())
    first = [_told(values) for values in engine.answer(questions)]
    gc.collect()
    answering = weakref.ref(engine._reading().sources)
    gc.disable()
    try:
        engine.forget()
        assert answering() is None
    finally:
        gc.enable()
    assert [_told(values) for values in engine.answer(questions)] == first
