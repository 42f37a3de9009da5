"""A block's table: head, view, and what keyboard and menus do in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QFrame,
    QHeaderView,
    QMenu,
    QSizePolicy,
    QTableView,
    QWidget,
)

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    BarCell,
    ChangeCell,
    NumberCell,
    StateCell,
    Table,
    TextCell,
)
from ecoperf_desktop.ui import looks, remembered
from ecoperf_desktop.ui.arranged import AS_IT_COMES, Arrangement, Condition, Is, groupable
from ecoperf_desktop.ui.cells import CELL, STYLE, CellDelegate, cell_width, row_height
from ecoperf_desktop.ui.table_model import TableModel
from ecoperf_desktop.ui.texts import for_menu, one_line

_MOST_ROWS = 12


class _Head(QHeaderView):
    """Column names with the cells' inset and alignment, and the mark of the sorted one."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(24)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), QFontMetrics(looks.font("small")).height() + 11)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        model = self.model()
        if not isinstance(model, TableModel):
            return
        now = looks.now()
        painter.save()
        painter.fillRect(rect, looks.color(now.surface2))
        pen = QPen(looks.color(now.border), 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        column = model.columns[section]
        sorted_here = model.sorted_by is not None and model.sorted_by[0] == section
        painter.setFont(looks.font("small_strong" if sorted_here else "small"))
        painter.setPen(looks.color(now.ink2 if sorted_here else now.ink3))
        align = Qt.AlignmentFlag.AlignRight if column.is_right else Qt.AlignmentFlag.AlignLeft
        inner = QRectF(rect).adjusted(looks.CELL_INSET, 0, -looks.CELL_INSET, 0)
        text = column.title
        if sorted_here and model.sorted_by is not None:
            text += " ▾" if model.sorted_by[1] is Qt.SortOrder.DescendingOrder else " ▴"
        text = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, int(inner.width()) + 2)
        painter.drawText(inner, int(align.value | Qt.AlignmentFlag.AlignVCenter.value), text)
        painter.restore()


