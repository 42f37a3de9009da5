"""All questions of a page, asked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol

from ecoperf_desktop.model.days import Bucket, Grain, Period
from ecoperf_desktop.model.metric import Metric
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.reports.timeline import spanned


class Answers(Protocol):
    """What a page needs of the engine."""

    def answer(self, questions: list[Question]) -> list[list[Value]]: ...


_Where = tuple[tuple[str, str], ...]
_Top = tuple[int, Period] | None
_Key = tuple[Period, str | None, tuple[str, ...], _Where, _Top]


@lru_cache(1024)
def split_cut(metric: str) -> tuple[str, _Where]:
    """Return id and cut of a metric as pages name it: ``lcp_p75[device=mobile]`` is one device's."""
    base, bracket, cut = metric.partition("[")
    if not bracket:
        return metric, ()
    name, _, value = cut.removesuffix("]").partition("=")
    return base, ((name, value),)


class Batch:
    """Collects what blocks want, asks the engine once, and hands the values back.

    A metric that cannot be cut by a filter of the scope is not asked: its values say so.
    """

    def __init__(self, engine: Answers, metrics: Mapping[str, Metric], where: tuple[tuple[str, str], ...]) -> None:
        self._engine = engine
        self._metrics = metrics
        self._where = where
        self._wanted: dict[_Key, dict[str, None]] = {}
        self._allowed: dict[tuple[str, tuple[str, ...]], bool] = {}
        self._single: dict[tuple[str, Period], Value] = {}
        self._buckets: dict[tuple[str, str, str], Value] = {}
        self._cuts: dict[tuple[str, Period, tuple[str, ...]], list[Value]] = {}
        self._cut_buckets: dict[tuple[str, str, str], dict[str, Value]] = {}

    def want(
        self,
        metrics: Iterable[str],
        period: Period,
        by: Grain | None = None,
        per: tuple[str, ...] = (),
        top: tuple[int, Period] | None = None,
        among: tuple[str, ...] = (),
    ) -> None:
        """Ask for ``metrics`` over ``period``, cut into buckets of ``by`` and along ``per``.

        ``top`` keeps so many parts, the largest by the first of ``metrics`` over the period it names; ``among``
        names the parts themselves.
        """
        for metric in metrics:
            if self.is_allowed(metric, per):
                cut = (*split_cut(metric)[1], *((per[0], value) for value in among))
                self._wanted.setdefault((period, by.value if by else None, per, cut, top), {})[metric] = None

    def want_series(self, metrics: Iterable[str], chain: tuple[Bucket, ...], grain: Grain | None) -> None:
        """Ask for every bucket of ``chain``; without a grain each is a period of its own."""
        if grain is not None:
            self.want(metrics, spanned(chain), grain)
            return
        asked = list(metrics)
        for bucket in chain:
            self.want(asked, bucket.period)

    def is_allowed(self, metric: str, per: tuple[str, ...] = ()) -> bool:
        """Say whether the metric is in the catalogue and can be cut by the scope's filters and ``per``."""
        found = self._allowed.get((metric, per))
        if found is None:
            base, cut = split_cut(metric)
            known = self._metrics.get(base)
            asked = (*per, *(name for name, _ in (*self._where, *cut)))
            found = self._allowed[metric, per] = known is not None and all(name in known.dimensions for name in asked)
        return found

    def run(self) -> None:
        """Ask everything wanted so far, once."""
        keys = list(self._wanted)
        questions = [
            Question(
                tuple(split_cut(metric)[0] for metric in self._wanted[key]),
                key[0],
                by=key[1],
                per=key[2],
                where=(*self._where, *key[3]),
                top=key[4][0] if key[4] else None,
                top_over=key[4][1] if key[4] else None,
            )
            for key in keys
        ]
        self._wanted = {}
        if not questions:
            return
        for (period, by, per, own, _), values in zip(keys, self._engine.answer(questions), strict=True):
            suffix = "".join(f"[{name}={cut}]" for name, cut in own if name not in per)
            for value in values:
                metric = value.metric + suffix
                if per and by:
                    cut = value.per.get(per[0], "")
                    self._cut_buckets.setdefault((metric, per[0], cut), {})[value.bucket or ""] = value
                elif per:
                    self._cuts.setdefault((metric, period, per), []).append(value)
                elif by:
                    self._buckets[metric, by, value.bucket or ""] = value
                else:
                    self._single[metric, period] = value

    def value(self, metric: str, period: Period) -> Value:
        """Return the number of a period asked for without buckets."""
        return self._single.get((metric, period)) or self._missing(metric, period)

    def series(self, metric: str, chain: tuple[Bucket, ...], grain: Grain | None) -> list[Value]:
        """Return the numbers of ``chain``, in its order."""
        if grain is None:
            return [self.value(metric, bucket.period) for bucket in chain]
        return [
            self._buckets.get((metric, grain.value, bucket.label)) or self._missing(metric, bucket.period) for bucket in chain
        ]

    def cut(self, metric: str, period: Period, per: str) -> dict[str, Value]:
        """Return the numbers of a period by the values of one dimension."""
        return {value.per.get(per, ""): value for value in self._cuts.get((metric, period, (per,)), [])}

    def cuts(self, metric: str, period: Period, per: tuple[str, ...]) -> list[Value]:
        """Return the numbers of a period cut along several dimensions at once."""
        return self._cuts.get((metric, period, per), [])

    def cut_series(self, metric: str, per: str, cut: str, chain: tuple[Bucket, ...]) -> list[Value]:
        """Return one line of a metric cut along ``per``."""
        found = self._cut_buckets.get((metric, per, cut), {})
        return [found.get(bucket.label) or self._missing(metric, bucket.period) for bucket in chain]

    def _missing(self, metric: str, period: Period) -> Value:
        known = self._metrics.get(split_cut(metric)[0])
        unit = known.unit if known else "count"
        blocked = [name for name, _ in self._where if known is not None and name not in known.dimensions]
        reason = f"reports.not_by_{blocked[0]}" if blocked else "reports.not_asked"
        return Value(split_cut(metric)[0], period, None, {}, None, None, None, unit, None, "missing", reason)
