"""Columns of text as byte ranges of one buffer, and what can be asked of a whole column at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop import plain

Bytes = NDArray[np.uint8]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Word = NDArray[np.uint64]

# Eight bytes are read at once from any place of a buffer, so every buffer has this many spare ones at both
# ends.
PAD = 8

_KEPT = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)
_MIX = (
    np.uint64(0x9E37_79B9_7F4A_7C15),
    np.uint64(0xC2B2_AE3D_27D4_EB4F),
    np.uint64(0x1656_67B1_9E37_79F9),
    np.uint64(0xD6E8_FEB8_6659_FD93),
)


@dataclass(frozen=True)
class Cells:
    """One column of a block: cell ``i`` is ``buffer[start[i]:end[i]]``, UTF-8 and without its quotes.

    No cell holds a NUL: readers replace it, so that eight bytes read at once tell a short cell's length.
    """

    buffer: Bytes
    start: Int64
    end: Int64

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Cells:
        """Return the cells of ``values``; None is an empty cell, a lone surrogate becomes U+FFFD."""
        pieces = [b"" if value is None else _encoded(value) for value in values]
        return cls.of_bytes(pieces)

    @classmethod
    def of_bytes(cls, pieces: Sequence[bytes]) -> Cells:
        """Return the cells whose UTF-8 bytes are ``pieces``."""
        ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)), dtype=np.int64) + PAD
        starts = np.empty_like(ends)
        if len(ends):
            starts[0] = PAD
            starts[1:] = ends[:-1]
        return cls(padded(b"".join(pieces)), starts, ends)

    @classmethod
    def ended(cls, content: bytes, count: int) -> Cells:
        """Return ``count`` cells of UTF-8 ``content`` with a zero byte behind each; raise ValueError when there are others."""
        buffer = padded(content)
        ends = np.flatnonzero(buffer[PAD : PAD + len(content)] == 0) + PAD
        if len(ends) != count:
            raise ValueError(f"{len(ends)} cells for {count} rows")
        starts = np.empty_like(ends)
        if count:
            starts[0] = PAD
            starts[1:] = ends[:-1] + 1
        return cls(buffer, starts, ends)

    def text(self, row: int) -> str:
        return self.buffer[self.start[row] : self.end[row]].tobytes().decode("utf-8", "replace")

    def texts(self, rows: Int64 | None = None) -> list[str]:
        """Return the cells, or those of ``rows``, as strings."""
        starts, ends = (self.start, self.end) if rows is None else (self.start[rows], self.end[rows])
        count = len(starts)
        if not count:
            return []
        if count < 64:
            return [
                self.buffer[a:b].tobytes().decode("utf-8", "replace")
                for a, b in zip(starts, ends, strict=True)
            ]
        # One decoding for all cells: they are laid side by side with a byte between them that no text holds.
        lengths = ends - starts
        places = np.cumsum(lengths + 1) - (lengths + 1)
        joined = np.zeros(int(lengths.sum()) + count, np.uint8)
        within = np.ones(joined.size, np.bool_)
        within[places + lengths] = False
        joined[within] = self.buffer[_ranges(starts, lengths)]
        whole = joined.tobytes().decode("utf-8", "replace")
        parts = whole.split("\0")
        if len(parts) == count + 1:
            return parts[:-1]
        return [
            self.buffer[a:b].tobytes().decode("utf-8", "replace") for a, b in zip(starts, ends, strict=True)
        ]

    def take(self, rows: Int64 | Bool) -> Cells:
        """Return the cells of ``rows`` (indices, or a mask)."""
        return Cells(self.buffer, self.start[rows], self.end[rows])

    @property
    def lengths(self) -> Int64:
        """Return each cell's length in bytes."""
        return self.end - self.start

    @property
    def empty(self) -> Bool:
        """Return which cells hold nothing at all."""
        return np.less_equal(self.end, self.start)

    def first_byte(self) -> Bytes:
        """Return the first byte of each cell, 0 where it is empty."""
        filled: Bytes = self.buffer.take(self.start, mode="clip")
        filled *= self.end > self.start
        return filled

    def equal(self, text: str) -> Bool:
        """Return which cells are exactly ``text``."""
        wanted = text.encode("utf-8")
        same: Bool = self.lengths == len(wanted)
        if wanted and same.any():
            ready = self.readable()
            rows = np.flatnonzero(same)
            for offset in range(0, len(wanted), 8):
                piece = int.from_bytes(wanted[offset : offset + 8], "little")
                rows = rows[ready._word_of(rows, offset) == np.uint64(piece)]
            same = np.zeros(len(self), np.bool_)
            same[rows] = True
        return same

    def starts_with(self, text: str) -> Bool:
        """Return which cells begin with ``text``."""
        wanted = text.encode("utf-8")
        cut = Cells(self.buffer, self.start, np.minimum(self.end, self.start + len(wanted)))
        alike: Bool = cut.equal(text)
        return alike

    def same_as_before(self) -> Bool:
        """Return which cells repeat the row above; the first never does."""
        same = np.zeros(len(self), np.bool_)
        if len(self) < 2:
            return same
        lengths = self.lengths
        same[1:] = lengths[1:] == lengths[:-1]
        longest = int(lengths.max(initial=0))
        ready = self.readable()
        if int(lengths.min()) >= 8:
            # Windows that lie wholly within the cell need no mask: from the front, and one that ends with it.
            windows = _windows(ready.buffer)
            places = [
                ready.start + offset for offset in range(0, min(int(lengths.min()), longest - 8) - 7, 8)
            ]
            places += [ready.end - 8]
            if longest <= 8 * len(places) + 0:
                for place in places:
                    word = windows[place]
                    same[1:] &= word[1:] == word[:-1]
                return same
        for offset in range(0, longest, 8):
            word = ready.word(offset)
            same[1:] &= word[1:] == word[:-1]
        return same

    def word(self, offset: int = 0) -> Word:
        """Return eight bytes of each cell from ``offset`` on as a number, zeros behind its end."""
        kept = _KEPT.take(self.end - (self.start + offset) if offset else self.end - self.start, mode="clip")
        begin = self.start + offset if offset else self.start
        if offset and int(begin.max(initial=0)) > len(self.buffer) - PAD:
            begin = np.minimum(begin, len(self.buffer) - PAD)
        word = _windows(self.buffer)[begin]
        word &= kept
        return word

    def last_word(self) -> Word:
        """Return the last eight bytes of each cell, the last one highest, zeros before its start."""
        dropped = ~_KEPT.take(8 - (self.end - self.start), mode="clip")
        dropped &= _windows(self.buffer)[self.end - 8]
        return dropped

    def readable(self) -> Cells:
        """Return the same cells on a buffer with spare bytes at both ends."""
        if not len(self):
            return self
        if int(self.start.min()) >= PAD and int(self.end.max()) + PAD <= len(self.buffer):
            return self
        return Cells(padded(self.buffer.tobytes()), self.start + PAD, self.end + PAD)

    def distinct(self) -> tuple[NDArray[np.int32], Int64]:
        """Return a code for each cell, and for each code the first row that has it.

        Codes count from 0 in the order in which their texts first appear.  Texts are
        compared byte by byte, never by their hash alone.
        """
        count = len(self)
        if not count:
            return np.empty(0, np.int32), np.empty(0, np.int64)
        ready = self.readable()
        lengths = ready.lengths
        longest = int(lengths.max())
        words = [ready.word(0)]
        if longest > 8:
            keys, words = ready._hashed(words[0], lengths, longest)
        else:
            keys = words[0]
        runs = np.empty(count, np.bool_)
        runs[0] = True
        np.not_equal(keys[1:], keys[:-1], out=runs[1:])
        heads = np.flatnonzero(runs)
        if len(heads) * 2 > count:
            codes, first = _factorized(keys)
        else:
            short, first_head = _factorized(keys[heads])
            codes = np.repeat(short, np.diff(np.append(heads, count)))
            first = heads[first_head]
        if ready._confirmed(codes, first, lengths, words):
            return codes, first
        return ready._distinct_slowly()

    def trimmed(self) -> Cells:
        """Return the cells without ASCII blanks and tabs at their ends."""
        start, end = self.start, self.end
        for _ in range(2**15):
            head = (start < end) & _is_blank(self.buffer.take(start, mode="clip"))
            if not head.any():
                break
            start = start + head
        for _ in range(2**15):
            tail = (start < end) & _is_blank(self.buffer.take(end - 1, mode="clip"))
            if not tail.any():
                break
            end = end - tail
        return Cells(self.buffer, start, end)

    def _word_of(self, rows: Int64, offset: int) -> Word:
        return Cells(self.buffer, self.start[rows], self.end[rows]).word(offset)

    def _hashed(self, first: Word, lengths: Int64, longest: int) -> tuple[Word, list[Word]]:
        """Return a hash of each cell, and the words it was made of while all cells are looked at."""
        keys = (first * _MIX[0]) ^ (lengths.astype(np.uint64) * _MIX[3])
        words = [first]
        rows: Int64 | None = None
        for offset in range(8, longest, 8):
            longer = np.flatnonzero(lengths > offset)
            if rows is None and len(longer) * 2 > len(lengths):
                word = self.word(offset)
                words.append(word)
                keys = _stirred(keys, word)
                continue
            rows = longer
            keys[rows] = _stirred(keys[rows], self._word_of(rows, offset))
        return keys ^ (keys >> np.uint64(29)), words

    def _confirmed(self, codes: NDArray[np.int32], first: Int64, lengths: Int64, words: list[Word]) -> bool:
        """Return whether every cell is byte for byte what the first row of its code is."""
        if not bool((lengths == lengths[first].take(codes)).all()):
            return False
        for word in words:
            if not bool((word == word[first].take(codes)).all()):
                return False
        for offset in range(8 * len(words), int(lengths.max()), 8):
            rows = np.flatnonzero(lengths > offset)
            if not bool((self._word_of(rows, offset) == self._word_of(first[codes[rows]], offset)).all()):
                return False
        return True

    def _distinct_slowly(self) -> tuple[NDArray[np.int32], Int64]:
        known: dict[bytes, int] = {}
        first: list[int] = []
        codes = np.empty(len(self), np.int32)
        for row, (start, end) in enumerate(zip(self.start.tolist(), self.end.tolist(), strict=True)):
            piece = self.buffer[start:end].tobytes()
            code = known.get(piece)
            if code is None:
                code = known[piece] = len(known)
                first.append(row)
            codes[row] = code
        return codes, np.array(first, np.int64)


