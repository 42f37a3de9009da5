"""The field catalogue: what the fields of our tables are called in two languages and in the headers of other programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ecoperf_desktop import paths
from ecoperf_desktop.declarations import declared
from ecoperf_desktop.importing.convert import folded
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.importing.expression import Name
from ecoperf_desktop.importing.likeness import Spelled, alike, spelled
from ecoperf_desktop.store.tables import TABLES, Field

ASKED = "?"  # an assumed value that is asked once a source instead
_TYPES = {
    "int": "integer", "money": "money", "cost_e4": "money", "real": "number", "day": "date", "ts": "datetime", "flag": "flag", "text": "text",
    "ref": "text",
}  # fmt: skip


@dataclass(frozen=True)
class KnownField:
    """One thing a column can be.

    ``name`` is what a descriptor calls it: a day or an instant without ``_day`` and ``_ts``.  ``fills`` are the fields of
    ``table`` that it becomes, nothing for a working value, whose ``makes`` says what is made of it.
    """

    table: str
    name: str
    titles: Mapping[str, str]
    type: str
    names: tuple[Spelled, ...]
    fills: tuple[str, ...] = ()
    needed: bool = False
    makes: Mapping[str, Any] | None = None
    words: Mapping[str, str] | None = None

    def likeness(self, header: Spelled) -> float:
        """Return how well a header names this field."""
        return max((alike(header, name) for name in self.names), default=0.0)

    @property
    def has_instant(self) -> bool:
        return any(name == "ts" or name.endswith("_ts") for name in self.fills)

    @property
    def has_day(self) -> bool:
        return any(name == "day" or name.endswith("_day") for name in self.fills)


@dataclass(frozen=True)
class KnownTable:
    """One table and its fields, those of the tables that the same row fills as well (``also``) behind its own."""

    name: str
    titles: Mapping[str, str]
    words: frozenset[str]
    key: tuple[str, ...]
    must: tuple[str, ...]
    also: tuple[str, ...]
    days: tuple[str, ...]
    assume: Mapping[str, Any]
    variant: Mapping[str, str]
    fields: Mapping[str, KnownField]
    is_minor: bool = False


@dataclass(frozen=True)
class Catalogue:
    """All tables; ``buyers`` are headers that may only become the buyer's hash, ``never`` those that are never suggested."""

    tables: Mapping[str, KnownTable]
    buyers: tuple[Spelled, ...]
    never: tuple[Spelled, ...]

    def with_headers(self, formats: Iterable[Format]) -> Catalogue:
        """Return the catalogue with the headers and the words that formats know for the fields they fill."""
        names: dict[tuple[str, str], dict[Spelled, None]] = {}
        words: dict[tuple[str, str], dict[str, str]] = {}
        for form in formats:
            targets = filled_by(form)
            for rule in form.columns:
                for target in targets.get(rule.field, ()):
                    names.setdefault(target, {}).update(dict.fromkeys(spelled(alias) for alias in rule.aliases))
                    if rule.type in ("enum", "flag"):
                        known = words.setdefault(target, {})
                        for word, value in rule.values.items():
                            known.setdefault(folded(word), value)
        tables = {}
        for table in self.tables.values():
            fields = {}
            for name, known_field in table.fields.items():
                target = (known_field.table, name)
                more = tuple(alias for alias in names.get(target, ()) if alias not in known_field.names)
                fields[name] = replace(known_field, names=(*known_field.names, *more), words=words.get(target) or known_field.words)
            tables[table.name] = replace(table, fields=fields)
        return replace(self, tables=tables)


def filled_by(form: Format) -> dict[str, set[tuple[str, str]]]:
    """Return which fields of which tables each column of a format fills as it stands, by the column's field."""
    made = {value: rule.field for rule in form.columns for value in rule.produces}
    found: dict[str, set[tuple[str, str]]] = {}
    for emit in form.emits:
        kinds = {one.name: one for one in emit.table.fields}
        for name, expression in emit.fills.items():
            if isinstance(expression, Name) and expression.name in made:
                found.setdefault(made[expression.name], set()).add((emit.into, plain_name(kinds[name], emit.into)))
    return found


def plain_name(field: Field, table: str) -> str:
    """Return what a column that fills a field is called."""
    if field.kind not in ("day", "ts"):
        return field.name
    names = {one.name for one in TABLES[table].fields}
    if field.name == "ts" or (field.name == "day" and "ts" in names):
        return "at"
    if field.name in ("day", "last_day", "first_day"):
        return field.name
    return field.name.removesuffix("_day").removesuffix("_ts")


@cache
def catalogue() -> Catalogue:
    """Return the catalogue as it ships."""
    tree = declared(paths.resources() / "fields.toml")
    fields: Mapping[str, Any] = tree["field"]
    own = {name: _own_fields(name, section.get("field", {}), fields) for name, section in tree["table"].items()}
    tables = {}
    for name, section in tree["table"].items():
        needs = set(section.get("needs", ()))
        known = {field: replace(one, needed=one.needed or field in needs) for field, one in own[name].items()}
        hidden = set(section.get("hide", ()))
        for other in section.get("also", ()):
            for field_name, one in own[other].items():
                if field_name not in hidden:
                    known.setdefault(field_name, one)
        tables[name] = KnownTable(
            name=name,
            titles={"en": section["en"], "zh": section["zh"]},
            words=frozenset(section.get("words", ())),
            key=tuple(section.get("key", ())),
            must=tuple(section.get("must", ())),
            also=tuple(section.get("also", ())),
            days=tuple(section.get("days", ())),
            assume=section.get("assume", {}),
            variant=section.get("variant", {}),
            fields=known,
            is_minor=bool(section.get("minor", False)),
        )
    personal = tree["personal"]
    return Catalogue(tables, tuple(map(spelled, personal["buyer"])), tuple(map(spelled, personal["never"])))


def _own_fields(table: str, here: Mapping[str, Any], everywhere: Mapping[str, Any]) -> dict[str, KnownField]:
    made: dict[str, KnownField] = {}
    for field in TABLES[table].fields:
        name = plain_name(field, table)
        before = made.get(name)
        if before is not None:
            made[name] = replace(before, fills=(*before.fills, field.name), needed=before.needed or field.needed)
            continue
        words = here.get(name) or everywhere[name]
        made[name] = _known(table, name, words, words.get("type") or _TYPES[field.kind], (field.name,), field.needed)
    for name, words in here.items():
        if name not in made:
            made[name] = _known(table, name, words, words["type"], (), False)
    return made


def _known(table: str, name: str, words: Mapping[str, Any], kind: str, fills: tuple[str, ...], needed: bool) -> KnownField:
    names = dict.fromkeys(spelled(text) for text in (name.replace("_", " "), words["en"], words["zh"], *words["names"]))
    return KnownField(table, name, {"en": words["en"], "zh": words["zh"]}, kind, tuple(names), fills, needed, words.get("makes"))
