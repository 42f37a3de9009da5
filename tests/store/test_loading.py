"""What becomes of a file's rows, by example."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import store_making as making
from store_making import Export

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import RowCounts
from ecoperf_desktop.store import ledger
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.load import known_import, loading


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Workspace]:
    with making.workspace(tmp_path) as opened:
        yield opened


def _file(name: str, as_of: int = 0, **tables: list[dict[str, Any]]) -> Export:
    return Export(name, tuple((table, tuple(rows)) for table, rows in tables.items()), as_of=as_of)


def _orders(*numbers: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"order_no": number, "placed_day": 20_000, **fields} for number in numbers]


def _all(conn: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    return conn.execute(query).fetchall()


def test_rows_are_counted_as_new_changed_and_unchanged(opened: Workspace) -> None:
    first = making.do(opened, _file("a", orders=_orders("1", "2", shipping=100)))
    second = making.do(
        opened, _file("b", 1, orders=[*_orders("1", shipping=100), *_orders("2", "3", shipping=200)])
    )
    assert first.rows == RowCounts(read=2, new=2)
    assert second.rows == RowCounts(read=3, new=1, changed=1, unchanged=1)


def test_a_narrower_export_never_blanks_what_a_wider_one_said(opened: Workspace) -> None:
    making.do(opened, _file("wide", 1, orders=_orders("1", channel="web", shipping=500, device="mobile")))
    making.do(opened, _file("narrow", 2, orders=_orders("1", channel="app")))
    row = "SELECT c.name, o.shipping_minor, o.device FROM orders o JOIN channel c USING(channel_id)"
    assert _all(opened.conn, row) == [("app", 500, "mobile")]


def test_an_empty_cell_of_a_newer_export_says_empty(opened: Workspace) -> None:
    making.do(opened, _file("older", 1, orders=_orders("1", shipping=500)))
    making.do(opened, _file("newer", 2, orders=_orders("1", shipping=None)))
    assert _all(opened.conn, "SELECT shipping_minor FROM orders") == [(None,)]


def test_an_older_export_that_comes_later_fills_only_what_nobody_said(opened: Workspace) -> None:
    making.do(opened, _file("newer", 2, orders=_orders("1", shipping=500)))
    late = making.do(opened, _file("older", 1, orders=_orders("1", shipping=900, device="desktop")))
    assert _all(opened.conn, "SELECT shipping_minor, device FROM orders") == [(500, "desktop")]
    assert late.rows.changed == 1


def test_of_two_exports_of_one_moment_the_later_import_wins(opened: Workspace) -> None:
    making.do(opened, _file("a", 5, orders=_orders("1", shipping=1)))
    making.do(opened, _file("b", 5, orders=_orders("1", shipping=2)))
    assert _all(opened.conn, "SELECT shipping_minor FROM orders") == [(2,)]


def test_another_file_with_the_same_rows_holds_them_when_the_first_is_undone(opened: Workspace) -> None:
    lines = [{"order_no": "1", "sku": "A", "qty": 1, "gross": 100}]
    first = making.do(opened, _file("a", orders=_orders("1"), order_lines=lines))
    making.do(opened, _file("b", orders=_orders("1"), order_lines=lines))
    before = making.contents(opened.conn)
    ledger.undo(opened, [first.import_id])
    assert making.contents(opened.conn)["order_lines"] == before["order_lines"]
    assert _all(opened.conn, "SELECT count(*) FROM held") == [(0,)]


def test_equal_lines_of_one_file_are_different_lines_and_stay_two_when_seen_again(opened: Workspace) -> None:
    lines = [{"order_no": "1", "sku": "A", "qty": 1, "gross": 100}] * 2
    making.do(opened, _file("a", orders=_orders("1"), order_lines=lines))
    making.do(opened, _file("b", 1, orders=_orders("1"), order_lines=[*lines, *lines[:1]]))
    assert _all(opened.conn, "SELECT count(*), sum(gross_minor) FROM order_lines") == [(3, 300)]


def test_a_line_number_that_stands_twice_in_a_file_is_one_line_and_the_later_record_wins(
    opened: Workspace,
) -> None:
    lines = [{"order_no": "1", "line_no": "1", "sku": "A", "qty": 1, "gross": gross} for gross in (100, 70)]
    loaded = making.do(opened, _file("a", orders=_orders("1"), order_lines=lines))
    assert _all(opened.conn, "SELECT gross_minor, record FROM order_lines") == [(70, 3)]
    assert loaded.rows.read == 3


def test_a_refund_of_an_unknown_order_stands_for_itself(opened: Workspace) -> None:
    refund = {"refund_no": "C1", "sku": "A", "refund_day": 20_001, "goods": 300}
    making.do(opened, _file("a", refunds=[refund, refund]))
    assert _all(opened.conn, "SELECT order_id, sum(goods_minor), count(*) FROM refunds") == [(None, 600, 2)]


def test_lines_that_come_before_their_orders_count_once_the_order_is_known(opened: Workspace) -> None:
    making.do(opened, _file("lines", order_lines=[{"order_no": "1", "sku": "A", "qty": 1, "gross": 100}]))
    assert _all(opened.conn, "SELECT gross FROM sum_line") == []
    making.do(opened, _file("orders", 1, orders=_orders("1", channel="web")))
    assert _all(opened.conn, "SELECT day, gross FROM sum_line") == [(20_000, 100)]


@pytest.mark.parametrize(("basis", "sale_day"), [("placed", 20_000), ("paid", 20_003)])
def test_a_sale_counts_on_the_day_its_source_recognises_it(
    opened: Workspace, basis: str, sale_day: int
) -> None:
    making.do(opened, replace(_file("a", orders=_orders("1", "2", paid_day=20_003)), basis=basis))
    assert _all(opened.conn, "SELECT DISTINCT sale_day FROM orders") == [(sale_day,)]


def test_an_order_follows_the_rule_of_the_source_that_speaks_of_it_last(opened: Workspace) -> None:
    orders = _orders("1", shop="shop", paid_day=20_003)
    making.do(opened, _file("a", 1, orders=orders))
    later = making.do(opened, replace(_file("b", 2, orders=orders), source="other", basis="paid"))
    assert later.rows.unchanged == 1
    assert _all(opened.conn, "SELECT sale_day FROM orders") == [(20_003,)]
    assert _all(opened.conn, "SELECT day FROM sum_order") == [(20_003,)]
    ledger.undo(opened, [later.import_id])
    assert _all(opened.conn, "SELECT sale_day FROM orders") == [(20_000,)]
    assert _all(opened.conn, "SELECT day FROM sum_order") == [(20_000,)]


def test_ads_that_came_first_count_for_the_owner_their_campaign_gets_later(opened: Workspace) -> None:
    making.do(opened, _file("ads", ad_performance=[{"day": 20_000, "campaign": "spring", "clicks": 7}]))
    assert _all(opened.conn, "SELECT owned_clicks FROM sum_ad") == [(0,)]
    making.do(opened, _file("owners", campaign=[{"name": "spring", "owner": "Mei"}]))
    assert _all(opened.conn, "SELECT owned_clicks FROM sum_ad") == [(7,)]


def test_void_and_test_orders_are_never_sales(opened: Workspace) -> None:
    void, test, sale = (_orders(number, status=status, is_test=test)[0]
                        for number, status, test in [("1", "void", 0), ("2", "done", 1), ("3", "done", 0)])  # fmt: skip
    making.do(opened, _file("a", orders=[void, test, sale]))
    assert _all(opened.conn, "SELECT order_no FROM orders WHERE sale_day IS NOT NULL") == [("3",)]


def test_the_first_sale_of_a_person_is_found_whatever_comes_first(opened: Workspace) -> None:
    making.do(opened, _file("may", 1, orders=[{"order_no": "9", "placed_day": 20_100, "buyer": "account 2"}]))
    making.do(
        opened,
        _file(
            "people",
            2,
            customer=[{"buyer": "account 1", "person": "p"}, {"buyer": "account 2", "person": "p"}],
        ),
    )
    making.do(
        opened, _file("april", 3, orders=[{"order_no": "5", "placed_day": 20_050, "buyer": "account 1"}])
    )
    assert _all(opened.conn, "SELECT order_no, is_first FROM orders ORDER BY order_no") == [
        ("5", 1),
        ("9", 0),
    ]
    assert _all(
        opened.conn, "SELECT count(DISTINCT buyer_id), min(first_sale_day), max(first_sale_day) FROM customer"
    ) == [(1, 20_050, 20_050)]


def test_an_order_without_a_buyer_is_nobodys_first(opened: Workspace) -> None:
    making.do(opened, _file("a", orders=_orders("1", buyer=None)))
    assert _all(opened.conn, "SELECT is_first, customer_id FROM orders") == [(None, None)]


def test_a_buyers_text_is_nowhere_in_the_file(opened: Workspace, tmp_path: Path) -> None:
    making.do(opened, _file("a", orders=_orders("1", buyer="ann.canary@example.com")))
    opened.close()
    for path in tmp_path.iterdir():
        assert b"ann.canary" not in path.read_bytes()


def test_the_newest_snapshot_of_a_block_is_shown_and_the_older_one_rests(opened: Workspace) -> None:
    stock = [{"day": 20_000, "location": "hall", "sku": sku, "on_hand": 5} for sku in ("A", "B")]
    making.do(opened, _file("morning", 1, inventory_snapshots=stock))
    evening = making.do(opened, _file("evening", 2, inventory_snapshots=[{**stock[0], "on_hand": 3}]))
    assert _all(opened.conn, "SELECT on_hand FROM inventory_snapshots") == [(3,)]
    noon = making.do(opened, _file("noon", 1, inventory_snapshots=[{**stock[0], "on_hand": 4}]))
    assert noon.rows == RowCounts(read=1, unchanged=1)
    assert _all(opened.conn, "SELECT on_hand FROM inventory_snapshots") == [(3,)]
    ledger.undo(opened, [evening.import_id])
    assert _all(opened.conn, "SELECT on_hand FROM inventory_snapshots") == [(4,)]
    ledger.undo(opened, [noon.import_id])
    assert _all(opened.conn, "SELECT on_hand FROM inventory_snapshots ORDER BY product_id") == [(5,), (5,)]


def test_a_title_met_in_passing_gives_way_to_a_newer_one(opened: Workspace) -> None:
    making.do(opened, _file("new", 5, product_title=[{"sku": "A", "title": "Lamp, brass"}]))
    making.do(opened, _file("old", 4, product_title=[{"sku": "A", "title": "Lamp"}]))
    assert _all(opened.conn, "SELECT sku, name, seen_name FROM product") == [("A", None, "Lamp, brass")]


def test_receipts_find_their_line_when_the_purchase_order_comes_later(opened: Workspace) -> None:
    making.do(
        opened,
        _file("receipts", receipts=[{"po_no": "P1", "sku": "A", "received_day": 20_010, "qty_received": 4}]),
    )
    assert _all(opened.conn, "SELECT po_line_id FROM receipts") == [(None,)]
    making.do(opened, _file("lines", 1, po_lines=[{"po_no": "P1", "sku": "A", "qty_ordered": 4}]))
    assert _all(opened.conn, "SELECT r.po_line_id = p.po_line_id FROM receipts r, po_lines p") == [(1,)]


def test_a_line_for_the_whole_order_counts_until_its_single_lines_are_known(opened: Workspace) -> None:
    making.do(
        opened,
        _file(
            "report",
            orders=_orders("1"),
            order_lines=[{"order_no": "1", "qty": 2, "gross": 300, "is_whole": 1}],
        ),
    )
    lines = [{"order_no": "1", "sku": sku, "qty": 1, "gross": 150} for sku in "AB"]
    single = making.do(opened, _file("lines", 1, order_lines=lines))
    assert _all(opened.conn, "SELECT sum(gross) FROM sum_line") == [(300,)]
    ledger.undo(opened, [single.import_id])
    assert _all(opened.conn, "SELECT sum(gross), count(*) FROM sum_line") == [(300, 1)]


def test_coverage_runs_from_the_first_to_the_last_day_and_spans_sales_and_refunds(opened: Workspace) -> None:
    refund = {"refund_no": "C1", "refund_day": 20_009, "goods": 300}
    loaded = making.do(
        opened, _file("a", orders=_orders("1") + [{"order_no": "2", "placed_day": 20_004}], refunds=[refund])
    )
    assert _all(opened.conn, "SELECT kind, first_day, last_day FROM coverage ORDER BY kind") == [
        ("refunds", 20_000, 20_009), ("sales", 20_000, 20_009),
    ]  # fmt: skip
    assert loaded.period == Period(20_000, 20_009)


def test_a_stated_period_and_what_a_format_covers_beside_its_rows_are_kept(opened: Workspace) -> None:
    export = _file("a", orders=_orders("1"))
    with loading(opened, replace(making.head(export), period=Period(19_990, 20_020))) as load:
        load.assert_rows([making.asserted("orders", export.tables[0][1])])
        load.cover("refunds", 20_000, 20_000, "shop")
        load.finish(read=1, dropped={}, findings=(), rejected=0)
    assert _all(opened.conn, "SELECT DISTINCT kind, first_day, last_day FROM coverage ORDER BY kind") == [
        ("refunds", 19_990, 20_020), ("sales", 19_990, 20_020),
    ]  # fmt: skip


def test_the_first_file_with_money_sets_the_currency_and_one_import_has_one(opened: Workspace) -> None:
    making.do(opened, replace(_file("a", orders=_orders("1", shipping=1)), currency="GBP"))
    assert opened.reporting_currency == "GBP"
    before = making.contents(opened.conn)
    with pytest.raises(FileRefused, match="BRL, USD"):
        making.do(opened, replace(_file("b", orders=_orders("2", currency="USD", shipping=1)), currency="BRL"))
    assert making.contents(opened.conn) == before
    assert [entry.file for entry in ledger.imports(opened.conn)] == ["a"]


def test_a_row_without_what_it_needs_refuses_the_file(opened: Workspace) -> None:
    with pytest.raises(FileRefused) as refused:
        making.do(opened, _file("a", order_lines=[{"order_no": "1", "sku": "A", "qty": 1, "gross": 1},
                                                  {"order_no": "1", "sku": "A", "qty": None, "gross": 1}]))  # fmt: skip
    assert refused.value.details["record"] == 2
    assert ledger.imports(opened.conn) == []


def test_records_that_do_not_add_up_are_a_bug_and_nothing_is_stored(opened: Workspace) -> None:
    export = _file("a", orders=_orders("1"))
    with pytest.raises(RuntimeError, match="add up"), loading(opened, making.head(export)) as load:
        load.assert_rows([making.asserted("orders", export.tables[0][1])])
        load.finish(read=3, dropped={"total row": 1}, findings=(), rejected=0)
    assert ledger.imports(opened.conn) == []


def test_a_dry_run_counts_and_stores_nothing(opened: Workspace) -> None:
    export = _file("a", orders=_orders("1", "2"))
    generation = opened.generation
    with loading(opened, making.head(export), dry_run=True) as load:
        load.assert_rows([making.asserted("orders", export.tables[0][1])])
        loaded = load.finish(read=2, dropped={}, findings=(), rejected=0)
    assert loaded.rows.new == 2
    assert opened.generation == generation
    assert ledger.imports(opened.conn) == []


def test_an_import_that_stops_midway_leaves_nothing(opened: Workspace) -> None:
    export = _file("a", orders=_orders("1", "2"))
    with pytest.raises(KeyboardInterrupt), loading(opened, making.head(export)) as load:
        load.assert_rows([making.asserted("orders", export.tables[0][1])])
        raise KeyboardInterrupt
    assert ledger.imports(opened.conn) == []
    assert making.do(opened, export).rows.new == 2


def test_the_same_bytes_are_known_until_they_are_undone(opened: Workspace) -> None:
    loaded = making.do(opened, _file("a", orders=_orders("1")))
    same = {"sha256": "a", "member": None, "format_id": "test", "source": "shop"}
    assert known_import(opened.conn, **same) == loaded.import_id
    assert known_import(opened.conn, **{**same, "source": "other"}) is None
    ledger.undo(opened, [loaded.import_id])
    assert known_import(opened.conn, **same) is None
    assert making.do(opened, _file("a", orders=_orders("1"))).rows.new == 1


def test_the_ledger_keeps_findings_and_undone_imports(opened: Workspace) -> None:
    export = _file("a", orders=_orders("1"))
    remark = Finding("importing.bad_number", record=2, line=3, column="Price", details={"found": "67seasea"})
    with loading(opened, making.head(export)) as load:
        load.assert_rows([making.asserted("orders", export.tables[0][1])])
        loaded = load.finish(read=3, dropped={"total row": 1}, findings=(remark,), rejected=1)
    ledger.undo(opened, [loaded.import_id])
    (entry,) = ledger.imports(opened.conn)
    assert (entry.state, entry.rows, entry.dropped, entry.findings) == (
        "undone", RowCounts(read=3, new=1, dropped=1, rejected=1), {"total row": 1}, 1,
    )  # fmt: skip
    assert ledger.findings(opened.conn, loaded.import_id) == [remark]


@pytest.mark.parametrize("wrong", [7, 1])
def test_undo_of_an_unknown_or_undone_import_takes_nothing_back(opened: Workspace, wrong: int) -> None:
    first, second = (making.do(opened, _file(name, orders=_orders(name))) for name in "ab")
    ledger.undo(opened, [first.import_id])
    with pytest.raises(Exception, match="no import 7|undone already"):
        ledger.undo(opened, [second.import_id, wrong])
    assert [entry.state for entry in ledger.imports(opened.conn)] == ["undone", "active"]


def test_order_numbers_are_found_again_whatever_they_look_like(opened: Workspace) -> None:
    numbers = ["9", "10", "Z", "a", "é", "￥1", "😀"]
    making.do(opened, _file("a", orders=_orders(*numbers[::2])))
    making.do(opened, _file("b", 1, orders=_orders(*numbers)))
    making.do(opened, _file("c", 2, orders=_orders(*reversed(numbers))))
    assert _all(opened.conn, "SELECT count(*) FROM orders") == [(len(numbers),)]


def test_an_order_with_more_lines_than_an_id_can_hold_is_refused(opened: Workspace) -> None:
    count = 65_537
    lines = making.asserted("order_lines", [{"order_no": "1", "sku": "A", "qty": 1, "gross": 1}])
    many = {name: type(column)(np.repeat(getattr(column, "codes", getattr(column, "values", None)), count), getattr(column, "words", None))
            for name, column in lines.columns.items()}  # fmt: skip
    with pytest.raises(FileRefused, match="65536"), loading(opened, making.head(_file("a"))) as load:
        load.assert_rows([replace(lines, columns=many, records=np.arange(1, count + 1))])
        load.finish(read=count, dropped={}, findings=(), rejected=0)
    assert _all(opened.conn, "SELECT count(*) FROM order_lines") == [(0,)]


def test_lines_without_numbers_stay_apart_when_later_rows_of_the_file_have_numbers(opened: Workspace) -> None:
    line = {"order_no": "1", "qty": 1, "gross": 1}
    tables = (
        ("order_lines", (line, line)),
        ("order_lines", ({**line, "line_no": None}, {**line, "line_no": "1"})),
    )
    for _ in range(2):
        making.do(opened, Export("lines", tables))
    assert opened.conn.execute("SELECT line_no FROM order_lines ORDER BY line_id").fetchall() == [
        (None,), (None,), (None,), ("1",)
    ]  # fmt: skip
