"""What an actual is worth against its target: attainment, points, scorecards and grades."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction
from typing import Literal

from ecoperf_desktop.errors import GoalRefused
from ecoperf_desktop.metrics.methods import scoring
from ecoperf_desktop.metrics.methods.scoring import CAP, LEAST_COVERAGE, Scale
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

Better = Literal["higher", "lower"]
# Ways to tell attainment where less is better: 30 of 24 s is 125 %, or 2 - 24/30 = 120 %.
LowerWay = Literal["ratio", "linear"]

GRADES: tuple[tuple[str, float], ...] = (("S", 110), ("A", 100), ("B", 85), ("C", 70), ("D", -math.inf))
# Fewer than three KPIs judge by chance, more than seven by nothing in particular.
LEAST_ENTRIES, MOST_ENTRIES = 3, 7
LEAST_WEIGHT, MOST_WEIGHT, WEIGHT_STEP = 5, 50, 5


def attainment(actual: Number, target: Number, better: Better, lower_way: LowerWay = "ratio") -> Number | None:
    """Return how much of its target a metric reached, 1 for all of it.

    None where a quotient says nothing: a target of 0 or below, or a negative actual; for ``lower`` by ratio also an
    actual of 0.  There the score speaks.
    """
    if target <= 0 or actual < 0:
        return None
    if better == "higher":
        return _over(actual, target)
    if lower_way == "linear":
        return 2 - _over(actual, target)
    return _over(target, actual) if actual > 0 else None


def progress(actual: Number, baseline: Number, target: Number) -> Number | None:
    """Return how much of the way from where it began to its target a metric went; None where there is no way to go.

    Holds for either direction, and for targets of 0 and below.
    """
    return None if target == baseline else _over(baseline - actual, baseline - target)


def scale(floor: float, target: float, stretch: float, cap: float = CAP) -> Scale:
    """Return where points are 0, 100 and ``cap``; raise GoalRefused when target does not lie between floor and stretch.

    A target that cannot be passed (nothing late, 100 %) is its own stretch.
    """
    if not all(math.isfinite(level) for level in (floor, target, stretch, cap)):
        raise GoalRefused("goals.level_not_finite")
    if target == floor:
        raise GoalRefused("goals.target_is_floor", target=target)
    sign = 1 if target > floor else -1
    if sign * (stretch - target) < 0:
        raise GoalRefused("goals.stretch_before_target", floor=floor, target=target, stretch=stretch)
    if cap < 100:
        raise GoalRefused("goals.cap_below_target", cap=cap)
    return Scale(floor, target, stretch, cap)


@dataclass(frozen=True)
class Entry:
    """One KPI of a scorecard: its weight in percent, and its score, None where there are no data.

    ``cases`` of fewer than ``least_cases`` make the score chance: it is then left out like a missing one.
    """

    name: str
    weight: int
    score: float | None
    cases: int | None = None
    least_cases: int | None = None

    @property
    def counted(self) -> float | None:
        is_chance = self.cases is not None and self.least_cases is not None and self.cases < self.least_cases
        return None if is_chance else self.score


@dataclass(frozen=True)
class Gate:
    """What has to hold before anything is rated: ``actual`` on the right side of ``bound``; unknown does not pass."""

    name: str
    actual: float | None
    bound: float
    better: Better = "higher"

    @property
    def is_passed(self) -> bool:
        if self.actual is None:
            return False
        return self.actual >= self.bound if self.better == "higher" else self.actual <= self.bound


@dataclass(frozen=True)
class Scored:
    """What a scorecard comes to.

    ``score`` is None when it is not rated: too little of the weight is known (``coverage``), or a gate of ``failed`` was
    not passed.  ``left_out`` names the entries without data or with too few cases.
    """

    score: float | None
    coverage: float
    left_out: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scorecard:
    """KPIs with weights that make 100 %, and gates that are tried first."""

    entries: tuple[Entry, ...]
    gates: tuple[Gate, ...] = field(default=())
    least_coverage: float = LEAST_COVERAGE

    def scored(self) -> Scored:
        """Return the weighted mean of what is known; what is missing is left out and named, and never 0.

        Raise GoalRefused when weights are below 0, do not make 100 %, or a name stands twice.
        """
        check_weights([entry.weight for entry in self.entries])
        names = [entry.name for entry in self.entries]
        if len(set(names)) < len(names):
            raise GoalRefused("goals.entry_twice", entry=next(name for name in names if names.count(name) > 1))
        found = scoring.weighted(
            {entry.name: entry.counted for entry in self.entries},
            {entry.name: float(entry.weight) for entry in self.entries},
            self.least_coverage,
        )
        failed = tuple(gate.name for gate in self.gates if not gate.is_passed)
        return Scored(None if failed else found.score, found.coverage, found.missing, failed)


def check_weights(weights: Sequence[int]) -> None:
    """Raise GoalRefused when percent weights do not make 100, or one is not above 0."""
    if not weights or any(weight <= 0 for weight in weights):
        raise GoalRefused("goals.weight_not_positive")
    if sum(weights) != 100:
        raise GoalRefused("goals.weights_not_whole", total=sum(weights))


def advice(weights: Sequence[int]) -> list[str]:
    """Return the codes of what is unwise about weights that add up: too few or many, too small or large, odd steps."""
    found = []
    if not LEAST_ENTRIES <= len(weights) <= MOST_ENTRIES:
        found.append("goals.advice_entries")
    if any(weight < LEAST_WEIGHT for weight in weights):
        found.append("goals.advice_small_weight")
    if any(weight > MOST_WEIGHT for weight in weights):
        found.append("goals.advice_large_weight")
    if any(weight % WEIGHT_STEP for weight in weights):
        found.append("goals.advice_weight_step")
    return found


def grade(score: float, cuts: Sequence[tuple[str, float]] = GRADES) -> str:
    """Return the grade of a score: the first of ``cuts``, highest first, that it reaches, else the last.

    Raise GoalRefused when the cuts are not in falling order or a name stands twice.
    """
    names = [name for name, _ in cuts]
    if not cuts or any(first[1] <= second[1] for first, second in zip(cuts, cuts[1:], strict=False)) or len(set(names)) < len(names):
        raise GoalRefused("goals.grades_not_falling")
    return scoring.grade(score, cuts)


def firm_grade(score: float, noise: float, cuts: Sequence[tuple[str, float]] = GRADES) -> tuple[str, str]:
    """Return the lowest and the highest grade within ``noise`` of a score: where they differ the score alone decides nothing."""
    if noise < 0:
        raise ValueError("noise is a distance")
    return grade(score - noise, cuts), grade(score + noise, cuts)


def _over(over: Number, under: Number) -> Number:
    if isinstance(over, float) or isinstance(under, float):
        return float(over) / float(under)
    return Fraction(over) / Fraction(under)