class RowsView(QTableView):
    """A table that is part of its page: as high as its rows, up to twelve, and then it scrolls."""

    explain_asked = Signal(object)  # Reference
    row_chosen = Signal(str)
    link_clicked = Signal(str, str)  # key of the row, key of the column
    arranged = Signal()
    filter_wanted = Signal()
    save_asked = Signal(object)  # Table, as it is arranged
    group_asked = Signal(str, str)  # key of the table, dimension to group its rows by, empty for none

    def __init__(self, table: Table, parent: QWidget | None = None, *, most_rows: int = _MOST_ROWS, side: int = 6) -> None:
        super().__init__(parent)
        self.setObjectName("rows")
        self._most_rows, self._side = most_rows, side
        self._model = TableModel(table)
        if table.is_sortable:
            self._model.arrange(remembered.arrangement(table.key))
        self._hidden_titles: tuple[str, ...] = ()
        self.setModel(self._model)
        self.setItemDelegate(CellDelegate(self))
        self.setHorizontalHeader(_Head(self))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizeAdjustPolicy(QAbstractScrollArea.SizeAdjustPolicy.AdjustIgnored)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        head = self.horizontalHeader()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionsClickable(True)
        head.sectionClicked.connect(self._sort_by)
        self.doubleClicked.connect(self._explain)
        self.clicked.connect(self._clicked)
        self.selectionModel().currentRowChanged.connect(lambda now, before: self._tell_row(now))
        self._fit()

    @property
    def table_model(self) -> TableModel:
        return self._model

    def show_table(self, table: Table, *, most_rows: int | None = None) -> None:
        """Show another table; beyond ``most_rows`` it scrolls, None leaves that as it was."""
        if most_rows is not None:
            self._most_rows = most_rows
        self._model.show_table(table, remembered.arrangement(table.key) if table.is_sortable else AS_IT_COMES)
        self._fit()
        self.arranged.emit()

    def arrange(self, how: Arrangement) -> None:
        """Sort, filter and group as ``how`` says, and remember it for this table."""
        remembered.keep(self._model.table.key, how)
        self._model.arrange(how)
        self._fit()
        self.horizontalHeader().viewport().update()
        self.arranged.emit()

    def sizeHint(self) -> QSize:
        return QSize(400, self._height_of(min(self._model.rowCount(), self._most_rows)))

    def _height_of(self, rows: int) -> int:
        return self.horizontalHeader().sizeHint().height() + rows * row_height()

    def _fit(self) -> None:
        self.setAccessibleName(self._model.table.title)
        self.verticalHeader().setDefaultSectionSize(row_height())
        # Where its card has grown, more rows are shown before it scrolls.
        self.setMinimumHeight(self.sizeHint().height())
        self.setMaximumHeight(self._height_of(self._model.rowCount()))
        more = self._model.rowCount() > self._most_rows
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded if more else Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._wishes = [self._natural(position) for position in range(self._model.columnCount())]
        self._share_width()
        self.updateGeometry()

    def _natural(self, position: int) -> int:
        column = self._model.columns[position]
        widest = QFontMetrics(looks.font("small_strong")).horizontalAdvance(column.title)
        for row in range(min(self._model.rowCount(), 60)):
            cell = self._model.data(self._model.index(row, position), CELL)
            widest = max(widest, cell_width(cell, bool(self._model.row(row).is_total)))
        return widest + 2 * looks.CELL_INSET + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Give columns what they want and the rest by weight; drop declared columns before cutting numbers."""
        # Not viewport().width(): a first widget of unknown class makes Python look through all of Qt's.
        room = self.contentsRect().width()
        full = self._height_of(self._model.rowCount())
        if self._model.rowCount() > self._most_rows and full > self.height():
            room -= self.verticalScrollBar().sizeHint().width()
        if room <= 0 or not self._model.columns:
            return
        columns = self._model.columns
        shown = list(range(len(columns)))
        droppable = sorted((position for position in shown if columns[position].drop), key=lambda position: columns[position].drop)
        # Drawings get narrower and names may be cut before a column goes; numbers never are.
        def least(position: int) -> int:
            if columns[position].kind == "text" and position > 0:
                return min(self._wishes[position], 120)
            if columns[position].kind in ("spark", "interval", "bar"):
                return min(self._wishes[position], 104)
            return self._wishes[position]

        while droppable and sum(least(position) for position in shown) > room:
            shown.remove(droppable.pop(0))
        self._hidden_titles = tuple(columns[position].title for position in range(len(columns)) if position not in shown)
        wishes = {position: self._wishes[position] for position in shown}
        excess = sum(wishes.values()) - room
        if excess > 0:
            drawn = [position for position in shown if columns[position].kind in ("spark", "interval", "bar")]
            names = [position for position in shown if columns[position].kind == "text"]
            names.sort(key=lambda position: -wishes[position])
            for position in (*drawn, *names):
                give = min(excess, max(0, wishes[position] - least(position)))
                wishes[position] -= give
                excess -= give
        else:
            weight = sum(columns[position].weight for position in shown) or 1.0
            spare = -excess
            for position in shown:
                wishes[position] += int(spare * columns[position].weight / weight)
            wishes[shown[-1]] += room - sum(wishes.values())
        for position in range(len(columns)):
            self.setColumnHidden(position, position not in shown)
            if position in shown:
                self.setColumnWidth(position, wishes[position])

    def _sort_by(self, section: int) -> None:
        """Sort by a column: falling, then rising, then as the table comes."""
        if not self._model.table.is_sortable:
            return
        key, how = self._model.columns[section].key, self._model.how
        if how.sorted_by != key:
            self.arrange(replace(how, sorted_by=key, is_falling=True))
        elif how.is_falling:
            self.arrange(replace(how, is_falling=False))
        else:
            self.arrange(replace(how, sorted_by="", is_falling=True))

    def _clicked(self, index: QModelIndex) -> None:
        cell = index.data(CELL)
        if index.data(STYLE) == "link" and isinstance(cell, TextCell) and cell.text:
            self.link_clicked.emit(self._model.row(index.row()).key, self._model.columns[index.column()].key)
        elif isinstance(cell, NumberCell | ChangeCell | BarCell | StateCell):
            self._explain(index)

    def _explain(self, index: QModelIndex) -> None:
        reference = self._model.reference(index) if index.isValid() else None
        if reference is not None:
            self.explain_asked.emit(reference)

    def _tell_row(self, index: QModelIndex) -> None:
        if index.isValid():
            self.row_chosen.emit(self._model.row(index.row()).key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        cell = index.data(CELL) if index.isValid() else None
        live = isinstance(cell, NumberCell | ChangeCell | BarCell | StateCell) and self._model.reference(index) is not None
        live = live or (index.isValid() and index.data(STYLE) == "link")
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if live else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        if event.matches(QKeySequence.StandardKey.Find) and self._model.table.is_sortable:
            self.filter_wanted.emit()
            return
        if event.key() == Qt.Key.Key_E and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.save_asked.emit(self._model.shown_table())
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._clicked(self.currentIndex()) if self.currentIndex().data(STYLE) == "link" else self._explain(self.currentIndex())
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if not index.isValid():
            return
        self._menu(index, event.globalPos())

    def open_menu(self, where: QPoint) -> None:
        """Open what can be done with the table as a whole."""
        self._menu(self.currentIndex(), where)

    def _menu(self, index: QModelIndex, where: QPoint) -> None:
        menu = QMenu(self)
        if index.isValid():
            self._add_for_cell(menu, index)
        whole = menu.addAction(sentence("ui.copy_table"))
        whole.triggered.connect(lambda: QGuiApplication.clipboard().setText(self._model.as_text()))
        save = menu.addAction(sentence("ui.save_table"))
        save.setShortcut(QKeySequence("Ctrl+E"))
        save.triggered.connect(lambda: self.save_asked.emit(self._model.shown_table()))
        if self._model.table.is_sortable:
            self._add_arranging(menu, index)
        menu.exec(where)

    def _add_for_cell(self, menu: QMenu, index: QModelIndex) -> None:
        explain = menu.addAction(sentence("ui.explain_number"))
        explain.setShortcut(QKeySequence(Qt.Key.Key_Return))
        explain.setEnabled(self._model.reference(index) is not None)
        explain.triggered.connect(lambda: self._explain(index))
        value = menu.addAction(sentence("ui.copy_value"))
        value.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        value.triggered.connect(lambda: QGuiApplication.clipboard().setText(str(index.data() or "")))

    def _add_arranging(self, menu: QMenu, index: QModelIndex) -> None:
        """Offer to filter by the cell under the mouse and to group by columns of words."""
        menu.addSeparator()
        words = menu.addAction(sentence("ui.filter_rows"))
        words.setShortcut(QKeySequence(QKeySequence.StandardKey.Find))
        words.triggered.connect(self.filter_wanted)
        if index.isValid():
            self._add_conditions(menu, index)
        if self._model.how.is_filtered:
            menu.addAction(sentence("ui.filter_clear")).triggered.connect(
                lambda: self.arrange(replace(self._model.how, words="", conditions=()))
            )
        self._add_groups(menu)

    def _add_groups(self, menu: QMenu) -> None:
        """Offer dimensions, whose groups come with totals of their own, and columns of words."""
        table, how = self._model.table, self._model.how
        columns = [column for column in groupable(table) if column.key not in dict(table.groups)]
        if not (columns or table.groups or how.group_by):
            return
        groups = menu.addMenu(sentence("ui.group_by"))
        chosen = table.grouped_by or how.group_by
        for key, title in (("", sentence("ui.group_none")), *table.groups, *((one.key, one.title) for one in columns)):
            action = groups.addAction(for_menu(_short(title)))
            action.setCheckable(True)
            action.setChecked(chosen == key)
            action.triggered.connect(self._grouping(key))

    def _add_conditions(self, menu: QMenu, index: QModelIndex) -> None:
        column, cell = self._model.columns[index.column()], index.data(CELL)
        text = one_line(str(index.data() or ""))
        if isinstance(cell, NumberCell | ChangeCell | BarCell):
            if cell.figure.place is not None:
                for kind, code in (("at_least", "ui.filter_at_least"), ("at_most", "ui.filter_at_most")):
                    action = menu.addAction(for_menu(sentence(code, column=_short(column.title), value=_short(text))))
                    action.triggered.connect(self._filtering(Condition(column.key, cast(Is, kind), text, cell.figure.place)))
        elif text and column.key != "group":
            action = menu.addAction(for_menu(sentence("ui.filter_is", column=_short(column.title), value=_short(text))))
            action.triggered.connect(self._filtering(Condition(column.key, "is", str(index.data()))))

    def _filtering(self, condition: Condition) -> Callable[[], None]:
        def run() -> None:
            how = self._model.how
            kept = tuple(one for one in how.conditions if (one.column, one.kind) != (condition.column, condition.kind))
            self.arrange(replace(how, conditions=(*kept, condition)))
            self.filter_wanted.emit()

        return run

    def _grouping(self, key: str) -> Callable[[], None]:
        def run() -> None:
            table = self._model.table
            by_dimension = key if key in dict(table.groups) else ""
            self.arrange(replace(self._model.how, group_by="" if by_dimension else key))
            if by_dimension != table.grouped_by:
                self.group_asked.emit(table.key, by_dimension)

        return run

    def copy(self) -> None:
        """Put the current value, or the selected rows, on the clipboard, separated by tabs."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        if len(rows) < 2:
            QGuiApplication.clipboard().setText(str(self.currentIndex().data() or ""))
            return
        from ecoperf_desktop.reports.sheets import harmless

        shown = [position for position in range(self._model.columnCount()) if not self.isColumnHidden(position)]
        lines = ["\t".join(harmless(str(self._model.index(row, position).data() or "")) for position in shown) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")


def _short(text: str) -> str:
    """Return as much of a cell's text as a menu has room for."""
    return text if len(text) <= 60 else text[:59] + "…"
