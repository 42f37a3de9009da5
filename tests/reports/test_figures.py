"""How numbers and days are written, in both languages."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.model.days import Grain, Period, bucket_of, parse_day
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import Figure
from ecoperf_desktop.reports.figures import form, rounded, rounded_together, shortened


def money(value: int | Fraction | None, language: str = "en", currency: str = "CNY", **wishes: object) -> figures.Form:
    return form("money", language, sample=[value], currency=currency, **wishes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minor", "english", "chinese"),
    [
        (182_345_000, "¥1,823,450", "¥1,823,450"),
        (-10_155_000, "−¥101,550", "−¥101,550"),
        (0, "¥0", "¥0"),
        (None, "–", "–"),
        (250, "¥2.50", "¥2.50"),
        (99_950, "¥1,000", "¥1,000"),
    ],
)
def test_money_in_tables(minor: int | None, english: str, chinese: str) -> None:
    assert money(minor).text(minor) == english
    assert money(minor, "zh").text(minor) == chinese


@pytest.mark.parametrize(
    ("major", "english", "chinese"),
    [
        (999, "999", "999"),
        (9_412, "9.4k", "9,412"),
        (264_000, "264k", "26.4万"),
        (1_823_450, "1.82M", "182.3万"),
        (12_600_000, "12.6M", "1,260万"),
        (124_000_000, "124M", "1.24亿"),
        (9_500, "9.5k", "9,500"),
        (9_996, "10k", "9,996"),
        (999_600, "1.00M", "100.0万"),
        (9_999.6, "10k", "1.0万"),
        (99_999_999, "100M", "1.00亿"),
        (-411_743, "−412k", "−41.2万"),
        (0, "0", "0"),
    ],
)
def test_short_numbers(major: float, english: str, chinese: str) -> None:
    assert shortened(major, "en") == english
    assert shortened(major, "zh") == chinese


def test_short_money_names_its_currency_unless_the_chinese_unit_does() -> None:
    assert money(182_345_000).short(182_345_000) == "¥1.82M"
    assert money(182_345_000, "zh").short(182_345_000) == "182.3万"
    assert money(182_345_000, "zh", "GBP").short(182_345_000) == "£182.3万"
    assert money(-182_345_000, currency="USD").short(-182_345_000) == "−$1.82M"
    assert money(182_345_000).bare(182_345_000) == "1.82M"


def test_currencies_with_one_sign_are_told_apart() -> None:
    assert money(100_000, is_shared=True).text(100_000) == "CN¥1,000"
    assert money(1_000, currency="JPY", is_shared=True).text(1_000) == "JP¥1,000"
    assert money(100_000, currency="CHF").text(100_000) == "CHF 1,000"
    assert money(100_000, currency="KWD").text(1_500_000) == "KWD 1,500"


def test_money_per_something_keeps_decimals_that_sums_do_not_need() -> None:
    assert money(25_850, is_quotient=True).text(25_850) == "¥258.5"
    assert money(231, is_quotient=True).text(231) == "¥2.31"
    assert money(156_000, is_quotient=True).text(156_000) == "¥1,560"
    assert money(25_850).text(25_850) == "¥259"
    assert money(Fraction(51_700, 2), is_quotient=True).text(Fraction(51_700, 2)) == "¥258.5"


def test_percent_and_its_changes() -> None:
    conversion = form("ratio", "en", sample=[0.0279])
    assert conversion.text(0.0279) == "2.79%"
    assert conversion.bare(0.0279) == "2.79"
    assert form("ratio", "en", sample=[0.063]).text(0.063) == "6.3%"
    assert form("ratio", "en", sample=[0]).text(0) == "0.0%"
    assert form("ratio", "en", sample=[0.9989]).text(0.9989) == "99.89%"
    assert form("ratio", "en", sample=[1]).text(1) == "100.0%"
    assert conversion.change(0.0279, 0.0299) == (Fraction(-2, 1000), "−20 bp")
    assert form("ratio", "zh", sample=[0.0279]).change(0.0279, 0.0299)[1] == "−0.20pp"
    assert form("ratio", "en", rate_change="pp").change(0.0279, 0.0299)[1] == "−0.20 pp"
    assert conversion.change(0.52, 0.644)[1] == "−12.4 pp"
    assert conversion.change(0.0279, 0.0279)[1] == "0 bp"


def test_changes_of_amounts() -> None:
    counts = form("count", "en")
    assert counts.change(1022, 1000)[1] == "+2.2%"
    assert counts.change(953, 1000)[1] == "−4.7%"
    assert counts.change(1000, 1000)[1] == "0.0%"
    assert counts.change(12_300, 1_000)[1] == "×12.3"
    assert form("count", "zh").change(12_300, 1_000)[1] == "12.3 倍"
    assert counts.change(5, 0) == (None, "–")
    assert counts.change(-5, 5) == (None, "–")
    assert counts.change(None, 5) == (None, "–")
    assert counts.change(5, None) == (None, "–")


def test_durations_and_scores() -> None:
    paint = form("ms", "en", sample=[3_380])
    assert paint.text(3_380) == "3.38 s"
    assert paint.change(3_380, 2_970)[1] == "+0.41 s"
    assert form("ms", "zh", sample=[3_380]).change(3_380, 2_970)[1] == "+0.41 秒"
    assert form("ms", "en", sample=[183]).text(183) == "183 ms"
    cover = form("days", "en", sample=[38.4])
    assert cover.text(38.4) == "38.4 d"
    assert cover.change(38.4, 38.9)[1] == "−0.5 d"
    assert form("days", "zh", sample=[38.4]).text(38.4) == "38.4 天"
    assert form("seconds", "en", sample=[29]).text(29) == "29 s"
    assert form("seconds", "en", sample=[158_400]).text(158_400) == "44.0 h"
    assert form("seconds", "en", sample=[518_400]).text(518_400) == "6.0 d"
    assert form("score", "en", sample=[4.0698]).text(4.0698) == "4.07"
    assert form("score", "en", decimals=3, sample=[0.084]).text(0.084) == "0.084"
    assert form("times", "en", sample=[5.88]).text(5.88) == "5.88"
    assert form("times", "en", sample=[5.88]).change(5.88, 6.31)[1] == "−6.8%"
    assert form("position", "en", sample=[3.24]).text(3.24) == "3.2"


def test_a_column_shares_its_decimals() -> None:
    column = form("ratio", "en", sample=[0.0279, 0.644])
    assert [column.text(value) for value in (0.0279, 0.644)] == ["2.8%", "64.4%"]


def test_marks_of_a_scale_are_round_and_few() -> None:
    paid = form("money", "en", sample=[1_043_800_000], currency="CNY")
    assert [word for _, word in figures.ticks(420_000_000, 1_100_000_000, paid)] == ["6M", "8M", "10M"]
    rates = form("ratio", "en", sample=[0.03])
    assert [word for _, word in figures.ticks(0.027, 0.034, rates)] == ["2.75%", "3.00%", "3.25%"]
    chinese = form("money", "zh", sample=[25_000_000_0], currency="CNY")
    assert [word for _, word in figures.ticks(0, 250_000_000, chinese)] == ["0", "100万", "200万"]
    assert figures.ticks(5, 5, rates) == ()


@pytest.mark.parametrize(
    ("first", "last", "english", "chinese"),
    [
        ("2026-08-10", "2026-08-16", "10–16 Aug 2026", "2026-08-10 – 08-16"),
        ("2026-11-30", "2026-12-06", "30 Nov – 6 Dec 2026", "2026-11-30 – 12-06"),
        ("2025-12-29", "2026-01-04", "29 Dec 2025 – 4 Jan 2026", "2025-12-29 – 2026-01-04"),
        ("2026-08-16", "2026-08-16", "16 Aug 2026", "2026-08-16"),
    ],
)
def test_spans_of_days(first: str, last: str, english: str, chinese: str) -> None:
    period = Period(parse_day(first), parse_day(last))
    assert figures.span_text(period, "en") == english
    assert figures.span_text(period, "zh") == chinese


def test_names_of_periods() -> None:
    day = parse_day("2026-08-16")
    names = {
        Grain.WEEK: ("Week 33, 2026", "2026 年第 33 周", "W33", "W33"),
        Grain.MONTH: ("August 2026", "2026 年 8 月", "A", "8"),
        Grain.QUARTER: ("Q3 2026", "2026 年第 3 季度", "Q3", "Q3"),
        Grain.YEAR: ("2026", "2026 年", "2026", "2026"),
        Grain.DAY: ("16 Aug 2026", "2026-08-16", "16 Aug", "8-16"),
    }
    for grain, (english, chinese, short, short_chinese) in names.items():
        bucket = bucket_of(day, grain)
        assert figures.bucket_title(bucket, grain, "en") == english
        assert figures.bucket_title(bucket, grain, "zh") == chinese
        assert figures.axis_label(bucket, grain, "en") == short
        assert figures.axis_label(bucket, grain, "zh") == short_chinese
    assert figures.bucket_name(bucket_of(day, Grain.WEEK), Grain.WEEK, "zh") == "第 33 周"
    assert figures.weekday_text(day, "en") == "Sun 16 Aug"
    assert figures.weekday_text(day, "zh") == "8 月 16 日（周日）"


def test_halves_round_away_from_zero_and_decimals_as_people_read_them() -> None:
    assert str(rounded(0.285, 2)) == "0.29"
    assert str(rounded(-0.285, 2)) == "-0.29"
    assert str(rounded(Fraction(5, 2))) == "3"
    assert str(rounded(2.675, 2)) == "2.68"


def test_a_bridge_rounds_so_that_it_adds_up() -> None:
    assert rounded_together([41_364.4, -128_176.3, -3_869.2, -248.9], -90_930) == [41_364, -128_176, -3_869, -249]
    assert rounded_together([0.5, 0.5], 1) == [1, 0]
    assert rounded_together([], 0) == []


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=7))
def test_parts_rounded_together_sum_and_stay_close(parts: list[float]) -> None:
    total = int(rounded(sum(parts)))
    whole = rounded_together(parts, total)
    assert sum(whole) == total
    assert all(abs(number - part) < 1.000001 for number, part in zip(whole, parts, strict=True))


@given(st.integers(-(10**14), 10**14))
def test_no_number_is_written_with_an_ascii_minus_or_four_digits_before_its_unit(minor: int) -> None:
    for language in ("en", "zh"):
        text = money(minor, language).short(minor)
        assert "-" not in text
        digits = text.rstrip("kMB万亿").lstrip("−¥").replace(",", "").partition(".")[0]
        assert len(digits) <= (3 if text[-1] in "kM" else 4) or text[-1] in "B亿"


def test_a_number_is_written_when_it_is_looked_at_and_always_the_same() -> None:
    form = figures.form("money", "en", currency="CNY", sample=(123_456_789,))
    late = Figure.of(123_456_789, form, None, None, "money", partial=True)
    early = Figure(123_456_789, form.text(123_456_789) + figures.DAGGER, form.bare(123_456_789), None, True, None, "money")
    assert "text" not in vars(late)
    assert late.short == early.short and late.text == early.text
    assert late == early and hash(late) == hash(early)
    assert replace(late, unit="count").text == early.text
    with pytest.raises(AttributeError):
        late.nothing  # type: ignore[attr-defined]  # noqa: B018
