"""The catalogue of metrics to search and read, and a person's own metrics to write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.metric import Metric, OwnMetric
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Link
from ecoperf_desktop.ui.texts import Label, one_line

if TYPE_CHECKING:
    from ecoperf_desktop.metrics.catalogue import Catalogue

_ID = Qt.ItemDataRole.UserRole


class CatalogueWindow(QDialog):
    """A list with a search field, and everything about the chosen metric beside it.

    It shows the catalogue it is given; what a person does to own metrics it only says.
    """

    kept = Signal(object)  # OwnMetric
    removed = Signal(str)

    def __init__(self, known: Catalogue, own: Sequence[OwnMetric] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("catalogue")
        self.setWindowTitle(sentence("catalogue.title"))
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(sentence("catalogue.search"))
        self.field.setAccessibleName(sentence("catalogue.search"))
        self.field.setClearButtonEnabled(True)
        self.field.installEventFilter(self)
        self.area = QComboBox(self)
        self.list = QListWidget(self)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFont(looks.font("table"))
        self.list.setSpacing(3)
        self.list.setAccessibleName(sentence("catalogue.title"))
        self._count = Label(role="small", tone="ink3")
        self._new = Link(sentence("catalogue.new"), self)
        self._new.setProperty("writes", True)
        self._new.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._new.clicked.connect(lambda: self.write(None))
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(8)
        for widget in (self.field, self.area, self.list):
            left.addWidget(widget)
        foot = QHBoxLayout()
        foot.addWidget(self._count, 1)
        foot.addWidget(self._new)
        left.addLayout(foot)
        side = QWidget()
        side.setLayout(left)
        self._page = QScrollArea(self)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        self._page.setWidgetResizable(True)
        self._page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        halves = QSplitter(Qt.Orientation.Horizontal, self)
        halves.addWidget(side)
        halves.addWidget(self._page)
        halves.setStretchFactor(0, 2)
        halves.setStretchFactor(1, 3)
        halves.setChildrenCollapsible(False)
        body = QVBoxLayout(self)
        body.setContentsMargins(16, 14, 16, 14)
        body.addWidget(halves)
        self.resize(looks.px(920), looks.px(640))
        self.shown: str | None = None
        self._dialog: OwnMetricDialog | None = None
        self.show_catalogue(known, own)
        self.field.textChanged.connect(self._match)
        self.area.currentIndexChanged.connect(self._match)
        self.list.currentItemChanged.connect(self._choose)

    def show_catalogue(self, known: Catalogue, own: Sequence[OwnMetric]) -> None:
        """Replace what is listed, keeping search and choice."""
        from ecoperf_desktop.reports.described import areas

        self._known, self._own = known, {one.id: one for one in own}
        chosen = self.area.currentData()
        self.area.blockSignals(True)
        self.area.clear()
        self.area.addItem(sentence("catalogue.show_all"), None)
        for area in areas(known):
            self.area.addItem(sentence(f"catalogue.area_{area}"), area)
        self.area.setCurrentIndex(max(0, self.area.findData(chosen)))
        self.area.blockSignals(False)
        self._match()

    def choose(self, metric_id: str) -> None:
        """Show one metric, whatever was searched."""
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)
        self.area.setCurrentIndex(0)
        self._match()
        for place in range(self.list.count()):
            if self.list.item(place).data(_ID) == metric_id:
                self.list.setCurrentRow(place)
                self.list.scrollToItem(self.list.item(place))

    def matching(self) -> list[str]:
        return [str(self.list.item(place).data(_ID)) for place in range(self.list.count())]

    def write(self, own: OwnMetric | None) -> OwnMetricDialog:
        """Open the dialog for a new own metric, or to change one."""
        dialog = OwnMetricDialog(self._known, own, self)
        dialog.kept.connect(self.kept)
        self._dialog = dialog
        dialog.show()
        return dialog

    @property
    def is_writing(self) -> bool:
        return self._dialog is not None and self._dialog.isVisible()

    def say_outcome(self, refused: str = "") -> None:
        """Close the dialog of an own metric, or say in it why it was not kept."""
        if self._dialog is not None:
            if refused:
                self._dialog.refuse(refused)
            else:
                self._dialog.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(min(self.list.count() - 1, max(0, self.list.currentRow() + step)))
            return True
        return super().eventFilter(watched, event)

    def _match(self) -> None:
        from ecoperf_desktop import language
        from ecoperf_desktop.reports.described import find

        found = find(self._known, self.field.text(), self.area.currentData())
        self.list.blockSignals(True)
        self.list.clear()
        for metric in found:
            entry = QListWidgetItem(one_line(metric.name[language.current()]))
            entry.setData(_ID, metric.id)
            entry.setToolTip(metric.id)
            self.list.addItem(entry)
        self.list.blockSignals(False)
        self._count.setText(sentence("catalogue.count", n=len(found)) if found else sentence("catalogue.nothing_found"))
        there = [metric.id for metric in found]
        self.list.setCurrentRow(there.index(self.shown) if self.shown in there else 0)
        self._choose()

    def _choose(self) -> None:
        entry = self.list.currentItem()
        self.shown = None if entry is None else str(entry.data(_ID))
        self._page.setWidget(QWidget() if self.shown is None else self._sheet(self._known.metrics[self.shown]))

    def _sheet(self, metric: Metric) -> QWidget:
        from ecoperf_desktop.reports.described import described

        told = described(metric, self._known)
        sheet = QWidget()
        body = QVBoxLayout(sheet)
        body.setContentsMargins(18, 4, 12, 12)
        body.setSpacing(2)
        title = Label(one_line(told.name), "sentence")
        title.setWordWrap(True)
        body.addWidget(title)
        body.addWidget(Label(told.area, "small", "ink3"))
        for head, text in told.lines:
            body.addSpacing(8)
            body.addWidget(Label(head, "small", "ink3"))
            for line in text.split("\n"):
                words = Label(line, "body")
                words.setWordWrap(True)
                words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                body.addWidget(words)
        own = self._own.get(metric.id)
        if own is not None:
            links = QHBoxLayout()
            change, remove = Link(sentence("catalogue.change"), sheet), Link(sentence("catalogue.remove"), sheet)
            change.setProperty("writes", True)
            remove.setProperty("writes", True)
            change.clicked.connect(lambda: self.write(own))
            remove.clicked.connect(lambda: self.removed.emit(own.id))
            for link in (change, remove):
                link.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                links.addWidget(link)
            links.addStretch(1)
            body.addSpacing(10)
            body.addLayout(links)
        body.addStretch(1)
        return sheet


class OwnMetricDialog(QDialog):
    """Name, expression, unit and direction of an own metric; what the expression means is said while it is written."""

    kept = Signal(object)  # OwnMetric

    def __init__(self, known: Catalogue, own: OwnMetric | None, parent: QWidget | None = None) -> None:
        from ecoperf_desktop.metrics.own import DIRECTIONS, UNITS

        super().__init__(parent)
        self.setWindowTitle(sentence("catalogue.own_title"))
        self._known, self._before = known, own
        self.name, self.id, self.expression, self.definition = (QLineEdit(self) for _ in range(4))
        self.expression.setPlaceholderText(sentence("catalogue.own_expression_hint"))
        self._completer = _WordCompleter(sorted(known.metrics), self.expression)
        self.unit, self.direction = QComboBox(self), QComboBox(self)
        for unit in UNITS:
            self.unit.addItem(sentence(f"catalogue.unit_{unit}"), unit)
        for direction in DIRECTIONS:
            self.direction.addItem(sentence(f"catalogue.better_{direction}"), direction)
        self.decimals = QSpinBox(self)
        self.decimals.setRange(-1, 6)
        self.decimals.setSpecialValueText(sentence("catalogue.own_usual"))
        self.decimals.setValue(-1)
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        for code, field in (
            ("own_name", self.name), ("own_id", self.id), ("own_expression", self.expression), ("definition", self.definition),
            ("unit", self.unit), ("direction", self.direction), ("own_decimals", self.decimals),
        ):  # fmt: skip
            words = sentence(f"catalogue.{code}")
            field.setAccessibleName(words)
            form.addRow(Label(words, "body", "ink2"), field)
        self.says = Label(role="body", tone="ink2")
        self.says.setWordWrap(True)
        self.says.setMinimumHeight(looks.px(40))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.keep_button = FlatButton(word=sentence("catalogue.own_keep"), primary=True)
        self.keep_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.keep_button.clicked.connect(self._keep)
        self.buttons.addButton(self.keep_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.reject)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(14)
        body.addLayout(form)
        body.addWidget(self.says)
        body.addWidget(self.buttons)
        self.setMinimumWidth(looks.px(560))
        if own is not None:
            self.name.setText(own.name)
            self.id.setText(own.id)
            self.id.setEnabled(False)
            self.expression.setText(own.expression)
            self.definition.setText(own.definition)
            self.unit.setCurrentIndex(max(0, self.unit.findData(own.unit)))
            self.direction.setCurrentIndex(max(0, self.direction.findData(own.direction)))
            self.decimals.setValue(-1 if own.decimals is None else own.decimals)
        self._is_id_typed = own is not None
        self.id.textEdited.connect(self._id_typed)
        self.name.textChanged.connect(self._follow_name)
        for text in (self.name, self.id, self.expression):
            text.textChanged.connect(self._check)
        self.unit.currentIndexChanged.connect(self._check)
        self._check()

    def written(self) -> OwnMetric:
        """Return the metric as it stands in the fields."""
        decimals = self.decimals.value()
        return OwnMetric(
            self.id.text().strip(), self.name.text().strip(), self.definition.text().strip(), self.expression.text().strip(),
            str(self.unit.currentData()), str(self.direction.currentData()), None if decimals < 0 else decimals,
        )  # fmt: skip

    def refuse(self, words: str) -> None:
        """Say why it was not kept."""
        self.says.setText(words)
        self.says.set_tone("worse")
        self.keep_button.setEnabled(True)

    def _check(self) -> None:
        from ecoperf_desktop import language
        from ecoperf_desktop.metrics.own import checked

        if not self.expression.text().strip() or not self.name.text().strip():
            self.says.setText("")
            self.keep_button.setEnabled(False)
            return
        try:
            metric = checked(self.written(), self._known)
            if self._before is None and metric.id in self._known.metrics:
                raise MetricRefused("metrics.own_id_taken", id=metric.id)
        except MetricRefused as problem:
            self.refuse(sentence(problem.code, **problem.details))
            self.keep_button.setEnabled(False)
            return
        self.says.setText(sentence("catalogue.own_reads", formula=metric.formula_text[language.current()]))
        self.says.set_tone("ink2")
        self.keep_button.setEnabled(True)

    def _id_typed(self) -> None:
        self._is_id_typed = True

    def _follow_name(self, name: str) -> None:
        """Propose an id made from the name; a name without Latin letters is numbered."""
        if self._is_id_typed:
            return
        made = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
        if not re.match(r"[a-z].{2}", made):
            number = 1 + sum(1 for one in self._known.metrics.values() if one.own)
            made = f"own_{number}"
        self.id.setText(made)

    def _keep(self) -> None:
        self.keep_button.setEnabled(False)
        self.kept.emit(self.written())


class _WordCompleter(QCompleter):
    """Completes the word at the cursor of an expression, not the whole line."""

    def __init__(self, words: list[str], field: QLineEdit) -> None:
        super().__init__(field)
        self._field = field
        self.setModel(QStringListModel(words, self))
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setWidget(field)
        self.activated.connect(self._insert)
        field.textEdited.connect(self._follow)

    def _word(self) -> tuple[int, str]:
        before = self._field.text()[: self._field.cursorPosition()]
        match = re.search(r"[a-z0-9_]*$", before)
        word = match[0] if match else ""
        return len(before) - len(word), word

    def _follow(self) -> None:
        _, word = self._word()
        if len(word) < 2:
            popup = self.popup()
            if popup is not None:
                popup.hide()
            return
        self.setCompletionPrefix(word)
        self.complete()

    def _insert(self, chosen: str) -> None:
        start, word = self._word()
        text = self._field.text()
        self._field.setText(text[:start] + chosen + text[start + len(word) :])
        self._field.setCursorPosition(start + len(chosen))
