"""Text from data is shown as it stands: on every page, in every dialog, on paper and in every file that is written."""

from __future__ import annotations

import contextlib
import json
import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pyqtgraph as pg
import pytest
from hostile_texts import SENTINEL, Opened, payloads, planted_shop, watched
from PySide6.QtCore import QAbstractListModel, QCoreApplication, QEvent, QMimeData, QModelIndex, Qt, QUrl
from PySide6.QtGui import QAction
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QGraphicsTextItem,
    QLabel,
    QLineEdit,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ecoperf_desktop import actions, cli, language, plain, settings
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.reports.blocks import Reference, Scope, Table, TextCell
from ecoperf_desktop.reports.pages import PAGES as REPORTED
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.ui import app as program
from ecoperf_desktop.ui import looks, saving
from ecoperf_desktop.ui.tabs import PAGES
from ecoperf_desktop.ui.texts import Label, for_title, tip
from ecoperf_desktop.ui.window import MainWindow

WAIT = 60_000


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trap")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, trap: Path) -> Path:
    return planted_shop(tmp_path_factory.mktemp("planted") / "shop.ecoperf", trap)


@pytest.fixture
def shop(planted: Path, tmp_path: Path) -> Path:
    name = tmp_path / "<img src=x> & [*].ecoperf"
    shutil.copy(planted, name)
    return name


@pytest.fixture
def sentinel(trap: Path, qapp: QApplication) -> Iterator[Opened]:
    """Fail the test when anything opens the picture that the payloads name."""
    with watched(trap) as opened:
        if opened is None:
            pytest.skip("which files are opened is told by Linux only")
        opened.names()
        yield opened
        assert SENTINEL not in opened.names()


@pytest.fixture
def window(qtbot: QtBot, shop: Path, qapp: QApplication) -> Iterator[MainWindow]:
    chosen = {**settings.load(), "language": "en", "appearance": "light"}
    looks.load_fonts()
    program.prepare([], chosen)
    made = program.make_window(shop, chosen)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made._was_painted, timeout=WAIT)
    yield made
    made.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class _Elements(HTMLParser):
    """What elements and attributes a page has, and its words."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[tuple[str, frozenset[str]]] = set()
        self.words: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add((tag, frozenset(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _tip_is_plain(text: str) -> bool:
    """Return whether Qt shows no more of a tip's markup than one paragraph."""
    return not GuiQt.mightBeRichText(text) or {tag for tag, _ in _Elements(text).elements} <= {"p"}


def _one_line(text: str) -> bool:
    return plain.one_line(text) == text


def check_widgets(root: QWidget, widest: int) -> int:
    """Assert that no widget below ``root`` reads its text as markup; return how many texts were looked at."""
    seen = 0
    # pyqtgraph makes a form of options for each plot, with words of its own.
    plot = pg.PlotItem()
    plotters = {part.text() for part in vars(plot.ctrl).values() if isinstance(part, QLabel)}
    for widget in (root, *root.findChildren(QWidget)):
        assert _tip_is_plain(widget.toolTip()), widget.toolTip()[:200]
        assert _one_line(widget.windowTitle())
        if isinstance(widget, QLabel) and widget.text() and widget.text() not in plotters:
            assert widget.textFormat() is Qt.TextFormat.PlainText, (type(widget), widget.text()[:80])
            assert plain.lines(widget.text()) == widget.text()
            seen += 1
        assert not isinstance(widget, QTextEdit)
        if isinstance(widget, pg.GraphicsView):
            for drawn in widget.scene().items():
                if isinstance(drawn, QGraphicsTextItem):
                    document = drawn.toHtml()
                    assert "<img" not in document and "<b>" not in document
                    assert not drawn.document().resource(2, QUrl("x"))
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            model = widget.model()
            for row in range(min(model.rowCount(QModelIndex()), 60)):
                for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount(QModelIndex())):
                    told = model.index(row, column, QModelIndex()).data(Qt.ItemDataRole.ToolTipRole)
                    assert told is None or _tip_is_plain(str(told)), told
                    seen += 1
            # The delegates that paint: ours, and Qt's own, which lay text out plainly.
            delegate = widget.itemDelegate()
            assert delegate is None or delegate.metaObject().className() in _DELEGATES, delegate.metaObject().className()
    for action in root.findChildren(QAction):
        assert "\t" not in action.text() and _one_line(action.text())
    assert root.minimumSizeHint().width() <= widest, "a long name makes the window wider than a screen"
    return seen


_DELEGATES = {"CellDelegate", "QStyledItemDelegate", "QComboBoxDelegate", "QItemDelegate", "QComboMenuDelegate"}


