"""The first rows of a file as they would be stored, without storing them: the preview of a draft, and of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.answers import asked
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.examples import shown_rows
from ecoperf_desktop.importing.known_fields import filled_by
from ecoperf_desktop.importing.prepare import Prepared, findings_of, prepare
from ecoperf_desktop.importing.split import TableReader
from ecoperf_desktop.importing.text import Block
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Answers
from ecoperf_desktop.model.money import exponent

READ = 300  # records
SHOWN = 8  # rows a table


@dataclass(frozen=True)
class StoredRows:
    """The first rows of one table, as texts; ``count`` is how many there are among those that were read."""

    table: str
    fields: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    count: int


@dataclass(frozen=True)
class Trial:
    """What the first records become.  ``question`` is the key whose answer is still needed, ``problem`` why nothing would be stored."""

    tables: tuple[StoredRows, ...] = ()
    read: int = 0
    dropped: int = 0
    rejected: int = 0
    findings: tuple[Finding, ...] = ()
    problem: FileRefused | None = None
    question: str | None = None


def tried(member: Member, form: Format, source: str, settings: Mapping[str, str], known: Answers | None) -> Trial:
    """Read the first records of a file by a format and say what they become; what is wrong is in the answer."""
    try:
        recognised = Detector([form]).recognise(member, settings, form)[0]
        try:
            table = recognised.table
            short = replace(recognised, table=replace(table, open=lambda: _Opening(table.open())))
            with ThreadPoolExecutor(1) as compressor:
                made = prepare(member, short, source, settings, known, compressor, lambda _: None)
        finally:
            recognised.close()
    except FileRefused as problem:
        return Trial(findings=findings_of(problem)[1:], problem=problem, question=asked(problem))
    return Trial(stored(made, hidden="•••"), made.read, sum(made.dropped.values()), made.rejected, tuple(made.findings))


def stored(made: Prepared, *, hidden: str) -> tuple[StoredRows, ...]:
    """Return the first rows of each table that a file becomes; what is kept as a keyed hash is shown as ``hidden``."""
    secret = {rule.field for rule in made.form.columns if rule.type == "hash"}
    hashed = {target for field, targets in filled_by(made.form).items() if field in secret for target in targets}
    places = exponent(made.head.answers.currency or "EUR")
    found: dict[str, list[dict[str, str]]] = {}
    counts: dict[str, int] = {}
    for stretch in made.stretches or ():
        for asserted in stretch.tables:
            rows = found.setdefault(asserted.table, [])
            counts[asserted.table] = counts.get(asserted.table, 0) + len(asserted)
            if len(rows) < SHOWN:
                rows.extend(shown_rows(asserted, places)[: SHOWN - len(rows)])
    tables = []
    for name, rows in found.items():
        fields = tuple(dict.fromkeys(field for row in rows for field in row))
        # A person's own is hidden wherever it went.
        texts = tuple(tuple(hidden if row.get(field) and ((name, field) in hashed or field in ("buyer", "person")) else row.get(field, "") for field in fields) for row in rows)
        tables.append(StoredRows(name, fields, texts, counts[name]))
    return tuple(tables)


class _Opening(TableReader):
    """The first records of another reader's table."""

    def __init__(self, whole: TableReader) -> None:
        super().__init__(whole.header, whole.preamble, whole.encoding, whole.delimiter, whole.file)
        self._whole = whole

    def blocks(self) -> Iterator[Block]:
        left = READ
        reading = self._whole.blocks()
        try:
            for block in reading:
                yield _first(block, left)
                left -= len(block)
                if left <= 0:
                    break
        finally:
            closing = getattr(reading, "close", None)
            if closing is not None:
                closing()
        last = READ if left <= 0 else None
        self.findings = [one for one in self._whole.findings if last is None or one.record is None or one.record <= last]
        self.dropped, self.rejected = self._whole.dropped, len([one for one in self.findings if one.severity == "error"])
        self.records = min(self._whole.records, READ) if last else self._whole.records


def _first(block: Block, count: int) -> Block:
    if len(block) <= count:
        return replace(block, raw=None)
    rows = np.arange(count)
    lines = None if block.lines is None else block.lines[:count]
    columns = tuple(cells.take(rows) for cells in block.columns)
    return Block(block.first_record, lines, columns, block.records[:count], count)
