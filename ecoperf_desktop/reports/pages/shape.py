"""What a page may ask for: the vocabulary of the entries in this folder."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import FULL, HALF, NARROW, THIRD, WIDE, Span

BridgeKind = Literal["net_sales", "profit", "prices"]


@dataclass(frozen=True)
class Headline:
    """The page in a sentence about ``metric``; counts of verdicts beside it."""

    metric: str


@dataclass(frozen=True)
class Scorecard:
    """Metrics in fixed order, in groups (code of the group's name, metrics); ``has_own`` closes with the person's own."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    span: Span = WIDE
    has_own: bool = False


@dataclass(frozen=True)
class Discuss:
    """Signals and missed targets of the page's metrics."""

    span: Span = NARROW


@dataclass(frozen=True)
class BridgeOf:
    kind: BridgeKind
    span: Span = NARROW


@dataclass(frozen=True)
class Cards:
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Trends:
    """Blocks of six weeks and twelve months: what we steer, then what comes of it."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    span: Span = THIRD


@dataclass(frozen=True)
class Breakdown:
    """A table of ``metrics`` cut by ``dimension``, the largest ``by`` first, at most ``most`` rows.

    ``share`` adds a bar of each row's part of ``by``; ``total`` a closing row; ``weeks`` is over how many weeks
    up to the period's end, 0 for the period itself.  ``changes`` are the metrics with a change beside them.
    ``named`` shows the product's or campaign's own name beside its key.  ``classed`` is a metric of classes, shown as
    a mark of each row over the twelve months that end with the period; ``optional`` are metrics whose column is left
    out where none of its numbers is known; ``best`` is what the best of the rows make, told in the corner.
    ``may_be_nothing`` asks for the parts only where the total, which it needs, is not nothing: many shops give no discount.
    """

    key: str
    dimension: str
    by: str
    metrics: tuple[str, ...]
    changes: tuple[str, ...] = ()
    most: int = 10
    share: bool = False
    total: bool = True
    weeks: int = 0
    span: Span = HALF
    classed: str = ""
    best: str = ""
    may_be_nothing: bool = False
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunnelOf:
    """From all visits to those with a purchase, as the traffic reports state them; a side a value of ``dimension``."""

    dimension: str | None = None
    values: tuple[str, ...] = ()
    span: Span = THIRD


@dataclass(frozen=True)
class DriversBy:
    """A table of what moved paid sales since the period before, by ``dimension``: a column a step, exact sums below."""

    dimension: str
    most: int = 8
    span: Span = HALF


@dataclass(frozen=True)
class Numbers:
    """A table of single numbers: now, before, and the change between them.

    ``by_order`` are metrics that look at each order by itself: they are told for periods up to a month.
    ``is_of_months`` shows the last whole month where the period is shorter: rents and wages are booked by the month.
    """

    key: str
    metrics: tuple[str, ...]
    span: Span = THIRD
    by_order: tuple[str, ...] = ()
    is_of_months: bool = False


@dataclass(frozen=True)
class ProfitChain:
    """From gross sales to net profit with all levels between, as far as their costs are known."""

    span: Span = FULL


@dataclass(frozen=True)
class Costs:
    """What the expenses are made of, by class: amount, part of all, change, and the budget's variance where there is one."""

    span: Span = HALF


@dataclass(frozen=True)
class Budgets:
    """Budgets against what was spent for them, by ``dimension``; ``weeks`` as of a breakdown."""

    dimension: str
    span: Span = HALF


@dataclass(frozen=True)
class Reorder:
    """The products that have reached their reorder points, those that lost most sales first."""

    most: int = 10
    span: Span = WIDE


@dataclass(frozen=True)
class StepsOf:
    """Bars of a metric by the steps that it knows (stock by days of cover, by age); those of ``old`` in the warning tone."""

    key: str
    metric: str
    old: tuple[str, ...] = ()
    span: Span = NARROW


@dataclass(frozen=True)
class ClassesOf:
    """A metric by two classes of products, ABC by XYZ."""

    metric: str
    span: Span = NARROW


@dataclass(frozen=True)
class Plain:
    """A column of one metric."""

    metric: str
    drop: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)


