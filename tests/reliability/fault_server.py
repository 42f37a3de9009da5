"""Runs pieces of the program's work, each in a forked process of its own whose n-th system call of a kind is to fail.

It is started under ``strace -e inject=…:when=W``: strace counts the calls of every thread by itself, so a process that makes
W - n idle calls first, in each of its threads, has its n-th real one fail.  One line of JSON a job comes in by standard input:
``{"idle": calls, "kind": …, "work": …, "arguments": […], "out": file, "folder": …}``, one goes out: ``{"pid": …, "status": …}``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecoperf_desktop.store.database import Workspace

PATIENCE = 90.0


def main() -> int:
    import numpy  # noqa: F401
    import PySide6.QtWidgets  # noqa: F401
    import xlsxwriter  # noqa: F401

    from ecoperf_desktop import __main__ as program
    from ecoperf_desktop import actions, cli, cli_json, settings  # noqa: F401
    from ecoperf_desktop.importing import plan, shelf
    from ecoperf_desktop.metrics import evaluate, explain  # noqa: F401
    from ecoperf_desktop.metrics.catalogue import catalogue
    from ecoperf_desktop.reports import html, pack, paper, sheets, summary  # noqa: F401
    from ecoperf_desktop.store import backup, database, fresh, ledger, load, own_metrics  # noqa: F401

    assert plan and program
    catalogue()
    shelf.shipped()
    database._sqlite_utils()
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            return _run(job)
        print(json.dumps({"pid": child, "status": _waited(child)}), flush=True)
    return 0


def _waited(child: int) -> int | None:
    """Return how the child ended; None when it had to be killed because it did not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def _run(job: dict[str, object]) -> int:
    folder = Path(str(job["folder"]))
    descriptor = os.open(str(job["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # The files' names have to be those that strace was told of.
    numbers = iter(range(1, 1000))
    uuid.uuid4 = lambda: uuid.UUID(int=next(numbers))
    os.getpid = lambda: 4711
    os.environ["ECOPERF_DATA"] = str(folder / "data")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    idle = IDLE[str(job["kind"])](int(str(job["idle"])), folder / "idle")
    run = threading.Thread.run

    def idle_first(thread: threading.Thread) -> None:
        idle()
        run(thread)

    threading.Thread.run = idle_first  # type: ignore[method-assign,assignment]
    idle()
    return work(str(job["work"]), [str(argument) for argument in job["arguments"]], folder)  # type: ignore[attr-defined]


def work(name: str, arguments: list[str], folder: Path) -> int:
    """Do one piece of work and return the exit code the program would have."""
    from ecoperf_desktop import __main__ as program
    from ecoperf_desktop import actions, settings
    from ecoperf_desktop.errors import EcoPerfError

    if name not in ("settings", "sheet", "list"):
        return program.main(arguments)
    try:
        if name == "settings":
            settings.save({**settings.load(), "paper": "Letter"})
            return 0
        target = Path(arguments[0])
        with actions.workspace(folder / "data" / "shop.ecoperf") as opened:
            if name == "list":
                actions.write_products_to_complete(opened, target)
            else:
                _write_sheet(opened, target)
    except (EcoPerfError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _write_sheet(opened: Workspace, target: Path) -> None:
    from ecoperf_desktop import actions
    from ecoperf_desktop.reports import sheets
    from ecoperf_desktop.reports.blocks import Scope
    from ecoperf_desktop.reports.tabular import table_of

    bucket, grain = actions.bucket(opened, "last")
    page = actions.pack(opened, Scope.of(bucket, grain, compare="previous", event=None, language="en"), ["sales"]).pages[0]
    block = next(block for block in page.blocks if type(block).__name__ == "Table")
    sheets.write(table_of(block), target, opened.reporting_currency)


def _writes(calls: int, path: Path):  # type: ignore[no-untyped-def]
    descriptor = os.open(path, os.O_RDWR)

    def idle() -> None:
        for _ in range(calls):
            os.pwrite(descriptor, b"", 0)
            os.write(descriptor, b"")

    return idle


def _syncs(calls: int, path: Path):  # type: ignore[no-untyped-def]
    descriptor = os.open(path, os.O_RDWR)

    def idle() -> None:
        for _ in range(calls):
            os.fsync(descriptor)
            os.fdatasync(descriptor)

    return idle


def _reads(calls: int, path: Path):  # type: ignore[no-untyped-def]
    descriptor = os.open(path, os.O_RDWR)

    def idle() -> None:
        for _ in range(calls):
            os.pread(descriptor, 0, 0)
            os.read(descriptor, 0)

    return idle


def _cuts(calls: int, path: Path):  # type: ignore[no-untyped-def]
    descriptor = os.open(path, os.O_RDWR)

    def idle() -> None:
        for _ in range(calls):
            os.ftruncate(descriptor, 0)

    return idle


def _opens(calls: int, path: Path):  # type: ignore[no-untyped-def]
    def idle() -> None:
        for _ in range(calls):
            os.close(os.open(path, os.O_RDONLY))

    return idle


def _removals(calls: int, path: Path):  # type: ignore[no-untyped-def]
    absent = str(path) + ".absent"

    def idle() -> None:
        for _ in range(calls):
            try:
                os.unlink(absent)
            except FileNotFoundError:
                pass

    return idle


def _renames(calls: int, path: Path):  # type: ignore[no-untyped-def]
    absent = str(path) + ".absent"

    def idle() -> None:
        for _ in range(calls):
            try:
                os.rename(absent, absent + "2")
            except FileNotFoundError:
                pass

    return idle


IDLE = {"write": _writes, "sync": _syncs, "read": _reads, "cut": _cuts, "open": _opens, "unlink": _removals, "rename": _renames}


if __name__ == "__main__":
    sys.exit(main())
