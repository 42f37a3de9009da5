"""Methods that hold what happened against what was planned, expected or sold by everybody: like with like.

Budgets and market figures stand for a span of days.  Only spans that lie wholly within the period count, and only the same
days (and classes, categories) stand against them: nothing is spread over parts of a span, and nothing is set against
days of which no plan speaks.  Where spans of one thing overlap, the longer one answers.
"""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from operator import itemgetter
from typing import Any, NamedTuple

from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Working
from ecoperf_desktop.metrics.methods.parted import results
from ecoperf_desktop.metrics.methods.product_days import ProductDays
from ecoperf_desktop.metrics.methods.shares import divided, weakened
from ecoperf_desktop.metrics.scope import Cut, Key, Scope, conditions
from ecoperf_desktop.model.days import Day, Period, iso
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store.views import VIEWS

# Before any campaign could have begun.
_BEGINNING = -25567

_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")
_NO_MARKET = Result(None, quality="missing", reason="metrics.catalogue_no_market")
_NO_BUDGET = Result(None, quality="missing", reason="metrics.catalogue_no_budget")
_NO_CAMPAIGN_BUDGET = Result(None, quality="missing", reason="metrics.catalogue_no_campaign_budget")


class Planned(NamedTuple):
    """A figure for a span of days; ``of`` says what it is about (category; shop, department and class)."""

    first: Day
    last: Day
    of: tuple[Key, ...]
    amount: int


def whole_spans(figures: Iterable[Planned], period: Period) -> tuple[list[Planned], bool]:
    """Return the figures whose spans lie within the period, and whether any lies across its edge.

    Of one thing the longest spans come first; one that overlaps a longer one is left out.  Several figures for one
    span (platforms) stay together.
    """
    held: list[Planned] = []
    is_cut = False
    taken: dict[tuple[Key, ...], list[tuple[Day, Day]]] = {}
    for one in sorted(figures, key=lambda planned: (planned.first - planned.last, planned.first)):
        if one.first < period.first or one.last > period.last:
            is_cut = is_cut or (one.first <= period.last and one.last >= period.first)
            continue
        spans = taken.setdefault(one.of, [])
        if (one.first, one.last) not in spans:
            if any(first <= one.last and one.first <= last for first, last in spans):
                continue
            spans.append((one.first, one.last))
        held.append(one)
    return held, is_cut


class MarketShare(Working):
    """Own net sales over those of the market, of the same days and categories.

    Figures without a category are of the whole market: they answer where no category or product is asked for, and leave
    those of categories aside.
    """

    def results(self, period: Period) -> Results:
        is_cut_by_goods = any(name in ("category", "product") for name in self.scope.dimensions)
        view = VIEWS["market"]
        rows = self.sources.conn.execute(
            f"SELECT day, last_day, category_id, sales_minor FROM ({view.sql}) WHERE day <= {period.last} AND last_day >= {period.first}"
        )
        figures = [Planned(first, last, (category,), sales) for first, last, category, sales in rows]
        if is_cut_by_goods or any(one.of[0] is None and period.first <= one.first <= one.last <= period.last for one in figures):
            figures = [one for one in figures if (one.of[0] is not None) == is_cut_by_goods]
        held, is_cut = whole_spans(figures, period)
        if not held:
            absent = _NO_MARKET._replace(details={"first": iso(period.first), "last": iso(period.last)})
            return Results((), lambda cut: absent, absent)
        spans = [self._span(Period(*span), _sizes(held, span)) for span in sorted({(one.first, one.last) for one in held})]
        cuts: set[Cut] = set().union(*(_cuts(sold, sizes, self.scope) for sold, sizes in spans))
        products = self._categories() if "product" in self.scope.dimensions else {}
        weak: list[Result] = []
        days = sum(last - first + 1 for first, last in _merged((one.first, one.last) for one in held))
        if is_cut or days < period.days:
            details = {"covered": days, "days": period.days}
            weak.append(Result(None, quality="partial", reason="metrics.catalogue_market_days", details=details))
        found: dict[Cut, Result] = {}
        for cut in cuts:
            own: Number = 0
            market = 0
            parts = list(weak)
            for sold, sizes in spans:
                one = sold.get(cut) if self.scope.per else sold.absent
                parts.append(one if one.value is not None else one._replace(quality="partial"))
                if one.value is not None:  # what was sold is not known: the market of these days is left out too
                    own += one.value
                    market += _size(self.scope, cut, sizes, products)
            found[cut] = weakened(_share(own, market), parts)
        return results(found, _NO_BASE, self.scope)

    def _span(self, span: Period, sizes: dict[Key, int]) -> tuple[Results, dict[Key, int]]:
        """Return what was sold in a span of what the market's figures are about, and these figures by category."""
        if None in sizes:
            return self.sources.asked(self.calculation.of[0], self.scope).results(span), sizes
        asked_for = self.scope.keys("category")
        sizes = {key: size for key, size in sizes.items() if asked_for is None or key in asked_for}
        rest = tuple(one for one in self.scope.where if one[0] != "category")
        within = Scope((*rest, ("category", tuple(sizes))), self.scope.per)
        return self.sources.asked(self.calculation.of[0], within).results(span), sizes

    def _categories(self) -> dict[Key, Key]:
        return dict(self.sources.conn.execute("SELECT product_id, category_id FROM product"))

    def evidence(self, period: Period) -> Iterable[Evidence]:
        within = f"last_day <= {period.last}"
        return [Evidence("market", period, within), Evidence("line", period), Evidence("refund", period)]