@dataclass(frozen=True)
class Sure:
    """A share and its 95 % interval, against the target or against all together."""

    metric: str
    drop: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)


@dataclass(frozen=True)
class Spread:
    """A mean and its standard deviation in one column."""

    mean: str
    deviation: str
    drop: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.mean, self.deviation)


@dataclass(frozen=True)
class Reach:
    """How long half take, and how long nine of ten."""

    middle: str
    high: str
    drop: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.middle, self.high)


@dataclass(frozen=True)
class CostShare:
    """Each one's part of what the numerators of ``metric`` make together."""

    metric: str
    drop: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)


PartnerColumn: TypeAlias = Plain | Sure | Spread | Reach | CostShare


@dataclass(frozen=True)
class Partners:
    """Suppliers or carriers: ``by`` is the share whose base says how many cases there are; ``is_ranked`` puts the best first.

    ``foot`` is the code of the sentence below the table.
    """

    key: str
    dimension: str
    by: str
    columns: tuple[PartnerColumn, ...]
    weeks: int = 13
    is_ranked: bool = False
    span: Span = HALF
    foot: str = ""


@dataclass(frozen=True)
class Claims:
    """What was paid beside what ad platforms claim of it, where both are told of the same shop or channel, and in all."""

    span: Span = THIRD


@dataclass(frozen=True)
class SpendBy:
    """Ad spend by ``dimension`` with what it brings on average and what the next unit brings, against break-even.

    Parts of which orders do not tell have no return of their own: platforms' claims are no orders.
    """

    dimension: str
    most: int = 8
    span: Span = WIDE


@dataclass(frozen=True)
class SpendDots:
    """Weeks of spend against net sales: the average and the marginal line, the newest week marked."""

    span: Span = NARROW


@dataclass(frozen=True)
class Searches:
    """Queries or pages of web search against the weeks before; ``is_drawn`` shows click rate by position instead."""

    key: str
    dimension: str
    weeks: int = 4
    most: int = 8
    is_drawn: bool = False
    span: Span = WIDE


@dataclass(frozen=True)
class UpByDay:
    """Minutes of outage by day over thirteen weeks."""

    span: Span = THIRD


@dataclass(frozen=True)
class Outages:
    """The newest outages with their reasons, and what is left of the minutes that a month allows."""

    most: int = 6
    span: Span = THIRD


@dataclass(frozen=True)
class LabRuns:
    """Lighthouse runs of a device over the periods: their median and the middle half of them."""

    device: str
    span: Span = THIRD


@dataclass(frozen=True)
class DeviceGap:
    """Conversion of phones against that of desktops, and the purchases that lie between them."""

    span: Span = THIRD


@dataclass(frozen=True)
class LinesOf:
    """A metric over 26 weeks, a line a device, against thresholds (value, code of the line, code of the zone above)."""

    metric: str
    thresholds: tuple[tuple[float, str], ...] = ()
    dimension: str | None = None
    values: tuple[str, ...] = ()
    span: Span = THIRD

    @property
    def judged(self) -> str:
        """Return the metric whose limits are asked: of several lines, the first's."""
        return f"{self.metric}[{self.dimension}={self.values[0]}]" if self.dimension and self.values else self.metric


@dataclass(frozen=True)
class PartsOf:
    """Bars of the parts of a whole in the period (new and returning customers' sales)."""

    key: str
    metrics: tuple[str, ...]
    span: Span = THIRD


@dataclass(frozen=True)
class RepeatCard:
    """Who came back within 90 days, of the newest month in which everybody has had the time."""


@dataclass(frozen=True)
class PromoterCard:
    """The net promoter score of the month so far, with its margin."""


@dataclass(frozen=True)
class Cohorts:
    """Months of first orders by the months since: the part of customers who bought again."""

    span: Span = WIDE


