"""Methods of sales: growth, classes of products, what made a change, seasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from ecoperf_desktop.metrics import compare
from ecoperf_desktop.metrics.asked import Asked, Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods import classes, decompose, parted, season
from ecoperf_desktop.metrics.methods.parted import Parted
from ecoperf_desktop.metrics.scope import Cut, Key, Scope
from ecoperf_desktop.model.days import Day, Period, iso
from ecoperf_desktop.model.metric import Method, Metric, Sum
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store import events

# So few products of many are classed one by one.
_FEW = 50

# A product launched so lately is in a class of its own.
NEW_DAYS = 90

# Of the orders, the part that the traffic source has seen: below the first, visits explain too little to be a step;
# below the second, what it missed is a step of its own.
LEAST_TRACKED = Fraction(1, 2)
NEARLY_ALL = Fraction(95, 100)

_NO_PRODUCT = Result(None, quality="no_base", reason="metrics.class_of_products")
_NOT_SOLD = Result(None, quality="no_base", reason="metrics.no_base")
_NOT_STATED = Result(None, quality="missing", reason="metrics.not_stated")


class _Base(NamedTuple):
    """The periods a change lies between; ``why`` there is no earlier one, or what is weak about it."""

    now: Period
    before: Period | None
    why: Result | None = None


class _Changing(Working):
    """A number that looks at two periods; of a running one, only at the days that have data."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self.kind = compare.checked_kind(str(calculation.settings.get("compare", "previous")))
        self.parts = Parted(scope, calculation.parts)
        self._bases: dict[Period, _Base] = {}

    def between(self, period: Period) -> _Base:
        found = self._bases.get(period)
        if found is None:
            found = self._bases[period] = self._between(period)
        return found

    def _between(self, period: Period) -> _Base:
        sources = self.sources
        now = parted.elapsed(sources, self.metric, self.scope, period)
        # Part of a running period is compared with the same part of the one before.
        kind: compare.Kind = "elapsed" if self.kind == "previous" else self.kind
        asked = period if kind == "elapsed" else now
        earlier = compare.earlier(sources.conn, kind, asked, None, now.last, sources.calendar)
        if earlier.period is None:
            return _Base(now, None, Result(None, quality="missing", reason=earlier.reason))
        return _Base(now, earlier.period)

    def asked(self, place: int, scope: Scope | None = None) -> Asked:
        """Return one of the metrics the method works on, in the scope without the method's own parts."""
        return self.sources.asked(self.calculation.of[place], self.parts.facts if scope is None else scope)

    def want(self, period: Period) -> None:
        now, before, _ = self.between(period)
        for place in range(len(self.calculation.of)):
            one = self.asked(place)
            one.want(now)
            if before is not None:
                one.want(before)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        now, before, _ = self.between(period)
        for view in self.calculation.views:
            yield Evidence(view, now)
            if before is not None:
                yield Evidence(view, before)


def _weak(result: Result, *parts: Result | None) -> Result:
    """Return a number with the first weakness of what it was made of."""
    for part in parts:
        if part is not None and part.quality != "ok":
            return result._replace(quality=part.quality, reason=part.reason, details={**part.details, **result.details})
    return result


# ---- growth


class Growth(_Changing):
    """The relative change of a metric against another period."""

    def results(self, period: Period) -> Results:
        now, before, why = self.between(period)
        if before is None:
            assert why is not None
            return parted.results({}, why, self.scope)
        of = self.asked(0)
        first, second = of.results(before), of.results(now)
        cuts = {*first.cuts, *second.cuts}
        told = {"base_first": iso(before.first), "base_last": iso(before.last)}

        def grown(old: Result, new: Result) -> Result:
            if new.value is None or old.value is None:
                unknown = old if old.value is None else new
                quality = "insufficient_history" if old.value is None and old.reason == "metrics.not_covered" else unknown.quality
                return unknown._replace(
                    value=None, numerator=None, denominator=None, quality=quality, details={**unknown.details, **told}
                )
            change = new.value - old.value
            if compare.relative(new.value, old.value) is None:
                reason = "metrics.growth_no_base"
                return Result(None, change, old.value, quality="no_base", reason=reason, details=told)
            value = change / old.value if isinstance(change, float) else Fraction(change) / Fraction(old.value)
            return _weak(Result(value, change, old.value, details=told), new, old)

        if not self.scope.per:
            return parted.results({(): grown(first.get(()), second.get(()))}, _NOT_SOLD, self.scope)
        return Results(cuts, lambda cut: grown(first.get(cut), second.get(cut)), grown(first.absent, second.absent))

    def evidence(self, period: Period) -> Iterable[Evidence]:
        now, before, _ = self.between(period)
        for view in _views(self.sources, self.calculation.of[0]):
            yield Evidence(view, now)
            if before is not None:
                yield Evidence(view, before)


