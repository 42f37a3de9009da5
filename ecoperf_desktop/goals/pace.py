"""How a running period stands to its target."""

from __future__ import annotations

from ecoperf_desktop.errors import GoalRefused
from ecoperf_desktop.metrics.methods.running import Elapsed
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Standing:
    """A target in the middle of its period.

    ``share`` is what is usually reached by now, ``pace`` what was reached over that part of the target, ``forecast`` the
    total at this pace, ``required`` what an average remaining day has to bring, and ``required_pace`` how many times as
    fast as so far the rest has to go.  None where nothing can be told.
    """

    to_date: Number
    target: Number
    share: Number
    pace: Number | None
    forecast: Number | None
    required: Number | None
    required_pace: Number | None


def standing(elapsed: Elapsed, to_date: Number, target: Number) -> Standing:
    """Return how ``to_date`` stands to a target above 0; raise GoalRefused for any other."""
    if target <= 0:
        raise GoalRefused("goals.pace_without_target")
    return Standing(
        to_date,
        target,
        elapsed.share,
        elapsed.pace(to_date, target),
        elapsed.forecast(to_date),
        elapsed.required(to_date, target),
        elapsed.required_pace(to_date, target),
    )
