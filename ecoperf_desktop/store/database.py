"""The workspace file: opened safely, created by numbered steps, one writer at a time."""

# Names of tables and columns come from our own tables.py, never from a file.

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from ecoperf_desktop import paths
from ecoperf_desktop.errors import (
    Cancelled,
    WorkspaceDamaged,
    WorkspaceError,
    WorkspaceInUse,
    WorkspaceTooNew,
)
from ecoperf_desktop.model.days import EPOCH, day_of
from ecoperf_desktop.model.importing import Answers
from ecoperf_desktop.store import schema
from ecoperf_desktop.store.locks import WriterLock, lock_of, may_have_been_left_open
from ecoperf_desktop.store.places import LOCAL, Place, place_of

_MAGIC = b"SQLite format 3\0"
_HEADER = 100

_SAFETY: dict[str, int | str] = {
    "trusted_schema": 0,
    "cell_size_check": 1,
    "mmap_size": 0,
    "foreign_keys": 1,
    "temp_store": 2,
}
_WRITER: dict[str, int | str] = {
    **_SAFETY,
    "busy_timeout": 5000,
    "journal_mode": "wal",
    "synchronous": 2,
    "wal_autocheckpoint": 1000,
    "journal_size_limit": 67_108_864,
    "cache_size": -16_384,
}
_READER: dict[str, int | str] = {
    **_SAFETY,
    "busy_timeout": 2000,
    "wal_autocheckpoint": 0,
    "cache_size": -32_768,
    "query_only": 1,
}
# Where others may copy or read the file there is no log beside it; who waits for a writer waits for all of its transaction.
_SHARED_WRITER: dict[str, int | str] = {"journal_mode": "truncate", "busy_timeout": 30_000}
_SHARED_READER: dict[str, int | str] = {"busy_timeout": 30_000}
# Apple's fsync only hands bytes to the disk; these ask the disk to keep them.
_APPLE: dict[str, int | str] = {"fullfsync": 1, "checkpoint_fullfsync": 1}

_SQLITE_CODES = {
    "SQLITE_FULL": "store.disk_full",
    "SQLITE_BUSY": "store.locked",
    "SQLITE_LOCKED": "store.locked",
    "SQLITE_READONLY": "store.read_only",
    "SQLITE_IOERR": "store.disk_error",
    "SQLITE_CANTOPEN": "store.cannot_open",
    "SQLITE_PERM": "store.cannot_open",
    "SQLITE_AUTH": "store.cannot_open",
    "SQLITE_CORRUPT": "store.damaged",
    "SQLITE_NOTADB": "store.damaged",
    "SQLITE_NOMEM": "store.no_memory",
    "SQLITE_TOOBIG": "store.too_big",
}


class Copying(Protocol):
    """A copy of the workspace that is being made on another thread."""

    def finish(self) -> None:
        """Return when the copy is proven, or has failed."""

    def abandon(self) -> None:
        """Stop making it, and remove what was begun."""


