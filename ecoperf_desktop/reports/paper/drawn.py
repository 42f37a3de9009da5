"""How each kind of block is drawn on paper: the same numbers as on screen, every value printed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    BarCell,
    Bridge,
    Callout,
    Cell,
    ChangeCell,
    Drawn,
    Figure,
    Foot,
    Heat,
    IntervalCell,
    Lines,
    NumberCell,
    Panel,
    PillCell,
    Row,
    Spark,
    SparkCell,
    State,
    StateCell,
    Table,
    TextCell,
    Trend612,
)
from ecoperf_desktop.reports.paper import charts
from ecoperf_desktop.reports.paper.canvas import (
    BODY,
    NUMBER,
    PAPER_INK,
    SMALL,
    TITLE,
    Canvas,
    Ink,
    place_on,
)

NOTHING = QColor(0, 0, 0, 0)
TREND_HEIGHT = 104.0
ROW = 12.6


def title(canvas: Canvas, left: float, right: float, top: float, words: str, subtitle: str = "", letter: str = "", corner: str = "") -> float:
    """Write a block's title over a rule and return where its content begins."""
    place = left
    if letter:
        place += canvas.text(place, top + 8, letter, TITLE, bold=True) + 8
    if corner:
        canvas.text(right, top + 8, corner, SMALL, align="right", color=canvas.ink.ink3)
    place += canvas.text(place, top + 8, words, TITLE, bold=True, room=right - place) + 6
    if subtitle:
        canvas.text(place, top + 8, subtitle, SMALL, color=canvas.ink.ink3, room=right - place - (canvas.text_width(corner, SMALL, False) + 8 if corner else 0))
    canvas.rule(left, right, top + 12, 0.7)
    return top + 12


def state(canvas: Canvas, x: float, baseline: float, verdict: State, language: str, size: float = BODY, room: float | None = None) -> None:
    """Write a verdict with its mark; colour being gone, a signal says in words whether it is better or worse."""
    canvas.mark(verdict.mark, x + 3, baseline - size * 0.34, 2.7)
    is_loud = verdict.mark in ("up", "down", "off_target")
    words = verdict.text
    if verdict.is_signal and verdict.tone in ("better", "worse"):
        words = sentence("reports.state_and_tone", language, state=words, tone=sentence(f"reports.tone_{verdict.tone}", language))
    canvas.text(x + 10, baseline, words, size, bold=is_loud, room=None if room is None else room - 10)


