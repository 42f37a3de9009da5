"""Copies of a workspace in a folder: written beside, proven, named in sequence, listed and thinned out."""

# Names of tables and columns come from our own schema, which was compared before.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ecoperf_desktop.errors import Cancelled, WorkspaceDamaged, WorkspaceError
from ecoperf_desktop.model.importing import Progress, no_progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import schema, trust
from ecoperf_desktop.store.locks import FolderLock

LIST = "backups.jsonl"
MEBIBYTE = 1 << 20

_NAME = re.compile(r"backup-(\d{8}T\d{6}Z)-v(\d+)-(\d{6,9})\.ecoperf")
_STAMP = "%Y%m%dT%H%M%SZ"
_ALL_OF, _NEWEST, _DAILY, _WEEKLY, _MONTHLY, _BEFORE_MIGRATION = timedelta(days=2), 10, 12, 10, 9, 3
_JUMP = timedelta(days=2)
_JUMP_BEYOND_HABIT, _HABIT = 4, 5
_LEAST_BUDGET, _BUDGET = 1 << 30, 5
_STEPS_A_LOOK = 50_000
_PRIME = 1_000_000_007
_PAGES_AT_ONCE = 1_000
_STAGES = 4


@dataclass(frozen=True)
class Copy:
    """One backup.  ``sequence`` tells their order, whatever the clock said.

    ``reason`` is why it was made (asked, exit, import, undo, restore, migration; empty: not known), ``generation`` that
    of the workspace, ``imports`` how many active imports it holds and ``imported_utc`` the newest's time.  ``sound`` says
    that it was proven when it was made and still has its size.
    """

    path: Path
    made: datetime
    sequence: int
    version: int
    size: int
    reason: str = ""
    pinned: bool = False
    generation: int | None = None
    imports: int | None = None
    imported_utc: int | None = None
    sound: bool = False
    sha256: str = ""


def now() -> datetime:
    """Return the clock's time; the one place where copies look at it."""
    return datetime.now(UTC)


def listed(folder: Path) -> list[Copy]:
    """Return the copies in a folder, the newest first; nothing is read but names and their list."""
    try:
        names = [entry for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)]
    except OSError:
        return []
    told = _told(folder)
    found = []
    for entry in names:
        try:
            size = entry.stat().st_size
        except OSError:
            continue
        found.append(_copy(folder / entry.name, size, told.get(entry.name, {})))
    return sorted(found, key=lambda copy: (-copy.sequence, copy.path.name))


