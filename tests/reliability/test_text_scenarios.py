"""Delimited texts that break careless readers: never a shifted column, never a lost row without its line, never a silent guess."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pollock_reader import rows

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member, members
from ecoperf_desktop.importing.dialect import Dialect, cut_record, dialects
from ecoperf_desktop.importing.encoding import encodings, utf8
from ecoperf_desktop.importing.look import unclaimed
from ecoperf_desktop.importing.split import TextReader, _quote_spans_cells

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
BAD = SHARED / "badinput"
WHOLE = bool(os.environ.get("CI"))
needs_bad_files = pytest.mark.skipif(not BAD.is_dir(), reason="the bad files are not on this machine")


def member_of(content: bytes, name: str = "orders.csv") -> Member:
    return Member(Path(name), None, "", len(content), 0, "text", content[: limits.HEAD], _content=content)


def cells_of(reader: TextReader) -> list[tuple[str, ...]]:
    return [
        tuple(cells.text(row) for cells in block.columns) for block in reader.blocks() for row in range(len(block))
    ]


def errors_of(reader: TextReader) -> list[tuple[str, int | None]]:
    return [(finding.code.partition(".")[2], finding.line) for finding in reader.findings if finding.severity == "error"]


def the_table(content: str) -> tuple[tuple[str, ...], bool, list[tuple[str, ...]], list[tuple[str, int | None]]]:
    """Return header, whether it names the columns, rows and errors of the first table."""
    table = unclaimed(member_of(content.encode()))[0]
    found = cells_of(table.reader)
    return table.header, table.named, found, errors_of(table.reader)


ORDERS = [(str(1000 + n), f"2026-01-{n % 28 + 1:02d}", "Mug" if n % 3 else "Desk lamp", f"{n}.50") for n in range(1, 31)]
HEADER = ("order", "day", "product", "total")


def written(records: list[tuple[str, ...]], delimiter: str = ",") -> str:
    return "".join(delimiter.join(record) + "\n" for record in records)


# ---- C8: quotes


@needs_bad_files
@pytest.mark.parametrize(("name", "line"), [("unclosed_quote_eof.csv", 11), ("unclosed_quote_line2_big.csv", 2)])
def test_c8_an_unclosed_quote_costs_its_line_and_names_it(name: str, line: int) -> None:
    began = time.process_time()
    found, findings = rows(BAD / "generated" / "csv" / name)
    assert time.process_time() - began < 1
    assert findings[0].line == line and findings[0].code == "reading.quote_swallows"
    assert max(len(cell) for row in found for cell in row) < 100


def test_c8_an_unclosed_quote_early_in_a_long_file_is_refused_with_its_line_and_without_reading_on(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('order,product,total\n1,"Mug,2\n' + "2,Lamp,3\n" * 3_000_000)
    (member,) = members(path)
    began = time.process_time()
    with pytest.raises(FileRefused) as caught:
        for _ in TextReader(member, "utf-8", Dialect(), 0).blocks():
            pass
    assert caught.value.code == "reading.quote_too_long" and caught.value.details["line"] == 2
    assert time.process_time() - began < 1


def test_c8_a_quote_that_swallows_lines_costs_no_line_but_its_own() -> None:
    broken = [record if record[0] != "1007" else (*record[:2], '"Mug', record[3]) for record in ORDERS]
    quoted = [record if record[0] != "1020" else (*record[:2], '"Lamp, blue"', record[3]) for record in broken]
    header, named, found, errors = the_table(written([HEADER, *quoted]))
    assert header == HEADER and named
    assert errors == [("quote_swallows", 8)]
    assert [row[0] for row in found] == [record[0] for record in ORDERS if record[0] != "1007"]
    assert found[18][2] == "Lamp, blue"


def test_c8_a_quote_that_opens_in_the_last_line_rejects_it_where_a_person_looks_and_refuses_the_import() -> None:
    text = written([HEADER, *ORDERS]) + '1031,2026-02-03,"Mug,2.50\n'
    _, _, found, errors = the_table(text)
    assert found == ORDERS and errors == [("quote_open", 32)]
    with pytest.raises(FileRefused) as caught:
        cells_of(TextReader(member_of(text.encode()), "utf-8", Dialect(), 0))
    assert caught.value.details["line"] == 32


@pytest.mark.parametrize("lines", [400, 4_000])
def test_c8_a_stray_quote_in_every_line_does_not_make_reading_slow(lines: int) -> None:
    unit = b'1,"a,2\n' * lines + b'3,b",4,5\n'
    content = b"x,y,z\n" + unit * (1_000_000 // len(unit))
    began = time.process_time()
    reader = TextReader(member_of(content), "utf-8", Dialect(), 0)
    assert not cells_of(reader) and reader.rejected
    assert time.process_time() - began < 5


def test_c8_line_breaks_within_quotes_are_no_broken_lines() -> None:
    text = 'order,note\n1,"two\nlines"\n2,"said ""hi""\nand left"\n3,plain\n'
    _, _, found, errors = the_table(text)
    assert found == [("1", "two\nlines"), ("2", 'said "hi"\nand left'), ("3", "plain")] and not errors


# ---- C9: widths


@needs_bad_files
def test_c9_ragged_rows_are_rejected_by_line_and_never_shifted() -> None:
    found, findings = rows(BAD / "generated" / "csv" / "ragged_long.csv")
    assert [finding.line for finding in findings] == [2, 6, 10]
    assert len(found) == 10 and {len(row) for row in found} == {9}
    found, findings = rows(BAD / "generated" / "csv" / "ragged_short.csv")
    assert [finding.line for finding in findings] == [5, 9, 13] and len(found) == 10


@needs_bad_files
@pytest.mark.parametrize("name", ["trailing_delimiter.csv", "trailing_delimiter_rows_only.csv"])
def test_c9_a_delimiter_at_the_end_of_lines_shifts_nothing(name: str) -> None:
    found, findings = rows(BAD / "generated" / "csv" / name)
    assert not findings and len(found) == 13
    assert found[0][0] == "Order ID" and found[1][0] == "0010001" and found[1][8] == "DE"


def test_c9_a_delimiter_at_the_end_of_the_header_only_is_no_column() -> None:
    header, named, found, errors = the_table(",".join(HEADER) + ",,\n" + written(ORDERS))
    assert header == HEADER and named and found == ORDERS and not errors


@pytest.mark.parametrize("names", [("orderday", "product", "total"), ("", *HEADER), ("order", "day", "", "product", "total")])
def test_c9_a_header_of_another_width_than_all_records_names_no_column(names: tuple[str, ...]) -> None:
    header, named, found, errors = the_table(written([names, *ORDERS]))
    assert header == names and not named
    assert found == ORDERS and not errors


@given(st.integers(0, 29), st.integers(0, 3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_c9_wherever_a_delimiter_is_lost_or_too_many_the_row_is_rejected(row: int, column: int, lost: bool) -> None:
    lines = [",".join(record) for record in [HEADER, *ORDERS]]
    cells = lines[row + 1].split(",")
    place = min(column, 2)
    lines[row + 1] = ",".join(cells[:place] + [cells[place] + ("" if lost else ",,") + cells[place + 1]] + cells[place + 2 :])
    _, _, found, errors = the_table("\n".join(lines) + "\n")
    assert errors == [("width", row + 2)]
    assert found == [record for record in ORDERS if record != ORDERS[row]]


# ---- the shapes people give to tables


def test_a_preamble_a_units_row_and_remarks_are_no_records() -> None:
    text = "# exported by the shop\n# in euro\n\n" + written([HEADER, ("", "yyyy-mm-dd", "", "EUR"), *ORDERS])
    header, named, found, errors = the_table(text)
    assert header == ("order", "day yyyy-mm-dd", "product", "total EUR") and named
    assert found == ORDERS and not errors


def test_a_header_of_two_rows_is_put_together_and_names_above_reach_to_the_right() -> None:
    text = "day,shop,,web,\n,orders,total,orders,total\n" + "".join(f"2026-01-{n:02d},{n},{n}.5,{n},{n}.25\n" for n in range(1, 20))
    header, _, found, _ = the_table(text)
    assert header == ("day", "shop orders", "shop total", "web orders", "web total")
    assert len(found) == 19


def test_a_first_record_of_words_stays_a_record() -> None:
    header, _, found, _ = the_table(written([("name", "city", "note"), ("Ann", "Ulm", "none"), ("Bob", "Bonn", "new"), ("Cy", "Rom", "old")]))
    assert header == ("name", "city", "note") and len(found) == 3


def test_a_text_without_a_header_gives_its_first_record_too() -> None:
    header, named, found, _ = the_table(written(ORDERS))
    assert header == () and not named and found == ORDERS


def test_a_table_written_twice_is_read_once_and_a_next_page_is_read_on() -> None:
    _, _, found, _ = the_table(written([HEADER, *ORDERS, HEADER, *ORDERS[:20]]))
    assert found == ORDERS
    _, _, found, _ = the_table(written([HEADER, *ORDERS[:10], HEADER, *ORDERS[10:]]))
    assert found == ORDERS
    _, _, found, _ = the_table(written([HEADER, *ORDERS[:10], HEADER, *ORDERS[:20]]))
    assert found == ORDERS[:20]  # what is new below is not lost


def test_another_table_below_is_a_table_of_its_own_and_not_rows_of_the_first() -> None:
    text = written([HEADER, *ORDERS, ("sku", "stock"), ("A1", "5"), ("A2", "7"), ("A3", "9")])
    first, second = unclaimed(member_of(text.encode()))
    assert cells_of(first.reader) == ORDERS
    assert [line for _, line in errors_of(first.reader)] == [32, 33, 34, 35]
    assert second.header == ("sku", "stock") and cells_of(second.reader) == [("A1", "5"), ("A2", "7"), ("A3", "9")]


def test_headings_between_parts_of_a_table_are_no_records() -> None:
    parts = written([HEADER, *ORDERS[:10]]) + ",,,\nFebruary,,,\n" + written(ORDERS[10:])
    _, _, found, _ = the_table(parts)
    assert found == ORDERS


@pytest.mark.parametrize("blanks", [1, 2, 4])
def test_blanks_between_delimiter_and_quote_belong_to_neither(blanks: int) -> None:
    between = "," + " " * blanks
    records = [("order", "product", "total"), *((str(n), f'"Mug, {n} ""large"""', "1.50") for n in range(20))]
    text = written(records, between)
    assert dialects(text.encode())[0] == Dialect(padded=True)
    _, _, found, errors = the_table(text)
    assert [row[1] for row in found] == [f'Mug, {n} "large"' for n in range(20)] and not errors


