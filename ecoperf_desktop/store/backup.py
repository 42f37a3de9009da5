"""Whether a workspace is sound, the copies made of it, and the way back to one, which can itself be taken back."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from ecoperf_desktop import paths
from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceInUse, WorkspaceTooNew
from ecoperf_desktop.model.importing import Progress, no_progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import copies, schema, trust
from ecoperf_desktop.store.copies import Copy
from ecoperf_desktop.store.database import (
    Workspace,
    bring_up_to_date,
    check_header,
    explained,
    open_reader,
    open_writer,
    real,
)
from ecoperf_desktop.store.locks import WriterLock
from ecoperf_desktop.store.places import place_of

Problem = tuple[str, dict[str, object]]

CHECKED = "checked_day"
_DAY = 86_400
_LOGS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Health:
    """What a check found; ``problems`` are codes and details of sentences, empty when all is well."""

    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Restored:
    """A workspace that was put back.

    ``kept`` is where the file it replaced lies (None: there was none), under a name that says so when ``was_damaged``;
    restoring it takes the restore back.  ``version`` is the copy's schema before it was brought up to date.
    """

    path: Path
    kept: Path | None
    was_damaged: bool
    version: int


def check(workspace: Workspace, progress: Progress = no_progress) -> Health:
    """Check the file's pages and keys, and that every import's counts add up; remember the day when all is well."""
    conn = workspace.conn
    problems: list[Problem] = []
    try:
        with copies.stopping(conn, progress):
            found = [row[0] for row in conn.execute("PRAGMA integrity_check(10)")]
            if found != ["ok"]:
                problems.append(("backup.damaged_pages", {"found": str(found[0])}))
            tables = {row[0] for row in conn.execute("PRAGMA foreign_key_check").fetchmany(1_000)}
            problems += [("backup.lost_reference", {"table": table}) for table in sorted(tables)]
            for import_id, file in conn.execute(
                "SELECT import_id, file FROM imports"
                " WHERE rows_read <> rows_new + rows_changed + rows_unchanged + rows_dropped + rows_rejected"
            ):
                problems.append(("backup.counts", {"import_id": import_id, "file": file}))
    except sqlite3.DatabaseError as problem:
        problems.append(("backup.damaged_pages", {"found": str(problem)}))
    if not problems:
        workspace.remember(CHECKED, str(int(copies.now().timestamp()) // _DAY))
    return Health(tuple(problems))


def back_up(
    workspace: Workspace, folder: Path | None = None, *, reason: str = "asked", pinned: bool = False, progress: Progress = no_progress
) -> Copy:
    """Write a proven copy of the workspace as it is now and return it.

    Copies in the workspace's own folder of backups are thinned out afterwards; in a folder that a person has named
    nothing is ever deleted.  The workspace may be written to meanwhile.  Raise WorkspaceDamaged, and write nothing,
    when the workspace itself is not sound; WorkspaceError that names the megabytes needed, or what failed.
    """
    own = folder is None
    folder = paths.backup_dir(workspace.path) if folder is None else folder.absolute()
    with closing(reader_of(workspace)) as conn:
        copy = copies.make(conn, workspace.path, folder, reason=reason, pinned=pinned, progress=progress)
    if own:
        copies.thin_out(folder, copies.size_of(workspace.path))
    return copy


def reader_of(workspace: Workspace) -> sqlite3.Connection:
    """Open another reader of the same file."""
    sealed = not (os.access(workspace.path, os.W_OK) and os.access(workspace.path.parent, os.W_OK))
    return open_reader(workspace.path, immutable=sealed, place=workspace.place)


def backups(path: Path) -> list[Copy]:
    """Return the backups of the workspace at ``path``, the newest first."""
    return copies.listed(paths.backup_dir(real(path)))


def newest_backup(path: Path, progress: Progress = no_progress) -> Copy | None:
    """Return the newest backup that passes the whole check now, None when there is none."""
    for copy in backups(path):
        if verify(copy, progress).sound:
            return copy
    return None


def verify(copy: Copy, progress: Progress = no_progress) -> Health:
    """Read a whole backup and say what a restore would say."""
    try:
        copies.verify(copy, progress)
    except WorkspaceError as problem:
        return Health(((problem.code, dict(problem.details)),))
    return Health(())


def restore(path: Path, copy: Path, progress: Progress = no_progress) -> Restored:
    """Put ``copy`` in the place of the workspace at ``path``, which nobody may have open for writing.

    The copy is checked like any file from outside, brought up to date and tried on a draft; only then is the
    workspace touched, in one step.  The file it had is kept beside it.  Raise what ``trust.require`` raises, WorkspaceInUse,
    or WorkspaceError: the workspace is then as it was.
    """
    path, copy = real(path), copy.absolute()
    version = trust.look(copy)
    if path.is_dir():
        raise WorkspaceError("store.is_folder", path=str(path))
    try:
        copies.make_private(path.parent)
        copies.require_room(path.parent, 2 * copies.size_of(copy), "store.no_disk")
        lock = WriterLock(path)
    except OSError as problem:
        raise _failed(path, problem) from problem
    in_order = False
    draft = path.with_name(f".{path.name}.draft-{os.urandom(6).hex()}")
    try:
        copies.stream_copy(copy, draft, progress)
        try:
            _with_its_log(copy, draft, progress)
            # What was copied is checked, not what the name may stand for by now.
            trust.require(draft, progress)
        except WorkspaceError as refused:  # of the copy a person knows, not of the draft
            raise type(refused)(refused.code, **{**refused.details, "file": str(copy)}) from refused
        sound = os.path.lexists(path) and _settle(path, progress)
        bring_up_to_date(draft, _newest_generation(path, draft, sound))
        make_current(draft)
        copies.sync(draft)
        progress(3, 4, "")
        kept = _put(draft, path, sound)
        in_order = True
    except OSError as problem:
        raise _failed(path, problem) from problem
    finally:
        for suffix in ("", *_LOGS):
            with suppress(OSError):
                copies.beside(draft, suffix).unlink(missing_ok=True)
        lock.release(in_order=in_order or not lock.was_left_open)
    return Restored(path, kept, kept is not None and not sound, version)


def set_aside(path: Path) -> list[Path]:
    """Give a damaged workspace and its logs, all together, names that say so; the caller holds the writer's lock.

    Return the new names, that of the database first, the logs' after it.  Nothing is ever deleted.
    """
    stamp = f"{copies.now():%Y%m%dT%H%M%SZ}"
    number = 1
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    while os.path.lexists(kept):
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    moved = []
    for suffix in ("", *_LOGS):
        if os.path.lexists(copies.beside(path, suffix)):
            copies.replace_patiently(copies.beside(path, suffix), copies.beside(kept, suffix))
            moved.append(copies.beside(kept, suffix))
    copies.sync_folder(path.parent)
    return moved


# A disk that cannot be read now says nothing of the file on it.
_UNREADABLE = ("store.disk_error", "store.disk_full", "store.locked", "store.in_use", "store.cannot_open", "store.no_memory")


def is_sound(path: Path, progress: Progress = no_progress, *, whole: bool = False) -> bool:
    """Say whether a file at a workspace's place is one of ours whose pages pass; the caller holds the writer's lock.

    A log beside it is merged first, as by any writer.  ``whole`` looks at the indexes too.  Raise WorkspaceError when the
    disk does not let it be read.
    """
    try:
        with suppress(WorkspaceTooNew):
            check_header(path)
        with closing(open_writer(path, place_of(path))) as conn, copies.stopping(conn, progress):
            if conn.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
                return False
            found = conn.execute(f"PRAGMA {'integrity' if whole else 'quick'}_check(1)").fetchone()
            return found is not None and found[0] == "ok"
    except (sqlite3.DatabaseError, WorkspaceError) as found_out:
        problem = explained(found_out, path) if isinstance(found_out, sqlite3.Error) else found_out
        if problem.code in _UNREADABLE:
            raise problem from None
        return False


def _settle(path: Path, progress: Progress) -> bool:
    """Back up a sound workspace that is about to be replaced, and merge its log; say whether it is sound."""
    try:
        if not is_sound(path, progress):
            return False
    except WorkspaceError as problem:
        if problem.code != "store.disk_error":
            raise
        return False  # where the disk has lost a part of it, it is kept beside: a way back must not end there
    with closing(open_writer(path, place_of(path))) as conn:
        generation = generation_of(conn)
        own = paths.backup_dir(path)
        if not any(one.generation == generation and one.sound for one in copies.listed(own)):
            with closing(open_reader(path, place=place_of(path))) as reader:
                try:
                    copies.make(reader, path, own, reason="restore", progress=progress)
                except WorkspaceDamaged:
                    return False
                except WorkspaceError:
                    pass  # the file itself is kept
        if conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0:
            raise WorkspaceInUse("store.in_use", path=str(path))
    return True


def _with_its_log(copy: Path, draft: Path, progress: Progress) -> None:
    """Merge the log that lies beside a copy: a workspace taken over while it was open holds its last changes there."""
    log = copies.beside(copy, "-wal")
    if not log.exists() or log.stat().st_size == 0:
        return
    copies.stream_copy(log, copies.beside(draft, "-wal"), progress)
    trust.look(draft)
    try:
        with closing(sqlite3.connect(f"{draft.as_uri()}?mode=rw", uri=True, isolation_level=None)) as conn:
            conn.execute("PRAGMA trusted_schema=0")
            conn.execute("PRAGMA cell_size_check=1")
            conn.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as problem:
        raise WorkspaceDamaged("backup.copy_damaged", file=str(copy)) from problem


def make_current(draft: Path) -> None:
    """Work out anew what is derived from the facts, where another program may have done it otherwise."""
    from ecoperf_desktop.store import events, sums

    with closing(sqlite3.connect(f"{draft.as_uri()}?mode=rw", uri=True, isolation_level=None)) as conn:
        for setting in ("trusted_schema=0", "cell_size_check=1", "foreign_keys=1", "temp_store=2"):
            conn.execute(f"PRAGMA {setting}")
        if sums.are_current(conn) and events.are_current(conn):
            return
        conn.execute("BEGIN")
        sums.ensure(conn)
        events.follow(conn)
        conn.execute("COMMIT")


def _newest_generation(path: Path, draft: Path, sound: bool) -> int:
    """Return the highest generation that this workspace has had, so that the restored one is newer than all."""
    known = [copy.generation or 0 for copy in backups(path)]
    with closing(trust.sealed(draft)) as conn:
        known.append(generation_of(conn))
    if sound:
        with closing(trust.sealed(path)) as conn:
            known.append(generation_of(conn))
    return max(known)


def generation_of(conn: sqlite3.Connection) -> int:
    row = conn.execute("SELECT value FROM setting WHERE name = 'generation'").fetchone()
    try:
        return int(row[0]) if row else 0
    except ValueError:
        return 0


def _put(draft: Path, path: Path, sound: bool) -> Path | None:
    """Put the draft in the workspace's place; return where the file that was there is kept."""
    kept: Path | None = None
    if not os.path.lexists(path):
        for suffix in _LOGS:  # of a workspace that is gone; merged into another one they would damage it
            if os.path.lexists(copies.beside(path, suffix)):
                kept = set_aside(path)[0]
                break
    elif not sound:
        kept = set_aside(path)[0]
    else:
        kept = path.with_name(f"before-restore-{copies.now():%Y%m%dT%H%M%S}Z-{time.monotonic_ns() % 1_000_000:06d}-{path.name}")
        try:
            os.link(path, kept)  # so that at no moment there is no workspace
        except OSError:
            copies.replace_patiently(path, kept)
        for suffix in _LOGS:
            copies.beside(path, suffix).unlink(missing_ok=True)
    try:
        copies.replace_patiently(draft, path)
    except OSError:
        if sound and kept is not None and not os.path.lexists(path):
            copies.replace_patiently(kept, path)
        raise
    copies.sync_folder(path.parent)
    return kept


def _failed(path: Path, problem: OSError) -> WorkspaceError:
    return WorkspaceError("backup.restore_failed", path=str(path), problem=problem.strerror or str(problem))
