"""A person's own metrics: expressions over the catalogue, checked before they are believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

from ecoperf_desktop import language
from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.catalogue import Catalogue, formula_metrics, parts_of
from ecoperf_desktop.model.metric import Awaits, Direction, Formula, Metric, OwnMetric

# What an expression can come to.  Classes are words, and stars, points and ranks are scales of their own.
UNITS: tuple[str, ...] = (
    "ratio", "money", "count", "units", "times", "days", "hours", "minutes", "seconds", "points", "per_1000", "score",
)
DIRECTIONS: tuple[str, ...] = get_args(Direction)

_ID = re.compile(r"[a-z][a-z0-9_]{2,39}")
_LONGEST = 200
# Words that an expression gives a meaning of their own.
_RESERVED = frozenset({"days", "covered", "min", "max", "abs", "coalesce", "last", "company"})


def with_own(shipped: Catalogue, written: Sequence[OwnMetric]) -> Catalogue:
    """Return the catalogue with a person's own metrics behind the shipped ones.

    One that no longer holds (a newer program dropped or renamed what it is made of) stays out; ``problems`` says
    which and why.
    """
    if not written:
        return shipped
    metrics = dict(shipped.metrics)
    for own in _in_order(written):
        try:
            metrics[own.id] = checked(own, replace(shipped, metrics=metrics))
        except MetricRefused:
            continue
    return replace(shipped, metrics=metrics)


def problems(shipped: Catalogue, written: Sequence[OwnMetric]) -> dict[str, MetricRefused]:
    """Return why some of a person's own metrics cannot be worked out, by id."""
    found: dict[str, MetricRefused] = {}
    metrics = dict(shipped.metrics)
    for own in _in_order(written):
        try:
            metrics[own.id] = checked(own, replace(shipped, metrics=metrics))
        except MetricRefused as problem:
            found[own.id] = problem
    return found


def checked(own: OwnMetric, known: Catalogue) -> Metric:
    """Return the metric that ``own`` describes, made of those ``known``.

    It may be cut by what all its parts may be cut by, needs what they need, and is worked out from their totals at
    each level.  Raises MetricRefused: an id or name that will not do, a word that is no metric, an expression that
    mixes money with numbers or does not come to the unit it says.
    """
    if not _ID.fullmatch(own.id) or own.id in _RESERVED:
        raise MetricRefused("metrics.own_bad_id", id=own.id)
    shipped = known.metrics.get(own.id) or known.parts.get(own.id)
    if shipped is not None and not shipped.own:
        raise MetricRefused("metrics.own_id_taken", id=own.id)
    if not own.name.strip() or len(own.name) > _LONGEST or len(own.definition) > 5 * _LONGEST:
        raise MetricRefused("metrics.own_bad_name", limit=_LONGEST)
    if own.unit not in UNITS:
        raise MetricRefused("metrics.own_bad_unit", unit=own.unit, allowed=", ".join(UNITS))
    if own.direction not in DIRECTIONS:
        raise MetricRefused("metrics.own_bad_direction", direction=own.direction, allowed=", ".join(DIRECTIONS))
    if own.decimals is not None and not 0 <= own.decimals <= 6:
        raise MetricRefused("metrics.own_bad_decimals", decimals=own.decimals)
    node = formula.parse(own.expression)
    parts = _parts(own, node, known)
    _check_below(own, parts, known)
    _check_money(own, node, known)
    everything = tuple(dict.fromkeys(name for part in parts for name in part.dimensions))
    spoken = dict.fromkeys(language.LANGUAGES, own.name.strip())
    words = own.definition.strip() or own.expression
    return Metric(
        id=own.id,
        area="own",
        name=spoken,
        definition=dict.fromkeys(language.LANGUAGES, words),
        formula_text={one: told(node, known, one) for one in language.LANGUAGES},
        calculation=Formula(own.expression),
        unit=own.unit,  # type: ignore[arg-type]
        direction=own.direction,  # type: ignore[arg-type]
        dimensions=tuple(name for name in everything if all(name in part.dimensions for part in parts)),
        grains=tuple(grain for grain in parts[0].grains if all(grain in part.grains for part in parts)),
        needs=tuple(dict.fromkeys(kind for part in parts for kind in part.needs)),
        wants=tuple(dict.fromkeys(kind for part in parts for kind in part.wants)),
        edge_rules=tuple(dict.fromkeys(rule for part in parts for rule in part.edge_rules)),
        decimals=own.decimals,
        own=True,
    )


def made_of(metric_id: str, written: Iterable[OwnMetric]) -> list[str]:
    """Return the ids of the own metrics that name ``metric_id``."""
    return [own.id for own in written if metric_id in formula_metrics(own.expression) and own.id != metric_id]


def told(node: formula.Node, known: Catalogue, spoken: str) -> str:
    """Write an expression with the names of its metrics."""
    return _told(node, known, spoken, 0)


