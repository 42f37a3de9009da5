"""The window when something is wrong with the workspace: every known fault has its sentences, and a way on."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from ecoperf_desktop import actions, cli, language, settings
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.store import mishaps, schema
from ecoperf_desktop.ui import app as program
from ecoperf_desktop.ui import crash, looks, words
from ecoperf_desktop.ui.refused import DamagedDialog, Refused
from ecoperf_desktop.ui.window import MainWindow

WAIT = 30_000
LINES = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Refunded Amount,Id"


def orders(first: int, month: str, days: int) -> str:
    rows = [LINES]
    for number, day in enumerate(range(1, days + 1), start=first):
        when = f"{month}-{day:02d} 10:15:00 +0000"
        rows.append(f"#{number},b{number % 7}@example.org,paid,{when},GBP,20.00,0.00,0.00,20.00,0.00,{when},1,Mug,20.00,MUG,0.00,,0.00,{number}")
    return "\n".join(rows) + "\n"


CHOICES = actions.ImportChoices(settings=(("tz", "Europe/London"), ("currency", "GBP")))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a workspace of one import, its backup, and a second export that was never imported."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "june.csv").write_text(orders(1001, "2026-06", 30), encoding="utf-8")
    (folder / "july.csv").write_text(orders(2001, "2026-07", 26), encoding="utf-8")
    with actions.workspace(folder / "shop.ecoperf", write=True) as opened:
        assert not actions.apply_import(actions.plan_import([folder / "june.csv"], CHOICES, opened), opened).refused
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    shutil.copytree(made, folder)
    return folder / "shop.ecoperf"


@pytest.fixture
def qt(qapp: QApplication) -> Iterator[QApplication]:
    looks.load_fonts()
    program.prepare([], settings.load())
    words.speak(qapp, "en")
    yield qapp
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    words.speak(qapp, "en")


@pytest.fixture
def make_window(qt: QApplication, qtbot: QtBot) -> Iterator[Callable[..., MainWindow]]:
    opened: list[MainWindow] = []

    def make(path: Path, spoken: str = "en") -> MainWindow:
        chosen = {**settings.load(), "language": spoken}
        program.prepare([], chosen)
        window = program.make_window(path, chosen)
        opened.append(window)
        window.show()
        qtbot.waitUntil(lambda: window._was_painted, timeout=WAIT)
        return window

    yield make
    for window in opened:
        window.close_now()
        window.deleteLater()
    language.set_language("en")


def add_july(shop: Path) -> None:
    with actions.workspace(shop, write=True) as opened:
        actions.apply_import(actions.plan_import([shop.parent / "july.csv"], CHOICES, opened), opened)


def flip_pages(shop: Path) -> None:
    """Damage the pages in the middle of the file as a failing disk would."""
    size = shop.stat().st_size
    with shop.open("r+b") as stream:
        for place in range(size // 3, size // 3 + 200 * 4096, 4096):
            stream.seek(place)
            stream.write(b"\xa5" * 512)
    shop.with_name(shop.name + ".lock").write_bytes(b"\0open")  # as after an end that was none


# ---- every known fault, produced for real


def _newer(shop: Path) -> None:
    conn = sqlite3.connect(shop, isolation_level=None)
    conn.execute("PRAGMA journal_mode=delete")
    conn.execute(f"PRAGMA user_version={schema.VERSION + 5}")
    conn.close()


def _folder(shop: Path) -> None:
    shop.unlink()
    shop.mkdir()


def _text(shop: Path) -> None:
    shop.with_name(shop.name + ".lock").unlink(missing_ok=True)
    shop.write_bytes(b"a letter to a friend, not a workspace at all. " * 40)


def _forbidden(shop: Path) -> None:
    shop.chmod(0)


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "too new": (_newer, "store.too_new"),
    "folder": (_folder, "store.is_folder"),
    "no workspace": (_text, "store.not_workspace"),
    "no permission": (_forbidden, "store.cannot_open"),
    "empty": (lambda shop: shop.write_bytes(b"") and None, "store.empty_file"),
    "damaged": (flip_pages, "store.damaged"),
}


def two_sentences(text: str, spoken: str) -> bool:
    """Return whether a text says what happened and what to do: two sentences, or one with its second half."""
    marks = "。；" if spoken == "zh" else ".;"
    return sum(1 for position, sign in enumerate(text) if sign in marks and (spoken == "zh" or not text[position + 1 : position + 2].strip())) >= 2


@pytest.mark.parametrize("spoken", ["en", "zh"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a15_a20_a_known_fault_is_said_in_two_sentences_by_command_and_window(
    qt: QApplication, shop: Path, fault: str, spoken: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    produce, code = FAULTS[fault]
    if fault == "no permission" and os.name == "posix" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    produce(shop)
    before = shop.read_bytes() if shop.is_file() and fault != "no permission" else b""
    # The command: its sentences, exit code 1, nothing of a traceback.
    assert cli.main(["--workspace", str(shop), "--lang", spoken, "imports"]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err and not said.out
    assert two_sentences(said.err, spoken), said.err
    # The window: the dialog of this fault, exit code 1 when it is left, the file untouched.
    shown: list[QDialog] = []

    def leave(dialog: QDialog) -> int:
        shown.append(dialog)
        return 0

    monkeypatch.setattr(QDialog, "exec", leave)
    chosen = {**settings.load(), "language": spoken}
    words.speak(qt, spoken)
    started = program.Program(qt, chosen)
    assert started.run(shop) == 1
    assert len(shown) == 1
    if isinstance(shown[0], DamagedDialog):
        assert code in ("store.empty_file", "store.damaged")
        QTest_wait(qt, lambda: not shown[0].is_busy)  # type: ignore[attr-defined]
    else:
        assert isinstance(shown[0], Refused)
        assert two_sentences(shown[0].text.text(), spoken), shown[0].text.text()
        assert not before or shop.read_bytes() == before
    shown[0].deleteLater()


def QTest_wait(qt: QApplication, until: Callable[[], bool]) -> None:
    import time

    end = time.monotonic() + 30
    while not until():
        assert time.monotonic() < end
        qt.processEvents()
        time.sleep(0.01)


@pytest.mark.parametrize("spoken", ["en", "zh"])
@pytest.mark.parametrize("name", sorted({code for code in mishaps._CODES.values()}))
def test_what_the_system_refuses_is_said_in_two_sentences(name: str, spoken: str) -> None:
    assert two_sentences(sentence(name, spoken, path="/here/shop.ecoperf"), spoken)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full here")
def test_a9_a_full_disk_is_known_wherever_it_is_met() -> None:
    with pytest.raises(OSError) as met, Path("/dev/full").open("w") as stream:
        stream.write("x" * 100_000)
    known = mishaps.known(met.value, Path("report.pdf"))
    assert known is not None and known.code == "system.disk_full" and "report.pdf" in str(known)


def test_errors_that_nobody_foresaw_are_no_known_faults() -> None:
    for problem in (ValueError("x"), KeyError("x"), OSError(errno.ENOEXEC, "strange"), sqlite3.IntegrityError("broken rule"), RecursionError()):
        assert mishaps.known(problem) is None
    assert isinstance(mishaps.known(FileNotFoundError(errno.ENOENT, "gone", "a.csv")), EcoPerfError)


def test_a_bug_shows_the_dialog_with_the_log_and_the_window_goes_on(make_window: Callable[..., MainWindow], qtbot: QtBot, shop: Path) -> None:
    from ecoperf_desktop.ui.crash_dialog import CrashDialog

    window = make_window(shop)
    told: list[BaseException] = []
    window.reader.ask("bug", lambda opened: 1 // 0, lambda _: None, told.append)
    qtbot.waitUntil(lambda: bool(window.findChildren(CrashDialog)), timeout=WAIT)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    assert str(crash.paths.log_dir()) in crash.words_of(told[0])
    window.findChildren(CrashDialog)[0].accept()
    answered: list[int] = []
    window.reader.ask("after", lambda opened: opened.generation, answered.append, told.append)
    qtbot.waitUntil(lambda: bool(answered), timeout=WAIT)


# ---- damaged at the start


def look(qtbot: QtBot, shop: Path) -> DamagedDialog:
    dialog = DamagedDialog(shop)
    qtbot.addWidget(dialog)
    dialog.look()
    dialog.show()
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=WAIT)
    return dialog


def test_a20_a_damaged_workspace_offers_the_newest_backup_and_names_what_it_lacks(qt: QApplication, qtbot: QtBot, shop: Path) -> None:
    with actions.workspace(shop, write=True) as opened:
        actions.back_up(opened)
    add_july(shop)
    newest = actions.backups(shop)[0]
    flip_pages(shop)
    damaged = shop.read_bytes()
    dialog = look(qtbot, shop)
    found = dialog.found
    assert found is not None and found.moved and not shop.exists()
    assert found.kept[0].read_bytes() == damaged, "the damaged file is kept to the byte"
    assert found.newest_backup is not None and found.newest_backup.path == newest.path
    dialog.restore.click()
    qtbot.waitUntil(lambda: not dialog.is_busy and not dialog.go_on.isHidden(), timeout=WAIT)
    with actions.workspace(shop) as opened:
        assert [entry.file for entry in actions.ledger(opened)] == ["june.csv"]
        assert actions.check(opened).sound
    if found.ledger_read:
        assert [one.file for one in found.lost] == ["july.csv"]
        assert not dialog.again.isHidden()
        dialog.again.click()
        assert dialog.files == (shop.parent / "july.csv",)
    else:
        dialog.go_on.click()
    assert dialog.other == shop


def test_a20_without_a_backup_what_can_be_read_is_saved(qt: QApplication, qtbot: QtBot, shop: Path) -> None:
    flip_pages(shop)
    dialog = look(qtbot, shop)
    found = dialog.found
    assert found is not None and found.newest_backup is None and dialog.restore.isHidden()
    assert dialog.salvage.isEnabled() == found.salvageable
    if found.salvageable:
        dialog.salvage.click()
        qtbot.waitUntil(lambda: not dialog.is_busy, timeout=WAIT)
        assert dialog.said or shop.exists()


def test_a20_an_empty_file_never_becomes_a_new_workspace(qt: QApplication, qtbot: QtBot, shop: Path) -> None:
    with actions.workspace(shop, write=True) as opened:
        actions.back_up(opened)
    shop.write_bytes(b"")
    dialog = look(qtbot, shop)
    assert dialog.found is not None and dialog.found.newest_backup is not None
    assert not shop.exists(), "nothing was put in its place unasked"


# ---- restore in the running window


def test_a_restore_in_the_running_window_shows_everywhere_and_can_be_undone(make_window: Callable[..., MainWindow], qtbot: QtBot, shop: Path) -> None:
    with actions.workspace(shop, write=True) as opened:
        copy = actions.back_up(opened)
    add_july(shop)
    window = make_window(shop)
    assert window.scope is not None and window.scope.label == "2026-W30"
    window.show_backups()
    dialog = window.errands.backups_dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: bool(dialog._copies), timeout=WAIT)
    item = next(dialog.listed.topLevelItem(row) for row in range(dialog.listed.topLevelItemCount()) if dialog.listed.topLevelItem(row).data(0, Qt.ItemDataRole.UserRole) == str(copy.path))
    dialog.listed.setCurrentItem(item)
    dialog.restore.click()
    assert dialog.question.isVisible()
    dialog.yes.click()
    qtbot.waitUntil(lambda: window.standing.through is not None and window.scope is not None and window.scope.label == "2026-W26", timeout=WAIT)
    assert window.say.links, window.say.text
    window.go("data")
    qtbot.waitUntil(lambda: window._data is not None and [entry.file for entry in window._data._shown.entries] == ["june.csv"], timeout=WAIT)
    # The restored workspace can be written: the writer has it again.
    window.say.links[0].click()
    qtbot.waitUntil(lambda: window._data is not None and [entry.file for entry in window._data._shown.entries] == ["june.csv", "july.csv"], timeout=WAIT)
    assert not window.writer.is_busy


def test_backups_are_made_kept_and_checked_in_their_dialog(make_window: Callable[..., MainWindow], qtbot: QtBot, shop: Path) -> None:
    window = make_window(shop)
    window.show_backups()
    dialog = window.errands.backups_dialog
    assert dialog is not None
    before = len(actions.backups(shop))
    dialog.now.click()
    qtbot.waitUntil(lambda: len(dialog._copies) == before + 1, timeout=WAIT)
    dialog.listed.setCurrentItem(dialog.listed.topLevelItem(0))
    qtbot.waitUntil(dialog.pin.isEnabled, timeout=WAIT)
    dialog.pin.click()
    qtbot.waitUntil(lambda: dialog._copies[0].pinned, timeout=WAIT)
    with dialog._copies[0].path.open("r+b") as stream:
        stream.seek(20_000)
        stream.write(b"\xa5" * 4096)
    dialog.check.click()
    qtbot.waitUntil(lambda: sentence("saving.checked_damaged") in dialog.listed.topLevelItem(0).text(5), timeout=WAIT)


# ---- read only


def test_a14_where_nothing_can_be_written_everything_that_writes_is_grey_and_says_why(
    make_window: Callable[..., MainWindow], qtbot: QtBot, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the answer of the system is given instead.
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: False if mode == os.W_OK and str(shop.parent) in str(path) else real(path, mode, **more))
    window = make_window(shop)
    qtbot.waitUntil(lambda: bool(window.cannot_write), timeout=WAIT)
    short = sentence("ui.read_only_short")
    assert short in window.windowTitle() and short in window.status.text
    writing = [(command, action) for command, action in window.menus.commands if command.writes]
    assert len(writing) >= 4
    for command, action in writing:
        assert not action.isEnabled(), command.code
        assert str(shop) in action.toolTip()
    assert not window.bar.importing.isEnabled() and str(shop) in window.bar.importing.toolTip()
    window.show_rates()
    from ecoperf_desktop.ui.rates_dialog import RatesDialog

    rates = window.findChildren(RatesDialog)[0]
    qtbot.wait(200)
    rates.put.setEnabled(True)
    assert not rates.put.isEnabled()
    window.errands.import_files([shop.parent / "july.csv"])
    assert window.say.text == window.cannot_write
    window.set_language("zh")
    assert sentence("ui.read_only_short", "zh") in window.windowTitle()


def test_b4_a_workspace_of_another_window_is_read_and_written_once_it_is_free(make_window: Callable[..., MainWindow], qtbot: QtBot, shop: Path) -> None:
    held = actions.open_workspace(shop, write=True)
    try:
        window = make_window(shop)
        qtbot.waitUntil(lambda: window.cannot_write == sentence("ui.in_use"), timeout=WAIT)
        assert not window.menus.action("ui.import_files_menu").isEnabled()
    finally:
        held.close()
    window.say.links[0].click()
    qtbot.waitUntil(lambda: not window.cannot_write, timeout=WAIT)
    assert window.menus.action("ui.import_files_menu").isEnabled() and window.bar.importing.isEnabled()


# ---- the guide, and what charts leave behind


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_the_guide_is_found_by_words_and_shows_the_real_places(qt: QApplication, qtbot: QtBot, shop: Path, spoken: str) -> None:
    from ecoperf_desktop import guide
    from ecoperf_desktop.ui.guide import GuideWindow

    language.set_language(spoken)
    window = GuideWindow(shop)
    qtbot.addWidget(window)
    window.open_at()
    assert len(window.listed) >= 12
    told = guide.sections(shop)
    assert all(str(guide.place(name, shop)) in {part.text for section in told for part in section.parts} for name in guide.PLACES)
    assert not any("{" in part.text for section in told for part in section.parts), "every command's name is filled in"
    window.search.setText("BitLocker")
    assert len(window.listed) == 1
    window.search.setText("zzzz")
    assert not window.listed
    language.set_language("en")


def test_both_guides_have_the_same_sections_of_the_same_parts(shop: Path) -> None:
    from ecoperf_desktop import guide

    english, chinese = guide.sections(shop, "en"), guide.sections(shop, "zh")
    shapes = [[[part.kind for part in section.parts] for section in told] for told in (english, chinese)]
    assert shapes[0] == shapes[1]


def test_a_dropped_page_leaves_no_menus_of_its_charts(make_window: Callable[..., MainWindow], qtbot: QtBot, shop: Path) -> None:
    from PySide6.QtWidgets import QMenu

    def menus() -> int:
        qtbot.wait(20)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return sum(1 for widget in QApplication.allWidgets() if isinstance(widget, QMenu))

    window = make_window(shop)
    window._pages["overview"].fill_charts()
    before = menus()
    window.go("sales")
    qtbot.waitUntil(lambda: window.page_is_shown("sales"), timeout=WAIT)
    window._pages["sales"].fill_charts()
    qtbot.wait(100)
    drawn = menus()
    assert drawn > before, "nothing was plotted: the test shows nothing"
    page = window._pages.pop("sales")
    window.stack.removeWidget(page)
    page.deleteLater()
    assert menus() <= before


if sys.platform == "win32":  # pragma: no cover
    pytestmark = pytest.mark.skip(reason="files are damaged here as other systems let one")
