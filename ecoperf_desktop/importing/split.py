"""Text into blocks of records, a column at a time, with numpy.

Every record's width is compared with the header's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.dialect import PADDING, Cut, Dialect, cut_record, unquoted
from ecoperf_desktop.importing.encoding import head, utf8
from ecoperf_desktop.importing.short_rows import WHOLE_MOST, WholeRecords
from ecoperf_desktop.importing.text import PAD, Block, Bool, Bytes, Cells, Int64, RawRows, padded
from ecoperf_desktop.model.finding import Finding

_BLANK = 32
_LF, _CR, _NUL, _SUBSTITUTE = 10, 13, b"\0", b"\x1a"
_SLICE = 1 << 19  # bytes looked at in one go: small enough to stay in the processor's cache

# Asked about a record of another width than the header's: why it may be dropped, or None when it is a fault.
Stray = Callable[[tuple[str, ...]], str | None]
ShortRows = Literal["refuse", "fill", "fit"]
Unclosed = Literal["refuse", "reject"]


@dataclass(frozen=True)
class Row:
    """One record as text.  ``line`` is its first physical line from 1, None in a workbook."""

    line: int | None
    cells: tuple[str, ...]


class TableReader:
    """One table of a file: its header, and its records in blocks.

    ``header`` stands as in the file; ``preamble`` are the records above it.  ``findings``,
    ``dropped`` (reason to count) and ``rejected`` (records with a wrong shape) grow while ``blocks`` is read;
    ``records`` is then how many records there are after the header, blank and wrong ones included.
    At most ``limits.REJECTED_LISTED`` findings are listed, all are counted.
    """

    header: tuple[str, ...]
    preamble: tuple[str, ...]
    encoding: str | None
    delimiter: str | None
    findings: list[Finding]
    dropped: Counter[str]
    rejected: int
    records: int

    def __init__(
        self,
        header: Sequence[str],
        preamble: Sequence[str],
        encoding: str | None,
        delimiter: str | None,
        file: str,
    ) -> None:
        self.header = tuple(header)
        self.preamble = tuple(preamble)
        self.encoding = encoding
        self.delimiter = delimiter
        self.file = file
        self.findings = []
        self.dropped = Counter()
        self.rejected = 0
        self.records = 0
        check_header(self.header, file)

    def blocks(self) -> Iterator[Block]:
        """Yield the records in file order; may be called once."""
        raise NotImplementedError

    def reject(self, finding: Finding) -> None:
        """Count a record as rejected and list why, as long as the list is not too long."""
        self.rejected += 1
        if len(self.findings) < limits.REJECTED_LISTED:
            self.findings.append(finding)


class TextReader(TableReader):
    """A table of delimited text.

    ``header_row`` counts the records of ``first_rows`` from 0; None means that there is no
    header and ``header`` names the columns.  With both, ``header`` is what stands there, wherever in the file that is.  ``end_row`` is the record, counted the same way, before which the table
    ends.  Records that begin with ``comment`` are dropped.  ``stray`` may excuse records of another
    width, such as footers.  ``short_rows="fill"`` takes records that lack cells at their end as
    having them empty, with a warning; by default they are rejected, since a lost
    delimiter in the middle looks the same.  ``"fit"`` takes those whose cells are what whole records have there.
    A quote that is never closed refuses the file, or, with
    ``unclosed="reject"`` and few lines behind it, rejects these.  ``named`` False says that what stands at ``header_row``
    does not name the columns of ``header``.  Raises FileRefused for more columns than allowed.
    """

    def __init__(
        self,
        member: Member,
        encoding: str,
        dialect: Dialect,
        header_row: int | None,
        *,
        header: Sequence[str] | None = None,
        end_row: int | None = None,
        comment: str | None = None,
        stray: Stray | None = None,
        short_rows: ShortRows = "refuse",
        unclosed: Unclosed = "refuse",
        named: bool = True,
        block: int = limits.BLOCK,
    ) -> None:
        skipped = 0 if header_row is None else header_row + 1
        look = first_rows(member, encoding, dialect, skipped + 20)
        if header_row is not None and header is None:
            if header_row >= len(look):
                raise FileRefused("reading.no_header", file=member.name)
            header = _without_spare_names(look[header_row].cells, look[skipped:])
        above = [dialect.delimiter.join(row.cells) for row in look[: max(skipped - 1, 0)]]
        super().__init__(header or (), above, encoding, dialect.delimiter, member.name)
        self._member = member
        self._dialect = dialect
        self._skipped = skipped
        self._end_row = end_row
        self._comment = comment
        self._stray = stray
        self._short_rows = short_rows
        self._unclosed = unclosed
        self._named = named and header_row is not None
        self._block = block
        self.repeated: list[int] = []
        # Records are counted as in the look above up to the header, and up to an end that was found by looking.
        self._mended_from = look[skipped].line if end_row is None and len(look) > skipped else None
        self._width = len(self.header) + _trailing_delimiter(look[skipped:], len(self.header))

    @property
    def width(self) -> int:
        """Return how many cells a record has to have: one more than the header where a delimiter ends each line."""
        return self._width

    def blocks(self) -> Iterator[Block]:
        cutter = _Cutter(self._dialect, self._member.name, self._unclosed, self._width, self._mended_from)
        row = 0  # records of the file before this block
        for chunk in cutter.chunks(
            utf8(self._member, self.encoding or "utf-8", self._block), self._dialect.skip_lines
        ):
            count = len(chunk.ends)
            first = max(self._skipped - row, 0)
            last = count if self._end_row is None else min(count, self._end_row - row)
            if first < last:
                block = self._block_of(chunk, first, last, row)
                self.records += last - first
                if self.records > limits.RECORDS:
                    raise FileRefused("reading.too_many_records", file=self.file, limit=limits.RECORDS)
                if len(block):
                    yield block
            row += count
            if self._end_row is not None and row >= self._end_row:
                break
        for line in cutter.swallowed:
            self.records += 1
            details: dict[str, object] = {"opened": cutter.swallowed[0]}
            self.reject(Finding("reading.quote_open", "error", self.records, line, None, details))
        if cutter.substituted:
            self.findings.append(
                Finding("reading.nul", "warning", line=cutter.substituted, details={"file": self.file})
            )

    def _block_of(self, chunk: _Chunk, first: int, last: int, row: int) -> Block:
        """Return records ``first`` to ``last`` of the chunk, without those that are blank, dropped or wrong."""
        number = row + first - self._skipped + 1
        width = self._width
        ends = chunk.ends[first:last]
        before = chunk.ends[first - 1] + 1 if first else 0
        starts = np.empty(last - first, np.int64)
        starts[0] = chunk.separators[before - 1] + 1 if before else chunk.begins
        starts[1:] = chunk.separators[ends[:-1]] + 1
        flat = chunk.separators[before : ends[-1] + 1]
        records = np.arange(number, number + len(ends), dtype=np.int64)
        if len(flat) == width * len(ends) and bool((np.diff(ends, prepend=before - 1) == width).all()):
            separators = flat.reshape(-1, width)
        else:
            widths = np.diff(ends, prepend=before - 1)
            fits = widths == width
            short = self._judge_widths(chunk, starts, ends, widths, fits, records, self._skipped - 1 - row)
            kept = np.flatnonzero(fits | short)
            places = ends[kept, None] - np.arange(width - 1, -1, -1)
            if short.any():
                # Cells that are not there end where the record ends.
                lacking = width - widths[kept]
                places = np.minimum(places + lacking[:, None], ends[kept, None])
            separators = chunk.separators[places]
            starts, records = starts[kept], records[kept]
        lines = chunk.lines_of(starts, records + (self._skipped - 1 - row))
        columns = _cells(chunk, starts, separators, self._dialect)
        keep = self._judge_rows(chunk, starts, separators, columns, lines, records)
        if not keep.all():
            rows = np.flatnonzero(keep)
            columns = tuple(cells.take(rows) for cells in columns)
            starts, separators, lines, records = starts[rows], separators[rows], lines[rows], records[rows]
        raw = RawRows(
            chunk.buffer,
            starts,
            separators,
            self._dialect.delimiter,
            chunk.plain and self._dialect.quote == '"',
        )
        return Block(number, lines, columns[: len(self.header)], records, last - first, raw)

    def _judge_widths(
        self, chunk: _Chunk, starts: Int64, ends: Int64, widths: Int64, fits: Bool, records: Int64, shift: int
    ) -> Bool:
        """Report records of another width; return which of them are to be filled with empty cells."""
        filled = np.zeros(len(widths), np.bool_)
        wrong = np.flatnonzero(~fits)
        stops = chunk.separators[ends[wrong]]
        nothing = chunk.blank(starts[wrong], stops) & (widths[wrong] == 1)
        self._drop("blank", int(nothing.sum()))
        wrong, stops = wrong[~nothing], stops[~nothing]
        lines = chunk.lines_of(starts[wrong], records[wrong] + shift)
        broken = frozenset(chunk.broken)
        whole: WholeRecords | None = None
        for place, stop, line in zip(wrong.tolist(), stops.tolist(), lines.tolist(), strict=True):
            if int(starts[place]) in broken:
                self.reject(Finding("reading.quote_swallows", "error", int(records[place]), line))
                continue
            cells = chunk.record(int(starts[place]), stop, self._dialect)
            reason = self._excuse(cells)
            if reason:
                self._drop(reason, 1)
                continue
            details: dict[str, object] = {"found": len(cells), "expected": len(self.header)}
            lacks_its_end = self._short_rows == "fill" and len(cells) < self._width
            if self._short_rows == "fit" and len(cells) < len(self.header):
                whole = whole or self._whole_records(chunk, starts, ends, fits)
                lacks_its_end = whole.lacks_only_its_end(cells)
            if lacks_its_end:
                filled[place] = True
                if len(self.findings) < limits.REJECTED_LISTED:
                    self.findings.append(
                        Finding("reading.width_filled", "warning", int(records[place]), line, None, details)
                    )
                continue
            self.reject(Finding("reading.width", "error", int(records[place]), line, None, details))
        return filled

    def _whole_records(self, chunk: _Chunk, starts: Int64, ends: Int64, fits: Bool) -> WholeRecords:
        """Return what some of the whole records of the chunk look like."""
        rows = np.flatnonzero(fits)
        rows = rows[:: max(len(rows) // WHOLE_MOST, 1)][:WHOLE_MOST]
        cells = [chunk.record(int(starts[row]), int(chunk.separators[ends[row]]), self._dialect) for row in rows.tolist()]
        return WholeRecords([record for record in cells if not self._excuse(record)], len(self.header))

    def _excuse(self, cells: tuple[str, ...]) -> str | None:
        if not any(cell.strip() for cell in cells):
            return "blank"
        if self._comment and cells[0].startswith(self._comment):
            return "comment"
        return self._stray(cells) if self._stray else None

    def _judge_rows(
        self,
        chunk: _Chunk,
        starts: Int64,
        separators: Int64,
        columns: tuple[Cells, ...],
        lines: Int64,
        records: Int64,
    ) -> Bool:
        """Return which records of the right width stay; count or report the others."""
        keep = np.ones(len(starts), np.bool_)
        if not len(starts):
            return keep
        stops = separators[:, -1]
        lengths = stops - starts
        for row in _maybe_blank(columns).tolist():
            if not any(cells.text(row).strip() for cells in columns):
                keep[row] = False
                self._drop("blank", 1)
        if int(lengths.max()) > limits.CELL:
            self._judge_long_cells(
                np.flatnonzero(keep & (lengths > limits.CELL)), columns, lines, records, keep
            )
        self._drop_repeated_headers(columns, records, keep)
        if self._comment:
            marked = np.flatnonzero(columns[0].starts_with(self._comment) & keep)
            keep[marked] = False
            self._drop("comment", len(marked))
        if self._width > len(self.header):
            for row in np.flatnonzero(keep & ~columns[-1].empty).tolist():
                if not columns[-1].text(row).strip():
                    continue
                keep[row] = False
                details: dict[str, object] = {"found": self._width, "expected": len(self.header)}
                self.reject(
                    Finding("reading.width", "error", int(records[row]), int(lines[row]), None, details)
                )
        if chunk.disorderly and self._dialect.quote:
            self._judge_stray_quotes(chunk, starts, stops, lines, records, keep)
        return keep

    def _judge_long_cells(
        self, rows: Int64, columns: tuple[Cells, ...], lines: Int64, records: Int64, keep: Bool
    ) -> None:
        for row in rows.tolist():
            for place, cells in enumerate(columns):
                if cells.end[row] - cells.start[row] > limits.CELL and len(cells.text(row)) > limits.CELL:
                    keep[row] = False
                    name = self.header[place] if place < len(self.header) else ""
                    details: dict[str, object] = {"limit": limits.CELL}
                    self.reject(
                        Finding(
                            "reading.cell_too_long",
                            "error",
                            int(records[row]),
                            int(lines[row]),
                            name,
                            details,
                        )
                    )
                    break

    def _drop_repeated_headers(self, columns: tuple[Cells, ...], records: Int64, keep: Bool) -> None:
        """Drop records that repeat the header, as in paged or concatenated exports; ``repeated`` are the first of them."""
        if not self._named or sum(1 for name in self.header if name.strip()) < 2:
            return
        alike = np.flatnonzero(columns[0].equal(self.header[0]) & keep)
        for row in alike.tolist():
            if all(cells.text(row) == name for cells, name in zip(columns, self.header, strict=False)):
                keep[row] = False
                self._drop("header", 1)
                if len(self.repeated) < limits.REJECTED_LISTED:
                    self.repeated.append(int(records[row]))

    def _judge_stray_quotes(
        self, chunk: _Chunk, starts: Int64, stops: Int64, lines: Int64, records: Int64, keep: Bool
    ) -> None:
        """Warn about records whose quotes stand where none belong; they were read as text.

        Reject those in which a quote seems to open within one cell and to close in a later one: a lost delimiter
        and one inside the quotes make the width right again, and the cells between them wrong.
        """
        assert self._dialect.quote
        places = np.searchsorted(starts, np.array(chunk.disorderly, np.int64))
        for place, start in zip(places.tolist(), chunk.disorderly, strict=True):
            if place >= len(starts) or int(starts[place]) != start or not keep[place]:
                continue
            cells = chunk.record(start, int(stops[place]), self._dialect)
            if _quote_spans_cells(cells, self._dialect.quote):
                keep[place] = False
                self.reject(Finding("reading.quote_across", "error", int(records[place]), int(lines[place])))
            elif len(self.findings) < limits.REJECTED_LISTED and not _quotes_guard(cells, self._dialect.quote):
                self.findings.append(
                    Finding("reading.stray_quote", "warning", int(records[place]), int(lines[place]))
                )

    def _drop(self, reason: str, count: int) -> None:
        if count:
            self.dropped[reason] += count


class RowReader(TableReader):
    """A table whose rows come as lists of text: from a workbook, a web page or JSON.

    ``rows`` are the rows below the header.  Rows shorter than the header lack cells at their end, which
    these forms leave out when they are empty; longer ones are rejected unless the rest is empty.
    """

    def __init__(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[str | None]],
        *,
        file: str,
        preamble: Sequence[str] = (),
        stray: Stray | None = None,
        batch: int = 20_000,
        first_line: int | None = None,
    ) -> None:
        super().__init__(header, preamble, None, None, file)
        self._rows = rows
        self._stray = stray
        self._batch = batch
        self._first_line = first_line

    def blocks(self) -> Iterator[Block]:
        kept: list[Sequence[str | None]] = []
        numbers: list[int] = []
        first = 1
        for row in self._rows:
            self.records += 1
            if self.records > limits.RECORDS:
                raise FileRefused("reading.too_many_records", file=self.file, limit=limits.RECORDS)
            if self._stays(row):
                kept.append(row)
                numbers.append(self.records)
            if len(kept) >= self._batch:
                yield self._block_of(kept, numbers, first)
                kept, numbers, first = [], [], self.records + 1
        if kept:
            yield self._block_of(kept, numbers, first)

    def _stays(self, row: Sequence[str | None]) -> bool:
        if not any(cell and cell.strip() for cell in row):
            self.dropped["blank"] += 1
            return False
        width = len(self.header)
        if len(row) > width and any(cell and cell.strip() for cell in row[width:]):
            reason = self._stray(tuple(cell or "" for cell in row)) if self._stray else None
            if reason:
                self.dropped[reason] += 1
            else:
                details: dict[str, object] = {"found": len(row), "expected": width}
                self.reject(Finding("reading.width", "error", self.records, None, None, details))
            return False
        if width > 1 and len(row) >= width and tuple(cell or "" for cell in row[:width]) == self.header:
            self.dropped["header"] += 1
            return False
        for place, cell in enumerate(row[:width]):
            if cell and len(cell) > limits.CELL:
                details = {"limit": limits.CELL}
                self.reject(
                    Finding("reading.cell_too_long", "error", self.records, None, self.header[place], details)
                )
                return False
        return True

    def _block_of(self, rows: list[Sequence[str | None]], numbers: list[int], first: int) -> Block:
        width = len(self.header)
        columns = tuple(
            Cells.of([row[place] if place < len(row) else None for row in rows]) for place in range(width)
        )
        records = np.array(numbers, np.int64)
        lines = None if self._first_line is None else records + (self._first_line - 1)
        return Block(first, lines, columns, records, self.records - first + 1)


# First bytes of the blanks there are in UTF-8; a cell of nothing but blanks begins with one.
_MAY_BE_BLANK = np.isin(np.arange(256), [*range(33), 0xC2, 0xE1, 0xE2, 0xE3])


class ColumnReader(RowReader):
    """A table that comes as columns, some rows at a time; the same rules as for rows, looked at a column at a time."""

    def __init__(
        self,
        header: Sequence[str],
        pieces: Iterable[Sequence[Cells]],
        *,
        file: str,
        preamble: Sequence[str] = (),
        stray: Stray | None = None,
    ) -> None:
        super().__init__(header, (), file=file, preamble=preamble, stray=stray)
        self._pieces = pieces

    def blocks(self) -> Iterator[Block]:
        width = len(self.header)
        for columns in self._pieces:
            count = len(columns[0]) if columns else 0
            before = self.records
            if before + count > limits.RECORDS:
                raise FileRefused("reading.too_many_records", file=self.file, limit=limits.RECORDS)
            stays = np.ones(count, np.bool_)
            for row in np.flatnonzero(self._doubtful(columns, count)).tolist():
                self.records = before + row + 1
                stays[row] = self._stays([cells.text(row) for cells in columns])
            self.records = before + count
            kept = np.flatnonzero(stays)
            if not len(kept):
                continue
            # Columns that no row reaches are empty.
            lacking = [Cells.of([None] * count)] * (width - len(columns))
            whole = [*columns[:width], *lacking]
            taken = tuple(whole) if len(kept) == count else tuple(cells.take(kept) for cells in whole)
            yield Block(before + 1, None, taken, kept + before + 1, count)

    def _doubtful(self, columns: Sequence[Cells], count: int) -> NDArray[np.bool_]:
        """Say which rows may have to go: blank ones, too wide ones, repeated headers, and very long cells."""
        width = len(self.header)
        filled = np.zeros(count, np.bool_)
        doubtful = np.zeros(count, np.bool_)
        for place, cells in enumerate(columns):
            lengths = cells.lengths
            if place >= width:
                doubtful |= lengths > 0
                continue
            filled |= (lengths > 0) & ~_MAY_BE_BLANK[cells.buffer[cells.start]]
            doubtful |= lengths > limits.CELL
        if width > 1 and len(columns) >= width:
            head = [name.encode("utf-8", "replace") for name in self.header]
            repeated = np.ones(count, np.bool_)
            for name, cells in zip(head, columns, strict=False):
                repeated &= cells.lengths == len(name)
            doubtful |= repeated
        return doubtful | ~filled


def first_rows(member: Member, encoding: str, dialect: Dialect, n: int = limits.HEADER_ROWS) -> list[Row]:
    """Return the first ``n`` records, blank ones included.

    Raises FileRefused when the first record never ends or has more columns than allowed.
    """
    size = limits.HEAD
    while True:
        sample = head(member, encoding, size)
        whole = len(sample) < size
        rows = _plain_rows(sample, dialect, n, whole)
        if rows or whole or size > limits.RECORD:
            break
        size = limits.RECORD + 1
    if not rows and sample.strip():
        cut = cut_record(sample, 0, dialect, decode=False)
        raise FileRefused(
            "reading.record_too_long" if cut.closed else "reading.unclosed_quote" if whole else "reading.quote_too_long",
            file=member.name,
            line=1,
            limit=limits.shown(limits.RECORD),
        )
    for row in rows:
        if len(row.cells) > limits.COLUMNS:
            raise _too_many_columns(member.name, len(row.cells))
    return rows


def tables_below(
    member: Member, encoding: str, dialect: Dialect, header_row: int, width: int
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield what may be other tables below the one of ``width``: the record of its header, the one behind its end, the header.

    That is three and more records in a row that have as many cells as each other, but not ``width``.
    """
    cutter = _Cutter(dialect, member.name, "reject")
    row = 0
    header: tuple[str, ...] = ()
    begun, size = 0, 0  # the run of equal widths; ``header`` is the record it begins with
    for chunk in cutter.chunks(utf8(member, encoding), dialect.skip_lines):
        ends = chunk.ends
        widths = np.diff(ends, prepend=-1)
        changes = np.flatnonzero(np.diff(widths, prepend=size))
        for at in changes.tolist():
            if begun > header_row and size > 1 and size != width and row + at - begun >= 3:
                yield begun, row + at, header
            begun, size = row + at, int(widths[at])
            start = int(chunk.separators[ends[at - 1]]) + 1 if at else chunk.begins
            header = chunk.record(start, int(chunk.separators[ends[at]]), dialect) if size > 1 and size != width else ()
        row += len(ends)
    if begun > header_row and size > 1 and size != width and row - begun >= 3:
        yield begun, row, header


