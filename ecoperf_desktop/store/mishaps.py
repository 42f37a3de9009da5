"""What the system refuses, as problems with words: the one list of errors that are known and no bugs."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from ecoperf_desktop.errors import Cancelled, EcoPerfError, WorkspaceError
from ecoperf_desktop.store.database import explained

_CODES: dict[str, str] = {
    "ENOSPC": "system.disk_full",
    "EDQUOT": "system.disk_full",
    "EFBIG": "system.file_too_big",
    "EACCES": "system.no_permission",
    "EPERM": "system.no_permission",
    "EROFS": "system.read_only",
    "ENOENT": "system.absent",
    "ENOTDIR": "system.absent",
    "EISDIR": "system.is_folder",
    "EEXIST": "system.exists",
    "ENOTEMPTY": "system.exists",
    "EIO": "system.disk_error",
    "EMFILE": "system.too_many_files",
    "ENFILE": "system.too_many_files",
    "ENOMEM": "system.no_memory",
    "EBUSY": "system.in_use",
    "ETXTBSY": "system.in_use",
    "EAGAIN": "system.in_use",
    "EDEADLK": "system.in_use",
    "ENOLCK": "system.in_use",
    "ENAMETOOLONG": "system.bad_name",
    "EILSEQ": "system.bad_name",
    "ELOOP": "system.bad_name",
    "EXDEV": "system.bad_name",
    "ENODEV": "system.gone",
    "ENXIO": "system.gone",
    "ESTALE": "system.gone",
    "ENOTCONN": "system.gone",
    "EHOSTDOWN": "system.gone",
    "EHOSTUNREACH": "system.gone",
    "ENETUNREACH": "system.gone",
    "ETIMEDOUT": "system.gone",
    "EREMOTEIO": "system.gone",
    "ENOMEDIUM": "system.gone",
}
_BY_NUMBER = {getattr(errno, name): code for name, code in _CODES.items() if hasattr(errno, name)}
# Windows translates these into EACCES or EINVAL, which say less.
_BY_WINDOWS = {
    5: "system.no_permission", 19: "system.read_only", 21: "system.gone", 32: "system.in_use", 33: "system.in_use",
    39: "system.disk_full", 53: "system.gone", 55: "system.gone", 59: "system.gone", 64: "system.gone", 67: "system.gone",
    110: "system.absent", 112: "system.disk_full", 121: "system.gone", 123: "system.bad_name", 206: "system.bad_name",
    1117: "system.disk_error", 1224: "system.in_use", 1231: "system.gone", 1392: "system.disk_error",
}  # fmt: skip


def known(problem: BaseException, path: Path | None = None) -> EcoPerfError | None:
    """Return ``problem`` as one of ours, with what happened and what to do; None when it is a bug.

    ``path`` is the file that was worked on, for errors that name none.
    """
    if isinstance(problem, EcoPerfError):
        return problem
    named = "" if path is None else str(path)
    if isinstance(problem, MemoryError):
        return WorkspaceError("system.no_memory", path=named)
    if isinstance(problem, sqlite3.Error):
        if getattr(problem, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            return Cancelled()
        told = explained(problem, path or Path())
        return None if told.code == "store.failed" else told
    if isinstance(problem, OSError):
        code = _BY_WINDOWS.get(getattr(problem, "winerror", None) or 0) or _BY_NUMBER.get(problem.errno or 0)
        if code is not None:
            return WorkspaceError(code, path=_name(problem.filename) or named)
    return None


def _name(found: object) -> str:
    """Return the file an error names, nothing when it names none or a descriptor."""
    if isinstance(found, bytes):
        return found.decode("utf-8", "backslashreplace")
    return found if isinstance(found, str) else ""
