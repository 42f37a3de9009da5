"""From one period's money to another's by its drivers: exact as numbers, and exact as printed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ecoperf_desktop.metrics.methods.decompose import split_product
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import Axis, Bridge, Figure, Level, Reference, Span, Step
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form, rounded, rounded_together

SALES_METRICS = ("net_sales", "returns_amount", "orders", "sessions", "conversion_rate_sessions")

# Of the orders, the part that the traffic source has seen: below the first, visits explain too little to be a step;
# below the second, what it missed is a step of its own.
LEAST_TRACKED = Fraction(1, 2)
NEARLY_ALL = Fraction(95, 100)
PROFIT_METRICS = ("contribution_margin", "gross_profit", "net_sales")
PRICE_METRICS = ("net_sales", "returns_amount", "units_sold")
PRICES = "pvm_decomposition"
_PRICE_STEPS = ("volume", "mix", "price", "new", "lost")


def sales_bridge(desk: Desk, span: Span) -> Bridge | None:
    """Return net sales = visits × orders per visit × paid per order × (1 − refunds), or without visits.

    None where net sales are missing in either period.
    """
    before = _numbers(desk, SALES_METRICS, desk.times.base)
    after = _numbers(desk, SALES_METRICS, desk.times.period)
    old, new = before["net_sales"], after["net_sales"]
    if old is None or new is None:
        return None
    factors = _traffic_factors(desk, before, after)
    paid_old, paid_new = _sum(old, before["returns_amount"]), _sum(new, after["returns_amount"])
    factors.append(("order_value", _quotient(paid_old, before["orders"]), _quotient(paid_new, after["orders"])))
    factors.append(("refunds", _quotient(old, paid_old), _quotient(new, paid_new)))
    split = split_product([factor[1] for factor in factors], [factor[2] for factor in factors])
    if not _is_exact(split.effects, old, new):
        # Orders are missing or zero while money moved: nothing can be split.
        factors, effects = [], (float(new - old),)
        steps = [(desk.say("step_unsplit"), effects[0], "")]
        return _bridge(desk, "net_sales", "bridge_net_sales", old, new, steps, "unsplit", span)
    steps = [
        (desk.say(f"step_{key}"), effect, _moved(desk, key, first, second))
        for (key, first, second), effect in zip(factors, split.effects, strict=True)
    ]
    return _bridge(desk, "net_sales", "bridge_net_sales", old, new, steps, split.method, span)


def profit_bridge(desk: Desk, span: Span) -> Bridge | None:
    """Return contribution, or else gross profit, by sales, margin and variable costs; None where costs are unknown."""
    before = _numbers(desk, PROFIT_METRICS, desk.times.base)
    after = _numbers(desk, PROFIT_METRICS, desk.times.period)
    gross_old, gross_new = before["gross_profit"], after["gross_profit"]
    sales_old, sales_new = before["net_sales"], after["net_sales"]
    if gross_old is None or gross_new is None or not sales_old or not sales_new:
        return None
    split = split_product(
        (sales_old, _quotient(gross_old, sales_old)), (sales_new, _quotient(gross_new, sales_new))
    )
    rate = figures.form("ratio", desk.language, rate_change=desk.scope.rate_change)
    steps = [
        (desk.say("step_sales"), split.effects[0], _grown(desk, sales_old, sales_new)),
        (desk.say("step_margin"), split.effects[1], rate.change(_quotient(gross_new, sales_new), _quotient(gross_old, sales_old))[1]),
    ]
    metric, old, new = "gross_profit", gross_old, gross_new
    if before["contribution_margin"] is not None and after["contribution_margin"] is not None:
        metric, old, new = "contribution_margin", before["contribution_margin"], after["contribution_margin"]
        costs_old, costs_new = gross_old - old, gross_new - new
        steps.append((desk.say("step_variable"), float(costs_old - costs_new), _grown(desk, costs_old, costs_new)))
    return _bridge(desk, metric, f"bridge_{metric}", old, new, steps, split.method, span)


def ask_prices(desk: Desk) -> None:
    """Ask for net sales by price, volume and mix: always against the period before, which is what the split compares."""
    desk.batch.want(desk.known((PRICES,)), desk.scope.period, per=("step",))
    for period in (desk.times.period, desk.times.previous):
        desk.batch.want(desk.known(PRICE_METRICS), period)


def price_bridge(desk: Desk, span: Span) -> Bridge | None:
    """Return net sales by volume, mix and price of the products, new and ended ones, and refunds.

    None where it cannot be told: one product, no sales before.  What the split leaves open (gifts, lines without
    units) is a step of its own.
    """
    effects = desk.batch.cut(PRICES, desk.scope.period, "step")
    known = {step: value.value for step, value in effects.items() if value.value is not None}
    base = next((value.details for value in effects.values() if value.value is not None), None)
    if base is None or "base_first" not in base:
        return None
    before = Period(parse_day(str(base["base_first"])), parse_day(str(base["base_last"])))
    first, last = _numbers(desk, PRICE_METRICS, before), _numbers(desk, PRICE_METRICS, desk.times.period)
    old, new = first["net_sales"], last["net_sales"]
    if old is None or new is None:
        return None
    moved = {"volume": _grown(desk, first["units_sold"], last["units_sold"]) if first["units_sold"] and last["units_sold"] is not None else ""}
    told = [step for step in _PRICE_STEPS if known.get(step)]
    steps = [(desk.say(f"step_{step}"), known[step], moved.get(step, "")) for step in told]
    references = [Reference(PRICES, desk.scope.period, (*desk.scope.where, ("step", step))) for step in told]
    if first["returns_amount"] is not None and last["returns_amount"] is not None:
        returned = first["returns_amount"] - last["returns_amount"]
        steps.append((desk.say("step_refunds"), returned, _grown(desk, first["returns_amount"], last["returns_amount"])))
    rest = Fraction(new) - Fraction(old) - sum((Fraction(effect) for _, effect, _ in steps), Fraction(0))
    if rest:
        steps.append((desk.say("step_unsplit"), rest, ""))
    return _bridge(desk, "net_sales", "bridge_prices", old, new, steps, "bennet", span, before, references)


def main_driver(bridge: Bridge) -> str | None:
    """Return the label of the step that did most of the change, None when nothing moved."""
    moved = (bridge.end.figure.place or 0.0) - (bridge.start.figure.place or 0.0)
    along = [step for step in bridge.steps if (step.figure.place or 0.0) * moved > 0]
    if not along:
        return None
    return max(along, key=lambda step: abs(step.figure.place or 0.0)).label


def _bridge(
    desk: Desk,
    metric: str,
    title: str,
    old: Number,
    new: Number,
    steps: Sequence[tuple[str, Number, str]],
    method: str,
    span: Span,
    before: Period | None = None,
    references: Sequence[Reference] = (),
) -> Bridge:
    form = desk.form_for(metric, [old, new])
    unit = form.divide / 10**form.decimals
    whole_old, whole_new = int(rounded(Fraction(old) / unit)), int(rounded(Fraction(new) / unit))
    whole = rounded_together([Fraction(effect) / unit for _, effect, _ in steps], whole_new - whole_old)
    divide, decimals, paper_unit = figures.paper_scale((old, new), desk.currency)
    paper_unit_size = divide / 10**decimals
    paper_old, paper_new = int(rounded(Fraction(old) / paper_unit_size)), int(rounded(Fraction(new) / paper_unit_size))
    paper = rounded_together([Fraction(effect) / paper_unit_size for _, effect, _ in steps], paper_new - paper_old)
    paper_form = Form("amount", desk.language, divide, decimals, is_money=True)
    made = tuple(
        Step(label, _step_figure(number, unit, form, reference), paper_form.difference(tenths * paper_unit_size), second)
        for (label, _, second), number, tenths, reference in zip(
            steps, whole, paper, (*references, *(None,) * (len(steps) - len(references))), strict=True
        )
    )
    earlier = desk.times.base if before is None else before
    name = desk.base_name() if earlier == desk.times.base else figures.span_text(earlier, desk.language)
    start = _level(desk, metric, name, whole_old * unit, old, form, paper_form, earlier)
    end = _level(desk, metric, desk.period_name(), whole_new * unit, new, form, paper_form, desk.times.period)
    terms = "".join(f" {step.figure.text[0] if step.figure.text[0] in '+−' else '+'} {step.figure.text.lstrip('+−')}" for step in made)
    return Bridge(
        desk.say(title),
        desk.say("bridge_subtitle", first=start.label, last=end.label),
        start,
        made,
        end,
        _axis(whole_old, whole, unit),
        desk.say("bridge_sum", start=start.figure.text, terms=terms, end=end.figure.text),
        desk.say(f"method_{method}"),
        desk.say(f"paper_{paper_unit}", sign=figures.currency_sign(desk.currency).strip()),
        span,
    )


def _step_figure(whole: int, unit: Fraction, form: Form, reference: Reference | None) -> Figure:
    amount = whole * unit
    value = int(amount) if amount.denominator == 1 else amount
    text = form.difference(amount)
    return Figure(value, text, text, reference=reference, unit="money")


def _level(
    desk: Desk, metric: str, label: str, shown: Fraction, exact: Number, form: Form, paper: Form, period: Period
) -> Level:
    value = int(shown) if shown.denominator == 1 else shown
    figure = Figure(value, form.text(shown), form.bare(shown), reference=Reference(metric, period, desk.scope.where), unit="money")
    return Level(label, figure, paper.text(exact))


def _axis(start: int, steps: Sequence[int], unit: Fraction) -> Axis:
    places = [start]
    for step in steps:
        places.append(places[-1] + step)
    low, high = min(places), max(places)
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return Axis(float((low - margin) * float(unit)), float((high + margin) * float(unit)))


def _traffic_factors(
    desk: Desk, before: dict[str, Number | None], after: dict[str, Number | None]
) -> list[tuple[str, Number | None, Number | None]]:
    """Return what leads from visits to orders: visits, conversion and what the traffic source missed; or orders alone."""
    orders = [("orders", before["orders"], after["orders"])]
    tracked = []
    for period, numbers in ((desk.times.base, before), (desk.times.period, after)):
        rate = desk.batch.value("conversion_rate_sessions", period)
        if rate.quality != "ok" or not rate.numerator or not numbers["orders"] or not _is_whole(desk, "sessions", period):
            return orders
        tracked.append(rate.numerator)
    parts = [Fraction(seen) / Fraction(numbers["orders"] or 1) for seen, numbers in zip(tracked, (before, after), strict=True)]
    if min(parts) < LEAST_TRACKED:
        return orders
    visits = [("sessions", before["sessions"], after["sessions"])]
    if min(parts) >= NEARLY_ALL:
        return [*visits, ("conversion", _quotient(before["orders"], before["sessions"]), _quotient(after["orders"], after["sessions"]))]
    return [
        *visits,
        ("conversion", _quotient(tracked[0], before["sessions"]), _quotient(tracked[1], after["sessions"])),
        ("untracked", _quotient(before["orders"], tracked[0]), _quotient(after["orders"], tracked[1])),
    ]


def _numbers(desk: Desk, metrics: Sequence[str], period: Period) -> dict[str, Number | None]:
    return {metric: desk.batch.value(metric, period).value for metric in metrics}


def _is_whole(desk: Desk, metric: str, period: Period) -> bool:
    return desk.batch.value(metric, period).quality == "ok"


def _quotient(over: Number | None, under: Number | None) -> Fraction | None:
    return None if over is None or not under else Fraction(over) / Fraction(under)


def _sum(first: Number, second: Number | None) -> Number:
    return first if second is None else first + second


def _is_exact(effects: Sequence[float], old: Number, new: Number) -> bool:
    change = float(new - old)
    return abs(sum(effects) - change) <= 1e-6 * max(abs(float(old)), abs(float(new)), 1.0)


def _moved(desk: Desk, key: str, before: Number | None, after: Number | None) -> str:
    """Return how far a driver itself moved."""
    if before is None or after is None:
        return ""
    if key in ("conversion", "refunds"):
        rate = figures.form("ratio", desk.language, rate_change=desk.scope.rate_change)
        # What is kept falls when the refund rate rises: the second line speaks of the refund rate.
        return rate.change(before, after)[1] if key == "refunds" else rate.change(after, before)[1]
    return _grown(desk, before, after)


def _grown(desk: Desk, before: Number, after: Number) -> str:
    """Return how far an amount moved, in percent; nothing when there was none."""
    return figures.percent_change(Fraction(after - before) / abs(Fraction(before)), desk.language) if before else ""
