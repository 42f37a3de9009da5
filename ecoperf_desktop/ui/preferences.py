"""The preferences of this person on this computer, made from their catalogue, and the calendar of the workspace."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import language, settings
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.calendars import Calendar
from ecoperf_desktop.model.days import Day, Grain, day_of
from ecoperf_desktop.reports.figures import month_name, span_text
from ecoperf_desktop.store.calendars import CHOICES, of_settings, settings_of
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Link
from ecoperf_desktop.ui.texts import Label, tip


class Preferences(QDialog):
    """One line a preference that a person chooses: of several words, or a folder.

    With a ``calendar`` that of the workspace can be changed as well; ``day`` is one of the year that its lines show.
    ``brand_words`` are the workspace's names as people search for them.
    """

    def __init__(
        self,
        now: dict[str, str],
        parent: QWidget | None = None,
        *,
        calendar: Calendar | None = None,
        day: Day | None = None,
        brand_words: tuple[str, ...] = (),
    ) -> None:
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
        self.calendar: CalendarFields | None = None
        if calendar is not None:
            self.calendar = CalendarFields(calendar, day, self)
            body.addWidget(self.calendar)
        self.brands = QLineEdit(", ".join(brand_words), self)
        self.brands.setPlaceholderText(sentence("settings.brand_words_hint"))
        self.brands.setAccessibleName(sentence("settings.brand_words"))
        names = QFormLayout()
        names.setHorizontalSpacing(18)
        names.addRow(Label(sentence("settings.brand_words"), "body", "ink2"), self.brands)
        body.addLayout(names)
        body.addWidget(buttons)
        self.setMinimumWidth(looks.px(460))

    def chosen(self) -> dict[str, str]:
        chosen = {name: str(field.currentData()) for name, field in self._fields.items()}
        return chosen | {name: field.folder for name, field in self._folders.items()}


class CalendarFields(QWidget):
    """How weeks and financial years are counted in this workspace, and what that makes of the year shown."""

    def __init__(self, calendar: Calendar, day: Day | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before, self._day = settings_of(calendar), day
        self.fields: dict[str, QComboBox] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        for name, choice in CHOICES.items():
            field = QComboBox(self)
            for value in choice.values:
                field.addItem(_calendar_choice(name, value), value)
            field.setCurrentIndex(field.findData(self._before[name]))
            field.setAccessibleName(sentence(f"settings.{name}"))
            field.currentIndexChanged.connect(self._show)
            form.addRow(Label(sentence(f"settings.{name}"), "body", "ink2"), field)
            self.fields[name] = field
        self.outcome = Label(role="small", tone="ink2")
        self.outcome.setWordWrap(True)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(10)
        body.addWidget(Label(sentence("settings.calendar"), "body_strong", "ink"))
        body.addLayout(form)
        body.addWidget(self.outcome)
        self._show()

    def changes(self) -> dict[str, str]:
        """Return the settings that are others now."""
        return {name: value for name, value in self._now().items() if value != self._before[name]}

    def _now(self) -> dict[str, str]:
        return {name: str(field.currentData()) for name, field in self.fields.items()}

    def _show(self) -> None:
        calendar = of_settings(self._now())
        for name in ("retail_end", "retail_weekday"):
            self.fields[name].setEnabled(calendar.retail is not None)
        self.fields["fiscal_named"].setEnabled(calendar.has_fiscal)
        if self._day is None:
            return
        year = calendar.bucket_of(self._day, Grain.FISCAL_YEAR)
        days = span_text(year.period, language.current())
        weeks = calendar.weeks(int(year.label[2:]))
        if weeks is None:
            self.outcome.setText(sentence("settings.year_of_months", year=year.label, days=days))
        else:
            self.outcome.setText(sentence("settings.year_of_weeks", year=year.label, days=days, weeks=weeks))


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


def _calendar_choice(name: str, value: str) -> str:
    if name == "fiscal_start_month":
        return month_name(day_of(date(2024, int(value), 1)), language.current())
    if name in ("week_start", "retail_weekday") and value != "usual":
        return sentence(f"settings.{value}")
    return sentence(f"settings.{name}_{value}")


def _choice_name(name: str, choice: str) -> str:
    code = f"settings.{name}_{choice}"
    words = sentence(code)
    return choice if words == code else words