@dataclass(frozen=True)
class RawRows:
    """Where the records of a block stand in its bytes, for keeping their text.

    Row ``i`` begins at ``start[i]``; its cells, quotes included, end before
    ``separators[i]``, the last of which is the line end.  ``plain`` is True when
    the text is such that any reader of delimited text with doubled quotes cuts it the same way.
    """

    buffer: Bytes
    start: Int64
    separators: Int64
    delimiter: str
    plain: bool


@dataclass(frozen=True)
class Block:
    """Some records of a table, a column at a time.

    ``records`` are the record numbers of the rows, from 1 after the header; records
    that were blank or had a wrong width are left out.  ``lines`` are the rows'
    physical lines from 1, None in a workbook.  ``span`` is how many records of the file, the
    left-out ones included, the block covers from ``first_record`` on.
    """

    first_record: int
    lines: Int64 | None
    columns: tuple[Cells, ...]
    records: Int64
    span: int = 0
    raw: RawRows | None = None

    def __len__(self) -> int:
        return len(self.records)


def padded(content: bytes) -> Bytes:
    """Return ``content`` as an array with spare bytes at both ends; the content begins at ``PAD``."""
    spare = bytes(PAD)
    return np.frombuffer(b"".join((spare, content, spare)), np.uint8)


def unguarded(text: str) -> str:
    """Return ``text`` without what spreadsheets and shops put around it to keep it text.

    That is ``="..."``, an apostrophe or backtick before what would be a formula, a number, a day or a code (one of
    ``'n' roll`` is the word's own), blanks and tabs at the ends, and a byte order mark.
    """
    text = text.strip(_AROUND)
    if text.startswith('="') and text.endswith('"') and len(text) >= 3:
        text = text[2:-1].replace('""', '"')
    else:
        text = plain.unguarded(text)
    return text.strip(_AROUND)


