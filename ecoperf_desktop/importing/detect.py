"""Which format a file has: encodings, delimiters and header rows are tried until exactly one format claims it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.binding import Bound, bind, iso_currency
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.descriptor import ColumnRule, Format, HeaderTest, normal, numbered
from ecoperf_desktop.importing.dialect import Dialect, cut_record, dialects
from ecoperf_desktop.importing.documents import (
    Json,
    at_turn,
    html_reader,
    html_tables,
    json_document,
    json_reader,
    value_at,
)
from ecoperf_desktop.importing.encoding import (
    MULTI_BYTE,
    Encodings,
    checked,
    encodings,
    head,
    undecided,
    utf8,
)
from ecoperf_desktop.importing.expression import AllOf, AnyOf, Blank, Condition, Matches, Not
from ecoperf_desktop.importing.likeness import renames
from ecoperf_desktop.importing.pattern import SEARCHED
from ecoperf_desktop.importing.shelf import shelf
from ecoperf_desktop.importing.split import Stray, TableReader, TextReader, first_rows
from ecoperf_desktop.importing.workbook import Workbook

NEAR = 0.6
_LOOKED_AT = 32 * limits.KIB  # for the delimiter; the header is looked for in as many rows as there may be
_SCANNED_FOR_END = 50 * limits.MIB


@dataclass(frozen=True)
class Table:
    """One table of a recognised file.  ``open`` gives a fresh reader each time."""

    bound: Bound
    preamble: tuple[str, ...]
    sheet: str
    open: Callable[[], TableReader]


@dataclass(frozen=True)
class Recognised:
    """One table of a file, and the one format that claims it.

    ``part`` names it where the file holds several: sheets may overlap, so each is an
    import of its own.  ``close`` ends what reads the file.  ``passed_over`` are the headers of
    the tables beside it that nobody claims, said once a file.
    """

    form: Format
    table: Table
    encoding: str | None = None
    delimiter: str | None = None
    part: str | None = None
    close: Callable[[], None] = lambda: None
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class _View:
    """One way to look at a file: its first rows, and how to open the table below one of them."""

    rows: tuple[tuple[str, ...], ...]
    encoding: str | None
    delimiter: str | None
    sheet: str
    open: Callable[[int | None, Format], TableReader]
    dialect: Dialect | None = None


@dataclass(frozen=True)
class _Claim:
    form: Format
    view: _View
    row: int | None
    bound: Bound


class Detector:
    """Recognises files among the given formats; headers seen before are answered from memory."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self.formats = shelf(formats)
        self._by_name: dict[str, list[int]] = {}
        self._always: list[int] = []
        self._without_header: list[int] = []
        self._documents: list[int] = []
        for number, outlined in enumerate(self.formats.outlines):
            if outlined.layout == "json":
                self._documents.append(number)
            elif outlined.header == "none":
                self._without_header.append(number)
            elif outlined.finders is None:
                self._always.append(number)
            else:
                for name in outlined.finders:
                    self._by_name.setdefault(name, []).append(number)
        self._known: dict[tuple[str, ...], tuple[Format, ...]] = {}
        self._remembered: dict[bytes, Dialect] = {}

    def recognise(self, member: Member, settings: Mapping[str, str], only: Format | None = None) -> tuple[Recognised, ...]:
        """Return the tables of the file and the one format that claims each; raise FileRefused when none or several do."""
        if member.problem is not None:
            raise member.problem
        if member.kind == "json":
            return (self._json(member, only),)
        if member.kind == "text":
            return self._text(member, settings, only)
        return self._sheets(member, only)

    # ---- text

    def _text(self, member: Member, settings: Mapping[str, str], only: Format | None) -> tuple[Recognised, ...]:
        found = _encodings(member, settings)
        claims: list[_Claim] = []
        views: list[_View] = []
        for encoding in found.names:
            for view in self._text_views(member, encoding, settings):
                views.append(view)
                claims.extend(self._claims(view, member, only))
            if claims and found.certain:
                break
        claims = _best_read(claims)
        if not claims:
            if found.certain and (parts := self._later_parts(member, views, only)):
                return parts
            if not found.certain and not _any_plain(views):
                # a reading whose header is nearly a known one decides the encoding by that: say what is lacking
                likeliest = self._unknown(member, [view for view in views if view.encoding == found.name], only)
                raise likeliest if likeliest.code == "importing.near_miss" else undecided(member, found)
            raise self._unknown(member, views, only)
        form = self._one(claims, member)
        claim = _decided(claims, found, form, member)
        if form.read.tables == "all" and (parts := self._parts(member, claim.view, form.read.comment, only)):
            return parts
        self._remember(member, claim)
        return (Recognised(form, _table(claim), claim.view.encoding, claim.view.delimiter),)

    def _parts(self, member: Member, view: _View, comment: str | None, only: Format | None) -> tuple[Recognised, ...]:
        """Return the claimed tables of a text that may hold several, each once."""
        claims: list[_Claim] = []
        unread: list[str] = []
        for part in tables_of(member, view, comment):
            found = [claim for claim in self._claims(part, member, only) if claim.row is not None and claim.form.read.tables == "all"]
            if found:
                self._one(found, member)
                claims.append(found[0])
            else:
                unread.append(", ".join(cell for cell in part.rows[-1][:8] if cell.strip()))
        claims = _each_once(claims)
        return tuple(
            Recognised(claim.form, _table(claim), view.encoding, view.delimiter, part=str(number) if len(claims) > 1 else None,
                       passed_over=tuple(unread) if number == 1 else ())
            for number, claim in enumerate(claims, start=1)
        )

    def _later_parts(self, member: Member, views: Sequence[_View], only: Format | None) -> tuple[Recognised, ...]:
        """Return the claimed tables of a text whose first table nobody knows, but whose opening is a known one."""
        for view in views:
            top = view.rows[: limits.HEADER_ROWS]
            for form in (only,) if only else self.formats:
                opens = form.read.tables == "all" and form.detect.preamble is not None and _fits(form, member, view, len(top))
                if opens and (parts := self._parts(member, view, form.read.comment, only)):
                    return parts
        return ()

    def _claims(self, view: _View, member: Member, only: Format | None) -> list[_Claim]:
        """Return the claims of the first row that is a header to some format."""
        for number, cells in enumerate(view.rows[: limits.HEADER_ROWS]):
            claims = [
                _Claim(form, view, number, bind(form, cells))
                for form in self._by_header(cells, only)
                if _fits(form, member, view, number)
            ]
            claims = [claim for claim in claims if not claim.bound.lacking]
            if claims:
                return claims
        return [
            _Claim(form, view, None, bind(form, [str(place + 1) for place in range(max(map(len, view.rows), default=0))]))
            for form in ((only,) if only else (self.formats[place] for place in self._without_header))
            if form.read.header == "none" and form.read.layout == "table" and _fits(form, member, view, len(view.rows))
        ]

    def _by_header(self, cells: tuple[str, ...], only: Format | None) -> tuple[Format, ...]:
        if only is not None:
            passes = only.read.layout == "table" and only.read.header == "scan" and _headers_fit(only, frozenset(numbered(cells)))
            return (only,) if passes else ()
        known = self._known.get(cells)
        if known is None:
            headers = frozenset(numbered(cells))
            numbers = {number for header in headers for number in self._by_name.get(header, ())}
            if any(headers - {""}):
                numbers.update(self._always)
            known = tuple(self.formats[number] for number in sorted(numbers) if _headers_fit(self.formats[number], headers))
            if len(self._known) < 10_000:
                self._known[cells] = known
        return known

    def _one(self, claims: Sequence[_Claim], member: Member) -> Format:
        forms = {claim.form.id: claim.form for claim in claims}
        if len(forms) > 1:
            raise FileRefused("importing.several_formats", file=member.name, formats=", ".join(sorted(forms)))
        return next(iter(forms.values()))

    def _text_views(self, member: Member, encoding: str, settings: Mapping[str, str]) -> Iterator[_View]:
        refused: FileRefused | None = None
        known = self._dialects(member, encoding, settings)
        for dialect in known:
            try:
                rows = first_rows(member, encoding, dialect)
            except FileRefused as problem:
                refused = refused or problem
                continue
            yield _View(
                tuple(row.cells for row in rows), encoding, dialect.delimiter, "",
                lambda row, form, dialect=dialect: _open_text(member, encoding, dialect, row, form),  # type: ignore[misc]
                dialect,
            )
        if refused is not None and len(known) == 1:
            raise refused

    def _dialects(self, member: Member, encoding: str, settings: Mapping[str, str]) -> tuple[Dialect, ...]:
        remembered = self._remembered.get(_first_line(member))
        if remembered is not None and "delimiter" not in settings:
            return (remembered,)
        sample = head(member, encoding, _LOOKED_AT)
        if len(sample) > _LOOKED_AT:
            sample = sample[: sample.rfind(b"\n", 0, _LOOKED_AT) + 1 or _LOOKED_AT]
        known = dialects(sample)
        if "delimiter" not in settings:
            return known
        given = settings["delimiter"]
        wanted = {"tab": "\t", "\\t": "\t"}.get(given, given)
        chosen = tuple(dialect for dialect in known if dialect.delimiter == wanted)
        return chosen or (Dialect(wanted, '"', False, known[0].skip_lines),)

    def _remember(self, member: Member, claim: _Claim) -> None:
        """Cut the next file with the same first line the same way, as long as nothing about its quotes is unusual."""
        dialect = claim.view.dialect
        line = _first_line(member)
        if claim.row == 0 and dialect == Dialect(claim.view.delimiter or ",") and line:
            self._remembered[line] = dialect

    # ---- workbooks, web pages, JSON

    def _sheets(self, member: Member, only: Format | None) -> tuple[Recognised, ...]:
        with contextlib.ExitStack() as opened:
            views = list(_sheet_views(member, opened))
            chosen: list[_Claim] = []
            for view in views:
                claims = self._claims(view, member, only)
                if not claims:
                    continue
                form = self._one(claims, member)
                if form.read.sheets == "all" or all(claim.form.id != form.id for claim in chosen):
                    chosen.append(claims[0])
            if not chosen:
                raise self._unknown(member, views, only)
            close = opened.pop_all().close
            names = [claim.view.sheet or str(number) for number, claim in enumerate(chosen, start=1)]
            return tuple(
                Recognised(claim.form, _table(claim), part=name if len(chosen) > 1 else None, close=close)
                for claim, name in zip(chosen, names, strict=True)
            )

    def _json(self, member: Member, only: Format | None) -> Recognised:
        """Recognise a document by the paths that exist in it."""
        content = member.read(limits.JSON_FILE)
        document = _first_record(content, member)
        if document == [] and only is None:
            raise FileRefused("reading.json_no_records", file=member.name)  # nothing tells what there is none of
        claims: list[tuple[Format, Bound]] = []
        nearest: tuple[int, Format, tuple[str, ...]] | None = None
        for form in (only,) if only else (self.formats[place] for place in self._documents):
            if form.read.layout != "json" or "json" not in form.detect.kinds:
                continue
            if form.detect.filename is not None and not form.detect.filename.search(member.name):
                continue
            bound = _bound_paths(form, document)
            if (_paths_fit(form, document) or document == []) and not bound.lacking:
                claims.append((form, bound))
            elif bound.places and bound.lacking and (nearest is None or len(bound.places) > nearest[0]):
                nearest = (len(bound.places), form, bound.lacking)
        if len(claims) > 1:
            raise FileRefused("importing.several_formats", file=member.name, formats=", ".join(sorted(form.id for form, _ in claims)))
        if not claims:
            if only is not None:
                columns = ", ".join(nearest[2]) if nearest else "—"
                raise FileRefused("importing.not_this_format", file=member.name, format=only.id, columns=columns)
            raise FileRefused("importing.unknown_format", file=member.name)
        form, bound = claims[0]
        wanted = {name: [_pointer(path) for path in rule.paths] for name, (_, rule) in zip(bound.header, bound.places.values(), strict=True)}
        rows = _pointer(form.read.rows) if form.read.rows else None
        along = _pointer(form.read.along) if form.read.along else None
        return Recognised(form, Table(bound, (), "", lambda: json_reader(member, wanted, rows, along)))

    def _unknown(self, member: Member, views: Sequence[_View], only: Format | None) -> FileRefused:
        """Return why nobody claims the file: which format it nearly is, or that it is none we know."""
        best: tuple[float, int, Format, list[str], tuple[str, ...]] | None = None
        for view in views:
            for cells in view.rows[: limits.HEADER_ROWS]:
                headers = frozenset(numbered(cells))
                if len(headers) < 2:
                    continue
                for form in (only,) if only else self.formats:
                    if form.names.isdisjoint(headers) and only is None:
                        continue
                    if form.read.layout != "table" or form.read.header == "none":
                        continue
                    share, count, lacking = _nearness(form, headers, cells)
                    if best is None or (share, count) > best[:2]:
                        best = (share, count, form, lacking, cells)
        if only is not None:
            lacking = best[3] if best else []
            return FileRefused("importing.not_this_format", file=member.name, format=only.id, columns=", ".join(lacking[:8]) or "—")
        if best is not None and best[0] >= NEAR and best[1] >= 2 and best[3]:
            return _near_miss(member, *best[2:])
        return FileRefused("importing.unknown_format", file=member.name)


