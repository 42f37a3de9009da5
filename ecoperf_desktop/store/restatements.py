"""What was known and is known differently now: kept as it happens, so that later reports can explain it.

**What is kept.**  When an import, or a changed answer, makes a stored field say something else than it said, the
change is kept: table, row, field, day, old, new.  Only what was known and differs: a field that was unknown and is known now is no
restatement, nor is a row that nobody had spoken of.  ``day`` is the day on which the row counted *before*.
What an import says twice of one row counts once, from what others said to what it said last.

**Tables of whole reports** (ads, traffic, stock) have no rows that are known again.  There the change is kept
by block (campaign and day, shop and day, ...) and field: the sum over the block's rows before and after; figures that
cannot be added up (a rank, a score) only where the block is one row.  That is what a number of a page is made of, and a thousand keywords of a day
that moved a little are one line and not a thousand.

**Order.**  Facts do not depend on the order in which files were imported; restatements do: they are what changed for whoever
had seen the workspace before.  The undo of an import takes its restatements away with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.store import rows
from ecoperf_desktop.store.dimensions import NAMED
from ecoperf_desktop.store.fold import Change
from ecoperf_desktop.store.lines import LINES_AN_ORDER
from ecoperf_desktop.store.rows import Shape, Stored
from ecoperf_desktop.store.tables import TABLES, Kind

_SEPARATOR = "\x1f"
_BETWEEN = " / "
_NUMERIC = ("int", "money", "real", "cost_e4")
# Figures whose sum over several rows means nothing.
_NOT_ADDED = frozenset({
    "p75", "good", "needs", "poor", "score", "scale_max", "industry", "position", "previous", "image_score", "copy_score",
    "brand_score", "weight", "price", "sold_level", "comments_level", "followers_end",
})  # fmt: skip

Value: TypeAlias = "int | float | str | None"


@dataclass(frozen=True)
class Restatement:
    """One field of one row, or of one block of rows, that says something else now.

    ``kind`` says how ``old`` and ``new`` are meant (``money`` is minor units, ``day`` days since 1970-01-01);
    what a row refers to stands there by its name.  ``import_id`` and ``file`` are what changed it, or ``answer`` is: the
    name of the answer that was.  ``day`` None: the row belongs to no day.  ``currency`` is that of amounts that stand here
    as the file states them, None where they are in the workspace's.
    """

    import_id: int | None
    file: str | None
    answer: str | None
    source: str
    table: str
    row_key: str
    field: str
    kind: Kind
    day: Day | None
    old: Value
    new: Value
    currency: str | None = None


@dataclass(frozen=True)
class Restated:
    """How many values of a table's field one import, or one changed answer, restated, and on which days."""

    import_id: int | None
    file: str | None
    answer: str | None
    source: str
    table: str
    field: str
    values: int
    first_day: Day | None
    last_day: Day | None


_BY = (
    "FROM restatement r LEFT JOIN imports i ON i.import_id = r.import_id LEFT JOIN answer_change c ON c.change_id = r.change_id "
    "JOIN source s ON s.source_id = coalesce(i.source_id, c.source_id)"
)


def restatements(
    conn: sqlite3.Connection, period: Period | None = None, import_ids: Sequence[int] | None = None, limit: int | None = None
) -> list[Restatement]:
    """Return what was restated, the newest first.

    Of ``period``: rows that counted on its days before, and rows whose day was moved into it.
    ``import_ids`` keeps only what these imports restated.
    """
    where, given = _wanted(period, import_ids)
    found = conn.execute(
        f"SELECT r.import_id, i.file, c.name, s.name, r.table_name, r.row_key, r.field, r.day, r.old, r.new, i.currency {_BY} "
        f"WHERE {where} ORDER BY r.restatement_id DESC LIMIT ?",
        (*given, -1 if limit is None else limit),
    )
    return [
        Restatement(import_id, file, answer, source, table, key, field, _kind(table, field), day, _read(old), _read(new), currency)
        for import_id, file, answer, source, table, key, field, day, old, new, currency in found
    ]


def summed_up(
    conn: sqlite3.Connection, period: Period | None = None, import_ids: Sequence[int] | None = None, limit: int | None = None
) -> list[Restated]:
    """Return how much was restated by import or answer, table and field, the newest first."""
    where, given = _wanted(period, import_ids)
    found = conn.execute(
        f"SELECT r.import_id, i.file, c.name, s.name, r.table_name, r.field, count(*), min(r.day), max(r.day) {_BY} WHERE {where} "
        "GROUP BY r.import_id, r.change_id, r.table_name, r.field ORDER BY max(r.restatement_id) DESC LIMIT ?",
        (*given, -1 if limit is None else limit),
    )
    return [Restated(*row) for row in found]


