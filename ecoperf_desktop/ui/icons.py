"""Our own drawings, tinted to the colours in use and sharp at every resolution."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ecoperf_desktop import paths
from ecoperf_desktop.ui import looks

_STROKE = "#475160"


class _Engine(QIconEngine):
    """Draws one drawing in the colours of the moment, so that a change of looks needs no new icons."""

    def __init__(self, name: str, tone: str) -> None:
        super().__init__()
        self._name, self._tone = name, tone

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._tone)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        tone = "last" if mode is QIcon.Mode.Disabled else self._tone
        draw(painter, QRectF(rect), self._name, getattr(looks.now(), tone))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return picture


def icon(name: str, tone: str = "ink2") -> QIcon:
    """Return the drawing ``name`` in the colour that ``looks`` calls ``tone``."""
    return QIcon(_Engine(name, tone))


def draw(painter: QPainter, rect: QRectF, name: str, color: str) -> None:
    """Draw ``name`` into ``rect`` in ``color``."""
    _drawing(name, color).render(painter, rect)


@cache
def app_icon() -> QIcon:
    return QIcon(str(paths.resources() / "icons" / "app.svg"))


@cache
def _drawing(name: str, color: str) -> QSvgRenderer:
    text = (paths.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace(_STROKE, color).encode()))
