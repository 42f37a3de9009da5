"""One import's rows into the facts, with everything that follows from them, in one transaction."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop import collector
from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.model.columns import Asserted, Coded, Column, Int64, Numbers
from ecoperf_desktop.model.days import Period, written_days
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Answers, ImportHead, RowCounts
from ecoperf_desktop.store import events, personal, rows, sums
from ecoperf_desktop.store.blocks import Blocks
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.dimensions import Names, as_words
from ecoperf_desktop.store.fold import CHANGED, NEW, UNCHANGED, Assertion, Fold
from ecoperf_desktop.store.fresh import FreshSales
from ecoperf_desktop.store.lines import LINES_AN_ORDER, Lines
from ecoperf_desktop.store.rates import Wanted, wanted
from ecoperf_desktop.store.restatements import Recorder, record_rates
from ecoperf_desktop.store.rows import Shape, Stored
from ecoperf_desktop.store.seen import Titles
from ecoperf_desktop.store.tables import TABLES, Key, Table
from ecoperf_desktop.store.touched import Touched
from ecoperf_desktop.store.traded import MONEY

# The write-ahead log is merged after an import that made it larger than this.
_LARGE_LOG = 16_000_000
_SEPARATOR = "\x1f"
_SETTLED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Loaded:
    """What an import became: ``period`` is what it covers, None when it says nothing about days.

    ``waiting`` are the currencies and days without a rate for which rows of it wait, ``findings`` say so.
    """

    import_id: int
    rows: RowCounts
    period: Period | None
    waiting: tuple[Wanted, ...] = ()
    findings: tuple[Finding, ...] = ()


class _DryRun(Exception):
    """Ends a transaction whose outcome was only to be seen."""


def known_import(
    conn: sqlite3.Connection, *, sha256: str, member: str | None, format_id: str, source: str
) -> int | None:
    """Return the active import of the same bytes read the same way, None when there is none."""
    row = conn.execute(
        "SELECT i.import_id FROM imports i JOIN source s USING(source_id) WHERE i.sha256 = ? AND i.member IS ? "
        "AND i.format = ? AND s.name = ? AND i.state = 'active'",
        (sha256, member, format_id, source),
    ).fetchone()
    return None if row is None else int(row[0])


@contextmanager
def loading(
    workspace: Workspace, head: ImportHead, *, dry_run: bool = False, plain: bool = False
) -> Iterator[Loading]:
    """Load one file: rows, sums, coverage, raw text and ledger entry together, or nothing.

    Call ``Loading.finish`` inside.  Any exception takes everything back, and so does ``dry_run``.
    ``plain`` takes no short cut for orders that are new: the same workspace, slowly.
    """
    conn = workspace.conn
    try:
        # A million short-lived lists would send the collector over all of them again and again.
        with collector.resting(), workspace.transaction():
            conn.execute("PRAGMA wal_autocheckpoint=0")
            load = Loading(workspace, head, plain=plain)
            try:
                yield load
            finally:
                load.stop()
            if not load.is_finished:
                raise RuntimeError("the import was not finished")
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    finally:
        if not workspace.read_only:
            conn.execute("PRAGMA wal_autocheckpoint=1000")
    _merge_log(workspace)


class Loading:
    """Receives one import's rows, a stretch of the file at a time."""

    def __init__(self, workspace: Workspace, head: ImportHead, *, plain: bool = False) -> None:
        self._conn = conn = workspace.conn
        self._workspace = workspace
        self._head = head
        sums.ensure(conn)
        self._fold = Fold(conn)
        zone = _zone(conn, head.answers.source)
        self._source_id = _source(conn, head.answers)
        self.import_id = _open_entry(conn, head, self._source_id)
        self._names = Names(conn, self._source_id)
        self._touched = Touched(conn)
        self._traded = self._touched.traded
        if _zone(conn, head.answers.source) != zone:
            self._touched.costs.look_at_source(self._source_id)
        self._levels = _Levels()
        self._coverage: dict[tuple[str, int | None], tuple[int, int]] = {}
        self._shapes: dict[str, Shape] = {}
        self._repeats: dict[str, Counter[str]] = {}
        self._restated = Recorder(conn, self.import_id)
        self._blocks = Blocks(conn, self._fold, self.import_id, self._source_id, self._touched, self._restated)
        self._lines = Lines(conn, rows.largest_id(conn, "orders", "order_id"), always_look=plain)
        self._titles = Titles(conn, self.import_id, head.as_of)
        self._fresh = None if plain else FreshSales(conn, self._touched)
        self._basis: str = ""
        self._currency: str | None = None
        self._writer = _Writer()
        self.is_finished = False

    def assert_rows(self, tables: Sequence[Asserted]) -> None:
        """Store what one stretch of the file says; may be called again and again, tables in any order.

        The work is done on another thread while the caller reads on.  Raises FileRefused,
        possibly at a later call, for money in several currencies.
        """
        self._writer.submit(self._assert_rows, tables)

    def _assert_rows(self, tables: Sequence[Asserted]) -> None:
        place = {name: index for index, name in enumerate(TABLES)}
        for asserted in sorted(tables, key=lambda one: place[one.table]):
            if len(asserted):
                self._assert_table(asserted)

    def keep_raw(self, first_record: int, records: int, compressed: bytes) -> None:
        """Keep a zlib block of the file's text that begins at ``first_record``."""
        self._writer.submit(
            self._conn.execute,
            "INSERT INTO raw_block(import_id, first_record, records, text) VALUES (?, ?, ?, ?)",
            (self.import_id, first_record, records, compressed),
        )

    def cover(self, kind: str, first_day: int, last_day: int, shop: str | None = None) -> None:
        """Say that the file speaks for these days, beyond what its rows show; ``shop`` None is the company."""
        self._writer.wait()
        self._cover(kind, None if shop is None else self._names.one("shop", shop), first_day, last_day)

    def finish(
        self, *, read: int, dropped: Mapping[str, int], findings: Sequence[Finding], rejected: int
    ) -> Loaded:
        """Work out what follows from the rows, and close the ledger entry.

        ``read`` counts the file's records, ``dropped`` those left out by rule, by
        reason.  Raises RuntimeError when they do not add up: that is a bug, and
        nothing is stored.
        """
        self._writer.wait()
        self._restated.finish()
        self._titles.store()
        if self._fresh is not None:
            self._fresh.flush()
        self._touched.derive()
        record_rates(self._conn, self._traded.restated(), import_id=self.import_id)
        events.follow(self._conn)
        self._store_coverage()
        new, changed, unchanged = self._levels.counts()
        counts = RowCounts(read, new, changed, unchanged, sum(dropped.values()), rejected)
        if read != new + changed + unchanged + counts.dropped + rejected:
            raise RuntimeError(f"records do not add up: {counts}")
        sums.refresh(self._conn, self._touched.dirty)
        period = self._head.period or self._covered()
        waiting = tuple(wanted(self._conn, self.import_id)) if self._traded.has_rows else ()
        remarks = waits(waiting)
        _close_entry(self._conn, self.import_id, counts, dropped, (*findings, *remarks), period)
        self.is_finished = True
        return Loaded(self.import_id, counts, period, waiting, remarks)

    def stop(self) -> None:
        """Wait until nothing is written any more; what waits to be written is dropped."""
        self._writer.stop()

    # -- tables

    def _assert_table(self, asserted: Asserted) -> None:
        table = TABLES[asserted.table]
        _require_needed(table, asserted, self._head.file)
        self._settle_currency(table, asserted)
        if table.strategy == "seen":
            products = self._names.ids("product", asserted.columns["sku"]).values
            self._levels.mark(
                asserted.records, self._titles.see(products, as_words(asserted.columns["title"]))
            )
            return
        shape = self._shape(table.name)
        stored = self._stored(shape, asserted)
        if table.strategy == "block":
            levels = self._blocks.put(shape, stored, asserted.records)
        else:
            levels = self._upsert(shape, asserted, stored)
        self._levels.mark(asserted.records, levels)
        self._cover_rows(table, stored, len(asserted))

    def _upsert(self, shape: Shape, asserted: Asserted, stored: dict[str, Column]) -> NDArray[np.uint8]:
        keys = self._natural_keys(shape.table, asserted) if shape.has_natural_key else []
        ids, is_new = self._identify(shape, asserted, stored, keys)
        if self._traded.has_rows:
            self._traded.release_rows(shape.name, ids[~is_new].tolist())
        if shape.name == "product" and "unit_cost" in stored:
            self._touched.costs.say(self.import_id, ids, stored["unit_cost"])
        levels = np.full(len(ids), UNCHANGED, dtype=np.uint8)
        last = _last_of_each(ids)
        new = last[is_new[last]]
        old = last[~is_new[last]]
        levels[new] = NEW
        if len(new):
            self._insert(shape, stored, ids, keys, new, asserted.records)
        if len(old):
            levels[old] = self._settle(shape, stored, ids, old, asserted.records)
        self._names.store_orders()
        return levels

    def _identify(
        self, shape: Shape, asserted: Asserted, stored: dict[str, Column], keys: list[str]
    ) -> tuple[Int64, NDArray[np.bool_]]:
        """Return the id of each row and whether nothing is stored under it yet."""
        if keys:
            return self._known_rows(shape, keys)
        match shape.name:
            case "orders":
                self._settle_basis()
                found = self._names.orders(self._shops(asserted), asserted.columns["order_no"])
                return found.ids, found.is_new
            case "order_lines":
                orders = self._order_ids(asserted).values
                self._names.store_orders()
                if self._traded.has_rows:
                    self._traded.release_orders(np.unique(orders).tolist())
                numbers = stored.get("line_no")
                has_numbers = rows.present(numbers, len(asserted)).any()
                return self._lines.identify(
                    orders,
                    stored.get("sku"),
                    rows.values(numbers) if numbers is not None and has_numbers else None,
                )
            case "customer":
                ids = self._names.buyers(asserted.columns["buyer"]).values
            case _:
                ids = self._names.ids(shape.name, asserted.columns[shape.table.key[0]]).values
        return ids, np.zeros(len(ids), dtype=bool)

    def _insert(
        self,
        shape: Shape,
        stored: dict[str, Column],
        ids: Int64,
        keys: list[str],
        new: NDArray[np.intp],
        records: Int64,
    ) -> None:
        usual = self._fold.declare(self.import_id, shape.name, tuple(stored))
        if len(new) < len(ids):
            stored = {name: rows.take(column, new) for name, column in stored.items()}
            ids, records = ids[new], records[new]
            keys = [keys[index] for index in new.tolist()] if keys else keys
        said = {
            column: stored[name]
            for name, column in zip(shape.fields, shape.columns, strict=True)
            if name in stored
        }
        columns: dict[str, Column | Sequence[Stored] | int] = {shape.id_column: Numbers(ids), **said}
        columns |= {"import_id": self.import_id, "record": Numbers(records)}
        if keys:
            columns["natural_key"] = keys
        if shape.name == "orders":
            columns["source_id"] = self._source_id
            if self._fresh is not None:
                said |= self._fresh.derived(stored, len(ids), self._basis)
                columns |= said
        if shape.name == "order_lines" and self._fresh is not None:
            said |= self._fresh.line_costs(ids // LINES_AN_ORDER, stored)
            columns |= said
        rows.insert(self._conn, shape.name, columns, len(ids))
        if shape.name == "orders":
            self._names.orders_are_stored()
        if not usual:
            self._hold_unusual(shape, ids, records, stored)
        if self._traded.is_foreign(self.import_id):
            self._traded.note(shape.name, ids.tolist())
        self._follow(shape, stored, said, ids)

    def _follow(self, shape: Shape, stored: dict[str, Column], said: dict[str, Column], ids: Int64) -> None:
        """Note what follows from rows that were just inserted."""
        if self._fresh is not None and shape.name == "orders":
            self._fresh.add_orders(ids, said)
        elif self._fresh is not None and shape.name == "order_lines" and "is_whole" not in said:
            orders = ids // LINES_AN_ORDER
            fresh = self._fresh.takes(orders)
            if fresh.all():
                self._fresh.add_lines(orders, said)
                return
            self._fresh.add_lines(
                orders[fresh], {name: rows.take(column, fresh) for name, column in said.items()}
            )
            rest = {name: rows.take(column, ~fresh) for name, column in stored.items()}
            self._touched.new_rows(shape, rest, ids[~fresh])
        else:
            self._touched.new_rows(shape, stored, ids)

    def _settle(
        self, shape: Shape, stored: dict[str, Column], ids: Int64, old: NDArray[np.intp], records: Int64
    ) -> NDArray[np.uint8]:
        """Let the file speak about rows that are stored; return what became of each."""
        levels: list[int] = []
        # In parts, since every row becomes an object here.
        for start in range(0, len(old), _SETTLED_AT_ONCE):
            part = old[start : start + _SETTLED_AT_ONCE]
            listed = [rows.values(rows.take(column, part)) for column in stored.values()]
            settled = self._fold.settle(
                shape,
                self.import_id,
                tuple(stored),
                ids[part].tolist(),
                records[part].tolist(),
                zip(*listed, strict=True),
            )
            self._traded.note(shape.name, ids[part].tolist())
            self._restated.rows(shape, settled.changes)
            self._touched.changes(shape, settled.changes)
            levels += settled.levels
        return np.array(levels, dtype=np.uint8)

    def _hold_unusual(self, shape: Shape, ids: Int64, records: Int64, taken: dict[str, Column]) -> None:
        """Spell out rows about which this file says other fields than it does elsewhere."""
        from_fold = zip(*(rows.values(column) for column in taken.values()), strict=True)
        self._fold.hold(
            shape,
            (
                (row_id, Assertion(self.import_id, record, dict(zip(taken, spoken, strict=True))))
                for row_id, record, spoken in zip(ids.tolist(), records.tolist(), from_fold, strict=True)
            ),
        )

    def _settle_basis(self) -> None:
        """Let the first active import with orders say when a sale counts for its source."""
        if self._basis:
            return
        self._conn.execute(
            "UPDATE source SET recognition_basis = ? WHERE source_id = ? AND NOT EXISTS (SELECT 1 FROM imports i "
            "JOIN import_fields f USING(import_id) WHERE i.source_id = source.source_id AND i.state = 'active' "
            "AND i.import_id <> ? AND f.table_name = 'orders')",
            (self._head.answers.recognition_basis, self._source_id, self.import_id),
        )
        query = "SELECT recognition_basis FROM source WHERE source_id = ?"
        self._basis = self._conn.execute(query, (self._source_id,)).fetchone()[0]

    # -- coverage

    def _cover_rows(self, table: Table, stored: Mapping[str, Column], count: int) -> None:
        if table.coverage is None or table.day is None:
            return
        first = _days_of(stored.get(table.day), stored.get("paid_day") if table.name == "orders" else None)
        if first is None:
            return
        last = stored.get("last_day")
        ends = first.values
        if isinstance(last, Numbers):
            ends = np.where(rows.present(last, count), np.maximum(last.values, ends), ends)
        shop = stored.get("shop")
        has_shop = rows.present(shop, count)
        shops = (
            np.where(has_shop, shop.values, 0)
            if isinstance(shop, Numbers)
            else np.zeros(count, dtype=np.int64)
        )
        dated = rows.present(first, count)
        for shop_id in np.unique(shops[dated]).tolist():
            mine = dated & (shops == shop_id)
            self._cover(table.coverage, shop_id or None, int(first.values[mine].min()), int(ends[mine].max()))

    def _cover(self, kind: str, shop: int | None, first_day: int, last_day: int) -> None:
        first, last = self._coverage.get((kind, shop), (first_day, last_day))
        self._coverage[kind, shop] = (min(first, first_day), max(last, last_day))

    def _store_coverage(self) -> None:
        stated = self._head.period
        if stated is not None:
            self._coverage = {key: (stated.first, stated.last) for key in self._coverage}
        # What is said of the company's refunds is said of the refunds of each shop whose sales are in the file.
        shops = [shop_id for kind, shop_id in self._coverage if kind == "sales" and shop_id is not None]
        if shops and (spoken := self._coverage.pop(("refunds", None), None)) is not None:
            for shop_id in shops:
                self._cover("refunds", shop_id, *spoken)
        # A file with sales and refunds speaks for both over all of its days.
        for of_shop in {shop for _, shop in self._coverage}:
            if ("sales", of_shop) in self._coverage and ("refunds", of_shop) in self._coverage:
                self._cover("sales", of_shop, *self._coverage["refunds", of_shop])
                self._cover("refunds", of_shop, *self._coverage["sales", of_shop])
        self._conn.executemany(
            "INSERT INTO coverage(import_id, kind, source_id, shop_id, first_day, last_day) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (self.import_id, kind, self._source_id, shop, *span)
                for (kind, shop), span in self._coverage.items()
            ),
        )

    def _covered(self) -> Period | None:
        if not self._coverage:
            return None
        return Period(
            min(first for first, _ in self._coverage.values()),
            max(last for _, last in self._coverage.values()),
        )

    # -- fields and keys

    def _stored(self, shape: Shape, asserted: Asserted) -> dict[str, Column]:
        """Return the fields as they are stored: names as row ids, buyers as hashes, in the table's order."""
        stored: dict[str, Column] = {}
        for table_field in shape.table.fields:
            name = table_field.name
            if name not in shape.fields:
                continue
            column = asserted.columns.get(name)
            if name == "shop" and (shape.name in ("orders", "refunds") or "order_no" in asserted.columns):
                stored[name] = self._own_shops(shape, asserted)
                continue
            if column is None:
                continue
            if table_field.refers == "orders":
                stored[name] = self._order_ids(asserted)
                self._names.store_orders()
            elif table_field.refers == "customer":
                stored[name] = self._names.buyers(column)
            elif table_field.refers is not None:
                stored[name] = self._names.ids(table_field.refers, column)
            elif table_field.column in ("ext_hash", "person_hash"):
                stored[name] = self._names.hashed(column, name)
            else:
                stored[name] = as_words(column) if table_field.kind == "text" else column
        return stored

    def _shops(self, asserted: Asserted) -> Int64:
        """Return each row's shop; what does not name one belongs to the source's own."""
        count = len(asserted)
        column = asserted.columns.get("shop")
        has_shop = rows.present(column, count)
        shops = np.zeros(count, dtype=np.int64)
        if column is not None:
            shops = self._names.ids("shop", column).values.copy()
        if not has_shop.all():
            shops[~has_shop] = self._names.one("shop", self._head.answers.source)
        return shops

    def _own_shops(self, shape: Shape, asserted: Asserted) -> Numbers:
        """Return the shop as it is stored: a row that names an order belongs to the order's."""
        if shape.name in ("orders", "refunds"):
            return Numbers(self._shops(asserted))
        column = asserted.columns.get("shop")
        without = ~rows.present(column, len(asserted)) & ~rows.present(
            asserted.columns["order_no"], len(asserted)
        )
        return Numbers(self._shops(asserted), without if without.any() else None)

    def _order_ids(self, asserted: Asserted) -> Numbers:
        found = self._names.orders(self._shops(asserted), asserted.columns["order_no"])
        missing = found.ids == 0
        return Numbers(found.ids, missing if missing.any() else None)

    def _natural_keys(self, table: Table, asserted: Asserted) -> list[str]:
        """Return the text each row is known by: words and not ids, so that no order of files changes it."""
        count = len(asserted)
        keys = [""] * count
        waiting = np.ones(count, dtype=bool)
        for position, key in enumerate(table.identities):
            usable = waiting.copy()
            for name in key.needs:
                usable &= rows.present(asserted.columns.get(name), count)
            mine = np.flatnonzero(usable)
            waiting &= ~usable
            if len(mine):
                for index, text in zip(
                    mine.tolist(), self._key_texts(table, key, position, asserted, mine), strict=True
                ):
                    keys[index] = text
        return keys

    def _key_texts(
        self, table: Table, key: Key, position: int, asserted: Asserted, mine: NDArray[np.intp]
    ) -> Iterator[str]:
        parts: list[Sequence[str]] = []
        if table.scoped:
            parts.append([self._head.answers.source] * len(mine))
        for name in key.fields:
            column = asserted.columns.get(name)
            default = self._head.answers.source if name == "shop" else ""
            if column is None:
                parts.append([default] * len(mine))
            else:
                parts.append(
                    [default if one is None else str(one) for one in rows.values(rows.take(column, mine))]
                )
        repeats = self._repeats.setdefault(table.name, Counter())
        for texts in zip(*parts, strict=True):
            text = _SEPARATOR.join((str(position), *texts))
            if key.repeats:
                repeats[text] += 1
                if repeats[text] > 1:
                    text = f"{text}{_SEPARATOR}#{repeats[text]}"
            yield text

    def _known_rows(self, shape: Shape, keys: list[str]) -> tuple[Int64, NDArray[np.bool_]]:
        """Return the row of each key, and whether it is new."""
        self._traded.release_places(shape.name, keys)
        before = rows.largest_id(self._conn, shape.name, shape.id_column)
        largest = max(before, self._traded.largest_id(shape.name))
        known: dict[str, int] = {}
        met_before = largest
        if before:
            wanted = list(dict.fromkeys(keys))
            found = rows.select_by(
                self._conn, f"natural_key, {shape.id_column}", shape.name, "natural_key", wanted
            )
            known.update(found)  # type: ignore[arg-type]
        for key in keys:
            if key not in known:
                largest += 1
                known[key] = largest
        ids = np.array([known[key] for key in keys], dtype=np.int64)
        return ids, ids > met_before

    # -- currency

    def _settle_currency(self, table: Table, asserted: Asserted) -> None:
        """Learn what the file's amounts are in; the first file with money says what the workspace reports in."""
        currencies: set[str] = set()
        if table.name == "orders" and isinstance(column := asserted.columns.get("currency"), Coded):
            used = np.flatnonzero(np.bincount(column.codes + 1, minlength=len(column.words) + 1)[1:])
            currencies.update(column.words[code] for code in used.tolist())
        money = {field.name for field in table.fields if field.kind in MONEY}
        if self._currency is None and money & asserted.columns.keys() and self._head.answers.currency:
            currencies.add(self._head.answers.currency)
        if self._currency is not None:
            currencies.add(self._currency)
        if len(currencies) > 1:
            raise FileRefused("store.several_currencies", file=self._head.file, found=", ".join(sorted(currencies)))
        if self._currency is None and currencies:
            self._take_currency(currencies.pop())

    def _take_currency(self, currency: str) -> None:
        self._currency = currency
        self._conn.execute("UPDATE imports SET currency = ? WHERE import_id = ?", (currency, self.import_id))
        reporting = self._workspace.reporting_currency
        if reporting is None:
            self._workspace.set_setting("reporting_currency", currency)
        elif currency != reporting:
            self._traded.speaks(self.import_id, currency)
            if self._fresh is not None:  # its short cut knows nothing of rates
                self._fresh.flush()
                self._fresh = None

    def _shape(self, name: str) -> Shape:
        if name not in self._shapes:
            self._shapes[name] = rows.shape(self._conn, name)
        return self._shapes[name]


