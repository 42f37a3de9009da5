"""Charts of one drawing: the same lines in the window, on paper and in saved pictures; only the ink differs.

Each returns where its numbers stand, so that a pointer or a key can find them: a ``Spot`` names the row of
``tabular.table_of`` (and its columns, where one row holds several numbers) that says what is there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import assert_never

from PySide6.QtGui import QColor

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import (
    Axis,
    Bar,
    Bars,
    Bridge,
    Drawn,
    Figure,
    Funnel,
    Heat,
    HeatCell,
    Histogram,
    Matrix,
    Points,
    Scatter,
    Stack,
    Tone,
)
from ecoperf_desktop.reports.paper.canvas import Canvas, Ink, place_on


@dataclass(frozen=True)
class Spot:
    """Where a number stands, in points.

    ``columns`` are those of its row that are meant, none: all.  ``rule`` is where an upright line points at it and
    ``dot`` the height of its point; without a rule it is framed.
    """

    left: float
    top: float
    width: float
    height: float
    row: int
    columns: tuple[int, ...] = ()
    rule: float | None = None
    dot: float | None = None


def draw(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Drawn) -> list[Spot]:
    """Draw the block between the edges and return its numbers' places, in the order in which they are read."""
    if right - left < 20 or bottom - top < 20:
        return []
    match block:
        case Bridge():
            return _bridge(canvas, left, top, right, bottom, block)
        case Bars():
            return (_lying_bars if block.is_lying else _upright_bars)(canvas, left, top, right, bottom, block)
        case Heat():
            return _heat(canvas, left, top, right, bottom, block)
        case Funnel():
            return _funnel(canvas, left, top, right, bottom, block)
        case Histogram():
            return _histogram(canvas, left, top, right, bottom, block)
        case Points():
            return _points(canvas, left, top, right, bottom, block)
        case Scatter():
            return _scatter(canvas, left, top, right, bottom, block)
        case Stack():
            return _stack(canvas, left, top, right, bottom, block)
        case Matrix():
            return _matrix(canvas, left, top, right, bottom, block)
        case _:
            assert_never(block)


def height_of(block: Drawn, ink: Ink) -> float:
    """Return how high a block wants to be, without its title."""
    upright = ink.row * (7.6 if ink.is_one else 8.0)
    match block:
        case Bars(is_lying=True):
            rows = len(block.bars) * (1.5 if _is_paired(block) else 1.0) + (1.3 if block.names else 0.0)
            return ink.row * max(rows, 2) + 6
        case Heat():
            return ink.row * (len(block.rows) + 1 + (1 if block.foot else 0)) + 8
        case Funnel():
            return ink.row * (len(block.labels) + 1.2) + 4
        case Points(is_lying=True):
            return ink.row * (len(block.points) + (1.3 if block.against else 0.3) + (1.8 if block.strip else 0.0)) + 4
        case Points(strip=strip) if strip:
            return upright + ink.row * 1.8
        case Matrix():
            return ink.row * (3.0 * len(block.rows) + 2.4)
        case _:
            return upright


# ---------- what the kinds share


class _Plot:
    """The field of a chart with an upright scale: marks at the left, hairlines, names below."""

    def __init__(self, canvas: Canvas, left: float, top: float, right: float, bottom: float, axis: Axis, *, names: float = 1.0) -> None:
        ink = canvas.ink
        widest = max((canvas.text_width(words, ink.axis, False) for _, words in axis.ticks), default=0.0)
        self.canvas, self.axis = canvas, axis
        self.left, self.right = left + (widest + 6 if widest else 0), right
        self.top, self.bottom = top + ink.axis * 0.8, bottom - ink.axis * (0.5 + 1.35 * names)
        for value, words in axis.ticks:
            canvas.rule(self.left, self.right, self.y(value), 0.5, ink.hair)
            canvas.text(self.left - 4, self.y(value) + ink.axis * 0.36, words, ink.axis, align="right", color=ink.ink3)

    def y(self, value: float) -> float:
        return place_on(value, self.axis.low, self.axis.high, self.top, self.bottom - self.top)

    @property
    def ground(self) -> float:
        """Return where bars begin: at zero, or at the edge that is nearer to it."""
        return self.y(min(max(0.0, self.axis.low), self.axis.high))

    def slots(self, count: int) -> float:
        return (self.right - self.left) / max(count, 1)

    def names(self, labels: Sequence[str], *, keep_last: bool) -> None:
        """Write as many names below as have room; over periods the last one is always among them."""
        canvas, size = self.canvas, self.canvas.ink.axis
        slot = self.slots(len(labels))
        widest = max((canvas.text_width(label, size, False) for label in labels), default=0.0) + 4
        every = max(1, math.ceil(widest / slot)) if slot > 0 else 1
        if not keep_last and every > 1 and slot > 18:
            every = 1  # names of things are shortened rather than left out
        for index, label in enumerate(labels):
            if ((len(labels) - 1 - index) if keep_last else index) % every == 0:
                room = slot * every - 2
                canvas.text(self.left + slot * (index + 0.5), self.bottom + size * 1.35, label, size, align="center", color=canvas.ink.ink3, room=room)


def _tone(ink: Ink, tone: Tone, neutral: QColor) -> QColor:
    if ink.is_one:
        return neutral
    return ink.better if tone == "better" else ink.worse if tone == "worse" else ink.last if tone == "quiet" else neutral


