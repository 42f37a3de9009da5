"""Every block as a table: what Ctrl T shows, what is copied and saved, and how text and HTML write a chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from ecoperf_desktop.language import sentence
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import (
    Bars,
    Block,
    Bridge,
    Callouts,
    Cell,
    Column,
    Empty,
    Figure,
    Funnel,
    Headline,
    Heat,
    HeatCell,
    HeatRow,
    Histogram,
    KpiCard,
    Lines,
    Matrix,
    Notes,
    NumberCell,
    Points,
    Reference,
    Row,
    Scatter,
    Series,
    Stack,
    StateCell,
    Table,
    TextCell,
    Trend612,
)

Say: TypeAlias = Callable[[str], str]

_NOT_DUE = Figure(None, "")
_UNKNOWN = Figure(None, "–")


def table_of(block: Block, language: str | None = None) -> Table:
    """Return the block's numbers as rows; ``language`` is that of the heads, None the one in use."""

    def say(key: str) -> str:
        return sentence(f"reports.table_{key}", language)

    match block:
        case Table():
            return block
        case KpiCard():
            return cards_table((block,), language)
        case Trend612():
            return _trend(block, say)
        case Lines():
            return _lines(block, say("period"))
        case Bars():
            return _bars(block, say("value"))
        case Bridge():
            return _bridge(block, say("value"))
        case Heat():
            return _heat(block)
        case Funnel():
            return _funnel(block, say)
        case Histogram():
            return _histogram(block, block.bin_title or say("class"), block.value_title or say("share"), block.count_title or say("count"))
        case Points():
            return _points(block, say)
        case Scatter():
            return _scatter(block)
        case Stack():
            return _stack(block, say)
        case Matrix():
            return _matrix(block, block.count_title or say("count"), block.value_title or say("value"))
        case Callouts():
            rows = [(callout.state.text, callout.title, callout.detail, callout.owner) for callout in block.callouts]
            return _words(block.title, block.subtitle, (say("state"), say("what"), say("detail"), say("owner")), rows)
        case Headline():
            return _words(block.sentence, "", ("",), [(state.text,) for state in block.counts])
        case Notes():
            return _words(block.title, "", ("",), [(line,) for line in block.lines])
        case Empty():
            return _words(block.title, "", ("",), [(block.missing,), (block.needs,)])
        case _:
            assert_never(block)


def cards_table(cards: Sequence[KpiCard], language: str | None = None) -> Table:
    """Return cards of one number as the rows of one table."""

    def say(key: str) -> str:
        return sentence(f"reports.{key}", language)

    columns = (
        Column("metric", say("head_metric"), "text", 1.6),
        Column("value", say("head_value"), "number"),
        Column("state", say("head_state"), "state"),
        Column("line", say("head_basis"), "text", 3.0),
    )
    rows = tuple(
        Row((TextCell(card.title), NumberCell(card.figure), StateCell(card.state), TextCell(card.line)), reference=card.reference)
        for card in cards
    )
    title = cards[0].title if len(cards) == 1 else say("title_cards")
    return Table("cards", title, columns, rows)


@dataclass(frozen=True)
class Reading:
    """What stands at one place of a chart: its name, its numbers with theirs, and what explains it."""

    title: str
    lines: tuple[tuple[str, str], ...]
    text: str = ""
    reference: Reference | None = None
    moment: str = ""


def reading(table: Table, position: int, columns: Sequence[int] = ()) -> Reading:
    """Return what a row of a chart's table says, or only some of its columns."""
    row = table.rows[position]
    chosen = columns or range(1, len(row.cells))
    lines: list[tuple[str, str]] = []
    figure: Figure | None = None
    for index in chosen:
        cell, name = row.cells[index], table.columns[index].title
        if not cell.text:
            continue
        lines.append((name, cell.text))
        if isinstance(cell, NumberCell):
            figure = figure or cell.figure
            if cell.figure.reason:
                lines.append(("", cell.figure.reason))
    reference = (figure.reference if figure else None) or (None if columns else row.reference)
    return Reading(row.cells[0].text, tuple(lines), figure.text if figure else "", reference, row.key)


