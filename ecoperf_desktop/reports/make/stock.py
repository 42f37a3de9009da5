"""What to order, what the stock consists of, and how suppliers and carriers keep their word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

from ecoperf_desktop.analysis.intervals import LEAST_SAMPLE, Z95, Z99, wilson
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.value import Value
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Bar,
    BarCell,
    Bars,
    Block,
    Cell,
    Column,
    Figure,
    IntervalCell,
    Matrix,
    MatrixCell,
    NumberCell,
    Row,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.make import charts
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.reports.timeline import weeks_back
from ecoperf_desktop.store import standing

LOST, ORDER, BELOW = "lost_sales_estimate", "order_quantity", "skus_below_reorder_point"
_LEVELS = ("inventory_units", "inventory_position", "days_of_cover", "safety_stock", "reorder_point")
_CLASS_WEEKS = 52
_PRODUCT = ("product",)
# Products that may stand in the list: those that lost most and those that need most, of each this many times its rows.
_LOOKED_AT = 2


Kind: TypeAlias = shape.Reorder | shape.StepsOf | shape.ClassesOf | shape.Partners


def ask(desk: Desk, entry: Kind) -> None:
    match entry:
        case shape.Reorder():
            _ask_reorder(desk, entry)
        case shape.StepsOf():
            _ask_whole_and_parts(desk, entry.metric, "step")
        case shape.ClassesOf():
            _ask_whole_and_parts(desk, entry.metric, "segment")
        case shape.Partners():
            _ask_partners(desk, entry)


def made(desk: Desk, entry: Kind) -> Block | None:
    """Return the block of ``entry``, None where nothing is known."""
    match entry:
        case shape.Reorder():
            return _reorder(desk, entry)
        case shape.StepsOf():
            return _steps(desk, entry)
        case shape.ClassesOf():
            return _classes(desk, entry)
        case shape.Partners():
            return _partners(desk, entry)


def _ask_whole_and_parts(desk: Desk, metric: str, dimension: str) -> None:
    desk.batch.want((metric,), desk.times.period, per=(dimension,))
    desk.batch.want((metric,), desk.times.period)


# ---- what to order


def _ask_reorder(desk: Desk, entry: shape.Reorder) -> None:
    """Ask which products lost most and which need most, and for the numbers of the whole."""
    period = desk.times.period
    for metric in (LOST, ORDER):
        desk.batch.want((metric,), period, per=_PRODUCT, top=(_LOOKED_AT * entry.most, period))
    desk.batch.want((BELOW, LOST, *_LEVELS[:3]), period)


def ask_reorder_rows(desk: Desk, entry: shape.Reorder) -> None:
    """Ask for the levels of the products that may stand in the list."""
    period = desk.times.period
    among = tuple(_candidates(desk))
    if among:
        desk.batch.want((BELOW, ORDER, LOST, *_LEVELS, "xyz_class"), period, per=_PRODUCT, among=among)
        desk.batch.want(("abc_class",), weeks_back(period, _CLASS_WEEKS), per=_PRODUCT, among=among)


def _candidates(desk: Desk) -> dict[str, None]:
    found: dict[str, None] = {}
    for metric in (LOST, ORDER):
        found.update({sku: None for sku, value in desk.batch.cut(metric, desk.times.period, "product").items() if sku and value.value})
    return found


def _reorder(desk: Desk, entry: shape.Reorder) -> Table | None:
    """Return the products at or below their reorder points, those that lost most first, then those due first.

    None where no stock was counted.
    """
    period = desk.times.period
    below = desk.batch.value(BELOW, period)
    if below.value is None:
        return None
    cuts = {metric: desk.batch.cut(metric, period, "product") for metric in (BELOW, ORDER, LOST, *_LEVELS, "xyz_class")}
    by_sales = desk.batch.cut("abc_class", weeks_back(period, _CLASS_WEEKS), "product")
    skus = [sku for sku, value in cuts[BELOW].items() if value.value]
    due = {sku: _order_by(period.last, cuts["reorder_point"].get(sku), cuts["inventory_position"].get(sku)) for sku in skus}
    skus.sort(key=lambda sku: (-_number(cuts[LOST].get(sku)), due[sku] is None, due[sku] or 0, -_number(cuts[ORDER].get(sku)), sku))
    kept = skus[: entry.most]
    forms = {
        metric: desk.form_for(metric, [cuts[metric][sku].value for sku in kept if sku in cuts[metric]]) for metric in (LOST, ORDER, *_LEVELS)
    }
    names = standing.product_names(desk.engine.conn, kept)
    suppliers = standing.product_suppliers(desk.engine.conn, kept, period.last)
    scale = _cover_scale([cuts["days_of_cover"].get(sku) for sku in kept], [_lead(cuts["reorder_point"].get(sku)) for sku in kept])

    def number(metric: str, sku: str, *, strong: bool = False) -> NumberCell:
        return NumberCell(_figure(desk, cuts[metric].get(sku), forms[metric], sku), strong=strong)

    rows = []
    for sku in kept:
        on_hand = number("inventory_units", sku)
        is_out = on_hand.figure.value is not None and on_hand.figure.value <= 0
        day = due[sku]
        rows.append(
            Row(
                (
                    TextCell(f"{sku} {names.get(sku, '')}".strip()),
                    TextCell(_class_of(by_sales.get(sku), cuts["xyz_class"].get(sku)), muted=True),
                    NumberCell(on_hand.figure, strong=is_out, tone="worse" if is_out else "neutral"),
                    number("inventory_position", sku),
                    _cover(desk, cuts["days_of_cover"].get(sku), _lead(cuts["reorder_point"].get(sku)), scale, forms["days_of_cover"], sku),
                    number("safety_stock", sku),
                    number("reorder_point", sku),
                    number(ORDER, sku, strong=True),
                    TextCell(suppliers.get(sku) or figures.MISSING, muted=sku not in suppliers),
                    _due_cell(desk, day, period.last),
                    number(LOST, sku),
                ),
                sku,
                reference=_figure(desk, cuts[ORDER].get(sku), forms[ORDER], sku).reference,
            )
        )
    if rows:
        rows.append(_reorder_total(desk, forms))
    shown = desk.say("reorder_shown", shown=len(kept), all=_whole(int(below.value))) if len(kept) < below.value else ""
    return Table(
        "reorder",
        desk.say("title_reorder"),
        _reorder_columns(desk),
        tuple(rows),
        desk.say("reorder_subtitle", n=int(below.value)),
        shown,
        desk.say("reorder_foot"),
        is_sortable=True,
        span=entry.span,
    )


def _reorder_columns(desk: Desk) -> tuple[Column, ...]:
    def column(key: str, kind: str, weight: float, drop: int = 0, metric: str = "") -> Column:
        tip = desk.definition(metric) if metric else desk.say(f"head_{key}_tip") if key in ("class_both", "order_by") else ""
        return Column(key, desk.say(f"head_{key}"), kind, weight, drop, tip)  # type: ignore[arg-type]

    return (
        column("product", "text", 2.3),
        column("class_both", "text", 0.6, 4),
        column("on_hand", "number", 0.75, 0, "inventory_units"),
        column("position", "number", 0.85, 3, "inventory_position"),
        column("cover_lead", "bar", 1.3, 0, "days_of_cover"),
        column("safety", "number", 0.7, 2, "safety_stock"),
        column("reorder_point", "number", 0.8, 0, "reorder_point"),
        column("order", "number", 0.7, 0, ORDER),
        column("supplier", "text", 1.3, 1),
        column("order_by", "text", 0.85),
        column("lost", "number", 0.9, 0, LOST),
    )


def _reorder_total(desk: Desk, forms: dict[str, Form]) -> Row:
    """Return what holds for all products: pieces of different ones make no common buffer or order."""
    period = desk.times.period

    def whole(metric: str) -> NumberCell:
        return NumberCell(desk.figure(desk.batch.value(metric, period), forms[metric]), strong=True)

    blank = TextCell("")
    cover = desk.figure(desk.batch.value("days_of_cover", period), forms["days_of_cover"])
    cells = (
        TextCell(desk.say("total_stock"), strong=True), blank, whole("inventory_units"), whole("inventory_position"),
        BarCell(None, cover), blank, blank, blank, blank, blank, whole(LOST),
    )  # fmt: skip
    return Row(cells, "total", is_total=True)


def _figure(desk: Desk, value: Value | None, form: Form, sku: str) -> Figure:
    if value is None:
        return Figure(None, figures.MISSING, figures.MISSING, desk.say("why_missing"))
    return desk.figure(value, form, (("product", sku),))


def _number(value: Value | None) -> float:
    return 0.0 if value is None or value.value is None else float(value.value)


def _whole(number: object) -> str:
    return f"{number:,}"


def _class_of(by_sales: Value | None, by_evenness: Value | None) -> str:
    words = [value.word for value in (by_sales, by_evenness) if value is not None and value.value is not None and value.word]
    return "".join(words) or figures.MISSING


def _lead(level: Value | None) -> float | None:
    """Return the lead time in days that a reorder point rests on."""
    days = level.details.get("lead_time") if level is not None else None
    return float(days) if isinstance(days, int | float) else None


def _order_by(last: Day, level: Value | None, position: Value | None) -> Day | None:
    """Return the last day to order on so that what is there and on its way lasts until it arrives, without the buffer."""
    demand, lead = (level.details.get("demand"), _lead(level)) if level is not None else (None, None)
    if position is None or position.value is None or not isinstance(demand, int | float) or demand <= 0 or lead is None:
        return None
    return last + max(int(float(position.value) / demand - lead), 0)


def _due_cell(desk: Desk, day: Day | None, last: Day) -> TextCell:
    if day is None:
        return TextCell(figures.MISSING, muted=True)
    if day <= last:
        return TextCell(desk.say("order_now"), strong=True, day=last)
    return TextCell(figures.axis_day(day, desk.language), day=day)


def _cover_scale(covers: Sequence[Value | None], leads: Sequence[float | None]) -> float:
    """Return the days at the right end of the bars: what lasts far longer than any lead time is cut there."""
    longest = max([lead for lead in leads if lead is not None], default=0.0)
    known = [_number(cover) for cover in covers if cover is not None]
    return max(min(max(known, default=0.0), 3 * longest) if longest else max(known, default=0.0), longest, 1.0)


def _cover(desk: Desk, value: Value | None, lead: float | None, scale: float, form: Form, sku: str) -> BarCell:
    figure = _figure(desk, value, form, sku)
    if figure.value is None:
        return BarCell(None, figure, None if lead is None else lead / scale)
    days = float(figure.value)
    tone = "worse" if lead is not None and days < lead else "neutral"
    return BarCell(min(max(days / scale, 0.0), 1.0), figure, None if lead is None else min(lead / scale, 1.0), tone)  # type: ignore[arg-type]


# ---- what the stock consists of


def _steps(desk: Desk, entry: shape.StepsOf) -> Bars | None:
    """Return a bar a step, the shortest first, with how many products lie in it; None when nothing is known."""
    found = desk.batch.cut(entry.metric, desk.times.period, "step")
    known = sorted((step for step, value in found.items() if step and value.value is not None), key=_begins)
    whole = desk.batch.value(entry.metric, desk.times.period)
    if not known:
        return None
    form = desk.form_for(entry.metric, [*(found[step].value for step in known), whole.value])
    bars = []
    for step in known:
        figure = desk.figure(found[step], form, (("step", step),))
        count = found[step].details.get("products")
        second = desk.say("skus", n=count) if isinstance(count, int) else ""
        bars.append(Bar(_step_name(desk, step), figure, second, "worse" if step in entry.old else "neutral"))
    rest = found.get("")
    foot = ""
    if rest is not None and rest.value:
        foot = desk.say(f"foot_{entry.key}", value=form.short(rest.value))
    places = [bar.figure.place for bar in bars if bar.figure.place is not None]
    return Bars(
        desk.say(f"title_{entry.key}"),
        desk.say(f"subtitle_{entry.key}", value=form.short(whole.value)),
        tuple(bars),
        charts.axis_of(places, form, is_from_zero=True),
        foot=foot,
        span=entry.span,
    )


def _begins(step: str) -> int:
    return int(step.partition("-")[0].rstrip("+"))


def _step_name(desk: Desk, step: str) -> str:
    if step.endswith("+"):
        return f"> {step[:-1]}"
    return step.replace("-", "–")


def _classes(desk: Desk, entry: shape.ClassesOf) -> Matrix | None:
    """Return how many products lie in each field of two classifications, and what they are worth; None when none is known."""
    found = desk.batch.cut(entry.metric, desk.times.period, "segment")
    whole = desk.batch.value(entry.metric, desk.times.period)
    rows, columns = ("A", "B", "C"), ("X", "Y", "Z")
    if not any(found.get(row + column) for row in rows for column in columns):
        return None
    form = desk.form_for(entry.metric, [value.value for value in found.values()])
    cells = tuple(tuple(_field(desk, found.get(row + column), whole, form, row + column) for column in columns) for row in rows)
    outside = [value for name, value in found.items() if len(name) != 2 or name[0] not in rows]
    count = sum(number for value in outside if isinstance(number := value.details.get("products"), int))
    worth = sum((value.value for value in outside if value.value is not None), Fraction(0))
    return Matrix(
        desk.say(f"title_{entry.metric}"),
        desk.say(f"subtitle_{entry.metric}"),
        desk.say("class_rows"),
        desk.say("class_columns"),
        rows,
        columns,
        cells,
        desk.say("head_skus"),
        desk.say("head_stock_value"),
        desk.say("class_foot", n=count, value=form.short(worth)) if count else "",
        entry.span,
    )


def _field(desk: Desk, value: Value | None, whole: Value, form: Form, name: str) -> MatrixCell:
    if value is None:
        none = Figure(0, form.short(0), form.bare(0), unit="money")
        return MatrixCell(Figure(0, "0", "0", unit="count"), none, 0.0)
    count = value.details.get("products")
    products = Figure(count, _whole(count), _whole(count), unit="count") if isinstance(count, int) else Figure(None, figures.MISSING)
    figure = desk.figure(value, form, (("segment", name),))
    share = float(value.value / whole.value) if value.value is not None and whole.value else None
    return MatrixCell(products, figure, share)


# ---- who supplies and who carries


def _ask_partners(desk: Desk, entry: shape.Partners) -> None:
    metrics = desk.known(dict.fromkeys((entry.by, *(metric for column in entry.columns for metric in column.metrics))))
    period = _partners_period(desk, entry)
    desk.batch.want(metrics, period, per=(entry.dimension,))
    desk.batch.want(metrics, period)


def _partners_period(desk: Desk, entry: shape.Partners) -> Period:
    return weeks_back(desk.times.period, entry.weeks) if entry.weeks else desk.times.period


def _partners(desk: Desk, entry: shape.Partners) -> Table | None:
    """Return a row a supplier or carrier with what its shares rest on; who has fewer than thirty cases stands last.

    None when there is none.  A column of which no number is known is left out.
    """
    period = _partners_period(desk, entry)
    per = entry.dimension
    columns = [column for column in entry.columns if all(desk.batch.is_allowed(metric, (per,)) for metric in column.metrics)]
    metrics = dict.fromkeys((entry.by, *(metric for column in columns for metric in column.metrics)))
    cuts = {metric: desk.batch.cut(metric, period, per) for metric in metrics}
    names = [name for name, value in cuts[entry.by].items() if name and value.denominator]
    if not names:
        return None
    columns = [column for column in columns if any(cuts[column.metrics[0]][name].value is not None for name in names if name in cuts[column.metrics[0]])]
    bases = {name: cuts[entry.by][name].denominator or 0 for name in names}
    few = {name: bases[name] < LEAST_SAMPLE for name in names}
    ranks = {name: float((cuts[entry.by][name].value if entry.is_ranked else bases[name]) or 0) for name in names}
    names.sort(key=lambda name: (few[name], -ranks[name], name))
    wholes = {metric: desk.batch.value(metric, period) for metric in metrics}
    forms = {metric: desk.form_for(metric, [*(cuts[metric][name].value for name in names if name in cuts[metric]), wholes[metric].value]) for metric in metrics}
    heads = [Column(per, desk.say(f"head_{per}"), "text", 1.7), Column("n", desk.say(f"head_{entry.key}_n"), "number", 0.8)]
    made: dict[str, list[Cell]] = {name: [] for name in names}
    total: list[Cell] = []
    for column in columns:
        match column:
            case shape.Plain(metric):
                heads.append(Column(metric, desk.short_name(metric), "number", 1.0, column.drop, desk.definition(metric)))
                for name in names:
                    made[name].append(NumberCell(_cut(desk, cuts[metric].get(name), forms[metric], per, name), muted=few[name]))
                total.append(NumberCell(desk.figure(wholes[metric], forms[metric]), strong=True))
            case shape.Sure(metric):
                _sure(desk, column, cuts[metric], wholes[metric], forms[metric], per, heads, made, total)
            case shape.Spread(mean, deviation):
                heads.append(Column(mean, desk.say(f"head_spread_{mean}"), "number", 1.2, column.drop, desk.definition(mean)))
                for name in names:
                    made[name].append(NumberCell(_spread(desk, cuts[mean].get(name), cuts[deviation].get(name), forms[mean], per, name), muted=few[name]))
                total.append(NumberCell(desk.figure(wholes[mean], forms[mean]), strong=True))
            case shape.Reach(middle, high):
                _reach(desk, column, cuts[middle], cuts[high], forms, per, wholes, heads, made, total)
            case shape.CostShare(metric):
                _cost_share(desk, column, cuts[metric], wholes[metric], heads, made, total)
    rows = [
        Row(
            (TextCell(name, muted=few[name], pill=desk.say("few_cases", least=LEAST_SAMPLE) if few[name] else None), NumberCell(_count(bases[name]), muted=few[name]), *made[name]),
            name,
            reference=_cut(desk, cuts[entry.by][name], forms[entry.by], per, name).reference,
        )
        for name in names
    ]
    if len(names) > 1:
        rows.append(Row((TextCell(desk.say("total"), strong=True), NumberCell(_count(wholes[entry.by].denominator), strong=True), *total), "total", is_total=True))
    subtitle = desk.period_name() if period == desk.times.period else desk.say("weeks_to", n=entry.weeks, day=figures.day_text(period.last, desk.language))
    return Table(entry.key, desk.say(f"title_{entry.key}"), tuple(heads), tuple(rows), subtitle, foot=desk.say(entry.foot) if entry.foot else "", is_sortable=True, span=entry.span)


def _cut(desk: Desk, value: Value | None, form: Form, per: str, name: str) -> Figure:
    if value is None:
        return Figure(None, figures.MISSING, figures.MISSING, desk.say("why_missing"))
    return desk.figure(value, form, ((per, name),))


def _count(number: object) -> Figure:
    if not isinstance(number, int):
        return Figure(None, figures.MISSING, figures.MISSING)
    return Figure(number, _whole(number), _whole(number), unit="count")


def _sure(
    desk: Desk, column: shape.Sure, cuts: dict[str, Value], whole: Value, form: Form, per: str,
    heads: list[Column], made: dict[str, list[Cell]], total: list[Cell],
) -> None:  # fmt: skip
    """Add a share and its 95 % interval, against the target or, without one, against all together."""
    metric = column.metric
    goal = desk.aim(metric)
    limit = float(goal.value) if goal is not None and goal.low is None else None if whole.value is None else float(whole.value)
    heads.append(Column(metric, desk.short_name(metric), "number", 0.9, tip=desk.definition(metric)))
    against = desk.say("interval_target" if goal is not None and goal.low is None else "interval_all", value=form.text(limit))
    heads.append(Column(f"{metric}_interval", against, "interval", 1.6, column.drop))
    known = {name: cuts[name] for name in made if name in cuts and cuts[name].value is not None and cuts[name].denominator}
    edges = {name: wilson(float(value.numerator or 0), float(value.denominator or 0), Z95) for name, value in known.items()}
    low = min([edge[0] for edge in edges.values()], default=0.0)
    high = max([edge[1] for edge in edges.values()], default=1.0)
    if limit is not None:
        low, high = min(low, limit), max(high, limit)

    def place(share: float) -> float:
        return (share - low) / (high - low) if high > low else 0.5

    for name, cells in made.items():
        value = known.get(name)
        if value is None:
            cells.append(NumberCell(_cut(desk, cuts.get(name), form, per, name), muted=True))
            cells.append(IntervalCell(None, None, None))
            continue
        is_few = (value.denominator or 0) < LEAST_SAMPLE
        far = wilson(float(value.numerator or 0), float(value.denominator or 0), Z99)
        tone = "neutral" if is_few or limit is None else "worse" if far[1] < limit else "neutral"
        first, last = edges[name]
        cells.append(NumberCell(_cut(desk, value, form, per, name), strong=not is_few, muted=is_few, tone=tone))  # type: ignore[arg-type]
        text = f"{form.text(first).removesuffix(form.after)}–{form.text(last)}"
        middle = place(float(value.value or 0))
        cells.append(IntervalCell(place(first), middle, place(last), None if limit is None else place(limit), is_few, tone, text))  # type: ignore[arg-type]
    total.append(NumberCell(desk.figure(whole, form), strong=True))
    total.append(IntervalCell(None, None, None))


def _spread(desk: Desk, mean: Value | None, deviation: Value | None, form: Form, per: str, name: str) -> Figure:
    figure = _cut(desk, mean, form, per, name)
    if figure.value is None or deviation is None or deviation.value is None:
        return figure
    bare = form.text(mean.value if mean else None).removesuffix(form.after)
    return replace(figure, text=f"{bare} ± {form.text(deviation.value)}")


def _reach(
    desk: Desk, column: shape.Reach, middles: dict[str, Value], highs: dict[str, Value], forms: dict[str, Form], per: str,
    wholes: dict[str, Value], heads: list[Column], made: dict[str, list[Cell]], total: list[Cell],
) -> None:  # fmt: skip
    """Add how long half take and how long nine of ten take, as a point with an arm."""
    form = forms[column.high]
    heads.append(Column(column.middle, desk.say(f"head_reach_{column.middle}"), "number", 1.1, tip=desk.definition(column.middle)))
    heads.append(Column(f"{column.middle}_reach", "", "interval", 0.9, column.drop))
    longest = max([float(value.value) for value in highs.values() if value.value is not None], default=0.0)

    def written(middle: Value | None, high: Value | None, figure: Figure) -> NumberCell:
        if figure.value is None or middle is None or high is None or high.value is None:
            return NumberCell(figure)
        text = f"{form.text(middle.value).removesuffix(form.after)}–{form.text(high.value)}"
        return NumberCell(replace(figure, text=text))

    for name, cells in made.items():
        middle, high = middles.get(name), highs.get(name)
        cells.append(written(middle, high, _cut(desk, middle, form, per, name)))
        if middle is None or middle.value is None or high is None or high.value is None or not longest:
            cells.append(IntervalCell(None, None, None))
            continue
        first, last = float(middle.value) / longest, float(high.value) / longest
        cells.append(IntervalCell(first, first, last))
    whole, far = wholes[column.middle], wholes[column.high]
    total += [replace(written(whole, far, desk.figure(whole, form)), strong=True), IntervalCell(None, None, None)]


def _cost_share(
    desk: Desk, column: shape.CostShare, cuts: dict[str, Value], whole: Value, heads: list[Column], made: dict[str, list[Cell]], total: list[Cell]
) -> None:
    """Add each one's part of the costs that the quotients stand on."""
    form = figures.form("ratio", desk.language, decimals=3)
    heads.append(Column(f"{column.metric}_share", desk.say("head_cost_share"), "bar", 1.0, column.drop))
    for name, cells in made.items():
        value = cuts.get(name)
        if value is None or value.numerator is None or not whole.numerator:
            cells.append(BarCell(None, Figure(None, figures.MISSING, figures.MISSING, desk.say("why_missing"))))
            continue
        share = Fraction(value.numerator) / Fraction(whole.numerator)
        cells.append(BarCell(min(max(float(share), 0.0), 1.0), Figure(share, form.text(share), unit="ratio")))
    total.append(BarCell(None, Figure(None, "")))
