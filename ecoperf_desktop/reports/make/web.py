"""Whether the site was up, how lab runs scatter, and what phones lose against desktops."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

from ecoperf_desktop.model.days import Grain, Period, date_of
from ecoperf_desktop.model.value import Value
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Axis,
    Block,
    Cell,
    ChangeCell,
    Column,
    Figure,
    Heat,
    HeatCell,
    HeatRow,
    NumberCell,
    Point,
    Points,
    Row,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.make import charts
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.store import standing

_WEEKS = 13
_RUNS = 13
_WEEK = 7
# Agreements on availability are made for so many days.
_BUDGET_DAYS = 30
_USUAL = Fraction(999, 1000)
_LAB = ("lighthouse_median", "lighthouse_p25", "lighthouse_p75")
_GOOD = 90.0
_RATE, _VISITS, _GAP = "conversion_rate_sessions", "sessions", "mobile_conversion_gap"

Kind: TypeAlias = shape.UpByDay | shape.Outages | shape.LabRuns | shape.DeviceGap


def ask(desk: Desk, entry: Kind) -> None:
    period, base = desk.times.period, desk.times.base
    match entry:
        case shape.UpByDay():
            desk.batch.want(("downtime_minutes",), _days(desk), Grain.DAY)
        case shape.Outages():
            desk.batch.want(("availability", "downtime_minutes"), _budget_days(desk))
            desk.batch.want(("availability",), period)
        case shape.LabRuns(device):
            desk.batch.want_series(_of_device(device), desk.times.series[-_RUNS:], desk.times.grain)
        case shape.DeviceGap():
            for span in (period, base):
                desk.batch.want((_VISITS, _RATE), span, per=("device",))
                desk.batch.want((_GAP,), span)


def made(desk: Desk, entry: Kind) -> Block | None:
    """Return the block of ``entry``, None where nothing is known."""
    match entry:
        case shape.UpByDay():
            return _by_day(desk, entry)
        case shape.Outages():
            return _outages(desk, entry)
        case shape.LabRuns():
            return _lab(desk, entry)
        case shape.DeviceGap():
            return _gap(desk, entry)


# ---- up or down


def _days(desk: Desk) -> Period:
    """Return the whole weeks whose last holds the period's last day."""
    last = desk.times.calendar.bucket_of(desk.times.period.last, Grain.WEEK).period.last
    return Period(last - _WEEKS * _WEEK + 1, last)


def _budget_days(desk: Desk) -> Period:
    return Period(desk.times.period.last - _BUDGET_DAYS + 1, desk.times.period.last)


def _by_day(desk: Desk, entry: shape.UpByDay) -> Heat | None:
    """Return the minutes of outage of each day, weeks beside each other."""
    days = _days(desk)
    chain = tuple(desk.times.calendar.buckets(days, Grain.DAY))
    values = desk.batch.series("downtime_minutes", chain, Grain.DAY)
    known = [float(value.value) for value in values if value.value is not None]
    if not known:
        return None
    # Whole minutes are enough to see where outages lie; a click tells the rest.
    form = figures.form("minutes", desk.language, sample=known, decimals=0)
    weeks = tuple(
        figures.axis_label(desk.times.calendar.bucket_of(days.first + _WEEK * place, Grain.WEEK), Grain.WEEK, desk.language)
        for place in range(_WEEKS)
    )
    rows = []
    for weekday in range(_WEEK):
        cells: list[HeatCell | None] = []
        for week in range(_WEEKS):
            place = week * _WEEK + weekday
            figure = desk.figure(values[place], form)
            is_due = chain[place].period.first <= desk.times.period.last
            short = Figure(figure.value, figure.short, figure.short, figure.reason, False, figure.reference, figure.unit)
            cells.append(HeatCell(short) if is_due else None)
        name = desk.say(f"weekday_{date_of(days.first + weekday).isoweekday()}")
        rows.append(HeatRow(name, tuple(cells)))
    return Heat(
        desk.say("title_up_by_day"),
        desk.say("up_by_day_subtitle", n=_WEEKS, unit=charts.unit_name(desk, form)),
        weeks,
        tuple(rows),
        Axis(0.0, max(max(known), 1.0)),
        desk.say("head_weekday"),
        span=entry.span,
    )


