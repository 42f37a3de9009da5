"""The window's parts on their own: blocks, text from data, single instance, start-up, words."""

from __future__ import annotations

import os
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import qimu
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ecoperf_desktop import paths
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.model.days import Grain, parse_bucket
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.reports.sheets import harmless
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.cards import KpiRow
from ecoperf_desktop.ui.chart_cards import ChartCard
from ecoperf_desktop.ui.crash import words_of
from ecoperf_desktop.ui.crash_dialog import CrashDialog
from ecoperf_desktop.ui.page_view import PageView
from ecoperf_desktop.ui.periods import read_period
from ecoperf_desktop.ui.single import Inbox
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.texts import Label, for_plot, one_line, tip

PAYLOADS = ('<img src="file:///etc/passwd">', "<b>bold</b>", "&amp;", "a\nb\tc", "\u202eevil", "![x](file:///x)")


@pytest.mark.parametrize("appearance", ["light", "dark"])
@pytest.mark.parametrize("page", ["overview", "sales", "site", "supply", "customers"])
def test_every_kind_of_block_is_drawn_at_three_widths(qtbot: QtBot, qapp: QApplication, page: str, appearance: str) -> None:
    looks.dress(qapp, appearance)
    view = PageView()
    qtbot.addWidget(view)
    for width in (1060, 1400, 2000):
        view.resize(width, 800)
        view.show_summary(qimu.summary(page))
        view.show()
        view.fill_charts()
        QApplication.processEvents()
        picture = view.grab().toImage()
        assert len({picture.pixel(x, y) for x in range(0, width, 9) for y in range(0, 800, 9)}) > 8
        inside = view.widget().rect()
        boxes = [widget.geometry() for widget in view.shown if not widget.isHidden()]
        assert all(inside.contains(box) for box in boxes)
        for index, box in enumerate(boxes):
            assert not any(box.intersects(other) for other in boxes[index + 1 :]), page


def test_a_page_shown_again_keeps_its_frames(qtbot: QtBot) -> None:
    view = PageView()
    qtbot.addWidget(view)
    view.resize(1400, 800)
    view.show_summary(qimu.summary("sales"))
    before = view.shown
    view.show_summary(qimu.summary("sales"))
    assert view.shown == before
    view.show_summary(qimu.summary("customers"))
    assert len(view.shown) == 1


def test_number_cards_stand_in_rows_of_nearly_equal_length(qtbot: QtBot) -> None:
    row = KpiRow()
    qtbot.addWidget(row)
    row.show_blocks(qimu.kpis())
    assert (row._in_row(1400), row._in_row(900), row._in_row(500)) == (5, 3, 2)
    row.show_blocks(qimu.kpis() + qimu.kpis()[:1])
    assert row._in_row(1400) == 3


def test_a_chart_is_a_table_too_and_shares_the_pointer(qtbot: QtBot) -> None:
    view = PageView()
    qtbot.addWidget(view)
    view.resize(1400, 900)
    view.show_summary(qimu.summary("sales"))
    view.show()
    view.fill_charts()
    QApplication.processEvents()
    first, second = [card for card in view.shown if isinstance(card, ChartCard)][:2]
    assert first.chart is not None and second.chart is not None
    panel = first.chart._panels[0]
    first.chart._point(panel, 2)
    assert second.chart._panels[0]._line.isVisible()
    assert first.chart.pointed() is not None
    first.chart.leave()
    assert not second.chart._panels[0]._line.isVisible()
    first.toggle_table()
    assert first._table is not None and first._table.table_model.rowCount() == 18


def test_tables_sort_with_holes_last_and_totals_below(qtbot: QtBot) -> None:
    table = qimu.sales().blocks[6]
    rows = RowsView(table)  # type: ignore[arg-type]
    qtbot.addWidget(rows)
    model = rows.table_model
    model.sort(3, Qt.SortOrder.DescendingOrder)
    units = [model.index(row, 3).data() for row in range(model.rowCount())]
    assert units == ["401", "291", "252", "238", "1,182"]
    model.sort(3, Qt.SortOrder.AscendingOrder)
    assert [model.index(row, 3).data() for row in range(model.rowCount())][-1] == "1,182"


def test_copied_cells_cannot_become_formulas() -> None:
    assert harmless("=1+1") == "'=1+1"
    assert harmless("  @SUM(A1)") == "'  @SUM(A1)"
    assert harmless("-cmd") == "'-cmd"
    assert harmless("+12.5%") == "+12.5%"
    assert harmless("−4.7%") == "−4.7%"
    assert harmless("a\tb\nc") == "a b c"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_from_data_is_never_markup(qtbot: QtBot, payload: str) -> None:
    label = Label(payload)
    qtbot.addWidget(label)
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert "<img" not in tip(payload) and "<b>" not in tip(payload)
    assert "<" not in for_plot(payload)
    assert one_line(payload).isprintable()


def test_every_drawing_can_be_tinted(qtbot: QtBot) -> None:
    names = sorted(path.stem for path in (paths.resources() / "icons").glob("*.svg"))
    assert len(names) == 28
    for name in names:
        picture = icons.icon(name, "worse").pixmap(16, 16).toImage()
        assert any(picture.pixelColor(x, y).alpha() for x in range(16) for y in range(16)), name


