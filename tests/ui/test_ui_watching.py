"""A watched folder in the window: what is offered, what is imported, what stays quiet; and the Data tab's doubts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shop_orders import orders_csv

from ecoperf_desktop import paths, settings
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.quality import Doubt, Mend
from ecoperf_desktop.reports.make.quality import tell
from ecoperf_desktop.ui.data_days import strips
from ecoperf_desktop.ui.preferences import Preferences
from ecoperf_desktop.ui.watching import FolderWatch, Watching
from ecoperf_desktop.ui.window import MainWindow

Make = Callable[..., MainWindow]
WAIT = 30_000


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "Downloads"
    folder.mkdir()
    (folder / "old.csv").write_text(orders_csv(500, 3, "2026-05"), encoding="utf-8")
    return folder


def watching(window: MainWindow, folder: Path, *, imports: bool = False) -> Watching:
    made = Watching(window.writer, window.errands, window.offer, lambda: imports, window, FolderWatch(poll=0.1, quiet=0.1))
    made.follow(str(folder))
    memory = paths.data_dir() / "watched.json"
    while not memory.exists():  # what is written before the first look would be old
        QApplication.processEvents()
    return made


def ledger_files(qtbot: QtBot, window: MainWindow) -> list[str]:
    window.go("data")
    qtbot.waitUntil(lambda: window._data is not None and bool(window._data._shown.entries), timeout=WAIT)
    assert window._data is not None
    return [entry.file for entry in window._data._shown.entries]


def test_a_new_export_is_offered_and_imported_when_asked(qtbot: QtBot, make_window: Make, shop: Path, downloads: Path) -> None:
    window = make_window(shop)
    made = watching(window, downloads)
    (downloads / "orders_august.csv").write_text(orders_csv(3001, 5, "2026-08"), encoding="utf-8")
    qtbot.waitUntil(window.offer.isVisible, timeout=WAIT)
    assert "orders_august.csv" in window.offer.text and "old.csv" not in window.offer.text
    assert made.offered is not None and [path.name for path in made.offered.ready] == ["orders_august.csv"]
    look, take, leave = (link.text() for link in window.offer.links)
    assert (look, take, leave) == (sentence("watching.look"), sentence("watching.import"), sentence("watching.not_these"))
    window.offer.links[1].click()
    qtbot.waitUntil(lambda: window.say.isVisible() and "15" in window.say.text, timeout=WAIT)
    assert not window.offer.isVisible()
    assert "orders_august.csv" in ledger_files(qtbot, window)


def test_what_is_declined_or_unknown_is_offered_once(qtbot: QtBot, make_window: Make, shop: Path, downloads: Path) -> None:
    window = make_window(shop)
    made = watching(window, downloads)
    (downloads / "shopping list.csv").write_text("thing,shelf\nsoap,3\nrice,4\n", encoding="utf-8")
    qtbot.waitUntil(window.offer.isVisible, timeout=WAIT)
    assert made.offered is not None and made.offered.unknown and not made.offered.ready
    assert [link.text() for link in window.offer.links] == [sentence("watching.look"), sentence("watching.not_these")]
    window.offer.links[-1].click()
    qtbot.wait(500)
    assert not window.offer.isVisible() and made.offered is None


def test_bytes_that_are_imported_already_are_no_news(qtbot: QtBot, make_window: Make, shop: Path, downloads: Path, built: Path) -> None:
    window = make_window(shop)
    made = watching(window, downloads)
    seen: list[list[Path]] = []
    made.watch.found.connect(seen.append)
    shutil.copy(built.parent / "orders_june.csv", downloads / "orders_june (1).csv")
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT)
    qtbot.waitUntil(lambda: not made._is_sorting and not made._waiting, timeout=WAIT)
    assert not window.offer.isVisible()


def test_who_chose_so_has_known_exports_imported_at_once(qtbot: QtBot, make_window: Make, shop: Path, downloads: Path) -> None:
    window = make_window(shop)
    watching(window, downloads, imports=True)
    (downloads / "orders_august.csv").write_text(orders_csv(3001, 5, "2026-08"), encoding="utf-8")
    qtbot.waitUntil(lambda: window.say.isVisible() and "15" in window.say.text, timeout=WAIT)
    assert not window.offer.isVisible()


def test_the_watch_lives_through_a_folder_that_goes_and_comes_back(qtbot: QtBot, make_window: Make, shop: Path, downloads: Path) -> None:
    window = make_window(shop)
    made = watching(window, downloads)
    away = downloads.rename(downloads.with_name("away"))
    qtbot.wait(300)
    away.rename(downloads)
    (downloads / "orders_august.csv").write_text(orders_csv(3001, 5, "2026-08"), encoding="utf-8")
    qtbot.waitUntil(lambda: made.offered is not None, timeout=WAIT)
    assert [path.name for path in made.offered.offered] == ["orders_august.csv"]  # type: ignore[union-attr]


def test_the_preferences_name_the_folder_and_can_stop_watching(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = Preferences({**settings.load(), "watched_folder": str(tmp_path), "watch": "import"})
    qtbot.addWidget(dialog)
    assert (dialog.chosen()["watched_folder"], dialog.chosen()["watch"]) == (str(tmp_path), "import")
    dialog._folders["watched_folder"]._stop.click()
    assert dialog.chosen()["watched_folder"] == ""


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_the_data_tab_shows_doubts_with_links_that_mend_them(qtbot: QtBot, make_window: Make, shop: Path, spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    window = make_window(shop, spoken)
    ledger_files(qtbot, window)
    view = window._data
    assert view is not None and view.doubts.rows
    kinds = {row.told.doubt.kind for row in view.doubts.rows}
    assert "no_cost" in kinds
    asked: list[Mend] = []
    view.mend_asked.connect(asked.append)
    monkeypatch.setattr(window.errands, "_table_name", lambda stem: shop.with_name("list.xlsx"))
    row = next(row for row in view.doubts.rows if row.told.doubt.kind == "no_cost")
    row.links[0].click()
    assert [mend.kind for mend in asked] == ["costs"]
    qtbot.waitUntil(shop.with_name("list.xlsx").exists, timeout=WAIT)
    assert strips(view._shown.sources)[0].ranges


def test_the_doubts_of_a_newly_opened_window_stand_on_its_tab(qtbot: QtBot, make_window: Make, shop: Path) -> None:
    window = make_window(shop)
    qtbot.waitUntil(lambda: window.tabs._counts.get("data", 0) > 0, timeout=WAIT)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_doubt_has_its_words(language: str) -> None:
    from typing import get_args

    from ecoperf_desktop.model.quality import DoubtKind

    for kind in get_args(DoubtKind):
        told = tell(Doubt(kind, "look", 2, "shop", {"n": 2}), language, "EUR")
        assert not told.title.startswith("quality.") and not told.text.startswith("quality."), kind
