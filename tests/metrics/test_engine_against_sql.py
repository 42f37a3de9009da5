"""The engine gives what the shared catalogue's own SQL gives, slowly and plainly, on the same facts.

A cut is the whole formula asked of base tables that hold only the rows of one value of the dimension.  Where our
definition differs on purpose, ``OTHERWISE`` says why, and what the formula is then: the engine must equal that one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction

import pytest
from catalogue_facts import DAY_1, SmallStore
from catalogue_sql import CATALOGUE, OWN, CatalogueStore, Defined, defined_by_sql, number
from stated_shop import DAYS, stated_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Period, date_of
from ecoperf_desktop.model.metric import Awaits
from ecoperf_desktop.model.value import Number, Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.views import DIMENSIONS

if not (CATALOGUE / "metrics.yaml").is_file():
    pytest.skip("the shared catalogue (../shared/metrics) is not here", allow_module_level=True)

KNOWN = catalogue().metrics
PERIODS = (Period(DAY_1, DAY_1 + DAYS - 1), Period(DAY_1 + 30, DAY_1 + 57), Period(DAY_1 + 40, DAY_1 + 46))

# Days of a window and thresholds, as our entries have them.
WINDOWS = {"active_customers": 365, "churn_rate": 365, "dead_stock_value": 180, "days_of_cover": 28, "repurchase_within_w": 90}
LEAST = {"loyal_customer_share": 3, "agent_reply_within_x": 180}
# Their state date is a day that counts; elsewhere it is the day after.
STATE_DAY_COUNTS = ("dead_stock_value", "days_of_cover")

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
    "sell_through_rate": ("without a count before the period nothing is known of the stock it began with", _OPENING, f"CASE WHEN EXISTS(SELECT 1 FROM whole.inventory_snapshots WHERE day=:d1-1) THEN {_OPENING} END"),
    "fill_rate": ("of an order without a parcel nobody has said whether it is full", "LEFT JOIN (SELECT order_id", "JOIN (SELECT order_id"),
    "purchase_interval_median": ("intervals belong to the period in which they end", "WHERE v>0)", "WHERE v>0 AND day>=:d1 AND day<:d2)"),
    "member_revenue_share": ("what a member bought is a member's when it comes back, too", "c.member_since_day<=l.day", "c.member_since_day<=(SELECT x.sale_day FROM orders x WHERE x.order_id=l.order_id)"),
    "order_cycle_time_p90": ("a parcel does not say that its order was a test", "JOIN v_order o", "JOIN orders o"),
    "perfect_order_rate": ("a parcel does not say that its order was a test", "JOIN v_order o", "JOIN orders o"),
}  # fmt: skip
# Metric: why their formula is no equal of ours.
APART = {
    "social_reach": "people reached on different days are not added up: only the network knows",
    "visitors": "visitors of different days are not added up: only the vendor knows",
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
# Formulas that name the person themselves.
OF_ONE_PERSON = ("marketer_ctr", "marketer_roi", "buyer_otif")
TABLES = ("abc_class", "cohort_retention", "cost_structure", "rfm_score")


def _read_otherwise(defined: Defined) -> Defined:
    if defined.id not in OTHERWISE:
        return defined
    _, old, new = OTHERWISE[defined.id]
    formula = defined.formula
    if defined.id == "purchase_interval_median":
        formula = formula.replace("AS v FROM v_order", "AS v, sale_day AS day FROM v_order")
    assert old in formula, defined.id
    return dataclasses.replace(defined, formula=formula.replace(old, new))


DEFINED = {one.id: _read_otherwise(one) for one in defined_by_sql()}
ASKED = [
    one for one in DEFINED.values()
    if one.id in KNOWN and one.id not in APART and not isinstance(KNOWN[one.id].calculation, Awaits)
]  # fmt: skip


class Both:
    """The product's engine and the catalogue's SQL on the same facts."""

    def __init__(self, store: SmallStore) -> None:
        sums.ensure(store.conn)
        self.facts = store.conn
        self.engine = Engine(store.conn, catalogue())
        self.plain = CatalogueStore(store.conn)

    def values(self, metric: str, period: Period, per: tuple[str, ...] = ()) -> list[Value]:
        return self.engine.answer([Question((metric,), period, per=per)])[0]

    def plainly(self, defined: Defined, period: Period, person: int = 0) -> Fraction | float | None:
        return number(defined, *self.plain.rows(defined, _parameters(defined.id, period, person)))

    def restrict(self, dimension: str, name: str) -> None:
        """Keep the rows of the dimension's value of that name."""
        known = DIMENSIONS[dimension]
        key: object = name
        if known.table is not None and dimension != "region":
            key = self.facts.execute(f"SELECT {known.id} FROM {known.table} WHERE {known.name} = ?", (name,)).fetchone()[0]
        self.plain.restrict(dimension, key)


@pytest.fixture(scope="module", params=[1, 2, 3])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(stated_shop(request.param))


