"""Daily sums of the declared measures, kept beside the facts and worked out again from them at any time."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from typing import TYPE_CHECKING, Any

from ecoperf_desktop.model.days import Day
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.store import reasons
from ecoperf_desktop.store.kept import (
    BUYER_MEASURES,
    CELL,
    KEPT_COLUMNS,
    NONE,
    PRODUCT_MEASURES,
    buyer_measures,
    product_measures,
)
from ecoperf_desktop.store.measures import measures
from ecoperf_desktop.store.new_sales import NewSales
from ecoperf_desktop.store.views import VIEWS, View

if TYPE_CHECKING:
    from ecoperf_desktop.store.projection import Projection, Vector

__all__ = ["NewSales", "add_sales", "are_current", "breakdowns", "by_view", "counts_rows", "ensure", "key_columns", "refresh", "sum_again", "summed", "table"]

# Grows when the tables are built in another way from the same declarations.
_BUILD = 4
_SETTING = "sums"
_DAYS_A_QUERY = 400
# Followed tables whose changes the loader reports as days of the rows that follow them.
_REPORTED = {"orders"}


# What tables cut by is kept beside the shop and channel: a table of regions would else read every line.
_ALSO_BY = {
    **dict.fromkeys(("order", "line", "refund"), ("region_id", "agent_id", "campaign_id")),
    **dict.fromkeys(("dispatch", "promise", "delivery"), ("carrier_id",)),
    "ad": ("campaign_id",),
}
# Reports of many rows a day are also kept without their breakdown: most numbers are not cut.
_ALSO_WHOLE = {"traffic"}


def breakdowns(view: View) -> tuple[tuple[str, ...], ...]:
    """Return the sets of columns by which daily sums of the view are kept, the coarser ones later."""
    whole = (("shop_id",),) if view.name in _ALSO_WHOLE else ()
    return (view.summed, *(("shop_id", column) for column in _ALSO_BY.get(view.name, ())), *whole)


def table(view: View, by: Sequence[str]) -> str:
    """Return the name of the view's table of daily sums by the columns of one of its breakdowns."""
    return f"sum_{view.name}" if by == view.summed else f"sum_{view.name}_{by[-1].removesuffix('_id')}"


