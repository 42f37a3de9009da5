"""What part of the facts is asked about: filters and cuts, by row ids instead of names."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeAlias

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.views import DIMENSIONS, VIEWS, View

Key: TypeAlias = "int | str | None"  # a dimension's value: row id, or text; None for rows without one
Cut: TypeAlias = "tuple[Key, ...]"  # one key for each dimension of ``per``

_NEAR = 3
_ALIKE = 0.6
_NAMES_LOOKED_AT = 5000


@dataclass(frozen=True)
class Scope:
    """Filters (any of the keys of each dimension) and the dimensions to cut by."""

    where: tuple[tuple[str, tuple[Key, ...]], ...] = ()
    per: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (*(dimension for dimension, _ in self.where), *self.per)

    def within(self, allowed: Collection[str]) -> Scope:
        """Return the part of the scope that ``allowed`` dimensions can express."""
        return Scope(
            tuple((dimension, keys) for dimension, keys in self.where if dimension in allowed),
            tuple(dimension for dimension in self.per if dimension in allowed),
        )

    def keys(self, dimension: str) -> tuple[Key, ...] | None:
        """Return what the dimension is filtered to, None when it is not."""
        return next((keys for name, keys in self.where if name == dimension), None)

    def projected(self, cut: Cut, allowed: Collection[str]) -> Cut:
        """Return the keys of ``cut`` that belong to ``allowed`` dimensions."""
        return tuple(key for dimension, key in zip(self.per, cut, strict=True) if dimension in allowed)


def conditions(scope: Scope, view: View, blank: bool = False) -> tuple[list[str], list[str]]:
    """Return SQL conditions for the scope's filters on the view's columns, and their text parameters.

    ``blank``: rows without a value hold -1 or an empty text (daily sums) instead of NULL.
    """
    found: list[str] = []
    texts: list[str] = []
    for dimension, keys in scope.where:
        column = view.dims[dimension]
        numbers = [str(key) for key in keys if isinstance(key, int)]
        words = [key for key in keys if isinstance(key, str)]
        either = []
        if numbers:
            either.append(f"{column} IN ({', '.join(numbers)})")
        if words:
            either.append(f"{column} IN ({', '.join('?' * len(words))})")
            texts += words
        if None in keys:
            nothing = "-1" if column.endswith("_id") else "''"
            either.append(f"{column} = {nothing}" if blank else f"{column} IS NULL")
        found.append(f"({' OR '.join(either)})" if either else "1 = 0")
    return found, texts


class Names:
    """Finds the row ids of names, and the names of row ids."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._labels: dict[tuple[str, Key], str] = {}
        self._texts: dict[tuple[str, str, tuple[str, ...]], Key] = {}

    def scope(self, where: Sequence[tuple[str, str]], per: Sequence[str], views: Callable[[], Sequence[str]]) -> Scope:
        """Return the scope of named filters; raise MetricRefused that names near values for an unknown one.

        ``views`` gives those in which a dimension of plain text is looked up.
        """
        keys: dict[str, list[Key]] = {}
        for dimension, value in where:
            keys.setdefault(dimension, []).append(self._key(dimension, value, views))
        return Scope(tuple((dimension, tuple(found)) for dimension, found in keys.items()), tuple(per))

    def _key(self, dimension: str, value: str, views: Callable[[], Sequence[str]]) -> Key:
        if value == "":
            return None
        known = DIMENSIONS[dimension]
        if known.table is None:
            text = (dimension, value, tuple(views()))
            if text not in self._texts:
                self._texts[text] = self._text(*text)
            return self._texts[text]
        row = self._conn.execute(
            f"SELECT {known.id} FROM {known.table} WHERE {known.name} = ?", (value,)
        ).fetchone()
        if row is not None:
            return int(row[0])
        names = [name for (name,) in self._conn.execute(f"SELECT {known.name} FROM {known.table} LIMIT {_NAMES_LOOKED_AT}")]
        raise _unknown(dimension, value, names)

    def _text(self, dimension: str, value: str, views: Sequence[str]) -> Key:
        names: list[str] = []
        for name in views:
            view = VIEWS[name]
            column = view.dims.get(dimension)
            if column is None:
                continue
            if self._conn.execute(f"SELECT 1 FROM ({view.sql}) WHERE {column} = ? LIMIT 1", (value,)).fetchone():
                return value
            query = f"SELECT DISTINCT {column} FROM ({view.sql}) WHERE {column} IS NOT NULL LIMIT {_NAMES_LOOKED_AT}"
            names += [str(found) for (found,) in self._conn.execute(query)]
        # A word that nothing resembles is no slip: there are simply no rows of it (yet).
        if _near(value, names):
            raise _unknown(dimension, value, names)
        return value

    def label(self, dimension: str, key: Key) -> str:
        """Return the name of a key, empty for None; call ``fetch`` before for many."""
        if key is None:
            return ""
        if isinstance(key, str):
            return key
        if (dimension, key) not in self._labels:
            self.fetch(dimension, [key])
        return self._labels.get((dimension, key), str(key))

    def fetch(self, dimension: str, keys: Iterable[Key]) -> None:
        """Read the names of many keys at once."""
        known = DIMENSIONS[dimension]
        wanted = sorted({key for key in keys if isinstance(key, int) and (dimension, key) not in self._labels})
        for start in range(0, len(wanted), 500):
            part = ", ".join(str(key) for key in wanted[start : start + 500])
            for row_id, name in self._conn.execute(
                f"SELECT {known.id}, {known.name} FROM {known.table} WHERE {known.id} IN ({part})"
            ):
                self._labels[dimension, row_id] = name


def _near(value: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    import difflib

    lowered = {name.lower(): name for name in names}
    return [lowered[name] for name in difflib.get_close_matches(value.lower(), lowered, n=_NEAR, cutoff=_ALIKE)]


def _unknown(dimension: str, value: str, names: Sequence[str]) -> MetricRefused:
    near = _near(value, names)
    if not near:
        return MetricRefused("metrics.unknown_value_none_near", dimension=dimension, value=value)
    return MetricRefused("metrics.unknown_value", dimension=dimension, value=value, near=", ".join(near))
