"""A number worked out again from the rows its explanation names, as somebody would who trusts nobody.

Nothing here asks the engine: the arithmetic is written again, plainly, after the metric's declaration.  A method of the
catalogue cannot be: it is asked again in a workspace that holds nothing but the rows named.
"""

# SQL is put together from names of our own tables and row ids.
# ruff: noqa: S608

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from itertools import accumulate, chain
from typing import Any

from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.catalogue import Catalogue, catalogue, parts_of
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.trail import leaf_key
from ecoperf_desktop.model.days import Day, Period, date_of
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
    Method,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Sum,
    Term,
    Unsold,
)
from ecoperf_desktop.model.value import Explanation, Number, Part, Question, SourceRow
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.schema import STEPS


def recompute(
    explanation: Explanation,
    known: Catalogue | None = None,
    conn: sqlite3.Connection | None = None,
    *,
    week_start: int = 1,
) -> Number | None:
    """Return the number that the rows of a whole explanation give, None where they give none.

    ``known`` is the catalogue the metric is declared in, the shipped one when None.  ``conn`` is the workspace: only
    a metric that is worked out by a method needs it, for the facts of the rows named.  Raises ValueError when rows
    are left out, or when such a metric comes without ``conn``.
    """
    if not explanation.is_whole:
        raise ValueError("the explanation names only some of its rows")
    declared = catalogue() if known is None else known
    metric = declared.metric(explanation.value.metric)
    if _needs_method(metric, declared):
        if conn is None:
            raise ValueError(f"{metric.id} is worked out by a method: its facts are needed")
        alone = rows_alone(conn, explanation.rows)
        try:
            asked = Question((explanation.value.metric,), explanation.value.period, where=explanation.where)
            return Engine(alone, declared, week_start=week_start).answer([asked])[0][0].value
        finally:
            alone.close()
    return _Book(explanation, declared).number(metric, explanation.value.period)


def _needs_method(metric: Metric, declared: Catalogue) -> bool:
    if isinstance(metric.calculation, Method):
        return True
    return any(_needs_method(declared.metric(part), declared) for part in parts_of(metric))


class _Book:
    """The rows of an explanation, by what they give."""

    def __init__(self, explanation: Explanation, declared: Catalogue) -> None:
        self._declared = declared
        self._asked = explanation.value.period
        self._given: dict[str, list[tuple[Day | None, tuple[Any, ...]]]] = {}
        for row in explanation.rows:
            for key, given in row.gives.items():
                if given:  # else said already by another row of the same product and day
                    self._given.setdefault(key, []).append((row.day, given))
        self._parts: dict[tuple[str, Period], Part] = {}
        self._note(explanation.parts)
        self._covered = {metric: part.value.covered for (metric, _), part in self._parts.items()}
        self._covered[explanation.value.metric] = explanation.value.covered
        self._top = explanation.value.metric
        self._top_parts = explanation.parts

    def _note(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self._parts.setdefault((part.metric, part.value.period), part)
            self._note(part.parts)

    def number(self, metric: Metric, asked: Period) -> Number | None:
        """Return the metric over ``asked``, or over the days it always looks at."""
        part = self._parts.get((metric.id, asked))
        if part is not None and part.value.value is None and metric.id != self._top:
            return None  # said to be unknown, whatever its rows are
        period = asked
        if metric.window is not None:
            period = Period(asked.last - metric.window + 1 if metric.window else -25567, asked.last)
        calculation = metric.calculation
        match calculation:
            case Sum():
                return self._added(calculation.terms, period)
            case Ratio():
                return self._quotient(calculation, period)
            case Formula():
                return self._arithmetic(metric, calculation, period)
            case FirstKnown():
                parts = self._top_parts if part is None else part.parts
                return self.number(self._declared.metric(parts[0].metric), period) if parts else None
            case Method() | Awaits():
                return None
        rows = self._given.get(leaf_key(metric.id, period, self._asked), [])
        match calculation:
            case Last() | Opening() | Unsold():
                return _total(given[0] for _, given in rows)
            case AverageLevel():
                # How many days were counted no row of a part can tell: each says it.
                return _over(_total(given[0] for _, given in rows), rows[0][1][1]) if rows else 0
            case Distinct():
                return _distinct(calculation, [given for _, given in rows])
            case Percentile():
                return _rank(calculation, [given for _, given in rows])
            case Deviation():
                return _deviation([given[0] for _, given in rows])
            case Given():
                return _whole(_total(given[0] for _, given in rows) * calculation.scale) if rows else None
            case Downtime():
                return _downtime(calculation, [given for _, given in rows], period)
        raise TypeError(calculation)

    def _added(self, terms: Sequence[Term], period: Period) -> Number | None:
        total: Number = 0
        for term in terms:
            amount: Number | None
            if "." in term.of:
                amount = _total(given[0] for _, given in self._given.get(leaf_key(term.of, period, self._asked), []))
            else:
                amount = self.number(self._declared.metric(term.of), period)
            if amount is None:
                return None
            total = total + term.sign * amount
        return total

    def _quotient(self, ratio: Ratio, period: Period) -> Number | None:
        over, under = self._added(ratio.over, period), self._added(ratio.under, period)
        if over is None or under is None or under <= 0:
            return None
        quotient = _over(under - over if ratio.complement else over, under)
        return quotient * (float(ratio.scale) if isinstance(quotient, float) else _exact(ratio.scale))

    def _arithmetic(self, metric: Metric, calculation: Formula, period: Period) -> Number | None:
        def of(node: formula.Node) -> Number | None:
            match node:
                case formula.Literal():
                    return Fraction(node.value)
                case formula.Name("days"):
                    return period.last - period.first + 1
                case formula.Name("covered"):
                    return self._covered.get(metric.id)
                case formula.Name():
                    return self.number(self._declared.metric(node.name), period)
                case formula.Negative():
                    inner = of(node.of)
                    return None if inner is None else -inner
                case formula.Call():
                    return called(node)
                case formula.Operation():
                    left, right = of(node.left), of(node.right)
                    if left is None or right is None or (node.sign == "/" and right == 0):
                        return None
                    if node.sign == "/":
                        # the line under the whole: a base below nothing is none.
                        return None if node is whole and right < 0 else _over(left, right)
                    return left + right if node.sign == "+" else left - right if node.sign == "-" else left * right

        def called(node: formula.Call) -> Number | None:
            numbers = [of(argument) for argument in node.arguments]
            if node.function == "coalesce":
                return next((number for number in numbers if number is not None), None)
            stated: list[Number] = [number for number in numbers if number is not None]
            if len(stated) < len(numbers):
                return None
            if node.function == "abs":
                return stated[0] if stated[0] >= 0 else -stated[0]
            chosen = stated[0]
            for number in stated[1:]:
                if (number < chosen) == (node.function == "min"):
                    chosen = number
            return chosen

        whole = formula.parse(calculation.text)
        return of(whole)


# ---- plain arithmetic


def _total(amounts: Iterable[Any]) -> Number:
    every = list(amounts)
    return math.fsum(every) if any(isinstance(amount, float) for amount in every) else sum(every)


def _over(over: Number, under: Number) -> Number:
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over) / Fraction(under)