def _views(sources: Sources, metric_id: str) -> list[str]:
    """Return the views of the measures a metric is made of."""
    from ecoperf_desktop.metrics.catalogue import parts_of
    from ecoperf_desktop.model.metric import Distinct, Percentile, Ratio, Sum

    calculation = sources.catalogue.metric(metric_id).calculation
    found: dict[str, None] = {}
    if isinstance(calculation, Sum):
        found.update({sources.catalogue.measures[term.of].view: None for term in calculation.terms if "." in term.of})
    if isinstance(calculation, Ratio):
        terms = calculation.over + calculation.under
        found.update({sources.catalogue.measures[term.of].view: None for term in terms if "." in term.of})
    if isinstance(calculation, Distinct | Percentile):
        found[calculation.view] = None
    if isinstance(calculation, Method):
        found.update(dict.fromkeys(calculation.views))
    for part in parts_of(sources.catalogue.metric(metric_id)):
        found.update(dict.fromkeys(_views(sources, part)))
    return list(found)


# ---- classes of products


class _OfProducts(Working):
    """What ranks products: those of each other cut among themselves."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self.groups = tuple(name for name in scope.per if name != "product")
        self._place = scope.per.index("product") if "product" in scope.per else None
        self.of = sources.asked(calculation.of[0], Scope(self._where(), (*self.groups, "product")))

    def _where(self) -> tuple[tuple[str, tuple[Key, ...]], ...]:
        return self.scope.where

    def want(self, period: Period) -> None:
        self.of.want(period)

    def by_group(self, period: Period) -> dict[Cut, dict[int, Number]]:
        """Return what each product of each group sold; lines of no product are left out."""
        found: dict[Cut, dict[int, Number]] = {}
        if not self.groups:
            sold = {cut[0]: amount for cut, amount in self.of.amounts(period).items() if amount is not None}
            sold.pop(None, None)
            return {(): sold} if sold else {}  # type: ignore[dict-item]
        for cut, amount in self.of.amounts(period).items():
            product = cut[-1]
            if isinstance(product, int) and amount is not None:
                group = found.get(cut[:-1])
                if group is None:
                    group = found[cut[:-1]] = {}
                group[product] = amount
        return found

    def cut(self, group: Cut, product: int) -> Cut:
        if self._place is None:
            return group
        return (*group[: self._place], product, *group[self._place :])

    def taken_apart(self, cut: Cut) -> tuple[Cut, Key]:
        assert self._place is not None
        return (*cut[: self._place], *cut[self._place + 1 :]), cut[self._place]

    def evidence(self, period: Period) -> Iterable[Evidence]:
        for view in _views(self.sources, self.calculation.of[0]):
            yield Evidence(view, period, "product_id IS NOT NULL", Scope(self._where()))


class AbcClass(_OfProducts):
    """A product's class among all of the scope; a filter by product says of which, and leaves the others in the ranking."""

    def _where(self) -> tuple[tuple[str, tuple[Key, ...]], ...]:
        return tuple((name, keys) for name, keys in self.scope.where if name != "product")

    def results(self, period: Period) -> Results:
        only = self.scope.keys("product")
        if (few := self._few(period, only)) is not None:
            return few
        groups = self.by_group(period)
        placed: dict[Cut, Mapping[int, classes.Placed]] = {}
        wholes = {group: sum(value for value in sold.values() if value > 0) for group, sold in groups.items()}
        launched = self._new(period.last)

        def result(group: Cut, product: Key) -> Result:
            if group not in groups or product not in groups[group]:
                return _NOT_SOLD
            of_group = placed.get(group)
            if of_group is None:
                of_group = placed[group] = classes.by_share(groups[group])
            assert isinstance(product, int)
            one = of_group[product]
            word = "N" if product in launched else one.class_
            return Result(one.place, one.before, wholes[group], word=word)

        if "product" in self.scope.per:
            cuts = {
                self.cut(group, product)
                for group, sold in groups.items()
                for product in (sold if only is None else sold.keys() & set(only))
            }
            return Results(cuts, lambda cut: result(*self.taken_apart(cut)), _NOT_SOLD)
        if only is None or len(only) != 1:
            return parted.results(dict.fromkeys(groups, _NO_PRODUCT), _NO_PRODUCT, self.scope)
        return parted.results({group: result(group, only[0]) for group in groups}, _NOT_SOLD, self.scope)

    def _few(self, period: Period, only: tuple[Key, ...] | None) -> Results | None:
        """Return the classes of few products named, from packed columns; None where all are to be looked at."""
        if only is None or len(only) > _FEW or self.scope.per != ("product",):
            return None
        packed = _packed(self.sources, self.calculation.of[0], self._where(), period)
        if packed is None:
            return None
        keys, values = packed
        whole = int(values[values > 0].sum())
        launched = self._new(period.last)
        found: dict[Cut, Result] = {
            (product,): Result(one.place, one.before, whole, word="N" if product in launched else one.class_)
            for product, one in classes.placed(keys, values, [key for key in only if isinstance(key, int)]).items()
        }
        return Results(found.keys(), found.__getitem__, _NOT_SOLD)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        """Return what the products sold: the best class comes first, as its place would not."""
        if "product" not in self.scope.per:
            return super().amounts(period)
        only = self.scope.keys("product")
        return {
            self.cut(group, product): amount
            for group, sold in self.by_group(period).items()
            for product, amount in sold.items()
            if only is None or product in only
        }

    def _new(self, day: Day) -> frozenset[int]:
        days = int(str(self.calculation.settings.get("new_days", NEW_DAYS)))
        rows = self.sources.conn.execute("SELECT product_id FROM product WHERE launched_day > ?", (day - days,))
        return frozenset(row[0] for row in rows)


