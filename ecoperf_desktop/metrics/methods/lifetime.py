"""Methods of customers' future: how likely they still are customers, and what they will be worth."""

# SQL is put together from our own views and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.scope import Cut, Scope, conditions
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.views import VIEWS

if TYPE_CHECKING:
    from ecoperf_desktop.metrics.methods.buying import Left
    from ecoperf_desktop.metrics.methods.buying_model import Buying, Float64, Histories
    from ecoperf_desktop.model.columns import Int64

# A model of less would be made of chance.
LEAST_CUSTOMERS = 500
LEAST_WEEKS = 26
# What the model says of the last quarter, which it did not see, may differ from what happened by this factor.
CHECK_FACTOR = 2.0
# Gamma-Gamma takes value and frequency as independent: beyond this correlation they are not.
MOST_CORRELATION = 0.3
_WEEK = 7


@dataclass(frozen=True)
class Customers:
    """Customers of one cut as of one day: repeat purchase days, first and last one, and what a repeat one was worth."""

    x: Int64
    first: Int64
    last: Int64
    mean_value: Float64
    as_of: Day

    def histories(self) -> Histories:
        """Return them in weeks, as the model wants them."""
        from ecoperf_desktop.metrics.methods.buying_model import Histories

        return Histories(self.x, (self.last - self.first) / _WEEK, (self.as_of - self.first) / _WEEK)

    @property
    def weeks(self) -> int:
        """Return for how many whole weeks the first of them is known."""
        return int(self.as_of - int(self.first.min())) // _WEEK if len(self.x) else 0


class Purchases:
    """Purchase days of known buyers in a scope, with what each was worth and what was refunded of it when."""

    def __init__(self, sources: Sources, scope: Scope) -> None:
        from ecoperf_desktop.metrics.methods import buying

        sold = buying.left(sources, scope, {"line": {"net": 1}}, buying.EVER)
        refunds = _refunds(sources, scope)
        self._of = {cut: _PurchaseDays(rows, refunds.get(cut, [])) for cut, rows in sold.items()}

    def customers(self, as_of: Day) -> dict[Cut, Customers]:
        """Return the customers of each cut as they were on a day.

        One purchase a day; a day of which all was refunded by then, or that was worth nothing, is none.
        """
        found = ((cut, days.customers(as_of)) for cut, days in self._of.items())
        return {cut: customers for cut, customers in found if len(customers.x)}


class _PurchaseDays:
    """The purchase days of one cut, buyer by buyer."""

    def __init__(self, sold: Left, refunds: list[tuple[int, ...]]) -> None:
        import numpy as np

        low = int(sold.days.min())
        width = int(sold.days.max()) - low + 1
        code = sold.buyers * width + (sold.days - low)
        order = np.argsort(code, kind="stable")
        begins = np.flatnonzero(np.diff(code[order], prepend=-1))
        codes = code[order][begins]
        self._values = np.add.reduceat(sold.amounts[order], begins)
        self._buyers, days = np.divmod(codes, width)
        self._days = days + low
        buyer, day, self._refunded_on, self._refunded = np.array(refunds, np.int64).reshape(len(refunds), 4).T
        # Each was found by its order, so that its buyer bought on its day: unless the order has no lines.
        of = buyer * width + (day - low)
        self._refunded_at = np.minimum(np.searchsorted(codes, of), len(codes) - 1)
        self._refunded = np.where(codes[self._refunded_at] == of, self._refunded, 0)

    def customers(self, as_of: Day) -> Customers:
        import numpy as np

        values = self._values.copy()
        known = self._refunded_on <= as_of
        np.subtract.at(values, self._refunded_at[known], self._refunded[known])
        bought = (self._days <= as_of) & (values > 0)
        buyers, days, worth = self._buyers[bought], self._days[bought], values[bought].astype(np.float64)
        starts = np.flatnonzero(np.diff(buyers, prepend=-1))
        if not len(starts):
            return Customers(days, days, days, worth, as_of)
        ends = np.append(starts[1:], len(buyers))
        x = ends - starts - 1
        later = worth.copy()
        later[starts] = 0.0
        mean_value = np.divide(np.add.reduceat(later, starts), x, out=np.zeros(len(x)), where=x > 0)
        return Customers(x, days[starts], days[ends - 1], mean_value, as_of)


