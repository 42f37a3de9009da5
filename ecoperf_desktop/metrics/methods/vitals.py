"""Core Web Vitals of pages: which groups of page and device are good by all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Sources, Working
from ecoperf_desktop.metrics.methods.parted import results
from ecoperf_desktop.metrics.scope import Cut, Key, Scope
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Given, Method, Metric

_GROUP = ("page", "device")
# What a page told for all devices together stands under.
_UNDIVIDED = (None, "", "all")
_LONGEST_SPAN = 500
_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")


def verdict(value: float, good: float, poor: float) -> str:
    """Return what a vital of ``value`` is called: a value on the bound still is good."""
    return "good" if value <= good else "needs improvement" if value <= poor else "poor"


class VitalsPass(Working):
    """Groups of page and device with every vital good, over those with enough data to be judged.

    ``settings.good`` gives the bounds; a group needs the vitals of ``settings.needed``, another one that it lacks (no
    interactions, no INP) is not held against it.  A page that is told by device is not counted undivided again.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        settings: Mapping[str, Any] = calculation.settings
        self._good = {str(name): float(bound) for name, bound in settings["good"].items()}
        self._needed = [str(name) for name in settings["needed"]]
        self._groups = Scope(scope.where, _GROUP)
        self._given = {
            name: Given("p75", "p75", f"metric = '{name}'", "ending", int(settings["days"])) for name in self._good
        }

    def want(self, period: Period) -> None:
        for given in self._given.values():
            self.sources.facts.want(given, self._groups, period)

    def results(self, period: Period) -> Results:
        told: dict[Cut, dict[str, float]] = {}
        for name, given in self._given.items():
            for cut, choice in self.sources.facts.given(given, self._groups, period).items():
                if choice.value is not None:
                    told.setdefault(cut, {})[name] = choice.value
        judged = {cut: vitals for cut, vitals in told.items() if all(name in vitals for name in self._needed)}
        by_device = {page for page, device in judged if device not in _UNDIVIDED}
        passed: dict[Cut, int] = {}
        count: dict[Cut, int] = {}
        for group, vitals in judged.items():
            if group[1] in _UNDIVIDED and group[0] in by_device:
                continue
            of: dict[str, Key] = dict(zip(_GROUP, group, strict=True))
            cut = tuple(of[name] for name in self.scope.per)
            count[cut] = count.get(cut, 0) + 1
            is_good = all(value <= self._good[name] for name, value in vitals.items())
            passed[cut] = passed.get(cut, 0) + is_good
        found = {cut: Result(Fraction(passed[cut], n), passed[cut], n, base=n) for cut, n in count.items()}
        return results(found, _NO_BASE, self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        names = ", ".join(f"'{name}'" for name in self._good)
        # A span stands under its first day and answers where it ends.
        days = Period(period.first - _LONGEST_SPAN, period.last)
        return [Evidence("p75", days, f"metric IN ({names}) AND last_day >= {period.first}")]


METHODS: dict[str, type[Working]] = {"vitals_pass": VitalsPass}
