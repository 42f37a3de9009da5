"""In which encoding a text is, without a silent guess, and the same text as UTF-8."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.alphabets import likelihood
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.zero_bytes import wide_form

_CHUNK = 1 << 20
_TOLD_BY = 16 * limits.KIB  # of lines that are not ASCII: enough to tell one-byte encodings apart

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Tried in this order when the text is not Unicode.  The first line is multi-byte: chance rarely makes a text
# valid there.
MULTI_BYTE = ("gb18030", "cp932", "big5", "cp949", "euc_jp")
SINGLE_BYTE = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859-1")
# Offered only where the text reads better in them than in any of the others.
SELDOM = (
    "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u", "cp866", "cp855", "mac-cyrillic",
    "cp1255", "cp1256", "iso8859-6", "iso8859-8", "cp1257", "tis-620", "cp437", "cp850", "cp852", "mac-roman", "johab",
)  # fmt: skip


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
    if b"\x1b$" in member.opening:  # shifts between alphabets: ASCII by its bytes, but no text as it stands
        seven_bits = ("iso2022_jp_ext", "iso2022_kr")
        return Encodings(seven_bits[::-1] if b"\x1b$)C" in member.opening else seven_bits, False)
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
    """Return Python's name of the encoding ``name``.

    Raise LookupError when it is unknown or no text encoding.
    """
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
            yield _mended(whole) if b"\xc2" in whole else whole
        else:
            yield whole
        place += len(whole)
        piece = stream.read(chunk)
    if rest:
        raise _invalid(member, "utf-8", _lines_before(member, place))


# Single signs of Windows-1252 that somebody took for Latin-1 on the way to UTF-8: dashes, curly quotes, the euro.  As they stand
# they are control signs, which no text holds but for the line end among them; several in a row are meant as they are.
_TAKEN_FOR_LATIN = re.compile(
    rb"(?<!\xc2[\x80-\x9f])\xc2([\x80\x82-\x84\x86-\x8c\x8e\x91-\x9c\x9e\x9f])(?!\xc2[\x80-\x9f])"
)


def _mended(text: bytes) -> bytes:
    return _TAKEN_FOR_LATIN.sub(lambda sign: sign[1].decode("cp1252").encode("utf-8"), text)


def _lines_before(member: Member, place: int) -> int:
    """Return how many line ends stand before the byte ``place``.

    Counted only when something went wrong there.
    """
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
    return wide_form(opening) if b"\0" in opening else ""


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
    """Return the encodings likeliest first.

    In Western text single bytes above 127 stand between ASCII letters; Chinese, Japanese and Korean has
    them in runs, and read in its own encoding it consists of that script's common characters.
    """
    sample = _not_ascii(member)
    runs = _high_runs(sample)
    single = [name for name in names if name in SINGLE_BYTE]
    multi = [name for name in names if name in MULTI_BYTE]
    likely = {name: _commonness(sample, name) for name in multi}
    if likely.get("cp949", 0) < 0.95:  # Chinese read as Korean is Korean too, but for every third character
        likely["cp949"] = 0
    if "euc_jp" in likely and not _has_kana(
        sample.decode("euc_jp", "ignore")
    ):  # what is left is Chinese read as Japanese
        likely["euc_jp"] = 0
    lone = sum(1 for run in runs if run == 1)
    if lone * 2 > len(runs) and max(likely.values(), default=0) < 0.8:
        return _by_likelihood(single, sample) + multi
    if not multi:
        return _by_likelihood(single, sample)
    return (
        sorted(
            multi,
            key=lambda name: (
                -round(likely[name], 1),
                name not in ("cp949", "euc_jp"),
                MULTI_BYTE.index(name),
            ),
        )
        + single
    )


def _by_likelihood(names: list[str], sample: bytes) -> list[str]:
    """Return the encodings in which the sample reads most like words first; seldom ones only where they do so best."""
    told = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:_TOLD_BY]
    read = {name: _likelihood(told, name) for name in names}
    best = max(read.values(), default=0.0)
    seldom = {name: worth for name in SELDOM if (worth := _likelihood(told, name)) > best + 0.05}
    read.update(sorted(seldom.items(), key=lambda entry: -entry[1])[:3])
    return sorted(read, key=lambda name: -round(read[name], 1))


def _likelihood(sample: bytes, name: str) -> float:
    try:
        return likelihood(sample.decode(name)) if name not in SINGLE_BYTE else likelihood(sample.decode(name, "ignore"))
    except UnicodeDecodeError:
        return 0.0


def _not_ascii(member: Member) -> bytes:
    """Return a piece of the text in which something is not ASCII."""
    with member.stream() as stream:
        while piece := stream.read(_CHUNK):
            for place in range(0, len(piece), limits.HEAD):
                if not piece[place : place + limits.HEAD].isascii():
                    return piece[place : place + limits.HEAD]
    return member.opening


def _commonness(sample: bytes, name: str) -> float:
    """Return the share of common characters among those that are not ASCII, read in ``name``."""
    signs = _signs(sample.decode(name, "ignore"))
    if not signs:
        return 0.0
    return sum(count for sign, count in signs.items() if _is_common(sign, name)) / signs.total()


def _has_kana(text: str) -> bool:
    signs = _signs(text)
    return 5 * sum(count for sign, count in signs.items() if "\u3040" <= sign <= "\u30ff") > signs.total()


def _signs(text: str) -> Counter[str]:
    """Count the characters that are not ASCII: a text has few different ones, however long it is."""
    return Counter({sign: count for sign, count in Counter(text).items() if sign > "\x7f"})


def _is_common(sign: str, name: str) -> bool:
    if "\u3000" <= sign <= "\u3003" or "\uff00" <= sign <= "\uff60":
        return True
    if name == "cp949":
        return "\uac00" <= sign <= "\ud7a3"
    if name in ("cp932", "euc_jp") and "\u3040" <= sign <= "\u30ff":
        return True
    try:
        coded = sign.encode(
            {"gb18030": "gb2312", "cp932": "shift_jis", "big5": "big5", "euc_jp": "euc_jp"}[name]
        )
    except UnicodeEncodeError:
        return False
    if name == "gb18030":
        return True
    low, high = {"cp932": (0x88, 0x98), "euc_jp": (0xB0, 0xCF), "big5": (0xA4, 0xC6)}[
        name
    ]  # everyday characters
    return low <= coded[0] <= high


def _high_runs(sample: bytes) -> list[int]:
    return [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
