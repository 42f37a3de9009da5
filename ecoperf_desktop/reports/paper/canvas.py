"""A painter in points from the upper left corner: text, rules, marks and hatching, in the inks of paper or window."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal, TypeAlias

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPagedPaintDevice,
    QPaintDevice,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports import fonts
from ecoperf_desktop.reports.blocks import Mark
from ecoperf_desktop.reports.text import plain

Align: TypeAlias = Literal["left", "right", "center"]

BLACK = QColor(0, 0, 0)
GREY = QColor(0x55, 0x55, 0x55)
LAST = QColor(0x9A, 0x9A, 0x9A)  # last year's line
HAIR = QColor(0xC4, 0xC4, 0xC4)
BAND = QColor(0xE7, 0xE7, 0xE7)
UP = QColor(0x8A, 0x8A, 0x8A)

BODY, NUMBER, TITLE, HEAD, SMALL = 8.1, 9.0, 8.7, 14.0, 7.6


@dataclass(frozen=True)
class Ink:
    """The colours and sizes a chart is drawn with; ``is_one`` where there is one ink, so that hatching tells bars apart.

    Sizes are in the canvas's points: ``axis`` for scales, ``small`` for names, ``number`` for values, ``row`` the
    height of a line of a list.
    """

    surface: QColor
    ink: QColor
    ink2: QColor
    ink3: QColor
    hair: QColor
    border: QColor
    series: QColor
    last: QColor
    limit: QColor
    band: QColor
    band_text: QColor
    hatch: QColor
    bar: QColor
    up: QColor
    down: QColor
    better: QColor
    worse: QColor
    quiet: QColor
    # The lowest layer of a stack first.
    layers: tuple[QColor, QColor, QColor]
    cold: QColor
    hot: QColor
    axis: float
    small: float
    number: float
    row: float
    is_one: bool


PAPER_INK = Ink(
    surface=QColor(255, 255, 255),
    ink=BLACK,
    ink2=BLACK,
    ink3=GREY,
    hair=HAIR,
    border=GREY,
    series=BLACK,
    last=LAST,
    limit=GREY,
    band=BAND,
    band_text=GREY,
    hatch=LAST,
    bar=UP,
    up=UP,
    down=QColor(255, 255, 255),
    better=BLACK,
    worse=BLACK,
    quiet=GREY,
    layers=(QColor(0x60, 0x60, 0x60), QColor(0xB0, 0xB0, 0xB0), QColor(0xE2, 0xE2, 0xE2)),
    cold=QColor(0xFA, 0xFA, 0xFA),
    hot=QColor(0x80, 0x80, 0x80),
    axis=7.2,
    small=SMALL,
    number=BODY,
    row=12.6,
    is_one=True,
)
MARGIN = 27.0  # 9.5 mm


@dataclass(frozen=True)
class Sheet:
    """One side of paper: what is drawn on it (added to while it is laid out), and the legend at its foot."""

    drawings: list[Callable[[Canvas], None]] = field(default_factory=list)
    legend: tuple[tuple[Mark | None, str], ...] = ()


# Letters; no line of a sheet has room for more.
_LONGEST = 2_000


class Canvas:
    """Draws in points; ``width`` and ``height`` are the sheet's or the picture's."""

    def __init__(self, painter: QPainter, device: QPaintDevice, width: float, height: float, scale: float, ink: Ink = PAPER_INK) -> None:
        self.width, self.height, self.ink = width, height, ink
        self.margin = MARGIN
        self.left, self.right = MARGIN, width - MARGIN
        self._painter = painter
        self._device = device
        self._scale = scale
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._fonts: dict[tuple[float, bool], QFont] = {}
        self._metrics: dict[tuple[float, bool], QFontMetricsF] = {}
        self.text_width = lru_cache(maxsize=4096)(self._text_width)
        # Every line of text in the order written, with its size and weight: a reader of SVG may lack the fonts.
        self.written: list[tuple[str, float, bool]] = []

    @classmethod
    def of_page(cls, painter: QPainter, device: QPagedPaintDevice) -> Canvas:
        """Return the canvas of a whole sheet of ``device``, whose page layout is set."""
        layout = device.pageLayout()
        full, printable = layout.fullRectPoints(), layout.paintRectPoints()
        scale = device.logicalDpiX() / 72
        painter.translate(-printable.x() * scale, -printable.y() * scale)
        return cls(painter, device, float(full.width()), float(full.height()), scale)

    # ---------- text

    def text(
        self,
        x: float,
        baseline: float,
        words: str,
        size: float = BODY,
        *,
        bold: bool = False,
        align: Align = "left",
        color: QColor | None = None,
        room: float | None = None,
    ) -> float:
        """Write one line and return its width; longer than ``room``, it ends in an ellipsis."""
        words = plain(words)
        if room is not None:
            words = self.elided(words, size, room, bold)
        width = self.text_width(words, size, bold)
        left = x if align == "left" else x - width if align == "right" else x - width / 2
        self._painter.setFont(self._font(size, bold))
        self._painter.setPen(color or self.ink.ink)
        self._painter.drawText(QPointF(left * self._scale, baseline * self._scale), words)
        if words:
            self.written.append((words, size, bold))
        return width

    def elided(self, words: str, size: float, room: float, bold: bool = False) -> str:
        """Return as much of ``words`` as fits into ``room``, with an ellipsis where something is left out."""
        is_whole = len(words) <= _LONGEST
        words = words[:_LONGEST]
        if is_whole and self.text_width(words, size, bold) <= room:
            return words
        # Halved, not cut letter by letter: a cell may hold thousands of them.
        fits, beyond = 0, len(words) + 1 - is_whole
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if self.text_width(words[:middle].rstrip() + "…", size, bold) <= room:
                fits = middle
            else:
                beyond = middle
        words = words[:fits].rstrip()
        return words + "…" if words else ""

    def wrapped(self, words: str, size: float, room: float, most: int, bold: bool = False) -> list[str]:
        """Return at most ``most`` lines that fit into ``room``; Chinese breaks anywhere but before its marks."""
        lines: list[str] = []
        rest = plain(words[: most * _LONGEST]).strip()
        while rest and len(lines) < most:
            if len(lines) == most - 1 or self.text_width(rest, size, bold) <= room:
                lines.append(self.elided(rest, size, room, bold))
                break
            cut = self._break(rest, size, room, bold)
            lines.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
        return lines

    def _break(self, words: str, size: float, room: float, bold: bool) -> int:
        best = 0
        for index in range(1, len(words)):
            if self.text_width(words[:index].rstrip(), size, bold) > room:
                break
            before, after = words[index - 1], words[index]
            is_wide = ord(before) > 0x2E7F or ord(after) > 0x2E7F
            if (before == " " or is_wide) and after not in "，。；：、）》”’！？,.;:)%":
                best = index
        else:
            return len(words)
        return best or max(index - 1, 1)

    def _text_width(self, words: str, size: float, bold: bool) -> float:
        key = (size, bold)
        if key not in self._metrics:
            self._metrics[key] = QFontMetricsF(self._font(size, bold), self._device)
        return self._metrics[key].horizontalAdvance(words) / self._scale

    def _font(self, size: float, bold: bool) -> QFont:
        key = (size, bold)
        if key not in self._fonts:
            font = QFont()
            font.setFamilies(list(fonts.FAMILIES))
            if self._scale > 3:
                font.setPixelSize(max(1, round(size * self._scale)))
            else:  # whole pixels of a screen would be too coarse
                font.setPointSizeF(max(1.0, size * self._scale * 72 / (self._device.logicalDpiY() or 96)))
                font.setFeature(QFont.Tag("tnum"), 1)
            font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            font.setStyleStrategy(QFont.StyleStrategy.ForceOutline)
            self._fonts[key] = font
        return self._fonts[key]

    # ---------- lines and areas

    def rule(self, left: float, right: float, y: float, width: float = 0.4, color: QColor | None = None) -> None:
        self.line(left, y, right, y, width, color)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, width: float = 0.8, color: QColor | None = None, dots: Sequence[float] = ()
    ) -> None:
        self._painter.setPen(self._pen(width, color, dots))
        scale = self._scale
        self._painter.drawLine(QLineF(x1 * scale, y1 * scale, x2 * scale, y2 * scale))

    def polyline(self, points: Sequence[tuple[float, float]], width: float, color: QColor | None = None, dots: Sequence[float] = ()) -> None:
        if len(points) < 2:
            return
        self._painter.setPen(self._pen(width, color, dots))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawPolyline(QPolygonF([QPointF(x * self._scale, y * self._scale) for x, y in points]))

    def box(
        self, left: float, top: float, width: float, height: float, fill: QColor | None = None, edge: float = 0.0, color: QColor | None = None
    ) -> None:
        self._painter.setPen(self._pen(edge, color) if edge else Qt.PenStyle.NoPen)
        self._painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
        self._painter.drawRect(self._rect(left, top, width, height))

    def hatch(self, left: float, top: float, width: float, height: float, step: float = 2.6, color: QColor | None = None) -> None:
        """Fill a box with slanted lines; a brush's own pattern would shrink with the device's resolution."""
        # Cut by reckoning, not by clipping: not every vector format knows that.
        scale, lines = self._scale, []
        offset = -height + step / 2
        while width > 0 and height > 0 and offset < width:
            start, end = max(0.0, -offset), min(height, width - offset)
            if end > start:
                x, y = (left + offset) * scale, (top + height) * scale
                lines.append(QLineF(x + start * scale, y - start * scale, x + end * scale, y - end * scale))
            offset += step
        if lines:
            self._painter.setPen(self._pen(step * (0.135 if self.ink.is_one else 0.18), color))
            self._painter.drawLines(lines)

    def dot(self, x: float, y: float, radius: float, fill: QColor | None = None, edge: float = 0.0, color: QColor | None = None) -> None:
        self._painter.setPen(self._pen(edge, color) if edge else Qt.PenStyle.NoPen)
        self._painter.setBrush(fill or self.ink.ink)
        scale = self._scale
        self._painter.drawEllipse(QPointF(x * scale, y * scale), radius * scale, radius * scale)

    def area(self, points: Sequence[tuple[float, float]], fill: QColor) -> None:
        """Fill what the points surround."""
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(fill)
        self._painter.drawPolygon(QPolygonF([QPointF(x * self._scale, y * self._scale) for x, y in points]))

    def clipped(self, left: float, top: float, width: float, height: float, draw: Callable[[], None]) -> None:
        self._painter.save()
        self._painter.setClipRect(self._rect(left, top, width, height), Qt.ClipOperation.IntersectClip)
        draw()
        self._painter.restore()

    def mark(self, mark: Mark, x: float, y: float, radius: float) -> None:
        """Draw a mark of judgement around its middle: a shape of its own for each, so that no colour is needed."""
        match mark:
            case "up" | "down":
                way = -1.0 if mark == "up" else 1.0
                self._polygon(((x - radius, y - way * radius * 0.8), (x + radius, y - way * radius * 0.8), (x, y + way * radius)))
            case "off_target":
                self.dot(x, y, radius, self.ink.surface, 0.7)
                half = QPainterPath()
                half.moveTo(x * self._scale, (y - radius) * self._scale)
                half.arcTo(self._rect(x - radius, y - radius, 2 * radius, 2 * radius), 90, 180)
                self._painter.fillPath(half, self.ink.ink)
            case "watch":
                self.dot(x, y, radius * 0.9, self.ink.surface, 0.8)
            case "on_target":
                self.dot(x, y, radius * 0.62)
            case "no_call":
                self.line(x - radius * 0.9, y, x + radius * 0.9, y, 1.2)

    def _polygon(self, points: Sequence[tuple[float, float]]) -> None:
        self.area(points, self.ink.ink)

    def _rect(self, left: float, top: float, width: float, height: float) -> QRectF:
        scale = self._scale
        return QRectF(left * scale, top * scale, width * scale, height * scale)

    def _pen(self, width: float, color: QColor | None, dots: Sequence[float] = ()) -> QPen:
        pen = QPen(color or self.ink.ink)
        pen.setWidthF(width * self._scale)
        pen.setCosmetic(False)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if dots:
            pen.setDashPattern([part / max(width, 0.01) for part in dots])
        return pen


def place_on(value: float, low: float, high: float, top: float, height: float) -> float:
    """Return where ``value`` stands on a scale drawn from ``top`` down over ``height``."""
    if not math.isfinite(value) or high <= low:
        return top + height / 2
    return top + height - (value - low) / (high - low) * height