class Workspace:
    """One open workspace file.

    A writer holds an operating-system lock on a file beside the workspace for as
    long as it is open; readers need none.  ``read_only`` is also True for a
    workspace that was asked for writing in a folder that cannot be written.
    ``place`` says what kind of disk the file lies on.
    """

    def __init__(self, path: Path, conn: sqlite3.Connection, lock: WriterLock | None, place: Place = LOCAL) -> None:
        self.path = path
        self.conn = conn
        self.read_only = lock is None
        self.place = place
        self._lock = lock
        self._turn = threading.RLock()
        self._copying: Copying | None = None

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> Workspace:
        """Open the workspace at ``path``; create it when it is absent and ``write`` is set.

        An older file is copied into the backup folder and brought up to date first, and one whose writer did not end
        in order is checked.  Raises WorkspaceTooNew, WorkspaceInUse, WorkspaceDamaged or WorkspaceError;
        none of them has changed a byte of the file.
        """
        path = real(path)
        if not os.path.lexists(path):
            _refuse_what_was_set_aside(path)
            if not write:
                raise WorkspaceError("store.absent", path=str(path))
            _create(path)
        check_header(path)
        place = place_of(path)
        writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
        if not writable or not write:
            if writable and (may_have_been_left_open(path) or (place.is_shared and _keeps_a_log(path))):
                # A writer checks it, and merges what its log holds. While one is at work there is nothing to do.
                with suppress(WorkspaceInUse):
                    cls.open(path, write=True).close()
            conn = open_reader(path, immutable=not writable, place=place)
            if _version(conn, path) == schema.VERSION:
                return cls(path, conn, None, place)
            conn.close()
            if not writable:
                raise WorkspaceError("store.older_read_only", path=str(path))
            cls.open(path, write=True).close()
            return cls(path, open_reader(path, place=place), None, place)
        lock = WriterLock(path)
        try:
            conn = open_writer(path, place)
            try:
                _sweep(path)
                if lock.was_left_open:
                    _require_sound(conn, path)
                _migrate(conn, path)
            except BaseException:
                conn.close()
                raise
        except BaseException:
            # Another look would find no reason to check again, were it not for the word in the lock.
            lock.release(in_order=not lock.was_left_open)
            raise
        return cls(path, conn, lock, place)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold one write transaction: committed at the end, rolled back by any exception.

        ``generation`` grows when something was written.  SQLite's own errors come
        out as WorkspaceError with words.
        """
        if self.read_only:
            raise WorkspaceError("store.read_only", path=str(self.path))
        with self._turn:
            try:
                self.conn.execute("BEGIN EXCLUSIVE" if self.place.kind == "network" else "BEGIN IMMEDIATE")
                before = self.conn.total_changes
                yield self.conn
                if self.conn.total_changes != before:
                    self.conn.execute(
                        "INSERT INTO setting(name, value) VALUES ('generation', '1') "
                        "ON CONFLICT(name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
                    )
                self.conn.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise explained(error, self.path) from error
            except (Cancelled, KeyboardInterrupt):
                self._roll_back()
                if self._copying is not None:
                    self._copying.abandon()
                raise
            except BaseException:
                self._roll_back()
                raise

    @property
    def copying(self) -> Copying | None:
        """Return the copy that is being made on another thread, or was the last one, None when there was none."""
        return self._copying

    def copied_by(self, copying: Copying | None) -> None:
        """Let a copy be made on another thread: ``close`` waits for it."""
        before, self._copying = self._copying, copying
        if before is not None:
            before.finish()

    def setting(self, name: str) -> str | None:
        """Return the stored text, None when it was never set."""
        row = self.conn.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Store ``value``, in the running transaction or in one of its own."""
        command = "INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)"
        if self.conn.in_transaction:
            self.conn.execute(command, (name, value))
            return
        with self.transaction() as conn:
            conn.execute(command, (name, value))

    def remember(self, name: str, value: str) -> None:
        """Store what the program notes for itself: ``generation`` stays, since nothing a person has given changed."""
        if self.read_only:
            return
        with self._turn:
            try:
                self.conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (name, value))
            except sqlite3.Error as error:
                raise explained(error, self.path) from error

    @property
    def reporting_currency(self) -> str | None:
        """Return the ISO 4217 code all stored money is in, None before the first file with money."""
        return self.setting("reporting_currency")

    @property
    def generation(self) -> int:
        """Return a number that grows with every committed change."""
        return int(self.setting("generation") or 0)

    def answers(self, source: str) -> Answers | None:
        """Return what was answered once about ``source``, None when it is not known yet."""
        row = self.conn.execute(
            "SELECT name, platform, currency, tz, day_start_min, recognition_basis, tax_inclusive, attribution, "
            "EXISTS (SELECT 1 FROM answer_change c WHERE c.source_id = source.source_id AND c.name = 'recognition_basis') "
            "FROM source WHERE name = ?",
            (source,),
        ).fetchone()
        if row is None:
            return None
        name, platform, currency, tz, day_start_min, basis, tax_inclusive, attribution, chosen = row
        return Answers(name, platform, currency, tz, day_start_min, basis, bool(tax_inclusive), attribution, bool(chosen))

    def close(self) -> None:
        """Close the file; everything committed is in it.  Closing twice does nothing."""
        self.copied_by(None)
        try:
            if self._lock is not None and self._lock.held:
                self.conn.execute("PRAGMA optimize")
                self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            pass  # a reader still looks, or it is closed already: the log file keeps what is committed
        self.conn.close()
        if self._lock is not None:
            self._lock.release()

    def _roll_back(self) -> None:
        # A full disk has rolled back by itself already; a second ROLLBACK would hide the reason.
        if self.conn.in_transaction:
            self.conn.execute("ROLLBACK")


