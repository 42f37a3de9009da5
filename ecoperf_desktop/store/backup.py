"""Copies of the workspace that were checked before anyone relies on them, and the way back to one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ecoperf_desktop import paths
from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceTooNew
from ecoperf_desktop.store import schema
from ecoperf_desktop.store.database import Workspace

Problem = tuple[str, dict[str, object]]

_NAME = re.compile(r"backup-\d{8}T\d{6}Z-v(\d+)-(\d{6})\.ecoperf")
_KEEP_NEWEST_DAYS, _KEEP_NEWEST, _KEEP_DAILY, _KEEP_WEEKLY, _KEEP_MONTHLY = 2, 10, 12, 10, 9
_HEADER = b"SQLite format 3\x00"


@dataclass(frozen=True)
class Health:
    """What a check found; ``problems`` are codes and details of sentences, empty when all is well."""

    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        return not self.problems


def check(workspace: Workspace) -> Health:
    """Check the file's pages and keys, and that every import's counts add up."""
    conn = workspace.conn
    problems: list[Problem] = []
    try:
        found = [row[0] for row in conn.execute("PRAGMA integrity_check(10)")]
        if found != ["ok"]:
            problems.append(("backup.damaged_pages", {"found": str(found[0])}))
        for table, *_ in conn.execute("PRAGMA foreign_key_check").fetchmany(10):
            problems.append(("backup.lost_reference", {"table": table}))
        for import_id, file in conn.execute(
            "SELECT import_id, file FROM imports"
            " WHERE rows_read <> rows_new + rows_changed + rows_unchanged + rows_dropped + rows_rejected"
        ):
            problems.append(("backup.counts", {"import_id": import_id, "file": file}))
    except sqlite3.DatabaseError as problem:
        problems.append(("backup.damaged_pages", {"found": str(problem)}))
    return Health(tuple(problems))


def back_up(workspace: Workspace, folder: Path | None = None) -> Path:
    """Write a consistent copy, prove it sound, give it its name, and thin out older ones.

    The workspace may be written to meanwhile.  Raise WorkspaceDamaged, and write nothing,
    when the workspace itself is not sound.
    """
    if not _quick_check(workspace.conn):
        raise WorkspaceDamaged("backup.not_from_damaged", path=str(workspace.path))
    folder = folder or paths.backup_dir(workspace.path)
    draft = folder / f".tmp-{uuid.uuid4().hex}.ecoperf"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sequence = 1 + max((number for _, number in _copies(folder)), default=0)
        with closing(sqlite3.connect(_uri(workspace.path, "mode=ro"), uri=True, isolation_level=None)) as reader:
            reader.execute("VACUUM INTO ?", (str(draft),))
        _prove(draft, workspace.conn)
        digest = _digest(draft)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = folder / f"backup-{stamp}-v{schema.VERSION}-{sequence:06d}.ecoperf"
        os.chmod(draft, 0o600)
        _sync(draft)
        _replace(draft, target)
        with (folder / "backups.jsonl").open("a", encoding="utf-8") as stream:
            print(json.dumps({"file": target.name, "sha256": digest, "sequence": sequence}), file=stream)
    except (OSError, sqlite3.Error) as problem:
        raise WorkspaceError("backup.failed", folder=str(folder), problem=str(problem)) from problem
    finally:
        draft.unlink(missing_ok=True)
    thin_out(folder)
    return target


def restore(path: Path, copy: Path) -> Path:
    """Put ``copy`` in the place of the workspace at ``path``; return where the replaced file is kept.

    The copy is checked like any file from outside before a byte of the workspace is
    touched.  Restoring the kept file undoes the restore.
    """
    _refuse_unsound(copy)
    draft = path.with_name(f".restore-{uuid.uuid4().hex}.ecoperf")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(copy.read_bytes())
        os.chmod(draft, 0o600)
        _sync(draft)
        if path.exists():
            # Whoever holds the workspace would go on writing into the old file.
            Workspace.open(path, write=True).close()
        kept = path.with_name(f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{path.name}")
        if path.exists():
            _replace(path, kept)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        _replace(draft, path)
    except OSError as problem:
        raise WorkspaceError("backup.restore_failed", path=str(path), problem=problem.strerror or str(problem)) from problem
    finally:
        draft.unlink(missing_ok=True)
    Workspace.open(path, write=True).close()  # migrates an older copy, and proves that the file opens
    return kept


def thin_out(folder: Path) -> list[Path]:
    """Delete copies beyond two days of all, 12 daily, 10 weekly and 9 monthly ones; return the deleted.

    The order is that of the sequence numbers.  When the clock stands before the newest copy, or
    went on by more than two days since the one before, nothing is deleted: a time may be wrong.
    """
    copies = sorted(_copies(folder), key=lambda entry: -entry[1])
    if not copies:
        return []
    now = datetime.now(UTC)
    times = {path: datetime.strptime(path.name[7:23], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for path, _ in copies}
    if any(moment > now for moment in times.values()):
        return []
    # After a pause this is so too; the next copy thins out.
    if len(copies) > 1 and times[copies[0][0]] - times[copies[1][0]] > timedelta(days=_KEEP_NEWEST_DAYS):
        return []
    kept: set[Path] = {copies[0][0]}
    recent = [path for path, _ in copies if (now - times[path]).days < _KEEP_NEWEST_DAYS]
    kept.update(recent[:_KEEP_NEWEST])
    for name, limit in (("%Y-%m-%d", _KEEP_DAILY), ("%G-%V", _KEEP_WEEKLY), ("%Y-%m", _KEEP_MONTHLY)):
        seen: set[str] = set()
        for path, _ in copies:
            label = times[path].strftime(name)
            if label not in seen and len(seen) < limit:
                seen.add(label)
                kept.add(path)
    gone = [path for path, _ in copies if path not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _copies(folder: Path) -> list[tuple[Path, int]]:
    return [(path, int(match[2])) for path in folder.glob("backup-*.ecoperf") if (match := _NAME.fullmatch(path.name))]


def _refuse_unsound(copy: Path) -> None:
    if not copy.is_file():
        raise WorkspaceError("backup.no_such_copy", file=str(copy))
    if copy.stat().st_size < 512 or copy.open("rb").read(16) != _HEADER:
        raise WorkspaceError("backup.not_a_workspace", file=str(copy))
    try:
        with closing(sqlite3.connect(_uri(copy, "mode=ro&immutable=1"), uri=True, isolation_level=None)) as conn:
            conn.execute("PRAGMA trusted_schema=0")
            conn.execute("PRAGMA cell_size_check=1")
            deadline = time.monotonic() + 60
            conn.set_progress_handler(lambda: int(time.monotonic() > deadline), 100_000)
            if conn.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
                raise WorkspaceError("backup.not_a_workspace", file=str(copy))
            version = conn.execute("PRAGMA user_version").fetchone()[0]
            if version > schema.VERSION:
                raise WorkspaceTooNew("backup.too_new", file=str(copy), version=version, known=schema.VERSION)
            strange = conn.execute(
                "SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger') OR sql LIKE '%GENERATED ALWAYS%' OR sql LIKE 'CREATE VIRTUAL%'"
            ).fetchone()
            if strange:
                raise WorkspaceError("backup.strange_schema", file=str(copy), name=strange[0])
            if conn.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok" or conn.execute("PRAGMA foreign_key_check").fetchone():
                raise WorkspaceDamaged("backup.copy_damaged", file=str(copy))
    except sqlite3.DatabaseError as problem:
        raise WorkspaceDamaged("backup.copy_damaged", file=str(copy)) from problem


def _prove(draft: Path, original: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(_uri(draft, "mode=ro&immutable=1"), uri=True, isolation_level=None)) as conn:
        if conn.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            raise WorkspaceError("backup.copy_damaged", file=str(draft))
        if conn.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
            raise WorkspaceError("backup.copy_damaged", file=str(draft))
        if _tables(conn) != _tables(original):
            raise WorkspaceError("backup.copy_damaged", file=str(draft))


def _tables(conn: sqlite3.Connection) -> Sequence[str]:
    return [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]


def _quick_check(conn: sqlite3.Connection) -> bool:
    try:
        return bool(conn.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _uri(path: Path, options: str) -> str:
    return f"{path.resolve().as_uri()}?{options}"


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _replace(draft: Path, target: Path) -> None:
    """Rename, with patience for a virus scanner that holds the file for a moment."""
    for attempt in range(10):
        try:
            draft.replace(target)
            return
        except PermissionError:
            if attempt == 9:
                raise
            time.sleep(0.025 * (attempt + 1))
