"""Which earlier period a number is compared with, and what the change is."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from catalogue_facts import SmallStore

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics import compare
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.calendars import Calendar
from ecoperf_desktop.model.days import Grain, Period, iso, parse_day
from ecoperf_desktop.model.value import Comparison, Number, Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.events import shipped

_ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"


def _period(text: str) -> Period:
    first, last = text.split("..")
    return Period(parse_day(first), parse_day(last))


@pytest.mark.parametrize(
    ("kind", "period", "grain", "expected"),
    [
        ("previous", "2026-03-02..2026-03-08", None, "2026-02-23..2026-03-01"),
        ("previous", "2026-03-01..2026-03-31", None, "2026-02-01..2026-02-28"),
        ("previous", "2026-04-01..2026-06-30", None, "2026-01-01..2026-03-31"),
        ("previous", "2026-01-01..2026-12-31", None, "2025-01-01..2025-12-31"),
        ("previous", "2026-03-05..2026-03-14", None, "2026-02-23..2026-03-04"),
        ("previous", "2026-03-01..2026-03-10", Grain.MONTH, "2026-02-01..2026-02-10"),
        ("previous", "2026-03-15..2026-03-31", Grain.MONTH, "2026-02-15..2026-02-28"),
        ("previous", "2026-03-31..2026-03-31", Grain.MONTH, "2026-02-28..2026-02-28"),
        ("year", "2026-02-01..2026-02-28", None, "2025-02-01..2025-02-28"),
        ("year", "2024-02-29..2024-02-29", None, "2023-02-28..2023-02-28"),
        ("aligned", "2026-03-02..2026-03-08", None, "2025-03-03..2025-03-09"),
        ("elapsed", "2026-03-01..2026-03-31", None, "2026-02-01..2026-02-20"),
        ("elapsed", "2026-03-16..2026-03-22", None, "2026-03-09..2026-03-13"),
    ],
)
def test_the_earlier_period_follows_from_the_kind(kind: Any, period: str, grain: Grain | None, expected: str) -> None:
    through = parse_day("2026-03-20")
    found = compare.earlier(SmallStore().conn, kind, _period(period), grain, through).period
    assert found is not None
    assert f"{iso(found.first)}..{iso(found.last)}" == expected


def test_weeks_from_sunday_are_compared_with_weeks_from_sunday() -> None:
    found = compare.earlier(SmallStore().conn, "previous", _period("2026-03-01..2026-03-07"), None, None, 7).period
    assert found == _period("2026-02-22..2026-02-28")


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(Fraction(25, 1000), Fraction(2, 100), 0.25), (3, -2, None), (-1, 4, None), (5, 0, None), (0, 5, -1.0), (-50, -100, -0.5), (1.5, 1.0, 0.5)],
)
def test_a_relative_change_needs_an_earlier_value_of_the_same_sign(now: Number, before: Number, expected: float | None) -> None:
    assert compare.relative(now, before) == expected


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(MetricRefused, match="aligned"):
        compare.checked_kind("last_year")


@pytest.fixture(scope="module")
def new_year() -> SmallStore:
    """Daily sales of 1.00, 0.20 in the week of the lunar New Year (examples, E11)."""
    store = SmallStore(kinds=())
    first, last = parse_day("2024-01-01"), parse_day("2025-03-31")
    store.cover("sales", first, last)
    quiet = {parse_day(start) + day for start in ("2024-02-10", "2025-01-29") for day in range(7)}
    for day in range(first, last + 1):
        store.order(day, {"gross_minor": 20 if day in quiet else 100})
    sums.ensure(store.conn)
    return store


def _comparison(store: SmallStore, kind: str, period: str) -> Comparison:
    question = Question(("gross_sales",), _period(period), compare=kind)
    found = Engine(store.conn, catalogue()).answer([question])[0][0].compare
    assert found is not None
    return found


@pytest.mark.skipif(not _ORACLES.exists(), reason="the worked examples are not here")
def test_a_moving_event_is_compared_with_the_same_days_round_it(new_year: SmallStore) -> None:
    expected = json.loads(_ORACLES.read_text(encoding="utf-8"))["E11"]["expected"]
    for kind, name in (("year", "calendar"), ("aligned", "aligned364"), ("event", "event")):
        found = _comparison(new_year, kind, "2025-01-20..2025-02-02")
        assert found.value == expected[f"{name}_prev"]
        assert found.change_ratio == pytest.approx(expected[f"{name}_yoy"], abs=1e-6)


def test_without_an_event_there_is_a_reason_and_no_number(new_year: SmallStore) -> None:
    found = _comparison(new_year, "event", "2025-03-10..2025-03-16")
    assert (found.value, found.quality, found.reason) == (None, "missing", "metrics.no_event")
    first = _comparison(new_year, "event", "2020-01-27..2020-02-02")
    assert first.reason == "metrics.no_earlier_event" and first.event == "lunar_new_year"


@pytest.mark.parametrize(
    ("kind", "period", "expected", "event"),
    [
        ("event", "2025-11-10..2025-11-16", "2024-11-10..2024-11-16", "double11"),
        ("event", "2025-10-15..2025-10-19", "2024-10-14..2024-10-18", "double11_presale"),
        ("event", "2025-10-20..2025-10-26", "2024-10-21..2024-10-27", "double11_first_wave"),
        ("event:double11", "2025-12-01..2025-12-07", "2024-12-01..2024-12-07", "double11"),
        ("event:春节", "2026-02-09..2026-02-15", "2025-01-21..2025-01-27", "lunar_new_year"),
        ("event:qixi", "2026-08-17..2026-08-23", "2025-08-27..2025-09-02", "qixi"),
        ("event:Black Friday", "2025-11-24..2025-11-30", "2024-11-25..2024-12-01", "black_friday"),
        ("event:618_presale", "2025-05-12..2025-05-18", None, "618_presale"),
    ],
)
def test_days_keep_their_distance_from_the_anchor(new_year: SmallStore, kind: str, period: str, expected: str | None, event: str) -> None:
    found = compare.earlier(new_year.conn, compare.read(kind)[0], _period(period), None, None, 1, compare.read(kind)[1])
    assert (found.period, found.event) == (expected and _period(expected), event)
    assert (found.reason is None) == (expected is not None)
    asked = _comparison(new_year, kind, period)
    assert (asked.kind, asked.event) == ("event", event)
    assert asked.period == (found.period or _period(period))


def test_an_unknown_event_is_refused_with_those_there_are(new_year: SmallStore) -> None:
    with pytest.raises(MetricRefused, match="double11"):
        _comparison(new_year, "event:easter", "2025-04-14..2025-04-20")
    for text in ("event:", "year:double11", "event: "):
        with pytest.raises(MetricRefused):
            compare.read(text)


NRF = Calendar(7, 2, "454")


@pytest.mark.parametrize(
    ("kind", "period", "grain", "expected"),
    [
        ("previous", "2024-02-04..2024-03-02", None, "2023-12-31..2024-02-03"),
        ("previous", "2024-02-04..2025-02-01", None, "2023-01-29..2024-02-03"),
        ("year", "2024-02-04..2024-03-02", None, "2023-02-05..2023-03-04"),
        ("year", "2024-02-11..2024-02-17", Grain.PERIOD, "2023-02-12..2023-02-18"),
        ("year", "2025-02-01..2025-02-28", None, "2024-02-01..2024-02-29"),
        ("elapsed", "2024-05-05..2024-08-03", Grain.FISCAL_QUARTER, "2024-02-04..2024-03-02"),
    ],
)
def test_a_retail_calendar_says_what_comes_before(kind: Any, period: str, grain: Grain | None, expected: str) -> None:
    found = compare.earlier(SmallStore().conn, kind, _period(period), grain, parse_day("2024-06-01"), NRF)
    assert found.period == _period(expected)


def test_the_engine_cuts_by_the_periods_of_its_calendar_and_compares_the_restated_year(new_year: SmallStore) -> None:
    engine = Engine(new_year.conn, catalogue(), calendar=NRF)
    question = Question(("gross_sales",), _period("2024-02-04..2024-06-08"), by="period", compare="year")
    values = engine.answer([question])[0]
    assert [value.bucket for value in values] == ["FY2024-P01", "FY2024-P02", "FY2024-P03", "FY2024-P04", "FY2024-P05"]
    assert values[-1].period == _period("2024-06-02..2024-06-08")
    compared = [value.compare.period for value in values if value.compare]
    assert compared == [value.period.shifted(-364) for value in values]


def test_a_financial_year_needs_no_other_measures_than_months(new_year: SmallStore) -> None:
    engine = Engine(new_year.conn, catalogue(), calendar=Calendar(fiscal_start_month=4))
    whole = _period("2024-01-01..2025-03-31")
    for grain in ("period", "fiscal_quarter", "fiscal_year"):
        values = engine.answer([Question(("gross_sales",), whole, by=grain)])[0]
        assert sum(int(value.value or 0) for value in values) == (366 + 90) * 100 - 14 * 80
    assert [value.bucket for value in values] == ["FY2024", "FY2025"]


@pytest.mark.skipif(not _ORACLES.exists(), reason="the worked examples are not here")
def test_the_engine_labels_weeks_as_the_worked_example_says(new_year: SmallStore) -> None:
    expected = json.loads(_ORACLES.read_text(encoding="utf-8"))["E12"]["expected"]

    def weeks(day: str, week_start: int) -> Value:
        engine = Engine(new_year.conn, catalogue(), week_start=week_start)
        first = parse_day(day) - 6
        return engine.answer([Question(("gross_sales",), Period(first, parse_day(day)), by="week")])[0][-1]

    for day, label in expected["iso"].items():
        assert weeks(day, 1).bucket == label
    for day, first in expected["sunday_week_start"].items():
        assert iso(weeks(day, 7).period.first) == first
    fridays = [iso(event.anchor) for event in shipped() if event.code == "black_friday" and event.year in (2024, 2025, 2026)]
    assert fridays == expected["black_friday"]
