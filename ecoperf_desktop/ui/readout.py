"""The box beside the place a chart is read at: its period or name, and what stands there."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ecoperf_desktop.reports.tabular import Reading
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.texts import one_line


class ReadOut(QWidget):
    """Lists a reading; the pointer passes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._chart = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title = ""
        self._lines: list[tuple[str, str]] = []
        self.hide()

    def show_reading(self, reading: Reading, x: int, top: int) -> None:
        """Show ``reading`` beside ``x``, at the side where there is room."""
        self._title = one_line(reading.title)
        self._lines = [(one_line(name), one_line(text)) for name, text in reading.lines]
        room, below = self._chart.width(), self._chart.height()
        metrics, strong = QFontMetrics(looks.font("small")), QFontMetrics(looks.font("small_strong"))
        widths = [metrics.horizontalAdvance(name) + strong.horizontalAdvance(text) + 34 for name, text in self._lines]
        width = min(room - 8, max([strong.horizontalAdvance(self._title) + 24, *widths]))
        height = (metrics.height() + 3) * (len(self._lines) + 1) + 12
        left = x + 10 if x + 10 + width <= room else x - 10 - width
        self.setGeometry(min(max(2, left), max(2, room - width - 2)), max(0, min(top + 4, below - height)), width, height)
        self.show()
        self.raise_()
        self.update()

    def words(self) -> str:
        """Return what the box says, as it is read aloud."""
        return ", ".join([self._title, *(f"{name} {text}".strip() for name, text in self._lines)])

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(looks.color(now.border), 1))
        painter.setBrush(looks.color(now.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        metrics, strong = QFontMetrics(looks.font("small")), QFontMetrics(looks.font("small_strong"))
        line, wide = metrics.height() + 3, self.width() - 20
        left, right = int(Qt.AlignmentFlag.AlignLeft.value), int(Qt.AlignmentFlag.AlignRight.value)
        painter.setFont(looks.font("small_strong"))
        painter.setPen(looks.color(now.ink))
        painter.drawText(QRectF(10, 6, wide, line), 0, strong.elidedText(self._title, Qt.TextElideMode.ElideRight, wide))
        for index, (name, text) in enumerate(self._lines, start=1):
            box = QRectF(10, 6 + index * line, wide, line)
            painter.setFont(looks.font("small_strong" if name else "small"))
            painter.setPen(looks.color(now.ink if name else now.ink3))
            painter.drawText(box, right if name else left, text if name else metrics.elidedText(text, Qt.TextElideMode.ElideRight, wide))
            painter.setFont(looks.font("small"))
            painter.setPen(looks.color(now.ink2))
            room = wide - strong.horizontalAdvance(text) - 8 if name else 0
            painter.drawText(box, left, metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(room, 0)))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.ignore()
