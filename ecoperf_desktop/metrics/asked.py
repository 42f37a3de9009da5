"""One metric in one scope, worked out over any period; what it is made of is found once."""

from __future__ import annotations

import math
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar, assert_never, cast

from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.catalogue import Catalogue
from ecoperf_desktop.metrics.facts import Facts, scaled
from ecoperf_desktop.metrics.given import Choice
from ecoperf_desktop.metrics.loads import Amount, Loaded, Loads
from ecoperf_desktop.metrics.scope import Cut, Scope
from ecoperf_desktop.model.calendars import Calendar, calendar_of
from ecoperf_desktop.model.days import Day, Period, iso
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Awaits,
    Calculation,
    Deviation,
    Distinct,
    Downtime,
    FirstKnown,
    Formula,
    Given,
    Last,
    Method,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Sum,
    Term,
    Unsold,
)
from ecoperf_desktop.model.value import Number, Quality
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.coverage import Coverage

_S = TypeVar("_S")

# A level without a snapshot on the day is carried on for so many days, and then not known.
CARRIED_DAYS = 3
# "All days up to it": before any order could have been written down.
_BEGINNING = -25567
_NO_DETAILS: Mapping[str, object] = {}
_NOT_CUT: tuple[Cut, ...] = ((),)


class Result(NamedTuple):
    """One number before it is dressed as a Value.

    ``base`` is how many rows stand behind it, where that decides whether it is firm; ``word`` what a class is called.
    """

    value: Number | None
    numerator: Number | None = None
    denominator: Number | None = None
    quality: Quality = "ok"
    reason: str | None = None
    details: Mapping[str, object] = _NO_DETAILS
    base: Number | None = None
    word: str | None = None


class Results:
    """A number over one period, by cut; each cut is worked out when it is asked for.

    ``cuts`` are those that have rows; ``absent`` is what a cut without any has and, where
    nothing is cut, the number itself.
    """

    __slots__ = ("_known", "_of", "absent", "cuts")

    def __init__(self, cuts: Collection[Cut], of: Callable[[Cut], Result], absent: Result) -> None:
        self.cuts = cuts
        self.absent = absent
        self._of = of
        self._known: dict[Cut, Result] = {}

    def get(self, cut: Cut) -> Result:
        found = self._known.get(cut)
        if found is None:
            found = self._known[cut] = self._of(cut) if cut in self.cuts else self.absent
        return found


class _Whole(Results):
    """A number that is not cut."""

    __slots__ = ()

    def __init__(self, one: Result) -> None:
        self.cuts = _NOT_CUT
        self.absent = one

    def get(self, cut: Cut) -> Result:
        return self.absent


_ZERO = Result(0)
_NO_BASE = Result(None, quality="no_base", reason="metrics.no_base")
_NOT_STATED = Result(None, quality="missing", reason="metrics.not_stated")
_NO_SNAPSHOT = Result(None, quality="missing", reason="metrics.no_snapshot")
_LONGER_ONLY = Result(None, quality="missing", reason="metrics.longer_spans_only")
_NO_FIGURE = Result(None, quality="missing", reason="metrics.catalogue_vendor_none")


def window(metric: Metric, period: Period) -> Period:
    """Return the days that a metric asked for ``period`` looks at."""
    if metric.window is None:
        return period
    return Period(_BEGINNING, period.last) if metric.window == 0 else _ending(period, metric.window)


def _ending(period: Period, days: int) -> Period:
    return Period(period.last - days + 1, period.last)


