"""How each kind of cell of a table is painted; all share one inset, so that columns stand straight."""

from __future__ import annotations

from typing import assert_never, cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem

from ecoperf_desktop.reports.blocks import (
    BarCell,
    Cell,
    ChangeCell,
    IntervalCell,
    NumberCell,
    PillCell,
    SparkCell,
    StateCell,
    TextCell,
)
from ecoperf_desktop.ui import looks, marks
from ecoperf_desktop.ui.texts import one_line

CELL = int(Qt.ItemDataRole.UserRole)
TOTAL = CELL + 1
GROUP = CELL + 2
STRUCK = CELL + 3
STYLE = CELL + 4  # 'link', 'mono' or ''

_SPARK_WIDTH = 134
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def row_height() -> int:
    """Return 27 at 100 %: a line of the table's type and 11."""
    return QFontMetrics(looks.font("table")).height() + 11


class CellDelegate(QStyledItemDelegate):
    """Paints any cell of a page's table, and the rule below it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        now = looks.now()
        rect = QRectF(option.rect)
        painter.save()
        total = bool(index.data(TOTAL))
        # Asked of the view: the option's flags would make Python build every enumeration of QStyle, before the
        # first paint.
        view = self.parent()
        assert isinstance(view, QAbstractItemView)
        if view.selectionModel().isSelected(cast(QModelIndex, index)):
            painter.fillRect(rect, looks.color(now.sel))
        pen = QPen(looks.color(now.hair), 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        inner = rect.adjusted(looks.CELL_INSET, 0, -looks.CELL_INSET, -1)
        cell = index.data(CELL)
        if cell is not None:
            style = index.data(STYLE)
            if style and isinstance(cell, TextCell):
                font = looks.mono() if style == "mono" else looks.font("table")
                color = looks.color(now.ink2 if style == "mono" else now.accent)
                _write(painter, inner, one_line(cell.text), font, color, _LEFT, elide=True)
            else:
                paint_cell(painter, inner, cell, total, bool(index.data(STRUCK)))
        if view.hasFocus() and view.currentIndex() == index:
            marks.draw_focus(painter, rect)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        cell = index.data(CELL)
        return QSize(cell_width(cell, bool(index.data(TOTAL))) + 2 * looks.CELL_INSET, row_height())


def cell_width(cell: Cell | None, total: bool = False) -> int:
    """Return how wide a cell's content wants to be."""
    if cell is None:
        return 0
    match cell:
        case TextCell():
            pill = QFontMetrics(looks.font("small")).horizontalAdvance(cell.pill) + 18 if cell.pill else 0
            return QFontMetrics(_text_font(cell, total)).horizontalAdvance(one_line(cell.text)) + pill + 1
        case NumberCell():
            return QFontMetrics(looks.font("table_strong")).horizontalAdvance(cell.text) + 1
        case ChangeCell():
            return QFontMetrics(looks.font("table")).horizontalAdvance(cell.text) + 1
        case SparkCell():
            return _SPARK_WIDTH
        case StateCell():
            return QFontMetrics(looks.font("table_strong")).horizontalAdvance(cell.text) + 20
        case BarCell():
            return 60 + QFontMetrics(looks.font("small")).horizontalAdvance(cell.text)
        case PillCell():
            return QFontMetrics(looks.font("small")).horizontalAdvance(cell.text) + 14
        case IntervalCell():
            return 96
        case _:
            assert_never(cell)


