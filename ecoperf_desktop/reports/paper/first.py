"""The first sheet: it must stand alone in a meeting."""

from __future__ import annotations

from dataclasses import replace

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Bucket, Grain
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Bridge,
    Callouts,
    Mark,
    NumberCell,
    PageSummary,
    Row,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.pack import Pack
from ecoperf_desktop.reports.pages import code_of
from ecoperf_desktop.reports.pages.overview import HEADLINES
from ecoperf_desktop.reports.paper import charts, drawn
from ecoperf_desktop.reports.paper.canvas import BODY, GREY, HEAD, SMALL, Canvas, Sheet

MOST_HEADLINES = 7
MOST_ROWS = 11
ACTION_LINES = 3
DECISION_LINES = 3


def first_sheets(pack: Pack, canvas: Canvas) -> list[Sheet]:
    """Return the first sheet of the pack."""
    page = pack.overview
    if page is None:
        return []
    language = pack.scope.language

    def draw(canvas: Canvas) -> None:
        top = _head(pack, page, canvas)
        if page.is_empty:
            _empty(page, canvas, top)
            return
        top = _actions(canvas, top, language)
        gutter = 14.0
        split = canvas.left + (canvas.right - canvas.left) * 0.675
        low = _headlines(page, canvas, canvas.left, split, top, language)
        low = _bridges(page, canvas, canvas.left, split, low + 8, canvas.height - canvas.margin - 84, language)
        right = split + gutter
        side = _discuss(page, canvas, right, canvas.right, top)
        side = _restated(canvas, right, canvas.right, side + 8, language)
        bottom = canvas.height - canvas.margin - 16
        _decisions(canvas, canvas.left, split, max(low + 6, bottom - 60), language)
        _signatures(canvas, right, canvas.right, max(side + 6, bottom - 60), bottom, language)

    return [Sheet([draw], _legend(language))]


def _legend(language: str) -> tuple[tuple[Mark | None, str], ...]:
    marks: tuple[Mark, ...] = ("up", "down", "off_target", "on_target", "watch", "no_call")
    entries: list[tuple[Mark | None, str]] = [(mark, sentence(f"reports.legend_{mark}", language)) for mark in marks]
    return (*entries, (None, sentence("reports.legend_bars", language)))


def _head(pack: Pack, page: PageSummary, canvas: Canvas) -> float:
    """Write what the sheet is about at the left, what stands behind it at the right."""
    facts, language, scope = pack.facts, pack.scope.language, pack.scope
    key = scope.grain.value if scope.grain else "free"
    title = sentence(f"reports.review_{key}", language, period=page.period_text)
    top = canvas.margin
    width = canvas.right - canvas.left
    first = [facts.through_text, facts.covered_text, *(f"{figures.DAGGER} {gap}" for gap in facts.gaps[:2]), facts.imports_text]
    second = [facts.cost_text, facts.calendar_text, facts.compare_text]
    canvas.text(canvas.left, top + 12, title, HEAD, bold=True, room=width * 0.5)
    under = f"{page.scope_text} · {figures.long_span_text(scope.period, language)}"
    canvas.text(canvas.left, top + 28, under, BODY + 0.4, room=width * 0.46)
    for index, parts in enumerate((first, second)):
        words = " · ".join(part for part in parts if part)
        canvas.text(canvas.right, top + 6 + index * 10.4, words, SMALL + 0.4, align="right", room=width * 0.56)
    last = f"{facts.draft} · {sentence('reports.report_named', language, report=facts.report)} · {pack.hash8}"
    canvas.text(canvas.right, top + 27.4, last, SMALL + 0.4, bold=True, align="right")
    return top + 42


def _empty(page: PageSummary, canvas: Canvas, top: float) -> None:
    for index, block in enumerate(page.blocks):
        words = (getattr(block, "missing", ""), getattr(block, "needs", ""))
        for line, text in enumerate(words):
            canvas.text(canvas.left, top + 20 + index * 40 + line * 13, text, BODY + 1, bold=line == 0)


def _actions(canvas: Canvas, top: float, language: str) -> float:
    """Leave lines to write last meeting's actions on: none are recorded in the workspace yet."""

    def say(key: str) -> str:
        return sentence(f"reports.{key}", language)

    left, right = canvas.left, canvas.right
    place = drawn.title(canvas, left, right, top, say("sheet_actions"), say("sheet_actions_none"), "A")
    edges = (0.0, 0.06, 0.42, 0.54, 0.62, 0.74)
    heads = ("sheet_id", "sheet_action", "sheet_owner", "sheet_due", "sheet_progress", "sheet_metric")
    for edge, key in zip(edges, heads, strict=True):
        canvas.text(left + (right - left) * edge, place + 9, say(key), SMALL, color=GREY)
    place += 12.5
    canvas.rule(left, right, place, 0.4)
    for _ in range(ACTION_LINES):
        place += 14
        canvas.rule(left, right, place, 0.3, GREY)
    return place + 9