class Sources:
    """Where numbers come from, shared by all that is asked together."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        catalogue: Catalogue,
        loads: Loads,
        facts: Facts,
        coverage: Coverage,
        methods: Mapping[str, type[Working]],
        calendar: Calendar | int = 1,
    ) -> None:
        self.conn = conn
        self.methods = methods
        self.calendar = calendar_of(calendar)
        self.week_start = self.calendar.week_start
        self.catalogue = catalogue
        self.loads = loads
        self.facts = facts
        self.coverage = coverage
        self._asked: dict[tuple[str, Scope], Asked] = {}
        self._measured: dict[tuple[str, Scope], _Measured] = {}
        self._verdicts: dict[tuple[object, ...], Verdicts] = {}
        self._shared: dict[object, object] = {}

    def asked(self, metric_id: str, scope: Scope) -> Asked:
        """Return the metric in the scope, the same object each time."""
        key = (metric_id, scope)
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = Asked(self, self.catalogue.metric(metric_id), scope)
        return found

    def measured(self, measure: str, scope: Scope) -> _Measured:
        """Return the measure in the scope, the same object for all metrics that are made of it."""
        key = (measure, scope)
        found = self._measured.get(key)
        if found is None:
            found = self._measured[key] = _Measured(self, measure, scope)
        return found

    def forget(self) -> None:
        """Let go of all that was read and worked out: numbers and what they are made of point at each other."""
        for asked in self._asked.values():
            asked.__dict__.clear()
        for known in (self._asked, self._measured, self._verdicts, self._shared):
            known.clear()

    def verdicts(self, metric: Metric, shops: tuple[int, ...] | None) -> Verdicts:
        """Return what coverage says about numbers of the metric, the same for all with the same needs."""
        key = (metric.needs, metric.wants, metric.window, shops)
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = Verdicts(self.coverage, metric, shops)
        return found

    def sold(self, days: Period) -> set[int]:
        """Return the products of which anything was sold."""
        return self.loads.sold(days)

    def shared(self, kind: Callable[[Sources], _S]) -> _S:
        """Return the one ``kind`` of these sources: what several methods read, they read together."""
        found = self._shared.get(kind)
        if found is None:
            found = self._shared[kind] = kind(self)
        return cast(_S, found)


class Verdicts:
    """What coverage says about numbers that need the same kinds of data, period by period."""

    def __init__(self, coverage: Coverage, metric: Metric, shops: tuple[int, ...] | None) -> None:
        self._needs = [(kind, coverage.spoken(kind, shops)) for kind in metric.needs]
        self._wants = [(kind, coverage.spoken(kind, shops)) for kind in metric.wants]
        self._spoken = self._needs + self._wants
        self._window = metric.window
        self._known: dict[Period, tuple[int, Result | None]] = {}

    def on(self, period: Period) -> tuple[int, Result | None]:
        """Return how many days have the needed data, and what that makes of a number: nothing, partial, or missing."""
        found = self._known.get(period)
        if found is None:
            found = self._known[period] = self._judge(period)
        return found

    def _judge(self, period: Period) -> tuple[int, Result | None]:
        for _, spoken in self._spoken:
            if not spoken.of(period).is_whole:
                break
        else:
            return period.days, None
        needed = [(kind, spoken.of(period)) for kind, spoken in self._needs]
        days = min([covered.days for _, covered in needed], default=period.days)
        if not days:
            absent = ", ".join([kind for kind, covered in needed if covered.days == 0])
            details = {"first": iso(period.first), "last": iso(period.last), "kinds": absent}
            return days, Result(None, quality="missing", reason="metrics.not_covered", details=details)
        if self._window:
            inner = _ending(period, self._window)
            needed = [(kind, spoken.of(inner)) for kind, spoken in self._needs]
        else:
            inner = period
        parts = [kind for kind, covered in needed if not covered.is_whole]
        parts += [kind for kind, spoken in self._wants if not spoken.of(inner).is_whole]
        if not parts:
            return days, None
        partial = {
            "first": iso(period.first), "last": iso(period.last), "kinds": ", ".join(parts), "covered": days, "days": period.days
        }  # fmt: skip
        return days, Result(None, quality="partial", reason="metrics.partly_covered", details=partial)


class Asked:
    """One metric in one scope."""

    def __init__(self, sources: Sources, metric: Metric, scope: Scope) -> None:
        self.metric = metric
        self.scope = scope
        self._sources = sources
        self._work = _work(sources, metric, metric.calculation, scope)
        self._gate: Asked | None = None
        self._at_least = Fraction(0)
        if metric.gate is not None:
            # Read here, not at each of a page's thousand numbers.
            self._at_least = Fraction(str(metric.gate.at_least))
            opener = sources.catalogue.metric(metric.gate.metric)
            self._gate = sources.asked(opener.id, scope.within(opener.dimensions))
        self._verdicts = sources.verdicts(metric, _shops(scope))
        self._by_shop = scope.per.index("shop") if "shop" in scope.per else None
        self._wanted: set[Period] = set()
        self._known: dict[Period, Results] = {}
        self._ones: dict[Period, Result] = {}

    def want(self, period: Period) -> None:
        """Note that ``results`` will be asked, so that what it reads is read with the rest."""
        if period not in self._wanted:
            self.want_all((period,))

    def want_all(self, periods: Iterable[Period]) -> None:
        """Note several periods at once: a chart asks for dozens."""
        wanted = self._wanted
        new = [period for period in periods if period not in wanted]
        if not new:
            return
        wanted.update(new)
        if not self.scope.per:
            # What there can be no number of, whatever the rows say, need not be read; of a cut the parts have to be found.
            on = self._verdicts.on
            new = [period for period in new if (verdict := on(period)[1]) is None or verdict.quality != "missing"]
        if self.metric.window is not None:
            new = [window(self.metric, period) for period in new]
        if new:
            self._work.want_all(new)
            if self._gate is not None:
                self._gate.want_all(new)

    def results(self, period: Period) -> Results:
        """Return the number over ``period`` by cut, with all that coverage and its rules say about it."""
        found = self._known.get(period)
        if found is None:
            if self.scope.per:
                inner = window(self.metric, period)
                found = self._dressed(self._work.results(inner), inner, period)
            else:
                found = _Whole(self.one(period))
            self._known[period] = found
        return found

    def one(self, period: Period) -> Result:
        """Return the number over ``period`` of a scope that is not cut: as ``results``, with less to carry about."""
        found = self._ones.get(period)
        return self.ones((period,))[0] if found is None else found

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        """Return the numbers of several periods: a chart asks for dozens, and they take the same way."""
        known = self._ones
        new = [period for period in periods if period not in known]
        if new:
            self._work_out(new)
        return [known[period] for period in periods]

    def _work_out(self, periods: Sequence[Period]) -> None:
        known, on = self._ones, self._verdicts.on
        judged: list[tuple[Period, Result | None]] = []
        for period in periods:
            verdict = on(period)[1]
            if verdict is not None and verdict.quality == "missing" and not self.scope.per:
                known[period] = verdict
            else:
                judged.append((period, verdict))
        inner = [period for period, _ in judged]
        if self.metric.window is not None:
            inner = [window(self.metric, period) for period in inner]
        found = self._work.ones(inner)
        if self._gate is not None:
            found = [self._gated(one, opened) for one, opened in zip(found, self._gate.ones(inner), strict=True)]
        if self.metric.low_n is not None:
            found = [_firm(one, self.metric.low_n) for one in found]
        for (period, verdict), one in zip(judged, found, strict=True):
            known[period] = one if verdict is None else _judged(one, verdict)

    def covered_days(self, cut: Cut, period: Period) -> int | None:
        """Return how many days of the period have the data the metric needs; None when it needs none."""
        return self._verdicts_of(cut).on(period)[0] if self.metric.needs else None

    def _dressed(self, found: Results, inner: Period, period: Period) -> Results:
        low_n, gate = self.metric.low_n, self._gate
        verdict = self._verdicts.on(period)[1]
        if low_n is None and gate is None and verdict is None and self._by_shop is None:
            return found
        opened = None if gate is None else gate.results(inner)

        def dressed(cut: Cut, one: Result) -> Result:
            if opened is not None and gate is not None:
                one = self._gated(one, opened.get(self.scope.projected(cut, gate.metric.dimensions)))
            if low_n is not None:
                one = _firm(one, low_n)
            judged = verdict
            if self._by_shop is not None and cut:
                judged = self._verdicts_of(cut).on(period)[1]
            return one if judged is None else _judged(one, judged)

        # A gate has its say on the parts; what has no rows needs none.
        absent = found.absent if verdict is None else _judged(found.absent, verdict)
        return Results(found.cuts, lambda cut: dressed(cut, found.get(cut)), absent)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        """Return plain numbers by cut, without what coverage and rules say about them: enough to rank by."""
        return self._work.amounts(window(self.metric, period))

    def _gated(self, one: Result, opened: Result) -> Result:
        gate, reached = self.metric.gate, opened.value
        assert gate is not None
        if one.value is None or reached is None or reached >= self._at_least:
            return one
        details = {"reached": float(reached), "at_least": gate.at_least}
        return one._replace(value=None, quality=gate.quality, reason=gate.reason, details=details)

    def _verdicts_of(self, cut: Cut) -> Verdicts:
        if self._by_shop is None:
            return self._verdicts
        shop = cut[self._by_shop]
        return self._sources.verdicts(self.metric, (shop,) if isinstance(shop, int) else None)


# ---- ways of working a number out


@dataclass(frozen=True)
class Evidence:
    """Rows that a method looked at: those of ``view`` from the period that fulfil ``where`` (SQL over its columns).

    They are those of the method's own filters, or of ``scope`` where it looked further.
    """

    view: str
    period: Period
    where: str | None = None
    scope: Scope | None = None


class Working(ABC):
    """A method of the catalogue in one scope: one entry of ``metrics/methods`` (see there).

    It reads other metrics by ``sources.asked(id, scope).results(period)`` and facts by ``store/views``.
    """

    def __init__(self, sources: Sources, metric: Metric, calculation: Method, scope: Scope) -> None:
        self.sources = sources
        self.metric = metric
        self.calculation = calculation
        self.scope = scope

    def want(self, period: Period) -> None:  # noqa: B027 - most methods have nothing to note
        """Note what will be asked, so that it is read with the rest."""

    @abstractmethod
    def results(self, period: Period) -> Results:
        """Return the number over ``period`` by cut of the scope."""

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        """Return plain numbers by cut, to rank by; one with thousands of cuts makes them without their results."""
        found = self.results(period)
        return {cut: found.get(cut).value for cut in found.cuts}

    def evidence(self, period: Period) -> Iterable[Evidence]:
        """Return the rows it rests on; by default those of its views in the period."""
        return [Evidence(view, period) for view in self.calculation.views]


class _Work(ABC):
    """One way of working a number out in one scope."""

    @abstractmethod
    def want(self, period: Period) -> None: ...

    @abstractmethod
    def results(self, period: Period) -> Results: ...

    def one(self, period: Period) -> Result:
        """Return the number of a scope that is not cut."""
        return self.results(period).get(())

    def want_all(self, periods: Iterable[Period]) -> None:
        """Note several periods at once."""
        for period in periods:
            self.want(period)

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        """Return the numbers of a scope that is not cut, one for each period."""
        return [self.one(period) for period in periods]

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        """Return plain numbers by cut."""
        found = self.results(period)
        return {cut: found.get(cut).value for cut in found.cuts}


def _work(sources: Sources, metric: Metric, calculation: Calculation, scope: Scope) -> _Work:
    match calculation:
        case Sum():
            return _terms(sources, calculation.terms, scope)
        case Ratio():
            return _Quotient(sources, calculation, scope)
        case Formula():
            return _Arithmetic(sources, metric, calculation, scope)
        case FirstKnown():
            return _FirstKnown(sources, calculation, scope)
        case Last() | Opening() | AverageLevel() | Unsold():
            return _Level(sources, calculation, scope)
        case Distinct() | Percentile() | Deviation() | Given() | Downtime():
            return _OfFacts(sources, calculation, scope)
        case Method():
            return _ByMethod(sources.methods[calculation.name](sources, metric, calculation, scope))
        case Awaits():
            return _Awaited(calculation)
        case _:
            assert_never(calculation)


class _ByMethod(_Work):
    """What a method works out."""

    def __init__(self, working: Working) -> None:
        self.working = working

    def want(self, period: Period) -> None:
        self.working.want(period)

    def results(self, period: Period) -> Results:
        return self.working.results(period)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        return self.working.amounts(period)


class _Awaited(_Work):
    """What has to be set up first."""

    def __init__(self, awaits: Awaits) -> None:
        self._absent = Result(None, quality="missing", reason=awaits.what)

    def want(self, period: Period) -> None:
        """Nothing is read."""

    def results(self, period: Period) -> Results:
        return Results((), lambda cut: self._absent, self._absent)


class _Measured(_Work):
    """A measure."""

    def __init__(self, sources: Sources, measure: str, scope: Scope) -> None:
        self._loaded: Loaded = sources.loads.loaded(sources.catalogue.measures[measure], scope)
        self._is_cut = bool(scope.per)
        # Half the rates of a page have the same numbers above or below.
        self._ones: dict[Period, Result] = {}
        self._wanted: set[Period] = set()

    def want(self, period: Period) -> None:
        self.want_all((period,))

    def want_all(self, periods: Iterable[Period]) -> None:
        wanted, want = self._wanted, self._loaded.want
        for period in periods:
            if period not in wanted:
                wanted.add(period)
                want(period)

    def one(self, period: Period) -> Result:
        found = self._ones.get(period)
        return self.ones((period,))[0] if found is None else found

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        known, amounts = self._ones, self._loaded.amounts
        found = []
        for period in periods:
            one = known.get(period)
            if one is None:
                by_cut, is_cut = amounts(period)
                if by_cut:
                    one = _stated(by_cut[()], is_cut)
                else:
                    one = _LONGER_ONLY if is_cut else _ZERO
                known[period] = one
            found.append(one)
        return found

    def results(self, period: Period) -> Results:
        amounts = self._loaded.amounts(period)
        absent = _LONGER_ONLY if amounts.is_cut else _ZERO
        if self._is_cut:
            by_cut, is_cut = amounts.by_cut, amounts.is_cut
            return Results(by_cut.keys(), lambda cut: _stated(by_cut[cut], is_cut), absent)
        return _Whole(_stated(amounts.by_cut[()], amounts.is_cut) if () in amounts.by_cut else absent)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        return self._loaded.amounts(period).by_cut


class _Part(_Work):
    """Another metric."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def want(self, period: Period) -> None:
        self.asked.want(period)

    def want_all(self, periods: Iterable[Period]) -> None:
        self.asked.want_all(periods)

    def results(self, period: Period) -> Results:
        return self.asked.results(period)

    def one(self, period: Period) -> Result:
        return self.asked.one(period)

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        return self.asked.ones(periods)

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        return self.asked.amounts(period)