def paint_cell(painter: QPainter, rect: QRectF, cell: Cell, total: bool = False, struck: bool = False) -> None:
    """Paint one cell's content into ``rect``, which the inset has been taken from."""
    now = looks.now()
    match cell:
        case TextCell():
            _paint_text(painter, rect, cell, total, struck)
        case NumberCell():
            strong = cell.strong or total
            color = marks.tone_color(cell.tone, now.ink3 if cell.muted else now.ink if strong else now.ink2)
            if cell.figure.value is None:
                color = looks.color(now.ink3)
            _write(painter, rect, cell.text, looks.font("table_strong" if strong else "table"), color, _RIGHT)
        case ChangeCell():
            _write(painter, rect, cell.text, looks.font("table_strong" if total else "table"), looks.color(now.ink2), _RIGHT)
        case SparkCell():
            if cell.spark is not None:
                width = min(rect.width(), float(_SPARK_WIDTH))
                marks.draw_spark(painter, QRectF(rect.left(), rect.top(), width, rect.height()), cell.spark)
        case StateCell():
            state = cell.state
            color = marks.tone_color(state.tone, now.ink2)
            marks.draw_mark(painter, QPointF(rect.left() + 4, rect.center().y()), state.mark, marks.tone_color(state.tone, now.ink3))
            font = looks.font("table_strong" if state.is_signal else "table")
            _write(painter, rect.adjusted(16, 0, 0, 0), state.text, font, color, _LEFT)
        case BarCell():
            text_width = QFontMetrics(looks.font("small")).horizontalAdvance(cell.text)
            track = max(24.0, rect.width() - text_width - 8)
            color = looks.color(now.bar) if cell.tone == "neutral" else marks.tone_color(cell.tone)
            if cell.share is not None or cell.mark is not None:
                marks.draw_bar(painter, QRectF(rect.left(), rect.top(), track, rect.height()), cell.share, cell.mark, color)
            _write(painter, rect.adjusted(track + 6, 0, 0, 0), cell.text, looks.font("small"), looks.color(now.ink2), _RIGHT)
        case PillCell() if not cell.text:
            pass
        case PillCell():
            font = looks.font("small")
            painter.setFont(font)
            width = QFontMetrics(font).horizontalAdvance(cell.text) + 14
            height = QFontMetrics(font).height() + 3
            box = QRectF(rect.left(), rect.center().y() - height / 2, min(float(width), rect.width()), height)
            marks.draw_pill(painter, box, cell.text, cell.tone)
        case IntervalCell():
            color = looks.color(now.series) if cell.tone == "neutral" else marks.tone_color(cell.tone)
            marks.draw_interval(painter, rect, cell.low, cell.middle, cell.high, cell.against, cell.hollow, color)
        case _:
            assert_never(cell)


def _text_font(cell: TextCell, total: bool) -> QFont:
    if cell.strong or total:
        return looks.font("table_strong")
    return looks.font("table" if cell.muted else "table_medium")


def _paint_text(painter: QPainter, rect: QRectF, cell: TextCell, total: bool, struck: bool) -> None:
    now = looks.now()
    font = _text_font(cell, total)
    if struck:
        font = QFont(font)
        font.setStrikeOut(True)
    color = looks.color(now.ink3 if cell.muted or struck else now.ink)
    room = rect
    if cell.pill:
        small = looks.font("small")
        pill = QFontMetrics(small).horizontalAdvance(cell.pill) + 12
        text_width = QFontMetrics(font).horizontalAdvance(one_line(cell.text))
        left = min(rect.left() + text_width + 6, rect.right() - pill)
        height = QFontMetrics(small).height() + 2
        painter.setFont(small)
        marks.draw_pill(painter, QRectF(left, rect.center().y() - height / 2, pill, height), cell.pill, "neutral")
        room = QRectF(rect.left(), rect.top(), max(0.0, left - 6 - rect.left()), rect.height())
    _write(painter, room, one_line(cell.text), font, color, _LEFT, elide=True)


def _write(
    painter: QPainter, rect: QRectF, text: str, font: QFont, color: QColor, align: Qt.AlignmentFlag, *, elide: bool = False
) -> None:  # fmt: skip
    painter.setFont(font)
    painter.setPen(color)
    if elide:
        text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
    painter.drawText(rect, int(align.value) | int(Qt.TextFlag.TextSingleLine.value), text)
