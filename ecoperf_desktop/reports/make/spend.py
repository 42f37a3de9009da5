"""What ads cost, what they bring by the orders themselves, what platforms claim, and what web search shows."""

from __future__ import annotations

from typing import TypeAlias

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Bucket, Grain, Period, bucket_of
from ecoperf_desktop.model.value import Value
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Bar,
    Bars,
    Block,
    Cell,
    ChangeCell,
    Column,
    Dot,
    Figure,
    IntervalCell,
    NumberCell,
    Row,
    Scatter,
    State,
    StateCell,
    Table,
    TextCell,
    Threshold,
    Trace,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.make import charts
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.reports.timeline import spanned
from ecoperf_desktop.store import brands, standing

CLAIMED, SPEND, RETURN, NEXT, EVEN, CREDITED = "claimed_sales_ratio", "ad_cost", "mer", "marginal_roas", "break_even_roas", "ad_roas"
_CLAIM_CUTS = ("shop", "channel")
_MOST_CLAIMS = 6
_DOTS = 26
_LEAST_DOTS = 4
_SEARCH = ("seo_impressions", "seo_ctr", "seo_position")
_MOST_DOTS = 60
# Of a click rate with fewer impressions chance decides.
_LEAST_IMPRESSIONS = 50
# Reports of weeks or months, of which one lies across the edge of the days asked for.
_CUT_SPANS = "metrics.longer_spans_left_out"

Kind: TypeAlias = shape.Claims | shape.SpendBy | shape.SpendDots | shape.Searches


def ask(desk: Desk, entry: Kind) -> None:
    period, base = desk.times.period, desk.times.base
    match entry:
        case shape.Claims():
            desk.batch.want((CLAIMED,), period)
            for dimension in _CLAIM_CUTS:
                desk.batch.want((CLAIMED,), period, per=(dimension,))
        case shape.SpendBy(dimension, most):
            per = (dimension,)
            desk.batch.want((SPEND,), period, per=per, top=(most, period))
            desk.batch.want((RETURN,), period, per=per)
            desk.batch.want((SPEND, RETURN, NEXT, EVEN, CREDITED), period)
            desk.batch.want((SPEND,), base)
        case shape.SpendDots():
            desk.batch.want((NEXT,), period)
            desk.batch.want_series((SPEND, "net_sales"), _weeks(desk), Grain.WEEK)
        case shape.Searches():
            if not entry.is_drawn:
                own = _search_period(desk, entry)
                desk.batch.want(("seo_clicks",), own, per=(entry.dimension,), top=(_MOST_DOTS if _is_drawn_too(entry) else entry.most, own))
                desk.batch.want(("seo_clicks", *_SEARCH), own)
                desk.batch.want(("seo_clicks", "seo_position"), own.shifted(-own.days))


def ask_rows(desk: Desk, entry: Kind) -> None:
    """Ask for the other numbers of the parts that turned out to be the largest."""
    match entry:
        case shape.SpendBy(dimension):
            kept = tuple(desk.batch.cut(SPEND, desk.times.period, dimension))
            if kept:
                desk.batch.want((CREDITED,), desk.times.period, per=(dimension,), among=kept)
                desk.batch.want((SPEND,), desk.times.base, per=(dimension,), among=kept)
            returns = desk.batch.cut(RETURN, desk.times.period, dimension)
            told = tuple(name for name in kept if name in returns and returns[name].value)
            if told:  # of the others no orders tell
                desk.batch.want((NEXT, EVEN), desk.times.period, per=(dimension,), among=told)
        case shape.Searches():
            own = _search_period(desk, entry)
            found = desk.batch.cut("seo_clicks", own, entry.dimension)
            if found and not entry.is_drawn:
                desk.batch.want(_SEARCH, own, per=(entry.dimension,), among=tuple(found))
                shown = tuple(_largest(found)[: entry.most])
                desk.batch.want(("seo_clicks", "seo_position"), own.shifted(-own.days), per=(entry.dimension,), among=shown)
        case _:
            pass


