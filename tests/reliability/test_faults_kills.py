"""The program killed at random moments: nothing is half there, and nothing that was acknowledged is gone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from kills import WORKS, KillLoop, table

IN_CI = bool(os.environ.get("CI"))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a1_killed_at_any_moment_an_import_is_whole_or_absent(tmp_path: Path) -> None:
    loop = KillLoop(tmp_path, orders=1500 if IN_CI else 900)
    rounds = loop.rounds(20, WORKS) if IN_CI else loop.rounds(3, ("texts", "apart"))
    wrong = [f"{one.work}, {one.way}, exit {one.code}: {problem}" for one in rounds for problem in one.wrong]
    assert not wrong, "\n".join([*wrong[:20], table(rounds)])
    assert any(one.was_hit for one in rounds), table(rounds)
