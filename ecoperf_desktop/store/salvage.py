"""What can still be read of a damaged workspace, row by row into a new one."""

# Names of tables and columns come from our own schema, never from the damaged file.
# ruff: noqa: S608

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceTooNew
from ecoperf_desktop.model.importing import Progress, no_progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import backup, copies, schema, trust
from ecoperf_desktop.store.database import bring_up_to_date, new_at_version, real
from ecoperf_desktop.store.locks import WriterLock

_AT_ONCE = 2_000
_LARGEST = (1 << 63) - 1
# Rows that depend on others in a way no foreign key says.
_ORPHANS = ("DELETE FROM order_lines WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_id = order_lines.line_id / 65536)",)
# Tables that name a row of another table: what they say of a row that is gone would stop an undo.
_SAYING = {"held": "", "traded": " AND row_id IS NOT NULL AND rate_e9 IS NOT NULL"}


@dataclass(frozen=True)
class Lost:
    """An import to make again."""

    file: str
    path: str
    member: str | None
    imported_utc: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Rescued:
    table: str
    rows: int
    is_whole: bool


@dataclass(frozen=True)
class Salvaged:
    """A new workspace of what could be read; where it is not ``whole``, ``lost`` are the imports to undo and make again."""

    path: Path
    tables: tuple[Rescued, ...]
    whole: bool
    lost: tuple[Lost, ...]


def salvage(kept: Path, path: Path, progress: Progress = no_progress) -> Salvaged:
    """Read what can be read of the damaged file ``kept`` into a new workspace at ``path``, where nothing may be yet.

    ``kept`` is only read.  Sums are worked out anew.  Raise WorkspaceDamaged when not even its list of tables can be read.
    """
    path = real(path)
    if os.path.lexists(path):
        raise WorkspaceError("store.salvage_exists", path=str(path))
    if not kept.is_file():
        raise WorkspaceError("backup.no_such_copy", file=str(kept))
    draft = path.with_name(f".{path.name}.draft-{os.urandom(6).hex()}")
    lock = WriterLock(path)
    try:
        copies.require_room(path.parent, copies.size_of(kept), "store.no_disk")
        with closing(_opened(kept)) as old:
            version = _version(old, kept)
            with closing(new_at_version(draft, version)) as new:
                rescued = list(_copied(old, new, version, progress))
                orphans = _without_orphans(new)
                new.execute("DELETE FROM setting WHERE name = 'sums'")
                generation = backup.generation_of(new)
        bring_up_to_date(draft, max([generation, *(copy.generation or 0 for copy in backup.backups(path))]))
        backup.make_current(draft)
        trust.require(draft)
        whole = not orphans and all(one.is_whole for one in rescued)
        lost = () if whole else tuple(imports_in(draft) or ())
        copies.sync(draft)
        copies.replace_patiently(draft, path)
        copies.sync_folder(path.parent)
    except sqlite3.DatabaseError as problem:
        raise WorkspaceDamaged("store.cannot_salvage", path=str(kept)) from problem
    except OSError as problem:
        raise WorkspaceError("backup.restore_failed", path=str(path), problem=problem.strerror or str(problem)) from problem
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                copies.beside(draft, suffix).unlink(missing_ok=True)
        lock.release()
    return Salvaged(path, tuple(rescued), whole, lost)


def can_be_read(kept: Path) -> bool:
    """Say whether a damaged file still tells its tables, so that a salvage is worth trying."""
    try:
        with closing(_opened(kept)) as conn:
            return _version(conn, kept) > 0
    except (sqlite3.DatabaseError, WorkspaceError, OSError):
        return False


def imports_in(file: Path) -> list[Lost] | None:
    """Return the active imports that a file's ledger names, None when it cannot be read."""
    columns = ("import_id", "file", "path", "member", "imported_utc", "size", "sha256", "state")
    try:
        with closing(_opened(file)) as conn:
            rows, is_whole = [], True
            for row in _rows(conn, "imports", columns, "import_id"):
                if row is None:
                    is_whole = False
                elif row[-1] == "active":
                    rows.append(row)
    except sqlite3.DatabaseError:
        return None
    if not is_whole and not rows:
        return None
    return [Lost(str(row[1]), str(row[2]), row[3], int(row[4]), int(row[5]), str(row[6])) for row in sorted(rows)]


def _opened(file: Path) -> sqlite3.Connection:
    """Open a file with its log, or without where that cannot be."""
    log = copies.beside(file, "-wal")
    if log.exists() and log.stat().st_size > 0:
        try:
            conn = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
            for setting in ("trusted_schema=0", "cell_size_check=1", "mmap_size=0", "query_only=1"):
                conn.execute(f"PRAGMA {setting}")
            conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return conn
        except sqlite3.DatabaseError:
            pass
    return trust.sealed(file)


def _version(conn: sqlite3.Connection, file: Path) -> int:
    version = int(conn.execute("PRAGMA user_version").fetchone()[0])
    conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version > schema.VERSION:
        raise WorkspaceTooNew("backup.too_new", file=str(file), version=version, known=schema.VERSION)
    if version < 1:
        raise WorkspaceDamaged("store.cannot_salvage", path=str(file))
    return version


