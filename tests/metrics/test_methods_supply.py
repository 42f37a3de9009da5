"""Methods of stock, partners, vitals, spend and watching, held against slow and plain reckoning from the facts."""

from __future__ import annotations

import itertools
import json
import math
import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from catalogue_facts import DAY_1, SmallStore
from hypothesis import given
from hypothesis import strategies as st
from stock_shop import DAYS, LAST, stock_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.explain import explain
from ecoperf_desktop.metrics.methods import scoring, signals, steps, stock, variability
from ecoperf_desktop.metrics.methods.vitals import verdict
from ecoperf_desktop.metrics.recomputed import recompute
from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "oracles.json"
GOODS = ("product", "category", "supplier")
SHOPS = (0, 1, 2)
PERIODS = (Period(LAST - 6, LAST), Period(LAST - 120, LAST - 60), Period(LAST, LAST))


def oracle(name: str) -> dict[str, Any]:
    if not ORACLES.exists():
        pytest.skip("the worked examples are not beside this checkout")
    found: dict[str, Any] = json.loads(ORACLES.read_text(encoding="utf-8"))[name]["expected"]
    return found


@cache
def shop(seed: int) -> SmallStore:
    store = stock_shop(seed, daily=seed != 2)
    sums.ensure(store.conn)
    return store


@cache
def asking(store: SmallStore) -> Engine:
    return Engine(store.conn, catalogue())


def answers(
    store: SmallStore, metric: str, period: Period, per: tuple[str, ...] = (), where: tuple[tuple[str, str], ...] = ()
) -> dict[tuple[str, ...], Value]:
    values = asking(store).answer([Question((metric,), period, per=per, where=where)])[0]
    return {tuple(value.per[name] for name in per): value for value in values}


def cuts_of(dimensions: Iterable[str]) -> Iterator[tuple[str, ...]]:
    dimensions = tuple(dimensions)
    yield ()
    for count in (1, 2):
        yield from itertools.permutations(dimensions, count)


