"""Find: a number by name or reference, a page, or a command, from the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.texts import one_line

_MOST = 60


@dataclass(frozen=True)
class Found:
    """One thing that can be found: its name, what kind it is, other words for it, and what opens it."""

    name: str
    kind: str
    words: str
    open: Callable[[], None]


class Finder(QDialog):
    """A field and what matches; Enter opens the first."""

    def __init__(self, everything: list[Found], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("finder")
        self._everything = everything
        self._matching: list[Found] = []
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(sentence("ui.find_hint"))
        self.field.setAccessibleName(sentence("ui.find_number"))
        self.field.textChanged.connect(self._match)
        self.field.installEventFilter(self)
        self._list = QListWidget(self)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setFont(looks.font("table"))
        self._list.itemActivated.connect(lambda entry: self._open(self._list.row(entry)))
        self._list.itemClicked.connect(lambda entry: self._open(self._list.row(entry)))
        body = QVBoxLayout(self)
        body.setContentsMargins(10, 10, 10, 10)
        body.addWidget(self.field)
        body.addWidget(self._list)
        self.setFixedSize(looks.px(460), looks.px(380))
        self._match("")

    @property
    def matching(self) -> list[Found]:
        return self._matching

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self._list.setCurrentRow(min(self._list.count() - 1, max(0, self._list.currentRow() + step)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._open(self._list.currentRow())
                return True
        return super().eventFilter(watched, event)

    def _match(self, text: str) -> None:
        # A printed reference has its week behind a dot; the number is found by its code.
        words = text.partition("·")[0].lower().split()
        ranked: list[tuple[int, int, Found]] = []
        for position, found in enumerate(self._everything):
            name, more = found.name.lower(), found.words.lower()
            if all(word in name or word in more for word in words):
                rank = 0 if words and (name.startswith(words[0]) or more.split(" ")[0] == words[0]) else 1
                ranked.append((rank, position, found))
        ranked.sort(key=lambda entry: entry[:2])
        self._matching = [found for _, _, found in ranked[:_MOST]]
        self._list.clear()
        for found in self._matching:
            entry = QListWidgetItem(f"{one_line(found.name)}    {one_line(found.kind)}")
            self._list.addItem(entry)
        if self._matching:
            self._list.setCurrentRow(0)

    def _open(self, position: int) -> None:
        if 0 <= position < len(self._matching):
            found = self._matching[position]
            self.close()
            found.open()