PIECES = st.sampled_from([",", ",", ", ", "\n", "\r\n", "\r", '"', '"', '""', ' "', "a", "1", " ", "    ", "é"])


@settings(max_examples=2_000 if WHOLE else 200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=50).map("".join), st.integers(2, 3), st.integers(4, 40))
def test_padded_quotes_are_cut_alike_fast_and_plainly_wherever_blocks_end(text: str, width: int, block: int) -> None:
    padded = Dialect(padded=True)
    content = text.encode() if not text or text[-1] in "\r\n" else text.encode() + b"\n"
    expected: list[tuple[str, ...]] | None = []
    place = 0
    while place < len(content):
        cut = cut_record(content, place, padded)
        if not cut.closed:
            expected = None
            break
        line = re.compile(rb"\r*\n|\r").search(content, place, cut.end)
        if line and line.end() < cut.end and not cut.orderly:
            second = cut_record(content, line.end(), padded)
            is_record = second.orderly and second.end <= cut.end and len(second.cells) == width
            if len(cut.cells) != width or is_record:
                place = line.end()
                continue
        across = not cut.orderly and _quote_spans_cells(cut.cells, '"')
        if len(cut.cells) == width and any(cell.strip() for cell in cut.cells) and not across:
            expected.append(cut.cells)
        place = cut.end
    try:
        reader = TextReader(member_of(text.encode()), "utf-8", padded, None, header=["c"] * width, block=block)
        reader._width = width
        found = cells_of(reader)
    except FileRefused as problem:
        assert problem.code == "reading.unclosed_quote" and expected is None
        return
    assert found == expected


