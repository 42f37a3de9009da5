"""The collector's rests: counted, over threads too, and never woken when it was off."""

import gc
import threading
from collections.abc import Iterator

import pytest

from ecoperf_desktop import collector


@pytest.fixture(autouse=True)
def _on_again() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_rests_until_the_last_one_has_left() -> None:
    with collector.resting():
        with collector.resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_another_thread_that_leaves_first_does_not_wake_it() -> None:
    inside, may_leave = threading.Event(), threading.Event()

    def rest() -> None:
        with collector.resting():
            inside.set()
            may_leave.wait(10)

    other = threading.Thread(target=rest)
    with collector.resting():
        other.start()
        inside.wait(10)
        may_leave.set()
        other.join()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_wakes_after_a_failure_and_stays_off_when_it_was_off() -> None:
    with pytest.raises(KeyError), collector.resting():
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    with collector.resting():
        pass
    assert not gc.isenabled()


def test_what_was_made_meanwhile_is_not_looked_through_when_it_wakes() -> None:
    looked: list[int] = []

    def note(phase: str, told: dict[str, int]) -> None:
        if phase == "start":
            looked.append(told["generation"])

    gc.callbacks.append(note)
    try:
        with collector.resting():
            made = [[number] for number in range(50_000)]
        made.append([0])
        assert looked == []
    finally:
        gc.callbacks.remove(note)
