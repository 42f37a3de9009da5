"""What was answered once about a source, to look at and to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import iso
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.answer_fields import answer_field, answer_of, key_name
from ecoperf_desktop.ui.buttons import Link
from ecoperf_desktop.ui.texts import Label, for_title

if TYPE_CHECKING:
    from ecoperf_desktop.store.answers import Answer, Changed
    from ecoperf_desktop.store.clocks import Left

_LISTED = 8


class AnswersDialog(QDialog):
    """One line an answer.  It emits what was changed and shows what became of it; it changes nothing itself."""

    changes_asked = Signal(str, list)  # source, pairs of key and value
    import_again_asked = Signal(int)  # import

    def __init__(self, source: str, known: Sequence[Answer], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(for_title(sentence("answering.title", source=source)))
        self._source = source
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self._before: dict[str, str] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        for one in known:
            form.addRow(Label(_name(one.key), "body", "ink2"), self._line(one))
        why = Label(sentence("answering.why"), "table", "ink2")
        why.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("writes", True)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        self._outcome = QVBoxLayout()
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(16)
        body.addLayout(form)
        body.addWidget(why)
        body.addLayout(self._outcome)
        body.addWidget(self.buttons)
        self.setMinimumWidth(looks.px(520))

    def changes(self) -> list[tuple[str, str]]:
        """Return the answers that are others now; an emptied one stays as it was."""
        now = {key: answer_of(key, field) for key, field in self.fields.items()}
        return [(key, value) for key, value in now.items() if value and value != self._before[key]]

    def show_outcome(self, done: Sequence[Changed]) -> None:
        """Say what was restated, and close; stay open with the files that have to be imported again."""
        left = {one.import_id: one for changed in done for one in changed.left}
        if not left:
            self.accept()
            return
        self.buttons.setStandardButtons(QDialogButtonBox.StandardButton.Close)
        for field in self.fields.values():
            field.setEnabled(False)
        words = Label(sentence("answering.left", n=len(left)), "body", "ink")
        words.setWordWrap(True)
        self._outcome.addWidget(words)
        for one in list(left.values())[:_LISTED]:
            self._outcome.addLayout(self._again(one))

    def show_refusal(self, words: str) -> None:
        """Say why nothing was changed, and let the person try again."""
        self.buttons.setEnabled(True)
        label = Label(words, "body", "worse")
        label.setWordWrap(True)
        while (part := self._outcome.takeAt(0)) is not None:
            if (widget := part.widget()) is not None:
                widget.deleteLater()
        self._outcome.addWidget(label)

    def _line(self, one: Answer) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        if one.key == "currency":
            # Amounts are stored as they were read.
            row.addWidget(Label(one.value or "–", "body", "ink"))
        else:
            field = answer_field(one.key, one.value or "")
            if one.key == "day_start" and isinstance(field, QLineEdit):
                field.setPlaceholderText("04:00")
            field.setAccessibleName(_name(one.key))
            self.fields[one.key], self._before[one.key] = field, one.value or ""
            row.addWidget(field)
        if one.changed_utc is not None:
            row.addWidget(Label(sentence("answering.changed_on", day=iso(one.changed_utc // 86_400)), "table", "ink3"))
        row.addStretch(1)
        return line

    def _again(self, one: Left) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addWidget(Label(Path(one.path).name, "table", "ink2", elided=True), 1)
        if not Path(one.path).exists():
            line.addWidget(Label(sentence("answering.gone"), "table", "ink3"))
            return line
        link = Link(sentence("answering.import_again"), self)
        link.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        link.clicked.connect(lambda: link.setEnabled(False))
        link.clicked.connect(lambda: self.import_again_asked.emit(one.import_id))
        line.addWidget(link)
        return line

    def _ask(self) -> None:
        changes = self.changes()
        if not changes:
            self.accept()
            return
        self.buttons.setEnabled(False)
        self.changes_asked.emit(self._source, changes)


def _name(key: str) -> str:
    return sentence(f"answering.{key}") if key in ("attribution", "tz", "currency") else key_name(key)
