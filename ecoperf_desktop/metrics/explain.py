"""Why a number is what it is: its definition, its two sides, what it is made of, and the rows of the files behind it."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any, TypeAlias

from ecoperf_desktop import language
from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.asked import CARRIED_DAYS, Asked, Evidence, Result, Results, Sources, window
from ecoperf_desktop.metrics.catalogue import Catalogue
from ecoperf_desktop.metrics.downtime import Outage, down_seconds, merged
from ecoperf_desktop.metrics.evaluate import Answering, Engine
from ecoperf_desktop.metrics.facts import scaled
from ecoperf_desktop.metrics.given import stands_for
from ecoperf_desktop.metrics.loads import Report
from ecoperf_desktop.metrics.scope import Scope, conditions
from ecoperf_desktop.metrics.unsold import selling_days
from ecoperf_desktop.model.days import Day, Period, iso
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
from ecoperf_desktop.model.value import Explanation, ImportBehind, Number, Part, Question, SourceRow, Value
from ecoperf_desktop.store.raw import raw_rows
from ecoperf_desktop.store.views import VIEWS, View

# A part of a part of a part: enough for every metric of the catalogue, and an end for what calls itself.
_DEPTH = 6


def explain(
    engine: Engine,
    metric_id: str,
    period: Period,
    where: Sequence[tuple[str, str]] = (),
    limit: int | None = 20,
    *,
    offset: int = 0,
    with_text: bool = True,
) -> Explanation:
    """Return why a metric has its value over ``period``.

    ``row_count`` counts the rows behind it and at most ``limit`` of them (all when None) are named from the
    ``offset``-th on, view by view in the order of day, import and record.  What the rows of a sum contribute adds up
    to it; those of a quotient contribute to its numerator and its denominator; those of a rank or deviation carry
    their own value.  ``metrics/recomputed`` works the number out from nothing but the rows.  Without ``with_text``
    the rows' raw text is left out.  Raises MetricRefused as ``Engine.answer``.
    """
    question = Question((metric_id,), period, where=tuple(where))
    answering = Answering(engine)
    listening = answering.sources = _Listening(answering.sources)
    plan = answering.plan(question)
    value = answering.values(plan)[0]
    metric = plan.asked[0].metric
    trail = _Trail(listening, plan.scope, period)
    shown = trail.chosen(metric, period, plan.scope)[0]
    if value.reason != "metrics.not_covered":
        trail.follow(metric, period)
    reading = _Reading(engine.conn, listening, trail)
    rows = reading.rows(max(offset, 0), limit)
    counted = reading.counted()
    spoken = language.current()
    over, under = _sides_in_words(shown, spoken)
    units = _units(engine.catalogue, shown)
    return Explanation(
        value,
        metric.name[spoken],
        metric.definition[spoken],
        metric.formula_text[spoken],
        sum(counted.values()),
        _named(engine.conn, rows, with_text),
        over,
        under,
        *units,
        _Parts(listening, _currency(engine.conn), spoken).of(metric, period, plan.scope),
        _imports(engine.conn, counted),
        tuple(where),
        max(offset, 0),
    )


def _currency(conn: sqlite3.Connection) -> str | None:
    row = conn.execute("SELECT value FROM setting WHERE name = 'reporting_currency'").fetchone()
    return None if row is None else str(row[0])


# ---- what a number is made of


class _Listening(Sources):
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
        self.asking: list[_Call] = []
        self.heard: dict[_Call, dict[_Call, None]] = {}

    def asked(self, metric_id: str, scope: Scope) -> Asked:
        key = (metric_id, scope)
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = _Heard(self, self.catalogue.metric(metric_id), scope)
        return found

    def by(self, call: _Call) -> list[_Call]:
        """Return what was asked to answer ``call``."""
        return list(self.heard.get(call, ()))


# A metric, the scope it is asked in, and the period.
_Call: TypeAlias = "tuple[str, Scope, Period]"


class _Heard(Asked):
    """A metric whose questions are noted."""

    def __init__(self, sources: _Listening, metric: Metric, scope: Scope) -> None:
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

    def amounts(self, period: Period) -> Mapping[Any, Number | None]:
        with _Asking(self._listening, (self.metric.id, self.scope, period)):
            return super().amounts(period)


class _Asking:
    def __init__(self, listening: _Listening, call: _Call) -> None:
        self._listening = listening
        self._call = call

    def __enter__(self) -> None:
        asking = self._listening.asking
        if asking and asking[-1] != self._call:  # what is not cut is asked twice, by two names
            self._listening.heard.setdefault(asking[-1], {})[self._call] = None
        asking.append(self._call)

    def __exit__(self, *_: object) -> None:
        self._listening.asking.pop()


_Leaf: TypeAlias = (
    Measure | Distinct | Last | Opening | AverageLevel | Percentile | Deviation | Given | Downtime | Unsold | Evidence
)


@dataclass
class _Rests:
    """Something worked out from rows alone, and how it enters the two sides of the number (0: not as a plain sum)."""

    key: str
    of: _Leaf
    period: Period
    scope: Scope
    over: Fraction = Fraction(0)
    under: Fraction = Fraction(0)
    is_over: bool = False
    is_under: bool = False


# Factors by the key of what they multiply.
_Factors: TypeAlias = "dict[str, Fraction]"


class _Trail:
    """Follows a number down to what is worked out from rows alone."""

    def __init__(self, sources: _Listening, scope: Scope, asked: Period) -> None:
        self._sources = sources
        self._catalogue = sources.catalogue
        self._scope = scope
        self._asked = asked
        self._scopes: list[Scope] = [scope]
        self.leaves: dict[str, _Rests] = {}

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

    def _sides(self, metric: Metric, asked: Period, scope: Scope) -> tuple[_Factors, _Factors]:
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
                node, asked_too = _quotient(calculation)
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

    def _whole(self, metric: Metric, period: Period, scope: Scope) -> _Factors:
        """Return the factors of a metric that is a part of a sum: a quotient's rows add nothing by themselves."""
        over, under = self._sides(metric, period, scope)
        if under or isinstance(metric.calculation, Percentile | Deviation):
            return dict.fromkeys({**over, **under}, Fraction(0))
        return over

    def _terms(self, terms: Sequence[Term], period: Period, scope: Scope) -> _Factors:
        found: _Factors = {}
        for term in terms:
            if "." in term.of:
                measure = self._catalogue.measures[term.of]
                found = _added(found, {self._leaf(measure.id, measure, period, scope): Fraction(1)}, term.sign)
            else:
                found = _added(found, self._whole(self._catalogue.metric(term.of), period, scope), term.sign)
        return found

    def _method(self, metric: Metric, method: Method, asked: Period, scope: Scope) -> _Factors:
        found: _Factors = {}
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

    def _node(self, metric: Metric, node: formula.Node, period: Period, scope: Scope) -> _Factors:
        """Return the factors of a formula: exact where it is linear, else 0 for all it asks."""
        factors = self._linear(metric, node, period, scope)
        found: _Factors = {}
        for name in formula.names(node):
            if name in ("days", "covered"):
                continue
            part = self._whole(self._catalogue.metric(name), period, scope)
            factor = Fraction(0) if factors is None else factors.get(name, Fraction(0))
            found = _added(found, {key: one * factor for key, one in part.items()}, 1)
        return found

    def _linear(self, metric: Metric, node: formula.Node, period: Period, scope: Scope) -> _Factors | None:
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

    def _leaf(self, name: str, of: _Leaf, period: Period, scope: Scope) -> str:
        if scope not in self._scopes:
            self._scopes.append(scope)
        place = self._scopes.index(scope)
        key = leaf_key(name, period, self._asked) + (f" #{place}" if place else "")
        if key not in self.leaves:
            self.leaves[key] = _Rests(key, of, period, scope)
        return key