def _exact(scale: float) -> Fraction:
    """Return what a scale was meant as: 0.016666666666666666 is a sixtieth."""
    return Fraction(scale).limit_denominator(1_000_000)


def _whole(number: Number) -> Number:
    return int(number) if number == int(number) else number


def _distinct(asked: Distinct, rows: Sequence[tuple[Any, ...]]) -> int:
    met: dict[object, set[object]] = {}
    for place, given in enumerate(rows):
        met.setdefault(given[0], set()).add(given[1] if asked.apart else place)
    return sum(len(times) >= asked.at_least for times in met.values())


def _rank(asked: Percentile, rows: Sequence[tuple[Any, ...]]) -> Number | None:
    counted = sorted((given[0], given[1] if asked.weight else 1) for given in rows if not asked.weight or len(given) > 1)
    all_of_them = sum(count for _, count in counted)
    if not all_of_them:
        return None
    needed = Fraction(str(asked.p)) * all_of_them
    ends = accumulate(count for _, count in counted)
    value: Any = next(value for (value, count), end in zip(counted, ends, strict=True) if count and end >= needed)
    return value * float(asked.scale) if isinstance(value, float) else value * _exact(asked.scale)


def _deviation(values: Sequence[Any]) -> Number | None:
    if len(values) < 2:
        return None
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    return math.sqrt(sum((value - mean) ** 2 for value in exact) / (len(exact) - 1))


def _downtime(asked: Downtime, outages: Sequence[tuple[Any, ...]], period: Period) -> Number:
    marks: list[tuple[float, int]] = []
    for started, ended, tz, day_start in outages:
        first, last = _edge(period.first, tz, day_start), _edge(period.last + 1, tz, day_start)
        begin, end = max(started, first), last if ended is None else min(ended, last)
        if begin < end:
            marks += [(begin, 1), (end, -1)]
    # At one second an outage begins before the other ends: what touches is one.
    running, seconds, times, since = 0, 0.0, 0, 0.0
    for moment, step in sorted(marks, key=lambda mark: (mark[0], -mark[1])):
        if not running:
            since, times = moment, times + 1
        running += step
        if not running:
            seconds += moment - since
    if asked.outages:
        return times
    return _plain(Fraction(int(seconds)) * _exact(asked.scale))