class Plain:
    """The facts of a store as dictionaries, and every method as loops over them."""

    def __init__(self, store: SmallStore) -> None:
        conn = store.conn
        self.conn = conn
        self.units: dict[tuple[int, int], int] = defaultdict(int)
        self.net: dict[tuple[int, int], int] = defaultdict(int)
        for day, product, qty, net in conn.execute(
            "SELECT o.sale_day, l.product_id, l.qty, l.gross_minor - COALESCE(l.discount_minor, 0) FROM orders o "
            "JOIN order_lines l ON l.line_id / 65536 = o.order_id "
            "WHERE COALESCE(o.is_test, 0) = 0 AND COALESCE(l.is_gift, 0) = 0 AND l.product_id IS NOT NULL"
        ):
            self.units[day, product] += qty
            self.net[day, product] += net
        self.sold_on: set[tuple[int, int]] = {
            tuple(row)
            for row in conn.execute(
                "SELECT DISTINCT o.sale_day, l.product_id FROM orders o JOIN order_lines l ON l.line_id / 65536 = o.order_id "
                "WHERE COALESCE(o.is_test, 0) = 0 AND l.product_id IS NOT NULL"
            )
        }
        self.products = {row[0]: row[1:] for row in conn.execute(
            "SELECT p.product_id, p.sku, COALESCE(c.name, ''), COALESCE(s.name, ''), p.launched_day, p.service_level, "
            "COALESCE(p.is_listed, 1), p.supplier_id FROM product p LEFT JOIN category c ON c.category_id = p.category_id "
            "LEFT JOIN supplier s ON s.supplier_id = p.supplier_id"
        )}  # fmt: skip
        self.stock = conn.execute(
            "SELECT t.day, t.product_id, l.name, t.on_hand, COALESCE(t.reserved, 0), t.on_order, t.value_minor, t.oldest_receipt_day "
            "FROM inventory_snapshots t JOIN location l ON l.location_id = t.location_id"
        ).fetchall()
        self.available: dict[tuple[int, int], int] = defaultdict(int)
        for day, product, _, on_hand, reserved, *_ in self.stock:
            if self.products[product][5]:
                self.available[day, product] += on_hand - reserved
        self._known: dict[tuple[Any, ...], Any] = {}

    def once(self, of: Callable[..., Any], *asked: Any) -> Any:
        """Return what a function gives, worked out the first time: plain loops are slow."""
        key = (of.__name__, *asked)
        if key not in self._known:
            self._known[key] = of(*asked)
        return self._known[key]

    def keys(self, product: int, per: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.products[product][GOODS.index(name)] for name in per)

    def groups(self, products: Iterable[int], per: tuple[str, ...], where: tuple[tuple[str, str], ...]) -> dict[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        allowed: dict[str, set[str]] = defaultdict(set)
        for name, value in where:
            allowed[name].add(value)
        for product in sorted(products):
            if all(self.keys(product, (name,))[0] in values for name, values in allowed.items()):
                found[self.keys(product, per)].append(product)
        return found

    def out(self, day: int, product: int) -> bool:
        for before in range(7):
            if (day - before, product) in self.available:
                return self.available[day - before, product] <= 0
        return False

    def counts(self, day: int, product: int) -> bool:
        launched = self.products[product][3]
        return DAY_1 <= day <= LAST and not self.out(day, product) and (launched is None or day >= launched)

    def counting(self, product: int, first: int, last: int) -> list[int]:
        return [day for day in range(first, last + 1) if self.counts(day, product)]

    # ---- methods: of the products of one group

    def stockout_rate_weighted(self, products: list[int], period: Period) -> float | None:
        missed, demand = [], []
        for product in products:
            counted = [day for day in range(period.first, period.last + 1) if (day, product) in self.available]
            share = sum(self.available[day, product] <= 0 for day in counted) / len(counted)
            days = self.once(self.counting, product, period.first - 56, period.last)
            if days:
                rate = sum(self.units[day, product] for day in days) / len(days)
                demand.append(rate)
                missed.append(rate * share)
        return sum(missed) / sum(demand) if sum(demand) else None

    def lost_sales_estimate(self, products: list[int], period: Period) -> Fraction | None:
        lost, blind, out = Fraction(0), 0, 0
        for product in products:
            for day in range(period.first, period.last + 1):
                if self.out(day, product):
                    out += 1
                    same = [day - 7 * weeks for weeks in range(1, 9) if self.counts(day - 7 * weeks, product)]
                    if same:
                        units = Fraction(sum(self.units[one, product] for one in same), len(same))
                        sold = sum(self.units[one, product] for one in same)
                        price = Fraction(sum(self.net[one, product] for one in same), sold) if sold else Fraction(0)
                        lost += units * price
                    else:
                        blind += 1
        return None if blind and blind == out else lost

    def weeks(self, period: Period) -> list[int]:
        monday = period.last + 1 - (period.last + 1 + 3) % 7
        return [monday - 7 * back for back in range(52, 0, -1) if monday - 7 * back >= DAY_1 and monday - 7 * back + 6 <= LAST]

    def xyz_class(self, products: list[int], period: Period) -> str | None:
        weeks = self.weeks(period)
        launches = [self.products[product][3] for product in products]
        if None not in launches:
            weeks = [week for week in weeks if week + 6 >= min(launches)]
        series = [sum(self.units[day, product] for product in products for day in range(week, week + 7)) for week in weeks]
        if len(series) < 26 or not sum(series):
            return None
        variation = statistics.pstdev(series) / statistics.fmean(series)
        return "X" if variation <= 0.5 else "Y" if variation <= 1 else "Z"

    def lead_time(self, product: int, last: int) -> tuple[float, float] | None:
        supplier = self.products[product][6]
        if supplier is None:
            bought = self.conn.execute(
                "SELECT p.supplier_id FROM po_lines l JOIN purchase_orders p ON p.po_id = l.po_id WHERE l.product_id = ? "
                "AND p.supplier_id IS NOT NULL AND p.ordered_day <= ? ORDER BY p.ordered_day DESC, l.po_line_id DESC LIMIT 1",
                (product, last),
            ).fetchone()
            supplier = None if bought is None else bought[0]
        leads = []
        for line, ordered, quantity in self.conn.execute(
            "SELECT l.po_line_id, p.ordered_day, l.qty_ordered FROM po_lines l JOIN purchase_orders p ON p.po_id = l.po_id "
            "WHERE p.supplier_id = ? AND COALESCE(p.status, '') <> 'cancelled' AND l.cancelled = 0",
            (supplier,),
        ):
            received = self.conn.execute("SELECT received_day, qty_received FROM receipts WHERE po_line_id = ?", (line,)).fetchall()
            done = max((day for day, _ in received), default=0)
            if sum(pieces for _, pieces in received) >= quantity and last - 364 <= done <= last:
                leads.append(done - ordered)
        if len(leads) >= 3:
            return statistics.fmean(leads), statistics.stdev(leads)
        stated = self.conn.execute("SELECT lead_time_days FROM supplier WHERE supplier_id = ?", (supplier,)).fetchone()
        return None if stated is None or stated[0] is None else (stated[0], 0.0)

    def levels(self, product: int, last: int) -> tuple[int, int, int] | None:
        """Return buffer, reorder point and the level to order up to."""
        days = [day for day in range(last - 90, last + 1) if self.counts(day, product)]
        lead = self.lead_time(product, last)
        if lead is None or len(days) < 28:
            return None
        sold = [self.units[day, product] for day in days]
        mean, deviation = statistics.fmean(sold), statistics.stdev(sold)
        service = self.products[product][4] or 0.95
        through = math.ceil(mean * lead[0] - 1e-9)
        variance = lead[0] * deviation**2 + mean**2 * lead[1] ** 2
        reorder = through + math.ceil(max(statistics.NormalDist().inv_cdf(service), 0) * math.sqrt(variance) - 1e-9)
        if mean * lead[0] < 10:
            reorder = max(plain_quantile(mean * lead[0], variance, service), through)
        longer, more = mean * (lead[0] + 7), variance + 7 * deviation**2
        up_to = math.ceil(longer + statistics.NormalDist().inv_cdf(service) * math.sqrt(more) - 1e-9)
        if longer < 10:
            up_to = plain_quantile(longer, more, service)
        return reorder - through, reorder, max(up_to, reorder)

    def of_one(self, products: list[int], period: Period, place: int) -> int | None:
        if len(products) > 1:
            return None
        found = self.once(self.levels, products[0], period.last)
        return None if found is None else found[place]

    def safety_stock(self, products: list[int], period: Period) -> int | None:
        return self.of_one(products, period, 0)

    def reorder_point(self, products: list[int], period: Period) -> int | None:
        return self.of_one(products, period, 1)

    def counted_day(self, period: Period) -> int:
        return max(row[0] for row in self.stock if period.first - 3 <= row[0] <= period.last)

    def open_orders(self, product: int, day: int) -> int:
        coming = 0
        for line, quantity, status in self.conn.execute(
            "SELECT l.po_line_id, l.qty_ordered, p.status FROM po_lines l JOIN purchase_orders p ON p.po_id = l.po_id "
            "WHERE l.product_id = ? AND l.cancelled = 0 AND COALESCE(p.status, '') <> 'cancelled' AND p.ordered_day <= ?",
            (product, day),
        ):
            received = self.conn.execute("SELECT received_day, qty_received FROM receipts WHERE po_line_id = ?", (line,)).fetchall()
            if status == "closed":
                coming += sum(pieces for when, pieces in received if when > day)
            else:
                coming += max(quantity - sum(pieces for when, pieces in received if when <= day), 0)
        return coming

    def position(self, product: int, period: Period) -> int:
        day = self.counted_day(period)
        rows = [row for row in self.stock if row[:2] == (day, product)]
        stated = [row[5] for row in rows if row[5] is not None]
        return sum(row[3] - row[4] for row in rows) + (sum(stated) if stated else self.open_orders(product, day))

    def below(self, products: list[int], period: Period) -> dict[int, int] | None:
        """Return what to order of each product below its reorder point; None when no product that sells has one."""
        found, known, sells = {}, 0, 0
        for product in products:
            if any(self.units[day, product] for day in range(period.last - 90, period.last + 1)):
                sells += 1
                level = self.once(self.levels, product, period.last)
                if level is not None:
                    known += 1
                    position = self.once(self.position, product, period)
                    if position <= level[1]:
                        found[product] = level[2] - position
        return None if sells and not known else found

    def skus_below_reorder_point(self, products: list[int], period: Period) -> int | None:
        found = self.below(products, period)
        return None if found is None else len(found)

    def order_quantity(self, products: list[int], period: Period) -> int | None:
        found = self.below(products, period)
        return None if found is None else sum(found.values())

    def universe(self, metric: str, period: Period) -> set[int]:
        """Return the products that a metric speaks about."""
        if metric in ("safety_stock", "reorder_point"):
            return {product for day, product in self.units if period.last - 90 <= day <= period.last and self.units[day, product]}
        if metric == "xyz_class":
            weeks = self.weeks(period)
            return {product for day, product in self.sold_on if weeks[0] <= day <= weeks[-1] + 6}
        if metric in ("skus_below_reorder_point", "order_quantity"):
            counted = self.counted_day(period)
            return {product for day, product in self.available if day == counted}
        first = period.first if metric == "stockout_rate_weighted" else period.first - 6
        return {product for day, product in self.available if first <= day <= period.last}


def plain_quantile(mean: float, variance: float, service: float) -> int:
    if mean <= 0:
        return 0
    if variance > mean * (1 + 1e-12):
        size, hit = mean * mean / (variance - mean), mean / variance
        chance = hit**size
        following: Callable[[int], float] = lambda count: (count + size) / (count + 1) * (1 - hit)  # noqa: E731
    else:
        chance = math.exp(-mean)
        following = lambda count: mean / (count + 1)  # noqa: E731
    count, reached = 0, chance
    while reached < service - 1e-12:
        chance *= following(count)
        count += 1
        reached += chance
    return count


@cache
def plain(seed: int) -> Plain:
    return Plain(shop(seed))


OF_PRODUCTS = (
    "stockout_rate_weighted", "lost_sales_estimate", "xyz_class", "safety_stock", "reorder_point", "skus_below_reorder_point",
    "order_quantity",
)  # fmt: skip
FILTERS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("product", "S1"), ("product", "S4")),
    (("category", ""),),
    (("supplier", "supplier 0"), ("category", "category 0"), ("category", "category 1")),
)


