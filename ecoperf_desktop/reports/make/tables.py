"""Tables cut along a dimension."""

from __future__ import annotations

from collections.abc import Sequence

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
    NumberCell,
    PillCell,
    Row,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.reports.timeline import weeks_back
from ecoperf_desktop.store import standing

# Dimensions of which a shop has a handful of values.
_FEW = ("shop", "channel", "device", "target", "account")


def ask_breakdown(desk: Desk, entry: shape.Breakdown) -> None:
    """Ask for the largest parts, or, of a rate, for all of them: they are sorted by what they rest on."""
    period = period_of(desk, entry)
    metrics = desk.known(dict.fromkeys((entry.by, *entry.metrics)))
    if entry.may_be_nothing:
        pass  # the parts of nothing need not be looked for: the total is asked first
    elif _is_ranked_first(desk, entry):
        desk.batch.want(desk.known((entry.by,)), period, per=(entry.dimension,), top=(entry.most, period))
    else:
        desk.batch.want(metrics, period, per=(entry.dimension,))
        desk.batch.want(desk.known(entry.changes), desk.times.base, per=(entry.dimension,))
    if entry.best:
        desk.batch.want(desk.known((entry.best,)), period)
    if entry.total:
        desk.batch.want(metrics, period)
        desk.batch.want(desk.known(entry.changes), desk.times.base)


def ask_parts(desk: Desk, entry: shape.Breakdown) -> None:
    """Ask for the other numbers of the parts that turned out to be the largest, and for no others."""
    period = period_of(desk, entry)
    if entry.may_be_nothing:
        if desk.batch.value(entry.by, period).value:
            per, top = (entry.dimension,), (entry.most, period)
            desk.batch.want(desk.known(dict.fromkeys((entry.by, *entry.metrics))), period, per=per, top=top)
            desk.batch.want(desk.known(dict.fromkeys((entry.by, *entry.changes))), desk.times.base, per=per, top=top)
        return
    kept = tuple(desk.batch.cut(entry.by, period, entry.dimension))
    if not kept or not _is_ranked_first(desk, entry):
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
            cells.insert(0, NumberCell(count(cuts[entry.by][key].denominator)))
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
            cells.insert(0, NumberCell(count(whole.denominator)))
        if has_share:
            cells.append(BarCell(None, Figure(None, "")))
        if classes:
            cells.insert(0, PillCell(""))
        rows.append(Row((TextCell(desk.say("total"), strong=True), *cells), "total", is_total=True))
    corner = desk.say("rows_of", shown=len(kept), all=f"{whole_count:,}") if whole_count > len(kept) == entry.most else ""
    if entry.best and (best := desk.batch.value(entry.best, period)).value is not None:
        words = desk.say("best_of_rows", share=desk.form_for(entry.best, [best.value]).text(best.value))
        corner = f"{words} · {corner}" if corner else words
    subtitle = period_words(desk, entry, period)
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


def _is_ranked_first(desk: Desk, entry: shape.Breakdown) -> bool:
    """Say whether the largest parts are found before anything else is asked: of few parts all are read at once."""
    return entry.dimension not in _FEW and _is_sum(desk, entry.by)


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


def count(number: object) -> Figure:
    """Return how many there are as it is shown."""
    if not isinstance(number, int):
        return Figure(None, figures.MISSING)
    return Figure(number, figures.grouped(figures.rounded(number)))


def period_of(desk: Desk, entry: shape.Breakdown | shape.People) -> Period:
    """Return the days the entry is about."""
    return weeks_back(desk.times.period, entry.weeks) if entry.weeks else desk.times.period


def period_words(desk: Desk, entry: shape.Breakdown | shape.People, period: Period) -> str:
    """Say over which days a table is."""
    if period == desk.times.period:
        return desk.period_name()
    return desk.say("weeks_to", n=entry.weeks, day=figures.day_text(period.last, desk.language))


def _head_key(dimension: str) -> str:
    # "target" is what a monitor watches here, not what was agreed.
    return "head_target_host" if dimension == "target" else f"head_{dimension}"