def check_header(header: Sequence[str], file: str) -> None:
    """Raise FileRefused when there are more columns than allowed."""
    if len(header) > limits.COLUMNS:
        raise _too_many_columns(file, len(header))


def header_findings(header: Sequence[str], normalised: Callable[[str], str] = str.strip) -> list[Finding]:
    """Return what is remarkable about a header: names twice, no name, a very long one, very many columns."""
    findings = []
    seen: Mapping[str, int] = Counter(normalised(name) for name in header)
    for name in dict.fromkeys(normalised(name) for name in header):
        if name and seen[name] > 1:
            findings.append(
                Finding("reading.same_name_twice", "warning", column=name, details={"n": seen[name]})
            )
        if len(name) > limits.COLUMN_NAME:
            details: dict[str, object] = {"limit": limits.COLUMN_NAME}
            findings.append(Finding("reading.long_name", "warning", column=name[:40] + "…", details=details))
    unnamed = sum(1 for name in header[:-1] if not normalised(name))
    if unnamed:
        findings.append(Finding("reading.no_name", "warning", details={"n": unnamed}))
    if len(header) > limits.COLUMNS_WARNED:
        findings.append(Finding("reading.many_columns", "warning", details={"n": len(header)}))
    return findings


def _quote_spans_cells(cells: tuple[str, ...], quote: str) -> bool:
    opened = False
    for cell in cells:
        if cell.count(quote) % 2 == 0:
            continue
        if opened and cell.endswith(quote):
            return True
        behind = cell[cell.find(quote) + 1 :]
        opened = opened or bool(behind and not behind[0].isspace())
    return False


