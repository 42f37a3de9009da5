"""Headline, scorecard, cards and callouts: numbers with a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from ecoperf_desktop.model.value import Value
from ecoperf_desktop.reports import figures, verdicts
from ecoperf_desktop.reports.batch import split_cut
from ecoperf_desktop.reports.blocks import (
    FULL,
    Bars,
    Block,
    Bridge,
    Callout,
    Callouts,
    ChangeCell,
    Column,
    Empty,
    Figure,
    Headline,
    KpiCard,
    Lines,
    Notes,
    NumberCell,
    Row,
    Spark,
    SparkCell,
    State,
    StateCell,
    Table,
    TextCell,
    Trend612,
)
from ecoperf_desktop.reports.bridges import main_driver, sales_bridge
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.pages import PAGES, code_of, shape
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.reports.verdicts import since

MOST_OWN = 8
MOST_CALLOUTS = 7


def headline(desk: Desk, metric: str, watched: Sequence[str]) -> Headline:
    """Return the page's first sentence, and how many verdicts of each kind it has."""
    value, form = desk.value(metric), desk.form(metric)
    if value.value is None:
        figure = desk.figure(value, form, split_cut(metric)[1])
        sentence = desk.say("headline_missing", name=desk.name(metric), reason=figure.reason or "")
        return Headline(sentence, _counts(desk, watched), FULL)
    parts = []
    goal = desk.aim(metric)
    if goal is not None:
        parts.append(_compared(desk, goal.gap(value.value, form, desk.language), desk.say("the_target")))
    base = desk.batch.value(metric, desk.times.base)
    parts.append(_compared(desk, desk.change(value, base, form), _against(desk)))
    bridge = sales_bridge(desk, FULL) if metric == "net_sales" else None
    driver = main_driver(bridge) if bridge else None
    text = desk.say("headline_value", name=desk.name(metric), value=form.text(value.value))
    text += "".join(desk.say("comma") + part for part in parts if part)
    text += desk.say("headline_driver", driver=_within(desk, driver)) if driver else ""
    return Headline(text + desk.say("stop"), _counts(desk, watched), FULL)


