"""What the stock consists of: its value by how long it lasts, and by how well and how evenly it sells."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ecoperf_desktop.metrics.asked import CARRIED_DAYS, Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods.parted import Parted, results
from ecoperf_desktop.metrics.methods.supply import XyzClass
from ecoperf_desktop.metrics.scope import Cut, Scope, conditions
from ecoperf_desktop.model.days import Day, Period, iso
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.store.views import VIEWS

_BY_PRODUCT = Scope((), ("product",))
_NO_SNAPSHOT = Result(None, quality="missing", reason="metrics.no_snapshot")
# Days of sales that the pace of a product is read from.
PACE_DAYS = 28


class Counted:
    """What was counted on a day, by product: read once for all that puts it into parts."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[tuple[Day, Scope], list[tuple[Any, ...]]] = {}

    def rows(self, day: Day, facts: Scope) -> list[tuple[Any, ...]]:
        """Return cuts, product, pieces available and value of all that was counted on ``day``."""
        found = self._known.get((day, facts))
        if found is None:
            found = self._known[day, facts] = self._read(day, facts)
        return found

    def _read(self, day: Day, facts: Scope) -> list[tuple[Any, ...]]:
        view, measures = VIEWS["stock"], self._sources.catalogue.measures
        filters, texts = conditions(facts, view)
        columns = [*(view.dims[name] for name in facts.per), "product_id"]
        amounts = [f"SUM({measures[name].expression})" for name in ("stock.available", "stock.value")]
        rows: list[tuple[Any, ...]] = self._sources.conn.execute(
            f"SELECT {', '.join([*columns, *amounts])} FROM ({view.sql}) WHERE {' AND '.join([f'day = {day}', *filters])} "
            f"GROUP BY {', '.join(str(place + 1) for place in range(len(columns)))}",
            texts,
        ).fetchall()
        return rows


class _Held(Working):
    """The value of what was counted last, product by product, put under the name of a part."""

    part: str

    def name(self, period: Period, product: int | None, available: int | None) -> str | None:
        """Return the part a product belongs to, None where it cannot be told."""
        raise NotImplementedError

    def results(self, period: Period) -> Results:
        day = self.counted_day(period)
        if day is None:
            return results({}, _NO_SNAPSHOT, self.scope)
        absent = Result(0, details={"day": iso(day)})
        if day < max(period.first, period.last - CARRIED_DAYS):
            absent = absent._replace(quality="partial", reason="metrics.carried_on")
        parted = Parted(self.scope, self.calculation.parts)
        by_part: dict[tuple[Cut, str | None], list[int | None]] = defaultdict(list)
        is_parted = self.part in self.scope.dimensions
        for row in self.sources.shared(Counted).rows(day, parted.facts):
            product, available, value = row[-3:]
            # The whole is the same however it is parted.
            by_part[row[:-3], self.name(period, product, available) if is_parted else None].append(value)
        values: dict[Cut, list[int | None]] = defaultdict(list)
        for (cut, named), amounts in by_part.items():
            if not is_parted or parted.passes(self.part, named):
                values[parted.cut(cut, {self.part: named})] += amounts
        found = {}
        for whole, amounts in values.items():
            known = [amount for amount in amounts if amount is not None]
            details = {**absent.details, "products": len(amounts)}
            if known:
                found[whole] = absent._replace(value=sum(known), details=details)
            else:
                found[whole] = Result(None, quality="missing", reason="metrics.not_stated", details=details)
        return results(found, absent, self.scope)

    def counted_day(self, period: Period) -> Day | None:
        """Return the last day with a count, at most three days before the period: the same for all parts."""
        within = (period.first - CARRIED_DAYS, period.last)
        query = "SELECT MAX(day) FROM inventory_snapshots WHERE day BETWEEN ? AND ?"
        day: Day | None = self.sources.conn.execute(query, within).fetchone()[0]
        return day


class StockByCover(_Held):
    """By the days that what is available lasts at the pace of the last 28 days; what did not sell lies under the last step."""

    part = "step"

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        bounds = calculation.settings["bounds"]
        assert isinstance(bounds, list | tuple)
        self._steps: list[tuple[int, str]] = []
        low = 0
        for bound in bounds:
            self._steps.append((int(bound), f"{low}-{bound}" if bound else "0"))
            low = int(bound) + 1
        self._last = f"{low - 1}+"
        self._sold = sources.asked("units_sold_28_days", _BY_PRODUCT)
        self._pace: Mapping[Cut, object] = {}
        self._pace_of: Period | None = None

    def want(self, period: Period) -> None:
        if self.part in self.scope.dimensions:
            self._sold.want(period)

    def name(self, period: Period, product: int | None, available: int | None) -> str | None:
        if product is None or available is None:
            return None
        if self._pace_of != period:
            self._pace, self._pace_of = self._sold.amounts(period), period
        sold = self._pace.get((product,)) or 0
        assert isinstance(sold, int)
        for bound, name in self._steps:
            # Compared in whole numbers: available ÷ (sold ÷ 28) against the bound.
            if available * PACE_DAYS <= bound * sold or (available <= 0 and bound == 0):
                return name
        return self._last

    def evidence(self, period: Period) -> Iterable[Evidence]:
        day = self.counted_day(period)
        if day is None:
            return []
        sold = Evidence("line", Period(period.last - PACE_DAYS + 1, period.last), "product_id IS NOT NULL", Scope())
        return [Evidence("stock", Period(day, day)), sold]


class StockByClass(_Held):
    """By the class of what a product sold in a year, and that of how evenly: AX sells most, and evenly."""

    part = "segment"

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._by_sales = sources.asked(calculation.of[0], _BY_PRODUCT)
        by_evenness = sources.catalogue.metric(calculation.of[1])
        assert isinstance(by_evenness.calculation, Method)
        self._by_evenness = XyzClass(sources, by_evenness, by_evenness.calculation, _BY_PRODUCT)
        self._words: dict[int, str] = {}
        self._sales: Results | None = None
        self._words_on: Period | None = None

    def want(self, period: Period) -> None:
        if self.part in self.scope.dimensions:
            self._by_sales.want(self._year(period))

    def _year(self, period: Period) -> Period:
        days = self.calculation.settings["days"]
        assert isinstance(days, int)
        return Period(period.last - days + 1, period.last)

    def name(self, period: Period, product: int | None, available: int | None) -> str | None:
        if product is None:
            return None
        if self._words_on != period or self._sales is None:
            self._words, self._words_on = self._by_evenness.words(period), period
            self._sales = self._by_sales.results(self._year(period))
        evenness = self._words.get(product)
        if evenness is None:
            return None
        sales = self._sales.get((product,))
        return sales.word + evenness if sales.value is not None and sales.word else None

    def evidence(self, period: Period) -> Iterable[Evidence]:
        day = self.counted_day(period)
        if day is None:
            return []
        # Both classes are a product's place among all of them.
        year = self._year(period)
        longer = Period(year.first - 7, year.last)
        return [
            Evidence("stock", Period(day, day)),
            Evidence("line", longer, "product_id IS NOT NULL", Scope()),
            Evidence("refund", year, "product_id IS NOT NULL", Scope()),
        ]


METHODS: dict[str, type[Working]] = {"stock_by_cover": StockByCover, "stock_by_class": StockByClass}