def _bar_fill(ink: Ink, tone: Tone) -> QColor:
    if ink.is_one:
        return ink.bar
    return ink.up if tone == "better" else ink.down if tone == "worse" else ink.last if tone == "quiet" else ink.bar


def _bar(canvas: Canvas, left: float, top: float, width: float, height: float, tone: Tone) -> None:
    """Fill a bar; with one ink an unfavourable one is hatched."""
    if canvas.ink.is_one and tone == "worse":
        canvas.box(left, top, width, height, canvas.ink.surface, 0.5)
        canvas.hatch(left, top, width, height)
    else:
        canvas.box(left, top, width, height, _bar_fill(canvas.ink, tone))


def _shown(figure: Figure) -> str:
    return figure.short or figure.text


def shade(ink: Ink, share: float) -> QColor:
    """Return the colour ``share`` (0 to 1) of the way from cold to hot."""
    share = min(1.0, max(0.0, share))

    def mixed(low: int, high: int) -> int:
        return round(low + (high - low) * share)

    cold, hot = ink.cold, ink.hot
    return QColor(mixed(cold.red(), hot.red()), mixed(cold.green(), hot.green()), mixed(cold.blue(), hot.blue()))


def words_on(fill: QColor) -> QColor:
    """Return black or white, whichever contrasts more with ``fill`` (WCAG 2.2 luminance)."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    light = 0.2126 * linear(fill.redF()) + 0.7152 * linear(fill.greenF()) + 0.0722 * linear(fill.blueF())
    return QColor(0, 0, 0) if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else QColor(255, 255, 255)


def _faint(color: QColor, share: float) -> QColor:
    mixed = QColor(color)
    mixed.setAlphaF(share)
    return mixed


# ---------- bridge and bars


def _bridge(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Bridge) -> list[Spot]:
    """Draw levels as thick lines and steps as bars, up plain and down hatched where there is one ink."""
    ink = canvas.ink
    ends = [(block.start.label, block.start.figure, block.start.paper, "", True)]
    ends += [(step.label, step.figure, step.paper, step.second, step.is_level) for step in block.steps]
    ends.append((block.end.label, block.end.figure, block.end.paper, "", True))
    line = ink.axis * 1.35
    has_second = any(second for _, _, _, second, _ in ends)
    names = line * (2 if has_second else 1) + 3
    field_top, field = top + line + 2, bottom - top - names - 2 * line - 6
    slot = (right - left) / len(ends)
    bar = min(slot * 0.66, 26.0 if ink.is_one else 64.0)
    spots: list[Spot] = []

    def y(value: float) -> float:
        return place_on(value, block.axis.low, block.axis.high, field_top, field)

    level = block.start.figure.place
    for index, (label, figure, paper, second, is_level) in enumerate(ends):
        middle = left + slot * (index + 0.5)
        words = paper if ink.is_one and paper else figure.text
        size = _fitting(canvas, words, ink.number, slot * 1.15, bold=is_level)
        if figure.place is None or level is None:
            canvas.text(middle, field_top + field / 2, figure.text, ink.number, align="center", color=ink.ink3)
            spots.append(Spot(middle - slot / 2, field_top, slot, field, index))
            level = None
        else:
            after = figure.place if is_level else level + figure.place
            if index:
                start = middle - slot + bar / 2 + (3 if ends[index - 1][4] else 0)
                canvas.line(start, y(level), middle - bar / 2 - (3 if is_level else 0), y(level), 0.6, ink.last)
            upper, lower = min(y(level), y(after)), max(y(level), y(after))
            if is_level:
                upper = lower = y(after)
                canvas.line(middle - bar / 2 - 3, upper, middle + bar / 2 + 3, upper, 1.8 if ink.is_one else 2.2)
                baseline = upper - 4
            else:
                tall = max(lower - upper, 0.8)
                if after >= level:
                    canvas.box(middle - bar / 2, upper, bar, tall, ink.bar if ink.is_one else ink.up, 0.5 if ink.is_one else 0)
                elif ink.is_one:
                    canvas.box(middle - bar / 2, upper, bar, tall, ink.surface, 0.5)
                    canvas.hatch(middle - bar / 2, upper, bar, tall)
                else:
                    canvas.box(middle - bar / 2, upper, bar, tall, ink.down)
                baseline = upper - 3 if after >= level else lower + size + 0.5
            half = canvas.text_width(words, size, is_level) / 2
            place = min(max(middle, left + half), right - half)
            canvas.text(place, baseline, words, size, bold=is_level, align="center")
            words_top = baseline - size
            spots.append(Spot(middle - max(bar / 2, half), min(upper, words_top), max(bar, 2 * half), max(lower, baseline + 2) - min(upper, words_top), index))
            level = after
        canvas.text(middle, bottom - (line if has_second else 0) - 3, label, ink.axis, align="center", room=slot - 2, color=ink.ink2)
        if second:
            canvas.text(middle, bottom - 3, second, ink.axis, align="center", room=slot - 2, color=ink.ink3)
    return spots


def _fitting(canvas: Canvas, words: str, size: float, room: float, *, bold: bool = False) -> float:
    """Return a size at which the words fit, not below the scales' own by more than a tenth."""
    wide = canvas.text_width(words, size, bold)
    return size if wide <= room else max(size * room / wide, canvas.ink.axis * 0.9)


