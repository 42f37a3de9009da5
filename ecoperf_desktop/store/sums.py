"""Daily sums of the declared measures, kept beside the facts and worked out again from them at any time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecoperf_desktop.model.days import Day
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.store.measures import measures
from ecoperf_desktop.store.new_sales import NewSales
from ecoperf_desktop.store.views import VIEWS, View

if TYPE_CHECKING:
    from ecoperf_desktop.store.projection import Projection, Vector

__all__ = ["NewSales", "add_sales", "are_current", "by_view", "counts_rows", "ensure", "key_columns", "refresh", "summed", "table"]

# Grows when the tables are built in another way from the same declarations.
_BUILD = 1
_SETTING = "sums"
_DAYS_A_QUERY = 400
# Followed tables whose changes the loader reports as days of the rows that follow them.
_REPORTED = {"orders"}


def table(view: View) -> str:
    """Return the name of the view's table of daily sums."""
    return f"sum_{view.name}"


def key_columns(view: View) -> tuple[str, ...]:
    """Return the columns that tell rows of the view's daily sums apart; what is not known is -1 or empty there."""
    return ("day", *(("last_day", "source_id") if view.spans else ()), *(("variant",) if view.variant else ()), *view.summed)


def counts_rows(view: View) -> bool:
    """Say whether the daily sums have a column ``row_count``: by it the coarsest variant of a report is found."""
    return view.variant


def by_view() -> dict[str, tuple[Measure, ...]]:
    """Return the measures of each view that keeps daily sums, in the order of their columns."""
    found: dict[str, list[Measure]] = {}
    for measure in measures().values():
        if VIEWS[measure.view].kept:
            found.setdefault(measure.view, []).append(measure)
    return {view: tuple(sorted(named, key=lambda measure: measure.name)) for view, named in found.items()}


def summed(measure: Measure) -> str:
    """Return the SQL that sums ``measure``: NULL where rows are asked for and none states it."""
    if measure.where is None:
        return f"SUM({measure.expression})"
    return f"SUM(CASE WHEN {measure.where} THEN {measure.expression} ELSE 0 END)"


def are_current(conn: sqlite3.Connection) -> bool:
    """Say whether the daily sums are those of the measures declared today."""
    row = conn.execute("SELECT value FROM setting WHERE name = ?", (_SETTING,)).fetchone()
    return row is not None and row[0] == _fingerprint()


def ensure(conn: sqlite3.Connection) -> bool:
    """Create the sum tables, or rebuild them when the declared measures changed; say whether it did."""
    if are_current(conn):
        return False
    from ecoperf_desktop.store import weeks

    conn.execute("SAVEPOINT sums")
    try:
        # No underscore may stand for any letter here: only our own names begin with sum_ and week_.
        derived = "SELECT name FROM sqlite_schema WHERE type = 'table' AND (substr(name, 1, 4) = 'sum_' OR substr(name, 1, 5) = 'week_')"
        for (name,) in conn.execute(derived).fetchall():
            conn.execute(f'DROP TABLE "{name}"')
        for statement in weeks.TABLES.split(";"):
            conn.execute(statement)
        for name, named in by_view().items():
            conn.execute(_definition(VIEWS[name], named))
            _recompute(conn, VIEWS[name], named, None)
        conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (_SETTING, _fingerprint()))
    except BaseException:
        conn.execute("ROLLBACK TO sums")
        conn.execute("RELEASE sums")
        raise
    conn.execute("RELEASE sums")
    return True


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

    from ecoperf_desktop.store import weeks
    from ecoperf_desktop.store.projection import Level

    keys = {}
    for column in ("day", *view.summed):
        known, missing = shown.at(Level.ORDER, shown.vector(column))
        keys[column] = known if missing is None else np.where(missing, weeks.NONE, known)
    # One number a combination of keys, dense enough to count in.
    code = np.zeros(shown.orders, np.int64)
    for key in keys.values():
        low, high = int(key.min()), int(key.max())
        code = code * (high - low + 1) + (key - low)
    present, where = _ranked(code)
    at = np.empty(len(present), np.int64)
    at[where] = np.arange(shown.orders)
    adder = _Adder(shown, where, len(present))
    columns: list[list[Any]] = [key[at].tolist() for key in keys.values()]
    columns += [adder.totals(vector) for vector in values]
    names = [measure.name for measure in named]
    slots = ", ".join("?" * len(columns))
    added = ", ".join(f'"{name}" = COALESCE("{name}" + excluded."{name}", "{name}", excluded."{name}")' for name in names)
    rows = list(zip(*columns, strict=True))
    conn.executemany(
        f"INSERT INTO {table(view)} VALUES ({slots}) ON CONFLICT({', '.join(key_columns(view))}) DO UPDATE SET {added}",
        rows if shown.line_order is None else [row for row, lines in zip(rows, adder.rows.tolist(), strict=True) if lines],
    )
    cells = weeks.Cells(keys["day"], *(keys.get(name, np.full(shown.orders, weeks.NONE)) for name in weeks.CELL))
    for kept in weeks.KEPT_COLUMNS:
        if kept.view == view.name:
            entries, missing = shown.at(Level.ORDER, shown.vector(kept.of))
            chosen = np.ones(shown.orders, np.bool_) if missing is None else ~missing
            if kept.where is not None:
                asked, unknown = shown.at(Level.ORDER, shown.vector(kept.where))
                chosen &= asked.astype(np.bool_) if unknown is None else asked.astype(np.bool_) & ~unknown
            weeks.add_column(conn, kept, cells, entries, chosen)
    if view.name in weeks.PRODUCT_MEASURES and shown.line_order is not None:
        products, missing = shown.at(Level.LINE, shown.vector("product_id"))
        if missing is not None:
            products = np.where(missing, 0, products)
        wanted = weeks.product_measures(view.name, named)
        columns_of = [shown.at(Level.LINE, values[named.index(measure)]) for measure in wanted]
        weeks.add_products(conn, view.name, cells, shown.line_order, products, columns_of)


