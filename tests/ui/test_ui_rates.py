"""The dialog of exchange rates."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ecoperf_desktop import actions, language
from ecoperf_desktop.model.days import parse_day
from ecoperf_desktop.store.rate_changes import RateChanged
from ecoperf_desktop.store.rates import Known, Wanted
from ecoperf_desktop.ui.rates_dialog import RatesDialog
from ecoperf_desktop.ui.window import MainWindow

DAY = parse_day("2026-05-03")


@pytest.fixture(params=["en", "zh"])
def dialog(request: pytest.FixtureRequest, qtbot: QtBot) -> RatesDialog:
    language.set_language(request.param)
    made = RatesDialog()
    qtbot.addWidget(made)
    made.show_rates(
        [Known("EUR", DAY, 7_810_000_000, None), Known("USD", DAY, 7_100_000_000, "rates.csv")], [Wanted("EUR", DAY + 9, 2, 7)], "CNY"
    )
    made.show()
    return made


def test_what_waits_fills_the_line_and_a_rate_is_asked_for(dialog: RatesDialog, qtbot: QtBot) -> None:
    dialog.wanted.topLevelItem(0).setSelected(True)
    assert (dialog.currency.text(), dialog.day.text()) == ("EUR", "2026-05-12")
    dialog.rate.setText("7,85")
    with qtbot.waitSignal(dialog.put_asked) as asked:
        dialog.put.click()
    assert asked.args == ["EUR", DAY + 9, Decimal("7.85")]
    assert not dialog.put.isEnabled()
    dialog.show_outcome(RateChanged(0, 7, ()))
    assert dialog.put.isEnabled() and "7" in dialog._outcome.text()


def test_only_a_typed_rate_can_be_removed(dialog: RatesDialog, qtbot: QtBot) -> None:
    dialog.known.topLevelItem(1).setSelected(True)
    assert not dialog.take_back.isEnabled()
    dialog.known.clearSelection()
    dialog.known.topLevelItem(0).setSelected(True)
    with qtbot.waitSignal(dialog.put_asked) as asked:
        dialog.take_back.click()
    assert asked.args == ["EUR", DAY, None]


@pytest.mark.parametrize(("day", "rate"), [("yesterday", "7"), ("2026-05-03", "dear"), ("2026-05-03", "")])
def test_what_is_no_day_or_rate_is_said_and_not_asked_for(dialog: RatesDialog, qtbot: QtBot, day: str, rate: str) -> None:
    dialog.currency.setText("EUR")
    dialog.day.setText(day)
    dialog.rate.setText(rate)
    with qtbot.assertNotEmitted(dialog.put_asked):
        dialog.put.click()
    assert dialog._outcome.text() and dialog.put.isEnabled()


def test_without_a_currency_to_report_in_nothing_can_be_typed(dialog: RatesDialog) -> None:
    dialog.show_rates([], [], None)
    assert not dialog.put.isEnabled() and not dialog.rate.isEnabled()


def test_a_rate_typed_in_the_window_is_stored(qtbot: QtBot, make_window: Callable[[Path | None], MainWindow], shop: Path) -> None:
    window = make_window(shop)
    with actions.workspace(shop) as opened:
        other = "USD" if opened.reporting_currency != "USD" else "EUR"
    window.show_rates()
    [made] = [one for one in QApplication.topLevelWidgets() if isinstance(one, RatesDialog) and one.isVisible()]
    qtbot.waitUntil(lambda: made.put.isEnabled(), timeout=20_000)
    made.currency.setText(other)
    made.day.setText("2026-05-03")
    made.rate.setText("7.5")
    made.put.click()
    qtbot.waitUntil(lambda: made.known.topLevelItemCount() == 1, timeout=20_000)
    assert made.known.topLevelItem(0).text(1) == other
    made.close()
