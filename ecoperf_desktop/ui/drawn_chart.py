"""A chart painted by the painters of paper, in the window's colours: hover, arrows, and no wait for pyqtgraph."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ecoperf_desktop.reports.blocks import Drawn, Table
from ecoperf_desktop.reports.paper import charts
from ecoperf_desktop.reports.paper.canvas import Canvas, Ink
from ecoperf_desktop.reports.tabular import Reading, reading, table_of
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.readout import ReadOut

_TOP, _BOTTOM = 2, 9


def window_ink(colours: looks.Looks | None = None) -> Ink:
    """Return the colours and sizes in which the window draws what paper draws in one ink; None: those in use."""
    now, color = colours or looks.now(), looks.color
    return Ink(
        surface=color(now.surface), ink=color(now.ink), ink2=color(now.ink2), ink3=color(now.ink3), hair=color(now.hair),
        border=color(now.border), series=color(now.series), last=color(now.last), limit=color(now.limit), band=color(now.band),
        band_text=color(now.band_text), hatch=color(now.hatch), bar=color(now.bar), up=color(now.bar_up), down=color(now.bar_down),
        better=color(now.better), worse=color(now.worse), quiet=color(now.quiet),
        layers=(color(now.series), color(now.cat[1]), color(now.last)), cold=color(now.heat_low), hot=color(now.heat_high),
        axis=10.7, small=11.5, number=11.5, row=22.0, is_one=False,
    )  # fmt: skip


def scale() -> float:
    """Return pixels a point of the design, by the person's font size."""
    return looks.px(100) / 100


class DrawnChart(QWidget):
    """One chart of ``reports.paper.charts``; every number of it can be pointed at, by mouse and by arrows."""

    explain_asked = Signal(object)  # Reference
    hovered = Signal(str)  # the moment pointed at, empty when none is

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._block: Drawn | None = None
        self._table: Table | None = None
        self._spots: list[charts.Spot] = []
        self._pointed: int | None = None
        self._shared: int | None = None
        self._readout = ReadOut(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def show_block(self, block: Drawn) -> None:
        self._block, self._table = block, table_of(block)
        self._pointed = self._shared = None
        self._readout.hide()
        self._spots = []
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        tall = charts.height_of(self._block, window_ink()) if self._block is not None else 0.0
        return QSize(320, round(tall * scale()) + _TOP + _BOTTOM)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    # ---- reading it

    def point_at(self, moment: str) -> None:
        """Show the upright line at a period of another chart, without the box; an empty moment takes it away."""
        found = None
        if moment and self._table is not None:
            for index, spot in enumerate(self._all_spots()):
                if spot.rule is not None and self._table.rows[spot.row].key == moment:
                    found = index
        if found != self._shared:
            self._shared = found
            self.update()

    def step(self, by: int) -> None:
        """Go on to the next number, or back; at first to the newest."""
        spots = self._all_spots()
        if spots:
            at = (len(spots) - 1 if spots[0].rule is not None else 0) if self._pointed is None else self._pointed + by
            self._point(min(max(at, 0), len(spots) - 1))

    def climb(self, by: int) -> None:
        """Go to the nearest number above (-1) or below."""
        spots = self._all_spots()
        if self._pointed is None or not spots:
            self.step(by)
            return
        here = _middle(spots[self._pointed])

        def distance(index: int) -> float:
            there = _middle(spots[index])
            return abs(there.x() - here.x()) * 3 + abs(there.y() - here.y())

        beyond = [index for index, spot in enumerate(spots) if (_middle(spot).y() - here.y()) * by > 1]
        if beyond:
            self._point(min(beyond, key=distance))
        elif spots[self._pointed].rule is not None:
            self.step(by)

    def go_to(self, last: bool) -> None:
        if spots := self._all_spots():
            self._point(len(spots) - 1 if last else 0)

    def pointed(self) -> Reading | None:
        """Return what is pointed at."""
        if self._pointed is None or self._table is None or self._pointed >= len(self._spots):
            return None
        spot = self._spots[self._pointed]
        return reading(self._table, spot.row, spot.columns)

    def forget(self) -> None:
        """Point at nothing, since another chart is pointed at now."""
        if self._pointed is not None:
            self._pointed = None
            self._readout.hide()
            self.update()

    def leave(self) -> None:
        """Point at nothing, here and in the charts that followed."""
        if self._pointed is not None:
            self.forget()
            self.hovered.emit("")

    def _point(self, index: int) -> None:
        self._pointed = index
        spot, found = self._spots[index], self.pointed()
        if found is None:
            return
        at = spot.rule if spot.rule is not None else spot.left + spot.width
        self._readout.show_reading(found, round(at * scale()), round(spot.top * scale()))
        self.setAccessibleDescription(self._readout.words())
        self.hovered.emit(found.moment if spot.rule is not None else "")
        self.update()

    def _find(self, at: QPointF) -> int | None:
        place = at / scale()
        boxes = [QRectF(spot.left, spot.top, spot.width, spot.height) for spot in self._spots]
        inside = [index for index, box in enumerate(boxes) if box.contains(place)]
        if not inside:
            return None
        return min(inside, key=lambda index: (boxes[index].center() - place).manhattanLength())

    def _all_spots(self) -> list[charts.Spot]:
        """Return where the numbers stand, drawing aside when nothing was painted yet."""
        if not self._spots and self._block is not None and self.width() > 0:
            from PySide6.QtGui import QPixmap

            aside = QPixmap(max(1, self.width()), max(1, self.height()))
            painter = QPainter(aside)
            self._draw(painter)
            painter.end()
        return self._spots

    # ---- events

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._block is None:
            return
        painter = QPainter(self)
        self._draw(painter)
        now = looks.now()
        for index, color, wide in ((self._shared, now.ink3, 1.0), (self._pointed, now.ink2, 1.0)):
            if index is None or index >= len(self._spots):
                continue
            spot = self._spots[index]
            pen = QPen(looks.color(color if spot.rule is not None else now.accent), wide if spot.rule is not None else 1.6)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            size = scale()
            if spot.rule is not None:
                painter.drawLine(QPointF(spot.rule * size, spot.top * size), QPointF(spot.rule * size, (spot.top + spot.height) * size))
                if spot.dot is not None:
                    painter.setPen(QPen(looks.color(now.series), 1.6))
                    painter.setBrush(looks.color(now.surface))
                    painter.drawEllipse(QPointF(spot.rule * size, spot.dot * size), 4, 4)
            else:
                painter.drawRect(QRectF(spot.left * size, spot.top * size, spot.width * size, spot.height * size))
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        assert self._block is not None
        size = scale()
        canvas = Canvas(painter, self, self.width() / size, self.height() / size, size, window_ink())
        side = looks.CARD_PADDING
        self._spots = charts.draw(canvas, side, _TOP, self.width() / size - side, self.height() / size - _BOTTOM + 2, self._block)

    def resizeEvent(self, event: Any) -> None:
        self._spots = []
        self._pointed = None
        self._readout.hide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._find(event.position())
        if found is None:
            self.leave()
        elif found != self._pointed:
            self._point(found)
        read = self.pointed()
        live = read is not None and read.reference is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if live else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        self.leave()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        found = self._find(event.position())
        if found is not None:
            self._point(found)
            read = self.pointed()
            if read is not None and read.reference is not None:
                self.explain_asked.emit(read.reference)


def _middle(spot: charts.Spot) -> QPointF:
    return QPointF(spot.left + spot.width / 2, spot.top + spot.height / 2)


