"""Calendars and events in the window: periods of the financial year, comparisons round events, and their dialogs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import qimu
from PySide6.QtCore import QDate
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ecoperf_desktop import actions, language, settings
from ecoperf_desktop.model.calendars import CIVIL, Calendar
from ecoperf_desktop.model.days import Grain, iso, parse_day
from ecoperf_desktop.store.events import Event, shipped
from ecoperf_desktop.ui.events_dialog import Change, EventsDialog
from ecoperf_desktop.ui.period_popup import PeriodPopup
from ecoperf_desktop.ui.periods import read_period
from ecoperf_desktop.ui.preferences import Preferences
from ecoperf_desktop.ui.toolbar import COMPARISONS, ToolBar
from ecoperf_desktop.ui.window import MainWindow

RETAIL = Calendar(7, 2, "454")


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(("text", "label"), [("fy2026-p03", "FY2026-P03"), ("FY2026-Q2", "FY2026-Q2"), (" FY2026 ", "FY2026")])
def test_periods_of_the_financial_year_can_be_typed(text: str, label: str) -> None:
    found = read_period(text, qimu.SCOPE, RETAIL)
    assert found is not None and found.label == label and found.grain is not None and found.grain.is_fiscal


def test_the_popup_offers_years_and_the_financial_year_where_it_is_another(host: QWidget) -> None:
    civil, retail = (PeriodPopup(qimu.SCOPE, None, qimu.SCOPE.period.last, calendar, host) for calendar in (CIVIL, RETAIL))
    assert civil._fiscal.isHidden() and not retail._fiscal.isHidden()
    chosen: list[object] = []
    retail.chosen.connect(chosen.append)
    retail._fiscal.choose("period")
    assert retail._grains.now == retail._fiscal.now == "period"
    retail._picked(retail._list.item(0))
    [scope] = chosen
    assert getattr(scope, "grain") is Grain.PERIOD and getattr(scope, "label") == RETAIL.bucket_of(qimu.SCOPE.period.last, Grain.PERIOD).label  # noqa: B009
    retail._list_periods("year")
    assert retail._list.item(0).text().startswith("2026") and retail._grains.now == "year"


def test_the_bar_steps_through_periods_of_its_calendar(qtbot: QtBot) -> None:
    bar = ToolBar()
    qtbot.addWidget(bar)
    bucket, grain = RETAIL.parse("FY2026-P02")
    scope = replace(qimu.SCOPE, period=bucket.period, grain=grain, label=bucket.label)
    bar.show_scope(scope, name="", shops=(), channels=(), first=None, through=None, calendar=RETAIL)
    with qtbot.waitSignal(bar.scope_chosen) as chosen:
        bar.period.step(1)
    assert chosen.args[0].label == "FY2026-P03"


def test_every_comparison_can_be_chosen_and_named_events_beside_it(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = ToolBar()
    qtbot.addWidget(bar)
    bar.show_scope(qimu.SCOPE, name="", shops=(), channels=(), first=None, through=None, calendar=CIVIL, events=("double11", "qixi"))
    offered: list[tuple[str, str | None]] = []

    def choose(button: object, choices: list[tuple[str, str | None]], now: str | None) -> str | None:
        offered[:] = choices
        return "event:qixi"

    monkeypatch.setattr(bar, "_choices", choose)
    with qtbot.waitSignal(bar.scope_chosen) as chosen:
        bar._open_compare()
    assert [key for _, key in offered] == [*COMPARISONS, "event:double11", "event:qixi"]
    assert set(COMPARISONS) == {"previous", "elapsed", "year", "aligned", "event"}
    assert (chosen.args[0].compare, chosen.args[0].event) == ("event", "qixi")
    assert "Qixi" in bar.compare.text()
    with qtbot.waitSignal(bar.scope_chosen) as chosen:
        bar.set_comparison("event")
    assert chosen.args[0].event is None


# ---------- preferences


def test_preferences_show_and_change_the_calendar_of_the_workspace(qtbot: QtBot) -> None:
    dialog = Preferences(settings.load(), calendar=CIVIL, day=qimu.SCOPE.period.last)
    qtbot.addWidget(dialog)
    assert dialog.calendar is not None and dialog.calendar.changes() == {}
    fields = dialog.calendar.fields
    assert all(field.accessibleName() for field in fields.values())
    assert not fields["retail_end"].isEnabled() and not fields["fiscal_named"].isEnabled()
    for name, value in (("week_start", "sunday"), ("fiscal_start_month", "2"), ("retail_pattern", "454")):
        fields[name].setCurrentIndex(fields[name].findData(value))
    assert dialog.calendar.changes() == {"week_start": "sunday", "fiscal_start_month": "2", "retail_pattern": "454"}
    assert fields["retail_end"].isEnabled() and "FY2026" in dialog.calendar.outcome.text() and "52" in dialog.calendar.outcome.text()


@pytest.mark.parametrize("tongue", language.LANGUAGES)
def test_every_choice_of_the_calendar_has_words(qtbot: QtBot, tongue: str) -> None:
    language.set_language(tongue)
    dialog = Preferences(settings.load(), calendar=CIVIL, day=qimu.SCOPE.period.last)
    qtbot.addWidget(dialog)
    assert dialog.calendar is not None
    for field in dialog.calendar.fields.values():
        assert not any("settings." in field.itemText(place) for place in range(field.count()))


# ---------- the dialog of events


@pytest.fixture(params=["en", "zh"])
def dialog(request: pytest.FixtureRequest, qtbot: QtBot) -> EventsDialog:
    language.set_language(request.param)
    made = EventsDialog(list(shipped()), year=2026)
    qtbot.addWidget(made)
    made.show()
    return made


def _choose(dialog: EventsDialog, code: str, year: int) -> None:
    dialog._choose(code, year)
    assert dialog.chosen() == (code, year)


def test_the_table_has_a_cell_for_each_event_and_year(dialog: EventsDialog) -> None:
    assert dialog.table.columnCount() == 11 and dialog.table.rowCount() == 12
    _choose(dialog, "double11", 2025)
    assert dialog.table.currentItem().text() == "10-31 – 11-14"
    assert dialog.first.date() == QDate(2025, 10, 31) and dialog.anchor.date() == QDate(2025, 11, 11)
    assert not dialog.as_shipped.isEnabled() and dialog.take_out.isEnabled() and dialog.name.isReadOnly()
    _choose(dialog, "double11", 2028)
    assert dialog.table.currentItem().font().italic()


def test_other_days_are_asked_for_with_the_anchor_kept_inside(dialog: EventsDialog, qtbot: QtBot) -> None:
    _choose(dialog, "double11", 2026)
    dialog.last.setDate(QDate(2026, 11, 9))
    with qtbot.waitSignal(dialog.change_asked) as asked:
        dialog.keep.click()
    assert asked.args == [Change("set", "double11", 2026, "2026-10-31", "2026-11-09", "2026-11-09", None)]
    first, last = parse_day("2026-10-31"), parse_day("2026-11-09")
    dialog.show_events([*(event for event in shipped() if (event.code, event.year) != ("double11", 2026)),
                        Event("double11", 2026, first, last, last, origin="typed")])  # fmt: skip
    assert dialog.chosen() == ("double11", 2026) and dialog.as_shipped.isEnabled() and dialog.table.currentItem().font().bold()
    with qtbot.waitSignal(dialog.change_asked) as asked:
        dialog.as_shipped.click()
    assert asked.args == [Change("reset", "double11", 2026)]


def test_an_event_that_was_not_held_can_be_entered_or_reset(dialog: EventsDialog, qtbot: QtBot) -> None:
    _choose(dialog, "618_presale", 2024)
    assert dialog.table.currentItem().text() == "–" and not dialog.take_out.isEnabled() and not dialog.as_shipped.isEnabled()
    assert dialog.first.date().year() == 2024
    dialog.show_events([event for event in shipped() if (event.code, event.year) != ("qixi", 2026)])
    _choose(dialog, "qixi", 2026)
    assert dialog.as_shipped.isEnabled()


def test_a_new_event_has_a_name_and_a_kind(dialog: EventsDialog, qtbot: QtBot) -> None:
    dialog.new.click()
    dialog.name.setText("Members' week")
    dialog.kind.setCurrentIndex(dialog.kind.findData("launch"))
    dialog.first.setDate(QDate(2026, 9, 1))
    dialog.last.setDate(QDate(2026, 9, 7))
    dialog.year.setValue(2026)
    with qtbot.waitSignal(dialog.change_asked) as asked:
        dialog.keep.click()
    change = asked.args[0]
    assert (change.code, change.year, change.first, change.last, change.kind) == ("Members' week", 2026, "2026-09-01", "2026-09-07", "launch")
    dialog.show_refusal("No.")
    assert dialog.wrong.isVisible() and dialog.keep.isEnabled()


def test_the_window_keeps_what_the_dialogs_ask_for(make_window: Callable[..., MainWindow], shop: Path, qtbot: QtBot) -> None:
    window = make_window(shop)
    window.show_events()
    qtbot.waitUntil(lambda: bool(window.findChildren(EventsDialog)), timeout=10_000)
    [dialog] = window.findChildren(EventsDialog)
    _choose(dialog, "qixi", 2026)
    dialog.take_out.click()
    qtbot.waitUntil(lambda: dialog.as_shipped.isEnabled(), timeout=10_000)
    dialog.close()
    window._change_calendar({"week_start": "sunday", "fiscal_start_month": "2", "retail_pattern": "454"})
    qtbot.waitUntil(lambda: window.standing.calendar == RETAIL, timeout=10_000)
    assert window.scope is not None and window.scope.period.days == 7
    with_sunday = iso(window.scope.period.first)
    window.close()
    with actions.workspace(shop) as opened:
        assert "qixi" not in {event.code for event in actions.events(opened, 2026)}
        assert actions.calendar(opened) == RETAIL and iso(actions.last_week(opened).period.first) == with_sunday
