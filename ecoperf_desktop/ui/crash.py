"""Catches what nobody caught: the log without cell values, and the dialog that says so."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication

from ecoperf_desktop import faults, paths
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.language import sentence

log = logging.getLogger("ecoperf")
_LOG_BYTES, _LOGS_KEPT = 1_000_000, 5


class Watch(QObject):
    """Catches what nobody caught, in any thread, and shows the dialog in the window's."""

    _caught = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._open = False

    def start(self) -> None:
        folder = paths.log_dir()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _rotate(folder / "ecoperf.log")
            keep = logging.FileHandler(folder / "ecoperf.log", encoding="utf-8", delay=True)
            keep.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            log.addHandler(keep)
            log.setLevel(logging.INFO)
            log.propagate = False
            self._native = (folder / "native.log").open("a", encoding="utf-8")
            faulthandler.enable(self._native)
        except OSError:
            pass  # nowhere to write: the window still works
        sys.excepthook = self._from_main
        threading.excepthook = self._from_thread
        qInstallMessageHandler(_from_qt)

    def _from_main(self, kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
            return
        self._caught.emit(str(faults.record(problem)))

    def _from_thread(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None:
            self._caught.emit(str(faults.record(caught.exc_value)))

    def _show(self, path: str) -> None:
        # One dialog is enough when a paint event fails forty times a second.
        if self._open:
            return
        self._open = True
        from ecoperf_desktop.ui.crash_dialog import CrashDialog

        CrashDialog(Path(path)).exec()
        self._open = False


def _rotate(path: Path) -> None:
    """Keep five older logs of about a megabyte.

    Not logging.handlers: it brings the socket module, and this program holds no network code.
    """
    if not path.exists() or path.stat().st_size < _LOG_BYTES:
        return
    for number in range(_LOGS_KEPT, 0, -1):
        older = path.with_suffix(f".{number}.log")
        newer = path.with_suffix(f".{number - 1}.log") if number > 1 else path
        if newer.exists():
            newer.replace(older)


def words_of(problem: BaseException) -> str:
    """Return a problem in the person's language; a bug is logged by whoever caught it."""
    if isinstance(problem, EcoPerfError):
        return sentence(problem.code, **problem.details)
    return sentence("ui.bug", path=str(paths.log_dir() / "faults.log"))


def _from_qt(kind: QtMsgType, where: QMessageLogContext, message: str) -> None:
    # Qt's own words hold no cell values, but texts of widgets may: only categories are kept.
    levels = {QtMsgType.QtWarningMsg: logging.WARNING, QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtFatalMsg: logging.CRITICAL}
    log.log(levels.get(kind, logging.INFO), "qt %s %s", where.category, message.partition(":")[0][:80])
