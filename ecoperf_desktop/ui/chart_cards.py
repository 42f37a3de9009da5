"""The frames around charts: head, foot, the table behind a chart, and what one can do with it.

Trends and lines are pyqtgraph's, which costs more to import than the rest of the
window together; their card shows its grid lines until ``ready`` says it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QStackedLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    Bridge,
    Figure,
    Foot,
    Heat,
    Lines,
    NumberCell,
    Reference,
    State,
    Trend612,
)
from ecoperf_desktop.reports.blocks import Chart as ChartBlock
from ecoperf_desktop.reports.references import reference_text
from ecoperf_desktop.reports.tabular import Reading, table_of
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.cards import Card, StateLabel
from ecoperf_desktop.ui.cards import Foot as Strip
from ecoperf_desktop.ui.drawn_chart import DrawnChart
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.texts import Label, for_menu, tip

if TYPE_CHECKING:
    from ecoperf_desktop.ui.charts import Chart


def ready() -> bool:
    """Return whether charts can be drawn without a wait."""
    return "ecoperf_desktop.ui.charts" in sys.modules


class _Waiting(QWidget):
    """The grid lines of a chart that is not there yet, or why there is none."""

    reason = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.reason:
            painter.setFont(looks.font("table"))
            painter.setPen(looks.color(looks.now().ink3))
            box = QRectF(self.rect()).adjusted(looks.CARD_PADDING, 4, -looks.CARD_PADDING, -4)
            painter.drawText(box, int((Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter).value) | int(Qt.TextFlag.TextWordWrap.value), self.reason)
            painter.end()
            return
        painter.setPen(QPen(looks.color(looks.now().hair), 1))
        for share in (0.25, 0.5, 0.75):
            y = round(self.height() * share)
            painter.drawLine(looks.CARD_PADDING, y, self.width() - looks.CARD_PADDING, y)
        painter.end()


class _FootRow(QFrame):
    """The row of comparisons below a trend: words above, numbers and changes below."""

    explain_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[Foot, ...] = ()
        self._hits: list[tuple[QRectF, Foot]] = []
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_entries(self, entries: tuple[Foot, ...]) -> None:
        self._entries = entries
        self.setAccessibleName(", ".join(f"{entry.label} {entry.figure.text} {entry.change.text if entry.change else ''}" for entry in entries))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, QFontMetrics(looks.font("small")).height() * 2 + 13)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._entries:
            return
        now = looks.now()
        painter = QPainter(self)
        painter.setPen(QPen(looks.color(now.hair), 1))
        painter.drawLine(0, 0, self.width(), 0)
        font = looks.font("small")
        metrics = QFontMetrics(font)
        painter.setFont(font)
        words = [(entry.label, _entry_text(entry)) for entry in self._entries]
        widths = [max(metrics.horizontalAdvance(label), metrics.horizontalAdvance(text)) for label, text in words]
        room = self.width() - 2 * looks.CARD_PADDING
        shown = len(words)
        # Later entries (year to date) are dropped before any number is cut.
        while shown > 1 and sum(widths[:shown]) + 10 * (shown - 1) > room:
            shown -= 1
        gap = min(26.0, (room - sum(widths[:shown])) / max(1, shown - 1))
        self._hits = []
        left, line = float(looks.CARD_PADDING), metrics.height()
        for (label, _), width, entry in zip(words[:shown], widths, self._entries, strict=False):
            painter.setPen(looks.color(now.ink3))
            painter.drawText(QRectF(left, 5, width + 2, line), 0, label)
            painter.setPen(looks.color(now.ink if entry.figure.value is not None else now.ink3))
            second = QRectF(left, 6 + line, width + 4, line)
            value = _value_text(entry.figure)
            painter.drawText(second, 0, value)
            if entry.change is not None:
                painter.setPen(looks.color(now.ink2))
                painter.drawText(second.translated(metrics.horizontalAdvance(value + " "), 0), 0, entry.change.text)
            self._hits.append((QRectF(left, 0, width, self.height()), entry))
            left += width + gap
        self.setToolTip(tip("\n".join(f"{label}  {text}" for label, text in words)) if shown < len(words) else "")
        painter.end()

    def _at(self, event: QMouseEvent) -> Reference | None:
        for rect, entry in self._hits:
            if rect.contains(event.position()):
                return entry.figure.reference or (entry.change.reference if entry.change else None)
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._at(event) else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if reference := self._at(event):
            self.explain_asked.emit(reference)


def _value_text(figure: Figure) -> str:
    return figure.short or figure.text


def _entry_text(entry: Foot) -> str:
    value = _value_text(entry.figure)
    return f"{value} {entry.change.text}" if entry.change is not None else value


class ChartCard(Card):
    """A chart with its number and verdict in the head; Ctrl T turns it into its table."""

    hovered = Signal(str)  # the moment pointed at, empty when the pointer left
    export_asked = Signal()
    picture_asked = Signal()
    waits = True  # for pyqtgraph

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._value = _Value(self)
        self._value.clicked.connect(self._explain_head)
        self._state = StateLabel(self)
        self._head_line.addWidget(self._value)
        self._head_line.addWidget(self._state)
        self._body = QWidget(self)
        self._body.setMinimumHeight(looks.px(136))
        self._stack = QStackedLayout(self._body)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._waiting = _Waiting(self._body)
        self._stack.addWidget(self._waiting)
        self._outer.addWidget(self._body, 1)
        self._row = _FootRow(self)
        self._row.explain_asked.connect(self.explain_asked)
        self._outer.addWidget(self._row)
        self._strip = Strip(self)
        self._outer.addWidget(self._strip)
        self.chart: Chart | DrawnChart | None = None
        self._table: RowsView | None = None
        self._block: ChartBlock | None = None

    def show_block(self, block: ChartBlock) -> None:
        self._block = block
        self.set_head(block.title, _grey(block), block.hint if isinstance(block, Heat) else "")
        if isinstance(block, Trend612 | Lines):
            self._show_head(block.figure, block.state, block.reference)
        else:
            self._show_head(None, None, None)
        self._waiting.reason = _why_empty(block)
        entries = block.foot if isinstance(block, Trend612) and not self._waiting.reason else ()
        self._row.show_entries(entries)
        self._row.setVisible(isinstance(block, Trend612))
        foot = "" if isinstance(block, Trend612 | Lines | Bridge | Heat) else block.foot
        self._strip.text.setText(foot)
        self._strip.setVisible(bool(foot))
        self._body.setMinimumHeight(looks.px(136 if isinstance(block, Trend612) else 176))
        if self._waiting.reason:
            self._show_body(self._waiting)
            self._waiting.update()
        elif self.chart is not None:
            self._fill_chart(block)
        elif ready() or not self.waits:
            self.fill()
        if self._table is not None:
            self._table.show_table(table_of(block))

    def fill(self) -> None:
        """Draw the chart; pyqtgraph is imported here when nobody did before."""
        if self.chart is not None or self._block is None or self._waiting.reason:
            return
        self.chart = self._make_chart()
        self.chart.explain_asked.connect(self.explain_asked)
        self.chart.hovered.connect(self.hovered)
        self._stack.addWidget(self.chart)
        self._fill_chart(self._block)

    def _make_chart(self) -> Chart | DrawnChart:
        from ecoperf_desktop.ui.charts import Chart

        return Chart(self._body)

    def _fill_chart(self, block: ChartBlock) -> None:
        assert self.chart is not None
        self.chart.show_block(block)  # type: ignore[arg-type]  # each card's chart shows the card's kinds
        self._show_body(self.chart)

    def _show_body(self, widget: QWidget) -> None:
        """Show chart or grid lines, unless the person looks at the table."""
        if self._table is None or self._stack.currentWidget() is not self._table:
            self._stack.setCurrentWidget(widget)

    def point_at(self, moment: str) -> None:
        """Show the line of the period that another chart is read at, or none."""
        if self.chart is not None:
            self.chart.forget()
            self.chart.point_at(moment)

    def toggle_table(self) -> None:
        """Show the chart's numbers as a table, and back."""
        if self._block is None:
            return
        if self._table is None:
            self._table = RowsView(table_of(self._block), self._body, most_rows=200)
            self._table.explain_asked.connect(self.explain_asked)
            self._table.setMinimumHeight(0)
            self._table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
            self._table.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
            self._stack.addWidget(self._table)
        if self.shows_table:
            self._stack.setCurrentWidget(self.chart if self.chart and not self._waiting.reason else self._waiting)
            self.setFocus()
        else:
            self._stack.setCurrentWidget(self._table)
            self._table.setFocus()

    @property
    def shows_table(self) -> bool:
        return self._table is not None and self._stack.currentWidget() is self._table

    # ---- what a person can do with it

    def pointed(self) -> Reading:
        """Return what is pointed at, else the number in the head."""
        found = self.chart.pointed() if self.chart is not None and not self.shows_table else None
        if found is not None:
            return found
        figure = getattr(self._block, "figure", None)
        return Reading(self._title.text(), (), figure.text if figure is not None else "", self._reference)

    def menu(self) -> QMenu:
        """Return what a right click offers."""
        read = self.pointed()
        menu = QMenu(self)

        def add(code: str, shortcut: str, does: Callable[[], object], *, live: bool = True, **details: object) -> None:
            action = menu.addAction(for_menu(sentence(code, **details)))
            if shortcut:
                action.setShortcut(QKeySequence(shortcut))
            action.setEnabled(live)
            action.triggered.connect(lambda: does())

        reference = read.reference
        add("ui.explain_number", "Return", lambda: self.explain_asked.emit(reference), live=reference is not None)
        add("ui.copy_value", "Ctrl+C", lambda: _to_clipboard(read.text), live=bool(read.text))
        named = reference_text(reference) if reference is not None else ""
        add("ui.copy_named_reference", "", lambda: _to_clipboard(named), live=bool(named), reference=named)
        menu.addSeparator()
        add("ui.as_chart" if self.shows_table else "ui.as_table", "Ctrl+T", self.toggle_table)
        add("ui.copy_picture", "Ctrl+Shift+C", self.copy_picture)
        add("ui.save_picture", "", self.picture_asked.emit)
        add("ui.export_rows", "Ctrl+E", self.export_asked.emit)
        return menu

    def copy_picture(self) -> None:
        """Put the card as it is seen on the clipboard, at twice the screen's resolution."""
        ratio = max(2.0, self.devicePixelRatioF())
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(looks.color(looks.now().bg))
        self.render(picture)
        QGuiApplication.clipboard().setPixmap(picture)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().exec(event.globalPos())

    def _show_head(self, figure: Figure | None, state: State | None, reference: Reference | None) -> None:
        self._reference = reference or (figure.reference if figure else None)
        self._value.show_figure(figure if figure is None or figure.value is not None else None, self._reference is not None)
        self._state.show_state(state)
        words = [self._title.text()]
        if figure is not None and state is not None:
            words += [figure.text, state.text, state.why]
        elif self._block is not None:
            words += [_grey(self._block), getattr(self._block, "sum_text", "")]
        self.setAccessibleName(", ".join(word for word in words if word))

    def _explain_head(self) -> None:
        if self._reference is not None:
            self.explain_asked.emit(self._reference)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.chart is not None and event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.chart.leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, chart = event.key(), self.chart
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if chart is not None and is_plain and not self.shows_table and key in _MOVES:
            _move(chart, key)
            self.setAccessibleDescription(chart.accessibleDescription())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if reference := self.pointed().reference:
                self.explain_asked.emit(reference)
        elif key == Qt.Key.Key_Escape and chart is not None and chart.pointed() is not None:
            chart.leave()
        elif event.matches(QKeySequence.StandardKey.Copy):
            _to_clipboard(self.pointed().text)
        else:
            super().keyPressEvent(event)


_MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


def _move(chart: Chart | DrawnChart, key: int) -> None:
    """Move what is pointed at, by an arrow key, Home or End."""
    if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        chart.step(-1 if key == Qt.Key.Key_Left else 1)
    elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
        chart.climb(-1 if key == Qt.Key.Key_Up else 1)
    else:
        chart.go_to(key == Qt.Key.Key_End)


class DrawnCard(ChartCard):
    """A chart of the painters that paper uses too; it is there with the page."""

    waits = False

    def show_block(self, block: ChartBlock) -> None:
        super().show_block(block)
        if isinstance(block, Bridge):
            self._head.setToolTip(tip(f"{block.sum_text}\n{block.method}"))

    def _make_chart(self) -> Chart | DrawnChart:
        return DrawnChart(self._body)

    def _fill_chart(self, block: ChartBlock) -> None:
        super()._fill_chart(block)
        assert self.chart is not None
        self._body.setMinimumHeight(self.chart.sizeHint().height())


def _to_clipboard(text: str) -> None:
    if text:
        QGuiApplication.clipboard().setText(text)


class _Value(Label):
    """The newest number, in the head; a click explains it."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "block_value", parent=parent)

    def show_figure(self, figure: Figure | None, live: bool) -> None:
        self.setVisible(figure is not None)
        if figure is not None:
            self.setText(figure.text)
            self.setToolTip(tip(figure.reason or ""))
            self.set_tone("ink" if figure.value is not None else "ink3")
        self.setCursor(Qt.CursorShape.PointingHandCursor if live else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


def _grey(block: ChartBlock) -> str:
    """Return what stands in grey beside a chart's title."""
    return block.subtitle or (block.unit if isinstance(block, Trend612) else "")


def _why_empty(block: ChartBlock) -> str:
    """Return why there is nothing to draw, empty when there is something."""
    figures = [cell.figure for row in table_of(block).rows for cell in row.cells if isinstance(cell, NumberCell)]
    if any(figure.value is not None for figure in figures):
        return ""
    if isinstance(block, Trend612 | Lines):
        figures.insert(0, block.figure)
    return next((figure.reason for figure in figures if figure.reason), "") or sentence("ui.nothing_to_draw")