class _Combined(_Work):
    """Something made of several parts in the same scope."""

    def __init__(self, parts: Sequence[_Work], is_cut: bool) -> None:
        self._parts = parts
        self._is_cut = is_cut

    def want(self, period: Period) -> None:
        for part in self._parts:
            part.want(period)

    def want_all(self, periods: Iterable[Period]) -> None:
        for part in self._parts:
            part.want_all(periods)

    def _sides(self, periods: Sequence[Period]) -> Iterator[tuple[Result, ...]]:
        """Yield the parts' numbers of each period together."""
        return zip(*[part.ones(periods) for part in self._parts], strict=True)

    def _combined(self, period: Period, combine: Callable[[Sequence[Result]], Result]) -> Results:
        found = [part.results(period) for part in self._parts]
        absent = combine([part.absent for part in found])
        if not self._is_cut:
            return _Whole(absent)
        cuts = found[0].cuts if len(found) == 1 else set().union(*(part.cuts for part in found))
        return Results(cuts, lambda cut: combine([part.get(cut) for part in found]), absent)


def _terms(sources: Sources, terms: Sequence[Term], scope: Scope) -> _Work:
    parts: list[_Work] = []
    for term in terms:
        if "." in term.of:
            parts.append(sources.measured(term.of, scope))
        else:
            parts.append(_Part(sources.asked(term.of, scope)))
    if len(parts) == 1 and terms[0].sign == 1:
        return parts[0]
    return _Total(parts, [term.sign for term in terms], bool(scope.per))