def _sizes(held: Iterable[Planned], span: tuple[Day, Day]) -> dict[Key, int]:
    sizes: dict[Key, int] = {}
    for one in held:
        if (one.first, one.last) == span:
            sizes[one.of[0]] = sizes.get(one.of[0], 0) + one.amount
    return sizes


def _cuts(sold: Results, sizes: Mapping[Key, int], scope: Scope) -> set[Cut]:
    """Return the cuts of a span: those sold in, and categories of the market in which nothing was sold."""
    if not scope.per:
        return {()}
    return {*sold.cuts, *((category,) for category in sizes if scope.per == ("category",))}


def _size(scope: Scope, cut: Cut, sizes: Mapping[Key, int], categories: Mapping[Key, Key]) -> int:
    """Return the market that a cut has its share of: of a category its own, of a product that of its category."""
    named = dict(zip(scope.per, cut, strict=True))
    if "category" in named:
        return sizes.get(named["category"], 0)
    if "product" in named:
        return sizes.get(categories.get(named["product"]), 0)
    products = scope.keys("product")
    if products is not None:
        return sum(sizes.get(category, 0) for category in {categories.get(product) for product in products})
    return sum(sizes.values())


def _share(own: Number, market: Number) -> Result:
    if market <= 0:
        return _NO_BASE._replace(numerator=own, denominator=market)
    return Result(divided(own, market), own, market, base=market)


class BudgetVariance(Working):
    """Expenses for which there is a budget, less the budget, as part of it.

    An expense belongs to a budget of its class whose days hold it and whose shop and department, where it names them,
    are the expense's own; it counts once, with the budget that names it most closely.
    """

    def results(self, period: Period) -> Results:
        view = VIEWS["budget"]
        filters, texts = conditions(self.scope, view)
        near = [f"day <= {period.last}", f"last_day >= {period.first}", *filters]
        rows = self.sources.conn.execute(
            f"SELECT day, last_day, shop_id, department, class, amount_minor FROM ({view.sql}) WHERE {' AND '.join(near)}", texts
        )
        held, is_cut = whole_spans((Planned(row[0], row[1], tuple(row[2:5]), row[5]) for row in rows), period)
        if not held:
            absent = _NO_BUDGET._replace(details={"first": iso(period.first), "last": iso(period.last)})
            return Results((), lambda cut: absent, absent)
        place = {"shop": 0, "department": 1, "class": 2}
        budget: dict[Cut, int] = {}
        spent: dict[Cut, int] = {}

        def cut_of(planned: Planned) -> Cut:
            return tuple(planned.of[place[name]] for name in self.scope.per)

        by_class: dict[Key, list[Planned]] = {}
        for one in held:
            budget[cut_of(one)] = budget.get(cut_of(one), 0) + one.amount
            by_class.setdefault(one.of[2], []).append(one)
        for planned in by_class.values():
            planned.sort(key=lambda one: (one.of[0] is None) + (one.of[1] is None))
        for day, shop, department, kind, amount in self._expenses(period):
            for one in by_class.get(kind, ()):
                if one.first <= day <= one.last and one.of[0] in (None, shop) and one.of[1] in (None, department):
                    spent[cut_of(one)] = spent.get(cut_of(one), 0) + amount
                    break
        left_out = Result(None, quality="partial", reason="metrics.longer_spans_left_out")
        found = {
            cut: weakened(_variance(spent.get(cut, 0), planned), [left_out] if is_cut else [])
            for cut, planned in budget.items()
        }
        return results(found, _NO_BASE, self.scope)

    def _expenses(self, period: Period) -> list[tuple[Any, ...]]:
        return self.sources.conn.execute(
            f"SELECT day, shop_id, department, class, SUM(amount_minor) FROM ({VIEWS['expense'].sql}) "
            f"WHERE day BETWEEN {period.first} AND {period.last} GROUP BY 1, 2, 3, 4"
        ).fetchall()

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return [Evidence("budget", period, f"last_day <= {period.last}"), Evidence("expense", period, scope=Scope())]


