"""Trends and lines drawn by pyqtgraph.  Imported only after the first paint.

Positions and words come with the blocks; here they only become pens and points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from ecoperf_desktop.reports.blocks import Axis, Figure, Lines, Panel, Table, Trend612
from ecoperf_desktop.reports.tabular import Reading, lines_figure, reading, table_of
from ecoperf_desktop.ui import looks, marks
from ecoperf_desktop.ui.readout import ReadOut
from ecoperf_desktop.ui.texts import one_line

pg.setConfigOptions(antialias=True)

_NAN = math.nan
_SIDE = 12  # left and right of the plots, in pixels


class _Ticks(pg.AxisItem):  # type: ignore[misc]
    """An axis whose words are given; nothing is formatted here."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, showValues=True)
        self.setStyle(tickLength=0, tickTextOffset=4, autoExpandTextSpace=False)
        self.setPen(None)
        self.setTickPen(pg.mkPen(None))

    def resizeEvent(self, event: Any = None) -> None:
        # While a scene is taken down its items still hear of sizes, after their parts are gone; an
        # exception in this place would end the process.
        try:
            super().resizeEvent(event)
        except RuntimeError:
            self.label = None

    def drawPicture(self, painter: QPainter, axis: Any, ticks: Any, texts: Any) -> None:
        # A tick of length 0 would still be drawn, as a dot.
        super().drawPicture(painter, axis, [], texts)

    def set_words(self, ticks: Sequence[tuple[float, str]]) -> None:
        self.setTicks([list(ticks), []])
        self.setTickFont(looks.font("axis"))
        self.setTextPen(looks.color(looks.now().ink3))


class _Plot(pg.PlotItem):  # type: ignore[misc]
    """A plot without frame, menu or mouse, with a few hairlines."""

    def __init__(self) -> None:
        self.bottom, self.side = _Ticks("bottom"), _Ticks("right")
        axes = {"bottom": self.bottom, "right": self.side, "left": _Ticks("left"), "top": _Ticks("top")}
        super().__init__(axisItems=axes, enableMenu=False)
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setMouseEnabled(False, False)
        self.hideAxis("left")
        self.hideAxis("top")
        self.setContentsMargins(0, 0, 0, 0)
        self.vb.setDefaultPadding(0)
        self.vb.setBorder(None)
        # Words beside the last point may stand over the edge; the ranges hold every line.
        self.vb.setFlag(self.vb.GraphicsItemFlag.ItemClipsChildrenToShape, False)

    def belong_to(self, view: QWidget) -> None:
        """Let the menus, which are never shown and stand alone, go when ``view`` goes."""
        self.ctrlMenu.setParent(view, self.ctrlMenu.windowFlags())


_waiting: list[Chart] = []


def _in_turn(chart: Chart) -> None:
    """Redraw a chart soon, one in each turn of the loop: all charts of a page at once would hold the window up."""
    if chart in _waiting:
        return
    _waiting.append(chart)
    if len(_waiting) == 1:
        QTimer.singleShot(0, _next)


def _next() -> None:
    chart = _waiting.pop(0)
    if _waiting:
        # A moment of its own: timers of nought that are due together are all heard in one turn.
        QTimer.singleShot(1, _next)
    if isValid(chart):
        chart.redraw()


