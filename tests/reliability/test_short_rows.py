"""Records that lack cells at their end are told from those that lost a delimiter: a column is never shifted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.dialect import Dialect
from ecoperf_desktop.importing.short_rows import WholeRecords
from ecoperf_desktop.importing.split import TextReader

WHOLE = [
    ["0010001", "2024-01-15", "SKU-000", "Blue mug", "1", "1.25", "1.25", "EUR", "DE"],
    ["0010002", "2024-02-15", "SKU-001", "Desk lamp", "2", "3.00", "6.00", "EUR", "FR"],
    ["0010003", "2024-03-15", "SKU-002", "USB-C cable", "3", "4.75", "14.25", "EUR", "NA"],
]


@pytest.mark.parametrize("found", [7, 8])
def test_c9_a_record_that_ends_early_is_taken_where_a_shift_would_have_shown(found: int) -> None:
    whole = WholeRecords(WHOLE, 9)
    assert whole.lacks_only_its_end(["0010004", "2024-04-15", "SKU-003", "Tea", "4", "6.50", "26.00", "EUR"][:found])


@pytest.mark.parametrize("lost", range(8))
def test_c9_a_lost_delimiter_is_never_taken_for_an_early_end(lost: int) -> None:
    whole = WholeRecords(WHOLE, 9)
    for record in WHOLE:
        assert not whole.lacks_only_its_end([*record[:lost], record[lost] + record[lost + 1], *record[lost + 2 :]])


@pytest.mark.parametrize("cells", [
    ["Total", "", "", "", "6", "", "21.50"], ["Refund", "Amount"], ["R1", "5.00"], ["0010004"], ["Order ID", "Order Date", "SKU", "Product", "Qty"],
    ["0010004", "", "SKU-003", "Tea", "4", "6.50", "26.00"],
])  # fmt: skip
def test_c10_totals_and_other_tables_are_no_short_records(cells: list[str]) -> None:
    assert not WholeRecords(WHOLE, 9).lacks_only_its_end(cells)


def test_c9_one_whole_record_is_too_little_to_compare_with() -> None:
    assert not WholeRecords(WHOLE[:1], 9).lacks_only_its_end(WHOLE[0][:7])


@given(st.integers(0, 2**32), st.integers(0, 7))
def test_c9_no_lost_delimiter_in_numbers_without_blanks_is_taken(seed: int, lost: int) -> None:
    """Hold the law for the hardest table there is: nothing but whole numbers of the same number of digits."""
    chance = random.Random(seed)
    rows = [[str(chance.randint(100, 999)) for _ in range(9)] for _ in range(30)]
    broken = rows.pop()
    assert not WholeRecords(rows, 9).lacks_only_its_end([*broken[:lost], broken[lost] + broken[lost + 1], *broken[lost + 2 :]])
    assert WholeRecords(rows, 9).lacks_only_its_end(broken[:7])


def test_c9_short_records_are_filled_and_named_and_shifted_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    lines = [",".join(record) for record in WHOLE]
    short, shifted = ",".join(WHOLE[1][:7]), ",".join([WHOLE[2][0] + WHOLE[2][1], *WHOLE[2][2:]])
    path.write_text("\n".join(["Order,Date,SKU,Product,Qty,Price,Total,Currency,Country", *lines, short, shifted, ""]), encoding="utf-8")
    reader = TextReader(next(members(path)), "utf-8", Dialect(","), 0, short_rows="fit")
    columns = [[text for block in blocks for text in block.columns[place].texts()] for blocks in [list(reader.blocks())] for place in range(9)]
    assert columns[6] == ["1.25", "6.00", "14.25", "6.00"] and columns[8] == ["DE", "FR", "NA", ""]
    assert [(finding.code, finding.line) for finding in reader.findings] == [("reading.width_filled", 5), ("reading.width", 6)]


def test_c9_a_last_cell_that_may_be_two_is_not_taken() -> None:
    """Hold that texts of many lengths at the end of a record, which no kind tells apart, are not guessed at."""
    rows = [["1", "a cup", "red"], ["2", "a large bowl", "dark blue"], ["3", "one spoon", "black"]]
    assert not WholeRecords(rows, 3).lacks_only_its_end(["4", "a plategreen"])