def counts(conn: sqlite3.Connection) -> dict[int, int]:
    """Return how many values each import restated, without those that restated none."""
    return dict(
        conn.execute("SELECT import_id, count(*) FROM restatement WHERE import_id IS NOT NULL GROUP BY import_id")
    )


def _wanted(period: Period | None, import_ids: Sequence[int] | None) -> tuple[str, list[int]]:
    conditions, given = ["1 = 1"], list[int]()
    if period is not None:
        moving = ", ".join(f"'{name}'" for name in sorted(_days_that_move()))
        conditions.append(
            f"(r.day BETWEEN ? AND ? OR (r.field IN ({moving}) AND CAST(r.new AS INTEGER) BETWEEN ? AND ?))"
        )
        given += [period.first, period.last] * 2
    if import_ids is not None:
        conditions.append(f"r.import_id IN ({','.join('?' * len(import_ids))})")
        given += import_ids
    return " AND ".join(conditions), given


def _days_that_move() -> set[str]:
    """Return the fields that say when a row counts."""
    return {table.day for table in TABLES.values() if table.day} | {"paid_day"}


def _kind(table: str, name: str) -> Kind:
    for field in TABLES[table].fields:
        if field.name == name:
            return field.kind
    return "money" if name == "gross" else "int"  # of the days that a changed answer restates


def _read(text: str | None) -> Value:
    value: Value = None if text is None else json.loads(text)
    return value


class Recorder:
    """Keeps what one import, or one changed answer, restates, in its transaction."""

    def __init__(self, conn: sqlite3.Connection, import_id: int | None = None, *, change_id: int | None = None) -> None:
        self._conn = conn
        self._import_id = import_id
        self._change_id = change_id
        self._blocks: dict[tuple[str, str], _Sums] = {}

    def rows(self, shape: Shape, changes: Iterable[Change]) -> None:
        """Keep what changed in rows that other imports had spoken of."""
        restated = [change for change in changes if change.restates and change.before is not None]
        if not restated:
            return
        differing: list[tuple[Change, str, str, Stored, Stored]] = []
        columns = list(zip(shape.fields, shape.columns, strict=True))
        # Where the zone is another, every moment is: the days say what that did.
        passed_over = {field.name for field in shape.table.fields if field.kind == "ts"} if self._change_id is not None else set[str]()
        for change in restated:
            before, after = change.before or {}, change.after
            for name, column in columns:
                if before[column] is not None and before[column] != after[column] and name not in passed_over:
                    differing.append((change, name, column, before[column], after[column]))
        again = {change.row_id for change in restated if change.again}
        earlier = self._earlier(shape, again) if again else {}
        if not differing and not earlier:
            return
        keys, days = _row_keys(self._conn, shape, restated)
        shown = _Shown(self._conn, shape, differing)
        entries = []
        for change, name, _column, old, new in differing:
            said = shown.text(name, new)
            if (known := earlier.get((change.row_id, name))) is not None:
                self._say_again(known, said)
                continue
            row = change.row_id
            entries.append((self._import_id, self._change_id, shape.name, row, keys[row], name, days[row], shown.text(name, old), said))
        self._conn.executemany(_INSERT, entries)

    def block_is_replaced(self, shape: Shape, key: str, shown: Iterable[Sequence[Stored]]) -> None:
        """Note what a block said before: its rows, by the table's stored fields."""
        sums = self._blocks[shape.name, key] = _Sums(shape)
        sums.before.add(shown)

    def block_says(self, shape: Shape, key: str, spoken: Iterable[Sequence[Stored]]) -> None:
        """Note rows that a block says now; only of one that was replaced."""
        if (sums := self._blocks.get((shape.name, key))) is not None:
            sums.after.add(spoken)

    def finish(self) -> None:
        """Keep what the replaced blocks restate."""
        entries = []
        names = _BlockNames(self._conn)
        for (table, key), sums in self._blocks.items():
            differing = list(sums.differing())
            if not differing:
                continue
            text, day = names.of(sums.shape, key)
            entries += [
                (self._import_id, self._change_id, table, None, text, name, day, json.dumps(old), json.dumps(new))
                for name, old, new in differing
            ]
        self._conn.executemany(_INSERT, entries)
        self._blocks.clear()

    def _earlier(self, shape: Shape, ids: set[int]) -> dict[tuple[int, str], tuple[int, str]]:
        """Return what this import restated of these rows before: the entry, and what was old then."""
        found = self._conn.execute(
            "SELECT row_id, field, restatement_id, old FROM restatement WHERE import_id = ? AND table_name = ?",
            (self._import_id, shape.name),
        )
        return {(row, name): (entry, old) for row, name, entry, old in found if row in ids}

    def _say_again(self, known: tuple[int, str], new: str) -> None:
        entry, old = known
        if old == new:
            self._conn.execute("DELETE FROM restatement WHERE restatement_id = ?", (entry,))
        else:
            self._conn.execute("UPDATE restatement SET new = ? WHERE restatement_id = ?", (new, entry))