class _Writer:
    """Writes on a thread of its own, in order, one stretch behind its caller."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting: deque[Future[object]] = deque()

    def submit(self, work: Callable[..., object], *given: object) -> None:
        """Queue work; raise what earlier work raised."""
        self._waiting.append(self._thread.submit(work, *given))
        while self._waiting and (len(self._waiting) > 2 or self._waiting[0].done()):
            self._waiting.popleft().result()

    def wait(self) -> None:
        """Wait for all queued work; raise what it raised."""
        while self._waiting:
            self._waiting.popleft().result()

    def stop(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)


class _Levels:
    """What became of each record: the most that became of any of its rows."""

    def __init__(self) -> None:
        self._of_record = np.zeros(1024, dtype=np.uint8)

    def mark(self, records: Int64, levels: NDArray[np.uint8]) -> None:
        largest = int(records.max())
        if largest >= len(self._of_record):
            grown = np.zeros(max(largest + 1, 2 * len(self._of_record)), dtype=np.uint8)
            grown[: len(self._of_record)] = self._of_record
            self._of_record = grown
        for level in (UNCHANGED, CHANGED, NEW):
            mine = levels == level
            if mine.any():
                marked = records if mine.all() else records[mine]
                self._of_record[marked] = np.maximum(self._of_record[marked], level)

    def counts(self) -> tuple[int, int, int]:
        """Return how many records are new, changed and unchanged."""
        counted = np.bincount(self._of_record, minlength=NEW + 1)
        return int(counted[NEW]), int(counted[CHANGED]), int(counted[UNCHANGED])


def waits(waiting: Sequence[Wanted]) -> tuple[Finding, ...]:
    """Return what is to be said of rows that wait for rates: a finding a currency."""
    found = []
    for currency in sorted({one.currency for one in waiting}):
        mine = [one for one in waiting if one.currency == currency]
        details = {"currency": currency, "days": written_days([one.day for one in mine]), "n": sum(one.rows for one in mine)}
        found.append(Finding("store.waits_for_rate", "warning", details=details))
    return tuple(found)


def _source(conn: sqlite3.Connection, answers: Answers) -> int:
    """Return the source's id; what was answered first stays as long as an import of it is active."""
    row = conn.execute("SELECT source_id FROM source WHERE name = ?", (answers.source,)).fetchone()
    values = (
        answers.platform, answers.currency, answers.tz, answers.day_start_min, answers.recognition_basis,
        int(answers.tax_inclusive), answers.attribution, answers.source,
    )  # fmt: skip
    if row is None:
        return int(
            conn.execute(
                "INSERT INTO source(platform, currency, tz, day_start_min, recognition_basis, tax_inclusive, "
                "attribution, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING source_id",
                values,
            ).fetchone()[0]
        )
    query = "SELECT 1 FROM imports WHERE source_id = ? AND state = 'active' LIMIT 1"
    if conn.execute(query, row).fetchone() is None:
        conn.execute(
            "UPDATE source SET platform = ?, currency = ?, tz = ?, day_start_min = ?, recognition_basis = ?, "
            "tax_inclusive = ?, attribution = ? WHERE name = ?",
            values,
        )
    else:
        conn.execute(
            "UPDATE source SET currency = coalesce(currency, ?), tz = coalesce(tz, ?), "
            "attribution = coalesce(attribution, ?) WHERE name = ?",
            (answers.currency, answers.tz, answers.attribution, answers.source),
        )
    return int(row[0])


