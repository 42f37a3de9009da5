"""The made files: each does what is written beside it, to the row, the sum and the word."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpora import BADINPUT, as_it_stands, digest
from order_files import Taken, orders_of_json, orders_of_table, taken

from ecoperf_desktop import actions
from ecoperf_desktop.errors import EcoPerfError, FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.look import look
from ecoperf_desktop.store.database import Workspace

GENERATED = BADINPUT / "generated"
pytestmark = pytest.mark.skipif(not GENERATED.is_dir(), reason="the files that break readers lie beside the checkout and are not there")

# What a message must say, as the list says it, and the words by which ours says so.
SAYS = {
    "file is empty": r"is empty",
    "empty": r"is empty",
    "no data": r"no data",
    "name line 2": r"line 2: .*(quote|cells)",
    'name line 11 "quote never closed"; or accept 9 good rows with 3 rejected, never 10 rows with one giant cell': r"line 11: ",
    "name the lines": r"line 3: .*quote(.|\n)*line 7: (.|\n)*line 11: ",
    "name the short rows; missing values are NULL not shifted": r"line 5: .*7 cells(.|\n)*line 9: (.|\n)*line 13: ",
    "9 good rows, 3 rejected rows listed with line numbers 2, 6, 10; never shift columns silently": r"line 2: (.|\n)*line 6: (.|\n)*line 10: ",
    "0 rows imported": r"0 rows were imported",
    "duplicate column names": r"duplicate column name",
    "unnamed columns": r"unnamed columns",
    "too many columns (limit …)": rf"too many columns.*{limits.COLUMNS}",
    "too many columns": rf"too many columns.*{limits.COLUMNS}",
    "9 good rows, 1 rejected (cell too long, line 5); or whole file rejected naming line 5": r"line 5: The cell is longer",
    "not a table / line too long": r"no table|longer than",
    "summary row recognised and excluded, or shown to the user before import": r"line 14: ",
    "second table at line 16 not imported: say so": r"line 16",
    "row 2 rejected/recognised as units": r"line 2: ",
    "3 duplicates named; revenue not doubled (or ask)": r"3 rows repeat",
    "this is a web page, not a table; download again": r"web page.*download",
    "JSON, not a table": r"JSON",
    "warn: ids look damaged by a spreadsheet; do not de-duplicate the six as one order": r"spreadsheet program has damaged",
    ".gz is unsupported, or size limit while streaming": r"compressed with gzip\. Unpack it first",
    "compressed file: unpack it first (or accept)": r"Unpack it first",
    "11 good, line 6 rejected": r"line 6: .*not valid JSON",
    "4 amounts refused; no NaN in sums": r"(NaN|Infinity|1e999)",
    "ambiguous": r"ambiguous",
    "too deeply nested": r"too deeply nested",
    "replaced by U+FFFD with a warning; no UnicodeEncodeError": r"not valid text was replaced",
    "2–3 objects imported, others listed": r"no record with named values",
    "no records": r"no records",
    "0 rows": r"0 rows|no records",
    "line/column of the error": r"line 1, column 10",
    "line/column": r"line 1, column 1",
    "line/column; never eval()": r"line 1, column 3",
    "incomplete": r"incomplete",
    "collision named": r"path twice",
    "never unpickled": r"neither text nor a workbook",
    "no data rows": r"no table|no rows|no data",
}  # fmt: skip
# What is said about the reading and not by it; the sums and ids show it.
SHOWN = frozenset({
    "", "not a header", "no phantom blank rows", "Order ID must stay under Order ID", "match known columns after normalising white space and case",
    "never interpolate names; rowid column must not overwrite the key", "orders table intact, no /tmp/pwn.db, names stored literally", "stored literally",
    "the grand total line must not be imported as an order (would double revenue)", "header lines are not orders", 'strip =" "',
    "SKU stays text byte for byte", "path found or asked", "accept 12 or reject", "ids kept as text digit for digit",
    "revenue 60.00 once (order level), not 180 by joining items", "ask/mapping; first order must not be eaten as header",
})  # fmt: skip
# Damaged ids cost their rows (a spreadsheet has merged six orders into one number): these are read, named, and not stored.
REFUSED_ROWS = {"sci_notation_ids": 6}


def _expected() -> list[dict[str, Any]]:
    path = GENERATED / "expected.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


EXPECTED = _expected()
CASES = EXPECTED if os.environ.get("CI") else EXPECTED[::3]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with actions.workspace(tmp_path_factory.mktemp("workspace") / "made.ecoperf", write=True) as made:
        yield made


def _stem(case: dict[str, Any]) -> str:
    return Path(case["file"]).name.partition(".")[0]


def _file(case: dict[str, Any], folder: Path) -> Path:
    path = BADINPUT / str(case["file"])
    if "gunzip first" not in case["defect"]:
        return path
    unpacked = folder / path.stem
    unpacked.write_bytes(gzip.decompress(path.read_bytes()))
    return unpacked


def _mapping(case: dict[str, Any], path: Path, settings: dict[str, str]) -> str | None:
    """Return a format for the file as a person would write it."""
    stem = _stem(case)
    if stem == "duplicate_headers":
        settings["currency"] = "EUR"
        return orders_of_table(without=["Currency"])
    if stem == "empty_headers":
        settings.update(currency="EUR", period="2024-01-01")
        return orders_of_table(without=["Currency", "Order Date", "SKU"])
    if stem == "hash_comments":
        return orders_of_table('comment = "#"')
    if stem == "duplicate_rows":
        return orders_of_table() + 'set.line_no = { const = "1" }\n[[check]]\nunique = ["order_no"]\n'
    if stem == "nan_infinity":
        settings.update(currency="EUR", period="2024-01-01")
        return _AMOUNTS
    if stem == "nested_line_items":
        settings.update(currency="EUR", period="2024-01-01")
        return _AMOUNTS.replace('"total"', '"total_price"')
    if stem == "wrapped":
        return orders_of_json("data.orders")
    if stem == "empty_array" or case["file"].endswith((".json", ".jsonl")) and (case.get("cols") == 9 or case["action"] in ("REJECT", "SAFE")):
        return orders_of_json()
    if case.get("cols") == 9 or case["action"] == "REJECT":
        return orders_of_table()
    settings["period"] = "2024-01-01"
    return as_it_stands(actions.member_of(path), settings)


_AMOUNTS = """
[format]
id = "made.amounts"
version = 1
platform = "made"
title = { en = "Made amounts", zh = "金额" }
verified = "documented"
[detect]
all = ["id"]
[read]
layout = "json"
[period]
from = ["ask"]
[[column]]
path = ["id"]
field = "order_no"
type = "id"
required = true
[[column]]
path = ["total"]
field = "gross"
type = "money"
[[emit]]
into = "orders"
[[emit]]
into = "order_lines"
when = { present = "gross" }
set.sku = { const = "one" }
set.qty = { const = 1 }
"""


@pytest.mark.parametrize("case", CASES, ids=[case["file"].removeprefix("generated/") for case in CASES])
def test_c5_c10_c19_c24_a_made_file_does_what_is_written_beside_it(case: dict[str, Any], opened: Workspace, tmp_path: Path) -> None:
    path, settings = _file(case, tmp_path), {}  # type: Path, dict[str, str]
    before = digest(opened.conn)
    with taken(path, opened, tmp_path, _mapping(case, path, settings), settings) as one:
        _check_action(case, one)
        _check_rows(case, one)
    _check_words(case, one, _as_unknown(path, opened))
    if one.report.import_id is None:
        assert digest(opened.conn) == before
    assert opened.conn.execute("SELECT count(*) FROM order_lines").fetchone() == (0,)
    assert not Path("/tmp/pwn.db").exists()


def _check_action(case: dict[str, Any], one: Taken) -> None:
    action = case["action"]
    assert one.report.rows.read == sum(vars(one.report.rows).values()) - one.report.rows.read
    if action in ("ACCEPT", "ACCEPT_WARN"):
        assert one.status == "loaded", one.words
    if action == "ACCEPT_WARN":
        assert one.findings, "accepted without the warning"
    if action in ("REJECT", "ASK") and _stem(case) != "unclosed_quote_eof":
        assert one.status == "refused", one.words


def _check_rows(case: dict[str, Any], one: Taken) -> None:
    if one.status != "loaded":
        return
    rows, refused = one.report.rows, REFUSED_ROWS.get(_stem(case), 0)
    if case["rows"] is not None and _stem(case) != "duplicate_rows":
        assert rows.new + refused == case["rows"], one.words
    if "good" in case:
        assert (rows.new, rows.rejected) == (case["good"], case["bad"])
    if case.get("cols") is not None:
        assert len([name for name in one.header if name.strip()]) == case["cols"] or _stem(case) == "empty_headers"
    if "sum_total" in case:
        assert sum(line[2] for line in one.lines) == round(case["sum_total"] * 100)  # type: ignore[misc]
    if "sum_qty" in case:
        assert sum(line[1] for line in one.lines) == case["sum_qty"]  # type: ignore[misc]
        assert len(one.orders) == case["rows"]
        # Namibia is a country, and a SKU is what it is.
        assert "NA" in {line[4] for line in one.lines} or "Country" not in one.header
    if "first_id" in case:
        assert one.orders[0][0] == case["first_id"]
    if _stem(case) == "unclosed_quote_eof":
        assert rows.rejected and all(len(str(line[3])) < 10 for line in one.lines)


def _check_words(case: dict[str, Any], one: Taken, unknown: str) -> None:
    say = case["say"]
    if say in SHOWN:
        return
    assert re.search(SAYS[say], one.words + "\n" + unknown), one.words + "\n" + unknown
    if one.status == "refused":
        assert Path(case["file"]).name.removesuffix(".gz") in one.words


def _as_unknown(path: Path, opened: Workspace) -> str:
    """Return what a person is told who has no format for the file and asks for a draft of one."""
    told = []
    try:
        actions.suggest_format(actions.member_of(path))
    except EcoPerfError as problem:
        told.append(str(problem))
    for file in actions.plan_import([path], actions.ImportChoices(), opened).files:
        told += [str(FileRefused(finding.code, **finding.details)) for finding in file.findings[:1]]
    return "\n".join(told)


def test_every_sentence_of_the_list_is_looked_for() -> None:
    assert {case["say"] for case in EXPECTED} <= SAYS.keys() | SHOWN
    assert len(EXPECTED) == 88


def test_c5_a_file_without_a_header_loses_no_order_to_one() -> None:
    with pytest.raises(FileRefused, match="holds no table"):
        look(actions.member_of(GENERATED / "csv" / "no_header.csv"), frozenset())


def test_c14_c25_numbers_beyond_64_bits_are_kept_digit_for_digit(opened: Workspace, tmp_path: Path) -> None:
    path = GENERATED / "json" / "big_ints.json"
    settings = {"period": "2024-01-01"}
    with taken(path, opened, tmp_path, as_it_stands(actions.member_of(path), settings), settings) as one:
        stored = [text for (text,) in opened.conn.execute("SELECT department FROM expenses ORDER BY record")]
    assert one.status == "loaded"
    assert stored == ["12345678901234567890123\x1f9007199254740993", "1e3\x1f0.1"]


def test_c15_skus_that_look_like_dates_and_numbers_stay_as_they_are(opened: Workspace, tmp_path: Path) -> None:
    path = GENERATED / "csv" / "excel_dates_as_sku.csv"
    written = [line.split(",")[2] for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    with taken(path, opened, tmp_path, orders_of_table()) as one:
        assert [line[3] for line in one.lines] == written


def test_c15_an_order_number_that_a_spreadsheet_has_rounded_is_never_one_order(opened: Workspace, tmp_path: Path) -> None:
    with taken(GENERATED / "csv" / "sci_notation_ids.csv", opened, tmp_path, orders_of_table()) as one:
        assert "1.23457E+15" not in {order[0] for order in one.orders}
        assert (one.report.rows.new, one.report.rows.rejected) == (6, 6)


def test_c25_what_is_no_number_is_in_no_sum(opened: Workspace, tmp_path: Path) -> None:
    settings = {"currency": "EUR", "period": "2024-01-01"}
    with taken(GENERATED / "json" / "nan_infinity.json", opened, tmp_path, _AMOUNTS, settings) as one:
        assert [line[2] for line in one.lines] == [500]
        assert len([finding for finding in one.findings if finding.column == "total"]) == 4


def test_c25_replaced_characters_are_replaced_and_the_rest_is_kept(opened: Workspace, tmp_path: Path) -> None:
    for name, wanted in (("lone_surrogates", ["1\x1f�", "2\x1f��", "3\x1fok"]), ("nul_escape", ["1\x1fa�b"])):
        path = GENERATED / "json" / f"{name}.json"
        settings = {"period": "2024-01-01"}
        with taken(path, opened, tmp_path, as_it_stands(actions.member_of(path), settings), settings):
            assert [text for (text,) in opened.conn.execute("SELECT department FROM expenses ORDER BY record")] == wanted