_INSERT = (
    "INSERT INTO restatement(import_id, change_id, table_name, row_id, row_key, field, day, old, new) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class DayTotals:
    """Sales of a source by shop and day: how many orders, and what their lines are gross."""

    def __init__(self, conn: sqlite3.Connection, source_id: int) -> None:
        self.of: dict[tuple[str, int], tuple[int, int]] = {
            (shop, day): (orders, gross)
            for shop, day, orders, gross in conn.execute(
                "SELECT s.name, o.sale_day, count(*), coalesce(sum((SELECT sum(l.gross_minor) FROM order_lines l WHERE "
                "l.line_id >= o.order_id * 65536 AND l.line_id < (o.order_id + 1) * 65536 AND l.is_replaced IS NULL)), 0) "
                "FROM orders o JOIN shop s USING(shop_id) WHERE o.source_id = ? AND o.sale_day IS NOT NULL GROUP BY 1, 2",
                (source_id,),
            )
        }


def record_days(conn: sqlite3.Connection, change_id: int, before: DayTotals, after: DayTotals) -> None:
    """Keep the days whose orders and gross sales a changed answer made others: a day each, not an order each."""
    entries = []
    for shop, day in sorted(before.of.keys() | after.of.keys()):
        old, new = before.of.get((shop, day), (0, 0)), after.of.get((shop, day), (0, 0))
        for name, was, now in zip(("orders", "gross"), old, new, strict=True):
            if was != now:
                entries.append((None, change_id, "orders", None, shop, name, day, json.dumps(was), json.dumps(now)))
    conn.executemany(_INSERT, entries)


def record_rates(
    conn: sqlite3.Connection, restated: Iterable[tuple[str, str, str, Day, int, int | None]], *,
    import_id: int | None = None, change_id: int | None = None,
) -> None:
    """Keep what other exchange rates made other amounts: table, currency, field, day, and the sums before and after."""
    conn.executemany(
        _INSERT,
        (
            (import_id, change_id, table, None, currency, name, day, json.dumps(old), json.dumps(new))
            for table, currency, name, day, old, new in restated
        ),
    )


class _Side:
    """Sums of a block's figures, and how many rows they are of."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places
        self.count = 0
        self.sums: dict[str, int | float] = {}

    def add(self, spoken: Iterable[Sequence[Stored]]) -> None:
        for row in spoken:
            self.count += 1
            for name, place in self._places.items():
                value = row[place]
                if isinstance(value, int | float):
                    self.sums[name] = self.sums.get(name, 0) + value


class _Sums:
    """What a block said before and says now."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        kinds = {field.name: field.kind for field in shape.table.fields}
        places = {
            name: place
            for place, name in enumerate(shape.fields)
            if kinds[name] in _NUMERIC and name not in shape.table.block
        }
        self.before, self.after = _Side(places), _Side(places)

    def differing(self) -> Iterable[tuple[str, int | float, int | float | None]]:
        single = self.before.count == self.after.count == 1
        for name, old in self.before.sums.items():
            if name in _NOT_ADDED and not single:
                continue
            new = self.after.sums.get(name)
            # Fractions are added up in another order than before.
            if new is None or abs(new - old) > 1e-9 * max(abs(new), abs(old)):
                yield name, old, new


class _BlockNames:
    """Says which block a stored key means, in words."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._known: dict[tuple[str, int], str] = {}

    def of(self, shape: Shape, key: str) -> tuple[str, int | None]:
        """Return the block's parts but its days, and its first day."""
        _, *bounds = json.loads(key)
        parts, day = [], None
        for name, value in zip(shape.table.block, bounds, strict=True):
            field = next(field for field in shape.table.fields if field.name == name)
            if field.kind == "day":
                day = value if name == "day" else day
            elif value is not None:
                parts.append(self._name(field.refers, value) if field.refers else str(value))
        return _BETWEEN.join(parts), day

    def _name(self, table: str, row_id: int) -> str:
        if (table, row_id) not in self._known:
            self._known[table, row_id] = _names(self._conn, table, [row_id]).get(row_id, str(row_id))
        return self._known[table, row_id]


class _Shown:
    """Writes stored values as JSON, what they refer to by its name."""

    def __init__(
        self, conn: sqlite3.Connection, shape: Shape, differing: Sequence[tuple[Change, str, str, Stored, Stored]]
    ) -> None:
        self._fields = {field.name: field for field in shape.table.fields}
        self._names: dict[str, dict[int, str]] = {}
        wanted: dict[str, set[int]] = {}
        for _, name, _, old, new in differing:
            refers = self._fields[name].refers
            if refers is not None:
                wanted.setdefault(refers, set()).update(one for one in (old, new) if isinstance(one, int))
        for table, ids in wanted.items():
            self._names[table] = _names(conn, table, sorted(ids))

    def text(self, name: str, value: Stored) -> str:
        field = self._fields[name]
        if field.refers is not None and isinstance(value, int):
            return json.dumps(self._names[field.refers].get(value, str(value)), ensure_ascii=False)
        if field.column in ("ext_hash", "person_hash") and isinstance(value, int):
            return json.dumps(_short(value))
        return json.dumps(value, ensure_ascii=False)


def _names(conn: sqlite3.Connection, table: str, ids: Sequence[int]) -> dict[int, str]:
    """Return what rows of a table are called."""
    if table in NAMED:
        id_column, text_column = NAMED[table]
        found = rows.select_by(conn, f"{id_column}, {text_column}", table, id_column, ids)
    elif table == "orders":
        found = rows.select_by(
            conn, "o.order_id, s.name || ' / ' || o.order_no", "orders o JOIN shop s USING(shop_id)", "o.order_id", ids
        )
    else:
        found = ((row[0], _short(int(str(row[1])))) for row in rows.select_by(conn, "customer_id, ext_hash", table, "customer_id", ids))
    return {int(str(row_id)): str(name) for row_id, name in found}


def _short(keyed_hash: int) -> str:
    """Return a buyer's keyed hash as people can tell two apart."""
    return f"…{keyed_hash & 0xFFFFFFFF:08x}"


def _row_keys(
    conn: sqlite3.Connection, shape: Shape, changes: Sequence[Change]
) -> tuple[dict[int, str], dict[int, int | None]]:
    """Return what the rows are known by, in words, and the days on which they counted before."""
    ids = sorted({change.row_id for change in changes})
    before = {change.row_id: change.before or {} for change in changes}
    keys: dict[int, str] = {}
    days: dict[int, int | None] = {}
    if shape.name in ("orders", "order_lines"):
        size = LINES_AN_ORDER if shape.name == "order_lines" else 1
        orders = {
            int(str(order)): (f"{shop}{_BETWEEN}{number}", day)
            for order, shop, number, day in rows.select_by(
                conn, "o.order_id, s.name, o.order_no, coalesce(o.sale_day, o.placed_day, o.paid_day)",
                "orders o JOIN shop s USING(shop_id)", "o.order_id", sorted({one // size for one in ids}),
            )
        }  # fmt: skip
        lines = _line_names(conn, before) if size > 1 else {}
        for row in ids:
            order, day = orders[row // size]
            keys[row] = f"{order}{_BETWEEN}{lines[row]}" if lines.get(row) else order
            days[row] = day  # type: ignore[assignment]
        return keys, days
    if shape.has_natural_key:
        found = rows.select_by(conn, f"{shape.id_column}, natural_key", shape.name, shape.id_column, ids)
        for row_id, text in found:
            keys[int(str(row_id))] = _BETWEEN.join(part for part in str(text).split(_SEPARATOR)[1:] if part)
    else:
        keys = _names(conn, shape.name, ids)
    named = shape.table.day or next((one for one in ("first_day", "promised_day") if one in shape.fields), None)
    column = dict(zip(shape.fields, shape.columns, strict=True)).get(named or "", "")
    for row in ids:
        counted = before[row].get(column)
        days[row] = counted if isinstance(counted, int) else None
    return keys, days


def _line_names(conn: sqlite3.Connection, before: Mapping[int, Mapping[str, Stored]]) -> dict[int, str]:
    """Return what tells a line from the others of its order: its number, else its SKU."""
    products = {int(fact["product_id"]) for fact in before.values() if isinstance(fact["product_id"], int)}
    skus = _names(conn, "product", sorted(products))
    return {
        row: str(fact["line_no"] or skus.get(fact["product_id"], ""))  # type: ignore[arg-type]
        for row, fact in before.items()
    }