def _within(desk: Desk, label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label[:1].lower() + label[1:] if desk.language == "en" else label


def _against(desk: Desk) -> str:
    if desk.scope.compare == "previous":
        return desk.say(f"against_{desk.grain_key()}")
    return desk.say("against_days", days=desk.base_name())


def _compared(desk: Desk, change: Figure, against: str) -> str:
    """Return ``4.7% below last week``."""
    if change.value is None:
        return ""
    if change.value == 0:
        return desk.say("as_before", against=against)
    return desk.say("below" if change.value < 0 else "above", change=change.text.lstrip("+−"), against=against)


def _counts(desk: Desk, watched: Sequence[str]) -> tuple[State, ...]:
    states = [desk.state(metric) for metric in watched]
    kinds = (
        ("worse", [state for state in states if state.is_signal and state.tone == "worse"], "count_worse"),
        ("better", [state for state in states if state.is_signal and state.tone == "better"], "count_better"),
        ("neutral", [state for state in states if state.is_signal and state.tone == "neutral"], "count_neutral"),
        ("off", [state for state in states if state.mark == "off_target"], "count_off_target"),
        ("on", [state for state in states if state.mark == "on_target"], "count_on_target"),
    )
    return tuple(
        State(found[0].mark, desk.say(key, n=len(found)), found[0].tone) for _, found, key in kinds if found
    )


def groups(desk: Desk, entry: shape.Scorecard) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the entry's groups of metrics that are known, and last those a person wrote, as far as there is room."""
    own = [metric.id for metric in desk.engine.catalogue.metrics.values() if metric.own] if entry.has_own else []
    found = [(name, tuple(desk.known(metrics))) for name, metrics in entry.groups]
    return (*found, ("reports.group_own", tuple(own[:MOST_OWN]))) if own else tuple(found)


def scorecard(desk: Desk, entry: shape.Scorecard) -> Table:
    """Return the table of a page's metrics: value, target, changes, spark and state.

    Target and gap are left out when nothing has a target.
    """
    parts = groups(desk, entry)
    metrics = [metric for _, group in parts for metric in group]
    has_targets = any(desk.aim(metric) for metric in metrics)
    targets = (
        Column("target", desk.say("head_target"), "number", 1.1),
        Column("gap", desk.say("head_gap"), "change", 0.9, drop=4),
    )
    columns = (
        Column("metric", desk.say("head_metric"), "text", 2.6),
        Column("value", desk.period_name(), "number", 1.3),
        *(targets if has_targets else ()),
        Column("previous", desk.say(f"head_previous_{desk.grain_key()}"), "change", 1.0, drop=2),
        Column("year", desk.say("head_year"), "change", 1.0, drop=1, tip=desk.say("head_year_tip")),
        Column("spark", desk.say(f"head_spark_{desk.grain_key()}"), "spark", 1.8, drop=3),
        Column("state", desk.say("head_state"), "state", 1.4),
    )
    rows = []
    for group, wanted in parts:
        for metric in wanted:
            rows.append(_score_row(desk, metric, group, has_targets))
    return Table(
        "scorecard",
        desk.say("title_scorecard"),
        columns,
        tuple(rows),
        subtitle=desk.say("scorecard_subtitle") if desk.times.grain else "",
        span=entry.span,
    )


def _score_row(desk: Desk, metric: str, group: str, has_targets: bool) -> Row:
    value, form = desk.value(metric), desk.form(metric)
    goal = desk.aim(metric)
    figure = desk.figure(value, form, split_cut(metric)[1])
    target = (
        (
            NumberCell(Figure(goal.value, goal.text(form), unit=desk.metric(metric).unit) if goal else Figure(None, "")),
            ChangeCell(goal.gap(value.value, form, desk.language) if goal else Figure(None, "")),
        )
        if has_targets
        else ()
    )
    name = desk.short_name(metric)
    return Row(
        (
            TextCell(name, strong=True),
            NumberCell(figure, strong=True),
            *target,
            ChangeCell(desk.change(value, desk.batch.value(metric, desk.times.previous), form)),
            ChangeCell(desk.change(value, desk.batch.value(metric, desk.times.year), form)),
            SparkCell(spark(desk, metric)),
            StateCell(desk.state(metric)),
        ),
        key=metric,
        group=desk.say(group.removeprefix("reports.")),
        reference=figure.reference,
    )


def spark(desk: Desk, metric: str) -> Spark | None:
    """Return the newest thirteen periods of a metric, None when none of them has a number."""
    if desk.times.grain is None:
        return None
    history = desk.history(metric)
    if all(point is None for point in history.values[-13:]):
        return None
    state, form = desk.state(metric), desk.form(metric)
    text = desk.say("spark_text", name=desk.name(metric), value=form.text(desk.value(metric).value), state=state.text)
    return verdicts.spark(history, history.limits, desk.aim(metric), state, text)


def card(desk: Desk, metric: str) -> KpiCard:
    """Return the card of a metric: value, spark, and one line of target, change and base."""
    value, form = desk.value(metric), desk.form(metric)
    figure = desk.figure(value, form, split_cut(metric)[1])
    goal = desk.aim(metric)
    parts = []
    if goal is not None:
        parts.append(desk.say("card_target", target=goal.text(form)))
    change = desk.change(value, desk.batch.value(metric, desk.times.base), form)
    if change.value is not None:
        parts.append(desk.say("card_change", change=change.text, base=desk.base_name()))
    base = _base(desk, value)
    if base:
        parts.append(base)
    if figure.value is None and figure.reason:
        parts = [figure.reason]
    return KpiCard(
        desk.short_name(metric),
        figure,
        " · ".join(parts),
        desk.state(metric),
        spark(desk, metric),
        Figure(goal.value, goal.text(form), unit=desk.metric(metric).unit) if goal else None,
        code_of(metric),
        figure.reference,
    )


def _base(desk: Desk, value: Value) -> str:
    """Return what a ratio rests on: two counts, or two amounts in short."""
    if value.unit != "ratio" or value.denominator is None or value.numerator is None or value.currency is not None:
        return ""
    from ecoperf_desktop.metrics.sides import side_units  # no part of start-up

    units = side_units(desk.engine.catalogue, desk.engine.catalogue.metric(value.metric))
    sides = []
    for part, unit in zip((value.numerator, value.denominator), units, strict=True):
        if unit == "money":
            sides.append(figures.form("money", desk.language, currency=desk.currency, sample=(part,)).short(part))
        elif isinstance(part, int):
            sides.append(f"{part:,}")
    return desk.say("card_base", over=sides[0], under=sides[1]) if len(sides) == 2 else ""


def discuss(desk: Desk, entry: shape.Discuss, watched: Sequence[str]) -> Callouts:
    """Return signals before missed targets, then by money; at most seven."""
    found = [metric for metric in watched if desk.state(metric).mark in ("up", "down", "off_target")]
    bridge = sales_bridge(desk, FULL)
    worth = _worth(bridge, desk)
    found.sort(key=lambda metric: (desk.state(metric).mark == "off_target", -abs(worth.get(metric, ("", 0.0))[1])))
    callouts = tuple(_callout(desk, metric, worth.get(metric)) for metric in found[:MOST_CALLOUTS])
    quiet = desk.say("discuss_nothing" if any(_is_judged(desk, metric) for metric in watched) else "discuss_young")
    more = len(found) - len(callouts)
    return Callouts(
        desk.say("title_discuss"),
        desk.say("discuss_subtitle"),
        callouts,
        "" if callouts else quiet,
        desk.say("discuss_more", n=more) if more > 0 else "",
        entry.span,
    )


def _is_judged(desk: Desk, metric: str) -> bool:
    """Say whether there is something to judge the metric by: limits or a target."""
    if desk.value(metric).value is None or desk.times.is_running:
        return False
    return desk.aim(metric) is not None or (desk.times.grain is not None and desk.history(metric).limits is not None)


def _worth(bridge: Bridge | None, desk: Desk) -> dict[str, tuple[str, float]]:
    """Return, by metric, what its move did to net sales."""
    if bridge is None:
        return {}
    drivers = {
        desk.say("step_sessions"): "sessions",
        desk.say("step_conversion"): "conversion_rate_sessions",
        desk.say("step_orders"): "orders",
        desk.say("step_order_value"): "aov",
        desk.say("step_refunds"): "refund_rate_amount",
    }
    worth = {
        drivers[step.label]: (step.figure.text, step.figure.place or 0.0) for step in bridge.steps if step.label in drivers
    }
    moved = (bridge.end.figure.place or 0.0) - (bridge.start.figure.place or 0.0)
    worth["net_sales"] = ("", moved)
    return worth


def _callout(desk: Desk, metric: str, worth: tuple[str, float] | None) -> Callout:
    state, form, value = desk.state(metric), desk.form(metric), desk.value(metric)
    name, shown = desk.short_name(metric), form.text(value.value)
    goal = desk.aim(metric)
    history = desk.history(metric)
    limits = history.limits
    details = []
    if state.is_signal and limits is not None:
        key = "callout_above" if state.mark == "up" else "callout_below"
        bound = limits.upper if state.mark == "up" else limits.lower
        title = desk.say(key, name=name, value=shown, limit=form.text(bound))
        details.append(desk.say("callout_since", period=since(history, limits)))
    else:
        gap = goal.gap(value.value, form, desk.language).text if goal else ""
        title = desk.say("callout_target", name=name, value=shown, gap=gap, target=goal.text(form) if goal else "")
        if limits is not None:
            details.append(desk.say("callout_inside"))
    change = desk.change(value, desk.batch.value(metric, desk.times.base), form)
    if change.value is not None:
        details.append(desk.say("callout_change", change=change.text, base=desk.base_name()))
    if worth and worth[0]:
        details.append(desk.say("callout_worth", worth=worth[0]))
    return Callout(
        state,
        title,
        " · ".join(details),
        page=page_of(metric),
        reference=desk.figure(value, form, split_cut(metric)[1]).reference,
    )


def page_of(metric: str) -> str:
    """Return the page, other than the overview, that shows the metric; the overview when none does."""
    base = split_cut(metric)[0]
    for page in PAGES.values():
        if page.id == "overview":
            continue
        for entry in page.entries:
            match entry:
                case shape.Trends(inputs, outputs) if base in (*inputs, *outputs):
                    return page.id
                case shape.Cards(metrics) if base in metrics:
                    return page.id
                case shape.LinesOf(own) if base == own:
                    return page.id
                case _:
                    pass
    return "overview"


# ---------- what a block holds


def says_something(block: Block) -> bool:
    """Say whether a block shows at least one number that is known."""
    match block:
        case KpiCard() | Lines():
            return block.figure.value is not None
        case Trend612():
            points = (*block.weeks.points, *block.months.points)
            return block.figure.value is not None or any(point.value is not None for point in points)
        case Table():
            return any(
                isinstance(cell, NumberCell) and cell.figure.value is not None or (block.key in ("imports", "sources"))
                for row in block.rows
                for cell in row.cells
            )
        case Bars():
            return any(bar.figure.value is not None for bar in block.bars)
        case Bridge():
            return True
        case Headline() | Callouts() | Notes() | Empty():
            return False
        case _:
            cells = (cell for row in table_of(block).rows for cell in row.cells)
            return any(isinstance(cell, NumberCell) and cell.figure.value is not None for cell in cells)


def has_dagger(block: Block) -> bool:
    """Say whether a number of the block is made from incomplete days."""
    match block:
        case KpiCard() | Lines():
            return block.figure.partial
        case Trend612():
            return block.figure.partial or any(foot.figure.partial for foot in block.foot)
        case Table():
            return any(isinstance(cell, NumberCell) and cell.figure.partial for row in block.rows for cell in row.cells)
        case _:
            return False
