"""Scorecards of suppliers and carriers: several metrics, each on its own scale, weighted to one score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ecoperf_desktop.metrics.asked import Asked, Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods import scoring
from ecoperf_desktop.metrics.methods.parted import results
from ecoperf_desktop.metrics.scope import Cut, Scope
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class _Part:
    """One metric of the scorecard; ``beside`` is the same for all that it is compared with, or None."""

    name: str
    asked: Asked
    beside: Asked | None
    scale: scoring.Scale
    weight: float

    def actual(self, cut: Cut, period: Period, scope: Scope) -> Result:
        own = self.asked.results(period).get(cut)
        if self.beside is None or own.value is None:
            return own
        every = self.beside.results(period).get(scope.projected(cut, self.beside.scope.per)).value
        if every is None or every <= 0:
            return own._replace(value=None)
        return own._replace(value=float(own.value) / float(every))


class Scorecard(Working):
    """The weighted mean of the scores that are known.

    ``settings.scores`` names metrics with floor, target, stretch and weight; ``beside`` names the dimension that such
    a metric is compared over (a carrier's cost with that of all carriers).  A metric that fewer than ``least`` cases
    stand behind is left out, and named; with less than ``coverage`` of the weight there is no score.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        settings: Mapping[str, Any] = calculation.settings
        self._least = int(settings["least"])
        self._coverage = float(settings["coverage"])
        self._parts = [self._part(declared, float(settings["cap"])) for declared in settings["scores"]]

    def _part(self, declared: Mapping[str, Any], cap: float) -> _Part:
        name = str(declared["metric"])
        scale = scoring.Scale(float(declared["floor"]), float(declared["target"]), float(declared["stretch"]), cap)
        beside = None
        if "beside" in declared:
            over = declared["beside"]
            where = tuple(one for one in self.scope.where if one[0] != over)
            beside = self.sources.asked(name, Scope(where, tuple(one for one in self.scope.per if one != over)))
        return _Part(name, self.sources.asked(name, self.scope), beside, scale, float(declared["weight"]))

    def want(self, period: Period) -> None:
        for part in self._parts:
            for asked in filter(None, (part.asked, part.beside)):
                asked.want(period)

    def results(self, period: Period) -> Results:
        cuts: Iterable[Cut] = set().union(*(part.asked.results(period).cuts for part in self._parts)) if self.scope.per else [()]
        found = {cut: self._scored(cut, period) for cut in cuts}
        absent = Result(None, quality="no_base", reason="metrics.no_base")
        return results(found, absent, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return []  # all that it looks at are other metrics

    def _scored(self, cut: Cut, period: Period) -> Result:
        scores: dict[str, float | None] = {}
        shown: dict[str, object] = {}
        base = None
        for part in self._parts:
            actual = part.actual(cut, period, self.scope)
            is_few = actual.base is not None and actual.base < self._least
            known = None if actual.value is None or is_few else part.scale.score(float(actual.value))
            scores[part.name] = known
            shown[part.name] = {"value": None if actual.value is None else float(actual.value), "score": known, "weight": part.weight}
            if base is None and known is not None:
                base = actual.base
        whole = scoring.weighted(scores, {part.name: part.weight for part in self._parts}, self._coverage)
        details: dict[str, object] = {"coverage": round(whole.coverage, 4), "missing": list(whole.missing), "scores": shown}
        if whole.score is None:
            details |= {"known": f"{whole.coverage:.0%}", "at_least": f"{self._coverage:.0%}"}
            return Result(None, quality="missing", reason="metrics.score_too_little_known", details=details)
        return Result(whole.score, details=details, base=base)


METHODS: dict[str, type[Working]] = {"scorecard_of_partners": Scorecard}
