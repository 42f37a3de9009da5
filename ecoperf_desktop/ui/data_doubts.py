"""What is doubtful about the data, each with the links that mend it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.make.quality import Told
from ecoperf_desktop.ui import looks, marks
from ecoperf_desktop.ui.buttons import Link
from ecoperf_desktop.ui.cards import Card
from ecoperf_desktop.ui.texts import Label, one_line

# So many are shown at first, but all that are to be mended.
_SHOWN = 5
_LEFT = 28


class DoubtsCard(Card):
    """A list to go through, the gravest first."""

    mend_asked = Signal(object)  # Mend
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._outer.addLayout(self._list)
        self._nothing = Label(role="table", tone="ink3")
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(looks.CARD_PADDING, 4, looks.CARD_PADDING, 14)
        self._outer.addWidget(self._nothing)
        self._more = Link("", self)
        self._more.clicked.connect(self._open)
        foot = QHBoxLayout()
        foot.setContentsMargins(looks.CARD_PADDING + _LEFT, 2, looks.CARD_PADDING, 8)
        foot.addWidget(self._more)
        foot.addStretch(1)
        self._outer.addLayout(foot)
        self._told: tuple[Told, ...] = ()
        self._is_open = False
        self.rows: list[DoubtRow] = []

    def show_told(self, told: Sequence[Told], nothing: str) -> None:
        """Show the doubts, or ``nothing`` where there are none."""
        self._told = tuple(told)
        grave = sum(1 for one in told if one.doubt.weight == "wrong")
        corner = sentence("ui.doubts_grave", n=grave) if grave else ""
        self.set_head(sentence("quality.title"), sentence("quality.subtitle"), corner)
        self._corner.set_tone("worse" if grave else "ink3")
        self._nothing.setText(nothing)
        self._nothing.setVisible(not told)
        self._fill()

    def _open(self) -> None:
        self._is_open = not self._is_open
        self._fill()
        self.resized.emit()

    def _fill(self) -> None:
        for old in self.rows:
            self._list.removeWidget(old)
            old.hide()
            old.deleteLater()
        grave = sum(1 for one in self._told if one.doubt.weight == "wrong")
        most = len(self._told) if self._is_open else max(_SHOWN, grave)
        self.rows = []
        for told in self._told[:most]:
            row = DoubtRow(told, self)
            row.mend_asked.connect(self.mend_asked)
            self._list.addWidget(row)
            self.rows.append(row)
        rest = len(self._told) - max(_SHOWN, grave)
        self._more.setVisible(rest > 0)
        self._more.setText(sentence("ui.doubts_fewer") if self._is_open else sentence("ui.doubts_more", n=rest))
        self._more.updateGeometry()


class DoubtRow(QWidget):
    """One doubt: its mark, what it is, an example, and what can be done."""

    mend_asked = Signal(object)  # Mend

    def __init__(self, told: Told, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.told = told
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{told.state.text}. {told.title}. {told.text} {told.example}")
        title = Label(one_line(told.title), "table_medium")
        text = Label(told.text, "small", "ink2")
        example = Label(told.example, "small", "ink3")
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (title, text, example):
            label.setWordWrap(True)
            words.addWidget(label)
        example.setVisible(bool(told.example))
        words.addStretch(1)
        side = QHBoxLayout()
        side.setSpacing(18)
        self.links: list[Link] = []
        for mend, word in told.mends:
            link = Link(word, self)
            link.clicked.connect(partial(self.mend_asked.emit, mend))
            side.addWidget(link, 0, Qt.AlignmentFlag.AlignTop)
            self.links.append(link)
        line = QHBoxLayout(self)
        line.setContentsMargins(looks.CARD_PADDING + _LEFT, 8, looks.CARD_PADDING, 8)
        line.setSpacing(24)
        line.addLayout(words, 1)
        line.addLayout(side)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.links:
            self.links[0].click()
        elif event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(f"{self.told.title}. {self.told.text} {self.told.example}".strip())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setPen(QPen(looks.color(now.hair), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = 8 + QFontMetrics(looks.font("table_medium")).height() / 2
        state = self.told.state
        marks.draw_mark(painter, QPointF(looks.CARD_PADDING + 6, middle), state.mark, marks.tone_color(state.tone, now.ink3))
        if self.hasFocus():
            marks.draw_focus(painter, self.rect().toRectF().adjusted(2, 1, -2, -1))
        painter.end()
