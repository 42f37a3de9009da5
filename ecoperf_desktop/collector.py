"""The collector of unused cycles, at rest while very many short-lived objects are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# A page makes some fifty thousand objects that are all used and hardly a circle among them.
_SELDOM = 200_000

_lock = threading.Lock()
_resting = 0
_was_on = False


def seldom() -> None:
    """Let the collector come once in so many new objects, so that no page is looked through before it is shown."""
    gc.set_threshold(_SELDOM, *gc.get_threshold()[1:])


@contextmanager
def resting() -> Iterator[None]:
    """Let the collector rest inside; several threads may do so at once, and the last one to leave wakes it.

    A collector that was off before stays off.  What is made inside and dropped is freed all the same: only
    objects that refer to each other in a circle wait.
    """
    global _resting, _was_on
    with _lock:
        if not _resting:
            _was_on = gc.isenabled()
            gc.disable()
        _resting += 1
    try:
        yield
    finally:
        with _lock:
            _resting -= 1
            if not _resting and _was_on:
                gc.enable()
