"""Stock arithmetic: buffers against varying demand and lead times, when to order, and how much."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from ecoperf_desktop.records import dataclass

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Int64

SERVICE = 0.95
# Below this mean demand in the lead time pieces are counted one by one: the normal model is wrong there.
FEW = 10.0
# A sum that differs from a whole number by less was whole before the floats.
_SLACK = 1e-9
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Levels:
    """Pieces, one entry a product: the buffer, the position at which to order, and the one to order up to."""

    safety: Int64
    reorder: Int64
    up_to: Int64


def lead_time_spread(demand: float, demand_sd: float, lead: float, lead_sd: float) -> float:
    """Return the standard deviation of the demand during a lead time; demand is a day's, lead times are in days."""
    return math.sqrt(lead * demand_sd * demand_sd + demand * demand * lead_sd * lead_sd)


def levels(demand: Any, demand_sd: Any, lead: Any, lead_sd: Any, service: Any, review: float = 0.0) -> Levels:
    """Return the levels of products, given as arrays of one length.

    ``demand`` is a day's mean, ``lead`` days, ``service`` the chance that a cycle passes without a stock-out.
    With a mean demand below ten pieces in the lead time the buffer is a quantile of a count (Poisson, or negative
    binomial where it scatters more), else it is z times the spread.  ``review`` is the days between two orders.
    """
    import numpy as np

    normal = {float(one): max(_NORMAL.inv_cdf(float(one)), 0.0) for one in np.unique(service)}
    z = np.array([normal[float(one)] for one in service])
    mean = demand * lead
    variance = lead * demand_sd * demand_sd + demand * demand * lead_sd * lead_sd
    through = _up(mean)
    safety = _up(z * np.sqrt(variance))
    few = np.flatnonzero(mean < FEW)
    if len(few):
        safety[few] = np.maximum(_quantiles(mean[few], variance[few], service[few]) - through[few], 0)
    reorder = through + safety
    longer, spread = demand * (lead + review), variance + review * demand_sd * demand_sd
    up_to = _up(longer + z * np.sqrt(spread))
    few = np.flatnonzero(longer < FEW)
    if len(few):
        up_to[few] = _quantiles(longer[few], spread[few], service[few])
    return Levels(safety, reorder, np.maximum(up_to, reorder))


def count_quantile(mean: float, variance: float, service: float) -> int:
    """Return the smallest count that demand of this mean and variance stays within with the chance ``service``."""
    import numpy as np

    return int(_quantiles(np.array([mean]), np.array([variance]), np.array([service]))[0])


def fill_factor(fill: float, quantity: float, spread: float) -> float:
    """Return how many spreads of buffer let the share ``fill`` of the pieces be served when ``quantity`` is ordered at a time.

    Another thing than cycle service: it counts pieces short, not cycles with any.
    """
    short = quantity * (1 - fill) / spread
    low, high = -6.0, 8.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _loss(middle) > short else (low, middle)
    return low


def _loss(factor: float) -> float:
    """Return the mean of what a standard normal exceeds ``factor`` by."""
    return _NORMAL.pdf(factor) - factor * (1 - _NORMAL.cdf(factor))


def _up(amounts: Any) -> Int64:
    import numpy as np

    up: Int64 = np.ceil(amounts - _SLACK).astype(np.int64)
    return up


def _quantiles(mean: Any, variance: Any, service: Any) -> Int64:
    """Return the smallest counts whose cumulative chance reaches ``service``."""
    import numpy as np

    scattered = variance > mean * (1 + 1e-12)
    # Negative binomial with size r: chance(k + 1) / chance(k) = (k + r) / (k + 1) * beyond; Poisson as its limit.
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(scattered, mean * mean / (variance - mean), 0.0)
        beyond = np.where(scattered, 1 - mean / variance, 0.0)
        chance = np.where(scattered, np.exp(size * np.log1p(-beyond)), np.exp(-mean))
    chance = np.where(mean > 0, chance, 1.0)
    found = np.zeros(len(mean), np.int64)
    reached = chance.copy()
    below = np.flatnonzero((reached < service - 1e-12) & (mean > 0))
    count = 0
    while len(below):
        chance[below] *= np.where(scattered[below], (count + size[below]) * beyond[below], mean[below]) / (count + 1)
        reached[below] += chance[below]
        count += 1
        found[below] = count
        # No quantile lies above mean / (1 - service) (Markov): sums that floats keep from 1 end too.
        below = below[(reached[below] < service[below] - 1e-12) & (count * (1 - service[below]) < mean[below])]
    return found
