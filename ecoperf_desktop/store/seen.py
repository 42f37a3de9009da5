"""Titles of products met in passing: the newest import's is shown where nothing better is asserted."""

from __future__ import annotations

import json
import sqlite3
import zlib

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Coded, Int64
from ecoperf_desktop.store import rows
from ecoperf_desktop.store.fold import UNCHANGED

_TABLE = "product_title"


class Titles:
    """Gathers the titles one import mentions, the last one of each product."""

    def __init__(self, conn: sqlite3.Connection, import_id: int, as_of: int) -> None:
        self._conn = conn
        self._import_id = import_id
        self._as_of = as_of
        self._titles: dict[int, str] = {}

    def see(self, products: Int64, titles: Coded) -> NDArray[np.uint8]:
        """Note each row's title of its product; return what became of the rows."""
        named = np.flatnonzero((products > 0) & (titles.codes >= 0))
        if len(named):
            last = np.full(int(products.max()) + 1, -1, dtype=np.int64)
            # Of several assignments to one place numpy keeps the last.
            last[products[named]] = titles.codes[named]
            seen = np.flatnonzero(last >= 0)
            words = titles.words
            self._titles.update(
                zip(seen.tolist(), (words[code] for code in last[seen].tolist()), strict=True)
            )
        return np.full(len(products), UNCHANGED, dtype=np.uint8)

    def store(self) -> None:
        """Keep what was seen, and show it where no newer import saw another; ties go to the later text."""
        if not self._titles:
            return
        packed = zlib.compress(json.dumps(self._titles, ensure_ascii=False).encode())
        self._conn.execute(
            "INSERT INTO seen_names(import_id, table_name, names) VALUES (?, ?, ?)",
            (self._import_id, _TABLE, packed),
        )
        shown = {
            product: (as_of, name)
            for product, as_of, name in rows.select_by(
                self._conn, "product_id, seen_as_of, seen_name", "product", "product_id", list(self._titles)
            )
            if as_of is not None
        }
        self._conn.executemany(
            "UPDATE product SET seen_name = ?, seen_as_of = ? WHERE product_id = ?",
            (
                (name, self._as_of, product)
                for product, name in self._titles.items()
                if product not in shown or shown[product] < (self._as_of, name)
            ),
        )


def forget(conn: sqlite3.Connection, import_id: int) -> None:
    """Take back the titles an import saw; what the others saw is shown again."""
    row = conn.execute("SELECT names FROM seen_names WHERE import_id = ?", (import_id,)).fetchone()
    if row is None:
        return
    conn.execute("DELETE FROM seen_names WHERE import_id = ?", (import_id,))
    best: dict[int, tuple[int, str]] = {}
    lost = _unpacked(row[0])
    for as_of, packed in conn.execute(
        "SELECT i.as_of, s.names FROM seen_names s JOIN imports i USING(import_id)"
    ):
        for product, name in _unpacked(packed).items():
            if product in lost and best.get(product, (as_of, "")) <= (as_of, name):
                best[product] = (as_of, name)
    conn.executemany(
        "UPDATE product SET seen_as_of = ?, seen_name = ? WHERE product_id = ?",
        ((*best.get(product, (None, None)), product) for product in lost),
    )


def _unpacked(packed: bytes) -> dict[int, str]:
    return {int(product): name for product, name in json.loads(zlib.decompress(packed)).items()}
