"""D13 in small: some hundred mutations of every parser, the same ones each time; ``fuzz.py`` does it for minutes."""

from __future__ import annotations

import os
import random

import fuzz
import pytest

# Full figures on the build machine; a share of them every day.
MANY = 4 if os.environ.get("CI") else 1
RUNS = {"formula": 400, "own": 200, "detect": 40, "split": 60, "values": 12, "archive": 120, "json": 200, "html": 60, "restore": 60}


@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
def test_d13_no_mutation_of_its_input_makes_a_parser_fail(name: str) -> None:
    chance = random.Random(f"{name} 20260816")
    seeds = fuzz._own_seeds(name)
    for _ in range(RUNS[name] * MANY):
        content = fuzz.mutated(chance, chance.choice(seeds), chance.choice(seeds))
        assert not (why := fuzz.run_one(fuzz.TARGETS[name], content)), f"{why}\n{content[:400]!r}"


@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
def test_d13_what_mutations_begin_with_is_read(name: str) -> None:
    """At least one seed is taken, so that mutations reach beyond the first refusal."""
    taken = 0
    for content in fuzz._own_seeds(name):
        try:
            fuzz.TARGETS[name](content)
            taken += 1
        except Exception as problem:
            assert fuzz.expected(problem)
    assert taken


def test_d13_a_parser_that_fails_is_a_finding() -> None:
    def fails(content: bytes) -> None:
        raise ValueError("broken")

    assert "ValueError" in fuzz.run_one(fails, b"x")