@pytest.mark.parametrize("metric", OF_PRODUCTS)
@pytest.mark.parametrize("seed", SHOPS)
def test_every_cut_and_filter_is_what_plain_loops_over_the_facts_give(metric: str, seed: int) -> None:
    expected_of = getattr(plain(seed), metric)
    compared = 0
    for period in PERIODS[: 2 if seed == 2 else 3]:
        universe = plain(seed).universe(metric, period)
        for per, where in itertools.product(cuts_of(GOODS), FILTERS):
            found = answers(shop(seed), metric, period, per, where)
            groups = plain(seed).groups(universe, per, where)
            assert found.keys() == groups.keys() or not per, (period, per, where)
            for cut, products in groups.items():
                value = found[cut]
                expected = expected_of(products, period)
                if isinstance(expected, str | None):
                    assert (value.word, value.value is None) == (expected, expected is None), (period, per, where, cut, value)
                else:
                    assert value.value is not None, (period, per, where, cut, value)
                    assert float(value.value) == pytest.approx(float(expected), rel=1e-9, abs=1e-9), (period, per, where, cut)
                compared += expected is not None
    assert compared > 10


@pytest.mark.parametrize("seed", SHOPS)
def test_the_position_and_the_ages_of_stock_are_those_of_its_rows(seed: int) -> None:
    store, facts = shop(seed), plain(seed)
    period = PERIODS[0]
    day = facts.counted_day(period)
    rows = [row for row in facts.stock if row[0] == day]
    names = ("product", "category", "supplier", "location")

    def keys(row: tuple[Any, ...], per: tuple[str, ...], step: str) -> tuple[str, ...]:
        own = {**dict(zip(GOODS, facts.keys(row[1], GOODS), strict=True)), "location": row[2], "step": step}
        return tuple(own[name] for name in per)

    def step(row: tuple[Any, ...]) -> str:
        if row[7] is None:
            return ""
        age = day - row[7]
        return next((name for bound, name in ((30, "0-30"), (60, "31-60"), (90, "61-90"), (180, "91-180")) if age <= bound), "180+")

    for per in cuts_of((*names, "step")):
        value_of: dict[tuple[str, ...], int] = defaultdict(int)
        for row in rows:
            # On this shop a piece costs 50.00 where the count does not tell its value; oversold stock is worth nothing.
            worth = row[6] if row[6] is not None else max(row[3], 0) * 50
            value_of[keys(row, per, step(row))] += worth
        found = answers(store, "stock_age_value", period, per)
        assert {cut: value.value for cut, value in found.items()} == value_of, per
    for per in cuts_of(names):
        position: dict[tuple[str, ...], int] = defaultdict(int)
        pieces: dict[tuple[tuple[str, ...], int], list[tuple[Any, ...]]] = defaultdict(list)
        for row in rows:
            pieces[keys(row, per, ""), row[1]].append(row)
        for (cut, product), parts in pieces.items():
            coming = [row[5] for row in parts if row[5] is not None]
            more = sum(coming) if coming or "location" in per else facts.open_orders(product, day)
            position[cut] += sum(row[3] - row[4] for row in parts) + more
        found = answers(store, "inventory_position", period, per)
        assert {cut: value.value for cut, value in found.items()} == position, per
    for metric, dimension in itertools.product(("inventory_position", "stock_age_value"), names):
        for cut, value in answers(store, metric, period, (dimension,)).items():
            assert answers(store, metric, period, (), ((dimension, cut[0]),))[()].value == value.value, (metric, dimension, cut)
    whole = answers(store, "inventory_value", period)[()].value
    assert answers(store, "stock_age_value", period)[()].value == whole