def _near_miss(member: Member, form: Format, lacking: Sequence[str], cells: Sequence[str]) -> FileRefused:
    """Return that a file is nearly of a format: what it lacks, what it has instead, and what is likely the same."""
    taken = {place for place, _ in bind(form, cells).places.values()}
    unknown = [name for place, name in enumerate(cells) if place not in taken and name.strip() and normal(name) not in form.names]
    new_names = renames(lacking, unknown)
    left = [name for name in unknown if name not in new_names.values()]
    return FileRefused(
        "importing.near_miss", file=member.name, format=form.id, columns=", ".join(lacking[:8]),
        unknown=", ".join(" ".join(name.split()) for name in left[:8]) or "–",
        renamed=", ".join(f"{old} → {' '.join(new.split())}" for old, new in list(new_names.items())[:8]) or "–",
    )  # fmt: skip


def _first_line(member: Member) -> bytes:
    """Return the first line of a text without anything unusual in its opening, else nothing."""
    line, end, _ = member.opening.partition(b"\n")
    return line if end and b"\\" not in member.opening and b"'" not in line else b""


def _headers_fit(form: Format, headers: frozenset[str]) -> bool:
    detect = form.detect
    if not all(test.among(headers) for test in detect.all):
        return False
    if detect.any and not any(test.among(headers) for test in detect.any):
        return False
    return not any(test.among(headers) for test in detect.none)


