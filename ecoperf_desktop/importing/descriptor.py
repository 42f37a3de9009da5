"""Format descriptors: TOML files that say how an export is recognised, read and turned into rows.

``resources/formats/README.md`` is the reference of the language.  Here the files are
read and checked whole; what leaves this module is frozen and has nothing left to be
wrong but the export itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ecoperf_desktop import paths
from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.importing import times
from ecoperf_desktop.importing.declared import Place, Tree
from ecoperf_desktop.importing.expression import Condition, Expression, folds, read_condition, read_expression
from ecoperf_desktop.store.tables import TABLES, Table

CellType = Literal[
    "id", "text", "integer", "number", "money", "ratio", "percent", "date", "datetime", "enum", "flag", "hash", "currency", "duration",
]
CELL_TYPES: tuple[str, ...] = (
    "id", "text", "integer", "number", "money", "ratio", "percent", "date", "datetime", "enum", "flag", "hash", "currency", "duration",
)
LONGEST_HEADER = 300
VERIFIED = ("real", "fixtures", "documented", "unverified")
KINDS = ("text", "workbook", "html", "json")
SHOP_TABLES = frozenset({"orders", "order_lines", "refunds", "reviews", "site_traffic", "listing_snapshots"})

_Level: TypeAlias = Literal["warn", "stop"]
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_PERSONAL = frozenset({"email", "phone", "address", "first_name", "last_name", "full_name", "recipient"})


@dataclass(frozen=True)
class ColumnRule:
    """One column: the headers it answers to and how its cells are read.

    ``aliases`` are normalised; ``shown`` the first header as written, for messages.
    """

    field: str
    type: str
    aliases: tuple[str, ...]
    shown: str
    match: re.Pattern[str] | None = None
    paths: tuple[tuple[str, ...], ...] = ()
    position: int | None = None
    required: bool = False
    formats: tuple[str, ...] = ()
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    other: str = "keep"
    null: tuple[str, ...] = ()
    default: str | None = None
    decimal: str | None = None
    negate: bool = False
    absolute: bool = False
    minor: bool = False
    unit: str = "seconds"
    tz: str | None = None
    strip: re.Pattern[str] | None = None
    forbid: re.Pattern[str] | None = None
    forbid_reason: Mapping[str, str] = dataclasses.field(default_factory=dict)
    private: bool = False

    @property
    def produces(self) -> dict[str, str]:
        """Return the values this column makes, each with its kind."""
        if self.type == "datetime":
            return timed(self.field)
        if self.type == "date":
            return {dated(self.field): "day"}
        return {self.field: VALUE_KINDS[self.type]}


VALUE_KINDS = {
    "id": "text", "text": "text", "enum": "text", "hash": "text", "currency": "text", "integer": "int", "duration": "int",
    "number": "real", "ratio": "real", "percent": "real", "money": "money", "flag": "flag",
}


def timed(name: str) -> dict[str, str]:
    """Return the values of a datetime column called ``name``."""
    if name == "at":
        return {"ts": "ts", "day": "day"}
    if name == "ts" or name.endswith("_ts"):
        return {name: "ts"}
    if name == "day" or name.endswith("_day"):
        return {name: "day"}
    return {f"{name}_ts": "ts", f"{name}_day": "day"}


def dated(name: str) -> str:
    """Return the value of a date column called ``name``."""
    if name == "at":
        return "day"
    return name if name == "day" or name.endswith("_day") else f"{name}_day"


@dataclass(frozen=True)
class HeaderTest:
    """One entry of ``detect``: some header is among ``names`` or matches one of ``patterns``."""

    names: frozenset[str]
    patterns: tuple[re.Pattern[str], ...] = ()
    shown: str = ""

    def among(self, headers: frozenset[str]) -> bool:
        if not self.names.isdisjoint(headers):
            return True
        return any(pattern.search(header) for pattern in self.patterns for header in headers)


@dataclass(frozen=True)
class Detect:
    all: tuple[HeaderTest, ...] = ()
    any: tuple[HeaderTest, ...] = ()
    none: tuple[HeaderTest, ...] = ()
    filename: re.Pattern[str] | None = None
    preamble: re.Pattern[str] | None = None
    sheet: re.Pattern[str] | None = None
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    layout: Literal["table", "json"] = "table"
    rows: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()
    delimiters: tuple[str, ...] = (",", ";", "\t", "|")
    quoting: bool = True
    header: Literal["scan", "none"] = "scan"
    comment: str | None = None
    description_rows: int = 0
    stop_at: re.Pattern[str] | None = None
    sheets: Literal["all", "first"] = "all"
    tables: Literal["one", "all"] = "one"
    decimal: str = "auto"
    dates: str = "auto"
    null: tuple[str, ...] = ()
    guards: bool = True
    currency: re.Pattern[str] | None = None


@dataclass(frozen=True)
class AnswerRules:
    """What no file can say: constants, "ask", or None where the format has no opinion."""

    currency: str | None = None
    tz: str | None = None
    day_start: str | None = None
    recognition_basis: str | None = None
    tax_inclusive: bool | Literal["ask"] | None = None
    shop: str = "source"
    further: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    by: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()
    first_row_only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unpack:
    """The text value ``of`` holds several rows; it is cut wherever ``at`` matches, and each piece is called ``part``."""

    of: str
    at: re.Pattern[str]
    part: str


@dataclass(frozen=True)
class Drop:
    reason: str
    when: Condition
    totals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Emit:
    """Rows of one table.  ``fills`` gives each field of the table the expression that makes it."""

    into: str
    per: Literal["row", "group", "distinct"]
    fills: Mapping[str, Expression]
    distinct: tuple[str, ...] = ()
    when: Condition | None = None
    aggregate: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        return TABLES[self.into]


@dataclass(frozen=True)
class Sibling:
    member: re.Pattern[str]
    pattern: re.Pattern[str]
    last: re.Pattern[str] | None = None


@dataclass(frozen=True)
class PeriodRule:
    sources: tuple[str, ...] = ("column",)
    preamble: re.Pattern[str] | None = None
    filename: re.Pattern[str] | None = None
    formats: tuple[str, ...] = ()
    sibling: Sibling | None = None


@dataclass(frozen=True)
class AsOfRule:
    filename: re.Pattern[str] | None = None
    preamble: re.Pattern[str] | None = None
    column: str | None = None
    formats: tuple[str, ...] = ()
    tz: str | None = None


@dataclass(frozen=True)
class Check:
    level: _Level
    unique: tuple[str, ...] = ()
    row: Expression | None = None
    total: str | None = None
    equals: str | None = None
    tolerance: str = "0"
    holds: Condition | None = None
    message: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """A file and what must come of it; every format carries its own."""

    input: str | None
    rows: tuple[tuple[str, ...], ...] | None
    name: str
    sheet: str
    encoding: str
    settings: Mapping[str, str]
    expect: Mapping[str, Sequence[Mapping[str, object]]]
    dropped: Mapping[str, int]
    refused: int


@dataclass(frozen=True)
class Format:
    """One descriptor, checked."""

    id: str
    version: int
    platform: str
    title: Mapping[str, str]
    verified: str
    notes: str
    path: Path
    mapping_hash: str
    detect: Detect
    read: Reading
    answers: AnswerRules
    columns: tuple[ColumnRule, ...]
    sets: tuple[tuple[str, Expression], ...]
    group: Group
    drops: tuple[Drop, ...]
    emits: tuple[Emit, ...]
    period: PeriodRule
    as_of: AsOfRule
    covers: tuple[str, ...]
    checks: tuple[Check, ...]
    examples: tuple[Example, ...]
    names: frozenset[str]
    covers_day: str | None = None
    covers_lasting: str | None = None
    carry_down: tuple[str, ...] = ()
    unpack: Unpack | None = None

    @property
    def kinds_of_values(self) -> dict[str, str]:
        """Return every value the columns and their packed cells make, with its kind."""
        made: dict[str, str] = {}
        for column in self.columns:
            made.update(column.produces)
        if self.unpack is not None:
            made[self.unpack.part] = "text"
        return made


def normal(header: str) -> str:
    """Return a header as it is compared: what programs and spreadsheets change about it taken away."""
    return _normal(header[:LONGEST_HEADER])


@lru_cache(maxsize=20_000)
def _normal(header: str) -> str:
    text = unicodedata.normalize("NFKC", header.replace("\ufeff", ""))
    text = text.translate(_DASHES).strip().strip("\"'`").casefold()
    return " ".join(text.split())


_DASHES = {ord(dash): "-" for dash in "‐‑‒–—―−﹣－"}


def numbered(headers: Sequence[str]) -> list[str]:
    """Return normalised headers, a repeated one with ``#2``, ``#3``."""
    counts: dict[str, int] = {}
    result = []
    for header in headers:
        name = normal(header)
        counts[name] = counts.get(name, 0) + 1
        result.append(name if counts[name] == 1 or not name else f"{name}#{counts[name]}")
    return result


