"""Workbooks, read in a process of their own so that a hostile one can only end that process."""

from __future__ import annotations

import io
import json
import re
import struct
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Any

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import child, limits
from ecoperf_desktop.importing.container import BROKEN_ARCHIVE, Member
from ecoperf_desktop.importing.split import ColumnReader, Row, Stray
from ecoperf_desktop.importing.text import Bytes, Cells, Int64

_FRAME_MOST = 256 * limits.MIB
_CHUNK = 1 << 20
_SCANNED = 64 * limits.KIB
_TAG_MOST = 4096


@dataclass(frozen=True)
class Sheet:
    """One sheet; hidden ones are listed too."""

    name: str
    visible: bool


class Workbook:
    """An open workbook.  Use it in a ``with``; the reading process ends with it.

    Raises FileRefused, from any of its methods, when the workbook is locked, damaged, too
    large, or takes more time or memory than a workbook of its size may.
    """

    sheets: tuple[Sheet, ...]

    def __init__(
        self, member: Member, *, seconds: float | None = None, memory: int = limits.CHILD_MEMORY
    ) -> None:
        self._member = member
        self._memory = memory
        grace = limits.CHILD_SECONDS + limits.CHILD_SECONDS_PER_100_MIB * member.size / (100 * limits.MIB)
        self._left = grace if seconds is None else seconds
        self._content = member.read(limits.WORKBOOK_PACKED)
        self.sheets = ()
        # It starts while the workbook is checked; no sheet is opened before.
        self._child: _Child | None = _Child(self._content, self._memory)
        try:
            check_workbook(self._content, member)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Workbook:
        self._started()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the reading process."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def first_rows(self, sheet: int, n: int = limits.HEADER_ROWS) -> list[Row]:
        """Return the first ``n`` rows of the sheet with this index, blank ones included."""
        return [Row(None, tuple(cell or "" for cell in row)) for row in self._rows(sheet, n)]

    def table(
        self,
        sheet: int,
        header_row: int | None,
        *,
        header: Sequence[str] | None = None,
        end_row: int | None = None,
        stray: Stray | None = None,
    ) -> ColumnReader:
        """Return a reader of the table below ``header_row`` (counted from 0).

        None means no header, then ``header`` names the columns.
        """
        skipped = 0 if header_row is None else header_row + 1
        look = self.first_rows(sheet, skipped) if skipped else []
        if header_row is not None:
            if header_row >= len(look):
                raise FileRefused("reading.no_header", file=self._member.name)
            header = _without_empty_tail(look[header_row].cells)
        preamble = [" ".join(cell for cell in row.cells if cell) for row in look[: max(skipped - 1, 0)]]
        return ColumnReader(
            header or (),
            self._columns(sheet, end_row, skipped),
            file=self._member.name,
            preamble=preamble,
            stray=stray,
        )

    def _started(self) -> _Child:
        if self._child is None or not self.sheets:
            self._child = self._child or _Child(self._content, self._memory)
            names = self._answer().get("sheets")
            self.sheets = tuple(Sheet(str(name), bool(visible)) for name, visible in names or ())
            if not self.sheets:
                raise FileRefused("reading.no_sheet", file=self._member.name)
        return self._child

    def _rows(self, sheet: int, most: int) -> Iterator[list[str | None]]:
        """Yield the first rows of a sheet."""
        for answer in self._asked({"sheet": sheet, "rows": most}):
            yield from answer["rows"]

    def _columns(self, sheet: int, most: int | None, skipped: int) -> Iterator[list[Cells]]:
        """Yield the rows of a sheet behind the first ``skipped``, some at a time, as columns."""
        for answer in self._asked({"sheet": sheet, "rows": most, "skip": skipped}):
            yield [Cells.ended(content, answer["count"]) for content in answer["content"]]

    def _asked(self, request: dict[str, int | None]) -> Iterator[dict[str, Any]]:
        """Yield the answers to a request.

        A reading given up half-way ends the process, the next begins a new one.
        """
        child = self._started()
        child.ask(request)
        whole = False
        try:
            while "end" not in (answer := self._answer()):
                yield answer
            whole = True
        finally:
            if not whole and self._child is child:
                self.close()

    def _answer(self) -> dict[str, Any]:
        """Return the next frame; raise FileRefused when there is none in time or it tells of a problem."""
        assert self._child is not None
        began = time.monotonic()
        try:
            answer = self._child.frames.get(timeout=max(self._left, 0.01))
        except Empty:
            self.close()
            raise FileRefused("reading.workbook_slow", file=self._member.name) from None
        self._left -= time.monotonic() - began
        if answer is None:
            self.close()
            raise FileRefused("reading.damaged_workbook", file=self._member.name)
        problem = answer.get("problem")
        if problem:
            self.close()
            raise FileRefused(
                _PROBLEMS.get(str(problem), "reading.damaged_workbook"),
                file=self._member.name,
                limit=limits.shown(self._memory),
            )
        return answer


_PROBLEMS = {
    "password": "reading.password",
    "memory": "reading.workbook_memory",
    "cells": "reading.workbook_cells",
}


