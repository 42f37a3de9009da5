"""Who still buys, how often and for how much: BG/NBD and Gamma-Gamma, as plain functions over columns of numpy.

BG/NBD (Fader, Hardie & Lee 2005) sees of each customer ``x``, the number of repeat purchases, ``t_x``, the time from the
first to the last of them, and ``T``, the time from the first to now.  While alive a customer buys at random at a rate
of their own (gamma, ``r`` and ``alpha``); after each purchase they may leave for good (beta, ``a`` and ``b``).
Gamma-Gamma (Fader & Hardie 2013) takes what a purchase is worth as independent of how often one buys.
Times are in weeks throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Int64
from ecoperf_desktop.records import dataclass

Float64: TypeAlias = NDArray[np.float64]

# Below this distance from 1 the expectation, whose formula divides by a - 1, is taken beside it: its limit there.
_NEAR_ONE = 1e-6
_MOST_TERMS = 4000
_WEEKS_A_YEAR = 52
# Where nobody ever leaves, or all are alike, the likeliest parameter lies at infinity: as far as this is searched.
_FARTHEST = 9.0


@dataclass(frozen=True)
class Buying:
    """The four parameters of BG/NBD, and how well they fit (``likelihood``: logarithm, summed over customers)."""

    r: float
    alpha: float
    a: float
    b: float
    likelihood: float = math.nan

    def __post_init__(self) -> None:
        if not all(math.isfinite(one) and one > 0 for one in (self.r, self.alpha, self.a, self.b)):
            raise ValueError("the parameters of BG/NBD are positive")


@dataclass(frozen=True)
class Spending:
    """The three parameters of Gamma-Gamma; ``q`` above 1, else no mean exists."""

    p: float
    q: float
    v: float
    likelihood: float = math.nan

    def __post_init__(self) -> None:
        if not all(math.isfinite(one) and one > 0 for one in (self.p, self.q, self.v)) or self.q <= 1:
            raise ValueError("the parameters of Gamma-Gamma are positive, and q is above 1")

    @property
    def population_mean(self) -> float:
        """Return what a purchase of a customer nothing is known of is worth."""
        return self.p * self.v / (self.q - 1)


@dataclass(frozen=True)
class Histories:
    """Columns of customers: repeat purchases, weeks from first to last purchase, weeks from first purchase to now."""

    x: Int64
    t_x: Float64
    T: Float64

    def __post_init__(self) -> None:
        if not len(self.x) == len(self.t_x) == len(self.T):
            raise ValueError("one entry a customer in each column")
        if len(self.x) and not (
            (self.x >= 0).all() and (self.t_x >= 0).all() and (self.t_x <= self.T).all() and (self.t_x[self.x == 0] == 0).all()
        ):
            raise ValueError("a last purchase lies between the first and now, and is the first where there is no other")

    def __len__(self) -> int:
        return len(self.x)


# ---- BG/NBD


def fit_buying(histories: Histories) -> Buying:
    """Return the parameters under which these histories are the likeliest.

    Raise ValueError when nobody ever came back: then nothing tells how often people do.
    """
    if not (histories.x > 0).any():
        raise ValueError("nobody bought twice")
    # Alike customers count once, with their number.
    columns = np.stack([histories.x.astype(np.float64), histories.t_x, histories.T])
    (x, t_x, age), counts = np.unique(columns, axis=1, return_counts=True)
    scale = float(age.max()) or 1.0  # times near 1 are easier to search over
    t_x, age = t_x / scale, age / scale
    purchases, of_purchases = np.unique(x, return_inverse=True)
    came_back = x > 0
    count_of = np.bincount(of_purchases, weights=counts)
    repeats = float((x * counts).sum())
    x_back = x[came_back]

    def badness(logs: Float64) -> float:
        if np.abs(logs).max() > _FARTHEST:
            return math.inf
        r, alpha, a, b = np.exp(logs)
        by_purchases = (
            gammaln(r + purchases) - gammaln(r) + r * math.log(alpha)
            + gammaln(a + b) + gammaln(b + purchases) - gammaln(b) - gammaln(a + b + purchases)
        )  # fmt: skip
        alive = -(r + x) * np.log(alpha + age)
        left = math.log(a) - np.log(b + x_back - 1) - (r + x_back) * np.log(alpha + t_x[came_back])
        alive[came_back] = np.logaddexp(alive[came_back], left)
        # Back to weeks: each repeat purchase is a density over time.
        return -float((count_of * by_purchases).sum() + (counts * alive).sum() - repeats * math.log(scale))

    start = np.log([1.0, 1.0, 1.0, 2.0])
    logs, least = minimum(badness, start)
    r, alpha, a, b = np.exp(logs).tolist()
    return Buying(r, alpha * scale, a, b, -least)


def p_alive(model: Buying, histories: Histories) -> Float64:
    """Return how likely each customer still is one; NaN for who bought once.

    The model lets people leave only after a repeat purchase, so it would call everybody who bought once alive: that
    says nothing about them.
    """
    shares = _alive_odds(model, histories)
    shares = 1 / (1 + shares)
    shares[histories.x == 0] = np.nan
    return shares


def expected_purchases(model: Buying, histories: Histories, weeks: float) -> Float64:
    """Return how many purchases each customer is expected to make in the next ``weeks``."""
    if weeks < 0:
        raise ValueError("weeks to come are not negative")
    x = histories.x.astype(np.float64)
    a = model.a if abs(model.a - 1) > _NEAR_ONE else 1 + _NEAR_ONE
    z = weeks / (model.alpha + histories.T + weeks)
    # Euler's transformation of 2F1(r + x, b + x; a + b + x - 1; z): its terms stay small however often one bought.
    series = hyp2f1(a + model.b - 1 - model.r, a - 1, a + model.b + x - 1, z)
    grown = 1 - (1 - z) ** (a - 1) * series
    expected = (a + model.b + x - 1) / (a - 1) * grown / (1 + _alive_odds(model, histories))
    return np.maximum(expected, 0.0)


def expected_of_new(model: Buying, weeks: float) -> float:
    """Return how many repeat purchases somebody who buys for the first time now is expected to make."""
    nobody = Histories(np.zeros(1, np.int64), np.zeros(1), np.zeros(1))
    return float(expected_purchases(model, nobody, weeks)[0])


def _alive_odds(model: Buying, histories: Histories) -> Float64:
    """Return the odds of having left against being a customer still, 0 without a repeat purchase."""
    x = histories.x.astype(np.float64)
    came_back = x > 0
    odds = np.zeros(len(x))
    silent = (np.log(model.alpha + histories.T) - np.log(model.alpha + histories.t_x))[came_back]
    with np.errstate(over="ignore"):  # certain to have left
        odds[came_back] = np.exp(math.log(model.a) - np.log(model.b + x[came_back] - 1) + (model.r + x[came_back]) * silent)
    return odds


# ---- Gamma-Gamma


def fit_spending(x: Int64, mean_value: Float64) -> Spending:
    """Return the parameters under which mean values of ``x`` repeat purchases are the likeliest; all positive.

    Raise ValueError when nobody came back, or a value is not positive.
    """
    if not len(x) or not (x > 0).all() or not (mean_value > 0).all():
        raise ValueError("who came back, and what positive value their purchases had")
    scale = float(np.average(mean_value, weights=x))
    values = mean_value / scale
    purchases, of_purchases = np.unique(x.astype(np.float64), return_inverse=True)
    times = purchases[of_purchases]
    log_values = np.log(values)
    count_of = np.bincount(of_purchases).astype(np.float64)
    log_sum_of = np.bincount(of_purchases, weights=log_values)
    totals = times * values

    def badness(logs: Float64) -> float:
        if np.abs(logs).max() > _FARTHEST:
            return math.inf
        p, above, v = np.exp(logs)
        q = 1 + above
        by_purchases = (
            count_of * (gammaln(p * purchases + q) - gammaln(p * purchases) - gammaln(q) + q * math.log(v) + p * purchases * np.log(purchases))
            + p * purchases * log_sum_of
        )  # fmt: skip
        spread = (p * times + q) * np.log(totals + v)
        return -float(by_purchases.sum() - spread.sum() - log_values.sum())

    logs, least = minimum(badness, np.log([2.0, 1.5, 1.0]))
    p, above, v = np.exp(logs).tolist()
    return Spending(p, 1 + above, v * scale, -least - len(x) * math.log(scale))


def expected_value(model: Spending, x: Int64, mean_value: Float64) -> Float64:
    """Return what a purchase of each customer is worth on average.

    ``mean_value`` is that of their ``x`` repeat purchases, anything where there is none: such customers are
    taken as the population's mean.
    """
    times = x.astype(np.float64)
    own = model.p * times / (model.p * times + model.q - 1)
    return (1 - own) * model.population_mean + own * np.where(times > 0, mean_value, 0.0)


def discounted_purchases(model: Buying, histories: Histories, weeks: int, yearly_rate: float) -> Float64:
    """Return expected purchases of the next ``weeks``, each weighted by what money at its time is worth now.

    Four weeks at a time, discounted from their middle; a rate of 0 gives the plain expectation.
    """
    if yearly_rate <= -1:
        raise ValueError("no rate takes everything away")
    if yearly_rate == 0:
        return expected_purchases(model, histories, weeks)
    weekly = (1 + yearly_rate) ** (1 / _WEEKS_A_YEAR)
    total = np.zeros(len(histories))
    before = np.zeros(len(histories))
    bounds = [*range(0, weeks, 4), weeks]
    for start, end in zip(bounds, bounds[1:], strict=False):
        until = expected_purchases(model, histories, end)
        total += (until - before) * weekly ** (-(start + end) / 2)
        before = until
    return total


def correlation(first: Float64, second: Float64) -> float:
    """Return Pearson's correlation, 0 where one of them never varies."""
    if len(first) < 2:
        return 0.0
    a, b = first - first.mean(), second - second.mean()
    spread = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / spread if spread > 0 else 0.0