class TopShare(_OfProducts):
    """What the best fifth of the products that sold make of all they sold."""

    def results(self, period: Period) -> Results:
        if not self.scope.per:
            packed = _packed(self.sources, self.calculation.of[0], self._where(), period)
            if packed is not None:
                return parted.results({(): self._share(packed[1].tolist())} if len(packed[0]) else {}, _NOT_SOLD, self.scope)
        groups = self.by_group(period)
        if "product" in self.scope.per:
            groups = {self.cut(group, product): {product: value} for group, sold in groups.items() for product, value in sold.items()}
        return parted.results({cut: self._share(sold.values()) for cut, sold in groups.items()}, _NOT_SOLD, self.scope)

    def _share(self, sold: Iterable[Number]) -> Result:
        best, whole, count = classes.best_share(sold, Fraction(str(self.calculation.settings.get("part", "0.2"))))
        if whole <= 0:
            return _NOT_SOLD
        return Result(_quotient(best, whole), best, whole, details={"products": count})


def _packed(sources: Sources, metric_id: str, where: tuple[tuple[str, tuple[Key, ...]], ...], period: Period) -> tuple[Any, Any] | None:
    """Return the products that have rows and a metric's amount of each as arrays, in the order of their ids.

    None where the metric is no sum of measures that are kept by product, or the filters look at more than these know.
    """
    calculation = sources.catalogue.metric(metric_id).calculation
    if not isinstance(calculation, Sum):
        return None
    scope = Scope(where, ("product",))
    columns = []
    for term in calculation.terms:
        measure = sources.catalogue.measures.get(term.of)
        found = None if measure is None else sources.loads.product_column(measure, scope, period)
        if found is None:
            return None
        columns.append((term.sign, *found))
    import numpy as np

    size = max((int(keys.max(initial=0)) for _, keys, _ in columns), default=0) + 1
    total, has_rows = np.zeros(size, np.int64), np.zeros(size, bool)
    for sign, keys, values in columns:
        total[keys] += sign * values
        has_rows[keys] = True
    has_rows[0] = False  # lines of no product
    products = has_rows.nonzero()[0]
    return products, total[products]


