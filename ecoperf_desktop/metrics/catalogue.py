"""The metric catalogue: ``resources/metrics/<area>.toml`` read, checked and kept for a fast start."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

from ecoperf_desktop import language, paths
from ecoperf_desktop.declarations import declared
from ecoperf_desktop.errors import MappingError, MetricRefused
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.model.metric import (
    AverageLevel,
    Awaits,
    Calculation,
    Deviation,
    Direction,
    Distinct,
    Downtime,
    FirstKnown,
    Formula,
    Gate,
    Given,
    Last,
    Measure,
    Method,
    Metric,
    Opening,
    Percentile,
    Ratio,
    Rollup,
    Sum,
    Term,
    Unit,
    Unsold,
)
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.measures import measures
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.store.views import DIMENSIONS, VIEWS

AREAS = ("sales", "customers", "supply_chain", "marketing", "site", "staff", "finance", "performance")
ZERO_POLICIES = ("Z0", "ZN", "ZC", "ZS", "ZL", "ZF", "ZE")
COVERAGE = frozenset(table.coverage for table in TABLES.values() if table.coverage)

_OF = re.compile(r"([a-z][a-z0-9_]*)\(([a-z][a-z0-9_]*)\)")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_PERIOD_WORDS = ("days", "covered")


@dataclass(frozen=True)
class Catalogue:
    """Every metric by id, in the order of the files.

    ``metrics`` are those a person may ask for; ``parts`` the internal ones that they are
    made of; ``measures`` what is summed ahead.
    """

    metrics: dict[str, Metric]
    parts: dict[str, Metric]
    measures: dict[str, Measure]

    def metric(self, metric_id: str) -> Metric:
        """Return a metric or part; raise MetricRefused that names the nearest ids."""
        found = self.metrics.get(metric_id) or self.parts.get(metric_id)
        if found is None and (named := _OF.fullmatch(metric_id)):
            return self._about(named[1], named[2])
        if found is None:
            import difflib

            near = difflib.get_close_matches(metric_id, self.metrics, n=3, cutoff=0.5)
            if near:
                raise MetricRefused("metrics.catalogue_unknown_metric", metric=metric_id, near=", ".join(near))
            raise MetricRefused("metrics.catalogue_unknown_metric_none_near", metric=metric_id)
        return found

    def _about(self, method_id: str, metric_id: str) -> Metric:
        """Return a method's metric worked out for another metric than it usually is: ``growth_yoy(orders)``."""
        method, about = self.metric(method_id), self.metric(metric_id)
        calculation = method.calculation
        if not isinstance(calculation, Method) or not calculation.of:
            raise MetricRefused("metrics.catalogue_unknown_metric_none_near", metric=f"{method_id}({metric_id})")
        is_about_its_unit = method.unit == self.metric(calculation.of[0]).unit
        return replace(
            method,
            id=f"{method_id}({metric_id})",
            name={spoken: f"{text} · {about.name[spoken]}" for spoken, text in method.name.items()},
            calculation=replace(calculation, of=(metric_id, *calculation.of[1:])),
            unit=about.unit if is_about_its_unit else method.unit,
            dimensions=tuple(name for name in method.dimensions if name in about.dimensions or name in calculation.parts),
            grains=tuple(grain for grain in method.grains if grain in about.grains),
            # A method that needs no data of its own period (a target for the next) needs none for another metric.
            needs=about.needs if method.needs else (),
            wants=about.wants if method.needs else (),
        )


@cache
def catalogue() -> Catalogue:
    """Return the shipped catalogue, from the cache where the files have not changed since.

    Raise MappingError that names file and entry when a declaration is wrong.
    """
    folder = paths.resources() / "metrics"
    files = [folder / f"{area}.toml" for area in AREAS]
    store = paths.cache_dir() / "catalogue.json"
    stamp = _stamp([*files, folder / "measures.toml", folder / "sources.toml"])
    kept = _read_cache(store, stamp)
    if kept is None:
        kept = read(files, measures())
        _write_cache(store, stamp, kept)
    return Catalogue(
        {metric.id: metric for metric in kept if not metric.internal},
        {metric.id: metric for metric in kept if metric.internal},
        measures(),
    )