class _Total(_Combined):
    def __init__(self, parts: Sequence[_Work], signs: Sequence[int], is_cut: bool) -> None:
        super().__init__(parts, is_cut)
        self._signs = signs

    def results(self, period: Period) -> Results:
        return self._combined(period, self._added)

    def one(self, period: Period) -> Result:
        return self._added([part.one(period) for part in self._parts])

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        return [self._added(parts) for parts in self._sides(periods)]

    def amounts(self, period: Period) -> Mapping[Cut, Number | None]:
        is_plain = self._signs[0] == 1
        total: dict[Cut, Number | None] = dict(self._parts[0].amounts(period)) if is_plain else {}
        for sign, part in list(zip(self._signs, self._parts, strict=True))[is_plain:]:
            for cut, amount in part.amounts(period).items():
                before = total.get(cut, 0)
                total[cut] = None if amount is None or before is None else before + sign * amount
        return total

    def _added(self, parts: Sequence[Result]) -> Result:
        total: Number = 0
        for sign, part in zip(self._signs, parts, strict=True):
            if part.value is None:
                return Result(None, quality=part.quality, reason=part.reason, details=part.details)
            total = total + part.value if sign > 0 else total - part.value
        return _inheriting(Result(total), parts)


class _Quotient(_Combined):
    def __init__(self, sources: Sources, ratio: Ratio, scope: Scope) -> None:
        super().__init__([_terms(sources, ratio.over, scope), _terms(sources, ratio.under, scope)], bool(scope.per))
        self._ratio = ratio

    def results(self, period: Period) -> Results:
        return self._combined(period, self._divided)

    def one(self, period: Period) -> Result:
        return self._divided([part.one(period) for part in self._parts])

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        return [self._divided(parts) for parts in self._sides(periods)]

    def _divided(self, parts: Sequence[Result]) -> Result:
        over, under = parts
        if over.value is None or under.value is None:
            unknown = over if over.value is None else under
            return unknown._replace(value=None, numerator=over.value, denominator=under.value)
        numerator = under.value - over.value if self._ratio.complement else over.value
        # A base below 0 (more returned than sold) gives no sensible share either.
        if under.value <= 0:
            return _NO_BASE._replace(numerator=numerator, denominator=under.value)
        value = scaled(_quotient(numerator, under.value), self._ratio.scale)
        return _inheriting(Result(value, numerator, under.value, base=under.value), parts)


