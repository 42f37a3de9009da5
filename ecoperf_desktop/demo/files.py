"""Writes the demo's business as the files its platforms would give: GBK and UTF-16 text, workbooks, zips, JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ecoperf_desktop.model.days import Day, date_of

_CHINA_SECONDS = 8 * 3600
_FIXED_ZIP_TIME = (2026, 8, 17, 8, 0, 0)

Row = Sequence[object]


def text_table(header: Sequence[str], rows: Iterable[Row], *, delimiter: str = ",", ending: str = "\r\n") -> str:
    """Return delimited text with quotes where they are needed."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ending)
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def save_text(path: Path, text: str, encoding: str, exported: Day) -> Path:
    return save_bytes(path, text.encode(encoding), exported)


def save_bytes(path: Path, content: bytes, exported: Day) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return stamp(path, exported)


def save_workbook(path: Path, sheet: str, header: Sequence[str], rows: Iterable[Row], exported: Day) -> Path:
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2026, 8, 17, 8, tzinfo=UTC)})
    page = book.add_worksheet(sheet)
    page.write_row(0, 0, header)
    for number, row in enumerate(rows, 1):
        page.write_row(number, 0, row)
    book.close()
    return stamp(path, exported)


def save_zip(path: Path, members: Iterable[tuple[str, bytes]], exported: Day) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members:
            bundle.writestr(zipfile.ZipInfo(name, _FIXED_ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return stamp(path, exported)


def save_json(path: Path, document: object, exported: Day) -> Path:
    return save_bytes(path, json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), exported)


def stamp(path: Path, exported: Day) -> Path:
    """Give the file the time at which the platform would have made it: the morning after the last day."""
    when = (exported + 1) * 86400 + 6 * 3600 - _CHINA_SECONDS
    os.utime(path, (when, when))
    return path


def clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def span(seconds: int) -> str:
    """Return a duration as Chinese platforms write it."""
    return f"{seconds // 60}分{seconds % 60}秒" if seconds >= 60 else f"{seconds}秒"


def yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def english(day: Day) -> str:
    """Return a day as Google Ads writes it in its second line."""
    when = date_of(day)
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
    return f"{months[when.month - 1]} {when.day}, {when.year}"
