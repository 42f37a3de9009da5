"""The sheets of one area: what we steer at the left, what comes of it at the right, then the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    FULL,
    Bars,
    Block,
    Bridge,
    Callout,
    Callouts,
    Column,
    Drawn,
    Empty,
    Figure,
    Funnel,
    Headline,
    Heat,
    Histogram,
    KpiCard,
    Lines,
    Mark,
    Matrix,
    Notes,
    NumberCell,
    PageSummary,
    Points,
    Row,
    Scatter,
    SparkCell,
    Stack,
    StateCell,
    Table,
    TextCell,
    Trend612,
)
from ecoperf_desktop.reports.make.scores import says_something
from ecoperf_desktop.reports.pack import Pack
from ecoperf_desktop.reports.paper import drawn
from ecoperf_desktop.reports.paper.canvas import BODY, GREY, HEAD, SMALL, Canvas, Sheet
from ecoperf_desktop.reports.paper.first import period_reference

GUTTER = 16.0
# A long list is cut into parts of so many, and so many letters surely fit on a line of the whole width.
_CALLOUTS_TOGETHER = 5
_LETTERS_A_LINE = 165


@dataclass(frozen=True)
class Piece:
    """Something of a known height that is drawn whole between two edges."""

    height: float
    draw: Callable[[Canvas, float, float, float], None]
    is_wide: bool = False


def area_sheets(pack: Pack, page: PageSummary, canvas: Canvas, first_number: int) -> list[Sheet]:
    """Lay out a page's blocks on as many sheets as they take; a block that does not fit moves whole."""
    language = pack.scope.language
    top, bottom = canvas.margin + 26, canvas.height - canvas.margin - 15
    sheets: list[Sheet] = []
    state = _Flow(top)

    def opened() -> Sheet:
        sheet = Sheet([], _legend(language))
        number = first_number + len(sheets)
        sheet.drawings.append(lambda canvas: _head(pack, page, canvas, number))
        sheets.append(sheet)
        state.reset(top)
        return sheet

    sheet = opened()
    for pair in _pairs(pack, page, canvas):
        height = max(piece.height for piece in pair)
        if state.place + height > bottom and state.place > top:
            sheet = opened()
        for index, piece in enumerate(pair):
            slots = 1 if piece.is_wide else max(len(pair), 2)
            width = (canvas.right - canvas.left - GUTTER * (slots - 1)) / slots
            left = canvas.left + index * (width + GUTTER)
            sheet.drawings.append(_drawing(piece, left, left + width, state.place))
        state.place += height + 6
    return sheets


class _Flow:
    def __init__(self, place: float) -> None:
        self.place = place

    def reset(self, place: float) -> None:
        self.place = place


def _drawing(piece: Piece, left: float, right: float, top: float) -> Callable[[Canvas], None]:
    return lambda canvas: piece.draw(canvas, left, right, top)


def _head(pack: Pack, page: PageSummary, canvas: Canvas, number: int) -> None:
    top = canvas.margin
    place = canvas.left + canvas.text(canvas.left, top + 12, str(number), HEAD - 1, bold=True) + 12
    place += canvas.text(place, top + 12, page.title, HEAD - 1, bold=True) + 10
    right = f"{pack.facts.draft} · {pack.facts.report} · {pack.hash8}"
    room = canvas.right - place - canvas.text_width(right, BODY, True) - 12
    words = " · ".join(part for part in (page.period_text, page.scope_text, pack.facts.currency or "") if part)
    canvas.text(place, top + 12, words, BODY, room=room)
    canvas.text(canvas.right, top + 12, right, BODY, align="right")
    canvas.rule(canvas.left, canvas.right, top + 17, 0.9)


def _legend(language: str) -> tuple[tuple[Mark | None, str], ...]:
    return ((None, sentence("reports.legend_lines", language)),)


