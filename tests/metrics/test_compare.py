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
from ecoperf_desktop.model.days import Grain, Period, iso, parse_day
from ecoperf_desktop.model.value import Comparison, Number, Question
from ecoperf_desktop.store import sums

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
    for anchor in (parse_day("2024-02-10"), parse_day("2025-01-29")):
        for offset in range(-21, 15):
            store.conn.execute(
                "INSERT OR REPLACE INTO calendar(day, iso_date, iso_year, iso_week, week_start, sun_week_start, month_id, "
                "quarter_id, year, dow, event_code, event_offset) VALUES (?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 'new_year', ?)",
                (anchor + offset, iso(anchor + offset), offset),
            )
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
    first = _comparison(new_year, "event", "2024-02-10..2024-02-16")
    assert first.reason == "metrics.no_earlier_event"


def test_a_period_before_all_data_has_no_number_to_compare_with(new_year: SmallStore) -> None:
    found = _comparison(new_year, "year", "2024-02-01..2024-02-29")
    assert (found.value, found.change, found.change_ratio, found.quality) == (None, None, None, "missing")
    assert found.reason == "metrics.not_covered"


def test_each_bucket_is_compared_with_its_own_earlier_one(new_year: SmallStore) -> None:
    question = Question(("gross_sales",), _period("2025-01-01..2025-03-15"), by="month", compare="previous")
    values = Engine(new_year.conn, catalogue()).answer([question])[0]
    periods = [value.compare.period for value in values if value.compare]
    assert periods == [_period("2024-12-01..2024-12-31"), _period("2025-01-01..2025-01-31"), _period("2025-02-01..2025-02-15")]
    assert values[2].compare is not None and values[2].compare.value == 15 * 100 - 4 * 80
