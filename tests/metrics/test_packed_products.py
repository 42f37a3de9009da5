"""Products in packed columns give what products one by one give."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.metrics.methods import classes, decompose

amounts = st.integers(-50_000, 10_000_000)
units = st.integers(0, 400)
sold = st.lists(st.tuples(units, amounts, units, amounts), max_size=30)


@given(sold, st.sampled_from(["bennet", "classic"]))
def test_a_split_of_columns_is_that_of_rows(products: list[tuple[int, int, int, int]], form: decompose.Form) -> None:
    rows = decompose.split_prices(products, form)
    columns = np.array(products, np.int64).reshape(-1, 4).T
    packed = decompose.split_columns(columns[0], columns[1], columns[2], columns[3], form)
    assert (packed.volume, packed.new, packed.lost, packed.cannot_split) == (rows.volume, rows.new, rows.lost, rows.cannot_split)
    assert packed.change == rows.change == sum(after - before for _, before, _, after in products)
    # Price is rounded to a millionth of a cent from floats.
    assert abs(packed.price - rows.price) <= Fraction(2, 10**4)


@given(st.dictionaries(st.integers(1, 500), st.integers(-900, 900), max_size=40))
def test_classes_of_a_few_are_those_among_all(values: dict[int, int]) -> None:
    keys = sorted(values)
    found = classes.placed(np.array(keys, np.int64), np.array([values[key] for key in keys], np.int64), [*keys, 501])
    assert found == classes.by_share(values)
