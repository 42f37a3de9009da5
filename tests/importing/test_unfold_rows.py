"""Rows that go on with the order above, and cells that hold several rows: the same wherever a file is cut into blocks."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.dialect import Dialect
from ecoperf_desktop.importing.examples import shown_rows
from ecoperf_desktop.importing.prepare import Prepared, prepare
from ecoperf_desktop.importing.split import TextReader

HEAD = """
[format]
id = "acme.unfolded"
version = 1
platform = "acme"
title = { en = "Acme", zh = "Acme 明细" }

[answers]
currency = "EUR"

[[column]]
header = "Order"
field = "order_no"
type = "id"
required = true
[[column]]
header = "Day"
field = "placed"
type = "date"
[[column]]
header = "Goods"
field = "goods"
type = "text"
"""
CARRIED = """
[rows]
carry_down = ["order_no", "placed_day"]

[group]
by = ["order_no"]

[[emit]]
into = "orders"
per = "group"

[[emit]]
into = "order_lines"
set.sku = "goods"
set.qty = { const = 1 }
set.gross = { const = "1.00" }
"""
PACKED = """
[rows]
unpack = { value = "goods", at = '\\s*\\|\\s*', part = "piece" }

[set]
sku = { split = "piece", by = "=", part = 1 }
gross = { regex = "piece", pattern = '=(?P<value>.+)', type = "money" }

[[emit]]
into = "order_lines"
set.qty = { const = 1 }
"""
HEADER = "Order,Day,Goods\n"


def _form(rest: str) -> descriptor.Format:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "unfolded.toml"
        path.write_text(HEAD + rest, encoding="utf-8")
        return descriptor.read(path)


def _prepared(form: descriptor.Format, text: str, block: int | None = None) -> Prepared:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as compressor:
        path = Path(folder) / "unfolded.csv"
        path.write_text(text, encoding="utf-8")
        member = next(members(path))
        recognised = Detector([form]).recognise(member, {})[0]
        if block is not None:
            table = replace(recognised.table, open=lambda: TextReader(member, "utf-8", Dialect(), 0, block=block))
            recognised = replace(recognised, table=table)
        return prepare(member, recognised, "acme", {}, None, compressor, lambda _: None)


def _rows(made: Prepared, table: str, *fields: str) -> list[tuple[str, ...]]:
    rows = [row for stretch in made.stretches or () for asserted in stretch.tables if asserted.table == table for row in shown_rows(asserted)]
    return [tuple(row.get(name, "") for name in fields) for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(20, 90))
def test_rows_without_a_number_belong_to_the_order_above_wherever_blocks_end(sizes: list[int], block: int) -> None:
    text, wanted = HEADER, []
    for number, size in enumerate(sizes):
        for line in range(size):
            text += f"{f'A{number}' if not line else ''},{'2026-03-02' if not line and number % 2 else ''},G{number}-{line}\n"
            wanted.append((f"A{number}", f"G{number}-{line}"))
    made = _prepared(_form(CARRIED), text, block)
    assert _rows(made, "order_lines", "order_no", "sku") == wanted
    # the day of one order is never that of another
    days = [(f"A{number}", "2026-03-02" if number % 2 else "") for number in range(len(sizes))]
    assert sorted(_rows(made, "orders", "order_no", "placed_day")) == sorted(days)


def test_nothing_is_carried_from_above_a_number_that_cannot_be_read() -> None:
    made = _prepared(_form(CARRIED), HEADER + "A1,2026-03-02,x\n1.23E+15,2026-03-03,y\n,,z\nA2,,u\n,,v\n")
    assert _rows(made, "order_lines", "order_no", "sku") == [("A1", "x"), ("A2", "u"), ("A2", "v")]
    assert made.rejected == 2


def test_a_row_that_goes_on_with_nothing_is_refused() -> None:
    made = _prepared(_form(CARRIED), HEADER + ",,x\nA2,,u\n")
    assert (made.rejected, _rows(made, "order_lines", "order_no")) == (1, [("A2",)])


def test_a_packed_cell_is_as_many_rows_and_a_record_is_refused_once_and_whole() -> None:
    made = _prepared(_form(PACKED), HEADER + "A1,,MUG=1.50 | CAP=2.00|\nA2,,CAP=?|MUG=|HAT=1.00\nA3,,CAP=3.00\n", None)
    assert _rows(made, "order_lines", "order_no", "sku", "gross") == [("A1", "MUG", "1.50"), ("A1", "CAP", "2.00"), ("A3", "CAP", "3.00")]
    assert (made.read, made.rejected) == (3, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 999), max_size=5), min_size=1, max_size=10), st.integers(20, 90))
def test_every_piece_of_every_cell_becomes_its_row(orders: list[list[int]], block: int) -> None:
    text = HEADER + "".join(f"A{n},,{' | '.join(f'G{price}={price}' for price in prices)}\n" for n, prices in enumerate(orders))
    wanted = [(f"A{n}", f"G{price}", f"{price}.00") for n, prices in enumerate(orders) for price in prices]
    form = _form(PACKED.replace("set.qty", 'when = { present = "piece" }\nset.qty'))
    if not wanted:
        return
    assert _rows(_prepared(form, text, block), "order_lines", "order_no", "sku", "gross") == wanted


@pytest.mark.parametrize(
    "wrong", ["unpack = { value = \"placed_day\", at = ';', part = \"piece\" }", "unpack = { value = \"goods\", at = '(;)', part = \"piece\" }",
              "unpack = { value = \"goods\", at = ';', part = \"goods\" }", 'carry_down = ["piece"]'],
)
def test_what_cannot_be_unfolded_is_said_when_the_descriptor_is_read(wrong: str) -> None:
    with pytest.raises(MappingError):
        _form("\n[rows]\n" + wrong + CARRIED.partition("\n[group]")[2].join(["\n[group]", ""]))
