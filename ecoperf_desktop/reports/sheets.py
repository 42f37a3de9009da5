"""A table as CSV or XLSX: numbers as numbers, days as days, units in the heads, and no text that becomes a formula.

Missing is an empty cell, never 0 and never a dash, so that a column still adds up.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from ecoperf_desktop import paths, plain
from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import date_of
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import (
    BarCell,
    Cell,
    ChangeCell,
    Figure,
    IntervalCell,
    NumberCell,
    SparkCell,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.figures import DAGGER, MINUS, rounded

Content: TypeAlias = Decimal | date | str | None

FORMS = ("csv", "xlsx")
# A workbook says when it was made; no file of ours depends on a clock.
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[+−-]?(?P<before>[^\d+−.,-]{0,4})(?P<number>\d[\d,]*(?:\.\d+)?)(?P<after>[^\d]*)")


@dataclass(frozen=True)
class Entry:
    """One cell: what it holds, the unit of a number (empty: none) and with how many decimals it is shown."""

    content: Content
    unit: str = ""
    decimals: int = 0


@dataclass(frozen=True)
class Field:
    """One column as it is written: its head, with the unit where all numbers share one, and its cells."""

    head: str
    entries: tuple[Entry, ...]


def write(table: Table, path: Path, currency: str | None, language: str | None = None, *, raw: bool = False) -> None:
    """Write the table as its path's ending says, whole or not at all.

    ``raw`` leaves texts that a spreadsheet would take for formulas as they are, for programs that are none. Raise
    UsageError for another ending, WorkspaceError when it cannot be written.
    """
    form = path.suffix.lower().lstrip(".")
    if form not in FORMS:
        raise UsageError("reports.unknown_sheet", path=str(path))
    content = as_csv(table, currency, language, raw=raw) if form == "csv" else as_xlsx(table, currency, language)
    try:
        with paths.replacing(path) as draft:
            draft.write_bytes(content)
    except OSError as problem:
        raise WorkspaceError("reports.cannot_write", path=str(path), problem=problem.strerror or str(problem)) from problem


def as_csv(table: Table, currency: str | None, language: str | None = None, *, raw: bool = False) -> bytes:
    """Return the table as CSV in UTF-8 with a byte order mark, by which spreadsheets know its encoding.

    Texts that a spreadsheet would take for formulas have an apostrophe before them, unless they are wanted ``raw``.
    """
    written = fields(table, currency, language)
    rows = [[_quoted(field.head, raw) for field in written]]
    rows += [[_in_csv(field.entries[position].content, raw) for field in written] for position in range(len(table.rows))]
    return "".join(",".join(row) + "\r\n" for row in rows).encode("utf-8-sig", "backslashreplace")


def as_xlsx(table: Table, currency: str | None, language: str | None = None) -> bytes:
    """Return the table as a workbook of one sheet, its head frozen and filterable."""
    import xlsxwriter

    written = fields(table, currency, language)
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": table.title, "created": _MADE})
        sheet = book.add_worksheet(_sheet_name(table.title))
        bold, total = {"bold": True}, {"top": 1, "bold": True}
        looks: dict[tuple[str, bool], object] = {}

        def look(form: str, is_total: bool) -> object:
            key = (form, is_total)
            if key not in looks:
                looks[key] = book.add_format({"num_format": form, **(total if is_total else {})})
            return looks[key]

        head = book.add_format({**bold, "bottom": 1, "text_wrap": True, "valign": "top"})
        for column, field in enumerate(written):
            sheet.write_string(0, column, field.head[:_LONGEST], head)
            sheet.set_column(column, column, _wide(field))
            for row, entry in enumerate(field.entries, 1):
                is_total = table.rows[row - 1].is_total
                match entry.content:
                    case Decimal() as number:
                        # A share is kept as one, so that it can be counted with; the cell's look says percent.
                        value = number / 100 if entry.unit == "%" else number
                        sheet.write_number(row, column, float(value), look(_number_form(entry), is_total))
                    case str() as text if text:
                        sheet.write_string(row, column, text[:_LONGEST], look("@", is_total))
                    case date() as day:
                        moment = datetime(day.year, day.month, day.day)
                        sheet.write_datetime(row, column, moment, look("yyyy-mm-dd", is_total))
                    case _:
                        pass
        sheet.freeze_panes(1, 1)
        if table.rows and written:
            sheet.autofilter(0, 0, len(table.rows), len(written) - 1)
    return out.getvalue()


def fields(table: Table, currency: str | None, language: str | None = None) -> tuple[Field, ...]:
    """Return the table's columns with their contents.

    A column of one unit has it in its head; one of several has a column of units behind it.  Drawings are left
    out: their numbers stand in other columns.
    """
    found: list[Field] = []
    if any(row.group for row in table.rows):
        found.append(Field("", tuple(Entry(row.group) for row in table.rows)))
    for position, column in enumerate(table.columns):
        cells = [row.cells[position] if position < len(row.cells) else TextCell("") for row in table.rows]
        if cells and all(isinstance(cell, SparkCell) for cell in cells):
            continue
        entries = tuple(entry_of(cell, currency, language) for cell in cells)
        units = {entry.unit for entry in entries if isinstance(entry.content, Decimal)}
        unit = next(iter(units)) if len(units) == 1 else ""
        found.append(Field(f"{column.title} ({unit})".strip() if unit else column.title, entries))
        if len(units) > 1:
            words = tuple(Entry(entry.unit if isinstance(entry.content, Decimal) else "") for entry in entries)
            found.append(Field(f"{column.title}: {sentence('reports.table_unit', language)}", words))
    return tuple(found)


def entry_of(cell: Cell, currency: str | None, language: str | None = None) -> Entry:
    """Return what a cell of a table holds in a sheet."""
    match cell:
        case NumberCell() | ChangeCell() | BarCell():
            return _number(cell.figure, currency, language)
        case TextCell(day=day) if day is not None:
            return Entry(date_of(day))
        case TextCell(pill=str() as pill) if pill:
            return Entry(f"{cell.text} ({pill})")
        case SparkCell():
            return Entry("")
        case IntervalCell():
            return Entry(cell.text)
        case _:
            return Entry(cell.text)


def harmless(text: str) -> str:
    """Return ``text`` for a cell of the clipboard: in one line, and taken for text by a spreadsheet, never for a formula."""
    text = text.replace("\t", " ").replace("\n", " ").replace("\r", " ")
    return "'" + text if plain.could_be_formula(text) else text


def _number(figure: Figure, currency: str | None, language: str | None) -> Entry:
    if figure.value is None:
        return Entry(None)
    value, unit, text = _exact(figure.value), figure.unit, figure.text.rstrip(DAGGER)
    if unit == "money":
        places = exponent(currency or "")
        return Entry(_decimal(value / 10**places, places), currency or "", max(_decimals(text), places if value.denominator == 1 else 0))
    if unit == "ratio":
        if _is_share(value, text):
            return Entry(_decimal(value * 100), "%", _decimals(text))
        return Entry(_decimal(value), "", _decimals(text))
    if unit:
        return Entry(_decimal(value), _unit_word(unit, language), _decimals(text))
    return _unnamed(value, text, language)


def _exact(value: Number) -> Fraction:
    """Return the number as people read it: 0.285 is 285/1000, not the nearest binary fraction."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _is_share(value: Fraction, text: str) -> bool:
    """Return whether a ratio is shown in percent (with the sign, or without it where the title has it), not as a multiple."""
    found = _DIGITS.fullmatch(text)
    if "%" in text or found is None:
        return True
    shown = Fraction(found["number"].replace(",", ""))
    return abs(shown - abs(value) * 100) <= abs(shown - abs(value))


