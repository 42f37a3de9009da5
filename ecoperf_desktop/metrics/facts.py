"""What cannot be summed ahead: different values counted, ranks, and how far values scatter."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Set
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ecoperf_desktop.metrics.downtime import Outage, down_seconds, merged
from ecoperf_desktop.metrics.given import Choice, VendorFigure, choose, stands_for
from ecoperf_desktop.metrics.scope import Cut, Scope, conditions
from ecoperf_desktop.metrics.unsold import StockRow, lying, selling_days
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.metric import (
    Calculation,
    Deviation,
    Distinct,
    Downtime,
    Given,
    Measure,
    Percentile,
)
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.kept import by_region, kept_column
from ecoperf_desktop.store.views import VIEWS, View

if TYPE_CHECKING:
    from ecoperf_desktop.store.kept import KeptColumn
    from ecoperf_desktop.store.weeks import Kept

# No vendor's window reaches further back.
_LONGEST_WINDOW = 500
_SHOP_AND_CHANNEL = {"shop": "shop_id", "channel": "channel_id"}


class Facts:
    """Counts, ranks and deviations over any period: from kept columns where there are any, else from the rows."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._columns: dict[tuple[int, Scope], _KeptByCut] = {}
        self._answering: dict[tuple[str, str, str | None, Scope], _KeptByCut | None] = {}
        self._spans: dict[tuple[Given, Scope], _Dated[VendorFigure]] = {}
        self._outages: dict[tuple[Downtime, Scope], _Dated[_LastingOutage]] = {}
        self._histograms: dict[tuple[object, ...], list[tuple[Any, ...]]] = {}
        self._are_current: bool | None = None

    def want(self, asked: Calculation, scope: Scope, period: Period) -> None:
        """Note what will be asked, so that a kept column is read once."""
        if isinstance(asked, Distinct | Percentile):
            kept = self._kept(asked.view, asked.of, asked.where, scope) or self._by_region(asked, scope)
            if kept is not None:
                kept.want(period)
        elif isinstance(asked, Given):
            self._spans_for(asked, scope, period)
        elif isinstance(asked, Downtime):
            self._outages_until(asked, scope, period.last)

    def _spans_for(self, asked: Given, scope: Scope, period: Period) -> _Dated[VendorFigure]:
        found = self._spans.get((asked, scope))
        if found is None:
            found = self._spans[asked, scope] = _Dated(_figures_of(asked, scope))
        found.want(period.first - (_LONGEST_WINDOW if asked.span == "ending" else 0), period.last)
        return found

    def _outages_until(self, asked: Downtime, scope: Scope, last: Day) -> _Dated[_LastingOutage]:
        found = self._outages.get((asked, scope))
        if found is None:
            found = self._outages[asked, scope] = _Dated(_outages_of(asked, scope))
        found.want(None, last)
        return found

    def distinct(self, asked: Distinct, scope: Scope, period: Period) -> dict[Cut, int]:
        """Return how many different values there are, by cut."""
        kept = self._kept(asked.view, asked.of, asked.where, scope)
        if kept is not None and asked.apart in (None, "day"):
            return kept.distinct(period, asked.at_least, once_a_day=asked.apart == "day" and asked.at_least > 1)
        regional = self._by_region(asked, scope)
        if regional is not None:
            return regional.distinct_by_region(period, scope)
        view = VIEWS[asked.view]
        if asked.finer is not None and not set(scope.dimensions) <= set(view.dims):
            view = VIEWS[asked.finer]
        cuts, source, texts = _source(view, scope, period, asked.where)
        grouped = ", ".join(str(place + 1) for place in range(len(cuts) + 1))
        counted = "COUNT(*)" if asked.apart is None else f"COUNT(DISTINCT {asked.apart})"
        named = [f"{column} AS cut_{place}" for place, column in enumerate(cuts)]
        having = f" HAVING {counted} >= {asked.at_least}" if asked.at_least > 1 else ""
        columns = [f"cut_{place}" for place in range(len(cuts))]
        rows = self._conn.execute(
            f"SELECT {', '.join([*columns, 'COUNT(*)'])} FROM (SELECT {', '.join([*named, asked.of])} FROM {source} "
            f"AND {asked.of} IS NOT NULL GROUP BY {grouped}{having}){' GROUP BY ' + ', '.join(columns) if columns else ''}",
            texts,
        )
        return {tuple(row[:-1]): row[-1] for row in rows}

    def percentile(self, asked: Percentile, scope: Scope, period: Period) -> dict[Cut, tuple[Number, int]]:
        """Return the nearest rank and how many values there are, by cut; a cut without values is not there."""
        kept = self._kept(asked.view, asked.of, asked.where, scope) if asked.weight is None else None
        if kept is not None:
            return {cut: (scaled(value, asked.scale), n) for cut, (value, n) in kept.rank(period, asked.p).items()}
        found = {}
        for cut, values in _by_cut(self._histogram(asked, scope, period), len(scope.per)):
            histogram = [(row[-2], row[-1]) for row in values if row[-1]]
            if histogram:
                value, n = nearest_rank(histogram, asked.p)
                found[cut] = (scaled(value, asked.scale), n)
        return found

    def _histogram(self, asked: Percentile, scope: Scope, period: Period) -> list[tuple[Any, ...]]:
        """Return cuts, values in order and how often each occurs: read once for the median and the slowest tenth."""
        key = (asked.view, asked.of, asked.where, asked.weight, scope, period)
        rows = self._histograms.get(key)
        if rows is None:
            cuts, source, texts = _source(VIEWS[asked.view], scope, period, asked.where)
            grouped = ", ".join(str(place + 1) for place in range(len(cuts) + 1))
            counted = "COUNT(*)" if asked.weight is None else f"SUM({asked.weight})"
            rows = self._histograms[key] = self._conn.execute(
                f"SELECT {', '.join([*cuts, asked.of, counted])} FROM {source} AND ({asked.of}) IS NOT NULL "
                f"GROUP BY {grouped} ORDER BY {grouped}",
                texts,
            ).fetchall()
        return rows

    def deviation(self, asked: Deviation, scope: Scope, period: Period) -> dict[Cut, tuple[int, Number, Number]]:
        """Return count, sum and sum of squares, by cut."""
        cuts, source, texts = _source(VIEWS[asked.view], scope, period, asked.where)
        grouped = f" GROUP BY {', '.join(cuts)}" if cuts else ""
        rows = self._conn.execute(
            f"SELECT {', '.join(cuts + [f'COUNT({asked.of})', f'SUM({asked.of})', f'SUM(({asked.of}) * ({asked.of}))'])} "
            f"FROM {source}{grouped}",
            texts,
        )
        return {tuple(row[: len(cuts)]): row[-3:] for row in rows if row[-3]}

    def given(self, asked: Given, scope: Scope, period: Period) -> dict[Cut, Choice]:
        """Return which of the vendor's own rows answers, by cut."""
        spans = self._spans_for(asked, scope, period)
        # Rows of any other span cannot be chosen, but the nearest of them is named as the reason.
        first = period.first - (_LONGEST_WINDOW if asked.span == "ending" else 0)
        figures: dict[Cut, list[VendorFigure]] = {}
        for cut, figure in spans.between(self._conn, first, period.last):
            if figure.span.last >= period.first:
                figures.setdefault(cut, []).append(figure)
        return {cut: choose(found, period, asked) for cut, found in figures.items()}

    def downtime(self, asked: Downtime, scope: Scope, period: Period) -> dict[Cut, Number]:
        """Return the time of outages, or how many there were, by cut."""
        outages: dict[Cut, list[Outage]] = {}
        # An outage may have begun long before: cutting it to the period is the arithmetic's work.
        for cut, (last_day, outage) in self._outages_until(asked, scope, period.last).between(self._conn, None, period.last):
            found = outages.setdefault(cut, [])
            # A day has 23 hours once a year: the last day may be told one too early.
            if last_day is None or last_day >= period.first - 1:
                found.append(outage)
        times: dict[Cut, Number] = {}
        for cut, found in outages.items():
            cut_down = sum(1 for _ in merged(found, period)) if asked.outages else scaled(down_seconds(found, period), asked.scale)
            if cut_down or not scope.per:
                times[cut] = cut_down
        return times

    def lying(
        self, measure: Measure, days: int, scope: Scope, day: Day, sold: Callable[[Set[int], Period], Set[int]]
    ) -> dict[Cut, int | None]:
        """Return the level of unsold stock on snapshot ``day``, by cut.

        ``sold`` gives which of some products were sold in a period.  Not cut, what lies nowhere is not there.
        """
        view = VIEWS[measure.view]
        filters, texts = conditions(scope, view)
        cuts = [view.dims[name] for name in scope.per]
        window = selling_days(day, days)
        if not cuts:
            return self._lying_uncut(measure, scope, day, window, sold)
        rows: dict[Cut, list[StockRow]] = {}
        for row in self._conn.execute(
            f"SELECT {', '.join([*cuts, 'product_id', measure.expression, 'oldest_receipt_day'])} FROM ({view.sql}) "
            f"WHERE {' AND '.join(['day = ?', *filters, *([f'({measure.where})'] if measure.where else [])])}",
            [day, *texts],
        ):
            rows.setdefault(tuple(row[: len(cuts)]), []).append(StockRow(*row[len(cuts) :]))
        old = {
            row.product_id
            for found in rows.values()
            for row in found
            if row.product_id is not None and row.received is not None and row.received < window.first
        }
        moving = sold(old, window)
        return {cut: lying(found, moving, day, days) for cut, found in rows.items()}

    def _lying_uncut(
        self, measure: Measure, scope: Scope, day: Day, window: Period, sold: Callable[[Set[int], Period], Set[int]]
    ) -> dict[Cut, int | None]:
        """Return the same where nothing is cut: charts ask it of every week."""
        view = VIEWS[measure.view]
        filters, texts = conditions(scope, view)
        rows = self._conn.execute(
            f"SELECT product_id, {measure.expression} FROM ({view.sql}) "
            f"WHERE {' AND '.join(['day = ?', 'oldest_receipt_day < ?', *filters, *([f'({measure.where})'] if measure.where else [])])}",
            [day, window.first, *texts],
        ).fetchall()
        if not rows:
            return {}
        moving = sold({product for product, _ in rows if product is not None}, window)
        levels = [level for product, level in rows if product not in moving]
        known = [level for level in levels if level is not None]
        return {(): None if levels and not known else sum(known)}

    def _kept(self, view: str, of: str, where: str | None, scope: Scope) -> _KeptByCut | None:
        key = (view, of, where, scope)
        if key not in self._answering:
            fits = set(scope.dimensions) <= _SHOP_AND_CHANNEL.keys()
            self._answering[key] = self._by_cut(kept_column(view, of, where), scope) if fits else None
        return self._answering[key]

    def _by_region(self, asked: Distinct | Percentile, scope: Scope) -> _KeptByCut | None:
        """Return what counts different values where regions are asked for; None where only the facts can."""
        if not isinstance(asked, Distinct) or asked.at_least > 1 or "region" not in scope.dimensions:
            return None
        column = kept_column(asked.view, asked.of, asked.where)
        if column is None or not set(scope.dimensions) <= {*_SHOP_AND_CHANNEL, "region"}:
            return None
        return self._by_cut(by_region(column), scope.within(_SHOP_AND_CHANNEL))

    def _by_cut(self, column: KeptColumn | None, scope: Scope) -> _KeptByCut | None:
        if column is None or not all(_SHOP_AND_CHANNEL[name] in VIEWS[column.view].summed for name in scope.dimensions):
            return None
        if self._are_current is None:
            self._are_current = sums.are_current(self._conn)
        if not self._are_current:
            return None
        key = (column.number, scope)
        if key not in self._columns:
            self._columns[key] = _KeptByCut(self._conn, column, scope)
        return self._columns[key]


