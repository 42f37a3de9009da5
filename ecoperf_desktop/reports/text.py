"""The pack as plain text for the terminal: the same numbers and words, in columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

from ecoperf_desktop.plain import one_line
from ecoperf_desktop.reports.blocks import (
    Bars,
    Block,
    Bridge,
    Callouts,
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
    Stack,
    State,
    Table,
    Trend612,
)
from ecoperf_desktop.reports.tabular import table_of

if TYPE_CHECKING:
    from ecoperf_desktop.reports.pack import Pack

MARKS = {"up": "▲", "down": "▼", "off_target": "◐", "watch": "○", "on_target": "•", "no_call": "–"}
WIDTH = 110
_LEVELS = "▁▂▃▄▅▆▇█"


def text(pack: Pack) -> str:
    """Return the whole pack."""
    return "\n".join("\n".join(page_lines(page, pack.hash8)) for page in pack.pages)


def page_lines(page: PageSummary, hash8: str = "") -> list[str]:
    """Return one page, a line each."""
    facts = page.facts
    title = f"{page.title} · {page.period_text}"
    lines = [title, "=" * _width(title)]
    head = [page.scope_text, facts.through_text, facts.covered_text, *facts.gaps, facts.cost_text]
    lines.append(" · ".join(part for part in head if part))
    lines.append(" · ".join(part for part in (facts.calendar_text, facts.imports_text, facts.draft, facts.report, hash8) if part))
    lines.append("")
    cards: list[KpiCard] = []
    for block in page.blocks:
        if isinstance(block, KpiCard):
            cards.append(block)
            continue
        if cards:
            lines += [*_cards(cards), ""]
            cards = []
        lines += [*block_lines(block, page.scope.language), ""]
    if cards:
        lines += [*_cards(cards), ""]
    lines += [f"  {note}" for note in page.footnotes]
    lines.append("")
    return [plain(line) for line in lines]


def block_lines(block: Block, language: str | None = None) -> list[str]:
    """Return one block, a line each; ``language`` is that of a chart's column heads, None the one in use."""
    match block:
        case Headline():
            counts = "   ".join(_state(state) for state in block.counts)
            return [block.sentence, *([counts] if counts else [])]
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
            return [_head(block.title, ""), *(f"  {line}" for line in block.lines)]
        case Empty():
            return [block.title, f"  {block.missing}", f"  {block.needs}"]
        case _:
            assert_never(block)


def plain(line: str) -> str:
    """Return the line with control characters, which an import may have brought, as signs, and without trailing space."""
    return one_line(line).rstrip()


def _cards(cards: Sequence[KpiCard]) -> list[str]:
    rows = [(card.title, card.figure.text, _spark(card.spark), _state(card.state), card.line) for card in cards]
    return _columns(rows, "lrlll")


def _table(table: Table) -> list[str]:
    head = _head(table.title, " · ".join(part for part in (table.subtitle, table.corner) if part))
    has_groups = any(row.group for row in table.rows)
    rows = [((("",) if has_groups else ()) + tuple(column.title for column in table.columns))]
    group = ""
    for row in table.rows:
        shown = tuple(_spark(cell.spark) if hasattr(cell, "spark") else _cell(cell) for cell in row.cells)
        rows.append(((row.group if row.group != group else "",) if has_groups else ()) + shown)
        group = row.group
    sides = ("l" if has_groups else "") + "".join("r" if column.is_right or column.kind == "bar" else "l" for column in table.columns)
    return [head, *_columns(rows, sides, has_head=True), *([table.foot] if table.foot else [])]


def _cell(cell: object) -> str:
    state = getattr(cell, "state", None)
    return _state(state) if isinstance(state, State) else str(getattr(cell, "text", ""))


def _trend(block: Trend612) -> list[str]:
    code = f" {block.code}" if block.code else ""
    lines = [f"{block.title}{code}  {block.figure.text}  {_state(block.state)}"]
    for panel in (block.weeks, block.months):
        lines += _panel(panel)
    foot = " · ".join(
        f"{entry.label} {entry.figure.text}" + (f" {entry.change.text}" if entry.change else "") for entry in block.foot
    )
    return [*lines, f"  {foot}"]


def _panel(panel: Panel) -> list[str]:
    labels = [*panel.labels[:-1], f"{panel.labels[-1]} ({panel.part})" if panel.part else panel.labels[-1]]
    rows = [tuple(labels), tuple(point.short for point in panel.points)]
    if any(point.value is not None for point in panel.last_year):
        rows.append(tuple(point.short for point in panel.last_year))
    return _columns(rows, "r" * len(labels))


def _bridge(block: Bridge) -> list[str]:
    rows = [(block.start.label, block.start.figure.text, "")]
    rows += [(step.label, step.figure.text, step.second) for step in block.steps]
    rows.append((block.end.label, block.end.figure.text, ""))
    return [_head(block.title, block.subtitle), *_columns(rows, "lrr"), f"  {block.sum_text} ({block.method})"]


def _lines(block: Lines) -> list[str]:
    lines = [f"{block.title}  {block.figure.text}  {_state(block.state)}  {block.subtitle}"]
    rows = [(series.name, _bars(series.points), series.last.text) for series in block.series]
    lines += _columns(rows, "llr")
    if block.thresholds:
        marks = [block.floor, *(f"> {mark.label} {mark.zone}" for mark in block.thresholds)]
        lines.append("  " + " · ".join(mark for mark in marks if mark))
    return lines


def _callouts(block: Callouts) -> list[str]:
    lines = [_head(block.title, block.subtitle)]
    for callout in block.callouts:
        lines.append(f"  {MARKS[callout.state.mark]} {callout.title}")
        if callout.detail:
            lines.append(f"    {callout.detail}")
    if block.nothing:
        lines.append(f"  {block.nothing}")
    if block.foot:
        lines.append(f"  {block.foot}")
    return lines


def _state(state: State) -> str:
    return f"{MARKS[state.mark]} {state.text}"


def _spark(spark: Spark | None) -> str:
    return _bars(spark.points) if spark else ""


def _bars(points: Sequence[float | None]) -> str:
    known = [point for point in points if point is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = high - low
    return "".join(
        " " if point is None else _LEVELS[round((point - low) / span * 7) if span else 3] for point in points
    )


def _head(title: str, subtitle: str) -> str:
    return f"{title}  {subtitle}".rstrip()


def _columns(rows: Sequence[Sequence[str]], sides: str, *, has_head: bool = False) -> list[str]:
    """Set rows in columns of equal width; a Chinese character is two columns wide."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(sides))] if rows else []
    lines = [
        "  " + "  ".join(_set(cell, width, side) for cell, width, side in zip(row, widths, sides, strict=True)).rstrip()
        for row in rows
    ]
    if has_head:
        lines.insert(1, "  " + "  ".join("-" * width for width in widths))
    return lines


def _set(cell: str, width: int, side: str) -> str:
    room = " " * (width - _width(cell))
    return room + cell if side == "r" else cell + room


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
