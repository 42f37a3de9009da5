"""What only a vendor can count, how long the site was down, and which stock lies."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from ecoperf_desktop.metrics.downtime import Outage, down_seconds, merged
from ecoperf_desktop.metrics.given import Choice, VendorFigure, choose
from ecoperf_desktop.metrics.unsold import StockRow, lying, selling_days
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.metric import Given

WEEK = Period(100, 106)
PEOPLE = Given("traffic", "visitors", apart=("shop",))
SPEED = Given("p75", "p75", span="ending", days=28)


def figure(first: int, last: int, value: float, variant: str | None = None, **parts: object) -> VendorFigure:
    return VendorFigure(Period(first, last), value, parts, variant)


def test_people_of_days_are_not_added_to_people_of_a_week() -> None:
    found = choose([figure(day, day, 10, "date") for day in range(100, 107)], WEEK, PEOPLE)
    assert (found.value, found.reason) == (None, "metrics.catalogue_vendor_span")
    assert found.details == {"first": "1970-04-17", "last": "1970-04-17"}


def test_people_of_exactly_the_period_are_shown() -> None:
    figures = [figure(day, day, 10, "date") for day in range(100, 107)] + [figure(100, 106, 48, "date")]
    assert choose(figures, WEEK, PEOPLE) == Choice(48, WEEK)
    assert choose(figures, Period(103, 103), PEOPLE).value == 10


def test_people_of_two_shops_may_be_added() -> None:
    assert choose([figure(100, 106, 48, "date", shop=1), figure(100, 106, 2, "date", shop=2)], WEEK, PEOPLE).value == 50


def test_people_by_device_have_no_whole() -> None:
    devices = [figure(100, 106, 30, "device", device="mobile"), figure(100, 106, 20, "device", device="desktop")]
    found = choose(devices, WEEK, PEOPLE)
    assert (found.value, found.reason, found.details) == (None, "metrics.catalogue_vendor_slices", {"parts": "device"})
    assert choose(devices[:1], WEEK, PEOPLE).value is None
    assert choose([*devices, figure(100, 106, 45, "date", device=None)], WEEK, PEOPLE).value == 45


def test_two_tools_that_count_the_same_people_are_not_added() -> None:
    found = choose([figure(100, 106, 48, "date", shop=1), figure(100, 106, 50, "date", shop=1)], WEEK, PEOPLE)
    assert (found.value, found.reason) == (None, "metrics.catalogue_vendor_slices")


def test_a_long_window_answers_for_the_week_it_ends_in_and_no_quarter() -> None:
    figures = [figure(98, 98, 2500.0), figure(105, 105, 2400.0), figure(112, 112, 2300.0)]
    assert choose(figures, WEEK, SPEED) == Choice(2400.0, Period(78, 105))
    assert choose(figures, Period(85, 112), SPEED).value == 2300.0
    assert choose(figures, Period(50, 112), SPEED).reason == "metrics.catalogue_vendor_span"


def test_percentiles_of_two_pages_are_never_put_together() -> None:
    found = choose([figure(105, 105, 2400.0, page="/"), figure(105, 105, 2500.0, page="/mug")], WEEK, SPEED)
    assert (found.value, found.details) == (None, {"parts": "page"})


def test_without_any_figure_there_is_no_number() -> None:
    assert choose([], WEEK, PEOPLE).reason == "metrics.catalogue_vendor_none"


outages = st.lists(st.tuples(st.integers(-5, 40), st.one_of(st.none(), st.integers(0, 30))), max_size=8)


@drawn(outages)
def test_downtime_is_the_time_in_which_anything_was_down(drawn_outages: list[tuple[int, int | None]]) -> None:
    """Hours of a day, counted one by one."""
    found = [Outage(start * 3600, None if length is None else (start + length) * 3600) for start, length in drawn_outages]
    down = {
        hour
        for start, length in drawn_outages
        for hour in range(max(start, 0), 24 if length is None else min(start + length, 24))
    }
    assert down_seconds(found, Period(0, 0)) == 3600 * len(down)


@drawn(outages)
def test_downtime_of_two_days_is_that_of_each(drawn_outages: list[tuple[int, int | None]]) -> None:
    found = [Outage(start * 3600, None if length is None else (start + length) * 3600) for start, length in drawn_outages]
    assert down_seconds(found, Period(0, 1)) == down_seconds(found, Period(0, 0)) + down_seconds(found, Period(1, 1))


def test_days_are_those_of_the_source() -> None:
    day = parse_day("2025-03-09")  # of 23 hours in New York
    always = [Outage(0, None, "America/New_York")]
    assert down_seconds(always, Period(day, day)) == 23 * 3600
    early = [Outage(0, None, "Asia/Shanghai", day_start_min=240)]
    assert next(iter(merged(early, Period(day, day))))[0] == day * 86400 - 4 * 3600


@pytest.mark.parametrize("tz", [None, "", "No/Where"])
def test_an_unknown_zone_is_utc(tz: str | None) -> None:
    assert list(merged([Outage(0, None, tz)], Period(3, 3))) == [(3 * 86400, 4 * 86400)]


def test_stock_lies_when_it_is_old_and_nothing_was_sold() -> None:
    rows = [StockRow(1, 100, 10), StockRow(2, 50, 10), StockRow(3, 7, 900), StockRow(4, 5, None)]
    assert lying(rows, {2}, 1000, 180) == 100
    assert selling_days(1000, 180) == Period(820, 1000)


def test_old_stock_of_unknown_worth_is_not_worth_nothing() -> None:
    assert lying([StockRow(1, None, 10)], set(), 1000, 180) is None
    assert lying([], set(), 1000, 180) == 0