# An outage with the day by which it is over, None while it runs.
_LastingOutage: TypeAlias = "tuple[Day | None, Outage]"
_T = TypeVar("_T")
_Reader: TypeAlias = Callable[[sqlite3.Connection, str], Iterator[tuple[Day, Cut, _T]]]


class _Dated(Generic[_T]):
    """Rows with their days and cuts, read once for all periods wanted; a first day of None means all before."""

    def __init__(self, read: _Reader[_T]) -> None:
        self._read = read
        self._wanted: tuple[Day | None, Day] | None = None
        self._loaded: tuple[Day | None, Day] | None = None
        self._days: list[Day] = []
        self._rows: list[tuple[Cut, _T]] = []

    def want(self, first: Day | None, last: Day) -> None:
        if self._wanted is not None:
            before, after = self._wanted
            first = None if first is None or before is None else min(first, before)
            last = max(last, after)
        self._wanted = (first, last)

    def between(self, conn: sqlite3.Connection, first: Day | None, last: Day) -> list[tuple[Cut, _T]]:
        if self._loaded != self._wanted:
            assert self._wanted is not None
            start, end = self._wanted
            condition = f"day <= {end}" if start is None else f"day BETWEEN {start} AND {end}"
            found = sorted(self._read(conn, condition), key=itemgetter(0))
            self._days = [row[0] for row in found]
            self._rows = [row[1:] for row in found]
            self._loaded = self._wanted
        begin = 0 if first is None else bisect_left(self._days, first)
        return self._rows[begin : bisect_right(self._days, last)]