def _is_paired(block: Bars) -> bool:
    return any(bar.against is not None for bar in block.bars)


def _bar_words(bar: Bar) -> str:
    return f"{bar.figure.text}  {bar.second}".rstrip()


def _legend(canvas: Canvas, left: float, top: float, names: Sequence[str]) -> float:
    """Name the two kinds of bars and return how much room that took."""
    ink, place = canvas.ink, left
    for name, fill in zip(names, (ink.bar, ink.last), strict=False):
        canvas.box(place, top + 1, ink.axis * 0.9, ink.axis * 0.9, ink.band if ink.is_one and fill is ink.last else fill, 0.4 if ink.is_one else 0)
        place += ink.axis * 1.4
        place += canvas.text(place, top + ink.axis, name, ink.axis, color=ink.ink2) + 12
    return ink.row * 1.2 if names else 0.0


def _lying_bars(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Bars) -> list[Spot]:
    ink = canvas.ink
    top += _legend(canvas, left, top, block.names)
    size = ink.small
    named = max((canvas.text_width(bar.label, size, False) for bar in block.bars), default=0.0)
    names = min(named, (right - left) * 0.4) + 8
    ends = max((canvas.text_width(_bar_words(bar), size, False) for bar in block.bars), default=0.0) + 8
    start, room = left + names, max(right - left - names - ends, 12.0)
    low, high = min(block.axis.low, 0.0), max(block.axis.high, 0.0)
    zero = start + room * (0 - low) / ((high - low) or 1.0)
    slot = min((bottom - top) / max(len(block.bars), 1), ink.row * (1.9 if _is_paired(block) else 1.4))
    spots = []

    def x(value: float) -> float:
        return start + room * (min(max(value, low), high) - low) / ((high - low) or 1.0)

    for index, bar in enumerate(block.bars):
        above = top + slot * index
        base = above + slot / 2 + size * 0.36
        canvas.text(left, base, bar.label, size, room=names - 6)
        thick = slot * (0.3 if _is_paired(block) else 0.52)
        middle = above + slot / 2 - (thick if _is_paired(block) else thick / 2)
        end = zero
        if bar.against is not None and bar.against.place is not None:
            edge = x(bar.against.place)
            fill = ink.band if ink.is_one else ink.last
            canvas.box(min(zero, edge), middle + thick, abs(edge - zero), thick, fill, 0.4 if ink.is_one else 0)
            end = max(end, edge)
        if bar.figure.place is not None:
            edge = x(bar.figure.place)
            _bar(canvas, min(zero, edge), middle, abs(edge - zero), thick, bar.tone)
            end = max(end, edge)
        canvas.text(end + 5, base, _bar_words(bar), size, color=None if bar.figure.place is not None else ink.ink3)
        spots.append(Spot(left, above, right - left, slot, index))
    if low < 0:
        canvas.line(zero, top, zero, top + slot * len(block.bars), 0.6, ink.border)
    return spots


def _upright_bars(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Bars) -> list[Spot]:
    ink = canvas.ink
    top += _legend(canvas, left, top, block.names)
    has_second = any(bar.second for bar in block.bars)
    axis = Axis(min(0.0, block.axis.low), max(0.0, block.axis.high))
    plot = _Plot(canvas, left, top + ink.axis, right, bottom, axis, names=2 if has_second else 1)
    slot = plot.slots(len(block.bars))
    spots = []
    for index, bar in enumerate(block.bars):
        start = plot.left + slot * (index + 0.11)
        wide = slot * (0.38 if bar.against is not None else 0.78)
        highest = plot.ground
        for offset, figure in ((0.0, bar.figure), (wide, bar.against)):
            if figure is None or figure.place is None:
                continue
            edge = plot.y(figure.place)
            upper, tall = min(edge, plot.ground), abs(edge - plot.ground)
            if offset:
                canvas.box(start + offset, upper, wide, tall, ink.band if ink.is_one else ink.last, 0.4 if ink.is_one else 0)
            else:
                _bar(canvas, start, upper, wide, tall, bar.tone)
            highest = min(highest, upper)
        words = _shown(bar.figure)
        muted = bar.figure.place is None
        if canvas.text_width(words, ink.axis, False) <= slot * 1.1:
            canvas.text(plot.left + slot * (index + 0.5), highest - 3, words, ink.axis, align="center", color=ink.ink3 if muted else None)
        if has_second:
            below = plot.bottom + ink.axis * 2.7
            canvas.text(plot.left + slot * (index + 0.5), below, bar.second, ink.axis, align="center", color=ink.ink3, room=slot - 2)
        spots.append(Spot(plot.left + slot * index, plot.top, slot, plot.bottom - plot.top, index, rule=plot.left + slot * (index + 0.5)))
    canvas.rule(plot.left, plot.right, plot.ground, 0.6, ink.border)
    plot.names([bar.label for bar in block.bars], keep_last=False)
    return spots


# ---------- tiles


