"""Any number of the demo shop is worked out again from the rows its explanation names, and none differs."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from fractions import Fraction

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.explain import explain
from ecoperf_desktop.metrics.recomputed import recompute
from ecoperf_desktop.model.days import Grain, Period, bucket_of
from ecoperf_desktop.model.metric import Metric
from ecoperf_desktop.model.value import Number, Question
from ecoperf_desktop.store.database import Workspace

ORDERS = 1500
NUMBERS = 500 if os.environ.get("CI") else 100
TRIES = 20 * NUMBERS  # of random questions some have no answer: no rows, no base, too little history

Asked = tuple[str, Period, tuple[tuple[str, str], ...]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("explained")
    path = folder / "demo.ecoperf"
    with actions.workspace(path, write=True) as opened:
        actions.demo(opened, folder / "files", orders=ORDERS)
    with actions.workspace(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def numbers(demo: Workspace) -> list[Asked]:
    """Return random numbers of the shop that have a value: any metric, period, part and filter, each metric in turn."""
    engine = actions.engine(demo)
    roll = random.Random(2026)
    first, last = _days(demo)
    found: list[Asked] = []
    shown = [metric for metric in engine.catalogue.metrics.values() if not metric.internal]
    order: list[Metric] = []
    for _ in range(TRIES):
        if not order:
            order = roll.sample(shown, len(shown))
        metric = order.pop()
        asked = _random(engine, metric, roll, first, last)
        if asked is not None:
            found.append(asked)
        if len(found) == NUMBERS:
            return found
    return found


def _days(demo: Workspace) -> tuple[int, int]:
    first, last = demo.conn.execute("SELECT MIN(sale_day), MAX(sale_day) FROM orders").fetchone()
    return int(first), int(last)


def _random(engine: Engine, metric: Metric, roll: random.Random, first: int, last: int) -> Asked | None:
    """Return a random number of the metric that has a value; None when this one has none."""
    day = roll.randint(first, last)
    grain = roll.choice([Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR])
    period = bucket_of(day, grain).period
    if roll.random() < 0.3:
        period = Period(day, min(day + roll.randrange(90), last))
    period = Period(max(period.first, first), max(min(period.last, last), first))
    dimensions = roll.sample(metric.dimensions, min(len(metric.dimensions), roll.choice([0, 0, 1, 1, 2])))
    values = engine.answer([Question((metric.id,), period, per=tuple(dimensions))])[0]
    values = [value for value in values if value.value is not None]
    if not values:
        return None
    value = roll.choice(values)
    return metric.id, period, tuple((name, value.per[name]) for name in dimensions)


def _is_same(one: Number | None, other: Number | None) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        # Amounts that are no whole numbers are added by the database in its order, by the accountant in his.
        return abs(float(one) - float(other)) <= 1e-12 * max(abs(float(one)), abs(float(other)), 1e-12)
    return Fraction(one) == Fraction(other)


def test_random_numbers_of_the_demo_shop_are_those_of_their_rows(demo: Workspace, numbers: list[Asked]) -> None:
    engine = actions.engine(demo)
    differ = []
    for metric, period, where in numbers:
        found = explain(engine, metric, period, where, None, with_text=False)
        told = engine.answer([Question((metric,), period, where=where)])[0][0].value
        again = recompute(found, engine.catalogue, demo.conn, week_start=engine.week_start)
        if not (_is_same(found.value.value, told) and _is_same(told, again)):
            differ.append((metric, period, where, told, again, found.row_count))
    assert len(numbers) == NUMBERS
    assert not differ, f"{len(differ)} of {len(numbers)}: {differ[:5]}"