class _Arithmetic(_Combined):
    def __init__(self, sources: Sources, metric: Metric, calculation: Formula, scope: Scope) -> None:
        self._node = formula.parse(calculation.text)
        names = formula.names(self._node)
        self._names = [name for name in names if name not in ("days", "covered")]
        super().__init__([_Part(sources.asked(name, scope)) for name in self._names], bool(scope.per))
        self._verdicts = sources.verdicts(metric, _shops(scope))
        self._asks_covered = "covered" in names

    def results(self, period: Period) -> Results:
        return self._combined(period, lambda parts: self._worked_out(period, parts))

    def one(self, period: Period) -> Result:
        return self._worked_out(period, [part.one(period) for part in self._parts])

    def ones(self, periods: Sequence[Period]) -> list[Result]:
        if not self._parts:
            return [self._worked_out(period, ()) for period in periods]
        return [self._worked_out(period, parts) for period, parts in zip(periods, self._sides(periods), strict=True)]

    def _worked_out(self, period: Period, parts: Sequence[Result]) -> Result:
        numbers: dict[str, Number | None] = {"days": period.days}
        if self._asks_covered:
            numbers["covered"] = self._verdicts.on(period)[0]
        for name, part in zip(self._names, parts, strict=True):
            numbers[name] = part.value
        return _evaluated(self._node, numbers, parts)


