"""The customers' page on a shop whose every customer is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import little_shop
import pytest

from ecoperf_desktop.metrics.methods import recency
from ecoperf_desktop.model.days import Grain, parse_day
from ecoperf_desktop.reports.blocks import (
    BarCell,
    Figure,
    Heat,
    Histogram,
    KpiCard,
    Lines,
    NumberCell,
    PageSummary,
    Points,
    Stack,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.store.database import Workspace

# A Sunday; April is five days old.  The data begin in December, so what looks back further bears a dagger.
LAST = parse_day("2026-04-05")
PRICE = 10_000


def _orders() -> list[tuple[str, str]]:
    """Return buyers and days: twenty who came in December, ten in February, three in April."""
    made = [(f"d{buyer}", "2025-12-10") for buyer in range(20)]
    made += [(f"d{buyer}", "2026-01-15") for buyer in range(10)]
    made += [(f"f{buyer}", "2026-02-05") for buyer in range(10)]
    made += [(f"d{buyer}", "2026-02-20") for buyer in range(5)]
    made += [(f"f{buyer}", "2026-03-01") for buyer in range(4)]
    made += [(f"a{buyer}", "2026-04-02") for buyer in range(3)]
    return [*made, ("d0", "2026-04-03"), ("a0", "2026-04-05")]


def _sales(bought: Sequence[tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    orders, lines = [], []
    for number, (buyer, day) in enumerate(bought):
        placed = parse_day(day)
        orders.append({"shop": "S", "order_no": f"O{number}", "buyer": buyer, "region": "X", "placed_ts": placed * 86_400 + 43_200, "placed_day": placed})
        lines.append({"shop": "S", "order_no": f"O{number}", "line_no": "1", "sku": "A", "qty": 1, "gross": PRICE, "discount": 0, "cost": PRICE // 2})
    return {"orders": orders, "order_lines": lines}


def _answers() -> dict[str, list[dict[str, Any]]]:
    scores = [10] * 18 + [8] * 6 + [3] * 6
    return {
        "surveys": [
            {"shop": "S", "response_no": f"N{number}", "kind": "NPS", "day": LAST - number % 5, "scale_max": 10, "score": score}
            for number, score in enumerate(scores)
        ]
    }


Made = Callable[..., PageSummary]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Made:
    path = tmp_path_factory.mktemp("customers") / "shop.eco"
    _write(path, {"orders.csv": _sales(_orders()), "answers.csv": _answers()})

    def made(**changes: Any) -> PageSummary:
        with Workspace.open(path) as opened:
            return summarise(little_shop.engine(opened), "customers", little_shop.scope(day=LAST, **changes))

    return made


def _write(path: Path, files: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> None:
    with Workspace.open(path, write=True) as opened:
        for name, tables in files.items():
            little_shop._load(opened, name, tables)


def plain(figure: Figure | None) -> str:
    """Return a figure as it is written, without the mark of incomplete days."""
    return "" if figure is None else figure.text.rstrip("†")


def one(summary: PageSummary, kind: type, title: str = "") -> Any:
    found = [block for block in summary.blocks if isinstance(block, kind) and block.title.startswith(title)]
    assert len(found) == 1, [block.title for block in found]
    return found[0]


def table(summary: PageSummary, key: str) -> Table:
    return next(block for block in summary.blocks if isinstance(block, Table) and block.key == key)


def test_a_cohort_shows_who_came_back_in_which_month_and_hatches_the_running_one(page: Made) -> None:
    heat = one(page(), Heat)
    rows = {row.label: row for row in heat.rows}
    assert len(rows) == 12 and heat.columns[0] == "M1"
    december = rows["2025-12"]
    assert december.size is not None and december.size.value == 20
    shown = [None if cell is None else (cell.figure.text, cell.is_running) for cell in december.cells]
    assert shown[:5] == [("50.0", False), ("25.0", False), ("0.0", False), ("5.0", True), None]
    february = [None if cell is None else (cell.figure.text, cell.is_running) for cell in rows["2026-02"].cells]
    assert february[:3] == [("40.0", False), ("0.0", True), None]
    assert rows["2026-04"].size is not None and rows["2026-04"].size.value == 3
    assert set(rows["2026-04"].cells) == {None}, "nothing is due yet"
    assert heat.hint == "hatched: Apr has 5 days only"


def test_cohorts_are_pooled_by_the_engine_over_those_old_enough(page: Made) -> None:
    foot = one(page(), Heat).foot
    assert foot is not None and foot.size is not None and foot.size.value == 33
    assert [cell and cell.figure.text for cell in foot.cells[:2]] == ["46.7", "25.0"], "14 of 30, 5 of 20"


def test_a_repeat_rate_stands_only_where_everybody_has_had_ninety_days(page: Made) -> None:
    rows = {row.label: row.side for row in one(page(), Heat).rows}
    assert plain(rows["2025-12"]) == "50.0%"
    assert rows["2026-02"] is not None and rows["2026-02"].value is None and rows["2026-02"].reason
    card = next(block for block in page().blocks if isinstance(block, KpiCard) and block.title.startswith("Repurchase"))
    assert plain(card.figure) == "50.0%"
    assert "2025-12" in card.line and "n 20" in card.line


def test_every_number_of_a_cohort_explains_itself(page: Made) -> None:
    cell = next(row for row in one(page(), Heat).rows if row.label == "2025-12").cells[0]
    assert cell is not None and cell.figure.reference is not None
    assert cell.figure.reference.where == (("cohort", "2025-12"), ("age", "01"))


def test_groups_of_customers_add_up_to_all_of_them_and_to_what_they_spent(page: Made) -> None:
    segments = table(page(), "segments")
    *rows, total = segments.rows
    assert [row.key for row in rows] == [group.code for group in recency.groups() if group.code in {row.key for row in rows}]
    customers = [cell.figure.value for row in rows for cell in row.cells[1:2] if isinstance(cell, NumberCell)]
    assert sum(customers) == 33 == total.cells[1].figure.value  # type: ignore[union-attr]
    shares = [cell.figure.value for row in rows for cell in row.cells if isinstance(cell, BarCell)]
    assert sum(shares) == 1
    each = total.cells[4]
    assert isinstance(each, NumberCell) and each.figure.value == Fraction(PRICE * len(_orders()), 33)
    assert segments.subtitle.endswith("known customers are 100.0% of net sales")


def test_groups_have_their_names_in_the_language_of_the_page(page: Made) -> None:
    known = {group.code: group.name["zh"] for group in recency.groups()}
    rows = table(page(language="zh"), "segments").rows[:-1]
    assert rows and all(isinstance(row.cells[0], TextCell) and row.cells[0].text == known[row.key] for row in rows)


def test_new_and_returning_sales_are_stacked_beside_net_sales(page: Made) -> None:
    stack = one(page(), Stack)
    assert len(stack.labels) == 13 and len(stack.moments) == 13
    returning, new = stack.parts
    assert (returning.name, new.name) == ("Returning", "New")
    assert (new.points[-1].value, returning.points[-1].value) == (3 * PRICE, 2 * PRICE)
    assert stack.totals[-1].value == 5 * PRICE
    assert new.last.text == "60.0%"


def test_days_between_purchases_stand_in_classes_with_their_median(page: Made) -> None:
    pauses = one(page(), Histogram)
    counts = {each.label: each.count.value for each in pauses.bins if each.count is not None and each.count.value}
    # Three days, 24 four times, 36 fifteen times, 42 once.
    assert counts == {"0–29": 5, "30–59": 16}
    assert sum(each.figure.value for each in pauses.bins) == 1
    assert pauses.median == 36 and "36" in pauses.median_text
    assert pauses.bins[-1].high is None and pauses.bins[-1].figure.value == 0


def test_who_came_back_is_told_by_days_of_those_who_had_the_time(page: Made) -> None:
    curve = one(page(), Lines, "Back within")
    assert curve.labels == ("30", "60", "90"), "nobody has had 120 days"
    assert [plain(figure) for figure in curve.series[0].figures] == ["13.3%", "50.0%", "50.0%"], "4 of 30, 10 of 20"
    assert plain(curve.figure) == "50.0%"


def test_the_promoter_score_has_its_margin_and_its_parts(page: Made) -> None:
    summary = page()
    scores = one(summary, Points)
    newest = scores.points[-1]
    assert newest.figure.value == 40 and newest.count is not None and newest.count.value == 30 and not newest.is_hollow
    assert newest.low is not None and newest.high is not None
    # 1.96 √((24/30 − 0.4²) / 30) is 28.6 points.
    assert (round(newest.low.place or 0, 1), round(newest.high.place or 0, 1)) == (11.4, 68.6)
    assert [(bar.label, plain(bar.figure)) for bar in scores.strip] == [("Detractors", "20.0%"), ("Passives", "20.0%"), ("Promoters", "60.0%")]
    assert all(point.figure.value is None and point.figure.reason for point in scores.points[:-1])
    card = next(block for block in summary.blocks if isinstance(block, KpiCard) and block.title == "NPS")
    assert "± 29" in card.line and "n 30" in card.line


def test_numbers_of_months_are_those_of_the_last_whole_one(page: Made) -> None:
    rows = {row.key: [cell.text for cell in row.cells] for row in table(page(), "loyalty").rows}
    # Of the fifteen buyers of February four bought in March.
    assert rows["retention_rate"][:3] == ["Retention (Mar)", "26.7%", "15"]
    assert rows["buyers"][1] == "4"
    month = {row.key: row.cells[0].text for row in table(page(as_grain=Grain.MONTH, grain=Grain.MONTH), "loyalty").rows}
    assert month["retention_rate"] == "Retention"


def test_what_was_never_imported_is_left_out_and_the_rest_stands(tmp_path: Path) -> None:
    path = tmp_path / "sales.eco"
    _write(path, {"orders.csv": _sales(_orders())})
    with Workspace.open(path) as opened:
        summary = summarise(little_shop.engine(opened), "customers", little_shop.scope(day=LAST))
    assert not [block for block in summary.blocks if isinstance(block, Points)]
    assert not [block for block in summary.blocks if isinstance(block, Table) and block.key == "satisfaction"]
    card = next(block for block in summary.blocks if isinstance(block, KpiCard) and block.title == "NPS")
    assert (card.figure.text, card.spark) == ("–", None) and card.line
    assert one(summary, Heat) and one(summary, Stack)


def test_orders_without_buyers_make_no_cohorts(tmp_path: Path) -> None:
    path = tmp_path / "guests.eco"
    sales = _sales(_orders())
    for order in sales["orders"]:
        del order["buyer"]
    _write(path, {"orders.csv": sales})
    with Workspace.open(path) as opened:
        summary = summarise(little_shop.engine(opened), "customers", little_shop.scope(day=LAST))
    assert not [block for block in summary.blocks if isinstance(block, Heat | Histogram | Stack)]
    assert not [block for block in summary.blocks if isinstance(block, Table) and block.key in ("segments", "loyalty")]


def test_a_filter_by_shop_or_channel_keeps_the_page_whole(page: Made) -> None:
    summary = page(shop="S")
    assert one(summary, Heat).foot is not None
    assert table(summary, "segments").rows[-1].cells[1].text == "33†"


def test_what_a_platform_says_of_the_shop_stands_beside_the_industry(tmp_path: Path) -> None:
    said = [
        {"day": LAST - back, "shop": "S", "indicator": indicator, "score": score - back / 100, "scale_max": scale, "industry": industry}
        for back in (7, 0)
        for indicator, score, scale, industry in (("item", 4.86, 5.0, 4.79), ("reply_rate", 0.981, 1.0, None), ("own_word", 4.5, 5.0, 4.6))
    ]
    path = tmp_path / "scores.eco"
    _write(path, {"scores.csv": {"shop_scores": said}})
    with Workspace.open(path) as opened:
        scores = table(summarise(little_shop.engine(opened), "customers", little_shop.scope(day=LAST)), "shop_scores")
    assert [[cell.text for cell in row.cells] for row in scores.rows] == [
        ["As described", "4.86", "4.79", "+0.07", "5 Apr 2026"],
        ["Answered", "98.1%", "–", "–", "5 Apr 2026"],
        ["own_word", "4.50", "4.60", "−0.10", "5 Apr 2026"],
    ]
    missing = scores.rows[1].cells[2]
    assert isinstance(missing, NumberCell) and missing.figure.reason == "The file states no number of the industry."
