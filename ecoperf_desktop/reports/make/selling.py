"""How visits become orders, and which parts of the trade moved the sales."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.value import Number, Value
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Column,
    Figure,
    Funnel,
    FunnelSide,
    FunnelStep,
    NumberCell,
    Reference,
    Row,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.make.tables import key_name
from ecoperf_desktop.reports.pages import shape

# What the traffic reports state: all visits, those with a cart, those at the checkout, those with a purchase.
FUNNEL_METRICS = ("sessions", "add_to_cart_rate", "checkout_abandonment_rate", "conversion_rate_sessions")
_STEPS = ("sessions", "carts", "checkouts", "purchases")

DRIVERS = "driver_decomposition"
_EFFECTS = ("sessions", "conversion", "untracked", "orders", "order_value", "cannot_split")


# ---------- the funnel


def ask_funnel(desk: Desk, entry: shape.FunnelOf) -> None:
    """Ask for the steps of the period and of the one it is compared with."""
    for period in (desk.times.period, desk.times.base):
        for metric in _metrics_of(entry, None if entry.dimension is None else entry.values):
            desk.batch.want(desk.known((metric,)), period)


def funnel(desk: Desk, entry: shape.FunnelOf) -> Funnel | None:
    """Return the steps that the reports state, all on the same visits; None with fewer than two.

    A report that states a step for part of its visits only says nothing of that step: of another base no share of
    the step before can be told.
    """
    sides = [(value, _counts(desk, entry, value, desk.times.period)) for value in entry.values or ("",)]
    sides = [(value, counts) for value, counts in sides if counts["sessions"]]
    told = [step for step in _STEPS if sides and all(counts[step] is not None for _, counts in sides)]
    if len(told) < 2 or told[0] != "sessions":
        return None
    form = figures.form("count", desk.language)
    rates = [
        Fraction(counts[after] or 0) / Fraction(counts[before] or 1)
        for _, counts in sides
        for before, after in zip(told, told[1:], strict=False)
    ]
    share = figures.form("ratio", desk.language, sample=[min(rates)], rate_change=desk.scope.rate_change)
    made = []
    for value, counts in sides:
        earlier = _counts(desk, entry, value, desk.times.base)
        steps = []
        for place, step in enumerate(told):
            metric = FUNNEL_METRICS[_STEPS.index(step)]
            where = (*desk.scope.where, *(((entry.dimension, value),) if entry.dimension else ()))
            reference = Reference(metric, desk.times.period, where)
            count = counts[step]
            figure = Figure(count, form.text(count), form.bare(count), reference=reference, unit="count")
            if not place:
                steps.append(FunnelStep(figure))
                continue
            of_previous, of_first = _share(counts, told[place - 1], step), _share(counts, told[0], step)
            before = _share(earlier, told[place - 1], step)
            change = share.change(of_previous, before)
            steps.append(
                FunnelStep(
                    figure,
                    _ratio(desk, of_previous, share),
                    _ratio(desk, of_first, share),
                    Figure(change[0], change[1], change[1], None if change[0] is not None else desk.say("why_no_ratio")),
                )
            )
        made.append(FunnelSide(desk.say(f"cut_{value}") if value else "", tuple(steps)))
    return Funnel(
        desk.say("title_funnel"),
        desk.period_name(),
        tuple(desk.say(f"funnel_{step}") for step in told),
        tuple(made),
        desk.say("funnel_of_previous"),
        desk.say("funnel_of_first"),
        desk.say("funnel_change", base=desk.base_name()),
        span=entry.span,
    )


def _metrics_of(entry: shape.FunnelOf, values: Sequence[str] | None) -> list[str]:
    if values is None:
        return list(FUNNEL_METRICS)
    return [f"{metric}[{entry.dimension}={value}]" for metric in FUNNEL_METRICS for value in values]


def _counts(desk: Desk, entry: shape.FunnelOf, value: str, period: Period) -> dict[str, Number | None]:
    """Return how many visits reached each step; None where the reports do not state it for all visits."""
    names = FUNNEL_METRICS if not value else _metrics_of(entry, (value,))
    visits, carts, left, bought = (desk.batch.value(name, period) for name in names)
    whole = visits.value

    def of_all(rate: Value, base: Number | None, count: Number | None) -> Number | None:
        return count if rate.value is not None and base == whole else None

    purchases = of_all(bought, bought.denominator, bought.numerator)
    # What was given up is stated against those at the checkout: their number is the base.
    checkouts = left.denominator if left.value is not None and purchases is not None else None
    if checkouts is not None and left.numerator is not None and checkouts - left.numerator != purchases:
        checkouts = None
    return {"sessions": whole, "carts": of_all(carts, carts.denominator, carts.numerator), "checkouts": checkouts, "purchases": purchases}


def _share(counts: dict[str, Number | None], before: str, step: str) -> Fraction | None:
    over, under = counts[step], counts[before]
    return None if over is None or not under else Fraction(over) / Fraction(under)


def _ratio(desk: Desk, ratio: Fraction | None, form: figures.Form) -> Figure:
    if ratio is None:
        return Figure(None, figures.MISSING, figures.MISSING, desk.say("why_no_ratio"))
    return Figure(ratio, form.text(ratio), form.bare(ratio), unit="ratio")


# ---------- drivers


def ask_drivers(desk: Desk, entry: shape.DriversBy) -> None:
    """Ask what moved each part's paid sales: always against the period before, which is what the split compares."""
    desk.batch.want(desk.known((DRIVERS,)), desk.scope.period, per=(entry.dimension, "step"))
    desk.batch.want(desk.known((DRIVERS,)), desk.scope.period, per=(entry.dimension,))
    desk.batch.want(desk.known((DRIVERS,)), desk.scope.period)


