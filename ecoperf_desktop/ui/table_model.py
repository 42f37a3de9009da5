"""The rows and cells of a block's table as Qt asks for them, in the arrangement a person chose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

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
from ecoperf_desktop.ui.arranged import AS_IT_COMES, Arrangement, arranged
from ecoperf_desktop.ui.cells import CELL, STRUCK, STYLE, TOTAL
from ecoperf_desktop.ui.texts import one_line, tip

_Index = QModelIndex | QPersistentModelIndex
_GROUP_COLUMN = Column("group", "", "text", 1.0)


class TableModel(QAbstractTableModel):
    """A table's rows, in the order asked for, with a leading column of groups where there are any."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.styles: dict[str, str] = {}
        self.struck_column = 0
        self.show_table(table)

    def show_table(self, table: Table, how: Arrangement = AS_IT_COMES) -> None:
        self.beginResetModel()
        self.table = table
        self._struck: frozenset[str] = frozenset()
        self._arrange(how)
        self.endResetModel()

    def arrange(self, how: Arrangement) -> None:
        """Show the same table in another arrangement."""
        self.beginResetModel()
        self._arrange(how)
        self.endResetModel()

    def _arrange(self, how: Arrangement) -> None:
        self.how = how
        self._rows = arranged(self.table, how)
        self.grouped = any(row.group for row in self._rows)
        self.columns: tuple[Column, ...] = (_GROUP_COLUMN, *self.table.columns) if self.grouped else self.table.columns

    @property
    def counts(self) -> tuple[int, int]:
        """Return how many rows are shown and how many there are, totals left out."""
        shown = sum(not (row.is_total or row.is_subtotal) for row in self._rows)
        return shown, sum(not (row.is_total or row.is_subtotal) for row in self.table.rows)

    @property
    def sorted_by(self) -> tuple[int, Qt.SortOrder] | None:
        """Return the column by which the rows are sorted, as it stands, and the direction."""
        position = next((place for place, column in enumerate(self.columns) if column.key == self.how.sorted_by), None)
        if position is None:
            return None
        return position, Qt.SortOrder.DescendingOrder if self.how.is_falling else Qt.SortOrder.AscendingOrder

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
            return row.is_total or row.is_subtotal
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
        if not self.table.is_sortable:
            return
        self.layoutAboutToBeChanged.emit()
        self._arrange(replace(self.how, sorted_by=self.columns[column].key, is_falling=order is Qt.SortOrder.DescendingOrder))
        self.layoutChanged.emit()

    def shown_table(self) -> Table:
        """Return the table as it is arranged, its groups in a column of their own."""
        rows = tuple(self._rows)
        if self.grouped:
            rows = tuple(replace(row, cells=(TextCell(row.group), *row.cells), group="") for row in rows)
        return replace(self.table, columns=self.columns, rows=rows)

    def as_text(self) -> str:
        """Return heads and rows separated by tabs."""
        from ecoperf_desktop.reports.sheets import harmless

        lines = ["\t".join(harmless(column.title) for column in self.columns)]
        for row in range(self.rowCount()):
            cells = (self.data(self.index(row, column)) for column in range(self.columnCount()))
            lines.append("\t".join(harmless(str(cell or "")) for cell in cells))
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
