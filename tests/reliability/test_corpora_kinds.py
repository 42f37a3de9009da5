"""What a file is says its content, whatever it is called and wherever it lies."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from corpora import BADINPUT, as_it_stands
from order_files import orders_of_table, taken

from ecoperf_desktop import actions
from ecoperf_desktop.cli import main
from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.store.database import Workspace

HEADER = ["Order ID", "Order Date", "SKU", "Product", "Qty", "Unit Price", "Total", "Currency", "Country"]
ROWS = [
    ["0010001", "2024-01-15", "SKU-000", "Blue mug", "1", "1.25", "1.25", "EUR", "DE"],
    ["0010002", "2024-02-15", "2-Mar", "Tisch, groß", "2", "3.00", "6.00", "EUR", "NA"],
    ["0010003", "2024-03-15", "1E5", '19" monitor', "3", "4.75", "14.25", "EUR", "ZA"],
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with actions.workspace(tmp_path_factory.mktemp("workspace") / "kinds.ecoperf", write=True) as made:
        yield made


def csv_bytes() -> bytes:
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set('",') else cell for cell in row] for row in (HEADER, *ROWS)]
    return "\r\n".join([*(",".join(row) for row in quoted), ""]).encode("utf-8")


def xlsx_bytes() -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Orders")
        for place, row in enumerate((HEADER, *ROWS)):
            sheet.write_row(place, 0, row)
    return held.getvalue()


def html_bytes() -> bytes:
    cells = "".join("<tr>" + "".join(f"<td>{cell.replace(chr(34), '&quot;')}</td>" for cell in row) + "</tr>" for row in (HEADER, *ROWS))
    return f"<html><head><meta charset='utf-8'></head><body><table>{cells}</table></body></html>".encode()


def _assert_all_rows(path: Path, opened: Workspace, folder: Path) -> None:
    with taken(path, opened, folder, orders_of_table()) as one:
        assert one.status == "loaded", one.words
        assert [line[0] for line in one.lines] == ["0010001", "0010002", "0010003"]
        assert [line[3] for line in one.lines] == ["SKU-000", "2-Mar", "1E5"]
        assert sum(line[2] for line in one.lines) == 2150  # type: ignore[misc]
        assert {line[4] for line in one.lines} == {"DE", "NA", "ZA"}


@pytest.mark.parametrize(("name", "content"), [
    ("a workbook.csv", xlsx_bytes), ("a table.xlsx", csv_bytes), ("a page.xls", html_bytes), ("a table.xls", csv_bytes), ("a table.json.txt", csv_bytes),
    ("a workbook", xlsx_bytes), ("a table", csv_bytes), ("a page.csv", html_bytes), ("a workbook.zip", xlsx_bytes),
])  # fmt: skip
def test_c24_a_wrong_ending_is_seen_through(name: str, content: object, opened: Workspace, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content())  # type: ignore[operator]
    _assert_all_rows(path, opened, tmp_path)


@pytest.mark.parametrize(("name", "content", "words"), [
    ("packed.csv", gzip.compress(b"a,b\n1,2\n", mtime=0), "Unpack it first"),
    ("login.csv", b"<!DOCTYPE html><html><body><form>Sign in</form></body></html>", "web page"),
    ("error.csv", b'"Forbidden"', None),
    ("report.pdf.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(200), "PDF"),
    ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(300), "picture"),
    ("shop.csv", b"SQLite format 3\0" + bytes(500), "database"),
    ("program.csv", b"MZ\x90\0\x03" + bytes(500), "neither text nor a workbook"),
])  # fmt: skip
def test_c24_what_is_no_table_is_called_by_what_it_is(
    name: str, content: bytes, words: str | None, opened: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with taken(path, opened, tmp_path) as one:
        assert one.status == "refused" and name in one.words
        assert words is None or words in one.words


# ---------------------------------------------------------------- workbooks of all kinds

WORKBOOKS = sorted(
    path for folder in ("messytables", "frictionless", "csvlint") for path in (BADINPUT / folder).rglob("*")
    if path.suffix.lower() in (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")
)  # fmt: skip
_LOCKED = frozenset({"encrypted_no_password.xls"})
# One row or one column, or nothing at all, in which no header stands above values.
_NO_TABLE = frozenset({"merged-cells.xls", "merged-cells.xlsx", "merged-cells-boolean.xls"})


@pytest.mark.skipif(not WORKBOOKS, reason="the files that break readers lie beside the checkout and are not there")
@pytest.mark.parametrize("path", WORKBOOKS if os.environ.get("CI") else WORKBOOKS[::6], ids=lambda path: path.name)
def test_c23_workbooks_of_all_kinds_are_read_or_say_why_not(path: Path, opened: Workspace, tmp_path: Path) -> None:
    member = actions.member_of(path)
    settings = {"period": "2026-01-01", "reject_limit": "100%"}
    try:
        mapping = as_it_stands(member, settings)
    except FileRefused as problem:
        assert path.name in str(problem)
        assert problem.code == ("reading.password" if path.name in _LOCKED else "importing.suggest_no_table"), str(problem)
        return
    with taken(path, opened, tmp_path, mapping, settings) as one:
        assert one.status == "loaded", one.words
        rows = one.report.rows
        assert rows.new and rows.read == rows.new + rows.dropped + rows.rejected


def test_c23_macros_are_never_run_nor_kept(opened: Workspace, tmp_path: Path) -> None:
    path, target = tmp_path / "macros.xlsm", io.BytesIO(xlsx_bytes())
    with zipfile.ZipFile(target) as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for info in plain.infolist():
            content = plain.read(info)
            if info.filename == "[Content_Types].xml":
                content = content.replace(
                    b"</Types>", b'<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
                )
            book.writestr(info.filename, content)
        book.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"Sub Auto_Open()" * 100)
    _assert_all_rows(path, opened, tmp_path)


def test_c23_a_workbook_behind_a_password_says_so(opened: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    name = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + name + bytes(2048))
    with taken(path, opened, tmp_path) as one:
        assert one.status == "refused" and "password" in one.words and "locked.xlsx" in one.words


# ---------------------------------------------------------------- paths

_NAMES = [
    "two words.csv", "  leading.csv", "trailing dot..csv", "percent%20%41.csv", "hash#1.csv", "question?.csv", "quote's \"double\".csv", "semi;colon&and.csv",
    "中文订单.csv", "🛒 эмодзи.csv", "\U00020000\U0002a6d6.csv", "e\u0301 combining.csv", "-dash.csv", "--set.csv", "a" * 250 + ".csv", "[brackets]*.csv",
    "new\nline.csv", "tab\t.csv", "file:..csv", "back\\slash.csv", "$(touch pwned).csv", "mode=ro&cache=shared.csv", "\u202egnp.csv",
]  # fmt: skip
_NOT_ON_WINDOWS = frozenset('?"*<>|\n\t\\:')


@pytest.mark.parametrize("name", _NAMES, ids=[ascii(name)[:40] for name in _NAMES])
def test_c29_a_file_of_any_name_in_a_folder_of_that_name_is_imported(name: str, opened: Workspace, tmp_path: Path) -> None:
    if sys.platform == "win32" and _NOT_ON_WINDOWS & set(name):
        pytest.skip("no such name can be given here")
    folder = tmp_path / name.removesuffix(".csv")[:100]
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(csv_bytes())
    _assert_all_rows(path, opened, tmp_path)
    assert not (tmp_path / "pwned").exists() and not Path("pwned").exists()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text here, never any bytes")
def test_c29_a_name_that_is_no_text_is_imported_refused_and_shown(opened: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    path = folder / os.fsdecode(b"orders \xff.csv")
    path.write_bytes(csv_bytes())
    _assert_all_rows(path, opened, tmp_path)
    mapping = tmp_path / "orders.toml"
    mapping.write_text(orders_of_table(), encoding="utf-8")
    for named in (path, folder):
        workspace = ["--workspace", str(tmp_path / f"{named.suffix}.ecoperf")]
        assert main([*workspace, "import", str(named), "--mapping", str(mapping), "--json"]) == 0
        assert main([*workspace, "imports"]) == 0
        assert r"orders \udcff.csv" in capsys.readouterr().out
    assert main([*workspace, "import", str(path), str(folder / "absent.csv")]) == 1
    assert r"orders \udcff.csv" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["percent%3f.ecoperf", "question?mode=ro.ecoperf", "hash#.ecoperf", "two words 中文 🛒.ecoperf", "quote's.ecoperf"])
def test_c29_a_workspace_of_any_name_is_the_file_of_that_name(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if sys.platform == "win32" and _NOT_ON_WINDOWS & set(name):
        pytest.skip("no such name can be given here")
    folder = tmp_path / "kept here"
    folder.mkdir()
    orders = tmp_path / "orders.csv"
    orders.write_bytes(csv_bytes())
    mapping = tmp_path / "orders.toml"
    mapping.write_text(orders_of_table(), encoding="utf-8")
    assert main(["--workspace", str(folder / name), "import", str(orders), "--mapping", str(mapping)]) == 0
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in folder.iterdir() if path.is_file() and not path.name.endswith(".lock")} == {name}
    capsys.readouterr()
    asked = ["--workspace", str(folder / name), "value", "gmv_placed", "--from", "2024-01-01", "--to", "2024-12-31", "--json"]
    assert main(asked) == 0
    assert '"21.50"' in capsys.readouterr().out
