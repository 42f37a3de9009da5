"""The preferences of this person on this computer, made from their catalogue."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from ecoperf_desktop import settings
from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.texts import Label


class Preferences(QDialog):
    """One line a preference that has choices."""

    def __init__(self, now: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(sentence("ui.preferences_title"))
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        self._fields: dict[str, QComboBox] = {}
        for name, preference in settings.PREFERENCES.items():
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
        self.setMinimumWidth(looks.px(400))

    def chosen(self) -> dict[str, str]:
        return {name: str(field.currentData()) for name, field in self._fields.items()}


def _choice_name(name: str, choice: str) -> str:
    code = f"settings.{name}_{choice}"
    words = sentence(code)
    return choice if words == code else words
