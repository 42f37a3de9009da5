"""Refunds keep what was written as their reason, and its class beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_making import Export, contents, do, workspace

from ecoperf_desktop.model.days import parse_day
from ecoperf_desktop.store import reasons, sums
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.ledger import undo
from ecoperf_desktop.store.views import VIEWS

DAY = parse_day("2026-03-02")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("质量问题", "quality"), ("商品做工瑕疵", "quality"), ("QUALITY_UNACCEPTABLE", "quality"), ("Item defective or doesn't work", "quality"),
        ("假冒品牌", "quality"), ("非质量问题", "changed_mind"), ("7天无理由退货", "changed_mind"), ("七天无理由退换货", "changed_mind"),
        ("不想要了", "changed_mind"), ("拍错/多拍", "changed_mind"), ("No longer needed", "changed_mind"), ("ORDERED_WRONG_ITEM", "changed_mind"),
        ("卖家发错货", "wrong_item"), ("Wrong item was sent", "wrong_item"), ("SWITCHEROO", "wrong_item"), ("少件/漏发", "incomplete"),
        ("Missing parts", "incomplete"), ("未按约定时间发货", "late"), ("快递一直未送到", "late"), ("MISSED_ESTIMATED_DELIVERY", "late"),
        ("NEVER_ARRIVED", "late"), ("收到商品破损", "damaged"), ("Damaged in transit", "damaged"), ("商品与描述不符", "not_as_described"),
        ("NOT_AS_DESCRIBED", "not_as_described"), ("颜色/图案/款式与商品描述不符", "not_as_described"), ("尺码不合适", "size"), ("APPAREL_TOO_SMALL", "size"),
        ("Better price available", "price"), ("商品降价", "price"), ("缺货", "out_of_stock"), ("Out of stock", "out_of_stock"), ("协商一致退款", "agreed"),
        ("xyz", "other"), ("", None), ("  ", None), (None, None),
    ],
)  # fmt: skip
def test_a_reason_is_of_the_class_of_its_longest_word(reason: str | None, expected: str | None) -> None:
    assert reasons.class_of(reason) == expected


@given(st.text(max_size=30))
def test_every_reason_has_one_class_whatever_its_letters_and_spaces(reason: str) -> None:
    found = reasons.class_of(reason)
    assert found is None or found in {reasons.OTHER, *(name for name, _ in reasons._classes())}
    assert (found is None) == (not reason.strip())
    assert reasons.class_of(f"  {reason} ") == found


def test_no_word_stands_in_two_classes() -> None:
    words = [word for _, of in reasons._classes() for word in of]
    assert len(set(words)) == len(words)
    assert all(word.strip() for word in words)


def _file(name: str, reason: str | None, as_of: int = 0, day: int = DAY) -> Export:
    rows: tuple[dict[str, Any], ...] = (
        {"shop": "A", "refund_no": "1", "order_no": "O1", "refund_day": day, "goods": 500, "status": "done", "reason": reason},
        {"shop": "A", "refund_no": "2", "order_no": None, "refund_day": DAY, "goods": 70, "status": "done", "reason": "xyz"},
    )
    return Export(name, (("refunds", rows),), as_of=as_of)


def _classes(opened: Workspace) -> list[tuple[str, str | None]]:
    return opened.conn.execute("SELECT refund_no, reason_class FROM refunds ORDER BY 1").fetchall()


def _summed(opened: Workspace) -> int:
    return opened.conn.execute("SELECT SUM(with_reason) FROM sum_refund").fetchone()[0] or 0


def test_the_class_follows_the_reason_through_imports_and_undo(tmp_path: Path) -> None:
    with workspace(tmp_path) as opened:
        first = do(opened, _file("a", "质量问题"))
        assert _classes(opened) == [("1", "quality"), ("2", "other")]
        assert _summed(opened) == 2
        before = contents(opened.conn)
        second = do(opened, _file("b", "拍错了", as_of=9, day=DAY + 4))
        assert _classes(opened)[0] == ("1", "changed_mind")
        undo(opened, [second.import_id])
        assert contents(opened.conn) == before
        undo(opened, [first.import_id])
        assert _classes(opened) == []
        assert _summed(opened) == 0


def test_other_words_are_taken_up_when_the_sums_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(tmp_path) as opened:
        do(opened, _file("a", "质量问题"))
        monkeypatch.setattr(reasons, "_classes", lambda: (("novel", ("xyz",)),))
        sums._fingerprint.cache_clear()
        try:
            with opened.transaction() as conn:
                assert sums.ensure(conn)
            assert _classes(opened) == [("1", "other"), ("2", "novel")]
        finally:
            sums._fingerprint.cache_clear()


def test_a_cut_by_reason_reads_no_text() -> None:
    for name in ("refund", "refunded_sale"):
        assert VIEWS[name].dims["reason"] == "reason_class"