def drivers(desk: Desk, entry: shape.DriversBy) -> Table | None:
    """Return the effects by part, the largest change first; None with fewer than two parts that sold.

    A part splits by what its own sources tell, so a column may be a dash: where visits are not known, orders
    and their value are told apart.  Each row adds up to the part's change.
    """
    period = desk.scope.period
    totals = desk.batch.cut(DRIVERS, period, entry.dimension)
    effects: dict[str, dict[str, Value]] = {}
    for value in desk.batch.cuts(DRIVERS, period, (entry.dimension, "step")):
        effects.setdefault(value.per[entry.dimension], {})[value.per["step"]] = value
    parts = [part for part, total in totals.items() if total.value]
    if len(parts) < 2:
        return None
    parts.sort(key=lambda part: (-abs(float(totals[part].value or 0)), part))
    rest = len(parts) - entry.most
    parts = parts[: entry.most]
    told = [step for step in _EFFECTS if any(effects.get(part, {}).get(step) and effects[part][step].value for part in parts)]
    form = desk.form_for(DRIVERS, [value.value for part in parts for value in (totals[part], *effects.get(part, {}).values())])
    columns = [Column(entry.dimension, desk.say(f"head_{entry.dimension}"), "text", 1.8)]
    columns += [Column(step, desk.say(f"step_{'unsplit' if step == 'cannot_split' else step}"), "number", 1.1) for step in told]
    columns.append(Column("change", desk.say("head_change"), "number", 1.1))
    rows = []
    for part in parts:
        cells = [TextCell(key_name(desk, entry.dimension, part), muted=not part)]
        numbers = [NumberCell(_effect(desk, effects.get(part, {}).get(step), form, (entry.dimension, part), step)) for step in told]
        change = NumberCell(_effect(desk, totals[part], form, (entry.dimension, part), None), strong=True)
        rows.append(Row((*cells, *numbers, change), part, reference=change.figure.reference))
    whole = desk.batch.value(DRIVERS, period)
    if whole.value is not None:
        empty = [TextCell("") for _ in told]
        cell = NumberCell(_effect(desk, whole, form, None, None), strong=True)
        rows.append(Row((TextCell(desk.say("total"), strong=True), *empty, cell), "total", is_total=True))
    corner = desk.say("rows_of", shown=len(parts), all=f"{len(parts) + rest:,}") if rest > 0 else ""
    subtitle = desk.say("drivers_subtitle", period=desk.period_name())
    return Table(f"drivers_{entry.dimension}", desk.say("title_drivers"), tuple(columns), tuple(rows), subtitle, corner, is_sortable=True, span=entry.span)


def _effect(desk: Desk, value: Value | None, form: figures.Form, cut: tuple[str, str] | None, step: str | None) -> Figure:
    if value is None or value.value is None:
        return Figure(None, figures.MISSING, figures.MISSING, desk.say("why_not_split"))
    where = (*desk.scope.where, *((cut,) if cut else ()), *((("step", step),) if step else ()))
    text = form.difference(value.value)
    return Figure(value.value, text, text, reference=Reference(DRIVERS, value.period, where), unit="money")
