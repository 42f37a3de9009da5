"""What a newer export changes about what was known is kept, by row and by block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import store_making as making
from store_making import Export

from ecoperf_desktop.model.days import Period
from ecoperf_desktop.store import ledger, restatements
from ecoperf_desktop.store.database import Workspace

_DAY = 20_000


def _order(number: str, **said: Any) -> dict[str, Any]:
    return {"order_no": number, "placed_day": _DAY, "paid_day": _DAY, "status": "paid", "channel": "web", "buyer": "ann", **said}


def _line(number: str, gross: int, sku: str = "red") -> dict[str, Any]:
    return {"order_no": number, "line_no": "1", "sku": sku, "qty": 1, "gross": gross}


def _sales(name: str, orders: list[dict[str, Any]], lines: list[dict[str, Any]], as_of: int, **more: Any) -> Export:
    return Export(name, (("orders", tuple(orders)), ("order_lines", tuple(lines))), as_of=as_of, **more)


def _kept(opened: Workspace, **asked: Any) -> set[tuple[Any, ...]]:
    return {(one.table, one.row_key, one.field, one.day, one.old, one.new) for one in restatements.restatements(opened.conn, **asked)}


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    with making.workspace(tmp_path) as made:
        yield made


def test_the_first_import_restates_nothing(opened: Workspace) -> None:
    making.do(opened, _sales("first", [_order("1")], [_line("1", 500)], 1))
    assert _kept(opened) == set()


def test_a_newer_export_restates_what_it_says_differently_with_names_instead_of_ids(opened: Workspace) -> None:
    making.do(opened, _sales("first", [_order("1"), _order("2")], [_line("1", 500), _line("2", 900)], 1))
    newer = [_order("1", status="void", channel="app"), _order("2")]
    import_id = making.do(opened, _sales("second", newer, [_line("1", 450, "blue"), _line("2", 900)], 2)).import_id
    assert _kept(opened) == {
        ("orders", "shop / 1", "status", _DAY, "paid", "void"),
        ("orders", "shop / 1", "channel", _DAY, "web", "app"),
        ("order_lines", "shop / 1 / 1", "gross", _DAY, 500, 450),
        ("order_lines", "shop / 1 / 1", "sku", _DAY, "red", "blue"),
    }
    assert restatements.counts(opened.conn) == {import_id: 4}
    [gross] = [one for one in restatements.restatements(opened.conn) if one.field == "gross"]
    assert (gross.import_id, gross.file, gross.source, gross.kind, gross.answer) == (import_id, "second", "shop", "money", None)


def test_what_was_unknown_and_is_known_now_is_no_restatement(opened: Workspace) -> None:
    making.do(opened, _sales("first", [_order("1", paid_day=None)], [_line("1", 500)], 1))
    making.do(opened, _sales("second", [_order("1")], [_line("1", 500)], 2))
    assert _kept(opened) == set()


def test_what_was_known_and_is_blank_now_is_one(opened: Workspace) -> None:
    making.do(opened, Export("first", (("orders", (_order("1"),)),), as_of=1))
    making.do(opened, Export("second", (("orders", (_order("1", paid_day=None),)),), as_of=2))
    assert _kept(opened) == {("orders", "shop / 1", "paid_day", _DAY, _DAY, None)}


def test_an_older_export_that_comes_later_restates_nothing(opened: Workspace) -> None:
    making.do(opened, _sales("second", [_order("1", status="void")], [_line("1", 450)], 2))
    making.do(opened, _sales("first", [_order("1")], [_line("1", 500)], 1))
    assert _kept(opened) == set()


@pytest.mark.parametrize("last", [500, 470])
def test_a_row_that_a_file_says_twice_counts_once_from_what_others_said_to_what_it_says_last(opened: Workspace, last: int) -> None:
    making.do(opened, Export("first", (("order_lines", (_line("1", 500),)),), as_of=1))
    making.do(opened, Export("second", (("order_lines", (_line("1", 450), _line("1", last))),), as_of=2, stretch=1))
    assert _kept(opened) == (set() if last == 500 else {("order_lines", "shop / 1 / 1", "gross", None, 500, last)})


def test_a_file_that_contradicts_only_itself_restates_nothing(opened: Workspace) -> None:
    making.do(opened, Export("first", (("order_lines", (_line("1", 450), _line("1", 470))),), stretch=1))
    assert _kept(opened) == set()


def test_buyers_are_told_apart_without_being_named(opened: Workspace) -> None:
    making.do(opened, Export("first", (("orders", (_order("1"),)),), as_of=1))
    making.do(opened, Export("second", (("orders", (_order("1", buyer="bob"),)),), as_of=2))
    [(_, _, field, _, old, new)] = _kept(opened)
    assert field == "buyer" and old != new and {old[0], new[0]} == {"…"} and not {"ann", "bob"} & {old, new}


def test_an_undone_import_takes_its_restatements_away(opened: Workspace) -> None:
    making.do(opened, _sales("first", [_order("1")], [_line("1", 500)], 1))
    second = making.do(opened, _sales("second", [_order("1", status="void")], [_line("1", 450)], 2)).import_id
    assert len(_kept(opened)) == 2
    ledger.undo(opened, [second])
    assert _kept(opened) == set()


def test_a_period_shows_what_left_it_and_what_moved_into_it(opened: Workspace) -> None:
    making.do(opened, Export("first", (("orders", (_order("1"), _order("2"))),), as_of=1))
    moved = _order("1", placed_day=_DAY + 7)
    second = making.do(opened, Export("second", (("orders", (moved, _order("2", status="void"))),), as_of=2)).import_id
    move = ("orders", "shop / 1", "placed_day", _DAY, _DAY, _DAY + 7)
    assert _kept(opened, period=Period(_DAY, _DAY)) == {move, ("orders", "shop / 2", "status", _DAY, "paid", "void")}
    assert _kept(opened, period=Period(_DAY + 7, _DAY + 7)) == {move}
    assert _kept(opened, period=Period(_DAY + 1, _DAY + 2)) == set()
    assert _kept(opened, import_ids=[second + 1]) == set()
    summed = {(one.table, one.field, one.values) for one in restatements.summed_up(opened.conn, import_ids=[second])}
    assert summed == {("orders", "placed_day", 1), ("orders", "status", 1)}


def _ads(name: str, clicks: list[int], as_of: int, stretch: int = 1000) -> Export:
    rows = tuple(
        {"day": _DAY, "campaign": "spring", "ad": str(number), "clicks": one, "cost": 10 * one, "conversions": 0.1}
        for number, one in enumerate(clicks)
    )
    return Export(name, (("ad_performance", rows),), as_of=as_of, stretch=stretch)


@pytest.mark.parametrize("stretch", [1, 1000])
def test_a_replaced_block_is_one_restatement_a_figure(opened: Workspace, stretch: int) -> None:
    making.do(opened, _ads("first", [1, 2, 3], 1))
    making.do(opened, _ads("second", [1, 5, 3], 2, stretch))
    assert _kept(opened) == {
        ("ad_performance", "spring", "clicks", _DAY, 6, 9),
        ("ad_performance", "spring", "cost", _DAY, 60, 90),
    }


def test_a_block_said_again_in_the_same_words_restates_nothing(opened: Workspace) -> None:
    making.do(opened, _ads("first", [1, 2, 3], 1))
    making.do(opened, _ads("second", [3, 1, 2], 2))
    making.do(opened, _ads("older", [9], 0))
    assert _kept(opened) == set()


def test_scores_are_not_added_up(opened: Workspace) -> None:
    def scores(name: str, values: list[float], as_of: int) -> Export:
        rows = tuple({"day": _DAY, "engine": "g", "keyword": str(n), "position": one, "volume": 5} for n, one in enumerate(values))
        return Export(name, (("search_ranks", rows),), as_of=as_of)

    making.do(opened, scores("first", [1.0, 2.0], 1))
    making.do(opened, scores("second", [1.0, 4.0], 2))
    assert _kept(opened) == set()
    making.do(opened, scores("third", [3.0], 3))
    assert _kept(opened) == {("search_ranks", "g", "volume", _DAY, 10, 5)}
    making.do(opened, scores("fourth", [4.0], 4))
    assert ("search_ranks", "g", "position", _DAY, 3.0, 4.0) in _kept(opened)


def test_every_table_can_be_restated(opened: Workspace) -> None:
    """Whatever the table, a changed field is kept under words and not under a row's number."""
    from ecoperf_desktop.store.tables import TABLES

    for table in TABLES.values():
        if table.strategy == "seen":
            continue
        key = {name for one in table.identities for name in one.fields} | set(table.block) | {"day", "last_day"}
        values: dict[str, Any] = {"money": 100, "int": 3, "cost_e4": 5, "real": 0.5, "day": _DAY, "ts": _DAY * 86_400, "flag": 1}
        row = {field.name: values.get(field.kind, "spring") for field in table.fields} | ({"currency": "EUR"} if table.name == "orders" else {})
        other = next((f for f in table.fields if f.name not in key and f.kind in ("money", "int", "real", "day", "flag")), None)
        if other is None:
            other = next(f for f in table.fields if f.name not in key and f.kind in ("text", "ref"))
        changed = {**row, other.name: "autumn" if other.kind in ("text", "ref") else values[other.kind] + (-1 if other.kind == "flag" else 1)}
        making.do(opened, Export(f"{table.name}-1", ((table.name, (row,)),), as_of=1))
        import_id = making.do(opened, Export(f"{table.name}-2", ((table.name, (changed,)),), as_of=2)).import_id
        found = restatements.restatements(opened.conn, import_ids=[import_id])
        assert {(one.table, one.field) for one in found} == {(table.name, other.name)}, table.name
        nameless = table.name == "demand_forecast"  # its block is two days
        assert all(one.row_key or nameless for one in found) and not any(one.row_key.isdigit() for one in found), (table.name, found)