def test_signs_that_were_taken_for_latin_1_come_out_as_meant_and_control_signs_stay() -> None:
    text = "order,note\n1,14 \x96 15 May\n2,\x93curly\x94\n3,\x80\x82\x84\n4,\x85\n"
    _, _, found, _ = the_table(text)
    assert [row[1] for row in found] == ["14 – 15 May", "“curly”", "\x80\x82\x84", "\x85"]


def test_fields_apart_by_single_blanks_are_a_last_resort() -> None:
    _, _, found, errors = the_table(written([HEADER, *((a, b, "Mug", d) for a, b, _, d in ORDERS)], " "))
    assert len(found) == 30 and not errors
    header, _, found, _ = the_table("name\nAnn Lee Kim\nBob Ray Poe\nCy Fox Day\n")
    assert header == () and [len(row) for row in found] == [1] * 4  # names are no columns


# ---- C18: where a block ends

EDGES = (8_192, 65_536, 131_072, 262_144, limits.BLOCK)
CUT = {"crlf": b"\r\n", "quote": b'"', "doubled": b'""', "two": "é".encode(), "three": "商".encode(), "four": "😀".encode(), "returns": b"\r\r\n"}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("kind", CUT)
def test_c18_nothing_is_lost_or_split_where_a_block_ends(edge: int, kind: str) -> None:
    piece = CUT[kind]
    middle = {"quote": b'k,"1,5"\n', "doubled": b'k,"1""5"\n'}.get(kind, b"k," + piece + (b"" if piece.endswith(b"\n") else b"\n"))
    at = middle.index(piece)
    shifts = range(-4, 5) if WHOLE or edge < limits.BLOCK else (-1, 0)
    for shift in shifts:
        start = edge + shift - at  # of the middle record
        count, rest = divmod(start - 4, 6)  # behind the header, records of six bytes
        lead = b"a,b\n" + b"k,123\n" * (count - 1) + b"k,123" + b"4" * rest + b"\n"
        assert len(lead) == start
        content = lead + middle + b"k,123\n" * 50
        reader = TextReader(member_of(content), "utf-8", Dialect(), 0, block=edge)
        total, found = 0, []
        for block in reader.blocks():
            total += len(block)
            assert block.lines is not None
            for place in np.flatnonzero(block.records == count + 1).tolist():
                found.append((block.columns[1].text(place), int(block.lines[place])))
        assert (total, reader.rejected, reader.records) == (count + 51, 0, count + 51)
        assert found == [({"quote": "1,5", "doubled": '1"5'}.get(kind, piece.decode().strip()), count + 2)]