def made(desk: Desk, entry: Kind) -> Block | None:
    """Return the block of ``entry``, None where nothing is known."""
    match entry:
        case shape.Claims():
            return _claims(desk, entry)
        case shape.SpendBy():
            return _spend(desk, entry)
        case shape.SpendDots():
            return _dots(desk, entry)
        case shape.Searches():
            return _click_rates(desk, entry) if entry.is_drawn else _searches(desk, entry)


# ---- claims


def _claims(desk: Desk, entry: shape.Claims) -> Bars | None:
    """Return paid sales and claimed ones side by side; a part stands there only where both are told of it."""
    whole = desk.batch.value(CLAIMED, desk.times.period)
    if not whole.numerator or not whole.denominator:
        return None
    pairs: list[tuple[str, Value, tuple[tuple[str, str], ...]]] = []
    for dimension in _CLAIM_CUTS:
        found = desk.batch.cut(CLAIMED, desk.times.period, dimension)
        both = [(name, value) for name, value in found.items() if name and value.numerator and value.denominator and value.denominator > 0]
        if both:
            both.sort(key=lambda pair: (-float(pair[1].denominator or 0), pair[0]))
            pairs = [(name, value, ((dimension, name),)) for name, value in both[:_MOST_CLAIMS]]
            break
    pairs.append((desk.say("total"), whole, ()))
    form = desk.form_for("net_sales", [whole.numerator, whole.denominator])
    share = desk.form_for(CLAIMED, [value.value for _, value, _ in pairs])
    bars = []
    for name, value, where in pairs:
        reference = desk.figure(value, share, where).reference
        paid = Figure(value.denominator, form.text(value.denominator), form.bare(value.denominator), reference=reference, unit="money")
        claimed = Figure(value.numerator, form.text(value.numerator), form.bare(value.numerator), reference=reference, unit="money")
        bars.append(Bar(name, paid, share.text(value.value), against=claimed))
    places = [place for bar in bars for place in (bar.figure.place, bar.against.place if bar.against else None) if place is not None]
    return Bars(
        desk.say("title_claims"),
        desk.say("claims_subtitle"),
        tuple(bars),
        charts.axis_of(places, form, is_from_zero=True),
        is_lying=True,
        foot=desk.say("claims_foot", share=share.text(whole.value)),
        span=entry.span,
        names=(desk.say("claims_paid"), desk.say("claims_claimed")),
    )


# ---- spend


