"""Laws of importing: order, repetition and undo leave no trace."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import store_making as making
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_making import Export

from ecoperf_desktop.store import ledger
from ecoperf_desktop.store import sums as daily
from ecoperf_desktop.store.tables import TABLES

_DAYS = st.integers(20_000, 20_006)
_WORDS: dict[str, st.SearchStrategy[Any]] = {
    "order_no": st.sampled_from(["1", "2", "10", "A-3"]),
    "sku": st.sampled_from(["red", "blue"]),
    "shop": st.sampled_from(["shop", "outlet"]),
    "buyer": st.sampled_from(["ann", "bob", "cem"]),
    "person": st.sampled_from(["p", "q"]),
    "channel": st.sampled_from(["web", "app"]),
    "status": st.sampled_from(["done", "void", "paid"]),
    "currency": st.just("EUR"),
    "line_no": st.sampled_from(["1", "2"]),
    "refund_no": st.sampled_from(["r1", "r2"]),
    "review_no": st.sampled_from(["v1", "v2"]),
    "po_no": st.sampled_from(["P1", "P2"]),
    "campaign": st.sampled_from(["spring", "autumn"]),
}
_TABLES = ["orders", "order_lines", "refunds", "customer", "product", "product_title", "reviews", "shipments", "ad_performance",
           "inventory_snapshots", "purchase_orders", "po_lines", "receipts", "campaign", "expenses"]  # fmt: skip


def _value(name: str, kind: str) -> st.SearchStrategy[Any]:
    if name in _WORDS:
        return _WORDS[name]
    match kind:
        case "day":
            return _DAYS
        case "ts":
            return _DAYS.map(lambda day: day * 86_400 + 60)
        case "flag":
            return st.integers(0, 1)
        case "real":
            return st.sampled_from([0.5, 2.0])
        case "text" | "ref":
            # also names of campaigns, which ads name
            return st.sampled_from(["spring", "autumn"])
        case _:
            return st.integers(1, 3)


@st.composite
def _rows(draw: st.DrawFn, table: str) -> tuple[dict[str, Any], ...]:
    fields = TABLES[table].fields
    always = [f for f in fields if f.needed or (f.name == "order_no" and table in ("orders", "order_lines"))]
    optional = [f for f in fields if f not in always]
    spoken = always + [
        f for f in optional if draw(st.integers(0, 2)) or f.name in ("placed_day", "sku", "buyer")
    ]
    row = {
        f.name: _value(f.name, f.kind) if f in always else st.none() | _value(f.name, f.kind) for f in spoken
    }  # fmt: skip
    return tuple(draw(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=5)))


@st.composite
def _exports(draw: st.DrawFn, most: int = 4) -> list[Export]:
    exports = []
    for number in range(draw(st.integers(1, most))):
        source = draw(st.sampled_from(["shop", "other"]))
        tables = draw(st.lists(st.sampled_from(_TABLES), min_size=1, max_size=4))
        exports.append(
            Export(
                f"file{number}",
                tuple((table, draw(_rows(table))) for table in tables),
                as_of=draw(_DAYS) * 86_400 + number,
                source=source,
                basis="placed" if source == "shop" else "paid",
                stretch=draw(st.sampled_from([1, 2, 1000])),
            )
        )
    return exports


_law = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _said(exports: list[Export], undone: tuple[int, ...] = (), *, plain: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, making.workspace(Path(folder)) as opened:
        ids = [making.do(opened, export, plain=plain).import_id for export in exports]
        if undone:
            ledger.undo(opened, [ids[index] for index in undone])
        _check_sums(opened)
        return making.contents(opened.conn)


def _check_sums(opened: making.Workspace) -> None:
    """The sums that imports kept up to date are those that the facts give."""
    kept = making.daily_sums(opened.conn)
    opened.conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert daily.ensure(opened.conn)
    assert kept == making.daily_sums(opened.conn)


@_law
@given(_exports(), st.randoms(use_true_random=False))
def test_files_in_any_order_give_the_same_workspace(exports: list[Export], random: Any) -> None:
    shuffled = exports[:]
    random.shuffle(shuffled)
    assert _said(exports) == _said(shuffled)


@_law
@given(_exports())
def test_the_short_cut_for_new_orders_gives_what_the_plain_way_gives(exports: list[Export]) -> None:
    assert _said(exports) == _said(exports, plain=True)


@_law
@given(_exports(3))
def test_importing_everything_twice_changes_nothing(exports: list[Export]) -> None:
    assert _said(exports) == _said(exports + exports)


@_law
@given(_exports(), st.data())
def test_an_undone_import_was_never_there(exports: list[Export], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(exports) - 1))
    assert _said(exports, undone=(index,)) == _said(exports[:index] + exports[index + 1 :])


@_law
@given(_exports(), st.randoms(use_true_random=False))
def test_undoing_every_import_empties_the_workspace(exports: list[Export], random: Any) -> None:
    with tempfile.TemporaryDirectory() as folder, making.workspace(Path(folder)) as opened:
        ids = [making.do(opened, export).import_id for export in exports]
        random.shuffle(ids)
        for import_id in ids:
            ledger.undo(opened, [import_id])
        kept = {
            "imports",
            "import_findings",
            "source",
            "setting",
            "secret",
            "calendar",
            "sqlite_sequence",
            "_sqlite_migrations",
        }
        for (table,) in opened.conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            if table not in kept:
                assert opened.conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        # and what was taken back can be imported again
        before = _said(exports)
        for export in exports:
            making.do(opened, export)
        assert making.contents(opened.conn) == before
