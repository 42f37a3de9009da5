"""What a page may ask for: the vocabulary of the entries in this folder."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import FULL, HALF, NARROW, THIRD, WIDE, Span

BridgeKind = Literal["net_sales", "profit"]


@dataclass(frozen=True)
class Headline:
    """The page in a sentence about ``metric``; counts of verdicts beside it."""

    metric: str


@dataclass(frozen=True)
class Scorecard:
    """Metrics in fixed order, in groups (code of the group's name, metrics)."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    span: Span = WIDE


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
    ``named`` shows the product's or campaign's own name beside its key.
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
    """A table of single numbers with the cases they rest on and their interval; ``changes`` adds those since earlier."""

    key: str
    metrics: tuple[str, ...]
    changes: bool = True
    span: Span = HALF


@dataclass(frozen=True)
class People:
    """A table of people: numbers, shares with 95 % intervals against the team's median, and a call.

    ``shares`` are ratios whose numerator and denominator give the interval.  ``weeks`` is over how many weeks up to
    the period's end: one week of a small team is too few cases for any call.
    """

    key: str
    dimension: str
    base: str
    metrics: tuple[str, ...]
    shares: tuple[str, ...]
    weeks: int = 4
    span: Span = WIDE


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
    Headline | Scorecard | Discuss | BridgeOf | Cards | Trends | Breakdown | LinesOf | PartsOf | RepeatCard | PromoterCard | Cohorts | Segments | NewAndReturning | Pauses | Returns | Promoters | Told | People | Ledger | Sources | Doubts
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
