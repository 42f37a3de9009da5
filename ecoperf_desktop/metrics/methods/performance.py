"""Methods of performance: where a running period ends, how one stands among one's like, and what a training brought."""

# SQL is put together from our own views and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.catalogue import parts_of, rollup
from ecoperf_desktop.metrics.methods import forecast, groups, parted, running, season
from ecoperf_desktop.metrics.methods.groups import LEAST_PEERS, LEAST_PEOPLE, Person, Side
from ecoperf_desktop.metrics.scope import Cut, Key, Scope, conditions
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of, iso, previous
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store import standing
from ecoperf_desktop.store.views import VIEWS

# Under which of its dimensions a metric knows people.
PERSON_DIMENSIONS = ("agent", "staff", "buyer")
# A period not cut is set beside so many earlier ones of its kind, itself included.
PEER_PERIODS = 12
_GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


class RunRate(Working):
    """The total that a running period comes to when its rest goes on as its days so far, weekday by weekday.

    The metric it is ``of`` adds up over days.  What is over already is its number itself.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        about = sources.catalogue.metric(calculation.of[0])
        if rollup(about)[0] != "sum":
            raise MetricRefused("metrics.forecast_not_additive", metric=about.id)
        self._about = sources.asked(about.id, scope)

    def want(self, period: Period) -> None:
        to_date = self._to_date(period)
        if to_date is None:
            return
        self._about.want(to_date)
        if to_date.last < period.last:
            for day in self._past(to_date.last):
                self._about.want(Period(day, day))

    def results(self, period: Period) -> Results:
        to_date = self._to_date(period)
        if to_date is None:
            absent = Result(None, quality="missing", reason="metrics.forecast_not_begun")
            return parted.results({}, absent, self.scope)
        self.want(period)
        reached = self._about.results(to_date)
        if to_date.last == period.last:
            return reached
        past = {day: self._about.results(Period(day, day)) for day in self._past(to_date.last)}
        events = {day for day, _ in standing.events(self.sources.conn, Period(min(past), max(past)))} if past else set()

        def ending(cut: Cut) -> Result:
            known = {day: of.get(cut).value for day, of in past.items()}
            return _ending(period, to_date, reached.get(cut), known, events)

        if not self.scope.per:
            return parted.results({(): ending(())}, Result(None), self.scope)
        return Results(reached.cuts, ending, Result(0))

    def evidence(self, period: Period) -> Iterable[Evidence]:
        """Return nothing of its own: it rests on what it asks of its metric."""
        return ()

    def _to_date(self, period: Period) -> Period | None:
        """Return the part of the period that has data; None where it has not begun."""
        through = parted.through(self.sources, self.metric, self.scope)
        if through is None or through >= period.last:
            return period
        return Period(period.first, through) if through >= period.first else None

    def _past(self, last: Day) -> range:
        """Return the days by which weekdays are judged."""
        shops = parted.shops(self.scope)
        since = self.sources.coverage.since(self.metric.needs[0], shops) if self.metric.needs else None
        first = last - season.WEEKLY_DAYS + 1
        return range(first if since is None else max(first, since), last + 1)


def _ending(
    period: Period, to_date: Period, reached: Result, past: Mapping[Day, Number | None], events: set[Day]
) -> Result:
    if reached.value is None:
        return reached
    known = {day: value for day, value in past.items() if value is not None}
    index, weeks = season.of_weekdays(known, events)
    by_weekday = [index[weekday] for weekday in range(1, 8)] if index else None
    weights = running.profile((period.first + 3) % 7 + 1, period.days, by_weekday)
    elapsed = running.Elapsed(weights, to_date.days)
    total = elapsed.forecast(reached.value)
    if total is None:
        return Result(None, quality="insufficient_history", reason="metrics.forecast_nothing_yet")
    usual = {day: float(by_weekday[(day + 3) % 7]) if by_weekday else 1.0 for day in known if day not in events}
    spread = running.spread_of_rest(
        [float(known[day]) for day in usual], list(usual.values()), [float(weight) for weight in weights[to_date.days :]]
    )
    details: dict[str, object] = {
        "to_date": float(reached.value),
        "through": iso(to_date.last),
        "share": float(elapsed.share),
        "weekday_weeks": weeks,
    }
    if spread is not None:
        details.update(low=max(float(reached.value), float(total) - spread), high=float(total) + spread)
    return Result(total, details=details)


class TargetProposal(Working):
    """A target that is hard and can be reached: quantiles of what the weeks before the period forecast for it."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        about = sources.catalogue.metric(calculation.of[0])
        if rollup(about)[0] != "sum":
            raise MetricRefused("metrics.forecast_not_additive", metric=about.id)
        self._about = sources.asked(about.id, scope)
        self._known: dict[Period, list[Period]] = {}

    def want(self, period: Period) -> None:
        for week in self._weeks(period):
            self._about.want(week)

    def results(self, period: Period) -> Results:
        self.want(period)
        weeks = self._weeks(period)
        if len(weeks) < forecast.LEAST_WEEKS:
            details = {"needed": forecast.LEAST_WEEKS, "weeks": len(weeks)}
            short = Result(None, quality="insufficient_history", reason="metrics.forecast_short", details=details)
            return parted.results({}, short, self.scope)
        by_week = [self._about.results(week) for week in weeks]
        if not self.scope.per:
            return parted.results({(): self._proposed(period, weeks, [one.absent for one in by_week])}, Result(None), self.scope)
        cuts = set().union(*(one.cuts for one in by_week))
        absent = Result(None, quality="insufficient_history", reason="metrics.forecast_negative", details={"metric": self._about.metric.id})
        return Results(cuts, lambda cut: self._proposed(period, weeks, [one.get(cut) for one in by_week]), absent)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        """Return nothing of its own: it rests on what it asks of its metric."""
        return ()

    def _weeks(self, period: Period) -> list[Period]:
        """Return the whole weeks with data before the period, oldest first, three years at most."""
        if period not in self._known:
            about, shops = self._about.metric, parted.shops(self.scope)
            ranges = self.sources.coverage.ranges(about.needs[0], shops) if about.needs else ()
            # Only from the last gap on: a missing week is no week without sales.
            spoken = [one for one in ranges if one[0] < period.first]
            found: list[Period] = []
            if spoken:
                first, last = spoken[-1][0], min(spoken[-1][1], period.first - 1)
                week = bucket_of(last, Grain.WEEK, self.sources.week_start).period
                end = last if week.last == last else week.first - 1
                while end - 6 >= first and len(found) < 3 * 53:
                    found.append(Period(end - 6, end))
                    end -= 7
            self._known[period] = found[::-1]
        return self._known[period]

    def _proposed(self, period: Period, weeks: Sequence[Period], results: Sequence[Result]) -> Result:
        unknown = next((one for one in results if one.value is None), None)
        if unknown is not None:
            return unknown._replace(numerator=None, denominator=None)
        ahead = -(-(period.last - weeks[-1].last) // 7)
        if ahead > forecast.MOST_AHEAD:
            return Result(None, quality="insufficient_history", reason="metrics.forecast_too_long")
        starts = [weeks[-1].last + 1 + 7 * step for step in range(ahead)]
        weights = [max(0, min(start + 6, period.last) - max(start, period.first) + 1) / 7 for start in starts]
        found = forecast.outlook([float(one.value or 0) for one in results], ahead, weights)
        if found is None:
            details = {"metric": self._about.metric.id}
            return Result(None, quality="insufficient_history", reason="metrics.forecast_negative", details=details)
        chances = {name: float(str(self.calculation.settings[name])) for name in ("floor", "target", "stretch")}
        levels = {name: found.reached_with(chance) for name, chance in chances.items()}
        told = {"forecast": found.middle, "spread": found.spread, "floor": levels["floor"], "stretch": levels["stretch"], "weeks": len(weeks)}
        return Result(levels["target"], details=told)


class Benchmark(Working):
    """How many of its like a number is above: mid-rank among the parts it is cut into, or among earlier periods.

    Filtered to one part it stands among all parts too, so that a number of a table is the same when it is asked for
    alone.  Where less is better, how many it is below.  Below eight peers it is flagged, and the rank says more.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        about = sources.catalogue.metric(calculation.of[0])
        if about.direction not in ("higher", "lower"):
            raise MetricRefused("metrics.benchmark_no_better", metric=about.id)
        self._is_less_better = about.direction == "lower"
        self._own = tuple((name, keys[0]) for name, keys in scope.where if len(keys) == 1 and name not in scope.per)
        named = [name for name, _ in self._own]
        self._peers = Scope(tuple((name, keys) for name, keys in scope.where if name not in named), (*scope.per, *named))
        self._about = sources.asked(about.id, self._peers)

    def want(self, period: Period) -> None:
        for one in self._periods(period):
            self._about.want(one)

    def results(self, period: Period) -> Results:
        self.want(period)
        if not self._peers.per:
            earlier = [self._about.results(one).absent for one in self._periods(period)]
            return parted.results({(): self._placed(earlier[0], earlier)}, Result(None), self.scope)
        found = self._about.results(period)
        everybody = [found.get(cut) for cut in found.cuts]
        own = tuple(key for _, key in self._own)
        width = len(self.scope.per)
        cuts = {cut[:width]: self._placed(found.get(cut), everybody) for cut in found.cuts if cut[width:] == own}
        return parted.results(cuts, found.absent._replace(value=None, numerator=None, denominator=None), self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        """Return nothing of its own: it rests on what it asks of its metric."""
        return ()

    def _placed(self, own: Result, peers: Sequence[Result]) -> Result:
        if own.value is None:
            return own._replace(numerator=None, denominator=None)
        known = [peer.value for peer in peers if peer.value is not None]
        if len(known) < 2:
            return Result(None, quality="insufficient_history", reason="metrics.benchmark_alone")
        found = groups.place(own.value, known, less_is_better=self._is_less_better)
        return Result(found.percentile, base=found.of, details={"rank": found.rank, "of": found.of, "least": LEAST_PEERS})

    def _periods(self, period: Period) -> list[Period]:
        """Return the period, and where there are no other parts earlier ones of its kind that have data.

        Of a running period only the days with data count, and as many of each earlier one.
        """
        if self._peers.per:
            return [period]
        found = [period]
        since = self.sources.coverage.since(self.metric.needs[0], parted.shops(self.scope)) if self.metric.needs else None
        week_start = self.sources.week_start
        grain = next((grain for grain in _GRAINS if bucket_of(period.first, grain, week_start).period == period), None)
        for _ in range(PEER_PERIODS - 1):
            if grain is None:
                earlier = found[-1].shifted(-period.days)
            else:
                earlier = previous(bucket_of(found[-1].first, grain, week_start), grain, week_start).period
            if since is not None and earlier.first < since:
                break
            found.append(earlier)
        days = parted.elapsed(self.sources, self.metric, self.scope, period).days
        if days == period.days:
            return found
        return [Period(one.first, min(one.last, one.first + days - 1)) for one in found]


class _Attended(NamedTuple):
    """A person who took part in a training, when, and what it was meant to improve."""

    staff: int
    day: Day
    metric: str
    cut: Cut
    scores: tuple[float, float] | None


class TrainingEffect(Working):
    """What the trained gained in the metric their training was meant to improve, beyond others of the same role.

    Equal windows before and after each training; a group's number is that of its cases together.
    A rate is told in percentage points, and a fall of what should fall is a gain.
    """

    def want(self, period: Period) -> None:
        """Note the windows of all trainings, so that what several of them look at is read at once."""
        for name, day in {(one.metric, one.day) for one in self._attended(period)}:
            metric = self.sources.catalogue.metrics.get(name)
            person = None if metric is None else next((one for one in PERSON_DIMENSIONS if one in metric.dimensions), None)
            if metric is None or person is None:
                continue
            through = self._through(metric)
            if through is not None and through >= day + self._window:
                asked = self.sources.asked(metric.id, Scope(per=(person,)))
                for window in self._windows(day):
                    asked.want(window)

    def results(self, period: Period) -> Results:
        attended = self._attended(period)
        if not self.scope.per:
            return parted.results({(): self._effect(attended, period)}, Result(None), self.scope)
        by_cut: dict[Cut, list[_Attended]] = {}
        for one in attended:
            by_cut.setdefault(one.cut, []).append(one)
        return Results(by_cut.keys(), lambda cut: self._effect(by_cut[cut], period), _no_training())

    def evidence(self, period: Period) -> Iterable[Evidence]:
        """Return the trainings; the metric's own rows are explained with it."""
        yield Evidence("training", period, "completed = 1 AND metric IS NOT NULL")

    @property
    def _window(self) -> int:
        return int(str(self.calculation.settings["days"]))

    def _windows(self, day: Day) -> tuple[Period, Period]:
        """Return the days before a training and after it."""
        return Period(day - self._window, day - 1), Period(day + 1, day + self._window)

    def _attended(self, period: Period) -> list[_Attended]:
        view = VIEWS["training"]
        filters, texts = conditions(self.scope, view)
        columns = ["staff_id", "day", "metric", "pre_score", "post_score", *(view.dims[name] for name in self.scope.per)]
        rows = self.sources.conn.execute(
            f"SELECT {', '.join(columns)} FROM ({view.sql}) WHERE "
            f"{' AND '.join(['day BETWEEN ? AND ?', 'completed = 1', 'metric IS NOT NULL', 'staff_id IS NOT NULL', *filters])} "
            "ORDER BY day, staff_id",
            [period.first, period.last, *texts],
        )
        return [
            _Attended(staff, day, metric, tuple(cut), None if before is None or after is None else (before, after))
            for staff, day, metric, before, after, *cut in rows
        ]

    def _effect(self, attended: Sequence[_Attended], period: Period) -> Result:
        if not attended:
            return _no_training()
        linked = sorted({one.metric for one in attended})
        if len(linked) > 1:
            return _unmeasurable("metrics.training_several_metrics", metrics=", ".join(linked))
        try:
            metric = self.sources.catalogue.metric(linked[0])
        except MetricRefused as unknown:
            return Result(None, quality="missing", reason=unknown.code, details=dict(unknown.details))
        person = next((name for name in PERSON_DIMENSIONS if name in metric.dimensions), None)
        if person is None:
            return Result(None, quality="missing", reason="metrics.training_not_by_person", details={"metric": metric.id})
        # A person counts once, from the first training of the period on.
        first_days: dict[int, Day] = {}
        for one in attended:
            first_days.setdefault(one.staff, one.day)
        through = self._through(metric)
        until = max(first_days.values()) + self._window
        if through is None or through < until:
            return _unmeasurable("metrics.training_too_early", until=iso(until))
        trained, others = self._people(metric, person, first_days)
        found = groups.effect(trained, others)
        if found is None:
            return _unmeasurable(
                "metrics.training_not_measurable", trained=len(trained), others=len(others), needed=LEAST_PEOPLE,
                cases=groups.LEAST_CASES,
            )  # fmt: skip
        scale = (100 if metric.unit == "ratio" else 1) * (-1 if metric.direction == "lower" else 1)
        bounds = sorted((found.low * scale, found.high * scale))
        details: dict[str, object] = {
            "metric": metric.id,
            "trained": len(trained),
            "others": len(others),
            "low": bounds[0],
            "high": bounds[1],
            "before": float(found.before),
            "after": float(found.after),
            "other_before": float(found.other_before),
            "other_after": float(found.other_after),
        }
        scores = [one.scores for one in attended if one.scores is not None]
        if scores and max(max(pair) for pair in scores) <= 100:
            knowledge, normalised = groups.gain([before for before, _ in scores], [after for _, after in scores])
            details.update(knowledge_gain=knowledge, normalised_gain=normalised)
        return Result(found.effect * scale, details=details)

    def _through(self, metric: Metric) -> Day | None:
        """Return the newest day with data of the metric; where several ways know it, of the one that reaches farthest."""
        if metric.needs:
            ends = [self.sources.coverage.through(kind) for kind in metric.needs]
            known = [end for end in ends if end is not None]
            return min(known) if len(known) == len(ends) else None
        ends = [self._through(self.sources.catalogue.metric(name)) for name in parts_of(metric)]
        return max((end for end in ends if end is not None), default=None)

    def _people(self, metric: Metric, person: str, first_days: Mapping[int, Day]) -> tuple[list[Person], list[Person]]:
        """Return the trained, and others of their roles whom nobody trained at the time."""
        asked = self.sources.asked(metric.id, Scope(per=(person,)))
        windows = {day: self._windows(day) for day in set(first_days.values())}
        for pair in windows.values():
            for window in pair:
                asked.want(window)
        trained: list[Person] = []
        others: list[Person] = []
        for day, (before, after) in sorted(windows.items()):
            found = {"before": asked.results(before), "after": asked.results(after)}
            own = [staff for staff, when in first_days.items() if when == day]
            trained += _known(found, own)
            others += _known(found, self._alike(own, before.first, after.last))
        return trained, others

    def _alike(self, trained: Sequence[int], first: Day, last: Day) -> list[int]:
        people = ", ".join(str(staff) for staff in trained)
        rows = self.sources.conn.execute(
            f"SELECT staff_id FROM staff WHERE role IN (SELECT role FROM staff WHERE staff_id IN ({people}) AND role IS NOT NULL) "
            "AND staff_id NOT IN (SELECT staff_id FROM training WHERE staff_id IS NOT NULL AND day BETWEEN ? AND ? "
            "AND COALESCE(completed, 1) = 1) ORDER BY staff_id",
            (first, last),
        )
        return [row[0] for row in rows]


METHODS: dict[str, type[Working]] = {
    "run_rate": RunRate,
    "target_proposal": TargetProposal,
    "benchmark": Benchmark,
    "training_effect": TrainingEffect,
}


def _known(found: Mapping[str, Results], people: Iterable[Key]) -> list[Person]:
    """Return those of the people who have a number in both windows."""
    known = []
    for staff in people:
        sides = [_side(found[window].get((staff,))) for window in ("before", "after")]
        if sides[0] is not None and sides[1] is not None:
            known.append(Person(sides[0], sides[1]))
    return known


def _side(result: Result) -> Side | None:
    if result.value is None:
        return None
    if result.numerator is not None and result.denominator is not None and result.denominator > 0:
        # A quotient that is scaled or turned round (1 - x) is told by its value, its weight by the denominator.
        return Side(result.value * result.denominator, result.denominator)
    return Side(result.value, 1)


def _no_training() -> Result:
    return Result(None, quality="no_base", reason="metrics.training_none")


def _unmeasurable(code: str, **details: object) -> Result:
    return Result(None, quality="insufficient_history", reason=code, details=details)
