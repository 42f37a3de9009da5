"""Is anything personal in the workspace?  Every text in it is looked at, the kept raw text and what was laid aside included.

Columns of ids are looked at for e-mail addresses only: an order number may well have the digits of a phone or a card.  Elsewhere a cell that is
nothing but a number counts when its column is made of phone numbers, and what stands in running text
always counts.  In raw text a column whose header says that it holds buyers' names, phones or addresses counts by that.
People of the shop (agents, buyers of goods, campaign owners) stand in it by name, on purpose.
"""

# Names of tables and columns come from the workspace's own schema, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from ecoperf_desktop.model.importing import Progress, no_progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import personal
from ecoperf_desktop.store.personal import Kind
from ecoperf_desktop.store.tables import FREE_TEXT, TABLES, WEB_ADDRESSES

How: TypeAlias = Literal["free", "words", "places", "id", "web"]
_MOST_CELLS = 500_000  # of one column remembered to be looked at once


@dataclass(frozen=True)
class Personal:
    """Texts of one column that look personal.

    ``table`` and ``column`` are the workspace's own; of raw text ``column`` is the file's header.  ``texts`` counts
    different ones.  ``shown`` is one of them, mostly covered.  ``file`` is the import's, where there is one.
    """

    table: str
    column: str
    kind: Kind
    texts: int
    shown: str
    import_id: int | None = None
    file: str | None = None


def search(conn: sqlite3.Connection, progress: Progress = no_progress) -> list[Personal]:
    """Return what looks personal, table by table."""
    tables = [
        name
        for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        if not name.startswith(("sum_", "week_", "sqlite_")) and name not in ("secret", "calendar", "raw_block", "seen_names")
    ]
    found: list[Personal] = []
    total = len(tables) + 2
    for done, table in enumerate(tables):
        progress(done, total, table)
        found += _in_table(conn, table)
    progress(len(tables), total, "seen_names")
    found += _in_seen_names(conn)
    progress(len(tables) + 1, total, "raw_block")
    found += _in_raw(conn)
    progress(total, total, "")
    return found


# ---- stored tables


def _in_table(conn: sqlite3.Connection, table: str) -> Iterator[Personal]:
    for _, column, kind, *_ in conn.execute(f"PRAGMA table_info({table})").fetchall():
        if kind != "TEXT":
            continue
        if (table, column) in _JSON:
            yield from _in_json(conn, table, column)
            continue
        how = _how(table, column)
        where = f"WHERE instr({column}, '@') OR instr({column}, '%40')" if how == "id" else f"WHERE {column} IS NOT NULL"
        tally = _Tally()
        for (text,) in conn.execute(f"SELECT DISTINCT {column} FROM {table} {where}"):
            tally.look(text, how)
        yield from tally.found(table, column)


# Columns whose text is JSON, and what says which table's fields it is about.
_JSON = {
    ("held", "asserted"): "table_name", ("resting", "rows"): "table_name", ("restatement", "old"): "table_name",
    ("restatement", "new"): "table_name", ("imports", "header"): None, ("imports", "hidden"): None, ("imports", "hashed"): None,
    ("imports", "dropped"): None, ("import_findings", "details"): None, ("block", "block_key"): None, ("resting", "block_key"): None,
    ("import_fields", "fields"): None,
}  # fmt: skip


def _in_json(conn: sqlite3.Connection, table: str, column: str) -> Iterator[Personal]:
    about = _JSON[table, column]
    field = "field" if table == "restatement" else "NULL"
    tallies: dict[str, _Tally] = {}
    for text, named, name in conn.execute(f"SELECT DISTINCT {column}, {about or 'NULL'}, {field} FROM {table} WHERE {column} IS NOT NULL"):
        for where, value in _texts(json.loads(text), named, name):
            how = _how(where[0], where[1]) if where else "words"
            tallies.setdefault(column if where is None else f"{column}: {where[0]}.{where[1]}", _Tally()).look(value, how)
    for place, tally in tallies.items():
        yield from tally.found(table, place)


def _texts(value: object, table: str | None, name: str | None) -> Iterator[tuple[tuple[str, str] | None, str]]:
    """Yield the texts of a JSON value, each with the table and field it is of where that is known."""
    if isinstance(value, str):
        yield ((table, name) if table and name else None), value
    elif isinstance(value, dict) and table and "fields" in value and "rows" in value:
        for row in value["rows"]:
            for field, cell in zip(value["fields"], row, strict=False):
                yield from _texts(cell, table, field)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, table, key if table else None)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, table, name)