def _fits(form: Format, member: Member, view: _View, row: int) -> bool:
    """Return whether kind, name, sheet and the lines above the header fit too."""
    detect = form.detect
    if member.kind not in detect.kinds:
        return False
    if detect.filename is not None and not detect.filename.search(member.name):
        return False
    if detect.sheet is not None and view.sheet and not detect.sheet.search(view.sheet):
        return False
    if view.delimiter is not None and view.delimiter not in form.read.delimiters:
        return False
    if detect.preamble is not None:
        above = [(view.delimiter or ",").join(cells) for cells in view.rows[:row]]
        if not any(detect.preamble.search(line[:SEARCHED]) for line in above):
            return False
    return True


def _nearness(form: Format, headers: frozenset[str], cells: Sequence[str]) -> tuple[float, int, list[str]]:
    """Return which share of what the format needs is there, how much that is, and what is not."""
    tests: list[HeaderTest] = list(form.detect.all)
    met = sum(test.among(headers) for test in tests)
    lacking = [_shown(form, test) for test in tests if not test.among(headers)]
    bound = bind(form, cells)
    asked = {rule.field for rule in form.columns if rule.required}
    met += len(asked & bound.places.keys())
    lacking.extend(name for name in bound.lacking if name not in lacking)
    whole = len(tests) + len(asked)
    if form.detect.any and not any(test.among(headers) for test in form.detect.any):
        lacking.append(" / ".join(_shown(form, test) for test in form.detect.any))
        whole += 1
    elif form.detect.any:
        met, whole = met + 1, whole + 1
    return (met / whole if whole else 0.0), met, lacking


