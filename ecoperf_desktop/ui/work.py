"""Work off the window's thread: one thread that writes, one that reads, and their answers as signals.

SQLite connections belong to their threads: the writer owns the one writing
workspace for as long as the window is open, the reader one of its own.  While a backup
is put in the workspace's place both have closed theirs.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, Qt, Signal

from ecoperf_desktop import actions, collector, faults
from ecoperf_desktop.errors import Cancelled, EcoPerfError, WorkspaceInUse
from ecoperf_desktop.model.importing import Progress
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import mishaps
from ecoperf_desktop.store.database import Workspace

Done: TypeAlias = Callable[[Any], None]
Failed: TypeAlias = Callable[[BaseException], None]
_TELL_EVERY = 0.05  # seconds
_STANDS_ASIDE = 60.0  # seconds; a page of a very large workspace may be worked out meanwhile


@dataclass(frozen=True)
class _Job:
    """``run`` gets the open workspace; ``apart`` is run in its place while it is closed."""

    name: str
    run: Callable[[Workspace, Progress], Any] | None
    done: Done
    failed: Failed
    number: int
    apart: Callable[[Progress], Any] | None = None


class _Thread(QObject):
    """A thread with a workspace of its own and a queue of jobs; answers arrive in the window's thread."""

    _answered = Signal(object, object, object)  # job, result, problem
    bug_met = Signal(str)  # path of the log: what nobody foresaw

    def __init__(self, path: Path, *, write: bool, opened: Workspace | None = None) -> None:
        super().__init__()
        self._path, self._write, self._opened = path, write, opened
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._number = 0
        self._left = 0
        self._idle = threading.Condition()
        self._answered.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, name="writer" if write else "reader", daemon=True)
        self._started = False
        self.stopping = False

    @property
    def is_ended(self) -> bool:
        """Say whether the thread has closed its workspace for good, after ``end``."""
        return self.stopping and not self._thread.is_alive()

    def _submit(
        self, name: str, run: Callable[[Workspace, Progress], Any] | None, done: Done, failed: Failed, apart: Callable[[Progress], Any] | None = None
    ) -> int:
        self._number += 1
        if self.stopping:
            return self._number
        self._put(_Job(name, run, done, failed, self._number, apart))
        return self._number

    def _put(self, job: _Job) -> None:
        with self._idle:
            self._left += 1
            self._jobs.put(job)
            if not self._started:
                self._started = True
                self._thread.start()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until every job is done or taken back; return whether that was in time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._left == 0, seconds)

    def end(self) -> None:
        """Let the thread finish what it was given, close the workspace and end; this does not wait for it."""
        if self.stopping:
            return
        self.stopping = True
        if self._started:
            self._jobs.put(None)
        elif self._opened is not None:
            self._opened.close()

    def join(self, wait: float) -> bool:
        """Wait for the thread's end; return whether it came in time."""
        if self._started:
            self._thread.join(wait)
        return not self._thread.is_alive()

    def close(self, wait: float = 10.0) -> None:
        """End the thread and wait for it."""
        self.end()
        self.join(wait)

    def _work(self) -> None:
        # The collector rests while this thread works: run from here it would take widgets apart, which only the window's
        # own thread may do.
        try:
            while (job := self._jobs.get()) is not None:
                with collector.resting():
                    self._answer(job)
        finally:
            with collector.resting():
                self._last()
                self._shut()

    def _answer(self, job: _Job) -> None:
        result: Any = None
        problem: BaseException | None = None
        try:
            if not self._is_wanted(job):
                return
            result = self._do(job)
        except EcoPerfError as known:
            problem = known
        except Exception as error:
            problem = mishaps.known(error, self._path)
            if problem is None:
                problem = error
                self.bug_met.emit(str(faults.record(error)))
        finally:
            with self._idle:
                self._left -= 1
                self._idle.notify_all()
        if not self.stopping:
            self._answered.emit(job, result, problem)

    def _do(self, job: _Job) -> Any:
        progress = self._progress_of(job)
        if job.apart is not None:
            self._shut()
            return job.apart(progress)
        if self._opened is None:
            self._opened = actions.open_workspace(self._path, write=self._write)
        assert job.run is not None
        return job.run(self._opened, progress)

    def _shut(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.close()

    def _last(self) -> None:
        """Do what is done at the very end, with the workspace still open."""

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
        self._left_off = threading.Event()
        self._busy = 0
        self._farewell: Callable[[Workspace, Progress], Any] | None = None

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
        self._begin()
        self._submit(name, run, self._finishing(done), self._finishing(failed))

    def submit_apart(self, name: str, run: Callable[[Progress], Any], reader: Reader, done: Done, failed: Failed) -> None:
        """Run a job while nobody here holds the workspace: writer and ``reader`` close theirs, and open it anew afterwards."""

        def alone(progress: Progress) -> Any:
            aside = reader.stand_aside()
            try:
                if not aside.gone.wait(_STANDS_ASIDE):
                    raise WorkspaceInUse("store.in_use", path=str(self._path))
                return run(progress)
            finally:
                aside.back.set()

        self._begin()
        self._submit(name, None, self._finishing(done), self._finishing(failed), alone)

    def stop(self) -> None:
        """Ask the job at hand to stop; it rolls back and fails with Cancelled."""
        self._stop.set()

    def end(self, farewell: Callable[[Workspace, Progress], Any] | None = None) -> None:
        """Stop the job at hand and end; ``farewell`` is done at the very end, where the workspace can be written."""
        self._stop.set()
        self._farewell = farewell
        super().end()

    def leave_off(self) -> None:
        """Ask the farewell to stop, too."""
        self._left_off.set()

    def _last(self) -> None:
        opened = self._opened
        if self._farewell is None or opened is None or opened.read_only:
            return

        def progress(done: int, total: int, what: str) -> None:
            if self._left_off.is_set():
                raise Cancelled

        try:
            self._farewell(opened, progress)
        except EcoPerfError:
            pass  # nobody is there to be told; the next start asks what became of it
        except Exception as error:
            if mishaps.known(error, self._path) is None:
                faults.record(error)

    def _begin(self) -> None:
        self._busy += 1
        if self._busy == 1:
            self._stop.clear()
            self.busy_changed.emit(True)

    def _finishing(self, then: Callable[[Any], None]) -> Callable[[Any], None]:
        def finish(outcome: Any) -> None:
            self._finish()
            then(outcome)

        return finish

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


@dataclass(frozen=True)
class Aside:
    """``gone`` is set once the reader has closed the workspace, ``back`` by whoever asked it to, so that it may open it again."""

    gone: threading.Event
    back: threading.Event


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

    def stand_aside(self) -> Aside:
        """Close the workspace after the question at hand and wait; questions asked meanwhile are answered afterwards.

        May be called from any thread.
        """
        aside = Aside(threading.Event(), threading.Event())

        def wait(progress: Progress) -> None:
            aside.gone.set()
            aside.back.wait()

        if self.stopping:
            self.join(_STANDS_ASIDE)
            aside.gone.set()
        else:
            self._put(_Job("", None, _nothing, _nothing, 0, wait))
        return aside

    def _is_wanted(self, job: _Job) -> bool:
        return job.apart is not None or self._newest.get(job.name) == job.number

    def _progress_of(self, job: _Job) -> Progress:
        return lambda done, total, what: None


def _nothing(_: object) -> None:
    """Hear an answer that nobody waits for."""


class Errand(QObject):
    """One piece of work without an open workspace, on a thread of its own."""

    progressed = Signal(int, int, str)  # done, total, what
    finished = Signal(object, object)  # result, problem

    def __init__(self, run: Callable[[Progress], Any], path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run, self._path = run, path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="errand", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait: float = 10.0) -> None:
        """Ask the work to stop, and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(wait)

    def _work(self) -> None:
        with collector.resting():  # as in _Thread
            self._answer()

    def _answer(self) -> None:
        result: Any = None
        problem: BaseException | None = None
        try:
            result = self._run(self._tell)
        except EcoPerfError as known:
            problem = known
        except Exception as error:
            problem = mishaps.known(error, self._path)
            if problem is None:
                problem = error
                faults.record(error)
        with contextlib.suppress(RuntimeError):  # the dialog has been closed meanwhile
            self.finished.emit(result, problem)

    def _tell(self, done: int, total: int, what: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        with contextlib.suppress(RuntimeError):
            self.progressed.emit(done, total, what)
