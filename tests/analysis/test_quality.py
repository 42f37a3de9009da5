"""What is doubtful about data: every doubt is found where it is, with its number, and nowhere else."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[1] / "store"))  # the made-up exports of the store's tests

from store_making import Export, do, workspace

from ecoperf_desktop.analysis.quality import jumps, look_over
from ecoperf_desktop.language import LANGUAGES
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.quality import Doubt, Quality
from ecoperf_desktop.reports.make.quality import tell
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.load import loading

FIRST = 20_000
DAY = 86_400


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    opened = workspace(tmp_path)
    yield opened
    opened.close()


def orders(first: int, days: int, *, name: str = "", price: int = 2_000, per_day: int = 4, source: str = "shop", cost: bool = True, **more: Any) -> Export:
    """Return an export of every day's orders, one line each."""
    heads, lines = [], []
    for day in range(first, first + days):
        for each in range(per_day):
            number = f"{source}-{day}-{each}"
            heads.append({"shop": source, "order_no": number, "channel": "web", "placed_day": day, "placed_ts": day * DAY + 3_600, **more})
            lines.append({"shop": source, "order_no": number, "line_no": "1", "sku": f"S{each}", "qty": 1, "gross": price + each, "cost": 900 if cost else None})
    products = tuple({"sku": f"S{each}", "category": "pots"} for each in range(per_day))
    return Export(name or f"orders-{first}.csv", (("product", products), ("orders", tuple(heads)), ("order_lines", tuple(lines))), as_of=(first + days) * DAY, source=source)


def ads(first: int, days: int, *, cost: int = 500, clicks: int = 50) -> Export:
    rows = tuple({"day": day, "last_day": day, "campaign": "brand", "clicks": clicks, "cost": cost + day % 7, "impressions": 1_000 + day % 5} for day in range(first, first + days))
    return Export(f"ads-{first}-{days}.csv", (("ad_performance", rows),), as_of=(first + days) * DAY, source="google")


def cover(opened: Workspace, source: str, kind: str, spans: Sequence[tuple[int, int]]) -> None:
    """Let ``source`` speak for days, an import a span, without any rows."""
    for first, last in spans:
        from store_making import head

        with loading(opened, head(Export(f"{source}-{kind}-{first}", (), as_of=(last + 1) * DAY, source=source))) as load:
            load.cover(kind, first, last)
            load.finish(read=0, dropped={}, findings=(), rejected=0)


def found(opened: Workspace, kind: str) -> list[Doubt]:
    """Return the doubts of a kind, having put all of them into words: no blank of a sentence stays open."""
    doubts = look_over(opened.conn).doubts
    for language in LANGUAGES:
        for told in (tell(doubt, language, opened.reporting_currency) for doubt in doubts):
            assert not set("{}") & set(told.title + told.text + told.example), told
    return [doubt for doubt in doubts if doubt.kind == kind]


def test_an_empty_workspace_has_nothing_to_doubt(shop: Workspace) -> None:
    assert look_over(shop.conn) == Quality(None)


def test_complete_data_that_agree_raise_no_doubt(shop: Workspace) -> None:
    for week in range(8):
        do(shop, orders(FIRST + 7 * week, 7))
        do(shop, ads(FIRST + 7 * week, 7))
    assert [doubt for doubt in look_over(shop.conn).doubts if doubt.kind != "no_owner"] == []


def test_a_source_is_late_once_its_rhythm_has_passed_by_the_days_of_the_others(shop: Workspace) -> None:
    for week in range(6):
        do(shop, orders(FIRST + 7 * week, 7))
        if week < 5:
            do(shop, ads(FIRST + 7 * week, 7))
    (late,) = found(shop, "late")
    assert (late.source, late.n, late.weight) == ("google", 7, "wrong")
    assert late.details["rhythm"] == 7 and late.details["last_day"] == FIRST + 34
    do(shop, ads(FIRST + 35, 7))
    assert not found(shop, "late")


