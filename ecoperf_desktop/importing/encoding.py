"""In which encoding a text is, without a silent guess, and the same text as UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member

_CHUNK = 1 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)

# Tried in this order when the text is not Unicode.  The first line is multi-byte: chance rarely makes a text valid there.
MULTI_BYTE = ("gb18030", "cp932", "big5", "cp949")
SINGLE_BYTE = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859-1")


@dataclass(frozen=True)
class Encodings:
    """The encodings a text can be in, likeliest first.

    ``certain`` is True when the bytes themselves prove the first one (a byte order
    mark, zero bytes, or the whole file being valid UTF-8).  Otherwise a header
    known in one of them has to decide, or the person (``--set encoding=``).
    """

    names: tuple[str, ...]
    certain: bool

    @property
    def name(self) -> str:
        return self.names[0]


def encodings(member: Member) -> Encodings:
    """Return the encodings of ``member``, having looked at the whole file in blocks.

    Raises FileRefused when no encoding fits.
    """
    proven = _proven(member.opening)
    if proven:
        return Encodings((proven,), True)
    with member.stream() as stream:
        if _is_utf8(stream):
            return Encodings(("utf-8",), True)
    fitting = []
    for name in MULTI_BYTE + SINGLE_BYTE:
        with member.stream() as stream:
            if _decodes(stream, name):
                fitting.append(name)
    if not fitting:
        raise FileRefused("reading.encoding_none", file=member.name)
    return Encodings(tuple(_ranked(fitting, member)), False)


def checked(name: str) -> str:
    """Return Python's name of the encoding ``name``; raise LookupError when it is unknown or no text encoding."""
    found = codecs.lookup(name)
    if not getattr(found, "_is_text_encoding", True) or found.name in ("utf-7", "idna", "punycode"):
        raise LookupError(name)
    return found.name


def undecided(member: Member, found: Encodings) -> FileRefused:
    """Return the refusal of a text whose encoding nothing decides."""
    return FileRefused("reading.encoding_undecided", file=member.name, choices=", ".join(found.names[:4]))


def head(member: Member, encoding: str, size: int = limits.HEAD) -> bytes:
    """Return the first ``size`` bytes or so as UTF-8, without a byte order mark, for a look."""
    pieces = []
    total = 0
    for piece in utf8(member, encoding, chunk=size):
        pieces.append(piece)
        total += len(piece)
        if total >= size:
            break
    return b"".join(pieces)


def utf8(member: Member, encoding: str, chunk: int = _CHUNK) -> Iterator[bytes]:
    """Yield the text as UTF-8, piece by piece, without a byte order mark; a piece may end within a character.

    Raises FileRefused, naming the line, where the bytes are not valid in ``encoding``.
    """
    name = checked(encoding)
    with member.stream() as stream:
        if name in ("utf-8", "utf-8-sig", "ascii"):
            yield from _plain(stream, member, chunk)
        else:
            yield from _recoded(stream, member, name, chunk)


def _plain(stream: BinaryIO, member: Member, chunk: int) -> Iterator[bytes]:
    piece = stream.read(chunk)
    place = 0
    if piece.startswith(codecs.BOM_UTF8):
        place = len(codecs.BOM_UTF8)
        piece = piece[place:]
    rest = b""
    while piece:
        whole = rest + piece if rest else piece
        rest = b""
        if not whole.isascii():
            try:
                whole.decode("utf-8")
            except UnicodeDecodeError as problem:
                if problem.end < len(whole) or len(whole) - problem.start >= 4:
                    raise _invalid(member, "utf-8", _lines_before(member, place + problem.start)) from None
                rest = whole[problem.start :]
                whole = whole[: problem.start]
        yield whole
        place += len(whole)
        piece = stream.read(chunk)
    if rest:
        raise _invalid(member, "utf-8", _lines_before(member, place))


def _lines_before(member: Member, place: int) -> int:
    """Return how many line ends stand before the byte ``place``; counted only when something went wrong there."""
    lines = 0
    with member.stream() as stream:
        while place > 0 and (piece := stream.read(min(_CHUNK, place))):
            lines += piece.count(b"\n")
            place -= len(piece)
    return lines


def _recoded(stream: BinaryIO, member: Member, name: str, chunk: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)("strict")
    first = True
    lines = 0
    while True:
        piece = stream.read(chunk)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as problem:
            before = problem.object[: problem.start].decode(name, "replace")
            raise _invalid(member, name, lines + before.count("\n")) from None
        if first and text:
            text = text.removeprefix("\ufeff")
            first = False
        if text:
            # A lone surrogate is no character; UTF-16 files cut by bad tools hold some.
            whole = text.encode("utf-8", "replace")
            lines += whole.count(b"\n")
            yield whole
        if not piece:
            return


def _invalid(member: Member, name: str, lines: int) -> FileRefused:
    return FileRefused("reading.encoding_invalid", file=member.name, encoding=name, line=lines + 1)


def _proven(opening: bytes) -> str:
    for bom, name in _BOMS:
        if opening.startswith(bom):
            return name
    if b"\0" not in opening:
        return ""
    even, odd = opening[0::2].count(0), opening[1::2].count(0)
    half = max(1, len(opening) // 2)
    if odd > half * 0.3 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.3 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    waiting = False
    try:
        while piece := stream.read(_CHUNK):
            if not waiting and piece.isascii():
                continue
            decoder.decode(piece)
            waiting = bool(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(stream: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        while piece := stream.read(_CHUNK):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _ranked(names: list[str], member: Member) -> list[str]:
    """Return multi-byte encodings first when the text reads like their script, else the single-byte ones.

    A Western text has single bytes above 127 between ASCII letters, and a Chinese, Japanese or Korean
    one has them in runs.
    """
    opening = member.opening
    if opening.isascii():
        with member.stream() as stream:
            while piece := stream.read(_CHUNK):
                if not piece.isascii():
                    opening = piece
                    break
    runs = _high_runs(opening)
    lone = sum(1 for run in runs if run == 1)
    if lone * 2 > len(runs):
        return [name for name in names if name in SINGLE_BYTE] + [name for name in names if name in MULTI_BYTE]
    return names


def _high_runs(sample: bytes) -> list[int]:
    runs: list[int] = []
    length = 0
    for byte in sample:
        if byte > 127:
            length += 1
        elif length:
            runs.append(length)
            length = 0
    if length:
        runs.append(length)
    return runs