def _spend(desk: Desk, entry: shape.SpendBy) -> Table | None:
    """Return spend and its returns; None where the dimension tells nothing of it."""
    per, period, base = entry.dimension, desk.times.period, desk.times.base
    spend = desk.batch.cut(SPEND, period, per)
    names = [name for name in sorted(spend, key=lambda name: (-float(spend[name].value or 0), name)) if spend[name].value][: entry.most]
    if not names or names == [""] or (per == "shop" and len(names) == 1):
        return None
    before = desk.batch.cut(SPEND, base, per)
    cuts = {metric: desk.batch.cut(metric, period, per) for metric in (RETURN, NEXT, EVEN, CREDITED)}
    wholes = {metric: desk.batch.value(metric, period) for metric in (SPEND, RETURN, NEXT, EVEN, CREDITED)}
    forms = {SPEND: desk.form_for(SPEND, [*(spend[name].value for name in names), wholes[SPEND].value])}
    for metric in (RETURN, NEXT, EVEN, CREDITED):
        forms[metric] = desk.form_for(metric, [*(value.value for value in cuts[metric].values()), wholes[metric].value])
    even = wholes[EVEN]
    limit = None if even.value is None else float(even.value)
    scale = _scale([*cuts[NEXT].values(), wholes[NEXT]], limit)
    rows = []
    for name in names:
        own = cuts[RETURN].get(name)
        has_orders = own is not None and bool(own.value)
        extra = ((per, name),)
        silent = Figure(None, figures.MISSING, figures.MISSING, desk.say("why_no_own_orders"))
        following = cuts[NEXT].get(name) if has_orders else None
        own_even = cuts[EVEN].get(name)
        own_limit = float(own_even.value) if own_even is not None and own_even.value is not None else limit
        cells: list[Cell] = [
            TextCell(name or desk.say("not_known"), muted=not name),
            NumberCell(desk.figure(spend[name], forms[SPEND], extra), strong=True),
            _changed(desk, spend[name], before.get(name), forms[SPEND]),
            NumberCell(desk.figure(own, forms[RETURN], extra) if own is not None and has_orders else silent),
            NumberCell(desk.figure(following, forms[NEXT], extra) if following is not None else silent),
            _slope(following, own_limit, scale, forms[NEXT]),
            NumberCell(desk.figure(cuts[CREDITED][name], forms[CREDITED], extra) if name in cuts[CREDITED] else _none(desk)),
            StateCell(_reading(desk, following, own_limit)),
        ]
        rows.append(Row(tuple(cells), name, reference=desk.figure(spend[name], forms[SPEND], extra).reference))
    following = wholes[NEXT]
    total = (
        TextCell(desk.say("total"), strong=True),
        NumberCell(desk.figure(wholes[SPEND], forms[SPEND]), strong=True),
        _changed(desk, wholes[SPEND], desk.batch.value(SPEND, base), forms[SPEND]),
        NumberCell(desk.figure(wholes[RETURN], forms[RETURN]), strong=True),
        NumberCell(desk.figure(following, forms[NEXT]), strong=True),
        _slope(following, limit, scale, forms[NEXT]),
        NumberCell(desk.figure(wholes[CREDITED], forms[CREDITED]), strong=True),
        StateCell(_reading(desk, following, limit)),
    )
    rows.append(Row(total, "total", is_total=True))
    columns = (
        Column(per, desk.say(f"head_{per}"), "text", 1.8),
        Column(SPEND, desk.short_name(SPEND), "number", 1.1, tip=desk.definition(SPEND)),
        Column("change", desk.say(f"head_previous_{desk.grain_key()}"), "change", 0.8, drop=3),
        Column(RETURN, desk.say("head_average"), "number", 0.8, tip=desk.definition(RETURN)),
        Column(NEXT, desk.short_name(NEXT), "number", 0.8, tip=desk.definition(NEXT)),
        Column("slope", desk.say("head_slope"), "interval", 1.7, drop=1, tip=desk.say("head_slope_tip")),
        Column(CREDITED, desk.say("head_credited"), "number", 0.9, drop=2, tip=desk.definition(CREDITED)),
        Column("reading", desk.say("head_reading"), "state", 1.2),
    )
    weeks = wholes[NEXT].details.get("weeks")
    foot = desk.say("spend_foot", even=forms[EVEN].text(even.value)) if even.value is not None else desk.say("spend_foot_no_even")
    subtitle = desk.say("spend_subtitle", n=weeks) if isinstance(weeks, int) else desk.period_name()
    return Table(f"spend_{per}", desk.say(f"title_spend_{per}"), columns, tuple(rows), subtitle, foot=foot, is_sortable=True, span=entry.span)


def _none(desk: Desk) -> Figure:
    return Figure(None, figures.MISSING, figures.MISSING, desk.say("why_missing"))


def _changed(desk: Desk, now: Value, before: Value | None, form: Form) -> ChangeCell:
    if before is None:
        return ChangeCell(Figure(None, figures.MISSING, figures.MISSING, desk.say("why_no_ratio")))
    for value in (now, before):
        if value.reason == _CUT_SPANS:  # days are missing on one side only
            return ChangeCell(Figure(None, figures.MISSING, figures.MISSING, sentence(value.reason, desk.language, **value.details)))
    return ChangeCell(desk.change(now, before, form))


def _bounds(value: Value | None) -> tuple[float, float, float] | None:
    """Return the lower end, the middle and the upper end of what one more unit of spend brings."""
    if value is None or value.value is None:
        return None
    low, middle, high = (value.details.get(name) for name in ("slope_low", "slope", "slope_high"))
    if not (isinstance(low, float) and isinstance(middle, float) and isinstance(high, float)):
        return None
    return low, middle, high


