"""One way from a question to its numbers, for screen, paper and command line."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from itertools import chain
from typing import assert_never

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics import compare, formula
from ecoperf_desktop.metrics.catalogue import Catalogue, parts_of
from ecoperf_desktop.metrics.facts import Facts, scaled
from ecoperf_desktop.metrics.given import Choice
from ecoperf_desktop.metrics.loads import Amount, Loads
from ecoperf_desktop.metrics.scope import Cut, Names, Scope
from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, buckets, iso
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Calculation,
    Deviation,
    Distinct,
    Downtime,
    FirstKnown,
    Formula,
    Given,
    Last,
    Measure,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Sum,
    Term,
    Unsold,
)
from ecoperf_desktop.model.value import Comparison, Number, Quality, Question, Value
from ecoperf_desktop.store.coverage import Coverage
from ecoperf_desktop.store.views import DIMENSIONS

# A level without a snapshot on the day is carried on for so many days, and then not known.
CARRIED_DAYS = 3
# "All days up to it": before any order could have been written down.
_BEGINNING = -25567


@dataclass(frozen=True)
class Result:
    """One metric over one period and cut, before it is dressed as a Value.

    ``base`` is how many rows stand behind it, where that decides whether it is firm.
    """

    value: Number | None
    numerator: Number | None = None
    denominator: Number | None = None
    quality: Quality = "ok"
    reason: str | None = None
    details: dict[str, object] = field(default_factory=dict)
    base: Number | None = None

    def instead(self, quality: Quality, reason: str, **details: object) -> Result:
        """Return the same without a number, and why."""
        return replace(self, value=None, quality=quality, reason=reason, details={**self.details, **details})


@dataclass(frozen=True)
class Results:
    """A metric over one period, by cut; ``absent`` is what a cut without any rows has."""

    by_cut: Mapping[Cut, Result]
    absent: Result

    def get(self, cut: Cut) -> Result:
        return self.by_cut.get(cut, self.absent)

    def map(self, change: Callable[[Cut, Result], Result], absent: Result) -> Results:
        return Results({cut: change(cut, result) for cut, result in self.by_cut.items()}, absent)


class Engine:
    """Answers questions about one workspace as it is at that moment."""

    def __init__(self, conn: sqlite3.Connection, catalogue: Catalogue, *, week_start: int = 1) -> None:
        self.conn = conn
        self.catalogue = catalogue
        self.week_start = week_start

    def answer(self, questions: Sequence[Question]) -> list[list[Value]]:
        """Return the values of each question, in the order of its metrics, buckets and cuts.

        Buckets are clipped to the period.  What several questions need is read once.
        Raises MetricRefused for an unknown metric, dimension, value, grain or comparison.
        """
        answering = Answering(self)
        plans = [answering.plan(question) for question in questions]
        return [answering.values(plan) for plan in plans]


@dataclass(frozen=True)
class Plan:
    """A question with everything named found."""

    question: Question
    metrics: tuple[Metric, ...]
    scope: Scope
    buckets: tuple[tuple[str | None, Period], ...]
    kind: compare.Kind | None
    earlier: Mapping[Period, compare.Earlier]


class Answering:
    """The work on questions asked together: what is read and worked out once is remembered."""

    def __init__(self, engine: Engine) -> None:
        self.conn = engine.conn
        self._catalogue = engine.catalogue
        self._week_start = engine.week_start
        self.names = Names(engine.conn)
        self.coverage = Coverage.read(engine.conn)
        self.loads = Loads(engine.conn)
        self._facts = Facts(engine.conn)
        self._known: dict[tuple[str, Scope, Period], Results] = {}
        self._covered: dict[tuple[str, Period, tuple[int, ...] | None], tuple[int, Result | None]] = {}
        currency = engine.conn.execute("SELECT value FROM setting WHERE name = 'reporting_currency'").fetchone()
        self._currency: str | None = None if currency is None else currency[0]

    # ---- planning

    def plan(self, question: Question) -> Plan:
        """Find everything the question names, and note what will have to be read."""
        metrics = tuple(self._asked(name) for name in question.metrics)
        grain = _grain(question.by)
        for metric in metrics:
            _check_cut(metric, question)
            _check_grain(metric, grain)
        views = list(dict.fromkeys(chain.from_iterable(self._views(metric) for metric in metrics)))
        scope = self.names.scope(question.where, question.per, views)
        parts = tuple(_clipped(question.period, grain, self._week_start))
        kind = None if question.compare is None else compare.checked_kind(question.compare)
        earlier = {} if kind is None else {
            period: compare.earlier(self.conn, kind, period, grain, self._through(metrics, scope), self._week_start)
            for _, period in parts
        }
        plan = Plan(question, metrics, scope, parts, kind, earlier)
        for metric in metrics:
            for period in self._periods(plan):
                self.want(metric, scope, period)
        return plan

    def _asked(self, name: str) -> Metric:
        metric = self._catalogue.metric(name)
        if metric.internal:
            raise MetricRefused("metrics.catalogue_unknown_metric_none_near", metric=name)
        return metric

    def _periods(self, plan: Plan) -> Iterator[Period]:
        for _, period in plan.buckets:
            yield period
            before = plan.earlier.get(period)
            if before is not None and before.period is not None:
                yield before.period
        if plan.question.top is not None:
            yield plan.question.period

    def _through(self, metrics: Sequence[Metric], scope: Scope) -> Day | None:
        ends = [self.coverage.through(kind, self._shops(scope)) for metric in metrics for kind in metric.needs[:1]]
        return max((end for end in ends if end is not None), default=None)

    def _views(self, metric: Metric) -> Iterator[str]:
        for measure in self._measures_of(metric.calculation):
            yield measure.view
        calculation = metric.calculation
        if isinstance(calculation, Distinct | Percentile | Deviation | Given | Downtime):
            yield calculation.view
        for part in parts_of(metric):
            yield from self._views(self._catalogue.metric(part))

    def want(self, metric: Metric, scope: Scope, period: Period) -> None:
        """Note what the metric will read, so that it is read together with the rest."""
        inner = window(metric, period)
        calculation = metric.calculation
        for measure in self._measures_of(calculation):
            span = inner
            if isinstance(calculation, Last | Unsold):
                span = Period(inner.first - CARRIED_DAYS, inner.last)
            elif isinstance(calculation, Opening):
                span = Period(inner.first - CARRIED_DAYS, inner.first - 1)
            self.loads.want(measure, scope, span)
        for name in parts_of(metric):
            part = self._catalogue.metric(name)
            self.want(part, scope.within(part.dimensions) if isinstance(calculation, FirstKnown) else scope, inner)
        if metric.gate is not None:
            gate = self._catalogue.metric(metric.gate.metric)
            self.want(gate, scope.within(gate.dimensions), inner)

    def _measures_of(self, calculation: Calculation) -> Iterator[Measure]:
        if isinstance(calculation, Sum | Ratio):
            terms = calculation.terms if isinstance(calculation, Sum) else calculation.over + calculation.under
            for term in terms:
                if "." in term.of:
                    yield self._catalogue.measures[term.of]
        elif isinstance(calculation, Last | Opening | AverageLevel | Unsold):
            yield self._catalogue.measures[calculation.measure]

    # ---- answering

    def values(self, plan: Plan) -> list[Value]:
        """Return the values of a planned question."""
        found: list[Value] = []
        kept = self._top(plan)
        for metric in plan.metrics:
            results = [(label, period, self.results(metric, plan.scope, period)) for label, period in plan.buckets]
            cuts = self._cuts(plan.scope, [result for _, _, result in results], kept)
            labels = {cut: dict(zip(plan.scope.per, self._labels(plan.scope, cut), strict=True)) for cut in cuts}
            for label, period, result in results:
                for cut in cuts:
                    one = result.get(cut)
                    found.append(
                        Value(
                            metric.id, period, label, labels[cut], one.value, one.numerator, one.denominator, metric.unit,
                            self._currency if metric.unit == "money" else None, one.quality, one.reason, one.details,
                            self.covered_days(metric, plan.scope, cut, period), self._compared(plan, metric, period, cut, one),
                        )
                    )  # fmt: skip
        return found

    def _top(self, plan: Plan) -> set[Cut] | None:
        if plan.question.top is None or not plan.scope.per or not plan.metrics:
            return None
        whole = self.results(plan.metrics[0], plan.scope, plan.question.period).by_cut
        known = [(result.value, cut) for cut, result in whole.items() if result.value is not None]
        known.sort(key=lambda one: (-one[0], tuple(str(key) for key in one[1])))
        return {cut for _, cut in known[: plan.question.top]}

    def _cuts(self, scope: Scope, results: Iterable[Results], kept: set[Cut] | None) -> list[Cut]:
        if not scope.per:
            return [()]
        cuts = set().union(*(result.by_cut for result in results)) if kept is None else kept
        for place, dimension in enumerate(scope.per):
            if DIMENSIONS[dimension].table is not None:
                self.names.fetch(dimension, (cut[place] for cut in cuts))
        return sorted(cuts, key=lambda cut: self._labels(scope, cut))

    def _labels(self, scope: Scope, cut: Cut) -> tuple[str, ...]:
        return tuple(self.names.label(dimension, key) for dimension, key in zip(scope.per, cut, strict=True))

    def _compared(self, plan: Plan, metric: Metric, period: Period, cut: Cut, now: Result) -> Comparison | None:
        if plan.kind is None:
            return None
        earlier = plan.earlier[period]
        if earlier.period is None:
            return Comparison(plan.kind, period, None, None, None, "missing", earlier.reason)
        before = self.results(metric, plan.scope, earlier.period).get(cut)
        if before.value is None or now.value is None:
            return Comparison(plan.kind, earlier.period, before.value, None, None, before.quality, before.reason)
        change = now.value - before.value
        ratio = compare.relative(now.value, before.value)
        return Comparison(plan.kind, earlier.period, before.value, change, ratio, before.quality, before.reason)

    # ---- one metric

    def results(self, metric: Metric, scope: Scope, period: Period) -> Results:
        """Return the metric over ``period``, by cut, with all that coverage and its rules say about it."""
        key = (metric.id, scope, period)
        found = self._known.get(key)
        if found is None:
            inner = window(metric, period)
            found = self._calculated(metric, scope, inner)
            if metric.gate is not None:
                found = self._gated(metric, scope, inner, found)
            found = found.map(lambda cut, one: _firm(metric, one), _firm(metric, found.absent))
            found = self._covering(metric, scope, period, found)
            self._known[key] = found
        return found

    def _calculated(self, metric: Metric, scope: Scope, period: Period) -> Results:
        calculation = metric.calculation
        match calculation:
            case Sum():
                return self._terms(calculation.terms, scope, period)
            case Ratio():
                return self._ratio(calculation, scope, period)
            case Formula():
                return self._formula(metric, calculation, scope, period)
            case FirstKnown():
                return self._first_known(calculation, scope, period)
            case Last() | Opening():
                return self._level(calculation, scope, period)
            case AverageLevel():
                return self._average_level(calculation, scope, period)
            case Distinct():
                counts = self.loads.products(calculation, scope, period)
                if counts is None:
                    counts = self._facts.distinct(calculation, scope, period)
                return _filled({cut: Result(count) for cut, count in counts.items()}, Result(0), scope)
            case Percentile():
                ranks = self._facts.percentile(calculation, scope, period)
                return _filled({cut: Result(value, base=n) for cut, (value, n) in ranks.items()}, _no_base(), scope)
            case Deviation():
                spreads = self._facts.deviation(calculation, scope, period)
                return _filled({cut: _deviation(*moments) for cut, moments in spreads.items()}, _no_base(), scope)
            case Given():
                choices = self._facts.given(calculation, scope, period)
                absent = Result(None, quality="missing", reason="metrics.catalogue_vendor_none")
                return _filled({cut: _chosen(choice) for cut, choice in choices.items()}, absent, scope)
            case Downtime():
                times = self._facts.downtime(calculation, scope, period)
                return _filled({cut: Result(time) for cut, time in times.items()}, Result(0), scope)
            case Unsold():
                return self._unsold(calculation, scope, period)
            case _:
                assert_never(calculation)

    def _term(self, term: Term, scope: Scope, period: Period) -> Results:
        if "." not in term.of:
            return self.results(self._catalogue.metric(term.of), scope, period)
        amounts = self.loads.amounts(self._catalogue.measures[term.of], scope, period)
        absent = Result(0)
        if amounts.is_cut:
            absent = Result(None, quality="missing", reason="metrics.longer_spans_only")
        return _filled({cut: _stated(amount, amounts.is_cut) for cut, amount in amounts.by_cut.items()}, absent, scope)

    def _terms(self, terms: Sequence[Term], scope: Scope, period: Period) -> Results:
        parts = [(term.sign, self._term(term, scope, period)) for term in terms]
        if len(parts) == 1 and parts[0][0] == 1:
            return parts[0][1]
        return _combined([part for _, part in parts], lambda found: _added([sign for sign, _ in parts], found))

    def _ratio(self, ratio: Ratio, scope: Scope, period: Period) -> Results:
        over = self._terms(ratio.over, scope, period)
        under = self._terms(ratio.under, scope, period)
        return _combined([over, under], lambda parts: _divided(ratio, *parts))

    def _formula(self, metric: Metric, calculation: Formula, scope: Scope, period: Period) -> Results:
        node = formula.parse(calculation.text)
        names = formula.names(node)
        asked = [name for name in names if name not in ("days", "covered")]
        parts = [self.results(self._catalogue.metric(name), scope, period) for name in asked]

        def worked_out(cut: Cut, found: Sequence[Result]) -> Result:
            known = dict(zip(asked, found, strict=True))
            numbers: dict[str, Number | None] = {name: one.value for name, one in known.items()}
            if "days" in names:
                numbers["days"] = period.days
            if "covered" in names:
                numbers["covered"] = self.covered_days(metric, scope, cut, period)
            return _evaluated(node, numbers, found)

        cuts = set().union(*(part.by_cut for part in parts)) | ({()} if not scope.per else set())
        nothing: Cut = tuple(None for _ in scope.per)
        return Results(
            {cut: worked_out(cut, [part.get(cut) for part in parts]) for cut in cuts},
            worked_out(nothing, [part.absent for part in parts]),
        )

    def _first_known(self, calculation: FirstKnown, scope: Scope, period: Period) -> Results:
        parts = []
        for name in calculation.of:
            metric = self._catalogue.metric(name)
            if all(dimension in metric.dimensions for dimension in scope.dimensions):
                parts.append(self.results(metric, scope, period))
        return _combined(parts, lambda found: next((one for one in found if one.value is not None), found[0]))

    def _level(self, level: Last | Opening, scope: Scope, period: Period) -> Results:
        first = period.first - CARRIED_DAYS
        last = period.last if isinstance(level, Last) else period.first - 1
        by_day = self.loads.by_day(self._catalogue.measures[level.measure], scope, Period(first, last))
        none = Result(None, quality="missing", reason="metrics.no_snapshot")
        if not by_day:
            return _filled({}, none, scope)
        # One day for all parts of a cut, whichever have a row on it: parts of different days do not add up.
        day = max(by_day)
        carried = isinstance(level, Last) and day < max(period.first, period.last - CARRIED_DAYS)
        absent = Result(0, details={"day": iso(day)})
        if carried:
            absent = replace(absent, quality="partial", reason="metrics.carried_on", details={"day": iso(day)})
        found = {
            cut: replace(_stated(amount, False), details=absent.details) if amount is None else replace(absent, value=amount)
            for cut, amount in by_day[day].items()
        }
        return _filled(found, absent, scope)

    def _average_level(self, level: AverageLevel, scope: Scope, period: Period) -> Results:
        by_day = self.loads.by_day(self._catalogue.measures[level.measure], scope, period)
        days = len(by_day)
        if not days:
            return _filled({}, Result(None, quality="missing", reason="metrics.no_snapshot"), scope)
        totals: dict[Cut, list[Amount]] = {}
        for amounts in by_day.values():
            for cut, amount in amounts.items():
                totals.setdefault(cut, []).append(amount)
        found = {}
        for cut, amounts_of in totals.items():
            known = [amount for amount in amounts_of if amount is not None]
            if not known:
                found[cut] = _stated(None, False)
                continue
            total = sum(known) if all(isinstance(amount, int) for amount in known) else math.fsum(known)
            # A part without a row on a snapshot day has none of it; one whose amount is not stated leaves the day out.
            found[cut] = Result(_quotient(total, days - (len(amounts_of) - len(known))), total, days)
        return _filled(found, Result(Fraction(0), 0, days), scope)

    def _unsold(self, unsold: Unsold, scope: Scope, period: Period) -> Results:
        measure = self._catalogue.measures[unsold.measure]
        by_day = self.loads.by_day(measure, scope, Period(period.first - CARRIED_DAYS, period.last))
        if not by_day:
            return _filled({}, Result(None, quality="missing", reason="metrics.no_snapshot"), scope)
        day = max(by_day)

        levels = self._facts.lying(measure, unsold.days, scope, day, self.sold)
        found = {cut: replace(_stated(level, False), details={"day": iso(day)}) for cut, level in levels.items()}
        return _filled(found, Result(0, details={"day": iso(day)}), scope)

    def sold(self, days: Period) -> set[int]:
        """Return the products of which anything was sold."""
        by_product = self.loads.amounts(self._catalogue.measures["line.units"], Scope(per=("product",)), days).by_cut
        return {cut[0] for cut in by_product if isinstance(cut[0], int)}

    # ---- what stands round a number

    def _gated(self, metric: Metric, scope: Scope, period: Period, found: Results) -> Results:
        gate = metric.gate
        assert gate is not None
        opener = self._catalogue.metric(gate.metric)
        opened = self.results(opener, scope.within(opener.dimensions), period)

        def passed(cut: Cut, one: Result) -> Result:
            reached = opened.get(scope.projected(cut, opener.dimensions))
            if one.value is None or reached.value is None or reached.value >= Fraction(str(gate.at_least)):
                return one
            return one.instead(gate.quality, gate.reason, reached=float(reached.value), at_least=gate.at_least)

        return found.map(passed, found.absent)

    def _covering(self, metric: Metric, scope: Scope, period: Period, found: Results) -> Results:
        if "shop" not in scope.per:
            verdict = self._verdict(metric, period, self._shops(scope))[1]
            if verdict is None:
                return found
            return found.map(lambda cut, one: _judged(one, verdict), _judged(found.absent, verdict))

        def judged(cut: Cut, one: Result) -> Result:
            verdict = self._verdict(metric, period, self._shops_of(scope, cut))[1]
            return one if verdict is None else _judged(one, verdict)

        overall = self._verdict(metric, period, self._shops(scope))[1]
        return found.map(judged, found.absent if overall is None else _judged(found.absent, overall))

    def covered_days(self, metric: Metric, scope: Scope, cut: Cut, period: Period) -> int | None:
        """Return how many days of the period have the data the metric needs; None when it needs none."""
        return self._verdict(metric, period, self._shops_of(scope, cut))[0] if metric.needs else None

    def _verdict(self, metric: Metric, period: Period, shops: tuple[int, ...] | None) -> tuple[int, Result | None]:
        """Return the covered days, and what that makes of a number: nothing (None), partial, or missing."""
        key = (metric.id, period, shops)
        found = self._covered.get(key)
        if found is None:
            found = self._covered[key] = self._look_up(metric, period, shops)
        return found

    def _look_up(self, metric: Metric, period: Period, shops: tuple[int, ...] | None) -> tuple[int, Result | None]:
        needed = {kind: self.coverage.of(kind, period, shops) for kind in metric.needs}
        days = min((covered.days for covered in needed.values()), default=period.days)
        bounds = {"first": iso(period.first), "last": iso(period.last)}
        absent = [kind for kind, covered in needed.items() if covered.days == 0]
        if absent:
            return days, Result(None, quality="missing", reason="metrics.not_covered", details={**bounds, "kinds": ", ".join(absent)})
        inner = window(metric, period) if metric.window != 0 else period
        parts = [kind for kind in (*metric.needs, *metric.wants) if not self.coverage.of(kind, inner, shops).is_whole]
        if not parts:
            return days, None
        details = {**bounds, "kinds": ", ".join(parts), "covered": days, "days": period.days}
        return days, Result(None, quality="partial", reason="metrics.partly_covered", details=details)

    def _shops(self, scope: Scope) -> tuple[int, ...] | None:
        keys = scope.keys("shop")
        return None if keys is None or None in keys else tuple(sorted(key for key in keys if isinstance(key, int)))

    def _shops_of(self, scope: Scope, cut: Cut) -> tuple[int, ...] | None:
        if "shop" in scope.per:
            shop = cut[scope.per.index("shop")]
            return None if not isinstance(shop, int) else (shop,)
        return self._shops(scope)


# ---- questions


def _grain(by: str | None) -> Grain | None:
    if by is None:
        return None
    try:
        return Grain(by)
    except ValueError:
        raise MetricRefused("metrics.unknown_grain", grain=by, known=", ".join(grain.value for grain in Grain)) from None


def _check_grain(metric: Metric, grain: Grain | None) -> None:
    # Quarters and years follow from months.
    asked = "month" if grain in (Grain.QUARTER, Grain.YEAR) and grain.value not in metric.grains else grain
    if asked is not None and str(asked) not in metric.grains:
        raise MetricRefused("metrics.grain_not_allowed", metric=metric.id, grain=grain, allowed=", ".join(metric.grains))


def _check_cut(metric: Metric, question: Question) -> None:
    for dimension in (*question.per, *(dimension for dimension, _ in question.where)):
        if dimension not in metric.dimensions:
            allowed = ", ".join(metric.dimensions)
            code = "metrics.dimension_not_allowed" if allowed else "metrics.no_dimensions"
            raise MetricRefused(code, metric=metric.id, dimension=dimension, allowed=allowed)


def _clipped(period: Period, grain: Grain | None, week_start: int) -> Iterator[tuple[str | None, Period]]:
    if grain is None:
        yield None, period
        return
    for bucket in buckets(period, grain, week_start):
        yield bucket.label, _within(bucket, period)


def _within(bucket: Bucket, period: Period) -> Period:
    return Period(max(bucket.period.first, period.first), min(bucket.period.last, period.last))


def window(metric: Metric, period: Period) -> Period:
    """Return the days that a metric asked for ``period`` looks at."""
    if metric.window is None:
        return period
    return Period(_BEGINNING if metric.window == 0 else period.last - metric.window + 1, period.last)


# ---- arithmetic


def _filled(found: Mapping[Cut, Result], absent: Result, scope: Scope) -> Results:
    """Return results in which the whole scope, when it is not cut, is always there."""
    if not scope.per and () not in found:
        return Results({(): absent}, absent)
    return Results(found, absent)


def _combined(parts: Sequence[Results], combine: Callable[[Sequence[Result]], Result]) -> Results:
    cuts = set().union(*(part.by_cut for part in parts))
    return Results({cut: combine([part.get(cut) for part in parts]) for cut in cuts}, combine([part.absent for part in parts]))


def _stated(amount: Amount, is_cut: bool) -> Result:
    if amount is None:
        return Result(None, quality="missing", reason="metrics.not_stated")
    return Result(amount, quality="partial", reason="metrics.longer_spans_left_out") if is_cut else Result(amount)


@cache
def _no_base() -> Result:
    return Result(None, quality="no_base", reason="metrics.no_base")


def _worst(parts: Iterable[Result]) -> Result | None:
    """Return the part whose weakness its whole inherits."""
    return next((part for part in parts if part.quality == "partial"), None)


def _inheriting(result: Result, parts: Sequence[Result]) -> Result:
    weak = _worst(parts)
    if weak is None or result.quality != "ok":
        return result
    return replace(result, quality=weak.quality, reason=weak.reason, details=weak.details)


def _added(signs: Sequence[int], parts: Sequence[Result]) -> Result:
    unknown = next((part for part in parts if part.value is None), None)
    if unknown is not None:
        return Result(None, quality=unknown.quality, reason=unknown.reason, details=unknown.details)
    total: Number = 0
    for sign, part in zip(signs, parts, strict=True):
        assert part.value is not None
        total = total + part.value if sign > 0 else total - part.value
    return _inheriting(Result(total), parts)


def _divided(ratio: Ratio, over: Result, under: Result) -> Result:
    if over.value is None or under.value is None:
        unknown = over if over.value is None else under
        return replace(unknown, value=None, numerator=over.value, denominator=under.value)
    numerator = under.value - over.value if ratio.complement else over.value
    # A base below 0 (more returned than sold) gives no sensible share either.
    if under.value <= 0:
        return Result(None, numerator, under.value, "no_base", "metrics.no_base")
    value = scaled(_quotient(numerator, under.value), ratio.scale)
    return _inheriting(Result(value, numerator, under.value, base=under.value), (over, under))


def _evaluated(node: formula.Node, numbers: Mapping[str, Number | None], parts: Sequence[Result]) -> Result:
    numerator: Number | None = None
    denominator: Number | None = None
    try:
        if isinstance(node, formula.Operation) and node.sign == "/":
            numerator = formula.evaluate(node.left, numbers.__getitem__)
            denominator = formula.evaluate(node.right, numbers.__getitem__)
            if denominator is not None and denominator <= 0:
                raise formula.NoBase
            if numerator is None or denominator is None:
                value = None
            else:
                value = _quotient(numerator, denominator)
        else:
            value = formula.evaluate(node, numbers.__getitem__)
    except formula.NoBase:
        return Result(None, numerator, denominator, "no_base", "metrics.no_base")
    if value is None:
        unknown = next((part for part in parts if part.value is None), None) or _no_base()
        return replace(unknown, value=None, numerator=numerator, denominator=denominator)
    if isinstance(value, Fraction) and value.denominator == 1 and denominator is None:
        value = int(value)
    return _inheriting(Result(value, _plain(numerator), _plain(denominator), base=denominator), parts)


def _plain(number: Number | None) -> Number | None:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number


def _quotient(over: Number, under: Number) -> Number:
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over) / Fraction(under)


def _chosen(choice: Choice) -> Result:
    if choice.value is None:
        return Result(None, quality="missing", reason=choice.reason, details=choice.details)
    value: Number = choice.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    details: dict[str, object] = {}
    if choice.span is not None:
        details = {"first": iso(choice.span.first), "last": iso(choice.span.last)}
    return Result(value, details=details)


def _deviation(n: int, total: Number, squares: Number) -> Result:
    if n < 2:
        return replace(_no_base(), base=n)
    spread = Fraction(squares) - Fraction(total) * Fraction(total) / n
    return Result(math.sqrt(max(spread, Fraction(0)) / (n - 1)), base=n)


def _firm(metric: Metric, result: Result) -> Result:
    if metric.low_n is None or result.value is None or result.base is None or result.base >= metric.low_n:
        return result
    if result.quality != "ok":
        return result
    return replace(result, quality="low_n", reason="metrics.low_n", details={"n": _plain(result.base), "at_least": metric.low_n})


def _judged(result: Result, verdict: Result) -> Result:
    if verdict.quality == "missing":
        return replace(verdict)
    if result.value is None or result.quality not in ("ok", "low_n"):
        return result
    return replace(result, quality=verdict.quality, reason=verdict.reason, details={**result.details, **verdict.details})
