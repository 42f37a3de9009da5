"""The words by which people search for the shop itself: its names, as they are typed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

SETTING = "brand_words"
_MOST = 50


def words(conn: sqlite3.Connection) -> list[str]:
    """Return the workspace's brand words in small letters, none where it names none."""
    row = conn.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)).fetchone()
    try:
        said = json.loads(row[0]) if row is not None else []
    except ValueError:
        return []
    return _clean(said) if isinstance(said, list) else []


def keep(conn: sqlite3.Connection, said: Sequence[str]) -> list[str]:
    """Keep the brand words in place of the earlier ones, and return them as they are kept."""
    found = _clean(said)
    conn.execute("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (SETTING, json.dumps(found, ensure_ascii=False)))
    return found


def read(text: str) -> list[str]:
    """Return the words of a line in which commas of any kind stand between them."""
    for sign in "，、;；\n":
        text = text.replace(sign, ",")
    return _clean(text.split(","))


def _clean(said: Sequence[object]) -> list[str]:
    return list(dict.fromkeys(word for word in (str(one).strip().lower() for one in said) if word))[:_MOST]
