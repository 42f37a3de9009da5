"""Whole columns of text become values, and what cannot be read is named and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.importing import convert, times
from ecoperf_desktop.importing.text import Cells, unguarded
from ecoperf_desktop.model.columns import Coded, Numbers, Reals
from ecoperf_desktop.model.money import to_minor

SHORT = settings(max_examples=150, deadline=None)


def values(column: Numbers | Reals | Coded) -> list[object]:
    """Return a column as Python values, None for missing."""
    if isinstance(column, Coded):
        return [None if code < 0 else column.words[code] for code in column.codes]
    gone = column.missing if column.missing is not None else np.zeros(len(column), np.bool_)
    return [
        None if away else value for value, away in zip(column.values.tolist(), gone.tolist(), strict=True)
    ]


def exact(scaled: convert.Scaled) -> list[Decimal | None]:
    gone = scaled.missing if scaled.missing is not None else np.zeros(len(scaled), np.bool_)
    return [
        None if away else Decimal(value).scaleb(-decimals)
        for value, decimals, away in zip(
            scaled.values.tolist(), scaled.decimals.tolist(), gone.tolist(), strict=True
        )
    ]


# ---------------------------------------------------------------- cells


@SHORT
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30), max_size=90
    )
)
def test_cells_give_back_what_they_were_made_of(texts: list[str]) -> None:
    cells = Cells.of(texts)
    assert cells.texts() == texts
    assert cells.empty.tolist() == [text == "" for text in texts]
    codes, first = cells.distinct()
    words = cells.texts(first)
    assert [words[code] for code in codes] == texts
    assert words == list(dict.fromkeys(texts))
    assert cells.same_as_before().tolist() == [
        row > 0 and texts[row] == texts[row - 1] for row in range(len(texts))
    ]
    for probe in dict.fromkeys(texts[:3] + ["", "a"]):
        assert cells.equal(probe).tolist() == [text == probe for text in texts]
        assert cells.starts_with(probe).tolist() == [text.startswith(probe) for text in texts]


@SHORT
@given(
    st.lists(
        st.sampled_from(["order-0000000%d", "%d", "a much longer text that differs at its end %d"]),
        min_size=1,
        max_size=300,
    ),
    st.integers(1, 9),
)
def test_distinct_tells_texts_apart_by_every_byte(shapes: list[str], spread: int) -> None:
    texts = [shape % (row % spread) for row, shape in enumerate(shapes)]
    codes, first = Cells.of(texts).distinct()
    assert [texts[first[code]] for code in codes] == texts
    assert len(first) == len(set(texts))


def test_many_distinct_texts_keep_their_order() -> None:
    texts = [f"{number * 7919 % 60_000:05d}" for number in range(60_000)]
    codes, first = Cells.of(texts).distinct()
    assert codes.tolist() == list(range(60_000)) and first.tolist() == list(range(60_000))


def test_trimming_takes_blanks_and_tabs_off() -> None:
    assert Cells.of(["  a b\t", "\t", "c", ""]).trimmed().texts() == ["a b", "", "c", ""]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ('="0010"', "0010"),
        ("'0012", "0012"),
        ("`12", "12"),
        ("\t9001", "9001"),
        ("9001\t", "9001"),
        ("\ufeffa\u00a0", "a"),
        ("'", "'"),
        ('="', '="'),
    ],
)
def test_guards_around_text_are_taken_off(text: str, bare: str) -> None:
    assert unguarded(text) == bare


# ---------------------------------------------------------------- numbers


@SHORT
@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12),
        max_size=60,
    )
)
def test_plain_numbers_are_read_exactly(numbers: list[Decimal]) -> None:
    scaled, bad = convert.numbers(Cells.of([f"{number:f}" for number in numbers]))
    assert exact(scaled) == numbers
    assert not bad.any()


@SHORT
@given(st.lists(st.from_regex(r"[+-]?[0-9]{0,12}\.?[0-9]{0,6}", fullmatch=True), max_size=60))
def test_the_fast_reading_agrees_with_the_plain_one(texts: list[str]) -> None:
    scaled, bad = convert.numbers(Cells.of(texts), nothing=("",))
    for text, found, wrong in zip(texts, exact(scaled), bad.tolist(), strict=True):
        plain = convert.decimal_of(text) if text else None
        assert found == plain
        assert wrong == (plain is None and text != "")


@SHORT
@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
        max_size=60,
    ),
    st.sampled_from(["GBP", "JPY", "KWD"]),
)
def test_money_is_rounded_half_up_once(amounts: list[Decimal], currency: str) -> None:
    column, bad = convert.money(Cells.of([f"{amount:f}" for amount in amounts]), currency)
    assert values(column) == [to_minor(amount, currency) for amount in amounts]
    assert not bad.any()


@SHORT
@given(
    st.lists(
        st.tuples(
            st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**6), max_value=10**6),
            st.integers(-500, 500),
        ),
        max_size=40,
    )
)
def test_price_times_quantity_is_rounded_once(lines: list[tuple[Decimal, int]]) -> None:
    price, _ = convert.numbers(Cells.of([f"{amount:f}" for amount, _ in lines]))
    quantity = Numbers(np.array([count for _, count in lines], np.int64))
    column, bad = convert.product_money(price, quantity, "EUR")
    assert values(column) == [
        int((amount * count * 100).quantize(Decimal(1), ROUND_HALF_UP)) for amount, count in lines
    ]
    assert not bad.any()


def test_products_that_leave_64_bits_are_still_exact() -> None:
    price, _ = convert.numbers(Cells.of(["0.123456789012345678", "1000000000000.5"]))
    column, bad = convert.product_money(price, Numbers(np.array([1_000_000, 100_000], np.int64)), "EUR")
    assert values(column)[0] == 12345679
    assert bad.tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", "1234.50"),
        ("$1,234.50", "1234.50"),
        ("US$5", "5"),
        ("EUR 5.00", "5"),
        ("5.00 €", "5"),
        ("¥1,000", "1000"),
        ("1 234.5", "1234.5"),
        ("1\u00a0234.5", "1234.5"),
        ("1\u202f234.5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("(1.00)", "-1"),
        ("1.00-", "-1"),
        ("\u22121.00", "-1"),
        ("-$3.20", "-3.20"),
        ("1.2万", "12000"),
        ("3亿", "300000000"),
        ("12件", "12"),
        ("  7 ", "7"),
        ("１２３", "123"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("\t-4", "-4"),
        ("1,23,456.7", "123456.7"),
        ("0.1", "0.1"),
        ("-0", "0"),
    ],
)
def test_numbers_as_shops_write_them(text: str, number: str) -> None:
    scaled, bad = convert.numbers(Cells.of([text]))
    assert exact(scaled) == [Decimal(number)] and not bad.any()


@pytest.mark.parametrize(
    "text",
    [
        "67seasea",
        "1,23",
        "12,00",
        "1.2.3",
        "12%",
        "1 2",
        "--5",
        "1,2345",
        "abc",
        "1/2",
        "9" * 20,
        "<NaN>",
        "1e99",
        "€",
    ],
)
def test_what_is_no_number_is_bad_and_not_zero(text: str) -> None:
    column, bad = convert.money(Cells.of([text, "2.00"]), "EUR")
    assert bad.tolist() == [True, False]
    assert values(column) == [None, 200]


@pytest.mark.parametrize("text", ["", "-", "--", "N/A", "null", "NaN", "无", " "])
def test_words_for_nothing_are_missing_and_not_bad(text: str) -> None:
    column, bad = convert.integer(Cells.of([text, "0"]))
    assert values(column) == [None, 0] and not bad.any()


def test_a_decimal_comma_is_read_where_it_is_the_mark() -> None:
    scaled, bad = convert.numbers(Cells.of(["1.234,56", "12,5", "1 234,5", "3"]), mark=",")
    assert (
        exact(scaled) == [Decimal("1234.56"), Decimal("12.5"), Decimal("1234.5"), Decimal(3)]
        and not bad.any()
    )


def test_whole_numbers_may_have_a_point_zero_but_no_fraction() -> None:
    column, bad = convert.integer(Cells.of(["3.0", "3.5", "-12", "1,000"]))
    assert values(column) == [3, None, -12, 1000]
    assert bad.tolist() == [False, True, False, False]


def test_ratios_know_the_percent_sign() -> None:
    column, bad = convert.ratio(Cells.of(["45%", "0.45", "1,234.5 %", "x"]))
    assert values(column) == [0.45, 0.45, 12.345, None] and bad.tolist() == [False, False, False, True]
    column, _ = convert.ratio(Cells.of(["45", "45%"]), in_percent=True)
    assert values(column) == [0.45, 0.45]


def test_amounts_beyond_the_limit_are_bad() -> None:
    _, bad = convert.money(Cells.of(["9999999999999.99", "10000000000000.00"]), "EUR")
    assert bad.tolist() == [False, True]


@pytest.mark.parametrize(
    ("texts", "mark", "matters"),
    [
        (["1.50", "2.00"], ".", True),
        (["1,50", "2,00"], ",", True),
        (["1,234.50"], ".", True),
        (["1.234,50"], ",", True),
        (["1.234", "5.678"], None, True),
        (["1.234", "5.67"], ".", True),
        (["12", "7"], ".", False),
        (["1.50", "2,50"], None, True),
        (["1.234.567"], ",", True),
        (["0.125"], ".", True),
        (["12345.678"], ".", True),
        (["1,234", "2,345"], None, True),
        (["1 234,56 €"], ",", True),
        (["-", ""], ".", False),
    ],
)
def test_the_decimal_mark_is_decided_by_all_values_together(
    texts: list[str], mark: str | None, matters: bool
) -> None:
    decision = convert.DecimalMark()
    for text in texts:  # blocks of one
        decision.look(Cells.of([text]))
    assert decision.mark == mark
    assert decision.matters == matters


# ---------------------------------------------------------------- text


def test_ids_keep_their_zeros_and_lose_their_guards() -> None:
    column, bad = convert.identifier(
        Cells.of(["001", '="002"', "\t003", "'004", "2-Mar", "1E5", "NA", "-", ""])
    )
    assert values(column) == ["001", "002", "003", "004", "2-Mar", "1E5", "NA", None, None]
    assert not bad.any()


@pytest.mark.parametrize("text", ["2.026E+27", "1.23457E+15", "1.2e+10", "1,5E+12", "1E+05"])
def test_ids_that_a_spreadsheet_damaged_are_bad(text: str) -> None:
    column, bad = convert.identifier(Cells.of([text, "1001"]))
    assert bad.tolist() == [True, False]
    assert values(column) == [None, "1001"]


def test_point_zero_behind_a_whole_number_can_be_taken_off_and_joins_ids() -> None:
    column, _ = convert.identifier(
        Cells.of(["17850.0", "17850", "A1.0", "12345678901.0", ""]), strip_point_zero=True
    )
    assert values(column) == ["17850", "17850", "A1.0", "12345678901", None]


def test_enumerations_match_whatever_the_case_and_width() -> None:
    column, bad = convert.enum(
        Cells.of(["Paid", " PAID ", "ｐａｉｄ", "void", "new", ""]), {"paid": "paid", "void": "cancelled"}
    )
    assert values(column) == ["paid", "paid", "paid", "cancelled", None, None]
    assert bad.tolist() == [False, False, False, False, True, False]
    column, bad = convert.enum(Cells.of(["new", "-"]), {"paid": "paid", "-": ""}, other="keep")
    assert values(column) == ["new", None] and not bad.any()


def test_flags_are_read_in_several_languages() -> None:
    column, bad = convert.flag(Cells.of(["Yes", "否", "TRUE", "0", "maybe", ""]))
    assert values(column) == [1, 0, 1, 0, None, None]
    assert bad.tolist() == [False] * 4 + [True, False]


def test_buyers_become_keyed_hashes_that_ignore_case() -> None:
    cells = Cells.of(["Ann@Example.com", "ann@example.com", "bob@example.com", ""])
    column, _ = convert.hashed(cells, b"secret")
    shown = values(column)
    assert shown[0] == shown[1] != shown[2] and shown[3] is None
    assert "ann" not in str(shown[0]) and len(str(shown[0])) == 32
    assert values(convert.hashed(cells, b"other secret")[0])[0] != shown[0]


# ---------------------------------------------------------------- times

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)).map(
    lambda when: when.replace(microsecond=0)
)


@SHORT
@given(
    st.lists(MOMENTS, max_size=40),
    st.sampled_from(["Europe/London", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from([0, 240]),
)
def test_local_times_become_utc_and_business_days_as_the_zone_says(
    moments: list[datetime], tz: str, day_start: int
) -> None:
    ts, days, bad = convert.moment(Cells.of([str(when) for when in moments]), tz, day_start)
    assert not bad.any()
    for when, second, day in zip(moments, ts.values.tolist(), days.values.tolist(), strict=True):
        assert second == int(when.replace(tzinfo=ZoneInfo(tz)).timestamp())
        local = when.timestamp() if tz == "UTC" else (when - datetime(1970, 1, 1)).total_seconds()
        real = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(tz)).replace(tzinfo=None)
        if real == when:  # an hour that a clock change skips has no other place than the day it names
            assert day == int((local - day_start * 60) // 86_400)


@SHORT
@given(st.lists(MOMENTS, max_size=30), st.sampled_from([0, 60, -300, 330]))
def test_stated_offsets_win_over_the_zone(moments: list[datetime], offset: int) -> None:
    sign, minutes = ("-", -offset) if offset < 0 else ("+", offset)
    texts = [f"{when} {sign}{minutes // 60:02d}{minutes % 60:02d}" for when in moments]
    ts, days, bad = convert.moment(Cells.of(texts), "Europe/Berlin", formats=["YYYY-MM-DD HH:mm:ss ZZ"])
    assert not bad.any()
    for when, second, day in zip(moments, ts.values.tolist(), days.values.tolist(), strict=True):
        assert second == int(when.replace(tzinfo=UTC).timestamp()) - offset * 60
        there = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo("Europe/Berlin"))
        assert day == there.date().toordinal() - 719_163


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("2010-12-01 08:26:00", times.USUAL, "2010-12-01 08:26:00"),
        ("2010-12-01T08:26:00", times.USUAL, "2010-12-01 08:26:00"),
        ("2010-12-01", times.USUAL, "2010-12-01 00:00:00"),
        ("20101201", times.USUAL, "2010-12-01 00:00:00"),
        ("2010/1/5 7:05", times.USUAL, "2010-01-05 07:05:00"),
        ("1.2.2010", times.USUAL, "2010-02-01 00:00:00"),
        ("Jan 5, 2026", times.USUAL, "2026-01-05 00:00:00"),
        ("5 März 2026", ["D MMMM YYYY"], "2026-03-05 00:00:00"),
        ("2026年3月4日", times.USUAL, "2026-03-04 00:00:00"),
        ("03/14/24", ["MM/DD/YY"], "2024-03-14 00:00:00"),
        ("14/03/2024 18:30", ["DD/MM/YYYY HH:mm"], "2024-03-14 18:30:00"),
        ("3/14/2024 6:05 PM", ["M/D/YYYY h:mm A"], "2024-03-14 18:05:00"),
        ("3/14/2024 12:05 am", ["M/D/YYYY h:mm A"], "2024-03-14 00:05:00"),
        ("45292.5", ["serial"], "2024-01-01 12:00:00"),
        ("1704110400", ["epoch"], "2024-01-01 12:00:00"),
        ("1704110400500", ["epoch_ms"], "2024-01-01 12:00:00"),
        ("2026-01-15T10:00:00.123+08:00", ["iso"], "2026-01-15 02:00:00"),
        ("2026-01-15T10:00:00Z", ["iso"], "2026-01-15 10:00:00"),
        ("2026-03", ["YYYY-MM"], "2026-03-01 00:00:00"),
        ('="2026-01-15"', ["YYYY-MM-DD"], "2026-01-15 00:00:00"),
        ("2026-01-15 10:00:00", ["DD.MM.YYYY"], "2026-01-15 10:00:00"),
    ],
)
def test_dates_as_shops_write_them(text: str, formats: list[str], expected: str) -> None:
    ts, _, bad = convert.moment(Cells.of([text]), "UTC", formats=formats)
    assert not bad.any()
    assert str(datetime.fromtimestamp(int(ts.values[0]), UTC).replace(tzinfo=None)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-13-01",
        "not-a-date",
        "2026-01-15 25:00:00",
        "31.04.2026",
        "0000-01-01",
        "2026-01-15 10:00:00 +9900",
    ],
)
def test_what_is_no_date_is_bad(text: str) -> None:
    column, bad = convert.day(Cells.of([text, "2026-01-15"]))
    assert bad.tolist() == [True, False]
    assert values(column) == [None, date(2026, 1, 15).toordinal() - 719_163]


def test_the_order_of_day_and_month_is_decided_by_the_whole_column() -> None:
    order = convert.DateOrder()
    order.look(Cells.of(["03/04/2026", "05/06/2026"]))
    assert order.order is None and order.matters
    order.look(Cells.of(["13/04/2026"]))
    assert order.order == "dmy"
    column, bad = convert.day(
        Cells.of(["03/04/2026", "12/31/2026"]), ["DD/MM/YYYY", "MM/DD/YYYY"], order="dmy"
    )
    assert values(column)[0] == date(2026, 4, 3).toordinal() - 719_163
    assert bad.tolist() == [False, True]
    order.look(Cells.of(["04/13/2026"]))
    assert order.order is None and order.contradictory


def test_dates_between_signs_that_the_formats_read_in_one_order_leave_nothing_open() -> None:
    order = convert.DateOrder(times.needs_order(["D.M.YYYY", "D/M/YYYY", "M/D/YYYY"]))
    order.look(Cells.of(["03.04.2026", "05.06.2026"]))
    assert not order.matters
    order.look(Cells.of(["03/04/2026"]))
    assert order.matters and order.order is None


@pytest.mark.parametrize(("text", "mark"), [("1,051", "."), ("1.051", ","), ("1,000", None)])
def test_a_whole_number_with_three_digits_behind_its_mark_is_grouped_unless_they_are_noughts(text: str, mark: str | None) -> None:
    look = convert.DecimalMark()
    look.look(Cells.of(["51", text]))
    assert look.mark_of_integer == mark and look.mark is None


def test_two_orders_are_never_read_in_one_column() -> None:
    column, bad = convert.day(Cells.of(["13/04/2026", "04/13/2026"]), ["DD/MM/YYYY", "MM/DD/YYYY"])
    assert bad.tolist() == [False, True]
    assert times.needs_order(["DD/MM/YYYY", "MM/DD/YYYY"]) and not times.needs_order(
        ["DD/MM/YYYY", "YYYY-MM-DD"]
    )


@pytest.mark.parametrize("name", ["", "HH:mm", "YYYY-DD", "YYYY-MM-MM"])
def test_formats_without_year_or_month_are_wrong(name: str) -> None:
    with pytest.raises(ValueError):
        times.check_format(name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2分30秒", 150),
        ("00:02:30", 150),
        ("11s", 11),
        ("1h 5m", 3900),
        ("90", 90),
        ("1天2小时", 93_600),
        ("2 days 03:00:00", 183_600),
        ("1 hour, 2 minutes", 3720),
    ],
)
def test_durations_as_they_are_written(text: str, seconds: int) -> None:
    column, bad = convert.duration(Cells.of([text, "soon"]))
    assert values(column) == [seconds, None] and bad.tolist() == [False, True]


def test_two_numbers_with_a_colon_are_what_the_format_says() -> None:
    assert values(convert.duration(Cells.of(["02:30"]))[0]) == [9000]
    assert values(convert.duration(Cells.of(["02:30"]), clock="m:s")[0]) == [150]
    assert values(convert.duration(Cells.of(["2.5"]), unit="min")[0]) == [150]


@pytest.mark.parametrize(("values", "mark"), [(["1,800", "900"], "."), (["160.000", "140.000"], ","), (["1.5"], "."), (["1,800", "1.800"], None)])
def test_marks_group_thousands_where_a_currency_has_no_minor_units(values: list[str], mark: str | None) -> None:
    look = convert.DecimalMark()
    look.look(Cells.of(values))
    assert look.mark_of_whole == mark
