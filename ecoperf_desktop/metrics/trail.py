"""What a number rests on: down from a metric to all that is worked out from rows alone, and how it enters the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.asked import Asked, Evidence, Result, Results, Sources, window
from ecoperf_desktop.metrics.scope import Scope
from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Awaits,
    Deviation,
    Distinct,
    Downtime,
    FirstKnown,
    Formula,
    Given,
    Last,
    Measure,
    Method,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Sum,
    Term,
    Unsold,
)
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store.views import VIEWS


class Listening(Sources):
    """Sources that note which metric asked which others for what: methods are known by what they ask."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(
            sources.conn,
            sources.catalogue,
            sources.loads,
            sources.facts,
            sources.coverage,
            sources.methods,
            sources.calendar,
        )
        self.asking: list[Call] = []
        self.heard: dict[Call, dict[Call, None]] = {}

    def asked(self, metric_id: str, scope: Scope) -> Asked:
        key = (metric_id, scope)
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = _Heard(self, self.catalogue.metric(metric_id), scope)
        return found

    def by(self, call: Call) -> list[Call]:
        """Return what was asked to answer ``call``."""
        return list(self.heard.get(call, ()))


# A metric, the scope it is asked in, and the period.
Call: TypeAlias = "tuple[str, Scope, Period]"


class _Heard(Asked):
    """A metric whose questions are noted."""

    def __init__(self, sources: Listening, metric: Metric, scope: Scope) -> None:
        super().__init__(sources, metric, scope)
        self._listening = sources

    def results(self, period: Period) -> Results:
        with _Asking(self._listening, (self.metric.id, self.scope, period)):
            found = super().results(period)
            if isinstance(self.metric.calculation, Method) and not self.scope.per:
                found.get(())  # what it asks late is asked now
            return found

    def one(self, period: Period) -> Result:
        with _Asking(self._listening, (self.metric.id, self.scope, period)):
            return super().one(period)

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        found: list[Result] = []
        for period in periods:
            with _Asking(self._listening, (self.metric.id, self.scope, period)):
                found += super().ones((period,))
        return found

    def amounts(self, period: Period) -> Mapping[Any, Number | None]:
        with _Asking(self._listening, (self.metric.id, self.scope, period)):
            return super().amounts(period)


class _Asking:
    def __init__(self, listening: Listening, call: Call) -> None:
        self._listening = listening
        self._call = call

    def __enter__(self) -> None:
        asking = self._listening.asking
        if asking and asking[-1] != self._call:  # what is not cut is asked twice, by two names
            self._listening.heard.setdefault(asking[-1], {})[self._call] = None
        asking.append(self._call)

    def __exit__(self, *_: object) -> None:
        self._listening.asking.pop()


Leaf: TypeAlias = (
    Measure | Distinct | Last | Opening | AverageLevel | Percentile | Deviation | Given | Downtime | Unsold | Evidence
)


@dataclass
class Rests:
    """Something worked out from rows alone, and how it enters the two sides of the number (0: not as a plain sum)."""

    key: str
    of: Leaf
    period: Period
    scope: Scope
    over: Fraction = Fraction(0)
    under: Fraction = Fraction(0)
    is_over: bool = False
    is_under: bool = False


# Factors by the key of what they multiply.
Factors: TypeAlias = "dict[str, Fraction]"