def _quotient(calculation: Formula) -> tuple[formula.Node, list[formula.Node]]:
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


def _added(one: _Factors, other: _Factors, sign: int) -> _Factors:
    return {
        key: one.get(key, Fraction(0)) + sign * other.get(key, Fraction(0)) for key in {**one, **other}
    }


# ---- rows


@dataclass
class _Row:
    """A fact, where it was read, and what it gives to what is worked out of it."""

    table: str
    import_id: int
    record: int
    day: Day | None
    gives: dict[str, tuple[object, ...]]
    contributes: Number = 0
    under: Number = 0
    counts_in: str = "over"


@dataclass
class _Group:
    """Leaves that are read from the same rows of a view: those of a period in a scope."""

    view: View
    period: Period
    scope: Scope
    leaves: list[_Rests] = field(default_factory=list)


class _Reading:
    """Reads the rows that a trail leads to."""

    def __init__(self, conn: sqlite3.Connection, sources: Sources, trail: _Trail) -> None:
        self._conn = conn
        self._sources = sources
        self._catalogue = sources.catalogue
        self._leaves = trail.leaves
        self._single = len([leaf for leaf in trail.leaves.values() if not isinstance(leaf.of, Evidence)]) == 1
        self._groups, self._apart = self._grouped()
        self._counts: dict[int, dict[int, int]] = {}
        self._divisors: dict[str, int] = {}

    def _grouped(self) -> tuple[list[_Group], list[_Rests]]:
        """Return what can be read together by SQL, and what has to be found row by row."""
        groups: dict[tuple[object, ...], _Group] = {}
        apart: list[_Rests] = []
        for leaf in self._leaves.values():
            found = self._view_and_days(leaf)
            if found is None:
                continue
            view, period = found
            if isinstance(leaf.of, Given | Downtime | Unsold):
                apart.append(leaf)
                continue
            scope = Scope(leaf.scope.where)
            key = (view.name, period, scope)
            groups.setdefault(key, _Group(view, period, scope)).leaves.append(leaf)
        return list(groups.values()), apart

    def _view_and_days(self, leaf: _Rests) -> tuple[View, Period] | None:
        """Return where the leaf's rows stand; None where there are none."""
        of = leaf.of
        if isinstance(of, Last | Opening | Unsold):
            measure = self._catalogue.measures[of.measure]
            last = leaf.period.first - 1 if isinstance(of, Opening) else leaf.period.last
            # Only from the newest counted day: found as the engine finds it.
            latest = self._sources.loads.loaded(measure, Scope()).latest(Period(leaf.period.first - CARRIED_DAYS, last))
            return None if latest is None else (VIEWS[measure.view], Period(latest[0], latest[0]))
        if isinstance(of, AverageLevel):
            return VIEWS[self._catalogue.measures[of.measure].view], leaf.period
        view = VIEWS[of.view]
        if isinstance(of, Distinct) and of.finer is not None and not set(leaf.scope.dimensions) <= set(view.dims):
            view = VIEWS[of.finer]
        return view, leaf.period

    # ---- counting and listing

    def counted(self) -> dict[int, int]:
        """Return how many rows there are, by import."""
        total: dict[int, int] = {}
        parts = [self._count(place, group) for place, group in enumerate(self._groups)]
        parts += [_by_import(self._apart_rows(leaf)) for leaf in self._apart]
        for part in parts:
            for import_id, count in part.items():
                total[import_id] = total.get(import_id, 0) + count
        return total

    def rows(self, offset: int, limit: int | None) -> list[_Row]:
        """Return the rows from ``offset`` on, with what each contributes."""
        found: list[_Row] = []
        skip = offset
        for place, group in enumerate(self._groups):
            wanted = None if limit is None else limit - len(found)
            if wanted is not None and wanted <= 0:
                return found
            # What is counted once is counted where it stands first: all before have to be looked at.
            rows = list(islice(self._weighed(group), skip, None if wanted is None else skip + wanted))
            found += rows
            if skip and not rows:
                skip -= sum(self._count(place, group).values())
            else:
                skip = 0
        rest = (row for leaf in self._apart for row in self._apart_weighed(leaf))
        found += islice(rest, skip, None if limit is None else skip + max(limit - len(found), 0))
        return found

    def _count(self, place: int, group: _Group) -> dict[int, int]:
        if place not in self._counts:
            if self._reports(group) is not None or group.view.name == "stock_sku":
                counts = _by_import(self._found(group))
            else:
                counts = self._counted_by_sql(group)
            self._counts[place] = counts
        return self._counts[place]

    def _counted_by_sql(self, group: _Group) -> dict[int, int]:
        source, texts = self._source(group)
        speaking = self._speaking(_table(group.view))
        if len(speaking) == 1:
            count = self._conn.execute(f"SELECT COUNT(*) {source}", texts).fetchone()[0]
            return {speaking[0]: count} if count else {}
        # Most days stand in one file: only those of several have to be taken apart.
        found: dict[int, int] = {}
        mixed = []
        for day, count, first, last in self._conn.execute(
            f"SELECT day, COUNT(*), MIN(COALESCE(import_id, 0)), MAX(COALESCE(import_id, 0)) {source} GROUP BY day", texts
        ):
            if first == last:
                found[first] = found.get(first, 0) + count
            else:
                mixed.append(day)
        for start in range(0, len(mixed), 500):
            days = ", ".join(map(str, mixed[start : start + 500]))
            for import_id, count in self._conn.execute(
                f"SELECT COALESCE(import_id, 0), COUNT(*) {source} AND day IN ({days}) GROUP BY 1", texts
            ):
                found[import_id] = found.get(import_id, 0) + count
        return found

    def _speaking(self, table: str) -> list[int]:
        """Return the imports that state rows of a table, as far as that is known."""
        return [
            row[0]
            for row in self._conn.execute(
                "SELECT f.import_id FROM import_fields f JOIN imports i ON i.import_id = f.import_id "
                "WHERE f.table_name = ? AND i.state = 'active'",
                (table,),
            )
        ]

    # ---- rows of a view

    def _source(self, group: _Group) -> tuple[str, list[str]]:
        """Return the FROM and WHERE of a group's rows: those that give anything to any leaf."""
        view = group.view
        filters, texts = _conditions(group.scope, view)
        every = [f"day BETWEEN {group.period.first} AND {group.period.last}", *filters]
        if not any(self._is_always_stated(view, leaf) for leaf in group.leaves):
            # Who came twice came: what another leaf counts anyway need not be found.
            plain = {leaf.of.of for leaf in group.leaves if isinstance(leaf.of, Distinct) and leaf.of.where is None and leaf.of.at_least == 1}
            asked = [leaf for leaf in group.leaves if not (isinstance(leaf.of, Distinct) and leaf.of.at_least > 1 and leaf.of.of in plain)]
            columns = [self._columns(group, leaf) for leaf in asked]
            every.append(f"({' OR '.join(f'({given}) IS NOT NULL' for given, _, _ in columns)})")
            for _, _, more in columns:
                texts += more
        return f"FROM ({view.sql}) WHERE {' AND '.join(every)}", texts

    def _columns(self, group: _Group, leaf: _Rests) -> tuple[str, str, list[str]]:
        """Return the SQL of what a row gives to the leaf (NULL: nothing) and of what tells it apart, with its texts."""
        of = leaf.of
        match of:
            case Measure():
                return _amount(of), "NULL", []
            case Last() | Opening() | AverageLevel():
                return _amount(self._catalogue.measures[of.measure]), "NULL", []
            case Distinct():
                kept = [] if of.where is None else [f"({of.where})"]
                texts: list[str] = []
                if of.at_least > 1:
                    filters, texts = _conditions(group.scope, group.view)
                    within = " AND ".join([f"day BETWEEN {leaf.period.first} AND {leaf.period.last}", *filters, *kept])
                    counted = "COUNT(*)" if of.apart is None else f"COUNT(DISTINCT {of.apart})"
                    reached = f"{counted} >= {of.at_least}"
                    if of.at_least == 2 and of.apart is not None:
                        reached = f"MIN({of.apart}) < MAX({of.apart})"  # two different ones, without sorting them
                    kept.append(
                        f"{of.of} IN (SELECT {of.of} FROM ({group.view.sql}) WHERE {within} AND {of.of} IS NOT NULL "
                        f"GROUP BY 1 HAVING {reached})"
                    )
                given = f"CASE WHEN {' AND '.join(kept)} THEN {of.of} END" if kept else of.of
                return given, of.apart or "NULL", texts
            case Percentile():
                return _where(of.of, of.where), of.weight or "NULL", []
            case Deviation():
                return _where(of.of, of.where), "NULL", []
            case Evidence():
                return _where("1", of.where), "NULL", []
        raise TypeError(of)

    def _is_always_stated(self, view: View, leaf: _Rests) -> bool:
        """Say whether each row surely gives something, so that nothing has to be looked at to count them."""
        of = leaf.of
        if isinstance(of, Evidence):
            return of.where is None
        if isinstance(of, Last | Opening | AverageLevel):
            of = self._catalogue.measures[of.measure]
        if not isinstance(of, Measure) or of.where is not None:
            return False
        plain = _COALESCED.sub("0", of.expression)
        needed = set(_WORD.findall(plain))
        if not needed:
            return "CASE" not in plain
        stated = {
            row[1] for row in self._conn.execute(f"PRAGMA table_info({_table(view)})") if row[3]
        }
        return "CASE" not in plain and needed <= stated

    def _reports(self, group: _Group) -> dict[str, set[Report] | None] | None:
        """Return for each leaf which reports answer; None for a view of rows that all do."""
        if not group.view.spans:
            return None
        found: dict[str, set[Report] | None] = {}
        for leaf in group.leaves:
            if isinstance(leaf.of, Measure):
                found[leaf.key] = self._sources.loads.reports(leaf.of, leaf.scope, group.period)
        return found if any(reports is not None for reports in found.values()) else None

    def _found(self, group: _Group) -> Iterator[_Row]:
        """Yield the group's rows in the order of day, import and record."""
        view = group.view
        reports = self._reports(group)
        columns = [self._columns(group, leaf) for leaf in group.leaves]
        source, texts = self._source_from(group, reports)
        given = ", ".join(f"{value}, {apart}" for value, apart, _ in columns)
        keys = ["day", "last_day", "source_id", *_report_columns(view)] if view.spans else ["day"]
        ahead = [text for _, _, more in columns for text in more]
        width = 3 + len(keys)
        if view.name == "stock_sku":
            yield from self._stock(group, source, [*ahead, *texts], given)
            return
        query = f"SELECT source_table, import_id, record, {', '.join(keys)}, {given} {source} ORDER BY day, import_id, record"
        for row in self._conn.execute(query, [*ahead, *texts]):
            gives: dict[str, tuple[object, ...]] = {}
            for place, leaf in enumerate(group.leaves):
                value, apart = row[width + 2 * place : width + 2 * place + 2]
                if value is None:
                    continue
                answering = None if reports is None else reports.get(leaf.key)
                if answering is not None and tuple(row[3:width]) not in answering:
                    continue
                if reports is not None and answering is None and not group.period.first <= row[3] <= group.period.last:
                    continue
                gives[leaf.key] = (value,) if apart is None else (value, apart)
                if isinstance(leaf.of, AverageLevel):
                    gives[leaf.key] = (value, self._days(leaf, leaf.of))
            if gives:
                yield _Row(row[0], row[1] or 0, row[2] or 0, row[3], gives)

    def _source_from(self, group: _Group, reports: Mapping[str, set[Report] | None] | None) -> tuple[str, list[str]]:
        if reports is None:
            return self._source(group)
        first = min([group.period.first, *(report[0] for found in reports.values() for report in found or ())])
        filters, texts = _conditions(group.scope, group.view)
        every = [f"day BETWEEN {first} AND {group.period.last}", *filters]
        return f"FROM ({group.view.sql}) WHERE {' AND '.join(every)}", texts

    def _stock(self, group: _Group, source: str, texts: Sequence[str], given: str) -> Iterator[_Row]:
        """Yield the counted rows of products in all their places: the first of a product and day gives what all make."""
        found: dict[tuple[Day, int], tuple[Any, ...] | None] = {
            (day, product): tuple(values)
            for day, product, *values in self._conn.execute(f"SELECT day, product_id, {given} {source}", texts)
        }
        days = f"day BETWEEN {group.period.first} AND {group.period.last}"
        for day, product, import_id, record in self._conn.execute(
            f"SELECT day, product_id, import_id, record FROM inventory_snapshots WHERE {days} ORDER BY day, import_id, record"
        ):
            if (day, product) in found:
                values = found[day, product]
                gives: dict[str, tuple[object, ...]] = {}
                for place, leaf in enumerate(group.leaves):
                    if values is None:
                        gives[leaf.key] = ()
                    elif values[2 * place] is not None:
                        gives[leaf.key] = (values[2 * place],)
                found[day, product] = None
                yield _Row("inventory_snapshots", import_id, record, day, gives)

    # ---- what a row contributes

    def _weighed(self, group: _Group) -> Iterator[_Row]:
        counters = {leaf.key: _Once(leaf.of) for leaf in group.leaves if isinstance(leaf.of, Distinct)}
        scales = {leaf.key: leaf.of.scale for leaf in group.leaves if isinstance(leaf.of, Percentile)}
        for row in self._found(group):
            parts: list[tuple[_Rests, Number]] = []
            for leaf in group.leaves:
                given = row.gives.get(leaf.key)
                if given is None:
                    continue
                value: Any = given[0] if given else 0
                if leaf.key in counters:
                    value = counters[leaf.key].adds(given)
                elif leaf.key in scales:
                    value = scaled(value, scales[leaf.key])
                elif isinstance(leaf.of, AverageLevel):
                    value = _times(value, Fraction(1, self._days(leaf, leaf.of) or 1))
                elif isinstance(leaf.of, Evidence):
                    value = 0
                parts.append((leaf, value))
            yield self._with_shares(row, parts)

    def _with_shares(self, row: _Row, parts: Sequence[tuple[_Rests, Number]]) -> _Row:
        over: Number = 0
        under: Number = 0
        for leaf, value in parts:
            if leaf.over:
                over = over + _times(value, leaf.over)
            elif self._single and isinstance(leaf.of, Percentile | Deviation):
                over = value
            if leaf.under:
                under = under + _times(value, leaf.under)
        row.contributes, row.under = _plain(over), _plain(under)
        is_over = any(leaf.is_over for leaf, _ in parts)
        is_under = any(leaf.is_under for leaf, _ in parts)
        row.counts_in = "both" if is_over and is_under else "under" if is_under else "over"
        return row

    def _days(self, leaf: _Rests, level: AverageLevel) -> int:
        if leaf.key not in self._divisors:
            measure = self._catalogue.measures[level.measure]
            counted = self._sources.loads.by_day(measure, Scope(), leaf.period)
            by_day = self._sources.loads.by_day(measure, leaf.scope, leaf.period)
            unstated = sum(1 for cuts in by_day.values() if all(one is None for one in cuts.values()))
            self._divisors[leaf.key] = len(counted) - unstated
        return self._divisors[leaf.key]

    # ---- rows that have to be found one by one

    def _apart_weighed(self, leaf: _Rests) -> Iterator[_Row]:
        for row in self._apart_rows(leaf):
            value: Any = row.gives[leaf.key][0]
            if isinstance(leaf.of, Downtime):
                outage = Outage(*row.gives[leaf.key])  # type: ignore[arg-type]
                value = 1 if leaf.of.outages else scaled(down_seconds([outage], leaf.period), leaf.of.scale)
            elif isinstance(leaf.of, Given):
                value = scaled(value, leaf.of.scale)
            yield self._with_shares(row, [(leaf, value)])

    def _apart_rows(self, leaf: _Rests) -> Iterator[_Row]:
        match leaf.of:
            case Given():
                return self._given(leaf, leaf.of)
            case Downtime():
                return self._outages(leaf, leaf.of)
            case Unsold():
                return self._unsold(leaf, leaf.of)
        raise TypeError(leaf.of)

    def _read(self, view: View, scope: Scope, columns: Sequence[str], days: str, where: str | None = None) -> list[tuple[Any, ...]]:
        filters, texts = _conditions(scope, view)
        every = [days, *filters, *([f"({where})"] if where else [])]
        return self._conn.execute(
            f"SELECT source_table, import_id, record, day, {', '.join(columns)} FROM ({view.sql}) WHERE {' AND '.join(every)} "
            "ORDER BY day, import_id, record",
            texts,
        ).fetchall()

    def _given(self, leaf: _Rests, given: Given) -> Iterator[_Row]:
        if leaf.scope.per:
            return
        choice = self._sources.facts.given(given, leaf.scope, leaf.period).get(())
        if choice is None or choice.value is None or choice.span is None:
            return
        view = VIEWS[given.view]
        days = f"last_day = {choice.span.last} AND day >= {choice.span.first}"
        rows: dict[object, list[_Row]] = {}
        columns = [given.of, "last_day", "variant" if view.variant else "NULL"]
        for table, import_id, record, day, amount, last_day, variant in self._read(view, leaf.scope, columns, days, given.where):
            if amount is not None and stands_for(Period(day, last_day), given) == choice.span:
                rows.setdefault(variant, []).append(_Row(table, import_id, record, day, {leaf.key: (amount,)}))
        # The report that answered is the one whose rows add up to the answer.
        for found in rows.values():
            amounts: list[Any] = [row.gives[leaf.key][0] for row in found]
            if abs(float(sum(amounts)) * given.scale - choice.value) <= 1e-9 * max(1.0, abs(choice.value)):
                yield from found
                return

    def _outages(self, leaf: _Rests, asked: Downtime) -> Iterator[_Row]:
        period = leaf.period
        days = f"day <= {period.last} AND (last_day >= {period.first - 1} OR ended_ts IS NULL)"
        columns = ["started_ts", "ended_ts", "tz", "day_start_min"]
        for table, import_id, record, day, *outage in self._read(VIEWS[asked.view], leaf.scope, columns, days, asked.where):
            if any(True for _ in merged([Outage(*outage)], period)):
                yield _Row(table, import_id, record, day, {leaf.key: tuple(outage)})

    def _unsold(self, leaf: _Rests, asked: Unsold) -> Iterator[_Row]:
        measure = self._catalogue.measures[asked.measure]
        found = self._view_and_days(leaf)
        if found is None:
            return
        view, (day) = found[0], found[1].first
        sold = self._sources.sold(selling_days(day, asked.days))
        columns = ["product_id", _amount(measure), "oldest_receipt_day"]
        for table, import_id, record, _, product, level, received in self._read(view, leaf.scope, columns, f"day = {day}"):
            if level is not None and received is not None and received < day - asked.days and product not in sold:
                yield _Row(table, import_id, record, day, {leaf.key: (level,)})