def _quotes_guard(cells: tuple[str, ...], quote: str) -> bool:
    """Return whether every quote belongs to a ``="0012"``, which is how exports keep a long number whole in a spreadsheet."""
    quoted = [cell.strip() for cell in cells if quote in cell]
    return bool(quoted) and all(
        cell.startswith(f"={quote}") and cell.endswith(quote) and cell.count(quote) == 2 for cell in quoted
    )


def _too_many_columns(file: str, count: int) -> FileRefused:
    return FileRefused("reading.too_many_columns", file=file, n=count, limit=limits.COLUMNS)


def _plain_rows(sample: bytes, dialect: Dialect, n: int, whole: bool) -> list[Row]:
    rows: list[Row] = []
    place, line = _after_lines(sample, dialect.skip_lines), 1 + dialect.skip_lines
    while place < len(sample) and len(rows) < n:
        cut = cut_record(sample, place, dialect)
        if cut.end >= len(sample) and not whole:
            break
        rows.append(Row(line, cut.cells))
        line += _line_count(sample[place : cut.end])
        place = cut.end
    return rows


def _line_count(piece: bytes) -> int:
    """Return how many line ends a record spans: LF, CR LF (also with more CR) or CR."""
    if b"\r" not in piece:
        return piece.count(b"\n")
    while b"\r\r\n" in piece:
        piece = piece.replace(b"\r\r\n", b"\r\n")
    return piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")


