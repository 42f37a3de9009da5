"""Text from data, made harmless and placeable: plain labels, escapes for rich sinks, one-line forms."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ecoperf_desktop.plain import lines
from ecoperf_desktop.plain import one_line as one_line
from ecoperf_desktop.ui import looks

# What markup would read as its own; the standard module brings a table of all entities for it.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def tip(text: str) -> str:
    """Return ``text`` for a tool tip, which Qt would read as markup where it looks like it.

    A leading zero-width mark would do for Qt's guess but not for long texts, so the text
    is escaped into a paragraph that says it is markup.
    """
    return f"<p style='white-space:pre-wrap'>{_escaped(lines(text[:_TIP_LENGTH]))}</p>" if text else ""


# A cell may hold 32,767 letters; a tip as large as the screen helps nobody.
_TIP_LENGTH = 2_000


def for_plot(text: str) -> str:
    """Return ``text`` for pyqtgraph's titles and labels, which are read as markup."""
    return _escaped(one_line(text))


def for_menu(text: str) -> str:
    """Return ``text`` for a menu or button, where an ampersand would mark the next letter and a tab begin a shortcut."""
    return one_line(text).replace("&", "&&")


def for_title(text: str) -> str:
    """Return ``text`` for the title of a window, where ``[*]`` would stand for unsaved changes."""
    return one_line(text[:_TITLE_LENGTH]).replace("[*]", "[*][*]")


_TITLE_LENGTH = 300


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


class Label(QLabel):
    """Shows plain text in a role of the design; cut with an ellipsis when ``elided``."""

    def __init__(self, text: str = "", role: str = "body", tone: str = "ink", *, elided: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._role, self._tone, self._elided = role, tone, elided
        self.setFont(looks.font(role))
        if elided:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self.setMinimumWidth(0)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show ``text``, of which only line feeds may steer how it is read."""
        super().setText(lines(text))

    def set_tone(self, tone: str) -> None:
        self._tone = tone
        self.update()

    def set_role(self, role: str) -> None:
        self._role = role
        self.setFont(looks.font(role))

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(0, hint.height()) if self._elided else hint

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        if self._elided and not self.wordWrap():
            return QSize(QFontMetrics(self.font()).horizontalAdvance(self.text()) + 2, hint.height())
        return hint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(looks.color(getattr(looks.now(), self._tone)))
        rect: QRect = self.contentsRect()
        flags = self.alignment()
        if self.wordWrap():
            painter.drawText(rect, int(flags.value) | int(Qt.TextFlag.TextWordWrap.value), self.text())
        else:
            text = self.text()
            if self._elided:
                text = QFontMetrics(self.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(rect, int(flags.value) | int(Qt.TextFlag.TextSingleLine.value), text)
        if self.hasFocus() and self.focusPolicy() is not Qt.FocusPolicy.NoFocus:
            from ecoperf_desktop.ui.marks import draw_focus

            draw_focus(painter, self.rect().toRectF())
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)