# ---- what made a change


class PriceVolumeMix(_Changing):
    """The change of paid sales by price, volume and mix, new and lost products.

    Units of different categories are different things, so each category is split by itself and the parts are added.
    """

    STEPS = ("price", "volume", "mix", "new", "lost", "cannot_split")

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        facts = self.parts.facts
        self._groups = tuple(name for name in facts.per if name != "product")
        self._by_product = Scope(facts.where, (*self._groups, "product"))
        form = calculation.settings.get("form", "bennet")
        self._form: decompose.Form = "classic" if form == "classic" else "bennet"

    def asked(self, place: int, scope: Scope | None = None) -> Asked:
        return super().asked(place, self._by_product if scope is None else scope)

    def results(self, period: Period) -> Results:
        now, before, why = self.between(period)
        if before is None:
            assert why is not None
            return parted.results({}, why, self.scope)
        whole = self.asked(0, Scope(self.parts.facts.where))
        old, new = whole.results(before).get(()), whole.results(now).get(())
        for one in (old, new):
            if one.value is None:
                quality = "insufficient_history" if one is old and one.quality == "missing" else one.quality
                return parted.results({}, one._replace(quality=quality), self.scope)
        told = {"base_first": iso(before.first), "base_last": iso(before.last)}
        return self._split(period, lambda result: _weak(result._replace(details=told), new, old))

    def _split(self, period: Period, dressed: Callable[[Result], Result]) -> Results:
        steps: dict[Cut, dict[str, Fraction]] = {}
        packed = self._of_columns(period)
        if packed is not None:
            steps[()] = self._added(packed)
        else:
            for cut, by_category in self._sold(period).items():
                steps[cut] = self._added(decompose.split_prices(products, self._form) for products in by_category.values())
        return _by_step(self.parts, steps, self.scope, dressed)

    def _added(self, splits: Iterable[decompose.PriceSplit]) -> dict[str, Fraction]:
        total = dict.fromkeys(self.STEPS, Fraction(0))
        for split in splits:
            for step in self.STEPS:
                total[step] += getattr(split, step)
        return total

    def _of_columns(self, period: Period) -> list[decompose.PriceSplit] | None:
        """Return the split of each category from packed columns; None where rows have to be looked at, or there are none."""
        if self.parts.facts.per:
            return None
        now, before, _ = self.between(period)
        assert before is not None
        catalogue, columns = self.sources.catalogue, []
        for when in (before, now):
            for metric in (self.calculation.of[1], self.calculation.of[0]):
                calculation = catalogue.metric(metric).calculation
                if not isinstance(calculation, Sum) or len(calculation.terms) != 1 or calculation.terms[0].sign < 0:
                    return None
                measure = catalogue.measures.get(calculation.terms[0].of)
                found = None if measure is None else self.sources.loads.product_column(measure, self._by_product, when)
                if found is None:
                    return None
                columns.append(found)
        import numpy as np

        size = max(int(keys.max(initial=0)) for keys, _ in columns) + 1
        spread = [np.zeros(size, np.int64) for _ in columns]
        for of, (keys, values) in zip(spread, columns, strict=True):
            of[keys] = values
        has_rows = np.zeros(size, bool)
        for keys, _ in columns:
            has_rows[keys] = True
        if not has_rows.any():
            return None
        spread[0][0] = spread[2][0] = 0  # units of no product have no price
        category = np.zeros(size, np.int64)
        named = self.sources.conn.execute("SELECT product_id, category_id FROM product WHERE category_id IS NOT NULL").fetchall()
        if named:
            products, kinds = (np.array(column, np.int64) for column in zip(*named, strict=True))
            known = products < size
            category[products[known]] = kinds[known]
        groups = [has_rows & (category == kind) for kind in np.unique(category[has_rows]).tolist()]
        split = decompose.split_columns
        return [split(spread[0][group], spread[1][group], spread[2][group], spread[3][group], self._form) for group in groups]

    def _sold(self, period: Period) -> dict[Cut, dict[Key, list[decompose.Amounts]]]:
        """Return the products of each cut by their category."""
        now, before, _ = self.between(period)
        assert before is not None
        columns = [self.asked(place).amounts(when) for when in (before, now) for place in (1, 0)]
        units_before, value_before, units_now, value_now = columns
        # What no row states is not known, and no part of a change.
        unknown = {key for column in columns if None in column.values() for key, amount in column.items() if amount is None}
        category = dict(self.sources.conn.execute("SELECT product_id, category_id FROM product WHERE category_id IS NOT NULL"))
        # Of thousands of products each look-up counts: what sold now is at hand, the period before is looked up.
        gone = value_before.keys() - value_now.keys()
        sold = {key: (units_before.get(key, 0), value_before.get(key, 0), units_now.get(key, 0), value) for key, value in value_now.items()}
        sold.update((key, (units_before.get(key, 0), value_before[key], units_now.get(key, 0), 0)) for key in gone)
        for key in unknown & sold.keys():
            del sold[key]
        for key in sold:
            if key[-1] is None:  # units of no product have no price
                sold[key] = (0, sold[key][1], 0, sold[key][3])
        per = self.parts.facts.per
        if not per and not category:
            return {(): {None: list(sold.values())}} if sold else {}  # type: ignore[arg-type]
        found: dict[Cut, dict[Key, list[decompose.Amounts]]] = {}
        at = per.index("product") if "product" in per else None
        for key, amounts in sold.items():
            product = key[-1]
            cut = () if not per else key[:-1] if at is None else (*key[:at], product, *key[at:-1])
            by_category = found.get(cut)
            if by_category is None:
                by_category = found[cut] = defaultdict(list)
            by_category[category.get(product)].append(amounts)  # type: ignore[arg-type]
        return found