def _headlines(page: PageSummary, canvas: Canvas, left: float, right: float, top: float, language: str) -> float:
    card = next((block for block in page.blocks if isinstance(block, Table) and block.key == "scorecard"), None)
    if card is None:
        return top
    by_metric = {row.key: row for row in card.rows}
    known = [by_metric[metric] for metric in HEADLINES if metric in by_metric and _is_known(by_metric[metric])]
    own = [row for row in card.rows if row.group == sentence("reports.group_own", language)]
    # What a person wrote is wanted on paper: where it is much, the last of the others give way.
    most = min(MOST_HEADLINES, MOST_ROWS - len(own))
    rows = [_with_code(row) for row in (*known[:most], *own)]
    table = replace(card, title=sentence("reports.sheet_headline", language))
    return drawn.table(canvas, left, right, top, table, rows, language, "B", tall=16.2)


def _is_known(row: Row) -> bool:
    return any(isinstance(cell, NumberCell) and cell.figure.value is not None and cell.strong for cell in row.cells)


def _with_code(row: Row) -> Row:
    """Put the reference of the number behind its name."""
    name = row.cells[0]
    if not isinstance(name, TextCell):
        return row
    return replace(row, cells=(replace(name, text=f"{name.text}  {code_of(row.key)}".rstrip()), *row.cells[1:]))


def _bridges(page: PageSummary, canvas: Canvas, left: float, right: float, top: float, bottom: float, language: str) -> float:
    bridges = [block for block in page.blocks if isinstance(block, Bridge)][:2]
    if not bridges:
        place = drawn.title(canvas, left, right, top, sentence("reports.bridge_net_sales", language), "", "C")
        canvas.text(left, place + 12, sentence("reports.sheet_no_bridge", language), BODY, color=GREY)
        return place + 18
    gap = 14.0
    width = (right - left - gap * (len(bridges) - 1)) / len(bridges)
    height = min(max(bottom - top - 38 - 9.2 * len(bridges), 90.0), 150.0)
    for index, bridge in enumerate(bridges):
        start = left + index * (width + gap)
        subtitle = f"{bridge.subtitle}, {bridge.paper_unit}" if bridge.paper_unit else bridge.subtitle
        place = drawn.title(canvas, start, start + width, top, bridge.title, subtitle, "C" if index == 0 else "")
        charts.draw(canvas, start, place + 4, start + width, place + 4 + height, bridge)
    place = top + 12 + height + 16
    for bridge in bridges:
        for words in canvas.wrapped(f"{bridge.sum_text} ({bridge.method})", SMALL, right - left, 2):
            canvas.text(left, place, words, SMALL)
            place += 9.2
    return place - 4


def _discuss(page: PageSummary, canvas: Canvas, left: float, right: float, top: float) -> float:
    block = next((block for block in page.blocks if isinstance(block, Callouts)), None)
    if block is None:
        return top
    count = f", {len(block.callouts)}" if block.callouts else ""
    place = drawn.title(canvas, left, right, top, block.title, f"{block.subtitle}{count}", "D") + 3
    for callout in block.callouts:
        place = drawn.callout(canvas, left, right, place, callout)
    if block.nothing:
        for words in canvas.wrapped(block.nothing, BODY, right - left, 3):
            canvas.text(left, place + 9, words, BODY)
            place += 10
    if block.foot:
        canvas.text(left, place + 9, block.foot, SMALL, color=GREY)
        place += 10
    return place


def _restated(canvas: Canvas, left: float, right: float, top: float, language: str) -> float:
    """Say that nothing can be restated yet: no week has been frozen in this workspace."""
    place = drawn.title(canvas, left, right, top, sentence("reports.sheet_restated", language), "", "E")
    for words in canvas.wrapped(sentence("reports.sheet_restated_none", language), BODY, right - left, 3):
        canvas.text(left, place + 10, words, BODY)
        place += 10
    return place + 4


def _decisions(canvas: Canvas, left: float, right: float, top: float, language: str) -> None:
    def say(key: str) -> str:
        return sentence(f"reports.{key}", language)

    place = drawn.title(canvas, left, right, top, say("sheet_decisions"), say("sheet_by_hand"))
    width = right - left
    for number in range(1, DECISION_LINES + 1):
        place += 15.5
        canvas.text(left, place, str(number), BODY)
        canvas.rule(left + 10, left + width * 0.6, place + 1.5, 0.4, GREY)
        owner = canvas.text(left + width * 0.63, place, say("sheet_owner_line"), BODY)
        canvas.rule(left + width * 0.63 + owner + 4, left + width * 0.83, place + 1.5, 0.4, GREY)
        due = canvas.text(left + width * 0.86, place, say("sheet_due_line"), BODY)
        canvas.rule(left + width * 0.86 + due + 4, right, place + 1.5, 0.4, GREY)


def _signatures(canvas: Canvas, left: float, right: float, top: float, bottom: float, language: str) -> None:
    drawn.title(canvas, left, right, top, sentence("reports.sheet_signatures", language))
    slot = (right - left + 8) / 3
    for index, key in enumerate(("sheet_sign_owner", "sheet_sign_second", "sheet_sign_date")):
        start = left + index * slot
        canvas.rule(start, start + slot - 8, bottom - 12, 0.4, GREY)
        canvas.text(start, bottom - 3, sentence(f"reports.{key}", language), SMALL, room=slot - 8)


def period_reference(pack: Pack) -> str:
    """Return how a printed reference names the period: W33, 2026-08."""
    scope = pack.scope
    if scope.grain is None or scope.label is None:
        return figures.span_text(scope.period, scope.language)
    if scope.grain is Grain.WEEK:
        return figures.axis_label(Bucket(scope.label, scope.period), Grain.WEEK, scope.language)
    return scope.label
