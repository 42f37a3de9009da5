"""Copies that are made by themselves, room on the disk, and what is done about a workspace found damaged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from ecoperf_desktop import collector, faults, paths, settings
from ecoperf_desktop.errors import Cancelled, EcoPerfError, WorkspaceError
from ecoperf_desktop.model.importing import Progress, no_progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import backup, copies, database, ledger
from ecoperf_desktop.store.backup import CHECKED, Problem
from ecoperf_desktop.store.copies import Copy
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.locks import WriterLock
from ecoperf_desktop.store.salvage import Lost, can_be_read, imports_in

SECOND_FOLDER = "second_backup_folder"

_OLD = timedelta(minutes=30)
_OLD_FOR_EACH = 256 * copies.MEBIBYTE  # a large workspace is copied less often, so that copying stays a small part of the time
_CHECK_DAYS = 7
_ROOM_FOR_IMPORT = 3
_NEARLY_FULL = 0.10
_PROBLEM, _WARNED, _PLACE = "backup_problem", "backup_warned", "place_told"


@dataclass(frozen=True)
class Damaged:
    """A workspace that cannot be used.

    ``kept`` is the damaged file and its logs, under the names they have now; ``moved`` is False where they had to
    stay.  ``newest_backup`` was proven just now.  ``lost`` are the imports that it does not hold, as far as the damaged
    file still tells (``ledger_read``).
    """

    path: Path
    kept: tuple[Path, ...]
    moved: bool
    newest_backup: Copy | None
    salvageable: bool
    lost: tuple[Lost, ...]
    ledger_read: bool


class CopyBehind:
    """A copy of the workspace as it is now, made on a thread of its own while it is written to."""

    def __init__(self, opened: Workspace, reason: str) -> None:
        self._opened, self._reason = opened, reason
        self._stop = threading.Event()
        self.problem: Problem | None = None
        self._noted = False
        self._conn = backup.reader_of(opened)
        copies.hold(self._conn)
        self._thread = threading.Thread(target=self._run, name="backup", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def finish(self) -> None:
        self._thread.join()
        self._note()

    def wait(self, seconds: float) -> bool:
        """Wait for so long; return whether it is done."""
        self._thread.join(seconds)
        return self.is_done

    def abandon(self) -> None:
        self._stop.set()
        self._thread.join()

    def _progress(self, done: int, total: int, what: str) -> None:
        if self._stop.is_set():
            raise Cancelled

    def _run(self) -> None:
        try:
            # The collector must not run in this thread: it would take widgets of the window apart.
            with collector.resting(), closing(self._conn):
                self.problem = _made(self._conn, self._opened.path, self._reason, self._progress)[1]
        except Cancelled:
            pass
        except Exception as bug:  # a bug here must not end in silence, nor stop what the person does
            faults.record(bug)
            self.problem = ("backup.failed", {"folder": str(paths.backup_dir(self._opened.path)), "problem": type(bug).__name__})

    def _note(self) -> None:
        if not self._noted:
            self._noted = True
            _note(self._opened, self.problem)


def before_import(opened: Workspace) -> None:
    """Begin a copy before files are imported, when the newest is old and something has changed since.

    It is made behind the import, which sees nothing of it; ``finish`` or closing the workspace waits for it.  What goes
    wrong is kept for ``warning``.
    """
    newest = _newest(opened)
    if newest is not None:
        age = copies.now() - newest.made
        grown = max(1.0, copies.size_of(opened.path) / _OLD_FOR_EACH)
        if timedelta() <= age < _OLD * grown:
            return
    _begin(opened, "import", newest)


def before_undo(opened: Workspace) -> None:
    """Begin a copy before imports are taken back, unless the newest holds all there is."""
    _begin(opened, "undo", _newest(opened))


def finish(opened: Workspace, progress: Progress = no_progress) -> None:
    """Wait for the copy that is being made; stop it when ``progress`` raises Cancelled."""
    copying = opened.copying
    if not isinstance(copying, CopyBehind):
        return
    try:
        while not copying.wait(0.05):
            progress(0, 1, "")
    except Cancelled:
        copying.abandon()
        raise
    copying.finish()


def on_exit(opened: Workspace, progress: Progress = no_progress) -> Copy | None:
    """Make a copy when something changed since the newest one; None when there was nothing to do or it failed."""
    if opened.read_only:
        return None
    finish(opened, progress)
    newest = _newest(opened)
    if not _has_changed(opened, newest):
        return None
    try:
        with closing(backup.reader_of(opened)) as conn:
            copy, problem = _made(conn, opened.path, "exit", progress)
    except (WorkspaceError, sqlite3.Error) as failed:
        copy, problem = None, _problem(failed, opened)
    _note(opened, problem)
    return copy


def keep_second(copy: Copy, path: Path) -> Problem | None:
    """Put a copy into the person's second folder as well, when there is one; return what went wrong."""
    chosen = settings.load().get(SECOND_FOLDER, "")
    if not chosen:
        return None
    folder = Path(chosen)
    if not folder.is_dir():  # a disk that is not plugged in: its folder must not be made on another one
        return ("backup.second_folder_absent", {"folder": chosen})
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:6]
    own = folder / f"{path.stem}-{mark}"
    try:
        copies.mirror(copy, own)
        copies.thin_out(own, copies.size_of(path))
    except (WorkspaceError, OSError) as problem:
        return ("backup.second_folder_failed", {"folder": chosen, "problem": str(problem)})
    return None