class Chart(QWidget):
    """One trend or one chart of lines; remakes its plots when the block or the looks change."""

    explain_asked = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: Any = None
        self._readout = ReadOut(self)
        self._block: Trend612 | Lines | None = None
        self._table: Table | None = None
        self._panels: list[_Drawn] = []
        self._pointed: tuple[_Drawn, int] | None = None
        # Words are placed by pixels, so a new size needs a new drawing: one, when the mouse rests.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(30)
        self._later.timeout.connect(lambda: _in_turn(self))
        self._move: Any = None

    def show_block(self, block: Trend612 | Lines) -> None:
        self._block, self._table = block, table_of(block)
        self._size = (-1, -1)
        if self.isVisible():
            self._redraw()

    def redraw(self) -> None:
        """Draw for the looks and the size of the moment, unless nobody sees it: then when it is shown."""
        if self.isVisible():
            self._redraw()
        else:
            self._size = (-1, -1)

    def point_at(self, moment: str) -> None:
        """Show the upright line at a period of another chart, without the box; an empty moment takes it away."""
        rows = self._table.rows if self._table is not None else ()
        for panel in self._panels:
            keys = [rows[panel.first_row + index].key for index in range(len(panel.labels))]
            panel.show_line(keys.index(moment) if moment and moment in keys else None)

    def step(self, by: int) -> None:
        """Go on to the next period, or back; at first to the newest."""
        places = self._places()
        if not places:
            return
        if self._pointed in places:
            position = min(len(places) - 1, max(0, places.index(self._pointed) + by))
        else:
            # The page's own period is the last of the first panel.
            position = len(self._panels[0].labels) - 1
        self._point(*places[position])

    def climb(self, by: int) -> None:
        """Go from one panel to the other."""
        if self._pointed is not None and len(self._panels) > 1:
            here = self._panels.index(self._pointed[0])
            there = self._panels[min(max(here + by, 0), len(self._panels) - 1)]
            if there is not self._pointed[0]:
                self._point(there, len(there.labels) - 1)
        else:
            self.step(by)

    def go_to(self, last: bool) -> None:
        if places := self._places():
            self._point(*places[-1 if last else 0])

    def pointed(self) -> Reading | None:
        """Return what is pointed at."""
        if self._pointed is None or self._table is None:
            return None
        panel, index = self._pointed
        return reading(self._table, panel.first_row + index)

    def forget(self) -> None:
        """Point at nothing, since another chart is pointed at now."""
        self._pointed = None
        self._readout.hide()
        for panel in self._panels:
            panel.show_line(None)

    def leave(self) -> None:
        """Point at nothing, here and in the charts that followed."""
        if self._pointed is not None:
            self.forget()
            self.hovered.emit("")

    def _places(self) -> list[tuple[_Drawn, int]]:
        return [(panel, index) for panel in self._panels for index in range(len(panel.labels))]

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._block is not None:
            # Not at once: the scene is still telling its items, which a redraw throws away.
            _in_turn(self)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if self._view is not None:
            self._view.setGeometry(self.rect())
        if self._block is not None and self.isVisible() and (self.width(), self.height()) != self._size:
            self._later.start()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._block is not None and (self.width(), self.height()) != self._size:
            self._redraw()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self.leave()
        return False

    _size = (-1, -1)

    def _redraw(self) -> None:
        block = self._block
        if block is None:
            return
        self._size = (self.width(), self.height())
        self._pointed = None
        self._readout.hide()
        # A fresh view each time: items taken out of a living scene may still be painted once.
        self._make_view()
        self._panels = []
        if isinstance(block, Trend612):
            self._trend(block)
        else:
            self._lines(block)
        # Placed now, not with the next event: a chart is never seen half laid out.
        self._view.ci.layout.activate()

    def _make_view(self) -> None:
        old = self._view
        view = pg.GraphicsLayoutWidget(self)
        # Sized before anything is in it: plots placed at Qt's first guess would show it for a moment.
        view.setGeometry(self.rect())
        view.setFrameShape(view.Shape.NoFrame)
        view.ci.setContentsMargins(_SIDE, 0, _SIDE - 4, 2)
        view.ci.layout.setHorizontalSpacing(0)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setMouseTracking(True)
        view.viewport().installEventFilter(self)
        view.setBackground(looks.color(looks.now().surface))
        view.show()
        if self._move is not None:
            self._move.disconnect()
        self._move = pg.SignalProxy(view.scene().sigMouseMoved, rateLimit=60, slot=self._moved)
        view.scene().sigMouseClicked.connect(self._clicked)
        self._view = view
        if old is not None:
            old.hide()
            old.deleteLater()

    # ---- six weeks and twelve months

    def _trend(self, block: Trend612) -> None:
        tone = marks.tone_color(block.state.tone, looks.now().series)
        layout = self._view.ci.layout
        width = max(200.0, self.width() - 2.0 * _SIDE)
        for column, panel in enumerate((block.weeks, block.months)):
            plot = _Plot()
            self._view.addItem(plot, 0, column)
            plot.belong_to(self._view)
            drawn = _Drawn(plot, panel.labels, panel.points, len(block.weeks.labels) if column else 0)
            share = 0.47 if column == 0 else 0.53
            side = self._axis_width(panel.axis) if column else 26
            self._panel(plot, panel, tone, width * share - side, side, months=bool(column))
            layout.setColumnStretchFactor(column, 47 if column == 0 else 53)
            layout.setColumnPreferredWidth(column, width * share)
            drawn.add_line(panel.axis)
            self._panels.append(drawn)

    def _axis_width(self, axis: Axis) -> int:
        metrics = QFontMetrics(looks.font("axis"))
        return max([30, *(metrics.horizontalAdvance(word) + 10 for _, word in axis.ticks)])

    def _panel(self, plot: _Plot, panel: Panel, tone: QColor, width: float, side: int, *, months: bool) -> None:
        now = looks.now()
        count = len(panel.labels)
        height = max(40.0, self.height() - QFontMetricsF(looks.font("axis")).height() - 8)
        axis = panel.axis
        span = (axis.high - axis.low) or 1.0
        # Head room for words: band names above, values above and below the points.
        line = QFontMetricsF(looks.font("axis")).height()
        above = (line * (2.2 if any(name for _, _, name in panel.shaded) or panel.part else 1.4)) / height
        below = (line * 1.0) / height
        scale = span / max(0.2, 1.0 - above - below)
        low, high = axis.low - scale * below, axis.high + scale * above
        plot.setXRange(-0.5, count - 0.5, padding=0)
        plot.setYRange(low, high, padding=0)
        every = marks.nice_spread(panel.labels, width, looks.font("axis"))
        plot.bottom.set_words([(index, label) for index, label in enumerate(panel.labels) if (count - 1 - index) % every == 0])
        plot.bottom.setHeight(int(line) + 6)
        plot.side.set_words(axis.ticks if months else ())
        plot.side.setWidth(side)
        for first, last, name in panel.shaded:
            _band(plot, first - 0.5, last + 0.5, looks.color(now.band))
            if name:
                _text(plot, (first + last) / 2, high, name, now.band_text, (0.5, 0.0), "axis")
        if panel.part and count:
            _hatch(plot, count - 1.5, count - 0.5)
            _text(plot, count - 1, high, panel.part, now.ink3, (0.5, 0.0), "axis")
        if months:
            for value, _ in axis.ticks:
                _hairline(plot, value, now.hair)
        for limit in (panel.lower, panel.upper):
            if limit is not None:
                _dotted(plot, limit, now.limit)
        whole = count - 1 if panel.part else count
        last_year = [_place(figure) for figure in panel.last_year]
        if any(value is not None for value in last_year):
            joined = [value if index < whole else None for index, value in enumerate(last_year)]
            if any(value is not None for value in joined):
                plot.plot(list(range(len(joined))), _nan(joined), pen=_pen(now.last, 1.3), connect="finite")
        points = [_place(figure) for figure in panel.points]
        this_year = [value if index < whole else None for index, value in enumerate(points)]
        if any(value is not None for value in this_year):
            plot.plot(
                list(range(count)), _nan(this_year), pen=_pen(now.series, 1.9), connect="finite",
                symbol="o", symbolSize=5, symbolPen=None, symbolBrush=looks.color(now.series),
            )  # fmt: skip
        if panel.part and count and points[-1] is not None:
            _dot(plot, count - 1, points[-1], looks.color(now.surface), looks.color(now.series), 7.0)
        for position in panel.outside:
            beyond = points[position] if 0 <= position < count else None
            if beyond is not None:
                _dot(plot, position, beyond, tone, tone, 8.0)
        targets = [(index, value) for index, value in enumerate(panel.targets) if value is not None]
        if targets:
            plot.addItem(
                pg.ScatterPlotItem(
                    [index for index, _ in targets], [value for _, value in targets], symbol=marks.tick_path(),
                    size=9 if months else 12, pen=_pen(now.target, 1.5), brush=None,
                )
            )  # fmt: skip
        labelled = range(count) if not months and not panel.labelled else panel.labelled
        self._values(plot, panel, points, list(labelled), (low, high, height), width)

    def _values(
        self, plot: _Plot, panel: Panel, points: list[float | None], labelled: list[int], frame: tuple[float, float, float], width: float
    ) -> None:
        """Write values above their points; below at local lows, or where a target tick is in the way."""
        now = looks.now()
        low, high, height = frame
        per = (high - low) / height if height else 1.0
        taken: list[QRectF] = []
        step = width / max(1, len(points))
        # The newest first: when two values collide, the older one gives way.
        for index in sorted(labelled, reverse=True):
            value = points[index] if 0 <= index < len(points) else None
            if value is None:
                continue
            figure = panel.points[index]
            text = figure.short or figure.text
            newest = index == len(points) - 1
            role = "axis_strong" if newest and not panel.part else "axis"
            metrics = QFontMetricsF(looks.font(role))
            size = metrics.boundingRect(text).size()
            text_width, text_height = size.width() + 4, metrics.height()
            neighbours = [near for near in (points[index - 1] if index else None, points[index + 1] if index + 1 < len(points) else None) if near is not None]
            dip = bool(neighbours) and all(value < near for near in neighbours)
            target = panel.targets[index] if index < len(panel.targets) else None
            in_way = target is not None and 0 <= (target - value) / per < text_height + 6
            sides = (False, True) if dip or in_way else (True, False)
            x = step * (index + 0.5)
            for above in sides:
                y = (high - value) / per + (-text_height - 4 if above else 4)
                box = QRectF(x - text_width / 2, y, text_width, text_height)
                fits = box.top() >= -2 and box.bottom() <= height + 2
                if fits and not any(box.intersects(other) for other in taken):
                    taken.append(box)
                    anchor = (0.5, 1.0) if above else (0.5, 0.0)
                    _text(plot, index, value + (3 if above else -3) * per, text, now.ink if newest else now.ink2, anchor, role)
                    break

    # ---- lines with thresholds

    def _lines(self, block: Lines) -> None:
        now = looks.now()
        plot = _Plot()
        self._view.addItem(plot, 0, 0)
        plot.belong_to(self._view)
        count = len(block.labels)
        axis = block.axis
        line = QFontMetricsF(looks.font("axis")).height()
        height = max(60.0, self.height() - line - 8)
        words = [(series, f"{one_line(series.name)}  {series.last.short or series.last.text}") for series in block.series]
        metrics = QFontMetrics(looks.font("small_strong"))
        right = max([30, *(metrics.horizontalAdvance(word) + 14 for _, word in words)])
        left = self._axis_width(axis)
        plot.showAxis("left")
        plot.getAxis("left").set_words(axis.ticks)
        plot.getAxis("left").setWidth(left)
        plot.side.set_words(())
        plot.side.setWidth(right)
        width = max(80.0, self.width() - 2.0 * _SIDE - right - left)
        every = marks.nice_spread(block.labels, width, looks.font("axis"))
        plot.bottom.set_words([(index, label) for index, label in enumerate(block.labels) if (count - 1 - index) % every == 0])
        plot.bottom.setHeight(int(line) + 6)
        pad = (axis.high - axis.low) * 0.03 or 1.0
        plot.setXRange(-0.5, count - 0.5, padding=0)
        plot.setYRange(axis.low, axis.high + pad, padding=0)
        zones = (now.zone_needs, now.zone_poor)
        edges = [*(threshold.value for threshold in block.thresholds), axis.high + pad]
        for index, threshold in enumerate(block.thresholds):
            top = edges[index + 1]
            if top > threshold.value:
                _zone(plot, threshold.value, top, looks.color(zones[min(index, 1)]))
            _dashed(plot, threshold.value, now.limit)
            if threshold.zone:
                _text(plot, -0.4, min(top, axis.high + pad), threshold.zone, now.ink3, (0.0, 0.0), "axis")
        if block.floor and block.thresholds:
            _text(plot, -0.4, axis.low, block.floor, now.ink3, (0.0, 1.0), "axis")
        marked = {threshold.value for threshold in block.thresholds}
        for value, _ in axis.ticks:
            if value not in marked:
                _hairline(plot, value, now.hair)
        for limit in (block.lower, block.upper):
            if limit is not None:
                _dotted(plot, limit, now.limit)
        colours = _series_colours(len(block.series), any(series.is_dashed for series in block.series))
        ends: list[float] = []
        per = (axis.high + pad - axis.low) / height
        for index, (series, word) in enumerate(words):
            lesser = series.is_dashed
            colour = looks.color(now.ink2) if lesser else colours[index]
            pen = QPen(colour, 1.3 if lesser else 1.9)
            pen.setCosmetic(True)
            if lesser:
                pen.setDashPattern([3, 2.5])
            known = [position for position, value in enumerate(series.points) if value is not None]
            if not known:
                continue
            plot.plot(list(range(len(series.points))), _nan(series.points), pen=pen, connect="finite")
            alone = [stretch[0] for stretch in marks.runs(series.points) if len(stretch) == 1]
            if alone:
                plot.addItem(pg.ScatterPlotItem(alone, [series.points[position] for position in alone], size=4, pen=None, brush=colour))
            newest = series.points[known[-1]]
            assert newest is not None
            if not lesser:
                shade = marks.tone_color(block.state.tone, now.series) if block.state.is_signal and index == 0 else colour
                _dot(plot, known[-1], newest, shade, shade, 7.0)
            at = newest
            while any(abs(at - other) / per < line for other in ends):
                at -= per * 2
            ends.append(at)
            tint = now.ink2 if lesser else now.ink
            # Written outside the data, over the axis at the right, so that no line runs through it.
            item = _text(plot, count - 0.5, at, word, tint, (0.0, 0.5), "small" if lesser else "small_strong")
            item.setParentItem(plot.vb.childGroup)
        first = tuple(lines_figure(block.series[0], index) for index in range(count)) if block.series else ()
        drawn = _Drawn(plot, block.labels, first, 0)
        drawn.add_line(axis)
        plot.vb.setZValue(-1)
        self._panels.append(drawn)

    # ---- the pointer

    def _moved(self, event: tuple[QPointF]) -> None:
        found = self._find(event[0])
        if found is None:
            self.leave()
        elif found != self._pointed:
            self._point(*found)

    def _find(self, at: QPointF) -> tuple[_Drawn, int] | None:
        for panel in self._panels:
            box = panel.plot.vb.sceneBoundingRect()
            if box.contains(at):
                where = panel.plot.vb.mapSceneToView(at)
                index = round(where.x())
                if 0 <= index < len(panel.labels):
                    return panel, index
        return None

    def _point(self, panel: _Drawn, index: int) -> None:
        self._pointed = (panel, index)
        for other in self._panels:
            other.show_line(index if other is panel else None)
        found = self.pointed()
        if found is None:
            return
        corner = panel.plot.vb.mapViewToScene(QPointF(index, 0))
        x = self._view.mapFromScene(corner).x()
        box = panel.plot.vb.sceneBoundingRect()
        self._readout.show_reading(found, x, int(box.top()))
        self.setAccessibleDescription(self._readout.words())
        self.hovered.emit(found.moment)

    def _clicked(self, event: Any) -> None:
        found = self._find(event.scenePos())
        if found is None:
            return
        panel, index = found
        figure = panel.figures[index] if index < len(panel.figures) else None
        if figure is not None and figure.reference is not None:
            self.explain_asked.emit(figure.reference)


