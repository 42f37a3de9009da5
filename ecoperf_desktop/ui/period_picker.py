"""Chooses the period: week, month, quarter or free, by arrows, list or typing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import QDate, QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDateEdit,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import (
    Bucket,
    Day,
    Grain,
    Period,
    bucket_of,
    date_of,
    day_of,
    parse_bucket,
    previous,
)
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.reports.figures import bucket_name, bucket_title, span_text
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Segments, with_tip
from ecoperf_desktop.ui.texts import Label

_GRAINS = (Grain.WEEK, Grain.MONTH, Grain.QUARTER)
_LISTED = 60


class PeriodPicker(QWidget):
    """Arrow, name of the period, arrow."""

    scope_chosen = Signal(object)  # Scope with another period

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scope: Scope | None = None
        self._through: Day | None = None
        self._first: Day | None = None
        self._week_start = 1
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
        self._popup: _Popup | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.retranslate()

    def sizeHint(self) -> QSize:
        parts = (self._back, self._name, self._on)
        return QSize(sum(part.sizeHint().width() for part in parts), self._name.sizeHint().height())

    def show_scope(self, scope: Scope | None, *, first: Day | None, through: Day | None, week_start: int) -> None:
        self._scope, self._first, self._through, self._week_start = scope, first, through, week_start
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
        here = bucket_of(scope.period.first, scope.grain, self._week_start)
        if by < 0:
            there = previous(here, scope.grain, self._week_start)
        else:
            there = bucket_of(here.period.last + 1, scope.grain, self._week_start)
        if by > 0 and self._through is not None and there.period.first > self._through:
            return
        self._choose(scoped(scope, there, scope.grain))

    def open(self) -> None:
        """Show the list and the field to type into."""
        if self._scope is None:
            return
        if self._popup is not None:
            self._popup.deleteLater()
        self._popup = _Popup(self._scope, self._first, self._through, self._week_start, self)
        self._popup.chosen.connect(self._choose)
        self._popup.move(self._name.mapToGlobal(QPoint(0, self._name.height() + 4)))
        self._popup.show()
        self._popup.field.setFocus()

    @property
    def popup(self) -> _Popup | None:
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
            bucket = bucket_of(scope.period.first, scope.grain, self._week_start)
            self._name.set_words(bucket_name(bucket, scope.grain, words), span_text(scope.period, words))
        last = self._through is not None and scope.period.last >= self._through
        self._on.setEnabled(not last)


def scoped(scope: Scope, bucket: Bucket, grain: Grain) -> Scope:
    """Return ``scope`` for another bucket."""
    return replace(scope, period=bucket.period, grain=grain, label=bucket.label)


class _Popup(QFrame):
    """Grains, a list of periods, free dates, and a field that takes a week or a date."""

    chosen = Signal(object)

    def __init__(self, scope: Scope, first: Day | None, through: Day | None, week_start: int, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, False)
        self._scope, self._first, self._through, self._week_start = scope, first, through, week_start
        self._grains = Segments(self)
        self._grains.set_choices(
            [(grain.value, sentence(f"ui.grain_{grain.value}")) for grain in _GRAINS] + [("free", sentence("ui.grain_free"))],
            scope.grain.value if scope.grain else "free",
        )
        self._grains.chosen.connect(self._list_periods)
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
        body.addWidget(self.field)
        body.addWidget(self._wrong)
        body.addWidget(self._list)
        body.addWidget(self._free)
        self.setFixedWidth(looks.px(330))
        self._list_periods(self._grains.now)

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
        self._list.clear()
        self._list.setVisible(key != "free")
        self._free.setVisible(key == "free")
        if key == "free":
            self.adjustSize()
            return
        grain = Grain(key)
        words = language.current()
        last = self._through if self._through is not None else self._scope.period.last
        bucket = bucket_of(last, grain, self._week_start)
        for _ in range(_LISTED):
            entry = QListWidgetItem(f"{bucket_title(bucket, grain, words)}   {span_text(bucket.period, words)}")
            entry.setData(Qt.ItemDataRole.UserRole, bucket.label)
            self._list.addItem(entry)
            if bucket.period.first <= self._scope.period.last <= bucket.period.last:
                self._list.setCurrentItem(entry)
            if self._first is not None and bucket.period.first <= self._first:
                break
            bucket = previous(bucket, grain, self._week_start)
        rows = min(12, self._list.count())
        self._list.setFixedHeight(rows * max(20, self._list.sizeHintForRow(0)) + 4)
        self.adjustSize()
        if self._list.currentItem() is not None:
            self._list.scrollToItem(self._list.currentItem())

    def _picked(self, entry: QListWidgetItem) -> None:
        bucket, grain = parse_bucket(str(entry.data(Qt.ItemDataRole.UserRole)), self._week_start)
        self._send(scoped(self._scope, bucket, grain))

    def _picked_free(self) -> None:
        first, last = _day(self._from.date()), _day(self._to.date())
        if last < first:
            first, last = last, first
        self._send(replace(self._scope, period=Period(first, last), grain=None, label=None))

    def _typed(self) -> None:
        found = read_period(self.field.text(), self._scope, self._week_start)
        if found is None:
            self._wrong.setText(sentence("ui.period_unread"))
            self._wrong.show()
            self.adjustSize()
            return
        self._send(found)

    def _send(self, scope: Scope) -> None:
        self.chosen.emit(scope)
        self.close()


def read_period(text: str, scope: Scope, week_start: int) -> Scope | None:
    """Read ``2026-W33``, ``33``, ``2026-08``, ``2026-Q3``, a date or ``date..date``; None when it is none of these.

    A week without a year is one of the shown period's year; a date is its week.
    """
    text = text.strip().upper().replace("/", "-")
    year = date_of(scope.period.first).isocalendar().year
    if ".." in text:
        ends = [part.strip() for part in text.split("..", 1)]
        try:
            first, last = (parse_bucket(end, week_start)[0].period for end in ends)
        except ValueError:
            return None
        if last.last < first.first:
            return None
        return replace(scope, period=Period(first.first, last.last), grain=None, label=None)
    if text.lstrip("W").isdigit() and len(text.lstrip("W")) <= 2:
        text = f"{year}-W{int(text.lstrip('W')):02d}"
    try:
        bucket, grain = parse_bucket(text, week_start)
    except ValueError:
        return None
    if grain is Grain.DAY:
        bucket, grain = bucket_of(bucket.period.first, Grain.WEEK, week_start), Grain.WEEK
    return scoped(scope, bucket, grain)


def _qdate(day: Day) -> QDate:
    when = date_of(day)
    return QDate(when.year, when.month, when.day)


def _day(when: QDate) -> Day:
    return day_of(date(when.year(), when.month(), when.day()))

