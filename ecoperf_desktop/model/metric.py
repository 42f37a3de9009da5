"""What a number is: measures that are summed ahead, and metrics made of them."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from ecoperf_desktop.records import dataclass

# class: a word (A, at risk); index: 1 is the level itself.
# points: NPS, CES and percentage points; stars: 1 to 5; per_1000: so many in a thousand; rank: 1 is best.
Unit = Literal[
    "money", "count", "ratio", "days", "hours", "minutes", "seconds", "ms", "score", "times", "position", "units",
    "points", "stars", "per_1000", "rank", "months", "index", "class",
]
Direction = Literal["higher", "lower", "neutral", "target_range"]


@dataclass(frozen=True)
class Measure:
    """A quantity that adds up over days and dimensions.

    ``view`` is a view of ``store/views.py`` with a ``day`` column; ``expression``
    is portable SQL over its columns that is summed.  Written ``view.name``.
    ``where`` says which rows count; the others count as 0.  Measures of one view are kept as daily sums in
    one table, ``sum_<view>``, by day and the view's summed dimensions.

    Where rows exist and the expression is NULL in all of them the measure is not
    known (a report without that column): no number, and never 0.  No row at all in a
    covered period is 0.  A measure that may be taken as 0 says so with COALESCE.
    """

    view: str
    name: str
    expression: str
    where: str | None = None

    @property
    def id(self) -> str:
        return f"{self.view}.{self.name}"


@dataclass(frozen=True)
class Term:
    """A measure (``line.gross``) or another metric, with its sign."""

    of: str
    sign: int = 1


@dataclass(frozen=True)
class Sum:
    """Measures added up."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Ratio:
    """One sum, or distinct count, over another.

    Both sides are summed before dividing, so a week is never the average of
    seven daily ratios.  ``scale`` multiplies the quotient (1000 for a CPM).
    """

    over: tuple[Term, ...]
    under: tuple[Term, ...]
    scale: float = 1.0
    complement: bool = False  # 1 - over/under


@dataclass(frozen=True)
class Distinct:
    """How many different values of ``of`` the rows of ``view`` hold; blanks never count.

    ``at_least`` counts only values that stand in that many rows; with ``apart``,
    in rows of that many different values of that column (``day``: two orders of
    one day are one visit).  ``finer`` is the view to count in when the cut asks for a
    dimension that ``view`` has not (buyers of a product are counted over lines).
    """

    view: str
    of: str
    where: str | None = None
    at_least: int = 1
    apart: str | None = None
    finer: str | None = None


@dataclass(frozen=True)
class Last:
    """A level: the measure on the last day of the period that has a snapshot."""

    measure: str


@dataclass(frozen=True)
class Opening:
    """A level: the measure on the last snapshot day before the period, at most 3 days old."""

    measure: str


@dataclass(frozen=True)
class AverageLevel:
    """A level: slices of each snapshot day added, then the mean over the days that have one."""

    measure: str


@dataclass(frozen=True)
class Percentile:
    """Nearest rank: the smallest value whose cumulative count reaches ``p`` of all.

    ``of`` is an expression over the view's columns.  ``weight`` is a column that counts
    how often the value occurred, or None.  ``scale`` multiplies the result.
    """

    view: str
    of: str
    p: float
    where: str | None = None
    weight: str | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Deviation:
    """Sample standard deviation of ``of`` over the rows of ``view``, from n, sum and sum of squares."""

    view: str
    of: str
    where: str | None = None


@dataclass(frozen=True)
class Formula:
    """Arithmetic over other metrics: ``+ - * / ( )``, numbers and metric ids, each asked for the same scope.

    ``days`` stands for the number of days of the period, ``covered`` for those of
    them that the metric's ``needs`` cover.
    """

    text: str


@dataclass(frozen=True)
class Given:
    """What only the vendor can count (people, percentiles): its own rows, shown for their own span.

    The rows of ``view`` have ``day`` and ``last_day``.  ``span`` is ``exact``: the row's
    span is the period asked; or ``ending``: the newest span that ends within the
    period and is not shorter than it (a 28-day window answers the week it ends in, never
    a quarter).  Rows that differ in a dimension of ``apart`` (shops) may be added; rows
    that differ in any other dimension not asked for count the same people twice, so
    there is no number.  A row that names a single day stands for the ``days`` days up to
    it (field speed is given on one day for the 28 before).  ``metrics/given.py`` decides.
    """

    view: str
    of: str
    where: str | None = None
    span: Literal["exact", "ending"] = "exact"
    days: int = 1
    apart: tuple[str, ...] = ()
    scale: float = 1.0