def read(files: Sequence[Path], known: Mapping[str, Measure]) -> list[Metric]:
    """Read the declarations of ``files`` and check that every name in them exists.

    The area of a metric is the name of its file.  Raise MappingError.
    """
    import tomllib  # only where nothing is kept

    found: dict[str, Metric] = {}
    source: dict[str, str] = {}
    for path in files:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        sets = said.pop("dimension_sets", {})
        for metric_id, entry in said.items():
            if metric_id in found:
                raise MappingError("metrics.catalogue_twice", file=path.name, entry=metric_id, other=source[metric_id])
            found[metric_id] = _Entry(path.name, metric_id, entry).metric(path.stem, sets)
            source[metric_id] = path.name
    sources = declared(paths.resources() / "metrics" / "sources.toml")
    for metric in found.values():
        _check(metric, source[metric.id], found, known)
        for key in metric.sources:
            if key not in sources:
                raise MappingError("metrics.catalogue_unknown_source", file=source[metric.id], entry=metric.id, source=key)
    return list(found.values())


def formula_metrics(text: str) -> list[str]:
    """Return the metric ids a formula names, each once, in order."""
    return [word for word in dict.fromkeys(_WORD.findall(text)) if word not in _PERIOD_WORDS]


def rollup(metric: Metric) -> tuple[Rollup, Rollup]:
    """Return how the metric adds up over days, and over the parts of a dimension."""
    implied = _ROLLUPS.get(type(metric.calculation), ("recalc", "recalc"))
    return metric.rollup_time or implied[0], metric.rollup_parts or implied[1]


_ROLLUPS: dict[type, tuple[Rollup, Rollup]] = {
    Sum: ("sum", "sum"),
    Ratio: ("ratio", "ratio"),
    Distinct: ("distinct", "distinct"),
    Last: ("last", "sum"),
    Opening: ("last", "sum"),
    AverageLevel: ("average", "sum"),
    Percentile: ("percentile", "percentile"),
    Given: ("none", "none"),
    Unsold: ("last", "sum"),
}


def parts_of(metric: Metric) -> list[str]:
    """Return the ids of the metrics that ``metric`` is directly made of, its gate left out."""
    calculation = metric.calculation
    if isinstance(calculation, Formula):
        return formula_metrics(calculation.text)
    if isinstance(calculation, FirstKnown | Method):
        return list(calculation.of)
    return [term.of for term in _terms(calculation) if "." not in term.of]


# ---- reading one entry


