"""Exchange rates: what waits for one, what is known, and a line to type one in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import iso, parse_day, written_days
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import Link
from ecoperf_desktop.ui.texts import Label, one_line

if TYPE_CHECKING:
    from ecoperf_desktop.store.rate_changes import RateChanged
    from ecoperf_desktop.store.rates import Known, Wanted

# The list is to look at; whoever wants all of them has the file or the command line.
_LISTED = 500
_TYPED = Qt.ItemDataRole.UserRole


class RatesDialog(QDialog):
    """Shows rates and emits what the person says of them; it changes nothing itself."""

    put_asked = Signal(str, int, object)  # currency, day, Decimal; None takes the typed rate back
    import_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(sentence("rates.title"))
        self._why = Label("", "table", "ink2")
        self._why.setWordWrap(True)
        self.wanted = QTreeWidget(self)
        self.wanted.setHeaderHidden(True)
        self.wanted.setRootIsDecorated(False)
        self.wanted.setMaximumHeight(looks.px(110))
        self.wanted.setAccessibleName(sentence("rates.title"))
        self.wanted.itemSelectionChanged.connect(self._fill_wanted)
        self.known = QTreeWidget(self)
        self.known.setRootIsDecorated(False)
        self.known.setUniformRowHeights(True)
        self.known.setHeaderLabels([sentence(f"rates.{name}") for name in ("day", "currency", "rate", "origin")])
        self.known.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.known.setAccessibleName(sentence("rates.rate"))
        self.known.itemSelectionChanged.connect(self._fill_known)
        self.currency, self.day, self.rate = (self._field(name) for name in ("currency", "day", "rate"))
        self.currency.setMaxLength(3)
        self.currency.setPlaceholderText("EUR")
        self.day.setPlaceholderText("2026-05-03")
        self.rate.setPlaceholderText("7.81")
        for entry, least in ((self.currency, 64), (self.day, 116), (self.rate, 96)):
            entry.setMinimumWidth(looks.px(least))
        self.put = QPushButton(sentence("rates.put"), self)
        self.put.clicked.connect(self._put)
        self.take_back = QPushButton(sentence("rates.take_back"), self)
        self.take_back.setEnabled(False)
        self.take_back.clicked.connect(self._take_back)
        for part in (self.currency, self.day, self.rate, self.put, self.take_back):
            part.setProperty("writes", True)
        self._outcome = Label("", "body", "ink")
        self._outcome.setWordWrap(True)
        file = Link(sentence("rates.import_file"), self)
        file.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        file.clicked.connect(self.import_asked)
        file.setProperty("writes", True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        line = QHBoxLayout()
        for field in (self.currency, self.day, self.rate, self.put, self.take_back):
            line.addWidget(field)
        below = QHBoxLayout()
        below.addWidget(file)
        below.addStretch(1)
        below.addWidget(buttons)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(12)
        for widget in (self._why, self.wanted, self.known):
            body.addWidget(widget)
        body.addLayout(line)
        body.addWidget(self._outcome)
        body.addLayout(below)
        for column, width in enumerate((110, 80, 110)):
            self.known.setColumnWidth(column, looks.px(width))
        self.setMinimumSize(looks.px(640), looks.px(460))

    def show_rates(self, known: Sequence[Known], wanted: Sequence[Wanted], reporting: str | None) -> None:
        """Show what is known and what is waited for; ``reporting`` None: nothing says yet what the workspace reports in."""
        self._why.setText(sentence("rates.no_reporting") if reporting is None else sentence("rates.why", currency=reporting))
        for field in (self.currency, self.day, self.rate, self.put):
            field.setEnabled(reporting is not None)
        self.wanted.clear()
        for currency in sorted({one.currency for one in wanted}):
            mine = [one for one in wanted if one.currency == currency]
            words = sentence(
                "rates.wanted", currency=currency, days=written_days([one.day for one in mine]), n=sum(one.rows for one in mine),
                orders=sum(one.orders for one in mine),
            )  # fmt: skip
            row = QTreeWidgetItem([words])
            row.setData(0, _TYPED, (currency, mine[0].day))
            self.wanted.addTopLevelItem(row)
        if not wanted:
            self.wanted.addTopLevelItem(QTreeWidgetItem([sentence("rates.none_wanted")]))
        self.known.clear()
        for one in known[:_LISTED]:
            origin = sentence("rates.typed") if one.file is None else one_line(one.file)
            row = QTreeWidgetItem([iso(one.day), one.currency, one.written, origin])
            row.setData(0, _TYPED, one.file is None)
            self.known.addTopLevelItem(row)
        if len(known) > _LISTED:
            self.known.addTopLevelItem(QTreeWidgetItem([sentence("rates.more", n=len(known) - _LISTED)]))
        self.take_back.setEnabled(False)

    def show_outcome(self, changed: RateChanged) -> None:
        """Say what a rate did, and be ready for the next one."""
        self.rate.clear()
        self._say(sentence("rates.done", freed=changed.freed, restated=changed.restated), "ink")

    def show_refusal(self, words: str) -> None:
        """Say why nothing was changed."""
        self._say(words, "worse")

    def _say(self, words: str, tone: str) -> None:
        self.put.setEnabled(True)
        self._outcome.set_tone(tone)
        self._outcome.setText(words)

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setAccessibleName(sentence(f"rates.{name}"))
        field.returnPressed.connect(self._put)
        return field

    def _fill_wanted(self) -> None:
        for row in self.wanted.selectedItems():
            if (waits := row.data(0, _TYPED)) is not None:
                currency, day = waits
                self.currency.setText(currency)
                self.day.setText(iso(day))
                self.rate.setFocus()

    def _fill_known(self) -> None:
        self.take_back.setEnabled(False)
        for row in self.known.selectedItems():
            if (is_typed := row.data(0, _TYPED)) is not None:
                self.day.setText(row.text(0))
                self.currency.setText(row.text(1))
                self.rate.setText(row.text(2))
                self.take_back.setEnabled(bool(is_typed))

    def _put(self) -> None:
        self._ask(self.rate.text().strip().replace(",", "."))

    def _take_back(self) -> None:
        self._ask(None)

    def _ask(self, rate: str | None) -> None:
        try:
            day = parse_day(self.day.text().strip())
        except ValueError:
            self.show_refusal(sentence("rates.day_wrong", value=self.day.text()))
            return
        try:
            told = None if rate is None else Decimal(rate)
        except InvalidOperation:
            self.show_refusal(sentence("store.rate_value", value=self.rate.text()))
            return
        self.put.setEnabled(False)
        self.put_asked.emit(self.currency.text().strip().upper(), day, told)
