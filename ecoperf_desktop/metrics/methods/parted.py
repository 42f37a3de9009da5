"""A scope taken apart: what facts can be cut by, and the dimensions that only a method knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ecoperf_desktop.metrics.asked import Result, Results, Sources
from ecoperf_desktop.metrics.scope import Cut, Key, Scope
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.metric import Metric


class Parted:
    """``facts`` is the scope without the method's own ``parts``; ``by`` are the parts it is cut by."""

    def __init__(self, scope: Scope, parts: Collection[str]) -> None:
        self.by = tuple(name for name in scope.per if name in parts)
        self.facts = Scope(
            tuple((name, keys) for name, keys in scope.where if name not in parts),
            tuple(name for name in scope.per if name not in parts),
        )
        self._only = {name: keys for name, keys in scope.where if name in parts}
        self._per = scope.per

    def passes(self, part: str, key: Key) -> bool:
        """Say whether the filters let a key of an own dimension pass; numbers may be written with leading zeros or not."""
        keys = self._only.get(part)
        return keys is None or any(_plain(one) == _plain(key) for one in keys)

    def is_filtered(self, part: str) -> bool:
        return part in self._only

    def cut(self, facts: Cut, own: Mapping[str, Key]) -> Cut:
        """Return the cut of the whole scope: keys of facts in their order, and those of the parts it is cut by."""
        rest = iter(facts)
        return tuple(own[name] if name in self.by else next(rest) for name in self._per)


def _plain(key: Key) -> str:
    text = "" if key is None else str(key)
    return text.lstrip("0") or "0" if text.isdigit() else text


def results(found: Mapping[Cut, Result], absent: Result, scope: Scope) -> Results:
    """Return results by cut; where nothing is cut, the one number."""
    if scope.per:
        return Results(found.keys(), found.__getitem__, absent)
    return Results((), lambda cut: absent, found.get((), absent))


def shops(scope: Scope) -> tuple[int, ...] | None:
    """Return the shops the scope is filtered to, None for all."""
    keys = scope.keys("shop")
    return None if keys is None or None in keys else tuple(sorted(key for key in keys if isinstance(key, int)))


def through(sources: Sources, metric: Metric, scope: Scope) -> Day | None:
    """Return the newest day that has the data the metric needs first, None when there is none."""
    return None if not metric.needs else sources.coverage.through(metric.needs[0], shops(scope))


def elapsed(sources: Sources, metric: Metric, scope: Scope, period: Period) -> Period:
    """Return the part of a running period that has data already; all of it where it has none."""
    end = through(sources, metric, scope)
    return period if end is None or not period.first <= end < period.last else Period(period.first, end)
