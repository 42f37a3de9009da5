"""A draft as a descriptor: the same TOML that ships, with a comment where a person should look."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.descriptor import Format, normal, numbered
from ecoperf_desktop.importing.known_fields import ASKED, Catalogue, KnownTable
from ecoperf_desktop.importing.suggest import ColumnDraft, Draft, lacking
from ecoperf_desktop.language import sentence
from ecoperf_desktop.store.tables import TABLES

_LEAST_HEADERS = 3
_GROUPED = {"orders": "order_no", "order_lines": "order_no", "po_lines": "po_no"}


def toml(draft: Draft, known: Catalogue) -> str:
    """Return the draft as a descriptor's text; comments are in the language of the person.

    Raise FileRefused while something that every row of the table needs is not there.
    """
    missing = lacking(draft, known)
    if missing:
        names = ", ".join(one.titles["en"] for one in missing)
        raise FileRefused("importing.suggest_lacks", file=draft.look.name, table=draft.table, columns=names)
    return "\n".join(_lines(draft, known)) + "\n"


def form(draft: Draft, known: Catalogue) -> Format:
    """Return the format that the draft is; raise FileRefused for what it lacks and MappingError for what is wrong."""
    tree = tomllib.loads(toml(draft, known))
    return descriptor.made(Path(f"{draft.id}.toml"), tree, {})


def keep(text: str, identity: str, folder: Path) -> Path:
    """Write a descriptor into the person's folder of formats under a name that is new there; return where.

    Never writes over a file: where one of that name is there, FileRefused is raised.
    """
    target = folder / f"{identity}.toml"
    draft = folder / f".{identity}.{os.getpid()}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        try:
            # A link is made whole or not at all, and never over what is there.
            os.link(draft, target)
        except FileExistsError:
            raise FileRefused("importing.suggest_exists", path=str(target)) from None
        except OSError:
            _write_new(text, target)  # a disk without links
    except OSError as problem:
        raise FileRefused("importing.suggest_cannot_write", path=str(target), problem=problem.strerror or str(problem)) from problem
    finally:
        draft.unlink(missing_ok=True)
    return target


def _write_new(text: str, target: Path) -> None:
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise FileRefused("importing.suggest_exists", path=str(target)) from None


def _lines(draft: Draft, known: Catalogue) -> Iterator[str]:
    yield "#:schema format.schema.json"
    yield f"# {_comment(sentence('importing.draft_head', file=draft.look.name))}"
    yield "[format]"
    yield f"id = {_text(draft.id)}"
    yield "version = 1"
    yield f"platform = {_text(draft.platform)}  # {_comment(sentence('importing.draft_platform'))}"
    yield f"title = {{ en = {_text(draft.title)}, zh = {_text(draft.title)} }}"
    yield 'verified = "unverified"'
    yield from _recognition(draft)
    yield from _answers(draft, known.tables[draft.table])
    for column in draft.columns:
        yield from _column(draft, column, known.tables[draft.table])
    yield from _rows(draft, known)
    yield from _left_alone(draft)


def _recognition(draft: Draft) -> Iterator[str]:
    seen = draft.look
    used = [column for column in draft.columns if column.field]
    if len(used) < _LEAST_HEADERS:
        used = [column for column in draft.columns if column.header.strip() and (column.field or not column.personal)]
    yield ""
    yield "[detect]"
    yield f"all = [{', '.join(_test(column) for column in used)}]"
    reading = []
    if seen.encoding and not seen.certain:
        reading.append(f"encodings = [{_text(seen.encoding)}]  # {_comment(sentence('importing.draft_encoding'))}")
    if seen.delimiter and seen.delimiter not in (",", ";", "\t", "|"):
        reading.append(f"delimiters = [{_text(seen.delimiter)}]")
    if seen.commented:
        reading.append('comment = "#"')
    if any(column.doubt == "order" for column in draft.columns):
        reading.append(f"# {_comment(sentence('importing.draft_order'))}")
    if reading:
        yield ""
        yield "[read]"
        yield from reading


def _answers(draft: Draft, table: KnownTable) -> Iterator[str]:
    answers = []
    taken = draft.taken
    if table.name in ("orders", "order_lines") and "paid" not in taken:
        answers.append(f'recognition_basis = "placed"  # {_comment(sentence("importing.draft_basis"))}')
    for name, value in table.assume.items():
        if value == ASKED and name not in taken:
            answers.append(f'{name} = "ask"')
    if answers:
        yield ""
        yield "[answers]"
        yield from answers


def _column(draft: Draft, column: ColumnDraft, table: KnownTable) -> Iterator[str]:
    if column.field is None:
        return
    yield ""
    if column.doubt:
        yield f"# {_comment(sentence(f'importing.draft_doubt_{column.doubt}'))}"
    yield "[[column]]"
    if _is_numbered(column):
        yield f"match = {_text(_pattern(column.header))}"
    else:
        yield f"header = [{_text(column.alias)}]"
    yield f"field = {_text(column.field)}"
    yield f"type = {_text(column.type)}"
    if column.formats and column.type in ("date", "datetime"):
        yield f"format = [{', '.join(map(_text, column.formats))}]"
    if column.values and column.type in ("enum", "flag"):
        yield f"values = {{ {', '.join(f'{_text(word)} = {_value(value)}' for word, value in column.values.items())} }}"
    if column.unit and column.type == "duration":
        yield f"unit = {_text(column.unit)}"
    if _is_required(draft, column, table):
        yield "required = true"


def _is_required(draft: Draft, column: ColumnDraft, table: KnownTable) -> bool:
    """Return whether a row without that value is no row: what the table needs, and what it is known again by."""
    assert column.field is not None
    stored = TABLES[table.name]
    one = table.fields.get(column.field)
    if one is None or one.table != table.name:
        return column.field == _GROUPED.get(table.name)
    if one.needed:
        return True
    keys = {*stored.key[:3], *([stored.day] if stored.day else [])}
    return not column.evidence.blanks and bool(keys & set(one.fills)) and column.type != "hash"


def _rows(draft: Draft, known: Catalogue) -> Iterator[str]:
    """Yield the group and the emits: the table itself, and those that the same rows fill as well."""
    table, taken, made = known.tables[draft.table], draft.taken, draft.produced
    group = _GROUPED.get(table.name)
    if group is not None and group in taken:
        yield ""
        yield "[group]"
        yield f"by = [{_text(group)}]"
    else:
        group = None
    fields = {field.name: field for field in TABLES[table.name].fields}
    days = [value for value in _days(draft, table, made) if draft.taken[made[value]].evidence.blanks]
    if days and "day" not in made and len(days) == len(_days(draft, table, made)) and fields["day"].needed:
        yield ""
        yield "[[drop]]"
        yield 'reason = "undated"'
        yield f"when = {{ blank = [{', '.join(map(_text, days))}] }}"
    if "day" in fields and fields["day"].needed and "day" not in made and not any(name in taken for name in table.days):
        yield ""
        yield "[period]"
        yield f'from = ["ask"]  # {_comment(sentence("importing.draft_period"))}'
    yield ""
    yield "[[emit]]"
    yield f"into = {_text(table.name)}"
    if group is not None and table.name == "orders":
        yield 'per = "group"'
    yield from _set(_filled(draft, table, made))
    for other in table.also:
        yield from _also(draft, known, other, group)


def _filled(draft: Draft, table: KnownTable, made: Mapping[str, str]) -> dict[str, Any]:
    """Return what the main table gets besides the columns: constants, values made of others, the day."""
    taken = draft.taken
    filled: dict[str, Any] = {}
    for one in (table.fields[name] for name in taken if name in table.fields):
        if one.table == table.name and one.makes and "table" not in one.makes:
            # What is worked out of two columns needs them both.
            filled.update({name: rule for name, rule in one.makes.items() if name not in made and _parts(rule) <= made.keys() | table.assume.keys()})
    for name, value in table.assume.items():
        if name not in made:
            filled[name] = {"answer": name} if value == ASKED else {"const": value}
    if table.variant or "variant" in table.assume:
        word = next((word for name, word in table.variant.items() if name in taken), table.assume["variant"])
        if "variant" not in made:
            filled["variant"] = {"const": word}
    stored = {field.name for field in TABLES[table.name].fields}
    days = _days(draft, table, made)
    if days and "day" in stored and "day" not in made:
        filled["day"] = {"first": days} if len(days) > 1 else days[0]
    if "unit_price" in taken and "qty" in filled and filled.get("gross"):
        filled["gross"] = "unit_price"
    return filled


def _days(draft: Draft, table: KnownTable, made: Mapping[str, str]) -> list[str]:
    """Return the days that stand in for the table's own, the first that is there."""
    return [value for name in table.days if name in draft.taken for value in made if made[value] == name and value.endswith("_day")]