_ID_COLUMN = re.compile(r"(_no|_id|_key|_hash|^sha256|^sku|^spu|^format|^code|^metric|^field|^table_name|^iso_date)$")


def _how(table: str, column: str) -> How:
    if (table, column) in FREE_TEXT:
        return "free"
    if (table, column) in WEB_ADDRESSES:
        return "web"
    if table in ("location", "supplier", "region", "shop") or column in ("location", "supplier", "region", "shop"):
        return "places"
    if _ID_COLUMN.search(column) or (table == "setting" and column == "name"):
        return "id"
    if table in TABLES and any(field.column == column and field.kind == "ref" for field in TABLES[table].fields):
        return "id"
    return "words"


# ---- what imports keep of their files


def _in_seen_names(conn: sqlite3.Connection) -> Iterator[Personal]:
    for import_id, table, names in conn.execute("SELECT import_id, table_name, names FROM seen_names"):
        tally = _Tally()
        for text in json.loads(zlib.decompress(names)).values():
            tally.look(text, "words")
        yield from tally.found("seen_names", table, import_id)


def _in_raw(conn: sqlite3.Connection) -> Iterator[Personal]:
    entries = conn.execute(
        "SELECT import_id, file, header, hidden, delimiter FROM imports WHERE import_id IN (SELECT import_id FROM raw_block) ORDER BY 1"
    ).fetchall()
    for import_id, file, header, hidden, delimiter in entries:
        away = set(json.loads(hidden))
        kept = [name for name in json.loads(header) if name not in away]
        tables = {name for (name,) in conn.execute("SELECT table_name FROM import_fields WHERE import_id = ?", (import_id,))}
        holds_buyers = not tables or bool(tables & _OF_BUYERS)
        columns = [_RawColumn(name, holds_buyers) for name in kept]
        blocks = conn.execute("SELECT text FROM raw_block WHERE import_id = ? ORDER BY first_record", (import_id,))
        for (packed,) in blocks:
            text = zlib.decompress(packed).decode("utf-8", "replace")
            records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or ",", strict=False)
            whole = [record for record in records if len(record) == len(columns)]
            for column, cells in zip(columns, zip(*whole, strict=True), strict=False):
                column.look(set(cells))
        for column in columns:
            yield from column.found(import_id, file)


# Tables whose rows are of shoppers: a name beside them is theirs.
_OF_BUYERS = frozenset({
    "orders", "order_lines", "refunds", "customer", "shipments", "reviews", "surveys", "support_conversations", "payouts",
})  # fmt: skip

_WHOSE = r"(?:(?:billing|shipping|ship|bill|delivery|customer|buyer|recipient|receiver|consignee|contact|cardholder|user|client)(?:[ _-]?to)?[ _-]?)"
_HEADERS: tuple[tuple[Kind, str], ...] = (
    ("name", rf"{_WHOSE}(?:full |first |last )?name|(?:first|last|full|family|given)[ _-]?name|surname|"
     r"(?:收货人|收件人|买家|顾客|客户|会员|寄件人|付款人)(?:真实)?姓名|姓名|真实姓名|收货人|收件人|寄件人|联系人"),
    ("phone", rf"{_WHOSE}?(?:(?:tele|mobile |cell)?phone|mobile|tel)(?:[ _-]?(?:no\.?|number))?|"
     r"(?:(?:收货人|收件人|买家|联系|客户|会员)(?:的)?)?(?:手机|手机号|手机号码|电话|电话号码|联系方式)|固定电话"),
    ("address", rf"{_WHOSE}?(?:street(?: address)?|address(?:[ _-]?(?:line[ _-]?)?[12])?)|(?:收货|收件|详细|街道|家庭|买家)?地址|街道"),
    ("identity", r"(?:id|identity)[ _-]?(?:card|number)(?:[ _-]?(?:no\.?|number))?|passport(?:[ _-]?(?:no\.?|number))?|"
     r"(?:买家|收件人)?(?:身份证|身份证号|身份证号码|证件号|证件号码)"),
)  # fmt: skip
_PERSONAL_HEADERS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _HEADERS)
_ID_HEADER = re.compile(
    r"(?:^|[\s_.-])(?:ids?|no|nr|num|number|code|sku|ean|upc|gtin|isbn|barcode|reference|ref|order|invoice|tracking|transaction|ticket|asin|date|time)"
    r"(?:$|[\s_.:#)-])|#$|(?-i:(?<=[a-z])(?:Id|ID|No|Code|Number|Date|Time)$)|编号|单号|订单|编码|条码|货号|流水|号$|时间|日期",
    re.IGNORECASE,
)
_MASKED = re.compile(r"\*{2,}|…|\[(?:e-mail|phone|id|card|address|ip|name)\]")