class _FirstKnown(_Combined):
    def __init__(self, sources: Sources, calculation: FirstKnown, scope: Scope) -> None:
        metrics = [sources.catalogue.metric(name) for name in calculation.of]
        fitting = [one for one in metrics if all(name in one.dimensions for name in scope.dimensions)]
        super().__init__([_Part(sources.asked(one.id, scope)) for one in fitting], bool(scope.per))

    def results(self, period: Period) -> Results:
        return self._combined(period, lambda parts: next((one for one in parts if one.value is not None), parts[0]))

    def one(self, period: Period) -> Result:
        first: Result | None = None
        for part in self._parts:
            found = part.one(period)
            if found.value is not None:
                return found
            first = first or found
        assert first is not None
        return first


class _Level(_Work):
    """What is counted on snapshot days."""

    def __init__(self, sources: Sources, level: Last | Opening | AverageLevel | Unsold, scope: Scope) -> None:
        self._sources = sources
        self._level = level
        self._scope = scope
        self._measure = sources.catalogue.measures[level.measure]
        self._loaded = sources.loads.loaded(self._measure, scope)
        # A part is counted on the days of the whole, whether it is one row of a table or filtered for.
        self._counted = sources.loads.loaded(self._measure, Scope()) if scope.where else self._loaded

    def want(self, period: Period) -> None:
        if self._scope.where:
            self._counted.want(self._looked_at(period))
        # Of a cut the newest day is found first, and read alone.
        if isinstance(self._level, AverageLevel) or not self._scope.dimensions:
            self._loaded.want(self._looked_at(period))

    def _looked_at(self, period: Period) -> Period:
        if isinstance(self._level, AverageLevel):
            return period
        last = period.first - 1 if isinstance(self._level, Opening) else period.last
        return Period(period.first - CARRIED_DAYS, last)

    def results(self, period: Period) -> Results:
        if isinstance(self._level, AverageLevel):
            by_day = self._loaded.by_day(period)
            days = len(self._counted.by_day(period)) if self._scope.where else len(by_day)
            return self._average(by_day, days) if days else self._filled({}, _NO_SNAPSHOT)
        # One day for all parts of a cut, whichever have a row on it: parts of different days do not add up.
        latest = self._counted.latest(self._looked_at(period))
        if latest is None:
            return self._filled({}, _NO_SNAPSHOT)
        day, amounts = latest
        if self._scope.where:
            amounts = self._loaded.by_day(Period(day, day)).get(day, {})
        details = {"day": iso(day)}
        if isinstance(self._level, Unsold):
            levels = self._sources.facts.lying(self._measure, self._level.days, self._scope, day, self._sources.loads.sold_of)
            stated = {cut: _stated(level)._replace(details=details) for cut, level in levels.items()}
            return self._filled(stated, Result(0, details=details))
        absent = Result(0, details=details)
        if isinstance(self._level, Last) and day < max(period.first, period.last - CARRIED_DAYS):
            absent = absent._replace(quality="partial", reason="metrics.carried_on")
        found = {
            cut: _NOT_STATED._replace(details=details) if amount is None else absent._replace(value=amount)
            for cut, amount in amounts.items()
        }
        return self._filled(found, absent)

    def _average(self, by_day: Mapping[Day, Mapping[Cut, Amount]], days: int) -> Results:
        amounts: dict[Cut, list[Amount]] = {}
        for amounts_of_day in by_day.values():
            for cut, amount in amounts_of_day.items():
                amounts.setdefault(cut, []).append(amount)
        found = {}
        for cut, parts in amounts.items():
            known = [amount for amount in parts if amount is not None]
            if not known:
                found[cut] = _NOT_STATED
                continue
            total = sum(known) if all(isinstance(amount, int) for amount in known) else math.fsum(known)
            # A part without a row on a snapshot day has none of it; one whose amount is not stated leaves the day out.
            base = days - (len(parts) - len(known))
            found[cut] = Result(_quotient(total, base), total, base)
        return self._filled(found, Result(Fraction(0), 0, days))

    def _filled(self, found: Mapping[Cut, Result], absent: Result) -> Results:
        return _filled(found, absent, self._scope)


