"""The window on a real small workspace: every tab, both languages, keys, import, undo, explain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shop_orders import orders_csv

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import Reference
from ecoperf_desktop.ui.chart_cards import ChartCard
from ecoperf_desktop.ui.tabs import PAGES
from ecoperf_desktop.ui.window import MainWindow

Make = Callable[..., MainWindow]
WAIT = 30_000


def visit(qtbot: QtBot, window: MainWindow, page: str) -> None:
    window.go(page)
    if page == "data":
        qtbot.waitUntil(lambda: window._data is not None and bool(window._data.ledger.rows), timeout=WAIT)
        return
    qtbot.waitUntil(lambda: page in window._pages and window._pages[page].summary is not None, timeout=WAIT)
    view = window._pages[page]
    view.fill_charts()
    assert view.summary is not None and view.summary.scope == window.scope


def coloured(window: MainWindow) -> int:
    """Return how many different colours a picture of the window holds: a blank one has a handful."""
    picture = window.grab().toImage()
    return len({picture.pixel(x, y) for x in range(0, picture.width(), 7) for y in range(0, picture.height(), 7)})


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_every_tab_of_a_full_workspace_is_painted(qtbot: QtBot, make_window: Make, shop: Path, spoken: str) -> None:
    window = make_window(shop, spoken)
    for page in PAGES:
        visit(qtbot, window, page)
        QApplication.processEvents()
        assert coloured(window) > 20, page
        assert window.tabs.page == page
    assert not window.say.isVisible(), window.say.text


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_an_empty_workspace_shows_where_to_start(qtbot: QtBot, make_window: Make, tmp_path: Path, spoken: str) -> None:
    window = make_window(tmp_path / "new.ecoperf", spoken)
    assert window.stack.currentWidget() is window._first_run
    assert window.windowTitle() == "EcoPerf"
    assert not window.bar.isVisible() and not window.menus.action("ui.print_preview").isEnabled()
    assert window.status.text == sentence("ui.no_data")
    window.go("data")
    assert window.stack.currentWidget() is window._data


def test_the_first_paint_shows_the_overviews_numbers(make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    view = window._pages["overview"]
    assert view.summary is not None and not view.summary.is_empty
    assert window.scope is not None and window.scope.label == "2026-W30"
    assert "shop" in window.windowTitle()


def test_the_language_changes_while_the_window_is_open(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    before = window._pages["overview"].summary
    window.set_language("zh")
    assert window.tabs.tabText(1) == "销售"
    assert window.menus.action("ui.quit").text() == "退出"
    qtbot.waitUntil(lambda: window._pages["overview"].summary is not before, timeout=WAIT)
    summary = window._pages["overview"].summary
    assert summary is not None and summary.scope.language == "zh" and summary.scope.rate_change == "pp"
    window.set_language("en")
    assert window.tabs.tabText(1) == "Sales"


def test_light_and_dark_change_while_charts_are_shown(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    visit(qtbot, window, "sales")
    light = window.grab().toImage().pixelColor(4, window.height() // 2)
    window.set_appearance("dark")
    qtbot.wait(100)
    dark = window.grab().toImage().pixelColor(4, window.height() // 2)
    assert light.lightness() > 200 and dark.lightness() < 60
    window.set_appearance("light")
    qtbot.wait(50)


def test_keys_lead_through_tabs_periods_and_regions(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.tabs.page == "sales"
    qtbot.keyClick(window, Qt.Key.Key_8, Qt.KeyboardModifier.ControlModifier)
    assert window.tabs.page == "finance"
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert window.tabs.page == "data"
    window.go("overview")
    assert window.scope is not None
    before = window.scope.period
    window.tabs.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert window.scope.period == before.shifted(-7)
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert window.scope.period == before
    seen = set()
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        assert focus is not None
        seen.add("bar" if window.bar.isAncestorOf(focus) else "tabs" if focus is window.tabs else "page")
    assert seen == {"bar", "tabs", "page"}
    # The field of the period takes a week by its number.
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    popup = window.bar.period.popup
    assert popup is not None and popup.isVisible()
    popup.field.setText("25")
    qtbot.keyClick(popup.field, Qt.Key.Key_Return)
    assert window.scope.label == "2026-W25"


def test_a_new_period_reaches_the_shown_page(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    visit(qtbot, window, "sales")
    window.bar.period.step(-1)
    qtbot.waitUntil(lambda: window._pages["sales"].summary.scope == window.scope, timeout=WAIT)
    window.set_comparison("previous")
    qtbot.waitUntil(lambda: window._pages["sales"].summary.scope.compare == "previous", timeout=WAIT)


def test_a_number_is_explained_down_to_the_row_of_its_file(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    assert window.scope is not None
    window.explain(Reference("net_sales", window.scope.period))
    panel = window._panel
    assert panel is not None
    qtbot.waitUntil(lambda: panel.shown is not None, timeout=WAIT)
    assert panel.shown is not None
    explanation = panel.shown.explanation
    assert explanation.row_count == 21
    assert {row.file for row in explanation.rows} == {"orders_july.csv"}
    assert explanation.rows[0].raw["Lineitem sku"].startswith("MUG-")
    assert sum(entry.rows for entry in explanation.imports) == 21
    panel._more.click()  # the first twenty are shown at once, the rest when it is asked for
    qtbot.waitUntil(lambda: len(panel._rows) == 21, timeout=WAIT)
    assert not panel._rest.isVisible()
    assert sum(row.contributes for row in panel._rows) == explanation.value.value
    assert panel.isVisible()
    window.close_panel()
    assert not panel.isVisible()


def test_a_chart_turns_into_its_table_and_back(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    visit(qtbot, window, "sales")
    card = next(card for card in window._pages["sales"].shown if isinstance(card, ChartCard) and not card._waiting.reason)
    card.setFocus()
    card.toggle_table()
    assert card._table is not None and card._table.isVisible()
    assert card._table.table_model.rowCount() == 18
    assert "\t" in card._table.table_model.as_text()
    card.toggle_table()
    assert card.chart is not None and card.chart.isVisible()
    card.chart.step(-1)
    assert card.chart.pointed() is not None


def test_clicking_a_number_of_a_table_asks_for_its_explanation(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    table = next(card for card in window._pages["overview"].shown if hasattr(card, "rows") and card.rows is not None)
    model = table.rows.table_model
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            index = model.index(row, column)
            reference = model.reference(index)
            if reference is not None and model.columns[column].kind == "number" and not table.rows.isColumnHidden(column):
                with qtbot.waitSignal(table.rows.explain_asked, timeout=2000) as asked:
                    qtbot.mouseClick(table.rows.viewport(), Qt.MouseButton.LeftButton, pos=table.rows.visualRect(index).center())
                assert asked.args == [reference]
                return
    pytest.fail("no number of the scorecard can be explained")


def drop(window: MainWindow, paths: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), action, data, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted() and window._drop_frame.isVisible()
    QApplication.sendEvent(window, QDropEvent(QPointF(200, 200), action, data, buttons, keys))
    assert not window._drop_frame.isVisible()


def test_dropped_files_open_the_preview_and_store_nothing_before_it_is_confirmed(
    qtbot: QtBot, make_window: Make, shop: Path, tmp_path: Path
) -> None:
    window = make_window(shop)
    more = tmp_path / "orders_august.csv"
    more.write_text(orders_csv(3001, 9, "2026-08"), encoding="utf-8")
    picture = tmp_path / "logo.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    drop(window, [more, picture])
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    dialog = window.errands.import_dialog
    assert dialog is not None
    assert [file.outcome for file in dialog.plan.files] == ["load", "refused"]
    assert dialog.import_button.text() == "Import 1 file" and dialog.import_button.isEnabled()
    qtbot.waitUntil(lambda: bool(dialog._reports), timeout=WAIT)
    assert dialog._reports[(str(more), None)].rows.new == 27
    dialog.file_rows[0].set_taken(False)
    assert not dialog.import_button.isEnabled()
    dialog.file_rows[0].set_taken(True)
    generation = window.standing.generation
    dialog.accept()
    qtbot.waitUntil(lambda: window.standing.generation > generation, timeout=WAIT)
    assert window.say.isVisible() and "27" in window.say.text
    assert window.scope is not None and window.scope.label == "2026-W32"
    # Undo from the strip takes it back, and the window goes back to the newest week there is.
    window.errands.undo_last()
    qtbot.waitUntil(lambda: window.scope is not None and window.scope.label == "2026-W30", timeout=WAIT)
    visit(qtbot, window, "data")
    qtbot.waitUntil(lambda: window._data is not None and len(window._data._shown.entries) == 3, timeout=WAIT)
    assert window._data is not None
    assert [entry.state for entry in window._data._shown.entries] == ["active", "active", "undone"]
    # Redo from the ledger opens the preview of the same file again.
    window._data.redo_asked.emit(3)
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    assert window.errands.import_dialog is not None
    window.errands.import_dialog.reject()


def test_what_no_file_can_say_is_asked_for_in_the_preview(qtbot: QtBot, make_window: Make, tmp_path: Path) -> None:
    window = make_window(tmp_path / "new.ecoperf")
    orders = tmp_path / "orders.csv"
    orders.write_text(orders_csv(1, 12).replace(",GBP,", ",").replace("Currency,", "").replace(" +0000", ""), encoding="utf-8")
    window.errands.import_files([orders])
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    dialog = window.errands.import_dialog
    assert dialog is not None
    asked = []
    for _ in range(4):
        question = dialog.plan.files[0].question
        if question is None:
            break
        asked.append(question)
        field = dialog.right.fields[question]
        field.setText({"currency": "gbp", "tz": "Europe/London"}[question])  # type: ignore[union-attr]
        before = dialog.plan.files[0]
        qtbot.mouseClick(dialog.right.again, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda before=before: dialog.plan.files[0] is not before, timeout=WAIT)  # type: ignore[misc]
    assert asked and dialog.plan.files[0].outcome == "load", dialog.plan.files[0].findings
    dialog.reject()
    assert window.standing.week is None


def test_a_stopped_import_leaves_everything_as_it_was(qtbot: QtBot, make_window: Make, shop: Path, tmp_path: Path) -> None:
    window = make_window(shop)
    big = tmp_path / "orders_big.csv"
    lines = orders_csv(50_000, 28, "2026-05").splitlines(keepends=True)
    big.write_text(lines[0] + "".join(line.replace("#", f"#{copy}-") for copy in range(300) for line in lines[1:]), encoding="utf-8")
    window.errands.import_files([big])
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    assert window.errands.import_dialog is not None
    generation = window.standing.generation
    window.errands.import_dialog.accept()
    window.writer.stop()
    qtbot.waitUntil(lambda: not window.writer.is_busy, timeout=WAIT)
    qtbot.waitUntil(lambda: window.say.isVisible(), timeout=WAIT)
    assert window.say.text == sentence("ui.stopped")
    window.refresh()
    qtbot.wait(200)
    assert window.standing.generation == generation


def test_a_second_writer_is_said_and_reading_goes_on(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    first = make_window(shop)
    qtbot.waitUntil(lambda: not first.writer.is_busy, timeout=WAIT)
    second = make_window(shop)
    qtbot.waitUntil(lambda: second.say.isVisible(), timeout=WAIT)
    assert second.say.text == sentence("ui.in_use")
    visit(qtbot, second, "sales")


def test_numbers_pages_and_commands_are_found_by_typing(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    window.open_finder()
    qtbot.waitUntil(lambda: hasattr(window, "_finder"), timeout=WAIT)
    finder = window._finder
    finder.field.setText("S-01·W30")
    assert finder.matching[0].name == "Net sales"
    finder.field.setText("team")
    assert any(found.name == "Team" for found in finder.matching)
    finder.field.setText("S-01")
    qtbot.keyClick(finder.field, Qt.Key.Key_Return)
    panel = window._panel
    assert panel is not None
    qtbot.waitUntil(lambda: panel.shown is not None, timeout=WAIT)


def test_the_report_is_written_and_previewed(qtbot: QtBot, make_window: Make, shop: Path, tmp_path: Path) -> None:
    window = make_window(shop)
    target = tmp_path / "week.pdf"
    window.errands.write_report(target)
    qtbot.waitUntil(lambda: target.exists() and not window.work.isVisible(), timeout=WAIT)
    assert target.read_bytes().startswith(b"%PDF")
    window.errands.print_preview()
    qtbot.waitUntil(lambda: window.errands.sheets is not None, timeout=WAIT)
    assert window.errands.sheets is not None
    qtbot.waitExposed(window.errands.sheets)
    window.errands.sheets.close()


def test_the_window_gets_narrow_without_cutting_a_number(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    window.resize(1100, 680)
    qtbot.wait(50)
    for button in (window.bar.shop, window.bar.period._name, window.bar.importing, window.bar.printing):
        assert button.width() >= button.sizeHint().width()
    table = next(card for card in window._pages["overview"].shown if hasattr(card, "rows") and card.rows is not None)
    rows = table.rows
    model = rows.table_model
    for column in range(model.columnCount()):
        if model.columns[column].kind in ("number", "change", "state") and not rows.isColumnHidden(column):
            assert rows.columnWidth(column) >= rows._wishes[column] - 2
