"""The Marketing tab: spend against orders, what platforms claim, web search, mailings and posts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import little_shop
import pytest
from little_shop import LAST, _load

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import Bars, NumberCell, PageSummary, Scatter, StateCell, Table
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.store import brands
from ecoperf_desktop.store.database import Workspace

WEEKS = 40
FIRST = LAST - WEEKS * 7 + 1
SHOPS = ("North", "South")


def _spent(week: int, shop: str) -> int:
    """Return a day's spend: it varies from week to week, by more in the north."""
    return 1_000 + (300 if shop == "North" else 200) * ((week * 5) % 7)


def _sold(week: int, shop: str) -> int:
    """Return a day's sales: every unit of spend brings four in the north, and half a unit in the south."""
    wobble = 100 * ((week * 11) % 5 - 2)
    return 20_000 + (4 * _spent(week, shop) if shop == "North" else _spent(week, shop) // 2) + wobble


def _orders() -> dict[str, list[dict[str, Any]]]:
    orders, lines = [], []
    for day in range(FIRST, LAST + 1):
        for shop in SHOPS:
            number = f"{shop}{day}"
            gross = _sold((day - FIRST) // 7, shop)
            orders.append({"shop": shop, "order_no": number, "buyer": number, "placed_ts": day * 86_400 + 43_200, "placed_day": day})
            lines.append({"shop": shop, "order_no": number, "line_no": "1", "sku": "A", "qty": 1, "gross": gross, "cost": gross // 2})
    return {"orders": orders, "order_lines": lines}


def _ads() -> list[dict[str, Any]]:
    """Both platforms belong to a shop each; of the second's channel no order tells."""
    rows = []
    for day in range(FIRST, LAST + 1):
        for shop, channel in zip(SHOPS, ("Ads one", "Ads two"), strict=True):
            cost = _spent((day - FIRST) // 7, shop)
            rows.append(
                {"day": day, "last_day": day, "shop": shop, "channel": channel, "campaign": f"{channel} all", "impressions": 9_000,
                 "clicks": 90, "cost": cost, "conversions": 3.0, "conv_value": 30_000}
            )  # fmt: skip
    return rows


def _searches() -> list[dict[str, Any]]:
    rows = []
    for day in range(LAST - 55, LAST + 1):
        is_new = day > LAST - 28
        rows.append({"day": day, "last_day": day, "shop": "North", "variant": "date", "engine": "google", "query": None,
                     "impressions": 900, "clicks": 90, "position_weighted": 3_600.0})  # fmt: skip
        for place, query in enumerate(("north shop", "bowl", "plate", "cup", "tray")):
            clicks = 10 + place + (5 if is_new and query == "bowl" else 0)
            rows.append({"day": day, "last_day": day, "shop": "North", "variant": "query", "engine": "google", "query": query,
                         "impressions": 100, "clicks": clicks, "position_weighted": 100.0 * (place + (1 if is_new else 2))})  # fmt: skip
    return rows


def _mailed() -> list[dict[str, Any]]:
    return [
        {"day": LAST - 7 * back, "shop": "North", "campaign": f"Letter {back}", "sent": 1_000, "delivered": 990, "unique_opens": 300,
         "unique_clicks": 30, "unsubscribes": 2, "complaints": 1, "revenue": 99_000}
        for back in range(3)
    ]  # fmt: skip


def _posted() -> list[dict[str, Any]]:
    return [
        {"day": LAST - 3, "shop": "North", "channel": "red", "account": account, "impressions": shown, "engagements": shown // 10}
        for account, shown in (("bowls", 5_000), ("plates", 3_000))
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marketing") / "shop.ecoperf"
    with Workspace.open(path, write=True) as opened:
        _load(opened, "orders.csv", _orders())
        _load(opened, "ads.csv", {"ad_performance": _ads()})
        _load(opened, "search.csv", {"search_performance": _searches()})
        _load(opened, "mail.csv", {"email_performance": _mailed()})
        _load(opened, "posts.csv", {"social_performance": _posted()})
        brands.keep(opened.conn, ["north"])
        opened.conn.commit()
    return path


@pytest.fixture
def shop(made: Path) -> Iterator[Engine]:
    opened = Workspace.open(made)
    yield little_shop.engine(opened)
    opened.close()


def page(engine: Engine, **changes: Any) -> PageSummary:
    return summarise(engine, "marketing", little_shop.scope(**changes))


def table(summary: PageSummary, key: str) -> Table:
    return next(block for block in summary.blocks if isinstance(block, Table) and block.key == key)


def row(found: Table, key: str) -> dict[str, Any]:
    cells = next(row.cells for row in found.rows if row.key == key)
    return {column.key: cell for column, cell in zip(found.columns, cells, strict=True)}


def asked(engine: Engine, metric: str, **question: Any) -> dict[str, Any]:
    found = engine.answer([Question((metric,), little_shop.scope().period, **question)])[0]
    return {next(iter(value.per.values()), ""): value for value in found}


def test_each_shop_stands_against_its_own_ads(shop: Engine) -> None:
    found = table(page(shop), "spend_shop")
    for metric, column in (("ad_cost", "ad_cost"), ("mer", "mer"), ("marginal_roas", "marginal_roas"), ("ad_roas", "ad_roas")):
        told = asked(shop, metric, per=("shop",))
        for name in SHOPS:
            figure = row(found, name)[column].figure
            assert figure.value == told[name].value, (metric, name)
            assert figure.reference is not None and ("shop", name) in figure.reference.where
        assert row(found, "total")[column].figure.value == asked(shop, metric)[""].value, metric
    net = asked(shop, "net_sales", per=("shop",))["North"].value
    assert row(found, "North")["mer"].figure.value * row(found, "North")["ad_cost"].figure.value == net


def test_more_spend_is_called_worth_it_only_when_its_whole_interval_is_beyond_break_even(shop: Engine) -> None:
    found = table(page(shop), "spend_shop")
    north, south = row(found, "North"), row(found, "South")
    # Half of each sale is left: two units of sales pay for one of ads.
    assert float(asked(shop, "break_even_roas", per=("shop",))["North"].value) == pytest.approx(2, abs=0.01)
    assert isinstance(north["reading"], StateCell)
    assert (north["reading"].text, north["reading"].state.tone) == ("earns", "neutral")
    assert (south["reading"].text, south["reading"].state.tone) == ("loses money", "worse")
    assert south["slope"].high < south["slope"].against, "the interval lies wholly below break-even"
    assert north["slope"].low > north["slope"].against


def test_a_platform_of_which_no_order_tells_has_no_return_of_its_own(shop: Engine) -> None:
    found = table(page(shop), "spend_channel")
    one = row(found, "Ads one")
    assert one["ad_cost"].figure.value == sum(_spent(WEEKS - 1, "North") for _ in range(7))
    assert (one["mer"].figure.value, one["mer"].figure.text) == (None, "–")
    assert "Orders do not say" in one["mer"].figure.reason
    assert one["reading"].text == "cannot tell"
    assert one["ad_roas"].figure.value is not None, "what the platform claims is shown as a claim"


def test_claims_stand_beside_what_was_paid_for_each_shop_and_in_all(shop: Engine) -> None:
    (bars,) = (block for block in page(shop).blocks if isinstance(block, Bars))
    assert bars.names == ("paid, from orders", "claimed by platforms")
    assert {bar.label for bar in bars.bars} == {*SHOPS, "Total"}
    for bar in bars.bars:
        assert bar.against is not None
        assert bar.against.value == 30_000 * 7 * (2 if bar.label == "Total" else 1)
    total = bars.bars[-1]
    assert total.figure.value == sum(_sold(WEEKS - 1, name) * 7 for name in SHOPS)
    assert total.second in bars.foot


def test_weeks_are_dots_and_the_line_goes_through_their_means(shop: Engine) -> None:
    scatter = next(block for block in page(shop).blocks if isinstance(block, Scatter) and block.label_title == "Week")
    assert len(scatter.dots) == 26
    assert [dot.label for dot in scatter.dots if dot.is_marked] == ["W33"]
    average, marginal = scatter.traces
    assert average.is_dashed and not marginal.is_dashed
    details = asked(shop, "marginal_roas")[""].details
    spend, result = details["spend_mean"], details["result_mean"]
    assert (spend, pytest.approx(result)) in [(x, y) for x, y in marginal.places]
    assert all(low <= y <= high for (_, y), low, high in zip(marginal.places, marginal.lows, marginal.highs, strict=True))
    promoted = [dot for dot in scatter.dots if dot.is_hollow]
    assert len(scatter.dots) - len(promoted) == details["weeks"], "those left out of the line are hollow"


def test_searches_are_set_against_the_four_weeks_before_and_the_shops_own_name_is_marked(shop: Engine) -> None:
    found = table(page(shop), "queries")
    bowl, brand = row(found, "bowl"), row(found, "north shop")
    assert bowl["seo_clicks"].figure.value == 28 * 16
    assert bowl["change"].text == "+45.5%"
    assert float(bowl["seo_position"].figure.value) == 2
    assert float(bowl["moved"].figure.value) == -1
    assert brand["query"].pill == "brand" and bowl["query"].pill is None
    assert row(found, "total")["seo_clicks"].figure.value == 28 * 90, "the report's own total, not that of the queries"
    dots = next(block for block in page(shop).blocks if isinstance(block, Scatter) and block.label_title == "Query")
    assert {dot.label: float(dot.x.value or 0) for dot in dots.dots}["tray"] == 5


def test_mailings_are_told_with_what_opens_are_worth(shop: Engine) -> None:
    found = table(page(shop), "mailings")
    letter = row(found, "Letter 0")
    assert letter["n"].figure.value == 1_000
    assert float(letter["email_click_rate"].figure.value) == pytest.approx(30 / 990)
    assert letter["email_revenue_per_delivered"].figure.value == 100
    assert row(found, "total")["n"].figure.value == 3_000
    assert "overstated" in found.foot


def test_posts_are_told_by_account(shop: Engine) -> None:
    found = table(page(shop), "social")
    assert row(found, "bowls")["social_impressions"].figure.value == 5_000
    assert "followers" not in {column.key for column in found.columns}, "nobody tells of followers"


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_for_every_length_and_language(shop: Engine, grain: Grain, language: str) -> None:
    for block in page(shop, grain=grain, as_grain=grain, language=language).blocks:
        for line in table_of(block).rows:
            for cell in line.cells:
                assert not cell.text.startswith("reports."), (block, cell)
                if isinstance(cell, NumberCell) and cell.figure.value is None and cell.figure.text:
                    assert cell.figure.reason, (block, cell)


def test_without_ads_there_is_no_claim_and_no_return(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.ecoperf", write=True) as opened:
        _load(opened, "orders.csv", _orders())
        _load(opened, "search.csv", {"search_performance": _searches()})
        summary = page(little_shop.engine(opened))
    keys = {block.key for block in summary.blocks if isinstance(block, Table)}
    assert "queries" in keys and not keys & {"spend_shop", "spend_channel", "campaigns", "mailings", "social"}
    assert not [block for block in summary.blocks if isinstance(block, Bars)]
    assert [block.label_title for block in summary.blocks if isinstance(block, Scatter)] == ["Query"]


def test_weeks_before_of_which_a_report_tells_only_a_part_make_no_change(tmp_path: Path) -> None:
    """Queries of a whole month across the edge of the weeks before are in neither: a change against the rest would be made up."""
    spans = [(LAST - 27, LAST), (LAST - 41, LAST - 28), (LAST - 70, LAST - 42)]
    rows = [
        {"day": first, "last_day": last, "shop": "North", "variant": "query", "engine": "google", "query": query, "impressions": 500,
         "clicks": 70, "position_weighted": 900.0}
        for first, last in spans for query in ("bowl", "cup")
    ]  # fmt: skip
    with Workspace.open(tmp_path / "w.ecoperf", write=True) as opened:
        _load(opened, "search.csv", {"search_performance": rows})
        cell = row(table(page(little_shop.engine(opened)), "queries"), "bowl")["change"]
    assert (cell.figure.value, cell.text) == (None, "–")
    assert cell.figure.reason and not cell.figure.reason.startswith("metrics.")