def _parts(rule: object) -> set[str]:
    if isinstance(rule, dict):
        return {part for value in rule.values() if isinstance(value, list) for part in value if isinstance(part, str)}
    return {rule} if isinstance(rule, str) else set()


def _also(draft: Draft, known: Catalogue, other: str, group: str | None) -> Iterator[str]:
    table, taken, made = known.tables[draft.table], draft.taken, draft.produced
    own = [name for name in taken if name in table.fields and table.fields[name].table == other]
    stored = {field.name: field for field in TABLES[other].fields}
    values = [value for value in made if value in stored]
    filled: dict[str, Any] = {}
    lines = ["", "[[emit]]", f"into = {_text(other)}"]
    if table.name == "orders" and other == "order_lines":
        amount = table.fields["amount"]
        if "amount" not in taken or not amount.makes:
            return
        lines.append('per = "group"')
        values = [value for value in values if value in ("order_no", "shop", "discount", "tax_in_price", "cost")]
        filled = {name: rule if isinstance(rule, str) else {"const": rule} for name, rule in amount.makes.items() if name != "table"}
    elif table.name == "orders" and other == "shipments":
        days = [value for name in ("handed", "first_scan", "delivered") if name in taken for value in made if made[value] == name and value.endswith("_day")]
        if not own or not ({"shipment_no", "handed", "delivered", "day"} & set(own)):
            return
        lines.append('per = "group"')
        values = [value for value in values if made[value] in own or value in ("order_no", "shop", "region")]
        if "shipment_no" not in taken:
            filled["shipment_no"] = "order_no"
        if days and "day" not in made:
            filled["day"] = {"first": days} if len(days) > 1 else days[0]
        sent = [value for name in ("handed", "day", "shipment_no", "delivered") if name in own for value in made if made[value] == name and value in stored]
        lines.append(f"when = {{ present = {_text(sent[0])} }}")
    elif other == "product_title":
        if not {"title", "sku"} <= taken.keys():
            return
        lines.append('when = { present = "title" }')
        values = ["sku", "title"]
    else:
        if not own or any(field.needed and field.name not in values for field in stored.values()):
            return
        if group is not None:
            lines.append('per = "group"')
    lines.append(f"fields = [{', '.join(map(_text, values))}]")
    yield from lines
    yield from _set(filled)


