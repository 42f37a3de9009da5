"""Rows of a file become rows of tables; where a file is cut into blocks changes nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.dialect import Dialect
from ecoperf_desktop.importing.evaluation import Valued, grouped, reduced
from ecoperf_desktop.importing.examples import shown_rows
from ecoperf_desktop.importing.prepare import Prepared, prepare
from ecoperf_desktop.importing.split import TextReader
from ecoperf_desktop.model.columns import Numbers

HEAD = """
[format]
id = "acme.mixed"
version = 1
platform = "acme"
title = { en = "Acme", zh = "Acme 明细" }

[answers]
currency = "EUR"
tz = "UTC"

[[column]]
header = "Order"
field = "order_no"
type = "id"
required = true
[[column]]
header = "Day"
field = "day"
type = "date"
[[column]]
header = "SKU"
field = "sku"
type = "id"
[[column]]
header = "Qty"
field = "qty"
type = "integer"
[[column]]
header = "Price"
field = "price"
type = "money"
[[column]]
header = "Order discount"
field = "order_discount"
type = "money"
[[column]]
header = "Status"
field = "status"
type = "enum"
values = { Paid = "paid", Open = "open" }

[group]
by = ["order_no"]
"""
LINES = """
[[emit]]
into = "orders"
per = "group"
set.placed_day = "day"
set.has_claim = { any = { eq = { status = "open" } } }
skip = ["currency"]

