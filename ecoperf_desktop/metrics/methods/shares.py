"""Methods of parts: what a part is of its whole, and what only some channels or searches bring."""

# SQL is constants of our own; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from ecoperf_desktop.metrics.asked import Asked, Result, Results, Sources, Working
from ecoperf_desktop.metrics.scope import Cut, Key, Scope
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Method, Metric
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.store import brands
from ecoperf_desktop.store.views import CHANNEL_KINDS

_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")
_NO_KINDS = Result(None, quality="missing", reason="metrics.catalogue_no_channel_kinds")
_NO_BRAND = Result(None, quality="missing", reason="metrics.catalogue_no_brand_words")
# More queries than the database takes as parameters at once are asked for in portions.
_QUERIES_AT_ONCE = 20_000


class Share(Working):
    """What a part is of the whole it belongs to.

    The whole is the scope without its last dimension (or without ``part`` of the settings, where that is asked for):
    of a campaign cut by channel and campaign its channel, of a channel alone everything.  Other filters hold for both.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._place, whole = _whole(scope, str(calculation.settings.get("part", "")))
        self._part = sources.asked(calculation.of[0], scope)
        self._whole = sources.asked(calculation.of[0], whole)

    def want(self, period: Period) -> None:
        self._part.want(period)
        self._whole.want(period)

    def results(self, period: Period) -> Results:
        place = self._place
        return _divided(self._part.results(period), self._whole.results(period), lambda cut: _without(cut, place))


class OrganicShare(Working):
    """What the channels of organic search bring, out of everything; ``of`` is what is brought."""

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        kinds = dict(sources.conn.execute(CHANNEL_KINDS))
        self._all = sources.asked(calculation.of[0], scope)
        self._organic = self._of_channels([channel for channel, kind in kinds.items() if kind == "organic"])
        # Orders that do not say where they came from leave the share open, however many channels are known elsewhere.
        self._known = self._of_channels([channel for channel, kind in kinds.items() if kind is not None])

    def _of_channels(self, channels: Sequence[int]) -> Asked:
        allowed = self.scope.keys("channel")
        keys: tuple[Key, ...] = tuple(key for key in channels if allowed is None or key in allowed)
        rest = tuple((name, filtered) for name, filtered in self.scope.where if name != "channel")
        return self.sources.asked(self.calculation.of[0], Scope((*rest, ("channel", keys)), self.scope.per))

    def want(self, period: Period) -> None:
        for asked in (self._all, self._organic, self._known):
            asked.want(period)

    def results(self, period: Period) -> Results:
        if not any(self._known.amounts(period).values()):
            return Results((), lambda cut: _NO_KINDS, _NO_KINDS)
        return _divided(self._organic.results(period), self._all.results(period), lambda cut: cut)


class BrandedSearches(Working):
    """Searches that name the brand: as reports say, else by the workspace's words.

    ``of`` are what reports say of branded searches, and what is counted of all searches.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        super().__init__(sources, metric, calculation, scope)
        self._told = sources.asked(calculation.of[0], scope)

    def want(self, period: Period) -> None:
        self._told.want(period)

    def results(self, period: Period) -> Results:
        told = self._told.results(period)
        if told.absent.value is not None and not self.scope.per:
            return told
        if self.scope.per and any(told.get(cut).value is not None for cut in told.cuts):
            return told
        words = brands.words(self.sources.conn)
        if not words:
            return Results((), lambda cut: _NO_BRAND, _NO_BRAND)
        return self._by_words(words, period)

    def _by_words(self, words: Sequence[str], period: Period) -> Results:
        found = self.sources.conn.execute(
            "SELECT DISTINCT query FROM search_performance WHERE query IS NOT NULL AND "
            f"day <= {period.last} AND last_day >= {period.first}"
        )
        allowed = self.scope.keys("query")
        named = [query for (query,) in found if any(word in query.lower() for word in words)]
        keys: list[Key] = [query for query in named if allowed is None or query in allowed]
        rest = tuple((name, filtered) for name, filtered in self.scope.where if name != "query")
        scopes = [
            Scope((*rest, ("query", tuple(keys[start : start + _QUERIES_AT_ONCE]))), self.scope.per)
            for start in range(0, max(len(keys), 1), _QUERIES_AT_ONCE)
        ]
        counted = [self.sources.asked(self.calculation.of[1], scope).results(period) for scope in scopes]
        if len(counted) == 1:
            return counted[0]
        return Added(counted)


class Derived(Results):
    """Numbers made of others cut by cut, also where only one side of them has rows."""

    __slots__ = ()

    def get(self, cut: Cut) -> Result:
        found = self._known.get(cut)
        if found is None:
            found = self._known[cut] = self._of(cut)
        return found


class Added(Derived):
    """Several portions of one number, added up."""

    __slots__ = ()

    def __init__(self, portions: Sequence[Results]) -> None:
        cuts = set().union(*(portion.cuts for portion in portions))

        def added(cut: Cut) -> Result:
            parts = [portion.get(cut) for portion in portions]
            known = [part.value for part in parts if part.value is not None]
            return parts[0] if not known else weakened(Result(sum(known)), parts)

        super().__init__(cuts, added, added(()))


def quotient(over: Result, under: Result) -> Result:
    """Return one result over another, as the engine's own ratios do."""
    if over.value is None or under.value is None:
        unknown = over if over.value is None else under
        return unknown._replace(value=None, numerator=over.value, denominator=under.value)
    if under.value <= 0:
        return _NO_BASE._replace(numerator=over.value, denominator=under.value)
    return weakened(Result(divided(over.value, under.value), over.value, under.value, base=under.value), (over, under))


def divided(over: Number, under: Number) -> Number:
    """Return a quotient, exact where both sides are."""
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over, under)


def weakened(result: Result, parts: Sequence[Result]) -> Result:
    """Return the result with the weakness of its parts."""
    for part in parts:
        if part.quality == "partial":
            return result._replace(quality=part.quality, reason=part.reason, details=part.details)
    return result


def _divided(over: Results, under: Results, whole_of: Callable[[Cut], Cut]) -> Results:
    return Derived(
        over.cuts, lambda cut: quotient(over.get(cut), under.get(whole_of(cut))), quotient(over.absent, under.absent)
    )


def _whole(scope: Scope, part: str) -> tuple[int | None, Scope]:
    """Return the scope of the whole, and the place of the dimension of the cut that it leaves out."""
    if scope.per:
        place = scope.per.index(part) if part in scope.per else len(scope.per) - 1
        name = scope.per[place]
        where = tuple(one for one in scope.where if one[0] != name)
        return place, Scope(where, tuple(other for other in scope.per if other != name))
    if scope.where:
        names = [name for name, _ in scope.where]
        place = names.index(part) if part in names else len(names) - 1
        return None, Scope(tuple(one for index, one in enumerate(scope.where) if index != place))
    return None, scope


def _without(cut: Cut, place: int | None) -> Cut:
    return cut if place is None else tuple(key for index, key in enumerate(cut) if index != place)


METHODS: Mapping[str, type[Working]] = {
    "share": Share,
    "organic_share": OrganicShare,
    "branded_searches": BrandedSearches,
}
