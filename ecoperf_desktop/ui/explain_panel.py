"""Why a number is what it is: value, formula, numerator and denominator, and the rows of which files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.value import Explanation, SourceRow
from ecoperf_desktop.reports.blocks import Reference
from ecoperf_desktop.reports.figures import form, span_text
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, Link, with_tip
from ecoperf_desktop.ui.texts import Label, one_line

WIDTH = 328
_ROWS_SHOWN = 20


@dataclass(frozen=True)
class Explained:
    """What the panel shows: an explanation, the printed code, and the units of a quotient's two sides."""

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
        name.setToolTip("")
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


class ExplainPanel(QDockWidget):
    """The panel at the right.  It asks for an explanation and shows what comes."""

    asked = Signal(object)  # Reference

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
        self._name_of: Callable[[str], str] = lambda metric: metric
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
        body.addWidget(meaning)
        how = _Part(sentence("ui.explain_formula"))
        how.add_text(explanation.formula)
        body.addWidget(how)
        rows = _Part(sentence("ui.explain_rows", n=explanation.row_count))
        unit = "money" if "money" in (shown.over, value.unit) else "count"
        currency = value.currency or shown.currency
        for row in explanation.rows[:_ROWS_SHOWN]:
            amount = form(unit, words, currency=currency, sample=(row.contributes,))
            # A row of a quotient stands on one of its sides; which one, and so its unit, is not said.
            rows.add(_Raw(row, amount.text(row.contributes) if shown.over == shown.under else ""))
        if not explanation.rows:
            rows.add_text(sentence("ui.no_rows"), "table", "ink3")
        elif explanation.row_count > len(explanation.rows[:_ROWS_SHOWN]):
            rows.add_text(sentence("ui.rows_more", n=explanation.row_count - len(explanation.rows[:_ROWS_SHOWN])), "small", "ink3")
        body.addWidget(rows)
        foot = _Part("")
        links = QHBoxLayout()
        links.setSpacing(12)
        copy_value, copy_rows = Link(sentence("ui.copy_value")), Link(sentence("ui.copy_rows"))
        copy_value.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._value.text()))
        copy_rows.clicked.connect(self._copy_rows)
        links.addWidget(copy_value)
        links.addWidget(copy_rows)
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

    def _copy_rows(self) -> None:
        if self._shown is None:
            return
        lines = ["file\tmember\trecord\tsha256\tcontributes"]
        for row in self._shown.explanation.rows:
            lines.append("\t".join((one_line(row.file), one_line(row.member or ""), str(row.record), row.sha256, str(row.contributes))))
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")


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