def spark(canvas: Canvas, left: float, top: float, width: float, height: float, drawn: Spark | None) -> None:
    """Draw thirteen points with dotted limits; a known cause is shaded and may leave the frame."""
    if drawn is None or not drawn.points:
        return
    step = (width - 8) / max(len(drawn.points) - 1, 1)
    low, high = drawn.axis.low, drawn.axis.high

    def x(index: int) -> float:
        return left + 3 + index * step

    def y(value: float) -> float:
        return place_on(value, low, high, top + 2.5, height - 5)

    for first, last in drawn.shaded:
        canvas.box(x(first) - step / 2, top, (last - first + 1) * step, height, canvas.ink.band)
    for limit in (drawn.lower, drawn.upper):
        if limit is not None:
            canvas.line(left, y(limit), left + width - 4, y(limit), 0.5, canvas.ink.ink3, (1.2, 1.8))
    runs: list[list[tuple[float, float]]] = [[]]
    for index, point in enumerate(drawn.points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append((x(index), y(point)))

    def lines() -> None:
        for run in runs:
            canvas.polyline(run, 1.0)
        for index, point in enumerate(drawn.points):
            if point is not None and (index in drawn.outside or index == len(drawn.points) - 1):
                canvas.dot(x(index), y(point), 1.7 if index in drawn.outside else 1.35)
                if index in drawn.outside:
                    canvas.dot(x(index), y(point), 2.6, NOTHING, 0.6)

    canvas.clipped(left, top - 1.5, width, height + 3, lines)
    if drawn.target is not None and low <= drawn.target <= high:
        canvas.line(left + width - 4, y(drawn.target), left + width, y(drawn.target), 1.3)


def trend(canvas: Canvas, left: float, right: float, top: float, drawn: Trend612, language: str, reference: str) -> None:
    """Draw six weeks and twelve months with every value, last year thin, limits dotted, and the row below."""
    canvas.text(left, top + 8, drawn.title, TITLE, bold=True, room=(right - left) * 0.42)
    named = min(canvas.text_width(drawn.title, TITLE, True), (right - left) * 0.42)
    code = f"{drawn.code}·{reference}" if drawn.code else ""
    words = " ".join(part for part in (code, drawn.unit) if part)
    canvas.text(left + named + 5, top + 8, words, SMALL, color=canvas.ink.ink3, room=(right - left) * 0.2)
    value_right = left + (right - left) * 0.72
    canvas.text(value_right, top + 8, drawn.figure.text, NUMBER, bold=True, align="right")
    state(canvas, value_right + 8, top + 8, drawn.state, language, room=right - value_right - 8)
    width = right - left
    middle = left + width * 0.42
    body, high = top + 13.0, 56.0
    _panel(canvas, left, middle, body, high, drawn.weeks, has_ticks=False)
    ticks = max((canvas.text_width(words, 7.0, False) for _, words in drawn.months.axis.ticks), default=0.0)
    _panel(canvas, middle + 16, right - max(ticks + 4, 22.0), body, high, drawn.months, has_ticks=True)
    below = body + high + 10
    canvas.rule(left, right, below + 2, 0.4, canvas.ink.hair)
    _foot(canvas, left, right, below + 2, drawn.foot, sentence("reports.head_year", language))


def _panel(canvas: Canvas, left: float, right: float, top: float, height: float, panel: Panel, *, has_ticks: bool) -> None:
    count = len(panel.labels)
    step = (right - left) / max(count, 1)
    ground, high = top + 10, height - 19
    low, ceiling = panel.axis.low, panel.axis.high

    def x(index: int) -> float:
        return left + step * (index + 0.5)

    def y(value: float) -> float:
        return place_on(value, low, ceiling, ground, high)

    for first, last, name in panel.shaded:
        canvas.box(x(first) - step / 2, top, step * (last - first + 1), height, canvas.ink.band)
        canvas.text(x(first) + step * (last - first) / 2, top + 5, name, 6.8, align="center", color=canvas.ink.ink3)
    if has_ticks:
        for value, words in panel.axis.ticks:
            canvas.rule(left, right, y(value), 0.35, canvas.ink.hair)
            canvas.text(right + 3, y(value) + 2.6, words, 7.0, color=canvas.ink.ink3)
    if panel.part:
        canvas.hatch(x(count - 1) - step / 2, top + 3, step, height - 3, 2.4, canvas.ink.last)
        canvas.text(x(count - 1), top + 1.5, panel.part, 6.8, align="center", color=canvas.ink.ink3)
    for limit in (panel.lower, panel.upper):
        if limit is not None:
            canvas.line(left, y(limit), right, y(limit), 0.5, canvas.ink.ink3, (1.2, 1.8))
    ends = count - 1 if panel.part else count
    for run in _runs([point.place for point in panel.last_year[:ends]]):
        canvas.polyline([(x(index), y(value)) for index, value in run], 0.8, canvas.ink.last)
    for run in _runs([point.place for point in panel.points[:ends]]):
        canvas.polyline([(x(index), y(value)) for index, value in run], 1.3, canvas.ink.series)
    for index, target in enumerate(panel.targets):
        if target is not None:
            canvas.line(x(index) - 5, y(target), x(index) + 5, y(target), 1.1)
    for index, point in enumerate(panel.points):
        if point.place is None:
            continue
        is_part = bool(panel.part) and index == count - 1
        fill = canvas.ink.surface if is_part else canvas.ink.series
        canvas.dot(x(index), y(point.place), 1.5, fill, 0.8 if is_part else 0, canvas.ink.series)
        if index in panel.outside:
            canvas.dot(x(index), y(point.place), 3.0, NOTHING, 0.8)
    _values(canvas, panel, x, y, ground, high, ends)
    for index, label in enumerate(panel.labels):
        canvas.text(x(index), top + height + 8, label, 7.2, align="center", color=canvas.ink.ink3)


def _values(canvas: Canvas, panel: Panel, x: object, y: object, ground: float, high: float, ends: int) -> None:
    """Print every whole period's value, above its point, or below where the line dips and there is room."""
    place_x, place_y = x, y
    assert callable(place_x) and callable(place_y)
    step = place_x(1) - place_x(0) if ends > 1 else 40.0
    widest = max((canvas.text_width(point.short, 7.4, True) for point in panel.points[:ends]), default=0.0)
    size = 7.4 if widest <= step * 1.15 else max(7.4 * step * 1.15 / widest, 5.8)
    for index, point in enumerate(panel.points[:ends]):
        if point.place is None:
            continue
        before = panel.points[index - 1].place if index else None
        after = panel.points[index + 1].place if index + 1 < ends else None
        is_dip = (before is None or before > point.place) and (after is None or after > point.place) and (before, after) != (None, None)
        spot = place_y(point.place)
        canvas.text(
            place_x(index), spot + 8.6 if is_dip else spot - 3.2, point.short, size, align="center", bold=index == ends - 1
        )


def _foot(canvas: Canvas, left: float, right: float, top: float, foot: Sequence[Foot], year: str) -> None:
    cells: list[tuple[str, Figure, bool]] = []
    for entry in foot:
        cells.append((entry.label, entry.figure, entry.change is None and entry.figure.text[:1] in "+−×"))
        if entry.change is not None:
            cells.append((year, entry.change, True))
    if not cells:
        return
    slot = (right - left) / len(cells)
    for index, (label, figure, is_change) in enumerate(cells):
        place = left + slot * index
        canvas.text(place, top + 8, label, 7.2, color=canvas.ink.ink3, room=slot - 2)
        canvas.text(place, top + 17, figure.text, BODY, bold=not is_change, room=slot - 1)


def _runs(points: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for index, point in enumerate(points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append((index, point))
    return [run for run in runs if run]


# ---------- tables


def table_height(drawn: Table, rows: int) -> float:
    return 12 + 13 + rows * ROW + (10 if drawn.foot else 0) + 6


def table(
    canvas: Canvas,
    left: float,
    right: float,
    top: float,
    drawn: Table,
    rows: Sequence[Row],
    language: str,
    letter: str = "",
    tall: float = ROW,
) -> float:
    """Draw a table with rows of the height ``tall`` and return where it ends."""
    place = title(canvas, left, right, top, drawn.title, drawn.subtitle, letter, drawn.corner)
    edges, size = _edges(canvas, drawn, rows, left, right)
    for (start, end), column in zip(edges, drawn.columns, strict=True):
        if column.is_right:
            canvas.text(end, place + 9, column.title, SMALL, align="right", color=canvas.ink.ink3, room=end - start)
        else:
            canvas.text(start, place + 9, column.title, SMALL, color=canvas.ink.ink3, room=end - start)
    place += 12.5
    canvas.rule(left, right, place, 0.4)
    for row in rows:
        if row.is_total:
            canvas.rule(left, right, place, 0.6)
        for (start, end), cell in zip(edges, row.cells, strict=True):
            _cell(canvas, start, end, place, cell, language, is_strong=row.is_total, tall=tall, size=size)
        place += tall
        canvas.rule(left, right, place, 0.3, canvas.ink.hair)
    if drawn.foot:
        canvas.text(left, place + 9, drawn.foot, SMALL, color=canvas.ink.ink3, room=right - left)
        place += 10
    return place


def _edges(canvas: Canvas, drawn: Table, rows: Sequence[Row], left: float, right: float) -> tuple[list[tuple[float, float]], float]:
    """Give every column the room its numbers need, and the names what is left, by weight.

    Return the columns' edges and the size of the numbers: smaller only where they would not leave room for names.
    """
    needs: list[float] = []
    gap = size = 0.0
    names = [index for index, column in enumerate(drawn.columns) if column.kind in ("text", "pill")]
    wanted = {index: _name_width(canvas, drawn, rows, index) for index in names}
    for size, gap in ((NUMBER, 7.0), (SMALL, 5.0), (6.8, 3.5)):
        needs = [0.0 if index in names else _need(canvas, drawn, rows, index, size) for index in range(len(drawn.columns))]
        free = (right - left) - sum(needs) - gap * (len(needs) - 1)
        if free >= sum(min(width, 90.0) for width in wanted.values()):
            break
    weight = sum(drawn.columns[index].weight for index in names) or 1.0
    if names and sum(wanted.values()) < free:
        spare = (free - sum(wanted.values())) * (0.5 if len(names) < len(needs) else 1.0)
        for index in names:
            needs[index] = wanted[index] + spare * drawn.columns[index].weight / weight
        rest = (right - left) - sum(needs) - gap * (len(needs) - 1)
        others = [index for index in range(len(needs)) if index not in names]
        for index in others:
            needs[index] += rest / len(others)
    else:
        for index in names:
            needs[index] = max(free * wanted[index] / sum(wanted.values()), 20.0)
    edges, place = [], left
    for need in needs:
        edges.append((place, place + need))
        place += need + gap
    return edges, size


def _need(canvas: Canvas, drawn: Table, rows: Sequence[Row], index: int, size: float) -> float:
    column = drawn.columns[index]
    if column.kind in ("number", "change"):
        widest = max((canvas.text_width(row.cells[index].text, size, True) for row in rows), default=20.0)
        return max(widest, min(canvas.text_width(column.title, SMALL, False), 62.0), 16.0)
    return 92.0 if column.kind == "state" else 66.0


def _name_width(canvas: Canvas, drawn: Table, rows: Sequence[Row], index: int) -> float:
    widths = [canvas.text_width(row.cells[index].text, BODY, True) for row in rows]
    return max([*widths, canvas.text_width(drawn.columns[index].title, SMALL, False)]) + 2


def _cell(canvas: Canvas, left: float, right: float, top: float, cell: Cell, language: str, *, is_strong: bool, tall: float, size: float) -> None:
    baseline = top + tall / 2 + 2.9
    match cell:
        case TextCell():
            color = canvas.ink.ink3 if cell.muted else canvas.ink.ink
            canvas.text(left, baseline, cell.text, BODY, bold=cell.strong or is_strong, color=color, room=right - left)
        case NumberCell():
            canvas.text(right, baseline, cell.text, size, bold=cell.strong or is_strong, align="right", color=canvas.ink.ink3 if cell.muted else canvas.ink.ink)
        case ChangeCell():
            canvas.text(right, baseline, cell.text, min(size, BODY), align="right")
        case SparkCell():
            spark(canvas, left, top + 1.2, min(right - left, 74.0), tall - 2.4, cell.spark)
        case StateCell():
            state(canvas, left, baseline, cell.state, language, room=right - left)
        case BarCell():
            words = cell.figure.text
            room = max(right - left - 30, 10)
            if cell.share is not None:
                canvas.box(left, top + tall / 2 - 2.5, room, 5, canvas.ink.band)
                canvas.box(left, top + tall / 2 - 2.5, room * cell.share, 5, canvas.ink.bar)
            if cell.mark is not None:
                canvas.box(left + room * cell.mark - 0.5, top + tall / 2 - 5, 1, 10, canvas.ink.ink)
            canvas.text(right, baseline, words, SMALL, align="right")
        case PillCell():
            canvas.text(left, baseline, cell.text, SMALL, room=right - left)
        case IntervalCell():
            _interval(canvas, left, right, top + (tall - ROW) / 2, cell)


def _interval(canvas: Canvas, left: float, right: float, top: float, cell: IntervalCell) -> None:
    if cell.low is None or cell.high is None or cell.middle is None:
        canvas.text(left, top + 9.2, cell.text, SMALL, color=canvas.ink.ink3, room=right - left)
        return
    width, middle = right - left - 4, top + ROW / 2
    if cell.against is not None:
        spot = left + 2 + width * cell.against
        canvas.line(spot, top + 1.5, spot, top + ROW - 1.5, 0.5, canvas.ink.ink3, (1.0, 1.4))
    canvas.line(left + 2 + width * cell.low, middle, left + 2 + width * cell.high, middle, 0.9, canvas.ink.last)
    canvas.dot(left + 2 + width * cell.middle, middle, 1.9, canvas.ink.surface if cell.hollow else canvas.ink.ink, 0.7 if cell.hollow else 0)


# ---------- lines, charts, callouts


LINES_HEIGHT = 104.0


def lines(canvas: Canvas, left: float, right: float, top: float, drawn: Lines, language: str) -> None:
    """Draw a metric against thresholds from outside: dashed lines with the names of their zones."""
    named = canvas.text(left, top + 8, drawn.title, TITLE, bold=True, room=(right - left) * 0.4)
    value_right = left + (right - left) * 0.66
    free = value_right - canvas.text_width(drawn.figure.text, NUMBER, True) - 10 - (left + named + 5)
    canvas.text(left + named + 5, top + 8, drawn.subtitle, SMALL, color=canvas.ink.ink3, room=max(free, 20.0))
    canvas.text(value_right, top + 8, drawn.figure.text, NUMBER, bold=True, align="right")
    state(canvas, value_right + 8, top + 8, drawn.state, language, room=right - value_right - 8)
    ground, high = top + 16.0, 70.0
    start, end = left + 26, right - 66
    low, ceiling = drawn.axis.low, drawn.axis.high

    def y(value: float) -> float:
        return place_on(value, low, ceiling, ground, high)

    for threshold in drawn.thresholds:
        canvas.line(start, y(threshold.value), end, y(threshold.value), 0.5, canvas.ink.ink3, (2.4, 1.8))
        canvas.text(start + 2, y(threshold.value) - 2, threshold.zone, 6.8, color=canvas.ink.ink3)
    if drawn.floor and drawn.thresholds:
        canvas.text(start + 2, ground + high - 2, drawn.floor, 6.8, color=canvas.ink.ink3)
    for value, words in drawn.axis.ticks:
        canvas.text(start - 3, y(value) + 2.5, words, 7.0, align="right", color=canvas.ink.ink3)
    canvas.rule(start, end, ground + high, 0.4, canvas.ink.ink3)
    count = max(len(drawn.labels) - 1, 1)
    spots: list[float] = []
    for series in drawn.series:
        for run in _runs(series.points):
            canvas.polyline(
                [(start + (end - start) * index / count, y(value)) for index, value in run],
                0.8 if series.is_dashed else 1.2,
                canvas.ink.last if series.is_dashed else canvas.ink.series,
            )
        known = [point for point in series.points if point is not None]
        if known:
            spot = y(known[-1]) + 2.6
            while any(abs(spot - other) < 8 for other in spots):
                spot += 8
            spots.append(spot)
            canvas.text(end + 4, spot, f"{series.name} {series.last.text}", SMALL, bold=not series.is_dashed, room=right - end - 4)
    for index in range(0, len(drawn.labels), max(1, len(drawn.labels) // 6)):
        canvas.text(start + (end - start) * index / count, ground + high + 8, drawn.labels[index], 7.0, align="center", color=canvas.ink.ink3)


def chart_height(drawn: Drawn, ink: Ink = PAPER_INK) -> float:
    """Return how high a chart is, with its title and what is said below it."""
    return 20.0 + charts.height_of(drawn, ink) + 9.6 * len(_said_below(drawn)) + 4.0


def chart(canvas: Canvas, left: float, right: float, top: float, drawn: Drawn) -> None:
    """Draw a chart under its title, and below it what it rests on."""
    unit = drawn.paper_unit if isinstance(drawn, Bridge) and canvas.ink.is_one else ""
    place = title(canvas, left, right, top, drawn.title, ", ".join(words for words in (drawn.subtitle, unit) if words)) + 5
    below = place + charts.height_of(drawn, canvas.ink)
    charts.draw(canvas, left, place, right, below, drawn)
    for words in _said_below(drawn):
        for line in canvas.wrapped(words, SMALL, right - left, 2):
            below += 9.2
            canvas.text(left, below, line, SMALL, color=canvas.ink.ink3)


def _said_below(drawn: Drawn) -> list[str]:
    if isinstance(drawn, Bridge):
        # The sum is written out, so that a printed bridge can be added up by hand.
        return [f"{drawn.sum_text} ({drawn.method})", ""]
    words = drawn.hint if isinstance(drawn, Heat) else drawn.foot
    return [words] if words else []


def callout(canvas: Canvas, left: float, right: float, top: float, drawn: Callout) -> float:
    """Write one thing to discuss and return where it ends."""
    canvas.mark(drawn.state.mark, left + 4, top + 6, 2.8)
    place = top + 9
    for words in canvas.wrapped(drawn.title, BODY, right - left - 15, 2, bold=True):
        canvas.text(left + 14, place, words, BODY, bold=True)
        place += 9.6
    for words in canvas.wrapped(drawn.detail, BODY, right - left - 15, 3):
        canvas.text(left + 14, place, words, BODY)
        place += 9.6
    canvas.rule(left, right, place - 5, 0.3, canvas.ink.hair)
    return place - 4
