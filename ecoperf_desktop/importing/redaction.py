"""What looks personal in free text is taken out before anything of it is stored, by the field it fills.

Columns that hold persons' data are not mapped, or hashed; what is left is text that people wrote.  Texts that shoppers wrote lose everything that
looks personal; web addresses lose e-mail addresses and phones in their query; all other words lose e-mail
addresses, and people of the shop keep what stands before the ``@`` as their name.  The kept raw text is treated the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from ecoperf_desktop.importing.binding import Bound
from ecoperf_desktop.importing.convert import mapped
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.importing.expression import fields_of
from ecoperf_desktop.model.columns import Coded, Column
from ecoperf_desktop.store import personal
from ecoperf_desktop.store.tables import FREE_TEXT, WEB_ADDRESSES, Field

Change: TypeAlias = "Callable[[str], str]"

_REMEMBERED = 100_000
# Kept as a keyed hash only, or ids of which there are too many to look at and none is an address.
_PASSED_OVER = frozenset({"buyer", "person", "order_no", "sku", "line_no", "currency"})


def of_field(table: str, field: Field) -> Change | None:
    """Return what takes the personal out of a field's text, None where it holds no text."""
    if field.kind not in ("text", "ref") or field.name in _PASSED_OVER:
        return None
    if (table, field.name) in FREE_TEXT:
        return personal.redacted
    if (table, field.name) in WEB_ADDRESSES:
        return personal.redacted_address
    if field.refers == "staff" or table == "staff":
        return personal.without_domain
    return _without_email


_without_email: Change = partial(personal.redacted, kinds=frozenset({"email"}))


class Redaction:
    """Takes the personal out of columns; words that were clean are not looked at again."""

    def __init__(self) -> None:
        self._clean: dict[Change, set[str]] = {}

    def column(self, table: str, field: Field, column: Column) -> Column:
        """Return the column that fills a field, without what looks personal."""
        change = of_field(table, field)
        if change is None or not isinstance(column, Coded):
            return column
        clean = self._clean.setdefault(change, set())
        fresh = [word for word in column.words if word not in clean]
        if not fresh:
            return column
        if _may_hold(change, "\n".join(fresh)) and any(change(word) != word for word in fresh):
            return mapped(column, change)
        if len(clean) > _REMEMBERED:
            clean.clear()
        clean.update(fresh)
        return column


def of_columns(form: Format, bound: Bound) -> dict[int, Change]:
    """Return, by place in the file, what the raw text of columns loses beyond e-mail addresses: those of free text."""
    sets = dict(form.sets)
    changes: dict[int, Change] = {}
    for emit in form.emits:
        for field in emit.table.fields:
            change = of_field(emit.into, field)
            if field.name not in emit.fills or change not in (personal.redacted, personal.redacted_address):
                continue
            for name in _columns_behind(emit.fills[field.name], sets):
                if name in bound.places and bound.places[name][1].type == "text":
                    changes.setdefault(bound.places[name][0], change)
    return changes


def _columns_behind(node: object, sets: Mapping[str, object]) -> set[str]:
    """Return the columns that an expression is made of, through what the format sets."""
    found: set[str] = set()
    waiting = set(fields_of(node))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name in sets:
                waiting |= fields_of(sets[name])
    return found


def _may_hold(change: Change, text: str) -> bool:
    return "@" in text or "%40" in text if change not in (personal.redacted, personal.redacted_address) else True