def _heat(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Heat) -> list[Spot]:
    ink = canvas.ink
    rows = [*block.rows, *([block.foot] if block.foot else [])]
    size = ink.small
    named = max((canvas.text_width(words, size, True) for words in [block.row_title, *(row.label for row in rows)]), default=0.0) + 8

    def column_of(title: str, numbers: Sequence[Figure | None]) -> float:
        if not title:
            return 0.0
        return max([canvas.text_width(title, ink.axis, False), *(canvas.text_width(_text(number), size, True) for number in numbers)]) + 10

    counted = column_of(block.size_title, [row.size for row in rows])
    side = column_of(block.side_title, [row.side for row in rows])
    start, end = left + named + counted, right - side
    slot = (end - start) / max(len(block.columns), 1)
    if not ink.is_one:
        slot = min(slot, 64.0)
    tall = min((bottom - top) / (len(rows) + 1), ink.row * 1.25)
    base = tall / 2 + size * 0.36
    canvas.text(left, top + base, block.row_title, ink.axis, color=ink.ink3, room=named - 4)
    if block.size_title:
        canvas.text(start - 8, top + base, block.size_title, ink.axis, align="right", color=ink.ink3)
    if block.side_title:
        canvas.text(right, top + base, block.side_title, ink.axis, align="right", color=ink.ink3)
    widest = max((canvas.text_width(title, ink.axis, False) for title in block.columns), default=0.0) + 3
    every = max(1, math.ceil(widest / slot)) if slot > 0 else 1
    for index, title in enumerate(block.columns):
        if index % every == 0:
            canvas.text(start + slot * (index + 0.5), top + base, title, ink.axis, align="center", color=ink.ink3)
    first = 2 if block.size_title else 1
    spots = []
    for position, row in enumerate(rows):
        above = top + tall * (position + 1)
        is_foot = block.foot is not None and position == len(rows) - 1
        if is_foot:
            canvas.rule(left, right, above, 0.6, ink.border)
        canvas.text(left, above + base, row.label, size, bold=is_foot, room=named - 4)
        if block.size_title:
            canvas.text(start - 8, above + base, _text(row.size), size, bold=False, align="right", color=ink.ink2)
        if block.side_title:
            canvas.text(right, above + base, _text(row.side), size, bold=is_foot, align="right", color=None if row.side and row.side.value is not None else ink.ink3)
        for index, cell in enumerate(row.cells[: len(block.columns)]):
            if cell is None:
                continue
            _tile(canvas, block, cell, (start + slot * index, above, slot, tall), is_foot)
            spots.append(Spot(start + slot * index, above, slot, tall, position, (first + index,)))
    return spots


def _text(figure: Figure | None) -> str:
    return figure.text if figure is not None else ""


def _tile(canvas: Canvas, block: Heat, cell: HeatCell, box: tuple[float, float, float, float], is_foot: bool) -> None:
    left, top, wide, tall = box
    ink, size, place = canvas.ink, canvas.ink.small, cell.figure.place
    color: QColor = ink.ink if is_foot else ink.ink3
    if cell.is_running:
        canvas.hatch(left + 0.5, top + 0.5, wide - 1, tall - 1, 2.6 if ink.is_one else 5.0, ink.hatch)
    elif place is not None and not is_foot:
        span = block.axis.high - block.axis.low
        fill = shade(ink, (place - block.axis.low) / span if span > 0 else 0.0)
        canvas.box(left + 0.5, top + 0.5, wide - 1, tall - 1, fill)
        color = words_on(fill)
    fit = _fitting(canvas, cell.figure.text, size, wide - 1, bold=is_foot)
    canvas.text(left + wide / 2, top + tall / 2 + size * 0.36, cell.figure.text, fit, bold=is_foot, align="center", color=color)




def _matrix(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Matrix) -> list[Spot]:
    ink = canvas.ink
    head = ink.axis * 1.5
    named = max((canvas.text_width(title, ink.number, True) for title in block.rows), default=0.0) + 10
    titled = head if block.row_title else 0.0
    start, ground = left + titled + named, top + 2 * head
    slot = (right - start) / max(len(block.columns), 1)
    tall = (bottom - ground - 2) / max(len(block.rows), 1)
    canvas.text(start + slot * len(block.columns) / 2, top + ink.axis, block.column_title, ink.axis, align="center", color=ink.ink3, room=right - start)
    canvas.text(left, top + 2 * head - 3, block.row_title, ink.axis, color=ink.ink3, room=max(titled + named, 40.0))
    for index, title in enumerate(block.columns):
        canvas.text(start + slot * (index + 0.5), top + 2 * head - 3, title, ink.number, bold=True, align="center", color=ink.ink2)
    spots = []
    for position, (title, cells) in enumerate(zip(block.rows, block.cells, strict=True)):
        above = ground + tall * position
        canvas.text(start - 8, above + tall / 2 + ink.number * 0.36, title, ink.number, bold=True, align="right", color=ink.ink2)
        for index, cell in enumerate(cells):
            fill = shade(ink, cell.share or 0.0) if cell.share is not None else ink.surface
            canvas.box(start + slot * index + 1, above + 1, slot - 2, tall - 2, fill, 0.5 if cell.share is None else 0, ink.hair)
            color = words_on(fill) if cell.share is not None else ink.ink3
            middle = start + slot * (index + 0.5)
            size = ink.number * 1.15
            canvas.text(middle, above + tall / 2 - 1, cell.count.text, size, bold=True, align="center", color=color, room=slot - 6)
            canvas.text(middle, above + tall / 2 + ink.axis * 1.2, _shown(cell.figure), ink.axis, align="center", color=color, room=slot - 6)
            spots.append(Spot(start + slot * index, above, slot, tall, position, (1 + 2 * index, 2 + 2 * index)))
    return spots


