"""Targets that are hard and can be reached: proposed from a forecast, and judged by how likely they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ecoperf_desktop.errors import GoalRefused
from ecoperf_desktop.metrics.methods.forecast import Outlook
from ecoperf_desktop.records import dataclass

FLOOR_CHANCE, TARGET_CHANCE, STRETCH_CHANCE = 0.8, 0.4, 0.1
EASY, HARD, NOT_CREDIBLE = 0.7, 0.3, 0.1

Judgement = Literal["easy", "fair", "challenging", "hard", "not_credible"]


@dataclass(frozen=True)
class Proposal:
    """A floor, a target and a stretch, each the total that is reached with its chance if nothing changes."""

    floor: float
    target: float
    stretch: float


def proposed(outlook: Outlook, chances: Sequence[float] = (FLOOR_CHANCE, TARGET_CHANCE, STRETCH_CHANCE)) -> Proposal:
    """Return the proposal for falling chances of floor, target and stretch; raise GoalRefused for any others."""
    if len(chances) != 3 or not 1 > chances[0] > chances[1] > chances[2] > 0:
        raise GoalRefused("goals.chances_not_falling")
    floor, target, stretch = (outlook.reached_with(chance) for chance in chances)
    return Proposal(floor, target, stretch)


def judged(outlook: Outlook, target: float) -> tuple[float, Judgement]:
    """Return how likely a target is if nothing changes, and what that makes of it.

    Below one in ten it is not credible without a named change.
    """
    chance = outlook.chance(target)
    if chance > EASY:
        return chance, "easy"
    if chance > 0.5:
        return chance, "fair"
    if chance >= HARD:
        return chance, "challenging"
    return chance, "hard" if chance >= NOT_CREDIBLE else "not_credible"


def growth(target: float, base: float) -> float:
    """Return the growth a target asks for over a base; raise GoalRefused without one."""
    if base <= 0:
        raise GoalRefused("goals.growth_without_base")
    return target / base - 1


def equal_effort(grown: float, factors: int) -> float:
    """Return by how much each of some factors of a product has to grow for the product to grow by ``grown``."""
    if factors < 1 or grown <= -1 or not math.isfinite(grown):
        raise GoalRefused("goals.effort_impossible")
    return float((1 + grown) ** (1 / factors) - 1)


def weighted_effort(grown: float, shares: Sequence[float]) -> list[float]:
    """Return the growth of each factor when they carry these shares of it (of its logarithm, so that all together make it)."""
    if not shares or min(shares) < 0 or sum(shares) <= 0 or grown <= -1 or not math.isfinite(grown):
        raise GoalRefused("goals.effort_impossible")
    whole = math.fsum(shares)
    return [math.expm1(math.log1p(grown) * share / whole) for share in shares]
