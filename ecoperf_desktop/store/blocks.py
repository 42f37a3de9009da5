"""Rows that belong to the newest import that speaks of their block; the others' rows rest."""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Column, Int64, Numbers
from ecoperf_desktop.store import rows
from ecoperf_desktop.store.derive import touch
from ecoperf_desktop.store.fold import CHANGED, NEW, UNCHANGED, Fold
from ecoperf_desktop.store.restatements import Recorder
from ecoperf_desktop.store.rows import Shape, Stored
from ecoperf_desktop.store.touched import Touched


@dataclass(frozen=True)
class _Block:
    """One block: its columns' values, and the text it is known by."""

    shape: Shape
    source_id: int
    bounds: tuple[Stored, ...]

    @property
    def key(self) -> str:
        return rows.block_key(self.source_id, self.bounds)

    @classmethod
    def read(cls, shape: Shape, key: str) -> _Block:
        source_id, *bounds = json.loads(key)
        return cls(shape, source_id, tuple(bounds))


class Blocks:
    """Puts one import's blocks in place."""

    def __init__(
        self, conn: sqlite3.Connection, fold: Fold, import_id: int, source_id: int, touched: Touched, restated: Recorder | None = None
    ) -> None:
        self._conn = conn
        self._fold = fold
        self._import_id = import_id
        self._source_id = source_id
        self._dirty = touched.dirty
        self._traded = touched.traded
        self._restated = restated

    def put(self, shape: Shape, stored: dict[str, Column], records: Int64) -> NDArray[np.uint8]:
        """Store the rows, live or resting; return what became of each."""
        self._fold.declare(self._import_id, shape.name, tuple(stored))
        count = len(records)
        if "last_day" in shape.fields:
            stored["last_day"] = _last_days(stored["day"], stored.get("last_day"), count)
        listed = {name: rows.values(column) for name, column in stored.items()}
        spoken = list(zip(*(listed.get(name) or [None] * count for name in shape.fields), strict=True))
        groups: dict[tuple[Stored, ...], list[int]] = {}
        for index, bounds in enumerate(
            zip(*(listed.get(n) or [None] * count for n in shape.table.block), strict=True)
        ):
            groups.setdefault(bounds, []).append(index)
        blocks = {_Block(shape, self._source_id, bounds): members for bounds, members in groups.items()}
        self._traded.release_places(shape.name, [block.key for block in blocks])
        shown_by = self._shown_by(shape, [block.key for block in blocks])
        levels = np.full(count, UNCHANGED, dtype=np.uint8)
        live: list[int] = []
        entries: list[tuple[str, str, int, int]] = []
        for block, members in blocks.items():
            owner = shown_by.get(block.key)
            if owner is None or owner == self._import_id:
                levels[members] = NEW
                is_live = True
            else:
                is_live = self._fold.rank(owner) < self._fold.rank(self._import_id)
                shown = self._rows_of(block, owner)
                if is_live:
                    before = Counter(row[2:] for row in shown)
                    for index in members:
                        if before[spoken[index]] > 0:
                            before[spoken[index]] -= 1
                        else:
                            levels[index] = CHANGED
                    if self._restated is not None:
                        self._restated.block_is_replaced(shape, block.key, [row[2:] for row in shown])
                    self._rest(block, owner, [row[1:] for row in shown])
                    self._remove(block, [row[0] for row in shown])
            if is_live:
                live.extend(members)
                if self._restated is not None:
                    self._restated.block_says(shape, block.key, (spoken[index] for index in members))
            else:
                self._rest(
                    block, self._import_id, [(int(records[index]), *spoken[index]) for index in members]
                )
            entries.append((shape.name, block.key, self._import_id, int(is_live)))
        self._conn.executemany(
            "INSERT OR IGNORE INTO block(table_name, block_key, import_id, is_live) VALUES (?, ?, ?, ?)",
            entries,
        )
        self._insert(shape, stored, records, np.array(sorted(live), dtype=np.intp))
        return levels

    def withdraw(self, shape: Shape, import_id: int) -> None:
        """Take one import's blocks away; where it was shown, the newest of the others is shown again."""
        mine = self._conn.execute(
            "SELECT block_key, is_live FROM block WHERE import_id = ? AND table_name = ?",
            (import_id, shape.name),
        ).fetchall()
        self._conn.execute(
            "DELETE FROM block WHERE import_id = ? AND table_name = ?", (import_id, shape.name)
        )
        self._conn.execute(
            "DELETE FROM resting WHERE import_id = ? AND table_name = ?", (import_id, shape.name)
        )
        for key, is_live in mine:
            if not is_live:
                continue
            block = _Block.read(shape, key)
            self._remove(block, [row[0] for row in self._rows_of(block, import_id)])
            others = self._conn.execute(
                "SELECT import_id FROM block WHERE table_name = ? AND block_key = ?", (shape.name, key)
            ).fetchall()
            if others:
                self._wake(block, max((row[0] for row in others), key=self._fold.rank))

    def _shown_by(self, shape: Shape, keys: Sequence[str]) -> dict[str, int]:
        found = rows.select_by(
            self._conn,
            "block_key, import_id",
            "block",
            "block_key",
            keys,
            f"table_name = '{shape.name}' AND is_live = 1",
        )
        return dict(found)  # type: ignore[arg-type]

    def _insert(
        self, shape: Shape, stored: dict[str, Column], records: Int64, live: NDArray[np.intp]
    ) -> None:
        columns: dict[str, Column | Sequence[Stored] | int] = {"source_id": self._source_id}
        for name, column in zip(shape.fields, shape.columns, strict=True):
            if name in stored:
                columns[column] = rows.take(stored[name], live)
        columns |= {"import_id": self._import_id, "record": Numbers(records[live])}
        rows.insert(self._conn, shape.name, columns, len(live))
        self._traded.note_last(shape, len(live))
        for column in shape.day_columns:
            taken = columns.get(column)
            if isinstance(taken, Numbers):
                touch(
                    self._dirty, shape.name, np.unique(taken.values[rows.present(taken, len(taken))]).tolist()
                )

    def _rows_of(self, block: _Block, import_id: int) -> list[tuple[Stored, ...]]:
        """Return the block's stored rows: row id, record, then the fields."""
        shape = block.shape
        column_of = dict(zip(shape.fields, shape.columns, strict=True))
        bounds = " AND ".join(f"{column_of[name]} IS ?" for name in shape.table.block)
        return self._conn.execute(
            f"SELECT {shape.id_column}, record, {', '.join(shape.columns)} FROM {shape.name} "
            f"WHERE {bounds} AND source_id = ? AND import_id = ?",
            (*block.bounds, block.source_id, import_id),
        ).fetchall()

    def _remove(self, block: _Block, ids: Sequence[Stored]) -> None:
        shape = block.shape
        self._conn.executemany(
            f"DELETE FROM {shape.name} WHERE {shape.id_column} = ?", ((one,) for one in ids)
        )
        self._touch(block)

    def _touch(self, block: _Block) -> None:
        for name, value in zip(block.shape.table.block, block.bounds, strict=True):
            if name in ("day", "last_day"):
                touch(self._dirty, block.shape.name, (value,))

    def _rest(self, block: _Block, import_id: int, rested: Sequence[Sequence[Stored]]) -> None:
        """Lay rows (record, then the fields) aside."""
        where = (block.shape.name, block.key, import_id)
        before = self._conn.execute(
            "SELECT rows FROM resting WHERE table_name = ? AND block_key = ? AND import_id = ?", where
        ).fetchone()
        laid = {"fields": ["record", *block.shape.fields], "rows": [*rested]}
        if before is not None:
            laid["rows"] = [*json.loads(before[0])["rows"], *rested]
        text = json.dumps(laid, ensure_ascii=False, separators=(",", ":"))
        self._conn.execute("INSERT OR REPLACE INTO resting VALUES (?, ?, ?, ?)", (*where, text))
        self._conn.execute(
            "UPDATE block SET is_live = 0 WHERE table_name = ? AND block_key = ? AND import_id = ?", where
        )

    def _wake(self, block: _Block, import_id: int) -> None:
        """Show the resting rows of an import again."""
        where = (block.shape.name, block.key, import_id)
        text = self._conn.execute(
            "SELECT rows FROM resting WHERE table_name = ? AND block_key = ? AND import_id = ?", where
        ).fetchone()[0]
        laid = json.loads(text)
        column_of = dict(zip(block.shape.fields, block.shape.columns, strict=True)) | {"record": "record"}
        listed = zip(*laid["rows"], strict=True)
        columns: dict[str, Column | Sequence[Stored] | int] = {
            "source_id": block.source_id,
            "import_id": import_id,
        }
        columns |= {
            column_of[name]: list(column) for name, column in zip(laid["fields"], listed, strict=True)
        }
        rows.insert(self._conn, block.shape.name, columns, len(laid["rows"]))
        self._traded.note_last(block.shape, len(laid["rows"]))
        self._conn.execute(
            "DELETE FROM resting WHERE table_name = ? AND block_key = ? AND import_id = ?", where
        )
        self._conn.execute(
            "UPDATE block SET is_live = 1 WHERE table_name = ? AND block_key = ? AND import_id = ?", where
        )
        self._touch(block)


def _last_days(day: Column, last: Column | None, count: int) -> Numbers:
    """Return the last day of each row's span: the day itself where none is given."""
    assert isinstance(day, Numbers)
    if not isinstance(last, Numbers):
        return day
    return Numbers(np.where(rows.present(last, count), last.values, day.values))
