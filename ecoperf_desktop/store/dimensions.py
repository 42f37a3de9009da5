"""Names become row ids: shops, products, buyers and orders that files refer to."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Coded, Column, Int64, Numbers
from ecoperf_desktop.store import rows
from ecoperf_desktop.store.rows import Stored

# Tables known by one column of text that is unique in the workspace: id column, text column.
NAMED = {
    "shop": ("shop_id", "name"),
    "channel": ("channel_id", "name"),
    "region": ("region_id", "name"),
    "location": ("location_id", "name"),
    "carrier": ("carrier_id", "name"),
    "category": ("category_id", "name"),
    "supplier": ("supplier_id", "name"),
    "product": ("product_id", "sku"),
    "staff": ("staff_id", "name"),
    "campaign": ("campaign_id", "name"),
    "purchase_orders": ("po_id", "po_no"),
}
# Words kept to save looking them up again; beyond that the workspace itself is asked.
_REMEMBERED = 200_000


@dataclass(frozen=True)
class OrderIds:
    """The order of each row: ``ids`` (0 where the row names none), and which of them did not exist before."""

    ids: Int64
    is_new: NDArray[np.bool_]


class Names:
    """Finds the row a name stands for, and makes a row that only bears the name when there is none.

    Buyers are known by a keyed hash of their text within the source; the text is never stored.
    """

    def __init__(self, conn: sqlite3.Connection, source_id: int) -> None:
        self._conn = conn
        self._source_id = source_id
        self._key = bytes(conn.execute("SELECT value FROM secret WHERE name = 'buyer_key'").fetchone()[0])
        self._known: dict[str, dict[str, int]] = {}
        self._next: dict[str, int] = {}
        self._was_empty: dict[str, bool] = {}
        self._orders: dict[int, dict[str, int]] = {}
        self._largest_order_no: dict[int, str | None] = {}
        # Orders that have an id but no row yet: shop and numbers, in the order of ids from ``_first_unstored``.
        self._unstored: list[tuple[int, list[str]]] = []
        self._first_unstored = 0

    def ids(self, table: str, column: Column) -> Numbers:
        """Return the ids of the rows of ``table`` that the words name; missing words stay missing."""
        coded = as_words(column)
        known = self._known.setdefault(table, {})
        used = _used(coded)
        words = [coded.words[code] for code in used.tolist()]
        unseen = [word for word in words if word not in known]
        if unseen:
            self._learn(table, known, unseen)
        return _mapped(coded, used, [known[word] for word in words])

    def one(self, table: str, word: str) -> int:
        """Return the id of the one row that ``word`` names."""
        return int(self.ids(table, Coded(np.zeros(1, dtype=np.int32), [word])).values[0])

    def buyers(self, column: Column) -> Numbers:
        """Return customer ids for the platform's buyer texts."""
        coded = as_words(column)
        known = self._known.setdefault("customer", {})
        if len(known) > _REMEMBERED:
            known.clear()
            self._was_empty["customer"] = False  # those that were forgotten are in it
        used = _used(coded)
        words = [coded.words[code] for code in used.tolist()]
        unseen = [word for word in words if word not in known]
        if unseen:
            self._learn_buyers(known, unseen)
        return _mapped(coded, used, [known[word] for word in words])

    def hashed(self, column: Column, kind: str) -> Numbers:
        """Return 64 bits of a keyed hash for each word; ``kind`` keeps equal texts of different meaning apart."""
        coded = as_words(column)
        used = _used(coded)
        return _mapped(coded, used, [self._hash(coded.words[code], kind) for code in used.tolist()])

    def orders(self, shops: Int64, column: Column) -> OrderIds:
        """Return the order of each row by shop and order number.

        Orders that did not exist get an id and wait until they are stored whole
        (``orders_are_stored``) or as a number that is only referred to (``store_orders``).
        Ids grow in the order of first appearance, which keeps lines in file order.
        """
        coded = as_words(column)
        pairs, shop_of, code_of = _pairs(shops, coded)
        first = _first_rows(pairs, len(shop_of))
        used = np.flatnonzero(first < len(pairs))
        used = used[np.argsort(first[used], kind="stable")]
        id_of = np.zeros(len(shop_of) + 1, dtype=np.int64)
        for shop in np.unique(shops).tolist():
            of_shop = used[shop_of[used] == shop]
            words = [coded.words[code] for code in code_of[of_shop].tolist()]
            id_of[of_shop] = self._order_ids(shop, words)
        ids = id_of[pairs]
        return OrderIds(
            ids, ids >= self._first_unstored if self._unstored else np.zeros(len(ids), dtype=bool)
        )

    def orders_are_stored(self) -> None:
        """Note that every order that waited now has a row."""
        self._unstored.clear()

    def store_orders(self) -> None:
        """Store the orders that are only referred to."""
        if not self._unstored:
            return
        numbers = [number for _, words in self._unstored for number in words]
        columns: dict[str, Sequence[Stored] | int] = {
            "order_id": list(range(self._first_unstored, self._first_unstored + len(numbers))),
            "shop_id": [shop for shop, words in self._unstored for _ in words],
            "order_no": numbers,
            "source_id": self._source_id,
        }
        rows.insert(self._conn, "orders", columns, len(numbers))
        self.orders_are_stored()

    def _learn(self, table: str, known: dict[str, int], unseen: list[str]) -> None:
        id_column, text_column = NAMED[table]
        self._open(table, id_column)
        if not self._was_empty[table]:
            found = rows.select_by(self._conn, f"{text_column}, {id_column}", table, text_column, unseen)
            known.update(found)  # type: ignore[arg-type]
        new = sorted({word for word in unseen if word not in known})
        if not new:
            return
        ids = self._take_ids(table, len(new))
        known.update(zip(new, ids, strict=True))
        columns: dict[str, Sequence[Stored] | int] = {id_column: ids, text_column: new}
        if table == "shop":
            columns["source_id"] = self._source_id
        rows.insert(self._conn, table, columns, len(new))

    def _learn_buyers(self, known: dict[str, int], unseen: list[str]) -> None:
        self._open("customer", "customer_id")
        word_of = {self._hash(word, "buyer"): word for word in unseen}
        if not self._was_empty["customer"]:
            mine = f"source_id = {self._source_id}"
            found = rows.select_by(
                self._conn, "ext_hash, customer_id", "customer", "ext_hash", list(word_of), mine
            )
            for ext_hash, customer in found:
                known[word_of.pop(ext_hash)] = customer  # type: ignore[arg-type,assignment]
        if not word_of:
            return
        # Sorted, so that the index over hashes is filled from one end to the other.
        hashes = sorted(word_of)
        ids = self._take_ids("customer", len(hashes))
        known.update((word_of[ext_hash], customer) for ext_hash, customer in zip(hashes, ids, strict=True))
        columns: dict[str, Sequence[Stored] | int] = {
            "customer_id": ids, "source_id": self._source_id, "ext_hash": hashes, "buyer_id": ids,
        }  # fmt: skip
        rows.insert(self._conn, "customer", columns, len(hashes))

    def _order_ids(self, shop: int, words: list[str]) -> list[int]:
        known = self._orders.setdefault(shop, {})
        if len(known) > _REMEMBERED:
            self.store_orders()
            known.clear()
            self._largest_order_no.pop(shop, None)
        unseen = [word for word in words if word not in known]
        if unseen:
            self._open("orders", "order_id")
            if shop not in self._largest_order_no:
                query = "SELECT max(order_no) FROM orders WHERE shop_id = ?"
                self._largest_order_no[shop] = self._conn.execute(query, (shop,)).fetchone()[0]
            largest = self._largest_order_no[shop]
            if largest is not None:
                # Text above the largest known is new without a look: SQLite and Python order it alike.
                old = [word for word in unseen if word <= largest]
                mine = f"shop_id = {shop}"
                found = rows.select_by(self._conn, "order_no, order_id", "orders", "order_no", old, mine)
                known.update(found)  # type: ignore[arg-type]
                unseen = [word for word in unseen if word not in known]
            if unseen:
                ids = self._take_ids("orders", len(unseen))
                known.update(zip(unseen, ids, strict=True))
                self._first_unstored = self._first_unstored if self._unstored else ids[0]
                self._unstored.append((shop, unseen))
        return [known[word] for word in words]

    def _open(self, table: str, id_column: str) -> None:
        if table not in self._next:
            largest = rows.largest_id(self._conn, table, id_column)
            self._next[table] = largest + 1
            self._was_empty[table] = largest == 0

    def _take_ids(self, table: str, count: int) -> list[int]:
        first = self._next[table]
        self._next[table] = first + count
        return list(range(first, first + count))

    def _hash(self, word: str, kind: str) -> int:
        text = word.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=8, key=self._key, person=kind.encode()).digest()
        return int.from_bytes(digest, "little", signed=True)