class _OfFacts(_Work):
    """What is worked out from rows, or from kept columns of them."""

    def __init__(
        self, sources: Sources, calculation: Distinct | Percentile | Deviation | Given | Downtime, scope: Scope
    ) -> None:
        self._sources = sources
        self._calculation = calculation
        self._scope = scope

    def want(self, period: Period) -> None:
        self._sources.facts.want(self._calculation, self._scope, period)

    def results(self, period: Period) -> Results:
        facts, scope = self._sources.facts, self._scope
        match self._calculation:
            case Distinct() as asked:
                counts = self._sources.loads.products(asked, scope, period)
                if counts is None:
                    counts = facts.distinct(asked, scope, period)
                return _filled({cut: Result(count) for cut, count in counts.items()}, _ZERO, scope)
            case Percentile() as asked:
                ranks = facts.percentile(asked, scope, period)
                return _filled({cut: Result(value, base=n) for cut, (value, n) in ranks.items()}, _NO_BASE, scope)
            case Deviation() as asked:
                spreads = facts.deviation(asked, scope, period)
                return _filled({cut: _deviation(*moments) for cut, moments in spreads.items()}, _NO_BASE, scope)
            case Given() as asked:
                choices = facts.given(asked, scope, period)
                return _filled({cut: _chosen(choice) for cut, choice in choices.items()}, _NO_FIGURE, scope)
            case Downtime() as asked:
                times = facts.downtime(asked, scope, period)
                return _filled({cut: Result(time) for cut, time in times.items()}, _ZERO, scope)


