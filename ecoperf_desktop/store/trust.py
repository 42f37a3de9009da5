"""Whether a file from elsewhere is a workspace of ours, found out before anything in it is used.

A backup may have been made by anyone: its tables must be those of our schema at its version,
to the letter, before the first query reads one of them.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ecoperf_desktop.errors import Cancelled, WorkspaceDamaged, WorkspaceError, WorkspaceTooNew
from ecoperf_desktop.model.importing import Progress, no_progress
from ecoperf_desktop.store import schema

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_SMALLEST = 512
_LOOK_SECONDS = 5.0
_READ_SECONDS = 60.0  # and as much again for each _READ_BYTES
_READ_BYTES = 50_000_000
_MOST_OBJECTS = 5_000
_STEPS_A_LOOK = 20_000

# Rows of packed sums are megabytes; nothing of ours comes near the first of these.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1 << 28,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
}

_SQLITES_OWN = {
    "sqlite_sequence": "CREATE TABLE sqlite_sequence(name,seq)",
    "sqlite_stat1": "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    "sqlite_stat4": "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
}


def require(file: Path, progress: Progress = no_progress) -> int:
    """Check a file as if its maker meant harm and return the version of its schema.

    Header, schema to the letter, then every page and reference, within a time that grows with the
    file's size.  Raise WorkspaceTooNew, WorkspaceDamaged or WorkspaceError; the file is only read.
    """
    version = look(file)
    with reading(file, _READ_SECONDS * (1 + file.stat().st_size / _READ_BYTES), progress) as conn:
        for found in conn.execute("PRAGMA integrity_check(1)"):
            if found[0] != "ok":
                raise WorkspaceDamaged("backup.copy_damaged", file=str(file))
        if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise WorkspaceDamaged("backup.copy_damaged", file=str(file))
    return version


def look(file: Path) -> int:
    """Check header and schema alone, which takes no time, and return the schema's version; raise as ``require``."""
    if not file.is_file():
        raise WorkspaceError("backup.no_such_copy", file=str(file))
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            header = stream.read(_HEADER)
    except OSError as problem:
        raise WorkspaceError("backup.copy_unreadable", file=str(file), problem=problem.strerror or str(problem)) from problem
    if size < _SMALLEST or len(header) < _HEADER or not header.startswith(_MAGIC):
        raise WorkspaceError("backup.not_a_workspace", file=str(file))
    if int.from_bytes(header[68:72], "big") != schema.APPLICATION_ID:
        raise WorkspaceError("backup.not_a_workspace", file=str(file))
    version = int.from_bytes(header[60:64], "big")
    if version > schema.VERSION:
        raise WorkspaceTooNew("backup.too_new", file=str(file), version=version, known=schema.VERSION)
    if version < 1:
        raise WorkspaceError("backup.not_a_workspace", file=str(file))
    with reading(file, _LOOK_SECONDS) as conn:
        strange = _strange(conn, version)
        if strange is not None:
            raise WorkspaceError("backup.strange_schema", file=str(file), name=strange)
    return version


