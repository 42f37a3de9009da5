"""Where data, logs and resources are, in a checkout, installed or frozen."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APP = "EcoPerf"


def resources() -> Path:
    """Return the folder that holds formats, metrics, languages, fonts, icons and help."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"


def data_dir() -> Path:
    """Return the person's data folder for this program, which may not exist yet."""
    override = os.environ.get("ECOPERF_DATA")
    if override:
        return Path(override)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return base / APP


def default_workspace() -> Path:
    """Return the workspace used when none is named."""
    override = os.environ.get("ECOPERF_WORKSPACE")
    return Path(override) if override else data_dir() / "workspace.ecoperf"


def log_dir() -> Path:
    return data_dir() / "logs"


def cache_dir() -> Path:
    """Return a folder whose files can be deleted at any time."""
    return data_dir() / "cache"


def backup_dir(workspace: Path) -> Path:
    """Return the folder of a workspace's backups: one for each, since several may lie in one folder."""
    return workspace.parent / "backups" / workspace.stem


def user_formats() -> Path:
    """Return the folder of the person's own format descriptors."""
    return data_dir() / "formats"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a draft beside ``target`` to write to, and put it in its place when all went well.

    Until then, and when anything goes wrong, the old file stays as it is and no draft is left. Raise OSError.
    """
    # Short, so that the longest name that a disk takes has room for it.
    draft = target.with_name(f".{target.name[:40]}.{os.getpid()}.new{target.suffix[:8]}")
    try:
        yield draft
        with draft.open("r+b") as stream:
            os.fsync(stream.fileno())
        _put(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _put(draft: Path, target: Path) -> None:
    """Replace a file; scanners of viruses hold one open for moments, so that Windows is asked more than once."""
    for attempt in range(9 if sys.platform == "win32" else 0):
        try:
            draft.replace(target)
            return
        except PermissionError:
            time.sleep(0.025 * (attempt + 1))
    draft.replace(target)


_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³")}
_LONGEST_STEM = 80


def file_stem(title: str) -> str:
    """Return a title as a file may be called on every system; ``_`` when nothing of it can stand in a name.

    It names no folder and no device, holds nothing that is not shown, and is short enough for every disk.
    """
    words = "".join(sign if sign.isprintable() and sign not in '<>:"/\\|?*' else " " for sign in title)
    words = " ".join(words.split())[:_LONGEST_STEM]
    while len(words.encode("utf-8")) > 2 * _LONGEST_STEM:
        words = words[:-1]
    words = words.strip(" .")
    return f"_{words}" if words.partition(".")[0].strip().upper() in _DEVICES | {""} else words
