"""What the stock consists of, held against plain counting; each number follows from the rows it names."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from catalogue_facts import DAY_1, SmallStore
from stock_shop import DAYS, LAST, stock_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.explain import explain
from ecoperf_desktop.metrics.methods import variability
from ecoperf_desktop.metrics.recomputed import recompute
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import sums

METRICS = ("stock_cover_value", "stock_class_value")
PERIODS = (Period(LAST - 6, LAST), Period(LAST - 60, LAST - 30))


@cache
def shop(seed: int) -> SmallStore:
    store = stock_shop(seed, daily=seed % 2 == 0)
    sums.ensure(store.conn)
    return store


def answers(store: SmallStore, metric: str, period: Period, per: tuple[str, ...] = (), where: tuple[tuple[str, str], ...] = ()) -> dict[tuple[str, ...], Value]:
    found = Engine(store.conn, catalogue()).answer([Question((metric,), period, per=per, where=where)])[0]
    return {tuple(value.per[name] for name in per): value for value in found}


def held(store: SmallStore, period: Period) -> dict[int | None, tuple[int, int]]:
    """Return pieces available and worth by product on the last counted day."""
    (day,) = store.conn.execute("SELECT MAX(day) FROM inventory_snapshots WHERE day BETWEEN ? AND ?", (period.first - 3, period.last)).fetchone()
    found: dict[int | None, tuple[int, int]] = {}
    for product, on_hand, reserved, value in store.conn.execute(
        "SELECT product_id, on_hand, COALESCE(reserved, 0), value_minor FROM inventory_snapshots WHERE day = ?", (day,)
    ):
        free, worth = found.get(product, (0, 0))
        # A piece costs 50.00 where the count does not tell its value; oversold stock is worth nothing.
        found[product] = (free + max(on_hand - reserved, 0), worth + (value if value is not None else max(on_hand, 0) * 50))
    return found


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("seed", [0, 1])
def test_stock_lies_in_the_step_of_how_long_it_lasts(seed: int, period: Period) -> None:
    store = shop(seed)
    pace = answers(store, "units_sold", Period(period.last - 27, period.last), ("product",))
    skus = dict(store.conn.execute("SELECT product_id, sku FROM product").fetchall())
    expected: dict[str, int] = defaultdict(int)
    for product, (free, worth) in held(store, period).items():
        units = pace[(skus[product],)].value if product in skus and (skus[product],) in pace else 0
        if product is None:
            step = ""
        elif free <= 0:
            step = "0"
        else:
            days = free * 28 / units if units else float("inf")  # type: ignore[operator]
            step = next((name for bound, name in ((14, "1-14"), (30, "15-30"), (60, "31-60"), (90, "61-90"), (180, "91-180")) if days <= bound), "180+")
        expected[step] += worth
    found = {cut[0]: value.value for cut, value in answers(store, "stock_cover_value", period, ("step",)).items()}
    assert found == dict(expected)


@pytest.mark.parametrize("seed", [0, 1])
def test_stock_lies_under_the_classes_that_its_products_have(seed: int) -> None:
    store, period = shop(seed), PERIODS[0]
    by_sales = answers(store, "abc_class", Period(period.last - 363, period.last), ("product",))
    by_evenness = answers(store, "xyz_class", period, ("product",))
    skus = dict(store.conn.execute("SELECT product_id, sku FROM product").fetchall())
    expected: dict[str, list[int]] = defaultdict(list)
    for product, (_, worth) in held(store, period).items():
        words = [found.get((skus.get(product, ""),)) for found in (by_sales, by_evenness)]
        known = [word.word for word in words if word is not None and word.value is not None and word.word]
        expected["".join(known) if len(known) == 2 else ""].append(worth)
    found = answers(store, "stock_class_value", period, ("segment",))
    assert {cut[0]: value.value for cut, value in found.items()} == {name: sum(parts) for name, parts in expected.items()}
    assert {cut[0]: value.details["products"] for cut, value in found.items()} == {name: len(parts) for name, parts in expected.items()}
    assert any(name for name in expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", [0, 1])
def test_parts_add_up_to_all_the_stock_and_filters_are_rows(metric: str, seed: int) -> None:
    store, period = shop(seed), PERIODS[0]
    whole = answers(store, "inventory_value", period)[()].value
    assert answers(store, metric, period)[()].value == whole
    dimensions = catalogue().metrics[metric].dimensions
    for per in [(name,) for name in dimensions] + list(combinations(dimensions, 2)):
        found = answers(store, metric, period, per)
        assert sum(value.value or 0 for value in found.values()) == whole, per
        for cut, value in random.Random(seed).sample(sorted(found.items()), min(3, len(found))):
            assert answers(store, metric, period, (), tuple(zip(per, cut, strict=True)))[()].value == value.value, (per, cut)


@pytest.mark.parametrize("metric", METRICS)
def test_the_value_follows_from_the_rows_that_its_explanation_names(metric: str) -> None:
    store, period = shop(1), PERIODS[0]
    engine = Engine(store.conn, catalogue())
    tried = 0
    for dimension in (None, *catalogue().metrics[metric].dimensions):
        per: tuple[str, ...] = () if dimension is None else (dimension,)
        values = [value for value in answers(store, metric, period, per).values() if value.value is not None]
        for value in random.Random(metric).sample(values, min(len(values), 2)):
            told = explain(engine, metric, period, tuple(value.per.items()), None)
            assert told.value.value == value.value
            assert recompute(told, catalogue(), store.conn) == value.value, value.per
            tried += 1
    assert tried > 4


def test_without_a_count_there_is_no_value() -> None:
    store = SmallStore(days=60)
    store.order(DAY_1, {"gross_minor": 8000})
    for metric in METRICS:
        value = store.value(metric)
        assert (value.value, value.reason) == (None, "metrics.no_snapshot"), metric


@pytest.mark.parametrize("seed", [0, 1])
def test_many_weeks_asked_at_once_are_each_what_they_are_alone(seed: int) -> None:
    store = shop(seed)
    span = Period(LAST - 26 * 7 + 1, LAST)
    told: Any = Engine(store.conn, catalogue()).answer([Question(("stockout_rate_weighted",), span, by="week")])[0]
    assert len(told) > 20
    for value in told[:: 5]:
        alone = Engine(store.conn, catalogue()).answer([Question(("stockout_rate_weighted",), value.period)])[0][0]
        assert (alone.value, alone.reason) == (value.value, value.reason), value.bucket
    assert DAYS > 26 * 7 + 56


@pytest.mark.parametrize("scale", [1, 10**5, 10**8])
def test_classes_of_many_series_at_once_are_those_of_each_alone(scale: int) -> None:
    roll = random.Random(scale)
    series = [[roll.randrange(roll.choice([2, 5, 40])) * scale for _ in range(52)] for _ in range(200)]
    series += [[scale, 3 * scale] * 26, [0, 2 * scale] * 26]  # these lie on the cuts
    told = [variability.moments(one) for one in series]
    arrays = (np.array([getattr(one, name) for one in told], dtype=object).astype(np.int64 if scale < 10**8 else object) for name in ("n", "total", "squares"))
    found = variability.places(*arrays)
    for one, place in zip(told, found.tolist(), strict=True):
        if one.total:
            assert variability.CLASSES[place] == variability.xyz(one)