@pytest.mark.parametrize("metric", ["supplier_score", "carrier_score"])
@pytest.mark.parametrize("seed", SHOPS)
def test_a_score_is_the_weighted_mean_of_what_its_metrics_say_themselves(metric: str, seed: int) -> None:
    store = shop(seed)
    declared = catalogue().metrics[metric]
    scores: list[dict[str, Any]] = declared.calculation.settings["scores"]  # type: ignore[union-attr,assignment]
    period = Period(LAST - 180, LAST)
    compared = 0
    for per in cuts_of(declared.dimensions):
        found = answers(store, metric, period, per)
        parts = {part["metric"]: _asked_by_itself(store, part["metric"], period, per) for part in scores}
        beside = {
            part["metric"]: _asked_by_itself(store, part["metric"], period, tuple(name for name in per if name != part["beside"]))
            for part in scores
            if "beside" in part
        }
        for cut, value in found.items():
            total = weight = 0.0
            for part in scores:
                number, base = parts[part["metric"]].get(cut, (None, None))
                if number is None or (base is not None and base < 5):
                    continue
                if "beside" in part:
                    others = tuple(key for name, key in zip(per, cut, strict=True) if name != part["beside"])
                    number /= beside[part["metric"]][others][0]
                if (number - part["target"]) * (part["target"] - part["floor"]) >= 0:
                    score = 100 + 20 * (number - part["target"]) / (part["stretch"] - part["target"])
                else:
                    score = 100 * (number - part["floor"]) / (part["target"] - part["floor"])
                total += part["weight"] * min(max(score, 0), 120)
                weight += part["weight"]
            if weight < 70:
                assert value.value is None and value.reason == "metrics.score_too_little_known", (per, cut, value)
            else:
                assert value.value == pytest.approx(total / weight), (per, cut)
                compared += 1
    assert compared > 5


def _asked_by_itself(store: SmallStore, metric: str, period: Period, per: tuple[str, ...]) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """Return numbers and what stands behind them, without words about how firm they are."""
    if metric == "supplier_lead_time_variation":
        spread = answers(store, "supplier_lead_time_sd", period, per)
        mean = answers(store, "supplier_lead_time_mean", period, per)
        found = {}
        for cut, value in mean.items():
            both = value.value is not None and spread[cut].value is not None
            found[cut] = (float(spread[cut].value) / float(value.value), float(value.value)) if both else (None, None)
        return found
    return {
        cut: (None if value.value is None else float(value.value), value.denominator)
        for cut, value in answers(store, metric, period, per).items()
    }


@pytest.mark.parametrize("seed", SHOPS)
def test_vitals_pass_by_page_and_device_and_never_twice(seed: int) -> None:
    store, period = shop(seed), PERIODS[0]
    newest: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for page, device, vital, p75 in store.conn.execute(
        "SELECT page, device, metric, p75 FROM page_p75 WHERE day BETWEEN ? AND ? ORDER BY day", period
    ):
        newest[page, device][vital] = p75
    good = {"LCP": 2500, "INP": 200, "CLS": 0.1}
    judged = {group: told for group, told in newest.items() if {"LCP", "CLS"} <= told.keys()}
    divided = {page for page, device in judged if device != "all"}
    groups = {group: all(told[name] <= good[name] for name in told) for group, told in judged.items() if group[1] != "all" or group[0] not in divided}
    for per in cuts_of(("page", "device")):
        expected: dict[tuple[str, ...], list[bool]] = defaultdict(list)
        for (page, device), passes in groups.items():
            own = {"page": page, "device": device}
            expected[tuple(own[name] for name in per)].append(passes)
        found = answers(store, "cwv_pass_rate", period, per)
        assert {cut: (value.numerator, value.denominator) for cut, value in found.items()} == {
            cut: (sum(passed), len(passed)) for cut, passed in expected.items()
        }, per


