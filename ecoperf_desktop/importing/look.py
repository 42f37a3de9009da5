"""The first rows of a file that no format claims: how it is cut, where its header is, and what stands below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.dialect import dialects
from ecoperf_desktop.importing.documents import html_tables
from ecoperf_desktop.importing.encoding import encodings, head
from ecoperf_desktop.importing.evidence import Evidence, evidence, is_value
from ecoperf_desktop.importing.likeness import spelled
from ecoperf_desktop.importing.split import first_rows
from ecoperf_desktop.importing.workbook import Workbook

_ROWS = 300  # looked at for what the columns hold
_SAMPLE = 32 * limits.KIB
_COMMENT = "#"


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
        below = tuple(row for row in rows[place + 1 :] if any(cell.strip() for cell in row) and not _comments(row))
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
    found = encodings(member)
    for dialect in dialects(head(member, found.name, _SAMPLE))[:1]:
        rows = [row.cells for row in first_rows(member, found.name, dialect, _ROWS)]
        yield Look(member.name, (), (), encoding=found.name, certain=found.certain, delimiter=dialect.delimiter), rows


def _header_row(rows: Sequence[tuple[str, ...]], names: frozenset[str]) -> int | None:
    best: tuple[float, int] | None = None
    for place, row in enumerate(rows[: limits.HEADER_ROWS]):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) < 2 or _comments(row):
            continue
        texts = sum(not is_value(cell) for cell in filled) / len(filled)
        if texts < 0.6:
            continue
        below = [other for other in rows[place + 1 : place + 21] if any(cell.strip() for cell in other)]
        widths = Counter(len(_without_empty_tail(other)) for other in below)
        alike = sum(count for width, count in widths.items() if width <= len(row)) / len(below) if below else 0.0
        unlike = len({cell.strip() for cell in filled}) / len(filled)
        worth = texts + alike + unlike + 2 * _worth(row, names) / len(filled) + min(len(filled), 20) / 20 - 0.02 * place
        if best is None or worth > best[0]:
            best = (worth, place)
    return best[1] if best else None


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
