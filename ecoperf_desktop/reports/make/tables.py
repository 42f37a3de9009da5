"""Tables cut along a dimension, and tables of people with the uncertainty of their samples."""

from __future__ import annotations

from collections.abc import Sequence

from ecoperf_desktop.analysis.intervals import LEAST_SAMPLE, Z95, Z99, wilson
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Ratio
from ecoperf_desktop.model.value import Value
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.batch import split_cut
from ecoperf_desktop.reports.blocks import (
    BarCell,
    Cell,
    ChangeCell,
    Column,
    Figure,
    IntervalCell,
    NumberCell,
    PillCell,
    Row,
    State,
    StateCell,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.reports.timeline import weeks_back
from ecoperf_desktop.store import standing


def ask_breakdown(desk: Desk, entry: shape.Breakdown) -> None:
    """Ask for the largest parts, or, of a rate, for all of them: they are sorted by what they rest on."""
    period = period_of(desk, entry)
    metrics = desk.known(dict.fromkeys((entry.by, *entry.metrics)))
    if _is_sum(desk, entry.by):
        desk.batch.want(desk.known((entry.by,)), period, per=(entry.dimension,), top=(entry.most, period))
    else:
        desk.batch.want(metrics, period, per=(entry.dimension,))
        desk.batch.want(desk.known(entry.changes), desk.times.base, per=(entry.dimension,))
    if entry.total:
        desk.batch.want(metrics, period)
        desk.batch.want(desk.known(entry.changes), desk.times.base)


def ask_parts(desk: Desk, entry: shape.Breakdown) -> None:
    """Ask for the other numbers of the parts that turned out to be the largest, and for no others."""
    period = period_of(desk, entry)
    kept = tuple(desk.batch.cut(entry.by, period, entry.dimension))
    if not kept or not _is_sum(desk, entry.by):
        return
    others = [metric for metric in desk.known(entry.metrics) if metric != entry.by]
    desk.batch.want(others, period, per=(entry.dimension,), among=kept)
    if entry.classed:
        desk.batch.want(desk.known((entry.classed,)), _twelve_months(period), per=(entry.dimension,), among=kept)
    desk.batch.want(desk.known(entry.changes), desk.times.base, per=(entry.dimension,), among=kept)


def breakdown(desk: Desk, entry: shape.Breakdown) -> Table | None:
    """Return the table of ``entry``, largest first; None when the dimension is not known or has no number."""
    metrics = [metric for metric in desk.known(entry.metrics) if desk.batch.is_allowed(metric, (entry.dimension,))]
    if not metrics or not desk.known((entry.by,)):
        return None
    period = period_of(desk, entry)
    cuts = {metric: desk.batch.cut(metric, period, entry.dimension) for metric in dict.fromkeys((entry.by, *metrics))}
    earlier = {metric: desk.batch.cut(metric, desk.times.base, entry.dimension) for metric in entry.changes}
    # Of a sum, a row of nothing says nothing.
    is_sum = _is_sum(desk, entry.by)
    order = [key for key, value in cuts[entry.by].items() if value.value is not None and (value.value or not is_sum)]
    whole_count = max([len(order), *(_parts(cuts[entry.by][key]) for key in order)])
    order.sort(key=lambda key: (-weight(cuts[entry.by][key]), key))
    if not order or order == [""] or (len(order) == 1 and entry.dimension == "shop"):
        return None
    kept = order[: entry.most]
    forms = {
        metric: desk.form_for(metric, [cuts[metric][key].value for key in kept if key in cuts[metric]]) for metric in cuts
    }
    whole = desk.batch.value(entry.by, period)
    has_share = entry.share and whole.value is not None and whole.value > 0
    has_base = isinstance(desk.metric(entry.by).calculation, Ratio) and desk.metric(entry.by).unit == "ratio"
    names = standing.product_names(desk.engine.conn, kept) if entry.dimension == "product" else {}
    metrics = [metric for metric in metrics if not _is_silent(desk, entry, metric, cuts[metric], kept)]
    classes = desk.batch.cut(entry.classed, _twelve_months(period), entry.dimension) if entry.classed else {}
    columns = [Column(entry.dimension, desk.say(_head_key(entry.dimension)), "text", 2.8)]
    if classes:
        columns.append(Column("class", desk.short_name(entry.classed), "pill", 0.6, drop=3, tip=desk.say("class_tip")))
    if has_base:
        columns.append(Column("n", desk.say("head_n"), "number", 0.7, tip=desk.say("head_n_tip")))
    for metric in metrics:
        columns.append(Column(metric, desk.short_name(metric), "number", 1.1, tip=desk.definition(metric)))
        if metric in entry.changes:
            columns.append(Column(f"{metric}_change", desk.say(f"head_previous_{desk.grain_key()}"), "change", 0.9, drop=1))
    if has_share:
        columns.append(Column("share", desk.say("head_share"), "bar", 1.2, drop=2))
    rows = []
    for key in kept:
        cells = _cells(desk, entry, metrics, forms, {metric: cuts[metric].get(key) for metric in cuts}, key, earlier)
        if has_base:
            cells.insert(0, NumberCell(_count(cuts[entry.by][key].denominator)))
        if has_share:
            cells.append(_share(desk, cuts[entry.by][key], whole))
        if classes:
            cells.insert(0, PillCell((classes[key].word or "") if key in classes else ""))
        title = TextCell(f"{key} {names[key]}" if names.get(key) else key_name(desk, entry.dimension, key), muted=not key)
        cut = (*split_cut(entry.by)[1], (entry.dimension, key))
        reference = desk.figure(cuts[entry.by][key], forms[entry.by], cut).reference
        rows.append(Row((title, *cells), key, reference=reference))
    if entry.total and whole_count > 1:
        totals = {metric: desk.batch.value(metric, period) for metric in cuts}
        cells = _cells(desk, entry, metrics, forms, dict(totals), None, {})
        if has_base:
            cells.insert(0, NumberCell(_count(whole.denominator)))
        if has_share:
            cells.append(BarCell(None, Figure(None, "")))
        if classes:
            cells.insert(0, PillCell(""))
        rows.append(Row((TextCell(desk.say("total"), strong=True), *cells), "total", is_total=True))
    corner = desk.say("rows_of", shown=len(kept), all=f"{whole_count:,}") if whole_count > len(kept) == entry.most else ""
    subtitle = _period_words(desk, entry, period)
    return Table(
        entry.key, desk.say(f"title_{entry.key}"), tuple(columns), tuple(rows), subtitle, corner, is_sortable=True, span=entry.span
    )


def _cells(
    desk: Desk,
    entry: shape.Breakdown,
    metrics: Sequence[str],
    forms: dict[str, Form],
    values: dict[str, Value | None],
    key: str | None,
    earlier: dict[str, dict[str, Value]],
) -> list[Cell]:
    cells: list[Cell] = []
    extra = () if key is None else ((entry.dimension, key),)
    for metric in metrics:
        value = values.get(metric)
        figure = desk.figure(value, forms[metric], (*split_cut(metric)[1], *extra)) if value else Figure(None, figures.MISSING, "", desk.say("why_missing"))
        cells.append(NumberCell(figure, strong=metric == entry.by or key is None))
        if metric in entry.changes:
            before = desk.batch.value(metric, desk.times.base) if key is None else earlier[metric].get(key)
            if value is not None and before is not None:
                cells.append(ChangeCell(desk.change(value, before, forms[metric])))
            else:
                cells.append(ChangeCell(Figure(None, figures.MISSING, "", desk.say("why_no_ratio"))))
    return cells


def key_name(desk: Desk, dimension: str, key: str) -> str:
    """Return what a part is called: reasons of refunds, classes of expenses and devices have words, all else its own name."""
    if not key:
        return desk.say("not_stated" if dimension == "reason" else "not_known")
    if dimension not in ("reason", "class", "device"):
        return key
    named = desk.say(f"{dimension}_{key}")
    return key if named == f"reports.{dimension}_{key}" else named


def _twelve_months(period: Period) -> Period:
    """Return the twelve months that end with the period: in one week chance and promotions decide what sells."""
    return Period(min(period.first, period.last - 364), period.last)


def _is_silent(desk: Desk, entry: shape.Breakdown, metric: str, cuts: dict[str, Value], kept: Sequence[str]) -> bool:
    """Say whether a column that may be left out has no number at all."""
    if metric not in entry.optional:
        return False
    if entry.total and desk.batch.value(metric, period_of(desk, entry)).value is not None:
        return False
    return all(cuts[key].value is None for key in kept if key in cuts)


def _share(desk: Desk, part: Value, whole: Value) -> BarCell:
    if part.value is None or not whole.value:
        return BarCell(None, Figure(None, figures.MISSING))
    ratio = part.value / whole.value
    form = figures.form("ratio", desk.language, decimals=3)
    return BarCell(min(max(float(ratio), 0.0), 1.0), Figure(ratio, form.text(ratio)))


def _is_sum(desk: Desk, metric: str) -> bool:
    return bool(desk.known((metric,))) and desk.metric(metric).unit in ("money", "count")


def _parts(value: Value) -> int:
    """Return how many parts the engine says there are."""
    parts = value.details.get("parts")
    return parts if isinstance(parts, int) else 0


def weight(value: Value) -> float:
    """Return what rows are sorted by: the number itself, or the base of a share."""
    if value.unit == "ratio" and value.denominator is not None:
        return float(value.denominator)
    return float(value.value or 0)


def _count(number: object) -> Figure:
    if not isinstance(number, int):
        return Figure(None, figures.MISSING)
    return Figure(number, figures.grouped(figures.rounded(number)))


def period_of(desk: Desk, entry: shape.Breakdown | shape.People) -> Period:
    """Return the days the entry is about."""
    return weeks_back(desk.times.period, entry.weeks) if entry.weeks else desk.times.period


def _period_words(desk: Desk, entry: shape.Breakdown | shape.People, period: Period) -> str:
    if period == desk.times.period:
        return desk.period_name()
    return desk.say("weeks_to", n=entry.weeks, day=figures.day_text(period.last, desk.language))


# ---------- people


def ask_people(desk: Desk, entry: shape.People) -> None:
    per = (entry.dimension,)
    metrics = desk.known(dict.fromkeys((entry.base, *entry.metrics, *entry.shares)))
    period = period_of(desk, entry)
    desk.batch.want(metrics, period, per=per)
    desk.batch.want(metrics, period)


def people(desk: Desk, entry: shape.People) -> Table | None:
    """Return people with their samples: a call needs the 99 % interval clear of the team's median.

    Whoever has fewer than thirty cases is listed last and never called.
    """
    metrics = [metric for metric in desk.known(entry.metrics) if desk.batch.is_allowed(metric, (entry.dimension,))]
    shares = [metric for metric in desk.known(entry.shares) if desk.batch.is_allowed(metric, (entry.dimension,))]
    if not desk.known((entry.base,)) or not metrics:
        return None
    period = period_of(desk, entry)
    cuts = {metric: desk.batch.cut(metric, period, entry.dimension) for metric in dict.fromkeys((entry.base, *metrics, *shares))}
    names = [key for key, value in cuts[entry.base].items() if key and value.value]
    if not names:
        return None
    medians = {metric: _median(cuts[metric], names) for metric in shares}
    calls = {name: [_call(cuts[metric].get(name), medians[metric]) for metric in shares] for name in names}
    names.sort(key=lambda name: (all(call == "few" for call in calls[name]) and bool(shares), -weight(cuts[entry.base][name]), name))
    forms = {metric: desk.form_for(metric, [cuts[metric][name].value for name in names if name in cuts[metric]]) for metric in cuts}
    columns = [Column(entry.dimension, desk.say(f"head_{entry.dimension}"), "text", 1.8)]
    columns += [Column(metric, desk.short_name(metric), "number", 1.1, tip=desk.definition(metric)) for metric in metrics]
    for metric in shares:
        columns.append(Column(metric, desk.short_name(metric), "number", 1.0, tip=desk.definition(metric)))
        columns.append(Column(f"{metric}_n", desk.say("head_n"), "number", 0.7, drop=2))
        columns.append(Column(f"{metric}_interval", desk.say("head_interval"), "interval", 1.4, drop=1))
    columns.append(Column("call", desk.say("head_state"), "state", 1.3))
    rows = [
        Row(
            (
                TextCell(name),
                *(NumberCell(desk.figure(cuts[metric][name], forms[metric], ((entry.dimension, name),))) for metric in metrics if name in cuts[metric]),
                *(cell for metric in shares for cell in _share_cells(desk, metric, cuts[metric], name, names, forms, medians, entry)),
                StateCell(_verdict(desk, calls[name])),
            ),
            name,
            reference=desk.figure(cuts[entry.base][name], forms[entry.base], ((entry.dimension, name),)).reference,
        )
        for name in names
    ]
    total: list[Cell] = [TextCell(desk.say("team"), strong=True)]
    total += [NumberCell(desk.figure(desk.batch.value(metric, period), forms[metric]), strong=True) for metric in metrics]
    for metric in shares:
        whole = desk.batch.value(metric, period)
        median = medians[metric]
        total.append(NumberCell(desk.figure(whole, forms[metric]), strong=True))
        total.append(NumberCell(_count(whole.denominator), strong=True))
        words = desk.say("median", value=forms[metric].text(median)) if median is not None else ""
        total.append(IntervalCell(None, None, None, text=words))
    total.append(TextCell(""))
    rows.append(Row(tuple(total), "total", is_total=True))
    subtitle = desk.say("people_subtitle", period=_period_words(desk, entry, period))
    return Table(entry.key, desk.say(f"title_{entry.key}"), tuple(columns), tuple(rows), subtitle, span=entry.span)


def _share_cells(
    desk: Desk,
    metric: str,
    cuts: dict[str, Value],
    name: str,
    names: Sequence[str],
    forms: dict[str, Form],
    medians: dict[str, float | None],
    entry: shape.People,
) -> tuple[Cell, Cell, Cell]:
    value = cuts.get(name)
    if value is None or value.value is None or not value.denominator:
        missing = Figure(None, figures.MISSING, "", desk.say("why_missing"))
        return NumberCell(missing, muted=True), NumberCell(missing, muted=True), IntervalCell(None, None, None)
    is_few = value.denominator < LEAST_SAMPLE
    low, high = wilson(float(value.numerator or 0), float(value.denominator), Z95)
    edges = [wilson(float(cut.numerator or 0), float(cut.denominator or 0), Z95) for cut in (cuts.get(other) for other in names) if cut]
    bottom, top = min(edge[0] for edge in edges), max(edge[1] for edge in edges)
    median = medians[metric]

    def place(share: float) -> float:
        return (share - bottom) / (top - bottom) if top > bottom else 0.5

    form = forms[metric]
    call = _call(value, median)
    return (
        NumberCell(desk.figure(value, form, ((entry.dimension, name),)), strong=not is_few, muted=is_few),
        NumberCell(_count(value.denominator), muted=is_few),
        IntervalCell(
            place(low),
            place(float(value.value)),
            place(high),
            None if median is None else place(median),
            is_few,
            "worse" if call == "low" else "better" if call == "high" else "neutral",
            f"{form.text(low).removesuffix(form.after)}–{form.text(high)}",
        ),
    )


def _median(cuts: dict[str, Value], names: Sequence[str]) -> float | None:
    """Return the team's median of those with enough cases."""
    shares = [
        float(cuts[name].value or 0)
        for name in names
        if name in cuts and cuts[name].value is not None and (cuts[name].denominator or 0) >= LEAST_SAMPLE
    ]
    if not shares:
        return None
    import statistics  # few pages have people

    return statistics.median(shares)


def _call(value: Value | None, median: float | None) -> str:
    if value is None or value.value is None or not value.denominator:
        return "none"
    if value.denominator < LEAST_SAMPLE or median is None:
        return "few"
    low, high = wilson(float(value.numerator or 0), float(value.denominator), Z99)
    return "low" if high < median else "high" if low > median else "same"


def _verdict(desk: Desk, calls: Sequence[str]) -> State:
    lows, highs = calls.count("low"), calls.count("high")
    if lows:
        return State("down", desk.say("call_low", n=lows), "worse", desk.say("why_call"))
    if highs:
        return State("up", desk.say("call_high", n=highs), "better", desk.say("why_call"))
    if "same" in calls:
        return State("on_target", desk.say("call_same"), "neutral", desk.say("why_call"))
    key = "call_few" if "few" in calls else "state_no_call"
    return State("no_call", desk.say(key), "neutral", desk.say("why_few", least=LEAST_SAMPLE))


def _head_key(dimension: str) -> str:
    # "target" is what a monitor watches here, not what was agreed.
    return "head_target_host" if dimension == "target" else f"head_{dimension}"
