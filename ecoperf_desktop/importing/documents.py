"""JSON and saved web pages as tables."""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.encoding import encodings
from ecoperf_desktop.importing.split import Row, RowReader, Stray
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.model.finding import Finding

Json = dict[str, "Json"] | list["Json"] | str | bool | None

# Where a value stands: keys and list places joined by points, or a JSON pointer when it begins with a slash.
Where = str | Sequence[str]


@dataclass(frozen=True)
class _BrokenLine:
    line: int


_Shaped = list[str | None] | _BrokenLine | None


@dataclass
class _Remarks:
    repeated: dict[str, int] = field(default_factory=dict)
    not_numbers: int = 0


def json_table(
    raw: bytes, columns: Mapping[str, Where], rows: str | None = None, *, file: str = ""
) -> tuple[tuple[str, ...], list[Cells]]:
    """Return header and columns of the values at the paths of ``columns``.

    A path is one text, or several of which the first that leads to a value counts.  ``rows`` leads to the list (or object)
    whose members are the rows; None means the document itself: one row, or one a member when it is a list.
    Raises FileRefused when the bytes are no JSON, too deep, or hold no rows at ``rows``.
    """
    reader = _document_reader(raw, file, columns, rows)
    blocks = list(reader.blocks())
    if not blocks:
        return reader.header, [Cells.of([]) for _ in reader.header]
    return reader.header, [
        Cells.of([text for block in blocks for text in block.columns[place].texts()])
        for place in range(len(reader.header))
    ]


def json_reader(
    member: Member, columns: Mapping[str, Where] | None = None, rows: str | None = None, along: str | None = None
) -> RowReader:
    """Return a reader of the JSON in ``member``; without ``columns`` every plain value of the records is one.

    Nested objects become ``outer.inner``; lists within a record are left out, so that no amount counts twice.
    Lines of JSON are records too.  ``along`` leads to one of several lists that stand beside each other: one row for
    each of its entries, whose number takes the place of ``*`` in the paths.  Raises FileRefused.
    """
    return _document_reader(member.read(limits.JSON_FILE), member.name, columns, rows, along)


def json_document(raw: bytes, file: str = "") -> Json:
    """Return the document, numbers as they are written; raise FileRefused, also for one that can hold no records."""
    document = _parsed(_decoded(raw, file), file, _Remarks())
    if not isinstance(document, dict | list):
        raise FileRefused("reading.json_no_records", file=file)
    listed = document if isinstance(document, list) else _list_within(document) or []
    _check_width({name for record in listed if isinstance(record, dict) for name in record}, file)
    return document


def at_turn(paths: Where, turn: int) -> Where:
    """Return JSON pointers with ``turn`` where they have a step ``*``."""
    if isinstance(paths, str):
        return "/".join(str(turn) if step == "*" else step for step in paths.split("/"))
    return [str(at_turn(path, turn)) for path in paths]


def value_at(document: Json, path: Where) -> Json:
    """Return the value at the first of the paths that leads to one, else None."""
    for one in (path,) if isinstance(path, str) else path:
        found = document
        for step in _steps(one):
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                found = None
            if found is None:
                break
        if found is not None:
            return found
    return None


