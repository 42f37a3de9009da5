"""A file that no format claims: how it is cut, where its header is, its first rows, and all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.dialect import Dialect, blank_separated, dialects
from ecoperf_desktop.importing.documents import html_tables
from ecoperf_desktop.importing.encoding import Encodings, encodings, head
from ecoperf_desktop.importing.evidence import Evidence, evidence, is_value
from ecoperf_desktop.importing.likeness import spelled
from ecoperf_desktop.importing.split import Row, TextReader, first_rows, tables_below
from ecoperf_desktop.importing.text import Block, Int64
from ecoperf_desktop.importing.workbook import Workbook

_ROWS = 300  # looked at for what the columns hold
_SAMPLE = 32 * limits.KIB
_COMMENT = "#"
_REMEMBERED = 200_000  # records, to know them again
_HEADER_MORE = 3  # rows below the first one of a header that may belong to it
_MOSTLY = 0.6
_ALIKE = 0.9  # share of the records that agree on their width, where the header does not


@dataclass(frozen=True)
class Look:
    """One table of a file.  ``header`` stands as in the file; ``encoding`` and ``delimiter`` are None for workbooks and pages.

    ``certain`` is False where nothing but likelihood speaks for the encoding.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    header_row: int = 0
    encoding: str | None = None
    certain: bool = True
    delimiter: str | None = None
    sheet: str = ""
    commented: bool = False

    def cells(self, place: int) -> list[str]:
        return [row[place] if place < len(row) else "" for row in self.rows]

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what the values of each column look like."""
        return tuple(evidence(self.cells(place)) for place in range(len(self.header)))


@dataclass(frozen=True)
class Unclaimed:
    """One table of a delimited text as it stands, without a format.

    ``header`` are the names of the columns, empty where there are none; those of a header of several rows are put together.
    ``named`` is False where the header has another number of cells than nearly all records: which name belongs to which column
    cannot be known then, and the reader numbers them.
    """

    header: tuple[str, ...]
    named: bool
    reader: TextReader


def unclaimed(member: Member, names: frozenset[str] = frozenset()) -> tuple[Unclaimed, ...]:
    """Open the tables of a delimited text that no format claims: the likeliest encoding, delimiter and headers.

    Raise FileRefused for what is no delimited text, or is empty.
    """
    if member.problem is not None:
        raise member.problem
    if member.kind != "text":
        raise FileRefused("importing.suggest_document", file=member.name)
    found, dialect, looked = _looked_at(member)
    rows = [row.cells for row in looked]
    place = _header_row(rows, names)
    below = [row for row in rows[0 if place is None else place + 1 :] if any(cell.strip() for cell in row) and not _comments(row)]
    if place is None and not below:
        raise FileRefused("importing.suggest_no_table", file=member.name)
    width = _usual_width(below[:50])
    numbered = [str(number) for number in range(1, (width or max(map(len, below), default=0)) + 1)]
    if place is None:
        return (Unclaimed((), False, _Sheet(member, found.name, dialect, None, header=numbered, unclosed="reject")),)
    comment = _comment(rows, place)
    last = _last_header_row(rows, place)
    names_below = _joined(rows[place : last + 1]) if last > place else None
    reader = _Sheet(member, found.name, dialect, last, header=names_below, comment=comment, unclosed="reject")
    first = Unclaimed(reader.header, True, reader)
    if width and reader.width != width:
        reader = _Sheet(
            member, found.name, dialect, last, header=numbered, comment=comment, unclosed="reject", named=False
        )
        first = Unclaimed(rows[place], False, reader)
    return (first, *_later_tables(member, found.name, dialect, first, last))


def _later_tables(member: Member, encoding: str, dialect: Dialect, first: Unclaimed, header_row: int) -> Iterator[Unclaimed]:
    """Yield the tables of other widths below the first, but for those that are the first once more, with fewer or more columns."""
    known = _bare_names(first.header)
    for start, end, header in tables_below(member, encoding, dialect, header_row, first.reader.width):
        bare = _bare_names(header)
        if any(is_value(cell) for cell in header if cell.strip()) or len(bare) < 2 or bare <= known or known <= bare:
            continue
        yield Unclaimed(header, True, _Sheet(member, encoding, dialect, start, header=header, end_row=end, unclosed="reject"))


def _bare_names(header: Sequence[str]) -> frozenset[str]:
    return frozenset(spelled(name).plain for name in header if name.strip())


class _Sheet(TextReader):
    """A text as people arrange tables: with headings between parts of it, or with the whole table once more below.

    What repeats the header is mostly the next page of an export.  Where the record below it is the first of the table
    again, the table begins anew, and what stood above already is left out.  A heading fills the first cell of its record
    only, and stands below a blank one or another heading.
    """

    def blocks(self) -> Iterator[Block]:
        first: int | None = None
        anew: bool | None = None
        seen: set[int] = set()
        before, heading = 0, False
        for block in super().blocks():
            keep = np.ones(len(block), np.bool_)
            header = self.repeated[0] if self.repeated else None
            rows = zip(*(cells.texts() for cells in block.columns), strict=True)
            for row, (record, cells) in enumerate(zip(block.records.tolist(), rows, strict=True)):
                heading = (heading or record > before + 1 > 1) and len(cells) > 1 and not any(cell.strip() for cell in cells[1:])
                before = record
                if heading:
                    keep[row] = False
                    self._drop("heading", 1)
                    continue
                mark = hash(cells)
                if header is None or record < header:
                    first = mark if first is None else first
                    if len(seen) < _REMEMBERED:
                        seen.add(mark)
                    continue
                anew = mark == first if anew is None else anew
                if anew and mark in seen:
                    keep[row] = False
                    self._drop("repeated", 1)
            yield block if keep.all() else _taken(block, np.flatnonzero(keep))


def _taken(block: Block, rows: Int64) -> Block:
    """Return the block with no other rows than ``rows``; it covers as many records."""
    lines = None if block.lines is None else block.lines[rows]
    return replace(block, lines=lines, columns=tuple(cells.take(rows) for cells in block.columns), records=block.records[rows], raw=None)


def look(member: Member, names: frozenset[str]) -> Look:
    """Look at the first rows of a file; ``names`` are plain headers that are known, which tell a header row from others.

    Of a workbook or a page with several tables the one whose header is known best is taken.  Raise FileRefused for
    what is no table.
    """
    if member.problem is not None:
        raise member.problem
    if member.kind == "json":
        raise FileRefused("importing.suggest_document", file=member.name)
    best: tuple[float, Look] | None = None
    for seen, rows in _views(member):
        place = _header_row(rows, names)
        if place is None:
            continue
        header = _without_empty_tail(rows[place])
        last = _last_header_row(rows, place)
        below = tuple(row for row in rows[last + 1 :] if any(cell.strip() for cell in row) and not _comments(row))
        commented = any(_comments(row) for row in rows[:place])
        found = replace(seen, header=header, rows=below, header_row=place, commented=commented)
        worth = _worth(header, names) + len(header) / 1000
        if below and (best is None or worth > best[0]):
            best = (worth, found)
    if best is None:
        raise FileRefused("importing.suggest_no_table", file=member.name)
    return best[1]


def _views(member: Member) -> Iterator[tuple[Look, list[tuple[str, ...]]]]:
    if member.kind == "html":
        for table in html_tables(member):
            yield Look(member.name, (), ()), [tuple(row) for row in table[:_ROWS]]
        return
    if member.kind == "workbook":
        with Workbook(member) as workbook:
            for number, sheet in enumerate(workbook.sheets):
                if sheet.visible:
                    yield Look(member.name, (), (), sheet=sheet.name), [row.cells for row in workbook.first_rows(number, _ROWS)]
        return
    found, dialect, looked = _looked_at(member)
    rows = [row.cells for row in looked]
    yield Look(member.name, (), (), encoding=found.name, certain=found.certain, delimiter=dialect.delimiter), rows


def _looked_at(member: Member) -> tuple[Encodings, Dialect, list[Row]]:
    found = encodings(member)
    sample = head(member, found.name, _SAMPLE)
    dialect = dialects(sample)[0]
    dialect = blank_separated(sample, dialect) or dialect
    return found, dialect, first_rows(member, found.name, dialect, _ROWS)


def _header_row(rows: Sequence[tuple[str, ...]], names: frozenset[str]) -> int | None:
    best: tuple[float, int] | None = None
    for place, row in enumerate(rows[: limits.HEADER_ROWS]):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) < 2 or _comments(row) and not _heads(rows[place + 1 :], len(row)):
            continue
        texts = sum(not is_value(cell) for cell in filled) / len(filled)
        if texts < 0.6:
            continue
        below = [other for other in rows[place + 1 : place + 21] if any(cell.strip() for cell in other)]
        widths = Counter(len(_without_empty_tail(other)) for other in below)
        alike = sum(count for width, count in widths.items() if width <= len(row)) / len(below) if below else 0.0
        whole = sum(len(other) in (len(row), len(_without_empty_tail(row))) for other in rows[place + 1 :])
        alike += whole / max(len(rows) - place - 1, 1)
        unlike = len({cell.strip() for cell in filled}) / len(filled)
        worth = 1.5 * texts + alike + unlike + 2 * _worth(row, names) / len(filled) + min(len(filled), 20) / 20 - 0.02 * place
        if best is None or worth > best[0]:
            best = (worth, place)
    return best[1] if best else None


def _heads(below: Sequence[tuple[str, ...]], width: int) -> bool:
    """Return whether the records below a remark have as many cells as it: then it is a header that begins with the sign."""
    records = [row for row in below if any(cell.strip() for cell in row)][:10]
    return bool(records) and all(len(row) == width and not _comments(row) for row in records)


def _last_header_row(rows: Sequence[tuple[str, ...]], place: int) -> int:
    """Return where the header ends: a row of words, mostly over columns of values, goes on with it, such as units."""
    width = len(rows[place])
    last = place
    for number in range(place + 1, min(place + 1 + _HEADER_MORE, len(rows))):
        row = rows[number]
        filled = [at for at, cell in enumerate(row) if cell.strip()]
        if not filled:
            continue
        if len(row) != width or row == rows[place] or any(is_value(row[at]) for at in filled):
            break
        below = [other for other in rows[number + 1 : number + 51] if len(other) == width]
        columns = {at: [other[at] for other in below] for at in filled}
        if not below or any(row[at] in cells for at, cells in columns.items()):
            break
        if 2 * sum(_holds_values(cells) for cells in columns.values()) <= len(filled):
            break
        last = number
    return last


def _holds_values(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return not filled or sum(is_value(cell) for cell in filled) >= _MOSTLY * len(filled)


def _joined(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the names of a header of several rows; a name above stands for the unnamed columns behind it too."""
    names = list(rows[0])
    for row in rows[1:]:
        above = ""
        for place, name in enumerate(row):
            above = rows[0][place].strip() or above
            if name.strip():
                names[place] = f"{names[place].strip() or above} {name.strip()}".strip()
    return names