[[emit]]
into = "order_lines"
set.line_no = { position = "group" }
set.gross = { product = ["qty", "price"] }
set.discount = { allocate = "order_discount", over = { product = ["qty", "price"] } }
"""


def _form(emits: str) -> descriptor.Format:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed.toml"
        path.write_text(HEAD + emits, encoding="utf-8")
        return descriptor.read(path)


def _prepared(form: descriptor.Format, text: str, block: int | None = None, **given_settings: str) -> Prepared:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as compressor:
        path = Path(folder) / "mixed.csv"
        path.write_text(text, encoding="utf-8")
        member = next(members(path))
        recognised = Detector([form]).recognise(member, {})[0]
        if block is not None:
            table = replace(recognised.table, open=lambda: TextReader(member, "utf-8", Dialect(), 0, block=block))
            recognised = replace(recognised, table=table)
        return prepare(member, recognised, "acme", given_settings, None, compressor, lambda _: None)


def _rows(made: Prepared, table: str) -> list[dict[str, str]]:
    return [row for stretch in made.stretches or () for asserted in stretch.tables if asserted.table == table for row in shown_rows(asserted)]


HEADER = "Order,Day,SKU,Qty,Price,Order discount,Status\n"


def test_an_amount_of_the_order_is_split_over_its_lines_to_the_cent() -> None:
    text = HEADER + "A,2026-03-02,X,1,10.00,1.00,Paid\nA,2026-03-02,Y,1,10.00,,Paid\nA,2026-03-02,Z,1,10.00,,Open\nB,2026-03-02,X,1,5.00,,Paid\n"
    made = _prepared(_form(LINES), text)
    assert [row["discount"] for row in _rows(made, "order_lines")] == ["0.34", "0.33", "0.33", ""]
    assert [row["line_no"] for row in _rows(made, "order_lines")] == ["1", "2", "3", "1"]
    assert [(row["order_no"], row["has_claim"]) for row in _rows(made, "orders")] == [("A", "true"), ("B", "false")]


_ORDERS = st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(1, 9), st.integers(0, 99_999), st.integers(0, 999)), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(_ORDERS, st.integers(60, 400))
def test_where_blocks_end_changes_nothing(orders: list[tuple[str, int, int, int]], block: int) -> None:
    lines = [
        f"{order},2026-03-{qty:02d},S{cents % 7},{qty},{cents / 100:.2f},{discount / 100:.2f},{'Paid' if cents % 2 else 'Open'}"
        for order, qty, cents, discount in orders
    ]
    text = HEADER + "\n".join(lines) + "\n"
    form = _form(LINES)
    whole, cut = _prepared(form, text), _prepared(form, text, block)
    for table in ("orders", "order_lines"):
        key = sorted(map(repr, _rows(whole, table)))
        assert sorted(map(repr, _rows(cut, table))) == key
    assert (whole.read, whole.dropped, whole.rejected) == (cut.read, cut.dropped, cut.rejected)
    by_order: Counter[str] = Counter()
    for row in _rows(cut, "order_lines"):
        by_order[row["order_no"]] += round(float(row["discount"] or 0) * 100)
    first = {order: discount for order, _, _, discount in reversed(orders)}
    assert {order: by_order[order] for order in first} == first


AGGREGATE = """
[[emit]]
into = "site_traffic"
fields = ["day"]
set.variant = { const = "status" }
set.device = "status"
set.sessions = { const = 1 }
set.pageviews = "qty"
aggregate = ["day", "variant", "device"]
"""


def test_rows_alike_in_the_dimensions_are_added_up_over_the_whole_file() -> None:
    rows = [f"V{number},2026-03-0{1 + number % 2},S,{number},1.00,,{'Paid' if number % 3 else 'Open'}" for number in range(12)]
    made = _prepared(_form(AGGREGATE), HEADER + "\n".join(rows) + "\n", 80)
    got = {(row["day"], row["device"]): (row["sessions"], row["pageviews"]) for row in _rows(made, "site_traffic")}
    assert got == {
        ("2026-03-01", "open"): ("2", "6"), ("2026-03-01", "paid"): ("4", "24"),
        ("2026-03-02", "open"): ("2", "12"), ("2026-03-02", "paid"): ("4", "24"),
    }
    assert made.dropped == {"joined": 8}


DISTINCT = """
[[emit]]
into = "product"
per = "distinct"
distinct = ["sku"]
set.unit_cost = { max = "price" }
"""


def test_one_row_for_each_different_value_with_folds_over_the_whole_file() -> None:
    text = HEADER + "".join(f"A{number},2026-03-02,S{number % 2},1,{number}.50,,Paid\n" for number in range(6))
    made = _prepared(_form(DISTINCT), text, 70)
    assert [(row["sku"], row["unit_cost"]) for row in _rows(made, "product")] == [("S0", "4.5"), ("S1", "5.5")]


def test_cells_given_on_the_first_row_only_are_filled_down_or_kept_single() -> None:
    emits = 'fill_down = ["day", "status"]\nfirst_row_only = ["order_discount"]\n' + LINES
    text = HEADER + "A,2026-03-02,X,1,10.00,3.00,Open\nA,,Y,2,10.00,3.00,\nB,2026-03-04,X,1,1.00,,Paid\n"
    made = _prepared(_form(emits), text, 60)
    assert [(row["placed_day"], row["status"]) for row in _rows(made, "orders")] == [("2026-03-02", "open"), ("2026-03-04", "paid")]
    assert [row["discount"] for row in _rows(made, "order_lines")] == ["1.00", "2.00", ""]


def test_a_column_that_is_not_in_the_file_is_not_asserted() -> None:
    text = "Order,Day,SKU,Qty,Price\nA,2026-03-02,X,1,10.00\n"
    made = _prepared(_form(LINES), text)
    lines = next(asserted for stretch in made.stretches or () for asserted in stretch.tables if asserted.table == "order_lines")
    assert "discount" not in lines.columns and "gross" in lines.columns
    orders = next(asserted for stretch in made.stretches or () for asserted in stretch.tables if asserted.table == "orders")
    assert "status" not in orders.columns and "has_claim" not in orders.columns


def test_every_record_is_accounted_for() -> None:
    emits = LINES + '\n[[drop]]\nreason = "test"\nwhen = { eq = { sku = "T" } }\n'
    text = HEADER + "A,2026-03-02,X,1,10.00,,Paid\n,2026-03-02,X,1,10.00,,Paid\nA,2026-03-02,T,1,10.00,,Paid\n\nB,2026-03-02,Y,,1.00,,Paid\n"
    made = _prepared(_form(emits), text)
    assert (made.read, made.rejected, made.dropped) == (5, 2, {"blank": 1, "test": 1})
    assert [finding.code for finding in made.findings if finding.severity == "error"] == ["importing.blank_cell", "importing.row_lacks"]
    assert len(_rows(made, "order_lines")) == 1


def test_a_later_block_that_speaks_for_the_other_decimal_mark_is_heard() -> None:
    rows = [f"A{number},2026-03-02,X,1,1.234,,Paid" for number in range(20)] + ['Z,2026-03-02,X,1,"1.234,50",,Paid']
    made = _prepared(_form(LINES), HEADER + "\n".join(rows) + "\n", 80)
    assert [row["gross"] for row in _rows(made, "order_lines")] == ["1234.00"] * 20 + ["1234.50"]


def test_values_that_speak_for_both_decimal_marks_refuse_the_file() -> None:
    rows = [f"A{number},2026-03-02,X,1,2.50,,Paid" for number in range(20)] + ['Z,2026-03-02,X,1,"3,75",,Paid']
    for block in (None, 80):
        with pytest.raises(FileRefused) as caught:
            _prepared(_form(LINES), HEADER + "\n".join(rows) + "\n", block)
        assert caught.value.code == "reading.decimal_undecided"


def test_dates_in_either_order_are_decided_by_the_column_or_asked_about() -> None:
    decided = HEADER + "A,03/04/2026,X,1,10.00,,Paid\nB,25/04/2026,X,1,10.00,,Paid\n"
    assert [row["placed_day"] for row in _rows(_prepared(_form(LINES), decided), "orders")] == ["2026-04-03", "2026-04-25"]
    open_question = HEADER + "A,03/04/2026,X,1,10.00,,Paid\n"
    with pytest.raises(FileRefused) as caught:
        _prepared(_form(LINES), open_question)
    assert caught.value.code == "reading.date_order_undecided"
    answered = _prepared(_form(LINES), open_question, dates="month_first")
    assert _rows(answered, "orders")[0]["placed_day"] == "2026-03-04"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1000, 1000)), max_size=60))
def test_totals_by_group_are_the_totals(pairs: list[tuple[int, int]]) -> None:
    keys = np.array([key for key, _ in pairs], np.int64)
    values = np.array([value for _, value in pairs], np.int64)
    groups = grouped([Numbers(keys)], len(pairs))
    expected: dict[int, int] = {}
    for key, value in pairs:
        expected[key] = expected.get(key, 0) + value
    assert groups.count == len(expected)
    if pairs:
        totals = reduced(Valued(Numbers(values), "int"), groups, "total").column
        assert isinstance(totals, Numbers)
        assert totals.values.tolist() == list(expected.values())
