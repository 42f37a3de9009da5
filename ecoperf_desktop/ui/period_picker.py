"""Chooses the period: week, month, quarter, year, one of the financial year or free, by arrows, list or typing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QWidget,
)

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.calendars import CIVIL, Calendar
from ecoperf_desktop.model.days import Day
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.reports.figures import bucket_name, span_text
from ecoperf_desktop.ui.buttons import FlatButton, with_tip
from ecoperf_desktop.ui.periods import scoped

if TYPE_CHECKING:
    from ecoperf_desktop.ui.period_popup import PeriodPopup



class PeriodPicker(QWidget):
    """Arrow, name of the period, arrow."""

    scope_chosen = Signal(object)  # Scope with another period

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scope: Scope | None = None
        self._through: Day | None = None
        self._first: Day | None = None
        self._calendar = CIVIL
        self._back = FlatButton("left", joined="r")
        self._name = FlatButton("calendar", joined="lr")
        self._on = FlatButton("right", joined="l")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        for button in (self._back, self._name, self._on):
            line.addWidget(button)
        self._back.clicked.connect(lambda: self.step(-1))
        self._on.clicked.connect(lambda: self.step(1))
        self._name.clicked.connect(self.open)
        self._popup: PeriodPopup | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.retranslate()

    def sizeHint(self) -> QSize:
        parts = (self._back, self._name, self._on)
        return QSize(sum(part.sizeHint().width() for part in parts), self._name.sizeHint().height())

    def show_scope(self, scope: Scope | None, *, first: Day | None, through: Day | None, calendar: Calendar) -> None:
        self._scope, self._first, self._through, self._calendar = scope, first, through, calendar
        self._write()

    def retranslate(self) -> None:
        with_tip(self._back, sentence("ui.period_back"), "[")
        with_tip(self._on, sentence("ui.period_on"), "]")
        self._name.setToolTip(sentence("ui.period_choose") + "  " + QKeySequence("Ctrl+G").toString(QKeySequence.SequenceFormat.NativeText))
        self._write()

    def step(self, by: int) -> None:
        """Go to the period before or after; a free one moves by its own length."""
        scope = self._scope
        if scope is None:
            return
        if scope.grain is None:
            self._choose(replace(scope, period=scope.period.shifted(by * scope.period.days)))
            return
        here = self._calendar.bucket_of(scope.period.first, scope.grain)
        there = self._calendar.previous(here, scope.grain) if by < 0 else self._calendar.following(here, scope.grain)
        if by > 0 and self._through is not None and there.period.first > self._through:
            return
        self._choose(scoped(scope, there, scope.grain))

    def open(self) -> None:
        """Show the list and the field to type into."""
        if self._scope is None:
            return
        from ecoperf_desktop.ui.period_popup import PeriodPopup

        if self._popup is not None:
            self._popup.deleteLater()
        self._popup = PeriodPopup(self._scope, self._first, self._through, self._calendar, self)
        self._popup.chosen.connect(self._choose)
        self._popup.move(self._name.mapToGlobal(QPoint(0, self._name.height() + 4)))
        self._popup.show()
        self._popup.field.setFocus()

    @property
    def popup(self) -> PeriodPopup | None:
        return self._popup

    def _choose(self, scope: Scope) -> None:
        self._scope = scope
        self._write()
        self.scope_chosen.emit(scope)

    def _write(self) -> None:
        scope = self._scope
        for button in (self._back, self._name, self._on):
            button.setEnabled(scope is not None)
        if scope is None:
            self._name.set_words(sentence("ui.no_period"))
            return
        words = language.current()
        if scope.grain is None:
            self._name.set_words(sentence("ui.free_period"), span_text(scope.period, words))
        else:
            bucket = self._calendar.bucket_of(scope.period.first, scope.grain)
            self._name.set_words(bucket_name(bucket, scope.grain, words), span_text(scope.period, words))
        last = self._through is not None and scope.period.last >= self._through
        self._on.setEnabled(not last)
