"""The class of a refund's reason, by the words of ``resources/refund_reasons.toml``.

Platforms and buyers write hundreds of reasons; people ask for a dozen classes.  The class is a column derived from the
reason alone, so that a cut by it reads no text; when the words change all reasons are looked at again.
"""

# SQL is put together from whole numbers and constants only.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from functools import cache

from ecoperf_desktop import paths
from ecoperf_desktop.declarations import declared
from ecoperf_desktop.model.days import Day
from ecoperf_desktop.store.derive import wanted

OTHER = "other"


def class_of(reason: str | None) -> str | None:
    """Return the class of a reason: that of the longest word in it; ``other`` without any, None without a reason."""
    if reason is None or not reason.strip():
        return None
    text = _plain(reason)
    best, found = 0, OTHER
    for name, words in _classes():
        for word in words:
            if len(word) > best and word in text:
                best, found = len(word), name
    return found


def fingerprint() -> str:
    """Return what changes when the words do."""
    return json.dumps(_classes(), ensure_ascii=False)


def settle(conn: sqlite3.Connection, days: Iterable[Day] | None) -> None:
    """Work out the classes of refunds again: of those of ``days``, of all when None."""
    if days is None:
        _settle(conn, "1 = 1")
        return
    touched = set(days)
    if touched:
        with wanted(conn, touched) as mine:
            _settle(conn, f"refund_day IN (SELECT id FROM {mine})")


def _settle(conn: sqlite3.Connection, within: str) -> None:
    pairs = conn.execute(f"SELECT DISTINCT reason, reason_class FROM refunds WHERE {within}").fetchall()
    moved = {(reason, right) for reason, known in pairs if (right := class_of(reason)) != known}
    for reason, right in sorted(moved, key=str):
        conn.execute(f"UPDATE refunds SET reason_class = ? WHERE reason IS ? AND {within}", (right, reason))


@cache
def _classes() -> tuple[tuple[str, tuple[str, ...]], ...]:
    said = declared(paths.resources() / "refund_reasons.toml")
    return tuple((name, tuple(_plain(word) for word in words)) for name, words in said.items())


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())