class _Drawn:
    """A plot and what stands at each of its periods."""

    def __init__(self, plot: _Plot, labels: Sequence[str], figures: Sequence[Figure], first_row: int) -> None:
        self.plot, self.labels, self.figures = plot, tuple(labels), tuple(figures)
        # Where the panel's periods begin in the chart's table.
        self.first_row = first_row
        self._line: Any = None
        self._ring: Any = None

    def add_line(self, axis: Axis) -> None:
        now = looks.now()
        self._line = pg.InfiniteLine(angle=90, movable=False, pen=_pen(now.ink2, 1.0))
        self._line.setZValue(20)
        self._line.hide()
        self._ring = pg.ScatterPlotItem(size=8, pen=_pen(now.series, 1.6), brush=looks.color(now.surface))
        self._ring.setZValue(21)
        self.plot.addItem(self._line, ignoreBounds=True)
        self.plot.addItem(self._ring, ignoreBounds=True)

    def show_line(self, index: int | None) -> None:
        if self._line is None:
            return
        self._line.setVisible(index is not None)
        points: list[float] = []
        if index is not None:
            self._line.setPos(index)
            if index < len(self.figures) and (value := _place(self.figures[index])) is not None:
                points = [value]
        self._ring.setData([index] * len(points), points)


def _place(figure: Figure) -> float | None:
    return figure.place