@pytest.mark.parametrize(
    ("text", "label"),
    [("33", "2026-W33"), ("w5", "2026-W05"), ("2025-W52", "2025-W52"), ("2026-08", "2026-08"), ("2026-q3", "2026-Q3"), ("2026/08/12", "2026-W33")],
)
def test_a_period_is_read_as_people_write_it(text: str, label: str) -> None:
    found = read_period(text, qimu.SCOPE, 1)
    assert found is not None and found.label == label


@pytest.mark.parametrize("text", ["", "99", "next week", "2026-13", "2026-08-20..2026-08-01"])
def test_what_is_no_period_is_refused(text: str) -> None:
    assert read_period(text, qimu.SCOPE, 1) is None


def test_a_span_of_days_is_a_free_period() -> None:
    found = read_period("2026-08-01..2026-08-12", qimu.SCOPE, 1)
    assert found is not None and found.grain is None and found.period.days == 12
    bucket, grain = parse_bucket("2026-08")
    assert Scope.of(bucket, grain).grain is Grain.MONTH


def test_a_second_start_hands_its_files_to_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    workspace, export = tmp_path / "shop.ecoperf", tmp_path / "orders.csv"
    export.write_text("x", encoding="utf-8")
    first, second = Inbox(workspace), Inbox(workspace)
    assert first.take() and not second.take()
    with qtbot.waitSignal(first.received, timeout=5000) as given:
        second.hand_over([export, tmp_path / "gone.csv"])
    assert given.args == [[export]]
    if os.name == "posix":
        assert first._folder.stat().st_mode & 0o077 == 0
    other = Inbox(tmp_path / "other.ecoperf")
    assert other.take()
    first.close()
    assert second.take()
    second.close()
    other.close()


def test_letters_that_are_none_of_ours_are_thrown_away(qtbot: QtBot, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "shop.ecoperf")
    assert inbox.take()
    heard: list[object] = []
    inbox.received.connect(heard.append)
    for name, text in (("a.files", "{}"), ("b.files", "not json"), ("c.files", "[1, 2]")):
        (inbox._folder / name).write_text(text, encoding="utf-8")
    inbox.look()
    assert heard == [] and not list(inbox._folder.glob("*.files"))
    inbox.close()


def test_a_bug_is_shown_with_its_log_and_without_its_words(qtbot: QtBot, tmp_path: Path) -> None:
    log = tmp_path / "faults.log"
    log.write_text("trace", encoding="utf-8")
    dialog = CrashDialog(log)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == "trace"
    assert "secret" not in words_of(ValueError("secret cell"))
    assert words_of(EcoPerfError("ui.stopped")) == "Stopped. Nothing was changed."


def test_both_languages_say_the_same_things() -> None:
    def read(language: str) -> dict[str, object]:
        return tomllib.loads((paths.resources() / "languages" / language / "ui.toml").read_text(encoding="utf-8"))

    def places(entry: object) -> set[str]:
        texts = entry.values() if isinstance(entry, dict) else [entry]
        return {name for text in texts for _, name, _, _ in string.Formatter().parse(str(text)) if name}

    english, chinese = read("en"), read("zh")
    assert english.keys() == chinese.keys()
    for key, entry in english.items():
        assert places(entry) == places(chinese[key]), key
    same = {key for key, entry in english.items() if entry == chinese[key]}
    # Names are names in both, and each language's name stands in its own letters.
    assert same <= {"english", "chinese", "known_ads_list"}, same


def test_every_word_the_window_asks_for_exists() -> None:
    import re

    known = tomllib.loads((paths.resources() / "languages" / "en" / "ui.toml").read_text(encoding="utf-8"))
    room = Path(looks.__file__).parent
    asked = {code for path in room.glob("*.py") for code in re.findall(r'"ui\.([a-z_0-9]+)"', path.read_text(encoding="utf-8"))}
    assert asked <= known.keys(), sorted(asked - known.keys())


def test_the_first_paint_needs_neither_numpy_nor_pandas_nor_pyqtgraph(shop: Path, tmp_path: Path) -> None:
    code = f"""
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from pathlib import Path
from ecoperf_desktop import settings
from ecoperf_desktop.ui import app as program
chosen = settings.load()
app = program.prepare([], chosen)
window = program.make_window(Path({str(shop)!r}), chosen)
heavy = []
window.painted.connect(lambda: heavy.extend(name for name in ("numpy", "pandas", "pyqtgraph", "sqlite_utils") if name in sys.modules))
window.painted.connect(app.quit)
window.show()
app.exec()
assert window._pages["overview"].summary is not None
print("heavy:", ",".join(heavy))
window.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    heavy = set(done.stdout.partition("heavy:")[2].strip().split(","))
    assert heavy == {""}, heavy


def test_the_programs_own_test_passes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ecoperf_desktop", "--self-test"],
        capture_output=True, text=True, timeout=180, cwd=Path(__file__).parents[2], env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "overview" in done.stdout
