"""The descriptor language: what is written is understood whole, and what is wrong names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop import language
from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.pattern import PatternRefused, compiled

PLAIN = """
[format]
id = "acme.orders"
version = 1
platform = "acme"
title = { en = "Acme", zh = "Acme 订单" }

[[column]]
header = ["Order No", "Bestellnummer"]
field = "order_no"
type = "id"
required = true

[[column]]
header = "Ordered at"
field = "placed"
type = "datetime"

[[column]]
header = "SKU"
field = "sku"
type = "id"

[[column]]
header = "Qty"
field = "qty"
type = "integer"
required = true

[[column]]
header = "Price"
field = "unit_price"
type = "money"

[group]
by = ["order_no"]

[[emit]]
into = "orders"
per = "group"

[[emit]]
into = "order_lines"
set.gross = { product = ["qty", "unit_price"] }
"""


def _read(folder: Path, text: str, name: str = "acme.toml") -> descriptor.Format:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return descriptor.read(path)


def test_fields_of_a_table_are_filled_by_the_values_of_the_same_name(tmp_path: Path) -> None:
    orders, lines = _read(tmp_path, PLAIN).emits
    assert set(orders.fills) == {"order_no", "placed_ts", "placed_day"}
    assert set(lines.fills) == {"order_no", "sku", "qty", "gross"}


@pytest.mark.parametrize(("before", "after", "code", "key"), [
    ('version = 1', 'version = 0', "mapping_kind", "format.version"),
    ('id = "acme.orders"', 'id = "Acme Orders"', "mapping_name", "format.id"),
    ('title = { en = "Acme", zh = "Acme 订单" }', 'title = { en = "Acme" }', "mapping_kind", "format.title"),
    ('type = "integer"', 'type = "whole"', "mapping_choice", "column 4.type"),
    ('header = "Qty"', 'heading = "Qty"', "mapping_unknown_key", "column 4.heading"),
    ('header = "Qty"', 'header = "SKU"', "mapping_header_twice", "column 4.header"),
    ('into = "orders"', 'into = "order"', "mapping_choice", "emit 1.into"),
    ('"unit_price"] }', '"price"] }', "mapping_unknown_value", "emit 2 (order_lines).set.gross.product"),
    ('set.gross = { product', 'set.gross = { times', "mapping_unknown_operator", "emit 2 (order_lines).set.gross"),
    ('set.gross =', 'set.revenue =', "mapping_no_field", "emit 2 (order_lines).set.revenue"),
    ('set.gross = { product = ["qty", "unit_price"] }', 'set.gross = "qty"', "mapping_wrong_kind", "emit 2 (order_lines).gross"),
    ('set.gross = { product = ["qty", "unit_price"] }', 'set.gross = { total = "unit_price" }', "mapping_fold_place", "emit 2 (order_lines).set.gross"),
    ('set.gross = { product = ["qty", "unit_price"] }', "", "mapping_needed", "emit 2 (order_lines).gross"),
    ('by = ["order_no"]', 'by = ["order"]', "mapping_unknown_value", "group.by"),
    ('[group]\nby = ["order_no"]', '[set]\nmade = "order_no"\n\n[group]\nby = ["made"]', "mapping_group_made", "group.by"),
    ('[group]', '[groups]', "mapping_unknown_key", "groups"),
    ('field = "sku"', 'field = "email"', "mapping_personal", "column 3.field"),
    ('field = "placed"\ntype = "datetime"', 'field = "placed"\ntype = "datetime"\nformat = ["HH:mm"]', "mapping_unknown_value", "column 2.format"),
])
def test_a_wrong_descriptor_names_its_file_and_key(tmp_path: Path, before: str, after: str, code: str, key: str) -> None:
    assert before in PLAIN
    with pytest.raises(MappingError) as caught:
        _read(tmp_path, PLAIN.replace(before, after, 1))
    assert caught.value.code == f"importing.{code}"
    assert caught.value.details["key"] == key
    for words in language.LANGUAGES:
        assert "acme.toml" in language.sentence(caught.value.code, words, **caught.value.details)


def test_what_is_no_toml_is_refused_with_the_place_of_the_fault(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="line 2"):
        _read(tmp_path, "[format]\nid = acme\n")


def test_a_format_that_extends_another_keeps_its_columns_and_adds_headers(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(PLAIN, encoding="utf-8")
    child = """
[format]
extends = "acme.orders"
id = "acme.other"

[[column]]
header = "Stück"
field = "qty"
type = "integer"
"""
    (tmp_path / "other.toml").write_text(child, encoding="utf-8")
    forms = {form.id: form for form in descriptor.read_all([tmp_path])}
    rule = next(rule for rule in forms["acme.other"].columns if rule.field == "qty")
    assert rule.aliases == ("qty", "stück")
    assert forms["acme.other"].platform == "acme"
    assert len(forms["acme.other"].emits) == 2


def test_meaning_changes_the_mapping_hash_and_examples_do_not(tmp_path: Path) -> None:
    before = _read(tmp_path, PLAIN).mapping_hash
    with_example = PLAIN + "\n[[example]]\ninput = '''a'''\n"
    assert _read(tmp_path, with_example).mapping_hash == before
    assert _read(tmp_path, PLAIN.replace('"SKU"', '"Item"')).mapping_hash != before


@pytest.mark.parametrize(("left", "right"), [
    ("Order No", "\ufeffORDER\u00a0 no "), ("收入金额（+元）", "收入金额(+元)"), ("CTR – all", "ctr - ALL"), ('"Name"', "name"), ("Ａ１", "a1"),
])
def test_headers_that_programs_write_differently_are_the_same(left: str, right: str) -> None:
    assert descriptor.normal(left) == descriptor.normal(right)


def test_a_repeated_header_is_numbered() -> None:
    assert descriptor.numbered(["Tax", "Name", "TAX"]) == ["tax", "name", "tax#2"]


@given(st.text(max_size=40))
def test_normalising_a_header_twice_changes_nothing_more(header: str) -> None:
    once = descriptor.normal(header)
    assert descriptor.normal(descriptor.normal(once)) == descriptor.normal(once)


@pytest.mark.parametrize("pattern", [r"(a+)+", r"(a*)*b", r"((ab)+c)*", r"(?:x{2,})+", r"(\d+\s?){3,}", r"(?P<n>a|b+)*"])
def test_a_repeat_inside_a_repeat_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        compiled(pattern)


@pytest.mark.parametrize("pattern", [
    r"^(Total|Gesamt)(\s*:.*)?$", r"\d{1,3}(?:,\d{3})*", r"(?P<start>\w+ \d{1,2}, \d{4}) - (?P<end>.+)", r"[(+]*x+", r"\(a+\)+", r"(ab)+",
])
def test_an_ordinary_pattern_is_accepted(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", [r"(a)\1", r"(?P<q>a)(?P=q)", "a" * 501, "(a"])
def test_back_references_and_broken_or_endless_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        compiled(pattern)