def _nan(points: Sequence[float | None]) -> list[float]:
    return [_NAN if point is None else point for point in points]


def _pen(colour: str, width: float) -> QPen:
    pen = QPen(looks.color(colour), width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _band(plot: _Plot, first: float, last: float, colour: QColor) -> None:
    region = pg.LinearRegionItem((first, last), movable=False, brush=colour, pen=pg.mkPen(None))
    region.setZValue(-20)
    plot.addItem(region, ignoreBounds=True)


def _zone(plot: _Plot, low: float, high: float, colour: QColor) -> None:
    region = pg.LinearRegionItem((low, high), orientation="horizontal", movable=False, brush=colour, pen=pg.mkPen(None))
    region.setZValue(-30)
    plot.addItem(region, ignoreBounds=True)


def _hatch(plot: _Plot, first: float, last: float) -> None:
    region = pg.LinearRegionItem((first, last), movable=False, brush=marks.hatching(looks.now().hatch), pen=pg.mkPen(None))
    region.setZValue(-19)
    plot.addItem(region, ignoreBounds=True)


def _hairline(plot: _Plot, value: float, colour: str) -> None:
    line = pg.InfiniteLine(value, angle=0, movable=False, pen=_pen(colour, 1.0))
    line.setZValue(-15)
    plot.addItem(line, ignoreBounds=True)


def _dotted(plot: _Plot, value: float, colour: str) -> None:
    pen = QPen(looks.color(colour), 1)
    pen.setCosmetic(True)
    pen.setDashPattern([2, 3])
    line = pg.InfiniteLine(value, angle=0, movable=False, pen=pen)
    line.setZValue(-10)
    plot.addItem(line, ignoreBounds=True)


def _dashed(plot: _Plot, value: float, colour: str) -> None:
    pen = QPen(looks.color(colour), 1)
    pen.setCosmetic(True)
    pen.setDashPattern([4, 3])
    line = pg.InfiniteLine(value, angle=0, movable=False, pen=pen)
    line.setZValue(-9)
    plot.addItem(line, ignoreBounds=True)


def _dot(plot: _Plot, x: float, y: float, fill: QColor, edge: QColor, size: float) -> None:
    pen = QPen(edge, 1.6)
    pen.setCosmetic(True)
    plot.addItem(pg.ScatterPlotItem([x], [y], symbol="o", size=size, pen=pen, brush=fill))


def _text(plot: _Plot, x: float, y: float, text: str, colour: str, anchor: tuple[float, float], role: str) -> Any:
    # setPlainText, not ``html``: what an export contains is never read as markup.
    item = pg.TextItem(anchor=anchor, color=looks.color(colour))
    item.textItem.document().setDocumentMargin(0)
    item.setFont(looks.font(role))
    item.setText(one_line(text) if text.strip() else text)
    item.setPos(x, y)
    item.setZValue(12)
    plot.addItem(item, ignoreBounds=True)
    return item


def _series_colours(count: int, has_lesser: bool) -> list[QColor]:
    now = looks.now()
    if has_lesser or count <= 1:
        return [looks.color(now.series)] * max(1, count)
    return [looks.color(now.cat[index % len(now.cat)]) for index in range(count)]