def _outages(desk: Desk, entry: shape.Outages) -> Table | None:
    """Return the newest outages, and how much of what is allowed they took."""
    whole = desk.batch.value("availability", _budget_days(desk))
    if whole.value is None and desk.batch.value("availability", desk.times.period).value is None:
        return None
    days = Period(min(desk.times.period.first, desk.times.period.last - _WEEKS * _WEEK + 1), desk.times.period.last)
    found = standing.outages(desk.engine.conn, days)
    form = figures.form("minutes", desk.language, decimals=0)
    rows = []
    for outage in found[: entry.most]:
        minutes = None if outage.seconds is None else Fraction(outage.seconds, 60)
        lasted = Figure(minutes, form.text(minutes), form.bare(minutes), unit="minutes")
        if minutes is None:
            lasted = Figure(None, figures.MISSING, figures.MISSING, desk.say("outage_runs"))
        rows.append(
            Row(
                (
                    TextCell(f"{figures.day_text(outage.day, desk.language)} {outage.clock}".strip(), day=outage.day),
                    TextCell(outage.target),
                    NumberCell(lasted, strong=not outage.is_planned, muted=outage.is_planned),
                    TextCell(
                        outage.reason or desk.say("not_stated"), muted=not outage.reason,
                        pill=desk.say("outage_planned") if outage.is_planned else None,
                    ),
                ),
                f"{outage.day}·{outage.clock}·{outage.target}",
            )
        )  # fmt: skip
    columns = (
        Column("when", desk.say("head_when"), "text", 1.5),
        Column("target", desk.say("head_target_host"), "text", 1.4, drop=1),
        Column("minutes", desk.say("head_lasted"), "number", 0.8),
        Column("reason", desk.say("head_reason"), "text", 1.8),
    )
    corner = desk.say("rows_of", shown=len(rows), all=len(found)) if len(found) > len(rows) else ""
    subtitle = desk.say("weeks_to", n=_WEEKS, day=figures.day_text(days.last, desk.language))
    return Table("outages", desk.say("title_outages"), columns, tuple(rows), subtitle, corner, _budget(desk, whole), span=entry.span)


def _budget(desk: Desk, whole: Value) -> str:
    """Say how many minutes of outage are allowed in thirty days, and how many of them were taken."""
    down = desk.batch.value("downtime_minutes", _budget_days(desk))
    if down.value is None:
        return ""
    goal = desk.aim("availability")
    has_goal = goal is not None and goal.low is None
    target = Fraction(str(goal.value)) if goal is not None and has_goal else _USUAL
    allowed = _BUDGET_DAYS * 24 * 60 * (1 - target)
    form = figures.form("minutes", desk.language, decimals=1)
    share = figures.form("ratio", desk.language, decimals=4)
    return desk.say(
        "budget_target" if has_goal else "budget_usual",
        target=share.text(target),
        days=_BUDGET_DAYS,
        allowed=form.text(allowed),
        used=form.text(down.value),
        left=form.text(max(allowed - Fraction(down.value), Fraction(0))),
    )


# ---- lab runs


def _of_device(device: str) -> tuple[str, ...]:
    return tuple(f"{metric}[device={device}]" for metric in _LAB)


def _lab(desk: Desk, entry: shape.LabRuns) -> Points | None:
    """Return the median of each period's runs with the middle half of them."""
    chain, grain = desk.times.series[-_RUNS:], desk.times.grain
    middles, lows, highs = (desk.batch.series(metric, chain, grain) for metric in _of_device(entry.device))
    if all(value.value is None for value in middles):
        return None
    where = (("device", entry.device),)
    form = desk.form_for(_LAB[0], [value.value for value in middles])
    points = []
    for label, middle, low, high in zip(_labels(desk), middles, lows, highs, strict=True):
        points.append(
            Point(
                label,
                desk.figure(middle, form, where),
                desk.figure(low, form, where),
                desk.figure(high, form, where),
                is_hollow="n" in middle.details,  # said only where there are too few runs
            )
        )
    edge = [float(value.value) for values in (middles, lows, highs) for value in values if value.value is not None]
    return Points(
        desk.say("title_lab_runs"),
        desk.say("lab_runs_subtitle", device=desk.say(f"cut_{entry.device}")),
        tuple(points),
        charts.axis_of([*edge, 100.0], form),
        band=(_GOOD, 100.0),
        value_title=desk.say("head_median"),
        low_title="p25",
        high_title="p75",
        foot=desk.say("lab_runs_foot"),
        span=entry.span,
        moments=tuple(bucket.label for bucket in chain),
    )


