"""Measures how long the window's thread is away from its loop in each action of a person, on a large workspace.

    ./run python tests/reliability/heartbeat.py WORKSPACE [--rounds N] [--import FILE]

WORKSPACE should hold a million order lines (tests/benchmarks/make_lines.py makes an export of them); it is copied first, so that
nothing in it changes.  A timer beats every 5 ms in the window's loop; what is measured is how much later than due each beat
comes.  The table names for each action its longest stretch without a beat, the slowest first; the last lines
say what share of all beats came within 100 ms and exit with 1 when the 99th hundredth is above it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
BEAT = 0.005
BAR = 0.1
PATIENCE = 120.0


class Heart:
    """Beats in the loop and notes by action how long it could not."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.gaps: dict[str, list[float]] = {}
        self._now = "start"
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(round(BEAT * 1000))

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.setdefault(self._now, []).append(max(0.0, now - self._last - BEAT))
        self._last = now

    def during(self, action: str, do: Callable[[], object], done: Callable[[], bool] = lambda: True) -> None:
        """Do something as an event of the loop would, and go on until ``done`` and a moment after."""
        from PySide6.QtCore import QEventLoop, QTimer

        self._now = action
        loop = QEventLoop()
        QTimer.singleShot(0, do)
        end = time.perf_counter() + PATIENCE
        quiet_since: list[float] = []

        def look() -> None:
            if not done():
                quiet_since.clear()
                if time.perf_counter() > end:
                    print(f"{action}: not done after {PATIENCE:.0f} s")
                    loop.quit()
                return
            quiet_since.append(time.perf_counter())
            if quiet_since[-1] - quiet_since[0] > 0.25:
                loop.quit()

        timer = QTimer()
        timer.timeout.connect(look)
        timer.start(20)
        loop.exec()
        timer.stop()
        self._now = "between"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("workspace", type=Path)
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--import", dest="file", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["ECOPERF_DATA"] = str(Path(name) / "data")
        workspace = Path(name) / "shop.ecoperf"
        shutil.copy(given.workspace, workspace)
        for ending in ("-wal", "-shm"):
            log = given.workspace.with_name(given.workspace.name + ending)
            if log.exists():
                shutil.copy(log, workspace.with_name(workspace.name + ending))
        return measure(workspace, given.rounds, given.file)


def measure(workspace: Path, rounds: int, file: Path | None) -> int:
    from PySide6.QtWidgets import QApplication

    from ecoperf_desktop import actions, settings
    from ecoperf_desktop.reports.blocks import Reference
    from ecoperf_desktop.ui import app as program
    from ecoperf_desktop.ui.tabs import PAGES

    actions.open_workspace(workspace, write=True).close()
    chosen = {**settings.load(), "language": "en", "appearance": "light"}
    program.prepare([], chosen)
    window = program.make_window(workspace, chosen)
    window.resize(1440, 900)
    window.show()
    heart = Heart()

    def idle() -> bool:
        return window.reader.wait_idle(0) and not window.writer.is_busy

    def is_shown(page: str) -> bool:
        return window.page_is_shown(page) and idle()

    heart.during("first paint and what follows it", lambda: None, lambda: window._was_painted and idle())
    heart.gaps.clear()  # starting is measured by the benchmark
    for turn in range(rounds):
        again = "" if turn == 0 else " again"
        for page in PAGES:
            heart.during(f"tab {page}{again}", partial(window.go, page), partial(is_shown, page))
        window.go("sales")
        heart.during(f"period before{again}", lambda: window.bar.period.step(-1), idle)
        heart.during(f"compared with last year{again}", partial(window.set_comparison, ("year", "aligned")[turn % 2]), idle)
        assert window.scope is not None
        reference = Reference("net_sales", window.scope.period, window.scope.where)
        heart.during(f"explain a number{again}", partial(window.explain, reference), lambda: window._panel is not None and window._panel.shown is not None and idle())
        heart.during(f"close the panel{again}", window.close_panel, idle)
        heart.during(f"chart as table{again}", window.toggle_table, idle)
        heart.during(f"finder{again}", window.open_finder, idle)
        heart.during(f"close the finder{again}", lambda: window._finder.close(), idle)
        heart.during(f"catalogue{again}", window.open_catalogue, lambda: window._catalogue is not None and idle())
        heart.during(f"close the catalogue{again}", lambda: window._catalogue is not None and window._catalogue.close(), idle)
        heart.during(f"guide{again}", window.show_guide, idle)
        heart.during(f"close the guide{again}", lambda: window._guide is not None and window._guide.close(), idle)
        heart.during(f"backups{again}", window.show_backups, idle)
        heart.during(f"close the backups{again}", lambda: window.errands.backups_dialog is not None and window.errands.backups_dialog.close(), idle)
        heart.during(f"wider{again}", lambda: window.resize(1700, 1000), idle)
        heart.during(f"narrower{again}", lambda: window.resize(1200, 800), idle)
        heart.during(f"dark{again}", lambda: window.set_appearance("dark"), idle)
        heart.during(f"light{again}", lambda: window.set_appearance("light"), idle)
        heart.during(f"Chinese{again}", lambda: window.set_language("zh"), idle)
        heart.during(f"English{again}", lambda: window.set_language("en"), idle)
        target = workspace.parent / f"week{turn}.pdf"
        heart.during(f"save the summary{again}", partial(window.errands.write_report, target), idle)
        heart.during(f"back up{again}", window.errands.back_up, idle)
    if file is not None:
        heart.during("import", lambda: window.errands.import_unseen([file]), idle)
        heart.during("pages after the import", lambda: None, idle)
        heart.during("undo", window.errands.undo_last, idle)
    window.close_now()
    QApplication.processEvents()
    return told(heart)


def told(heart: Heart) -> int:
    """Print the table; return 1 when one beat in a hundred came later than the bar."""
    print(f"{'action':42} {'longest':>9} {'99 %':>9} {'beats':>7}")
    for action, gaps in sorted(heart.gaps.items(), key=lambda entry: -max(entry[1])):
        ordered = sorted(gaps)
        print(f"{action:42} {1000 * ordered[-1]:6.0f} ms {1000 * ordered[int(0.99 * (len(ordered) - 1))]:6.0f} ms {len(gaps):7}")
    every = sorted(gap for gaps in heart.gaps.values() for gap in gaps)
    p99, above = every[int(0.99 * (len(every) - 1))], sum(1 for gap in every if gap > BAR)
    print(f"all: 99 % within {1000 * p99:.0f} ms, {above} of {len(every)} beats later than {1000 * BAR:.0f} ms, longest {1000 * every[-1]:.0f} ms")
    return 0 if p99 <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