@pytest.mark.parametrize("seed", SHOPS[:2])
def test_the_next_unit_of_spend_is_that_of_the_weeks_put_in_steps_by_hand(seed: int) -> None:
    store, period = shop(seed), Period(LAST - 6, LAST)
    monday = LAST + 1 - (LAST + 1 + 3) % 7
    weeks = [monday - 7 * back for back in range(26, 0, -1)]
    compared = 0
    for per in ((), ("shop",), ("channel",), ("shop", "channel")):
        columns = ", ".join(f"{name}_id" for name in per) or "NULL"
        spend: dict[Any, int] = defaultdict(int)
        sold: dict[Any, int] = defaultdict(int)
        for day, cost, *cut in store.conn.execute(f"SELECT day, cost_minor, {columns} FROM ad_performance"):
            spend[day - (day + 3) % 7, tuple(cut if per else ())] += cost
        joined = ", ".join(f"o.{name}_id" for name in per) or "NULL"
        for day, net, *cut in store.conn.execute(
            f"SELECT o.sale_day, l.gross_minor - COALESCE(l.discount_minor, 0), {joined} FROM orders o "
            "JOIN order_lines l ON l.line_id / 65536 = o.order_id WHERE COALESCE(o.is_test, 0) = 0"
        ):
            sold[day - (day + 3) % 7, tuple(cut if per else ())] += net
        for day, goods, *cut in store.conn.execute(f"SELECT refund_day, goods_minor, {columns} FROM refunds"):
            sold[day - (day + 3) % 7, tuple(cut if per else ())] -= goods
        names = {"shop": {1: "Qimu", 2: "Second", None: ""}, "channel": {1: "web", 2: "live", None: ""}}
        found = answers(store, "marginal_roas", period, (*per, "step"))
        top = answers(store, "marginal_roas", period, per)
        for cut in {cut for _, cut in spend}:
            points = sorted((spend[week, cut], sold[week, cut]) for week in weeks)
            parts = [points[place * 26 // 4 : (place + 1) * 26 // 4] for place in range(4)]
            means = [tuple(Fraction(sum(point[axis] for point in part), len(part)) for axis in (0, 1)) for part in parts]
            named = tuple(names[name][key] for name, key in zip(per, cut, strict=True))
            assert found[(*named, "1")].reason == "metrics.lowest_step"
            for place in (1, 2, 3):
                more, spent = (means[place][axis] - means[place - 1][axis] for axis in (1, 0))
                hardly = spent < means[place][0] / 50
                assert found[(*named, str(place + 1))].value == (None if hardly else more / spent)
                compared += not hardly
            assert top[named].value == found[(*named, "4")].value
            narrowed = answers(store, "marginal_roas", period, per, (("step", "2"),))
            assert narrowed[named].value == found[(*named, "2")].value
    assert compared > 20


@pytest.mark.parametrize("seed", SHOPS[:2])
def test_a_signal_is_what_the_limits_of_the_weeks_before_say(seed: int) -> None:
    store = shop(seed)
    for ends, about in itertools.product((LAST, LAST - 40, LAST - 77), ("orders", "net_sales", "units_sold")):
        period = Period(ends - 6, ends)
        monday = ends + 1 - (ends + 1 + 3) % 7
        weeks = [monday - 7 * back for back in range(27, 0, -1)]
        metric = "xmr_signal" if about == "net_sales" else f"xmr_signal({about})"
        for per in ((), ("shop",)):
            series: dict[tuple[str, ...], list[float]] = defaultdict(list)
            for week in weeks:
                for cut, value in answers(store, about, Period(week, week + 6), per).items():
                    series[cut].append(float(value.value or 0))
            for cut, value in answers(store, metric, period, per).items():
                values = series[cut]
                within = signals.limits(values[:-1], floor=0.0 if min(values[:-1]) >= 0 else None)
                assert within is not None and len(values) == 27
                told = signals.judge(values, within)
                assert value.word == ("signal" if told.signal else "quiet" if told.watch else "none"), (ends, about, cut)
                assert value.details["week"] == iso(weeks[-1])


def test_sums_kept_ahead_and_facts_give_the_same() -> None:
    store = stock_shop(5)
    sums.ensure(store.conn)
    asked = [
        Question((metric,), period, per=per, where=where)
        for metric in OF_PRODUCTS
        for period in PERIODS
        for per, where in ((("product",), ()), ((), FILTERS[3]), (("category", "supplier"), ()))
    ]

    def told() -> list[list[tuple[Any, ...]]]:
        found = Engine(store.conn, catalogue()).answer(asked)
        return [[(tuple(value.per.items()), value.value, value.quality, value.reason) for value in values] for values in found]

    ahead = told()
    store.conn.execute("DELETE FROM setting WHERE name = 'sums'")
    assert not sums.are_current(store.conn)
    assert told() == ahead


EXPLAINED = (
    *OF_PRODUCTS, "inventory_position", "stock_age_value", "supplier_score", "carrier_score", "cwv_pass_rate", "marginal_roas",
    "claimed_sales_ratio", "xmr_signal", "xmr_signal(orders)", "data_freshness",
)  # fmt: skip


@pytest.mark.parametrize("metric", EXPLAINED)
def test_a_number_is_worked_out_again_from_the_rows_that_its_explanation_names(metric: str) -> None:
    store, period = shop(1), Period(LAST - 180, LAST) if metric.endswith("_score") else PERIODS[0]
    engine = Engine(store.conn, catalogue())
    roll = random.Random(metric)
    tried = 0
    for dimension in (None, *catalogue().metric(metric).dimensions):
        per = () if dimension is None else (dimension,)
        values = [value for value in answers(store, metric, period, per).values() if value.value is not None]
        for value in roll.sample(values, min(len(values), 2)):
            told = explain(engine, metric, period, tuple(value.per.items()), None)
            assert told.value.value == value.value
            assert recompute(told, catalogue(), store.conn) == pytest.approx(value.value), value.per
            tried += 1
    assert tried


# ---- worked examples, through stored facts


def test_e24_two_products_out_for_six_and_three_days_with_forty_and_twenty_percent_of_demand() -> None:
    store = SmallStore(days=120)
    first = DAY_1 + 90
    # Units a day while in stock: 4, 2, 2 and 2 of ten.
    for product, (units, out) in enumerate(((4, 6), (2, 3), (2, 0), (2, 0)), 1):
        store.add("product", sku=f"S{product}", is_listed=1)
        for day in range(DAY_1, DAY_1 + 120):
            is_out = first <= day < first + out
            store.add("inventory_snapshots", day=day, product_id=product, on_hand=0 if is_out else 9)
            if not is_out:
                store.order(day, {"product_id": product, "qty": units, "gross_minor": 100 * units})
    expected = oracle("E24")
    assert store.number("stockout_rate_weighted", first=first) == pytest.approx(expected["demand_weighted_stockout"])
    assert store.number("stockout_rate", first=first) == pytest.approx(expected["stockout_rate"])
    # Six days of four and three of two, at 1.00 a piece.
    assert store.number("lost_sales_estimate", first=first) == 6 * 400 + 3 * 200
    daily = store.values("lost_sales_estimate", first=first, by="day")
    assert sum(value.value for value in daily) == 3000


def steady_shop(lead_times: tuple[int, ...], *, service: float | None = None) -> SmallStore:
    """Return a shop that sells 14 and 26 pieces in turn, 20 a day with a deviation of about 6."""
    store = SmallStore(days=200)
    store.add("supplier", name="mill")
    store.add("product", sku="S1", supplier_id=1, is_listed=1, service_level=service)
    for day in range(DAY_1, DAY_1 + 200):
        store.order(day, {"product_id": 1, "qty": 14 if day % 2 else 26, "gross_minor": 100})
    for number, days in enumerate(lead_times):
        po = store.add("purchase_orders", po_no=f"P{number}", supplier_id=1, ordered_day=DAY_1 + 10 + number)
        line = store.add("po_lines", po_id=po, product_id=1, qty_ordered=5)
        store.add("receipts", po_id=po, po_line_id=line, received_day=DAY_1 + 10 + number + days, qty_received=5)
    return store


def test_e25_the_buffer_for_varying_demand_and_lead_time() -> None:
    expected = oracle("E25")
    spread = stock.lead_time_spread(20, 6, 9, 2)
    assert spread == pytest.approx(expected["sigma_lead_time_demand"], abs=1e-6)
    assert statistics.NormalDist().inv_cdf(0.95) * spread == pytest.approx(expected["safety_stock"], abs=1e-4)
    levels = _levels(20, 6, 9, 2, 0.95, review=7)
    assert (levels.safety[0], levels.reorder[0]) == (expected["safety_stock_units"], expected["reorder_point"])
    assert levels.up_to[0] == math.ceil(expected["order_up_to"])
    assert stock.fill_factor(0.98, 200, spread) == pytest.approx(expected["k_for_fill_98"], abs=1e-6)
    assert stock.fill_factor(0.98, 200, spread) * spread == pytest.approx(expected["ss_for_fill_98"], abs=1e-4)


def test_e25_through_stored_orders_and_receipts() -> None:
    # Lead times of 7 to 11 days: mean 9, sample deviation 2; 91 days of 14 and 26: mean near 20, deviation near 6.
    store = steady_shop((7, 7, 9, 11, 11))
    last = DAY_1 + 199
    sold = [14 if day % 2 else 26 for day in range(last - 90, last + 1)]
    spread = stock.lead_time_spread(statistics.fmean(sold), statistics.stdev(sold), 9, 2)
    buffer = math.ceil(statistics.NormalDist().inv_cdf(0.95) * spread)
    assert abs(buffer - oracle("E25")["safety_stock_units"]) <= 1
    assert store.number("safety_stock", first=last, days=1) == buffer
    assert store.number("reorder_point", first=last, days=1) == math.ceil(statistics.fmean(sold) * 9) + buffer
    assert store.value("reorder_point", first=last, days=1).details["lead_time_sd"] == 2


def test_a_product_of_its_own_service_level_and_a_workspace_of_its_own_are_heard() -> None:
    usual = steady_shop((7, 7, 9, 11, 11))
    strict = steady_shop((7, 7, 9, 11, 11), service=0.99)
    lax = steady_shop((7, 7, 9, 11, 11))
    lax.add("setting", name="service_level", value="0.8")
    numbers = [store.number("safety_stock", first=DAY_1 + 199, days=1) for store in (lax, usual, strict)]
    assert numbers == sorted(numbers) and len(set(numbers)) == 3
    assert strict.value("safety_stock", first=DAY_1 + 199, days=1).details["service"] == 0.99


def test_without_receipts_the_suppliers_word_is_taken_and_said_and_without_it_there_is_no_number() -> None:
    store = steady_shop(())
    assert store.value("reorder_point", first=DAY_1 + 199, days=1).reason == "metrics.no_lead_time"
    assert store.value("reorder_point", first=DAY_1 + 199, days=1).value is None
    store = steady_shop(())
    store.conn.execute("UPDATE supplier SET lead_time_days = 9")
    value = store.value("reorder_point", first=DAY_1 + 199, days=1)
    assert (value.quality, value.reason) == ("partial", "metrics.lead_time_stated")
    assert value.value is not None and value.details["lines"] == 0


def test_levels_of_several_products_are_refused_and_of_one_among_them_given() -> None:
    store = steady_shop((7, 7, 9, 11, 11))
    store.add("product", sku="S2", supplier_id=1)
    store.order(DAY_1 + 150, {"product_id": 2, "qty": 3, "gross_minor": 100})
    value = store.value("safety_stock", first=DAY_1 + 199, days=1)
    assert (value.value, value.reason) == (None, "metrics.one_product_only")
    assert store.number("safety_stock", first=DAY_1 + 199, days=1, where=(("product", "S1"),)) is not None


def test_e31_classes_of_weekly_demand() -> None:
    store = SmallStore(days=28 * 7)
    series = {"X": (10, 11, 9, 10), "Y": (10, 0, 25, 5), "Z": (0, 0, 40, 0)}
    for product, (name, pattern) in enumerate(series.items(), 1):
        store.add("product", sku=name)
        for week in range(28):
            if pattern[week % 4]:
                store.order(DAY_1 + 7 * week + 2, {"product_id": product, "qty": pattern[week % 4], "gross_minor": 100})
    for value in store.values("xyz_class", days=28 * 7, per=("product",)):
        name = value.per["product"]
        variation, word = oracle("E31")[name]
        assert value.word == word
        assert value.details["variation"] == pytest.approx(variation, abs=1e-4)
    assert value.details["interval"] == oracle("E31")["adi_z"]
    # Together they are one series of their own: 20, 11, 74, 15.
    together = store.value("xyz_class", days=28 * 7)
    assert together.word == "Y"
    assert together.details["variation"] == pytest.approx(statistics.pstdev((20, 11, 74, 15)) / 30)
    young = store.value("xyz_class", days=20 * 7)
    assert (young.word, young.quality) == (None, "insufficient_history")


def test_e37_a_page_fails_by_one_vital_and_is_judged_without_inp() -> None:
    store = SmallStore()
    for page, vitals in (("/", {"LCP": 2500, "INP": 210, "CLS": 0.1}), ("/a", {"LCP": 2500, "CLS": 0.1}), ("/b", {"INP": 100})):
        for name, p75 in vitals.items():
            store.add("page_p75", day=DAY_1 + 27, page=page, device="mobile", metric=name, p75=p75)
    found = {value.per["page"]: value.value for value in store.values("cwv_pass_rate", days=28, per=("page",))}
    assert found == {"/": 0, "/a": 1}  # of /b too little is known
    assert store.number("cwv_pass_rate", days=28) == 0.5
    expected = oracle("E37")
    told = {"lcp": verdict(2500, 2500, 4000), "inp": verdict(210, 200, 500), "cls": verdict(0.1, 0.1, 0.25)}
    assert told == {name: expected[name] for name in told}
    assert (found["/"] == 1) is expected["passes"]


def test_e46_a_missing_part_is_left_out_and_never_zero() -> None:
    expected = oracle("E46")
    scores = {"a": 110.0, "b": 95.0, "c": None, "d": 60.0}
    whole = scoring.weighted(scores, {"a": 40, "b": 30, "c": 20, "d": 10})
    assert (whole.coverage, whole.score) == (pytest.approx(expected["coverage"]), pytest.approx(expected["score"]))
    assert whole.missing == ("c",)
    assert scoring.grade(whole.score or 0, (("S", 110), ("A", 100), ("B", 85), ("C", 70), ("D", 0))) == expected["grade"]
    assert scoring.weighted({"a": 110.0, "c": None}, {"a": 69, "c": 31}).score is None
    assert scoring.weighted({"a": 110.0, "c": None}, {"a": 70, "c": 30}).score == 110


def test_e47_a_parent_is_the_weighted_mean_of_its_children() -> None:
    parent = scoring.weighted({"a": 120.0, "b": 90.0, "c": 100.0}, {"a": 0.5, "b": 0.3, "c": 0.2})
    assert parent.score == pytest.approx(oracle("E47")["parent"])


def test_e49_the_newest_week_beyond_the_limits_is_a_signal() -> None:
    weeks = (50, 53, 48, 51, 49, 52, 50, 47, 51, 49, 58)
    store = SmallStore(days=7 * len(weeks))
    for week, orders in enumerate(weeks):
        for _ in range(orders):
            store.order(DAY_1 + 7 * week + 1, {"gross_minor": 100})
    expected = oracle("E49")
    value = store.value("xmr_signal(orders)", days=7 * len(weeks))
    assert (value.word, value.details["side"]) == ("signal", "above")
    assert value.details["centre"] == pytest.approx(expected["mean"])
    assert value.details["upper"] == pytest.approx(expected["unpl"])
    assert value.details["lower"] == pytest.approx(expected["lnpl"])
    # The week before is the last of the base: nine weeks tell no limits yet.
    before = store.value("xmr_signal(orders)", days=7 * 10)
    assert (before.word, before.quality) == (None, "insufficient_history")


# ---- laws


def _levels(demand: float, spread: float, lead: float, lead_spread: float, service: float, review: float = 0.0) -> stock.Levels:
    import numpy as np

    return stock.levels(*(np.array([float(one)]) for one in (demand, spread, lead, lead_spread, service)), review)


POSITIVE = st.floats(0, 200, allow_nan=False)


@given(POSITIVE, POSITIVE, st.floats(0.5, 90), st.floats(0, 30), st.floats(0.5, 0.999), st.integers(0, 30))
def test_a_reorder_point_lies_never_below_its_buffer_nor_above_what_is_ordered_up_to(
    demand: float, spread: float, lead: float, lead_spread: float, service: float, review: int
) -> None:
    levels = _levels(demand, spread, lead, lead_spread, service, review)
    assert 0 <= levels.safety[0] <= levels.reorder[0] <= levels.up_to[0]


@given(POSITIVE, POSITIVE, st.floats(0.5, 90), st.floats(0, 30), st.floats(0.5, 0.9), st.floats(0.9, 0.999))
def test_more_service_never_needs_less_stock(
    demand: float, spread: float, lead: float, lead_spread: float, less: float, more: float
) -> None:
    assert _levels(demand, spread, lead, lead_spread, less).reorder[0] <= _levels(demand, spread, lead, lead_spread, more).reorder[0]


@given(st.floats(0.01, 9.9), st.floats(0, 60), st.floats(0.5, 0.995))
def test_a_count_quantile_is_the_first_count_that_is_sure_enough(mean: float, more: float, service: float) -> None:
    variance = mean + more
    assert stock.count_quantile(mean, variance, service) == plain_quantile(mean, variance, service)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60), st.randoms())
