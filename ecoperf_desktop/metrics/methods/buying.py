"""Who bought when, and what it left: whole histories of buyers in a scope, from kept columns where there are any."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from ecoperf_desktop.metrics.asked import Sources
from ecoperf_desktop.metrics.methods import cohorts
from ecoperf_desktop.metrics.scope import Cut, Scope, conditions
from ecoperf_desktop.model.columns import Int64
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import buyers as store
from ecoperf_desktop.store import sums, weeks
from ecoperf_desktop.store.kept import KEPT_COLUMNS, NONE, buyer_measures
from ecoperf_desktop.store.views import VIEWS

# What a customer may be told apart by.
CELLS = ("shop", "channel", "region")
# Before and after all days with orders.
EVER = Period(-25567, 60000)

_KEPT = {kept.number: kept for kept in KEPT_COLUMNS}
_BUYERS, _WITH_REGION, _FIRSTS = 1, 14, 15
_COLUMN = {"shop": "shop_id", "channel": "channel_id", "region": "region_id"}

NET = {"line": {"net": 1}, "refund": {"goods": -1}}
PROFIT = {
    "line": {"net": 1, "tax_in_price": -1, "cost": -1},
    "refund": {"goods": -1, "tax_in_price": 1, "restocked_cost": 1},
}
CONTRIBUTION = {
    "order": {"shipping": 1, "fees": -1},
    "line": PROFIT["line"],
    "refund": {**PROFIT["refund"], "shipping": -1},
}


@dataclass(frozen=True)
class Bought:
    """Orders of known buyers in the order of their days."""

    days: Int64
    buyers: Int64

    def between(self, period: Period) -> Int64:
        """Return the buyers of some days, as often as they ordered."""
        return self.within(period).buyers

    def within(self, period: Period) -> Bought:
        """Return the orders of some days."""
        start, end = np.searchsorted(self.days, (period.first, period.last + 1))
        return Bought(self.days[start:end], self.buyers[start:end])


@dataclass(frozen=True)
class Left:
    """What rows of known buyers came to; taken back is below 0."""

    days: Int64
    buyers: Int64
    amounts: Int64


NOTHING = Bought(np.zeros(0, np.int64), np.zeros(0, np.int64))
NOTHING_LEFT = Left(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))

# Methods asked together share what they read, as long as the answering lives.
_READ: WeakKeyDictionary[Sources, dict[object, object]] = WeakKeyDictionary()
_T = TypeVar("_T")


def once(sources: Sources, key: object, read: Callable[[], _T]) -> _T:
    """Return what ``read`` gives, worked out once under this key for all that is asked together."""
    known = _READ.setdefault(sources, {})
    if key not in known:
        known[key] = read()
    found: _T = known[key]  # type: ignore[assignment]
    return found


def bought(sources: Sources, scope: Scope, period: Period = EVER) -> Mapping[Cut, Bought]:
    """Return the orders of known buyers by cut of shop, channel and region."""
    return once(sources, ("bought", scope, period), lambda: _bought(sources, scope, period, is_first=False))


def firsts(sources: Sources, scope: Scope) -> Mapping[Cut, Bought]:
    """Return the first order ever of each known buyer, by cut of where that was."""
    return once(sources, ("firsts", scope), lambda: _bought(sources, scope, EVER, is_first=True))


def visits(sources: Sources, scope: Scope) -> Mapping[Cut, cohorts.Visits]:
    """Return the purchase days of known buyers by cut of shop, channel and region."""
    return once(
        sources, ("visits", scope), lambda: {cut: cohorts.visits(one.days, one.buyers) for cut, one in bought(sources, scope).items()}
    )


def matrices(sources: Sources, scope: Scope, came: Period) -> Mapping[Cut, cohorts.Matrix]:
    """Return the months of first orders of those who came in the days of ``came``, and the months in which they bought, by cut."""
    return once(
        sources, ("matrices", scope, came), lambda: {cut: cohorts.matrix(one, came) for cut, one in visits(sources, scope).items()}
    )


def seconds(sources: Sources) -> Int64:
    """Return each buyer's second purchase day, wherever that was; NEVER for who has none."""
    nowhere = cohorts.visits(NOTHING.days, NOTHING.buyers)
    return once(sources, "seconds", lambda: cohorts.second_days(visits(sources, Scope()).get((), nowhere)))


def left(sources: Sources, scope: Scope, of: Mapping[str, Mapping[str, int]], period: Period) -> Mapping[Cut, Left]:
    """Return what orders, lines and refunds came to; ``of`` says which measures of which views count, and how often."""
    key = ("left", scope, period, tuple((view, tuple(factors.items())) for view, factors in of.items()))
    return once(sources, key, lambda: _left(sources, scope, of, period))


