"""The kept raw text gives back, record by record, what stood in the file, without the hidden columns."""

from __future__ import annotations

import csv
import io
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.dialect import Dialect
from ecoperf_desktop.importing.raw import Chunk, RawKeeper, raw_chunks
from ecoperf_desktop.importing.split import RowReader, TableReader, TextReader


def member_of(content: bytes) -> Member:
    return Member(
        Path("orders.csv"), None, "", len(content), 0, "text", content[: limits.HEAD], _content=content
    )


def unpacked(chunks: list[Chunk], delimiter: str = ",") -> dict[int, list[str]]:
    """Return the kept cells by record number, read as the module's description says."""
    found: dict[int, list[str]] = {}
    for first, count, packed in chunks:
        rows = list(
            csv.reader(io.StringIO(zlib.decompress(packed).decode(), newline=""), delimiter=delimiter)
        )
        assert len(rows) == count
        found.update({first + place: row for place, row in enumerate(rows) if row})
    return found


def shown(reader: TableReader, hidden: set[str]) -> dict[int, list[str]]:
    kept = [place for place, name in enumerate(reader.header) if name not in hidden]
    return {
        int(block.records[row]): [block.columns[place].text(row) for place in kept]
        for block in reader.blocks()
        for row in range(len(block))
    }


CELL = st.text(st.sampled_from('ab1,;"\n\r é商'), max_size=5)
RECORD = st.lists(CELL, min_size=4, max_size=4)
HIDDEN = st.sets(st.sampled_from(["a", "b", "c", "d"]), max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(RECORD | st.lists(CELL, max_size=2), max_size=15),
    HIDDEN,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([";", ","]),
    st.integers(20, 90),
)
def test_what_is_kept_is_what_stood_there(
    rows: list[list[str]], hidden: set[str], end: str, delimiter: str, block: int
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    content = b"a%sb%sc%sd\n" % ((delimiter.encode(),) * 3) + out.getvalue().encode()

    def reader() -> TextReader:
        return TextReader(member_of(content), "utf-8", Dialect(delimiter), 0, block=block)

    expected = shown(reader(), hidden)
    chunks = list(raw_chunks(reader().blocks(), ["a", "b", "c", "d"], hidden, delimiter))
    assert unpacked(chunks, delimiter) == expected


def test_stray_quotes_are_kept_so_that_any_reader_cuts_them_alike() -> None:
    content = b'a,b,c\n19" screen,1,x\n"said "hi" loud",2,y\n"x, y",3,z\n'
    reader = TextReader(member_of(content), "utf-8", Dialect(), 0)
    chunks = list(raw_chunks(reader.blocks(), reader.header, ["b"], ","))
    assert unpacked(chunks) == {1: ['19" screen', "x"], 2: ['said "hi" loud', "y"], 3: ["x, y", "z"]}


def test_left_out_records_leave_an_empty_line() -> None:
    content = b"a,b\r\n1,2\r\n\r\nshort\r\n3,4\r\n"
    reader = TextReader(member_of(content), "utf-8", Dialect(), 0)
    ((first, count, packed),) = raw_chunks(reader.blocks(), reader.header, [], ",")
    assert (first, count, zlib.decompress(packed)) == (1, 4, b"1,2\n\n\n3,4\n")


def test_chunks_hold_about_a_thousand_records_each() -> None:
    content = b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(2_500))
    reader = TextReader(member_of(content), "utf-8", Dialect(), 0)
    chunks = list(raw_chunks(reader.blocks(), reader.header, ["a"], ","))
    assert [(first, count) for first, count, _ in chunks] == [(1, 1000), (1001, 1000), (2001, 500)]


@pytest.mark.parametrize("delimiter", [None, ";"])
def test_rows_of_workbooks_are_written_as_delimited_text(delimiter: str | None) -> None:
    rows = [["1", "a,b;c", None], [None, None, None], ["2", 'x"y\nz', "3"]]
    reader = RowReader(["n", "text", "last"], rows, file="orders.xlsx")
    chunks = list(raw_chunks(reader.blocks(), reader.header, ["last"], delimiter))
    assert unpacked(chunks, delimiter or ",") == {1: ["1", "a,b;c"], 3: ["2", 'x"y\nz']}


def test_nothing_is_kept_where_every_column_is_hidden() -> None:
    reader = TextReader(member_of(b"a\n1\n2\n"), "utf-8", Dialect(), 0)
    assert list(raw_chunks(reader.blocks(), reader.header, ["a"], ",")) == []


def test_leaving_early_ends_the_compressing() -> None:
    reader = TextReader(member_of(b"a,b\n" + b"1,2\n" * 5_000), "utf-8", Dialect(), 0, block=4096)
    with RawKeeper(reader.header, [], ",") as keeper:
        for block in reader.blocks():
            list(keeper.add(block))
            break
