"""Customers: who came when and stayed, groups of them, how long until they come back, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from ecoperf_desktop.analysis.intervals import LEAST_SAMPLE, promoter_margin, wilson
from ecoperf_desktop.metrics.methods import recency
from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, bucket_of
from ecoperf_desktop.model.metric import Method, Ratio
from ecoperf_desktop.model.value import Number, Value
from ecoperf_desktop.reports import figures, verdicts
from ecoperf_desktop.reports.blocks import (
    Axis,
    Bar,
    BarCell,
    Bin,
    Block,
    Cell,
    ChangeCell,
    Column,
    Figure,
    Heat,
    HeatCell,
    HeatRow,
    Histogram,
    KpiCard,
    Lines,
    NumberCell,
    Part,
    Point,
    Points,
    Reference,
    Row,
    Series,
    Stack,
    State,
    Table,
    TextCell,
    Tone,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import MISSING, Form
from ecoperf_desktop.reports.make.charts import axis_of, unit_name
from ecoperf_desktop.reports.pages import code_of, shape
from ecoperf_desktop.reports.timeline import spanned
from ecoperf_desktop.reports.verdicts import History
from ecoperf_desktop.store import standing

COHORTS, REPEAT, GROUPS, PAUSES, NEW = "cohort_retention", "repurchase_within_w", "rfm_segment", "purchase_interval_median", "new_customers"
SIDES = ("nps_detractors", "nps_passives", "nps_promoters")
# A customer counts as one who came back within so many days.
RIPE_DAYS = 90
# What customers did in the 365 days up to the period's end puts them into groups.
GROUP_DAYS = 365
AGES = 11
# Classes of 30 days; the rest stands in one.
PAUSE_DAYS, PAUSE_CLASSES = 30, 12
STACK_PERIODS = 13

Entry = (
    shape.RepeatCard | shape.PromoterCard | shape.Cohorts | shape.Segments | shape.NewAndReturning | shape.Pauses | shape.Returns
    | shape.Promoters | shape.Told
)  # fmt: skip


def ask(desk: Desk, entry: Entry) -> None:
    """Ask for what the entry shows."""
    want, year = desk.batch.want, _year(desk)
    match entry:
        case shape.RepeatCard():
            _ask_months(desk)
        case shape.Cohorts():
            _ask_months(desk)
            want(desk.known((REPEAT, NEW)), year)
            want(desk.known((COHORTS,)), year, per=("cohort", "age"))
            want(desk.known((COHORTS,)), year, per=("age",))
        case shape.Segments():
            want(desk.known((GROUPS,)), desk.times.period, per=("segment",))
            want(desk.known((GROUPS,)), desk.times.period)
            want(desk.known(("net_sales",)), _group_days(desk))
        case shape.NewAndReturning(metrics):
            desk.batch.want_series(desk.known((*metrics, "net_sales")), desk.times.series[-STACK_PERIODS:], desk.times.grain)
        case shape.Pauses():
            want(desk.known((PAUSES,)), year, per=("age",))
            want(desk.known((PAUSES,)), year)
        case shape.Returns():
            want(desk.known((REPEAT,)), year, per=("age",))
        case shape.PromoterCard() | shape.Promoters():
            want(desk.known(("nps", *SIDES)), year, Grain.MONTH)
            want(desk.known(("nps", *SIDES)), _answered(desk))
        case shape.Told():
            for metric in desk.known((*entry.metrics, *entry.yearly)):
                for period in _told_periods(desk, entry, metric):
                    want((metric,), period)


def made(desk: Desk, entry: Entry) -> Block | None:
    """Return the block of the entry, None where nothing of it is known."""
    match entry:
        case shape.RepeatCard():
            return _repeat_card(desk)
        case shape.PromoterCard():
            return _promoter_card(desk)
        case shape.Cohorts():
            return _cohorts(desk, entry)
        case shape.Segments():
            return _segments(desk, entry)
        case shape.NewAndReturning():
            return _new_and_returning(desk, entry)
        case shape.Pauses():
            return _pauses(desk, entry)
        case shape.Returns():
            return _returns(desk, entry)
        case shape.Promoters():
            return _promoters(desk, entry)
        case shape.Told():
            return _told(desk, entry)


# ---------- periods


def _year(desk: Desk) -> Period:
    """Return the twelve months that end with the period."""
    return spanned(desk.times.months)


def _group_days(desk: Desk) -> Period:
    last = desk.times.period.last
    return Period(last - GROUP_DAYS + 1, last)


def _answered(desk: Desk) -> Period:
    """Return the days of which answers are told together: a week has too few, so at least the month so far."""
    month = desk.times.to_date[0].period
    return month if month.days >= desk.times.period.days else desk.times.period


def _ask_months(desk: Desk) -> None:
    desk.batch.want(desk.known((REPEAT, NEW)), _year(desk), Grain.MONTH)


def _months(desk: Desk, metric: str) -> list[Value]:
    return desk.batch.series(metric, desk.times.months, Grain.MONTH)


# ---------- cards


def _repeat_card(desk: Desk) -> KpiCard | None:
    """Return who came back within 90 days, of the newest month in which everybody has had the time."""
    if not desk.known((REPEAT,)) or not desk.batch.is_allowed(REPEAT):
        return None
    values = [value if _is_ripe(value, new) else None for value, new in zip(_months(desk, REPEAT), _months(desk, NEW), strict=True)]
    known = [value for value in values if value is not None]
    form = desk.form_for(REPEAT, [value.value for value in known])
    if not known:
        last = desk.batch.value(REPEAT, _year(desk))
        reason = desk.figure(last, form).reason if last.value is None else None
        figure = Figure(None, MISSING, MISSING, reason or desk.say("repeat_not_ripe", days=RIPE_DAYS))
        return _monthly_card(desk, REPEAT, figure, figure.reason or "", values, form)
    newest = known[-1]
    line = desk.say("repeat_line", month=newest.bucket or "", n=_grouped(newest.denominator), days=RIPE_DAYS)
    return _monthly_card(desk, REPEAT, desk.figure(newest, form), line, values, form)


def _is_ripe(value: Value, new: Value) -> bool:
    """Say whether all who came in a month have had the time to come back."""
    return value.value is not None and value.denominator == new.value


def _promoter_card(desk: Desk) -> KpiCard | None:
    if not desk.known(("nps",)):
        return None
    period = _answered(desk)
    value, form = desk.batch.value("nps", period), desk.form("nps")
    figure = desk.figure(value, form)
    line = figure.reason or ""
    if value.value is not None:
        margin = _margin(desk, {side: desk.batch.value(side, period) for side in SIDES})
        low, high = float(value.value) - margin, float(value.value) + margin
        line = desk.say(
            "nps_line", margin=form.text(margin), n=_grouped(value.denominator), low=form.text(max(low, -100)), high=form.text(min(high, 100)),
            period=_answered_text(desk),
        )  # fmt: skip
    return _monthly_card(desk, "nps", figure, line, list(_months(desk, "nps")), form, is_small=value.quality == "low_n")


def _answered_text(desk: Desk) -> str:
    period = _answered(desk)
    return desk.period_name() if period == desk.times.period else figures.month_name(period.first, desk.language)


def _monthly_card(
    desk: Desk, metric: str, figure: Figure, line: str, values: Sequence[Value | None], form: Form, *, is_small: bool = False
) -> KpiCard:
    """Return a card whose number belongs to a month: its history is one of months, which have no limits."""
    goal = desk.aim(metric)
    if goal is not None:
        line = desk.say("card_target", target=goal.text(form)) + " · " + line
    known = tuple(None if value is None or value.value is None else float(value.value) for value in values)
    labels = tuple(month.label for month in desk.times.months)
    silence = "reports.why_small" if is_small else "reports.why_running" if desk.times.is_running else None
    if silence is None and goal is None:
        silence = "reports.why_monthly"
    state = verdicts.judge(desk.metric(metric), figure.value, None, goal, form, desk.language, silence=silence)
    spark = None
    if any(place is not None for place in known):
        text = desk.say("spark_text", name=desk.name(metric), value=figure.text, state=state.text)
        spark = verdicts.spark(History(labels, known, known), None, goal, state, text)
    return KpiCard(
        desk.short_name(metric),
        figure,
        line,
        state,
        spark,
        Figure(goal.value, goal.text(form), unit=desk.metric(metric).unit) if goal else None,
        code_of(metric),
        figure.reference,
    )


# ---------- cohorts


def _cohorts(desk: Desk, entry: shape.Cohorts) -> Heat | None:
    """Return the months of first orders by the months since; the running month is hatched."""
    cells = {(value.per["cohort"], int(value.per["age"])): value for value in desk.batch.cuts(COHORTS, _year(desk), ("cohort", "age"))}
    due = {place: value for place, value in cells.items() if place[1] > 0 and value.value is not None}
    if not due:
        return None
    form = figures.form("ratio", desk.language, decimals=3)
    new = {value.bucket: value for value in _months(desk, NEW)}
    repeats = {value.bucket: value for value in _months(desk, REPEAT)}
    rows = []
    is_running = False
    for month in desk.times.months:
        line: list[HeatCell | None] = []
        for age in range(1, AGES + 1):
            value = due.get((month.label, age))
            if value is not None:
                line.append(HeatCell(_bare(desk, form, value, (("cohort", month.label), ("age", f"{age:02d}")))))
                continue
            running = _running(desk, form, cells.get((month.label, age - 1)))
            is_running = is_running or running is not None
            line.append(running)
        first = cells.get((month.label, 0))
        size = _count(first.denominator) if first is not None else desk.figure(new[month.label], desk.form_for(NEW, [new[month.label].value]))
        rows.append(HeatRow(month.label, tuple(line), size, _repeat(desk, repeats[month.label], new[month.label])))
    pooled = {int(value.per["age"]): value for value in desk.batch.cuts(COHORTS, _year(desk), ("age",))}
    foot = tuple(
        HeatCell(_bare(desk, form, pooled[age], (("age", f"{age:02d}"),))) if age in pooled and pooled[age].value is not None else None
        for age in range(1, AGES + 1)
    )
    whole = desk.batch.value(NEW, _year(desk))
    size = desk.figure(whole, desk.form_for(NEW, [whole.value]))
    largest = max(float(value.value or 0) for value in due.values())
    return Heat(
        desk.say("title_cohorts"),
        desk.say("cohorts_subtitle"),
        tuple(desk.say("cohort_age", n=age) for age in range(1, AGES + 1)),
        tuple(rows),
        Axis(0.0, largest or 1.0),
        desk.say("head_cohort"),
        desk.short_name(NEW),
        desk.short_name(REPEAT),
        HeatRow(desk.say("cohorts_pooled"), foot, size, _repeat(desk, desk.batch.value(REPEAT, _year(desk)))),
        _running_hint(desk) if is_running else "",
        entry.span,
    )


def _bare(desk: Desk, form: Form, value: Value, cut: tuple[tuple[str, str], ...] = ()) -> Figure:
    """Return a share without its sign, which stands in the title."""
    text = form.bare(value.value)
    return Figure(value.value, text, text, reference=Reference(value.metric, value.period, (*desk.scope.where, *cut)), unit=value.unit)


def _running(desk: Desk, form: Form, before: Value | None) -> HeatCell | None:
    """Return the cell of the month that is not over: what the month before says of it."""
    running = None if before is None else before.details.get("running")
    if not isinstance(running, int) or before is None or not before.denominator:
        return None
    share = Fraction(running) / Fraction(before.denominator)
    return HeatCell(Figure(share, form.bare(share), form.bare(share), desk.say("cohort_running"), unit="ratio"), is_running=True)


def _running_hint(desk: Desk) -> str:
    last: Day = desk.through if desk.through is not None else desk.times.period.last
    month = bucket_of(last, Grain.MONTH).period
    return desk.say("cohorts_hint", month=figures.month_name(last, desk.language), n=last - month.first + 1)


def _repeat(desk: Desk, value: Value, new: Value | None = None) -> Figure:
    """Return the repeat rate of a month, only when everybody has had the time."""
    if value.value is not None and new is not None and not _is_ripe(value, new):
        return Figure(None, MISSING, MISSING, desk.say("repeat_not_ripe", days=RIPE_DAYS))
    return desk.figure(value, figures.form("ratio", desk.language, decimals=3))


# ---------- groups by recency, frequency and money


def _segments(desk: Desk, entry: shape.Segments) -> Table | None:
    found = desk.batch.cut(GROUPS, desk.times.period, "segment")
    whole = desk.batch.value(GROUPS, desk.times.period)
    if whole.value is None or not any(value.value for value in found.values()):
        return None
    share = figures.form("ratio", desk.language, decimals=3)
    each = desk.form_for("spend_per_buyer", [_each(value) for value in found.values()])
    columns = [
        Column("segment", desk.say("head_segment"), "text", 1.5),
        Column("customers", desk.say("head_customers"), "number", 1.0),
        Column("of_customers", desk.say("head_of_customers"), "number", 0.8, drop=2, tip=desk.say("head_of_customers_tip")),
        Column("of_sales", desk.say("head_of_sales"), "bar", 1.5, tip=desk.say("head_of_sales_tip")),
        Column("each", desk.say("head_each"), "number", 1.0, drop=3),
    ]
    rows = []
    for group in recency.groups():
        value = found.get(group.code)
        if value is None or value.value is None:
            continue
        name = group.name.get(desk.language) or group.name["en"]
        rows.append(_segment(desk, name, group.code, value, share, each))
    total = _segment(desk, desk.say("total"), "total", whole, share, each)
    return Table(
        "segments", desk.say("title_segments"), tuple(columns), (*rows, total), _segments_text(desk, whole, share), is_sortable=True, span=entry.span
    )


def _segment(desk: Desk, name: str, code: str, value: Value, share: Form, each: Form) -> Row:
    is_total = code == "total"
    customers = _part(share, value.numerator, value.denominator)
    sales = _part(share, _spent(value, "spent"), _spent(value, "spent_by_all"))
    cut = () if is_total else (("segment", code),)
    form = desk.form_for("buyers", [value.value])
    bar = None if sales.value is None or is_total else min(max(float(sales.value), 0.0), 1.0)
    mark = None if customers.value is None or is_total else float(customers.value)
    amount = _each(value)
    cells: list[Cell] = [
        TextCell(name, strong=is_total),
        NumberCell(replace(desk.figure(value, form, cut), unit="count"), strong=True),
        NumberCell(Figure(None, "") if is_total else customers),
        BarCell(bar, Figure(None, "") if is_total else sales, mark),
        NumberCell(Figure(amount, each.text(amount), each.bare(amount), unit="money"), strong=is_total),
    ]
    return Row(tuple(cells), code, is_total=is_total, reference=desk.figure(value, form, cut).reference)


def _segments_text(desk: Desk, whole: Value, share: Form) -> str:
    """Say over which days, and how much of the net sales belongs to customers that are known."""
    text = desk.say("segments_subtitle")
    sales = desk.batch.value("net_sales", _group_days(desk))
    known = _part(share, _spent(whole, "spent_by_all"), sales.value)
    return text if known.value is None else text + desk.say("segments_known", share=known.text)


def _spent(value: Value, key: str) -> Number | None:
    amount = value.details.get(key)
    return amount if isinstance(amount, int) else None


def _each(value: Value) -> Number | None:
    spent = _spent(value, "spent")
    return None if spent is None or not value.numerator else Fraction(spent) / Fraction(value.numerator)


def _part(form: Form, part: Number | None, whole: Number | None) -> Figure:
    if part is None or not whole or whole < 0:
        return Figure(None, MISSING, MISSING)
    share = Fraction(part) / Fraction(whole)
    return Figure(share, form.text(share), form.bare(share), unit="ratio")


# ---------- new and returning


def _new_and_returning(desk: Desk, entry: shape.NewAndReturning) -> Stack | None:
    times = desk.times
    chain = times.series[-STACK_PERIODS:]
    metrics = [metric for metric in desk.known(entry.metrics) if desk.batch.is_allowed(metric)]
    lines = {metric: desk.batch.series(metric, chain, times.grain) for metric in metrics}
    known = [value.value for values in lines.values() for value in values if value.value is not None]
    if not known:
        return None
    totals = desk.batch.series("net_sales", chain, times.grain)
    form = desk.form_for("net_sales", [*known, *(value.value for value in totals)])
    share = figures.form("ratio", desk.language, decimals=3)
    newest = [values[-1].value for values in lines.values()]
    whole = sum((value for value in newest if value is not None), 0) if all(value is not None for value in newest) else None
    parts = tuple(
        Part(desk.say(f"part_{metric}"), tuple(desk.figure(value, form) for value in values), _part(share, values[-1].value, whole))
        for metric, values in lines.items()
    )
    sums = [sum(float(values[place].value or 0) for values in lines.values()) for place in range(len(chain))]
    return Stack(
        desk.say("title_new_and_returning"),
        " · ".join(words for words in (unit_name(desk, form), desk.say("lines_subtitle", n=len(chain))) if words),
        _labels(desk, chain),
        parts,
        axis_of(sums, form, is_from_zero=True),
        _shaded(desk, chain),
        desk.say("part_days", n=times.period.days) if times.is_running else "",
        totals=tuple(desk.figure(value, form) for value in totals),
        total_title=desk.short_name("net_sales"),
        span=entry.span,
        moments=tuple(bucket.label for bucket in chain),
    )


def _labels(desk: Desk, chain: Sequence[Bucket]) -> tuple[str, ...]:
    grain = desk.times.grain
    if grain is None:
        return tuple(figures.axis_day(bucket.period.first, desk.language) for bucket in chain)
    return tuple(figures.axis_label(bucket, grain, desk.language) for bucket in chain)


def _shaded(desk: Desk, chain: Sequence[Bucket]) -> tuple[tuple[int, int, str], ...]:
    """Return the spans of periods that hold a promotion or holiday, with its name."""
    spans: list[tuple[int, int, str]] = []
    for index, bucket in enumerate(chain):
        names = [name for day, name in desk.events.items() if day in bucket.period]
        if not names:
            continue
        if spans and spans[-1][1] == index - 1:
            spans[-1] = (spans[-1][0], index, spans[-1][2])
        else:
            spans.append((index, index, names[0]))
    return tuple(spans)


# ---------- how long until they come back


def _pauses(desk: Desk, entry: shape.Pauses) -> Histogram | None:
    """Return the days between purchases in classes of thirty, the long ones in one."""
    steps = {int(value.per["age"]): value for value in desk.batch.cuts(PAUSES, _year(desk), ("age",)) if value.value is not None}
    whole = desk.batch.value(PAUSES, _year(desk))
    if not steps or whole.value is None:
        return None
    form = figures.form("ratio", desk.language, decimals=3)
    count = next(iter(steps.values())).denominator
    last = PAUSE_DAYS * PAUSE_CLASSES
    bins = []
    for start in range(0, last, PAUSE_DAYS):
        value = steps.get(start)
        number = value.numerator if value is not None else 0
        reference = None if value is None else desk.figure(value, form, (("age", f"{start:03d}"),)).reference
        share = replace(_part(form, number, count), reference=reference)
        edge = str(start) if start % 90 == 0 else ""
        bins.append(Bin(f"{start}–{start + PAUSE_DAYS - 1}", share, float(start), float(start + PAUSE_DAYS), edge, _count(number)))
    beyond = sum((Fraction(value.numerator or 0) for start, value in steps.items() if start >= last), Fraction(0))
    bins.append(Bin(desk.say("days_from", n=last), _part(form, beyond, count), float(last), None, f"≥{last}", _count(int(beyond))))
    days = figures.form("days", desk.language, sample=[whole.value], decimals=0)
    heights = [bar.figure.place or 0.0 for bar in bins]
    return Histogram(
        desk.say("title_pauses"),
        desk.say("pauses_subtitle", n=_grouped(count)),
        tuple(bins),
        axis_of(heights, form, is_from_zero=True),
        float(whole.value),
        desk.say("median", value=days.text(whole.value)),
        desk.say("head_pause_days"),
        desk.say("head_share"),
        desk.say("head_pauses"),
        span=entry.span,
    )


def _returns(desk: Desk, entry: shape.Returns) -> Lines | None:
    """Return which part of the new customers of twelve months has come back within 30, 60, 90 … days."""
    steps = {int(value.per["age"]): value for value in desk.batch.cuts(REPEAT, _year(desk), ("age",)) if value.value is not None}
    ages = [age for age in range(PAUSE_DAYS, PAUSE_DAYS * PAUSE_CLASSES + 1, PAUSE_DAYS) if age in steps]
    if len(ages) < 2:
        return None
    form = desk.form_for(REPEAT, [steps[age].value for age in ages])
    points = [_reached(desk, form, steps[age], age) for age in ages]
    places = [point.place for point in points if point.place is not None]
    figure = _reached(desk, form, steps.get(RIPE_DAYS), RIPE_DAYS)
    return Lines(
        desk.say("title_comeback"),
        desk.say("comeback_subtitle"),
        figure,
        State("no_call", desk.say("within_days", n=RIPE_DAYS), "neutral", desk.say("comeback_why")),
        tuple(str(age) for age in ages),
        (Series(desk.say("cut_all"), tuple(point.place for point in points), points[-1], False, tuple(points)),),
        axis_of([0.0, *places], form, is_from_zero=True),
        span=entry.span,
        reference=figure.reference,
    )


def _reached(desk: Desk, form: Form, value: Value | None, age: int) -> Figure:
    if value is None or value.value is None:
        return Figure(None, MISSING, MISSING, desk.say("repeat_not_ripe", days=age))
    return desk.figure(value, form, (("age", f"{age:03d}"),))


# ---------- what they answer


def _margin(desk: Desk, sides: Mapping[str, Value]) -> float:
    detractors, passives, promoters = (int(sides[side].numerator or 0) for side in SIDES)
    return promoter_margin(promoters, passives, detractors)


def _promoters(desk: Desk, entry: shape.Promoters) -> Points | None:
    """Return the net promoter score of twelve months with its 95 % interval, and of whom it is made now."""
    scores = _months(desk, "nps") if desk.known(("nps",)) else []
    if not any(score.value is not None for score in scores):
        return None
    sides = {side: _months(desk, side) for side in SIDES}
    form = desk.form_for("nps", [score.value for score in scores])
    points = []
    for place, score in enumerate(scores):
        figure = desk.figure(score, form)
        label = figures.axis_label(desk.times.months[place], Grain.MONTH, desk.language)
        if score.value is None:
            points.append(Point(label, figure))
            continue
        margin = _margin(desk, {side: values[place] for side, values in sides.items()})
        low, high = max(float(score.value) - margin, -100.0), min(float(score.value) + margin, 100.0)
        is_few = (score.denominator or 0) < LEAST_SAMPLE
        points.append(Point(label, figure, _edge(form, low), _edge(form, high), _count(score.denominator), is_few))
    period = _answered(desk)
    now = {side: desk.batch.value(side, period) for side in SIDES}
    share = figures.form("ratio", desk.language, decimals=3)
    tones: dict[str, Tone] = {"nps_detractors": "worse", "nps_promoters": "better"}
    strip = tuple(Bar(desk.short_name(side), desk.figure(value, share), tone=tones.get(side, "neutral")) for side, value in now.items())
    edges = [edge.place for point in points for edge in (point.low, point.high) if edge is not None and edge.place is not None]
    count = desk.batch.value("nps", period).denominator
    subtitle = desk.say("promoters_subtitle", period=_answered_text(desk), n=_grouped(count)) if count else ""
    return Points(
        desk.name("nps"),
        subtitle,
        tuple(points),
        axis_of(edges, form),
        strip=strip if all(bar.figure.value is not None for bar in strip) else (),
        value_title=desk.short_name("nps"),
        names=tuple(figures.month_name(month.period.first, desk.language) for month in desk.times.months),
        span=entry.span,
        moments=tuple(month.label for month in desk.times.months),
    )


def _edge(form: Form, place: float) -> Figure:
    return Figure(place, form.text(place), form.bare(place), unit="points")


def _told_periods(desk: Desk, entry: shape.Told, metric: str) -> tuple[Period, ...]:
    """Return the days a number of the table is about, and those it is compared with."""
    times = desk.times
    if metric in entry.yearly:
        return (_year(desk),)
    if times.grain is not None and times.grain not in desk.metric(metric).grains and times.period.days < desk.times.months[-2].period.days:
        # What is told of months only: the last one that is over.
        return (desk.times.months[-2].period,)
    return (times.period, times.previous, times.year) if entry.changes else (times.period,)


def _told_name(desk: Desk, entry: shape.Told, metric: str, period: Period) -> str:
    name = desk.short_name(metric)
    if period == desk.times.period:
        return name
    of = desk.say("twelve_months") if metric in entry.yearly else figures.month_name(period.first, desk.language)
    return desk.say("name_of_days", name=name, days=of)


def _told(desk: Desk, entry: shape.Told) -> Table | None:
    """Return single numbers with how many cases they rest on, and how sure shares are.

    What was never imported is left out; what is known but tells no number says why.
    """
    rows = []
    for metric in desk.known((*entry.metrics, *entry.yearly)):
        if not desk.batch.is_allowed(metric):
            continue
        own, *before = _told_periods(desk, entry, metric)
        value = desk.batch.value(metric, own)
        earlier = [desk.batch.value(metric, period) for period in before]
        if value.quality == "missing" and all(one.value is None for one in earlier):
            continue
        form = desk.form_for(metric, [one.value for one in (value, *earlier)])
        cases = _cases(desk, metric, value)
        is_few = value.quality == "low_n"
        figure = desk.figure(value, form)
        cells: list[Cell] = [
            TextCell(_told_name(desk, entry, metric, own)),
            NumberCell(figure, strong=not is_few, muted=is_few),
            NumberCell(_count(cases) if cases is not None else Figure(None, ""), muted=is_few),
            TextCell(_interval(value, cases, form), muted=True),
            *(ChangeCell(desk.change(value, one, form)) for one in earlier),
        ]
        if entry.changes and not earlier:
            cells += [ChangeCell(Figure(None, ""))] * 2
        rows.append(Row(tuple(cells), metric, reference=figure.reference))
    if not any(isinstance(row.cells[1], NumberCell) and row.cells[1].figure.value is not None for row in rows):
        return None
    columns = [
        Column("metric", desk.say("head_metric"), "text", 2.2),
        Column("value", desk.period_name(), "number", 1.1),
        Column("n", desk.say("head_n"), "number", 0.9, drop=2, tip=desk.say("head_n_tip")),
        Column("interval", desk.say("head_interval"), "text", 1.4, drop=3),
    ]
    if entry.changes:
        columns.append(Column("previous", desk.say(f"head_previous_{desk.grain_key()}"), "change", 1.0))
        columns.append(Column("year", desk.say("head_year"), "change", 1.0, drop=1, tip=desk.say("head_year_tip")))
    shown = [place for place in range(len(columns)) if place not in (2, 3) or any(row.cells[place].text for row in rows)]
    return Table(
        entry.key,
        desk.say(f"title_{entry.key}"),
        tuple(columns[place] for place in shown),
        tuple(replace(row, cells=tuple(row.cells[place] for place in shown)) for row in rows),
        desk.period_name(),
        span=entry.span,
    )


def _cases(desk: Desk, metric: str, value: Value) -> int | None:
    """Return how many cases a quotient rests on, None where it rests on money or on no count."""
    if value.unit in ("money", "count") or not isinstance(value.denominator, int):
        return None
    catalogue, calculation = desk.engine.catalogue, desk.metric(metric).calculation
    if isinstance(calculation, Method):
        return None if calculation.of else value.denominator
    if not isinstance(calculation, Ratio):
        return None
    term = calculation.under[0].of
    is_money = catalogue.metric(term).unit == "money" if "." not in term else "_minor" in catalogue.measures[term].expression
    return None if is_money else value.denominator


def _interval(value: Value, cases: int | None, form: Form) -> str:
    """Return the 95 % interval of a share of cases."""
    if value.unit != "ratio" or not cases or not isinstance(value.numerator, int) or not 0 <= value.numerator <= cases or form.kind != "rate":
        return ""
    low, high = wilson(float(value.numerator), float(cases))
    return f"{form.text(low).removesuffix(form.after)}–{form.text(high)}"


# ---------- what platforms say of the shops


def shop_scores(desk: Desk, entry: shape.ShopScores) -> Table | None:
    """Return the newest scores up to the period's end as the platforms state them, beside those of the industry."""
    found = [score for score in standing.shop_scores(desk.engine.conn, _year(desk)) if desk.scope.shop in (None, score.shop)]
    if not found or desk.scope.channel is not None:
        return None
    shops = {score.shop for score in found}
    rows = []
    for score in found:
        form, unit = _score_form(desk, score)
        named = desk.say(f"score_{score.indicator}")
        name = score.indicator if named.endswith(f"score_{score.indicator}") else named
        if len(shops) > 1 and score.shop:
            name = desk.say("name_of_days", name=name, days=score.shop)
        change, words = form.change(score.score, score.industry)
        unknown = Figure(None, MISSING, MISSING, desk.say("no_industry"))
        rows.append(
            Row(
                (
                    TextCell(name),
                    NumberCell(Figure(score.score, form.text(score.score), form.bare(score.score), unit=unit), strong=True),
                    NumberCell(unknown if score.industry is None else Figure(score.industry, form.text(score.industry), form.bare(score.industry), unit=unit)),
                    ChangeCell(unknown if change is None else Figure(change, words, words)),
                    TextCell(figures.day_text(score.day, desk.language), muted=True, day=score.day),
                ),
                f"{score.shop}/{score.indicator}",
            )
        )
    columns = (
        Column("indicator", desk.say("head_indicator"), "text", 2.0),
        Column("score", desk.say("head_score"), "number", 1.0),
        Column("industry", desk.say("head_industry"), "number", 1.0),
        Column("difference", desk.say("head_against_industry"), "change", 1.0, drop=1),
        Column("day", desk.say("head_when"), "text", 1.2, drop=2),
    )
    return Table("shop_scores", desk.say("title_shop_scores"), columns, tuple(rows), desk.say("shop_scores_subtitle"), span=entry.span)


def _score_form(desk: Desk, score: standing.ShopScore) -> tuple[Form, str]:
    """Return how a score is written: a part of a whole, a time, or so many of so many."""
    if score.scale_max == 1:
        return figures.form("ratio", desk.language, sample=[score.score], decimals=3), "ratio"
    for unit in ("seconds", "hours"):
        if score.indicator.endswith(f"_{unit}"):
            return figures.form(unit, desk.language, sample=[score.score]), unit
    return figures.form("stars", desk.language, decimals=2), "stars"


# ---------- numbers


def _count(number: object) -> Figure:
    if not isinstance(number, int | Fraction):
        return Figure(None, MISSING, MISSING)
    return Figure(number, _grouped(number), _grouped(number), unit="count")


def _grouped(number: Number | None) -> str:
    return MISSING if number is None else figures.grouped(figures.rounded(number))