def test_orders_are_late_when_two_others_have_gone_on_without_them(shop: Workspace) -> None:
    for week in range(5):
        do(shop, orders(FIRST + 7 * week, 7))
    weeks = [(FIRST + 7 * week, FIRST + 7 * week + 6) for week in range(6)]
    cover(shop, "ga4", "traffic", weeks)
    assert not found(shop, "late")
    cover(shop, "google", "ads", weeks)
    assert [late.source for late in found(shop, "late")] == ["shop"]


def test_a_source_of_another_rhythm_waits_for_its_own(shop: Workspace) -> None:
    do(shop, orders(FIRST, 120))
    cover(shop, "google", "ads", [(FIRST + 30 * month, FIRST + 30 * month + 29) for month in range(3)])
    cover(shop, "ga4", "traffic", [(FIRST + 30 * month, FIRST + 30 * month + 29) for month in range(4)])
    quality = look_over(shop.conn)
    paces = {one.source: (one.rhythm, one.pace) for one in quality.sources}
    assert paces["ga4"] == (30, "in_time")
    assert paces["google"] == (None, "unknown"), "two steps are no rhythm"


def test_a_source_that_has_stopped_for_long_is_only_mentioned(shop: Workspace) -> None:
    do(shop, orders(FIRST, 200))
    cover(shop, "google", "ads", [(FIRST + 7 * week, FIRST + 7 * week + 6) for week in range(6)])
    assert not found(shop, "late")
    assert [(doubt.source, doubt.weight) for doubt in found(shop, "stopped")] == [("google", "note")]


def test_days_left_out_between_two_reports_are_a_hole(shop: Workspace) -> None:
    do(shop, orders(FIRST, 60))
    cover(shop, "google", "ads", [(FIRST, FIRST + 19), (FIRST + 23, FIRST + 59)])
    (hole,) = found(shop, "hole")
    assert (hole.source, hole.n, hole.weight) == ("google", 3, "wrong")
    (days,) = [one for one in look_over(shop.conn).sources if one.source == "google"]
    assert days.holes == (FIRST + 20, FIRST + 21, FIRST + 22)


def test_a_weekday_on_which_a_shop_always_rests_is_no_hole(shop: Workspace) -> None:
    cover(shop, "shop", "sales", [(FIRST + 7 * week, FIRST + 7 * week + 5) for week in range(10)])
    assert not found(shop, "hole")


def test_counts_made_now_and_then_have_no_holes(shop: Workspace) -> None:
    do(shop, orders(FIRST, 60))
    cover(shop, "own", "stock", [(FIRST + 7 * week, FIRST + 7 * week) for week in range(8)])
    assert not found(shop, "hole")


def test_a_platform_that_counts_other_orders_is_held_against_them(shop: Workspace) -> None:
    do(shop, orders(FIRST, 30))
    rows = tuple({"day": day, "last_day": day, "variant": "day", "shop": "shop", "orders": 4 if day != FIRST + 10 else 9, "gross": 8_006} for day in range(FIRST, FIRST + 30))
    do(shop, Export("totals.csv", (("sales_daily", rows),), as_of=FIRST * DAY, source="shop"))
    (doubt,) = found(shop, "platform_total")
    assert (doubt.n, doubt.details["figure"]) == (1, "orders")
    assert (doubt.details["theirs"], doubt.details["ours"], doubt.details["apart"]) == (9, 4, -5)
    assert doubt.details["worst"] == (FIRST + 10, FIRST + 10)


def test_totals_of_days_that_no_file_of_orders_covers_are_not_held_against_it(shop: Workspace) -> None:
    do(shop, orders(FIRST + 20, 10))
    rows = tuple({"day": day, "last_day": day, "variant": "day", "shop": "shop", "orders": 4, "gross": 8_006} for day in range(FIRST, FIRST + 30))
    do(shop, Export("totals.csv", (("sales_daily", rows),), as_of=FIRST * DAY, source="shop"))
    assert not found(shop, "platform_total")