def make(
    conn: sqlite3.Connection, source: Path, folder: Path, *, reason: str, pinned: bool = False, progress: Progress = no_progress
) -> Copy:
    """Write a proven copy of ``source`` into ``folder`` and return it.

    ``conn`` reads the workspace.  What is copied is what it sees (see ``hold``), whatever is written meanwhile.
    Raise WorkspaceError with the room needed, WorkspaceDamaged when the source does not pass, Cancelled by
    ``progress``; what was begun is removed.
    """
    draft = folder / f".tmp-{os.urandom(8).hex()}.ecoperf"
    try:
        make_private(folder)
        with FolderLock(folder):
            _sweep(folder)
            require_room(folder, 2 * size_of(source), "backup.not_enough_disk")
            said = _written(conn, source, draft, progress)
            progress(3, _STAGES, "")
            digest = digest_of(draft)
            sync(draft)
            moment = now()
            sequence = 1 + max((copy.sequence for copy in listed(folder)), default=0)
            sequence = max(sequence, 1 + max((int(entry.get("sequence", 0)) for entry in _told(folder).values()), default=0))
            target = folder / f"backup-{moment.strftime(_STAMP)}-v{said.version}-{sequence:06d}.ecoperf"
            entry = {
                "file": target.name, "sha256": digest, "sequence": sequence, "version": said.version, "size": draft.stat().st_size,
                "made": moment.isoformat(timespec="seconds"), "reason": reason, "pinned": pinned, "generation": said.generation,
                "imports": said.imports, "imported_utc": said.imported_utc,
            }  # fmt: skip
            replace_patiently(draft, target)
            sync_folder(folder)
            _tell(folder, entry)
    except sqlite3.Error as problem:
        if getattr(problem, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CONSTRAINT")):
            raise WorkspaceDamaged("backup.not_from_damaged", path=str(source)) from problem
        raise WorkspaceError("backup.failed", folder=str(folder), problem=_reason(problem)) from problem
    except OSError as problem:
        raise WorkspaceError("backup.failed", folder=str(folder), problem=_reason(problem)) from problem
    finally:
        _discard(draft)
    return _copy(target, int(str(entry["size"])), entry)


def hold(conn: sqlite3.Connection) -> None:
    """Let a reader see the workspace as it is at this moment for as long as it is open."""
    if not conn.in_transaction:
        conn.execute("BEGIN")
        conn.execute("SELECT count(*) FROM setting").fetchone()


def mirror(copy: Copy, folder: Path) -> Copy:
    """Copy a proven backup into another folder, prove that every byte arrived, and return it there."""
    draft = folder / f".tmp-{os.urandom(8).hex()}.ecoperf"
    try:
        make_private(folder)
        with FolderLock(folder):
            _sweep(folder)
            require_room(folder, copy.size, "backup.not_enough_disk")
            stream_copy(copy.path, draft)
            if digest_of(draft) != copy.sha256:
                raise WorkspaceDamaged("backup.copy_damaged", file=str(copy.path))
            target = folder / copy.path.name
            replace_patiently(draft, target)
            sync_folder(folder)
            _tell(folder, {**_entry(copy), "file": target.name})
    except OSError as problem:
        raise WorkspaceError("backup.failed", folder=str(folder), problem=_reason(problem)) from problem
    finally:
        _discard(draft)
    return replace(copy, path=target)


def verify(copy: Copy, progress: Progress = no_progress) -> None:
    """Read the whole copy: its bytes are those that were proven, and it would pass a restore.  Raise as ``trust.require``."""
    try:
        if copy.sha256 and digest_of(copy.path, progress) != copy.sha256:
            raise WorkspaceDamaged("backup.copy_damaged", file=str(copy.path))
    except OSError as problem:
        raise WorkspaceError("backup.copy_unreadable", file=str(copy.path), problem=_reason(problem)) from problem
    trust.require(copy.path, progress)


def pin(copy: Copy, pinned: bool = True) -> Copy:
    """Keep a copy for as long as it is pinned, whatever is thinned out."""
    try:
        with FolderLock(copy.path.parent):
            _tell(copy.path.parent, {"file": copy.path.name, "pinned": pinned})
    except OSError as problem:
        raise WorkspaceError("backup.failed", folder=str(copy.path.parent), problem=_reason(problem)) from problem
    return replace(copy, pinned=pinned)


def thin_out(folder: Path, workspace_size: int = 0) -> list[Path]:
    """Delete copies that nobody will miss and return them.

    Kept are all of two days (ten at most), 12 daily, 10 weekly and 9 monthly ones, the last three before a
    migration, pinned ones, and always the newest sound one; of these the oldest go while all together take more than
    1 GB and five times the workspace.  Their order is that of the sequence.  When the clock stands before a copy, or
    went on unusually far since the one before the newest, nothing is deleted: one of the times is wrong.
    """
    copies = listed(folder)
    moment = now()
    if len(copies) < 2 or _clock_is_doubtful(copies, moment):
        return []
    kept = _kept(copies, moment)
    pinned = [copy for copy in copies if copy.pinned]
    safe = next((copy for copy in copies if copy.sound), copies[0])
    budget = max(_LEAST_BUDGET, _BUDGET * max(workspace_size, copies[0].size))
    left = sum(copy.size for copy in copies if copy.sequence in kept)
    for copy in reversed(copies):
        if left <= budget:
            break
        if copy.sequence in kept and copy not in pinned and copy not in (safe, copies[0]):
            kept.discard(copy.sequence)
            left -= copy.size
    gone = [copy.path for copy in copies if copy.sequence not in kept]
    with FolderLock(folder):
        for path in gone:
            _remove(path)
    return gone


def require_room(folder: Path, needed: int, code: str) -> None:
    """Raise WorkspaceError ``code`` with the megabytes needed and free when the disk of a folder has less room."""
    free = shutil.disk_usage(next(one for one in (folder, *folder.parents) if one.exists())).free
    if free < needed:
        raise WorkspaceError(code, folder=str(folder), needed=-(-needed // MEBIBYTE), free=free // MEBIBYTE)


def size_of(path: Path) -> int:
    """Return the bytes of a workspace with its log."""
    return sum(one.stat().st_size for one in (path, beside(path, "-wal")) if one.exists())


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def make_private(folder: Path) -> None:
    """Make a folder that only this person can look into."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def digest_of(path: Path, progress: Progress = no_progress) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(4 * MEBIBYTE):
            progress(0, 1, "")
            digest.update(block)
    return digest.hexdigest()


def stream_copy(source: Path, target: Path, progress: Progress = no_progress) -> None:
    """Write a copy of a file that only this person can read, and wait until the disk has it."""
    with source.open("rb") as read, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb") as written:
        while block := read.read(4 * MEBIBYTE):
            progress(0, 1, "")
            written.write(block)
        written.flush()
        os.fsync(written.fileno())


def sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder; Windows writes them through by itself."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some disks of other computers know no such thing
    finally:
        os.close(handle)


def replace_patiently(draft: Path, target: Path) -> None:
    """Rename, with patience for a virus scanner that holds the file for a moment."""
    for attempt in range(10):
        try:
            draft.replace(target)
            return
        except PermissionError:
            if attempt == 9 or sys.platform != "win32":
                raise
            time.sleep(0.025 * (attempt + 1))


@contextmanager
def stopping(conn: sqlite3.Connection, progress: Progress, stage: int = 0) -> Iterator[None]:
    """Let ``progress`` stop what runs on a connection by raising Cancelled."""
    stopped: list[BaseException] = []

    def look_up() -> int:
        try:
            progress(stage, _STAGES, "")
        except Cancelled as asked:
            stopped.append(asked)
            return 1
        return 0

    conn.set_progress_handler(look_up, _STEPS_A_LOOK)
    try:
        yield
    except sqlite3.Error:
        if stopped:
            raise stopped[0] from None
        raise
    finally:
        conn.set_progress_handler(None, 0)


@dataclass(frozen=True)
class _Said:
    """What the copied workspace says of itself."""

    version: int
    generation: int
    imports: int
    imported_utc: int | None


def _written(conn: sqlite3.Connection, source: Path, draft: Path, progress: Progress) -> _Said:
    """Write the draft, then prove page by page and sum by sum that it holds what the source does."""
    hold(conn)
    said = _said(conn)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(draft, isolation_level=None, check_same_thread=False)) as written:
        written.execute("PRAGMA synchronous=0")  # it is waited for once, when it is whole
        conn.backup(written, pages=_PAGES_AT_ONCE, progress=lambda status, left, total: progress(0, _STAGES, ""))
        # A copy that expects a log could not be opened where nothing can be written.
        if written.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
            raise OSError("the copy keeps its log")
    with closing(trust.sealed(draft)) as copied, stopping(copied, progress, 1), stopping(conn, progress, 2):
        # Page by page it is the source, damage and all: what is wrong with the one is wrong with the other.
        if [row[0] for row in copied.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            raise WorkspaceDamaged("backup.not_from_damaged", path=str(source))
        if not _is_same(conn, copied) or _said(copied) != said:
            raise WorkspaceDamaged("backup.copy_damaged", file=str(draft))
    return said


def _is_same(conn: sqlite3.Connection, copied: sqlite3.Connection) -> bool:
    if copied.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
        return False
    tables = _tables(conn)
    if tables != _tables(copied):
        return False
    queries = [_sums_of(conn, table) for table in tables]
    return all(conn.execute(query).fetchone() == copied.execute(query).fetchone() for query in queries)


def _tables(conn: sqlite3.Connection) -> list[str]:
    found = conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
    return [row[0] for row in found]


def _sums_of(conn: sqlite3.Connection, table: str) -> str:
    whole = [row[1] for row in conn.execute(f'PRAGMA table_info("{table}")') if row[2] == "INTEGER"]
    # Sums of hashes would not fit into 64 bits.
    summed = [f'"{name}" % {_PRIME}' if name.endswith("_hash") else f'"{name}"' for name in whole]
    return f'SELECT {", ".join(["count(*)", *(f"sum({one})" for one in summed)])} FROM "{table}"'


def _said(conn: sqlite3.Connection) -> _Said:
    version = int(conn.execute("PRAGMA user_version").fetchone()[0])
    generation = conn.execute("SELECT value FROM setting WHERE name = 'generation'").fetchone()
    count, newest = conn.execute("SELECT count(*), max(imported_utc) FROM imports WHERE state = 'active'").fetchone()
    return _Said(version, int(generation[0]) if generation else 0, int(count), newest)


def _clock_is_doubtful(copies: Sequence[Copy], moment: datetime) -> bool:
    if any(copy.made > moment for copy in copies[1:]) or copies[0].made > moment + timedelta(minutes=1):
        return True
    gaps = [later.made - earlier.made for later, earlier in zip(copies, copies[1:], strict=False)]
    newest, usual = gaps[0], max(gaps[1 : 1 + _HABIT], default=timedelta())
    return newest > _JUMP and newest > _JUMP_BEYOND_HABIT * usual


def _kept(copies: Sequence[Copy], moment: datetime) -> set[int]:
    """Return the sequence numbers of the copies that the rules keep; ``copies`` are the newest first."""
    kept = {copies[0].sequence, *(copy.sequence for copy in copies if copy.pinned)}
    sound = next((copy for copy in copies if copy.sound), None)
    if sound is not None:
        kept.add(sound.sequence)
    kept.update(copy.sequence for copy in [copy for copy in copies if moment - copy.made < _ALL_OF][:_NEWEST])
    kept.update(copy.sequence for copy in [copy for copy in copies if copy.reason == "migration"][:_BEFORE_MIGRATION])
    for label, most in (("%Y-%m-%d", _DAILY), ("%G-%V", _WEEKLY), ("%Y-%m", _MONTHLY)):
        seen: set[str] = set()
        for copy in copies:
            when = copy.made.strftime(label)
            if when not in seen and len(seen) < most:
                seen.add(when)
                kept.add(copy.sequence)
    return kept


def _copy(path: Path, size: int, entry: dict[str, Any]) -> Copy:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    made = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)

    def number(name: str) -> int | None:
        value = entry.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    sha256 = str(entry.get("sha256", ""))
    return Copy(
        path=path, made=made, sequence=int(match[3]), version=int(match[2]), size=size, reason=str(entry.get("reason", "")),
        pinned=entry.get("pinned") is True, generation=number("generation"), imports=number("imports"),
        imported_utc=number("imported_utc"), sound=bool(sha256) and number("size") == size, sha256=sha256,
    )  # fmt: skip


def _entry(copy: Copy) -> dict[str, Any]:
    return {
        "file": copy.path.name, "sha256": copy.sha256, "sequence": copy.sequence, "version": copy.version, "size": copy.size,
        "made": copy.made.isoformat(timespec="seconds"), "reason": copy.reason, "pinned": copy.pinned, "generation": copy.generation,
        "imports": copy.imports, "imported_utc": copy.imported_utc,
    }  # fmt: skip


def _told(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the list: a later line about a copy adds to the earlier ones; a torn line says nothing."""
    told: dict[str, dict[str, Any]] = {}
    try:
        lines: Iterable[bytes] = (folder / LIST).read_bytes().splitlines()
    except OSError:
        return told
    for line in lines:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict) and isinstance(entry.get("file"), str):
            told.setdefault(entry["file"], {}).update(entry)
    return told


def _tell(folder: Path, entry: dict[str, Any]) -> None:
    handle = os.open(folder / LIST, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as stream:
        torn = stream.seek(0, os.SEEK_END) > 0 and (stream.seek(-1, os.SEEK_END), stream.read(1))[1] != b"\n"
        stream.write((b"\n" if torn else b"") + json.dumps(entry, ensure_ascii=True).encode() + b"\n")
        os.fsync(stream.fileno())


def _sweep(folder: Path) -> None:
    """Remove what a copy that was cut off has left; whoever still writes one holds the folder's lock."""
    for left in folder.glob(".tmp-*.ecoperf*"):
        _remove(left)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # held by a scanner: it goes with the next copy


def _discard(draft: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        _remove(beside(draft, suffix))


def _reason(problem: Exception) -> str:
    return (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)
