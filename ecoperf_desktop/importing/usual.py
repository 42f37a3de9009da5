"""Which columns a file of a format usually has, so that one which lacks some is not worked out otherwise in silence.

A format's examples show its generations.  A file whose columns are those of some example is usual; of any other file
is said what the nearest example has besides, as far as amounts, days, keys or rules are made of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.binding import Bound, bind
from ecoperf_desktop.importing.descriptor import Example, Format, numbered
from ecoperf_desktop.importing.expression import Name, fields_of


def absent_columns(form: Format, bound: Bound) -> tuple[str, ...]:
    """Return the columns, as the nearest example writes them, whose absence changes what the file's rows become."""
    headers = frozenset(numbered(bound.header))
    nearest: tuple[float, Bound] | None = None
    examples, deciding = _usual(form)
    for shown in examples:
        others = frozenset(numbered(shown.header))
        likeness = len(others & headers) / len(others | headers)
        if nearest is None or likeness > nearest[0]:
            nearest = (likeness, shown)
    if nearest is None:
        return ()
    names, usual = numbered(bound.header), numbered(nearest[1].header)
    absent = []
    for field, (place, _) in nearest[1].places.items():
        if field in bound.places:
            # Another column, which the example has besides, may stand in for it.
            stands_in = names[bound.places[field][0]]
            differs = stands_in != usual[place] and stands_in in usual
        else:
            differs = field in deciding
        if differs:
            absent.append(nearest[1].header[place])
    return tuple(absent)


_met: dict[str, tuple[tuple[Bound, ...], frozenset[str]]] = {}


def _usual(form: Format) -> tuple[tuple[Bound, ...], frozenset[str]]:
    """Return a format's examples and deciding columns, worked out once for each descriptor's text."""
    if form.mapping_hash not in _met:
        _met[form.mapping_hash] = tuple(_shown(form)), _deciding(form)
    return _met[form.mapping_hash]


def _deciding(form: Format) -> frozenset[str]:
    """Return the columns of which something is worked out, or that take part in a rule, a key or a day."""
    read: set[str] = {*form.group.by}
    for node in (*(node for _, node in form.sets), *(drop.when for drop in form.drops)):
        read |= fields_of(node)
    for emit in form.emits:
        read |= fields_of(emit.when) | {*emit.distinct}
        keys = {name for key in emit.table.identities for name in (*key.fields, *key.needs)} | {*emit.table.block, emit.table.day or ""}
        for field, node in emit.fills.items():
            names = fields_of(node)
            if not isinstance(node, Name) or field in keys:
                read |= names
    made = {value: rule.field for rule in form.columns for value in rule.produces}
    return frozenset(made.get(name, name) for name in read)


def _shown(form: Format) -> Iterator[Bound]:
    """Yield how each example's header is bound."""
    for example in form.examples:
        best: Bound | None = None
        for cells in _first_rows(form, example):
            bound = bind(form, cells)
            if not bound.lacking and (best is None or len(bound.places) > len(best.places)):
                best = bound
        if best is not None:
            yield best


def _first_rows(form: Format, example: Example) -> Iterator[Sequence[str]]:
    if example.rows is not None:
        yield from example.rows[: limits.HEADER_ROWS]
        return
    lines = (example.input or "").removeprefix("\ufeff").splitlines(keepends=True)[: limits.HEADER_ROWS]
    for delimiter in form.read.delimiters:
        text = io.StringIO("".join(lines), newline="")
        yield from csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if form.read.quoting else csv.QUOTE_NONE)