@contextmanager
def reading(file: Path, seconds: float, progress: Progress = no_progress) -> Iterator[sqlite3.Connection]:
    """Open a file that nobody writes to, for reading within limits and a time; SQLite's errors come out as ours.

    ``progress`` is asked now and then, and stops the work by raising.
    """
    try:
        conn = sealed(file)
    except sqlite3.Error as problem:
        raise WorkspaceDamaged("backup.copy_damaged", file=str(file)) from problem
    stopped: list[BaseException] = []
    deadline = time.monotonic() + seconds
    try:
        for category, most in _LIMITS.items():
            conn.setlimit(category, most)
        conn.set_progress_handler(_watch(deadline, progress, stopped), _STEPS_A_LOOK)
        yield conn
    except sqlite3.Error as problem:
        if stopped:
            raise stopped[0] from None
        if getattr(problem, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise WorkspaceError("backup.takes_too_long", file=str(file)) from problem
        raise WorkspaceDamaged("backup.copy_damaged", file=str(file)) from problem
    finally:
        conn.close()


def sealed(file: Path) -> sqlite3.Connection:
    """Open a file for reading as it lies there, without its log and without believing its schema."""
    conn = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    for setting in ("trusted_schema=0", "cell_size_check=1", "mmap_size=0", "query_only=1", "temp_store=2"):
        conn.execute(f"PRAGMA {setting}")
    return conn


@cache
def expected(version: int) -> dict[tuple[str, str], str]:
    """Return the tables and indexes of our schema at a version: their SQL, by kind and name."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for number, text in schema.STEPS:
            if number <= version:
                conn.executescript(text)
        found = conn.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
        return {(kind, name): _plain(sql) for kind, name, sql in found}
    finally:
        conn.close()


def _strange(conn: sqlite3.Connection, version: int) -> str | None:
    """Return the name of the first object that is not ours, or that is missing; None when all are as they should be."""
    wanted, forms = dict(expected(version)), _forms()
    read = conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchmany(_MOST_OBJECTS + 1)
    if len(read) > _MOST_OBJECTS:
        return f"{_MOST_OBJECTS}+"
    for kind, name, table, sql in read:
        if not isinstance(name, str) or not isinstance(table, str):
            return "?"
        if sql is None:
            if kind != "index" or not name.startswith("sqlite_autoindex_"):
                return name
            continue
        if not isinstance(sql, str):
            return name
        plain = _plain(sql)
        if wanted.pop((kind, name), None) == plain:
            continue
        if kind == "table" and _SQLITES_OWN.get(name) == sql:
            continue
        if kind == "table" and (sums := forms[0].fullmatch(plain)) and sums["name"].strip('"') == name == table:
            continue
        unquoted = plain.replace('"', "")
        if (kind, name) == ("table", "_sqlite_migrations") and forms[1].fullmatch(unquoted):
            continue
        if kind == "index" and table == "_sqlite_migrations" and name.startswith("idx__sqlite_migrations") and forms[2].fullmatch(unquoted):
            continue
        return name
    return next((name for _, name in wanted), None)


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    """Return what tables may look like that are not of the schema: sums, and which steps were applied.

    Sums are made of declared measures and differ from release to release: plain columns and a key, nothing worked out.
    The steps are kept by sqlite-utils, which quotes one way or another.
    """
    column = r'(?:"[a-z0-9_]+"|[a-z][a-z0-9_]*) (?:INTEGER|REAL|TEXT|BLOB|ANY)(?: NOT NULL)?'
    names = r"[a-z_][a-z0-9_]*(?: ?, ?[a-z_][a-z0-9_]*)*"
    return (
        re.compile(
            rf'CREATE TABLE (?P<name>"?(?:sum|week)_[a-z0-9_]+"?) ?\( ?{column}(?: ?, ?{column})*'
            rf"(?: ?, ?PRIMARY KEY ?\( ?{names} ?\))? ?\)(?: STRICT)?(?: ?,? ?WITHOUT ROWID)?"
        ),
        re.compile(r"CREATE TABLE _sqlite_migrations ?\( ?[a-z_]+ (?:INTEGER PRIMARY KEY|TEXT)(?: ?, ?[a-z_]+ TEXT(?: PRIMARY KEY)?)* ?\)"),
        re.compile(rf"CREATE UNIQUE INDEX idx__sqlite_migrations_[a-z_]+ ON _sqlite_migrations ?\( ?{names} ?\)"),
    )


def _plain(sql: str) -> str:
    """Write SQL with single blanks; a comment in it stays, since our own stand there too."""
    return " ".join(sql.split())


def _watch(deadline: float, progress: Progress, stopped: list[BaseException]) -> Callable[[], int]:
    def look_up() -> int:
        try:
            progress(0, 1, "")
        except Cancelled as asked:
            stopped.append(asked)
            return 1
        return int(time.monotonic() > deadline)

    return look_up
