"""JSON and saved web pages as tables: exact, bounded, and nothing counted twice."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Kind, Member
from ecoperf_desktop.importing.documents import (
    html_reader,
    html_rows,
    html_tables,
    json_document,
    json_reader,
    json_table,
    value_at,
)
from ecoperf_desktop.importing.split import TableReader


def member_of(content: bytes, name: str = "data.json", kind: Kind = "json") -> Member:
    return Member(Path(name), None, "", len(content), 0, kind, content[: limits.HEAD], _content=content)


def rows_of(reader: TableReader) -> list[tuple[str, ...]]:
    return [
        tuple(cells.text(row) for cells in block.columns)
        for block in reader.blocks()
        for row in range(len(block))
    ]


def test_values_are_found_at_their_paths_and_numbers_stay_as_written() -> None:
    raw = b'{"a": {"b-c": {"v": 0.10}}, "list": [{"n": 12345678901234567890}], "ok": true, "none": null}'
    header, cells = json_table(
        raw,
        {
            "v": "a.b-c.v",
            "n": ["missing.n", "list.0.n"],
            "ok": "ok",
            "none": "none",
            "gone": "x.y",
            "pointer": "/a/b-c/v",
        },
    )
    assert header == ("v", "n", "ok", "none", "gone", "pointer")
    assert [column.texts() for column in cells] == [
        ["0.10"],
        ["12345678901234567890"],
        ["true"],
        [""],
        [""],
        ["0.10"],
    ]


def test_a_path_may_lead_to_the_rows() -> None:
    raw = b'{"data": {"orders": [{"id": 1}, {"id": 2}]}}'
    assert json_table(raw, {"id": "id"}, "data.orders")[1][0].texts() == ["1", "2"]
    with pytest.raises(FileRefused) as caught:
        json_table(raw, {"id": "id"}, "data.items", file="x.json")
    assert caught.value.code == "reading.json_no_rows" and "data.items" in str(caught.value)


def test_records_are_found_and_lists_within_them_do_not_multiply_them() -> None:
    raw = json.dumps(
        {
            "data": {
                "orders": [
                    {"id": "1", "total": 15, "buyer": {"country": "NA"}, "items": [{"q": 1}, {"q": 2}]},
                    {"id": "2", "note": "x"},
                ]
            }
        }
    )
    reader = json_reader(member_of(raw.encode()))
    assert reader.header == ("id", "total", "buyer.country", "note")
    assert rows_of(reader) == [("1", "15", "NA", ""), ("2", "", "", "x")]


def test_lines_of_json_are_records_and_a_broken_one_costs_itself() -> None:
    reader = json_reader(member_of(b'{"a": 1}\r\n\r\n{"a": 2}\n{"a": \n{"a": 4}'))
    assert rows_of(reader) == [("1",), ("2",), ("4",)]
    assert [(finding.code, finding.record, finding.line) for finding in reader.findings] == [
        ("reading.json_line", 3, 4)
    ]
    assert reader.records == 4 and reader.rejected == 1


def test_what_is_no_number_and_what_is_no_record_is_named() -> None:
    reader = json_reader(member_of(b'[{"a": NaN}, 5, null, {"a": 1}]'))
    assert rows_of(reader) == [("<NaN>",), ("1",)]
    assert [finding.code for finding in reader.findings] == ["reading.json_no_object"] * 2


def test_repeated_keys_and_broken_characters_are_warned_about() -> None:
    reader = json_reader(member_of(b'[{"total": 1, "total": 2, "t": "\\ud800x\\u0000"}]'))
    assert rows_of(reader) == [("2", "\ufffdx\ufffd")]
    assert {finding.code for finding in reader.findings} == {
        "reading.json_key_twice",
        "reading.json_surrogate",
    }


def test_names_that_collide_when_flattened_stay_two_columns() -> None:
    assert json_reader(member_of(b'[{"a.b": 1, "a": {"b": 2}}]')).header == ("a.b", "a.b#2")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a": [1, 2', "reading.json_cut"),
        (b'{"a": "x', "reading.json_cut"),
        (b"[{'a': 1}]", "reading.json_invalid"),
        (b'[{"a": 1},]', "reading.json_invalid"),
        (b'"text"', "reading.json_no_records"),
        (b"null", "reading.json_no_records"),
        (b"[]", "reading.json_no_records"),
        (b"[" * 100_000, "reading.json_deep"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "reading.json_deep"),
        (b'{"a": "\xff"}', "reading.encoding_invalid"),
    ],
)
def test_what_is_no_table_of_json_is_refused_with_its_reason(raw: bytes, code: str) -> None:
    began = time.perf_counter()
    with pytest.raises(FileRefused) as caught:
        json_reader(member_of(raw))
    assert caught.value.code == code
    assert time.perf_counter() - began < 2


def test_brackets_within_text_are_not_depth() -> None:
    assert json_document(json.dumps({"a": "[" * 1000 + '\\"' + "{" * 100}).encode()) == {
        "a": "[" * 1000 + '\\"' + "{" * 100
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_json_may_come_in_any_unicode(encoding: str) -> None:
    assert json_table('{"商品": "杯"}'.encode(encoding), {"商品": "商品"})[1][0].texts() == ["杯"]


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
NAMES = st.text(
    st.characters(exclude_characters=".", exclude_categories=("Cs", "Cc")), min_size=1, max_size=4
)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        PLAIN,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    raw = json.dumps(document).encode()
    try:
        reader = json_reader(member_of(raw))
        sum(len(block) for block in reader.blocks())
    except FileRefused:
        pass


def test_the_first_path_with_a_value_counts() -> None:
    document = json_document(b'{"new": null, "old": {"x": "1"}, "list": ["a", "b"]}')
    assert value_at(document, ["new", "old.x"]) == "1"
    assert value_at(document, "list.1") == "b"
    assert value_at(document, "list.9") is None
    assert value_at(document, "list.x") is None


PAGE = b"""<html><head><meta charset="gb2312"><style>td {x}</style><script>var a = "<table><tr><td>no</td></tr>";</script></head><body>
<table><tr><td>menu</td></tr></table>
<table border=1><tr><th colspan=2>Week 3</th></tr><tr><th>\xb6\xa9\xb5\xa5<th>Total &amp; tax</tr>
<tr><td style='mso-number-format:"\\@"'>001</td><td><b>1</b>2.50</td></tr><!-- <tr><td>gone</td></tr> -->
<tr><td>002<br>x</td><td>3&nbsp;4<table><tr><td>inner</td></tr></table></td></tr></table>"""


def test_the_largest_table_of_a_saved_page_comes_first() -> None:
    member = member_of(PAGE, "report.xls", "html")
    tables = html_tables(member)
    assert tables[0] == [["Week 3", ""], ["订单", "Total & tax"], ["001", "12.50"], ["002 x", "3 4"]]
    assert [["menu"]] in tables and [["inner"]] in tables
    reader = html_reader(member, header_row=1)
    assert reader.header == ("订单", "Total & tax")
    assert rows_of(reader) == [("001", "12.50"), ("002 x", "3 4")]
    assert html_rows(member, 0, 1)[0].cells == ("Week 3", "")


def test_a_page_without_a_table_is_refused() -> None:
    with pytest.raises(FileRefused) as caught:
        html_tables(member_of(b"<html><p>Sign in</p></html>", "login.xls", "html"))
    assert caught.value.code == "reading.web_page"


@pytest.mark.parametrize(
    "hostile",
    [
        b"<table>" * 200_000,
        b"<" * 400_000,
        b"<table><tr><td>" + b"<a " * 200_000,
        b"<!--" * 200_000,
        b"<table><tr>" + b"<td>&amp" * 100_000,
    ],
)
def test_no_page_makes_reading_slow(hostile: bytes) -> None:
    began = time.perf_counter()
    try:
        html_tables(member_of(hostile, "x.xls", "html"))
    except FileRefused:
        pass
    assert time.perf_counter() - began < 5


SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real export files are not on this machine")
@pytest.mark.parametrize(
    ("name", "score", "lcp"),
    [
        ("lh-5-6-0-verge-a.json", 0.18, None),
        ("lh-6-0-0-coursehero-a.json", 0.16, 7181.0),
        ("lh-8-0-0-coursehero-a.json", 0.24, 10201.9),
        ("lh-10-1-0-coursehero-a.json", 0.21, 7727.1),
        ("psi-8-0-0-dkdev-a.json", 0.71, 5430),
    ],
)
def test_real_reports_of_five_versions_give_their_figures(name: str, score: float, lcp: float | None) -> None:
    raw = (SHARED / "data" / "lighthouse_reports" / name).read_bytes()
    _, cells = json_table(
        raw,
        {
            "score": ["categories.performance.score", "lighthouseResult.categories.performance.score"],
            "lcp": [
                "audits.largest-contentful-paint.numericValue",
                "lighthouseResult.audits.largest-contentful-paint.numericValue",
            ],
        },
    )
    assert float(cells[0].text(0)) == score
    assert (round(float(cells[1].text(0)), 1) if cells[1].text(0) else None) == lcp