class Drivers(_Changing):
    """The change of paid sales by visits, orders a visit and value an order; without visits by orders and their value.

    Effects of channels are worked out apart and added where every channel that sold has visits; else all is one.
    """

    LEAF = "channel"

    def results(self, period: Period) -> Results:
        now, before, why = self.between(period)
        if before is None:
            assert why is not None
            return parted.results({}, why, self.scope)
        facts = self.parts.facts
        sides = self._sides(facts, before, now)
        leaves: dict[Cut, dict[Cut, _Moved]] = {}
        if self.LEAF not in facts.dimensions and self.LEAF in self.metric.dimensions:
            for cut, moved in self._sides(Scope(facts.where, (*facts.per, self.LEAF)), before, now).items():
                leaves.setdefault(cut[:-1], {})[cut] = moved
        steps: dict[Cut, dict[str, Fraction]] = {}
        refused: dict[Cut, Result] = {}
        weak: dict[Cut, Result] = {}
        for cut, moved in sides.items():
            unknown = moved.unknown()
            if unknown is not None:
                refused[cut] = unknown
                continue
            ways = moved.ways()
            parts = leaves.get(cut, {})
            if ways[0] == "sessions" and moved.is_made_of(parts.values()):
                steps[cut] = _added([one.split(ways)[0] for one in parts.values()])
                weak[cut] = moved.weakness({"channels": len(parts), "method": "log_mean"})
            else:
                steps[cut], method = moved.split(ways)
                weak[cut] = moved.weakness({"method": method})
        found = _by_step(self.parts, steps, self.scope, lambda result: result)
        if not self.scope.per:
            return parted.results({(): _dressed(found.absent, refused.get((), weak.get(())))}, _NOT_STATED, self.scope)
        facts_of = self._facts_of

        def dressed(cut: Cut) -> Result:
            key = facts_of(cut)
            return refused[key] if key in refused else _dressed(found.get(cut), weak.get(key))

        cuts = {*found.cuts, *(self.parts.cut(cut, dict.fromkeys(self.parts.by, "cannot_split")) for cut in refused)}
        return Results(cuts, dressed, found.absent)

    def _facts_of(self, cut: Cut) -> Cut:
        return tuple(key for name, key in zip(self.scope.per, cut, strict=True) if name not in self.parts.by)

    def _sides(self, scope: Scope, before: Period, now: Period) -> dict[Cut, _Moved]:
        columns = [self.asked(place, scope).results(when) for when in (before, now) for place in range(3)]
        # Each asked in the order value, orders, visits with purchases.
        cuts = set().union(*(column.cuts for column in columns)) if scope.per else {()}
        return {cut: _Moved(*[column.get(cut) for column in columns]) for cut in cuts}

    def want(self, period: Period) -> None:
        super().want(period)
        now, before, _ = self.between(period)
        facts = self.parts.facts
        if self.LEAF not in facts.dimensions:
            for place in range(3):
                one = self.asked(place, Scope(facts.where, (*facts.per, self.LEAF)))
                one.want(now)
                if before is not None:
                    one.want(before)


