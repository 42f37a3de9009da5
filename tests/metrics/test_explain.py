"""A number leads back to the rows of the files it was read from."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore
from random_shop import DAYS, random_shop
from stated_shop import stated_shop

from ecoperf_desktop import language
from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.explain import explain
from ecoperf_desktop.metrics.recomputed import recompute
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Distinct, Given, Last, Metric, Percentile, Ratio, Sum
from ecoperf_desktop.model.value import Explanation
from ecoperf_desktop.store import sums

WHOLE = Period(DAY_1, DAY_1 + DAYS - 1)
METRICS = catalogue().metrics


@pytest.fixture(scope="module")
def shop() -> SmallStore:
    store = random_shop(11)
    sums.ensure(store.conn)
    return store


def _explained(store: SmallStore, metric: str, period: Period = WHOLE, where: Any = (), limit: int | None = None) -> Explanation:
    return explain(Engine(store.conn, catalogue()), metric, period, where, limit)


def _is_additive(metric: Metric) -> bool:
    """Say whether the metric is made of nothing but measures that are added."""
    calculation = metric.calculation
    return isinstance(calculation, Sum) and all(
        "." in term.of or _is_additive(catalogue().metric(term.of)) for term in calculation.terms
    )


@pytest.mark.parametrize("metric", [metric.id for metric in METRICS.values() if _is_additive(metric)])
@pytest.mark.parametrize("period", [WHOLE, Period(DAY_1 + 5, DAY_1 + 11)])
def test_what_the_rows_of_a_sum_contribute_adds_up_to_it(shop: SmallStore, metric: str, period: Period) -> None:
    found = _explained(shop, metric, period)
    assert found.row_count == len(found.rows)
    if found.value.value is not None:
        assert sum(row.contributes for row in found.rows) == pytest.approx(float(found.value.value))


@pytest.mark.parametrize("metric", ["total_sales", "gross_profit", "contribution_margin"])
def test_a_formula_that_only_adds_is_explained_like_a_sum(metric: str) -> None:
    store = SmallStore()
    order = store.order(
        DAY_1, {"gross_minor": 900, "discount_minor": 100, "cost_minor": 300, "tax_in_price_minor": 50}, shipping_minor=70, tax_added_minor=9,
        platform_fee_minor=11,
    )  # fmt: skip
    store.refund(DAY_1 + 1, 200, order_id=order, shipping_minor=5, restocked_cost_minor=40)
    store.add("ad_performance", day=DAY_1, cost_minor=33)
    sums.ensure(store.conn)
    found = _explained(store, metric, Period(DAY_1, DAY_1 + 6))
    assert found.value.value is not None
    assert sum(row.contributes for row in found.rows) == found.value.value


@pytest.mark.parametrize("metric", [metric.id for metric in METRICS.values() if isinstance(metric.calculation, Ratio)])
def test_the_rows_of_a_quotient_contribute_to_its_numerator(shop: SmallStore, metric: str) -> None:
    calculation = METRICS[metric].calculation
    assert isinstance(calculation, Ratio)
    parts = [catalogue().metric(term.of) for term in calculation.over if "." not in term.of]
    if calculation.complement or not all(_is_additive(part) for part in parts):
        return
    found = _explained(shop, metric)
    if found.value.numerator is not None:
        assert sum(row.contributes for row in found.rows) == pytest.approx(float(found.value.numerator))


@pytest.mark.parametrize("metric", list(METRICS))
def test_every_metric_can_be_explained(shop: SmallStore, metric: str) -> None:
    found = _explained(shop, metric, limit=3)
    assert len(found.rows) == min(found.row_count, 3)
    assert found.name and found.definition and found.formula
    assert (found.row_count == 0) or found.value.reason != "metrics.not_covered"
    calculation = METRICS[metric].calculation
    if isinstance(calculation, Distinct) and found.value.value:
        assert sum(row.contributes for row in _explained(shop, metric).rows) == found.value.value
    if isinstance(calculation, Percentile) and found.value.value is not None:
        assert found.value.value in {row.contributes for row in _explained(shop, metric).rows}
    if isinstance(calculation, Last | Given) and found.value.value is not None:
        assert sum(row.contributes for row in _explained(shop, metric).rows) == found.value.value


def test_filters_hold_for_the_rows_too(shop: SmallStore) -> None:
    every = _explained(shop, "gross_sales")
    mine = _explained(shop, "gross_sales", where=(("shop", "Second"),))
    assert 0 < mine.row_count < every.row_count
    assert sum(row.contributes for row in mine.rows) == mine.value.value


def test_a_half_price_is_explained_exactly() -> None:
    store = SmallStore()
    store.order(DAY_1, {"gross_minor": 5, "qty": 2})
    store.order(DAY_1, {"gross_minor": 2, "qty": 1})
    sums.ensure(store.conn)
    found = _explained(store, "aov", Period(DAY_1, DAY_1))
    assert (found.value.value, found.value.numerator, found.value.denominator) == (Fraction(7, 2), 7, 2)
    assert sorted((row.table, row.contributes) for row in found.rows) == [
        ("order_lines", 2), ("order_lines", 5), ("orders", 0), ("orders", 0),
    ]  # fmt: skip


def test_only_the_report_that_answered_is_named() -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="date", sessions=100)
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="device", device="mobile", sessions=99)
    sums.ensure(store.conn)
    found = _explained(store, "sessions", Period(DAY_1, DAY_1))
    assert [row.contributes for row in found.rows] == [100]


def test_a_row_shows_file_record_and_text() -> None:
    store = SmallStore()
    store.conn.execute("UPDATE imports SET header = ?, hashed = ?, file = 'week.csv', member = 'a', delimiter = ','", (
        json.dumps(["No", "Mail", "Price"]), json.dumps(["Mail"])))  # fmt: skip
    store.conn.execute("UPDATE imports SET hidden = ?", (json.dumps(["Mail"]),))
    store.conn.execute("INSERT INTO raw_block VALUES (1, 1, 2, ?)", (zlib.compress(b"A1,9.00\nA2,4.50\n"),))
    store.order(DAY_1, {"gross_minor": 450, "record": 2})
    sums.ensure(store.conn)
    (row,) = _explained(store, "gross_sales", Period(DAY_1, DAY_1)).rows
    assert (row.table, row.import_id, row.file, row.member, row.sha256, row.record) == ("order_lines", 1, "week.csv", "a", "x", 2)
    assert row.contributes == 450
    assert row.raw == {"No": "A2", "Mail": "(hashed)", "Price": "4.50"}


def test_texts_are_in_the_persons_language(shop: SmallStore) -> None:
    language.set_language("zh")
    try:
        assert _explained(shop, "net_sales", limit=0).name == METRICS["net_sales"].name["zh"]
    finally:
        language.set_language("en")


def test_an_unknown_metric_is_refused_with_near_names(shop: SmallStore) -> None:
    with pytest.raises(MetricRefused, match="net_sales"):
        _explained(shop, "net_sale")


@pytest.fixture(scope="module")
def stated() -> SmallStore:
    store = stated_shop(3)
    sums.ensure(store.conn)
    return store


def test_a_row_of_a_quotient_says_on_which_side_it_stands(stated: SmallStore) -> None:
    found = _explained(stated, "gross_margin")
    assert (found.numerator, found.denominator) == ("Gross profit", "net sales without tax")
    assert (found.over, found.under) == ("money", "money")
    assert sum(row.contributes for row in found.rows) == found.value.numerator
    assert sum(row.under for row in found.rows) == found.value.denominator
    for row in _explained(stated, "aov").rows:
        assert row.counts_in == ("over" if row.table == "order_lines" else "under")


def test_what_a_number_is_made_of_gives_the_number(stated: SmallStore) -> None:
    profit = _explained(stated, "gross_profit", limit=0)
    assert [(part.metric, part.sign) for part in profit.parts] == [("net_sales_ex_tax", 1), ("cogs", -1)]
    assert profit.value.value == sum(part.sign * (part.value.value or 0) for part in profit.parts)
    margin = _explained(stated, "gross_margin", limit=0)
    assert [(part.metric, part.side) for part in margin.parts] == [("gross_profit", "over"), ("net_sales_ex_tax", "under")]
    assert [part.metric for part in margin.parts[0].parts] == ["net_sales_ex_tax", "cogs"]
    over, under = (part.value.value for part in margin.parts)
    assert over is not None and under is not None and margin.value.value == Fraction(over, under)


@pytest.mark.parametrize("metric", ["net_sales", "gmv_placed", "aov", "repeat_purchase_rate", "stockout_rate", "ad_roas", "sessions", "dead_stock_value"])
def test_rows_come_page_by_page_as_they_come_at_once(shop: SmallStore, metric: str) -> None:
    every = _explained(shop, metric)
    assert every.is_whole
    paged: list[Any] = []
    while len(paged) < every.row_count:
        page = explain(Engine(shop.conn, catalogue()), metric, WHOLE, (), 7, offset=len(paged))
        assert page.rows and page.row_count == every.row_count and page.offset == len(paged)
        paged += page.rows
    assert paged == list(every.rows)


@pytest.mark.parametrize("metric", [metric.id for metric in METRICS.values() if not metric.internal])
def test_the_imports_count_every_row(shop: SmallStore, metric: str) -> None:
    found = _explained(shop, metric, limit=0)
    assert sum(entry.rows for entry in found.imports) == found.row_count
    assert found.row_count == len(_explained(shop, metric).rows)


def test_rows_of_several_imports_are_counted_for_each() -> None:
    store = SmallStore()
    store.conn.execute("INSERT INTO imports SELECT 2, " + ", ".join(_columns(store)[1:]) + " FROM imports WHERE import_id = 1")
    for day, came_with in ((DAY_1, 1), (DAY_1, 2), (DAY_1 + 1, 2), (DAY_1 + 2, 1)):
        store.order(day, {"gross_minor": 100, "import_id": came_with})
    sums.ensure(store.conn)
    found = _explained(store, "gross_sales", Period(DAY_1, DAY_1 + 6))
    assert {entry.import_id: entry.rows for entry in found.imports} == {1: 2, 2: 2}


@pytest.mark.parametrize("replaced", [False, True])
def test_lines_that_others_stand_for_are_not_counted(replaced: bool) -> None:
    store = SmallStore(days=30)
    for day in range(20):
        store.order(DAY_1 + day, dict(gross_minor=100), dict(gross_minor=100, is_whole=1, is_replaced=1) if replaced else {"gross_minor": 0})
    found = _explained(store, "net_sales")
    assert found.row_count == len(found.rows) == (20 if replaced else 40)
    assert [row.day for row in found.rows] == sorted(row.day or 0 for row in found.rows)


def _columns(store: SmallStore) -> list[str]:
    return [row[1] for row in store.conn.execute("PRAGMA table_info(imports)")]


@pytest.mark.parametrize("metric", [metric.id for metric in METRICS.values() if not metric.internal])
def test_every_number_of_the_random_shop_is_that_of_its_rows(shop: SmallStore, metric: str) -> None:
    for where in ((), *(((dimension, ""),) for dimension in METRICS[metric].dimensions[:2])):
        found = _explained(shop, metric, WHOLE, where)
        if found.value.value is not None:
            again = recompute(found, conn=shop.conn)
            # Of a part that has nothing on a day on which the whole was counted there is no row to name.
            assert float(again or 0) == pytest.approx(float(found.value.value), rel=1e-12, abs=1e-12)


def test_a_number_cannot_be_worked_out_from_some_of_its_rows(shop: SmallStore) -> None:
    with pytest.raises(ValueError, match="only some"):
        recompute(_explained(shop, "net_sales", limit=3))


def test_a_row_that_is_tampered_with_changes_the_number(shop: SmallStore) -> None:
    found = _explained(shop, "gross_sales")
    first = found.rows[0]
    changed = replace(first, gives={key: (given[0] + 1,) for key, given in first.gives.items()})  # type: ignore[operator]
    assert recompute(replace(found, rows=(changed, *found.rows[1:]))) == found.value.value + 1  # type: ignore[operator]
    assert recompute(replace(found, rows=found.rows[1:], row_count=found.row_count - 1)) == found.value.value - first.contributes  # type: ignore[operator]