def test_a_class_does_not_depend_on_the_order_of_the_weeks(weeks: list[int], roll: Any) -> None:
    mixed = list(weeks)
    roll.shuffle(mixed)
    one, other = variability.moments(weeks), variability.moments(mixed)
    assert variability.xyz(one) == variability.xyz(other)
    assert variability.demand_class(one) == variability.demand_class(other)
    if sum(weeks):
        assert variability.variation(one) == pytest.approx(statistics.pstdev(weeks) / statistics.fmean(weeks))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-1000, 90_000)), min_size=1, max_size=40), st.randoms())
def test_steps_do_not_depend_on_the_order_of_the_weeks_and_hold_each_once(points: list[tuple[int, int]], roll: Any) -> None:
    mixed = list(points)
    roll.shuffle(mixed)
    found = steps.spend_steps(points)
    assert steps.spend_steps(mixed) == found
    assert sum(step.periods for step in found) == len(points)
    assert sum(step.periods * step.spend for step in found) == sum(spend for spend, _ in points)
    assert [step.spend for step in found] == sorted(step.spend for step in found)


@given(st.lists(st.integers(1, 10_000), min_size=12, max_size=40, unique=True), st.integers(-3, 9), st.integers(0, 90_000))
def test_on_a_straight_line_every_step_and_the_slope_say_its_rise(spends: list[int], rise: int, start: int) -> None:
    points = [(spend, start + rise * spend) for spend in spends]
    assert {step.marginal for step in steps.spend_steps(points)[1:]} == {rise}
    line = steps.slope(points)
    assert line is not None and line.slope == pytest.approx(rise, abs=1e-6)


