"""Why a number is what it is: value, formula, numerator and denominator, and the rows of which files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import iso
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.model.value import Explanation, Number, Part, SourceRow
from ecoperf_desktop.reports.blocks import Reference
from ecoperf_desktop.reports.figures import form, span_text
from ecoperf_desktop.reports.references import traded_text
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Link, with_tip
from ecoperf_desktop.ui.texts import Label, one_line

WIDTH = 328
_IMPORTS_SHOWN = 12
# Rows that are added when more are asked for.
MORE_ROWS = 100


@dataclass(frozen=True)
class Explained:
    """What the panel shows: an explanation, the printed code, and the units of a quotient's two sides.

    ``currency`` is the workspace's, for sides that are money where the number itself is none.
    """

    reference: Reference
    explanation: Explanation
    code: str = ""
    over: str = "count"
    under: str = "count"
    currency: str | None = None


class _Part(QWidget):
    """A named stretch of the panel with a rule above."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(looks.CARD_PADDING, 9, looks.CARD_PADDING, 9)
        self._body.setSpacing(3)
        if title:
            self._body.addWidget(Label(title, "small", "ink3"))

    def add(self, widget: QWidget) -> None:
        self._body.addWidget(widget)

    def add_text(self, text: str, role: str = "table", tone: str = "ink") -> Label:
        label = Label(text, role, tone)
        label.setWordWrap(True)
        self._body.addWidget(label)
        return label

    def add_link(self, name: str, value: str, clicked: Callable[[], None], indent: int = 0) -> Link:
        """Add a line that leads to another explanation."""
        line = QHBoxLayout()
        line.setSpacing(8)
        line.setContentsMargins(12 * indent, 0, 0, 0)
        link = Link(one_line(name))
        link.clicked.connect(lambda: clicked())
        line.addWidget(link)
        line.addStretch(1)
        line.addWidget(Label(value, "table_strong"))
        self._body.addLayout(line)
        return link

    def add_pair(self, name: str, value: str) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(Label(one_line(name), "table", "ink2", elided=True), 1)
        line.addWidget(Label(value, "table_strong"))
        self._body.addLayout(line)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(looks.color(looks.now().hair), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()


class _Raw(QWidget):
    """One row as it stood in its file."""

    def __init__(self, row: SourceRow, contributes: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 5, 0, 3)
        body.setSpacing(1)
        line = QHBoxLayout()
        where = sentence("ui.row_of_file", record=row.record, file=row.file if row.member is None else f"{row.file} / {row.member}")
        name = Label(one_line(where), "table_medium", elided=True)
        line.addWidget(name, 1)
        line.addWidget(Label(contributes, "table_strong"))
        body.addLayout(line)
        body.addWidget(Label(f"sha256 {row.sha256[:8]}…{row.sha256[-4:]} · {row.table}", "small", "ink3"))
        if row.raw:
            text = "   ".join(f"{column}: {value}" for column, value in row.raw.items())
            raw = Label(one_line(text), "small", "ink2")
            raw.setWordWrap(True)
            raw.setFont(looks.mono())
            body.addWidget(raw)
        for one in row.traded:
            traded = Label(one_line(traded_text(one, language.current())), "small", "ink2")
            traded.setWordWrap(True)
            body.addWidget(traded)


class ExplainPanel(QDockWidget):
    """The panel at the right.  It asks for an explanation and shows what comes."""

    asked = Signal(object)  # Reference
    more_asked = Signal(object, int)  # Reference, how many rows are shown already
    definition_wanted = Signal(str)  # the metric whose entry in the catalogue is to be shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("explain")
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self.setAllowedAreas(Qt.DockWidgetArea.RightDockWidgetArea)
        # The panel has a head of its own, so that it looks alike on every system.
        self._no_title = QWidget(self)
        self.setTitleBarWidget(self._no_title)
        self._frame = _Sheet(self)
        outer = QVBoxLayout(self._frame)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._title = Label(role="body_strong", elided=True)
        self._code = Label(role="table", tone="ink3")
        self._close = FlatButton("x")
        self._close.setFixedSize(26, 26)
        self._close.clicked.connect(self.hide)
        head = QHBoxLayout()
        head.setContentsMargins(looks.CARD_PADDING, 8, 8, 0)
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._code)
        head.addWidget(self._close)
        outer.addLayout(head)
        self._value = Label(role="figure")
        self._ratio = Label(role="table", tone="ink2")
        self._ratio.setWordWrap(True)
        second = QVBoxLayout()
        second.setContentsMargins(looks.CARD_PADDING, 0, looks.CARD_PADDING, 10)
        second.setSpacing(2)
        second.addWidget(self._value)
        second.addWidget(self._ratio)
        outer.addLayout(second)
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        outer.addWidget(self._scroll, 1)
        self.setWidget(self._frame)
        self.setMinimumWidth(looks.px(WIDTH))
        self.setMaximumWidth(looks.px(WIDTH + 120))
        self._shown: Explained | None = None
        self._reference: Reference | None = None
        self._rows: list[SourceRow] = []
        self._rows_part: _Part | None = None
        self._more: Link | None = None
        self._rest = _Part("", self._frame)
        self.hide()

    @property
    def shown(self) -> Explained | None:
        return self._shown

    def open(self, reference: Reference, name: str) -> None:
        """Show the panel for ``reference`` and ask for the explanation."""
        self._reference = reference
        self._title.setText(one_line(name))
        self._code.setText("")
        with_tip(self._close, sentence("ui.close_panel"), "Esc")
        self._value.setText("…")
        self._ratio.setText("")
        self._scroll.setWidget(_White())
        self.show()
        self.raise_()
        self.asked.emit(reference)

    def retranslate(self) -> None:
        if self._reference is not None and self.isVisible():
            self.asked.emit(self._reference)

    def show_explained(self, shown: Explained) -> None:
        """Fill the panel with an explanation that came."""
        if shown.reference != self._reference:
            return
        self._shown = shown
        words = language.current()
        explanation = shown.explanation
        value = explanation.value
        is_quotient = value.denominator is not None
        written = form(value.unit, words, currency=value.currency, sample=(value.value,), is_quotient=is_quotient)
        self._title.setText(one_line(explanation.name))
        self._code.setText(shown.code)
        self._value.setText(written.text(value.value))
        self._ratio.setText(_quotient(shown))
        self._ratio.setVisible(bool(self._ratio.text()))
        sheet = _White()
        body = QVBoxLayout(sheet)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        where = _Part(sentence("ui.explain_period"))
        where.add_text(span_text(value.period, words))
        for name, wanted in shown.reference.where:
            where.add_pair(sentence(f"ui.filter_{name}"), wanted)
        if value.covered is not None:
            where.add_text(sentence("ui.days_covered", covered=value.covered, days=value.period.days), "small", "ink3")
        if value.reason:
            where.add_text(sentence(value.reason, **value.details), "table", "worse")
        body.addWidget(where)
        meaning = _Part(sentence("ui.explain_definition"))
        meaning.add_text(explanation.definition)
        entry_link = Link(sentence("ui.explain_catalogue"))
        entry_link.clicked.connect(lambda: self.definition_wanted.emit(value.metric))
        meaning.add(entry_link)
        body.addWidget(meaning)
        how = _Part(sentence("ui.explain_formula"))
        how.add_text(explanation.formula)
        if explanation.numerator:
            how.add_pair(explanation.numerator, self._side(value.numerator, explanation.over))
            how.add_pair(f"÷ {explanation.denominator}", self._side(value.denominator, explanation.under))
        body.addWidget(how)
        if any(_named(explanation.parts)):
            made = _Part(sentence("ui.explain_parts"))
            self._add_parts(made, explanation.parts, 0)
            body.addWidget(made)
        if explanation.imports:
            rests = _Part(sentence("ui.explain_imports", n=len(explanation.imports)))
            for entry in explanation.imports[:_IMPORTS_SHOWN]:
                name = f"{entry.import_id}  {entry.file if entry.member is None else f'{entry.file} / {entry.member}'}"
                rests.add_pair(name, sentence("ui.explain_rows", n=entry.rows))
            others = explanation.imports[_IMPORTS_SHOWN:]
            if others:
                rests.add_pair(sentence("ui.explain_other_imports", n=len(others)), sentence("ui.explain_rows", n=sum(one.rows for one in others)))
            body.addWidget(rests)
        self._rows, self._more = [], None
        self._rows_part = _Part(sentence("ui.explain_rows", n=explanation.row_count))
        if not explanation.rows:
            self._rows_part.add_text(sentence("ui.no_rows"), "table", "ink3")
        body.addWidget(self._rows_part)
        self._rest = _Part("")
        self._more = Link("")
        self._more.clicked.connect(self._ask_more)
        self._rest.add(self._more)
        body.addWidget(self._rest)
        self._add_rows(explanation.rows)
        foot = _Part("")
        links = QHBoxLayout()
        links.setSpacing(12)
        copied = {
            "ui.copy_value": self._value.text,
            "ui.copy_command": lambda: spoken_reference(shown.reference),
            "ui.copy_rows": self._rows_as_text,
        }
        for code, text in copied.items():
            link = Link(sentence(code))
            link.clicked.connect(partial(_copy, text))
            links.addWidget(link)
        links.addStretch(1)
        holder = QWidget()
        holder.setLayout(links)
        links.setContentsMargins(0, 0, 0, 0)
        foot.add(holder)
        body.addWidget(foot)
        body.addStretch(1)
        self._scroll.setWidget(sheet)

    def show_problem(self, text: str) -> None:
        """Say why there is no explanation."""
        self._value.setText("–")
        sheet = _White()
        body = QVBoxLayout(sheet)
        part = _Part("")
        part.add_text(text, "table", "worse")
        body.addWidget(part)
        body.addStretch(1)
        self._scroll.setWidget(sheet)

    def show_more(self, reference: Reference, found: Explanation) -> None:
        """Add further rows that came to those shown, when they are of the number that is shown still."""
        if self._shown is not None and reference == self._shown.reference and found.offset == len(self._rows):
            self._add_rows(found.rows)

    def _ask_more(self) -> None:
        if self._shown is not None:
            self.more_asked.emit(self._shown.reference, len(self._rows))

    def _add_rows(self, rows: Sequence[SourceRow]) -> None:
        assert self._shown is not None and self._rows_part is not None and self._more is not None
        self._rows += rows
        for row in rows:
            self._rows_part.add(_Raw(row, self._contribution(row)))
        left = self._shown.explanation.row_count - len(self._rows)
        self._more.setText(sentence("ui.rows_show_more", n=min(left, MORE_ROWS), left=left))
        self._rest.setVisible(left > 0)

    def _add_parts(self, into: _Part, parts: Sequence[Part], depth: int) -> None:
        """Add the metrics a number is made of; one that has no name is known by its own parts."""
        assert self._shown is not None
        where = self._shown.reference.where
        for part in parts:
            if part.name:
                sign = "÷ " if part.side == "under" else "− " if part.sign < 0 else ""
                value = part.value
                is_quotient = value.denominator is not None
                written = form(value.unit, language.current(), currency=value.currency, sample=(value.value,), is_quotient=is_quotient)
                reference = Reference(part.metric, value.period, where)
                into.add_link(sign + part.name, written.text(value.value), partial(self.open, reference, part.name), depth)
            self._add_parts(into, part.parts, depth + bool(part.name))

    def _side(self, number: Number | None, unit: str) -> str:
        assert self._shown is not None
        currency = self._shown.explanation.value.currency or self._shown.currency
        # To the last digit, or nobody could add the rows up.
        decimals = exponent(currency or "") if unit == "money" else 0 if number is None or number == int(number) else 2
        written = form("money" if unit == "money" else "count", language.current(), currency=currency, decimals=decimals)
        return written.text(number)

    def _contribution(self, row: SourceRow) -> str:
        """Write what a row adds to the number; of a quotient to which of its sides."""
        assert self._shown is not None
        explanation = self._shown.explanation
        if not explanation.numerator:
            return self._side(row.contributes, explanation.over)
        over, under = self._side(row.contributes, explanation.over), f"÷ {self._side(row.under, explanation.under)}"
        return {"over": over, "under": under}.get(row.counts_in, f"{over} {under}")

    def _rows_as_text(self) -> str:
        lines = ["file\tmember\trecord\tsha256\tcounts_in\tcontributes\tunder"]
        for row in self._rows:
            cells = (one_line(row.file), one_line(row.member or ""), str(row.record), row.sha256, row.counts_in)
            lines.append("\t".join((*cells, str(row.contributes), str(row.under))))
        return "\n".join(lines) + "\n"


def _copy(text: Callable[[], str], *_: object) -> None:
    QGuiApplication.clipboard().setText(text())


def spoken_reference(reference: Reference) -> str:
    """Return the command that explains the same number in a terminal."""
    quoted = [f'--where "{name}={value}"' for name, value in reference.where]
    return " ".join(
        ["ecoperf explain", reference.metric, "--from", iso(reference.period.first), "--to", iso(reference.period.last), *quoted]
    )


def _named(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if part.name or _named(part.parts)]


class _White(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface))
        painter.end()


class _Sheet(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface))
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(QPoint(0, 0), QPoint(0, self.height()))
        painter.end()


def _quotient(shown: Explained) -> str:
    """Write the two sides of a quotient, empty when the number is none."""
    value = shown.explanation.value
    if value.numerator is None or value.denominator is None:
        return ""
    words = language.current()
    parts = []
    for number, unit in ((value.numerator, shown.over), (value.denominator, shown.under)):
        currency = value.currency or shown.currency
        parts.append(form("money" if unit == "money" else "count", words, currency=currency, sample=(number,)).text(number))
    return " ÷ ".join(parts)