class _Entry:
    """One table of a catalogue file, read key by key; what is left over at the end is a mistake."""

    def __init__(self, file: str, name: str, entry: object) -> None:
        self.file = file
        self.name = name
        if not isinstance(entry, dict):
            raise self.wrong(name)
        self.rest: dict[str, Any] = dict(entry)

    def wrong(self, key: str) -> MappingError:
        return MappingError("metrics.catalogue_bad_entry", file=self.file, entry=self.name, key=key)

    def metric(self, area: str, sets: Mapping[str, Sequence[str]]) -> Metric:
        internal = self.take("internal", bool, False)
        calculation = self.calculation()
        dimensions = self.rest.pop("dimensions", None)
        if isinstance(dimensions, str):
            dimensions = sets.get(dimensions)
        zero = self.take("zero", str, "ZN")
        metric = Metric(
            id=self.name,
            area=area,
            name=self.texts("name", needed=not internal),
            definition=self.texts("definition", needed=not internal),
            formula_text=self.texts("formula", needed=not internal),
            calculation=calculation,
            unit=self.take("unit", str),
            direction=self.take("direction", str, "neutral"),
            dimensions=self.words("dimensions", dimensions),
            grains=self.words("grains", self.rest.pop("grains", [grain.value for grain in Grain])),
            needs=self.words("needs", self.rest.pop("needs", None)),
            wants=self.words("wants", self.rest.pop("wants", [])),
            low_n=self.take("low_n", int, _low_n(zero, calculation)),
            edge_rules=self.words("edge", self.rest.pop("edge", [])),
            short=self.texts("short", needed=False),
            decimals=self.take("decimals", int, None),
            window=self.take("window", int, None),
            internal=internal,
            zero_policy=zero,
            gate=self.gate(),
            sources=self.words("source", self.rest.pop("source", [])),
            rollup_time=self.take("rollup_time", str, None),
            rollup_parts=self.take("rollup_parts", str, None),
            aliases=self.words("aliases", self.rest.pop("aliases", [])),
            note=self.texts("note", needed=False),
        )
        if self.rest:
            raise self.wrong(next(iter(self.rest)))
        return metric

    def take(self, key: str, kind: type, default: Any = MISSING) -> Any:
        found = self.rest.pop(key, default)
        if found is MISSING or (found is not default and not isinstance(found, kind)):
            raise self.wrong(key)
        return found

    def texts(self, key: str, *, needed: bool) -> dict[str, str]:
        found = self.rest.pop(key, {})
        if not isinstance(found, dict) or not all(isinstance(text, str) and text.strip() for text in found.values()):
            raise self.wrong(key)
        if (needed or found) and set(found) != set(language.LANGUAGES):
            raise self.wrong(key)
        return found

    def words(self, key: str, found: object) -> tuple[str, ...]:
        if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
            raise self.wrong(key)
        return tuple(found)

    def gate(self) -> Gate | None:
        found = self.rest.pop("gate", None)
        return None if found is None else self.build("gate", Gate, found)

    def build(self, key: str, kind: type, found: object) -> Any:
        """Return the dataclass ``kind`` from a table whose keys are its fields."""
        if not isinstance(found, dict):
            raise self.wrong(key)
        if not set(found) <= {field.name for field in fields(kind)}:
            raise self.wrong(key)
        try:
            return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})
        except TypeError:
            raise self.wrong(key) from None

    def calculation(self) -> Calculation:
        ways = [key for key in _WAYS if key in self.rest]
        if len(ways) != 1:
            raise self.wrong(ways[1] if ways else "sum")
        way = ways[0]
        found = self.rest.pop(way)
        kind = _WAYS[way]
        if kind is Sum:
            return Sum(self.terms(way, found))
        if kind is Ratio:
            if not isinstance(found, dict):
                raise self.wrong(way)
            sides = {side: self.terms(f"{way}.{side}", found.get(side)) for side in ("over", "under")}
            ratio: Ratio = self.build(way, Ratio, {**found, **sides})
            return ratio
        if kind in (Last, Opening, AverageLevel, Formula, Awaits):
            if not isinstance(found, str):
                raise self.wrong(way)
            only: Calculation = kind(found)
            return only
        if kind is FirstKnown:
            return FirstKnown(self.words(way, found))
        built: Calculation = self.build(way, kind, found)
        return built

    def terms(self, key: str, found: object) -> tuple[Term, ...]:
        words = self.words(key, found)
        if not words:
            raise self.wrong(key)
        return tuple(Term(word.removeprefix("-"), -1 if word.startswith("-") else 1) for word in words)


_WAYS: dict[str, Any] = {
    "sum": Sum,
    "ratio": Ratio,
    "distinct": Distinct,
    "last": Last,
    "opening": Opening,
    "average": AverageLevel,
    "percentile": Percentile,
    "deviation": Deviation,
    "arithmetic": Formula,
    "given": Given,
    "downtime": Downtime,
    "first_known": FirstKnown,
    "unsold": Unsold,
    "method": Method,
    "awaits": Awaits,
}


def _low_n(zero: str, calculation: Calculation) -> int | None:
    """Return the base below which a value is flagged: 30, and for a percentile 20 values beyond it."""
    if zero != "ZL":
        return None
    if isinstance(calculation, Percentile):
        return round(20 / (1 - calculation.p))
    return 30


# ---- checking names against what exists


def _check(metric: Metric, file: str, found: Mapping[str, Metric], known: Mapping[str, Measure]) -> None:
    def wrong(code: str, **details: object) -> MappingError:
        return MappingError(f"metrics.catalogue_{code}", file=file, entry=metric.id, **details)

    for key, word, allowed in _closed_words(metric):
        if word not in allowed:
            raise wrong("unknown_word", key=key, word=word, allowed=", ".join(sorted(allowed)))
    for view in _views(metric.calculation):
        if view not in VIEWS:
            raise wrong("unknown_view", view=view)
    for name in _measures(metric.calculation):
        if name not in known:
            raise wrong("unknown_measure", measure=name)
    named = parts_of(metric) + ([metric.gate.metric] if metric.gate else [])
    for name in named:
        if name not in found:
            raise wrong("unknown_part", part=name)
    _check_circle(metric, found, wrong)
    for dimension in metric.dimensions:
        if dimension not in _dimensions(metric, found, known):
            raise wrong("unknown_dimension", dimension=dimension)


