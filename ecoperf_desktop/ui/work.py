"""Work off the window's thread: one thread that writes, one that reads, and their answers as signals.

SQLite connections belong to their threads: the writer owns the one writing
workspace for as long as the window is open, the reader one of its own.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, Qt, Signal

from ecoperf_desktop import actions, faults
from ecoperf_desktop.errors import Cancelled, EcoPerfError
from ecoperf_desktop.model.importing import Progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.database import Workspace

Done: TypeAlias = Callable[[Any], None]
Failed: TypeAlias = Callable[[BaseException], None]
_TELL_EVERY = 0.05  # seconds


@dataclass(frozen=True)
class _Job:
    name: str
    run: Callable[[Workspace, Progress], Any]
    done: Done
    failed: Failed
    number: int


class _Thread(QObject):
    """A thread with a workspace of its own and a queue of jobs; answers arrive in the window's thread."""

    _answered = Signal(object, object, object)  # job, result, problem

    def __init__(self, path: Path, *, write: bool, opened: Workspace | None = None) -> None:
        super().__init__()
        self._path, self._write, self._opened = path, write, opened
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._number = 0
        self._answered.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, name="writer" if write else "reader", daemon=True)
        self._started = False
        self.stopping = False

    def _submit(self, name: str, run: Callable[[Workspace, Progress], Any], done: Done, failed: Failed) -> int:
        self._number += 1
        if self.stopping:
            return self._number
        self._jobs.put(_Job(name, run, done, failed, self._number))
        if not self._started:
            self._started = True
            self._thread.start()
        return self._number

    def close(self, wait: float = 10.0) -> None:
        """Finish the job at hand, close the workspace and end the thread."""
        self.stopping = True
        if self._started:
            self._jobs.put(None)
            self._thread.join(wait)
        elif self._opened is not None:
            self._opened.close()

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                result: Any = None
                problem: BaseException | None = None
                try:
                    if self._opened is None:
                        self._opened = actions.open_workspace(self._path, write=self._write)
                    if self._is_wanted(job):
                        result = job.run(self._opened, self._progress_of(job))
                    else:
                        continue
                except EcoPerfError as known:
                    problem = known
                except Exception as bug:
                    faults.record(bug)
                    problem = bug
                if not self.stopping:
                    self._answered.emit(job, result, problem)
        finally:
            if self._opened is not None:
                self._opened.close()

    def _is_wanted(self, job: _Job) -> bool:
        return True

    def _progress_of(self, job: _Job) -> Progress:
        raise NotImplementedError

    def _hand_over(self, job: _Job, result: object, problem: BaseException | None) -> None:
        if self.stopping:
            return
        if problem is None:
            job.done(result)
        else:
            job.failed(problem)


class Writer(_Thread):
    """Does one writing job after the other, tells how far it is, and stops when asked."""

    progressed = Signal(str, int, int, str)  # job, done, total, what
    busy_changed = Signal(bool)

    def __init__(self, path: Path) -> None:
        super().__init__(path, write=True)
        self._stop = threading.Event()
        self._busy = 0

    @property
    def is_busy(self) -> bool:
        return self._busy > 0

    def submit(
        self, name: str, run: Callable[[Workspace, Progress], Any], done: Done, failed: Failed, *, quiet: bool = False
    ) -> None:
        """Run a job with the writing workspace; exactly one of ``done`` and ``failed`` is called back.

        A quiet one does not make the writer busy: other work may be asked for meanwhile and waits its turn.
        """
        if quiet:
            self._submit(name, run, done, failed)
            return
        self._busy += 1
        if self._busy == 1:
            self._stop.clear()
            self.busy_changed.emit(True)

        def finish(result: Any) -> None:
            self._finish()
            done(result)

        def fail(problem: BaseException) -> None:
            self._finish()
            failed(problem)

        self._submit(name, run, finish, fail)

    def stop(self) -> None:
        """Ask the job at hand to stop; it rolls back and fails with Cancelled."""
        self._stop.set()

    def close(self, wait: float = 10.0) -> None:
        self._stop.set()
        super().close(wait)

    def _finish(self) -> None:
        self._busy -= 1
        if self._busy == 0:
            self.busy_changed.emit(False)

    def _progress_of(self, job: _Job) -> Progress:
        last = 0.0

        def progress(done: int, total: int, what: str) -> None:
            nonlocal last
            if self._stop.is_set():
                raise Cancelled
            now = time.monotonic()
            if now - last >= _TELL_EVERY or done >= total:
                last = now
                self.progressed.emit(job.name, done, total, what)

        return progress


class Reader(_Thread):
    """Answers questions; of several with one name only the newest is worked out."""

    def __init__(self, path: Path, opened: Workspace | None = None) -> None:
        super().__init__(path, write=False, opened=opened)
        self._newest: dict[str, int] = {}

    def ask(self, name: str, run: Callable[[Workspace], Any], done: Done, failed: Failed) -> None:
        """Ask ``run`` of the reading workspace; an older question called ``name`` is forgotten, answer and all."""

        def answer(result: Any) -> None:
            if self._newest.get(name) == number:
                done(result)

        def fail(problem: BaseException) -> None:
            if self._newest.get(name) == number:
                failed(problem)

        number = self._number + 1
        self._newest[name] = number
        self._submit(name, lambda opened, progress: run(opened), answer, fail)

    def _is_wanted(self, job: _Job) -> bool:
        return self._newest.get(job.name) == job.number

    def _progress_of(self, job: _Job) -> Progress:
        return lambda done, total, what: None
