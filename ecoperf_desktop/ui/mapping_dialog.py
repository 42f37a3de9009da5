"""Describing an unknown file: each column with its first values, what it could be, and the rows as they would be stored.

The dialog changes a draft and shows what becomes of it; reading and keeping are done by others, who are told by signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import language
from ecoperf_desktop.actions import ImportChoices, with_setting
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.importing.known_fields import Catalogue
from ecoperf_desktop.importing.suggest import ColumnDraft, Draft, choices, with_field, with_table, with_type
from ecoperf_desktop.importing.trial import StoredRows, Trial
from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import Column, Row, Table, TextCell
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.answer_fields import answer_field, answer_of, key_name
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.mapping_parts import Band, Foot, White, field_word, types_of
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.texts import Label, for_title, one_line, tip

_WAIT = 250  # milliseconds without a change before the preview is made anew
_SHOWN_VALUES = 3
_MOST_TABLES = 3


class MappingDialog(QDialog):
    """A draft of a format, column by column, with a preview of what it makes of the file."""

    trial_asked = Signal(object, object)  # Draft, ImportChoices
    keep_asked = Signal(object, object)  # Draft, ImportChoices

    def __init__(
        self, draft: Draft, known: Catalogue, chosen: ImportChoices, *, sources: Sequence[str] = (), why: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("mapping")
        self._draft, self._known, self._choices = draft, known, chosen
        self._trial: Trial | None = None
        self.answers: dict[str, QLineEdit | QComboBox] = {}
        self.rows: list[_ColumnRow] = []
        self.setWindowTitle(for_title(sentence("mapping.title", file=draft.look.name)))
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT)
        self._wait.timeout.connect(self._ask_trial)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self._head(why))
        body.addWidget(self._choosing(sources))
        self._columns = QScrollArea()
        self._columns.setFrameShape(QFrame.Shape.NoFrame)
        self._columns.setWidgetResizable(True)
        self._columns.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body.addWidget(self._columns, 3)
        body.addWidget(self._preview(), 2)
        body.addWidget(self._foot())
        self.resize(looks.px(1180), looks.px(760))
        self._fill_columns()
        self.table.setFocus()

    @property
    def draft(self) -> Draft:
        """Return the draft as it stands, with the name and the source that were typed."""
        title = self.name.text().strip() or self._draft.title
        return replace(self._draft, title=title, platform=self.source.text().strip() or self._draft.platform)

    @property
    def choices(self) -> ImportChoices:
        """Return the choices with what was answered."""
        chosen = self._choices
        for key, field in self.answers.items():
            value = answer_of(key, field)
            if value:
                chosen = with_setting(chosen, key, value)
        return chosen

    def showEvent(self, event: object) -> None:
        self._ask_trial()

    def show_trial(self, trial: Trial) -> None:
        """Show what the first rows become, what is wrong with them and what still has to be answered."""
        self._trial = trial
        self._show_tables(trial.tables)
        if trial.question is not None and trial.question not in self.answers:
            self._add_answer(trial.question)
        problem = trial.problem
        if problem is not None and trial.question is not None:
            self._say_state(sentence("mapping.answer_first"), "quiet")
            self._problem.setText(sentence(problem.code, **problem.details))
        elif problem is not None:
            self._say_state(sentence("mapping.nothing_stored"), "worse")
            self._problem.setText(sentence(problem.code, **problem.details))
        else:
            self._say_state(sentence("mapping.nothing_written"), "ink2")
            self._problem.setText(self._remarks(trial))
        self._problem.set_tone("worse" if problem is not None and trial.question is None else "ink2")
        self.save.setEnabled(problem is None)

    def show_problem(self, problem: EcoPerfError) -> None:
        """Say why there is nothing to show, or why the format was not kept."""
        self._show_tables(())
        self._problem.setText(sentence(problem.code, **self._in_words(problem)))
        self._problem.set_tone("worse")
        self._say_state(sentence("mapping.nothing_stored"), "worse")
        self.save.setEnabled(problem.code == "importing.suggest_exists")

    # ---- parts

    def _head(self, why: str) -> QWidget:
        part = White()
        line = QVBoxLayout(part)
        line.setContentsMargins(16, 12, 16, 10)
        line.setSpacing(2)
        first = QHBoxLayout()
        first.addWidget(Label(one_line(self._draft.look.name), "block_value", elided=True), 1)
        self._used = Label(role="table", tone="ink2")
        first.addWidget(self._used)
        line.addLayout(first)
        if why:
            label = Label(one_line(why), "table", "ink2")
            label.setWordWrap(True)
            line.addWidget(label)
        return part

    def _choosing(self, sources: Sequence[str]) -> QWidget:
        part = Band()
        grid = QGridLayout(part)
        grid.setContentsMargins(16, 8, 16, 10)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        self._answer_grid = grid
        self.table = QComboBox()
        self.table.setMaxVisibleItems(24)
        words = language.current()
        likely = [name for name in self._draft.likely if name in self._known.tables]
        others = [name for name, table in self._known.tables.items() if name not in likely and not table.is_minor]
        for name in likely:
            self.table.addItem(self._known.tables[name].titles[words], name)
        if likely and others:
            self.table.insertSeparator(len(likely))
        for name in sorted(others, key=lambda name: self._known.tables[name].titles[words]):
            self.table.addItem(self._known.tables[name].titles[words], name)
        self.table.setCurrentIndex(max(0, self.table.findData(self._draft.table)))
        self.table.setAccessibleName(sentence("mapping.table"))
        self.table.activated.connect(self._choose_table)
        self.name = QLineEdit(self._draft.title)
        self.name.setAccessibleName(sentence("mapping.name"))
        self.source = QLineEdit(self._choices.source or self._draft.platform)
        self.source.setAccessibleName(sentence("mapping.source"))
        if sources:
            completer = QCompleter(list(sources), self.source)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            self.source.setCompleter(completer)
        self.source.textEdited.connect(self._wait.start)
        for place, (code, widget, hint) in enumerate((
            ("mapping.table", self.table, "mapping.table_hint"), ("mapping.name", self.name, "mapping.name_hint"),
            ("mapping.source", self.source, "mapping.source_hint"),
        )):  # fmt: skip
            self._put(place, sentence(code), widget, sentence(hint))
        return part

    def _put(self, place: int, title: str, widget: QWidget, hint: str) -> None:
        self._answer_grid.addWidget(Label(title, "small", "ink2"), 0, place)
        self._answer_grid.addWidget(widget, 1, place)
        self._answer_grid.addWidget(Label(hint, "small", "ink3", elided=True), 2, place)
        self._answer_grid.setColumnStretch(place, 1)

    def _add_answer(self, key: str) -> None:
        field = answer_field(key, dict(self._choices.settings).get(key, ""))
        self.answers[key] = field
        if isinstance(field, QComboBox):
            field.activated.connect(self._wait.start)
        else:
            field.textEdited.connect(self._wait.start)
        self._put(2 + len(self.answers), key_name(key), field, sentence("mapping.answer_hint"))
        if isinstance(field, QComboBox):
            self._wait.start()  # what stands there first is an answer already

    def _preview(self) -> QWidget:
        part = White()
        column = QVBoxLayout(part)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(Label(sentence("mapping.preview"), "body_strong"))
        self._counts = Label(role="table", tone="ink3", elided=True)
        line.addWidget(self._counts, 1)
        self.shown_table = QComboBox()
        self.shown_table.setAccessibleName(sentence("mapping.preview"))
        self.shown_table.activated.connect(lambda index: self._show_rows())
        line.addWidget(self.shown_table)
        column.addLayout(line)
        self.stored: RowsView | None = None
        self._under = QVBoxLayout()
        column.addLayout(self._under, 1)
        self._problem = Label(role="table", tone="ink2")
        self._problem.setWordWrap(True)
        column.addWidget(self._problem)
        return part

    def _foot(self) -> QWidget:
        part = Foot()
        line = QHBoxLayout(part)
        line.setContentsMargins(16, 10, 16, 10)
        line.setSpacing(8)
        self._state = Label(role="table", tone="ink2", elided=True)
        self.save = FlatButton(word=sentence("mapping.save"), primary=True)
        cancel = FlatButton(word=sentence("ui.cancel"))
        for button in (cancel, self.save):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        cancel.clicked.connect(self.reject)
        self.save.clicked.connect(lambda: self.keep_asked.emit(self.draft, self.choices))
        self.save.setEnabled(False)
        line.addWidget(self._state, 1)
        line.addWidget(cancel)
        line.addWidget(self.save)
        return part

    # ---- the columns

    def _fill_columns(self) -> None:
        sheet = White()
        grid = QGridLayout(sheet)
        grid.setContentsMargins(16, 8, 16, 8)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(5)
        for place, (code, stretch) in enumerate((("column", 3), ("values", 4), ("field", 3), ("how", 3), ("note", 4))):
            grid.addWidget(Label(sentence(f"mapping.{code}"), "small", "ink3"), 0, place)
            grid.setColumnStretch(place, stretch)
        lists: dict[str, QStandardItemModel] = {}
        self.rows = []
        for column in self._draft.columns:
            if not column.header.strip():
                continue
            row = _ColumnRow(column, self._field_list(column, lists))
            row.field.activated.connect(self._choosing_field(row))
            row.how.activated.connect(self._choosing_type(row))
            for place, widget in enumerate(row.widgets):
                grid.addWidget(widget, len(self.rows) + 1, place)
            self.rows.append(row)
        grid.setRowStretch(len(self.rows) + 1, 1)
        self._columns.setWidget(sheet)
        self._show_columns()

    def _field_list(self, column: ColumnDraft, lists: dict[str, QStandardItemModel]) -> QStandardItemModel:
        """Return what a column may become; columns of one kind share the list."""
        kind = column.personal or "any"
        if kind not in lists:
            model = QStandardItemModel(self)
            model.appendRow(_entry(sentence("mapping.never_kept" if kind == "never" else "mapping.not_used"), ""))
            words = language.current()
            for one in choices(self._draft, column.place, self._known):
                model.appendRow(_entry(one.titles[words] + (" *" if one.needed and one.table == self._draft.table else ""), one.name))
            lists[kind] = model
        return lists[kind]

    def _show_columns(self) -> None:
        columns = {column.place: column for column in self._draft.columns}
        fields = self._known.tables[self._draft.table].fields
        for row in self.rows:
            row.show_column(columns[row.place], fields.get(columns[row.place].field or ""))
        used = sum(column.field is not None for column in self._draft.columns)
        self._used.setText(sentence("mapping.used", n=len(self.rows), used=used))

    def _choose_table(self, index: int) -> None:
        name = self.table.itemData(index)
        if name and name != self._draft.table:
            self._draft = with_table(self._draft, str(name), self._known)
            self._fill_columns()
            self._wait.start()

    def _choosing_field(self, row: _ColumnRow) -> Callable[[int], None]:
        def choose(index: int) -> None:
            name = str(row.field.itemData(index) or "") or None
            self._draft = with_field(self._draft, row.place, name, self._known)
            self._show_columns()
            self._wait.start()

        return choose

    def _choosing_type(self, row: _ColumnRow) -> Callable[[int], None]:
        def choose(index: int) -> None:
            kind, form = row.how.itemData(index)
            self._draft = with_type(self._draft, row.place, kind, (form,) if form else ())
            self._show_columns()
            self._wait.start()

        return choose

    # ---- the preview

    def _ask_trial(self) -> None:
        self.trial_asked.emit(self.draft, self.choices)

    def _show_tables(self, tables: Sequence[StoredRows]) -> None:
        before = self.shown_table.currentData()
        self.shown_table.clear()
        words = language.current()
        for stored in tables[:_MOST_TABLES]:
            title = self._known.tables[stored.table].titles[words]
            self.shown_table.addItem(f"{title}  {stored.count:,}", stored)
        place = next((place for place, stored in enumerate(tables[:_MOST_TABLES]) if before is not None and stored.table == before.table), 0)
        self.shown_table.setCurrentIndex(place if tables else -1)
        self.shown_table.setVisible(len(tables) > 1)
        self._show_rows()

    def _show_rows(self) -> None:
        if self.stored is not None:
            self._under.removeWidget(self.stored)
            self.stored.hide()
            self.stored.deleteLater()
            self.stored = None
        stored = self.shown_table.currentData()
        if stored is None:
            self._counts.setText("")
            return
        # Another table has other columns, which a head that is shown does not take well.
        self.stored = RowsView(stored_table(stored, self._known), self, most_rows=8)
        self._under.addWidget(self.stored)
        trial = self._trial
        if trial is not None:
            self._counts.setText(sentence("mapping.counts", read=trial.read, stored=stored.count, dropped=trial.dropped, refused=trial.rejected))

    def _remarks(self, trial: Trial) -> str:
        remarks = []
        for finding in trial.findings[:3]:
            where = " · ".join(part for part in (sentence("mapping.row", n=finding.record) if finding.record else "", finding.column or "") if part)
            remarks.append(f"{where}: {sentence(finding.code, **finding.details)}" if where else sentence(finding.code, **finding.details))
        return "\n".join(one_line(remark) for remark in remarks) or sentence("ui.plan_no_findings")

    def _in_words(self, problem: EcoPerfError) -> dict[str, object]:
        """Return the details of a problem with the table and the fields in the person's language."""
        details = dict(problem.details)
        if problem.code == "importing.suggest_lacks":
            from ecoperf_desktop.importing.suggest import lacking

            words = language.current()
            details["table"] = self._known.tables[self._draft.table].titles[words]
            details["columns"] = ", ".join(one.titles[words] for one in lacking(self._draft, self._known))
        return details

    def _say_state(self, text: str, tone: str) -> None:
        self._state.setText(text)
        self._state.set_tone(tone)