# ---------- steps and classes


def _funnel(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Funnel) -> list[Spot]:
    ink = canvas.ink
    size = ink.small
    names = min(max((canvas.text_width(label, size, False) for label in block.labels), default=0.0), (right - left) * 0.3) + 10
    count = max(len(block.sides), 1)
    gap = 12.0
    width = (right - left - names - gap * (count - 1)) / count
    tall = min((bottom - top) / (len(block.labels) + 1.2), ink.row * 1.5)
    ground = top + ink.row * 1.1
    spots = []
    for position, label in enumerate(block.labels):
        above = ground + tall * position
        canvas.rule(left, right, above, 0.4, ink.hair)
        canvas.text(left, above + tall / 2 + size * 0.36, label, size, room=names - 6)
        spots.append(Spot(left, above, right - left, tall, position))
    for index, side in enumerate(block.sides):
        _funnel_side(canvas, left + names + (width + gap) * index, width, top, ground, tall, block, index)
        del side
    return spots


def _funnel_side(canvas: Canvas, left: float, width: float, top: float, ground: float, tall: float, block: Funnel, index: int) -> None:
    """Draw one side: bars on the first step's scale, then the shares, each in a column of its own."""
    ink, size = canvas.ink, canvas.ink.small
    side = block.sides[index]
    wanted: tuple[tuple[str, str], ...] = (("of_previous", block.previous_title), ("of_first", block.first_title), ("change", block.change_title))
    columns: list[tuple[str, str, float]] = []
    for key, title in wanted:
        shown = [getattr(step, key).text for step in side.steps if getattr(step, key) is not None]
        if shown:
            wide = max(*(canvas.text_width(words, size, True) for words in shown), min(canvas.text_width(title, ink.axis, False), 60.0)) + 8
            columns.append((key, title, wide))
    counted = max((canvas.text_width(step.figure.text, size, False) for step in side.steps), default=0.0) + 6
    # Where there is little room the least needed column goes first.
    for dropped in ("of_first", "change"):
        if sum(wide for _, _, wide in columns) + counted + 14 > width:
            columns = [column for column in columns if column[0] != dropped]
    room = max(width - sum(wide for _, _, wide in columns) - counted, 6.0)
    first = next((step.figure.place for step in side.steps if step.figure.place), None)
    canvas.text(left, top + ink.axis + 1, side.name, ink.axis, color=ink.ink3, room=room + counted)
    place = left + room + counted
    for _, title, wide in columns:
        place += wide
        canvas.text(place, top + ink.axis + 1, title, ink.axis, align="right", color=ink.ink3, room=wide)
    for position, step in enumerate(side.steps[: len(block.labels)]):
        above = ground + tall * position
        base = above + tall / 2 + size * 0.36
        long = 0.0
        if step.figure.place is not None and first:
            long = max(room * min(step.figure.place / first, 1.0), 0.8)
            fill = ink.bar if index == 0 else ink.last
            canvas.box(left, above + tall * 0.24, long, tall * 0.52, fill)
        canvas.text(left + long + 4, base, step.figure.text, size, color=None if step.figure.place is not None else ink.ink3)
        place = left + room + counted
        for key, _, wide in columns:
            place += wide
            figure: Figure | None = getattr(step, key)
            if figure is None:
                continue
            is_share = key == "of_previous"
            color = _tone(ink, step.tone, ink.ink) if is_share else ink.ink2
            canvas.text(place, base, figure.text, size, bold=is_share, align="right", color=color)


def _histogram(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Histogram) -> list[Spot]:
    ink = canvas.ink
    plot = _Plot(canvas, left, top + ink.number * 1.2, right, bottom, block.axis)
    slot = plot.slots(len(block.bins))
    spots = []
    for index, each in enumerate(block.bins):
        start = plot.left + slot * index
        place = each.figure.place
        if place is not None:
            upper = plot.y(place)
            fill = ink.band if ink.is_one else ink.last
            canvas.box(start + 0.5, upper, slot - 1, plot.ground - upper, ink.bar if each.high is not None else fill, 0.4 if ink.is_one else 0)
        if each.edge:
            open_end = each.high is None
            canvas.text(start + (slot / 2 if open_end else 0), plot.bottom + ink.axis * 1.35, each.edge, ink.axis, align="center", color=ink.ink3)
        spots.append(Spot(start, plot.top, slot, plot.bottom - plot.top, index, rule=start + slot / 2))
    canvas.rule(plot.left, plot.right, plot.ground, 0.6, ink.border)
    at = _class_place(block)
    if at is not None:
        x = plot.left + slot * at
        canvas.line(x, top + 2, x, plot.ground, 1.2)
        wide = canvas.text_width(block.median_text, ink.small, True)
        is_left = x + 5 + wide > right
        canvas.text(x - 5 if is_left else x + 5, top + ink.small, block.median_text, ink.small, bold=True, align="right" if is_left else "left")
    return spots