class _Once:
    """Counts each value once, in the row by which it is reached."""

    def __init__(self, asked: Distinct) -> None:
        self._asked = asked
        self._seen: dict[object, set[object]] = {}
        self._rows = 0

    def adds(self, given: tuple[object, ...]) -> int:
        self._rows += 1
        seen = self._seen.setdefault(given[0], set())
        before = len(seen)
        seen.add(given[1] if self._asked.apart else self._rows)
        return int(before < self._asked.at_least == len(seen)) if self._asked.at_least > 1 else int(before == 0)


# A word in SQL that is no function; what COALESCE makes sure of.
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_COALESCED = re.compile(r"COALESCE\([a-z0-9_]+, -?\d+\)")


def _conditions(scope: Scope, view: View) -> tuple[list[str], list[str]]:
    """Return the scope's conditions; what is asked of a product is asked of the products once, not of every row."""
    if view.dims.get("product") != "product_id":
        return conditions(scope, view)
    filters: list[str] = []
    texts: list[str] = []
    for dimension, keys in scope.where:
        found, words = conditions(Scope(((dimension, keys),)), view)
        if None not in keys and f"p.{dimension}_id FROM product p" in view.sql:
            found = [f"product_id IN (SELECT product_id FROM product WHERE {' AND '.join(found)})"]
        filters += found
        texts += words
    return filters, texts