def _pairs(pack: Pack, page: PageSummary, canvas: Canvas) -> Iterator[tuple[Piece, ...]]:
    """Yield what stands side by side, in order."""
    language = pack.scope.language
    trends = [block for block in page.blocks if isinstance(block, Trend612) and says_something(block)]
    inputs = [block for block in trends if block.side == "input"]
    outputs = [block for block in trends if block.side == "output"]
    rest = [block for block in page.blocks if not isinstance(block, Trend612)]
    speeds = [block for block in rest if isinstance(block, Lines) and says_something(block)]
    if speeds:
        yield from _rows([_lines(block, language) for block in speeds], 3)
    if trends:
        yield (_heading(sentence("reports.inputs", language)), _heading(sentence("reports.outputs", language)))
    reference = period_reference(pack)
    for index in range(max(len(inputs), len(outputs))):
        pair = [side[index] if index < len(side) else None for side in (inputs, outputs)]
        yield tuple(_trend(block, language, reference) if block else Piece(0.0, _nothing) for block in pair)
    if trends:
        yield (_trend_table(pack, trends, language),)
    cards = [block for block in rest if isinstance(block, KpiCard) and says_something(block)]
    if cards:
        yield (_cards(cards, language),)
    others = [block for block in rest if not isinstance(block, KpiCard | Lines)]
    narrow: list[Piece] = []
    for block in others:
        for piece in _pieces(block, language, page):
            if piece.is_wide:
                yield from _rows(narrow)
                narrow = []
                yield (piece,)
            else:
                narrow.append(piece)
    yield from _rows(narrow)
    notes = [*pack.facts.gaps, *page.footnotes]
    if notes:
        yield (_notes(sentence("reports.notes", language), notes),)


def _rows(pieces: list[Piece], most: int = 2) -> Iterator[tuple[Piece, ...]]:
    for index in range(0, len(pieces), most):
        yield tuple(pieces[index : index + most])


def _nothing(canvas: Canvas, left: float, right: float, top: float) -> None:
    del canvas, left, right, top


def _heading(words: str) -> Piece:
    return Piece(3.0, lambda canvas, left, right, top: _write(canvas, left, top + 5, words))


def _write(canvas: Canvas, left: float, baseline: float, words: str) -> None:
    canvas.text(left, baseline, words, SMALL, color=GREY)


def _trend(block: Trend612, language: str, reference: str) -> Piece:
    return Piece(
        drawn.TREND_HEIGHT, lambda canvas, left, right, top: drawn.trend(canvas, left, right, top, block, language, reference)
    )


def _lines(block: Lines, language: str) -> Piece:
    return Piece(drawn.LINES_HEIGHT, lambda canvas, left, right, top: drawn.lines(canvas, left, right, top, block, language))


def _pieces(block: Block, language: str, page: PageSummary) -> Iterator[Piece]:
    match block:
        case Table():
            yield from _tables(block, language)
        case Bridge() | Bars() | Heat() | Funnel() | Histogram() | Points() | Scatter() | Stack() | Matrix():
            is_wide = isinstance(block, Heat) and len(block.columns) > 8 or isinstance(block, Bridge) and len(block.steps) > 7
            yield Piece(drawn.chart_height(block), partial(_chart, block=block), is_wide)
        case Callouts(span=span) if span[1] > 6:
            yield from _long_callouts(block)
        case Callouts():
            height = 24.0 + 32.0 * len(block.callouts)
            yield Piece(height, lambda canvas, left, right, top: _callouts(canvas, left, right, top, block))
        case Notes():
            yield _notes(block.title, list(block.lines))
        case Empty():
            yield Piece(48.0, lambda canvas, left, right, top: _empty(canvas, left, right, top, block), is_wide=True)
        case Headline():
            yield Piece(16.0, lambda canvas, left, right, top: _headline(canvas, left, right, top, block), is_wide=True)
        case KpiCard() | Lines() | Trend612():
            return


def _long_callouts(block: Callouts) -> Iterator[Piece]:
    """Yield a list over the whole sheet's width, in parts that fit on what is left of a sheet."""
    for start in range(0, max(len(block.callouts), 1), _CALLOUTS_TOGETHER):
        part = replace(block, callouts=block.callouts[start : start + _CALLOUTS_TOGETHER])
        if start:
            part = replace(part, title="", subtitle="")
        height = (24.0 if start == 0 else 4.0) + sum(_wide_height(callout) for callout in part.callouts) + (14.0 if block.nothing else 0.0)
        yield Piece(height, partial(_callouts_part, block=part), is_wide=True)


