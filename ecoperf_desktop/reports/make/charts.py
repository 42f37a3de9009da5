"""Trends of six weeks and twelve months, lines against thresholds, parts of a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ecoperf_desktop.model.days import Bucket, Grain
from ecoperf_desktop.model.value import Value, as_float
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.batch import split_cut
from ecoperf_desktop.reports.blocks import (
    Axis,
    Bar,
    Bars,
    Figure,
    Foot,
    Lines,
    Panel,
    Series,
    Span,
    Threshold,
    Trend612,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.pages import code_of, shape
from ecoperf_desktop.reports.timeline import SHORT, spanned


def trend(desk: Desk, metric: str, side: Literal["input", "output"], span: Span) -> Trend612:
    """Return the block of six weeks and twelve months of ``metric``."""
    value, form = desk.value(metric), desk.form(metric)
    figure = desk.figure(value, form)
    return Trend612(
        desk.short_name(metric),
        unit_name(desk, form),
        figure,
        desk.state(metric),
        _recent(desk, metric, form),
        _months(desk, metric),
        _foot(desk, metric),
        side,
        code_of(metric),
        figure.reason or "" if figure.partial else "",
        metric,
        figure.reference,
        span,
    )


def unit_name(desk: Desk, form: Form) -> str:
    """Return what the bare numbers of a chart are in."""
    return form.before.strip() or form.after.strip()


def _recent(desk: Desk, metric: str, form: Form) -> Panel:
    times = desk.times
    values = desk.batch.series(metric, times.recent, times.grain)
    earlier = desk.batch.series(metric, desk.recent_year, desk.year_grain)
    points = tuple(desk.figure(value, form) for value in values)
    if times.is_running:
        points = (*points[:-1], desk.figure(desk.value(metric), form))
    last_year = tuple(desk.figure(value, form) for value in earlier)
    history = desk.history(metric) if times.grain else None
    limits = history.limits if history else None
    goal = desk.aim(metric)
    targets = (None,) * (SHORT - 1) + (float(goal.value) if goal and goal.low is None else None,)
    edge = [*_places(points), *_places(last_year), *((limits.lower, limits.upper) if limits else ())]
    edge += [target for target in targets if target is not None]
    start = len(history.values) - SHORT if history else 0
    outside = tuple(
        index for index in range(SHORT) if limits and history and _is_beyond(history.ordinary[start + index], limits.lower, limits.upper)
    )
    shaded = tuple(
        (max(first - start, 0), last - start, _event_name(desk, times.series[first : last + 1]))
        for first, last in (history.shaded if history else ())
        if last >= start
    )
    return Panel(
        _labels(desk, times.recent, times.grain),
        points,
        last_year,
        axis_of(edge, form),
        targets if any(target is not None for target in targets) else (),
        tuple(range(len(points))),
        outside,
        limits.lower if limits else None,
        limits.upper if limits else None,
        desk.say("part_days", n=times.period.days) if times.is_running else "",
        shaded,
        goals=(None,) * (SHORT - 1) + (Figure(goal.value, form.text(goal.value), form.bare(goal.value), unit=desk.value(metric).unit),)
        if goal and goal.low is None
        else (),
        moments=_moments(times.recent),
    )


def _months(desk: Desk, metric: str) -> Panel:
    times = desk.times
    month = times.to_date[0]
    values = [*desk.batch.series(metric, times.months[:-1], Grain.MONTH), desk.batch.value(metric, month.period)]
    earlier = [*desk.batch.series(metric, desk.months_year, Grain.MONTH), desk.batch.value(metric, month.year)]
    form = desk.form_for(metric, [value.value for value in values])
    points = tuple(desk.figure(value, form) for value in values)
    last_year = tuple(desk.figure(value, form) for value in earlier)
    edge = [*_places(points), *_places(last_year)]
    whole = [(point.place, index) for index, point in enumerate(points) if point.place is not None]
    if times.part_days and whole and whole[-1][1] == len(points) - 1:
        whole.pop()
    labelled = {max(whole)[1], whole[-1][1]} if whole else set()
    return Panel(
        _labels(desk, times.months, Grain.MONTH),
        points,
        last_year,
        axis_of(edge, form, most=3),
        labelled=tuple(sorted(labelled)),
        part=desk.say("part_days", n=times.part_days) if times.part_days else "",
        names=tuple(figures.month_name(month.period.first, desk.language) for month in times.months),
        moments=_moments(times.months),
    )


def _foot(desk: Desk, metric: str) -> tuple[Foot, ...]:
    times, value, form = desk.times, desk.value(metric), desk.form(metric)
    previous = desk.batch.value(metric, times.previous)
    year = desk.batch.value(metric, times.year)
    before = desk.figure(previous, form)
    foot = [
        Foot(desk.say(f"foot_last_{desk.grain_key()}"), _shortened(before)),
        Foot(desk.say(f"head_previous_{desk.grain_key()}"), desk.change(value, previous, form)),
        Foot(desk.say("head_year"), desk.change(value, year, form)),
    ]
    for so_far in times.to_date:
        if so_far.period == times.period:
            continue
        current, earlier = desk.batch.value(metric, so_far.period), desk.batch.value(metric, so_far.year)
        own = desk.form_for(metric, [current.value, earlier.value])
        foot.append(Foot(desk.say(f"foot_{so_far.key}"), _shortened(desk.figure(current, own)), desk.change(current, earlier, own)))
    return tuple(foot)


def _shortened(figure: Figure) -> Figure:
    """Return the figure as it stands where room is short."""
    mark = figures.DAGGER if figure.partial else ""
    after = "%" if figure.text.rstrip(figures.DAGGER).endswith("%") else ""
    return replace(figure, text=figure.short + after + mark)


def _labels(desk: Desk, chain: Sequence[Bucket], grain: Grain | None) -> tuple[str, ...]:
    if grain is None:
        return tuple(figures.axis_day(bucket.period.first, desk.language) for bucket in chain)
    return tuple(figures.axis_label(bucket, grain, desk.language) for bucket in chain)


def _moments(chain: Sequence[Bucket]) -> tuple[str, ...]:
    return tuple(bucket.label for bucket in chain)


def _event_name(desk: Desk, chain: Sequence[Bucket]) -> str:
    names = [code for day, code in desk.events.items() if any(day in bucket.period for bucket in chain)]
    return names[0] if names else ""


def _places(points: Sequence[Figure]) -> list[float]:
    return [point.place for point in points if point.place is not None]


def _is_beyond(value: float | None, lower: float, upper: float) -> bool:
    return value is not None and not lower <= value <= upper


def axis_of(edge: Sequence[float], form: Form, most: int = 3, is_from_zero: bool = False) -> Axis:
    """Return a scale that holds ``edge`` with some air, and its marks."""
    if not edge:
        return Axis(0.0, 1.0)
    low, high = min(edge), max(edge)
    if is_from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
        return Axis(low * 1.08, high * 1.12 or 1.0, figures.ticks(low, high * 1.12, form, most))
    air = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    floor = 0.0 if low >= 0 else None
    bottom = low - air if floor is None else max(low - air, floor)
    return Axis(bottom, high + air, figures.ticks(bottom, high + air, form, most))


# ---------- lines


def ask_lines(desk: Desk, entry: shape.LinesOf) -> None:
    desk.ask_numbers(desk.known((entry.judged,)))
    if entry.dimension and desk.times.grain:
        desk.batch.want(desk.known((entry.metric,)), spanned(desk.times.series), desk.times.grain, (entry.dimension,))


def lines(desk: Desk, entry: shape.LinesOf) -> Lines:
    """Return a metric over the periods of its limits, a line for each named value of the dimension.

    Value, state and limits are those of the first line.
    """
    times = desk.times
    cuts = {}
    if entry.dimension and times.grain:
        cuts = {cut: desk.batch.cut_series(entry.metric, entry.dimension, cut, times.series) for cut in entry.values}
    if not cuts:
        cuts = {"all": desk.batch.series(entry.judged, times.series, times.grain)}
    known = [value.value for values in cuts.values() for value in values]
    form = desk.form_for(entry.metric, [*known, *(limit for limit, _ in entry.thresholds)])
    kept = {cut: values for cut, values in cuts.items() if any(value.value is not None for value in values)} or cuts
    series = tuple(
        _line(desk, desk.say(f"cut_{cut}"), values, form, index > 0, _cut_of(entry, cut)) for index, (cut, values) in enumerate(kept.items())
    )
    places = [place for line in series for place in line.points if place is not None]
    axis = axis_of([0.0, *places, *(limit for limit, _ in entry.thresholds)], form, is_from_zero=True)
    limits = desk.history(entry.judged).limits if times.grain else None
    figure = desk.figure(desk.value(entry.judged), form, split_cut(entry.judged)[1])
    return Lines(
        desk.short_name(entry.metric),
        desk.say("lines_subtitle", n=len(times.series)) if times.grain else "",
        figure,
        desk.state(entry.judged),
        _labels(desk, times.series, times.grain),
        series,
        Axis(axis.low, axis.high, ((0.0, "0"), *((limit, form.bare(limit)) for limit, _ in entry.thresholds)))
        if entry.thresholds
        else axis,
        tuple(Threshold(limit, form.text(limit), desk.say(zone.removeprefix("reports."))) for limit, zone in entry.thresholds),
        desk.say("zone_good") if entry.thresholds else "",
        limits.lower if limits else None,
        limits.upper if limits else None,
        "output",
        code_of(entry.metric),
        figure.reference,
        entry.span,
        _moments(times.series),
    )


def _cut_of(entry: shape.LinesOf, cut: str) -> tuple[tuple[str, str], ...]:
    """Return the cut that a line shows: a click on one of its points asks for the same."""
    if entry.dimension is None or cut not in entry.values:
        return split_cut(entry.judged)[1]
    return ((entry.dimension, cut),)


def _line(
    desk: Desk, name: str, values: Sequence[Value], form: Form, is_dashed: bool, cut: tuple[tuple[str, str], ...]
) -> Series:
    points = tuple(None if value.value is None else as_float(value.value) for value in values)
    shown = tuple(desk.figure(value, form, cut) for value in values)
    return Series(name, points, shown[-1], is_dashed, shown)


# ---------- parts


def parts(desk: Desk, entry: shape.PartsOf) -> Bars | None:
    """Return the parts of the period as bars, each with its share; None when none is known."""
    known = [(metric, desk.value(metric)) for metric in desk.known(entry.metrics)]
    total = sum(value.value for _, value in known if value.value is not None)
    if not any(value.value is not None for _, value in known):
        return None
    form = desk.form_for(known[0][0], [value.value for _, value in known])
    share = figures.form("ratio", desk.language, decimals=3)
    bars = tuple(
        Bar(
            desk.short_name(metric),
            desk.figure(value, form),
            share.text(value.value / total) if total and value.value is not None else "",
        )
        for metric, value in known
    )
    places = [bar.figure.place for bar in bars if bar.figure.place is not None]
    return Bars(
        desk.say(f"title_{entry.key}"),
        desk.period_name(),
        bars,
        axis_of(places, form, is_from_zero=True),
        is_lying=True,
        span=entry.span,
    )