def _table(view: View) -> str:
    """Return the table that the view's rows stand in; empty when they stand in several."""
    named = set(_STANDS.findall(view.sql))
    return named.pop() if len(named) == 1 else ""


_STANDS = re.compile(r"'([a-z_0-9]+)' AS source_table")


def _amount(measure: Measure) -> str:
    return _where(measure.expression, measure.where)


def _where(value: str, where: str | None) -> str:
    return value if where is None else f"CASE WHEN {where} THEN {value} END"


def _report_columns(view: View) -> list[str]:
    return ["shop_id" if "shop_id" in view.dims.values() else "NULL", "variant" if view.variant else "''"]


def _times(amount: Number, factor: Fraction) -> Number:
    return amount * float(factor) if isinstance(amount, float) else amount * factor


def _plain(number: Number) -> Number:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number


def _by_import(rows: Iterable[_Row]) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in rows:
        found[row.import_id] = found.get(row.import_id, 0) + 1
    return found


# ---- in words


def _named(conn: sqlite3.Connection, rows: Sequence[_Row], with_text: bool) -> tuple[SourceRow, ...]:
    """Return the rows with the files they stood in, and their text there."""
    wanted = {row.import_id for row in rows}
    query = "SELECT import_id, file, sha256, member FROM imports"
    files = {row[0]: row[1:] for row in conn.execute(query) if row[0] in wanted}
    records: dict[int, list[int]] = {}
    for row in rows:
        records.setdefault(row.import_id, []).append(row.record)
    raw = {import_id: raw_rows(conn, import_id, found) for import_id, found in records.items()} if with_text else {}
    named = []
    for row in rows:
        file, sha256, member = files.get(row.import_id, ("", "", None))
        text = raw.get(row.import_id, {}).get(row.record, {})
        named.append(
            SourceRow(
                row.table, row.import_id, file, sha256, member, row.record, row.contributes, text, row.under,
                row.counts_in, row.day, row.gives,  # type: ignore[arg-type]
            )  # fmt: skip
        )
    return tuple(named)