def warning(opened: Workspace) -> Problem | None:
    """Return what is wrong with copies made by themselves, at most once a day; the asking counts as told."""
    copying = opened.copying
    if isinstance(copying, CopyBehind) and copying.is_done:
        copying.finish()
    today = str(copies.now().date())
    if opened.read_only or opened.setting(_WARNED) == today:
        return None
    found = _kept_problem(opened) or _disk_nearly_full(opened)
    if found is not None:
        opened.remember(_WARNED, today)
    return found


def place_notice(opened: Workspace) -> Problem | None:
    """Return that the file lies where it should not, once a workspace; the asking of a writer counts as told."""
    if not opened.place.is_shared:
        return None
    place = f"{opened.place.kind}:{opened.place.name}"
    if opened.setting(_PLACE) == place:
        return None
    opened.remember(_PLACE, place)
    return (f"store.place_{opened.place.kind}", {"path": str(opened.path), "name": opened.place.name})


def is_check_due(opened: Workspace) -> bool:
    """Say whether a week has gone since the last whole check, or the clock stands before it."""
    checked = opened.setting(CHECKED)
    if checked is None:
        return ledger.count(opened.conn) > 0
    try:
        days = int(copies.now().timestamp()) // 86_400 - int(checked)
    except ValueError:
        return True
    return not 0 <= days < _CHECK_DAYS


def require_room_for_import(opened: Workspace, files: Iterable[Path]) -> None:
    """Raise WorkspaceError with the megabytes needed when the disk has no room for three times the files."""
    needed = 0
    for file in files:
        try:
            needed += file.stat().st_size
        except OSError:
            pass  # said when it is read
    copies.require_room(opened.path.parent, _ROOM_FOR_IMPORT * needed, "store.no_disk")


def look_at_damage(path: Path, progress: Progress = no_progress) -> Damaged | None:
    """Look again at a workspace that was found damaged, set it aside, and say what there is; None when it is sound after all.

    For a path whose file was set aside before, the same is said.  Raise WorkspaceInUse when another program has it.
    """
    path = database.real(path)
    moved = True
    if os.path.lexists(path):
        if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            kept, moved = [path], False
        else:
            with WriterLock(path):
                if backup.is_sound(path, progress, whole=True):
                    return None
                try:
                    kept = backup.set_aside(path)
                except OSError:
                    kept, moved = [path], False
    else:
        before = database.damaged_before(path) or sorted(path.parent.glob(f"before-restore-*-{path.name}"), reverse=True)
        if not before:
            raise WorkspaceError("store.absent", path=str(path))
        kept = [before[0], *(log for suffix in ("-wal", "-shm", "-journal") if (log := copies.beside(before[0], suffix)).exists())]
    newest = backup.newest_backup(path, progress)
    told = imports_in(kept[0])
    held = {(one.sha256, one.member) for one in (imports_in(newest.path) or ())} if newest else set()
    lost = tuple(one for one in told or () if (one.sha256, one.member) not in held)
    return Damaged(path, tuple(kept), moved, newest, can_be_read(kept[0]), lost, told is not None)


def _begin(opened: Workspace, reason: str, newest: Copy | None) -> None:
    if opened.read_only or not _has_changed(opened, newest):
        return
    try:
        behind = CopyBehind(opened, reason)
    except (WorkspaceError, sqlite3.Error) as problem:
        _note(opened, _problem(problem, opened))
        return
    opened.copied_by(behind)
    if opened.place.is_shared:
        behind.finish()  # without a log the writer would have to wait for the reader


def _made(conn: sqlite3.Connection, path: Path, reason: str, progress: Progress) -> tuple[Copy | None, Problem | None]:
    """Make a copy and thin out; return it, or what went wrong."""
    folder = paths.backup_dir(path)
    try:
        copy = copies.make(conn, path, folder, reason=reason, progress=progress)
        copies.thin_out(folder, copies.size_of(path))
    except Cancelled:
        raise
    except EcoPerfError as problem:
        return None, (problem.code, dict(problem.details))
    return copy, keep_second(copy, path)


def _newest(opened: Workspace) -> Copy | None:
    """Return the newest sound copy by its place in the sequence."""
    return next((copy for copy in backup.backups(opened.path) if copy.sound), None)


def _has_changed(opened: Workspace, newest: Copy | None) -> bool:
    if newest is None:
        return ledger.count(opened.conn) > 0
    return newest.generation != opened.generation


def _note(opened: Workspace, problem: Problem | None) -> None:
    try:
        if problem is not None:
            opened.remember(_PROBLEM, json.dumps([problem[0], {name: str(detail) for name, detail in problem[1].items()}]))
        elif opened.setting(_PROBLEM):
            opened.remember(_PROBLEM, "")
    except (WorkspaceError, sqlite3.Error):
        pass  # what cannot even be written down is told by what the person does next


def _kept_problem(opened: Workspace) -> Problem | None:
    try:
        code, details = json.loads(opened.setting(_PROBLEM) or "null") or (None, None)
    except (ValueError, TypeError):
        return None
    return (code, details) if isinstance(code, str) and isinstance(details, dict) else None


def _problem(problem: Exception, opened: Workspace) -> Problem:
    if isinstance(problem, EcoPerfError):
        return (problem.code, dict(problem.details))
    return ("backup.failed", {"folder": str(paths.backup_dir(opened.path)), "problem": str(problem)})


def _disk_nearly_full(opened: Workspace) -> Problem | None:
    try:
        usage = shutil.disk_usage(opened.path.parent)
    except OSError:
        return None
    if usage.free >= _NEARLY_FULL * usage.total:
        return None
    return ("backup.disk_nearly_full", {"folder": str(opened.path.parent), "free": usage.free // copies.MEBIBYTE})