class _RawColumn:
    """One column of a file's kept text."""

    def __init__(self, header: str, holds_buyers: bool) -> None:
        self.header = header
        name = header.strip().rstrip("*:：").strip()
        self._says = next((kind for kind, pattern in _PERSONAL_HEADERS if pattern.fullmatch(name)), None) if holds_buyers else None
        self._how: How = "id" if _ID_HEADER.search(name) else "words"
        self._tally = _Tally()
        self._plain_phones = self._filled = 0
        self._phone_shown = ""

    def look(self, cells: Iterable[str]) -> None:
        for cell in cells:
            text = cell.strip()
            if not text:
                continue
            self._filled += 1
            if self._says is not None and _is_what_it_says(self._says, text):
                self._tally.add(self._says, text)
            else:
                self._tally.look(text, "web" if text.startswith(("http", "/")) else self._how)
            if self._how != "id" and len(text) == 11 and _PLAIN_PHONE.fullmatch(text):
                self._plain_phones += 1
                self._phone_shown = text

    def found(self, import_id: int, file: str) -> Iterator[Personal]:
        if self._says != "phone" and self._plain_phones >= 3 and self._plain_phones > self._filled * 0.8:
            yield Personal("raw_block", self.header, "phone", self._plain_phones, covered(self._phone_shown), import_id, file)
        yield from self._tally.found("raw_block", self.header, import_id, file)


_PLAIN_PHONE = re.compile(r"1[3-9]\d{9}")


def _is_what_it_says(kind: Kind, text: str) -> bool:
    """Say whether a cell is what its header promises, and not a count, a mark or something covered."""
    if _MASKED.search(text):
        return False
    digits = sum(map(str.isdigit, text))
    match kind:
        case "phone":
            return digits >= 7
        case "identity":
            return digits >= 6
        case "address":
            return not text.startswith(("http", "/", "www.")) and " " in text.strip() or bool(re.search(r"[\u4e00-\u9fff]{4}", text))
        case _:
            return any(map(str.isalpha, text))


# ---- counting


class _Tally:
    """Counts texts of one column that look personal, by kind."""

    def __init__(self) -> None:
        self._counts: dict[Kind, int] = {}
        self._shown: dict[Kind, str] = {}
        self._seen: set[str] = set()

    def look(self, text: str, how: How) -> None:
        if text in self._seen:
            return
        if len(self._seen) < _MOST_CELLS:
            self._seen.add(text)
        for kind, piece in _LOOKS[how](text):
            self.add(kind, piece)

    def add(self, kind: Kind, piece: str) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._shown.setdefault(kind, covered(piece))

    def found(self, table: str, column: str, import_id: int | None = None, file: str | None = None) -> Iterator[Personal]:
        for kind, count in self._counts.items():
            yield Personal(table, column, kind, count, self._shown[kind], import_id, file)


def covered(text: str) -> str:
    """Return a text so that who has it can find it, and nobody else learns it."""
    return f"{text[0]}…{text[-2:]}" if len(text) > 6 else f"{text[0]}…"


def _free(text: str) -> Iterator[tuple[Kind, str]]:
    for one in personal.stretches(text):
        yield one.kind, text[one.start : one.end]


def _words(text: str) -> Iterator[tuple[Kind, str]]:
    is_number = not any(map(str.isalpha, text)) and not text.startswith("+")
    for kind, piece in _free(text):
        if not (is_number and kind in ("phone", "card", "identity")):
            yield kind, piece


def _places(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield what is personal in the name of a warehouse, a supplier or a shop, which may well be where it is."""
    yield from ((kind, piece) for kind, piece in _words(text) if kind != "address")


def _ids(text: str) -> Iterator[tuple[Kind, str]]:
    yield from ((kind, piece) for kind, piece in _free(text) if kind == "email")


def _web(text: str) -> Iterator[tuple[Kind, str]]:
    yield from _ids(text)
    if personal.has_phone_field(text):
        yield "phone", text


_LOOKS: Mapping[How, Callable[[str], Iterator[tuple[Kind, str]]]] = {
    "free": _free, "words": _words, "places": _places, "id": _ids, "web": _web,
}  # fmt: skip
