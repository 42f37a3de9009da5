"""The window's tests: no screen, no unexpected word from Qt, one small workspace built once."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shop_orders import orders_csv

from ecoperf_desktop import actions, language, settings
from ecoperf_desktop.ui import app as program
from ecoperf_desktop.ui import looks, words
from ecoperf_desktop.ui.window import MainWindow

# Offscreen, Qt says this of every window.
_HARMLESS = ("This plugin does not support",)


@pytest.fixture(autouse=True)
def quiet_qt() -> Iterator[list[str]]:
    """Fail the test when Qt warns of something."""
    said: list[str] = []

    def hear(kind: QtMsgType, where: object, message: str) -> None:
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg) and not message.startswith(_HARMLESS):
            said.append(message)

    before = qInstallMessageHandler(hear)
    yield said
    qInstallMessageHandler(before)
    assert not said, said


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ECOPERF_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def with_fonts(qapp: QApplication) -> QApplication:
    looks.load_fonts()
    looks.dress(qapp, "light")
    return qapp


@pytest.fixture(autouse=True)
def dressed(with_fonts: QApplication) -> Iterator[None]:
    """Start light and in English; leave no widget behind, for each style sheet dresses all that are alive."""
    words.speak(with_fonts, "en")
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    words.speak(with_fonts, "en")
    if looks.now() is not looks.LIGHT:
        looks.dress(with_fonts, "light")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace of two months of orders, made once; copy it before use."""
    folder = tmp_path_factory.mktemp("built")
    june, july = folder / "orders_june.csv", folder / "orders_july.csv"
    june.write_text(orders_csv(1001, 30, "2026-06"), encoding="utf-8")
    july.write_text(orders_csv(2001, 26, "2026-07"), encoding="utf-8")
    path = folder / "shop.ecoperf"
    choices = actions.ImportChoices(settings=(("tz", "Europe/London"), ("currency", "GBP")))
    with actions.workspace(path, write=True) as opened:
        report = actions.apply_import(actions.plan_import([june, july], choices, opened), opened)
        assert not report.refused, report
    return path


@pytest.fixture
def shop(built: Path, tmp_path: Path) -> Path:
    target = tmp_path / "shop.ecoperf"
    shutil.copy(built, target)
    return target


@pytest.fixture
def make_window(qtbot: QtBot) -> Iterator[Callable[..., MainWindow]]:
    """Return a function that opens the window of a workspace; all of them are closed afterwards."""
    made: list[MainWindow] = []

    def make(path: Path, spoken: str = "en", appearance: str = "light") -> MainWindow:
        chosen = {**settings.load(), "language": spoken, "appearance": appearance}
        program.prepare([], chosen)
        window = program.make_window(path, chosen)
        qtbot.addWidget(window)
        made.append(window)
        window.show()
        qtbot.waitUntil(lambda: window._was_painted, timeout=20000)
        return window

    yield make
    for window in made:
        window.close()
    language.set_language("en")
