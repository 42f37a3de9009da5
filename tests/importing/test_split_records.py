"""Cutting text into records: the fast cutter and the plain one give the same rows, wherever blocks end."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member, members
from ecoperf_desktop.importing.dialect import Dialect, cut_record
from ecoperf_desktop.importing.split import RowReader, TextReader, _quote_spans_cells, first_rows

COMMA = Dialect()


def member_of(content: bytes, name: str = "orders.csv") -> Member:
    return Member(Path(name), None, "", len(content), 0, "text", content[: limits.HEAD], _content=content)


def rows_of(reader: TextReader) -> list[tuple[int, int, tuple[str, ...]]]:
    """Return record, line and cells of every row that a reader gives."""
    rows = []
    for block in reader.blocks():
        assert block.lines is not None
        for row in range(len(block)):
            rows.append(
                (
                    int(block.records[row]),
                    int(block.lines[row]),
                    tuple(cells.text(row) for cells in block.columns),
                )
            )
    return rows


def swallowing(text: bytes, place: int, width: int, dialect: Dialect) -> int:
    """Return where the first line of the record ends when a quote without an end swallowed the others, else 0."""
    cut = cut_record(text, place, dialect)
    first = re.compile(rb"\r*\n|\r").search(text, place, cut.end)
    if cut.orderly or first is None or first.end() == cut.end:
        return 0
    second = cut_record(text, first.end(), dialect)
    is_record = second.orderly and second.end <= cut.end and len(second.cells) == width
    return first.end() if len(cut.cells) != width or is_record else 0


def plainly(
    content: bytes, width: int, dialect: Dialect = COMMA
) -> list[tuple[int, int, tuple[str, ...]]] | None:
    """Return the same, one record after the other by the plain rules; None when a quote is never closed."""
    text = content if not content or content[-1] in b"\r\n" else content + b"\n"
    place, line, number, rows = 0, 1, 0, []
    while place < len(text):
        cut = cut_record(text, place, dialect)
        if not cut.closed:
            return None
        number += 1
        if width > 1 and (line_end := swallowing(text, place, width, dialect)):
            place, line = line_end, line + 1  # the first line is no record, the next one begins one
            continue
        across = not cut.orderly and _quote_spans_cells(cut.cells, dialect.quote or "")
        if len(cut.cells) == width and any(cell.strip() for cell in cut.cells) and not across:
            rows.append((number, line, cut.cells))
        piece = text[place : cut.end]
        line += len(re.findall(rb"\r*\n|\r", piece))
        place = cut.end
    return rows


PIECES = st.sampled_from(
    [",", ",", "\n", "\n", "\r\n", "\r", '"', '"', '""', "a", "1", " ", "é", "商品", ";", "\\"]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=60).map("".join), st.integers(1, 3), st.integers(4, 40))
@example('a,b\n"x\ny",2\n', 2, 5)
@example('a,b\r\n"x""y",2\r\n', 2, 7)
@example('19",b\nc,"d"\n', 2, 6)
@example('"a""",""\n""""",b\n', 2, 4)
@example('a,b\n"c,d\ne,"f"\n', 2, 9)
@example(',,,,,,,,,\r\n\r商品",""\r\r\na', 1, 12)
def test_fast_and_plain_cutting_give_the_same_rows_wherever_blocks_end(
    text: str, width: int, block: int
) -> None:
    content = text.encode()
    expected = plainly(content, width)
    header = [f"column {place}" for place in range(width)]
    try:
        reader = TextReader(member_of(content), "utf-8", COMMA, None, header=header, block=block)
        reader._width = width
        found = rows_of(reader)
    except FileRefused as problem:
        assert problem.code == "reading.unclosed_quote"
        assert expected is None
        return
    assert expected is not None
    assert found == expected


CELLS = st.text(st.sampled_from('ab1,;"\n\r é商'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(5, 60),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_the_csv_module_writes_is_read_back_exactly(
    rows: list[list[str]], end: str, block: int, quoting: int
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # then it leaves a lone carriage return bare
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    reader = TextReader(
        member_of(out.getvalue().encode()), "utf-8", COMMA, None, header=["a", "b", "c"], block=block
    )
    found = [list(row[2]) for row in rows_of(reader)]
    assert found == [row for row in rows if any(cell.strip() for cell in row)]
    assert reader.rejected == 0
    assert reader.records == len(rows)


@pytest.mark.parametrize("edge", [8_192, 65_536])
@pytest.mark.parametrize("shift", range(-4, 5))
@pytest.mark.parametrize("piece", ["\r\n", '"', '""', "商", "é"])
def test_nothing_is_lost_where_a_block_ends_within_a_line_end_a_quote_or_a_character(
    edge: int, shift: int, piece: str
) -> None:
    middle = {'"': 'x,"1,5"\r\n', '""': 'x,"1""5"\r\n'}.get(piece, f"x,{piece.strip() or 1}\r\n").encode()
    at = middle.index(piece.encode()) if piece != "\r\n" else middle.index(b"\r\n")
    filler = b"k,1\r\n" * (edge // 5 + 2)
    lead = filler[: (edge + shift - at) // 5 * 5]
    lead += (
        b"k," + b"9" * ((edge + shift - at) - len(lead) - 4 + 5) + b"\r\n" if (edge + shift - at) % 5 else b""
    )
    content = lead + middle + b"k,2\r\n" * 3
    reader = TextReader(member_of(content), "utf-8", COMMA, None, header=["a", "b"], block=edge)
    rows = rows_of(reader)
    assert len(rows) == content.count(b"\n")
    assert rows[-4][2] == ("x", {'"': "1,5", '""': '1"5'}.get(piece, piece.strip() or "1"))


def test_lines_are_physical_and_records_count_from_the_header() -> None:
    content = b'preamble\n\na,b\n1,"two\nlines"\n\n3,4\nshort\n5,6\n'
    reader = TextReader(member_of(content), "utf-8", COMMA, 2)
    assert rows_of(reader) == [(1, 4, ("1", "two\nlines")), (3, 7, ("3", "4")), (5, 9, ("5", "6"))]
    assert reader.header == ("a", "b")
    assert reader.preamble == ("preamble", "")
    assert reader.dropped == {"blank": 1}
    assert [(f.code, f.record, f.line, f.details) for f in reader.findings] == [
        ("reading.width", 4, 8, {"found": 1, "expected": 2})
    ]
    assert reader.records == 5 and reader.rejected == 1


def test_a_record_of_another_width_never_shifts_its_cells_into_other_columns() -> None:
    content = b"order,sku,price\n1,A,2.50\n2,B,blue,3.50\n3,C\n4,D,4.50\n"
    reader = TextReader(member_of(content), "utf-8", COMMA, 0)
    assert [row[2] for row in rows_of(reader)] == [("1", "A", "2.50"), ("4", "D", "4.50")]
    assert [finding.line for finding in reader.findings] == [3, 4]


def test_short_records_are_filled_only_when_that_is_asked_for() -> None:
    reader = TextReader(member_of(b"a,b,c\n1,2,3\n4\n5,6,7\n"), "utf-8", COMMA, 0, short_rows="fill")
    assert [row[2] for row in rows_of(reader)] == [("1", "2", "3"), ("4", "", ""), ("5", "6", "7")]
    assert [finding.code for finding in reader.findings] == ["reading.width_filled"]
    assert reader.rejected == 0


def test_a_delimiter_behind_every_record_is_no_column() -> None:
    reader = TextReader(member_of(b"a,b\n1,2,\n3,4,\n"), "utf-8", COMMA, 0)
    assert [row[2] for row in rows_of(reader)] == [("1", "2"), ("3", "4")]
    reader = TextReader(member_of(b"a,b\n" + b"1,2,\n" * 30 + b"3,4,5\n"), "utf-8", COMMA, 0)
    assert len(rows_of(reader)) == 30
    assert [finding.line for finding in reader.findings] == [32]


def test_repeated_headers_comments_and_excused_footers_are_dropped_by_reason() -> None:
    content = b"a,b\n1,2\na,b\n# note,x\n3,4\nTotal\n"
    reader = TextReader(
        member_of(content),
        "utf-8",
        COMMA,
        0,
        comment="#",
        stray=lambda cells: "total row" if cells[0] == "Total" else None,
    )
    assert [row[2] for row in rows_of(reader)] == [("1", "2"), ("3", "4")]
    assert reader.dropped == {"header": 1, "comment": 1, "total row": 1}
    assert reader.rejected == 0 and not reader.findings


def test_a_table_ends_where_it_is_told_to() -> None:
    reader = TextReader(member_of(b"a,b\n1,2\n3,4\n\nx,y\n5,6\n"), "utf-8", COMMA, 0, end_row=3)
    assert [row[2] for row in rows_of(reader)] == [("1", "2"), ("3", "4")]
    assert reader.records == 2


def test_a_quote_that_never_closes_names_its_line() -> None:
    content = b'a,b\n1,2\n3,"four\n' + b"5,6\n" * 1000
    with pytest.raises(FileRefused) as caught:
        rows_of(TextReader(member_of(content), "utf-8", COMMA, 0))
    assert caught.value.code == "reading.unclosed_quote"
    assert caught.value.details["line"] == 3
    assert "line 3" in str(caught.value)


def test_a_record_that_never_ends_is_refused_without_reading_on() -> None:
    with pytest.raises(FileRefused) as caught:
        first_rows(member_of(b"x" * (limits.RECORD + 10)), "utf-8", COMMA)
    assert caught.value.code == "reading.record_too_long"


def test_too_many_columns_are_refused_naming_the_limit() -> None:
    with pytest.raises(FileRefused) as caught:
        TextReader(member_of((",".join("abc" for _ in range(2001)) + "\n").encode()), "utf-8", COMMA, 0)
    assert caught.value.code == "reading.too_many_columns"
    assert "2000" in str(caught.value)


def test_a_cell_longer_than_allowed_costs_its_record() -> None:
    content = (
        b"a,b\n1,2\n"
        + b"x" * (limits.CELL + 1)
        + b",2\n3,4\n"
        + ("商" * (limits.CELL - 1)).encode()
        + b",5\n"
    )
    reader = TextReader(member_of(content), "utf-8", COMMA, 0)
    assert len(rows_of(reader)) == 3
    assert [(finding.code, finding.line, finding.column) for finding in reader.findings] == [
        ("reading.cell_too_long", 3, "a")
    ]


def test_stray_quotes_are_text_and_their_lines_are_named() -> None:
    content = b'a,b\n19" screen,1\n"x, y",2\n"said "hi" loud",3\n'
    reader = TextReader(member_of(content), "utf-8", COMMA, 0)
    assert [row[2] for row in rows_of(reader)] == [
        ('19" screen', "1"),
        ("x, y", "2"),
        ('said "hi" loud', "3"),
    ]
    assert [(finding.code, finding.line) for finding in reader.findings] == [
        ("reading.stray_quote", 2),
        ("reading.stray_quote", 4),
    ]


def test_quotes_behind_an_equals_sign_that_keep_a_number_whole_are_no_stray_ones() -> None:
    content = b'a,b\n="0012","x, y"\n="0013",19" screen\n="00"14",2\n'
    reader = TextReader(member_of(content), "utf-8", COMMA, 0)
    assert len(rows_of(reader)) == 3
    assert [(finding.code, finding.line) for finding in reader.findings] == [
        ("reading.stray_quote", 3),
        ("reading.stray_quote", 4),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_kind_of_line_end_ends_a_record_once(end: str) -> None:
    content = end.join(["a,b", "1,2", "3,4", ""]).encode()
    reader = TextReader(member_of(content), "utf-8", COMMA, 0)
    assert rows_of(reader) == [(1, 2, ("1", "2")), (2, 3, ("3", "4"))]
    assert not reader.dropped


def test_line_ends_may_be_mixed() -> None:
    reader = TextReader(member_of(b'a,b\r\n1,2\r3,4\n"5\r\n6",7\r\r\n8,9'), "utf-8", COMMA, 0)
    assert [row[2] for row in rows_of(reader)] == [("1", "2"), ("3", "4"), ("5\r\n6", "7"), ("8", "9")]


def test_nul_characters_are_replaced_and_named() -> None:
    reader = TextReader(member_of(b"a,b\n1,2\n3,x\0y\n"), "utf-8", COMMA, 0)
    assert rows_of(reader)[1][2] == ("3", "x\x1ay")
    assert [(finding.code, finding.line) for finding in reader.findings] == [("reading.nul", 3)]


def test_rows_of_workbooks_lack_their_empty_end_and_may_not_be_longer() -> None:
    reader = RowReader(
        ["a", "b", "c"],
        [["1", "2"], [None, None], ["1", "2", "3", "4"], ["5", "6", "7", None]],
        file="x.xlsx",
    )
    blocks = list(reader.blocks())
    assert [[cells.text(row) for cells in blocks[0].columns] for row in range(2)] == [
        ["1", "2", ""],
        ["5", "6", "7"],
    ]
    assert blocks[0].records.tolist() == [1, 4]
    assert blocks[0].lines is None
    assert reader.dropped == {"blank": 1} and reader.rejected == 1


SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real export files are not on this machine")
@pytest.mark.parametrize(
    ("name", "header_row", "records"),
    [
        ("support_tickets/customer_support_tickets.csv", 0, 8_469),
        ("taobao_cosmetics_1111/cosmetic.csv", 0, 27_598),
        ("olist_sample_a/olist_orders_dataset.csv", 0, 3_000),
    ],
)
def test_real_files_have_the_records_they_are_known_to_have(name: str, header_row: int, records: int) -> None:
    member = next(iter(members(SHARED / "data" / name)))
    reader = TextReader(member, "utf-8", COMMA, header_row)
    assert sum(len(block) for block in reader.blocks()) == records
    assert reader.rejected == 0


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real export files are not on this machine")
def test_the_shops_daily_files_have_all_their_rows() -> None:
    folder = SHARED / "data" / "online_retail_uk_by_day"
    total = 0
    for path in sorted(folder.glob("*.csv")):
        reader = TextReader(next(iter(members(path))), "utf-8", COMMA, 0)
        total += sum(len(block) for block in reader.blocks())
        assert not reader.findings
    assert total == 209_029