def _zone(conn: sqlite3.Connection, source: str) -> str | None:
    row = conn.execute("SELECT tz FROM source WHERE name = ?", (source,)).fetchone()
    return None if row is None else row[0]


def _open_entry(conn: sqlite3.Connection, head: ImportHead, source_id: int) -> int:
    return int(
        conn.execute(
            "INSERT INTO imports(source_id, path, file, member, sha256, size, format, format_version, mapping_hash, encoding, "
            "delimiter, header, hidden, hashed, as_of, as_of_from, state, imported_utc) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?) RETURNING import_id",
            (
                source_id, head.path, head.file, head.member, head.sha256, head.size, head.format_id, head.format_version,
                head.mapping_hash, head.encoding, head.delimiter, json.dumps(head.header, ensure_ascii=False),
                json.dumps(head.hidden, ensure_ascii=False), json.dumps(head.hashed, ensure_ascii=False), head.as_of, head.as_of_from, int(time.time()),
            ),
        ).fetchone()[0]
    )  # fmt: skip


def _close_entry(
    conn: sqlite3.Connection,
    import_id: int,
    counts: RowCounts,
    dropped: Mapping[str, int],
    findings: Sequence[Finding],
    period: Period | None,
) -> None:
    conn.execute(
        "UPDATE imports SET rows_read = ?, rows_new = ?, rows_changed = ?, rows_unchanged = ?, rows_dropped = ?, "
        "rows_rejected = ?, dropped = ?, first_day = ?, last_day = ? WHERE import_id = ?",
        (
            counts.read, counts.new, counts.changed, counts.unchanged, counts.dropped, counts.rejected,
            json.dumps(dict(dropped), ensure_ascii=False), period and period.first, period and period.last, import_id,
        ),
    )  # fmt: skip
    conn.executemany(
        "INSERT INTO import_findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (import_id, position, one.code, one.severity, one.record, one.line, one.column,
             json.dumps({name: _impersonal(value) for name, value in one.details.items()}, ensure_ascii=False, default=str))
            for position, one in enumerate(findings)
        ),
    )  # fmt: skip