def _imports(conn: sqlite3.Connection, counted: Mapping[int, int]) -> tuple[ImportBehind, ...]:
    known = conn.execute("SELECT import_id, file, member, imported_utc FROM imports ORDER BY imported_utc, import_id")
    return tuple(
        ImportBehind(import_id, file, member, when, counted[import_id])
        for import_id, file, member, when in known
        if counted.get(import_id)
    )


def _sides_in_words(metric: Metric, spoken: str) -> tuple[str, str]:
    """Return the words above and below the line of a quotient, empty for what is none."""
    calculation = metric.calculation
    is_quotient = isinstance(calculation, Ratio)
    if isinstance(calculation, Formula):
        node = _quotient(calculation)[0]
        is_quotient = isinstance(node, formula.Operation) and node.sign == "/"
    if not is_quotient:
        return "", ""
    text = _SCALE.sub("", metric.formula_text.get(spoken, "")).strip()
    is_complement = isinstance(calculation, Ratio) and calculation.complement
    if is_complement:
        text = re.sub(r"^1 − ", "", text)
    sides = _divided(text)
    if len(sides) != 2:
        return "", ""
    over, under = sides
    return (f"{under} − {over}", under) if is_complement else (over, under)


def _units(known: Catalogue, metric: Metric) -> tuple[str, str]:
    """Return the units of what stands above and below the line; of what is no quotient its own and counts."""
    calculation = metric.calculation
    if isinstance(calculation, Ratio):
        return _unit(known, calculation.over), _unit(known, calculation.under)
    if isinstance(calculation, Formula):
        node = _quotient(calculation)[0]
        if isinstance(node, formula.Operation) and node.sign == "/":
            names = [[name for name in formula.names(side) if name not in ("days", "covered")] for side in (node.left, node.right)]
            is_money = [any(known.metric(name).unit == "money" for name in side) for side in names]
            return "money" if is_money[0] else "count", "money" if is_money[1] else "count"
    return metric.unit, "count"


