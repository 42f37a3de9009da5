"""What is missing, what is partial, and what rows for spans of days or several reports mean."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.coverage import Coverage, data_through, last_complete_week


def _shop_covers(store: SmallStore, kind: str, shop: int | None, first: int, last: int, source: int = 1) -> None:
    store.add("coverage", import_id=1, kind=kind, source_id=source, shop_id=shop, first_day=first, last_day=last)


def _answer(store: SmallStore, *metrics: str, first: int = DAY_1, days: int = 7, **asked: Any) -> list[Value]:
    sums.ensure(store.conn)
    return Engine(store.conn, catalogue()).answer([Question(metrics, Period(first, first + days - 1), **asked)])[0]


def test_a_covered_day_without_sales_is_zero_and_an_uncovered_one_is_missing() -> None:
    store = SmallStore(days=3)
    values = _answer(store, "gross_sales", by="day", days=4)
    assert [value.value for value in values] == [0, 0, 0, None]
    assert values[3].quality == "missing" and values[3].reason == "metrics.not_covered"
    assert [value.covered for value in values] == [1, 1, 1, 0]


def test_a_partly_covered_period_gives_its_sum_and_says_so() -> None:
    store = SmallStore(days=3)
    store.order(DAY_1, {"gross_minor": 700})
    (value,) = _answer(store, "gross_sales")
    assert (value.value, value.quality, value.covered) == (700, "partial", 3)
    assert value.details["days"] == 7


def test_with_a_filter_by_shop_only_that_shops_files_count() -> None:
    store = SmallStore(kinds=("refunds",))
    store.add("shop", name="Second", source_id=1)
    _shop_covers(store, "sales", 1, DAY_1, DAY_1 + 6)
    store.order(DAY_1, {"gross_minor": 5})
    assert _answer(store, "gross_sales", where=(("shop", "Qimu"),))[0].value == 5
    assert _answer(store, "gross_sales", where=(("shop", "Second"),))[0].quality == "missing"
    by_shop = {value.per["shop"]: value for value in _answer(store, "gross_sales", per=("shop",))}
    assert by_shop["Qimu"].quality == "ok"


def test_a_shop_whose_file_is_late_makes_the_company_partial_until_it_has_stopped() -> None:
    store = SmallStore(kinds=())
    store.add("shop", name="Second", source_id=1)
    _shop_covers(store, "sales", 1, DAY_1, DAY_1 + 100)
    _shop_covers(store, "sales", 2, DAY_1, DAY_1 + 10)
    coverage = Coverage.read(store.conn)
    assert coverage.of("sales", Period(DAY_1, DAY_1 + 6)).is_whole
    late = coverage.of("sales", Period(DAY_1 + 7, DAY_1 + 13))
    assert (late.days, late.is_whole) == (7, False)
    assert coverage.of("sales", Period(DAY_1 + 7, DAY_1 + 13), [1]).is_whole
    assert coverage.of("sales", Period(DAY_1 + 70, DAY_1 + 76)).is_whole


def test_the_newest_complete_week_ends_where_the_data_end() -> None:
    store = SmallStore(kinds=())
    assert last_complete_week(store.conn) is None
    _shop_covers(store, "sales", None, DAY_1, DAY_1 + 6)
    assert data_through(store.conn) == DAY_1 + 6
    week = last_complete_week(store.conn)
    assert week is not None and week.period == Period(DAY_1, DAY_1 + 6)
    _shop_covers(store, "sales", None, DAY_1 + 7, DAY_1 + 12)
    assert last_complete_week(store.conn) == week
    sunday = last_complete_week(store.conn, week_start=7)
    assert sunday is not None and sunday.period == Period(DAY_1 + 6, DAY_1 + 12)


def test_a_row_for_a_span_counts_only_in_a_period_that_holds_it_whole() -> None:
    store = SmallStore(days=60)
    store.add("ad_performance", day=DAY_1, last_day=DAY_1 + 6, cost_minor=700, clicks=7)
    assert _answer(store, "ad_cost")[0].value == 700
    part = _answer(store, "ad_cost", days=3)[0]
    assert (part.value, part.quality, part.reason) == (None, "missing", "metrics.longer_spans_only")
    month = _answer(store, "ad_cost", days=31)[0]
    assert (month.value, month.quality) == (700, "ok")


def test_a_row_for_a_span_never_counts_beside_day_rows_of_its_source() -> None:
    store = SmallStore(days=60)
    store.add("source", source_id=2, name="other", platform="test")
    store.add("ad_performance", day=DAY_1, last_day=DAY_1 + 6, cost_minor=700)
    store.add("ad_performance", day=DAY_1 + 2, cost_minor=50)
    store.add("ad_performance", day=DAY_1, last_day=DAY_1 + 6, cost_minor=3, source_id=2)
    assert _answer(store, "ad_cost")[0].value == 53


def test_a_longer_span_stands_for_the_shorter_ones_within_it() -> None:
    store = SmallStore(days=60)
    store.add("ad_performance", day=DAY_1, last_day=DAY_1 + 27, cost_minor=400)
    store.add("ad_performance", day=DAY_1 + 7, last_day=DAY_1 + 13, cost_minor=90)
    assert _answer(store, "ad_cost", days=28)[0].value == 400
    assert _answer(store, "ad_cost", first=DAY_1 + 7)[0].value == 90


def test_two_reports_of_the_same_visits_are_counted_once() -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="date", sessions=100)
    for device, sessions in (("mobile", 70), ("desktop", 29)):
        store.add("site_traffic", day=DAY_1, shop_id=1, variant="device", device=device, sessions=sessions)
    assert _answer(store, "sessions")[0].value == 100
    by_device = {value.per["device"]: value.value for value in _answer(store, "sessions", per=("device",))}
    assert by_device == {"mobile": 70, "desktop": 29}
    assert _answer(store, "sessions", where=(("device", "mobile"),))[0].value == 70


def test_a_report_without_a_column_leaves_it_to_one_that_has_it() -> None:
    store = SmallStore()
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="date", sessions=100)
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="page", landing="/", sessions=60, pageviews=150)
    store.add("site_traffic", day=DAY_1, shop_id=1, variant="page", landing="/a", sessions=39, pageviews=90)
    assert _answer(store, "pageviews")[0].value == 240
    assert _answer(store, "sessions")[0].value == 100


def test_a_level_is_carried_on_for_three_days_and_then_unknown() -> None:
    store = SmallStore()
    store.add("product", sku="S", is_listed=1)
    store.add("location", name="main")
    store.add("inventory_snapshots", day=DAY_1, location_id=1, product_id=1, on_hand=4, value_minor=40)
    values = _answer(store, "inventory_value", by="day", days=6)
    assert [(value.value, value.quality) for value in values] == [
        (40, "ok"), (40, "partial"), (40, "partial"), (40, "partial"), (None, "missing"), (None, "missing"),
    ]  # fmt: skip
    assert values[4].reason == "metrics.no_snapshot"


@pytest.mark.parametrize(
    ("asked", "code", "word"),
    [
        ({"per": ("product",)}, "metrics.dimension_not_allowed", "channel"),
        ({"where": (("shop", "Qimo"),)}, "metrics.unknown_value", "Qimu"),
        ({"where": (("shop", "xyz"),)}, "metrics.unknown_value_none_near", "xyz"),
        ({"by": "hour"}, "metrics.unknown_grain", "week"),
        ({"compare": "before"}, "metrics.unknown_comparison", "previous"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(asked: dict[str, Any], code: str, word: str) -> None:
    store = SmallStore()
    with pytest.raises(MetricRefused) as refused:
        _answer(store, "orders", **asked)
    assert refused.value.code == code
    assert word in str(refused.value)


def test_the_largest_parts_are_kept_and_all_are_counted() -> None:
    store = SmallStore()
    for number in range(1, 6):
        store.add("product", sku=f"S{number}")
        store.order(DAY_1, {"product_id": number, "gross_minor": number * 100})
        store.order(DAY_1 + 7, {"product_id": number, "gross_minor": 900 - number * 100})
    values = _answer(store, "gross_sales", "units_sold", per=("product",), top=2)
    assert [(value.metric, value.per["product"], value.value) for value in values] == [
        ("gross_sales", "S4", 400), ("gross_sales", "S5", 500), ("units_sold", "S4", 1), ("units_sold", "S5", 1),
    ]  # fmt: skip
    assert {value.details["parts"] for value in values} == {5}
    later = Period(DAY_1 + 7, DAY_1 + 13)
    values = _answer(store, "gross_sales", per=("product",), top=1, top_over=later)
    assert [(value.per["product"], value.value) for value in values] == [("S1", 100)]


def test_plain_sums_are_answered_without_numpy(tmp_path: Any) -> None:
    store = SmallStore()
    store.order(DAY_1, {"gross_minor": 700})
    sums.ensure(store.conn)
    copy = tmp_path / "w.db"
    store.conn.execute("VACUUM INTO ?", (str(copy),))
    script = (
        "import sqlite3, sys\n"
        "from ecoperf_desktop.metrics.catalogue import catalogue\n"
        "from ecoperf_desktop.metrics.evaluate import Engine\n"
        "from ecoperf_desktop.model.days import Period\n"
        "from ecoperf_desktop.model.value import Question\n"
        f"conn = sqlite3.connect({str(copy)!r})\n"
        f"asked = Question(('net_sales', 'aov', 'gross_margin'), Period({DAY_1}, {DAY_1 + 6}), by='day', compare='previous')\n"
        "values = Engine(conn, catalogue()).answer([asked])[0]\n"
        "print(values[0].value, 'numpy' in sys.modules, 'pandas' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["700", "False", "False"]
