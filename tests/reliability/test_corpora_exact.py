"""Corpora that say what is in their files: csv-spectrum, CSVW, pandas' own cases, JSONTestSuite, naughty strings."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpora import BADINPUT, as_it_stands
from order_files import Taken, taken

from ecoperf_desktop import actions
from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.documents import json_document, json_reader
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.raw import raw_rows

pytestmark = pytest.mark.skipif(not BADINPUT.is_dir(), reason="the files that break readers lie beside the checkout and are not there")
EVERY = bool(os.environ.get("CI"))  # all of a corpus, else a sample of it


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with actions.workspace(tmp_path_factory.mktemp("workspace") / "exact.ecoperf", write=True) as made:
        yield made


class Stored:
    """One file as it was stored: its header, and each record's cells as they are kept beside the rows."""

    def __init__(self, path: Path, opened: Workspace, folder: Path, header: list[str] | None = None, **further: str) -> None:
        settings = {"period": "2026-01-01", **further}
        with taken(path, opened, folder, as_it_stands(actions.member_of(path), settings, header), settings) as one:
            self.one: Taken = one
            assert one.status == "loaded", one.words
            assert one.report.import_id is not None
            kept = raw_rows(opened.conn, one.report.import_id, range(1, one.report.rows.read + 1))
            self.records = list(kept.values())
            self.numbers = list(kept)
            self.joined = [text for (text,) in opened.conn.execute("SELECT department FROM expenses ORDER BY record")]


def sample(cases: list[Any], every: int) -> list[Any]:
    """Return all cases where changes are taken in, else every so many of them."""
    return cases if EVERY else cases[::every]


# ---------------------------------------------------------------- csv-spectrum

SPECTRUM = sorted((BADINPUT / "csv-spectrum" / "csvs").glob("*.csv"))


@pytest.mark.parametrize("path", SPECTRUM, ids=[path.stem for path in SPECTRUM])
def test_c1_csv_spectrum_is_read_cell_by_cell(path: Path, opened: Workspace, tmp_path: Path) -> None:
    beside = json.loads((BADINPUT / "csv-spectrum" / "json" / f"{path.stem}.json").read_bytes().decode("utf-8", "replace"))
    wanted = beside if isinstance(beside, list) else [beside]
    if path.stem == "location_coordinates":
        wanted[0]["Contact Phone Number"] = "2095257564"  # the number that stands in the file, the document has another
    stored = Stored(path, opened, tmp_path).records
    if path.stem == "newlines_crlf":
        # The file's own line ends were lost on its way here: both are compared without the difference.
        wanted = [{name: text.replace("\r\n", "\n") for name, text in record.items()} for record in wanted]
    assert stored == wanted


def test_c1_csv_spectrum_is_whole() -> None:
    assert len(SPECTRUM) == 12


# ---------------------------------------------------------------- CSVW

CSVW = BADINPUT / "csvw"
# What metadata may say that changes values or rows; all else only names, describes or links what was read.
_CHANGE_VALUES = frozenset({"datatype", "null", "default", "separator", "suppressOutput", "virtual", "valueUrl", "dialect", "@language"})


def _entries() -> list[dict[str, Any]]:
    manifest = CSVW / "manifest-json.jsonld"
    return json.loads(manifest.read_text(encoding="utf-8"))["entries"] if manifest.is_file() else []


def _said_by_metadata(entry: dict[str, Any]) -> set[str]:
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if (key, inner) != ("datatype", "string"):
                    found.add(key)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    given = [entry["action"], *(entry.get("implicit") or []), entry.get("option", {}).get("metadata", "")]
    for name in (name.partition("?")[0] for name in given):
        if name.endswith(".json") and (CSVW / name).is_file():
            walk(json.loads((CSVW / name).read_text(encoding="utf-8")))
    return found & _CHANGE_VALUES


def _tables() -> list[tuple[str, str, list[Any], bool]]:
    """Return each table of each test: id, file, the rows that the test expects, and whether metadata change their values.

    Left out are the 58 negative tests (they are about metadata, and have no result), those in the minimal form, which has no
    rows, and the one whose metadata say that the file has no header.
    """
    found = []
    for entry in _entries():
        if "result" not in entry or entry["id"].endswith("#test023"):
            continue
        result = json.loads((CSVW / entry["result"]).read_text(encoding="utf-8"))
        for table in result.get("tables", ()) if isinstance(result, dict) else ():
            name = table["url"].rpartition("/tests/")[2].partition("?")[0]
            found.append((entry["id"].partition("#")[2], name, table["row"], bool(_said_by_metadata(entry))))
    return found