class _Moved(NamedTuple):
    """Value, orders and conversion (with visits as its base) in two periods."""

    value_before: Result
    orders_before: Result
    visits_before: Result
    value_now: Result
    orders_now: Result
    visits_now: Result

    def unknown(self) -> Result | None:
        for one in (self.value_now, self.value_before):
            if one.value is None:
                is_short = one is self.value_before and one.quality == "missing"
                return one._replace(quality="insufficient_history" if is_short else one.quality, numerator=None, denominator=None)
        return None

    def weakness(self, details: Mapping[str, object]) -> Result:
        return _weak(Result(0, details=details), self.value_now, self.value_before, self.orders_now, self.orders_before)

    def ways(self) -> tuple[str, ...]:
        """Return the factors that the sources can tell: visits only where they explain enough of the orders."""
        parts = []
        for orders, visits in ((self.orders_before, self.visits_before), (self.orders_now, self.visits_now)):
            if visits.quality not in ("ok", "no_base") or visits.denominator is None:
                return ("orders", "order_value")
            if not orders.value and not visits.numerator:
                continue  # nobody bought, and the visits say the same
            if not orders.value or not visits.numerator:
                return ("orders", "order_value")
            parts.append(Fraction(visits.numerator) / Fraction(orders.value))
        if not parts:
            return ("orders", "order_value")
        if min(parts) < LEAST_TRACKED:
            return ("orders", "order_value")
        if min(parts) >= NEARLY_ALL:
            return ("sessions", "conversion", "order_value")
        return ("sessions", "conversion", "untracked", "order_value")

    def split(self, ways: tuple[str, ...]) -> tuple[dict[str, Fraction], str]:
        """Return each factor's effect; they add up to the change exactly."""
        old, new = self._factors(ways, False), self._factors(ways, True)
        value_before, value_now = self.value_before.value or 0, self.value_now.value or 0
        change = Fraction(value_now) - Fraction(value_before)
        split = decompose.split_product(old, new)
        allowed = 1e-6 * max(abs(float(value_before)), abs(float(value_now)), 1.0)
        if abs(sum(split.effects) - float(change)) > allowed:
            # Money moved without orders, or orders without visits: nothing leads from one to the other.
            return {"cannot_split": change}, "unsplit"
        return decompose.closed(dict(zip(ways, split.effects, strict=True)), change), split.method

    def _factors(self, ways: tuple[str, ...], is_now: bool) -> list[Number | None]:
        value, orders, visits = self[3:] if is_now else self[:3]
        count, seen = orders.value or 0, visits.denominator or 0
        tracked = visits.numerator or 0
        reached = tracked if "untracked" in ways else count
        of: dict[str, Number | None] = {
            "orders": count,
            "sessions": seen,
            "conversion": _quotient(reached, seen) if seen else None,
            "untracked": _quotient(count, tracked) if tracked else None,
            "order_value": _quotient(value.value or 0, count) if count else None,
        }
        return [of[name] for name in ways]

    def is_made_of(self, parts: Iterable[_Moved]) -> bool:
        """Say whether the parts tell the same as the whole, and each that sold has visits."""
        parts = list(parts)
        if len(parts) < 2:
            return False
        for value, orders, visits in ((0, 1, 2), (3, 4, 5)):
            for part in parts:
                sold = bool(part[value].value or part[orders].value)
                if part[value].value is None or part[orders].value is None or (sold and not part[visits].numerator):
                    return False
            for place, side in ((value, "value"), (orders, "value"), (visits, "denominator")):
                if sum(getattr(part[place], side) or 0 for part in parts) != getattr(self[place], side):
                    return False
        return True