def _wide_height(callout: Callout) -> float:
    """Return the height of a callout over the whole width; what is written in Chinese takes twice the room."""
    width = sum(2 if ord(letter) > 0x2E7F else 1 for letter in callout.detail)
    return 5.0 + 9.6 * (1 + min(3, max(1, -(-width // _LETTERS_A_LINE))))


def _callouts_part(canvas: Canvas, left: float, right: float, top: float, *, block: Callouts) -> None:
    if block.title:
        _callouts(canvas, left, right, top, block)
        return
    for callout in block.callouts:
        top = drawn.callout(canvas, left, right, top, callout)


def _tables(block: Table, language: str) -> Iterator[Piece]:
    """Yield a table whole, or a very long one in parts under a repeated head."""
    is_wide = block.span[1] > 6 or len(block.columns) > 6
    size = 30 if is_wide else 16
    rows = block.rows
    for start in range(0, max(len(rows), 1), size):
        part = rows[start : start + size]
        yield _table_piece(block, part, language, is_wide)


def _table_piece(block: Table, rows: tuple[Row, ...], language: str, is_wide: bool) -> Piece:
    height = drawn.table_height(block, len(rows))
    return Piece(height, lambda canvas, left, right, top: _table(canvas, left, right, top, block, rows, language), is_wide)


def _table(canvas: Canvas, left: float, right: float, top: float, block: Table, rows: tuple[Row, ...], language: str) -> None:
    drawn.table(canvas, left, right, top, block, rows, language)


def _chart(canvas: Canvas, left: float, right: float, top: float, *, block: Drawn) -> None:
    drawn.chart(canvas, left, right, top, block)


def _callouts(canvas: Canvas, left: float, right: float, top: float, block: Callouts) -> None:
    place = drawn.title(canvas, left, right, top, block.title, block.subtitle) + 3
    for callout in block.callouts:
        place = drawn.callout(canvas, left, right, place, callout)
    if block.nothing:
        canvas.text(left, place + 9, block.nothing, BODY, room=right - left)


def _notes(title: str, lines: list[str]) -> Piece:
    def draw(canvas: Canvas, left: float, right: float, top: float) -> None:
        place = drawn.title(canvas, left, right, top, title)
        for words in lines:
            place += 10.5
            canvas.text(left, place, words, BODY, room=right - left)

    return Piece(16 + 10.5 * len(lines), draw, is_wide=True)


def _empty(canvas: Canvas, left: float, right: float, top: float, block: Empty) -> None:
    canvas.text(left, top + 12, block.missing, BODY + 1, bold=True, room=right - left)
    canvas.text(left, top + 26, block.needs, BODY, room=right - left)


def _headline(canvas: Canvas, left: float, right: float, top: float, block: Headline) -> None:
    canvas.text(left, top + 10, block.sentence, BODY + 1, bold=True, room=right - left)


def _cards(cards: list[KpiCard], language: str) -> Piece:
    """Return the page's cards as one table: on paper they are not boxes."""

    def say(key: str) -> str:
        return sentence(f"reports.{key}", language)

    columns = (
        Column("metric", say("head_metric"), "text", 1.6),
        Column("value", say("head_value"), "number"),
        Column("spark", say("head_spark_free"), "spark"),
        Column("state", say("head_state"), "state"),
        Column("line", say("head_basis"), "text", 3.0),
    )
    rows = tuple(
        Row(
            (
                TextCell(f"{card.title}  {card.code}".rstrip(), strong=True),
                NumberCell(card.figure, strong=True),
                SparkCell(card.spark),
                StateCell(card.state),
                TextCell(card.line),
            )
        )
        for card in cards
    )
    table = Table("cards", say("title_cards"), columns, rows)
    return _table_piece(table, tuple(rows), language, is_wide=True)


def _trend_table(pack: Pack, trends: list[Trend612], language: str) -> Piece:
    """Return six weeks, the periods to date and twelve months of every metric of the page, side by side."""
    first = trends[0]
    to_date = [entry.label for entry in first.foot if entry.change is not None]
    columns = [Column("metric", "", "text", 1.0)]
    columns += [Column(f"week{index}", label, "number") for index, label in enumerate(first.weeks.labels)]
    columns += [Column(f"so_far{index}", label, "number") for index, label in enumerate(to_date)]
    labels = list(first.months.names or first.months.labels)
    if first.months.part:
        labels[-1] += "*"
    columns += [Column(f"month{index}", label, "number") for index, label in enumerate(labels)]
    rows = []
    for trend in trends:
        unit = f", {trend.unit}" if trend.unit else ""
        numbers = [*(_bare(point) for point in trend.weeks.points)]
        numbers[-1] = replace(numbers[-1], strong=True)
        numbers += [_bare(entry.figure) for entry in trend.foot if entry.change is not None]
        numbers += [_bare(point) for point in trend.months.points]
        rows.append(Row((TextCell(f"{trend.title}{unit}"), *numbers)))
    foot = f"* {first.months.part}" if first.months.part else ""
    table = Table("trends", sentence("reports.title_numbers", language), tuple(columns), tuple(rows), foot=foot, span=FULL)
    return _table_piece(table, tuple(rows), language, is_wide=True)


def _bare(figure: Figure) -> NumberCell:
    return NumberCell(replace(figure, text=figure.short))
