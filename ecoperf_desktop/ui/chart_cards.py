"""The frames around charts: head, foot, the table behind a chart.

The charts themselves are pyqtgraph's, which costs more to import than the rest of
the window together; a card shows its grid lines until ``ready`` says it is there.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    Bars,
    Column,
    Figure,
    Foot,
    Lines,
    NumberCell,
    Reference,
    Row,
    State,
    Table,
    TextCell,
    Trend612,
)
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.cards import Card, StateLabel
from ecoperf_desktop.ui.cards import Foot as Strip
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.texts import Label, one_line, tip

if TYPE_CHECKING:
    from ecoperf_desktop.ui.charts import Chart

ChartBlock = Trend612 | Lines | Bars


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

    hovered = Signal(str)  # label of a period, empty when the pointer left

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
        self.chart: Chart | None = None
        self._table: RowsView | None = None
        self._block: ChartBlock | None = None

    def show_block(self, block: ChartBlock) -> None:
        self._block = block
        if isinstance(block, Bars):
            self.set_head(block.title, block.subtitle)
            self._show_head(None, None, None)
            self._row.show_entries(())
        else:
            grey = block.subtitle or (block.unit if isinstance(block, Trend612) else "")
            self.set_head(block.title, grey)
            self._show_head(block.figure, block.state, block.reference)
            self._row.show_entries(block.foot if isinstance(block, Trend612) and not _why_empty(block) else ())
        self._row.setVisible(isinstance(block, Trend612))
        self._strip.text.setText(block.foot if isinstance(block, Bars) else "")
        self._strip.setVisible(isinstance(block, Bars) and bool(block.foot))
        self._body.setMinimumHeight(looks.px(136 if isinstance(block, Trend612) else 176))
        self._waiting.reason = _why_empty(block)
        if self._waiting.reason:
            self._show_body(self._waiting)
            self._waiting.update()
        elif self.chart is not None:
            self.chart.show_block(block)
            self._show_body(self.chart)
        elif ready():
            self.fill()
        if self._table is not None:
            self._table.show_table(table_of(block))

    def fill(self) -> None:
        """Draw the chart; pyqtgraph is imported here when nobody did before."""
        if self.chart is not None or self._block is None or self._waiting.reason:
            return
        from ecoperf_desktop.ui.charts import Chart

        self.chart = Chart(self._body)
        self.chart.explain_asked.connect(self.explain_asked)
        self.chart.hovered.connect(self.hovered)
        self._stack.addWidget(self.chart)
        self.chart.show_block(self._block)
        self._show_body(self.chart)

    def _show_body(self, widget: QWidget) -> None:
        """Show chart or grid lines, unless the person looks at the table."""
        if self._table is None or self._stack.currentWidget() is not self._table:
            self._stack.setCurrentWidget(widget)

    def point_at(self, label: str) -> None:
        """Show the line of one period, or none."""
        if self.chart is not None:
            self.chart.point_at(label)

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
        if self._stack.currentWidget() is self._table:
            self._stack.setCurrentWidget(self.chart if self.chart and not self._waiting.reason else self._waiting)
            self.setFocus()
        else:
            self._stack.setCurrentWidget(self._table)
            self._table.setFocus()

    def _show_head(self, figure: Figure | None, state: State | None, reference: Reference | None) -> None:
        self._reference = reference or (figure.reference if figure else None)
        self._value.show_figure(figure if figure is None or figure.value is not None else None, self._reference is not None)
        self._state.show_state(state)
        if figure is not None and state is not None:
            self.setAccessibleName(f"{self._title.text()}, {figure.text}, {state.text}")

    def _explain_head(self) -> None:
        if self._reference is not None:
            self.explain_asked.emit(self._reference)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.chart is not None:
            self.chart.step(1 if event.key() == Qt.Key.Key_Right else -1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            reference = self.chart.pointed() if self.chart is not None else None
            if reference is not None:
                self.explain_asked.emit(reference)
            else:
                self._explain_head()
        else:
            super().keyPressEvent(event)


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


def table_of(block: ChartBlock) -> Table:
    """Return a chart's numbers as a table: the view for screen readers and for copying."""
    period = Column("period", sentence("ui.period"), "text", 1.0)
    if isinstance(block, Trend612):
        columns: tuple[Column, ...] = (period, Column("now", sentence("ui.this_year"), "number"), Column("last", sentence("ui.last_year"), "number"))
        rows = []
        for group, panel in ((sentence("ui.weeks"), block.weeks), (sentence("ui.months"), block.months)):
            for index, label in enumerate(panel.labels):
                last = panel.last_year[index] if index < len(panel.last_year) else Figure(None, "–")
                name = f"{label} ({panel.part})" if panel.part and index == len(panel.labels) - 1 else label
                rows.append(Row((TextCell(name), NumberCell(panel.points[index], strong=True), NumberCell(last)), group=group, key=label))
        return Table("chart", block.title, columns, tuple(rows))
    if isinstance(block, Lines):
        columns = (period, *(Column(series.name, one_line(series.name), "number") for series in block.series))
        rows = [
            Row((TextCell(label), *(NumberCell(_plain(series.points[index], series.last)) for series in block.series)), key=label)
            for index, label in enumerate(block.labels)
        ]
        return Table("chart", block.title, columns, tuple(rows))
    columns = (Column("name", "", "text"), Column("value", sentence("ui.value"), "number"), Column("second", "", "text"))
    rows = [Row((TextCell(bar.label), NumberCell(bar.figure, strong=True), TextCell(bar.second, muted=True))) for bar in block.bars]
    return Table("chart", block.title, columns, tuple(rows))


def _why_empty(block: ChartBlock) -> str:
    """Return why there is nothing to draw, empty when there is something."""
    if isinstance(block, Bars):
        missing = all(bar.figure.value is None for bar in block.bars)
        reason = next((bar.figure.reason for bar in block.bars if bar.figure.reason), None)
    elif isinstance(block, Lines):
        missing = all(point is None for series in block.series for point in series.points)
        reason = block.figure.reason
    else:
        missing = all(point.value is None for panel in (block.weeks, block.months) for point in panel.points)
        reason = block.figure.reason
    return (reason or sentence("ui.nothing_to_draw")) if missing else ""


def _plain(point: float | None, like: Figure) -> Figure:
    """Return a point without a written form of its own with as many decimals as the series' last number."""
    if point is None:
        return Figure(None, "–")
    if like.place is not None and like.place == point:
        return like
    return Figure(point, f"{point:,.4g}")
