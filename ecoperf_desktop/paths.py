"""Where data, logs and resources are, in a checkout, installed or frozen."""

from __future__ import annotations

import os
import sys
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
    return workspace.parent / "backups"


def user_formats() -> Path:
    """Return the folder of the person's own format descriptors."""
    return data_dir() / "formats"
