"""The line above a table that says which rows are shown, and lets words choose them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import Column
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.arranged import AS_IT_COMES, Arrangement, Condition
from ecoperf_desktop.ui.buttons import Link
from ecoperf_desktop.ui.texts import Label, one_line

_SIGNS = {"is": "=", "at_least": "≥", "at_most": "≤"}


class FilterBar(QWidget):
    """Words to filter by, the conditions that hold (a click takes one away), and how many rows are left."""

    changed = Signal(object)  # Arrangement
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._how = AS_IT_COMES
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(sentence("ui.filter_rows_hint"))
        self.field.setAccessibleName(sentence("ui.filter_rows"))
        self.field.setClearButtonEnabled(True)
        self.field.setFixedWidth(looks.px(200))
        self.field.setFixedHeight(looks.px(24))
        self.field.textEdited.connect(lambda text: self._change(replace(self._how, words=text)))
        self.field.installEventFilter(self)
        self._chips: list[Link] = []
        self._count = Label(role="small", tone="ink3")
        self._clear = Link(sentence("ui.filter_clear"), self)
        self._clear.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._clear.clicked.connect(self.clear)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(looks.CARD_PADDING, 2, looks.CARD_PADDING, 4)
        self._line.setSpacing(10)
        self._line.addWidget(self.field)
        self._line.addWidget(self._count)
        self._line.addWidget(self._clear)
        self._line.addStretch(1)

    def show_arrangement(self, how: Arrangement, columns: Sequence[Column], counts: tuple[int, int]) -> None:
        """Show what holds and how many rows of how many are left."""
        if self.field.text() != how.words:
            self.field.setText(how.words)
        self._how = how
        for chip in self._chips:
            self._line.removeWidget(chip)
            chip.deleteLater()
        titles = {column.key: column.title for column in columns}
        self._chips = [self._chip(one, titles.get(one.column, one.column)) for one in how.conditions]
        for place, chip in enumerate(self._chips):
            self._line.insertWidget(1 + place, chip)
        self._count.setText(sentence("ui.filter_count", shown=counts[0], n=counts[1]))
        self._clear.setVisible(how.is_filtered)

    def clear(self) -> None:
        self.field.clear()
        self._change(replace(self._how, words="", conditions=()))
        self.left.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.clear()
            return True
        return super().eventFilter(watched, event)

    def _chip(self, one: Condition, title: str) -> Link:
        link = Link(f"{one_line(title)} {_SIGNS[one.kind]} {one_line(one.text)} ✕", self)
        link.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        link.clicked.connect(lambda: self._change(replace(self._how, conditions=tuple(c for c in self._how.conditions if c != one))))
        return link

    def _change(self, how: Arrangement) -> None:
        self._how = how
        self.changed.emit(how)
