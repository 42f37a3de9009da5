"""What the next unit of ad spend brings: weeks in steps of their spend, whoever takes the credit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods.parted import Parted, results, shops
from ecoperf_desktop.metrics.methods.steps import Step, slope, spend_steps
from ecoperf_desktop.metrics.scope import Cut, Scope
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.model.value import Number

_WEEK = 7
# Steps whose spend differs by less than this part tell nothing about more of it: what they differ in is something else.
_LEAST_MORE = Fraction(1, 50)
_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")


def whole_weeks(last: Day, count: int, week_start: int) -> list[Period]:
    """Return the ``count`` whole weeks up to ``last``, oldest first."""
    newest = bucket_of(last + 1, Grain.WEEK, week_start).period.shifted(-_WEEK)
    return [newest.shifted(-_WEEK * back) for back in range(count - 1, -1, -1)]


def event_days(sources: Sources, first: Day, last: Day) -> frozenset[Day]:
    """Return the days that belong to a promotion or holiday of the calendar: what happens there has a known cause."""
    rows = sources.conn.execute("SELECT day FROM calendar WHERE day BETWEEN ? AND ? AND event_code IS NOT NULL", (first, last))
    return frozenset(day for (day,) in rows)


class MarginalReturn(Working):
    """The first metric of the entry against the second, week by week, in steps of the second.

    Ordinary weeks only: whole, covered, and without a promotion.  Uncut the number is that of the highest step; ``step``
    names one (1 is the lowest, which has none below it to be compared with).
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._parted = Parted(scope, calculation.parts)
        self._result, self._spend = (sources.asked(name, self._parted.facts) for name in calculation.of)

    def _setting(self, name: str) -> int:
        value = self.calculation.settings[name]
        assert isinstance(value, int)
        return value

    def want(self, period: Period) -> None:
        for week in self._weeks(period):
            self._result.want(week)
            self._spend.want(week)

    def _weeks(self, period: Period) -> list[Period]:
        weeks = whole_weeks(period.last, self._setting("weeks"), self.sources.week_start)
        events = event_days(self.sources, weeks[0].first, weeks[-1].last)
        kinds = dict.fromkeys((*self._result.metric.needs, *self._spend.metric.needs))
        spoken = [self.sources.coverage.spoken(kind, shops(self.scope)) for kind in kinds]
        return [
            week
            for week in weeks
            if all(one.of(week).days == _WEEK for one in spoken) and events.isdisjoint(range(week.first, week.last + 1))
        ]

    def results(self, period: Period) -> Results:
        weeks = self._weeks(period)
        cuts: dict[Cut, None] = {}
        if self._parted.facts.per:
            for week in weeks:
                cuts.update(dict.fromkeys(self._spend.results(week).cuts))
        else:
            cuts[()] = None
        found: dict[Cut, Result] = {}
        for cut in cuts:
            found.update(self._stepped(cut, self._points(cut, weeks)))
        return results(found, _NO_BASE, self.scope)

    def _points(self, cut: Cut, weeks: Sequence[Period]) -> list[tuple[int, int]]:
        """Return spend and result of the weeks that have both."""
        points = []
        for week in weeks:
            spend, result = self._spend.results(week).get(cut).value, self._result.results(week).get(cut).value
            if isinstance(spend, int) and isinstance(result, int):
                points.append((spend, result))
        return points

    def _stepped(self, cut: Cut, points: Sequence[tuple[int, int]]) -> dict[Cut, Result]:
        if not any(spend for spend, _ in points):
            return {self._parted.cut(cut, {"step": None}): _NO_BASE} if not self._parted.by else {}
        least = self._setting("least_weeks")
        if len(points) < least:
            few = Result(
                None, quality="insufficient_history", reason="metrics.few_ordinary_weeks",
                details={"weeks": len(points), "at_least": least}, base=len(points),
            )  # fmt: skip
            return {self._parted.cut(cut, {"step": None}): few}
        steps = spend_steps(points, self._setting("steps"))
        line = slope(points)
        details: dict[str, object] = {"weeks": len(points), "steps": len(steps)}
        if line is not None:
            details |= {"slope": line.slope, "slope_low": line.low, "slope_high": line.high}
            # The line goes through the means: that is all one needs to draw it.
            details["spend_mean"] = sum(spend for spend, _ in points) / len(points)
            details["result_mean"] = sum(result for _, result in points) / len(points)
        found = {}
        chosen = [place for place in range(len(steps)) if self._parted.passes("step", str(place + 1))]
        for place in chosen if self._parted.by else chosen[-1:]:
            one = self._of_step(steps, place, details)
            found[self._parted.cut(cut, {"step": str(place + 1)})] = one
        return found

    def _of_step(self, steps: Sequence[Step], place: int, details: dict[str, object]) -> Result:
        step = steps[place]
        said = {**details, "step_weeks": step.periods, "spend": float(step.spend), "result": float(step.result)}
        if place == 0:
            return Result(None, quality="no_base", reason="metrics.lowest_step", details=said)
        below = steps[place - 1]
        more, spent = step.result - below.result, step.spend - below.spend
        if step.marginal is None or spent < step.spend * _LEAST_MORE:
            return Result(None, _plain(more), _plain(spent), "no_base", "metrics.spend_hardly_varied", said)
        return Result(step.marginal, _plain(more), _plain(spent), details=said, base=sum(one.periods for one in steps))

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return []  # all that it looks at are the other metrics


def _plain(number: Fraction) -> Number:
    return int(number) if number.denominator == 1 else number


METHODS: dict[str, type[Working]] = {"spend_steps": MarginalReturn}
