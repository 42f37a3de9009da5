"""A workbook's columns give the table that its rows would give."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.importing.split import ColumnReader, RowReader, TableReader
from ecoperf_desktop.importing.text import Cells

CELLS = st.sampled_from(["", "", " ", "\u00a0", "\u3000", "a", "b", "ä", "水", "Qty", "No", "x" * 32_768, "水" * 11_000])
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12)


def _read(reader: TableReader) -> object:
    rows = []
    for block in reader.blocks():
        texts = [cells.texts() for cells in block.columns]
        rows.extend(zip(block.records.tolist(), *texts, strict=True))
    found = [(one.code, one.record, one.column, one.details) for one in reader.findings]
    return rows, reader.records, reader.rejected, dict(reader.dropped), found


def _columns(rows: Sequence[Sequence[str]]) -> list[Cells]:
    return [Cells.ended(b"".join(cell.encode() + b"\0" for cell in column), len(rows)) for column in zip(*rows, strict=True)]


@given(ROWS, st.integers(1, 5), st.sampled_from([("No", "Qty"), ("No", "Qty", "b"), ("No", "Qty", "b", "more")]), st.booleans())
def test_columns_are_read_as_rows_are(rows: list[list[str]], size: int, header: tuple[str, ...], excused: bool) -> None:
    stray = (lambda cells: "total") if excused else None
    pieces = [_columns(rows[start : start + size]) for start in range(0, len(rows), size)]
    by_columns = ColumnReader(header, pieces, file="w.xlsx", stray=stray)
    assert _read(by_columns) == _read(RowReader(header, rows, file="w.xlsx", stray=stray))