def _scale(values: list[Value], limit: float | None) -> tuple[float, float]:
    """Return the ends of the scale for intervals."""
    known = [bounds for bounds in map(_bounds, values) if bounds is not None]
    low = min([0.0, *(bounds[0] for bounds in known)])
    high = max([1.0, *(bounds[2] for bounds in known), *(() if limit is None else (limit * 1.2,))])
    return low, high


def _slope(value: Value | None, limit: float | None, scale: tuple[float, float], form: Form) -> IntervalCell:
    bounds = _bounds(value)
    if bounds is None or value is None:
        return IntervalCell(None, None, None)
    low, high = scale
    first, middle, last = ((bound - low) / (high - low) for bound in bounds)
    against = None if limit is None else (limit - low) / (high - low)
    is_below = limit is not None and bounds[2] < limit
    text = f"{form.text(bounds[0])}–{form.text(bounds[2])}"
    return IntervalCell(first, middle, last, against, value.quality == "low_n", "worse" if is_below else "neutral", text)


def _reading(desk: Desk, value: Value | None, limit: float | None) -> State:
    """Say whether more spend earns its cost: only when its whole interval lies on one side of break-even."""
    bounds = _bounds(value)
    if bounds is None or limit is None:
        return State("no_call", desk.say("reading_open"), "neutral", desk.say("why_reading_open"))
    if bounds[0] > limit:
        return State("on_target", desk.say("reading_earns"), "neutral", desk.say("why_reading"))
    if bounds[2] < limit:
        return State("off_target", desk.say("reading_loses"), "worse", desk.say("why_reading"))
    return State("no_call", desk.say("reading_open"), "neutral", desk.say("why_reading_open"))


# ---- spend and result


def _weeks(desk: Desk) -> tuple[Bucket, ...]:
    """Return the whole weeks up to the period's end, oldest first: those that the marginal return is read from."""
    last = bucket_of(desk.times.period.last + 1, Grain.WEEK, desk.times.week_start)
    chain = [bucket_of(last.period.first - 1, Grain.WEEK, desk.times.week_start)]
    for _ in range(_DOTS - 1):
        chain.append(bucket_of(chain[-1].period.first - 1, Grain.WEEK, desk.times.week_start))
    return tuple(reversed(chain))


def _dots(desk: Desk, entry: shape.SpendDots) -> Scatter | None:
    weeks = _weeks(desk)
    pairs = [
        (week, spend, result)
        for week, spend, result in zip(
            weeks, desk.batch.series(SPEND, weeks, Grain.WEEK), desk.batch.series("net_sales", weeks, Grain.WEEK), strict=True
        )
        if spend.value and result.value is not None
    ]
    if len(pairs) < _LEAST_DOTS:
        return None
    span = spanned(weeks)
    promoted = {day for day, _ in standing.events(desk.engine.conn, span)}
    x_form = desk.form_for(SPEND, [spend.value for _, spend, _ in pairs])
    y_form = desk.form_for("net_sales", [result.value for _, _, result in pairs])
    dots = []
    for week, spend, result in pairs:
        is_whole = all(value.covered is None or value.covered == week.period.days for value in (spend, result))
        is_apart = not is_whole or not promoted.isdisjoint(range(week.period.first, week.period.last + 1))
        label = figures.axis_label(week, Grain.WEEK, desk.language)
        dots.append(Dot(label, desk.figure(spend, x_form), desk.figure(result, y_form), week == weeks[-1], is_apart))
    places = [(dot.x.place or 0.0, dot.y.place or 0.0) for dot in dots]
    low, high = min(x for x, _ in places), max(x for x, _ in places)
    value = desk.batch.value(NEXT, desk.times.period)
    traces = _lines(desk, value, low, high)
    heights = [y for _, y in places] + [y for trace in traces for _, y in trace.places]
    form = desk.form_for(NEXT, [value.value])
    bounds = _bounds(value)
    foot = desk.say("dots_foot", low=form.text(bounds[0]), high=form.text(bounds[2])) if bounds else desk.say("dots_foot_few")
    return Scatter(
        desk.say("title_spend_dots"),
        desk.say("dots_subtitle", n=len(dots)),
        desk.say("dots_x"),
        desk.short_name("net_sales"),
        tuple(dots),
        charts.axis_of([low, high], x_form),
        charts.axis_of(heights, y_form),
        traces,
        label_title=desk.say("head_week"),
        foot=foot,
        span=entry.span,
    )


