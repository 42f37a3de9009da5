"""Small drawings: verdict marks, sparks, bars and intervals, painted with QPainter.

Everything is placed by the block's own positions; nothing is computed here but pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from ecoperf_desktop.reports.blocks import Axis, Mark, Spark, Tone
from ecoperf_desktop.ui import looks


def tone_color(tone: Tone, neutral: str | None = None) -> QColor:
    """Return the colour of a verdict; ``neutral`` replaces the grey of no verdict."""
    now = looks.now()
    match tone:
        case "better":
            return looks.color(now.better)
        case "worse":
            return looks.color(now.worse)
        case "quiet":
            return looks.color(now.quiet)
        case "neutral":
            return looks.color(neutral or now.ink2)


def draw_mark(painter: QPainter, center: QPointF, mark: Mark, color: QColor, size: float = 8.0) -> None:
    """Draw a verdict's mark; each differs in shape, so that nothing rests on colour."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    x, y, half = center.x(), center.y(), size / 2
    match mark:
        case "up":
            painter.drawPolygon(
                QPolygonF([QPointF(x - half, y + half * 0.8), QPointF(x + half, y + half * 0.8), QPointF(x, y - half * 0.8)])
            )
        case "down":
            painter.drawPolygon(
                QPolygonF([QPointF(x - half, y - half * 0.8), QPointF(x + half, y - half * 0.8), QPointF(x, y + half * 0.8)])
            )
        case "off_target":
            ring = QRectF(x - half, y - half, size, size)
            painter.drawPie(ring, 90 * 16, 180 * 16)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color, 1.2))
            painter.drawEllipse(ring.adjusted(0.5, 0.5, -0.5, -0.5))
        case "watch":
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color, 1.5))
            painter.drawEllipse(center, half * 0.75, half * 0.75)
        case "on_target":
            painter.drawEllipse(center, half * 0.55, half * 0.55)
        case "no_call":
            painter.setPen(QPen(color, 1.6))
            painter.drawLine(QPointF(x - half * 0.7, y), QPointF(x + half * 0.7, y))
    painter.restore()


def runs(points: Sequence[float | None]) -> list[list[int]]:
    """Return the stretches of positions without a hole, so that a missing week breaks the line."""
    found: list[list[int]] = []
    for index, point in enumerate(points):
        if point is None:
            continue
        if found and found[-1][-1] == index - 1:
            found[-1].append(index)
        else:
            found.append([index])
    return found


class Place:
    """Turns positions of an axis into pixels of a rectangle, upwards."""

    def __init__(self, axis: Axis, rect: QRectF) -> None:
        span = axis.high - axis.low
        self._low, self._rect = axis.low, rect
        self._per = rect.height() / span if span > 0 else 0.0
        self._flat = span <= 0

    def y(self, value: float) -> float:
        if self._flat:
            return self._rect.center().y()
        return self._rect.bottom() - (value - self._low) * self._per


def draw_spark(painter: QPainter, rect: QRectF, spark: Spark) -> None:
    """Draw thirteen weeks between their limits; what leaves the frame is clipped, never flattened."""
    now = looks.now()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    frame = rect.adjusted(0, 0.5, 0, -0.5)
    plot = frame.adjusted(4, 3.5, -10, -3.5)
    place = Place(spark.axis, plot)
    count = max(2, len(spark.points))
    step = plot.width() / (count - 1)
    painter.setClipRect(frame)
    for first, last in spark.shaded:
        left = plot.left() + (first - 0.5) * step
        painter.fillRect(QRectF(left, frame.top(), (last - first + 1) * step, frame.height()), looks.color(now.band))
    dotted = QPen(looks.color(now.limit), 1)
    dotted.setCosmetic(True)
    dotted.setDashPattern([2, 3])
    for limit in (spark.lower, spark.upper):
        if limit is not None:
            y = round(place.y(limit)) + 0.5
            painter.setPen(dotted)
            painter.drawLine(QPointF(frame.left(), y), QPointF(plot.right() + 4, y))
    pen = QPen(looks.color(now.series), 1.4)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for stretch in runs(spark.points):
        where = [QPointF(plot.left() + index * step, place.y(spark.points[index] or 0.0)) for index in stretch]
        if len(where) == 1:
            painter.drawEllipse(where[0], 0.8, 0.8)
        else:
            painter.drawPolyline(QPolygonF(where))
    painter.setPen(Qt.PenStyle.NoPen)
    last_position = len(spark.points) - 1
    outside = tone_color(spark.tone, now.series)
    for index, point in enumerate(spark.points):
        if point is None or (index not in spark.outside and index != last_position):
            continue
        signal = index in spark.outside
        painter.setBrush(outside if signal else looks.color(now.series))
        radius = 2.9 if signal else 2.2
        y = min(max(place.y(point), frame.top() + radius), frame.bottom() - radius) if signal else place.y(point)
        painter.drawEllipse(QPointF(plot.left() + index * step, y), radius, radius)
    if spark.target is not None:
        y = place.y(spark.target)
        if frame.top() <= y <= frame.bottom():
            painter.setPen(QPen(looks.color(now.target), 1.5))
            painter.drawLine(QPointF(frame.right() - 4, y), QPointF(frame.right(), y))
    painter.restore()