def _class_place(block: Histogram) -> float | None:
    """Return where the median stands, counted in classes from the left."""
    median = block.median
    if median is None:
        return None
    for index, each in enumerate(block.bins):
        if each.high is None and median >= each.low:
            return index + 0.5
        if each.high is not None and each.low <= median < each.high:
            return index + (median - each.low) / (each.high - each.low)
    return None


# ---------- points


def _points(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Points) -> list[Spot]:
    if block.strip:
        _strip(canvas, left, right, top, block.strip)
        top += canvas.ink.row * 1.8
    return (_lying_points if block.is_lying else _upright_points)(canvas, left, top, right, bottom, block)


def _strip(canvas: Canvas, left: float, right: float, top: float, parts: Sequence[Bar]) -> None:
    """Draw the parts of a whole as one bar, each named inside where there is room."""
    ink = canvas.ink
    known = [part.figure.place or 0.0 for part in parts]
    whole = sum(known)
    if whole <= 0:
        return
    tall, place = ink.row, left
    for index, (part, share) in enumerate(zip(parts, known, strict=True)):
        wide = (right - left) * share / whole
        if ink.is_one:
            fill = ink.layers[min(index, 2)]
        else:
            fill = ink.worse if part.tone == "worse" else ink.better if part.tone == "better" else ink.hair
        canvas.box(place, top, wide, tall, fill)
        words = f"{part.label} {part.figure.text}"
        for shown in (words, part.figure.text):
            if canvas.text_width(shown, ink.axis, True) + 6 <= wide:
                canvas.text(place + 4, top + tall / 2 + ink.axis * 0.36, shown, ink.axis, bold=True, color=words_on(fill))
                break
        place += wide




def _lying_points(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Points) -> list[Spot]:
    ink, size = canvas.ink, canvas.ink.small
    points = block.points
    names = min(max((canvas.text_width(point.label, size, False) for point in points), default=0.0), (right - left) * 0.35) + 8
    counts = [f"n {point.count.text}" if point.count is not None else "" for point in points]
    counted = max((canvas.text_width(words, ink.axis, False) for words in counts), default=0.0)
    counted += 10 if counted else 0
    ends = max((canvas.text_width(point.figure.text, size, True) for point in points), default=0.0) + 10
    start, end = left + names + counted, right - ends
    foot = ink.axis * 1.5 if block.against and block.against.label else 2.0
    tall = min((bottom - top - foot) / max(len(points), 1), ink.row * 1.4)
    below = top + tall * len(points)
    low, high = block.axis.low, block.axis.high

    def x(value: float) -> float:
        return start + (end - start) * min(max((value - low) / ((high - low) or 1.0), 0.0), 1.0)

    if block.band is not None:
        canvas.box(x(block.band[0]), top, x(block.band[1]) - x(block.band[0]), below - top, ink.band)
    spots = []
    for index, point in enumerate(points):
        middle = top + tall * (index + 0.5)
        if index:
            canvas.rule(left, right, top + tall * index, 0.4, ink.hair)
        base = middle + size * 0.36
        muted = ink.ink3 if point.is_hollow else None
        canvas.text(left, base, point.label, size, room=names - 6, color=muted)
        canvas.text(start - 10, base, counts[index], ink.axis, align="right", color=ink.ink3)
        place = point.figure.place
        canvas.text(right, base, point.figure.text, size, bold=not point.is_hollow and place is not None, align="right", color=ink.ink3 if place is None else muted)
        color = ink.last if point.is_hollow else _tone(ink, point.tone, ink.series)
        if point.low is not None and point.high is not None and point.low.place is not None and point.high.place is not None:
            canvas.line(x(point.low.place), middle, x(point.high.place), middle, 1.6, ink.last if ink.is_one else color)
        if place is not None:
            canvas.dot(x(place), middle, 2.0 if ink.is_one else 3.4, ink.surface if point.is_hollow else color, 1.0 if point.is_hollow else 0, color)
        spots.append(Spot(left, top + tall * index, right - left, tall, index))
    if block.against is not None:
        spot = x(block.against.value)
        canvas.line(spot, top + 1, spot, below, 0.8, ink.ink3, (1.5, 2.5))
        wide = canvas.text_width(block.against.label, ink.axis, False)
        canvas.text(min(max(spot, left + wide / 2), right - wide / 2), below + ink.axis * 1.2, block.against.label, ink.axis, align="center", color=ink.ink3)
    return spots


