"""The Data tab: where files go in, the ledger with undo, the problems of one import, the days covered."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.reports.blocks import Column, Figure, NumberCell, Row, State, StateCell, Table, TextCell
from ecoperf_desktop.reports.figures import axis_label, day_text, span_text
from ecoperf_desktop.store.ledger import ImportEntry
from ecoperf_desktop.ui import looks, marks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.cards import Card, TableCard
from ecoperf_desktop.ui.first_run import DropZone, Picture
from ecoperf_desktop.ui.page_view import Sheet
from ecoperf_desktop.ui.reading import LedgerView
from ecoperf_desktop.ui.texts import Label, tip

_DAYS = 28
_LISTED = 200


class DataView(QScrollArea):
    """Shows the ledger and emits what a person wants done with it."""

    choose_asked = Signal()
    undo_asked = Signal(int)
    redo_asked = Signal(int)
    problems_asked = Signal(int)

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
        line = QHBoxLayout(self._zone)
        line.setContentsMargins(20, 14, 20, 14)
        line.setSpacing(16)
        two = QVBoxLayout()
        two.setSpacing(2)
        two.addWidget(self._drop)
        two.addWidget(self._kinds)
        line.addWidget(Picture("import", 26))
        line.addLayout(two, 1)
        line.addWidget(self._choose)
        self._ledger = TableCard(self._sheet, most_rows=12)
        self._ledger.row_chosen.connect(self._row)
        self._problems = TableCard(self._sheet, most_rows=10)
        self._coverage = _CoverageCard(self._sheet)
        self._shown = LedgerView()
        self._chosen: int | None = None
        self._findings: tuple[int, tuple[Finding, ...]] | None = None
        self._linked = False
        self._sheet.set_cells(
            [(self._zone, (12, 12, 12)), (self._ledger, (12, 12, 12)), (self._problems, (12, 7, 7)), (self._coverage, (12, 5, 5))]
        )
        self.retranslate()

    @property
    def ledger(self) -> TableCard:
        return self._ledger

    @property
    def problems(self) -> TableCard:
        return self._problems

    @property
    def chosen(self) -> int | None:
        """Return the import whose problems are shown."""
        return self._chosen

    def retranslate(self) -> None:
        self._drop.setText(sentence("ui.drop_week"))
        self._kinds.setText(sentence("ui.drop_twice"))
        self._choose.set_words(sentence("ui.choose_files"))
        self.show_ledger(self._shown)

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
        self._coverage.show_coverage(shown)
        known = {entry.import_id for entry in newest}
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


class _CoverageCard(Card):
    """Which of the last 28 days each kind of data covers; a hole looks like a hole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = _Grid(self)
        self._outer.addWidget(self._grid)
        self._outer.addStretch(1)

    def show_coverage(self, shown: LedgerView) -> None:
        self.set_head(sentence("ui.coverage"), sentence("ui.coverage_days", n=_DAYS), sentence("ui.coverage_missing") if shown.covered else "")
        self._grid.show_coverage(shown)


class _Grid(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = LedgerView()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_coverage(self, shown: LedgerView) -> None:
        self._shown = shown
        holes = [f"{_kind_name(kind)}: {_DAYS - _days_in(ranges, self._span())}" for kind, ranges in shown.covered.items() if shown.through is not None]
        self.setAccessibleName(sentence("ui.coverage") + ". " + ", ".join(holes))
        self.updateGeometry()
        self.update()

    def _span(self) -> Period:
        last = self._shown.through if self._shown.through is not None else 0
        return Period(last - _DAYS + 1, last)

    def sizeHint(self) -> QSize:
        return QSize(300, 26 + 22 * max(1, len(self._shown.covered)) + 10)

    def _place(self) -> tuple[float, float]:
        metrics = QFontMetrics(looks.font("small"))
        names = max([metrics.horizontalAdvance(_kind_name(kind)) for kind in self._shown.covered] or [80])
        left = looks.CARD_PADDING + min(names, self.width() * 0.4) + 12
        return left, (self.width() - looks.CARD_PADDING - left) / _DAYS

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(looks.font("small"))
        if self._shown.through is None or not self._shown.covered:
            painter.setPen(looks.color(now.ink3))
            painter.drawText(QRectF(looks.CARD_PADDING, 4, self.width(), 22), 0, sentence("ui.coverage_none"))
            painter.end()
            return
        span = self._span()
        left, step = self._place()
        words = language.current()
        painter.setFont(looks.font("axis"))
        painter.setPen(looks.color(now.ink3))
        for day in range(span.first, span.last + 1):
            week = bucket_of(day, Grain.WEEK, self._shown.week_start)
            if week.period.first == day:
                painter.drawText(QRectF(left + (day - span.first) * step, 4, 60, 18), 0, axis_label(week, Grain.WEEK, words))
        metrics = QFontMetrics(looks.font("small"))
        for row, (kind, ranges) in enumerate(self._shown.covered.items()):
            top = 26 + row * 22
            painter.setFont(looks.font("small"))
            painter.setPen(looks.color(now.ink))
            name = metrics.elidedText(_kind_name(kind), Qt.TextElideMode.ElideRight, int(left - looks.CARD_PADDING - 8))
            painter.drawText(QRectF(looks.CARD_PADDING, top, left, 18), int(Qt.AlignmentFlag.AlignVCenter.value), name)
            for day in range(span.first, span.last + 1):
                week_gap = 1.0 if bucket_of(day, Grain.WEEK, self._shown.week_start).period.first == day else 0.0
                box = QRectF(left + (day - span.first) * step + week_gap, top + 1, step - 1 - week_gap, 16)
                if any(first <= day <= last for first, last in ranges):
                    painter.fillRect(box, looks.blend(now.surface, now.bar, 0.6))
                else:
                    painter.fillRect(box, marks.hatching(now.bar_down))
                    painter.setPen(QPen(looks.color(now.bar_down), 1))
                    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        left, step = self._place()
        day_at = int((event.position().x() - left) // step) if step > 0 else -1
        row = int((event.position().y() - 26) // 22)
        kinds = list(self._shown.covered)
        if self._shown.through is not None and 0 <= day_at < _DAYS and 0 <= row < len(kinds):
            day = self._span().first + day_at
            there = any(first <= day <= last for first, last in self._shown.covered[kinds[row]])
            words = f"{_kind_name(kinds[row])}, {day_text(day, language.current())}: {sentence('ui.covered' if there else 'ui.not_covered')}"
            QToolTip.showText(event.globalPosition().toPoint(), tip(words), self)


def _kind_name(kind: str) -> str:
    code = f"ui.kind_{kind}"
    name = sentence(code)
    return kind if name == code else name


def _days_in(ranges: Sequence[tuple[Day, Day]], span: Period) -> int:
    return sum(max(0, min(last, span.last) - max(first, span.first) + 1) for first, last in ranges)
