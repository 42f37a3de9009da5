"""Locks that the operating system lets go of when their process ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from ecoperf_desktop.errors import WorkspaceError, WorkspaceInUse


class WriterLock:
    """The right to write a workspace: one at a time, held on a file beside it.

    The lock file holds a word while the workspace is open, so that the next writer
    sees in ``was_left_open`` whether the last one ended in order.
    """

    def __init__(self, path: Path) -> None:
        try:
            handle = os.open(lock_of(path), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise WorkspaceError("store.cannot_open", path=str(path), reason=error.strerror or str(error)) from error
        self._file: IO[bytes] = os.fdopen(handle, "r+b", buffering=0)
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            raise WorkspaceInUse("store.in_use", path=str(path)) from error
        self.held = True
        try:
            self._file.seek(1)
            self.was_left_open = self._file.read(4) == b"open"
            self._file.seek(1)
            self._file.write(b"open")
        except OSError as error:  # a full disk has no room even for a word
            self.held = False
            self._file.close()
            raise WorkspaceError("store.cannot_open", path=str(path), reason=error.strerror or str(error)) from error

    def release(self, *, in_order: bool = True) -> None:
        """Let go; the file stays, since removing it would race with the next writer.

        Not ``in_order`` leaves the word that makes the next writer check the workspace.
        """
        if not self.held:
            return
        self.held = False
        try:
            if in_order:
                self._file.truncate(0)
            _unlock(self._file)
        except OSError:
            pass  # what was done is done; the next writer checks once more
        finally:
            self._file.close()  # lets go in any case

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


class FolderLock:
    """One process at a time in a folder of copies; waits for the other one.

    On a disk that knows no locks nothing is held.
    """

    def __init__(self, folder: Path) -> None:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._file: IO[bytes] = os.fdopen(handle, "r+b", buffering=0)
        self._held = False

    def __enter__(self) -> FolderLock:
        try:
            _wait_and_lock(self._file)
            self._held = True
        except OSError:
            pass
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        if self._held:
            _unlock(self._file)
        self._file.close()


def lock_of(path: Path) -> Path:
    """Return the lock file beside a workspace; it is made with the first writer and stays."""
    return path.with_name(path.name + ".lock")


def may_have_been_left_open(path: Path) -> bool:
    """Say whether the last writer has not ended in order, or has not ended at all."""
    try:
        return lock_of(path).stat().st_size > 0
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _wait_and_lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _wait_and_lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
