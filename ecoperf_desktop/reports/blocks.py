"""What a page is made of: blocks that window, paper, text and JSON draw without computing anything.

Numbers travel twice: as they are (``Figure.value``) and as they are shown (``Figure.text``), rounded in
``figures.py`` and nowhere else.  Texts are final and in the scope's language; they are plain text, never
markup, whatever an import contained.  Positions in charts are floats in the unit of the metric (money in
minor units); the words beside them are given.
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import Literal, TypeAlias

from ecoperf_desktop.model.days import Bucket, Day, Grain, Period
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

Compare = Literal["previous", "year", "aligned", "elapsed", "event"]
RateChange = Literal["bp", "pp"]
Tone = Literal["better", "worse", "quiet", "neutral"]
Mark = Literal["up", "down", "off_target", "watch", "on_target", "no_call"]

# Columns (of 12) a block spans when the page is 1060, 1280 and 1920 pixels wide.
Span: TypeAlias = tuple[int, int, int]
FULL: Span = (12, 12, 12)
THIRD: Span = (6, 4, 3)
HALF: Span = (6, 6, 6)
WIDE: Span = (12, 8, 8)
NARROW: Span = (12, 4, 4)


@dataclass(frozen=True)
class Scope:
    """What a page speaks of: the period, what it is compared with, the filters, the language.

    ``grain`` is None for a free period; ``label`` is the bucket's (``2026-W33``), or None.  ``shop`` and
    ``channel`` are names, None for all.  ``compare`` is what bridges and sentences set the period against.
    The year column shifts days and weeks by 364 days unless ``compare`` is ``year``, and longer periods by
    the calendar.  With ``event`` they are set against the same days round ``event`` a year earlier, None the nearest.
    Changes of rates are written as ``rate_change`` says, None as the language does.
    """

    period: Period
    grain: Grain | None = Grain.WEEK
    label: str | None = None
    compare: Compare = "previous"
    shop: str | None = None
    channel: str | None = None
    language: str = "en"
    rate_change: RateChange | None = None
    event: str | None = None

    @classmethod
    def of(
        cls,
        bucket: Bucket,
        grain: Grain,
        *,
        compare: Compare = "previous",
        shop: str | None = None,
        channel: str | None = None,
        language: str = "en",
        rate_change: RateChange | None = None,
        event: str | None = None,
    ) -> Scope:
        return cls(bucket.period, grain, bucket.label, compare, shop, channel, language, rate_change, event)

    @cached_property
    def where(self) -> tuple[tuple[str, str], ...]:
        """Return the filters as a question takes them."""
        pairs = (("shop", self.shop), ("channel", self.channel))
        return tuple((name, value) for name, value in pairs if value is not None)


@dataclass(frozen=True)
class Reference:
    """The key to explain a number: what ``metrics.explain`` is asked."""

    metric: str
    period: Period
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Figure:
    """One number as it is and as it is shown.

    ``short`` is the form for axes, points and sentences; ``reason`` the sentence why ``value`` is None, or
    what is incomplete about it; ``partial`` asks for a dagger, which ``text`` carries already.  ``unit`` is the
    metric's (``money`` is in minor units of the page's currency), empty for a relative change.
    """

    value: Number | None
    text: str
    short: str = ""
    reason: str | None = None
    partial: bool = False
    reference: Reference | None = None
    unit: str = ""

    @property
    def place(self) -> float | None:
        """Return where it stands in a chart, None when missing."""
        return None if self.value is None else float(self.value)


@dataclass(frozen=True)
class State:
    """A verdict: its mark, its word, whether it is good, and what it rests on (limit, base, r1)."""

    mark: Mark
    text: str
    tone: Tone = "neutral"
    why: str = ""

    @property
    def is_signal(self) -> bool:
        return self.mark in ("up", "down")


@dataclass(frozen=True)
class Axis:
    """A scale from ``low`` to ``high`` and its ticks with their words."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Spark:
    """Thirteen points, oldest first, the last being the page's own period; None breaks the line.

    ``lower`` and ``upper`` are the limits (None: too little history); ``outside`` are positions beyond
    them; ``axis`` spans limits and ordinary points, so a known cause may leave the frame and is clipped;
    ``shaded`` are spans of positions with a known cause; ``target`` is a tick at the right edge.
    """

    points: tuple[float | None, ...]
    labels: tuple[str, ...]
    axis: Axis
    lower: float | None = None
    upper: float | None = None
    outside: tuple[int, ...] = ()
    shaded: tuple[tuple[int, int], ...] = ()
    target: float | None = None
    tone: Tone = "neutral"
    text: str = ""


