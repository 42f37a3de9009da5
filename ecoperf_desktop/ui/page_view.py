"""Shows a page's summary as blocks on a grid of twelve columns.  It asks nothing and computes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, assert_never

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    Bars,
    Block,
    Bridge,
    Callouts,
    Chart,
    Empty,
    Funnel,
    Headline,
    Heat,
    Histogram,
    KpiCard,
    Lines,
    Matrix,
    Notes,
    PageSummary,
    Points,
    Reference,
    Scatter,
    Span,
    Stack,
    Table,
    Trend612,
)
from ecoperf_desktop.reports.tabular import cards_table, table_of
from ecoperf_desktop.ui import looks, saving
from ecoperf_desktop.ui.cards import (
    CalloutsCard,
    Card,
    EmptyCard,
    HeadlineView,
    KpiRow,
    NotesCard,
    TableCard,
)
from ecoperf_desktop.ui.chart_cards import ChartCard, DrawnCard
from ecoperf_desktop.ui.texts import Label

Shown: TypeAlias = HeadlineView | KpiRow | TableCard | CalloutsCard | NotesCard | EmptyCard | ChartCard | DrawnCard


# A chart drawn much higher than it is meant to be exaggerates every change.
_GROWS = 1.25


@dataclass
class _Cell:
    widget: QWidget
    span: Span


class Sheet(QWidget):
    """Lays widgets out on twelve columns; every block takes the highest place that is wide enough."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sheet")
        self._cells: list[_Cell] = []
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setSizePolicy(policy)

    def set_cells(self, cells: list[tuple[QWidget, Span]]) -> None:
        self._cells = [_Cell(widget, span) for widget, span in cells]
        self.arrange()

    def arrange(self) -> int:
        """Place everything for the present width and return the height that takes."""
        width = min(self.width(), looks.PAGE_WIDEST) - 2 * looks.PAGE_SIDE
        if width <= 0:
            return 0
        which = 0 if self.width() < 1280 else 1 if self.width() < 1920 else 2
        column = (width - 11 * looks.GUTTER) / 12
        tops = [float(looks.PAGE_TOP)] * 12
        placed: list[tuple[_Cell, int, int, float, float]] = []
        for cell in self._cells:
            if cell.widget.isHidden():
                continue
            span = max(1, min(12, cell.span[which]))
            start = min(range(13 - span), key=lambda left: (max(tops[left : left + span]), left))
            top = max(tops[start : start + span])
            wide = column * span + looks.GUTTER * (span - 1)
            height = float(_height(cell.widget, int(wide)))
            placed.append((cell, start, span, top, height))
            for position in range(start, start + span):
                tops[position] = top + height + looks.GUTTER
        bottom = max(tops) - looks.GUTTER
        for index, (cell, start, span, top, height) in enumerate(placed):
            below = [other[3] for other in placed if other[3] >= top + height and other[1] < start + span and start < other[1] + other[2]]
            limit = min(below) - looks.GUTTER if below else bottom
            # A card grows to the one below it, so that rows end on one line.
            if isinstance(cell.widget, Card) and limit > top + height:
                is_chart = isinstance(cell.widget, DrawnCard) or (isinstance(cell.widget, ChartCard) and cell.widget.waits)
                if not is_chart or limit - top <= height * _GROWS:
                    placed[index] = (cell, start, span, top, limit - top)
        for cell, start, span, top, height in placed:
            left = round(looks.PAGE_SIDE + start * (column + looks.GUTTER))
            right = round(looks.PAGE_SIDE + start * (column + looks.GUTTER) + column * span + looks.GUTTER * (span - 1))
            cell.widget.setGeometry(left, round(top), right - left, round(top + height) - round(top))
        return round(bottom + looks.PAGE_TOP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        height = self.arrange()
        if height and self.minimumHeight() != height:
            self.setMinimumHeight(height)


def _height(widget: QWidget, width: int) -> int:
    layout = widget.layout()
    if layout is not None:
        layout.invalidate()  # a table filled a moment ago has not told its card yet
    hint = widget.sizeHint().height()
    if layout is not None and layout.hasHeightForWidth():
        return max(layout.totalHeightForWidth(width), layout.totalMinimumSize().height())
    if widget.hasHeightForWidth():
        return widget.heightForWidth(width)
    if layout is not None:
        return max(hint, layout.totalMinimumSize().height())
    return hint


class PageView(QScrollArea):
    """Shows a summary."""

    explain_asked = Signal(object)  # Reference
    page_asked = Signal(str)
    action_asked = Signal(str)
    group_asked = Signal(str, str)  # key of a table, dimension to group it by, empty for none
    said = Signal(str)  # what came of saving something

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._sheet = Sheet()
        self.setWidget(self._sheet)
        self._shown: list[tuple[Shown, tuple[Block, ...]]] = []
        self._notes = Label(role="small", tone="ink3", parent=self._sheet)
        self._notes.setWordWrap(True)
        self._notes.hide()
        self.summary: PageSummary | None = None

    def show_summary(self, summary: PageSummary) -> None:
        """Replace what is shown with ``summary``; frames of the same kind are kept and only refilled."""
        self.summary = summary
        groups = _grouped(summary.blocks)
        kept: list[tuple[Shown, tuple[Block, ...]]] = []
        spare = [widget for widget, _ in self._shown]
        for group in groups:
            kind = _kind(group[0])
            widget = next((old for old in spare if type(old) is kind), None)
            if widget is None:
                widget = self._new(kind)
            else:
                spare.remove(widget)
            _fill(widget, group)
            widget.show()
            kept.append((widget, group))
        for widget in spare:
            widget.hide()
            widget.deleteLater()
        self._shown = kept
        self._notes.setText("    ".join(summary.footnotes))
        self._notes.setVisible(bool(summary.footnotes))
        cells: list[tuple[QWidget, Span]] = [(widget, _span(group[0])) for widget, group in kept]
        if summary.footnotes:
            cells.append((self._notes, (12, 12, 12)))
        self._sheet.set_cells(cells)
        self._fit()
        before: QWidget | None = None
        for widget, _ in kept:
            if before is not None:
                QWidget.setTabOrder(before, widget)
            before = widget

    def fill_charts(self) -> None:
        """Draw the charts that waited for pyqtgraph."""
        for widget, _ in self._shown:
            if isinstance(widget, ChartCard):
                widget.fill()

    @property
    def has_charts(self) -> bool:
        """Return whether something waits for pyqtgraph."""
        return any(isinstance(widget, ChartCard) and widget.waits for widget, _ in self._shown)

    @property
    def shown(self) -> list[QWidget]:
        return [widget for widget, _ in self._shown]

    def show_block_of(self, reference: Reference) -> bool:
        """Scroll to the block that shows ``reference`` and outline it; return whether there is one."""
        for widget, group in self._shown:
            if any(_speaks_of(block, reference.metric) for block in group):
                self.ensureWidgetVisible(widget, 0, 40)
                if isinstance(widget, Card):
                    widget.flash()
                return True
        return False

    def focused_card(self) -> QWidget | None:
        widget: QWidget | None = self.focusWidget()
        while widget is not None and widget is not self._sheet:
            if isinstance(widget, Card):
                return widget
            widget = widget.parentWidget()
        return None

    def toggle_table(self) -> bool:
        """Turn the chart that has the focus (else the first one) into its table, and back."""
        card = self.focused_card()
        if not isinstance(card, ChartCard):
            card = next((widget for widget, _ in self._shown if isinstance(widget, ChartCard)), None)
        if isinstance(card, ChartCard):
            card.toggle_table()
            return True
        return False

    def export_block(self, widget: QWidget | None = None) -> None:
        """Ask for a file and save the numbers of a block there, those of the focused one when none is named."""
        group = self._group_in(widget or self._focused())
        if not group:
            return
        cards = [block for block in group if isinstance(block, KpiCard)]
        self._save_table(cards_table(cards) if len(cards) > 1 else table_of(group[0]))

    def _save_table(self, table: Table) -> None:
        if (path := saving.ask_rows(self, table.title)) is not None:
            self._save(path, lambda: saving.save_rows(table, path, self._currency))

    def save_picture(self, widget: QWidget | None = None) -> None:
        """Ask for a file and save a chart there as a picture."""
        group = self._group_in(widget or self._focused())
        block = group[0] if group else None
        if isinstance(block, Chart) and (path := saving.ask_picture(self, block.title)) is not None:
            self._save(path, lambda: saving.save_picture(block, path))

    @property
    def _currency(self) -> str | None:
        return self.summary.facts.currency if self.summary is not None else None

    def _group_in(self, widget: QWidget | None) -> tuple[Block, ...]:
        return next((group for shown, group in self._shown if shown is widget), ())

    def _focused(self) -> QWidget | None:
        """Return the block that has the keyboard, whatever its kind."""
        widget: QWidget | None = self.focusWidget()
        while widget is not None and not self._group_in(widget):
            widget = widget.parentWidget()
        return widget

    def _save(self, path: Path, save: Callable[[], None]) -> None:
        try:
            save()
        except EcoPerfError as problem:
            self.said.emit(sentence(problem.code, **problem.details))
        else:
            self.said.emit(sentence("ui.file_saved", file=path.name))

    def sizeHint(self) -> QSize:
        return QSize(1060, 600)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        elif event.key() == Qt.Key.Key_E and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.export_block()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        height = self._sheet.arrange()
        if height:
            self._sheet.setMinimumHeight(height)

    def _new(self, kind: type[Shown]) -> Shown:
        widget = kind(self._sheet)
        if isinstance(widget, Card):
            widget.explain_asked.connect(self.explain_asked)
            widget.page_asked.connect(self.page_asked)
            widget.action_asked.connect(self.action_asked)
        if isinstance(widget, TableCard):
            widget.save_asked.connect(self._save_table)
            widget.group_asked.connect(self.group_asked)
        if isinstance(widget, KpiRow):
            widget.explain_asked.connect(self.explain_asked)
        if isinstance(widget, ChartCard):
            widget.hovered.connect(self._share_hover)
            widget.export_asked.connect(lambda: self.export_block(widget))
            widget.picture_asked.connect(lambda: self.save_picture(widget))
        return widget

    def _share_hover(self, moment: str) -> None:
        sender = self.sender()
        for widget, _ in self._shown:
            if isinstance(widget, ChartCard) and widget is not sender:
                widget.point_at(moment)


def _grouped(blocks: tuple[Block, ...]) -> list[tuple[Block, ...]]:
    """Put neighbouring cards of one number into one row."""
    groups: list[tuple[Block, ...]] = []
    for block in blocks:
        if isinstance(block, KpiCard) and groups and isinstance(groups[-1][0], KpiCard):
            groups[-1] = (*groups[-1], block)
        else:
            groups.append((block,))
    return groups


def _kind(block: Block) -> type[Shown]:
    match block:
        case Headline():
            return HeadlineView
        case KpiCard():
            return KpiRow
        case Table():
            return TableCard
        case Trend612() | Lines():
            return ChartCard
        case Bridge() | Bars() | Heat() | Funnel() | Histogram() | Points() | Scatter() | Stack() | Matrix():
            return DrawnCard
        case Callouts():
            return CalloutsCard
        case Notes():
            return NotesCard
        case Empty():
            return EmptyCard
        case _:
            assert_never(block)


def _fill(widget: Shown, group: tuple[Block, ...]) -> None:
    block = group[0]
    match block:
        case KpiCard():
            assert isinstance(widget, KpiRow)
            widget.show_blocks(tuple(card for card in group if isinstance(card, KpiCard)))
        case Headline():
            assert isinstance(widget, HeadlineView)
            widget.show_block(block)
        case Table():
            assert isinstance(widget, TableCard)
            widget.show_block(block)
        case Trend612() | Lines() | Bridge() | Bars() | Heat() | Funnel() | Histogram() | Points() | Scatter() | Stack() | Matrix():
            assert isinstance(widget, ChartCard)
            widget.show_block(block)
        case Callouts():
            assert isinstance(widget, CalloutsCard)
            widget.show_block(block)
        case Notes():
            assert isinstance(widget, NotesCard)
            widget.show_block(block)
        case Empty():
            assert isinstance(widget, EmptyCard)
            widget.show_block(block)
        case _:
            assert_never(block)


def _span(block: Block) -> Span:
    return (12, 12, 12) if isinstance(block, KpiCard) else block.span


def _speaks_of(block: Block, metric: str) -> bool:
    reference = getattr(block, "reference", None)
    if reference is not None and reference.metric == metric:
        return True
    if isinstance(block, Table):
        return any(row.reference is not None and row.reference.metric == metric for row in block.rows)
    return False