class Trail:
    """Follows a number down to what is worked out from rows alone."""

    def __init__(self, sources: Listening, scope: Scope, asked: Period) -> None:
        self._sources = sources
        self._catalogue = sources.catalogue
        self._scope = scope
        self._asked = asked
        self._scopes: list[Scope] = [scope]
        self.leaves: dict[str, Rests] = {}

    def follow(self, metric: Metric, period: Period) -> None:
        """Find all that the metric rests on."""
        over, under = self._sides(metric, period, self._scope)
        for key, factor in over.items():
            self.leaves[key].over += factor
            self.leaves[key].is_over = True
        for key, factor in under.items():
            self.leaves[key].under += factor
            self.leaves[key].is_under = True

    def chosen(self, metric: Metric, period: Period, scope: Scope) -> list[Metric]:
        """Return the metric that answers in place of one that asks several; of a cut each part may take another."""
        calculation = metric.calculation
        if not isinstance(calculation, FirstKnown):
            return [metric]
        parts = [self._catalogue.metric(name) for name in calculation.of]
        fitting = [part for part in parts if set(scope.dimensions) <= set(part.dimensions)]
        if not scope.per:
            inner = window(metric, period)
            known = (one for one in fitting if self._value(one, inner, scope) is not None)
            fitting = [next(known, fitting[0])]
            return self.chosen(fitting[0], inner, scope)
        return [found for one in fitting for found in self.chosen(one, period, scope)]

    def _value(self, metric: Metric, period: Period, scope: Scope) -> Number | None:
        return self._sources.asked(metric.id, scope).results(period).get(()).value

    def _sides(self, metric: Metric, asked: Period, scope: Scope) -> tuple[Factors, Factors]:
        """Return the factors of the two sides; what is no quotient has nothing below."""
        period = window(metric, asked)
        calculation = metric.calculation
        match calculation:
            case Sum():
                return self._terms(calculation.terms, period, scope), {}
            case Ratio():
                over, under = self._terms(calculation.over, period, scope), self._terms(calculation.under, period, scope)
                if calculation.complement:
                    return _added(under, over, -1), under
                return over, under
            case Formula():
                node, asked_too = divided(calculation)
                beside = dict.fromkeys((key for part in asked_too for key in self._node(metric, part, period, scope)), Fraction(0))
                if isinstance(node, formula.Operation) and node.sign == "/":
                    over = self._node(metric, node.left, period, scope)
                    return {**beside, **over}, self._node(metric, node.right, period, scope)
                return {**beside, **self._node(metric, node, period, scope)}, {}
            case FirstKnown():
                if not scope.per:
                    return self._sides(self.chosen(metric, asked, scope)[0], period, scope)
                every = [self._whole(part, period, scope) for part in self.chosen(metric, asked, scope)]
                return {key: Fraction(0) for part in every for key in part}, {}
            case Method():
                return self._method(metric, calculation, asked, scope), {}
            case Awaits():
                return {}, {}
            case _:
                return {self._leaf(metric.id, calculation, period, scope): Fraction(1)}, {}

    def _whole(self, metric: Metric, period: Period, scope: Scope) -> Factors:
        """Return the factors of a metric that is a part of a sum: a quotient's rows add nothing by themselves."""
        over, under = self._sides(metric, period, scope)
        if under or isinstance(metric.calculation, Percentile | Deviation):
            return dict.fromkeys({**over, **under}, Fraction(0))
        return over

    def _terms(self, terms: Sequence[Term], period: Period, scope: Scope) -> Factors:
        found: Factors = {}
        for term in terms:
            if "." in term.of:
                measure = self._catalogue.measures[term.of]
                found = _added(found, {self._leaf(measure.id, measure, period, scope): Fraction(1)}, term.sign)
            else:
                found = _added(found, self._whole(self._catalogue.metric(term.of), period, scope), term.sign)
        return found

    def _method(self, metric: Metric, method: Method, asked: Period, scope: Scope) -> Factors:
        found: Factors = {}
        period = window(metric, asked)
        for name, within, when in self._sources.by((metric.id, scope, asked)):
            found |= dict.fromkeys(self._whole(self._catalogue.metric(name), when, within), Fraction(0))
        working = self._sources.methods[method.name](self._sources, metric, method, scope)
        for rows in working.evidence(period):
            view = VIEWS[rows.view]
            looked = scope if rows.scope is None else rows.scope
            within = Scope(tuple((name, keys) for name, keys in looked.where if name in view.dims))
            key = self._leaf(f"{metric.id}: {rows.view} {rows.where or ''}".rstrip(), rows, rows.period, within)
            found[key] = Fraction(0)
        return found

    def _node(self, metric: Metric, node: formula.Node, period: Period, scope: Scope) -> Factors:
        """Return the factors of a formula: exact where it is linear, else 0 for all it asks."""
        factors = self._linear(metric, node, period, scope)
        found: Factors = {}
        for name in formula.names(node):
            if name in ("days", "covered"):
                continue
            part = self._whole(self._catalogue.metric(name), period, scope)
            factor = Fraction(0) if factors is None else factors.get(name, Fraction(0))
            found = _added(found, {key: one * factor for key, one in part.items()}, 1)
        return found

    def _linear(self, metric: Metric, node: formula.Node, period: Period, scope: Scope) -> Factors | None:
        """Return the factor of each metric, and of 1 under the empty name; None where the formula is not linear."""
        match node:
            case formula.Literal():
                return {"": Fraction(node.value)}
            case formula.Name("days"):
                return {"": Fraction(period.days)}
            case formula.Name("covered"):
                covered = self._sources.asked(metric.id, scope).covered_days((), period)
                return {"": Fraction(covered or 0)}
            case formula.Name():
                return {node.name: Fraction(1)}
            case formula.Negative():
                inner = self._linear(metric, node.of, period, scope)
                return None if inner is None else {name: -factor for name, factor in inner.items()}
            case formula.Operation():
                left, right = (self._linear(metric, side, period, scope) for side in (node.left, node.right))
                if left is None or right is None:
                    return None
                if node.sign in "+-":
                    return _added(left, right, 1 if node.sign == "+" else -1)
                if node.sign == "*" and set(left) <= {""}:
                    left, right = right, left
                if set(right) <= {""} and (node.sign == "*" or right.get("")):
                    by = right.get("", Fraction(0)) if node.sign == "*" else 1 / right[""]
                    return {name: factor * by for name, factor in left.items()}
        return None

    def _leaf(self, name: str, of: Leaf, period: Period, scope: Scope) -> str:
        if scope not in self._scopes:
            self._scopes.append(scope)
        place = self._scopes.index(scope)
        key = leaf_key(name, period, self._asked) + (f" #{place}" if place else "")
        if key not in self.leaves:
            self.leaves[key] = Rests(key, of, period, scope)
        return key


def divided(calculation: Formula) -> tuple[formula.Node, list[formula.Node]]:
    """Return a formula without what it adds 0 / x for, and those x: they only have to be known."""
    node = formula.parse(calculation.text)
    beside: list[formula.Node] = []
    while (
        isinstance(node, formula.Operation)
        and node.sign == "+"
        and isinstance(node.right, formula.Operation)
        and node.right.sign == "/"
        and node.right.left == formula.Literal(0)
    ):
        beside.append(node.right.right)
        node = node.left
    return node, beside


def leaf_key(name: str, period: Period, asked: Period) -> str:
    """Return under which name a row gives something to ``name`` over ``period``, in a number asked for ``asked``."""
    return name if period == asked else f"{name} {iso(period.first)}..{iso(period.last)}"


def _added(one: Factors, other: Factors, sign: int) -> Factors:
    return {
        key: one.get(key, Fraction(0)) + sign * other.get(key, Fraction(0)) for key in {**one, **other}
    }