def _parameters(metric: str, period: Period, person: int) -> dict[str, int | str]:
    length = period.last - period.first + 1
    return {
        "d1": period.first, "d2": period.last + 1, "p1": period.first - length, "p2": period.first,
        "t1": period.first * 86400, "t2": (period.last + 1) * 86400, "asof": period.last + (metric not in STATE_DAY_COUNTS),
        "w": WINDOWS.get(metric, 30), "x": LEAST.get(metric, 0), "scope": person,
    }  # fmt: skip


def _is_same(ours: Number | None, theirs: Fraction | float | None) -> bool:
    # Nothing in a covered period is 0 here where their SUM of no rows is NULL.
    one, other = ours or 0, theirs or 0
    return abs(float(one) - float(other)) <= 1e-12 * max(1.0, abs(float(other)))


def _differing(told: Iterator[tuple[object, Number | None, Fraction | float | None]]) -> tuple[int, list[object]]:
    every = list(told)
    return len(every), [one for one in every if not _is_same(one[1], one[2])]


def test_no_formula_is_left_out_without_a_reason() -> None:
    unknown = [one.id for one in DEFINED.values() if one.id not in KNOWN]
    assert unknown == []
    assert {*OTHERWISE, *APART} <= set(DEFINED)
    assert len(ASKED) > 150


def test_every_number_is_that_of_the_formula(both: Both) -> None:
    both.plain.restrict(None, None)

    def told() -> Iterator[tuple[object, Number | None, Fraction | float | None]]:
        for defined in ASKED:
            if defined.id in (*TABLES, *OF_ONE_PERSON):
                continue
            for period in PERIODS:
                yield (defined.id, period), both.values(defined.id, period)[0].value, both.plainly(defined, period)

    count, differing = _differing(told())
    assert count > 400
    assert not differing, differing[:10]


@pytest.mark.parametrize("dimension", sorted(OWN))
def test_every_part_is_the_formula_asked_of_its_rows_alone(both: Both, dimension: str) -> None:
    by_name: dict[str, list[tuple[Defined, Period, Value]]] = {}
    for defined in ASKED:
        if defined.id in (*TABLES, *OF_ONE_PERSON) or dimension not in defined.dimensions or dimension not in KNOWN[defined.id].dimensions:
            continue
        for period in PERIODS:
            for value in both.values(defined.id, period, (dimension,)):
                if value.per[dimension]:
                    by_name.setdefault(value.per[dimension], []).append((defined, period, value))

    def told() -> Iterator[tuple[object, Number | None, Fraction | float | None]]:
        for name, asked in by_name.items():
            both.restrict(dimension, name)
            for defined, period, value in asked:
                yield (defined.id, name, period), value.value, both.plainly(defined, period)

    count, differing = _differing(told())
    assert count or not any(dimension in one.dimensions and dimension in KNOWN[one.id].dimensions for one in ASKED)
    assert not differing, (len(differing), differing[:10])


@pytest.mark.parametrize("metric", OF_ONE_PERSON)
def test_what_is_asked_of_one_person_is_that_persons_part(both: Both, metric: str) -> None:
    both.plain.restrict(None, None)
    for period in PERIODS:
        for value in both.values(metric, period, ("staff",)):
            person = both.facts.execute("SELECT staff_id FROM staff WHERE name = ?", (value.per["staff"],)).fetchone()[0]
            assert _is_same(value.value, both.plainly(DEFINED[metric], period, person)), (metric, period, value)


def test_classes_of_products_are_those_of_the_formula(both: Both) -> None:
    both.plain.restrict(None, None)
    for period in PERIODS:
        _, rows = both.plain.rows(DEFINED["abc_class"], _parameters("abc_class", period, 0))
        theirs = {both.facts.execute("SELECT sku FROM product WHERE product_id = ?", row[:1]).fetchone()[0]: row[1] for row in rows}
        assert {value.per["product"]: value.word for value in both.values("abc_class", period, ("product",))} == theirs


def test_the_cost_structure_is_that_of_the_formula(both: Both) -> None:
    both.plain.restrict(None, None)
    for period in PERIODS:
        _, rows = both.plain.rows(DEFINED["cost_structure"], _parameters("cost_structure", period, 0))
        theirs = {name: Fraction(over, under) for name, over, under in rows}
        assert {value.per["class"]: value.value for value in both.values("cost_structure", period, ("class",))} == theirs


def test_who_stays_of_a_cohort_is_that_of_the_formula(both: Both) -> None:
    both.plain.restrict(None, None)
    _, rows = both.plain.rows(DEFINED["cohort_retention"], _parameters("cohort_retention", PERIODS[0], 0))
    theirs = {(f"{month // 12}-{month % 12 + 1:02}", age): Fraction(kept, of) for month, age, kept, of in rows}
    last = date_of(PERIODS[0].last)
    ours = {
        (value.per["cohort"], int(value.per["age"])): value.value
        for value in both.values("cohort_retention", PERIODS[0], ("cohort", "age"))
        if value.value is not None
    }
    assert ours
    for cell, kept in ours.items():
        assert _is_same(kept, theirs.get(cell)), (cell, last)
