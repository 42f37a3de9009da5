"""What the window remembers of how a person arranged it, from one day to the next."""

from __future__ import annotations

from PySide6.QtCore import QSettings

from ecoperf_desktop import paths
from ecoperf_desktop.ui.arranged import AS_IT_COMES, Arrangement

# Arrangements of this run; filters are of the day and are not written down.
_tables: dict[str, Arrangement] = {}


def window_settings() -> QSettings:
    return QSettings(str(paths.data_dir() / "window.ini"), QSettings.Format.IniFormat)


def arrangement(table: str) -> Arrangement:
    """Return how the table was arranged last."""
    found = _tables.get(table)
    if found is None:
        kept = str(window_settings().value(f"tables/{table}", "") or "").split(" ")
        found = AS_IT_COMES
        if len(kept) == 3:
            found = Arrangement(sorted_by=kept[0].strip("-"), is_falling=kept[1] == "falling", group_by=kept[2].strip("-"))
        _tables[table] = found
    return found


def keep(table: str, how: Arrangement) -> None:
    """Remember an arrangement; order and groups also for the next start."""
    before = _tables.get(table)
    _tables[table] = how
    if before is None or (before.sorted_by, before.is_falling, before.group_by) != (how.sorted_by, how.is_falling, how.group_by):
        told = f"{how.sorted_by or '-'} {'falling' if how.is_falling else 'rising'} {how.group_by or '-'}"
        window_settings().setValue(f"tables/{table}", told)


def forget() -> None:
    """Forget what this run remembers; what is written down stays."""
    _tables.clear()
