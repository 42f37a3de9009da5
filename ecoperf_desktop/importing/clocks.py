"""How imported files write their moments, found again from their kept raw text: what a change of zone has to know."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zlib
from collections.abc import Sequence

import numpy as np

from ecoperf_desktop.importing import times
from ecoperf_desktop.importing.binding import bind
from ecoperf_desktop.importing.descriptor import ColumnRule, Format
from ecoperf_desktop.importing.shelf import shipped
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.store.clocks import Clock


def clocks_of(conn: sqlite3.Connection, source: str) -> dict[int, Clock]:
    """Return how each active import of a source writes its moments, by the formats at hand."""
    query = "SELECT DISTINCT i.format FROM imports i JOIN source s USING(source_id) WHERE s.name = ? AND i.state = 'active'"
    used = {form_id for (form_id,) in conn.execute(query, (source,))}
    at_hand = shipped()
    return clocks(conn, source, [at_hand[place] for place, outlined in enumerate(at_hand.outlines) if outlined.id in used])


def clocks(conn: sqlite3.Connection, source: str, formats: Sequence[Format]) -> dict[int, Clock]:
    """Return how each active import of a source writes its moments.

    An import is left out where that is not known: its format is another by now or not at hand, a column of moments was not
    kept, some moments state their distance from UTC and others do not, or days are made of something else than
    columns.
    """
    found: dict[int, Clock] = {}
    by_id = {form.id: form for form in formats}
    for import_id, form_id, mapping_hash, header, hidden, delimiter in conn.execute(
        "SELECT i.import_id, i.format, i.mapping_hash, i.header, i.hidden, i.delimiter FROM imports i JOIN source s USING(source_id) "
        "WHERE s.name = ? AND i.state = 'active'",
        (source,),
    ).fetchall():
        form = by_id.get(form_id)
        if form is None or form.mapping_hash != mapping_hash or _makes_days_otherwise(form):
            continue
        clock = _clock(conn, import_id, form, json.loads(header), set(json.loads(hidden)), delimiter or ",")
        if clock is not None:
            found[import_id] = clock
    return found


def _makes_days_otherwise(form: Format) -> bool:
    """Say whether a format makes days of the file's age, or cuts moments out of other texts."""
    made = repr((form.sets, form.emits))
    return "as_of" in made or "datetime" in made


def _clock(conn: sqlite3.Connection, import_id: int, form: Format, header: Sequence[str], hidden: set[str], delimiter: str) -> Clock | None:
    kept = [place for place, name in enumerate(header) if name not in hidden]
    wanted: list[tuple[int, ColumnRule]] = []
    stated: set[bool] = set()
    for place, rule in bind(form, header).places.values():
        if rule.type != "datetime":
            continue
        if rule.tz is not None:
            stated.add(True)
        elif place in kept:
            wanted.append((kept.index(place), rule))
        else:
            return None
    if not wanted and not stated:
        return "dates"
    for (packed,) in conn.execute("SELECT text FROM raw_block WHERE import_id = ? ORDER BY first_record", (import_id,)):
        text = zlib.decompress(packed).decode("utf-8", "replace")
        records = [one for one in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False) if one]
        for place, rule in wanted:
            read, _ = times.read_times(
                Cells.of([one[place] if place < len(one) else "" for one in records]), rule.formats or times.USUAL,
                nothing=times.NO_DATE | {*form.read.null, *rule.null},
            )  # fmt: skip
            there = read.offset if read.missing is None else read.offset[~read.missing]
            stated.update(np.unique(there != times._NO_OFFSET).tolist())
    if stated == {True, False}:
        return None
    return "stated" if stated == {True} else "local"