def _lines(desk: Desk, value: Value, low: float, high: float) -> tuple[Trace, ...]:
    """Return what spend brings on average, and what more of it brings with the span that holds it in nine of ten cases."""
    bounds = _bounds(value)
    spend, result = value.details.get("spend_mean"), value.details.get("result_mean")
    if bounds is None or not isinstance(spend, float) or not isinstance(result, float) or spend <= 0:
        return ()
    ends = (low, high)
    average = Trace(desk.say("trace_average"), tuple((x, x * result / spend) for x in ends), is_dashed=True)
    places = tuple(sorted({low, min(max(spend, low), high), high}))
    sides = [tuple(result + slope * (x - spend) for slope in bounds) for x in places]
    marginal = Trace(
        desk.say("trace_marginal"),
        tuple((x, side[1]) for x, side in zip(places, sides, strict=True)),
        tuple(min(side) for side in sides),
        tuple(max(side) for side in sides),
    )
    return average, marginal


# ---- web search


def _search_period(desk: Desk, entry: shape.Searches) -> Period:
    """Return the last weeks of the period, however long it is: what people search for changes, and there is much of it."""
    last = desk.times.period.last
    return Period(last - 7 * entry.weeks + 1, last)


def _is_drawn_too(entry: shape.Searches) -> bool:
    """Say whether the same parts are drawn as dots: then more of them are asked for."""
    return entry.dimension == "query"


def _largest(found: dict[str, Value]) -> list[str]:
    return sorted((name for name, value in found.items() if value.value), key=lambda name: (-float(found[name].value or 0), name))