def text_of(value: Json) -> str | None:
    """Return a plain value as text; None for nothing, lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def html_reader(
    member: Member,
    table: int = 0,
    header_row: int = 0,
    *,
    stray: Stray | None = None,
    encoding: str | None = None,
) -> RowReader:
    """Return a reader of the table number ``table`` (from 0) of a saved web page; raise FileRefused."""
    rows = html_tables(member, encoding)[table]
    if header_row >= len(rows):
        raise FileRefused("reading.no_header", file=member.name)
    return RowReader(
        rows[header_row],
        rows[header_row + 1 :],
        file=member.name,
        stray=stray,
        preamble=[" ".join(row) for row in rows[:header_row]],
    )


def html_rows(
    member: Member, table: int = 0, n: int = limits.HEADER_ROWS, encoding: str | None = None
) -> list[Row]:
    """Return the first ``n`` rows of a table of a saved web page."""
    return [Row(None, tuple(row)) for row in html_tables(member, encoding)[table][:n]]


def html_tables(member: Member, encoding: str | None = None) -> list[list[list[str]]]:
    """Return the tables of a saved web page that have rows, largest first.

    Raise FileRefused when there is none.
    """
    raw = member.read(limits.HTML_FILE)
    if encoding is None:
        stated = re.search(
            rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", raw[:4096], re.IGNORECASE
        )
        found = encodings(member)
        encoding = (
            found.name if found.certain or stated is None else _known(stated[1].decode("ascii"), found.name)
        )
    tables = [table for table in _tables(raw.decode(encoding, "replace")) if table]
    if not tables:
        raise FileRefused("reading.web_page", file=member.name)
    return sorted(tables, key=lambda table: -sum(len(row) for row in table))


def _known(name: str, otherwise: str) -> str:
    name = {"gb2312": "gb18030", "gbk": "gb18030"}.get(name.lower(), name)
    try:
        return codecs.lookup(name).name
    except LookupError:
        return otherwise


# ---------------------------------------------------------------- JSON


def _document_reader(
    raw: bytes, file: str, columns: Mapping[str, Where] | None, rows: str | None, along: str | None = None
) -> RowReader:
    text = _decoded(raw, file)
    remarks = _Remarks()
    records: list[Json | _BrokenLine] | None = None
    if rows is None and _is_lines(text):
        records = _records_of_lines(text, remarks)
    if records is None:
        records = list(_records_at(_parsed(text, file, remarks), rows, file, search=columns is None))
    shaped: Iterator[_Shaped]
    if columns is None:
        table = [_flattened(record) for record in records]
        header = list(dict.fromkeys(name for record in table if isinstance(record, dict) for name in record))
        shaped = ([r.get(name) for name in header] if isinstance(r, dict) else r for r in table)
    else:
        header = list(columns)
        turned = None if along is None else [_turns(record, along, columns, file) for record in records]
        shaped = (row for turns in turned for row in turns) if turned is not None else (_taken(r, columns) for r in records)
    if not header:
        raise FileRefused("reading.json_no_records", file=file)
    reader = _JsonReader(header, shaped, file)
    for name in _paths_twice(records):
        reader.findings.append(Finding("reading.json_path_twice", "warning", column=name))
    for name in remarks.repeated:
        reader.findings.append(Finding("reading.json_key_twice", "warning", column=name))
    return reader


def _taken(record: Json | _BrokenLine, columns: Mapping[str, Where]) -> _Shaped:
    """Return the values of a record; None for what is none: a plain value, or a list in which nothing stands where it should."""
    if isinstance(record, _BrokenLine):
        return record
    values = [text_of(value_at(record, path)) for path in columns.values()]
    return values if isinstance(record, dict) or any(value is not None for value in values) else None


def _paths_twice(records: Sequence[Json | _BrokenLine]) -> list[str]:
    """Return the names with a point in them that also lead to a value within another one."""
    found: dict[str, None] = {}
    for record in records:
        if isinstance(record, dict):
            for name in record:
                if "." in name and name not in found and value_at(record, name) is not None:
                    found[name] = None
    return list(found)


def _check_width(names: Collection[str], file: str) -> None:
    if len(names) > limits.COLUMNS:
        raise FileRefused("reading.too_many_columns", file=file, n=len(names), limit=limits.COLUMNS)


def _turns(record: Json | _BrokenLine, along: str, columns: Mapping[str, Where], file: str) -> list[_Shaped]:
    """Return one row for each entry of the list at ``along``."""
    if isinstance(record, _BrokenLine):
        return [record]
    entries = value_at(record, along)
    if not isinstance(entries, list):
        raise FileRefused("reading.json_no_rows", file=file, path=along)
    return [[text_of(value_at(record, at_turn(path, turn))) for path in columns.values()] for turn in range(len(entries))]


class _JsonReader(RowReader):
    """Records of JSON; what is no object is rejected, and so is a line that is no JSON."""

    def __init__(self, header: Sequence[str], rows: Iterator[_Shaped], file: str) -> None:
        super().__init__(header, self._objects(rows), file=file)

    def _objects(self, rows: Iterator[_Shaped]) -> Iterator[list[str | None]]:
        for row in rows:
            if row is None:
                self.records += 1
                self.reject(Finding("reading.json_no_object", "error", self.records))
                continue
            if isinstance(row, _BrokenLine):
                self.records += 1
                self.reject(Finding("reading.json_line", "error", self.records, row.line))
                continue
            if any(cell and _SURROGATE.search(cell) for cell in row):
                self.findings.append(Finding("reading.json_surrogate", "warning", self.records + 1))
            yield row


_SURROGATE = re.compile("[\ud800-\udfff\0]")


def _decoded(raw: bytes, file: str) -> str:
    if raw.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be" if raw[:1] == b"\0" else "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        raise FileRefused("reading.encoding_invalid", file=file, encoding=encoding, line=line) from None
    _check_depth(text.encode("utf-8") if encoding != "utf-8" else raw, file)
    return text


def _check_depth(raw: bytes, file: str) -> None:
    """Raise FileRefused when brackets are nested deeper than allowed, before any parser recurses into them."""
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    array = np.frombuffer(plain, np.uint8)
    kinds = np.zeros(256, np.int8)
    kinds[[0x5B, 0x7B]] = 1
    kinds[[0x5D, 0x7D]] = -1
    deepest, level, inside = 0, 0, 0
    for begin in range(0, len(array), limits.BLOCK):
        piece = array[begin : begin + limits.BLOCK]
        quotes = np.cumsum(piece == 0x22, dtype=np.int64) + inside
        steps = np.where(quotes & 1 == 0, kinds.take(piece), 0)
        levels = np.cumsum(steps, dtype=np.int64) + level
        if len(levels):
            deepest = max(deepest, int(levels.max()))
            level, inside = int(levels[-1]), int(quotes[-1]) & 1
    if deepest > limits.JSON_DEPTH:
        raise FileRefused("reading.json_deep", file=file, limit=limits.JSON_DEPTH)


def _loader(remarks: _Remarks) -> Callable[[str], Json]:
    def joined(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        record = dict(pairs)
        if len(record) < len(pairs):
            names = [name for name, _ in pairs]
            for name in record:
                if names.count(name) > 1:
                    remarks.repeated[name] = remarks.repeated.get(name, 0) + 1
        return record

    def constant(name: str) -> str:
        # No number, and not one of the words for nothing either: the cell shall be refused by name.
        remarks.not_numbers += 1
        return f"<{name}>"

    decoder = json.JSONDecoder(
        object_pairs_hook=joined, parse_constant=constant, parse_int=str, parse_float=str
    )
    return decoder.decode


def _parsed(text: str, file: str, remarks: _Remarks) -> Json:
    try:
        return _loader(remarks)(text)
    except json.JSONDecodeError as problem:
        cut = problem.pos >= len(text.rstrip()) or problem.msg.startswith("Unterminated string")
        raise FileRefused(
            "reading.json_cut" if cut else "reading.json_invalid",
            file=file,
            line=problem.lineno,
            column=problem.colno,
        ) from None
    except (RecursionError, ValueError):
        raise FileRefused("reading.json_invalid", file=file, line=1, column=1) from None


def _is_lines(text: str) -> bool:
    """Return whether the text is one JSON object a line."""
    lines = [line for line in text[: limits.HEAD].splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].lstrip().startswith("{"):
        return False
    try:
        json.loads(lines[0])
    except (ValueError, RecursionError):
        return False
    return lines[1].lstrip().startswith("{")


def _records_of_lines(text: str, remarks: _Remarks) -> list[Json | _BrokenLine]:
    load = _loader(remarks)
    records: list[Json | _BrokenLine] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(load(line.strip()))
        except (ValueError, RecursionError):
            records.append(_BrokenLine(number))
    return records


def _records_at(document: Json, rows: str | None, file: str, *, search: bool) -> list[Json]:
    if rows is not None:
        found = value_at(document, rows)
        if isinstance(found, dict):
            return list(found.values())
        if not isinstance(found, list):
            raise FileRefused("reading.json_no_rows", file=file, path=rows)
        return found
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise FileRefused("reading.json_no_records", file=file)
    inner = _list_within(document) if search else None
    return [document] if inner is None else inner


def _list_within(document: dict[str, Json]) -> list[Json] | None:
    """Return the first list of objects, at most three levels down."""
    level: list[Json] = [document]
    for _ in range(3):
        following: list[Json] = []
        for place in level:
            if not isinstance(place, dict):
                continue
            for value in place.values():
                if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
                    return value
                following.append(value)
        level = following
    return None


def _flattened(record: Json | _BrokenLine) -> dict[str, str | None] | _BrokenLine | None:
    if isinstance(record, _BrokenLine):
        return record
    if not isinstance(record, dict):
        return None
    flat: dict[str, str | None] = {}
    waiting: list[tuple[str, Json]] = list(record.items())
    place = 0
    while place < len(waiting):
        name, value = waiting[place]
        place += 1
        if isinstance(value, dict):
            waiting[place:place] = [(f"{name}.{inner}", below) for inner, below in value.items()]
        elif not isinstance(value, list):
            while name in flat:  # "a.b" beside a nested a → b
                name += "#2"
            flat[name] = text_of(value)
    return flat


def _steps(path: str) -> list[str]:
    if path.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    return path.split(".") if path else []


# ---------------------------------------------------------------- web pages

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_SPAN = re.compile(r"colspan\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)


def _tables(text: str) -> list[list[list[str]]]:
    """Return every table as rows of cells; a table within a table is one of its own.

    One pass over the tags, each looked at once, so that no page can make it slow.
    """
    done: list[list[list[str]]] = []
    open_tables: list[_OpenTable] = []
    place = 0
    while True:
        tag_at = text.find("<", place)
        if open_tables:
            open_tables[-1].write(text[place : tag_at if tag_at >= 0 else len(text)])
        if tag_at < 0:
            break
        if text.startswith("<!--", tag_at):
            end = text.find("-->", tag_at)
            place = len(text) if end < 0 else end + 3
            continue
        match = _TAG.match(text, tag_at)
        end = text.find(">", tag_at)
        if end < 0:
            break
        if match is None:
            place = end + 1 if text[tag_at + 1 : tag_at + 2] in ("!", "?") else tag_at + 1
            continue
        name, closing = match[1].lower(), text[tag_at + 1] == "/"
        place = end + 1
        if name in ("script", "style") and not closing:
            behind = text.find(f"</{name}", place)
            place = len(text) if behind < 0 else behind
        elif name == "table":
            if closing and open_tables:
                done.append(open_tables.pop().finished())
            elif not closing and len(open_tables) < limits.JSON_DEPTH:
                open_tables.append(_OpenTable())
        elif open_tables:
            open_tables[-1].tag(name, closing, text[tag_at:end])
    done.extend(table.finished() for table in reversed(open_tables))
    return done


class _OpenTable:
    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = 1

    def write(self, text: str) -> None:
        if self._cell is not None and text:
            self._cell.append(html.unescape(text))

    def tag(self, name: str, closing: bool, whole: str) -> None:
        if name == "tr":
            self._end_row()
            if not closing:
                self._row = []
        elif name in ("td", "th"):
            self._end_cell()
            if not closing:
                if self._row is None:
                    self._row = []
                span = _SPAN.search(whole)
                self._span = min(max(int(span[1]) if span else 1, 1), limits.COLUMNS)
                self._cell = []
        elif name in ("br", "p", "div") and self._cell is not None:
            self._cell.append(" ")

    def finished(self) -> list[list[str]]:
        self._end_row()
        return self._rows

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._row.extend([""] * (self._span - 1))
        self._cell, self._span = None, 1

    def _end_row(self) -> None:
        self._end_cell()
        if self._row:
            self._rows.append(self._row)
        self._row = None
