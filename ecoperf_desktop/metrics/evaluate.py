"""One way from a question to its numbers, for screen, paper and command line."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics import compare
from ecoperf_desktop.metrics.asked import Asked, Result, Results, Sources
from ecoperf_desktop.metrics.catalogue import Catalogue, parts_of
from ecoperf_desktop.metrics.facts import Facts
from ecoperf_desktop.metrics.loads import Loads
from ecoperf_desktop.metrics.methods import METHODS
from ecoperf_desktop.metrics.scope import Cut, Names, Scope
from ecoperf_desktop.model.calendars import Calendar, calendar_of
from ecoperf_desktop.model.days import Day, Grain, Period
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Deviation,
    Distinct,
    Downtime,
    Given,
    Last,
    Method,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Sum,
    Unsold,
)
from ecoperf_desktop.model.value import Comparison, Question, Value
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.coverage import Coverage
from ecoperf_desktop.store.views import DIMENSIONS


class Engine:
    """Answers questions about one workspace as it is at that moment."""

    def __init__(
        self, conn: sqlite3.Connection, catalogue: Catalogue, *, week_start: int = 1, calendar: Calendar | None = None
    ) -> None:
        """Without a ``calendar`` weeks begin on ``week_start`` and the financial year is the civil one."""
        self.conn = conn
        self.catalogue = catalogue
        self.calendar = calendar or calendar_of(week_start)
        self.week_start = self.calendar.week_start
        self._answering: tuple[tuple[int, int], Answering] | None = None

    def answer(self, questions: Sequence[Question]) -> list[list[Value]]:
        """Return the values of each question, in the order of its metrics, buckets and cuts.

        Buckets are clipped to the period.  What several questions need is read once.
        Raises MetricRefused for an unknown metric, dimension, value, grain or comparison.
        """
        answering = self._reading()
        plans = [answering.plan(question) for question in questions]
        return [answering.values(plan) for plan in plans]

    def forget(self) -> None:
        """Let go of what the last answers were worked out from; the values given stay as they are."""
        if self._answering is not None:
            self._answering[1].sources.forget()
            self._answering = None

    def _reading(self) -> Answering:
        """Return the work of the last call as long as nothing was written since: a page asks in two steps."""
        if self.conn.in_transaction:  # what is written here may be taken back
            return Answering(self)
        # The one grows with commits of other connections, the other with changes made by this one.
        state = (self.conn.execute("PRAGMA data_version").fetchone()[0], self.conn.total_changes)
        if self._answering is None or self._answering[0] != state:
            self._answering = (state, Answering(self))
        return self._answering[1]


@dataclass(frozen=True)
class Plan:
    """A question with everything found that it names.

    ``buckets`` are labels and clipped periods; ``earlier`` what each is compared with.
    """

    question: Question
    scope: Scope
    asked: tuple[Asked, ...]
    buckets: tuple[tuple[str | None, Period], ...]
    kind: compare.Kind | None
    earlier: Mapping[Period, compare.Earlier]


class Answering:
    """The work on questions asked together: what is read and worked out once is remembered."""

    def __init__(self, engine: Engine) -> None:
        self.conn = engine.conn
        self._catalogue = engine.catalogue
        self._calendar = engine.calendar
        self._names = Names(engine.conn)
        self.sources = Sources(
            engine.conn,
            engine.catalogue,
            Loads(engine.conn),
            Facts(engine.conn),
            Coverage.read(engine.conn),
            METHODS,
            engine.calendar,
        )
        currency = engine.conn.execute("SELECT value FROM setting WHERE name = 'reporting_currency'").fetchone()
        self._currency: str | None = None if currency is None else currency[0]
        self._scopes: dict[tuple[object, ...], Scope] = {}

    def plan(self, question: Question) -> Plan:
        """Find everything the question names, and note what will have to be read."""
        metrics = [self._metric(name) for name in question.metrics]
        grain = _grain(question.by)
        for metric in metrics:
            _check_cut(metric, question)
            _check_grain(metric, grain)
        scope = self._scope(question, metrics)
        asked = tuple(self.sources.asked(metric.id, scope) for metric in metrics)
        parts = tuple(_clipped(question.period, grain, self._calendar))
        kind, event = (None, None) if question.compare is None else compare.read(question.compare)
        earlier: dict[Period, compare.Earlier] = {}
        if kind is not None:
            through = self._through(metrics, scope)
            for _, period in parts:
                earlier[period] = compare.earlier(self.conn, kind, period, grain, through, self._calendar, event)
        plan = Plan(question, scope, asked, parts, kind, earlier)
        periods = list(self._periods(plan))
        for one in asked:
            one.want_all(periods)
        return plan

    def _scope(self, question: Question, metrics: Sequence[Metric]) -> Scope:
        """Return the scope a question names, the same for all that name it: a page asks several things of its largest parts."""
        # What words of plain text mean is looked up in the views of the metrics.
        named = all(DIMENSIONS[dimension].table is not None for dimension, _ in question.where)
        key = (question.where, question.per, () if named else question.metrics)
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = self._names.scope(question.where, question.per, lambda: self._views(metrics))
        return found

    def _metric(self, name: str) -> Metric:
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
            yield plan.question.top_over or plan.question.period

    def _through(self, metrics: Sequence[Metric], scope: Scope) -> Day | None:
        shops = [key for key in scope.keys("shop") or () if isinstance(key, int)] or None
        ends = [self.sources.coverage.through(kind, shops) for metric in metrics for kind in metric.needs[:1]]
        return max((end for end in ends if end is not None), default=None)

    def _views(self, metrics: Iterable[Metric]) -> list[str]:
        """Return the views in which a dimension of plain text may have a value."""
        found: dict[str, None] = {}
        for metric in metrics:
            calculation = metric.calculation
            measures: Iterable[str] = ()
            if isinstance(calculation, Sum):
                measures = [term.of for term in calculation.terms]
            elif isinstance(calculation, Ratio):
                measures = [term.of for term in calculation.over + calculation.under]
            elif isinstance(calculation, Last | Opening | AverageLevel | Unsold):
                measures = [calculation.measure]
            elif isinstance(calculation, Distinct | Percentile | Deviation | Given | Downtime):
                found[calculation.view] = None
            elif isinstance(calculation, Method):
                found.update(dict.fromkeys(calculation.views))
            found.update({self._catalogue.measures[name].view: None for name in measures if "." in name})
            found.update(dict.fromkeys(self._views(self._catalogue.metric(part) for part in parts_of(metric))))
        return list(found)

    def values(self, plan: Plan) -> list[Value]:
        """Return the values of a planned question."""
        found: list[Value] = []
        if not plan.scope.per:
            periods = [period for _, period in plan.buckets]
            for asked in plan.asked:
                ones = asked.ones(periods)
                for (label, period), one in zip(plan.buckets, ones, strict=True):
                    found.append(self._value(plan, asked, label, period, (), {}, one))
            return found
        kept, parts = self._top(plan)
        for asked in plan.asked:
            results = [(label, period, asked.results(period)) for label, period in plan.buckets]
            labels = self._labels(plan.scope, [result for _, _, result in results], kept)
            for label, period, result in results:
                for cut, named in labels:
                    one = result.get(cut)
                    value = self._value(plan, asked, label, period, cut, named, one)
                    if parts is not None:
                        value.details["parts"] = parts
                    found.append(value)
        return found

    def _value(
        self, plan: Plan, asked: Asked, label: str | None, period: Period, cut: Cut, named: Mapping[str, str], one: Result
    ) -> Value:
        metric = asked.metric
        unit, kind, details = metric.unit, plan.kind, one.details
        return Value(
            metric.id,
            period,
            label,
            {**named},
            one.value,
            one.numerator,
            one.denominator,
            unit,
            self._currency if unit == "money" else None,
            one.quality,
            one.reason,
            {**details},
            asked.covered_days(cut, period),
            None if kind is None else _compared(kind, plan.earlier[period], asked, period, cut, one),
            one.word,
        )

    def _top(self, plan: Plan) -> tuple[set[Cut] | None, int | None]:
        """Return the largest parts, and how many parts there are."""
        question = plan.question
        if question.top is None or not plan.scope.per or not plan.asked:
            return None, None
        amounts = plan.asked[0].amounts(question.top_over or question.period)
        known = [amount for amount in amounts.values() if amount is not None]
        least = min(heapq.nlargest(question.top, known), default=0)
        largest = [(amount, cut) for cut, amount in amounts.items() if amount is not None and amount >= least]
        # Equal parts in the order of their keys: ids grow, so the order stays.
        largest.sort(key=lambda part: (-part[0], tuple(str(key).zfill(20) for key in part[1])))
        return {cut for _, cut in largest[: question.top]}, len(known)

    def _labels(
        self, scope: Scope, results: Sequence[Results], kept: set[Cut] | None
    ) -> list[tuple[Cut, dict[str, str]]]:
        """Return the cuts to show with their names, in the order of the names."""
        if not scope.per:
            return [((), {})]
        cuts = set().union(*(result.cuts for result in results)) if kept is None else kept
        for place, dimension in enumerate(scope.per):
            if DIMENSIONS[dimension].table is not None:
                self._names.fetch(dimension, (cut[place] for cut in cuts))
        named = [(cut, tuple(map(self._names.label, scope.per, cut))) for cut in cuts]
        named.sort(key=lambda part: part[1])
        return [(cut, dict(zip(scope.per, names, strict=True))) for cut, names in named]


def _compared(
    kind: compare.Kind, earlier: compare.Earlier, asked: Asked, period: Period, cut: Cut, now: Result
) -> Comparison:
    if earlier.period is None:
        return Comparison(kind, period, None, None, None, "missing", earlier.reason, earlier.event)
    before = asked.results(earlier.period).get(cut)
    change = ratio = None
    if before.value is not None and now.value is not None:
        change = now.value - before.value
        ratio = compare.relative(now.value, before.value)
    return Comparison(
        kind, earlier.period, before.value, change, ratio, before.quality, before.reason, earlier.event, dict(before.details)
    )


def _grain(by: str | None) -> Grain | None:
    if by is None:
        return None
    try:
        return Grain(by)
    except ValueError:
        raise MetricRefused("metrics.unknown_grain", grain=by, known=", ".join(Grain)) from None


def _check_grain(metric: Metric, grain: Grain | None) -> None:
    # Quarters, years and what financial years are made of follow from months.
    if grain is not None and Grain.MONTH in metric.grains and (grain.is_fiscal or grain in (Grain.QUARTER, Grain.YEAR)):
        return
    if grain is not None and grain not in metric.grains:
        raise MetricRefused("metrics.grain_not_allowed", metric=metric.id, grain=grain, allowed=", ".join(metric.grains))


def _check_cut(metric: Metric, question: Question) -> None:
    for dimension in (*question.per, *(dimension for dimension, _ in question.where)):
        if dimension not in metric.dimensions:
            allowed = ", ".join(metric.dimensions)
            code = "metrics.dimension_not_allowed" if allowed else "metrics.no_dimensions"
            raise MetricRefused(code, metric=metric.id, dimension=dimension, allowed=allowed)


def _clipped(period: Period, grain: Grain | None, calendar: Calendar) -> Iterator[tuple[str | None, Period]]:
    if grain is None:
        yield None, period
        return
    for bucket in calendar.buckets(period, grain):
        whole = bucket.period
        if whole.first < period.first or whole.last > period.last:
            whole = Period(max(whole.first, period.first), min(whole.last, period.last))
        yield bucket.label, whole