def read(path: Path) -> Format:
    """Read one descriptor; raise MappingError, naming the file, the key and what to do."""
    return read_all([path])[0]


def read_all(paths_given: Iterable[Path]) -> list[Format]:
    """Read descriptors and folders of them; those of one folder may extend each other and shipped ones."""
    given: dict[Path, Tree] = {}
    for path in paths_given:
        for found in sorted(path.rglob("*.toml")) if path.is_dir() else [path]:
            given[found] = _parsed(found)
    known = {id_of(tree): tree for tree in given.values()}
    if any("extends" in tree.get("format", {}) for tree in given.values()):
        folder = paths.resources() / "formats"
        for tree in trees(folder).values():
            known.setdefault(id_of(tree), tree)
    return [made(path, tree, known) for path, tree in given.items()]


Stamp: TypeAlias = tuple[tuple[str, int, int], ...]


def stamp(folder: Path) -> Stamp:
    """Return name, size and time of a folder's descriptors: equal as long as nothing was changed."""
    return tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in _found(folder))


def trees(folder: Path) -> dict[Path, Tree]:
    """Return the parsed files of a folder.

    Parsing TOML is slow in pure Python, so the result is kept as JSON in the cache
    folder for as long as no file's size or time changes.
    """
    files = _files(folder)
    now = [list(one) for one in stamp(folder)]
    kept = cache_file("formats", folder)
    try:
        cached = json.loads(kept.read_text(encoding="utf-8"))
        if cached["stamp"] == now:
            return dict(zip(files, cached["trees"], strict=True))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    parsed = {file: _parsed(file) for file in files}
    try:
        keep(kept, json.dumps({"stamp": now, "trees": list(parsed.values())}, ensure_ascii=False))
    except TypeError:
        pass  # a date in TOML; without a cache the files are parsed again next time
    return parsed


