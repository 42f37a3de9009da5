"""The pack as one HTML file: no scripts, nothing loaded from elsewhere, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, assert_never

from ecoperf_desktop.reports.blocks import (
    Bars,
    Block,
    Bridge,
    Callouts,
    Cell,
    Empty,
    Funnel,
    Headline,
    Heat,
    Histogram,
    KpiCard,
    Lines,
    Matrix,
    Notes,
    PageSummary,
    Panel,
    Points,
    Scatter,
    Spark,
    SparkCell,
    Stack,
    State,
    StateCell,
    Table,
    TextCell,
    Trend612,
)
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.reports.text import MARKS, plain

if TYPE_CHECKING:
    from ecoperf_desktop.reports.pack import Pack

_STYLE = """
body{font:13px/18px "EcoPerf Sans","Inter",system-ui,"Microsoft YaHei UI","PingFang SC","Noto Sans CJK SC",sans-serif;
 color:#171C24;background:#fff;max-width:1200px;margin:24px auto;padding:0 20px;font-variant-numeric:tabular-nums}
h1{font-size:20px;margin:32px 0 2px}h2{font-size:14px;margin:22px 0 4px}
.head,.sub,.why{color:#606977;font-size:12px}.lead{font-size:16px;font-weight:600}
table{border-collapse:collapse;width:100%;margin:4px 0}th,td{padding:4px 8px;border-bottom:1px solid #E8EBEF;text-align:left;vertical-align:top}
th{color:#606977;font-weight:400;font-size:12px}td.r,th.r{text-align:right}tr.total td{font-weight:600}
.strong{font-weight:600}.muted{color:#606977}.change{color:#475160}.better{color:#0A6F69;font-weight:600}.worse{color:#B3440A;font-weight:600}
.quiet{color:#6A5A1E}.last{color:#606977}.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:12px}
.card{border:1px solid #D9DDE3;border-radius:8px;padding:10px 14px}.value{font-size:22px;font-weight:600}
svg{vertical-align:middle}@media print{body{margin:0}h1{break-before:page}h1:first-of-type{break-before:auto}}
"""


# Should an element ever slip through, a browser still neither runs nor fetches anything for it.
_NOTHING_LOADED = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def html(pack: Pack) -> str:
    """Return the whole pack as one document."""
    language = "zh-CN" if pack.scope.language == "zh" else "en"
    pages = "".join(_page(page) for page in pack.pages)
    foot = " · ".join((pack.facts.report, pack.hash8, pack.facts.draft))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_LOADED}">'
        f"<title>{_text(pack.facts.report)} {_text(pack.pages[0].period_text)}</title><style>{_STYLE}</style></head>\n"
        f'<body>{pages}<p class="head">{_text(foot)}</p></body>\n</html>\n'
    )


def _page(page: PageSummary) -> str:
    facts = page.facts
    first = [page.scope_text, facts.through_text, facts.covered_text, *facts.gaps, facts.cost_text]
    second = [facts.calendar_text, facts.imports_text]
    parts = [f"<h1>{_text(page.title)} · {_text(page.period_text)}</h1>"]
    for line in (first, second):
        parts.append(f'<div class="head">{_text(" · ".join(part for part in line if part))}</div>')
    cards: list[KpiCard] = []
    for block in page.blocks:
        if isinstance(block, KpiCard):
            cards.append(block)
            continue
        if cards:
            parts.append(_cards(cards))
            cards = []
        parts.append(_block(block, page.scope.language))
    if cards:
        parts.append(_cards(cards))
    parts += [f'<p class="head">{_text(note)}</p>' for note in page.footnotes]
    return "".join(parts) + "\n"


def _block(block: Block, language: str) -> str:
    match block:
        case Headline():
            counts = " &nbsp; ".join(_state(state) for state in block.counts)
            return f'<p class="lead">{_text(block.sentence)}</p><p>{counts}</p>'
        case KpiCard():
            return _cards([block])
        case Table():
            return _table(block)
        case Trend612():
            return _trend(block)
        case Bridge():
            return _bridge(block)
        case Lines():
            return _lines(block)
        case Bars() | Heat() | Funnel() | Histogram() | Points() | Scatter() | Stack() | Matrix():
            return _table(table_of(block, language))
        case Callouts():
            return _callouts(block)
        case Notes():
            return _title(block.title) + "".join(f"<p>{_text(line)}</p>" for line in block.lines)
        case Empty():
            return _title(block.title) + f"<p>{_text(block.missing)}</p><p>{_text(block.needs)}</p>"
        case _:
            assert_never(block)


def _cards(cards: Sequence[KpiCard]) -> str:
    return (
        '<div class="cards">'
        + "".join(
            f'<div class="card"><div>{_text(card.title)} <span class="sub">{_text(card.code)}</span> {_state(card.state)}</div>'
            f'<div><span class="value">{_text(card.figure.text)}</span> {_spark(card.spark)}</div>'
            f'<div class="sub">{_text(card.line)}</div></div>'
            for card in cards
        )
        + "</div>"
    )


def _table(table: Table) -> str:
    has_groups = any(row.group for row in table.rows)
    heads = "".join(_head_cell(column.title, column.is_right) for column in table.columns)
    body, group = [], ""
    for row in table.rows:
        cells = "".join(_cell(cell, column.is_right) for cell, column in zip(row.cells, table.columns, strict=True))
        lead = f'<td class="muted">{_text(row.group) if row.group != group else ""}</td>' if has_groups else ""
        group = row.group
        body.append(f"<tr{_total(row.is_total)}>{lead}{cells}</tr>")
    subtitle = " · ".join(part for part in (table.subtitle, table.corner) if part)
    lead = "<th></th>" if has_groups else ""
    foot = f'<p class="sub">{_text(table.foot)}</p>' if table.foot else ""
    return f"{_title(table.title, subtitle)}<table><tr>{lead}{heads}</tr>{''.join(body)}</table>{foot}"


def _total(is_total: bool) -> str:
    return ' class="total"' if is_total else ""


def _head_cell(title: str, is_right: bool) -> str:
    return f'<th class="r">{_text(title)}</th>' if is_right else f"<th>{_text(title)}</th>"


def _cell(cell: Cell, is_right: bool) -> str:
    side = " r" if is_right else ""
    match cell:
        case StateCell(state):
            return f"<td>{_state(state)}</td>"
        case SparkCell(spark):
            return f"<td>{_spark(spark)}</td>"
        case TextCell():
            weight = "strong" if cell.strong else "muted" if cell.muted else ""
            return f'<td class="{weight}{side}">{_text(cell.text)}</td>'
        case _:
            figure = getattr(cell, "figure", None)
            tip = f' title="{_text(figure.reason)}"' if figure is not None and figure.reason else ""
            weight = "strong" if getattr(cell, "strong", False) else ""
            return f'<td class="{weight}{side}"{tip}>{_text(cell.text)}</td>'


def _trend(block: Trend612) -> str:
    head = f"<h2>{_text(block.title)} <span class='sub'>{_text(block.code)}</span> {_text(block.figure.text)} {_state(block.state)}</h2>"
    foot = " · ".join(
        f"{entry.label} {entry.figure.text}" + (f" {entry.change.text}" if entry.change else "") for entry in block.foot
    )
    return head + _panel(block.weeks) + _panel(block.months) + f'<p class="sub">{_text(foot)}</p>'


def _panel(panel: Panel) -> str:
    labels = [*panel.labels[:-1], f"{panel.labels[-1]} ({panel.part})" if panel.part else panel.labels[-1]]
    rows = ["".join(_head_cell(label, True) for label in labels)]
    rows.append("".join(f'<td class="r">{_text(point.short)}</td>' for point in panel.points))
    if any(point.value is not None for point in panel.last_year):
        rows.append("".join(f'<td class="r last">{_text(point.short)}</td>' for point in panel.last_year))
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _bridge(block: Bridge) -> str:
    rows = [(block.start.label, block.start.figure.text, "")]
    rows += [(step.label, step.figure.text, step.second) for step in block.steps]
    rows.append((block.end.label, block.end.figure.text, ""))
    foot = f'<p class="sub">{_text(block.sum_text)} ({_text(block.method)})</p>'
    return _title(block.title, block.subtitle) + _plain_table(rows) + foot


def _lines(block: Lines) -> str:
    head = f"<h2>{_text(block.title)} {_text(block.figure.text)} {_state(block.state)}</h2>"
    rows = [(series.name, series.last.text) for series in block.series]
    zones = " · ".join([block.floor, *(f"> {mark.label} {mark.zone}" for mark in block.thresholds)]) if block.thresholds else ""
    return head + _plain_table(rows) + f'<p class="sub">{_text(zones)}</p>'


def _callouts(block: Callouts) -> str:
    parts = [_title(block.title, block.subtitle)]
    for callout in block.callouts:
        parts.append(
            f'<p><span class="{callout.state.tone}">{MARKS[callout.state.mark]}</span> '
            f'<span class="strong">{_text(callout.title)}</span><br><span class="sub">{_text(callout.detail)}</span></p>'
        )
    parts += [f"<p>{_text(line)}</p>" for line in (block.nothing, block.foot) if line]
    return "".join(parts)


def _plain_table(rows: Sequence[Sequence[str]]) -> str:
    body = "".join(
        "<tr>" + "".join(_plain_cell(cell, bool(column)) for column, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table>{body}</table>"


def _plain_cell(text: str, is_right: bool) -> str:
    return f'<td class="r">{_text(text)}</td>' if is_right else f"<td>{_text(text)}</td>"


def _state(state: State) -> str:
    return f'<span class="{state.tone}" title="{_text(state.why)}">{MARKS[state.mark]} {_text(state.text)}</span>'


def _spark(spark: Spark | None) -> str:
    """Return the spark as inline SVG, its limits dotted."""
    if spark is None:
        return ""
    width, height = 134.0, 26.0
    span = (spark.axis.high - spark.axis.low) or 1.0

    def place(value: float) -> float:
        return round(min(max(height - 3 - (value - spark.axis.low) / span * (height - 6), 0), height), 1)

    step = (width - 8) / max(len(spark.points) - 1, 1)
    runs: list[list[str]] = [[]]
    for index, point in enumerate(spark.points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{round(4 + index * step, 1)},{place(point)}")
    lines = "".join(f'<polyline points="{_spaced(run)}" fill="none" stroke="#1D4F9E" stroke-width="1.4"/>' for run in runs if run)
    bounds = "".join(
        f'<line x1="0" x2="{width}" y1="{place(bound)}" y2="{place(bound)}" stroke="#8792A1" stroke-dasharray="2 3"/>'
        for bound in (spark.lower, spark.upper)
        if bound is not None
    )
    return f'<svg width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{_text(spark.text)}">{bounds}{lines}</svg>'


def _spaced(points: Sequence[str]) -> str:
    return " ".join(points)


def _title(title: str, subtitle: str = "") -> str:
    return f"<h2>{_text(title)} <span class='sub'>{_text(subtitle)}</span></h2>"


def _text(text: str) -> str:
    return escape(plain(text), quote=True)
