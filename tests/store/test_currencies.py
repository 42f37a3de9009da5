"""Amounts in several currencies: converted once at the rate of their day, waiting without one, and never in doubt."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import store_making as making
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_making import Export

from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.store import answers, ledger, rate_changes, rates, restatements
from ecoperf_desktop.store import sums as daily
from ecoperf_desktop.store.coverage import Coverage
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.rates import converted
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.store.traded import AMOUNTS, traded_of

DAY = 20_000


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Workspace]:
    with making.workspace(tmp_path) as made:
        made.set_setting("reporting_currency", "CNY")
        yield made


def _file(name: str, currency: str, as_of: int = 0, **tables: list[dict[str, Any]]) -> Export:
    return Export(name, tuple((table, tuple(rows)) for table, rows in tables.items()), as_of=as_of, currency=currency)


def _rates(name: str, *stated: tuple[str, int, float], as_of: int = 0) -> Export:
    said = tuple({"currency": currency, "day": day, "rate": rate} for currency, day, rate in stated)
    return Export(name, (("exchange_rates", said),), as_of=as_of, source="bank", currency=None)


def _sale(number: str, gross: int, day: int = DAY) -> dict[str, list[dict[str, Any]]]:
    return {
        "orders": [{"order_no": number, "placed_day": day, "shipping": 0}],
        "order_lines": [{"order_no": number, "sku": "A", "qty": 1, "gross": gross}],
    }


def _gross(conn: sqlite3.Connection) -> list[int]:
    return [row[0] for row in conn.execute("SELECT gross_minor FROM order_lines ORDER BY line_id")]


def _sums(conn: sqlite3.Connection, view: str = "line") -> list[tuple[Any, ...]]:
    return conn.execute(f"SELECT day, gross FROM sum_{view} ORDER BY day").fetchall()


# ---- one amount


@pytest.mark.parametrize(
    ("amount", "rate", "currency", "reporting", "expected"),
    [
        (10_000, "7.1234", "USD", "CNY", 71_234),
        (1_000, "0.0478", "JPY", "CNY", 4_780),  # the yen has no minor unit
        (1_000, "23.5", "KWD", "CNY", 2_350),  # the dinar has a thousand
        (1_000, "20.9", "CNY", "JPY", 209),
        (1, "0.5", "EUR", "CNY", 1),  # half up
        (-1, "0.5", "EUR", "CNY", -1),
        (1, "0.4999", "EUR", "CNY", 0),
        (9 * 10**16, "7.123456789", "EUR", "CNY", 641_111_111_010_000_000),  # exact, however large
    ],
)
def test_an_amount_is_converted_once_by_its_currencys_minor_unit_and_rounded_half_up(
    amount: int, rate: str, currency: str, reporting: str, expected: int
) -> None:
    assert converted(amount, int(Decimal(rate).scaleb(9)), currency, reporting) == expected


def test_a_full_refund_at_another_days_rate_takes_back_exactly_what_the_sale_brought(opened: Workspace) -> None:
    """The worked example E14."""
    making.do(opened, _rates("rates", ("USD", DAY, 7.1234), ("USD", DAY + 9, 7.3)))
    refund = {"refund_no": "r", "order_no": "1", "refund_day": DAY + 9, "goods": 10_000}
    making.do(opened, _file("shop", "USD", **_sale("1", 10_000), refunds=[refund]))
    assert _gross(opened.conn) == [71_234]
    assert opened.conn.execute("SELECT goods_minor FROM refunds").fetchone() == (71_234,)
    (shown,) = traded_of(opened.conn, "refunds", [1])[1]
    assert (shown.currency, shown.amounts, shown.rate) == ("USD", {"goods_minor": 10_000}, rates.Rate(DAY, 7_123_400_000))


def test_a_refund_that_comes_before_its_order_takes_the_orders_rate_when_that_comes(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("USD", DAY, 7.1234), ("USD", DAY + 9, 7.3)))
    refund = {"refund_no": "r", "order_no": "1", "refund_day": DAY + 9, "goods": 10_000}
    making.do(opened, _file("refunds", "USD", refunds=[refund]))
    assert opened.conn.execute("SELECT goods_minor FROM refunds").fetchone() == (73_000,)
    sale = making.do(opened, _file("shop", "USD", **_sale("1", 10_000)))
    assert opened.conn.execute("SELECT goods_minor FROM refunds").fetchone() == (71_234,)
    ledger.undo(opened, [sale.import_id])
    assert opened.conn.execute("SELECT goods_minor FROM refunds").fetchone() == (73_000,)


def test_yen_and_dinars_stand_beside_each_other(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("JPY", DAY, 0.0478), ("KWD", DAY, 23.5)))
    making.do(opened, replace(_file("tokyo", "JPY", **_sale("1", 1_000)), source="tokyo"))
    making.do(opened, replace(_file("kuwait", "KWD", **_sale("2", 1_000)), source="kuwait"))
    assert _gross(opened.conn) == [4_780, 2_350]


# ---- which rate


def test_a_day_without_a_rate_takes_the_newest_of_the_week_before_it(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("EUR", DAY, 7.8), ("EUR", DAY - 3, 7.7)))
    for number, later in enumerate((0, 2, 7, 8)):
        making.do(opened, _file(f"shop{number}", "EUR", **_sale(str(number), 100, DAY + later)))
    assert _gross(opened.conn) == [780, 780, 780]
    assert rates.wanted(opened.conn) == [rates.Wanted("EUR", DAY + 8, 1, 2)]
    shown = traded_of(opened.conn, "order_lines", [2 * 65536])
    assert [one.rate for one in shown[2 * 65536]] == [rates.Rate(DAY, 7_800_000_000)]


def test_a_rate_may_be_for_a_hundred_units_the_other_way_round_or_by_way_of_a_third_currency(opened: Workspace) -> None:
    said = (
        {"currency": "JPY", "day": DAY, "rate": 4.78, "units": 100, "quote": None},
        {"currency": "CNY", "day": DAY, "rate": 0.125, "units": None, "quote": "EUR"},
        {"currency": "EUR", "day": DAY, "rate": 1.25, "units": None, "quote": "USD"},
    )
    making.do(opened, Export("bank", (("exchange_rates", said),), source="bank", currency=None))
    known = {one.currency: one.rate_e9 for one in rates.known(opened.conn, "CNY")}
    assert known == {"JPY": 47_800_000, "EUR": 8_000_000_000, "USD": 6_400_000_000}


def test_a_typed_rate_wins_over_a_files_and_can_be_taken_back(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("EUR", DAY, 7.8)))
    making.do(opened, _file("shop", "EUR", **_sale("1", 100)))
    rate_changes.put(opened, "EUR", DAY, Decimal("7.9"))
    assert _gross(opened.conn) == [790]
    assert [(one.rate_e9, one.file) for one in rates.known(opened.conn, "CNY")] == [(7_900_000_000, None)]
    rate_changes.take_back(opened, "EUR", DAY)
    assert _gross(opened.conn) == [780]
    assert [(one.rate_e9, one.file) for one in rates.known(opened.conn, "CNY")] == [(7_800_000_000, "rates")]


# ---- waiting


def test_without_a_rate_an_order_counts_nowhere_is_listed_and_comes_back_whole(opened: Workspace) -> None:
    making.do(opened, _file("home", "CNY", **_sale("1", 500)))
    refund = {"refund_no": "r", "order_no": "2", "refund_day": DAY + 2, "goods": 10}
    before = _sums(opened.conn)
    loaded = making.do(opened, _file("abroad", "EUR", **_sale("2", 100), refunds=[refund]))
    assert loaded.rows.new == loaded.rows.read == 3
    assert loaded.waiting == (rates.Wanted("EUR", DAY, 1, 3),)
    assert _sums(opened.conn) == before
    assert opened.conn.execute("SELECT count(*) FROM order_lines").fetchone() == (1,)
    assert opened.conn.execute("SELECT count(*) FROM refunds").fetchone() == (0,)
    assert opened.conn.execute("SELECT count(*) FROM orders WHERE sale_day IS NOT NULL").fetchone() == (1,)
    changed = rate_changes.put(opened, "EUR", DAY, Decimal("7.8"))
    assert (changed.freed, changed.waiting) == (3, ())
    assert _gross(opened.conn) == [500, 780]
    assert _sums(opened.conn) == [(DAY, 1280)]
    assert opened.conn.execute("SELECT goods_minor FROM refunds").fetchone() == (78,)


def test_a_day_of_which_all_waits_is_not_covered_and_one_of_which_some_does_is_not_whole(opened: Workspace) -> None:
    later = _sale("3", 100, DAY + 2)
    making.do(opened, _file("home", "CNY", **_sale("1", 500)))
    making.do(opened, _file("home too", "CNY", 1, **_sale("2", 500, DAY + 3)))
    making.do(opened, _file("abroad", "EUR", 2, **_sale("4", 100)))
    making.do(opened, _file("abroad too", "EUR", 3, **later))

    def covered(first: int, last: int) -> tuple[int, bool]:
        return tuple(Coverage.read(opened.conn).of("sales", Period(first, last)))

    assert covered(DAY, DAY) == (1, False)  # one order of two counts
    assert covered(DAY + 2, DAY + 2) == (0, False)  # nothing is known of the day, and nothing is not nought
    assert covered(DAY + 3, DAY + 3) == (1, True)
    rate_changes.put(opened, "EUR", DAY, Decimal(8))
    assert covered(DAY, DAY) == covered(DAY + 2, DAY + 2) == (1, True)


def test_one_line_without_a_rate_holds_the_whole_order_back(opened: Workspace) -> None:
    making.do(opened, _file("home", "CNY", **_sale("1", 500)))
    more = {"order_lines": [{"order_no": "1", "sku": "B", "qty": 1, "gross": 100}]}
    late = making.do(opened, _file("abroad", "EUR", 5, **more))
    assert _sums(opened.conn) == []
    ledger.undo(opened, [late.import_id])
    assert _sums(opened.conn) == [(DAY, 500)]


def test_a_free_order_in_another_currency_needs_no_rate(opened: Workspace) -> None:
    making.do(opened, _file("abroad", "EUR", **_sale("1", 0)))
    assert rates.wanted(opened.conn) == []
    assert opened.conn.execute("SELECT count(*) FROM orders WHERE sale_day = ?", (DAY,)).fetchone() == (1,)


def test_ads_wait_by_row_and_properties_of_products_by_amount(opened: Workspace) -> None:
    ads = [{"day": DAY, "campaign": "c", "cost": 100, "clicks": 3}, {"day": DAY + 9, "campaign": "c", "cost": None, "clicks": 4}]
    products = [{"sku": "A", "name": "Mug", "list_price": 900, "unit_cost": 2_000_000}]
    making.do(opened, _file("abroad", "EUR", DAY * 86_400, ad_performance=ads, product=products))
    assert opened.conn.execute("SELECT clicks, cost_minor FROM ad_performance").fetchall() == [(4, None)]
    assert opened.conn.execute("SELECT name, list_price_minor, unit_cost_e4 FROM product").fetchone() == ("Mug", None, None)
    rate_changes.put(opened, "EUR", DAY, Decimal("7.5"))
    assert opened.conn.execute("SELECT clicks, cost_minor FROM ad_performance ORDER BY day").fetchall() == [(3, 750), (4, None)]
    assert opened.conn.execute("SELECT list_price_minor, unit_cost_e4 FROM product").fetchone() == (6_750, 15_000_000)


def test_a_line_costs_what_its_product_cost_in_its_own_currency(opened: Workspace) -> None:
    products = [{"sku": "A", "unit_cost": 2_000_000}]
    making.do(opened, _file("costs", "EUR", DAY * 86_400, product=products))
    making.do(opened, _file("home", "CNY", **_sale("1", 5_000)))
    query = "SELECT product_cost_minor FROM order_lines"
    assert opened.conn.execute(query).fetchone() == (None,)
    rate_changes.put(opened, "EUR", DAY, Decimal("7.5"))
    assert opened.conn.execute(query).fetchone() == (1_500,)
    rate_changes.put(opened, "EUR", DAY, Decimal("8"))
    assert opened.conn.execute(query).fetchone() == (1_600,)
    making.do(opened, _file("costs at home", "CNY", (DAY + 1) * 86_400, product=[{"sku": "A", "unit_cost": 9_000_000}]))
    assert opened.conn.execute("SELECT from_day, unit_cost_e4 FROM product_cost ORDER BY 1").fetchall()[1:] == [(DAY + 1, 9_000_000)]
    assert opened.conn.execute(query).fetchone() == (1_600,)


# ---- other rates


def test_a_newer_rates_file_restates_what_it_changes_and_its_undo_takes_that_back(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("EUR", DAY, 7.8)))
    making.do(opened, _file("shop", "EUR", **_sale("1", 100)))
    newer = making.do(opened, _rates("newer", ("EUR", DAY, 7.9), as_of=9))
    assert _gross(opened.conn) == [790]
    assert _sums(opened.conn) == [(DAY, 790)]
    kept = "SELECT table_name, row_key, field, day, old, new FROM restatement WHERE import_id = ? ORDER BY 1, 3"
    assert opened.conn.execute(kept, (newer.import_id,)).fetchall() == [
        ("exchange_rates", f"EUR / {DAY}", "rate", DAY, "7.8", "7.9"), ("order_lines", "EUR", "gross", DAY, "780", "790"),
    ]  # fmt: skip
    ledger.undo(opened, [newer.import_id])
    assert _gross(opened.conn) == [780]
    assert opened.conn.execute("SELECT count(*) FROM restatement").fetchone() == (0,)


def test_a_restated_amount_is_shown_in_the_currency_of_its_file(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("EUR", DAY, 7.8)))
    making.do(opened, _file("shop", "EUR", **_sale("1", 100)))
    making.do(opened, _file("corrected", "EUR", 9, **_sale("1", 120)))
    assert _gross(opened.conn) == [936]
    found = [(one.field, one.old, one.new, one.currency) for one in restatements.restatements(opened.conn)]
    assert found == [("gross", 100, 120, "EUR")]


def test_a_typed_rate_restates_in_the_name_of_the_sources_it_touches(opened: Workspace) -> None:
    making.do(opened, _file("shop", "EUR", **_sale("1", 100)))
    assert rate_changes.put(opened, "EUR", DAY, Decimal("7.8")).restated == 0  # nothing was known before
    assert rate_changes.put(opened, "EUR", DAY, Decimal("7.9")).restated == 1
    found = opened.conn.execute(
        "SELECT s.name, c.name, c.old, c.new, r.field, r.old, r.new FROM restatement r JOIN answer_change c USING(change_id) "
        "JOIN source s USING(source_id)"
    ).fetchall()
    assert found == [("shop", f"rate EUR {iso(DAY)}", "7.8", "7.9", "gross", "780", "790")]


def test_the_undo_of_the_rates_lets_orders_wait_again_or_take_an_earlier_rate(opened: Workspace) -> None:
    first = making.do(opened, _rates("first", ("EUR", DAY - 1, 7.7)))
    second = making.do(opened, _rates("second", ("EUR", DAY, 7.8)))
    making.do(opened, _file("shop", "EUR", **_sale("1", 100)))
    ledger.undo(opened, [second.import_id])
    assert _gross(opened.conn) == [770]
    ledger.undo(opened, [first.import_id])
    assert _gross(opened.conn) == []
    assert [one.orders for one in rates.wanted(opened.conn)] == [1]


def test_another_recognition_basis_takes_the_rate_of_the_new_sale_day(opened: Workspace) -> None:
    making.do(opened, _rates("rates", ("EUR", DAY, 7.8), ("EUR", DAY + 1, 7.9)))
    sale = _sale("1", 100)
    sale["orders"][0]["paid_day"] = DAY + 1
    making.do(opened, _file("shop", "EUR", **sale))
    assert _gross(opened.conn) == [780]
    answers.change(opened, "shop", "recognition_basis", "paid")
    assert _gross(opened.conn) == [790]
    answers.change(opened, "shop", "recognition_basis", "placed")
    assert _gross(opened.conn) == [780]


def test_a_waiting_order_keeps_its_number_when_others_are_undone(opened: Workspace) -> None:
    waiting = making.do(opened, _file("abroad", "EUR", **_sale("1", 100)))
    other = making.do(opened, _file("home", "CNY", **_sale("2", 100)))
    ledger.undo(opened, [other.import_id])
    rate_changes.put(opened, "EUR", DAY, Decimal("8"))
    assert _gross(opened.conn) == [800]
    ledger.undo(opened, [waiting.import_id])
    assert opened.conn.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    assert opened.conn.execute("SELECT count(*) FROM traded").fetchone() == (0,)


# ---- laws

_DAYS = st.integers(DAY, DAY + 9)
_WORDS: dict[str, st.SearchStrategy[Any]] = {
    "order_no": st.sampled_from(["1", "2", "3"]),
    "sku": st.sampled_from(["red", "blue"]),
    "buyer": st.sampled_from(["ann", "bob"]),
    "status": st.sampled_from(["done", "void"]),
    "line_no": st.sampled_from(["1", "2"]),
    "refund_no": st.sampled_from(["r1", "r2"]),
    "po_no": st.sampled_from(["P1", "P2"]),
    "expense_no": st.sampled_from(["e1", "e2"]),
    "campaign": st.sampled_from(["spring", "autumn"]),
    "currency": st.sampled_from(["EUR", "USD", "JPY"]),
    "quote": st.sampled_from(["CNY", "EUR"]),
    "rate": st.sampled_from([0.5, 7.77, 1.1]),
    "units": st.sampled_from([1, 100]),
}
_TABLES = ["orders", "order_lines", "refunds", "product", "shipments", "ad_performance", "purchase_orders", "po_lines", "receipts",
           "campaign", "expenses", "exchange_rates", "exchange_rates", "budgets", "payouts"]  # fmt: skip
_MUCH = {"gross", "goods", "amount", "cost", "net"}


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
        case "money" | "cost_e4":
            return st.sampled_from([0, 3, 1_000, 12_345])
        case "text" | "ref":
            return st.sampled_from(["spring", "autumn"])
        case _:
            return st.integers(1, 3)


@st.composite
def _rows(draw: st.DrawFn, table: str) -> tuple[dict[str, Any], ...]:
    fields = [one for one in TABLES[table].fields if not (table == "orders" and one.name == "currency")]
    always = [one for one in fields if one.needed or (one.name == "order_no" and table in ("orders", "order_lines"))]
    spoken = always + [
        one for one in fields if one not in always and (draw(st.booleans()) or one.name in ("placed_day", "sku", "unit_cost", "cost"))
    ]
    row = {one.name: _value(one.name, one.kind) if one in always else st.none() | _value(one.name, one.kind) for one in spoken}
    return tuple(draw(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=4)))


@st.composite
def _exports(draw: st.DrawFn, most: int = 5) -> list[Export]:
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
                currency=draw(st.sampled_from(["CNY", "EUR", "USD", "JPY"])),
                stretch=draw(st.sampled_from([1, 2, 1000])),
            )
        )
    return exports


_law = settings(
    max_examples=40 if os.environ.get("CI") else 12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_typed = st.dictionaries(
    st.tuples(st.sampled_from(["EUR", "USD", "JPY"]), _DAYS), st.sampled_from([Decimal("7.5"), Decimal("0.05")]), max_size=4
)


def _all(opened: Workspace) -> dict[str, Any]:
    """Return everything that the workspace says, amounts as traded included; the sums kept are those the facts give."""
    conn = opened.conn
    kept = making.daily_sums(conn)
    conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert daily.ensure(conn)
    assert kept == making.daily_sums(conn)
    names = dict(conn.execute("SELECT import_id, sha256 FROM imports"))
    said = making.contents(conn)
    said["traded"] = sorted(
        (
            (table, names[import_id], currency, day, rate_day, rate, sorted(
                (name, value) for name, value in json.loads(says).items() if name in AMOUNTS[table]
            ))
            for table, import_id, currency, day, rate_day, rate, says in conn.execute(
                "SELECT table_name, import_id, currency, day, rate_day, rate_e9, says FROM traded"
            )
        ),
        key=repr,
    )
    return said


def _made(folder: str, exports: list[Export], *, plain: bool = False) -> tuple[Workspace, list[int]]:
    opened = making.workspace(Path(folder))
    opened.set_setting("reporting_currency", "CNY")
    return opened, [making.do(opened, export, plain=plain).import_id for export in exports]


def _after(exports: list[Export], *, plain: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        opened, _ = _made(folder, exports, plain=plain)
        with opened:
            return _all(opened)


@_law
@given(_exports(), st.randoms(use_true_random=False))
def test_files_and_rates_in_any_order_give_the_same_workspace(exports: list[Export], random: Any) -> None:
    shuffled = exports[:]
    random.shuffle(shuffled)
    assert _after(exports) == _after(shuffled)


@_law
@given(_exports())
def test_the_short_cut_beside_other_currencies_gives_what_the_plain_way_gives(exports: list[Export]) -> None:
    assert _after(exports) == _after(exports, plain=True)


@_law
@given(_exports(), st.data())
def test_an_undone_import_was_never_there_whatever_its_currency(exports: list[Export], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(exports) - 1))
    rest = exports[:index] + exports[index + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        opened, ids = _made(folder, exports)
        with opened:
            ledger.undo(opened, [ids[index]])
            if not rest:
                assert opened.conn.execute("SELECT count(*) FROM traded").fetchone() == (0,)
                return
            assert _all(opened) == _after(rest)


@_law
@given(_exports(), _typed, st.data())
def test_typed_rates_before_or_after_are_the_same_and_taken_back_were_never_there(
    exports: list[Export], typed: dict[tuple[str, int], Decimal], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(exports)))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, _ = _made(one, exports[:place])
        second, _ = _made(other, exports)
        with first, second:
            untouched = _all(second)
            for opened in (first, second):
                for (currency, day), rate in typed.items():
                    rate_changes.put(opened, currency, day, rate)
            for export in exports[place:]:
                making.do(first, export)
            assert _all(first) == _all(second)
            for currency, day in typed:
                rate_changes.put(second, currency, day, Decimal("3.3"))
                rate_changes.put(second, currency, day, typed[currency, day])
            assert _all(first) == _all(second)
            for currency, day in typed:
                rate_changes.take_back(second, currency, day)
            assert _all(second) == untouched


@_law
@given(_exports())
def test_once_every_rate_is_known_nothing_waits_and_the_amounts_are_those_of_one_reading(exports: list[Export]) -> None:
    every = [(currency, DAY + later) for currency in ("EUR", "USD", "JPY") for later in range(10)]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, _ = _made(one, [])
        second, _ = _made(other, exports)
        with first, second:
            for currency, day in every:
                rate_changes.put(first, currency, day, Decimal("2"))
            for export in exports:
                making.do(first, export)
            for currency, day in every:
                rate_changes.put(second, currency, day, Decimal("2"))
            assert rates.wanted(first.conn) == rates.wanted(second.conn) == []
            assert _all(first) == _all(second)


def test_the_last_amounts_taken_back_take_the_reporting_currency_with_them(tmp_path: Path) -> None:
    traffic = Export("traffic", (("site_traffic", ({"day": DAY, "variant": "date", "sessions": 5},)),), source="site", currency=None)
    with making.workspace(tmp_path) as opened:
        making.do(opened, traffic)
        wrong = making.do(opened, _file("wrong", "USD", **_sale("1", 100)))
        assert opened.reporting_currency == "USD"
        ledger.undo(opened, [wrong.import_id])
        assert opened.reporting_currency is None
        making.do(opened, _file("right", "EUR", **_sale("1", 100)))
        assert opened.reporting_currency == "EUR" and _gross(opened.conn) == [100]


def test_amounts_of_an_older_release_keep_the_reporting_currency(tmp_path: Path) -> None:
    with making.workspace(tmp_path) as opened:
        kept = making.do(opened, _file("kept", "EUR", **_sale("1", 100)))
        other = making.do(opened, _file("other", "EUR", 1, **_sale("2", 100)))
        opened.conn.execute("UPDATE imports SET currency = NULL WHERE import_id = ?", (kept.import_id,))
        ledger.undo(opened, [other.import_id])
        assert opened.reporting_currency == "EUR"