def draw_bar(painter: QPainter, rect: QRectF, share: float | None, mark: float | None, color: QColor) -> None:
    """Draw a lying bar on its track, with a tick at ``mark``; shares are 0 to 1 of the track."""
    now = looks.now()
    track = QRectF(rect.left(), rect.center().y() - 4, rect.width(), 8)
    painter.fillRect(track, looks.color(now.hair))
    if share is not None:
        painter.fillRect(QRectF(track.left(), track.top(), track.width() * min(1.0, max(0.0, share)), 8), color)
    if mark is not None:
        x = track.left() + track.width() * min(1.0, max(0.0, mark))
        painter.fillRect(QRectF(x - 0.75, track.top() - 3, 1.5, 14), looks.color(now.target))


def draw_interval(
    painter: QPainter, rect: QRectF, low: float | None, middle: float | None, high: float | None,
    against: float | None, hollow: bool, color: QColor,
) -> None:  # fmt: skip
    """Draw a point with its interval on a track from 0 to 1 against a dotted reference."""
    now = looks.now()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    y = rect.center().y()

    def x(share: float) -> float:
        return rect.left() + rect.width() * min(1.0, max(0.0, share))

    if against is not None:
        dotted = QPen(looks.color(now.ink3), 1)
        dotted.setDashPattern([1.5, 2.5])
        painter.setPen(dotted)
        painter.drawLine(QPointF(x(against), rect.top() + 2), QPointF(x(against), rect.bottom() - 2))
    if low is not None and high is not None:
        painter.setPen(QPen(looks.color(now.last) if hollow else color, 1.8))
        painter.drawLine(QPointF(x(low), y), QPointF(x(high), y))
    if middle is not None:
        painter.setPen(QPen(looks.color(now.last) if hollow else color, 1.4))
        painter.setBrush(looks.color(now.surface) if hollow else color)
        painter.drawEllipse(QPointF(x(middle), y), 3.4, 3.4)
    painter.restore()


def hatching(color: str) -> QBrush:
    return QBrush(looks.color(color), Qt.BrushStyle.BDiagPattern)


def draw_pill(painter: QPainter, rect: QRectF, text: str, tone: Tone) -> None:
    """Draw words in a small outlined box."""
    now = looks.now()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(tone_color(tone, now.border), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), looks.RADIUS_PILL, looks.RADIUS_PILL)
    painter.setPen(tone_color(tone, now.ink2))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def draw_focus(painter: QPainter, rect: QRectF, radius: float = 4.0) -> None:
    """Draw the ring of the keyboard's place."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(looks.color(looks.now().accent), 2))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()


def tick_path() -> QPainterPath:
    """Return the loose horizontal tick that marks a target, one unit wide."""
    path = QPainterPath(QPointF(-0.5, 0))
    path.lineTo(0.5, 0)
    return path


def nice_spread(labels: Sequence[str], width: float, font: QFont) -> int:
    """Return every how many labels may be written so that none touches the next."""
    if not labels:
        return 1
    metrics = QFontMetricsF(font)
    widest = max(metrics.horizontalAdvance(label) for label in labels) + 3
    room = max(1.0, width / len(labels))
    return max(1, math.ceil(widest / room))
