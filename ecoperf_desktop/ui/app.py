"""Starts the window: fonts, language, looks, the first numbers, then everything else.

The order is for the first paint: QtWidgets and sqlite3, one reading of the workspace,
the window; numpy, pandas and pyqtgraph wait until it is there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from ecoperf_desktop import __version__, language, settings
from ecoperf_desktop.errors import EcoPerfError, WorkspaceDamaged
from ecoperf_desktop.reports.blocks import PageSummary, RateChange
from ecoperf_desktop.store import mishaps
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.ui import looks, reading, words
from ecoperf_desktop.ui.crash import Watch, words_of
from ecoperf_desktop.ui.single import Inbox
from ecoperf_desktop.ui.window import MainWindow
from ecoperf_desktop.ui.work import Reader, Writer

REFUSED = 1


_ROLL_BACK = 2.5  # seconds: so long a session that ends may be held up
_STOPS_WITHIN = 10.0
_LOOKS_EVERY = 40  # milliseconds


class Program(QObject):
    """The program with its one window; another workspace gets a new window in its place."""

    def __init__(self, app: QApplication, chosen: dict[str, str]) -> None:
        super().__init__()
        self.app, self.chosen = app, chosen
        self.window: MainWindow | None = None
        self.code = 0
        self._inbox: Inbox | None = None
        self._path: Path | None = None
        self._ending: list[tuple[Path, Writer, Reader]] = []
        self._letters: list[list[Path]] = []
        self._session_ends = False
        app.commitDataRequest.connect(self.end_session)

    def open(self, workspace: Path, files: Sequence[Path] = ()) -> bool:
        """Open the window of ``workspace``; return False when another one has it and was given ``files``."""
        if self.window is not None and self.window.writer.is_busy:
            self.window.say.warn(language.sentence("ui.busy"))
            return False
        self._settle_ending(workspace)
        try:
            inbox = Inbox(workspace)
        except OSError as problem:
            known = mishaps.known(problem, workspace)
            if known is None:
                raise
            return self._refuse(workspace, files, known)
        if not inbox.take():
            inbox.hand_over(files)
            if self.window is not None:
                self.window.say.warn(language.sentence("ui.open_elsewhere"))
            return False
        try:
            window = make_window(workspace, self.chosen)
        except (EcoPerfError, OSError, sqlite3.Error) as problem:
            inbox.close()
            known = mishaps.known(problem, workspace)
            if known is None:
                raise
            return self._refuse(workspace, files, known)
        before, self.window = self.window, window
        window.backs_up = True
        if self._inbox is not None:
            self._inbox.close()
        self._inbox, self._path, self.code = inbox, workspace, 0
        inbox.received.connect(self._receive)
        window.workspace_asked.connect(self.open)
        window.damage_met.connect(self._look_at_damage, Qt.ConnectionType.QueuedConnection)
        window.show()
        if before is not None:
            self._put_away(before)
        if files:
            window.painted.connect(lambda: window.errands.import_files(list(files)))
        return True

    def run(self, workspace: Path, files: Sequence[Path] = ()) -> int:
        """Open the window and stay until it is closed and its last copy is made; return the exit code."""
        if not self.open(workspace, files) and self.window is None:
            return self.code
        while True:
            code = self.app.exec()
            if not self._finish():
                return code or self.code
            # Somebody started the program again while the last copy was being made.
            letters, self._letters = self._letters, []
            asked = [path for letter in letters for path in letter]
            path = self._path
            if path is None or (not self.open(path, asked) and self.window is None):
                return self.code

    def end_session(self, manager: object = None) -> None:
        """Take back what is being written, because the session ends; the window is closed by whoever ends it."""
        self._session_ends = True
        if self.window is not None:
            self.window.backs_up = False
            self.window.settle(_ROLL_BACK)
        for _, writer, _ in self._ending:
            writer.leave_off()

    def stop(self, code: int) -> None:
        """End at once, as a signal asks; what is being written is taken back."""
        self.code = code
        self.end_session()
        if self.window is not None:
            self.window.close_now()
        self.app.exit(code)

    def close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
            self._inbox = None

    def _put_away(self, window: MainWindow) -> None:
        window.close_now()
        self._ending.append((window.path, window.writer, window.reader))
        window.deleteLater()

    def _settle_ending(self, workspace: Path) -> None:
        """Wait for the last copy of a window of the same workspace; it is left off, since a new window comes."""
        for path, writer, reader in self._ending:
            if path.absolute() == workspace.absolute():
                writer.leave_off()
                writer.join(_STOPS_WITHIN)
                reader.join(_STOPS_WITHIN)
        self._ending = [entry for entry in self._ending if not (entry[1].is_ended and entry[2].is_ended)]

    def _finish(self) -> bool:
        """Wait, with no window, for the last copies; return whether the program was started again meanwhile."""
        if self.window is not None:
            window, self.window = self.window, None
            self._ending.append((window.path, window.writer, window.reader))
            window.deleteLater()
        if not self._session_ends:
            loop = QEventLoop()
            timer = QTimer()
            timer.timeout.connect(lambda: loop.quit() if self._letters or self._is_finished() else None)
            timer.start(_LOOKS_EVERY)
            if not self._is_finished():
                loop.exec()
        for _, writer, reader in self._ending:
            if self._letters or self._session_ends:
                writer.leave_off()
            writer.join(_ROLL_BACK if self._session_ends else _STOPS_WITHIN)
            reader.join(_ROLL_BACK if self._session_ends else _STOPS_WITHIN)
        self._ending = []
        if self._inbox is not None:
            self._inbox.look()
        again = bool(self._letters) and not self._session_ends
        self.close()
        return again

    def _is_finished(self) -> bool:
        return all(writer.is_ended and reader.is_ended for _, writer, reader in self._ending)

    def _receive(self, files: list[Path]) -> None:
        if self.window is None:
            self._letters.append(files)
            return
        self.window.setWindowState((self.window.windowState() & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive)
        self.window.raise_()
        self.window.activateWindow()
        self.window.errands.import_files(files)

    def _look_at_damage(self) -> None:
        """Close the window of a workspace that turned out to be damaged, and show what is left of it."""
        window, path = self.window, self._path
        if window is None or path is None:
            return
        self.window = None
        window.backs_up = False
        window.close_now()
        window.deleteLater()
        self.close()
        if not self._show_damage(path, ()):
            self.app.exit(self.code)

    def _refuse(self, workspace: Path, files: Sequence[Path], problem: EcoPerfError) -> bool:
        if isinstance(problem, WorkspaceDamaged):
            return self._show_damage(workspace, files)
        if self.window is not None:
            self.window.say.warn(words_of(problem))
            return False
        from ecoperf_desktop.ui.refused import Refused

        dialog = Refused(workspace, problem)
        if dialog.exec() and dialog.other is not None:
            return self.open(dialog.other, files)
        self.code = REFUSED
        return False

    def _show_damage(self, workspace: Path, files: Sequence[Path]) -> bool:
        from ecoperf_desktop.ui.refused import DamagedDialog

        dialog = DamagedDialog(workspace, self.window)
        dialog.look()
        if dialog.exec() and dialog.other is not None:
            return self.open(dialog.other, (*files, *dialog.files))
        if self.window is None:
            self.code = REFUSED
        return False


class _Signals(QObject):
    """Hears of SIGTERM, SIGINT and SIGHUP inside Qt's loop, where Python's own handlers would wait for the next event."""

    def __init__(self, stop: Callable[[int], None]) -> None:
        super().__init__()
        self._stop = stop
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            signal.signal(getattr(signal, name), lambda number, frame: None)
        self._notifier = QSocketNotifier(self._read, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._hear)

    def close(self) -> None:
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        os.close(self._read)
        os.close(self._write)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            heard = os.read(self._read, 64)
            if heard:
                self._stop(128 + heard[0])


def make_window(workspace: Path, chosen: dict[str, str]) -> MainWindow:
    """Read what the Overview shows and return the window with it; raise the WorkspaceError family."""
    if not workspace.exists():
        workspace.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Workspace.open(workspace, write=True).close()
    opened = Workspace.open(workspace)
    try:
        first: PageSummary | None = None
        standing = reading.stand(opened)
        change: RateChange = "pp" if chosen.get("rate_change") == "pp" or language.current() == "zh" else "bp"
        scope = standing.scope(language.current(), change)
        if scope is not None:
            first = reading.summary(opened, "overview", scope)
    except BaseException:
        opened.close()
        raise
    return MainWindow(workspace, chosen=chosen, reader=Reader(workspace, opened), standing=standing, first=first)


def first_paint(workspace: Path) -> None:
    """Show the window until it is painted once, and close it: what the benchmark measures."""
    chosen = settings.load()
    app = prepare([], chosen)
    window = make_window(workspace, chosen)

    def close() -> None:
        window.close()
        app.quit()

    window.painted.connect(close)
    window.show()
    app.exec()


def prepare(arguments: Sequence[str], chosen: dict[str, str]) -> QApplication:
    """Make the application with its names, fonts, language and looks."""
    QCoreApplication.setOrganizationName("EcoPerf")
    QCoreApplication.setApplicationName("EcoPerf")
    QCoreApplication.setApplicationVersion(__version__)
    QGuiApplication.setDesktopFileName("ecoperf")
    app = QApplication.instance() or QApplication([sys.argv[0], *looks.STYLE])
    assert isinstance(app, QApplication)
    looks.load_fonts()
    words.speak(app, settings.chosen_language(chosen))
    looks.dress(app, chosen["appearance"])
    return app


def main(arguments: Sequence[str], workspace: Path) -> int:
    """Open the window and return when it is closed; ``arguments`` are files to import."""
    chosen = settings.load()
    app = prepare(arguments, chosen)
    watch = Watch()
    watch.start()
    program = Program(app, chosen)
    in_main = threading.current_thread() is threading.main_thread()
    signals = _Signals(program.stop) if os.name == "posix" and in_main else None
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda scheme: looks.dress(app, chosen["appearance"]))
    try:
        return program.run(workspace, [Path(name) for name in arguments if Path(name).exists()])
    finally:
        program.close()
        if signals is not None:
            signals.close()