# ---------- cells of a table; ``text`` is what is copied and read aloud


@dataclass(frozen=True)
class TextCell:
    text: str
    strong: bool = False
    muted: bool = False
    pill: str | None = None
    reference: Reference | None = None


@dataclass(frozen=True)
class NumberCell:
    figure: Figure
    strong: bool = False
    muted: bool = False
    tone: Tone = "neutral"

    @property
    def text(self) -> str:
        return self.figure.text


@dataclass(frozen=True)
class ChangeCell:
    """A difference: always signed, always grey."""

    figure: Figure

    @property
    def text(self) -> str:
        return self.figure.text


@dataclass(frozen=True)
class SparkCell:
    spark: Spark | None

    @property
    def text(self) -> str:
        return self.spark.text if self.spark else ""


@dataclass(frozen=True)
class StateCell:
    state: State

    @property
    def text(self) -> str:
        return self.state.text


@dataclass(frozen=True)
class BarCell:
    """A bar from 0 to ``share`` (0 to 1) of the cell, its number behind it; ``mark`` is a tick."""

    share: float | None
    figure: Figure
    mark: float | None = None
    tone: Tone = "neutral"

    @property
    def text(self) -> str:
        return self.figure.text


@dataclass(frozen=True)
class PillCell:
    text: str
    tone: Tone = "neutral"


@dataclass(frozen=True)
class IntervalCell:
    """A point with its interval on a scale from 0 to 1, against a dotted reference.

    ``hollow`` is for samples too small to call.
    """

    low: float | None
    middle: float | None
    high: float | None
    against: float | None = None
    hollow: bool = False
    tone: Tone = "neutral"
    text: str = ""