def _shown(form: Format, test: HeaderTest) -> str:
    if test.shown.startswith("@"):
        return next((rule.shown for rule in form.columns if rule.field == test.shown[1:]), test.shown)
    return test.shown


def _encodings(member: Member, settings: Mapping[str, str]) -> Encodings:
    given = settings.get("encoding")
    if given is None:
        return encodings(member)
    try:
        return Encodings((checked(given),), True)
    except LookupError:
        raise FileRefused("importing.no_such_encoding", file=member.name, encoding=given) from None


def _open_text(member: Member, encoding: str, dialect: Dialect, row: int | None, form: Format) -> TableReader:
    if not form.read.quoting:
        dialect = replace(dialect, quote=None, escape=False)
    end = _end_row(member, encoding, dialect, row, form.read.stop_at) if form.read.stop_at else None
    names = None
    if row is None:
        width = max((len(shown.cells) for shown in first_rows(member, encoding, dialect)[:end]), default=0)
        names = [str(place + 1) for place in range(width)]
    reader = TextReader(
        member, encoding, dialect, row, header=names, end_row=end, comment=form.read.comment, short_rows="fit",
    )
    reader._stray = stray(form, reader.header)
    return reader


def _end_row(member: Member, encoding: str, dialect: Dialect, row: int | None, stop: re.Pattern[str]) -> int | None:
    """Return the record before which the table ends, None when nothing ends it."""
    text = _whole_text(member, encoding, dialect)
    place, number = 0, 0
    first = 0 if row is None else row + 1
    while place < len(text):
        cut = cut_record(text, place, dialect, decode=False)
        if number >= first and stop.search(text[place : min(cut.end, place + SEARCHED)].decode("utf-8", "replace").rstrip("\r\n")):
            return number
        place, number = cut.end, number + 1
    return None