def key_columns(view: View, by: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell rows of daily sums apart; what is not known is -1 or empty there."""
    return ("day", *(("last_day", "source_id") if view.spans else ()), *(("variant",) if view.variant else ()), *by)


def counts_rows(view: View) -> bool:
    """Say whether the daily sums have a column ``row_count``: by it the coarsest variant of a report is found."""
    return view.variant


@cache
def by_view() -> dict[str, tuple[Measure, ...]]:
    """Return the measures of each view that keeps daily sums, in the order of their columns."""
    found: dict[str, list[Measure]] = {}
    for measure in measures().values():
        if VIEWS[measure.view].kept:
            found.setdefault(measure.view, []).append(measure)
    return {view: tuple(sorted(named, key=lambda measure: measure.name)) for view, named in found.items()}


def summed(measure: Measure) -> str:
    """Return the SQL that sums ``measure``: NULL where rows are asked for and none states it."""
    return f"SUM({of_row(measure)})"


def of_row(measure: Measure) -> str:
    """Return the SQL of what one row adds to ``measure``, NULL where it does not state it."""
    if measure.where is None:
        return measure.expression
    return f"CASE WHEN {measure.where} THEN {measure.expression} ELSE 0 END"


def are_current(conn: sqlite3.Connection) -> bool:
    """Say whether the daily sums are those of the measures declared today."""
    row = conn.execute("SELECT value FROM setting WHERE name = ?", (_SETTING,)).fetchone()
    return row is not None and row[0] == _fingerprint()


def ensure(conn: sqlite3.Connection) -> bool:
    """Create the sum tables, or rebuild them when the declared measures changed; say whether it did."""
    if are_current(conn):
        return False
    from ecoperf_desktop.store import buyers, products, weeks

    conn.execute("SAVEPOINT sums")
    try:
        reasons.settle(conn, None)
        # No underscore may stand for any letter here: only our own names begin with sum_ and week_.
        derived = "SELECT name FROM sqlite_schema WHERE type = 'table' AND (substr(name, 1, 4) = 'sum_' OR substr(name, 1, 5) = 'week_')"
        for (name,) in conn.execute(derived).fetchall():
            conn.execute(f'DROP TABLE "{name}"')
        for statement in (weeks.TABLES + products.TABLES + buyers.TABLES).split(";"):
            conn.execute(statement)
        for name, named in by_view().items():
            for by in breakdowns(VIEWS[name]):
                conn.execute(_definition(VIEWS[name], by, named))
            _recompute(conn, VIEWS[name], named, None)
        conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (_SETTING, _fingerprint()))
    except BaseException:
        conn.execute("ROLLBACK TO sums")
        conn.execute("RELEASE sums")
        raise
    conn.execute("RELEASE sums")
    return True


def sum_again(conn: sqlite3.Connection, facts: Set[str]) -> None:
    """Sum all rows of the views that read one of the tables ``facts``, into tables that ``ensure`` has made.

    The sums of all other views stand, and are called current.
    """
    reasons.settle(conn, None)
    for name, named in by_view().items():
        view = VIEWS[name]
        if not facts.isdisjoint((*view.tables, *view.follows)):
            _recompute(conn, view, named, None)
    conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (_SETTING, _fingerprint()))


def refresh(conn: sqlite3.Connection, dirty: Mapping[str, set[Day]]) -> None:
    """Work out again, from the facts, the touched days of every view that reads a touched table.

    ``dirty`` gives for each table the days touched, in any of its day columns, before
    and after the change; for rows without a day of their own (lines, customers) the
    days of what they belong to, and for a changed order also the days of its refunds.  A
    table that views follow (``product``) is there, without days, when one of its rows changed.
    """
    for name, named in by_view().items():
        view = VIEWS[name]
        days = set().union(*(dirty.get(fact, set()) for fact in view.tables))
        if any(followed in dirty for followed in view.follows if followed not in _REPORTED):
            _recompute(conn, view, named, None)
        elif days:
            _recompute(conn, view, named, sorted(days))


def add_sales(conn: sqlite3.Connection, new: NewSales) -> None:
    """Add orders and lines that are all new, giving exactly what ``refresh`` of their days would.

    The rows are stored and their derived columns set before.  Where a day is also
    refreshed in the same transaction, call this first: a refreshed day is complete.
    """
    from ecoperf_desktop.store.projection import Projection, Unreadable

    days: set[Day] | None = None
    for name, named in by_view().items():
        view = VIEWS[name]
        if "orders" not in view.tables:
            continue
        try:
            shown = Projection(view.sql, new)
            if not shown.rows:
                continue
            prepared = _prepared(named, shown)
        except Unreadable:
            days = days if days is not None else _days_of(new)
            _recompute(conn, view, named, sorted(days))
        else:
            _add(conn, view, named, shown, prepared)


def _days_of(new: NewSales) -> set[Day]:
    import numpy as np

    found: set[Day] = set()
    for name in ("sale_day", "placed_day"):
        column: Any = new.orders.get(name)
        if column is not None:
            known = column.values if column.missing is None else column.values[~column.missing]
            found.update(np.unique(known).tolist())
    return found


# ---- new sales


def _prepared(named: Sequence[Measure], shown: Projection) -> list[Vector]:
    """Return each measure's value a row; raise Unreadable when one cannot be read."""
    return [
        shown.vector(measure.expression)
        if measure.where is None
        else shown.vector(f"CASE WHEN {measure.where} THEN {measure.expression} ELSE 0 END")
        for measure in named
    ]


def _add(conn: sqlite3.Connection, view: View, named: Sequence[Measure], shown: Projection, values: Sequence[Vector]) -> None:
    import numpy as np

    from ecoperf_desktop.store import buyers, products, weeks
    from ecoperf_desktop.store.projection import Level

    keys: dict[str, Any] = {}
    for column in dict.fromkeys(("day", *(name for by in breakdowns(view) for name in by))):
        known, missing = shown.at(Level.ORDER, shown.vector(column))
        keys[column] = known if missing is None else np.where(missing, NONE, known)
    by_order = _ByOrder(shown)
    totals = [by_order.total(vector) for vector in values]
    names = [measure.name for measure in named]
    for by in breakdowns(view):
        columns = key_columns(view, by)
        present, where = ranked(_code([keys[column] for column in columns]))
        at = np.empty(len(present), np.int64)
        at[where] = np.arange(shown.orders)
        listed: list[list[Any]] = [keys[column][at].tolist() for column in columns]
        listed += [_grouped(total, known, where, len(present)) for total, known in totals]
        has_rows = (np.bincount(where, weights=by_order.counts, minlength=len(present)) > 0).tolist()
        slots = ", ".join("?" * len(listed))
        added = ", ".join(f'"{name}" = COALESCE("{name}" + excluded."{name}", "{name}", excluded."{name}")' for name in names)
        conn.executemany(
            f"INSERT INTO {table(view, by)} VALUES ({slots}) ON CONFLICT({', '.join(columns)}) DO UPDATE SET {added}",
            [row for row, holds in zip(zip(*listed, strict=True), has_rows, strict=True) if holds],
        )
    cells = weeks.Cells(keys["day"], *(keys.get(name, np.full(shown.orders, NONE)) for name in CELL))
    for kept in KEPT_COLUMNS:
        if kept.view == view.name:
            entries, missing = shown.at(Level.ORDER, shown.vector(kept.of))
            chosen = np.ones(shown.orders, np.bool_) if missing is None else ~missing
            if kept.where is not None:
                asked, unknown = shown.at(Level.ORDER, shown.vector(kept.where))
                chosen &= asked.astype(np.bool_) if unknown is None else asked.astype(np.bool_) & ~unknown
            weeks.add_column(conn, kept, cells, entries, chosen)
    if view.name in PRODUCT_MEASURES and shown.line_order is not None:
        of_line, missing = shown.at(Level.LINE, shown.vector("product_id"))
        if missing is not None:
            of_line = np.where(missing, 0, of_line)
        wanted = product_measures(view.name, named)
        columns_of = [shown.at(Level.LINE, values[named.index(measure)]) for measure in wanted]
        products.add(conn, view.name, cells, shown.line_order, of_line, columns_of)
    if view.name in BUYER_MEASURES:
        of_order, missing = shown.at(Level.ORDER, shown.vector("buyer_id"))
        chosen = by_order.counts > 0 if missing is None else (by_order.counts > 0) & ~missing
        spent = [totals[named.index(measure)][0] for measure in buyer_measures(view.name, named)]
        buyers.add(conn, view.name, cells, keys["region_id"], of_order, chosen, spent)


class _ByOrder:
    """Adds up values of rows by order."""

    def __init__(self, shown: Projection) -> None:
        import numpy as np

        self._shown = shown
        order = shown.line_order
        self.counts = np.ones(shown.orders, np.int64) if order is None else np.bincount(order, minlength=shown.orders)
        # Where each order's lines begin, when they stand together.
        self._starts = None
        if order is not None and len(order) and bool((order[1:] >= order[:-1]).all()):
            self._starts = np.flatnonzero(np.concatenate([[True], order[1:] != order[:-1]]))

    def total(self, vector: Vector) -> tuple[Any, Any]:
        """Return the sum of each order, and how many of its rows state the value (None: all)."""
        import numpy as np

        if vector.missing is None:
            return self._sum(vector.values, vector.level), None
        known = ~vector.missing
        return self._sum(np.where(known, vector.values, 0), vector.level), self._sum(known, vector.level)

    def _sum(self, values: Any, level: int) -> Any:
        import numpy as np

        from ecoperf_desktop.store.projection import Level

        if values.dtype.kind != "f":
            values = values.astype(np.int64, copy=False)
        order = self._shown.line_order
        if level != Level.LINE or order is None:
            return np.broadcast_to(values, (self._shown.orders,)) * self.counts
        total = np.zeros(self._shown.orders, values.dtype)
        if self._starts is not None:
            total[order[self._starts]] = np.add.reduceat(values, self._starts)
        else:
            np.add.at(total, order, values)
        return total


def _grouped(total: Any, known: Any, where: Any, groups: int) -> list[Any]:
    """Return the sum of each group of orders, None where a group has rows and none states the value."""
    import numpy as np

    added = np.zeros(groups, total.dtype)
    np.add.at(added, where, total)
    result: list[Any] = added.tolist()
    if known is not None:
        stated = np.bincount(where, weights=known, minlength=groups)
        for group in np.flatnonzero(stated == 0).tolist():
            result[group] = None
    return result


def _code(keys: Sequence[Any]) -> Any:
    """Return one number a combination of keys, dense enough to count in."""
    import numpy as np

    code = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        low, high = int(key.min()), int(key.max())
        code = code * (high - low + 1) + (key - low)
    return code


def ranked(code: Any) -> tuple[Any, Any]:
    """Return the different codes and each row's place among them."""
    import numpy as np

    if not len(code):
        return code, code
    width = int(code.max()) + 1
    if width > 4 * len(code) + 1_000_000:
        present, where = np.unique(code, return_inverse=True)
        return present, where
    taken = np.zeros(width, np.bool_)
    taken[code] = True
    present = np.flatnonzero(taken)
    place = np.empty(width, np.int64)
    place[present] = np.arange(len(present))
    return present, place[code]


# ---- from the facts


def _recompute(conn: sqlite3.Connection, view: View, named: Sequence[Measure], days: Sequence[Day] | None) -> None:
    """Sum the view's rows of ``days`` again, of all days when None."""
    from ecoperf_desktop.store import buyers, products, weeks

    kept = breakdowns(view)
    finest = tuple(dict.fromkeys(column for by in kept for column in key_columns(view, by)))
    keys = [f"{_known(column)} AS {column}" for column in finest]
    sums = [f'{summed(measure)} AS "{measure.name}"' for measure in named] + ["COUNT(*) AS row_count"] * counts_rows(view)
    again = [f'SUM("{measure.name}")' for measure in named] + ["SUM(row_count)"] * counts_rows(view)
    for condition in _conditions(days):
        # One reading of the facts, however many tables are made of it.
        conn.execute("DROP TABLE IF EXISTS temp.summing")
        conn.execute(
            f"CREATE TEMP TABLE summing AS SELECT {', '.join(keys + sums)} FROM ({view.sql}) WHERE {condition} "
            f"GROUP BY {_places(finest)}"
        )
        for by in kept:
            columns = key_columns(view, by)
            conn.execute(f"DELETE FROM {table(view, by)} WHERE {condition}")
            conn.execute(
                f"INSERT INTO {table(view, by)} SELECT {', '.join([*columns, *again])} FROM temp.summing GROUP BY {_places(columns)}"
            )
        conn.execute("DROP TABLE temp.summing")
    weeks.refresh(conn, view, days)
    products.refresh(conn, view, named, days)
    buyers.refresh(conn, view, named, days)


def _places(columns: Sequence[str]) -> str:
    return ", ".join(str(place + 1) for place in range(len(columns)))


def _conditions(days: Sequence[Day] | None) -> Iterator[str]:
    """Yield conditions that together name ``days``: literals, which SQLite carries down into a view, to its index."""
    if days is None:
        yield "day IS NOT NULL"
        return
    for first, last in _runs(days):
        if last - first >= 3:
            yield f"day BETWEEN {first} AND {last}"
    single = [day for first, last in _runs(days) if last - first < 3 for day in range(first, last + 1)]
    for start in range(0, len(single), _DAYS_A_QUERY):
        yield f"day IN ({', '.join(str(day) for day in single[start : start + _DAYS_A_QUERY])})"


def _runs(days: Iterable[Day]) -> list[tuple[Day, Day]]:
    runs: list[tuple[Day, Day]] = []
    for day in days:
        if runs and day == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((int(day), int(day)))
    return runs


# ---- the tables


def _known(column: str) -> str:
    if column == "day" or column == "last_day" or column == "source_id":
        return column
    return f"COALESCE({column}, {-1 if column.endswith('_id') else chr(39) * 2})"


def _definition(view: View, by: Sequence[str], named: Sequence[Measure]) -> str:
    keys = key_columns(view, by)
    typed = [f"{column} {'INTEGER' if column.endswith(('_id', 'day')) else 'TEXT'} NOT NULL" for column in keys]
    # ANY keeps whole numbers whole and fractions as they are.
    typed += [f'"{measure.name}" ANY' for measure in named] + ["row_count INTEGER NOT NULL"] * counts_rows(view)
    return f"CREATE TABLE {table(view, by)}({', '.join(typed)}, PRIMARY KEY({', '.join(keys)})) STRICT, WITHOUT ROWID"


@cache
def _fingerprint() -> str:

    declared = [
        [
            view.name,
            " ".join(view.sql.split()),
            [key_columns(view, by) for by in breakdowns(view)],
            [[measure.name, measure.expression, measure.where] for measure in named],
        ]
        for view, named in ((VIEWS[name], named) for name, named in sorted(by_view().items()))
    ]
    kept = [[kept.number, kept.view, kept.of, kept.where, kept.type] for kept in KEPT_COLUMNS]
    text = json.dumps([_BUILD, declared, kept, PRODUCT_MEASURES, BUYER_MEASURES, reasons.fingerprint()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