# ---- arithmetic


def _filled(found: Mapping[Cut, Result], absent: Result, scope: Scope) -> Results:
    if scope.per:
        return Results(found.keys(), found.__getitem__, absent)
    return _Whole(found.get((), absent))


def _stated(amount: Amount, is_cut: bool = False) -> Result:
    if amount is None:
        return _NOT_STATED
    return Result(amount, quality="partial", reason="metrics.longer_spans_left_out") if is_cut else Result(amount)


def _inheriting(result: Result, parts: Iterable[Result]) -> Result:
    """Return the result with the weakness of its parts."""
    for part in parts:
        if part.quality == "partial":
            return result._replace(quality=part.quality, reason=part.reason, details=part.details)
    return result


def _evaluated(node: formula.Node, numbers: Mapping[str, Number | None], parts: Sequence[Result]) -> Result:
    numerator: Number | None = None
    denominator: Number | None = None
    try:
        if isinstance(node, formula.Operation) and node.sign == "/":
            numerator = formula.evaluate(node.left, numbers.__getitem__)
            denominator = formula.evaluate(node.right, numbers.__getitem__)
            if denominator is not None and denominator <= 0:
                raise formula.NoBase
            value = None if numerator is None or denominator is None else _quotient(numerator, denominator)
        else:
            value = formula.evaluate(node, numbers.__getitem__)
    except formula.NoBase:
        return _NO_BASE._replace(numerator=_plain(numerator), denominator=_plain(denominator))
    if value is None:
        unknown = next((part for part in parts if part.value is None), _NO_BASE)
        return unknown._replace(value=None, numerator=_plain(numerator), denominator=_plain(denominator))
    if denominator is None:
        value = _plain(value)
    return _inheriting(Result(value, _plain(numerator), _plain(denominator), base=denominator), parts)


def _plain(number: Number | None) -> Number | None:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number


def _quotient(over: Number, under: Number) -> Number:
    if isinstance(over, float) or isinstance(under, float):
        return formula.quotient(over, under)
    if type(over) is int and type(under) is int and under > 0:
        return _fraction(over, under)
    return Fraction(over, under)


def _fraction(over: int, under: int) -> Fraction:
    """Return ``Fraction(over, under)`` of whole numbers, ``under`` above 0, without asking what they are: a page makes hundreds."""
    common = math.gcd(over, under)
    made: Fraction = object.__new__(Fraction)
    made._numerator, made._denominator = over // common, under // common  # type: ignore[attr-defined]
    return made


def _chosen(choice: Choice) -> Result:
    if choice.value is None:
        return Result(None, quality="missing", reason=choice.reason, details=choice.details)
    value: Number = choice.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if choice.span is None:
        return Result(value)
    return Result(value, details={"first": iso(choice.span.first), "last": iso(choice.span.last)})


def _deviation(n: int, total: Number, squares: Number) -> Result:
    if n < 2:
        return _NO_BASE._replace(base=n)
    spread = Fraction(squares) - Fraction(total) * Fraction(total) / n
    return Result(math.sqrt(max(spread, Fraction(0)) / (n - 1)), base=n)


def _firm(result: Result, low_n: int) -> Result:
    if result.value is None or result.base is None or result.base >= low_n or result.quality != "ok":
        return result
    details = {**result.details, "n": _plain(result.base), "at_least": low_n}
    return result._replace(quality="low_n", reason="metrics.low_n", details=details)


def _judged(result: Result, verdict: Result) -> Result:
    if verdict.quality == "missing":
        return verdict
    if result.value is None or result.quality not in ("ok", "low_n"):
        return result
    details = {**result.details, **verdict.details}
    return result._replace(quality=verdict.quality, reason=verdict.reason, details=details)


def _shops(scope: Scope) -> tuple[int, ...] | None:
    keys = scope.keys("shop")
    return None if keys is None or None in keys else tuple(sorted(key for key in keys if isinstance(key, int)))