class _Adder:
    """Adds up values by group, NULL where a group has none."""

    def __init__(self, shown: Projection, where: Any, groups: int) -> None:
        import numpy as np

        self._shown, self._where, self._groups = shown, where, groups
        order = shown.line_order
        # How many rows each group has, and where each order's lines begin when they stand together.
        counts = np.ones(shown.orders, np.int64) if order is None else np.bincount(order, minlength=shown.orders)
        self._counts = counts
        self.rows = np.bincount(where, weights=counts, minlength=groups).astype(np.int64)
        self._starts = None
        if order is not None and len(order) and bool((order[1:] >= order[:-1]).all()):
            self._starts = np.flatnonzero(np.concatenate([[True], order[1:] != order[:-1]]))

    def totals(self, vector: Vector) -> list[Any]:
        """Return the sum of each group."""
        import numpy as np

        known = None if vector.missing is None else ~vector.missing
        values = vector.values if known is None else np.where(known, vector.values, 0)
        result: list[Any] = self._sum(values, vector.level).tolist()
        if known is not None:
            stated = self._sum(known.astype(np.int64), vector.level)
            for group in np.flatnonzero(stated == 0).tolist():
                result[group] = None
        return result

    def _sum(self, values: Any, level: int) -> Any:
        import numpy as np

        from ecoperf_desktop.store.projection import Level

        if values.dtype.kind != "f":
            values = values.astype(np.int64, copy=False)
        order = self._shown.line_order
        if level != Level.LINE or order is None:
            by_order = np.broadcast_to(values, (self._shown.orders,)) * self._counts
        else:
            by_order = np.zeros(self._shown.orders, values.dtype)
            if self._starts is not None:
                by_order[order[self._starts]] = np.add.reduceat(values, self._starts)
            else:
                np.add.at(by_order, order, values)
        total = np.zeros(self._groups, by_order.dtype)
        np.add.at(total, self._where, by_order)
        return total


def _ranked(code: Any) -> tuple[Any, Any]:
    """Return the different codes and each row's place among them."""
    import numpy as np

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
    from ecoperf_desktop.store import weeks

    keys = [_known(column) for column in key_columns(view)]
    sums = ", ".join([summed(measure) for measure in named] + ["COUNT(*)"] * counts_rows(view))
    for condition in _conditions(days):
        conn.execute(f"DELETE FROM {table(view)} WHERE {condition}")
        conn.execute(
            f"INSERT INTO {table(view)} SELECT {', '.join(keys)}, {sums} FROM ({view.sql}) WHERE {condition} "
            f"GROUP BY {', '.join(str(place + 1) for place in range(len(keys)))}"
        )
    weeks.refresh(conn, view, named, days)


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


def _definition(view: View, named: Sequence[Measure]) -> str:
    keys = key_columns(view)
    typed = [f"{column} {'INTEGER' if column.endswith(('_id', 'day')) else 'TEXT'} NOT NULL" for column in keys]
    # ANY keeps whole numbers whole and fractions as they are.
    typed += [f'"{measure.name}" ANY' for measure in named] + ["row_count INTEGER NOT NULL"] * counts_rows(view)
    return f"CREATE TABLE {table(view)}({', '.join(typed)}, PRIMARY KEY({', '.join(keys)})) STRICT, WITHOUT ROWID"


def _fingerprint() -> str:
    from ecoperf_desktop.store import weeks

    declared = [
        [view.name, " ".join(view.sql.split()), *key_columns(view), *([m.name, m.expression, m.where] for m in named)]
        for view, named in ((VIEWS[name], named) for name, named in sorted(by_view().items()))
    ]
    kept = [[kept.number, kept.view, kept.of, kept.where, kept.type] for kept in weeks.KEPT_COLUMNS]
    text = json.dumps([_BUILD, declared, kept, weeks.PRODUCT_MEASURES], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
