"""Of several imports that speak of a row the newest wins, field by field."""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ecoperf_desktop.store import rows
from ecoperf_desktop.store.rows import Shape, Stored

UNCHANGED, CHANGED, NEW = 1, 2, 3
_AT_ONCE = 5_000

_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Fact: TypeAlias = "dict[str, Stored]"


@dataclass(frozen=True)
class Assertion:
    """What one import says about one row: stored values by field."""

    import_id: int
    record: int
    says: Fact


@dataclass(frozen=True)
class Change:
    """A stored row before and after, by column; ``before`` is None where nothing was asserted yet.

    ``restates`` says that another import had spoken of the row before, ``again`` that this one had.
    """

    row_id: int
    before: Fact | None
    after: Fact
    restates: bool = False
    again: bool = False


@dataclass
class Settled:
    """For each row what became of it, and the rows that are not what they were."""

    levels: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Fold:
    """Keeps the facts the fold of what the active imports assert.

    A row that one import asserts is that assertion itself; once a second import
    speaks of it, every assertion stands in ``held``.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._rank: dict[int, tuple[int, int]] = {}
        self._fields: dict[tuple[int, str], tuple[str, ...]] = {}
        self._sources: dict[int | None, int | None] = {}

    def rank(self, import_id: int) -> tuple[int, int]:
        """Return what imports are ordered by: as-of, then id; the largest wins."""
        if import_id not in self._rank:
            query = "SELECT as_of, import_id FROM imports WHERE import_id = ?"
            as_of, number = self._conn.execute(query, (import_id,)).fetchone()
            self._rank[import_id] = (as_of, number)
        return self._rank[import_id]

    def fields(self, import_id: int, table: str) -> tuple[str, ...]:
        """Return the fields that the import speaks about wherever ``held`` does not say otherwise."""
        key = (import_id, table)
        if key not in self._fields:
            query = "SELECT fields FROM import_fields WHERE import_id = ? AND table_name = ?"
            row = self._conn.execute(query, key).fetchone()
            self._fields[key] = tuple(json.loads(row[0])) if row else ()
        return self._fields[key]

    def declare(self, import_id: int, table: str, fields: Sequence[str]) -> bool:
        """Note what the import speaks about; say whether ``fields`` is what it always speaks about."""
        if known := self.fields(import_id, table):
            return set(known) == set(fields)
        self._fields[import_id, table] = tuple(fields)
        self._conn.execute(
            "INSERT INTO import_fields(import_id, table_name, fields) VALUES (?, ?, ?)",
            (import_id, table, json.dumps(list(fields))),
        )
        return True

    def settle(
        self,
        shape: Shape,
        import_id: int,
        fields: Sequence[str],
        ids: Sequence[int],
        records: Sequence[int],
        asserted: Iterable[Sequence[Stored]],
    ) -> Settled:
        """Let ``import_id`` speak about stored rows: each id once, ``asserted`` a row of ``fields`` each."""
        usual = self.declare(import_id, shape.name, fields)
        facts = self._facts(shape, ids)
        held = self._held(shape, ids)
        settled = Settled()
        to_hold: list[tuple[int, Assertion]] = []
        to_write: list[tuple[int, Assertion]] = []
        to_own: list[tuple[int, int, int]] = []
        for row_id, record, spoken in zip(ids, records, asserted, strict=True):
            stored = facts[row_id]
            mine = Assertion(import_id, record, dict(zip(fields, spoken, strict=True)))
            assertions = held.get(row_id, [])
            restates, again = stored.import_id is not None and stored.import_id != import_id, False
            if not assertions and stored.import_id is None:
                if not usual:
                    to_hold.append((row_id, mine))
                after = mine
            elif not assertions and stored.import_id == import_id:
                merged = {name: stored.says[name] for name in self.fields(import_id, shape.name)} | mine.says
                after = Assertion(import_id, record, merged)
                if len(merged) != len(self.fields(import_id, shape.name)):
                    to_hold.append((row_id, after))
            elif not assertions and (implied := self._implied(shape, stored)).says == mine.says:
                # Said before in the same words, which is how most rows of overlapping files are.
                mine = Assertion(import_id, record, implied.says)
                to_hold += [(row_id, implied), (row_id, mine)]
                settled.levels.append(UNCHANGED)
                if self.rank(import_id) > self.rank(implied.import_id):
                    to_own.append((import_id, record, row_id))
                    self._note_source(shape, settled, row_id, stored, import_id)
                continue
            else:
                if not assertions:
                    assertions = [self._implied(shape, stored)]
                    to_hold.append((row_id, assertions[0]))
                earlier = next((one.says for one in assertions if one.import_id == import_id), {})
                again = any(one.import_id == import_id for one in assertions)
                restates = any(one.import_id != import_id for one in assertions)
                mine = Assertion(import_id, record, earlier | mine.says)
                to_hold.append((row_id, mine))
                after = self.folded([one for one in assertions if one.import_id != import_id] + [mine])
            before = None if stored.import_id is None else stored.says
            settled.levels.append(
                self._note(shape, settled, row_id, before, after, restates=restates, again=again)
            )
            if settled.levels[-1] != UNCHANGED:
                to_write.append((row_id, after))
            elif (after.import_id, after.record) != (stored.import_id, stored.record):
                to_own.append((after.import_id, after.record, row_id))
                self._note_source(shape, settled, row_id, stored, after.import_id)
        self.hold(shape, to_hold)
        self.write(shape, to_write)
        self._own(shape, to_own)
        return settled

    def withdraw(self, shape: Shape, import_id: int) -> Iterator[list[Change]]:
        """Take back what the import says of rows that others speak of too; yield the rows that changed, in parts.

        Rows that only this import speaks of are left as they are, and so is what ``held`` says of them.
        """
        spoken = self._conn.execute(
            "SELECT row_id FROM held h WHERE import_id = ? AND table_name = ? AND EXISTS (SELECT 1 FROM held o "
            "WHERE o.table_name = h.table_name AND o.row_id = h.row_id AND o.import_id <> h.import_id)",
            (import_id, shape.name),
        ).fetchall()
        for start in range(0, len(spoken), _AT_ONCE):
            yield self._withdrawn(shape, import_id, [row[0] for row in spoken[start : start + _AT_ONCE]])

    def _withdrawn(self, shape: Shape, import_id: int, ids: Sequence[int]) -> list[Change]:
        facts = self._facts(shape, ids)
        held = self._held(shape, ids)
        settled = Settled()
        to_write: list[tuple[int, Assertion]] = []
        to_own: list[tuple[int, int, int]] = []
        released: list[tuple[str, int]] = []
        taken_back: list[tuple[str, int, int]] = []
        usual: dict[int, set[str]] = {}
        for row_id in ids:
            rest = [one for one in held[row_id] if one.import_id != import_id]
            after = rest[0] if len(rest) == 1 else self.folded(rest)
            if self._note(shape, settled, row_id, facts[row_id].says, after) == UNCHANGED:
                to_own.append((after.import_id, after.record, row_id))
                self._note_source(shape, settled, row_id, facts[row_id], after.import_id)
            else:
                to_write.append((row_id, after))
            if after.import_id not in usual:
                usual[after.import_id] = set(self.fields(after.import_id, shape.name))
            if len(rest) == 1 and after.says.keys() == usual[after.import_id]:
                released.append((shape.name, row_id))
            else:
                taken_back.append((shape.name, row_id, import_id))
        self._conn.executemany(
            "DELETE FROM held WHERE table_name = ? AND row_id = ? AND import_id = ?", taken_back
        )
        self._conn.executemany("DELETE FROM held WHERE table_name = ? AND row_id = ?", released)
        self.write(shape, to_write)
        self._own(shape, to_own)
        return settled.changes

    def hold(self, shape: Shape, held: Iterable[tuple[int, Assertion]]) -> None:
        """Keep assertions by their rows' ids, instead of what the same import said of the row before."""
        self._conn.executemany(
            "INSERT OR REPLACE INTO held(table_name, row_id, import_id, record, asserted) VALUES (?, ?, ?, ?, ?)",
            _as_rows(shape.name, held),
        )

    def write(self, shape: Shape, facts: Sequence[tuple[int, Assertion]]) -> None:
        """Make the rows say what is given and nothing else."""
        assignments = ", ".join(f"{column} = ?" for column in (*shape.columns, "import_id", "record"))
        self._conn.executemany(
            f"UPDATE {shape.name} SET {assignments} WHERE {shape.id_column} = ?",
            (
                (*(one.says.get(name) for name in shape.fields), one.import_id, one.record, row_id)
                for row_id, one in facts
            ),
        )

    def _own(self, shape: Shape, owners: Sequence[tuple[int, int, int]]) -> None:
        """Let rows that say what they said bear the import and record that say it now."""
        self._conn.executemany(
            f"UPDATE {shape.name} SET import_id = ?, record = ? WHERE {shape.id_column} = ?", owners
        )

    def folded(self, assertions: Iterable[Assertion]) -> Assertion:
        """Return what the assertions say together; it bears the name of the newest."""
        says: Fact = {}
        newest: Assertion | None = None
        for newest in sorted(assertions, key=lambda one: self.rank(one.import_id)):
            says = says | newest.says
        if newest is None:
            raise ValueError("nothing to fold")
        return Assertion(newest.import_id, newest.record, says)

    def _implied(self, shape: Shape, stored: _Stored) -> Assertion:
        """Return the assertion that the fact itself is."""
        assert stored.import_id is not None and stored.record is not None
        spoken = self.fields(stored.import_id, shape.name)
        return Assertion(stored.import_id, stored.record, {name: stored.says[name] for name in spoken})

    def _note(
        self, shape: Shape, settled: Settled, row_id: int, before: Fact | None, after: Assertion, *,
        restates: bool = False, again: bool = False,
    ) -> int:  # fmt: skip
        now = {name: after.says.get(name) for name in shape.fields}
        if before == now:
            return UNCHANGED
        settled.changes.append(
            Change(
                row_id,
                None if before is None else _by_column(shape, before),
                _by_column(shape, now),
                restates,
                again,
            )
        )
        return NEW if before is None else CHANGED

    def _note_source(self, shape: Shape, settled: Settled, row_id: int, stored: _Stored, owner: int) -> None:
        """Note an order that another source speaks for now: it is recognised by that source's rule."""
        if shape.name == "orders" and self._source(stored.import_id) != self._source(owner):
            same = _by_column(shape, stored.says)
            settled.changes.append(Change(row_id, same, same))

    def _source(self, import_id: int | None) -> int | None:
        if import_id not in self._sources:
            row = self._conn.execute(
                "SELECT source_id FROM imports WHERE import_id = ?", (import_id,)
            ).fetchone()
            self._sources[import_id] = row[0] if row else None
        return self._sources[import_id]

    def _facts(self, shape: Shape, ids: Sequence[int]) -> dict[int, _Stored]:
        columns = ", ".join([shape.id_column, "import_id", "record", *shape.columns])
        return {
            row[0]: _Stored(row[1], row[2], dict(zip(shape.fields, row[3:], strict=True)))  # type: ignore[misc,arg-type]
            for row in rows.select_by(self._conn, columns, shape.name, shape.id_column, ids)
        }

    def _held(self, shape: Shape, ids: Sequence[int]) -> dict[int, list[Assertion]]:
        held: dict[int, list[Assertion]] = {}
        mine = f"table_name = '{shape.name}'"
        for row_id, import_id, record, asserted in rows.select_by(
            self._conn, "row_id, import_id, record, asserted", "held", "row_id", ids, mine
        ):
            held.setdefault(int(row_id), []).append(  # type: ignore[arg-type]
                Assertion(int(import_id), int(record), json.loads(str(asserted)))  # type: ignore[arg-type]
            )
        return held


@dataclass(frozen=True)
class _Stored:
    import_id: int | None
    record: int | None
    says: Fact


def _by_column(shape: Shape, fact: Mapping[str, Stored]) -> Fact:
    return {column: fact[name] for name, column in zip(shape.fields, shape.columns, strict=True)}


def _as_rows(table: str, held: Iterable[tuple[int, Assertion]]) -> Iterator[tuple[str, int, int, int, str]]:
    written: Fact | None = None
    text = ""
    for row_id, one in held:
        if one.says is not written:  # two imports often share their words
            written, text = one.says, _written(one.says)
        yield table, row_id, one.import_id, one.record, text