def _unnamed(value: Fraction, text: str, language: str | None) -> Entry:
    """Return a number without a unit of its own: a change, whose words say what it is in, or a plain count."""
    points, basis = sentence("reports.after_pp", language).strip(), sentence("reports.after_bp", language).strip()
    for after, factor, word in (("%", 100, "%"), (basis, 10_000, basis), (points, 100, points)):
        if text.endswith(after):
            return Entry(_decimal(value * factor), word, _decimals(text))
    if text.startswith("×") or text.endswith("倍"):
        return Entry(_decimal(value * 100), "%", 1)
    found = _DIGITS.fullmatch(text)
    if found is None or not (found["before"] or found["after"].strip()):
        return Entry(_decimal(value), "", _decimals(text))
    # A difference in the unit itself is written in the unit that is shown (seconds of milliseconds).
    number = Decimal(found["number"].replace(",", ""))
    return Entry(-number if text[:1] in (MINUS, "-") else number, (found["before"] or found["after"]).strip(), _decimals(text))


def _decimal(value: Fraction, places: int = 0) -> Decimal:
    """Return the number exactly where it has few digits, else with twelve that count."""
    whole = rounded(value, places)
    if Fraction(whole) == value:
        return whole
    size = len(str(abs(int(value)))) if abs(value) >= 1 else 0
    return rounded(value, max(12 - size, places, 2)).normalize()


def _decimals(text: str) -> int:
    found = re.search(r"\.(\d+)", text)
    return len(found[1]) if found else 0


def _unit_word(unit: str, language: str | None) -> str:
    if unit == "per_1000":
        return "‰"
    key = f"reports.after_{unit}"
    words = sentence(key, language)
    return "" if words == key else words.strip()


def _number_form(entry: Entry) -> str:
    places = "." + "0" * entry.decimals if entry.decimals else ""
    return f"0{places}%" if entry.unit == "%" else f"#,##0{places}"


def _in_csv(content: Content, raw: bool) -> str:
    return _quoted(content, raw) if isinstance(content, str) else _in_text(content)


def _quoted(text: str, raw: bool) -> str:
    """Return a text as a CSV's cell; in quotes also where it holds what other countries' spreadsheets part cells by."""
    text = text if raw else plain.guarded(text)
    if _QUOTED.search(text) or text[:1].isspace() or text[-1:].isspace():
        return '"' + text.replace('"', '""') + '"'
    return text


_QUOTED = re.compile(r'[",;|\t\r\n]')
# Excel's own limit of a cell; a longer text would be left out whole.
_LONGEST = 32_767


def _in_text(content: Content) -> str:
    match content:
        case None:
            return ""
        case Decimal():
            return f"{content:f}"
        case date():
            return content.isoformat()
        case str():
            return content


def _wide(field: Field) -> float:
    """Return a column's width in letters; a Chinese one takes two."""

    def letters(text: str) -> int:
        return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)

    contents: Sequence[str] = [_in_text(entry.content) for entry in field.entries[:200]]
    return float(min(48, max([8, letters(field.head) + 2, *(letters(text) + 2 for text in contents)])))


def _sheet_name(title: str) -> str:
    """Return a name a workbook allows: no more than 31 letters, none of seven signs."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")[:31].strip(" '") or "Sheet1"