def _closed_words(metric: Metric) -> Iterator[tuple[str, str, Sequence[str] | frozenset[str]]]:
    yield "unit", metric.unit, get_args(Unit)
    yield "direction", metric.direction, get_args(Direction)
    yield "zero", metric.zero_policy, ZERO_POLICIES
    for rollup in (metric.rollup_time, metric.rollup_parts):
        if rollup is not None:
            yield "rollup", rollup, get_args(Rollup)
    for dimension in metric.dimensions:
        yield "dimensions", dimension, tuple(DIMENSIONS)
    for kind in metric.needs + metric.wants:
        yield "needs", kind, COVERAGE
    for grain in metric.grains:
        yield "grains", grain, tuple(grain.value for grain in Grain)


def _terms(calculation: Calculation) -> tuple[Term, ...]:
    if isinstance(calculation, Sum):
        return calculation.terms
    if isinstance(calculation, Ratio):
        return calculation.over + calculation.under
    return ()


def _measures(calculation: Calculation) -> list[str]:
    if isinstance(calculation, Last | Opening | AverageLevel | Unsold):
        return [calculation.measure]
    return [term.of for term in _terms(calculation) if "." in term.of]


def _views(calculation: Calculation) -> list[str]:
    if isinstance(calculation, Distinct):
        return [calculation.view] + ([calculation.finer] if calculation.finer else [])
    if isinstance(calculation, Percentile | Deviation | Given | Downtime):
        return [calculation.view]
    if isinstance(calculation, Method):
        return list(calculation.views)
    return []


def _dimensions(metric: Metric, found: Mapping[str, Metric], known: Mapping[str, Measure]) -> set[str]:
    """Return the dimensions that the views behind a metric can be cut by."""
    calculation = metric.calculation
    allowed = set(DIMENSIONS)
    if isinstance(calculation, Distinct):
        return set().union(*(VIEWS[view].dims for view in _views(calculation)))
    if isinstance(calculation, Method):  # it says itself how it can be cut
        return allowed
    if isinstance(calculation, FirstKnown):  # those answer that can be cut so
        return set().union(*(_dimensions(found[name], found, known) & set(found[name].dimensions) for name in calculation.of))
    for view in [*_views(calculation), *(known[name].view for name in _measures(calculation))]:
        allowed &= set(VIEWS[view].dims)
    for name in parts_of(metric):
        allowed &= _dimensions(found[name], found, known)
    return allowed


def _check_circle(metric: Metric, found: Mapping[str, Metric], wrong: Any) -> None:
    above: list[str] = []

    def visit(name: str) -> None:
        if name in above:
            raise wrong("circle", circle=" > ".join([*above[above.index(name) :], name]))
        above.append(name)
        part = found.get(name)
        if part is not None:
            for below in parts_of(part) + ([part.gate.metric] if part.gate else []):
                visit(below)
        above.pop()

    visit(metric.id)


# ---- the cache: plain JSON, believed only when everything fits


def _stamp(files: Sequence[Path]) -> list[object]:
    """Return what must be unchanged for the cache to hold: the files, and the shape of a metric."""
    shape = [[kind.__name__, *(field.name for field in fields(kind))] for kind in (Metric, Gate, Term, *_WAYS.values())]
    stats = [(path.name, path.stat()) for path in files]
    return [[[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats], shape]


def _read_cache(path: Path, stamp: list[object]) -> list[Metric] | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["stamp"] != stamp:
            return None
        return [_thaw(entry) for entry in kept["metrics"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write_cache(path: Path, stamp: list[object], kept: Sequence[Metric]) -> None:
    frozen = [{**asdict(metric), "way": _way(metric.calculation)} for metric in kept]
    text = json.dumps({"stamp": stamp, "metrics": frozen}, ensure_ascii=False, separators=(",", ":"))
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # a cache that cannot be written is no problem
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def _way(calculation: Calculation) -> str:
    return next(way for way, kind in _WAYS.items() if type(calculation) is kind)


_TUPLES = ("dimensions", "grains", "needs", "wants", "edge_rules", "sources", "aliases")


def _thaw(entry: dict[str, Any]) -> Metric:
    kind = _WAYS[entry.pop("way")]
    held = entry["calculation"]
    for side in ("terms", "over", "under"):
        if kind in (Sum, Ratio) and side in held:
            held[side] = tuple(Term(**term) for term in held[side])
    calculation = kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in held.items()})
    gate = entry["gate"]
    entry.update({name: tuple(entry[name]) for name in _TUPLES})
    entry.update(calculation=calculation, gate=None if gate is None else Gate(**gate))
    return Metric(**entry)
