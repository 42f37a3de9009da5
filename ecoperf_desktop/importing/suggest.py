"""What an unknown file could be: which table, and which column is which field, by names and by values.

A suggestion is a draft of a descriptor that a person looks at, changes and keeps; nothing is imported by it unseen.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.convert import folded
from ecoperf_desktop.importing.descriptor import Format, dated, normal, numbered, timed
from ecoperf_desktop.importing.evidence import Evidence
from ecoperf_desktop.importing.known_fields import Catalogue, KnownField, KnownTable, catalogue
from ecoperf_desktop.importing.likeness import alike, spelled
from ecoperf_desktop.importing.look import Look, look
from ecoperf_desktop.store.tables import TABLES

Doubt = Literal["", "name", "values", "order", "words", "unit"]

_LEAST = 0.68  # below it a column is left alone
_SURE = 0.85
_ANYWHERE = frozenset({"day", "at"})  # columns that say nothing about what a row is
_USUAL = frozenset({"orders", "order_lines"})  # what people have most: the choice where two tables are as likely
_NAMED_PERSONAL = 0.94
# Words of a header that say whose a thing is, not what it is.
_OF_PERSONS = frozenset({"customer", "buyer", "user", "client", "member", "recipient", "ship", "bill", "billing", "contact", "person"})
_IDS = frozenset({"id", "no", "code"})
_IDS_CHINESE = ("编号", "单号", "编码", "id")
_UNITS = (("ms", re.compile(r"\bms\b|milli|毫秒", re.IGNORECASE)), ("minutes", re.compile(r"\bmin|分钟", re.IGNORECASE)), ("hours", re.compile(r"\bhour|\bhrs?\b|小时", re.IGNORECASE)))  # fmt: skip


@dataclass(frozen=True)
class ColumnDraft:
    """One column of the file and what it could be.

    ``header`` is as in the file, ``alias`` as a descriptor names it (a repeated one with its number).  ``field`` None leaves it
    alone.  ``doubt`` says what a person should look at.  ``personal`` columns are never kept: ``buyer`` only as a keyed hash, ``never`` not at all.
    """

    place: int
    header: str
    alias: str
    evidence: Evidence
    field: str | None = None
    type: str = "text"
    formats: tuple[str, ...] = ()
    values: Mapping[str, str | bool] = dataclasses.field(default_factory=dict)
    unit: str = ""
    doubt: Doubt = ""
    personal: Literal["", "buyer", "never"] = ""


@dataclass(frozen=True)
class Draft:
    """A descriptor in the making.

    ``table`` is what a row is.  ``likely`` are the tables the file could be, best first.
    """

    id: str
    platform: str
    title: str
    table: str
    columns: tuple[ColumnDraft, ...]
    look: Look
    likely: tuple[str, ...] = ()

    @property
    def taken(self) -> dict[str, ColumnDraft]:
        """Return the columns that are used, by their fields."""
        return {column.field: column for column in self.columns if column.field}

    @property
    def produced(self) -> dict[str, str]:
        """Return the values that the columns make, each with the field of its column."""
        made: dict[str, str] = {}
        for column in self.columns:
            if column.field:
                made.update(dict.fromkeys(values_of(column.field, column.type), column.field))
        return made


def suggest(member: Member, formats: Iterable[Format], ids: Iterable[str] = (), *, partly: bool = False) -> Draft:
    """Return the likeliest draft for a file; ``formats`` lend their headers, ``ids`` are those taken already.

    ``partly`` takes a draft that lacks something, for a person to complete, where there is no whole one.
    Raise FileRefused for a file that is no table or fits none of ours.
    """
    known = catalogue().with_headers(formats)
    seen = look(member, plain_names(known))
    return suggest_look(seen, known, ids, partly=partly)


def suggest_look(seen: Look, known: Catalogue, ids: Iterable[str] = (), *, partly: bool = False) -> Draft:
    """Return the likeliest draft for a table that was looked at."""
    matched = _matched(seen, known)
    ranked = sorted(((matched.worth(table), table) for table in known.tables.values() if not table.is_minor), key=lambda pair: -pair[0])
    likely = [table for worth, table in ranked if worth > 0]
    if not likely and partly:
        likely = sorted((table for table in known.tables.values() if not table.is_minor), key=matched.met, reverse=True)[:5]
    if not likely:
        raise FileRefused("importing.suggest_nothing", file=seen.name)
    slug = _slug(seen.name) or likely[0].name
    identity = free_id(f"mine.{slug}", ids)
    return Draft(
        identity, slug, seen.name.rpartition(".")[0] or seen.name, likely[0].name, matched.columns(likely[0]), seen,
        tuple(table.name for table in likely),
    )  # fmt: skip


def with_table(draft: Draft, table: str, known: Catalogue) -> Draft:
    """Return the draft with another table, its columns suggested anew."""
    return replace(draft, table=table, columns=_matched(draft.look, known).columns(known.tables[table]))


def with_field(draft: Draft, place: int, name: str | None, known: Catalogue) -> Draft:
    """Return the draft with another field for one column; a column that had that field is left alone."""
    fields = known.tables[draft.table].fields
    columns = []
    for column in draft.columns:
        if column.place == place:
            bare = replace(column, field=None, type="text", formats=(), values={}, unit="", doubt="")
            columns.append(_typed(bare, fields[name]) if name is not None else bare)
        elif name is not None and column.field == name:
            columns.append(replace(column, field=None, doubt=""))
        else:
            columns.append(column)
    return replace(draft, columns=tuple(columns))


def with_type(draft: Draft, place: int, kind: str, formats: Sequence[str] = ()) -> Draft:
    """Return the draft with another type, or formats of dates, for one column."""
    columns = tuple(
        replace(column, type=kind, formats=tuple(formats), values=column.values if kind == column.type else {}, doubt="")
        if column.place == place else column
        for column in draft.columns
    )  # fmt: skip
    return replace(draft, columns=columns)


def choices(draft: Draft, place: int, known: Catalogue) -> list[KnownField]:
    """Return the fields that a column may become, in the order of the tables."""
    column = draft.columns[place]
    if column.personal == "never":
        return []
    fields = known.tables[draft.table].fields.values()
    if column.personal == "buyer":
        return [one for one in fields if one.type == "hash"]
    return list(fields)


def lacking(draft: Draft, known: Catalogue) -> list[KnownField]:
    """Return the fields that every row of the table needs and nothing gives yet."""
    table = known.tables[draft.table]
    made = draft.produced
    given = set(table.assume) | ({"variant"} if table.variant else set())
    made_of = {name for one in table.fields.values() if one.name in draft.taken and one.makes for name in one.makes}
    found = []
    for one in table.fields.values():
        if one.table != table.name or not one.needed:
            continue
        needed = [name.name for name in TABLES[table.name].fields if name.needed and name.name in one.fills] or list(one.fills)
        by_period = one.name == "day" and TABLES[table.name].day == "day"
        by_other = one.name in ("day", "at") and any(name in draft.taken for name in table.days)
        if not by_period and not by_other and any(name not in made and name not in given and name not in made_of for name in needed):
            found.append(one)
    return found


def values_of(name: str, kind: str) -> tuple[str, ...]:
    """Return the values that a column called ``name`` makes."""
    if kind == "datetime":
        return tuple(timed(name))
    return (dated(name),) if kind == "date" else (name,)


def plain_names(known: Catalogue) -> frozenset[str]:
    return frozenset(name.plain for table in known.tables.values() for one in table.fields.values() for name in one.names)


def free_id(wanted: str, taken: Iterable[str]) -> str:
    """Return ``wanted``, with a number behind it where that id is taken."""
    known, number, found = set(taken), 2, wanted
    while found in known:
        found, number = f"{wanted}_{number}", number + 1
    return found


_last: list[_Matched] = []  # a person tries one table after the other for the same file


def _matched(seen: Look, known: Catalogue) -> _Matched:
    """Return how the columns of a file fit; kept for the file that was asked about last."""
    for one in tuple(_last):
        if one.is_of(seen, known):
            return one
    made = _Matched(seen, known)
    _last[:] = [made]
    return made


class _Matched:
    """How well each column of a file fits each field."""

    def __init__(self, seen: Look, known: Catalogue) -> None:
        self._seen = seen
        self._known = known
        self._evidence = seen.evidence()
        self._spelled = [spelled(name) for name in seen.header]
        self._aliases = _aliases(seen.header)
        self._personal = [self._is_personal(place) for place in range(len(seen.header))]
        self._scores: dict[tuple[int, str, str], float] = {}
        self._made: dict[str, tuple[ColumnDraft, ...]] = {}

    def is_of(self, seen: Look, known: Catalogue) -> bool:
        return self._seen is seen and self._known is known

    def columns(self, table: KnownTable) -> tuple[ColumnDraft, ...]:
        if table.name not in self._made:
            self._made[table.name] = self._columns(table)
        return self._made[table.name]

    def met(self, table: KnownTable) -> float:
        """Return how much of the table is there, whole or not."""
        taken = {column.field: column for column in self.columns(table) if column.field}
        return sum(self._score(column.place, table.fields[name]) for name, column in taken.items() if table.fields[name].table == table.name)

    def worth(self, table: KnownTable) -> float:
        """Return how much of the table the file could fill; 0 when what its rows need is not there."""
        draft = Draft("mine.x", "x", "", table.name, self.columns(table), self._seen)
        taken = draft.taken
        telling = [name for name in table.key if name not in _ANYWHERE]
        if lacking(draft, self._known) or not any(name in taken for name in telling) or not self._has_must(table, taken):
            return 0.0
        total = 0.0
        for name, column in taken.items():
            one = table.fields[name]
            score = self._score(column.place, one)
            own = one.table == table.name
            total += score * (1.6 if name in table.key else 1.0 if own and one.fills else 0.6)
        words = set(re.findall(r"[a-z]+", self._seen.name.casefold())) | set(re.findall(r"[a-z]+", self._seen.sheet.casefold()))
        named = f"{self._seen.name} {self._seen.sheet}"
        hits = sum(word in words or (not word.isascii() and word in named) for word in table.words)
        if "day" in table.fields and table.fields["day"].needed and "day" not in taken and not any(name in taken for name in table.days):
            total -= 0.8  # a period has to be asked for
        # A table of which only a little is met is worth less than a small one that is met whole.
        share = sum(name in taken for name in table.key) / len(table.key)
        usual = 1.1 if table.name in _USUAL else 1.0
        return total * usual * (0.7 + 0.3 * share) + 0.8 * min(hits, 2)

    def _has_must(self, table: KnownTable, taken: Mapping[str, ColumnDraft]) -> bool:
        return not table.must or any(name in taken and self._score(taken[name].place, table.fields[name]) >= _SURE for name in table.must)

    def _columns(self, table: KnownTable) -> tuple[ColumnDraft, ...]:
        pairs = []
        for place in range(len(self._seen.header)):
            for order, one in enumerate(self._choices(place, table)):
                score = self._score(place, one)
                if score >= _LEAST:
                    own = one.table == table.name
                    pairs.append((-round(score, 3) - 0.02 * own, place, order, one))
        pairs.sort(key=lambda pair: pair[:3])
        by_place: dict[int, KnownField] = {}
        used: set[str] = set()
        for _, place, _, one in pairs:
            if place not in by_place and one.name not in used:
                by_place[place] = one
                used.add(one.name)
        self._prefer_unit_price(table, by_place)
        found = [self._column(place, by_place.get(place)) for place in range(len(self._seen.header))]
        return self._with_only_day(table, found, used)

    def _prefer_unit_price(self, table: KnownTable, by_place: dict[int, KnownField]) -> None:
        """Take a price beside a quantity for the price of one, where its name does not say."""
        unit, names = table.fields.get("unit_price"), {one.name for one in by_place.values()}
        if unit is None or "unit_price" in names or not {"qty", "gross"} <= names:
            return
        for place, one in by_place.items():
            if one.name == "gross" and unit.likeness(self._spelled[place]) >= one.likeness(self._spelled[place]):
                by_place[place] = unit
                return

    def _with_only_day(self, table: KnownTable, columns: list[ColumnDraft], used: set[str]) -> tuple[ColumnDraft, ...]:
        """Take the only column of dates for the day that a table needs, whatever it is called."""
        for one in table.fields.values():
            if not one.has_day or not one.needed or one.table != table.name or one.name in used or any(name in used for name in table.days):
                continue
            free = [column for column in columns if column.evidence.is_time and not column.personal and (column.field is None)]
            dates = [column for column in columns if column.evidence.is_time]
            if len(free) == 1 and len(dates) == 1:
                columns[free[0].place] = replace(_typed(free[0], one), doubt="values")
        return tuple(columns)

    def _column(self, place: int, one: KnownField | None) -> ColumnDraft:
        header = self._seen.header[place]
        column = ColumnDraft(place, header, self._aliases[place], self._evidence[place], personal=self._personal[place])
        if one is None:
            return column
        typed = _typed(column, one)
        return replace(typed, doubt="name") if not typed.doubt and self._score(place, one) < _SURE else typed

    def _choices(self, place: int, table: KnownTable) -> Iterable[KnownField]:
        if self._personal[place] == "never" or not self._seen.header[place].strip():
            return ()
        if self._personal[place] == "buyer":
            return [one for one in table.fields.values() if one.type == "hash"]
        return table.fields.values()

    def _score(self, place: int, one: KnownField) -> float:
        key = (place, one.table, one.name)
        if key not in self._scores:
            found = one.likeness(self._spelled[place])
            if found >= _LEAST:
                seen, numbered_thing = self._evidence[place], _names_an_id(self._seen.header[place])
                fit = max(seen.fits(kind) for kind in _kinds(one))
                if numbered_thing and found < 0.97 and one.type in ("integer", "number", "money", "duration"):
                    fit *= 0.4  # a number of something is no amount of it
                elif numbered_thing and one.type == "text":
                    fit = max(fit, 0.95 * seen.fits("id"))
                found *= fit
            if self._personal[place] == "buyer":
                # Where a file has an id of the person as well, that is the better one.
                found *= 0.9
            self._scores[key] = found
        return self._scores[key]

    def _is_personal(self, place: int) -> Literal["", "buyer", "never"]:
        name, seen = self._spelled[place], self._evidence[place]
        if seen.is_citizen:
            return "never"
        never = max((alike(name, other) for other in self._known.never), default=0.0)
        buyer = max((alike(name, other) for other in self._known.buyers), default=0.0)
        if never >= _NAMED_PERSONAL and never >= buyer:
            return "never"
        if buyer >= _NAMED_PERSONAL or seen.is_mail:
            return "buyer"
        bare = name.words - _OF_PERSONS
        inside = any(
            other.words and (other.words == bare or (len(other.words) > 1 and other.words < name.words)) for other in self._known.never
        )
        if inside or any(other.pairs and other.pairs < name.pairs for other in self._known.never if len(other.pairs) > 1):
            return "never"
        return "buyer" if seen.is_phone and not seen.is_time else ""


def _names_an_id(header: str) -> bool:
    return bool(spelled(header).words & _IDS) or normal(header).endswith(_IDS_CHINESE)


def _kinds(one: KnownField) -> tuple[str, ...]:
    return ("date", "datetime") if one.type in ("date", "datetime") else (one.type,)


def _typed(column: ColumnDraft, one: KnownField) -> ColumnDraft:
    """Return the column as that field, with the type that its values want."""
    seen = column.evidence
    if one.type in ("date", "datetime"):
        instant = one.has_instant or (not one.fills and one.type == "datetime")
        kind = "datetime" if instant and (seen.has_clock or not one.has_day) else "date"
        return replace(
            column, field=one.name, type=kind, formats=() if seen.order_open else seen.formats, doubt="order" if seen.order_open else "",
        )  # fmt: skip
    if one.type == "enum":
        words = {folded(word): word for word in seen.words}
        known = {word: value for word, value in (one.words or {}).items() if word in words}
        doubt: Doubt = "words" if words.keys() - known.keys() else ""
        return replace(column, field=one.name, type="enum" if known else "text", values=dict(known), doubt=doubt)
    if one.type == "flag":
        values: dict[str, str | bool] = dict(seen.on_and_off) if not seen.is_flag else {}
        return replace(column, field=one.name, type="flag", values=values, doubt="words" if values else "")
    if one.type == "duration":
        unit = next((name for name, pattern in _UNITS if pattern.search(column.header)), "")
        plain = seen.is_number and not seen.is_duration
        return replace(column, field=one.name, type="duration", unit=unit if plain else "", doubt="unit" if plain and not unit else "")
    kind = one.type
    if kind == "text" and _names_an_id(column.header) and seen.fits("id") == 1.0:
        kind = "id"
    if kind == "ratio" and not seen.is_percent and (seen.largest or 0) > 1.5:
        kind = "percent"
    if kind == "integer" and seen.count and seen.is_number and not seen.is_whole:
        kind = "number"
    return replace(column, field=one.name, type=kind)


def _aliases(header: Sequence[str]) -> list[str]:
    """Return the headers as descriptors write them: a repeated one with its number."""
    found = []
    for name, known in zip(header, numbered(header), strict=True):
        bare = normal(name)
        found.append(name if known == bare else name + known[len(bare) :])
    return found


def _slug(name: str) -> str:
    stem = (name.rpartition(".")[0] or name).casefold()
    words = [word for word in re.findall(r"[a-z]+[a-z0-9]*|\d+", stem) if not word.isdigit()]
    return "_".join(words)[:40].strip("_")
