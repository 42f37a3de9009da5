"""Starts the window: fonts, language, looks, the first numbers, then everything else.

The order is for the first paint: QtWidgets and sqlite3, one reading of the workspace,
the window; numpy, pandas and pyqtgraph wait until it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from ecoperf_desktop import __version__, language, settings
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.reports.blocks import PageSummary, RateChange
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.ui import looks, reading, words
from ecoperf_desktop.ui.crash import Watch, words_of
from ecoperf_desktop.ui.single import Inbox
from ecoperf_desktop.ui.window import MainWindow
from ecoperf_desktop.ui.work import Reader


class Program:
    """The program with its one window; another workspace gets a new window in its place."""

    def __init__(self, app: QApplication, chosen: dict[str, str]) -> None:
        self.app, self.chosen = app, chosen
        self.window: MainWindow | None = None
        self._inbox: Inbox | None = None

    def open(self, workspace: Path, files: Sequence[Path] = ()) -> bool:
        """Open the window of ``workspace``; return False when another one has it and was given ``files``."""
        inbox = Inbox(workspace)
        if not inbox.take():
            inbox.hand_over(files)
            if self.window is not None:
                self.window.say.warn(language.sentence("ui.open_elsewhere"))
            return False
        try:
            window = make_window(workspace, self.chosen)
        except EcoPerfError as problem:
            inbox.close()
            self._refuse(workspace, problem)
            return False
        before, self.window = self.window, window
        if self._inbox is not None:
            self._inbox.close()
        self._inbox = inbox
        inbox.received.connect(self._receive)
        window.workspace_asked.connect(self.open)
        window.show()
        if before is not None:
            before.close()
            before.deleteLater()
        if files:
            window.painted.connect(lambda: window.errands.import_files(list(files)))
        return True

    def close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()

    def _receive(self, files: list[Path]) -> None:
        if self.window is None:
            return
        self.window.setWindowState((self.window.windowState() & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive)
        self.window.raise_()
        self.window.activateWindow()
        self.window.errands.import_files(files)

    def _refuse(self, workspace: Path, problem: EcoPerfError) -> None:
        if self.window is not None:
            self.window.say.warn(words_of(problem))
            return
        from ecoperf_desktop.ui.refused import Refused

        dialog = Refused(workspace, problem)
        if dialog.exec() and dialog.other is not None:
            self.open(dialog.other)


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
    if not program.open(workspace, [Path(name) for name in arguments if Path(name).exists()]):
        return 0 if program.window is None else app.exec()
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda scheme: looks.dress(app, chosen["appearance"]))
    code = app.exec()
    program.close()
    return code
