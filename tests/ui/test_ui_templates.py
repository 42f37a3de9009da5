"""The menu's templates: written where the person says, and said where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ecoperf_desktop.importing.templates import templates
from ecoperf_desktop.ui.window import MainWindow


def test_the_menu_writes_the_templates_into_a_chosen_folder(
    make_window: Callable[..., MainWindow], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(tmp_path / "a.ecoperf")
    folder = tmp_path / "to fill in"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *asked: str(folder))
    window.menus.action("ui.write_templates").trigger()
    qtbot.waitUntil(lambda: len(list(folder.iterdir())) == 2 * len(templates()), timeout=20_000)
    assert (folder / "purchase orders.xlsx").exists()
    assert (folder / "purchase orders.csv").exists()


def test_a_folder_nobody_chose_is_not_written(
    make_window: Callable[..., MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(tmp_path / "a.ecoperf")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *asked: "")
    before = set(tmp_path.rglob("*.xlsx"))
    window.menus.action("ui.write_templates").trigger()
    assert set(tmp_path.rglob("*.xlsx")) == before