@pytest.mark.parametrize(("chance", "freedom", "quantile"), [(0.95, 10, 1.8124611), (0.95, 24, 1.7108821), (0.975, 8, 2.3060041)])
def test_students_quantile_is_the_tabled_one(chance: float, freedom: int, quantile: float) -> None:
    assert steps.student(chance, freedom) == pytest.approx(quantile, abs=2e-4)


@pytest.mark.parametrize("seed", SHOPS)
def test_lost_sales_of_days_and_of_parts_add_up(seed: int) -> None:
    store, period = shop(seed), Period(LAST - 29, LAST)
    whole = answers(store, "lost_sales_estimate", period)[()].value
    assert whole
    for per in GOODS:
        assert sum(value.value or 0 for value in answers(store, "lost_sales_estimate", period, (per,)).values()) == whole
    days = Engine(store.conn, catalogue()).answer([Question(("lost_sales_estimate",), period, by="day")])[0]
    assert sum(value.value or 0 for value in days) == whole


def weekly_spend(weeks: int, spend: Callable[[int], int]) -> SmallStore:
    """Return a shop that spends by the week and sells 3 for every unit of it, and 50.00 of its own accord."""
    store = SmallStore(days=7 * weeks)
    for week in range(weeks):
        store.order(DAY_1 + 7 * week, {"gross_minor": 5000 + 3 * spend(week)})
        store.add("ad_performance", day=DAY_1 + 7 * week + 3, cost_minor=spend(week))
    return store


