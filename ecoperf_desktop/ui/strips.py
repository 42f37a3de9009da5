"""Strips below the tabs: work under way, done with Undo, and problems until they are dismissed."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.buttons import FlatButton, Link
from ecoperf_desktop.ui.texts import Label, one_line

_SHOW_AFTER = 300  # milliseconds: shorter work shows nothing
_DONE_FOR = 8000


class Bar(QWidget):
    """How far the work is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share: float | None = None
        self.setFixedHeight(4)

    def show_share(self, share: float | None) -> None:
        self._share = share
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(looks.color(now.hair))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        if self._share:
            painter.setBrush(looks.color(now.accent))
            painter.drawRoundedRect(QRectF(0, 0, self.width() * min(1.0, self._share), 4), 2, 2)
        painter.end()


class WorkStrip(QWidget):
    """What is being done, how far it is, how long it may take, and Stop."""

    stop_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Label(role="body_strong")
        self._what = Label(role="table", tone="ink2", elided=True)
        self._share = Label(role="table", tone="ink2")
        self._bar = Bar()
        self._meaning = Label(role="small", tone="ink3", elided=True)
        self._stop = FlatButton(word="")
        self._stop.clicked.connect(self._stopped)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self._title)
        first.addWidget(self._what, 1)
        first.addWidget(self._share)
        second.addWidget(self._meaning, 1)
        second.addWidget(self._stop)
        body = QVBoxLayout(self)
        body.setContentsMargins(looks.PAGE_SIDE, 8, looks.PAGE_SIDE, 6)
        body.setSpacing(5)
        body.addLayout(first)
        body.addWidget(self._bar)
        body.addLayout(second)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_SHOW_AFTER)
        self._late.timeout.connect(self.show)
        self._began = 0.0

    @property
    def title(self) -> str:
        """Return what is being done, or was last."""
        return self._title.text()

    def begin(self, title: str) -> None:
        self._title.setText(title)
        self._what.setText("")
        self._share.setText("")
        self._meaning.setText(sentence("ui.stop_means"))
        self._stop.set_words(sentence("ui.stop"))
        self._stop.setEnabled(True)
        self._bar.show_share(None)
        self._began = time.monotonic()
        self._late.start()

    def show_progress(self, done: int, total: int, what: str) -> None:
        share = done / total if total else 0.0
        self._what.setText(one_line(what))
        self._share.setText(f"{min(100, round(share * 100))}%")
        self._bar.show_share(share)
        spent = time.monotonic() - self._began
        if self._stop.isEnabled() and spent > 2 and 0.03 < share < 1:
            left = max(1, round(spent * (1 - share) / share))
            self._meaning.setText(sentence("ui.seconds_left", n=left) + " " + sentence("ui.stop_means"))

    def end(self) -> None:
        self._late.stop()
        self.hide()

    def _stopped(self) -> None:
        self._stop.setEnabled(False)
        self._meaning.setText(sentence("ui.stopping"))
        self.stop_asked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface))
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


class SayStrip(QWidget):
    """One sentence: dark when something was done (it goes by itself), orange when something failed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = Label(role="table")
        self._text.setWordWrap(True)
        self._links = QHBoxLayout()
        self._links.setSpacing(14)
        self._icon = ""
        self._is_problem = self._is_offer = False
        self._close = Link("")
        self._close.clicked.connect(self.hide)
        line = QHBoxLayout(self)
        line.setContentsMargins(looks.PAGE_SIDE + 26, 8, looks.PAGE_SIDE, 8)
        line.addWidget(self._text, 1)
        line.addLayout(self._links)
        line.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.timeout.connect(self.hide)
        self._shown: list[Link] = []
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    @property
    def links(self) -> list[Link]:
        return self._shown

    def say(self, text: str, links: list[tuple[str, Callable[[], None]]] | None = None) -> None:
        self._set(text, links or [], problem=False)
        self._gone.start(_DONE_FOR)

    def warn(self, text: str, links: list[tuple[str, Callable[[], None]]] | None = None) -> None:
        self._gone.stop()
        self._set(text, links or [], problem=True)

    def offer(self, text: str, links: list[tuple[str, Callable[[], None]]]) -> None:
        """Offer something without haste: it stays until it is answered, and its last link is the answer no."""
        self._gone.stop()
        self._set(text, links, problem=False, offer=True)
        self._close.hide()

    def _set(self, text: str, links: list[tuple[str, Callable[[], None]]], *, problem: bool, offer: bool = False) -> None:
        self._is_problem, self._is_offer = problem, offer
        self._icon = "warn" if problem else "import" if offer else "check"
        self._text.setText(text)
        self._text.set_tone("ink" if problem or offer else "on_strip")
        for old in self._shown:
            self._links.removeWidget(old)
            old.deleteLater()
        self._shown = []
        for word, act in links:
            link = Link(word, self, tone="accent" if problem or offer else "strip_link")
            link.clicked.connect(act)
            self._links.addWidget(link)
            self._shown.append(link)
        self._close.setText(sentence("ui.dismiss"))
        self._close._tone = "accent" if problem else "strip_link"
        self._close.show()
        self._close.updateGeometry()
        self.setAccessibleName(text)
        self.show()
        self.update()

    def sizeHint(self) -> QSize:
        return super().sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), looks.color(now.surface))
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()).adjusted(looks.PAGE_SIDE - 10.5, 2.5, -looks.PAGE_SIDE + 10.5, -2.5), 6, 6)
        painter.fillPath(path, looks.color(now.warn_bg if self._is_problem else now.surface if self._is_offer else now.strip))
        if self._is_problem or self._is_offer:
            painter.setPen(QPen(looks.color(now.worse if self._is_problem else now.accent), 1))
            painter.drawPath(path)
        color = now.worse if self._is_problem else now.accent if self._is_offer else now.on_strip
        icons.draw(painter, QRectF(looks.PAGE_SIDE + 2, self.height() / 2 - 8, 16, 16), self._icon, color)
        painter.end()