def _searches(desk: Desk, entry: shape.Searches) -> Table | None:
    own = _search_period(desk, entry)
    before = own.shifted(-own.days)
    per = entry.dimension
    clicks = desk.batch.cut("seo_clicks", own, per)
    names = _largest(clicks)[: entry.most]
    if not names or names == [""]:
        return None
    cuts = {metric: desk.batch.cut(metric, own, per) for metric in _SEARCH}
    earlier = {metric: desk.batch.cut(metric, before, per) for metric in ("seo_clicks", "seo_position")}
    wholes = {metric: desk.batch.value(metric, own) for metric in ("seo_clicks", *_SEARCH)}
    forms = {"seo_clicks": desk.form_for("seo_clicks", [wholes["seo_clicks"].value])}
    for metric in _SEARCH:
        forms[metric] = desk.form_for(metric, [*(cuts[metric][name].value for name in names if name in cuts[metric]), wholes[metric].value])
    words = brands.words(desk.engine.conn) if per == "query" else ()

    def number(metric: str, name: str) -> NumberCell:
        value = cuts[metric].get(name)
        return NumberCell(desk.figure(value, forms[metric], ((per, name),)) if value is not None else _none(desk))

    rows = []
    for name in names:
        is_brand = any(word in name.lower() for word in words)
        figure = desk.figure(clicks[name], forms["seo_clicks"], ((per, name),))
        position = cuts["seo_position"].get(name)
        cells: tuple[Cell, ...] = (
            TextCell(name or desk.say("not_known"), muted=not name, pill=desk.say("brand_query") if is_brand else None),
            NumberCell(figure, strong=True),
            _changed(desk, clicks[name], earlier["seo_clicks"].get(name), forms["seo_clicks"]),
            number("seo_impressions", name),
            number("seo_ctr", name),
            number("seo_position", name),
            _changed(desk, position, earlier["seo_position"].get(name), forms["seo_position"]) if position is not None else ChangeCell(_none(desk)),
        )
        rows.append(Row(cells, name, reference=figure.reference))
    total: tuple[Cell, ...] = (
        TextCell(desk.say("total"), strong=True),
        NumberCell(desk.figure(wholes["seo_clicks"], forms["seo_clicks"]), strong=True),
        ChangeCell(desk.change(wholes["seo_clicks"], desk.batch.value("seo_clicks", before), forms["seo_clicks"])),
        *(NumberCell(desk.figure(wholes[metric], forms[metric]), strong=True) for metric in _SEARCH),
        ChangeCell(desk.change(wholes["seo_position"], desk.batch.value("seo_position", before), forms["seo_position"])),
    )
    rows.append(Row(total, "total", is_total=True))
    columns = (
        Column(per, desk.say(f"head_{per}"), "text", 2.6),
        Column("seo_clicks", desk.say("head_clicks"), "number", 0.8, tip=desk.definition("seo_clicks")),
        Column("change", desk.say("head_before"), "change", 0.8, drop=2),
        Column("seo_impressions", desk.say("head_impressions"), "number", 0.9, drop=3, tip=desk.definition("seo_impressions")),
        Column("seo_ctr", desk.say("head_ctr"), "number", 0.7, tip=desk.definition("seo_ctr")),
        Column("seo_position", desk.say("head_position_rank"), "number", 0.7, tip=desk.definition("seo_position")),
        Column("moved", desk.say("head_change"), "change", 0.7, drop=1),
    )
    parts = clicks[names[0]].details.get("parts")
    corner = desk.say("rows_of", shown=len(names), all=f"{parts:,}") if isinstance(parts, int) and parts > len(names) else ""
    return Table(
        entry.key, desk.say(f"title_{entry.key}"), columns, tuple(rows),
        desk.say("weeks_to", n=entry.weeks, day=figures.day_text(own.last, desk.language)), corner,
        desk.say("search_foot"), is_sortable=True, span=entry.span,
    )  # fmt: skip


def _click_rates(desk: Desk, entry: shape.Searches) -> Scatter | None:
    """Return a dot a query: where it stood, and how many of those who saw it clicked."""
    own, per = _search_period(desk, entry), entry.dimension
    clicks = desk.batch.cut("seo_clicks", own, per)
    shown, rates, positions = (desk.batch.cut(metric, own, per) for metric in _SEARCH)
    names = [
        name for name in _largest(clicks)
        if name and name in rates and name in positions and rates[name].value is not None and positions[name].value is not None
        and float(shown[name].value or 0) >= _LEAST_IMPRESSIONS
    ]  # fmt: skip
    if len(names) < _LEAST_DOTS:
        return None
    whole = desk.batch.value("seo_ctr", own)
    x_form = desk.form_for("seo_position", [positions[name].value for name in names])
    y_form = desk.form_for("seo_ctr", [*(rates[name].value for name in names), whole.value])
    dots = tuple(
        Dot(
            name,
            desk.figure(positions[name], x_form, ((per, name),)),
            desk.figure(rates[name], y_form, ((per, name),)),
            is_marked=place < 3,
        )
        for place, name in enumerate(names)
    )
    level = () if whole.value is None else (Threshold(float(whole.value), desk.say("level_all", value=y_form.text(whole.value))),)
    return Scatter(
        desk.say("title_click_rates"),
        desk.say("click_rates_subtitle", n=len(dots)),
        desk.short_name("seo_position"),
        desk.short_name("seo_ctr"),
        dots,
        charts.axis_of([dot.x.place for dot in dots if dot.x.place is not None], x_form),
        charts.axis_of([0.0, *(dot.y.place for dot in dots if dot.y.place is not None)], y_form),
        levels=level,
        label_title=desk.say(f"head_{per}"),
        span=entry.span,
    )
