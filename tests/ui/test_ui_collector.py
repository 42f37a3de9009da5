"""Unused widgets are taken apart in the window's own thread and in no other: elsewhere the program ends without a word."""

from __future__ import annotations

import gc
from pathlib import Path

from pytestqt.qtbot import QtBot

from ecoperf_desktop.ui.refused import DamagedDialog
from ecoperf_desktop.ui.work import Errand, Reader, Writer

ANSWER = 10_000


def test_the_collector_rests_while_a_thread_of_the_window_works(qtbot: QtBot, shop: Path) -> None:
    told: dict[str, bool] = {}

    def failed(problem: BaseException) -> None:
        raise problem

    reader, writer = Reader(shop), Writer(shop)
    try:
        reader.ask("it", lambda opened: gc.isenabled(), lambda on: told.update(reader=on), failed)
        writer.submit("it", lambda opened, progress: gc.isenabled(), lambda on: told.update(writer=on), failed)
        qtbot.waitUntil(lambda: len(told) == 2, timeout=ANSWER)
    finally:
        reader.close()
        writer.close()
    errand = Errand(lambda progress: told.update(errand=gc.isenabled()), shop)
    with qtbot.waitSignal(errand.finished, timeout=ANSWER):
        errand.start()
    assert told == {"reader": False, "writer": False, "errand": False}
    qtbot.waitUntil(gc.isenabled, timeout=ANSWER)  # the answer is heard a moment before the thread ends


def test_a_busy_collector_ends_no_window(qtbot: QtBot, tmp_path: Path) -> None:
    before = gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    try:
        for number in range(6):
            damaged = tmp_path / f"{number}.ecoperf"
            damaged.write_bytes(b"")
            dialog = DamagedDialog(damaged)
            dialog.look()
            qtbot.waitUntil(lambda asked=dialog: not asked.is_busy, timeout=ANSWER)  # type: ignore[misc]
    finally:
        gc.set_threshold(*before)
