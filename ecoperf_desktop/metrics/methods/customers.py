"""Methods of customers: who stays, comes back, and is worth what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ecoperf_desktop.metrics import compare
from ecoperf_desktop.metrics.asked import Asked, Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods import parted
from ecoperf_desktop.metrics.methods.parted import Parted
from ecoperf_desktop.metrics.scope import Cut, Scope
from ecoperf_desktop.model.days import Day, Grain, Period, buckets, iso, parse_bucket
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.model.value import Number

# numpy is imported where numbers are worked out: the catalogue is read before the first paint.
if TYPE_CHECKING:
    from ecoperf_desktop.metrics.methods.buying import Bought, Left
    from ecoperf_desktop.metrics.methods.recency import Scores
    from ecoperf_desktop.model.columns import Bool, Int64

# Intervals and curves are told in steps of so many days.
STEP_DAYS = 30

_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")
_NOT_COMPLETE = Result(None, quality="insufficient_history", reason="metrics.cohort_not_complete")


class _OfCustomers(Working):
    """What looks at whole histories of buyers in shops, channels and regions."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self.parts = Parted(scope, calculation.parts)

    @property
    def facts(self) -> Scope:
        return self.parts.facts

    def known_until(self, period: Period) -> Day:
        """Return the newest day with data; the period's last where it is not known."""
        through = parted.through(self.sources, self.metric, self.scope)
        return period.last if through is None else through

    def since(self) -> Day | None:
        return self.sources.coverage.since("sales", parted.shops(self.scope))

    def all_until(self, day: Day) -> Period:
        """Return all days with data up to one."""
        since = self.since()
        return Period(day if since is None else min(since, day), day)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        for view in self.calculation.views:
            yield Evidence(view, self.all_until(self.known_until(period)), "buyer_id IS NOT NULL")


# ---- staying and coming back


class Retention(_OfCustomers):
    """The part of an earlier time's buyers who bought again."""

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import buying

        before, now = self._times(period)
        verdict = self.sources.verdicts(self.metric, parted.shops(self.scope)).on(before)[1]
        if verdict is not None and verdict.quality == "missing":
            short = verdict._replace(quality="insufficient_history")
            return parted.results(dict.fromkeys(self._cuts(before, now), short), short, self.scope)
        of = buying.bought(self.sources, self.facts, Period(before.first, now.last))
        found = {}
        for cut, one in of.items():
            result = self._rate(one.between(before), one.between(now))
            if verdict is not None and result.value is not None:
                result = result._replace(quality=verdict.quality, reason=verdict.reason, details=verdict.details)
            found[cut] = result
        return parted.results(found, _NO_BASE, self.scope)

    def _times(self, period: Period) -> tuple[Period, Period]:
        earlier = compare.earlier(self.sources.conn, "previous", period, None, None, self.sources.calendar)
        assert earlier.period is not None
        return earlier.period, period

    def _cuts(self, before: Period, now: Period) -> Iterable[Cut]:
        from ecoperf_desktop.metrics.methods import buying

        return buying.bought(self.sources, self.facts, Period(before.first, now.last)) if self.scope.per else ()

    def _rate(self, before: Int64, now: Int64) -> Result:
        from ecoperf_desktop.metrics.methods import cohorts

        again, count = cohorts.returned(before, now)
        return Result(Fraction(again, count), again, count, base=count) if count else _NO_BASE

    def evidence(self, period: Period) -> Iterable[Evidence]:
        for time in self._times(period):
            yield Evidence("order", time, "buyer_id IS NOT NULL")


class Churn(Retention):
    """The part of the buyers of the window's first half who bought nothing in its second."""

    def _times(self, period: Period) -> tuple[Period, Period]:
        half = period.days // 2
        return Period(period.last - 2 * half + 1, period.last - half), Period(period.last - half + 1, period.last)

    def _rate(self, before: Int64, now: Int64) -> Result:
        one = super()._rate(before, now)
        if one.value is None or one.denominator is None or one.numerator is None:
            return one
        lost = one.denominator - one.numerator
        return one._replace(value=Fraction(lost) / Fraction(one.denominator), numerator=lost)


