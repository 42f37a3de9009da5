"""Tables are sorted, filtered and grouped, remember it, and never change a number by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ecoperf_desktop.reports.blocks import Column, Figure, NumberCell, Row, Table, TextCell
from ecoperf_desktop.ui import remembered
from ecoperf_desktop.ui.arranged import Arrangement, Condition, arranged, groupable
from ecoperf_desktop.ui.cards import TableCard
from ecoperf_desktop.ui.table_view import RowsView


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    remembered.window_settings().clear()
    remembered.forget()
    yield
    remembered.window_settings().clear()
    remembered.forget()


def _row(name: str, kind: str, number: int | None, *, total: bool = False) -> Row:
    text = "–" if number is None else str(number)
    return Row((TextCell(name), TextCell(kind), NumberCell(Figure(number, text))), key=name, is_total=total)


COLUMNS = (Column("name", "Name", "text"), Column("kind", "Class", "text"), Column("n", "Sales", "number"))
TABLE = Table(
    "some_products", "Products", COLUMNS,
    (_row("Lamp", "A", 40), _row("Bowl", "B", None), _row("Tray", "A", 7), _row("Desk lamp", "C", 12), _row("All", "", 59, total=True)),
    is_sortable=True,
)  # fmt: skip


def _names(rows: list[Row]) -> list[str]:
    return [row.cells[0].text for row in rows]


def test_words_choose_rows_and_the_total_stays_the_total_of_all() -> None:
    found = arranged(TABLE, Arrangement(words="LAMP"))
    assert _names(found) == ["Lamp", "Desk lamp", "All"]
    assert found[-1].cells[2].text == "59"


def test_conditions_hold_together_and_a_hole_is_neither_much_nor_little() -> None:
    most = Condition("n", "at_most", "12", 12.0)
    assert _names(arranged(TABLE, Arrangement(conditions=(most,)))) == ["Tray", "Desk lamp", "All"]
    assert _names(arranged(TABLE, Arrangement(conditions=(most, Condition("kind", "is", "A"))))) == ["Tray", "All"]
    assert _names(arranged(TABLE, Arrangement(conditions=(Condition("gone", "is", "A"),)))) == ["All"]


def test_groups_stand_together_in_the_order_they_come_and_say_how_many_rows_they_have() -> None:
    found = arranged(TABLE, Arrangement(group_by="kind", sorted_by="n", is_falling=True))
    assert [(row.group, row.cells[0].text) for row in found] == [
        ("A (2)", "Lamp"), ("A (2)", "Tray"), ("C (1)", "Desk lamp"), ("B (1)", "Bowl"), ("", "All"),
    ]  # fmt: skip


def test_only_words_that_repeat_can_be_grouped_by() -> None:
    assert [column.key for column in groupable(TABLE)] == ["kind"]


_rows = st.lists(st.tuples(st.text("ab ", max_size=3), st.sampled_from("ABC"), st.none() | st.integers(-5, 5)), max_size=12)


@settings(max_examples=200, deadline=None)
@given(_rows, st.sampled_from(["", "name", "kind", "n", "gone"]), st.booleans(), st.sampled_from(["", "kind", "name", "gone"]))
def test_sorting_and_grouping_keep_every_row_once_and_its_cells_as_they_are(
    content: list[tuple[str, str, int | None]], by: str, falling: bool, group: str
) -> None:
    table = replace(TABLE, rows=tuple(_row(*entry) for entry in content))
    found = arranged(table, Arrangement(sorted_by=by, is_falling=falling, group_by=group))
    assert sorted(map(id, (row.cells for row in found))) == sorted(map(id, (row.cells for row in table.rows)))


def test_a_head_sorts_falling_then_rising_then_as_the_table_comes(qtbot: QtBot) -> None:
    rows = RowsView(TABLE)
    qtbot.addWidget(rows)
    model = rows.table_model

    def shown() -> list[str]:
        return [model.index(row, 0).data() for row in range(model.rowCount())]

    rows._sort_by(2)
    assert shown() == ["Lamp", "Desk lamp", "Tray", "Bowl", "All"]
    rows._sort_by(2)
    assert shown() == ["Tray", "Desk lamp", "Lamp", "Bowl", "All"]
    rows._sort_by(2)
    assert shown() == ["Lamp", "Bowl", "Tray", "Desk lamp", "All"]


def test_the_next_table_of_that_name_comes_in_the_same_order_also_after_a_new_start(qtbot: QtBot) -> None:
    first = RowsView(TABLE)
    qtbot.addWidget(first)
    first.arrange(Arrangement(words="lamp", sorted_by="n", is_falling=False))
    second = RowsView(TABLE)
    qtbot.addWidget(second)
    assert second.table_model.how == Arrangement(words="lamp", sorted_by="n", is_falling=False)
    remembered.forget()
    third = RowsView(TABLE)
    qtbot.addWidget(third)
    assert third.table_model.how == Arrangement(sorted_by="n", is_falling=False)  # a filter is of the day


def test_the_filter_line_says_how_many_rows_are_left_and_escape_shows_all_again(qtbot: QtBot) -> None:
    card = TableCard()
    qtbot.addWidget(card)
    card.show_block(TABLE)
    card.show()
    assert card.rows is not None and card.bar is None
    qtbot.keyClick(card.rows, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert card.bar is not None and card.bar.isVisible()
    qtbot.keyClicks(card.bar.field, "lamp")
    assert card.rows.table_model.counts == (2, 4)
    assert "2" in card.bar._count.text() and "4" in card.bar._count.text()
    qtbot.keyClick(card.bar.field, Qt.Key.Key_Escape)
    assert card.rows.table_model.counts == (4, 4)
    assert not card.bar.isVisible()


def test_what_is_saved_is_what_is_shown(qtbot: QtBot) -> None:
    rows = RowsView(TABLE)
    qtbot.addWidget(rows)
    rows.arrange(Arrangement(words="lamp", group_by="kind"))
    with qtbot.waitSignal(rows.save_asked) as asked:
        qtbot.keyClick(rows, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    saved = asked.args[0]
    assert [[cell.text for cell in row.cells] for row in saved.rows] == [
        ["A (1)", "Lamp", "A", "40"], ["C (1)", "Desk lamp", "C", "12"], ["", "All", "", "59"],
    ]  # fmt: skip
    assert [column.key for column in saved.columns] == ["group", "name", "kind", "n"]
