"""Typed rows on a pipe between two processes of the program: JSON that describes, then the bytes of the arrays it describes.

A frame is eight bytes with the lengths of both parts (big-endian), a JSON object in UTF-8, and the buffers it counts on,
one after the other.  Nothing in a frame can be anything but numbers and text.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.importing.raw import Chunk
from ecoperf_desktop.model.columns import Asserted, Coded, Column, Numbers, Reals

_LENGTHS = struct.Struct(">II")
_TYPES = {"numbers": "<i8", "reals": "<f8", "coded": "<i4"}

Said = dict[str, Any]
Buffer = NDArray[Any] | bytes


class Torn(Exception):
    """The pipe ended, or what came out of it is no frame."""


def send(sink: BinaryIO, said: Mapping[str, object], buffers: Sequence[Buffer] = ()) -> None:
    """Write one frame."""
    text = json.dumps(said, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    size = sum(len(buffer) if isinstance(buffer, bytes) else buffer.nbytes for buffer in buffers)
    sink.write(_LENGTHS.pack(len(text), size))
    sink.write(text)
    for buffer in buffers:
        sink.write(buffer if isinstance(buffer, bytes) else buffer.data)
    sink.flush()


def receive(source: BinaryIO) -> tuple[Said, bytes]:
    """Read one frame; raise Torn when there is none."""
    try:
        text, buffers = _LENGTHS.unpack(_read(source, _LENGTHS.size))
        said = json.loads(_read(source, text).decode("utf-8", "surrogatepass"))
        if not isinstance(said, dict):
            raise Torn
        return said, _read(source, buffers)
    except (OSError, ValueError) as problem:
        raise Torn from problem


def _read(source: BinaryIO, size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise Torn
    return content


def described(tables: Sequence[Asserted], chunks: Sequence[Chunk]) -> tuple[Said, list[Buffer]]:
    """Return rows of tables and compressed texts as a frame's two parts."""
    buffers: list[Buffer] = []
    said: Said = {"tables": [], "chunks": []}
    for asserted in tables:
        columns: dict[str, Said] = {}
        said["tables"].append({"table": asserted.table, "rows": len(asserted), "columns": columns})
        buffers.append(np.ascontiguousarray(asserted.records, dtype="<i8"))
        for name, column in asserted.columns.items():
            columns[name] = _column_described(column, buffers)
    for first, records, compressed in chunks:
        said["chunks"].append([first, records, len(compressed)])
        buffers.append(compressed)
    return said, buffers


def _column_described(column: Column, buffers: list[Buffer]) -> Said:
    if isinstance(column, Coded):
        buffers.append(np.ascontiguousarray(column.codes, dtype="<i4"))
        return {"kind": "coded", "words": list(column.words)}
    kind = "reals" if isinstance(column, Reals) else "numbers"
    buffers.append(np.ascontiguousarray(column.values, dtype=_TYPES[kind]))
    if column.missing is not None:
        buffers.append(np.ascontiguousarray(column.missing, dtype=np.uint8))
    return {"kind": kind, "missing": column.missing is not None}


def rebuilt(said: Said, content: bytes) -> tuple[list[Asserted], list[Chunk]]:
    """Return what ``described`` was given; raise Torn when the parts do not fit."""
    pieces = _Pieces(content)
    try:
        tables = [_table_rebuilt(table, pieces) for table in said["tables"]]
        chunks = [(int(first), int(records), pieces.bytes(int(size))) for first, records, size in said["chunks"]]
    except (KeyError, TypeError, ValueError) as problem:
        raise Torn from problem
    return tables, chunks


def _table_rebuilt(said: Said, pieces: _Pieces) -> Asserted:
    rows = int(said["rows"])
    records = pieces.array("<i8", rows)
    return Asserted(said["table"], {name: _column_rebuilt(column, rows, pieces) for name, column in said["columns"].items()}, records)


def _column_rebuilt(said: Said, rows: int, pieces: _Pieces) -> Column:
    values = pieces.array(_TYPES[said["kind"]], rows)
    if said["kind"] == "coded":
        return Coded(values, said["words"])
    missing = pieces.array("|u1", rows).astype(bool) if said["missing"] else None
    return Reals(values, missing) if said["kind"] == "reals" else Numbers(values, missing)


class _Pieces:
    """Cuts a frame's buffers off, in order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def array(self, kind: str, length: int) -> NDArray[Any]:
        # A copy: aligned, and of its own, so that the frame can go.
        made = np.frombuffer(self.bytes(length * np.dtype(kind).itemsize), dtype=kind)
        return made.astype(made.dtype.newbyteorder("="))

    def bytes(self, size: int) -> bytes:
        piece = self._content[self._place : self._place + size]
        if len(piece) < size:
            raise Torn
        self._place += size
        return piece


__all__: Sequence[str] = ("Said", "Torn", "described", "rebuilt", "receive", "send")
