"""What a worked example says, and which of it was shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

# Keys that name a mistake, or another convention than ours: the program must not give them.
MISTAKES = ("wrong_", "naive_")


class Check:
    """Compares numbers of the program with those of one example, key by key (``d1.net_sales`` for nested ones).

    ``answers`` gives what the engine has answered so far.  A number that ``same`` or ``differs`` is given must be one of
    these; what functions or the test itself worked out goes to ``worked``, with the reason why no answer says it.
    """

    def __init__(self, expected: Mapping[str, Any], answers: Callable[[], Sequence[Any]]) -> None:
        self._expected = dict(leaves(expected))
        self._answers = answers
        self.answered: set[str] = set()
        self.reasons: dict[str, str] = {}

    def same(self, key: str, value: Any, per: int | Fraction = 1, *, places: int | None = None) -> None:
        """Hold that the engine's ``value`` is the example's; ``per`` divides it first (100: smallest units to units)."""
        self._hold_answered(key, value)
        self.answered.add(key)
        self._hold_same(key, value, per, places)

    def worked(self, key: str, value: Any, per: int | Fraction = 1, *, why: str, places: int | None = None) -> None:
        """Hold that a function of the program, or arithmetic on its answers, gives the example's number."""
        assert why
        self.reasons[key] = why
        self._hold_same(key, value, per, places)

    def differs(self, key: str, value: Any, per: int | Fraction = 1, *, why: str = "") -> None:
        """Hold that the program does not give the example's counter-example; ``why`` as in ``worked``."""
        if why:
            self.reasons[key] = why
        else:
            self._hold_answered(key, value)
            self.answered.add(key)
        assert value is not None
        assert not near(value, self._expected[key], per, None), (key, value)

    def _hold_answered(self, key: str, value: Any) -> None:
        answers = self._answers()
        for one in value if isinstance(value, list) else [value]:
            # The very thing that was answered: what arithmetic made of it is another, however equal.
            assert any(one is answer for answer in answers), (key, one, "is no answer of the engine")

    def _hold_same(self, key: str, value: Any, per: int | Fraction, places: int | None) -> None:
        assert not key.rpartition(".")[2].startswith(MISTAKES), key
        expected = self._expected[key]
        assert near(value, expected, per, places), (key, value, expected)

    def expected(self, key: str) -> Any:
        return self._expected[key]

    def expected_of(self, table: str) -> list[str]:
        """Return the keys of a nested table."""
        return [key.removeprefix(f"{table}.") for key in self._expected if key.startswith(f"{table}.")]

    @property
    def not_shown(self) -> set[str]:
        return set(self._expected) - self.answered - self.reasons.keys()


def leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of an example with their values; a key of a nested table has those above before it."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def near(value: Any, expected: Any, per: int | Fraction = 1, places: int | None = None) -> bool:
    """Say whether ``value`` is what the example prints: exactly, or rounded to the places it is printed with."""
    if isinstance(expected, list):
        return len(value) == len(expected) and all(near(one, other, per, places) for one, other in zip(value, expected, strict=True))
    if expected is None or isinstance(expected, str):
        return value is None if expected is None else bool(value == expected)
    if isinstance(expected, bool):
        # Of one thing the engine says 0 or 1 where an example says no or yes.
        return value is not None and value in (0, 1) and bool(value) is expected
    if value is None or isinstance(value, str):
        return False
    exact = Fraction(value) / per if isinstance(value, int | Fraction) else value / float(per)
    if places is None:
        shown = len(repr(expected).partition(".")[2])
        # Examples are rounded to four places or more, of which a last 0 is not printed; what has fewer is whole.
        places = max(shown, 4) if shown >= 3 else 9
    return math.isclose(float(exact), expected, rel_tol=1e-9, abs_tol=0.5000001 * 10**-places)