def _variance(spent: int, budget: int) -> Result:
    if budget <= 0:
        return _NO_BASE._replace(numerator=spent - budget, denominator=budget)
    return Result(Fraction(spent - budget, budget), spent - budget, budget, base=budget)


class BudgetUtilisation(Working):
    """Spend up to the period's end of the campaigns that run in it, over their budgets."""

    def results(self, period: Period) -> Results:
        view = VIEWS["campaign"]
        filters, texts = conditions(self.scope, view)
        running = [f"day <= {period.last}", f"COALESCE(end_day, {period.last}) >= {period.first}", *filters]
        cuts = [view.dims[name] for name in self.scope.per]
        rows = self.sources.conn.execute(
            f"SELECT {', '.join(['campaign_id', 'budget_minor', *cuts])} FROM ({view.sql}) WHERE {' AND '.join(running)}", texts
        ).fetchall()
        if not rows:
            return Results((), lambda cut: _NO_CAMPAIGN_BUDGET, _NO_CAMPAIGN_BUDGET)
        campaigns: tuple[Key, ...] = tuple(row[0] for row in rows)
        spend = self.sources.asked(self.calculation.of[0], Scope((("campaign", campaigns),), ("campaign",)))
        amounts = spend.amounts(Period(_BEGINNING, period.last))
        spent: dict[Cut, Number] = {}
        budget: dict[Cut, int] = {}
        for campaign, planned, *cut in rows:
            key: Cut = tuple(cut)
            budget[key] = budget.get(key, 0) + planned
            spent[key] = spent.get(key, 0) + (amounts.get((campaign,)) or 0)
        return results({cut: _share(spent[cut], planned) for cut, planned in budget.items()}, _NO_BASE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        running = f"COALESCE(end_day, {period.last}) >= {period.first}"
        return [Evidence("campaign", Period(0, period.last), running), Evidence("ad", Period(_BEGINNING, period.last))]


class ForecastError(Working):
    """Forecasts made ``lead`` days before, less what was sold, over what was sold.

    Day by day and product by product; ``signed`` lets errors of both directions cancel.  Days and products of which no
    forecast was made at that lead are in neither side.
    """

    def results(self, period: Period) -> Results:
        view = VIEWS["forecast"]
        filters, texts = conditions(self.scope, view)
        lead = int(str(self.calculation.settings["lead"]))
        made = [f"day BETWEEN {period.first} AND {period.last}", f"made_day = day - {lead}", "product_id IS NOT NULL", *filters]
        cuts = [view.dims[name] for name in self.scope.per]
        rows = self.sources.conn.execute(
            f"SELECT {', '.join(['day', 'product_id', 'SUM(qty)', *cuts])} FROM ({view.sql}) WHERE {' AND '.join(made)} "
            "GROUP BY day, product_id",
            texts,
        ).fetchall()
        if not rows:
            absent = Result(None, quality="missing", reason="metrics.catalogue_no_forecasts", details={"lead": lead})
            return Results((), lambda cut: absent, absent)
        sold = self._sold(Period(min(map(itemgetter(0), rows)), max(map(itemgetter(0), rows))))
        errors: dict[Cut, float] = {}
        actual: dict[Cut, int] = {}
        is_signed = bool(self.calculation.settings["signed"])
        for day, product, expected, *cut in rows:
            units = sold.get((day, product), 0)
            error = expected - units
            key: Cut = tuple(cut)
            errors[key] = errors.get(key, 0.0) + (error if is_signed else abs(error))
            actual[key] = actual.get(key, 0) + units
        found = {
            cut: Result(divided(errors[cut], units), errors[cut], units, base=units)
            if units > 0
            else _NO_BASE._replace(numerator=errors[cut], denominator=units)
            for cut, units in actual.items()
        }
        return results(found, _NO_BASE, self.scope)

    def _sold(self, days: Period) -> dict[tuple[Day, int], int]:
        """Return units by day and product, which may have several rows a day."""
        found: dict[tuple[Day, int], int] = {}
        day, product, units = self.sources.shared(ProductDays).sold(days, "units")
        for on, one, amount in zip((day + days.first).tolist(), product.tolist(), units.tolist(), strict=True):
            found[on, one] = found.get((on, one), 0) + amount
        return found

    def evidence(self, period: Period) -> Iterable[Evidence]:
        made = f"made_day = day - {int(str(self.calculation.settings['lead']))}"
        return [Evidence("forecast", period, made), Evidence("line", period, "COALESCE(is_gift, 0) = 0")]


def _merged(spans: Iterable[tuple[Day, Day]]) -> list[tuple[Day, Day]]:
    merged: list[tuple[Day, Day]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


METHODS: Mapping[str, type[Working]] = {
    "market_share": MarketShare,
    "budget_variance": BudgetVariance,
    "budget_utilisation": BudgetUtilisation,
    "forecast_error": ForecastError,
}