TABLES = _tables()
_READ: dict[str, list[dict[str, str]]] = {}


def _read_once(name: str, opened: Workspace, folder: Path) -> list[dict[str, str]]:
    if name not in _READ:
        first = (CSVW / name).read_text(encoding="utf-8").splitlines()[0]
        header = next(csv.reader([first]))
        _READ[name] = Stored(CSVW / name, opened, folder, header).records
    return _READ[name]


@pytest.mark.parametrize(("test", "name", "rows", "changed"), sample(TABLES, 12), ids=[f"{test}-{name}" for test, name, *_ in sample(TABLES, 12)])
def test_c1_csvw_tables_have_the_rows_and_cells_that_the_suite_expects(
    test: str, name: str, rows: list[Any], changed: bool, opened: Workspace, tmp_path: Path
) -> None:
    stored = _read_once(name, opened, tmp_path)
    assert len(stored) == len(rows)
    if changed:
        return  # the values are what datatypes, separators and the like make of them
    for record, row in zip(stored, rows, strict=True):
        said = [value for described in row["describes"] for key, value in described.items() if key not in ("@id", "@type")]
        wanted = [inner for value in said for inner in (value if isinstance(value, list) else [value])]
        assert [cell for cell in record.values() if cell] == wanted


def test_c1_csvw_is_counted() -> None:
    entries = _entries()
    assert len(entries) == 270
    assert sum("result" not in entry for entry in entries) == 58
    by_test = {test: changed for test, _, _, changed in TABLES}
    # 204 tests compare rows; in 39 of them nothing but reading makes the cells, and these are held cell by cell.
    assert Counter(by_test.values()) == Counter({True: CHANGED, False: PLAIN})


CHANGED, PLAIN = 165, 39


# ---------------------------------------------------------------- pandas

PANDAS = BADINPUT / "pandas_cases"


def _pandas() -> list[dict[str, Any]]:
    path = PANDAS / "expected.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


# The lines that the list wants named.  Of two lines of numbers it takes the first for a header; we take neither, and name the narrower.
_NAMED = {
    "cr_then_space_in_field": (3, 4), "too_many_fields": (3,), "uneven_lines": (3,), "preamble_and_comment": (4,), "segfault_names": (1,),
    "narrow_then_wide": (1052,), "missing_trailing": (4,),
}  # fmt: skip
_VALUES = {"trailing_delims_rows": ("A", ["1", "4", "7"]), "thousands_pipe": ("B", ["2,334", "13"])}
# Without a header where the list counts the first line as one, or sees one where there is none: one row more or less.
_OTHER_SHAPE = {"bad_lines": (2, 3), "ragged_grow": (1, 5), "buffer_overflow_0": (4, 1), "buffer_overflow_1": (5, 1), "buffer_overflow_2": (6, 1)}


@pytest.mark.parametrize("case", _pandas(), ids=[Path(case["file"]).name for case in _pandas()])
def test_c18_c19_the_cases_of_pandas(case: dict[str, Any], opened: Workspace, tmp_path: Path) -> None:
    path = BADINPUT / case["file"]
    stem = path.name.partition(".")[0]
    if stem == "nul_only_field":
        return  # safe is all that it has to be, which is held with all files
    if case["action"] == "REJECT":
        with pytest.raises(FileRefused) as caught:
            as_it_stands(actions.member_of(path), {})
        assert path.name in str(caught.value)
        return
    stored = Stored(path, opened, tmp_path, reject_limit="100%")
    rows = stored.one.report.rows
    wanted = _OTHER_SHAPE.get(stem, (case["rows"], case["cols"]))
    if wanted[0] is not None:
        assert rows.new == wanted[0], stored.one.words
    if wanted[1] is not None:
        assert len(stored.one.header) == wanted[1]
    named = {finding.line for finding in stored.one.findings}
    assert named.issuperset(_NAMED.get(stem, ()))
    if stem in _VALUES:
        column, values = _VALUES[stem]
        assert [record[column] for record in stored.records] == values
    if case["action"] == "ACCEPT_WARN":
        assert stored.one.findings


# ---------------------------------------------------------------- JSONTestSuite

PARSING = sorted((BADINPUT / "jsontestsuite" / "test_parsing").glob("*.json"))
TRANSFORM = sorted((BADINPUT / "jsontestsuite" / "test_transform").glob("*.json"))
_NO_JSON = frozenset({"reading.json_invalid", "reading.json_cut", "reading.json_deep", "reading.encoding_invalid", "reading.empty", "reading.blank"})
# Python reads these as numbers; they are taken as the words that they are, which no sum accepts.
_NO_NUMBERS = frozenset({"n_number_NaN", "n_number_infinity", "n_number_minus_infinity"})


