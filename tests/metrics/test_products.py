"""Products are kept so that their sums over any days, shops and channels are those of the rows."""

from __future__ import annotations

import random
from itertools import product as combined

import numpy as np
import pytest
from catalogue_facts import DAY_1
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shop import DAYS, random_shop

from ecoperf_desktop.metrics.loads import Loads
from ecoperf_desktop.metrics.scope import Scope
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.store import products, sums
from ecoperf_desktop.store.kept import UNKNOWN, product_measures

_NUMBERS = st.one_of(st.integers(-200, 200), st.integers(-(2**40), 2**40), st.sampled_from([0, UNKNOWN, 2**63 - 1, -(2**31)]))
_TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(_NUMBERS, min_size=width, max_size=width), min_size=1, max_size=20)
)


@settings(max_examples=200, deadline=None)
@given(_TABLES, st.booleans())
def test_a_block_gives_back_what_was_packed(rows: list[list[int]], is_doubled: bool) -> None:
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    if is_doubled:
        columns += [column.copy() for column in columns]
    block = products.Block(products.packed(columns, [(int(column.min()), int(column.max())) for column in columns]))
    assert (block.rows, block.columns) == (len(rows), len(columns))
    for place, column in enumerate(columns):
        assert products.column_of([block, block], place).tolist() == [*column.tolist(), *column.tolist()]


def test_small_equal_and_constant_columns_take_little_room() -> None:
    ids, zeros = np.arange(1000), np.zeros(1000, np.int64)
    size = len(products.packed([ids, zeros, ids], [(0, 999), (0, 0), (0, 999)]))
    assert size < 2 * 1000 + 100


@pytest.mark.parametrize("seed", range(3))
def test_any_period_gives_what_the_rows_give(seed: int) -> None:
    roll = random.Random(seed)
    store = random_shop(seed, orders=150)
    sums.ensure(store.conn)
    periods = [Period(DAY_1 - 40, DAY_1 + DAYS + 40), Period(DAY_1, DAY_1)]
    for _ in range(12):
        first = DAY_1 + roll.randrange(-5, DAYS)
        periods.append(Period(first, first + roll.randrange(DAYS)))
    scopes = [
        Scope(where, per)
        for where, per in combined(
            [(), (("shop", (2,)),), (("channel", (None, 1)),), (("product", (1, 4, None)),), (("category", (2,)), ("shop", (1,)))],
            [("product",), ("category",), ("shop", "product"), ("supplier", "channel")],
        )
    ]
    kept, found = Loads(store.conn), Loads(store.conn)
    assert kept.are_current
    found._are_current = False
    for view in ("line", "refund"):
        for measure in product_measures(view, sums.by_view()[view]):
            for period, scope in combined(periods, scopes):
                expected = found.amounts(measure, scope, period).by_cut
                assert kept.amounts(measure, scope, period).by_cut == expected, (measure.id, scope, period)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_sold_of_some_products_is_settled_without_the_rest(seed: int) -> None:
    roll = random.Random(seed)
    store = random_shop(seed, orders=40)
    sums.ensure(store.conn)
    loads = Loads(store.conn)
    for _ in range(20):
        first = DAY_1 + roll.randrange(-5, DAYS)
        period = Period(first, first + roll.randrange(60))
        asked = set(roll.sample(range(1, 12), 5))
        assert loads.sold_of(asked, period) == asked & loads.sold(period)