def _whole_text(member: Member, encoding: str, dialect: Dialect) -> bytes:
    """Return the text below the lines that only name the delimiter."""
    if member.size > _SCANNED_FOR_END:
        raise FileRefused("reading.too_big", file=member.name, size=limits.shown(member.size), limit=limits.shown(_SCANNED_FOR_END))
    text = b"".join(utf8(member, encoding))
    for _ in range(dialect.skip_lines):
        text = text.partition(b"\n")[2]
    return text


def tables_of(member: Member, view: _View, comment: str | None) -> Iterator[_View]:
    """Yield the tables of a text, one below the other: each a view of the comments above it and its header.

    A table begins after a blank line or a comment, with a record in which no cell is a number; anything else there goes on
    with the table before.  One without comments of its own has those of the table before.
    """
    assert view.dialect is not None and view.encoding is not None
    text = _whole_text(member, view.encoding, view.dialect)
    marks = (comment.encode(),) if comment else ()
    above: list[tuple[str, ...]] = []
    header: tuple[tuple[tuple[str, ...], ...], tuple[str, ...], int] | None = None
    place, number, end, fresh = 0, 0, 0, True
    while place < len(text):
        cut = cut_record(text, place, view.dialect, decode=False)
        raw = text[place : cut.end].strip(b' \t\r\n";,|')
        if not raw or raw.startswith(marks):
            if raw:
                above.append(tuple(cut_record(text, place, view.dialect).cells))
            fresh = True
        elif fresh:
            cells = tuple(cut_record(text, place, view.dialect).cells)
            if header is None or not any(_NUMBER.fullmatch(cell) for cell in cells):
                if header is not None:
                    yield _part(member, view, *header, end=end)
                comments = tuple(above) or (header[0] if header else ())
                header, above = (comments, cells, number), []
            fresh = False
        place, number = cut.end, number + 1
        if not fresh:
            end = number
    if header is not None:
        yield _part(member, view, *header, end=end)


_NUMBER = re.compile(r"\s*[-+]?\d[\d.,]*%?\s*")


def _part(
    member: Member, view: _View, above: tuple[tuple[str, ...], ...], header: tuple[str, ...], row: int, *, end: int
) -> _View:
    def open_part(_: int | None, form: Format) -> TableReader:
        assert view.dialect is not None and view.encoding is not None
        reader = TextReader(
            member, view.encoding, view.dialect, row, header=header, end_row=end, comment=form.read.comment, stray=stray(form, header),
        )
        reader.preamble = tuple(view.dialect.delimiter.join(cells) for cells in above)
        return reader

    return _View((*above, header), view.encoding, view.delimiter, "", open_part, view.dialect)