# ---- functions that numpy has not


def gammaln(value: Float64 | float) -> Float64:
    """Return the logarithm of the gamma function of positive numbers, to some 14 digits."""
    given = np.asarray(value, np.float64)
    # Stirling's series is exact enough from 8 on; smaller arguments are lifted there.
    product = np.ones_like(given)
    for step in range(8):
        product = product * (given + step)
    lifted = given + 8
    squared = lifted * lifted
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / squared) / squared) / squared) / squared) / lifted
    found: Float64 = (lifted - 0.5) * np.log(lifted) - lifted + 0.5 * math.log(2 * math.pi) + series - np.log(product)
    return found


def hyp2f1(a: float | Float64, b: float | Float64, c: float | Float64, z: float | Float64) -> Float64:
    """Return Gauss' hypergeometric function for ``0 <= z < 1`` by its series; raise ValueError outside."""
    a, b, c, z = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (a, b, c, z)))
    if z.size and not ((z >= 0) & (z < 1)).all():
        raise ValueError("the series holds from 0 up to 1")
    total = np.ones(z.shape)
    term = np.ones(z.shape)
    for n in range(_MOST_TERMS):
        term = term * ((a + n) * (b + n) / ((c + n) * (n + 1)) * z)
        total += term
        # What is still to come is a geometric series at most.
        if not z.size or float((np.abs(term) / np.maximum(1 - z, 1e-12)).max()) <= 1e-15 * float(np.abs(total).min()):
            break
    return total


