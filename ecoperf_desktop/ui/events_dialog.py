"""The calendar of promotions and holidays: a table of events by year, and fields to change the days of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDateEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Day, date_of, day_of, iso
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.figures import span_text
from ecoperf_desktop.store.events import Event, shipped
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.texts import Label, one_line, tip

KINDS = ("sale", "holiday", "launch", "other")


@dataclass(frozen=True)
class Change:
    """What a person asks for: other days of an event, that it counts no longer, or that it is as it was."""

    what: Literal["set", "remove", "reset"]
    code: str
    year: int
    first: str = ""
    last: str = ""
    anchor: str | None = None
    kind: str | None = None


class EventsDialog(QDialog):
    """It emits what is to be changed and shows what became of it; it changes nothing itself."""

    change_asked = Signal(object)  # Change

    def __init__(self, known: Sequence[Event], parent: QWidget | None = None, *, year: int | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(sentence("events.title"))
        self._known: dict[tuple[str, int], Event] = {}
        self._codes: list[str] = []
        self._years: list[int] = []
        self._is_new = False
        self.table = QTableWidget(self)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setAccessibleName(sentence("events.title"))
        self.table.setFont(looks.font("table"))
        self.table.currentCellChanged.connect(lambda *_: self._show_chosen())
        self.name = QLineEdit(self)
        self.name.setMaxLength(60)
        self.year = QSpinBox(self)
        self.year.setRange(1992, 2099)
        self.first, self.last, self.anchor = QDateEdit(self), QDateEdit(self), QDateEdit(self)
        for field in (self.first, self.last, self.anchor):
            field.setCalendarPopup(True)
            field.setDisplayFormat("yyyy-MM-dd")
        self.first.dateChanged.connect(self._keep_order)
        self.last.dateChanged.connect(self._keep_order)
        self.kind = QComboBox(self)
        for kind in KINDS:
            self.kind.addItem(sentence(f"events.kind_{kind}"), kind)
        self.how = Label(role="small", tone="ink2")
        self.wrong = Label(role="small", tone="worse")
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self.new, self.keep = FlatButton(word=sentence("events.new")), FlatButton(word=sentence("events.keep"), primary=True)
        self.take_out, self.as_shipped = FlatButton(word=sentence("events.take_out")), FlatButton(word=sentence("events.as_shipped"))
        for button in (self.new, self.keep, self.take_out, self.as_shipped):
            button.setProperty("writes", True)
        for button in (self.new, self.keep, self.take_out, self.as_shipped):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.new.clicked.connect(self._begin_new)
        self.keep.clicked.connect(self._ask_set)
        self.take_out.clicked.connect(lambda: self._ask("remove"))
        self.as_shipped.clicked.connect(lambda: self._ask("reset"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        self._lay_out(buttons)
        self.show_events(known)
        if self._years:
            self._choose(self._codes[0], year if year in self._years else self._years[-1])
        self.resize(looks.px(980), looks.px(620))

    def show_events(self, known: Sequence[Event]) -> None:
        """Show what is known now; the chosen event stays chosen."""
        here = self.chosen()
        self.wrong.hide()
        self._is_new = False
        self._known = {(event.code, event.year): event for event in known}
        self._codes = list(dict.fromkeys(event.code for event in (*shipped(), *known)))
        self._years = sorted({event.year for event in (*shipped(), *known)})
        self.table.blockSignals(True)
        self.table.clear()
        self.table.setRowCount(len(self._codes))
        self.table.setColumnCount(len(self._years))
        self.table.setHorizontalHeaderLabels([str(year) for year in self._years])
        self.table.setVerticalHeaderLabels([f" {one_line(self._title(code))} " for code in self._codes])
        for row, code in enumerate(self._codes):
            for column, year in enumerate(self._years):
                self.table.setItem(row, column, self._cell(self._known.get((code, year))))
        self.table.resizeColumnsToContents()
        self.table.blockSignals(False)
        if here is not None:
            self._choose(*here)
        self._show_chosen()

    def show_refusal(self, words: str) -> None:
        """Say why nothing was changed."""
        self.wrong.setText(words)
        self.wrong.show()
        self._enable()

    def chosen(self) -> tuple[str, int] | None:
        """Return code and year of the chosen cell."""
        row, column = self.table.currentRow(), self.table.currentColumn()
        if not (0 <= row < len(self._codes) and 0 <= column < len(self._years)):
            return None
        return self._codes[row], self._years[column]

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(8)
        for code, field in (("events.name", self.name), ("events.year", self.year), ("events.kind", self.kind)):
            form.addRow(Label(sentence(code), "body", "ink2"), field)
            field.setAccessibleName(sentence(code))
        days = QFormLayout()
        days.setHorizontalSpacing(18)
        days.setVerticalSpacing(8)
        for code, edit in (("events.first", self.first), ("events.last", self.last), ("events.anchor", self.anchor)):
            days.addRow(Label(sentence(code), "body", "ink2"), edit)
            edit.setAccessibleName(sentence(code))
        below = QWidget(self)
        below.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        fields = QHBoxLayout(below)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(32)
        fields.addLayout(form, 1)
        fields.addLayout(days, 1)
        line = QHBoxLayout()
        for button in (self.new, self.take_out, self.as_shipped):
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self.keep)
        why = Label(sentence("events.why"), "table", "ink2")
        why.setWordWrap(True)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(12)
        body.addWidget(why)
        body.addWidget(self.table, 1)
        body.addWidget(below)
        body.addWidget(self.how)
        body.addWidget(self.wrong)
        body.addLayout(line)
        body.addWidget(buttons)

    def _cell(self, event: Event | None) -> QTableWidgetItem:
        if event is None:
            return QTableWidgetItem("–")
        cell = QTableWidgetItem(_short(event))
        font = QFont(looks.font("table_strong" if event.origin != "shipped" else "table"))
        if event.origin == "shipped" and event.basis == "expected":
            font.setItalic(True)
        cell.setFont(font)
        cell.setToolTip(tip(self._how(event)))
        return cell

    def _title(self, code: str) -> str:
        event = next((event for (known, _), event in self._known.items() if known == code), None)
        return (event or next(one for one in shipped() if one.code == code)).title()

    def _how(self, event: Event | None) -> str:
        if event is None:
            return sentence("events.not_held")
        how = sentence(f"events.basis_{event.basis}" if event.origin == "shipped" else f"events.origin_{event.origin}")
        return sentence("events.how", days=span_text(event.period, language.current()), anchor=iso(event.anchor), how=how)

    def _choose(self, code: str, year: int) -> None:
        if code in self._codes and year in self._years:
            self.table.setCurrentCell(self._codes.index(code), self._years.index(year))

    def _show_chosen(self) -> None:
        here = self.chosen()
        if here is None:
            self._enable()
            return
        self._is_new = False
        code, year = here
        event = self._known.get(here)
        self.name.setText(self._title(code))
        self.year.setValue(year)
        nearest = event or min((one for (known, _), one in self._known.items() if known == code), key=lambda one: abs(one.year - year), default=None)
        if nearest is not None:
            self._put_days(nearest if event is not None else _moved(nearest, year))
            self.kind.setCurrentIndex(max(0, self.kind.findData(nearest.kind)))
        self.how.setText(self._how(event))
        self._enable()

    def _put_days(self, event: Event) -> None:
        for field, day in ((self.first, event.first), (self.last, event.last), (self.anchor, event.anchor)):
            field.blockSignals(True)
            field.clearMinimumDate()
            field.clearMaximumDate()
            field.setDate(_qdate(day))
            field.blockSignals(False)
        self._keep_order()

    def _keep_order(self) -> None:
        """Let no event end before it begins, and keep its anchor inside."""
        if self.last.date() < self.first.date():
            self.last.setDate(self.first.date())
        self.anchor.setDateRange(self.first.date(), self.last.date())

    def _begin_new(self) -> None:
        self._is_new = True
        self.name.clear()
        self.how.setText("")
        self._enable()
        self.name.setFocus()

    def _enable(self) -> None:
        here = self.chosen()
        event = self._known.get(here) if here is not None else None
        is_shipped = here is not None and any((one.code, one.year) == here for one in shipped())
        self.name.setReadOnly(not self._is_new)
        self.year.setReadOnly(not self._is_new)
        self.kind.setEnabled(self._is_new or (event is not None and event.name is not None))
        self.keep.setEnabled(self._is_new or here is not None)
        self.take_out.setEnabled(not self._is_new and event is not None)
        self.as_shipped.setEnabled(not self._is_new and (event.origin == "typed" if event is not None else is_shipped))

    def _ask_set(self) -> None:
        here = self.chosen()
        code = self.name.text().strip() if self._is_new or here is None else here[0]
        first, last, anchor = (iso(_day(field.date())) for field in (self.first, self.last, self.anchor))
        kind = str(self.kind.currentData()) if self.kind.isEnabled() else None
        self._send(Change("set", code, self.year.value(), first, last, anchor, kind))

    def _ask(self, what: Literal["remove", "reset"]) -> None:
        if (here := self.chosen()) is not None:
            self._send(Change(what, *here))

    def _send(self, change: Change) -> None:
        self.wrong.hide()
        for button in (self.keep, self.take_out, self.as_shipped):
            button.setEnabled(False)
        self.change_asked.emit(change)


def _short(event: Event) -> str:
    """Return an event's days without their year: ``6-1 – 6-20``."""
    first, last = date_of(event.first), date_of(event.last)
    if first == last:
        return f"{first.month}-{first.day}"
    return f"{first.month}-{first.day} – {last.month}-{last.day}"


def _moved(event: Event, year: int) -> Event:
    """Return the days of an event as if it were held on the same dates of another year."""
    by = year - event.year

    def moved(day: Day) -> Day:
        when = date_of(day)
        return day_of(date(when.year + by, when.month, min(when.day, 28) if when.month == 2 else when.day))

    return replace(event, year=year, first=moved(event.first), last=moved(event.last), anchor=moved(event.anchor))


def _qdate(day: Day) -> QDate:
    when = date_of(day)
    return QDate(when.year, when.month, when.day)


def _day(when: QDate) -> Day:
    return day_of(date(when.year(), when.month(), when.day()))