def lines_figure(series: Series, index: int) -> Figure:
    """Return a point of a line as it is written; one that brings no words of its own has its bare number."""
    if index < len(series.figures):
        return series.figures[index]
    point = series.points[index] if index < len(series.points) else None
    if point is None:
        return _UNKNOWN
    if index == len(series.points) - 1:
        return series.last
    return Figure(point, f"{point:,.4g}", unit=series.last.unit)


def _keys(moments: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """Return what each period is called among all charts of a page; empty where its name could be another's."""
    if len(moments) == len(names):
        return moments
    return names if len(set(names)) == len(names) else ("",) * len(names)


def _events(shaded: Sequence[tuple[int, int, str]], index: int) -> str:
    return ", ".join(name for first, last, name in shaded if name and first <= index <= last)


def _table(title: str, subtitle: str, columns: Sequence[Column], rows: Sequence[Row], foot: str = "") -> Table:
    return Table("chart", title, tuple(columns), tuple(rows), subtitle, foot=foot)


def _number(figure: Figure | None, *, strong: bool = False, muted: bool = False) -> NumberCell:
    return NumberCell(_UNKNOWN if figure is None else figure, strong=strong, muted=muted)


def _trend(block: Trend612, say: Say) -> Table:
    has_goals = any(goal is not None for panel in (block.weeks, block.months) for goal in panel.goals)
    columns = [Column("period", say("period"), "text"), Column("now", say("this_year"), "number"), Column("last", say("last_year"), "number")]
    if has_goals:
        columns.append(Column("target", say("target"), "number"))
    has_events = any(name for panel in (block.weeks, block.months) for _, _, name in panel.shaded)
    if has_events:
        columns.append(Column("event", say("event"), "text"))
    rows = []
    for group, panel in ((say("weeks"), block.weeks), (say("months"), block.months)):
        names = panel.names or panel.labels
        keys = _keys(panel.moments, names)
        for index, name in enumerate(names):
            running = panel.part and index == len(names) - 1
            cells: list[Cell] = [
                TextCell(f"{name} ({panel.part})" if running else name),
                _number(panel.points[index], strong=True),
                _number(panel.last_year[index] if index < len(panel.last_year) else None),
            ]
            if has_goals:
                cells.append(_number(panel.goals[index] if index < len(panel.goals) else None))
            if has_events:
                cells.append(TextCell(_events(panel.shaded, index), muted=True))
            rows.append(Row(tuple(cells), key=keys[index], group=group, reference=panel.points[index].reference))
    return _table(block.title, block.unit, columns, rows)


def _lines(block: Lines, period: str) -> Table:
    columns = [Column("period", period, "text"), *(Column(f"series{index}", series.name, "number") for index, series in enumerate(block.series))]
    rows = []
    keys = _keys(block.moments, block.labels)
    for index, label in enumerate(block.labels):
        numbers = [lines_figure(series, index) for series in block.series]
        rows.append(Row((TextCell(label), *map(NumberCell, numbers)), key=keys[index], reference=numbers[0].reference if numbers else None))
    return _table(block.title, block.subtitle, columns, rows)


def _bars(block: Bars, value: str) -> Table:
    has_second = any(bar.second for bar in block.bars)
    has_against = any(bar.against is not None for bar in block.bars)
    names = block.names
    columns = [Column("name", "", "text"), Column("value", names[0] if names else value, "number")]
    if has_against:
        columns.append(Column("against", names[1] if len(names) > 1 else "", "number"))
    if has_second:
        columns.append(Column("second", "", "text"))
    rows = []
    for bar in block.bars:
        cells: list[Cell] = [TextCell(bar.label), _number(bar.figure, strong=True)]
        if has_against:
            cells.append(_number(bar.against))
        if has_second:
            cells.append(TextCell(bar.second, muted=True))
        rows.append(Row(tuple(cells), reference=bar.figure.reference))
    return _table(block.title, block.subtitle, columns, rows, block.foot)


def _bridge(block: Bridge, value: str) -> Table:
    columns = (Column("name", "", "text"), Column("value", value, "number"), Column("second", "", "text"))
    places = [(block.start.label, block.start.figure, "", True)]
    places += [(step.label, step.figure, step.second, step.is_level) for step in block.steps]
    places.append((block.end.label, block.end.figure, "", True))
    rows = [
        Row((TextCell(label, strong=is_level), _number(figure, strong=is_level), TextCell(second, muted=True)), reference=figure.reference)
        for label, figure, second, is_level in places
    ]
    return _table(block.title, block.subtitle, columns, rows, f"{block.sum_text} ({block.method})" if block.method else block.sum_text)


def _heat(block: Heat) -> Table:
    columns = [Column("row", block.row_title, "text")]
    if block.size_title:
        columns.append(Column("size", block.size_title, "number"))
    columns += [Column(f"column{index}", title, "number") for index, title in enumerate(block.columns)]
    if block.side_title:
        columns.append(Column("side", block.side_title, "number"))
    rows = [_heat_row(block, row, is_total=False) for row in block.rows]
    if block.foot is not None:
        rows.append(_heat_row(block, block.foot, is_total=True))
    return _table(block.title, block.subtitle, columns, rows, block.hint)


def _heat_row(block: Heat, row: HeatRow, *, is_total: bool) -> Row:
    cells: list[Cell] = [TextCell(row.label)]
    if block.size_title:
        cells.append(_number(row.size))
    cells += [NumberCell(cell.figure if cell else _NOT_DUE, muted=_is_muted(cell)) for cell in row.cells]
    cells += [NumberCell(_NOT_DUE)] * (len(block.columns) - len(row.cells))
    if block.side_title:
        cells.append(_number(row.side))
    return Row(tuple(cells), is_total=is_total)


def _is_muted(cell: HeatCell | None) -> bool:
    return cell is not None and cell.is_running


def _funnel(block: Funnel, say: Say) -> Table:
    steps = [step for side in block.sides for step in side.steps]
    shown = ["figure"]
    shown += [name for name in ("of_previous", "of_first", "change") if any(getattr(step, name) is not None for step in steps)]
    titles = {
        "figure": say("count"),
        "of_previous": block.previous_title or say("of_previous"),
        "of_first": block.first_title or say("of_first"),
        "change": block.change_title or say("change"),
    }
    columns = [Column("step", say("step"), "text")]
    for index, side in enumerate(block.sides):
        columns += [Column(f"{name}{index}", f"{side.name} {titles[name]}".strip(), "number") for name in shown]
    rows = []
    for position, label in enumerate(block.labels):
        cells: list[Cell] = [TextCell(label)]
        for side in block.sides:
            step = side.steps[position] if position < len(side.steps) else None
            cells += [NumberCell(_step_figure(getattr(step, name, None), name, position), strong=name == "figure") for name in shown]
        rows.append(Row(tuple(cells)))
    return _table(block.title, block.subtitle, columns, rows, block.foot)


def _step_figure(figure: Figure | None, name: str, position: int) -> Figure:
    # The first step has none before it: that is no hole.
    return figure if figure is not None else _NOT_DUE if position == 0 and name != "figure" else _UNKNOWN


def _histogram(block: Histogram, name: str, value: str, count: str) -> Table:
    has_count = any(each.count is not None for each in block.bins)
    columns = [Column("class", name, "text"), Column("value", value, "number")]
    if has_count:
        columns.append(Column("count", count, "number"))
    rows = []
    for each in block.bins:
        cells: list[Cell] = [TextCell(each.label), _number(each.figure, strong=True)]
        if has_count:
            cells.append(_number(each.count))
        rows.append(Row(tuple(cells), reference=each.figure.reference))
    foot = " · ".join(words for words in (block.median_text, block.foot) if words)
    return _table(block.title, block.subtitle, columns, rows, foot)


def _points(block: Points, say: Say) -> Table:
    has_interval = any(point.low is not None or point.high is not None for point in block.points)
    has_count = any(point.count is not None for point in block.points)
    columns = [Column("name", say("name") if block.is_lying else say("period"), "text"), Column("value", block.value_title or say("value"), "number")]
    if has_interval:
        columns += [Column("low", block.low_title or say("low"), "number"), Column("high", block.high_title or say("high"), "number")]
    if has_count:
        columns.append(Column("count", block.count_title, "number"))
    rows = []
    names = block.names or tuple(point.label for point in block.points)
    keys = ("",) * len(names) if block.is_lying else _keys(block.moments, names)
    for index, point in enumerate(block.points):
        cells: list[Cell] = [TextCell(names[index], muted=point.is_hollow), _number(point.figure, strong=True, muted=point.is_hollow)]
        if has_interval:
            cells += [_number(point.low), _number(point.high)]
        if has_count:
            cells.append(_number(point.count))
        rows.append(Row(tuple(cells), key=keys[index], reference=point.figure.reference))
    parts = [f"{bar.label} {bar.figure.text}" for bar in block.strip]
    foot = " · ".join(words for words in (block.against.label if block.against else "", *parts, block.foot) if words)
    return _table(block.title, block.subtitle, columns, rows, foot)


def _scatter(block: Scatter) -> Table:
    columns = (
        Column("name", block.label_title, "text"),
        Column("x", block.x_title, "number"),
        Column("y", block.y_title, "number"),
    )
    rows = [
        Row((TextCell(dot.label, muted=dot.is_hollow), _number(dot.x), _number(dot.y, strong=True)), reference=dot.y.reference)
        for dot in block.dots
    ]
    lines = [mark.label for mark in (*block.uprights, *block.levels)]
    return _table(block.title, block.subtitle, columns, rows, " · ".join(words for words in (*lines, block.foot) if words))


def _stack(block: Stack, say: Say) -> Table:
    columns = [Column("period", say("period"), "text"), *(Column(f"part{index}", part.name, "number") for index, part in enumerate(block.parts))]
    if block.totals:
        columns.append(Column("total", block.total_title or say("total"), "number"))
    has_events = any(name for _, _, name in block.shaded)
    if has_events:
        columns.append(Column("event", say("event"), "text"))
    names = block.names or block.labels
    keys = _keys(block.moments, names)
    rows = []
    for index, name in enumerate(names):
        running = block.part and index == len(names) - 1
        cells: list[Cell] = [TextCell(f"{name} ({block.part})" if running else name)]
        cells += [_number(part.points[index] if index < len(part.points) else None) for part in block.parts]
        if block.totals:
            cells.append(_number(block.totals[index] if index < len(block.totals) else None, strong=True))
        if has_events:
            cells.append(TextCell(_events(block.shaded, index), muted=True))
        rows.append(Row(tuple(cells), key=keys[index], reference=block.parts[0].points[index].reference if block.parts else None))
    return _table(block.title, block.subtitle, columns, rows, block.foot)


def _matrix(block: Matrix, count: str, value: str) -> Table:
    corner = " × ".join(words for words in (block.row_title, block.column_title) if words)
    columns = [Column("row", corner, "text")]
    for index, title in enumerate(block.columns):
        columns += [Column(f"count{index}", f"{title} {count}", "number"), Column(f"value{index}", f"{title} {value}", "number")]
    rows = []
    for title, line in zip(block.rows, block.cells, strict=True):
        cells: list[Cell] = [TextCell(title)]
        for cell in line:
            cells += [NumberCell(cell.count), NumberCell(cell.figure)]
        rows.append(Row(tuple(cells)))
    return _table(block.title, block.subtitle, columns, rows, block.foot)


def _words(title: str, subtitle: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    columns = tuple(Column(f"text{index}", head, "text") for index, head in enumerate(heads))
    return Table("words", title, columns, tuple(Row(tuple(map(TextCell, row))) for row in rows), subtitle)
