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

from ecoperf_desktop.model.columns import Bool, Int64
from ecoperf_desktop.records import dataclass

Float64: TypeAlias = NDArray[np.float64]
# What a search sees of a place: the value there, its slopes, and (only when asked for) how these change.
Place: TypeAlias = tuple[float, Float64, Callable[[], Float64]]

# Below this distance from 1 the expectation, whose formula divides by a - 1, is taken beside it: its limit there.
_NEAR_ONE = 1e-6
_MOST_TERMS = 4000
_WEEKS_A_YEAR = 52
# Where nobody ever leaves, or all are alike, the likeliest parameter lies at infinity: as far as this is searched.
_FARTHEST = 9.0
_MOST_STEPS = 200
_MOST_HALVINGS = 40
# So little likelihood moves a parameter by less than a hundredth of its standard error; along a ridge it never settles.
_ENOUGH = 1e-5
# Of logarithms of parameters.
_LONGEST_STEP = 2.0


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
    scale = float(histories.T.max()) or 1.0  # times near 1 are easier to search over
    alike = _Alike(histories, scale)
    logs, least = minimum(alike.badness, np.log([1.0, 1.0, 1.0, 2.0]))
    r, alpha, a, b = np.exp(logs).tolist()
    # Back to weeks: each repeat purchase is a density over time.
    return Buying(r, alpha * scale, a, b, -least - alike.repeats * math.log(scale))


class _Alike:
    """All that BG/NBD needs to know of histories: alike customers once, with their number; times once, by their place."""

    def __init__(self, histories: Histories, scale: float) -> None:
        came_back = histories.x > 0
        ages, of_age = np.unique(histories.T, return_inverse=True)
        lasts, of_last = np.unique(histories.t_x[came_back], return_inverse=True)
        self._ages, self._lasts = ages / scale, lasts / scale
        self._once_of_age = np.bincount(of_age[~came_back], minlength=len(ages)).astype(np.float64)
        code = (histories.x[came_back] * len(lasts) + of_last) * len(ages) + of_age[came_back]
        code, self._counts = np.unique(code, return_counts=True)
        code, self._at_age = np.divmod(code, len(ages))
        x, self._at_last = np.divmod(code, len(lasts))
        self._x = x.astype(np.float64)
        self._purchases, self._of_purchases = np.unique(self._x, return_inverse=True)
        # How many made more than 0, 1, 2 ... repeat purchases: the products of the likelihood run over these.
        made = np.bincount(x, weights=self._counts)
        self._more_than = np.cumsum(made[::-1])[::-1][1:]
        self._before = np.arange(len(self._more_than), dtype=np.float64)
        self.repeats = float((self._x * self._counts).sum())

    def badness(self, logs: Float64) -> Place:
        """Return how unlikely the histories are (logarithm, times scaled), by the logarithms of the four parameters."""
        r, alpha, a, b = np.exp(logs).tolist()
        counts, x, more, bought = self._counts, self._x, self._more_than, self._before
        # Everything as a part of alpha, and of b: where these are large, what is left are small differences.
        of_ages, of_lasts = np.log1p(self._ages / alpha), np.log1p(self._lasts / alpha)
        at_age, at_last = of_ages[self._at_age], of_lasts[self._at_last]
        # Of who came back: the odds of having left after the last purchase against being a customer still.
        seen = r + x
        silent = at_age - at_last
        last = b + self._purchases - 1
        odds = (math.log(a) - np.log(last))[self._of_purchases] + seen * silent
        smaller = np.exp(-np.abs(odds))
        left = np.where(odds > 0, 1.0, smaller) / (1 + smaller)
        alive = np.maximum(odds, 0.0) + np.log1p(smaller) - seen * at_age
        once = _dot(self._once_of_age, of_ages)
        likelihood = float((more * (np.log((r + bought) / alpha) - np.log1p(a / (b + bought)))).sum() + _dot(counts, alive) - r * once)
        aged, ended = self._ages / (alpha + self._ages), self._lasts / (alpha + self._lasts)
        left_count = counts * left
        here_count = counts - left_count
        since = _dot(here_count, at_age) + _dot(left_count, at_last) + once
        by_r = (more / (r + bought)).sum() - since
        by_age, by_last = aged[self._at_age], ended[self._at_last]
        passed = here_count * by_age + left_count * by_last
        by_alpha = _dot(seen, passed) + r * _dot(self._once_of_age, aged) - self.repeats
        by_a = left_count.sum() - a * (more / (a + b + bought)).sum()
        left_of = np.bincount(self._of_purchases, weights=left_count)
        by_b = a * (more / (b + bought) / (a + b + bought)).sum() - (left_of / last).sum()

        def bends() -> Float64:
            all_of = a + b + bought
            bent = np.zeros((4, 4))
            bent[0, 0] = r * (more * bought / (r + bought) ** 2).sum() - r * since
            bent[0, 1] = bent[1, 0] = r * (passed.sum() + _dot(self._once_of_age, aged))
            bent[1, 1] = -_dot(seen, here_count * by_age * (1 - by_age) + left_count * by_last * (1 - by_last))
            bent[1, 1] -= r * _dot(self._once_of_age, aged * (1 - aged))
            bent[2, 2] = -a * (more * (b + bought) / all_of**2).sum()
            bent[2, 3] = bent[3, 2] = a * b * (more / all_of**2).sum()
            bent[3, 3] = b * (more * (bought / (b + bought) ** 2 - (a + bought) / all_of**2)).sum()
            bent[3, 3] -= b * (left_of * (self._purchases - 1) / last**2).sum()
            odds_by = np.stack([r * silent, seen * (by_last - by_age), np.ones(len(x)), (-b / last)[self._of_purchases]])
            bent += np.einsum("in,jn->ij", odds_by * (left_count * (1 - left)), odds_by)
            return -bent

        return -likelihood, -np.array([r * by_r, by_alpha, by_a, b * by_b]), bends