def recoded(
    codes: NDArray[np.int32], words: Sequence[str], change: Callable[[str], str | None]
) -> tuple[NDArray[np.int32], list[str]]:
    """Return codes and words after ``change`` of each word.

    Words that become alike share a code, None becomes -1.
    """
    known: dict[str, int] = {}
    table = np.empty(len(words) + 1, np.int32)
    table[-1] = -1
    for code, word in enumerate(words):
        changed = change(word)
        table[code] = -1 if changed is None else known.setdefault(changed, len(known))
    return table.take(codes, mode="wrap") if len(words) else codes, list(known)


def narrow(cells: Cells) -> Cells:
    """Return the cells with full-width letters, digits and signs as their plain forms; most columns have none."""
    if not len(cells):
        return cells
    low, high = int(cells.start.min()), int(cells.end.max())
    # Full-width forms begin with this byte in UTF-8, and few other characters do.
    found = np.flatnonzero(cells.buffer[low:high] == 0xEF) + low
    if not len(found) or not bool((np.searchsorted(found, cells.end) > np.searchsorted(found, cells.start)).any()):
        return cells
    codes, first = cells.distinct()
    return Cells.of([unicodedata.normalize("NFKC", text) for text in cells.texts(first)]).take(codes.astype(np.int64))


_AROUND = " \t\r\n\u00a0\u202f\u2007\u3000\ufeff\u200b"


