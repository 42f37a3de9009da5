"""What the period picker opens: grains, a list of periods, free dates, and a field to type into."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import QDate, QEvent, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDateEdit,
    QFrame,
    QGridLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.calendars import FISCAL_GRAINS, Calendar
from ecoperf_desktop.model.days import Day, Grain, Period, date_of, day_of
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.reports.figures import bucket_title, span_text
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Segments
from ecoperf_desktop.ui.periods import read_period, scoped
from ecoperf_desktop.ui.texts import Label

_GRAINS = (Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_LISTED = 60


class PeriodPopup(QFrame):
    """Grains, a list of periods, free dates, and a field that takes a week or a date."""

    chosen = Signal(object)

    def __init__(self, scope: Scope, first: Day | None, through: Day | None, calendar: Calendar, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, False)
        self._scope, self._first, self._through, self._calendar = scope, first, through, calendar
        now = scope.grain.value if scope.grain else "free"
        self._grains = Segments(self)
        self._grains.set_choices(
            [(grain.value, sentence(f"ui.grain_{grain.value}")) for grain in _GRAINS] + [("free", sentence("ui.grain_free"))], now
        )
        self._grains.chosen.connect(self._list_periods)
        self._fiscal = Segments(self)
        self._fiscal.set_choices([(grain.value, sentence(f"ui.grain_{grain.value}")) for grain in FISCAL_GRAINS], now)
        self._fiscal.chosen.connect(self._list_periods)
        self._fiscal.setVisible(calendar.has_fiscal or (scope.grain is not None and scope.grain.is_fiscal))
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(sentence("ui.period_type"))
        self.field.returnPressed.connect(self._typed)
        self._wrong = Label(role="small", tone="worse")
        self._wrong.hide()
        self._list = QListWidget(self)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setUniformItemSizes(True)
        self._list.itemActivated.connect(self._picked)
        self._list.itemClicked.connect(self._picked)
        self._free = QWidget(self)
        grid = QGridLayout(self._free)
        grid.setContentsMargins(0, 0, 0, 0)
        self._from, self._to = QDateEdit(self), QDateEdit(self)
        for row, (field, day, code) in enumerate(((self._from, scope.period.first, "ui.from_day"), (self._to, scope.period.last, "ui.to_day"))):
            field.setCalendarPopup(True)
            field.setDisplayFormat("yyyy-MM-dd")
            field.setDate(_qdate(day))
            grid.addWidget(Label(sentence(code), "table", "ink2"), row, 0)
            grid.addWidget(field, row, 1)
        show = FlatButton(word=sentence("ui.show_period"), primary=True)
        show.clicked.connect(self._picked_free)
        grid.addWidget(show, 2, 1, Qt.AlignmentFlag.AlignRight)
        body = QVBoxLayout(self)
        body.setContentsMargins(12, 12, 12, 12)
        body.setSpacing(8)
        body.addWidget(self._grains)
        body.addWidget(self._fiscal)
        body.addWidget(self.field)
        body.addWidget(self._wrong)
        body.addWidget(self._list)
        body.addWidget(self._free)
        self.setFixedWidth(looks.px(330))
        self._list_periods(now)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(now.surface))
        painter.setPen(QPen(looks.color(now.border), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress and getattr(event, "key", lambda: None)() == Qt.Key.Key_Down and self.field.hasFocus():
            self._list.setFocus()
            return True
        return super().event(event)

    def _list_periods(self, key: str) -> None:
        for row in (self._grains, self._fiscal):  # two rows of one choice
            row.blockSignals(True)
            row.choose(key)
            row.blockSignals(False)
        self._list.clear()
        self._list.setVisible(key != "free")
        self._free.setVisible(key == "free")
        if key == "free":
            self.adjustSize()
            return
        grain = Grain(key)
        words = language.current()
        last = self._through if self._through is not None else self._scope.period.last
        bucket = self._calendar.bucket_of(last, grain)
        for _ in range(_LISTED):
            entry = QListWidgetItem(f"{bucket_title(bucket, grain, words)}   {span_text(bucket.period, words)}")
            entry.setData(Qt.ItemDataRole.UserRole, bucket.label)
            self._list.addItem(entry)
            if bucket.period.first <= self._scope.period.last <= bucket.period.last:
                self._list.setCurrentItem(entry)
            if self._first is not None and bucket.period.first <= self._first:
                break
            bucket = self._calendar.previous(bucket, grain)
        rows = min(12, self._list.count())
        self._list.setFixedHeight(rows * max(20, self._list.sizeHintForRow(0)) + 4)
        self.adjustSize()
        if self._list.currentItem() is not None:
            self._list.scrollToItem(self._list.currentItem())

    def _picked(self, entry: QListWidgetItem) -> None:
        bucket, grain = self._calendar.parse(str(entry.data(Qt.ItemDataRole.UserRole)))
        self._send(scoped(self._scope, bucket, grain))

    def _picked_free(self) -> None:
        first, last = _day(self._from.date()), _day(self._to.date())
        if last < first:
            first, last = last, first
        self._send(replace(self._scope, period=Period(first, last), grain=None, label=None))

    def _typed(self) -> None:
        found = read_period(self.field.text(), self._scope, self._calendar)
        if found is None:
            self._wrong.setText(sentence("ui.period_unread"))
            self._wrong.show()
            self.adjustSize()
            return
        self._send(found)

    def _send(self, scope: Scope) -> None:
        self.chosen.emit(scope)
        self.close()

def _qdate(day: Day) -> QDate:
    when = date_of(day)
    return QDate(when.year, when.month, when.day)


def _day(when: QDate) -> Day:
    return day_of(date(when.year(), when.month(), when.day()))
