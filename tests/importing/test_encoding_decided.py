"""In which encoding a text is: proven by its bytes, or left open for a header or a person to decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.container import Member, members
from ecoperf_desktop.importing.encoding import checked, encodings, head, undecided, utf8

CHINESE = "订单编号,买家实付金额,订单状态,店铺名称\n" + "20260101001,29.90,交易成功,玉肌皂旗舰店\n" * 20
JAPANESE = "注文番号,商品名,価格,お客様\n" + "1001,ひらがなとカタカナの商品です,1200,東京都のお客様\n" * 20
KOREAN = "주문번호,상품명,가격\n" + "1001,한국어로 된 상품 이름입니다,12000\n" * 20
TAIWANESE = "訂單編號,商品名稱,金額\n" + "1001,這是一個臺灣的商品名稱,1200\n" * 20
GERMAN = "Bestellnr;Straße;Betrag\n" + "1001;Müllerstraße für Größe;12,50\n" * 20


def file_of(folder: Path, content: bytes) -> Member:
    path = folder / "orders.csv"
    path.write_bytes(content)
    return next(iter(members(path)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_proven_and_comes_out_as_utf_8_without_its_mark(tmp_path: Path, encoding: str) -> None:
    # Zero bytes tell UTF-16 only while most characters are Western.
    text = GERMAN if encoding.startswith("utf-16-") else CHINESE
    member = file_of(tmp_path, text.encode(encoding))
    found = encodings(member)
    assert found.certain
    assert b"".join(utf8(member, found.name, chunk=7)).decode() == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(CHINESE, "gb18030"), (JAPANESE, "cp932"), (KOREAN, "cp949"), (TAIWANESE, "big5"), (JAPANESE, "euc_jp")],
)
def test_asian_encodings_are_the_likeliest_but_never_certain(
    tmp_path: Path, text: str, encoding: str
) -> None:
    member = file_of(tmp_path, text.encode(encoding))
    found = encodings(member)
    assert found.name == encoding
    assert not found.certain
    assert b"".join(utf8(member, encoding, chunk=5)).decode() == text


def test_a_western_text_offers_single_byte_encodings_first_and_says_how_to_decide(tmp_path: Path) -> None:
    member = file_of(tmp_path, GERMAN.encode("cp1252"))
    found = encodings(member)
    assert found.name == "cp1252" and not found.certain
    message = str(undecided(member, found))
    assert "--set encoding=" in message and "cp1252" in message and "orders.csv" in message


def test_utf_8_is_only_believed_when_the_whole_file_is_valid(tmp_path: Path) -> None:
    content = ("a,b\n" * 400_000).encode() + "größe,1\n".encode("cp1252")
    assert not encodings(file_of(tmp_path, content)).certain


def test_bytes_that_are_not_in_the_named_encoding_are_refused_with_their_line(tmp_path: Path) -> None:
    member = file_of(tmp_path, b"a,b\n1,2\n3,\xff\xfe\n")
    with pytest.raises(FileRefused) as caught:
        b"".join(utf8(member, "utf-8", chunk=6))
    assert caught.value.code == "reading.encoding_invalid"
    assert caught.value.details["line"] == 3
    with pytest.raises(FileRefused) as caught:
        b"".join(utf8(file_of(tmp_path, b"a,b\n1,2\n3,\xff\xff\n"), "gb18030", chunk=5))
    assert caught.value.details["line"] == 3


def test_a_character_cut_at_the_end_of_the_file_is_refused(tmp_path: Path) -> None:
    member = file_of(tmp_path, "商品".encode()[:-1])
    with pytest.raises(FileRefused):
        b"".join(utf8(member, "utf-8"))


def test_a_look_at_the_head_does_not_read_the_whole_file(tmp_path: Path) -> None:
    member = file_of(tmp_path, b"a,b\n" * 1_000_000)
    assert len(head(member, "utf-8", 1000)) == 1000


def test_encodings_that_are_no_text_are_unknown() -> None:
    assert checked("GBK") == "gbk"
    for name in ("hex", "utf-7", "no-such"):
        with pytest.raises(LookupError):
            checked(name)


SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real export files are not on this machine")
def test_the_real_gb18030_excerpt_is_read_in_its_encoding() -> None:
    member = next(iter(members(SHARED / "data" / "taobao_cosmetics_1111" / "cosmetic_first2000_gb18030.csv")))
    found = encodings(member)
    assert found.name == "gb18030"
    assert "店名" in head(member, "gb18030", 200).decode()
