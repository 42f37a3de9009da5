"""The raw text of an import, kept so that a number can be explained when the file is gone.

**The form.**  A chunk holds the records ``first_record`` to ``first_record + records - 1`` of a file, numbered from 1 after
the header.  It is zlib (level 1) around UTF-8 text: delimited by the import's delimiter
(``,`` where that is None: workbooks, JSON, web pages), cells in ``"`` where needed with doubled quotes, one record
after the other, each ended by LF.  The columns are those of the header that are not hidden, in the header's
order, each with its ``raw`` text as it stood in the file but for what looks personal (``redaction``).  A record that was blank, dropped or rejected is an
empty line, so the n-th record of the chunk is always record ``first_record + n``.  ``csv.reader`` of the standard
library with ``strict=False`` cuts it, the empty lines coming out as empty lists.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType, TracebackType

import numpy as np

from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.text import Block, Bytes, Int64, RawRows
from ecoperf_desktop.store.personal import redacted_bytes

Chunk = tuple[int, int, bytes]  # first record, how many records, compressed text


class RawKeeper:
    """Makes chunks of the blocks of a file, compressing in a thread of its own.  Use it in a ``with``.

    ``header`` are the file's columns and ``hidden`` those whose text is not kept.
    """

    def __init__(
        self, header: Sequence[str], hidden: Collection[str], delimiter: str | None, *, threads: int = 1
    ) -> None:
        away = frozenset(hidden)
        self._kept = [place for place, name in enumerate(header) if name not in away]
        self._delimiter = delimiter or ","
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="raw text")
        self._waiting: deque[Future[list[Chunk]]] = deque()

    def __enter__(self) -> RawKeeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def add(self, block: Block) -> Iterator[Chunk]:
        """Take a block, and yield the chunks that are ready by now."""
        if self._kept:
            self._waiting.append(self._pool.submit(chunks_of, block, self._kept, self._delimiter))
        while self._waiting and (self._waiting[0].done() or len(self._waiting) > 2):
            yield from self._waiting.popleft().result()

    def finish(self) -> Iterator[Chunk]:
        """Yield the chunks still being made."""
        while self._waiting:
            yield from self._waiting.popleft().result()


def raw_chunks(
    blocks: Iterator[Block], header: Sequence[str], hidden: Collection[str], delimiter: str | None
) -> Iterator[Chunk]:
    """Yield the chunks of all ``blocks``."""
    with RawKeeper(header, hidden, delimiter) as keeper:
        for block in blocks:
            yield from keeper.add(block)
        yield from keeper.finish()


def chunks_of(
    block: Block, kept: Sequence[int], delimiter: str, changes: Mapping[int, Callable[[str], str]] = MappingProxyType({})
) -> list[Chunk]:
    """Return the chunks of one block: the columns ``kept`` of its records, those of ``changes`` changed; no e-mail addresses."""
    if not len(block):
        return []
    changes = {place: change for place, change in changes.items() if place in kept and _would_change(block, place, change)}
    if changes:
        texts = _written(block, kept, delimiter, changes)
    elif block.raw is not None and block.raw.plain and block.raw.delimiter == delimiter:
        texts = _sliced(block, kept)
    else:
        texts = _written(block, kept, delimiter)
    return [(first, count, zlib.compress(redacted_bytes(text), 1)) for first, count, text in texts]


def _would_change(block: Block, place: int, change: Callable[[str], str]) -> bool:
    if place >= len(block.columns):
        return False
    _, first = block.columns[place].distinct()
    return any(change(word) != word for word in block.columns[place].texts(first))


def _sliced(block: Block, kept: Sequence[int]) -> Iterator[tuple[int, int, bytes]]:
    """Yield the texts cut out of the file's own bytes: what is not kept is masked away."""
    raw = block.raw
    assert raw is not None
    begin, end = int(raw.start[0]), int(raw.separators[-1, -1]) + 1
    text = raw.buffer[begin:end]
    records = block.records
    whole = len(kept) == raw.separators.shape[1] and int(records[-1] - records[0]) == len(records) - 1
    if whole and text.tobytes().find(b"\r") < 0:
        for low, high in _groups(records):
            whole_piece = raw.buffer[int(raw.start[low]) : int(raw.separators[high - 1, -1]) + 1]
            yield int(records[low]), high - low, whole_piece.tobytes()
        return
    edges = _edges(raw, kept, text, begin)
    # Lengths by turns of what goes and what stays.
    lengths = np.diff(edges.ravel(), prepend=0)
    content = text[np.repeat(np.tile([False, True], len(lengths) // 2), lengths)].tobytes()
    stays = lengths[1::2].reshape(len(edges), -1).sum(axis=1)
    bounds = np.concatenate(([0], np.cumsum(stays)))
    for low, high in _groups(records):
        piece = content[int(bounds[low]) : int(bounds[high])]
        first, last = int(records[low]), int(records[high - 1])
        if last - first != high - low - 1:
            piece = _with_empty_lines(piece, records[low:high], stays[low:high])
        yield first, last - first + 1, piece


def _edges(raw: RawRows, kept: Sequence[int], text: Bytes, begin: int) -> Int64:
    """Return, for each record, begin and end of every stretch of its bytes that stays, the line end last.

    A stretch is a run of neighbouring kept columns, with the delimiter behind it unless it is the last.
    """
    last = raw.separators.shape[1] - 1
    stretches: list[tuple[int, int]] = []
    for place in kept:
        if stretches and stretches[-1][1] == place - 1:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    line_ends = raw.separators[:, last] - begin
    edges = np.empty((len(line_ends), 2 * len(stretches) + 2), np.int64)
    for turn, (low, high) in enumerate(stretches):
        edges[:, 2 * turn] = raw.start - begin if low == 0 else raw.separators[:, low - 1] + (1 - begin)
        if turn + 1 < len(stretches):
            edges[:, 2 * turn + 1] = raw.separators[:, high] + (1 - begin)
        elif high < last:
            edges[:, 2 * turn + 1] = raw.separators[:, high] - begin
        else:
            edges[:, 2 * turn + 1] = _without_returns(text, edges[:, 2 * turn], line_ends)
    edges[:, -2] = line_ends
    edges[:, -1] = line_ends + 1
    return edges


def _without_returns(text: Bytes, begins: Int64, ends: Int64) -> Int64:
    while True:
        tail = (ends > begins) & (text.take(ends - 1) == 13)
        if not tail.any():
            return ends
        ends = ends - tail


def _groups(records: Int64) -> Iterator[tuple[int, int]]:
    """Yield the rows of each chunk: at most ``limits.RAW_RECORDS`` record numbers from its first on."""
    low = 0
    while low < len(records):
        high = int(np.searchsorted(records, records[low] + limits.RAW_RECORDS))
        yield low, high
        low = high


def _with_empty_lines(content: bytes, records: Int64, lengths: Int64) -> bytes:
    """Return the text with an empty line for each record number that is not there."""
    pieces: list[bytes] = []
    place, number = 0, int(records[0])
    for record, length in zip(records.tolist(), lengths.tolist(), strict=True):
        pieces.append(b"\n" * (record - number))
        pieces.append(content[place : place + length])
        place += length
        number = record + 1
    return b"".join(pieces)


def _written(
    block: Block, kept: Sequence[int], delimiter: str, changes: Mapping[int, Callable[[str], str]] = MappingProxyType({})
) -> Iterator[tuple[int, int, bytes]]:
    """Yield the texts written anew, for workbooks and for text whose quotes are not in order."""
    for low, high in _groups(block.records):
        rows = np.arange(low, high)
        columns = [block.columns[place].texts(rows) for place in kept if place < len(block.columns)]
        for at, place in enumerate(kept):
            if place in changes:
                columns[at] = [changes[place](text) for text in columns[at]]
        out = io.StringIO()
        # Everything in quotes: before Python 3.13 the writer leaves a lone carriage return bare.
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        number = int(block.records[low])
        for row, record in zip(zip(*columns, strict=True), block.records[low:high].tolist(), strict=True):
            out.write("\n" * (record - number))
            writer.writerow(row)
            number = record + 1
        yield int(block.records[low]), number - int(block.records[low]), out.getvalue().encode("utf-8")
