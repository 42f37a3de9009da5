"""The dialog of what was answered about a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QLineEdit
from pytestqt.qtbot import QtBot

from ecoperf_desktop import actions, language
from ecoperf_desktop.store.answers import Answer, Changed
from ecoperf_desktop.store.clocks import Left
from ecoperf_desktop.ui.answers_dialog import AnswersDialog
from ecoperf_desktop.ui.buttons import Link
from ecoperf_desktop.ui.window import MainWindow

KNOWN = [
    Answer("shop", "currency", "EUR"), Answer("shop", "tz", "Europe/Berlin"), Answer("shop", "day_start", "00:00"),
    Answer("shop", "tax_inclusive", "true", 1_780_000_000), Answer("shop", "recognition_basis", "paid"), Answer("shop", "attribution", None),
]  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def dialog(request: pytest.FixtureRequest, qtbot: QtBot) -> AnswersDialog:
    language.set_language(request.param)
    made = AnswersDialog("shop", KNOWN)
    qtbot.addWidget(made)
    made.show()
    return made


def _press_ok(dialog: AnswersDialog) -> None:
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()


def test_everything_but_the_currency_can_be_changed(dialog: AnswersDialog) -> None:
    assert set(dialog.fields) == {"tz", "day_start", "tax_inclusive", "recognition_basis", "attribution"}
    assert dialog.changes() == [] and all(field.accessibleName() for field in dialog.fields.values())


def test_what_was_changed_is_asked_for_as_set_takes_it(dialog: AnswersDialog, qtbot: QtBot) -> None:
    basis, zone = dialog.fields["recognition_basis"], dialog.fields["tz"]
    assert isinstance(basis, QComboBox) and isinstance(zone, QLineEdit)
    basis.setCurrentIndex(basis.findData("placed"))
    zone.setText("Asia/Shanghai")
    with qtbot.waitSignal(dialog.changes_asked) as asked:
        _press_ok(dialog)
    assert asked.args == ["shop", [("tz", "Asia/Shanghai"), ("recognition_basis", "placed")]]
    assert dialog.isVisible()
    dialog.show_outcome([Changed(3), Changed(0)])
    assert not dialog.isVisible()


def test_nothing_changed_just_closes(dialog: AnswersDialog, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(dialog.changes_asked):
        _press_ok(dialog)
    assert not dialog.isVisible()


def test_files_to_import_again_are_offered_where_they_still_lie(dialog: AnswersDialog, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "here.csv").write_text("a\n")
    dialog.show_outcome([Changed(1, (Left(4, str(tmp_path / "here.csv"), "refunds", 2), Left(5, str(tmp_path / "gone.csv"), "refunds", 1)))])
    assert dialog.isVisible()
    [link] = dialog.findChildren(Link)
    with qtbot.waitSignal(dialog.import_again_asked) as asked:
        link.click()
    assert asked.args == [4]


def test_a_refusal_is_said_and_can_be_mended(dialog: AnswersDialog) -> None:
    zone = dialog.fields["tz"]
    assert isinstance(zone, QLineEdit)
    zone.setText("Mars")
    _press_ok(dialog)
    assert not dialog.buttons.isEnabled()
    dialog.show_refusal("no such zone")
    assert dialog.buttons.isEnabled() and dialog.isVisible()


def test_the_window_changes_an_answer_and_says_what_it_restated(
    qtbot: QtBot, make_window: Callable[..., MainWindow], shop: Path
) -> None:
    window = make_window(shop)
    with actions.workspace(shop) as opened:
        source = actions.answers(opened)[0].source
    window._ask_answers(source)
    qtbot.waitUntil(lambda: bool(window.findChildren(AnswersDialog)), timeout=30_000)
    [dialog] = window.findChildren(AnswersDialog)
    basis = dialog.fields["recognition_basis"]
    assert isinstance(basis, QComboBox)
    value = "placed" if basis.currentData() == "paid" else "paid"
    basis.setCurrentIndex(basis.findData(value))
    _press_ok(dialog)
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=30_000)
    assert source in window.say.text
    with actions.workspace(shop) as opened:
        kept = {one.key: one for one in actions.answers(opened) if one.source == source}
    assert kept["recognition_basis"].value == value and kept["recognition_basis"].changed_utc is not None
