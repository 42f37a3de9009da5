"""A folder of downloads: which of its files are new, complete and perhaps exports.

Nothing is read here but names, sizes and times; a file is told of when it has been left alone for a while, is no
browser's unfinished one and can be opened.  What was told of once is not told of again, also after the program
was closed, until its size or time changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = "tuple[int, int]"  # size, time of change in nanoseconds

# Browsers, clouds and office programs write under these names before a file is whole.
_UNFINISHED = re.compile(
    r"(^\.|^~|^~\$|\.(crdownload|part|partial|tmp|temp|download|opdownload|!ut|aria2|filepart|lock)$|^unconfirmed \d+)", re.IGNORECASE
)
_UNFINISHED_BESIDE = (".part", ".crdownload", ".partial", ".download", ".aria2", ".tmp")
_EXPORTS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json", ".zip"})
# Of these a folder of downloads holds many that are no exports: told of only when they are known.
_SELDOM_EXPORTS = frozenset({".zip", ".json", ".txt"})
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True)
class Seen:
    """What one look at the folder showed: ``complete`` are new whole files by name.

    ``is_waiting``: something is still being written or has not been left alone long enough.
    """

    is_there: bool
    complete: tuple[Path, ...] = ()
    is_waiting: bool = False


class WatchedFolder:
    """Remembers what lies in a folder from one look to the next.

    ``known`` are the files told of before, by name.  Without it everything that lies there at the first look is
    old: who chooses a folder of a thousand downloads does not want to hear of them.  ``quiet`` are the seconds for
    which a file must be left alone.
    """

    def __init__(self, folder: Path, known: Mapping[str, Stamp] | None = None, *, quiet: float = 3.0) -> None:
        self.folder = folder
        self._quiet = quiet
        self._known: dict[str, Stamp] = dict(known or {})
        self._is_new = known is None
        self._since: dict[str, tuple[Stamp, float]] = {}

    @property
    def known(self) -> dict[str, Stamp]:
        """Return the files told of, by name."""
        return dict(self._known)

    def look(self, now: float) -> Seen:
        """Look at the folder at ``now`` (seconds of a clock that only goes forward).

        A folder that is gone is not there; its files are remembered for when it comes back.
        """
        try:
            found = _stamps(self.folder)
        except OSError:
            self._since.clear()
            return Seen(False)
        if self._is_new:
            self._is_new = False
            self._known.update({name: stamp for name, stamp in found.items() if not _UNFINISHED.search(name)})
            return Seen(True)
        complete: list[Path] = []
        waiting: dict[str, tuple[Stamp, float]] = {}
        for name, stamp in sorted(found.items()):
            if not _may_be_export(name) or self._known.get(name) == stamp:
                continue
            before = self._since.get(name)
            since = before[1] if before and before[0] == stamp else now
            is_quiet = before is not None and before[0] == stamp and now - since >= self._quiet
            if is_quiet and stamp[0] > 0 and not any(name + suffix in found for suffix in _UNFINISHED_BESIDE) and _opens(self.folder / name):
                complete.append(self.folder / name)
                self._known[name] = stamp
            else:
                waiting[name] = (stamp, since)
        self._since = waiting
        # An empty file that nobody fills is not waited for in haste.
        return Seen(True, tuple(complete), any(stamp[0] > 0 for stamp, _ in waiting.values()))


def is_seldom_export(path: Path) -> bool:
    """Say whether most files of this name's kind are no exports, so that an unknown one is not worth a word."""
    return path.suffix.lower() in _SELDOM_EXPORTS


def remembered(memory: Path, folder: Path) -> dict[str, Stamp] | None:
    """Return the files of ``folder`` told of before; None when it was never watched or the memory cannot be read."""
    try:
        kept = json.loads(memory.read_text(encoding="utf-8"))
        if kept["folder"] != str(folder):
            return None
        return {str(name): (int(size), int(when)) for name, (size, when) in kept["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remember(memory: Path, watched: WatchedFolder) -> None:
    """Keep what was told of, whole or not at all; what cannot be kept is told of once more next time."""
    newest = sorted(watched.known.items(), key=lambda pair: pair[1][1])[-_MOST_REMEMBERED:]
    draft = memory.with_suffix(".new")
    with contextlib.suppress(OSError):
        memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(json.dumps({"folder": str(watched.folder), "files": dict(newest)}, ensure_ascii=False), encoding="utf-8")
        draft.replace(memory)


def _stamps(folder: Path) -> dict[str, Stamp]:
    """Return size and time of the folder's own files; those that vanish while we look are not there.

    Raise OSError when it is the folder that vanishes.
    """
    found: dict[str, Stamp] = {}
    some_vanished = False
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                about = entry.stat(follow_symlinks=False)
            except OSError:
                some_vanished = True
                continue
            if stat.S_ISREG(about.st_mode):
                found[entry.name] = (about.st_size, about.st_mtime_ns)
    if some_vanished:
        folder.stat()
    return found


def _may_be_export(name: str) -> bool:
    return not _UNFINISHED.search(name) and Path(name).suffix.lower() in _EXPORTS


def _opens(path: Path) -> bool:
    """Say whether the file can be read now, and an archive be listed: half of one has no directory."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            if head != b"PK\x03\x04":
                return True
            stream.seek(0)
            return zipfile.is_zipfile(stream)
    except OSError:
        return False