def open_writer(path: Path, place: Place = LOCAL) -> sqlite3.Connection:
    """Open ``path`` for writing with every safety setting read back; the caller holds the writer's lock.

    The connection may be used from another thread than the one that opened it,
    by one thread at a time.
    """
    pragmas = {**_WRITER, **(_APPLE if sys.platform == "darwin" else {})}
    if not place.is_shared:
        return _connected(path, "mode=rw", pragmas)
    # Alone with the file no shared memory is needed to merge a log that came with it.
    conn = _connected(path, "mode=rw", {"locking_mode": "exclusive", **pragmas, **_SHARED_WRITER})
    try:
        _set(conn, "locking_mode", "normal", path)
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        conn.close()
        raise explained(error, path) from error
    return conn


def open_reader(path: Path, *, immutable: bool = False, place: Place = LOCAL) -> sqlite3.Connection:
    """Open ``path`` for reading only.

    ``immutable`` is for folders that cannot be written, where SQLite could not keep
    its shared memory file; it is left off while a log with unmerged changes exists.
    """
    sealed = immutable and not any(_is_filled(path, suffix) for suffix in ("-wal", "-journal"))
    pragmas = {**_READER, **_SHARED_READER} if place.is_shared else _READER
    return _connected(path, "mode=ro&immutable=1" if sealed else "mode=ro", pragmas)


def explained(error: sqlite3.Error, path: Path) -> WorkspaceError:
    """Return SQLite's error as one of ours, with what happened and what to do."""
    name = getattr(error, "sqlite_errorname", None) or ""
    code = next((code for prefix, code in _SQLITE_CODES.items() if name.startswith(prefix)), "store.failed")
    kind = WorkspaceDamaged if code == "store.damaged" else WorkspaceError
    return kind(code, path=str(path), reason=f"{name}: {error}" if name else str(error))


def real(path: Path) -> Path:
    """Return where a workspace lies: the lock and the log of a linked one must lie beside the file itself.

    A link to nothing stays what it is, so that no file is made where it points.
    """
    path = path.absolute()
    return Path(os.path.realpath(path)) if os.path.islink(path) and os.path.exists(path) else path


def bring_up_to_date(draft: Path, generation: int) -> None:
    """Run the missing steps on a file that is no workspace yet and number it as changed after ``generation``.

    It is left without a log beside it.
    """
    conn = _connected(draft, "mode=rw", {**_SAFETY, "synchronous": 2, "journal_mode": "delete"})
    try:
        if _version(conn, draft) != schema.VERSION:
            _run_steps(conn)
        conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES ('generation', ?)", (str(generation + 1),))
    except sqlite3.Error as error:
        raise explained(error, draft) from error
    finally:
        conn.close()