def _labels(desk: Desk) -> tuple[str, ...]:
    grain = desk.times.grain
    if grain is None:
        return tuple(figures.axis_day(bucket.period.first, desk.language) for bucket in desk.times.series[-_RUNS:])
    return tuple(figures.axis_label(bucket, grain, desk.language) for bucket in desk.times.series[-_RUNS:])


# ---- phones against desktops


def _gap(desk: Desk, entry: shape.DeviceGap) -> Table | None:
    """Return visits, purchases and conversion of phones and desktops, and what lies between them."""
    period, base = desk.times.period, desk.times.base
    visits, rates = desk.batch.cut(_VISITS, period, "device"), desk.batch.cut(_RATE, period, "device")
    before = desk.batch.cut(_RATE, base, "device")
    devices = [device for device in ("mobile", "desktop") if device in rates and rates[device].value is not None]
    gap, gap_before = desk.batch.value(_GAP, period), desk.batch.value(_GAP, base)
    if len(devices) < 2 or gap.value is None:
        return None
    visit_form = desk.form_for(_VISITS, [visits[device].value for device in devices if device in visits])
    rate_form = desk.form_for(_RATE, [rates[device].value for device in devices])
    count = figures.form("count", desk.language)
    rows = []
    for device in devices:
        extra = (("device", device),)
        rate = rates[device]
        figure = desk.figure(rate, rate_form, extra)
        bought = Figure(rate.numerator, count.text(rate.numerator), count.bare(rate.numerator), reference=figure.reference, unit="count")
        changed = desk.change(rate, before[device], rate_form) if device in before else Figure(None, figures.MISSING, figures.MISSING, desk.say("why_no_ratio"))
        cells: tuple[Cell, ...] = (
            TextCell(desk.say(f"cut_{device}")),
            NumberCell(desk.figure(visits[device], visit_form, extra) if device in visits else Figure(None, figures.MISSING, figures.MISSING, desk.say("why_missing"))),
            NumberCell(bought),
            NumberCell(figure, strong=True),
            ChangeCell(changed),
        )
        rows.append(Row(cells, device, reference=figure.reference))
    gap_form = replace(desk.form_for(_GAP, [gap.value]), after=desk.say("after_pp"))
    blank = TextCell("")
    rows.append(
        Row(
            (TextCell(desk.say("gap_row"), strong=True), blank, blank, NumberCell(desk.figure(gap, gap_form), strong=True), ChangeCell(desk.change(gap, gap_before, gap_form))),
            "gap",
            is_total=True,
        )
    )
    columns = (
        Column("device", desk.say("head_device"), "text", 1.5),
        Column(_VISITS, desk.short_name(_VISITS), "number", 1.0, tip=desk.definition(_VISITS)),
        Column("purchases", desk.say("head_purchases"), "number", 1.0, tip=desk.definition(_RATE)),
        Column(_RATE, desk.short_name(_RATE), "number", 1.0, tip=desk.definition(_RATE)),
        Column("change", desk.say(f"head_previous_{desk.grain_key()}"), "change", 0.9, drop=1),
    )
    return Table("mobile_gap", desk.say("title_mobile_gap"), columns, tuple(rows), desk.period_name(), foot=_at_stake(desk, rates), span=entry.span)


def _at_stake(desk: Desk, rates: dict[str, Value]) -> str:
    """Say how many more purchases phones would have brought with the desktops' rate; nothing where they do better."""
    phones, desktops = rates["mobile"], rates["desktop"]
    if phones.value is None or desktops.value is None or phones.denominator is None or phones.value >= desktops.value:
        return ""
    more = (Fraction(desktops.value) - Fraction(phones.value)) * Fraction(phones.denominator)
    return desk.say("gap_at_stake", n=f"{int(figures.rounded(more)):,}")