def _each_once(claims: Sequence[_Claim]) -> list[_Claim]:
    """Return the claims without tables that say no more than another of the file does: fewer of its columns, for the same dates.

    Of equal ones the first stays: the others are the same for a part of the visitors.
    """
    spoken = [(claim.form.id, frozenset(numbered(claim.bound.header)), _digits(claim)) for claim in claims]
    kept = []
    for number, (form, headers, dates) in enumerate(spoken):
        more = (
            other for other, (form_, headers_, dates_) in enumerate(spoken)
            if (form, dates) == (form_, dates_) and (headers < headers_ or headers == headers_ and other < number)
        )
        if next(more, None) is None:
            kept.append(claims[number])
    return kept


def _digits(claim: _Claim) -> tuple[str, ...]:
    return tuple(re.findall(r"\d{8}", " ".join(cell for cells in claim.view.rows[:-1] for cell in cells)))


def _sheet_views(member: Member, opened: contextlib.ExitStack) -> Iterator[_View]:
    """Yield the sheets of a workbook, or the tables of a web page."""
    if member.kind == "html":
        yield from _page_views(member)
        return
    workbook = opened.enter_context(Workbook(member))
    for number, sheet in enumerate(workbook.sheets):
        if not sheet.visible:
            continue
        rows = tuple(row.cells for row in workbook.first_rows(number))

        def open_sheet(row: int | None, form: Format, number: int = number, rows: tuple[tuple[str, ...], ...] = rows) -> TableReader:
            names = None if row is not None else [str(place + 1) for place in range(max(map(len, rows), default=0))]
            header = rows[row] if row is not None else names or ()
            return workbook.table(number, row, header=names, stray=stray(form, header))

        yield _View(rows, None, None, sheet.name, open_sheet)


def _page_views(member: Member) -> Iterator[_View]:
    for number, rows in enumerate(html_tables(member)):
        shown = tuple(tuple(row) for row in rows[: limits.HEADER_ROWS])

        def open_page(row: int | None, form: Format, number: int = number, shown: tuple[tuple[str, ...], ...] = shown) -> TableReader:
            return html_reader(member, number, row or 0, stray=stray(form, shown[row or 0]))

        yield _View(shown, None, None, "", open_page)


def _first_record(content: bytes, member: Member) -> Json:
    """Return the document, or the first of its records when it is a list or lines."""
    try:
        document = json_document(content, member.name)
    except FileRefused:
        line = content.lstrip().partition(b"\n")[0]
        if not line.strip().startswith(b"{"):
            raise
        document = json_document(line, member.name)
    return document[0] if isinstance(document, list) and document else document


def _paths_fit(form: Format, document: Json) -> bool:
    detect = form.detect
    if not all(_path_exists(test, document) for test in detect.all):
        return False
    if detect.any and not any(_path_exists(test, document) for test in detect.any):
        return False
    return not any(_path_exists(test, document) for test in detect.none)


def _path_exists(test: HeaderTest, document: Json) -> bool:
    keys = list(document) if isinstance(document, dict) else []
    if any(pattern.search(key) for pattern in test.patterns for key in keys):
        return True
    return any(value_at(document, path) is not None for path in test.names)


def _bound_paths(form: Format, document: Json) -> Bound:
    """Return the columns whose paths lead to something: in the first records, or wherever the rows are."""
    record = value_at(document, _pointer(form.read.rows)) if form.read.rows else document
    if isinstance(record, list):
        records = record[: limits.HEADER_ROWS]
    elif form.read.rows and isinstance(record, dict):
        records = list(record.values())[: limits.HEADER_ROWS]
    else:
        records = [record]
    rows = value_at(document, _pointer(form.read.along)) if form.read.along else None
    turns = len(rows) if isinstance(rows, list) else 1
    places: dict[str, tuple[int, ColumnRule]] = {}
    header: list[str] = []
    for rule in form.columns:
        pointers = [_pointer(path) for path in rule.paths]
        if rule.field in places or not pointers:
            continue
        if records and not any(value_at(one, at_turn(pointers, turn)) is not None for one in records for turn in range(turns)):
            continue
        places[rule.field] = (len(header), rule)
        header.append(rule.shown if rule.shown not in header else f"{rule.shown}#{len(header)}")
    lacking = tuple(dict.fromkeys(rule.shown for rule in form.columns if rule.required and rule.field not in places))
    return Bound(tuple(header), places, lacking, (), None)