def _dot(one: Float64, other: Float64) -> float:
    """Return the sum of products: ``@`` would wake threads that cost more than they bring."""
    return float((one * other).sum())


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
    x, age, of = _pairs(histories)
    return _while_customer(model, x, age, weeks)[of] / (1 + _alive_odds(model, histories))


def _pairs(histories: Histories) -> tuple[Float64, Float64, Int64]:
    """Return the pairs of ``x`` and ``T`` that there are, and which one each history has."""
    ages, of_age = np.unique(histories.T, return_inverse=True)
    code, of = np.unique(histories.x * max(len(ages), 1) + of_age, return_inverse=True)
    x, at = np.divmod(code, max(len(ages), 1))
    return x.astype(np.float64), ages[at], of


def _while_customer(model: Buying, x: Float64, age: Float64, weeks: float) -> Float64:
    """Return how many purchases are expected in the next ``weeks`` of who still is a customer."""
    a = model.a if abs(model.a - 1) > _NEAR_ONE else 1 + _NEAR_ONE
    z = weeks / (model.alpha + age + weeks)
    # Euler's transformation of 2F1(r + x, b + x; a + b + x - 1; z): its terms stay small however often one bought.
    series = hyp2f1(a + model.b - 1 - model.r, a - 1, a + model.b + x - 1, z)
    grown = 1 - (1 - z) ** (a - 1) * series
    return np.maximum((a + model.b + x - 1) / (a - 1) * grown, 0.0)


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
    all_logs = float(log_values.sum())

    def badness(logs: Float64) -> Place:
        p, above, v = np.exp(logs).tolist()
        q = 1 + above
        shape = p * purchases
        spread_of = np.bincount(of_purchases, weights=np.log(totals + v))
        by_purchases = (
            count_of * (gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * math.log(v) + shape * np.log(purchases))
            + shape * log_sum_of - (shape + q) * spread_of
        )  # fmt: skip
        of_both = digamma(shape + q)
        by_p = (purchases * (count_of * (of_both - digamma(shape) + np.log(purchases)) + log_sum_of - spread_of)).sum()
        by_q = (count_of * (of_both - digamma(q) + math.log(v)) - spread_of).sum()
        shares_of = np.bincount(of_purchases, weights=1 / (totals + v))
        by_v = len(x) * q / v - ((shape + q) * shares_of).sum()
        slopes = np.array([by_p * p, by_q * above, by_v * v])

        def bends() -> Float64:
            both = trigamma(shape + q)
            p_p = (count_of * purchases**2 * (both - trigamma(shape))).sum()
            p_q = (count_of * purchases * both).sum()
            q_q = (count_of * (both - trigamma(q))).sum()
            p_v, q_v = -(purchases * shares_of).sum(), len(x) / v - shares_of.sum()
            v_v = ((shape + q) * np.bincount(of_purchases, weights=(totals + v) ** -2)).sum() - len(x) * q / v**2
            bent = np.array([[p_p, p_q, p_v], [p_q, q_q, q_v], [p_v, q_v, v_v]]) * np.outer((p, above, v), (p, above, v))
            return -(bent + np.diag(slopes))

        return -float(by_purchases.sum() - all_logs), -slopes, bends

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
    x, age, of = _pairs(histories)
    total = np.zeros(len(x))
    before = np.zeros(len(x))
    bounds = [*range(0, weeks, 4), weeks]
    for start, end in zip(bounds, bounds[1:], strict=False):
        until = _while_customer(model, x, age, end)
        total += (until - before) * weekly ** (-(start + end) / 2)
        before = until
    return total[of] / (1 + _alive_odds(model, histories))


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