def _set(filled: Mapping[str, Any]) -> Iterator[str]:
    for name, rule in filled.items():
        yield f"set.{name} = {_value(rule)}"


def _left_alone(draft: Draft) -> Iterator[str]:
    alone = [column.header for column in draft.columns if column.field is None and column.header.strip() and not column.personal]
    personal = [column.header for column in draft.columns if column.field is None and column.header.strip() and column.personal]
    if alone or personal:
        yield ""
    if alone:
        yield f"# {_comment(sentence('importing.draft_unused', columns=', '.join(alone)))}"
    if personal:
        yield f"# {_comment(sentence('importing.draft_personal', columns=', '.join(personal)))}"


def _test(column: ColumnDraft) -> str:
    """Return a column as an entry of detect."""
    if _is_numbered(column) or column.header.startswith(("@", "re:")):
        return _text(f"re:{_pattern(normal(column.header))}")
    return _text(column.alias)


def _is_numbered(column: ColumnDraft) -> bool:
    """Return whether a header ends as if it were a repeated one (``Order #1``) and is none."""
    return column.alias == column.header and re.search(r"#\d+\s*$", column.header) is not None and "#" in numbered([column.header])[0]


def _pattern(header: str) -> str:
    return "^" + re.escape(" ".join(header.split())).replace(r"\ ", " ") + "$"


def _text(text: str) -> str:
    # JSON's escapes are those of TOML, but for one sign.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(value) if isinstance(value, str) else str(value)


def _comment(text: str) -> str:
    """Return a comment on one line, whatever a header holds."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
