"""The process that reads one workbook: hostile bytes in, plain JSON out, and nothing of ours to harm.

Standard input: a line of JSON with ``size`` and ``memory`` (bytes), the workbook's bytes, then a
line of JSON per request: ``{"sheet": 0, "rows": 40}`` (``rows`` null for all), with ``"skip": n`` for the rows from the
n-th on as columns.  Standard output: frames of four bytes length (big-endian) and JSON in UTF-8: first
``{"sheets": [[name, visible], ...]}``, then for each request any number of ``{"rows": [[text or null, ...], ...]}`` or
``{"columns": [bytes, ...], "count": rows}`` and ``{"end": n}``; or ``{"problem": kind}`` with ``password``,
``damaged``, ``memory`` or ``cells``, which ends the talk.  Behind a frame with columns come the columns: the cells'
text in UTF-8, a zero byte behind each.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice, zip_longest
from typing import BinaryIO, cast

from ecoperf_desktop.importing import child, limits

_BATCH = 2_000
_COLUMN_BATCH = 20_000
_REMEMBERED = 200_000
_WHOLE = 2**53


def main() -> int:
    """Serve one workbook on standard input and output."""
    child.end_with_starter()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        head = json.loads(source.readline())
        _limit_memory(int(head["memory"]))
        content = source.read(int(head["size"]))
        _serve(content, source, sink)
    except MemoryError:
        _send(sink, {"problem": "memory"})
    except BrokenPipeError:
        return 1
    except BaseException as problem:  # the reader's panics are no Exceptions
        if isinstance(problem, (KeyboardInterrupt, SystemExit)):
            return 1
        _send(sink, {"problem": _kind(problem)})
    return 0


def _kind(problem: BaseException) -> str:
    name, text = type(problem).__name__, str(problem).lower()
    if name == "PasswordError" or "password" in text or "encrypt" in text:
        return "password"
    if "memory" in text or "capacity overflow" in text:
        return "memory"
    return "damaged"


def _limit_memory(most: int) -> None:
    """Cap this process's memory where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ValueError, OSError):  # macOS refuses limits below what is mapped
        return


def _serve(content: bytes, source: BinaryIO, sink: BinaryIO) -> None:
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [[meta.name, meta.visible == SheetVisibleEnum.Visible] for meta in workbook.sheets_metadata]
    _send(sink, {"sheets": sheets[: limits.SHEETS]})
    place, sheet = -1, None
    while line := source.readline():
        wanted = json.loads(line)
        if sheet is None or place != int(wanted["sheet"]):
            sheet = None  # one sheet in memory at a time
            place = int(wanted["sheet"])
            sheet = workbook.get_sheet_by_index(place)
        if sheet.total_height * max(sheet.total_width, 1) > limits.WORKBOOK_CELLS:
            _send(sink, {"problem": "cells"})
            return
        most = wanted["rows"]
        if "skip" in wanted:
            _send_columns(sink, islice(cast(Iterator[Sequence[object]], sheet.iter_rows()), int(wanted["skip"]), most))
            continue
        batch: list[list[str | None]] = []
        count = 0
        for row in sheet.iter_rows():
            if most is not None and count >= most:
                break
            batch.append([shown(value) for value in row])
            count += 1
            if len(batch) >= _BATCH:
                _send(sink, {"rows": batch})
                batch = []
        if batch:
            _send(sink, {"rows": batch})
        _send(sink, {"end": count})


def _send_columns(sink: BinaryIO, rows: Iterator[Sequence[object]]) -> None:
    """Send rows a column at a time."""
    known: dict[type, dict[object, str]] = {}
    count = 0
    while batch := list(islice(rows, _COLUMN_BATCH)):
        count += len(batch)
        columns = [_column(cells, known) for cells in zip_longest(*batch)]
        _send(sink, {"columns": [len(column) for column in columns], "count": len(batch)})
        for column in columns:
            sink.write(column)
        sink.flush()
    _send(sink, {"end": count})


def _column(cells: tuple[object, ...], known: dict[type, dict[object, str]]) -> bytes:
    """Return a column's cells as text, a zero byte behind each."""
    kinds = set(map(type, cells))
    texts: Iterable[str]
    if kinds == {str}:
        texts = cells  # type: ignore[assignment]
    elif len(kinds) == 1:
        # Numbers and dates come again and again; equal ones of one type are shown alike.
        of_kind = known.setdefault(kinds.pop(), {})
        if len(of_kind) > _REMEMBERED:
            of_kind.clear()
        for value in set(cells) - of_kind.keys():
            of_kind[value] = shown(value) or ""
        texts = map(of_kind.__getitem__, cells)
    else:
        texts = (cell if type(cell) is str else shown(cell) or "" for cell in cells)
    joined = "\0".join(texts)
    if joined.count("\0") != len(cells) - 1:
        joined = "\0".join((shown(cell) or "").replace("\0", "\ufffd") for cell in cells)
    return (joined + "\0").encode("utf-8", "replace")


def shown(value: object) -> str | None:
    """Return a cell as text: whole numbers without a point, dates in ISO 8601, nothing as None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)
    if isinstance(value, datetime):
        if value.microsecond >= 500_000 and value < datetime(9999, 12, 31):
            value += timedelta(seconds=1)
        return (
            value.strftime("%Y-%m-%d %H:%M:%S")
            if value.year >= 1000
            else value.replace(microsecond=0).isoformat(" ")
        )
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value)


def _send(sink: BinaryIO, message: object) -> None:
    frame = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    sink.write(struct.pack(">I", len(frame)) + frame)
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