class RateMix(_Changing):
    """The change of a rate by what moved within its parts and by their weights.

    The parts are those of the cut; where it is cut by nothing, those of the dimension that the settings name.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        facts = self.parts.facts
        rate = sources.catalogue.metric(calculation.of[0])
        named = str(calculation.settings.get("by", "channel"))
        leaf = named if named in rate.dimensions else next(iter(rate.dimensions), None)
        self._per = facts.per or (() if leaf is None else (leaf,))
        self._segments = Scope(facts.where, self._per)
        self._whole = Scope(facts.where)

    def want(self, period: Period) -> None:
        now, before, _ = self.between(period)
        for scope in (self._segments, self._whole):
            self.asked(0, scope).want(now)
            if before is not None:
                self.asked(0, scope).want(before)

    def results(self, period: Period) -> Results:
        now, before, why = self.between(period)
        if before is None:
            assert why is not None
            return parted.results({}, why, self.scope)
        whole = self.asked(0, self._whole)
        old, new = whole.results(before).get(()), whole.results(now).get(())
        for one in (old, new):
            if one.value is None:
                quality = "insufficient_history" if one is old and one.quality == "missing" else one.quality
                return parted.results({}, one._replace(value=None, numerator=None, denominator=None, quality=quality), self.scope)
        split = self._split(before, now)
        steps: dict[Cut, dict[str, Fraction]]
        if self.parts.facts.per:
            steps = {cut: {"within": within, "mix": mix} for cut, (within, mix) in split.items()}
        else:
            assert old.value is not None and new.value is not None
            change = Fraction(new.value) - Fraction(old.value)
            within = sum((one[0] for one in split.values()), Fraction(0))
            mix = sum((one[1] for one in split.values()), Fraction(0))
            steps = {(): {"within": within, "mix": mix, "cannot_split": change - within - mix}}
        return _by_step(self.parts, steps, self.scope, lambda result: _weak(result, new, old))

    def _split(self, before: Period, now: Period) -> dict[Cut, tuple[Fraction, Fraction]]:
        segments = self.asked(0, self._segments)
        first, second = segments.results(before), segments.results(now)
        cuts = {*first.cuts, *second.cuts} if self._per else {()}
        rated = {cut: decompose.Rated(*_sides(first.get(cut)), *_sides(second.get(cut))) for cut in cuts}
        return decompose.split_rate(rated)


def _sides(result: Result) -> tuple[Fraction, Fraction]:
    """Return what stands above and below the line of a rate; nothing where there is none."""
    if result.value is None or not result.denominator:
        return Fraction(0), Fraction(0)
    under = Fraction(result.denominator)
    return Fraction(result.value) * under, under


def _added(parts: Iterable[Mapping[str, Fraction]]) -> dict[str, Fraction]:
    total: dict[str, Fraction] = {}
    for one in parts:
        for step, effect in one.items():
            total[step] = total.get(step, Fraction(0)) + effect
    return total


def _by_step(
    parts: Parted, steps: Mapping[Cut, Mapping[str, Fraction]], scope: Scope, dressed: Callable[[Result], Result]
) -> Results:
    """Return effects by cut: each step where it is cut by steps, else the sum of those the filters let pass."""
    found: dict[Cut, Result] = {}
    for cut, effects in steps.items():
        passing = {step: effect for step, effect in effects.items() if parts.passes("step", step)}
        if "step" in parts.by:
            for step, effect in passing.items():
                if effect or step != "cannot_split":
                    found[parts.cut(cut, {"step": step})] = dressed(Result(_plain(effect)))
        else:
            found[parts.cut(cut, {})] = dressed(Result(_plain(sum(passing.values(), Fraction(0)))))
    return parted.results(found, dressed(Result(0)), scope)


def _dressed(result: Result, weakness: Result | None) -> Result:
    if weakness is None:
        return result
    if weakness.value is None:
        return weakness
    return result._replace(quality=weakness.quality, reason=weakness.reason, details=weakness.details)


# ---- seasons


class Seasonality(_Changing):
    """How each day of the week, or each week of the year, stands to the level around it; 1 is the mean."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._is_of_weeks = "week" in self.parts.by or self.parts.is_filtered("week")
        self._part = "week" if self._is_of_weeks else "weekday"

    def between(self, period: Period) -> _Base:
        """Return the days that are looked at; there is no other period."""
        end = parted.elapsed(self.sources, self.metric, self.scope, period).last
        days = season.YEARLY_DAYS if self._is_of_weeks else season.WEEKLY_DAYS
        return _Base(Period(end - days + 1, end), None)

    def want(self, period: Period) -> None:
        one = self.asked(0)
        for day in self._days(period):
            one.want(Period(day, day))

    def _days(self, period: Period) -> range:
        days = self.between(period).now
        since = None if not self.metric.needs else self.sources.coverage.since(self.metric.needs[0], parted.shops(self.scope))
        return range(days.first if since is None else max(days.first, since), days.last + 1)

    def results(self, period: Period) -> Results:
        self.want(period)
        one = self.asked(0)
        by_day = {day: one.results(Period(day, day)) for day in self._days(period)}
        special = self._events(period)
        found: dict[Cut, Result] = {}
        cuts = set().union(*(found.cuts for found in by_day.values())) if self.parts.facts.per else {()}
        short = Result(None, quality="insufficient_history", reason="metrics.season_short", details=self._needed())
        for cut in cuts:
            values = {day: value for day, of in by_day.items() if (value := of.get(cut).value) is not None}
            index, count = self._index(values, special)
            for key, level in index.items():
                if self.parts.passes(self._part, key) and self._part in self.parts.by:
                    found[self.parts.cut(cut, {self._part: key})] = Result(level, base=count)
            if self._part not in self.parts.by:
                passing = [level for key, level in index.items() if self.parts.passes(self._part, key)]
                found[self.parts.cut(cut, {})] = Result(sum(passing) / len(passing), base=count) if passing else short
        if not self.scope.per:
            return parted.results(found, short, self.scope)
        return Results(found.keys(), found.__getitem__, short)

    def _index(self, values: Mapping[Day, Number], special: frozenset[Day]) -> tuple[dict[str, Fraction], int]:
        if self._is_of_weeks:
            weeks, count = season.of_weeks(values, special)
            return {f"{week:02d}": level for week, level in weeks.items()}, count
        weekdays, count = season.of_weekdays(values, special)
        return {str(weekday): level for weekday, level in weekdays.items()}, count

    def _needed(self) -> dict[str, object]:
        return {"weeks": season.LEAST_YEARLY_WEEKS if self._is_of_weeks else season.LEAST_WEEKS}

    def _events(self, period: Period) -> frozenset[Day]:
        """Return the days of promotions and feasts: they say nothing about an ordinary week."""
        days = self.between(period).now
        found: set[Day] = set()
        for event in events.followed(self.sources.conn):
            found.update(range(max(event.first, days.first), min(event.last, days.last) + 1))
        return frozenset(found)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        for view in _views(self.sources, self.calculation.of[0]):
            yield Evidence(view, self.between(period).now)


def _quotient(over: Number, under: Number) -> Number:
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over) / Fraction(under)


def _plain(number: Fraction) -> Number:
    return int(number) if number.denominator == 1 else number


METHODS: dict[str, type[Working]] = {
    "growth": Growth,
    "abc": AbcClass,
    "top_share": TopShare,
    "price_volume_mix": PriceVolumeMix,
    "drivers": Drivers,
    "rate_mix": RateMix,
    "seasonality": Seasonality,
}
