"""The engine gives what the shared catalogue's own SQL gives, slowly and plainly, on the same facts.

A cut is the whole formula asked of base tables that hold only the rows of one value of the dimension.  Where our
definition differs on purpose, ``OTHERWISE`` says why, and what the formula is then: the engine must equal that one.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import pytest
from catalogue_facts import DAY_1
from catalogue_sql import CATALOGUE, OWN, CatalogueStore, Defined, arithmetic, entries, number
from imported_shop import imported_shop
from stated_shop import DAYS, stated_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.metric import Awaits, Sum
from ecoperf_desktop.model.value import Number, Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.views import DIMENSIONS

if not (CATALOGUE / "metrics.yaml").is_file():
    pytest.skip("the shared catalogue (../shared/metrics) is not here", allow_module_level=True)

KNOWN = catalogue().metrics
PERIODS = (Period(DAY_1, DAY_1 + DAYS - 1), Period(DAY_1 + 30, DAY_1 + 57), Period(DAY_1 + 40, DAY_1 + 46))

# Days of a window and thresholds, as our entries have them.
WINDOWS = {"active_customers": 365, "churn_rate": 180, "dead_stock_value": 180, "days_of_cover": 28, "repurchase_within_w": 90,
           "forecast_wape": 7, "forecast_bias": 7, "agent_inquiry_conversion": 1}  # fmt: skip
LEAST = {"loyal_customer_share": 3, "agent_reply_within_x": 180}
# The state date is the day after the period, but where that day itself counts, and where the days for paying are over.
AS_OF = {"dead_stock_value": 0, "days_of_cover": 0, "agent_inquiry_conversion": 3}

_OF_SALES = "order_id IN (SELECT order_id FROM v_order)"
_RETURNED = "SELECT SUM(r.qty) FROM refunds r JOIN v_order o USING(order_id) WHERE r.status='done' AND r.refund_day>=:d1 AND r.refund_day<:d2"
_OPENING = "COALESCE((SELECT SUM(MAX(on_hand,0)) FROM inventory_snapshots WHERE day=:d1-1),0)"
# Metric: why ours differs, and how their formula reads then (old text, new text).
OTHERWISE: dict[str, tuple[str, str, str]] = {
    "shipping_revenue": ("a refund of a test order is none", "FROM refunds WHERE", f"FROM refunds WHERE {_OF_SALES} AND"),
    "tax_collected": ("a refund of a test order is none", "FROM refunds WHERE", f"FROM refunds WHERE {_OF_SALES} AND"),
    "return_handling_time": (
        "only refunds that were made, and none of a test order", "FROM refunds WHERE", f"FROM refunds WHERE status='done' AND {_OF_SALES} AND",
    ),
    "net_units": (
        "gifts are no units", "SELECT SUM(qty) FROM v_ledger WHERE day>=:d1 AND day<:d2",
        f"SELECT COALESCE((SELECT SUM(qty) FROM v_line WHERE is_gift=0 AND day>=:d1 AND day<:d2),0)-COALESCE(({_RETURNED}),0)",
    ),
    "forecast_wape": ("gifts are no units", "FROM v_line l WHERE", "FROM v_line l WHERE l.is_gift=0 AND"),
    "forecast_bias": ("gifts are no units", "FROM v_line l WHERE", "FROM v_line l WHERE l.is_gift=0 AND"),
    "sell_through_rate": ("without a count before the period nothing is known of the stock it began with", _OPENING, f"CASE WHEN EXISTS(SELECT 1 FROM whole.inventory_snapshots WHERE day=:d1-1) THEN {_OPENING} END"),
    "fill_rate": ("of an order without a parcel nobody has said whether it is full", "LEFT JOIN (SELECT order_id", "JOIN (SELECT order_id"),
    "purchase_interval_median": ("intervals belong to the period in which they end", "WHERE v>0)", "WHERE v>0 AND day>=:d1 AND day<:d2)"),
    "member_revenue_share": ("what a member bought is a member's when it comes back, too", "c.member_since_day<=l.day", "c.member_since_day<=(SELECT x.sale_day FROM orders x WHERE x.order_id=l.order_id)"),
    "order_cycle_time_p90": ("a parcel does not say that its order was a test", "JOIN v_order o", "JOIN orders o"),
    "budget_variance": ("where nothing was spent the whole budget is left", "(SELECT SUM(amount_minor) FROM expenses", "(SELECT COALESCE(SUM(amount_minor), 0) FROM expenses"),
    "perfect_order_rate": ("a parcel does not say that its order was a test", "JOIN v_order o", "JOIN orders o"),
}  # fmt: skip
# Metric: why their formula is no equal of ours.
APART = {
    "social_reach": "people reached on different days are not added up: only the network knows",
    "visitors": "visitors of different days are not added up: only the vendor knows",
    "revenue_per_visitor": "visitors of different days are not added up: only the vendor knows",
    "lcp_p75": "of a vendor's percentile there is no histogram to work from",
    "inp_p75": "of a vendor's percentile there is no histogram to work from",
    "cls_p75": "of a vendor's percentile there is no histogram to work from",
    "ttfb_p75": "of a vendor's percentile there is no histogram to work from",
    "fcp_p75": "of a vendor's percentile there is no histogram to work from",
    "page_fast_share": "of a vendor's percentile there is no histogram to work from",
    "availability": "seconds of outages, not checks that happened to fail",
    "mttr": "outages that overlap are one, and are cut to the period",
    "rfm_score": "a class by customer: held by the worked examples",
}
# Formulas that name the person themselves: asked of everyone, they are those of whoever has one.
OF_ONE_PERSON = {"marketer_ctr": "c.owner_staff_id", "marketer_roi": "c.owner_staff_id", "buyer_otif": "buyer_id"}
# Formulas that give a table; of what we cut by, that is.
TABLES = {"abc_class": ("product",), "cohort_retention": ("cohort", "age"), "cost_structure": ("class",)}


def _read_otherwise(defined: Defined) -> Defined:
    formula = defined.formula
    if defined.id in OF_ONE_PERSON:
        person = OF_ONE_PERSON[defined.id]
        formula = formula.replace(f"{person}=:scope", f"{person} IS NOT NULL").replace("JOIN campaign", "JOIN whole.campaign")
    if defined.id in OTHERWISE:
        _, old, new = OTHERWISE[defined.id]
        if defined.id == "purchase_interval_median":
            formula = formula.replace("AS v FROM v_order", "AS v, sale_day AS day FROM v_order")
        assert old in formula, defined.id
        formula = formula.replace(old, new)
    return dataclasses.replace(defined, formula=formula)


# No file speaks of the days; no refund so far says why it was made.
UNSAID = ("metrics.not_covered", "metrics.catalogue_no_refund_reasons")
OF_PERSONS = {one.id: one for one in entries("sql") if one.id in OF_ONE_PERSON}
DEFINED = {one.id: _read_otherwise(one) for kind in ("sql", "expr") for one in entries(kind)}
ASKED = [
    one for one in DEFINED.values()
    if one.id in KNOWN and one.id not in APART and one.id not in TABLES and not isinstance(KNOWN[one.id].calculation, Awaits)
]  # fmt: skip
# Metric: why its part is not the formula asked of the part's rows alone; held to a plain evaluation in test_methods_customers.
OF_FIRST_ORDERS = {"repurchase_within_w": "people are cut by where they first bought; where they buy again does not matter"}
# What looks back further than a short shop lasts.
LONG = 760
LOOKING_BACK = ("churn_rate", "dead_stock_value", "dead_stock_share", "repurchase_within_w")
# Every part that is held against a formula: a metric and one of its dimensions.
PAIRS = {
    (one.id, dimension)
    for one in ASKED if one.id not in OF_FIRST_ORDERS
    for dimension in KNOWN[one.id].dimensions if dimension in OWN
}  # fmt: skip
PAIRS |= {(metric, dimension) for metric, own in TABLES.items() for dimension in KNOWN[metric].dimensions if dimension in (*OWN, *own)}

IS_CI = os.environ.get("CI") == "true"
SHOPS = ["stated 1", "imported 1", "imported 2"]
if IS_CI:
    SHOPS += ["stated 2", "stated 3", *(f"imported {seed}" for seed in range(3, 9))]


class Both:
    """The product's engine and the catalogue's SQL on the same facts."""

    def __init__(self, facts: sqlite3.Connection) -> None:
        sums.ensure(facts)
        self.facts = facts
        self.engine = Engine(facts, catalogue())
        self.plain = CatalogueStore(facts)

    def values(self, metric: str, period: Period, per: tuple[str, ...] = ()) -> list[Value]:
        return self.engine.answer([Question((metric,), period, per=per)])[0]

    def plainly(self, defined: Defined, period: Period, person: int = 0) -> Fraction | float | None:
        if defined.kind == "sql":
            return number(defined, *self.plain.rows(defined, _parameters(defined.id, period, person)))

        def part(name: str) -> Fraction | float | None:
            if name == "days":
                return Fraction(period.last - period.first + 1)
            found = self.plainly(DEFINED[name], period)
            # A sum of no rows is 0 in a covered period; a quotient without a base is none.
            is_sum = isinstance(KNOWN[name].calculation, Sum)
            return Fraction(0) if found is None and is_sum else found

        return arithmetic(defined.formula, part)

    def table(self, metric: str, period: Period) -> dict[tuple[str, ...], Fraction | str]:
        """Return what a formula that gives a table gives, by the names of what we cut by."""
        _, rows = self.plain.rows(DEFINED[metric], _parameters(metric, period, 0))
        if metric == "abc_class":
            skus = dict(self.facts.execute("SELECT product_id, sku FROM product").fetchall())
            return {(skus[product],): word for product, word in (row[:2] for row in rows)}
        if metric == "cost_structure":
            return {(name,): Fraction(over, under) for name, over, under in rows}
        return {(f"{month // 12}-{month % 12 + 1:02}", f"{age:02}"): Fraction(kept, of) for month, age, kept, of in rows}

    def restrict(self, dimension: str, name: str) -> None:
        """Keep the rows of the dimension's value of that name."""
        known = DIMENSIONS[dimension]
        key: object = name
        if known.table is not None and dimension != "region":
            key = self.facts.execute(f"SELECT {known.id} FROM {known.table} WHERE {known.name} = ?", (name,)).fetchone()[0]
        self.plain.restrict(dimension, key)