def as_words(column: Column) -> Coded:
    """Return a column of names as coded text; whole numbers are names too."""
    if isinstance(column, Coded):
        return column
    distinct, places = np.unique(column.values, return_inverse=True)
    codes = places.astype(np.int32)
    if column.missing is not None:
        codes[column.missing] = -1
    return Coded(codes, [str(value) for value in distinct.tolist()])


def _used(coded: Coded) -> NDArray[np.intp]:
    """Return the codes that stand in a row: files give words that no row of this table uses."""
    return np.flatnonzero(np.bincount(coded.codes + 1, minlength=len(coded.words) + 1)[1:])


def _mapped(coded: Coded, used: NDArray[np.intp], ids: list[int]) -> Numbers:
    id_of = np.zeros(len(coded.words) + 1, dtype=np.int64)  # code -1 is the last
    id_of[used] = ids
    missing = coded.codes < 0
    return Numbers(id_of[coded.codes], missing if missing.any() else None)


def _pairs(shops: Int64, coded: Coded) -> tuple[NDArray[np.intp], Int64, NDArray[np.intp]]:
    """Number the pairs of shop and order word; -1 is a row without an order."""
    width = len(coded.words)
    codes = coded.codes.astype(np.intp)
    if not len(shops) or (shops == shops[0]).all():
        shop = int(shops[0]) if len(shops) else 0
        return codes, np.full(width, shop, dtype=np.int64), np.arange(width)
    distinct, shop_codes = np.unique(shops, return_inverse=True)
    pairs = np.where(codes < 0, -1, shop_codes * width + codes)
    return pairs, np.repeat(distinct, width), np.tile(np.arange(width), len(distinct))


def _first_rows(pairs: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return for each pair the first row it stands in, the number of rows where it stands in none."""
    first = np.full(count + 1, len(pairs), dtype=np.intp)
    # Of several assignments to one place numpy keeps the last, so backwards it is the first row.
    first[pairs[::-1]] = np.arange(len(pairs) - 1, -1, -1)
    return first[:count]
