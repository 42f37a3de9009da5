"""Failing system calls and power cuts in every piece of work: what is left is as before or done, and said in a sentence."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import faults
import pytest

IN_CI = bool(os.environ.get("CI"))
MEMORY_DISK = Path("/dev/shm")
pytestmark = pytest.mark.skipif(faults.lacks() is not None, reason=faults.lacks() or "")


@pytest.fixture(scope="module")
def shop() -> Iterator[faults.Faults]:
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as folder:
        yield faults.Faults(Path(folder))


@pytest.mark.parametrize("kind", faults.KINDS if IN_CI else ["write-ENOSPC"])
def test_a_failing_call_leaves_the_work_undone_or_done_and_says_so(shop: faults.Faults, kind: str) -> None:
    tried = list(shop.tried([kind], ("import",), 10 if IN_CI else 2))
    # Of each other piece of work the first calls; ``faults.py --most 60`` goes through them all.
    others = [work for work in faults.WORKS if work != "import"] if IN_CI else ["settings"]
    tried += shop.tried([kind], others, 1 if IN_CI else 2)
    assert tried, "no call was made to fail"
    wrong = [str(fault) for fault in tried if fault.wrong]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(tried)}", *wrong[:20]])


def test_a6_power_lost_while_settings_own_metrics_or_anything_else_is_saved_leaves_the_old_or_the_new(shop: faults.Faults) -> None:
    works = faults.WORKS if IN_CI else ("settings", "own metric")
    tried = list(shop.power_cuts(works, 12 if IN_CI else 10))
    assert {fault.work for fault in tried} == set(works)
    wrong = [str(fault) for fault in tried if fault.wrong]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(tried)}", *wrong[:20]])