def _figures_of(asked: Given, scope: Scope) -> _Reader[VendorFigure]:
    view = VIEWS[asked.view]
    others = {name: column for name, column in view.dims.items() if name not in scope.dimensions}
    filters, texts = conditions(scope, view)
    where = [f"{asked.of} IS NOT NULL", *filters, *([f"({asked.where})"] if asked.where else [])]
    variant = "variant" if view.variant else "NULL"
    columns = [*(view.dims[name] for name in scope.per), *others.values(), variant, "day", "last_day", asked.of]
    width = len(scope.per)

    def read(conn: sqlite3.Connection, days: str) -> Iterator[tuple[Day, Cut, VendorFigure]]:
        query = f"SELECT {', '.join(columns)} FROM ({view.sql}) WHERE {' AND '.join([days, *where])}"
        for row in conn.execute(query, texts):
            cut: Cut = tuple(row[:width])
            if None in cut:  # not split by what is asked
                continue
            variant, day, last_day, value = row[-4:]
            parts = dict(zip(others, row[width:-4], strict=True))
            yield day, cut, VendorFigure(stands_for(Period(day, last_day), asked), value, parts, variant)

    return read


def _outages_of(asked: Downtime, scope: Scope) -> _Reader[_LastingOutage]:
    view = VIEWS[asked.view]
    filters, texts = conditions(scope, view)
    where = [*filters, *([f"({asked.where})"] if asked.where else [])]
    columns = [*(view.dims[name] for name in scope.per), "day", "last_day", "started_ts", "ended_ts", "tz", "day_start_min"]
    width = len(scope.per)

    def read(conn: sqlite3.Connection, days: str) -> Iterator[tuple[Day, Cut, _LastingOutage]]:
        query = f"SELECT {', '.join(columns)} FROM ({view.sql}) WHERE {' AND '.join([days, *where])}"
        for row in conn.execute(query, texts):
            yield row[width], tuple(row[:width]), (row[width + 1], Outage(*row[width + 2 :]))

    return read