@pytest.fixture(scope="module", params=SHOPS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    kind, seed = request.param.split()
    if kind == "stated":
        yield Both(stated_shop(int(seed)).conn)
        return
    shop = imported_shop(tmp_path_factory.mktemp("imported"), int(seed))
    yield Both(shop.workspace.conn)
    shop.close()


def _parameters(metric: str, period: Period, person: int) -> dict[str, int | str]:
    length = period.last - period.first + 1
    return {
        "d1": period.first, "d2": period.last + 1, "p1": period.first - length, "p2": period.first,
        "t1": period.first * 86400, "t2": (period.last + 1) * 86400, "asof": period.last + AS_OF.get(metric, 1),
        "w": WINDOWS.get(metric, 30), "x": LEAST.get(metric, 0), "scope": person,
    }  # fmt: skip


def _is_same(ours: Number | None, theirs: Fraction | float | None) -> bool:
    # Nothing in a covered period is 0 here where their SUM of no rows is NULL.
    one, other = ours or 0, theirs or 0
    return abs(float(one) - float(other)) <= 1e-12 * max(1.0, abs(float(other)))


def _differing(told: Iterator[tuple[object, Number | None, Fraction | float | None]]) -> tuple[int, list[object]]:
    every = list(told)
    return len(every), [one for one in every if not _is_same(one[1], one[2])]


def _told(both: Both, defined: Defined, value: Value) -> Iterator[tuple[object, Number | None, Fraction | float | None]]:
    # What no file speaks of is unknown to us; a table that is empty cannot say so.
    if value.reason not in UNSAID:
        yield (defined.id, value.per, value.period), value.value, both.plainly(defined, value.period)


def test_no_formula_is_left_out_without_a_reason() -> None:
    unknown = [one.id for one in DEFINED.values() if one.id not in KNOWN]
    assert unknown == []
    assert {*OTHERWISE, *APART, *TABLES, *OF_ONE_PERSON} <= set(DEFINED)
    assert len(ASKED) > 190
    assert len(PAIRS) > 830


def test_every_number_is_that_of_the_formula(both: Both) -> None:
    both.plain.restrict(None, None)
    told = (
        one
        for defined in ASKED
        for period in PERIODS
        for one in _told(both, defined, both.values(defined.id, period)[0])
    )  # fmt: skip
    count, differing = _differing(told)
    assert count > 500
    assert not differing, differing[:10]


@pytest.mark.parametrize("dimension", sorted(OWN))
def test_every_part_is_the_formula_asked_of_its_rows_alone(both: Both, dimension: str) -> None:
    by_name: dict[str, list[tuple[Defined, Value]]] = {}
    for defined in ASKED:
        for period in PERIODS if (defined.id, dimension) in PAIRS else ():
            for value in both.values(defined.id, period, (dimension,)):
                if value.per[dimension]:
                    by_name.setdefault(value.per[dimension], []).append((defined, value))

    def told() -> Iterator[tuple[object, Number | None, Fraction | float | None]]:
        for name, asked in by_name.items():
            both.restrict(dimension, name)
            for defined, value in asked:
                yield from _told(both, defined, value)

    count, differing = _differing(told())
    assert count
    assert not differing, (len(differing), differing[:10])


@pytest.mark.parametrize("metric", LOOKING_BACK)
def test_what_looks_back_is_the_formula_on_a_shop_of_two_years(metric: str) -> None:
    both, period, seen = _long(), Period(DAY_1 + 60, DAY_1 + LONG - 1), 0
    for dimension in (None, *KNOWN[metric].dimensions):
        if dimension is not None and (metric, dimension) not in PAIRS:
            continue
        for value in both.values(metric, period, () if dimension is None else (dimension,)):
            both.plain.restrict(None, None) if dimension is None else both.restrict(dimension, value.per[dimension])
            assert _is_same(value.value, both.plainly(DEFINED[metric], period)), (dimension, value)
            seen += bool(value.value)
    assert seen > (3 if (metric, KNOWN[metric].dimensions[0]) in PAIRS else 0)


@cache
def _long() -> Both:
    return Both(stated_shop(41, orders=400, days=LONG).conn)


@pytest.mark.parametrize("metric", OF_ONE_PERSON)
def test_what_is_asked_of_one_person_is_that_persons_part(both: Both, metric: str) -> None:
    both.plain.restrict(None, None)
    for period in PERIODS:
        for value in both.values(metric, period, ("staff",)):
            person = both.facts.execute("SELECT staff_id FROM staff WHERE name = ?", (value.per["staff"],)).fetchone()[0]
            assert _is_same(value.value, both.plainly(OF_PERSONS[metric], period, person)), (metric, period, value)


@pytest.mark.parametrize(
    ("metric", "dimension"), [(metric, one) for metric, own in TABLES.items() for one in (None, *KNOWN[metric].dimensions) if one not in own]
)
def test_every_table_is_the_formulas_of_all_rows_and_of_each_part(both: Both, metric: str, dimension: str | None) -> None:
    names = [""] if dimension is None else [value.per[dimension] for value in both.values("net_sales" if dimension in KNOWN["net_sales"].dimensions else "operating_expense", PERIODS[0], (dimension,))]
    seen = 0
    for name in filter(None, names) if dimension is not None else names:
        if dimension is None:
            both.plain.restrict(None, None)
        else:
            both.restrict(dimension, name)
        for period in PERIODS:
            where = () if dimension is None else ((dimension, name),)
            question = Question((metric,), period, per=TABLES[metric], where=where)
            ours = {tuple(value.per.values()): value.word or value.value for value in both.engine.answer([question])[0]}
            theirs = both.table(metric, period)
            ours = {cell: kept for cell, kept in ours.items() if kept is not None}
            # Of a cohort we tell only whole months that are over.
            told = ours if metric == "cohort_retention" else {**theirs, **ours}
            differing = [(cell, ours.get(cell), theirs.get(cell)) for cell in told if (ours.get(cell) or 0) != (theirs.get(cell) or 0)]
            assert not differing, (metric, dimension, name, period, differing[:9])
            seen += len(told)
    assert seen > 2