def _read_document(path: Path) -> FileRefused | None:
    """Return why a document is not read, None when it is."""
    member = actions.member_of(path)
    if member.problem is not None:
        return member.problem
    try:
        json_document(member.read(limits.JSON_FILE), member.name)
    except FileRefused as problem:
        return problem
    return None


@pytest.mark.parametrize("path", sample([path for path in PARSING if path.name.startswith("y_")], 5), ids=lambda path: path.stem)
def test_c1_c25_what_is_json_is_read(path: Path) -> None:
    problem = _read_document(path)
    assert problem is None or problem.code == "reading.json_no_records", str(problem)


@pytest.mark.parametrize("path", sample([path for path in PARSING if path.name.startswith("n_")], 5), ids=lambda path: path.stem)
def test_c1_c25_what_is_no_json_is_refused_with_words(path: Path, opened: Workspace) -> None:
    problem = _read_document(path)
    if path.stem in _NO_NUMBERS:
        assert problem is None
        document = json_document(path.read_bytes())
        assert isinstance(document, list) and isinstance(document[0], str) and document[0].startswith("<")
    else:
        assert problem is not None and problem.code in _NO_JSON and path.name in str(problem)
    planned = actions.plan_import([path], actions.ImportChoices(), opened).files
    assert [file.outcome for file in planned] == ["refused"]


@pytest.mark.parametrize("path", sample([*(path for path in PARSING if path.name.startswith("i_")), *TRANSFORM], 5), ids=lambda path: path.stem)
def test_c1_c25_what_may_be_json_is_read_or_refused_with_words(path: Path, opened: Workspace) -> None:
    problem = _read_document(path)
    assert problem is None or path.name in str(problem)
    if problem is None:
        try:
            for block in json_reader(actions.member_of(path)).blocks():
                for cells in block.columns:
                    "".join(cells.texts()).encode("utf-8")
        except FileRefused as refused:
            assert path.name in str(refused)
    assert [file.outcome for file in actions.plan_import([path], actions.ImportChoices(), opened).files] == ["refused"]


def test_c1_jsontestsuite_is_whole() -> None:
    assert Counter(path.name[:2] for path in PARSING) == Counter({"y_": 95, "n_": 187, "i_": 35})


# ---------------------------------------------------------------- naughty strings


def _naughty() -> list[str]:
    path = BADINPUT / "blns" / "blns.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def test_c26_naughty_strings_as_cells_are_stored_byte_for_byte(opened: Workspace, tmp_path: Path) -> None:
    strings = _naughty()
    assert len(strings) == 515
    path = tmp_path / "cells.csv"
    lines = [f'{number},"{text.replace(chr(34), chr(34) * 2)}",end' for number, text in enumerate(strings)]
    path.write_bytes("\r\n".join(["Number,Text,Mark", *lines, ""]).encode("utf-8"))
    stored = Stored(path, opened, tmp_path)
    assert [record["Text"] for record in stored.records] == strings
    assert [record["Number"] for record in stored.records] == [str(number) for number in range(len(strings))]
    assert stored.one.report.rows.new == len(strings)
    # What goes into the rows is the same text without blanks at its ends.
    texts = [text.split("\x1f") for text in stored.joined]
    assert [parts[0] for parts in texts] == [str(number) for number in range(len(strings))]
    differing = [(parts[1], text) for parts, text in zip(texts, strings, strict=True) if len(parts) == 3 and parts[1].strip() != text.strip()]
    assert not differing


def test_c26_naughty_strings_as_headers_are_kept_and_harm_nothing(opened: Workspace, tmp_path: Path) -> None:
    strings = [text for text in _naughty() if text.strip() and len(text) <= limits.COLUMN_NAME]
    for begin in range(0, len(strings), 100):
        names = strings[begin : begin + 100]
        path = tmp_path / f"headers {begin}.csv"
        quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in names]
        rows = [",".join(str(place) for place in range(len(names)))] * 3
        path.write_bytes("\n".join([",".join(quoted), *rows, ""]).encode("utf-8"))
        stored = Stored(path, opened, tmp_path, list(names))
        assert list(stored.one.header) == names
        assert stored.one.report.rows.new == 3
    assert opened.conn.execute("SELECT count(*) FROM orders").fetchone() == (0,)