def _pointer(path: Sequence[str]) -> str:
    """Return a path as a JSON pointer, whose steps may hold dots."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in path)


def _table(claim: _Claim) -> Table:
    view, form, row = claim.view, claim.form, claim.row
    above = view.rows[: row or 0]
    preamble = tuple((view.delimiter or ",").join(cells).rstrip(view.delimiter or ",") for cells in above)
    bound = claim.bound
    if form.read.currency is not None and bound.currency is None:
        stated = filter(None, (form.read.currency.search(line[:SEARCHED]) for line in preamble))
        bound = replace(bound, currency=next((iso_currency(match["currency"]) for match in stated), None))
    return Table(bound, preamble, view.sheet, lambda: view.open(row, form))


def _best_read(claims: list[_Claim]) -> list[_Claim]:
    """Return the claims that take the most columns: a wrong encoding or delimiter loses some."""
    if not claims:
        return claims
    most: dict[str, int] = {}
    for claim in claims:
        most[claim.form.id] = max(most.get(claim.form.id, 0), len(claim.bound.places))
    return [claim for claim in claims if len(claim.bound.places) == most[claim.form.id]]


def _decided(claims: Sequence[_Claim], found: Encodings, form: Format, member: Member) -> _Claim:
    """Return the claim in the encoding that something speaks for; raise FileRefused when nothing does."""
    names = list(dict.fromkeys(claim.view.encoding for claim in claims))
    if len(names) == 1 or found.certain:
        return claims[0]
    listed = {checked(name) for name in form.read.encodings}
    for name in found.names:  # likeliest first
        wanted = checked(name)
        for claim in claims:
            if wanted in listed and claim.view.encoding is not None and checked(claim.view.encoding) == wanted:
                if found.name in MULTI_BYTE and name not in MULTI_BYTE:
                    raise undecided(member, found)  # bytes are hardly valid there by chance: no program writes this export so
                return claim
    header = claims[0].bound.header
    if any(not name.isascii() for name in header):
        # Only one reading of a header that is not plain ASCII can be what a format knows.
        return claims[0]
    raise undecided(member, found)


def _any_plain(views: Sequence[_View]) -> bool:
    return any(cell.isascii() and cell.strip() for view in views for cells in view.rows[:1] for cell in cells)


def stray(form: Format, header: Sequence[str]) -> Stray:
    """Return what excuses a record of another width: a drop rule that holds for it, or the end of the table."""
    bound = bind(form, header)

    def reason(cells: tuple[str, ...]) -> str | None:
        for drop in form.drops:
            if _met(drop.when, cells, bound):
                return drop.reason
        return None

    return reason


def _met(condition: Condition, cells: tuple[str, ...], bound: Bound) -> bool:
    match condition:
        case AllOf(parts):
            return all(_met(part, cells, bound) for part in parts)
        case AnyOf(parts):
            return any(_met(part, cells, bound) for part in parts)
        case Not(part):
            return isinstance(part, Blank) and not _met(part, cells, bound)
        case Matches(name, pattern):
            texts = cells if name == "*" else _cell(name, cells, bound)
            return any(pattern.search(text.strip()[:SEARCHED]) for text in texts)
        case Blank(name):
            texts = cells if name == "*" else _cell(name, cells, bound)
            return bool(texts) and not any(text.strip() for text in texts)
        case _:
            return False


def _cell(name: str, cells: tuple[str, ...], bound: Bound) -> tuple[str, ...]:
    place = next((place for field, (place, rule) in bound.places.items() if name in (field, *rule.produces)), None)
    return (cells[place],) if place is not None and place < len(cells) else ()


__all__ = ["Detector", "Recognised", "Table", "stray"]