def _upright_points(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Points) -> list[Spot]:
    ink = canvas.ink
    points = block.points
    last = points[-1] if points else None
    room = canvas.text_width(_shown(last.figure), ink.small, True) + 8 if last else 0.0
    plot = _Plot(canvas, left, top, right - room, bottom, block.axis)
    slot = plot.slots(len(points))
    if block.band is not None:
        upper, lower = plot.y(block.band[1]), plot.y(block.band[0])
        canvas.box(plot.left, upper, plot.right - plot.left, lower - upper, ink.band)
    if block.against is not None:
        canvas.line(plot.left, plot.y(block.against.value), plot.right, plot.y(block.against.value), 0.8, ink.limit, (4, 3))
        canvas.text(plot.left + 2, plot.y(block.against.value) - 2, block.against.label, ink.axis, color=ink.ink3)
    spots = []
    for index, point in enumerate(points):
        x = plot.left + slot * (index + 0.5)
        place = point.figure.place
        if point.low is not None and point.high is not None and point.low.place is not None and point.high.place is not None:
            cap = min(slot * 0.16, 3.0)
            upper, lower = plot.y(point.high.place), plot.y(point.low.place)
            canvas.line(x, upper, x, lower, 1.0, ink.last)
            for edge in (upper, lower):
                canvas.line(x - cap, edge, x + cap, edge, 1.0, ink.last)
        if place is not None:
            color = ink.last if point.is_hollow else _tone(ink, point.tone, ink.series)
            radius = (2.0 if ink.is_one else 2.8) * (1.25 if point is last else 1.0)
            canvas.dot(x, plot.y(place), radius, ink.surface if point.is_hollow else color, 1.0 if point.is_hollow else 0, color)
            if point is last:
                canvas.text(x + slot / 2 + 4, plot.y(place) + ink.small * 0.36, _shown(point.figure), ink.small, bold=True)
        spots.append(Spot(plot.left + slot * index, plot.top, slot, plot.bottom - plot.top, index, rule=x, dot=None if place is None else plot.y(place)))
    plot.names([point.label for point in points], keep_last=True)
    return spots


def _scatter(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Scatter) -> list[Spot]:
    ink = canvas.ink
    plot = _Plot(canvas, left, top + ink.axis * 1.1, right - 4, bottom, block.y_axis, names=2 if block.x_title else 1)
    canvas.text(left, top + ink.axis * 0.8, block.y_title, ink.axis, color=ink.ink3, room=right - left)
    low, high = block.x_axis.low, block.x_axis.high

    def x(value: float) -> float:
        return plot.left + (plot.right - plot.left) * ((value - low) / ((high - low) or 1.0))

    canvas.rule(plot.left, plot.right, plot.bottom, 0.6, ink.border)
    for value, words in block.x_axis.ticks:
        canvas.text(x(value), plot.bottom + ink.axis * 1.35, words, ink.axis, align="center", color=ink.ink3)
    canvas.text(plot.right, plot.bottom + ink.axis * 2.7, block.x_title, ink.axis, align="right", color=ink.ink3)

    def held(value: float) -> float:
        return min(max(plot.y(value), plot.top - 2), plot.bottom)

    for trace in block.traces:
        if trace.lows and trace.highs:
            over = [(x(across), held(value)) for (across, _), value in zip(trace.places, trace.highs, strict=True)]
            under = [(x(across), held(value)) for (across, _), value in zip(trace.places, trace.lows, strict=True)]
            canvas.area([*over, *reversed(under)], ink.band if ink.is_one else _faint(ink.series, 0.12))
    for trace in block.traces:
        color, wide = (ink.last, 1.0) if trace.is_dashed else (ink.series, 1.5)
        for run in _between([(x(across), plot.y(up)) for across, up in trace.places], plot.top - 2, plot.bottom):
            canvas.polyline(run, wide, color, (4, 3) if trace.is_dashed else ())
    for mark in block.levels:
        canvas.line(plot.left, plot.y(mark.value), plot.right, plot.y(mark.value), 0.8, ink.limit, (2, 3))
        canvas.text(plot.right, plot.y(mark.value) - 2, mark.label, ink.axis, align="right", color=ink.ink3)
    for mark in block.uprights:
        canvas.line(x(mark.value), plot.top, x(mark.value), plot.bottom, 0.8, ink.limit, (2, 3))
        is_left = x(mark.value) + 4 + canvas.text_width(mark.label, ink.axis, False) > right
        canvas.text(x(mark.value) + (-3 if is_left else 3), plot.bottom - 3, mark.label, ink.axis, align="right" if is_left else "left", color=ink.ink3)
    spots = []
    named = [
        (plot.right - canvas.text_width(mark.label, ink.axis, False), plot.right, plot.y(mark.value) - 2) for mark in block.levels
    ]  # fmt: skip
    radius = 1.6 if ink.is_one else 2.4
    ordinary = [index for index, dot in enumerate(block.dots) if not dot.is_marked]
    marked = [index for index, dot in enumerate(block.dots) if dot.is_marked]
    for index in (*ordinary, *marked):  # what is marked lies above
        dot = block.dots[index]
        if dot.x.place is None or dot.y.place is None:
            continue
        at = (x(dot.x.place), plot.y(dot.y.place))
        color = _tone(ink, dot.tone, ink.series if dot.is_marked else ink.last)
        size = radius * (1.5 if dot.is_marked else 1.0)
        canvas.dot(*at, size, ink.surface if dot.is_hollow else color, 1.3 if dot.is_hollow else 0, color)
        if dot.is_marked:
            wide = canvas.text_width(dot.label, ink.axis, False)
            is_left = at[0] + 7 + wide > right
            first = at[0] - 7 - wide if is_left else at[0] + 7
            # Above the dot, else below; where both are taken the name waits for the pointer.
            for baseline in (at[1] - 4, at[1] + ink.axis * 1.1):
                if not any(first < end and begin < first + wide and abs(baseline - other) < ink.axis for begin, end, other in named):
                    named.append((first, first + wide, baseline))
                    canvas.text(first, baseline, dot.label, ink.axis)
                    break
    written: list[float] = []
    for trace in sorted(block.traces, key=lambda trace: -trace.places[-1][1] if trace.places else 0.0):
        if trace.name and trace.places:
            across, up = trace.places[-1]
            baseline = min(max(plot.y(up) - 4, plot.top + ink.axis * 0.6), plot.bottom - 2)
            while any(abs(baseline - other) < ink.axis * 1.2 for other in written):
                baseline += ink.axis * 0.6
            written.append(baseline)
            canvas.text(min(x(across), plot.right), baseline, trace.name, ink.axis, align="right", color=ink.ink2)
    reach = max(5.0, radius * 2)
    # Read from left to right, as the arrow keys go.
    known = [index for index, dot in enumerate(block.dots) if dot.x.place is not None and dot.y.place is not None]
    for index in sorted(known, key=lambda index: block.dots[index].x.place or 0.0):
        dot = block.dots[index]
        at = (x(dot.x.place or 0.0), plot.y(dot.y.place or 0.0))
        spots.append(Spot(at[0] - reach, at[1] - reach, 2 * reach, 2 * reach, index))
    return spots


