"""What one can do with every chart: read it with pointer and keys, turn it into a table, copy and save it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import qimu
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

sys.path.append(str(Path(__file__).resolve().parents[1] / "reports"))
import chart_blocks

from ecoperf_desktop.reports.blocks import Block, Reference, Stack, Table
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.ui import charts, looks, saving, words
from ecoperf_desktop.ui.chart_cards import ChartCard, DrawnCard
from ecoperf_desktop.ui.charts import Chart
from ecoperf_desktop.ui.drawn_chart import DrawnChart, scale
from ecoperf_desktop.ui.page_view import PageView

Show = Callable[..., PageView]


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    """Return a function that shows blocks on a page."""

    def shown(*blocks: Block, width: int = 1400) -> PageView:
        view = PageView()
        qtbot.addWidget(view)
        view.resize(width, 900)
        view.show_summary(qimu.page("charts", *blocks))
        view.show()
        view.fill_charts()
        QApplication.processEvents()
        return view

    return shown


def cards(view: PageView) -> list[ChartCard]:
    return [widget for widget in view.shown if isinstance(widget, ChartCard)]


def drawn(card: ChartCard) -> DrawnChart:
    assert isinstance(card.chart, DrawnChart)
    return card.chart


@pytest.mark.parametrize("appearance", ["light", "dark"])
@pytest.mark.parametrize("spoken", ["en", "zh"])
@pytest.mark.parametrize("width", [1060, 1400, 2000])
def test_every_new_chart_is_drawn(qapp: QApplication, show: Show, appearance: str, spoken: str, width: int) -> None:
    looks.dress(qapp, appearance)
    words.speak(qapp, spoken)
    blocks = chart_blocks.all_charts(spoken == "zh")
    view = show(*blocks, width=width)
    assert len(cards(view)) == len(blocks)
    for card, block in zip(cards(view), blocks, strict=True):
        assert drawn(card)._all_spots(), block.title  # also of what is not scrolled into view yet
        assert block.title in card.accessibleName()
        picture = card.grab().toImage()
        assert len({picture.pixel(x, y) for x in range(0, picture.width(), 5) for y in range(0, picture.height(), 5)}) > 5


def test_drawn_charts_do_not_wait_for_pyqtgraph(show: Show) -> None:
    view = PageView()
    view.show_summary(qimu.page("charts", *chart_blocks.all_charts()))
    assert not view.has_charts
    assert all(card.chart is not None for card in cards(view))
    view.show_summary(qimu.sales())
    assert view.has_charts
    view.deleteLater()


def test_a_pointer_reads_the_nearest_period_and_every_chart_of_that_time_shows_it(qtbot: QtBot, show: Show) -> None:
    stack = chart_blocks.stack()
    trend = qimu.trend("Visitors", "270", (255, 260, 261, 264, 264, 270), qimu.ON)
    lines = qimu.site().blocks[-1]
    other = Stack("Other", "", stack.labels, stack.parts, stack.axis, moments=stack.moments)
    view = show(stack, other, trend, lines)
    first, second, third, fourth = cards(view)
    chart = drawn(first)
    spot = chart._spots[9]
    assert spot.rule is not None
    at = QPointF((spot.rule + spot.width * 0.3) * scale(), 40.0 * scale())
    chart.mouseMoveEvent(QMouseEvent(QMouseEvent.Type.MouseMove, at, at, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier))
    found = chart.pointed()
    assert found is not None and found.title == "W30" and found.moment == "2026-W30"
    assert dict(found.lines)["Returning"] == "¥850k"
    assert chart._readout.isVisible() and "W30" in chart.accessibleDescription()
    assert drawn(second)._shared == 9
    chart.leave()
    assert drawn(second)._shared is None and not chart._readout.isVisible()
    # Trends and lines, which only have their labels here, share among each other.
    assert third.chart is not None and fourth.chart is not None
    third.setFocus()
    qtbot.keyClick(third, Qt.Key.Key_Right)
    assert fourth.chart._panels[0]._line.isVisible()  # type: ignore[union-attr]


def test_arrows_home_end_and_enter_read_a_chart(qtbot: QtBot, show: Show) -> None:
    trend = qimu.trend("Visitors", "270", (255, 260, 261, 264, 264, 270), qimu.ON)
    view = show(trend, chart_blocks.heat())
    card, heat = cards(view)
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_Left)
    assert card.pointed().title == "W33"
    assert [name for name, _ in card.pointed().lines][:2] == ["This year", "Last year"]
    qtbot.keyClick(card, Qt.Key.Key_Left)
    assert card.pointed().title == "W32"
    qtbot.keyClick(card, Qt.Key.Key_End)
    assert card.pointed().title.startswith("A")
    qtbot.keyClick(card, Qt.Key.Key_Home)
    assert card.pointed().title == "W28"
    with qtbot.waitSignal(view.explain_asked, timeout=1000) as asked:
        qtbot.keyClick(card, Qt.Key.Key_Return)
    assert isinstance(asked.args[0], Reference)
    qtbot.keyClick(card, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == trend.weeks.points[0].text
    heat.setFocus()
    qtbot.keyClick(heat, Qt.Key.Key_Home)
    assert heat.pointed().title == "2025-09" and heat.pointed().lines[0][0] == "M1"
    qtbot.keyClick(heat, Qt.Key.Key_Down)
    assert heat.pointed().title == "2025-10" and heat.pointed().lines[0][0] == "M1"
    qtbot.keyClick(heat, Qt.Key.Key_Right)
    assert heat.pointed().lines[0][0] == "M2"
    qtbot.keyClick(heat, Qt.Key.Key_Escape)
    assert drawn(heat).pointed() is None


def test_every_chart_becomes_its_table_and_back(show: Show) -> None:
    view = show(*chart_blocks.all_charts())
    for card, block in zip(cards(view), chart_blocks.all_charts(), strict=True):
        card.toggle_table()
        assert card.shows_table and card._table is not None
        assert card._table.table_model.rowCount() == len(table_of(block).rows)
        card.toggle_table()
        assert not card.shows_table and card._stack.currentWidget() is card.chart


def actions(menu: QMenu) -> dict[str, object]:
    return {action.text(): action for action in menu.actions() if not action.isSeparator()}


def test_a_right_click_offers_what_the_number_allows(qtbot: QtBot, show: Show) -> None:
    view = show(qimu.trend("Conversion", "2.79%", (2.99, 2.96, 2.96, 3.0, 2.99, 2.79), qimu.SIGNAL_DOWN), chart_blocks.matrix())
    known, bare = cards(view)
    found = actions(known.menu())
    assert {"Explain this number", "Copy value", "Copy reference S-01·W33", "Copy as picture", "Save as picture…", "Export data…"} < set(found)
    assert len(found) == 7
    assert all(action.isEnabled() for action in found.values())  # type: ignore[attr-defined]
    limited = actions(bare.menu())
    assert not limited["Explain this number"].isEnabled() and not limited["Copy value"].isEnabled()  # type: ignore[attr-defined]
    found["Copy as picture"].trigger()  # type: ignore[attr-defined]
    picture = QApplication.clipboard().image()
    assert picture.width() >= 2 * known.width()
    found["Copy reference S-01·W33"].trigger()  # type: ignore[attr-defined]
    assert QApplication.clipboard().text() == "S-01·W33"


def test_a_right_click_on_any_chart_reaches_its_card(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    view = show(qimu.trend("Visitors", "270", (255, 260, 261, 264, 264, 270), qimu.ON), chart_blocks.stack())
    reached: list[ChartCard] = []
    monkeypatch.setattr(ChartCard, "contextMenuEvent", lambda card, event: reached.append(card))
    for card in cards(view):
        chart = card.chart
        assert chart is not None
        target = chart if isinstance(chart, DrawnChart) else chart._view.viewport()
        where = QPoint(80, 60)
        QApplication.sendEvent(target, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, target.mapToGlobal(where)))
    assert reached == cards(view)


def test_a_chart_and_its_numbers_are_saved_where_the_person_says(
    qtbot: QtBot, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = show(chart_blocks.heat(), qimu.scorecard(), *qimu.kpis())
    card = cards(view)[0]
    said: list[str] = []
    view.said.connect(said.append)
    for name in ("heat.svg", "heat.pdf", "heat.png"):
        monkeypatch.setattr(saving, "ask_picture", lambda parent, title, name=name: tmp_path / name)
        actions(card.menu())["Save as picture…"].trigger()  # type: ignore[attr-defined]
        assert (tmp_path / name).stat().st_size > 2000
    monkeypatch.setattr(saving, "ask_rows", lambda parent, title: tmp_path / "heat.csv")
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert "2025-09,18297,10.5" in (tmp_path / "heat.csv").read_text(encoding="utf-8-sig")
    monkeypatch.setattr(saving, "ask_rows", lambda parent, title: tmp_path / "cards.csv")
    view.export_block(view.shown[2])
    assert len((tmp_path / "cards.csv").read_text(encoding="utf-8-sig").splitlines()) == 6
    monkeypatch.setattr(saving, "ask_rows", lambda parent, title: tmp_path / "none" / "cards.csv")
    view.export_block(view.shown[1])
    assert said[:2] == ["heat.svg was saved.", "heat.pdf was saved."]
    assert "could not be written" in said[-1]
    monkeypatch.setattr(saving, "ask_rows", lambda parent, title: None)
    view.export_block(card)
    assert "could not be written" in said[-1]


@pytest.mark.parametrize(
    ("title", "stem"),
    [("Net sales: W33/W32", "Net sales W33 W32"), ("CON", "_CON"), ("", "_"), ("漏斗", "漏斗"), ("..\\..\\evil", "evil"), ("a" * 200, "a" * 80)],
)
def test_a_title_becomes_a_file_name_of_every_system(title: str, stem: str) -> None:
    assert saving.file_stem(title) == stem


def test_a_name_without_an_ending_gets_that_of_the_chosen_kind() -> None:
    kinds = "XLSX (*.xlsx);;CSV (*.csv)"
    assert saving.with_ending(Path("a"), "CSV (*.csv)", kinds).name == "a.csv"
    assert saving.with_ending(Path("a.CSV"), "XLSX (*.xlsx)", kinds).name == "a.CSV"
    assert saving.with_ending(Path("a.b"), "", kinds).name == "a.b.xlsx"


def test_a_page_shown_again_keeps_its_charts_and_points_at_nothing(show: Show) -> None:
    view = show(*chart_blocks.all_charts())
    before = view.shown
    drawn(cards(view)[0]).step(1)
    view.show_summary(qimu.page("charts", *chart_blocks.all_charts(zh=True)))
    assert view.shown == before
    assert drawn(cards(view)[0]).pointed() is None


def test_a_chart_without_a_known_number_says_why(show: Show) -> None:
    stock = chart_blocks.stock()
    from dataclasses import replace

    unknown = replace(stock, bars=tuple(replace(bar, figure=chart_blocks.number(None)) for bar in stock.bars))
    card = cards(show(unknown))[0]
    assert isinstance(card, DrawnCard) and card._waiting.reason == "No file covers it."
    assert card.chart is None
    card.toggle_table()
    assert card.shows_table


def test_a_table_is_no_picture(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    view = show(qimu.scorecard())
    monkeypatch.setattr(saving, "ask_picture", lambda parent, title: pytest.fail("asked for a picture of a table"))
    assert isinstance(view._group_in(view.shown[0])[0], Table)
    view.save_picture(view.shown[0])


def test_a_chart_that_asks_twice_before_its_turn_is_drawn_once(qtbot: QtBot) -> None:
    drawn: list[int] = []

    class Counted(Chart):
        def redraw(self) -> None:
            drawn.append(1)

    chart = Counted()
    qtbot.addWidget(chart)
    charts._in_turn(chart)
    charts._in_turn(chart)
    qtbot.wait(50)  # an empty turn would raise in the loop, which fails the test
    assert drawn == [1]
