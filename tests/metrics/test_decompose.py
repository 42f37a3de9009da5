"""Effects of drivers: published examples, and the laws they obey."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.metrics.methods.decompose import log_mean, shapley, split_product

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture(scope="module")
def examples() -> dict[str, dict]:
    path = SHARED / "metrics" / "oracles.json"
    if not path.exists():
        pytest.skip("the worked examples are not beside this checkout")
    return {name: example["expected"] for name, example in json.loads(path.read_text(encoding="utf-8")).items()}


BEFORE, AFTER = (10_000.0, 0.02, 100.0), (12_000.0, 0.025, 90.0)


def test_the_log_mean_split_agrees_with_the_worked_example(examples: dict[str, dict]) -> None:
    expected = examples["E06"]
    assert log_mean(BEFORE, AFTER) == pytest.approx([expected[name] for name in ("visitors", "conversion", "aov")], abs=1e-3)


def test_the_shapley_split_agrees_with_the_worked_example(examples: dict[str, dict]) -> None:
    assert shapley(BEFORE, AFTER) == pytest.approx(examples["E07"]["shapley"], abs=1e-3)


def test_zeros_follow_the_limits_and_channels_add_up(examples: dict[str, dict]) -> None:
    expected = examples["E08"]
    assert log_mean((1000, 0, 50), (1000, 0.02, 50)) == pytest.approx(expected["a"])
    assert log_mean((0, 0, 40), (500, 0.04, 40)) == pytest.approx(expected["b"])
    other = log_mean((5_000, 0.01, 200), (4_000, 0.015, 200))
    summed = [first + second for first, second in zip(log_mean(BEFORE, AFTER), other, strict=True)]
    assert summed == pytest.approx(expected["c_sum"], abs=1e-3)
    assert sum(summed) == pytest.approx(expected["c_total"])


def test_both_products_zero_give_no_effect() -> None:
    assert log_mean((0, 3, 5), (4, 0, 5)) == (0.0, 0.0, 0.0)


def test_a_negative_factor_is_split_by_shapley_and_says_so() -> None:
    split = split_product((100, 0.2), (110, -0.1))
    assert split.method == "shapley"
    assert sum(split.effects) == pytest.approx(110 * -0.1 - 100 * 0.2)


def test_a_factor_unknown_in_one_period_has_no_effect() -> None:
    split = split_product((0, None), (10, 25.0))
    assert split.effects == pytest.approx((250.0, 0.0))


factors = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=3, max_size=3)


@given(factors, factors)
def test_effects_sum_to_the_change(before: list[float], after: list[float]) -> None:
    old, new = math.prod(before), math.prod(after)
    tolerance = 1e-9 * max(abs(old), abs(new), 1.0)
    assert math.fsum(log_mean(before, after)) == pytest.approx(new - old, rel=1e-9, abs=tolerance)
    largest = max((max(pair) for pair in zip(before, after, strict=True)), default=1.0)
    assert math.fsum(shapley(before, after)) == pytest.approx(new - old, rel=1e-9, abs=1e-9 * max(largest**3, 1.0))


@given(factors, factors)
def test_the_order_of_the_factors_changes_nothing(before: list[float], after: list[float]) -> None:
    turned = log_mean(before[::-1], after[::-1])[::-1]
    assert turned == pytest.approx(log_mean(before, after), rel=1e-6, abs=1e-6)