def _bought(sources: Sources, scope: Scope, period: Period, *, is_first: bool) -> dict[Cut, Bought]:
    if not sources.loads.are_current:
        return _bought_of_facts(sources, scope, period, is_first=is_first)
    asks_region = "region" in scope.dimensions
    kept = _KEPT[_FIRSTS if is_first else _WITH_REGION if asks_region else _BUYERS]
    cells = {_COLUMN[name]: _ids(keys) for name, keys in scope.where if name != "region"}
    by = [name for name in scope.per if name != "region"]
    found: dict[Cut, list[Bought]] = {}
    for cell, column in weeks.read_column(sources.conn, kept, period, cells, [_COLUMN[name] for name in by]).items():
        days = np.repeat(np.arange(len(column.begins) - 1) + column.first, np.diff(column.begins))
        buyers = column.entries
        regions = None
        if kept.number != _BUYERS:
            regions, buyers = buyers >> 32, buyers & (2**32 - 1)
        taken = None
        if period is not EVER:
            taken = (days >= period.first) & (days <= period.last)
        allowed = scope.keys("region")
        if allowed is not None and regions is not None:
            passes = np.isin(regions, [0 if key is None else int(key) for key in allowed])
            taken = passes if taken is None else taken & passes
        if taken is not None:
            days, buyers = days[taken], buyers[taken]
            regions = None if regions is None else regions[taken]
        named = dict(zip(by, cell, strict=True))
        if "region" not in scope.per or regions is None:
            found.setdefault(_cut(scope, named), []).append(Bought(days, buyers.astype(np.int64)))
            continue
        for region in np.unique(regions).tolist():
            own = regions == region
            cut = _cut(scope, {**named, "region": region or NONE})
            found.setdefault(cut, []).append(Bought(days[own], buyers[own].astype(np.int64)))
    return {cut: one for cut, parts in found.items() if len((one := parts[0]).days)}


def _bought_of_facts(sources: Sources, scope: Scope, period: Period, *, is_first: bool) -> dict[Cut, Bought]:
    view = VIEWS["order"]
    filters, texts = conditions(scope, view)
    columns = [f"COALESCE({view.dims[name]}, {NONE})" for name in scope.per]
    within = [f"day BETWEEN {period.first} AND {period.last}", "buyer_id IS NOT NULL", *filters, *["is_first = 1"] * is_first]
    rows = sources.conn.execute(
        f"SELECT {', '.join([*columns, 'day', 'buyer_id'])} FROM ({view.sql}) WHERE {' AND '.join(within)} ORDER BY day", texts
    ).fetchall()
    table = np.array(rows, np.int64).reshape(len(rows), len(columns) + 2)
    return {
        cut: Bought(table[own, -2], table[own, -1]) for cut, own in _split(scope, dict(zip(scope.per, table.T, strict=False)), len(rows))
    }


def _left(sources: Sources, scope: Scope, of: Mapping[str, Mapping[str, int]], period: Period) -> dict[Cut, Left]:
    days, buyers, amounts = [], [], []
    cells: dict[str, list[Int64]] = {name: [] for name in scope.per}
    for view, factors in of.items():
        spent = _spent(sources, scope, view, tuple(factors), period)
        if not len(spent.days):
            continue
        days.append(spent.days)
        buyers.append(spent.buyers)
        total = None
        for name, factor in factors.items():
            part = spent.sums[name] if factor == 1 else factor * spent.sums[name]
            total = part if total is None else total + part
        assert total is not None
        amounts.append(total)
        for name in scope.per:
            cells[name].append(spent.cells[name])
    if not days:
        return {}
    joined = Left(_joined(days), _joined(buyers), _joined(amounts))
    if not scope.per:
        return {(): joined}
    return {
        cut: Left(joined.days[own], joined.buyers[own], joined.amounts[own])
        for cut, own in _split(scope, {name: _joined(parts) for name, parts in cells.items()}, len(joined.days))
    }


def _joined(parts: Sequence[Int64]) -> Int64:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _spent(sources: Sources, scope: Scope, view: str, names: tuple[str, ...], period: Period) -> store.Spent:
    if sources.loads.are_current:
        allowed = {name: _ids(keys) for name, keys in scope.where}
        rows = once(sources, ("rows", view), lambda: store.rows_of(sources.conn, view))
        return store.read(rows, view, None if period is EVER else period, names, scope.per, allowed)
    filters, texts = conditions(scope, VIEWS[view])
    condition = " AND ".join([f"day BETWEEN {period.first} AND {period.last}", *filters])
    measures = sums.by_view()[view]
    table = store.summed_rows(sources.conn, VIEWS[view], measures, condition, texts)
    places = {measure.name: store.SUMS + place for place, measure in enumerate(buyer_measures(view, measures))}
    return store.Spent(
        table[:, store.DAY],
        table[:, store.BUYER],
        {name: table[:, store.CELL[name]] for name in scope.per},
        {name: table[:, places[name]] for name in names},
    )


def _split(scope: Scope, cells: Mapping[str, Int64], count: int) -> list[tuple[Cut, slice | Int64]]:
    """Return the places of the rows of each cut; what is asked for in their order stays in it."""
    if not scope.per:
        return [((), slice(None))] if count else []
    code = np.zeros(count, np.int64)
    for name in scope.per:
        code = code * (int(cells[name].max(initial=0)) + 2) + cells[name] + 1
    present, first, where = np.unique(code, return_index=True, return_inverse=True)
    found: list[tuple[Cut, slice | Int64]] = []
    for place in range(len(present)):
        named = {name: int(cells[name][first[place]]) for name in scope.per}
        found.append((_cut(scope, named), np.flatnonzero(where == place)))
    return found


def _cut(scope: Scope, cell: Mapping[str, int]) -> Cut:
    return tuple(None if cell[name] == NONE else cell[name] for name in scope.per)


def _ids(keys: Sequence[object]) -> list[int]:
    return [NONE if key is None else int(str(key)) for key in keys]


def total_by_buyer(one: Left, width: int) -> Int64:
    """Return what each buyer left, exactly."""
    total = np.zeros(width, np.int64)
    np.add.at(total, one.buyers, one.amounts)
    return total