@pytest.mark.parametrize("signed", [1, -1])
def test_payouts_add_up_however_a_platform_writes_what_it_takes_off(shop: Workspace, signed: int) -> None:
    do(shop, orders(FIRST, 30))
    rows = [{"payout_no": f"P{week}", "shop": "shop", "day": FIRST + 7 * week, "gross": 56_042, "refunds": signed * 2_000, "fees": signed * 1_000, "adjustments": 0, "net": 53_042} for week in range(4)]
    do(shop, Export("payouts.csv", (("payouts", tuple(rows)),), as_of=FIRST * DAY, source="shop"))
    assert not found(shop, "payout_parts")
    rows[2] = {**rows[2], "net": 50_000}
    do(shop, Export("payouts2.csv", (("payouts", tuple(rows)),), as_of=FIRST * DAY + 1, source="shop"))
    (doubt,) = found(shop, "payout_parts")
    assert doubt.details["payout"] == "P2" and doubt.details["parts_minor"] == 53_042


def test_prices_in_another_unit_are_found_with_the_import_that_brought_them(shop: Workspace) -> None:
    do(shop, orders(FIRST, 40))
    do(shop, orders(FIRST + 40, 7, price=200_000, name="in pence.csv"))
    (jump,) = [doubt for doubt in found(shop, "jump") if doubt.details["series"] == "unit_price"]
    assert (jump.details["factor"], jump.n, jump.weight) == (100.0, 7, "wrong")
    assert jump.details["period"] == (FIRST + 40, FIRST + 46)
    blamed = {mend.import_id for mend in jump.mends}
    (import_id,) = shop.conn.execute("SELECT import_id FROM imports WHERE file = 'in pence.csv'").fetchone()
    assert blamed == {import_id}


def test_long_order_numbers_that_all_end_in_a_spreadsheets_zeros_are_damaged(shop: Workspace) -> None:
    def export(name: str, numbers: Sequence[str]) -> Export:
        heads = tuple({"shop": "shop", "order_no": number, "channel": "web", "placed_day": FIRST, "placed_ts": FIRST * DAY} for number in numbers)
        return Export(name, (("orders", heads),), as_of=FIRST * DAY)

    chance = random.Random(7)
    do(shop, export("whole.csv", [str(chance.randrange(10**18, 10**19)) for _ in range(50)]))
    assert not found(shop, "damaged_ids")
    do(shop, export("eaten.csv", [str(chance.randrange(10**14, 10**15)) + "0000" for _ in range(5)]))
    (doubt,) = found(shop, "damaged_ids")
    assert doubt.details["file"] == "eaten.csv" and doubt.n == 5


def test_skus_that_lost_their_zeros_stand_beside_those_that_did_not(shop: Workspace) -> None:
    do(shop, orders(FIRST, 3))
    do(shop, Export("products.csv", (("product", ({"sku": "00123", "name": "a"}, {"sku": "123", "name": "b"}, {"sku": "A.0", "name": "c"})),), as_of=1))
    (doubt,) = found(shop, "damaged_ids")
    assert (doubt.n, doubt.details["found"], doubt.details["was"]) == (1, "123", "00123")


def test_products_sold_without_cost_are_named_with_what_they_sold(shop: Workspace) -> None:
    do(shop, orders(FIRST, 30, cost=False))
    (doubt,) = found(shop, "no_cost")
    assert (doubt.n, doubt.details["all"], doubt.details["all_share"]) == (4, 4, 1.0)
    assert doubt.details["net_minor"] == 30 * (4 * 2_000 + 6)
    assert doubt.examples[0].text == "S3" and doubt.mends[0].kind == "costs"
    costs = tuple({"sku": f"S{each}", "unit_cost": 5_000_000} for each in range(3))
    do(shop, Export("costs.csv", (("product", costs),), as_of=1, source="own"))
    (doubt,) = found(shop, "no_cost")
    assert (doubt.n, doubt.details["net_minor"]) == (1, 30 * 2_003)