def _parts(own: OwnMetric, node: formula.Node, known: Catalogue) -> list[Metric]:
    parts = []
    for name in formula.names(node):
        if name == "covered":
            raise MetricRefused("metrics.catalogue_unknown_metric_none_near", metric=name)
        if name == "days":
            continue
        if name == own.id:
            raise MetricRefused("metrics.own_circle", id=own.id)
        part = known.metric(name)
        if part.internal:
            raise MetricRefused("metrics.catalogue_unknown_metric_none_near", metric=name)
        if part.unit == "class":
            raise MetricRefused("metrics.own_of_class", metric=name)
        if isinstance(part.calculation, Awaits):
            raise MetricRefused("metrics.own_of_awaited", metric=name)
        parts.append(part)
    if not parts:
        raise MetricRefused("metrics.own_of_nothing")
    return parts


def _check_below(own: OwnMetric, parts: Sequence[Metric], known: Catalogue) -> None:
    """Raise MetricRefused when own metrics come back to ``own``, by naming each, or are too many."""
    reached: dict[str, str] = {part.id: own.id for part in parts if part.own}
    waiting = list(reached)
    while waiting:
        name = waiting.pop()
        if len(reached) > formula.GRAPH:
            raise MetricRefused("metrics.own_graph", id=own.id, limit=formula.GRAPH)
        part = known.metrics.get(name)
        if part is None or not part.own:
            continue
        for below in parts_of(part):
            if below == own.id:
                raise MetricRefused("metrics.own_circle_by", id=own.id, way=_way(own.id, name, reached))
            if below not in reached and (there := known.metrics.get(below)) is not None and there.own:
                reached[below] = name
                waiting.append(below)


def _way(first: str, last: str, reached: Mapping[str, str]) -> str:
    way = [first, last]
    while (above := reached[way[-1]]) != first:
        way.append(above)
    return " → ".join([first, *reversed(way[1:]), first])


# ---- money: amounts are minor units, so a number added to one would mean cents


# A power of money; None is the number 0, which fits any.
_Power = int | None


def _check_money(own: OwnMetric, node: formula.Node, known: Catalogue) -> None:
    power = _power(node, known)
    wanted = 1 if own.unit == "money" else 0
    if power is not None and power != wanted:
        raise MetricRefused("metrics.own_is_money" if power == 1 else "metrics.own_is_no_money", unit=own.unit)


def _power(node: formula.Node, known: Catalogue) -> _Power:
    match node:
        case formula.Literal():
            return None if node.value == 0 else 0
        case formula.Name():
            return 1 if node.name != "days" and known.metric(node.name).unit == "money" else 0
        case formula.Negative():
            return _power(node.of, known)
        case formula.Call():
            powers = {_power(argument, known) for argument in node.arguments} - {None}
            if len(powers) > 1:
                raise MetricRefused("metrics.own_mixes_money")
            return powers.pop() if powers else None
        case formula.Operation():
            left, right = _power(node.left, known), _power(node.right, known)
            if node.sign == "*":
                return None if left is None or right is None else left + right
            if node.sign == "/":
                return None if left is None else left - (right or 0)
            if left is not None and right is not None and left != right:
                raise MetricRefused("metrics.own_mixes_money")
            return right if left is None else left


# ---- an expression in words

_SIGNS: Mapping[str, str] = {"+": "+", "-": "−", "*": "×", "/": "÷"}
_BINDS: Mapping[str, Literal[1, 2]] = {"+": 1, "-": 1, "*": 2, "/": 2}


def _told(node: formula.Node, known: Catalogue, spoken: str, binding: int) -> str:
    match node:
        case formula.Literal():
            return f"{float(node.value):g}"
        case formula.Name():
            if node.name == "days":
                return language.sentence("metrics.own_days", spoken)
            return known.metric(node.name).name[spoken]
        case formula.Negative():
            return f"−{_told(node.of, known, spoken, 3)}"
        case formula.Call():
            return f"{node.function}({', '.join(_told(one, known, spoken, 0) for one in node.arguments)})"
        case formula.Operation():
            own = _BINDS[node.sign]
            left = _told(node.left, known, spoken, own)
            right = _told(node.right, known, spoken, own + (node.sign in "-/"))
            text = f"{left} {_SIGNS[node.sign]} {right}"
            return f"({text})" if own < binding else text


def _in_order(written: Sequence[OwnMetric]) -> list[OwnMetric]:
    """Return them so that each stands behind those it is made of; those in a circle come last, in their own order."""
    by_id = {own.id: own for own in written}
    above: dict[str, list[str]] = {}
    missing: dict[str, int] = {}
    for own in by_id.values():
        parts = {name for name in formula_metrics(own.expression[: formula.CHARACTERS]) if name in by_id and name != own.id}
        missing[own.id] = len(parts)
        for name in parts:
            above.setdefault(name, []).append(own.id)
    placed = {name: by_id[name] for name, count in missing.items() if not count}
    for name in (ready := list(placed)):
        for other in above.get(name, ()):
            missing[other] -= 1
            if not missing[other]:
                placed[other] = by_id[other]
                ready.append(other)
    return [*placed.values(), *(own for own in by_id.values() if own.id not in placed)]