class _KeptByCut:
    """A kept column in one scope."""

    def __init__(self, conn: sqlite3.Connection, column: KeptColumn, scope: Scope) -> None:
        self._conn = conn
        self._column = column
        self._scope = scope
        self._wanted: Period | None = None
        self._loaded: Period | None = None
        self._entries: dict[Cut, Kept] = {}
        self._once: dict[Cut, Kept] = {}

    def distinct(self, period: Period, at_least: int, *, once_a_day: bool) -> dict[Cut, int]:
        from ecoperf_desktop.store.weeks import how_many

        found = {}
        for cut, kept in self._between(period, once_a_day).items():
            if count := how_many(kept.between(period.first, period.last), at_least):
                found[cut] = count
        return found

    def distinct_by_region(self, period: Period, scope: Scope) -> dict[Cut, int]:
        """Return how many different values there are by cut of ``scope``, which asks for regions too."""
        import numpy as np

        from ecoperf_desktop.store.weeks import how_many, how_many_each

        allowed = scope.keys("region")
        place = scope.per.index("region") if "region" in scope.per else None
        found: dict[Cut, int] = {}
        for cut, kept in self._between(period, False).items():
            pairs = kept.between(period.first, period.last)
            regions, values = pairs >> 32, pairs & (2**32 - 1)
            if allowed is not None:
                passes = np.isin(regions, [0 if region is None else int(region) for region in allowed])
                regions, values = regions[passes], values[passes]
            if place is None:
                if count := how_many(values):
                    found[cut] = count
                continue
            for region, count in how_many_each(regions, values).items():
                found[*cut[:place], region or None, *cut[place:]] = count
        return found

    def rank(self, period: Period, p: float) -> dict[Cut, tuple[int, int]]:
        import numpy as np

        found = {}
        for cut, kept in self._between(period, False).items():
            entries = kept.between(period.first, period.last)
            if len(entries):
                place = _place(len(entries), p)
                found[cut] = (int(np.partition(entries, place)[place]), len(entries))
        return found

    def want(self, period: Period) -> None:
        first = period.first if self._wanted is None else min(self._wanted.first, period.first)
        last = period.last if self._wanted is None else max(self._wanted.last, period.last)
        self._wanted = Period(first, last)

    def _between(self, period: Period, once_a_day: bool) -> dict[Cut, Kept]:
        from ecoperf_desktop.store import weeks

        self.want(period)
        if self._loaded != self._wanted:
            assert self._wanted is not None
            cells = {
                _SHOP_AND_CHANNEL[name]: [-1 if key is None else int(key) for key in keys] for name, keys in self._scope.where
            }
            by = [_SHOP_AND_CHANNEL[name] for name in self._scope.per]
            found = weeks.read_column(self._conn, self._column, self._wanted, cells, by)
            self._entries = {tuple(None if key == -1 else key for key in cell): kept for cell, kept in found.items()}
            self._once = {}
            self._loaded = self._wanted
        if not once_a_day:
            return self._entries
        if not self._once:
            self._once = {cut: kept.once_a_day() for cut, kept in self._entries.items()}
        return self._once