def _copied(old: sqlite3.Connection, new: sqlite3.Connection, version: int, progress: Progress) -> Iterator[Rescued]:
    tables = [name for kind, name in trust.expected(version) if kind == "table"]
    for done, table in enumerate(tables):
        shape = new.execute(f"PRAGMA table_info({table})").fetchall()
        columns = [column[1] for column in shape]
        keys = [column[1] for column in sorted(shape, key=lambda column: column[5]) if column[5]]
        has_rowid = new.execute("SELECT wr FROM pragma_table_list WHERE name = ?", (table,)).fetchone() == (0,)
        insert = f"INSERT OR REPLACE INTO {table}({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        is_whole = True
        found = _rows(old, table, columns, keys[0]) if has_rowid else _rows_by_key(old, table, columns, keys)
        new.execute("BEGIN")
        gathered: list[tuple[Any, ...]] = []
        for row in found:
            if row is None:
                is_whole = False
                continue
            gathered.append(row)
            if len(gathered) >= _AT_ONCE:
                progress(done, len(tables), table)
                is_whole &= _put(new, insert, gathered)
                gathered = []
        is_whole &= _put(new, insert, gathered)
        new.execute("COMMIT")
        yield Rescued(table, int(new.execute(f"SELECT count(*) FROM {table}").fetchone()[0]), is_whole)
    progress(len(tables), len(tables), "")


def _put(new: sqlite3.Connection, insert: str, rows: Sequence[tuple[Any, ...]]) -> bool:
    """Insert rows; those that no table of ours can hold are left out, which is said by False."""
    before = new.total_changes
    try:
        new.executemany(insert, rows)
        return new.total_changes - before == len(rows)
    except sqlite3.Error:
        good = True
        for row in rows:
            try:
                new.execute(insert, row)
            except sqlite3.Error:
                good = False
        return good


def _rows(conn: sqlite3.Connection, table: str, columns: Sequence[str], key: str) -> Iterator[tuple[Any, ...] | None]:
    """Read a table along its row ids; None stands for a place where rows could not be read.

    After such a place it is gone on where rows can be read again, found by larger and larger steps, and from there
    back to the place.
    """
    wanted = ", ".join(columns)
    forward = f"SELECT {key}, {wanted} FROM {table} WHERE {key} > ? ORDER BY {key}"
    back = f"SELECT {key}, {wanted} FROM {table} WHERE {key} < ? AND {key} > ? ORDER BY {key} DESC"
    last = -_LARGEST
    while True:
        try:
            for row in conn.execute(forward, (last,)):
                last = row[0]
                yield row[1:]
            return
        except sqlite3.DatabaseError:
            yield None
        beyond = _next_readable(conn, table, key, last)
        if beyond is None:
            try:
                for row in conn.execute(back, (_LARGEST, last)):
                    yield row[1:]
            except sqlite3.DatabaseError:
                pass
            return
        try:
            for row in conn.execute(back, (beyond, last)):
                yield row[1:]
        except sqlite3.DatabaseError:
            pass
        last = beyond - 1


def _next_readable(conn: sqlite3.Connection, table: str, key: str, last: int) -> int | None:
    """Return the first row id beyond ``last`` that a search by growing steps finds readable, None when there is none."""
    step, start = 1, max(last, 0)
    while start + step < _LARGEST:
        try:
            row = conn.execute(f"SELECT {key} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT 1", (start + step,)).fetchone()
        except sqlite3.DatabaseError:
            step *= 2
            continue
        return None if row is None else int(row[0])
    return None


def _rows_by_key(conn: sqlite3.Connection, table: str, columns: Sequence[str], keys: Sequence[str]) -> Iterator[tuple[Any, ...] | None]:
    """Read a table without row ids from its begin as far as it goes, and from its end."""
    for way in ("", " DESC"):
        try:
            yield from conn.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(f'{key}{way}' for key in keys)}")
            return
        except sqlite3.DatabaseError:
            yield None


def _without_orphans(new: sqlite3.Connection) -> int:
    """Delete rows that refer to rows which could not be read; return how many."""
    before = new.total_changes
    tables = [row[0] for row in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")]
    links = [
        (table, link[3], link[2], link[4] or link[3])
        for table in tables
        for link in new.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    ]
    saying = [
        f"DELETE FROM {table} WHERE table_name = '{fact}'{more} AND row_id NOT IN (SELECT {_key(new, fact)} FROM {fact})"
        for table, more in _SAYING.items()
        if table in tables
        for (fact,) in new.execute(f"SELECT DISTINCT table_name FROM {table}").fetchall()
        if fact in tables
    ]
    while True:
        so_far = new.total_changes
        for table, column, parent, parent_column in links:
            new.execute(f"DELETE FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {parent_column} FROM {parent})")
        for statement in (*_ORPHANS, *saying):
            new.execute(statement)
        if new.total_changes == so_far:
            return new.total_changes - before


def _key(new: sqlite3.Connection, table: str) -> str:
    return next(str(column[1]) for column in new.execute(f'PRAGMA table_info("{table}")') if column[5])
