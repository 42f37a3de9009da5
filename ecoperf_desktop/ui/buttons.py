"""Flat controls of the tool bar and cards: an icon, a word, a softer word; segments."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy, QWidget

from ecoperf_desktop.ui import icons, looks, marks
from ecoperf_desktop.ui.texts import one_line, tip

_ICON = 16


class FlatButton(QAbstractButton):
    """A control 30 pixels high: icon, word, softer word, and an arrow when it opens something.

    ``joined`` says at which sides (``l``, ``r``) it touches a neighbour and has no rounding.
    """

    def __init__(
        self, icon: str = "", word: str = "", soft: str = "", *, opens: bool = False, primary: bool = False, joined: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon, self._soft, self._opens, self._primary, self._joined = icon, soft, opens, primary, joined
        self._lead = ""
        self._collapsed = False
        self._menu: QMenu | None = None
        self.setText(word)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def set_words(self, word: str, soft: str = "", lead: str = "") -> None:
        """Show ``lead`` in grey, ``word`` in ink and ``soft`` in grey."""
        self.setText(one_line(word))
        self._soft, self._lead = one_line(soft), one_line(lead)
        self.setAccessibleName(" ".join(part for part in (lead, word, soft) if part))
        self.updateGeometry()
        self.update()

    def set_collapsed(self, collapsed: bool) -> None:
        """Leave out the words that a narrow window has no room for."""
        if self._collapsed != collapsed:
            self._collapsed = collapsed
            self.updateGeometry()
            self.update()

    def set_menu(self, menu: QMenu) -> None:
        self._menu = menu
        self.pressed.connect(self._open)

    def menu(self) -> QMenu | None:
        return self._menu

    def _open(self) -> None:
        if self._menu is not None:
            self._menu.exec(self.mapToGlobal(self.rect().bottomLeft()))
            self.setDown(False)

    def _words(self) -> list[tuple[str, str, str]]:
        if self._collapsed and self._icon:
            return []
        words = [(self._lead, "table", "ink3"), (self.text(), "table_medium", "ink"), (self._soft, "small", "ink3")]
        return [word for word in words if word[0]]

    def sizeHint(self) -> QSize:
        words = self._words()
        width = 20 + (_ICON if self._icon else 0) + (14 if self._opens and words else 0)
        for text, role, _ in words:
            width += QFontMetrics(looks.font(role)).horizontalAdvance(text) + 7
        if self._icon and words:
            width += 7
        if words:
            width -= 7
        if not words and not self._opens:
            width = max(width, 30)
        return QSize(width, looks.px(looks.CONTROL))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        fill = now.accent if self._primary else now.sel if self.isDown() or self.isChecked() else now.surface2 if self.underMouse() and self.isEnabled() else now.surface
        painter.setPen(QPen(looks.color(now.accent if self._primary else now.border), 1))
        painter.setBrush(looks.color(fill))
        painter.drawPath(_shape(rect, self._joined))
        ink = now.on_accent if self._primary else now.ink
        x = 10.0
        y = self.height() / 2
        words = self._words()
        if self._icon:
            if not words and not self._opens:
                x = (self.width() - _ICON) / 2
            tone = now.on_accent if self._primary else now.ink2 if self.isEnabled() else now.border
            icons.draw(painter, QRectF(x, y - _ICON / 2, _ICON, _ICON), self._icon, tone)
            x += _ICON + 7
        for text, role, tone in words:
            painter.setFont(looks.font(role))
            painter.setPen(looks.color(ink if tone == "ink" else getattr(now, tone)) if self.isEnabled() else looks.color(now.last))
            width = QFontMetrics(looks.font(role)).horizontalAdvance(text)
            painter.drawText(QRectF(x, 0, width + 2, self.height()), int(Qt.AlignmentFlag.AlignVCenter.value), text)
            x += width + 7
        if self._opens:
            icons.draw(painter, QRectF(self.width() - 22, y - 6, 12, 12), "down", now.ink3)
        if self.hasFocus():
            marks.draw_focus(painter, QRectF(self.rect()), looks.RADIUS_CONTROL)
        painter.end()


def _shape(rect: QRectF, joined: str) -> QPainterPath:
    path = QPainterPath()
    radius = float(looks.RADIUS_CONTROL)
    if joined == "lr":
        path.addRect(rect)
        return path
    path.setFillRule(Qt.FillRule.WindingFill)
    path.addRoundedRect(rect, radius, radius)
    if joined:
        half = QRectF(rect)
        if joined == "r":
            half.setLeft(rect.center().x())
        else:
            half.setRight(rect.center().x())
        path.addRect(half)
        path = path.simplified()
    return path


class Segments(QWidget):
    """A few choices side by side, one of them pressed."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, height: int = 24) -> None:
        super().__init__(parent)
        self._choices: list[tuple[str, str]] = []
        self._now = ""
        self._edges: list[float] = []
        self._height = height
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_choices(self, choices: list[tuple[str, str]], now: str) -> None:
        """Offer ``(key, word)`` with ``now`` pressed."""
        self._choices, self._now = choices, now
        self.setAccessibleName(dict(choices).get(now, ""))
        self.updateGeometry()
        self.update()

    def choose(self, key: str) -> None:
        if key != self._now:
            self._now = key
            self.setAccessibleName(dict(self._choices).get(key, ""))
            self.update()
            self.chosen.emit(key)

    @property
    def now(self) -> str:
        return self._now

    def _widths(self) -> list[int]:
        metrics = QFontMetrics(looks.font("small_strong"))
        return [metrics.horizontalAdvance(word) + 20 for _, word in self._choices]

    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()) + 1, looks.px(self._height))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(frame, 5, 5)
        painter.fillPath(path, looks.color(now.surface))
        left = 0.0
        self._edges = []
        painter.save()
        painter.setClipPath(path)
        for (key, word), width in zip(self._choices, self._widths(), strict=True):
            box = QRectF(left, 0, width, self.height())
            pressed = key == self._now
            if pressed:
                painter.fillRect(box, looks.color(now.sel))
            painter.setFont(looks.font("small_strong" if pressed else "small"))
            painter.setPen(looks.color(now.accent if pressed else now.ink2))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter.value), word)
            left += width
            self._edges.append(left)
            if (key, word) != self._choices[-1]:
                painter.setPen(QPen(looks.color(now.border), 1))
                painter.drawLine(QPointF(left, 0), QPointF(left, self.height()))
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(looks.color(now.border), 1))
        painter.drawPath(path)
        if self.hasFocus():
            marks.draw_focus(painter, QRectF(self.rect()), 5)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for (key, _), edge in zip(self._choices, self._edges, strict=False):
            if event.position().x() < edge:
                self.choose(key)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._choices:
            keys = [key for key, _ in self._choices]
            position = keys.index(self._now) if self._now in keys else 0
            position += 1 if event.key() == Qt.Key.Key_Right else -1
            if 0 <= position < len(keys):
                self.choose(keys[position])
        else:
            super().keyPressEvent(event)


class Link(QAbstractButton):
    """A word that can be clicked."""

    def __init__(self, word: str = "", parent: QWidget | None = None, *, tone: str = "accent") -> None:
        super().__init__(parent)
        self._tone = tone
        self.setText(word)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(looks.font("table"))
        return QSize(metrics.horizontalAdvance(self.text()) + 4, max(24, metrics.height() + 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setFont(looks.font("table"))
        painter.setPen(looks.color(getattr(now, self._tone) if self.isEnabled() else now.last))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter.value), self.text())
        if self.underMouse() and self.isEnabled():
            base = self.height() / 2 + QFontMetrics(looks.font("table")).ascent() / 2
            painter.drawLine(QPointF(0, base), QPointF(self.width() - 4, base))
        if self.hasFocus():
            marks.draw_focus(painter, QRectF(self.rect()), 4)
        painter.end()


def with_tip(button: QAbstractButton, text: str, keys: str = "") -> None:
    """Give an icon its words: tool tip and accessible name."""
    button.setToolTip(tip(f"{text}  {keys}" if keys else text))
    button.setAccessibleName(text)

