"""One window a workspace: a second start hands its files to the first through a file in a private folder."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QLockFile, QObject, QTimer, Signal

from ecoperf_desktop import paths

_LOOK_EVERY = 1500  # milliseconds; some file systems tell nothing
_MOST_BYTES = 1_000_000


class Inbox(QObject):
    """Holds the place of the one window of a workspace and receives what later starts were given."""

    received = Signal(list)  # list[Path]; empty: only come to the front

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        name = hashlib.sha256(str(workspace.absolute()).encode()).hexdigest()[:16]
        self._folder = paths.data_dir() / "windows" / name
        _private(self._folder)
        self._lock = QLockFile(str(self._folder / "window.lock"))
        # A lock is stale only when its process is gone, however long the window has been open.
        self._lock.setStaleLockTime(0)
        self._watcher: QFileSystemWatcher | None = None

    def take(self) -> bool:
        """Return whether this process is now the one window."""
        if not self._lock.tryLock(200):
            return False
        for left in self._letters():
            left.unlink(missing_ok=True)
        self._watcher = QFileSystemWatcher([str(self._folder)], self)
        self._watcher.directoryChanged.connect(self.look)
        timer = QTimer(self)
        timer.setInterval(_LOOK_EVERY)
        timer.timeout.connect(self.look)
        timer.start()
        return True

    def hand_over(self, files: Sequence[Path]) -> None:
        """Give ``files`` to the window that is open; it comes to the front."""
        draft = self._folder / f".{os.urandom(8).hex()}"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            json.dump([str(path.absolute()) for path in files], stream)
        # Renamed when whole, so that half a letter is never read.
        draft.replace(draft.with_name(f"{draft.name[1:]}.files"))

    def look(self) -> None:
        """Read letters that came."""
        for letter in self._letters():
            files = _read(letter)
            letter.unlink(missing_ok=True)
            if files is not None:
                self.received.emit(files)

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.removePaths(self._watcher.directories())
        self._lock.unlock()

    def _letters(self) -> list[Path]:
        return sorted(self._folder.glob("*.files"))


def _private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)


def _read(letter: Path) -> list[Path] | None:
    """Return the paths of a letter, None when it is not one of ours."""
    try:
        if letter.is_symlink() or letter.stat().st_size > _MOST_BYTES:
            return None
        listed = json.loads(letter.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return None
    return [Path(name) for name in listed if Path(name).exists()]