def test_orders_without_channel_count_with_their_share(shop: Workspace) -> None:
    do(shop, orders(FIRST, 15))
    do(shop, orders(FIRST + 15, 5, channel=None))
    (doubt,) = found(shop, "no_channel")
    assert (doubt.n, doubt.details["all"], doubt.weight) == (20, 80, "look")
    assert doubt.examples[0].text.startswith("shop-") and doubt.examples[0].record is not None


def test_rows_refused_are_a_doubt_until_their_import_is_taken_back(shop: Workspace) -> None:
    from store_making import head

    from ecoperf_desktop.store import ledger

    do(shop, orders(FIRST, 5))
    with loading(shop, head(Export("bad.csv", (), as_of=FIRST * DAY))) as load:
        load.cover("sales", FIRST, FIRST + 4)
        problem = Finding("importing.bad_number", "error", 12, 14, "Price", {"found": "67seasea"})
        import_id = load.finish(read=2, dropped={}, findings=(problem,), rejected=2).import_id
    (doubt,) = found(shop, "refused_rows")
    assert (doubt.n, doubt.details["read"], doubt.details["files"]) == (2, 2, 1)
    assert (doubt.examples[0].text, doubt.examples[0].record, doubt.examples[0].file) == ("Price 67seasea", 12, "bad.csv")
    ledger.undo(shop, [import_id])
    assert not found(shop, "refused_rows")


def test_refunds_of_orders_that_no_file_holds_are_named(shop: Workspace) -> None:
    do(shop, orders(FIRST, 5))
    do(shop, Export("refunds.csv", (("refunds", ({"shop": "shop", "refund_no": "R1", "order_no": "never seen", "refund_day": FIRST + 1, "goods": 100},)),), as_of=1))
    (doubt,) = found(shop, "unknown_orders")
    assert doubt.n == 1 and doubt.examples[0].text == "never seen"


def test_looking_over_depends_on_no_clock_and_no_order_of_imports(tmp_path: Path) -> None:
    exports = [orders(FIRST, 20), ads(FIRST, 20), orders(FIRST + 20, 20), ads(FIRST + 22, 18)]
    said = []
    for turn in (exports, exports[::-1]):
        opened = workspace(tmp_path, f"w{len(said)}.ecoperf")
        for export in turn:
            do(opened, export)
        said.append([(doubt.kind, doubt.weight, doubt.n, doubt.source, doubt.details) for doubt in look_over(opened.conn).doubts])
        opened.close()
    assert said[0] == said[1] and said[0]


# ---- jumps


@given(st.lists(st.floats(85, 115), min_size=15, max_size=60), st.sampled_from([100.0, 1000.0, 0.01, 0.001]), st.data())
def test_a_stretch_in_another_unit_is_found_from_its_first_to_its_last_day(steady: list[float], factor: float, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(8, len(steady) - 1))
    until = draw.draw(st.integers(at, len(steady) - 1))
    values = [value * factor if at <= day <= until else value for day, value in enumerate(steady)]
    (hit,) = jumps(list(enumerate(values)))
    assert (hit.first, hit.last, hit.factor, hit.days) == (at, until, factor, until - at + 1)


@given(st.lists(st.floats(1, 40), min_size=1, max_size=80))
def test_what_varies_by_less_than_a_change_of_unit_never_jumps(values: list[float]) -> None:
    assert jumps(list(enumerate(values))) == []


def test_a_series_that_always_varies_wildly_does_not_jump() -> None:
    chance = random.Random(3)
    assert jumps([(day, 10 ** chance.uniform(0, 3)) for day in range(200)]) == []


def test_a_promotion_of_twenty_times_the_sales_is_business() -> None:
    assert jumps([(day, 2_000.0 if day in (30, 31) else 100.0 + day % 9) for day in range(60)]) == []
