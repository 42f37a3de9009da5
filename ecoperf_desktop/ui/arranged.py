"""The rows of a table as a person wants to see them: sorted, filtered, grouped.  The numbers stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import (
    BarCell,
    ChangeCell,
    Column,
    NumberCell,
    PillCell,
    Row,
    StateCell,
    Table,
    TextCell,
)

Is = Literal["is", "at_least", "at_most"]


@dataclass(frozen=True)
class Condition:
    """Rows whose cell of ``column`` is ``text``, or whose number is at least or at most ``place``."""

    column: str
    kind: Is
    text: str = ""
    place: float | None = None

    def holds(self, row: Row, position: int) -> bool:
        cell = row.cells[position] if position < len(row.cells) else None
        if cell is None:
            return False
        if self.kind == "is":
            return cell.text == self.text
        place = cell.figure.place if isinstance(cell, NumberCell | ChangeCell | BarCell) else None
        if place is None or self.place is None:
            return False  # a hole is neither much nor little
        return place >= self.place if self.kind == "at_least" else place <= self.place


@dataclass(frozen=True)
class Arrangement:
    """How a table is shown: words that every row must hold, conditions, a column to sort by and one to group by."""

    words: str = ""
    conditions: tuple[Condition, ...] = ()
    sorted_by: str = ""
    is_falling: bool = True
    group_by: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.words.strip() or self.conditions)


AS_IT_COMES = Arrangement()


def arranged(table: Table, how: Arrangement) -> list[Row]:
    """Return the rows of ``table`` in the arrangement; totals stay last, and holes come after every number.

    Rows that share the text of the group column stand together, groups in the order in which they first come; the
    head of each is the text and how many rows it has.  Nothing is added up: a total that the table brings is still that of
    all its rows.
    """
    places = {column.key: position for position, column in enumerate(table.columns)}
    if table.grouped_by:
        return _within_groups(table, how, places)
    body = [row for row in table.rows if not row.is_total and _is_wanted(row, how, places)]
    totals = [row for row in table.rows if row.is_total]
    if how.sorted_by in places or how.sorted_by == "group":
        body = _sorted(body, places.get(how.sorted_by, -1), how.is_falling)
    if how.group_by in places:
        body = _grouped(body, places[how.group_by])
        totals = [_regrouped(row, "") for row in totals]
    return [*body, *totals]


def _within_groups(table: Table, how: Arrangement, places: dict[str, int]) -> list[Row]:
    """Return the rows of a table that comes in groups: they are sorted within them, and each keeps its own total."""
    groups: dict[str, list[Row]] = {}
    for row in table.rows:
        if not row.is_total:
            groups.setdefault(row.group, []).append(row)
    found: list[Row] = []
    for rows in groups.values():
        body = [row for row in rows if not row.is_subtotal and _is_wanted(row, how, places)]
        if how.sorted_by in places:
            body = _sorted(body, places[how.sorted_by], how.is_falling)
        if body:
            found += [*body, *(row for row in rows if row.is_subtotal)]
    return [*found, *(row for row in table.rows if row.is_total)]


def groupable(table: Table) -> list[Column]:
    """Return the columns by which grouping says something: words, some of which come more than once."""
    found: list[Column] = []
    if table.grouped_by:
        return found
    for position, column in enumerate(table.columns):
        if column.kind not in ("text", "pill", "state"):
            continue
        texts = [row.cells[position].text for row in table.rows if not row.is_total and position < len(row.cells)]
        if 1 < len(set(texts)) < len(texts):
            found.append(column)
    return found


def _is_wanted(row: Row, how: Arrangement, places: dict[str, int]) -> bool:
    words = how.words.lower().split()
    if words:
        told = "\n".join([row.group, *(_words_of(cell) for cell in row.cells)]).lower()
        if not all(word in told for word in words):
            return False
    return all(one.column in places and one.holds(row, places[one.column]) for one in how.conditions)


def _words_of(cell: object) -> str:
    match cell:
        case TextCell():
            return f"{cell.text}\n{cell.pill or ''}"
        case PillCell() | StateCell() | NumberCell() | ChangeCell() | BarCell():
            return cell.text
    return ""


def _sorted(rows: Sequence[Row], position: int, falling: bool) -> list[Row]:
    known = [(key, row) for row in rows if (key := sort_key(row, position)) is not None]
    holes = [row for row in rows if sort_key(row, position) is None]
    known.sort(key=lambda entry: entry[0], reverse=falling)
    return [row for _, row in known] + holes


def sort_key(row: Row, position: int) -> tuple[int, float, str] | None:
    """Return what a row is sorted by, None for a hole."""
    cell = row.cells[position] if 0 <= position < len(row.cells) else None
    if isinstance(cell, NumberCell | ChangeCell | BarCell):
        place = cell.figure.place
        return None if place is None else (0, place, "")
    return (1, 0.0, cell.text) if cell is not None else (1, 0.0, row.group)


def _grouped(rows: Sequence[Row], position: int) -> list[Row]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        text = row.cells[position].text if position < len(row.cells) else ""
        groups.setdefault(text, []).append(row)
    return [_regrouped(row, f"{text or '–'} ({len(members)})") for text, members in groups.items() for row in members]


def _regrouped(row: Row, group: str) -> Row:
    return replace(row, group=group)
