"""Workbooks are read in a process of their own: cells as they are shown, and a hostile file ends only that process."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
import xlsxwriter

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.child import READ_WORKBOOK, command
from ecoperf_desktop.importing.container import Member, members
from ecoperf_desktop.importing.workbook import Workbook
from ecoperf_desktop.importing.workbook_child import shown


def member_at(path: Path) -> Member:
    return next(iter(members(path)))


def book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    workbook = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"})
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    workbook.close()
    return path


def rows_of(workbook: Workbook, sheet: int, header_row: int) -> list[tuple[str, ...]]:
    return [
        tuple(cells.text(row) for cells in block.columns)
        for block in workbook.table(sheet, header_row).blocks()
        for row in range(len(block))
    ]


def test_sheets_rows_and_records_of_a_workbook(tmp_path: Path) -> None:
    path = book(
        tmp_path / "orders.xlsx",
        {
            "Week 1": [
                ["Report"],
                [],
                ["Order", "Paid at", "Total"],
                [536365, datetime(2010, 12, 1, 8, 26), 2.55],
                ["0012", "", 30.6],
                ["", "", ""],
                [7.0, datetime(2011, 1, 2), -1],
            ],
            "周二": [["a"], ["b"]],
        },
    )
    with Workbook(member_at(path)) as workbook:
        assert [sheet.name for sheet in workbook.sheets] == ["Week 1", "周二"]
        assert [row.cells[0] for row in workbook.first_rows(0, 3)] == ["Report", "", "Order"]
        reader = workbook.table(0, 2)
        blocks = list(reader.blocks())
        assert reader.header == ("Order", "Paid at", "Total")
        assert reader.preamble == ("Report", "")
        assert [[cells.text(row) for cells in blocks[0].columns] for row in range(3)] == [
            ["536365", "2010-12-01 08:26:00", "2.55"],
            ["0012", "", "30.6"],
            ["7", "2011-01-02", "-1"],
        ]
        assert blocks[0].records.tolist() == [1, 2, 4] and reader.dropped == {"blank": 1}
        assert rows_of(workbook, 1, 0) == [("b",)]


def test_a_reading_given_up_half_way_does_not_disturb_the_next(tmp_path: Path) -> None:
    path = book(
        tmp_path / "long.xlsx", {"One": [["n"]] + [[number] for number in range(50_000)], "Two": [["m"], [1]]}
    )
    with Workbook(member_at(path)) as workbook:
        for _ in workbook.table(0, 0).blocks():
            break
        assert rows_of(workbook, 1, 0) == [("1",)]
        assert len(rows_of(workbook, 0, 0)) == 50_000


def test_a_workbook_within_an_archive_is_read_too(tmp_path: Path) -> None:
    inner = book(tmp_path / "orders.xlsx", {"S": [["a"], [1]]})
    path = tmp_path / "week.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, "week/orders.xlsx")
    member = member_at(path)
    assert member.kind == "workbook" and member.form == "xlsx"
    with Workbook(member) as workbook:
        assert rows_of(workbook, 0, 0) == [("1",)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17850.0, "17850"),
        (2.55, "2.55"),
        (0.1 + 0.2, "0.30000000000000004"),
        (2.0**53, "9007199254740992.0"),
        (2.026e27, "2.026e+27"),
        (True, "TRUE"),
        ("", None),
        (None, None),
        (datetime(2010, 12, 1, 8, 25, 59, 999_999), "2010-12-01 08:26:00"),
        (date(2010, 12, 1), "2010-12-01"),
        (clock(8, 5), "08:05:00"),
        (timedelta(hours=30, minutes=5), "30:05:00"),
        ("=1+1", "=1+1"),
        (-0.0, "0"),
    ],
)
def test_cells_are_shown_as_people_read_them(value: object, text: str | None) -> None:
    assert shown(value) == text


def changed(
    path: Path, name: str, change: bytes | None, replace: tuple[bytes, bytes] | None = None
) -> Member:
    """Return the workbook with the part ``name`` changed."""
    source = zipfile.ZipFile(path)
    target = path.with_name("changed.xlsx")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == name:
                content = change if change is not None else content.replace(*(replace or (b"", b"")))
            archive.writestr(info.filename, content)
    return member_at(target)


def refusal(member: Member, **options: float) -> FileRefused:
    with pytest.raises(FileRefused) as caught, Workbook(member, **options) as workbook:  # type: ignore[arg-type]
        rows_of(workbook, 0, 0)
    assert member.name in str(caught.value)
    return caught.value


def test_one_far_cell_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = book(tmp_path / "far.xlsx", {"S": [["a"], [1]]})
    member = changed(path, "xl/worksheets/sheet1.xml", None, (b'r="A2"', b'r="XFD1048576"'))
    assert refusal(member).code == "reading.workbook_cells"


def test_a_lying_dimension_hides_no_rows(tmp_path: Path) -> None:
    path = book(tmp_path / "lie.xlsx", {"S": [["a", "b"]] + [[number, "x"] for number in range(20)]})
    member = changed(path, "xl/worksheets/sheet1.xml", None, (b'ref="A1:B21"', b'ref="A1:A1"'))
    with Workbook(member) as workbook:
        assert len(rows_of(workbook, 0, 0)) == 20


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet/>',
        b'<?xml version="1.0" encoding="UTF-7"?><worksheet/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><worksheet/>'.encode("utf-16"),
    ],
)
def test_definitions_and_odd_encodings_are_refused(tmp_path: Path, content: bytes) -> None:
    path = book(tmp_path / "dtd.xlsx", {"S": [["a"], [1]]})
    assert refusal(changed(path, "xl/worksheets/sheet1.xml", content)).code == "reading.workbook_hostile"


def test_a_broken_part_is_a_damaged_workbook(tmp_path: Path) -> None:
    path = book(tmp_path / "broken.xlsx", {"S": [["a"], [1]]})
    assert refusal(changed(path, "xl/workbook.xml", b"<workbook><sheets>")).code in (
        "reading.damaged_workbook",
        "reading.no_sheet",
    )


def test_bytes_that_only_look_like_an_old_workbook_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "old.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert refusal(member_at(path)).code == "reading.damaged_workbook"


@pytest.mark.parametrize(
    "mark", ["EncryptedPackage".encode("utf-16-le"), b"\x09\x08\x10\x00" + bytes(16) + b"\x2f\x00\x36\x00"]
)
def test_an_encrypted_workbook_says_so(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + mark + bytes(600))
    assert refusal(member_at(path)).code == "reading.password"


def test_a_reading_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    path = book(tmp_path / "slow.xlsx", {"S": [["a"], [1]]})
    assert refusal(member_at(path), seconds=0.001).code == "reading.workbook_slow"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux caps a process's memory")
def test_a_reading_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    path = book(
        tmp_path / "wide.xlsx", {"S": [[random.Random(row).randbytes(8_000).hex()] for row in range(1_000)]}
    )
    assert refusal(member_at(path), memory=48 * limits.MIB).code in (
        "reading.workbook_memory",
        "reading.damaged_workbook",
    )


def test_the_reading_process_loads_neither_our_program_nor_numpy(tmp_path: Path) -> None:
    code = "import sys, ecoperf_desktop.importing.workbook_child; print([m for m in ('numpy', 'pandas', 'sqlite3', 'PySide6', 'socket') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
    assert command(READ_WORKBOOK)[0] == sys.executable


SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real export files are not on this machine")
def test_the_real_workbook_has_its_two_sheets() -> None:
    with Workbook(member_at(SHARED / "data" / "online_retail_xlsx" / "online_retail_II.xlsx")) as workbook:
        counts = [sum(len(block) for block in workbook.table(number, 0).blocks()) for number in range(2)]
    assert counts == [14_269, 20_497]


@pytest.mark.skipif(not (SHARED / "badinput").is_dir(), reason="the bad files are not on this machine")
def test_every_workbook_among_the_bad_files_is_read_or_refused() -> None:
    for path in sorted((SHARED / "badinput").rglob("*.xls*")):
        member = member_at(path)
        if member.kind != "workbook":
            continue
        try:
            with Workbook(member, seconds=20) as workbook:
                for number in range(len(workbook.sheets)):
                    workbook.first_rows(number)
        except FileRefused as problem:
            assert path.name in str(problem)


def test_a_workbook_is_only_bytes_to_the_parent(tmp_path: Path) -> None:
    content = book(tmp_path / "orders.xlsx", {"S": [["a"], [1]]}).read_bytes()
    member = Member(
        Path("orders.xlsx"),
        None,
        "",
        len(content),
        0,
        "workbook",
        content[:10],
        "xlsx",
        _content=io.BytesIO(content).getvalue(),
    )
    with Workbook(member) as workbook:
        assert rows_of(workbook, 0, 0) == [("1",)]
