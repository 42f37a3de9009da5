"""The preferences of this person on this computer, made from their catalogue."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import settings
from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Link
from ecoperf_desktop.ui.texts import Label, tip


class Preferences(QDialog):
    """One line a preference that a person chooses: of several words, or a folder."""

    def __init__(self, now: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(sentence("ui.preferences_title"))
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        self._fields: dict[str, QComboBox] = {}
        self._folders: dict[str, FolderField] = {}
        for name, preference in settings.PREFERENCES.items():
            if preference.kind == "folder":
                self._folders[name] = FolderField(now.get(name, preference.default), self)
                form.addRow(Label(sentence(preference.title), "body", "ink2"), self._folders[name])
            if preference.kind != "choice":
                continue
            field = QComboBox(self)
            for choice in preference.choices:
                field.addItem(_choice_name(name, choice), choice)
            field.setCurrentIndex(max(0, field.findData(now.get(name, preference.default))))
            field.setAccessibleName(sentence(preference.title))
            form.addRow(Label(sentence(preference.title), "body", "ink2"), field)
            self._fields[name] = field
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(16)
        body.addLayout(form)
        body.addWidget(buttons)
        self.setMinimumWidth(looks.px(460))

    def chosen(self) -> dict[str, str]:
        chosen = {name: str(field.currentData()) for name, field in self._fields.items()}
        return chosen | {name: field.folder for name, field in self._folders.items()}


class FolderField(QWidget):
    """The name of a folder, with buttons to choose another and to have none."""

    def __init__(self, folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._name = Label(role="body", elided=True)
        self._choose = FlatButton(word=sentence("watching.choose_short"))
        self._choose.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._choose.clicked.connect(self._ask)
        self._stop = Link(sentence("watching.stop"), self)
        self._stop.clicked.connect(lambda: self.set_folder(""))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._name, 1)
        line.addWidget(self._stop)
        line.addWidget(self._choose)
        self.set_folder(folder)

    def set_folder(self, folder: str) -> None:
        self.folder = folder
        self._name.setText((Path(folder).name or folder) if folder else sentence("watching.none"))
        self._name.set_tone("ink" if folder else "ink3")
        self._name.setToolTip(tip(folder))
        self._stop.setVisible(bool(folder))

    def _ask(self) -> None:
        name = QFileDialog.getExistingDirectory(self, sentence("watching.choose"), self.folder)
        if name:
            self.set_folder(name)


def _choice_name(name: str, choice: str) -> str:
    code = f"settings.{name}_{choice}"
    words = sentence(code)
    return choice if words == code else words