class CohortRetention(_OfCustomers):
    """Of the customers who came in a month, the part who bought in a later one; months that are not over are left out.

    Customers are those whose first order in the scope lies in the period; what they did later counts up to the newest day
    with data.  Without the month since, all months after the first together; of several months of first orders those that
    are old enough.  Cut by both, the newest number of each month also says how many bought in the running one.
    """

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import buying, cohorts

        until = self.known_until(period)
        complete = cohorts.complete_through(until)
        is_apart = {"cohort", "age"} <= set(self.parts.by)
        found: dict[Cut, Result] = {}
        for facts, grid in buying.matrices(self.sources, self.facts, period).items():
            sums: dict[tuple[str, str], tuple[int, int]] = {}
            sizes, active = grid.sizes.tolist(), grid.active.tolist()
            for row, size in enumerate(sizes):
                month = cohorts.month_named(grid.first + row)
                if not size or not self.parts.passes("cohort", month):
                    continue
                for age in range(complete - grid.first - row + 1):
                    if not self._counts(f"{age:02d}"):
                        continue
                    key = (month if "cohort" in self.parts.by else "", f"{age:02d}" if "age" in self.parts.by else "")
                    bought_then, could = sums.get(key, (0, 0))
                    again = active[row][age] if age < len(active[row]) else 0
                    sums[key] = (bought_then + again, could + size)
            for (month, since), (again, size) in sums.items():
                result = Result(Fraction(again, size), again, size, base=size)
                found[self.parts.cut(facts, {"cohort": month, "age": since})] = result
            if is_apart and complete < cohorts.month_of(until):
                # Beside each newest number, how many bought again in the month that is not over yet.
                for row in range(len(sizes)):
                    age = complete - grid.first - row
                    newest = self.parts.cut(facts, {"cohort": cohorts.month_named(grid.first + row), "age": f"{age:02d}"})
                    if newest in found:
                        running = active[row][age + 1] if age + 1 < len(active[row]) else 0
                        found[newest] = found[newest]._replace(details={"running": running})
        return parted.results(found, _NOT_COMPLETE, self.scope)

    def _counts(self, age: str) -> bool:
        """Say whether a month since counts: that of the first order only where it is asked for."""
        if "age" in self.parts.by or self.parts.is_filtered("age"):
            return self.parts.passes("age", age)
        return age != "00"