@dataclass(frozen=True)
class Segments:
    """Customers in groups by how lately, how often and for how much they bought."""

    span: Span = NARROW


@dataclass(frozen=True)
class NewAndReturning:
    """A stack of ``metrics`` (sales of first and of later orders) over thirteen periods."""

    metrics: tuple[str, ...]
    span: Span = THIRD


@dataclass(frozen=True)
class Pauses:
    """How many days lie between purchases, in classes."""

    span: Span = THIRD


@dataclass(frozen=True)
class Returns:
    """Which part of new customers came back within 30, 60, 90 … days."""

    span: Span = THIRD


@dataclass(frozen=True)
class Promoters:
    """The net promoter score by month with its interval, and its parts."""

    span: Span = THIRD


@dataclass(frozen=True)
class Told:
    """A table of single numbers with the cases they rest on and their interval; ``changes`` adds those since earlier.

    ``yearly`` are told of the twelve months that end with the period.
    """

    key: str
    metrics: tuple[str, ...]
    yearly: tuple[str, ...] = ()
    changes: bool = True
    span: Span = HALF


@dataclass(frozen=True)
class ShopScores:
    """What the platforms say of the shops, and of their industry."""

    span: Span = HALF


@dataclass(frozen=True)
class People:
    """A table of people: numbers, shares with 95 % intervals against the team's median, and a call.

    ``shares`` are ratios whose numerator and denominator give the interval.  ``weeks`` is over how many weeks up to
    the period's end: one week of a small team is too few cases for any call.  ``spread`` are the metrics of a median
    and of a high percentile, shown where single cases are known.
    """

    key: str
    dimension: str
    base: str
    metrics: tuple[str, ...]
    shares: tuple[str, ...]
    spread: tuple[str, ...] = ()
    weeks: int = 4
    span: Span = WIDE


@dataclass(frozen=True)
class Duty:
    """A number of people along ``dimension``, over ``weeks`` up to the period's end (0: the period itself)."""

    metric: str
    dimension: str
    weeks: int = 0


@dataclass(frozen=True)
class Duties:
    """A table of what single people are responsible for, a row a person and number."""

    key: str
    duties: tuple[Duty, ...]
    span: Span = WIDE


@dataclass(frozen=True)
class Trainings:
    """The newest trainings, and what they brought."""

    span: Span = HALF


@dataclass(frozen=True)
class Privacy:
    """What holds for numbers about people."""

    span: Span = NARROW


@dataclass(frozen=True)
class Ledger:
    """The imports, newest first."""

    most: int = 200
    span: Span = FULL


@dataclass(frozen=True)
class Sources:
    """Which source covers what from when to when, and its gaps in the period."""

    span: Span = FULL


@dataclass(frozen=True)
class Doubts:
    """What is doubtful about the data, each with what mends it."""

    most: int = 30
    span: Span = FULL


Entry: TypeAlias = (
    Headline
    | Scorecard
    | Discuss
    | BridgeOf
    | Cards
    | Trends
    | Breakdown
    | FunnelOf
    | DriversBy
    | Numbers
    | ProfitChain
    | Costs
    | Budgets
    | Reorder
    | StepsOf
    | ClassesOf
    | Partners
    | Claims
    | SpendBy
    | SpendDots
    | Searches
    | UpByDay
    | Outages
    | LabRuns
    | DeviceGap
    | LinesOf
    | PartsOf
    | RepeatCard
    | PromoterCard
    | Cohorts
    | Segments
    | NewAndReturning
    | Pauses
    | Returns
    | Promoters
    | Told
    | ShopScores
    | People
    | Duties
    | Trainings
    | Privacy
    | Ledger
    | Sources
    | Doubts
)


@dataclass(frozen=True)
class Page:
    """A tab, which is also a section of the printed pack.

    ``id`` is what ``--page`` takes; ``title`` and ``needs`` (what to import when nothing is there) are codes.
    """

    id: str
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        return f"reports.page_{self.id}"

    @property
    def needs(self) -> str:
        return f"reports.needs_{self.id}"
