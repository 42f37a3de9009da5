"""Watching: how far sources lag behind, and whether a metric's newest week is a signal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods import signals
from ecoperf_desktop.metrics.methods.marginal import event_days, whole_weeks
from ecoperf_desktop.metrics.methods.parted import results
from ecoperf_desktop.metrics.scope import Cut, Key, Scope
from ecoperf_desktop.model.days import Day, Period, iso
from ecoperf_desktop.model.metric import Method, Metric

WORDS = ("signal", "quiet", "none")
_WEEK = 7


class DataFreshness(Working):
    """Days by which the newest data of a source end before those of the freshest one, as of the period's end.

    Uncut it is that of the source that lags most; one that stopped longer ago than ``settings.stopped_days`` is no
    longer waited for there.  No clock is asked: data are expected up to the newest day that any file tells.
    """

    def results(self, period: Period) -> Results:
        ends: dict[int, Day] = dict(
            self.sources.conn.execute(
                "SELECT source_id, MAX(MIN(last_day, ?)) FROM coverage WHERE first_day <= ? GROUP BY source_id",
                (period.last, period.last),
            ).fetchall()
        )
        expected = max(ends.values(), default=None)
        nothing = Result(None, quality="missing", reason="metrics.nothing_imported")
        if expected is None:
            return results({}, nothing, self.scope)
        asked = self.scope.keys("source")
        lags = {source: expected - end for source, end in ends.items() if asked is None or source in asked}
        if self.scope.per:
            every: dict[Cut, Result] = {(source,): self._lag(lag, ends[source], None) for source, lag in lags.items()}
            return results(every, nothing, self.scope)
        stopped = self.calculation.settings["stopped_days"]
        assert isinstance(stopped, int)
        waited = {source: lag for source, lag in lags.items() if lag <= stopped} or lags
        if not waited:
            return results({}, nothing, self.scope)
        worst = max(waited, key=lambda source: (waited[source], -source))
        return results({(): self._lag(waited[worst], ends[worst], worst)}, nothing, self.scope)

    def _lag(self, lag: int, end: Day, source: int | None) -> Result:
        details: dict[str, object] = {"through": iso(end)}
        if source is not None:
            name = self.sources.conn.execute("SELECT name FROM source WHERE source_id = ?", (source,)).fetchone()
            details["source"] = name[0] if name else str(source)
        return Result(lag, details=details)


class ProcessSignal(Working):
    """Whether the newest whole week of the period lies outside what its metric usually does (``signals``).

    ``signal``: beyond the limits of the weeks before; ``quiet``: a run, or three of four near a limit; ``none``
    otherwise.  Weeks of promotions and weeks not wholly covered have a known cause and are no points.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._about = sources.asked(calculation.of[0], scope)
        settings: Mapping[str, Any] = calculation.settings
        self._count = int(settings["weeks"])

    def want(self, period: Period) -> None:
        for week in self._weeks(period):
            self._about.want(week)

    def _weeks(self, period: Period) -> list[Period]:
        return whole_weeks(period.last, self._count + 1, self.sources.week_start)

    def results(self, period: Period) -> Results:
        weeks = self._weeks(period)
        events = event_days(self.sources, weeks[0].first, weeks[-1].last)
        are_ordinary = [events.isdisjoint(range(week.first, week.last + 1)) for week in weeks]
        told = [self._about.results(week) for week in weeks]
        cuts: Iterable[Cut] = set().union(*(one.cuts for one in told)) if self.scope.per else [()]
        found: dict[Cut, Result] = {}
        for cut in cuts:
            values: list[float | None] = []
            for week, is_ordinary, one in zip(weeks, are_ordinary, told, strict=True):
                covered = self._about.covered_days(cut, week)
                value = one.get(cut).value
                is_point = is_ordinary and value is not None and (covered is None or covered == _WEEK)
                values.append(float(value) if is_point and value is not None else None)
            found[cut] = self._judged(values, weeks[-1], are_ordinary[-1])
        absent = Result(None, quality="no_base", reason="metrics.no_base")
        return results(found, absent, self.scope)

    def _judged(self, values: list[float | None], week: Period, is_ordinary: bool) -> Result:
        known = [value for value in values[:-1] if value is not None]
        details: dict[str, object] = {"week": iso(week.first), "weeks": len(known)}
        if not is_ordinary:
            return Result(None, quality="missing", reason="metrics.known_cause", details=details)
        if values[-1] is None:
            return Result(None, quality="missing", reason="metrics.week_not_covered", details=details)
        within = signals.limits(values[:-1], floor=0.0 if known and min(known) >= 0 else None)
        if within is None:
            least = {"at_least": signals.LEAST_BASE}
            return Result(None, quality="insufficient_history", reason="metrics.few_weeks", details={**details, **least})
        verdict = signals.judge(values, within)
        word = "signal" if verdict.signal else "quiet" if verdict.watch else "none"
        side: Key = verdict.signal or verdict.watch
        details |= {"value": values[-1], "centre": within.centre, "lower": within.lower, "upper": within.upper, "side": side}
        details |= {"mean_range": within.mean_range, "range_limit": within.range_limit}
        result = Result(WORDS.index(word) + 1, details=details, base=within.base, word=word)
        if within.is_provisional:
            said = {**details, "n": within.base, "at_least": signals.FIRM_BASE}
            return result._replace(quality="low_n", reason="metrics.low_n", details=said)
        return result

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return []  # all that it looks at is the other metric


METHODS: dict[str, type[Working]] = {"data_freshness": DataFreshness, "process_signal": ProcessSignal}