def scaled(number: Number, scale: float) -> Number:
    """Return ``number`` times ``scale``, exactly where the scale is a whole number or one over it."""
    if scale == 1:
        return number
    if isinstance(number, float):
        return number * scale
    inverse = round(1 / scale)
    if inverse and abs(1 / scale - inverse) < 1e-9 * inverse:
        return Fraction(number) / inverse
    exact = Fraction(number) * Fraction(str(scale))
    return int(exact) if isinstance(number, int) and exact.denominator == 1 else exact


def nearest_rank(histogram: Iterable[tuple[Any, int]], p: float) -> tuple[Any, int]:
    """Return the smallest value whose cumulative count reaches ``p`` of all, and how many there are.

    ``histogram`` holds values in order with how often each occurs.
    """
    counted = list(histogram)
    n = sum(count for _, count in counted)
    place = _place(n, p)
    reached = 0
    for value, count in counted:
        reached += count
        if reached > place:
            return value, n
    raise ValueError("no values")


def _place(n: int, p: float) -> int:
    """Return the place, from 0, of the nearest rank among ``n`` ordered values."""
    rank = Fraction(str(p)) * n
    return max(-(-rank.numerator // rank.denominator), 1) - 1


def _source(view: View, scope: Scope, period: Period, where: str | None) -> tuple[list[str], str, list[str]]:
    """Return the columns of the cut, a FROM with its conditions, and their parameters."""
    filters, texts = conditions(scope, view)
    every = [f"day BETWEEN {period.first} AND {period.last}", *filters, *([f"({where})"] if where else [])]
    return [view.dims[name] for name in scope.per], f"({view.sql}) WHERE {' AND '.join(every)}", texts


def _by_cut(rows: Iterable[tuple[Any, ...]], width: int) -> Iterator[tuple[Cut, Iterator[tuple[Any, ...]]]]:
    if not width:
        yield (), iter(rows)
        return
    for cut, part in groupby(rows, key=itemgetter(slice(0, width))):
        yield tuple(cut), part