def _encoded(value: str) -> bytes:
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def _windows(buffer: Bytes) -> Word:
    """Return every eight neighbouring bytes of ``buffer`` as a little-endian number, without a copy."""
    windows: Word = np.ndarray((len(buffer) - 7,), np.dtype("<u8"), buffer, 0, (1,))
    return windows


def _is_blank(values: Bytes) -> Bool:
    blank: Bool = (values == 32) | (values == 9)
    return blank


def _ranges(starts: Int64, lengths: Int64) -> Int64:
    """Return the places of all ranges one after the other."""
    total = int(lengths.sum())
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(total, dtype=np.int64)


def _stirred(keys: Word, word: Word) -> Word:
    mixed = keys >> np.uint64(32)
    mixed ^= keys
    mixed *= _MIX[1]
    mixed ^= word * _MIX[2]
    return mixed


def _factorized(keys: Word) -> tuple[NDArray[np.int32], Int64]:
    """Return codes in order of appearance, and each code's first row.

    Keys go to places of a table by their upper bits; the few that find a place taken
    by another go on to a second table, and so on.
    """
    count = len(keys)
    bits = 12
    while (1 << bits) < min(count, 1 << 14) * 4:
        bits += 1
    codes = np.empty(count, np.int64)
    rows: Int64 | None = None
    left = keys
    firsts: list[Int64] = []
    known = 0
    for turn in range(64):
        if turn:
            bits = max(10, min(22, int(len(left)).bit_length() + 1))
        slot = ((left * _MIX[turn % 3]) >> np.uint64(64 - bits)).astype(np.int64)
        first = np.full(1 << bits, -1, np.int64)
        first[slot[::-1]] = np.arange(len(left) - 1, -1, -1, dtype=np.int64)
        used = np.flatnonzero(first >= 0)
        code_at = np.empty(1 << bits, np.int64)
        code_at[used] = np.arange(known, known + len(used))
        here = left.take(first.take(slot)) == left
        found = code_at.take(slot)
        first_rows = first[used]
        firsts.append(first_rows if rows is None else rows[first_rows])
        known += len(used)
        if bool(here.all()):
            if rows is None:
                codes = found
            else:
                codes[rows] = found
            break
        if rows is None:
            codes = found
            rows = np.flatnonzero(~here)
        else:
            codes[rows] = found
            rows = rows[~here]
        left = left[~here]
    first_row = np.concatenate(firsts)
    order = np.argsort(first_row, kind="stable")
    place = np.empty(known, np.int32)
    place[order] = np.arange(known, dtype=np.int32)
    return place.take(codes), first_row[order]