def _edge(day: Day, tz: str | None, day_start: int) -> int:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(tz) if tz else UTC
    except (ZoneInfoNotFoundError, ValueError):
        zone = UTC
    return int((datetime.combine(date_of(day), time(), tzinfo=zone) + timedelta(minutes=day_start)).timestamp())


def _plain(number: Fraction) -> Number:
    return int(number) if number.denominator == 1 else number


# ---- a workspace of nothing but some rows

# What describes the rows of others, and is counted only through them.
_DESCRIBING = {"product", "category", "supplier", "staff", "campaign"}
# What is made of facts, or keeps their texts and histories.
_MADE = re.compile(r"sum_|week_|sqlite_|_sqlite|raw_block|held|block|resting|seen_names|import_findings|restat|secret")
# Rows that cannot be read without others: their column, and the table it points to.
_POINTS = {
    "order_lines": (("line_id / 65536", "orders", "order_id"),),
    "refunds": (("order_id", "orders", "order_id"),),
    "shipments": (("order_id", "orders", "order_id"),),
    "reviews": (("order_id", "orders", "order_id"),),
    "surveys": (("order_id", "orders", "order_id"),),
    "po_lines": (("po_id", "purchase_orders", "po_id"), ("po_line_id", "receipts", "po_line_id")),
    "receipts": (("po_id", "purchase_orders", "po_id"), ("po_line_id", "po_lines", "po_line_id")),
}


def rows_alone(conn: sqlite3.Connection, rows: Iterable[SourceRow]) -> sqlite3.Connection:
    """Return a workspace in memory that holds of all facts only those behind ``rows``.

    What they are described by (products, shops, settings, what is covered) comes along, and so do the orders and
    purchase orders that say when a line was sold or promised.
    """
    alone = sqlite3.connect(":memory:", isolation_level=None)
    _empty().backup(alone)
    alone.execute("BEGIN")
    kept = {table for table in _tables(alone) if not _MADE.match(table) and not _is_of_facts(alone, table)}
    for table in kept:
        alone.execute(f"DELETE FROM {table}")
        _copy(conn, alone, table, conn.execute(f"SELECT * FROM {table}"))
    named: dict[str, set[tuple[int, int]]] = {}
    for row in rows:
        named.setdefault(row.table, set()).add((row.import_id, row.record))
    for table, places in named.items():
        if table not in kept:
            _copy_named(conn, alone, table, places)
    for _ in range(2):  # a line leads to its order, a receipt to its line and that to its order
        for table, pointers in _POINTS.items():
            for column, other, key in pointers:
                ids = [row[0] for row in alone.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")]
                _copy_ids(conn, alone, other, key, ids)
    buyers = chain.from_iterable(
        alone.execute(f"SELECT DISTINCT customer_id FROM {table} WHERE customer_id IS NOT NULL")
        for table in ("orders", "refunds", "reviews", "surveys", "support_conversations")
    )
    _copy_ids(conn, alone, "customer", "customer_id", [row[0] for row in buyers])
    sums.sum_again(alone, {table for table in _tables(alone) if alone.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()})
    alone.execute("COMMIT")
    return alone


@cache
def _empty() -> sqlite3.Connection:
    """Return a workspace without a row, its sums made: copying it is quicker than making one for every number."""
    conn = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for _, step in STEPS:
        conn.executescript(step)
    sums.ensure(conn)
    return conn


def _tables(conn: sqlite3.Connection) -> set[str]:
    return {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _is_of_facts(conn: sqlite3.Connection, table: str) -> bool:
    columns = {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}
    return table == "customer" or (table not in _DESCRIBING and {"import_id", "record"} <= columns)


def _copy(conn: sqlite3.Connection, alone: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    width = len(conn.execute(f"SELECT * FROM {table} LIMIT 0").description)
    alone.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * width)})", rows)


def _copy_named(conn: sqlite3.Connection, alone: sqlite3.Connection, table: str, places: set[tuple[int, int]]) -> None:
    names = [column[0] for column in conn.execute(f"SELECT * FROM {table} LIMIT 0").description]
    import_at, record_at = names.index("import_id"), names.index("record")
    every = conn.execute(f"SELECT * FROM {table}")
    _copy(conn, alone, table, (row for row in every if (row[import_at] or 0, row[record_at] or 0) in places))


def _copy_ids(conn: sqlite3.Connection, alone: sqlite3.Connection, table: str, key: str, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), 500):
        part = ", ".join(map(str, ids[start : start + 500]))
        _copy(conn, alone, table, conn.execute(f"SELECT * FROM {table} WHERE {key} IN ({part})"))
