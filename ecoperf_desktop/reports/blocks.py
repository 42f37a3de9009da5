"""What a page is made of: blocks that window, paper, text and JSON draw without computing anything.

Numbers travel twice: as they are (``Figure.value``) and as they are shown (``Figure.text``), rounded in
``figures.py`` and nowhere else.  Texts are final and in the scope's language; they are plain text, never
markup, whatever an import contained.  Positions in charts are floats in the unit of the metric (money in
minor units); the words beside them are given.
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from ecoperf_desktop.model.days import Bucket, Day, Grain, Period
from ecoperf_desktop.model.value import Number, as_float
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.figures import DAGGER, Form

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
    Changes of rates are written as ``rate_change`` says, None as the language does.  ``groups`` are tables (by key)
    whose rows are to stand in groups of a dimension.
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
    groups: tuple[tuple[str, str], ...] = ()

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
    short: str = field(default_factory=str)
    reason: str | None = None
    partial: bool = False
    reference: Reference | None = None
    unit: str = ""

    @classmethod
    def of(cls, value: Number, form: Form, reason: str | None, reference: Reference | None, unit: str, *, partial: bool) -> Self:
        """Return a number that is written as ``form`` says, when somebody looks at it: most points of a chart stay bare."""
        made = cls.__new__(cls)
        made.__dict__.update(value=value, reason=reason, partial=partial, reference=reference, unit=unit, _form=form)
        return made

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            form = self.__dict__.get("_form")
            if form is None or name not in ("text", "short"):
                raise AttributeError(name)
            text = form.bare(self.value) if name == "short" else form.text(self.value) + (DAGGER if self.partial else "")
            self.__dict__[name] = text
            return text

    @property
    def place(self) -> float | None:
        """Return where it stands in a chart, None when missing."""
        return None if self.value is None else as_float(self.value)


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
    """Words.  ``day`` is given where they are a date, so that a workbook gets one too."""

    text: str
    strong: bool = False
    muted: bool = False
    pill: str | None = None
    reference: Reference | None = None
    day: Day | None = None


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
    """Cells in the order of the columns.  ``group`` heads the rows that share it, ``is_subtotal`` closes them; ``is_total`` closes a table."""

    cells: tuple[Cell, ...]
    key: str = ""
    group: str = ""
    is_total: bool = False
    is_subtotal: bool = False
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
    labels where there is room for a word, ``goals`` the targets as they are written.  ``moments`` name the periods
    inside the program (``2026-W33``): charts of a page that know the same one point at it together.
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
    goals: tuple[Figure | None, ...] = ()
    moments: tuple[str, ...] = ()


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
    """Rows of cells.  ``key`` names the table for remembered widths; a sortable one may be sorted by its heads.

    ``groups`` are dimensions (key, name) by which the page can be asked to group it, ``grouped_by`` the one it is.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    subtitle: str = ""
    corner: str = ""
    foot: str = ""
    is_sortable: bool = False
    groups: tuple[tuple[str, str], ...] = ()
    grouped_by: str = ""
    span: Span = FULL


@dataclass(frozen=True)
class Level:
    """An end of a bridge.  ``paper`` is the short form in tenths of a thousand."""

    label: str
    figure: Figure
    paper: str


@dataclass(frozen=True)
class Step:
    """A step of a bridge, signed.  ``second`` says how far the driver itself moved.

    One that ``is_level`` is no step but where the bridge stands on its way (gross profit between sales and net
    profit): its figure is that height, and equals the start and the steps before it.
    """

    label: str
    figure: Figure
    paper: str
    second: str = ""
    is_level: bool = False


@dataclass(frozen=True)
class Bridge:
    """From a level to a level by steps: ``start + steps == end`` exactly, as numbers and as printed.

    A chain of profit is one too, with levels on the way.

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
    """One line.  ``last`` is its newest number, written at its end; a dashed one is the lesser of two.

    ``figures`` are the points as they are written and explained.
    """

    name: str
    points: tuple[float | None, ...]
    last: Figure
    is_dashed: bool = False
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Up to three series over the same periods, with thresholds and limits.  ``floor`` names the zone at the bottom.

    ``moments`` are the periods' names inside the program, as in a panel.
    """

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
    moments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One bar.  ``against`` is a second, grey one beside it (claimed beside paid)."""

    label: str
    figure: Figure
    second: str = ""
    tone: Tone = "neutral"
    against: Figure | None = None


@dataclass(frozen=True)
class Bars:
    """Bars from a zero line, upright or lying.  ``names`` are those of the bars and of the grey ones, if there are two."""

    title: str
    subtitle: str
    bars: tuple[Bar, ...]
    axis: Axis
    is_lying: bool = False
    foot: str = ""
    span: Span = THIRD
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeatCell:
    """A number and its shade, by the block's axis; ``is_running`` hatches one whose time is not over."""

    figure: Figure
    is_running: bool = False


@dataclass(frozen=True)
class HeatRow:
    """A row of a heat map.  A cell that is None is not due yet and stays blank; ``side`` stands apart at the right."""

    label: str
    cells: tuple[HeatCell | None, ...]
    size: Figure | None = None
    side: Figure | None = None


@dataclass(frozen=True)
class Heat:
    """Numbers in rows and columns, shaded from ``axis.low`` to ``axis.high``: cohorts by age, outages by day.

    ``row_title``, ``size_title`` and ``side_title`` head the outer columns (empty: there is none);
    ``foot`` is the pooled row below, which is not shaded.  ``hint`` says what blank and hatched cells mean.
    """

    title: str
    subtitle: str
    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    axis: Axis
    row_title: str = ""
    size_title: str = ""
    side_title: str = ""
    foot: HeatRow | None = None
    hint: str = ""
    span: Span = WIDE