def cache_file(what: str, folder: Path) -> Path:
    """Return where something worked out from a folder's descriptors is kept."""
    return paths.cache_dir() / f"{what}-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}.json"


def keep(kept: Path, text: str) -> None:
    """Write a cache file, whole or not at all; a folder that cannot be written costs time only."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(kept)
    except OSError:
        pass


def _files(folder: Path) -> list[Path]:
    return [Path(path) for path, _ in _found(folder)]


def _found(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Return a folder's descriptors, with those of the folders in it, in the order of their paths' parts."""
    found: list[tuple[str, os.stat_result]] = []
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as inside:
                for entry in inside:
                    if entry.name.endswith(".toml"):
                        found.append((entry.path, entry.stat()))
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue  # as a folder without any
    return sorted(found, key=lambda one: one[0].split(os.sep))


def _parsed(path: Path) -> Tree:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise MappingError("importing.mapping_absent", file=str(path)) from problem
    except OSError as problem:
        raise MappingError("importing.mapping_unreadable", file=str(path), problem=problem.strerror or str(problem)) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise MappingError("importing.mapping_toml", file=path.name, problem=str(problem)) from problem


def id_of(tree: Tree) -> str:
    section = tree.get("format")
    return str(section.get("id", "")) if isinstance(section, dict) else ""


def made(path: Path, tree: Tree, known: Mapping[str, Tree]) -> Format:
    """Return the format of a parsed file; ``known`` are those it may extend, by id."""
    return _Reader(path, _extended(path, tree, known)).format()


def _extended(path: Path, tree: Tree, known: Mapping[str, Tree], depth: int = 0) -> Tree:
    section = tree.get("format")
    parent_id = section.get("extends") if isinstance(section, dict) else None
    if not parent_id:
        return tree
    if parent_id not in known or depth > 4:
        raise MappingError("importing.mapping_extends", file=path.name, format=parent_id)
    parent = _extended(path, known[parent_id], known, depth + 1)
    merged: Tree = {**parent}
    for key, value in tree.items():
        before = parent.get(key)
        if key == "column" and isinstance(before, list) and isinstance(value, list):
            merged[key] = _merged_columns(before, value)
        elif isinstance(before, dict) and isinstance(value, dict):
            merged[key] = {**before, **value}
        else:
            merged[key] = value
    return merged


def _merged_columns(before: list[Tree], after: list[Tree]) -> list[Tree]:
    merged = [dict(column) for column in before]
    places = {column.get("field"): place for place, column in reversed(list(enumerate(merged)))}
    for column in after:
        place = places.get(column.get("field"))
        if place is None:
            merged.append(dict(column))
            continue
        headers = [*_texts(merged[place].get("header")), *_texts(column.get("header"))]
        merged[place] = {**merged[place], **column, **({"header": headers} if headers else {})}
    return merged


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


_SECTIONS = frozenset({
    "format", "detect", "read", "answers", "column", "set", "rows", "group", "drop", "emit", "period", "as_of", "covers", "privacy", "check",
    "example",
})