def minimum(of: Callable[[Float64], float], start: Sequence[float] | Float64) -> tuple[Float64, float]:
    """Return where ``of`` is least, and how little, by the simplex search of Nelder and Mead.

    The search starts anew from what it found until that no longer helps; it draws nothing at random.
    """
    best = np.asarray(start, np.float64)
    least = of(best)
    for size in (0.5, 0.2, 0.1):
        found, value = _simplex(of, best, size)
        gained = least - value
        if value < least:
            best, least = found, value
        if size < 0.5 and gained <= 1e-9 * (abs(least) + 1):
            break
    return best, least


def _simplex(of: Callable[[Float64], float], start: Float64, size: float) -> tuple[Float64, float]:
    count = len(start)
    corners = np.vstack([start, start + size * np.eye(count)])
    values = np.array([_known(of(corner)) for corner in corners])
    for _ in range(400 * count):
        order = np.argsort(values, kind="stable")
        corners, values = corners[order], values[order]
        # So little likelihood is a hundredth of a standard error at most; along a ridge the place itself never settles.
        if values[-1] - values[0] <= 1e-9 * (abs(values[0]) + 1e-3):
            break
        centre = corners[:-1].mean(axis=0)
        reach = centre - corners[-1]
        reflected = centre + reach
        value = _known(of(reflected))
        if value < values[0]:
            further = centre + 2 * reach
            beyond = _known(of(further))
            corners[-1], values[-1] = (further, beyond) if beyond < value else (reflected, value)
        elif value < values[-2]:
            corners[-1], values[-1] = reflected, value
        else:
            nearer = centre + (0.5 if value < values[-1] else -0.5) * reach
            inside = _known(of(nearer))
            if inside < min(value, values[-1]):
                corners[-1], values[-1] = nearer, inside
            else:
                corners[1:] = corners[0] + 0.5 * (corners[1:] - corners[0])
                values[1:] = [_known(of(corner)) for corner in corners[1:]]
    place = int(np.argmin(values))
    return corners[place], float(values[place])


def _known(value: float) -> float:
    return value if math.isfinite(value) else math.inf
