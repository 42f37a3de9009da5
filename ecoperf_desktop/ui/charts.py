"""Trends, lines and bars drawn by pyqtgraph.  Imported only after the first paint.

Positions and words come with the blocks; here they only become pens and points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, assert_never

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ecoperf_desktop.reports.blocks import Axis, Bars, Figure, Lines, Panel, Reference, Trend612
from ecoperf_desktop.ui import looks, marks
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
        super().__init__(axisItems={"bottom": self.bottom, "right": self.side, "left": _Ticks("left"), "top": _Ticks("top")})
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


class Chart(QWidget):
    """One chart of any kind; remakes its plots when the block or the looks change."""

    explain_asked = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: Any = None
        self._readout = _ReadOut(self)
        self._block: Trend612 | Lines | Bars | None = None
        self._panels: list[_Drawn] = []
        self._pointed: tuple[_Drawn, int] | None = None
        # Words are placed by pixels, so a new size needs a new drawing: one, when the mouse rests.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(30)
        self._later.timeout.connect(self._redraw)
        self._move: Any = None

    def show_block(self, block: Trend612 | Lines | Bars) -> None:
        self._block = block
        self._size = (-1, -1)
        if self.isVisible():
            self._redraw()

    def point_at(self, label: str) -> None:
        """Show the hover line at the period called ``label``, without the box."""
        for panel in self._panels:
            panel.show_line(panel.labels.index(label) if label in panel.labels else None)

    def step(self, by: int) -> None:
        """Move the hover line by keys."""
        places = [(panel, index) for panel in self._panels for index in range(len(panel.labels))]
        if not places:
            return
        if self._pointed in places:
            position = min(len(places) - 1, max(0, places.index(self._pointed) + by))
        else:
            position = len(places) - 1
        self._point(*places[position])

    def pointed(self) -> Reference | None:
        if self._pointed is None:
            return None
        panel, index = self._pointed
        return panel.figures[index].reference if index < len(panel.figures) else None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._block is not None:
            # Not at once: the scene is still telling its items, which a redraw throws away.
            QTimer.singleShot(0, self, self._redraw)

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
            self._leave()
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
        match block:
            case Trend612():
                self._trend(block)
            case Lines():
                self._lines(block)
            case Bars():
                self._bars(block)
            case _:
                assert_never(block)
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
            drawn = _Drawn(plot, panel.labels, panel.points, panel.last_year, one_line(block.title))
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
        drawn = _Drawn(plot, block.labels, tuple(_figure(block, index) for index in range(count)), (), one_line(block.title))
        drawn.extra = tuple((one_line(series.name), series.points) for series in block.series)
        drawn.add_line(axis)
        plot.vb.setZValue(-1)
        self._panels.append(drawn)

    # ---- bars

    def _bars(self, block: Bars) -> None:
        now = looks.now()
        plot = _Plot()
        self._view.addItem(plot, 0, 0)
        count = len(block.bars)
        line = QFontMetricsF(looks.font("axis")).height()
        fills = [looks.color(_bar_colour(bar.tone)) for bar in block.bars]
        values = [bar.figure.place or 0.0 for bar in block.bars]
        span = (block.axis.high - block.axis.low) or 1.0
        if block.is_lying:
            metrics = QFontMetrics(looks.font("small"))
            room = max(60, int(self.width() * 0.4))
            names = [metrics.elidedText(one_line(bar.label), Qt.TextElideMode.ElideRight, room - 12) for bar in block.bars]
            left = max([30, *(metrics.horizontalAdvance(name) + 12 for name in names)])
            plot.hideAxis("bottom")
            plot.showAxis("left")
            side = plot.getAxis("left")
            side.set_words([(count - 1 - index, name) for index, name in enumerate(names)])
            side.setTickFont(looks.font("small"))
            side.setWidth(left)
            ends = max([metrics.horizontalAdvance(_bar_text(bar)) for bar in block.bars] or [30]) + 24
            plot.side.set_words(())
            plot.side.setWidth(ends)
            middle, half = (count - 1) / 2, max(count, 4) / 2 + 0.1
            plot.setYRange(middle - half, middle + half, padding=0)
            plot.setXRange(block.axis.low, block.axis.high, padding=0)
            places = [count - 1 - index for index in range(count)]
            plot.addItem(pg.BarGraphItem(x0=0, y=places, width=values, height=0.56, brushes=fills, pen=pg.mkPen(None)))
            for place, value, bar in zip(places, values, block.bars, strict=True):
                _text(plot, max(value, 0.0), place, "  " + _bar_text(bar), now.ink, (0.0, 0.5), "small")
            labels = tuple(bar.label for bar in reversed(block.bars))
            drawn = _Drawn(plot, labels, tuple(bar.figure for bar in reversed(block.bars)), (), one_line(block.title), lying=True)
        else:
            plot.side.set_words(())
            plot.side.setWidth(4)
            width = max(80.0, self.width() - 2.0 * _SIDE)
            second = any(bar.second for bar in block.bars)
            every = marks.nice_spread([bar.label for bar in block.bars], width, looks.font("axis"))
            plot.bottom.set_words(
                [(index, one_line(bar.label) + (f"\n{one_line(bar.second)}" if second else "")) for index, bar in enumerate(block.bars) if index % every == 0]
            )
            plot.bottom.setHeight(int(line * (2 if second else 1)) + 8)
            plot.setXRange(-0.6, max(0.6, count - 0.4), padding=0)
            top = span * 0.14
            plot.setYRange(min(0.0, block.axis.low), block.axis.high + top, padding=0)
            _hairline(plot, 0.0, now.border)
            plot.addItem(pg.BarGraphItem(x=list(range(count)), y0=0, height=values, width=0.78, brushes=fills, pen=pg.mkPen(None)))
            if every == 1:
                for index, (value, bar) in enumerate(zip(values, block.bars, strict=True)):
                    _text(plot, index, max(value, 0.0), bar.figure.short or bar.figure.text, now.ink, (0.5, 1.0), "axis")
            labels = tuple(bar.label for bar in block.bars)
            drawn = _Drawn(plot, labels, tuple(bar.figure for bar in block.bars), (), one_line(block.title))
        self._panels.append(drawn)

    # ---- the pointer

    def _moved(self, event: tuple[QPointF]) -> None:
        found = self._find(event[0])
        if found is None:
            self._leave()
        elif found != self._pointed:
            self._point(*found)

    def _find(self, at: QPointF) -> tuple[_Drawn, int] | None:
        for panel in self._panels:
            box = panel.plot.vb.sceneBoundingRect()
            if box.contains(at):
                where = panel.plot.vb.mapSceneToView(at)
                index = round(where.y() if panel.lying else where.x())
                if 0 <= index < len(panel.labels):
                    return panel, index
        return None

    def _point(self, panel: _Drawn, index: int) -> None:
        self._pointed = (panel, index)
        for other in self._panels:
            other.show_line(index if other is panel else None)
        lines = panel.words(index)
        corner = panel.plot.vb.mapViewToScene(QPointF(index, 0))
        x = self._view.mapFromScene(corner).x()
        box = panel.plot.vb.sceneBoundingRect()
        self._readout.show_lines(one_line(panel.labels[index]), lines, x, int(box.top()), self.width())
        self.hovered.emit(panel.labels[index])

    def _leave(self) -> None:
        if self._pointed is None:
            return
        self._pointed = None
        self._readout.hide()
        for panel in self._panels:
            panel.show_line(None)
        self.hovered.emit("")

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

    def __init__(
        self, plot: _Plot, labels: Sequence[str], figures: Sequence[Figure], last_year: Sequence[Figure], name: str, *, lying: bool = False
    ) -> None:
        self.plot, self.labels, self.figures, self.last_year = plot, tuple(labels), tuple(figures), tuple(last_year)
        self.name, self.lying = name, lying
        self.extra: tuple[tuple[str, tuple[float | None, ...]], ...] = ()
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

    def words(self, index: int) -> list[tuple[str, str]]:
        from ecoperf_desktop.language import sentence

        lines: list[tuple[str, str]] = []
        if index < len(self.figures):
            figure = self.figures[index]
            lines.append((self.name, figure.text))
            if figure.reason:
                lines.append(("", figure.reason))
        if index < len(self.last_year):
            lines.append((sentence("ui.last_year"), self.last_year[index].text))
        return lines


class _ReadOut(QWidget):
    """The box beside the hover line."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title, self._lines = "", [("", "")]
        self.hide()

    def show_lines(self, title: str, lines: list[tuple[str, str]], x: int, top: int, room: int) -> None:
        self._title, self._lines = title, lines
        metrics, strong = QFontMetrics(looks.font("small")), QFontMetrics(looks.font("small_strong"))
        widths = [metrics.horizontalAdvance(name) + strong.horizontalAdvance(value) + 28 for name, value in lines]
        width = min(room - 8, max([strong.horizontalAdvance(title) + 20, *widths]))
        height = (metrics.height() + 3) * (len(lines) + 1) + 12
        left = x + 10 if x + 10 + width <= room else x - 10 - width
        self.setGeometry(max(2, left), max(0, top + 4), width, height)
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(looks.color(now.border), 1))
        painter.setBrush(looks.color(now.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        line = QFontMetrics(looks.font("small")).height() + 3
        painter.setFont(looks.font("small_strong"))
        painter.setPen(looks.color(now.ink))
        painter.drawText(QRectF(10, 6, self.width() - 20, line), 0, self._title)
        for index, (name, value) in enumerate(self._lines, start=1):
            box = QRectF(10, 6 + index * line, self.width() - 20, line)
            painter.setFont(looks.font("small"))
            painter.setPen(looks.color(now.ink2))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft.value), name)
            painter.setFont(looks.font("small_strong" if name else "small"))
            painter.setPen(looks.color(now.ink))
            painter.drawText(box, int((Qt.AlignmentFlag.AlignRight if name else Qt.AlignmentFlag.AlignLeft).value), value)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.ignore()


def _place(figure: Figure) -> float | None:
    return figure.place


def _figure(block: Lines, index: int) -> Figure:
    """Return what one period of the first series is called: its last number is written, the others are points."""
    if not block.series:
        return Figure(None, "–")
    series = block.series[0]
    value = series.points[index] if index < len(series.points) else None
    if value is None:
        return Figure(None, "–")
    if index == len(series.points) - 1:
        return series.last
    return Figure(value, f"{value:,.4g}")


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


def _bar_colour(tone: str) -> str:
    now = looks.now()
    return now.bar_down if tone == "worse" else now.bar_up if tone == "better" else now.last if tone == "quiet" else now.bar


def _bar_text(bar: Any) -> str:
    return f"{bar.figure.text}  {bar.second}".rstrip()
