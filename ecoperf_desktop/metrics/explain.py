"""Why a number is what it is: its definition, its two sides, and the rows of the files behind it."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any, TypeAlias

from ecoperf_desktop import language
from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.asked import CARRIED_DAYS, Sources, window
from ecoperf_desktop.metrics.downtime import Outage, down_seconds
from ecoperf_desktop.metrics.evaluate import Answering, Engine
from ecoperf_desktop.metrics.facts import scaled
from ecoperf_desktop.metrics.scope import Scope, conditions
from ecoperf_desktop.metrics.unsold import selling_days
from ecoperf_desktop.model.days import Day, Period, parse_day
from ecoperf_desktop.model.metric import (
    AverageLevel,
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
from ecoperf_desktop.model.value import Explanation, Number, Question, SourceRow, Value
from ecoperf_desktop.store.raw import raw_rows
from ecoperf_desktop.store.views import VIEWS, View


@dataclass(frozen=True)
class _Row:
    """A fact, where it was read, and what it contributes."""

    table: str
    import_id: int
    record: int
    contributes: Number


# What a row of a view contributes: factors of its measures.
_Linear: TypeAlias = "dict[str, Fraction]"


@dataclass
class _Evidence:
    """The rows behind one side of a number; ``linear`` are factors of measures, ``others`` whole kinds of rows."""

    linear: _Linear = field(default_factory=dict)
    others: list[Iterator[_Row]] = field(default_factory=list)

    def add(self, other: _Evidence, factor: Fraction) -> None:
        for measure, one in other.linear.items():
            self.linear[measure] = self.linear.get(measure, Fraction(0)) + one * factor
        for rows in other.others:
            self.others.append(_times(rows, factor))


def explain(
    engine: Engine, metric_id: str, period: Period, where: Sequence[tuple[str, str]] = (), limit: int | None = 20
) -> Explanation:
    """Return why a metric has its value over ``period``.

    ``row_count`` counts the rows behind it and at most ``limit`` of them (all when None) are
    named, in the order of day, import and record.  What the rows of a sum contribute adds up
    to it; those of a quotient contribute to its numerator, the others behind its base 0; those
    of a rank or deviation carry their own value.  Raises MetricRefused as ``Engine.answer``.
    """
    question = Question((metric_id,), period, where=tuple(where))
    answering = Answering(engine)
    plan = answering.plan(question)
    value = answering.values(plan)[0]
    metric = plan.asked[0].metric
    rows = _Rows(engine.conn, answering.sources, plan.scope).behind(metric, value)
    spoken = language.current()
    return Explanation(
        value,
        metric.name[spoken],
        metric.definition[spoken],
        metric.formula_text[spoken],
        *_counted(engine.conn, rows, limit),
    )


def _counted(conn: sqlite3.Connection, rows: Iterator[_Row], limit: int | None) -> tuple[int, tuple[SourceRow, ...]]:
    shown = list(rows if limit is None else islice(rows, max(limit, 0)))
    count = len(shown) + sum(1 for _ in rows)
    files = {
        row[0]: row[1:] for row in conn.execute("SELECT import_id, file, sha256, member FROM imports")
    }
    records: dict[int, list[int]] = {}
    for row in shown:
        records.setdefault(row.import_id, []).append(row.record)
    raw = {import_id: raw_rows(conn, import_id, found) for import_id, found in records.items()}
    named = []
    for row in shown:
        file, sha256, member = files[row.import_id]
        text = raw[row.import_id].get(row.record, {})
        named.append(SourceRow(row.table, row.import_id, file, sha256, member, row.record, row.contributes, text))
    return count, tuple(named)


class _Rows:
    """Finds the rows behind a metric in one scope."""

    def __init__(self, conn: sqlite3.Connection, sources: Sources, scope: Scope) -> None:
        self._conn = conn
        self._catalogue = sources.catalogue
        self._sources = sources
        self._scope = scope

    def behind(self, metric: Metric, value: Value) -> Iterator[_Row]:
        """Yield the rows of both sides, each once."""
        if value.reason == "metrics.not_covered":
            return
        period = window(metric, value.period)
        metric = self._chosen(metric, value.period)
        over, under = self._sides(metric, period)
        linear = {**dict.fromkeys(under.linear, Fraction(0)), **over.linear}
        yield from self._linear(linear, period)
        for rows in over.others:
            yield from rows
        for rows in under.others:
            yield from _times(rows, Fraction(0))

    def _chosen(self, metric: Metric, period: Period) -> Metric:
        """Return the metric that answers in place of one that asks several."""
        while isinstance(metric.calculation, FirstKnown):
            parts = [self._catalogue.metric(name) for name in metric.calculation.of]
            parts = [part for part in parts if all(name in part.dimensions for name in self._scope.dimensions)]
            known = (part for part in parts if self._sources.asked(part.id, self._scope).results(period).get(()).value is not None)
            metric = next(known, parts[0])
        return metric

    def _sides(self, metric: Metric, period: Period) -> tuple[_Evidence, _Evidence]:
        calculation = metric.calculation
        if isinstance(calculation, Ratio):
            return self._terms(calculation.over, period), self._terms(calculation.under, period)
        if isinstance(calculation, Formula):
            node = formula.parse(calculation.text)
            if isinstance(node, formula.Operation) and node.sign == "/":
                return self._formula(metric, node.left, period), self._formula(metric, node.right, period)
        return self._evidence(metric, period), _Evidence()

    def _evidence(self, metric: Metric, period: Period) -> _Evidence:
        """Return the rows of a part of a number; of a quotient both sides, contributing nothing by themselves."""
        metric = self._chosen(metric, period)
        period = window(metric, period)
        calculation = metric.calculation
        match calculation:
            case Sum():
                return self._terms(calculation.terms, period)
            case Ratio():
                both = _Evidence()
                for side in self._sides(metric, period):
                    both.add(side, Fraction(0))
                return both
            case Formula():
                return self._formula(metric, formula.parse(calculation.text), period)
            case Last() | Opening():
                return _Evidence(others=[self._level(calculation, period)])
            case AverageLevel():
                return _Evidence(others=[self._average(calculation, period)])
            case Distinct():
                return _Evidence(others=[self._distinct(calculation, period)])
            case Percentile():
                rows = self._values(calculation.view, calculation.of, calculation.where, period)
                return _Evidence(others=[_scaled(rows, calculation.scale)])
            case Deviation():
                return _Evidence(others=[self._values(calculation.view, calculation.of, calculation.where, period)])
            case Given():
                return _Evidence(others=[self._given(metric, calculation, period)])
            case Downtime():
                return _Evidence(others=[self._outages(calculation, period)])
            case Unsold():
                return _Evidence(others=[self._unsold(calculation, period)])
        return _Evidence()

    def _terms(self, terms: Sequence[Term], period: Period) -> _Evidence:
        found = _Evidence()
        for term in terms:
            if "." in term.of:
                found.add(_Evidence({term.of: Fraction(1)}), Fraction(term.sign))
            else:
                found.add(self._evidence(self._catalogue.metric(term.of), period), Fraction(term.sign))
        return found

    def _formula(self, metric: Metric, node: formula.Node, period: Period) -> _Evidence:
        """Return the rows of a formula: exact factors where it is linear, else rows that contribute nothing."""
        found = _Evidence()
        for name, factor in self._factors(metric, node, period).items():
            if name:
                found.add(self._evidence(self._catalogue.metric(name), period), factor)
        return found

    def _factors(self, metric: Metric, node: formula.Node, period: Period) -> dict[str, Fraction]:
        """Return the factor of each metric in a formula, and of 1 under the empty name."""
        match node:
            case formula.Literal():
                return {"": Fraction(node.value)}
            case formula.Name("days"):
                return {"": Fraction(period.days)}
            case formula.Name("covered"):
                covered = self._sources.asked(metric.id, self._scope).covered_days((), period)
                return {"": Fraction(covered or 0)}
            case formula.Name():
                return {node.name: Fraction(1)}
            case formula.Negative():
                return {name: -factor for name, factor in self._factors(metric, node.of, period).items()}
            case formula.Operation():
                left = self._factors(metric, node.left, period)
                right = self._factors(metric, node.right, period)
                if node.sign in "+-":
                    sign = 1 if node.sign == "+" else -1
                    return {
                        name: left.get(name, Fraction(0)) + sign * right.get(name, Fraction(0)) for name in {**left, **right}
                    }
                if node.sign == "*" and set(left) == {""}:
                    return {name: factor * left[""] for name, factor in right.items()}
                if set(right) == {""} and (node.sign == "*" or right[""] != 0):
                    by = right[""] if node.sign == "*" else 1 / right[""]
                    return {name: factor * by for name, factor in left.items()}
        return dict.fromkeys(formula.names(node), Fraction(0)) if not isinstance(node, formula.Name) else {}

    # ---- rows

    def _linear(self, factors: Mapping[str, Fraction], period: Period) -> Iterator[_Row]:
        """Yield the rows of the views of some measures, each with all that it contributes."""
        by_view: dict[str, list[tuple[Measure, Fraction]]] = {}
        for name, factor in factors.items():
            measure = self._catalogue.measures[name]
            by_view.setdefault(measure.view, []).append((measure, factor))
        for name, parts in by_view.items():
            view = VIEWS[name]
            reports = [self._sources.loads.reports(measure, self._scope, period) for measure, _ in parts]
            keys = ["day", "last_day", "source_id", *_report_columns(view)] if view.spans else ["day"]
            amounts = [_amount(measure) for measure, _ in parts]
            first = period.first if not view.spans else min((report[0] for of in reports for report in of or ()), default=period.first)
            for row in self._read(view, [*keys, *amounts], Period(min(first, period.first), period.last)):
                contributes: Number = 0
                is_behind = False
                for (_, factor), of, amount in zip(parts, reports, row[3 + len(keys) :], strict=True):
                    if amount is None or (of is not None and tuple(row[3 : 3 + len(keys)]) not in of):
                        continue
                    is_behind = True
                    contributes = contributes + (amount * float(factor) if isinstance(amount, float) else factor * amount)
                if is_behind:
                    yield _Row(row[0], row[1], row[2], _plain(contributes))

    def _read(self, view: View, columns: Sequence[str], period: Period, where: str | None = None) -> Iterator[tuple[Any, ...]]:
        filters, texts = conditions(self._scope, view)
        every = [f"day BETWEEN {period.first} AND {period.last}", "import_id IS NOT NULL", *filters]
        if where:
            every.append(f"({where})")
        yield from self._conn.execute(
            f"SELECT source_table, import_id, record, {', '.join(columns)} FROM ({view.sql}) WHERE {' AND '.join(every)} "
            "ORDER BY day, import_id, record",
            texts,
        )

    def _values(self, view: str, of: str, where: str | None, period: Period) -> Iterator[_Row]:
        for table, import_id, record, amount in self._read(VIEWS[view], [of], period, where):
            if amount is not None:
                yield _Row(table, import_id, record, amount)

    def _level(self, level: Last | Opening, period: Period) -> Iterator[_Row]:
        measure = self._catalogue.measures[level.measure]
        last = period.last if isinstance(level, Last) else period.first - 1
        day = self._snapshot(measure, Period(period.first - CARRIED_DAYS, last))
        if day is not None:
            yield from self._values(measure.view, _amount(measure), None, Period(day, day))

    def _average(self, level: AverageLevel, period: Period) -> Iterator[_Row]:
        measure = self._catalogue.measures[level.measure]
        days = len(self._sources.loads.by_day(measure, self._scope, period))
        yield from _times(self._values(measure.view, _amount(measure), None, period), Fraction(1, days or 1))

    def _snapshot(self, measure: Measure, period: Period) -> Day | None:
        return max(self._sources.loads.by_day(measure, self._scope, period), default=None)

    def _distinct(self, asked: Distinct, period: Period) -> Iterator[_Row]:
        """Yield the rows of every value that counts; the row by which it is reached contributes 1."""
        view = VIEWS[asked.view]
        if asked.finer is not None and not set(self._scope.dimensions) <= set(view.dims):
            view = VIEWS[asked.finer]
        apart = asked.apart or "NULL"
        if asked.at_least == 1:
            seen: set[object] = set()
            for table, import_id, record, of in self._read(view, [asked.of], period, asked.where):
                if of is not None:
                    yield _Row(table, import_id, record, int(of not in seen))
                    seen.add(of)
            return
        rows = [row for row in self._read(view, [asked.of, apart], period, asked.where) if row[3] is not None]
        found: dict[object, set[object]] = {}
        for place, (_, _, _, of, other) in enumerate(rows):
            found.setdefault(of, set()).add(other if asked.apart else place)
        reached: dict[object, set[object]] = {}
        for place, (table, import_id, record, of, other) in enumerate(rows):
            if len(found[of]) >= asked.at_least:
                before = len(reached.setdefault(of, set()))
                reached[of].add(other if asked.apart else place)
                yield _Row(table, import_id, record, int(before < asked.at_least == len(reached[of])))

    def _given(self, metric: Metric, given: Given, period: Period) -> Iterator[_Row]:
        result = self._sources.asked(metric.id, self._scope).results(period).get(())
        if result.value is None or "first" not in result.details:
            return
        first, last = (parse_day(str(result.details[edge])) for edge in ("first", "last"))
        view = VIEWS[given.view]
        columns = [given.of, "last_day", "variant" if view.variant else "NULL"]
        rows: dict[object, list[_Row]] = {}
        for table, import_id, record, amount, last_day, variant in self._read(view, columns, Period(first, first), given.where):
            if amount is not None and last_day == last:
                rows.setdefault(variant, []).append(_Row(table, import_id, record, scaled(amount, given.scale)))
        # The report that answered is the one whose rows add up to the answer.
        for found in rows.values():
            if abs(float(sum(row.contributes for row in found)) - float(result.value)) < 1e-9:
                yield from found
                return

    def _outages(self, asked: Downtime, period: Period) -> Iterator[_Row]:
        view = VIEWS[asked.view]
        filters, texts = conditions(self._scope, view)
        every = [f"day <= {period.last}", f"(last_day >= {period.first} OR ended_ts IS NULL)", *filters]
        if asked.where:
            every.append(f"({asked.where})")
        for table, import_id, record, *outage in self._conn.execute(
            f"SELECT source_table, import_id, record, started_ts, ended_ts, tz, day_start_min FROM ({view.sql}) "
            f"WHERE {' AND '.join(every)} ORDER BY started_ts",
            texts,
        ):
            seconds = down_seconds([Outage(*outage)], period)
            if seconds:
                yield _Row(table, import_id, record, 1 if asked.outages else scaled(seconds, asked.scale))

    def _unsold(self, asked: Unsold, period: Period) -> Iterator[_Row]:
        measure = self._catalogue.measures[asked.measure]
        day = self._snapshot(measure, Period(period.first - CARRIED_DAYS, period.last))
        if day is None:
            return
        sold = self._sources.sold(selling_days(day, asked.days))
        columns = ["product_id", _amount(measure), "oldest_receipt_day"]
        for table, import_id, record, product, level, received in self._read(VIEWS[measure.view], columns, Period(day, day)):
            if level is not None and received is not None and received < day - asked.days and product not in sold:
                yield _Row(table, import_id, record, level)


def _amount(measure: Measure) -> str:
    if measure.where is None:
        return measure.expression
    return f"CASE WHEN {measure.where} THEN {measure.expression} END"


def _report_columns(view: View) -> list[str]:
    return ["shop_id" if "shop_id" in view.dims.values() else "NULL", "variant" if view.variant else "''"]


def _times(rows: Iterator[_Row], factor: Fraction) -> Iterator[_Row]:
    for row in rows:
        amount = row.contributes
        contributes: Number = amount * float(factor) if isinstance(amount, float) else amount * factor
        yield _Row(row.table, row.import_id, row.record, _plain(contributes))


def _scaled(rows: Iterator[_Row], scale: float) -> Iterator[_Row]:
    for row in rows:
        yield _Row(row.table, row.import_id, row.record, scaled(row.contributes, scale))


def _plain(number: Number) -> Number:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number
