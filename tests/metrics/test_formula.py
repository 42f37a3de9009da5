"""Formulas are read by a language of our own, exactly, and within limits."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics import formula
from ecoperf_desktop.model.value import Number


def _value(text: str, **numbers: Number | None) -> Number | None:
    return formula.evaluate(formula.parse(text), numbers.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("24 / 4 / 2", 3),
        ("-2 * 3", -6),
        ("2 - -3", 5),
        ("-(2 + 3)", -5),
        ("a + b", 12),
        ("a / b", Fraction(5, 7)),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("min(a, b, 3)", 3),
        ("max(a, b)", 7),
        ("abs(a - b)", 2),
        ("coalesce(unknown, a)", 5),
        ("coalesce(a / 0, b)", 7),
    ],
)
def test_a_formula_is_worked_out_exactly(text: str, expected: Number) -> None:
    assert _value(text, a=5, b=7, unknown=None) == expected


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 99))
def test_signs_bind_as_in_arithmetic(a: int, b: int, c: int) -> None:
    assert _value("a - b * a / c + b", a=a, b=b, c=c) == a - Fraction(b * a, c) + b


def test_a_missing_part_leaves_no_number() -> None:
    assert _value("a + b", a=1, b=None) is None
    assert _value("max(a, b)", a=1, b=None) is None
    assert _value("coalesce(a, b)", a=None, b=None) is None


def test_a_division_by_zero_has_no_base() -> None:
    with pytest.raises(formula.NoBase):
        _value("a / (b - b)", a=1, b=2)


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "a b", "a ** b", "a % b", "(a", "a)", "a.b", "'text'", "a[0]", "__import__", "abs(a, b)", "min(a)", "a;b", "A", "1e9", "=a", ","],
)
def test_what_is_no_arithmetic_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(MetricRefused) as refused:
        formula.parse(text)
    assert refused.value.code == "metrics.formula_unreadable"
    assert "character" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a + " * 600 + "a", "metrics.formula_too_long"),
        ("+".join("a" * 150), "metrics.formula_too_large"),
        ("(" * 40 + "a" + ")" * 40, "metrics.formula_too_deep"),
        ("-" * 40 + "a", "metrics.formula_too_deep"),
        ("1234567890123456", "metrics.formula_long_number"),
    ],
)
def test_a_formula_beyond_the_limits_is_refused(text: str, code: str) -> None:
    with pytest.raises(MetricRefused) as refused:
        formula.parse(text)
    assert refused.value.code == code


def test_names_are_told_once_in_order() -> None:
    assert formula.names(formula.parse("b + a * b - max(c, a)")) == ("b", "a", "c")


@given(st.text(alphabet="ab1 .+-*/(),_min", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        formula.parse(text)
    except MetricRefused:
        pass