def _impersonal(value: object) -> object:
    """Return a detail of a finding without what looks personal: it may quote a cell."""
    return personal.redacted(value) if isinstance(value, str) else value


def _merge_log(workspace: Workspace) -> None:
    """Merge a log that an import made large into the file, without waiting for anyone who still reads it."""
    log = workspace.path.with_name(workspace.path.name + "-wal")
    if not log.exists() or log.stat().st_size < _LARGE_LOG:
        return
    conn = workspace.conn
    conn.execute("PRAGMA busy_timeout=0")
    try:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        conn.execute("PRAGMA busy_timeout=5000")


def _require_needed(table: Table, asserted: Asserted, file: str) -> None:
    """Refuse rows without what a row of the table cannot be without."""
    needed = {field.name for field in table.fields if field.needed}
    if table.name == "order_lines":
        needed.add("order_no")
    for name in sorted(needed):
        there = rows.present(asserted.columns.get(name), len(asserted))
        if not there.all():
            record = int(asserted.records[~there][0])
            raise FileRefused("store.field_missing", file=file, table=table.name, field=name, record=record)


def _last_of_each(ids: Int64) -> NDArray[np.intp]:
    """Return the last row of each id, in the order of ids."""
    if (np.diff(ids) > 0).all():
        return np.arange(len(ids))
    _, backwards = np.unique(ids[::-1], return_index=True)
    return np.asarray(len(ids) - 1 - backwards)


def _days_of(first: Column | None, second: Column | None) -> Numbers | None:
    """Return days, the second column's where the first has none."""
    if not isinstance(first, Numbers):
        return second if isinstance(second, Numbers) else None
    if first.missing is None or not isinstance(second, Numbers):
        return first
    missing = first.missing & ~rows.present(second, len(first))
    return Numbers(np.where(first.missing, second.values, first.values), missing)
