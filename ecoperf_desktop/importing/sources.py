"""What a person points at: files, folders and archives become members, in a steady order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member, as_text, members
from ecoperf_desktop.model.importing import Progress

_PASSED_OVER = re.compile(r"^(\.|~\$|__MACOSX$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_NEVER_EXPORTS = frozenset({".md", ".py", ".toml", ".log", ".db", ".sqlite", ".ecoperf"})


@dataclass(frozen=True)
class Found:
    """One member, or why a path gave none.

    ``named`` is True for a path the person named; what is met inside a folder or an
    archive may be passed over when it is no export.
    """

    path: Path
    named: bool
    member: Member | None
    problem: FileRefused | None = None


def found(paths: Sequence[Path], progress: Progress) -> Iterator[Found]:
    """Yield every member of the named files, folders and archives, each file once."""
    files = list(_files(paths))
    seen: set[Path] = set()
    for number, (path, named, problem) in enumerate(files):
        progress(number, len(files), as_text(path.name))
        if problem is not None:
            yield Found(path, named, None, problem)
            continue
        place = path.resolve()
        if place in seen:
            continue
        seen.add(place)
        try:
            for member in members(path):
                yield Found(path, named and member.member is None, member)
        except FileRefused as refused:
            yield Found(path, named, None, refused)


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool, FileRefused | None]]:
    for path in paths:
        if path.is_dir():
            inside = list(_inside(path))
            if not inside:
                yield path, True, FileRefused("importing.empty_folder", path=as_text(path))
            for file in inside:
                yield file, False, None
        elif path.exists():
            yield path, True, None
        else:
            yield path, True, FileRefused("importing.absent", path=as_text(path))


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder by name, without hidden ones; links to folders are not followed."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _PASSED_OVER.match(name))
        for name in sorted(files):
            if not _PASSED_OVER.match(name) and Path(name).suffix.lower() not in _NEVER_EXPORTS:
                yield Path(root) / name


def siblings(member: Member, pattern: re.Pattern[str]) -> Iterator[Member]:
    """Yield the members beside ``member``, in its archive or folder, whose name matches."""
    if member.member is not None:
        folder = member.member.rpartition("/")[0]
        for other in members(member.path):
            if other.member is not None and other.member.rpartition("/")[0] == folder and pattern.search(other.name):
                yield other
        return
    try:
        names = sorted(entry.name for entry in os.scandir(member.path.parent) if entry.is_file())
    except OSError:
        return
    for name in names[: limits.ZIP_MEMBERS]:
        if name != member.path.name and pattern.search(name):
            yield from members(member.path.parent / name)
