"""The backups of a workspace: when each was made, what it holds, whether it is sound; make, keep, check and restore them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Link
from ecoperf_desktop.ui.texts import Label, one_line, tip

if TYPE_CHECKING:
    from ecoperf_desktop.store.copies import Copy

_PLACE = Qt.ItemDataRole.UserRole
_COLUMNS = ("made", "reason", "holds", "newest_import", "size", "state")


def when(moment: datetime | int | None) -> str:
    """Return a moment in this computer's time; a dash where it is not known."""
    if moment is None:
        return "–"
    seconds = moment if isinstance(moment, int) else moment.timestamp()
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def size_words(size: int) -> str:
    """Return a file's size as people say it."""
    amount = float(size)
    for unit in ("kB", "MB"):
        amount /= 1000
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"


def reason_words(copy: Copy) -> str:
    return sentence(f"backup.reason_{copy.reason or 'unknown'}")


def holds_words(copy: Copy) -> str:
    return "–" if copy.imports is None else sentence("saving.imports", n=copy.imports)


def open_folder(folder: Path) -> None:
    """Show a folder of ours in the system's own window."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


class BackupsDialog(QDialog):
    """Lists backups and emits what the person wants done; it changes nothing itself."""

    back_up_asked = Signal()
    pin_asked = Signal(object, bool)  # Copy
    check_asked = Signal(object)  # Copy
    restore_asked = Signal(object)  # Path

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._copies: tuple[Copy, ...] = ()
        self._states: dict[Path, str] = {}
        self._cannot = ""
        self._wanted: Path | None = None
        self.setWindowTitle(sentence("saving.title"))
        why = Label(sentence("saving.why"), "table", "ink2")
        why.setWordWrap(True)
        self.listed = QTreeWidget(self)
        self.listed.setRootIsDecorated(False)
        self.listed.setUniformRowHeights(True)
        self.listed.setAlternatingRowColors(True)
        self.listed.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.listed.setHeaderLabels([sentence(f"saving.{name}") for name in _COLUMNS])
        self.listed.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.listed.header().setStretchLastSection(True)
        self.listed.setAccessibleName(sentence("saving.title"))
        self.listed.itemSelectionChanged.connect(self._enable)
        self.now = FlatButton("db", sentence("ui.back_up"))
        self.pin = FlatButton(word=sentence("saving.pin"))
        self.check = FlatButton("check", sentence("saving.check"))
        self.restore = FlatButton(word=sentence("saving.restore"))
        self.now.clicked.connect(self.back_up_asked)
        self.pin.clicked.connect(self._pin)
        self.check.clicked.connect(self._check)
        self.restore.clicked.connect(self._ask_restore)
        self._said = Label("", "table", "ink")
        self._said.setWordWrap(True)
        self.question = QFrame(self)
        self.question.setObjectName("card")
        self._question = Label("", "body")
        self._question.setWordWrap(True)
        self.yes = FlatButton(word=sentence("saving.restore_yes"), primary=True)
        self.no = FlatButton(word=sentence("ui.cancel"))
        self.yes.clicked.connect(self._restore)
        self.no.clicked.connect(self.question.hide)
        answers = QHBoxLayout()
        answers.addStretch(1)
        answers.addWidget(self.no)
        answers.addWidget(self.yes)
        asks = QVBoxLayout(self.question)
        asks.setContentsMargins(16, 12, 16, 12)
        asks.setSpacing(10)
        asks.addWidget(self._question)
        asks.addLayout(answers)
        self.question.hide()
        other, shown = Link(sentence("saving.other_file"), self), Link(sentence("saving.show_folder"), self)
        other.clicked.connect(self._choose)
        shown.clicked.connect(lambda: open_folder(self._folder))
        shown.setToolTip(tip(str(folder)))
        self.other = other
        close = FlatButton(word=sentence("ui.close"), primary=True)
        close.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.setSpacing(8)
        for button in (self.now, self.pin, self.check, self.restore):
            line.addWidget(button)
        line.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(16)
        for widget in (shown, other):
            below.addWidget(widget)
        below.addStretch(1)
        below.addWidget(close)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(12)
        body.addWidget(why)
        body.addWidget(self.listed, 1)
        body.addLayout(line)
        body.addWidget(self.question)
        body.addWidget(self._said)
        body.addLayout(below)
        self.setMinimumSize(looks.px(760), looks.px(480))
        self._enable()

    def show_copies(self, copies: Sequence[Copy]) -> None:
        """Show the backups, the newest first; the one that was chosen stays chosen."""
        before = self.chosen
        self._copies = tuple(copies)
        self.listed.clear()
        for copy in self._copies:
            row = QTreeWidgetItem([
                when(copy.made), reason_words(copy), holds_words(copy), when(copy.imported_utc), size_words(copy.size), self._state(copy),
            ])  # fmt: skip
            row.setTextAlignment(4, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            row.setData(0, _PLACE, str(copy.path))
            row.setToolTip(0, tip(one_line(copy.path.name)))
            if copy.pinned:
                row.setFont(0, looks.font("table_strong"))
            self.listed.addTopLevelItem(row)
            if before is not None and copy.path == before.path:
                self.listed.setCurrentItem(row)
        if not self._copies:
            row = QTreeWidgetItem([sentence("saving.none")])
            row.setFlags(Qt.ItemFlag.ItemIsEnabled)
            row.setFirstColumnSpanned(True)
            self.listed.addTopLevelItem(row)
            row.setFirstColumnSpanned(True)
        self._enable()

    def show_state(self, copy: Copy, words: str) -> None:
        """Say of one backup what its check found."""
        self._states[copy.path] = words
        self.show_copies(self._copies)

    def say(self, words: str, *, problem: bool = False) -> None:
        """Say what was done, or why it was not."""
        self._said.set_tone("worse" if problem else "ink")
        self._said.setText(words)

    def forbid(self, reason: str) -> None:
        """Let nothing be restored, for ``reason``; an empty one lets it again."""
        self._cannot = reason
        self._enable()

    def set_busy(self, busy: bool) -> None:
        """Let nothing be begun while something else is done."""
        self.setProperty("busy", busy)
        self._enable()

    @property
    def chosen(self) -> Copy | None:
        """Return the backup that is chosen in the list."""
        for row in self.listed.selectedItems():
            place = row.data(0, _PLACE)
            return next((copy for copy in self._copies if str(copy.path) == place), None)
        return None


    def _state(self, copy: Copy) -> str:
        state = self._states.get(copy.path) or sentence("saving.sound" if copy.sound else "saving.unproven")
        return f"{state} · {sentence('saving.pinned')}" if copy.pinned else state

    def _enable(self) -> None:
        copy, busy = self.chosen, bool(self.property("busy"))
        self.now.setEnabled(not busy)
        for button in (self.pin, self.check):
            button.setEnabled(copy is not None and not busy)
        self.restore.setEnabled(copy is not None and not busy and not self._cannot)
        self.other.setEnabled(not busy and not self._cannot)
        self.restore.setToolTip(tip(self._cannot))
        self.other.setToolTip(tip(self._cannot))
        self.pin.set_words(sentence("saving.unpin" if copy is not None and copy.pinned else "saving.pin"))
        if self._wanted is not None and (copy is None or copy.path != self._wanted):
            self.question.hide()

    def _pin(self) -> None:
        if (copy := self.chosen) is not None:
            self.pin_asked.emit(copy, not copy.pinned)

    def _check(self) -> None:
        if (copy := self.chosen) is not None:
            self.check_asked.emit(copy)

    def _ask_restore(self) -> None:
        if (copy := self.chosen) is not None:
            self._wanted = copy.path
            self._question.setText(sentence("saving.restore_question", when=when(copy.made)))
            self.question.show()
            self.yes.setFocus()

    def _choose(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        name, _ = QFileDialog.getOpenFileName(self, sentence("saving.other_file"), str(self._folder), sentence("ui.open_filter"))
        if name:
            self.listed.clearSelection()
            self._wanted = Path(name)
            self._question.setText(sentence("saving.restore_question_file", file=Path(name).name))
            self.question.show()

    def _restore(self) -> None:
        self.question.hide()
        if self._wanted is not None:
            self.restore_asked.emit(self._wanted)