@dataclass(frozen=True)
class Downtime:
    """Seconds in which at least one interval of ``view`` ran, cut to the period, times ``scale``.

    The rows have ``started_ts``, ``ended_ts`` (None: still running), ``tz`` and
    ``day_start_min``, which give the period's bounds in UTC.  Intervals that overlap count
    once.  An interval belongs to every day it touches: rows are read from their
    first to their ``last_day``.  ``metrics/downtime.py`` does the arithmetic.
    """

    view: str
    where: str | None = None
    scale: float = 1.0
    outages: bool = False


@dataclass(frozen=True)
class FirstKnown:
    """The first of these metrics that has a number for the scope; when none has, the reason of the first."""

    of: tuple[str, ...]


@dataclass(frozen=True)
class Unsold:
    """The level ``measure`` of products that lie: none sold for ``days`` days, and received before that.

    Worked out on the last snapshot day of the period; ``metrics/unsold.py`` does it.
    """

    measure: str
    days: int


@dataclass(frozen=True)
class Method:
    """What takes more than arithmetic: classes, cohorts, decompositions, models.

    ``name`` is an entry of ``metrics/methods``.  ``of`` are the metrics it works on; the first can be another
    one when it is asked for as ``growth_yoy(orders)``.  ``views`` are the facts it reads itself, ``parts`` the
    dimensions that only it knows (the age of a cohort, the step of a decomposition), ``settings`` its own
    constants (days of a window, cuts of a class).
    """

    name: str
    of: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Awaits:
    """Nothing to work it out from yet: ``what`` is the code of the sentence that says what has to be set up first."""

    what: str


Calculation: TypeAlias = (
    Sum | Ratio | Distinct | Last | Opening | AverageLevel | Percentile | Deviation | Formula | Given | Downtime
    | FirstKnown | Unsold | Method | Awaits
)

# How a number over more days, or over all parts of a dimension, comes from those of its parts.
# sum: they add up; ratio: numerators and denominators add up; distinct: counted anew from the rows; last: the last
# snapshot, slices of one day add up; average: slices add up per day, then the mean over days; percentile: value counts
# are merged; recalc: worked out anew from the facts; none: only for the period it was given for.
Rollup = Literal["sum", "ratio", "distinct", "last", "average", "percentile", "recalc", "none"]


@dataclass(frozen=True)
class Gate:
    """A metric that must reach ``at_least``, else there is no number.

    It is asked for the same period and for the part of the cut that its own dimensions
    allow.  ``quality`` and ``reason`` are then the value's.  A gate without a base (its own
    value missing) lets pass.
    """

    metric: str
    at_least: float
    quality: Literal["cost_incomplete", "missing", "no_base"]
    reason: str


@dataclass(frozen=True)
class Metric:
    """One number we show: what it means, how it is worked out and how it may be cut.

    Texts are by language (``en``, ``zh``).  ``dimensions`` are the keys ``--per``
    and ``--where`` accept.  ``needs`` names the coverage without which there is no
    number; ``wants`` the coverage whose absence makes it partial.  ``low_n`` is the
    base below which the value is flagged: the denominator of a ratio, the rows of a
    percentile or deviation.

    ``window``: the number is for that many days up to and including the period's last day,
    instead of the period (a level that rolls along); 0 means all days up to it.
    ``internal`` metrics are parts of others: never listed, shown or asked for by name.
    ``zero_policy`` is the catalogue's word for what no rows and no base mean: Z0 (nothing
    in a covered period is 0), ZN (no base, no number), ZC (as ZN, and cost must be known),
    ZS (no snapshot, no number), ZL (as ZN, flagged below ``low_n``).
    ``rollup_time`` and ``rollup_parts`` say how it adds up over days and over dimensions; None takes what
    the calculation implies (``catalogue.rollup``).  ``aliases`` are other words people search it by, ``note``
    what it is not to be confused with, ``sources`` keys of ``resources/metrics/sources.toml``.
    ``own``: a person's own metric, kept in the workspace.
    """

    id: str
    area: str
    name: dict[str, str]
    definition: dict[str, str]
    formula_text: dict[str, str]
    calculation: Calculation
    unit: Unit
    direction: Direction
    dimensions: tuple[str, ...]
    grains: tuple[str, ...]
    needs: tuple[str, ...]
    wants: tuple[str, ...] = ()
    low_n: int | None = None
    edge_rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    short: dict[str, str] = field(default_factory=dict)
    decimals: int | None = None
    window: int | None = None
    internal: bool = False
    zero_policy: str = "ZN"
    gate: Gate | None = None
    rollup_time: Rollup | None = None
    rollup_parts: Rollup | None = None
    aliases: tuple[str, ...] = ()
    note: dict[str, str] = field(default_factory=dict)
    own: bool = False


@dataclass(frozen=True)
class OwnMetric:
    """A metric that a person wrote: an expression over metrics of the catalogue, named in the person's own words.

    ``expression`` is the arithmetic of ``Formula``.  ``decimals`` None shows as many as the unit usually has.
    """

    id: str
    name: str
    definition: str
    expression: str
    unit: str
    direction: str = "higher"
    decimals: int | None = None