class _Child:
    """The reading process, and a thread that takes its frames so that a deadline can be kept."""

    def __init__(self, content: bytes, memory: int) -> None:
        self.frames: Queue[dict[str, Any] | None] = Queue(maxsize=16)
        self._ended = False
        self._process = child.started(child.READ_WORKBOOK)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._fed = threading.Event()  # before the thread that sets it
        threading.Thread(target=self._feed, args=(content, memory), daemon=True).start()
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def ask(self, request: dict[str, int | None]) -> None:
        self._fed.wait()
        try:
            self._stdin.write(json.dumps(request).encode() + b"\n")
            self._stdin.flush()
        except (OSError, ValueError):
            pass  # it has ended: the listener says so

    def end(self) -> None:
        self._ended = True
        self._process.kill()
        self._process.wait()
        while True:  # lets a listener that waits for room go on and see the end
            try:
                self.frames.get_nowait()
            except Empty:
                break
        child.end(self._process)

    def _feed(self, content: bytes, memory: int) -> None:
        try:
            self._stdin.write(json.dumps({"size": len(content), "memory": memory}).encode() + b"\n")
            self._stdin.write(content)
            self._stdin.flush()
        except (OSError, ValueError):
            pass
        finally:
            self._fed.set()

    def _listen(self, stdout: IO[bytes]) -> None:
        try:
            while not self._ended:
                head = stdout.read(4)
                if len(head) < 4:
                    break
                size = struct.unpack(">I", head)[0]
                if size > _FRAME_MOST:
                    break
                frame = stdout.read(size)
                if len(frame) < size:
                    break
                answer = json.loads(frame)
                if not isinstance(answer, dict):
                    break
                if "columns" in answer:
                    sizes = [int(size) for size in answer["columns"]]
                    if min(sizes, default=0) < 0 or sum(sizes) > _FRAME_MOST:
                        break
                    answer["content"] = [stdout.read(size) for size in sizes]
                self.frames.put(answer)
        except (OSError, ValueError):
            pass
        if not self._ended:
            self.frames.put(None)


# How a newer workbook is wrapped when it has a password, and the record behind the first one of an older one
# that has.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_FILE_PASS = re.compile(rb"\x09\x08\x10\x00.{16}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)


def check_workbook(content: bytes, member: Member) -> None:
    """Raise FileRefused for a password, a document type, odd encodings, or cells spread absurdly far."""
    if member.form not in ("xlsx", "ods"):
        if member.form == "xls" and (_ENCRYPTED_PACKAGE in content or _FILE_PASS.search(content)):
            raise FileRefused("reading.password", file=member.name)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                if not info.filename.endswith((".xml", ".rels", ".vml")):
                    continue
                with archive.open(info) as stream:
                    head = stream.read(_SCANNED)
                    _check_markup(head, member)
                    if member.form == "xlsx" and "worksheets/" in info.filename:
                        _check_extent(head, stream, member)
    except BROKEN_ARCHIVE as problem:
        raise FileRefused("reading.damaged_workbook", file=member.name) from problem


_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_KNOWN_ENCODINGS = (
    b"utf-8",
    b"utf8",
    b"utf-16",
    b"utf-16le",
    b"utf-16be",
    b"us-ascii",
    b"iso-8859-1",
    b"windows-1252",
)


def _check_markup(head: bytes, member: Member) -> None:
    plain = head.replace(b"\0", b"")
    upper = plain.upper()
    declared = [name.lower() for name in _DECLARED.findall(plain)]
    if (
        b"<!DOCTYPE" in upper
        or b"<!ENTITY" in upper
        or len(declared) > 1
        or any(name not in _KNOWN_ENCODINGS for name in declared)
    ):
        raise FileRefused("reading.workbook_hostile", file=member.name)


def _check_extent(head: bytes, stream: IO[bytes], member: Member) -> None:
    """Refuse a sheet whose box around its cells is far larger than they are: it would fill the memory."""
    width, last_row, cells = 1, 1, 0
    piece, rest = head, b""
    while piece:
        whole = rest + piece
        piece = stream.read(_CHUNK)
        cut = whole.rfind(b"<") if piece else len(whole)
        if cut <= 0 or len(whole) - cut > _TAG_MOST:
            cut = len(whole)
        rest = whole[cut:]
        columns, rows = _places(whole[:cut])
        cells += len(columns)
        width = max(width, int(columns.max(initial=1)))
        last_row = max(last_row, int(rows.max(initial=1)))
    box = width * last_row
    if (
        cells > limits.WORKBOOK_CELLS
        or box > limits.WORKBOOK_CELLS
        or (box > 1_000_000 and box > limits.WORKBOOK_SPARSENESS * max(cells, 1))
    ):
        raise FileRefused("reading.workbook_cells", file=member.name, limit=limits.WORKBOOK_CELLS)


def _places(markup: bytes) -> tuple[Int64, Int64]:
    """Return column and row of every cell that says its place: `` r="B12"``."""
    text = np.frombuffer(markup + bytes(16), np.uint8)
    named = (text[1:-2] == ord("r")) & (text[2:-1] == ord("="))
    at = np.flatnonzero(named)
    quote = text[at + 3]
    at = at[(text[at] <= ord(" ")) & ((quote == ord('"')) | (quote == ord("'")))] + 4
    columns, letters = _digits(text, at, np.uint8(ord("a") - 1), 26, 3)
    rows, digits = _digits(text, at + letters, np.uint8(ord("0")), 10, 7)
    told = (letters > 0) & (digits > 0)
    return columns[told], rows[told]


def _digits(text: Bytes, at: Int64, zero: np.uint8, base: int, most: int) -> tuple[Int64, Int64]:
    """Return the numbers that stand at these places, and how many digits each has; letters are digits from 1 to 26."""
    number, length = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    going = np.ones(len(at), np.bool_)
    least = 1 if base == 26 else 0
    for place in range(most):
        sign = text[at + place]
        digit = ((sign | 0x20 if base == 26 else sign) - zero).astype(np.int64)  # wraps around below: too large
        going &= (digit >= least) & (digit < base + least)
        number = np.where(going, number * base + digit, number)
        length += going
    return number, length


def _without_empty_tail(cells: tuple[str, ...]) -> tuple[str, ...]:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return cells[:width]
