"""The collector of unused cycles, at rest while very many short-lived objects are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_resting = 0
_was_on = False


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
                # What was made meanwhile is put with the old: it is in use, and looking through it now is what people wait for.
                gc.freeze()
                gc.unfreeze()
                gc.enable()