def _after_lines(sample: bytes, lines: int) -> int:
    place = 0
    for _ in range(lines):
        ends = [found for found in (sample.find(b"\n", place), sample.find(b"\r", place)) if found >= 0]
        if not ends:
            return len(sample)
        place = min(ends) + 1
        if sample[place - 1 : place + 1] == b"\r\n":
            place += 1
    return place


def _trailing_delimiter(rows: Sequence[Row], width: int) -> int:
    """Return 1 when every record has one more cell than the header, an empty one: a delimiter ends each line."""
    shapes = [row.cells for row in rows if any(cell.strip() for cell in row.cells)]
    return int(bool(shapes) and all(len(cells) == width + 1 and not cells[-1].strip() for cells in shapes))


def _without_spare_names(header: Sequence[str], rows: Sequence[Row]) -> Sequence[str]:
    """Return the header without the empty names at its end that no record reaches: a delimiter ends its line only."""
    named = max((place + 1 for place, name in enumerate(header) if name.strip()), default=0)
    widths = [len(row.cells) for row in rows if any(cell.strip() for cell in row.cells)]
    return header[: max(named, *widths)] if named and widths else header


@dataclass(frozen=True)
class _Chunk:
    """Whole records of a text.

    ``separators`` are the places in ``buffer`` of the delimiters and line ends that separate, in order; ``ends``
    index those that end a record.  ``begins`` is the first record's place.  ``disorderly`` are the places of records with stray quotes,
    ``broken`` those of lines that are none.
    """

    buffer: Bytes
    begins: int
    used: int
    separators: Int64
    ends: Int64
    first_line: int
    newlines: Int64 | None
    returns: bool
    quotes: Int64 | None
    plain: bool
    disorderly: list[int]
    broken: list[int]

    def lines_of(self, starts: Int64, rows: Int64) -> Int64:
        """Return the physical lines of the records ``rows`` of this chunk, which begin at ``starts``."""
        if self.newlines is None:
            return rows + self.first_line
        return self.first_line + np.searchsorted(self.newlines, starts)

    def blank(self, starts: Int64, stops: Int64) -> Bool:
        """Return which records hold nothing but blanks."""
        nothing = stops <= starts
        for row in np.flatnonzero(~nothing & (stops - starts <= 64)).tolist():
            nothing[row] = not self.buffer[starts[row] : stops[row]].tobytes().strip()
        return nothing

    def record(self, start: int, stop: int, dialect: Dialect) -> tuple[str, ...]:
        return cut_record(self.buffer[start:stop].tobytes().rstrip(b"\r"), 0, dialect).cells


