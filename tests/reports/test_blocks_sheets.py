"""Tables as files: numbers are numbers, days are days, holes are empty, and no text becomes a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import chart_blocks
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.model.days import day_of
from ecoperf_desktop.reports import figures, sheets
from ecoperf_desktop.reports.blocks import (
    Axis,
    BarCell,
    ChangeCell,
    Column,
    Figure,
    NumberCell,
    Row,
    Spark,
    SparkCell,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.tabular import table_of


def table(*rows: tuple[object, ...], heads: tuple[str, ...] = ("Name", "Value")) -> Table:
    columns = tuple(Column(head, head, "text" if index == 0 else "number") for index, head in enumerate(heads))
    return Table("t", "Orders: all", columns, tuple(Row(cells) for cells in rows))  # type: ignore[arg-type]


def money(value: int | Fraction | None, text: str = "¥1") -> NumberCell:
    return NumberCell(Figure(value, text if value is not None else "–", unit="money"))


def read_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()]


def test_money_stands_in_major_units_with_its_currency_in_the_head() -> None:
    made = table((TextCell("a"), money(182345000, "¥1,823,450")), (TextCell("b"), money(-5)), (TextCell("c"), money(None)))
    assert read_csv(sheets.as_csv(made, "CNY")) == [["Name", "Value (CNY)"], ["a", "1823450.00"], ["b", "-0.05"], ["c", ""]]
    assert read_csv(sheets.as_csv(made, "JPY"))[1:3] == [["a", "182345000"], ["b", "-5"]]
    assert read_xlsx(sheets.as_xlsx(made, "CNY")) == [["Name", "Value (CNY)"], ["a", 1823450.0], ["b", -0.05], ["c", ""]]


def test_missing_is_an_empty_cell_and_zero_is_zero() -> None:
    made = table((TextCell("a"), money(0, "¥0")), (TextCell("b"), money(None)))
    assert [row[1] for row in read_csv(sheets.as_csv(made, "CNY"))[1:]] == ["0.00", ""]
    assert [row[1] for row in read_xlsx(sheets.as_xlsx(made, "CNY"))[1:]] == [0.0, ""]


@pytest.mark.parametrize(
    ("figure", "content", "unit"),
    [
        (Figure(Fraction(279, 10000), "2.79%", "2.79", unit="ratio"), "2.79", "%"),
        (Figure(0.105, "10.5", unit="ratio"), "10.5", "%"),
        (Figure(5.88, "5.88", unit="ratio"), "5.88", ""),
        (Figure(Fraction(1, 3), "33.3%†", unit="ratio", partial=True), "33.3333333333", "%"),
        (Figure(Fraction(-47, 1000), "−4.7%"), "-4.7", "%"),
        (Figure(Fraction(-2, 1000), "−20 bp"), "-20", "bp"),
        (Figure(Fraction(-124, 1000), "−12.4 pp"), "-12.4", "pp"),
        (Figure(Fraction(113, 10), "×12.3"), "1130", "%"),
        (Figure(410, "+0.41 s"), "0.41", "s"),
        (Figure(-10155000, "−¥101,550"), "-101550", "¥"),
        (Figure(1234, "1,234", unit="count"), "1234", ""),
        (Figure(3380, "3.38 s", unit="ms"), "3380", "ms"),
        (Figure(5, "5 of 7 days"), "5", ""),
        (Figure(None, "–", unit="money"), None, ""),
    ],
)
def test_a_number_keeps_its_value_and_its_unit(figure: Figure, content: str | None, unit: str) -> None:
    entry = sheets.entry_of(NumberCell(figure), "CNY", "en")
    assert entry.content == (None if content is None else Decimal(content))
    assert entry.unit == unit
    assert entry == sheets.entry_of(ChangeCell(figure), "CNY", "en") == sheets.entry_of(BarCell(None, figure), "CNY", "en")


def test_a_column_of_several_units_has_a_column_of_units() -> None:
    made = table((TextCell("Net sales"), money(100)), (TextCell("Conversion"), NumberCell(Figure(0.0279, "2.79%", unit="ratio"))))
    assert read_csv(sheets.as_csv(made, "CNY", "en")) == [
        ["Name", "Value", "Value: unit"], ["Net sales", "1.00", "CNY"], ["Conversion", "2.79", "%"],
    ]  # fmt: skip
    written = read_xlsx(sheets.as_xlsx(made, "CNY", "en"))
    assert written[2][1] == 0.0279  # a real percent cell


def test_days_are_days() -> None:
    made = table((TextCell("10 Aug 2026", day=day_of(date(2026, 8, 10))), money(1)))
    assert read_csv(sheets.as_csv(made, "CNY"))[1][0] == "2026-08-10"
    assert read_xlsx(sheets.as_xlsx(made, "CNY"))[1][0] == date(2026, 8, 10)


@given(st.text(max_size=40))
def test_no_text_becomes_a_formula(words: str) -> None:
    shown = sheets.harmless(words)
    begins = shown.lstrip(" \ufeff\t")[:1]
    assert begins not in ("=", "@", "|") and "\n" not in shown and "\t" not in shown


@pytest.mark.parametrize("words", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "=HYPERLINK(\"http://x\")", "http://example.com", "007"])
def test_a_workbook_holds_no_formula_and_no_link(words: str) -> None:
    content = sheets.as_xlsx(table((TextCell(words), money(1))), "CNY")
    assert read_xlsx(content)[1][0] == words
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert "<f>" not in sheet and "<hyperlink" not in sheet


@pytest.mark.parametrize("block", chart_blocks.all_charts(zh=True), ids=lambda block: type(block).__name__)
def test_every_chart_is_a_sheet_with_as_many_numbers_as_its_table(block: object) -> None:
    made = table_of(block)  # type: ignore[arg-type]
    numbers = [cell for row in made.rows for cell in row.cells if isinstance(cell, NumberCell) and cell.figure.value is not None]
    written = read_xlsx(sheets.as_xlsx(made, "CNY", "zh"))
    assert sum(isinstance(cell, float | int) for row in written[1:] for cell in row) == len(numbers)
    assert len(read_csv(sheets.as_csv(made, "CNY", "zh"))) == len(made.rows) + 1


def test_drawings_are_left_out_and_groups_have_a_column() -> None:
    spark = SparkCell(Spark((1.0,), ("W1",), Axis(0, 1)))
    columns = (Column("name", "Name", "text"), Column("spark", "13 weeks", "spark"))
    made = Table("t", "Scorecard", columns, (Row((TextCell("Orders"), spark), group="Results"),))
    assert read_csv(sheets.as_csv(made, "CNY")) == [["", "Name"], ["Results", "Orders"]]


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6))
def test_a_number_is_exact_or_right_to_ten_digits(value: Fraction) -> None:
    written = Fraction(sheets._decimal(value))
    room = Fraction(1, 10**10) * max(abs(value), Fraction(1))
    assert written == value or abs(written - value) <= room


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    made = table_of(chart_blocks.heat())
    assert sheets.as_xlsx(made, "CNY") == sheets.as_xlsx(made, "CNY")
    sheets.write(made, tmp_path / "a.csv", "CNY")
    assert (tmp_path / "a.csv").read_bytes() == sheets.as_csv(made, "CNY")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    made = table((TextCell("a"), money(1)))
    with pytest.raises(UsageError, match="csv or .xlsx"):
        sheets.write(made, tmp_path / "a.ods", "CNY")
    with pytest.raises(WorkspaceError):
        sheets.write(made, tmp_path / "none" / "a.csv", "CNY")


def test_the_sign_of_missing_is_never_written() -> None:
    for block in chart_blocks.all_charts():
        rows = read_csv(sheets.as_csv(table_of(block), "CNY"))
        assert not any(cell == figures.MISSING for row in rows[1:] for cell in row)