def new_at_version(path: Path, version: int) -> sqlite3.Connection:
    """Make an empty file with the tables of an older schema, to be filled; close it and ``bring_up_to_date``."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    conn = _connected(path, "mode=rw", {"page_size": 4096, **_SAFETY, "foreign_keys": 0, "synchronous": 2})
    try:
        _run_steps(conn, version)
    except BaseException:
        conn.close()
        raise
    return conn


def damaged_before(path: Path) -> list[Path]:
    """Return the damaged files that were once at ``path``, the newest first, without their logs."""
    found = path.parent.glob(f"{_glob_safe(path.name)}.damaged-*")
    return sorted((one for one in found if not one.name.endswith(("-wal", "-shm", "-journal"))), reverse=True)


def check_header(path: Path) -> None:
    """Refuse by its first bytes what is no workspace of ours, before SQLite sees it.

    For SQLite an empty file is a valid empty database, so that a damaged workspace
    would silently become a new one.
    """
    if path.is_dir():
        raise WorkspaceError("store.is_folder", path=str(path))
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
            length = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise WorkspaceError("store.cannot_open", path=str(path), reason=str(error)) from error
    if not header:
        raise WorkspaceDamaged("store.empty_file", path=str(path))
    if len(header) < _HEADER or not header.startswith(_MAGIC) or int.from_bytes(header[68:72], "big") != schema.APPLICATION_ID:
        if lock_of(path).exists():  # a writer has had it open: it was a workspace once
            raise WorkspaceDamaged("store.damaged", path=str(path), reason="its first page is not that of a workspace")
        raise WorkspaceError("store.not_workspace", path=str(path))
    _refuse_newer(int.from_bytes(header[60:64], "big"), path)
    pages = int.from_bytes(header[28:32], "big") if header[24:28] == header[92:96] else 0
    size = int.from_bytes(header[16:18], "big")
    if pages * (65_536 if size == 1 else size) > length and not any(_is_filled(path, suffix) for suffix in ("-wal", "-journal")):
        raise WorkspaceDamaged("store.damaged", path=str(path), reason="its end is missing")


def _is_filled(path: Path, suffix: str) -> bool:
    try:
        return path.with_name(path.name + suffix).stat().st_size > 0
    except OSError:
        return False


def _keeps_a_log(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\2\2"


def _refuse_what_was_set_aside(path: Path) -> None:
    """Make no new workspace where a damaged one was, or one that a restore had moved when it was cut off."""
    kept = damaged_before(path)
    if not kept and may_have_been_left_open(path):
        kept = sorted(path.parent.glob(f"before-restore-*-{_glob_safe(path.name)}"), reverse=True)
    if kept:
        raise WorkspaceDamaged("store.set_aside", path=str(path), kept=str(kept[0]))


def _glob_safe(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _sweep(path: Path) -> None:
    """Remove what a command that was killed has left unfinished beside the workspace; the caller holds its lock."""
    name = _glob_safe(path.name)
    for pattern in (f".{name}.*.new*", f".{name}.draft-*"):
        for left in path.parent.glob(pattern):
            with suppress(OSError):
                left.unlink()


def _version(conn: sqlite3.Connection, path: Path) -> int:
    """Return the schema's version, which the file's first bytes show only once the log is merged."""
    version = int(conn.execute("PRAGMA user_version").fetchone()[0])
    try:
        _refuse_newer(version, path)
    except WorkspaceTooNew:
        conn.close()
        raise
    return version


def _refuse_newer(version: int, path: Path) -> None:
    if version > schema.VERSION:
        raise WorkspaceTooNew("store.too_new", path=str(path), version=version, known=schema.VERSION)


def _connected(path: Path, mode: str, pragmas: dict[str, int | str]) -> sqlite3.Connection:
    address = f"file:{quote(path.as_posix())}?{mode}"
    if os.name == "nt":
        address = f"file:///{quote(path.as_posix(), safe='/:')}?{mode}"
    try:
        conn = sqlite3.connect(address, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
    except sqlite3.Error as error:
        raise explained(error, path) from error
    try:
        _harden(conn)
        for name, value in pragmas.items():
            _set(conn, name, value, path)
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        conn.close()
        raise explained(error, path) from error
    except BaseException:
        conn.close()
        raise
    return conn


def _harden(conn: sqlite3.Connection) -> None:
    if hasattr(conn, "enable_load_extension"):
        conn.enable_load_extension(False)
    setconfig: Any = getattr(conn, "setconfig", None)  # Python 3.12
    if setconfig is not None:
        setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)  # type: ignore[attr-defined,unused-ignore]
        setconfig(sqlite3.SQLITE_DBCONFIG_TRUSTED_SCHEMA, False)  # type: ignore[attr-defined,unused-ignore]
        setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML, False)  # type: ignore[attr-defined,unused-ignore]
        setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DDL, False)  # type: ignore[attr-defined,unused-ignore]


def _set(conn: sqlite3.Connection, name: str, value: int | str, path: Path) -> None:
    """Set a PRAGMA and read it back: journal_mode can be refused without an error."""
    conn.execute(f"PRAGMA {name}={value}").fetchall()
    got = conn.execute(f"PRAGMA {name}").fetchone()
    if got is not None and str(got[0]).lower() != str(value):
        raise WorkspaceError("store.unsafe", path=str(path), name=name, got=str(got[0]), expected=str(value))


def _require_sound(conn: sqlite3.Connection, path: Path) -> None:
    """Check the pages after a writer that did not end in order."""
    found = conn.execute("PRAGMA quick_check(1)").fetchone()
    if found is None or found[0] != "ok":
        raise WorkspaceDamaged("store.damaged", path=str(path), reason=str(found[0]) if found else "")


def _create(path: Path) -> None:
    """Make a new workspace under another name and move it into place, so that no half-made file is ever met."""
    from ecoperf_desktop.store import copies

    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise WorkspaceError("store.cannot_create", path=str(path), reason=str(error)) from error
    try:
        conn = _connected(unfinished, "mode=rw", {"page_size": 4096, **_SAFETY, "synchronous": 2})
        try:
            conn.execute("PRAGMA encoding='UTF-8'")
            _run_steps(conn)
            _set(conn, "journal_mode", "wal", path)
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            conn.close()
        os.replace(unfinished, path)
        copies.sync_folder(path.parent)
    except sqlite3.Error as error:
        raise explained(error, path) from error
    except OSError as error:
        raise WorkspaceError("store.cannot_create", path=str(path), reason=str(error)) from error
    finally:
        for name in (
            unfinished.name,
            unfinished.name + "-wal",
            unfinished.name + "-shm",
            unfinished.name + "-journal",
        ):
            unfinished.with_name(name).unlink(missing_ok=True)


def _migrate(conn: sqlite3.Connection, path: Path) -> None:
    """Bring an older file up to date, after a copy of it; do nothing for a current one."""
    version = _version(conn, path)
    if version == schema.VERSION:
        return
    # Opening a workspace that needs nothing must not wait for what makes copies.
    from ecoperf_desktop.store import copies

    with closing(open_reader(path)) as reader:
        copies.make(reader, path, paths.backup_dir(path), reason="migration")
    try:
        _run_steps(conn)
        conn.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:
        raise explained(error, path) from error


def _run_steps(conn: sqlite3.Connection, version: int | None = None) -> None:
    """Apply the missing steps (up to ``version``) in one exclusive transaction, the version inside it."""
    version = schema.VERSION if version is None else version
    migrations, database_of = _sqlite_utils()
    steps = migrations("ecoperf")
    for number, text in schema.STEPS:
        if number > version:
            break
        steps(name=f"{number:04d}")(lambda db, number=number, text=text: _apply_step(db.conn, number, text))
    conn.execute("BEGIN EXCLUSIVE")
    try:
        steps.apply(database_of(conn, recursive_triggers=False))
        if conn.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise sqlite3.IntegrityError("foreign keys do not hold after the schema steps")
        conn.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        conn.execute(f"PRAGMA user_version={version}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def _apply_step(conn: sqlite3.Connection, number: int, text: str) -> None:
    # executescript would commit the exclusive transaction, so the statements go one by one.
    for statement in _statements(text):
        conn.execute(statement)
    if number == 1:
        conn.execute("INSERT INTO secret(name, value) VALUES ('buyer_key', ?)", (os.urandom(32),))
        _fill_calendar(conn)


def _statements(text: str) -> Iterator[str]:
    gathered = ""
    for line in text.splitlines():
        if not gathered and (not line.strip() or line.lstrip().startswith("--")):
            continue
        gathered += line + "\n"
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""


def _fill_calendar(conn: sqlite3.Connection) -> None:
    """Store the days of 1990 to 2100; events are marked by ``events``, other financial years by ``calendars``."""
    # Only for a new file: opening one must not wait for numpy.
    import numpy as np

    from ecoperf_desktop.model.columns import Numbers
    from ecoperf_desktop.store import rows

    days = np.arange(day_of(EPOCH.replace(year=1990)), day_of(EPOCH.replace(year=2101)))
    dates = days.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    months = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    weekday = (days + 3) % 7 + 1  # day 0 was a Thursday
    monday = days - weekday + 1
    # A week belongs to the year of its Thursday.
    new_year = (monday + 3).astype("datetime64[D]").astype("datetime64[Y]")
    iso_week = (monday + 3 - new_year.astype("datetime64[D]").astype(np.int64)) // 7 + 1
    columns = {
        "day": days, "iso_year": new_year.astype(np.int64) + 1970, "iso_week": iso_week, "week_start": monday,
        "sun_week_start": days - weekday % 7, "month_id": years * 100 + months, "quarter_id": years * 10 + (months + 2) // 3,
        "year": years, "dow": weekday, "fiscal_period_id": years * 100 + months,
    }  # fmt: skip
    named = {name: Numbers(column) for name, column in columns.items()}
    rows.insert(conn, "calendar", {**named, "iso_date": np.datetime_as_string(dates).tolist()}, len(days))


def _sqlite_utils() -> tuple[Any, Any]:
    """Import sqlite-utils without pandas.

    It looks for pandas only to know its timestamps, at the price of a third of a
    second; a module set to None in ``sys.modules`` counts as not installed.
    """
    hidden = "pandas" not in sys.modules
    if hidden:
        sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        from sqlite_utils import Database, Migrations
    finally:
        if hidden:
            del sys.modules["pandas"]
    return Migrations, Database
