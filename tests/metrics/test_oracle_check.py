"""The register of worked examples fails when it should."""

from __future__ import annotations

from fractions import Fraction

import pytest
from oracle_check import Check, near

EXPECTED = {"a": 0.3333, "b": {"c": [1, None], "d": "B"}, "wrong_mean": 21.5, "e": None}
THIRD, MEAN, MISTAKE = Fraction(1, 3), 6.7, 21.5
ANSWERS = [THIRD, 0.3335, 1, 0, None, "A", MEAN, MISTAKE]


def checked() -> Check:
    return Check(EXPECTED, lambda: ANSWERS)


def test_a_key_that_was_not_shown_is_named() -> None:
    check = checked()
    check.same("a", THIRD)
    check.worked("b.c", [1, None], why="no answer says it")
    check.differs("wrong_mean", MEAN)
    assert check.not_shown == {"b.d", "e"}
    assert (check.answered, check.reasons) == ({"a", "wrong_mean"}, {"b.c": "no answer says it"})


@pytest.mark.parametrize(("key", "value"), [("a", 0.3335), ("a", None), ("b.c", [1]), ("b.c", [1, 0]), ("b.d", "A"), ("e", 0)])
def test_another_value_is_refused(key: str, value: object) -> None:
    with pytest.raises(AssertionError):
        checked().same(key, value)
    with pytest.raises(AssertionError):
        checked().worked(key, value, why="no answer says it")


@pytest.mark.parametrize(("key", "value"), [("a", 0.3333), ("a", THIRD * 1), ("b.c", [1, "B"]), ("b.d", "B")])
def test_what_nobody_answered_is_no_answer(key: str, value: object) -> None:
    with pytest.raises(AssertionError, match="is no answer of the engine"):
        checked().same(key, value)
    with pytest.raises(AssertionError, match="is no answer of the engine"):
        checked().differs(key, value)


def test_what_is_worked_out_says_why() -> None:
    with pytest.raises(AssertionError):
        checked().worked("b.d", "B", why="")


def test_a_mistake_may_neither_be_given_nor_be_held_as_right() -> None:
    for value in (MISTAKE, None):
        with pytest.raises(AssertionError):
            checked().differs("wrong_mean", value)
    with pytest.raises(AssertionError):
        checked().same("wrong_mean", MISTAKE)
    with pytest.raises(AssertionError):
        checked().worked("wrong_mean", MISTAKE, why="no answer says it")


def test_what_is_printed_rounded_is_compared_rounded_and_else_exactly() -> None:
    assert near(Fraction(1, 3), 0.3333)
    assert near(Fraction(1660, 33), 50.303)
    assert not near(0.0201, 0.02)
    assert near(7123, 71.23, 100)
    assert not near(True, None)
    assert near(1, True)
    assert not near(0, True)
    assert not near(None, False)
    assert near(70967.7419, 70967.74, places=2)
