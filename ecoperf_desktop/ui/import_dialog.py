"""The preview of an import: left the files, right what was understood, with the questions as fields.

It shows a plan and changes nothing; what a person answers goes out as a signal and comes
back as a new plan for the files concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import language
from ecoperf_desktop.actions import ImportChoices, with_setting
from ecoperf_desktop.importing.binding import bind
from ecoperf_desktop.importing.plan import FilePlan, ImportPlan
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.importing import FileReport, ImportReport
from ecoperf_desktop.reports.blocks import Column, Figure, NumberCell, Row, Table, TextCell
from ecoperf_desktop.reports.figures import span_text
from ecoperf_desktop.ui import icons, looks, marks
from ecoperf_desktop.ui.answer_fields import DELIMITERS, ENCODINGS, answer_field, answer_of, key_name
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.texts import Label, for_menu, one_line

_LEFT = 300
# What a person can mend by describing the columns.
_DESCRIBABLE = frozenset({"importing.unknown_format", "importing.near_miss", "importing.not_this_format"})


class ImportDialog(QDialog):
    """What would be loaded, before anything is."""

    again_asked = Signal(list, object)  # paths to read again, ImportChoices for them
    counts_asked = Signal(object)  # ImportPlan to try without storing
    mapping_asked = Signal(object, object)  # FilePlan to describe, ImportChoices for it

    def __init__(self, plan: ImportPlan, choices: ImportChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import")
        self._plan = plan
        self._choices: dict[Path, ImportChoices] = {file.path: choices for file in plan.files}
        self._left_out: set[int] = set()
        self._reports: dict[tuple[str, str | None], FileReport] = {}
        # First what asks something, then what would be loaded.
        order = [index for index, file in enumerate(plan.files) if file.question]
        order += [index for index, file in enumerate(plan.files) if file.outcome == "load"]
        self._current = order[0] if order else 0
        self.setWindowTitle(sentence("ui.plan_title", n=len(plan.files)))
        self._count = Label(role="body_strong")
        self._known = Label(role="table", tone="ink3")
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._rows: list[_FileRow] = []
        side = _Side()
        left = QVBoxLayout(side)
        left.setContentsMargins(0, 0, 1, 0)
        left.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 8)
        head.setSpacing(8)
        head.addWidget(self._count)
        head.addWidget(self._known, 1)
        left.addLayout(head)
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addLayout(self._list)
        inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left.addWidget(scroll, 1)
        side.setFixedWidth(looks.px(_LEFT))
        self._right = _FileView(self)
        self._right.again_asked.connect(self._read_again)
        self._right.mapping_asked.connect(self._describe)
        self._say = Label(role="table", tone="ink2", elided=True)
        self._cancel = FlatButton(word=sentence("ui.cancel"))
        self._import = FlatButton(primary=True)
        for button in (self._cancel, self._import):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cancel.clicked.connect(self.reject)
        self._import.clicked.connect(self.accept)
        foot = _Foot()
        line = QHBoxLayout(foot)
        line.setContentsMargins(16, 10, 16, 10)
        line.addWidget(self._say, 1)
        line.addWidget(self._cancel)
        line.addWidget(self._import)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(side)
        middle.addWidget(self._right, 1)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(middle, 1)
        body.addWidget(foot)
        self.resize(looks.px(1180), looks.px(660))
        self._fill()
        self._import.setFocus()

    @property
    def plan(self) -> ImportPlan:
        """Return the plan without the files that were left out."""
        kept = tuple(file for index, file in enumerate(self._plan.files) if index not in self._left_out)
        return replace(self._plan, files=kept)

    @property
    def import_button(self) -> FlatButton:
        return self._import

    @property
    def right(self) -> _FileView:
        return self._right

    @property
    def file_rows(self) -> list[_FileRow]:
        return self._rows

    def showEvent(self, event: object) -> None:
        if any(file.outcome == "load" for file in self._plan.files):
            self.counts_asked.emit(self.plan)

    def merge(self, again: ImportPlan, choices: ImportChoices) -> None:
        """Put files that were read again in the place of what was understood before."""
        fresh = {(file.path, file.member): file for file in again.files}
        paths = {file.path for file in again.files}
        files = []
        for file in self._plan.files:
            if (file.path, file.member) in fresh:
                files.append(fresh.pop((file.path, file.member)))
            elif file.path not in paths:
                files.append(file)
        files += fresh.values()
        self._plan = replace(self._plan, files=tuple(files))
        self._choices.update(dict.fromkeys(paths, choices))
        self._current = min(self._current, len(files) - 1)
        self._fill()
        self.counts_asked.emit(self.plan)

    def show_counts(self, report: ImportReport) -> None:
        """Show how many rows would be new, changed and the same."""
        self._reports = {(file.path, file.member): file for file in report.files}
        self._fill()

    def show_problem(self, text: str) -> None:
        """Say what is wrong with an answer."""
        self._say.setText(text)
        self._say.set_tone("worse")

    def _fill(self) -> None:
        files = self._plan.files
        while self._rows:
            row = self._rows.pop()
            self._list.removeWidget(row)
            row.deleteLater()
        for index, file in enumerate(files):
            row = _FileRow(file, self._report(file), index == self._current, index not in self._left_out)
            row.chosen.connect(self._choosing(index))
            row.toggled.connect(self._toggling(index))
            self._list.addWidget(row)
            self._rows.append(row)
        self._count.setText(sentence("ui.plan_files") + f"  {len(files)}")
        self._known.setText(sentence("ui.plan_recognised", n=sum(1 for file in files if file.outcome == "load")))
        if files:
            current = files[self._current]
            self._right.show_file(current, self._report(current), self._choices.get(current.path, ImportChoices()))
        self._write_foot()

    def _write_foot(self) -> None:
        count = sum(1 for file in self.plan.files if file.outcome == "load")
        self._import.set_words(sentence("ui.import_button", n=count) if count else sentence("ui.plan_nothing"))
        self._import.setEnabled(count > 0)
        changed = sum(report.rows.changed for report in self._reports.values())
        self._say.set_tone("ink2")
        text = sentence("ui.plan_left")
        self._say.setText(f"{text}  {sentence('ui.plan_restated', n=changed)}" if changed else text)

    def _report(self, file: FilePlan) -> FileReport | None:
        return self._reports.get((str(file.path), file.member))

    def _choosing(self, index: int) -> Callable[[], None]:
        def choose() -> None:
            self._current = index
            for position, row in enumerate(self._rows):
                row.set_current(position == index)
            file = self._plan.files[index]
            self._right.show_file(file, self._report(file), self._choices.get(file.path, ImportChoices()))

        return choose

    def _toggling(self, index: int) -> Callable[[bool], None]:
        def toggle(on: bool) -> None:
            if on:
                self._left_out.discard(index)
            else:
                self._left_out.add(index)
            self._write_foot()

        return toggle

    def _describe(self) -> None:
        file = self._plan.files[self._current]
        self.mapping_asked.emit(file, self._choices.get(file.path, ImportChoices()))

    def _read_again(self, settings: Mapping[str, str]) -> None:
        file = self._plan.files[self._current]
        choices = self._choices.get(file.path, ImportChoices())
        for name, value in settings.items():
            choices = with_setting(choices, name, value)
        # An answer to a question holds for every file that waits for it; a correction for this file.
        paths = [file.path]
        if file.question is not None and file.question in settings:
            paths = list(dict.fromkeys(one.path for one in self._plan.files if _waits_for_the_same(one, file)))
        self.again_asked.emit(paths, choices)


def _waits_for_the_same(one: FilePlan, other: FilePlan) -> bool:
    """Return whether one answer holds for both files; that a format is right holds for that format alone."""
    if one.question != other.question or _source(one) != _source(other):
        return False
    return one.question != "confirm" or (one.format is not None and other.format is not None and one.format.id == other.format.id)


def _source(file: FilePlan) -> str | None:
    return file.answers.source if file.answers else file.format.platform if file.format else None


class _FileRow(QWidget):
    """One file: whether it is taken, its name, what it was read as, and its state."""

    chosen = Signal()
    toggled = Signal(bool)

    def __init__(self, file: FilePlan, report: FileReport | None, current: bool, taken: bool) -> None:
        super().__init__()
        self._file, self._current = file, current
        self._can = file.outcome == "load"
        self._taken = taken and self._can
        words = language.current()
        title = file.format.title.get(words) or file.format.title.get("en", file.format.id) if file.format else sentence("ui.plan_unknown")
        rows = f"{file.read:,} {sentence('ui.plan_rows')}" if file.read else ""
        self._second = " · ".join(part for part in (title, rows) if part)
        self._third, self._bad = "", False
        if file.question == "confirm":
            self._third = sentence("mapping.confirm_short")
        elif file.outcome == "refused" and file.findings:
            self._third, self._bad = sentence(file.findings[0].code, **file.findings[0].details), True
        elif file.outcome == "skipped":
            self._third = sentence("ui.plan_skipped")
        elif report is not None and report.status == "unchanged":
            self._third = sentence("ui.plan_unchanged")
        elif file.rejected:
            self._third, self._bad = sentence("ui.plan_refused_rows", n=file.rejected), True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{file.name}. {self._second}. {self._third}")

    @property
    def taken(self) -> bool:
        return self._taken

    def set_current(self, current: bool) -> None:
        self._current = current
        self.update()

    def set_taken(self, taken: bool) -> None:
        if self._can and taken != self._taken:
            self._taken = taken
            self.toggled.emit(taken)
            self.update()

    def sizeHint(self) -> QSize:
        small = QFontMetrics(looks.font("small")).height()
        return QSize(200, 18 + QFontMetrics(looks.font("body")).height() + small * (2 if self._third else 1) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._current:
            painter.fillRect(self.rect(), looks.color(now.sel))
        painter.setPen(QPen(looks.color(now.hair), 1))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        box = QRectF(12.5, 11.5, 14, 14)
        painter.setPen(QPen(looks.color(now.accent if self._taken else now.last), 1))
        painter.setBrush(looks.color(now.accent if self._taken else now.surface))
        painter.drawRoundedRect(box, 3, 3)
        if self._taken:
            icons.draw(painter, box.adjusted(1, 1, -1, -1), "check", now.on_accent)
        body, small = QFontMetrics(looks.font("body")), QFontMetrics(looks.font("small"))
        room = self.width() - 36 - 34
        painter.setFont(looks.font("body"))
        painter.setPen(looks.color(now.ink if self._can else now.ink3))
        name = self._file.name if self._file.member is None else f"{self._file.member}"
        painter.drawText(QPointF(36, 9 + body.ascent()), body.elidedText(one_line(name), Qt.TextElideMode.ElideMiddle, room))
        painter.setFont(looks.font("small"))
        painter.setPen(looks.color(now.ink2))
        y = 9 + body.height() + 1 + small.ascent()
        painter.drawText(QPointF(36, y), small.elidedText(one_line(self._second), Qt.TextElideMode.ElideRight, room))
        if self._third:
            painter.setPen(looks.color(now.worse if self._bad else now.ink3))
            painter.drawText(QPointF(36, y + small.height() + 1), small.elidedText(one_line(self._third), Qt.TextElideMode.ElideRight, room + 20))
        icon, tone = ("warn", now.worse) if self._bad else ("check", now.ink2) if self._can else ("info", now.ink3)
        icons.draw(painter, QRectF(self.width() - 28, 11, 15, 15), icon, tone)
        if self.hasFocus():
            marks.draw_focus(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.position().x() < 34:
            self.set_taken(not self._taken)
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.set_taken(not self._taken)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        else:
            super().keyPressEvent(event)


class _FileView(QScrollArea):
    """What was understood of one file."""

    again_asked = Signal(dict)
    mapping_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self.again: FlatButton | None = None
        self.describe: FlatButton | None = None
        self.confirm: QCheckBox | None = None

    def show_file(self, file: FilePlan, report: FileReport | None, choices: ImportChoices) -> None:
        sheet = _White()
        body = QVBoxLayout(sheet)
        body.setContentsMargins(0, 0, 0, 12)
        body.setSpacing(0)
        self.fields = {}
        self.again = self.describe = self.confirm = None
        body.addLayout(self._head(file, report))
        if file.outcome != "load" and file.question != "confirm":
            body.addWidget(self._refusal(file))
        if file.question == "confirm":
            body.addWidget(self._confirmation(file))
            for part in self._as_stored(file):
                body.addWidget(part)
        elif file.question is not None:
            body.addWidget(self._questions(file, choices))
        if file.format is not None and file.outcome == "load":
            body.addWidget(self._facts(file, choices))
            body.addWidget(self._columns(file))
        if file.outcome == "load" or len(file.findings) > 1:
            body.addWidget(self._findings(file))
        body.addStretch(1)
        self.setWidget(sheet)

    def _head(self, file: FilePlan, report: FileReport | None) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setContentsMargins(16, 14, 16, 12)
        line.setSpacing(18)
        name = file.name if file.member is None else f"{file.path.name} / {file.member}"
        line.addWidget(Label(one_line(name), "block_value", elided=True), 1)
        counts: list[tuple[int, str, str]] = []
        if report is not None and file.outcome == "load" and report.status != "refused":
            rows = report.rows
            counts = [(rows.new, "plan_new", "ink"), (rows.changed, "plan_changed", "ink"), (rows.unchanged, "plan_same", "ink"), (rows.dropped, "plan_dropped", "ink")]
        elif file.outcome == "load":
            counts = [(file.read, "plan_rows", "ink"), (sum(file.dropped.values()), "plan_dropped", "ink")]
        if file.outcome == "load":
            counts.append((file.rejected, "plan_refused", "worse" if file.rejected else "ink"))
        for count, code, tone in counts:
            pair = QHBoxLayout()
            pair.setSpacing(5)
            pair.addWidget(Label(f"{count:,}", "block_value", tone))
            pair.addWidget(Label(sentence(f"ui.{code}"), "table", "ink2"))
            line.addLayout(pair)
        return line

    def _refusal(self, file: FilePlan) -> QWidget:
        part = _Part()
        for finding in file.findings[:1]:
            label = Label(sentence(finding.code, **finding.details), "body", "worse" if file.outcome == "refused" else "ink2")
            label.setWordWrap(True)
            part.column.addWidget(label)
        if file.file is not None and file.file.kind in ("text", "workbook", "html") and any(one.code in _DESCRIBABLE for one in file.findings[:1]):
            line = QHBoxLayout()
            self.describe = FlatButton("swap", sentence("mapping.describe"), primary=True)
            self.describe.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.describe.clicked.connect(self.mapping_asked)
            line.addWidget(self.describe)
            line.addStretch(1)
            part.column.addLayout(line)
        return part

    def _confirmation(self, file: FilePlan) -> QWidget:
        """Ask whether a format that was never checked reads this file rightly."""
        part = _Part()
        part.column.addWidget(Label(sentence("mapping.confirm_why"), "table", "ink2"))
        self.confirm = QCheckBox(for_menu(sentence("mapping.confirm", source=_source(file) or "")))
        self.confirm.setFont(looks.font("body_medium"))
        self.confirm.toggled.connect(lambda on: self.again_asked.emit({"confirm": "yes"}) if on else None)
        part.column.addWidget(self.confirm)
        return part

    def _as_stored(self, file: FilePlan) -> list[QWidget]:
        """Return the first rows of each table that the file would become."""
        if file.prepared is None:
            return []
        from ecoperf_desktop.importing.known_fields import catalogue
        from ecoperf_desktop.importing.trial import stored
        from ecoperf_desktop.ui.mapping_dialog import stored_table

        known, words = catalogue(), language.current()
        parts: list[QWidget] = []
        for rows in stored(file.prepared, hidden="•••")[:3]:
            part = _Part(known.tables[rows.table].titles[words], sentence("mapping.preview"))
            part.column.addWidget(RowsView(stored_table(rows, known), part, most_rows=6))
            parts.append(part)
        return parts

    def _questions(self, file: FilePlan, choices: ImportChoices) -> QWidget:
        part = _Part(sentence("ui.plan_questions"), sentence("ui.plan_questions_why"))
        key = file.question or ""
        line = QHBoxLayout()
        line.setSpacing(10)
        before = dict(choices.settings).get(key, "")
        line.addWidget(Label(key_name(key), "body", "ink2"))
        field = answer_field(key, before)
        self.fields[key] = field
        line.addWidget(field)
        button = FlatButton("swap", sentence("ui.plan_again"), primary=True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(lambda: self._answer(key))
        if isinstance(field, QLineEdit):
            field.returnPressed.connect(lambda: self._answer(key))
        self.again = button
        line.addWidget(button)
        line.addStretch(1)
        part.column.addLayout(line)
        return part

    def _answer(self, key: str) -> None:
        value = answer_of(key, self.fields[key])
        if value:
            self.again_asked.emit({key: value})

    def _facts(self, file: FilePlan, choices: ImportChoices) -> QWidget:
        part = _Part()
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(4)
        words = language.current()
        form = file.format
        title = (form.title.get(words) or form.title.get("en", form.id)) if form else ""
        column = 0

        def add(code: str, widget: QWidget, under: str) -> None:
            nonlocal column
            grid.addWidget(Label(sentence(f"ui.{code}"), "small", "ink2"), 0, column)
            grid.addWidget(widget, 1, column)
            small = Label(under, "small", "ink3", elided=True)
            grid.addWidget(small, 2, column)
            grid.setColumnStretch(column, 1)
            column += 1

        def fact(text: str) -> Label:
            label = Label(one_line(text), "body_medium", elided=True)
            label.setMinimumHeight(looks.px(26))
            return label

        add("plan_format", fact(title), sentence(f"ui.plan_verified_{form.verified}") if form else "")
        is_text = file.delimiter is not None
        if is_text:
            add("plan_encoding", self._choice("encoding", file.encoding or "", [(name, name) for name in ENCODINGS]), "")
            add("plan_separator", self._choice("delimiter", file.delimiter or "", [(sign, sentence(f"ui.{code}")) for sign, code in DELIMITERS]), "")
        else:
            add("plan_encoding", fact(file.encoding or sentence("ui.plan_workbook")), "")
        add("plan_period", fact(span_text(file.period, words) if file.period else "–"), sentence(f"ui.plan_from_{file.period_from}") if file.period_from else "")
        if file.answers is not None:
            more = " · ".join(part for part in (file.answers.currency, file.answers.tz) if part)
            add("plan_source", fact(file.answers.source), more)
        part.column.addLayout(grid)
        return part

    def _choice(self, key: str, now: str, choices: list[tuple[str, str]]) -> QComboBox:
        box = QComboBox()
        if now and now not in [value for value, _ in choices]:
            choices = [(now, now), *choices]
        for value, word in choices:
            box.addItem(word, value)
        box.setCurrentIndex(max(0, box.findData(now)))
        box.setAccessibleName(key)
        box.activated.connect(lambda index: self.again_asked.emit({key: str(box.itemData(index))}) if box.itemData(index) != now else None)
        self.fields[key] = box
        return box

    def _columns(self, file: FilePlan) -> QWidget:
        rows = []
        prepared = file.prepared
        if prepared is not None and file.format is not None:
            head = prepared.head
            taken = {place: rule for place, rule in bind(file.format, head.header).places.values()}
            for place, header in enumerate(head.header):
                rule = taken.get(place)
                how = sentence("ui.plan_hashed") if header in head.hashed else sentence("ui.plan_hidden") if header in head.hidden and rule else ""
                named = _field_name(rule.field) if rule else sentence("ui.plan_unused")
                rows.append(Row((TextCell(header), TextCell(named, muted=rule is None), TextCell(how, muted=True)), key=str(place)))
        columns = (
            Column("header", sentence("ui.plan_column"), "text", 2.0),
            Column("field", sentence("ui.plan_field"), "text", 2.0),
            Column("how", sentence("ui.plan_how"), "text", 2.0),
        )
        return _Rows(Table("columns", sentence("ui.plan_column"), columns, tuple(rows)), 8)

    def _findings(self, file: FilePlan) -> QWidget:
        if not file.findings:
            part = _Part()
            part.column.addWidget(Label(sentence("ui.plan_no_findings"), "table", "ink3"))
            return part
        columns = (
            Column("row", sentence("ui.problem_row"), "number", 0.2),
            Column("line", sentence("ui.problem_line"), "number", 0.2),
            Column("column", sentence("ui.problem_column"), "text", 0.8),
            Column("what", sentence("ui.problem_what"), "text", 4.0),
        )
        rows = tuple(
            Row(
                (
                    NumberCell(Figure(finding.record, f"{finding.record:,}" if finding.record else "–"), muted=True),
                    NumberCell(Figure(finding.line, f"{finding.line:,}" if finding.line else "–"), muted=True),
                    TextCell(finding.column or "", muted=True),
                    TextCell(sentence(finding.code, **finding.details)),
                )
            )
            for finding in file.findings[:1000]
        )
        return _Rows(Table("findings", sentence("ui.plan_findings"), columns, rows), 7)


class _Part(QWidget):
    """A stretch of the right side with a rule above and, maybe, a title."""

    def __init__(self, title: str = "", why: str = "") -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 10, 16, 12)
        self.column.setSpacing(6)
        if title:
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(Label(title, "body_strong"))
            line.addWidget(Label(why, "table", "ink3", elided=True), 1)
            self.column.addLayout(line)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()


class _Rows(QWidget):
    def __init__(self, table: Table, most: int) -> None:
        super().__init__()
        body = QVBoxLayout(self)
        body.setContentsMargins(8, 1, 8, 8)
        self.view = RowsView(table, self, most_rows=most)
        body.addWidget(self.view)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()


class _Side(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface2))
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
        painter.end()


class _White(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface))
        painter.end()


class _Foot(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().chrome))
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()


def _field_name(field: str) -> str:
    code = f"fields.{field}"
    name = sentence(code)
    return field.replace("_", " ") if name == code else name