def test_d7_the_watch_sees_a_label_that_guesses_open_the_picture(trap: Path, qtbot: QtBot) -> None:
    with watched(trap) as opened:
        if opened is None:
            pytest.skip("which files are opened is told by Linux only")
        opened.names()
        label = QLabel(payloads(trap)[1].split(" onerror")[0] + ">")
        qtbot.addWidget(label)
        label.show()
        label.grab()
        assert SENTINEL in opened.names(), "the control must trip the wire"
        ours = Label(payloads(trap)[0])
        qtbot.addWidget(ours)
        ours.setToolTip(tip(payloads(trap)[0]))
        ours.show()
        ours.grab()
        assert SENTINEL not in opened.names()


def test_d7_d23_every_page_shows_names_from_data_as_they_stand(qtbot: QtBot, window: MainWindow, sentinel: Opened) -> None:
    seen = 0
    for page in PAGES:
        window.go(page)
        if page == "data":
            qtbot.waitUntil(lambda: window._data is not None and bool(window._data.ledger.rows), timeout=WAIT)
        else:
            qtbot.waitUntil(lambda page=page: page in window._pages and window._pages[page].summary is not None, timeout=WAIT)
            window._pages[page].fill_charts()
        QApplication.processEvents()
        window.grab()
        seen += check_widgets(window, 1366)
    assert seen > 300
    assert not window.say.isVisible(), window.say.text