def digamma(value: Float64 | float) -> Float64:
    """Return the slope of ``gammaln`` at positive numbers, to some 12 digits."""
    given = np.asarray(value, np.float64)
    lower = np.zeros_like(given)
    for step in range(8):
        lower = lower + 1 / (given + step)
    lifted = given + 8
    squared = lifted * lifted
    series = (1 / 12 - (1 / 120 - (1 / 252 - (1 / 240 - 1 / 132 / squared) / squared) / squared) / squared) / squared
    found: Float64 = np.log(lifted) - 0.5 / lifted - series - lower
    return found


def trigamma(value: Float64 | float) -> Float64:
    """Return the slope of ``digamma`` at positive numbers, to some 12 digits."""
    given = np.asarray(value, np.float64)
    lower = np.zeros_like(given)
    for step in range(8):
        lower = lower + 1 / (given + step) ** 2
    lifted = given + 8
    squared = lifted * lifted
    series = (1 / 6 - (1 / 30 - (1 / 42 - (1 / 30 - 5 / 66 / squared) / squared) / squared) / squared) / (squared * lifted)
    return lower + 1 / lifted + 0.5 / squared + series


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


def minimum(of: Callable[[Float64], Place], start: Sequence[float] | Float64) -> tuple[Float64, float]:
    """Return where ``of`` is least, and how little.

    Newton's search from ``start``, no farther than _FARTHEST from 0 in any direction: what has no least place ends there.
    """
    place = np.clip(np.asarray(start, np.float64), -_FARTHEST, _FARTHEST)
    least, slope, bends = of(place)
    free = np.ones(len(place), np.bool_)
    released = ~free
    for _ in range(_MOST_STEPS):
        step, gain = _newton(slope, bends(), free)
        if gain <= _ENOUGH:
            back = ~free & (slope * place > 0) & ~released  # it went to the end of the search, and is better off before it
            if not back.any():
                break
            free |= back
            released |= back
            continue
        room = np.divide(np.copysign(_FARTHEST, step) - place, step, out=np.full(len(step), np.inf), where=step != 0)
        nearest = int(np.argmin(room))
        reach = min(1.0, float(room[nearest]))
        falls = float(slope @ step)
        for halved in range(_MOST_HALVINGS):
            further = np.clip(place + step * (reach * 0.5**halved), -_FARTHEST, _FARTHEST)
            found = of(further)
            if found[0] <= least + 1e-4 * falls * reach * 0.5**halved:
                break
        else:
            break  # nothing less is to be found within what can be computed
        if reach < 1 and not halved:
            free[nearest] = False
        place = further
        least, slope, bends = found
    return place, least


def _newton(slope: Float64, bends: Float64, free: Bool) -> tuple[Float64, float]:
    """Return the step to where the slopes of what is ``free`` would be 0, and how much it is expected to gain."""
    step = np.zeros(len(slope))
    at = np.flatnonzero(free)
    if not len(at):
        return step, 0.0
    bent, axes = np.linalg.eigh(bends[np.ix_(at, at)])
    along = slope[at] @ axes
    # Downhill where it bends the wrong way, and not for ever where it hardly bends.
    steps = -along / np.maximum(np.abs(bent), 1e-12 * max(float(np.abs(bent).max()), 1.0))
    steps = np.clip(steps, -_LONGEST_STEP, _LONGEST_STEP)
    step[at] = axes @ steps
    return step, float(-(along * steps).sum())
