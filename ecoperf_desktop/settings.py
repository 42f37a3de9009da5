"""Every preference: its type, default and the code of its title.  The dialog is built from this."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from ecoperf_desktop import language, paths, plain
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Preference:
    """One preference of this person on this computer.  ``choices`` is empty for free values."""

    name: str
    kind: Literal["choice", "flag", "text", "folder"]
    default: str
    title: str
    choices: tuple[str, ...] = ()


PREFERENCES: dict[str, Preference] = {
    preference.name: preference
    for preference in (
        Preference("language", "choice", "system", "settings.language", ("system", *language.LANGUAGES)),
        Preference("appearance", "choice", "system", "settings.appearance", ("system", "light", "dark")),
        Preference("paper", "choice", "A4", "settings.paper", ("A4", "Letter")),
        Preference("rate_change", "choice", "bp", "settings.rate_change", ("bp", "pp")),
        Preference("watched_folder", "folder", "", "settings.watched_folder"),
        Preference("watch", "choice", "offer", "settings.watch", ("offer", "import")),
        Preference("second_backup_folder", "folder", "", "settings.second_backup_folder"),
        Preference("last_tab", "text", "overview", "settings.last_tab"),
        Preference("last_folder", "text", "", "settings.last_folder"),
    )
}


def load() -> dict[str, str]:
    """Return every preference; what the file does not say, or says wrongly, is its default.

    A file that cannot be read at all is kept beside as ``.bad``; ``set_aside`` says so once.
    """
    chosen = {name: preference.default for name, preference in PREFERENCES.items()}
    path = _path()
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError("too large")
        stored = json.loads(content.decode("utf-8"))
        if not isinstance(stored, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return chosen
    except OSError:
        return chosen  # what cannot be read at this moment may be well
    except (ValueError, RecursionError):
        _set_aside(path)
        return chosen
    for name, value in stored.items():
        preference = PREFERENCES.get(name)
        if preference and isinstance(value, str) and _is_allowed(preference, value):
            chosen[name] = value
    return chosen


def set_aside() -> Path | None:
    """Return where preferences that could not be read were kept, to whoever asks first; None when all is well."""
    global _kept_bad
    found, _kept_bad = _kept_bad, None
    return found


def _is_allowed(preference: Preference, value: str) -> bool:
    if preference.choices:
        return value in preference.choices
    return len(value) <= _LONGEST and plain.one_line(value) == value


_LARGEST = 1_000_000  # bytes; what we write is a hundredth of it
_LONGEST = 4_096  # letters of a folder's path
_kept_bad: Path | None = None


def save(chosen: dict[str, str]) -> None:
    """Write the preferences whole or not at all."""
    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(chosen, stream, ensure_ascii=False, indent=1, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def chosen_language(chosen: dict[str, str]) -> str:
    name = chosen["language"]
    return language.system_language() if name == "system" else name


def _path() -> Path:
    return paths.data_dir() / "preferences.json"


def _set_aside(path: Path) -> None:
    global _kept_bad
    kept = path.with_suffix(".bad")
    try:
        path.replace(kept)
    except OSError:
        return
    _kept_bad = kept