class Repurchase(_OfCustomers):
    """Of the customers who came in the period, the part who bought again within so many days; only those who had the time.

    They are cut by where their first order was; where they bought again does not matter.  Cut by ``age``: within 30, 60,
    90 … days.
    """

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import buying

        until = self.known_until(period)
        days = int(str(self.calculation.settings["days"]))
        second = buying.seconds(self.sources)
        found: dict[Cut, Result] = {}
        for facts, one in buying.firsts(self.sources, self.facts).items():
            new = one.within(period)
            came, again = new.days, second[new.buyers]
            if "age" in self.parts.by or self.parts.is_filtered("age"):
                steps = range(STEP_DAYS, max(until - period.first, 0) + 1, STEP_DAYS)
                for step, result in _within_each(came, again, steps, until).items():
                    if self.parts.passes("age", f"{step:03d}"):
                        found[self.parts.cut(facts, {"age": f"{step:03d}"})] = result
            elif len(came):
                found[self.parts.cut(facts, {})] = _within(came, again, days, until)
        return parted.results(found, _NO_BASE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        # Where they bought again does not matter.
        yield Evidence("order", self.all_until(self.known_until(period)), "buyer_id IS NOT NULL", _EVERYWHERE)


_EVERYWHERE = Scope()


def _within(came: Int64, again: Int64, days: int, until: Day) -> Result:
    import numpy as np

    ripe = came + days <= until
    count = int(np.count_nonzero(ripe))
    if not count:
        return _NOT_COMPLETE
    returned = int(np.count_nonzero(ripe & (again <= came + days)))
    return Result(Fraction(returned, count), returned, count, base=count)


def _within_each(came: Int64, again: Int64, steps: range, until: Day) -> dict[int, Result]:
    """Return the same for many numbers of days, those without anybody who had the time left out."""
    import numpy as np

    ages = np.sort(until - came)
    back = (again <= until) & (again >= came)
    lags, ages_of_back = np.sort((again - came)[back]), np.sort((until - came)[back])
    ripe = len(ages) - np.searchsorted(ages, steps)
    # Who came back is counted from the day of coming back on, as long as the time is over: the age is never below the lag.
    returned = np.searchsorted(lags, steps, side="right") - np.searchsorted(ages_of_back, steps)
    return {
        step: Result(Fraction(again_then, count), again_then, count, base=count)
        for step, again_then, count in zip(steps, returned.tolist(), ripe.tolist(), strict=True)
        if count
    }


class PurchaseInterval(_OfCustomers):
    """The median of the days between a customer's purchase days; an interval belongs to the day that ends it.

    Cut by ``age`` (30 days a step) the median of the intervals of each step, with how many they are of how many.
    """

    def results(self, period: Period) -> Results:
        import numpy as np

        from ecoperf_desktop.metrics.methods import buying

        found: dict[Cut, Result] = {}
        for facts, gaps in buying.once(self.sources, ("pauses", self.facts, period), lambda: self._pauses(period)).items():
            count = len(gaps)
            if "age" not in self.parts.by and not self.parts.is_filtered("age"):
                found[self.parts.cut(facts, {})] = Result(_median(gaps), base=count)
                continue
            taken = [step for step in range(int(gaps[-1]) // STEP_DAYS + 1) if self.parts.passes("age", _days(step))]
            ends = np.searchsorted(gaps, [[step * STEP_DAYS, (step + 1) * STEP_DAYS] for step in taken]).reshape(-1, 2)
            own = {step: gaps[start:end] for step, (start, end) in zip(taken, ends.tolist(), strict=True) if end > start}
            if "age" not in self.parts.by:
                own = {0: np.concatenate(list(own.values()))} if own else {}
            for step, part in own.items():
                found[self.parts.cut(facts, {"age": _days(step)})] = Result(_median(part), len(part), count, base=len(part))
        return parted.results(found, _NO_BASE, self.scope)

    def _pauses(self, period: Period) -> dict[Cut, Int64]:
        """Return the intervals that end in the period, the shortest first, of each cut that has any."""
        import numpy as np

        from ecoperf_desktop.metrics.methods import buying, cohorts

        found = {}
        for facts, one in buying.visits(self.sources, self.facts).items():
            gaps, ended = cohorts.intervals(one)
            gaps = np.sort(gaps[(ended >= period.first) & (ended <= period.last)])
            if len(gaps):
                found[facts] = gaps
        return found

    def evidence(self, period: Period) -> Iterable[Evidence]:
        yield Evidence("order", self.all_until(period.last), "buyer_id IS NOT NULL")


def _median(ordered: Int64) -> int:
    """Return the smallest of ordered values that half of all do not exceed."""
    return int(ordered[(len(ordered) + 1) // 2 - 1])


def _days(step: int) -> str:
    return f"{step * STEP_DAYS:03d}"


# ---- recency, frequency, money


class _Scored(_OfCustomers):
    """Customers of the window by how lately, how often and for how much they bought."""

    def scored(self, period: Period) -> Mapping[Cut, tuple[Scores | None, Int64]]:
        """Return the scores and amounts of the customers of each cut, in the order of their ids; None where they are too few."""
        from ecoperf_desktop.metrics.methods import buying

        return buying.once(self.sources, ("scored", self.facts, period), lambda: self._scored(period))

    def _scored(self, period: Period) -> Mapping[Cut, tuple[Scores | None, Int64]]:
        import numpy as np

        from ecoperf_desktop.metrics.methods import buying, recency

        spent = buying.left(self.sources, self.facts, buying.NET, period)
        found = {}
        for cut, ever in buying.bought(self.sources, self.facts).items():
            one = ever.within(period)
            if not len(one.days):
                continue
            orders = np.bincount(one.buyers)
            last = np.zeros(len(orders), np.int64)
            last[one.buyers] = one.days  # in the order of days: the newest stays
            money = spent.get(cut, buying.NOTHING_LEFT)
            total = buying.total_by_buyer(money, max(len(orders), int(money.buyers.max(initial=0)) + 1))[: len(orders)]
            who = np.flatnonzero(orders)
            found[cut] = (recency.scores(last[who], orders[who], total[who]), total[who])
        return found

    def evidence(self, period: Period) -> Iterable[Evidence]:
        for view in self.calculation.views:
            yield Evidence(view, period, "buyer_id IS NOT NULL")


def _firm(result: Result, count: int) -> Result:
    from ecoperf_desktop.metrics.methods import recency

    if count >= recency.ENOUGH:
        return result
    details = {**result.details, "n": count, "at_least": recency.ENOUGH}
    return result._replace(quality="low_n", reason="metrics.rfm_thirds", details=details)


def _too_few(count: int) -> Result:
    from ecoperf_desktop.metrics.methods import recency

    details = {"customers": count, "needed": recency.LEAST}
    return Result(None, quality="insufficient_history", reason="metrics.rfm_few", details=details)


class RfmScore(_Scored):
    """The mean score of customers: of recency, frequency and money apart (``step``), or of all three."""

    STEPS = ("recency", "frequency", "monetary")

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import recency

        found: dict[Cut, Result] = {}
        steps = [step for step in self.STEPS if self.parts.passes("step", step)]
        names = [group.code for group in recency.groups()]
        for facts, (scores, amounts) in self.scored(period).items():
            if scores is None:
                found.update({cut: _too_few(len(amounts)) for cut in self._unscored(facts, steps)})
                continue
            place = recency.grouped(scores)
            taken = [at for at, name in enumerate(names) if self.parts.passes("segment", name)]
            for at in taken if "segment" in self.parts.by else [None]:
                own = place == at if at is not None else _any_of(place, taken)
                totals = {step: int(getattr(scores, step)[own].sum()) for step in steps}
                count = int(own.sum())
                if not count:
                    continue
                name = "" if at is None else names[at]
                for step in steps if "step" in self.parts.by else [""]:
                    total = totals[step] if step else sum(totals.values())
                    of = count if step else count * len(steps)
                    if of:
                        one = Result(Fraction(total, of), total, of)
                        found[self.parts.cut(facts, {"segment": name, "step": step})] = _firm(one, len(amounts))
        return parted.results(found, _too_few(0), self.scope)

    def _unscored(self, facts: Cut, steps: Iterable[str]) -> Iterable[Cut]:
        if "segment" in self.parts.by:
            return
        for step in steps if "step" in self.parts.by else [""]:
            yield self.parts.cut(facts, {"step": step})


class RfmSegment(_Scored):
    """How many customers there are of each group, with what they spent; without groups, all that have scores."""

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import buying, recency

        found: dict[Cut, Result] = {}
        names = [group.code for group in recency.groups()]
        counts = buying.once(self.sources, ("groups", self.facts, period), lambda: self._counted(period))
        for facts, (known, counted) in counts.items():
            if counted is None:
                if "segment" not in self.parts.by:
                    found[self.parts.cut(facts, {})] = _too_few(known)
                continue
            customers, by_group = counted
            taken = [at for at, name in enumerate(names) if self.parts.passes("segment", name)]
            for at in taken if "segment" in self.parts.by else [None]:
                own = taken if at is None else [at]
                count = sum(customers[one] for one in own)
                if at is not None and not count:
                    continue
                details = {"spent": sum(by_group[one] for one in own), "spent_by_all": sum(by_group)}
                word = None if at is None else names[at]
                result = Result(count, count, known, details=details, word=word)
                found[self.parts.cut(facts, {"segment": word})] = _firm(result, known)
        return parted.results(found, _too_few(0), self.scope)

    def _counted(self, period: Period) -> dict[Cut, tuple[int, tuple[list[int], list[int]] | None]]:
        """Return how many customers each cut has, and by group how many there are and what they spent."""
        import numpy as np

        from ecoperf_desktop.metrics.methods import recency

        width = len(recency.groups())
        found: dict[Cut, tuple[int, tuple[list[int], list[int]] | None]] = {}
        for facts, (scores, amounts) in self.scored(period).items():
            if scores is None:
                found[facts] = len(amounts), None
                continue
            place = recency.grouped(scores)
            spent = np.zeros(width, np.int64)
            np.add.at(spent, place, amounts)
            found[facts] = len(amounts), (np.bincount(place, minlength=width).tolist(), spent.tolist())
        return found


def _any_of(place: Int64, taken: list[int]) -> Bool:
    import numpy as np

    return np.isin(place, np.array(taken, np.int64))


# ---- what customers are worth


class ValueToDate(_OfCustomers):
    """The gross profit that customers have left so far, for each of them.

    By month of first order those of that month; with months since, all they left up to then, where that month is over.
    """

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import buying

        left = buying.left(self.sources, self.facts, buying.PROFIT, period)
        found: dict[Cut, Result] = {}
        if not self.parts.by and not any(self.parts.is_filtered(part) for part in ("cohort", "age")):
            for facts, one in left.items():
                total, count = int(one.amounts.sum()), _different(one.buyers)
                found[self.parts.cut(facts, {})] = Result(Fraction(total, count), total, count)
            return parted.results(found, _NO_BASE, self.scope)
        by_age = "age" in self.parts.by or self.parts.is_filtered("age")
        for facts, one in left.items():
            ever = buying.bought(self.sources, self.facts).get(facts, buying.NOTHING)
            sums: dict[tuple[str, str], tuple[int, int]] = {}
            for came in _by_cohort(ever, one, period, self.known_until(period)):
                if not self.parts.passes("cohort", came.month):
                    continue
                for age, amount in enumerate(came.left) if by_age else [(0, came.left_so_far)]:
                    if by_age and not self.parts.passes("age", f"{age:02d}"):
                        continue
                    key = (came.month if "cohort" in self.parts.by else "", f"{age:02d}" if "age" in self.parts.by else "")
                    total, could = sums.get(key, (0, 0))
                    sums[key] = (total + amount, could + came.customers)
            for (month, since), (total, size) in sums.items():
                found[self.parts.cut(facts, {"cohort": month, "age": since})] = Result(Fraction(total, size), total, size)
        return parted.results(found, _NOT_COMPLETE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        yield from _of_value(self, period)


class ValueOverCost(_OfCustomers):
    """What a customer has left so far over what a customer costs; by month of first order, both of that month's customers."""

    def want(self, period: Period) -> None:
        for one in self._sides(self.facts):
            one.want(period)

    def _sides(self, scope: Scope) -> list[Asked]:
        return [self.sources.asked(name, scope) for name in self.calculation.of]

    def results(self, period: Period) -> Results:
        if "cohort" not in self.parts.by and not self.parts.is_filtered("cohort"):
            value, cost = [one.results(period) for one in self._sides(self.facts)]
            if not self.scope.per:
                return parted.results({(): _over(value.get(()), cost.get(()))}, _NO_BASE, self.scope)
            cuts = {*value.cuts, *cost.cuts}
            return Results(cuts, lambda cut: _over(value.get(cut), cost.get(cut)), _NO_BASE)
        found = {}
        by_cohort = Scope(self.facts.where, (*self.facts.per, "cohort"))
        values = self.sources.asked(self.calculation.of[0], by_cohort).results(period)
        for cut in values.cuts:
            month = str(cut[-1])
            whole = _month(month)
            if not self.parts.passes("cohort", month) or whole.last < period.first:
                continue
            costs = self.sources.asked(self.calculation.of[1], self.facts).results(whole)
            found[self.parts.cut(cut[:-1], {"cohort": month})] = _over(values.get(cut), costs.get(cut[:-1]))
        return parted.results(found, _NO_BASE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        yield from _of_value(self, period)
        yield from _of_cost(period)


class Payback(_OfCustomers):
    """The month, counted from a customer's first one, in which those who came in the period had left what they cost.

    What they left is contribution before marketing: gross profit, shipping and the variable costs of their orders.
    """

    def want(self, period: Period) -> None:
        self.sources.asked(self.calculation.of[0], self.facts).want(period)

    def results(self, period: Period) -> Results:
        from ecoperf_desktop.metrics.methods import buying

        until = self.known_until(period)
        costs = self.sources.asked(self.calculation.of[0], self.facts)
        left = buying.left(self.sources, self.facts, buying.CONTRIBUTION, Period(buying.EVER.first, max(until, period.last)))
        found: dict[Cut, Result] = {}
        by_month = "cohort" in self.parts.by or self.parts.is_filtered("cohort")
        spans = [bucket.period for bucket in buckets(period, Grain.MONTH)] if by_month else [period]
        for facts, one in left.items():
            ever = buying.bought(self.sources, self.facts).get(facts, buying.NOTHING)
            for span in spans:
                month = iso(span.first)[:7] if by_month else ""
                if by_month and not self.parts.passes("cohort", month):
                    continue
                cost = costs.results(span).get(facts)
                cohorts_of = list(_by_cohort(ever, one, Period(span.first, span.last), until, only_from=span.first))
                if cohorts_of:
                    found[self.parts.cut(facts, {"cohort": month})] = _paid_back(cohorts_of, cost)
        return parted.results(found, _NO_BASE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        for view in self.calculation.views:
            yield Evidence(view, self.all_until(max(self.known_until(period), period.last)))
        yield from _of_cost(period)


def _of_value(working: _OfCustomers, period: Period) -> Iterable[Evidence]:
    """Yield the rows that what customers left so far rests on."""
    until = working.all_until(period.last)
    # Lines without a known buyer too: whether costs are known is judged by all of them.
    yield Evidence("line", until)
    yield Evidence("refund", until)
    if {"cohort", "age"} & {*working.scope.per, *(name for name, _ in working.scope.where)}:
        yield Evidence("order", until, "buyer_id IS NOT NULL")


def _of_cost(period: Period) -> Iterable[Evidence]:
    """Yield the rows that the cost of a new customer rests on."""
    yield Evidence("expense", period, "class = 'marketing'")
    yield Evidence("order", period, "is_first = 1")


class _Cohort(NamedTuple):
    """Customers by month of first order, and what they had ``left`` by the end of each month since that is over."""

    month: str
    customers: int
    left: list[int]
    left_so_far: int


def _paid_back(of: list[_Cohort], cost: Result) -> Result:
    if cost.value is None:
        return cost._replace(numerator=None, denominator=None)
    months = max(len(one.left) for one in of)
    customers = 0
    earned: Number = 0
    for age in range(months):
        # Of several months of first orders those that are old enough, as in every pooled column of cohorts.
        ripe = [one for one in of if len(one.left) > age]
        customers = sum(one.customers for one in ripe)
        earned = Fraction(sum(one.left[age] for one in ripe), customers)
        if earned >= cost.value:
            details = {"earned": float(earned), "cost": float(cost.value), "customers": customers}
            return _weak(Result(age + 1, details=details), cost)
    details = {"earned": float(earned), "cost": float(cost.value), "months": months, "customers": customers}
    return Result(None, quality="insufficient_history", reason="metrics.payback_not_yet", details=details)


def _by_cohort(
    ever: Bought, left: Left, period: Period, until: Day, only_from: Day | None = None
) -> Iterable[_Cohort]:
    """Yield each month of first orders up to the end of ``period``, from ``only_from`` on where that is given."""
    import numpy as np

    from ecoperf_desktop.metrics.methods import cohorts

    if not len(ever.buyers):
        return
    width = max(int(ever.buyers.max()), int(left.buyers.max(initial=0))) + 1
    first = np.full(width, cohorts.NEVER, np.int64)
    known = cohorts.first_days(ever.days, ever.buyers)
    first[: len(known)] = known
    chosen = first <= period.last
    if only_from is not None:
        chosen &= first >= only_from
    if not chosen.any():
        return
    month = np.full(width, -1, np.int64)
    month[chosen] = cohorts.months_of(first[chosen])
    complete = cohorts.complete_through(until if only_from is not None else min(until, period.last))
    own = month[left.buyers]
    counted = own >= 0
    ages = np.maximum(cohorts.months_of(left.days)[counted] - own[counted], 0)
    low, high = int(month[chosen].min()), int(month[chosen].max())
    most = int(ages.max(initial=0)) + 1
    grid = np.zeros((high - low + 1) * most, np.int64)
    np.add.at(grid, (own[counted] - low) * most + ages, left.amounts[counted])
    totals = np.cumsum(grid.reshape(-1, most), axis=1)
    sizes = np.bincount(month[chosen] - low, minlength=high - low + 1)
    for row in range(high - low + 1):
        if not sizes[row]:
            continue
        over = complete - (low + row) + 1
        amounts = totals[row].tolist()
        so_far = amounts[-1]
        amounts += [so_far] * (over - len(amounts))
        yield _Cohort(cohorts.month_named(low + row), int(sizes[row]), amounts[: max(over, 0)], so_far)


def _different(buyers: Int64) -> int:
    import numpy as np

    return int(np.count_nonzero(np.bincount(buyers)))


def _month(named: str) -> Period:
    return parse_bucket(named)[0].period


def _over(value: Result, cost: Result) -> Result:
    for one in (value, cost):
        if one.value is None:
            return one._replace(numerator=value.value, denominator=cost.value)
    assert value.value is not None and cost.value is not None
    if cost.value <= 0:
        return _NO_BASE._replace(numerator=value.value, denominator=cost.value)
    return _weak(Result(Fraction(value.value) / Fraction(cost.value), value.value, cost.value), value, cost)


def _weak(result: Result, *parts: Result) -> Result:
    """Return a number with the first weakness of what it was made of."""
    for part in parts:
        if part.quality != "ok":
            return result._replace(quality=part.quality, reason=part.reason, details={**part.details, **result.details})
    return result


METHODS: dict[str, type[Working]] = {
    "retention": Retention,
    "churn": Churn,
    "cohort_retention": CohortRetention,
    "repurchase": Repurchase,
    "purchase_interval": PurchaseInterval,
    "rfm_score": RfmScore,
    "rfm_segment": RfmSegment,
    "value_to_date": ValueToDate,
    "value_over_cost": ValueOverCost,
    "payback": Payback,
}
