"""Methods of stock: stock-outs and what they cost, buffers, what to order, and how old the stock is."""

# SQL is put together from our own views and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ecoperf_desktop.metrics.asked import CARRIED_DAYS, Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods import stock, variability
from ecoperf_desktop.metrics.methods.parted import Parted, results
from ecoperf_desktop.metrics.methods.product_days import HELD_DAYS, NOTHING, Groups, InStock, ProductDays
from ecoperf_desktop.metrics.scope import Cut, Scope, conditions
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of, iso
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.views import VIEWS

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Int64

# Weekdays compared, and weeks in which what sells is known well enough to weigh by.
_SAME_WEEKDAYS = 8
_WEEK = 7
# Every mean over one to eight days is a whole number of these.
_PARTS = 840
# Before any order could have been written down.
_EVER = -25567
# The rows of the view po_completed, and how long they took; grouped at once, which for a whole year is twice as fast.
_COMPLETED = """
    SELECT p.supplier_id, COUNT(*), SUM(c.day - p.ordered_day), SUM((c.day - p.ordered_day) * (c.day - p.ordered_day))
    FROM (SELECT po_line_id, MAX(received_day) AS day, SUM(qty_received) AS received FROM receipts
      WHERE po_line_id IS NOT NULL GROUP BY po_line_id) c
    JOIN po_lines l ON l.po_line_id = c.po_line_id JOIN purchase_orders p ON p.po_id = l.po_id
    WHERE c.day BETWEEN ? AND ? AND c.day >= p.ordered_day AND c.received >= l.qty_ordered AND p.supplier_id IS NOT NULL
      AND COALESCE(l.cancelled, 0) = 0 AND COALESCE(p.status, '') <> 'cancelled'
    GROUP BY p.supplier_id"""
_NOT_GIFTS = "COALESCE(is_gift, 0) = 0"
_GOODS = ("product", "category", "supplier")
# Before anything could have been ordered.
_BEGINNING = -25567
_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")
_NO_SNAPSHOT = Result(None, quality="missing", reason="metrics.no_snapshot")


def whole(working: Working, name: str) -> int:
    """Return a whole number of the entry's settings."""
    value = working.calculation.settings[name]
    assert isinstance(value, int)
    return value


def number(working: Working, name: str) -> float:
    """Return a number of the entry's settings."""
    value = working.calculation.settings[name]
    assert isinstance(value, int | float)
    return float(value)


def by_cut(cuts: Collection[Cut], one: Callable[[Cut], Result], absent: Result, scope: Scope) -> Results:
    """Return results that are made when they are asked for."""
    if scope.per:
        return Results(dict.fromkeys(cuts).keys(), one, absent)  # asked of each cut whether it is one: a list is slow there
    return results({cut: one(cut) for cut in cuts}, absent, scope)


def _sold_and_counted(days: Period) -> list[Evidence]:
    """Return what tells which products sold, and which were there: a count holds for some days."""
    return [Evidence("line", days, _NOT_GIFTS), Evidence("stock", Period(days.first - HELD_DAYS, days.last))]


# ---- stock-outs


class _Stockouts(Working):
    @property
    def days(self) -> ProductDays:
        return self.sources.shared(ProductDays)

    def _back(self, period: Period) -> Period:
        """Return the days in which demand is looked for."""
        return Period(period.first - _SAME_WEEKDAYS * _WEEK, period.last)

    def _looked_at(self, period: Period) -> list[Evidence]:
        """Return the counts that say whether there was stock on the days looked at, and what was sold on them."""
        back = self._back(period)
        counted = Period(back.first - HELD_DAYS, back.last)
        return [Evidence("stock_sku", counted), Evidence("line", back, _NOT_GIFTS)]