def _refunds(sources: Sources, scope: Scope) -> dict[Cut, list[tuple[int, ...]]]:
    """Return buyer and day of the order, day and amount of each refund whose order is known, by cut of the order.

    A refund may name another channel than its order: it is the order that counts.
    """
    view = VIEWS["order"]
    filters, texts = conditions(scope, view)
    columns = [*(view.dims[name] for name in scope.per), "buyer_id", "day", "refunded_on", "refunded"]
    found: dict[Cut, list[tuple[int, ...]]] = {}
    for row in sources.conn.execute(
        f"SELECT {', '.join(columns)} FROM (SELECT order_id AS of_order, day AS refunded_on, goods_minor AS refunded "
        f"FROM ({VIEWS['refund'].sql}) WHERE order_id IS NOT NULL) CROSS JOIN ({view.sql}) "
        f"WHERE {' AND '.join(['order_id = of_order', 'buyer_id IS NOT NULL', *filters])}",
        texts,
    ):
        found.setdefault(row[:-4], []).append(row[-4:])
    return found


@dataclass(frozen=True)
class Known:
    """A model that passed its check, with the customers it is of."""

    customers: Customers
    model: Buying
    predicted: float
    happened: int


class _Models:
    """The models of a scope by day and cut, each fitted once."""

    def __init__(self, purchases: Purchases) -> None:
        self._purchases = purchases
        self._customers: dict[Day, dict[Cut, Customers]] = {}
        self._known: dict[tuple[Day, Cut], Known | Result] = {}

    def customers(self, as_of: Day) -> dict[Cut, Customers]:
        if as_of not in self._customers:
            self._customers[as_of] = self._purchases.customers(as_of)
        return self._customers[as_of]

    def of(self, as_of: Day, cut: Cut) -> Known | Result:
        """Return the model, or why there is none."""
        if (as_of, cut) not in self._known:
            self._known[as_of, cut] = self._fitted(as_of, cut)
        return self._known[as_of, cut]

    def _fitted(self, as_of: Day, cut: Cut) -> Known | Result:
        from ecoperf_desktop.metrics.methods.buying_model import expected_purchases, fit_buying

        customers = self.customers(as_of).get(cut)
        count = 0 if customers is None else len(customers.x)
        if customers is None or count < LEAST_CUSTOMERS:
            return _unknown("metrics.lifetime_few_customers", customers=count, needed=LEAST_CUSTOMERS)
        if customers.weeks < LEAST_WEEKS:
            return _unknown("metrics.lifetime_few_weeks", weeks=customers.weeks, needed=LEAST_WEEKS)
        # The last quarter is kept apart: what the model makes of the time before must be near what then happened.
        ahead = customers.weeks // 4 * _WEEK
        earlier = self.customers(as_of - ahead).get(cut)
        if earlier is None or not (earlier.x > 0).any():
            return _unknown("metrics.lifetime_nobody_returned")
        then = earlier.histories()
        model = fit_buying(then)
        predicted = float(expected_purchases(model, then, ahead / _WEEK).sum())
        known_then = customers.first <= as_of - ahead
        happened = int(customers.x[known_then].sum() - earlier.x.sum())
        if not happened / CHECK_FACTOR <= predicted <= happened * CHECK_FACTOR:
            return _unknown("metrics.lifetime_check_failed", predicted=round(predicted), happened=happened)
        return Known(customers, fit_buying(customers.histories()), predicted, happened)


