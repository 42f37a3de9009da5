"""What a worked example says, and which of it was shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

# Keys that name a mistake, or another convention than ours: the program must not give them.
MISTAKES = ("wrong_", "naive_")


class Check:
    """Compares numbers of the program with those of one example, key by key (``d1.net_sales`` for nested ones)."""

    def __init__(self, expected: Mapping[str, Any]) -> None:
        self._expected = dict(leaves(expected))
        self._shown: set[str] = set()

    def same(self, key: str, value: Any, per: int = 1, *, places: int | None = None) -> None:
        """Hold that the program's ``value`` is the example's; ``per`` divides it first (100: smallest units to units)."""
        assert not key.rpartition(".")[2].startswith(MISTAKES), key
        self._shown.add(key)
        expected = self._expected[key]
        assert near(value, expected, per, places), (key, value, expected)

    def differs(self, key: str, value: Any, per: int = 1) -> None:
        """Hold that the program does not give the example's counter-example."""
        self._shown.add(key)
        assert value is not None
        assert not near(value, self._expected[key], per, None), (key, value)

    def expected(self, key: str) -> Any:
        return self._expected[key]

    @property
    def not_shown(self) -> set[str]:
        return set(self._expected) - self._shown


def leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of an example with their values; a key of a nested table has those above before it."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def near(value: Any, expected: Any, per: int = 1, places: int | None = None) -> bool:
    """Say whether ``value`` is what the example prints: exactly, or rounded to the places it is printed with."""
    if isinstance(expected, list):
        return len(value) == len(expected) and all(near(one, other, per, places) for one, other in zip(value, expected, strict=True))
    if expected is None or isinstance(expected, str | bool):
        return value is expected if expected is None or isinstance(expected, bool) else bool(value == expected)
    if value is None or isinstance(value, str):
        return False
    exact = Fraction(value) / per if isinstance(value, int | Fraction) else value / per
    if places is None:
        shown = len(repr(expected).partition(".")[2])
        # Examples are rounded to four places or more, of which a last 0 is not printed; what has fewer is whole.
        places = max(shown, 4) if shown >= 3 else 9
    return math.isclose(float(exact), expected, rel_tol=1e-9, abs_tol=0.5000001 * 10**-places)