@needs_bad_files
def test_c18_the_known_boundary_files_give_every_row() -> None:
    for line in (BAD / "pandas_cases" / "expected.jsonl").read_text().splitlines():
        case = json.loads(line)
        if "boundary" in case["file"]:
            found, findings = rows(BAD / case["file"])
            assert len(found) == case["rows"] + 1 and not findings, case["file"]


@settings(max_examples=300 if WHOLE else 40, deadline=None)
@given(st.lists(st.lists(st.text(st.sampled_from('ab1,;"\n é商😀'), max_size=8), min_size=2, max_size=2), min_size=1, max_size=40), st.integers(3, 90))
def test_c18_what_was_written_is_read_back_wherever_blocks_end(records: list[list[str]], block: int) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(records)
    reader = TextReader(member_of(out.getvalue().encode()), "utf-8", Dialect(), None, header=["a", "b"], block=block)
    assert [list(row) for row in cells_of(reader)] == [row for row in records if any(cell.strip() for cell in row)]
    assert reader.records == len(records) and reader.rejected == 0


# ---- C20: limits

_MEASURED = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pollock_reader import rows
rows(Path(sys.argv[2]))
for path in sys.argv[3:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    try:
        found, findings = rows(Path(path))
        said = f"{len(found)} {[finding.code for finding in findings]}"
    except Exception as problem:
        said = str(problem)
    print(time.process_time() - began, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, said)
"""

OVERSIZED = {
    "2,001 columns": (b",".join(b"column %d" % n for n in range(2001)) + b"\n" + b",".join([b"1"] * 2001) + b"\n", "2000"),
    "40,000 columns": (b",".join([b"abc"] * 40_000) + b"\n" + b",".join([b"1"] * 40_000) + b"\n", "2000"),
    "a cell of 2 MB": (b"order,note\n1,a\n2," + b"x" * 1_900_000 + b"\n3,b\n", "reading.cell_too_long"),
    "a line of 5 MB": (b"x" * 5_000_000, "2 MB"),
    "a header of 10 MB": (b'"' + b"name" * 2_500_000 + b'",b\n1,2\n', "2 MB"),
    "a quoted cell of 5 MB": (b'order,note\n1,"' + b"x\n" * 2_500_000 + b'"\n', "2 MB"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="the memory of a process is measured otherwise there")
def test_c20_what_is_too_big_is_said_by_its_limit_soon_and_in_little_memory(tmp_path: Path) -> None:
    small = tmp_path / "small.csv"
    small.write_text(written([HEADER, *ORDERS]))
    paths = [tmp_path / f"{number}.csv" for number in range(len(OVERSIZED))]
    for path, (content, _) in zip(paths, OVERSIZED.values(), strict=True):
        path.write_bytes(content)
    command = [sys.executable, "-c", _MEASURED, str(Path(__file__).parent), str(small), *map(str, paths)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    lines = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()
    total = 0
    for name, line in zip(OVERSIZED, lines, strict=True):
        seconds, megabytes, said = line.split(" ", 2)
        total += int(megabytes)  # above what was needed before
        assert OVERSIZED[name][1] in said, name
        assert float(seconds) < 1, name
    assert total < 200


@needs_bad_files
@pytest.mark.parametrize(("name", "words"), [("2001_columns.csv", "2000"), ("40000_columns.csv", "2000"), ("one_line_5mb.csv.gz", "2 MB")])
def test_c20_the_known_oversized_files_are_refused_with_their_limit(tmp_path: Path, name: str, words: str) -> None:
    path = BAD / "generated" / "csv" / name
    if path.suffix == ".gz":
        path = tmp_path / path.stem
        path.write_bytes(gzip.decompress((BAD / "generated" / "csv" / name).read_bytes()))
    with pytest.raises(FileRefused) as caught:
        rows(path)
    assert words in str(caught.value)


@needs_bad_files
def test_c20_a_cell_of_2_mb_rejects_its_row_by_line_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "long_cell.csv"
    path.write_bytes(gzip.decompress((BAD / "generated" / "csv" / "long_cell_2mb.csv.gz").read_bytes()))
    found, findings = rows(path)
    assert len(found) == 10 and [(finding.code, finding.line) for finding in findings] == [("reading.cell_too_long", 5)]


def test_c20_two_thousand_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(written([tuple(f"column {n}" for n in range(2000)), *[tuple(map(str, range(2000)))] * 20]))
    began = time.process_time()
    found, findings = rows(path)
    assert len(found) == 21 and not findings
    assert time.process_time() - began < 2


# ---- encodings

_CODECS = {"EUC-JP": "euc_jp", "EUC-KR": "cp949", "GB2312": "gb18030", "CP932": "cp932", "SHIFT_JIS": "cp932", "Johab": "johab", "TIS-620": "tis-620",
           "IBM855": "cp855", "IBM866": "cp866", "MacCyrillic": "mac-cyrillic"}  # fmt: skip
_LANGUAGES = re.compile(r"-(croatian|czech|hungarian|polish|slovak|slovene|bulgarian|russian|arabic|greek|turkish|hebrew|romanian)$")


@needs_bad_files
def test_known_texts_are_decoded_right_or_left_to_the_person_and_never_wrongly_for_certain() -> None:
    right, asked = 0, []
    for folder in sorted((BAD / "encodings_chardet").iterdir()):
        name = _LANGUAGES.sub("", folder.name)
        codec = _CODECS.get(name, name)
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            if name == "EUC-TW":
                wanted = None  # Python does not know it
            else:
                wanted = content.decode(codec).removeprefix("\ufeff")
            found = encodings(member_of(content))
            text = b"".join(utf8(member_of(content), found.name)).decode()
            if text == wanted:
                right += 1
                continue
            assert not found.certain, path
            asked.append(name)
    assert right >= 76
    assert not {"utf-8", "utf-8-sig", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-32LE", "UTF-32BE", "GB2312", "CP932", "SHIFT_JIS", "EUC-JP", "EUC-KR",
                "Big5", "iso-2022-jp", "iso-2022-kr", "windows-1252"} & set(asked)  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["order,product\n" + "1,Mug\n" * 20, "订单编号,商品\n" + "1,玉肌皂旗舰店\n" * 20, "a,b\n" + "1,😀😀\n" * 20])
def test_wide_unicode_without_a_mark_is_proven_by_its_zero_bytes(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode(encoding))
    (member,) = members(path)
    found = encodings(member)
    assert found.certain and member.kind == "text"
    assert b"".join(utf8(member, found.name)).decode() == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Заказ;Товар;Сумма\n1;Кружка большая;12,50\n2;Настольная лампа;3,00\n"),
        ("koi8-r", "Заказ;Товар;Сумма\n1;Кружка большая;12,50\n2;Настольная лампа;3,00\n"),
        ("cp866", "Заказ;Товар;Сумма\n1;Кружка большая;12,50\n2;Настольная лампа;3,00\n"),
        ("cp1250", "Zamówienie;Produkt\n1;Żółty kubek, duży\n2;Łóżko dziecięce\n3;Książka o źdźble\n"),
        ("iso8859-2", "Objednávka;Zboží\n1;Žlutý šálek\n2;Dětská židle\n3;Příliš těžký stůl\n"),
        ("cp1253", "Παραγγελία;Προϊόν\n1;Κούπα μεγάλη\n2;Φωτιστικό γραφείου\n"),
        ("cp1254", "Sipariş;Ürün\n1;Büyük kırmızı şişe\n2;Yağlık ve çaydanlık\n"),
        ("cp1252", "Bestellung;Straße\n1;Große Müllerstraße – „Süd“\n2;Öffnung für Füße\n"),
    ],
)
def test_one_byte_encodings_are_the_likeliest_by_what_they_read_as_and_always_asked(encoding: str, text: str) -> None:
    found = encodings(member_of(text.encode(encoding)))
    assert found.name == encoding and not found.certain
