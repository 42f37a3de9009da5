"""The rows behind a number: counted by import, listed in order, each with what it gives."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Any

from ecoperf_desktop.metrics.asked import CARRIED_DAYS, Evidence, Sources
from ecoperf_desktop.metrics.downtime import Outage, down_seconds, merged
from ecoperf_desktop.metrics.facts import scaled
from ecoperf_desktop.metrics.given import stands_for
from ecoperf_desktop.metrics.loads import Report
from ecoperf_desktop.metrics.scope import Scope, conditions
from ecoperf_desktop.metrics.trail import Rests, Trail
from ecoperf_desktop.metrics.unsold import selling_days
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Deviation,
    Distinct,
    Downtime,
    Given,
    Last,
    Measure,
    Opening,
    Percentile,
    Unsold,
)
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store.views import NOT_REPLACED, VIEWS, View


@dataclass
class Row:
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
    leaves: list[Rests] = field(default_factory=list)


class RowsBehind:
    """Reads the rows that a trail leads to."""

    def __init__(self, conn: sqlite3.Connection, sources: Sources, trail: Trail) -> None:
        self._conn = conn
        self._sources = sources
        self._catalogue = sources.catalogue
        self._leaves = trail.leaves
        self._single = len([leaf for leaf in trail.leaves.values() if not isinstance(leaf.of, Evidence)]) == 1
        self._groups, self._apart = self._grouped()
        self._counts: dict[int, dict[int, int]] = {}
        self._divisors: dict[str, int] = {}

    def _grouped(self) -> tuple[list[_Group], list[Rests]]:
        """Return what can be read together by SQL, and what has to be found row by row."""
        groups: dict[tuple[object, ...], _Group] = {}
        apart: list[Rests] = []
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

    def _view_and_days(self, leaf: Rests) -> tuple[View, Period] | None:
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

    def rows(self, offset: int, limit: int | None) -> list[Row]:
        """Return the rows from ``offset`` on, with what each contributes."""
        found: list[Row] = []
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
        if not self._has_replaced_lines():
            # No line has to be read to know that it is not replaced: counting them takes half the time.
            source = source.replace(NOT_REPLACED, "TRUE")
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

    def _has_replaced_lines(self) -> bool:
        """Say whether other lines stand for those of any order, as far as an index tells."""
        query = "SELECT EXISTS (SELECT 1 FROM order_lines WHERE coalesce(is_whole, is_replaced) IS NOT NULL)"
        return bool(self._conn.execute(query).fetchone()[0])

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

    def _columns(self, group: _Group, leaf: Rests) -> tuple[str, str, list[str]]:
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

    def _is_always_stated(self, view: View, leaf: Rests) -> bool:
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

    def _found(self, group: _Group) -> Iterator[Row]:
        """Yield the group's rows in the order of day, import and record."""
        view = group.view
        reports = self._reports(group)
        columns = [self._columns(group, leaf) for leaf in group.leaves]
        given = ", ".join(f"{value}, {apart}" for value, apart, _ in columns)
        keys = ["day", "last_day", "source_id", *_report_columns(view)] if view.spans else ["day"]
        ahead = [text for _, _, more in columns for text in more]
        width = 3 + len(keys)
        if view.name == "stock_sku":
            source, texts = self._source_from(group, reports)
            yield from self._stock(group, source, [*ahead, *texts], given)
            return
        for row in self._in_order(group, reports, f"source_table, import_id, record, {', '.join(keys)}, {given}", ahead):
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
                yield Row(row[0], row[1] or 0, row[2] or 0, row[3], gives)

    def _in_order(
        self, group: _Group, reports: Mapping[str, set[Report] | None] | None, columns: str, texts: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield rows in the order of day, import and record: some days first, for most who ask want the first rows only."""
        for days in [group.period] if reports is not None else _stretches(group.period):
            source, more = self._source_from(replace(group, period=days), reports)
            yield from self._conn.execute(f"SELECT {columns} {source} ORDER BY day, import_id, record", [*texts, *more])

    def _source_from(self, group: _Group, reports: Mapping[str, set[Report] | None] | None) -> tuple[str, list[str]]:
        if reports is None:
            return self._source(group)
        first = min([group.period.first, *(report[0] for found in reports.values() for report in found or ())])
        filters, texts = _conditions(group.scope, group.view)
        every = [f"day BETWEEN {first} AND {group.period.last}", *filters]
        return f"FROM ({group.view.sql}) WHERE {' AND '.join(every)}", texts

    def _stock(self, group: _Group, source: str, texts: Sequence[str], given: str) -> Iterator[Row]:
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
                yield Row("inventory_snapshots", import_id, record, day, gives)

    # ---- what a row contributes

    def _weighed(self, group: _Group) -> Iterator[Row]:
        counters = {leaf.key: _Once(leaf.of) for leaf in group.leaves if isinstance(leaf.of, Distinct)}
        scales = {leaf.key: leaf.of.scale for leaf in group.leaves if isinstance(leaf.of, Percentile)}
        for row in self._found(group):
            parts: list[tuple[Rests, Number]] = []
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

    def _with_shares(self, row: Row, parts: Sequence[tuple[Rests, Number]]) -> Row:
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

    def _days(self, leaf: Rests, level: AverageLevel) -> int:
        if leaf.key not in self._divisors:
            measure = self._catalogue.measures[level.measure]
            counted = self._sources.loads.by_day(measure, Scope(), leaf.period)
            by_day = self._sources.loads.by_day(measure, leaf.scope, leaf.period)
            unstated = sum(1 for cuts in by_day.values() if all(one is None for one in cuts.values()))
            self._divisors[leaf.key] = len(counted) - unstated
        return self._divisors[leaf.key]

    # ---- rows that have to be found one by one

    def _apart_weighed(self, leaf: Rests) -> Iterator[Row]:
        for row in self._apart_rows(leaf):
            value: Any = row.gives[leaf.key][0]
            if isinstance(leaf.of, Downtime):
                outage = Outage(*row.gives[leaf.key])  # type: ignore[arg-type]
                value = 1 if leaf.of.outages else scaled(down_seconds([outage], leaf.period), leaf.of.scale)
            elif isinstance(leaf.of, Given):
                value = scaled(value, leaf.of.scale)
            yield self._with_shares(row, [(leaf, value)])

    def _apart_rows(self, leaf: Rests) -> Iterator[Row]:
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

    def _given(self, leaf: Rests, given: Given) -> Iterator[Row]:
        if leaf.scope.per:
            return
        choice = self._sources.facts.given(given, leaf.scope, leaf.period).get(())
        if choice is None or choice.value is None or choice.span is None:
            return
        view = VIEWS[given.view]
        days = f"last_day = {choice.span.last} AND day >= {choice.span.first}"
        rows: dict[object, list[Row]] = {}
        columns = [given.of, "last_day", "variant" if view.variant else "NULL"]
        for table, import_id, record, day, amount, last_day, variant in self._read(view, leaf.scope, columns, days, given.where):
            if amount is not None and stands_for(Period(day, last_day), given) == choice.span:
                rows.setdefault(variant, []).append(Row(table, import_id, record, day, {leaf.key: (amount,)}))
        # The report that answered is the one whose rows add up to the answer.
        for found in rows.values():
            amounts: list[Any] = [row.gives[leaf.key][0] for row in found]
            if abs(float(sum(amounts)) * given.scale - choice.value) <= 1e-9 * max(1.0, abs(choice.value)):
                yield from found
                return

    def _outages(self, leaf: Rests, asked: Downtime) -> Iterator[Row]:
        period = leaf.period
        days = f"day <= {period.last} AND (last_day >= {period.first - 1} OR ended_ts IS NULL)"
        columns = ["started_ts", "ended_ts", "tz", "day_start_min"]
        for table, import_id, record, day, *outage in self._read(VIEWS[asked.view], leaf.scope, columns, days, asked.where):
            if any(True for _ in merged([Outage(*outage)], period)):
                yield Row(table, import_id, record, day, {leaf.key: tuple(outage)})

    def _unsold(self, leaf: Rests, asked: Unsold) -> Iterator[Row]:
        measure = self._catalogue.measures[asked.measure]
        found = self._view_and_days(leaf)
        if found is None:
            return
        view, (day) = found[0], found[1].first
        sold = self._sources.sold(selling_days(day, asked.days))
        columns = ["product_id", _amount(measure), "oldest_receipt_day"]
        for table, import_id, record, _, product, level, received in self._read(view, leaf.scope, columns, f"day = {day}"):
            if level is not None and received is not None and received < day - asked.days and product not in sold:
                yield Row(table, import_id, record, day, {leaf.key: (level,)})


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


def _stretches(period: Period) -> Iterator[Period]:
    """Yield the days of a period in stretches that grow."""
    first, days = period.first, _FIRST_STRETCH
    while first <= period.last:
        last = min(first + days - 1, period.last)
        yield Period(first, last)
        first, days = last + 1, days * 8


_FIRST_STRETCH = 7


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


def _by_import(rows: Iterable[Row]) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in rows:
        found[row.import_id] = found.get(row.import_id, 0) + 1
    return found
