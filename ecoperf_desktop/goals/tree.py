"""Goals made of goals: a tree's scores from its leaves up, and a target split from the top down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecoperf_desktop.errors import GoalRefused
from ecoperf_desktop.goals.scores import check_weights
from ecoperf_desktop.metrics.methods import scoring
from ecoperf_desktop.metrics.methods.scoring import LEAST_COVERAGE, Weighted
from ecoperf_desktop.model import money
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Goal:
    """One goal: ``weight`` is its part of its parent's score in percent; the root's is not looked at.

    A leaf has an ``owner``, and a score of its own in the table that is rolled up.
    """

    id: str
    parent: str | None = None
    weight: int = 100
    owner: str | None = None


def parent_score(scores: Sequence[float | None], weights: Sequence[int], least: float = LEAST_COVERAGE) -> Weighted:
    """Return a goal's score from those below it; raise GoalRefused when the weights do not make 100 %."""
    if len(scores) != len(weights):
        raise ValueError("a weight for each score")
    check_weights(weights)
    names = [str(place) for place in range(len(scores))]
    return scoring.weighted(
        dict(zip(names, scores, strict=True)), {name: float(weight) for name, weight in zip(names, weights, strict=True)}, least
    )


def check(goals: Sequence[Goal]) -> None:
    """Raise GoalRefused when the goals are no tree that can be scored.

    Each id stands once, each parent exists, no goal is above itself, the weights of siblings make 100 %, and each leaf has an owner.
    """
    by_id: dict[str, Goal] = {}
    for goal in goals:
        if goal.id in by_id:
            raise GoalRefused("goals.goal_twice", goal=goal.id)
        by_id[goal.id] = goal
    children = below(goals)
    for goal in goals:
        if goal.parent is not None and goal.parent not in by_id:
            raise GoalRefused("goals.unknown_parent", goal=goal.id, parent=goal.parent)
        seen = {goal.id}
        above = goal.parent
        while above is not None:
            if above in seen:
                raise GoalRefused("goals.goal_circle", goal=goal.id)
            seen.add(above)
            above = by_id[above].parent if above in by_id else None
        if goal.id in children:
            check_weights([child.weight for child in children[goal.id]])
        elif not goal.owner:
            raise GoalRefused("goals.leaf_without_owner", goal=goal.id)


def below(goals: Sequence[Goal]) -> dict[str, list[Goal]]:
    """Return the goals below each goal that has any, in their order."""
    found: dict[str, list[Goal]] = {}
    for goal in goals:
        if goal.parent is not None:
            found.setdefault(goal.parent, []).append(goal)
    return found


def rolled_up(goals: Sequence[Goal], leaves: Mapping[str, float | None], least: float = LEAST_COVERAGE) -> dict[str, float | None]:
    """Return the score of every goal from those of the leaves, bottom up; None where too little below it is known.

    Raise GoalRefused when the goals are no tree, or a score is given for a goal that is no leaf.
    """
    check(goals)
    children = below(goals)
    for goal_id in leaves:
        if goal_id in children:
            raise GoalRefused("goals.score_of_no_leaf", goal=goal_id)
    found: dict[str, float | None] = {}

    def score(goal_id: str) -> float | None:
        if goal_id not in found:
            own = children.get(goal_id)
            if own is None:
                found[goal_id] = leaves.get(goal_id)
            else:
                scores = [score(child.id) for child in own]
                found[goal_id] = parent_score(scores, [child.weight for child in own], least).score
        return found[goal_id]

    return {goal.id: score(goal.id) for goal in goals}


def split_target(total: int, bases: Sequence[int]) -> list[int]:
    """Split a target exactly in proportion to what parts brought before (last year's aligned sales, in smallest units).

    By largest remainder, ties to the earlier part.  Raise GoalRefused where no part brought anything, or one less than that.
    """
    if total < 0:
        raise GoalRefused("goals.split_negative", total=total)
    if not bases or any(base < 0 for base in bases) or not sum(bases):
        raise GoalRefused("goals.split_without_base")
    return money.split(total, bases)


def gap(total: int, proposals: Sequence[int]) -> int:
    """Return how much the parts' own proposals lack to the target from above; below 0 they exceed it.  Nothing is scaled silently."""
    return total - sum(proposals)
