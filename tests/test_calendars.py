"""Buckets of every calendar: weeks, months, quarters, years, and those of financial years."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.model.calendars import CIVIL, PATTERNS, Calendar
from ecoperf_desktop.model.days import Grain, Period, bucket_of, date_of, day_of, iso, parse_day, year_earlier

_ORACLES = Path(__file__).resolve().parents[1].parent / "shared" / "metrics" / "oracles.json"

NRF = Calendar(week_start=7, fiscal_start_month=2, retail="454")

calendars = st.builds(
    Calendar,
    st.sampled_from((1, 7)),
    st.integers(1, 12),
    st.sampled_from((None, *PATTERNS)),
    st.sampled_from(("nearest", "last")),
    st.sampled_from((None, 1, 5, 6, 7)),
    st.sampled_from((None, "start", "end")),
)
days = st.integers(parse_day("1991-01-01"), parse_day("2099-12-31"))
grains = st.sampled_from(list(Grain))


def _span(text: str) -> Period:
    first, last = text.split("..")
    return Period(parse_day(first), parse_day(last))


def _written(period: Period) -> str:
    return f"{iso(period.first)}..{iso(period.last)}"


@given(calendars, days, st.integers(0, 900), grains)
def test_buckets_of_every_grain_tile_any_range(calendar: Calendar, first: int, length: int, grain: Grain) -> None:
    period = Period(first, first + length)
    found = list(calendar.buckets(period, grain))
    assert found[0].period.first <= period.first and found[-1].period.last >= period.last
    assert found[0].period.last >= period.first and found[-1].period.first <= period.last
    for one, following in zip(found, found[1:], strict=False):
        assert following.period.first == one.period.last + 1
        assert calendar.previous(following, grain) == one and calendar.following(one, grain) == following
    assert len({bucket.label for bucket in found}) == len(found)


@given(calendars, days, grains)
def test_a_bucket_is_the_same_from_each_of_its_days_and_its_label_reads_back(calendar: Calendar, day: int, grain: Grain) -> None:
    bucket = calendar.bucket_of(day, grain)
    assert day in bucket.period
    assert calendar.bucket_of(bucket.period.first, grain) == calendar.bucket_of(bucket.period.last, grain) == bucket
    assert calendar.parse(bucket.label) == (bucket, grain)


@given(calendars, days)
def test_a_financial_year_is_four_quarters_and_a_quarter_three_periods(calendar: Calendar, day: int) -> None:
    year = calendar.bucket_of(day, Grain.FISCAL_YEAR)
    quarters = list(calendar.buckets(year.period, Grain.FISCAL_QUARTER))
    periods = list(calendar.buckets(year.period, Grain.PERIOD))
    assert [quarter.label for quarter in quarters] == [f"{year.label}-Q{number}" for number in range(1, 5)]
    assert [period.label for period in periods] == [f"{year.label}-P{number:02d}" for number in range(1, 13)]
    assert (quarters[0].period.first, quarters[-1].period.last) == year.period == (periods[0].period.first, periods[-1].period.last)
    assert [quarter.period.first for quarter in quarters] == [period.period.first for period in periods[::3]]


@given(calendars.filter(lambda calendar: calendar.retail is not None), days)
def test_a_retail_year_has_the_weeks_of_its_pattern_and_the_53rd_in_its_last_period(calendar: Calendar, day: int) -> None:
    year = calendar.bucket_of(day, Grain.FISCAL_YEAR)
    weeks = [bucket.period.days / 7 for bucket in calendar.buckets(year.period, Grain.PERIOD)]
    pattern = [int(length) for length in (calendar.retail or "") * 4]
    has_53 = calendar.weeks(int(year.label[2:])) == 53
    assert weeks == [*pattern[:-1], pattern[-1] + has_53]
    assert date_of(year.period.last).isoweekday() == calendar.last_weekday


@given(calendars.filter(lambda calendar: calendar.retail is not None), days)
def test_a_retail_year_ends_where_its_rule_says(calendar: Calendar, day: int) -> None:
    last = calendar.bucket_of(day, Grain.FISCAL_YEAR).period.last
    months = [date_of(last).replace(day=1).toordinal() - date(1970, 1, 1).toordinal(), bucket_of(last, Grain.MONTH).period.last + 1]
    starts = [first for first in months if date_of(first).month == calendar.fiscal_start_month]
    distances = [first - 1 - last for first in starts]
    if calendar.retail_end == "last":
        assert any(0 <= distance <= 6 for distance in distances)
    else:
        assert any(-3 <= distance <= 3 for distance in distances)


@given(st.integers(1, 12), days)
def test_a_financial_year_of_months_is_twelve_months(month: int, day: int) -> None:
    calendar = Calendar(fiscal_start_month=month)
    year = calendar.bucket_of(day, Grain.FISCAL_YEAR)
    periods = list(calendar.buckets(year.period, Grain.PERIOD))
    assert date_of(year.period.first).day == 1 and date_of(year.period.first).month == month
    assert [bucket.period for bucket in periods] == [bucket_of(one.period.first, Grain.MONTH).period for one in periods]
    assert year.label == f"FY{date_of(year.period.last).year}"


def test_without_settings_the_financial_year_is_the_civil_one() -> None:
    day = parse_day("2026-08-16")
    assert CIVIL.bucket_of(day, Grain.PERIOD).period == bucket_of(day, Grain.MONTH).period
    assert CIVIL.bucket_of(day, Grain.FISCAL_QUARTER).period == bucket_of(day, Grain.QUARTER).period
    assert CIVIL.bucket_of(day, Grain.FISCAL_YEAR).period == bucket_of(day, Grain.YEAR).period
    assert CIVIL.grains == (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


def test_the_53rd_weeks_of_american_retail_fall_where_its_federation_has_them() -> None:
    assert [year for year in range(2000, 2041) if NRF.weeks(year) == 53] == [2000, 2006, 2012, 2017, 2023, 2028, 2034, 2040]
    for year, expected in {
        2022: "2022-01-30..2023-01-28",
        2023: "2023-01-29..2024-02-03",
        2024: "2024-02-04..2025-02-01",
        2025: "2025-02-02..2026-01-31",
        2028: "2028-01-30..2029-02-03",
    }.items():
        assert NRF.parse(f"FY{year}")[0].period == _span(expected)
    assert NRF.weeks(2024) == 52 and Calendar(fiscal_start_month=2).weeks(2023) is None


def test_a_year_that_ends_on_the_last_sunday_of_august_is_named_as_the_shop_names_it() -> None:
    calendar = Calendar(fiscal_start_month=9, retail="445", retail_end="last", named="end")
    assert calendar.parse("FY2025")[0].period == _span("2024-08-26..2025-08-31")
    assert calendar.weeks(2025) == 53


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        # 2023 had 53 weeks, so 2024 is compared with it from its second week on.
        ("FY2024", "2023-02-05..2024-02-03"),
        ("FY2024-P01", "2023-02-05..2023-03-04"),
        ("FY2024-Q1", "2023-02-05..2023-05-06"),
        ("FY2024-P12", "2024-01-07..2024-02-03"),
        # The year of 53 weeks, and every ordinary one, is compared with the year before as it was.
        ("FY2023", "2022-01-30..2023-01-28"),
        ("FY2023-P12", "2023-01-01..2023-01-28"),
        ("FY2025-P06", "2024-07-07..2024-08-03"),
    ],
)
def test_a_retail_bucket_answers_to_the_restated_year(label: str, expected: str) -> None:
    bucket, grain = NRF.parse(label)
    assert _written(NRF.year_before(bucket.period, grain)) == _written(NRF.year_before(bucket.period)) == expected


def test_a_part_of_a_retail_bucket_answers_to_the_same_part() -> None:
    assert NRF.year_before(_span("2024-02-11..2024-02-17"), Grain.PERIOD) == _span("2023-02-12..2023-02-18")


@given(days, st.sampled_from((Grain.PERIOD, Grain.FISCAL_QUARTER, Grain.FISCAL_YEAR)))
def test_restated_weeks_lie_364_days_before(day: int, grain: Grain) -> None:
    bucket = NRF.bucket_of(day, grain)
    before = NRF.year_before(bucket.period, grain)
    assert before.first == bucket.period.first - 364
    assert before.days in (bucket.period.days, bucket.period.days - 7)


@given(days, st.integers(0, 80))
def test_a_year_earlier_keeps_the_dates(first: int, length: int) -> None:
    period = Period(first, first + length)
    before = CIVIL.year_before(period)
    assert before.first == year_earlier(first)
    assert before.last - year_earlier(period.last) in (0, 1)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2024-02-29..2024-02-29", "2023-02-28..2023-02-28"),
        ("2025-02-28..2025-02-28", "2024-02-28..2024-02-28"),
        ("2025-02-01..2025-02-28", "2024-02-01..2024-02-29"),
        ("2024-02-01..2024-02-29", "2023-02-01..2023-02-28"),
        ("2025-01-20..2025-02-28", "2024-01-20..2024-02-28"),
    ],
)
def test_29_february_answers_to_28_february_and_whole_months_stay_whole(period: str, expected: str) -> None:
    assert _written(CIVIL.year_before(_span(period))) == expected


@pytest.mark.parametrize("text", ["FY2026-P13", "FY2026-P00", "FY2026-Q5", "FY26", "2026-P03", "FY2026P03", "FY0000", "week"])
def test_what_is_no_label_is_not_guessed_at(text: str) -> None:
    with pytest.raises(ValueError):
        NRF.parse(text)


@pytest.mark.skipif(not _ORACLES.exists(), reason="the worked examples are not here")
def test_week_labels_and_week_keys_at_the_turn_of_the_year() -> None:
    expected = json.loads(_ORACLES.read_text(encoding="utf-8"))["E12"]["expected"]
    for day, label in expected["iso"].items():
        assert CIVIL.bucket_of(parse_day(day), Grain.WEEK).label == label
    for day, first in expected["sunday_week_start"].items():
        assert iso(Calendar(7).bucket_of(parse_day(day), Grain.WEEK).period.first) == first
    last = day_of(date(2026, 12, 31))
    assert CIVIL.bucket_of(last, Grain.WEEK).label == f"2026-W{expected['weeks_in_2026']}"
