"""A block's table: model, head, view and what the keyboard does in it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
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
    Column,
    NumberCell,
    Reference,
    Row,
    SparkCell,
    StateCell,
    Table,
    TextCell,
)
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.cells import CELL, STRUCK, STYLE, TOTAL, CellDelegate, cell_width, row_height
from ecoperf_desktop.ui.texts import one_line, tip

_Index = QModelIndex | QPersistentModelIndex
_MOST_ROWS = 12
_GROUP_COLUMN = Column("group", "", "text", 1.0)


class TableModel(QAbstractTableModel):
    """A table's rows, in the order asked for, with a leading column of groups where there are any."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.styles: dict[str, str] = {}
        self.struck_column = 0
        self.show_table(table)

    def show_table(self, table: Table) -> None:
        self.beginResetModel()
        self._table = table
        self.grouped = any(row.group for row in table.rows)
        self.columns: tuple[Column, ...] = (_GROUP_COLUMN, *table.columns) if self.grouped else table.columns
        self._rows = list(table.rows)
        self._struck: frozenset[str] = frozenset()
        self.sorted_by: tuple[int, Qt.SortOrder] | None = None
        self.endResetModel()

    def strike(self, keys: frozenset[str]) -> None:
        """Draw the rows with these keys as taken back."""
        self._struck = keys

    def row(self, position: int) -> Row:
        return self._rows[position]

    def reference(self, index: _Index) -> Reference | None:
        """Return what explains the cell, or else its row."""
        row = self._rows[index.row()]
        position = index.column() - (1 if self.grouped else 0)
        if 0 <= position < len(row.cells):
            cell = row.cells[position]
            if isinstance(cell, NumberCell | ChangeCell | BarCell) and cell.figure.reference:
                return cell.figure.reference
            if isinstance(cell, TextCell) and cell.reference:
                return cell.reference
        return row.reference

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        row = self._rows[index.row()]
        position = index.column() - (1 if self.grouped else 0)
        if role == TOTAL:
            return row.is_total
        if role == STRUCK:
            return row.key in self._struck and index.column() == self.struck_column
        if role == STYLE:
            return self.styles.get(self.columns[index.column()].key, "")
        if position < 0:
            before = self._rows[index.row() - 1].group if index.row() else None
            shown = row.group if row.group != before else ""
            if role == CELL:
                return TextCell(shown, muted=True) if shown else None
            if role in (int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.AccessibleTextRole)):
                return row.group
            return None
        if position >= len(row.cells):
            return None
        cell = row.cells[position]
        if role == CELL:
            return cell
        if role == int(Qt.ItemDataRole.DisplayRole):
            return cell.text
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            return f"{self.columns[index.column()].title} {cell.text}".strip()
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return tip(self._why(cell))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == int(Qt.ItemDataRole.DisplayRole):
            return self.columns[section].title
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return tip(self.columns[section].tip)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by one column; totals stay last and holes come after every number."""
        if not self._table.is_sortable:
            return
        position = column - (1 if self.grouped else 0)
        self.layoutAboutToBeChanged.emit()
        body = [row for row in self._table.rows if not row.is_total]
        totals = [row for row in self._table.rows if row.is_total]
        falling = order is Qt.SortOrder.DescendingOrder
        known = [row for row in body if _sort_key(row, position) is not None]
        holes = [row for row in body if _sort_key(row, position) is None]
        known.sort(key=lambda row: _sort_key(row, position) or (0, 0.0, ""), reverse=falling)
        self._rows = [*known, *holes, *totals]
        self.sorted_by = (column, order)
        self.layoutChanged.emit()

    def as_text(self) -> str:
        """Return heads and rows separated by tabs."""
        lines = ["\t".join(column.title for column in self.columns)]
        for row in range(self.rowCount()):
            cells = (self.data(self.index(row, column)) for column in range(self.columnCount()))
            lines.append("\t".join(_for_sheet(str(cell or "")) for cell in cells))
        return "\n".join(lines) + "\n"

    @staticmethod
    def _why(cell: object) -> str:
        if isinstance(cell, NumberCell | ChangeCell | BarCell):
            return cell.figure.reason or ""
        if isinstance(cell, StateCell):
            return cell.state.why
        if isinstance(cell, SparkCell) and cell.spark is not None:
            return cell.spark.text
        if isinstance(cell, TextCell):
            return one_line(cell.text) if len(cell.text) > 24 else ""
        return ""


def _sort_key(row: Row, position: int) -> tuple[int, float, str] | None:
    cell = row.cells[position] if 0 <= position < len(row.cells) else None
    if isinstance(cell, NumberCell | ChangeCell | BarCell):
        place = cell.figure.place
        return None if place is None else (0, place, "")
    return (1, 0.0, cell.text) if cell is not None else (1, 0.0, row.group)


def _for_sheet(text: str) -> str:
    """Return ``text`` so that a spreadsheet it is pasted into takes it for text, never for a formula."""
    text = text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
    begins = next((sign for sign in text if not sign.isspace() and sign != "\ufeff"), "")
    if begins in "=@|%＝＋－＠" and begins:
        return "'" + text
    if begins in ("+", "-") and not _is_number(text):
        return "'" + text
    return text


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").rstrip("%"))
    except ValueError:
        return not any(sign.isalpha() or sign in "=(!" for sign in text)
    return True


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

    def __init__(self, table: Table, parent: QWidget | None = None, *, most_rows: int = _MOST_ROWS, side: int = 6) -> None:
        super().__init__(parent)
        self.setObjectName("rows")
        self._most_rows, self._side = most_rows, side
        self._model = TableModel(table)
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
        self._model.show_table(table)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(400, self._height_of(min(self._model.rowCount(), self._most_rows)))

    def _height_of(self, rows: int) -> int:
        return self.horizontalHeader().sizeHint().height() + rows * row_height()

    def natural_width(self) -> int:
        """Return the width at which nothing has to be cut."""
        return sum(self._natural(position) for position in range(self._model.columnCount())) + 2 * self._side

    def _fit(self) -> None:
        self.setAccessibleName(self._model._table.title)
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
        if not self._model._table.is_sortable:
            return
        order = Qt.SortOrder.DescendingOrder
        if self._model.sorted_by == (section, order):
            order = Qt.SortOrder.AscendingOrder
        self._model.sort(section, order)
        self.horizontalHeader().viewport().update()

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
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._clicked(self.currentIndex()) if self.currentIndex().data(STYLE) == "link" else self._explain(self.currentIndex())
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if not index.isValid():
            return
        self._menu(index, event.globalPos())

    def _menu(self, index: QModelIndex, where: QPoint) -> None:
        menu = QMenu(self)
        explain = menu.addAction(sentence("ui.explain_number"))
        explain.setShortcut(QKeySequence(Qt.Key.Key_Return))
        explain.setEnabled(self._model.reference(index) is not None)
        explain.triggered.connect(lambda: self._explain(index))
        value = menu.addAction(sentence("ui.copy_value"))
        value.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        value.triggered.connect(lambda: QGuiApplication.clipboard().setText(str(index.data() or "")))
        whole = menu.addAction(sentence("ui.copy_table"))
        whole.triggered.connect(lambda: QGuiApplication.clipboard().setText(self._model.as_text()))
        menu.exec(where)

    def copy(self) -> None:
        """Put the current value, or the selected rows, on the clipboard, separated by tabs."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        if len(rows) < 2:
            QGuiApplication.clipboard().setText(str(self.currentIndex().data() or ""))
            return
        shown = [position for position in range(self._model.columnCount()) if not self.isColumnHidden(position)]
        lines = ["\t".join(_for_sheet(str(self._model.index(row, position).data() or "")) for position in shown) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")
