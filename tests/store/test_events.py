"""The calendar of events: what is shipped, what people enter, and what the calendar's days then say."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecoperf_desktop import actions, language, paths
from ecoperf_desktop.errors import EcoPerfError, UsageError
from ecoperf_desktop.model.calendars import Calendar
from ecoperf_desktop.model.days import Period, date_of, iso, parse_day
from ecoperf_desktop.store import calendars, events, schema
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.events import Event

_YEARS = range(2020, 2031)


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    return actions.open_workspace(tmp_path / "w.ecoperf", write=True)


def _shipped(code: str) -> dict[int, Event]:
    return {event.year: event for event in events.shipped() if event.code == code}


def _spans(code: str) -> dict[int, str]:
    return {year: f"{iso(event.first)}..{iso(event.last)}" for year, event in _shipped(code).items()}


def _day(opened: Workspace, day: str) -> tuple[str | None, int | None]:
    return opened.conn.execute("SELECT event_code, event_offset FROM calendar WHERE iso_date = ?", (day,)).fetchone()


def test_every_event_is_shipped_for_2020_to_2030_with_its_anchor_inside() -> None:
    codes = {event.code for event in events.shipped()}
    assert codes == {"618", "618_presale", "double11", "double11_presale", "double11_first_wave", "double12", "nianhuo", "lunar_new_year",
                     "qixi", "black_friday", "cyber_monday", "prime_day"}  # fmt: skip
    for code in codes:
        # Tmall did without deposits for 618 in 2024.
        assert sorted(_shipped(code)) == [year for year in _YEARS if (code, year) != ("618_presale", 2024)]
    for event in events.shipped():
        assert event.first <= event.anchor <= event.last and event.last - event.first < 40
        assert date_of(event.last).year == event.year


def test_every_shipped_event_is_named_in_both_languages() -> None:
    for code in {event.code for event in events.shipped()}:
        for tongue in language.LANGUAGES:
            assert events.title(code, tongue) != code or code == "618"


def test_days_that_nobody_could_have_announced_are_called_expected() -> None:
    for event in events.shipped():
        assert event.basis in ("announced", "rule", "expected")
        assert not (event.basis == "announced" and event.year > 2026)
        if event.code in ("618", "double11") and event.year > 2026:
            assert event.basis == "expected"


def test_lunar_days_are_those_of_the_chinese_calendar() -> None:
    new_year = {event.year: iso(event.anchor) for event in _shipped("lunar_new_year").values()}
    assert new_year == {
        2020: "2020-01-25", 2021: "2021-02-12", 2022: "2022-02-01", 2023: "2023-01-22", 2024: "2024-02-10", 2025: "2025-01-29",
        2026: "2026-02-17", 2027: "2027-02-06", 2028: "2028-01-26", 2029: "2029-02-13", 2030: "2030-02-03",
    }  # fmt: skip
    assert {year: text[:10] for year, text in _spans("qixi").items()} == {
        2020: "2020-08-25", 2021: "2021-08-14", 2022: "2022-08-04", 2023: "2023-08-22", 2024: "2024-08-10", 2025: "2025-08-29",
        2026: "2026-08-19", 2027: "2027-08-08", 2028: "2028-08-26", 2029: "2029-08-16", 2030: "2030-08-05",
    }  # fmt: skip
    # Laba lies 37 days after the 1st of the 12th month, which has 29 or 30 days: the New Year is 22 or 23 days on.
    for year, event in _shipped("nianhuo").items():
        assert _shipped("lunar_new_year")[year].anchor - event.first in (22, 23)


def test_black_friday_follows_the_fourth_thursday_of_november_and_cyber_monday_black_friday() -> None:
    for year in _YEARS:
        first = date(year, 11, 1)
        thursday = first + timedelta((3 - first.weekday()) % 7 + 21)
        friday = _shipped("black_friday")[year]
        assert date_of(friday.anchor) == thursday + timedelta(1) and friday.first == friday.anchor
        assert _shipped("cyber_monday")[year].anchor == friday.anchor + 3


def test_the_phases_of_a_sale_follow_one_another() -> None:
    for year in _YEARS:
        before, wave, main = (_shipped(code)[year] for code in ("double11_presale", "double11_first_wave", "double11"))
        assert (before.last + 1, wave.last + 1) == (wave.first, main.first)
        if year != 2024:
            assert _shipped("618_presale")[year].last + 1 == _shipped("618")[year].first
    assert _spans("double11_presale")[2025] == "2025-10-15..2025-10-19"
    assert _spans("618")[2024] == "2024-05-20..2024-06-20"
    assert _spans("prime_day")[2026] == "2026-06-23..2026-06-26"


def test_the_file_reads_as_plain_toml() -> None:
    entries = tomllib.loads((paths.resources() / "calendars" / "events.toml").read_text(encoding="utf-8"))
    for code, entry in entries.items():
        assert set(entry) - {str(year) for year in _YEARS} == {"kind", "market", "also"}, code


def test_the_days_of_an_event_say_so_and_an_anchor_is_its_own(opened: Workspace) -> None:
    assert _day(opened, "2025-01-29") == ("lunar_new_year", 0)
    assert _day(opened, "2025-01-28") == ("lunar_new_year", -1)
    assert _day(opened, "2025-01-20") == ("nianhuo", 13)
    assert _day(opened, "2025-11-11") == ("double11", 0)
    assert _day(opened, "2025-03-15") == (None, None)
    held = [Event("long", 2026, 100, 140, 120), Event("short", 2026, 115, 125, 116)]
    assert events.marks(held)[120] == ("long", 0) and events.marks(held)[121] == ("short", 5) and events.marks(held)[100] == ("long", -20)


def test_typed_days_win_are_marked_at_once_and_can_be_taken_back(opened: Workspace) -> None:
    put = events.put(opened, "双十一", 2026, "2026-10-30", "2026-11-12")
    assert (put.code, put.origin, iso(put.anchor)) == ("double11", "typed", "2026-11-11")
    assert _day(opened, "2026-11-14") == (None, None) and _day(opened, "2026-10-30")[0] == "double11_first_wave"
    events.put(opened, "double11", 2026, "2026-11-09", "2026-11-12", "2026-11-10")
    assert _day(opened, "2026-11-11") == ("double11", 1)
    back = events.reset(opened, "double11", 2026)
    assert back is not None and back.origin == "shipped" and _day(opened, "2026-11-14") == ("double11", 3)
    with pytest.raises(EcoPerfError, match="double11"):
        events.reset(opened, "double11", 2026)


def test_an_event_that_is_removed_counts_no_longer_until_it_is_reset(opened: Workspace) -> None:
    events.remove(opened, "qixi", 2026)
    assert _day(opened, "2026-08-19") == (None, None)
    assert "qixi" not in {event.code for event in events.events(opened.conn, 2026)}
    with pytest.raises(EcoPerfError, match="no event"):
        events.remove(opened, "qixi", 2026)
    events.reset(opened, "qixi", 2026)
    assert _day(opened, "2026-08-19") == ("qixi", 0)


def test_a_persons_own_event_has_the_name_it_was_given(opened: Workspace) -> None:
    event = events.put(opened, "Members' week", 2026, "2026-09-01", "2026-09-07")
    assert event.title("zh") == "Members' week" and event.anchor == event.first and event.kind == "sale"
    assert _day(opened, "2026-09-03") == ("Members' week", 2)
    events.remove(opened, "Members' week", 2026)
    assert _day(opened, "2026-09-03") == (None, None)
    assert opened.conn.execute("SELECT count(*) FROM own_event").fetchone() == (0,)


@pytest.mark.parametrize(
    ("year", "first", "last", "anchor"),
    [
        (2026, "2026-09-07", "2026-09-01", None),
        (2026, "2026-09-01", "2026-09-07", "2026-09-08"),
        (2026, "2026-09-01", "2027-09-07", None),
        (2026, "1 September", "2026-09-07", None),
        (2026, "2026-02-30", "2026-09-07", None),
        (2024, "2026-09-01", "2026-09-07", None),
        (2999, "2999-09-01", "2999-09-07", None),
    ],
)
def test_what_are_no_days_of_an_event_is_refused_and_changes_nothing(
    opened: Workspace, year: int, first: str, last: str, anchor: str | None
) -> None:
    with pytest.raises(EcoPerfError):
        events.put(opened, "sale", year, first, last, anchor)
    assert opened.conn.execute("SELECT count(*) FROM own_event").fetchone() == (0,)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61])
def test_a_name_that_cannot_be_shown_on_a_line_is_refused(opened: Workspace, name: str) -> None:
    with pytest.raises(EcoPerfError):
        events.put(opened, name, 2026, "2026-09-01", "2026-09-07")


def _import(opened: Workspace, folder: Path, rows: str) -> int:
    folder.mkdir(exist_ok=True)
    file = folder / f"events-{len(list(folder.iterdir()))}.csv"
    file.write_text("Event,Kind of event,Shop,From,To\n" + rows, encoding="utf-8")
    planned = actions.plan_import([file], actions.ImportChoices(settings=(("currency", "CNY"), ("tz", "Asia/Shanghai"))), opened)
    report = actions.apply_import(planned, opened).files[0]
    assert report.status == "loaded" and report.import_id is not None, report
    return report.import_id


def test_an_imported_event_overrides_the_shipped_one_and_undo_brings_it_back(opened: Workspace, tmp_path: Path) -> None:
    shipped = _day(opened, "2026-11-12")
    number = _import(opened, tmp_path / "files", "双11,sale,,2026-11-01,2026-11-11\nAutumn sale,sale,,2026-09-01,2026-09-07\n")
    assert _day(opened, "2026-11-12") == (None, None) != shipped
    assert _day(opened, "2026-11-11") == ("double11", 0)
    assert _day(opened, "2026-09-02") == ("Autumn sale", 1)
    found = {event.code: event for event in events.events(opened.conn, 2026)}
    assert found["double11"].origin == found["Autumn sale"].origin == "imported"
    actions.undo(opened, [number])
    assert (_day(opened, "2026-11-12"), _day(opened, "2026-09-02")) == (shipped, (None, None))


def test_what_one_shop_holds_changes_nothing_for_the_company(opened: Workspace, tmp_path: Path) -> None:
    _import(opened, tmp_path / "files", "双11,sale,Qimu,2026-11-05,2026-11-11\nOpening day,launch,Qimu,2026-09-01,2026-09-01\n")
    found = {event.code: event for event in events.events(opened.conn, 2026)}
    assert found["double11"].origin == "shipped" and found["Opening day"].kind == "launch"


def test_shops_follow_the_events_of_their_market(opened: Workspace) -> None:
    for currency, code in (("GBP", None), ("CNY", "qixi"), ("USD", None)):
        opened.set_setting("reporting_currency", currency)
        assert not events.are_current(opened.conn) or currency == "USD"
        with opened.transaction() as conn:
            events.follow(conn)
        assert events.are_current(opened.conn)
        assert _day(opened, "2026-08-19")[0] == code
        assert _day(opened, "2026-11-27")[0] == (None if currency == "CNY" else "black_friday")


def test_the_nearest_event_is_the_one_whose_anchor_lies_in_the_period(opened: Workspace) -> None:
    for period, code in {
        ("2025-01-20", "2025-02-02"): "lunar_new_year",
        ("2025-11-10", "2025-11-16"): "double11",
        ("2025-10-20", "2025-10-26"): "double11_first_wave",
        ("2025-02-03", "2025-02-09"): "lunar_new_year",
        ("2025-03-10", "2025-03-16"): None,
    }.items():
        found = events.nearest(opened.conn, Period(parse_day(period[0]), parse_day(period[1])))
        assert (found and found.code) == code
    named = events.nearest(opened.conn, Period(parse_day("2025-12-01"), parse_day("2025-12-07")), "double11")
    assert named is not None and (named.code, named.year) == ("double11", 2025)


def test_an_outage_is_marked_and_never_the_nearest_event(opened: Workspace, tmp_path: Path) -> None:
    _import(opened, tmp_path / "files", "Server down,outage,,2026-03-10,2026-03-10\n")
    day = parse_day("2026-03-10")
    assert _day(opened, "2026-03-10") == ("Server down", 0)
    assert events.nearest(opened.conn, Period(day, day)) is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.integers(0, 20)), max_size=6))
def test_a_marked_day_lies_in_its_event_at_its_offset(spans: list[tuple[int, int, int]]) -> None:
    held = [Event(f"e{place}", 2026, first, first + length, first + min(inside, length)) for place, (first, length, inside) in enumerate(spans)]
    by_code = {event.code: event for event in held}
    marked = events.marks(held)
    for day, (code, offset) in marked.items():
        assert day in by_code[code].period and offset == day - by_code[code].anchor
    assert marked.keys() == {day for event in held for day in range(event.first, event.last + 1)}


@pytest.mark.usefixtures("workspaces_as_shipped")
def test_an_older_workspace_gets_its_events_and_periods_when_it_is_opened_for_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.ecoperf"
    with monkeypatch.context() as older:
        older.setattr(schema, "STEPS", schema.STEPS[:5])
        older.setattr(schema, "VERSION", 5)
        with Workspace.open(path, write=True) as opened, opened.transaction() as conn:
            conn.execute("UPDATE calendar SET fiscal_period_id = NULL")
    with actions.workspace(path, write=True) as opened:
        assert _day(opened, "2025-11-11") == ("double11", 0)
        assert opened.conn.execute("SELECT count(*) FROM calendar WHERE fiscal_period_id IS NOT month_id").fetchone() == (0,)


@given(st.fixed_dictionaries({name: st.sampled_from(choice.values) for name, choice in calendars.CHOICES.items()}))
def test_settings_and_calendar_describe_each_other(chosen: dict[str, str]) -> None:
    assert calendars.settings_of(calendars.of_settings(chosen)) == chosen


# ---------- the calendar's settings


def test_the_calendar_is_civil_until_it_is_changed(opened: Workspace) -> None:
    assert calendars.calendar(opened.conn) == Calendar()
    assert opened.conn.execute("SELECT count(*) FROM calendar WHERE fiscal_period_id IS NOT month_id").fetchone() == (0,)


def test_a_changed_calendar_is_kept_and_the_table_of_days_follows(opened: Workspace) -> None:
    changed = {"week_start": "sunday", "fiscal_start_month": "2", "retail_pattern": "454"}
    assert calendars.change(opened, changed) == Calendar(7, 2, "454") == calendars.calendar(opened.conn)
    first, last = opened.conn.execute("SELECT MIN(iso_date), MAX(iso_date) FROM calendar WHERE fiscal_period_id = 202312").fetchone()
    assert (first, last) == ("2023-12-31", "2024-02-03")
    calendars.change(opened, {"retail_pattern": "none", "fiscal_start_month": "1"})
    assert opened.conn.execute("SELECT count(*) FROM calendar WHERE fiscal_period_id IS NOT month_id").fetchone() == (0,)


@pytest.mark.parametrize("changes", [{"week_start": "friday"}, {"fiscal_start_month": "13"}, {"moon": "full"}])
def test_what_no_calendar_can_be_is_refused_with_what_can(opened: Workspace, changes: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        calendars.change(opened, {"retail_pattern": "445", **changes})
    assert calendars.calendar(opened.conn) == Calendar()


def test_a_setting_that_cannot_be_is_read_as_usual(opened: Workspace) -> None:
    opened.set_setting("fiscal_start_month", "soon")
    assert calendars.calendar(opened.conn) == Calendar()