def test_d7_an_explanation_and_the_dialogs_show_names_as_they_stand(qtbot: QtBot, window: MainWindow, sentinel: Opened) -> None:
    assert window.scope is not None
    window.explain(Reference("net_sales", window.scope.period, (("shop", window.standing.shops[0]),)))
    panel = window._explain_panel()
    qtbot.waitUntil(lambda: panel.shown is not None, timeout=WAIT)
    assert panel.shown is not None and panel.shown.explanation.rows
    window.grab()
    assert check_widgets(panel, 600) > 10

    def dialog(kind: str) -> QWidget:
        found: list[QWidget] = []

        def there() -> bool:
            found[:] = [one for one in QApplication.topLevelWidgets() if type(one).__name__ == kind and one.isVisible()]
            return bool(found)

        qtbot.waitUntil(there, timeout=WAIT // 4)
        return found[0]

    source = actions_sources(window)[0]
    for kind, show in (
        ("AnswersDialog", lambda: window._ask_answers(source)), ("RatesDialog", window.show_rates), ("EventsDialog", window.show_events),
        ("CatalogueWindow", lambda: window.open_catalogue("hostile_own")), ("Finder", window.open_finder),
    ):  # fmt: skip
        show()
        shown = dialog(kind)
        shown.grab()
        check_widgets(shown, 1366)
        if kind == "CatalogueWindow":
            own = shown._own["hostile_own"]  # type: ignore[attr-defined]
            shown.write(own)  # type: ignore[attr-defined]
            writing = dialog("OwnMetricDialog")
            writing.grab()
            check_widgets(writing, 1366)
            writing.close()
        shown.close()


def actions_sources(window: MainWindow) -> list[str]:
    with actions.workspace(window.path) as opened:
        return actions.sources(opened)


def test_d7_the_import_preview_and_the_mapping_show_files_and_headers_as_they_stand(
    qtbot: QtBot, window: MainWindow, sentinel: Opened, trap: Path, tmp_path: Path
) -> None:
    names = payloads(trap)
    headers = ["Order", "Date", "Amount", "<img src=x>", "{0}", "=1+1", "A&B\tC"]
    row = ["1", "2026-08-01", "5.00", *names[:4]]
    name = "<img src='x'> [*] & ‮evil {0} %s.csv"
    file = tmp_path / (name if os.name != "nt" else "{0} & [_].csv")
    lines = [",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells) for cells in (headers, row, row)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    window.errands.import_files([file])
    qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
    preview = window.errands.import_dialog
    assert preview is not None
    preview.grab()
    check_widgets(preview, 1366)
    window.errands._describe(preview.plan.files[0], actions.ImportChoices())
    qtbot.waitUntil(lambda: window.errands.mapping_dialog is not None, timeout=WAIT)
    mapping = window.errands.mapping_dialog
    assert mapping is not None
    mapping.grab()
    check_widgets(mapping, 1600)
    assert _one_line(mapping.windowTitle()) and "<img" in mapping.windowTitle()
    mapping.close()
    preview.close()


def scope_of(opened: object) -> Scope:
    return Scope.of(actions.last_week(opened), Grain.WEEK, language="en")  # type: ignore[arg-type]


def test_d7_no_name_becomes_an_element_of_the_page_that_is_written(planted: Path, tmp_path: Path, trap: Path) -> None:
    import little_shop

    plain_shop = tmp_path / "plain.ecoperf"
    little_shop.write(plain_shop).close()
    made = {}
    for kind, path in (("plain", plain_shop), ("planted", planted)):
        target = tmp_path / f"{kind}.html"
        with actions.workspace(path) as opened:
            actions.report(opened, scope_of(opened), [*REPORTED], target)
        made[kind] = _Elements(target.read_text(encoding="utf-8"))
    assert made["planted"].elements <= made["plain"].elements
    words = "".join(made["planted"].words)
    for name in ("<b>bold</b>", "<script>alert(1)</script>", "{page} {0.__class__} %s", "&amp; &lt;b&gt; &#x41; A&B"):
        assert name in words, name
    assert not set("\x1b\x07\x9b\u202e\u2066") & set(words)


def test_d7_paper_text_and_json_hold_names_as_they_stand(planted: Path, tmp_path: Path, sentinel: Opened) -> None:
    from pypdf import PdfReader

    with actions.workspace(planted) as opened:
        for form in ("pdf", "txt", "json"):
            actions.report(opened, scope_of(opened), ["overview", "sales", "marketing", "supply"], tmp_path / f"week.{form}")
    printed = "".join(page.extract_text() for page in PdfReader(tmp_path / "week.pdf").pages)
    squeezed = "".join(printed.split())
    assert sum(name in squeezed for name in ("<script>", "<b>bold", "=HYPERLINK(", "<imgsrc=", "{page}", "&amp;")) >= 3, squeezed[:500]
    content = (tmp_path / "week.pdf").read_bytes()
    assert b"/JavaScript" not in content and b"/URI" not in content and b"/Launch" not in content and b"/EmbeddedFile" not in content
    text = (tmp_path / "week.txt").read_text(encoding="utf-8")
    assert "<b>bold</b>" in text and all(sign == "\n" or plain.one_line(sign) == sign for sign in set(text))
    document = (tmp_path / "week.json").read_text(encoding="utf-8")
    assert not set("\x1b\x07\x9b\u202e\u2066\u2028\x7f") & set(document)
    assert json.loads(plain.in_json(json.dumps(payloads(tmp_path), ensure_ascii=False))) == payloads(tmp_path)


@pytest.mark.parametrize("command", [
    ["value", "net_sales", "--period", "last", "--per", "shop"], ["value", "net_sales", "--period", "last", "--per", "channel"],
    ["explain", "net_sales", "--period", "last"], ["imports"], ["sources"], ["check", "--quality"], ["metrics", "show", "hostile_own"],
    ["metrics", "list"], ["report", "--period", "last", "--page", "sales"], ["restated"], ["events"],
])  # fmt: skip
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_d7_nothing_in_data_steers_a_terminal(planted: Path, command: list[str], as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if as_json and command[0] == "report":
        command = [*command[:3]]
    with contextlib.suppress(SystemExit):
        cli.main(["--workspace", str(planted), *command, *(["--json"] if as_json else [])])
    said = capsys.readouterr()
    for stream in (said.out, said.err):
        assert all(sign == "\n" or plain.one_line(sign) == sign for sign in set(stream))
    assert "TOTAL\t" not in said.out and not any(line.startswith("TOTAL") for line in said.out.splitlines())
    if as_json and command[0] != "report":
        json.loads(said.out)


def test_d7_a_refusal_names_a_file_whose_name_steers_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if os.name == "nt":
        pytest.skip("Windows takes no such names")
    file = tmp_path / "\x1b[2Jx\n1 file imported\u202e.csv"
    file.write_bytes(b"\x00\x01\x02")
    assert cli.main(["import", str(file)]) == 1
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err and "\u202e" not in said.out + said.err
    assert not any(line.startswith("1 file imported") for line in (said.out + said.err).splitlines())


def test_d7_tables_show_and_pictures_draw_names_as_they_stand(planted: Path, tmp_path: Path, sentinel: Opened, qapp: QApplication) -> None:
    """A chart's picture has the names as words: SVG elements are the drawing's own."""
    looks.load_fonts()
    with actions.workspace(planted) as opened:
        summary = actions.summary(opened, "marketing", scope_of(opened))
    from ecoperf_desktop.reports.blocks import Chart

    charts = [block for block in summary.blocks if isinstance(block, Chart)]
    assert charts
    for number, chart in enumerate(charts):
        target = tmp_path / f"{number}.svg"
        saving.save_picture(chart, target)
        elements = _Elements(target.read_text(encoding="utf-8")).elements
        assert not {tag for tag, _ in elements} & {"script", "img", "image", "foreignobject", "a", "style", "b", "body"}
    tables = [table_of(block) for block in summary.blocks if isinstance(block, Table)]
    assert any("<" in cell.text for table in tables for row in table.rows for cell in row.cells if isinstance(cell, TextCell))


def test_d7_titles_tips_and_menus_take_any_text(qtbot: QtBot, trap: Path) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    for name in payloads(trap):
        widget.setWindowTitle(for_title(name))
        assert _one_line(widget.windowTitle())
        assert _tip_is_plain(tip(name))
        assert len(tip("<" * 40_000)) < 10_000
        told = language.sentence("reading.empty", None, file=name)
        assert _one_line(told) and plain.one_line(name) in told


def test_d22_a_field_takes_no_more_of_the_clipboard_than_it_can_work_with(qtbot: QtBot, window: MainWindow) -> None:
    QApplication.clipboard().setText("x" * 50_000_000)
    for field in window.findChildren(QLineEdit):
        field.paste()
        assert len(field.text()) <= 32_767
        field.clear()
    QApplication.clipboard().clear()


def dropped(mime: QMimeData, window: MainWindow) -> bool:
    """Return whether the window takes what is dragged over it."""
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QDragEnterEvent

    event = QDragEnterEvent(QPoint(10, 10), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    event.setAccepted(False)
    window.dragEnterEvent(event)
    window._drop_frame.hide()
    return event.isAccepted()


def _mime(fill: Callable[[QMimeData], object]) -> QMimeData:
    mime = QMimeData()
    fill(mime)
    return mime


def test_d22_what_is_no_file_is_not_taken_when_dropped(window: MainWindow, sentinel: Opened, trap: Path, tmp_path: Path) -> None:
    from PySide6.QtGui import QImage

    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    for fill in (
        lambda mime: mime.setUrls([QUrl("https://host.invalid/orders.csv"), QUrl("ftp://host.invalid/x"), QUrl("data:text/csv,a")]),
        lambda mime: mime.setHtml(f"<table><tr><td>{payloads(trap)[0]}</td></tr></table>"),
        lambda mime: mime.setImageData(picture),
        lambda mime: mime.setText("x" * 50_000_000),
        lambda mime: mime.setText(f"file://{trap / SENTINEL}"),
    ):
        assert not dropped(_mime(fill), window)
    assert dropped(_mime(lambda mime: mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])), window)


def test_d22_a_hundred_files_and_a_folder_are_listed_before_anything_is_stored(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100):
        (folder / f"orders {number}.csv").write_text(f"a,b\n{number},<b>\n", encoding="utf-8")
    before = window.path.read_bytes()[:4096]
    for files in (sorted(folder.iterdir()), [folder]):
        window.errands.import_files(files)
        qtbot.waitUntil(lambda: window.errands.import_dialog is not None, timeout=WAIT)
        preview = window.errands.import_dialog
        assert preview is not None and len({file.path for file in preview.plan.files if file.path.suffix}) == 100
        preview.close()
        qtbot.waitUntil(lambda: window.errands.import_dialog is None, timeout=WAIT)
    assert window.path.read_bytes()[:4096] == before


def test_d11_hostile_settings_and_geometry_give_a_usual_window(qtbot: QtBot, tmp_path: Path, qapp: QApplication) -> None:
    from ecoperf_desktop import paths
    from ecoperf_desktop.ui.remembered import window_settings

    folder = paths.data_dir()
    for content in (
        b"[General]\ngeometry=@ByteArray(\x01\xd9\xd0\xcb" + b"\xff" * 60 + b")\n", b"[General]\ngeometry=<b>\ntables/x=a b c d\n",
        b"[General]\ngeometry=@Variant(\\0\\0\\0\\x41\\xff\\xff\\xff\\xff)\n", b"\0" * 5000, b"[General]\ngeometry=@Rect(-99999 -99999 1 1)\n",
    ):
        (folder / "window.ini").write_bytes(content)
        assert window_settings() is not None
        program.prepare([], settings.load())
        made = MainWindow(tmp_path / "new.ecoperf")
        qtbot.addWidget(made)
        made.show()
        QApplication.processEvents()
        assert made.width() >= 800 and made.height() >= 600
        assert made.screen().availableGeometry().intersects(made.frameGeometry())
        made.close()