class _AllModels:
    """The models of all scopes: both methods ask for the same ones."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._by_scope: dict[Scope, _Models] = {}

    def of(self, scope: Scope) -> _Models:
        if scope not in self._by_scope:
            self._by_scope[scope] = _Models(Purchases(self._sources, scope))
        return self._by_scope[scope]


class _OfModel(Working):
    """What follows from the model of each cut's customers as of the period's last day with data."""

    def results(self, period: Period) -> Results:
        as_of = self._as_of(period)
        models = self.sources.shared(_AllModels).of(self.scope)
        if self.scope.per:
            cuts = models.customers(as_of)
            return Results(cuts.keys(), lambda cut: self._result(models, as_of, cut), _none())
        return Results((), lambda cut: _none(), self._result(models, as_of, ()))

    def evidence(self, period: Period) -> Iterable[Evidence]:
        """Return all lines and refunds of known buyers up to the day: the model rests on every one."""
        as_of = self._as_of(period)
        whole = Period(min(self.sources.coverage.since("sales") or as_of, as_of), as_of)
        yield Evidence("line", whole, "customer_id IS NOT NULL")
        # A refund may name another channel than its order: it is the order that counts.
        yield Evidence("refund", whole, "order_id IS NOT NULL", Scope())

    def _as_of(self, period: Period) -> Day:
        shops = [key for key in self.scope.keys("shop") or () if isinstance(key, int)] or None
        through = self.sources.coverage.through("sales", shops)
        # Days without data would make everybody look gone.
        return period.last if through is None else min(period.last, through)

    def _result(self, models: _Models, as_of: Day, cut: Cut) -> Result:
        known = models.of(as_of, cut)
        return known if isinstance(known, Result) else self._worked_out(known, cut)

    @abstractmethod
    def _worked_out(self, known: Known, cut: Cut) -> Result:
        """Return what a model that passed its check says of its customers."""


class StillCustomers(_OfModel):
    """The mean chance that a customer who came back at least once still is one.

    Who bought once is left out: the model cannot tell, and says so in ``unknown``.
    """

    def _worked_out(self, known: Known, cut: Cut) -> Result:
        import numpy as np

        from ecoperf_desktop.metrics.methods.buying_model import p_alive

        chances = p_alive(known.model, known.customers.histories())
        told = chances[~np.isnan(chances)]
        if not len(told):
            return _unknown("metrics.lifetime_nobody_returned")
        total = float(told.sum())
        details = {**_told(known), "unknown": len(chances) - len(told)}
        return Result(total / len(told), total, len(told), details=details)


class FutureValue(_OfModel):
    """What a customer is expected to leave as margin in the coming year, discounted: the mean over all customers.

    The first metric it is ``of`` is the share of value that is left.  The horizon is never longer than what was observed.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        share = sources.catalogue.metric(calculation.of[0])
        if share.unit != "ratio":
            raise MetricRefused("metrics.lifetime_needs_share", metric=share.id)
        self._share = sources.asked(share.id, scope)

    def want(self, period: Period) -> None:
        self._share.want(_year(self._as_of(period)))

    def _result(self, models: _Models, as_of: Day, cut: Cut) -> Result:
        share = self._share.results(_year(as_of)).get(cut)
        if share.value is None:  # no need to fit anything
            return share._replace(numerator=None, denominator=None)
        return super()._result(models, as_of, cut)

    def _worked_out(self, known: Known, cut: Cut) -> Result:
        from ecoperf_desktop.metrics.methods.buying_model import (
            correlation,
            discounted_purchases,
            expected_value,
            fit_spending,
        )

        customers = known.customers
        share = self._share.results(_year(customers.as_of)).get(cut)
        assert share.value is not None
        settings = self.calculation.settings
        came_back = customers.x > 0
        related = correlation(customers.x[came_back].astype(float), customers.mean_value[came_back])
        if abs(related) > MOST_CORRELATION:
            return _unknown("metrics.lifetime_values_depend", correlation=round(related, 2))
        worth = fit_spending(customers.x[came_back], customers.mean_value[came_back])
        horizon = min(int(str(settings["weeks"])), customers.weeks)
        histories = customers.histories()
        purchases = discounted_purchases(known.model, histories, horizon, float(str(settings["discount"])))
        values = expected_value(worth, customers.x, customers.mean_value)
        total = float((purchases * values).sum()) * float(share.value)
        details = {**_told(known), "weeks": horizon, "share": float(share.value), "correlation": round(related, 2)}
        found = Result(total / len(histories), total, len(histories), details=details)
        return found if share.quality == "ok" else found._replace(quality=share.quality, reason=share.reason, details={**details, **share.details})


METHODS: dict[str, type[Working]] = {"clv_predicted": FutureValue, "p_alive": StillCustomers}


def _year(as_of: Day) -> Period:
    return Period(as_of - 364, as_of)


def _told(known: Known) -> Mapping[str, object]:
    return {"customers": len(known.customers.x), "check_predicted": round(known.predicted), "check_happened": known.happened}


def _none() -> Result:
    return _unknown("metrics.lifetime_few_customers", customers=0, needed=LEAST_CUSTOMERS)


def _unknown(code: str, **details: object) -> Result:
    return Result(None, quality="insufficient_history", reason=code, details=details)