def _between(places: Sequence[tuple[float, float]], top: float, bottom: float) -> list[list[tuple[float, float]]]:
    """Return the stretches of a line that lie between two heights, cut exactly where it crosses them."""
    runs: list[list[tuple[float, float]]] = []
    for (x1, y1), (x2, y2) in pairwise(places):
        enter, leave = 0.0, 1.0
        for edge, away in ((top, y1 < y2), (bottom, y1 > y2)):
            outside = (y1 < top, y2 < top) if edge == top else (y1 > bottom, y2 > bottom)
            if all(outside):
                enter = 2.0
            elif any(outside):
                share = (edge - y1) / (y2 - y1)
                enter, leave = (max(enter, share), leave) if away else (enter, min(leave, share))
        if enter >= leave:
            continue
        start = (x1 + (x2 - x1) * enter, y1 + (y2 - y1) * enter) if enter > 0 else (x1, y1)
        end = (x1 + (x2 - x1) * leave, y1 + (y2 - y1) * leave) if leave < 1 else (x2, y2)
        if runs and runs[-1][-1] == start:
            runs[-1].append(end)
        else:
            runs.append([start, end])
    return runs


# ---------- parts over periods


def _stack(canvas: Canvas, left: float, top: float, right: float, bottom: float, block: Stack) -> list[Spot]:
    ink = canvas.ink
    words = [f"{part.name} {part.last.text}" for part in block.parts]
    room = max((canvas.text_width(each, ink.small, False) for each in words), default=0.0) + ink.small * 0.7 + 8
    room = min(room, (right - left) * 0.4)
    has_names = bool(block.part) or any(name for _, _, name in block.shaded)
    plot = _Plot(canvas, left, top + (ink.axis * 1.2 if has_names else 0), right - room, bottom, block.axis)
    count = len(block.labels)
    slot = plot.slots(count)
    for first, last, name in block.shaded:
        canvas.box(plot.left + slot * first, top, slot * (last - first + 1), plot.bottom - top, ink.band)
        canvas.text(plot.left + slot * (first + last + 1) / 2, top + ink.axis * 1.1, name, ink.axis, align="center", color=ink.band_text)
    if block.part and count:
        canvas.text(plot.left + slot * (count - 0.5), top + ink.axis * 1.1, block.part, ink.axis, align="center", color=ink.ink3)
    spots = []
    for index in range(count):
        base = 0.0
        start = plot.left + slot * index
        for layer, part in enumerate(block.parts):
            place = part.points[index].place if index < len(part.points) else None
            if place is None:
                # What lies above an unknown part would stand too low.
                canvas.text(start + slot / 2, plot.y(base) - 3, "–", ink.axis, align="center", color=ink.ink3)
                break
            lower, upper = plot.y(base), plot.y(base + place)
            box = (start + slot * 0.16, min(lower, upper), slot * 0.68, abs(lower - upper))
            canvas.box(*box, ink.layers[min(layer, 2)], 0.4, ink.surface)
            if block.part and index == count - 1:
                canvas.hatch(*box, 2.4 if ink.is_one else 5.0, ink.surface)
            base += place
        spots.append(Spot(start, plot.top, slot, plot.bottom - plot.top, index, rule=start + slot / 2))
    canvas.rule(plot.left, plot.right, plot.ground, 0.6, ink.border)
    _layer_names(canvas, plot, block, words, right)
    plot.names(block.labels, keep_last=True)
    return spots


def _layer_names(canvas: Canvas, plot: _Plot, block: Stack, words: Sequence[str], right: float) -> None:
    """Write each part's name beside the newest whole stack, none over another."""
    ink = canvas.ink
    whole = [
        index
        for index in range(len(block.labels))
        if all(index < len(part.points) and part.points[index].place is not None for part in block.parts)
    ]
    base, taken = 0.0, plot.bottom + ink.small
    for layer, part in enumerate(block.parts):
        place = (part.points[whole[-1]].place or 0.0) if whole else 0.0
        at = min(plot.y(base + place / 2) + ink.small * 0.36, taken - ink.small * 1.25)
        base += place
        taken = at
        canvas.box(plot.right + 3, at - ink.small * 0.72, ink.small * 0.7, ink.small * 0.7, ink.layers[min(layer, 2)])
        canvas.text(plot.right + 6 + ink.small * 0.7, at, words[layer], ink.small, room=right - plot.right - 6 - ink.small * 0.7)
