"""Describing a file that no format knows: what is suggested, changed, shown, kept and then imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from ecoperf_desktop import actions, paths
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.importing.shelf import shipped
from ecoperf_desktop.ui.import_dialog import ImportDialog
from ecoperf_desktop.ui.mapping_dialog import MappingDialog
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.window import MainWindow

Make = Callable[[Path], MainWindow]
WAIT = 20_000
ORDERS = """Xyz,Order date,Product code,Quantity,Price each,Customer name,Customer e-mail,Street
7001,2026-03-02 10:00:00,MUG,2,5.25,Ann Example,ann@example.com,Main Street 1
7001,2026-03-02 10:00:00,CAP,1,9.00,Ann Example,ann@example.com,Main Street 1
7002,2026-03-03 11:30:00,MUG,1,5.25,Bob Example,bob@example.com,High Street 2
7003,2026-03-04 12:45:00,CAP,3,9.00,Cem Example,cem@example.com,Low Street 3
"""


def open_mapping(qtbot: QtBot, window: MainWindow, path: Path) -> tuple[ImportDialog, MappingDialog]:
    window.errands.import_files([path])
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    dialog = window.errands.import_dialog
    assert dialog is not None and dialog.right.describe is not None
    qtbot.mouseClick(dialog.right.describe, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.errands.mapping_dialog is not None, timeout=WAIT)
    mapping = window.errands.mapping_dialog
    assert mapping is not None
    qtbot.waitUntil(lambda: mapping._trial is not None or bool(mapping._problem.text()), timeout=WAIT)
    return dialog, mapping


def settle(qtbot: QtBot, mapping: MappingDialog, key: str, value: str) -> None:
    """Answer what the file does not say and wait for the preview."""
    qtbot.waitUntil(lambda: key in mapping.answers, timeout=WAIT)
    field = mapping.answers[key]
    assert isinstance(field, QLineEdit)
    field.clear()
    qtbot.keyClicks(field, value)
    before = mapping._trial
    qtbot.waitUntil(lambda: mapping._trial is not before, timeout=WAIT)


def chosen(mapping: MappingDialog, header: str) -> str:
    row = next(row for row in mapping.rows if row.widgets[0].text() == header)
    return str(row.field.currentData())


def choose(mapping: MappingDialog, header: str, field: str) -> None:
    row = next(row for row in mapping.rows if row.widgets[0].text() == header)
    index = row.field.findData(field)
    assert index >= 0, (header, field)
    row.field.setCurrentIndex(index)
    row.field.activated.emit(index)


def test_an_unknown_file_is_described_kept_and_imported(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    window = make_window(tmp_path / "new.ecoperf")
    path = tmp_path / "orders march.csv"
    path.write_text(ORDERS.replace("Xyz", "Order reference"), encoding="utf-8")
    _, mapping = open_mapping(qtbot, window, path)
    assert mapping.table.currentData() == "order_lines"
    assert [chosen(mapping, name) for name in ("Order reference", "Order date", "Product code", "Quantity", "Price each")] == [
        "order_no", "placed", "sku", "qty", "unit_price",
    ]  # fmt: skip
    assert not mapping.save.isEnabled()
    settle(qtbot, mapping, "currency", "gbp")
    settle(qtbot, mapping, "tz", "Europe/London")
    qtbot.waitUntil(mapping.save.isEnabled, timeout=WAIT)
    assert mapping.stored is not None
    model = mapping.stored.table_model
    shown = [[model.data(model.index(row, column)) for column in range(model.columnCount())] for row in range(model.rowCount())]
    assert len(shown) == 4 and "10.50" in shown[0] and "27.00" in shown[3]
    generation = window.standing.generation
    qtbot.mouseClick(mapping.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.standing.generation > generation, timeout=WAIT)
    kept = list(paths.user_formats().glob("*.toml"))
    assert [file.name for file in kept] == ["mine.orders_march.toml"]
    text = kept[0].read_text(encoding="utf-8")
    assert "Customer name" not in text.partition("# not used")[0] and "ann@" not in text
    with actions.workspace(tmp_path / "new.ecoperf") as opened:
        assert [entry.state for entry in actions.ledger(opened)] == ["active"]
        assert opened.conn.execute("SELECT sum(gross_minor), count(*) FROM order_lines").fetchone() == (5175, 4)


def test_a_person_is_offered_as_a_hash_or_not_at_all(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    window = make_window(tmp_path / "new.ecoperf")
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS.replace("Xyz", "Order reference"), encoding="utf-8")
    dialog, mapping = open_mapping(qtbot, window, path)
    rows = {row.widgets[0].text(): row for row in mapping.rows}
    assert not rows["Street"].field.isEnabled()
    mail = rows["Customer e-mail"].field
    assert {mail.itemData(place) for place in range(mail.count())} == {"", "buyer"}
    assert all("example.com" not in str(row.widgets[1].text()) for row in mapping.rows)
    mapping.reject()
    assert not paths.user_formats().exists() or not list(paths.user_formats().iterdir())
    dialog.reject()


def test_what_is_still_lacking_is_said_until_it_is_chosen(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    window = make_window(tmp_path / "new.ecoperf")
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    dialog, mapping = open_mapping(qtbot, window, path)
    index = mapping.table.findData("order_lines")
    mapping.table.setCurrentIndex(index)
    mapping.table.activated.emit(index)
    qtbot.waitUntil(lambda: "Order number" in mapping._problem.text(), timeout=WAIT)
    assert not mapping.save.isEnabled()
    choose(mapping, "Xyz", "order_no")
    settle(qtbot, mapping, "currency", "GBP")
    settle(qtbot, mapping, "tz", "Europe/London")
    qtbot.waitUntil(mapping.save.isEnabled, timeout=WAIT)
    # A field moves to the column that it was given to last.
    choose(mapping, "Order date", "")
    assert chosen(mapping, "Order date") == ""
    mapping.reject()
    dialog.reject()


def unverified() -> Format:
    """Return a format that ships unchecked, with an example of text."""
    for form in shipped():
        if form.verified == "unverified" and form.read.layout == "table" and form.examples and form.examples[0].input and not form.examples[0].refused:
            return form
    raise AssertionError("every format is checked: this test needs one that is not")


def test_a_format_that_was_never_checked_is_confirmed_beside_its_rows(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    """Ticking the box reads the file, and the next file of that source is not asked about."""
    window = make_window(tmp_path / "new.ecoperf")
    form = unverified()
    example = form.examples[0]
    path = tmp_path / example.name
    path.write_bytes((example.input or "").encode(example.encoding))
    choices = actions.ImportChoices(settings=tuple(example.settings.items()))
    window.errands.import_files([path], choices)
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    dialog = window.errands.import_dialog
    assert dialog is not None
    assert dialog.plan.files[0].question == "confirm" and not dialog.import_button.isEnabled()
    assert dialog.right.confirm is not None and not dialog.right.confirm.isChecked()
    assert dialog.right.widget().findChildren(RowsView), "the rows to look at stand beside the question"
    dialog.right.confirm.setChecked(True)
    qtbot.waitUntil(lambda: dialog.plan.files[0].outcome == "load", timeout=WAIT)
    generation = window.standing.generation
    dialog.accept()
    qtbot.waitUntil(lambda: window.standing.generation > generation, timeout=WAIT)
    qtbot.waitUntil(lambda: window.errands.import_dialog is None, timeout=WAIT)
    window.errands.import_files([path], choices)
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    assert window.errands.import_dialog is not None and window.errands.import_dialog.plan.files[0].outcome == "load"
    window.errands.import_dialog.reject()