Cell: TypeAlias = TextCell | NumberCell | ChangeCell | SparkCell | StateCell | BarCell | PillCell | IntervalCell
CellKind = Literal["text", "number", "change", "spark", "state", "bar", "pill", "interval"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``weight`` is its share of the width; ``drop`` the order in which a narrow window leaves columns out
    (1 first, 0 never).
    """

    key: str
    title: str
    kind: CellKind
    weight: float = 1.0
    drop: int = 0
    tip: str = ""

    @property
    def is_right(self) -> bool:
        return self.kind in ("number", "change")


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns.  ``group`` heads the rows that share it; ``is_total`` closes a table."""

    cells: tuple[Cell, ...]
    key: str = ""
    group: str = ""
    is_total: bool = False
    reference: Reference | None = None


# ---------- blocks


@dataclass(frozen=True)
class Headline:
    """The page in a sentence made from its numbers, and how many verdicts of each kind there are."""

    sentence: str
    counts: tuple[State, ...] = ()
    span: Span = FULL


@dataclass(frozen=True)
class KpiCard:
    """Name, value, spark, state and one line below (target · change · base)."""

    title: str
    figure: Figure
    line: str
    state: State
    spark: Spark | None = None
    target: Figure | None = None
    code: str = ""
    reference: Reference | None = None
    span: Span = (4, 3, 2)


@dataclass(frozen=True)
class Panel:
    """One side of a trend: periods, this year, last year, targets.

    ``labelled`` are the positions whose value the screen prints; paper prints all.  ``part`` is what stands
    above a last period that is not over (``16 d``): drawn hatched, hollow and not joined.  ``names`` are the
    labels where there is room for a word.
    """

    labels: tuple[str, ...]
    points: tuple[Figure, ...]
    last_year: tuple[Figure, ...]
    axis: Axis
    targets: tuple[float | None, ...] = ()
    labelled: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()
    lower: float | None = None
    upper: float | None = None
    part: str = ""
    shaded: tuple[tuple[int, int, str], ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Foot:
    """One entry of the row below a trend: a word, a number, and its change (or None)."""

    label: str
    figure: Figure
    change: Figure | None = None


@dataclass(frozen=True)
class Trend612:
    """Six weeks and twelve months, each on its own scale."""

    title: str
    unit: str
    figure: Figure
    state: State
    weeks: Panel
    months: Panel
    foot: tuple[Foot, ...]
    side: Literal["input", "output"] = "output"
    code: str = ""
    subtitle: str = ""
    metric: str = ""
    reference: Reference | None = None
    span: Span = THIRD


@dataclass(frozen=True)
class Table:
    """Rows of cells.  ``key`` names the table for remembered widths; a sortable one may be sorted by its heads."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    subtitle: str = ""
    corner: str = ""
    foot: str = ""
    is_sortable: bool = False
    span: Span = FULL


@dataclass(frozen=True)
class Level:
    """An end of a bridge.  ``paper`` is the short form in tenths of a thousand."""

    label: str
    figure: Figure
    paper: str


@dataclass(frozen=True)
class Step:
    """A step of a bridge, signed.  ``second`` says how far the driver itself moved."""

    label: str
    figure: Figure
    paper: str
    second: str = ""


@dataclass(frozen=True)
class Bridge:
    """From a level to a level by steps: ``start + steps == end`` exactly, as numbers and as printed.

    ``sum_text`` writes the sum out; ``method`` says how it was split.
    """

    title: str
    subtitle: str
    start: Level
    steps: tuple[Step, ...]
    end: Level
    axis: Axis
    sum_text: str
    method: str
    paper_unit: str = ""
    span: Span = NARROW


@dataclass(frozen=True)
class Threshold:
    """A line that comes from outside, with the name of the zone above it."""

    value: float
    label: str
    zone: str = ""


@dataclass(frozen=True)
class Series:
    """One line.  ``last`` is its newest number, written at its end; a dashed one is the lesser of two."""

    name: str
    points: tuple[float | None, ...]
    last: Figure
    is_dashed: bool = False


@dataclass(frozen=True)
class Lines:
    """Up to three series over the same periods, with thresholds and limits.  ``floor`` names the zone at the bottom."""

    title: str
    subtitle: str
    figure: Figure
    state: State
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    axis: Axis
    thresholds: tuple[Threshold, ...] = ()
    floor: str = ""
    lower: float | None = None
    upper: float | None = None
    side: Literal["input", "output"] = "output"
    code: str = ""
    reference: Reference | None = None
    span: Span = THIRD


@dataclass(frozen=True)
class Bar:
    label: str
    figure: Figure
    second: str = ""
    tone: Tone = "neutral"


@dataclass(frozen=True)
class Bars:
    """Bars from a zero line, upright or lying."""

    title: str
    subtitle: str
    bars: tuple[Bar, ...]
    axis: Axis
    is_lying: bool = False
    foot: str = ""
    span: Span = THIRD


@dataclass(frozen=True)
class Callout:
    """One thing to discuss: what, then since when, how much and the candidate driver.

    ``page`` is where its block stands.  ``owner`` and ``standing`` (looking, explained) are empty until
    someone takes it.
    """

    state: State
    title: str
    detail: str
    owner: str = ""
    standing: str = ""
    page: str = ""
    reference: Reference | None = None


@dataclass(frozen=True)
class Callouts:
    """At most seven, signals before missed targets, then by money.  ``nothing`` is said when there is none."""

    title: str
    subtitle: str
    callouts: tuple[Callout, ...]
    nothing: str = ""
    foot: str = ""
    span: Span = NARROW


@dataclass(frozen=True)
class Notes:
    title: str
    lines: tuple[str, ...]
    span: Span = NARROW


@dataclass(frozen=True)
class Empty:
    """What is missing, what it needs, and the code of the action that brings it (``import``), or none."""

    title: str
    missing: str
    needs: str
    action: str = "import"
    span: Span = FULL


Block: TypeAlias = Headline | KpiCard | Trend612 | Table | Bridge | Lines | Bars | Callouts | Notes | Empty


# ---------- a page


@dataclass(frozen=True)
class Facts:
    """What status bar and sheet head say about the data behind a page; every text is final.

    ``covered`` of ``days`` days of the period have sales.  ``gaps`` are sentences about missing sources.
    ``report`` is the report's id (``WR-2026-33``), ``draft`` the mark of numbers that still move.
    """

    through: Day | None = None
    through_text: str = ""
    covered: int = 0
    days: int = 0
    covered_text: str = ""
    gaps: tuple[str, ...] = ()
    cost_text: str = ""
    calendar_text: str = ""
    compare_text: str = ""
    currency: str | None = None
    tz: str | None = None
    imports: int = 0
    imports_text: str = ""
    draft: str = ""
    report: str = ""


@dataclass(frozen=True)
class PageSummary:
    """Everything a page shows.

    ``page`` is the page's id, ``period_text`` its period in words, ``scope_text`` shops and channels.
    ``signals`` is the count beside the tab's name: signals and, where there are targets, missed ones.
    """

    page: str
    title: str
    scope: Scope
    period_text: str
    scope_text: str
    blocks: tuple[Block, ...]
    facts: Facts = field(default_factory=Facts)
    footnotes: tuple[str, ...] = ()
    signals: int = 0

    @property
    def is_empty(self) -> bool:
        return all(isinstance(block, Empty) for block in self.blocks)
