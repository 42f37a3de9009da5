"""From sales to profit: the chain of what is taken off, what expenses are made of, and what was budgeted."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ecoperf_desktop.model.days import Grain, Period, bucket_of
from ecoperf_desktop.model.value import Number, Value
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Axis,
    BarCell,
    Bridge,
    Cell,
    ChangeCell,
    Column,
    Figure,
    Level,
    NumberCell,
    Reference,
    Row,
    State,
    StateCell,
    Step,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form, rounded, rounded_together
from ecoperf_desktop.reports.make.tables import key_name
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.reports.verdicts import TOLERANCE

CHAIN_METRICS = (
    "gross_sales", "discounts", "returns_amount", "net_sales", "net_sales_ex_tax", "cogs", "gross_profit", "shipping_revenue",
    "variable_cost", "ad_cost", "contribution_margin", "operating_profit", "net_profit",
)  # fmt: skip
# Classes of expenses as steps of the chain, in its order; what is in none of them is the rest.
_BOOKED = (("fees", ("fulfilment", "platform", "payment")), ("marketing", ("marketing",)), ("staff", ("staff",)), ("rent", ("rent",)))
_BELOW = (("interest", ("interest",)), ("tax", ("tax",)))

# Budgets and rents are of months: of a shorter period the last whole month is shown.
_MONTH = 28
_MONTH = 31
_NOTHING = Fraction(0)


# ---------- the chain of profit


@dataclass(frozen=True)
class _Part:
    """A step (``metric`` is what a click explains) or, with ``is_level``, a height on the way."""

    label: str
    amount: Fraction
    metric: str
    where: tuple[tuple[str, str], ...] = ()
    is_level: bool = False


def ask_chain(desk: Desk) -> None:
    desk.batch.want(desk.known(CHAIN_METRICS), desk.times.period)
    desk.batch.want(desk.known(("operating_expense", "below_the_line")), desk.times.period, per=("class",))


def chain(desk: Desk, entry: shape.ProfitChain) -> Bridge | None:
    """Return the chain as far as its costs are known: to net profit, to contribution, or to net sales.

    Expenses are taken from the books where there are any; fees of orders and ad spend from their own reports only
    where there are none, for the two may be the same money.  None without gross and net sales.
    """
    known = {metric: desk.value(metric) for metric in desk.known(CHAIN_METRICS)}

    def amount(metric: str) -> Fraction | None:
        value = known[metric].value if metric in known else None
        return None if value is None else Fraction(value)

    gross, net, untaxed = amount("gross_sales"), amount("net_sales"), amount("net_sales_ex_tax")
    if gross is None or net is None:
        return None
    parts: list[_Part] = []

    def step(key: str, taken: Fraction | None, metric: str, where: tuple[tuple[str, str], ...] = ()) -> None:
        if taken:
            parts.append(_Part(desk.say(f"chain_{key}"), taken, metric, where))

    def level(metric: str, height: Fraction) -> None:
        before = next((at for at in range(len(parts) - 1, -1, -1) if parts[at].is_level), -1)
        start = parts[before].amount if before >= 0 else gross or _NOTHING
        step("rest", height - start - sum((part.amount for part in parts[before + 1 :]), _NOTHING), metric)
        parts.append(_Part(desk.short_name(metric), height, metric, is_level=True))

    step("discounts", -(amount("discounts") or _NOTHING), "discounts")
    step("returns", -(amount("returns_amount") or _NOTHING), "returns_amount")
    level("net_sales", net)
    missing = ""
    profit, cost = amount("gross_profit"), amount("cogs")
    if profit is None or cost is None or untaxed is None:
        missing = desk.say("chain_no_costs", reason=_why(desk, known.get("gross_profit")))
    else:
        step("tax_in_price", untaxed - net, "net_sales_ex_tax")
        step("cost", -cost, "cogs")
        level("gross_profit", profit)
        step("shipping", amount("shipping_revenue"), "shipping_revenue")
        if (operating := amount("operating_profit")) is not None:
            for key, taken, where in _booked(desk, "operating_expense", _BOOKED):
                step(key, -taken, "operating_expense", where)
            level("operating_profit", operating)
            if (last := amount("net_profit")) is not None:
                for key, taken, where in _booked(desk, "below_the_line", _BELOW):
                    step(key, -taken, "below_the_line", where)
                level("net_profit", last)
        else:
            missing = desk.say("chain_no_expenses", reason=_why(desk, known.get("operating_profit")))
            if (left := amount("contribution_margin")) is not None:
                step("order_costs", -(amount("variable_cost") or _NOTHING), "variable_cost")
                step("ads", -(amount("ad_cost") or _NOTHING), "ad_cost")
                level("contribution_margin", left)
    if len(parts) < 2:
        return None
    return _chain(desk, entry, gross, parts, untaxed, missing)


def _booked(
    desk: Desk, metric: str, groups: Sequence[tuple[str, tuple[str, ...]]]
) -> list[tuple[str, Fraction, tuple[tuple[str, str], ...]]]:
    """Return expenses by group of classes, and the rest; a group of one class can be explained by it."""
    by_class = {name: Fraction(value.value) for name, value in desk.batch.cut(metric, desk.times.period, "class").items() if value.value}
    found: list[tuple[str, Fraction, tuple[tuple[str, str], ...]]] = []
    for key, classes in groups:
        held = [name for name in classes if name in by_class]
        where = (("class", held[0]),) if len(held) == 1 else ()
        found.append((key, sum((by_class.pop(name) for name in held), _NOTHING), where))
    found.append(("other", sum(by_class.values(), _NOTHING), (("class", next(iter(by_class))),) if len(by_class) == 1 else ()))
    return found


def _chain(desk: Desk, entry: shape.ProfitChain, gross: Fraction, parts: list[_Part], untaxed: Fraction | None, missing: str) -> Bridge:
    """Lay out the chain: levels are rounded by themselves, the steps between two of them so that they add up."""
    period, where = desk.times.period, desk.scope.where
    heights = [gross, *(part.amount for part in parts if part.is_level)]
    form = desk.form_for("net_sales", heights)
    divide, decimals, paper_unit = figures.paper_scale(heights, desk.currency)
    paper_form = Form("amount", desk.language, divide, decimals, is_money=True)
    share = figures.form("ratio", desk.language, decimals=3)
    shown = _whole(gross, parts, form.divide / 10**form.decimals)
    printed = _whole(gross, parts, divide / 10**decimals)

    def part_of(amount: Fraction) -> str:
        return share.text(abs(amount) / untaxed if amount < 0 else amount / untaxed) if untaxed and untaxed > 0 else ""

    def figure(part: _Part, size: Number, text: str) -> Figure:
        return Figure(size, text, text, reference=Reference(part.metric, period, (*where, *part.where)), unit="money")

    steps = []
    for part, size, small in zip(parts, shown[1:], printed[1:], strict=True):
        if part.is_level:
            words = part_of(part.amount) if part.amount >= 0 else ""
            steps.append(Step(part.label, figure(part, size, form.text(size)), paper_form.text(small), words, is_level=True))
        else:
            steps.append(Step(part.label, figure(part, size, form.difference(size)), paper_form.difference(small), part_of(part.amount)))
    last = parts[-1]
    start_figure = Figure(shown[0], form.text(shown[0]), form.bare(shown[0]), reference=Reference("gross_sales", period, where), unit="money")
    end = Level(last.label, figure(last, shown[-1], form.text(shown[-1])), paper_form.text(printed[-1]))
    start = Level(desk.short_name("gross_sales"), start_figure, paper_form.text(printed[0]))
    terms = "".join(f" {one.figure.text[0]} {one.figure.text[1:]}" for one in steps if not one.is_level and one.figure.value)
    places = [float(shown[0])]
    for part, size in zip(parts, shown[1:], strict=True):
        places.append(float(size) if part.is_level else places[-1] + float(size))
    low, high = min(0.0, *places), max(0.0, *places)
    return Bridge(
        desk.say("title_chain"),
        f"{desk.period_name()} · {missing}" if missing else desk.say("chain_subtitle", period=desk.period_name()),
        start,
        tuple(steps[:-1]),
        end,
        Axis(low - (high - low) * 0.02, high + (high - low) * 0.02),
        desk.say("bridge_sum", start=start.figure.text, terms=terms, end=end.figure.text),
        desk.say("chain_method"),
        desk.say(f"paper_{paper_unit}", sign=figures.currency_sign(desk.currency).strip()),
        entry.span,
    )


def _whole(gross: Fraction, parts: Sequence[_Part], unit: Fraction) -> list[Number]:
    """Return start and parts in whole ``unit``: each level rounded, the steps before it so that they lead there."""
    level = int(rounded(gross / unit))
    found: list[int] = [level]
    between: list[Fraction] = []
    for part in parts:
        if not part.is_level:
            between.append(part.amount / unit)
            continue
        height = int(rounded(part.amount / unit))
        found += [*rounded_together(between, height - level), height]
        level, between = height, []
    return [_plain(size * unit) for size in found]


def _plain(amount: Fraction) -> Number:
    return int(amount) if amount.denominator == 1 else amount


def _why(desk: Desk, value: Value | None) -> str:
    """Return why a number is missing, as it stands within a sentence."""
    reason = None if value is None else desk.figure(value, figures.form("money", desk.language)).reason
    return (reason or desk.say("why_missing")).rstrip(".。")


# ---------- single numbers


def ask_numbers(desk: Desk, entry: shape.Numbers) -> None:
    now, before, _, _ = _compared(desk, entry)
    for period in (now, before):
        desk.batch.want(desk.known(_told(entry, now)), period)


def _told(entry: shape.Numbers, period: Period) -> tuple[str, ...]:
    return (*entry.metrics, *(entry.by_order if period.days <= _MONTH else ()))


def _compared(desk: Desk, entry: shape.Numbers) -> tuple[Period, Period, str, str]:
    """Return the days shown, those before, and the names of both."""
    if not entry.is_of_months:
        return desk.times.period, desk.times.base, desk.period_name(), desk.base_name()
    return _books(desk)


def numbers(desk: Desk, entry: shape.Numbers) -> Table | None:
    """Return each number with the one it is compared with; None when none is known in either."""
    period, base, name, earlier = _compared(desk, entry)
    rows = []
    is_known = False
    for metric in desk.known(_told(entry, period)):
        now, before = desk.batch.value(metric, period), desk.batch.value(metric, base)
        is_known = is_known or now.value is not None or before.value is not None
        form = desk.form_for(metric, [now.value, before.value])
        figure = desk.figure(now, form)
        cells = (
            TextCell(desk.name(metric), reference=figure.reference),
            NumberCell(figure, strong=True),
            NumberCell(desk.figure(before, form)),
            ChangeCell(desk.change(now, before, form)),
        )
        rows.append(Row(cells, metric, reference=figure.reference))
    if not is_known:
        return None
    columns = (
        Column("metric", desk.say("head_metric"), "text", 2.4),
        Column("value", name, "number", 1.1),
        Column("before", earlier, "number", 1.1, drop=1),
        Column("change", desk.say("head_change"), "change", 0.9),
    )
    return Table(entry.key, desk.say(f"title_{entry.key}"), columns, tuple(rows), span=entry.span)


# ---------- the books


def _books(desk: Desk) -> tuple[Period, Period, str, str]:
    """Return the days whose expenses are shown, those they are compared with, and the names of both."""
    times = desk.times
    if times.period.days >= _MONTH:
        return times.period, times.base, desk.period_name(), desk.base_name()
    month = bucket_of(times.period.last, Grain.MONTH)
    if month.period.last > times.period.last:
        month = bucket_of(month.period.first - 1, Grain.MONTH)
    before = bucket_of(month.period.first - 1, Grain.MONTH)
    return (
        month.period,
        before.period,
        figures.bucket_title(month, Grain.MONTH, desk.language),
        figures.bucket_title(before, Grain.MONTH, desk.language),
    )


def ask_costs(desk: Desk) -> None:
    period, before, _, _ = _books(desk)
    desk.batch.want(desk.known(("operating_expense", "below_the_line", "cost_structure")), period, per=("class",))
    desk.batch.want(desk.known(("operating_expense", "below_the_line")), before, per=("class",))
    desk.batch.want(desk.known(("operating_expense", "below_the_line", "net_sales_ex_tax", "expense_ratio")), period)
    desk.batch.want(desk.known(("operating_expense", "below_the_line")), before)


def costs(desk: Desk, entry: shape.Costs) -> Table | None:
    """Return expenses by class, the largest first; None when nothing is booked."""
    period, before, name, _ = _books(desk)
    now, earlier, of = _by_class(desk, period), _by_class(desk, before), desk.batch.cut("cost_structure", period, "class")
    order = sorted((key for key, (_, value) in now.items() if value.value), key=lambda key: (-float(now[key][1].value or 0), key))
    if not order:
        return None
    form = desk.form_for("operating_expense", [value.value for _, value in now.values()])
    share = figures.form("ratio", desk.language, decimals=3)
    sales = desk.batch.value("net_sales_ex_tax", period)
    columns = (
        Column("class", desk.say("head_class"), "text", 1.8),
        Column("amount", desk.say("head_spent"), "number", 1.2),
        Column("change", desk.say("head_change"), "change", 0.9, drop=2),
        Column("share", desk.say("head_share"), "bar", 1.3),
        Column("of_sales", desk.say("head_of_sales"), "number", 1.0, drop=1, tip=desk.say("head_of_sales_tip")),
    )
    rows = []
    for key in order:
        metric, value = now[key]
        cut = (("class", key),)
        figure = desk.figure(value, form, cut)
        old = earlier.get(key)
        part = of.get(key)
        cells: list[Cell] = [
            TextCell(key_name(desk, "class", key), muted=not key),
            NumberCell(figure, strong=True),
            ChangeCell(desk.change(value, old[1], form) if old else Figure(None, figures.MISSING, "", desk.say("why_not_before", name=desk.name(metric)))),
        ]
        if part is None or part.value is None:
            cells.append(BarCell(None, Figure(None, figures.MISSING)))
        else:
            cells.append(BarCell(min(max(float(part.value), 0.0), 1.0), desk.figure(part, share, cut)))
        cells.append(_of_sales(desk, value.value, sales, share))
        rows.append(Row(tuple(cells), key, reference=figure.reference))
    total, before_total = _total(desk, period), _total(desk, before)
    if total is not None and len(order) > 1:
        text = form.text(total)
        moved = form.change(total, before_total)
        closing: list[Cell] = [
            TextCell(desk.say("total"), strong=True),
            NumberCell(Figure(total, text, form.bare(total), unit="money"), strong=True),
            ChangeCell(Figure(moved[0], moved[1], moved[1], None if moved[0] is not None else desk.say("why_no_ratio"))),
            BarCell(None, Figure(None, "")),
            _of_sales(desk, total, sales, share),
        ]
        rows.append(Row(tuple(closing), "total", is_total=True))
    return Table("costs", desk.say("title_costs"), columns, tuple(rows), name, is_sortable=True, span=entry.span)


def _by_class(desk: Desk, period: Period) -> dict[str, tuple[str, Value]]:
    """Return expenses by class with the metric that holds them; interest and tax stand in one of their own."""
    found: dict[str, tuple[str, Value]] = {}
    for metric in ("operating_expense", "below_the_line"):
        for key, value in desk.batch.cut(metric, period, "class").items():
            if value.value is not None and (value.value or key not in found):
                found[key] = (metric, value)
    return found


def _total(desk: Desk, period: Period) -> Number | None:
    parts = [desk.batch.value(metric, period).value for metric in ("operating_expense", "below_the_line")]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _of_sales(desk: Desk, amount: Number | None, sales: Value, form: Form) -> NumberCell:
    if amount is None or not sales.value or sales.value < 0:
        return NumberCell(Figure(None, figures.MISSING, "", desk.say("why_no_ratio")))
    ratio = Fraction(amount) / Fraction(sales.value)
    return NumberCell(Figure(ratio, form.text(ratio), form.bare(ratio), unit="ratio"))


def ask_budgets(desk: Desk, entry: shape.Budgets) -> None:
    period, _, _, _ = _books(desk)
    desk.batch.want(desk.known(("budget_variance",)), period, per=(entry.dimension,))
    desk.batch.want(desk.known(("budget_variance",)), period)


def budgets(desk: Desk, entry: shape.Budgets) -> Table | None:
    """Return budgets against what was spent for them, the largest first; None when no budget lies in the days."""
    period, _, name, _ = _books(desk)
    cut = {key: value for key, value in desk.batch.cut("budget_variance", period, entry.dimension).items() if value.denominator}
    if not cut or list(cut) == [""]:
        return None
    order = sorted(cut, key=lambda key: (-float(cut[key].denominator or 0), key))
    whole = desk.batch.value("budget_variance", period)
    money = desk.form_for("operating_expense", [amount for value in (*cut.values(), whole) for amount in _spent(value)])
    ratio = desk.form_for("budget_variance", [value.value for value in cut.values()])
    columns = (
        Column(entry.dimension, desk.say(f"head_{entry.dimension}"), "text", 1.6),
        Column("budget", desk.say("head_budget"), "number", 1.2, drop=2),
        Column("spent", desk.say("head_spent"), "number", 1.2),
        Column("gap", desk.say("head_gap"), "change", 1.2, drop=1),
        Column("variance", desk.say("head_variance"), "number", 0.9, tip=desk.definition("budget_variance")),
        Column("state", desk.say("head_state"), "state", 1.3),
    )
    rows = []
    for key in order:
        label = key_name(desk, entry.dimension, key)
        cells = _budget(desk, cut[key], money, ratio, ((entry.dimension, key),), False)
        rows.append(Row((TextCell(label, muted=not key), *cells), key, reference=_reference(cells)))
    if len(order) > 1 and whole.denominator:
        cells = _budget(desk, whole, money, ratio, (), True)
        rows.append(Row((TextCell(desk.say("total"), strong=True), *cells), "total", is_total=True, reference=_reference(cells)))
    return Table(f"budgets_{entry.dimension}", desk.say(f"title_budgets_{entry.dimension}"), columns, tuple(rows), name, is_sortable=True, span=entry.span)


def _spent(value: Value) -> tuple[Number | None, Number | None]:
    """Return the budget and what was spent for it."""
    if value.denominator is None or value.numerator is None:
        return value.denominator, None
    return value.denominator, value.denominator + value.numerator


def _budget(desk: Desk, value: Value, money: Form, ratio: Form, extra: tuple[tuple[str, str], ...], is_total: bool) -> list[Cell]:
    budget, spent = _spent(value)
    figure = desk.figure(value, ratio, extra)
    signed = ("+" if value.value and value.value > 0 else "") + figure.text
    figure = Figure(figure.value, signed, figure.short, figure.reason, figure.partial, figure.reference, figure.unit)
    return [
        NumberCell(_money(budget, money, figure), strong=is_total),
        NumberCell(_money(spent, money, figure), strong=True),
        ChangeCell(Figure(value.numerator, money.difference(value.numerator), unit="money")),
        NumberCell(figure, strong=is_total),
        StateCell(_verdict(desk, value)),
    ]


def _money(amount: Number | None, form: Form, of: Figure) -> Figure:
    return Figure(amount, form.text(amount), form.bare(amount), of.reason if amount is None else None, reference=of.reference, unit="money")


def _verdict(desk: Desk, value: Value) -> State:
    if value.value is None:
        return State("no_call", desk.say("budget_unknown"))
    if value.value > TOLERANCE:
        return State("off_target", desk.say("budget_over"), "worse", desk.say("why_budget"))
    if value.value < -TOLERANCE:
        return State("on_target", desk.say("budget_under"), "neutral", desk.say("why_budget"))
    return State("on_target", desk.say("budget_met"), "neutral", desk.say("why_budget"))


def _reference(cells: Sequence[Cell]) -> Reference | None:
    return next((cell.figure.reference for cell in cells if isinstance(cell, NumberCell)), None)