class _ColumnRow:
    """One column of the file: its header, its first values, and what it becomes."""

    def __init__(self, column: ColumnDraft, fields: QStandardItemModel) -> None:
        self.place = column.place
        header = Label(one_line(column.header), "body_medium", elided=True)
        header.setToolTip(tip(column.header))
        shown = " · ".join(one_line(value) for value in column.evidence.shown[:_SHOWN_VALUES])
        if column.personal or column.evidence.is_contact or column.type == "hash":
            shown = "•••" if shown else ""
        values = Label(shown or sentence("mapping.blank"), "table", "ink2" if shown else "ink3", elided=True)
        self.field = QComboBox()
        self.field.setModel(fields)
        self.field.setMaxVisibleItems(24)
        self.field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.field.setMinimumContentsLength(12)
        self.field.setAccessibleName(f"{column.header}: {sentence('mapping.field')}")
        self.field.setEnabled(column.personal != "never")
        self.how = QComboBox()
        self.how.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.how.setMinimumContentsLength(10)
        self.how.setAccessibleName(f"{column.header}: {sentence('mapping.how')}")
        self.note = Label(role="small", tone="quiet", elided=True)
        self.widgets = (header, values, self.field, self.how, self.note)

    def show_column(self, column: ColumnDraft, one: object) -> None:
        """Show what the column is taken for."""
        index = self.field.findData(column.field or "")
        self.field.setCurrentIndex(max(0, index))
        kinds = types_of(column, one)
        self.how.clear()
        for kind, form, word in kinds:
            self.how.addItem(word, (kind, form))
        chosen = [place for place, (kind, form, _) in enumerate(kinds) if kind == column.type and form == (column.formats[0] if len(column.formats) == 1 else "")]
        self.how.setCurrentIndex(chosen[0] if chosen else 0 if kinds else -1)
        self.how.setEnabled(len(kinds) > 1)
        self.how.setVisible(bool(kinds))
        code = f"mapping.doubt_{column.doubt}" if column.doubt and column.field else f"mapping.personal_{column.personal}" if column.personal else ""
        self.note.setText(sentence(code) if code else "")
        self.note.setToolTip(tip(self.note.text()))
        self.note.set_tone("quiet" if column.doubt and column.field else "ink3")


def stored_table(stored: StoredRows, known: Catalogue | None) -> Table:
    """Return rows as they would be stored as a table to show."""
    columns = tuple(Column(name, field_word(stored.table, name, known), "text", 1.0) for name in stored.fields)
    rows = tuple(Row(tuple(TextCell(one_line(text)) for text in row), key=str(place)) for place, row in enumerate(stored.rows))
    return Table("stored", "", columns, rows, is_sortable=False)


def _entry(word: str, name: str) -> QStandardItem:
    entry = QStandardItem(word)
    entry.setData(name, Qt.ItemDataRole.UserRole)
    return entry