class _Reader:
    """Turns one parsed file into a Format, or says which key is wrong."""

    def __init__(self, path: Path, tree: Tree) -> None:
        self.path = path
        self.tree = tree
        self.place = Place(path.name)

    def format(self) -> Format:
        place, tree = self.place, self.tree
        place.known_keys(tree, _SECTIONS, "")
        head = place.table(tree, "format", needed=True)
        place.known_keys(head, {"id", "version", "platform", "title", "verified", "notes", "extends"}, "format")
        identity = place.text(head, "id", "format", needed=True)
        if not _ID.fullmatch(identity):
            raise place.wrong("format.id", "mapping_name", value=identity)
        version = head.get("version")
        if not isinstance(version, int) or version < 1:
            raise place.wrong("format.version", "mapping_kind", expected="1, 2, 3 …")
        title = place.words(head, "title", "format")
        if not {"en", "zh"} <= title.keys():
            raise place.wrong("format.title", "mapping_kind", expected="{ en = …, zh = … }")
        columns = self._columns()
        read_rules = self._reading()
        kinds = {name: kind for column in columns for name, kind in column.produces.items()}
        answers = self._answers()
        carry_down, unpack = self._rows(kinds)
        sets = self._sets(kinds)
        group = self._group(kinds)
        emits = self._emits(kinds)
        if not emits:
            raise place.wrong("emit", "mapping_missing")
        return Format(
            id=identity,
            version=version,
            platform=place.text(head, "platform", "format", needed=True),
            title=title,
            verified=place.choice(head, "verified", "format", VERIFIED, "unverified"),
            notes=place.text(head, "notes", "format"),
            path=self.path,
            mapping_hash=_digest(tree),
            detect=self._detect(columns, read_rules),
            read=read_rules,
            answers=self._with_shop(answers, emits),
            columns=self._hidden(columns),
            sets=sets,
            group=group,
            drops=self._drops(kinds),
            emits=emits,
            period=self._period(),
            as_of=self._as_of(kinds),
            covers=self._covers(),
            checks=self._checks(kinds),
            examples=self._examples(),
            names=frozenset(name for column in columns for name in column.aliases),
            covers_day=self._covers_day(kinds),
            covers_lasting=self._covers_lasting(kinds),
            carry_down=carry_down,
            unpack=unpack,
        )

    # ---- recognition and reading

    def _detect(self, columns: Sequence[ColumnRule], reading: Reading) -> Detect:
        place, section = self.place, self.place.table(self.tree, "detect")
        place.known_keys(section, {"all", "any", "none", "filename", "preamble", "sheet", "kinds"}, "detect")
        by_field: dict[str, list[ColumnRule]] = {}
        for column in columns:
            by_field.setdefault(column.field, []).append(column)

        def tests(key: str) -> tuple[HeaderTest, ...]:
            value = section.get(key, [])
            if not isinstance(value, list):
                raise place.wrong(f"detect.{key}", "mapping_kind", expected="[…]")
            return tuple(self._header_test(entry, f"detect.{key}", by_field, reading) for entry in value)

        default = ("json",) if reading.layout == "json" else ("text", "workbook", "html")
        kinds = place.text_list(section, "kinds", "detect") or default
        for kind in kinds:
            if kind not in KINDS:
                raise place.wrong("detect.kinds", "mapping_choice", value=kind, known=", ".join(KINDS))
        detect = Detect(
            all=tests("all"),
            any=tests("any"),
            none=tests("none"),
            filename=place.regex(section, "filename", "detect"),
            preamble=place.regex(section, "preamble", "detect"),
            sheet=place.regex(section, "sheet", "detect"),
            kinds=frozenset(kinds),
        )
        needed = tuple(
            HeaderTest(frozenset(column.aliases), (column.match,) if column.match else (), column.shown)
            for column in self._first_of_fields(columns)
            if column.required and (column.aliases or column.match) and column.position is None
        )
        if not (detect.all or detect.any) and reading.header == "scan":
            if not needed:
                raise place.wrong("detect.all", "mapping_missing")
            detect = Detect(needed, (), detect.none, detect.filename, detect.preamble, detect.sheet, detect.kinds)
        if reading.header == "none" and not (detect.filename or detect.preamble):
            raise place.wrong("detect.filename", "mapping_missing")
        return detect

    @staticmethod
    def _first_of_fields(columns: Sequence[ColumnRule]) -> list[ColumnRule]:
        counts: dict[str, int] = {}
        for column in columns:
            counts[column.field] = counts.get(column.field, 0) + 1
        return [column for column in columns if counts[column.field] == 1]

    def _header_test(self, entry: object, key: str, by_field: Mapping[str, list[ColumnRule]], reading: Reading) -> HeaderTest:
        names: set[str] = set()
        patterns: list[re.Pattern[str]] = []
        entries = entry if isinstance(entry, list) else [entry]
        for text in entries:
            if not isinstance(text, str) or not text:
                raise self.place.wrong(key, "mapping_kind", expected='"…"')
            if text.startswith("@"):
                if text[1:] not in by_field:
                    raise self.place.wrong(key, "mapping_unknown_value", value=text[1:])
                for column in by_field[text[1:]]:
                    names.update(column.aliases)
                    names.update(".".join(path) for path in column.paths)
                    if column.match is not None:
                        # Headers are compared case-folded here, the column's own rule as written.
                        patterns.append(re.compile(column.match.pattern, column.match.flags | re.IGNORECASE))
            elif text.startswith("re:"):
                patterns.append(self.place.compile(text[3:], key, ignore_case=True))
            else:
                names.add(".".join(_path(text)) if reading.layout == "json" else normal(text))
        return HeaderTest(frozenset(names), tuple(patterns), str(entries[0]))

    def _reading(self) -> Reading:
        place, section = self.place, self.place.table(self.tree, "read")
        place.known_keys(section, set(Reading.__dataclass_fields__), "read")
        description = section.get("description_rows", 0)
        if not isinstance(description, int) or description < 0:
            raise place.wrong("read.description_rows", "mapping_kind", expected="0, 1, 2 …")
        delimiters = place.text_list(section, "delimiters", "read") or (",", ";", "\t", "|")
        for delimiter in delimiters:
            if len(delimiter) != 1:
                raise place.wrong("read.delimiters", "mapping_kind", expected='","')
        encodings = place.text_list(section, "encodings", "read")
        for encoding in encodings:
            try:
                "".encode(encoding)
            except LookupError:
                raise place.wrong("read.encodings", "mapping_unknown_value", value=encoding) from None
        layout = place.choice(section, "layout", "read", ("table", "json"), "table")
        return Reading(
            layout="json" if layout == "json" else "table",
            rows=_path(place.text(section, "rows", "read")),
            along=_path(place.text(section, "along", "read")),
            encodings=encodings,
            delimiters=delimiters,
            quoting=place.boolean(section, "quoting", "read", True),
            header="none" if place.choice(section, "header", "read", ("scan", "none"), "scan") == "none" else "scan",
            comment=place.text(section, "comment", "read") or None,
            description_rows=description,
            stop_at=place.regex(section, "stop_at", "read"),
            sheets="first" if place.choice(section, "sheets", "read", ("all", "first"), "all") == "first" else "all",
            tables="all" if place.choice(section, "tables", "read", ("one", "all"), "one") == "all" else "one",
            decimal=place.choice(section, "decimal", "read", ("auto", ".", ","), "auto"),
            dates=place.choice(section, "dates", "read", ("auto", "day_first", "month_first", "year_first"), "auto"),
            null=place.text_list(section, "null", "read"),
            guards=place.boolean(section, "guards", "read", True),
            currency=place.regex(section, "currency", "read"),
        )

    def _answers(self) -> AnswerRules:
        place, section = self.place, self.place.table(self.tree, "answers")
        currency = place.text(section, "currency", "answers") or None
        if currency not in (None, "ask") and not re.fullmatch(r"[A-Z]{3}", currency or ""):
            raise place.wrong("answers.currency", "mapping_unknown_value", value=currency)
        tz = place.text(section, "tz", "answers") or None
        if tz not in (None, "ask") and not re.fullmatch(r"[A-Za-z0-9_+\-/]+", tz or ""):
            raise place.wrong("answers.tz", "mapping_unknown_value", value=tz)
        day_start = place.text(section, "day_start", "answers") or None
        if day_start not in (None, "ask") and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", day_start or ""):
            raise place.wrong("answers.day_start", "mapping_kind", expected="HH:MM")
        inclusive = section.get("tax_inclusive")
        if inclusive not in (True, False, None, "ask"):
            raise place.wrong("answers.tax_inclusive", "mapping_choice", value=inclusive, known="true, false, ask")
        further = {}
        for key, value in section.items():
            if key in ("currency", "tz", "day_start", "recognition_basis", "tax_inclusive", "shop"):
                continue
            if not _NAME.fullmatch(key) or not isinstance(value, str):
                raise place.wrong(f"answers.{key}", "mapping_kind", expected='"ask"')
            further[key] = value
        shop = section.get("shop", "")
        if not isinstance(shop, str):
            raise place.wrong("answers.shop", "mapping_kind", expected='"source"')
        return AnswerRules(
            currency=currency,
            tz=tz,
            day_start=day_start,
            recognition_basis=(
                place.choice(section, "recognition_basis", "answers", ("paid", "placed", "ask"), "paid")
                if "recognition_basis" in section else None
            ),
            tax_inclusive=inclusive,
            shop=shop,
            further=further,
        )

    @staticmethod
    def _with_shop(answers: AnswerRules, emits: Sequence[Emit]) -> AnswerRules:
        if answers.shop:
            return answers
        shop = "source" if any(emit.into in SHOP_TABLES for emit in emits) else "none"
        return replace(answers, shop=shop)

    # ---- columns and values

    _COLUMN_KEYS = frozenset({
        "header", "match", "path", "position", "field", "type", "required", "format", "values", "other", "null", "default", "decimal",
        "negate", "abs", "minor", "unit", "tz", "strip", "forbid", "forbid_reason", "private",
    })

    def _columns(self) -> tuple[ColumnRule, ...]:
        sections = self.place.tables(self.tree, "column")
        if not sections:
            raise self.place.wrong("column", "mapping_missing")
        columns = []
        taken: dict[str, str] = {}
        for number, section in enumerate(sections, start=1):
            column = self._column(section, f"column {number}")
            for alias in column.aliases:
                if taken.setdefault(alias, column.field) != column.field:
                    raise self.place.wrong(f"column {number}.header", "mapping_header_twice", value=alias)
            columns.append(column)
        return tuple(columns)

    def _column(self, section: Tree, key: str) -> ColumnRule:
        place = self.place
        place.known_keys(section, self._COLUMN_KEYS, key)
        name = place.text(section, "field", key, needed=True)
        if not _NAME.fullmatch(name):
            raise place.wrong(f"{key}.field", "mapping_name", value=name)
        kind = place.choice(section, "type", key, CELL_TYPES, None)
        if name in _PERSONAL and kind != "hash":
            raise place.wrong(f"{key}.field", "mapping_personal", value=name)
        headers = place.text_list(section, "header", key)
        match = place.regex(section, "match", key)
        given_paths = place.text_list(section, "path", key)
        position = section.get("position")
        if position is not None and (not isinstance(position, int) or position < 1):
            raise place.wrong(f"{key}.position", "mapping_kind", expected="1, 2, 3 …")
        if not (headers or match or given_paths or position):
            raise place.wrong(f"{key}.header", "mapping_missing")
        values = section.get("values", {})
        if not isinstance(values, dict) or not all(isinstance(value, str | bool | int) for value in values.values()):
            raise place.wrong(f"{key}.values", "mapping_kind", expected='{ "…" = "…" }')
        other = place.text(section, "other", key) or "keep"
        if other not in ("keep", "missing", "reject") and not other.startswith("="):
            raise place.wrong(f"{key}.other", "mapping_choice", value=other, known='keep, missing, reject, "= …"')
        return ColumnRule(
            field=name,
            type=kind,
            aliases=tuple(dict.fromkeys(normal_alias(header) for header in headers)),
            shown=headers[0] if headers else match.pattern if match else given_paths[0] if given_paths else str(position),
            match=match,
            paths=tuple(_path(path) for path in given_paths),
            position=position,
            required=place.boolean(section, "required", key, False),
            formats=self._time_formats(section, key),
            values={" ".join(str(word).casefold().split()): _word(value) for word, value in values.items()},
            other=other,
            null=place.text_list(section, "null", key),
            default=place.text(section, "default", key) if "default" in section else None,
            decimal=place.choice(section, "decimal", key, ("auto", ".", ","), "auto") if "decimal" in section else None,
            negate=place.boolean(section, "negate", key, False),
            absolute=place.boolean(section, "abs", key, False),
            minor=place.boolean(section, "minor", key, False),
            unit=place.choice(section, "unit", key, ("seconds", "ms", "minutes", "hours", "days"), "seconds"),
            tz=place.text(section, "tz", key) or None,
            strip=place.regex(section, "strip", key),
            forbid=place.regex(section, "forbid", key),
            forbid_reason=place.words(section, "forbid_reason", key) if "forbid_reason" in section else {},
            private=place.boolean(section, "private", key, False) or kind == "hash",
        )

    def _time_formats(self, section: Tree, key: str) -> tuple[str, ...]:
        formats = self.place.text_list(section, "format", key)
        for name in formats:
            try:
                times.check_format(name)
            except ValueError:
                raise self.place.wrong(f"{key}.format", "mapping_unknown_value", value=name) from None
        return formats

    def _hidden(self, columns: tuple[ColumnRule, ...]) -> tuple[ColumnRule, ...]:
        section = self.place.table(self.tree, "privacy")
        self.place.known_keys(section, {"hide"}, "privacy")
        hide = set(self.place.text_list(section, "hide", "privacy"))
        if unknown := hide - {column.field for column in columns}:
            raise self.place.wrong("privacy.hide", "mapping_unknown_value", value=sorted(unknown)[0])
        if not hide:
            return columns
        return tuple(replace(column, private=True) if column.field in hide else column for column in columns)

    def _rows(self, kinds: dict[str, str]) -> tuple[tuple[str, ...], Unpack | None]:
        """Return what rows below take over, and the cells that hold several rows, whose pieces become a value too."""
        place, section = self.place, self.place.table(self.tree, "rows")
        place.known_keys(section, {"carry_down", "unpack"}, "rows")
        carry_down = self._known_names(section, "carry_down", "rows", kinds)
        if "unpack" not in section:
            return carry_down, None
        inner = place.table(section, "unpack")
        place.known_keys(inner, {"value", "at", "part"}, "rows.unpack")
        of, part = place.text(inner, "value", "rows.unpack", needed=True), place.text(inner, "part", "rows.unpack", needed=True)
        at = place.regex(inner, "at", "rows.unpack")
        if kinds.get(of) != "text":
            raise place.wrong("rows.unpack.value", "mapping_unknown_value", value=of)
        if at is None or at.groups:
            raise place.wrong("rows.unpack.at", "mapping_missing" if at is None else "mapping_kind", expected="(?: … )")
        if not _NAME.fullmatch(part) or part in kinds:
            raise place.wrong("rows.unpack.part", "mapping_name", value=part)
        kinds[part] = "text"
        return carry_down, Unpack(of, at, part)

    def _sets(self, kinds: dict[str, str]) -> tuple[tuple[str, Expression], ...]:
        section = self.place.table(self.tree, "set")
        made = []
        for name, value in section.items():
            if not _NAME.fullmatch(name):
                raise self.place.wrong(f"set.{name}", "mapping_name", value=name)
            expression, kind = read_expression(value, kinds, self.place, f"set.{name}")
            if folds(expression):
                raise self.place.wrong(f"set.{name}", "mapping_fold_place")
            kinds[name] = kind or "text"
            made.append((name, expression))
        return tuple(made)

    def _group(self, kinds: Mapping[str, str]) -> Group:
        section = self.place.table(self.tree, "group")
        self.place.known_keys(section, {"by", "fill_down", "first_row_only"}, "group")
        names = {key: self._known_names(section, key, "group", kinds) for key in ("by", "fill_down", "first_row_only")}
        for name in names["by"]:
            if name in self.tree.get("set", {}):
                # Groups are put together before values are made.
                raise self.place.wrong("group.by", "mapping_group_made", value=name)
        return Group(names["by"], names["fill_down"], names["first_row_only"])

    def _known_names(self, section: Tree, key: str, where: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
        names = self.place.text_list(section, key, where)
        for name in names:
            if name not in kinds:
                raise self.place.wrong(f"{where}.{key}", "mapping_unknown_value", value=name)
        return names

    def _drops(self, kinds: Mapping[str, str]) -> tuple[Drop, ...]:
        drops = []
        for number, section in enumerate(self.place.tables(self.tree, "drop"), start=1):
            key = f"drop {number}"
            self.place.known_keys(section, {"reason", "when", "totals"}, key)
            reason = self.place.text(section, "reason", key, needed=True)
            if not _NAME.fullmatch(reason):
                raise self.place.wrong(f"{key}.reason", "mapping_name", value=reason)
            if "when" not in section:
                raise self.place.wrong(f"{key}.when", "mapping_missing")
            drops.append(Drop(
                reason,
                read_condition(section["when"], kinds, self.place, f"{key}.when"),
                self._known_names(section, "totals", key, kinds),
            ))
        return tuple(drops)

    # ---- rows of tables

    def _emits(self, kinds: Mapping[str, str]) -> tuple[Emit, ...]:
        return tuple(
            self._emit(section, f"emit {number}", kinds)
            for number, section in enumerate(self.place.tables(self.tree, "emit"), start=1)
        )

    def _emit(self, section: Tree, key: str, kinds: Mapping[str, str]) -> Emit:
        place = self.place
        place.known_keys(section, {"into", "per", "distinct", "when", "set", "fields", "skip", "aggregate", "rename"}, key)
        into = place.choice(section, "into", key, tuple(TABLES), None)
        key = f"{key} ({into})"
        table = TABLES[into]
        per = place.choice(section, "per", key, ("row", "group", "distinct"), "row")
        distinct = self._known_names(section, "distinct", key, kinds)
        if per == "distinct" and not distinct:
            raise place.wrong(f"{key}.distinct", "mapping_missing")
        if per == "group" and not place.table(self.tree, "group").get("by"):
            raise place.wrong("group.by", "mapping_missing")
        fields = {one.name: one for one in table.fields}
        only = place.text_list(section, "fields", key)
        skip = place.text_list(section, "skip", key)
        for name in (*only, *skip):
            if name not in fields:
                raise place.wrong(f"{key}.fields", "mapping_no_field", value=name, table=into, known=", ".join(fields))
        fills: dict[str, Expression] = {}
        made: dict[str, str | None] = {}
        for name in fields:
            if name in kinds and name not in skip and (not only or name in only):
                fills[name], made[name] = read_expression(name, kinds, place, key)
        given: Tree = {**place.table(section, "rename"), **place.table(section, "set")}
        for name, value in given.items():
            if name not in fields:
                raise place.wrong(f"{key}.set.{name}", "mapping_no_field", value=name, table=into, known=", ".join(fields))
            fills[name], made[name] = read_expression(value, kinds, place, f"{key}.set.{name}", fields[name].kind)
            if folds(fills[name]) and per == "row":
                raise place.wrong(f"{key}.set.{name}", "mapping_fold_place")
        for name, kind in made.items():
            if kind is not None and kind not in _ACCEPTED[fields[name].kind]:
                raise place.wrong(f"{key}.{name}", "mapping_wrong_kind", value=kind, field=name, expected=fields[name].kind)
        for one in table.fields:
            by_period = one.name in ("day", "last_day") and table.day == "day"
            if one.needed and one.name not in fills and not by_period:
                raise place.wrong(f"{key}.{one.name}", "mapping_needed", field=one.name, table=into)
        aggregate = place.text_list(section, "aggregate", key)
        for name in aggregate:
            if name not in fields:
                raise place.wrong(f"{key}.aggregate", "mapping_no_field", value=name, table=into, known=", ".join(fields))
        when = read_condition(section["when"], kinds, place, f"{key}.when") if "when" in section else None
        return Emit(
            into, "group" if per == "group" else "distinct" if per == "distinct" else "row", fills, distinct, when, aggregate
        )

    # ---- period, as-of, coverage, checks

    def _period(self) -> PeriodRule:
        place, section = self.place, self.place.table(self.tree, "period")
        place.known_keys(section, {"from", "preamble", "filename", "format", "sibling"}, "period")
        sources = place.text_list(section, "from", "period") or ("column",)
        for source in sources:
            if source not in ("column", "preamble", "filename", "sibling", "ask"):
                raise place.wrong("period.from", "mapping_choice", value=source, known="column, preamble, filename, sibling, ask")
            if source in ("preamble", "filename", "sibling") and source not in section:
                raise place.wrong(f"period.{source}", "mapping_missing")
        sibling = None
        if "sibling" in section:
            inner = place.table(section, "sibling")
            place.known_keys(inner, {"member", "pattern", "last"}, "period.sibling")
            member, pattern = place.regex(inner, "member", "period.sibling"), place.regex(inner, "pattern", "period.sibling")
            if member is None or pattern is None:
                raise place.wrong("period.sibling", "mapping_missing")
            sibling = Sibling(member, pattern, place.regex(inner, "last", "period.sibling"))
        return PeriodRule(
            sources,
            place.regex(section, "preamble", "period"),
            place.regex(section, "filename", "period"),
            self._time_formats(section, "period"),
            sibling,
        )

    def _as_of(self, kinds: Mapping[str, str]) -> AsOfRule:
        place, section = self.place, self.place.table(self.tree, "as_of")
        place.known_keys(section, {"filename", "preamble", "column", "format", "tz"}, "as_of")
        column = place.text(section, "column", "as_of") or None
        if column is not None and kinds.get(column) not in ("ts", "day"):
            raise place.wrong("as_of.column", "mapping_unknown_value", value=column)
        return AsOfRule(
            place.regex(section, "filename", "as_of"),
            place.regex(section, "preamble", "as_of"),
            column,
            self._time_formats(section, "as_of"),
            place.text(section, "tz", "as_of") or None,
        )

    def _covers(self) -> tuple[str, ...]:
        place, section = self.place, self.place.table(self.tree, "covers")
        place.known_keys(section, {"kinds", "day", "lasting"}, "covers")
        kinds = place.text_list(section, "kinds", "covers")
        known = {table.coverage for table in TABLES.values() if table.coverage}
        for kind in kinds:
            if kind not in known:
                raise place.wrong("covers.kinds", "mapping_choice", value=kind, known=", ".join(sorted(known)))
        return kinds

    def _covers_day(self, kinds: Mapping[str, str]) -> str | None:
        """Return the value whose days say which days the file speaks for; None: those of the rows it becomes."""
        day = self.place.text(self.place.table(self.tree, "covers"), "day", "covers") or None
        if day is not None and kinds.get(day) != "day":
            raise self.place.wrong("covers.day", "mapping_unknown_value", value=day)
        return day

    def _covers_lasting(self, kinds: Mapping[str, str]) -> str | None:
        """Return the value that says for how many seconds from its day each row speaks, None when for that day."""
        lasting = self.place.text(self.place.table(self.tree, "covers"), "lasting", "covers") or None
        if lasting is not None and lasting not in kinds:
            raise self.place.wrong("covers.lasting", "mapping_unknown_value", value=lasting)
        return lasting

    def _checks(self, kinds: Mapping[str, str]) -> tuple[Check, ...]:
        checks = []
        for number, section in enumerate(self.place.tables(self.tree, "check"), start=1):
            key = f"check {number}"
            self.place.known_keys(section, {"unique", "row", "sum", "equals", "tolerance", "holds", "level", "message"}, key)
            total = self.place.text(section, "sum", key) or None
            equals = self.place.text(section, "equals", key) or None
            for name in (total, equals):
                if name is not None and name not in kinds:
                    raise self.place.wrong(key, "mapping_unknown_value", value=name)
            row = read_expression(section["row"], kinds, self.place, f"{key}.row")[0] if "row" in section else None
            holds = read_condition(section["holds"], kinds, self.place, f"{key}.holds") if "holds" in section else None
            unique = self._known_names(section, "unique", key, kinds)
            if not (unique or holds or ((row or total) and equals)):
                raise self.place.wrong(key, "mapping_missing")
            level = self.place.choice(section, "level", key, ("warn", "stop"), "warn")
            checks.append(Check(
                "stop" if level == "stop" else "warn", unique, row, total, equals, str(section.get("tolerance", "0")), holds,
                self.place.words(section, "message", key) if "message" in section else {},
            ))
        return tuple(checks)

    def _examples(self) -> tuple[Example, ...]:
        examples = []
        for number, section in enumerate(self.place.tables(self.tree, "example"), start=1):
            key = f"example {number}"
            self.place.known_keys(
                section, {"input", "rows", "name", "sheet", "encoding", "settings", "expect", "dropped", "refused"}, key
            )
            text, rows = section.get("input"), section.get("rows")
            if not isinstance(text, str) and not isinstance(rows, list):
                raise self.place.wrong(f"{key}.input", "mapping_missing")
            expect = self.place.table(section, "expect")
            for name, table_rows in expect.items():
                if name not in TABLES or not isinstance(table_rows, list):
                    raise self.place.wrong(f"{key}.expect.{name}", "mapping_choice", value=name, known=", ".join(TABLES))
            refused = section.get("refused", 0)
            examples.append(Example(
                input=text.removeprefix("\n") if isinstance(text, str) else None,
                rows=tuple(tuple(str(cell) for cell in row) for row in rows) if isinstance(rows, list) else None,
                name=self.place.text(section, "name", key) or ("example.xlsx" if isinstance(rows, list) else "example.csv"),
                sheet=self.place.text(section, "sheet", key) or "Sheet1",
                encoding=self.place.text(section, "encoding", key) or "utf-8",
                settings={name: str(value) for name, value in self.place.table(section, "settings").items()},
                expect=expect,
                dropped={name: int(count) for name, count in self.place.table(section, "dropped").items()},
                refused=int(refused),
            ))
        return tuple(examples)


# Which kinds of values a field of each kind takes; what differs in form is converted when it is filled.
_ACCEPTED: dict[str, frozenset[str]] = {
    "int": frozenset({"int", "real", "flag"}),
    "money": frozenset({"money"}),
    "cost_e4": frozenset({"money"}),
    "real": frozenset({"real", "int", "flag"}),
    "day": frozenset({"day"}),
    "ts": frozenset({"ts"}),
    "flag": frozenset({"flag", "int"}),
    "text": frozenset({"text"}),
    "ref": frozenset({"text"}),
}


def normal_alias(header: str) -> str:
    """Return a header of a descriptor as it is compared; ``name#2`` keeps its number."""
    name, mark, number = header.rpartition("#")
    return f"{normal(name)}#{number}" if mark and number.isdigit() and name else normal(header)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _path(text: str) -> tuple[str, ...]:
    """Cut a dotted path; parts in double quotes may hold dots."""
    return tuple(quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|([^."]+)', text))


def _digest(tree: Tree) -> str:
    meaning = {key: value for key, value in tree.items() if key != "example"}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()[:32]

