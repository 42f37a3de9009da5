"""The engine gives what a slow, plain walk over all rows gives, for every metric however it is cut and filtered."""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from catalogue_facts import DAY_1
from random_shop import DAYS, random_shop
from stated_shop import stated_shop

from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.catalogue import catalogue, parts_of, rollup
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Deviation,
    Distinct,
    Formula,
    Last,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Sum,
    Term,
)
from ecoperf_desktop.model.value import Number, Question
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.views import DIMENSIONS, VIEWS

KNOWN = catalogue()
PERIODS = (Period(DAY_1, DAY_1 + DAYS - 1), Period(DAY_1 + 9, DAY_1 + 36))
PLAIN = Sum | Ratio | Distinct | Percentile | Deviation | Formula | Last | Opening | AverageLevel

Where = tuple[tuple[str, str], ...]


def _is_plain(metric: Metric) -> bool:
    """Say whether a walk over rows can tell the number: not what needs a report chosen, a vendor or a method."""
    calculation = metric.calculation
    if not isinstance(calculation, PLAIN):
        return False
    if any(VIEWS[view].variant for view in _views(metric)):
        return False  # several breakdowns of the same events: which one answers is held by other tests
    if isinstance(calculation, Formula) and "covered" in formula.names(formula.parse(calculation.text)):
        return False
    return all(_is_plain(KNOWN.metric(part)) for part in parts_of(metric))


def _views(metric: Metric) -> set[str]:
    calculation = metric.calculation
    match calculation:
        case Sum():
            return {KNOWN.measures[term.of].view for term in calculation.terms if "." in term.of}
        case Ratio():
            return {KNOWN.measures[term.of].view for term in calculation.over + calculation.under if "." in term.of}
        case Last() | Opening() | AverageLevel():
            return {KNOWN.measures[calculation.measure].view}
        case Distinct() | Percentile() | Deviation():
            return {calculation.view}
    return set()


METRICS = [metric for metric in KNOWN.metrics.values() if _is_plain(metric)]


