"""Whether a number calls for talk: limits first, then its target, in words and marks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

from ecoperf_desktop.language import sentence
from ecoperf_desktop.metrics.methods import signals
from ecoperf_desktop.metrics.methods.signals import Limits
from ecoperf_desktop.model.metric import Metric, Sum
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import Axis, Figure, Mark, Spark, State, Tone
from ecoperf_desktop.reports.figures import MISSING, Form
from ecoperf_desktop.reports.timeline import POINTS
from ecoperf_desktop.store.standing import Target

TOLERANCE = Fraction(5, 1000)


@dataclass(frozen=True)
class History:
    """A metric over successive periods, oldest first, the last being judged.

    ``values`` holds what is known; ``ordinary`` the same without periods of known causes and without those
    that the data cover only in part.
    """

    labels: tuple[str, ...]
    values: tuple[float | None, ...]
    ordinary: tuple[float | None, ...]
    shaded: tuple[tuple[int, int], ...] = ()

    @cached_property
    def limits(self) -> Limits | None:
        """Return the limits of the periods before the last."""
        base = self.ordinary[:-1]
        known = [value for value in base if value is not None]
        if not known:
            return None
        floor = 0.0 if min(known) >= 0 else None
        return signals.limits(base, floor=floor)


@dataclass(frozen=True)
class Aim:
    """A target for the period, in the metric's stored unit; a range has ``low`` and ``high``."""

    value: Number
    low: Number | None
    high: Number | None
    direction: str

    def text(self, form: Form) -> str:
        if self.low is not None and self.high is not None:
            return f"{form.text(self.low).removesuffix(form.after)}–{form.text(self.high)}"
        sense = "≤ " if self.direction == "lower" else ""
        return f"{sense}{form.text(self.value)}"

    def is_met(self, value: Number) -> bool:
        """Say whether ``value`` meets the target within the tolerance."""
        slack = abs(Fraction(self.value)) * TOLERANCE
        if self.low is not None and self.high is not None:
            return self.low - slack <= value <= self.high + slack
        if self.direction == "lower":
            return value <= self.value + slack
        return value >= self.value - slack

    def gap(self, value: Number | None, form: Form, language: str) -> Figure:
        """Return how far ``value`` is from the target."""
        if value is None:
            return Figure(None, MISSING)
        if self.low is not None and self.high is not None:
            if self.low <= value <= self.high:
                return Figure(0, sentence("reports.in_range", language))
            nearest = self.low if value < self.low else self.high
            change, text = form.change(value, nearest)
            return Figure(change, text, text)
        change, text = form.change(value, self.value)
        return Figure(change, text, text)


def aim(metric: Metric, targets: Sequence[Target], first: int, last: int, currency: str | None) -> Aim | None:
    """Return the target of ``metric`` for the days ``first`` to ``last``.

    A target for a sum counts for exactly its own days; one for a rate or a level for every period within them.
    """
    chosen = None
    for target in targets:
        if target.metric != metric.id or target.scope_kind != "company":
            continue
        if isinstance(metric.calculation, Sum) and (target.first, target.last) != (first, last):
            continue
        chosen = target
    if chosen is None:
        return None
    scale = 10 ** exponent(currency or "") if metric.unit == "money" else 1

    def stored(number: float | None) -> Fraction | None:
        return None if number is None else Fraction(repr(number)) * scale

    direction = chosen.direction or metric.direction
    low, high = (stored(chosen.floor), stored(chosen.stretch)) if direction == "target_range" else (None, None)
    value = stored(chosen.target)
    assert value is not None
    return Aim(value, low, high, direction)


def judge(
    metric: Metric,
    value: Number | None,
    history: History | None,
    goal: Aim | None,
    form: Form,
    language: str,
    *,
    silence: str | None = None,
) -> State:
    """Return the verdict on ``value``; ``silence`` is the code of the reason why there can be no call."""
    if value is None or silence is not None:
        return _state("no_call", "neutral", language, why=sentence(silence or "reports.why_missing", language))
    limits = history.limits if history else None
    if limits is not None and history is not None and history.ordinary[-1] is not None:
        verdict = signals.judge(history.ordinary, limits)
        if verdict.signal:
            mark: Mark = "up" if verdict.signal == "above" else "down"
            bound = limits.upper if mark == "up" else limits.lower
            why = sentence(
                "reports.why_signal",
                language,
                limit=form.text(bound),
                base=limits.base,
                r1=f"{limits.r1:.2f}",
            )
            return _state(mark, tone_of(metric.direction, mark, goal, value), language, why=why)
    if goal is not None:
        is_met = goal.is_met(value)
        return _state("on_target" if is_met else "off_target", "neutral" if is_met else "worse", language)
    if limits is None or history is None:
        return _state("no_call", "neutral", language, why=sentence("reports.why_young", language, least=signals.LEAST_BASE))
    if history.ordinary[-1] is None:
        return _state("no_call", "neutral", language, why=sentence("reports.why_known_cause", language))
    if verdict.watch:
        return _state("watch", "quiet", language, why=sentence("reports.why_watch", language))
    why = sentence(
        "reports.why_quiet", language, lower=form.text(limits.lower), upper=form.text(limits.upper), base=limits.base
    )
    return State("no_call", sentence("reports.state_quiet", language), "neutral", why)


def tone_of(direction: str, mark: str, goal: Aim | None, value: Number) -> Tone:
    """Return whether moving to ``mark`` is good for a metric of ``direction``."""
    if direction == "target_range":
        return "neutral" if goal is None else ("better" if goal.is_met(value) else "worse")
    if direction not in ("higher", "lower"):
        return "neutral"
    return "better" if (mark == "up") == (direction == "higher") else "worse"


def spark(history: History, limits: Limits | None, goal: Aim | None, state: State, text: str) -> Spark:
    """Return the newest thirteen periods with their limits."""
    start = max(0, len(history.values) - POINTS)
    points = history.values[start:]
    ordinary = [value for value in history.ordinary[start:] if value is not None]
    edge = [*ordinary, *((limits.lower, limits.upper) if limits else ())]
    if not edge:
        edge = [value for value in points if value is not None] or [0.0]
    target = float(goal.value) if goal is not None and goal.low is None else None
    low, high = min(edge), max(edge)
    if high == low:
        low, high = low - (abs(low) or 1.0) * 0.05, high + (abs(high) or 1.0) * 0.05
    outside = tuple(signals.outside(history.ordinary[start:], limits)) if limits else ()
    shaded = tuple((max(first - start, 0), last - start) for first, last in history.shaded if last >= start)
    return Spark(
        points,
        history.labels[start:],
        Axis(low, high),
        limits.lower if limits else None,
        limits.upper if limits else None,
        outside,
        shaded,
        target,
        state.tone,
        text,
    )


def since(history: History, limits: Limits) -> str:
    """Return the label of the first of the successive periods that end with the last and lie beyond a limit."""
    beyond = set(signals.outside(history.ordinary, limits))
    index = len(history.ordinary) - 1
    while index - 1 in beyond:
        index -= 1
    return history.labels[index]


def _state(mark: Mark, tone: Tone, language: str, why: str = "") -> State:
    return State(mark, sentence(f"reports.state_{mark}", language), tone, why)