class StockoutsByDemand(_Stockouts):
    """Share of demand that met no stock: each product's days out, weighted by what it sells a day while there is any."""

    def want(self, period: Period) -> None:
        self.sources.shared(InStock).want(self._back(period))

    def results(self, period: Period) -> Results:
        import numpy as np

        _, product, is_out = self.days.counted(period)
        if not len(product):
            return results({}, _NO_SNAPSHOT, self.scope)
        products, place = sums.ranked(product)
        counted = np.bincount(place)
        share_out = np.bincount(place, is_out) / counted
        sold, days = self.sources.shared(InStock).of(self._back(period), products)
        rate = np.divide(sold, days, out=np.zeros(len(products)), where=days > 0)
        groups = self.days.grouped(self.scope, products)
        size = len(groups.cuts)
        demand = np.bincount(groups.of, rate[groups.taken], size)
        missed = np.bincount(groups.of, (rate * share_out)[groups.taken], size)
        unknown = np.bincount(groups.of, days[groups.taken] == 0, size)
        count = np.bincount(groups.of, minlength=size)
        found: dict[Cut, Result] = {}
        for at, cut in enumerate(groups.cuts):
            details: dict[str, object] = {"products": int(count[at])}
            if unknown[at]:
                details["unknown"] = int(unknown[at])
            if demand[at] > 0:
                found[cut] = Result(float(missed[at] / demand[at]), float(missed[at]), float(demand[at]), details=details)
            else:
                found[cut] = _NO_BASE._replace(details=details)
        return results(found, _NO_BASE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return self._looked_at(period)


class LostSales(_Stockouts):
    """For each product and day without stock, the mean net sales of the eight same weekdays before that had stock.

    That is the mean of units times the average price of those days.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._known: dict[Period, tuple[list[Cut], dict[Cut, tuple[int, int, int, int]]]] = {}

    def want(self, period: Period) -> None:
        back = self._back(period)
        self.days.want(Period(back.first - HELD_DAYS, back.last))

    def results(self, period: Period) -> Results:
        told = self._told(period)
        if told is None:
            return results({}, _NO_SNAPSHOT, self.scope)
        cuts, sums_of = told

        def one(cut: Cut) -> Result:
            money, pieces, blind, out = sums_of[cut]
            details: dict[str, object] = {"days_out": out, "units": float(Fraction(pieces, _PARTS))}
            if blind and blind == out:
                return Result(None, quality="insufficient_history", reason="metrics.lost_sales_unknown", details=details)
            value = Fraction(money, _PARTS)
            result = Result(int(value) if value.denominator == 1 else value, details=details)
            if blind:
                said = {**details, "unknown": blind}
                result = result._replace(quality="partial", reason="metrics.lost_sales_partly", details=said)
            return result

        return by_cut(cuts, one, _NO_BASE, self.scope)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        told = self._told(period)
        if told is None:
            return {}
        return {
            cut: None if blind and blind == out else Fraction(money, _PARTS) if money else 0
            for cut, (money, _, blind, out) in told[1].items()
        }

    def _told(self, period: Period) -> tuple[list[Cut], dict[Cut, tuple[int, int, int, int]]] | None:
        """Return by cut, in 840ths, money and units not sold, days out that tell nothing, and days out; None without counts."""
        import numpy as np

        if period in self._known:
            return self._known[period]
        days = self.days
        _, counted, was_out = days.counted(Period(period.first - HELD_DAYS, period.last))
        if not len(counted):
            return None
        products = np.unique(counted)
        candidates = np.unique(counted[was_out])
        groups = days.grouped(self.scope, products)
        at = np.searchsorted(products, candidates)

        def by_group(amounts: Any) -> list[int]:
            every = np.zeros(len(products), np.int64)
            every[at] = amounts
            added = np.zeros(len(groups.cuts), np.int64)
            np.add.at(added, groups.of, every[groups.taken])
            return added.tolist()

        added = map(by_group, self._lost(period, candidates))
        found = groups.cuts, dict(zip(groups.cuts, zip(*added, strict=True), strict=True))
        self._known[period] = found
        return found

    def _lost(self, period: Period, products: Int64) -> tuple[Any, Any, Any, Any]:
        """Return by product, in 840ths, the money and units not sold; days out without a day to compare; and days out."""
        import numpy as np

        back = self._back(period)
        units, net = self.days.daily(back, products, "units", "net_without_gifts")
        counts = self.days.counting(back, products)
        before = _SAME_WEEKDAYS * _WEEK
        size = period.days
        compared = np.zeros((size, len(products)), np.int64)
        sold, money = np.zeros_like(compared), np.zeros_like(compared)
        for weeks in range(1, _SAME_WEEKDAYS + 1):
            rows = slice(before - weeks * _WEEK, before - weeks * _WEEK + size)
            compared += counts[rows]
            sold += units[rows] * counts[rows]
            money += net[rows] * counts[rows]
        gone = self.days.out(period, products)
        known = gone & (compared > 0)
        parts = _PARTS // np.maximum(compared, 1)
        return (
            (money * parts * known).sum(0),
            (sold * parts * known).sum(0),
            (gone & (compared == 0)).sum(0),
            gone.sum(0),
        )

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return self._looked_at(period)


# ---- how evenly it sells


class WeeklyUnits:
    """Units of all products that sold, by week: laid out once for all scopes that look at the same weeks."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._laid: dict[tuple[Period, ...], tuple[Int64, Int64]] = {}

    def of(self, weeks: tuple[Period, ...]) -> tuple[Int64, Int64]:
        """Return the products, and a row of units a product; days between the weeks are left out."""
        found = self._laid.get(weeks)
        if found is None:
            found = self._laid[weeks] = self._lay(weeks)
        return found

    def _lay(self, weeks: tuple[Period, ...]) -> tuple[Int64, Int64]:
        import numpy as np

        span = Period(weeks[0].first, weeks[-1].last)
        place = np.full(span.days, -1, np.int64)
        for at, week in enumerate(weeks):
            place[week.first - span.first : week.last - span.first + 1] = at
        day, product, units = self._sources.shared(ProductDays).sold(span, "units")
        products, of_row = sums.ranked(product)
        week_of = place[day]
        passes = week_of >= 0
        size = (len(products), len(weeks))
        table = np.bincount(of_row[passes] * size[1] + week_of[passes], units[passes], size[0] * size[1])
        return products, table.reshape(size).astype(np.int64)


class XyzClass(Working):
    """The class of weekly units, over the covered weeks of the year up to the period's end."""

    def results(self, period: Period) -> Results:
        import numpy as np

        days = self.sources.shared(ProductDays)
        weeks = self._weeks(period)
        least = whole(self, "least_weeks")
        if len(weeks) < least:
            few = Result(
                None, quality="insufficient_history", reason="metrics.few_weeks", details={"weeks": len(weeks), "at_least": least}
            )
            return results({}, few, self.scope)
        products, of_product = self.sources.shared(WeeklyUnits).of(tuple(weeks))
        groups = days.grouped(self.scope, products)
        size = (len(groups.cuts), len(weeks))
        if size[0] == len(groups.taken):  # each its own group: a table of products, most often
            table = np.empty(size, np.int64)
            table[groups.of] = of_product[groups.taken]
        else:
            table = np.zeros(size, np.int64)
            np.add.at(table, groups.of, of_product[groups.taken])
        begins = self._begins(groups, products, weeks)
        table *= np.arange(size[1]) >= begins[:, None]
        total, squares = table.sum(1).tolist(), (table * table).sum(1).tolist()
        present = (table != 0).sum(1).tolist()
        where = {cut: at for at, cut in enumerate(groups.cuts)}

        def one(cut: Cut) -> Result:
            at = where[cut]
            n = len(weeks) - int(begins[at])
            series = variability.Moments(n, total[at], squares[at], present[at])
            return self._classed(series, least)

        return by_cut(groups.cuts, one, _NO_BASE, self.scope)

    def words(self, period: Period) -> dict[int, str]:
        """Return the classes of all products that have one, whatever the scope: thousands at once, and nothing else of them."""
        import numpy as np

        weeks, least = self._weeks(period), whole(self, "least_weeks")
        if len(weeks) < least:
            return {}
        products, table = self.sources.shared(WeeklyUnits).of(tuple(weeks))
        launched = self.sources.shared(ProductDays).attributes().launched[products]
        before = np.where(launched == NOTHING, 0, np.searchsorted(np.array([week.last for week in weeks]), launched))
        table = table * (np.arange(len(weeks)) >= before[:, None])
        n, total, squares = len(weeks) - before, table.sum(1), (table * table).sum(1)
        cuts = self.calculation.settings["cuts"]
        assert isinstance(cuts, list | tuple)
        place = variability.places(n, total, squares, cuts)
        has_one = np.flatnonzero((total > 0) & (n >= least))
        names = variability.CLASSES
        return {product: names[at] for product, at in zip(products[has_one].tolist(), place[has_one].tolist(), strict=True)}

    def _classed(self, series: variability.Moments, least: int) -> Result:
        cuts = self.calculation.settings["cuts"]
        assert isinstance(cuts, list | tuple)
        word = variability.xyz(series, cuts)
        if word is None:
            return _NO_BASE
        details: dict[str, object] = {
            "variation": variability.variation(series),
            "weeks": series.n,
            "interval": series.n / series.present if series.present else None,
            "demand": variability.demand_class(series),
        }
        if series.n < least:
            return Result(
                None, quality="insufficient_history", reason="metrics.few_weeks", details={**details, "at_least": least}
            )
        return Result(variability.CLASSES.index(word) + 1, details=details, word=word)

    def _weeks(self, period: Period) -> list[Period]:
        """Return the whole weeks up to the period's end of which every day's sales are covered, oldest first."""
        start = self.sources.week_start
        week = bucket_of(period.last + 1, Grain.WEEK, start).period.shifted(-_WEEK)
        spoken = self.sources.coverage.spoken("sales")
        every = [week.shifted(-_WEEK * back) for back in range(whole(self, "weeks"))]
        return [one for one in reversed(every) if spoken.of(one).days == _WEEK]

    def _begins(self, groups: Groups, products: Int64, weeks: Sequence[Period]) -> Int64:
        """Return for each cut how many of the weeks lie before the launch of all its products; 0 where one is not known."""
        import numpy as np

        launched = self.sources.shared(ProductDays).attributes().launched[products]
        lasts = np.array([week.last for week in weeks])
        before = np.where(launched == NOTHING, 0, np.searchsorted(lasts, launched))
        least = np.full(len(groups.cuts), len(weeks), np.int64)
        np.minimum.at(least, groups.of, before[groups.taken])
        return least

    def evidence(self, period: Period) -> Iterable[Evidence]:
        weeks = self._weeks(period)
        return [Evidence("line", Period(weeks[0].first, weeks[-1].last), _NOT_GIFTS)] if weeks else []


# ---- what to order


class LeadTime(NamedTuple):
    """Days from order to complete receipt: mean and sample deviation of ``lines`` lines; as the supplier states it
    where these are 0."""

    days: float
    spread: float
    lines: int = 0


class Planned(NamedTuple):
    """What is planned for products, one entry each: see ``stock.Levels``.

    ``days`` and ``units`` are what demand was read from; ``lead`` the lead time, None where nobody tells any.
    """

    products: Int64
    days: Int64
    units: Int64
    spread: Any
    lead: list[LeadTime | None]
    service: Any
    levels: stock.Levels
    is_known: Any


class Planning:
    """The levels of all products that sold: worked out once for buffers, reorder points and what to order."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._planned: dict[tuple[object, ...], Planned] = {}

    def planned(self, working: Working, period: Period) -> Planned:
        """Return the levels by the settings of ``working``, from demand and receipts up to the period's end."""
        names = ("days", "least_days", "lead_days", "least_lines", "review_days")
        settings = tuple(whole(working, name) for name in names)
        key = (period.last, settings, number(working, "service"))
        found = self._planned.get(key)
        if found is None:
            found = self._planned[key] = self._plan(period.last, number(working, "service"), *settings)
        return found

    def _plan(
        self, last: Day, service: float, demand_days: int, least_days: int, lead_days: int, least_lines: int, review: int
    ) -> Planned:
        import numpy as np

        days = self._sources.shared(ProductDays)
        window = Period(last - demand_days + 1, last)
        products = sums.ranked(days.sold(window, "units")[1])[0]
        units = days.daily(window, products, "units")[0]
        products, units = products[units.any(0)], units[:, units.any(0)]
        attributes = days.attributes()
        counts = days.counting(window, products)
        n, sold = counts.sum(0), units * counts
        total, squares = sold.sum(0), (sold * sold).sum(0)
        spread = np.sqrt(np.maximum(n * squares - total * total, 0) / np.maximum(n * (n - 1), 1))
        lead = self._lead_times(products, last, lead_days, least_lines)
        own = attributes.service[products]
        chosen = np.where(own > 0, own, self._service(service))
        mean_lead = np.array([one.days if one else 0.0 for one in lead])
        lead_sd = np.array([one.spread if one else 0.0 for one in lead])
        levels = stock.levels(total / np.maximum(n, 1), spread, mean_lead, lead_sd, chosen, review)
        has_lead = np.array([one is not None for one in lead], np.bool_)
        return Planned(products, n, total, spread, lead, chosen, levels, has_lead & (n >= least_days))

    def _service(self, declared: float) -> float:
        """Return the workspace's service level, the declared one where it has none of its own."""
        row = self._sources.conn.execute("SELECT value FROM setting WHERE name = 'service_level'").fetchone()
        if row is not None:
            try:
                own = float(row[0])
            except ValueError:
                return declared
            return own if 0 < own < 1 else declared
        return declared

    def _lead_times(self, products: Int64, last: Day, days: int, least_lines: int) -> list[LeadTime | None]:
        """Return each product's lead time: of its supplier's completed lines, else as the supplier states it."""
        conn = self._sources.conn
        measured = {
            supplier: _lead_time(lines, total, squares)
            for supplier, lines, total, squares in conn.execute(_COMPLETED, (last - days + 1, last))
            if lines >= least_lines
        }
        stated = {
            supplier: LeadTime(float(lead), 0.0)
            for supplier, lead in conn.execute("SELECT supplier_id, lead_time_days FROM supplier WHERE lead_time_days > 0")
        }
        known = {**stated, **measured}
        return [known.get(supplier) for supplier in self._suppliers(products.tolist(), last)]

    def bought_from(self, products: Sequence[int], last: Day) -> tuple[list[int], list[int]]:
        """Return the suppliers whose lead times count for ``products``, and those products that only orders tell one of."""
        named = self._sources.shared(ProductDays).attributes().supplier
        found = sorted({supplier for supplier in self._suppliers(products, last) if supplier != NOTHING})
        return found, [product for product in products if named[product] == NOTHING]

    def _suppliers(self, products: Sequence[int], last: Day) -> list[int]:
        import numpy as np

        found: list[int] = self._sources.shared(ProductDays).attributes().supplier[np.array(products, np.int64)].tolist()
        if NOTHING not in found:
            return found
        bought = self._bought_from(last)
        return [supplier or bought.get(product, NOTHING) for supplier, product in zip(found, products, strict=True)]

    def _bought_from(self, last: Day) -> dict[int, int]:
        """Return who each product was last ordered from."""
        rows = self._sources.conn.execute(
            "SELECT l.product_id, p.supplier_id FROM po_lines l JOIN purchase_orders p ON p.po_id = l.po_id "
            "WHERE p.ordered_day <= ? AND p.supplier_id IS NOT NULL AND l.product_id IS NOT NULL "
            "ORDER BY p.ordered_day, l.po_line_id",
            (last,),
        )
        return dict(rows.fetchall())


def _lead_time(lines: int, total: int, squares: int) -> LeadTime:
    spread = (lines * squares - total * total) / (lines * (lines - 1)) if lines > 1 else 0.0
    return LeadTime(total / lines, math.sqrt(max(spread, 0.0)), lines)


class _Planning(Working):
    def plan(self, period: Period) -> Planned:
        return self.sources.shared(Planning).planned(self, period)

    def reasons(self, planned: Planned, at: int) -> Result:
        """Return a result without its value: how firmly the levels of a product are known, and from what."""
        days, lead = int(planned.days[at]), planned.lead[at]
        details: dict[str, object] = {
            "days": days,
            "demand": int(planned.units[at]) / days if days else None,
            "demand_sd": float(planned.spread[at]),
            "service": float(planned.service[at]),
        }
        if days < whole(self, "least_days"):
            least = {"at_least": whole(self, "least_days")}
            return Result(None, quality="insufficient_history", reason="metrics.few_days_in_stock", details={**details, **least})
        if lead is None:
            return Result(None, quality="insufficient_history", reason="metrics.no_lead_time", details=details)
        details |= {"lead_time": lead.days, "lead_time_sd": lead.spread, "lines": lead.lines}
        if not lead.lines:
            return Result(None, quality="partial", reason="metrics.lead_time_stated", details=details)
        return Result(None, details=details)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        planned = self.plan(period)
        groups = self.sources.shared(ProductDays).grouped(self.scope.within(_GOODS), planned.products)
        products = planned.products[groups.taken].tolist()
        leads, bought = self.sources.shared(Planning).bought_from(products, period.last)
        window = Period(period.last - whole(self, "days") + 1, period.last)
        received = Period(period.last - whole(self, "lead_days") + 1, period.last)
        found = _sold_and_counted(window)
        if leads:  # all of a supplier's lines tell how long it takes
            found.append(Evidence("po_completed", received, scope=Scope((("supplier", tuple(leads)),))))
        if bought:
            ordered = Period(_BEGINNING, period.last)
            found.append(Evidence("po_ordered", ordered, "supplier_id IS NOT NULL", Scope((("product", tuple(bought)),))))
        return found


class _LevelOfProduct(_Planning):
    """A level is one product's: pieces of different products make no common buffer."""

    def level(self, levels: stock.Levels) -> Int64:
        raise NotImplementedError

    def results(self, period: Period) -> Results:
        import numpy as np

        planned = self.plan(period)
        groups = self.sources.shared(ProductDays).grouped(self.scope, planned.products)
        count = np.bincount(groups.of, minlength=len(groups.cuts))
        product = np.zeros(len(groups.cuts), np.int64)
        product[groups.of] = groups.taken
        level = self.level(planned.levels)
        where = {cut: at for at, cut in enumerate(groups.cuts)}

        def one(cut: Cut) -> Result:
            group = where[cut]
            if count[group] > 1:
                several = {"products": int(count[group])}
                return Result(None, quality="missing", reason="metrics.one_product_only", details=several)
            at = int(product[group])
            result = self.reasons(planned, at)
            return result if result.quality == "insufficient_history" else result._replace(value=int(level[at]))

        return by_cut(groups.cuts, one, _NO_BASE, self.scope)


class SafetyStock(_LevelOfProduct):
    """The buffer of one product."""

    def level(self, levels: stock.Levels) -> Int64:
        return levels.safety


class ReorderPoint(_LevelOfProduct):
    """The position at which one product has to be ordered."""

    def level(self, levels: stock.Levels) -> Int64:
        return levels.reorder


# ---- what there is


class Position(NamedTuple):
    """What is there and on its way, by product: on hand less reserved, plus on order."""

    day: Day
    products: Int64
    pieces: Int64


def _snapshot(working: Working, period: Period) -> Day | None:
    """Return the last day with a count, at most three days before the period: the same for all parts and filters."""
    within = (period.first - CARRIED_DAYS, period.last)
    found = working.sources.conn.execute("SELECT MAX(day) FROM inventory_snapshots WHERE day BETWEEN ? AND ?", within)
    day: Day | None = found.fetchone()[0]
    return day


def _on(day: Day, period: Period) -> Result:
    """Return what a number of snapshot ``day`` is worth at the period's end."""
    if day < max(period.first, period.last - CARRIED_DAYS):
        return Result(0, quality="partial", reason="metrics.carried_on", details={"day": iso(day)})
    return Result(0, details={"day": iso(day)})


def _positions(working: Working, period: Period) -> list[Evidence]:
    """Return what tells positions: the count, and open orders of products of which it does not say what is on order."""
    day = _snapshot(working, period)
    if day is None:
        return []
    view = VIEWS["stock"]
    filters, texts = conditions(working.scope.within(view.dims), view)
    unstated = working.sources.conn.execute(
        f"SELECT DISTINCT product_id FROM ({view.sql}) WHERE {' AND '.join([f'day = {day}', *filters])} "
        "AND on_order IS NULL AND product_id IS NOT NULL",
        texts,
    )
    products = tuple(product for (product,) in unstated)
    found = [Evidence("stock", Period(day, day))]
    if products and "location" not in working.scope.dimensions:
        found.append(Evidence("po_ordered", Period(_BEGINNING, day), scope=Scope((("product", products),))))
    return found


class InventoryPosition(Working):
    """On hand less reserved plus on order; what is on order comes from open purchase orders where the count does not say."""

    def results(self, period: Period) -> Results:
        day = _snapshot(self, period)
        if day is None:
            return results({}, _NO_SNAPSHOT, self.scope)
        absent = _on(day, period)
        view = VIEWS["stock"]
        filters, texts = conditions(self.scope, view)
        cuts = [view.dims[name] for name in self.scope.per]
        amounts = (
            "SUM(on_hand - COALESCE(reserved, 0)), SUM(CASE WHEN on_order IS NULL THEN 1 ELSE 0 END), COALESCE(SUM(on_order), 0)"
        )
        rows = self.sources.conn.execute(
            f"SELECT {', '.join([*cuts, 'product_id', amounts])} FROM ({view.sql}) WHERE {' AND '.join([f'day = {day}', *filters])} "
            f"GROUP BY {', '.join([*cuts, 'product_id'])}",
            texts,
        ).fetchall()
        open_orders = self.sources.shared(OpenOrders)
        pieces: dict[Cut, int] = {}
        for *cut, product, free, unstated, on_order in rows:
            # Purchase orders name no place: a place alone has only what its count tells.
            is_placed = "location" in self.scope.dimensions
            coming = open_orders.of(product, day) if unstated and not on_order and not is_placed else on_order
            pieces[tuple(cut)] = pieces.get(tuple(cut), 0) + free + coming
        return results({cut: absent._replace(value=found) for cut, found in pieces.items()}, absent, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return _positions(self, period)


class OpenOrders:
    """What of purchase orders had not arrived by the end of a day; read when it is first asked for."""

    def __init__(self, sources: Sources) -> None:
        self._conn = sources.conn
        self._known: dict[Day, dict[int, int]] = {}

    def of(self, product: int | None, day: Day) -> int:
        """Return the pieces of a product still to come by the end of ``day``."""
        known = self._known.get(day)
        if known is None:
            # Of a closed order only what did arrive later was still to come.
            rows = self._conn.execute(
                """
                SELECT l.product_id, SUM(MAX(CASE WHEN COALESCE(p.status, '') IN ('closed', 'received', 'completed')
                    THEN COALESCE(r.received, 0) ELSE l.qty_ordered END - COALESCE(r.by_day, 0), 0))
                FROM po_lines l JOIN purchase_orders p ON p.po_id = l.po_id
                LEFT JOIN (SELECT po_line_id, SUM(qty_received) AS received,
                    SUM(CASE WHEN received_day <= ? THEN qty_received ELSE 0 END) AS by_day
                  FROM receipts WHERE po_line_id IS NOT NULL GROUP BY po_line_id) r ON r.po_line_id = l.po_line_id
                WHERE p.ordered_day <= ? AND COALESCE(l.cancelled, 0) = 0 AND COALESCE(p.status, '') <> 'cancelled'
                  AND l.product_id IS NOT NULL
                GROUP BY l.product_id""",
                (day, day),
            )
            known = self._known[day] = dict(rows.fetchall())
        return 0 if product is None else known.get(product, 0)


class Positions:
    """The listed products of a count with what is there and on its way: read once for all that hold it against levels."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[Day, tuple[Int64, Int64]] = {}

    def on(self, day: Day) -> tuple[Int64, Int64]:
        """Return products and pieces on ``day``."""
        found = self._known.get(day)
        if found is None:
            found = self._known[day] = self._read(day)
        return found

    def _read(self, day: Day) -> tuple[Int64, Int64]:
        import numpy as np

        rows = self._sources.conn.execute(
            "SELECT t.product_id, SUM(t.on_hand - COALESCE(t.reserved, 0)), COUNT(t.on_order), COALESCE(SUM(t.on_order), 0) "
            "FROM inventory_snapshots t JOIN product p ON p.product_id = t.product_id "
            "WHERE t.day = ? AND COALESCE(p.is_listed, 1) = 1 GROUP BY t.product_id ORDER BY t.product_id",
            (day,),
        ).fetchall()
        open_orders = self._sources.shared(OpenOrders)
        products = np.array([row[0] for row in rows], np.int64)
        coming = [on_order if stated else open_orders.of(product, day) for product, _, stated, on_order in rows]
        return products, np.array([row[1] for row in rows], np.int64) + np.array(coming, np.int64)


class _Positioned(_Planning):
    """Listed products in stock on the last counted day, held against their levels."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._amounts: dict[Period, Mapping[Cut, Number | None]] = {}

    def counted(self, planned: Planned, places: Int64, position: Int64) -> Int64:
        """Return what each product whose levels are known counts; ``places`` are its places in ``planned``."""
        raise NotImplementedError

    def results(self, period: Period) -> Results:
        import numpy as np

        day = _snapshot(self, period)
        if day is None:
            return results({}, _NO_SNAPSHOT, self.scope)
        absent = _on(day, period)
        products, position = self.sources.shared(Positions).on(day)
        planned = self.plan(period)
        days = self.sources.shared(ProductDays)
        place = days.places(planned.products)[products]
        sells = place >= 0
        known = np.zeros(len(products), np.bool_)
        known[sells] = planned.is_known[place[sells]]
        amounts = np.zeros(len(products), np.int64)
        amounts[known] = self.counted(planned, place[known], position[known])
        groups = days.grouped(self.scope, products)
        size = len(groups.cuts)
        total = np.zeros(size, np.int64)
        np.add.at(total, groups.of, amounts[groups.taken])
        unknown = np.bincount(groups.of, (sells & ~known)[groups.taken], size)
        judged = np.bincount(groups.of, known[groups.taken], size)
        where = {cut: at for at, cut in enumerate(groups.cuts)}

        def one(cut: Cut) -> Result:
            at = where[cut]
            result = absent._replace(value=int(total[at]))
            if unknown[at]:
                said = {**absent.details, "unknown": int(unknown[at]), "products": int(unknown[at] + judged[at])}
                result = result._replace(quality="partial", reason="metrics.reorder_points_unknown", details=said)
                if not judged[at]:
                    result = result._replace(value=None, quality="insufficient_history")
            return result

        self._amounts[period] = dict(zip(groups.cuts, total.tolist(), strict=True))
        return by_cut(groups.cuts, one, absent, self.scope)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        if period not in self._amounts:
            self.results(period)
        return self._amounts.get(period, {})

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return [*_positions(self, period), *super().evidence(period)]


class BelowReorderPoint(_Positioned):
    """How many listed products have reached the position at which they should be ordered."""

    def counted(self, planned: Planned, places: Int64, position: Int64) -> Int64:
        below: Int64 = (position <= planned.levels.reorder[places]).astype("int64")
        return below


class OrderQuantity(_Positioned):
    """What brings the products below their reorder points up to the level that lasts until the order after next."""

    def counted(self, planned: Planned, places: Int64, position: Int64) -> Int64:
        is_below = position <= planned.levels.reorder[places]
        wanted: Int64 = (planned.levels.up_to[places] - position) * is_below
        return wanted


class StockByAge(Working):
    """The value of stock on the last counted day, by the days since the oldest receipt in it."""

    def results(self, period: Period) -> Results:
        day = _snapshot(self, period)
        if day is None:
            return results({}, _NO_SNAPSHOT, self.scope)
        absent = _on(day, period)
        parted = Parted(self.scope, self.calculation.parts)
        view = VIEWS["stock"]
        filters, texts = conditions(parted.facts, view)
        cuts = [view.dims[name] for name in parted.facts.per]
        value = self.sources.catalogue.measures["stock.value"].expression
        columns = [*cuts, self._step(day)]
        found: dict[Cut, list[int | None]] = {}
        for *cut, step, amount in self.sources.conn.execute(
            f"SELECT {', '.join([*columns, f'SUM({value})'])} FROM ({view.sql}) WHERE {' AND '.join([f'day = {day}', *filters])} "
            f"GROUP BY {', '.join(str(place + 1) for place in range(len(columns)))}",
            texts,
        ):
            if parted.passes("step", step):
                found.setdefault(parted.cut(tuple(cut), {"step": step}), []).append(amount)
        unstated = absent._replace(value=None, quality="missing", reason="metrics.not_stated")
        added: dict[Cut, Result] = {}
        for whole_cut, amounts in found.items():
            known = [amount for amount in amounts if amount is not None]
            added[whole_cut] = absent._replace(value=sum(known)) if known else unstated
        return results(added, absent, self.scope)

    def _step(self, day: Day) -> str:
        """Return the SQL that names the step of a row; NULL where nobody tells when it came."""
        bounds = self.calculation.settings["bounds"]
        assert isinstance(bounds, list | tuple)
        cases, low = [], 0
        for bound in bounds:
            cases.append(f"WHEN {day} - oldest_receipt_day <= {int(bound)} THEN '{low}-{int(bound)}'")
            low = int(bound) + 1
        return f"CASE WHEN oldest_receipt_day IS NULL THEN NULL {' '.join(cases)} ELSE '{low - 1}+' END"

    def evidence(self, period: Period) -> Iterable[Evidence]:
        day = _snapshot(self, period)
        return [] if day is None else [Evidence("stock", Period(day, day))]


METHODS: dict[str, type[Working]] = {
    "stockouts_by_demand": StockoutsByDemand,
    "lost_sales": LostSales,
    "xyz_class": XyzClass,
    "safety_stock": SafetyStock,
    "reorder_point": ReorderPoint,
    "below_reorder_point": BelowReorderPoint,
    "order_quantity": OrderQuantity,
    "inventory_position": InventoryPosition,
    "stock_by_age": StockByAge,
}