@dataclass(frozen=True)
class FunnelStep:
    """One step on one side: how many, which share of the step before and of the first one came so far.

    ``change`` is that of ``of_previous`` against the comparison, written in grey; ``tone`` colours the share where
    it carries a verdict.
    """

    figure: Figure
    of_previous: Figure | None = None
    of_first: Figure | None = None
    change: Figure | None = None
    tone: Tone = "neutral"


@dataclass(frozen=True)
class FunnelSide:
    """The steps of one side, in the order of the funnel's labels; ``name`` is empty where there is only one."""

    name: str
    steps: tuple[FunnelStep, ...]


@dataclass(frozen=True)
class Funnel:
    """Ordered steps from all visitors to those who paid, on one side or two (mobile, desktop)."""

    title: str
    subtitle: str
    labels: tuple[str, ...]
    sides: tuple[FunnelSide, ...]
    previous_title: str = ""
    first_title: str = ""
    change_title: str = ""
    foot: str = ""
    span: Span = THIRD


@dataclass(frozen=True)
class Bin:
    """A class of a histogram.  ``figure`` is its height, ``count`` how many there are in it.

    ``low`` and ``high`` are its edges (``high`` None: open, drawn grey), ``edge`` the word under the left one.
    """

    label: str
    figure: Figure
    low: float
    high: float | None
    edge: str = ""
    count: Figure | None = None


@dataclass(frozen=True)
class Histogram:
    """How many fall into which class; ``median`` is marked by a line and its label."""

    title: str
    subtitle: str
    bins: tuple[Bin, ...]
    axis: Axis
    median: float | None = None
    median_text: str = ""
    bin_title: str = ""
    value_title: str = ""
    count_title: str = ""
    foot: str = ""
    span: Span = THIRD


@dataclass(frozen=True)
class Point:
    """A value with its interval and how many it rests on; hollow where that is too few for a verdict."""

    label: str
    figure: Figure
    low: Figure | None = None
    high: Figure | None = None
    count: Figure | None = None
    is_hollow: bool = False
    tone: Tone = "neutral"


@dataclass(frozen=True)
class Points:
    """Values with intervals: lying ones (shops, agents) in rows, else over periods.

    ``against`` is the reference line (the team's median, a target), ``band`` a shaded span of values.
    ``strip`` are the parts of a whole drawn above (detractors, passives, promoters), their figures being shares.
    ``names`` are long labels for where there is room and ``moments`` the periods' names inside the program, as in
    a panel.
    """

    title: str
    subtitle: str
    points: tuple[Point, ...]
    axis: Axis
    against: Threshold | None = None
    band: tuple[float, float] | None = None
    is_lying: bool = False
    strip: tuple[Bar, ...] = ()
    value_title: str = ""
    low_title: str = ""
    high_title: str = ""
    count_title: str = "n"
    foot: str = ""
    names: tuple[str, ...] = ()
    span: Span = THIRD
    moments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dot:
    """One place in a scatter.  ``is_marked`` draws it large with its label; a hollow one was left out of the fit."""

    label: str
    x: Figure
    y: Figure
    is_marked: bool = False
    is_hollow: bool = False
    tone: Tone = "neutral"


@dataclass(frozen=True)
class Trace:
    """A line through a scatter, with the span it may lie in: ``lows`` and ``highs`` are empty or one for each place."""

    name: str
    places: tuple[tuple[float, float], ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    is_dashed: bool = False


@dataclass(frozen=True)
class Scatter:
    """One number against another: spend against result with its average and marginal line.

    ``uprights`` and ``levels`` are named lines across (break-even).
    """

    title: str
    subtitle: str
    x_title: str
    y_title: str
    dots: tuple[Dot, ...]
    x_axis: Axis
    y_axis: Axis
    traces: tuple[Trace, ...] = ()
    uprights: tuple[Threshold, ...] = ()
    levels: tuple[Threshold, ...] = ()
    label_title: str = ""
    foot: str = ""
    span: Span = THIRD


@dataclass(frozen=True)
class Part:
    """One layer of a stack.  ``last`` is written at its right end (its share of the newest period)."""

    name: str
    points: tuple[Figure, ...]
    last: Figure


@dataclass(frozen=True)
class Stack:
    """At most three parts of a whole over periods, the lowest first; more belong into small multiples.

    ``shaded`` are spans of positions with their name, ``part`` stands above a last period that is not over;
    ``names`` and ``moments`` are those of a panel.
    """

    title: str
    subtitle: str
    labels: tuple[str, ...]
    parts: tuple[Part, ...]
    axis: Axis
    shaded: tuple[tuple[int, int, str], ...] = ()
    part: str = ""
    names: tuple[str, ...] = ()
    totals: tuple[Figure, ...] = ()
    total_title: str = ""
    foot: str = ""
    span: Span = THIRD
    moments: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatrixCell:
    """How many lie in one field, and what they are worth; ``share`` (0 to 1) gives the shade."""

    count: Figure
    figure: Figure
    share: float | None = None


@dataclass(frozen=True)
class Matrix:
    """Two classifications crossed (ABC by sales, XYZ by how steady demand is); rows from the top."""

    title: str
    subtitle: str
    row_title: str
    column_title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[MatrixCell, ...], ...]
    count_title: str = ""
    value_title: str = ""
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


# Charts of one drawing, the same in the window, on paper and in saved pictures.
Drawn: TypeAlias = Bridge | Bars | Heat | Funnel | Histogram | Points | Scatter | Stack | Matrix
Chart: TypeAlias = Trend612 | Lines | Drawn
Block: TypeAlias = Headline | KpiCard | Table | Chart | Callouts | Notes | Empty


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
