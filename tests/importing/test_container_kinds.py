"""What a file is, told by its bytes and not by its name; archives that were made to harm are not opened."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from pathlib import Path

import pytest

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.container import Member, members

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def only(path: Path) -> Member:
    found = list(members(path))
    assert len(found) == 1
    return found[0]


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "kind", "code"),
    [
        ("orders.csv", b"a,b\n1,2\n", "text", None),
        ("orders.xlsx", b"a,b\n1,2\n", "text", None),
        ("orders.csv", "订单,金额\n".encode("gb18030"), "text", None),
        ("orders.csv", "a,b\n1,2\n".encode("utf-16"), "text", None),
        ("orders.csv", "a,b\n1,2\n".encode("utf-16-le"), "text", None),
        ("report.csv", b'{"error": "expired"}', "json", None),
        ("report.json", b"null", "json", None),
        ("list.txt", b'[{"a": 1}]', "json", None),
        ("old.xls", b"<html><body><table><tr><td>1</td></tr></table>", "html", None),
        ("login.csv", b"<!DOCTYPE html><html><form></form></html>", "other", "reading.web_page"),
        ("photo.csv", PNG, "other", "reading.picture"),
        ("sheet.csv", b"%PDF-1.7\n", "other", "reading.pdf"),
        ("orders.csv", b"\x1f\x8b\x08\x00", "other", "reading.packed"),
        ("orders.csv", b"\x80\x04\x95\x00\x00", "other", "reading.binary"),
        ("orders.csv", bytes(range(256)) * 4, "other", "reading.binary"),
        ("orders.csv", b"", "other", "reading.empty"),
        ("orders.csv", b"\xef\xbb\xbf", "other", "reading.empty"),
        ("orders.csv", b"  \n\n\t\n", "other", "reading.blank"),
        ("feed.csv", b"<?xml version='1.0'?><rss/>", "other", "reading.xml"),
        ("BM.csv", b"BMW,Audi\n1,2\n", "text", None),
    ],
)
def test_bytes_say_what_a_file_is(
    tmp_path: Path, name: str, content: bytes, kind: str, code: str | None
) -> None:
    member = only(written(tmp_path, name, content))
    assert member.kind == kind
    assert (member.problem.code if member.problem else None) == code
    assert member.sha256 == hashlib.sha256(content).hexdigest()
    if member.problem:
        assert name in str(member.problem)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as caught:
        list(members(tmp_path / "gone.csv"))
    assert "gone.csv" in str(caught.value)


def test_an_archive_gives_its_files_with_hash_time_and_name(tmp_path: Path) -> None:
    path = tmp_path / "week.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("reports/orders.csv", (2026, 8, 3, 9, 30, 0)), b"a,b\n1,2\n")
        archive.writestr("__MACOSX/._orders.csv", b"litter")
        archive.writestr("photo.png", PNG)
        archive.writestr("empty/", b"")
    orders, photo = members(path)
    assert orders.member == "reports/orders.csv" and orders.name == "orders.csv"
    assert orders.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert orders.mtime == 1785749400
    assert orders.kind == "text"
    with orders.stream() as stream:
        assert stream.read() == b"a,b\n1,2\n"
    assert photo.kind == "other" and not photo.damaged


def test_a_large_member_is_streamed_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "big.zip"
    content = b"".join(b"%d,%d\n" % (n, n * 7919 % 100_003) for n in range(200_000))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.csv", content)
    member = only(path)
    assert member._content is None
    assert member.size == len(content)
    with member.stream() as stream:
        assert stream.read() == content


def test_names_in_gbk_are_shown_as_written(tmp_path: Path) -> None:
    path = tmp_path / "cn.zip"
    raw = "订单.csv".encode("gbk")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x" * len(raw), b"a,b\n")
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    assert only(path).member == "订单.csv"


def test_an_archive_within_an_archive_is_one_too_deep(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", b"a,b\n")
    outer = tmp_path / "outer.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, "inner.zip")
    problem = only(outer).problem
    assert problem is not None and problem.code == "reading.zip_in_zip"


@pytest.mark.parametrize(
    "name",
    [
        "../out.csv",
        "/etc/out.csv",
        "C:/out.csv",
        "a/../../out.csv",
        "..\\out.csv",
        "con.csv",
        "\\\\host\\x.csv",
    ],
)
def test_names_that_lead_outside_refuse_the_archive(tmp_path: Path, name: str) -> None:
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"a,b\n")
    member = only(path)
    assert member.problem is not None and member.problem.code == "reading.zip_name" and member.damaged


def test_a_link_refuses_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    info = zipfile.ZipInfo("orders.csv")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"/etc/passwd")
    problem = only(path).problem
    assert problem is not None and problem.code == "reading.zip_link"


def test_a_bomb_is_known_by_its_ratio_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.csv", bytes(20 * limits.MIB))
    problem = only(path).problem
    assert problem is not None and problem.code == "reading.zip_ratio"
    assert "100" in str(problem)


def test_members_that_share_bytes_refuse_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", b"a,b\n" * 10)
        archive.writestr("two.csv", b"a,b\n" * 10)
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(bytes(content))
    problem = only(path).problem
    assert problem is not None and problem.code == "reading.zip_overlap"


def test_a_locked_archive_says_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", b"a,b\n")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    problem = only(path).problem
    assert problem is not None and problem.code == "reading.password"


def test_too_many_files_refuse_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(limits.ZIP_MEMBERS + 1):
            archive.writestr(f"{number}.csv", b"")
    problem = only(path).problem
    assert problem is not None and problem.code == "reading.zip_members"


def test_one_damaged_member_does_not_spoil_the_others(tmp_path: Path) -> None:
    path = tmp_path / "half.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bad.csv", b"damaged!")
        archive.writestr("good.csv", b"a,b\n1,2\n")
    path.write_bytes(path.read_bytes().replace(b"damaged!", b"damaged?"))
    bad, good = members(path)
    assert bad.problem is not None and bad.problem.code == "reading.damaged_member"
    assert good.kind == "text"


def test_a_cut_off_workbook_says_so(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>" * 100)
        archive.writestr("xl/workbook.xml", "<workbook/>" * 100)
    path.write_bytes(path.read_bytes()[:-200])
    problem = only(path).problem
    assert problem is not None and problem.code == "reading.damaged_workbook"


def test_a_file_changed_after_it_was_opened_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", b"a,b\n1,2\n")
    member = only(path)
    assert member.unchanged()
    path.write_bytes(b"a,b\n1,2\n3,4\n")
    assert not member.unchanged()


SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real export files are not on this machine")
def test_the_truncated_real_workbook_is_one_clear_problem() -> None:
    member = only(SHARED / "data" / "online_retail_xlsx" / "Online Retail.xlsx")
    assert member.problem is not None and member.problem.code == "reading.damaged_workbook"


@pytest.mark.skipif(not (SHARED / "badinput").is_dir(), reason="the bad files are not on this machine")
def test_no_bad_file_is_more_than_a_member_with_or_without_a_problem() -> None:
    for path in sorted((SHARED / "badinput").rglob("*")):
        if path.is_file() and path.stat().st_size < 2_000_000:
            for member in members(path):
                assert member.kind != "other" or member.problem is not None