class Walk:
    """Numbers worked out row by row."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        self._rows: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
        self._names: dict[str, dict[Any, str]] = {}

    def number(self, metric: Metric, period: Period, where: Where) -> Number | None:
        if metric.window is not None:
            period = Period(period.last - metric.window + 1 if metric.window else -25567, period.last)
        calculation = metric.calculation
        match calculation:
            case Sum():
                return self._added(calculation.terms, period, where)
            case Ratio():
                over, under = (self._added(terms, period, where) for terms in (calculation.over, calculation.under))
                if over is None or under is None or under <= 0:
                    return None
                quotient = _over(under - over if calculation.complement else over, under)
                scale = Fraction(calculation.scale).limit_denominator(10**6)
                return quotient * float(scale) if isinstance(quotient, float) else quotient * scale
            case Formula():
                return self._formula(formula.parse(calculation.text), period, where)
            case Last() | Opening():
                last = period.last if isinstance(calculation, Last) else period.first - 1
                rows = self._of_measure(calculation.measure, Period(period.first - 3, last), ())
                if not rows:
                    return None
                day = max(row["day"] for row in rows)
                return _total(row["_"] for row in self._of_measure(calculation.measure, Period(day, day), where))
            case AverageLevel():
                return self._average(calculation, period, where)
            case Distinct():
                return self._distinct(calculation, period, where)
            case Percentile():
                rows = self._taken(calculation.view, period, where, calculation.of, calculation.where, calculation.weight)
                values = sorted(row["_"] for row in rows for _ in range(row["_apart"] if calculation.weight else 1))
                if not values:
                    return None
                value = values[max(math.ceil(Fraction(str(calculation.p)) * len(values)), 1) - 1]
                return value * Fraction(calculation.scale).limit_denominator(10**6) if isinstance(value, int) else value * calculation.scale
            case Deviation():
                found = [Fraction(row["_"]) for row in self._taken(calculation.view, period, where, calculation.of, calculation.where)]
                if len(found) < 2:
                    return None
                mean = sum(found) / len(found)
                return math.sqrt(sum((one - mean) ** 2 for one in found) / (len(found) - 1))
        raise TypeError(calculation)

    def _added(self, terms: Sequence[Term], period: Period, where: Where) -> Number | None:
        total: Number = 0
        for term in terms:
            if "." in term.of:
                amount = _total(row["_"] for row in self._of_measure(term.of, period, where))
            else:
                amount = self.number(KNOWN.metric(term.of), period, where)
            if amount is None:
                return None
            total += term.sign * amount
        return total

    def _of_measure(self, name: str, period: Period, where: Where) -> list[dict[str, Any]]:
        measure = KNOWN.measures[name]
        of = measure.expression if measure.where is None else f"CASE WHEN {measure.where} THEN {measure.expression} ELSE 0 END"
        return self._kept(measure.view, period, where, of, None)

    def _average(self, level: AverageLevel, period: Period, where: Where) -> Number | None:
        days = {row["day"] for row in self._of_measure(level.measure, period, ())}
        if not days:
            return None
        by_day: dict[int, list[Any]] = {}
        for row in self._of_measure(level.measure, period, where):
            by_day.setdefault(row["day"], []).append(row["_"])
        known = {day: _total(amounts) for day, amounts in by_day.items()}
        unstated = sum(1 for amount in known.values() if amount is None)
        if by_day and unstated == len(by_day):
            return None
        return _over(sum(amount for amount in known.values() if amount is not None), len(days) - unstated)

    def _distinct(self, asked: Distinct, period: Period, where: Where) -> int:
        view = asked.view
        if asked.finer is not None and not {name for name, _ in where} <= set(VIEWS[view].dims):
            view = asked.finer
        met: dict[Any, set[Any]] = {}
        for place, row in enumerate(self._taken(view, period, where, asked.of, asked.where, asked.apart)):
            met.setdefault(row["_"], set()).add(row["_apart"] if asked.apart else place)
        return sum(len(times) >= asked.at_least for times in met.values())

    def _formula(self, node: formula.Node, period: Period, where: Where) -> Number | None:
        def value(name: str) -> Number | None:
            return period.last - period.first + 1 if name == "days" else self.number(KNOWN.metric(name), period, where)

        try:
            if isinstance(node, formula.Operation) and node.sign == "/":
                under = formula.evaluate(node.right, value)
                if under is None or under <= 0:
                    return None
            return formula.evaluate(node, value)
        except formula.NoBase:
            return None

    # ---- rows

    def _taken(self, view: str, period: Period, where: Where, of: str, only: str | None, apart: str | None = None) -> list[dict[str, Any]]:
        rows = self._kept(view, period, where, of if only is None else f"CASE WHEN {only} THEN {of} END", apart)
        return [row for row in rows if row["_"] is not None]

    def _kept(self, view: str, period: Period, where: Where, of: str, apart: str | None) -> list[dict[str, Any]]:
        return [
            row for row in self._every(view, of, apart)
            if period.first <= row["day"] <= period.last and all(row[dimension] == name for dimension, name in where)
        ]  # fmt: skip

    def _every(self, view: str, of: str, apart: str | None) -> list[dict[str, Any]]:
        key = (view, (of, apart or ""))
        if key not in self._rows:
            dims = VIEWS[view].dims
            columns = ", ".join([*dims.values(), "day", f"({of})", apart or "NULL"])
            self._rows[key] = [
                {**{name: self._name(name, one) for name, one in zip(dims, row, strict=False)}, "day": row[-3], "_": row[-2], "_apart": row[-1]}
                for row in self.conn.execute(f"SELECT {columns} FROM ({VIEWS[view].sql}) WHERE day IS NOT NULL")
            ]
        return self._rows[key]

    def _name(self, dimension: str, key: Any) -> str:
        known = DIMENSIONS[dimension]
        if key is None or known.table is None or isinstance(key, str):
            return key or ""
        if dimension not in self._names:
            self._names[dimension] = dict(self.conn.execute(f"SELECT {known.id}, {known.name} FROM {known.table}").fetchall())
        return self._names[dimension][key]


def _total(amounts: Iterator[Any] | list[Any]) -> Number | None:
    """Return the sum; nothing at all is 0, nothing known is not."""
    every = list(amounts)
    known = [amount for amount in every if amount is not None]
    if every and not known:
        return None
    return math.fsum(known) if any(isinstance(one, float) for one in known) else sum(known)


def _over(over: Number, under: Number) -> Number:
    return over / under if isinstance(over, float) or isinstance(under, float) else Fraction(over) / Fraction(under)


def _is_same(one: Number | None, other: Number | None) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=1e-12, abs_tol=1e-12)
    return Fraction(one) == Fraction(other)


@cache
def _shop(name: str) -> tuple[Engine, Walk]:
    store = random_shop(int(name[-1])) if name.startswith("random") else stated_shop(int(name[-1]))
    sums.ensure(store.conn)
    return Engine(store.conn, KNOWN), Walk(store.conn)


def _cuts(metric: Metric, roll: random.Random) -> list[tuple[str, ...]]:
    """Return nothing, each dimension, and some pairs of them."""
    pairs = list(combinations(metric.dimensions, 2))
    return [(), *((dimension,) for dimension in metric.dimensions), *roll.sample(pairs, min(len(pairs), 3))]


@pytest.mark.parametrize("shop", ["random 4", "stated 5"])
@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_each_number_is_that_of_its_rows(shop: str, metric: Metric) -> None:
    engine, walk = _shop(shop)
    roll = random.Random(metric.id)
    for period in PERIODS:
        for per in _cuts(metric, roll):
            for value in engine.answer([Question((metric.id,), period, per=per)])[0]:
                if value.reason in ("metrics.no_base", None, "metrics.low_n") or value.value is not None:
                    where = tuple(value.per.items())
                    plain = walk.number(metric, period, where)
                    assert _is_same(value.value, plain), (where, period, value.value, plain, value.reason)
                    if per and roll.random() < 0.2:
                        alone = engine.answer([Question((metric.id,), period, where=where)])[0][0]
                        assert _is_same(alone.value, plain), (where, "as filters", alone)


@pytest.mark.parametrize("shop", ["random 6", "stated 7"])
@pytest.mark.parametrize("metric", [metric for metric in METRICS if rollup(metric)[1] == "sum"], ids=lambda metric: metric.id)
def test_parts_add_up_to_the_whole_where_the_catalogue_says_so(shop: str, metric: Metric) -> None:
    engine, _ = _shop(shop)
    for period in PERIODS:
        whole = engine.answer([Question((metric.id,), period)])[0][0]
        for dimension in metric.dimensions if whole.value is not None else ():
            parts = engine.answer([Question((metric.id,), period, per=(dimension,))])[0]
            known = [part.value for part in parts if part.value is not None]
            if len(known) == len(parts):
                total = math.fsum(known) if any(isinstance(one, float) for one in known) else sum(known)
                assert _is_same(total, whole.value), (dimension, period)


@pytest.mark.parametrize("metric", [metric for metric in METRICS if rollup(metric)[1] != "sum"], ids=lambda metric: metric.id)
def test_what_does_not_add_up_is_worked_out_at_its_own_level(metric: Metric) -> None:
    """The total of a rate, a count of people or a rank is that of all rows, whatever its parts come to."""
    engine, walk = _shop("stated 5")
    whole = engine.answer([Question((metric.id,), PERIODS[0])])[0][0]
    if whole.value is not None:
        assert _is_same(whole.value, walk.number(metric, PERIODS[0], ()))