def _usual_width(rows: Sequence[tuple[str, ...]]) -> int:
    """Return how many cells nearly all records have, 0 where they do not agree."""
    widths = Counter(len(row) for row in rows)
    width, count = max(widths.items(), key=lambda entry: entry[1], default=(0, 0))
    return width if count >= _ALIKE * widths.total() else 0


def _comment(rows: Sequence[tuple[str, ...]], header: int) -> str | None:
    """Return the sign that remarks begin with, where there are any."""
    return _COMMENT if any(_comments(row) for row in rows[:header]) and not rows[header][0].startswith(_COMMENT) else None


def _worth(header: Sequence[str], names: frozenset[str]) -> float:
    """Return how many of the headers are known."""
    return float(sum(spelled(name).plain in names for name in header if name.strip()))


def _comments(row: Sequence[str]) -> bool:
    """Return whether a row is a remark; an order number may begin with the same sign."""
    filled = [cell for cell in row if cell.strip()]
    first = row[0].lstrip() if row else ""
    return first.startswith(_COMMENT) and (len(filled) == 1 or not first[1:2].isalnum())


def _without_empty_tail(row: Sequence[str]) -> tuple[str, ...]:
    last = max((place for place, cell in enumerate(row) if cell.strip()), default=-1)
    return tuple(row[: last + 1])
