"""What only a vendor or a monitor knows, and shares of a whole, held to a plain walk over the rows, for each part.

Here the agreed formulas add up what cannot be added (people of several days, a vendor's percentiles), or count checks
instead of seconds: the numbers are worked out from the rows as the definition says.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import pytest
from catalogue_facts import DAY_1
from imported_shop import imported_shop
from stated_shop import DAYS, stated_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.views import DIMENSIONS

KNOWN = catalogue()
SPEED = {"lcp_p75": "LCP", "inp_p75": "INP", "cls_p75": "CLS", "ttfb_p75": "TTFB", "fcp_p75": "FCP", "page_fast_share": "LCP"}
OF_ONE_DAY = ("visitors", "social_reach", "revenue_per_visitor")
OUTAGES = ("availability", "downtime_minutes", "mttr", "mtbf")
PAIRS = {
    (metric, dimension) for metric in (*SPEED, *OF_ONE_DAY, *OUTAGES, "share_of_spend") for dimension in KNOWN.metrics[metric].dimensions
}  # fmt: skip
SEEDS = ["stated 31", *(("imported 32", "imported 33", "imported 34") if os.environ.get("CI") == "true" else ())]
SPANS = (Period(DAY_1 + 30, DAY_1 + 57), Period(DAY_1 + 40, DAY_1 + 46))
ONE_DAYS = [Period(DAY_1 + day, DAY_1 + day) for day in range(0, DAYS, 6)]

Row: TypeAlias = "dict[str, Any]"
Plain: TypeAlias = "Callable[[sqlite3.Connection, str, Period, str | None, object], Any]"


@pytest.fixture(scope="module", params=SEEDS)
def conn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    kind, seed = request.param.split()
    if kind == "stated":
        facts = stated_shop(int(seed)).conn
        sums.ensure(facts)
        yield facts
        return
    shop = imported_shop(tmp_path_factory.mktemp("imported"), int(seed))
    yield shop.workspace.conn
    shop.close()


def _rows(conn: sqlite3.Connection, table: str, dimension: str | None = None, key: object = None) -> list[Row]:
    column = None if dimension is None else DIMENSIONS[dimension].id or dimension
    every = _every_row(conn, table)
    return every if column is None else [row for row in every if row[column] == key]


@cache
def _every_row(conn: sqlite3.Connection, table: str) -> list[Row]:
    made = conn.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in made.description]
    return [dict(zip(names, row, strict=True)) for row in made.fetchall()]


def _key(conn: sqlite3.Connection, dimension: str, name: str) -> object:
    known = DIMENSIONS[dimension]
    if known.table is None:
        return name
    return conn.execute(f"SELECT {known.id} FROM {known.table} WHERE {known.name} = ?", (name,)).fetchone()[0]


def _compare(conn: sqlite3.Connection, metric: str, periods: list[Period], plain: Plain) -> None:
    """Hold every part of every dimension, and the whole, to the plain number; where we give none it must have a reason."""
    engine = Engine(conn, KNOWN)
    for dimension in (None, *KNOWN.metrics[metric].dimensions):
        seen = 0
        for period in periods:
            value: Value
            for value in engine.answer([Question((metric,), period, per=() if dimension is None else (dimension,))])[0]:
                name = None if dimension is None else value.per[dimension]
                if name == "":
                    continue
                plainly = plain(conn, metric, period, dimension, None if dimension is None or name is None else _key(conn, dimension, name))
                assert value.value is not None or value.reason, value
                assert (value.value is None) == (plainly is None), (dimension, value, plainly)
                if plainly is not None:
                    assert value.value == pytest.approx(plainly) if isinstance(plainly, float) else value.value == plainly, (dimension, value)
                    seen += 1
        assert seen or dimension is None, (metric, dimension)


def _newest_row(conn: sqlite3.Connection, metric: str, period: Period, dimension: str | None, key: object) -> float | None:
    rows = [row for row in _rows(conn, "page_p75", dimension, key) if row["metric"] == SPEED[metric] and period.first <= row["day"] <= period.last]
    newest = [row for row in rows if row["day"] == max(one["day"] for one in rows)]
    return float(newest[0]["good" if metric == "page_fast_share" else "p75"]) if len(newest) == 1 else None


def _reach(conn: sqlite3.Connection, _: str, period: Period, dimension: str | None, key: object) -> int | None:
    rows = [row for row in _rows(conn, "social_performance", dimension, key) if row["day"] == period.first]
    return rows[0]["reach"] if len(rows) == 1 else None


@cache
def _visited_shop() -> sqlite3.Connection:
    """Return two shops whose visitors stand in four reports: of the day, by channel, by device, by region."""
    roll = random.Random(36)
    conn = stated_shop(36).conn
    conn.execute("DELETE FROM site_traffic")
    keys: dict[str, list[object]] = {"date": [None], "channel": [1, 2], "device": ["mobile", "desktop"], "region": [1, 2, 3]}
    number = 0
    for day in range(DAY_1, DAY_1 + DAYS):
        for shop in (1, 2):
            for variant, parts in keys.items():
                for part in parts:
                    number += 1
                    column = DIMENSIONS[variant].id or variant if variant != "date" else "channel_id"
                    conn.execute(
                        f"INSERT INTO site_traffic(row_id, import_id, record, source_id, day, last_day, shop_id, variant, visitors, {column}) "
                        "VALUES (?, 1, ?, 1, ?, ?, ?, ?, ?, ?)", (number, number, day, day, shop, variant, roll.randint(5, 90), part),
                    )  # fmt: skip
    sums.ensure(conn)
    return conn


def _visitors(conn: sqlite3.Connection, metric: str, period: Period, dimension: str | None, key: object) -> int | Fraction:
    """Return the people of a day by the report that is cut as asked; shops have people of their own."""
    report = "date" if dimension in (None, "shop") else dimension
    people: int = sum(
        row["visitors"] for row in _rows(conn, "site_traffic", dimension, key) if row["day"] == period.first and row["variant"] == report
    )  # fmt: skip
    if metric == "visitors":
        return people
    orders = {row["order_id"] for row in _rows(conn, "orders", dimension, key) if row["sale_day"] == period.first and not row["is_test"]}
    lines = [row for row in _rows(conn, "order_lines") if row["line_id"] // 65536 in orders and not row["is_replaced"]]
    return Fraction(sum(row["gross_minor"] - (row["discount_minor"] or 0) for row in lines), people)


def _outages(conn: sqlite3.Connection, metric: str, period: Period, dimension: str | None, key: object) -> Fraction | None:
    """Tick the seconds of the period in which something was down."""
    begin, end = period.first * 86400, (period.last + 1) * 86400
    down = {
        second
        for row in _rows(conn, "incidents", dimension, key) if not row["planned"]
        for second in range(max(row["started_ts"], begin), min(row["ended_ts"], end))
    }  # fmt: skip
    outages = sum(second - 1 not in down for second in down)
    match metric:
        case "availability":
            return 1 - Fraction(len(down), end - begin)
        case "downtime_minutes":
            return Fraction(len(down), 60)
        case "mttr":
            return Fraction(len(down), outages) if outages else None
    return Fraction(end - begin - len(down), outages) if outages else None


def _spend(conn: sqlite3.Connection, _: str, period: Period, dimension: str | None, key: object) -> Fraction:
    def cost(rows: list[Row]) -> int:
        return sum(row["cost_minor"] for row in rows if period.first <= row["day"] <= period.last)

    return Fraction(cost(_rows(conn, "ad_performance", dimension, key)), cost(_rows(conn, "ad_performance")))


@pytest.mark.parametrize("metric", SPEED)
def test_a_vendors_percentile_is_its_newest_row(conn: sqlite3.Connection, metric: str) -> None:
    _compare(conn, metric, list(SPANS), _newest_row)


@pytest.mark.parametrize("metric", ["visitors", "revenue_per_visitor"])
def test_visitors_are_those_of_the_report_that_is_cut_as_asked(metric: str) -> None:
    _compare(_visited_shop(), metric, ONE_DAYS, _visitors)


def test_people_reached_are_those_of_the_one_row_of_the_day(conn: sqlite3.Connection) -> None:
    _compare(conn, "social_reach", ONE_DAYS, _reach)


@pytest.mark.parametrize("metric", OUTAGES)
def test_outages_are_the_seconds_in_which_something_was_down(conn: sqlite3.Connection, metric: str) -> None:
    _compare(conn, metric, list(SPANS), _outages)


def test_a_share_of_spend_is_the_parts_cost_over_that_of_all(conn: sqlite3.Connection) -> None:
    _compare(conn, "share_of_spend", list(SPANS), _spend)
