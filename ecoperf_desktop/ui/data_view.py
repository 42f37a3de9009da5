"""The Data tab: where files go in, what is doubtful, the days covered, the ledger with undo, problems and restatements."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.reports.blocks import Column, Figure, NumberCell, Row, State, StateCell, Table, TextCell
from ecoperf_desktop.reports.figures import span_text
from ecoperf_desktop.reports.make.quality import kind_name
from ecoperf_desktop.store.ledger import ImportEntry
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.cards import TableCard
from ecoperf_desktop.ui.data_days import DaysCard
from ecoperf_desktop.ui.data_doubts import DoubtsCard
from ecoperf_desktop.ui.first_run import DropZone, Picture
from ecoperf_desktop.ui.page_view import Sheet
from ecoperf_desktop.ui.reading import LedgerView
from ecoperf_desktop.ui.texts import Label, tip

_LISTED = 200


class DataView(QScrollArea):
    """Shows the ledger and emits what a person wants done with it."""

    choose_asked = Signal()
    undo_asked = Signal(int)
    redo_asked = Signal(int)
    problems_asked = Signal(int)
    watch_asked = Signal()
    mend_asked = Signal(object)  # Mend
    answers_asked = Signal(str)  # source

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sheet = Sheet()
        self.setWidget(self._sheet)
        self._zone = DropZone(self._sheet)
        self._drop, self._kinds = Label(role="body_strong"), Label(role="table", tone="ink2")
        self._choose = FlatButton("file")
        self._choose.clicked.connect(self.choose_asked)
        self._choose.setProperty("writes", True)
        self._watch = FlatButton("folder")
        self._watch.clicked.connect(self.watch_asked)
        self._watched = ""
        line = QHBoxLayout(self._zone)
        line.setContentsMargins(20, 14, 20, 14)
        line.setSpacing(16)
        two = QVBoxLayout()
        two.setSpacing(2)
        two.addWidget(self._drop)
        two.addWidget(self._kinds)
        line.addWidget(Picture("import", 26))
        line.addLayout(two, 1)
        line.addWidget(self._watch)
        line.addWidget(self._choose)
        self._doubts = DoubtsCard(self._sheet)
        self._doubts.mend_asked.connect(self.mend_asked)
        self._doubts.resized.connect(self._fit)
        self._days = DaysCard(self._sheet)
        self._days.answers_asked.connect(self.answers_asked)
        self._ledger = TableCard(self._sheet, most_rows=12)
        self._ledger.row_chosen.connect(self._row)
        self._problems = TableCard(self._sheet, most_rows=10)
        self._restated = TableCard(self._sheet, most_rows=10)
        self._shown = LedgerView()
        self._chosen: int | None = None
        self._findings: tuple[int, tuple[Finding, ...]] | None = None
        self._linked = False
        full, wide, narrow = (12, 12, 12), (12, 7, 7), (12, 5, 5)
        self._sheet.set_cells(
            [(self._zone, full), (self._doubts, full), (self._days, full), (self._ledger, full), (self._problems, wide), (self._restated, narrow)]
        )
        self.retranslate()

    @property
    def ledger(self) -> TableCard:
        return self._ledger

    @property
    def problems(self) -> TableCard:
        return self._problems

    @property
    def doubts(self) -> DoubtsCard:
        return self._doubts

    @property
    def days(self) -> DaysCard:
        return self._days

    @property
    def restated(self) -> TableCard:
        return self._restated

    @property
    def chosen(self) -> int | None:
        """Return the import whose problems are shown."""
        return self._chosen

    def retranslate(self) -> None:
        self._drop.setText(sentence("ui.drop_week"))
        self._kinds.setText(sentence("ui.drop_twice"))
        self._choose.set_words(sentence("ui.choose_files"))
        self.show_watched(self._watched)
        self.show_ledger(self._shown)

    def show_watched(self, folder: str) -> None:
        """Say which folder is watched, none when empty."""
        self._watched = folder
        name = Path(folder).name or folder
        self._watch.set_words(sentence("watching.watching_button", folder=name) if folder else sentence("watching.watch_button"))
        self._watch.setToolTip(tip(folder))

    def show_import(self, import_id: int) -> None:
        """Choose an import in the ledger and bring its problems into view."""
        self._chosen = import_id
        self.problems_asked.emit(import_id)
        QTimer.singleShot(0, self, lambda: self.ensureWidgetVisible(self._problems, 0, 40))
        self._problems.flash()

    def show_ledger(self, shown: LedgerView) -> None:
        self._shown = shown
        newest = tuple(reversed(shown.entries))[:_LISTED]
        self._ledger.show_block(_ledger_table(newest, shown))
        rows = self._ledger.rows
        if rows is not None:
            rows.table_model.styles = {"act": "link"}
            rows.table_model.struck_column = 1
            rows.table_model.strike(frozenset(str(entry.import_id) for entry in newest if entry.state == "undone"))
            if not self._linked:
                self._linked = True
                rows.link_clicked.connect(self._act)
        self._doubts.show_told(shown.told, shown.nothing)
        self._days.show_days(shown.sources, shown.through, shown.week_start)
        self._restated.show_block(_restated_table(shown))
        known = {entry.import_id for entry in shown.entries}
        if self._chosen not in known:
            with_problems = next((entry.import_id for entry in newest if entry.findings and entry.state == "active"), None)
            self._chosen = with_problems
            self._findings = None
            if with_problems is not None:
                self.problems_asked.emit(with_problems)
        self._show_problems()
        self._fit()

    def show_problems(self, import_id: int, findings: Sequence[Finding]) -> None:
        """Show what was remarked about one import."""
        self._chosen, self._findings = import_id, (import_id, tuple(findings))
        self._show_problems()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = self._sheet.arrange()
        if height:
            self._sheet.setMinimumHeight(height)

    def _row(self, key: str) -> None:
        if key and int(key) != self._chosen:
            self._chosen = int(key)
            self.problems_asked.emit(self._chosen)

    def _act(self, key: str, column: str) -> None:
        entry = next((entry for entry in self._shown.entries if str(entry.import_id) == key), None)
        if entry is None:
            return
        (self.undo_asked if entry.state == "active" else self.redo_asked).emit(entry.import_id)

    def _show_problems(self) -> None:
        entry = next((entry for entry in self._shown.entries if entry.import_id == self._chosen), None)
        findings = self._findings[1] if self._findings and self._findings[0] == self._chosen else ()
        self._problems.show_block(_problems_table(entry, findings))
        if self._problems.rows is not None:
            self._problems.rows.table_model.styles = {"found": "mono"}


def _ledger_table(entries: Sequence[ImportEntry], shown: LedgerView) -> Table:
    columns = (
        Column("when", sentence("ui.ledger_when"), "text", 0.4),
        Column("file", sentence("ui.ledger_file"), "text", 2.5),
        Column("format", sentence("ui.ledger_format"), "text", 1.2),
        Column("covers", sentence("ui.ledger_covers"), "text", 1.0),
        Column("new", sentence("ui.ledger_new"), "number", 0.5),
        Column("changed", sentence("ui.ledger_changed"), "number", 0.5),
        Column("same", sentence("ui.ledger_same"), "number", 0.5, drop=2),
        Column("dropped", sentence("ui.ledger_dropped"), "number", 0.5, drop=1, tip=sentence("ui.ledger_dropped_tip")),
        Column("refused", sentence("ui.ledger_refused"), "number", 0.5),
        Column("state", sentence("ui.ledger_state"), "state", 1.0),
        Column("act", "", "text", 0.2),
    )
    words = language.current()
    rows = []
    for entry in entries:
        undone = entry.state == "undone"
        counts = (entry.rows.new, entry.rows.changed, entry.rows.unchanged, entry.rows.dropped, entry.rows.rejected)
        numbers = [
            NumberCell(Figure(count, f"{count:,}" if count else "–"), muted=undone or position > 1, strong=position == 0 and not undone, tone="worse" if position == 4 and count and not undone else "neutral")
            for position, count in enumerate(counts)
        ]  # fmt: skip
        name = entry.file if entry.member is None else f"{entry.file} / {entry.member}"
        rows.append(
            Row(
                (
                    TextCell(_moment(entry.imported_utc), muted=True),
                    TextCell(name),
                    TextCell(shown.titles.get(entry.format, entry.format), muted=True),
                    TextCell(span_text(entry.period, words) if entry.period else "–", muted=True),
                    *numbers,
                    StateCell(_state(entry)),
                    TextCell(sentence("ui.redo" if undone else "ui.undo")),
                ),
                key=str(entry.import_id),
            )
        )
    active = sum(1 for entry in shown.entries if entry.state == "active")
    foot = sentence("ui.ledger_more", n=len(shown.entries) - len(entries)) if len(shown.entries) > len(entries) else ""
    return Table("ledger", sentence("ui.ledger"), columns, tuple(rows), sentence("ui.ledger_files", n=active), "", foot)


def _state(entry: ImportEntry) -> State:
    if entry.state == "undone":
        when = _moment(entry.undone_utc) if entry.undone_utc else ""
        return State("no_call", sentence("ui.state_undone", when=when))
    if entry.rows.rejected:
        return State("off_target", sentence("ui.state_refused", n=entry.rows.rejected), "worse")
    if entry.findings:
        return State("watch", sentence("ui.state_remarks", n=entry.findings), "quiet")
    return State("on_target", sentence("ui.state_imported"))


def _moment(utc: int) -> str:
    """Return when something was done, in this computer's time: the ledger is about the person's day."""
    local = time.localtime(utc)
    return time.strftime("%Y-%m-%d %H:%M", local)


def _problems_table(entry: ImportEntry | None, findings: Sequence[Finding]) -> Table:
    columns = (
        Column("row", sentence("ui.problem_row"), "number", 0.2),
        Column("line", sentence("ui.problem_line"), "number", 0.2, drop=1),
        Column("column", sentence("ui.problem_column"), "text", 0.8),
        Column("problem", sentence("ui.problem_what"), "text", 4.0),
        Column("done", "", "text", 0.4),
    )
    rows = tuple(
        Row(
            (
                NumberCell(Figure(finding.record, f"{finding.record:,}" if finding.record else "–"), muted=True),
                NumberCell(Figure(finding.line, f"{finding.line:,}" if finding.line else "–"), muted=True),
                TextCell(finding.column or ""),
                TextCell(sentence(finding.code, **finding.details)),
                TextCell(sentence(f"ui.severity_{finding.severity}"), muted=True),
            )
        )
        for finding in findings[:1000]
    )
    title = sentence("ui.problems_of", file=entry.file) if entry else sentence("ui.problems")
    if rows:
        foot = sentence("ui.problems_foot", n=entry.rows.rejected, read=f"{entry.rows.read:,}") if entry and entry.rows.rejected else ""
        return Table("problems", title, columns, rows, foot=foot)
    return Table("problems", title, columns[:0], (), foot=sentence("ui.no_problems" if entry else "ui.problems_choose"))


def _restated_table(shown: LedgerView) -> Table:
    """Return what newer exports changed of what was known, the newest first."""
    spoken = language.current()
    columns = (
        Column("what", sentence("ui.restated_what"), "text", 1.6),
        Column("days", sentence("ui.restated_days"), "text", 1.2),
        Column("values", sentence("ui.restated_values"), "number", 0.4),
        Column("by", sentence("ui.restated_by"), "text", 1.6, drop=1),
    )
    rows = []
    for one in shown.restated:
        kind = TABLES[one.table].coverage or one.table if one.table in TABLES else one.table
        days = span_text(Period(one.first_day, one.last_day), spoken) if one.first_day is not None and one.last_day is not None else "–"
        rows.append(
            Row(
                (
                    TextCell(f"{one.source}, {kind_name(kind, spoken)}: {_field_name(one.field)}"),
                    TextCell(days, muted=True),
                    NumberCell(Figure(one.values, f"{one.values:,}")),
                    TextCell(one.file or sentence("ui.restated_answer"), muted=True),
                ),
                key=str(one.import_id or ""),
            )
        )
    if rows:
        return Table("restated", sentence("ui.restated"), columns, tuple(rows), sentence("ui.restated_subtitle"), is_sortable=True)
    return Table("restated", sentence("ui.restated"), (), (), foot=sentence("ui.restated_none"))


def _field_name(field: str) -> str:
    name = sentence(f"fields.{field}")
    return field.replace("_", " ") if name == f"fields.{field}" else name
