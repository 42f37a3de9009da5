"""Bonuses: what a rule pays on a result, step by step, to the smallest unit of money.

Each band pays its rate on the part of the result that lies within it, so that one more sale never costs or wins a cliff.
The order is fixed: gates, bands, cap, days in role, what later refunds take back; rounded once, at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction

from ecoperf_desktop.errors import GoalRefused
from ecoperf_desktop.goals.scores import Gate
from ecoperf_desktop.model import money
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Band:
    """From this attainment of the target on (1: the target itself) the ``rate`` is paid on what lies above."""

    start: Fraction
    rate: Fraction


@dataclass(frozen=True)
class Rule:
    """How a result pays: bands in rising order from 0 on, and the most that is paid (smallest units)."""

    version: str
    bands: tuple[Band, ...]
    cap_minor: int | None = None

    def __post_init__(self) -> None:
        starts = [band.start for band in self.bands]
        if not starts or starts[0] != 0 or any(second <= first for first, second in zip(starts, starts[1:], strict=False)):
            raise GoalRefused("goals.bands_not_rising")
        if any(not 0 <= band.rate <= 1 for band in self.bands):
            raise GoalRefused("goals.band_rate")
        if self.cap_minor is not None and self.cap_minor < 0:
            raise GoalRefused("goals.cap_negative")


@dataclass(frozen=True)
class Result:
    """What a rule is applied to, in smallest units: a result, its target, days in the role, and gates."""

    result_minor: int
    target_minor: int
    days: int = 1
    of_days: int = 1
    gates: tuple[Gate, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.target_minor <= 0:
            raise GoalRefused("goals.bonus_without_target")
        if not 0 <= self.days <= self.of_days or self.of_days <= 0:
            raise GoalRefused("goals.bonus_days", days=self.days, of=self.of_days)


@dataclass(frozen=True)
class Step:
    """One step of the working: its name (``band``, ``cap``, ``days``, ``gate``) and what is paid after it, unrounded."""

    name: str
    after: Fraction
    of: str = ""


@dataclass(frozen=True)
class Payout:
    """What is paid, in smallest units, and how it came about: the same rule and result give the same to the last unit."""

    minor: int
    rule: str
    steps: tuple[Step, ...]
    failed: tuple[str, ...] = ()


def payout(rule: Rule, result: Result) -> Payout:
    """Return what ``rule`` pays; nothing where a gate is not passed."""
    failed = tuple(gate.name for gate in result.gates if not gate.is_passed)
    if failed:
        return Payout(0, rule.version, (Step("gate", Fraction(0), failed[0]),), failed)
    steps = []
    paid = Fraction(0)
    starts = [band.start * result.target_minor for band in rule.bands]
    for place, band in enumerate(rule.bands):
        end = starts[place + 1] if place + 1 < len(starts) else None
        within = min(Fraction(result.result_minor), end) if end is not None else Fraction(result.result_minor)
        if within > starts[place]:
            paid += (within - starts[place]) * band.rate
            steps.append(Step("band", paid, str(band.start)))
    if rule.cap_minor is not None and paid > rule.cap_minor:
        paid = Fraction(rule.cap_minor)
        steps.append(Step("cap", paid))
    if result.days < result.of_days:
        paid = paid * result.days / result.of_days
        steps.append(Step("days", paid, f"{result.days}/{result.of_days}"))
    return Payout(_half_up(paid), rule.version, tuple(steps))


def clawback(rule: Rule, paid_on: Result, refunded_minor: int) -> int:
    """Return what the next cycle takes back: what was paid, less what would have been without the refunded part of the result."""
    if refunded_minor < 0:
        raise GoalRefused("goals.refunds_negative")
    rest = Result(
        paid_on.result_minor - refunded_minor, paid_on.target_minor, paid_on.days, paid_on.of_days, paid_on.gates
    )
    return payout(rule, paid_on).minor - payout(rule, rest).minor


def shared_pool(pool_minor: int, points: Sequence[int]) -> list[int]:
    """Split a pool by points, exactly, by largest remainder; raise GoalRefused where nobody has any."""
    if pool_minor < 0 or not points or any(one < 0 for one in points) or not sum(points):
        raise GoalRefused("goals.pool_without_points")
    return money.split(pool_minor, points)


def _half_up(amount: Fraction) -> int:
    """Return the nearest whole unit, halves away from 0."""
    doubled = 2 * abs(amount) + 1
    whole = doubled.numerator // (2 * doubled.denominator)
    return whole if amount >= 0 else -whole