def test_a_few_weeks_tell_nothing_and_some_are_flagged() -> None:
    few, some, many = (weekly_spend(weeks, lambda week: 1000 + 100 * week) for weeks in (11, 15, 26))
    assert few.value("marginal_roas", days=77).reason == "metrics.few_ordinary_weeks"
    flagged = some.value("marginal_roas", days=105)
    assert (flagged.value, flagged.quality) == (3, "low_n")
    firm = many.value("marginal_roas", days=182)
    assert (firm.value, firm.quality, firm.details["slope"]) == (3, "ok", pytest.approx(3))
    assert firm.details["weeks"] == 26


def test_weeks_of_like_spend_and_weeks_of_promotions_tell_nothing_of_more_spend() -> None:
    alike = weekly_spend(26, lambda week: 10_000 + week % 3)
    assert alike.value("marginal_roas", days=182).reason == "metrics.spend_hardly_varied"
    store = weekly_spend(26, lambda week: 1000 + 100 * week)
    for week in range(4, 20):
        store.conn.execute("INSERT INTO calendar VALUES (?, '', 0, 0, 0, 0, 0, 0, 0, 0, NULL, 'X', 0)", (DAY_1 + 7 * week + 2,))
    assert store.value("marginal_roas", days=182).details == {"weeks": 10, "at_least": 12}


def test_a_week_of_a_promotion_is_no_point_and_gets_no_call() -> None:
    store = SmallStore(days=7 * 20)
    for week in range(20):
        store.order(DAY_1 + 7 * week, {"gross_minor": 90_000 if week in (8, 19) else 5000 + 100 * (week % 3)})
    store.conn.execute("INSERT INTO calendar VALUES (?, '', 0, 0, 0, 0, 0, 0, 0, 0, NULL, 'X', 0)", (DAY_1 + 7 * 8,))
    value = store.value("xmr_signal", days=7 * 20)
    assert (value.word, value.details["weeks"]) == ("signal", 18)
    store.conn.execute("INSERT INTO calendar VALUES (?, '', 0, 0, 0, 0, 0, 0, 0, 0, NULL, 'X', 0)", (DAY_1 + 7 * 19,))
    value = store.value("xmr_signal", days=7 * 20)
    assert (value.value, value.reason) == (None, "metrics.known_cause")


# ---- freshness


def test_freshness_is_that_of_the_source_that_lags_most_and_forgets_one_that_stopped() -> None:
    store = SmallStore(days=60, kinds=("sales",))
    for source, (name, days) in enumerate((("ads", 57), ("courier", 50), ("closed shop", 20)), 2):
        store.add("source", source_id=source, name=name, platform="test")
        store.add("coverage", import_id=1, kind="ads", source_id=source, first_day=DAY_1, last_day=DAY_1 + days - 1)
    found = {value.per["source"]: value.value for value in store.values("data_freshness", days=60, per=("source",))}
    assert found == {"shop": 0, "ads": 3, "courier": 10, "closed shop": 40}
    whole = store.value("data_freshness", days=60)
    assert (whole.value, whole.details["source"]) == (10, "courier")
    assert store.number("data_freshness", days=60, where=(("source", "ads"),)) == 3
    # As of an earlier day what came later is not known.
    assert store.number("data_freshness", days=50) == 30
    assert store.value("data_freshness", first=DAY_1 - 40, days=5).reason == "metrics.nothing_imported"


def test_what_platforms_claim_together_is_held_against_real_orders() -> None:
    store = SmallStore()
    store.order(DAY_1, {"gross_minor": 8000}, {"gross_minor": 2000, "discount_minor": 0})
    for channel, claimed in ((1, 7000), (2, 6100)):
        store.add("ad_performance", day=DAY_1, channel_id=channel, cost_minor=100, conv_value_minor=claimed)
    assert store.number("claimed_sales_ratio") == pytest.approx(1.31)


def test_no_count_is_no_zero() -> None:
    store = SmallStore(days=60)
    store.order(DAY_1, {"gross_minor": 8000})
    for metric in ("stockout_rate_weighted", "lost_sales_estimate", "inventory_position", "skus_below_reorder_point", "order_quantity",
                   "stock_age_value"):  # fmt: skip
        value = store.value(metric)
        assert (value.value, value.reason) == (None, "metrics.no_snapshot"), metric


def test_whole_history_is_more_than_what_is_asked() -> None:
    assert DAYS > 364 + 28
