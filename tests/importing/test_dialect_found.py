"""Delimiter, quotes and the sep= line are found by how regular the records come out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ecoperf_desktop.importing.dialect import Dialect, cut_record, dialects, regularity, unquoted

ROWS = [["order", "date", "product", "total"]] + [
    [str(1000 + n), "2026-01-05", "Mug; blue, large|x" if n % 3 else "Cap", f"{n}.50"] for n in range(20)
]


def table(delimiter: str, quote: str = '"', always: bool = False) -> bytes:
    lines = []
    for row in ROWS:
        cells = [
            quote + cell + quote if always or any(sign in cell for sign in ",;|\t") else cell for cell in row
        ]
        lines.append(delimiter.join(cells))
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("always", [False, True])
def test_the_delimiter_that_cuts_evenly_wins(delimiter: str, always: bool) -> None:
    assert dialects(table(delimiter, always=always))[0] == Dialect(delimiter)


def test_decimal_commas_do_not_make_a_comma_file() -> None:
    text = "Tag;Kampagne;Kosten\n" + "2026-01-05;Marke;12,50\n" * 20
    assert dialects(text.encode())[0].delimiter == ";"


def test_every_delimiter_stays_a_candidate_for_a_known_header() -> None:
    assert {dialect.delimiter for dialect in dialects(table(","))} == {",", ";", "\t", "|"}


def test_a_sep_line_settles_the_delimiter_and_is_no_record() -> None:
    found = dialects(b"sep=;\r\n" + table(";"))
    assert found == (Dialect(";", skip_lines=1),)


def test_cells_wrapped_in_apostrophes_are_unwrapped() -> None:
    assert dialects(table(",", "'", always=True))[0].quote == "'"
    assert dialects(b"name,note\nO'Neill,'t Hooft\nMen's,it's\n" * 10)[0].quote == '"'


def test_backslash_escapes_are_noticed_by_the_order_they_bring() -> None:
    text = b"a,b\n" + b'"19\\" screen, flat",1\n' * 10
    assert dialects(text)[0].escape
    assert not dialects(b'a,b\n"C:\\dir",1\n')[0].escape


def test_one_column_is_not_regular_and_still_a_table() -> None:
    assert regularity(b"name\nAnn\nBob\n", Dialect()) == 0


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b'"a ""b"" c"', b'a "b" c'),
        (b'""', b""),
        (b'"""x"""', b'"x"'),
        (b"plain", b"plain"),
        (b'19"', b'19"'),
        (b'"', b'"'),
        (b'"said "hi""', b'said "hi"'),
    ],
)
def test_quotes_come_off_and_doubled_ones_become_one(cell: bytes, text: bytes) -> None:
    assert unquoted(cell, Dialect()) == text


def test_a_record_knows_whether_its_quotes_are_in_order_and_closed() -> None:
    tidy = cut_record(b'"a\nb",c\nd,e\n', 0, Dialect())
    assert tidy.cells == ("a\nb", "c") and tidy.orderly and tidy.closed and tidy.end == 8
    assert not cut_record(b'a"b,c\n', 0, Dialect()).orderly
    assert not cut_record(b'"abc,d\n', 0, Dialect()).closed


@pytest.mark.parametrize(
    "hostile",
    [b'",",' * 20_000, b'"' * 80_000, b"," * 80_000, b"\\" * 40_000 + b'"', b'"a' * 40_000, b"\r" * 80_000],
)
def test_no_text_makes_detection_slow(hostile: bytes) -> None:
    began = time.perf_counter()
    dialects(hostile)
    assert time.perf_counter() - began < 2


SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.mark.skipif(not (SHARED / "badinput").is_dir(), reason="the bad files are not on this machine")
@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("semicolon.csv", Dialect(";")),
        ("tab_named_csv.csv", Dialect("\t")),
        ("pipe.csv", Dialect("|")),
        ("comma_named_tsv.tsv", Dialect(",")),
        ("sep_line.csv", Dialect(";", skip_lines=1)),
        ("single_quotes.csv", Dialect(",", "'")),
        ("backslash_escape.csv", Dialect(",", '"', True)),
    ],
)
def test_known_odd_files_are_cut_as_they_were_meant(name: str, dialect: Dialect) -> None:
    assert dialects((SHARED / "badinput" / "generated" / "csv" / name).read_bytes())[0] == dialect
