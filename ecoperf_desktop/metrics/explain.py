"""Why a number is what it is: its definition, its two sides, what it is made of, and the rows of the files behind it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence

from ecoperf_desktop import language
from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.asked import Result, window
from ecoperf_desktop.metrics.evaluate import Answering, Engine
from ecoperf_desktop.metrics.rows_behind import Row, RowsBehind
from ecoperf_desktop.metrics.scope import Scope
from ecoperf_desktop.metrics.sides import side_units
from ecoperf_desktop.metrics.trail import Listening, Trail, divided
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import (
    FirstKnown,
    Formula,
    Method,
    Metric,
    Ratio,
    Sum,
    Term,
)
from ecoperf_desktop.model.value import Explanation, ImportBehind, Part, Question, SourceRow, Traded, Value
from ecoperf_desktop.store.raw import raw_rows
from ecoperf_desktop.store.traded import AsTraded, traded_in

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
    listening = answering.sources = Listening(answering.sources)
    plan = answering.plan(question)
    value = answering.values(plan)[0]
    metric = plan.asked[0].metric
    trail = Trail(listening, plan.scope, period)
    shown = trail.chosen(metric, period, plan.scope)[0]
    if value.reason != "metrics.not_covered":
        trail.follow(metric, period)
    reading = RowsBehind(engine.conn, listening, trail)
    rows = reading.rows(max(offset, 0), limit)
    counted = reading.counted()
    spoken = language.current()
    over, under = _sides_in_words(shown, spoken)
    units = side_units(engine.catalogue, shown)
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


# ---- in words


def _named(conn: sqlite3.Connection, rows: Sequence[Row], with_text: bool) -> tuple[SourceRow, ...]:
    """Return the rows with the files they stood in, and their text there."""
    wanted = {row.import_id for row in rows}
    query = "SELECT import_id, file, sha256, member FROM imports"
    files = {row[0]: row[1:] for row in conn.execute(query) if row[0] in wanted}
    records: dict[int, list[int]] = {}
    for row in rows:
        records.setdefault(row.import_id, []).append(row.record)
    raw = {import_id: raw_rows(conn, import_id, found) for import_id, found in records.items()} if with_text else {}
    traded = {
        table: traded_in(conn, table, {(row.import_id, row.record) for row in rows if row.table == table})
        for table in dict.fromkeys(row.table for row in rows)
    }
    named = []
    for row in rows:
        file, sha256, member = files.get(row.import_id, ("", "", None))
        text = raw.get(row.import_id, {}).get(row.record, {})
        named.append(
            SourceRow(
                row.table, row.import_id, file, sha256, member, row.record, row.contributes, text, row.under,
                row.counts_in, row.day, row.gives,  # type: ignore[arg-type]
                tuple(_as_traded(one) for one in traded[row.table].get((row.import_id, row.record), ())),
            )  # fmt: skip
        )
    return tuple(named)


def _as_traded(one: AsTraded) -> Traded:
    rate = one.rate
    return Traded(one.currency, None if rate is None else rate.rate_e9, None if rate is None else rate.day, dict(one.amounts))


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
        node = divided(calculation)[0]
        is_quotient = isinstance(node, formula.Operation) and node.sign == "/"
    if not is_quotient:
        return "", ""
    text = _SCALE.sub("", metric.formula_text.get(spoken, "")).strip()
    is_complement = isinstance(calculation, Ratio) and calculation.complement
    if is_complement:
        text = re.sub(r"^1 − ", "", text)
    sides = _halves(text)
    if len(sides) != 2:
        return "", ""
    over, under = sides
    return (f"{under} − {over}", under) if is_complement else (over, under)


_SCALE = re.compile(r"\s*×\s*[\d,]+\s*$")


def _halves(text: str) -> list[str]:
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

    def __init__(self, sources: Listening, currency: str | None, spoken: str) -> None:
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
        node, asked_too = divided(calculation)
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