def _unit(known: Catalogue, terms: Sequence[Term]) -> str:
    term = terms[0].of
    if "." not in term:
        return known.metric(term).unit
    return "money" if "_minor" in known.measures[term].expression else "count"


_SCALE = re.compile(r"\s*×\s*[\d,]+\s*$")


def _divided(text: str) -> list[str]:
    """Return what stands before and after each ÷ that is in no bracket, without brackets around the whole."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "(（") - (sign in ")）")
        if sign == "÷" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [_unbracketed(part.strip()) for part in parts]


def _unbracketed(text: str) -> str:
    if not text or text[0] not in "(（" or text[-1] not in ")）":
        return text
    depth = 0
    for sign in text[:-1]:
        depth += (sign in "(（") - (sign in ")）")
        if not depth:
            return text
    return text[1:-1].strip()


class _Parts:
    """Finds the metrics a metric is made of, with their values."""

    def __init__(self, sources: _Listening, currency: str | None, spoken: str) -> None:
        self._sources = sources
        self._currency = currency
        self._spoken = spoken

    def of(self, metric: Metric, asked: Period, scope: Scope, depth: int = 0) -> tuple[Part, ...]:
        if depth >= _DEPTH:
            return ()
        period = window(metric, asked)
        calculation = metric.calculation
        match calculation:
            case Sum():
                return self._terms(calculation.terms, period, scope, depth, "sum")
            case Ratio():
                over = self._terms(calculation.over, period, scope, depth, "over")
                return over + self._terms(calculation.under, period, scope, depth, "under")
            case Formula():
                return self._formula(calculation, period, scope, depth)
            case FirstKnown():
                fitting = [one for one in calculation.of if set(scope.dimensions) <= set(self._metric(one).dimensions)]
                known = [name for name in fitting if self._result(name, scope, period).value is not None]
                return tuple(self._part(name, period, scope, depth, "part") for name in (known or fitting)[:1])
            case Method():
                heard = self._sources.by((metric.id, scope, asked))
                plain = {(name, within, when): None for name, within, when in heard if not within.per}
                return tuple(self._part(name, when, within, depth, "part") for name, within, when in plain)
        return ()

    def _terms(self, terms: Sequence[Term], period: Period, scope: Scope, depth: int, side: str) -> tuple[Part, ...]:
        return tuple(self._part(term.of, period, scope, depth, side, term.sign) for term in terms if "." not in term.of)

    def _formula(self, calculation: Formula, period: Period, scope: Scope, depth: int) -> tuple[Part, ...]:
        node, asked_too = _quotient(calculation)
        sides: list[tuple[str, formula.Node]] = [("part", node)]
        if isinstance(node, formula.Operation) and node.sign == "/":
            sides = [("over", node.left), ("under", node.right)]
        sides += [("part", part) for part in asked_too]
        return tuple(
            self._part(name, period, scope, depth, side)
            for side, part in sides
            for name in formula.names(part)
            if name not in ("days", "covered")
        )

    def _metric(self, name: str) -> Metric:
        return self._sources.catalogue.metric(name)

    def _result(self, name: str, scope: Scope, period: Period) -> Result:
        return self._sources.asked(name, scope).results(period).get(())

    def _part(self, name: str, period: Period, scope: Scope, depth: int, side: str, sign: int = 1) -> Part:
        metric = self._metric(name)
        one = self._result(name, scope, period)
        value = Value(
            metric.id,
            period,
            None,
            {},
            one.value,
            one.numerator,
            one.denominator,
            metric.unit,
            self._currency if metric.unit == "money" else None,
            one.quality,
            one.reason,
            dict(one.details),
            self._sources.asked(name, scope).covered_days((), period),
            None,
            one.word,
        )
        parts = self.of(metric, period, scope, depth + 1)
        return Part(metric.id, metric.name.get(self._spoken, ""), value, side, sign, parts)  # type: ignore[arg-type]