class _Cutter:
    """Cuts a stream of UTF-8 into chunks of whole records."""

    def __init__(
        self, dialect: Dialect, file: str, unclosed: Unclosed = "refuse", width: int = 0, mended_from: int | None = None
    ) -> None:
        """Take ``width`` for that of a whole record, from the line ``mended_from`` on: None where records are cut as they come."""
        self._delimiter = ord(dialect.delimiter)
        self._quote = ord(dialect.quote) if dialect.quote else None
        self._dialect = dialect
        self._file = file
        self._line = 1
        self._unclosed = unclosed
        self._width = width
        self._mended_from = mended_from
        self._mendable = limits.MENDED_IN_ALL
        self.substituted = 0
        self.swallowed: range = range(0)  # the lines behind a quote that is never closed

    def chunks(self, pieces: Iterable[bytes], skip_lines: int) -> Iterator[_Chunk]:
        """Yield chunks of whole records; raise FileRefused where a record never ends."""
        carried = b""
        skipping = skip_lines
        waiting: bytes | None = None
        for piece in self._with_end(pieces):
            if piece is None:
                final, text = True, waiting or b""
            else:
                if waiting is None:
                    waiting = piece
                    continue
                final, text, waiting = False, waiting, piece
            text = carried + text if carried else text
            if skipping:
                behind = _after_lines(text, skipping)
                text, skipping = text[behind:], 0
                self._line += skip_lines
            if final and text and text[-1] not in b"\r\n":
                text += b"\n"
            if _NUL in text:
                if not self.substituted:
                    self.substituted = self._line + text.count(b"\n", 0, text.index(_NUL))
                text = text.replace(_NUL, _SUBSTITUTE)
            # Carriage returns at the end of what is here may belong to a line feed that is not here yet.
            held = b"" if final else text[len(text.rstrip(b"\r")) :]
            text = text[: len(text) - len(held)] if held else text
            chunk = self._cut(text, final)
            carried = text[chunk.used - PAD :] + held
            if len(carried) > limits.RECORD or (final and carried.strip()):
                lines = _line_count(carried)
                if final and self._unclosed == "reject" and lines <= limits.SWALLOWED:
                    self.swallowed = range(self._line, self._line + lines)
                    if len(chunk.ends):
                        yield chunk
                    return
                self._refuse(carried, chunk, text)
            if len(chunk.ends):
                yield chunk

    @staticmethod
    def _with_end(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
        yield from (piece for piece in pieces if piece)
        yield None

    def _refuse(self, carried: bytes, chunk: _Chunk, text: bytes) -> None:
        cut = cut_record(carried, 0, self._dialect, decode=False)
        open_quote = "reading.quote_too_long" if len(carried) > limits.RECORD else "reading.unclosed_quote"
        code = "reading.record_too_long" if cut.closed else open_quote
        raise FileRefused(code, file=self._file, line=self._line, limit=limits.shown(limits.RECORD))

    def _cut(self, text: bytes, final: bool) -> _Chunk:
        buffer = padded(text)
        size = PAD + len(text)
        returns = b"\r" in text
        bare = _bare_returns(buffer, text, size, final) if returns else None
        quoted = self._quote is not None and text.find(bytes([self._quote])) >= 0
        disorderly: list[int] = []
        broken: list[int] = []
        quotes: Int64 | None = None
        if quoted:
            separators, quotes, disorderly = self._separators_among_quotes(buffer, text, size, bare, final, broken)
        else:
            separators = _places(buffer, PAD, size, (self._delimiter, _LF))
            if bare is not None:
                separators = np.sort(np.concatenate((separators, bare)))
        kinds = buffer.take(separators)
        is_end = kinds == _LF
        if bare is not None:
            is_end |= kinds == _CR
        if self._delimiter in (_LF, _CR):
            raise FileRefused("reading.delimiter", file=self._file)
        ends = np.flatnonzero(is_end)
        if len(ends):
            separators = separators[: ends[-1] + 1]
            used = int(separators[-1]) + 1
        else:
            separators = separators[:0]
            used = PAD
        newlines: Int64 | None = None
        line_count = len(ends)
        if quoted:
            newlines = _places(buffer, PAD, used, (_LF,))
            if bare is not None:
                newlines = np.sort(np.concatenate((newlines, bare[bare < used])))
            line_count = len(newlines)
            if line_count == len(ends):
                newlines = None
        first_line = self._line
        self._line += line_count
        plain = not disorderly and not self._dialect.escape and not self._dialect.padded and bare is None
        return _Chunk(
            buffer, PAD, used, separators, ends, first_line, newlines, returns, quotes, plain, disorderly, broken
        )

    def _separators_among_quotes(
        self, buffer: Bytes, text: bytes, size: int, bare: Int64 | None, final: bool, broken: list[int]
    ) -> tuple[Int64, Int64 | None, list[int]]:
        """Return the separators outside quotes, the quotes, and where records with stray quotes begin.

        A quote opens at the start of a cell and closes before a separator; two together are
        one quote of the text.  As long as that holds, whatever stands behind an odd number of quotes is inside.
        Where it does not, one record is cut by the plain rules and the count begins anew behind it.  ``broken`` gets the
        lines in which a quote opens that has no end of its own: they are no record, and the next line begins one.
        """
        assert self._quote is not None
        events = _places(buffer, PAD, size, (self._delimiter, _LF, self._quote))
        if bare is not None:
            events = np.sort(np.concatenate((events, bare)))
        is_quote = buffer.take(events) == self._quote
        if self._dialect.escape:
            escaped = is_quote & (buffer.take(events - 1) == 92)
            events, is_quote = events[~escaped], is_quote[~escaped]
        quotes = events[is_quote]
        known = np.zeros(256, np.bool_)
        known[[self._delimiter, _LF, _CR]] = True
        before, behind = buffer.take(quotes - 1), buffer.take(quotes + 1)
        at_start = known.take(before)
        at_start[quotes == PAD] = True
        if self._dialect.padded:
            at_start |= _behind_blanks(buffer, quotes, known)
        if not at_start.any():
            return events[~is_quote], None, []  # inch marks and the like: no cell is quoted
        counted = np.cumsum(is_quote, dtype=np.int32)
        bad_open = ~at_start & (before != self._quote)
        bad_close = ~(known.take(behind) | (behind == self._quote))
        odd = np.zeros(len(quotes), np.bool_)
        odd[1::2] = True
        faults = (
            np.flatnonzero(np.where(odd, bad_close, bad_open)),
            np.flatnonzero(np.where(odd, bad_open, bad_close)),
        )
        separating = ~is_quote
        if not len(faults[0]):
            return events[separating & (counted & 1 == 0)], quotes, []
        return self._cut_around_faults(buffer, text, events, separating, counted, quotes, faults, final, broken)

    def _broken_line(self, text: bytes, record: int, cut: Cut) -> int:
        """Return where the first line of a record ends, 0 when the record is one.

        A quote that never ended swallowed lines where the record has several, its quotes are out of order, and either its
        width is wrong or its second line is a record itself.
        """
        length = cut.end - record
        if self._mended_from is None or self._width < 2 or length > min(limits.MENDED, self._mendable):
            return 0
        line_end = _end_of_line(text, record, cut.end)
        if line_end >= cut.end or self._line < self._mended_from and record < _behind_lines(text, self._mended_from - self._line):
            return 0
        if len(cut.separators) == self._width:
            second = cut_record(text, line_end, self._dialect, decode=False)
            if not second.orderly or second.end > cut.end or len(second.separators) != self._width:
                return 0
        self._mendable -= length
        return line_end

    def _cut_around_faults(
        self,
        buffer: Bytes,
        text: bytes,
        events: Int64,
        separating: Bool,
        counted: NDArray[np.int32],
        quotes: Int64,
        faults: tuple[Int64, Int64],
        final: bool,
        broken: list[int],
    ) -> tuple[Int64, Int64, list[int]]:
        pieces: list[Int64] = []
        disorderly: list[int] = []
        place, quote = PAD, 0
        outside = (events[separating & (counted & 1 == 0)], events[separating & (counted & 1 == 1)])
        while True:
            parity = quote & 1
            candidates = outside[parity]
            low = int(np.searchsorted(candidates, place))
            found = int(np.searchsorted(faults[parity], quote))
            if found >= len(faults[parity]):
                pieces.append(candidates[low:])
                break
            fault = int(quotes[faults[parity][found]])
            high = int(np.searchsorted(candidates, fault))
            record = place
            behind = _last_line_end(buffer, candidates, low, high)
            if behind is not None:
                pieces.append(candidates[low : behind + 1])
                record = int(candidates[behind]) + 1
            cut = cut_record(text, record - PAD, self._dialect, decode=False)
            if not cut.closed or (cut.end >= len(text) and not final):
                break
            line_end = self._broken_line(text, record - PAD, cut)
            if line_end:
                broken.append(record)
                own = np.array([line_end - 1 + PAD], np.int64)
                place = line_end + PAD
            else:
                disorderly.append(record)
                own = np.array(cut.separators, np.int64) + PAD
                own[-1] = cut.end - 1 + PAD
                place = cut.end + PAD
            pieces.append(own)
            quote = int(np.searchsorted(quotes, place))
            if place >= PAD + len(text):
                break
        return (np.concatenate(pieces) if pieces else events[:0]), quotes, disorderly


def _end_of_line(text: bytes, place: int, end: int) -> int:
    """Return where the line that begins at ``place`` ends, its line end included, at most ``end``."""
    found = _LINE_END.search(text, place, end)
    return found.end() if found else end


def _behind_lines(text: bytes, lines: int) -> int:
    """Return where the text goes on behind so many lines."""
    return next((end.end() for end in islice(_LINE_END.finditer(text), lines - 1, None)), len(text))


_LINE_END = re.compile(rb"\r*\n|\r")


def _behind_blanks(buffer: Bytes, quotes: Int64, known: Bool) -> Bool:
    """Return which quotes have nothing but a few blanks between them and the start of their cell."""
    found = np.zeros(len(quotes), np.bool_)
    place = quotes - 1
    blank = buffer.take(place) == _BLANK
    for _ in range(PADDING):
        place = np.maximum(place - blank, PAD - 1)
        found |= blank & ((place < PAD) | known.take(buffer.take(place)))
        blank &= buffer.take(place) == _BLANK
    return found


def _last_line_end(buffer: Bytes, candidates: Int64, low: int, high: int) -> int | None:
    """Return the index of the last line end among ``candidates[low:high]``."""
    step = 256
    while high > low:
        begin = max(low, high - step)
        kinds = buffer.take(candidates[begin:high])
        found = np.flatnonzero((kinds == _LF) | (kinds == _CR))
        if len(found):
            return begin + int(found[-1])
        high = begin
        step *= 4
    return None


def _places(buffer: Bytes, low: int, high: int, wanted: tuple[int, ...]) -> Int64:
    """Return where the bytes ``wanted`` stand in ``buffer[low:high]``."""
    found = []
    either, one = np.empty(_SLICE, np.bool_), np.empty(_SLICE, np.bool_)
    for begin in range(low, high, _SLICE):
        piece = buffer[begin : min(begin + _SLICE, high)]
        mask, other = either[: len(piece)], one[: len(piece)]
        np.equal(piece, wanted[0], out=mask)
        for byte in wanted[1:]:
            np.equal(piece, byte, out=other)
            np.logical_or(mask, other, out=mask)
        places = mask.nonzero()[0]
        places += begin
        found.append(places)
    if not found:
        return np.empty(0, np.int64)
    return np.concatenate(found).astype(np.int64, copy=False)


def _bare_returns(buffer: Bytes, text: bytes, size: int, final: bool) -> Int64 | None:
    """Return the carriage returns that end a line by themselves, None when there is none.

    Those before a LF belong to it, however many there are.  One at the very end of an
    unfinished text may yet be followed by a LF and is left out.
    """
    if text.count(b"\r") == text.count(b"\r\n"):
        return None
    returns = np.flatnonzero(buffer[PAD:size] == _CR) + PAD
    run_end = np.flatnonzero(np.diff(returns, append=returns[-1] + 2) != 1)
    before_lf = buffer.take(returns[run_end] + 1) == _LF
    if not final and int(returns[-1]) == size - 1:
        before_lf[-1] = True
    joined = np.repeat(before_lf, np.diff(run_end, prepend=-1))
    bare = returns[~joined]
    return bare if len(bare) else None


def _cells(chunk: _Chunk, starts: Int64, separators: Int64, dialect: Dialect) -> tuple[Cells, ...]:
    """Return the columns of the records that begin at ``starts`` and are cut at ``separators``, unquoted."""
    width = separators.shape[1]
    buffer = chunk.buffer
    stops = list(np.ascontiguousarray(separators.T))
    begins = [starts] + [stop + 1 for stop in stops[:-1]]
    # Filled-in cells of short records begin behind the record's end.
    if chunk.returns and len(starts):
        stops[-1] = _without_returns(buffer, begins[-1], stops[-1])
    for place in range(width):
        begins[place] = np.minimum(begins[place], stops[place]) if place else begins[place]
    if chunk.quotes is None or dialect.quote is None:
        return tuple(Cells(buffer, begin, stop) for begin, stop in zip(begins, stops, strict=True))
    quote = ord(dialect.quote)
    if dialect.padded:
        for place, (begin, stop) in enumerate(zip(begins, stops, strict=True)):
            begins[place] = _within_padding(buffer, begin, stop, quote)
    wrapped = []
    for begin, stop in zip(begins, stops, strict=True):
        inside = (buffer.take(begin) == quote) & (buffer.take(stop - 1) == quote) & (stop - begin >= 2)
        wrapped.append(inside)
    doubled = _cells_to_rewrite(chunk, starts, separators, quote, dialect)
    if doubled:
        begins[0] = begins[0].copy()  # the raw text goes on using where the records begin
        buffer, begins, stops = _rewritten(buffer, begins, stops, wrapped, doubled, dialect)
    return tuple(
        Cells(buffer, begin + inside, stop - inside)
        for begin, stop, inside in zip(begins, stops, wrapped, strict=True)
    )


def _within_padding(buffer: Bytes, begin: Int64, stop: Int64, quote: int) -> Int64:
    """Return where the cells begin without the few blanks before a quote."""
    place = begin
    for _ in range(PADDING):
        place = place + ((buffer.take(place) == _BLANK) & (place < stop))
    return np.where((buffer.take(place) == quote) & (place < stop), place, begin)


# The first bytes of blanks, in ASCII and beyond it, and of an empty cell.
_BLANK_FIRST = np.zeros(256, np.bool_)
_BLANK_FIRST[[*range(33), 0xC2, 0xE1, 0xE2, 0xE3]] = True


def _maybe_blank(columns: tuple[Cells, ...]) -> Int64:
    """Return the rows in which no cell begins with anything but a blank."""
    rows = np.flatnonzero(_BLANK_FIRST.take(columns[0].first_byte()))
    for cells in columns[1:]:
        if not len(rows):
            break
        rows = rows[_BLANK_FIRST.take(cells.take(rows).first_byte())]
    return rows


def _without_returns(buffer: Bytes, begin: Int64, stop: Int64) -> Int64:
    """Return the ends of cells without the carriage returns before a line end."""
    while True:
        tail = (stop > begin) & (buffer.take(stop - 1) == _CR)
        if not tail.any():
            return stop
        stop = stop - tail


def _cells_to_rewrite(
    chunk: _Chunk, starts: Int64, separators: Int64, quote: int, dialect: Dialect
) -> list[tuple[int, int]]:
    """Return row and column of the cells in which doubled or escaped quotes must become single ones."""
    quotes = chunk.quotes
    if quotes is None or not len(separators):
        return []
    buffer = chunk.buffer
    marks = quotes[:-1][np.diff(quotes) == 1]
    if dialect.escape:
        escapes = _places(buffer, PAD, chunk.used, (92,))
        marks = np.concatenate((marks, escapes[buffer.take(escapes + 1) == quote]))
    flat = separators.ravel()
    places = np.searchsorted(flat, marks)
    marks, places = marks[places < len(flat)], places[places < len(flat)]
    rows, columns = np.divmod(places, separators.shape[1])
    begins = np.where(columns == 0, starts.take(rows), flat.take(np.maximum(places - 1, 0)) + 1)
    # Two quotes that begin a cell and are followed by its end are an empty cell, the commonest pair of all.
    behind = buffer.take(marks + 2)
    empty = (marks == begins) & ((flat.take(places) == marks + 2) | (behind == _CR))
    places = np.unique(places[(marks >= begins) & ~empty])
    rows, columns = np.divmod(places, separators.shape[1])
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _rewritten(
    buffer: Bytes,
    begins: list[Int64],
    stops: list[Int64],
    wrapped: list[Bool],
    cells: list[tuple[int, int]],
    dialect: Dialect,
) -> tuple[Bytes, list[Int64], list[Int64]]:
    """Return a longer buffer that holds the rewritten cells, and the cells' new places.

    They count as unwrapped.
    """
    written: list[bytes] = []
    place = len(buffer)
    # The places of the text itself stay as they are: others read them too.
    begins, stops = [begin.copy() for begin in begins], [stop.copy() for stop in stops]
    for row, column in cells:
        begin, stop = int(begins[column][row]), int(stops[column][row])
        if not wrapped[column][row]:
            continue
        text = unquoted(buffer[begin:stop].tobytes(), dialect)
        written.append(text)
        begins[column][row], stops[column][row] = place, place + len(text)
        wrapped[column][row] = False
        place += len(text)
    if written:
        buffer = np.concatenate((buffer, np.frombuffer(b"".join(written) + bytes(PAD), np.uint8)))
    return buffer, begins, stops
