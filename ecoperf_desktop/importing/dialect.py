"""How a text is cut into cells: delimiter and quotes, found by how regular the records come out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from ecoperf_desktop.importing import limits

DELIMITERS = (",", "\t", ";", "|")
PADDING = 4  # blanks between delimiter and quote, at most
_LOOKED_AT = 300  # records
_UNEVEN = 0.15  # regularity below which a delimiter cuts hardly any two records alike


@dataclass(frozen=True)
class Dialect:
    """How to cut a text.

    ``delimiter`` and ``quote`` are one ASCII character; ``quote`` None means that quotes
    are ordinary text.  ``escape`` is True when a backslash before a quote keeps
    it in the cell.  ``skip_lines`` counts the lines before the first record: 1 after a ``sep=`` line.
    ``padded`` is True when blanks before a quote belong to the delimiter, as in ``1, "blue, large"``.
    """

    delimiter: str = ","
    quote: str | None = '"'
    escape: bool = False
    skip_lines: int = 0
    padded: bool = False


@dataclass(frozen=True)
class Cut:
    """One record as the plain cutter sees it: cells, where it ends, and whether its quotes are in order."""

    cells: tuple[str, ...]
    end: int
    separators: tuple[int, ...]
    orderly: bool
    closed: bool


def dialects(sample: bytes) -> tuple[Dialect, ...]:
    """Return the dialects in which ``sample`` (UTF-8, from the start of the text) can be read, likeliest first.

    A ``sep=`` line settles the delimiter.  The others stay in the answer, so that a
    known header can speak for one that looks less regular.
    """
    lines, stated, sample = _stated_delimiter(sample)
    scored: list[tuple[float, int, Dialect]] = []
    for place, delimiter in enumerate((stated,) if stated else DELIMITERS):
        dialect = Dialect(delimiter, '"', False, lines)
        if b'\\"' in sample and _fewer_disorders(sample, dialect):
            dialect = replace(dialect, escape=True)
        if _wrapped(sample, delimiter, b"'") > max(3, _wrapped(sample, delimiter, b'"')):
            dialect = replace(dialect, quote="'", escape=False)
        if dialect.quote and any(f"{delimiter}{' ' * blanks}{dialect.quote}".encode() in sample for blanks in range(1, PADDING + 1)):
            padded = replace(dialect, padded=True)
            if regularity(sample, padded) > regularity(sample, dialect):
                dialect = padded
        scored.append((-regularity(sample, dialect), place, dialect))
    scored.sort(key=lambda entry: entry[:2])
    return tuple(dialect for _, _, dialect in scored)


def blank_separated(sample: bytes, best: Dialect) -> Dialect | None:
    """Return the dialect that cuts at single blanks, None where it does not cut the sample far more evenly than ``best``.

    Nobody's exports are written so, and any sentence has blanks: it is the last thing to think of.
    """
    blanks = Dialect(" ", best.quote)
    usual = regularity(sample, best)
    if usual > _UNEVEN or (likely := regularity(sample, blanks)) < max(_UNEVEN, 2 * usual):
        return None
    width = len(cut_record(sample, 0, blanks, decode=False).separators)
    return blanks if width > 2 and likely else None


def regularity(sample: bytes, dialect: Dialect) -> float:
    """Return how table-like the sample is in ``dialect``: 0 for one column, more for many of one width."""
    widths: Counter[int] = Counter()
    disorders = 0
    place = 0
    records = 0
    delimiter, quote = dialect.delimiter.encode(), (dialect.quote or "").encode()
    for _ in range(10 * _LOOKED_AT):  # blank ones are passed over, but not for ever
        if place >= len(sample) or records >= _LOOKED_AT:
            break
        width, end, filled, orderly = _measured(sample, place, dialect, delimiter, quote)
        if end >= len(sample) and len(sample) >= limits.HEAD:
            break  # cut short by the sample's end
        disorders += not orderly
        if filled:
            widths[width] += 1
            records += 1
        place = end
    if not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda entry: (entry[1] * (entry[0] > 1), entry[0]))
    total = sum(widths.values())
    if width < 2:
        return 0.0
    alike = count / total
    return alike * alike * (1 + 0.5 * min(width, 20) / 20) * (1 - 0.5 * disorders / max(total, 1))


def _measured(text: bytes, place: int, dialect: Dialect, delimiter: bytes, quote: bytes) -> tuple[int, int, bool, bool]:
    """Return the cells of the record at ``place``, where it ends, whether any has text and whether its quotes are in order."""
    line = _LINE.match(text, place)
    if line is None or (quote and quote in line[1]):
        cut = cut_record(text, place, dialect)
        return len(cut.cells), cut.end, any(cut.cells), cut.orderly and cut.closed
    # Without a quote the line is the record, and nothing has to be taken apart.
    between = line[1].count(delimiter)
    return between + 1, line.end(), len(line[1]) > between, True


def cut_record(text: bytes, place: int, dialect: Dialect, *, decode: bool = True) -> Cut:
    """Return the record that begins at ``place``, cut by the plain rules that the fast cutter follows too.

    A cell that begins with the quote ends at the next quote before a delimiter, a line
    end or the end of the text.  A doubled quote is one quote; any other quote in
    it is text, which makes the record not ``orderly``, as does a quote in a cell that does not begin
    with one.  ``separators`` are the places of the delimiters and of the line end (or the text's end).
    """
    separators: list[int] = []
    cells: list[str] = []
    orderly, closed = True, True
    delimiter = dialect.delimiter.encode()
    quote = (dialect.quote or "").encode()
    bare, quoted = _patterns(delimiter, quote, dialect.escape)
    size = len(text)
    start = place
    while True:
        if dialect.padded:
            start = _behind_blanks(text, start, quote)
        if quote and text.startswith(quote, start):
            match = quoted.match(text, start)
            if match is None:
                # Never closed: all the rest is one cell.
                closed = False
                stop = size
            else:
                stop = match.end()
                inside = text[start + 1 : stop - 1]
                plain = inside.replace(b"\\" + quote, b"") if dialect.escape else inside
                if plain.count(quote) != 2 * plain.count(quote * 2):
                    orderly = False
        else:
            match = bare.match(text, start)
            stop = match.end() if match else size
            if quote and text.find(quote, start, stop) >= 0:
                orderly = False
        if decode:
            cells.append(unquoted(text[start:stop], dialect).decode("utf-8", "replace"))
        end_at = _line_end(text, stop)
        separators.append(stop)
        if stop >= size:
            return Cut(tuple(cells), size, tuple(separators), orderly, closed)
        if end_at:
            return Cut(tuple(cells), end_at, tuple(separators), orderly, closed)
        start = stop + 1


def _behind_blanks(text: bytes, start: int, quote: bytes) -> int:
    """Return where the quote behind at most ``PADDING`` blanks stands, ``start`` when there is none."""
    opening = text[start : start + PADDING + 1]
    bare = opening.lstrip(b" ")
    return start + len(opening) - len(bare) if bare.startswith(quote) else start


def unquoted(cell: bytes, dialect: Dialect) -> bytes:
    """Return the cell's text without its quotes, doubled quotes halved."""
    quote = (dialect.quote or "").encode()
    if not quote or len(cell) < 2 or not (cell.startswith(quote) and cell.endswith(quote)):
        return cell
    inside = cell[1:-1].replace(quote * 2, quote)
    return inside.replace(b"\\" + quote, quote) if dialect.escape else inside


_KNOWN_PATTERNS: dict[tuple[bytes, bytes, bool], tuple[re.Pattern[bytes], re.Pattern[bytes]]] = {}


def _patterns(delimiter: bytes, quote: bytes, escape: bool) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    known = _KNOWN_PATTERNS.get((delimiter, quote, escape))
    if known is None:
        sep, mark = re.escape(delimiter), re.escape(quote)
        bare = re.compile(rb"[^" + sep + rb"\r\n]*+")
        escaped = rb"|\\" + mark if escape else rb""
        # The order matters: a doubled quote is text, and a lone quote is text only where no separator
        # follows.
        quoted = (
            re.compile(
                mark
                + rb"(?:[^"
                + mark
                + (rb"\\" if escape else rb"")
                + rb"]++"
                + escaped
                + (rb"|\\" if escape else rb"")
                + rb"|"
                + mark
                + mark
                + rb"|"
                + mark
                + rb"(?!["
                + sep
                + rb"\r\n]|\Z))*+"
                + mark
                + rb"(?=["
                + sep
                + rb"\r\n]|\Z)"
            )
            if quote
            else bare
        )
        known = _KNOWN_PATTERNS[(delimiter, quote, escape)] = (bare, quoted)
    return known


def _line_end(text: bytes, stop: int) -> int:
    """Return the place behind the line end that begins at ``stop``, 0 when there is none.

    LF, CR, CR LF and any number of CR before a LF end one line.
    """
    if text[stop : stop + 1] == b"\n":
        return stop + 1
    if text[stop : stop + 1] != b"\r":
        return 0
    run = _RETURNS.match(text, stop)
    behind = run.end() if run else stop
    return behind + 1 if text[behind : behind + 1] == b"\n" else stop + 1


_RETURNS = re.compile(rb"\r{1,99}")  # bounded, so that a text of nothing else stays quick
_LINE = re.compile(rb"([^\r\n]*+)(?:\n|\r{1,99}+\n|\r|\Z)")  # as ``_line_end`` ends it


def _stated_delimiter(sample: bytes) -> tuple[int, str, bytes]:
    match = re.match(rb'\A"?sep=([^\r\n])"?(?:\r\n|\n|\r)', sample, re.IGNORECASE)
    if not match or ord(match[1]) > 127:
        return 0, "", sample
    return 1, match[1].decode("ascii"), sample[match.end() :]


def _wrapped(sample: bytes, delimiter: str, quote: bytes) -> int:
    """Return how many cells of the first lines begin and end with ``quote``."""
    cells = (
        cell
        for line in sample[: 64 * limits.KIB].splitlines()[:50]
        for cell in line.split(delimiter.encode())
    )
    return sum(1 for cell in cells if len(cell) > 1 and cell.startswith(quote) and cell.endswith(quote))


def _fewer_disorders(sample: bytes, dialect: Dialect) -> bool:
    """Return whether reading backslash-quote as a quote makes the sample more orderly."""
    return _disorders(sample, replace(dialect, escape=True)) < _disorders(sample, dialect)


def _disorders(sample: bytes, dialect: Dialect) -> int:
    place, disorders, widths = 0, 0, Counter[int]()
    for _ in range(_LOOKED_AT):
        if place >= len(sample):
            break
        cut = cut_record(sample, place, dialect)
        disorders += not (cut.orderly and cut.closed)
        widths[len(cut.cells)] += 1
        place = cut.end
    return disorders * 1000 + sum(widths.values()) - max(widths.values(), default=0)
